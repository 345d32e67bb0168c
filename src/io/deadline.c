/* deadline.c - a one-shot alarm over libevent. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/deadline.h"

#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

#include "io_local.h"

#define LONGEST_MS (60ull * 60 * 1000) /* one wait; longer ones are waited for in pieces */

struct deadline {
	struct event *ev;
	deadline_fn     *fn;
	void	     *ctx;
	uint64_t      at_ms; /* UINT64_MAX: not armed */
};

uint64_t
deadline_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
start(struct deadline *t)
{
	uint64_t now = deadline_now_ms(), wait = t->at_ms > now ? t->at_ms - now : 0;
	struct timeval tv;

	if (wait > LONGEST_MS)
		wait = LONGEST_MS;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	evtimer_add(t->ev, &tv);
}

static void
expired(evutil_socket_t fd, short what, void *arg)
{
	struct deadline *t = arg;

	(void)fd;
	(void)what;
	/* The loop's clock is cached and may run a little ahead of ours. */
	if (deadline_now_ms() < t->at_ms) {
		start(t);
		return;
	}
	t->at_ms = UINT64_MAX;
	t->fn(t->ctx);
}

struct deadline *
deadline_new(struct loop *l, deadline_fn *fn, void *ctx)
{
	struct deadline *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->fn = fn;
	t->ctx = ctx;
	t->at_ms = UINT64_MAX;
	t->ev = evtimer_new(loop_base(l), expired, t);
	if (t->ev == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
deadline_free(struct deadline *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}

void
deadline_set(struct deadline *t, uint64_t at_ms)
{
	if (at_ms == t->at_ms)
		return;
	t->at_ms = at_ms;
	if (at_ms == UINT64_MAX)
		evtimer_del(t->ev);
	else
		start(t);
}
