/* tests/fuzz/fuzz_delete.c - bodies of D */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pl pl;

	if (fuzz_body(ISAKMP_PL_D, data, n, &pl))
		FUZZ_LAW(pl.u.del.spis.n == (size_t)pl.u.del.count * pl.u.del.spi_size);
	return 0;
}
