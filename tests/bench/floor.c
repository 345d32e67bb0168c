/*
 * tests/bench/floor.c - key generation and derivation through OpenSSL's EVP interface, as fast as
 * it can be had.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "floor.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#define PEERS 16

struct floor {
	const struct alg_group *group;
	EVP_PKEY	       *params; /* template; its public value becomes the peer's */
	EVP_PKEY_CTX	       *generate;
	uint8_t			top[ALG_MAX_PUBLIC]; /* p - 1 */
	uint8_t			peer[PEERS][ALG_MAX_PUBLIC + 1];
	size_t			peer_n;
};

static bool
is_modp(const struct alg_group *g)
{
	return g->kind == GROUP_MODP || g->kind == GROUP_MODP_SUBGROUP;
}

/* Groups 1 and 2 have no name in OpenSSL: p and g by value. */
static OSSL_PARAM *
by_value(const struct alg_group *g)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *p = g->id == 1 ? BN_get_rfc2409_prime_768(NULL) : BN_get_rfc2409_prime_1024(NULL),
	       *two = BN_new();
	OSSL_PARAM     *out = NULL;

	if (b != NULL && p != NULL && two != NULL && BN_set_word(two, 2) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_FFC_P, p) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_FFC_G, two) == 1)
		out = OSSL_PARAM_BLD_to_param(b);
	OSSL_PARAM_BLD_free(b);
	BN_free(p);
	BN_free(two);
	return out;
}

static EVP_PKEY *template(const struct alg_group *g)
{
	OSSL_PARAM named[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
				  (char *)(uintptr_t)g->ossl, 0),
	    OSSL_PARAM_END};
	OSSL_PARAM   *params = g->ossl != NULL ? named : by_value(g);
	EVP_PKEY_CTX *ctx;
	EVP_PKEY     *key = NULL;

	if (g->kind == GROUP_X) {
		uint8_t base[64] = {9};

		return EVP_PKEY_new_raw_public_key_ex(NULL, g->ossl, NULL, base, g->public_len);
	}
	ctx = EVP_PKEY_CTX_new_from_name(NULL, is_modp(g) ? "DH" : "EC", NULL);
	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	if (params != named)
		OSSL_PARAM_free(params);
	return key;
}

static bool
public_of(EVP_PKEY *key, uint8_t *out, size_t *n)
{
	return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, out,
		   ALG_MAX_PUBLIC + 1, n) == 1;
}

static bool
make_peers(struct floor *f)
{
	for (int k = 0; k < PEERS; k++) {
		EVP_PKEY *key = NULL;
		bool ok = EVP_PKEY_generate(f->generate, &key) == 1 &&
		    public_of(key, f->peer[k], &f->peer_n);

		EVP_PKEY_free(key);
		if (!ok)
			return false;
	}
	return true;
}

struct floor *
floor_new(const struct alg_group *g)
{
	struct floor *f = calloc(1, sizeof(*f));
	int	      bits = 160; /* private values of groups 1 and 2, as the engine's */
	OSSL_PARAM shorter[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_DH_PRIV_LEN, &bits), OSSL_PARAM_END};
	BIGNUM	     *p = NULL;

	if (f == NULL || (f->params = template(g)) == NULL)
		goto bad;
	f->group = g;
	f->generate = g->kind == GROUP_X ? EVP_PKEY_CTX_new_from_name(NULL, g->ossl, NULL) :
					   EVP_PKEY_CTX_new_from_pkey(NULL, f->params, NULL);
	if (f->generate == NULL || EVP_PKEY_keygen_init(f->generate) != 1 ||
	    (g->ossl == NULL && EVP_PKEY_CTX_set_params(f->generate, shorter) != 1) ||
	    !make_peers(f))
		goto bad;
	if (is_modp(g)) {
		if (EVP_PKEY_get_bn_param(f->params, OSSL_PKEY_PARAM_FFC_P, &p) != 1 ||
		    BN_bn2binpad(p, f->top, g->public_len) != g->public_len)
			goto bad;
		f->top[g->public_len - 1]--;
		BN_free(p);
	}
	return f;
bad:
	BN_free(p);
	floor_free(f);
	return NULL;
}

void
floor_free(struct floor *f)
{
	if (f == NULL)
		return;
	EVP_PKEY_CTX_free(f->generate);
	EVP_PKEY_free(f->params);
	free(f);
}

static bool
in_range(const struct floor *f, const uint8_t *y)
{
	size_t zeros = 0, n = f->group->public_len;

	if (!is_modp(f->group))
		return true; /* decoding says whether the point is on the curve */
	while (zeros < n && y[zeros] == 0)
		zeros++;
	return zeros < n - 1 + (y[n - 1] > 1) && memcmp(y, f->top, n) < 0;
}

static bool
derive(struct floor *f, EVP_PKEY *own, const uint8_t *peer)
{
	uint8_t	      secret[ALG_MAX_PUBLIC];
	size_t	      n = sizeof(secret);
	EVP_PKEY_CTX *ctx;
	bool	      ok;

	if (EVP_PKEY_set1_encoded_public_key(f->params, peer, f->peer_n) != 1)
		return false;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    (!is_modp(f->group) || EVP_PKEY_CTX_set_dh_pad(ctx, 1) == 1) &&
	    EVP_PKEY_derive_set_peer_ex(ctx, f->params, 0) == 1 &&
	    EVP_PKEY_derive(ctx, secret, &n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool
floor_run(struct floor *f, unsigned n)
{
	uint8_t pub[ALG_MAX_PUBLIC + 1];
	size_t	pub_n;

	for (unsigned k = 0; k < n; k++) {
		const uint8_t *peer = f->peer[k % PEERS];
		EVP_PKEY      *own = NULL;
		bool	       ok;

		ok = in_range(f, peer) && EVP_PKEY_generate(f->generate, &own) == 1 &&
		    public_of(own, pub, &pub_n) && derive(f, own, peer);
		EVP_PKEY_free(own);
		if (!ok)
			return false;
	}
	return true;
}
