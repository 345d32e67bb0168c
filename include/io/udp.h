/*
 * io/udp.h - the UDP sockets: for each address and port one SO_REUSEPORT group, one socket of it
 * for each worker.
 *
 * A classic-BPF program on the group hands each datagram to the worker that owns its SA (DESIGN
 * 10).  Cookies and SPIs of ours begin with the worker's number:
 *
 *     IKE, CKY-R not zero     its first octet
 *     IKE, CKY-R zero         the peer's address: a repeated message 1, and the next phase 1 of the
 *                             same peer, meet the worker that has its other SAs
 *     ESP on the NAT-T port   the first octet of the SPI
 *     too short to tell       worker 0
 *
 * each modulo the number of workers.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_UDP_H
#define IO_UDP_H

#include "base/err.h"
#include "ike/ports.h"

struct loop;
struct udp_sockets; /* all sockets of all workers */
struct udp;	    /* one worker's share */

#define UDP_BATCH 32 /* datagrams that one socket hands over per wake-up */

struct udp_bind {
	struct endpoint local;
	bool		nat_t; /* datagrams carry the non-ESP marker */
};

struct udp_stats {
	uint64_t recv_errors, send_errors;
};

/*
 * Bind everything, or nothing: NULL and why with address, port, reason and what to do.  A port that
 * somebody else holds is found out even if that is another ikev1d of the same user.
 */
struct udp_sockets *udp_open(const struct udp_bind *, size_t count, unsigned workers, struct why *);

/* Closes the sockets; every struct udp must be gone.  NULL is fine. */
void udp_close(struct udp_sockets *);

struct udp_receiver {
	void *ctx;
	void (*datagram)(void *ctx, const struct path *, struct chunk);
	void (*batch_end)(void *ctx); /* after each group of datagrams */
};

/* Serve one worker's sockets in its loop.  NULL when memory is out.  udp_detach: NULL is fine. */
struct udp *udp_attach(struct udp_sockets *, unsigned worker, struct loop *,
    const struct udp_receiver *);
void	    udp_detach(struct udp *);

/*
 * Send from path->local (its address becomes the source, its port chooses the socket) to
 * path->remote, verbatim.  Does not wait; what fails is counted, and logged once in a while.
 */
void udp_send(struct udp *, const struct path *, struct chunk);

/* The same with that time to live. */
void udp_send_ttl(struct udp *, const struct path *, struct chunk, uint8_t ttl);

/* From now on wait a little where a socket's buffer is full: for the last words of a shutdown. */
void udp_be_patient(struct udp *);

struct udp_stats udp_stats(const struct udp *);

#endif
