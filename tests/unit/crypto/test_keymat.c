/*
 * tests/unit/crypto/test_keymat.c - RFC 2409's formulas against NIST, other products, recordings.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/keymat.h"

#include "vec.h"

#define FILE_NAME "tests/vectors/keymat.txt"

static uint8_t out[1024];

/* out begins with the octets of a key of the section. */
static void
out_is(struct vec *v, const char *key)
{
	struct chunk want = vec_hex(v, key);

	T_MEM(out, want.n, want.p, want.n);
	T_TRUE(want.n > 0);
}

static void
secret_is(struct vec *v, const char *key, const struct secret *s)
{
	struct chunk want = vec_hex(v, key);

	T_MEM(s->b, s->n, want.p, want.n);
	T_TRUE(want.n > 0);
}

static struct secret
secret_of(struct vec *v, const char *key)
{
	struct secret s = { 0 };

	T_OK(secret_set(&s, vec_hex(v, key)));
	return s;
}

static void
skeyid_psk(struct vec *v)
{
	struct secret s = { 0 };

	T_OK(keymat_skeyid_psk(v->c, vec_hash(v), vec_hex(v, "psk"), vec_hex(v, "ni"),
	    vec_hex(v, "nr"), &s));
	secret_is(v, "skeyid", &s);
}

static void
skeyid_sig(struct vec *v)
{
	struct secret s = { 0 };

	T_OK(keymat_skeyid_sig(v->c, vec_hash(v), vec_hex(v, "ni"), vec_hex(v, "nr"),
	    vec_hex(v, "gxy"), &s));
	secret_is(v, "skeyid", &s);
}

static void
skeyid_dae(struct vec *v)
{
	struct skeyids k = { .skeyid = secret_of(v, "skeyid") };

	T_OK(keymat_skeyid_dae(v->c, vec_hash(v), vec_hex(v, "gxy"), vec_hex(v, "cky_i").p,
	    vec_hex(v, "cky_r").p, &k));
	secret_is(v, "skeyid", &k.skeyid);
	secret_is(v, "d", &k.d);
	secret_is(v, "a", &k.a);
	secret_is(v, "e", &k.e);
}

static void
cipher_key(struct vec *v)
{
	struct alg_cipher cipher = { .key_bits = (uint16_t)vec_number(v, "bits") };
	struct secret key = { 0 };

	T_OK(keymat_cipher_key(v->c, vec_hash(v), &cipher, vec_hex(v, "skeyid_e"), &key));
	secret_is(v, "key", &key);
}

static void
iv_phase1(struct vec *v)
{
	T_OK(keymat_iv_phase1(v->c, vec_hash(v), vec_cipher(v), vec_hex(v, "gxi"),
	    vec_hex(v, "gxr"), out));
	out_is(v, "iv");
}

static void
iv_phase2(struct vec *v)
{
	T_OK(keymat_iv_phase2(v->c, vec_hash(v), vec_cipher(v), vec_hex(v, "last").p,
	    vec_u32(v, "msgid"), out));
	out_is(v, "iv");
}

static int new_exchanges;

static void
iv_of_message(struct vec *v)
{
	if (vec_text(v, "last") == NULL)
		return;
	new_exchanges++;
	T_OK(keymat_iv_phase2(v->c, alg_hash_named("sha1"), vec_cipher(v), vec_hex(v, "last").p,
	    vec_u32(v, "msgid"), out));
	out_is(v, "iv");
}

static void
auth_hash(struct vec *v)
{
	T_OK(keymat_auth_hash(v->c, vec_hash(v), vec_hex(v, "skeyid"), vec_hex(v, "gx_own"),
	    vec_hex(v, "gx_other"), vec_hex(v, "cky_own").p, vec_hex(v, "cky_other").p,
	    vec_hex(v, "sai"), vec_hex(v, "id"), out));
	out_is(v, "out");
}

static void
hash1(struct vec *v)
{
	T_OK(keymat_hash1(v->c, vec_hash(v), vec_hex(v, "skeyid_a"), vec_u32(v, "msgid"),
	    vec_hex(v, "rest"), out));
	out_is(v, "out");
}

static void
hash2(struct vec *v)
{
	T_OK(keymat_hash2(v->c, vec_hash(v), vec_hex(v, "skeyid_a"), vec_u32(v, "msgid"),
	    vec_hex(v, "ni"), vec_hex(v, "rest"), out));
	out_is(v, "out");
}

static void
hash3(struct vec *v)
{
	T_OK(keymat_hash3(v->c, vec_hash(v), vec_hex(v, "skeyid_a"), vec_u32(v, "msgid"),
	    vec_hex(v, "ni"), vec_hex(v, "nr"), out));
	out_is(v, "out");
}

static void
keymat(struct vec *v)
{
	struct chunk want = vec_hex(v, "keymat");

	/* Every shorter length is a prefix, and nothing is written behind it. */
	for (size_t n = 0; n <= want.n; n++) {
		memset(out, 0xee, sizeof(out));
		T_OK(keymat_phase2(v->c, vec_hash(v), vec_hex(v, "skeyid_d"), vec_hex(v, "gqm"),
		    (uint8_t)vec_number(v, "protocol"), vec_hex(v, "spi"), vec_hex(v, "ni"),
		    vec_hex(v, "nr"), out, n));
		T_MEM(out, n, want.p, n);
		T_EQ(out[n], 0xee);
	}
}

static void
natd(struct vec *v)
{
	T_OK(keymat_natd(v->c, vec_hash(v), vec_hex(v, "cky_i").p, vec_hex(v, "cky_r").p,
	    vec_hex(v, "ip"), (uint16_t)vec_number(v, "port"), out));
	out_is(v, "out");
}

#define VECTORS(kind, fn, count)                                                                   \
	static void fn##_known(void)                                                               \
	{                                                                                          \
		vec_each(FILE_NAME, kind, count, fn);                                              \
	}
VECTORS("skeyid psk", skeyid_psk, 11)
VECTORS("skeyid sig", skeyid_sig, 5)
VECTORS("skeyid dae", skeyid_dae, 13)
VECTORS("cipher key", cipher_key, 11)
VECTORS("iv phase1", iv_phase1, 6)
VECTORS("iv phase2", iv_phase2, 1)
VECTORS("auth hash", auth_hash, 8)
VECTORS("hash1", hash1, 3)
VECTORS("hash2", hash2, 2)
VECTORS("hash3", hash3, 2)
VECTORS("keymat", keymat, 10)
VECTORS("natd", natd, 3)

static void
ivs_of_recorded_exchanges(void)
{
	new_exchanges = 0;
	vec_each("tests/vectors/message.txt", "message", 11, iv_of_message);
	T_EQ(new_exchanges, 3);
}

/* SKEYID_e of 20 octets: the leading ones up to 160 bits, from there on the expansion. */
static void
expansion_starts_where_the_hash_ends(void)
{
	const struct alg_hash *sha1 = alg_hash_named("sha1");
	struct alg_cipher fits = { .key_bits = 160 }, longer = { .key_bits = 168 };
	struct crypto *c = crypto_new(NULL);
	uint8_t e[20] = { 1, 2, 3 };
	struct secret key = { 0 };

	T_OK(keymat_cipher_key(c, sha1, &fits, CHUNK(e, 20), &key));
	T_MEM(key.b, key.n, e, 20);
	T_OK(keymat_cipher_key(c, sha1, &longer, CHUNK(e, 20), &key));
	T_EQ(key.n, 21);
	T_TRUE(memcmp(key.b, e, 20) != 0);
	crypto_free(c);
}

static void
limits(void)
{
	const struct alg_hash *sha1 = alg_hash_named("sha1");
	struct alg_cipher huge = { .key_bits = (SECRET_MAX + 1) * 8 };
	struct crypto *c = crypto_new(NULL);
	struct secret key = { 0 };
	uint8_t nonce[257] = { 0 };

	T_ERR(keymat_cipher_key(c, sha1, &huge, CHUNK(nonce, 20), &key), IKE_E_LIMIT);
	T_ERR(keymat_skeyid_sig(c, sha1, CHUNK(nonce, 257), CHUNK(nonce, 8), CHUNK(nonce, 128),
		  &key),
	    IKE_E_LIMIT);
	T_ERR(keymat_skeyid_sig(c, sha1, CHUNK(nonce, 8), CHUNK(nonce, 257), CHUNK(nonce, 128),
		  &key),
	    IKE_E_LIMIT);
	crypto_free(c);
}

/* What a failed call was to make is wiped, not half made. */
static void
failure_leaves_nothing(void)
{
	struct alg_hash nobodys = *alg_hash_named("sha1");
	struct crypto *c = crypto_new(NULL);
	struct skeyids k;
	uint8_t cky[8] = { 0 }, zeros[96] = { 0 };

	memset(&k, 0xee, sizeof(k));
	k.skeyid.n = 20;
	T_ERR(keymat_skeyid_dae(c, &nobodys, CHUNK(cky, 8), cky, cky, &k), IKE_E_CRYPTO);
	T_MEM(&k.d, sizeof(k.d), zeros, sizeof(k.d));
	T_MEM(&k.a, sizeof(k.a), zeros, sizeof(k.a));
	T_MEM(&k.e, sizeof(k.e), zeros, sizeof(k.e));
	memset(out, 0xee, sizeof(out));
	T_ERR(keymat_phase2(c, &nobodys, CHUNK(cky, 8), CHUNK_NONE, 3, CHUNK(cky, 4), CHUNK(cky, 8),
		  CHUNK(cky, 8), out, 96),
	    IKE_E_CRYPTO);
	T_MEM(out, 96, zeros, 96);
	crypto_free(c);
}

int
main(void)
{
	T_RUN(skeyid_psk_known);
	T_RUN(skeyid_sig_known);
	T_RUN(skeyid_dae_known);
	T_RUN(cipher_key_known);
	T_RUN(iv_phase1_known);
	T_RUN(iv_phase2_known);
	T_RUN(ivs_of_recorded_exchanges);
	T_RUN(auth_hash_known);
	T_RUN(hash1_known);
	T_RUN(hash2_known);
	T_RUN(hash3_known);
	T_RUN(keymat_known);
	T_RUN(natd_known);
	T_RUN(expansion_starts_where_the_hash_ends);
	T_RUN(limits);
	T_RUN(failure_leaves_nothing);
	return T_DONE();
}
