/*
 * src/ike/p1.c - what the modes of phase 1 share: vendor ids, keys, identities, the moment it is
 * up.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wire/dump.h"
#include "wire/vid.h"

/* ASA sends its DPD vendor id in message 5 only: every message is looked at. */
void
p1_vendor_ids(struct step *s)
{
	const char *name;

	for (const struct pl *v = msg_find(s->in, ISAKMP_PL_VID, NULL); v != NULL;
	     v = msg_next(v)) {
		unsigned caps = vid_lookup(v->u.raw, &name);

		s->sa->caps |= caps;
		LOG(VENDOR_ID, &s->sa->who, "Received %s VID", name);
	}
}

/*
 * SKEYID and its three children, the cipher key and the first IV; once, when message 5 asks for
 * them (RFC 2409 5, B).
 */
enum ike_err
p1_keys(struct sa *sa, struct why *w)
{
	struct handshake *hs = sa->hs;
	struct crypto *c = sa->ike->crypto;
	struct chunk psk, gxi = CHUNK(hs->gxi, sa->dh_group->public_len),
			  gxr = CHUNK(hs->gxr, sa->dh_group->public_len);
	struct skeyids keys = {0};
	uint8_t gxy[ALG_MAX_PUBLIC];
	enum ike_err e;

	if (hs->keyed)
		return IKE_OK;
	e = fsm_psk(sa, &psk);
	if (e == IKE_OK)
		e = dh_derive(c, hs->dh, gxi, gxy, w);
	if (e == IKE_OK) {
		COUNT(sa->ike, dh_derived);
		e = keymat_skeyid_psk(c, sa->hash, psk, CHUNK(hs->ni, hs->ni_len),
		    CHUNK(hs->nr, NONCE_LEN), &keys.skeyid);
	}
	if (e == IKE_OK)
		e = keymat_skeyid_dae(c, sa->hash, CHUNK(gxy, sa->dh_group->secret_len), sa->cky_i,
		    sa->cky_r, &keys);
	if (e == IKE_OK)
		e = keymat_cipher_key(c, sa->hash, sa->cipher, secret_view(&keys.e), &sa->key);
	if (e == IKE_OK)
		e = keymat_iv_phase1(c, sa->hash, sa->cipher, gxi, gxr, sa->iv);
	if (e == IKE_OK) {
		hs->skeyid = keys.skeyid;
		sa->skeyid_d = keys.d;
		sa->skeyid_a = keys.a;
		hs->keyed = true;
	} else {
		why(w, e, "phase 1 keys: %s", err_text(e));
	}
	secret_wipe_mem(gxy, sizeof(gxy));
	secret_wipe_mem(&keys, sizeof(keys));
	return e;
}

static enum ike_err
set_id(struct handshake *hs, uint8_t kind, struct chunk data)
{
	free(hs->idr_b);
	hs->idr_b = malloc(4 + data.n);
	if (hs->idr_b == NULL)
		return IKE_E_NOMEM;
	hs->idr_b[0] = kind;
	memset(hs->idr_b + 1, 0, 3); /* protocol and port 0 */
	memcpy(hs->idr_b + 4, data.p, data.n);
	hs->idr_len = 4 + data.n;
	return IKE_OK;
}

enum ike_err
p1_local_id(struct sa *sa, struct why *w)
{
	struct ident id;
	enum ike_err e = fsm_local_id(sa, &id);
	struct chunk text = CHUNK((const uint8_t *)id.text, id.text != NULL ? strlen(id.text) : 0);
	const struct addr *a = id.kind == IDENT_ADDRESS || id.kind == IDENT_ANY ?
	    &sa->path.local.addr :
	    &id.addr;

	if (e != IKE_OK)
		return why(w, e, "our identity");
	switch (id.kind) {
	case IDENT_FQDN:
		e = set_id(sa->hs, ID_FQDN, text);
		break;
	case IDENT_USER_FQDN:
		e = set_id(sa->hs, ID_USER_FQDN, text);
		break;
	case IDENT_KEY_ID:
		e = set_id(sa->hs, ID_KEY_ID, text);
		break;
	default:
		e = set_id(sa->hs, a->family == ADDR_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR,
		    addr_octets(a));
	}
	return e == IKE_OK ? e : why(w, e, "our identity");
}

static bool
fqdn_fits(const char *pattern, struct chunk name)
{
	size_t n = strlen(pattern);

	if (n > 2 && pattern[0] == '*' && pattern[1] == '.')
		return name.n > n - 1 &&
		    strncasecmp(pattern + 1, (const char *)name.p + name.n - (n - 1), n - 1) == 0;
	return name.n == n && strncasecmp(pattern, (const char *)name.p, n) == 0;
}

bool
p1_ident_accepts(const struct ident *want, const struct pl_id *id, const struct addr *from)
{
	struct addr a = addr_from_octets(id->data);
	bool is_addr = id->kind == ID_IPV4_ADDR || id->kind == ID_IPV6_ADDR;

	switch (want->kind) {
	case IDENT_ANY:
		return true;
	case IDENT_ADDRESS:
		return is_addr && addr_eq(&a, from);
	case IDENT_IPV4:
	case IDENT_IPV6:
		return is_addr && addr_eq(&a, &want->addr);
	case IDENT_FQDN:
		return id->kind == ID_FQDN && fqdn_fits(want->text, id->data);
	case IDENT_USER_FQDN:
		return id->kind == ID_USER_FQDN && fqdn_fits(want->text, id->data);
	case IDENT_KEY_ID:
		return id->kind == ID_KEY_ID &&
		    chunk_eq(CHUNK((const uint8_t *)want->text, strlen(want->text)), id->data);
	}
	return false;
}

/* The peer started anew: whatever it had with us before is gone on its side (RFC 2407 4.6.3.3). */
void
p1_initial_contact(struct sa *sa)
{
	struct sa *old, *next;
	unsigned n = 0;

	if (sa->peer == NULL)
		return;
	for (old = LIST_FIRST(&sa->peer->list); old != NULL; old = next) {
		next = LIST_NEXT(old, of_peer);
		if (old == sa || old->born_ms > sa->born_ms)
			continue;
		fsm_end_sa(old);
		n++;
	}
	LOG(INITIAL_CONTACT, &sa->who, "INITIAL-CONTACT: %u older ISAKMP SA%s of this peer removed",
	    n, n == 1 ? "" : "s");
}

/* A new phase 1 beside a living one: the IPsec SAs live on under the newer (as strongSwan does). */
static void
adopt(struct sa *sa)
{
	struct sa *old;
	struct child *child;

	LIST_FOREACH(old, &sa->peer->list, of_peer) {
		if (old == sa || old->rekeyed)
			continue;
		old->rekeyed = true;
		LOG(P1_REKEYED, &sa->who, "phase 1 rekeyed: the new ISAKMP SA adopts %u IPsec SA%s",
		    old->child_count, old->child_count == 1 ? "" : "s");
		while ((child = LIST_FIRST(&old->children)) != NULL)
			child_move(child, sa);
		timer_stop(sa->ike, &old->dpd);
		timer_set(sa->ike, &old->life, REKEYED_KEEP_MS);
	}
}

/* RFC 2407 4.6.3.1: the peer is told when our lifetime ends before the one it proposed. */
static void
tell_lifetime(struct sa *sa, const struct path *path)
{
	struct chunk data;

	if (sa->life_s == sa->offered_s && sa->life_kb == sa->offered_kb)
		return;
	if (sa->life_s != sa->offered_s)
		LOG(P1_LIFETIME, &sa->who,
		    "Overriding Initiator's IKE rekeying duration from %u to %u seconds",
		    sa->offered_s, sa->life_s);
	if (sa->life_kb != sa->offered_kb)
		LOG(P1_LIFETIME, &sa->who,
		    "Overriding Initiator's IKE rekeying duration from %u to %u Kbs",
		    sa->offered_kb, sa->life_kb);
	data = lifetime_data(sa->ike->mem, P1A_LIFE_TYPE, sa->offered_s, sa->offered_kb, sa->life_s,
	    sa->life_kb);
	if (data.n != 0)
		tx_notify(sa, path, PROTO_ISAKMP, CHUNK_NONE, N_RESPONDER_LIFETIME, data, NULL);
}

struct chunk
lifetime_data(struct arena *mem, uint16_t type_attr, uint32_t offered_s, uint32_t offered_kb,
    uint32_t life_s, uint32_t life_kb)
{
	struct pl_attr *list = NULL, **tail = &list;
	const struct {
		uint16_t type;
		uint32_t offered, ours;
	} lives[] = {{LIFE_SECONDS, offered_s, life_s}, {LIFE_KILOBYTES, offered_kb, life_kb}};
	struct wbuf w;
	uint8_t *room = arena_alloc(mem, 32);

	for (size_t i = 0; i < ARRAY_LEN(lives); i++) {
		if (lives[i].ours == lives[i].offered)
			continue;
		*tail = attr_new(mem, type_attr, lives[i].type);
		if (*tail == NULL)
			return CHUNK_NONE;
		tail = &(*tail)->next;
		*tail = attr_new_long(mem, (uint16_t)(type_attr + 1), lives[i].ours);
		if (*tail == NULL)
			return CHUNK_NONE;
		tail = &(*tail)->next;
	}
	if (room == NULL || list == NULL)
		return CHUNK_NONE;
	wb_init(&w, room, 32);
	attr_list_put(&w, list);
	return wb_view(&w);
}

void
p1_established(struct sa *sa, const struct path *path)
{
	struct ike *ike = sa->ike;
	bool alone = sa->hs->initial_contact;

	if (path->marker && !sa->path.marker)
		LOG(NAT_DETECTED, &sa->who,
		    "NAT-T: the peer floated to UDP port %u, from its port %u", path->local.port,
		    path->remote.port);
	sa->path = *path;
	sa->who.peer = path->remote.addr;
	sa->who.quiet = false;
	sa->unproven = 0;
	sa->heard_ms = ike_now(ike);
	if (sa_establish(sa) != IKE_OK)
		LOG(DAEMON_ERROR, &sa->who,
		    "out of memory: the SA is not found by its peer's identity");
	COUNT(ike, phase1_up);
	LOG(P1_COMPLETED, &sa->who, "PHASE 1 COMPLETED");
	if (alone)
		p1_initial_contact(sa);
	else if (sa->peer != NULL)
		adopt(sa);
	if (sa->life_s != 0)
		timer_set(ike, &sa->life, sa->life_s * UINT64_C(1000));
	else
		timer_stop(ike, &sa->life);
	tell_lifetime(sa, path);
	dpd_start(sa);
	natt_keepalive_start(sa);
	if (sa->rec != NULL)
		sa->rec->outcome = RECORD_UP;
	record_end(ike, &sa->rec);
	ike->now = NULL;
}

/* Half-open too long: message 3 or 5 never came. */
enum ike_err
p1_give_up(struct step *s)
{
	struct sa *sa = s->sa;

	LOG(P1_TIMEOUT, &sa->who, "%s: no answer from the peer within %u seconds, giving up",
	    fsm_state_name(sa->state), sa->policy->limits.half_open_timeout_s);
	COUNT(s->ike, sa_half_open_expired);
	why(&s->why, IKE_E_UNEXPECTED, "no answer from the peer within %u seconds%s%s",
	    sa->policy->limits.half_open_timeout_s, sa->last_error != NULL ? "; before that: " : "",
	    sa->last_error != NULL ? sa->last_error : "");
	record_failed(sa->rec, &s->why, NULL, fsm_state_name(sa->state));
	fsm_abort_sa(sa);
	return IKE_OK;
}

enum ike_err
p1_expired(struct step *s)
{
	struct sa *sa = s->sa;
	struct child *child;

	if (sa->rekeyed)
		LOG(P1_EXPIRED, &sa->who, "ISAKMP SA replaced by a newer one, deleting it");
	else if (sa->life_kb != 0 && sa->octets / 1024 >= sa->life_kb)
		LOG(P1_EXPIRED, &sa->who,
		    "ISAKMP SA has reached its lifetime of %u kB, deleting it and its %u IPsec SAs",
		    sa->life_kb, sa->child_count);
	else
		LOG(P1_EXPIRED, &sa->who,
		    "ISAKMP SA has reached its lifetime of %u seconds, deleting it and its %u IPsec SAs",
		    sa->life_s, sa->child_count);
	while ((child = LIST_FIRST(&sa->children)) != NULL) {
		tx_delete_child(child);
		child_free(child);
	}
	tx_delete_sa(sa);
	return IKE_OK;
}
