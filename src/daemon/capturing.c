/* capturing.c - a capture starts and stops: opened here, then told to every worker. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon_local.h"
#include "io/capture.h"

struct capturing {
	struct server_job job; /* first */
	struct daemon *d;
	server_captured_fn *fn;
	void *arg;
};

static void
refuse(server_captured_fn *fn, void *arg, const char *error)
{
	fn(arg, &(struct server_captured){.error = error});
}

/* The way of a request through the workers; NULL after a refusal. */
static struct capturing *
begin(struct daemon *d, server_captured_fn *fn, void *arg)
{
	struct capturing *c;

	if (d->stopping || d->capture_changes) {
		refuse(fn, arg,
		    d->stopping ? "the daemon is stopping" :
				  "another capture is being started or stopped");
		return NULL;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		refuse(fn, arg, "out of memory");
		return NULL;
	}
	c->d = d;
	c->fn = fn;
	c->arg = arg;
	return c;
}

static void
go(struct capturing *c)
{
	c->d->capture_changes = true;
	worker_ask_all(c->d->workers, c->d->worker_count, &c->job);
}

/* ---- starting ---- */

static void
tell_key(void *ctx, const struct ike_key_info *info)
{
	capture_isakmp_sa(ctx, info);
}

/* Also what stood before is to be read: ISAKMP SAs have their keys at hand, IPsec SAs do not. */
static void
start_work(struct server_job *job, const struct server_worker *view)
{
	const struct capturing *c = (struct capturing *)job;

	worker_capture(worker_of(view), c->d->capture);
	ike_each_key(view->ike, tell_key, c->d->capture);
}

static void
start_done(struct server_job *job)
{
	struct capturing *c = (struct capturing *)job;
	struct server_captured result = {.info = capture_info(c->d->capture)};

	c->d->capture_changes = false;
	c->fn(c->arg, &result);
	free(c);
}

/* Whose packets: false and the reason when there is no such peer. */
static bool
whom(const struct daemon *d, const char *peer, struct capture_conf *conf, char *error, size_t n)
{
	conf->whom = peer != NULL ? peer : "all";
	if (strcmp(conf->whom, "all") == 0)
		return true;
	if (addr_parse(peer, &conf->peer.addr) && conf->peer.addr.family != ADDR_NONE) {
		conf->peer.bits = (uint8_t)addr_bits(&conf->peer.addr);
		return true;
	}
	for (size_t i = 0; i < d->policy->group_count; i++) {
		const struct tunnel_group *g = &d->policy->groups[i];

		if (strcmp(g->name, peer) != 0)
			continue;
		conf->peer = g->peer;
		conf->local = g->local;
		return true;
	}
	snprintf(error, n, "\"%.100s\" is neither an address nor the name of a tunnel group", peer);
	return false;
}

void
capturing_start(struct daemon *d, const char *file, const char *peer, server_captured_fn *fn,
    void *arg)
{
	struct capture_conf conf = {.file = file,
	    .kilobytes = d->policy->capture.kilobytes,
	    .files = d->policy->capture.files};
	struct capturing *c;
	char error[200];
	struct why w = {0};

	if (d->capture != NULL) {
		snprintf(error, sizeof(error), "a capture into %.120s runs already; stop it first",
		    capture_info(d->capture).file);
		refuse(fn, arg, error);
		return;
	}
	if (!whom(d, peer, &conf, error, sizeof(error))) {
		refuse(fn, arg, error);
		return;
	}
	if ((c = begin(d, fn, arg)) == NULL)
		return;
	if ((d->capture = capture_open(&conf, &w)) == NULL) {
		refuse(fn, arg, w.text);
		free(c);
		return;
	}
	LOG(CAPTURE_ON, NULL,
	    "capture: packets of %s, and the keys that decrypt them, are written to %s and beside it",
	    conf.whom, file);
	c->job.work = start_work;
	c->job.done = start_done;
	go(c);
}

/* ---- stopping ---- */

static void
stop_work(struct server_job *job, const struct server_worker *view)
{
	(void)job;
	worker_capture(worker_of(view), NULL);
}

/* Closed first: what was handed over is in the file then. */
static void
close_it(struct daemon *d, struct server_captured *result)
{
	struct capture *capture = d->capture;

	d->capture = NULL;
	capture_flush(capture);
	result->info = capture_info(capture);
	LOG(CAPTURE_OFF, NULL,
	    "capture: %s ended: %llu packets, %llu octets, %llu lost, %u times a new file",
	    result->info.file, (unsigned long long)result->info.packets,
	    (unsigned long long)result->info.octets, (unsigned long long)result->info.lost,
	    result->info.rotated);
}

static void
stop_done(struct server_job *job)
{
	struct capturing *c = (struct capturing *)job;
	struct capture *capture = c->d->capture;
	struct server_captured result = {.error = NULL};

	c->d->capture_changes = false;
	close_it(c->d, &result);
	c->fn(c->arg, &result);
	capture_close(capture);
	free(c);
}

void
capturing_stop(struct daemon *d, server_captured_fn *fn, void *arg)
{
	struct capturing *c;

	if (d->capture == NULL) {
		refuse(fn, arg, "no capture runs");
		return;
	}
	if ((c = begin(d, fn, arg)) == NULL)
		return;
	c->job.work = stop_work;
	c->job.done = stop_done;
	go(c);
}

void
capturing_end(struct daemon *d)
{
	struct capture *capture = d->capture;
	struct server_captured result;

	if (capture == NULL)
		return;
	close_it(d, &result);
	capture_close(capture);
}
