/* io/host.h - the addresses of this machine. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_HOST_H
#define IO_HOST_H

#include <net/if.h>

#include "base/addr.h"

struct host_addr {
	struct addr addr;
	char	    interface[IF_NAMESIZE];
};

/*
 * The addresses that a peer could dial: of interfaces that are up, neither loopback nor link-local;
 * IPv4 first.  At most max; how many.
 */
size_t host_addrs(struct host_addr *, size_t max);

#endif
