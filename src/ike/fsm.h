/*
 * ike/fsm.h - the protocol as a table, and the walk over it.
 *
 * fsm_table.c holds every legal step of every exchange.  A message that finds no row is refused;
 * there is no other way to be accepted.  Handlers fill or read a message and the SA; they do not
 * change state, send, encrypt or log progress: fsm.c does that, once.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IKE_FSM_H
#define IKE_FSM_H

#include "wire/msg.h"

struct ike;
struct sa;
struct xchg;
struct step;

/* clang-format off */
/*
 * The words an ASA engineer knows.  MM_DONE and QM_DONE are ended, kept for a while to answer
 * duplicates.
 */
#define IKE_STATES(X)                                                       \
	X(MM_START)                                                         \
	X(MM_WAIT_MSG3)                                                     \
	X(MM_WAIT_MSG5)                                                     \
	X(MM_ACTIVE)                                                        \
	X(MM_DONE)                                                          \
	X(QM_START)                                                         \
	X(QM_WAIT_MSG2)                                                     \
	X(QM_WAIT_MSG3)                                                     \
	X(QM_ACTIVE)                                                        \
	X(QM_DONE)

/* What can happen; INFO and NOTE are a protected and an unprotected informational message. */
#define IKE_HAPPENINGS(X)                                                   \
	X(RX_MM) X(RX_QM) X(RX_INFO) X(RX_NOTE) X(KICK) X(TIMEOUT)

/* Events as the log and the error history name them. */
#define IKE_LOG_EVENTS(X)                                                   \
	X(NullEvent)                                                        \
	X(EV_RCV_MSG1) X(EV_RCV_MSG2) X(EV_RCV_MSG3) X(EV_RCV_MSG4)         \
	X(EV_RCV_MSG5) X(EV_RCV_MSG6)                                       \
	X(EV_SND_MSG1) X(EV_SND_MSG2) X(EV_SND_MSG3) X(EV_SND_MSG4)         \
	X(EV_SND_MSG5) X(EV_SND_MSG6)                                       \
	X(EV_RCV_INFO) X(EV_INITIATE)                                       \
	X(EV_DECRYPT_OK) X(EV_COMPARE_IDS) X(EV_PROB_AUTH_FAIL)             \
	X(EV_RESEND_MSG) X(EV_TIMEOUT) X(EV_ERROR) X(EV_ACTIVATE_NEW_SA)
/* clang-format on */

enum ike_state {
#define X(name) name,
	IKE_STATES(X)
#undef X
	    IKE_STATE_COUNT,
	IKE_STATE_SAME /* in a row: stay where we are */
};

enum happening {
#define X(name) HAP_##name,
	IKE_HAPPENINGS(X)
#undef X
	    HAP_COUNT
};

enum fsm_event {
#define X(name) name,
	IKE_LOG_EVENTS(X)
#undef X
	    FSM_EVENT_COUNT
};

enum { /* struct fsm_row.flags */
	F_ENC = 1, /* must arrive encrypted */
	F_OUT_ENC = 2, /* the answer goes out encrypted */
	F_RESEND = 4 /* what was sent is sent again by our timer until the next message comes */
};

enum hash_kind { HASH_NONE, HASH_1, HASH_2, HASH_3 }; /* RFC 2409 5.5 */

typedef enum ike_err fsm_fn(struct step *);

struct fsm_row {
	enum ike_state st;
	enum happening ev;
	uint64_t need, may; /* payload sets; anything else is refused */
	unsigned flags;
	enum hash_kind hash_in, hash_out; /* first payload, verified or filled in by fsm.c */
	fsm_fn *in, *out, *done; /* read; build; after the state has changed.  Each may be NULL */
	const char *in_label, *out_label; /* "MM3": logs, faults, counters, ladder */
	enum fsm_event in_event, out_event;
	enum ike_state next;
	const char *spec; /* clause of the RFC, "local" for our own rules */
};

extern const struct fsm_row fsm_rows[];
extern const size_t fsm_row_count;

const char *fsm_state_name(enum ike_state);
const char *fsm_event_name(enum fsm_event);

/* The row for a state and a happening, NULL: there is no such step. */
const struct fsm_row *fsm_row_for(enum ike_state, enum happening);

/*
 * One step: find the row, check the payload set, verify the HASH, call the handlers, send, change
 * the state, log the transition.  On an error nothing has changed except what the failing handler
 * says in its own comment, and step.why tells the reason.
 */
enum ike_err fsm_step(struct step *, enum happening) MUST_USE;

/* A new exchange stands in QM_START; a new SA in MM_START, which is 0. */
void fsm_begin_xchg(struct xchg *);

/* End a phase 1 negotiation or a Quick Mode: ASA's error history line, then MM_DONE or QM_DONE. */
void fsm_abort_sa(struct sa *);
void fsm_abort_xchg(struct xchg *);

/* Leave without an error: deleted, expired, lingered long enough. */
void fsm_end_sa(struct sa *);
void fsm_end_xchg(struct xchg *);

/* The last steps of an SA or exchange: newest first in the error history. */
#define HISTORY_MAX 16
struct history {
	uint8_t state[HISTORY_MAX], event[HISTORY_MAX];
	uint8_t n; /* steps ever, wraps at 255 - HISTORY_MAX */
};
void history_add(struct history *, enum ike_state, enum fsm_event);

#endif
