/*
 * daemon/fault_ports.h - faults around the engine: one struct ike_ports that forwards to the real
 * one, and a look at what arrives.
 *
 * What a plan says of a datagram on its way out (later, again, after the next one, from the other
 * port) is done here, with a small queue of its own.  One for each worker, in its thread.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_FAULT_PORTS_H
#define DAEMON_FAULT_PORTS_H

#include "ike/ike.h"

struct fault_ports_conf {
	struct fault_room *room; /* not owned */
	struct ike_ports ports;	 /* the real ones; now_ms, random and send are used */
	uint16_t port, nat_t_port; /* ours: "the other one" of a path */
	/* Send with that time to live; NULL: as ports.send does. */
	void (*send_ttl)(void *ctx, const struct path *, struct chunk, uint8_t ttl);
	/*
	 * Answer a datagram by ICMP port unreachable, as the system does where nobody listens;
	 * false:
	 * it could not be done.  NULL: it cannot.
	 */
	bool (*unreachable)(void *ctx, const struct path *, struct chunk datagram);
};

struct fault_ports;

/* NULL when memory is out. */
struct fault_ports *fault_ports_new(const struct fault_ports_conf *);
void fault_ports_free(struct fault_ports *); /* what waits is forgotten; NULL is fine */

/* The ports to give to the engine. */
struct ike_ports fault_ports_wrap(struct fault_ports *);

/* A datagram for the engine: false if a fault has swallowed it. */
bool fault_ports_rx(struct fault_ports *, struct ike *, const struct path *, struct chunk);

/* When fault_ports_tick() wants to be called next, on the clock of now_ms; UINT64_MAX: never. */
uint64_t fault_ports_deadline(const struct fault_ports *);
void fault_ports_tick(struct fault_ports *);

#endif
