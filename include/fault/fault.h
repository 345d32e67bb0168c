/*
 * fault/fault.h - lies on demand.
 *
 * Catalogue (src/fault/fault_table.c): one row per fault, the row that the policy file, ikev1ctl
 * and ikev1d-faults(7) show.  Taps: exactly those of enum fault_at, in src/ike/fsm.c,
 * src/ike/tx.c and src/daemon/fault_ports.c.  A fault that fires is logged at notice with its name
 * and counted; silence is never a fault's effect.
 *
 * What is armed stands in a struct fault_room, one for the whole daemon: workers share it under its
 * lock, which nobody takes while nothing is armed.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "policy/policy.h"
#include "wire/msg.h"

#define FAULT_ARMED_MAX 64 /* at one time, over all tunnel groups */
#define FAULT_NAMES	512 /* octets that hold the names of all faults of a negotiation */
#define FAULT_TEXT	160
#define FAULT_LATER_MS	200 /* a peer has read our last message by then */

enum fault_at {
	/* inside the engine */
	FAULT_STEP, /* decoded and verified, before the handler: a verdict in its place */
	FAULT_PSK, /* the key that phase 1 is derived from */
	FAULT_ID, /* the identity that we show */
	FAULT_TX_MSG, /* message model, finished but for HASH(n), not yet encoded */
	FAULT_TX_PLAIN, /* encoded, not yet encrypted */
	FAULT_TX_SEALED, /* encrypted, not yet kept for duplicates */
	FAULT_TX_WIRE, /* about to leave, each time it does */
	FAULT_NOTIFY, /* which dialect an unprotected notify speaks */
	FAULT_DONE, /* the state has changed: what is asked for is done FAULT_LATER_MS later */
	/* around the engine */
	FAULT_RX_WIRE /* a datagram, before any look */
};

struct fault_room;

struct fault_key { /* what a fault may select on */
	struct fault_room *room;
	const struct tunnel_group *group; /* NULL: no fault acts */
	const char *label; /* "MM4" as in fsm_rows; a state at FAULT_DONE; "*" fits each */
	uint64_t negotiation; /* the same for each message of one negotiation */
	bool marker; /* on the NAT-T port */
	struct log_who who;
	struct counters *counters; /* may be NULL */
};

struct fault_plan { /* what becomes of a datagram on its way out; all zero: it leaves */
	bool drop;
	bool hold; /* until the next one to this peer has left */
	bool other_port; /* leaves from the other one of our two ports */
	uint8_t ttl; /* 0: the system's */
	uint32_t delay_ms;
	uint32_t copies; /* beside the first */
	uint32_t replay_ms; /* one more copy after that time, 0: none */
};

enum fault_verb { VERB_DELETE_SA, VERB_DELETE_CHILD, VERB_NOTIFY, VERB_DPD, VERB_QUICK };

struct fault_ask { /* what is asked of the engine beyond its own way */
	enum fault_verb verb;
	unsigned times;
	bool clear; /* without protection */
	bool keep; /* say so, but keep the SA */
	bool child_spi; /* notify: about the IPsec SA that came up, else about the ISAKMP SA */
	uint16_t type; /* notify */
	uint8_t data[16]; /* notify: data_n octets */
	size_t data_n;
	const char *fault; /* whose wish it is */
	const struct crypto_map_entry *entry; /* quick: what stands in the policy */
	struct crypto_map_entry wish; /* quick: what is offered */
	const struct alg_cipher *cipher; /* quick: NULL: the first of the first set */
};
#define FAULT_ASKS 8
struct fault_asks {
	unsigned n;
	struct fault_ask a[FAULT_ASKS];
};

struct fault_hit { /* what a fault may change; unused: NULL */
	const struct msg *in; /* what is being answered */
	struct msg *out;
	struct arena *mem;
	struct wbuf *bytes;
	uint8_t *iv; /* octets that the first block is chained to */
	size_t iv_len;
	bool *no_hash; /* the message goes without the HASH(n) its row asks for */
	enum ike_err *verdict;
	struct crypto *crypto;
	const struct alg_group *dh; /* of phase 1, or of PFS in Quick Mode; NULL: none */
	struct chunk *psk;
	struct ident *id;
	enum notify_dialect *dialect;
	struct fault_plan *plan;
	struct fault_asks *asks;
	const char *fired[FAULT_ASKS]; /* out: names of the faults that acted */
	unsigned fired_n;
	bool *drop, *unreachable; /* a datagram that came: not looked at; answered by ICMP */
};

/*
 * Let the armed faults act.  IKE_OK, or IKE_E_NOMEM when a lie could not be built (then nothing
 * has changed).
 */
enum ike_err fault_tap(enum fault_at, const struct fault_key *, struct fault_hit *) MUST_USE;

/* ---- the catalogue ---- */

struct fault_def; /* src/fault/fault_local.h */

struct fault_show { /* a row as people read it */
	const char *name;
	const char *wire; /* what goes over the wire */
	const char *asa, *strongswan; /* what they show then */
	const char *how; /* how a real network gets there */
};

size_t fault_count(void);
const struct fault_def *fault_row(size_t i);
struct fault_show fault_show(const struct fault_def *);
/* Its arguments, "omit|empty|zero" or "MM2|MM4,MILLISECONDS", into buf; "" if it takes none. */
const char *fault_args(const struct fault_def *, char *buf, size_t n);

/* ---- arming ---- */

/* One for the daemon; NULL when memory is out. */
struct fault_room *fault_room_new(void);
void fault_room_free(struct fault_room *);

/*
 * Is text a fault as users write it?
 *     NAME[=ARGUMENT[,ARGUMENT]][@N] [ARGUMENT ...] [p=PROBABILITY] [seed=N] [count=N]
 * IKE_E_CONF and the reason in words, with the nearest name, if not.
 */
enum ike_err fault_check(const char *text, struct why *) MUST_USE;

/* The same for a name alone, or a text that was armed. */
enum ike_err fault_check_name(const char *name, struct why *) MUST_USE;

/*
 * Every fault of a policy's tunnel groups: mistakes as "FILE:LINE: ..." to report; true if there
 * is none.
 */
bool fault_check_policy(const struct policy *, policy_report_fn *, void *ctx);

/* Arm what the policy (checked before) says in place of what the policy before said. */
void fault_set_policy(struct fault_room *, const struct policy *);

/*
 * Arm one at run time; count: negotiations, 0: as text says, or for ever.  IKE_E_CONF and the
 * reason where it is no fault or contradicts one that is armed; IKE_E_LIMIT.
 */
enum ike_err fault_set(struct fault_room *, const char *group, const char *text, unsigned count,
    struct why *) MUST_USE;

/* Disarm: those of a group (NULL: all) with that name (NULL: all).  How many. */
unsigned fault_clear(struct fault_room *, const char *group, const char *name);

struct fault_state { /* an armed fault as people see it; good for the time of the call */
	const char *group, *text; /* text: as it was armed */
	const struct fault_def *row;
	bool from_policy;
	unsigned count, left; /* negotiations; 0 of count: for ever */
	unsigned occurrence; /* 0: each */
	double probability; /* 1: always */
	uint64_t seed;
	uint64_t seen, fired; /* occasions; how often it acted */
};
typedef void fault_state_fn(void *ctx, const struct fault_state *);
void fault_each(struct fault_room *, fault_state_fn *, void *ctx);

/* The names of the faults that acted in a negotiation, "mm4.drop, psk.mismatch"; "" if none. */
const char *fault_of(struct fault_room *, uint64_t negotiation, char *buf, size_t n);

/* Is anything armed?  Costs one load. */
struct fault_gate { /* first member of struct fault_room */
	atomic_uint armed;
};
static inline bool
fault_any(const struct fault_room *room)
{
	const struct fault_gate *gate = (const struct fault_gate *)room;

	return gate != NULL && atomic_load_explicit(&gate->armed, memory_order_relaxed) != 0;
}

#endif
