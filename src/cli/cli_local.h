/* cli_local.h - what the files of ikev1ctl share. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include <jansson.h>
#include <stdio.h>

#include "ctl/proto.h"

enum cli_exit { /* exit status, ikev1ctl(8) */
	CLI_OK = 0,
	CLI_REFUSED = 1,     /* the daemon refused, or nothing matched */
	CLI_USAGE = 2,	     /* the command line is wrong */
	CLI_UNREACHABLE = 3, /* no daemon to talk to */
};

/* ---- talk.c: the connection ---- */

struct talk {
	int		   fd;
	struct proto_lines lines;
	const char	  *path; /* connected to */
	char		   path_buf[256];
};

/* Connect to path, or where a daemon usually listens (NULL).  False: said why on stderr. */
bool talk_open(struct talk *, const char *path);
void talk_close(struct talk *);

bool talk_send(struct talk *, const json_t *request);

/* The next object; NULL: the daemon closed the connection, or what came is no object. */
json_t *talk_receive(struct talk *);

/* ---- text.c: replies for people ---- */

/* Print a reply as text; the exit status that it means.  Refusals go to err. */
enum cli_exit text_print(FILE *out, FILE *err, const json_t *reply);

/* One line of monitor. */
void text_event(FILE *out, const json_t *event);

/* The list of commands, from the table that both ends share. */
void text_commands(FILE *out);

/* Members of a reply: the string, "" without one; the number, 0 without one. */
const char *text_str(const json_t *, const char *key);
long long   text_num(const json_t *, const char *key);

/* ---- ladder.c, explain.c ---- */

void ladder_ascii(bool); /* no box drawing, whatever the locale */
void ladder_print(FILE *, const json_t *reply);
void explain_print(FILE *, const json_t *reply);

/* ---- fault.c ---- */

void fault_print(FILE *, const json_t *reply);
void fault_print_armed(FILE *, const json_t *armed); /* nothing where nothing is armed */

/* The status alone, for --json. */
enum cli_exit text_status(const json_t *reply);

#endif
