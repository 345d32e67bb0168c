/* wire/names.c - words for the wire's numbers. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/names.h"

#include "wire/isakmp.h"

#define END \
	{ \
		0, NULL \
	}

const struct name wire_exchanges[] = {
    {ISAKMP_XCHG_BASE, "Base"},
    {ISAKMP_XCHG_MAIN, "Main Mode"},
    {ISAKMP_XCHG_AUTH_ONLY, "Authentication Only"},
    {ISAKMP_XCHG_AGGRESSIVE, "Aggressive Mode"},
    {ISAKMP_XCHG_INFO, "Informational"},
    {ISAKMP_XCHG_TRANSACTION, "Transaction"},
    {ISAKMP_XCHG_QUICK, "Quick Mode"},
    {ISAKMP_XCHG_NEW_GROUP, "New Group Mode"},
    END,
};

#define N(name) \
	{ \
		N_##name, #name \
	}
const struct name wire_notifies[] = {
    N(INVALID_PAYLOAD_TYPE),
    N(DOI_NOT_SUPPORTED),
    N(SITUATION_NOT_SUPPORTED),
    N(INVALID_COOKIE),
    N(INVALID_MAJOR_VERSION),
    N(INVALID_MINOR_VERSION),
    N(INVALID_EXCHANGE_TYPE),
    N(INVALID_FLAGS),
    N(INVALID_MESSAGE_ID),
    N(INVALID_PROTOCOL_ID),
    N(INVALID_SPI),
    N(INVALID_TRANSFORM_ID),
    N(ATTRIBUTES_NOT_SUPPORTED),
    N(NO_PROPOSAL_CHOSEN),
    N(BAD_PROPOSAL_SYNTAX),
    N(PAYLOAD_MALFORMED),
    N(INVALID_KEY_INFORMATION),
    N(INVALID_ID_INFORMATION),
    N(INVALID_CERT_ENCODING),
    N(INVALID_CERTIFICATE),
    N(CERT_TYPE_UNSUPPORTED),
    N(INVALID_CERT_AUTHORITY),
    N(INVALID_HASH_INFORMATION),
    N(AUTHENTICATION_FAILED),
    N(INVALID_SIGNATURE),
    N(ADDRESS_NOTIFICATION),
    N(NOTIFY_SA_LIFETIME),
    N(CERTIFICATE_UNAVAILABLE),
    N(UNSUPPORTED_EXCHANGE_TYPE),
    N(UNEQUAL_PAYLOAD_LENGTHS),
    N(CONNECTED),
    N(RESPONDER_LIFETIME),
    N(REPLAY_STATUS),
    N(INITIAL_CONTACT),
    N(R_U_THERE),
    N(R_U_THERE_ACK),
    END,
};

#define ID(name) \
	{ \
		ID_##name, "ID_" #name \
	}
const struct name wire_id_kinds[] = {
    ID(IPV4_ADDR),
    ID(FQDN),
    ID(USER_FQDN),
    ID(IPV4_ADDR_SUBNET),
    ID(IPV6_ADDR),
    ID(IPV6_ADDR_SUBNET),
    ID(IPV4_ADDR_RANGE),
    ID(IPV6_ADDR_RANGE),
    ID(DER_ASN1_DN),
    ID(DER_ASN1_GN),
    ID(KEY_ID),
    END,
};

const struct name wire_protocols[] = {
    {PROTO_ISAKMP, "ISAKMP"}, {PROTO_AH, "AH"}, {PROTO_ESP, "ESP"}, {PROTO_IPCOMP, "IPCOMP"}, END,
};

const struct name wire_encaps[] = {
    {ENCAP_TUNNEL, "Tunnel"},
    {ENCAP_TRANSPORT, "Transport"},
    {ENCAP_UDP_TUNNEL, "UDP Tunnel(NAT-T)"},
    {ENCAP_UDP_TRANSPORT, "UDP Transport(NAT-T)"},
    {ENCAP_UDP_TUNNEL_DRAFT, "UDP Tunnel(NAT-T draft)"},
    {ENCAP_UDP_TRANSPORT_DRAFT, "UDP Transport(NAT-T draft)"},
    END,
};

const struct name wire_auth_methods[] = {
    {AUTH_PSK, "Preshared Key"},
    {AUTH_DSS, "DSS Signature"},
    {AUTH_RSA_SIG, "RSA Signature"},
    {AUTH_RSA_ENC, "RSA Encryption"},
    {AUTH_RSA_REV, "Revised RSA Encryption"},
    {AUTH_ECDSA_256, "ECDSA-256 Signature"},
    {AUTH_ECDSA_384, "ECDSA-384 Signature"},
    {AUTH_ECDSA_521, "ECDSA-521 Signature"},
    {AUTH_HYBRID_RSA, "Hybrid RSA (Initiator authenticated)"},
    {AUTH_HYBRID_RSA + 1, "Hybrid RSA (Responder authenticated)"},
    {AUTH_XAUTH_PSK, "XAUTH with Preshared Key (Initiator authenticated)"},
    {AUTH_XAUTH_PSK + 1, "XAUTH with Preshared Key (Responder authenticated)"},
    {AUTH_XAUTH_RSA, "XAUTH with RSA Signature (Initiator authenticated)"},
    {AUTH_XAUTH_RSA + 1, "XAUTH with RSA Signature (Responder authenticated)"},
    END,
};

const struct name wire_p1_attrs[] = {
    {P1A_ENCRYPTION, "Encryption Algorithm"},
    {P1A_HASH, "Hash Algorithm"},
    {P1A_AUTH, "Auth Method"},
    {P1A_GROUP, "Group Description"},
    {P1A_GROUP_TYPE, "Group Type"},
    {P1A_GROUP_PRIME, "Group Prime/Irreducible Polynomial"},
    {P1A_GROUP_GEN1, "Group Generator One"},
    {P1A_GROUP_GEN2, "Group Generator Two"},
    {P1A_GROUP_CURVE_A, "Group Curve A"},
    {P1A_GROUP_CURVE_B, "Group Curve B"},
    {P1A_LIFE_TYPE, "Life Type"},
    {P1A_LIFE_DURATION, "Life Duration"},
    {P1A_PRF, "PRF"},
    {P1A_KEY_LENGTH, "Key Length"},
    {P1A_FIELD_SIZE, "Field Size"},
    {P1A_GROUP_ORDER, "Group Order"},
    END,
};

const struct name wire_p2_attrs[] = {
    {P2A_LIFE_TYPE, "SA Life Type"},
    {P2A_LIFE_DURATION, "SA Life Duration"},
    {P2A_GROUP, "Group Description"},
    {P2A_ENCAPSULATION, "Encapsulation Mode"},
    {P2A_AUTH, "Authentication Algorithm"},
    {P2A_KEY_LENGTH, "Key Length"},
    {P2A_KEY_ROUNDS, "Key Rounds"},
    {P2A_COMPRESS_DICT, "Compress Dictionary Size"},
    {P2A_COMPRESS_PRIVATE, "Compress Private Algorithm"},
    {P2A_ECN_TUNNEL, "ECN Tunnel"},
    {P2A_ESN, "Extended Sequence Number"},
    END,
};

/* RFC 2409 A, IANA's ipsec-registry */
const struct name wire_p1_ciphers[] = {
    {1, "DES-CBC"},    {2, "IDEA-CBC"}, {3, "Blowfish-CBC"}, {4, "RC5-CBC"}, {5, "3DES-CBC"},
    {6, "CAST-CBC"},   {7, "AES-CBC"},	{8, "Camellia-CBC"}, END,
};

/* RFC 2409 A, RFC 4868 */
const struct name wire_p1_hashes[] = {
    {1, "MD5"}, {2, "SHA1"}, {3, "Tiger"}, {4, "SHA2-256"}, {5, "SHA2-384"}, {6, "SHA2-512"}, END,
};

#define GROUP(n) \
	{ \
		n, "Group " #n \
	}
const struct name wire_groups[] = {
    GROUP(1),  GROUP(2),  GROUP(3),  GROUP(4),	GROUP(5),  GROUP(6),  GROUP(7),	 GROUP(8),
    GROUP(9),  GROUP(10), GROUP(11), GROUP(12), GROUP(13), GROUP(14), GROUP(15), GROUP(16),
    GROUP(17), GROUP(18), GROUP(19), GROUP(20), GROUP(21), GROUP(22), GROUP(23), GROUP(24),
    GROUP(25), GROUP(26), GROUP(27), GROUP(28), GROUP(29), GROUP(30), GROUP(31), GROUP(32),
    END,
};

const struct name wire_life_types[] = {
    {LIFE_SECONDS, "seconds"}, {LIFE_KILOBYTES, "kilobytes"}, END,
};

/* RFC 2407 4.5 and IANA: numbers of the Authentication Algorithm attribute */
const struct name wire_p2_auths[] = {
    {1, "HMAC-MD5"},	   {2, "HMAC-SHA1"},	  {3, "DES-MAC"},	   {4, "KPDK"},
    {5, "HMAC-SHA2-256"},  {6, "HMAC-SHA2-384"},  {7, "HMAC-SHA2-512"},	   {8, "HMAC-RIPEMD"},
    {9, "AES-XCBC-MAC"},   {10, "SIG-RSA"},	  {11, "AES-128-GMAC"},    {12, "AES-192-GMAC"},
    {13, "AES-256-GMAC"},  END,
};

/* RFC 2407 4.4.4 and IANA */
const struct name wire_esp_transforms[] = {
    {1, "ESP_DES_IV64"}, {2, "ESP_DES"},	  {3, "ESP_3DES"},	   {4, "ESP_RC5"},
    {5, "ESP_IDEA"},	 {6, "ESP_CAST"},	  {7, "ESP_BLOWFISH"},	   {8, "ESP_3IDEA"},
    {9, "ESP_DES_IV32"}, {10, "ESP_RC4"},	  {11, "ESP_NULL"},	   {12, "ESP_AES"},
    {13, "ESP_AES_CTR"}, {14, "ESP_AES_CCM_8"},	  {15, "ESP_AES_CCM_12"},  {16, "ESP_AES_CCM_16"},
    {18, "ESP_AES_GCM_8"}, {19, "ESP_AES_GCM_12"}, {20, "ESP_AES_GCM_16"}, {21, "ESP_SEED"},
    {22, "ESP_CAMELLIA"}, {23, "ESP_NULL_AUTH_AES_GMAC"}, END,
};

/* RFC 2407 4.4.3 and IANA */
const struct name wire_ah_transforms[] = {
    {2, "AH_MD5"},	{3, "AH_SHA"},	    {4, "AH_DES"},     {5, "AH_SHA2_256"},
    {6, "AH_SHA2_384"}, {7, "AH_SHA2_512"}, {8, "AH_RIPEMD"},  {9, "AH_AES_XCBC_MAC"},
    {10, "AH_RSA"},	{11, "AH_AES_128_GMAC"}, {12, "AH_AES_192_GMAC"},
    {13, "AH_AES_256_GMAC"}, END,
};

/* RFC 2407 4.4.5 */
const struct name wire_ipcomp_transforms[] = {
    {1, "IPCOMP_OUI"}, {2, "IPCOMP_DEFLATE"}, {3, "IPCOMP_LZS"}, {4, "IPCOMP_LZJH"}, END,
};

const struct name wire_cfg_types[] = {{1, "REQUEST"}, {2, "REPLY"}, {3, "SET"}, {4, "ACK"}, END};

const struct name wire_cert_encodings[] = {
    {0, "none"},
    {1, "PKCS #7 wrapped X.509"},
    {2, "PGP"},
    {3, "DNS Signed Key"},
    {4, "X.509 Signature"},
    {5, "X.509 Key Exchange"},
    {6, "Kerberos Tokens"},
    {7, "CRL"},
    {8, "ARL"},
    {9, "SPKI"},
    {10, "X.509 Attribute"},
    END,
};
