/* tests/unit/crypto/test_prf.c - HMAC against RFC 2202 and 4231. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "vec.h"

static void
one_prf(struct vec *v)
{
	const struct alg_hash *a = vec_hash(v);
	struct chunk data = vec_hex(v, "data"), key = vec_hex(v, "key"), want = vec_hex(v, "out");
	struct chunk parts[3] = { CHUNK(data.p, 1), CHUNK_NONE, CHUNK(data.p + 1, data.n - 1) };
	uint8_t out[ALG_MAX_HASH];

	T_OK(crypto_prf(v->c, a, key, &data, 1, out));
	T_MEM(out, a->len, want.p, want.n);
	T_OK(crypto_prf(v->c, a, key, parts, 3, out));
	T_MEM(out, a->len, want.p, want.n);
}

static void
known_answers(void)
{
	vec_each("tests/vectors/prf.txt", "prf", 7 + 7 + 3 * 6, one_prf);
}

/* An empty key is an empty key, not that of the call before; the value is of RFC 2104's formula. */
static void
empty_key(void)
{
	static const uint8_t want[] = { 0xfb, 0xdb, 0x1d, 0x1b, 0x18, 0xaa, 0x6c, 0x08, 0x32, 0x4b,
	    0x7d, 0x64, 0xb7, 0x1f, 0xb7, 0x63, 0x70, 0x69, 0x0e, 0x1d};
	const struct alg_hash *a = alg_hash_named("sha1");
	struct crypto *c = crypto_new(NULL);
	uint8_t out[ALG_MAX_HASH], key[] = { 1, 2, 3 };

	T_OK(crypto_prf(c, a, CHUNK_NONE, NULL, 0, out));
	T_MEM(out, a->len, want, sizeof(want));
	T_OK(crypto_prf(c, a, CHUNK(key, 3), NULL, 0, out));
	T_TRUE(memcmp(out, want, sizeof(want)) != 0);
	T_OK(crypto_prf(c, a, CHUNK_NONE, NULL, 0, out));
	T_MEM(out, a->len, want, sizeof(want));
	T_OK(crypto_prf(c, a, CHUNK(key, 0), NULL, 0, out));
	T_MEM(out, a->len, want, sizeof(want));
	crypto_free(c);
}

/* SKEYID_a is made of SKEYID_d in place where a caller wants it so. */
static void
input_and_output_may_be_the_same(void)
{
	const struct alg_hash *a = alg_hash_named("sha256");
	struct crypto *c = crypto_new(NULL);
	uint8_t in[32] = { 7 }, out[32], key[] = { 9 };
	struct chunk part = CHUNK(in, sizeof(in));

	T_OK(crypto_prf(c, a, CHUNK(key, 1), &part, 1, out));
	T_OK(crypto_prf(c, a, CHUNK(key, 1), &part, 1, in));
	T_MEM(in, sizeof(in), out, sizeof(out));
	crypto_free(c);
}

static void
a_row_of_nobody_is_refused(void)
{
	struct alg_hash own = *alg_hash_named("sha1");
	struct crypto *c = crypto_new(NULL);
	uint8_t out[ALG_MAX_HASH];

	T_ERR(crypto_prf(c, &own, CHUNK_NONE, NULL, 0, out), IKE_E_CRYPTO);
	crypto_free(c);
}

int
main(void)
{
	T_RUN(known_answers);
	T_RUN(empty_key);
	T_RUN(input_and_output_may_be_the_same);
	T_RUN(a_row_of_nobody_is_refused);
	return T_DONE();
}
