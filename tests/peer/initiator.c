/* tests/peer/initiator.c - the initiator's phase 1, informational exchange and tools. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/peer_local.h"

void
peer_must(enum ike_err e, const char *what)
{
	if (e == IKE_OK)
		return;
	fprintf(stderr, "initiator: %s: %s\n", what, err_text(e));
	abort();
}

static void
fetch_alg_defaults(struct ini_offer *o, const struct alg_group *group)
{
	o->cipher = alg_cipher_named("aes-128");
	o->hash = alg_hash_named("sha1");
	o->group = group;
	o->life_s = 86400;
}

void
ini_init(struct initiator *i, struct crypto *crypto, const char *local, const char *remote,
    const char *psk, const struct alg_group *group)
{
	memset(i, 0, sizeof(*i));
	i->crypto = crypto;
	if (!addr_parse(local, &i->local.addr) || !addr_parse(remote, &i->remote.addr))
		peer_must(IKE_E_SYNTAX, "address");
	i->local.port = i->remote.port = ISAKMP_PORT;
	fetch_alg_defaults(&i->offers[0], group);
	i->offer_count = 1;
	i->psk_n = strlen(psk);
	if (i->psk_n > sizeof(i->psk))
		peer_must(IKE_E_LIMIT, "psk");
	memcpy(i->psk, psk, i->psk_n);
	i->id = ini_id(i->local.addr.family == ADDR_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR, local);
	i->vids = VID_DPD;
	i->nonce_len = 20;
	i->mem = arena_new(1 << 20);
	if (i->mem == NULL)
		peer_must(IKE_E_NOMEM, "arena");
	crypto_random(crypto, i->cky_i, sizeof(i->cky_i));
	i->dpd_seq = 1000;
}

void
ini_fini(struct initiator *i)
{
	dh_free(i->dh);
	arena_free(i->mem);
	secret_wipe_mem(i, sizeof(*i));
}

static void
id_subnet(struct ini_id *id, const char *text)
{
	struct prefix p;
	size_t	      n;

	if (!prefix_parse(text, &p))
		peer_must(IKE_E_SYNTAX, text);
	n = addr_octets(&p.addr).n;
	memcpy(id->data, p.addr.b, n);
	memset(id->data + n, 0, n);
	for (unsigned b = 0; b < p.bits; b++)
		id->data[n + b / 8] |= (uint8_t)(0x80 >> b % 8);
	id->n = 2 * n;
}

static void
id_range(struct ini_id *id, const char *text)
{
	char	    buf[2 * ADDR_TEXT], *dash;
	struct addr a, b;
	size_t	    n;

	snprintf(buf, sizeof(buf), "%s", text);
	dash = strchr(buf, '-');
	if (dash == NULL)
		peer_must(IKE_E_SYNTAX, text);
	*dash = '\0';
	if (!addr_parse(buf, &a) || !addr_parse(dash + 1, &b))
		peer_must(IKE_E_SYNTAX, text);
	n = addr_octets(&a).n;
	memcpy(id->data, a.b, n);
	memcpy(id->data + n, b.b, n);
	id->n = 2 * n;
}

struct ini_id
ini_id(uint8_t kind, const char *text)
{
	struct ini_id id = {.kind = kind};
	struct addr   a;

	switch (kind) {
	case ID_IPV4_ADDR:
	case ID_IPV6_ADDR:
		if (!addr_parse(text, &a))
			peer_must(IKE_E_SYNTAX, text);
		id.n = addr_octets(&a).n;
		memcpy(id.data, a.b, id.n);
		break;
	case ID_IPV4_ADDR_SUBNET:
	case ID_IPV6_ADDR_SUBNET:
		id_subnet(&id, text);
		break;
	case ID_IPV4_ADDR_RANGE:
	case ID_IPV6_ADDR_RANGE:
		id_range(&id, text);
		break;
	default:
		id.n = strlen(text);
		if (id.n > sizeof(id.data))
			id.n = sizeof(id.data);
		memcpy(id.data, text, id.n);
	}
	return id;
}

bool
peer_id_from(struct ini_id *id, const struct pl_id *pl)
{
	if (pl->data.n > sizeof(id->data))
		return false;
	memset(id, 0, sizeof(*id));
	id->kind = pl->kind;
	id->proto = pl->proto;
	id->port = pl->port;
	id->n = pl->data.n;
	if (id->n > 0)
		memcpy(id->data, pl->data.p, id->n);
	return true;
}

/* ---- messages out ---- */

struct isakmp_hdr
peer_hdr(const struct initiator *i, uint8_t exchange, uint8_t flags, uint32_t msgid)
{
	struct isakmp_hdr h = {.version = ISAKMP_VERSION,
	    .exchange = exchange,
	    .flags = flags,
	    .msgid = msgid};

	memcpy(h.cky_i, i->cky_i, 8);
	memcpy(h.cky_r, i->cky_r, 8);
	return h;
}

struct pl *
peer_add(struct initiator *i, struct msg *m, uint8_t type, struct chunk data)
{
	struct chunk copy = arena_copy(i->mem, data);
	struct pl   *pl;

	if (copy.p == NULL && data.n > 0)
		peer_must(IKE_E_NOMEM, "payload");
	pl = msg_add_raw(m, type, copy, i->mem);
	if (pl == NULL)
		peer_must(IKE_E_NOMEM, "payload");
	return pl;
}

static struct pl *
add_typed(struct initiator *i, struct msg *m, uint8_t type)
{
	struct pl *pl = msg_add(m, type, i->mem);

	if (pl == NULL)
		peer_must(IKE_E_NOMEM, "payload");
	return pl;
}

void
peer_add_id(struct initiator *i, struct msg *m, const struct ini_id *id)
{
	struct pl *pl = add_typed(i, m, ISAKMP_PL_ID);

	pl->u.id.kind = id->kind;
	pl->u.id.proto = id->proto;
	pl->u.id.port = id->port;
	pl->u.id.data = arena_copy(i->mem, CHUNK(id->data, id->n));
}

static void
add_vids(struct initiator *i, struct msg *m, unsigned vids)
{
	for (unsigned bit = 1; bit != 0 && bit <= VID_ALTIGA; bit <<= 1)
		if ((vids & bit) != 0)
			peer_add(i, m, ISAKMP_PL_VID, vid_octets((enum vid_cap)bit));
}

struct chunk
peer_send_clear(struct initiator *i, const char *label, struct msg *m)
{
	struct wbuf w;

	if (i->hooks.edit != NULL)
		i->hooks.edit(i->hooks.ctx, label, m, i->mem);
	wb_init(&w, i->out, sizeof(i->out));
	msg_encode(&w, m);
	if (i->hooks.wire != NULL)
		i->hooks.wire(i->hooks.ctx, label, &w);
	peer_must(w.err, label);
	return wb_view(&w);
}

static struct chunk
seal_hdr(struct initiator *i, struct isakmp_hdr h, struct chunk plain, uint8_t iv[16])
{
	const struct alg_cipher *c = i->chosen->cipher;
	struct wbuf		 w;
	size_t			 n = (plain.n + c->block - 1) / c->block * c->block;

	if (n == 0)
		n = c->block;
	h.length = (uint32_t)(ISAKMP_HDR_LEN + n);
	wb_init(&w, i->out, sizeof(i->out));
	hdr_put(&w, &h);
	wb_put(&w, plain);
	wb_zero(&w, n - plain.n);
	peer_must(w.err, "seal");
	peer_must(crypto_encrypt(i->crypto, c, secret_view(&i->key), iv, i->out + ISAKMP_HDR_LEN,
		      i->out + ISAKMP_HDR_LEN, n),
	    "encrypt");
	memcpy(iv, i->out + w.n - c->block, c->block);
	return wb_view(&w);
}

struct chunk
ini_seal(struct initiator *i, uint8_t exchange, uint8_t flags, uint32_t msgid, uint8_t first,
    struct chunk plain, uint8_t iv[16])
{
	struct isakmp_hdr h = peer_hdr(i, exchange, flags, msgid);

	h.next = first;
	return seal_hdr(i, h, plain, iv);
}

/* The octets behind the HASH payload, RFC 2409 5.5: what HASH(1) and HASH(2) cover. */
static void
fill_hash(struct initiator *i, struct msg *m, const struct peer_hash *ph, uint8_t *room, size_t cap)
{
	const struct alg_hash *h = i->chosen->hash;
	struct pl	      *hash = msg_find(m, ISAKMP_PL_HASH, NULL);
	struct chunk	       a = secret_view(&i->keys.a);
	uint8_t		      *out = arena_alloc(i->mem, ALG_MAX_HASH);
	struct wbuf	       w;
	enum ike_err	       e = IKE_OK;

	if (hash == NULL || ph->kind == 0)
		return;
	wb_init(&w, room, cap);
	if (hash->next != NULL)
		payload_chain_put(&w, hash->next);
	peer_must(w.err, "chain");
	if (ph->kind == 1)
		e = keymat_hash1(i->crypto, h, a, m->hdr.msgid, wb_view(&w), out);
	else if (ph->kind == 2)
		e = keymat_hash2(i->crypto, h, a, m->hdr.msgid, ph->ni, wb_view(&w), out);
	else
		e = keymat_hash3(i->crypto, h, a, m->hdr.msgid, ph->ni, ph->nr, out);
	peer_must(e, "HASH");
	hash->u.raw = CHUNK(out, h->len);
}

struct chunk
peer_send_enc(struct initiator *i, const char *label, struct msg *m, uint8_t iv[16],
    const struct peer_hash *ph)
{
	uint8_t	    *room = arena_alloc(i->mem, INI_OUT);
	struct wbuf  w;
	struct chunk sealed;

	if (room == NULL)
		peer_must(IKE_E_NOMEM, label);
	if (i->hooks.edit != NULL)
		i->hooks.edit(i->hooks.ctx, label, m, i->mem);
	if (ph != NULL)
		fill_hash(i, m, ph, room, INI_OUT);
	m->hdr.flags |= ISAKMP_FLAG_ENCRYPT;
	m->hdr.next = m->first != NULL ? m->first->type : ISAKMP_PL_NONE;
	wb_init(&w, room, INI_OUT - 64);
	if (m->first != NULL)
		payload_chain_put(&w, m->first);
	if (i->hooks.plain != NULL)
		i->hooks.plain(i->hooks.ctx, label, &w);
	peer_must(w.err, label);
	i->last_msgid = m->hdr.msgid;
	sealed = seal_hdr(i, m->hdr, wb_view(&w), iv);
	if (i->hooks.wire != NULL) {
		wb_init(&w, i->out, sizeof(i->out));
		w.n = sealed.n;
		i->hooks.wire(i->hooks.ctx, label, &w);
		sealed = wb_view(&w);
	}
	return sealed;
}

/* ---- messages in ---- */

static enum ike_err
read_hdr(struct initiator *i, struct chunk d, struct cur *c, struct isakmp_hdr *h, struct why *w)
{
	static const uint8_t zero[8];
	enum ike_err	     e;

	*c = cur_from(d);
	if ((e = hdr_get(c, h)) != IKE_OK)
		return why(w, e, "header");
	if (memcmp(h->cky_i, i->cky_i, 8) != 0)
		return why(w, IKE_E_COOKIE, "initiator cookie not ours");
	if (memcmp(i->cky_r, zero, 8) != 0 && memcmp(h->cky_r, i->cky_r, 8) != 0)
		return why(w, IKE_E_COOKIE, "responder cookie changed");
	if (h->version != ISAKMP_VERSION)
		return why(w, IKE_E_VERSION, "version %02x", h->version);
	if (h->length != d.n)
		return why(w, IKE_E_LENGTH, "header says %u, datagram has %zu", h->length, d.n);
	return IKE_OK;
}

static enum ike_err
read_clear(struct initiator *i, struct chunk d, uint8_t exchange, struct why *w)
{
	struct isakmp_hdr h;
	struct cur	  c;
	enum ike_err	  e;

	arena_reset(i->mem);
	if ((e = read_hdr(i, d, &c, &h, w)) != IKE_OK)
		return e;
	if (h.exchange != exchange)
		return why(w, IKE_E_EXCHANGE, "exchange %u, want %u", h.exchange, exchange);
	if (h.flags != 0 || (exchange == ISAKMP_XCHG_MAIN && h.msgid != 0))
		return why(w, IKE_E_FLAGS, "flags %02x, message id %08x", h.flags, h.msgid);
	msg_init(&i->in, &h);
	return msg_decode(&i->in, cur_rest(&c), i->mem, w);
}

enum ike_err
ini_open(struct initiator *i, struct chunk d, uint8_t iv[16], struct why *w)
{
	const struct alg_cipher *c = i->chosen->cipher;
	struct isakmp_hdr	 h;
	struct cur		 cur;
	struct chunk		 body;
	enum ike_err		 e;

	arena_reset(i->mem);
	if ((e = read_hdr(i, d, &cur, &h, w)) != IKE_OK)
		return e;
	body = cur_rest(&cur);
	if ((h.flags & ISAKMP_FLAG_ENCRYPT) == 0)
		return why(w, IKE_E_FLAGS, "not encrypted");
	if (body.n == 0 || body.n % c->block != 0 || body.n > sizeof(i->plain_in))
		return why(w, IKE_E_LENGTH, "%zu octets of ciphertext", body.n);
	e = crypto_decrypt(i->crypto, c, secret_view(&i->key), iv, body.p, i->plain_in, body.n);
	if (e != IKE_OK)
		return why(w, e, "decrypt");
	msg_init(&i->in, &h);
	if ((e = msg_decode(&i->in, CHUNK(i->plain_in, body.n), i->mem, w)) != IKE_OK)
		return e;
	memcpy(iv, body.p + body.n - c->block, c->block);
	return IKE_OK;
}

enum ike_err
peer_check_hash(struct initiator *i, const struct peer_hash *ph, struct why *w)
{
	const struct alg_hash *h = i->chosen->hash;
	const struct pl	      *hash = i->in.first;
	struct chunk	       a = secret_view(&i->keys.a), rest;
	uint8_t		       want[ALG_MAX_HASH];
	size_t		       skip = ISAKMP_GENERIC_LEN + (size_t)h->len;
	enum ike_err	       e;

	if (hash == NULL || hash->type != ISAKMP_PL_HASH)
		return why(w, IKE_E_MISSING, "HASH does not come first");
	if (hash->raw.n != h->len || i->in.plain.n < skip)
		return why(w, IKE_E_BAD_HASH, "HASH of %zu octets", hash->raw.n);
	rest = CHUNK(i->in.plain.p + skip, i->in.plain.n - skip);
	if (ph->kind == 1)
		e = keymat_hash1(i->crypto, h, a, i->in.hdr.msgid, rest, want);
	else if (ph->kind == 2)
		e = keymat_hash2(i->crypto, h, a, i->in.hdr.msgid, ph->ni, rest, want);
	else
		e = keymat_hash3(i->crypto, h, a, i->in.hdr.msgid, ph->ni, ph->nr, want);
	if (e != IKE_OK)
		return why(w, e, "HASH(%d)", ph->kind);
	if (!crypto_equal(hash->raw, CHUNK(want, h->len)))
		return why(w, IKE_E_BAD_HASH, "HASH(%d) does not verify", ph->kind);
	return IKE_OK;
}

/* ---- the SA payload ---- */

static void
add_attr(struct pl_attr ***tail, struct pl_attr *a)
{
	if (a == NULL)
		peer_must(IKE_E_NOMEM, "attribute");
	**tail = a;
	*tail = &a->next;
}

static struct pl_attr *
attr_life(struct initiator *i, uint16_t type, uint32_t value, bool tlv)
{
	struct pl_attr *a = attr_new_long(i->mem, type, value);
	uint8_t	       *four;

	if (a == NULL || !tlv || !a->tv)
		return a;
	four = arena_alloc(i->mem, 4);
	for (int k = 0; k < 4; k++)
		four[k] = (uint8_t)(value >> (24 - 8 * k));
	a->tv = false;
	a->data = CHUNK(four, 4);
	return a;
}

static struct pl_attr *
p1_attrs(struct initiator *i, const struct ini_offer *o)
{
	struct pl_attr *first = NULL, **tail = &first;

	add_attr(&tail, attr_new(i->mem, P1A_ENCRYPTION, o->cipher->ike_id));
	if (o->cipher->key_length_attr)
		add_attr(&tail, attr_new(i->mem, P1A_KEY_LENGTH, o->cipher->key_bits));
	add_attr(&tail, attr_new(i->mem, P1A_HASH, o->hash->ike_id));
	add_attr(&tail, attr_new(i->mem, P1A_GROUP, o->group->id));
	add_attr(&tail, attr_new(i->mem, P1A_AUTH, o->auth != 0 ? o->auth : AUTH_PSK));
	if (o->life_s != 0) {
		add_attr(&tail, attr_new(i->mem, P1A_LIFE_TYPE, LIFE_SECONDS));
		add_attr(&tail, attr_life(i, P1A_LIFE_DURATION, o->life_s, o->life_tlv));
	}
	if (o->life_kb != 0) {
		add_attr(&tail, attr_new(i->mem, P1A_LIFE_TYPE, LIFE_KILOBYTES));
		add_attr(&tail, attr_life(i, P1A_LIFE_DURATION, o->life_kb, o->life_tlv));
	}
	return first;
}

static void
p1_sa(struct initiator *i, struct pl_sa *sa)
{
	struct pl_proposal   *p = ARENA_NEW(i->mem, struct pl_proposal);
	struct pl_transform **tail = &p->transforms;

	sa->doi = IPSEC_DOI;
	sa->situation = IPSEC_SIT_IDENTITY;
	sa->proposals = p;
	p->number = 1;
	p->protocol = PROTO_ISAKMP;
	for (unsigned k = 0; k < i->offer_count; k++) {
		struct pl_transform *t = ARENA_NEW(i->mem, struct pl_transform);

		t->number = (uint8_t)(k + 1);
		t->id = IKE_TRANSFORM_KEY_IKE;
		t->attrs = p1_attrs(i, &i->offers[k]);
		*tail = t;
		tail = &t->next;
	}
}

static bool
same_attrs(const struct pl_attr *a, const struct pl_attr *b, bool any_order)
{
	unsigned n = 0;

	for (const struct pl_attr *x = a; any_order && x != NULL; x = x->next, n++) {
		const struct pl_attr *y = attr_find(b, x->type);

		if (y == NULL || y->tv != x->tv || !chunk_eq(x->data, y->data))
			return false;
	}
	for (const struct pl_attr *y = b; any_order && y != NULL; y = y->next)
		n--;
	if (any_order)
		return n == 0;
	for (; a != NULL && b != NULL; a = a->next, b = b->next)
		if (a->type != b->type || a->tv != b->tv || !chunk_eq(a->data, b->data))
			return false;
	return a == NULL && b == NULL;
}

int
peer_same_transform(struct initiator *i, struct chunk offer, const struct pl_sa *reply,
    unsigned *index, struct why *w)
{
	const struct pl_proposal *r = reply->proposals;
	struct cur		  c = cur_from(offer);
	struct pl		  mine = {.type = ISAKMP_PL_SA};
	int			  at = 0;

	if (payload_def(ISAKMP_PL_SA)->get(&c, &mine, i->mem) != IKE_OK)
		peer_must(IKE_E_SYNTAX, "our own SA payload");
	if (reply->doi != mine.u.sa.doi || reply->situation != mine.u.sa.situation)
		return why(w, IKE_E_DOI, "DOI or situation changed"), -1;
	if (r == NULL || r->next != NULL || r->transforms == NULL || r->transforms->next != NULL)
		return why(w, IKE_E_BAD_PROPOSAL,
			   "the reply must hold one proposal with one transform"),
		       -1;
	*index = 0;
	for (const struct pl_proposal *p = mine.u.sa.proposals; p != NULL; p = p->next, at++)
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next, ++*index)
			if ((i->lax || p->number == r->number) && p->protocol == r->protocol &&
			    (i->lax || t->number == r->transforms->number) &&
			    t->id == r->transforms->id &&
			    same_attrs(t->attrs, r->transforms->attrs, i->lax))
				return at;
	return why(w, IKE_E_NO_PROPOSAL,
		   "transform %u of proposal %u is none that was offered, or was changed",
		   r->transforms->number, r->number),
	       -1;
}

/* ---- Main Mode ---- */

struct chunk
ini_mm1(struct initiator *i)
{
	struct isakmp_hdr h = peer_hdr(i, ISAKMP_XCHG_MAIN, 0, 0);
	struct msg	  m;
	struct pl	 *sa;
	struct wbuf	  w;
	struct chunk	  out;

	arena_reset(i->mem);
	msg_init(&m, &h);
	p1_sa(i, &add_typed(i, &m, ISAKMP_PL_SA)->u.sa);
	add_vids(i, &m, i->vids);
	out = peer_send_clear(i, "MM1", &m);
	sa = msg_find(&m, ISAKMP_PL_SA, NULL);
	wb_init(&w, i->sai_b, sizeof(i->sai_b));
	if (sa != NULL)
		payload_body_put(&w, sa);
	peer_must(w.err, "SAi_b");
	i->sai_n = w.n;
	return out;
}

static void
read_vids(struct initiator *i)
{
	for (const struct pl *v = i->in.first; v != NULL; v = v->next)
		if (v->type == ISAKMP_PL_VID)
			i->peer_vids |= vid_lookup(v->raw, NULL);
}

static uint8_t
natd_dialect(unsigned ours, unsigned theirs)
{
	unsigned both = ours & theirs & VID_NATT_ANY;

	if ((both & VID_NATT_RFC) != 0)
		return ISAKMP_PL_NATD;
	return both != 0 ? ISAKMP_PL_NATD_DRAFT : 0;
}

enum ike_err
ini_mm2(struct initiator *i, struct chunk d, struct why *w)
{
	const struct pl *sa;
	unsigned	 index;
	enum ike_err	 e;

	if ((e = read_clear(i, d, ISAKMP_XCHG_MAIN, w)) != IKE_OK)
		return e;
	if (hdr_cookie_zero(i->in.hdr.cky_r))
		return why(w, IKE_E_COOKIE, "responder cookie is zero");
	sa = i->in.first;
	if (sa == NULL || sa->type != ISAKMP_PL_SA || msg_count(&i->in, ISAKMP_PL_SA) != 1)
		return why(w, IKE_E_MISSING, "SA does not come first and once");
	if (peer_same_transform(i, CHUNK(i->sai_b, i->sai_n), &sa->u.sa, &index, w) < 0)
		return w != NULL ? w->code : IKE_E_NO_PROPOSAL;
	if (sa->u.sa.proposals->spi.n != 0)
		return why(w, IKE_E_SPI, "SPI of %zu octets", sa->u.sa.proposals->spi.n);
	/* A hook may have put transforms of its own in front. */
	i->chosen = &i->offers[index < i->offer_count ? index : i->offer_count - 1];
	memcpy(i->cky_r, i->in.hdr.cky_r, 8);
	read_vids(i);
	i->natd_type = natd_dialect(i->vids, i->peer_vids);
	return IKE_OK;
}

static void
add_natd(struct initiator *i, struct msg *m, const struct endpoint *ep, bool fake)
{
	uint8_t h[ALG_MAX_HASH];

	peer_must(keymat_natd(i->crypto, i->chosen->hash, i->cky_i, i->cky_r,
		      addr_octets(&ep->addr), ep->port, h),
	    "NAT-D");
	if (fake)
		crypto_random(i->crypto, h, i->chosen->hash->len);
	peer_add(i, m, i->natd_type, CHUNK(h, i->chosen->hash->len));
}

struct chunk
ini_mm3(struct initiator *i)
{
	struct isakmp_hdr h = peer_hdr(i, ISAKMP_XCHG_MAIN, 0, 0);
	struct why	  why_;
	struct msg	  m;

	arena_reset(i->mem);
	if (i->dh == NULL) {
		i->dh = dh_generate(i->crypto, i->chosen->group, &why_);
		peer_must(i->dh == NULL ? IKE_E_CRYPTO : IKE_OK, "key pair");
		peer_must(dh_public(i->dh, i->gxi), "public value");
		i->ni_n = i->nonce_len;
		crypto_random(i->crypto, i->ni, i->ni_n);
	}
	msg_init(&m, &h);
	peer_add(i, &m, ISAKMP_PL_KE, CHUNK(i->gxi, i->chosen->group->public_len));
	peer_add(i, &m, ISAKMP_PL_NONCE, CHUNK(i->ni, i->ni_n));
	add_vids(i, &m, i->vids_mm3);
	if (i->natd_type != 0) {
		add_natd(i, &m, &i->remote, false);
		add_natd(i, &m, &i->local, i->fake_nat);
	}
	return peer_send_clear(i, "MM3", &m);
}

/* RFC 3947 3.2: the first NAT-D is about us (the destination), the others about the responder. */
static enum ike_err
read_natd(struct initiator *i, struct why *w)
{
	const struct pl *pl = msg_find(&i->in, ISAKMP_PL_NATD, NULL);
	uint8_t		 h[ALG_MAX_HASH];
	unsigned	 n = 0;
	bool		 remote_seen = false;
	const size_t	 len = i->chosen->hash->len;

	for (; pl != NULL; pl = pl->next, n++) {
		const struct endpoint *ep = n == 0 ? &i->local : &i->remote;

		if (pl->type != ISAKMP_PL_NATD && pl->type != ISAKMP_PL_NATD_DRAFT)
			break;
		if (pl->type != i->natd_type)
			return why(w, IKE_E_SYNTAX, "NAT-D of type %u, dialect is %u", pl->type,
			    i->natd_type);
		peer_must(keymat_natd(i->crypto, i->chosen->hash, i->cky_i, i->cky_r,
			      addr_octets(&ep->addr), ep->port, h),
		    "NAT-D");
		if (n == 0)
			i->nat_local = !chunk_eq(pl->raw, CHUNK(h, len));
		else if (chunk_eq(pl->raw, CHUNK(h, len)))
			remote_seen = true;
	}
	if (i->natd_type != 0 && n < 2)
		return why(w, IKE_E_MISSING, "%u NAT-D payloads", n);
	if (i->natd_type == 0 && n != 0)
		return why(w, IKE_E_SYNTAX, "NAT-D without NAT-T");
	i->nat_remote = i->natd_type != 0 && !remote_seen;
	return IKE_OK;
}

static void
derive_keys(struct initiator *i, const uint8_t *gxy)
{
	const struct ini_offer *o = i->chosen;

	peer_must(keymat_skeyid_psk(i->crypto, o->hash, CHUNK(i->psk, i->psk_n),
		      CHUNK(i->ni, i->ni_n), CHUNK(i->nr, i->nr_n), &i->keys.skeyid),
	    "SKEYID");
	peer_must(keymat_skeyid_dae(i->crypto, o->hash, CHUNK(gxy, o->group->secret_len), i->cky_i,
		      i->cky_r, &i->keys),
	    "SKEYID_d");
	peer_must(keymat_cipher_key(i->crypto, o->hash, o->cipher, secret_view(&i->keys.e),
		      &i->key),
	    "Ka");
	peer_must(keymat_iv_phase1(i->crypto, o->hash, o->cipher,
		      CHUNK(i->gxi, o->group->public_len), CHUNK(i->gxr, o->group->public_len),
		      i->iv),
	    "IV");
	i->keyed = true;
}

enum ike_err
ini_mm4(struct initiator *i, struct chunk d, struct why *w)
{
	const struct alg_group *g = i->chosen->group;
	const struct pl	       *ke, *nonce;
	uint8_t			gxy[ALG_MAX_PUBLIC];
	enum ike_err		e;

	if ((e = read_clear(i, d, ISAKMP_XCHG_MAIN, w)) != IKE_OK)
		return e;
	ke = msg_find(&i->in, ISAKMP_PL_KE, NULL);
	nonce = msg_find(&i->in, ISAKMP_PL_NONCE, NULL);
	if (ke == NULL || nonce == NULL || msg_count(&i->in, ISAKMP_PL_KE) != 1 ||
	    msg_count(&i->in, ISAKMP_PL_NONCE) != 1)
		return why(w, IKE_E_MISSING, "KE and NONCE once each");
	if (ke->raw.n != g->public_len)
		return why(w, IKE_E_BAD_KE, "KE of %zu octets, group wants %u", ke->raw.n,
		    g->public_len);
	if (nonce->raw.n < 8 || nonce->raw.n > 256)
		return why(w, IKE_E_SYNTAX, "nonce of %zu octets", nonce->raw.n);
	read_vids(i);
	if ((e = read_natd(i, w)) != IKE_OK)
		return e;
	memcpy(i->gxr, ke->raw.p, ke->raw.n);
	i->nr_n = nonce->raw.n;
	memcpy(i->nr, nonce->raw.p, i->nr_n);
	if ((e = dh_check_public(i->crypto, g, ke->raw, w)) != IKE_OK)
		return e;
	if (i->gxy.n == g->secret_len)
		memcpy(gxy, i->gxy.p, i->gxy.n);
	else if ((e = dh_derive(i->crypto, i->dh, ke->raw, gxy, w)) != IKE_OK)
		return e;
	derive_keys(i, gxy);
	secret_wipe_mem(gxy, sizeof(gxy));
	return IKE_OK;
}

void
ini_float(struct initiator *i, uint16_t local_port, uint16_t remote_port)
{
	i->local.port = local_port;
	i->remote.port = remote_port;
	if (i->outer.port != 0)
		i->outer.port++; /* a NAT gives the new flow a port of its own */
	if (i->server.port != 0)
		i->server.port = remote_port;
	i->marker = true;
}

static void
mm_hash(struct initiator *i, bool ours, struct chunk id_b, uint8_t *out)
{
	const struct ini_offer *o = i->chosen;
	struct chunk gi = CHUNK(i->gxi, o->group->public_len),
		     gr = CHUNK(i->gxr, o->group->public_len);

	peer_must(keymat_auth_hash(i->crypto, o->hash, secret_view(&i->keys.skeyid), ours ? gi : gr,
		      ours ? gr : gi, ours ? i->cky_i : i->cky_r, ours ? i->cky_r : i->cky_i,
		      CHUNK(i->sai_b, i->sai_n), id_b, out),
	    "HASH_I");
}

struct chunk
ini_mm5(struct initiator *i)
{
	struct isakmp_hdr h = peer_hdr(i, ISAKMP_XCHG_MAIN, ISAKMP_FLAG_ENCRYPT, 0);
	struct msg	  m;
	struct wbuf	  w;
	uint8_t		  id_b[256], *hash, spi[16];

	arena_reset(i->mem);
	msg_init(&m, &h);
	peer_add_id(i, &m, &i->id);
	wb_init(&w, id_b, sizeof(id_b));
	payload_body_put(&w, m.first);
	peer_must(w.err, "IDii_b");
	hash = arena_alloc(i->mem, ALG_MAX_HASH);
	mm_hash(i, true, wb_view(&w), hash);
	peer_add(i, &m, ISAKMP_PL_HASH, CHUNK(hash, i->chosen->hash->len));
	if (i->initial_contact) {
		memcpy(spi, i->cky_i, 8);
		memcpy(spi + 8, i->cky_r, 8);
		ini_add_notify(i, &m, PROTO_ISAKMP, N_INITIAL_CONTACT, CHUNK(spi, 16), CHUNK_NONE);
	}
	add_vids(i, &m, i->vids_mm5);
	return peer_send_enc(i, "MM5", &m, i->iv, NULL);
}

enum ike_err
ini_mm6(struct initiator *i, struct chunk d, struct why *w)
{
	const struct pl *id, *hash;
	uint8_t		 want[ALG_MAX_HASH], iv[16];
	enum ike_err	 e;

	memcpy(iv, i->iv, sizeof(iv));
	if ((e = ini_open(i, d, iv, w)) != IKE_OK)
		return e;
	if (i->in.hdr.exchange != ISAKMP_XCHG_MAIN || i->in.hdr.msgid != 0)
		return why(w, IKE_E_EXCHANGE, "exchange %u", i->in.hdr.exchange);
	id = msg_find(&i->in, ISAKMP_PL_ID, NULL);
	hash = msg_find(&i->in, ISAKMP_PL_HASH, NULL);
	if (id == NULL || hash == NULL)
		return why(w, IKE_E_MISSING, "ID and HASH");
	mm_hash(i, false, id->raw, want);
	if (!crypto_equal(hash->raw, CHUNK(want, i->chosen->hash->len)))
		return why(w, IKE_E_BAD_HASH, "HASH_R does not verify");
	if (!peer_id_from(&i->idr, &id->u.id))
		return why(w, IKE_E_BAD_ID, "IDir of %zu octets", id->raw.n);
	read_vids(i);
	memcpy(i->iv, iv, sizeof(iv));
	memcpy(i->last, iv, sizeof(iv));
	i->established = true;
	dh_free(i->dh);
	i->dh = NULL;
	return IKE_OK;
}

/* ---- informational ---- */

uint32_t
ini_fresh_msgid(struct initiator *i)
{
	uint32_t id = 0;

	while (id == 0)
		crypto_random(i->crypto, (uint8_t *)&id, sizeof(id));
	return id;
}

void
ini_iv(const struct initiator *i, uint32_t msgid, uint8_t iv[16])
{
	/* Before phase 1 is over its last block is the running IV (RFC 2409 5.7, B). */
	peer_must(keymat_iv_phase2(i->crypto, i->chosen->hash, i->chosen->cipher,
		      i->established ? i->last : i->iv, msgid, iv),
	    "IV");
}

void
ini_info_begin(struct initiator *i, struct msg *m)
{
	struct isakmp_hdr h = peer_hdr(i, ISAKMP_XCHG_INFO, 0, ini_fresh_msgid(i));

	arena_reset(i->mem);
	msg_init(m, &h);
}

struct pl *
ini_add_notify(struct initiator *i, struct msg *m, uint8_t protocol, uint16_t type,
    struct chunk spi, struct chunk data)
{
	struct pl *pl = add_typed(i, m, ISAKMP_PL_N);

	pl->u.notify = (struct pl_notify){.doi = IPSEC_DOI,
	    .protocol = protocol,
	    .type = type,
	    .spi = arena_copy(i->mem, spi),
	    .data = arena_copy(i->mem, data)};
	return pl;
}

struct pl *
ini_add_delete(struct initiator *i, struct msg *m, uint8_t protocol, uint8_t spi_size,
    struct chunk spis)
{
	struct pl *pl = add_typed(i, m, ISAKMP_PL_D);

	pl->u.del = (struct pl_delete){.doi = IPSEC_DOI,
	    .protocol = protocol,
	    .spi_size = spi_size,
	    .count = (uint16_t)(spi_size != 0 ? spis.n / spi_size : 0),
	    .spis = arena_copy(i->mem, spis)};
	return pl;
}

struct chunk
ini_info_end_clear(struct initiator *i, struct msg *m)
{
	return peer_send_clear(i, "INFO", m);
}

struct chunk
ini_info_end(struct initiator *i, struct msg *m)
{
	struct peer_hash ph = {.kind = 1};
	struct pl	*hash;
	uint8_t		 iv[16];

	if (!i->keyed)
		return ini_info_end_clear(i, m);
	hash = msg_add_raw(m, ISAKMP_PL_HASH, CHUNK_NONE, i->mem);
	if (hash == NULL)
		peer_must(IKE_E_NOMEM, "HASH");
	/* HASH was appended last; it has to stand first. */
	if (m->first != hash) {
		struct pl **at = &m->first;

		while (*at != hash)
			at = &(*at)->next;
		*at = NULL;
		m->tail = at;
		hash->next = m->first;
		m->first = hash;
	}
	ini_iv(i, m->hdr.msgid, iv);
	return peer_send_enc(i, "INFO", m, iv, &ph);
}

struct chunk
ini_dpd(struct initiator *i, uint16_t type, uint32_t seq)
{
	struct msg m;
	uint8_t spi[16],
	    data[4] = {(uint8_t)(seq >> 24), (uint8_t)(seq >> 16), (uint8_t)(seq >> 8),
		(uint8_t)seq};

	memcpy(spi, i->cky_i, 8);
	memcpy(spi + 8, i->cky_r, 8);
	ini_info_begin(i, &m);
	ini_add_notify(i, &m, PROTO_ISAKMP, type, CHUNK(spi, 16), CHUNK(data, 4));
	return ini_info_end(i, &m);
}

struct chunk
ini_delete_isakmp(struct initiator *i)
{
	struct msg m;
	uint8_t	   spi[16];

	memcpy(spi, i->cky_i, 8);
	memcpy(spi + 8, i->cky_r, 8);
	ini_info_begin(i, &m);
	ini_add_delete(i, &m, PROTO_ISAKMP, 16, CHUNK(spi, 16));
	return ini_info_end(i, &m);
}

enum ike_err
ini_info(struct initiator *i, struct chunk d, bool *clear, struct why *w)
{
	struct peer_hash  ph = {.kind = 1};
	struct isakmp_hdr h;
	struct cur	  c;
	uint8_t		  iv[16];
	enum ike_err	  e;

	c = cur_from(d);
	if ((e = hdr_get(&c, &h)) != IKE_OK)
		return why(w, e, "header");
	if (h.exchange != ISAKMP_XCHG_INFO)
		return why(w, IKE_E_EXCHANGE, "exchange %u", h.exchange);
	*clear = (h.flags & ISAKMP_FLAG_ENCRYPT) == 0;
	if (*clear) {
		arena_reset(i->mem);
		/* RFC 2408 5.2: before we know the responder's cookie it may be anything. */
		if (memcmp(h.cky_i, i->cky_i, 8) != 0)
			return why(w, IKE_E_COOKIE, "initiator cookie not ours");
		if (h.length != d.n || h.version != ISAKMP_VERSION)
			return why(w, IKE_E_LENGTH, "header");
		msg_init(&i->in, &h);
		return msg_decode(&i->in, cur_rest(&c), i->mem, w);
	}
	if (!i->keyed)
		return why(w, IKE_E_FLAGS, "encrypted before there are keys");
	if (h.msgid == 0)
		return why(w, IKE_E_MSGID, "message id 0");
	ini_iv(i, h.msgid, iv);
	if ((e = ini_open(i, d, iv, w)) != IKE_OK)
		return e;
	return peer_check_hash(i, &ph, w);
}

const struct pl_notify *
ini_notify_in(const struct initiator *i)
{
	const struct pl *pl = msg_find(&i->in, ISAKMP_PL_N, NULL);

	return pl != NULL ? &pl->u.notify : NULL;
}
