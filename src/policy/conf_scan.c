/*
 * policy/conf_scan.c - the text before libconfig sees it.
 *
 * libconfig copies what it reads into buffers that it frees without wiping (the scanner's buffer,
 * the strings it builds), so keys never get there: the scan takes the string of each
 * pre_shared_key out and leaves a marker.  It also mends what libconfig 1.5 lets pass: integers
 * that overflow, unknown escapes, comments and strings without an end, @include of any file, and
 * the line of a string that ends a list.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "policy_local.h"

#define KEY_NAME "pre_shared_key"
#define MARKER	 "\001key "

enum expect { NOT_A_KEY, KEY_EQUALS, KEY_STRING, KEY_MORE };

struct scan {
	struct conf *c;
	const char  *p, *end; /* the raw text, what is left of it */
	char	    *out;     /* the clean text */
	size_t	     n;
	int	     line;
	enum expect  expect; /* are we at the value of a pre_shared_key? */
	char	     before; /* the token before: itself, or 'a' for a word or number */
	unsigned     depth;
	unsigned     members[CONF_DEPTH_MAX + 1]; /* assignments so far, per bracket */
	char	     open[CONF_DEPTH_MAX + 1];	  /* the brackets */
	bool	     stop;
};

static bool
name_char(int ch, bool first)
{
	if (isalpha(ch) || ch == '*')
		return true;
	return !first && (isdigit(ch) || ch == '-' || ch == '_');
}

static void
emit(struct scan *s, char ch)
{
	s->out[s->n++] = ch;
}

/*
 * A comma or bracket goes right behind the string before it: libconfig gives a string the line of
 * the token that follows.
 */
static void
emit_behind_string(struct scan *s, char ch)
{
	size_t at = s->n;

	while (at > 0 && isspace((unsigned char)s->out[at - 1]))
		at--;
	if (at == 0 || s->out[at - 1] != '"')
		at = s->n;
	memmove(s->out + at + 1, s->out + at, s->n - at);
	s->out[at] = ch;
	s->n++;
}

static void
fatal(struct scan *s, int line, const char *text)
{
	conf_mistake(s->c, line, "%s", text);
	s->stop = true;
}

static void
comment(struct scan *s)
{
	int from = s->line;
	bool block = s->p[0] == '/' && s->p[1] == '*';

	emit(s, ' ');
	for (s->p += block ? 2 : 1; s->p < s->end; s->p++) {
		if (block && s->p[0] == '*' && s->p[1] == '/') {
			s->p += 2;
			return;
		}
		if (*s->p == '\n') {
			if (!block)
				return;
			emit(s, '\n');
			s->line++;
		}
	}
	if (block)
		fatal(s, from, "comment without an end, expected */");
}

/* The octet of the escape at p (behind the backslash), -1: none; *used: characters it takes. */
static int
escape(const char *p, size_t *used)
{
	static const char from[] = "nrtf\\\"", to[] = "\n\r\t\f\\\"";
	const char *at = *p != '\0' ? strchr(from, *p) : NULL;
	char hex[3] = { 0 };

	*used = 1;
	if (at != NULL)
		return (unsigned char)to[at - from];
	if ((*p != 'x' && *p != 'X') || !isxdigit((unsigned char)p[1]) ||
	    !isxdigit((unsigned char)p[2]))
		return -1;
	*used = 3;
	memcpy(hex, p + 1, 2);
	return (int)strtol(hex, NULL, 16);
}

/* An escape within a string: one octet, -1 after a mistake. */
static int
unescape(struct scan *s, const char **p)
{
	size_t used;
	int octet = escape(*p + 1, &used);

	if (octet < 0)
		conf_mistake(s->c, s->line,
		    "unknown escape in a string, expected \\\\ for a backslash, or \\\" \\n \\r \\t \\f \\xHH");
	else if (octet == 0 && s->expect == NOT_A_KEY)
		conf_mistake(s->c, s->line,
		    "\\x00 in a string, expected no octet zero outside of a key");
	*p += 1 + (octet < 0 ? 0 : used);
	return octet;
}

/*
 * Room for n octets more of the key that the text is at: a new one with its marker, or one that
 * goes on in a further string.
 */
static struct conf_key *
key_room(struct scan *s, size_t n)
{
	struct conf *c = s->c;
	struct conf_key *k = realloc(c->keys, (c->key_count + 1) * sizeof(*k));
	uint8_t *octets;

	if (k == NULL)
		return NULL;
	c->keys = k;
	if (s->expect == KEY_STRING) {
		k[c->key_count++] = (struct conf_key){ NULL, 0 };
		s->n += (size_t)snprintf(s->out + s->n, 32, "\"" MARKER "%zu\"", c->key_count - 1);
	}
	k += c->key_count - 1;
	octets = malloc(k->n + n + 1);
	if (octets == NULL)
		return NULL;
	if (k->n > 0)
		memcpy(octets, k->octets, k->n);
	secret_free(k->octets, k->n);
	k->octets = octets;
	return k;
}

/* From s->p to close, where a key's string ends: its octets go to the key. */
static void
key_string(struct scan *s, const char *close)
{
	struct conf_key *k = key_room(s, (size_t)(close - s->p));
	int octet;

	if (k == NULL) {
		fatal(s, 0, "out of memory");
		return;
	}
	while (s->p < close) {
		octet = *s->p == '\\' ? unescape(s, &s->p) : (unsigned char)*s->p++;
		if (octet >= 0)
			k->octets[k->n++] = (uint8_t)octet;
	}
	s->expect = KEY_MORE;
}

static void
plain_string(struct scan *s, const char *close)
{
	const char *p = s->p;

	s->expect = NOT_A_KEY;
	while (p < close) {
		if (*p == '\\')
			(void)unescape(s, &p);
		else
			p++;
	}
	emit(s, '"');
	while (s->p < close)
		emit(s, *s->p++);
	emit(s, '"');
}

/* May a string stand here?  One that must not is what libconfig 1.5 leaks. */
static bool
string_fits(const struct scan *s)
{
	if (s->before == '"' || s->before == '=')
		return true;
	if (s->depth == 0 || s->open[s->depth] == '{')
		return false;
	return s->before == '(' || s->before == '[' || s->before == ',';
}

/* libconfig lets strings go on over lines; what looks so is a quote that was forgotten. */
static void
string(struct scan *s)
{
	const char *close = ++s->p;

	while (close < s->end && *close != '"' && *close != '\n')
		close += *close == '\\' && close + 1 < s->end && close[1] != '\n' ? 2 : 1;
	if (close >= s->end || *close == '\n') {
		fatal(s, s->line, "string without an end on its line, expected \"");
		return;
	}
	if (!string_fits(s)) {
		fatal(s, s->line, "string where none can be, expected = or , before it");
		return;
	}
	s->before = '"';
	if (s->expect >= KEY_STRING)
		key_string(s, close);
	else
		plain_string(s, close);
	s->p = close + 1;
}

static void
name(struct scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && name_char((unsigned char)*s->p, s->p == from))
		emit(s, *s->p++);
	s->before = 'a';
	s->expect = NOT_A_KEY;
	if ((size_t)(s->p - from) == strlen(KEY_NAME) &&
	    memcmp(from, KEY_NAME, strlen(KEY_NAME)) == 0)
		s->expect = KEY_EQUALS;
}

static void
number(struct scan *s)
{
	int base = s->p[0] == '0' && (s->p[1] == 'x' || s->p[1] == 'X') ? 16 : 10;
	const char *from = s->p, *p = s->p + (base == 16 ? 2 : 0);
	unsigned long long v = 0;

	for (; base == 16 ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p); p++) {
		int digit = isdigit((unsigned char)*p) ? *p - '0' :
							 tolower((unsigned char)*p) - 'a' + 10;

		if (v <= INT32_MAX)
			v = v * (unsigned)base + (unsigned)digit;
	}
	if (v > INT32_MAX)
		conf_mistake(s->c, s->line, "number %.*s%s is too large, expected at most %d",
		    (int)(p - from > 24 ? 24 : p - from), from, p - from > 24 ? "..." : "",
		    INT32_MAX);
	while (s->p < p)
		emit(s, *s->p++);
	s->before = 'a';
	s->expect = NOT_A_KEY;
}

static void
bracket(struct scan *s)
{
	char ch = *s->p++;

	s->before = ch;
	s->expect = NOT_A_KEY;
	if (ch == '}' || ch == ')' || ch == ']') {
		emit_behind_string(s, ch);
		s->depth -= s->depth > 0;
		return;
	}
	emit(s, ch);
	if (s->depth == CONF_DEPTH_MAX) {
		fatal(s, s->line, "too many brackets within brackets, expected at most 32");
		return;
	}
	s->depth++;
	s->members[s->depth] = 0;
	s->open[s->depth] = ch;
}

static void
assignment(struct scan *s)
{
	emit(s, *s->p++);
	s->before = '=';
	s->expect = s->expect == KEY_EQUALS ? KEY_STRING : NOT_A_KEY;
	if (s->members[s->depth]++ == CONF_MEMBERS_MAX)
		fatal(s, s->line, "too many keys in one group, expected at most 256");
}

static void
token(struct scan *s)
{
	int ch = (unsigned char)*s->p;

	if (ch == '#' || (ch == '/' && (s->p[1] == '/' || s->p[1] == '*'))) {
		comment(s);
	} else if (isspace(ch)) {
		s->line += ch == '\n';
		emit(s, *s->p++);
	} else if (ch == '"') {
		string(s);
	} else if (name_char(ch, true)) {
		name(s);
	} else if (isdigit(ch)) {
		number(s);
	} else if (strchr("{}()[]", ch) != NULL && ch != '\0') {
		bracket(s);
	} else if (ch == '=' || ch == ':') {
		assignment(s);
	} else if (ch == '\0') {
		fatal(s, s->line, "octet zero in the text, expected a text file");
	} else if (ch == '@') {
		fatal(s, s->line,
		    "@include is not supported, expected everything in one file (keys may stand in "
		    "files of their own: pre_shared_key_file)");
	} else {
		s->before = (char)ch;
		s->expect = NOT_A_KEY;
		s->p++;
		if (ch == ',')
			emit_behind_string(s, ',');
		else
			emit(s, (char)ch);
	}
}

char *
conf_scan(struct conf *c, const char *text, size_t n)
{
	struct scan s = { .c = c, .p = text, .end = text + n, .line = 1 };
	unsigned before = c->mistakes;

	/* A marker is longer than a key's quotes, yet shorter than its name. */
	s.out = malloc(2 * n + 64);
	if (s.out == NULL) {
		conf_nomem(c);
		return NULL;
	}
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
		s.p += 3;
	while (s.p < s.end && !s.stop)
		token(&s);
	s.out[s.n] = '\0';
	if (c->mistakes == before)
		return s.out;
	secret_free(s.out, s.n);
	return NULL;
}

struct conf_key *
conf_scan_key(struct conf *c, const char *marker)
{
	unsigned long long i;
	char *end;

	if (strncmp(marker, MARKER, strlen(MARKER)) != 0)
		return NULL;
	i = strtoull(marker + strlen(MARKER), &end, 10);
	return *end == '\0' && i < c->key_count ? &c->keys[i] : NULL;
}
