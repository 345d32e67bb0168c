/*
 * wire/wire_local.h - one decoder and one encoder for each payload family, and their helpers.
 *
 * A decoder reads the body (no generic header) from a cursor over exactly it, fills pl->u and
 * returns cur_close(); field and offset of a failure stand in the cursor.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_LOCAL_H
#define WIRE_LOCAL_H

#include "wire/payload.h"

#define PL_CODEC(name)                                                     \
	enum ike_err pl_##name##_get(struct cur *, struct pl *, struct arena *); \
	void	     pl_##name##_put(struct wbuf *, const struct pl *)

PL_CODEC(sa);
PL_CODEC(raw);
PL_CODEC(id);
PL_CODEC(cert);
PL_CODEC(notify);
PL_CODEC(delete);
PL_CODEC(natoa);
PL_CODEC(cfg);
PL_CODEC(frag);

/* The next n octets must be zero, else IKE_E_SYNTAX. */
void wire_zero(struct cur *, size_t n, const char *field);

/*
 * A generic header (RFC 2408 3.2): *next becomes its next payload field, the cursor returned covers
 * the body, which the outer cursor skips.  RESERVED must be zero, the length at least the header's.
 */
struct cur wire_box(struct cur *, uint8_t *next);

/* Octets of an address type of identification; 0: no fixed length. */
size_t wire_id_octets(uint8_t kind);

#endif
