/*
 * tests/unit/fault/test_lies.c - each lie in a message changes the octets that it names, and no
 * other.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hexdump.h"
#include "fault_t.h"

/* What to find, given the honest message and the lying one. */
typedef void check_fn(const struct shot *honest, const struct shot *lie);

struct row {
	const char *fault, *label;
	enum how    how;
	check_fn   *check;
};

static const uint8_t *
body(const struct shot *s, uint8_t type, unsigned nth, size_t *len)
{
	size_t at = body_at(s, type, nth, len);

	if (at == 0) {
		T_FAIL("no payload of type %u, number %u", type, nth);
		*len = 0;
		return NULL;
	}
	return s->plain + at;
}

/*
 * Apart from payloads of the types left out, both messages have the same ones with the same octets.
 */
static void
same_but(const struct shot *h, const struct shot *l, uint8_t type, uint8_t other)
{
	for (uint8_t t = 1; t < 132; t++) {
		unsigned n = bodies(h, t);

		if (t == type || t == other)
			continue;
		T_EQ(bodies(l, t), n);
		for (unsigned k = 0; k < n && k < bodies(l, t); k++) {
			size_t	       a, b;
			const uint8_t *p = body(h, t, k, &a), *q = body(l, t, k, &b);

			T_MEM(q, b, p, a);
		}
	}
}

/* The headers are the same but for length and next payload. */
static void
same_header(const struct shot *h, const struct shot *l)
{
	T_MEM(l->wire, 16, h->wire, 16);
	T_MEM(l->wire + 17, 7, h->wire + 17, 7);
}

/* ---- SA payloads ---- */

/* transforms in the first proposal, its number of transforms, spi size */
static const uint8_t *
proposal(const struct shot *s, size_t *len)
{
	const uint8_t *sa = body(s, ISAKMP_PL_SA, 0, len);

	return sa != NULL ? sa + 8 : NULL;
}

/* SA bodies of equal length that differ in one attribute's value: attribute type wanted. */
static void
one_attribute(const struct shot *h, const struct shot *l, uint8_t type)
{
	size_t	       a, b;
	const uint8_t *p = body(h, ISAKMP_PL_SA, 0, &a), *q = body(l, ISAKMP_PL_SA, 0, &b);
	struct span    s;

	if (p == NULL || q == NULL)
		return;
	T_EQ(b, a);
	s = differ(p, a, q, b);
	T_TRUE(s.count >= 1 && s.last - s.first <= 1);
	/*
	 * The attribute's type stands before its two octets, at an even distance from the list's
	 * start.
	 */
	T_TRUE((p[s.first - 1] == type && p[s.first - 2] == 0x80) ||
	    (p[s.first - 2] == type && p[s.first - 3] == 0x80));
	same_but(h, l, ISAKMP_PL_SA, ISAKMP_PL_HASH);
}

#define ONE_ATTRIBUTE(name, type)                                      \
	static void name(const struct shot *h, const struct shot *l)   \
	{                                                              \
		same_header(h, l);                                     \
		one_attribute(h, l, (type));                           \
	}
ONE_ATTRIBUTE(group1, P1A_GROUP)
ONE_ATTRIBUTE(hash1, P1A_HASH)
ONE_ATTRIBUTE(encryption1, P1A_ENCRYPTION)
ONE_ATTRIBUTE(key_length1, P1A_KEY_LENGTH)
ONE_ATTRIBUTE(auth1, P1A_AUTH)
ONE_ATTRIBUTE(lifetime1, P1A_LIFE_DURATION)
ONE_ATTRIBUTE(integrity2, P2A_AUTH)
ONE_ATTRIBUTE(key_length2, P2A_KEY_LENGTH)
ONE_ATTRIBUTE(group2, P2A_GROUP)
ONE_ATTRIBUTE(lifetime2, P2A_LIFE_DURATION)
ONE_ATTRIBUTE(mode2, P2A_ENCAPSULATION)

static void
transform_id(const struct shot *h, const struct shot *l)
{
	size_t	       a, b;
	const uint8_t *p = proposal(h, &a), *q = proposal(l, &b);
	struct span    s;

	same_header(h, l);
	if (p == NULL || q == NULL)
		return;
	s = differ(p, a - 8, q, b - 8);
	T_EQ(s.count, 1);
	T_EQ(s.first, 8 + 4 + 5); /* proposal header, SPI, transform: number before it */
	same_but(h, l, ISAKMP_PL_SA, ISAKMP_PL_HASH);
}

static void
two_transforms(const struct shot *h, const struct shot *l)
{
	size_t	       a, b, spi, one, two;
	const uint8_t *p = proposal(h, &a), *q = proposal(l, &b);

	same_header(h, l);
	if (p == NULL || q == NULL)
		return;
	T_EQ(p[7], 1); /* number of transforms */
	T_EQ(q[7], 2);
	spi = 8 + q[6];
	one = (size_t)q[spi + 2] << 8 | q[spi + 3];
	T_EQ(q[spi], ISAKMP_PL_T);
	two = (size_t)q[spi + one + 2] << 8 | q[spi + one + 3];
	T_EQ(q[spi + one], 0);
	T_TRUE(q[spi + 4] != q[spi + one + 4]); /* their numbers */
	/* The first is the honest one. */
	T_MEM(q + spi + 4, one - 4, p + spi + 4, one - 4);
	T_EQ(b, a + two);
	same_but(h, l, ISAKMP_PL_SA, ISAKMP_PL_HASH);
}

static void
all_of_offer(const struct shot *h, const struct shot *l)
{
	struct talk    t;
	size_t	       n;
	const uint8_t *sa = body(l, ISAKMP_PL_SA, 0, &n);

	same_header(h, l);
	same_but(h, l, ISAKMP_PL_SA, 0);
	talk_begin(&t, NULL, PLAIN);
	(void)ini_mm1(&t.i);
	T_MEM(sa, n, t.i.sai_b, t.i.sai_n);
	talk_end(&t);
}

static void
spi_zero(const struct shot *h, const struct shot *l)
{
	static const uint8_t zero[4];
	size_t		     a, b;
	const uint8_t	    *p = proposal(h, &a), *q = proposal(l, &b);

	same_header(h, l);
	if (p == NULL || q == NULL)
		return;
	T_MEM(q, 8, p, 8);
	T_MEM(q + 8, 4, zero, 4);
	T_MEM(q + 12, b - 20, p + 12, a - 20);
	same_but(h, l, ISAKMP_PL_SA, ISAKMP_PL_HASH);
}

/* ---- KE ---- */

static const uint8_t *
ke(const struct shot *h, const struct shot *l, size_t want)
{
	size_t	       n;
	const uint8_t *p = body(l, ISAKMP_PL_KE, 0, &n);

	same_header(h, l);
	same_but(h, l, ISAKMP_PL_KE, 0);
	T_EQ(n, want);
	return p;
}

static void
ke_omit(const struct shot *h, const struct shot *l)
{
	same_header(h, l);
	T_EQ(bodies(h, ISAKMP_PL_KE), 1);
	T_EQ(bodies(l, ISAKMP_PL_KE), 0);
	same_but(h, l, ISAKMP_PL_KE, ISAKMP_PL_HASH);
}

static void
ke_empty(const struct shot *h, const struct shot *l)
{
	(void)ke(h, l, 0);
}

static void
ke_zero(const struct shot *h, const struct shot *l)
{
	static const uint8_t zero[128];

	T_MEM(ke(h, l, 128), 128, zero, 128);
}

static void
ke_one(const struct shot *h, const struct shot *l)
{
	static const uint8_t one[128] = {[127] = 1};

	T_MEM(ke(h, l, 128), 128, one, 128);
}

/* RFC 2409 6.2: the prime ends in ffffffffffffffff. */
static void
ke_top(const struct shot *h, const struct shot *l)
{
	static const uint8_t head[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x0f,
	    0xda, 0xa2};
	const uint8_t	    *p = ke(h, l, 128);

	if (p == NULL)
		return;
	T_MEM(p, sizeof(head), head, sizeof(head));
	T_EQ(p[127], 0xfe);
	T_EQ(p[126], 0xff);
}

static void
ke_short(const struct shot *h, const struct shot *l)
{
	size_t	       n;
	const uint8_t *honest = body(h, ISAKMP_PL_KE, 0, &n);

	T_MEM(ke(h, l, 127), 127, honest, 127);
}

static void
ke_long(const struct shot *h, const struct shot *l)
{
	size_t	       n;
	const uint8_t *honest = body(h, ISAKMP_PL_KE, 0, &n), *p = ke(h, l, 129);

	if (p != NULL)
		T_MEM(p, 128, honest, 128);
}

/* ---- NAT-D, HASH, nonce, SA left out ---- */

static void
natd(const struct shot *h, const struct shot *l)
{
	same_header(h, l);
	same_but(h, l, ISAKMP_PL_NATD, 0);
	T_EQ(bodies(l, ISAKMP_PL_NATD), 2);
	for (unsigned k = 0; k < 2; k++) {
		size_t	       a, b;
		const uint8_t *p = body(h, ISAKMP_PL_NATD, k, &a),
			      *q = body(l, ISAKMP_PL_NATD, k, &b);

		T_EQ(b, a);
		T_EQ(differ(p, a, q, b).count, 1);
	}
}

static void
hash_bit(const struct shot *h, const struct shot *l)
{
	size_t	       a, b;
	const uint8_t *p = body(h, ISAKMP_PL_HASH, 0, &a), *q = body(l, ISAKMP_PL_HASH, 0, &b);
	struct span    s;

	same_header(h, l);
	same_but(h, l, ISAKMP_PL_HASH, 0);
	if (p == NULL || q == NULL)
		return;
	s = differ(p, a, q, b);
	T_EQ(b, a);
	T_EQ(s.count, 1);
	T_EQ(p[s.first] ^ q[s.first], 1);
}

static void
no_hash(const struct shot *h, const struct shot *l)
{
	same_header(h, l);
	T_EQ(bodies(h, ISAKMP_PL_HASH), 1);
	T_EQ(bodies(l, ISAKMP_PL_HASH), 0);
	same_but(h, l, ISAKMP_PL_HASH, 0);
}

static void
no_nonce(const struct shot *h, const struct shot *l)
{
	same_header(h, l);
	T_EQ(bodies(l, ISAKMP_PL_NONCE), 0);
	same_but(h, l, ISAKMP_PL_NONCE, ISAKMP_PL_HASH);
}

static void
no_sa(const struct shot *h, const struct shot *l)
{
	same_header(h, l);
	T_EQ(bodies(l, ISAKMP_PL_SA), 0);
	same_but(h, l, ISAKMP_PL_SA, ISAKMP_PL_HASH);
}

static void
extra_ke(const struct shot *h, const struct shot *l)
{
	size_t n;

	same_header(h, l);
	T_EQ(bodies(h, ISAKMP_PL_KE), 0);
	(void)body(l, ISAKMP_PL_KE, 0, &n);
	T_EQ(n, 128); /* phase 1's group 2 */
	same_but(h, l, ISAKMP_PL_KE, ISAKMP_PL_HASH);
}

/* The first block alone decrypts to other octets (CBC): every one of them inverted. */
static void
garbled(const struct shot *h, const struct shot *l)
{
	T_MEM(l->wire, ISAKMP_HDR_LEN, h->wire, ISAKMP_HDR_LEN);
	T_EQ(l->plain_n, h->plain_n);
	for (size_t i = 0; i < 16; i++)
		T_EQ(l->plain[i], h->plain[i] ^ 0xff);
	T_MEM(l->plain + 16, l->plain_n - 16, h->plain + 16, h->plain_n - 16);
}

/* ---- identities ---- */

static void
ids_rest(const struct shot *h, const struct shot *l, unsigned count)
{
	same_header(h, l);
	T_EQ(bodies(h, ISAKMP_PL_ID), 2);
	T_EQ(bodies(l, ISAKMP_PL_ID), count);
	same_but(h, l, ISAKMP_PL_ID, ISAKMP_PL_HASH);
}

static void
id_is(const struct shot *s, unsigned nth, uint8_t kind, const char *hex)
{
	char	       text[80];
	size_t	       n;
	const uint8_t *p = body(s, ISAKMP_PL_ID, nth, &n);

	if (p == NULL)
		return;
	T_EQ(p[0], kind);
	T_STR(hexdump_line(CHUNK(p + 4, n - 4), text, sizeof(text)), hex);
}

static void
ids_swap(const struct shot *h, const struct shot *l)
{
	ids_rest(h, l, 2);
	id_is(h, 0, ID_IPV4_ADDR_SUBNET, "0a090000ffffff00");
	id_is(l, 0, ID_IPV4_ADDR_SUBNET, "0a010000ffffff00");
	id_is(l, 1, ID_IPV4_ADDR_SUBNET, "0a090000ffffff00");
}

static void
ids_narrow(const struct shot *h, const struct shot *l)
{
	ids_rest(h, l, 2);
	id_is(l, 0, ID_IPV4_ADDR_SUBNET, "0a090000ffffff80");
	id_is(l, 1, ID_IPV4_ADDR_SUBNET, "0a010000ffffff80");
}

static void
ids_widen(const struct shot *h, const struct shot *l)
{
	ids_rest(h, l, 2);
	id_is(l, 0, ID_IPV4_ADDR_SUBNET, "0a090000fffffe00");
	id_is(l, 1, ID_IPV4_ADDR_SUBNET, "0a010000fffffe00");
}

static void
ids_omit(const struct shot *h, const struct shot *l)
{
	ids_rest(h, l, 0);
}

static void
ids_one(const struct shot *h, const struct shot *l)
{
	ids_rest(h, l, 1);
	id_is(l, 0, ID_IPV4_ADDR_SUBNET, "0a090000ffffff00");
}

static void
ids_three(const struct shot *h, const struct shot *l)
{
	ids_rest(h, l, 3);
	id_is(l, 2, ID_IPV4_ADDR_SUBNET, "0a010000ffffff00");
}

/* ---- header ---- */

static void
header(const struct shot *h, const struct shot *l, size_t first, size_t last)
{
	struct span s = differ(h->wire, h->wire_n, l->wire, l->wire_n);

	T_EQ(l->wire_n, h->wire_n);
	T_TRUE(s.count > 0 && s.first >= first && s.last <= last);
}

static void
cookie_zero(const struct shot *h, const struct shot *l)
{
	static const uint8_t zero[8];

	header(h, l, 8, 15);
	T_MEM(l->wire + 8, 8, zero, 8);
}

static void
cookie_swap(const struct shot *h, const struct shot *l)
{
	header(h, l, 0, 15);
	T_MEM(l->wire, 8, h->wire + 8, 8);
	T_MEM(l->wire + 8, 8, h->wire, 8);
}

static void
flags(const struct shot *h, const struct shot *l)
{
	header(h, l, 19, 19);
	T_EQ(l->wire[19] ^ h->wire[19], ISAKMP_FLAG_ENCRYPT);
}

static void
version(const struct shot *h, const struct shot *l)
{
	header(h, l, 17, 17);
	T_EQ(l->wire[17], 0x20);
}

static void
length_more(const struct shot *h, const struct shot *l)
{
	header(h, l, 24, 27);
	T_EQ(lab_t_spi(l->wire + 24), h->wire_n + 4);
}

static void
length_less(const struct shot *h, const struct shot *l)
{
	header(h, l, 24, 27);
	T_EQ(lab_t_spi(l->wire + 24), h->wire_n - 8);
}

static void
next_payload(const struct shot *h, const struct shot *l)
{
	header(h, l, 16, 16);
	T_EQ(l->wire[16], 255);
}

static const struct row rows[] = {
	{"mm2.foreign-transform", "MM2", PLAIN, group1},
	{"mm2.foreign-transform=hash", "MM2", PLAIN, hash1},
	{"mm2.foreign-transform=encryption", "MM2", PLAIN, encryption1},
	{"mm2.foreign-transform=key-length", "MM2", PLAIN, key_length1},
	{"mm2.foreign-transform=auth", "MM2", PLAIN, auth1},
	{"mm2.two-transforms", "MM2", PLAIN, two_transforms},
	{"mm2.all", "MM2", PLAIN, all_of_offer},
	{"mm2.lifetime-up", "MM2", PLAIN, lifetime1},
	{"mm4.bad-ke=omit", "MM4", PLAIN, ke_omit},
	{"mm4.bad-ke=empty", "MM4", PLAIN, ke_empty},
	{"mm4.bad-ke=zero", "MM4", PLAIN, ke_zero},
	{"mm4.bad-ke=one", "MM4", PLAIN, ke_one},
	{"mm4.bad-ke=p-1", "MM4", PLAIN, ke_top},
	{"mm4.bad-ke", "MM4", PLAIN, ke_short},
	{"mm4.bad-ke=long", "MM4", PLAIN, ke_long},
	{"mm4.natd-lie", "MM4", WITH_NATT, natd},
	{"mm6.garble", "MM6", PLAIN, garbled},
	{"mm6.bad-hash", "MM6", PLAIN, hash_bit},
	{"qm2.bad-hash", "QM2", PLAIN, hash_bit},
	{"qm2.no-hash", "QM2", PLAIN, no_hash},
	{"qm2.no-nonce", "QM2", PLAIN, no_nonce},
	{"qm2.no-sa", "QM2", PLAIN, no_sa},
	{"qm2.two-transforms", "QM2", PLAIN, two_transforms},
	{"qm2.foreign-transform", "QM2", PLAIN, transform_id},
	{"qm2.foreign-transform=integrity", "QM2", PLAIN, integrity2},
	{"qm2.foreign-transform=key-length", "QM2", PLAIN, key_length2},
	{"qm2.foreign-transform=group", "QM2", WITH_PFS, group2},
	{"qm2.spi0", "QM2", PLAIN, spi_zero},
	{"qm2.lifetime", "QM2", PLAIN, lifetime2},
	{"qm2.mode", "QM2", PLAIN, mode2},
	{"qm2.ids=swap", "QM2", PLAIN, ids_swap},
	{"qm2.ids=narrow", "QM2", PLAIN, ids_narrow},
	{"qm2.ids=widen", "QM2", PLAIN, ids_widen},
	{"qm2.ids=omit", "QM2", PLAIN, ids_omit},
	{"qm2.ids=one", "QM2", PLAIN, ids_one},
	{"qm2.ids=three", "QM2", PLAIN, ids_three},
	{"qm2.extra-ke", "QM2", PLAIN, extra_ke},
	{"qm2.missing-ke", "QM2", WITH_PFS, ke_omit},
	{"hdr.cookie-zero", "MM2", PLAIN, cookie_zero},
	{"hdr.cookie-swap=MM4", "MM4", PLAIN, cookie_swap},
	{"hdr.flags", "MM2", PLAIN, flags},
	{"hdr.flags=QM2", "QM2", PLAIN, flags},
	{"hdr.version=MM6", "MM6", PLAIN, version},
	{"hdr.length", "MM2", PLAIN, length_more},
	{"hdr.length=-8,QM2", "QM2", PLAIN, length_less},
	{"hdr.next-payload", "MM2", PLAIN, next_payload},
};

static void
name_of(const char *fault, char *name, size_t n)
{
	snprintf(name, n, "%.*s", (int)strcspn(fault, "=@ "), fault);
}

static void
each_row(void)
{
	static struct talk t;
	static struct shot honest, lie;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		char		  name[40];
		bool		  before = t_.bad;

		name_of(r->fault, name, sizeof(name));
		t_.bad = false;
		if (!shoot(&t, NULL, r->label, r->how, &honest))
			T_FAIL("%s: no honest %s", r->fault, r->label);
		T_FIRED(&t, name, 0);
		talk_end(&t);
		if (!shoot(&t, r->fault, r->label, r->how, &lie))
			T_FAIL("%s: no %s", r->fault, r->label);
		else
			r->check(&honest, &lie);
		T_FIRED(&t, name, 1);
		talk_end(&t);
		if (t_.bad)
			printf("# that was %s\n", r->fault);
		t_.bad |= before;
	}
}

/* HASH(2) is computed over the lie: the initiator finds it right, and something else wrong. */
static void
hash_over_the_lie(void)
{
	static const char *const valid[] = {"qm2.ids=swap", "qm2.spi0", "qm2.lifetime",
	    "qm2.extra-ke", "qm2.ids=narrow", "qm2.two-transforms", "qm2.foreign-transform"};
	static struct talk t;

	for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
		struct chunk d;
		struct why   w = {0};

		talk_begin(&t, valid[i], PLAIN);
		T_TRUE(talk_to(&t, "QM2"));
		T_TRUE(lab_take(t.l, &d));
		if (ini_qm2(&t.q, d, &w) == IKE_E_BAD_HASH)
			T_FAIL("%s: %s", valid[i], w.text);
		talk_end(&t);
	}
	talk_begin(&t, "qm2.bad-hash", PLAIN);
	T_TRUE(talk_to(&t, "QM2"));
	struct chunk d;
	struct why   w = {0};
	T_TRUE(lab_take(t.l, &d));
	T_ERR(ini_qm2(&t.q, d, &w), IKE_E_BAD_HASH);
	talk_end(&t);
}

/* HASH_R is right for the wrong identity. */
static void
wrong_id(void)
{
	static struct talk t;
	struct chunk	   d;
	struct why	   w = {0};

	talk_begin(&t, "mm6.wrong-id", PLAIN);
	T_TRUE(talk_to(&t, "MM6"));
	T_TRUE(lab_take(t.l, &d));
	T_OK(ini_mm6(&t.i, d, &w));
	T_EQ(t.i.idr.kind, ID_FQDN);
	T_MEM(t.i.idr.data, t.i.idr.n, "wrong.example", 13);
	T_FIRED(&t, "mm6.wrong-id", 1);
	talk_end(&t);
	talk_begin(&t, "mm6.wrong-id=192.0.2.99", PLAIN);
	T_TRUE(talk_to(&t, "MM6"));
	T_TRUE(lab_take(t.l, &d));
	T_OK(ini_mm6(&t.i, d, &w));
	T_EQ(t.i.idr.kind, ID_IPV4_ADDR);
	T_EQ(t.i.idr.data[3], 99);
	talk_end(&t);
}

/* Where there is nothing to lie about, the message is honest and nothing is said. */
static void
nothing_to_lie_about(void)
{
	static const struct {
		const char *fault, *label;
		enum how    how;
	} none[] = {{"mm4.natd-lie", "MM4", PLAIN}, {"qm2.missing-ke", "QM2", PLAIN},
	    {"qm2.extra-ke", "QM2", WITH_PFS}, {"qm2.foreign-transform=group", "QM2", PLAIN},
	    {"qm2.ids=swap", "QM2", NO_IDS}, {"hdr.mid-reuse", "QM2", PLAIN}};
	static struct talk t;
	static struct shot honest, lie;

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		if ((none[i].how & NO_IDS) != 0)
			continue; /* such a Quick Mode is refused by the lab's crypto map */
		T_TRUE(shoot(&t, NULL, none[i].label, none[i].how, &honest));
		talk_end(&t);
		T_TRUE(shoot(&t, none[i].fault, none[i].label, none[i].how, &lie));
		T_MEM(lie.wire, lie.wire_n, honest.wire, honest.wire_n);
		T_FIRED(&t, none[i].fault, 0);
		talk_end(&t);
	}
}

/* Message ids: the header's octets say so, and the HASH covers them. */
static void
message_ids(void)
{
	static struct talk t;
	static struct shot first, second;
	uint32_t	   id;

	T_TRUE(shoot(&t, "hdr.mid-zero", "QM2", PLAIN, &first));
	T_EQ(lab_t_spi(first.wire + 20), 0);
	T_FIRED(&t, "hdr.mid-zero", 1);
	talk_end(&t);

	T_TRUE(shoot(&t, "hdr.mid-reuse", "QM2", PLAIN, &first));
	id = lab_t_spi(first.wire + 20);
	T_EQ(id, t.q.msgid);
	talk_quick(&t);
	lab_rx(t.l, &t.i, ini_qm1(&t.q));
	T_TRUE(talk_shot(&t, &second));
	T_EQ(lab_t_spi(second.wire + 20), id);
	T_TRUE(t.q.msgid != id);
	T_FIRED(&t, "hdr.mid-reuse", 1);
	talk_end(&t);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(each_row);
	T_RUN(hash_over_the_lie);
	T_RUN(wrong_id);
	T_RUN(nothing_to_lie_about);
	T_RUN(message_ids);
	return lab_t_end();
}
