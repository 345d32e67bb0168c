/* tests/unit/wire/test_pl_cert.c - certificates and requests for them. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

static void
fields(void)
{
	struct pl *pl;

	T_OK(body_get(ISAKMP_PL_CERT, hex("04 308201"), &pl, NULL));
	T_EQ(pl->u.cert.encoding, 4);
	T_MEM(pl->u.cert.data.p, pl->u.cert.data.n, "\x30\x82\x01", 3);
	T_OK(body_get(ISAKMP_PL_CR, hex("04"), &pl, NULL)); /* any authority, RFC 2408 3.10 */
	T_EQ(pl->u.cert.data.n, 0);
	T_ERR(body_err(ISAKMP_PL_CERT, ""), IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_CR, ""), IKE_E_SHORT);
	arena_reset(mem);
}

static void
runs(void)
{
	body_run(ISAKMP_PL_CERT, "04 308201aabbcc", 1);
	body_run(ISAKMP_PL_CR, "04 3000", 1);
}

int
main(void)
{
	wire_setup();
	T_RUN(fields);
	T_RUN(runs);
	wire_teardown();
	return T_DONE();
}
