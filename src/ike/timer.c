/*
 * src/ike/timer.c - a binary heap of deadlines: set and stop in O(log n), the next one for nothing.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdlib.h>

static void
put(struct timers *h, unsigned at, struct timer *t)
{
	h->heap[at] = t;
	t->slot = at + 1;
}

static void
sift_up(struct timers *h, unsigned at, struct timer *t)
{
	while (at > 0 && h->heap[(at - 1) / 2]->due_ms > t->due_ms) {
		put(h, at, h->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(h, at, t);
}

static void
sift_down(struct timers *h, unsigned at, struct timer *t)
{
	for (unsigned child; (child = 2 * at + 1) < h->n; at = child) {
		if (child + 1 < h->n && h->heap[child + 1]->due_ms < h->heap[child]->due_ms)
			child++;
		if (t->due_ms <= h->heap[child]->due_ms)
			break;
		put(h, at, h->heap[child]);
	}
	put(h, at, t);
}

bool
timer_init(struct ike *ike, struct timer *t, void (*fire)(void *owner), void *owner)
{
	struct timers *h = &ike->timers;

	*t = (struct timer){0};
	if (h->reserved == h->cap) {
		unsigned cap = h->cap == 0 ? 64 : h->cap * 2;
		struct timer **heap = realloc(h->heap, cap * sizeof(struct timer *));

		if (heap == NULL)
			return false;
		h->heap = heap;
		h->cap = cap;
	}
	h->reserved++;
	t->fire = fire;
	t->owner = owner;
	return true;
}

void
timer_fini(struct ike *ike, struct timer *t)
{
	if (t->fire == NULL)
		return;
	timer_stop(ike, t);
	ike->timers.reserved--;
	t->fire = NULL;
}

void
timer_set(struct ike *ike, struct timer *t, uint64_t after_ms)
{
	struct timers *h = &ike->timers;

	timer_stop(ike, t);
	t->due_ms = ike_now(ike) + after_ms;
	h->n++;
	sift_up(h, h->n - 1, t);
}

void
timer_stop(struct ike *ike, struct timer *t)
{
	struct timers *h = &ike->timers;
	struct timer *last;
	unsigned at;

	if (t->slot == 0)
		return;
	at = t->slot - 1;
	t->slot = 0;
	last = h->heap[--h->n];
	if (last == t)
		return;
	if (at > 0 && h->heap[(at - 1) / 2]->due_ms > last->due_ms)
		sift_up(h, at, last);
	else
		sift_down(h, at, last);
}

uint64_t
timer_next(const struct timers *h)
{
	return h->n == 0 ? UINT64_MAX : h->heap[0]->due_ms;
}

/*
 * Fires what is due now; a timer set by one that fires waits for the next round if it is due later
 * than now.
 */
void
timers_run(struct ike *ike)
{
	uint64_t now = ike_now(ike);

	for (unsigned budget = ike->timers.n; budget > 0 && timer_next(&ike->timers) <= now;
	     budget--) {
		struct timer *t = ike->timers.heap[0];

		timer_stop(ike, t);
		t->fire(t->owner);
		ike->now = NULL;
		arena_reset(ike->mem);
	}
}

void
timers_fini(struct timers *h)
{
	free(h->heap);
	*h = (struct timers){0};
}
