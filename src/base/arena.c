/*
 * base/arena.c - memory for one step.
 *
 * Memory that is not handed out is always zero: fresh blocks come from calloc(3), used ones are
 * wiped by the reset.  So arena_alloc() need not clear anything.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif

/* Under AddressSanitizer a step over the end of a piece is seen as such, not only of a block. */
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define ALIGN	  _Alignof(max_align_t)
#define BLOCK_MIN ((size_t)4096)

struct block {
	struct block *next;
	size_t	      n, cap; /* octets of data handed out, octets there are */
	_Alignas(max_align_t) uint8_t data[];
};

struct arena {
	size_t	      cap, used;
	struct block *first, *now; /* blocks before now are full, those behind it empty */
};

struct arena *
arena_new(size_t cap)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->cap = cap;
	return a;
}

static void
block_wipe(struct block *b)
{
	UNPOISON(b->data, b->cap);
	secret_wipe_mem(b->data, b->n);
	b->n = 0;
	POISON(b->data, b->cap);
}

static void
block_free(struct block *b)
{
	block_wipe(b);
	UNPOISON(b->data, b->cap);
	free(b);
}

void
arena_free(struct arena *a)
{
	struct block *b, *next;

	if (a == NULL)
		return;
	for (b = a->first; b != NULL; b = next) {
		next = b->next;
		block_free(b);
	}
	free(a);
}

/* A new block of at least n octets, put behind a->now. */
static struct block *
block_add(struct arena *a, size_t n)
{
	size_t cap = n > BLOCK_MIN ? n : BLOCK_MIN;
	struct block *b = calloc(1, sizeof(*b) + cap);

	if (b == NULL)
		return NULL;
	b->cap = cap;
	POISON(b->data, cap);
	if (a->now == NULL) {
		b->next = a->first;
		a->first = b;
	} else {
		b->next = a->now->next;
		a->now->next = b;
	}
	return b;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t need;
	struct block *b;
	uint8_t *p;

	if (n > a->cap || a->cap - a->used < n)
		return NULL;
	need = n == 0 ? ALIGN : (n + ALIGN - 1) / ALIGN * ALIGN;
	if (need < n || a->cap - a->used < need)
		return NULL;
	for (b = a->now != NULL ? a->now : a->first; b != NULL && b->cap - b->n < need; b = b->next)
		a->now = b;
	if (b == NULL && (b = block_add(a, need)) == NULL)
		return NULL;
	a->now = b;
	a->used += need;
	p = b->data + b->n;
	b->n += need;
	UNPOISON(p, n);
	return p;
}

struct chunk
arena_copy(struct arena *a, struct chunk c)
{
	uint8_t *p = arena_alloc(a, c.n);

	if (p == NULL)
		return CHUNK_NONE;
	if (c.n > 0)
		memcpy(p, c.p, c.n);
	return CHUNK(p, c.n);
}

const char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	char *p = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (p = arena_alloc(a, (size_t)n + 1)) == NULL)
		return "";
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

/* Odd sizes may have left more blocks than a step can use: keep what the cap allows. */
void
arena_reset(struct arena *a)
{
	size_t kept = 0;
	struct block **link = &a->first, *b;

	while ((b = *link) != NULL) {
		if (kept > a->cap) {
			*link = b->next;
			block_free(b);
			continue;
		}
		kept += b->cap;
		block_wipe(b);
		link = &b->next;
	}
	a->now = NULL;
	a->used = 0;
}
