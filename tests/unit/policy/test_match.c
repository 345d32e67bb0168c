/* tests/unit/policy/test_match.c - the first tunnel group that an address may use, and the next. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect.h"
#include "t.h"

static const char text[] =
    "isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; } );\n"
    "transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha1\"; } );\n"
    "tunnel_groups = (\n"
    "{ name = \"host\"; peer = \"10.0.0.1\"; remote_id = \"keyid:x\"; pre_shared_key = \"k\"; },\n"
    "{ name = \"net\"; peer = \"10.0.0.0/8\"; local = \"192.0.2.0/24\"; pre_shared_key = \"k\"; },\n"
    "{ name = \"dialled\"; local = \"192.0.2.7\"; pre_shared_key = \"k\"; },\n"
    "{ name = \"four\"; peer = \"0.0.0.0/0\"; remote_id = \"keyid:y\"; pre_shared_key = \"k\"; },\n"
    "{ name = \"six\"; peer = \"2001:db8::/32\"; pre_shared_key = \"k\"; },\n"
    "{ name = \"six-host\"; peer = \"fe80::1\"; pre_shared_key = \"k\"; } );\n";

static struct policy *policy;

static const char *
match(const char *peer, const char *local, size_t from)
{
	const struct tunnel_group *g;
	struct addr a, b;

	if (!addr_parse(peer, &a) || !addr_parse(local, &b))
		return "no address";
	g = policy_match(policy, &a, &b, from);
	return g != NULL ? g->name : NULL;
}

static void
first_wins(void)
{
	T_STR(match("10.0.0.1", "192.0.2.1", 0), "host");
	T_STR(match("10.0.0.2", "192.0.2.1", 0), "net");
	T_STR(match("10.0.0.2", "192.0.2.7", 0), "net");
	T_STR(match("172.16.0.1", "192.0.2.7", 0), "dialled");
	T_STR(match("172.16.0.1", "198.51.100.1", 0), "four");
	T_STR(match("10.0.0.2", "198.51.100.1", 0), "four");
}

static void
next(void)
{
	T_STR(match("10.0.0.1", "192.0.2.7", 0), "host");
	T_STR(match("10.0.0.1", "192.0.2.7", 1), "net");
	T_STR(match("10.0.0.1", "192.0.2.7", 2), "dialled");
	T_STR(match("10.0.0.1", "192.0.2.7", 3), "four");
	T_STR(match("10.0.0.1", "192.0.2.7", 4), NULL);
	T_STR(match("10.0.0.1", "192.0.2.7", 6), NULL);
	T_STR(match("10.0.0.1", "192.0.2.7", 100), NULL);
}

static void
families(void)
{
	T_STR(match("2001:db8::9", "2001:db8::1", 0), "six");
	T_STR(match("fe80::1", "fe80::2", 0), "six-host");
	T_STR(match("fe80::9", "fe80::2", 0), NULL);
	T_STR(match("::", "::1", 0), NULL);
}

int
main(void)
{
	static struct collect got;

	policy = policy_parse(text, "F", collect_line, &got);
	if (policy == NULL) {
		printf("Bail out! %s", got.text);
		return EXIT_FAILURE;
	}
	T_RUN(first_wins);
	T_RUN(next);
	T_RUN(families);
	policy_unref(policy);
	return T_DONE();
}
