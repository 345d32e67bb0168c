/*
 * tests/unit/crypto/vec.h - known answers from tests/vectors/.
 *
 *	# comment
 *	[kind]
 *	key = word or hex
 *	key =
 *		hex that goes on
 *		over indented lines
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_VEC_H
#define TESTS_VEC_H

#include "base/hexdump.h"
#include "crypto/crypto.h"
#include "t.h"

#define VEC_KEYS 16
#define VEC_TEXT 4096

struct vec { /* one section */
	char	kind[32];
	size_t	n;
	char	key[VEC_KEYS][16];
	char	text[VEC_KEYS][VEC_TEXT];
	uint8_t octets[VEC_KEYS][VEC_TEXT / 2];
	struct crypto *c;
};

static inline const char *
vec_text(const struct vec *v, const char *key)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->key[i], key) == 0)
			return v->text[i];
	return NULL;
}

static inline long
vec_number(const struct vec *v, const char *key)
{
	const char *s = vec_text(v, key);

	return s != NULL ? strtol(s, NULL, 10) : -1;
}

/* The octets of a key, none if the section has no such key. */
static inline struct chunk
vec_hex(struct vec *v, const char *key)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->key[i], key) == 0) {
			long n = hexdump_parse(v->text[i], v->octets[i], sizeof(v->octets[i]));

			T_TRUE(n >= 0);
			return CHUNK(v->octets[i], n > 0 ? (size_t)n : 0);
		}
	return CHUNK_NONE;
}

/* A message id in host order. */
static inline uint32_t
vec_u32(struct vec *v, const char *key)
{
	struct chunk c = vec_hex(v, key);
	struct cur cur = cur_from(c);

	return cur_u32(&cur, key);
}

static inline const struct alg_hash *
vec_hash(const struct vec *v)
{
	const struct alg_hash *a = alg_hash_named(vec_text(v, "hash"));

	if (a == NULL)
		T_FAIL("no hash %s", vec_text(v, "hash"));
	return a;
}

static inline const struct alg_cipher *
vec_cipher(const struct vec *v)
{
	const struct alg_cipher *a = alg_cipher_named(vec_text(v, "cipher"));

	if (a == NULL)
		T_FAIL("no cipher %s", vec_text(v, "cipher"));
	return a;
}

/* Run one finished section, if it is of this kind, and say which one failed. */
static inline int
vec_run(struct vec *v, const char *kind, void (*fn)(struct vec *))
{
	bool before = t_.bad;

	if (strcmp(v->kind, kind) != 0)
		return 0;
	t_.bad = false;
	fn(v);
	if (t_.bad)
		printf("#   in [%s] of source %s\n", kind, vec_text(v, "source"));
	t_.bad |= before;
	return 1;
}

static inline void
vec_line(struct vec *v, char *line)
{
	char *eq = strstr(line, " =");

	if (line[0] == '\t' && v->n > 0) {
		char *text = v->text[v->n - 1];
		size_t n = strlen(text);

		(void)snprintf(text + n, VEC_TEXT - n, "%s", line + 1);
	} else if (eq != NULL && v->n < VEC_KEYS) {
		(void)snprintf(v->key[v->n], sizeof(v->key[0]), "%.*s", (int)(eq - line), line);
		(void)snprintf(v->text[v->n++], VEC_TEXT, "%s", eq + 2 + (eq[2] == ' '));
	} else {
		T_FAIL("no section, key or continuation: %s", line);
	}
}

/* Call fn for each section of a kind; a number of sections other than want is a failure. */
static inline void
vec_each(const char *file, const char *kind, int want, void (*fn)(struct vec *))
{
	FILE *f = fopen(file, "r");
	struct vec *v = calloc(1, sizeof(*v));
	char line[512];
	int ran = 0;

	if (f == NULL || v == NULL || (v->c = crypto_new(NULL)) == NULL ||
	    crypto_use_legacy(v->c, NULL) != IKE_OK) {
		T_FAIL("%s, or no crypto context", file);
	} else {
		while (fgets(line, sizeof(line), f) != NULL) {
			line[strcspn(line, "\n")] = '\0';
			if (line[0] == '#' || line[0] == '\0')
				continue;
			if (line[0] != '[') {
				vec_line(v, line);
				continue;
			}
			ran += vec_run(v, kind, fn);
			v->n = 0;
			(void)snprintf(v->kind, sizeof(v->kind), "%.*s",
			    (int)strcspn(line + 1, "]"), line + 1);
		}
		ran += vec_run(v, kind, fn);
		T_EQ(ran, want);
		crypto_free(v->c);
	}
	if (f != NULL)
		(void)fclose(f);
	free(v);
}

#endif
