/* crypto/crypto_local.h - what the files of this room share. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_LOCAL_H
#define CRYPTO_LOCAL_H

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "crypto/crypto.h"

struct crypto_cipher {	    /* one row of alg_ciphers, phase 1 only */
	EVP_CIPHER_CTX *ctx; /* cipher set, padding off; NULL: not there */
};

struct crypto_hash {	   /* one row of alg_hashes */
	EVP_MD	    *md;   /* NULL: not there */
	EVP_MD_CTX  *ctx;  /* md set */
	EVP_MAC_CTX *hmac; /* digest set */
};

/* One row of alg_groups, made when the group is first used. */
struct crypto_group {
	EVP_PKEY_CTX *generate; /* holds the parameters, makes our pairs; NULL: not made */
	EVP_PKEY     *peer;	/* holds the parameters, takes the peer's value of the moment */
	uint8_t	     *top;	/* MODP: p - 1, public_len octets */
	BIGNUM	     *p;	/* MODP */
	BIGNUM	     *q, *y, *z; /* groups 22-24 only: the subgroup's order, room for its check */
	BN_MONT_CTX  *mont;
};

struct crypto {
	OSSL_LIB_CTX	     *lib;
	OSSL_PROVIDER	     *standard, *legacy, *replay;
	BN_CTX		     *bn;
	struct crypto_cipher *ciphers; /* as many as alg_ciphers has rows */
	struct crypto_hash   *hashes;
	struct crypto_group  *groups;
};

struct dh {
	const struct alg_group *group;
	EVP_PKEY	       *key;
};

/*
 * Record IKE_E_CRYPTO (or the given code) with what was tried and OpenSSL's last reason, empty its
 * error queue, and return the code.  why may be NULL.
 */
enum ike_err ossl_why(struct why *, enum ike_err, const char *what);

/* The slot of a row, NULL if the row is not of our tables. */
struct crypto_cipher *ossl_cipher(struct crypto *, const struct alg_cipher *);
struct crypto_hash   *ossl_hash(struct crypto *, const struct alg_hash *);

/* The slot of a group, parameters made; NULL and why if OpenSSL cannot.  Freed by dh_group_fini. */
struct crypto_group *dh_slot(struct crypto *, const struct alg_group *, struct why *);
void		     dh_group_fini(struct crypto_group *);

/* A library context whose every random octet is of a fixed stream made of seed; NULL on failure. */
OSSL_LIB_CTX *replay_lib_new(uint64_t seed, OSSL_PROVIDER **);

#endif
