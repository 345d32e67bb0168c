/*
 * base/wbuf.h - writing into memory of fixed size, with the bargain of cur.h: the first overflow
 * latches err, later writes do nothing, a length is opened and closed, never computed by hand.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_WBUF_H
#define BASE_WBUF_H

#include "base/cur.h"

struct wbuf {
	uint8_t     *base;
	size_t       n, cap; /* octets written, octets there are */
	enum ike_err err;    /* IKE_E_NOMEM once something did not fit */
};

struct wmark { /* where a length goes */
	size_t at;
};

/* Write into mem (cap octets, the caller's). */
void wb_init(struct wbuf *, uint8_t *mem, size_t cap);

/* Append an integer in network order, octets, or n zero octets. */
void wb_u8(struct wbuf *, uint8_t);
void wb_u16(struct wbuf *, uint16_t);
void wb_u32(struct wbuf *, uint32_t);
void wb_put(struct wbuf *, struct chunk);
void wb_zero(struct wbuf *, size_t n);

/* Reserve a 16 or 32 bit length field at the end. */
struct wmark wb_open16(struct wbuf *);
struct wmark wb_open32(struct wbuf *);

/* Fill the field with the number of octets from offset counted_from to the end. */
void wb_close16(struct wbuf *, struct wmark, size_t counted_from);
void wb_close32(struct wbuf *, struct wmark, size_t counted_from);

/* Overwrite octets written before; out of range latches IKE_E_NOMEM. */
void wb_poke(struct wbuf *, size_t at, struct chunk);

/* All that was written; CHUNK_NONE after an overflow. */
struct chunk wb_view(const struct wbuf *);

#endif
