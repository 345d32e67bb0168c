/*
 * crypto/ossl.c - a library context with every algorithm fetched once; OpenSSL's errors in words.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "crypto_local.h"

enum ike_err
ossl_why(struct why *w, enum ike_err code, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;

	if (reason != NULL)
		(void)why(w, code, "%s: %s", what, reason);
	else if (e != 0)
		(void)why(w, code, "%s: OpenSSL error %lx", what, e);
	else
		(void)why(w, code, "%s", what);
	ERR_clear_error();
	return code;
}

static size_t
cipher_rows(void)
{
	size_t n = 0;

	while (alg_ciphers[n].name != NULL)
		n++;
	return n;
}

static size_t
hash_rows(void)
{
	size_t n = 0;

	while (alg_hashes[n].name != NULL)
		n++;
	return n;
}

static size_t
group_rows(void)
{
	size_t n = 0;

	while (alg_groups[n].id != 0)
		n++;
	return n;
}

struct crypto_cipher *
ossl_cipher(struct crypto *c, const struct alg_cipher *a)
{
	bool ours = a >= alg_ciphers && a < alg_ciphers + cipher_rows();

	return ours ? &c->ciphers[a - alg_ciphers] : NULL;
}

struct crypto_hash *
ossl_hash(struct crypto *c, const struct alg_hash *a)
{
	bool ours = a >= alg_hashes && a < alg_hashes + hash_rows();

	return ours ? &c->hashes[a - alg_hashes] : NULL;
}

/* What this OpenSSL lacks stays NULL, and crypto_has_* says so. */
static void
cipher_fetch(struct crypto *c, const struct alg_cipher *a)
{
	struct crypto_cipher *slot = ossl_cipher(c, a);
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(c->lib, a->ossl, NULL);

	if (cipher != NULL && (slot->ctx = EVP_CIPHER_CTX_new()) != NULL &&
	    (EVP_CipherInit_ex2(slot->ctx, cipher, NULL, NULL, 1, NULL) != 1 ||
		EVP_CIPHER_CTX_set_padding(slot->ctx, 0) != 1)) {
		EVP_CIPHER_CTX_free(slot->ctx);
		slot->ctx = NULL;
	}
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
}

static void
ciphers_fetch(struct crypto *c, bool legacy)
{
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
		if (a->ike_id != 0 && a->legacy == legacy)
			cipher_fetch(c, a);
}

static void
hash_fini(struct crypto_hash *slot)
{
	EVP_MD_CTX_free(slot->ctx);
	EVP_MAC_CTX_free(slot->hmac);
	EVP_MD_free(slot->md);
	*slot = (struct crypto_hash){ .md = NULL };
}

static void
hash_fetch(struct crypto *c, EVP_MAC *hmac, const struct alg_hash *a)
{
	struct crypto_hash *slot = ossl_hash(c, a);
	OSSL_PARAM digest[] = { OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)a->ossl, 0),
	    OSSL_PARAM_END};

	slot->md = EVP_MD_fetch(c->lib, a->ossl, NULL);
	slot->ctx = EVP_MD_CTX_new();
	slot->hmac = EVP_MAC_CTX_new(hmac);
	if (slot->md == NULL || slot->ctx == NULL || slot->hmac == NULL ||
	    EVP_DigestInit_ex2(slot->ctx, slot->md, NULL) != 1 ||
	    EVP_MAC_CTX_set_params(slot->hmac, digest) != 1)
		hash_fini(slot);
	ERR_clear_error();
}

static enum ike_err
fetch(struct crypto *c, struct why *w)
{
	EVP_MAC *hmac;

	if ((c->standard = OSSL_PROVIDER_load(c->lib, "default")) == NULL)
		return ossl_why(w, IKE_E_CRYPTO, "OpenSSL's default provider does not load");
	if ((hmac = EVP_MAC_fetch(c->lib, "HMAC", NULL)) == NULL)
		return ossl_why(w, IKE_E_CRYPTO, "this OpenSSL has no HMAC");
	for (const struct alg_hash *a = alg_hashes; a->name != NULL; a++)
		hash_fetch(c, hmac, a);
	EVP_MAC_free(hmac);
	ciphers_fetch(c, false);
	return IKE_OK;
}

/* Takes lib and replay over. */
static struct crypto *
crypto_on(OSSL_LIB_CTX *lib, OSSL_PROVIDER *replay, struct why *w)
{
	struct crypto *c = calloc(1, sizeof(*c));

	if (lib == NULL)
		(void)ossl_why(w, IKE_E_CRYPTO, "no OpenSSL library context");
	if (c == NULL || lib == NULL) {
		if (lib != NULL)
			(void)why(w, IKE_E_NOMEM, "no memory for the crypto context");
		if (replay != NULL)
			OSSL_PROVIDER_unload(replay);
		OSSL_LIB_CTX_free(lib);
		free(c);
		return NULL;
	}
	c->lib = lib;
	c->replay = replay;
	c->bn = BN_CTX_new_ex(lib);
	c->ciphers = calloc(cipher_rows(), sizeof(*c->ciphers));
	c->hashes = calloc(hash_rows(), sizeof(*c->hashes));
	c->groups = calloc(group_rows(), sizeof(*c->groups));
	if (c->bn == NULL || c->ciphers == NULL || c->hashes == NULL || c->groups == NULL) {
		(void)why(w, IKE_E_NOMEM, "no memory for the crypto context");
		crypto_free(c);
		return NULL;
	}
	if (fetch(c, w) != IKE_OK) {
		crypto_free(c);
		return NULL;
	}
	return c;
}

struct crypto *
crypto_new(struct why *w)
{
	return crypto_on(OSSL_LIB_CTX_new(), NULL, w);
}

struct crypto *
crypto_new_replay(uint64_t seed, struct why *w)
{
	OSSL_PROVIDER *replay = NULL;
	OSSL_LIB_CTX *lib = replay_lib_new(seed, &replay);

	return crypto_on(lib, replay, w);
}

void
crypto_free(struct crypto *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; c->groups != NULL && i < group_rows(); i++)
		dh_group_fini(&c->groups[i]);
	for (size_t i = 0; c->hashes != NULL && i < hash_rows(); i++)
		hash_fini(&c->hashes[i]);
	for (size_t i = 0; c->ciphers != NULL && i < cipher_rows(); i++)
		EVP_CIPHER_CTX_free(c->ciphers[i].ctx);
	free(c->groups);
	free(c->hashes);
	free(c->ciphers);
	BN_CTX_free(c->bn);
	if (c->standard != NULL)
		OSSL_PROVIDER_unload(c->standard);
	if (c->legacy != NULL)
		OSSL_PROVIDER_unload(c->legacy);
	if (c->replay != NULL)
		OSSL_PROVIDER_unload(c->replay);
	OSSL_LIB_CTX_free(c->lib);
	free(c);
}

enum ike_err
crypto_use_legacy(struct crypto *c, struct why *w)
{
	if (c->legacy != NULL)
		return IKE_OK;
	if ((c->legacy = OSSL_PROVIDER_load(c->lib, "legacy")) == NULL)
		return ossl_why(w, IKE_E_CRYPTO,
		    "OpenSSL's legacy provider (DES, Blowfish, CAST) does not load");
	ciphers_fetch(c, true);
	return IKE_OK;
}

bool
crypto_has_cipher(struct crypto *c, const struct alg_cipher *a, struct why *w)
{
	EVP_CIPHER *cipher;

	if (a->ossl == NULL)
		return true;
	if (a->legacy && c->legacy == NULL) {
		(void)why(w, IKE_E_CRYPTO, "%s wants OpenSSL's legacy provider", a->name);
		return false;
	}
	cipher = EVP_CIPHER_fetch(c->lib, a->ossl, NULL);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
	if (cipher == NULL || (a->ike_id != 0 && ossl_cipher(c, a)->ctx == NULL)) {
		(void)why(w, IKE_E_CRYPTO, "this OpenSSL has no %s", a->ossl);
		return false;
	}
	return true;
}

bool
crypto_has_hash(struct crypto *c, const struct alg_hash *a, struct why *w)
{
	if (ossl_hash(c, a)->md != NULL)
		return true;
	(void)why(w, IKE_E_CRYPTO, "this OpenSSL has no %s", a->ossl);
	return false;
}

bool
crypto_has_group(struct crypto *c, const struct alg_group *g, struct why *w)
{
	return dh_slot(c, g, w) != NULL;
}
