/*
 * prologue.c - the Main Mode of an ISAKMP SA that is older than the capture, made up so far that
 * Wireshark can go on from there.
 *
 * For a message under the SA it wants to know the algorithms (from messages 1 and 2), that there
 * were public values (3 and 4) and the last block of phase 1 (the end of message 6), from which the
 * IVs of all later exchanges come (RFC 2409 B).  The key comes from its table.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/wbuf.h"
#include "io/capture.h"
#include "io_local.h"
#include "wire/hdr.h"
#include "wire/isakmp.h"

/* Header and marker; the length of the message is written by end(). */
static void
begin(struct wbuf *w, uint8_t *room, const struct ike_key_info *k, unsigned number, uint8_t next)
{
	struct isakmp_hdr h = {.next = next,
	    .version = ISAKMP_VERSION,
	    .exchange = ISAKMP_XCHG_MAIN,
	    .flags = number > 4 ? ISAKMP_FLAG_ENCRYPT : 0};

	wb_init(w, room, PROLOGUE_MAX);
	if (k->path.marker)
		wb_zero(w, ISAKMP_NON_ESP_LEN);
	memcpy(h.cky_i, k->cky_i, sizeof(h.cky_i));
	if (number > 1)
		memcpy(h.cky_r, k->cky_r, sizeof(h.cky_r));
	hdr_put(w, &h);
}

static struct chunk
end(struct wbuf *w, const struct ike_key_info *k)
{
	size_t at = k->path.marker ? ISAKMP_NON_ESP_LEN : 0;
	uint32_t n = (uint32_t)(w->n - at);
	const uint8_t net[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
	    (uint8_t)n};

	wb_poke(w, at + ISAKMP_HDR_LEN - sizeof(net), CHUNK(net, sizeof(net)));
	return wb_view(w);
}

/* A payload's or a substructure's head: next, reserved, and room for the length. */
static struct wmark
open_box(struct wbuf *w)
{
	wb_u8(w, 0);
	wb_u8(w, 0);
	return wb_open16(w);
}

static void
close_box(struct wbuf *w, struct wmark m)
{
	wb_close16(w, m, m.at - 2);
}

static void
attribute(struct wbuf *w, uint16_t type, uint16_t value)
{
	wb_u16(w, 0x8000 | type);
	wb_u16(w, value);
}

static void
sa_payload(struct wbuf *w, const struct ike_key_info *k)
{
	struct wmark sa = open_box(w), proposal, transform;

	wb_u32(w, IPSEC_DOI);
	wb_u32(w, IPSEC_SIT_IDENTITY);
	proposal = open_box(w);
	wb_u8(w, 1);
	wb_u8(w, PROTO_ISAKMP);
	wb_u8(w, 0);
	wb_u8(w, 1); /* transform */
	transform = open_box(w);
	wb_u8(w, 1);
	wb_u8(w, 1); /* KEY_IKE */
	wb_u16(w, 0);
	attribute(w, P1A_ENCRYPTION, k->cipher->ike_id);
	if (k->cipher->key_length_attr)
		attribute(w, P1A_KEY_LENGTH, k->cipher->key_bits);
	attribute(w, P1A_HASH, k->hash->ike_id);
	attribute(w, P1A_AUTH, k->auth);
	attribute(w, P1A_GROUP, k->dh->id);
	close_box(w, transform);
	close_box(w, proposal);
	close_box(w, sa);
}

/* Nobody needs the value any more. */
static void
ke_payload(struct wbuf *w)
{
	struct wmark ke = open_box(w);

	wb_zero(w, 16);
	close_box(w, ke);
}

struct chunk
prologue_message(const struct ike_key_info *k, unsigned number, uint8_t *room)
{
	struct wbuf w;

	if (number <= 2) {
		begin(&w, room, k, number, ISAKMP_PL_SA);
		sa_payload(&w, k);
	} else if (number <= 4) {
		begin(&w, room, k, number, ISAKMP_PL_KE);
		ke_payload(&w);
	} else {
		begin(&w, room, k, number, 0);
		wb_put(&w, CHUNK(k->last_block, k->cipher->block));
	}
	return end(&w, k);
}
