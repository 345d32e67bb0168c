/*
 * ike/record.h - what happened in a negotiation: messages, transitions, the reason it failed.
 *
 * Each phase 1 and each Quick Mode writes one record while it runs; when it is over, up or failed,
 * the record moves to the ring of its tunnel group, which holds the last RECORD_RING of them (peers
 * that no group matched have a ring of their own).  `ladder` and `explain` are made from it.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IKE_RECORD_H
#define IKE_RECORD_H

#include <time.h>

#include "ike/ike.h"

#define RECORD_RING	64 /* negotiations kept for each tunnel group and worker */
#define RECORD_STEPS	32 /* of one negotiation; the middle of a longer one is lost */
#define RECORD_PAYLOADS 12 /* of one message */
#define RECORD_FAULTS	4

enum record_kind {
	RECORD_RX,
	RECORD_TX,
	RECORD_RESENT,	  /* by our timer, or to a duplicate */
	RECORD_DUPLICATE, /* came again */
	RECORD_STATE	  /* our state changed */
};

struct record_step {
	uint32_t    at_ms; /* since the negotiation began */
	uint8_t	    kind, payload_count;
	uint16_t    octets; /* of the message, header and padding included */
	uint8_t	    payloads[RECORD_PAYLOADS]; /* types, in order */
	const char *label; /* "MM3", "INFO"; NULL in RECORD_STATE */
	const char *state; /* ours from here on, "MM_WAIT_MSG5" */
};

enum record_outcome { RECORD_PENDING, RECORD_UP, RECORD_FAILED };

struct record_phase2 { /* the question a Quick Mode put */
	bool ke, nat;
	const struct crypto_map_entry *entry; /* NULL: none matched */
	const struct alg_group *phase1_group;
	bool proxies; /* the peer's words were read, they stand below */
	struct addr local_low, local_high, remote_low, remote_high;
	uint8_t ip_proto;
	uint16_t local_port, remote_port;
};

struct record {
	bool	 phase2, initiator; /* initiator: we began */
	uint8_t	 cky_i[8], cky_r[8];
	uint32_t msgid;
	uint64_t began_ms;	  /* monotonic */
	struct timespec began;	  /* wall clock */
	struct endpoint local, remote;
	const struct policy *policy; /* reference; group points into it */
	const struct tunnel_group *group; /* NULL: none matched */
	const struct isakmp_policy *chosen;
	enum record_outcome outcome;
	struct why why;		  /* of a failure */
	const char *failed_label; /* message at which it stopped, NULL: a time-out */
	const char *failed_state; /* and our state then */
	char remote_id[160];	  /* as the policy file writes it, "" before it was read */
	/* no negotiation, only a first message: its exchange; else NULL */
	const char *knock;
	uint8_t *offer; /* body of the peer's SA payload when no transform was acceptable, owned */
	size_t offer_len;
	struct record_phase2 p2;
	const char *faults[RECORD_FAULTS]; /* names of faults that fired in it, NULL: none */
	char key_found[160]; /* which key the peer has, in words; "": not looked for or not found */
	unsigned step_count; /* kept, at most RECORD_STEPS */
	unsigned lost;	     /* steps that did not fit */
	struct record_step steps[RECORD_STEPS]; /* last: only step_count of them are initialised */
};

/*
 * Records of matching peers, newest first over all groups, those under way included. The record is
 * good for the call.
 */
typedef void record_fn(void *ctx, const struct record *);
void ike_each_record(struct ike *, const struct ike_match *, record_fn *, void *ctx);

/* ---- why it failed ---- */

#define EXPLAIN_CELLS 7

struct explain_cell { /* an attribute of the peer's transform beside what we want */
	const char *attribute;
	bool match;
	const char *offered, *wanted;
	const char *word; /* what is offered as the policy file has it, "": it has no word for it */
};

struct explain_row { /* one transform of the peer against one isakmp policy or transform set */
	unsigned proposal, transform;
	/* name of the policy or set, NULL: comparable with none, see skipped */
	const char *against;
	int line;	     /* of it in the policy file */
	bool nearest;	     /* fewest mismatches of all rows */
	const char *skipped;
	unsigned mismatches, cell_count;
	unsigned likeness; /* of what differs, in letters: among equals the nearest has most */
	struct explain_cell cells[EXPLAIN_CELLS];
};

#define EXPLAIN_TEXT 640

struct explanation {
	/* false: up, or still under way; then only stopped is filled, unless a fault fired in it */
	bool failed;
	/* stable word: "proposal", "key", "proxy-identity", "pfs" ... */
	const char *kind;
	char stopped[EXPLAIN_TEXT];	 /* the message and state where it stopped */
	char verdict[EXPLAIN_TEXT];	 /* why, in one sentence */
	/* whose configuration is off: "peer", "ours", "either", "network" */
	const char *side;
	char mend_ours[EXPLAIN_TEXT];	 /* FILE:LINE: what to write there; "": nothing here */
	char mend_asa[EXPLAIN_TEXT];	 /* ASA command on the peer */
	char mend_strongswan[EXPLAIN_TEXT]; /* swanctl.conf key on the peer */
	const char *asa_shows, *strongswan_shows; /* what the peer shows at that moment */
};

/*
 * Explain a record; each row of the comparison (nearest first) goes through fn, which may be NULL.
 * The record is not changed.
 */
typedef void explain_row_fn(void *ctx, const struct explain_row *);
void ike_explain(const struct record *, struct explanation *, explain_row_fn *, void *ctx);

#endif
