/*
 * src/ike/main_mode.c - Main Mode with a pre-shared key, RFC 2409 5.4; one pair of handlers for
 * each round trip.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hexdump.h"
#include "wire/dump.h"
#include "wire/names.h"
#include "wire/vid.h"

static uint8_t *
copy(struct chunk c)
{
	uint8_t *p = malloc(c.n != 0 ? c.n : 1);

	if (p != NULL && c.n != 0)
		memcpy(p, c.p, c.n);
	return p;
}

/* ---- HDR, SA --> HDR, SA ---- */

enum ike_err
mm_in1(struct step *s)
{
	const struct pl *sa_pl = msg_find(s->in, ISAKMP_PL_SA, NULL);
	struct sa *sa = s->sa;
	struct handshake *hs = sa->hs;
	const struct tunnel_group *group;
	enum ike_err e;
	char text[ADDR_TEXT];

	p1_vendor_ids(s);
	group = policy_match(sa->policy, &s->path.remote.addr, &s->path.local.addr, 0);
	if (group == NULL) {
		s->told = true;
		LOG(GROUP_NONE, &sa->who,
		    "No tunnel group for a peer at this address that dialled %s",
		    addr_print(&s->path.local.addr, text, sizeof(text)));
		return why(&s->why, IKE_E_NO_PROPOSAL, "no tunnel group for this peer");
	}
	LOG(GROUP_LOOKUP, &sa->who, "Trying to find group via IP ADDR...");
	sa_set_group(sa, group);
	LOG(GROUP_LANDED, &sa->who, "Connection landed on tunnel_group %s", group->name);
	hs->choice = ARENA_NEW(s->mem, struct choice1);
	hs->sai_b = copy(sa_pl->raw);
	hs->sai_len = sa_pl->raw.n;
	if (hs->choice == NULL || hs->sai_b == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 1");
	e = negotiate_phase1(&sa_pl->u.sa, group, &sa->who, hs->choice, &s->why);
	s->told = true;
	if (e == IKE_E_NO_PROPOSAL)
		COUNT(s->ike, phase1_no_proposal);
	if (e != IKE_OK)
		return e;
	sa->chosen = hs->choice->policy;
	if (sa->rec != NULL)
		sa->rec->chosen = sa->chosen;
	sa->cipher = hs->choice->cipher;
	sa->hash = hs->choice->hash;
	sa->dh_group = hs->choice->group;
	sa->auth = hs->choice->auth;
	sa->offered_s = hs->choice->life_s;
	sa->offered_kb = hs->choice->life_kb;
	sa->life_s = negotiate_lifetime(sa->offered_s, sa->chosen->lifetime_s);
	sa->life_kb = negotiate_lifetime(sa->offered_kb, sa->chosen->lifetime_kilobytes);
	natt_choose(sa);
	return IKE_OK;
}

/*
 * The chosen transform as it came: number, order and form of the attributes untouched (RFC 2408
 * 4.2).
 */
enum ike_err
mm_out2(struct step *s)
{
	const struct choice1 *c = s->sa->hs->choice;
	struct pl *pl = msg_add(s->out, ISAKMP_PL_SA, s->mem);
	struct pl_proposal *p = ARENA_NEW(s->mem, struct pl_proposal);
	struct pl_transform *t = ARENA_NEW(s->mem, struct pl_transform);

	s->sa->hs->choice = NULL;
	if (pl == NULL || p == NULL || t == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 2");
	*t = *c->transform;
	t->next = NULL;
	*p = (struct pl_proposal){.number = c->proposal->number,
	    .protocol = PROTO_ISAKMP,
	    .transforms = t};
	pl->u.sa = (struct pl_sa){.doi = IPSEC_DOI,
	    .situation = IPSEC_SIT_IDENTITY,
	    .proposals = p};
	if (s->sa->natt != 0 &&
	    msg_add_raw(s->out, ISAKMP_PL_VID, vid_octets(s->sa->natt), s->mem) == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 2");
	if (msg_add_raw(s->out, ISAKMP_PL_VID, vid_octets(VID_DPD), s->mem) == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 2");
	return IKE_OK;
}

/* ---- HDR, KE, Ni --> HDR, KE, Nr ---- */

enum ike_err
mm_in3(struct step *s)
{
	struct chunk ke = msg_find(s->in, ISAKMP_PL_KE, NULL)->u.raw,
		     ni = msg_find(s->in, ISAKMP_PL_NONCE, NULL)->u.raw;
	struct sa *sa = s->sa;
	struct handshake *hs = sa->hs;
	enum ike_err e;

	if (ni.n < NONCE_MIN || ni.n > NONCE_MAX)
		return why(&s->why, IKE_E_SYNTAX, "nonce of %zu octets, 8 to 256 are allowed",
		    ni.n);
	e = dh_check_public(s->ike->crypto, sa->dh_group, ke, &s->why);
	if (e != IKE_OK) {
		s->told = true;
		LOG(P1_BAD_PUBLIC_VALUE, &sa->who, "Error processing payload: Payload ID: %u (%s)",
		    ISAKMP_PL_KE, s->why.text);
		return e;
	}
	p1_vendor_ids(s);
	if (sa->natt == 0)
		natt_choose(sa);
	natt_detect(s);

	/* A message 3 that failed halfway may come again. */
	dh_free(hs->dh);
	free(hs->gxi);
	free(hs->gxr);
	hs->dh = dh_generate(s->ike->crypto, sa->dh_group, &s->why);
	hs->gxi = copy(ke);
	hs->gxr = malloc(sa->dh_group->public_len);
	if (hs->dh == NULL || hs->gxi == NULL || hs->gxr == NULL)
		return why(&s->why, hs->dh == NULL ? s->why.code : IKE_E_NOMEM,
		    "Diffie-Hellman key pair");
	COUNT(s->ike, dh_generated);
	memcpy(hs->ni, ni.p, ni.n);
	hs->ni_len = ni.n;
	s->ike->ports.random(s->ike->ports.ctx, hs->nr, NONCE_LEN);
	return dh_public(hs->dh, hs->gxr);
}

enum ike_err
mm_out4(struct step *s)
{
	struct handshake *hs = s->sa->hs;

	if (msg_add_raw(s->out, ISAKMP_PL_KE, CHUNK(hs->gxr, s->sa->dh_group->public_len),
		s->mem) == NULL ||
	    msg_add_raw(s->out, ISAKMP_PL_NONCE, CHUNK(hs->nr, NONCE_LEN), s->mem) == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 4");
	return natt_add_payloads(s);
}

/* ---- HDR*, IDii, HASH_I --> HDR*, IDir, HASH_R ---- */

/* RFC 2407 4.6.2: protocol and port are 0 and 0, or UDP and 500; behind a NAT 4500 is seen. */
static bool
id_port_right(const struct pl_id *id)
{
	return (id->proto == 0 && id->port == 0) ||
	    (id->proto == 17 &&
		(id->port == 0 || id->port == ISAKMP_PORT || id->port == ISAKMP_PORT_NAT_T));
}

/*
 * A later tunnel group whose key is the same and whose policies hold the proposal that was chosen.
 */
static bool
could_be(const struct sa *sa, const struct tunnel_group *g)
{
	if (g->psk_len != sa->group->psk_len ||
	    !crypto_equal(CHUNK(g->psk, g->psk_len), CHUNK(sa->group->psk, sa->group->psk_len)))
		return false;
	for (size_t i = 0; g->policies[i] != NULL; i++)
		if (g->policies[i] == sa->chosen)
			return true;
	return false;
}

/* As the policy file writes it, for `explain`. */
static void
record_identity(struct record *rec, const struct pl_id *id, const char *text)
{
	const char *kind = "";
	char plain[160];
	size_t n, m;

	if (rec == NULL)
		return;
	if (id->kind == ID_KEY_ID) {
		kind = "keyid:";
		(void)hexdump_text(id->data, plain, sizeof(plain));
		text = plain;
	} else if (id->kind == ID_FQDN && strchr(text, '.') == NULL) {
		kind = "fqdn:";
	}
	n = strlen(kind);
	memcpy(rec->remote_id, kind, n);
	m = strnlen(text, sizeof(rec->remote_id) - n - 1);
	memcpy(rec->remote_id + n, text, m);
	rec->remote_id[n + m] = '\0';
}

/*
 * The address chose the group, since the key was needed before the identity; the identity may move
 * the peer on.
 */
static enum ike_err
check_identity(struct step *s, const struct pl_id *id)
{
	struct sa *sa = s->sa;
	const struct tunnel_group *g = sa->group;
	char text[160], num[16];

	dump_id(id, text, sizeof(text));
	record_identity(sa->rec, id, text);
	LOG(P1_IDENTITY, &sa->who, "%s received: %s",
	    names_print(wire_id_kinds, id->kind, num, sizeof(num)), text);
	if (!id_port_right(id))
		return why(&s->why, IKE_E_BAD_ID, "identity %s with protocol %u, port %u", text,
		    id->proto, id->port);
	while (g != NULL &&
	    !(p1_ident_accepts(&g->remote_id, id, &s->path.remote.addr) && could_be(sa, g)))
		g = policy_match(sa->policy, &s->path.remote.addr, &s->path.local.addr,
		    (size_t)(g - sa->policy->groups) + 1);
	if (g == NULL) {
		s->told = true;
		LOG(P1_IDENTITY_REFUSED, &sa->who,
		    "IKE ID %s is not the remote_id of tunnel group %s, nor of a later one with the same key",
		    text, sa->group->name);
		return why(&s->why, IKE_E_BAD_ID,
		    "identity %s is not the one tunnel group %s wants", text, sa->group->name);
	}
	if (g != sa->group) {
		LOG(GROUP_LOOKUP, &sa->who, "Trying to find group via IKE ID...");
		sa_set_group(sa, g);
		LOG(GROUP_LANDED, &sa->who, "Connection landed on tunnel_group %s", g->name);
	}
	return IKE_OK;
}

enum ike_err
mm_in5(struct step *s)
{
	const struct pl *id = msg_find(s->in, ISAKMP_PL_ID, NULL),
			*hash = msg_find(s->in, ISAKMP_PL_HASH, NULL);
	struct sa *sa = s->sa;
	struct handshake *hs = sa->hs;
	size_t public_len = sa->dh_group->public_len;
	uint8_t ours[ALG_MAX_HASH];
	enum ike_err e;

	e = keymat_auth_hash(s->ike->crypto, sa->hash, secret_view(&hs->skeyid),
	    CHUNK(hs->gxi, public_len), CHUNK(hs->gxr, public_len), sa->cky_i, sa->cky_r,
	    CHUNK(hs->sai_b, hs->sai_len), id->raw, ours);
	if (e != IKE_OK)
		return why(&s->why, e, "HASH_I");
	if (!crypto_equal(hash->u.raw, CHUNK(ours, sa->hash->len))) {
		history_add(&sa->history, sa->state, EV_PROB_AUTH_FAIL);
		s->told = true;
		LOG(P1_AUTH_FAILED, &sa->who,
		    "HASH_I of message 5 does not verify: the peer is not authenticated");
		return why(&s->why, IKE_E_AUTH, "HASH_I of message 5 does not verify");
	}
	history_add(&sa->history, sa->state, EV_COMPARE_IDS);
	e = check_identity(s, &id->u.id);
	if (e != IKE_OK)
		return e;
	free(sa->id_body);
	sa->id_body = copy(id->raw);
	sa->id_len = id->raw.n;
	if (sa->id_body == NULL)
		return why(&s->why, IKE_E_NOMEM, "identity");
	p1_vendor_ids(s);
	for (const struct pl *n = msg_find(s->in, ISAKMP_PL_N, NULL); n != NULL; n = msg_next(n)) {
		COUNT(s->ike, notifies_in);
		if (n->u.notify.type == N_INITIAL_CONTACT)
			hs->initial_contact = true;
	}
	return IKE_OK;
}

enum ike_err
mm_out6(struct step *s)
{
	struct sa *sa = s->sa;
	struct handshake *hs = sa->hs;
	size_t public_len = sa->dh_group->public_len;
	struct pl *id;
	uint8_t *hash = arena_alloc(s->mem, sa->hash->len);
	enum ike_err e;

	e = p1_local_id(sa, &s->why);
	if (e != IKE_OK)
		return e;
	id = msg_add(s->out, ISAKMP_PL_ID, s->mem);
	if (id == NULL || hash == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 6");
	id->u.id = (struct pl_id){.kind = hs->idr_b[0],
	    .data = CHUNK(hs->idr_b + 4, hs->idr_len - 4)};
	e = keymat_auth_hash(s->ike->crypto, sa->hash, secret_view(&hs->skeyid),
	    CHUNK(hs->gxr, public_len), CHUNK(hs->gxi, public_len), sa->cky_r, sa->cky_i,
	    CHUNK(hs->sai_b, hs->sai_len), CHUNK(hs->idr_b, hs->idr_len), hash);
	if (e != IKE_OK)
		return why(&s->why, e, "HASH_R");
	if (msg_add_raw(s->out, ISAKMP_PL_HASH, CHUNK(hash, sa->hash->len), s->mem) == NULL)
		return why(&s->why, IKE_E_NOMEM, "message 6");
	return IKE_OK;
}

enum ike_err
mm_done6(struct step *s)
{
	p1_established(s->sa, &s->path);
	sa_count_octets(s->sa, s->in->hdr.length);
	return IKE_OK;
}
