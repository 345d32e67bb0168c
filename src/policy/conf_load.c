/*
 * policy/conf_load.c - the tree that libconfig makes of a text, walked along the rows of the
 * schema; the only file that knows libconfig.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "policy_local.h"

#define TOP "the policy file"

/* ---- reporting ---- */

static void PRINTF_LIKE(4, 0)
    report(struct conf *c, int line, const char *kind, const char *fmt, va_list ap)
{
	char text[2048], where[24] = "", out[4096 + sizeof(text)];
	size_t n;

	if (c->lines++ >= CONF_MISTAKES_MAX)
		return;
	if (line != 0)
		(void)snprintf(where, sizeof(where), "%d:", line);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	n = (size_t)snprintf(out, sizeof(out), "%.4000s:%s %s%s", c->file, where, kind, text);
	/* What the file holds may hold anything: one line stays one line. */
	for (size_t i = 0; i < n && i < sizeof(out) - 1; i++)
		if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
			out[i] = '?';
	c->report(c->ctx, out);
}

void
conf_mistake(struct conf *c, int line, const char *fmt, ...)
{
	va_list ap;

	c->mistakes++;
	va_start(ap, fmt);
	report(c, line, "", fmt, ap);
	va_end(ap);
}

void
conf_warning(struct conf *c, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(c, line, "warning: ", fmt, ap);
	va_end(ap);
}

void
conf_nomem(struct conf *c)
{
	conf_mistake(c, 0, "out of memory");
}

void
conf_report_end(struct conf *c)
{
	unsigned more = c->lines > CONF_MISTAKES_MAX ? c->lines - CONF_MISTAKES_MAX : 0;

	if (more == 0)
		return;
	c->lines = 0;
	conf_warning(c, 0, "%u more lines like these are not shown", more);
}

/* ---- where keys stand ---- */

void
conf_mark(struct conf *c, const void *field, int line)
{
	size_t n = c->mark_count;
	struct conf_mark *more = c->marks;

	if ((n & (n - 1)) == 0) /* full at powers of two */
		more = realloc(c->marks, (n == 0 ? 1 : 2 * n) * sizeof(*more));
	if (more == NULL) {
		conf_nomem(c);
		return;
	}
	c->marks = more;
	c->marks[c->mark_count++] = (struct conf_mark){ field, line };
	c->sorted = false;
}

static int
mark_order(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct conf_mark *)a)->field;
	uintptr_t y = (uintptr_t)((const struct conf_mark *)b)->field;

	return x < y ? -1 : x > y;
}

int
conf_line(struct conf *c, const void *field)
{
	const struct conf_mark key = { field, 0 }, *m = NULL;

	if (!c->sorted && c->mark_count > 0)
		qsort(c->marks, c->mark_count, sizeof(*c->marks), mark_order);
	c->sorted = true;
	if (c->mark_count > 0)
		m = bsearch(&key, c->marks, c->mark_count, sizeof(*c->marks), mark_order);
	return m != NULL ? m->line : 0;
}

/* ---- the walk ---- */

static void load_members(struct conf *, const config_setting_t *, const struct conf_item *,
    void *owner, const char *what);

static enum conf_kind
kind_of(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return CONF_K_NUMBER;
	case CONFIG_TYPE_FLOAT:
		return CONF_K_FRACTION;
	case CONFIG_TYPE_BOOL:
		return CONF_K_BOOL;
	case CONFIG_TYPE_STRING:
		return CONF_K_TEXT;
	case CONFIG_TYPE_GROUP:
		return CONF_K_GROUP;
	default:
		return CONF_K_LIST;
	}
}

static struct conf_value
value_of(const config_setting_t *s, int line)
{
	struct conf_value v = { .kind = kind_of(s), .line = line };

	if (v.kind == CONF_K_NUMBER)
		v.number = config_setting_get_int64(s);
	else if (v.kind == CONF_K_BOOL)
		v.number = config_setting_get_bool(s);
	else if (v.kind == CONF_K_TEXT)
		v.text = config_setting_get_string(s);
	return v;
}

static int
line_of(const config_setting_t *s)
{
	return config_setting_is_root(s) ? 1 : (int)config_setting_source_line(s);
}

static unsigned
length_of(const config_setting_t *s)
{
	return (unsigned)config_setting_length(s);
}

/* A key that may hold several values in a list. */
static void
load_values(struct conf *c, const config_setting_t *s, const struct conf_item *item, void *owner)
{
	const config_setting_t *e;
	struct conf_value v;

	if (length_of(s) == 0 && item->type != CONF_FAULTS) {
		conf_wrong(c, line_of(s), item, "an empty list");
		return;
	}
	for (unsigned i = 0; i < length_of(s); i++) {
		e = config_setting_get_elem(s, i);
		v = value_of(e, line_of(e));
		v.listed = true;
		(void)conf_put(c, item, owner, &v);
	}
}

/* ( { }, { } ): the elements are allocated at once, so that marks may point into them. */
static void
load_list(struct conf *c, const config_setting_t *s, const struct conf_item *item, void *owner)
{
	const config_setting_t *e;
	size_t n = length_of(s);
	char *elements;
	int line;

	if (n < (size_t)item->min || n > (size_t)item->max) {
		conf_mistake(c, line_of(s), "%s has %zu elements, expected %ld to %ld", item->key,
		    n, item->min, item->max);
		return;
	}
	elements = calloc(n, item->each);
	if (elements == NULL) {
		conf_nomem(c);
		return;
	}
	memcpy((char *)owner + item->off, &elements, sizeof(elements));
	memcpy((char *)owner + item->count_off, &n, sizeof(n));
	for (unsigned i = 0; i < n; i++, elements += item->each) {
		e = config_setting_get_elem(s, i);
		line = line_of(e);
		memcpy(elements + item->line_off, &line, sizeof(line));
		if (kind_of(e) == CONF_K_GROUP)
			load_members(c, e, item->sub, elements, item->key);
		else
			conf_mistake(c, line,
			    "element %u of %s is %s, expected a group { KEY = VALUE; }", i + 1,
			    item->key, conf_kind_name(kind_of(e)));
	}
}

static void
load_section(struct conf *c, const config_setting_t *s, const struct conf_item *item, void *owner)
{
	const char *before = c->section;
	char section[32];

	(void)snprintf(section, sizeof(section), "%s.", item->key);
	c->section = section;
	load_members(c, s, item->sub, (char *)owner + item->off, item->key);
	c->section = before;
}

static void
load_item(struct conf *c, const config_setting_t *s, const struct conf_item *item, void *owner)
{
	enum conf_kind kind = kind_of(s), want = CONF_K_LIST;
	struct conf_value v;

	if (item->type == CONF_SECTION || item->type == CONF_LIST) {
		want = item->type == CONF_SECTION ? CONF_K_GROUP : CONF_K_LIST;
		if (kind != want)
			conf_wrong(c, line_of(s), item, conf_kind_name(kind));
		else if (item->type == CONF_SECTION)
			load_section(c, s, item, owner);
		else
			load_list(c, s, item, owner);
		return;
	}
	conf_mark(c, (char *)owner + item->off, line_of(s));
	if (kind == CONF_K_LIST && conf_takes_list(item)) {
		load_values(c, s, item, owner);
		return;
	}
	v = value_of(s, line_of(s));
	(void)conf_put(c, item, owner, &v);
}

/* The whole section is absent: defaults, and nothing in it is needed. */
static void
default_section(struct conf *c, const struct conf_item *items, void *owner)
{
	for (const struct conf_item *item = items; item->key != NULL; item++)
		conf_put_default(c, item, owner);
}

static void
load_absent(struct conf *c, const struct conf_item *item, void *owner, int line, const char *what)
{
	if (item->type == CONF_SECTION)
		default_section(c, item->sub, (char *)owner + item->off);
	else if (item->need)
		conf_mistake(c, line, "no %s in %s, expected one: %s", item->key, what, item->help);
	else
		conf_put_default(c, item, owner);
}

/* The group or list whose member a key is, somewhere below; NULL: no key of ours. */
static const char *
home_of(const struct conf_item *items, const char *parent, const char *key)
{
	const char *home = NULL;

	for (; items->key != NULL && home == NULL; items++) {
		if (strcmp(items->key, key) == 0)
			return parent;
		if (items->sub != NULL)
			home = home_of(items->sub, items->key, key);
	}
	return home;
}

static void
unknown_key(struct conf *c, const config_setting_t *s, const struct conf_item *items,
    const char *what)
{
	const char *key = config_setting_name(s), *near, *home = home_of(conf_top, TOP, key);
	struct name words[40] = { { 0, NULL } };
	char all[512] = "";
	size_t at = 0;

	for (size_t n = 0; items[n].key != NULL && n < ARRAY_LEN(words) - 1; n++) {
		words[n] = (struct name){ 0, items[n].key };
		if (at < sizeof(all))
			at += (size_t)snprintf(all + at, sizeof(all) - at, " %s", items[n].key);
	}
	near = names_nearest(words, key);
	if (near != NULL)
		conf_mistake(c, line_of(s), "unknown key %.64s in %s, expected %s perhaps", key,
		    what, near);
	else if (home != NULL)
		conf_mistake(c, line_of(s), "unknown key %.64s in %s, expected it in %s", key, what,
		    home);
	else
		conf_mistake(c, line_of(s), "unknown key %.64s in %s, expected one of:%s", key,
		    what, all);
}

static void
load_members(struct conf *c, const config_setting_t *group, const struct conf_item *items,
    void *owner, const char *what)
{
	const struct conf_item *item;
	const config_setting_t *s;

	for (unsigned i = 0; i < length_of(group); i++) {
		s = config_setting_get_elem(group, i);
		for (item = items; item->key != NULL; item++)
			if (strcmp(item->key, config_setting_name(s)) == 0)
				break;
		if (item->key != NULL)
			load_item(c, s, item, owner);
		else
			unknown_key(c, s, items, what);
	}
	for (item = items; item->key != NULL; item++)
		if (config_setting_get_member(group, item->key) == NULL)
			load_absent(c, item, owner, line_of(group), what);
}

/* ---- the text ---- */

static void
parse_mistake(struct conf *c, const config_t *tree)
{
	const char *text = config_error_text(tree), *want = "";

	if (text == NULL)
		text = "cannot be parsed";
	if (strstr(text, "duplicate") != NULL)
		want = ": this key stands here already, expected it once";
	else if (strstr(text, "mismatched") != NULL)
		want = ", expected elements of one type in [ ]";
	else if (strstr(text, "syntax") != NULL)
		want = " here or on the line before, expected KEY = VALUE;";
	conf_mistake(c, config_error_line(tree), "%s%s", text, want);
}

/* A mistyped key of a key may have let one through conf_scan(): wipe the strings that libconfig
 * lends; its own buffers it frees as they are. */
static void
wipe_strings(config_setting_t *s)
{
	if (config_setting_type(s) == CONFIG_TYPE_STRING && s->value.sval != NULL)
		secret_wipe_mem(s->value.sval, strlen(s->value.sval));
	for (unsigned i = 0; config_setting_is_aggregate(s) && i < length_of(s); i++)
		wipe_strings(config_setting_get_elem(s, i));
}

/* Load all of the text, and check it if libconfig could parse it. */
static void
load_tree(struct conf *c, const char *clean)
{
	config_t tree;

	config_init(&tree);
	/* conf_scan() lets no @include through; should one get by, its file is none. */
	config_set_include_dir(&tree, "/dev/null");
	if (config_read_string(&tree, clean) == CONFIG_TRUE) {
		load_members(c, config_root_setting(&tree), conf_top, c->policy, TOP);
		conf_check(c);
	} else {
		parse_mistake(c, &tree);
	}
	wipe_strings(config_root_setting(&tree));
	config_destroy(&tree);
}

static void
check_mode(struct conf *c, const char *file, unsigned mode)
{
	char mend[4200];

	if (c->key_line != 0 && (mode & 0004) != 0)
		conf_mistake(c, c->key_line,
		    "the file holds a key and is readable by others (mode %04o), expected: %s",
		    mode, conf_chmod(file, mend, sizeof(mend)));
}

static void
conf_fini(struct conf *c)
{
	for (size_t i = 0; i < c->key_count; i++)
		secret_free(c->keys[i].octets, c->keys[i].n);
	for (size_t i = 0; i < c->ref_count; i++)
		free(c->refs[i].name);
	free(c->keys);
	free(c->refs);
	free(c->marks);
}

struct policy *
conf_load(const char *text, size_t n, const char *file, unsigned mode, policy_report_fn *fn,
    void *ctx)
{
	struct conf c = {.file = file,
	    .report = fn,
	    .ctx = ctx,
	    .section = "",
	    .policy = policy_new(file)};
	char *clean;

	if (c.policy == NULL) {
		conf_nomem(&c);
		return NULL;
	}
	clean = conf_scan(&c, text, n);
	if (clean != NULL)
		load_tree(&c, clean);
	if (clean != NULL)
		secret_free(clean, strlen(clean));
	check_mode(&c, file, mode);
	conf_report_end(&c);
	conf_fini(&c);
	if (c.mistakes == 0)
		return c.policy;
	policy_unref(c.policy);
	return NULL;
}
