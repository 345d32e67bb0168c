/*
 * io/icmp.h - say "port unreachable" as the system does where nobody listens.
 *
 * It needs a raw socket: open it before privileges are dropped.  Nothing is ever read from it.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_ICMP_H
#define IO_ICMP_H

#include "ike/ports.h"

struct icmp;

/* NULL: not permitted (errno says so), or memory is out. */
struct icmp *icmp_open(void);
void	     icmp_close(struct icmp *); /* NULL is fine */

/*
 * Answer the UDP datagram that came over path by an ICMP destination unreachable, port (RFC 792;
 * RFC 4443 3.1).  False: it could not be sent.  Safe from any thread; icmp may be NULL: false.
 */
bool icmp_port_unreachable(const struct icmp *, const struct path *, struct chunk datagram);

#endif
