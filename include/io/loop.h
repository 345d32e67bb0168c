/*
 * io/loop.h - one event loop: one per worker thread and one for the main thread.
 *
 * Everything of a loop is called in its own thread, except loop_post().
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>

#include "base/compiler.h"

struct loop;

/*
 * Before the first loop, and after the last one.  SIGPIPE is ignored from then on.  False: the
 * library does not know threads.
 */
bool loop_setup(void) MUST_USE;
void loop_teardown(void);

/* NULL when the system refuses.  loop_free frees its signals too; NULL is fine. */
struct loop *loop_new(void);
void	     loop_free(struct loop *);

/* Handle events until loop_stop(). */
void loop_run(struct loop *);
void loop_stop(struct loop *);

/* Call fn for a signal.  One loop of the process may have signals; other threads block them. */
typedef void loop_signal_fn(void *ctx, int signo);
bool loop_signal(struct loop *, int signo, loop_signal_fn *, void *ctx) MUST_USE;

/*
 * Work handed to a loop by any thread, done in the order of arrival.  The struct is the caller's
 * (embed it) and must live until fn is called; fn may free it or post it again.  Jobs still queued
 * when the loop is freed are not run.
 */
struct loop_job {
	void (*fn)(struct loop_job *);
	struct loop_job *next; /* the loop's */
};
void loop_post(struct loop *, struct loop_job *);

#endif
