/* tests/fuzz/fuzz_cert.c - bodies of CERT and CR */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pl pl;

	(void)fuzz_body(ISAKMP_PL_CERT, data, n, &pl);
	(void)fuzz_body(ISAKMP_PL_CR, data, n, &pl);
	return 0;
}
