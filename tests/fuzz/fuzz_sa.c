/* tests/fuzz/fuzz_sa.c - bodies of SA */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pl pl;

	(void)fuzz_body(ISAKMP_PL_SA, data, n, &pl);
	return 0;
}
