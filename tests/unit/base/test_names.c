/* tests/unit/base/test_names.c - words, numbers and near misses. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/names.h"
#include "t.h"

static const struct name HASHES[] = {
    {1, "md5"}, {2, "sha1"}, {4, "sha256"}, {5, "sha384"}, {0, NULL}};

static void
lookups(void)
{
	char buf[16];
	long v = -1;

	T_STR(names_word(HASHES, 4), "sha256");
	T_STR(names_word(HASHES, 0), NULL);
	T_STR(names_print(HASHES, 2, buf, sizeof(buf)), "sha1");
	T_STR(names_print(HASHES, 65001, buf, sizeof(buf)), "#65001");
	T_STR(names_print(HASHES, 65001, buf, 4), "#65");
	T_TRUE(names_value(HASHES, "SHA256", &v));
	T_EQ(v, 4);
	T_TRUE(!names_value(HASHES, "sha25", &v));
	T_TRUE(!names_value(HASHES, "", &v));
	T_EQ(v, 4);
}

static void
distances(void)
{
	T_EQ(names_distance("", ""), 0);
	T_EQ(names_distance("", "abc"), 3);
	T_EQ(names_distance("abc", ""), 3);
	T_EQ(names_distance("kitten", "sitting"), 3);
	T_EQ(names_distance("encrpytion", "encryption"), 1); /* swapped letters */
	T_EQ(names_distance("Hash", "hash"), 0);
	T_EQ(names_distance("ab", "ba"), 1);
	T_EQ(names_distance("ca", "abc"), 3); /* no edit within a swapped pair */
	T_EQ(names_distance("lifetime", "lifetimes"), names_distance("lifetimes", "lifetime"));
}

static void
long_words(void)
{
	char a[200], b[64];

	memset(a, 'a', sizeof(a));
	a[199] = '\0';
	memset(b, 'a', sizeof(b));
	b[63] = '\0';
	T_EQ(names_distance(a, a), 0);
	T_EQ(names_distance(a, "x"), 199);
	T_EQ(names_distance(b, "a"), 62);
	T_STR(names_nearest(HASHES, a), NULL);
}

static void
nearest(void)
{
	T_STR(names_nearest(HASHES, "sha265"), "sha256");
	T_STR(names_nearest(HASHES, "SHA-256"), "sha256");
	T_STR(names_nearest(HASHES, "sha"), "sha1");
	T_STR(names_nearest(HASHES, "md"), "md5");
	T_STR(names_nearest(HASHES, "whirlpool"), NULL);
	T_STR(names_nearest(HASHES, ""), NULL);
}

int
main(void)
{
	T_RUN(lookups);
	T_RUN(distances);
	T_RUN(long_words);
	T_RUN(nearest);
	return T_DONE();
}
