/* fault_ports.c - faults around the engine: what leaves later, twice or not at all. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/fault_ports.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "wire/hdr.h"

#define QUEUE_MAX 1024 /* datagrams that wait */
#define HOLD_MS	  2000 /* for the next message to this peer */

struct waiting {
	TAILQ_ENTRY(waiting) entry;
	uint64_t due_ms;
	bool held; /* leaves behind the next one to the same peer */
	struct path path;
	uint8_t ttl;
	size_t n;
	uint8_t octets[];
};

struct fault_ports {
	struct fault_ports_conf conf;
	TAILQ_HEAD(, waiting) queue;
	unsigned count;
};

static uint64_t
now(const struct fault_ports *f)
{
	return f->conf.ports.now_ms(f->conf.ports.ctx);
}

static void
send_now(struct fault_ports *f, const struct path *path, struct chunk octets, uint8_t ttl)
{
	if (ttl != 0 && f->conf.send_ttl != NULL)
		f->conf.send_ttl(f->conf.ports.ctx, path, octets, ttl);
	else
		f->conf.ports.send(f->conf.ports.ctx, path, octets);
}

static void
leave(struct fault_ports *f, struct waiting *w)
{
	TAILQ_REMOVE(&f->queue, w, entry);
	f->count--;
	send_now(f, &w->path, CHUNK(w->octets, w->n), w->ttl);
	free(w);
}

/* False: there is no room, it must leave at once. */
static bool
wait_for(struct fault_ports *f, const struct path *path, struct chunk octets, uint8_t ttl,
    uint64_t ms, bool held)
{
	struct waiting *w = f->count < QUEUE_MAX ? malloc(sizeof(*w) + octets.n) : NULL;

	if (w == NULL)
		return false;
	*w = (struct waiting){.due_ms = now(f) + ms,
	    .held = held,
	    .path = *path,
	    .ttl = ttl,
	    .n = octets.n};
	memcpy(w->octets, octets.p, octets.n);
	TAILQ_INSERT_TAIL(&f->queue, w, entry);
	f->count++;
	return true;
}

/* What was held back for this message leaves behind it. */
static void
release(struct fault_ports *f, const struct path *path)
{
	struct waiting *w, *next;

	for (w = TAILQ_FIRST(&f->queue); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->held && addr_eq(&w->path.remote.addr, &path->remote.addr))
			leave(f, w);
	}
}

static struct path
from_other_port(const struct fault_ports *f, const struct path *path)
{
	struct path p = *path;

	p.local.port = path->marker ? f->conf.port : f->conf.nat_t_port;
	return p;
}

/* ---- the engine's ports ---- */

static void
send_as_it_is(void *ctx, const struct path *path, struct chunk octets)
{
	struct fault_ports *f = ctx;

	send_now(f, path, octets, 0);
	if (f->count > 0)
		release(f, path);
}

static void
send_so(void *ctx, const struct path *path, struct chunk octets, const struct fault_plan *plan)
{
	struct fault_ports *f = ctx;
	struct path p = plan->other_port ? from_other_port(f, path) : *path;

	if (plan->replay_ms != 0)
		(void)wait_for(f, &p, octets, plan->ttl, plan->replay_ms, false);
	if (plan->drop)
		return;
	for (uint32_t i = 0; i <= plan->copies; i++) {
		if (plan->hold && wait_for(f, &p, octets, plan->ttl, HOLD_MS, true))
			continue;
		if (plan->delay_ms != 0 &&
		    wait_for(f, &p, octets, plan->ttl, plan->delay_ms, false))
			continue;
		send_now(f, &p, octets, plan->ttl);
	}
	if (!plan->hold && plan->delay_ms == 0 && f->count > 0)
		release(f, path);
}

static uint64_t
now_ms(void *ctx)
{
	return now(ctx);
}

static void
fill_random(void *ctx, uint8_t *out, size_t n)
{
	struct fault_ports *f = ctx;

	f->conf.ports.random(f->conf.ports.ctx, out, n);
}

static void
isakmp_keys(void *ctx, const struct path *path, const uint8_t *cky_i, struct chunk key)
{
	struct fault_ports *f = ctx;

	if (f->conf.ports.isakmp_keys != NULL)
		f->conf.ports.isakmp_keys(f->conf.ports.ctx, path, cky_i, key);
}

static void
child_keys(void *ctx, const struct child_keys *keys)
{
	struct fault_ports *f = ctx;

	if (f->conf.ports.child_keys != NULL)
		f->conf.ports.child_keys(f->conf.ports.ctx, keys);
}

struct ike_ports
fault_ports_wrap(struct fault_ports *f)
{
	struct ike_ports p = f->conf.ports;

	p.ctx = f;
	p.now_ms = now_ms;
	p.random = fill_random;
	p.send = send_as_it_is;
	p.send_so = send_so;
	p.isakmp_keys = isakmp_keys;
	p.child_keys = child_keys;
	return p;
}

/* ---- what arrives ---- */

/* The labels that a datagram has before anything of it is believed; NULL: none. */
static const char *
label_of(const struct path *path, const struct isakmp_hdr *h)
{
	if (path->marker)
		return "4500";
	return h->exchange == ISAKMP_XCHG_MAIN && hdr_cookie_zero(h->cky_r) ? "MM1" : NULL;
}

bool
fault_ports_rx(struct fault_ports *f, struct ike *ike, const struct path *path, struct chunk octets)
{
	size_t skip = path->marker && octets.n >= ISAKMP_NON_ESP_LEN ? ISAKMP_NON_ESP_LEN : 0;
	struct cur c = cur_from(CHUNK(octets.p + skip, octets.n - skip));
	struct isakmp_hdr h = {.exchange = 0};
	bool drop = false, unreachable = false;
	struct fault_hit hit = {.drop = &drop, .unreachable = &unreachable};
	struct fault_key key = {.room = f->conf.room,
	    .marker = path->marker,
	    .who = {.peer = path->remote.addr}};

	if (!fault_any(f->conf.room))
		return true;
	if (hdr_get(&c, &h) != IKE_OK && !path->marker)
		return true;
	key.group = policy_match(ike_policy(ike), &path->remote.addr, &path->local.addr, 0);
	key.label = label_of(path, &h);
	memcpy(&key.negotiation, h.cky_i, sizeof(key.negotiation));
	if (key.group == NULL || key.label == NULL)
		return true;
	key.who.group = key.group->name;
	if (fault_tap(FAULT_RX_WIRE, &key, &hit) != IKE_OK || !drop)
		return true;
	ike_swallowed(ike, path, &h, &key, &hit);
	if (unreachable &&
	    (f->conf.unreachable == NULL || !f->conf.unreachable(f->conf.ports.ctx, path, octets)))
		LOG(DAEMON_ERROR, &key.who,
		    "no ICMP was sent: it needs CAP_NET_RAW when the daemon starts; the message is only dropped");
	return false;
}

/* ---- time ---- */

uint64_t
fault_ports_deadline(const struct fault_ports *f)
{
	const struct waiting *w;
	uint64_t first = UINT64_MAX;

	TAILQ_FOREACH(w, &f->queue, entry)
		if (w->due_ms < first)
			first = w->due_ms;
	return first;
}

void
fault_ports_tick(struct fault_ports *f)
{
	uint64_t t = now(f);
	struct waiting *w, *next;

	for (w = TAILQ_FIRST(&f->queue); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->due_ms <= t)
			leave(f, w);
	}
}

struct fault_ports *
fault_ports_new(const struct fault_ports_conf *conf)
{
	struct fault_ports *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->conf = *conf;
	TAILQ_INIT(&f->queue);
	return f;
}

void
fault_ports_free(struct fault_ports *f)
{
	struct waiting *w;

	if (f == NULL)
		return;
	while ((w = TAILQ_FIRST(&f->queue)) != NULL) {
		TAILQ_REMOVE(&f->queue, w, entry);
		free(w);
	}
	free(f);
}
