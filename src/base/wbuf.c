/* base/wbuf.c - writing into memory of fixed size. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/wbuf.h"

#include <string.h>

void
wb_init(struct wbuf *w, uint8_t *mem, size_t cap)
{
	*w = (struct wbuf){.base = mem, .cap = cap, .err = IKE_OK};
}

/* Room for n octets at the end, NULL (and err) if there is none. */
static uint8_t *
room(struct wbuf *w, size_t n)
{
	uint8_t *p;

	if (w->err != IKE_OK)
		return NULL;
	if (w->cap - w->n < n) {
		w->err = IKE_E_NOMEM;
		return NULL;
	}
	p = w->base + w->n;
	w->n += n;
	return p;
}

static void
store16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
store32(uint8_t *p, uint32_t v)
{
	store16(p, v >> 16);
	store16(p + 2, v);
}

void
wb_u8(struct wbuf *w, uint8_t v)
{
	uint8_t *p = room(w, 1);

	if (p != NULL)
		*p = v;
}

void
wb_u16(struct wbuf *w, uint16_t v)
{
	uint8_t *p = room(w, 2);

	if (p != NULL)
		store16(p, v);
}

void
wb_u32(struct wbuf *w, uint32_t v)
{
	uint8_t *p = room(w, 4);

	if (p != NULL)
		store32(p, v);
}

void
wb_put(struct wbuf *w, struct chunk c)
{
	uint8_t *p;

	if (c.n > 0 && (p = room(w, c.n)) != NULL)
		memcpy(p, c.p, c.n);
}

void
wb_zero(struct wbuf *w, size_t n)
{
	uint8_t *p;

	if (n > 0 && (p = room(w, n)) != NULL)
		memset(p, 0, n);
}

struct wmark
wb_open16(struct wbuf *w)
{
	struct wmark m = {.at = w->n};

	wb_u16(w, 0);
	return m;
}

struct wmark
wb_open32(struct wbuf *w)
{
	struct wmark m = {.at = w->n};

	wb_u32(w, 0);
	return m;
}

/* The length to fill in; latches err where it does not fit the field. */
static uint32_t
length_from(struct wbuf *w, struct wmark m, size_t counted_from, size_t field, size_t max)
{
	if (w->err != IKE_OK)
		return 0;
	if (counted_from > w->n || m.at > w->n || w->n - m.at < field ||
	    w->n - counted_from > max) {
		w->err = IKE_E_NOMEM;
		return 0;
	}
	return (uint32_t)(w->n - counted_from);
}

void
wb_close16(struct wbuf *w, struct wmark m, size_t counted_from)
{
	uint32_t n = length_from(w, m, counted_from, 2, UINT16_MAX);

	if (w->err == IKE_OK)
		store16(w->base + m.at, n);
}

void
wb_close32(struct wbuf *w, struct wmark m, size_t counted_from)
{
	uint32_t n = length_from(w, m, counted_from, 4, UINT32_MAX);

	if (w->err == IKE_OK)
		store32(w->base + m.at, n);
}

void
wb_poke(struct wbuf *w, size_t at, struct chunk c)
{
	if (w->err != IKE_OK || c.n == 0)
		return;
	if (at > w->n || w->n - at < c.n)
		w->err = IKE_E_NOMEM;
	else
		memcpy(w->base + at, c.p, c.n);
}

struct chunk
wb_view(const struct wbuf *w)
{
	return w->err == IKE_OK ? CHUNK(w->base, w->n) : CHUNK_NONE;
}
