/* tests/peer/initiator_qm.c - the initiator's Quick Mode, in both roles. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "peer/peer_local.h"

void
ini_qm_init(struct ini_qm *q, struct initiator *i)
{
	memset(q, 0, sizeof(*q));
	q->ini = i;
	q->msgid = ini_fresh_msgid(i);
	q->offers[0].cipher = alg_cipher_named("aes-128");
	q->offers[0].integ = alg_integ_named("sha1");
	q->offers[0].encap = ENCAP_TUNNEL;
	q->offers[0].life_s = 3600;
	q->offer_count = 1;
	q->ids = true;
	q->idci = ini_id(ID_IPV4_ADDR_SUBNET, "10.9.0.0/24");
	q->idcr = ini_id(ID_IPV4_ADDR_SUBNET, "10.1.0.0/24");
	q->nonce_len = 20;
	crypto_random(i->crypto, q->spi_i, sizeof(q->spi_i));
	q->spi_i[0] |= 1; /* never below 256 */
}

void
ini_qm_fini(struct ini_qm *q)
{
	dh_free(q->dh);
	secret_wipe_mem(q, sizeof(*q));
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

static void
add_life(struct initiator *i, struct pl_attr ***tail, uint16_t type, uint32_t value, bool tlv)
{
	struct pl_attr *a;
	uint8_t	       *four;

	add_attr(tail, attr_new(i->mem, P2A_LIFE_TYPE, type));
	a = attr_new_long(i->mem, P2A_LIFE_DURATION, value);
	if (a != NULL && tlv && a->tv) {
		four = arena_alloc(i->mem, 4);
		for (int k = 0; k < 4; k++)
			four[k] = (uint8_t)(value >> (24 - 8 * k));
		a->tv = false;
		a->data = CHUNK(four, 4);
	}
	add_attr(tail, a);
}

static struct pl_attr *
p2_attrs(struct initiator *i, const struct ini_p2_offer *o)
{
	struct pl_attr *first = NULL, **tail = &first;

	if (o->pfs != NULL)
		add_attr(&tail, attr_new(i->mem, P2A_GROUP, o->pfs->id));
	if (o->encap != 0)
		add_attr(&tail, attr_new(i->mem, P2A_ENCAPSULATION, o->encap));
	if (o->life_s != 0)
		add_life(i, &tail, LIFE_SECONDS, o->life_s, o->life_tlv);
	if (o->life_kb != 0)
		add_life(i, &tail, LIFE_KILOBYTES, o->life_kb, o->life_tlv);
	if (o->integ != NULL)
		add_attr(&tail, attr_new(i->mem, P2A_AUTH, o->integ->auth_id));
	if (o->cipher != NULL && o->cipher->key_length_attr)
		add_attr(&tail, attr_new(i->mem, P2A_KEY_LENGTH, o->cipher->key_bits));
	return first;
}

static uint8_t
protocol_of(const struct ini_p2_offer *o)
{
	return o->protocol != 0 ? o->protocol : PROTO_ESP;
}

static uint8_t
transform_id(const struct ini_p2_offer *o)
{
	if (o->transform_id != 0)
		return o->transform_id;
	return protocol_of(o) == PROTO_AH ? o->integ->ah_id : o->cipher->esp_id;
}

static void
p2_sa(struct ini_qm *q, struct pl_sa *sa)
{
	struct initiator    *i = q->ini;
	struct pl_proposal  *p = NULL, **ptail = &sa->proposals;
	struct pl_transform *t, **ttail = NULL;
	uint8_t		     number = 0, tnumber = 0;

	sa->doi = IPSEC_DOI;
	sa->situation = IPSEC_SIT_IDENTITY;
	for (unsigned k = 0; k < q->offer_count; k++) {
		const struct ini_p2_offer *o = &q->offers[k];

		if (p == NULL || !o->same_proposal) {
			p = ARENA_NEW(i->mem, struct pl_proposal);
			if (!o->bundle)
				number++;
			p->number = number;
			p->protocol = protocol_of(o);
			p->spi = arena_copy(i->mem,
			    CHUNK(q->spi_i, protocol_of(o) == PROTO_IPCOMP ? 2 : 4));
			*ptail = p;
			ptail = &p->next;
			ttail = &p->transforms;
			tnumber = 0;
		}
		t = ARENA_NEW(i->mem, struct pl_transform);
		t->number = ++tnumber;
		t->id = transform_id(o);
		t->attrs = p2_attrs(i, o);
		*ttail = t;
		ttail = &t->next;
	}
}

static void
add_natoa(struct initiator *i, struct msg *m, const struct addr *a)
{
	uint8_t type = i->natd_type == ISAKMP_PL_NATD_DRAFT ? ISAKMP_PL_NATOA_DRAFT :
							      ISAKMP_PL_NATOA;
	struct pl *pl = msg_add(m, type, i->mem);

	if (pl == NULL)
		peer_must(IKE_E_NOMEM, "NAT-OA");
	pl->u.natoa.kind = a->family == ADDR_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR;
	pl->u.natoa.data = arena_copy(i->mem, addr_octets(a));
}

static void
make_ke(struct ini_qm *q, const struct alg_group *g)
{
	struct why w;

	q->dh = dh_generate(q->ini->crypto, g, &w);
	peer_must(q->dh == NULL ? IKE_E_CRYPTO : IKE_OK, "key pair");
	peer_must(dh_public(q->dh, q->gxi), "public value");
}

struct chunk
ini_qm1(struct ini_qm *q)
{
	struct initiator *i = q->ini;
	struct isakmp_hdr h = peer_hdr(i, ISAKMP_XCHG_QUICK, q->commit ? ISAKMP_FLAG_COMMIT : 0,
	    q->msgid);
	struct peer_hash  ph = {.kind = 1};
	struct msg	  m;
	struct pl	 *sa;
	struct chunk	  out;
	struct wbuf	  w;

	arena_reset(i->mem);
	msg_init(&m, &h);
	if (q->pfs != NULL && q->dh == NULL)
		make_ke(q, q->pfs);
	if (q->ni_n == 0) {
		q->ni_n = q->nonce_len;
		crypto_random(i->crypto, q->ni, q->ni_n);
	}
	peer_add(i, &m, ISAKMP_PL_HASH, CHUNK_NONE);
	sa = msg_add(&m, ISAKMP_PL_SA, i->mem);
	p2_sa(q, &sa->u.sa);
	peer_add(i, &m, ISAKMP_PL_NONCE, CHUNK(q->ni, q->ni_n));
	if (q->pfs != NULL)
		peer_add(i, &m, ISAKMP_PL_KE, CHUNK(q->gxi, q->pfs->public_len));
	if (q->ids) {
		peer_add_id(i, &m, &q->idci);
		peer_add_id(i, &m, &q->idcr);
	}
	if (q->natoa) {
		add_natoa(i, &m, &q->natoa_i);
		add_natoa(i, &m, &q->natoa_r);
	}
	ini_iv(i, q->msgid, q->iv);
	out = peer_send_enc(i, "QM1", &m, q->iv, &ph);
	wb_init(&w, q->sa_b, sizeof(q->sa_b));
	if ((sa = msg_find(&m, ISAKMP_PL_SA, NULL)) != NULL)
		payload_body_put(&w, sa);
	peer_must(w.err, "SA");
	q->sa_n = w.n;
	return out;
}

static size_t
keymat_len(const struct ini_p2_offer *o)
{
	size_t n = 0;

	if (o->cipher != NULL && protocol_of(o) == PROTO_ESP)
		n += o->cipher->key_bits / 8U + o->cipher->salt;
	if (o->integ != NULL)
		n += o->integ->key;
	return n;
}

static void
derive(struct ini_qm *q)
{
	struct initiator *i = q->ini;
	struct chunk	  gxy = CHUNK(q->gxy, q->gxy_n), d = secret_view(&i->keys.d);
	struct chunk	  ni = CHUNK(q->ni, q->ni_n), nr = CHUNK(q->nr, q->nr_n);
	uint8_t		  proto = protocol_of(q->chosen);

	q->keymat_n = keymat_len(q->chosen);
	if (q->keymat_n == 0)
		return;
	peer_must(keymat_phase2(i->crypto, i->chosen->hash, d, gxy, proto, CHUNK(q->spi_i, 4), ni,
		      nr, q->keymat_i, q->keymat_n),
	    "KEYMAT");
	peer_must(keymat_phase2(i->crypto, i->chosen->hash, d, gxy, proto, CHUNK(q->spi_r, 4), ni,
		      nr, q->keymat_r, q->keymat_n),
	    "KEYMAT");
}

static enum ike_err
read_ids(struct ini_qm *q, struct why *w)
{
	const struct pl *a = msg_find(&q->ini->in, ISAKMP_PL_ID, NULL);

	q->ids_r = a != NULL;
	if (a == NULL)
		return q->ids ? why(w, IKE_E_MISSING, "IDs left out") : IKE_OK;
	if (msg_count(&q->ini->in, ISAKMP_PL_ID) != 2 || a->next == NULL ||
	    a->next->type != ISAKMP_PL_ID)
		return why(w, IKE_E_BAD_ID, "not exactly two adjacent IDs");
	if (!peer_id_from(&q->idci_r, &a->u.id) || !peer_id_from(&q->idcr_r, &a->next->u.id))
		return why(w, IKE_E_BAD_ID, "ID too long");
	return IKE_OK;
}

static enum ike_err
read_ke(struct ini_qm *q, const struct alg_group *g, struct why *w)
{
	const struct pl *ke = msg_find(&q->ini->in, ISAKMP_PL_KE, NULL);
	enum ike_err	 e;

	if ((ke != NULL) != (g != NULL))
		return why(w, IKE_E_BAD_KE, ke != NULL ? "KE without PFS" : "PFS without KE");
	if (g == NULL)
		return IKE_OK;
	if ((e = dh_check_public(q->ini->crypto, g, ke->raw, w)) != IKE_OK ||
	    (e = dh_derive(q->ini->crypto, q->dh, ke->raw, q->gxy, w)) != IKE_OK)
		return e;
	q->gxy_n = g->secret_len;
	return IKE_OK;
}

static enum ike_err
read_nonce(struct ini_qm *q, uint8_t *out, size_t *n, struct why *w)
{
	const struct pl *nonce = msg_find(&q->ini->in, ISAKMP_PL_NONCE, NULL);

	if (nonce == NULL || nonce->raw.n < 8 || nonce->raw.n > 256)
		return why(w, IKE_E_MISSING, "NONCE");
	memcpy(out, nonce->raw.p, nonce->raw.n);
	*n = nonce->raw.n;
	return IKE_OK;
}

static void
read_responder_lifetime(struct ini_qm *q)
{
	struct initiator *i = q->ini;

	for (const struct pl *pl = i->in.first; pl != NULL; pl = pl->next) {
		struct pl_attr *attrs = NULL, *a;
		struct cur	c = cur_from(pl->u.notify.data);
		uint64_t	type = 0;

		if (pl->type != ISAKMP_PL_N || pl->u.notify.type != N_RESPONDER_LIFETIME ||
		    attr_list_get(&c, &attrs, i->mem) != IKE_OK)
			continue;
		for (a = attrs; a != NULL; a = a->next) {
			if (a->type == P2A_LIFE_TYPE)
				type = a->value;
			else if (a->type == P2A_LIFE_DURATION && type == LIFE_SECONDS)
				q->responder_life_s = (uint32_t)a->value;
			else if (a->type == P2A_LIFE_DURATION && type == LIFE_KILOBYTES)
				q->responder_life_kb = (uint32_t)a->value;
		}
	}
}

enum ike_err
ini_qm2(struct ini_qm *q, struct chunk d, struct why *w)
{
	struct initiator	*i = q->ini;
	struct peer_hash	 ph = {.kind = 2, .ni = CHUNK(q->ni, q->ni_n)};
	const struct pl_proposal *p;
	const struct pl		*sa;
	uint8_t			 iv[16];
	unsigned		 index;
	enum ike_err		 e;

	memcpy(iv, q->iv, sizeof(iv));
	if ((e = ini_open(i, d, iv, w)) != IKE_OK)
		return e;
	if (i->in.hdr.exchange != ISAKMP_XCHG_QUICK || i->in.hdr.msgid != q->msgid)
		return why(w, IKE_E_EXCHANGE, "exchange %u, message id %08x", i->in.hdr.exchange,
		    i->in.hdr.msgid);
	if ((e = peer_check_hash(i, &ph, w)) != IKE_OK)
		return e;
	sa = i->in.first->next;
	if (sa == NULL || sa->type != ISAKMP_PL_SA)
		return why(w, IKE_E_MISSING, "SA does not come second");
	if (peer_same_transform(i, CHUNK(q->sa_b, q->sa_n), &sa->u.sa, &index, w) < 0)
		return w != NULL ? w->code : IKE_E_NO_PROPOSAL;
	p = sa->u.sa.proposals;
	if (p->spi.n != 4 || index >= q->offer_count)
		return why(w, IKE_E_SPI, "SPI of %zu octets", p->spi.n);
	if (p->spi.p[0] == 0 && p->spi.p[1] == 0 && p->spi.p[2] == 0)
		return why(w, IKE_E_SPI, "reserved SPI");
	memcpy(q->spi_r, p->spi.p, 4);
	q->chosen = &q->offers[index];
	if ((e = read_nonce(q, q->nr, &q->nr_n, w)) != IKE_OK ||
	    (e = read_ke(q, q->pfs, w)) != IKE_OK || (e = read_ids(q, w)) != IKE_OK)
		return e;
	read_responder_lifetime(q);
	q->natoa_r_seen = msg_find(&i->in, ISAKMP_PL_NATOA, NULL) != NULL;
	memcpy(q->iv, iv, sizeof(iv));
	derive(q);
	return IKE_OK;
}

struct chunk
ini_qm3(struct ini_qm *q)
{
	struct isakmp_hdr h = peer_hdr(q->ini, ISAKMP_XCHG_QUICK,
	    q->commit ? ISAKMP_FLAG_COMMIT : 0, q->msgid);
	struct peer_hash ph = {.kind = 3, .ni = CHUNK(q->ni, q->ni_n), .nr = CHUNK(q->nr, q->nr_n)};
	struct msg	  m;

	arena_reset(q->ini->mem);
	msg_init(&m, &h);
	peer_add(q->ini, &m, ISAKMP_PL_HASH, CHUNK_NONE);
	return peer_send_enc(q->ini, "QM3", &m, q->iv, &ph);
}

/* ---- answering a quick mode that the phase 1 responder started ---- */

/* The algorithms of a transform, from its own attributes. */
static enum ike_err
offer_from(struct ini_p2_offer *o, const struct pl_proposal *p, const struct pl_transform *t,
    struct why *w)
{
	const struct pl_attr *len = attr_find(t->attrs, P2A_KEY_LENGTH),
			     *auth = attr_find(t->attrs, P2A_AUTH);
	const struct pl_attr *group = attr_find(t->attrs, P2A_GROUP),
			     *encap = attr_find(t->attrs, P2A_ENCAPSULATION);

	memset(o, 0, sizeof(*o));
	o->protocol = p->protocol;
	if (p->protocol == PROTO_ESP) {
		o->cipher = alg_cipher_esp(t->id, len != NULL ? (unsigned)len->value : 0);
		if (o->cipher == NULL)
			return why(w, IKE_E_NO_PROPOSAL, "ESP transform %u", t->id);
	}
	if (auth != NULL)
		o->integ = alg_integ_auth((uint16_t)auth->value);
	if (auth != NULL && o->integ == NULL)
		return why(w, IKE_E_NO_PROPOSAL, "authentication algorithm %u",
		    (unsigned)auth->value);
	if (group != NULL)
		o->pfs = alg_group_id((unsigned)group->value);
	if (group != NULL && o->pfs == NULL)
		return why(w, IKE_E_NO_PROPOSAL, "group %u", (unsigned)group->value);
	o->encap = encap != NULL ? (uint16_t)encap->value : 0;
	return IKE_OK;
}

enum ike_err
ini_qm1_in(struct ini_qm *q, struct chunk d, struct why *w)
{
	struct initiator   *i = q->ini;
	struct peer_hash    ph = {.kind = 1};
	struct isakmp_hdr   h;
	struct cur	    c = cur_from(d);
	struct pl	   *sa;
	struct pl_proposal *p;
	struct wbuf	    b;
	enum ike_err	    e;

	if ((e = hdr_get(&c, &h)) != IKE_OK)
		return why(w, e, "header");
	if (h.exchange != ISAKMP_XCHG_QUICK || h.msgid == 0)
		return why(w, IKE_E_EXCHANGE, "exchange %u, message id %08x", h.exchange, h.msgid);
	q->msgid = h.msgid;
	ini_iv(i, q->msgid, q->iv);
	if ((e = ini_open(i, d, q->iv, w)) != IKE_OK || (e = peer_check_hash(i, &ph, w)) != IKE_OK)
		return e;
	sa = i->in.first->next;
	if (sa == NULL || sa->type != ISAKMP_PL_SA || sa->u.sa.proposals == NULL)
		return why(w, IKE_E_MISSING, "SA does not come second");
	p = sa->u.sa.proposals;
	if (p->spi.n != 4 || p->transforms == NULL)
		return why(w, IKE_E_SPI, "SPI of %zu octets", p->spi.n);
	/* Roles are turned round: spi_i belongs to the one who started this quick mode. */
	memcpy(q->spi_i, p->spi.p, 4);
	if ((e = offer_from(&q->offers[0], p, p->transforms, w)) != IKE_OK ||
	    (e = read_nonce(q, q->ni, &q->ni_n, w)) != IKE_OK)
		return e;
	q->offer_count = 1;
	q->chosen = &q->offers[0];
	q->pfs = q->offers[0].pfs;
	if (q->pfs != NULL)
		make_ke(q, q->pfs);
	q->ids = msg_find(&i->in, ISAKMP_PL_ID, NULL) != NULL;
	if ((e = read_ke(q, q->pfs, w)) != IKE_OK || (e = read_ids(q, w)) != IKE_OK)
		return e;
	/* The reply: this proposal with only its first transform, our SPI in it. */
	crypto_random(i->crypto, q->spi_r, 4);
	q->spi_r[0] |= 1;
	p->next = NULL;
	p->transforms->next = NULL;
	p->spi = CHUNK(q->spi_r, 4);
	wb_init(&b, q->sa_b, sizeof(q->sa_b));
	payload_body_put(&b, sa);
	peer_must(b.err, "SA");
	q->sa_n = b.n;
	return IKE_OK;
}

struct chunk
ini_qm2_out(struct ini_qm *q)
{
	struct initiator *i = q->ini;
	struct isakmp_hdr h = peer_hdr(i, ISAKMP_XCHG_QUICK, 0, q->msgid);
	struct peer_hash  ph = {.kind = 2, .ni = CHUNK(q->ni, q->ni_n)};
	struct msg	  m;
	struct pl	 *sa;
	struct cur	  c = cur_from(CHUNK(q->sa_b, q->sa_n));

	arena_reset(i->mem);
	msg_init(&m, &h);
	q->nr_n = q->nonce_len;
	crypto_random(i->crypto, q->nr, q->nr_n);
	peer_add(i, &m, ISAKMP_PL_HASH, CHUNK_NONE);
	sa = msg_add(&m, ISAKMP_PL_SA, i->mem);
	if (sa == NULL)
		peer_must(IKE_E_NOMEM, "SA");
	peer_must(payload_def(ISAKMP_PL_SA)->get(&c, sa, i->mem), "SA");
	peer_add(i, &m, ISAKMP_PL_NONCE, CHUNK(q->nr, q->nr_n));
	if (q->pfs != NULL)
		peer_add(i, &m, ISAKMP_PL_KE, CHUNK(q->gxi, q->pfs->public_len));
	if (q->ids_r) {
		peer_add_id(i, &m, &q->idci_r);
		peer_add_id(i, &m, &q->idcr_r);
	}
	derive(q);
	return peer_send_enc(i, "QM2", &m, q->iv, &ph);
}

enum ike_err
ini_qm3_in(struct ini_qm *q, struct chunk d, struct why *w)
{
	struct peer_hash ph = {.kind = 3, .ni = CHUNK(q->ni, q->ni_n), .nr = CHUNK(q->nr, q->nr_n)};
	uint8_t		 iv[16];
	enum ike_err	 e;

	memcpy(iv, q->iv, sizeof(iv));
	if ((e = ini_open(q->ini, d, iv, w)) != IKE_OK ||
	    (e = peer_check_hash(q->ini, &ph, w)) != IKE_OK)
		return e;
	if (q->ini->in.hdr.msgid != q->msgid)
		return why(w, IKE_E_MSGID, "message id %08x", q->ini->in.hdr.msgid);
	memcpy(q->iv, iv, sizeof(iv));
	return IKE_OK;
}

struct chunk
ini_delete_child(struct ini_qm *q)
{
	struct msg m;

	ini_info_begin(q->ini, &m);
	ini_add_delete(q->ini, &m, protocol_of(q->chosen), 4, CHUNK(q->spi_i, 4));
	return ini_info_end(q->ini, &m);
}
