/*
 * policy/peer_config.h - the configuration of a peer's product that matches our policy.
 *
 * A pure function from policy to text: nothing is asked of the system.  The text holds the
 * pre-shared key, since it is there to be pasted; it is never logged.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLICY_PEER_CONFIG_H
#define POLICY_PEER_CONFIG_H

#include "policy/policy.h"

/* clang-format off */
#define PEER_CONFIG_PRODUCTS(X)                                                                    \
	/* id, word, what it is for */                                                             \
	X(ASA, "asa", "Cisco ASA 8.4 and later")                                                   \
	X(ASA_LEGACY, "asa-legacy", "Cisco ASA before 8.4")                                        \
	X(IOS, "ios", "Cisco IOS")                                                                 \
	X(STRONGSWAN, "strongswan", "strongSwan, swanctl.conf")                                    \
	X(STRONGSWAN_IPSEC, "strongswan-ipsec", "strongSwan, ipsec.conf and ipsec.secrets")        \
	X(LIBRESWAN, "libreswan", "libreswan, ipsec.conf and ipsec.secrets")                       \
	X(VPNC, "vpnc", "vpnc")
/* clang-format on */

enum peer_product {
#define X(id, word, text) PEER_##id,
	PEER_CONFIG_PRODUCTS(X)
#undef X
	PEER_PRODUCT_COUNT
};

/* The product of a word, PEER_PRODUCT_COUNT if there is none. */
enum peer_product peer_config_product(const char *word);
const char	 *peer_config_word(enum peer_product);

struct peer_config {
	char *text;   /* to be pasted, lines ended by '\n'; NULL: there can be none */
	char *error;  /* then: why, in one line */
	/* What must be put in by hand: each stands in text as <word>, here with what it means. */
	char  **placeholders; /* "<peer-address>: ..." */
	size_t	placeholder_count;
};

/*
 * The configuration of this product for one tunnel group (NULL: all of the policy, as far as the
 * product can hold them together).  addresses: ours that a peer can dial, in the order of
 * preference, where the policy listens on 0.0.0.0 or ::; count may be 0.  False when memory is out.
 * peer_config_fini() wipes and frees.
 */
bool peer_config_make(const struct policy *, enum peer_product, const struct tunnel_group *,
    const struct addr *addresses, size_t count, struct peer_config *);
void peer_config_fini(struct peer_config *);

/* strongSwan's word for a group, "modp2048"; "?" if it has none. */
const char *peer_config_swan_group(unsigned id);

#endif
