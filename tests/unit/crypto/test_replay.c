/* tests/unit/crypto/test_replay.c - one seed, one stream: cookies and key pairs alike. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "vec.h"

struct draw { /* what a context yields, drawn in this order */
	uint8_t cookie[8];
	uint8_t public[32][ALG_MAX_PUBLIC];
	uint8_t secret[32][ALG_MAX_PUBLIC];
	uint8_t nonce[32];
};

static void
draw(uint64_t seed, struct draw *d)
{
	struct why w = { 0 };
	struct crypto *c = crypto_new_replay(seed, &w);

	memset(d, 0, sizeof(*d));
	T_STR(w.text, "");
	crypto_random(c, d->cookie, sizeof(d->cookie));
	for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
		struct dh *a = dh_generate(c, g, &w), *b = dh_generate(c, g, &w);
		size_t i = (size_t)(g - alg_groups);

		T_OK(dh_public(a, d->public[i]));
		T_OK(dh_derive(c, b, CHUNK(d->public[i], g -> public_len), d->secret[i], &w));
		dh_free(a);
		dh_free(b);
	}
	crypto_random(c, d->nonce, sizeof(d->nonce));
	crypto_free(c);
}

static void
the_seed_decides(void)
{
	static struct draw one, again, other;

	draw(7, &one);
	draw(7, &again);
	draw(8, &other);
	T_MEM(again.cookie, 8, one.cookie, 8);
	T_MEM(again.nonce, 32, one.nonce, 32);
	T_TRUE(memcmp(one.cookie, other.cookie, 8) != 0);
	T_TRUE(memcmp(one.nonce, other.nonce, 32) != 0);
	for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
		size_t i = (size_t)(g - alg_groups);

		T_MEM(again.public[i], g -> public_len, one.public[i], g -> public_len);
		T_MEM(again.secret[i], g->secret_len, one.secret[i], g->secret_len);
		T_TRUE(memcmp(one.public[i], other.public[i], g -> public_len) != 0);
		T_TRUE(memcmp(one.secret[i], other.secret[i], g->secret_len) != 0);
	}
}

static void
the_stream_goes_on(void)
{
	struct crypto *c = crypto_new_replay(0, NULL);
	uint8_t a[8], b[8], zeros[8] = { 0 };

	crypto_random(c, a, 8);
	crypto_random(c, b, 8);
	T_TRUE(memcmp(a, b, 8) != 0 && memcmp(a, zeros, 8) != 0);
	crypto_free(c);
}

/* A context of the daemon beside it stays unforeseeable. */
static void
others_are_not_touched(void)
{
	struct crypto *replay = crypto_new_replay(7, NULL);
	struct crypto *c[2] = { crypto_new(NULL), crypto_new(NULL) };
	uint8_t a[16], b[16];

	crypto_random(c[0], a, 16);
	crypto_random(c[1], b, 16);
	T_TRUE(memcmp(a, b, 16) != 0);
	crypto_free(replay);
	crypto_free(c[0]);
	crypto_free(c[1]);
}

static void
everything_else_works(void)
{
	struct crypto *c = crypto_new_replay(1, NULL);

	T_OK(crypto_use_legacy(c, NULL));
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
		T_TRUE(crypto_has_cipher(c, a, NULL));
	for (const struct alg_hash *a = alg_hashes; a->name != NULL; a++)
		T_TRUE(crypto_has_hash(c, a, NULL));
	crypto_free(c);
}

int
main(void)
{
	T_RUN(the_seed_decides);
	T_RUN(the_stream_goes_on);
	T_RUN(others_are_not_touched);
	T_RUN(everything_else_works);
	return T_DONE();
}
