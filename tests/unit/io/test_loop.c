/* test_loop.c - jobs between threads, alarms, signals. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "io/deadline.h"
#include "io/loop.h"

#define THREADS 4
#define JOBS	1000

struct job {
	struct loop_job job;
	unsigned	thread, number;
	struct tally   *tally;
};

struct tally {
	struct loop *loop;
	pthread_t    home;
	unsigned     done, next[THREADS], disorder, strangers;
};

static struct tally tally;
static struct job   jobs[THREADS][JOBS];

static void
count(struct loop_job *lj)
{
	struct job *j = CONTAINER_OF(lj, struct job, job);
	struct tally *t = j->tally;

	t->disorder += t->next[j->thread] != j->number;
	t->next[j->thread] = j->number + 1;
	t->strangers += !pthread_equal(pthread_self(), t->home);
	if (++t->done == THREADS * JOBS)
		loop_stop(t->loop);
}

static void *
post_all(void *arg)
{
	struct job *mine = arg;

	for (unsigned i = 0; i < JOBS; i++)
		loop_post(mine[i].tally->loop, &mine[i].job);
	return NULL;
}

static void
jobs_run_in_order_in_the_loops_thread(void)
{
	pthread_t threads[THREADS];

	tally = (struct tally){.loop = loop_new(), .home = pthread_self()};
	for (unsigned t = 0; t < THREADS; t++) {
		for (unsigned i = 0; i < JOBS; i++)
			jobs[t][i] = (struct job){.job = {.fn = count},
			    .thread = t,
			    .number = i,
			    .tally = &tally};
		pthread_create(&threads[t], NULL, post_all, jobs[t]);
	}
	loop_run(tally.loop);
	for (unsigned t = 0; t < THREADS; t++)
		pthread_join(threads[t], NULL);
	T_EQ(tally.done, THREADS * JOBS);
	T_EQ(tally.disorder, 0);
	T_EQ(tally.strangers, 0);
	loop_free(tally.loop);
}

struct again {
	struct loop_job job;
	struct loop    *loop;
	unsigned	n;
};

static void
post_again(struct loop_job *lj)
{
	struct again *a = CONTAINER_OF(lj, struct again, job);

	if (++a->n == 10)
		loop_stop(a->loop);
	else
		loop_post(a->loop, &a->job);
}

static void
a_job_may_post_itself_again(void)
{
	struct again a = {.job = {.fn = post_again}, .loop = loop_new()};

	loop_post(a.loop, &a.job);
	loop_run(a.loop);
	T_EQ(a.n, 10);
	loop_free(a.loop);
}

struct alarm {
	struct loop *loop;
	uint64_t     at_ms;
	unsigned     n;
};

static void
ring(void *ctx)
{
	struct alarm *a = ctx;

	a->at_ms = deadline_now_ms();
	a->n++;
	loop_stop(a->loop);
}

static void
alarms_ring_once_and_not_early(void)
{
	struct alarm a = {.loop = loop_new()}, b = a;
	struct deadline *d = deadline_new(a.loop, ring, &a), *e = deadline_new(a.loop, ring, &b);
	uint64_t start = deadline_now_ms();

	deadline_set(d, start + 30);
	deadline_set(e, start + 10);
	deadline_set(e, UINT64_MAX);
	loop_run(a.loop);
	T_EQ(a.n, 1);
	T_EQ(b.n, 0);
	T_TRUE(a.at_ms >= start + 30);
	T_TRUE(a.at_ms < start + 3000);
	deadline_set(d, 0); /* long gone: at once */
	loop_run(a.loop);
	T_EQ(a.n, 2);
	/* Put off, then brought forward. */
	start = deadline_now_ms();
	deadline_set(d, start + 60000);
	deadline_set(d, start + 5);
	loop_run(a.loop);
	T_EQ(a.n, 3);
	T_TRUE(a.at_ms < start + 3000);
	deadline_free(d);
	deadline_free(e);
	loop_free(a.loop);
}

struct caught {
	struct loop *loop;
	int	     signo;
};

static void catch (void *ctx, int signo)
{
	struct caught *c = ctx;

	c->signo = signo;
	loop_stop(c->loop);
}

static void
signals_reach_the_loop(void)
{
	struct caught c = {.loop = loop_new()};

	T_TRUE(loop_signal(c.loop, SIGHUP, catch, &c));
	T_TRUE(loop_signal(c.loop, SIGTERM, catch, &c));
	kill(getpid(), SIGTERM);
	loop_run(c.loop);
	T_EQ(c.signo, SIGTERM);
	kill(getpid(), SIGHUP);
	loop_run(c.loop);
	T_EQ(c.signo, SIGHUP);
	loop_free(c.loop);
}

int
main(void)
{
	if (!loop_setup())
		return 1;
	T_RUN(jobs_run_in_order_in_the_loops_thread);
	T_RUN(a_job_may_post_itself_again);
	T_RUN(alarms_ring_once_and_not_early);
	T_RUN(signals_reach_the_loop);
	loop_teardown();
	return T_DONE();
}
