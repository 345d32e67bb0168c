/* loop.c - the event loop over libevent, and the job queue between threads. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/loop.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "io_local.h"

struct handler { /* of one signal */
	struct event   *ev;
	loop_signal_fn *fn;
	void	       *ctx;
	struct handler *next;
};

struct loop {
	struct event_base *base;
	struct event	  *wake;
	struct handler	  *handlers;
	pthread_mutex_t	   lock; /* of the queue */
	struct loop_job	  *first, **last;
};

bool
loop_setup(void)
{
	signal(SIGPIPE, SIG_IGN); /* libevent writes to connections that may be gone */
	return evthread_use_pthreads() == 0;
}

void
loop_teardown(void)
{
	libevent_global_shutdown();
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

/* Take the whole queue, then work it off without the lock: a job may post. */
static void
run_jobs(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct loop_job *job, *next;

	(void)fd;
	(void)what;
	pthread_mutex_lock(&l->lock);
	job = l->first;
	l->first = NULL;
	l->last = &l->first;
	pthread_mutex_unlock(&l->lock);
	for (; job != NULL; job = next) {
		next = job->next;
		job->next = NULL;
		job->fn(job);
	}
}

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->last = &l->first;
	pthread_mutex_init(&l->lock, NULL);
	l->base = event_base_new();
	if (l->base != NULL)
		l->wake = event_new(l->base, -1, EV_PERSIST, run_jobs, l);
	if (l->wake == NULL) {
		loop_free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	struct handler *h;

	if (l == NULL)
		return;
	while ((h = l->handlers) != NULL) {
		l->handlers = h->next;
		event_free(h->ev);
		free(h);
	}
	if (l->wake != NULL)
		event_free(l->wake);
	if (l->base != NULL)
		event_base_free(l->base);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void
loop_run(struct loop *l)
{
	event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void
loop_stop(struct loop *l)
{
	event_base_loopbreak(l->base);
}

static void
signal_came(evutil_socket_t signo, short what, void *arg)
{
	struct handler *h = arg;

	(void)what;
	h->fn(h->ctx, (int)signo);
}

bool
loop_signal(struct loop *l, int signo, loop_signal_fn *fn, void *ctx)
{
	struct handler *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return false;
	h->fn = fn;
	h->ctx = ctx;
	h->ev = evsignal_new(l->base, signo, signal_came, h);
	if (h->ev == NULL || event_add(h->ev, NULL) != 0) {
		if (h->ev != NULL)
			event_free(h->ev);
		free(h);
		return false;
	}
	h->next = l->handlers;
	l->handlers = h;
	return true;
}

void
loop_post(struct loop *l, struct loop_job *job)
{
	bool first;

	job->next = NULL;
	pthread_mutex_lock(&l->lock);
	first = l->first == NULL;
	*l->last = job;
	l->last = &job->next;
	/* Under the lock: whoever empties the queue may be about to free the loop. */
	if (first)
		event_active(l->wake, 0, 0);
	pthread_mutex_unlock(&l->lock);
}
