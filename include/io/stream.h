/*
 * io/stream.h - buffered connections over a stream socket, and the acceptor that makes them.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "base/cur.h"

struct loop;
struct stream;
struct acceptor;

enum stream_end {
	STREAM_EOF,    /* the other end sends no more; writing is still possible */
	STREAM_IDLE,   /* nothing came for the idle time */
	STREAM_BROKEN, /* error, or the other end does not read */
};

struct stream_events {
	void *ctx;
	void (*data)(void *ctx, struct chunk); /* borrowed for the call */
	void (*end)(void *ctx, enum stream_end); /* once of each kind at most; the callee closes */
};

/* Takes the descriptor over, also on failure (NULL). */
struct stream *stream_new(struct loop *, int fd, const struct stream_events *);

/* Close at once; or when all that was written has gone out.  No event is called any more. */
void stream_close(struct stream *);
void stream_close_flushed(struct stream *);

/* Queue octets (copied).  False when memory is out. */
bool stream_write(struct stream *, struct chunk);

/* Octets queued and not yet with the kernel. */
size_t stream_pending(const struct stream *);

/* Stop and go on reading; seconds of silence that end it while reading, 0: any. */
void stream_pause(struct stream *, bool);
void stream_idle_s(struct stream *, unsigned seconds);

/* Call fn for each connection of a listening descriptor, which is taken over.  NULL on failure. */
typedef void acceptor_fn(void *ctx, int fd);
struct acceptor *acceptor_new(struct loop *, int fd, acceptor_fn *, void *ctx);
void		 acceptor_free(struct acceptor *);

#endif
