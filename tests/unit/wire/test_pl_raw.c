/* tests/unit/wire/test_pl_raw.c - payloads that are just octets. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

static void
runs(void)
{
	body_run(ISAKMP_PL_KE, "0102030405060708", 1);
	body_run(ISAKMP_PL_HASH, "0102030405060708", 1);
	body_run(ISAKMP_PL_SIG, "0102030405060708", 1);
	body_run(ISAKMP_PL_NATD, "0102030405060708", 1);
	body_run(ISAKMP_PL_NATD_DRAFT, "0102030405060708", 1);
	body_run(ISAKMP_PL_NONCE, "0102030405060708090a", 8);
}

/* RFC 2409 5: 8 to 256 octets */
static void
nonce_sizes(void)
{
	static const uint8_t o[257];
	struct pl *pl;

	for (size_t n = 0; n <= sizeof(o); n++)
		T_ERR(body_get(ISAKMP_PL_NONCE, CHUNK(o, n), &pl, NULL),
		    n < 8	? IKE_E_SHORT :
			n > 256 ? IKE_E_TRAIL :
				  IKE_OK);
	arena_reset(mem);
}

static void
empty_bodies(void)
{
	T_ERR(body_err(ISAKMP_PL_KE, ""), IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_HASH, ""), IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_SIG, ""), IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_NATD, ""), IKE_E_SHORT);
	T_OK(body_err(ISAKMP_PL_VID, ""));
	T_OK(body_err(99, ""));
}

int
main(void)
{
	wire_setup();
	T_RUN(runs);
	T_RUN(nonce_sizes);
	T_RUN(empty_bodies);
	wire_teardown();
	return T_DONE();
}
