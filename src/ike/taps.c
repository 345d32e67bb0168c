/*
 * src/ike/taps.c - what the taps of fsm.c and tx.c share: who is tapped, what a fault may ask for.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

uint64_t
taps_negotiation(const uint8_t *cky_i, uint32_t msgid)
{
	uint64_t id;

	memcpy(&id, cky_i, sizeof(id));
	return id ^ msgid * UINT64_C(0x9e3779b97f4a7c15);
}

struct fault_key
taps_key(struct sa *sa, const struct xchg *x, const struct path *path, const char *label)
{
	const struct tunnel_group *group = sa->group;

	if (group == NULL) /* message 1: its handler will find the same */
		group = policy_match(sa->policy, &path->remote.addr, &path->local.addr, 0);
	return (struct fault_key){.room = sa->ike->faults,
	    .group = group,
	    .label = label,
	    .negotiation = taps_negotiation(sa->cky_i, x != NULL ? x->msgid : 0),
	    .marker = path->marker,
	    .who = {.group = group != NULL ? group->name : NULL, .peer = sa->who.peer},
	    .counters = &sa->ike->counters};
}

/* `explain' says that the failure was asked for. */
void
taps_fired(struct record *rec, const struct fault_hit *hit)
{
	if (rec == NULL)
		return;
	for (unsigned i = 0; i < hit->fired_n; i++)
		for (unsigned k = 0; k < RECORD_FAULTS; k++) {
			if (rec->faults[k] == NULL)
				rec->faults[k] = hit->fired[i];
			if (rec->faults[k] == hit->fired[i])
				break;
		}
}

/*
 * A fault around the engine has swallowed a datagram: the negotiation's record, or a new one, says
 * so.
 */
void
ike_swallowed(struct ike *ike, const struct path *path, const struct isakmp_hdr *h,
    const struct fault_key *key, const struct fault_hit *hit)
{
	struct sa *sa = sa_find(ike, h->cky_i, h->cky_r);
	struct record *rec;
	struct why w = {0};

	COUNT(ike, faults_fired);
	if (sa != NULL) {
		taps_fired(sa->rec, hit);
		return;
	}
	if (h->exchange != ISAKMP_XCHG_MAIN || !hdr_cookie_zero(h->cky_r) ||
	    (rec = record_begin(ike, path, h->cky_i, h->cky_r)) == NULL)
		return;
	record_group(rec, ike->policy, key->group);
	taps_fired(rec, hit);
	why(&w, IKE_E_SILENT, "message 1 was swallowed on demand, fault %s", hit->fired[0]);
	record_failed(rec, &w, "MM1", fsm_state_name(MM_START));
	record_end(ike, &rec);
}

/* ---- verbs ---- */

struct late { /* what is asked for, until it is done */
	LIST_ENTRY(late) of_sa;
	struct sa *sa;
	struct timer timer;
	uint32_t msgid; /* of the Quick Mode; 0: phase 1 */
	struct fault_asks asks;
};

static struct child *
child_of(const struct late *l)
{
	struct child *child;

	LIST_FOREACH(child, &l->sa->children, of_sa)
		if (l->msgid != 0 && child->msgid == l->msgid)
			return child;
	return NULL;
}

/* True: the SA is to end. */
static bool
do_delete(struct late *l, const struct fault_ask *a)
{
	struct child *child = child_of(l);

	for (unsigned i = 0; i < a->times; i++)
		if (a->verb == VERB_DELETE_CHILD && child != NULL)
			tx_delete_child(child);
		else if (a->verb == VERB_DELETE_SA && a->clear)
			tx_delete_clear(l->sa);
		else if (a->verb == VERB_DELETE_SA)
			tx_delete_sa(l->sa);
	if (!a->keep && a->verb == VERB_DELETE_CHILD)
		child_free(child);
	return !a->keep && a->verb == VERB_DELETE_SA;
}

static void
do_notify(struct late *l, const struct fault_ask *a)
{
	const struct child *child = a->child_spi ? child_of(l) : NULL;
	uint32_t spi = child != NULL ? htonl(child->spi_in) : 0;

	tx_notify(l->sa, &l->sa->path, child != NULL ? child->offer.protocol : PROTO_ISAKMP,
	    child != NULL ? CHUNK((uint8_t *)&spi, sizeof(spi)) : CHUNK_NONE, a->type,
	    CHUNK(a->data, a->data_n), NULL);
}

static void
do_dpd(struct sa *sa, const struct fault_ask *a)
{
	uint32_t seq;

	for (unsigned i = 0; i < a->times; i++) {
		seq = htonl(++sa->dpd_seq);
		COUNT(sa->ike, dpd_out);
		tx_notify(sa, &sa->path, PROTO_ISAKMP, CHUNK_NONE, N_R_U_THERE,
		    CHUNK((uint8_t *)&seq, sizeof(seq)), NULL);
	}
}

/* A prefix as a proxy identity; any: all of IPv4. */
static void
proxy_from_prefix(const struct prefix *prefix, uint8_t ip_proto, uint16_t port, struct proxy *p)
{
	struct pl pl = {.u.id = {.proto = ip_proto, .port = port}};
	struct chunk octets = addr_octets(&prefix->addr);
	size_t size = octets.n == 16 ? 16 : 4;
	uint8_t body[4 + 32] = {0};
	struct why w;

	if (octets.n > 0)
		memcpy(body + 4, octets.p, octets.n);
	for (unsigned i = 0; i < prefix->bits && octets.n > 0; i++)
		body[4 + size + i / 8] |= (uint8_t)(0x80 >> i % 8);
	body[0] = pl.u.id.kind = size == 16 ? ID_IPV6_ADDR_SUBNET : ID_IPV4_ADDR_SUBNET;
	body[1] = ip_proto;
	body[2] = (uint8_t)(port >> 8);
	body[3] = (uint8_t)port;
	pl.u.id.data = CHUNK(body + 4, 2 * size);
	pl.raw = CHUNK(body, 4 + 2 * size);
	if (proxy_from_id(&pl, p, &w) != IKE_OK)
		proxy_from_addr(&prefix->addr, p);
}

static uint16_t
encap_for(const struct sa *sa, enum policy_mode mode)
{
	bool udp = sa->nat_local || sa->nat_remote;

	if ((mode & MODE_TUNNEL) != 0)
		return udp ? ENCAP_UDP_TUNNEL : ENCAP_TUNNEL;
	return udp ? ENCAP_UDP_TRANSPORT : ENCAP_TRANSPORT;
}

/* Quick Mode as a crypto map entry would have it: the first set's first algorithms. */
static void
do_quick(struct sa *sa, const struct fault_ask *a)
{
	const struct fault_hit hit = {.fired = {a->fault}, .fired_n = 1};
	struct xchg *x;
	const struct transform_set *set = a->wish.sets[0];
	struct child like = {.policy = sa->policy, .entry = a->entry};
	struct offer2 *o = &like.offer;
	struct why w = {0};

	o->protocol = set->protocol;
	o->cipher = a->cipher != NULL ? a->cipher : set->encryption[0];
	o->integ = o->cipher != NULL && o->cipher->icv != 0 ? NULL : set->integrity[0];
	o->transform_id = o->cipher != NULL ? o->cipher->esp_id : o->integ->ah_id;
	o->encap = encap_for(sa, set->mode);
	o->pfs = a->wish.pfs == PFS_GROUP ? a->wish.pfs_groups[0] : NULL;
	proxy_from_prefix(&a->wish.local, a->wish.ip_proto, a->wish.local_port, &like.local);
	proxy_from_prefix(&a->wish.remote, a->wish.ip_proto, a->wish.remote_port, &like.remote);
	if (quick_start(sa, &like, &w) != IKE_OK) {
		LOG(P2_FSM_ERROR, &sa->who, "Quick Mode could not be started: %s", w.text);
		return;
	}
	LIST_FOREACH(x, &sa->xchgs, of_sa)
		if (x->state == QM_WAIT_MSG2)
			taps_fired(x->rec, &hit);
}

static void
late_free(struct late *l)
{
	timer_fini(l->sa->ike, &l->timer);
	LIST_REMOVE(l, of_sa);
	free(l);
}

static void
late_do(void *owner)
{
	struct late *l = owner;
	struct sa *sa = l->sa;
	bool end = false;

	for (unsigned i = 0; i < l->asks.n; i++) {
		const struct fault_ask *a = &l->asks.a[i];

		switch (a->verb) {
		case VERB_DELETE_SA:
		case VERB_DELETE_CHILD:
			end |= do_delete(l, a);
			break;
		case VERB_NOTIFY:
			do_notify(l, a);
			break;
		case VERB_DPD:
			do_dpd(sa, a);
			break;
		case VERB_QUICK:
			do_quick(sa, a);
			break;
		}
	}
	late_free(l);
	if (end)
		fsm_end_sa(sa);
}

void
taps_later(struct step *s, const struct fault_asks *asks)
{
	struct late *l;

	if (asks->n == 0 || (l = calloc(1, sizeof(*l))) == NULL)
		return;
	l->sa = s->sa;
	l->msgid = s->x != NULL ? s->x->msgid : 0;
	l->asks = *asks;
	if (!timer_init(s->ike, &l->timer, late_do, l)) {
		free(l);
		return;
	}
	LIST_INSERT_HEAD(&s->sa->lates, l, of_sa);
	timer_set(s->ike, &l->timer, FAULT_LATER_MS);
}

void
taps_forget(struct sa *sa)
{
	struct late *l;

	while ((l = LIST_FIRST(&sa->lates)) != NULL)
		late_free(l);
}
