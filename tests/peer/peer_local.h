/* tests/peer/peer_local.h - what the initiator's two sources share. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PEER_LOCAL_H
#define PEER_LOCAL_H

#include "peer/initiator.h"

/* Our own failure (memory, OpenSSL): nothing a test can go on with. */
void peer_must(enum ike_err, const char *what);

/* Header of a message of ours. */
struct isakmp_hdr peer_hdr(const struct initiator *, uint8_t exchange, uint8_t flags,
    uint32_t msgid);

/* Append a payload of raw octets, copied into the message's arena. */
struct pl *peer_add(struct initiator *, struct msg *, uint8_t type, struct chunk);
void	   peer_add_id(struct initiator *, struct msg *, const struct ini_id *);

/* Hooks, then the octets of a clear message. */
struct chunk peer_send_clear(struct initiator *, const char *label, struct msg *);

/* Which HASH a phase 2 message carries. */
struct peer_hash {
	int	     kind; /* 0: none, 1, 2, 3 */
	struct chunk ni, nr;
};
struct chunk peer_send_enc(struct initiator *, const char *label, struct msg *, uint8_t iv[16],
    const struct peer_hash *);

/* Verify the HASH that must come first in ->in. */
enum ike_err peer_check_hash(struct initiator *, const struct peer_hash *, struct why *) MUST_USE;

/*
 * Is the transform, attribute for attribute, one that stands in the offer?  Its proposal's index,
 * or -1 and why.
 */
int peer_same_transform(struct initiator *, struct chunk offer, const struct pl_sa *reply,
    unsigned *transform, struct why *);

bool peer_id_from(struct ini_id *, const struct pl_id *);

#endif
