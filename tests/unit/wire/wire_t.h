/*
 * tests/unit/wire/wire_t.h - decode from heap memory of exact size, and the run every decoder
 * passes.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_T_H
#define WIRE_T_H

#include "base/arena.h"
#include "base/hexdump.h"
#include "t.h"
#include "wire/payload.h"

#define BODY_MAX 4096

static struct arena *mem;
static uint8_t *box; /* the octets decoded last */

/* Memory for the tests of one program. */
static inline void
wire_setup(void)
{
	mem = arena_new(1 << 20);
	if (mem == NULL)
		abort();
}

static inline void
wire_teardown(void)
{
	arena_free(mem);
	free(box);
}

/* Octets of a hex string, white space allowed; they live until the next arena_reset(). */
static inline struct chunk
hex(const char *s)
{
	uint8_t buf[BODY_MAX];
	long n = hexdump_parse(s, buf, sizeof(buf));

	if (n < 0) {
		T_FAIL("no hex: %s", s);
		return CHUNK_NONE;
	}
	return arena_copy(mem, CHUNK(buf, (size_t)n));
}

/* A chain in a heap block of its size. */
static inline enum ike_err
chain_get(struct chunk octets, uint8_t first, struct pl **list, size_t *end, struct why *w)
{
	free(box);
	box = malloc(octets.n > 0 ? octets.n : 1);
	if (box == NULL)
		abort();
	memcpy(box, octets.n > 0 ? octets.p : (const uint8_t *)"", octets.n);
	*list = NULL;
	*end = 0;
	return payload_chain_get(CHUNK(box, octets.n), first, list, end, mem, w);
}

/* A body behind a generic header of ours. */
static inline enum ike_err
body_get(uint8_t type, struct chunk body, struct pl **out, struct why *w)
{
	uint8_t buf[BODY_MAX + 4] = {0, 0, (uint8_t)((body.n + 4) >> 8), (uint8_t)(body.n + 4)};
	size_t end;

	memcpy(buf + 4, body.n > 0 ? body.p : (const uint8_t *)"", body.n);
	return chain_get(CHUNK(buf, body.n + 4), type, out, &end, w);
}

/* The same for hex, when only the error counts. */
static inline enum ike_err
body_err(uint8_t type, const char *s)
{
	struct pl *pl;

	return body_get(type, hex(s), &pl, NULL);
}

/* The error, and the words about it. */
static inline void
body_why(uint8_t type, const char *s, enum ike_err err, const char *text)
{
	struct why w = {0};
	struct pl *pl;

	T_ERR(body_get(type, hex(s), &pl, &w), err);
	T_STR(w.text, text);
}

/* What is accepted has one encoding: writing it again gives the octets it came from. */
static inline bool
same_again(const struct pl *list, struct chunk from)
{
	uint8_t buf[BODY_MAX + 64];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	payload_chain_put(&w, list);
	return T_OK(w.err) && T_MEM(buf, w.n, from.p, from.n);
}

/* Bit by bit: nothing crashes, and what still passes is written back as it came. */
static inline void
flip_run(struct chunk chain, uint8_t first)
{
	uint8_t buf[BODY_MAX + 64];
	struct pl *list;
	size_t end;

	memcpy(buf, chain.p, chain.n);
	for (size_t bit = 0; bit < chain.n * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (chain_get(CHUNK(buf, chain.n), first, &list, &end, NULL) == IKE_OK &&
		    !same_again(list, CHUNK(buf, end))) {
			T_FAIL("with bit %zu of octet %zu turned", bit % 8, bit / 8);
			return;
		}
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* Cut at every octet, the payload length left alone: always too short. */
static inline void
cut_run(struct chunk chain, uint8_t first)
{
	struct pl *list;
	size_t end;

	for (size_t n = 0; n < chain.n; n++)
		if (!T_ERR(chain_get(CHUNK(chain.p, n), first, &list, &end, NULL), IKE_E_SHORT) ||
		    !T_TRUE(list == NULL && end == 0))
			return;
}

/*
 * The run: a body in hex is decoded, written again, cut at every octet (with the payload length
 * telling the truth; "least" octets and more may pass, 0: none), and bent in every bit.
 */
static inline void
body_run(uint8_t type, const char *s, size_t least)
{
	uint8_t buf[BODY_MAX + 4] = {0};
	struct chunk body = hex(s);
	struct pl *pl = NULL;

	buf[2] = (uint8_t)((body.n + 4) >> 8);
	buf[3] = (uint8_t)(body.n + 4);
	memcpy(buf + 4, body.p, body.n);
	if (T_OK(body_get(type, body, &pl, NULL))) {
		T_MEM(pl->raw.p, pl->raw.n, body.p, body.n);
		T_EQ(pl->type, type);
		same_again(pl, CHUNK(buf, body.n + 4));
	}
	for (size_t n = 0; n < body.n; n++) {
		enum ike_err e = body_get(type, CHUNK(body.p, n), &pl, NULL);

		if ((least == 0 || n < least) && e == IKE_OK)
			T_FAIL("%zu of %zu octets are accepted", n, body.n);
	}
	cut_run(CHUNK(buf, body.n + 4), type);
	flip_run(CHUNK(buf, body.n + 4), type);
	arena_reset(mem);
}

#endif
