/* tests/fuzz/fuzz_id.c - bodies of ID, and their words */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/dump.h"
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pl pl;

	if (!fuzz_body(ISAKMP_PL_ID, data, n, &pl))
		return 0;
	for (size_t cap = 1; cap < 100; cap += 9) {
		char *buf = malloc(cap);

		FUZZ_LAW(buf != NULL && strlen(dump_id(&pl.u.id, buf, cap)) < cap);
		for (const char *s = buf; *s != '\0'; s++)
			FUZZ_LAW(*s >= ' ' && *s <= '~');
		free(buf);
	}
	return 0;
}
