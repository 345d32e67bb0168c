/*
 * src/ike/quick_mode.c - Quick Mode, RFC 2409 5.5: answered, and started on an SA that we answered.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "wire/dump.h"
#include "wire/names.h"

/* ---- shared by both directions ---- */

static enum ike_err
take_nonce(struct step *s, uint8_t *nonce, size_t *n)
{
	struct chunk c = msg_find(s->in, ISAKMP_PL_NONCE, NULL)->u.raw;

	if (c.n < NONCE_MIN || c.n > NONCE_MAX)
		return why(&s->why, IKE_E_SYNTAX, "nonce of %zu octets, 8 to 256 are allowed", c.n);
	memcpy(nonce, c.p, c.n);
	*n = c.n;
	return IKE_OK;
}

/* The peer's public value for PFS: judged now, kept until the keys are made. */
static enum ike_err
take_ke(struct step *s, const struct alg_group *group)
{
	struct quick *qm = s->x->qm;
	const struct pl *ke = msg_find(s->in, ISAKMP_PL_KE, NULL);
	enum ike_err e;

	if (group == NULL)
		return ke == NULL ?
		    IKE_OK :
		    why(&s->why, IKE_E_BAD_KE, "a key exchange payload without PFS");
	if (ke == NULL)
		return why(&s->why, IKE_E_BAD_KE, "PFS with group %u, but no key exchange payload",
		    group->id);
	e = dh_check_public(s->ike->crypto, group, ke->u.raw, &s->why);
	if (e != IKE_OK) {
		s->told = true;
		LOG(P2_BAD_PUBLIC_VALUE, &s->sa->who,
		    "Error processing payload: Payload ID: %u (%s)", ISAKMP_PL_KE, s->why.text);
		return e;
	}
	qm->peer_ke = malloc(ke->u.raw.n);
	if (qm->peer_ke == NULL)
		return why(&s->why, IKE_E_NOMEM, "public value");
	memcpy(qm->peer_ke, ke->u.raw.p, ke->u.raw.n);
	qm->peer_ke_len = ke->u.raw.n;
	return IKE_OK;
}

static enum ike_err
make_ke(struct step *s, const struct alg_group *group)
{
	if (group == NULL)
		return IKE_OK;
	s->x->qm->dh = dh_generate(s->ike->crypto, group, &s->why);
	if (s->x->qm->dh == NULL)
		return s->why.code;
	COUNT(s->ike, dh_generated);
	return IKE_OK;
}

static enum ike_err
add_ke(struct step *s)
{
	struct dh *dh = s->x->qm->dh;
	uint8_t *pub;

	if (dh == NULL)
		return IKE_OK;
	pub = arena_alloc(s->mem, dh_group(dh)->public_len);
	if (pub == NULL || dh_public(dh, pub) != IKE_OK ||
	    msg_add_raw(s->out, ISAKMP_PL_KE, CHUNK(pub, dh_group(dh)->public_len), s->mem) == NULL)
		return why(&s->why, IKE_E_NOMEM, "key exchange payload");
	return IKE_OK;
}

/* An identity exactly as it came, or as we mean it. */
static enum ike_err
add_id(struct step *s, const struct proxy *p)
{
	struct pl *id;

	if (p->n == 0)
		return IKE_OK;
	id = msg_add(s->out, ISAKMP_PL_ID, s->mem);
	if (id == NULL)
		return why(&s->why, IKE_E_NOMEM, "identity");
	id->u.id = (struct pl_id){.kind = p->body[0],
	    .proto = p->body[1],
	    .port = (uint16_t)(p->body[2] << 8 | p->body[3]),
	    .data = CHUNK(p->body + 4, p->n - 4u)};
	return IKE_OK;
}

static bool
is_udp_transport(uint16_t encap)
{
	return encap == ENCAP_UDP_TRANSPORT || encap == ENCAP_UDP_TRANSPORT_DRAFT;
}

static enum ike_err
add_natoa(struct step *s, const struct addr *a)
{
	struct pl *oa = msg_add(s->out, natt_natoa_type(s->sa), s->mem);

	if (oa == NULL)
		return why(&s->why, IKE_E_NOMEM, "NAT-OA");
	oa->u.natoa = (struct pl_natoa){.kind = a->family == ADDR_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR,
	    .data = addr_octets(a)};
	return IKE_OK;
}

/*
 * RFC 3947 5.2: transport mode behind a NAT needs the addresses as each side sees them, initiator's
 * first.
 */
static enum ike_err
add_natoas(struct step *s)
{
	const struct endpoint *first = s->x->initiator ? &s->path.local : &s->path.remote,
			      *second = s->x->initiator ? &s->path.remote : &s->path.local;
	enum ike_err e;

	if (!is_udp_transport(s->x->qm->child->offer.encap))
		return IKE_OK;
	e = add_natoa(s, &first->addr);
	return e == IKE_OK ? add_natoa(s, &second->addr) : e;
}

static enum ike_err
take_natoas(struct step *s)
{
	struct child *child = s->x->qm->child;
	const struct pl *first = msg_find(s->in, ISAKMP_PL_NATOA, NULL),
			*second = first != NULL ? msg_next(first) : NULL;
	struct addr *of_first = s->x->initiator ? &child->oa_local : &child->oa_remote,
		    *of_second = s->x->initiator ? &child->oa_remote : &child->oa_local;

	if (msg_count(s->in, ISAKMP_PL_NATOA) > 2)
		return why(&s->why, IKE_E_SYNTAX, "%u NAT-OA payloads, two are the most",
		    msg_count(s->in, ISAKMP_PL_NATOA));
	if (first != NULL)
		*of_first = addr_from_octets(first->u.natoa.data);
	if (second != NULL)
		*of_second = addr_from_octets(second->u.natoa.data);
	return IKE_OK;
}

/*
 * KEYMAT of one direction, cut into the cipher's key with its salt and the integrity key (RFC 2409
 * 5.5, 4106 8.1).
 */
static enum ike_err
keymat(struct step *s, struct chunk gqm_xy, uint32_t spi, uint8_t *out)
{
	const struct quick *qm = s->x->qm;
	const struct offer2 *o = &qm->child->offer;
	uint32_t spi_net = htonl(spi);

	return keymat_phase2(s->ike->crypto, s->sa->hash, secret_view(&s->sa->skeyid_d), gqm_xy,
	    o->protocol, CHUNK((uint8_t *)&spi_net, sizeof(spi_net)), CHUNK(qm->ni, qm->ni_len),
	    CHUNK(qm->nr, qm->nr_len), out, child_key_octets(o));
}

/* Both directions' keys, handed to whom they are for. */
static enum ike_err
make_keys(struct step *s)
{
	struct child *child = s->x->qm->child;
	size_t enc = child->offer.cipher != NULL ?
	    child->offer.cipher->key_bits / 8u + child->offer.cipher->salt :
	    0;
	size_t n = child_key_octets(&child->offer);
	uint8_t gqm_xy[ALG_MAX_PUBLIC], in[2 * ALG_MAX_KEY], out[2 * ALG_MAX_KEY];
	struct chunk secret = CHUNK_NONE;
	enum ike_err e = IKE_OK;

	if (child->offer.pfs != NULL) {
		e = dh_derive(s->ike->crypto, s->x->qm->dh,
		    CHUNK(s->x->qm->peer_ke, s->x->qm->peer_ke_len), gqm_xy, &s->why);
		secret = CHUNK(gqm_xy, child->offer.pfs->secret_len);
		COUNT(s->ike, dh_derived);
	}
	if (e == IKE_OK)
		e = keymat(s, secret, child->spi_in, in);
	if (e == IKE_OK)
		e = keymat(s, secret, child->spi_out, out);
	if (e == IKE_OK && s->ike->ports.child_keys != NULL)
		s->ike->ports.child_keys(s->ike->ports.ctx,
		    &(struct child_keys){.protocol = child->offer.protocol,
			.udp = child->offer.encap != ENCAP_TUNNEL &&
			    child->offer.encap != ENCAP_TRANSPORT,
			.local = s->path.local,
			.remote = s->path.remote,
			.cipher = child->offer.cipher,
			.integ = child->offer.integ,
			.spi_in = child->spi_in,
			.spi_out = child->spi_out,
			.enc_in = CHUNK(in, enc),
			.auth_in = CHUNK(in + enc, n - enc),
			.enc_out = CHUNK(out, enc),
			.auth_out = CHUNK(out + enc, n - enc)});
	secret_wipe_mem(gqm_xy, sizeof(gqm_xy));
	secret_wipe_mem(in, sizeof(in));
	secret_wipe_mem(out, sizeof(out));
	return e == IKE_OK ? e : why(&s->why, e, "phase 2 keys: %s", err_text(e));
}

/*
 * ---- HDR*, HASH(1), SA, Ni [, KE] [, IDci, IDcr] --> HDR*, HASH(2), SA, Nr [, KE] [, IDci, IDcr]
 * ----
 */

static enum ike_err
no_crypto_map(struct step *s, const struct proxy *local, const struct proxy *remote)
{
	char l[PROXY_TEXT], r[PROXY_TEXT];

	proxy_print(local, l, sizeof(l));
	proxy_print(remote, r, sizeof(r));
	COUNT(s->ike, phase2_proxy_mismatch);
	s->told = true;
	LOG(P2_NO_CRYPTO_MAP, &s->sa->who,
	    "Rejecting IPSec tunnel: no matching crypto map entry for remote proxy %s local proxy %s",
	    r, l);
	return why(&s->why, IKE_E_BAD_ID,
	    "no crypto map entry of tunnel group %s for remote proxy %s, local proxy %s",
	    s->sa->group->name, r, l);
}

/* For `explain`: who was to talk to whom, as the peer put it. */
static void
record_proxies(struct step *s, const struct proxy *local, const struct proxy *remote)
{
	struct record_phase2 *p2 = s->x->rec != NULL ? &s->x->rec->p2 : NULL;

	if (p2 == NULL)
		return;
	p2->proxies = true; /* in words only when they are asked for */
	p2->local_low = local->low;
	p2->local_high = local->high;
	p2->remote_low = remote->low;
	p2->remote_high = remote->high;
	p2->ip_proto = local->ip_proto;
	p2->local_port = local->port;
	p2->remote_port = remote->port;
}

static void
record_question(struct step *s, const struct negotiate2 *q, const struct crypto_map_entry *entry)
{
	struct record_phase2 *p2 = s->x->rec != NULL ? &s->x->rec->p2 : NULL;

	if (p2 == NULL)
		return;
	p2->ke = q->ke;
	p2->nat = q->nat;
	p2->phase1_group = q->phase1_group;
	p2->entry = entry;
}

/*
 * Who talks to whom through the tunnel: as the peer says, or the two hosts themselves when it says
 * nothing.
 */
static enum ike_err
take_proxies(struct step *s, struct proxy *local, struct proxy *remote)
{
	const struct pl *idci = msg_find(s->in, ISAKMP_PL_ID, NULL),
			*idcr = idci != NULL ? msg_next(idci) : NULL;
	char text[PROXY_TEXT];
	enum ike_err e;

	if (idci == NULL) {
		proxy_from_addr(&s->path.remote.addr, remote);
		proxy_from_addr(&s->path.local.addr, local);
		record_proxies(s, local, remote);
		return IKE_OK;
	}
	if (msg_count(s->in, ISAKMP_PL_ID) != 2)
		return why(&s->why, IKE_E_BAD_ID, "%u identities, two or none are expected",
		    msg_count(s->in, ISAKMP_PL_ID));
	e = proxy_from_id(idci, s->x->initiator ? local : remote, &s->why);
	if (e == IKE_OK)
		e = proxy_from_id(idcr, s->x->initiator ? remote : local, &s->why);
	if (e != IKE_OK) {
		s->told = true;
		LOG(P2_NO_CRYPTO_MAP, &s->sa->who, "Rejecting IPSec tunnel: %s", s->why.text);
		return e;
	}
	record_proxies(s, local, remote);
	LOG(P2_PROXY_ID, &s->sa->who, "Received remote Proxy data in ID Payload:  %s",
	    proxy_print(remote, text, sizeof(text)));
	LOG(P2_PROXY_ID, &s->sa->who, "Received local Proxy data in ID Payload:  %s",
	    proxy_print(local, text, sizeof(text)));
	return IKE_OK;
}

bool
quick_refers(struct step *s)
{
	const struct pl *pl = msg_find(s->in, ISAKMP_PL_SA, NULL);
	const struct pl_proposal *p = pl != NULL ? pl->u.sa.proposals : NULL;

	if (p == NULL || p->spi.n != SPI_LEN)
		return false;
	s->x->qm->protocol = p->protocol;
	memcpy(&s->x->qm->peer_spi, p->spi.p, SPI_LEN);
	return true;
}

static const struct pl_sa *
take_sa(struct step *s)
{
	(void)quick_refers(s);
	return &msg_find(s->in, ISAKMP_PL_SA, NULL)->u.sa;
}

enum ike_err
qm_in1(struct step *s)
{
	struct quick *qm = s->x->qm;
	struct negotiate2 q = {.phase1_group = s->sa->dh_group,
	    .nat = s->sa->nat_local || s->sa->nat_remote,
	    .ke = msg_find(s->in, ISAKMP_PL_KE, NULL) != NULL,
	    .who = &s->sa->who};
	const struct crypto_map_entry *entry;
	struct proxy local, remote;
	enum ike_err e;

	q.sa = take_sa(s);
	if ((e = take_nonce(s, qm->ni, &qm->ni_len)) != IKE_OK ||
	    (e = take_proxies(s, &local, &remote)) != IKE_OK)
		return e;
	entry = proxy_match(s->sa->group, &local, &remote);
	record_question(s, &q, entry);
	if (entry == NULL)
		return no_crypto_map(s, &local, &remote);
	q.entry = entry;
	qm->choice = ARENA_NEW(s->mem, struct choice2);
	qm->child = child_new(s->ike, s->sa->policy, entry);
	if (qm->choice == NULL || qm->child == NULL)
		return why(&s->why, IKE_E_NOMEM, "IPsec SA");
	e = negotiate_phase2(&q, qm->choice, &s->why);
	if (e != IKE_OK) {
		s->told = true;
		COUNT(s->ike, phase2_no_proposal);
		return e;
	}
	qm->child->offer = qm->choice->offer;
	qm->child->local = local;
	qm->child->remote = remote;
	qm->child->msgid = s->x->msgid;
	memcpy(&qm->child->spi_out, qm->choice->proposal->spi.p, SPI_LEN);
	qm->child->spi_out = ntohl(qm->child->spi_out);
	if ((e = take_ke(s, qm->child->offer.pfs)) != IKE_OK || (e = take_natoas(s)) != IKE_OK)
		return e;
	s->ike->ports.random(s->ike->ports.ctx, qm->nr, NONCE_LEN);
	qm->nr_len = NONCE_LEN;
	return make_ke(s, qm->child->offer.pfs);
}

/* RFC 2407 4.6.3.1: our shorter lifetime, told inside the same message. */
static enum ike_err
add_responder_lifetime(struct step *s, const uint32_t *spi)
{
	const struct offer2 *o = &s->x->qm->child->offer;
	struct chunk data = lifetime_data(s->mem, P2A_LIFE_TYPE, o->offered_s, o->offered_kb,
	    o->life_s, o->life_kb);
	struct pl *n;

	if (data.n == 0)
		return IKE_OK;
	if (o->life_s != o->offered_s)
		LOG(P2_LIFETIME, &s->sa->who,
		    "Overriding Initiator's IPSec rekeying duration from %u to %u seconds",
		    o->offered_s, o->life_s);
	if (o->life_kb != o->offered_kb)
		LOG(P2_LIFETIME, &s->sa->who,
		    "Overriding Initiator's IPSec rekeying duration from %u to %u Kbs",
		    o->offered_kb, o->life_kb);
	n = msg_add(s->out, ISAKMP_PL_N, s->mem);
	if (n == NULL)
		return why(&s->why, IKE_E_NOMEM, "notify");
	n->u.notify = (struct pl_notify){.doi = IPSEC_DOI,
	    .protocol = o->protocol,
	    .type = N_RESPONDER_LIFETIME,
	    .spi = CHUNK((const uint8_t *)spi, sizeof(*spi)),
	    .data = data};
	COUNT(s->ike, notifies_out);
	return IKE_OK;
}

static enum ike_err
add_sa(struct step *s, struct pl_proposal *p, struct pl_transform *t, const uint32_t *spi)
{
	struct pl *sa = msg_add(s->out, ISAKMP_PL_SA, s->mem);

	if (sa == NULL)
		return why(&s->why, IKE_E_NOMEM, "SA payload");
	t->next = NULL;
	p->protocol = s->x->qm->child->offer.protocol;
	p->spi = CHUNK((const uint8_t *)spi, sizeof(*spi));
	p->transforms = t;
	sa->u.sa = (struct pl_sa){.doi = IPSEC_DOI,
	    .situation = IPSEC_SIT_IDENTITY,
	    .proposals = p};
	return IKE_OK;
}

/* The payloads after SA, in the order that every peer takes. */
static enum ike_err
add_rest(struct step *s, struct chunk nonce, const struct proxy *idci, const struct proxy *idcr)
{
	enum ike_err e;

	if (msg_add_raw(s->out, ISAKMP_PL_NONCE, nonce, s->mem) == NULL)
		return why(&s->why, IKE_E_NOMEM, "nonce");
	if ((e = add_ke(s)) != IKE_OK || (e = add_id(s, idci)) != IKE_OK ||
	    (e = add_id(s, idcr)) != IKE_OK)
		return e;
	return add_natoas(s);
}

enum ike_err
qm_out2(struct step *s)
{
	struct quick *qm = s->x->qm;
	struct pl_proposal *p = ARENA_NEW(s->mem, struct pl_proposal);
	struct pl_transform *t = ARENA_NEW(s->mem, struct pl_transform);
	uint32_t *spi = ARENA_NEW(s->mem, uint32_t);
	enum ike_err e;

	if (p == NULL || t == NULL || spi == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 2");
	*spi = htonl(qm->child->spi_in);
	*t = *qm->choice->transform;
	p->number = qm->choice->proposal->number;
	qm->choice = NULL;
	if ((e = add_sa(s, p, t, spi)) != IKE_OK ||
	    (e = add_rest(s, CHUNK(qm->nr, qm->nr_len), &qm->child->remote, &qm->child->local)) !=
		IKE_OK)
		return e;
	return add_responder_lifetime(s, spi);
}

/* ---- HDR*, HASH(3) ---- */

enum ike_err
qm_in3(struct step *s)
{
	s->fresh = true; /* HASH(3) covers our nonce */
	return make_keys(s);
}

/*
 * A pair with the same proxy identities stood before: it was rekeyed, not deleted; traffic may
 * still use both.
 */
static void
mark_rekeyed(struct sa *sa, const struct child *new)
{
	struct child *old;

	LIST_FOREACH(old, &sa->children, of_sa) {
		if (old == new || old->rekeyed || !proxy_eq(&old->local, &new->local) ||
		    !proxy_eq(&old->remote, &new->remote))
			continue;
		old->rekeyed = true;
		LOG(P2_REKEYED, &sa->who, "IPsec SA (SPI 0x%08x) rekeyed by SPI 0x%08x",
		    old->spi_in, new->spi_in);
		if (new->initiator)
			timer_set(sa->ike, &old->life, LINGER_MS);
	}
}

enum ike_err
qm_done(struct step *s)
{
	struct child *child = s->x->qm->child;
	struct sa *heir;
	char l[PROXY_TEXT], r[PROXY_TEXT];

	s->x->qm->child = NULL;
	/* Phase 1 may have been rekeyed meanwhile: the old SA will not be there for long. */
	if (s->sa->rekeyed && (heir = sa_sibling(s->sa)) != NULL)
		child_attach(child, heir);
	else
		child_attach(child, s->sa);
	xchg_quick_free(s->x);
	if (s->x->rec != NULL)
		s->x->rec->outcome = RECORD_UP;
	record_end(s->ike, &s->x->rec);
	s->ike->now = NULL;
	COUNT(s->ike, phase2_up);
	LOG(P2_NEGOTIATED, &s->sa->who,
	    "Security negotiation complete  %s, Inbound SPI = 0x%08x, Outbound SPI = 0x%08x  local proxy %s remote proxy %s",
	    s->x->initiator ? "Initiator" : "Responder", child->spi_in, child->spi_out,
	    proxy_print(&child->local, l, sizeof(l)), proxy_print(&child->remote, r, sizeof(r)));
	LOG(P2_COMPLETED, &s->sa->who, "PHASE 2 COMPLETED (msgid=%08x)", child->msgid);
	mark_rekeyed(child->sa, child);
	quick_next(child->sa);
	return IKE_OK;
}

enum ike_err
qm_in4(struct step *s)
{
	const struct pl *n = msg_find(s->in, ISAKMP_PL_N, NULL);
	char num[16];

	LOG(NOTIFY_RECEIVED, &s->sa->who,
	    "fourth message of Quick Mode %08x (%s), nothing to be done", s->x->msgid,
	    n != NULL ? names_print(wire_notifies, n->u.notify.type, num, sizeof(num)) :
			"no notify");
	return IKE_OK;
}

enum ike_err
qm_give_up(struct step *s)
{
	why(&s->why, IKE_E_UNEXPECTED, "no answer from the peer after %u retransmits", s->x->tries);
	record_failed(s->x->rec, &s->why, NULL, fsm_state_name(s->x->state));
	LOG(P2_TIMEOUT, &s->sa->who,
	    "Quick Mode %08x: no answer from the peer after %u retransmits, giving up", s->x->msgid,
	    s->x->tries);
	fsm_abort_xchg(s->x);
	return IKE_OK;
}

/* ---- our own Quick Mode ---- */

enum ike_err
quick_start(struct sa *sa, const struct child *like, struct why *w)
{
	struct xchg *x;
	struct step s = {.ike = sa->ike, .sa = sa, .path = sa->path, .mem = sa->ike->mem};
	struct child *child;
	enum ike_err e;

	if (sa->xchg_count + sa->child_count >= sa->policy->limits.phase2_per_sa)
		return why(w, IKE_E_LIMIT, "limits.phase2_per_sa: no room for another IPsec SA");
	x = xchg_new(sa, &sa->path, tx_msgid(sa), true);
	if (x == NULL)
		return why(w, IKE_E_NOMEM, "Quick Mode");
	s.x = x;
	x->qm->child = child = child_new(sa->ike, like->policy, like->entry);
	if (child == NULL) {
		fsm_end_xchg(x);
		return why(w, IKE_E_NOMEM, "IPsec SA");
	}
	child->offer = like->offer;
	child->offer.proposal_number = child->offer.transform_number = 1;
	child->offer.life_s = like->entry->lifetime_s;
	child->offer.life_kb = like->entry->lifetime_kilobytes;
	child->local = like->local;
	child->remote = like->remote;
	child->msgid = x->msgid;
	child->initiator = true;
	e = fsm_step(&s, HAP_KICK);
	if (e != IKE_OK) {
		*w = s.why;
		fsm_end_xchg(x);
	}
	return e;
}

void
quick_next(struct sa *sa)
{
	struct child *child;
	struct xchg *x;
	struct why w = {0};

	LIST_FOREACH(x, &sa->xchgs, of_sa)
		if (x->state == QM_WAIT_MSG2)
			return;
	LIST_FOREACH(child, &sa->children, of_sa) {
		if (!child->rekey_wanted)
			continue;
		child->rekey_wanted = false;
		if (quick_start(sa, child, &w) == IKE_OK)
			return;
		LOG(P2_FSM_ERROR, &sa->who, "rekey could not be started: %s", w.text);
	}
}

static enum ike_err
add_attr(struct step *s, struct pl_attr ***tail, struct pl_attr *a)
{
	if (a == NULL)
		return why(&s->why, IKE_E_NOMEM, "attribute");
	**tail = a;
	*tail = &a->next;
	return IKE_OK;
}

static enum ike_err
offer_attributes(struct step *s, const struct offer2 *o, struct pl_attr **list)
{
	struct pl_attr **tail = list;
	const struct {
		bool wanted;
		uint16_t type;
		uint32_t value;
	} rows[] = {{o->life_s != 0, P2A_LIFE_TYPE, LIFE_SECONDS},
	    {o->life_s != 0, P2A_LIFE_DURATION, o->life_s},
	    {o->life_kb != 0, P2A_LIFE_TYPE, LIFE_KILOBYTES},
	    {o->life_kb != 0, P2A_LIFE_DURATION, o->life_kb}, {true, P2A_ENCAPSULATION, o->encap},
	    {o->cipher != NULL && o->cipher->key_length_attr, P2A_KEY_LENGTH,
		o->cipher != NULL ? o->cipher->key_bits : 0},
	    {o->integ != NULL, P2A_AUTH, o->integ != NULL ? o->integ->auth_id : 0},
	    {o->pfs != NULL, P2A_GROUP, o->pfs != NULL ? o->pfs->id : 0}};
	enum ike_err e = IKE_OK;

	for (size_t i = 0; i < ARRAY_LEN(rows) && e == IKE_OK; i++)
		if (rows[i].wanted)
			e = add_attr(s, &tail, attr_new_long(s->mem, rows[i].type, rows[i].value));
	return e;
}

enum ike_err
qm_out1(struct step *s)
{
	struct quick *qm = s->x->qm;
	struct pl_proposal *p = ARENA_NEW(s->mem, struct pl_proposal);
	struct pl_transform *t = ARENA_NEW(s->mem, struct pl_transform);
	uint32_t *spi = ARENA_NEW(s->mem, uint32_t);
	enum ike_err e;

	if (p == NULL || t == NULL || spi == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 1");
	s->ike->ports.random(s->ike->ports.ctx, qm->ni, NONCE_LEN);
	qm->ni_len = NONCE_LEN;
	*spi = htonl(qm->child->spi_in);
	*t = (struct pl_transform){.number = 1, .id = qm->child->offer.transform_id};
	p->number = 1;
	if ((e = make_ke(s, qm->child->offer.pfs)) != IKE_OK ||
	    (e = offer_attributes(s, &qm->child->offer, &t->attrs)) != IKE_OK ||
	    (e = add_sa(s, p, t, spi)) != IKE_OK)
		return e;
	return add_rest(s, CHUNK(qm->ni, qm->ni_len), &qm->child->local, &qm->child->remote);
}

/* The peer must take the one transform offered, as it was offered. */
static enum ike_err
check_answer(struct step *s, const struct pl_sa *sa, struct child *child)
{
	const struct pl_proposal *p = sa->proposals;
	struct offer2 o;

	if (p == NULL || p->next != NULL || p->transforms == NULL || p->transforms->next != NULL ||
	    p->spi.n != SPI_LEN || p->protocol != child->offer.protocol)
		return why(&s->why, IKE_E_BAD_PROPOSAL,
		    "message 2 does not choose exactly the proposal that we made");
	if (!negotiate_read2(p->protocol, p->transforms, &o, &s->why))
		return s->why.code;
	if (o.cipher != child->offer.cipher || o.integ != child->offer.integ ||
	    o.pfs != child->offer.pfs || o.encap != child->offer.encap)
		return why(&s->why, IKE_E_BAD_PROPOSAL,
		    "message 2 answers with a transform that we did not offer");
	memcpy(&child->spi_out, p->spi.p, SPI_LEN);
	child->spi_out = ntohl(child->spi_out);
	child->offer.life_s = negotiate_lifetime(o.offered_s, child->offer.life_s);
	child->offer.life_kb = negotiate_lifetime(o.offered_kb, child->offer.life_kb);
	return IKE_OK;
}

/* RESPONDER-LIFETIME in message 2: the shorter one counts. */
static void
heed_lifetime(struct step *s, struct child *child)
{
	struct pl_attr *list;
	uint32_t seconds, kilobytes;

	for (const struct pl *n = msg_find(s->in, ISAKMP_PL_N, NULL); n != NULL; n = msg_next(n)) {
		struct cur c = cur_from(n->u.notify.data);

		COUNT(s->ike, notifies_in);
		if (n->u.notify.type != N_RESPONDER_LIFETIME ||
		    attr_list_get(&c, &list, s->mem) != IKE_OK)
			continue;
		negotiate_read_life(list, P2A_LIFE_TYPE, &seconds, &kilobytes);
		child->offer.life_s = negotiate_lifetime(seconds, child->offer.life_s);
		child->offer.life_kb = negotiate_lifetime(kilobytes, child->offer.life_kb);
		LOG(P2_LIFETIME, &s->sa->who,
		    "the peer tells its lifetime: %u seconds, %u kB are in force",
		    child->offer.life_s, child->offer.life_kb);
	}
}

enum ike_err
qm_in2(struct step *s)
{
	struct quick *qm = s->x->qm;
	const struct pl_sa *sa = take_sa(s);
	struct proxy local, remote;
	enum ike_err e;

	if ((e = take_nonce(s, qm->nr, &qm->nr_len)) != IKE_OK ||
	    (e = check_answer(s, sa, qm->child)) != IKE_OK ||
	    (e = take_proxies(s, &local, &remote)) != IKE_OK)
		return e;
	if (!proxy_eq(&local, &qm->child->local) || !proxy_eq(&remote, &qm->child->remote))
		return why(&s->why, IKE_E_BAD_ID,
		    "message 2 answers with identities that we did not offer");
	if ((e = take_ke(s, qm->child->offer.pfs)) != IKE_OK || (e = take_natoas(s)) != IKE_OK)
		return e;
	heed_lifetime(s, qm->child);
	s->fresh = true; /* HASH(2) covers our nonce */
	return make_keys(s);
}

/* HDR*, HASH(3): the HASH alone, which tx.c puts in front of nothing. */
enum ike_err
qm_out3(struct step *s)
{
	(void)s;
	return IKE_OK;
}
