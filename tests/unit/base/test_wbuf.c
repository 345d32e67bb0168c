/* tests/unit/base/test_wbuf.c - the writing buffer and its boundaries. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/wbuf.h"
#include "t.h"

static void
writes_in_network_order(void)
{
	static const uint8_t want[] = {1, 2, 3, 4, 5, 6, 7, 0xaa, 0xbb, 0, 0};
	uint8_t mem[sizeof(want)];
	struct wbuf w;

	wb_init(&w, mem, sizeof(mem));
	wb_u8(&w, 1);
	wb_u16(&w, 0x0203);
	wb_u32(&w, 0x04050607);
	wb_put(&w, CHUNK(((const uint8_t[]){0xaa, 0xbb}), 2));
	wb_put(&w, CHUNK_NONE);
	wb_zero(&w, 2);
	T_OK(w.err);
	T_MEM(wb_view(&w).p, wb_view(&w).n, want, sizeof(want));
}

/* Whatever the size, nothing is written behind it and the view is empty after an overflow. */
static void
overflow_at_every_size(void)
{
	for (size_t cap = 0; cap < 12; cap++) {
		uint8_t *mem = malloc(cap > 0 ? cap : 1);
		struct wbuf w;

		wb_init(&w, mem, cap);
		wb_u32(&w, 1);
		wb_u16(&w, 2);
		wb_u8(&w, 3);
		wb_put(&w, CHUNK((const uint8_t *)"abc", 3));
		wb_zero(&w, 2);
		T_ERR(w.err, IKE_E_NOMEM);
		T_EQ(wb_view(&w).n, 0);
		T_TRUE(w.n <= cap);
		free(mem);
	}
}

static void
nothing_follows_an_overflow(void)
{
	uint8_t mem[4] = {9, 9, 9, 9};
	struct wbuf w;

	wb_init(&w, mem, 3);
	wb_u32(&w, 0x01020304);
	wb_u8(&w, 5);
	T_ERR(w.err, IKE_E_NOMEM);
	T_EQ(w.n, 0);
	T_EQ(mem[0], 9);
}

static void
lengths(void)
{
	static const uint8_t want[] = {7, 0, 6, 0, 0, 0, 3, 1, 2, 3};
	uint8_t mem[16];
	struct wbuf w;
	struct wmark a, b;

	wb_init(&w, mem, sizeof(mem));
	wb_u8(&w, 7);
	a = wb_open16(&w);
	b = wb_open32(&w);
	wb_u8(&w, 1);
	wb_u16(&w, 0x0203);
	wb_close32(&w, b, b.at + 4);
	wb_close16(&w, a, 4);
	T_OK(w.err);
	T_MEM(mem, w.n, want, sizeof(want));
}

static void
length_over_16_bits(void)
{
	uint8_t *mem = malloc(70000);
	struct wbuf w;
	struct wmark a;

	wb_init(&w, mem, 70000);
	a = wb_open16(&w);
	wb_zero(&w, 65533);
	wb_close16(&w, a, 0);
	T_OK(w.err);
	T_MEM(mem, 2, "\xff\xff", 2);
	wb_u8(&w, 0);
	wb_close16(&w, a, 0);
	T_ERR(w.err, IKE_E_NOMEM);
	free(mem);
}

static void
mark_of_a_failed_open(void)
{
	uint8_t mem[3] = {0};
	struct wbuf w;
	struct wmark a;

	wb_init(&w, mem, sizeof(mem));
	wb_u16(&w, 1);
	a = wb_open16(&w);
	wb_close16(&w, a, 0);
	wb_close32(&w, a, 0);
	T_ERR(w.err, IKE_E_NOMEM);
	T_MEM(mem, 3, "\0\1\0", 3);
}

static void
close_out_of_range(void)
{
	uint8_t mem[8];
	struct wbuf w;

	wb_init(&w, mem, sizeof(mem));
	wb_u32(&w, 0);
	wb_close16(&w, (struct wmark){.at = 3}, 0);
	T_ERR(w.err, IKE_E_NOMEM);
	wb_init(&w, mem, sizeof(mem));
	wb_u32(&w, 0);
	wb_close16(&w, (struct wmark){.at = 0}, 5);
	T_ERR(w.err, IKE_E_NOMEM);
}

static void
pokes(void)
{
	uint8_t mem[4];
	struct wbuf w;

	wb_init(&w, mem, sizeof(mem));
	wb_u16(&w, 0x0102);
	wb_poke(&w, 1, CHUNK((const uint8_t *)"\x09", 1));
	T_MEM(wb_view(&w).p, wb_view(&w).n, "\x01\x09", 2);
	wb_poke(&w, 1, CHUNK((const uint8_t *)"ab", 2));
	T_ERR(w.err, IKE_E_NOMEM);
	wb_init(&w, mem, sizeof(mem));
	wb_poke(&w, SIZE_MAX, CHUNK((const uint8_t *)"a", 1));
	T_ERR(w.err, IKE_E_NOMEM);
}

int
main(void)
{
	T_RUN(writes_in_network_order);
	T_RUN(overflow_at_every_size);
	T_RUN(nothing_follows_an_overflow);
	T_RUN(lengths);
	T_RUN(length_over_16_bits);
	T_RUN(mark_of_a_failed_open);
	T_RUN(close_out_of_range);
	T_RUN(pokes);
	return T_DONE();
}
