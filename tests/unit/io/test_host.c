/* test_host.c - the addresses of this machine. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <net/if.h>

#include "io/host.h"

/* Of real interfaces, IPv4 first, and nothing that a peer could not dial. */
static void
only_what_a_peer_can_dial(void)
{
	struct host_addr list[64];
	struct prefix loop4, loop6, local6;
	size_t n = host_addrs(list, 64);
	bool six = false;

	T_TRUE(prefix_parse("127.0.0.0/8", &loop4) && prefix_parse("::1", &loop6) &&
	    prefix_parse("fe80::/10", &local6));
	if (n == 0)
		T_SKIP("this machine has no address but loopback");
	for (size_t i = 0; i < n; i++) {
		T_TRUE(!prefix_has(&loop4, &list[i].addr) && !prefix_has(&loop6, &list[i].addr) &&
		    !prefix_has(&local6, &list[i].addr));
		T_TRUE(!six || list[i].addr.family == ADDR_V6);
		six |= list[i].addr.family == ADDR_V6;
		T_TRUE(if_nametoindex(list[i].interface) != 0);
	}
}

static void
no_more_than_asked_for(void)
{
	struct host_addr list[2] = {{.interface = "untouched"}, {.interface = "untouched"}};

	T_EQ(host_addrs(list, 0), 0);
	T_STR(list[0].interface, "untouched");
	T_TRUE(host_addrs(list, 1) <= 1);
	T_STR(list[1].interface, "untouched");
}

int
main(void)
{
	T_RUN(only_what_a_peer_can_dial);
	T_RUN(no_more_than_asked_for);
	return T_DONE();
}
