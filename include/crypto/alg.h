/*
 * crypto/alg.h - the algorithms as tables: one row each, for phase 1, ESP and AH alike.
 *
 * Rows are constants; availability (legacy provider, a build of OpenSSL without a curve) is asked
 * of a struct crypto, see crypto/crypto.h.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_ALG_H
#define CRYPTO_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALG_MAX_BLOCK  16
#define ALG_MAX_HASH   64
#define ALG_MAX_KEY    64  /* longest cipher key with salt, longest integrity key, octets */
#define ALG_MAX_PUBLIC 1024 /* group 18 */

enum alg_kind { ALG_CBC, ALG_CTR, ALG_GCM, ALG_NULL };

/*
 * A cipher as a policy names it: "aes-256" is one row (the key length is part of the name), so a
 * transform matches a row by number and key length.
 */
struct alg_cipher {
	const char   *name;	 /* "aes-256": policy file, ASA and strongSwan users */
	const char   *label;	 /* "AES-CBC-256" for logs and show commands */
	uint16_t      ike_id;	 /* RFC 2409 A; 0: not for phase 1 */
	uint8_t	      esp_id;	 /* RFC 2407 4.4.4 and IANA; 0: not for ESP */
	enum alg_kind kind;
	uint16_t      key_bits;	 /* of the cipher's key, without salt */
	bool	      key_length_attr; /* Key Length is sent (AES ...), else it must be absent */
	uint8_t	      block;	 /* octets; of the block cipher for CTR and GCM, 1 for NULL */
	uint8_t	      salt;	 /* octets of KEYMAT after the key (RFC 3686 5.1, 4106 8.1) */
	uint8_t	      icv;	 /* octets of the AEAD's own ICV, 0: wants an integrity algorithm */
	bool	      legacy;	 /* OpenSSL's legacy provider has it */
	const char   *ossl;	 /* name to fetch, NULL: nothing to fetch */
	const char   *wireshark; /* its name in the esp_sa table, NULL: Wireshark has none */
};

/* A hash for phase 1 (PRF = HMAC of it, RFC 2409 4). */
struct alg_hash {
	const char *name;  /* "sha256" */
	const char *label; /* "SHA2-256" */
	uint16_t    ike_id; /* RFC 2409 A, RFC 4868 */
	uint8_t	    len;   /* octets */
	const char *ossl;
};

/* Integrity for ESP and AH. */
struct alg_integ {
	const char *name;    /* "sha256", "aes-xcbc", "none" */
	const char *label;   /* "HMAC-SHA2-256-128" */
	uint16_t    auth_id; /* Authentication Algorithm attribute, RFC 2407 4.5, IANA */
	uint8_t	    ah_id;   /* AH transform id; 0: not for AH */
	uint8_t	    key;     /* octets of KEYMAT */
	uint8_t	    icv;     /* octets on the wire (RFC 4868 truncation) */
	const char *wireshark;
};

enum alg_group_kind { GROUP_MODP, GROUP_MODP_SUBGROUP, GROUP_ECP, GROUP_X };

struct alg_group {
	uint16_t	    id; /* RFC 2409 6, RFC 3526, 5903, 5114, 6932, 8031 */
	enum alg_group_kind kind;
	uint16_t	    bits;
	uint16_t	    public_len; /* octets of KE: MODP size; X and Y for ECP; 32 for 31 */
	uint16_t	    secret_len; /* octets of g^xy: MODP size; X only for ECP (RFC 5903 9) */
	const char	   *label;	/* "2048-bit MODP" */
	const char	   *ossl;	/* group name, NULL: groups 1 and 2, which have none */
};

/* Tables, ended by .name == NULL (.id == 0 for groups). */
extern const struct alg_cipher alg_ciphers[];
extern const struct alg_hash   alg_hashes[];
extern const struct alg_integ  alg_integs[];
extern const struct alg_group  alg_groups[];

/*
 * Lookups; NULL if there is no such row.
 *
 * key_bits 0: no Key Length attribute was sent (AES then means 128, as strongSwan reads it).  Names
 * are compared without regard to case.  Beside the names of the rows they know what ASA and
 * strongSwan users type: "aes" for aes-128, "aes256", "aes-gcm-256" and "aes256gcm16" for
 * aes-256-gcm-16 ("aes-gcm" is the one with 128 bits), "sha" for sha1, "sha-hmac" for sha1.
 */
const struct alg_cipher *alg_cipher_ike(uint16_t ike_id, unsigned key_bits);
const struct alg_cipher *alg_cipher_esp(uint8_t esp_id, unsigned key_bits);
const struct alg_cipher *alg_cipher_named(const char *name);
const struct alg_hash	*alg_hash_ike(uint16_t ike_id);
const struct alg_hash	*alg_hash_named(const char *name);
const struct alg_integ	*alg_integ_auth(uint16_t auth_id);
const struct alg_integ	*alg_integ_named(const char *name);
const struct alg_group	*alg_group_id(unsigned id);

#endif
