/* crypto/dh.c - Diffie-Hellman over MODP groups and curves. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <stdlib.h>
#include <string.h>

#include "crypto_local.h"

#define UNCOMPRESSED 4 /* leads X | Y in OpenSSL's encoding of a point, not in IKE's */

/*
 * Length of private values in groups 1 and 2, which OpenSSL does not know by name: "no less than
 * 160 bits" (RFC 2409 8), twice the strength of the larger group, as in the groups OpenSSL knows.
 */
#define SMALL_GROUP_PRIVATE_BITS 160

static bool
is_modp(const struct alg_group *g)
{
	return g->kind == GROUP_MODP || g->kind == GROUP_MODP_SUBGROUP;
}

static const char *
key_type(const struct alg_group *g)
{
	return is_modp(g) ? "DH" : g->kind == GROUP_ECP ? "EC" : g->ossl;
}

/* ---- what a group's slot holds ---- */

/* RFC 2409 6.1, 6.2: the primes; the generator is 2. */
static OSSL_PARAM *
small_group_params(const struct alg_group *g)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *p = g->id == 1 ? BN_get_rfc2409_prime_768(NULL) : BN_get_rfc2409_prime_1024(NULL);
	BIGNUM *two = BN_new();
	OSSL_PARAM *params = NULL;

	if (bld != NULL && p != NULL && two != NULL && BN_set_word(two, 2) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, p) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, two) == 1)
		params = OSSL_PARAM_BLD_to_param(bld);
	BN_free(two);
	BN_free(p);
	OSSL_PARAM_BLD_free(bld);
	return params;
}

/* An EVP_PKEY that holds a group's parameters and no key. */
static EVP_PKEY *
parameters(struct crypto *c, const struct alg_group *g)
{
	char *name = (char *)g->ossl; /* only read */
	OSSL_PARAM named[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
	    OSSL_PARAM_END};
	OSSL_PARAM *params = name == NULL ? small_group_params(g) : named;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lib, key_type(g), NULL);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	if (params != named)
		OSSL_PARAM_free(params);
	return key;
}

/* X25519 and X448 have no parameters, and no key without a value: the base point (RFC 7748 4). */
static EVP_PKEY *
any_x_key(struct crypto *c, const struct alg_group *g)
{
	uint8_t base[ALG_MAX_PUBLIC] = { g->bits == 255 ? 9 : 5 };

	return EVP_PKEY_new_raw_public_key_ex(c->lib, g->ossl, NULL, base, g->public_len);
}

static EVP_PKEY_CTX *
generator(struct crypto *c, const struct alg_group *g, EVP_PKEY *params)
{
	EVP_PKEY_CTX *ctx = g->kind == GROUP_X ? EVP_PKEY_CTX_new_from_name(c->lib, g->ossl, NULL) :
						 EVP_PKEY_CTX_new_from_pkey(c->lib, params, NULL);
	int bits = SMALL_GROUP_PRIVATE_BITS;
	OSSL_PARAM shorter[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_DH_PRIV_LEN, &bits), OSSL_PARAM_END};

	/* A length given with the parameters would be forgotten. */
	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	    (g->ossl != NULL || EVP_PKEY_CTX_set_params(ctx, shorter) == 1))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* What the checks of MODP values need. */
static bool
modp_init(struct crypto *c, const struct alg_group *g, struct crypto_group *slot)
{
	if (EVP_PKEY_get_bn_param(slot->peer, OSSL_PKEY_PARAM_FFC_P, &slot->p) != 1 ||
	    (slot->top = malloc(g->public_len)) == NULL ||
	    BN_bn2binpad(slot->p, slot->top, g->public_len) != g->public_len)
		return false;
	slot->top[g->public_len - 1]--; /* p is odd */
	if (g->kind != GROUP_MODP_SUBGROUP)
		return true;
	return EVP_PKEY_get_bn_param(slot->peer, OSSL_PKEY_PARAM_FFC_Q, &slot->q) == 1 &&
	    (slot->y = BN_new()) != NULL && (slot->z = BN_new()) != NULL &&
	    (slot->mont = BN_MONT_CTX_new()) != NULL &&
	    BN_MONT_CTX_set(slot->mont, slot->p, c->bn) == 1;
}

void
dh_group_fini(struct crypto_group *slot)
{
	EVP_PKEY_CTX_free(slot->generate);
	EVP_PKEY_free(slot->peer);
	BN_MONT_CTX_free(slot->mont);
	BN_free(slot->p);
	BN_free(slot->q);
	BN_free(slot->y);
	BN_free(slot->z);
	free(slot->top);
	*slot = (struct crypto_group){ .generate = NULL };
}

struct crypto_group *
dh_slot(struct crypto *c, const struct alg_group *g, struct why *w)
{
	struct crypto_group *slot = &c->groups[g - alg_groups];

	if (slot->generate != NULL)
		return slot;
	slot->peer = g->kind == GROUP_X ? any_x_key(c, g) : parameters(c, g);
	if (slot->peer != NULL && (!is_modp(g) || modp_init(c, g, slot)))
		slot->generate = generator(c, g, slot->peer);
	if (slot->generate != NULL)
		return slot;
	dh_group_fini(slot);
	(void)ossl_why(w, IKE_E_CRYPTO, "this OpenSSL cannot make the Diffie-Hellman group");
	return NULL;
}

/* ---- our pair ---- */

struct dh *
dh_generate(struct crypto *c, const struct alg_group *g, struct why *w)
{
	struct crypto_group *slot = dh_slot(c, g, w);
	struct dh *dh;

	if (slot == NULL)
		return NULL;
	if ((dh = calloc(1, sizeof(*dh))) == NULL) {
		(void)why(w, IKE_E_NOMEM, "no memory for a key pair");
		return NULL;
	}
	dh->group = g;
	if (EVP_PKEY_generate(slot->generate, &dh->key) != 1) {
		(void)ossl_why(w, IKE_E_CRYPTO, "no key pair");
		dh_free(dh);
		return NULL;
	}
	return dh;
}

void
dh_free(struct dh *dh)
{
	if (dh == NULL)
		return;
	EVP_PKEY_free(dh->key); /* wipes the private value */
	free(dh);
}

const struct alg_group *
dh_group(const struct dh *dh)
{
	return dh->group;
}

enum ike_err
dh_public(const struct dh *dh, uint8_t *out)
{
	uint8_t buf[ALG_MAX_PUBLIC];
	size_t lead = dh->group->kind == GROUP_ECP ? 1 : 0, n = 0; /* RFC 5903 7: without the 04 */

	if (EVP_PKEY_get_octet_string_param(dh->key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, buf,
		sizeof(buf), &n) == 1 &&
	    n == lead + dh->group->public_len && (lead == 0 || buf[0] == UNCOMPRESSED)) {
		memcpy(out, buf + lead, dh->group->public_len);
		return IKE_OK;
	}
	ERR_clear_error();
	return IKE_E_CRYPTO;
}

/* ---- the peer's value ---- */

/* Fill the slot's peer key; for a curve this is the check that the point lies on it. */
static bool
peer_set(struct crypto_group *slot, const struct alg_group *g, struct chunk peer)
{
	uint8_t buf[ALG_MAX_PUBLIC];

	if (g->kind != GROUP_ECP)
		return EVP_PKEY_set1_encoded_public_key(slot->peer, peer.p, peer.n) == 1;
	buf[0] = UNCOMPRESSED;
	memcpy(buf + 1, peer.p, peer.n);
	return EVP_PKEY_set1_encoded_public_key(slot->peer, buf, peer.n + 1) == 1;
}

/* RFC 6989 2.1: 1 < y < p - 1.  Public numbers, so comparing need not take constant time. */
static enum ike_err
range_check(const struct alg_group *g, const struct crypto_group *slot, struct chunk peer,
    struct why *w)
{
	size_t zeros = 0;

	while (zeros < peer.n && peer.p[zeros] == 0)
		zeros++;
	if (zeros == peer.n || (zeros == peer.n - 1 && peer.p[zeros] == 1))
		return why(w, IKE_E_BAD_KE, "public value is %u, group %u wants more than 1",
		    zeros == peer.n ? 0U : 1U, g->id);
	if (memcmp(peer.p, slot->top, peer.n) >= 0)
		return why(w, IKE_E_BAD_KE, "public value is not below p - 1 of group %u", g->id);
	return IKE_OK;
}

/* RFC 6989 2.2: y^q mod p = 1. */
static enum ike_err
subgroup_check(struct crypto *c, const struct alg_group *g, struct crypto_group *slot,
    struct chunk peer, struct why *w)
{
	if (BN_bin2bn(peer.p, (int)peer.n, slot->y) == NULL ||
	    BN_mod_exp_mont(slot->z, slot->y, slot->q, slot->p, c->bn, slot->mont) != 1)
		return ossl_why(w, IKE_E_CRYPTO, "subgroup check");
	if (!BN_is_one(slot->z))
		return why(w, IKE_E_BAD_KE, "public value is not in the subgroup of group %u",
		    g->id);
	return IKE_OK;
}

struct chunk
dh_top(struct crypto *c, const struct alg_group *g)
{
	const struct crypto_group *slot = dh_slot(c, g, NULL);

	return slot != NULL && slot->top != NULL ? CHUNK(slot->top, g->public_len) : CHUNK_NONE;
}

enum ike_err
dh_check_public(struct crypto *c, const struct alg_group *g, struct chunk peer, struct why *w)
{
	struct crypto_group *slot;
	enum ike_err e;

	if (peer.n != g->public_len)
		return why(w, IKE_E_BAD_KE, "public value of %zu octets, group %u wants %u", peer.n,
		    g->id, g->public_len);
	if ((slot = dh_slot(c, g, w)) == NULL)
		return IKE_E_CRYPTO;
	switch (g->kind) {
	case GROUP_MODP:
		return range_check(g, slot, peer, w);
	case GROUP_MODP_SUBGROUP:
		e = range_check(g, slot, peer, w);
		return e != IKE_OK ? e : subgroup_check(c, g, slot, peer, w);
	case GROUP_ECP:
		if (peer_set(slot, g, peer))
			return IKE_OK;
		ERR_clear_error();
		return why(w, IKE_E_BAD_KE, "public value is not a point of the curve of group %u",
		    g->id);
	case GROUP_X: /* every value is one; a zero secret shows in dh_derive */
		return IKE_OK;
	}
	return IKE_E_CRYPTO;
}

static bool
derive(struct crypto *c, const struct dh *dh, EVP_PKEY *peer, uint8_t *out)
{
	unsigned on = 1;
	OSSL_PARAM pad[] = { OSSL_PARAM_uint(OSSL_EXCHANGE_PARAM_PAD, &on), OSSL_PARAM_END };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, dh->key, NULL);
	size_t n = dh->group->secret_len;
	/* OpenSSL's own check of the peer would cost one more exponentiation; ours is made. */
	bool ok = ctx != NULL &&
	    EVP_PKEY_derive_init_ex(ctx, is_modp(dh->group) ? pad : NULL) == 1 &&
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 && EVP_PKEY_derive(ctx, out, &n) == 1 &&
	    n == dh->group->secret_len;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

enum ike_err
dh_derive(struct crypto *c, struct dh *dh, struct chunk peer, uint8_t *out, struct why *w)
{
	const struct alg_group *g = dh->group;
	struct crypto_group *slot = dh_slot(c, g, w);

	if (slot == NULL)
		return IKE_E_CRYPTO;
	if (peer.n != g->public_len)
		return why(w, IKE_E_BAD_KE, "public value of %zu octets, group %u wants %u", peer.n,
		    g->id, g->public_len);
	if (!peer_set(slot, g, peer))
		return ossl_why(w, IKE_E_BAD_KE, "unusable public value");
	if (derive(c, dh, slot->peer, out))
		return IKE_OK;
	if (g->kind == GROUP_X &&
	    ERR_GET_REASON(ERR_peek_last_error()) == PROV_R_FAILED_DURING_DERIVATION) {
		ERR_clear_error();
		return why(w, IKE_E_BAD_KE, "public value of low order, the secret would be zero");
	}
	return ossl_why(w, IKE_E_CRYPTO, "no shared secret");
}
