/* base/cur.c - bounded reading of borrowed octets. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cur.h"

#include <string.h>

bool
chunk_eq(struct chunk a, struct chunk b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

struct cur
cur_from(struct chunk c)
{
	static const uint8_t nothing[1]; /* NULL + 0 is not defined in C */
	const uint8_t *p = c.p != NULL ? c.p : nothing;
	size_t n = c.p != NULL ? c.n : 0;

	return (struct cur){.base = p, .p = p, .end = p + n, .last = p, .err = IKE_OK};
}

size_t
cur_left(const struct cur *c)
{
	return (size_t)(c->end - c->p);
}

bool
cur_ok(const struct cur *c)
{
	return c->err == IKE_OK;
}

static void
fail_at(struct cur *c, enum ike_err e, const char *field, const uint8_t *at)
{
	if (c->err == IKE_OK) {
		c->err = e;
		c->field = field;
		c->at = (size_t)(at - c->base);
	}
	c->p = c->end;
}

void
cur_fail(struct cur *c, enum ike_err e, const char *field)
{
	fail_at(c, e, field, c->last);
}

/* The next n octets, NULL on failure. */
static const uint8_t *
take(struct cur *c, size_t n, const char *field)
{
	const uint8_t *p = c->p;

	if (c->err != IKE_OK)
		return NULL;
	if (cur_left(c) < n) {
		fail_at(c, IKE_E_SHORT, field, c->p);
		return NULL;
	}
	c->last = p;
	c->p += n;
	return p;
}

uint8_t
cur_u8(struct cur *c, const char *field)
{
	const uint8_t *p = take(c, 1, field);

	return p != NULL ? p[0] : 0;
}

uint16_t
cur_u16(struct cur *c, const char *field)
{
	const uint8_t *p = take(c, 2, field);

	return p != NULL ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t
cur_u32(struct cur *c, const char *field)
{
	const uint8_t *p = take(c, 4, field);

	if (p == NULL)
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

struct chunk
cur_bytes(struct cur *c, size_t n, const char *field)
{
	const uint8_t *p = take(c, n, field);

	return p != NULL ? CHUNK(p, n) : CHUNK_NONE;
}

struct chunk
cur_rest(struct cur *c)
{
	return cur_bytes(c, cur_left(c), "rest");
}

struct cur
cur_sub(struct cur *c, size_t n, const char *field)
{
	struct cur sub = cur_from(cur_bytes(c, n, field));

	if (c->err != IKE_OK)
		cur_fail(&sub, c->err, c->field);
	return sub;
}

void
cur_close_sub(struct cur *outer, const struct cur *sub)
{
	struct cur s = *sub;

	if (!cur_ok(outer) || cur_close(&s) == IKE_OK)
		return;
	fail_at(&s, IKE_E_TRAIL, "end", s.p); /* keeps an earlier failure */
	cur_fail(outer, s.err, s.field);
	outer->at = (size_t)(s.base - outer->base) + s.at;
}

enum ike_err
cur_close(const struct cur *c)
{
	if (c->err != IKE_OK)
		return c->err;
	return c->p == c->end ? IKE_OK : IKE_E_TRAIL;
}
