/* tests/fuzz/fuzz_vid.c - vendor ids, and plain octets as bodies */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/vid.h"
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *name = NULL;
	struct pl pl;
	unsigned caps = vid_lookup(CHUNK(data, n), &name);

	FUZZ_LAW(name != NULL && (caps != 0) == (strcmp(name, "unknown") != 0));
	FUZZ_LAW(fuzz_body(ISAKMP_PL_VID, data, n, &pl));
	FUZZ_LAW(fuzz_body(ISAKMP_PL_KE, data, n, &pl));
	return 0;
}
