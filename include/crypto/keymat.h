/*
 * crypto/keymat.h - the key formulas of RFC 2409, written to look like the RFC.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_KEYMAT_H
#define CRYPTO_KEYMAT_H

#include "crypto/crypto.h"

struct skeyids { /* RFC 2409 5; each of hash->len octets */
	struct secret skeyid, d, a, e;
};

/* SKEYID = prf(pre-shared-key, Ni_b | Nr_b). */
enum ike_err keymat_skeyid_psk(struct crypto *, const struct alg_hash *, struct chunk psk,
    struct chunk ni, struct chunk nr, struct secret *skeyid) MUST_USE;

/* SKEYID = prf(Ni_b | Nr_b, g^xy) for signatures. */
enum ike_err keymat_skeyid_sig(struct crypto *, const struct alg_hash *, struct chunk ni,
    struct chunk nr, struct chunk gxy, struct secret *skeyid) MUST_USE;

/* SKEYID_d, _a, _e from keys->skeyid, g^xy and the cookies (8 octets each). */
enum ike_err keymat_skeyid_dae(struct crypto *, const struct alg_hash *, struct chunk gxy,
    const uint8_t *cky_i, const uint8_t *cky_r, struct skeyids *keys) MUST_USE;

/*
 * The cipher's key from SKEYID_e: its leading octets or the expansion of appendix B; key_bits / 8
 * octets into key.
 */
enum ike_err keymat_cipher_key(struct crypto *, const struct alg_hash *, const struct alg_cipher *,
    struct chunk skeyid_e, struct secret *key) MUST_USE;

/* Phase 1's first IV = hash(g^xi | g^xr), block octets (appendix B). */
enum ike_err keymat_iv_phase1(struct crypto *, const struct alg_hash *, const struct alg_cipher *,
    struct chunk gxi, struct chunk gxr, uint8_t *iv) MUST_USE;

/*
 * A later exchange's first IV = hash(last phase 1 block | M-ID), block octets; msgid in host order.
 */
enum ike_err keymat_iv_phase2(struct crypto *, const struct alg_hash *, const struct alg_cipher *,
    const uint8_t *last_block, uint32_t msgid, uint8_t *iv) MUST_USE;

/*
 * HASH_I or HASH_R (RFC 2409 5): prf(SKEYID, g^x_own | g^x_other | CKY_own | CKY_other | SAi_b |
 * ID_own_b), hash->len octets into out.
 */
enum ike_err keymat_auth_hash(struct crypto *, const struct alg_hash *, struct chunk skeyid,
    struct chunk gx_own, struct chunk gx_other, const uint8_t *cky_own, const uint8_t *cky_other,
    struct chunk sai_b, struct chunk id_b, uint8_t *out) MUST_USE;

/* HASH(1), and HASH of informational exchanges: prf(SKEYID_a, M-ID | rest) (RFC 2409 5.5, 5.7). */
enum ike_err keymat_hash1(struct crypto *, const struct alg_hash *, struct chunk skeyid_a,
    uint32_t msgid, struct chunk rest, uint8_t *out) MUST_USE;
/* HASH(2) = prf(SKEYID_a, M-ID | Ni_b | rest). */
enum ike_err keymat_hash2(struct crypto *, const struct alg_hash *, struct chunk skeyid_a,
    uint32_t msgid, struct chunk ni, struct chunk rest, uint8_t *out) MUST_USE;
/* HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b). */
enum ike_err keymat_hash3(struct crypto *, const struct alg_hash *, struct chunk skeyid_a,
    uint32_t msgid, struct chunk ni, struct chunk nr, uint8_t *out) MUST_USE;

/*
 * KEYMAT of one direction (RFC 2409 5.5): n octets into out.  gqm_xy: empty without PFS.  spi: 4
 * octets, the receiver's.
 */
enum ike_err keymat_phase2(struct crypto *, const struct alg_hash *, struct chunk skeyid_d,
    struct chunk gqm_xy, uint8_t protocol, struct chunk spi, struct chunk ni, struct chunk nr,
    uint8_t *out, size_t n) MUST_USE;

/*
 * NAT-D = hash(CKY-I | CKY-R | IP | port) (RFC 3947 3.2); ip: 4 or 16 octets, port in host order;
 * hash->len octets into out.
 */
enum ike_err keymat_natd(struct crypto *, const struct alg_hash *, const uint8_t *cky_i,
    const uint8_t *cky_r, struct chunk ip, uint16_t port, uint8_t *out) MUST_USE;

#endif
