/*
 * tests/unit/policy/test_conf_dump.c - the dump is a policy file that says the same, but for keys.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect.h"
#include "policy_local.h"
#include "t.h"
#include "wire/isakmp.h"

/* Every key with a value that is not its default, every way to write a value. */
static const char full[] =
    "listen = { addresses = [ \"192.0.2.1\", \"2001:db8::1\", \"0.0.0.0\" ]; port = 5500; nat_t_port = 5501; };\n"
    "workers = 3; user = \"\"; key_export = \"/var/lib/ikev1d/a \\\"b\\\\ \\x7f\xc3\xbc\";\n"
    "log = { target = \"file\"; file = \"/var/log/x\"; facility = \"local7\"; level = \"debug\"; format = \"json\"; };\n"
    "capture = { size = 0; files = 9; };\n"
    "control = { socket = \"control.sock\"; }; invalid_cookie_notify = false; diagnose_psk = true; nat_keepalive = 0;\n"
    "limits = { half_open = 1; half_open_per_source = 2; half_open_timeout = 3; phase2_per_sa = 4; notify_rate = 5; };\n"
    "isakmp_policies = (\n"
    "{ name = \"one\"; authentication = \"pre-share\"; encryption = [ \"aes\", \"des\" ]; hash = \"sha\"; group = [ 31, 2 ];\n"
    "  lifetime = 0; lifetime_kilobytes = 2147483647; },\n"
    "{ name = \"two\"; encryption = \"3des\"; hash = [ \"md5\" ]; group = 1; lifetime = 60; } );\n"
    "transform_sets = (\n"
    "{ name = \"gcm\"; encryption = [ \"aes-256-gcm-16\" ]; integrity = \"none\"; mode = \"any\"; },\n"
    "{ name = \"ah\"; protocol = \"ah\"; integrity = [ \"sha256\", \"md5\" ]; mode = \"transport\"; },\n"
    "{ name = \"bare\"; encryption = \"aes-128\"; integrity = [ \"sha1\", \"none\" ]; } );\n"
    "tunnel_groups = (\n"
    "{ name = \"a\"; peer = \"10.1.0.0/16\"; local = \"192.0.2.1\"; remote_id = \"*.example.com\"; local_id = \"me@here\";\n"
    "  pre_shared_key = \"********\"; isakmp_policies = [ \"two\", \"one\" ]; dpd = { interval = 7; retries = 9; };\n"
    "  nat_t = false; faults = [ ];\n"
    "  crypto_map = ( { local = \"10.0.0.0/8\"; remote = \"10.9.8.7\"; protocol = \"udp\"; local_port = 1701; remote_port = 1;\n"
    "    transform_sets = \"bare\"; pfs = [ 14, 2 ]; lifetime = 1; lifetime_kilobytes = 0; narrow = true; data_plane = \"none\"; },\n"
    "    { local = \"2001:db8::/32\"; protocol = 200; pfs = \"none\"; }, { pfs = 5; } ); },\n"
    "{ name = \"b\"; peer = \"2001:db8::/32\"; remote_id = \"keyid:a \\\"b\\\\\"; local_id = \"192.0.2.1\"; pre_shared_key = \"********\"; },\n"
    "{ name = \"c\"; remote_id = \"2001:db8::5\"; local_id = \"fqdn:a@b\"; pre_shared_key = \"********\"; },\n"
    "{ name = \"d\"; remote_id = \"address\"; local_id = \"keyid:x\"; pre_shared_key = \"********\"; },\n"
    "{ name = \"e\"; pre_shared_key = \"********\"; } );\n";

#define ONE_OF_EACH                                                                                 \
	"isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; } );" \
	"transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha1\"; } );"           \
	"tunnel_groups = ( { name = \"g\"; pre_shared_key = \"hunter2\"; } );"

static struct collect got;

static struct policy *
parse(const char *text)
{
	static struct collect lines;
	struct policy *p;

	lines.n = 0;
	lines.text[0] = '\0';
	p = policy_parse(text, "F", collect_line, &lines);
	T_STR(lines.text, "");
	T_TRUE(p != NULL);
	return p;
}

static void
dump(const struct policy *p)
{
	got.n = 0;
	got.text[0] = '\0';
	policy_dump(p, collect_line, &got);
}

/* ---- two policies are the same, field by field ---- */

static void
same_prefix(const struct prefix *a, const struct prefix *b)
{
	T_TRUE(prefix_eq(a, b));
}

static void
same_ident(const struct ident *a, const struct ident *b)
{
	T_EQ(a->kind, b->kind);
	T_STR(a->text, b->text);
	T_TRUE(addr_eq(&a->addr, &b->addr));
}

static void
same_isakmp(const struct isakmp_policy *a, const struct isakmp_policy *b)
{
	T_STR(a->name, b->name);
	T_EQ(a->auth, b->auth);
	T_MEM(a->encryption, sizeof(a->encryption), b->encryption, sizeof(b->encryption));
	T_MEM(a->hash, sizeof(a->hash), b->hash, sizeof(b->hash));
	T_MEM(a->group, sizeof(a->group), b->group, sizeof(b->group));
	T_EQ(a->lifetime_s, b->lifetime_s);
	T_EQ(a->lifetime_kilobytes, b->lifetime_kilobytes);
}

static void
same_set(const struct transform_set *a, const struct transform_set *b)
{
	T_STR(a->name, b->name);
	T_EQ(a->protocol, b->protocol);
	T_MEM(a->encryption, sizeof(a->encryption), b->encryption, sizeof(b->encryption));
	T_MEM(a->integrity, sizeof(a->integrity), b->integrity, sizeof(b->integrity));
	T_EQ(a->mode, b->mode);
}

static void
same_entry(const struct crypto_map_entry *a, const struct crypto_map_entry *b)
{
	same_prefix(&a->local, &b->local);
	same_prefix(&a->remote, &b->remote);
	T_EQ(a->ip_proto, b->ip_proto);
	T_EQ(a->local_port, b->local_port);
	T_EQ(a->remote_port, b->remote_port);
	T_EQ(a->pfs, b->pfs);
	T_MEM(a->pfs_groups, sizeof(a->pfs_groups), b->pfs_groups, sizeof(b->pfs_groups));
	T_EQ(a->lifetime_s, b->lifetime_s);
	T_EQ(a->lifetime_kilobytes, b->lifetime_kilobytes);
	T_EQ(a->narrow, b->narrow);
	T_EQ(a->data_plane, b->data_plane);
	for (size_t i = 0; a->sets[i] != NULL || b->sets[i] != NULL; i++) {
		if (!T_TRUE(a->sets[i] != NULL && b->sets[i] != NULL))
			return;
		T_STR(a->sets[i]->name, b->sets[i]->name);
	}
}

static void
same_group(const struct tunnel_group *a, const struct tunnel_group *b)
{
	T_STR(a->name, b->name);
	same_prefix(&a->peer, &b->peer);
	same_prefix(&a->local, &b->local);
	same_ident(&a->remote_id, &b->remote_id);
	same_ident(&a->local_id, &b->local_id);
	T_MEM(a->psk, a->psk_len, b->psk, b->psk_len);
	T_EQ(a->dpd_interval_s, b->dpd_interval_s);
	T_EQ(a->dpd_retries, b->dpd_retries);
	T_EQ(a->nat_t, b->nat_t);
	for (size_t i = 0; a->policies[i] != NULL || b->policies[i] != NULL; i++) {
		if (!T_TRUE(a->policies[i] != NULL && b->policies[i] != NULL))
			return;
		T_STR(a->policies[i]->name, b->policies[i]->name);
	}
	if (T_EQ(a->crypto_map_count, b->crypto_map_count))
		for (size_t i = 0; i < a->crypto_map_count; i++)
			same_entry(&a->crypto_map[i], &b->crypto_map[i]);
}

static void
same_daemon(const struct policy *a, const struct policy *b)
{
	if (T_EQ(a->listen.count, b->listen.count))
		for (size_t i = 0; i < a->listen.count; i++)
			T_TRUE(addr_eq(&a->listen.addresses[i], &b->listen.addresses[i]));
	T_EQ(a->listen.port, b->listen.port);
	T_EQ(a->listen.nat_t_port, b->listen.nat_t_port);
	T_EQ(a->workers, b->workers);
	T_STR(a->user, b->user);
	T_EQ(a->log.target, b->log.target);
	T_EQ(a->log.format, b->log.format);
	T_EQ(a->log.level, b->log.level);
	T_EQ(a->log.facility, b->log.facility);
	T_STR(a->log.file, b->log.file);
	T_STR(a->control_socket, b->control_socket);
	T_STR(a->key_export, b->key_export);
	T_EQ(a->needs_legacy, b->needs_legacy);
	T_EQ(a->invalid_cookie_notify, b->invalid_cookie_notify);
	T_EQ(a->capture.kilobytes, b->capture.kilobytes);
	T_EQ(a->capture.files, b->capture.files);
	T_EQ(a->diagnose_psk, b->diagnose_psk);
	T_EQ(a->nat_keepalive_s, b->nat_keepalive_s);
	T_MEM(&a->limits, sizeof(a->limits), &b->limits, sizeof(b->limits));
}

static void
same(const struct policy *a, const struct policy *b)
{
	same_daemon(a, b);
	if (T_EQ(a->isakmp_policy_count, b->isakmp_policy_count))
		for (size_t i = 0; i < a->isakmp_policy_count; i++)
			same_isakmp(&a->isakmp_policies[i], &b->isakmp_policies[i]);
	if (T_EQ(a->transform_set_count, b->transform_set_count))
		for (size_t i = 0; i < a->transform_set_count; i++)
			same_set(&a->transform_sets[i], &b->transform_sets[i]);
	if (T_EQ(a->group_count, b->group_count))
		for (size_t i = 0; i < a->group_count; i++)
			same_group(&a->groups[i], &b->groups[i]);
}

/* ---- tests ---- */

/* The keys of the policy are what the dump writes for them, so it loads as it is. */
static void
round_trip(void)
{
	struct policy *first = parse(full), *second = NULL;
	static struct collect before;

	if (first == NULL)
		return;
	dump(first);
	before = got;
	second = parse(before.text);
	if (second != NULL) {
		same(first, second);
		dump(second);
		T_STR(got.text, before.text);
	}
	policy_unref(first);
	policy_unref(second);
}

/* The values that full names did arrive: a round trip of nothing would be one, too. */
static void
values(void)
{
	struct policy *p = parse(full);
	const struct tunnel_group *g;

	if (p == NULL)
		return;
	T_EQ(p->listen.count, 3);
	T_EQ(p->listen.port, 5500);
	T_STR(p->user, "");
	T_STR(p->key_export, "/var/lib/ikev1d/a \"b\\ \x7f\xc3\xbc");
	T_TRUE(p->diagnose_psk);
	T_EQ(p->capture.kilobytes, 0);
	T_EQ(p->capture.files, 9);
	T_EQ(p->log.facility, log_facility("local7"));
	T_EQ(p->log.level, LOG_L_DEBUG);
	T_STR(p->control_socket, "control.sock");
	T_EQ(p->limits.notify_rate, 5);
	T_EQ(p->isakmp_policies[0].lifetime_s, 0);
	T_EQ(p->isakmp_policies[0].line, 8);
	T_STR(p->isakmp_policies[0].encryption[0]->name, "aes-128");
	T_STR(p->isakmp_policies[0].encryption[1]->name, "des");
	T_EQ(p->isakmp_policies[0].group[0]->id, 31);
	T_EQ(p->isakmp_policies[1].auth, AUTH_PSK);
	T_EQ(p->transform_sets[1].protocol, PROTO_AH);
	T_EQ(p->transform_sets[1].mode, MODE_TRANSPORT);
	T_EQ(p->transform_sets[2].mode, MODE_TUNNEL);
	g = p->groups;
	T_EQ(g[0].remote_id.kind, IDENT_FQDN);
	T_STR(g[0].remote_id.text, "*.example.com");
	T_EQ(g[0].local_id.kind, IDENT_USER_FQDN);
	T_EQ(g[0].dpd_interval_s, 7);
	T_EQ(g[0].crypto_map[0].pfs, PFS_GROUP);
	T_EQ(g[0].crypto_map[0].pfs_groups[1]->id, 2);
	T_EQ(g[0].crypto_map[0].remote.bits, 32);
	T_EQ(g[0].crypto_map[1].ip_proto, 200);
	T_EQ(g[0].crypto_map[1].pfs, PFS_NONE);
	T_EQ(g[1].remote_id.kind, IDENT_KEY_ID);
	T_STR(g[1].remote_id.text, "a \"b\\");
	T_EQ(g[1].local_id.kind, IDENT_IPV4);
	T_EQ(g[1].dpd_interval_s, 0);
	T_EQ(g[2].remote_id.kind, IDENT_IPV6);
	T_EQ(g[2].local_id.kind, IDENT_FQDN);
	T_STR(g[2].local_id.text, "a@b");
	T_EQ(g[3].remote_id.kind, IDENT_ADDRESS);
	T_EQ(g[4].remote_id.kind, IDENT_ANY);
	T_EQ(g[4].local_id.kind, IDENT_ADDRESS);
	T_EQ(g[4].nat_t, true);
	policy_unref(p);
}

/* The key is put into the dump of a policy with another key: then it is the same policy. */
static void
key_put_in(void)
{
	struct policy *first = policy_builtin(collect_line, &got), *second;
	static char text[65536];
	char *stars;

	if (!T_TRUE(first != NULL))
		return;
	dump(first);
	stars = strstr(got.text, "\"********\"");
	if (T_TRUE(stars != NULL)) {
		snprintf(text, sizeof(text), "%.*s\"%s\"%s", (int)(stars - got.text), got.text,
		    policy_builtin_key(), stars + strlen("\"********\""));
		second = parse(text);
		if (second != NULL)
			same(first, second);
		policy_unref(second);
	}
	policy_unref(first);
}

static void
no_key_in_dump(void)
{
	struct policy *p = parse(ONE_OF_EACH);

	if (p == NULL)
		return;
	dump(p);
	T_TRUE(strstr(got.text, "hunter") == NULL);
	T_TRUE(strstr(got.text, "        pre_shared_key = \"********\";\n") != NULL);
	policy_unref(p);
}

/* Each key of the language is in the dump but pre_shared_key_file, whose key is in place of it. */
static void
dumped(const struct conf_item *items)
{
	char want[64];

	for (; items->key != NULL; items++) {
		snprintf(want, sizeof(want), " %s = ", items->key);
		if (items->type == CONF_SECRET_FILE)
			T_TRUE(strstr(got.text, want) == NULL);
		else if (strncmp(got.text, want + 1, strlen(want + 1)) != 0 &&
		    strstr(got.text, want) == NULL &&
		    strstr(got.text, (want[0] = '\n', want)) == NULL)
			T_FAIL("%s is not in the dump", items->key);
		if (items->sub != NULL)
			dumped(items->sub);
	}
}

static void
every_key(void)
{
	struct policy *p = parse(full);

	if (p == NULL)
		return;
	dump(p);
	dumped(conf_top);
	policy_unref(p);
}

static void
every_facility(void)
{
	char text[2048], want[64];
	struct policy *p;

	for (const char *const *word = conf_facilities; *word != NULL; word++) {
		snprintf(text, sizeof(text), "log = { facility = \"%s\"; };%s", *word, ONE_OF_EACH);
		p = parse(text);
		if (p == NULL)
			return;
		dump(p);
		snprintf(want, sizeof(want), "    facility = \"%s\";\n", *word);
		if (strstr(got.text, want) == NULL)
			T_FAIL("facility %s became another", *word);
		policy_unref(p);
	}
}

int
main(void)
{
	T_RUN(round_trip);
	T_RUN(values);
	T_RUN(key_put_in);
	T_RUN(no_key_in_dump);
	T_RUN(every_key);
	T_RUN(every_facility);
	return T_DONE();
}
