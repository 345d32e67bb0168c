/* wire/payload.c - the table of payloads and the walk over a chain of them. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"

#include "wire_local.h"

#define ROW(pl, word, least, most, codec)                                               \
	{                                                                               \
		.type = ISAKMP_PL_##pl, .name = (word), .min = (least), .max = (most),   \
		.get = pl_##codec##_get, .put = pl_##codec##_put                         \
	}

/* NONCE: RFC 2409 5 demands 8 to 256 octets.  An empty VID is odd but harmless. */
static const struct pl_def defs[] = {
    ROW(SA, "SA", 8, 0, sa),
    ROW(KE, "KE", 1, 0, raw),
    ROW(ID, "ID", 4, 0, id),
    ROW(CERT, "CERT", 1, 0, cert),
    ROW(CR, "CR", 1, 0, cert),
    ROW(HASH, "HASH", 1, 0, raw),
    ROW(SIG, "SIG", 1, 0, raw),
    ROW(NONCE, "NONCE", 8, 256, raw),
    ROW(N, "N", 8, 0, notify),
    ROW(D, "D", 8, 0, delete),
    ROW(VID, "VID", 0, 0, raw),
    ROW(CFG, "CFG", 4, 0, cfg),
    ROW(NATD, "NAT-D", 1, 0, raw),
    ROW(NATOA, "NAT-OA", 8, 20, natoa),
    ROW(NATD_DRAFT, "NAT-D", 1, 0, raw),
    ROW(NATOA_DRAFT, "NAT-OA", 8, 20, natoa),
    ROW(FRAG, "FRAG", 5, 0, frag),
};

const struct pl_def *
payload_def(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(defs); i++)
		if (defs[i].type == type)
			return &defs[i];
	return NULL;
}

const char *
payload_name(uint8_t type)
{
	const struct pl_def *def = payload_def(type);

	return def != NULL ? def->name : "UNKNOWN";
}

uint8_t
payload_canon(uint8_t type)
{
	switch (type) {
	case ISAKMP_PL_NATD_DRAFT:
		return ISAKMP_PL_NATD;
	case ISAKMP_PL_NATOA_DRAFT:
		return ISAKMP_PL_NATOA;
	default:
		return type;
	}
}

uint64_t
payload_bit(uint8_t type)
{
	if (payload_def(type) == NULL)
		return P(UNKNOWN_BIT);
	if (type == ISAKMP_PL_FRAG)
		return P(FRAG_BIT);
	return UINT64_C(1) << payload_canon(type);
}

void
wire_zero(struct cur *c, size_t n, const char *field)
{
	struct chunk o = cur_bytes(c, n, field);

	for (size_t i = 0; i < o.n; i++)
		if (o.p[i] != 0)
			cur_fail(c, IKE_E_SYNTAX, field);
}

struct cur
wire_box(struct cur *c, uint8_t *next)
{
	uint16_t len;

	*next = cur_u8(c, "next payload");
	wire_zero(c, 1, "RESERVED");
	len = cur_u16(c, "payload length");
	if (cur_ok(c) && len < ISAKMP_GENERIC_LEN) {
		cur_fail(c, IKE_E_SYNTAX, "payload length");
		len = ISAKMP_GENERIC_LEN;
	}
	return cur_sub(c, (size_t)len - ISAKMP_GENERIC_LEN, "payload length");
}

/* Decode one body; what is wrong stands in the cursor. */
static void
body_get(struct cur *body, struct pl *pl, struct arena *mem)
{
	const struct pl_def *def = pl->def;
	enum ike_err e;

	if (def == NULL) {
		(void)cur_rest(body);
		return;
	}
	if (cur_left(body) < def->min)
		cur_fail(body, IKE_E_SHORT, "payload length");
	else if (def->max != 0 && cur_left(body) > def->max)
		cur_fail(body, IKE_E_TRAIL, "payload length");
	else if ((e = def->get(body, pl, mem)) != IKE_OK)
		cur_fail(body, e, "end");
}

static enum ike_err
one_get(struct cur *c, uint8_t *type, struct pl **out, struct arena *mem)
{
	struct pl *pl = ARENA_NEW(mem, struct pl);
	uint8_t next;
	struct cur body = wire_box(c, &next);

	if (!cur_ok(c))
		return c->err;
	if (pl == NULL) {
		cur_fail(c, IKE_E_NOMEM, "payload");
		return c->err;
	}
	pl->type = *type;
	pl->def = payload_def(*type);
	pl->raw = CHUNK(body.p, cur_left(&body));
	body_get(&body, pl, mem);
	cur_close_sub(c, &body);
	*type = next;
	*out = pl;
	return c->err;
}

enum ike_err
payload_chain_get(struct chunk octets, uint8_t first, struct pl **list, size_t *end,
    struct arena *mem, struct why *w)
{
	struct cur c = cur_from(octets);
	struct pl *got = NULL, **tail = &got;
	uint8_t type = first, now;
	unsigned count;

	for (count = 0; type != ISAKMP_PL_NONE; count++) {
		now = type;
		if (count == PL_MAX_PAYLOADS)
			return why(w, IKE_E_LIMIT, "more than %d payloads", PL_MAX_PAYLOADS);
		if (one_get(&c, &type, tail, mem) != IKE_OK)
			return why(w, c.err, "payload %u, %s (%u): %s at octet %zu: %s", count + 1,
			    payload_name(now), now, c.field, c.at, err_text(c.err));
		tail = &(*tail)->next;
	}
	while (*list != NULL)
		list = &(*list)->next;
	*list = got;
	*end = octets.n - cur_left(&c);
	return IKE_OK;
}

void
payload_body_put(struct wbuf *w, const struct pl *pl)
{
	if (pl->def != NULL)
		pl->def->put(w, pl);
	else
		wb_put(w, pl->raw);
}

static void
one_put(struct wbuf *w, const struct pl *pl)
{
	const struct pl_forge *f = &pl->forge;
	uint8_t next = pl->next != NULL ? pl->next->type : ISAKMP_PL_NONE;
	uint8_t lie[2] = {(uint8_t)(f->len >> 8), (uint8_t)f->len};
	size_t at = w->n;
	struct wmark len;

	wb_u8(w, f->set_next ? f->next : next);
	wb_u8(w, f->set_reserved ? f->reserved : 0);
	len = wb_open16(w);
	payload_body_put(w, pl);
	wb_close16(w, len, at);
	if (f->set_len)
		wb_poke(w, len.at, CHUNK(lie, sizeof(lie)));
}

void
payload_chain_put(struct wbuf *w, const struct pl *list)
{
	for (; list != NULL; list = list->next)
		one_put(w, list);
}
