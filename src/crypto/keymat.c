/* crypto/keymat.c - the key formulas of RFC 2409. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/keymat.h"

#include <string.h>

#define COOKIE(p) CHUNK(p, 8)

/* prf(key, a | b | ...) and hash(a | b | ...), as the RFC writes them. */
#define PARTS(...)                                                                                 \
	(const struct chunk[]){ __VA_ARGS__ },                                                     \
	    sizeof((const struct chunk[]){ __VA_ARGS__ }) / sizeof(struct chunk)
#define PRF(key, out, ...)  crypto_prf(c, hash, key, PARTS(__VA_ARGS__), out)
#define HASH(out, ...)	    crypto_hash(c, hash, PARTS(__VA_ARGS__), out)
#define PRF_SECRET(key, s, ...) secret_made(PRF(key, (s)->b, __VA_ARGS__), hash->len, s)

/* The prf has written n octets into s, or has failed. */
static enum ike_err
secret_made(enum ike_err e, uint8_t n, struct secret *s)
{
	if (e != IKE_OK)
		secret_wipe(s);
	else
		s->n = n;
	return e;
}

static struct chunk
be32(uint32_t v, uint8_t buf[4])
{
	buf[0] = (uint8_t)(v >> 24);
	buf[1] = (uint8_t)(v >> 16);
	buf[2] = (uint8_t)(v >> 8);
	buf[3] = (uint8_t)v;
	return CHUNK(buf, 4);
}

enum ike_err
keymat_skeyid_psk(struct crypto *c, const struct alg_hash *hash, struct chunk psk, struct chunk ni,
    struct chunk nr, struct secret *skeyid)
{
	return PRF_SECRET(psk, skeyid, ni, nr);
}

enum ike_err
keymat_skeyid_sig(struct crypto *c, const struct alg_hash *hash, struct chunk ni, struct chunk nr,
    struct chunk gxy, struct secret *skeyid)
{
	uint8_t key[512]; /* nonces are of 8 to 256 octets, RFC 2409 5 */
	enum ike_err e;

	if (ni.n > sizeof(key) / 2 || nr.n > sizeof(key) / 2)
		return IKE_E_LIMIT;
	if (ni.n > 0)
		memcpy(key, ni.p, ni.n);
	if (nr.n > 0)
		memcpy(key + ni.n, nr.p, nr.n);
	e = PRF_SECRET(CHUNK(key, ni.n + nr.n), skeyid, gxy);
	secret_wipe_mem(key, sizeof(key));
	return e;
}

enum ike_err
keymat_skeyid_dae(struct crypto *c, const struct alg_hash *hash, struct chunk gxy,
    const uint8_t *cky_i, const uint8_t *cky_r, struct skeyids *keys)
{
	static const uint8_t octet[] = { 0, 1, 2 };
	struct chunk skeyid = secret_view(&keys->skeyid), cookie_i = COOKIE(cky_i),
		     cookie_r = COOKIE(cky_r);
	enum ike_err e;

	e = PRF_SECRET(skeyid, &keys->d, gxy, cookie_i, cookie_r, CHUNK(&octet[0], 1));
	if (e == IKE_OK)
		e = PRF_SECRET(skeyid, &keys->a, secret_view(&keys->d), gxy, cookie_i, cookie_r,
		    CHUNK(&octet[1], 1));
	if (e == IKE_OK)
		e = PRF_SECRET(skeyid, &keys->e, secret_view(&keys->a), gxy, cookie_i, cookie_r,
		    CHUNK(&octet[2], 1));
	if (e != IKE_OK) {
		secret_wipe(&keys->d);
		secret_wipe(&keys->a);
		secret_wipe(&keys->e);
	}
	return e;
}

/*
 * Appendix B: where SKEYID_e is too short, Ka = K1 | K2 | ..., K1 = prf(SKEYID_e, 0),
 * K2 = prf(SKEYID_e, K1), ...
 */
enum ike_err
keymat_cipher_key(struct crypto *c, const struct alg_hash *hash, const struct alg_cipher *cipher,
    struct chunk skeyid_e, struct secret *key)
{
	static const uint8_t zero[] = { 0 };
	uint8_t k[ALG_MAX_HASH];
	size_t need = cipher->key_bits / 8, have = 0;
	enum ike_err e = IKE_OK;

	if (need > SECRET_MAX)
		return IKE_E_LIMIT;
	if (skeyid_e.n >= need)
		return secret_set(key, CHUNK(skeyid_e.p, need));
	while (e == IKE_OK && have < need) {
		size_t n = need - have < hash->len ? need - have : hash->len;

		e = PRF(skeyid_e, k, have == 0 ? CHUNK(zero, 1) : CHUNK(k, hash->len));
		if (e == IKE_OK)
			memcpy(key->b + have, k, n);
		have += n;
	}
	secret_wipe_mem(k, sizeof(k));
	return secret_made(e, (uint8_t)need, key);
}

enum ike_err
keymat_iv_phase1(struct crypto *c, const struct alg_hash *hash, const struct alg_cipher *cipher,
    struct chunk gxi, struct chunk gxr, uint8_t *iv)
{
	uint8_t h[ALG_MAX_HASH];
	enum ike_err e = HASH(h, gxi, gxr);

	if (e == IKE_OK)
		memcpy(iv, h, cipher->block);
	return e;
}

enum ike_err
keymat_iv_phase2(struct crypto *c, const struct alg_hash *hash, const struct alg_cipher *cipher,
    const uint8_t *last_block, uint32_t msgid, uint8_t *iv)
{
	uint8_t h[ALG_MAX_HASH], id[4];
	enum ike_err e = HASH(h, CHUNK(last_block, cipher->block), be32(msgid, id));

	if (e == IKE_OK)
		memcpy(iv, h, cipher->block);
	return e;
}

enum ike_err
keymat_auth_hash(struct crypto *c, const struct alg_hash *hash, struct chunk skeyid,
    struct chunk gx_own, struct chunk gx_other, const uint8_t *cky_own, const uint8_t *cky_other,
    struct chunk sai_b, struct chunk id_b, uint8_t *out)
{
	return PRF(skeyid, out, gx_own, gx_other, COOKIE(cky_own), COOKIE(cky_other), sai_b, id_b);
}

enum ike_err
keymat_hash1(struct crypto *c, const struct alg_hash *hash, struct chunk skeyid_a, uint32_t msgid,
    struct chunk rest, uint8_t *out)
{
	uint8_t id[4];

	return PRF(skeyid_a, out, be32(msgid, id), rest);
}

enum ike_err
keymat_hash2(struct crypto *c, const struct alg_hash *hash, struct chunk skeyid_a, uint32_t msgid,
    struct chunk ni, struct chunk rest, uint8_t *out)
{
	uint8_t id[4];

	return PRF(skeyid_a, out, be32(msgid, id), ni, rest);
}

enum ike_err
keymat_hash3(struct crypto *c, const struct alg_hash *hash, struct chunk skeyid_a, uint32_t msgid,
    struct chunk ni, struct chunk nr, uint8_t *out)
{
	static const uint8_t zero[] = { 0 };
	uint8_t id[4];

	return PRF(skeyid_a, out, CHUNK(zero, 1), be32(msgid, id), ni, nr);
}

/* KEYMAT = K1 | K2 | ..., K1 = prf(SKEYID_d, seed), K2 = prf(SKEYID_d, K1 | seed), ... */
enum ike_err
keymat_phase2(struct crypto *c, const struct alg_hash *hash, struct chunk skeyid_d,
    struct chunk gqm_xy, uint8_t protocol, struct chunk spi, struct chunk ni, struct chunk nr,
    uint8_t *out, size_t n)
{
	uint8_t k[ALG_MAX_HASH];
	enum ike_err e = IKE_OK;

	for (size_t have = 0; e == IKE_OK && have < n;) {
		size_t take = n - have < hash->len ? n - have : hash->len;

		e = PRF(skeyid_d, k, CHUNK(k, have == 0 ? 0 : hash->len), gqm_xy,
		    CHUNK(&protocol, 1), spi, ni, nr);
		if (e == IKE_OK)
			memcpy(out + have, k, take);
		have += take;
	}
	secret_wipe_mem(k, sizeof(k));
	if (e != IKE_OK)
		secret_wipe_mem(out, n);
	return e;
}

enum ike_err
keymat_natd(struct crypto *c, const struct alg_hash *hash, const uint8_t *cky_i,
    const uint8_t *cky_r, struct chunk ip, uint16_t port, uint8_t *out)
{
	const uint8_t net[] = { (uint8_t)(port >> 8), (uint8_t)port };

	return HASH(out, COOKIE(cky_i), COOKIE(cky_r), ip, CHUNK(net, 2));
}
