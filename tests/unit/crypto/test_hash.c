/* tests/unit/crypto/test_hash.c - hashes against published digests. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "vec.h"

static void
one_hash(struct vec *v)
{
	const struct alg_hash *a = vec_hash(v);
	struct chunk data = vec_hex(v, "data"), want = vec_hex(v, "out");
	size_t third = data.n / 3;
	struct chunk parts[3] = { CHUNK(data.p, third), CHUNK_NONE, CHUNK_NONE };
	uint8_t out[ALG_MAX_HASH];

	if (data.n > 0)
		parts[2] = CHUNK(data.p + third, data.n - third);
	T_OK(crypto_hash(v->c, a, &data, 1, out));
	T_MEM(out, a->len, want.p, want.n);
	T_OK(crypto_hash(v->c, a, parts, 3, out));
	T_MEM(out, a->len, want.p, want.n);
}

static void
known_answers(void)
{
	vec_each("tests/vectors/prf.txt", "hash", 12, one_hash);
}

static void
nothing_hashes_too(void)
{
	struct crypto *c = crypto_new(NULL);
	uint8_t out[ALG_MAX_HASH], empty[] = { 0xda, 0x39, 0xa3, 0xee };

	T_OK(crypto_hash(c, alg_hash_named("sha1"), NULL, 0, out));
	T_MEM(out, 4, empty, 4);
	crypto_free(c);
}

static void
a_row_of_nobody_is_refused(void)
{
	struct alg_hash own = *alg_hash_named("sha1");
	struct crypto *c = crypto_new(NULL);
	uint8_t out[ALG_MAX_HASH];

	T_ERR(crypto_hash(c, &own, NULL, 0, out), IKE_E_CRYPTO);
	crypto_free(c);
}

int
main(void)
{
	T_RUN(known_answers);
	T_RUN(nothing_hashes_too);
	T_RUN(a_row_of_nobody_is_refused);
	return T_DONE();
}
