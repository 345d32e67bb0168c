/* tests/fuzz/fuzz_attr.c - lists of attributes, and their words */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/dump.h"
#include "wire_body.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cur c = cur_from(CHUNK(data, n));
	struct pl_attr *list = NULL;
	struct wbuf w;
	uint8_t *out;
	char line[64];

	if (attr_list_get(&c, &list, fuzz_arena()) != IKE_OK) {
		FUZZ_LAW(list == NULL);
		return 0;
	}
	out = malloc(n + 1);
	FUZZ_LAW(out != NULL);
	wb_init(&w, out, n);
	attr_list_put(&w, list);
	FUZZ_LAW(w.err == IKE_OK && w.n == n && (n == 0 || memcmp(out, data, n) == 0));
	free(out);
	for (const struct pl_attr *a = list; a != NULL; a = a->next) {
		FUZZ_LAW(!a->tv || (a->numeric && a->value <= UINT16_MAX));
		FUZZ_LAW(strlen(dump_attr(PROTO_ISAKMP, a, line, sizeof(line))) < sizeof(line));
		FUZZ_LAW(strlen(dump_attr(PROTO_ESP, a, line, sizeof(line))) < sizeof(line));
	}
	return 0;
}
