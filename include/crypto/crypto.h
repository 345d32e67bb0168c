/*
 * crypto/crypto.h - one worker's door to OpenSSL: hashes, PRF, CBC, Diffie-Hellman, randomness.
 *
 * A struct crypto has an OpenSSL library context of its own, with every algorithm fetched once, so
 * workers share nothing.  It is used by one thread.  Outputs are the caller's memory.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/cur.h"
#include "base/secret.h"
#include "crypto/alg.h"

struct crypto;

/* A new context. NULL and why when OpenSSL fails.  Free with crypto_free (NULL is fine). */
struct crypto *crypto_new(struct why *);
void	       crypto_free(struct crypto *);

/*
 * A context whose random numbers are a fixed stream made of seed: for tests, fuzzing and replayed
 * conversations only.  Key generation draws from the same stream.
 */
struct crypto *crypto_new_replay(uint64_t seed, struct why *);

/*
 * Load the legacy provider (DES, Blowfish, CAST): only when a policy names such a cipher.
 * Idempotent.
 */
enum ike_err crypto_use_legacy(struct crypto *, struct why *) MUST_USE;

/*
 * Does this OpenSSL, with the providers loaded, have the algorithm? why (may be NULL) says what is
 * missing.
 */
bool crypto_has_cipher(struct crypto *, const struct alg_cipher *, struct why *);
bool crypto_has_hash(struct crypto *, const struct alg_hash *, struct why *);
bool crypto_has_group(struct crypto *, const struct alg_group *, struct why *);

/* n octets that nobody can foretell (RAND_bytes); aborts the process if the generator fails. */
void crypto_random(struct crypto *, uint8_t *out, size_t n);

/* hash(parts[0] | parts[1] | ...), alg->len octets into out. */
enum ike_err crypto_hash(struct crypto *, const struct alg_hash *, const struct chunk *parts,
    size_t count, uint8_t *out) MUST_USE;

/* prf(key, parts[0] | parts[1] | ...) = HMAC, alg->len octets into out. RFC 2409 4. */
enum ike_err crypto_prf(struct crypto *, const struct alg_hash *, struct chunk key,
    const struct chunk *parts, size_t count, uint8_t *out) MUST_USE;

/*
 * CBC without padding, in and out n octets (a multiple of the block; they may be the same memory).
 * key: key_bits / 8 octets; iv: block octets, not changed.  RFC 2409 5.1, B.
 */
enum ike_err crypto_encrypt(struct crypto *, const struct alg_cipher *, struct chunk key,
    const uint8_t *iv, const uint8_t *in, uint8_t *out, size_t n) MUST_USE;
enum ike_err crypto_decrypt(struct crypto *, const struct alg_cipher *, struct chunk key,
    const uint8_t *iv, const uint8_t *in, uint8_t *out, size_t n) MUST_USE;

/* Constant-time comparison of secrets and hashes. */
bool crypto_equal(struct chunk a, struct chunk b);

/* ---- Diffie-Hellman ---- */

struct dh; /* our key pair of one exchange */

/*
 * Generate a pair; NULL and why on failure.  Free with dh_free (NULL is fine) before crypto_free.
 * The private value is of the length that fits the group's strength, not of the group's.
 */
struct dh *dh_generate(struct crypto *, const struct alg_group *, struct why *);
void	   dh_free(struct dh *);

const struct alg_group *dh_group(const struct dh *);

/*
 * Our public value as KE carries it: group->public_len octets, left-padded (RFC 2409 5), X|Y for
 * ECP (RFC 5903 7). Into out.
 */
enum ike_err dh_public(const struct dh *, uint8_t *out) MUST_USE;

/*
 * Is the peer's public value usable: its length, 1 < y < p - 1 (RFC 6989 2.1), in the subgroup for
 * groups 22-24 (2.2), on the curve (2.3)?  IKE_E_BAD_KE and why otherwise.  Call it when KE
 * arrives: it costs nothing to speak of, but in groups 22-24, where it is one exponentiation more.
 */
enum ike_err dh_check_public(struct crypto *, const struct alg_group *, struct chunk peer,
    struct why *) MUST_USE;

/* p - 1 of a MODP group, public_len octets, good as long as the crypto; CHUNK_NONE for curves. */
struct chunk dh_top(struct crypto *, const struct alg_group *);

/*
 * g^xy, exactly group->secret_len octets, left-padded, into out (ALG_MAX_PUBLIC always holds it).
 * peer must have passed dh_check_public; an all-zero X25519 or X448 secret is IKE_E_BAD_KE (RFC
 * 7748 6.1).  The caller wipes out.
 */
enum ike_err dh_derive(struct crypto *, struct dh *, struct chunk peer, uint8_t *out,
    struct why *) MUST_USE;

#endif
