/* tests/unit/wire/test_pl_frag.c - one vendor fragment. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

static void
fields(void)
{
	struct pl *pl;

	T_OK(body_get(ISAKMP_PL_FRAG, hex("0001 02 01 aabbcc"), &pl, NULL));
	T_EQ(pl->u.frag.id, 1);
	T_EQ(pl->u.frag.index, 2);
	T_EQ(pl->u.frag.flags, 1);
	T_MEM(pl->u.frag.data.p, pl->u.frag.data.n, "\xaa\xbb\xcc", 3);
	T_ERR(body_err(ISAKMP_PL_FRAG, "0001 02 01"), IKE_E_SHORT); /* a fragment of nothing */
	arena_reset(mem);
}

static void
runs(void)
{
	body_run(ISAKMP_PL_FRAG, "0001 02 01 aabbcc", 5);
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
