/* tests/unit/wire/test_hdr.c - the ISAKMP header, RFC 2408 3.1. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/hdr.h"

#include "wire_t.h"

static const char HDR[] = "75cc633d664fd556 0534fc1813e089e1 08 10 20 01 e582bf04 0000009c";

static void
fields(void)
{
	struct chunk o = hex(HDR);
	struct cur c = cur_from(o);
	struct isakmp_hdr h;
	uint8_t out[ISAKMP_HDR_LEN];
	struct wbuf w;

	T_OK(hdr_get(&c, &h));
	T_OK(cur_close(&c));
	T_MEM(h.cky_i, 8, "\x75\xcc\x63\x3d\x66\x4f\xd5\x56", 8);
	T_MEM(h.cky_r, 8, "\x05\x34\xfc\x18\x13\xe0\x89\xe1", 8);
	T_EQ(h.next, ISAKMP_PL_HASH);
	T_EQ(h.version, ISAKMP_VERSION);
	T_EQ(h.exchange, ISAKMP_XCHG_QUICK);
	T_EQ(h.flags, ISAKMP_FLAG_ENCRYPT);
	T_EQ(h.msgid, 0xe582bf04);
	T_EQ(h.length, 156);
	wb_init(&w, out, sizeof(out));
	hdr_put(&w, &h);
	T_OK(w.err);
	T_MEM(out, w.n, o.p, o.n);
}

static void
cut_at_every_octet(void)
{
	struct chunk o = hex(HDR);

	for (size_t n = 0; n < o.n; n++) {
		uint8_t *p = malloc(n > 0 ? n : 1);
		struct cur c = cur_from(CHUNK(p, n));
		struct isakmp_hdr h;

		memcpy(p, o.p, n);
		T_ERR(hdr_get(&c, &h), IKE_E_SHORT);
		free(p);
	}
}

static void
overflow(void)
{
	struct isakmp_hdr h = {.next = 1};
	uint8_t out[ISAKMP_HDR_LEN - 1];
	struct wbuf w;

	wb_init(&w, out, sizeof(out));
	hdr_put(&w, &h);
	T_ERR(w.err, IKE_E_NOMEM);
}

static void
zero_cookies(void)
{
	uint8_t c[ISAKMP_COOKIE_LEN] = {0};

	T_TRUE(hdr_cookie_zero(c));
	for (int i = 0; i < ISAKMP_COOKIE_LEN; i++) {
		c[i] = 0x80;
		T_TRUE(!hdr_cookie_zero(c));
		c[i] = 0;
	}
}

int
main(void)
{
	wire_setup();
	T_RUN(fields);
	T_RUN(cut_at_every_octet);
	T_RUN(overflow);
	T_RUN(zero_cookies);
	wire_teardown();
	return T_DONE();
}
