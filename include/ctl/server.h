/*
 * ctl/server.h - the daemon's end of the control socket.
 *
 * It lives in the main thread.  What it wants to know of the workers is asked by jobs that run in
 * their threads, so no lock guards an SA; answers come back when the last worker is done.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CTL_SERVER_H
#define CTL_SERVER_H

#include <time.h>

#include "ike/ike.h"
#include "io/capture.h"
#include "io/udp.h"
#include "policy/policy.h"

struct loop;
struct server;

struct server_worker { /* a worker as its job sees it, in its thread */
	unsigned	   index;
	struct ike	  *ike;
	const struct udp *udp;
};

/* Work for every worker.  The struct is the asker's (embed it) and lives until done was called. */
struct server_job {
	/* in each worker's thread */
	void (*work)(struct server_job *, const struct server_worker *);
	void (*done)(struct server_job *); /* once, in the main thread */
};

struct server_facts { /* for status */
	const struct policy *policy;
	struct fault_room *faults;
	struct timespec	     started; /* wall clock */
	uint64_t	     uptime_s, policy_age_s;
	const char	    *user; /* whom we run as */
	const char	    *socket;
	const struct udp_bind *binds; /* what is bound, whatever the policy says by now */
	size_t		     bind_count;
	bool		     captures;
	struct capture_info  capture; /* if captures */
};

/* What a reload came to: ok, or the mistakes; notes either way.  The lines live for the call. */
struct server_reloaded {
	bool		   ok;
	const char *const *mistakes, *const *notes; /* NULL-terminated */
};
typedef void server_reloaded_fn(void *ctx, const struct server_reloaded *);

/* What starting or stopping a capture came to: its info, or error.  Lives for the call. */
struct server_captured {
	const char	   *error; /* NULL: done */
	struct capture_info info;
};
typedef void server_captured_fn(void *ctx, const struct server_captured *);

struct server_ports { /* all that the server wants from the daemon */
	void	*ctx;
	unsigned workers;
	void (*ask)(void *ctx, struct server_job *);
	/* calls back once, perhaps at once */
	void (*reload)(void *ctx, server_reloaded_fn *, void *arg);
	/* likewise; peer may be NULL */
	void (*capture_start)(void *ctx, const char *file, const char *peer, server_captured_fn *,
	    void *arg);
	void (*capture_stop)(void *ctx, server_captured_fn *, void *arg);
	void (*facts)(void *ctx, struct server_facts *);
};

/* Serve the listening descriptor, which is taken over.  NULL when memory is out. */
struct server *server_new(struct loop *, int fd, const struct server_ports *);

/* The end: take no more requests; is everything written that was to be; close all connections. */
void server_stop(struct server *);
bool server_quiet(const struct server *);
void server_free(struct server *); /* every job must have come back; NULL is fine */

#endif
