/* wire/names.h - words for the wire's numbers; tables for names_print(). */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_NAMES_H
#define WIRE_NAMES_H

#include "base/names.h"

extern const struct name wire_exchanges[];   /* "Main Mode", "Quick Mode" ... */
/* "NO_PROPOSAL_CHOSEN" ... strongSwan's and ASA's spelling with underscores */
extern const struct name wire_notifies[];
extern const struct name wire_id_kinds[];    /* "ID_IPV4_ADDR" ... */
extern const struct name wire_protocols[];   /* "ISAKMP", "AH", "ESP", "IPCOMP" */
/* "Tunnel", "Transport", "UDP Tunnel(NAT-T)", "UDP Transport(NAT-T)" as ASA */
extern const struct name wire_encaps[];
extern const struct name wire_auth_methods[]; /* "Preshared Key", "RSA Signature" ... as ASA */
/* "Encryption Algorithm", "Group Description" ... as ASA's mismatch lines */
extern const struct name wire_p1_attrs[];
extern const struct name wire_p2_attrs[];

/* Values of attributes, as dump_attr prints them. */
extern const struct name wire_p1_ciphers[];  /* "DES-CBC", "AES-CBC" ... RFC 2409 A */
extern const struct name wire_p1_hashes[];   /* "MD5", "SHA1", "SHA2-256" ... */
extern const struct name wire_groups[];	     /* "Group 14" ... as ASA's mismatch lines */
extern const struct name wire_life_types[];  /* "seconds", "kilobytes" */
extern const struct name wire_p2_auths[];    /* "HMAC-MD5", "HMAC-SHA1" ... RFC 2407 4.5 */
extern const struct name wire_esp_transforms[]; /* "ESP_AES" ... RFC 2407 4.4.4 */
extern const struct name wire_ah_transforms[];  /* "AH_SHA" ... RFC 2407 4.4.3 */
extern const struct name wire_ipcomp_transforms[];
extern const struct name wire_cfg_types[];	/* "REQUEST", "REPLY", "SET", "ACK" */
extern const struct name wire_cert_encodings[]; /* "X.509 Signature" ... RFC 2408 3.9 */

#endif
