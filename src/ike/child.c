/* src/ike/child.c - IPsec SA pairs. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* The first octet names the worker, so that the socket filter can steer ESP as it steers IKE. */
static uint32_t
new_spi(struct ike *ike)
{
	struct child *other;
	uint8_t b[SPI_LEN];
	uint32_t spi;

	do {
		ike->ports.random(ike->ports.ctx, b, sizeof(b));
		b[0] = ike->worker;
		memcpy(&spi, b, sizeof(spi));
		spi = ntohl(spi);
		HASH_FIND(hh_spi, ike->by_spi, &spi, sizeof(spi), other);
	} while (spi < SPI_MIN || other != NULL);
	return spi;
}

struct child *
child_new(struct ike *ike, const struct policy *policy, const struct crypto_map_entry *entry)
{
	struct child *child = calloc(1, sizeof(*child));

	if (child == NULL)
		return NULL;
	child->policy = policy_ref(policy);
	child->entry = entry;
	child->ike = ike;
	child->spi_in = new_spi(ike);
	HASH_ADD(hh_spi, ike->by_spi, spi_in, sizeof(child->spi_in), child);
	if (!timer_init(ike, &child->life, rx_child_timeout, child) || child->hh_spi.tbl == NULL) {
		child_free(child);
		return NULL;
	}
	return child;
}

void
child_free(struct child *child)
{
	if (child == NULL)
		return;
	if (child->sa != NULL) {
		LIST_REMOVE(child, of_sa);
		child->sa->child_count--;
		child->sa->ike->child_count--;
	}
	timer_fini(child->ike, &child->life);
	if (child->hh_spi.tbl != NULL)
		HASH_DELETE(hh_spi, child->ike->by_spi, child);
	policy_unref(child->policy);
	free(child);
}

static void
insert(struct child *child, struct sa *sa)
{
	child->sa = sa;
	LIST_INSERT_HEAD(&sa->children, child, of_sa);
	sa->child_count++;
}

void
child_attach(struct child *child, struct sa *sa)
{
	insert(child, sa);
	sa->ike->child_count++;
	child->born_ms = ike_now(sa->ike);
	if (child->offer.life_s != 0)
		timer_set(sa->ike, &child->life, child->offer.life_s * UINT64_C(1000));
}

void
child_move(struct child *child, struct sa *to)
{
	LIST_REMOVE(child, of_sa);
	child->sa->child_count--;
	insert(child, to);
}

static struct child *
find_in(struct sa *sa, uint8_t protocol, uint32_t spi)
{
	struct child *child;

	LIST_FOREACH(child, &sa->children, of_sa)
		if (child->offer.protocol == protocol &&
		    (child->spi_out == spi || child->spi_in == spi))
			return child;
	return NULL;
}

/*
 * vpnc's deletes name both SPIs of a pair, others the sender's inbound one (RFC 2408 3.15).  After
 * a
 * phase 1 rekey they may come under either ISAKMP SA.
 */
struct child *
child_find_spi(struct sa *sa, uint8_t protocol, uint32_t spi)
{
	struct child *child = find_in(sa, protocol, spi);
	struct sa *other;

	if (child != NULL || sa->peer == NULL)
		return child;
	LIST_FOREACH(other, &sa->peer->list, of_peer)
		if ((child = find_in(other, protocol, spi)) != NULL)
			return child;
	return NULL;
}

size_t
child_key_octets(const struct offer2 *o)
{
	size_t cipher = o->cipher != NULL ? o->cipher->key_bits / 8u + o->cipher->salt : 0;

	return cipher + (o->integ != NULL ? o->integ->key : 0);
}
