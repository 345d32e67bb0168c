/* io/deadline.h - a one-shot alarm of a loop, and the clock that the engine runs by. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_DEADLINE_H
#define IO_DEADLINE_H

#include <stdint.h>

struct loop;
struct deadline;

typedef void deadline_fn(void *ctx);

/* Milliseconds of the monotonic clock. */
uint64_t deadline_now_ms(void);

/* NULL when memory is out.  deadline_free: NULL is fine. */
struct deadline *deadline_new(struct loop *, deadline_fn *, void *ctx);
void		 deadline_free(struct deadline *);

/*
 * Call fn once when deadline_now_ms() reaches at_ms (a time gone by: at once); UINT64_MAX disarms.
 * Asking again for the time already armed costs nothing.
 */
void deadline_set(struct deadline *, uint64_t at_ms);

#endif
