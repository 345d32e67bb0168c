/* wire/hdr.c - the ISAKMP header in and out. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/hdr.h"

#include <string.h>

static void
cookie_get(struct cur *c, uint8_t cookie[ISAKMP_COOKIE_LEN], const char *field)
{
	struct chunk o = cur_bytes(c, ISAKMP_COOKIE_LEN, field);

	if (cur_ok(c))
		memcpy(cookie, o.p, ISAKMP_COOKIE_LEN);
	else
		memset(cookie, 0, ISAKMP_COOKIE_LEN);
}

enum ike_err
hdr_get(struct cur *c, struct isakmp_hdr *h)
{
	cookie_get(c, h->cky_i, "initiator cookie");
	cookie_get(c, h->cky_r, "responder cookie");
	h->next = cur_u8(c, "next payload");
	h->version = cur_u8(c, "version");
	h->exchange = cur_u8(c, "exchange type");
	h->flags = cur_u8(c, "flags");
	h->msgid = cur_u32(c, "message id");
	h->length = cur_u32(c, "length");
	return c->err;
}

void
hdr_put(struct wbuf *w, const struct isakmp_hdr *h)
{
	wb_put(w, CHUNK(h->cky_i, ISAKMP_COOKIE_LEN));
	wb_put(w, CHUNK(h->cky_r, ISAKMP_COOKIE_LEN));
	wb_u8(w, h->next);
	wb_u8(w, h->version);
	wb_u8(w, h->exchange);
	wb_u8(w, h->flags);
	wb_u32(w, h->msgid);
	wb_u32(w, h->length);
}

bool
hdr_cookie_zero(const uint8_t cookie[ISAKMP_COOKIE_LEN])
{
	static const uint8_t zero[ISAKMP_COOKIE_LEN];

	return memcmp(cookie, zero, sizeof(zero)) == 0;
}
