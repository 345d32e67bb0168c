/* tests/unit/io/test_icmp.c - a socket that is told "port unreachable" believes it. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/icmp.h"

/* A UDP socket connected to our address, where it may come to know that nobody is there. */
static int
peer_of(const char *ours, const char *its, struct path *p)
{
	struct endpoint		local = {.port = 4999}, remote = {.port = 0};
	struct sockaddr_storage ss;
	socklen_t		n = sizeof(ss);
	int			fd;

	T_TRUE(addr_parse(ours, &local.addr) && addr_parse(its, &remote.addr));
	fd = socket(local.addr.family == ADDR_V6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	n = endpoint_to_sockaddr(&remote, &ss);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ss, n) != 0)
		return -1;
	n = endpoint_to_sockaddr(&local, &ss);
	if (connect(fd, (struct sockaddr *)&ss, n) != 0)
		return -1;
	n = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
		return -1;
	*p = (struct path){.local = local,
	    .remote = endpoint_from_sockaddr((struct sockaddr *)&ss)};
	return fd;
}

static void
told(const char *ours, const char *its)
{
	static const uint8_t octets[300] = {1, 2, 3};
	struct icmp	    *i = icmp_open();
	struct path	     p;
	int		     fd = peer_of(ours, its, &p);
	struct pollfd	     wait = {.fd = fd, .events = POLLIN};
	char		     c;

	if (i == NULL || fd < 0) {
		T_SKIP("needs CAP_NET_RAW and this address family");
	} else {
		T_TRUE(icmp_port_unreachable(i, &p, CHUNK(octets, sizeof(octets))));
		T_EQ(poll(&wait, 1, 2000), 1);
		T_EQ(recv(fd, &c, 1, MSG_DONTWAIT), -1);
		T_EQ(errno, ECONNREFUSED);
	}
	icmp_close(i);
	if (fd >= 0)
		close(fd);
}

static void
over_ipv4(void)
{
	told("127.0.0.2", "127.0.0.1");
}

static void
over_ipv6(void)
{
	told("::1", "::1");
}

static void
without_a_socket(void)
{
	struct path p = {.marker = false};

	T_TRUE(!icmp_port_unreachable(NULL, &p, CHUNK_NONE));
	icmp_close(NULL);
}

int
main(void)
{
	T_RUN(over_ipv4);
	T_RUN(over_ipv6);
	T_RUN(without_a_socket);
	return T_DONE();
}
