/* pcapng.c - datagrams as blocks of a pcapng file, in IP and UDP headers made up for them. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/pcapng.h"

#include <string.h>

#include "base/wbuf.h"

enum { /* of the draft; numbers are in the writer's octet order */
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINKTYPE_RAW = 101, /* begins with an IP header of either version */
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_SHB_USERAPPL = 4,
	OPT_IF_NAME = 2,
	OPT_IF_TSRESOL = 9,
	OPT_EPB_FLAGS = 2,
	INBOUND = 1,
	OUTBOUND = 2
};

#define IP4_LEN 20
#define IP6_LEN 40
#define UDP_LEN 8
#define IP_MAX 65535
#define TTL 64
#define UDP 17

/* ---- blocks ---- */

/* In big-endian order whatever machine this is: the magic tells the reader. */
static struct wmark
block_open(struct wbuf *w, uint32_t type)
{
	wb_u32(w, type);
	wb_u32(w, 0);
	return (struct wmark){.at = w->n - 8};
}

static void
pad(struct wbuf *w)
{
	wb_zero(w, (4 - w->n % 4) % 4);
}

static void
option(struct wbuf *w, uint16_t code, struct chunk value)
{
	wb_u16(w, code);
	wb_u16(w, (uint16_t)value.n);
	wb_put(w, value);
	pad(w);
}

static size_t
block_close(struct wbuf *w, struct wmark m)
{
	uint32_t total = (uint32_t)(w->n - m.at + 4);
	const uint8_t net[4] = {(uint8_t)(total >> 24), (uint8_t)(total >> 16),
	    (uint8_t)(total >> 8), (uint8_t)total};

	wb_u32(w, total);
	wb_poke(w, m.at + 4, CHUNK(net, sizeof(net)));
	return w->err == IKE_OK ? w->n : 0;
}

size_t
pcapng_head(uint8_t *out, size_t cap, const char *program)
{
	const uint8_t nanoseconds = 9;
	struct wmark m;
	struct wbuf w;

	wb_init(&w, out, cap);
	m = block_open(&w, BLOCK_SECTION);
	wb_u32(&w, BYTE_ORDER_MAGIC);
	wb_u16(&w, 1); /* version 1.0 */
	wb_u16(&w, 0);
	wb_u32(&w, UINT32_MAX); /* length of the section: not known */
	wb_u32(&w, UINT32_MAX);
	option(&w, OPT_SHB_USERAPPL, CHUNK((const uint8_t *)program, strlen(program)));
	option(&w, OPT_END, CHUNK_NONE);
	(void)block_close(&w, m);
	m = block_open(&w, BLOCK_INTERFACE);
	wb_u16(&w, LINKTYPE_RAW);
	wb_u16(&w, 0);
	wb_u32(&w, 0); /* no limit on packets */
	option(&w, OPT_IF_NAME, CHUNK((const uint8_t *)"ikev1d", 6));
	option(&w, OPT_IF_TSRESOL, CHUNK(&nanoseconds, 1));
	option(&w, OPT_END, CHUNK_NONE);
	return block_close(&w, m);
}

/* ---- headers ---- */

/* RFC 1071: the sum goes on over several pieces, each of an even length but the last. */
static uint32_t
sum(uint32_t s, struct chunk c)
{
	size_t i;

	for (i = 0; i + 1 < c.n; i += 2)
		s += (uint32_t)c.p[i] << 8 | c.p[i + 1];
	if (i < c.n)
		s += (uint32_t)c.p[i] << 8;
	return s;
}

static uint16_t
folded(uint32_t s)
{
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void
poke16(struct wbuf *w, size_t at, uint16_t v)
{
	const uint8_t net[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	wb_poke(w, at, CHUNK(net, sizeof(net)));
}

/* RFC 791 3.1 */
static void
ip4(struct wbuf *w, const struct addr *from, const struct addr *to, uint16_t udp_octets)
{
	size_t at = w->n;

	wb_u8(w, 4 << 4 | IP4_LEN / 4);
	wb_u8(w, 0);
	wb_u16(w, (uint16_t)(IP4_LEN + udp_octets));
	wb_u16(w, 0);
	wb_u16(w, 0x4000); /* do not fragment: then the identification means nothing (RFC 6864) */
	wb_u8(w, TTL);
	wb_u8(w, UDP);
	wb_u16(w, 0);
	wb_put(w, addr_octets(from));
	wb_put(w, addr_octets(to));
	if (w->err == IKE_OK)
		poke16(w, at + 10, folded(sum(0, CHUNK(w->base + at, IP4_LEN))));
}

/* RFC 8200 3 */
static void
ip6(struct wbuf *w, const struct addr *from, const struct addr *to, uint16_t udp_octets)
{
	wb_u32(w, UINT32_C(6) << 28);
	wb_u16(w, udp_octets);
	wb_u8(w, UDP);
	wb_u8(w, TTL);
	wb_put(w, addr_octets(from));
	wb_put(w, addr_octets(to));
}

/* RFC 768, and RFC 8200 8.1: over addresses, protocol and length, too; 0 would mean "none". */
static void
udp(struct wbuf *w, const struct endpoint *from, const struct endpoint *to, struct chunk datagram)
{
	uint16_t n = (uint16_t)(UDP_LEN + datagram.n), check;
	uint32_t s = UDP + n;
	size_t at = w->n;

	wb_u16(w, from->port);
	wb_u16(w, to->port);
	wb_u16(w, n);
	wb_u16(w, 0);
	wb_put(w, datagram);
	if (w->err != IKE_OK)
		return;
	s = sum(s, addr_octets(&from->addr));
	s = sum(s, addr_octets(&to->addr));
	check = folded(sum(s, CHUNK(w->base + at, n)));
	poke16(w, at + 6, check != 0 ? check : UINT16_MAX);
}

size_t
pcapng_packet(uint8_t *out, size_t cap, const struct path *path, bool sent, struct chunk datagram,
    const struct timespec *when, const char *comment)
{
	const struct endpoint *from = sent ? &path->local : &path->remote;
	const struct endpoint *to = sent ? &path->remote : &path->local;
	bool v6 = path->remote.addr.family == ADDR_V6;
	size_t udp_octets = UDP_LEN + datagram.n;
	size_t octets = (v6 ? IP6_LEN : IP4_LEN) + udp_octets;
	uint64_t ns = (uint64_t)when->tv_sec * 1000000000u + (uint64_t)when->tv_nsec;
	const uint8_t flags[4] = {0, 0, 0, sent ? OUTBOUND : INBOUND};
	struct wmark m;
	struct wbuf w;

	if (octets > IP_MAX || from->addr.family != to->addr.family)
		return 0;
	wb_init(&w, out, cap);
	m = block_open(&w, BLOCK_PACKET);
	wb_u32(&w, 0); /* the interface */
	wb_u32(&w, (uint32_t)(ns >> 32));
	wb_u32(&w, (uint32_t)ns);
	wb_u32(&w, (uint32_t)octets);
	wb_u32(&w, (uint32_t)octets);
	(v6 ? ip6 : ip4)(&w, &from->addr, &to->addr, (uint16_t)udp_octets);
	udp(&w, from, to, datagram);
	pad(&w);
	if (comment != NULL)
		option(&w, OPT_COMMENT, CHUNK((const uint8_t *)comment, strlen(comment)));
	option(&w, OPT_EPB_FLAGS, CHUNK(flags, sizeof(flags)));
	option(&w, OPT_END, CHUNK_NONE);
	return block_close(&w, m);
}
