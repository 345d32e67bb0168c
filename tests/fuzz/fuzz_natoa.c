/* tests/fuzz/fuzz_natoa.c - bodies of NAT-OA in both numberings */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pl pl;

	(void)fuzz_body(ISAKMP_PL_NATOA, data, n, &pl);
	(void)fuzz_body(ISAKMP_PL_NATOA_DRAFT, data, n, &pl);
	return 0;
}
