/*
 * ike/ike.h - the engine: one struct ike for each worker, all state hangs from it.
 *
 * It does no I/O and knows no clock of its own: datagrams and time come in by calls, answers go
 * out by ports (ike/ports.h).  All calls for one struct ike come from one thread.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IKE_IKE_H
#define IKE_IKE_H

#include "base/counter.h"
#include "crypto/crypto.h"
#include "fault/fault.h"
#include "ike/ports.h"
#include "policy/policy.h"

#define IKE_WORKERS_MAX 256

struct ike;

struct ike_conf {
	uint8_t worker; /* first octet of our cookies and SPIs: DESIGN 10 */
	struct crypto *crypto; /* the caller's; outlives the engine */
	struct ike_ports ports;
	const struct policy *policy; /* a reference is taken */
	struct fault_room *faults; /* the caller's, shared by all engines; NULL: none */
};

/* NULL when memory is out. ike_free ends all SAs without a word to the peers; NULL is fine. */
struct ike *ike_new(const struct ike_conf *);
void ike_free(struct ike *);

/*
 * One datagram arrived.  On path.marker: a keepalive (one octet 0xff) is swallowed, ESP (SPI not
 * zero) is counted and dropped, IKE goes on without its marker.
 */
void ike_rx(struct ike *, const struct path *, struct chunk datagram);

/*
 * When ike_tick() wants to be called next, on the clock of ports.now_ms; UINT64_MAX: no timer runs.
 */
uint64_t ike_deadline_ms(const struct ike *);

/* Run what is due: retransmits, time-outs, expiry, DPD, keepalives. */
void ike_tick(struct ike *);

/* The snapshot that new negotiations use; good until ike_set_policy(). */
const struct policy *ike_policy(const struct ike *);

/* New negotiations use this snapshot from now on; established SAs keep theirs. */
void ike_set_policy(struct ike *, const struct policy *);

/* Send a delete for every IPsec SA and every ISAKMP SA, and end them: orderly shutdown. */
void ike_shutdown(struct ike *);

const struct counters *ike_counters(const struct ike *);

/*
 * A fault around the engine has swallowed a datagram with this header: counted, and told in the
 * record of its negotiation.
 */
struct isakmp_hdr;
void ike_swallowed(struct ike *, const struct path *, const struct isakmp_hdr *,
    const struct fault_key *, const struct fault_hit *);

/* ---- what the control socket asks ---- */

struct ike_match { /* which peers; both empty: all */
	const char *group; /* tunnel group's name, or NULL */
	struct addr addr; /* peer's address, or ADDR_NONE */
};

struct ike_sa_info { /* an ISAKMP SA; pointers are good for the time of the call */
	uint8_t cky_i[8], cky_r[8];
	const char *group; /* tunnel group's name, "" before it is known */
	const char *state; /* "MM_ACTIVE" */
	const char *type; /* "L2L" once a group is known, "user" never in this version */
	bool responder; /* always true: we answer */
	bool established, rekeyed; /* rekeyed: a newer ISAKMP SA took over its IPsec SAs */
	struct endpoint local, remote;
	bool nat_t, nat_local, nat_remote; /* negotiated; who is behind a NAT */
	const char *natt_dialect; /* "RFC 3947", "draft-02" ..., "" */
	bool dpd; /* the peer announced RFC 3706 */
	const char *remote_id, *local_id; /* in words, "" before message 5 */
	const struct alg_cipher *cipher; /* these are NULL before a proposal is chosen */
	const struct alg_hash *hash;
	const struct alg_group *dh;
	uint16_t auth;
	uint32_t lifetime_s, lifetime_kilobytes; /* in force, 0: none */
	uint32_t age_s;
	uint32_t remaining_s; /* 0 without a lifetime */
	uint64_t octets; /* of ISAKMP messages protected by it, both ways */
	unsigned children, exchanges;
	const char *last_error; /* the last refusal in words, "" if none */
};

struct ike_child_info { /* an IPsec SA pair */
	const char *group;
	struct endpoint local, remote;
	const char *local_proxy,
	    *remote_proxy; /* "172.16.1.0/255.255.255.0/0/0": address, mask, protocol, port */
	uint8_t protocol;
	uint32_t spi_in, spi_out; /* host order */
	const struct alg_cipher *cipher; /* NULL for AH */
	const struct alg_integ *integ; /* NULL beside AEAD ciphers */
	const struct alg_group *pfs; /* NULL: without */
	uint16_t encap; /* ENCAP_*: as negotiated */
	uint32_t lifetime_s, lifetime_kilobytes, age_s, remaining_s;
	uint32_t msgid; /* of its Quick Mode */
	bool initiator; /* we started its Quick Mode */
	bool rekeyed; /* a newer pair with the same proxy identities stands */
	uint8_t cky_i[8], cky_r[8]; /* its ISAKMP SA */
};

typedef void ike_sa_fn(void *ctx, const struct ike_sa_info *);
typedef void ike_child_fn(void *ctx, const struct ike_child_info *);

struct ike_key_info { /* what it takes to read what an ISAKMP SA protects; for the call */
	struct path path;
	const uint8_t *cky_i, *cky_r;
	const struct alg_cipher *cipher;
	const struct alg_hash *hash;
	const struct alg_group *dh;
	uint16_t auth;
	struct chunk key; /* as ports.isakmp_keys told it once */
	const uint8_t *last_block; /* of phase 1, cipher->block octets: later IVs come from it */
};

/* Of each established ISAKMP SA. */
typedef void ike_key_fn(void *ctx, const struct ike_key_info *);
void ike_each_key(struct ike *, ike_key_fn *, void *ctx);

void ike_each_sa(struct ike *, const struct ike_match *, ike_sa_fn *, void *ctx);
void ike_each_child(struct ike *, const struct ike_match *, ike_child_fn *, void *ctx);

struct ike_totals {
	unsigned half_open, established;
	unsigned exchanges; /* Quick Modes, those included that are over and answer duplicates */
	unsigned children;
};
struct ike_totals ike_totals(const struct ike *);

/*
 * Delete (with the messages that say so), probe by DPD, start a Quick Mode for each IPsec SA
 * anew, one after the other.
 * Number of SAs it was done for.
 */
unsigned ike_delete(struct ike *, const struct ike_match *);
unsigned ike_dpd(struct ike *, const struct ike_match *);
unsigned ike_rekey(struct ike *, const struct ike_match *);

#endif
