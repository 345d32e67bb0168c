/* tests/unit/policy/test_conf_schema.c - the rows make sense by themselves. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect.h"
#include "policy_local.h"
#include "t.h"

static unsigned rows;

/* A row's default is a value that the row itself would accept, and each row is explained. */
static void
sane(const struct conf_item *item)
{
	bool number = item->type == CONF_NUMBER;

	rows++;
	if (item->help == NULL || item->help[0] == '\0')
		T_FAIL("%s has no help", item->key);
	if (number && !item->need && (item->def < item->min || item->def > item->max))
		T_FAIL("%s: the default %ld is out of range", item->key, item->def);
	if (number && (item->size != 1 && item->size != 2 && item->size != 4))
		T_FAIL("%s: a number of %zu octets", item->key, item->size);
	if (number && item->size < 4 && item->max >= 1l << (8 * item->size))
		T_FAIL("%s: %ld does not fit its field", item->key, item->max);
	if (item->type == CONF_BOOL && item->size != sizeof(bool))
		T_FAIL("%s: a boolean of %zu octets", item->key, item->size);
	if (item->type == CONF_WORD && !item->need && names_word(item->words, item->def) == NULL)
		T_FAIL("%s: the default is none of the words", item->key);
	if ((item->type == CONF_SECTION || item->type == CONF_LIST) != (item->sub != NULL))
		T_FAIL("%s: rows below it, or none", item->key);
	if (item->type == CONF_LIST && (item->each == 0 || item->count_off == 0 || item->min < 1))
		T_FAIL("%s: not a list", item->key);
}

static void
table(const struct conf_item *items)
{
	for (const struct conf_item *item = items; item->key != NULL; item++) {
		sane(item);
		for (const struct conf_item *other = items; other != item; other++)
			if (strcmp(other->key, item->key) == 0)
				T_FAIL("%s stands twice in one table", item->key);
		if (item->sub != NULL)
			table(item->sub);
	}
}

static void
every_row(void)
{
	rows = 0;
	table(conf_top);
	T_TRUE(rows > 50);
}

/* conf_load.c gathers the keys of a table in an array of 40. */
static void
tables_are_short(void)
{
	for (const struct conf_item *item = conf_top; item->key != NULL; item++) {
		size_t n = 0;

		while (item->sub != NULL && item->sub[n].key != NULL)
			n++;
		T_TRUE(n < 39);
	}
}

int
main(void)
{
	T_RUN(every_row);
	T_RUN(tables_are_short);
	return T_DONE();
}
