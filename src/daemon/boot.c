/* boot.c - the order in which the daemon comes up, and goes down. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/logjson.h"
#include "ctl/proto.h"
#include "daemon_local.h"
#include "io/capture.h"
#include "io/deadline.h"
#include "io/icmp.h"
#include "io/keyexport.h"
#include "io/sdnotify.h"
#include "io/unixsock.h"

#define STOP_MS	  10000 /* for the workers to say goodbye to their peers */
#define LINGER_MS 500	/* for the last answers on the control socket */

/* ---- policy and log ---- */

const struct policy *
boot_policy(const struct options *o, struct lines *mistakes)
{
	errno = 0;
	return o->builtin ? policy_builtin(lines_add, mistakes) :
			    policy_load(o->file, lines_add, mistakes);
}

struct log_conf
boot_log_conf(const struct options *o, const struct policy *p)
{
	struct log_conf c = p->log;

	if (o->builtin)
		c.target = LOG_T_STDERR;
	return c;
}

/* Said where somebody looks: in the log, and to who started us. */
static void
complain(const struct daemon *d, const struct why *w)
{
	LOG(DAEMON_ERROR, NULL, "%s", w->text);
	if (boot_log_conf(d->opt, d->policy).target != LOG_T_STDERR)
		fprintf(stderr, "ikev1d: %s\n", w->text);
}

static bool
read_policy(struct daemon *d)
{
	struct lines mistakes = {.text = NULL};
	bool ok;

	d->policy = boot_policy(d->opt, &mistakes);
	ok = d->policy != NULL && avail_check(d->policy, &mistakes);
	for (size_t i = 0; i < mistakes.n; i++)
		fprintf(stderr, "%s\n", mistakes.text[i]);
	lines_fini(&mistakes);
	d->policy_ms = deadline_now_ms();
	return ok;
}

static enum ike_err
start_log(const struct daemon *d, struct why *w)
{
	struct log_conf c = boot_log_conf(d->opt, d->policy);

	log_set_json(logjson_format);
	return log_open(&c, w);
}

/* A log file made as root must stay ours after the drop, to be opened again after a rotation. */
static void
give_log_file(const struct daemon *d)
{
	struct log_conf c = boot_log_conf(d->opt, d->policy);
	int fd;

	if (c.target != LOG_T_FILE || !d->identity.change)
		return;
	fd = open(c.file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, d->identity.uid, d->identity.gid) != 0)
		LOG(DAEMON_ERROR, NULL, "log file %s: chown: %s", c.file, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* ---- sockets ---- */

static unsigned
cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) < 1)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

static enum ike_err
open_sockets(struct daemon *d, struct why *w)
{
	const struct policy_listen *l = &d->policy->listen;

	d->worker_count = d->policy->workers != 0 ? d->policy->workers : cpus();
	if (d->worker_count > IKE_WORKERS_MAX)
		d->worker_count = IKE_WORKERS_MAX;
	if ((d->binds = calloc(l->count * 2, sizeof(*d->binds))) == NULL)
		return why(w, IKE_E_NOMEM, "sockets");
	for (size_t i = 0; i < l->count; i++) {
		d->binds[d->bind_count++] = (struct udp_bind){
		    .local = {.addr = l->addresses[i], .port = l->port}};
		if (l->nat_t_port != 0)
			d->binds[d->bind_count++] =
			    (struct udp_bind){.local = {.addr = l->addresses[i],
						  .port = l->nat_t_port},
				.nat_t = true};
	}
	d->sockets = udp_open(d->binds, d->bind_count, d->worker_count, w);
	return d->sockets != NULL ? IKE_OK : IKE_E_SYS;
}

static int
listen_at(const struct daemon *d, const char *path, struct why *w)
{
	const struct identity *id = &d->identity;

	return unixsock_listen(path, id->change ? id->uid : (uid_t)-1,
	    id->change ? id->gid : (gid_t)-1, w);
}

/* An unprivileged daemon with the usual policy file puts its socket where it may. */
static enum ike_err
open_control(struct daemon *d, struct why *w)
{
	const char *wanted = d->policy->control_socket, *runtime = getenv("XDG_RUNTIME_DIR");
	char path[256];

	d->control_fd = listen_at(d, wanted, w);
	if (d->control_fd < 0 && geteuid() != 0 && runtime != NULL &&
	    strcmp(wanted, PROTO_SOCKET) == 0 &&
	    snprintf(path, sizeof(path), "%s/" PROTO_SOCKET_USER, runtime) < (int)sizeof(path)) {
		d->control_fd = listen_at(d, path, w);
		wanted = path;
	}
	if (d->control_fd < 0)
		return IKE_E_SYS;
	d->control_path = strdup(wanted);
	return d->control_path != NULL ? IKE_OK : why(w, IKE_E_NOMEM, "control socket");
}

static enum ike_err
open_keys(struct daemon *d, struct why *w)
{
	const char *folder = d->policy->key_export;

	if (folder == NULL)
		return IKE_OK;
	if ((d->keys = keyexport_open(folder, w)) == NULL)
		return IKE_E_SYS;
	if (d->identity.change)
		keyexport_chown(d->keys, d->identity.uid, d->identity.gid);
	LOG(KEY_EXPORT_ON, NULL, "key export: the keys of all SAs are written to %s", folder);
	return IKE_OK;
}

/* ---- what the control socket asks the daemon ---- */

static void
ask_workers(void *ctx, struct server_job *job)
{
	struct daemon *d = ctx;

	worker_ask_all(d->workers, d->worker_count, job);
}

static void
ask_reload(void *ctx, server_reloaded_fn *fn, void *arg)
{
	reload_begin(ctx, fn, arg);
}

static void
start_capture(void *ctx, const char *file, const char *peer, server_captured_fn *fn, void *arg)
{
	capturing_start(ctx, file, peer, fn, arg);
}

static void
stop_capture(void *ctx, server_captured_fn *fn, void *arg)
{
	capturing_stop(ctx, fn, arg);
}

static void
facts(void *ctx, struct server_facts *f)
{
	const struct daemon *d = ctx;
	uint64_t now = deadline_now_ms();

	*f = (struct server_facts){
	    .policy = d->policy,
	    .faults = d->faults,
	    .started = d->started,
	    .uptime_s = (now - d->started_ms) / 1000,
	    .policy_age_s = (now - d->policy_ms) / 1000,
	    .user = d->identity.name,
	    .socket = d->control_path,
	    .binds = d->binds,
	    .bind_count = d->bind_count,
	    .captures = d->capture != NULL,
	};
	if (d->capture != NULL)
		f->capture = capture_info(d->capture);
}

static enum ike_err
start_server(struct daemon *d, struct why *w)
{
	struct server_ports ports = {
	    .ctx = d,
	    .workers = d->worker_count,
	    .ask = ask_workers,
	    .reload = ask_reload,
	    .capture_start = start_capture,
	    .capture_stop = stop_capture,
	    .facts = facts,
	};

	d->server = server_new(d->loop, d->control_fd, &ports);
	d->control_fd = -1;
	return d->server != NULL ? IKE_OK : why(w, IKE_E_NOMEM, "control socket");
}

/* ---- going down ---- */

/* All workers are gone: the last answers go out, then the loop ends. */
static void
end_due(void *ctx)
{
	struct daemon *d = ctx;
	uint64_t now = deadline_now_ms();

	if (d->workers_left > 0) {
		LOG(DAEMON_ERROR, NULL, "%u workers did not end within %d s", d->workers_left,
		    STOP_MS / 1000);
		d->gave_up = true;
		loop_stop(d->loop);
	} else if (now >= d->end_ms || server_quiet(d->server)) {
		loop_stop(d->loop);
	} else {
		deadline_set(d->end, now + 10);
	}
}

static void
worker_gone(void *ctx)
{
	struct daemon *d = ctx;

	if (--d->workers_left > 0)
		return;
	d->end_ms = deadline_now_ms() + LINGER_MS;
	deadline_set(d->end, deadline_now_ms());
}

static void
stop(struct daemon *d, int signo)
{
	if (d->stopping) {
		d->gave_up = true;
		loop_stop(d->loop);
		return;
	}
	d->stopping = true;
	LOG(DAEMON_STOPPING, NULL, "stopping (%s): sending deletes to all peers",
	    signo == SIGINT ? "SIGINT" : "SIGTERM");
	sdnotify_stopping();
	server_stop(d->server);
	deadline_set(d->end, deadline_now_ms() + STOP_MS);
	for (unsigned i = 0; i < d->worker_count; i++)
		worker_stop(d->workers[i]);
}

static void
on_signal(void *ctx, int signo)
{
	struct daemon *d = ctx;

	if (signo == SIGHUP) {
		log_reopen();
		reload_begin(d, NULL, NULL);
	} else {
		stop(d, signo);
	}
}

/* ---- coming up ---- */

static enum ike_err
start_loop(struct daemon *d, struct why *w)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

	if (!loop_setup() || (d->loop = loop_new()) == NULL ||
	    (d->end = deadline_new(d->loop, end_due, d)) == NULL)
		return why(w, IKE_E_SYS, "event loop: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		if (!loop_signal(d->loop, signals[i], on_signal, d))
			return why(w, IKE_E_SYS, "event loop: signal %d", signals[i]);
	}
	return IKE_OK;
}

static enum ike_err
open_faults(struct daemon *d, struct why *w)
{
	if ((d->faults = fault_room_new()) == NULL)
		return why(w, IKE_E_NOMEM, "faults");
	fault_set_policy(d->faults, d->policy);
	return IKE_OK;
}

static enum ike_err
start_workers(struct daemon *d, struct why *w)
{
	struct worker_conf conf = {
	    .main = d->loop,
	    .sockets = d->sockets,
	    .policy = d->policy,
	    .keys = d->keys,
	    .faults = d->faults,
	    .icmp = d->icmp,
	    .gone = worker_gone,
	    .ctx = d,
	};

	d->workers = worker_start_all(d->worker_count, &conf, w);
	if (d->workers == NULL)
		return IKE_E_SYS;
	d->workers_left = d->worker_count;
	return IKE_OK;
}

/* Better said now than at the first reload. */
static void
look_ahead(const struct daemon *d)
{
	if (d->identity.change && !d->opt->builtin && access(d->opt->file, R_OK) != 0)
		LOG(DAEMON_PRIVILEGES, NULL,
		    "user %s cannot read %s, so a reload will be refused; "
		    "chgrp %u %s and chmod 0640 mend it",
		    d->identity.name, d->opt->file, (unsigned)d->identity.gid, d->opt->file);
}

/* What needs privileges, then who we are from now on, then the threads. */
static enum ike_err
come_up(struct daemon *d, struct why *w)
{
	char note[200];

	if (start_log(d, w) != IKE_OK ||
	    drop_whom(d->policy->user, &d->identity, note, sizeof(note), w) != IKE_OK)
		return w->code;
	if (note[0] != '\0')
		LOG(DAEMON_PRIVILEGES, NULL, "privileges: %s", note);
	if (start_loop(d, w) != IKE_OK || open_sockets(d, w) != IKE_OK ||
	    open_control(d, w) != IKE_OK || open_keys(d, w) != IKE_OK)
		return w->code;
	d->icmp = icmp_open(); /* without it one fault does less, and says so */
	give_log_file(d);
	if (drop_become(&d->identity, w) != IKE_OK)
		return w->code;
	drop_core();
	if (d->identity.change)
		LOG(DAEMON_PRIVILEGES, NULL, "privileges dropped, running as user %s",
		    d->identity.name);
	look_ahead(d);
	if (open_faults(d, w) != IKE_OK || start_workers(d, w) != IKE_OK ||
	    start_server(d, w) != IKE_OK)
		return w->code;
	return IKE_OK;
}

static void
announce(const struct daemon *d)
{
	const struct policy_listen *l = &d->policy->listen;
	char a[ADDR_TEXT];

	LOG(DAEMON_STARTED, NULL,
	    "ikev1d %s started, pid %d, %u worker%s, policy %s, control socket %s", IKEV1D_VERSION,
	    (int)getpid(), d->worker_count, d->worker_count == 1 ? "" : "s", d->policy->file,
	    d->control_path);
	for (size_t i = 0; i < l->count; i++) {
		(void)addr_print(&l->addresses[i], a, sizeof(a));
		if (l->nat_t_port != 0)
			LOG(DAEMON_LISTENING, NULL, "listening on %s, UDP ports %u and %u (NAT-T)",
			    a, l->port, l->nat_t_port);
		else
			LOG(DAEMON_LISTENING, NULL, "listening on %s, UDP port %u", a, l->port);
	}
}

static void
free_all(struct daemon *d)
{
	server_free(d->server);
	if (d->workers != NULL)
		worker_free_all(d->workers, d->worker_count);
	icmp_close(d->icmp);
	fault_room_free(d->faults);
	capturing_end(d);
	keyexport_close(d->keys);
	udp_close(d->sockets);
	free(d->binds);
	deadline_free(d->end);
	loop_free(d->loop);
	if (d->control_fd >= 0)
		close(d->control_fd);
	if (d->control_path != NULL)
		(void)unlink(d->control_path);
	free(d->control_path);
	policy_unref(d->policy);
	log_close();
	loop_teardown();
}

/* Up to here the socket's file and its name are ours to remove. */
static int
serve(struct daemon *d)
{
	if (d->opt->builtin)
		greet_builtin(d->policy, d->control_path, d->opt->program);
	announce(d);
	sdnotify_ready("Serving");
	loop_run(d->loop);
	if (d->gave_up) { /* threads still run: nothing can be taken away from them */
		(void)unlink(d->control_path);
		_exit(EXIT_FAILURE);
	}
	LOG(DAEMON_STOPPING, NULL, "stopped");
	return EXIT_SUCCESS;
}

int
boot_run(const struct options *o)
{
	struct daemon d = {.opt = o, .control_fd = -1};
	struct why w = {0};
	int status = EXIT_FAILURE;

	drop_core();
	clock_gettime(CLOCK_REALTIME, &d.started);
	d.started_ms = deadline_now_ms();
	if (!read_policy(&d))
		fprintf(stderr, "ikev1d: not started\n");
	else if (come_up(&d, &w) != IKE_OK)
		complain(&d, &w);
	else
		status = serve(&d);
	free_all(&d);
	return status;
}
