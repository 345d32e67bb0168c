/* base/addr.c - addresses, ports and prefixes. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static int
af_of(const struct addr *a)
{
	switch (a->family) {
	case ADDR_V4:
		return AF_INET;
	case ADDR_V6:
		return AF_INET6;
	default:
		return AF_UNSPEC;
	}
}

unsigned
addr_bits(const struct addr *a)
{
	switch (a->family) {
	case ADDR_V4:
		return 32;
	case ADDR_V6:
		return 128;
	default:
		return 0;
	}
}

struct chunk
addr_octets(const struct addr *a)
{
	unsigned n = addr_bits(a) / 8;

	return n > 0 ? CHUNK(a->b, n) : CHUNK_NONE;
}

struct addr
addr_from_octets(struct chunk c)
{
	struct addr a = {.family = ADDR_NONE};

	if (c.n != 4 && c.n != 16)
		return a;
	a.family = c.n == 4 ? ADDR_V4 : ADDR_V6;
	memcpy(a.b, c.p, c.n);
	return a;
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && chunk_eq(addr_octets(a), addr_octets(b));
}

bool
addr_is_any(const struct addr *a)
{
	struct chunk c = addr_octets(a);

	for (size_t i = 0; i < c.n; i++)
		if (c.p[i] != 0)
			return false;
	return true;
}

bool
endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_eq(&a->addr, &b->addr);
}

struct endpoint
endpoint_from_sockaddr(const struct sockaddr *sa)
{
	struct endpoint e = {.port = 0};

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		e.addr = addr_from_octets(CHUNK((const uint8_t *)&in.sin_addr, 4));
		e.port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		const uint8_t *p = in6.sin6_addr.s6_addr;

		memcpy(&in6, sa, sizeof(in6));
		if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
			e.addr = addr_from_octets(CHUNK(p + 12, 4));
		else
			e.addr = addr_from_octets(CHUNK(p, 16));
		e.port = ntohs(in6.sin6_port);
	}
	return e;
}

socklen_t
endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (e->addr.family == ADDR_V4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;

		in->sin_family = AF_INET;
		in->sin_port = htons(e->port);
		memcpy(&in->sin_addr, e->addr.b, 4);
		return sizeof(*in);
	}
	if (e->addr.family == ADDR_V6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(e->port);
		memcpy(&in6->sin6_addr, e->addr.b, 16);
		return sizeof(*in6);
	}
	return 0;
}

const char *
addr_print(const struct addr *a, char *buf, size_t n)
{
	char text[INET6_ADDRSTRLEN];

	if (af_of(a) == AF_UNSPEC || inet_ntop(af_of(a), a->b, text, sizeof(text)) == NULL)
		(void)snprintf(buf, n, "any");
	else
		(void)snprintf(buf, n, "%s", text);
	return buf;
}

const char *
endpoint_print(const struct endpoint *e, char *buf, size_t n)
{
	char text[ADDR_TEXT];

	addr_print(&e->addr, text, sizeof(text));
	if (e->addr.family == ADDR_V6)
		(void)snprintf(buf, n, "[%s]:%u", text, e->port);
	else
		(void)snprintf(buf, n, "%s:%u", text, e->port);
	return buf;
}

const char *
prefix_print(const struct prefix *p, char *buf, size_t n)
{
	char text[ADDR_TEXT];

	addr_print(&p->addr, text, sizeof(text));
	if (p->addr.family == ADDR_NONE)
		(void)snprintf(buf, n, "%s", text);
	else
		(void)snprintf(buf, n, "%s/%u", text, p->bits);
	return buf;
}

/* The first bits of m are ones, the rest zeros. */
static void
mask_fill(struct addr *m, unsigned bits)
{
	for (size_t i = 0; i < sizeof(m->b); i++, bits -= bits < 8 ? bits : 8)
		m->b[i] = bits >= 8 ? 0xff : (uint8_t)(0xff00u >> bits);
}

const char *
prefix_print_mask(const struct prefix *p, char *buf, size_t n)
{
	struct addr mask = {.family = ADDR_V4};
	char a[ADDR_TEXT], m[ADDR_TEXT];

	if (p->addr.family != ADDR_V4)
		return prefix_print(p, buf, n);
	mask_fill(&mask, p->bits);
	(void)snprintf(buf, n, "%s/%s", addr_print(&p->addr, a, sizeof(a)),
	    addr_print(&mask, m, sizeof(m)));
	return buf;
}

bool
addr_parse(const char *s, struct addr *out)
{
	struct addr a = {.family = ADDR_NONE};

	if (strcmp(s, "any") != 0) {
		a.family = strchr(s, ':') != NULL ? ADDR_V6 : ADDR_V4;
		if (inet_pton(af_of(&a), s, a.b) != 1)
			return false;
	}
	*out = a;
	return true;
}

/* One to three decimal digits and nothing else; -1 if it is something else. */
static int
small_number(const char *s)
{
	int v = 0;
	size_t n = strlen(s);

	if (n < 1 || n > 3)
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = v * 10 + (*s - '0');
	}
	return v;
}

bool
prefix_parse(const char *s, struct prefix *out)
{
	const char *slash = strchr(s, '/');
	struct prefix p = {.bits = 0};
	char text[ADDR_TEXT];
	int bits;

	if (slash == NULL) {
		if (!addr_parse(s, &p.addr))
			return false;
		p.bits = (uint8_t)addr_bits(&p.addr);
		*out = p;
		return true;
	}
	if ((size_t)(slash - s) >= sizeof(text))
		return false;
	memcpy(text, s, (size_t)(slash - s));
	text[slash - s] = '\0';
	bits = small_number(slash + 1);
	if (!addr_parse(text, &p.addr) || p.addr.family == ADDR_NONE || bits < 0 ||
	    (unsigned)bits > addr_bits(&p.addr))
		return false;
	p.bits = (uint8_t)bits;
	if (!prefix_has(&p, &p.addr))
		return false;
	*out = p;
	return true;
}

bool
prefix_has(const struct prefix *p, const struct addr *a)
{
	struct addr mask;

	if (p->addr.family == ADDR_NONE)
		return true;
	if (p->addr.family != a->family || p->bits > addr_bits(a))
		return false;
	mask_fill(&mask, p->bits);
	for (size_t i = 0; i < addr_bits(a) / 8; i++)
		if ((a->b[i] & mask.b[i]) != p->addr.b[i])
			return false;
	return true;
}

bool
prefix_has_prefix(const struct prefix *outer, const struct prefix *inner)
{
	if (outer->addr.family == ADDR_NONE)
		return true;
	return outer->bits <= inner->bits && prefix_has(outer, &inner->addr);
}

bool
prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return a->bits == b->bits && addr_eq(&a->addr, &b->addr);
}

int
addr_mask_bits(const struct addr *mask)
{
	struct addr want = {.family = mask->family};
	unsigned bits = 0, max = addr_bits(mask);

	if (max == 0)
		return -1;
	while (bits < max && (mask->b[bits / 8] & 0x80 >> bits % 8) != 0)
		bits++;
	mask_fill(&want, bits);
	return addr_eq(mask, &want) ? (int)bits : -1;
}
