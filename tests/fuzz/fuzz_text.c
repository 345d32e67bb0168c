/*
 * tests/fuzz/fuzz_text.c - text from files and peers: addresses, prefixes, hex, words, log escapes
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"
#include "base/hexdump.h"
#include "base/names.h"
#include "wire_body.h"

/* What parses is printed, and the print parses to the same. */
static void
addresses(const char *s)
{
	struct addr a, b;
	struct prefix p, q;
	char buf[PREFIX_TEXT];

	if (addr_parse(s, &a))
		FUZZ_LAW(addr_parse(addr_print(&a, buf, sizeof(buf)), &b) && addr_eq(&a, &b));
	if (prefix_parse(s, &p)) {
		FUZZ_LAW(prefix_parse(prefix_print(&p, buf, sizeof(buf)), &q) && prefix_eq(&p, &q));
		FUZZ_LAW(prefix_has(&p, &p.addr) && p.bits <= addr_bits(&p.addr));
		(void)prefix_print_mask(&p, buf, sizeof(buf));
	}
}

static void
escapes(const uint8_t *data, size_t n)
{
	for (size_t cap = 0; cap < 20; cap++) {
		char *buf = malloc(cap + 1);
		size_t k;

		FUZZ_LAW(buf != NULL);
		k = hexdump_text(CHUNK(data, n), buf, cap);
		FUZZ_LAW(cap == 0 || (k < cap && strlen(buf) == k));
		for (size_t i = 0; i < k; i++)
			FUZZ_LAW(buf[i] >= ' ' && buf[i] <= '~');
		free(buf);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct name words[] = {{1, "encryption"}, {2, "lifetime"}, {3, "pfs"},
	    {0, NULL}};
	char *s = malloc(n + 1);
	uint8_t out[16];
	long k;

	FUZZ_LAW(s != NULL);
	if (n > 0)
		memcpy(s, data, n);
	s[n] = '\0';
	addresses(s);
	escapes(data, n);
	k = hexdump_parse(s, out, sizeof(out));
	FUZZ_LAW(k >= -1 && k <= (long)sizeof(out));
	(void)names_nearest(words, s);
	FUZZ_LAW(names_distance(s, s) == 0);
	free(s);
	return 0;
}
