/* policy/conf_value.c - one value of the file into its field, by the type of its row. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "policy_local.h"

#define WORDS_MAX  64
#define EXPECT_MAX 1024
#define IDENT_WORDS \
	"\"address\", an IP address, \"fqdn:NAME\", \"user@domain\" or \"keyid:TEXT\""

struct words { /* what a row allows, as a table */
	struct name table[WORDS_MAX + 1];
	size_t	    n;
	char	    digits[WORDS_MAX][8];
};

static void
word_add(struct words *w, const char *word)
{
	if (w->n < WORDS_MAX)
		w->table[w->n++] = (struct name){ (long)w->n, word };
	w->table[w->n] = (struct name){ 0, NULL };
}

static void
words_groups(struct words *w)
{
	for (const struct alg_group *g = alg_groups; g->id != 0 && w->n < WORDS_MAX; g++) {
		(void)snprintf(w->digits[w->n], sizeof(w->digits[0]), "%u", g->id);
		word_add(w, w->digits[w->n]);
	}
}

/* All words of a row; none for rows that take other things. */
static void
words_of(const struct conf_item *item, struct words *w)
{
	bool ike = item->type == CONF_IKE_CIPHERS;

	memset(w, 0, sizeof(*w));
	for (const struct name *t = item->words; t != NULL && t->word != NULL; t++)
		word_add(w, t->word);
	switch (item->type) {
	case CONF_FACILITY:
		for (const char *const *f = conf_facilities; *f != NULL; f++)
			word_add(w, *f);
		break;
	case CONF_IKE_CIPHERS:
	case CONF_ESP_CIPHERS:
		for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
			if (ike ? a->ike_id != 0 : a->esp_id != 0)
				word_add(w, a->name);
		break;
	case CONF_HASHES:
		for (const struct alg_hash *a = alg_hashes; a->name != NULL; a++)
			word_add(w, a->name);
		break;
	case CONF_INTEGS:
		for (const struct alg_integ *a = alg_integs; a->name != NULL; a++)
			word_add(w, a->name);
		break;
	case CONF_GROUPS:
	case CONF_PFS:
		words_groups(w);
		break;
	default:
		break;
	}
}

static const char *
words_print(const struct words *w, const char *before, char *buf, size_t n)
{
	size_t at = (size_t)snprintf(buf, n, "%s", before);

	for (size_t i = 0; i < w->n && at < n; i++)
		at += (size_t)snprintf(buf + at, n - at, "%s%s", i == 0 ? "" : " ",
		    w->table[i].word);
	return buf;
}

static const char *
expect_number(const struct conf_item *item, char *buf, size_t n)
{
	const struct name *w = item->words;
	size_t at = (size_t)snprintf(buf, n, "a number from %ld to %ld", item->min, item->max);

	for (; w != NULL && w->word != NULL && at < n; w++)
		at += (size_t)snprintf(buf + at, n - at, "%s\"%s\"",
		    w[1].word == NULL ? " or " : ", ", w->word);
	return buf;
}

/* What a row wants, in words. */
static const char *
expected(const struct conf_item *item, char *buf, size_t n)
{
	struct words w;

	words_of(item, &w);
	switch (item->type) {
	case CONF_BOOL:
		return "true or false";
	case CONF_NUMBER:
		return expect_number(item, buf, n);
	case CONF_WORD:
	case CONF_FACILITY:
		return words_print(&w, w.n == 1 ? "the word " : "one of: ", buf, n);
	case CONF_TEXT:
	case CONF_SECRET_FILE:
		(void)snprintf(buf, n, "a string of %ld to %ld characters", item->min, item->max);
		return buf;
	case CONF_NAME:
		return "a string of 1 to 64 letters, digits and . _ - : @ +";
	case CONF_SECRET:
		return "a string in quotes";
	case CONF_PREFIX:
		return "an address, a prefix or \"any\"";
	case CONF_IDENT:
		(void)snprintf(buf, n, "%s" IDENT_WORDS, item->min == 0 ? "\"any\", " : "");
		return buf;
	case CONF_ADDRESSES:
		return "one or more of our IP addresses, as \"0.0.0.0\" or \"::\"";
	case CONF_PFS:
		return words_print(&w, "\"none\", \"any\" or one or more of the groups: ", buf, n);
	case CONF_GROUPS:
		return words_print(&w, "one or more of the groups: ", buf, n);
	case CONF_IKE_CIPHERS:
	case CONF_ESP_CIPHERS:
	case CONF_HASHES:
	case CONF_INTEGS:
		return words_print(&w, "one or more of: ", buf, n);
	case CONF_POLICIES:
		return "one or more names of isakmp_policies";
	case CONF_SETS:
		return "one or more names of transform_sets";
	case CONF_FAULTS:
		return "a list of up to 64 faults as \"mm4.drop\"";
	case CONF_SECTION:
		return "a group { KEY = VALUE; }";
	case CONF_LIST:
		return "a list of groups ( { KEY = VALUE; }, { KEY = VALUE; } )";
	}
	return "something else";
}

void
conf_wrong(struct conf *c, int line, const struct conf_item *item, const char *is)
{
	char buf[EXPECT_MAX];

	conf_mistake(c, line, "%s%s is %s, expected %s", c->section, item->key, is,
	    expected(item, buf, sizeof(buf)));
}

const char *
conf_kind_name(enum conf_kind kind)
{
	switch (kind) {
	case CONF_K_NUMBER:
		return "a number";
	case CONF_K_FRACTION:
		return "a fractional number";
	case CONF_K_BOOL:
		return "a boolean";
	case CONF_K_TEXT:
		return "a string";
	case CONF_K_LIST:
		return "a list";
	case CONF_K_GROUP:
		return "a group";
	}
	return "something else";
}

/* A value of the right kind that is none of the words; the nearest is named. */
static bool
wrong_word(struct conf *c, const struct conf_item *item, const struct conf_value *v)
{
	char is[EXPECT_MAX];
	const char *near;
	struct words w;

	words_of(item, &w);
	near = names_nearest(w.table, v->text);
	(void)snprintf(is, sizeof(is),
	    near != NULL ? "\"%.64s\" (did you mean \"%s\"?)" : "\"%.64s\"", v->text, near);
	conf_wrong(c, v->line, item, is);
	return false;
}

/* The same without a look for the nearest. */
static bool
wrong_value(struct conf *c, const struct conf_item *item, const struct conf_value *v)
{
	char is[96];

	if (v->kind == CONF_K_NUMBER)
		(void)snprintf(is, sizeof(is), "%lld", v->number);
	else
		(void)snprintf(is, sizeof(is), "\"%.64s\"", v->text);
	conf_wrong(c, v->line, item, is);
	return false;
}

static void
store(const struct conf_item *item, void *field, long value)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	uint32_t u32 = (uint32_t)value;

	if (item->size == 1)
		memcpy(field, &u8, 1);
	else if (item->size == 2)
		memcpy(field, &u16, 2);
	else
		memcpy(field, &u32, 4);
}

static bool
put_number(struct conf *c, const struct conf_item *item, void *field, const struct conf_value *v)
{
	long value;

	if (v->kind == CONF_K_TEXT) {
		if (!names_value(item->words, v->text, &value))
			return wrong_word(c, item, v);
		store(item, field, value);
		return true;
	}
	if (v->number < item->min || v->number > item->max)
		return wrong_value(c, item, v);
	store(item, field, (long)v->number);
	return true;
}

static bool
put_word(struct conf *c, const struct conf_item *item, void *field, const struct conf_value *v)
{
	long value;

	if (item->type == CONF_FACILITY)
		value = log_facility(v->text);
	else if (!names_value(item->words, v->text, &value))
		value = -1;
	if (value < 0)
		return wrong_word(c, item, v);
	store(item, field, value);
	return true;
}

static bool
set_text(struct conf *c, char **field, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL) {
		conf_nomem(c);
		return false;
	}
	free(*field);
	*field = copy;
	return true;
}

static bool
put_text(struct conf *c, const struct conf_item *item, char **field, const struct conf_value *v)
{
	size_t n = strlen(v->text);

	if (n < (size_t)item->min || n > (size_t)item->max)
		return wrong_value(c, item, v);
	if (n == 0 && item->def == 0)
		return true;
	return set_text(c, field, v->text);
}

/* Names appear in logs, commands and lists: one plain word. */
static bool
put_name(struct conf *c, const struct conf_item *item, char **field, const struct conf_value *v)
{
	size_t n = strlen(v->text);

	for (const char *p = v->text; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("._-:@+", *p) == NULL)
			return wrong_value(c, item, v);
	if (n == 0 || n > (size_t)item->max)
		return wrong_value(c, item, v);
	return set_text(c, field, v->text);
}

static bool
set_key(struct conf *c, struct tunnel_group *g, const uint8_t *octets, size_t n)
{
	uint8_t *copy = malloc(n);

	if (copy == NULL) {
		conf_nomem(c);
		return false;
	}
	memcpy(copy, octets, n);
	secret_free(g->psk, g->psk_len);
	g->psk = copy;
	g->psk_len = n;
	return true;
}

/* The value is a marker of conf_scan(), the key never was in the tree. */
static bool
put_secret(struct conf *c, const struct conf_item *item, struct tunnel_group *g,
    const struct conf_value *v)
{
	const struct conf_key *k = conf_scan_key(c, v->text);

	if (k == NULL) {
		conf_mistake(c, v->line,
		    "%s is not understood, expected %s = \"...\"; on a line of its own", item->key,
		    item->key);
		return false;
	}
	if (c->key_line == 0)
		c->key_line = v->line;
	if (k->n == 0 || k->n > CONF_KEY_MAX) {
		conf_mistake(c, v->line, "%s has %zu octets, expected 1 to %d", item->key, k->n,
		    CONF_KEY_MAX);
		return false;
	}
	return set_key(c, g, k->octets, k->n);
}

/* Octets of a key file without the line end that editors put there. */
static size_t
without_line_end(const char *text, size_t n)
{
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0 && text[n - 1] == '\r')
		n--;
	return n;
}

static bool
put_secret_file(struct conf *c, struct tunnel_group *g, const struct conf_value *v)
{
	char *path = conf_path(c->file, v->text), *text = NULL, mend[4200];
	unsigned mode, before = c->mistakes;
	size_t n = 0, key;

	if (path == NULL)
		conf_nomem(c);
	else
		text = conf_read(c, v->line, path, CONF_KEY_MAX + 2, &n, &mode);
	if (text != NULL) {
		key = without_line_end(text, n);
		if ((mode & 0004) != 0)
			conf_mistake(c, v->line,
			    "key file %s is readable by others (mode %04o), expected: %s", path,
			    mode, conf_chmod(path, mend, sizeof(mend)));
		if (key == 0 || key > CONF_KEY_MAX)
			conf_mistake(c, v->line,
			    "key file %s holds a key of %zu octets, expected 1 to %d", path, key,
			    CONF_KEY_MAX);
		else if (c->mistakes == before)
			(void)set_key(c, g, (uint8_t *)text, key);
	}
	secret_free(text, n + 1);
	free(path);
	return c->mistakes == before;
}

/* Clear what is beyond the prefix. */
static void
clear_host_bits(struct prefix *p)
{
	for (unsigned i = p->bits; i < addr_bits(&p->addr); i++)
		p->addr.b[i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
}

/* A prefix but for its host bits: the right one into p. */
static bool
prefix_mended(const char *t, struct prefix *p)
{
	char text[PREFIX_TEXT], *slash, *end;
	unsigned long bits;

	(void)snprintf(text, sizeof(text), "%s", t);
	slash = strchr(text, '/');
	if (slash == NULL || !isdigit((unsigned char)slash[1]))
		return false;
	*slash = '\0';
	bits = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || !addr_parse(text, &p->addr) || bits > addr_bits(&p->addr))
		return false;
	p->bits = (uint8_t)bits;
	clear_host_bits(p);
	return true;
}

static bool
put_prefix(struct conf *c, const struct conf_item *item, struct prefix *field,
    const struct conf_value *v)
{
	char right[PREFIX_TEXT], is[200];
	struct prefix p;

	if (prefix_parse(v->text, field))
		return true;
	memset(field, 0, sizeof(*field));
	if (!prefix_mended(v->text, &p))
		return wrong_value(c, item, v);
	(void)snprintf(is, sizeof(is), "\"%.64s\" with host bits set (did you mean \"%s\"?)",
	    v->text, prefix_print(&p, right, sizeof(right)));
	conf_wrong(c, v->line, item, is);
	return false;
}

static bool
looks_like_fqdn(const char *t)
{
	const char *dot = strrchr(t, '.');
	bool letter = false;

	if (dot == NULL || dot == t || dot[1] == '\0')
		return false;
	for (const char *p = t; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr(".-_*", *p) == NULL)
			return false;
		/* 10.0.0.300 is a mistyped address */
		letter |= p > dot && !isdigit((unsigned char)*p);
	}
	return letter;
}

/* Kind and text of an identity; false if it is none. */
static bool
ident_parse(const char *t, struct ident *id, const char **text)
{
	*text = NULL;
	memset(id, 0, sizeof(*id));
	if (strcasecmp(t, "any") == 0) {
		id->kind = IDENT_ANY;
	} else if (strcasecmp(t, "address") == 0) {
		id->kind = IDENT_ADDRESS;
	} else if (strncmp(t, "keyid:", 6) == 0) {
		id->kind = IDENT_KEY_ID;
		*text = t + 6;
	} else if (strncmp(t, "fqdn:", 5) == 0) {
		id->kind = IDENT_FQDN;
		*text = t + 5;
	} else if (strchr(t, '@') != NULL) {
		id->kind = IDENT_USER_FQDN;
		*text = t;
	} else if (addr_parse(t, &id->addr) && id->addr.family != ADDR_NONE) {
		id->kind = id->addr.family == ADDR_V4 ? IDENT_IPV4 : IDENT_IPV6;
	} else if (looks_like_fqdn(t)) {
		id->kind = IDENT_FQDN;
		*text = t;
	} else {
		return false;
	}
	return *text == NULL || (**text != '\0' && strlen(*text) <= 255);
}

static bool
put_ident(struct conf *c, const struct conf_item *item, struct ident *field,
    const struct conf_value *v)
{
	const char *text, *star;
	struct ident id;

	if (!ident_parse(v->text, &id, &text) || (item->min != 0 && id.kind == IDENT_ANY))
		return wrong_value(c, item, v);
	star = id.kind == IDENT_FQDN ? strchr(text, '*') : NULL;
	if (star != NULL &&
	    (item->min != 0 || star != text || text[1] != '.' || strchr(text + 1, '*') != NULL)) {
		conf_mistake(c, v->line, "%s is \"%.64s\", expected %s", item->key, v->text,
		    item->min != 0 ? "a name without *" : "at most one * and that as \"*.DOMAIN\"");
		return false;
	}
	if (text != NULL && (id.text = strdup(text)) == NULL) {
		conf_nomem(c);
		return false;
	}
	free(field->text);
	*field = id;
	return true;
}

static bool
put_address(struct conf *c, const struct conf_item *item, struct policy_listen *l,
    const struct conf_value *v)
{
	struct addr a, *more;

	if (!addr_parse(v->text, &a) || a.family == ADDR_NONE)
		return wrong_value(c, item, v);
	for (size_t i = 0; i < l->count; i++) {
		if (addr_eq(&l->addresses[i], &a)) {
			conf_mistake(c, v->line, "%s%s has \"%.64s\" twice, expected it once",
			    c->section, item->key, v->text);
			return false;
		}
	}
	if (l->count == (size_t)item->max) {
		conf_mistake(c, v->line, "%s%s has too many elements, expected at most %ld",
		    c->section, item->key, item->max);
		return false;
	}
	more = realloc(l->addresses, (l->count + 1) * sizeof(*more));
	if (more == NULL) {
		conf_nomem(c);
		return false;
	}
	l->addresses = more;
	l->addresses[l->count++] = a;
	return true;
}

/*
 * Append a row to a NULL-terminated list of rows; the lists differ in what they point to, so by
 * memcpy.
 */
static bool
list_add(struct conf *c, const struct conf_item *item, void *field, const void *row,
    const struct conf_value *v)
{
	const void *have;

	for (size_t i = 0; i < POLICY_LIST_MAX; i++) {
		memcpy(&have, (char *)field + i * sizeof(have), sizeof(have));
		if (have == NULL) {
			memcpy((char *)field + i * sizeof(row), &row, sizeof(row));
			return true;
		}
		if (have == row) {
			if (v->kind == CONF_K_NUMBER)
				conf_mistake(c, v->line, "%s has %lld twice, expected it once",
				    item->key, v->number);
			else
				conf_mistake(c, v->line, "%s has \"%.64s\" twice, expected it once",
				    item->key, v->text);
			return false;
		}
	}
	conf_mistake(c, v->line, "%s has too many elements, expected at most %d", item->key,
	    POLICY_LIST_MAX);
	return false;
}

static bool
put_algorithm(struct conf *c, const struct conf_item *item, void *field, const struct conf_value *v)
{
	const struct alg_cipher *cipher;
	const void *row;

	if (item->type == CONF_HASHES) {
		row = alg_hash_named(v->text);
	} else if (item->type == CONF_INTEGS) {
		row = alg_integ_named(v->text);
	} else {
		cipher = alg_cipher_named(v->text);
		if (cipher != NULL &&
		    (item->type == CONF_IKE_CIPHERS ? cipher->ike_id == 0 : cipher->esp_id == 0))
			return wrong_value(c, item, v);
		row = cipher;
	}
	if (row == NULL)
		return wrong_word(c, item, v);
	return list_add(c, item, field, row, v);
}

static bool
put_dh_group(struct conf *c, const struct conf_item *item, void *field, const struct conf_value *v)
{
	const struct alg_group *g = v->number > 0 && v->number < 65536 ?
	    alg_group_id((unsigned)v->number) :
	    NULL;

	if (g == NULL)
		return wrong_value(c, item, v);
	return list_add(c, item, field, g, v);
}

static bool
put_pfs(struct conf *c, const struct conf_item *item, struct crypto_map_entry *e,
    const struct conf_value *v)
{
	if (v->kind == CONF_K_NUMBER) {
		e->pfs = PFS_GROUP;
		return put_dh_group(c, item, e->pfs_groups, v);
	}
	if (v->listed) {
		conf_mistake(c, v->line, "%s has \"%.64s\" in a list, expected only numbers there",
		    item->key, v->text);
		return false;
	}
	if (strcasecmp(v->text, "none") == 0)
		e->pfs = PFS_NONE;
	else if (strcasecmp(v->text, "any") == 0)
		e->pfs = PFS_ANY;
	else
		return wrong_value(c, item, v);
	return true;
}

static bool
put_ref(struct conf *c, const struct conf_item *item, void *field, const struct conf_value *v)
{
	struct conf_ref *more = realloc(c->refs, (c->ref_count + 1) * sizeof(*more));
	char *copy = strdup(v->text);

	if (more != NULL)
		c->refs = more;
	if (more == NULL || copy == NULL) {
		free(copy);
		conf_nomem(c);
		return false;
	}
	c->refs[c->ref_count++] = (struct conf_ref){ field, copy, v->line, item->type };
	return true;
}

static bool
put_fault(struct conf *c, const struct conf_item *item, struct tunnel_group *g,
    const struct conf_value *v)
{
	struct policy_fault *more;
	char *text;

	if (!v->listed || g->fault_count == (size_t)item->max)
		return wrong_value(c, item, v);
	more = realloc(g->faults, (g->fault_count + 1) * sizeof(*more));
	text = strdup(v->text);
	if (more != NULL)
		g->faults = more;
	if (more == NULL || text == NULL) {
		free(text);
		conf_nomem(c);
		return false;
	}
	g->faults[g->fault_count++] = (struct policy_fault){text, v->line};
	return true;
}

bool
conf_takes_list(const struct conf_item *item)
{
	switch (item->type) {
	case CONF_ADDRESSES:
	case CONF_IKE_CIPHERS:
	case CONF_ESP_CIPHERS:
	case CONF_HASHES:
	case CONF_INTEGS:
	case CONF_GROUPS:
	case CONF_PFS:
	case CONF_POLICIES:
	case CONF_SETS:
	case CONF_FAULTS:
		return true;
	default:
		return false;
	}
}

static bool
kind_fits(const struct conf_item *item, enum conf_kind kind)
{
	switch (item->type) {
	case CONF_BOOL:
		return kind == CONF_K_BOOL;
	case CONF_NUMBER:
		return kind == CONF_K_NUMBER || (kind == CONF_K_TEXT && item->words != NULL);
	case CONF_GROUPS:
		return kind == CONF_K_NUMBER;
	case CONF_PFS:
		return kind == CONF_K_NUMBER || kind == CONF_K_TEXT;
	default:
		return kind == CONF_K_TEXT;
	}
}

bool
conf_put(struct conf *c, const struct conf_item *item, void *owner, const struct conf_value *v)
{
	void *field = (char *)owner + item->off;

	if (!kind_fits(item, v->kind)) {
		conf_wrong(c, v->line, item, conf_kind_name(v->kind));
		return false;
	}
	switch (item->type) {
	case CONF_BOOL:
		*(bool *)field = v->number != 0;
		return true;
	case CONF_NUMBER:
		return put_number(c, item, field, v);
	case CONF_WORD:
	case CONF_FACILITY:
		return put_word(c, item, field, v);
	case CONF_TEXT:
		return put_text(c, item, field, v);
	case CONF_NAME:
		return put_name(c, item, field, v);
	case CONF_SECRET:
		return put_secret(c, item, owner, v);
	case CONF_SECRET_FILE:
		return put_secret_file(c, owner, v);
	case CONF_PREFIX:
		return put_prefix(c, item, field, v);
	case CONF_IDENT:
		return put_ident(c, item, field, v);
	case CONF_ADDRESSES:
		return put_address(c, item, owner, v);
	case CONF_IKE_CIPHERS:
	case CONF_ESP_CIPHERS:
	case CONF_HASHES:
	case CONF_INTEGS:
		return put_algorithm(c, item, field, v);
	case CONF_GROUPS:
		return put_dh_group(c, item, field, v);
	case CONF_PFS:
		return put_pfs(c, item, owner, v);
	case CONF_POLICIES:
	case CONF_SETS:
		return put_ref(c, item, field, v);
	case CONF_FAULTS:
		return put_fault(c, item, owner, v);
	case CONF_SECTION:
	case CONF_LIST:
		break;
	}
	return false;
}

static void
default_addresses(struct conf *c, const struct conf_item *item, void *owner)
{
	static const struct conf_value all[] = { { .kind = CONF_K_TEXT, .text = "0.0.0.0" },
	    {.kind = CONF_K_TEXT, .text = "::"}};

	(void)conf_put(c, item, owner, &all[0]);
	(void)conf_put(c, item, owner, &all[1]);
}

void
conf_put_default(struct conf *c, const struct conf_item *item, void *owner)
{
	struct conf_value text = { .kind = CONF_K_TEXT, .text = item->text };

	if (item->type == CONF_BOOL)
		*(bool *)((char *)owner + item->off) = item->def != 0;
	else if (item->type == CONF_NUMBER || item->type == CONF_WORD)
		store(item, (char *)owner + item->off, item->def);
	else if (item->type == CONF_ADDRESSES)
		default_addresses(c, item, owner);
	else if (item->text != NULL)
		(void)conf_put(c, item, owner, &text);
}
