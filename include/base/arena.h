/*
 * base/arena.h - memory for one step: taken piece by piece, given back all at once.
 *
 * Blocks are kept over a reset, so a step in steady state allocates nothing.  A cap bounds what a
 * single packet can make us hold.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/cur.h"

struct arena;

/*
 * At most cap octets between two resets.  NULL when memory is out.  arena_free wipes and frees;
 * NULL is fine.
 */
struct arena *arena_new(size_t cap);
void	      arena_free(struct arena *);

/* n zeroed octets, aligned for any type; NULL when the cap or the memory is reached. */
void *arena_alloc(struct arena *, size_t n);

/* A copy that lives as long as the step; CHUNK_NONE when out of memory. */
struct chunk arena_copy(struct arena *, struct chunk);

/* A formatted string; a constant empty string when out of memory. */
const char *arena_printf(struct arena *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Everything handed out is gone, and wiped (it held plaintext). */
void arena_reset(struct arena *);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
