/* tests/unit/wire/test_pl_delete.c - deletes, RFC 2408 3.15. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

static void
fields(void)
{
	struct pl *pl;

	/* as vpnc leaves: both SPIs in one payload */
	T_OK(body_get(ISAKMP_PL_D, hex("00000001 03 04 0002 aabbccdd 11223344"), &pl, NULL));
	T_EQ(pl->u.del.protocol, PROTO_ESP);
	T_EQ(pl->u.del.spi_size, 4);
	T_EQ(pl->u.del.count, 2);
	T_EQ(pl->u.del.spis.n, 8);
	T_OK(body_get(ISAKMP_PL_D, hex("00000001 03 04 0000"), &pl, NULL));
	T_EQ(pl->u.del.count, 0);
	arena_reset(mem);
}

static void
runs(void)
{
	body_run(ISAKMP_PL_D, "00000001 03 04 0002 aabbccdd 11223344", 0);
	body_run(ISAKMP_PL_D, "00000001 01 10 0001 0102030405060708 1112131415161718", 0);
}

static void
count_and_body_must_agree(void)
{
	T_ERR(body_err(ISAKMP_PL_D, "00000001 03 04 0002 aabbccdd 112233"), IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_D, "00000001 03 04 0001 aabbccdd 11223344"), IKE_E_TRAIL);
	T_ERR(body_err(ISAKMP_PL_D, "00000001 03 04 0000 aa"), IKE_E_TRAIL);
	T_ERR(body_err(ISAKMP_PL_D, "00000001 03 00 0001"), IKE_E_SYNTAX);
	T_ERR(body_err(ISAKMP_PL_D, "00000001 03 04 ffff aabbccdd"), IKE_E_LIMIT);
}

static void
limit(void)
{
	uint8_t o[8 + PL_MAX_SPIS + 1] = {0, 0, 0, 1, 3, 1, 0, PL_MAX_SPIS};
	struct pl *pl;

	T_OK(body_get(ISAKMP_PL_D, CHUNK(o, 8 + PL_MAX_SPIS), &pl, NULL));
	o[7]++;
	T_ERR(body_get(ISAKMP_PL_D, CHUNK(o, sizeof(o)), &pl, NULL), IKE_E_LIMIT);
	arena_reset(mem);
}

int
main(void)
{
	wire_setup();
	T_RUN(fields);
	T_RUN(runs);
	T_RUN(count_and_body_must_agree);
	T_RUN(limit);
	wire_teardown();
	return T_DONE();
}
