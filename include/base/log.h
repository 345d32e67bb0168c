/*
 * base/log.h - one line, one fact, always with its owner.
 *
 *     Group = asa-hq, IP = 203.0.113.10, MM_WAIT_MSG3, EV_RCV_MSG3 --> MM_WAIT_MSG5, EV_SND_MSG4
 *
 * Levels: err (the daemon's fault), warning (something failed), notice (the state of the world
 * changed), info (one line per message, step and decision), debug (every payload, attribute).
 * Secrets are never passed in.  Safe to call from any thread.  This file and log.c hold the only
 * mutable state of the process: the gate, the sink and the hook.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "base/addr.h"
#include "base/counter.h"
#include "base/event.h"

enum log_target { LOG_T_STDERR, LOG_T_SYSLOG, LOG_T_FILE, LOG_T_NONE };
enum log_format { LOG_F_ASA, LOG_F_JSON };

struct log_who { /* whom a line is about; all of it optional */
	const char *group; /* tunnel group's name, NULL before it is known */
	struct addr peer;  /* ADDR_NONE: nobody */
	bool quiet; /* its lines are not written: a flood's, see log_limiter_pass() */
};

struct log_line { /* a line as hooks and formatters see it; lives for the call */
	struct timespec	      when; /* wall clock */
	enum log_event	      event;
	enum log_level	      level;
	const struct log_who *who; /* may be NULL */
	const char	     *text; /* without the prefix */
	const char	     *full; /* "Group = ..., IP = ..., text" */
};

struct log_conf {
	enum log_target target;
	enum log_format format;
	enum log_level	level;
	int		facility; /* LOG_DAEMON etc., from log_facility() */
	const char     *file;	  /* for LOG_T_FILE; copied */
};

/*
 * Start, or change everything at run time; IKE_E_SYS if the file cannot be opened (the old sink
 * stays).
 */
enum ike_err log_open(const struct log_conf *, struct why *) MUST_USE;
void	     log_close(void);

/* Open the file anew under its name, after a rotation. */
void log_reopen(void);

void	       log_set_level(enum log_level);
enum log_level log_get_level(void);

/*
 * "daemon", "local0" ...: syslog's facility number, -1 if unknown. "err" ... "debug": the level,
 * false if unknown.
 */
int  log_facility(const char *word);
bool log_level_parse(const char *word, enum log_level *);

/*
 * Formats a line for LOG_F_JSON; set once at start by the room that knows JSON. Returns a malloc'd
 * string.
 */
typedef char *log_json_fn(const struct log_line *);
void	      log_set_json(log_json_fn *);

/*
 * Called for each line that passes the hook's own level, under the log's lock (so it must not log
 * itself); NULL removes it.
 */
typedef void log_hook_fn(void *ctx, const struct log_line *);
void	     log_set_hook(log_hook_fn *, void *ctx, enum log_level);

/* Gate: lines above this level are not even formatted. */
extern atomic_int log_gate;

void log_emit(enum log_event, const struct log_who *, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Arguments are not evaluated when the gate is shut. */
#define LOG(event, who, ...)                                                                       \
	do {                                                                                       \
		if ((int)event_level(EVT_##event) <= atomic_load_explicit(&log_gate, memory_order_relaxed)) \
			log_emit(EVT_##event, (who), __VA_ARGS__);                                 \
	} while (0)

/*
 * The brake for lines that a peer can provoke without being authenticated: of each (source, event)
 * the first LOG_BURST lines within LOG_WINDOW_MS are written, the rest is counted and summed up in
 * one LOG_SUPPRESSED line when the window ends.  One limiter per worker.
 */
#define LOG_BURST     20
#define LOG_WINDOW_MS 10000

struct log_limiter;

struct log_limiter *log_limiter_new(struct counters *);
void		    log_limiter_free(struct log_limiter *);

/*
 * True if the line may be written now; false, and not counted, where the gate is shut. now_ms:
 * monotonic.
 */
bool log_limiter_pass(struct log_limiter *, uint64_t now_ms, enum log_event,
    const struct addr *source);

/* Write the sums of windows that have ended; call every few seconds. */
void log_limiter_flush(struct log_limiter *, uint64_t now_ms);

#define LOG_LIMITED(limiter, now_ms, event, who, ...)                                              \
	do {                                                                                       \
		if (log_limiter_pass((limiter), (now_ms), EVT_##event, &(who)->peer))              \
			LOG(event, (who), __VA_ARGS__);                                            \
	} while (0)

#endif
