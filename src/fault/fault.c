/* src/fault/fault.c - the room: what is armed, when it acts, what is said about it. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_local.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct fault_room *
fault_room_new(void)
{
	struct fault_room *room = calloc(1, sizeof(*room));

	if (room == NULL)
		return NULL;
	atomic_init(&room->gate.armed, 0);
	pthread_mutex_init(&room->lock, NULL);
	return room;
}

static void
disarm(struct fault_room *room, unsigned i)
{
	free(room->armed[i]->group);
	free(room->armed[i]);
	room->count--;
	memmove(&room->armed[i], &room->armed[i + 1],
	    (room->count - i) * sizeof(struct fault_armed *));
	atomic_store(&room->gate.armed, room->count);
}

void
fault_room_free(struct fault_room *room)
{
	if (room == NULL)
		return;
	while (room->count > 0)
		disarm(room, room->count - 1);
	pthread_mutex_destroy(&room->lock);
	free(room);
}

/* ---- the catalogue, shown ---- */

size_t
fault_count(void)
{
	size_t n = 0;

	while (fault_table[n].name != NULL)
		n++;
	return n;
}

struct fault_show
fault_show(const struct fault_def *d)
{
	return (struct fault_show){.name = d->name,
	    .wire = d->wire,
	    .asa = d->asa,
	    .strongswan = d->swan,
	    .how = d->how};
}

const struct fault_def *
fault_row(size_t i)
{
	return &fault_table[i];
}

/* ---- arming ---- */

/* splitmix64: a sequence that its seed alone decides. */
uint64_t
fault_random(struct fault_armed *a)
{
	uint64_t z = a->rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t
some_seed(const struct fault_room *room)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + room->count) %
	    UINT64_C(1000000000);
}

static enum ike_err
agrees(const struct fault_room *room, const char *group, const struct fault_spec *spec,
    struct why *w)
{
	enum ike_err e = IKE_OK;

	for (unsigned i = 0; i < room->count && e == IKE_OK; i++)
		if (strcmp(room->armed[i]->group, group) == 0)
			e = fault_agree(&room->armed[i]->spec, spec, w);
	return e;
}

static enum ike_err
arm(struct fault_room *room, const char *group, const struct fault_spec *spec, bool from_policy,
    struct why *w)
{
	struct fault_armed *a;
	enum ike_err e = agrees(room, group, spec, w);

	if (e != IKE_OK)
		return e;
	if (room->count == FAULT_ARMED_MAX)
		return why(w, IKE_E_LIMIT, "%d faults are armed, which is the most",
		    FAULT_ARMED_MAX);
	a = calloc(1, sizeof(*a));
	if (a == NULL || (a->group = strdup(group)) == NULL) {
		free(a);
		return why(w, IKE_E_NOMEM, "fault");
	}
	a->spec = *spec;
	a->from_policy = from_policy;
	a->left = spec->count;
	if (!spec->seeded)
		a->spec.seed = some_seed(room);
	a->rng = a->spec.seed;
	room->armed[room->count++] = a;
	atomic_store(&room->gate.armed, room->count);
	if (spec->probability < 1)
		LOG(FAULT_ARMED, &((struct log_who){.group = group}),
		    "FAULT %s: armed as \"%s\", p=%g seed=%llu", spec->def->name, spec->text,
		    spec->probability, (unsigned long long)a->spec.seed);
	else
		LOG(FAULT_ARMED, &((struct log_who){.group = group}), "FAULT %s: armed as \"%s\"",
		    spec->def->name, spec->text);
	return IKE_OK;
}

enum ike_err
fault_set(struct fault_room *room, const char *group, const char *text, unsigned count,
    struct why *w)
{
	struct fault_spec spec;
	enum ike_err e = fault_parse(text, &spec, w);

	if (e != IKE_OK)
		return e;
	if (count != 0)
		spec.count = count;
	pthread_mutex_lock(&room->lock);
	e = arm(room, group, &spec, false, w);
	pthread_mutex_unlock(&room->lock);
	return e;
}

static void
cleared(const struct fault_armed *a)
{
	LOG(FAULT_CLEARED, &((struct log_who){.group = a->group}),
	    "FAULT %s: cleared, it acted %llu time%s", a->spec.def->name,
	    (unsigned long long)a->fired, a->fired == 1 ? "" : "s");
}

unsigned
fault_clear(struct fault_room *room, const char *group, const char *name)
{
	unsigned n = 0;

	pthread_mutex_lock(&room->lock);
	for (unsigned i = 0; i < room->count;) {
		const struct fault_armed *a = room->armed[i];

		if ((group != NULL && strcmp(a->group, group) != 0) ||
		    (name != NULL && strcasecmp(a->spec.def->name, name) != 0 &&
			strcmp(a->spec.text, name) != 0)) {
			i++;
			continue;
		}
		cleared(a);
		disarm(room, i);
		n++;
	}
	pthread_mutex_unlock(&room->lock);
	return n;
}

/* ---- the policy's ---- */

static bool
check_group(const struct policy *p, const struct tunnel_group *g, policy_report_fn *report,
    void *ctx)
{
	struct fault_spec *specs = calloc(g->fault_count + 1, sizeof(*specs));
	char line[600];
	bool ok = specs != NULL;

	for (size_t i = 0; i < g->fault_count && specs != NULL; i++) {
		struct why w = {0};
		enum ike_err e = fault_parse(g->faults[i].text, &specs[i], &w);

		for (size_t k = 0; k < i && e == IKE_OK; k++)
			if (specs[k].def != NULL)
				e = fault_agree(&specs[k], &specs[i], &w);
		if (e == IKE_OK)
			continue;
		ok = false;
		snprintf(line, sizeof(line), "%s:%d: faults: %s", p->file, g->faults[i].line,
		    w.text);
		report(ctx, line);
	}
	free(specs);
	return ok;
}

bool
fault_check_policy(const struct policy *p, policy_report_fn *report, void *ctx)
{
	char line[600];
	size_t total = 0;
	bool ok = true;

	for (size_t i = 0; i < p->group_count; i++) {
		total += p->groups[i].fault_count;
		if (p->groups[i].fault_count > 0)
			ok &= check_group(p, &p->groups[i], report, ctx);
	}
	if (total > FAULT_ARMED_MAX) {
		snprintf(line, sizeof(line), "%s: %zu faults in all tunnel groups, %d are the most",
		    p->file, total, FAULT_ARMED_MAX);
		report(ctx, line);
	}
	return ok && total <= FAULT_ARMED_MAX;
}

static void
arm_group(struct fault_room *room, const struct tunnel_group *g)
{
	for (size_t i = 0; i < g->fault_count; i++) {
		struct fault_spec spec;
		struct why w = {0};

		if (fault_parse(g->faults[i].text, &spec, &w) != IKE_OK ||
		    arm(room, g->name, &spec, true, &w) != IKE_OK)
			LOG(DAEMON_ERROR, &((struct log_who){.group = g->name}),
			    "fault \"%s\" of the policy is not armed: %s", g->faults[i].text,
			    w.text);
	}
}

/*
 * What was armed at run time stays; where it contradicts the new policy, the policy's is not armed.
 */
void
fault_set_policy(struct fault_room *room, const struct policy *p)
{
	pthread_mutex_lock(&room->lock);
	for (unsigned i = 0; i < room->count;)
		if (room->armed[i]->from_policy)
			disarm(room, i);
		else
			i++;
	for (size_t i = 0; i < p->group_count; i++)
		arm_group(room, &p->groups[i]);
	pthread_mutex_unlock(&room->lock);
}

/* ---- looking ---- */

void
fault_each(struct fault_room *room, fault_state_fn *fn, void *ctx)
{
	pthread_mutex_lock(&room->lock);
	for (unsigned i = 0; i < room->count; i++) {
		const struct fault_armed *a = room->armed[i];

		fn(ctx,
		    &(struct fault_state){.group = a->group,
			.text = a->spec.text,
			.row = a->spec.def,
			.from_policy = a->from_policy,
			.count = a->spec.count,
			.left = a->left,
			.occurrence = a->spec.occurrence,
			.probability = a->spec.probability,
			.seed = a->spec.seed,
			.seen = a->seen,
			.fired = a->fired});
	}
	pthread_mutex_unlock(&room->lock);
}

const char *
fault_of(struct fault_room *room, uint64_t negotiation, char *buf, size_t n)
{
	const struct fault_def *told[16];
	unsigned told_n = 0, have;
	size_t at = 0;

	buf[0] = '\0';
	pthread_mutex_lock(&room->lock);
	have = room->firing_n < FAULT_FIRINGS ? room->firing_n : FAULT_FIRINGS;
	for (unsigned i = 0; i < have && told_n < ARRAY_LEN(told) && at < n; i++) {
		const struct fault_firing *f =
		    &room->firings[(room->firing_n - have + i) % FAULT_FIRINGS];
		bool again = false;

		for (unsigned k = 0; k < told_n; k++)
			again |= told[k] == f->def;
		if (again || f->negotiation != negotiation)
			continue;
		told[told_n++] = f->def;
		at += (size_t)snprintf(buf + at, n - at, "%s%s", at == 0 ? "" : ", ", f->def->name);
	}
	pthread_mutex_unlock(&room->lock);
	return buf;
}

/* ---- acting ---- */

void
fault_say(struct fault_call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->said, sizeof(c->said), fmt, ap);
	va_end(ap);
}

static bool
struck(const struct fault_armed *a, uint64_t negotiation)
{
	unsigned n = a->ring_n < FAULT_RING ? a->ring_n : FAULT_RING;

	for (unsigned i = 0; i < n; i++)
		if (a->ring[i] == negotiation)
			return true;
	return false;
}

/* Occurrence, count of negotiations, probability: in this order. */
static bool
chosen(struct fault_armed *a, uint64_t negotiation)
{
	bool before = struck(a, negotiation);

	a->seen++;
	if (a->spec.occurrence != 0 && a->seen != a->spec.occurrence)
		return false;
	if (a->spec.count != 0 && a->left == 0 && !before)
		return false;
	if (a->spec.probability < 1 &&
	    (double)(fault_random(a) >> 11) / 9007199254740992.0 >= a->spec.probability)
		return false;
	if (!before) {
		a->ring[a->ring_n++ % FAULT_RING] = negotiation;
		if (a->ring_n == 2 * FAULT_RING)
			a->ring_n = FAULT_RING;
		if (a->left > 0)
			a->left--;
	}
	return true;
}

static void
fired(struct fault_call *c)
{
	struct fault_room *room = c->key->room;
	struct fault_armed *a = c->armed;

	a->fired++;
	room->firings[room->firing_n % FAULT_FIRINGS] = (struct fault_firing){c->key->negotiation,
	    a->spec.def};
	if (++room->firing_n == 2 * FAULT_FIRINGS)
		room->firing_n = FAULT_FIRINGS;
	if (c->key->counters != NULL)
		c->key->counters->n[CNT_faults_fired]++;
	if (c->hit->fired_n < ARRAY_LEN(c->hit->fired))
		c->hit->fired[c->hit->fired_n++] = a->spec.def->name;
	LOG(FAULT_FIRED, &c->key->who, "FAULT %s: %s", a->spec.def->name, c->said);
}

static bool
label_fits(const struct fault_armed *a, const struct fault_hook *h, const char *label)
{
	if (strcmp(h->label, "=") == 0)
		for (size_t i = 0; i < FAULT_ARGS; i++)
			if (a->spec.def->args[i].kind == ARG_STEP)
				return strcmp(a->spec.v[i].text, label) == 0;
	return strcmp(h->label, "*") == 0 || strcmp(h->label, label) == 0;
}

static enum ike_err
act(struct fault_armed *a, const struct fault_hook *h, const struct fault_key *key,
    struct fault_hit *hit)
{
	struct fault_call c = {.v = a->spec.v, .how = h->how, .armed = a, .key = key, .hit = hit};
	enum ike_err e;

	if (h->when != NULL && !h->when(&c))
		return IKE_OK;
	if (h->follow)
		return struck(a, key->negotiation) ? h->fn(&c) : IKE_OK;
	if (!chosen(a, key->negotiation))
		return IKE_OK;
	e = h->fn(&c);
	if (e == IKE_OK)
		fired(&c);
	return e;
}

enum ike_err
fault_tap(enum fault_at at, const struct fault_key *key, struct fault_hit *hit)
{
	struct fault_room *room = key->room;
	enum ike_err e = IKE_OK;

	if (!fault_any(room) || key->group == NULL)
		return IKE_OK;
	pthread_mutex_lock(&room->lock);
	for (unsigned i = 0; i < room->count && e == IKE_OK; i++) {
		struct fault_armed *a = room->armed[i];
		const struct fault_hook *h = a->spec.def->hooks;

		if (strcmp(a->group, key->group->name) != 0)
			continue;
		for (size_t k = 0; k < FAULT_HOOKS && h[k].fn != NULL && e == IKE_OK; k++)
			if (h[k].at == at && label_fits(a, &h[k], key->label))
				e = act(a, &h[k], key, hit);
	}
	pthread_mutex_unlock(&room->lock);
	return e;
}
