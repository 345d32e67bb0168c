/* reload.c - a new policy beside living SAs: checked as a whole, then put in force, or nothing. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon_local.h"
#include "io/deadline.h"
#include "io/keyexport.h"
#include "io/sdnotify.h"

/*
 * Two rounds through the workers: prepare (what can fail), commit (what cannot).  In between the
 * main thread does its own last step that can fail.
 */
struct reload {
	struct server_job    job; /* first */
	struct daemon	    *d;
	const struct policy *policy;
	struct keyexport    *keys; /* what will be in force, perhaps the old one */
	struct lines	     mistakes, notes;
	server_reloaded_fn  *fn;
	void		    *arg;
	atomic_bool	     failed; /* some worker could not prepare */
};

static void
tell(server_reloaded_fn *fn, void *arg, bool ok, const struct lines *mistakes,
    const struct lines *notes)
{
	struct server_reloaded result = {.ok = ok,
	    .mistakes = lines_view(mistakes),
	    .notes = lines_view(notes)};

	if (fn != NULL)
		fn(arg, &result);
}

static void
finish(struct reload *r, bool ok)
{
	struct daemon *d = r->d;

	for (size_t i = 0; i < r->mistakes.n; i++)
		LOG(POLICY_REFUSED, NULL, "%s", r->mistakes.text[i]);
	if (!ok)
		LOG(POLICY_REFUSED, NULL,
		    "reload: the new policy is refused, the old one stays in force");
	for (size_t i = 0; i < r->notes.n; i++)
		LOG(POLICY_LOADED, NULL, "reload: %s", r->notes.text[i]);
	if (!ok && r->keys != d->keys)
		keyexport_close(r->keys);
	d->reload = NULL;
	if (!d->stopping)
		sdnotify_ready(
		    ok ? "Serving" : "Serving; the last reload was refused, see the log");
	tell(r->fn, r->arg, ok, &r->mistakes, &r->notes);
	policy_unref(r->policy);
	lines_fini(&r->mistakes);
	lines_fini(&r->notes);
	free(r);
}

/* ---- second round ---- */

static void
commit_work(struct server_job *job, const struct server_worker *view)
{
	const struct reload *r = (struct reload *)job;

	worker_commit(worker_of(view), r->policy, r->keys);
}

static void
commit_done(struct server_job *job)
{
	struct reload *r = (struct reload *)job;
	struct daemon *d = r->d;

	if (d->keys != r->keys) {
		keyexport_close(d->keys);
		d->keys = r->keys;
	}
	policy_unref(d->policy);
	d->policy = policy_ref(r->policy);
	fault_set_policy(d->faults, d->policy);
	d->policy_ms = deadline_now_ms();
	LOG(POLICY_LOADED, NULL, "policy %s reloaded: %zu tunnel groups, established SAs live on",
	    d->policy->file, d->policy->group_count);
	finish(r, true);
}

/* ---- first round ---- */

static void
prepare_work(struct server_job *job, const struct server_worker *view)
{
	struct reload *r = (struct reload *)job;

	if (worker_prepare(worker_of(view), r->policy, NULL) != IKE_OK)
		atomic_store(&r->failed, true);
}

static void
prepare_done(struct server_job *job)
{
	struct reload *r = (struct reload *)job;
	struct daemon *d = r->d;
	struct log_conf log = boot_log_conf(d->opt, r->policy);
	struct why w = {0};

	if (d->stopping)
		lines_printf(&r->mistakes, "the daemon is stopping");
	else if (atomic_load(&r->failed))
		lines_printf(&r->mistakes, "a worker could not load OpenSSL's legacy provider");
	else if (log_open(&log, &w) != IKE_OK)
		lines_printf(&r->mistakes, "log: %s", w.text);
	if (r->mistakes.n > 0) {
		finish(r, false);
		return;
	}
	r->job.work = commit_work;
	r->job.done = commit_done;
	worker_ask_all(d->workers, d->worker_count, &r->job);
}

/* ---- before the rounds ---- */

static bool
same_addresses(const struct policy_listen *a, const struct policy_listen *b)
{
	if (a->count != b->count || a->port != b->port || a->nat_t_port != b->nat_t_port)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!addr_eq(&a->addresses[i], &b->addresses[i]))
			return false;
	}
	return true;
}

/* What cannot change without a restart is taken up at the next one. */
static void
note_restarts(struct reload *r)
{
	const struct policy *old = r->d->policy, *new = r->policy;

	if (!same_addresses(&old->listen, &new->listen))
		lines_printf(&r->notes, "listen has changed: needs a restart");
	if (old->workers != new->workers)
		lines_printf(&r->notes, "workers has changed: needs a restart");
	if (strcmp(old->user, new->user) != 0)
		lines_printf(&r->notes, "user has changed: needs a restart");
	if (strcmp(old->control_socket, new->control_socket) != 0)
		lines_printf(&r->notes, "control.socket has changed: needs a restart");
}

static bool
open_keys(struct reload *r)
{
	const char *old = r->d->policy->key_export, *new = r->policy->key_export;
	struct why w = {0};

	r->keys = r->d->keys;
	if ((old == NULL && new == NULL) || (old != NULL && new != NULL &&strcmp(old, new) == 0))
		return true;
	if (new == NULL) {
		r->keys = NULL;
		lines_printf(&r->notes, "key_export is off");
		return true;
	}
	if ((r->keys = keyexport_open(new, &w)) == NULL) {
		r->keys = r->d->keys;
		lines_printf(&r->mistakes, "%s (opened as user %s)", w.text, r->d->identity.name);
		return false;
	}
	LOG(KEY_EXPORT_ON, NULL, "key export: the keys of all SAs are written to %s", new);
	return true;
}

/* The daemon may no longer be who started it: say so where the file cannot be read. */
static bool
load(struct reload *r)
{
	const struct daemon *d = r->d;

	r->policy = boot_policy(d->opt, &r->mistakes);
	if (r->policy == NULL && d->identity.change && errno == EACCES)
		lines_printf(&r->mistakes,
		    "the daemon runs as %s now and must be able to read the file: "
		    "chgrp and chmod 0640",
		    d->identity.name);
	if (r->policy == NULL)
		return false;
	r->notes = r->mistakes; /* warnings only */
	r->mistakes = (struct lines){.text = NULL};
	return avail_check(r->policy, &r->mistakes);
}

void
reload_begin(struct daemon *d, server_reloaded_fn *fn, void *arg)
{
	struct lines none = {.text = NULL}, busy = {.text = NULL};
	struct reload *r;

	if (d->reload != NULL || d->stopping || (r = calloc(1, sizeof(*r))) == NULL) {
		lines_printf(&busy, "%s",
		    d->stopping		  ? "the daemon is stopping" :
			d->reload != NULL ? "another reload is under way" :
					    "out of memory");
		tell(fn, arg, false, &busy, &none);
		lines_fini(&busy);
		return;
	}
	d->reload = r;
	r->d = d;
	r->fn = fn;
	r->arg = arg;
	r->keys = d->keys;
	sdnotify_reloading();
	if (!load(r) || !open_keys(r)) {
		finish(r, false);
		return;
	}
	note_restarts(r);
	r->job.work = prepare_work;
	r->job.done = prepare_done;
	worker_ask_all(d->workers, d->worker_count, &r->job);
}
