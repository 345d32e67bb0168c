/* ports.c - the engine's ports, filled from the real world. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon_local.h"
#include "io/capture.h"
#include "io/deadline.h"
#include "io/icmp.h"
#include "io/keyexport.h"

static uint64_t
now_ms(void *ctx)
{
	(void)ctx;
	return deadline_now_ms();
}

static void
fill_random(void *ctx, uint8_t *out, size_t n)
{
	const struct ports_ctx *p = ctx;

	crypto_random(p->crypto, out, n);
}

static void
send_datagram(void *ctx, const struct path *path, struct chunk datagram)
{
	const struct ports_ctx *p = ctx;

	if (p->capture != NULL)
		capture_packet(p->capture, path, true, datagram);
	udp_send(p->udp, path, datagram);
}

bool
ports_unreachable(void *ctx, const struct path *path, struct chunk datagram)
{
	const struct ports_ctx *p = ctx;

	return icmp_port_unreachable(p->icmp, path, datagram);
}

void
ports_send_ttl(void *ctx, const struct path *path, struct chunk datagram, uint8_t ttl)
{
	const struct ports_ctx *p = ctx;

	if (p->capture != NULL)
		capture_packet(p->capture, path, true, datagram);
	udp_send_ttl(p->udp, path, datagram, ttl);
}

static void
isakmp_keys(void *ctx, const struct path *path, const uint8_t *cky_i, struct chunk key)
{
	const struct ports_ctx *p = ctx;

	if (p->keys != NULL)
		keyexport_isakmp(p->keys, cky_i, key);
	if (p->capture != NULL && capture_wants(p->capture, path))
		keyexport_isakmp(capture_keys(p->capture), cky_i, key);
}

static void
child_keys(void *ctx, const struct child_keys *keys)
{
	const struct ports_ctx *p = ctx;
	const struct path path = {.local = keys->local, .remote = keys->remote};

	if (p->keys != NULL)
		keyexport_child(p->keys, keys);
	if (p->capture != NULL && capture_wants(p->capture, &path))
		keyexport_child(capture_keys(p->capture), keys);
}

/* The key ports are always there: a reload may turn the export on. */
struct ike_ports
ports_make(struct ports_ctx *ctx)
{
	return (struct ike_ports){
	    .ctx = ctx,
	    .now_ms = now_ms,
	    .random = fill_random,
	    .send = send_datagram,
	    .isakmp_keys = isakmp_keys,
	    .child_keys = child_keys,
	};
}
