/*
 * policy/policy.h - the policy in force: immutable structs made from the policy file, one
 * reference count per loaded snapshot.
 *
 * Everything here is read-only once policy_load() has returned it, so workers share it without a
 * lock.  Each SA holds a reference to the snapshot that it was negotiated under; after a reload the
 * old one dies with its last SA.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdatomic.h>

#include "base/addr.h"
#include "base/log.h"
#include "crypto/alg.h"

#define POLICY_LIST_MAX 16 /* algorithms in one list of an isakmp policy or transform set */

enum policy_mode { /* of a transform set */
	MODE_TUNNEL = 1,
	MODE_TRANSPORT = 2,
	MODE_ANY = 3 /* bits: whichever the peer offers */
};

/*
 * Phase 1: what we accept, as ASA's "crypto ikev1 policy".  Each algorithm key takes one word or a
 * list; a transform matches when it is in each list.
 */
struct isakmp_policy {
	char *name;
	int line; /* in the policy file */
	uint16_t auth; /* AUTH_PSK */
	const struct alg_cipher
	    *encryption[POLICY_LIST_MAX + 1]; /* NULL-terminated, most preferred first */
	const struct alg_hash *hash[POLICY_LIST_MAX + 1];
	const struct alg_group *group[POLICY_LIST_MAX + 1];
	uint32_t lifetime_s; /* 0: none */
	uint32_t lifetime_kilobytes; /* 0: none */
};

/* Phase 2: what we accept, as ASA's "crypto ipsec ikev1 transform-set". */
struct transform_set {
	char *name;
	int line;
	uint8_t protocol; /* PROTO_ESP or PROTO_AH */
	const struct alg_cipher *encryption[POLICY_LIST_MAX + 1]; /* empty for AH */
	const struct alg_integ
	    *integrity[POLICY_LIST_MAX + 1]; /* empty is allowed beside AEAD ciphers only */
	enum policy_mode mode;
};

enum pfs_kind { PFS_NONE, PFS_GROUP, PFS_ANY };

enum data_plane { DATA_PLANE_NONE };

/* One line of a crypto map: which proxy identities, how protected. */
struct crypto_map_entry {
	int line;
	struct prefix local, remote; /* family ADDR_NONE: any */
	uint8_t ip_proto; /* 0: any */
	uint16_t local_port, remote_port; /* 0: any */
	const struct transform_set **sets; /* NULL-terminated, most preferred first */
	/* NONE: a KE is refused; GROUP: exactly pfs_groups; ANY: with or without, any group. */
	enum pfs_kind pfs;
	const struct alg_group *pfs_groups[POLICY_LIST_MAX + 1];
	uint32_t lifetime_s, lifetime_kilobytes; /* 0: none */
	bool narrow; /* accept a wider offer and answer with ours */
	enum data_plane data_plane;
};

enum ident_kind {
	IDENT_ANY,
	IDENT_ADDRESS,
	IDENT_FQDN,
	IDENT_USER_FQDN,
	IDENT_KEY_ID,
	IDENT_IPV4,
	IDENT_IPV6
};

struct ident { /* remote_id and local_id */
	/*
	 * remote: IDENT_ANY accepts all, IDENT_ADDRESS the address the peer comes from;
	 * local: IDENT_ADDRESS is the address it dialled.
	 */
	enum ident_kind kind;
	char *text; /* FQDN, USER_FQDN, KEY_ID; may begin with "*." for a remote FQDN */
	struct addr addr;
};

struct policy_fault { /* as written; the room of faults knows what it means */
	char *text;
	int line;
};

enum notify_dialect { /* of a notify about a message that nothing protects yet */
	DIALECT_ASA, /* clear, message id random, SPI both cookies: 56 octets */
	DIALECT_SHORT, /* clear, message id 0, no SPI: 40 octets */
	DIALECT_PROTECTED /* HASH and N under the SA's keys where there are some, else as ASA */
};

struct tunnel_group {
	char *name;
	int line;
	struct prefix peer; /* ADDR_NONE: any */
	struct prefix local; /* address that the peer dialled; ADDR_NONE: any */
	struct ident remote_id, local_id;
	uint8_t *psk; /* psk_len octets, wiped when freed */
	size_t psk_len;
	const struct isakmp_policy **policies; /* NULL-terminated, most preferred first */
	struct crypto_map_entry *crypto_map;
	size_t crypto_map_count;
	uint32_t dpd_interval_s; /* 0: we send none; we answer always */
	uint32_t dpd_retries;
	bool nat_t; /* false: NAT-T vendor ids are not sent and not heeded */
	enum notify_dialect notify_dialect;
	struct policy_fault *faults;
	size_t fault_count;
};

struct policy_limits {
	uint32_t half_open; /* phase 1 not authenticated, per worker */
	uint32_t half_open_per_source;
	uint32_t half_open_timeout_s;
	uint32_t phase2_per_sa; /* IPsec SA pairs and exchanges under way of one ISAKMP SA */
	uint32_t notify_rate; /* unprotected notifies a second, per worker */
};

struct policy_capture {
	uint32_t kilobytes; /* then a new file is begun, 0: never */
	uint32_t files;
};

struct policy_listen {
	struct addr *addresses;
	size_t count;
	uint16_t port, nat_t_port;
};

struct policy {
	atomic_uint refs;
	char *file; /* as given, "built-in policy" without one */
	struct policy_listen listen;
	uint32_t workers; /* 0: one for each CPU */
	char *user; /* whom to become after the sockets are open; "" : stay */
	struct log_conf log; /* log.file owned here */
	char *control_socket;
	char *key_export; /* folder, NULL: off */
	struct policy_capture capture;
	bool needs_legacy; /* some policy or set names a cipher of OpenSSL's legacy provider */
	/* Answer messages of unknown cookies with INVALID-COOKIE, within notify_rate. */
	bool invalid_cookie_notify;
	bool diagnose_psk; /* after a key mismatch find out which key the peer has */
	uint32_t nat_keepalive_s; /* 0: none sent */
	struct policy_limits limits;
	struct isakmp_policy *isakmp_policies;
	size_t isakmp_policy_count;
	struct transform_set *transform_sets;
	size_t transform_set_count;
	struct tunnel_group *groups; /* first match wins */
	size_t group_count;
};

/*
 * Read and check a policy file completely.  NULL on any mistake; then each mistake found was given
 * to report as one line "FILE:LINE: what is wrong, what was expected" (never a key).  A file that
 * holds a key and is readable by others is a mistake, with the chmod that mends it.  What is
 * allowed and yet has no effect (a tunnel group that is never reached) is reported as
 * "FILE:LINE: warning: ..." and the policy loaded.  When the file cannot be opened, errno says why.
 */
typedef void policy_report_fn(void *ctx, const char *line);
struct policy *policy_load(const char *file, policy_report_fn *, void *ctx);

/*
 * The same from a text; name stands where the file's would, key files are relative to its folder.
 */
struct policy *policy_parse(const char *text, const char *name, policy_report_fn *, void *ctx);

/*
 * The policy that "make run" serves: any peer, a built-in key, a broad list of current proposals.
 */
struct policy *policy_builtin(policy_report_fn *, void *ctx);

/* The text of the built-in policy, and its key for the newcomer's greeting. */
const char *policy_builtin_text(void);
const char *policy_builtin_key(void);

/* Share, and let go of, a snapshot; the last one wipes and frees. NULL is fine. */
struct policy *policy_ref(const struct policy *);
void policy_unref(const struct policy *);

/* What is in force after defaults, in the file's own syntax, keys as "********", line by line. */
void policy_dump(const struct policy *, policy_report_fn *, void *ctx);

/*
 * The first tunnel group at or after index from that a peer address and the local address that it
 * dialled may use; NULL: none.
 */
const struct tunnel_group *policy_match(const struct policy *, const struct addr *peer,
    const struct addr *local, size_t from);

#endif
