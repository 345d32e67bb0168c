/* server.c - connections to the control socket, and the log lines that monitors follow. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/logjson.h"
#include "ctl_local.h"
#include "io/loop.h"
#include "io/stream.h"

#define CLIENTS_MAX	 64
#define IDLE_S		 60	   /* a connection without a request */
#define BACKLOG		 (1 << 20) /* octets somebody may lag behind before he is dropped */
#define MONITOR_LINES	 8192	   /* lines waiting for the main thread */

struct client {
	struct server	  *server;
	struct client	  *next, *prev;
	struct stream	  *stream; /* NULL: gone */
	struct proto_lines lines;
	unsigned	   holds; /* requests that still point here */
	/* a request is under way; in serve(); not reading */
	bool		   busy, serving, paused;
	bool		   eof;	  /* it will ask no more */
	bool		   monitors;
	enum log_level	   level;
};

struct line {
	struct line   *next;
	enum log_level level;
	size_t	       n;
	char	      *text;
};

struct server {
	struct loop	   *loop;
	struct acceptor	   *acceptor;
	struct server_ports ports;
	struct client	   *clients;
	unsigned	    client_count;
	/* Written by every thread that logs, under lock; emptied by job in the main thread. */
	pthread_mutex_t lock;
	struct line    *first, **last;
	unsigned	line_count, dropped;
	bool		posted;
	struct loop_job job;
	json_t	       *too_long; /* the answer to a line without end */
};

/* ---- connections ---- */

const struct server_ports *
server_ports_of(const struct client *c)
{
	return &c->server->ports;
}

static void monitors_changed(struct server *);

static void
forget(struct client *c)
{
	if (c->holds > 0)
		return;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->server->clients = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->server->client_count--;
	proto_lines_fini(&c->lines);
	free(c);
}

/* The connection ends; the client goes with its last request. */
static void
hang_up(struct client *c, bool flushed)
{
	bool monitored = c->monitors;
	struct server *s = c->server;

	if (c->stream != NULL && flushed)
		stream_close_flushed(c->stream);
	else if (c->stream != NULL)
		stream_close(c->stream);
	c->stream = NULL;
	c->monitors = false;
	if (monitored)
		monitors_changed(s);
	forget(c);
}

void
server_hold(struct client *c)
{
	c->holds++;
}

void
server_release(struct client *c)
{
	c->holds--;
	if (c->stream == NULL)
		forget(c);
}

static bool
send_object(struct client *c, const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	bool ok;

	if (text == NULL)
		return false;
	ok = stream_write(c->stream, CHUNK((const uint8_t *)text, strlen(text))) &&
	    stream_write(c->stream, CHUNK((const uint8_t *)"\n", 1));
	free(text);
	return ok;
}

/* Whether another whole request has arrived from one who reads the answers. */
static char *
next_request(struct client *c)
{
	char *line;

	if (c->stream == NULL || c->busy || c->monitors || c->server->acceptor == NULL ||
	    (line = proto_lines_next(&c->lines)) == NULL)
		return NULL;
	if (stream_pending(c->stream) <= BACKLOG)
		return line;
	hang_up(c, false);
	return NULL;
}

/* Work off what has arrived, one request at a time.  May free the client. */
static void
serve(struct client *c)
{
	char *line;

	server_hold(c);
	c->serving = true;
	while ((line = next_request(c)) != NULL) {
		c->busy = true;
		cmds_run(c, line);
	}
	c->serving = false;
	if (c->stream != NULL && !c->busy && c->eof)
		hang_up(c, true);
	else if (c->stream != NULL && c->paused != c->busy)
		stream_pause(c->stream, c->paused = c->busy);
	server_release(c);
}

void
server_answer(struct client *c, json_t *answer)
{
	c->busy = false;
	if (c->stream != NULL && !send_object(c, answer))
		hang_up(c, false);
	json_decref(answer);
	if (!c->serving && c->stream != NULL)
		serve(c);
}

static void
on_data(void *ctx, struct chunk data)
{
	struct client *c = ctx;

	if (c->monitors)
		return;
	if (proto_lines_put(&c->lines, data.p, data.n)) {
		serve(c);
		return;
	}
	(void)send_object(c, c->server->too_long);
	hang_up(c, true);
}

static void
on_end(void *ctx, enum stream_end end)
{
	struct client *c = ctx;

	c->eof = true;
	if (end != STREAM_EOF || c->monitors)
		hang_up(c, false);
	else
		serve(c);
}

static void
turn_away(int fd)
{
	static const char text[] = "{\"ok\":false,\"error\":\"too many connections\"}\n";

	(void)send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void
on_accept(void *ctx, int fd)
{
	struct server *s = ctx;
	struct client *c;

	if (s->client_count >= CLIENTS_MAX || (c = calloc(1, sizeof(*c))) == NULL) {
		turn_away(fd);
		return;
	}
	c->server = s;
	proto_lines_init(&c->lines, PROTO_REQUEST_MAX);
	c->stream = stream_new(s->loop, fd,
	    &(struct stream_events){.ctx = c, .data = on_data, .end = on_end});
	if (c->stream == NULL) {
		free(c);
		return;
	}
	stream_idle_s(c->stream, IDLE_S);
	c->next = s->clients;
	if (c->next != NULL)
		c->next->prev = c;
	s->clients = c;
	s->client_count++;
}

/* ---- monitors ---- */

/* In any thread, under the log's lock: keep the line for the main thread and do no more. */
static void
hook(void *ctx, const struct log_line *l)
{
	struct server *s = ctx;
	struct line *new;
	bool post;

	pthread_mutex_lock(&s->lock);
	new = s->line_count < MONITOR_LINES ? calloc(1, sizeof(*new)) : NULL;
	if (new != NULL && (new->text = logjson_format(l)) == NULL) {
		free(new);
		new = NULL;
	}
	if (new != NULL) {
		new->level = l->level;
		new->n = strlen(new->text);
		new->text[new->n++] = '\n'; /* in place of the terminator */
		*s->last = new;
		s->last = &new->next;
		s->line_count++;
	} else {
		s->dropped++;
	}
	post = !s->posted;
	s->posted = true;
	pthread_mutex_unlock(&s->lock);
	if (post)
		loop_post(s->loop, &s->job);
}

/* The hook stands while somebody looks, as wide as the widest wish. */
static void
monitors_changed(struct server *s)
{
	enum log_level level = LOG_L_ERR;
	bool any = false;

	for (const struct client *c = s->clients; c != NULL; c = c->next) {
		if (!c->monitors)
			continue;
		any = true;
		if (c->level > level)
			level = c->level;
	}
	log_set_hook(any ? hook : NULL, s, level);
}

void
server_monitor(struct client *c, enum log_level level)
{
	if (c->stream == NULL)
		return;
	c->monitors = true;
	c->level = level;
	stream_idle_s(c->stream, 0);
	monitors_changed(c->server);
}

static void
to_monitors(struct server *s, enum log_level level, const char *text, size_t n)
{
	struct client *next;

	for (struct client *c = s->clients; c != NULL; c = next) {
		next = c->next;
		if (!c->monitors || level > c->level)
			continue;
		if (stream_pending(c->stream) > BACKLOG ||
		    !stream_write(c->stream, CHUNK((const uint8_t *)text, n)))
			hang_up(c, false);
	}
}

static void
deliver(struct loop_job *job)
{
	struct server *s = CONTAINER_OF(job, struct server, job);
	struct line *l, *next;
	unsigned dropped;
	char note[64];

	pthread_mutex_lock(&s->lock);
	l = s->first;
	dropped = s->dropped;
	s->first = NULL;
	s->last = &s->first;
	s->line_count = s->dropped = 0;
	s->posted = false;
	pthread_mutex_unlock(&s->lock);
	for (; l != NULL; l = next) {
		next = l->next;
		to_monitors(s, l->level, l->text, l->n);
		free(l->text);
		free(l);
	}
	if (dropped > 0) {
		int n = snprintf(note, sizeof(note), "{\"dropped\":%u}\n", dropped);

		to_monitors(s, LOG_L_ERR, note, (size_t)n);
	}
}

/* ---- life ---- */

struct server *
server_new(struct loop *loop, int fd, const struct server_ports *ports)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		close(fd);
		return NULL;
	}
	s->loop = loop;
	s->ports = *ports;
	s->last = &s->first;
	s->job.fn = deliver;
	pthread_mutex_init(&s->lock, NULL);
	s->too_long = json_pack("{s:b, s:s, s:b}", "ok", 0, "error",
	    "the request is longer than 65536 octets", "usage", 1);
	s->acceptor = acceptor_new(loop, fd, on_accept, s);
	if (s->acceptor == NULL || s->too_long == NULL) {
		server_free(s);
		return NULL;
	}
	return s;
}

void
server_stop(struct server *s)
{
	struct client *next;

	acceptor_free(s->acceptor);
	s->acceptor = NULL;
	for (struct client *c = s->clients; c != NULL; c = next) {
		next = c->next;
		c->eof = true;
		if (!c->busy && !c->monitors)
			hang_up(c, true);
	}
}

bool
server_quiet(const struct server *s)
{
	for (const struct client *c = s->clients; c != NULL; c = c->next) {
		if (c->busy || (c->stream != NULL && stream_pending(c->stream) > 0))
			return false;
	}
	return true;
}

void
server_free(struct server *s)
{
	struct line *l;

	if (s == NULL)
		return;
	if (s->acceptor != NULL)
		acceptor_free(s->acceptor);
	while (s->clients != NULL) {
		s->clients->holds = 0;
		hang_up(s->clients, false);
	}
	while ((l = s->first) != NULL) {
		s->first = l->next;
		free(l->text);
		free(l);
	}
	json_decref(s->too_long);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
