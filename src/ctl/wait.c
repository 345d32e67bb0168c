/* wait.c - the command "wait": answer when a peer's negotiation has come to something. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_local.h"
#include "ike/record.h"
#include "io/deadline.h"

#define ERROR_TEXT 700

/*
 * Lines that decide.  Of a failure the line with the reason comes first; the general ones behind it
 * are for failures that have no line of their own here.
 */
static const struct verdict {
	enum log_event	 event;
	enum proto_state state;
} verdicts[] = {
    {EVT_P1_COMPLETED, PROTO_S_PHASE1_UP},
    {EVT_P2_COMPLETED, PROTO_S_PHASE2_UP},
    {EVT_GROUP_NONE, PROTO_S_FAILED},
    {EVT_P1_NO_PROPOSAL, PROTO_S_FAILED},
    {EVT_P1_BAD_PUBLIC_VALUE, PROTO_S_FAILED},
    {EVT_P1_KEY_MISMATCH, PROTO_S_FAILED},
    {EVT_P1_AUTH_FAILED, PROTO_S_FAILED},
    {EVT_P1_IDENTITY_REFUSED, PROTO_S_FAILED},
    {EVT_P1_TIMEOUT, PROTO_S_FAILED},
    {EVT_SA_TERMINATING, PROTO_S_FAILED},
    {EVT_P2_NO_CRYPTO_MAP, PROTO_S_FAILED},
    {EVT_P2_NO_PROPOSAL, PROTO_S_FAILED},
    {EVT_P2_PFS_MISMATCH, PROTO_S_FAILED},
    {EVT_P2_BAD_PUBLIC_VALUE, PROTO_S_FAILED},
    {EVT_P2_TIMEOUT, PROTO_S_FAILED},
    {EVT_P2_FSM_ERROR, PROTO_S_FAILED},
};

struct last { /* the last negotiation that is over, of one worker */
	bool		any, failed;
	struct timespec began;
	struct addr	peer;
	char		group[72], why[ERROR_TEXT / 2];
};

struct wait {
	struct server_job job; /* first */
	struct client	 *client;
	struct deadline	 *alarm;
	struct ike_match  match; /* its group is peer */
	enum proto_state  awaited;
	long		  timeout_s; /* -1: none */
	atomic_bool	  so;	     /* a worker found it */
	bool		  asked, answered, already;
	struct last	 *last; /* of each worker; for "failed" */
	unsigned	  workers;
	char		  peer[];
};

/* The request is answered, or nobody is left to answer to; a job under way still needs the wait. */
static void
end(struct wait *w)
{
	struct client *c = w->client;

	w->answered = true;
	if (w->asked)
		return;
	deadline_free(w->alarm);
	free(w->last);
	free(w);
	server_release(c);
}

static json_t *
text(const char *s)
{
	json_t *j = json_string(s);

	return j != NULL ? j : json_string("(not UTF-8)");
}

/* h: the line that decided, or NULL; error: NULL if it is as it was wanted. */
static void
answer(struct wait *w, const char *outcome, const struct heard *h, const char *error)
{
	json_t *o = json_pack("{s:b, s:s}", "ok", error == NULL, "command",
	    proto_table[PROTO_C_WAIT].words);
	char ip[ADDR_TEXT];

	if (error != NULL)
		(void)json_object_set_new(o, "error", text(error));
	(void)json_object_set_new(o, "peer", text(w->peer));
	(void)json_object_set_new(o, "state", json_string(proto_states[w->awaited]));
	(void)json_object_set_new(o, "outcome", json_string(outcome));
	(void)json_object_set_new(o, "already", json_boolean(w->already));
	if (h != NULL && !w->already)
		(void)json_object_set_new(o, "event", json_string(event_name(h->event)));
	if (h != NULL && h->group[0] != '\0')
		(void)json_object_set_new(o, "group", text(h->group));
	if (h != NULL && h->peer.family != ADDR_NONE)
		(void)json_object_set_new(o, "ip",
		    json_string(addr_print(&h->peer, ip, sizeof(ip))));
	if (h != NULL)
		(void)json_object_set_new(o, "message", text(h->message));
	server_hear(w->client, NULL, NULL);
	deadline_set(w->alarm, UINT64_MAX);
	server_answer(w->client, o);
	end(w);
}

static void
too_late(void *ctx)
{
	struct wait *w = ctx;
	char error[ERROR_TEXT];

	snprintf(error, sizeof(error), "%.100s: not %s within %ld s", w->peer,
	    proto_states[w->awaited], w->timeout_s);
	answer(w, "timeout", NULL, error);
}

static void
other_outcome(struct wait *w, enum proto_state outcome, const struct heard *h)
{
	char error[ERROR_TEXT];

	snprintf(error, sizeof(error), "%.100s: not %s, but %s: %.500s", w->peer,
	    proto_states[w->awaited], proto_states[outcome], h->message);
	answer(w, proto_states[outcome], h, error);
}

static bool
about(const struct ike_match *m, const struct heard *h)
{
	if (m->group != NULL)
		return strcmp(m->group, h->group) == 0;
	return m->addr.family == ADDR_NONE || addr_eq(&m->addr, &h->peer);
}

static enum proto_state
verdict_of(enum log_event event)
{
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		if (verdicts[i].event == event)
			return verdicts[i].state;
	}
	return PROTO_S_NONE;
}

static void
hear(void *ctx, enum hear_end why, const struct heard *h)
{
	struct wait *w = ctx;
	enum proto_state is;

	if (why == HEAR_GONE) {
		deadline_set(w->alarm, UINT64_MAX);
		end(w);
		return;
	}
	if (why == HEAR_STOPPING) {
		answer(w, "stopped", NULL, "the daemon ends");
		return;
	}
	is = verdict_of(h->event);
	if (is == PROTO_S_NONE || !about(&w->match, h))
		return;
	if (is == w->awaited)
		answer(w, proto_states[is], h, NULL);
	else if (is == PROTO_S_FAILED || (is == PROTO_S_PHASE2_UP && w->awaited == PROTO_S_FAILED))
		other_outcome(w, is, h);
}

/* ---- is it so already? ---- */

static void
see_sa(void *ctx, const struct ike_sa_info *sa)
{
	struct wait *w = ctx;

	if (sa->established)
		atomic_store(&w->so, true);
}

static void
see_child(void *ctx, const struct ike_child_info *child)
{
	struct wait *w = ctx;

	(void)child;
	atomic_store(&w->so, true);
}

static bool
earlier(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static void
see_record(void *ctx, const struct record *r)
{
	struct last *l = ctx;

	if (r->outcome == RECORD_PENDING || (l->any && earlier(&r->began, &l->began)))
		return;
	*l = (struct last){.any = true,
	    .failed = r->outcome == RECORD_FAILED,
	    .began = r->began,
	    .peer = r->remote.addr};
	snprintf(l->group, sizeof(l->group), "%s", r->group != NULL ? r->group->name : "");
	snprintf(l->why, sizeof(l->why), "%s",
	    r->why.text[0] != '\0' ? r->why.text : err_text(r->why.code));
}

static void
work(struct server_job *job, const struct server_worker *worker)
{
	struct wait *w = (struct wait *)job;

	if (w->awaited == PROTO_S_PHASE1_UP)
		ike_each_sa(worker->ike, &w->match, see_sa, w);
	else if (w->awaited == PROTO_S_PHASE2_UP)
		ike_each_child(worker->ike, &w->match, see_child, w);
	else
		ike_each_record(worker->ike, &w->match, see_record, &w->last[worker->index]);
}

/* The last negotiation of all workers, if it failed. */
static bool
last_failed(const struct wait *w, struct heard *h)
{
	const struct last *l = &w->last[0];

	for (unsigned i = 1; i < w->workers; i++) {
		if (w->last[i].any && (!l->any || earlier(&l->began, &w->last[i].began)))
			l = &w->last[i];
	}
	*h = (struct heard){.peer = l->peer, .message = l->why};
	memcpy(h->group, l->group, sizeof(h->group));
	return l->any && l->failed;
}

static void
done(struct server_job *job)
{
	struct wait *w = (struct wait *)job;
	struct heard h;

	w->asked = false;
	w->already = !w->answered && (atomic_load(&w->so) || last_failed(w, &h));
	if (w->answered)
		end(w);
	else if (w->already)
		answer(w, proto_states[w->awaited], atomic_load(&w->so) ? NULL : &h, NULL);
	else if (w->timeout_s == 0)
		too_late(w);
}

static bool
prepare(struct wait *w, struct client *c, unsigned workers)
{
	w->workers = workers;
	w->last = calloc(workers + 1, sizeof(*w->last));
	w->alarm = w->last != NULL ? deadline_new(server_loop_of(c), too_late, w) : NULL;
	if (w->alarm == NULL)
		free(w->last);
	return w->alarm != NULL;
}

void
wait_begin(struct client *c, const struct proto_call *call, const struct ike_match *match)
{
	const struct server_ports *ports = server_ports_of(c);
	size_t n = strlen(call->peer) + 1;
	struct wait *w = calloc(1, sizeof(*w) + n);

	if (w == NULL || !prepare(w, c, ports->workers)) {
		free(w);
		server_answer(c, json_pack("{s:b, s:s}", "ok", 0, "error", "out of memory"));
		return;
	}
	memcpy(w->peer, call->peer, n);
	w->job = (struct server_job){.work = work, .done = done};
	w->client = c;
	w->match = *match;
	if (match->group != NULL)
		w->match.group = w->peer;
	w->awaited = call->awaited;
	w->timeout_s = call->timeout_s;
	server_hold(c);
	/* Listen first: what happens while the workers are asked is not missed. */
	server_hear(c, hear, w);
	if (w->timeout_s > 0)
		deadline_set(w->alarm, deadline_now_ms() + (uint64_t)w->timeout_s * 1000);
	w->asked = true;
	ports->ask(ports->ctx, &w->job);
}
