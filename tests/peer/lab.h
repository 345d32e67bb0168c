/*
 * tests/peer/lab.h - an engine on a bench: fake clock, fixed randomness, captured sends and keys,
 * and the conversations with an initiator that tests begin with.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PEER_LAB_H
#define PEER_LAB_H

#include "base/log.h"
#include "daemon/fault_ports.h"
#include "ike/ike.h"
#include "peer/initiator.h"

#define LAB_QUEUE 256
#define LAB_KEYS  64
#define LAB_LOG	  (256 * 1024)

struct lab_sent {
	struct path path;
	uint8_t	   *p; /* as given to the send port, the marker included */
	size_t	    n;
};

struct lab_keys { /* what ports.child_keys told */
	struct child_keys k; /* chunks point into m */
	uint8_t		  m[4][ALG_MAX_KEY];
};

struct lab {
	struct ike     *ike;
	struct fault_room  *faults; /* what is armed; the policy's at first */
	struct fault_ports *around;
	unsigned	last_ttl, unreachables; /* of the last datagram with one; ICMP sent */
	struct crypto  *crypto;
	struct policy  *policy;
	uint64_t	now_ms;
	uint64_t	rng;
	uint8_t		given[256]; /* the random port yields these first */
	size_t		given_n, given_at;
	struct lab_sent queue[LAB_QUEUE]; /* sent and not yet taken */
	unsigned	head, count;
	unsigned	lost;	/* sends that found the queue full */
	uint64_t	sends;	/* ever */
	struct lab_sent last;	/* the last one taken */
	struct lab_keys keys[LAB_KEYS];
	unsigned	key_count; /* ever */
	uint8_t		isakmp_key[SECRET_MAX];
	size_t		isakmp_key_n;
	char	       *log; /* texts of all lines since lab_log_clear, one per line */
	size_t		log_n;
	unsigned	events[EVT_COUNT];
	char	       *record; /* lab_record(): everything sent, as text */
	size_t		record_n, record_cap;
	bool		recording;
	bool		shared; /* policy and crypto are the caller's */
};

/* Above 0 while the engine is inside a port of ours: its allocations are not the engine's. */
extern int lab_inside;

/*
 * What a policy text of a test begins with: every algorithm, generous limits.  See
 * lab_policy_text().
 */
struct lab_policy {
	const char *p1;	   /* body of the isakmp policy; NULL: anything that cheap tests use */
	const char *group; /* further keys of the tunnel group; NULL: none */
	/* body of the crypto map entry; NULL: 10.1.0.0/24 <-> 10.9.0.0/24 with any transform set */
	const char *entry;
	const char *sets;  /* transform sets; NULL: one of each sort */
	const char *top;   /* further top-level keys */
};
char *lab_policy_text(const struct lab_policy *); /* malloc'd */

/*
 * An engine with that policy (NULL: lab_policy_text of zeros); aborts the test program on failure.
 */
struct lab *lab_new(const char *policy_text, uint64_t seed);
struct lab *lab_new_worker(const char *policy_text, uint64_t seed, uint8_t worker);
/* On a policy and a context of the caller's, without a text log: for fuzzing and load. */
struct lab *lab_new_shared(struct policy *, struct crypto *, uint64_t seed, uint8_t worker);
struct lab *lab_new_with(const struct lab_policy *, uint64_t seed);
void	    lab_free(struct lab *);

/* Load a policy from text; NULL and the reports on stderr if it is refused. */
struct policy *lab_load(const char *text);

/* One datagram from the initiator's endpoint, with the marker if it floated. */
void lab_rx(struct lab *, const struct initiator *, struct chunk);
/* From any place. */
void lab_rx_from(struct lab *, const struct path *, struct chunk);

/*
 * The next datagram that the engine sent, without marker; false if there is none.  Valid until the
 * next call.
 */
bool lab_take(struct lab *, struct chunk *);
void lab_drop(struct lab *); /* forget all that was sent */

/* Let time pass; every timer due meanwhile runs at its time. */
void lab_advance(struct lab *, uint64_t ms);

/*
 * Conversations; false (and why, which may be NULL) when a step fails.  They leave nothing in the
 * queue.
 */
bool lab_mm12(struct lab *, struct initiator *, struct why *);
bool lab_mm34(struct lab *, struct initiator *, struct why *);
bool lab_mm56(struct lab *, struct initiator *, struct why *);
bool lab_phase1(struct lab *, struct initiator *, struct why *);
bool lab_qm12(struct lab *, struct ini_qm *, struct why *);
bool lab_quick(struct lab *, struct ini_qm *, struct why *);

/*
 * Do the keys that the engine gave away for this quick mode equal ours, both directions and SPIs?
 */
bool lab_same_keys(const struct lab *, const struct ini_qm *);

/*
 * A protected notify or delete waiting in the queue: the next datagram, verified; NULL if it is
 * none.
 */
const struct pl_notify *lab_take_notify(struct lab *, struct initiator *, bool *clear);

uint64_t lab_counter(const struct lab *, enum counter);

/* The phase 1 state of the SA with the initiator's cookies, "" if there is none. */
const char *lab_state(struct lab *, const struct initiator *);

/*
 * Copy of what ike_each_sa says of it (its strings good while the lab lives unchanged); false: no
 * such SA.
 */
struct lab_sa {
	struct ike_sa_info info;
	char group[64], state[32], remote_id[80], local_id[80], last_error[256], dialect[32];
};
bool lab_sa(struct lab *, const struct initiator *, struct lab_sa *);

/* The children, up to max; their number. */
struct lab_child {
	struct ike_child_info info;
	char		      local[80], remote[80];
};
unsigned lab_children(struct lab *, struct lab_child *out, unsigned max);

/*
 * Everything ike.h shows of the engine's SAs, as text: equal texts mean that nothing changed.
 * Ages,
 * octet counts and last errors are left out.
 */
void lab_snapshot(struct lab *, char *buf, size_t n);

/* some line since the last clear holds the text */
bool lab_logged(const struct lab *, const char *text);
void lab_log_clear(struct lab *);

/* From now on everything sent goes into ->record, one line of hex each. */
void lab_record(struct lab *);

#endif
