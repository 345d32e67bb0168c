/* ctl_local.h - what the files of this room share: connections, requests, answers. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CTL_LOCAL_H
#define CTL_LOCAL_H

#include <jansson.h>
#include <time.h>

#include "base/addr.h"
#include "base/event.h"
#include "ctl/proto.h"
#include "ctl/server.h"
#include "ike/record.h"

#define LOGJSON_TIME 40

/* RFC 3339 in UTC with milliseconds; returns buf. */
char *logjson_time(const struct timespec *, char *buf, size_t n);

/* ---- answers: show.c ---- */

json_t *show_isakmp_sa(const struct ike_sa_info *, unsigned worker);
json_t *show_ipsec_sa(const struct ike_child_info *, unsigned worker);
json_t *show_totals(const struct ike_totals *);
json_t *show_counters(const struct counters *);
json_t *show_policy_text(const struct policy *); /* a string of lines */
json_t *show_capture(const struct capture_info *);
json_t *show_sockets(const struct udp_bind *, size_t count);

/* ---- answers: history.c ---- */

json_t *history_ladder(const struct record *, unsigned worker);
json_t *history_explain(const struct record *, unsigned worker);
void history_sort(json_t *array);    /* newest first, over all workers */
void history_last_sa(json_t *array); /* sorted: what happened under the newest one's ISAKMP SA */

/* ---- requests: cmds.c ---- */

struct client;

/*
 * wait.c: wait for a peer.  Answers the client's request once; the call is borrowed for this time.
 */
void wait_begin(struct client *, const struct proto_call *, const struct ike_match *);

/*
 * peerconf.c: the answer to peer-config; group NULL: the policy's only one, or all.  NULL: no
 * memory.
 */
json_t *peerconf_answer(const struct server_facts *, const char *product, const char *group);

/* faultcmd.c: what is armed, for status; and the answers to the "fault" commands. */
json_t *faultcmd_armed(const struct server_facts *);
json_t *faultcmd_answer(const struct server_facts *, const struct proto_call *);

/*
 * Work a request line off.  Exactly one cmds_answer() follows, now or after the workers; until then
 * the client takes no other request.
 */
void cmds_run(struct client *, const char *line);

/* ---- connections: server.c, for cmds.c ---- */

const struct server_ports *server_ports_of(const struct client *);

/* The answer to the request under way, which it ends; the object is taken over. */
void server_answer(struct client *, json_t *);

/* Stream log lines up to this level to the client from now on, after the answer. */
void server_monitor(struct client *, enum log_level);

/* A line of the log, as one who waits for it is told in the main thread; good for the call. */
struct heard {
	enum log_event event;
	struct addr    peer;	 /* ADDR_NONE: of nobody */
	char	       group[72]; /* "": not known */
	const char    *message;
};

/*
 * Tell the client's request of each line up to notice from now on, until fn is NULL.  While it is
 * told, the client may be silent as long as it likes; when it goes away, or the daemon stops, line
 * is NULL, once and for the last time.
 */
enum hear_end { HEAR_LINE, HEAR_GONE, HEAR_STOPPING };
typedef void server_hear_fn(void *ctx, enum hear_end, const struct heard *line);
void server_hear(struct client *, server_hear_fn *, void *ctx);

struct loop *server_loop_of(const struct client *);

/* A client that went away stays until its request came back: keep the two calls in pairs. */
void server_hold(struct client *);
void server_release(struct client *);

#endif
