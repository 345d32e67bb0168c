#!/bin/sh
# Install the Debian packages named that are not there.  Nothing missing: nothing done, no network,
# no privileges.  Services of new packages are neither started now nor enabled for the next boot.
# SPDX-License-Identifier: BSD-2-Clause
set -eu

if ! command -v dpkg-query >/dev/null 2>&1; then
	echo "not a Debian system: please install the equivalent of: $*" >&2
	exit 0
fi

present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
missing=
for p in "$@"; do
	printf '%s\n' "$present" | grep -qx "installed $p" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "missing packages:$missing" >&2
	echo "install them with: sudo apt-get install$missing" >&2
	exit 1
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
mine=
undo() {
	[ -z "$mine" ] || rm -f "$mine"
}
trap undo EXIT
trap 'exit 130' INT TERM
if [ ! -e /usr/sbin/policy-rc.d ]; then
	mine=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' >"$mine"
	chmod 0755 "$mine"
fi
if command -v debconf-set-selections >/dev/null 2>&1; then
	echo 'wireshark-common wireshark-common/install-setuid boolean false' |
	    debconf-set-selections
fi
services="strongswan.service strongswan-starter.service rsyslog.service"
# shellcheck disable=SC2086  # a list of words
units=$(systemctl list-unit-files --no-legend $services 2>/dev/null || true)

# shellcheck disable=SC2086  # a list of words
install() {
	apt-get -q -y -o Dpkg::Options::=--force-confold --no-install-recommends install $missing
}
install 2>/dev/null || { apt-get -q update && install; }

# What was not a service of this machine before does not become one.
if command -v systemctl >/dev/null 2>&1; then
	for u in $services; do
		case $units in
		*"$u"*) ;;
		*) systemctl disable "$u" >/dev/null 2>&1 || true ;;
		esac
	done
fi
