/* worker.c - a thread with an engine, a loop and sockets of its own; jobs are its only visitors. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/fault_ports.h"
#include "daemon_local.h"
#include "io/capture.h"
#include "io/deadline.h"

struct worker {
	struct worker_conf   conf;
	struct server_worker view; /* index, engine and sockets, as jobs see them */
	struct loop	    *loop;
	pthread_t	     thread;
	/* From here on the thread's own. */
	struct crypto	*crypto;
	struct udp	*udp;
	struct deadline *deadline;
	struct ports_ctx ports;
	struct fault_ports *faults;
	struct why	 why; /* why it could not start; read after ready */
	sem_t		 ready;
	struct loop_job	 stop, gone;
	atomic_bool	 unwanted; /* the start failed elsewhere: nobody waits for its last word */
};

/* After everything that may have changed the engine's mind. */
static void
rearm(struct worker *w)
{
	uint64_t engine = ike_deadline_ms(w->view.ike), faults = fault_ports_deadline(w->faults);

	deadline_set(w->deadline, engine < faults ? engine : faults);
}

static void
on_datagram(void *ctx, const struct path *path, struct chunk datagram)
{
	const struct worker *w = ctx;

	if (w->ports.capture != NULL)
		capture_packet(w->ports.capture, path, false, datagram);
	if (fault_ports_rx(w->faults, w->view.ike, path, datagram))
		ike_rx(w->view.ike, path, datagram);
}

static void
on_batch_end(void *ctx)
{
	rearm(ctx);
}

static void
on_deadline(void *ctx)
{
	struct worker *w = ctx;

	fault_ports_tick(w->faults);
	ike_tick(w->view.ike);
	rearm(w);
}

static struct fault_ports *
faults_around(struct worker *w)
{
	struct fault_ports_conf conf = {.room = w->conf.faults,
	    .ports = ports_make(&w->ports),
	    .port = w->conf.policy->listen.port,
	    .nat_t_port = w->conf.policy->listen.nat_t_port,
	    .send_ttl = ports_send_ttl,
	    .unreachable = ports_unreachable};

	return fault_ports_new(&conf);
}

static enum ike_err
engine_new(struct worker *w)
{
	struct ike_conf conf = {.worker = (uint8_t)w->view.index,
	    .policy = w->conf.policy,
	    .faults = w->conf.faults};

	if ((w->crypto = crypto_new(&w->why)) == NULL)
		return IKE_E_CRYPTO;
	if (w->conf.policy->needs_legacy && crypto_use_legacy(w->crypto, &w->why) != IKE_OK)
		return IKE_E_CRYPTO;
	w->ports.icmp = w->conf.icmp;
	w->ports.crypto = w->crypto;
	w->ports.keys = w->conf.keys;
	conf.crypto = w->crypto;
	if ((w->faults = faults_around(w)) == NULL)
		return why(&w->why, IKE_E_NOMEM, "worker %u", w->view.index);
	conf.ports = fault_ports_wrap(w->faults);
	if ((w->view.ike = ike_new(&conf)) == NULL)
		return why(&w->why, IKE_E_NOMEM, "worker %u", w->view.index);
	return IKE_OK;
}

static enum ike_err
doors_open(struct worker *w)
{
	struct udp_receiver r = {.ctx = w, .datagram = on_datagram, .batch_end = on_batch_end};

	w->deadline = deadline_new(w->loop, on_deadline, w);
	w->udp = udp_attach(w->conf.sockets, w->view.index, w->loop, &r);
	if (w->deadline == NULL || w->udp == NULL)
		return why(&w->why, IKE_E_NOMEM, "worker %u", w->view.index);
	w->view.udp = w->ports.udp = w->udp;
	return IKE_OK;
}

static void
tear_down(struct worker *w)
{
	ike_free(w->view.ike);
	fault_ports_free(w->faults);
	udp_detach(w->udp);
	deadline_free(w->deadline);
	crypto_free(w->crypto);
}

static void *
thread_main(void *arg)
{
	struct worker *w = arg;
	char name[16];
	bool serves = engine_new(w) == IKE_OK && doors_open(w) == IKE_OK;

	snprintf(name, sizeof(name), "worker %u", w->view.index);
	(void)pthread_setname_np(pthread_self(), name);
	if (!serves && w->why.code == IKE_OK)
		(void)why(&w->why, IKE_E_SYS, "worker %u cannot start", w->view.index);
	sem_post(&w->ready);
	if (serves) {
		rearm(w);
		loop_run(w->loop);
	}
	tear_down(w);
	if (serves && !atomic_load(&w->unwanted))
		loop_post(w->conf.main, &w->gone);
	return NULL;
}

static void
stop_job(struct loop_job *job)
{
	struct worker *w = CONTAINER_OF(job, struct worker, stop);

	udp_be_patient(w->udp);
	ike_shutdown(w->view.ike);
	loop_stop(w->loop);
}

static void
gone_job(struct loop_job *job)
{
	struct worker *w = CONTAINER_OF(job, struct worker, gone);

	w->conf.gone(w->conf.ctx);
}

static void
worker_free(struct worker *w)
{
	loop_free(w->loop);
	sem_destroy(&w->ready);
	free(w);
}

/* Signals are the main thread's: a new thread inherits a mask without any. */
static int
create_thread(struct worker *w)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	e = pthread_create(&w->thread, NULL, thread_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}

static struct worker *
worker_start(unsigned index, const struct worker_conf *conf, struct why *out)
{
	struct worker *w = calloc(1, sizeof(*w));
	int e = ENOMEM;

	if (w == NULL) {
		(void)why(out, IKE_E_NOMEM, "worker %u", index);
		return NULL;
	}
	w->conf = *conf;
	w->view.index = index;
	w->stop.fn = stop_job;
	w->gone.fn = gone_job;
	sem_init(&w->ready, 0, 0);
	if ((w->loop = loop_new()) == NULL || (e = create_thread(w)) != 0) {
		(void)why(out, IKE_E_SYS, "worker %u: %s", index, strerror(e));
		worker_free(w);
		return NULL;
	}
	while (sem_wait(&w->ready) != 0)
		;
	if (w->why.code != IKE_OK) {
		*out = w->why;
		pthread_join(w->thread, NULL);
		worker_free(w);
		return NULL;
	}
	return w;
}

void
worker_stop(struct worker *w)
{
	loop_post(w->loop, &w->stop);
}

void
worker_free_all(struct worker **all, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		pthread_join(all[i]->thread, NULL);
		worker_free(all[i]);
	}
	free(all);
}

struct worker **
worker_start_all(unsigned count, const struct worker_conf *conf, struct why *w)
{
	struct worker **all = calloc(count, sizeof(struct worker *));

	if (all == NULL) {
		(void)why(w, IKE_E_NOMEM, "workers");
		return NULL;
	}
	for (unsigned i = 0; i < count; i++) {
		all[i] = worker_start(i, conf, w);
		if (all[i] != NULL)
			continue;
		for (unsigned k = 0; k < i; k++) {
			atomic_store(&all[k]->unwanted, true);
			worker_stop(all[k]);
		}
		worker_free_all(all, i);
		return NULL;
	}
	return all;
}

/* ---- jobs ---- */

struct errand { /* one worker's copy of a job */
	struct loop_job job;
	struct ask     *ask;
	struct worker  *worker;
};

struct ask {
	struct server_job *job;
	struct loop	  *main;
	atomic_uint	   left; /* workers that have not done it */
	struct loop_job	   back;
	struct errand	   errands[];
};

static void
ask_back(struct loop_job *job)
{
	struct ask *a = CONTAINER_OF(job, struct ask, back);
	struct server_job *asked = a->job;

	free(a);
	asked->done(asked);
}

static void
ask_work(struct loop_job *job)
{
	struct errand *e = CONTAINER_OF(job, struct errand, job);
	struct ask *a = e->ask;

	a->job->work(a->job, &e->worker->view);
	rearm(e->worker);
	if (atomic_fetch_sub(&a->left, 1) == 1)
		loop_post(a->main, &a->back);
}

void
worker_ask_all(struct worker **all, unsigned count, struct server_job *job)
{
	struct ask *a = calloc(1, sizeof(*a) + count * sizeof(a->errands[0]));

	if (a == NULL) {
		job->done(job); /* with what was there before: nothing */
		return;
	}
	a->job = job;
	a->main = all[0]->conf.main;
	a->back.fn = ask_back;
	atomic_init(&a->left, count);
	for (unsigned i = 0; i < count; i++) {
		a->errands[i] = (struct errand){.job = {.fn = ask_work},
		    .ask = a,
		    .worker = all[i]};
		loop_post(all[i]->loop, &a->errands[i].job);
	}
}

struct worker *
worker_of(const struct server_worker *view)
{
	return CONTAINER_OF(view, struct worker, view);
}

enum ike_err
worker_prepare(struct worker *w, const struct policy *p, struct why *out)
{
	return p->needs_legacy ? crypto_use_legacy(w->crypto, out) : IKE_OK;
}

void
worker_commit(struct worker *w, const struct policy *p, struct keyexport *keys)
{
	ike_set_policy(w->view.ike, p);
	w->ports.keys = keys;
}

void
worker_capture(struct worker *w, struct capture *c)
{
	w->ports.capture = c;
}
