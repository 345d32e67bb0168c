/* tests/unit/crypto/inject.h - a key pair with given values, for known answers. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_INJECT_H
#define TESTS_INJECT_H

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "crypto_local.h"
#include "t.h"

/* public without the leading 04, as KE has it.  NULL on failure. */
static inline struct dh *
inject(struct crypto *c, const struct alg_group *g, struct chunk private, struct chunk public)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *group = NULL, *pair = NULL, *all = NULL;
	BIGNUM *x = BN_bin2bn(private.p, (int)private.n, NULL);
	BIGNUM *y = BN_bin2bn(public.p, (int)public.n, NULL);
	struct crypto_group *slot = dh_slot(c, g, NULL);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, slot->peer, NULL);
	struct dh *dh = calloc(1, sizeof(*dh));
	uint8_t point[1 + ALG_MAX_PUBLIC] = { 4 };

	memcpy(point + 1, public.p, public.n);
	if (g->kind == GROUP_X)
		OSSL_PARAM_BLD_push_octet_string(bld, "priv", private.p, private.n);
	else
		OSSL_PARAM_BLD_push_BN(bld, "priv", x);
	if (g->kind == GROUP_X)
		OSSL_PARAM_BLD_push_octet_string(bld, "pub", public.p, public.n);
	else if (g->kind == GROUP_ECP)
		OSSL_PARAM_BLD_push_octet_string(bld, "pub", point, public.n + 1);
	else
		OSSL_PARAM_BLD_push_BN(bld, "pub", y);
	pair = OSSL_PARAM_BLD_to_param(bld);
	if (g->kind != GROUP_X)
		EVP_PKEY_todata(slot->peer, EVP_PKEY_KEY_PARAMETERS, &group);
	all = OSSL_PARAM_merge(pair, group);
	dh->group = g;
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &dh->key, EVP_PKEY_KEYPAIR, all) != 1) {
		free(dh);
		dh = NULL;
	}
	free(all);
	OSSL_PARAM_free(pair);
	OSSL_PARAM_free(group);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(x);
	BN_free(y);
	return dh;
}

/* The group's generator as KE would carry it, into out. */
static inline struct chunk
generator(struct crypto *c, const struct alg_group *g, uint8_t *out)
{
	struct crypto_group *slot = dh_slot(c, g, NULL);
	uint8_t point[1 + ALG_MAX_PUBLIC];
	BIGNUM *n = NULL;
	size_t len = 0;

	memset(out, 0, g->public_len);
	switch (g->kind) {
	case GROUP_MODP:
	case GROUP_MODP_SUBGROUP:
		T_EQ(EVP_PKEY_get_bn_param(slot->peer, OSSL_PKEY_PARAM_FFC_G, &n), 1);
		T_EQ(BN_bn2binpad(n, out, g->public_len), g->public_len);
		BN_free(n);
		break;
	case GROUP_ECP:
		T_EQ(EVP_PKEY_get_octet_string_param(slot->peer, OSSL_PKEY_PARAM_EC_GENERATOR,
			 point, sizeof(point), &len),
		    1);
		T_EQ(len, g->public_len + 1);
		memcpy(out, point + 1, g->public_len);
		break;
	case GROUP_X: /* RFC 7748 4 */
		out[0] = g->id == 31 ? 9 : 5;
		break;
	}
	return CHUNK(out, g->public_len);
}

#endif
