/* faultcmd.c - the answers to "fault list", "fault set" and "fault clear". */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ctl_local.h"

static json_t *
no(const char *error)
{
	json_t *o = json_pack("{s:b, s:s}", "ok", 0, "error", error);

	return o != NULL ? o : json_pack("{s:b, s:s}", "ok", 0, "error", "not UTF-8");
}

static json_t *
yes(const struct proto_call *call)
{
	return json_pack("{s:b, s:s}", "ok", 1, "command", proto_table[call->command].words);
}

/* ---- which tunnel groups ---- */

/* Does this word mean the group: by its name, by an address that lands on it, or as "all"? */
static bool
means(const struct tunnel_group *g, const char *peer)
{
	struct addr a;

	if (peer == NULL || strcmp(peer, "all") == 0 || strcmp(peer, g->name) == 0)
		return true;
	return addr_parse(peer, &a) && a.family != ADDR_NONE &&
	    (g->peer.addr.family == ADDR_NONE || prefix_has(&g->peer, &a));
}

/* An address means the first group it can land on; every group it fits would harm others. */
static bool
chosen(const struct policy *p, size_t i, const char *peer)
{
	struct addr a;

	if (!means(&p->groups[i], peer))
		return false;
	if (peer == NULL || strcmp(peer, p->groups[i].name) == 0 || !addr_parse(peer, &a) ||
	    a.family == ADDR_NONE)
		return true;
	for (size_t k = 0; k < i; k++)
		if (means(&p->groups[k], peer))
			return false;
	return true;
}

static bool
any_chosen(const struct policy *p, const char *peer)
{
	for (size_t i = 0; i < p->group_count; i++)
		if (chosen(p, i, peer))
			return true;
	return false;
}

static json_t *
no_group(const char *peer)
{
	char error[200];

	snprintf(error, sizeof(error), "no tunnel group has the name \"%.100s\" or that address",
	    peer);
	return no(error);
}

/* ---- what is armed ---- */

struct listing {
	json_t *array;
	const struct policy *policy;
	const char *peer, *fault; /* NULL: all */
};

static void
list_one(void *ctx, const struct fault_state *s)
{
	struct listing *l = ctx;
	struct fault_show row = fault_show(s->row);

	if (l->fault != NULL && strcasecmp(l->fault, row.name) != 0)
		return;
	for (size_t i = 0; l->peer != NULL && i <= l->policy->group_count; i++) {
		if (i == l->policy->group_count)
			return;
		if (strcmp(l->policy->groups[i].name, s->group) == 0 &&
		    chosen(l->policy, i, l->peer))
			break;
	}
	(void)json_array_append_new(l->array,
	    json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:f, s:I, s:I, s:I}", "group", s->group,
		"fault", s->text, "name", row.name, "from", s->from_policy ? "policy" : "control",
		"count", (int)s->count, "left", (int)s->left, "occurrence", (int)s->occurrence,
		"probability", s->probability, "seed", (json_int_t)s->seed, "seen",
		(json_int_t)s->seen, "fired", (json_int_t)s->fired));
}

static json_t *
armed(const struct server_facts *f, const char *peer, const char *fault)
{
	struct listing l = {.array = json_array(),
	    .policy = f->policy,
	    .peer = peer,
	    .fault = fault};

	if (f->faults != NULL)
		fault_each(f->faults, list_one, &l);
	return l.array;
}

json_t *
faultcmd_armed(const struct server_facts *f)
{
	return armed(f, NULL, NULL);
}

/* ---- commands ---- */

static json_t *
catalogue(const char *name)
{
	json_t *a = json_array();
	char args[200];

	for (size_t i = 0; i < fault_count(); i++) {
		struct fault_show s = fault_show(fault_row(i));

		if (name != NULL && strcasecmp(name, s.name) != 0)
			continue;
		(void)json_array_append_new(a,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", s.name, "arguments",
			fault_args(fault_row(i), args, sizeof(args)), "wire", s.wire, "asa", s.asa,
			"strongswan", s.strongswan, "how", s.how));
	}
	return a;
}

static json_t *
list(const struct server_facts *f, const struct proto_call *call)
{
	const char *fault = call->fault[0] != '\0' ? call->fault : NULL;
	struct why w = {0};
	json_t *answer;

	if (call->peer != NULL && !any_chosen(f->policy, call->peer))
		return no_group(call->peer);
	if (fault != NULL && fault_check_name(fault, &w) != IKE_OK)
		return no(w.text);
	answer = yes(call);
	(void)json_object_set_new(answer, "armed", armed(f, call->peer, fault));
	/* Of a peer only what is armed, unless a fault was named. */
	if (call->peer == NULL || fault != NULL)
		(void)json_object_set_new(answer, "faults", catalogue(fault));
	return answer;
}

/* All groups that are meant, or none. */
static json_t *
set(const struct server_facts *f, const struct proto_call *call)
{
	struct why w = {0};
	json_t *answer;
	size_t i, done;

	if (!any_chosen(f->policy, call->peer))
		return no_group(call->peer);
	for (i = 0; i < f->policy->group_count; i++)
		if (chosen(f->policy, i, call->peer) &&
		    fault_set(f->faults, f->policy->groups[i].name, call->fault,
			(unsigned)call->count, &w) != IKE_OK)
			break;
	if (i < f->policy->group_count) {
		for (done = 0; done < i; done++)
			if (chosen(f->policy, done, call->peer))
				(void)fault_clear(f->faults, f->policy->groups[done].name,
				    call->fault);
		return no(w.text);
	}
	answer = yes(call);
	(void)json_object_set_new(answer, "armed", armed(f, call->peer, NULL));
	return answer;
}

static json_t *
clear(const struct server_facts *f, const struct proto_call *call)
{
	const char *fault = call->fault[0] != '\0' ? call->fault : NULL;
	struct why w = {0};
	unsigned n = 0;
	json_t *answer;

	if (call->peer != NULL && !any_chosen(f->policy, call->peer))
		return no_group(call->peer);
	if (fault != NULL && fault_check_name(fault, &w) != IKE_OK)
		return no(w.text);
	if (call->peer == NULL)
		n = fault_clear(f->faults, NULL, fault);
	for (size_t i = 0; call->peer != NULL && i < f->policy->group_count; i++)
		if (chosen(f->policy, i, call->peer))
			n += fault_clear(f->faults, f->policy->groups[i].name, fault);
	answer = yes(call);
	(void)json_object_set_new(answer, "count", json_integer(n));
	(void)json_object_set_new(answer, "armed", armed(f, NULL, NULL));
	return answer;
}

/* "fault list mm4.drop": one word alone may be a fault as well as a peer. */
static struct proto_call
sorted_out(const struct server_facts *f, const struct proto_call *call)
{
	struct proto_call c = *call;
	struct why w = {0};

	if (c.peer == NULL || c.fault[0] != '\0' || any_chosen(f->policy, c.peer) ||
	    strlen(c.peer) >= sizeof(c.fault) || fault_check_name(c.peer, &w) != IKE_OK)
		return c;
	memcpy(c.fault, c.peer, strlen(c.peer) + 1);
	c.peer = NULL;
	return c;
}

json_t *
faultcmd_answer(const struct server_facts *f, const struct proto_call *call)
{
	struct proto_call c = sorted_out(f, call);

	if (f->faults == NULL)
		return no("this daemon has no faults");
	switch (c.command) {
	case PROTO_C_FAULT_SET:
		return set(f, &c);
	case PROTO_C_FAULT_CLEAR:
		return clear(f, &c);
	default:
		return list(f, &c);
	}
}
