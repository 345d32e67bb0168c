/* test_udp.c - sockets, steering and addresses, with real datagrams on the loopback interface. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "io/deadline.h"
#include "io/loop.h"
#include "io/udp.h"

#define WORKERS	 4
#define SEEN_MAX 512

struct arrival {
	unsigned    worker;
	struct path path;
	uint8_t	    first[24];
	size_t	    n;
};

struct bench {
	struct loop	   *loop;
	struct deadline	   *over;
	struct udp_sockets *sockets;
	struct station {
		struct bench *bench;
		unsigned      worker;
		struct udp   *udp;
	} at[WORKERS];
	struct arrival seen[SEEN_MAX];
	size_t	       count, wanted;
	unsigned       batches;
	uint16_t       port, nat_t_port;
	int	       client, family;
};

static uint16_t
free_port(int family, const char *address)
{
	struct endpoint ep = {.port = 0};
	struct sockaddr_storage ss;
	socklen_t n;
	int fd = socket(family, SOCK_DGRAM, 0);

	(void)addr_parse(address, &ep.addr);
	n = endpoint_to_sockaddr(&ep, &ss);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ss, n) != 0) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	n = sizeof(ss);
	getsockname(fd, (struct sockaddr *)&ss, &n);
	close(fd);
	return endpoint_from_sockaddr((struct sockaddr *)&ss).port;
}

static void
arrived(void *ctx, const struct path *path, struct chunk d)
{
	struct station *s = ctx;
	struct bench *b = s->bench;
	struct arrival *a;

	if (b->count >= SEEN_MAX)
		return;
	a = &b->seen[b->count++];
	a->worker = s->worker;
	a->path = *path;
	a->n = d.n;
	memcpy(a->first, d.p, d.n < sizeof(a->first) ? d.n : sizeof(a->first));
	if (b->count >= b->wanted)
		loop_stop(b->loop);
}

static void
batch_end(void *ctx)
{
	((struct station *)ctx)->bench->batches++;
}

static void
over(void *ctx)
{
	loop_stop(((struct bench *)ctx)->loop);
}

/* Listen on an address with four workers in one loop; false: the system has no such address. */
static bool
bench_open(struct bench *b, const char *address)
{
	struct udp_bind binds[2] = {{.nat_t = false}, {.nat_t = true}};
	struct why w = {0};

	memset(b, 0, sizeof(*b));
	(void)addr_parse(address, &binds[0].local.addr);
	binds[1].local.addr = binds[0].local.addr;
	b->family = binds[0].local.addr.family == ADDR_V6 ? AF_INET6 : AF_INET;
	b->port = binds[0].local.port = free_port(b->family, address);
	b->nat_t_port = binds[1].local.port = free_port(b->family, address);
	if (b->port == 0)
		return false;
	b->sockets = udp_open(binds, 2, WORKERS, &w);
	if (!T_TRUE(b->sockets != NULL)) {
		T_FAIL("%s", w.text);
		return false;
	}
	b->loop = loop_new();
	b->over = deadline_new(b->loop, over, b);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct udp_receiver r = {.ctx = &b->at[i],
		    .datagram = arrived,
		    .batch_end = batch_end};

		b->at[i].bench = b;
		b->at[i].worker = i;
		b->at[i].udp = udp_attach(b->sockets, i, b->loop, &r);
		T_TRUE(b->at[i].udp != NULL);
	}
	b->client = socket(b->family, SOCK_DGRAM, 0);
	return true;
}

static void
bench_close(struct bench *b)
{
	for (unsigned i = 0; i < WORKERS; i++)
		udp_detach(b->at[i].udp);
	deadline_free(b->over);
	loop_free(b->loop);
	udp_close(b->sockets);
	close(b->client);
}

static void
shoot(struct bench *b, const char *to, uint16_t port, const uint8_t *p, size_t n)
{
	struct endpoint ep = {.port = port};
	struct sockaddr_storage ss;
	socklen_t len;

	(void)addr_parse(to, &ep.addr);
	len = endpoint_to_sockaddr(&ep, &ss);
	T_EQ(sendto(b->client, p, n, 0, (struct sockaddr *)&ss, len), n);
	b->wanted++;
}

/* Wait for all that was shot, in whatever order; true if all of it came. */
static bool
collect(struct bench *b)
{
	deadline_set(b->over, deadline_now_ms() + 3000);
	if (b->count < b->wanted)
		loop_run(b->loop);
	deadline_set(b->over, UINT64_MAX);
	return T_EQ(b->count, b->wanted);
}

static void
forget(struct bench *b)
{
	b->count = b->wanted = 0;
	b->batches = 0;
}

/* Where one datagram arrives, -1: nowhere. */
static int
lands(struct bench *b, const char *to, uint16_t port, const uint8_t *p, size_t n)
{
	int worker;

	forget(b);
	shoot(b, to, port, p, n);
	worker = collect(b) ? (int)b->seen[0].worker : -1;
	if (worker >= 0)
		T_MEM(b->seen[0].first, n < 24 ? n : 24, p, n < 24 ? n : 24);
	return worker;
}

/* A header's beginning: marker or not, cookies; the rest is zeroes. */
static size_t
header(uint8_t *out, bool marker, uint8_t cky_i_last, uint8_t cky_r_first, uint8_t cky_r_rest)
{
	size_t k = marker ? 4 : 0;

	memset(out, 0, 28 + k);
	memset(out + k, 0x5a, 7);
	out[k + 7] = cky_i_last;
	out[k + 8] = cky_r_first;
	memset(out + k + 9, cky_r_rest, 7);
	out[k + 16] = 1;
	out[k + 17] = 0x10;
	return 28 + k;
}

static void
steer_family(const char *address)
{
	struct bench b;
	uint8_t d[64];
	size_t n;
	int	home;

	if (!bench_open(&b, address)) {
		T_SKIP("the system has no such address");
		return;
	}
	n = header(d, false, 0, 0, 0);
	home = lands(&b, address, b.port, d, n);
	T_TRUE(home >= 0);
	for (unsigned m = 0; m < 2; m++) {
		uint16_t port = m != 0 ? b.nat_t_port : b.port;

		for (unsigned w = 0; w < 2 * WORKERS; w++) {
			n = header(d, m != 0, (uint8_t)(w + 1), (uint8_t)w, 0x77);
			T_EQ(lands(&b, address, port, d, n), w % WORKERS);
			T_EQ(b.seen[0].path.marker, m != 0);
			T_EQ(b.seen[0].path.local.port, port);
			n = header(d, m != 0, (uint8_t)w, 0, 0);
			T_EQ(lands(&b, address, port, d, n), home); /* whatever the peer's cookie */
		}
		/*
		 * Worker 0's cookie begins with 0: only eight zero octets mean that there is none.
		 */
		n = header(d, m != 0, 3, 0, 0);
		d[(m != 0 ? 4 : 0) + 15] = 1;
		T_EQ(lands(&b, address, port, d, n), 0);
		n = header(d, m != 0, 3, 0, 0);
		d[(m != 0 ? 4 : 0) + 11] = 1;
		T_EQ(lands(&b, address, port, d, n), 0);
	}
	bench_close(&b);
}

static void
steers_ipv4(void)
{
	steer_family("127.0.0.1");
}

static void
steers_ipv6(void)
{
	steer_family("::1");
}

static void
steers_esp_and_keepalives(void)
{
	struct bench b;
	uint8_t d[40];

	if (!bench_open(&b, "127.0.0.1"))
		return;
	memset(d, 0xc3, sizeof(d));
	for (unsigned w = 1; w < 2 * WORKERS; w++) {
		d[0] = (uint8_t)w;
		T_EQ(lands(&b, "127.0.0.1", b.nat_t_port, d, sizeof(d)), w % WORKERS);
	}
	/* Worker 0's SPI: the rest of the SPI is not zero. */
	d[0] = 0;
	T_EQ(lands(&b, "127.0.0.1", b.nat_t_port, d, sizeof(d)), 0);
	d[0] = 0xff;
	T_EQ(lands(&b, "127.0.0.1", b.nat_t_port, d, 1), 0);
	for (size_t n = 0; n < 12; n++) {
		memset(d, 0x07, sizeof(d));
		T_EQ(lands(&b, "127.0.0.1", b.port, d, n), 0);
	}
	bench_close(&b);
}

/* Send from 127.0.0.HOST, and another port than before. */
static void
from_host(struct bench *b, unsigned host)
{
	struct sockaddr_in from = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(0x7f000000u | host)};

	close(b->client);
	b->client = socket(AF_INET, SOCK_DGRAM, 0);
	T_EQ(bind(b->client, (struct sockaddr *)&from, sizeof(from)), 0);
}

static void
repeated_first_messages_meet_one_worker(void)
{
	unsigned hits[WORKERS] = {0};
	struct bench b;
	uint8_t d[64];

	if (!bench_open(&b, "127.0.0.1"))
		return;
	for (unsigned i = 0; i < 100; i++) {
		size_t n = header(d, false, (uint8_t)(i * 37), 0, 0);

		forget(&b);
		/* From three sockets, as after a restart of the peer or behind a NAT. */
		for (int k = 0; k < 3; k++) {
			from_host(&b, 1 + i % 8);
			shoot(&b, "127.0.0.1", b.port, d, n);
		}
		if (!collect(&b))
			break;
		T_EQ(b.seen[1].worker, b.seen[0].worker);
		T_EQ(b.seen[2].worker, b.seen[0].worker);
		hits[b.seen[0].worker]++;
	}
	for (unsigned w = 0; w < WORKERS; w++)
		T_TRUE(hits[w] > 0);
	bench_close(&b);
}

static void
answers_leave_from_the_address_dialled(void)
{
	static const char *const dialled[] = {"127.0.0.1", "127.0.0.2", "127.9.8.7"};
	struct sockaddr_in from;
	socklen_t len;
	struct bench b;
	uint8_t d[64], back[64];
	char text[ADDR_TEXT];

	if (!bench_open(&b, "0.0.0.0"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(dialled); i++) {
		size_t n = header(d, false, 1, 1, 1);

		T_EQ(lands(&b, dialled[i], b.port, d, n), 1);
		T_STR(addr_print(&b.seen[0].path.local.addr, text, sizeof(text)), dialled[i]);
		T_STR(addr_print(&b.seen[0].path.remote.addr, text, sizeof(text)), "127.0.0.1");
		udp_send(b.at[1].udp, &b.seen[0].path, CHUNK(d, n));
		len = sizeof(from);
		T_EQ(recvfrom(b.client, back, sizeof(back), 0, (struct sockaddr *)&from, &len), n);
		T_MEM(back, n, d, n);
		T_EQ(ntohs(from.sin_port), b.port);
		T_STR(inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text)), dialled[i]);
	}
	T_EQ(udp_stats(b.at[1].udp).send_errors, 0);
	bench_close(&b);
}

static void
ipv6_answers_and_marker_port(void)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	struct bench b;
	uint8_t d[64], back[64];
	size_t n = header(d, true, 1, 2, 1);
	char text[ADDR_TEXT];

	if (!bench_open(&b, "::")) {
		T_SKIP("no IPv6");
		return;
	}
	T_EQ(lands(&b, "::1", b.nat_t_port, d, n), 2);
	T_STR(addr_print(&b.seen[0].path.local.addr, text, sizeof(text)), "::1");
	udp_send(b.at[2].udp, &b.seen[0].path, CHUNK(d, n));
	T_EQ(recvfrom(b.client, back, sizeof(back), 0, (struct sockaddr *)&from, &len), n);
	T_EQ(ntohs(from.sin6_port), b.nat_t_port);
	bench_close(&b);
}

static void
big_datagrams_both_ways(void)
{
	static uint8_t d[60000], back[65536];
	struct bench b;

	if (!bench_open(&b, "127.0.0.1"))
		return;
	memset(d, 0xab, sizeof(d));
	d[8] = 3;
	T_EQ(lands(&b, "127.0.0.1", b.port, d, sizeof(d)), 3);
	T_EQ(b.seen[0].n, sizeof(d));
	udp_send(b.at[3].udp, &b.seen[0].path, CHUNK(d, sizeof(d)));
	T_EQ(recv(b.client, back, sizeof(back), 0), sizeof(d));
	T_MEM(back, sizeof(d), d, sizeof(d));
	bench_close(&b);
}

static void
batches_are_bounded(void)
{
	struct bench b;
	uint8_t d[64];
	size_t n = header(d, false, 1, 2, 9);

	if (!bench_open(&b, "127.0.0.1"))
		return;
	for (int i = 0; i < 200; i++)
		shoot(&b, "127.0.0.1", b.port, d, n);
	T_TRUE(collect(&b));
	/* The last batch may end after the loop was stopped. */
	T_TRUE(b.batches + 1 >= 200 / UDP_BATCH);
	for (size_t i = 0; i < b.count; i++)
		T_EQ(b.seen[i].worker, 2);
	bench_close(&b);
}

static void
send_errors_are_counted(void)
{
	struct path path = {.local = {.port = 1}};
	struct bench b;

	if (!bench_open(&b, "127.0.0.1"))
		return;
	(void)addr_parse("127.0.0.1", &path.local.addr);
	(void)addr_parse("127.0.0.1", &path.remote.addr);
	path.remote.port = 9;
	udp_send(b.at[0].udp, &path, CHUNK((const uint8_t *)"x", 1));
	T_EQ(udp_stats(b.at[0].udp).send_errors, 1);
	/* A source that is not ours. */
	path.local.port = b.port;
	(void)addr_parse("192.0.2.1", &path.local.addr);
	udp_send(b.at[0].udp, &path, CHUNK((const uint8_t *)"x", 1));
	T_EQ(udp_stats(b.at[0].udp).send_errors, 2);
	bench_close(&b);
}

static void
refuses_a_port_in_use(void)
{
	struct udp_bind bind = {.nat_t = false};
	struct why w = {0};
	char port[16];
	struct bench b;

	if (!bench_open(&b, "127.0.0.1"))
		return;
	/* By the same user and with SO_REUSEPORT, which the kernel alone would allow. */
	(void)addr_parse("127.0.0.1", &bind.local.addr);
	bind.local.port = b.port;
	T_TRUE(udp_open(&bind, 1, 1, &w) == NULL);
	T_EQ(w.code, IKE_E_SYS);
	snprintf(port, sizeof(port), ":%u", b.port);
	T_TRUE(strstr(w.text, "127.0.0.1") != NULL);
	T_TRUE(strstr(w.text, port) != NULL);
	T_TRUE(strstr(w.text, "in use") != NULL);
	bench_close(&b);
}

static void
refuses_an_address_not_ours(void)
{
	struct udp_bind bind = {.local = {.port = 45678}};
	struct why w = {0};

	(void)addr_parse("192.0.2.1", &bind.local.addr);
	T_TRUE(udp_open(&bind, 1, 2, &w) == NULL);
	T_TRUE(strstr(w.text, "192.0.2.1:45678") != NULL);
	T_TRUE(strstr(w.text, "listen.addresses") != NULL);
}

static void
overlapping_addresses_are_fine(void)
{
	struct udp_bind binds[2] = {{.nat_t = false}, {.nat_t = false}};
	struct udp_sockets *s;
	struct why w = {0};

	(void)addr_parse("0.0.0.0", &binds[0].local.addr);
	(void)addr_parse("127.0.0.1", &binds[1].local.addr);
	binds[0].local.port = binds[1].local.port = free_port(AF_INET, "0.0.0.0");
	s = udp_open(binds, 2, 2, &w);
	if (!T_TRUE(s != NULL))
		T_FAIL("%s", w.text);
	udp_close(s);
}

int
main(void)
{
	if (!loop_setup())
		return 1;
	T_RUN(steers_ipv4);
	T_RUN(steers_ipv6);
	T_RUN(steers_esp_and_keepalives);
	T_RUN(repeated_first_messages_meet_one_worker);
	T_RUN(answers_leave_from_the_address_dialled);
	T_RUN(ipv6_answers_and_marker_port);
	T_RUN(big_datagrams_both_ways);
	T_RUN(batches_are_bounded);
	T_RUN(send_errors_are_counted);
	T_RUN(refuses_a_port_in_use);
	T_RUN(refuses_an_address_not_ours);
	T_RUN(overlapping_addresses_are_fine);
	loop_teardown();
	return T_DONE();
}
