/* tests/unit/base/test_arena.c - the cap, zeroes, reset. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"
#include "t.h"

static bool
all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* Sizes of every kind, all zero, aligned, apart from each other, the same again after a reset. */
static void
pieces(void)
{
	struct arena *a = arena_new(1 << 20);

	for (int round = 0; round < 3; round++) {
		uint8_t *prev = NULL;
		size_t prev_n = 0;

		for (size_t n = 0; n < 600; n += 7) {
			uint8_t *p = arena_alloc(a, n);

			if (!T_TRUE(p != NULL))
				break;
			T_EQ((uintptr_t)p % _Alignof(max_align_t), 0);
			T_TRUE(all_zero(p, n));
			memset(p, 0xee, n);
			for (size_t i = 0; i < prev_n; i++)
				if (prev[i] != 0xee)
					T_FAIL("piece before %zu was overwritten", n);
			prev = p;
			prev_n = n;
		}
		arena_reset(a);
	}
	arena_free(a);
}

static void
cap_holds(void)
{
	struct arena *a = arena_new(1000);
	size_t got = 0;

	T_TRUE(arena_alloc(a, 1001) == NULL);
	T_TRUE(arena_alloc(a, SIZE_MAX) == NULL);
	T_TRUE(arena_alloc(a, SIZE_MAX - 15) == NULL);
	while (arena_alloc(a, 100) != NULL)
		got += 100;
	T_TRUE(got >= 800 && got <= 1000);
	T_TRUE(arena_alloc(a, 100) == NULL);
	arena_reset(a);
	T_TRUE(arena_alloc(a, 900) != NULL);
	arena_free(a);
}

static void
larger_than_a_block(void)
{
	struct arena *a = arena_new(1 << 20);

	for (int round = 0; round < 4; round++) {
		uint8_t *small = arena_alloc(a, 10), *big = arena_alloc(a, 300000),
			*next = arena_alloc(a, 5000);

		if (T_TRUE(small != NULL && big != NULL && next != NULL)) {
			T_TRUE(all_zero(big, 300000) && all_zero(next, 5000));
			memset(big, 1, 300000);
			memset(next, 2, 5000);
		}
		arena_reset(a);
	}
	arena_free(a);
}

/* Growing sizes leave no block that fits the next step; still the cap holds in each. */
static void
odd_sizes_over_many_steps(void)
{
	struct arena *a = arena_new(100000);

	for (size_t n = 4000; n < 90000; n += 500) {
		uint8_t *p = arena_alloc(a, n);

		T_TRUE(p != NULL && all_zero(p, n));
		if (p != NULL)
			memset(p, 3, n);
		T_TRUE(arena_alloc(a, 100000) == NULL);
		arena_reset(a);
	}
	arena_free(a);
}

static void
copies(void)
{
	struct arena *a = arena_new(100);
	struct chunk c = arena_copy(a, CHUNK((const uint8_t *)"hello", 5)), e;

	T_MEM(c.p, c.n, "hello", 5);
	e = arena_copy(a, CHUNK_NONE);
	T_EQ(e.n, 0);
	T_TRUE(e.p != NULL);
	e = arena_copy(a, CHUNK((const uint8_t *)"hello", 90));
	T_TRUE(e.p == NULL && e.n == 0);
	arena_free(a);
}

static void
printing(void)
{
	struct arena *a = arena_new(64);

	T_STR(arena_printf(a, "%s-%d", "mm", 3), "mm-3");
	T_STR(arena_printf(a, "%s", ""), "");
	T_STR(arena_printf(a, "%0100d", 1), "");
	arena_free(a);
}

static void
free_of_nothing(void)
{
	struct arena *a = arena_new(0);

	arena_free(NULL);
	T_TRUE(arena_alloc(a, 1) == NULL);
	arena_reset(a);
	arena_free(a);
}

int
main(void)
{
	T_RUN(pieces);
	T_RUN(cap_holds);
	T_RUN(larger_than_a_block);
	T_RUN(odd_sizes_over_many_steps);
	T_RUN(copies);
	T_RUN(printing);
	T_RUN(free_of_nothing);
	return T_DONE();
}
