/* greet.c - what a newcomer needs to know when the built-in policy is served. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_local.h"
#include "ctl/proto.h"
#include "io/host.h"

#define ADDRESSES_MAX 64

static unsigned
print_family(const struct host_addr *all, size_t count, uint8_t family)
{
	char text[ADDR_TEXT];
	unsigned n = 0;

	for (size_t i = 0; i < count; i++) {
		if (all[i].addr.family != family)
			continue;
		printf("    %-40s (%s)\n", addr_print(&all[i].addr, text, sizeof(text)),
		    all[i].interface);
		n++;
	}
	return n;
}

/* What is behind 0.0.0.0 and ::, or the addresses named. */
static void
print_addresses(const struct policy_listen *l)
{
	struct host_addr all[ADDRESSES_MAX];
	size_t count = host_addrs(all, ADDRESSES_MAX);
	char text[ADDR_TEXT];

	for (size_t i = 0; i < l->count; i++) {
		if (!addr_is_any(&l->addresses[i]))
			printf("    %s\n", addr_print(&l->addresses[i], text, sizeof(text)));
		else if (print_family(all, count, l->addresses[i].family) == 0)
			printf("    %s\n",
			    l->addresses[i].family == ADDR_V6 ? "::1 (loopback only)" :
								"127.0.0.1 (loopback only)");
	}
}

/* Of the folder that a program was called by, its last slash included: ikev1ctl lies beside it. */
static size_t
folder_length(const char *program)
{
	const char *slash = strrchr(program, '/');

	return slash != NULL ? (size_t)(slash - program) + 1 : 0;
}

void
greet_builtin(const struct policy *p, const char *socket, const char *program)
{
	char option[300] = "", ctl[300];

	snprintf(ctl, sizeof(ctl), "%.*sikev1ctl", (int)folder_length(program), program);
	if (strcmp(socket, PROTO_SOCKET) != 0 && getenv("IKEV1CTL_SOCKET") == NULL)
		snprintf(option, sizeof(option), " -s %s", socket);
	printf("ikev1d %s serves IKEv1 with its built-in policy on UDP ports %u and %u of\n",
	    IKEV1D_VERSION, p->listen.port, p->listen.nat_t_port);
	print_addresses(&p->listen);
	printf("Pre-shared key, for any peer:  %s\n", policy_builtin_key());
	printf("Point a peer at one of these addresses, then look from another terminal:\n");
	printf(
	    "    %s%s peer-config PRODUCT      what to paste into an asa, ios, strongswan, libreswan\n",
	    ctl, option);
	printf("    %s%s monitor                  what happens, as it happens\n", ctl, option);
	printf("    %s%s show isakmp sa detail    phase 1\n", ctl, option);
	printf("    %s%s show ipsec sa            phase 2\n", ctl, option);
	printf("    %s%s explain                  why the last negotiation failed\n", ctl, option);
	printf("    %s%s show policy              what is accepted\n", ctl, option);
	printf("Anybody who can reach these ports knows the key: use this in a lab only.\n");
	printf("The log follows; Ctrl-C ends it in order.\n\n");
	fflush(stdout);
}
