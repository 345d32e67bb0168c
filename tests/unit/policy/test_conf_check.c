/*
 * tests/unit/policy/test_conf_check.c - rules across keys: mistakes, warnings, references,
 * defaults.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect.h"
#include "policy_local.h"
#include "t.h"
#include "wire/isakmp.h"

#define P "isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; },\n" \
	  "{ name = \"other\"; encryption = \"aes-128\"; hash = \"sha1\"; group = [ 2, 5 ]; } );\n"
#define S "transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha1\"; },\n" \
	  "{ name = \"ah\"; protocol = \"ah\"; integrity = \"sha256\"; } );\n"
#define G "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"k\"; } );\n"
#define K " pre_shared_key = \"k\"; "

static struct collect got;

static struct policy *
parse(const char *text)
{
	got.n = 0;
	got.text[0] = '\0';
	return policy_parse(text, "F", collect_line, &got);
}

/* Loaded or not, with exactly these lines. */
static void
expect(int line, bool loaded, const char *text, const char *lines)
{
	struct policy *p = parse(text);

	t_eq(__FILE__, line, "loaded", p != NULL, loaded);
	t_str(__FILE__, line, "lines", got.text, lines);
	policy_unref(p);
}

#define REFUSED(conf, lines) expect(__LINE__, false, conf, lines)
#define LOADED(conf, lines)  expect(__LINE__, true, conf, lines)

#define SET(keys) P "transform_sets = ( { name = \"s\"; " keys " } );\n" G

static void
daemon_keys(void)
{
	REFUSED("listen = { port = 4500; };" P S G,
	    "F:1: listen.port and listen.nat_t_port are both 4500, expected different ones\n");
	REFUSED("log = { target = \"file\"; };" P S G,
	    "F:1: log.target is \"file\" without log.file, expected log.file = \"/path\"\n");
	REFUSED("log = {\nfile = \"/var/log/x\"; };" P S G,
	    "F:2: log.file is given and log.target is not \"file\", expected log.target = \"file\"\n");
	REFUSED("key_export = \"keys\";" P S G,
	    "F:1: key_export is \"keys\", expected an absolute path\n");
	LOADED("log = { target = \"file\"; file = \"/var/log/x\"; }; key_export = \"/keys\";" P S G,
	    "");
}

static void
names_twice(void)
{
	REFUSED(
	    "isakmp_policies = (\n{ name = \"p\"; encryption = \"des\"; hash = \"md5\"; group = 1; },\n"
	    "{ name = \"p\"; encryption = \"des\"; hash = \"md5\"; group = 1; } );\n"
	    "transform_sets = ( { name = \"s\"; protocol = \"ah\"; integrity = \"md5\"; },\n"
	    "{ name = \"s\"; protocol = \"ah\"; integrity = \"md5\"; } );\n"
	    "tunnel_groups = ( { name = \"g\";" K "},\n{ name = \"h\";" K "},\n{ name = \"g\";" K
	    "} );",
	    "F:3: isakmp_policies has the name \"p\" twice, expected another than on line 2\n"
	    "F:5: transform_sets has the name \"s\" twice, expected another than on line 4\n"
	    "F:8: tunnel_groups has the name \"g\" twice, expected another than on line 6\n");
}

static void
transform_sets(void)
{
	REFUSED(SET("integrity = \"sha1\";"),
	    "F:3: no encryption in a transform set with protocol = \"esp\", expected one\n");
	REFUSED(SET("encryption = \"aes-256\";"),
	    "F:3: no integrity beside encryption \"aes-256\", expected one, or \"none\" if that is meant\n");
	REFUSED(SET("encryption = \"aes-256-gcm-16\"; integrity = \"sha1\";"),
	    "F:3: integrity is given and encryption \"aes-256-gcm-16\" has its own, expected no integrity\n");
	REFUSED(SET("encryption = [ \"aes-256\", \"aes-256-gcm-16\" ]; integrity = \"sha1\";"),
	    "F:3: encryption mixes ciphers with integrity of their own and others, expected a transform set for "
	    "each kind\n");
	REFUSED(SET("encryption = \"null\"; integrity = [ \"sha1\", \"none\" ];"),
	    "F:3: integrity \"none\" with encryption \"null\" protects nothing, expected an integrity\n");
	REFUSED(SET("protocol = \"ah\"; encryption = \"aes-256\"; integrity = \"sha1\";"),
	    "F:3: encryption is given and protocol is \"ah\", expected protocol = \"esp\" or no encryption\n");
	REFUSED(SET("protocol = \"ah\";"),
	    "F:3: no integrity in a transform set with protocol = \"ah\", expected one\n");
	REFUSED(SET("protocol = \"ah\"; integrity = \"none\";"),
	    "F:3: integrity \"none\" is not for protocol \"ah\", expected one that AH has\n");
	LOADED(SET("encryption = \"aes-256\"; integrity = \"none\"; mode = \"transport\";"), "");
	LOADED(SET("encryption = \"null\"; integrity = \"sha1\"; mode = \"any\";"), "");
	LOADED(SET("encryption = [ \"aes-256-gcm-16\", \"aes-128-gcm-8\" ];"), "");
}

/* "none" beside an AEAD cipher says what is so anyway. */
static void
none_beside_aead(void)
{
	struct policy *p = parse(SET("encryption = \"aes-256-gcm-16\"; integrity = \"none\";"));

	if (!T_TRUE(p != NULL))
		return;
	T_TRUE(p->transform_sets[0].integrity[0] == NULL);
	policy_unref(p);
}

static void
families(void)
{
	REFUSED(P S "tunnel_groups = ( { name = \"g\";" K
		    "peer = \"10.0.0.1\";\nlocal = \"::1\"; } );",
	    "F:6: peer and local are of different families, expected both IPv4 or both IPv6\n");
	REFUSED(P S "tunnel_groups = ( { name = \"g\";" K
		    "\ncrypto_map = ( { local = \"::/0\"; remote = \"10.0.0.0/8\"; } ); } );",
	    "F:6: local and remote are of different families, expected both IPv4 or both IPv6\n");
	LOADED(P S "tunnel_groups = ( { name = \"g\";" K
		   "peer = \"::1\"; crypto_map = ( { local = \"10.0.0.0/8\"; } ); } );",
	    "");
}

static void
ports_want_a_protocol(void)
{
	REFUSED(P S "tunnel_groups = ( { name = \"g\";" K
		    "crypto_map = ( { local_port = 1701; } ); } );",
	    "F:5: local_port is given without protocol, expected protocol = \"tcp\", \"udp\" ...\n");
	REFUSED(P S "tunnel_groups = ( { name = \"g\";" K
		    "crypto_map = ( { remote_port = 1701; protocol = 0; } ); } );",
	    "F:5: remote_port is given without protocol, expected protocol = \"tcp\", \"udp\" ...\n");
	LOADED(P S "tunnel_groups = ( { name = \"g\";" K
		   "crypto_map = ( { remote_port = 1701; protocol = \"udp\"; } ); } );",
	    "");
}

static void
references(void)
{
	REFUSED(P S "tunnel_groups = ( { name = \"g\";" K
		    "isakmp_policies = [ \"p\",\n\"othre\", \"p\" ];\n"
		    "crypto_map = ( { transform_sets = \"esp\"; } ); } );",
	    "F:6: \"othre\" is no name of isakmp_policies, expected \"other\" perhaps\n"
	    "F:6: isakmp_policies has \"p\" twice, expected it once\n"
	    "F:7: \"esp\" is no name of transform_sets, expected one that is defined there\n");
}

static void
resolved(void)
{
	struct policy *p = parse(P S
	    "tunnel_groups = ( { name = \"g\";" K
	    "isakmp_policies = [ \"other\", \"p\" ]; crypto_map = ( { transform_sets = \"ah\"; }, { } ); },\n"
	    "{ name = \"h\"; local = \"192.0.2.1\";" K "} );");
	const struct tunnel_group *g;

	if (!T_TRUE(p != NULL))
		return;
	g = p->groups;
	T_TRUE(
	    g->policies[0] == &p->isakmp_policies[1] && g->policies[1] == &p->isakmp_policies[0]);
	T_TRUE(g->policies[2] == NULL);
	T_TRUE(
	    g->crypto_map[0].sets[0] == &p->transform_sets[1] && g->crypto_map[0].sets[1] == NULL);
	T_TRUE(g->crypto_map[1].sets[0] == &p->transform_sets[0]);
	T_TRUE(
	    g->crypto_map[1].sets[1] == &p->transform_sets[1] && g->crypto_map[1].sets[2] == NULL);
	T_TRUE(g[1].policies[0] == &p->isakmp_policies[0] && g[1].policies[2] == NULL);
	policy_unref(p);
}

/* Without crypto_map: anything, as ASA's PFS rule has it: with or without. */
static void
no_crypto_map(void)
{
	struct policy *p = parse(P S G);
	const struct crypto_map_entry *e;

	if (!T_TRUE(p != NULL) || !T_EQ(p->groups[0].crypto_map_count, 1))
		return;
	e = p->groups[0].crypto_map;
	T_EQ(e->local.addr.family, ADDR_NONE);
	T_EQ(e->remote.addr.family, ADDR_NONE);
	T_EQ(e->ip_proto, 0);
	T_EQ(e->pfs, PFS_ANY);
	T_EQ(e->lifetime_s, 28800);
	T_EQ(e->lifetime_kilobytes, 4608000);
	T_EQ(e->narrow, false);
	T_EQ(e->line, 5);
	T_TRUE(e->sets[0] == p->transform_sets && e->sets[1] != NULL && e->sets[2] == NULL);
	policy_unref(p);
}

static void
legacy(void)
{
	static const struct {
		const char *isakmp, *esp;
		bool	    want;
	} rows[] = {{"aes-256", "3des", false}, {"des", "aes-256", true}, {"3des", "des", true}};
	char text[1024];
	struct policy *p;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof(text),
		    "isakmp_policies = ( { name = \"p\"; encryption = \"%s\"; hash = \"sha1\"; group = 2; } );"
		    "transform_sets = ( { name = \"s\"; encryption = \"%s\"; "
		    "integrity = \"sha1\"; } );" G,
		    rows[i].isakmp, rows[i].esp);
		p = parse(text);
		if (T_TRUE(p != NULL))
			T_EQ(p->needs_legacy, rows[i].want);
		policy_unref(p);
	}
}

#define TWO(first, second) P S "tunnel_groups = ( { name = \"a\"; " first " },\n{ name = \"b\"; " second " } );"
#define WARNED "F:6: warning: tunnel group \"b\" is never reached, \"a\" on line 5 matches all its peers; " \
	       "expected the narrower one first"

static void
groups_never_reached(void)
{
	LOADED(TWO(K, K "peer = \"10.0.0.0/8\";"), WARNED "\n");
	LOADED(TWO(K "peer = \"10.0.0.0/8\";", K "peer = \"10.1.0.0/16\"; local = \"192.0.2.1\";"),
	    WARNED "\n");
	LOADED(TWO(K "remote_id = \"a.example.com\";", K "remote_id = \"fqdn:a.example.com\";"),
	    WARNED ", or the same key in both\n");
	LOADED(TWO(K "remote_id = \"a.example.com\";", "pre_shared_key = \"kk\";"),
	    WARNED ", or the same key in both\n");
	LOADED(TWO(K "peer = \"10.1.0.0/16\";", K "peer = \"10.0.0.0/8\";"), "");
	LOADED(TWO(K "peer = \"10.0.0.0/8\";", K "peer = \"2001:db8::/32\";"), "");
	LOADED(TWO(K "peer = \"0.0.0.0/0\";", K), "");
	LOADED(TWO(K "local = \"192.0.2.1\";", K), "");
	LOADED(TWO(K "remote_id = \"a.example.com\";", K), "");
	LOADED(TWO(K "remote_id = \"keyid:x\";", K "remote_id = \"keyid:y\";"), "");
}

static void
groups_not_listened_for(void)
{
	LOADED("listen = { addresses = [ \"192.0.2.1\", \"::\" ]; };" P S
	       "tunnel_groups = ( { name = \"g\";\nlocal = \"192.0.2.2\";" K "} );",
	    "F:6: warning: tunnel group \"g\" is never reached, listen.addresses has none of its local addresses; "
	    "expected one there\n");
	LOADED("listen = { addresses = [ \"192.0.2.1\", \"::\" ]; };" P S
	       "tunnel_groups = ( { name = \"g\"; local = \"192.0.2.0/24\";" K
	       "}, { name = \"h\"; local = \"::1\";" K "} );",
	    "");
	LOADED(P S "tunnel_groups = ( { name = \"g\"; local = \"192.0.2.2\";" K "} );", "");
}

#define MAP(first, second) \
	P S "tunnel_groups = ( { name = \"a\";" K "crypto_map = (\n{ " first " },\n{ " second " } ); } );"
#define SHADOWED "F:7: warning: this crypto map entry is never reached, the one on line 6 matches all of it; " \
		 "expected the narrower one first\n"

static void
entries_never_reached(void)
{
	LOADED(MAP("", "local = \"10.0.0.0/8\";"), SHADOWED);
	LOADED(MAP("local = \"10.0.0.0/8\";", "local = \"10.1.0.0/16\"; remote = \"10.2.0.0/16\";"),
	    SHADOWED);
	LOADED(MAP("protocol = \"udp\";", "protocol = 17; local_port = 53;"), SHADOWED);
	LOADED(MAP("local = \"10.1.0.0/16\";", "local = \"10.0.0.0/8\";"), "");
	LOADED(MAP("protocol = \"tcp\";", "protocol = \"udp\";"), "");
	LOADED(MAP("protocol = \"udp\"; local_port = 53;", "protocol = \"udp\";"), "");
	LOADED(MAP("local = \"0.0.0.0/0\";", ""), "");
}

/* One mistake is one line: an element whose own keys are wrong is not complained about again. */
static void
no_echo(void)
{
	T_TRUE(parse(SET("encryption = \"blue\"; integrity = 5;")) == NULL);
	T_TRUE(strstr(got.text, "is \"blue\"") != NULL && strstr(got.text, "is a number") != NULL);
	T_TRUE(
	    strstr(got.text, "no integrity") == NULL && strstr(got.text, "no encryption") == NULL);
	REFUSED(P S "tunnel_groups = ( { name = \"a b\"; } );",
	    "F:5: name is \"a b\", expected a string of 1 to 64 letters, digits and . _ - : @ +\n");
}

int
main(void)
{
	T_RUN(daemon_keys);
	T_RUN(names_twice);
	T_RUN(transform_sets);
	T_RUN(none_beside_aead);
	T_RUN(families);
	T_RUN(ports_want_a_protocol);
	T_RUN(references);
	T_RUN(resolved);
	T_RUN(no_crypto_map);
	T_RUN(legacy);
	T_RUN(groups_never_reached);
	T_RUN(groups_not_listened_for);
	T_RUN(entries_never_reached);
	T_RUN(no_echo);
	return T_DONE();
}
