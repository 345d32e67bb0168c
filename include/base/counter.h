/*
 * base/counter.h - what is counted, by name; ctl prints from this list, ikev1ctl(8) documents it.
 *
 * A struct counters belongs to one worker and is written by it alone; readers add them up.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stdint.h>

/* clang-format off */
#define IKE_COUNTERS(X)                                                                       \
	/* name                    what it counts */                                           \
	X(datagrams_in,            "datagrams received")                                       \
	X(datagrams_out,           "datagrams sent")                                           \
	X(octets_in,               "octets received")                                          \
	X(octets_out,              "octets sent")                                              \
	X(keepalives_in,           "NAT-T keepalives swallowed")                               \
	X(keepalives_out,          "NAT-T keepalives sent")                                    \
	X(esp_in,                  "UDP-encapsulated ESP packets, for which no data plane stands") \
	X(malformed,               "messages dropped for their syntax")                        \
	X(unknown_cookies,         "messages of no ISAKMP SA")                                 \
	X(unknown_payloads,        "payloads of unknown type skipped")                         \
	X(unexpected,              "messages for which the state has no transition")           \
	X(bad_hash,                "messages whose HASH did not verify")                       \
	X(undecryptable,           "encrypted messages that did not decrypt to payloads")      \
	X(unprotected_ignored,     "unprotected notifies and deletes ignored")                 \
	X(duplicates,              "retransmitted requests answered from store or ignored")    \
	X(retransmits,             "messages sent again by our timer")                         \
	X(sa_half_open,            "phase 1 negotiations begun")                               \
	X(sa_half_open_expired,    "phase 1 negotiations that timed out")                      \
	X(sa_half_open_evicted,    "half-open SAs dropped because a limit was reached")        \
	X(phase1_up,               "phase 1 negotiations completed")                           \
	X(phase1_failed,           "phase 1 negotiations failed")                              \
	X(phase1_no_proposal,      "phase 1 negotiations without an acceptable proposal")      \
	X(phase1_key_mismatch,     "phase 1 negotiations that ended in a key mismatch")        \
	X(psk_diagnoses,           "key mismatches for which other keys were tried")           \
	X(psk_diagnoses_skipped,   "key mismatches not looked into, another one was")          \
	X(psk_candidates,          "keys tried on message 5 after a key mismatch")             \
	X(psk_found,               "key mismatches whose peer's key was recognised")           \
	X(phase2_up,               "phase 2 negotiations completed")                           \
	X(phase2_failed,           "phase 2 negotiations failed")                              \
	X(phase2_no_proposal,      "phase 2 negotiations without an acceptable proposal")      \
	X(phase2_proxy_mismatch,   "phase 2 negotiations whose proxy identities fit no crypto map entry") \
	X(notifies_in,             "notify payloads received")                                 \
	X(notifies_out,            "notify payloads sent")                                     \
	X(notifies_suppressed,     "unprotected notifies not sent because of the rate limit")  \
	X(deletes_in,              "delete payloads received")                                 \
	X(deletes_out,             "delete payloads sent")                                     \
	X(dpd_in,                  "DPD R-U-THERE received")                                   \
	X(dpd_out,                 "DPD R-U-THERE sent")                                       \
	X(dpd_dead,                "peers declared dead by DPD")                               \
	X(dh_generated,            "Diffie-Hellman key pairs generated")                       \
	X(dh_derived,              "Diffie-Hellman secrets derived")                           \
	X(faults_fired,            "times that a fault on demand acted")                       \
	X(log_suppressed,          "log lines counted instead of written")
/* clang-format on */

enum counter {
#define X(name, help) CNT_##name,
	IKE_COUNTERS(X)
#undef X
	CNT_COUNT
};

struct counters {
	uint64_t n[CNT_COUNT];
};

const char *counter_name(enum counter); /* "datagrams_in" */
const char *counter_help(enum counter);

/* Add b to a, field by field. */
void counter_add(struct counters *a, const struct counters *b);

#endif
