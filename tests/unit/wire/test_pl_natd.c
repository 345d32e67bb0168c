/* tests/unit/wire/test_pl_natd.c - NAT-OA, RFC 3947 5.2 (NAT-D is plain octets: test_pl_raw.c). */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

static void
fields(void)
{
	struct pl *pl;

	T_OK(body_get(ISAKMP_PL_NATOA, hex("01 000000 c0000201"), &pl, NULL));
	T_EQ(pl->u.natoa.kind, ID_IPV4_ADDR);
	T_MEM(pl->u.natoa.data.p, pl->u.natoa.data.n, "\xc0\0\2\1", 4);
	T_OK(body_get(ISAKMP_PL_NATOA_DRAFT, hex("05 000000 20010db8000000000000000000000001"), &pl,
	    NULL));
	T_EQ(pl->u.natoa.data.n, 16);
	T_STR(pl->def->name, "NAT-OA");
	T_EQ(pl->type, 131);
	arena_reset(mem);
}

static void
runs(void)
{
	body_run(ISAKMP_PL_NATOA, "01 000000 c0000201", 0);
	body_run(ISAKMP_PL_NATOA_DRAFT, "05 000000 20010db8000000000000000000000001", 0);
}

static void
refused(void)
{
	T_ERR(body_err(ISAKMP_PL_NATOA, "02 000000 c0000201"), IKE_E_SYNTAX); /* a name */
	T_ERR(body_err(ISAKMP_PL_NATOA, "04 000000 c0000200 ffffff00"), IKE_E_SYNTAX);
	T_ERR(body_err(ISAKMP_PL_NATOA, "01 000100 c0000201"), IKE_E_SYNTAX);
	T_ERR(body_err(ISAKMP_PL_NATOA, "01 000000 c0000201 00"), IKE_E_TRAIL);
	T_ERR(body_err(ISAKMP_PL_NATOA, "05 000000 c0000201"), IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_NATOA, "05 000000 20010db800000000000000000000000102"),
	    IKE_E_TRAIL);
}

int
main(void)
{
	wire_setup();
	T_RUN(fields);
	T_RUN(runs);
	T_RUN(refused);
	wire_teardown();
	return T_DONE();
}
