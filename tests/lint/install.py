#!/usr/bin/env python3
"""make install and uninstall: what goes where, what is kept, and what systemd thinks of the unit."""
# SPDX-License-Identifier: BSD-2-Clause
import glob
import os
import shutil
import stat
import subprocess
import sys
import tempfile

import tree

BUILD = os.path.join(tree.TOP, "build")
WHERE = ["PREFIX=/opt/ike", "sysconfdir=/opt/etc"]
CONFIG = "opt/etc/ikev1d/ikev1d.conf"
UNIT = "opt/ike/lib/systemd/system/ikev1d.service"


def call(*argv):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    p = subprocess.run(argv, cwd=tree.TOP, env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return [] if p.returncode == 0 else [f"{' '.join(argv)}: status {p.returncode}",
                                         *p.stdout.splitlines()]


def found(dest):
    return sorted(os.path.relpath(os.path.join(d, n), dest)
                  for d, _dirs, names in os.walk(dest) for n in names)


def wanted():
    want = {"opt/ike/sbin/ikev1d": 0o755, "opt/ike/sbin/ikev1ctl": 0o755, UNIT: 0o644,
            "opt/ike/lib/sysusers.d/ikev1d.conf": 0o644,
            "opt/ike/share/doc/ikev1d/LICENSE": 0o644,
            "opt/ike/share/doc/ikev1d/README.md": 0o644}
    for path in glob.glob(os.path.join(tree.TOP, "man/*.[1-9]")):
        page = os.path.basename(path)
        want[f"opt/ike/share/man/man{page[-1]}/{page}"] = 0o644
    for path in glob.glob(os.path.join(tree.TOP, "conf/*.conf")):
        want[f"opt/ike/share/doc/ikev1d/examples/{os.path.basename(path)}"] = 0o644
    want[CONFIG] = 0o640
    return want


def places(dest):
    want, have = wanted(), found(dest)
    bad = [f"{n} is not installed" for n in want if n not in have]
    bad += [f"{n} should not be installed" for n in have if n not in want]
    for n in have:
        mode = stat.S_IMODE(os.stat(os.path.join(dest, n)).st_mode)
        if n in want and mode != want[n]:
            bad.append(f"{n} has mode {mode:o}, wants {want[n]:o}")
    return bad


def unit_text(dest):
    with open(os.path.join(dest, UNIT), encoding="utf-8") as f:
        text = f.read()
    line = "ExecStart=/opt/ike/sbin/ikev1d -c /opt/etc/ikev1d/ikev1d.conf\n"
    return [x for x in text.splitlines() if "@sbin" in x or "@sysconf" in x] + \
        ([] if line in text else [f"no {line.strip()}"])


def manuals_text(dest):
    bad = []
    for n in found(dest):
        if "/share/man/" in f"/{n}":
            with open(os.path.join(dest, n), encoding="utf-8") as f:
                bad += [f"{n}: {x.strip()}" for x in f if "/usr/local/share/doc" in x or " /etc/ikev1d" in x]
    return bad


def verified(dest):
    """systemd-analyze looks for the program, so it must stand where the unit says."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "ikev1d.service")
        with open(os.path.join(dest, UNIT), encoding="utf-8") as f:
            text = f.read().replace("/opt/ike/sbin/", os.path.join(dest, "opt/ike/sbin/"))
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        p = subprocess.run(["systemd-analyze", "verify", "--man=no", path], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
        # Other units of the machine are not ours to judge.
        bad = [x for x in p.stdout.splitlines() if x.startswith(("ikev1d.service", path))]
        return bad + call("systemd-analyze", "security", "--offline=true", "--no-pager",
                          "--threshold=20", path)


def main():
    tap = tree.Tap()
    if not all(os.path.exists(os.path.join(BUILD, p)) for p in ("ikev1d", "ikev1ctl")):
        tap.skip("make install", "not built yet: make")
        return tap.done("")
    with tempfile.TemporaryDirectory() as dest:
        # A build folder of its own: the programs that other tests use know other folders.
        make = ["make", "--no-print-directory", "-j2", f"B={dest}-build", f"DESTDIR={dest}", *WHERE]
        tap.check("make install", call(*make, "install"))
        tap.check("files and modes", places(dest))
        tap.check("the unit names the folders", unit_text(dest))
        tap.check("so do the manuals", manuals_text(dest))
        if shutil.which("systemd-analyze"):
            tap.check("systemd-analyze", verified(dest))
        else:
            tap.skip("systemd-analyze", "no systemd-analyze")
        with open(os.path.join(dest, CONFIG), "a", encoding="utf-8") as f:
            f.write("# mine\n")
        again = call(*make, "install")
        with open(os.path.join(dest, CONFIG), encoding="utf-8") as f:
            kept = f.read().endswith("# mine\n")
        tap.check("a policy file that exists is kept", again + ([] if kept else ["overwritten"]))
        tap.check("make uninstall", call(*make, "uninstall"))
        tap.check("only the policy file stays", [n for n in found(dest) if n != CONFIG])
        shutil.rmtree(f"{dest}-build", ignore_errors=True)
    return tap.done("")


if __name__ == "__main__":
    sys.exit(main())
