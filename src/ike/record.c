/*
 * src/ike/record.c - the history of negotiations: written as they run, kept in rings when they are
 * over.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/record.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike_local.h"

struct ring { /* finished negotiations of one tunnel group, newest first */
	char *group; /* "" for peers that no group matched */
	struct record *slots[RECORD_RING];
	unsigned ended; /* ever; the newest stands in the slot before it */
	UT_hash_handle hh;
};

struct record *
record_begin(struct ike *ike, const struct path *path, const uint8_t *cky_i, const uint8_t *cky_r)
{
	struct record *rec = malloc(sizeof(*rec));

	if (rec == NULL)
		return NULL; /* the negotiation goes on without a history */
	memset(rec, 0, offsetof(struct record, steps));
	rec->began_ms = ike_now(ike);
	clock_gettime(CLOCK_REALTIME, &rec->began);
	rec->local = path->local;
	rec->remote = path->remote;
	memcpy(rec->cky_i, cky_i, sizeof(rec->cky_i));
	memcpy(rec->cky_r, cky_r, sizeof(rec->cky_r));
	return rec;
}

static void
record_free(struct record *rec)
{
	if (rec == NULL)
		return;
	free(rec->offer);
	policy_unref(rec->policy);
	free(rec);
}

void
record_drop(struct record **recp)
{
	record_free(*recp);
	*recp = NULL;
}

static struct record_step *
new_step(struct ike *ike, struct record *rec, enum record_kind kind, const char *label,
    const char *state)
{
	struct record_step *s;

	if (rec->step_count == RECORD_STEPS) {
		/* The beginning and the end tell most: the middle goes. */
		memmove(&rec->steps[RECORD_STEPS / 2], &rec->steps[RECORD_STEPS / 2 + 1],
		    (RECORD_STEPS / 2 - 1) * sizeof(rec->steps[0]));
		rec->step_count--;
		rec->lost++;
	}
	s = &rec->steps[rec->step_count++];
	*s = (struct record_step){.kind = (uint8_t)kind, .label = label, .state = state};
	s->at_ms = (uint32_t)(ike_now(ike) - rec->began_ms);
	return s;
}

void
record_message(struct ike *ike, struct record *rec, enum record_kind kind, const char *label,
    const struct msg *m, size_t octets, const char *state)
{
	struct record_step *s;

	if (rec == NULL)
		return;
	s = new_step(ike, rec, kind, label, state);
	s->octets = (uint16_t)octets;
	for (const struct pl *p = m != NULL ? m->first : NULL;
	     p != NULL && s->payload_count < RECORD_PAYLOADS; p = p->next)
		s->payloads[s->payload_count++] = p->type;
}

void
record_state(struct ike *ike, struct record *rec, const char *state)
{
	/* A message that we sent has told it already. */
	if (rec != NULL && (rec->step_count == 0 || rec->steps[rec->step_count - 1].state != state))
		(void)new_step(ike, rec, RECORD_STATE, NULL, state);
}

void
record_group(struct record *rec, const struct policy *policy, const struct tunnel_group *group)
{
	if (rec == NULL)
		return;
	if (rec->policy == NULL)
		rec->policy = policy_ref(policy);
	rec->group = group;
}

void
record_offer(struct record *rec, struct chunk body)
{
	if (rec == NULL || rec->offer != NULL || body.n == 0)
		return;
	rec->offer = malloc(body.n);
	if (rec->offer == NULL)
		return;
	memcpy(rec->offer, body.p, body.n);
	rec->offer_len = body.n;
}

void
record_failed(struct record *rec, const struct why *w, const char *label, const char *state)
{
	if (rec == NULL || rec->outcome != RECORD_PENDING)
		return;
	rec->outcome = RECORD_FAILED;
	rec->why = *w;
	rec->failed_label = label;
	rec->failed_state = state;
}

static struct ring *
ring_of(struct ike *ike, const char *group)
{
	struct ring *ring;

	HASH_FIND_STR(ike->rings, group, ring);
	if (ring != NULL)
		return ring;
	ring = calloc(1, sizeof(*ring));
	if (ring == NULL || (ring->group = strdup(group)) == NULL) {
		free(ring);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, ike->rings, ring->group, strlen(ring->group), ring);
	if (ring->hh.tbl == NULL) {
		free(ring->group);
		free(ring);
		return NULL;
	}
	return ring;
}

/* The n-th of a ring, 0 the newest; NULL: there are not so many. */
static struct record *
ring_at(const struct ring *ring, unsigned n)
{
	return n < RECORD_RING && n < ring->ended ?
	    ring->slots[(ring->ended - 1 - n) % RECORD_RING] :
	    NULL;
}

void
record_end(struct ike *ike, struct record **recp)
{
	struct record *rec = *recp, **slot;
	struct ring *ring;

	*recp = NULL;
	if (rec == NULL)
		return;
	ring = ring_of(ike, rec->group != NULL ? rec->group->name : "");
	if (ring == NULL) {
		record_free(rec);
		return;
	}
	slot = &ring->slots[ring->ended++ % RECORD_RING];
	record_free(*slot);
	*slot = rec;
}

void
record_knock(struct ike *ike, const struct path *path, const struct isakmp_hdr *hdr,
    const char *exchange, const struct why *w)
{
	struct ring *ring = ring_of(ike, "");
	struct record *rec = ring != NULL ? ring_at(ring, 0) : NULL;

	if (ring == NULL ||
	    (rec != NULL && rec->knock != NULL &&
		memcmp(rec->cky_i, hdr->cky_i, sizeof(hdr->cky_i)) == 0))
		return; /* it came again */
	rec = record_begin(ike, path, hdr->cky_i, hdr->cky_r);
	if (rec == NULL)
		return;
	rec->knock = exchange;
	record_group(rec, ike->policy, NULL);
	record_message(ike, rec, RECORD_RX, "MSG1", NULL, hdr->length, NULL);
	record_failed(rec, w, "MSG1", "");
	record_end(ike, &rec);
}

void
record_key_found(struct ike *ike, const uint8_t *cky_i, const uint8_t *cky_r, const char *words)
{
	struct ring *ring, *next;
	struct record *rec;

	HASH_ITER(hh, ike->rings, ring, next)
		for (unsigned i = 0; (rec = ring_at(ring, i)) != NULL; i++)
			if (!rec->phase2 && /* not secret */
			    memcmp(rec->cky_i, cky_i, sizeof(rec->cky_i)) == 0 &&
			    memcmp(rec->cky_r, cky_r, sizeof(rec->cky_r)) == 0)
				snprintf(rec->key_found, sizeof(rec->key_found), "%s", words);
}

void
records_free(struct ike *ike)
{
	struct ring *ring, *next;

	HASH_ITER(hh, ike->rings, ring, next) {
		for (unsigned i = 0; i < RECORD_RING; i++)
			record_free(ring->slots[i]);
		HASH_DELETE(hh, ike->rings, ring);
		free(ring->group);
		free(ring);
	}
}

/* ---- reading ---- */

static bool
wanted(const struct record *rec, const struct ike_match *m)
{
	if (m->group != NULL && (rec->group == NULL || strcmp(rec->group->name, m->group) != 0))
		return false;
	return m->addr.family == ADDR_NONE || addr_eq(&m->addr, &rec->remote.addr);
}

struct sorted {
	const struct record **all;
	size_t n, cap;
};

static void
collect(struct sorted *s, const struct record *rec, const struct ike_match *m)
{
	if (rec == NULL || !wanted(rec, m))
		return;
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 64 : s->cap * 2;
		const struct record **all = realloc(s->all, cap * sizeof(*all));

		if (all == NULL)
			return;
		s->all = all;
		s->cap = cap;
	}
	s->all[s->n++] = rec;
}

static int
newest_first(const void *a, const void *b)
{
	const struct record *x = *(const struct record *const *)a,
			    *y = *(const struct record *const *)b;

	if (x->began_ms != y->began_ms)
		return x->began_ms < y->began_ms ? 1 : -1;
	/* phase 2 of the same moment came later */
	return (x->phase2 ? 0 : 1) - (y->phase2 ? 0 : 1);
}

void
ike_each_record(struct ike *ike, const struct ike_match *m, record_fn *fn, void *ctx)
{
	struct sorted s = {0};
	struct ring *ring, *next_ring;
	struct sa *sa, *next_sa;
	struct xchg *x;

	HASH_ITER(hh, ike->rings, ring, next_ring)
		for (unsigned i = 0; i < RECORD_RING; i++)
			collect(&s, ring_at(ring, i), m);
	HASH_ITER(hh_cookie, ike->by_cookie, sa, next_sa) {
		collect(&s, sa->rec, m);
		LIST_FOREACH(x, &sa->xchgs, of_sa)
			collect(&s, x->rec, m);
	}
	if (s.n > 1)
		qsort(s.all, s.n, sizeof(*s.all), newest_first);
	for (size_t i = 0; i < s.n; i++)
		fn(ctx, s.all[i]);
	free(s.all);
}
