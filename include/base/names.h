/*
 * base/names.h - words and their numbers.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct name { /* a table ends with .word = NULL */
	long	    value;
	const char *word;
};

/* The word of a value, NULL if the table has none. */
const char *names_word(const struct name *, long value);

/* The word, or the number printed into buf ("#65001"); never NULL. */
const char *names_print(const struct name *, long value, char *buf, size_t n);

/* The value of a word, compared without regard to case; false if unknown. */
bool names_value(const struct name *, const char *word, long *value);

/*
 * The word of the table nearest to a mistyped one; NULL if none is near (edit distance over a
 * third).
 */
const char *names_nearest(const struct name *, const char *word);

/* The same for any two words: edit distance, transpositions count one. */
unsigned names_distance(const char *a, const char *b);

#endif
