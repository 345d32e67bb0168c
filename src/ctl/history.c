/*
 * history.c - records of negotiations as JSON: the ladder and the explanation; ikev1ctl(8)
 * documents the members.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/hexdump.h"
#include "ctl_local.h"
#include "wire/dump.h"
#include "wire/payload.h"

static json_t *
text(const char *s)
{
	json_t *j = json_string(s != NULL ? s : "");

	return j != NULL ? j : json_string("(not UTF-8)");
}

static void
put(json_t *o, const char *key, json_t *value)
{
	(void)json_object_set_new(o, key, value);
}

static const char *
outcome_word(enum record_outcome outcome)
{
	switch (outcome) {
	case RECORD_UP:
		return "up";
	case RECORD_FAILED:
		return "failed";
	default:
		return "pending";
	}
}

static json_t *
head(const struct record *rec, unsigned worker)
{
	json_t *o = json_object();
	char buf[LOGJSON_TIME], hex[17], addr[ADDR_TEXT];

	put(o, "time", text(logjson_time(&rec->began, buf, sizeof(buf))));
	put(o, "began_ms", json_integer((json_int_t)rec->began_ms));
	put(o, "exchange",
	    text(rec->knock != NULL  ? rec->knock :
		    rec->phase2	    ? "Quick Mode" :
				      "Main Mode"));
	put(o, "group", text(rec->group != NULL ? rec->group->name : ""));
	put(o, "peer", text(addr_print(&rec->remote.addr, addr, sizeof(addr))));
	put(o, "peer_port", json_integer(rec->remote.port));
	put(o, "local", text(addr_print(&rec->local.addr, addr, sizeof(addr))));
	put(o, "cookie_i", text(hexdump_line(CHUNK(rec->cky_i, 8), hex, sizeof(hex))));
	put(o, "cookie_r", text(hexdump_line(CHUNK(rec->cky_r, 8), hex, sizeof(hex))));
	put(o, "msgid", json_integer(rec->msgid));
	put(o, "role", text(rec->initiator ? "initiator" : "responder"));
	put(o, "outcome", text(outcome_word(rec->outcome)));
	put(o, "worker", json_integer(worker));
	return o;
}

/* ---- ladder ---- */

static const char *
step_word(enum record_kind kind)
{
	switch (kind) {
	case RECORD_RX:
		return "received";
	case RECORD_TX:
		return "sent";
	case RECORD_RESENT:
		return "resent";
	case RECORD_DUPLICATE:
		return "duplicate";
	case RECORD_STATE:
		return "state";
	}
	return "?";
}

static json_t *
step(const struct record_step *s)
{
	json_t *o = json_object(), *payloads = json_array();

	for (unsigned i = 0; i < s->payload_count; i++)
		(void)json_array_append_new(payloads, text(payload_name(s->payloads[i])));
	put(o, "at_ms", json_integer(s->at_ms));
	put(o, "what", text(step_word((enum record_kind)s->kind)));
	put(o, "label", text(s->label));
	put(o, "octets", json_integer(s->octets));
	put(o, "payloads", payloads);
	put(o, "state", text(s->state));
	return o;
}

json_t *
history_ladder(const struct record *rec, unsigned worker)
{
	json_t *o = head(rec, worker), *steps = json_array();

	for (unsigned i = 0; i < rec->step_count; i++)
		(void)json_array_append_new(steps, step(&rec->steps[i]));
	put(o, "steps", steps);
	put(o, "lost_steps", json_integer(rec->lost));
	put(o, "failed_label", text(rec->failed_label));
	put(o, "failed_state", text(rec->failed_state));
	put(o, "reason", text(rec->outcome == RECORD_FAILED ? rec->why.text : ""));
	return o;
}

/* ---- explain ---- */

static void
add_row(void *ctx, const struct explain_row *r)
{
	json_t *o = json_object(), *cells = json_array();

	for (unsigned i = 0; i < r->cell_count; i++) {
		const struct explain_cell *c = &r->cells[i];
		json_t *cell = json_object();

		put(cell, "attribute", text(c->attribute));
		put(cell, "match", json_boolean(c->match));
		put(cell, "offered", text(c->offered));
		put(cell, "wanted", text(c->wanted));
		(void)json_array_append_new(cells, cell);
	}
	put(o, "proposal", json_integer(r->proposal));
	put(o, "transform", json_integer(r->transform));
	put(o, "against", text(r->against));
	put(o, "line", json_integer(r->line));
	put(o, "nearest", json_boolean(r->nearest));
	put(o, "skipped", text(r->skipped));
	put(o, "mismatches", json_integer(r->mismatches));
	put(o, "attributes", cells);
	(void)json_array_append_new(ctx, o);
}

json_t *
history_explain(const struct record *rec, unsigned worker)
{
	json_t *o = head(rec, worker), *rows = json_array(), *mend = json_object(),
	       *shows = json_object(), *faults = json_array();
	struct explanation x;

	ike_explain(rec, &x, add_row, rows);
	put(o, "stopped", text(x.stopped));
	put(o, "kind", text(x.kind));
	put(o, "verdict", text(x.verdict));
	put(o, "side", text(x.side));
	put(mend, "ikev1d", text(x.mend_ours));
	put(mend, "asa", text(x.mend_asa));
	put(mend, "strongswan", text(x.mend_strongswan));
	put(o, "mend", mend);
	put(shows, "asa", text(x.asa_shows));
	put(shows, "strongswan", text(x.strongswan_shows));
	put(o, "peer_shows", shows);
	for (unsigned i = 0; i < RECORD_FAULTS && rec->faults[i] != NULL; i++)
		(void)json_array_append_new(faults, text(rec->faults[i]));
	put(o, "faults", faults);
	put(o, "remote_id", text(rec->remote_id));
	put(o, "table", rows);
	return o;
}

/* ---- of all workers ---- */

static int
newest_first(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "began_ms")),
		   y = json_integer_value(json_object_get(*(json_t *const *)b, "began_ms"));

	return x < y ? 1 : x > y ? -1 : 0;
}

void
history_sort(json_t *array)
{
	size_t n = json_array_size(array);
	json_t **all = calloc(n + 1, sizeof(json_t *));

	if (all == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		all[i] = json_incref(json_array_get(array, i));
	qsort(all, n, sizeof(json_t *), newest_first);
	(void)json_array_clear(array);
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, all[i]);
	free(all);
}

static bool
of_one_sa(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, "cookie_i"), json_object_get(b, "cookie_i")) &&
	    json_equal(json_object_get(a, "cookie_r"), json_object_get(b, "cookie_r"));
}

/* Keep the newest one and what else happened under its ISAKMP SA, oldest first. */
void
history_last_sa(json_t *array)
{
	json_t *newest = json_incref(json_array_get(array, 0)), *kept = json_array();

	for (size_t i = json_array_size(array); i-- > 0;)
		if (of_one_sa(json_array_get(array, i), newest))
			(void)json_array_append(kept, json_array_get(array, i));
	(void)json_array_clear(array);
	(void)json_array_extend(array, kept);
	json_decref(kept);
	json_decref(newest);
}
