/* host.c - the addresses of this machine, for greetings and advice. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/host.h"

#include <ifaddrs.h>
#include <stdio.h>

static bool
dialable(const struct ifaddrs *i, struct addr *out)
{
	if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 ||
	    (i->ifa_flags & IFF_LOOPBACK) != 0)
		return false;
	*out = endpoint_from_sockaddr(i->ifa_addr).addr;
	if (out->family == ADDR_NONE)
		return false;
	return !(out->family == ADDR_V6 && out->b[0] == 0xfe && (out->b[1] & 0xc0) == 0x80);
}

static size_t
add_family(const struct ifaddrs *all, uint8_t family, struct host_addr *list, size_t n, size_t max)
{
	struct addr a;

	for (; all != NULL && n < max; all = all->ifa_next) {
		if (!dialable(all, &a) || a.family != family)
			continue;
		list[n].addr = a;
		(void)snprintf(list[n].interface, sizeof(list[n].interface), "%s", all->ifa_name);
		n++;
	}
	return n;
}

size_t
host_addrs(struct host_addr *list, size_t max)
{
	struct ifaddrs *all = NULL;
	size_t n;

	if (getifaddrs(&all) != 0)
		return 0;
	n = add_family(all, ADDR_V4, list, 0, max);
	n = add_family(all, ADDR_V6, list, n, max);
	freeifaddrs(all);
	return n;
}
