/* cmds.c - what each command of ctl/proto.h does. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/names.h"
#include "ctl_local.h"

#define LISTED_MAX 10000 /* SAs that one worker puts into an answer */
#define ERROR_TEXT 400

struct part { /* what one worker found */
	json_t		 *sas;
	unsigned	  left_out; /* SAs beyond LISTED_MAX */
	unsigned	  worker, count;
	struct ike_totals totals;
	struct counters	  counters;
	struct udp_stats  udp;
};

struct request {
	struct server_job job; /* first */
	struct client	 *client;
	json_t		 *object; /* as it came; call borrows from it */
	struct proto_call call;
	struct ike_match  match;
	unsigned	  workers;
	struct part	  parts[];
};

struct action {
	/* Either at once ... */
	void (*now)(struct request *);
	/* ... or in each worker, and then with all parts filled. */
	void (*work)(struct request *, const struct server_worker *, struct part *);
	void (*gathered)(struct request *, json_t *answer);
	bool changes; /* something: it is logged */
};

static const struct action actions[PROTO_C_COUNT];

/* ---- answers ---- */

static json_t *
refusal(const char *error, bool usage)
{
	json_t *o = json_pack("{s:b, s:s}", "ok", 0, "error", error);

	if (o == NULL)
		o = json_pack("{s:b, s:s}", "ok", 0, "error", "not UTF-8");
	if (usage)
		(void)json_object_set_new(o, "usage", json_true());
	return o;
}

static json_t *
fine(const struct request *r)
{
	return json_pack("{s:b, s:s}", "ok", 1, "command", proto_table[r->call.command].words);
}

static void
dispose(struct request *r)
{
	for (unsigned i = 0; i < r->workers; i++)
		json_decref(r->parts[i].sas);
	json_decref(r->object);
	free(r);
}

static void
finish(struct request *r, json_t *answer)
{
	struct client *c = r->client;

	dispose(r);
	server_answer(c, answer);
	server_release(c);
}

/* ---- SAs ---- */

static bool
room_for(struct part *p)
{
	if (json_array_size(p->sas) < LISTED_MAX)
		return true;
	p->left_out++;
	return false;
}

static void
list_sa(void *ctx, const struct ike_sa_info *info)
{
	struct part *p = ctx;

	if (room_for(p))
		(void)json_array_append_new(p->sas, show_isakmp_sa(info, p->worker));
}

static void
list_child(void *ctx, const struct ike_child_info *info)
{
	struct part *p = ctx;

	if (room_for(p))
		(void)json_array_append_new(p->sas, show_ipsec_sa(info, p->worker));
}

static void
work_isakmp(struct request *r, const struct server_worker *w, struct part *p)
{
	p->sas = json_array();
	p->totals = ike_totals(w->ike);
	ike_each_sa(w->ike, &r->match, list_sa, p);
}

static void
work_ipsec(struct request *r, const struct server_worker *w, struct part *p)
{
	p->sas = json_array();
	p->totals = ike_totals(w->ike);
	ike_each_child(w->ike, &r->match, list_child, p);
}

static struct ike_totals
sum_totals(const struct request *r)
{
	struct ike_totals sum = {0};

	for (unsigned i = 0; i < r->workers; i++) {
		sum.half_open += r->parts[i].totals.half_open;
		sum.established += r->parts[i].totals.established;
		sum.exchanges += r->parts[i].totals.exchanges;
		sum.children += r->parts[i].totals.children;
	}
	return sum;
}

static void
work_delete(struct request *r, const struct server_worker *w, struct part *p)
{
	p->count = ike_delete(w->ike, &r->match);
}

static void
work_dpd(struct request *r, const struct server_worker *w, struct part *p)
{
	p->count = ike_dpd(w->ike, &r->match);
}

static void
work_rekey(struct request *r, const struct server_worker *w, struct part *p)
{
	p->count = ike_rekey(w->ike, &r->match);
}

static const struct tunnel_group *
nearest_group(const struct policy *p, const char *name)
{
	const struct tunnel_group *best = NULL;
	unsigned best_distance = ~0u;

	for (size_t i = 0; i < p->group_count; i++) {
		unsigned d = names_distance(p->groups[i].name, name);

		if (d < best_distance) {
			best = &p->groups[i];
			best_distance = d;
		}
	}
	return best_distance <= strlen(name) / 3 ? best : NULL;
}

static bool
has_group(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->group_count; i++) {
		if (strcmp(p->groups[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Why no SA was found: there is none, or the name is mistyped. */
static json_t *
nothing_matched(const struct request *r)
{
	const struct server_ports *ports = server_ports_of(r->client);
	const char *peer = r->call.peer;
	const struct tunnel_group *g;
	struct server_facts facts;
	char error[ERROR_TEXT];

	ports->facts(ports->ctx, &facts);
	if (r->match.group == NULL)
		snprintf(error, sizeof(error), "there is no SA%s%.100s",
		    r->match.addr.family != ADDR_NONE ? " of peer " : "",
		    r->match.addr.family != ADDR_NONE ? peer : "");
	else if (has_group(facts.policy, peer))
		snprintf(error, sizeof(error), "there is no SA of tunnel group %.100s", peer);
	else if ((g = nearest_group(facts.policy, peer)) != NULL)
		snprintf(error, sizeof(error),
		    "there is no tunnel group \"%.100s\"; did you mean \"%.100s\"?", peer, g->name);
	else
		snprintf(error, sizeof(error),
		    "\"%.100s\" is neither an address nor the name of a tunnel group", peer);
	return refusal(error, false);
}

/* Have a refusal in place of an answer. */
static void
refuse_instead(const struct request *r, json_t *answer)
{
	json_t *no = nothing_matched(r);

	(void)json_object_clear(answer);
	(void)json_object_update(answer, no);
	json_decref(no);
}

/* To show nothing of a group that nobody knows would hide the mistake. */
static bool
mistyped(const struct request *r, json_t *answer)
{
	const struct server_ports *ports = server_ports_of(r->client);
	struct server_facts facts;

	ports->facts(ports->ctx, &facts);
	if (has_group(facts.policy, r->match.group))
		return false;
	refuse_instead(r, answer);
	return true;
}

/* ---- history ---- */

#define EXPLAINED_MAX 16  /* failures that one worker puts into an answer */
#define LADDER_MAX    256 /* records that one worker looks through */

static void
list_failure(void *ctx, const struct record *rec)
{
	struct part *p = ctx;

	if ((rec->outcome == RECORD_FAILED || rec->faults[0] != NULL) &&
	    json_array_size(p->sas) < EXPLAINED_MAX)
		(void)json_array_append_new(p->sas, history_explain(rec, p->worker));
}

static void
list_ladder(void *ctx, const struct record *rec)
{
	struct part *p = ctx;

	if (json_array_size(p->sas) < LADDER_MAX)
		(void)json_array_append_new(p->sas, history_ladder(rec, p->worker));
}

static void
work_explain(struct request *r, const struct server_worker *w, struct part *p)
{
	p->sas = json_array();
	ike_each_record(w->ike, &r->match, list_failure, p);
}

static void
work_ladder(struct request *r, const struct server_worker *w, struct part *p)
{
	p->sas = json_array();
	ike_each_record(w->ike, &r->match, list_ladder, p);
}

static void
gathered_history(struct request *r, json_t *answer)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < r->workers; i++)
		(void)json_array_extend(all, r->parts[i].sas);
	history_sort(all);
	if (r->call.command == PROTO_C_LADDER)
		history_last_sa(all);
	if (r->call.peer != NULL)
		(void)json_object_set_new(answer, "peer", json_string(r->call.peer));
	(void)json_object_set_new(answer,
	    r->call.command == PROTO_C_LADDER ? "exchanges" : "failures", all);
}

static void
gathered_sas(struct request *r, json_t *answer)
{
	struct ike_totals sum = sum_totals(r);
	json_t *all = json_array();
	unsigned left_out = 0;

	for (unsigned i = 0; i < r->workers; i++) {
		(void)json_array_extend(all, r->parts[i].sas);
		left_out += r->parts[i].left_out;
	}
	if (json_array_size(all) == 0 && r->match.group != NULL && mistyped(r, answer)) {
		json_decref(all);
		return;
	}
	if (r->call.peer != NULL)
		(void)json_object_set_new(answer, "peer", json_string(r->call.peer));
	if (r->call.command == PROTO_C_SHOW_ISAKMP)
		(void)json_object_set_new(answer, "detail", json_boolean(r->call.detail));
	(void)json_object_set_new(answer, "totals", show_totals(&sum));
	(void)json_object_set_new(answer, "left_out", json_integer(left_out));
	(void)json_object_set_new(answer, "sas", all);
}

static void
gathered_count(struct request *r, json_t *answer)
{
	json_int_t sum = 0;

	for (unsigned i = 0; i < r->workers; i++)
		sum += r->parts[i].count;
	if (sum == 0)
		refuse_instead(r, answer);
	(void)json_object_set_new(answer, "peer", json_string(r->call.peer));
	(void)json_object_set_new(answer, "count", json_integer(sum));
}

/* ---- status and policy ---- */

static void
work_status(struct request *r, const struct server_worker *w, struct part *p)
{
	(void)r;
	p->totals = ike_totals(w->ike);
	p->counters = *ike_counters(w->ike);
	p->udp = udp_stats(w->udp);
}

static json_t *
per_worker(const struct request *r)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < r->workers; i++) {
		json_t *o = show_totals(&r->parts[i].totals);

		(void)json_object_set_new(o, "worker", json_integer(i));
		(void)json_array_append_new(a, o);
	}
	return a;
}

static void
gathered_status(struct request *r, json_t *answer)
{
	const struct server_ports *ports = server_ports_of(r->client);
	struct ike_totals totals = sum_totals(r);
	struct counters counters = {{0}};
	uint64_t recv_errors = 0, send_errors = 0;
	struct server_facts f;
	char when[LOGJSON_TIME];

	for (unsigned i = 0; i < r->workers; i++) {
		counter_add(&counters, &r->parts[i].counters);
		recv_errors += r->parts[i].udp.recv_errors;
		send_errors += r->parts[i].udp.send_errors;
	}
	ports->facts(ports->ctx, &f);
	json_object_update_new(answer,
	    json_pack("{s:s, s:i, s:s, s:I, s:s, s:s, s:I, s:s, s:i, s:s}", "version",
		IKEV1D_VERSION, "pid", (int)getpid(), "started",
		logjson_time(&f.started, when, sizeof(when)), "uptime_s", (json_int_t)f.uptime_s,
		"user", f.user, "policy", f.policy->file, "policy_age_s",
		(json_int_t)f.policy_age_s, "socket", f.socket, "workers", (int)r->workers,
		"log_level", event_level_name(log_get_level())));
	(void)json_object_set_new(answer, "sockets", show_sockets(f.binds, f.bind_count));
	(void)json_object_set_new(answer, "sa", show_totals(&totals));
	(void)json_object_set_new(answer, "per_worker", per_worker(r));
	if (f.captures)
		(void)json_object_set_new(answer, "capture", show_capture(&f.capture));
	(void)json_object_set_new(answer, "recv_errors", json_integer((json_int_t)recv_errors));
	(void)json_object_set_new(answer, "send_errors", json_integer((json_int_t)send_errors));
	(void)json_object_set_new(answer, "counters", show_counters(&counters));
	(void)json_object_set_new(answer, "faults", faultcmd_armed(&f));
}

static void
now_policy(struct request *r)
{
	const struct server_ports *ports = server_ports_of(r->client);
	struct server_facts f;
	json_t *answer = fine(r);

	ports->facts(ports->ctx, &f);
	(void)json_object_set_new(answer, "file", json_string(f.policy->file));
	(void)json_object_set_new(answer, "policy", show_policy_text(f.policy));
	finish(r, answer);
}

/* ---- the daemon itself ---- */

static json_t *
strings(const char *const *lines)
{
	json_t *a = json_array();

	for (; *lines != NULL; lines++) {
		json_t *s = json_string(*lines);

		(void)json_array_append_new(a, s != NULL ? s : json_string("(not UTF-8)"));
	}
	return a;
}

static void
reloaded(void *ctx, const struct server_reloaded *result)
{
	struct request *r = ctx;
	json_t *answer = result->ok ?
	    fine(r) :
	    refusal("the new policy is refused, the old one stays in force", false);

	if (!result->ok)
		(void)json_object_set_new(answer, "mistakes", strings(result->mistakes));
	(void)json_object_set_new(answer, "notes", strings(result->notes));
	finish(r, answer);
}

static void
now_reload(struct request *r)
{
	const struct server_ports *ports = server_ports_of(r->client);

	ports->reload(ports->ctx, reloaded, r);
}

static void
captured(void *ctx, const struct server_captured *result)
{
	struct request *r = ctx;
	json_t *answer = result->error == NULL ? fine(r) : refusal(result->error, false);

	if (result->error == NULL)
		(void)json_object_set_new(answer, "capture", show_capture(&result->info));
	finish(r, answer);
}

static void
now_capture_start(struct request *r)
{
	const struct server_ports *ports = server_ports_of(r->client);

	ports->capture_start(ports->ctx, r->call.file, r->call.peer, captured, r);
}

static void
now_capture_stop(struct request *r)
{
	const struct server_ports *ports = server_ports_of(r->client);

	ports->capture_stop(ports->ctx, captured, r);
}

static void
now_log_level(struct request *r)
{
	const char *before = event_level_name(log_get_level());
	enum log_level level = LOG_L_INFO;
	json_t *answer = fine(r);

	(void)log_level_parse(r->call.level, &level);
	log_set_level(level);
	LOG(LOG_LEVEL_CHANGED, NULL, "log level %s, was %s", event_level_name(level), before);
	(void)json_object_set_new(answer, "level", json_string(event_level_name(level)));
	(void)json_object_set_new(answer, "was", json_string(before));
	finish(r, answer);
}

static void
now_monitor(struct request *r)
{
	struct client *c = r->client;
	enum log_level level = LOG_L_INFO;
	json_t *answer = fine(r);

	if (r->call.level != NULL)
		(void)log_level_parse(r->call.level, &level);
	(void)json_object_set_new(answer, "level", json_string(event_level_name(level)));
	server_hold(c);
	finish(r, answer);
	server_monitor(c, level);
	server_release(c);
}

/* The answer is wait.c's, now or when it is so. */
static void
now_wait(struct request *r)
{
	json_t *answer = r->match.group != NULL ? fine(r) : NULL;
	struct client *c = r->client;

	if (answer != NULL && mistyped(r, answer)) {
		finish(r, answer);
		return;
	}
	json_decref(answer);
	wait_begin(c, &r->call, &r->match);
	dispose(r);
	server_release(c);
}

static void
now_peer_config(struct request *r)
{
	const struct server_ports *ports = server_ports_of(r->client);
	struct server_facts f;
	json_t *answer;

	ports->facts(ports->ctx, &f);
	LOG(CONTROL_COMMAND, NULL, "control: peer-config %s%s%s, which prints the pre-shared key",
	    r->call.product, r->call.group != NULL ? " " : "",
	    r->call.group != NULL ? r->call.group : "");
	answer = peerconf_answer(&f, r->call.product, r->call.group);
	if (answer == NULL)
		answer = refusal("out of memory", false);
	finish(r, answer);
}

static void
now_fault(struct request *r)
{
	const struct server_ports *ports = server_ports_of(r->client);
	struct server_facts f;

	ports->facts(ports->ctx, &f);
	finish(r, faultcmd_answer(&f, &r->call));
}

static void
now_help(struct request *r)
{
	json_t *answer = fine(r), *a = json_array();

	for (int i = 0; i < PROTO_C_COUNT; i++) {
		const struct proto_row *row = &proto_table[i];

		(void)json_array_append_new(a,
		    json_pack("{s:s, s:s, s:s}", "command", row->words, "arguments", row->shown,
			"help", row->help));
	}
	(void)json_object_set_new(answer, "commands", a);
	finish(r, answer);
}

/* ---- the way through ---- */

static const struct action actions[PROTO_C_COUNT] = {
    [PROTO_C_STATUS] = {.work = work_status, .gathered = gathered_status},
    [PROTO_C_SHOW_ISAKMP] = {.work = work_isakmp, .gathered = gathered_sas},
    [PROTO_C_SHOW_IPSEC] = {.work = work_ipsec, .gathered = gathered_sas},
    [PROTO_C_EXPLAIN] = {.work = work_explain, .gathered = gathered_history},
    [PROTO_C_LADDER] = {.work = work_ladder, .gathered = gathered_history},
    [PROTO_C_SHOW_POLICY] = {.now = now_policy},
    [PROTO_C_MONITOR] = {.now = now_monitor},
    [PROTO_C_DELETE] = {.work = work_delete, .gathered = gathered_count, .changes = true},
    [PROTO_C_DPD] = {.work = work_dpd, .gathered = gathered_count, .changes = true},
    [PROTO_C_REKEY] = {.work = work_rekey, .gathered = gathered_count, .changes = true},
    [PROTO_C_WAIT] = {.now = now_wait},
    [PROTO_C_PEER_CONFIG] = {.now = now_peer_config},
    [PROTO_C_FAULT_LIST] = {.now = now_fault},
    [PROTO_C_FAULT_SET] = {.now = now_fault, .changes = true},
    [PROTO_C_FAULT_CLEAR] = {.now = now_fault, .changes = true},
    [PROTO_C_CAPTURE_START] = {.now = now_capture_start, .changes = true},
    [PROTO_C_CAPTURE_STOP] = {.now = now_capture_stop, .changes = true},
    [PROTO_C_RELOAD] = {.now = now_reload, .changes = true},
    [PROTO_C_LOG_LEVEL] = {.now = now_log_level, .changes = true},
    [PROTO_C_HELP] = {.now = now_help},
};

static void
job_work(struct server_job *job, const struct server_worker *w)
{
	struct request *r = (struct request *)job;
	struct part *p = &r->parts[w->index];

	p->worker = w->index;
	actions[r->call.command].work(r, w, p);
}

static void
job_done(struct server_job *job)
{
	struct request *r = (struct request *)job;
	json_t *answer = fine(r);

	actions[r->call.command].gathered(r, answer);
	finish(r, answer);
}

/* A peer is an address, "all", or the name of a tunnel group. */
static struct ike_match
match_of(const char *peer)
{
	struct ike_match m = {.group = NULL, .addr = {.family = ADDR_NONE}};

	if (peer == NULL || strcmp(peer, "all") == 0)
		return m;
	if (!addr_parse(peer, &m.addr) || m.addr.family == ADDR_NONE) {
		m.addr = (struct addr){.family = ADDR_NONE};
		m.group = peer;
	}
	return m;
}

static struct request *
request_new(struct client *c, json_t *object, const struct proto_call *call)
{
	unsigned workers = server_ports_of(c)->workers;
	struct request *r = calloc(1, sizeof(*r) + workers * sizeof(r->parts[0]));

	if (r == NULL)
		return NULL;
	r->job = (struct server_job){.work = job_work, .done = job_done};
	r->client = c;
	r->object = object;
	r->call = *call;
	r->workers = workers;
	r->match = match_of(call->peer);
	return r;
}

static void
run(struct request *r)
{
	const struct server_ports *ports = server_ports_of(r->client);
	const struct action *a = &actions[r->call.command];

	if (a->changes)
		LOG(CONTROL_COMMAND, NULL, "control: %s%s%s", proto_table[r->call.command].words,
		    r->call.peer != NULL || r->call.level != NULL ? " " : "",
		    r->call.peer != NULL      ? r->call.peer :
			r->call.level != NULL ? r->call.level :
						"");
	server_hold(r->client);
	if (a->now != NULL)
		a->now(r);
	else
		ports->ask(ports->ctx, &r->job);
}

void
cmds_run(struct client *c, const char *line)
{
	char error[ERROR_TEXT];
	struct proto_call call;
	struct request *r;
	json_error_t je;
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &je);

	if (!json_is_object(object)) {
		json_decref(object);
		snprintf(error, sizeof(error), "not a JSON object on one line: %.100s",
		    object == NULL ? je.text : "another type");
		server_answer(c, refusal(error, true));
		return;
	}
	if (!proto_parse(object, &call, error, sizeof(error))) {
		json_decref(object);
		server_answer(c, refusal(error, true));
		return;
	}
	if ((r = request_new(c, object, &call)) == NULL) {
		json_decref(object);
		server_answer(c, refusal("out of memory", false));
		return;
	}
	run(r);
}
