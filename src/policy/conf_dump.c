/* policy/conf_dump.c - the policy in force as the file that would say so, keys hidden. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_local.h"

static void dump_items(FILE *, const struct conf_item *, const void *owner, int depth);

static void
indent(FILE *f, int depth)
{
	fprintf(f, "%*s", 4 * depth, "");
}

static void
dump_text(FILE *f, const char *text)
{
	fputc('"', f);
	for (const unsigned char *p = (const unsigned char *)(text != NULL ? text : ""); *p != '\0';
	     p++) {
		if (*p == '"' || *p == '\\')
			fprintf(f, "\\%c", *p);
		else if (*p < ' ' || *p == 0x7f)
			fprintf(f, "\\x%02x", *p);
		else
			fputc(*p, f);
	}
	fputc('"', f);
}

static long
number_of(const struct conf_item *item, const void *field)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;

	if (item->size == 1)
		return memcpy(&u8, field, 1), u8;
	if (item->size == 2)
		return memcpy(&u16, field, 2), u16;
	return memcpy(&u32, field, 4), u32;
}

static void
dump_number(FILE *f, const struct conf_item *item, const void *field)
{
	const char *word = item->words != NULL ? names_word(item->words, number_of(item, field)) :
						 NULL;

	if (word != NULL)
		dump_text(f, word);
	else
		fprintf(f, "%ld", number_of(item, field));
}

static void
dump_facility(FILE *f, long facility)
{
	const char *const *word = conf_facilities;

	while (word[1] != NULL && log_facility(*word) != facility)
		word++;
	dump_text(f, *word);
}

static void
dump_prefix(FILE *f, const struct prefix *p)
{
	char buf[PREFIX_TEXT];
	bool host = p->addr.family == ADDR_NONE || p->bits == addr_bits(&p->addr);

	dump_text(f,
	    host ? addr_print(&p->addr, buf, sizeof(buf)) : prefix_print(p, buf, sizeof(buf)));
}

static void
dump_ident(FILE *f, const struct ident *id)
{
	char buf[ADDR_TEXT], text[300];

	switch (id->kind) {
	case IDENT_ANY:
		dump_text(f, "any");
		break;
	case IDENT_ADDRESS:
		dump_text(f, "address");
		break;
	case IDENT_IPV4:
	case IDENT_IPV6:
		dump_text(f, addr_print(&id->addr, buf, sizeof(buf)));
		break;
	case IDENT_USER_FQDN:
		dump_text(f, id->text);
		break;
	case IDENT_FQDN:
	case IDENT_KEY_ID:
		(void)snprintf(text, sizeof(text), "%s:%s",
		    id->kind == IDENT_FQDN ? "fqdn" : "keyid", id->text);
		dump_text(f, text);
		break;
	}
}

static void
dump_addresses(FILE *f, const struct policy_listen *l)
{
	char buf[ADDR_TEXT];

	fputs("[ ", f);
	for (size_t i = 0; i < l->count; i++) {
		fputs(i > 0 ? ", " : "", f);
		dump_text(f, addr_print(&l->addresses[i], buf, sizeof(buf)));
	}
	fputs(" ]", f);
}

/* The word of a row in a list of algorithms or names. */
static const char *
row_word(enum conf_type type, const void *row)
{
	switch (type) {
	case CONF_HASHES:
		return ((const struct alg_hash *)row)->name;
	case CONF_INTEGS:
		return ((const struct alg_integ *)row)->name;
	case CONF_POLICIES:
		return ((const struct isakmp_policy *)row)->name;
	case CONF_SETS:
		return ((const struct transform_set *)row)->name;
	default:
		return ((const struct alg_cipher *)row)->name;
	}
}

/* rows: pointers to something, ended by NULL. */
static void
dump_rows(FILE *f, enum conf_type type, const void *rows)
{
	const char *sep = "[ ";
	const void *row;

	for (;; rows = (const char *)rows + sizeof(row), sep = ", ") {
		memcpy(&row, rows, sizeof(row));
		if (row == NULL)
			break;
		fputs(sep, f);
		if (type == CONF_GROUPS)
			fprintf(f, "%u", ((const struct alg_group *)row)->id);
		else
			dump_text(f, row_word(type, row));
	}
	fputs(" ]", f);
}

static void
dump_faults(FILE *f, const struct tunnel_group *g)
{
	const char *sep = "[ ";

	for (size_t i = 0; i < g->fault_count; i++, sep = ", ") {
		fputs(sep, f);
		dump_text(f, g->faults[i].text);
	}
	fputs(g->fault_count > 0 ? " ]" : "[ ]", f);
}

static void
dump_pfs(FILE *f, const struct crypto_map_entry *e)
{
	if (e->pfs == PFS_GROUP)
		dump_rows(f, CONF_GROUPS, e->pfs_groups);
	else
		dump_text(f, e->pfs == PFS_ANY ? "any" : "none");
}

static void
dump_list(FILE *f, const struct conf_item *item, const void *owner, int depth)
{
	const char *elements;
	size_t n;

	memcpy(&elements, (const char *)owner + item->off, sizeof(elements));
	memcpy(&n, (const char *)owner + item->count_off, sizeof(n));
	fputs("(\n", f);
	for (size_t i = 0; i < n; i++) {
		indent(f, depth + 1);
		fputs("{\n", f);
		dump_items(f, item->sub, elements + i * item->each, depth + 2);
		indent(f, depth + 1);
		fputs(i + 1 < n ? "},\n" : "}\n", f);
	}
	indent(f, depth);
	fputc(')', f);
}

static void
dump_value(FILE *f, const struct conf_item *item, const void *owner, int depth)
{
	const void *field = (const char *)owner + item->off;
	const void *rows;

	switch (item->type) {
	case CONF_BOOL:
		fputs(*(const bool *)field ? "true" : "false", f);
		break;
	case CONF_NUMBER:
	case CONF_WORD:
		dump_number(f, item, field);
		break;
	case CONF_FACILITY:
		dump_facility(f, number_of(item, field));
		break;
	case CONF_TEXT:
	case CONF_NAME:
		dump_text(f, *(char *const *)field);
		break;
	case CONF_SECRET:
		dump_text(f, "********");
		break;
	case CONF_PREFIX:
		dump_prefix(f, field);
		break;
	case CONF_IDENT:
		dump_ident(f, field);
		break;
	case CONF_ADDRESSES:
		dump_addresses(f, owner);
		break;
	case CONF_IKE_CIPHERS:
	case CONF_ESP_CIPHERS:
	case CONF_HASHES:
	case CONF_INTEGS:
	case CONF_GROUPS:
		dump_rows(f, item->type, field);
		break;
	case CONF_PFS:
		dump_pfs(f, owner);
		break;
	case CONF_POLICIES:
	case CONF_SETS:
		memcpy(&rows, field, sizeof(rows));
		dump_rows(f, item->type, rows);
		break;
	case CONF_FAULTS:
		dump_faults(f, owner);
		break;
	case CONF_SECTION:
		fputs("{\n", f);
		dump_items(f, item->sub, field, depth + 1);
		indent(f, depth);
		fputc('}', f);
		break;
	case CONF_LIST:
		dump_list(f, item, owner, depth);
		break;
	case CONF_SECRET_FILE:
		break;
	}
}

/*
 * Does the key have anything to say? An empty list of algorithms has no syntax, a key file became a
 * key.
 */
static bool
silent(const struct conf_item *item, const void *owner)
{
	const void *first;

	if (item->type != CONF_ESP_CIPHERS && item->type != CONF_INTEGS)
		return item->type == CONF_SECRET_FILE;
	memcpy(&first, (const char *)owner + item->off, sizeof(first));
	return first == NULL;
}

static void
dump_items(FILE *f, const struct conf_item *items, const void *owner, int depth)
{
	for (const struct conf_item *item = items; item->key != NULL; item++) {
		if (silent(item, owner))
			continue;
		indent(f, depth);
		fprintf(f, "%s = ", item->key);
		dump_value(f, item, owner, depth);
		fputs(";\n", f);
	}
}

void
policy_dump(const struct policy *p, policy_report_fn *report, void *ctx)
{
	char *text = NULL, *line, *rest;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (f == NULL)
		return;
	dump_items(f, conf_top, p, 0);
	if (fclose(f) == 0)
		for (rest = text; (line = strsep(&rest, "\n")) != NULL && rest != NULL;)
			report(ctx, line);
	free(text);
}
