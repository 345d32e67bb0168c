/* tests/unit/policy/test_conf_load.c - each mistake of a policy file, with its exact line. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect.h"
#include "policy_local.h"
#include "t.h"

#define ISAKMP "isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; } );"
#define SETS   "transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha1\"; } );"
#define GROUPS "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"k\"; } );"

#define IN_P(keys) "isakmp_policies = ( { " keys " } );"
#define IN_S(keys) "transform_sets = ( { " keys " } );"
#define IN_G(keys) "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"k\"; " keys " } );"
#define IN_M(keys) IN_G("crypto_map = ( { " keys " } );")

#define LIFE  "a number from 0 to 2147483647"
#define IDENT "an IP address, \"fqdn:NAME\", \"user@domain\" or \"keyid:TEXT\"\n"

/*
 * A file of four lines; NULL stands for what is right.  {ike} and the like: the words of a table.
 */
struct mistake {
	const char *top, *isakmp, *sets, *groups;
	const char *lines;
};

/* clang-format off */
static const struct mistake mistakes[] = {
	{ NULL, NULL, NULL, NULL, "" },

	/* keys */
	{ "prot = 1;", NULL, NULL, NULL,
	  "F:1: unknown key prot in the policy file, expected one of: listen workers user log control key_export "
	  "capture invalid_cookie_notify diagnose_psk nat_keepalive limits isakmp_policies transform_sets tunnel_groups\n" },
	{ "worker = 1;", NULL, NULL, NULL,
	  "F:1: unknown key worker in the policy file, expected workers perhaps\n" },
	{ "log = { targt = \"stderr\"; };", NULL, NULL, NULL,
	  "F:1: unknown key targt in log, expected target perhaps\n" },
	{ NULL, NULL, NULL, IN_G("pfs = 14;"),
	  "F:4: unknown key pfs in tunnel_groups, expected it in crypto_map\n" },
	{ NULL, NULL, NULL, "tunnel_groups = ( { name = \"g\"; pre_shared_kye = \"k\"; } );",
	  "F:4: unknown key pre_shared_kye in tunnel_groups, expected pre_shared_key perhaps\n"
	  "F:4: tunnel group \"g\" has no key, expected pre_shared_key or pre_shared_key_file\n" },
	{ "workers = 1; workers = 2;", NULL, NULL, NULL,
	  "F:1: duplicate setting name: this key stands here already, expected it once\n" },
	{ NULL, "", "", "",
	  "F:1: no isakmp_policies in the policy file, expected one: what phase 1 accepts, most preferred first\n"
	  "F:1: no transform_sets in the policy file, expected one: what phase 2 accepts, most preferred first\n"
	  "F:1: no tunnel_groups in the policy file, expected one: who may connect, first match wins\n" },
	{ NULL, IN_P("encryption = \"aes-256\"; hash = \"sha1\"; group = 2;"), NULL, NULL,
	  "F:2: no name in isakmp_policies, expected one: name of this isakmp policy\n" },
	{ NULL, IN_P("name = \"p\";"), NULL, NULL,
	  "F:2: no encryption in isakmp_policies, expected one: ciphers accepted in phase 1\n"
	  "F:2: no hash in isakmp_policies, expected one: hashes accepted in phase 1\n"
	  "F:2: no group in isakmp_policies, expected one: Diffie-Hellman groups accepted in phase 1\n" },
	{ NULL, NULL, NULL, IN_G("dpd = { retries = 3; };"),
	  "F:4: no interval in dpd, expected one: seconds of silence before a probe, 0: none is sent\n" },

	/* syntax */
	{ "workers = ;", NULL, NULL, NULL,
	  "F:1: syntax error here or on the line before, expected KEY = VALUE;\n" },
	{ "listen = { addresses = [ \"::\", 1 ]; };", NULL, NULL, NULL,
	  "F:1: mismatched element type in array, expected elements of one type in [ ]\n" },
	{ "user = \"nobody;", NULL, NULL, NULL, "F:1: string without an end on its line, expected \"\n" },
	{ "user \"nobody\";", NULL, NULL, NULL,
	  "F:1: string where none can be, expected = or , before it\n" },
	{ NULL, NULL, NULL, "tunnel_groups = ( { name = \"g\"; pre_shared_key \"secret\"; } );",
	  "F:4: string where none can be, expected = or , before it\n" },
	{ "listen = { addresses = [ \"::\", ]; };", NULL, NULL, NULL,
	  "F:1: syntax error here or on the line before, expected KEY = VALUE;\n" },
	{ "/* workers = 1;", NULL, NULL, NULL, "F:1: comment without an end, expected */\n" },
	{ "@include \"other.conf\"", NULL, NULL, NULL,
	  "F:1: @include is not supported, expected everything in one file (keys may stand in files of their own: "
	  "pre_shared_key_file)\n" },
	{ "user = \"a\\qb\"; control = { socket = \"\\x00\"; };", NULL, NULL, NULL,
	  "F:1: unknown escape in a string, expected \\\\ for a backslash, or \\\" \\n \\r \\t \\f \\xHH\n"
	  "F:1: \\x00 in a string, expected no octet zero outside of a key\n" },
	{ "workers = 4294967297;", NULL, NULL, NULL,
	  "F:1: number 4294967297 is too large, expected at most 2147483647\n" },
	{ "workers = 0x100000000L;", NULL, NULL, NULL,
	  "F:1: number 0x100000000 is too large, expected at most 2147483647\n" },

	/* types */
	{ "workers = \"2\";", NULL, NULL, NULL, "F:1: workers is a string, expected a number from 0 to 256\n" },
	{ "workers = 2.5;", NULL, NULL, NULL,
	  "F:1: workers is a fractional number, expected a number from 0 to 256\n" },
	{ "workers = true;", NULL, NULL, NULL, "F:1: workers is a boolean, expected a number from 0 to 256\n" },
	{ "workers = [ 1 ];", NULL, NULL, NULL, "F:1: workers is a list, expected a number from 0 to 256\n" },
	{ "workers = { };", NULL, NULL, NULL, "F:1: workers is a group, expected a number from 0 to 256\n" },
	{ "invalid_cookie_notify = 1;", NULL, NULL, NULL,
	  "F:1: invalid_cookie_notify is a number, expected true or false\n" },
	{ "log = 1;", NULL, NULL, NULL, "F:1: log is a number, expected a group { KEY = VALUE; }\n" },
	{ "log = { level = 6; };", NULL, NULL, NULL,
	  "F:1: log.level is a number, expected one of: err warning notice info debug\n" },
	{ "listen = { port = \"500\"; addresses = 1; };", NULL, NULL, NULL,
	  "F:1: listen.port is a string, expected a number from 1 to 65535\n"
	  "F:1: listen.addresses is a number, expected one or more of our IP addresses, as \"0.0.0.0\" or \"::\"\n" },
	{ NULL, "isakmp_policies = { };", NULL, NULL,
	  "F:2: isakmp_policies is a group, expected a list of groups ( { KEY = VALUE; }, { KEY = VALUE; } )\n" },
	{ NULL, "isakmp_policies = ( \"p\" );", NULL, NULL,
	  "F:2: element 1 of isakmp_policies is a string, expected a group { KEY = VALUE; }\n" },
	{ NULL, IN_P("name = \"p\"; encryption = 1; hash = true; group = \"14\";"), NULL, NULL,
	  "F:2: encryption is a number, expected one or more of: {ike}\n"
	  "F:2: hash is a boolean, expected one or more of: {hash}\n"
	  "F:2: group is a string, expected one or more of the groups: {group}\n" },
	{ NULL, NULL, NULL, "tunnel_groups = ( { name = \"g\"; pre_shared_key = 1234; } );",
	  "F:4: pre_shared_key is a number, expected a string in quotes\n" },

	/* ranges */
	{ "workers = 257; nat_keepalive = -1;", NULL, NULL, NULL,
	  "F:1: workers is 257, expected a number from 0 to 256\n"
	  "F:1: nat_keepalive is -1, expected a number from 0 to 3600\n" },
	{ "listen = { port = 0; nat_t_port = 65536; };", NULL, NULL, NULL,
	  "F:1: listen.port is 0, expected a number from 1 to 65535\n"
	  "F:1: listen.nat_t_port is 65536, expected a number from 1 to 65535\n" },
	{ "limits = { half_open = 0; half_open_per_source = 0; half_open_timeout = 0; phase2_per_sa "
	  "= 0; notify_rate = -1; };",
	  NULL, NULL, NULL,
	  "F:1: limits.half_open is 0, expected a number from 1 to 1000000\n"
	  "F:1: limits.half_open_per_source is 0, expected a number from 1 to 1000000\n"
	  "F:1: limits.half_open_timeout is 0, expected a number from 1 to 3600\n"
	  "F:1: limits.phase2_per_sa is 0, expected a number from 1 to 100000\n"
	  "F:1: limits.notify_rate is -1, expected a number from 0 to 1000000\n" },
	{ "control = { socket = \"\"; };", NULL, NULL, NULL,
	  "F:1: control.socket is \"\", expected a string of 1 to 107 characters\n" },
	{ "user = \"123456789012345678901234567890123\";", NULL, NULL, NULL,
	  "F:1: user is \"123456789012345678901234567890123\", expected a string of 0 to 32 characters\n" },
	{ NULL, IN_P("name = \"p\"; encryption = \"des\"; hash = \"md5\"; group = 1; lifetime = -1; "
	  "lifetime_kilobytes = -2;"),
	  NULL, NULL,
	  "F:2: lifetime is -1, expected " LIFE "\nF:2: lifetime_kilobytes is -2, expected " LIFE "\n" },
	{ NULL, NULL, NULL, IN_G("dpd = { interval = 86401; retries = 0; };"),
	  "F:4: dpd.interval is 86401, expected a number from 0 to 86400\n"
	  "F:4: dpd.retries is 0, expected a number from 1 to 100\n" },
	{ NULL, NULL, NULL, IN_M("protocol = 256; local_port = 65536; remote_port = -1;"),
	  "F:4: protocol is 256, expected a number from 0 to 255, \"any\", \"icmp\", \"tcp\", "
	  "\"udp\", \"gre\", \"icmpv6\", "
	  "\"ospf\" or \"sctp\"\n"
	  "F:4: local_port is 65536, expected a number from 0 to 65535 or \"any\"\n"
	  "F:4: remote_port is -1, expected a number from 0 to 65535 or \"any\"\n" },

	/* words */
	{ "log = { target = \"stder\"; facility = \"local8\"; format = \"jason\"; };", NULL, NULL, NULL,
	  "F:1: log.target is \"stder\" (did you mean \"stderr\"?), expected one of: syslog stderr file none\n"
	  "F:1: log.facility is \"local8\" (did you mean \"local0\"?), expected one of: user mail "
	  "daemon auth syslog lpr "
	  "news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6 local7\n"
	  "F:1: log.format is \"jason\" (did you mean \"json\"?), expected one of: asa json\n" },
	{ NULL, IN_P("name = \"p\"; authentication = \"rsa-sig\"; encryption = \"aes-257\"; hash = "
	  "\"sha265\"; group = 99;"),
	  NULL, NULL,
	  "F:2: authentication is \"rsa-sig\", expected the word pre-share\n"
	  "F:2: encryption is \"aes-257\" (did you mean \"aes-256\"?), expected one or more of: {ike}\n"
	  "F:2: hash is \"sha265\" (did you mean \"sha256\"?), expected one or more of: {hash}\n"
	  "F:2: group is 99, expected one or more of the groups: {group}\n" },
	{ NULL, NULL, IN_S("name = \"s\"; protocol = \"eps\"; encryption = \"blue\"; integrity = "
	  "\"sha\\\"\"; mode = \"tunel\";"),
	  NULL,
	  "F:3: protocol is \"eps\" (did you mean \"esp\"?), expected one of: esp ah\n"
	  "F:3: encryption is \"blue\", expected one or more of: {esp}\n"
	  "F:3: integrity is \"sha\"\" (did you mean \"sha1\"?), expected one or more of: {integ}\n"
	  "F:3: mode is \"tunel\" (did you mean \"tunnel\"?), expected one of: tunnel transport any\n" },
	{ NULL, NULL, NULL, IN_M("pfs = \"yes\"; data_plane = \"echo\"; narrow = \"no\"; protocol = \"tpc\";"),
	  "F:4: pfs is \"yes\", expected \"none\", \"any\" or one or more of the groups: {group}\n"
	  "F:4: data_plane is \"echo\", expected the word none\n"
	  "F:4: narrow is a string, expected true or false\n"
	  "F:4: protocol is \"tpc\" (did you mean \"tcp\"?), expected a number from 0 to 255, "
	  "\"any\", \"icmp\", \"tcp\", "
	  "\"udp\", \"gre\", \"icmpv6\", \"ospf\" or \"sctp\"\n" },
	{ NULL, NULL, NULL, IN_M("pfs = ( \"any\", 14 );"),
	  "F:4: pfs has \"any\" in a list, expected only numbers there\n" },
	{ NULL, IN_P("name = \"a b\"; encryption = \"des\"; hash = \"md5\"; group = 1;"), NULL, NULL,
	  "F:2: name is \"a b\", expected a string of 1 to 64 letters, digits and . _ - : @ +\n" },
	{ NULL, NULL, NULL, "tunnel_groups = ( { name = \"\"; pre_shared_key = \"k\"; } );",
	  "F:4: name is \"\", expected a string of 1 to 64 letters, digits and . _ - : @ +\n" },

	/* lists */
	{ "listen = { addresses = [ ]; };", NULL, NULL, NULL,
	  "F:1: listen.addresses is an empty list, expected one or more of our IP addresses, as "
	  "\"0.0.0.0\" or \"::\"\n" },
	{ NULL, "isakmp_policies = ( );", "transform_sets = ( );", "tunnel_groups = ( );",
	  "F:2: isakmp_policies has 0 elements, expected 1 to 100\n"
	  "F:3: transform_sets has 0 elements, expected 1 to 100\n"
	  "F:4: tunnel_groups has 0 elements, expected 1 to 10000\n" },
	{ NULL, NULL, NULL, IN_G("crypto_map = ( ); isakmp_policies = [ ];"),
	  "F:4: crypto_map has 0 elements, expected 1 to 1000\n"
	  "F:4: isakmp_policies is an empty list, expected one or more names of isakmp_policies\n" },
	{ NULL, IN_P("name = \"p\"; encryption = [ ]; hash = [ \"sha1\", \"sha1\" ]; group = [ 14, "
	  "14 ];"), NULL, NULL,
	  "F:2: encryption is an empty list, expected one or more of: {ike}\n"
	  "F:2: hash has \"sha1\" twice, expected it once\n"
	  "F:2: group has 14 twice, expected it once\n" },
	{ NULL, IN_P("name = \"p\"; encryption = ( \"des\", [ \"3des\" ] ); hash = \"sha1\"; group = 1;"), NULL, NULL,
	  "F:2: encryption is a list, expected one or more of: {ike}\n" },
	{ "listen = { addresses = [ \"::\", \"0::0\", \"any\", \"10.0.0.0/8\" ]; };", NULL, NULL, NULL,
	  "F:1: listen.addresses has \"0::0\" twice, expected it once\n"
	  "F:1: listen.addresses is \"any\", expected one or more of our IP addresses, as \"0.0.0.0\" or \"::\"\n"
	  "F:1: listen.addresses is \"10.0.0.0/8\", expected one or more of our IP addresses, as "
	  "\"0.0.0.0\" or \"::\"\n" },
	{ NULL, NULL, NULL, IN_G("faults = [ ];"), "" },
	{ NULL, NULL, NULL, IN_G("faults = [ \"mm4.drop\", \"psk.mismatch p=0.5\" ];"), "" },
	{ NULL, NULL, NULL, IN_G("faults = \"mm4.drop\";"),
	  "F:4: faults is \"mm4.drop\", expected a list of up to 64 faults as \"mm4.drop\"\n" },
	{ NULL, NULL, NULL, IN_G("faults = [ 4 ]; notify_dialect = \"cisco\";"),
	  "F:4: faults is a number, expected a list of up to 64 faults as \"mm4.drop\"\n"
	  "F:4: notify_dialect is \"cisco\", expected one of: asa short protected\n" },

	/* addresses */
	{ NULL, NULL, NULL, IN_G("peer = \"10.0.0.300\"; local = \"lo\";"),
	  "F:4: peer is \"10.0.0.300\", expected an address, a prefix or \"any\"\n"
	  "F:4: local is \"lo\", expected an address, a prefix or \"any\"\n" },
	{ NULL, NULL, NULL, IN_M("local = \"10.1.2.3/8\"; remote = \"2001:db8::1/32\";"),
	  "F:4: local is \"10.1.2.3/8\" with host bits set (did you mean \"10.0.0.0/8\"?), expected "
	  "an address, a prefix or \"any\"\n"
	  "F:4: remote is \"2001:db8::1/32\" with host bits set (did you mean \"2001:db8::/32\"?), "
	  "expected an address, a prefix "
	  "or \"any\"\n" },
	{ NULL, NULL, NULL, IN_M("local = \"10.0.0.0/33\"; remote = \"10.0.0.0/255.0.0.0\";"),
	  "F:4: local is \"10.0.0.0/33\", expected an address, a prefix or \"any\"\n"
	  "F:4: remote is \"10.0.0.0/255.0.0.0\", expected an address, a prefix or \"any\"\n" },

	/* identities */
	{ NULL, NULL, NULL, IN_G("remote_id = \"10.0.0.300\"; local_id = \"any\";"),
	  "F:4: remote_id is \"10.0.0.300\", expected \"any\", \"address\", " IDENT
	  "F:4: local_id is \"any\", expected \"address\", " IDENT },
	{ NULL, NULL, NULL, IN_G("remote_id = \"gateway\"; local_id = \"keyid:\";"),
	  "F:4: remote_id is \"gateway\", expected \"any\", \"address\", " IDENT
	  "F:4: local_id is \"keyid:\", expected \"address\", " IDENT },
	{ NULL, NULL, NULL, IN_G("remote_id = \"fqdn:a.*.b\"; local_id = \"*.example.com\";"),
	  "F:4: remote_id is \"fqdn:a.*.b\", expected at most one * and that as \"*.DOMAIN\"\n"
	  "F:4: local_id is \"*.example.com\", expected a name without *\n" },

	/* keys of groups */
	{ NULL, NULL, NULL, "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"\"; } );",
	  "F:4: pre_shared_key has 0 octets, expected 1 to 1024\n" },
	{ NULL, NULL, NULL, "tunnel_groups = ( { name = \"g\"; } );",
	  "F:4: tunnel group \"g\" has no key, expected pre_shared_key or pre_shared_key_file\n" },
	{ NULL, NULL, NULL, IN_G("pre_shared_key_file = \"/nowhere/key\";"),
	  "F:4: key file /nowhere/key cannot be opened: No such file or directory, expected a readable file\n"
	  "F:4: tunnel group \"g\" has pre_shared_key and pre_shared_key_file, expected one of them\n" },
	{ NULL, NULL, NULL, "tunnel_groups = ( { name = \"g\"; pre_shared_key_file = \"/dev\"; } );",
	  "F:4: key file /dev is a directory, expected a file\n" },
	{ NULL, NULL, NULL, "tunnel_groups = ( { name = \"g\"; pre_shared_key_file = \"/dev/zero\"; } );",
	  "F:4: key file /dev/zero is not a regular file, expected one\n" },
};
/* clang-format on */

static const struct mistake *now;

/* "{name}" at p? */
static bool
is_word(const char *p, const char *name)
{
	return p[0] == '{' && strncmp(p + 1, name, strlen(name)) == 0 && p[1 + strlen(name)] == '}';
}

static void
put_table(struct collect *c, const char *name)
{
	char word[8];

	c->n -= c->n > 0; /* the newline of collect_line() after each word becomes a blank below */
	c->text[c->n++] = '\n';
	for (const struct alg_cipher *a = alg_ciphers; a->name != NULL; a++)
		if ((strcmp(name, "ike") == 0 && a->ike_id != 0) ||
		    (strcmp(name, "esp") == 0 && a->esp_id != 0))
			collect_line(c, a->name);
	for (const struct alg_hash *a = alg_hashes; a->name != NULL; a++)
		if (strcmp(name, "hash") == 0)
			collect_line(c, a->name);
	for (const struct alg_integ *a = alg_integs; a->name != NULL; a++)
		if (strcmp(name, "integ") == 0)
			collect_line(c, a->name);
	for (const struct alg_group *a = alg_groups; a->id != 0; a++) {
		snprintf(word, sizeof(word), "%u", a->id);
		if (strcmp(name, "group") == 0)
			collect_line(c, word);
	}
}

/* The lines of a row with the tables filled in. */
static void
fill(const char *lines, struct collect *c)
{
	static const char *const tables[] = { "ike", "esp", "hash", "integ", "group" };
	struct collect words;
	size_t i;

	c->n = 0;
	while (*lines != '\0') {
		for (i = 0; i < ARRAY_LEN(tables) && !is_word(lines, tables[i]); i++)
			;
		if (i == ARRAY_LEN(tables)) {
			c->text[c->n++] = *lines++;
			continue;
		}
		words.n = 1;
		put_table(&words, tables[i]);
		for (size_t j = 1; j + 1 < words.n; j++)
			c->text[c->n++] = words.text[j] == '\n' ? ' ' : words.text[j];
		lines += strlen(tables[i]) + 2;
	}
	c->text[c->n] = '\0';
}

static void
mistake(void)
{
	static struct collect got, want;
	char text[4096];
	struct policy *p;

	got.n = 0;
	got.text[0] = '\0';
	snprintf(text, sizeof(text), "%s\n%s\n%s\n%s\n", now->top != NULL ? now->top : "",
	    now->isakmp != NULL ? now->isakmp : ISAKMP, now->sets != NULL ? now->sets : SETS,
	    now->groups != NULL ? now->groups : GROUPS);
	p = policy_parse(text, "F", collect_line, &got);
	fill(now->lines, &want);
	T_STR(got.text, want.text);
	T_EQ(p != NULL, want.n == 0);
	policy_unref(p);
}

/* An element of a list has the line that it stands on, the last one too. */
static void
lines_of_elements(void)
{
	static struct collect got;

	policy_parse(
	    "/* two\nlines */ isakmp_policies = (\n{ name = \"p\"; # one\n"
	    "encryption = [\n\"aes-256\",\n\"x1\"\n,\n\"x2\" // two\n\n]; hash = [ \"x3\"\n];\n"
	    "group = [ 14\n, 3\n ]; } );" SETS "\n" GROUPS,
	    "F", collect_line, &got);
	T_TRUE(strstr(got.text, "F:6: encryption is \"x1\"") != NULL);
	T_TRUE(strstr(got.text, "F:8: encryption is \"x2\"") != NULL);
	T_TRUE(strstr(got.text, "F:10: hash is \"x3\"") != NULL);
	T_TRUE(strstr(got.text, "F:13: group is 3,") != NULL);
}

/* A file of nothing but mistakes does not flood whoever reads them. */
static void
not_endless(void)
{
	static struct collect got;
	static char text[65536];
	size_t n = 0, lines = 0;

	for (unsigned i = 0; i < 250; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "k%u = 1;\n", i);
	T_TRUE(policy_parse(text, "F", collect_line, &got) == NULL);
	for (size_t i = 0; i < got.n; i++)
		lines += got.text[i] == '\n';
	T_EQ(lines, CONF_MISTAKES_MAX + 1);
	T_TRUE(strstr(got.text, "F: warning: 153 more lines like these are not shown\n") != NULL);
}

/* What a mistyped key holds is not printed. */
static void
no_key_in_mistakes(void)
{
	static struct collect got;

	policy_parse(
	    "tunnel_groups = ( { name = \"g\"; pre_shared_key = [ \"hunter2\" ]; pre_shared_kex = \"hunter2\";"
	    " pre_shared_key_file = 1; psk = \"hunter2\"; } );\nisakmp_policies = ( { "
	    "pre_shared_key = \"hunter2\" } );"
	    "pre_shared_key = \"hunter2\"; workers = ( pre_shared_key = \"hunter2\" );",
	    "F", collect_line, &got);
	T_TRUE(got.n > 0);
	T_TRUE(strstr(got.text, "hunter") == NULL);
}

static void
control_characters_in_mistakes(void)
{
	static struct collect got;

	policy_parse("log = { level = \"a\\nb\\x1b[0m\"; };" ISAKMP SETS GROUPS, "F", collect_line,
	    &got);
	T_STR(got.text,
	    "F:1: log.level is \"a?b?[0m\", expected one of: err warning notice info debug\n");
}

int
main(void)
{
	char name[100];

	for (now = mistakes; now < mistakes + ARRAY_LEN(mistakes); now++) {
		snprintf(name, sizeof(name), "row %zu, %.80s", (size_t)(now - mistakes),
		    now->lines[0] != '\0' ? now->lines : "no mistake");
		name[strcspn(name, "\n")] = '\0';
		t_run(name, mistake);
	}
	T_RUN(lines_of_elements);
	T_RUN(not_endless);
	T_RUN(no_key_in_mistakes);
	T_RUN(control_characters_in_mistakes);
	return T_DONE();
}
