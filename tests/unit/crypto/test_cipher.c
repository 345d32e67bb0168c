/* tests/unit/crypto/test_cipher.c - CBC against published vectors and recorded messages. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "vec.h"

static unsigned seen; /* ciphers of the vectors, a bit for each row */

static void
both_ways(struct vec *v, struct chunk iv)
{
	const struct alg_cipher *a = vec_cipher(v);
	struct chunk key = vec_hex(v, "key"), plain = vec_hex(v, "plain");
	struct chunk encrypted = vec_hex(v, "encrypted");
	uint8_t out[512], kept[ALG_MAX_BLOCK];

	seen |= 1U << (a - alg_ciphers);
	memcpy(kept, iv.p, a->block);
	T_EQ(iv.n, a->block);
	T_EQ(key.n, a->key_bits / 8);
	T_OK(crypto_encrypt(v->c, a, key, iv.p, plain.p, out, plain.n));
	T_MEM(out, plain.n, encrypted.p, encrypted.n);
	T_OK(crypto_decrypt(v->c, a, key, iv.p, out, out, plain.n)); /* in place */
	T_MEM(out, plain.n, plain.p, plain.n);
	T_OK(crypto_encrypt(v->c, a, key, iv.p, out, out, plain.n));
	T_MEM(out, plain.n, encrypted.p, encrypted.n);
	T_MEM(iv.p, iv.n, kept, a->block);
}

static void
one_cbc(struct vec *v)
{
	static const uint8_t zeros[ALG_MAX_BLOCK];
	struct chunk iv = vec_hex(v, "iv");

	if (vec_text(v, "iv") == NULL)
		iv = CHUNK(zeros, vec_cipher(v)->block);
	both_ways(v, iv);
}

static void
known_answers(void)
{
	seen = 0;
	vec_each("tests/vectors/cipher.txt", "cbc", 23, one_cbc);
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
		if (a->ike_id != 0 && (seen & 1U << (a - alg_ciphers)) == 0)
			T_FAIL("no vector for %s", a->name);
}

static void
one_message(struct vec *v)
{
	both_ways(v, vec_hex(v, "iv"));
}

static void
recorded_messages(void)
{
	vec_each("tests/vectors/message.txt", "message", 11, one_message);
}

static void
wrong_sizes(void)
{
	const struct alg_cipher *aes = alg_cipher_named("aes-128");
	struct crypto *c = crypto_new(NULL);
	uint8_t key[32] = { 0 }, iv[16] = { 0 }, buf[32] = { 5 }, kept[32] = { 5 };

	T_ERR(crypto_encrypt(c, aes, CHUNK(key, 15), iv, buf, buf, 16), IKE_E_CRYPTO);
	T_ERR(crypto_encrypt(c, aes, CHUNK(key, 24), iv, buf, buf, 16), IKE_E_CRYPTO);
	T_ERR(crypto_encrypt(c, aes, CHUNK(key, 16), iv, buf, buf, 15), IKE_E_CRYPTO);
	T_ERR(crypto_decrypt(c, aes, CHUNK(key, 16), iv, buf, buf, 17), IKE_E_CRYPTO);
	T_ERR(crypto_decrypt(c, aes, CHUNK(key, 16), iv, buf, buf, (size_t)1 << 32), IKE_E_CRYPTO);
	T_OK(crypto_encrypt(c, aes, CHUNK(key, 16), iv, buf, buf, 0));
	T_MEM(buf, sizeof(buf), kept, sizeof(kept));
	crypto_free(c);
}

/* Modes and ciphers of the data plane have no place here. */
static void
not_for_phase_1(void)
{
	struct crypto *c = crypto_new(NULL);
	uint8_t key[36] = { 0 }, iv[16] = { 0 }, buf[16] = { 0 };

	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
		if (a->ike_id == 0)
			T_ERR(crypto_encrypt(c, a, CHUNK(key, a->key_bits / 8), iv, buf, buf, 16),
			    IKE_E_CRYPTO);
	crypto_free(c);
}

static void
legacy_only_when_asked_for(void)
{
	const struct alg_cipher *des = alg_cipher_named("des");
	struct crypto *c = crypto_new(NULL);
	struct why w = { 0 };
	uint8_t key[8] = { 1 }, iv[8] = { 0 }, buf[8] = { 0 };

	T_ERR(crypto_encrypt(c, des, CHUNK(key, 8), iv, buf, buf, 8), IKE_E_CRYPTO);
	T_TRUE(!crypto_has_cipher(c, des, &w));
	T_STR(w.text, "des wants OpenSSL's legacy provider");
	T_TRUE(!crypto_has_cipher(c, des, NULL));
	T_OK(crypto_use_legacy(c, NULL));
	T_OK(crypto_use_legacy(c, NULL));
	T_TRUE(crypto_has_cipher(c, des, NULL));
	T_OK(crypto_encrypt(c, des, CHUNK(key, 8), iv, buf, buf, 8));
	crypto_free(c);
}

/* The same context serves keys, ciphers and directions in any order. */
static void
calls_do_not_touch_each_other(void)
{
	const struct alg_cipher *aes = alg_cipher_named("aes-256"),
				*tdes = alg_cipher_named("3des");
	struct crypto *c = crypto_new(NULL);
	uint8_t k1[32] = { 1 }, k2[32] = { 2 }, iv[16] = { 3 }, plain[48] = { 4 };
	uint8_t a[48], b[48], d[48], again[48];

	T_OK(crypto_encrypt(c, aes, CHUNK(k1, 32), iv, plain, a, 48));
	T_OK(crypto_encrypt(c, aes, CHUNK(k2, 32), iv, plain, b, 48));
	T_OK(crypto_encrypt(c, tdes, CHUNK(k2, 24), iv, plain, d, 48));
	T_TRUE(memcmp(a, b, 48) != 0 && memcmp(b, d, 48) != 0);
	T_OK(crypto_decrypt(c, aes, CHUNK(k1, 32), iv, a, again, 48));
	T_MEM(again, 48, plain, 48);
	T_OK(crypto_encrypt(c, aes, CHUNK(k2, 32), iv, plain, again, 48));
	T_MEM(again, 48, b, 48);
	T_OK(crypto_decrypt(c, tdes, CHUNK(k2, 24), iv, d, again, 48));
	T_MEM(again, 48, plain, 48);
	crypto_free(c);
}

int
main(void)
{
	T_RUN(known_answers);
	T_RUN(recorded_messages);
	T_RUN(wrong_sizes);
	T_RUN(not_for_phase_1);
	T_RUN(legacy_only_when_asked_for);
	T_RUN(calls_do_not_touch_each_other);
	return T_DONE();
}
