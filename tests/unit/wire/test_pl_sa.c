/* tests/unit/wire/test_pl_sa.c - SA, proposals, transforms: RFC 2408 3.4 to 3.6. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

#define HEAD "00000001 00000001 "

/* Phase 1: one proposal, two transforms. */
static const char P1[] = HEAD
    "00000038 01 01 00 02"
    "  03000020 01 01 0000 80010007 800e0100 80020004 80040002 80030001 800b0001"
    "  00000010 02 01 0000 80010005 80020002";

/* Phase 2: AH and ESP bundled under number 1, ESP alone as 2. */
static const char P2[] = HEAD "0200001c 01 02 04 01 11223344  00000010 01 03 0000 80040001 80050002"
			      "0200001c 01 03 04 01 55667788  00000010 01 0c 0000 80060080 80050002"
			      "00000014 02 03 04 01 99aabbcc  00000008 01 0b 0000";

static void
phase1(void)
{
	struct pl *pl;
	const struct pl_proposal *p;

	if (!T_OK(body_get(ISAKMP_PL_SA, hex(P1), &pl, NULL)))
		return;
	T_EQ(pl->u.sa.doi, IPSEC_DOI);
	T_EQ(pl->u.sa.situation, IPSEC_SIT_IDENTITY);
	p = pl->u.sa.proposals;
	T_EQ(p->number, 1);
	T_EQ(p->protocol, PROTO_ISAKMP);
	T_EQ(p->spi.n, 0);
	T_EQ(p->transforms->number, 1);
	T_EQ(p->transforms->id, IKE_TRANSFORM_KEY_IKE);
	T_EQ(attr_find(p->transforms->attrs, P1A_KEY_LENGTH)->value, 256);
	T_EQ(p->transforms->next->number, 2);
	T_EQ(attr_find(p->transforms->next->attrs, P1A_ENCRYPTION)->value, 5);
	T_TRUE(p->transforms->next->next == NULL && p->next == NULL);
	arena_reset(mem);
}

static void
phase2(void)
{
	struct pl *pl;
	const struct pl_proposal *p;

	if (!T_OK(body_get(ISAKMP_PL_SA, hex(P2), &pl, NULL)))
		return;
	p = pl->u.sa.proposals;
	T_EQ(p->protocol, PROTO_AH);
	T_MEM(p->spi.p, p->spi.n, "\x11\x22\x33\x44", 4);
	p = p->next;
	T_EQ(p->protocol, PROTO_ESP);
	T_EQ(p->number, 1);
	T_EQ(p->transforms->id, 12);
	p = p->next;
	T_EQ(p->number, 2);
	T_TRUE(p->transforms->attrs == NULL);
	T_TRUE(p->next == NULL);
	arena_reset(mem);
}

static void
runs(void)
{
	body_run(ISAKMP_PL_SA, P1, 0);
	body_run(ISAKMP_PL_SA, P2, 0);
	body_run(ISAKMP_PL_SA, "00000000 00000001 deadbeef", 8);
}

/* Another DOI or situation lays out the rest differently: kept, not read (RFC 2407 4.6.1). */
static void
other_doi_and_situation(void)
{
	struct pl *pl;

	T_OK(body_get(ISAKMP_PL_SA, hex("00000000 00000001 deadbeef"), &pl, NULL));
	T_EQ(pl->u.sa.doi, 0);
	T_TRUE(pl->u.sa.proposals == NULL);
	T_MEM(pl->u.sa.rest.p, pl->u.sa.rest.n, "\xde\xad\xbe\xef", 4);
	T_OK(body_get(ISAKMP_PL_SA, hex("00000001 00000003 deadbeef"), &pl, NULL));
	T_EQ(pl->u.sa.situation, IPSEC_SIT_IDENTITY | IPSEC_SIT_SECRECY);
	T_TRUE(pl->u.sa.proposals == NULL);
	arena_reset(mem);
}

static void
empty(void)
{
	body_why(ISAKMP_PL_SA, "", IKE_E_SHORT,
	    "payload 1, SA (1): payload length at octet 4: ends too early");
	T_ERR(body_err(ISAKMP_PL_SA, "00000001 000000"), IKE_E_SHORT);
	body_why(ISAKMP_PL_SA, HEAD, IKE_E_SHORT,
	    "payload 1, SA (1): next payload at octet 12: ends too early");
}

/* RFC 2408 3.5: # of Transforms says how many there are */
static void
transform_counts(void)
{
	body_why(ISAKMP_PL_SA, HEAD "00000010 01 01 00 02  00000008 01 01 0000", IKE_E_BAD_PROPOSAL,
	    "payload 1, SA (1): number of transforms at octet 24: bad proposal syntax");
	T_ERR(body_err(ISAKMP_PL_SA,
		  HEAD "00000018 01 01 00 01 03000008 01 01 0000 00000008 02 01 0000"),
	    IKE_E_BAD_PROPOSAL);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 00  00000008 01 01 0000"),
	    IKE_E_BAD_PROPOSAL);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000008 01 01 00 00"), IKE_E_BAD_PROPOSAL);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000008 01 01 00 01"), IKE_E_SHORT);
	/* a second transform although the first says it is the last */
	T_ERR(body_err(ISAKMP_PL_SA,
		  HEAD "00000018 01 01 00 01 00000008 01 01 0000 00000008 02 01 0000"),
	    IKE_E_TRAIL);
}

/* RFC 2408 3.5, 3.6: 2 or 0 between proposals, 3 or 0 between transforms */
static void
chains_inside(void)
{
	body_why(ISAKMP_PL_SA, HEAD "04000010 01 01 00 01  00000008 01 01 0000", IKE_E_BAD_PROPOSAL,
	    "payload 1, SA (1): proposal's next payload at octet 16: bad proposal syntax");
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  02000008 01 01 0000"),
	    IKE_E_BAD_PROPOSAL);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "02000010 01 01 00 01  00000008 01 01 0000"),
	    IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  03000008 01 01 0000"),
	    IKE_E_BAD_PROPOSAL);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  00000008 01 01 0000 ff"),
	    IKE_E_TRAIL);
}

static void
reserved_fields(void)
{
	body_why(ISAKMP_PL_SA, HEAD "00010010 01 01 00 01  00000008 01 01 0000", IKE_E_SYNTAX,
	    "payload 1, SA (1): RESERVED at octet 13: malformed payload");
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  00010008 01 01 0000"),
	    IKE_E_SYNTAX);
	body_why(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  00000008 01 01 0001", IKE_E_SYNTAX,
	    "payload 1, SA (1): RESERVED2 at octet 26: malformed payload");
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  00000008 01 01 0100"),
	    IKE_E_SYNTAX);
}

static void
lengths_inside(void)
{
	/* proposal reaches over the payload, transform over the proposal, both too small */
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000011 01 01 00 01  00000008 01 01 0000"),
	    IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  00000009 01 01 0000 00"),
	    IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  00000007 01 01 0000"),
	    IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000003 01 01 00 01  00000008 01 01 0000"),
	    IKE_E_SYNTAX);
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 01 00 01  00000000 01 01 0000"),
	    IKE_E_SYNTAX);
	/* an attribute reaches over its transform */
	body_why(ISAKMP_PL_SA, HEAD "00000015 01 01 00 01  0000000d 01 01 0000 000c0004 00",
	    IKE_E_SHORT, "payload 1, SA (1): attribute value at octet 32: ends too early");
}

/* RFC 2408 3.5: in phase 1 0 to 16 octets, ignored; the others' sizes are the engine's business */
static void
spi_sizes(void)
{
	T_OK(body_err(ISAKMP_PL_SA,
	    HEAD "00000018 01 01 08 01 0102030405060708 00000008 01 01 0000"));
	T_OK(body_err(ISAKMP_PL_SA,
	    HEAD "00000020 01 01 10 01 01020304050607080102030405060708"
		 "00000008 01 01 0000"));
	body_why(ISAKMP_PL_SA,
	    HEAD "00000021 01 01 11 01 0102030405060708010203040506070809"
		 "00000008 01 01 0000",
	    IKE_E_SPI, "payload 1, SA (1): SPI size at octet 18: invalid SPI");
	T_OK(body_err(ISAKMP_PL_SA, HEAD "00000012 01 04 02 01 0102 00000008 01 02 0000"));
	T_OK(body_err(ISAKMP_PL_SA,
	    HEAD "00000021 01 03 11 01 0102030405060708010203040506070809"
		 "00000008 01 01 0000"));
	T_ERR(body_err(ISAKMP_PL_SA, HEAD "00000010 01 03 09 01  00000008 01 01 0000"),
	    IKE_E_SHORT);
}

/* n proposals of m transforms each */
static enum ike_err
many(unsigned n, unsigned m)
{
	uint8_t buf[BODY_MAX];
	struct pl *pl;
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	wb_u32(&w, 1);
	wb_u32(&w, 1);
	for (unsigned i = 0; i < n; i++) {
		wb_u16(&w, i + 1 < n ? 0x0200 : 0);
		wb_u16(&w, (uint16_t)(8 + 8 * m));
		wb_u32(&w, 0x01030000 | m);
		for (unsigned k = 0; k < m; k++) {
			wb_u16(&w, k + 1 < m ? 0x0300 : 0);
			wb_u16(&w, 8);
			wb_u32(&w, 0x010c0000);
		}
	}
	T_OK(w.err);
	return body_get(ISAKMP_PL_SA, wb_view(&w), &pl, NULL);
}

static void
limits(void)
{
	T_OK(many(PL_MAX_PROPOSALS, 1));
	T_ERR(many(PL_MAX_PROPOSALS + 1, 1), IKE_E_LIMIT);
	T_OK(many(1, PL_MAX_TRANSFORMS));
	T_ERR(many(1, PL_MAX_TRANSFORMS + 1), IKE_E_LIMIT);
	T_OK(many(4, PL_MAX_TRANSFORMS / 4));
	T_ERR(many(5, PL_MAX_TRANSFORMS / 4), IKE_E_LIMIT);
	arena_reset(mem);
}

static void
counts_over_255_do_not_encode(void)
{
	struct pl_transform *t = calloc(256, sizeof(*t));
	struct pl_proposal p = {.number = 1, .protocol = PROTO_ESP, .transforms = t};
	struct pl pl = {.type = ISAKMP_PL_SA, .def = payload_def(ISAKMP_PL_SA)};
	uint8_t buf[BODY_MAX];
	struct wbuf w;

	for (int i = 0; i < 255; i++)
		t[i].next = &t[i + 1];
	pl.u.sa = (struct pl_sa){.doi = 1, .situation = 1, .proposals = &p};
	wb_init(&w, buf, sizeof(buf));
	payload_body_put(&w, &pl);
	T_ERR(w.err, IKE_E_NOMEM);
	p.transforms = t + 1;
	wb_init(&w, buf, sizeof(buf));
	payload_body_put(&w, &pl);
	T_OK(w.err);
	T_EQ(buf[15], 255);
	free(t);
}

int
main(void)
{
	wire_setup();
	T_RUN(phase1);
	T_RUN(phase2);
	T_RUN(runs);
	T_RUN(other_doi_and_situation);
	T_RUN(empty);
	T_RUN(transform_counts);
	T_RUN(chains_inside);
	T_RUN(reserved_fields);
	T_RUN(lengths_inside);
	T_RUN(spi_sizes);
	T_RUN(limits);
	T_RUN(counts_over_255_do_not_encode);
	wire_teardown();
	return T_DONE();
}
