/*
 * src/ike/proxy.c - proxy identities: what an ID payload of Quick Mode stands for, and the crypto
 * map entry it fits.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdio.h>
#include <string.h>

#include "wire/names.h"

static struct addr
masked(const struct addr *a, unsigned bits, bool ones)
{
	struct addr out = *a;

	for (unsigned i = bits; i < addr_bits(a); i++) {
		uint8_t bit = (uint8_t)(0x80u >> (i % 8));

		out.b[i / 8] = (uint8_t)(ones ? out.b[i / 8] | bit : out.b[i / 8] & ~bit);
	}
	return out;
}

static void
set_prefix(struct proxy *p, const struct addr *a, unsigned bits)
{
	p->low = masked(a, bits, false);
	p->high = masked(a, bits, true);
}

/* Address types carry one address, subnets and ranges two of the same size (RFC 2407 4.6.2). */
static enum ike_err
read_range(const struct pl_id *id, size_t size, struct proxy *p, struct why *w)
{
	bool single = id->kind == ID_IPV4_ADDR || id->kind == ID_IPV6_ADDR;
	struct addr first, second;
	int bits;

	if (id->data.n != (single ? size : 2 * size))
		return why(w, IKE_E_BAD_ID, "%s with %zu octets of data",
		    names_word(wire_id_kinds, id->kind), id->data.n);
	first = addr_from_octets(CHUNK(id->data.p, size));
	if (single) {
		set_prefix(p, &first, addr_bits(&first));
		return IKE_OK;
	}
	second = addr_from_octets(CHUNK(id->data.p + size, size));
	if (id->kind == ID_IPV4_ADDR_RANGE || id->kind == ID_IPV6_ADDR_RANGE) {
		if (memcmp(first.b, second.b, sizeof(first.b)) > 0)
			return why(w, IKE_E_BAD_ID, "%s ends before it begins",
			    names_word(wire_id_kinds, id->kind));
		p->low = first;
		p->high = second;
		return IKE_OK;
	}
	bits = addr_mask_bits(&second);
	if (bits < 0)
		return why(w, IKE_E_BAD_ID, "%s with a mask that is none",
		    names_word(wire_id_kinds, id->kind));
	set_prefix(p, &first, (unsigned)bits);
	return IKE_OK;
}

enum ike_err
proxy_from_id(const struct pl *pl, struct proxy *p, struct why *w)
{
	const struct pl_id *id = &pl->u.id;
	char num[16];

	*p = (struct proxy){.ip_proto = id->proto, .port = id->port};
	if (pl->raw.n > sizeof(p->body))
		return why(w, IKE_E_BAD_ID, "%s of %zu octets is no proxy identity",
		    names_print(wire_id_kinds, id->kind, num, sizeof(num)), pl->raw.n);
	memcpy(p->body, pl->raw.p, pl->raw.n);
	p->n = (uint8_t)pl->raw.n;
	switch (id->kind) {
	case ID_IPV4_ADDR:
	case ID_IPV4_ADDR_SUBNET:
	case ID_IPV4_ADDR_RANGE:
		return read_range(id, 4, p, w);
	case ID_IPV6_ADDR:
	case ID_IPV6_ADDR_SUBNET:
	case ID_IPV6_ADDR_RANGE:
		return read_range(id, 16, p, w);
	default:
		return why(w, IKE_E_BAD_ID, "%s is no proxy identity",
		    names_print(wire_id_kinds, id->kind, num, sizeof(num)));
	}
}

void
proxy_from_addr(const struct addr *a, struct proxy *p)
{
	*p = (struct proxy){0};
	set_prefix(p, a, addr_bits(a));
}

bool
proxy_eq(const struct proxy *a, const struct proxy *b)
{
	return a->ip_proto == b->ip_proto && a->port == b->port && addr_eq(&a->low, &b->low) &&
	    addr_eq(&a->high, &b->high);
}

/* Prefix length of low..high, -1 if the range is no prefix. */
static int
prefix_bits(const struct proxy *p)
{
	for (unsigned bits = 0; bits <= addr_bits(&p->low); bits++) {
		struct addr low = masked(&p->low, bits, false), high = masked(&p->low, bits, true);

		if (addr_eq(&low, &p->low) && addr_eq(&high, &p->high))
			return (int)bits;
	}
	return -1;
}

const char *
proxy_print(const struct proxy *p, char *buf, size_t n)
{
	char low[PREFIX_TEXT], high[ADDR_TEXT];
	int bits = prefix_bits(p);
	struct prefix pre = {.addr = p->low, .bits = (uint8_t)(bits < 0 ? 0 : bits)};

	if (bits >= 0)
		snprintf(buf, n, "%s/%u/%u", prefix_print_mask(&pre, low, sizeof(low)), p->ip_proto,
		    p->port);
	else
		snprintf(buf, n, "%s-%s/%u/%u", addr_print(&p->low, low, sizeof(low)),
		    addr_print(&p->high, high, sizeof(high)), p->ip_proto, p->port);
	return buf;
}

static bool
inside(const struct prefix *outer, const struct proxy *p)
{
	return outer->addr.family == ADDR_NONE ||
	    (prefix_has(outer, &p->low) && prefix_has(outer, &p->high));
}

/* One side of the offer lies inside one side of the entry: addresses, protocol and port. */
static bool
fits(const struct prefix *outer, uint8_t ip_proto, uint16_t port, const struct proxy *p)
{
	return inside(outer, p) && (ip_proto == 0 || ip_proto == p->ip_proto) &&
	    (port == 0 || port == p->port);
}

/* The offer covers the entry: the entry's own selectors are inside it. */
static bool
covers(const struct proxy *p, const struct prefix *inner, uint8_t ip_proto, uint16_t port)
{
	struct proxy in = {0};

	if (inner->addr.family == ADDR_NONE || inner->addr.family != p->low.family)
		return false;
	set_prefix(&in, &inner->addr, inner->bits);
	return memcmp(p->low.b, in.low.b, sizeof(in.low.b)) <= 0 &&
	    memcmp(p->high.b, in.high.b, sizeof(in.high.b)) >= 0 &&
	    (p->ip_proto == 0 || p->ip_proto == ip_proto) && (p->port == 0 || p->port == port);
}

/* Our own identity as an ID payload: a subnet, or an address when it is a single host. */
static void
own(const struct prefix *prefix, uint8_t ip_proto, uint16_t port, struct proxy *p)
{
	bool v4 = prefix->addr.family == ADDR_V4, host = prefix->bits == addr_bits(&prefix->addr);
	size_t size = v4 ? 4 : 16;
	struct addr ones = prefix->addr;

	memset(ones.b, 0xff, size);
	ones = masked(&ones, prefix->bits, false);
	*p = (struct proxy){.ip_proto = ip_proto, .port = port};
	set_prefix(p, &prefix->addr, prefix->bits);
	p->body[0] = (uint8_t)(host ? (v4 ? ID_IPV4_ADDR : ID_IPV6_ADDR) :
				      (v4 ? ID_IPV4_ADDR_SUBNET : ID_IPV6_ADDR_SUBNET));
	p->body[1] = ip_proto;
	p->body[2] = (uint8_t)(port >> 8);
	p->body[3] = (uint8_t)port;
	memcpy(p->body + 4, prefix->addr.b, size);
	memcpy(p->body + 4 + size, ones.b, host ? 0 : size);
	p->n = (uint8_t)(4 + size + (host ? 0 : size));
}

/*
 * Replace an offered identity that is wider than the entry's; false if it is neither inside nor
 * around it.
 */
static bool
narrowed(const struct prefix *entry, uint8_t ip_proto, uint16_t port, struct proxy *p)
{
	if (fits(entry, ip_proto, port, p))
		return true;
	if (p->n == 0 || !covers(p, entry, ip_proto, port))
		return false;
	own(entry, ip_proto, port, p);
	return true;
}

const struct crypto_map_entry *
proxy_match(const struct tunnel_group *group, struct proxy *local, struct proxy *remote)
{
	for (size_t i = 0; i < group->crypto_map_count; i++) {
		const struct crypto_map_entry *e = &group->crypto_map[i];
		struct proxy l = *local, r = *remote;

		if (fits(&e->local, e->ip_proto, e->local_port, local) &&
		    fits(&e->remote, e->ip_proto, e->remote_port, remote))
			return e;
		if (!e->narrow || !narrowed(&e->local, e->ip_proto, e->local_port, &l) ||
		    !narrowed(&e->remote, e->ip_proto, e->remote_port, &r))
			continue;
		*local = l;
		*remote = r;
		return e;
	}
	return NULL;
}
