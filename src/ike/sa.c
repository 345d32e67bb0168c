/*
 * src/ike/sa.c - ISAKMP SAs: their life, the tables that find them, the limits on half-open ones.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdlib.h>
#include <string.h>

static void
new_cookie(struct ike *ike, uint8_t *cky)
{
	struct sa *other;

	do {
		ike->ports.random(ike->ports.ctx, cky, ISAKMP_COOKIE_LEN);
		cky[0] = ike->worker;
		HASH_FIND(hh_cookie, ike->by_cookie, cky, ISAKMP_COOKIE_LEN, other);
	} while (other != NULL || hdr_cookie_zero(cky));
}

/*
 * A table key of what the peer has chosen: nobody who does not know the seed can make cookies or
 * forge addresses that fall into one bucket.
 */
static bool
seeded(struct ike *ike, const struct addr *addr, const uint8_t *cky_i, uint8_t *key)
{
	struct chunk parts[] = {CHUNK(ike->seed, sizeof(ike->seed)), addr_octets(addr),
	    CHUNK(cky_i, cky_i != NULL ? ISAKMP_COOKIE_LEN : 0)};
	uint8_t digest[ALG_MAX_HASH];

	if (crypto_hash(ike->crypto, alg_hash_named("sha256"), parts, ARRAY_LEN(parts), digest) !=
	    IKE_OK)
		return false;
	memcpy(key, digest, DIGEST_LEN);
	return true;
}

static struct source *
source_find(struct ike *ike, const struct addr *addr)
{
	struct source *src = NULL;
	uint8_t key[DIGEST_LEN];

	if (seeded(ike, addr, NULL, key))
		HASH_FIND(hh, ike->sources, key, DIGEST_LEN, src);
	return src;
}

static struct source *
source_get(struct ike *ike, const struct addr *addr)
{
	struct source *src = source_find(ike, addr);

	if (src != NULL)
		return src;
	src = calloc(1, sizeof(*src));
	if (src == NULL)
		return NULL;
	TAILQ_INIT(&src->list);
	if (seeded(ike, addr, NULL, src->key))
		HASH_ADD(hh, ike->sources, key, DIGEST_LEN, src);
	if (src->hh.tbl == NULL) {
		free(src);
		return NULL;
	}
	return src;
}

static void
source_leave(struct sa *sa)
{
	struct ike *ike = sa->ike;
	struct source *src = sa->source;

	if (src == NULL)
		return;
	TAILQ_REMOVE(&src->list, sa, of_source);
	TAILQ_REMOVE(&ike->half_open, sa, half_open);
	ike->half_open_count--;
	sa->source = NULL;
	if (--src->half_open == 0) {
		HASH_DELETE(hh, ike->sources, src);
		free(src);
	}
}

static void
evict(struct sa *sa, const char *limit)
{
	struct ike *ike = sa->ike;

	LOG_LIMITED(ike->limiter, ike_now(ike), LIMIT_REACHED, &sa->who,
	    "%s: the oldest half-open SA, in %s, is dropped", limit, fsm_state_name(sa->state));
	COUNT(ike, sa_half_open_evicted);
	fsm_end_sa(sa);
}

/*
 * The oldest goes: an honest negotiation, which takes a moment, gets through a flood of first
 * messages.
 */
static void
make_room(struct ike *ike, const struct addr *addr)
{
	const struct policy_limits *limits = &ike->policy->limits;
	struct source *src = source_find(ike, addr);

	if (src != NULL && src->half_open >= limits->half_open_per_source)
		evict(TAILQ_FIRST(&src->list), "limits.half_open_per_source");
	else if (ike->half_open_count >= limits->half_open)
		evict(TAILQ_FIRST(&ike->half_open), "limits.half_open");
}

static bool
init_timers(struct sa *sa)
{
	return timer_init(sa->ike, &sa->life, rx_sa_timeout, sa) &&
	    timer_init(sa->ike, &sa->dpd, dpd_timer, sa) &&
	    timer_init(sa->ike, &sa->keepalive, natt_keepalive_timer, sa);
}

static bool
source_join(struct sa *sa)
{
	struct ike *ike = sa->ike;

	sa->source = source_get(ike, &sa->path.remote.addr);
	if (sa->source == NULL)
		return false;
	sa->source->half_open++;
	TAILQ_INSERT_TAIL(&sa->source->list, sa, of_source);
	TAILQ_INSERT_TAIL(&ike->half_open, sa, half_open);
	ike->half_open_count++;
	return true;
}

static bool
enter_tables(struct sa *sa)
{
	struct ike *ike = sa->ike;

	if (!seeded(ike, &sa->path.remote.addr, sa->cky_i, sa->first_key.digest))
		return false;
	HASH_ADD(hh_cookie, ike->by_cookie, cky_r, ISAKMP_COOKIE_LEN, sa);
	HASH_ADD(hh_first, ike->by_first, first_key, sizeof(sa->first_key), sa);
	return sa->hh_cookie.tbl != NULL && sa->hh_first.tbl != NULL;
}

struct sa *
sa_new(struct ike *ike, const struct path *path, const uint8_t *cky_i)
{
	struct sa *sa;

	make_room(ike, &path->remote.addr);
	sa = calloc(1, sizeof(*sa));
	if (sa == NULL)
		return NULL;
	sa->ike = ike;
	sa->path = *path;
	sa->who.peer = path->remote.addr;
	sa->policy = policy_ref(ike->policy);
	sa->born_ms = sa->heard_ms = ike_now(ike);
	memcpy(sa->cky_i, cky_i, ISAKMP_COOKIE_LEN);
	new_cookie(ike, sa->cky_r);
	LIST_INIT(&sa->xchgs);
	LIST_INIT(&sa->children);
	sa->rec = record_begin(ike, path, sa->cky_i, sa->cky_r);
	sa->hs = calloc(1, sizeof(*sa->hs));
	if (sa->hs == NULL || !init_timers(sa) || !source_join(sa) || !enter_tables(sa)) {
		sa_free(sa);
		return NULL;
	}
	timer_set(ike, &sa->life, ike->policy->limits.half_open_timeout_s * UINT64_C(1000));
	return sa;
}

void
sa_handshake_free(struct sa *sa)
{
	struct handshake *hs = sa->hs;

	if (hs == NULL)
		return;
	free(hs->sai_b);
	free(hs->gxi);
	free(hs->gxr);
	free(hs->idr_b);
	dh_free(hs->dh);
	secret_free(hs, sizeof(*hs));
	sa->hs = NULL;
}

static void
peer_leave(struct sa *sa)
{
	struct peer *peer = sa->peer;

	if (peer == NULL)
		return;
	LIST_REMOVE(sa, of_peer);
	sa->peer = NULL;
	sa->ike->established_count--;
	if (LIST_EMPTY(&peer->list)) {
		HASH_DELETE(hh, sa->ike->peers, peer);
		free(peer);
	}
}

static enum ike_err
peer_join(struct sa *sa)
{
	/* Behind one NAT, two peers may claim one identity: their ports tell them apart. */
	uint16_t port = sa->nat_remote ? sa->path.remote.port : 0;
	struct chunk parts[] = {CHUNK(sa->id_body, sa->id_len), addr_octets(&sa->path.remote.addr),
	    CHUNK((uint8_t *)&port, sizeof(port)),
	    CHUNK((const uint8_t *)sa->group->name, strlen(sa->group->name))};
	uint8_t digest[ALG_MAX_HASH];
	struct peer *peer;
	enum ike_err e;

	e = crypto_hash(sa->ike->crypto, alg_hash_named("sha256"), parts, ARRAY_LEN(parts), digest);
	if (e != IKE_OK)
		return e;
	HASH_FIND(hh, sa->ike->peers, digest, DIGEST_LEN, peer);
	if (peer == NULL) {
		peer = calloc(1, sizeof(*peer));
		if (peer == NULL)
			return IKE_E_NOMEM;
		memcpy(peer->key, digest, DIGEST_LEN);
		LIST_INIT(&peer->list);
		HASH_ADD(hh, sa->ike->peers, key, DIGEST_LEN, peer);
		if (peer->hh.tbl == NULL) {
			free(peer);
			return IKE_E_NOMEM;
		}
	}
	LIST_INSERT_HEAD(&peer->list, sa, of_peer);
	sa->peer = peer;
	sa->ike->established_count++;
	return IKE_OK;
}

enum ike_err
sa_establish(struct sa *sa)
{
	source_leave(sa);
	sa_handshake_free(sa);
	return peer_join(sa);
}

bool
sa_established(const struct sa *sa)
{
	return sa->state == MM_ACTIVE;
}

struct sa *
sa_sibling(struct sa *sa)
{
	struct sa *other;

	if (sa->peer == NULL)
		return NULL;
	LIST_FOREACH(other, &sa->peer->list, of_peer)
		if (other != sa && sa_established(other) && !other->rekeyed)
			return other;
	return NULL;
}

void
sa_free(struct sa *sa)
{
	struct ike *ike = sa->ike;
	struct xchg *x;
	struct child *child;

	taps_forget(sa);
	while ((x = LIST_FIRST(&sa->xchgs)) != NULL)
		xchg_free(x);
	while ((child = LIST_FIRST(&sa->children)) != NULL)
		child_free(child);
	record_failed(sa->rec,
	    &(struct why){.code = IKE_E_LIMIT, .text = "ended before it was complete"}, NULL,
	    fsm_state_name(sa->state));
	record_end(ike, &sa->rec);
	timer_fini(ike, &sa->life);
	timer_fini(ike, &sa->dpd);
	timer_fini(ike, &sa->keepalive);
	source_leave(sa);
	peer_leave(sa);
	if (sa->hh_cookie.tbl != NULL)
		HASH_DELETE(hh_cookie, ike->by_cookie, sa);
	if (sa->hh_first.tbl != NULL)
		HASH_DELETE(hh_first, ike->by_first, sa);
	sa_handshake_free(sa);
	kept_free(&sa->kept);
	kept_free(&sa->info_kept);
	free(sa->id_body);
	free(sa->last_error);
	free(sa->quick_seen);
	policy_unref(sa->policy);
	secret_free(sa, sizeof(*sa));
}

struct sa *
sa_find(struct ike *ike, const uint8_t *cky_i, const uint8_t *cky_r)
{
	struct sa *sa;

	HASH_FIND(hh_cookie, ike->by_cookie, cky_r, ISAKMP_COOKIE_LEN, sa);
	return sa != NULL && memcmp(sa->cky_i, cky_i, ISAKMP_COOKIE_LEN) == 0 ? sa : NULL;
}

struct sa *
sa_find_first(struct ike *ike, const uint8_t *cky_i, const struct addr *addr)
{
	struct sa *sa = NULL;
	uint8_t key[DIGEST_LEN];

	if (seeded(ike, addr, cky_i, key))
		HASH_FIND(hh_first, ike->by_first, key, DIGEST_LEN, sa);
	return sa;
}

void
sa_set_group(struct sa *sa, const struct tunnel_group *group)
{
	sa->group = group;
	sa->who.group = group->name;
	record_group(sa->rec, sa->policy, group);
}

void
sa_moved(struct sa *sa, const struct path *path)
{
	char was[ENDPOINT_TEXT], is[ENDPOINT_TEXT];

	if (endpoint_eq(&sa->path.remote, &path->remote) &&
	    endpoint_eq(&sa->path.local, &path->local))
		return;
	if (sa_established(sa))
		LOG(PEER_MOVED, &sa->who,
		    "Peer moved from %s to %s, following an authenticated message",
		    endpoint_print(&sa->path.remote, was, sizeof(was)),
		    endpoint_print(&path->remote, is, sizeof(is)));
	sa->path = *path;
	sa->who.peer = path->remote.addr;
	if (sa->peer != NULL) {
		peer_leave(sa);
		if (peer_join(sa) != IKE_OK)
			LOG(DAEMON_ERROR, &sa->who,
			    "out of memory: the SA is not found by its peer's identity any more");
	}
}

bool
sa_quick_seen(const struct sa *sa, const uint8_t *digest)
{
	uint64_t d;

	memcpy(&d, digest, sizeof(d));
	for (unsigned i = 0; i < sa->quick_count; i++)
		if (sa->quick_seen[i] == d)
			return true;
	return false;
}

/* The list grows by doubling; when it is as long as it may be, the oldest goes. */
void
sa_quick_note(struct sa *sa, const uint8_t *digest)
{
	uint64_t d;

	if (sa_quick_seen(sa, digest))
		return;
	memcpy(&d, digest, sizeof(d));
	if (sa->quick_count < QUICK_KEPT && (sa->quick_count & (sa->quick_count - 1)) == 0) {
		size_t cap = sa->quick_count == 0 ? 1 : sa->quick_count * 2u;
		uint64_t *list = realloc(sa->quick_seen, cap * sizeof(*list));

		if (list == NULL)
			return;
		sa->quick_seen = list;
	}
	if (sa->quick_count < QUICK_KEPT)
		sa->quick_seen[sa->quick_count++] = d;
	else
		sa->quick_seen[sa->quick_next++ % QUICK_KEPT] = d;
}

void
sa_count_octets(struct sa *sa, size_t n)
{
	sa->octets += n;
	/* The step at hand is finished first. */
	if (sa->life_kb != 0 && sa->octets / 1024 >= sa->life_kb && sa_established(sa))
		timer_set(sa->ike, &sa->life, 0);
}

void
sa_error(struct sa *sa, const struct why *w)
{
	free(sa->last_error);
	sa->last_error = strdup(w->text[0] != '\0' ? w->text : err_text(w->code));
}
