/* io/icmp.c - ICMP port unreachable, out of a raw socket. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/icmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNREACHABLE	 3 /* RFC 792 */
#define CODE_PORT	 3
#define V6_UNREACHABLE	 1 /* RFC 4443 3.1 */
#define V6_CODE_PORT	 4
#define QUOTE_MAX	 64 /* octets of the datagram that are quoted */
#define ICMP_HEADER	 8
#define UDP_HEADER	 8

struct icmp {
	int v4, v6; /* -1: none */
};

struct icmp *
icmp_open(void)
{
	struct icmp *i = calloc(1, sizeof(*i));
	struct icmp_filter none = {.data = ~0u};
	struct icmp6_filter none6;

	if (i == NULL)
		return NULL;
	i->v4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (i->v4 < 0) {
		free(i);
		return NULL;
	}
	i->v6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	(void)setsockopt(i->v4, SOL_RAW, ICMP_FILTER, &none, sizeof(none));
	ICMP6_FILTER_SETBLOCKALL(&none6);
	if (i->v6 >= 0)
		(void)setsockopt(i->v6, IPPROTO_ICMPV6, ICMP6_FILTER, &none6, sizeof(none6));
	return i;
}

void
icmp_close(struct icmp *i)
{
	if (i == NULL)
		return;
	close(i->v4);
	if (i->v6 >= 0)
		close(i->v6);
	free(i);
}

/* RFC 1071 */
static uint16_t
checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)p[i] << (i % 2 == 0 ? 8 : 0);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
poke16(uint8_t *base, size_t at, uint16_t v)
{
	base[at] = (uint8_t)(v >> 8);
	base[at + 1] = (uint8_t)v;
}

/* The peer's IP header as it must have been. */
static void
quote_ip(struct wbuf *w, const struct path *p, size_t datagram)
{
	uint16_t udp = (uint16_t)(UDP_HEADER + datagram);
	size_t at = w->n;

	if (p->local.addr.family == ADDR_V6) {
		wb_u32(w, 6u << 28);
		wb_u16(w, udp);
		wb_u8(w, IPPROTO_UDP);
		wb_u8(w, 64);
	} else {
		wb_u16(w, 0x4500);
		wb_u16(w, (uint16_t)(20 + udp));
		wb_u32(w, 0x4000); /* no id, do not fragment */
		wb_u8(w, 64);
		wb_u8(w, IPPROTO_UDP);
		wb_u16(w, 0);
	}
	wb_put(w, addr_octets(&p->remote.addr));
	wb_put(w, addr_octets(&p->local.addr));
	if (p->local.addr.family != ADDR_V6 && w->err == IKE_OK)
		poke16(w->base, at + 10, checksum(w->base + at, 20));
}

static size_t
build(const struct path *p, struct chunk datagram, uint8_t *out, size_t room)
{
	bool v6 = p->local.addr.family == ADDR_V6;
	struct wbuf w;

	wb_init(&w, out, room);
	wb_u8(&w, v6 ? V6_UNREACHABLE : UNREACHABLE);
	wb_u8(&w, v6 ? V6_CODE_PORT : CODE_PORT);
	wb_u16(&w, 0);
	wb_u32(&w, 0);
	quote_ip(&w, p, datagram.n);
	wb_u16(&w, p->remote.port);
	wb_u16(&w, p->local.port);
	wb_u16(&w, (uint16_t)(UDP_HEADER + datagram.n));
	wb_u16(&w, 0);
	wb_put(&w, CHUNK(datagram.p, datagram.n < QUOTE_MAX ? datagram.n : QUOTE_MAX));
	if (!v6 && w.err == IKE_OK) /* ICMPv6's is the kernel's work */
		poke16(out, 2, checksum(out, w.n));
	return w.err == IKE_OK ? w.n : 0;
}

/* From the address that the peer dialled. */
static bool
send_from(int fd, const struct path *p, const uint8_t *octets, size_t n)
{
	struct endpoint peer = {.addr = p->remote.addr};
	struct sockaddr_storage to;
	struct iovec iov = {.iov_base = (void *)(uintptr_t)octets, .iov_len = n};
	struct msghdr m = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1};
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	struct in_pktinfo v4 = {.ipi_ifindex = 0};
	struct in6_pktinfo v6 = {.ipi6_ifindex = 0};
	struct chunk from = addr_octets(&p->local.addr);
	bool six = p->local.addr.family == ADDR_V6;
	size_t size = six ? sizeof(v6) : sizeof(v4);

	memset(&control, 0, sizeof(control));
	memcpy(six ? (void *)&v6.ipi6_addr : (void *)&v4.ipi_spec_dst, from.p, from.n);
	m.msg_namelen = endpoint_to_sockaddr(&peer, &to);
	m.msg_control = &control;
	m.msg_controllen = CMSG_SPACE(size);
	control.align.cmsg_level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	control.align.cmsg_type = six ? IPV6_PKTINFO : IP_PKTINFO;
	control.align.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control.align), six ? (void *)&v6 : (void *)&v4, size);
	return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
}

bool
icmp_port_unreachable(const struct icmp *i, const struct path *p, struct chunk datagram)
{
	uint8_t out[ICMP_HEADER + 40 + UDP_HEADER + QUOTE_MAX];
	int fd;
	size_t n;

	if (i == NULL || p->local.addr.family != p->remote.addr.family)
		return false;
	fd = p->local.addr.family == ADDR_V6 ? i->v6 : i->v4;
	n = build(p, datagram, out, sizeof(out));
	return fd >= 0 && n > 0 && send_from(fd, p, out, n);
}
