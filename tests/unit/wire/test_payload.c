/* tests/unit/wire/test_payload.c - the table of payloads and the walk over a chain. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"

#include "wire_t.h"

/* KE of 4 octets, an unknown type 15, VID of 2. */
static const char CHAIN[] = "0f000008 01020304  0d000007 aabbcc  00000006 eeff";

static void
table(void)
{
	static const struct {
		uint8_t type;
		const char *name;
	} want[] = {{1, "SA"}, {4, "KE"}, {5, "ID"}, {6, "CERT"}, {7, "CR"}, {8, "HASH"},
	    {9, "SIG"}, {10, "NONCE"}, {11, "N"}, {12, "D"}, {13, "VID"}, {14, "CFG"},
	    {20, "NAT-D"}, {21, "NAT-OA"}, {130, "NAT-D"}, {131, "NAT-OA"}, {132, "FRAG"}};
	unsigned known = 0;

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		T_STR(payload_name(want[i].type), want[i].name);
	for (unsigned t = 0; t < 256; t++) {
		const struct pl_def *def = payload_def((uint8_t)t);

		if (def == NULL) {
			T_STR(payload_name((uint8_t)t), "UNKNOWN");
			continue;
		}
		known++;
		T_EQ(def->type, t);
		T_TRUE(def->get != NULL && def->put != NULL);
		T_TRUE(def->max == 0 || def->max >= def->min);
	}
	T_EQ(known, ARRAY_LEN(want));
	T_TRUE(payload_def(ISAKMP_PL_P) == NULL && payload_def(ISAKMP_PL_T) == NULL);
	T_TRUE(payload_def(15) == NULL); /* NAT-D of old Cisco drafts */
}

static void
bits(void)
{
	T_TRUE(payload_bit(ISAKMP_PL_SA) == P(SA));
	T_TRUE(payload_bit(ISAKMP_PL_NATD) == P(NATD));
	T_TRUE(payload_bit(ISAKMP_PL_NATD_DRAFT) == P(NATD));
	T_TRUE(payload_bit(ISAKMP_PL_NATOA_DRAFT) == P(NATOA));
	T_TRUE(payload_bit(ISAKMP_PL_FRAG) == P(FRAG_BIT));
	T_TRUE(payload_bit(15) == P(UNKNOWN_BIT));
	T_TRUE(payload_bit(0) == P(UNKNOWN_BIT));
	T_TRUE(payload_bit(255) == P(UNKNOWN_BIT));
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < a; b++)
			if (payload_def((uint8_t)a) != NULL && payload_def((uint8_t)b) != NULL &&
			    payload_canon((uint8_t)a) != payload_canon((uint8_t)b) &&
			    payload_bit((uint8_t)a) == payload_bit((uint8_t)b))
				T_FAIL("types %u and %u share a bit", a, b);
}

static void
chain(void)
{
	struct pl *l;
	size_t end;

	if (!T_OK(chain_get(hex(CHAIN), ISAKMP_PL_KE, &l, &end, NULL)))
		return;
	T_EQ(end, 21);
	T_EQ(l->type, 4);
	T_STR(l->def->name, "KE");
	T_MEM(l->u.raw.p, l->u.raw.n, "\1\2\3\4", 4);
	l = l->next;
	T_EQ(l->type, 15);
	T_TRUE(l->def == NULL);
	T_MEM(l->raw.p, l->raw.n, "\xaa\xbb\xcc", 3);
	l = l->next;
	T_EQ(l->type, 13);
	T_MEM(l->u.raw.p, l->u.raw.n, "\xee\xff", 2);
	T_TRUE(l->next == NULL);
	arena_reset(mem);
}

static void
chain_round_trip(void)
{
	struct pl *l;
	size_t end;

	if (T_OK(chain_get(hex(CHAIN), ISAKMP_PL_KE, &l, &end, NULL)))
		same_again(l, hex(CHAIN));
	cut_run(hex(CHAIN), ISAKMP_PL_KE);
	flip_run(hex(CHAIN), ISAKMP_PL_KE);
	arena_reset(mem);
}

/* Padding of an encrypted message stands behind the chain and is the caller's. */
static void
padding_is_left(void)
{
	struct pl *l;
	size_t end;

	T_OK(chain_get(hex("00000008 01020304 0000000000000000000000000b"), ISAKMP_PL_KE, &l, &end,
	    NULL));
	T_EQ(end, 8);
	T_OK(chain_get(hex("0102"), ISAKMP_PL_NONE, &l, &end, NULL));
	T_EQ(end, 0);
	T_TRUE(l == NULL);
	T_OK(chain_get(CHUNK_NONE, ISAKMP_PL_NONE, &l, &end, NULL));
	arena_reset(mem);
}

/* RFC 2408 5.3 */
static void
bad_generic_headers(void)
{
	struct why w = {0};
	struct pl *l;
	size_t end;

	T_ERR(chain_get(hex("00010008 01020304"), ISAKMP_PL_KE, &l, &end, &w), IKE_E_SYNTAX);
	T_STR(w.text, "payload 1, KE (4): RESERVED at octet 1: malformed payload");
	T_ERR(chain_get(hex("0000ffff 01020304"), ISAKMP_PL_KE, &l, &end, &w), IKE_E_SHORT);
	T_STR(w.text, "payload 1, KE (4): payload length at octet 4: ends too early");
	for (int len = 0; len < 4; len++) {
		uint8_t o[8] = {0, 0, 0, (uint8_t)len};

		T_ERR(chain_get(CHUNK(o, 8), ISAKMP_PL_KE, &l, &end, &w), IKE_E_SYNTAX);
		T_STR(w.text, "payload 1, KE (4): payload length at octet 2: malformed payload");
	}
	T_ERR(chain_get(hex("0d000008 01020304"), ISAKMP_PL_KE, &l, &end, &w), IKE_E_SHORT);
	T_STR(w.text, "payload 2, VID (13): next payload at octet 8: ends too early");
	T_ERR(chain_get(hex("0d000008 01020304 00ff0004"), ISAKMP_PL_KE, &l, &end, &w),
	    IKE_E_SYNTAX);
	T_STR(w.text, "payload 2, VID (13): RESERVED at octet 9: malformed payload");
	T_ERR(chain_get(hex("00ff0004"), 99, &l, &end, &w), IKE_E_SYNTAX);
	T_STR(w.text, "payload 1, UNKNOWN (99): RESERVED at octet 1: malformed payload");
	arena_reset(mem);
}

static void
failure_leaves_the_list(void)
{
	struct pl one = {.type = 77}, *list = &one;
	size_t end = 99;
	struct chunk o = hex("0d000008 01020304 00ff0004");

	T_ERR(payload_chain_get(o, ISAKMP_PL_KE, &list, &end, mem, NULL), IKE_E_SYNTAX);
	T_TRUE(list == &one && one.next == NULL);
	T_EQ(end, 99);
	o = hex("00000008 01020304");
	T_OK(payload_chain_get(o, ISAKMP_PL_KE, &list, &end, mem, NULL));
	T_TRUE(list == &one && one.next != NULL && one.next->type == ISAKMP_PL_KE);
	T_EQ(end, 8);
	arena_reset(mem);
}

static void
too_many_payloads(void)
{
	uint8_t o[4 * (PL_MAX_PAYLOADS + 1)];
	struct why w = {0};
	struct pl *l;
	size_t end;

	for (int i = 0; i <= PL_MAX_PAYLOADS; i++)
		memcpy(o + 4 * i, (uint8_t[]){ISAKMP_PL_VID, 0, 0, 4}, 4);
	o[4 * PL_MAX_PAYLOADS] = 0; /* the last one is one too many */
	T_ERR(chain_get(CHUNK(o, sizeof(o)), ISAKMP_PL_VID, &l, &end, &w), IKE_E_LIMIT);
	T_STR(w.text, "more than 64 payloads");
	o[4 * (PL_MAX_PAYLOADS - 1)] = 0;
	T_OK(chain_get(CHUNK(o, sizeof(o)), ISAKMP_PL_VID, &l, &end, &w));
	T_EQ(end, 4 * PL_MAX_PAYLOADS);
	arena_reset(mem);
}

/* However little memory there is, the answer is an error and nothing else. */
static void
out_of_memory(void)
{
	struct chunk o = hex("04000034 00000001 00000001 00000028 01010001 00000020 01010000"
			     "80010007 800e0080 80020002 80040002 80030001 800b0001"
			     "00000008 01020304");
	bool passed = false;

	for (size_t cap = 0; cap < 4096; cap += 16) {
		struct arena *small = arena_new(cap);
		struct pl *list = NULL;
		size_t end;
		enum ike_err e = payload_chain_get(o, ISAKMP_PL_SA, &list, &end, small, NULL);

		if (e == IKE_OK)
			passed = true;
		else if (!T_ERR(e, IKE_E_NOMEM) || !T_TRUE(!passed))
			cap = 4096;
		arena_free(small);
	}
	T_TRUE(passed);
	arena_reset(mem);
}

/* The encoder's one concession to faults: fields that lie. */
static void
forging(void)
{
	uint8_t buf[32];
	struct pl b = {.type = ISAKMP_PL_VID, .def = payload_def(ISAKMP_PL_VID)},
		  a = {.type = ISAKMP_PL_KE, .def = payload_def(ISAKMP_PL_KE), .next = &b};
	struct wbuf w;

	a.u.raw = CHUNK((const uint8_t *)"\1\2", 2);
	a.forge = (struct pl_forge){.set_len = 1,
	    .len = 0x1234,
	    .set_next = 1,
	    .next = 99,
	    .set_reserved = 1,
	    .reserved = 7};
	wb_init(&w, buf, sizeof(buf));
	payload_chain_put(&w, &a);
	T_MEM(buf, w.n, "\x63\x07\x12\x34\1\2\0\0\0\4", 10);
	a.forge = (struct pl_forge){.len = 5, .next = 5, .reserved = 5}; /* not asked for */
	wb_init(&w, buf, sizeof(buf));
	payload_chain_put(&w, &a);
	T_MEM(buf, w.n, "\x0d\0\0\6\1\2\0\0\0\4", 10);
}

static void
overflow(void)
{
	uint8_t buf[64];
	struct pl *l;
	size_t end;

	T_OK(chain_get(hex(CHAIN), ISAKMP_PL_KE, &l, &end, NULL));
	for (size_t cap = 0; cap < 22; cap++) {
		struct wbuf w;

		wb_init(&w, buf, cap);
		payload_chain_put(&w, l);
		T_ERR(w.err, cap < 21 ? IKE_E_NOMEM : IKE_OK);
	}
	arena_reset(mem);
}

static void
body_over_64k(void)
{
	struct pl a = {.type = ISAKMP_PL_VID, .def = payload_def(ISAKMP_PL_VID)};
	uint8_t *big = calloc(1, 65532), *out = malloc(70000);
	struct wbuf w;

	wb_init(&w, out, 70000);
	a.u.raw = CHUNK(big, 65531);
	payload_chain_put(&w, &a);
	T_OK(w.err);
	wb_init(&w, out, 70000);
	a.u.raw = CHUNK(big, 65532);
	payload_chain_put(&w, &a);
	T_ERR(w.err, IKE_E_NOMEM);
	free(big);
	free(out);
}

int
main(void)
{
	wire_setup();
	T_RUN(table);
	T_RUN(bits);
	T_RUN(chain);
	T_RUN(chain_round_trip);
	T_RUN(padding_is_left);
	T_RUN(bad_generic_headers);
	T_RUN(failure_leaves_the_list);
	T_RUN(too_many_payloads);
	T_RUN(out_of_memory);
	T_RUN(forging);
	T_RUN(overflow);
	T_RUN(body_over_64k);
	wire_teardown();
	return T_DONE();
}
