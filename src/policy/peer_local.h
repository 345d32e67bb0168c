/*
 * peer_local.h - one rendering of a peer's configuration under way, and the products that there
 * are.
 *
 * peer_config.c finds out what a tunnel group and a product have in common; the file of the product
 * writes it down in the product's words.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLICY_PEER_LOCAL_H
#define POLICY_PEER_LOCAL_H

#include <stdio.h>

#include "base/names.h"
#include "policy/peer_config.h"

#define PEER_COMBOS_MAX 20  /* transforms listed of one phase: ASA holds no more isakmp policies */
#define PEER_TEXT	400 /* a network or a list of words */

struct peer_word { /* a table ends with .ours == NULL */
	const char *ours, *theirs;
};

struct peer;

struct peer_def {
	const char	       *name;	 /* "Cisco ASA": "left out, NAME has it not" */
	const char	       *comment; /* what begins a comment */
	const struct peer_word *ike_ciphers, *hashes, *esp_ciphers, *esp_integs;
	const struct peer_word *ah_integs; /* NULL: no AH */
	const struct name      *ike_groups, *pfs_groups;
	unsigned		sets_max; /* transforms of one crypto map entry */
	bool			one_group; /* only one tunnel group at a time */
	bool			only_v4, port_500, always_nat_t; /* what it cannot */
	void (*begin)(struct peer *); /* NULL: nothing */
	void (*group)(struct peer *);
	void (*end)(struct peer *);
};

extern const struct peer_def peer_asa, peer_asa_legacy, peer_ios, peer_swanctl, peer_ipsec_conf,
    peer_libreswan;

struct peer_p1 { /* a transform of phase 1 in the product's words */
	const struct isakmp_policy *from;
	const char		   *cipher, *hash, *group;
};

struct peer_p2 { /* of phase 2; NULL: none */
	const struct transform_set *from;
	const char		   *cipher, *integ;
};

struct peer_entry { /* what one crypto map entry and the product have in common */
	const struct crypto_map_entry *e;
	char			       name[80]; /* of the child, the access list ... */
	unsigned		       number;	 /* from 1 */
	bool			       ah, transport;
	const char		      *pfs; /* NULL: without */
	struct peer_p2		       p2[PEER_COMBOS_MAX];
	unsigned		       n2;
};

struct peer {
	/* secrets: of a file of its own, by begin and end */
	FILE			  *f, *secrets;
	char			  *secrets_text;
	size_t			   secrets_n;
	char			   lacking[PEER_TEXT]; /* what the product has not */
	const struct peer_def	  *def;
	const struct policy	  *policy;
	const struct addr	  *addresses;
	size_t			   address_count;
	struct peer_config	  *out;
	bool			   nomem;
	/* of the group being written */
	const struct tunnel_group *group;
	char			   name[72];  /* the group's, of letters, digits, - and _ */
	uint8_t			   family;    /* of the outer addresses */
	char			   ours[ADDR_TEXT]; /* our address, or a placeholder */
	const char		  *theirs;    /* the peer's address, NULL: not known */
	char			   theirs_buf[ADDR_TEXT];
	char			   id[300];   /* the name that the peer shows, "" an address */
	struct peer_p1		   p1[PEER_COMBOS_MAX];
	unsigned		   n1;
	struct peer_entry	  *entries;
	unsigned		   entry_count;
};

/* A line of comment. */
void peer_remark(struct peer *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "<word>", which is noted with what it means. */
const char *peer_placeholder(struct peer *, const char *word, const char *meaning);

/* An example network of ours of the family, for a side that may be any. */
struct prefix peer_example(const struct peer *, uint8_t family);

/* Family of an entry's proxy identities. */
uint8_t peer_entry_family(const struct peer *, const struct crypto_map_entry *);

/* Can the key stand between quotes as it is: printing characters, no quote, no backslash? */
bool peer_key_plain(const struct tunnel_group *);

/* The key as PSK lines and secret = have it: "..." or 0x... */
void peer_key_quoted(struct peer *);

/* ipsec.secrets, which follows ipsec.conf: written beside it, printed behind it, wiped. */
void peer_secrets_begin(struct peer *);
void peer_secrets_end(struct peer *);

#endif
