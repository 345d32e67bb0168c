/* crypto/alg.c - the tables of algorithms and their lookups. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/alg.h"

#include <string.h>
#include <strings.h>

#include "base/compiler.h"

#define VARIABLE_DEFAULT 128 /* key bits when a Key Length attribute is missing */

/*
 * RFC 2409 A, RFC 2407 4.4.4, RFC 2451, 3602, 3686, 4106, 4312 and IANA's registry.  A cipher in
 * both columns is the same in phase 1 and in ESP.
 */
const struct alg_cipher alg_ciphers[] = {
	/*
	 * name, label, IKE, ESP, kind, bits, attribute, block, salt, ICV, legacy, OpenSSL,
	 * Wireshark
	 */
	{ "des", "DES-CBC", 1, 2, ALG_CBC, 64, false, 8, 0, 0, true, "DES-CBC", "DES-CBC [RFC2405]" },
	{ "3des", "3DES-CBC", 5, 3, ALG_CBC, 192, false, 8, 0, 0, false, "DES-EDE3-CBC", "TripleDES-CBC [RFC2451]" },
	{ "aes-128", "AES-CBC-128", 7, 12, ALG_CBC, 128, true, 16, 0, 0, false, "AES-128-CBC", "AES-CBC [RFC3602]" },
	{ "aes-192", "AES-CBC-192", 7, 12, ALG_CBC, 192, true, 16, 0, 0, false, "AES-192-CBC", "AES-CBC [RFC3602]" },
	{ "aes-256", "AES-CBC-256", 7, 12, ALG_CBC, 256, true, 16, 0, 0, false, "AES-256-CBC", "AES-CBC [RFC3602]" },
	{ "blowfish", "Blowfish-CBC-128", 3, 7, ALG_CBC, 128, true, 8, 0, 0, true, "BF-CBC", "BLOWFISH-CBC [RFC2451]" },
	{ "cast", "CAST-CBC-128", 6, 6, ALG_CBC, 128, true, 8, 0, 0, true, "CAST5-CBC", "CAST5-CBC [RFC2144]" },
	{ "camellia-128", "Camellia-CBC-128", 8, 22, ALG_CBC, 128, true, 16, 0, 0, false, "CAMELLIA-128-CBC", NULL },
	{ "camellia-192", "Camellia-CBC-192", 8, 22, ALG_CBC, 192, true, 16, 0, 0, false, "CAMELLIA-192-CBC", NULL },
	{ "camellia-256", "Camellia-CBC-256", 8, 22, ALG_CBC, 256, true, 16, 0, 0, false, "CAMELLIA-256-CBC", NULL },
#define CTR(bits)                                                                                  \
	{ "aes-" #bits "-ctr", "AES-CTR-" #bits, 0, 13, ALG_CTR, bits, true, 16, 4, 0, false,      \
	  "AES-" #bits "-CTR", "AES-CTR [RFC3686]" }
	CTR(128),
	CTR(192),
	CTR(256),
#define GCM(bits, id, icv)                                                                         \
	{ "aes-" #bits "-gcm-" #icv, "AES-GCM-" #icv "-" #bits, 0, id, ALG_GCM, bits, true, 16, 4, icv, false, \
	  "AES-" #bits "-GCM", "AES-GCM with " #icv " octet ICV [RFC4106]" }
	GCM(128, 18, 8),
	GCM(192, 18, 8),
	GCM(256, 18, 8),
	GCM(128, 19, 12),
	GCM(192, 19, 12),
	GCM(256, 19, 12),
	GCM(128, 20, 16),
	GCM(192, 20, 16),
	GCM(256, 20, 16),
#undef CTR
#undef GCM
	{ "null", "NULL", 0, 11, ALG_NULL, 0, false, 1, 0, 0, false, NULL, "NULL" },
	{ .name = NULL },
};

/* RFC 2409 A, RFC 4868 2.4 and IANA's registry. */
const struct alg_hash alg_hashes[] = {
	{ "md5", "MD5", 1, 16, "MD5" },
	{ "sha1", "SHA1", 2, 20, "SHA1" },
	{ "sha256", "SHA2-256", 4, 32, "SHA2-256" },
	{ "sha384", "SHA2-384", 5, 48, "SHA2-384" },
	{ "sha512", "SHA2-512", 6, 64, "SHA2-512" },
	{ .name = NULL },
};

/* RFC 2407 4.4.3, 4.5, RFC 2403, 2404, 3566, 4868 and IANA's registry. */
const struct alg_integ alg_integs[] = {
	/* name, label, attribute, AH, key, ICV, Wireshark */
	{ "md5", "HMAC-MD5-96", 1, 2, 16, 12, "HMAC-MD5-96 [RFC2403]" },
	{ "sha1", "HMAC-SHA1-96", 2, 3, 20, 12, "HMAC-SHA-1-96 [RFC2404]" },
	{ "sha256", "HMAC-SHA2-256-128", 5, 5, 32, 16, "HMAC-SHA-256-128 [RFC4868]" },
	{ "sha384", "HMAC-SHA2-384-192", 6, 6, 48, 24, "HMAC-SHA-384-192 [RFC4868]" },
	{ "sha512", "HMAC-SHA2-512-256", 7, 7, 64, 32, "HMAC-SHA-512-256 [RFC4868]" },
	{ "aes-xcbc", "AES-XCBC-MAC-96", 9, 9, 16, 12, "ANY 96 bit authentication [no checking]" },
	{ "none", "none", 0, 0, 0, 0, "NULL" },
	{ .name = NULL },
};

/* RFC 2409 6, 3526, 5903, 5114, 6932, 8031. */
const struct alg_group alg_groups[] = {
	/* id, kind, bits, public, secret, label, OpenSSL */
	{ 1, GROUP_MODP, 768, 96, 96, "768-bit MODP", NULL },
	{ 2, GROUP_MODP, 1024, 128, 128, "1024-bit MODP", NULL },
	{ 5, GROUP_MODP, 1536, 192, 192, "1536-bit MODP", "modp_1536" },
	{ 14, GROUP_MODP, 2048, 256, 256, "2048-bit MODP", "modp_2048" },
	{ 15, GROUP_MODP, 3072, 384, 384, "3072-bit MODP", "modp_3072" },
	{ 16, GROUP_MODP, 4096, 512, 512, "4096-bit MODP", "modp_4096" },
	{ 17, GROUP_MODP, 6144, 768, 768, "6144-bit MODP", "modp_6144" },
	{ 18, GROUP_MODP, 8192, 1024, 1024, "8192-bit MODP", "modp_8192" },
	{ 19, GROUP_ECP, 256, 64, 32, "256-bit ECP", "prime256v1" },
	{ 20, GROUP_ECP, 384, 96, 48, "384-bit ECP", "secp384r1" },
	{ 21, GROUP_ECP, 521, 132, 66, "521-bit ECP", "secp521r1" },
	{ 22, GROUP_MODP_SUBGROUP, 1024, 128, 128, "1024-bit MODP, 160-bit subgroup", "dh_1024_160" },
	{ 23, GROUP_MODP_SUBGROUP, 2048, 256, 256, "2048-bit MODP, 224-bit subgroup", "dh_2048_224" },
	{ 24, GROUP_MODP_SUBGROUP, 2048, 256, 256, "2048-bit MODP, 256-bit subgroup", "dh_2048_256" },
	{ 25, GROUP_ECP, 192, 48, 24, "192-bit ECP", "prime192v1" },
	{ 26, GROUP_ECP, 224, 56, 28, "224-bit ECP", "secp224r1" },
	{ 27, GROUP_ECP, 224, 56, 28, "224-bit Brainpool ECP", "brainpoolP224r1" },
	{ 28, GROUP_ECP, 256, 64, 32, "256-bit Brainpool ECP", "brainpoolP256r1" },
	{ 29, GROUP_ECP, 384, 96, 48, "384-bit Brainpool ECP", "brainpoolP384r1" },
	{ 30, GROUP_ECP, 512, 128, 64, "512-bit Brainpool ECP", "brainpoolP512r1" },
	{ 31, GROUP_X, 255, 32, 32, "Curve25519", "X25519" },
	{ 32, GROUP_X, 448, 56, 56, "Curve448", "X448" },
	{ .id = 0 },
};

/* Other words people type: ASA's short forms, strongSwan's spelling. */
struct alias {
	const char *typed, *name;
};

static const struct alias cipher_aliases[] = {
	{ "aes", "aes-128" },
	{ "aes128", "aes-128" },
	{ "aes192", "aes-192" },
	{ "aes256", "aes-256" },
	{ "blowfish128", "blowfish" },
	{ "blowfish-128", "blowfish" },
	{ "cast128", "cast" },
	{ "cast-128", "cast" },
	{ "camellia", "camellia-128" },
	{ "camellia128", "camellia-128" },
	{ "camellia192", "camellia-192" },
	{ "camellia256", "camellia-256" },
	{ "aes-ctr", "aes-128-ctr" },
	{ "aes128ctr", "aes-128-ctr" },
	{ "aes192ctr", "aes-192-ctr" },
	{ "aes256ctr", "aes-256-ctr" },
	{ "aes-gcm", "aes-128-gcm-16" },
	{ "aes-gcm-128", "aes-128-gcm-16" },
	{ "aes-gcm-192", "aes-192-gcm-16" },
	{ "aes-gcm-256", "aes-256-gcm-16" },
	{ "aes128gcm8", "aes-128-gcm-8" },
	{ "aes192gcm8", "aes-192-gcm-8" },
	{ "aes256gcm8", "aes-256-gcm-8" },
	{ "aes128gcm12", "aes-128-gcm-12" },
	{ "aes192gcm12", "aes-192-gcm-12" },
	{ "aes256gcm12", "aes-256-gcm-12" },
	{ "aes128gcm16", "aes-128-gcm-16" },
	{ "aes192gcm16", "aes-192-gcm-16" },
	{ "aes256gcm16", "aes-256-gcm-16" },
	{ NULL, NULL },
};

static const struct alias hash_aliases[] = {
	{ "sha", "sha1" },
	{ "sha-1", "sha1" },
	{ "sha-256", "sha256" },
	{ "sha-384", "sha384" },
	{ "sha-512", "sha512" },
	{ NULL, NULL },
};

static const struct alias integ_aliases[] = {
	{ "sha", "sha1" },
	{ "sha-1", "sha1" },
	{ "sha-256", "sha256" },
	{ "sha-384", "sha384" },
	{ "sha-512", "sha512" },
	{ "md5-hmac", "md5" },
	{ "sha-hmac", "sha1" },
	{ "sha256-hmac", "sha256" },
	{ "sha384-hmac", "sha384" },
	{ "sha512-hmac", "sha512" },
	{ "aesxcbc", "aes-xcbc" },
	{ NULL, NULL },
};

static const char *
canonical(const struct alias *a, const char *typed)
{
	for (; a->typed != NULL; a++)
		if (strcasecmp(a->typed, typed) == 0)
			return a->name;
	return typed;
}

static bool
key_length_fits(const struct alg_cipher *a, unsigned key_bits)
{
	if (!a->key_length_attr)
		return key_bits == 0;
	return a->key_bits == (key_bits == 0 ? VARIABLE_DEFAULT : key_bits);
}

const struct alg_cipher *
alg_cipher_ike(uint16_t ike_id, unsigned key_bits)
{
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL && ike_id != 0; a++)
		if (a->ike_id == ike_id && key_length_fits(a, key_bits))
			return a;
	return NULL;
}

const struct alg_cipher *
alg_cipher_esp(uint8_t esp_id, unsigned key_bits)
{
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL && esp_id != 0; a++)
		if (a->esp_id == esp_id && key_length_fits(a, key_bits))
			return a;
	return NULL;
}

const struct alg_cipher *
alg_cipher_named(const char *name)
{
	name = canonical(cipher_aliases, name);
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
		if (strcasecmp(a->name, name) == 0)
			return a;
	return NULL;
}

const struct alg_hash *
alg_hash_ike(uint16_t ike_id)
{
	for (const struct alg_hash *a = alg_hashes; a->name != NULL; a++)
		if (a->ike_id == ike_id)
			return a;
	return NULL;
}

const struct alg_hash *
alg_hash_named(const char *name)
{
	name = canonical(hash_aliases, name);
	for (const struct alg_hash *a = alg_hashes; a->name != NULL; a++)
		if (strcasecmp(a->name, name) == 0)
			return a;
	return NULL;
}

const struct alg_integ *
alg_integ_auth(uint16_t auth_id)
{
	for (const struct alg_integ *a = alg_integs; a->name != NULL; a++)
		if (a->auth_id == auth_id)
			return a;
	return NULL;
}

const struct alg_integ *
alg_integ_named(const char *name)
{
	name = canonical(integ_aliases, name);
	for (const struct alg_integ *a = alg_integs; a->name != NULL; a++)
		if (strcasecmp(a->name, name) == 0)
			return a;
	return NULL;
}

const struct alg_group *
alg_group_id(unsigned id)
{
	for (const struct alg_group *g = alg_groups; g->id != 0; g++)
		if (g->id == id)
			return g;
	return NULL;
}
