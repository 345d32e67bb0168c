/* stream.c - buffered connections and their acceptor over libevent. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/stream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io_local.h"

#define READ_AHEAD    65536 /* octets taken from the kernel and not yet looked at */
#define WRITE_STUCK_S 30    /* the other end takes nothing for so long: broken */

struct stream {
	struct bufferevent  *bev;
	struct stream_events events;
	bool		     busy;    /* inside an event: freeing waits for its end */
	bool		     closed;  /* the owner let go */
};

struct acceptor {
	struct evconnlistener *l;
	acceptor_fn	      *fn;
	void		      *ctx;
};

static void
destroy(struct stream *s)
{
	bufferevent_free(s->bev);
	free(s);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct stream *s = arg;
	uint8_t piece[4096];
	size_t n;

	s->busy = true;
	while (!s->closed && (bufferevent_get_enabled(bev) & EV_READ) != 0 &&
	    (n = bufferevent_read(bev, piece, sizeof(piece))) > 0)
		s->events.data(s->events.ctx, CHUNK(piece, n));
	s->busy = false;
	if (s->closed)
		destroy(s);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct stream *s = arg;
	enum stream_end end = STREAM_BROKEN;

	if ((what & BEV_EVENT_TIMEOUT) != 0 && (what & BEV_EVENT_READING) != 0)
		end = STREAM_IDLE;
	else if ((what & BEV_EVENT_EOF) != 0)
		end = STREAM_EOF;
	(void)bev;
	s->busy = true;
	s->events.end(s->events.ctx, end);
	s->busy = false;
	if (s->closed)
		destroy(s);
}

static void
on_flushed(struct bufferevent *bev, void *arg)
{
	(void)bev;
	destroy(arg);
}

static void
on_flush_failed(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	destroy(arg);
}

struct stream *
stream_new(struct loop *loop, int fd, const struct stream_events *events)
{
	struct timeval stuck = {.tv_sec = WRITE_STUCK_S};
	struct stream *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->bev = bufferevent_socket_new(loop_base(loop), fd, BEV_OPT_CLOSE_ON_FREE);
	if (s == NULL || s->bev == NULL) {
		free(s);
		close(fd);
		return NULL;
	}
	s->events = *events;
	bufferevent_setcb(s->bev, on_read, NULL, on_event, s);
	bufferevent_setwatermark(s->bev, EV_READ, 0, READ_AHEAD);
	bufferevent_set_timeouts(s->bev, NULL, &stuck);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	return s;
}

void
stream_close(struct stream *s)
{
	s->closed = true;
	if (!s->busy)
		destroy(s);
}

void
stream_close_flushed(struct stream *s)
{
	if (stream_pending(s) == 0) {
		stream_close(s);
		return;
	}
	bufferevent_disable(s->bev, EV_READ);
	bufferevent_setcb(s->bev, NULL, on_flushed, on_flush_failed, s);
}

bool
stream_write(struct stream *s, struct chunk c)
{
	return bufferevent_write(s->bev, c.p, c.n) == 0;
}

size_t
stream_pending(const struct stream *s)
{
	return evbuffer_get_length(bufferevent_get_output(s->bev));
}

void
stream_pause(struct stream *s, bool pause)
{
	if (pause) {
		bufferevent_disable(s->bev, EV_READ);
		return;
	}
	bufferevent_enable(s->bev, EV_READ);
	/* What was read before the pause brings no event of its own. */
	if (evbuffer_get_length(bufferevent_get_input(s->bev)) > 0)
		bufferevent_trigger(s->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

void
stream_idle_s(struct stream *s, unsigned seconds)
{
	struct timeval idle = {.tv_sec = seconds}, stuck = {.tv_sec = WRITE_STUCK_S};

	bufferevent_set_timeouts(s->bev, seconds > 0 ? &idle : NULL, &stuck);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int n, void *arg)
{
	struct acceptor *a = arg;

	(void)l;
	(void)sa;
	(void)n;
	a->fn(a->ctx, fd);
}

struct acceptor *
acceptor_new(struct loop *loop, int fd, acceptor_fn *fn, void *ctx)
{
	struct acceptor *a = calloc(1, sizeof(*a));

	if (a != NULL) {
		a->fn = fn;
		a->ctx = ctx;
		/* Backlog 0: it listens already. */
		a->l = evconnlistener_new(loop_base(loop), on_accept, a,
		    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	}
	if (a == NULL || a->l == NULL) {
		free(a);
		close(fd);
		return NULL;
	}
	return a;
}

void
acceptor_free(struct acceptor *a)
{
	if (a == NULL)
		return;
	evconnlistener_free(a->l);
	free(a);
}
