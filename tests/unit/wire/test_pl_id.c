/* tests/unit/wire/test_pl_id.c - identification, RFC 2407 4.6.2. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

static void
fields(void)
{
	struct pl *pl;

	T_OK(body_get(ISAKMP_PL_ID, hex("01 11 01f4 c0000201"), &pl, NULL));
	T_EQ(pl->u.id.kind, ID_IPV4_ADDR);
	T_EQ(pl->u.id.proto, 17);
	T_EQ(pl->u.id.port, 500);
	T_MEM(pl->u.id.data.p, pl->u.id.data.n, "\xc0\0\2\1", 4);
	arena_reset(mem);
}

static void
runs(void)
{
	body_run(ISAKMP_PL_ID, "01 00 0000 c0000201", 0);
	body_run(ISAKMP_PL_ID, "04 00 0000 c0a80100 ffffff00", 0);
	body_run(ISAKMP_PL_ID, "05 00 0000 20010db8000000000000000000000001", 0);
	body_run(ISAKMP_PL_ID, "02 11 1194 76706e2e6578616d706c65", 4);
	body_run(ISAKMP_PL_ID, "0b 00 0000 67726f7570", 4);
}

/* An address has its family's size, or twice it; names have any; a kind nobody knows too. */
static void
sizes_by_kind(void)
{
	static const struct {
		uint8_t kind;
		size_t n; /* 0: any */
	} want[] = {{0, 0}, {1, 4}, {2, 0}, {3, 0}, {4, 8}, {5, 16}, {6, 32}, {7, 8}, {8, 32},
	    {9, 0}, {10, 0}, {11, 0}, {12, 0}, {255, 0}};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		for (size_t n = 0; n < 40; n++) {
			uint8_t o[44] = {want[i].kind};
			struct pl *pl;

			T_ERR(body_get(ISAKMP_PL_ID, CHUNK(o, 4 + n), &pl, NULL),
			    want[i].n == 0 || want[i].n == n ? IKE_OK : IKE_E_SYNTAX);
		}
	}
	body_why(ISAKMP_PL_ID, "01 00 0000 c00002", IKE_E_SYNTAX,
	    "payload 1, ID (5): identification data at octet 6: malformed payload");
	arena_reset(mem);
}

int
main(void)
{
	wire_setup();
	T_RUN(fields);
	T_RUN(runs);
	T_RUN(sizes_by_kind);
	wire_teardown();
	return T_DONE();
}
