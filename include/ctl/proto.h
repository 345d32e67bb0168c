/*
 * ctl/proto.h - the control protocol, for both ends: one JSON object a line over a unix stream
 * socket.
 *
 *     {"command":"show isakmp sa","peer":"203.0.113.10","detail":true}
 *     {"ok":true,"command":"show isakmp sa","sas":[...]}
 *     {"ok":false,"error":"no SA of 203.0.113.10"}
 *
 * Commands and their arguments are rows of one table here, so that the client knows without the
 * daemon what it may ask.  "usage":true in a refusal means that the request itself was wrong.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CTL_PROTO_H
#define CTL_PROTO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define PROTO_SOCKET	  "/run/ikev1d/control.sock"
#define PROTO_SOCKET_USER "ikev1d/control.sock" /* below $XDG_RUNTIME_DIR, for an unprivileged daemon */
#define PROTO_FAULT_MAX	  160			/* octets of a fault, terminated */
#define PROTO_REQUEST_MAX 65536			/* octets of a request line */

enum proto_args { /* bits */
	PROTO_A_DETAIL = 1,    /* the word "detail": {"detail":true} */
	PROTO_A_PEER = 2,      /* may name a peer: {"peer":"..."} */
	PROTO_A_PEER_MUST = 4, /* must name a peer, "all" for all */
	PROTO_A_LEVEL = 8,     /* may name a log level: {"level":"debug"} */
	PROTO_A_LEVEL_MUST = 16,
	PROTO_A_FILE_MUST = 4096, /* must name a file: {"file":"/path"} */
	PROTO_A_STATE_MUST = 32,    /* must name what is waited for: {"state":"phase1-up"} */
	PROTO_A_TIMEOUT = 64,	    /* may say --timeout S: {"timeout_s":30} */
	/* must name a product of policy/peer_config.h: {"product":"asa"} */
	PROTO_A_PRODUCT_MUST = 128,
	PROTO_A_GROUP = 256,	    /* may name a tunnel group: {"group":"asa-hq"} */
	PROTO_A_FAULT = 512,	    /* may name a fault, in words: {"fault":"mm4.drop@2 p=0.5"} */
	PROTO_A_FAULT_MUST = 1024,
	PROTO_A_COUNT = 2048	    /* may say --count N: {"count":1} */
};

/* clang-format off */
#define PROTO_COMMANDS(X)                                                                          \
	/* id, words, arguments, how they are shown, help */                                       \
	X(STATUS, "status", 0, "", "uptime, sockets, workers, SA counts and counters")             \
	X(SHOW_ISAKMP, "show isakmp sa", PROTO_A_DETAIL | PROTO_A_PEER, "[detail] [PEER]",         \
	  "phase 1 SAs, as ASA shows them")                                                        \
	X(SHOW_IPSEC, "show ipsec sa", PROTO_A_PEER, "[PEER]", "phase 2 SAs, as ASA shows them")   \
	X(SHOW_POLICY, "show policy", 0, "", "the policy in force, defaults included")             \
	X(EXPLAIN, "explain", PROTO_A_PEER, "[PEER]",                                              \
	  "why the last negotiations failed, on which side, and what mends it")                    \
	X(LADDER, "ladder", PROTO_A_PEER, "[PEER] [--ascii]",                                      \
	  "the last exchange as a ladder of messages")                                             \
	X(MONITOR, "monitor", PROTO_A_LEVEL, "[LEVEL]", "log lines as they happen (default: info)") \
	X(DELETE, "delete", PROTO_A_PEER_MUST, "PEER",                                             \
	  "send deletes for all SAs of a peer and end them")                                       \
	X(DPD, "dpd", PROTO_A_PEER_MUST, "PEER", "send a DPD R-U-THERE to a peer")                 \
	X(REKEY, "rekey", PROTO_A_PEER_MUST, "PEER",                                               \
	  "start a Quick Mode for each IPsec SA of a peer")                                        \
	X(WAIT, "wait", PROTO_A_PEER_MUST | PROTO_A_STATE_MUST | PROTO_A_TIMEOUT,                  \
	  "PEER phase1-up|phase2-up|failed [--timeout S]",                                         \
	  "wait until it is so; status 1 if it cannot be, or S seconds are over")                  \
	X(PEER_CONFIG, "peer-config", PROTO_A_PRODUCT_MUST | PROTO_A_GROUP,                        \
	  "PRODUCT [GROUP] [--legacy|--ipsec-conf]",                                               \
	  "the configuration for asa, ios, strongswan or libreswan as the peer")                   \
	X(FAULT_LIST, "fault list", PROTO_A_PEER | PROTO_A_FAULT, "[PEER] [FAULT]",                \
	  "faults on demand: what there is, what the peer shows then, what is armed")              \
	X(FAULT_SET, "fault set", PROTO_A_PEER_MUST | PROTO_A_FAULT_MUST | PROTO_A_COUNT,          \
	  "PEER FAULT [--count N]", "arm a fault for a tunnel group, or for N negotiations of it") \
	X(FAULT_CLEAR, "fault clear", PROTO_A_PEER | PROTO_A_FAULT, "[PEER] [FAULT]",              \
	  "disarm faults")                                                                         \
	X(CAPTURE_START, "capture start", PROTO_A_FILE_MUST | PROTO_A_PEER, "FILE [PEER]",         \
	  "write what comes and goes into FILE, and the keys beside it")                           \
	X(CAPTURE_STOP, "capture stop", 0, "", "end it")                                           \
	X(RELOAD, "reload", 0, "", "read the policy file again, all or nothing")                   \
	X(LOG_LEVEL, "log level", PROTO_A_LEVEL_MUST, "LEVEL",                                     \
	  "log at err, warning, notice, info or debug")                                            \
	X(HELP, "help", 0, "", "this list")
/* clang-format on */

enum proto_command {
#define X(id, words, args, shown, help) PROTO_C_##id,
	PROTO_COMMANDS(X)
#undef X
	PROTO_C_COUNT
};

enum proto_state { PROTO_S_NONE, PROTO_S_PHASE1_UP, PROTO_S_PHASE2_UP, PROTO_S_FAILED };
extern const char *const proto_states[]; /* their words, NULL for none */

struct proto_row {
	const char *words;
	unsigned    args;  /* enum proto_args */
	const char *shown; /* "[detail] [PEER]" */
	const char *help;
};

extern const struct proto_row proto_table[PROTO_C_COUNT];

/* The command of exactly these words, PROTO_C_COUNT if there is none. */
enum proto_command proto_find(const char *words);

/* Why there is no such command, with the nearest one named, into buf; returns buf. */
const char *proto_unknown(const char *words, char *buf, size_t n);

/*
 * A request object from a command line: argc words after the options.  NULL and the reason in
 * error.  ASA's "show crypto isakmp sa" is taken as "show isakmp sa".
 */
json_t *proto_request(int argc, char *const argv[], char *error, size_t n);

/*
 * The arguments of a request, checked against its row: false and the reason in error when one is
 * missing, unknown or of the wrong type.  Strings are borrowed from the object.
 */
struct proto_call {
	enum proto_command command;
	bool		   detail;
	const char	  *peer;  /* NULL: not given */
	const char	  *level; /* NULL: not given */
	const char	  *file;  /* NULL: not given */
	const char	  *product, *group; /* NULL: not given */
	enum proto_state   awaited;
	long		   timeout_s; /* -1: not given */
	char		   fault[PROTO_FAULT_MAX]; /* "": not given */
	long		   count; /* 0: not given */
};
bool proto_parse(const json_t *request, struct proto_call *, char *error, size_t n);

/*
 * Lines out of a stream that comes in pieces of any size.
 *
 *     proto_lines_put(l, octets, n);
 *     while ((line = proto_lines_next(l)) != NULL) ...
 */
struct proto_lines {
	char  *buf;
	size_t n, cap;
	size_t taken, searched, open; /* offsets: next line, no end before, the unfinished line */
	size_t max; /* octets of a line without its end, 0: no bound */
};

/* Zeroes and a bound; free what is held. */
void proto_lines_init(struct proto_lines *, size_t max);
void proto_lines_fini(struct proto_lines *);

/* False when memory is out, or a line is longer than the bound: give the connection up. */
bool proto_lines_put(struct proto_lines *, const void *octets, size_t n);

/* The next whole line, terminated, without its end; good until the next call.  NULL: none yet. */
char *proto_lines_next(struct proto_lines *);

#endif
