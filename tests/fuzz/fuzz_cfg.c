/* tests/fuzz/fuzz_cfg.c - bodies of transactions */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pl pl;

	(void)fuzz_body(ISAKMP_PL_CFG, data, n, &pl);
	return 0;
}
