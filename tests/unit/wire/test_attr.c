/* tests/unit/wire/test_attr.c - data attributes, RFC 2408 3.3. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

/* The list from a heap block of its size. */
static enum ike_err
list_get(struct chunk o, struct pl_attr **list)
{
	struct cur c;

	free(box);
	box = malloc(o.n > 0 ? o.n : 1);
	if (box == NULL)
		abort();
	memcpy(box, o.n > 0 ? o.p : (const uint8_t *)"", o.n);
	c = cur_from(CHUNK(box, o.n));
	*list = NULL;
	return attr_list_get(&c, list, mem);
}

static void
short_and_long(void)
{
	struct pl_attr *a;

	/* key length before the cipher, as vpnc sends it; a 4-octet lifetime; one octet; unknown */
	T_OK(list_get(hex("800e0080 80010007 000c0004 00007080 00030001 05 4e200000"), &a));
	T_EQ(a->type, P1A_KEY_LENGTH);
	T_TRUE(a->tv && a->numeric);
	T_EQ(a->value, 128);
	T_MEM(a->data.p, a->data.n, "\0\x80", 2);
	a = a->next;
	T_EQ(a->type, P1A_ENCRYPTION);
	a = a->next;
	T_EQ(a->type, P1A_LIFE_DURATION);
	T_TRUE(!a->tv && a->numeric);
	T_EQ(a->value, 28800);
	T_EQ(a->data.n, 4);
	a = a->next;
	T_EQ(a->value, 5);
	a = a->next;
	T_EQ(a->type, 0x4e20);
	T_TRUE(!a->tv && !a->numeric && a->data.n == 0);
	T_TRUE(a->next == NULL);
	arena_reset(mem);
}

static void
numbers_of_one_to_eight_octets(void)
{
	uint8_t o[4 + 9] = {0, 2};

	memset(o + 4, 0x81, 9);
	for (unsigned n = 0; n <= 9; n++) {
		uint64_t want = 0;
		struct pl_attr *a;

		o[3] = (uint8_t)n;
		for (unsigned i = 0; i < n; i++)
			want = want << 8 | 0x81;
		T_OK(list_get(CHUNK(o, 4 + n), &a));
		T_EQ(a->numeric, n >= 1 && n <= 8);
		T_TRUE(a->value == (n <= 8 ? want : 0));
		T_EQ(a->data.n, n);
	}
	arena_reset(mem);
}

static void
cut_and_bent(void)
{
	struct chunk o = hex("800e0080 000c0004 00007080 80010007 40020003 010203");
	uint8_t buf[64], back[64];
	struct pl_attr *a;
	struct wbuf w;

	for (size_t n = 0; n < o.n; n++) {
		bool whole = n == 0 || n == 4 || n == 12 || n == 16;

		T_ERR(list_get(CHUNK(o.p, n), &a), whole ? IKE_OK : IKE_E_SHORT);
		T_TRUE(whole || a == NULL);
	}
	memcpy(buf, o.p, o.n);
	for (size_t bit = 0; bit < o.n * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (list_get(CHUNK(buf, o.n), &a) == IKE_OK) {
			wb_init(&w, back, sizeof(back));
			attr_list_put(&w, a);
			T_MEM(back, w.n, buf, o.n);
		}
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	arena_reset(mem);
}

static void
limits(void)
{
	uint8_t o[4 * (PL_MAX_ATTRIBUTES + 1)];
	struct pl_attr *a;

	for (size_t i = 0; i < sizeof(o); i += 4)
		memcpy(o + i, "\x80\1\0\7", 4);
	T_OK(list_get(CHUNK(o, sizeof(o) - 4), &a));
	T_ERR(list_get(CHUNK(o, sizeof(o)), &a), IKE_E_LIMIT);
	T_TRUE(a == NULL);
	arena_reset(mem);
}

static void
finding(void)
{
	struct pl_attr *a;

	T_OK(list_get(hex("80010007 80010005 80020002"), &a));
	T_EQ(attr_find(a, 1)->value, 7); /* the first */
	T_EQ(attr_find(a, 2)->value, 2);
	T_TRUE(attr_find(a, 3) == NULL);
	T_TRUE(attr_find(NULL, 1) == NULL);
	arena_reset(mem);
}

static void
building(void)
{
	struct pl_attr *list = NULL;
	struct chunk want = hex("80010007 800c7080 000c0004 00015180 800cffff 000c0004 00010000"
				"40020003 010203");
	uint8_t buf[64];
	struct wbuf w;

	attr_append(&list, attr_new(mem, 1, 7));
	attr_append(&list, attr_new_long(mem, 12, 28800));
	attr_append(&list, attr_new_long(mem, 12, 86400));
	attr_append(&list, attr_new_long(mem, 12, 65535));
	attr_append(&list, attr_new_long(mem, 12, 65536));
	attr_append(&list, attr_new_data(mem, 0x4002, CHUNK((const uint8_t *)"\1\2\3", 3)));
	wb_init(&w, buf, sizeof(buf));
	attr_list_put(&w, list);
	T_MEM(buf, w.n, want.p, want.n);
	T_TRUE(list->tv && list->numeric);
	T_MEM(list->data.p, list->data.n, "\0\7", 2);
	T_EQ(attr_find(list, 0x4002)->value, 0x010203);
	arena_reset(mem);
}

static void
no_memory(void)
{
	struct arena *none = arena_new(0);

	T_TRUE(attr_new(none, 1, 1) == NULL);
	T_TRUE(attr_new_long(none, 1, 1) == NULL);
	T_TRUE(attr_new_data(none, 1, CHUNK_NONE) == NULL);
	arena_free(none);
}

int
main(void)
{
	wire_setup();
	T_RUN(short_and_long);
	T_RUN(numbers_of_one_to_eight_octets);
	T_RUN(cut_and_bent);
	T_RUN(limits);
	T_RUN(finding);
	T_RUN(building);
	T_RUN(no_memory);
	wire_teardown();
	return T_DONE();
}
