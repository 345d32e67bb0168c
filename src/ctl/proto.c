/* proto.c - the table of commands, requests in and out of JSON, lines out of a stream. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/event.h"
#include "base/names.h"
#include "policy/peer_config.h"

#define WORDS_MAX 8	/* words of a command line that are looked at */
#define TEXT_MAX  128	/* octets of a command in words */
#define TIMEOUT_MAX 31536000 /* seconds of --timeout: a year */
#define COUNT_MAX 1000000 /* negotiations */

const struct proto_row proto_table[PROTO_C_COUNT] = {
#define X(id, w, a, s, h) [PROTO_C_##id] = {.words = w, .args = a, .shown = s, .help = h},
    PROTO_COMMANDS(X)
#undef X
};

const char *const proto_states[] = {
    [PROTO_S_NONE] = NULL,
    [PROTO_S_PHASE1_UP] = "phase1-up",
    [PROTO_S_PHASE2_UP] = "phase2-up",
    [PROTO_S_FAILED] = "failed",
};

static const char *const products[] = {
#define X(id, word, text) word,
    PEER_CONFIG_PRODUCTS(X)
#undef X
};

enum proto_command
proto_find(const char *words)
{
	for (int c = 0; c < PROTO_C_COUNT; c++) {
		if (strcmp(proto_table[c].words, words) == 0)
			return (enum proto_command)c;
	}
	return PROTO_C_COUNT;
}

/* ---- what to say about an unknown command ---- */

static unsigned
word_count(const char *s)
{
	unsigned n = *s != '\0';

	for (; *s != '\0'; s++)
		n += *s == ' ';
	return n;
}

/* The first count words of text. */
static void
first_words(const char *text, unsigned count, char *buf, size_t n)
{
	size_t k = 0;

	for (; text[k] != '\0' && k + 1 < n; k++) {
		if (text[k] == ' ' && --count == 0)
			break;
		buf[k] = text[k];
	}
	buf[k] = '\0';
}

/* The command that the beginning of words resembles most, PROTO_C_COUNT if none does. */
static enum proto_command
nearest(const char *words)
{
	enum proto_command best = PROTO_C_COUNT;
	unsigned best_distance = ~0u;
	char head[TEXT_MAX];

	for (int c = 0; c < PROTO_C_COUNT; c++) {
		const char *known = proto_table[c].words;
		unsigned d;

		first_words(words, word_count(known), head, sizeof(head));
		d = names_distance(head, known);
		if (d <= strlen(known) / 3 && d < best_distance) {
			best = (enum proto_command)c;
			best_distance = d;
		}
	}
	return best;
}

/* The commands that begin with words, as '"show isakmp sa", "show ipsec sa"'; how many. */
static unsigned
longer(const char *words, char *buf, size_t n)
{
	size_t k = 0, len = strlen(words);
	unsigned count = 0;

	buf[0] = '\0';
	for (int c = 0; c < PROTO_C_COUNT; c++) {
		const char *known = proto_table[c].words;

		if (strncmp(known, words, len) != 0 || (len > 0 && known[len] != ' ') || k >= n)
			continue;
		k += (size_t)snprintf(buf + k, n - k, "%s\"%s\"", count > 0 ? ", " : "", known);
		count++;
	}
	return count;
}

const char *
proto_unknown(const char *words, char *buf, size_t n)
{
	char list[TEXT_MAX * 3];
	enum proto_command c;

	if (longer(words, list, sizeof(list)) > 0)
		snprintf(buf, n, "\"%.60s\" is not complete; it begins %s", words, list);
	else if ((c = nearest(words)) != PROTO_C_COUNT)
		snprintf(buf, n, "there is no command \"%.60s\"; did you mean \"%s\"?", words,
		    proto_table[c].words);
	else
		snprintf(buf, n, "there is no command \"%.60s\"; \"help\" lists them", words);
	return buf;
}

/* ---- arguments ---- */

static bool
is_level(const char *word)
{
	for (int l = 0; l < LOG_L_COUNT; l++) {
		if (strcmp(word, event_level_name((enum log_level)l)) == 0)
			return true;
	}
	return false;
}

static enum proto_state
state_of(const char *word)
{
	for (size_t i = PROTO_S_NONE + 1; i < ARRAY_LEN(proto_states); i++) {
		if (strcmp(word, proto_states[i]) == 0)
			return (enum proto_state)i;
	}
	return PROTO_S_NONE;
}

static bool
is_product(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(products); i++) {
		if (strcmp(word, products[i]) == 0)
			return true;
	}
	return false;
}

/* The same for what "wait" and "peer-config" take. */
static bool
check_more(const struct proto_call *call, char *error, size_t n)
{
	const struct proto_row *row = &proto_table[call->command];

	if (call->awaited != PROTO_S_NONE && (row->args & PROTO_A_STATE_MUST) == 0)
		snprintf(error, n, "\"%s\" takes no state", row->words);
	else if (call->timeout_s >= 0 && (row->args & PROTO_A_TIMEOUT) == 0)
		snprintf(error, n, "\"%s\" takes no time-out", row->words);
	else if (call->product != NULL && (row->args & PROTO_A_PRODUCT_MUST) == 0)
		snprintf(error, n, "\"%s\" takes no product", row->words);
	else if (call->group != NULL && (row->args & PROTO_A_GROUP) == 0)
		snprintf(error, n, "\"%s\" takes no group", row->words);
	else if (call->awaited == PROTO_S_NONE && (row->args & PROTO_A_STATE_MUST) != 0)
		snprintf(error, n, "\"%s\" wants to know for what: phase1-up, phase2-up or failed",
		    row->words);
	else if (call->product == NULL && (row->args & PROTO_A_PRODUCT_MUST) != 0)
		snprintf(error, n,
		    "\"%s\" wants a product: asa, ios, strongswan, libreswan or vpnc", row->words);
	else if (call->fault[0] != '\0' && (row->args & (PROTO_A_FAULT | PROTO_A_FAULT_MUST)) == 0)
		snprintf(error, n, "\"%s\" takes no fault", row->words);
	else if (call->count != 0 && (row->args & PROTO_A_COUNT) == 0)
		snprintf(error, n, "\"%s\" takes no count", row->words);
	else if (call->fault[0] == '\0' && (row->args & PROTO_A_FAULT_MUST) != 0)
		snprintf(error, n, "\"%s\" wants a fault; \"fault list\" shows them", row->words);
	else if (call->product != NULL && !is_product(call->product))
		snprintf(error, n,
		    "\"%.40s\" is no product; they are asa, asa-legacy, ios, strongswan, "
		    "strongswan-ipsec, libreswan and vpnc",
		    call->product);
	else
		return true;
	return false;
}

/* Everything that was given is allowed, everything that must be given is there. */
static bool
check(const struct proto_call *call, char *error, size_t n)
{
	const struct proto_row *row = &proto_table[call->command];

	if (call->detail && (row->args & PROTO_A_DETAIL) == 0)
		snprintf(error, n, "\"%s\" takes no \"detail\"", row->words);
	else if (call->peer != NULL && (row->args & (PROTO_A_PEER | PROTO_A_PEER_MUST)) == 0)
		snprintf(error, n, "\"%s\" takes no peer", row->words);
	else if (call->level != NULL && (row->args & (PROTO_A_LEVEL | PROTO_A_LEVEL_MUST)) == 0)
		snprintf(error, n, "\"%s\" takes no level", row->words);
	else if (call->peer == NULL && (row->args & PROTO_A_PEER_MUST) != 0)
		snprintf(error, n,
		    "\"%s\" wants a peer: an address, the name of a tunnel group, or \"all\"",
		    row->words);
	else if (call->file != NULL && (row->args & PROTO_A_FILE_MUST) == 0)
		snprintf(error, n, "\"%s\" takes no file", row->words);
	else if ((call->file == NULL || call->file[0] != '/') &&
	    (row->args & PROTO_A_FILE_MUST) != 0)
		snprintf(error, n, "\"%s\" wants the absolute path of a file", row->words);
	else if (call->level == NULL && (row->args & PROTO_A_LEVEL_MUST) != 0)
		snprintf(error, n, "\"%s\" wants a level: err, warning, notice, info or debug",
		    row->words);
	else if (call->level != NULL && !is_level(call->level))
		snprintf(error, n,
		    "\"%.20s\" is no level; they are err, warning, notice, info and "
		    "debug",
		    call->level);
	else
		return check_more(call, error, n);
	return false;
}

/* A word of a fault, put behind those before. */
static bool
add_fault(struct proto_call *call, const char *word)
{
	size_t n = strlen(call->fault);
	int k = snprintf(call->fault + n, sizeof(call->fault) - n, "%s%s", n > 0 ? " " : "", word);

	return k > 0 && (size_t)k < sizeof(call->fault) - n;
}

/* The members of "wait" and "peer-config". */
static bool
parse_more(const char *key, const json_t *v, struct proto_call *call)
{
	if (strcmp(key, "state") == 0 && json_is_string(v)) {
		call->awaited = state_of(json_string_value(v));
		return call->awaited != PROTO_S_NONE;
	}
	if (strcmp(key, "timeout_s") == 0 && json_is_integer(v)) {
		call->timeout_s = (long)json_integer_value(v);
		return json_integer_value(v) >= 0 && json_integer_value(v) <= TIMEOUT_MAX;
	}
	if (strcmp(key, "fault") == 0 && json_is_string(v))
		return add_fault(call, json_string_value(v));
	if (strcmp(key, "count") == 0 && json_is_integer(v)) {
		call->count = (long)json_integer_value(v);
		return json_integer_value(v) >= 1 && json_integer_value(v) <= COUNT_MAX;
	}
	if (strcmp(key, "product") == 0 && json_is_string(v)) {
		call->product = json_string_value(v);
		return true;
	}
	if (strcmp(key, "group") == 0 && json_is_string(v)) {
		call->group = json_string_value(v);
		return true;
	}
	return false;
}

static bool
parse_member(const char *key, const json_t *v, struct proto_call *call, char *error, size_t n)
{
	if (strcmp(key, "command") == 0)
		return true;
	if (strcmp(key, "detail") == 0 && json_is_boolean(v)) {
		call->detail = json_is_true(v);
		return true;
	}
	if (strcmp(key, "peer") == 0 && json_is_string(v)) {
		call->peer = json_string_value(v);
		return true;
	}
	if (strcmp(key, "file") == 0 && json_is_string(v)) {
		call->file = json_string_value(v);
		return true;
	}
	if (strcmp(key, "level") == 0 && json_is_string(v)) {
		call->level = json_string_value(v);
		return true;
	}
	if (parse_more(key, v, call))
		return true;
	snprintf(error, n, "\"%.40s\" is not known, or not of the right type", key);
	return false;
}

bool
proto_parse(const json_t *request, struct proto_call *call, char *error, size_t n)
{
	const char *words = json_string_value(json_object_get(request, "command")), *key;
	json_t *v;

	*call = (struct proto_call){.command = PROTO_C_COUNT, .timeout_s = -1};
	if (words == NULL) {
		snprintf(error, n, "a request is an object with a \"command\" in words");
		return false;
	}
	call->command = proto_find(words);
	if (call->command == PROTO_C_COUNT) {
		(void)proto_unknown(words, error, n);
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)request, key, v)
	{
		if (!parse_member(key, v, call, error, n))
			return false;
	}
	return check(call, error, n);
}

/* ---- command lines ---- */

/* Words first..last-1 of argv with single spaces; ASA's "crypto" after "show" is left out. */
static void
join(char *const argv[], int last, char *buf, size_t n)
{
	size_t k = 0;

	buf[0] = '\0';
	for (int i = 0; i < last && k + 1 < n; i++) {
		if (i == 1 && strcmp(argv[0], "show") == 0 && strcmp(argv[1], "crypto") == 0)
			continue;
		k += (size_t)snprintf(buf + k, n - k, "%s%s", k > 0 ? " " : "", argv[i]);
	}
}

/* The command with the most words that argv begins with; used: how many of argv. */
static enum proto_command
longest(int argc, char *const argv[], int *used)
{
	char text[TEXT_MAX];

	for (int n = argc < WORDS_MAX ? argc : WORDS_MAX; n > 0; n--) {
		enum proto_command c;

		join(argv, n, text, sizeof(text));
		c = proto_find(text);
		if (c != PROTO_C_COUNT) {
			*used = n;
			return c;
		}
	}
	return PROTO_C_COUNT;
}

/* One word after the command's own; false: it has no place. */
static bool
take_word(struct proto_call *call, char *word)
{
	const unsigned args = proto_table[call->command].args;

	if ((args & PROTO_A_DETAIL) != 0 && !call->detail && strcmp(word, "detail") == 0)
		call->detail = true;
	else if ((args & PROTO_A_FILE_MUST) != 0 && call->file == NULL)
		call->file = word;
	else if ((args & (PROTO_A_PEER | PROTO_A_PEER_MUST)) != 0 && call->peer == NULL)
		call->peer = word;
	else if ((args & (PROTO_A_LEVEL | PROTO_A_LEVEL_MUST)) != 0 && call->level == NULL)
		call->level = word;
	else if ((args & PROTO_A_STATE_MUST) != 0 && call->awaited == PROTO_S_NONE)
		return (call->awaited = state_of(word)) != PROTO_S_NONE;
	else if ((args & PROTO_A_PRODUCT_MUST) != 0 && call->product == NULL)
		call->product = word;
	else if ((args & PROTO_A_GROUP) != 0 && call->group == NULL)
		call->group = word;
	else if ((args & (PROTO_A_FAULT | PROTO_A_FAULT_MUST)) != 0)
		return add_fault(call, word);
	else
		return false;
	return true;
}

static bool
take_timeout(struct proto_call *call, const char *text)
{
	char *end;
	long s;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	s = strtol(text, &end, 10);
	if (*end != '\0' || s > TIMEOUT_MAX)
		return false;
	call->timeout_s = s;
	return true;
}

static bool
take_count(struct proto_call *call, const char *text)
{
	char *end;

	if (text == NULL || text[0] < '1' || text[0] > '9')
		return false;
	call->count = strtol(text, &end, 10);
	return *end == '\0' && call->count <= COUNT_MAX;
}

/*
 * An option of the command at argv[i]; how many words of argv it took, 0: it has no place here.
 * Options that stand for another spelling of the product come after it.
 */
static int
take_option(struct proto_call *call, int argc, char *const argv[], int i)
{
	static const char timeout[] = "--timeout=", count[] = "--count=";
	const unsigned args = proto_table[call->command].args;
	const char *o = argv[i], *product = call->product != NULL ? call->product : "";

	if ((args & PROTO_A_TIMEOUT) != 0 && strncmp(o, timeout, sizeof(timeout) - 1) == 0)
		return take_timeout(call, o + sizeof(timeout) - 1) ? 1 : 0;
	if ((args & PROTO_A_TIMEOUT) != 0 && strcmp(o, "--timeout") == 0)
		return take_timeout(call, i + 1 < argc ? argv[i + 1] : NULL) ? 2 : 0;
	if ((args & PROTO_A_COUNT) != 0 && strncmp(o, count, sizeof(count) - 1) == 0)
		return take_count(call, o + sizeof(count) - 1) ? 1 : 0;
	if ((args & PROTO_A_COUNT) != 0 && strcmp(o, "--count") == 0)
		return take_count(call, i + 1 < argc ? argv[i + 1] : NULL) ? 2 : 0;
	if (strcmp(o, "--legacy") == 0 && strcmp(product, "asa") == 0)
		return call->product = "asa-legacy", 1;
	if (strcmp(o, "--ipsec-conf") == 0 && strcmp(product, "strongswan") == 0)
		return call->product = "strongswan-ipsec", 1;
	return 0;
}

static bool
needs_state(const struct proto_call *call)
{
	return (proto_table[call->command].args & PROTO_A_STATE_MUST) != 0 && call->peer != NULL &&
	    call->awaited == PROTO_S_NONE;
}

static json_t *
request_of(const struct proto_call *call)
{
	json_t *request = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*}", "command",
	    proto_table[call->command].words, "peer", call->peer, "level", call->level, "state",
	    proto_states[call->awaited], "product", call->product, "group", call->group);

	if (request != NULL && call->file != NULL &&
	    json_object_set_new(request, "file", json_string(call->file)) != 0) {
		json_decref(request);
		return NULL; /* not UTF-8 */
	}
	if (request != NULL && call->detail)
		(void)json_object_set_new(request, "detail", json_true());
	if (request != NULL && call->timeout_s >= 0)
		(void)json_object_set_new(request, "timeout_s", json_integer(call->timeout_s));
	if (request != NULL && call->fault[0] != '\0')
		(void)json_object_set_new(request, "fault", json_string(call->fault));
	if (request != NULL && call->count != 0)
		(void)json_object_set_new(request, "count", json_integer(call->count));
	return request;
}

json_t *
proto_request(int argc, char *const argv[], char *error, size_t n)
{
	struct proto_call call = {.command = PROTO_C_COUNT, .timeout_s = -1};
	char text[TEXT_MAX];
	json_t *request;
	int used = 0, taken;

	call.command = longest(argc, argv, &used);
	if (call.command == PROTO_C_COUNT) {
		join(argv, argc, text, sizeof(text));
		(void)proto_unknown(text, error, n);
		return NULL;
	}
	for (int i = used; i < argc; i += taken) {
		taken = strncmp(argv[i], "--", 2) == 0 ? take_option(&call, argc, argv, i) :
		    take_word(&call, argv[i])	       ? 1 :
							 0;
		if (taken == 0 && argv[i][0] != '-' && needs_state(&call)) {
			snprintf(error, n, "\"%.40s\" is none of phase1-up, phase2-up and failed",
			    argv[i]);
			return NULL;
		}
		if (taken == 0) {
			snprintf(error, n, "\"%.40s\" is %s; usage: %s%s%s", argv[i],
			    argv[i][0] == '-' ? "wrong here" : "too much",
			    proto_table[call.command].words,
			    proto_table[call.command].shown[0] != '\0' ? " " : "",
			    proto_table[call.command].shown);
			return NULL;
		}
	}
	if (!check(&call, error, n))
		return NULL;
	request = request_of(&call);
	if (request == NULL)
		snprintf(error, n, "an argument is not UTF-8, or memory is out");
	return request;
}

/* ---- lines ---- */

void
proto_lines_init(struct proto_lines *l, size_t max)
{
	*l = (struct proto_lines){.max = max};
}

void
proto_lines_fini(struct proto_lines *l)
{
	free(l->buf);
	*l = (struct proto_lines){.max = l->max};
}

/* The part not yet taken moves to the front. */
static void
close_up(struct proto_lines *l)
{
	memmove(l->buf, l->buf + l->taken, l->n - l->taken);
	l->n -= l->taken;
	l->searched -= l->taken;
	l->open -= l->taken;
	l->taken = 0;
}

static bool
grow(struct proto_lines *l, size_t wanted)
{
	size_t cap = wanted * 2;
	char *p;

	if (wanted <= l->cap)
		return true;
	if ((p = realloc(l->buf, cap)) == NULL)
		return false;
	l->buf = p;
	l->cap = cap;
	return true;
}

bool
proto_lines_put(struct proto_lines *l, const void *octets, size_t n)
{
	const char *end, *from;

	if (n == 0)
		return true;
	if (l->taken > 0)
		close_up(l);
	if (!grow(l, l->n + n))
		return false;
	memcpy(l->buf + l->n, octets, n);
	from = l->buf + l->n;
	l->n += n;
	while ((end = memchr(from, '\n', l->n - (size_t)(from - l->buf))) != NULL) {
		if (l->max > 0 && (size_t)(end - l->buf) - l->open > l->max)
			return false;
		from = end + 1;
		l->open = (size_t)(from - l->buf);
	}
	return l->max == 0 || l->n - l->open <= l->max;
}

char *
proto_lines_next(struct proto_lines *l)
{
	char *line, *end;

	if (l->n == l->searched)
		return NULL;
	line = l->buf + l->taken;
	end = memchr(l->buf + l->searched, '\n', l->n - l->searched);
	if (end == NULL) {
		l->searched = l->n;
		return NULL;
	}
	*end = '\0';
	l->taken = l->searched = (size_t)(end + 1 - l->buf);
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	return line;
}
