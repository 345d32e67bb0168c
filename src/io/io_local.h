/* io_local.h - what the files of this room share: the loop's base and the steering program. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_LOCAL_H
#define IO_LOCAL_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cur.h"

struct event_base;
struct loop;

struct event_base *loop_base(struct loop *);

#define STEER_MAX 32 /* instructions */

/* The program described in io/udp.h; number of instructions. */
size_t steer_program(struct sock_filter out[STEER_MAX], bool nat_t, bool v6, unsigned workers);

/* Put it on the reuseport group that fd is bound to; 0 or -1 with errno. */
int steer_attach(int fd, bool nat_t, bool v6, unsigned workers);

struct ike_key_info;

/*
 * prologue.c: message 1 to 5 (the last one is Main Mode's sixth) made up for an ISAKMP SA, odd ones
 * the peer's, but the last; into room of PROLOGUE_MAX octets.
 */
#define PROLOGUE_MAX	  260
#define PROLOGUE_MESSAGES 5
struct chunk prologue_message(const struct ike_key_info *, unsigned number, uint8_t *room);

#endif
