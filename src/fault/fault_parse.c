/* src/fault/fault_parse.c - a fault as users write it, and which two go together. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_local.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/names.h"

static const struct {
	const char *label;
	enum fault_stage stage;
} steps[] = {{"MM2", STAGE_MM2}, {"MM4", STAGE_MM4}, {"MM6", STAGE_MM6}, {"QM1", STAGE_QM1},
    {"QM2", STAGE_QM2}, {"QM3", STAGE_QM3}, {"INFO", STAGE_INFO}};
#define STEPS "MM2|MM4|MM6|QM1|QM2|QM3|INFO"

const char *
fault_args(const struct fault_def *d, char *buf, size_t n)
{
	const char *comma = "";
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < FAULT_ARGS && d->args[i].kind != ARG_NONE && at < n; i++) {
		at += (size_t)snprintf(buf + at, n - at, "%s%s", comma,
		    d->args[i].kind == ARG_STEP ? STEPS : d->args[i].words);
		comma = ",";
	}
	return buf;
}

/* ---- the name ---- */

static const struct fault_def *
named(const char *name)
{
	for (const struct fault_def *d = fault_table; d->name != NULL; d++)
		if (strcasecmp(d->name, name) == 0)
			return d;
	return NULL;
}

static enum ike_err
no_such(const char *name, struct why *w)
{
	const struct fault_def *best = NULL;
	unsigned best_distance = ~0u, d;

	for (const struct fault_def *i = fault_table; i->name != NULL; i++) {
		d = names_distance(i->name, name);
		if (d < best_distance) {
			best = i;
			best_distance = d;
		}
	}
	if (best != NULL && best_distance <= strlen(name) / 3 + 1)
		return why(w, IKE_E_CONF, "there is no fault \"%.40s\"; did you mean \"%s\"?", name,
		    best->name);
	return why(w, IKE_E_CONF, "there is no fault \"%.40s\"; `ikev1ctl fault list' shows them",
	    name);
}

/* ---- arguments ---- */

static bool
whole_number(const char *t, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(t, &end, 10);
	return errno == 0 && end != t && *end == '\0';
}

/* The place of a word in "a|b|c", -1 if it is none of them. */
static int
place_of(const char *words, const char *word)
{
	size_t n = strlen(word);
	int place = 0;

	for (const char *p = words;; place++) {
		size_t len = strcspn(p, "|");

		if (len == n && strncasecmp(p, word, n) == 0)
			return place;
		if (p[len] == '\0')
			return -1;
		p += len + 1;
	}
}

static enum ike_err
put_argument(const struct fault_def *d, const struct fault_arg *a, struct fault_value *v,
    const char *text, struct why *w)
{
	int place;

	if (strlen(text) >= sizeof(v->text))
		return why(w, IKE_E_CONF, "%s: argument of %zu octets, %zu are the most", d->name,
		    strlen(text), sizeof(v->text) - 1);
	memcpy(v->text, text, strlen(text) + 1);
	switch (a->kind) {
	case ARG_NUMBER:
		if (!whole_number(text, &v->number) || v->number < a->min || v->number > a->max)
			return why(w, IKE_E_CONF, "%s: %s is \"%.40s\", expected %ld to %ld",
			    d->name, a->words, text, a->min, a->max);
		break;
	case ARG_CHOICE:
	case ARG_STEP:
		place = place_of(a->kind == ARG_STEP ? STEPS : a->words, text);
		if (place < 0)
			return why(w, IKE_E_CONF, "%s: \"%.40s\" is none of %s", d->name, text,
			    a->kind == ARG_STEP ? STEPS : a->words);
		v->choice = (unsigned)place;
		if (a->kind == ARG_STEP)
			memcpy(v->text, steps[place].label, strlen(steps[place].label) + 1);
		break;
	default:
		break;
	}
	return IKE_OK;
}

struct reading { /* a spec under way */
	struct fault_spec *spec;
	size_t given; /* arguments so far */
	struct why *w;
};

static enum ike_err
take_argument(struct reading *r, const char *text)
{
	const struct fault_def *d = r->spec->def;
	char shown[FAULT_TEXT];

	if (r->given >= FAULT_ARGS || d->args[r->given].kind == ARG_NONE)
		return why(r->w, IKE_E_CONF, "%s: argument \"%.40s\" is too many, expected %s",
		    d->name, text, r->given == 0 ? "none" : fault_args(d, shown, sizeof(shown)));
	r->given++;
	return put_argument(d, &d->args[r->given - 1], &r->spec->v[r->given - 1], text, r->w);
}

static enum ike_err
take_arguments(struct reading *r, char *list)
{
	char *save = NULL;
	enum ike_err e = IKE_OK;

	for (char *t = strtok_r(list, ",", &save); t != NULL && e == IKE_OK;
	     t = strtok_r(NULL, ",", &save))
		e = take_argument(r, t);
	return e;
}

static enum ike_err
defaults(struct reading *r)
{
	const struct fault_def *d = r->spec->def;

	for (size_t i = r->given; i < FAULT_ARGS && d->args[i].kind != ARG_NONE; i++) {
		if (d->args[i].def == NULL)
			return why(r->w, IKE_E_CONF, "%s: argument %s is missing", d->name,
			    d->args[i].kind == ARG_STEP ? STEPS : d->args[i].words);
		if (put_argument(d, &d->args[i], &r->spec->v[i], d->args[i].def, r->w) != IKE_OK)
			return IKE_E_CONF;
	}
	return IKE_OK;
}

/* ---- the whole ---- */

/* "@2" at the end of the first word; an @ before anything else belongs to an argument. */
static enum ike_err
take_occurrence(struct reading *r, char *word)
{
	char *at = strrchr(word, '@');
	long n;

	if (at == NULL || at[1] == '\0' || strspn(at + 1, "-0123456789") != strlen(at + 1))
		return IKE_OK;
	if (!whole_number(at + 1, &n) || n < 1 || n > 1000000)
		return why(r->w, IKE_E_CONF, "occurrence @%.20s, expected @1 to @1000000", at + 1);
	r->spec->occurrence = (unsigned)n;
	*at = '\0';
	return IKE_OK;
}

static enum ike_err
take_option(struct reading *r, char *word)
{
	char *value = strchr(word, '='), *end;
	long n;

	if (value == NULL)
		return take_argument(r, word);
	*value++ = '\0';
	if (strcmp(word, "p") == 0) {
		r->spec->probability = strtod(value, &end);
		if (end == value || *end != '\0' || !(r->spec->probability > 0) ||
		    r->spec->probability > 1)
			return why(r->w, IKE_E_CONF,
			    "p is \"%.20s\", expected more than 0, at most 1", value);
	} else if (strcmp(word, "seed") == 0) {
		errno = 0;
		r->spec->seed = strtoull(value, &end, 0);
		if (end == value || *end != '\0' || errno != 0 || !isdigit((unsigned char)*value))
			return why(r->w, IKE_E_CONF, "seed is \"%.20s\", expected a number", value);
		r->spec->seeded = true;
	} else if (strcmp(word, "count") == 0) {
		if (!whole_number(value, &n) || n < 1 || n > 1000000)
			return why(r->w, IKE_E_CONF, "count is \"%.20s\", expected 1 to 1000000",
			    value);
		r->spec->count = (unsigned)n;
	} else {
		return why(r->w, IKE_E_CONF, "\"%.40s\" is none of p, seed, count", word);
	}
	return IKE_OK;
}

static enum ike_err
take_name(struct reading *r, char *word)
{
	char *args;
	enum ike_err e = take_occurrence(r, word);

	if (e != IKE_OK)
		return e;
	args = strchr(word, '=');
	if (args != NULL)
		*args++ = '\0';
	r->spec->def = named(word);
	if (r->spec->def == NULL)
		return no_such(word, r->w);
	return args != NULL ? take_arguments(r, args) : IKE_OK;
}

enum ike_err
fault_parse(const char *text, struct fault_spec *spec, struct why *w)
{
	struct reading r = {.spec = spec, .w = w};
	char copy[FAULT_SPEC_MAX], *save = NULL, *word;
	enum ike_err e;

	*spec = (struct fault_spec){.probability = 1};
	if (strlen(text) >= sizeof(copy))
		return why(w, IKE_E_CONF, "fault of %zu octets, %d are the most", strlen(text),
		    FAULT_SPEC_MAX - 1);
	memcpy(copy, text, strlen(text) + 1);
	memcpy(spec->text, text, strlen(text) + 1);
	word = strtok_r(copy, " ", &save);
	if (word == NULL)
		return why(w, IKE_E_CONF, "an empty fault, expected a name");
	e = take_name(&r, word);
	while (e == IKE_OK && (word = strtok_r(NULL, " ", &save)) != NULL)
		e = take_option(&r, word);
	return e == IKE_OK ? defaults(&r) : e;
}

enum ike_err
fault_check(const char *text, struct why *w)
{
	struct fault_spec spec;

	return fault_parse(text, &spec, w);
}

enum ike_err
fault_check_name(const char *name, struct why *w)
{
	struct fault_spec spec;

	return named(name) != NULL ? IKE_OK : fault_parse(name, &spec, w);
}

/* ---- contradictions ---- */

static enum fault_stage
stage_of(const struct fault_spec *s)
{
	for (size_t i = 0; i < FAULT_ARGS; i++)
		if (s->def->args[i].kind == ARG_STEP)
			return steps[s->v[i].choice].stage;
	return s->def->stage;
}

/* Does it act each time there is an occasion? */
static bool
always(const struct fault_spec *s)
{
	return s->count == 0 && s->occurrence == 0 && s->probability >= 1;
}

static enum ike_err
hidden(const struct fault_spec *stopper, const struct fault_spec *other, struct why *w)
{
	enum fault_stage at = stage_of(stopper), then = stage_of(other);

	if (!stopper->def->stops || !always(stopper) || then == STAGE_ANY || then < at ||
	    (then == at && !other->def->stops))
		return IKE_OK;
	return why(w, IKE_E_CONF,
	    "\"%.60s\" contradicts \"%.60s\": no negotiation gets that far with it", other->text,
	    stopper->text);
}

static bool
same_target(const struct fault_spec *a, const struct fault_spec *b)
{
	if (a->def == b->def)
		return stage_of(a) == stage_of(b);
	return a->def->target != NULL && b->def->target != NULL &&
	    strcmp(a->def->target, b->def->target) == 0 && stage_of(a) == stage_of(b);
}

enum ike_err
fault_agree(const struct fault_spec *a, const struct fault_spec *b, struct why *w)
{
	enum ike_err e;

	/* The first and the third message are two occasions. */
	if (same_target(a, b) &&
	    !(a->occurrence != 0 && b->occurrence != 0 && a->occurrence != b->occurrence))
		return why(w, IKE_E_CONF,
		    "\"%.60s\" contradicts \"%.60s\": both decide the same thing", b->text,
		    a->text);
	e = hidden(a, b, w);
	return e == IKE_OK ? hidden(b, a, w) : e;
}
