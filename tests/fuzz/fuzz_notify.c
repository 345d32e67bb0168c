/* tests/fuzz/fuzz_notify.c - bodies of N */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pl pl;

	(void)fuzz_body(ISAKMP_PL_N, data, n, &pl);
	return 0;
}
