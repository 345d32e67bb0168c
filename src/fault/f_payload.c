/* src/fault/f_payload.c - lies in payloads other than SA, in the HASH, the padding, the header. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_local.h"

#include <arpa/inet.h>
#include <string.h>

#define HDR_CKY_R   8 /* offsets in the header, RFC 2408 3.1 */
#define HDR_NEXT    16
#define HDR_VERSION 17
#define HDR_FLAGS   19
#define HDR_LENGTH  24

/* ---- the list of payloads ---- */

static void
take_out(struct msg *m, const struct pl *pl)
{
	struct pl **at = &m->first;

	while (*at != pl)
		at = &(*at)->next;
	*at = pl->next;
	if (*at == NULL)
		m->tail = at;
	m->count--;
}

static uint8_t *
copy_raw(struct fault_call *c, struct pl *pl, size_t room)
{
	uint8_t *p = arena_alloc(c->hit->mem, room);

	if (p == NULL)
		return NULL;
	memcpy(p, pl->u.raw.p, pl->u.raw.n < room ? pl->u.raw.n : room);
	pl->raw = pl->u.raw = CHUNK(p, room);
	return p;
}

bool
w_payload(struct fault_call *c)
{
	return msg_find(c->hit->out, (uint8_t)c->how, NULL) != NULL;
}

enum ike_err
f_omit(struct fault_call *c)
{
	take_out(c->hit->out, msg_find(c->hit->out, (uint8_t)c->how, NULL));
	fault_say(c, "%s goes without its %s payload", c->key->label,
	    payload_name((uint8_t)c->how));
	return IKE_OK;
}

/* ---- KE ---- */

enum { KE_OMIT, KE_EMPTY, KE_ZERO, KE_ONE, KE_TOP, KE_SHORT, KE_LONG }; /* the row's words */

/* p - 1, or what no curve has. */
static void
fill_top(struct fault_call *c, uint8_t *out, size_t n)
{
	struct chunk top = dh_top(c->hit->crypto, c->hit->dh);

	memset(out, 0xff, n);
	if (top.n == n)
		memcpy(out, top.p, n);
}

enum ike_err
f_bad_ke(struct fault_call *c)
{
	struct pl *ke = msg_find(c->hit->out, ISAKMP_PL_KE, NULL);
	unsigned lie = c->v[0].choice;
	size_t was = ke->u.raw.n, n = was;
	uint8_t *p;

	if (lie == KE_OMIT) {
		take_out(c->hit->out, ke);
		fault_say(c, "%s goes without its KE payload", c->key->label);
		return IKE_OK;
	}
	n = lie == KE_EMPTY ? 0 : lie == KE_SHORT ? was - 1 : lie == KE_LONG ? was + 1 : was;
	p = copy_raw(c, ke, n);
	if (p == NULL)
		return IKE_E_NOMEM;
	if (lie == KE_ZERO || lie == KE_ONE)
		memset(p, 0, n);
	if (lie == KE_ONE)
		p[n - 1] = 1;
	if (lie == KE_TOP)
		fill_top(c, p, n);
	fault_say(c, "the public value of %s is %s: %zu octets in place of %zu", c->key->label,
	    c->v[0].text, n, was);
	return IKE_OK;
}

bool
w_no_ke(struct fault_call *c)
{
	return msg_find(c->hit->out, ISAKMP_PL_KE, NULL) == NULL && c->hit->dh != NULL;
}

enum ike_err
f_extra_ke(struct fault_call *c)
{
	size_t n = c->hit->dh->public_len;
	uint8_t *p = arena_alloc(c->hit->mem, n);
	struct pl *nonce = msg_find(c->hit->out, ISAKMP_PL_NONCE, NULL), *ke;

	if (p == NULL || (ke = ARENA_NEW(c->hit->mem, struct pl)) == NULL)
		return IKE_E_NOMEM;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)fault_random(c->armed);
	p[0] &= 0x7f; /* below every prime */
	*ke = (struct pl){.type = ISAKMP_PL_KE,
	    .def = payload_def(ISAKMP_PL_KE),
	    .raw = CHUNK(p, n),
	    .u.raw = CHUNK(p, n),
	    .next = nonce->next};
	nonce->next = ke;
	if (ke->next == NULL)
		c->hit->out->tail = &ke->next;
	c->hit->out->count++;
	fault_say(c, "%s has a KE payload of group %u, though there is no PFS", c->key->label,
	    c->hit->dh->id);
	return IKE_OK;
}

/* ---- NAT-D ---- */

enum ike_err
f_natd(struct fault_call *c)
{
	unsigned n = 0;

	for (struct pl *pl = msg_find(c->hit->out, ISAKMP_PL_NATD, NULL); pl != NULL;
	     pl = msg_next(pl), n++) {
		uint8_t *p = copy_raw(c, pl, pl->u.raw.n);

		if (p == NULL)
			return IKE_E_NOMEM;
		p[0] ^= 0xff;
	}
	fault_say(c, "%u NAT-D hashes of %s are of other addresses", n, c->key->label);
	return IKE_OK;
}

/* ---- HASH ---- */

enum ike_err
f_hash_model(struct fault_call *c)
{
	struct pl *hash = msg_find(c->hit->out, ISAKMP_PL_HASH, NULL);
	uint8_t *p = copy_raw(c, hash, hash->u.raw.n);

	if (p == NULL)
		return IKE_E_NOMEM;
	p[hash->u.raw.n - 1] ^= 1;
	fault_say(c, "the last bit of HASH_R in %s is wrong", c->key->label);
	return IKE_OK;
}

enum ike_err
f_hash_plain(struct fault_call *c)
{
	c->hit->bytes->base[ISAKMP_HDR_LEN + ISAKMP_GENERIC_LEN] ^= 1;
	fault_say(c, "one bit of the HASH in %s is wrong", c->key->label);
	return IKE_OK;
}

enum ike_err
f_no_hash(struct fault_call *c)
{
	*c->hit->no_hash = true;
	fault_say(c, "%s goes without its HASH payload", c->key->label);
	return IKE_OK;
}

enum ike_err
f_garble(struct fault_call *c)
{
	for (size_t i = 0; i < c->hit->iv_len; i++)
		c->hit->iv[i] ^= 0xff;
	fault_say(c, "%s is encrypted with a wrong IV", c->key->label);
	return IKE_OK;
}

/* ---- identities of Quick Mode ---- */

enum { IDS_SWAP, IDS_NARROW, IDS_WIDEN, IDS_OMIT, IDS_ONE, IDS_THREE }; /* the row's words */

bool
w_ids(struct fault_call *c)
{
	return msg_count(c->hit->out, ISAKMP_PL_ID) == 2;
}

/* Half of the network, or twice as much; a single address becomes a subnet of two. */
static enum ike_err
resize(struct fault_call *c, struct pl *id, bool wider)
{
	bool subnet = id->u.id.kind == ID_IPV4_ADDR_SUBNET || id->u.id.kind == ID_IPV6_ADDR_SUBNET;
	bool single = id->u.id.kind == ID_IPV4_ADDR || id->u.id.kind == ID_IPV6_ADDR;
	size_t size = single ? id->u.id.data.n : id->u.id.data.n / 2;
	uint8_t *p = arena_alloc(c->hit->mem, 2 * size);
	unsigned bits = 0, all = 8 * (unsigned)size;

	if (p == NULL)
		return IKE_E_NOMEM;
	memcpy(p, id->u.id.data.p, size);
	if (subnet)
		while (bits < all && (id->u.id.data.p[size + bits / 8] & 0x80 >> bits % 8) != 0)
			bits++;
	else
		bits = all;
	if (wider && bits > 0)
		bits--;
	else if (!wider && bits < all)
		bits++;
	for (unsigned i = 0; i < all; i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);

		if (i < bits)
			p[size + i / 8] |= bit;
		else
			p[i / 8] &= (uint8_t)~bit;
	}
	id->u.id.kind = size == 4 ? ID_IPV4_ADDR_SUBNET : ID_IPV6_ADDR_SUBNET;
	id->u.id.data = CHUNK(p, 2 * size);
	return IKE_OK;
}

enum ike_err
f_ids(struct fault_call *c)
{
	struct msg *m = c->hit->out;
	struct pl *first = msg_find(m, ISAKMP_PL_ID, NULL), *second = msg_next(first), *third;
	struct pl_id tmp = first->u.id;
	enum ike_err e = IKE_OK;

	switch (c->v[0].choice) {
	case IDS_SWAP:
		first->u.id = second->u.id;
		second->u.id = tmp;
		break;
	case IDS_NARROW:
	case IDS_WIDEN:
		e = resize(c, first, c->v[0].choice == IDS_WIDEN);
		if (e == IKE_OK)
			e = resize(c, second, c->v[0].choice == IDS_WIDEN);
		break;
	case IDS_OMIT:
		take_out(m, first);
		take_out(m, second);
		break;
	case IDS_ONE:
		take_out(m, second);
		break;
	default:
		third = ARENA_NEW(c->hit->mem, struct pl);
		if (third == NULL)
			return IKE_E_NOMEM;
		*third = *second;
		second->next = third;
		if (third->next == NULL)
			m->tail = &third->next;
		m->count++;
	}
	fault_say(c, "proxy identities of %s: %s", c->key->label, c->v[0].text);
	return e;
}

/* ---- DPD ---- */

bool
w_ack(struct fault_call *c)
{
	const struct pl *n = msg_find(c->hit->out, ISAKMP_PL_N, NULL);

	return n != NULL && n->u.notify.type == N_R_U_THERE_ACK && n->u.notify.data.n == 4;
}

enum ike_err
f_ack_seq(struct fault_call *c)
{
	struct pl_notify *n = &msg_find(c->hit->out, ISAKMP_PL_N, NULL)->u.notify;
	uint32_t *seq = ARENA_NEW(c->hit->mem, uint32_t), was;

	if (seq == NULL)
		return IKE_E_NOMEM;
	memcpy(&was, n->data.p, sizeof(was));
	*seq = htonl(ntohl(was) + 1000);
	n->data = CHUNK((const uint8_t *)seq, sizeof(*seq));
	fault_say(c, "R-U-THERE-ACK has sequence number 0x%x in place of 0x%x", ntohl(*seq),
	    ntohl(was));
	return IKE_OK;
}

/* ---- the header ---- */

static void
lie_in_header(struct fault_call *c, uint8_t *h)
{
	const char *label = c->key->label;
	uint8_t cookie[ISAKMP_COOKIE_LEN];
	uint32_t length;

	switch (c->how) {
	case HDR_LIE_COOKIE_ZERO:
		memset(h + HDR_CKY_R, 0, ISAKMP_COOKIE_LEN);
		fault_say(c, "the responder's cookie in %s is zero", label);
		break;
	case HDR_LIE_COOKIE_SWAP:
		memcpy(cookie, h, sizeof(cookie));
		memcpy(h, h + HDR_CKY_R, sizeof(cookie));
		memcpy(h + HDR_CKY_R, cookie, sizeof(cookie));
		fault_say(c, "the cookies in %s are swapped", label);
		break;
	case HDR_LIE_FLAGS:
		h[HDR_FLAGS] ^= ISAKMP_FLAG_ENCRYPT;
		fault_say(c, "the encryption bit in the header of %s says %s", label,
		    (h[HDR_FLAGS] & ISAKMP_FLAG_ENCRYPT) != 0 ? "encrypted, it is not" :
								"clear, it is not");
		break;
	case HDR_LIE_VERSION:
		h[HDR_VERSION] = 0x20;
		fault_say(c, "the header of %s says version 2.0", label);
		break;
	case HDR_LIE_LENGTH:
		memcpy(&length, h + HDR_LENGTH, sizeof(length));
		length = htonl(ntohl(length) + (uint32_t)c->v[0].number);
		memcpy(h + HDR_LENGTH, &length, sizeof(length));
		fault_say(c, "the header of %s says %u octets, it has %u", label, ntohl(length),
		    ntohl(length) - (uint32_t)c->v[0].number);
		break;
	default:
		h[HDR_NEXT] = 255;
		fault_say(c, "the first payload of %s is said to be of type 255", label);
	}
}

enum ike_err
f_header(struct fault_call *c)
{
	lie_in_header(c, c->hit->bytes->base);
	return IKE_OK;
}

/* Zero is always at hand; the id of an earlier message must have been seen. */
bool
w_mid(struct fault_call *c)
{
	uint32_t now = c->hit->out->hdr.msgid, before = c->armed->last_msgid;

	if (c->how == 0)
		return now != 0;
	if (before != 0 && before != now)
		return true;
	c->armed->last_msgid = now;
	return false;
}

enum ike_err
f_mid(struct fault_call *c)
{
	struct isakmp_hdr *h = &c->hit->out->hdr;

	fault_say(c, "the message id of %s is %08x in place of %08x", c->key->label,
	    c->how == 0 ? 0 : c->armed->last_msgid, h->msgid);
	h->msgid = c->how == 0 ? 0 : c->armed->last_msgid;
	return IKE_OK;
}
