/* tests/unit/crypto/test_ossl.c - contexts, what OpenSSL has, its errors in words. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/err.h>
#include <pthread.h>

#include "crypto_local.h"
#include "vec.h"

static void
life(void)
{
	struct why w = { 0 };
	struct crypto *c = crypto_new(&w);

	T_TRUE(c != NULL);
	T_STR(w.text, "");
	T_EQ(ERR_peek_error(), 0);
	crypto_free(c);
	crypto_free(NULL);
	c = crypto_new(NULL);
	T_TRUE(c != NULL);
	crypto_free(c);
}

/* Debian 12's OpenSSL has all of the tables; another one may lack a row, which is then said. */
static void
has_all_rows(void)
{
	struct crypto *c = crypto_new(NULL);
	struct why w = { 0 };

	T_OK(crypto_use_legacy(c, &w));
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
		if (!crypto_has_cipher(c, a, &w))
			T_FAIL("%s: %s", a->name, w.text);
	for (const struct alg_hash *a = alg_hashes; a->name != NULL; a++)
		if (!crypto_has_hash(c, a, &w))
			T_FAIL("%s: %s", a->name, w.text);
	for (const struct alg_group *g = alg_groups; g->id != 0; g++)
		if (!crypto_has_group(c, g, &w))
			T_FAIL("%u: %s", g->id, w.text);
	T_EQ(ERR_peek_error(), 0);
	crypto_free(c);
}

static void
only_legacy_ciphers_want_it(void)
{
	struct crypto *c = crypto_new(NULL);

	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
		T_EQ(crypto_has_cipher(c, a, NULL), !a->legacy);
	crypto_free(c);
}

static void
unknown_names_are_said(void)
{
	const struct alg_cipher nothing = { .name = "rot13", .ossl = "ROT13" };
	struct crypto *c = crypto_new(NULL);
	struct why w = { 0 };

	T_TRUE(!crypto_has_cipher(c, &nothing, &w));
	T_ERR(w.code, IKE_E_CRYPTO);
	T_STR(w.text, "this OpenSSL has no ROT13");
	T_EQ(ERR_peek_error(), 0);
	crypto_free(c);
}

static void
errors_in_words(void)
{
	struct why w = { 0 };

	ERR_raise(ERR_LIB_EVP, EVP_R_INVALID_KEY);
	ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
	T_ERR(ossl_why(&w, IKE_E_BAD_KE, "it went wrong"), IKE_E_BAD_KE);
	T_ERR(w.code, IKE_E_BAD_KE);
	T_STR(w.text, "it went wrong: bad decrypt");
	T_EQ(ERR_peek_error(), 0);
	T_ERR(ossl_why(&w, IKE_E_CRYPTO, "no reason given"), IKE_E_CRYPTO);
	T_STR(w.text, "no reason given");
	ERR_raise(ERR_LIB_USER, 99);
	T_ERR(ossl_why(&w, IKE_E_CRYPTO, "a number"), IKE_E_CRYPTO);
	T_TRUE(strncmp(w.text, "a number: OpenSSL error ", 24) == 0);
	ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
	T_ERR(ossl_why(NULL, IKE_E_CRYPTO, "nobody listens"), IKE_E_CRYPTO);
	T_EQ(ERR_peek_error(), 0);
}

/* One context for each worker, made here, used there; the sanitizers and the leak check watch. */
static void *
worker(void *ctx)
{
	struct crypto *c = ctx;
	const struct alg_group *g = alg_group_id(19);
	uint8_t pa[ALG_MAX_PUBLIC], pb[ALG_MAX_PUBLIC], sa[ALG_MAX_PUBLIC], sb[ALG_MAX_PUBLIC];
	intptr_t good = 0;

	for (int i = 0; i < 50; i++) {
		struct dh *a = dh_generate(c, g, NULL), *b = dh_generate(c, g, NULL);

		good += a != NULL && b != NULL && dh_public(a, pa) == IKE_OK &&
		    dh_public(b, pb) == IKE_OK &&
		    dh_derive(c, a, CHUNK(pb, g->public_len), sa, NULL) == IKE_OK &&
		    dh_derive(c, b, CHUNK(pa, g->public_len), sb, NULL) == IKE_OK &&
		    crypto_equal(CHUNK(sa, g->secret_len), CHUNK(sb, g->secret_len));
		dh_free(a);
		dh_free(b);
	}
	return (void *)good;
}

static void
workers_share_nothing(void)
{
	struct crypto *c[4];
	pthread_t thread[4];
	void *good;

	for (int i = 0; i < 4; i++) {
		c[i] = crypto_new(NULL);
		T_EQ(pthread_create(&thread[i], NULL, worker, c[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		T_EQ(pthread_join(thread[i], &good), 0);
		T_EQ((intptr_t)good, 50);
		crypto_free(c[i]);
	}
}

int
main(void)
{
	T_RUN(life);
	T_RUN(has_all_rows);
	T_RUN(only_legacy_ciphers_want_it);
	T_RUN(unknown_names_are_said);
	T_RUN(errors_in_words);
	T_RUN(workers_share_nothing);
	return T_DONE();
}
