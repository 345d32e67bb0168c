/* wire/hdr.h - the ISAKMP header, RFC 2408 3.1. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_HDR_H
#define WIRE_HDR_H

#include "base/cur.h"
#include "base/wbuf.h"
#include "wire/isakmp.h"

struct isakmp_hdr {
	uint8_t	 cky_i[ISAKMP_COOKIE_LEN], cky_r[ISAKMP_COOKIE_LEN];
	uint8_t	 next;	  /* type of the first payload */
	uint8_t	 version; /* major in the high half: 0x10 */
	uint8_t	 exchange, flags;
	uint32_t msgid, length; /* host order; length in octets of the whole message */
};

/* Read the header; only its size is checked (IKE_E_SHORT). */
enum ike_err hdr_get(struct cur *, struct isakmp_hdr *) MUST_USE;

void hdr_put(struct wbuf *, const struct isakmp_hdr *);

bool hdr_cookie_zero(const uint8_t cookie[ISAKMP_COOKIE_LEN]);

#endif
