/* ctl_local.h - what the files of this room share: connections, requests, answers. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CTL_LOCAL_H
#define CTL_LOCAL_H

#include <jansson.h>
#include <time.h>

#include "base/event.h"
#include "ctl/proto.h"
#include "ctl/server.h"

#define LOGJSON_TIME 40

/* RFC 3339 in UTC with milliseconds; returns buf. */
char *logjson_time(const struct timespec *, char *buf, size_t n);

/* ---- answers: show.c ---- */

json_t *show_isakmp_sa(const struct ike_sa_info *, unsigned worker);
json_t *show_ipsec_sa(const struct ike_child_info *, unsigned worker);
json_t *show_totals(const struct ike_totals *);
json_t *show_counters(const struct counters *);
json_t *show_policy_text(const struct policy *); /* a string of lines */
json_t *show_sockets(const struct udp_bind *, size_t count);

/* ---- requests: cmds.c ---- */

struct client;

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

/* A client that went away stays until its request came back: keep the two calls in pairs. */
void server_hold(struct client *);
void server_release(struct client *);

#endif
