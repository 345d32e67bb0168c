/* src/fault/fault_local.h - a row of the catalogue, an armed fault, and what a lie is given. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FAULT_LOCAL_H
#define FAULT_LOCAL_H

#include "fault/fault.h"

#define FAULT_ARGS	2
#define FAULT_HOOKS	3
#define FAULT_VALUE_MAX 64 /* octets of an argument */
#define FAULT_SPEC_MAX	160 /* octets of a fault as users write it */
#define FAULT_RING	64 /* negotiations that an armed fault remembers */
#define FAULT_FIRINGS	256 /* that the room remembers */

/* Where in a negotiation a fault acts: what an earlier one ends, a later one never sees. */
enum fault_stage {
	STAGE_MM1 = 1,
	STAGE_MM2,
	STAGE_MM3,
	STAGE_MM4,
	STAGE_MM5,
	STAGE_MM6,
	STAGE_UP,
	STAGE_INFO,
	STAGE_QM1,
	STAGE_QM2,
	STAGE_QM3,
	STAGE_QM_UP,
	STAGE_ANY /* of the step its argument names, or of none */
};

enum fault_arg_kind { ARG_NONE, ARG_CHOICE, ARG_NUMBER, ARG_STEP, ARG_TEXT };

struct fault_arg {
	enum fault_arg_kind kind;
	const char *words; /* choice: "omit|empty"; number, step, text: what help calls it */
	const char *def; /* as text */
	long min, max;
};

struct fault_value {
	unsigned choice; /* place in words */
	long number;
	char text[FAULT_VALUE_MAX]; /* a step in capitals */
};

struct fault_call { /* what a lie is given */
	const struct fault_value *v;
	int how; /* of its hook */
	struct fault_armed *armed;
	const struct fault_key *key;
	struct fault_hit *hit;
	char said[FAULT_TEXT]; /* for the log: what it does to what */
};

typedef bool fault_when(struct fault_call *); /* is there something to lie about? */
typedef enum ike_err fault_fn(struct fault_call *);

struct fault_hook {
	enum fault_at at;
	const char *label; /* "*": each; "=": the step that the first argument names */
	fault_fn *fn;
	fault_when *when; /* NULL: always */
	int how;
	/* only where the fault acted in this negotiation before: no occasion of its own */
	bool follow;
};

struct fault_def {
	const char *name;
	struct fault_arg args[FAULT_ARGS];
	const char *wire, *asa, *swan, *how;
	struct fault_hook hooks[FAULT_HOOKS];
	enum fault_stage stage;
	bool stops; /* no negotiation gets beyond the stage */
	const char *target; /* what it decides: two faults with the same one contradict */
};

extern const struct fault_def fault_table[];

struct fault_spec { /* a fault as it was asked for */
	const struct fault_def *def;
	struct fault_value v[FAULT_ARGS];
	unsigned count, occurrence;
	double probability;
	uint64_t seed;
	bool seeded;
	char text[FAULT_SPEC_MAX];
};

struct fault_armed {
	struct fault_spec spec;
	char *group;
	bool from_policy;
	unsigned left;
	uint64_t rng;
	uint64_t seen, fired;
	uint64_t ring[FAULT_RING]; /* negotiations it acted in */
	unsigned ring_n; /* ever */
	uint32_t last_msgid; /* of the messages that it watches */
};

struct fault_firing {
	uint64_t negotiation;
	const struct fault_def *def;
};

struct fault_room {
	struct fault_gate gate; /* first */
	pthread_mutex_t lock; /* over all below */
	struct fault_armed *armed[FAULT_ARMED_MAX];
	unsigned count;
	struct fault_firing firings[FAULT_FIRINGS];
	unsigned firing_n; /* ever */
};

/* ---- fault_parse.c ---- */

enum ike_err fault_parse(const char *text, struct fault_spec *, struct why *) MUST_USE;

/* Can both act?  IKE_E_CONF and the reason if not. */
enum ike_err fault_agree(const struct fault_spec *, const struct fault_spec *,
    struct why *) MUST_USE;

/* A number in the sequence of an armed fault. */
uint64_t fault_random(struct fault_armed *);

/* What a lie does, for the log. */
void fault_say(struct fault_call *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- f_flow.c: verdicts, keys, datagrams ---- */

fault_fn f_ignore, f_refuse, f_pfs, f_psk, f_wrong_id, f_dialect;
fault_fn f_drop, f_delay, f_dup, f_hold, f_replay, f_ttl, f_other_port, f_rx_drop, f_unreach;
fault_when w_pfs, w_r_u_there, w_marker;

/* ---- f_sa.c: lies in the SA payload ---- */

fault_fn f_two_transforms, f_all, f_foreign1, f_foreign2, f_lifetime, f_mode, f_spi0;
fault_when w_foreign1, w_foreign2, w_lifetime, w_mode;

enum { HDR_LIE_COOKIE_ZERO, HDR_LIE_COOKIE_SWAP, HDR_LIE_FLAGS, HDR_LIE_VERSION, HDR_LIE_LENGTH,
	HDR_LIE_NEXT };

/* ---- f_payload.c: lies in the other payloads and the header ---- */

fault_fn f_bad_ke, f_extra_ke, f_omit, f_natd, f_hash_model, f_hash_plain, f_no_hash, f_garble,
    f_ids, f_ack_seq, f_header, f_mid;
fault_when w_payload, w_no_ke, w_ids, w_ack, w_mid;

/* ---- f_done.c: what is done beside the way ---- */

enum { DELETE_ISAKMP = 1, DELETE_CLEAR = 2, DELETE_KEEP = 4, DELETE_TWICE = 8 };

fault_fn f_delete, f_notify, f_flood, f_reverse;
fault_when w_reverse;

#endif
