/* src/ike/ike.c - the engine as its owner sees it: make, feed, ask, end. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/ike.h"

#include <stdlib.h>
#include <string.h>

#include "ike_local.h"
#include <stdio.h>

#include "wire/dump.h"
#include "wire/vid.h"

#define STEP_MEMORY (1u << 20) /* octets one datagram may make us hold */
#define HOUSEKEEPING_MS 2000

uint64_t
ike_now(const struct ike *ike)
{
	return ike->ports.now_ms(ike->ports.ctx);
}

/* Keys are random numbers of our own or seeded digests: FNV-1a is enough. */
unsigned
table_hash(const void *key, size_t n)
{
	const uint8_t *p = key;
	unsigned h = 2166136261u;

	while (n-- > 0)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static void
housekeeping(void *owner)
{
	struct ike *ike = owner;

	log_limiter_flush(ike->limiter, ike_now(ike));
	timer_set(ike, &ike->housekeeping, HOUSEKEEPING_MS);
}

struct ike *
ike_new(const struct ike_conf *conf)
{
	struct ike *ike = calloc(1, sizeof(*ike));

	if (ike == NULL)
		return NULL;
	ike->worker = conf->worker;
	ike->crypto = conf->crypto;
	ike->ports = conf->ports;
	ike->policy = policy_ref(conf->policy);
	ike->faults = conf->faults;
	TAILQ_INIT(&ike->half_open);
	ike->mem = arena_new(STEP_MEMORY);
	ike->limiter = log_limiter_new(&ike->counters);
	if (ike->mem == NULL || ike->limiter == NULL ||
	    !timer_init(ike, &ike->housekeeping, housekeeping, ike)) {
		ike_free(ike);
		return NULL;
	}
	ike->ports.random(ike->ports.ctx, ike->seed, sizeof(ike->seed));
	timer_set(ike, &ike->housekeeping, HOUSEKEEPING_MS);
	return ike;
}

void
ike_free(struct ike *ike)
{
	struct sa *sa, *next;

	if (ike == NULL)
		return;
	HASH_ITER(hh_cookie, ike->by_cookie, sa, next)
		fsm_end_sa(sa);
	records_free(ike);
	diagnose_stop(ike);
	log_limiter_free(ike->limiter);
	arena_free(ike->mem);
	timers_fini(&ike->timers);
	policy_unref(ike->policy);
	secret_free(ike, sizeof(*ike));
}

uint64_t
ike_deadline_ms(const struct ike *ike)
{
	return timer_next(&ike->timers);
}

void
ike_tick(struct ike *ike)
{
	timers_run(ike);
	arena_reset(ike->mem);
}

void
ike_set_policy(struct ike *ike, const struct policy *policy)
{
	const struct policy *old = ike->policy;

	ike->policy = policy_ref(policy);
	policy_unref(old);
}

const struct policy *
ike_policy(const struct ike *ike)
{
	return ike->policy;
}

const struct counters *
ike_counters(const struct ike *ike)
{
	return &ike->counters;
}

struct ike_totals
ike_totals(const struct ike *ike)
{
	return (struct ike_totals){.half_open = ike->half_open_count,
	    .established = ike->established_count,
	    .exchanges = ike->xchg_count,
	    .children = ike->child_count};
}

/* ---- ending SAs of our own accord ---- */

void
ike_end_with_deletes(struct sa *sa)
{
	struct child *child;

	while ((child = LIST_FIRST(&sa->children)) != NULL) {
		tx_delete_child(child);
		child_free(child);
	}
	tx_delete_sa(sa);
	fsm_end_sa(sa);
}

static bool
matches(const struct sa *sa, const struct ike_match *m)
{
	if (m->group != NULL && (sa->group == NULL || strcmp(sa->group->name, m->group) != 0))
		return false;
	return m->addr.family == ADDR_NONE || addr_eq(&m->addr, &sa->path.remote.addr);
}

typedef unsigned action_fn(struct sa *);

static unsigned
for_each(struct ike *ike, const struct ike_match *m, action_fn *act)
{
	struct sa *sa, *next;
	unsigned n = 0;

	HASH_ITER(hh_cookie, ike->by_cookie, sa, next)
		if (matches(sa, m)) {
			n += act(sa);
			arena_reset(ike->mem);
		}
	return n;
}

static unsigned
act_delete(struct sa *sa)
{
	if (sa_established(sa)) {
		LOG(P1_DELETED, &sa->who,
		    "Connection terminated for peer.  Reason: Administrator Reset");
		ike_end_with_deletes(sa);
	} else {
		fsm_end_sa(sa);
	}
	return 1;
}

static unsigned
act_dpd(struct sa *sa)
{
	if (!sa_established(sa) || sa->dpd_unanswered > 0)
		return 0;
	dpd_probe(sa);
	return 1;
}

static unsigned
act_rekey(struct sa *sa)
{
	struct child *child;
	unsigned n = 0;

	if (!sa_established(sa) || sa->rekeyed)
		return 0;
	LIST_FOREACH(child, &sa->children, of_sa) {
		child->rekey_wanted = !child->rekeyed;
		n += child->rekey_wanted;
	}
	quick_next(sa);
	return n;
}

void
ike_shutdown(struct ike *ike)
{
	for_each(ike, &(struct ike_match){0}, act_delete);
}

unsigned
ike_delete(struct ike *ike, const struct ike_match *m)
{
	return for_each(ike, m, act_delete);
}

unsigned
ike_dpd(struct ike *ike, const struct ike_match *m)
{
	return for_each(ike, m, act_dpd);
}

unsigned
ike_rekey(struct ike *ike, const struct ike_match *m)
{
	return for_each(ike, m, act_rekey);
}

/* ---- showing ---- */

static uint32_t
remaining(uint64_t now, const struct timer *t)
{
	return t->slot != 0 && t->due_ms > now ? (uint32_t)((t->due_ms - now) / 1000) : 0;
}

static void
id_words(const uint8_t *body, size_t n, char *buf, size_t size)
{
	struct pl_id id = {0};

	buf[0] = '\0';
	if (n < 4)
		return;
	id.kind = body[0];
	id.data = CHUNK(body + 4, n - 4);
	dump_id(&id, buf, size);
}

static void
local_id_words(const struct sa *sa, char *buf, size_t size)
{
	const struct ident *id = &sa->group->local_id;

	if (id->text != NULL)
		snprintf(buf, size, "%s", id->text);
	else
		addr_print(id->kind == IDENT_IPV4 || id->kind == IDENT_IPV6 ? &id->addr :
									      &sa->path.local.addr,
		    buf, size);
}

static void
show_sa(struct ike *ike, struct sa *sa, ike_sa_fn *fn, void *ctx)
{
	uint64_t now = ike_now(ike);
	char remote_id[160], local_id[160] = "";
	struct ike_sa_info info = {.group = sa->group != NULL ? sa->group->name : "",
	    .state = fsm_state_name(sa->state),
	    .type = "L2L",
	    .responder = true,
	    .established = sa_established(sa),
	    .rekeyed = sa->rekeyed,
	    .local = sa->path.local,
	    .remote = sa->path.remote,
	    .nat_t = sa->natt != 0,
	    .nat_local = sa->nat_local,
	    .nat_remote = sa->nat_remote,
	    .natt_dialect = natt_dialect(sa->natt),
	    .dpd = (sa->caps & VID_DPD) != 0,
	    .remote_id = remote_id,
	    .local_id = local_id,
	    .cipher = sa->cipher,
	    .hash = sa->hash,
	    .dh = sa->dh_group,
	    .auth = sa->auth,
	    .lifetime_s = sa->life_s,
	    .lifetime_kilobytes = sa->life_kb,
	    .age_s = (uint32_t)((now - sa->born_ms) / 1000),
	    .remaining_s = sa->life_s != 0 ? remaining(now, &sa->life) : 0,
	    .octets = sa->octets,
	    .children = sa->child_count,
	    .exchanges = sa->xchg_count,
	    .last_error = sa->last_error != NULL ? sa->last_error : ""};

	memcpy(info.cky_i, sa->cky_i, sizeof(info.cky_i));
	memcpy(info.cky_r, sa->cky_r, sizeof(info.cky_r));
	id_words(sa->id_body, sa->id_len, remote_id, sizeof(remote_id));
	if (sa_established(sa))
		local_id_words(sa, local_id, sizeof(local_id));
	fn(ctx, &info);
}

void
ike_each_sa(struct ike *ike, const struct ike_match *m, ike_sa_fn *fn, void *ctx)
{
	struct sa *sa, *next;

	HASH_ITER(hh_cookie, ike->by_cookie, sa, next)
		if (sa->state != MM_DONE && matches(sa, m))
			show_sa(ike, sa, fn, ctx);
}

void
ike_each_key(struct ike *ike, ike_key_fn *fn, void *ctx)
{
	struct sa *sa, *next;

	HASH_ITER(hh_cookie, ike->by_cookie, sa, next)
		if (sa_established(sa))
			fn(ctx,
			    &(struct ike_key_info){.path = sa->path,
				.cky_i = sa->cky_i,
				.cky_r = sa->cky_r,
				.cipher = sa->cipher,
				.hash = sa->hash,
				.dh = sa->dh_group,
				.auth = sa->auth,
				.key = secret_view(&sa->key),
				.last_block = sa->iv});
}

static void
show_child(struct ike *ike, const struct child *child, ike_child_fn *fn, void *ctx)
{
	uint64_t now = ike_now(ike);
	const struct sa *sa = child->sa;
	char local[PROXY_TEXT], remote[PROXY_TEXT];
	struct ike_child_info info = {.group = sa->group->name,
	    .local = sa->path.local,
	    .remote = sa->path.remote,
	    .local_proxy = proxy_print(&child->local, local, sizeof(local)),
	    .remote_proxy = proxy_print(&child->remote, remote, sizeof(remote)),
	    .protocol = child->offer.protocol,
	    .spi_in = child->spi_in,
	    .spi_out = child->spi_out,
	    .cipher = child->offer.cipher,
	    .integ = child->offer.integ,
	    .pfs = child->offer.pfs,
	    .encap = child->offer.encap,
	    .lifetime_s = child->offer.life_s,
	    .lifetime_kilobytes = child->offer.life_kb,
	    .age_s = (uint32_t)((now - child->born_ms) / 1000),
	    .remaining_s = remaining(now, &child->life),
	    .msgid = child->msgid,
	    .initiator = child->initiator,
	    .rekeyed = child->rekeyed};

	memcpy(info.cky_i, sa->cky_i, sizeof(info.cky_i));
	memcpy(info.cky_r, sa->cky_r, sizeof(info.cky_r));
	fn(ctx, &info);
}

void
ike_each_child(struct ike *ike, const struct ike_match *m, ike_child_fn *fn, void *ctx)
{
	struct sa *sa, *next;
	struct child *child;

	HASH_ITER(hh_cookie, ike->by_cookie, sa, next) {
		if (!matches(sa, m))
			continue;
		LIST_FOREACH(child, &sa->children, of_sa)
			show_child(ike, child, fn, ctx);
	}
}
