/* tests/fuzz/fuzz_msg.c - whole messages, clear or decrypted: header, chain, words, and back */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/dump.h"
#include "wire_body.h"

static void
encode(const struct msg *m, const uint8_t *data)
{
	size_t n = ISAKMP_HDR_LEN + m->plain.n;
	uint8_t *out = malloc(n);
	struct wbuf w;

	FUZZ_LAW(out != NULL);
	wb_init(&w, out, n);
	msg_encode(&w, m);
	FUZZ_LAW(w.err == IKE_OK && w.n == n);
	FUZZ_LAW(memcmp(out, data, 24) == 0); /* all but the length, which leaves padding out */
	FUZZ_LAW(memcmp(out + ISAKMP_HDR_LEN, data + ISAKMP_HDR_LEN, m->plain.n) == 0);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cur c = cur_from(CHUNK(data, n));
	struct why w = {0};
	struct isakmp_hdr h;
	struct msg m;
	char line[300];
	size_t octets = 0;
	unsigned count = 0;

	if (hdr_get(&c, &h) != IKE_OK)
		return 0;
	msg_init(&m, &h);
	if (msg_decode(&m, cur_rest(&c), fuzz_arena(), &w) != IKE_OK) {
		FUZZ_LAW(w.text[0] != '\0' && m.first == NULL);
		return 0;
	}
	FUZZ_LAW(m.count <= PL_MAX_PAYLOADS && m.plain.n <= n - ISAKMP_HDR_LEN);
	for (const struct pl *p = m.first; p != NULL; p = p->next)
		count += (payload_bit(p->type) & ~msg_set(&m)) == 0;
	FUZZ_LAW(count == m.count);
	FUZZ_LAW(strlen(dump_line(&m, n, line, sizeof(line))) < sizeof(line));
	dump_full(&m, fuzz_line, &octets);
	FUZZ_LAW(octets > 0);
	encode(&m, data);
	return 0;
}
