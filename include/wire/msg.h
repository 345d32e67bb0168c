/*
 * wire/msg.h - a message: header and ordered payloads.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_MSG_H
#define WIRE_MSG_H

#include "wire/hdr.h"
#include "wire/payload.h"

struct msg {
	struct isakmp_hdr hdr;
	struct pl	 *first, **tail; /* tail: where the next goes */
	unsigned	  count;
	/* the payload chain as octets, padding excluded; empty until decoded */
	struct chunk	  plain;
};

/* Empty message with that header; lives where m lives (tail points into it: do not copy). */
void msg_init(struct msg *, const struct isakmp_hdr *);

/*
 * Decode a chain (clear, or already decrypted) into m; sets m->plain. Errors as payload_chain_get;
 * then m is as before.
 */
enum ike_err msg_decode(struct msg *, struct chunk chain, struct arena *, struct why *) MUST_USE;

/* Append a payload of the type with zeroed content, to be filled; NULL when memory is out. */
struct pl *msg_add(struct msg *, uint8_t type, struct arena *);

/*
 * The same for payloads that are just octets (KE, NONCE, HASH, VID, NAT-D ...). data is not copied.
 * For a type with a structure of its own data is the whole body, sent as it is.
 */
struct pl *msg_add_raw(struct msg *, uint8_t type, struct chunk data, struct arena *);

/*
 * First payload of a type at or after from (NULL: the start); NULL if there is none.  NAT-D, NAT-
 * OA: either numbering.
 */
struct pl *msg_find(const struct msg *, uint8_t type, const struct pl *from);

/* How many of a type. */
unsigned msg_count(const struct msg *, uint8_t type);

/* Set of all types in it, as payload_bit. */
uint64_t msg_set(const struct msg *);

/* The next of the same kind behind p, NULL if there is none. */
struct pl *msg_next(const struct pl *p);

/* Encode header and payloads; hdr.next and hdr.length are filled in. Overflow latches in w. */
void msg_encode(struct wbuf *w, const struct msg *);

#endif
