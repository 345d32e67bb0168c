/* ladder.c - the last exchange as two columns with arrows, 100 columns wide. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "cli_local.h"

#define STATE_WIDTH 13
#define ARROW_WIDTH 56
#define TEXT_MAX    200
#define WIDTH	    100

static bool ascii_only;

void
ladder_ascii(bool on)
{
	ascii_only = on;
}

static bool
unicode(void)
{
	(void)setlocale(LC_CTYPE, "");
	return !ascii_only && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The initiator's state once a message passed, in ASA's words; NULL: it stays as it was. */
static const char *
peer_state(const char *label, bool we_began)
{
	static const struct {
		const char *label, *answering, *beginning;
	} rows[] = {{"MM1", "MM_WAIT_MSG2", ""}, {"MM2", "MM_WAIT_MSG2", ""},
	    {"MM3", "MM_WAIT_MSG4", ""}, {"MM4", "MM_WAIT_MSG4", ""}, {"MM5", "MM_WAIT_MSG6", ""},
	    {"MM6", "MM_ACTIVE", ""}, {"QM1", "QM_WAIT_MSG2", "QM_START"},
	    {"QM2", "QM_WAIT_MSG2", "QM_WAIT_MSG3"}, {"QM3", "QM_ACTIVE", "QM_ACTIVE"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].label, label) == 0)
			return we_began ? rows[i].beginning : rows[i].answering;
	return NULL;
}

/* "MM1: SA VID*5, 180 octets": payloads that repeat are counted. */
static void
describe(const json_t *step, char *buf, size_t n)
{
	const json_t *payloads = json_object_get(step, "payloads");
	size_t count = json_array_size(payloads), at;

	at = (size_t)snprintf(buf, n, "%s",
	    text_str(step, "label")[0] != '\0' ? text_str(step, "label") : "repeated");
	for (size_t i = 0, same; i < count && at < n; i += same) {
		const char *name = json_string_value(json_array_get(payloads, i));

		for (same = 1; i + same < count &&
		     strcmp(name, json_string_value(json_array_get(payloads, i + same))) == 0;)
			same++;
		at += (size_t)snprintf(buf + at, n - at, "%s%s", i == 0 ? ": " : " ", name);
		if (same > 1 && at < n)
			at += (size_t)snprintf(buf + at, n - at, "*%zu", same);
	}
	if (at < n)
		snprintf(buf + at, n - at, ", %lld octets", text_num(step, "octets"));
}

static void
fill(FILE *out, const char *piece, int count)
{
	while (count-- > 0)
		fputs(piece, out);
}

static void
arrow(FILE *out, const char *text, bool to_us)
{
	bool u = unicode();
	const char *line = u ? "\u2500" : "-";
	int room = ARROW_WIDTH - 4, length = (int)strlen(text);

	if (length > room)
		length = room;
	if (!to_us)
		fputs(u ? "\u25c0" : "<", out);
	fill(out, line, 1);
	fprintf(out, " %.*s ", length, text);
	fill(out, line, room - length);
	if (to_us)
		fputs(u ? "\u25b6" : ">", out);
}

struct view {
	char peer[32], ours[32];
	long long last_ms;
};

static void
print_step(FILE *out, const json_t *x, const json_t *step, struct view *v)
{
	bool we_began = strcmp(text_str(x, "role"), "initiator") == 0, received;
	const char *peer;
	char text[TEXT_MAX];

	if (text_str(step, "state")[0] != '\0')
		snprintf(v->ours, sizeof(v->ours), "%s", text_str(step, "state"));
	if (strcmp(text_str(step, "what"), "state") == 0)
		return;
	received = strcmp(text_str(step, "what"), "received") == 0 ||
	    strcmp(text_str(step, "what"), "duplicate") == 0;
	peer = peer_state(text_str(step, "label"), we_began);
	if (peer != NULL)
		snprintf(v->peer, sizeof(v->peer), "%s", peer);
	describe(step, text, sizeof(text));
	if (strcmp(text_str(step, "what"), "resent") == 0)
		strncat(text, " (again)", sizeof(text) - strlen(text) - 1);
	fprintf(out, "%-*s ", STATE_WIDTH, v->peer);
	arrow(out, text, received);
	fprintf(out, " %-*s %+7lld ms\n", STATE_WIDTH, v->ours,
	    text_num(step, "at_ms") - v->last_ms);
	v->last_ms = text_num(step, "at_ms");
}

/* Where it failed, and why, wrapped at blanks. */
static void
print_failed(FILE *out, const json_t *x)
{
	const char *state = text_str(x, "failed_state"), *text = text_str(x, "reason");
	int column;

	fputs(unicode() ? "\u2718" : "X", out);
	column = 1 +
	    fprintf(out, " FAILED at %s%s%s:",
		text_str(x, "failed_label")[0] != '\0' ? text_str(x, "failed_label") : "a time-out",
		state[0] != '\0' ? " in " : "", state);
	while (*text != '\0') {
		int word = (int)strcspn(text, " ");

		if (column + 1 + word > WIDTH)
			column = fprintf(out, "\n   ") - 1;
		column += fprintf(out, " %.*s", word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void
print_exchange(FILE *out, const json_t *x)
{
	const json_t *steps = json_object_get(x, "steps"), *step;
	struct view v = {.peer = "", .ours = "", .last_ms = 0};
	size_t i;

	fprintf(out, "%s  %s", text_str(x, "time"), text_str(x, "exchange"));
	if (text_num(x, "msgid") != 0)
		fprintf(out, " (msgid=%llx)", text_num(x, "msgid"));
	fprintf(out, ", group %s\n",
	    text_str(x, "group")[0] != '\0' ? text_str(x, "group") : "(none)");
	fprintf(out, "%-40s %40s\n", text_str(x, "peer"), "ikev1d");
	json_array_foreach(steps, i, step) print_step(out, x, step, &v);
	if (text_num(x, "lost_steps") > 0)
		fprintf(out, "(%lld steps in the middle are not kept)\n",
		    text_num(x, "lost_steps"));
	if (strcmp(text_str(x, "outcome"), "failed") == 0)
		print_failed(out, x);
	else
		fprintf(out, "%s %s\n", unicode() ? "\u2714" : "=",
		    strcmp(text_str(x, "outcome"), "up") == 0 ? v.ours : "under way");
}

void
ladder_print(FILE *out, const json_t *reply)
{
	const json_t *all = json_object_get(reply, "exchanges"), *x;
	size_t i;

	if (json_array_size(all) == 0)
		fprintf(out, "No negotiation is remembered\n");
	json_array_foreach(all, i, x)
	{
		if (i > 0)
			fputc('\n', out);
		print_exchange(out, x);
	}
}
