/* tests/unit/base/test_cur.c - the reading cursor and its boundaries. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cur.h"
#include "t.h"

static const uint8_t OCTETS[] = {1, 2, 3, 4, 5, 6, 7, 8};

/* A heap copy of exact size, so that a sanitizer sees a step outside. */
static uint8_t *
exact(size_t n)
{
	uint8_t *p = malloc(n > 0 ? n : 1);

	if (p == NULL)
		abort();
	memcpy(p, OCTETS, n);
	return p;
}

static void
reads_in_network_order(void)
{
	uint8_t *p = exact(8);
	struct cur c = cur_from(CHUNK(p, 8));

	T_EQ(cur_u8(&c, "a"), 1);
	T_EQ(cur_u16(&c, "b"), 0x0203);
	T_EQ(cur_u32(&c, "c"), 0x04050607);
	T_EQ(cur_left(&c), 1);
	T_ERR(cur_close(&c), IKE_E_TRAIL);
	T_TRUE(cur_ok(&c));
	T_EQ(cur_u8(&c, "d"), 8);
	T_OK(cur_close(&c));
	free(p);
}

static void
high_bits_stay_unsigned(void)
{
	const uint8_t ff[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct cur c = cur_from(CHUNK(ff, sizeof(ff)));

	T_EQ(cur_u32(&c, "a"), INT64_C(0xffffffff));
	T_EQ(cur_u16(&c, "b"), 0xffff);
}

/*
 * Every read that is one octet too long fails with the field's name and place, and nothing moves
 * on.
 */
static void
short_reads(void)
{
	for (size_t n = 0; n < 4; n++) {
		uint8_t *p = exact(n);
		struct cur c = cur_from(CHUNK(p, n));

		T_EQ(cur_u32(&c, "four"), 0);
		T_TRUE(!cur_ok(&c));
		T_STR(c.field, "four");
		T_EQ(c.at, 0);
		T_EQ(cur_left(&c), 0);
		T_ERR(cur_close(&c), IKE_E_SHORT);
		free(p);
	}
}

static void
first_failure_stays(void)
{
	struct cur c = cur_from(CHUNK(OCTETS, 3));

	T_EQ(cur_u16(&c, "two"), 0x0102);
	T_EQ(cur_u16(&c, "more"), 0);
	T_EQ(cur_u8(&c, "later"), 0);
	cur_fail(&c, IKE_E_LIMIT, "mine");
	T_EQ(cur_bytes(&c, 0, "none").n, 0);
	T_EQ(cur_rest(&c).n, 0);
	T_ERR(cur_close(&c), IKE_E_SHORT);
	T_STR(c.field, "more");
	T_EQ(c.at, 2);
}

static void
own_failure_names_the_last_read(void)
{
	struct cur c = cur_from(CHUNK(OCTETS, 8));

	(void)cur_u16(&c, "a");
	(void)cur_u16(&c, "length");
	cur_fail(&c, IKE_E_SYNTAX, "length");
	T_ERR(cur_close(&c), IKE_E_SYNTAX);
	T_EQ(c.at, 2);
	T_EQ(cur_left(&c), 0);
}

static void
bytes_and_rest(void)
{
	struct cur c = cur_from(CHUNK(OCTETS, 8));
	struct chunk a = cur_bytes(&c, 3, "a"), r = cur_rest(&c), none = cur_rest(&c);

	T_MEM(a.p, a.n, OCTETS, 3);
	T_MEM(r.p, r.n, OCTETS + 3, 5);
	T_EQ(none.n, 0);
	T_OK(cur_close(&c));
	c = cur_from(CHUNK(OCTETS, 8));
	T_EQ(cur_bytes(&c, SIZE_MAX, "huge").n, 0);
	T_ERR(cur_close(&c), IKE_E_SHORT);
}

static void
box_ends_where_it_should(void)
{
	struct cur c = cur_from(CHUNK(OCTETS, 8)), s = cur_sub(&c, 3, "box");

	T_EQ(cur_u32(&s, "over the wall"), 0);
	T_ERR(cur_close(&s), IKE_E_SHORT);
	T_TRUE(cur_ok(&c));
	T_EQ(cur_u8(&c, "behind the box"), 4);
}

static void
box_too_large(void)
{
	struct cur c = cur_from(CHUNK(OCTETS, 8)), s = cur_sub(&c, 9, "box");

	T_ERR(cur_close(&c), IKE_E_SHORT);
	T_ERR(cur_close(&s), IKE_E_SHORT);
	T_STR(s.field, "box");
	T_EQ(cur_u8(&s, "x"), 0);
}

static void
box_failure_moves_out(void)
{
	struct cur c = cur_from(CHUNK(OCTETS, 8)), s;

	(void)cur_u16(&c, "head");
	s = cur_sub(&c, 4, "box");
	(void)cur_u8(&s, "one");
	(void)cur_u32(&s, "four");
	cur_close_sub(&c, &s);
	T_ERR(cur_close(&c), IKE_E_SHORT);
	T_STR(c.field, "four");
	T_EQ(c.at, 3);

	c = cur_from(CHUNK(OCTETS, 8));
	s = cur_sub(&c, 4, "box");
	(void)cur_u8(&s, "one");
	cur_close_sub(&c, &s);
	T_ERR(cur_close(&c), IKE_E_TRAIL);
	T_EQ(c.at, 1);
}

static void
closed_box_is_no_failure(void)
{
	struct cur c = cur_from(CHUNK(OCTETS, 8)), s = cur_sub(&c, 4, "box");

	(void)cur_rest(&s);
	cur_close_sub(&c, &s);
	T_TRUE(cur_ok(&c));
	s = cur_sub(&c, 0, "empty box");
	cur_close_sub(&c, &s);
	T_EQ(cur_left(&c), 4);
}

static void
nothing_at_all(void)
{
	struct cur c = cur_from(CHUNK_NONE);

	T_OK(cur_close(&c));
	T_EQ(cur_rest(&c).n, 0);
	T_EQ(cur_u8(&c, "x"), 0);
	T_ERR(cur_close(&c), IKE_E_SHORT);
}

static void
chunks_compare(void)
{
	T_TRUE(chunk_eq(CHUNK(OCTETS, 3), CHUNK(OCTETS, 3)));
	T_TRUE(!chunk_eq(CHUNK(OCTETS, 3), CHUNK(OCTETS, 4)));
	T_TRUE(!chunk_eq(CHUNK(OCTETS, 3), CHUNK(OCTETS + 1, 3)));
	T_TRUE(chunk_eq(CHUNK_NONE, CHUNK(OCTETS, 0)));
}

int
main(void)
{
	T_RUN(reads_in_network_order);
	T_RUN(high_bits_stay_unsigned);
	T_RUN(short_reads);
	T_RUN(first_failure_stays);
	T_RUN(own_failure_names_the_last_read);
	T_RUN(bytes_and_rest);
	T_RUN(box_ends_where_it_should);
	T_RUN(box_too_large);
	T_RUN(box_failure_moves_out);
	T_RUN(closed_box_is_no_failure);
	T_RUN(nothing_at_all);
	T_RUN(chunks_compare);
	return T_DONE();
}
