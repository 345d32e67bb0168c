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
#define HEARD_LEVEL	 LOG_L_NOTICE /* of lines that one may wait for */

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
	server_hear_fn	  *hear; /* somebody waits for lines */
	void		  *hear_ctx;
};

struct line {
	struct line   *next;
	enum log_level level;
	struct heard   heard; /* its message owned here, NULL where nobody may wait for the line */
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

struct loop *
server_loop_of(const struct client *c)
{
	return c->server->loop;
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

/* Who waits is told for the last time. */
static void
end_hearing(struct client *c, enum hear_end why)
{
	server_hear_fn *hear = c->hear;

	c->hear = NULL;
	if (hear != NULL)
		hear(c->hear_ctx, why, NULL);
}

/* The connection ends; the client goes with its last request. */
static void
hang_up(struct client *c, bool flushed)
{
	bool listened = c->monitors || c->hear != NULL;
	struct server *s = c->server;

	if (c->stream != NULL && flushed)
		stream_close_flushed(c->stream);
	else if (c->stream != NULL)
		stream_close(c->stream);
	c->stream = NULL;
	c->monitors = false;
	c->holds++;
	end_hearing(c, HEAR_GONE);
	c->holds--;
	if (listened)
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
	bool pause;

	server_hold(c);
	c->serving = true;
	while ((line = next_request(c)) != NULL) {
		c->busy = true;
		cmds_run(c, line);
	}
	c->serving = false;
	pause = c->busy && c->hear == NULL; /* one who waits may leave */
	if (c->stream != NULL && c->eof && !pause)
		hang_up(c, true);
	else if (c->stream != NULL && c->paused != pause)
		stream_pause(c->stream, c->paused = pause);
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
	if (c->hear != NULL && c->lines.n - c->lines.taken + data.n > PROTO_REQUEST_MAX) {
		hang_up(c, false);
		return;
	}
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
	if (end != STREAM_EOF || c->monitors || c->hear != NULL)
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

static void
heard_from(struct heard *h, const struct log_line *l)
{
	h->event = l->event;
	if (l->level > HEARD_LEVEL)
		return;
	if (l->who != NULL)
		h->peer = l->who->peer;
	if (l->who != NULL && l->who->group != NULL)
		snprintf(h->group, sizeof(h->group), "%s", l->who->group);
	h->message = strdup(l->text);
}

static void
line_free(struct line *l)
{
	free((char *)(uintptr_t)l->heard.message);
	free(l->text);
	free(l);
}

/* In any thread, under the log's lock: keep the line for the main thread and do no more. */
static void
hook(void *ctx, const struct log_line *l)
{
	struct server *s = ctx;
	/* A flood for a monitor leaves room for what somebody may wait for. */
	unsigned room = l->level > HEARD_LEVEL ? MONITOR_LINES : 2 * MONITOR_LINES;
	struct line *new;
	bool post;

	pthread_mutex_lock(&s->lock);
	new = s->line_count < room ? calloc(1, sizeof(*new)) : NULL;
	if (new != NULL && (new->text = logjson_format(l)) == NULL) {
		free(new);
		new = NULL;
	}
	if (new != NULL) {
		new->level = l->level;
		heard_from(&new->heard, l);
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
		if (!c->monitors && c->hear == NULL)
			continue;
		any = true;
		if (c->monitors && c->level > level)
			level = c->level;
		if (c->hear != NULL && HEARD_LEVEL > level)
			level = HEARD_LEVEL;
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

void
server_hear(struct client *c, server_hear_fn *fn, void *ctx)
{
	c->hear = fn;
	c->hear_ctx = ctx;
	if (c->stream != NULL)
		stream_idle_s(c->stream, fn != NULL ? 0 : IDLE_S);
	monitors_changed(c->server);
}

static void
to_hearers(struct server *s, const struct heard *h)
{
	struct client *next;

	for (struct client *c = s->clients; c != NULL; c = next) {
		next = c->next;
		if (c->hear != NULL)
			c->hear(c->hear_ctx, HEAR_LINE, h);
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
		if (l->heard.message != NULL)
			to_hearers(s, &l->heard);
		line_free(l);
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
		if (c->hear != NULL)
			end_hearing(c, HEAR_STOPPING);
		else if (!c->busy && !c->monitors)
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
		if (s->clients->hear == NULL)
			s->clients->holds = 0;
		hang_up(s->clients, false);
	}
	while ((l = s->first) != NULL) {
		s->first = l->next;
		line_free(l);
	}
	json_decref(s->too_long);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
