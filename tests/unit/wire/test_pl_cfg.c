/* tests/unit/wire/test_pl_cfg.c - the attributes payload of transactions. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

static void
fields(void)
{
	struct pl *pl;

	/* XAUTH request: type 0, user name, password, both empty */
	T_OK(body_get(ISAKMP_PL_CFG, hex("01 00 beef c0880000 40890000 408a0000"), &pl, NULL));
	T_EQ(pl->u.cfg.type, 1);
	T_EQ(pl->u.cfg.identifier, 0xbeef);
	T_EQ(attr_find(pl->u.cfg.attrs, 16520)->value, 0);
	T_EQ(attr_find(pl->u.cfg.attrs, 16521)->data.n, 0);
	T_OK(body_get(ISAKMP_PL_CFG, hex("04 00 0001"), &pl, NULL));
	T_TRUE(pl->u.cfg.attrs == NULL);
	arena_reset(mem);
}

static void
runs(void)
{
	body_run(ISAKMP_PL_CFG, "02 00 beef 00010004 0a000001 700000056261 6e6e65", 4);
}

static void
refused(void)
{
	T_ERR(body_err(ISAKMP_PL_CFG, "01 01 beef"), IKE_E_SYNTAX);
	T_ERR(body_err(ISAKMP_PL_CFG, "01 00 be"), IKE_E_SHORT);
	/* padding inside the payload is no attribute */
	body_why(ISAKMP_PL_CFG, "01 00 beef c08f0001 0000", IKE_E_SHORT,
	    "payload 1, CFG (14): attribute length at octet 14: ends too early");
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
