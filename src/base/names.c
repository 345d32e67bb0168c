/* base/names.c - words and their numbers. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 63 /* longer words are near to nothing */

const char *
names_word(const struct name *t, long value)
{
	for (; t->word != NULL; t++)
		if (t->value == value)
			return t->word;
	return NULL;
}

const char *
names_print(const struct name *t, long value, char *buf, size_t n)
{
	const char *word = names_word(t, value);

	if (word != NULL)
		return word;
	(void)snprintf(buf, n, "#%ld", value);
	return buf;
}

bool
names_value(const struct name *t, const char *word, long *value)
{
	for (; t->word != NULL; t++) {
		if (strcasecmp(t->word, word) == 0) {
			*value = t->value;
			return true;
		}
	}
	return false;
}

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static int
lower(char c)
{
	return tolower((unsigned char)c);
}

/* Optimal string alignment: row i of the matrix needs the two rows before it only. */
unsigned
names_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], *now = rows[0], *one = rows[1], *two = rows[2], *spare;
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return strcasecmp(a, b) == 0 ? 0 : (unsigned)(na > nb ? na : nb);
	for (size_t j = 0; j <= nb; j++)
		now[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		spare = two;
		two = one;
		one = now;
		now = spare;
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);

			now[j] = min3(one[j] + 1, now[j - 1] + 1, one[j - 1] + !same);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && two[j - 2] + 1 < now[j])
				now[j] = two[j - 2] + 1;
		}
	}
	return now[nb];
}

const char *
names_nearest(const struct name *t, const char *word)
{
	const char *best = NULL;
	unsigned best_d = 0;

	for (; t->word != NULL; t++) {
		size_t na = strlen(t->word), nb = strlen(word);
		unsigned d = names_distance(t->word, word);

		if ((size_t)d * 3 <= (na > nb ? na : nb) && (best == NULL || d < best_d)) {
			best = t->word;
			best_d = d;
		}
	}
	return best;
}
