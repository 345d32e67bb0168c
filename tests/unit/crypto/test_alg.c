/*
 * tests/unit/crypto/test_alg.c - the tables against the RFCs' numbers and against OpenSSL's sizes.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "vec.h"

static void
every_cipher_is_found_by_its_numbers(void)
{
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++) {
		unsigned bits = a->key_length_attr ? a->key_bits : 0;

		T_TRUE(a->ike_id != 0 || a->esp_id != 0);
		if (a->ike_id != 0)
			T_STR(alg_cipher_ike(a->ike_id, bits)->name, a->name);
		if (a->esp_id != 0)
			T_STR(alg_cipher_esp(a->esp_id, bits)->name, a->name);
		T_STR(alg_cipher_named(a->name)->name, a->name);
		for (const struct alg_cipher *b = alg_ciphers; b < a; b++)
			T_TRUE(strcmp(a->name, b->name) != 0 && strcmp(a->label, b->label) != 0);
	}
}

/* RFC 2409 A, RFC 2407 4.4.4 and IANA's registry, row by row. */
static void
cipher_numbers(void)
{
	static const struct {
		const char *name;
		int	    ike, esp, bits, salt, icv;
	} want[] = {
	    {"des", 1, 2, 64, 0, 0},
	    {"3des", 5, 3, 192, 0, 0},
	    {"aes-128", 7, 12, 128, 0, 0},
	    {"aes-192", 7, 12, 192, 0, 0},
	    {"aes-256", 7, 12, 256, 0, 0},
	    {"blowfish", 3, 7, 128, 0, 0},
	    {"cast", 6, 6, 128, 0, 0},
	    {"camellia-128", 8, 22, 128, 0, 0},
	    {"camellia-192", 8, 22, 192, 0, 0},
	    {"camellia-256", 8, 22, 256, 0, 0},
	    {"aes-128-ctr", 0, 13, 128, 4, 0},
	    {"aes-192-ctr", 0, 13, 192, 4, 0},
	    {"aes-256-ctr", 0, 13, 256, 4, 0},
	    {"aes-128-gcm-8", 0, 18, 128, 4, 8},
	    {"aes-192-gcm-8", 0, 18, 192, 4, 8},
	    {"aes-256-gcm-8", 0, 18, 256, 4, 8},
	    {"aes-128-gcm-12", 0, 19, 128, 4, 12},
	    {"aes-192-gcm-12", 0, 19, 192, 4, 12},
	    {"aes-256-gcm-12", 0, 19, 256, 4, 12},
	    {"aes-128-gcm-16", 0, 20, 128, 4, 16},
	    {"aes-192-gcm-16", 0, 20, 192, 4, 16},
	    {"aes-256-gcm-16", 0, 20, 256, 4, 16},
	    {"null", 0, 11, 0, 0, 0},
	};
	size_t n = 0;

	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++, n++) {
		if (!T_TRUE(n < ARRAY_LEN(want)))
			return;
		T_STR(a->name, want[n].name);
		T_EQ(a->ike_id, want[n].ike);
		T_EQ(a->esp_id, want[n].esp);
		T_EQ(a->key_bits, want[n].bits);
		T_EQ(a->salt, want[n].salt);
		T_EQ(a->icv, want[n].icv);
		T_EQ(a->key_length_attr,
		    want[n].bits != 64 && want[n].bits != 0 && strcmp(a->name, "3des") != 0);
		T_TRUE(a->key_bits / 8 + a->salt <= ALG_MAX_KEY);
	}
	T_EQ(n, ARRAY_LEN(want));
}

static void
key_length_attribute(void)
{
	T_STR(alg_cipher_ike(7, 0)->name, "aes-128");
	T_STR(alg_cipher_esp(20, 0)->name, "aes-128-gcm-16");
	T_STR(alg_cipher_ike(3, 0)->name, "blowfish");
	T_TRUE(alg_cipher_ike(7, 64) == NULL);
	T_TRUE(alg_cipher_ike(7, 127) == NULL);
	T_TRUE(alg_cipher_ike(7, 65536 + 128) == NULL);
	T_TRUE(alg_cipher_ike(5, 192) == NULL);
	T_TRUE(alg_cipher_ike(1, 64) == NULL);
	T_TRUE(alg_cipher_esp(3, 192) == NULL);
	T_TRUE(alg_cipher_esp(11, 128) == NULL);
	T_TRUE(alg_cipher_ike(0, 0) == NULL);
	T_TRUE(alg_cipher_esp(0, 0) == NULL);
	T_TRUE(alg_cipher_ike(13, 128) == NULL);
	T_TRUE(alg_cipher_ike(65001, 0) == NULL);
	T_TRUE(alg_cipher_esp(255, 0) == NULL);
}

static void
words_people_type(void)
{
	T_STR(alg_cipher_named("aes")->name, "aes-128");
	T_STR(alg_cipher_named("AES-256")->name, "aes-256");
	T_STR(alg_cipher_named("aes256")->name, "aes-256");
	T_STR(alg_cipher_named("3DES")->name, "3des");
	T_STR(alg_cipher_named("aes-gcm")->name, "aes-128-gcm-16");
	T_STR(alg_cipher_named("aes-gcm-192")->name, "aes-192-gcm-16");
	T_STR(alg_cipher_named("aes-gcm-256")->name, "aes-256-gcm-16");
	T_STR(alg_cipher_named("aes256gcm16")->name, "aes-256-gcm-16");
	T_STR(alg_cipher_named("aes128gcm8")->name, "aes-128-gcm-8");
	T_STR(alg_cipher_named("aes192ctr")->name, "aes-192-ctr");
	T_STR(alg_cipher_named("camellia256")->name, "camellia-256");
	T_STR(alg_cipher_named("cast128")->name, "cast");
	T_TRUE(alg_cipher_named("aes-512") == NULL);
	T_TRUE(alg_cipher_named("") == NULL);
	T_STR(alg_hash_named("sha")->name, "sha1");
	T_STR(alg_hash_named("SHA256")->name, "sha256");
	T_STR(alg_hash_named("sha-512")->name, "sha512");
	T_TRUE(alg_hash_named("sha3") == NULL);
	T_TRUE(alg_hash_named("none") == NULL);
	T_STR(alg_integ_named("sha")->name, "sha1");
	T_STR(alg_integ_named("sha-hmac")->name, "sha1");
	T_STR(alg_integ_named("md5-hmac")->name, "md5");
	T_STR(alg_integ_named("sha384-hmac")->name, "sha384");
	T_STR(alg_integ_named("aesxcbc")->name, "aes-xcbc");
	T_STR(alg_integ_named("none")->name, "none");
	T_TRUE(alg_integ_named("null") == NULL);
}

/* RFC 2409 A, RFC 4868; RFC 2407 4.5, 4.4.3, IANA. */
static void
hash_and_integrity_numbers(void)
{
	static const struct {
		const char *name;
		int	    ike, len, auth, ah, key, icv;
	} want[] = {
	    {"md5", 1, 16, 1, 2, 16, 12},
	    {"sha1", 2, 20, 2, 3, 20, 12},
	    {"sha256", 4, 32, 5, 5, 32, 16},
	    {"sha384", 5, 48, 6, 6, 48, 24},
	    {"sha512", 6, 64, 7, 7, 64, 32},
	    {"aes-xcbc", -1, 0, 9, 9, 16, 12},
	    {"none", -1, 0, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct alg_integ *a = &alg_integs[i];

		T_STR(a->name, want[i].name);
		T_EQ(a->auth_id, want[i].auth);
		T_EQ(a->ah_id, want[i].ah);
		T_EQ(a->key, want[i].key);
		T_EQ(a->icv, want[i].icv);
		T_STR(alg_integ_auth(a->auth_id)->name, a->name);
		T_STR(alg_integ_named(a->name)->name, a->name);
		if (want[i].ike < 0)
			continue;
		T_STR(alg_hashes[i].name, want[i].name);
		T_EQ(alg_hashes[i].ike_id, want[i].ike);
		T_EQ(alg_hashes[i].len, want[i].len);
		T_STR(alg_hash_ike(alg_hashes[i].ike_id)->name, want[i].name);
	}
	T_TRUE(alg_integs[ARRAY_LEN(want)].name == NULL);
	T_TRUE(alg_hashes[5].name == NULL);
	T_TRUE(alg_hash_ike(3) == NULL); /* Tiger */
	T_TRUE(alg_hash_ike(0) == NULL);
	T_TRUE(alg_integ_auth(3) == NULL); /* DES-MAC */
	T_TRUE(alg_integ_auth(65535) == NULL);
}

static void
sizes_as_openssl_has_them(void)
{
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *standard = OSSL_PROVIDER_load(lib, "default");
	OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(lib, "legacy");

	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++) {
		EVP_CIPHER *c = a->ossl != NULL ? EVP_CIPHER_fetch(lib, a->ossl, NULL) : NULL;

		if (a->ossl == NULL)
			continue;
		T_EQ(EVP_CIPHER_get_key_length(c), a->key_bits / 8);
		if (a->kind == ALG_CBC)
			T_EQ(EVP_CIPHER_get_block_size(c), a->block);
		T_EQ(EVP_CIPHER_get_mode(c),
		    a->kind == ALG_CBC	   ? EVP_CIPH_CBC_MODE :
			a->kind == ALG_CTR ? EVP_CIPH_CTR_MODE :
					     EVP_CIPH_GCM_MODE);
		EVP_CIPHER_free(c);
	}
	for (const struct alg_hash *a = alg_hashes; a->name != NULL; a++) {
		EVP_MD *md = EVP_MD_fetch(lib, a->ossl, NULL);

		T_EQ(EVP_MD_get_size(md), a->len);
		T_TRUE(a->len <= ALG_MAX_HASH);
		EVP_MD_free(md);
	}
	OSSL_PROVIDER_unload(legacy);
	OSSL_PROVIDER_unload(standard);
	OSSL_LIB_CTX_free(lib);
}

static void
groups(void)
{
	static const unsigned ids[] = {1, 2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
	    27, 28, 29, 30, 31, 32};

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const struct alg_group *g = alg_group_id(ids[i]);

		if (!T_TRUE(g != NULL))
			continue;
		T_EQ(g->id, ids[i]);
		switch (g->kind) {
		case GROUP_MODP:
		case GROUP_MODP_SUBGROUP:
			T_EQ(g->public_len, g->bits / 8);
			T_EQ(g->secret_len, g->public_len);
			T_EQ(g->kind == GROUP_MODP_SUBGROUP, g->id >= 22 && g->id <= 24);
			break;
		/* X and Y, each a whole number of octets; X alone (RFC 5903 7, 9) */
		case GROUP_ECP:
			T_EQ(g->secret_len, (g->bits + 7) / 8);
			T_EQ(g->public_len, 2 * g->secret_len);
			break;
		case GROUP_X:
			T_EQ(g->public_len, (g->bits + 7) / 8);
			T_EQ(g->secret_len, g->public_len);
			break;
		}
		T_TRUE(g->public_len <= ALG_MAX_PUBLIC);
	}
	T_EQ(alg_groups[ARRAY_LEN(ids)].id, 0);
	T_TRUE(alg_group_id(0) == NULL);
	T_TRUE(alg_group_id(3) == NULL);
	T_TRUE(alg_group_id(65536 + 14) == NULL);
}

int
main(void)
{
	T_RUN(every_cipher_is_found_by_its_numbers);
	T_RUN(cipher_numbers);
	T_RUN(key_length_attribute);
	T_RUN(words_people_type);
	T_RUN(hash_and_integrity_numbers);
	T_RUN(sizes_as_openssl_has_them);
	T_RUN(groups);
	return T_DONE();
}
