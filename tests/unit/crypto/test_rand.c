/* tests/unit/crypto/test_rand.c - random octets, constant-time comparison. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "vec.h"

/* 64 cookies of two contexts: no two alike, every bit seen both ways. */
static void
octets_differ(void)
{
	struct crypto *c[2] = { crypto_new(NULL), crypto_new(NULL) };
	uint8_t got[64][8], ones[8] = { 0 }, zeros[8] = { 0 };

	for (int i = 0; i < 64; i++) {
		crypto_random(c[i % 2], got[i], 8);
		for (int k = 0; k < 8; k++) {
			ones[k] |= got[i][k];
			zeros[k] |= (uint8_t)~got[i][k];
		}
		for (int j = 0; j < i; j++)
			T_TRUE(memcmp(got[i], got[j], 8) != 0);
	}
	for (int k = 0; k < 8; k++)
		T_TRUE(ones[k] == 0xff && zeros[k] == 0xff);
	crypto_free(c[0]);
	crypto_free(c[1]);
}

static void
any_length(void)
{
	struct crypto *c = crypto_new(NULL);
	static uint8_t big[200000];
	uint8_t guard[3] = { 1, 2, 3 };

	crypto_random(c, guard + 1, 0);
	T_TRUE(guard[0] == 1 && guard[1] == 2 && guard[2] == 3);
	crypto_random(c, big, sizeof(big));
	T_TRUE(memcmp(big, big + sizeof(big) / 2, sizeof(big) / 2) != 0);
	crypto_free(c);
}

static void
equal(void)
{
	uint8_t a[] = { 1, 2, 3 }, b[] = { 1, 2, 4 }, c[] = { 1, 2, 3, 0 };

	T_TRUE(crypto_equal(CHUNK(a, 3), CHUNK(c, 3)));
	T_TRUE(!crypto_equal(CHUNK(a, 3), CHUNK(b, 3)));
	T_TRUE(!crypto_equal(CHUNK(a, 3), CHUNK(c, 4)));
	T_TRUE(!crypto_equal(CHUNK(a, 2), CHUNK(c, 3)));
	T_TRUE(crypto_equal(CHUNK(a, 2), CHUNK(b, 2)));
	T_TRUE(crypto_equal(CHUNK_NONE, CHUNK(a, 0)));
	T_TRUE(!crypto_equal(CHUNK_NONE, CHUNK(a, 1)));
}

int
main(void)
{
	T_RUN(octets_differ);
	T_RUN(any_length);
	T_RUN(equal);
	return T_DONE();
}
