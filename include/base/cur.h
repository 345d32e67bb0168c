/*
 * base/cur.h - bounded reading of borrowed octets.
 *
 * The first failed read latches err and the field's name, and moves p to end: every later read
 * yields 0, every "while (cur_left(c))" stops.  So a decoder is a straight list of reads with one
 * cur_close() at the foot.
 *
 * A value that becomes a count, a length or an index is used only after cur_ok().  A cursor never
 * owns and never writes.  All integers are in network order on the wire and host order here.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_CUR_H
#define BASE_CUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct chunk { /* a view of n octets, not owned; p may be NULL when n is 0 */
	const uint8_t *p;
	size_t         n;
};

#define CHUNK(ptr, len) ((struct chunk){.p = (ptr), .n = (len)})
#define CHUNK_NONE	((struct chunk){.p = NULL, .n = 0})

/* Same length and same octets; not for secrets (secret_eq, crypto_equal are). */
bool chunk_eq(struct chunk a, struct chunk b);

struct cur {
	const uint8_t *base, *p, *end;
	const uint8_t *last;  /* where the last read began */
	enum ike_err   err;   /* the first failure, IKE_OK while there is none */
	const char    *field; /* which read failed */
	size_t         at;    /* and where it began, in octets from base */
};

/* A cursor at the start of the octets; they must outlive it. */
struct cur cur_from(struct chunk);

/* Octets not yet read; 0 after a failure. */
size_t cur_left(const struct cur *);

/* True while no read has failed. */
bool cur_ok(const struct cur *);

/* The next integer, 0 on failure (IKE_E_SHORT). */
uint8_t  cur_u8(struct cur *, const char *field);
uint16_t cur_u16(struct cur *, const char *field);
uint32_t cur_u32(struct cur *, const char *field);

/* The next n octets as a view, CHUNK_NONE on failure (IKE_E_SHORT). */
struct chunk cur_bytes(struct cur *, size_t n, const char *field);

/* Whatever is left, possibly nothing. */
struct chunk cur_rest(struct cur *);

/* A cursor over the next n octets, which the outer cursor skips; a failed one on failure. */
struct cur cur_sub(struct cur *, size_t n, const char *field);

/*
 * Close a box: whatever is wrong with it, octets left over included, becomes the outer cursor's
 * failure, with the offset counted from the outer cursor's base.
 */
void cur_close_sub(struct cur *outer, const struct cur *sub);

/* Latch a failure of the caller's own, about the last read (the first failure stays). */
void cur_fail(struct cur *, enum ike_err, const char *field);

/* IKE_OK only if nothing failed and nothing is left (IKE_E_TRAIL). */
enum ike_err cur_close(const struct cur *) MUST_USE;

#endif
