/* daemon_local.h - the daemon: what main.c is asked for, how it starts, reloads and ends. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LOCAL_H
#define DAEMON_LOCAL_H

#include <sys/types.h>
#include <time.h>

#include "ctl/server.h"
#include "io/loop.h"

struct capture;
struct icmp;
struct keyexport;
struct deadline;
struct reload;

/* ---- lines collected on the way: mistakes, notes (lines.c) ---- */

struct lines {
	char **text; /* NULL-terminated once something was added */
	size_t n;
};

policy_report_fn lines_add; /* ctx: struct lines */
void		 lines_printf(struct lines *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The lines for a reader that wants NULL at the end; never NULL. */
const char *const *lines_view(const struct lines *);
void		   lines_fini(struct lines *);

/* ---- workers (worker.c) ---- */

struct worker_conf {
	struct loop	    *main;	 /* where the last word is posted */
	struct udp_sockets  *sockets;
	const struct policy *policy;
	struct keyexport    *keys; /* NULL: off */
	struct fault_room   *faults;
	const struct icmp   *icmp; /* NULL: not permitted */
	void (*gone)(void *ctx);   /* in the main thread, when the worker has ended */
	void *ctx;
};

struct worker;

/* Start all in threads of their own and wait until each serves.  NULL and why: none is left. */
struct worker **worker_start_all(unsigned count, const struct worker_conf *, struct why *);

/* End a worker in order: deletes to all peers, then the thread ends and gone is called. */
void worker_stop(struct worker *);

/* After gone: join the threads and free everything. */
void worker_free_all(struct worker **, unsigned count);

/* Run the job in each worker; done is called in the main thread. */
void worker_ask_all(struct worker **, unsigned count, struct server_job *);

/*
 * For a reload's jobs, in the worker's thread: what a policy needs before it can be put in force
 * ...
 */
enum ike_err worker_prepare(struct worker *, const struct policy *, struct why *);
/* ... and putting it in force. */
void worker_commit(struct worker *, const struct policy *, struct keyexport *);
/* For a capture's jobs, likewise: hand packets and keys to it from now on, NULL: to none. */
void worker_capture(struct worker *, struct capture *);
/* The worker of a job's view of it. */
struct worker *worker_of(const struct server_worker *);

/* ---- ports of the engine (ports.c) ---- */

struct ports_ctx {
	const struct icmp *icmp; /* NULL: not permitted */
	struct crypto	 *crypto;
	struct udp	 *udp;
	struct keyexport *keys; /* NULL: off */
	struct capture	 *capture; /* NULL: none runs */
};
bool		 ports_unreachable(void *ctx, const struct path *, struct chunk datagram);
struct ike_ports ports_make(struct ports_ctx *);
void		 ports_send_ttl(void *ctx, const struct path *, struct chunk, uint8_t ttl);

/* ---- privileges (drop.c) ---- */

struct identity {
	bool  change; /* become this one; false: stay what we are */
	uid_t uid;
	gid_t gid;
	char  name[64];
};

/* Who the policy's user is.  note: a line for the log, or empty. */
enum ike_err drop_whom(const char *user, struct identity *, char *note, size_t n, struct why *);

/* Become this user for ever, and give up what is not needed. */
enum ike_err drop_become(const struct identity *, struct why *);

/* No memory images with keys in them. */
void drop_core(void);

/* ---- does OpenSSL have what the policy names (avail.c) ---- */

/* False, and a line for each algorithm that is missing. */
bool avail_check(const struct policy *, struct lines *mistakes);

/* ---- the newcomer's greeting (greet.c) ---- */

/* program: our own, as it was called; ikev1ctl lies beside it. */
void greet_builtin(const struct policy *, const char *control_socket, const char *program);

/* ---- the whole (boot.c) ---- */

struct options {
	const char *program; /* argv[0] */
	const char *file; /* policy file */
	bool	    builtin;
};

struct daemon {
	const struct options *opt;
	const struct policy  *policy; /* in force */
	struct loop	     *loop;
	struct udp_bind	     *binds;
	size_t		      bind_count;
	struct udp_sockets   *sockets;
	struct keyexport     *keys;
	struct fault_room    *faults; /* what is armed, for all workers */
	struct icmp	     *icmp; /* for one of them; NULL: not permitted */
	struct capture	     *capture; /* NULL: none runs */
	bool		      capture_changes; /* a start or stop is under way */
	struct server	     *server;
	struct worker	    **workers;
	unsigned	      worker_count, workers_left;
	struct deadline	     *end; /* of the shutdown */
	uint64_t	      end_ms;
	bool		      stopping, gave_up;
	struct identity	      identity;
	char		     *control_path;
	int		      control_fd;
	struct timespec	      started;
	uint64_t	      started_ms, policy_ms;
	struct reload	     *reload; /* under way */
};

/* Load what the options say; NULL with the mistakes. */
const struct policy *boot_policy(const struct options *, struct lines *mistakes);

/* The log as the policy wants it; --builtin logs to stderr whatever it says. */
struct log_conf boot_log_conf(const struct options *, const struct policy *);

/* Serve until SIGTERM or SIGINT; the exit status. */
int boot_run(const struct options *);

/* ---- capturing.c ---- */

/*
 * One capture at a time; fn is called once, perhaps at once.  peer: an address, the name of a
 * tunnel group, "all" or NULL for all.
 */
void capturing_start(struct daemon *, const char *file, const char *peer, server_captured_fn *,
    void *arg);
void capturing_stop(struct daemon *, server_captured_fn *, void *arg);
/* The daemon goes down, no worker is left. */
void capturing_end(struct daemon *);

/* ---- reload.c ---- */

/* All or nothing; fn may be NULL. */
void reload_begin(struct daemon *, server_reloaded_fn *fn, void *arg);

#endif
