/*
 * tests/unit/policy/test_conf_scan.c - keys leave the text before libconfig, whatever they look
 * like.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect.h"
#include "policy_local.h"
#include "t.h"

#define REST                                                                                        \
	"isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; } );" \
	"transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha1\"; } );"

static struct collect got;

static struct policy *
parse(const char *text)
{
	got.n = 0;
	got.text[0] = '\0';
	return policy_parse(text, "F", collect_line, &got);
}

/* The key of the one group of a text is exactly this. */
static void
key_is(const char *assignment, const void *key, size_t n)
{
	char text[2048];
	struct policy *p;

	snprintf(text, sizeof(text), "tunnel_groups = ( { name = \"g\"; %s } );" REST, assignment);
	p = parse(text);
	if (T_TRUE(p != NULL))
		T_MEM(p->groups[0].psk, p->groups[0].psk_len, key, n);
	else
		T_STR(got.text, "");
	policy_unref(p);
}

static void
keys(void)
{
	key_is("pre_shared_key = \"cisco123\";", "cisco123", 8);
	key_is("pre_shared_key : \"cisco123\"", "cisco123", 8);
	key_is("pre_shared_key=\"a # b // c /* d */ = { ( [ @include\";",
	    "a # b // c /* d */ = { ( [ @include", 35);
	key_is("pre_shared_key /* x \" */ = # \"y\"\n // z\n \"k\";", "k", 1);
	key_is("pre_shared_key = \"one \" \"two \" /* and */\n\"three\";", "one two three", 13);
	key_is("pre_shared_key = \"\\\"\\\\\\n\\r\\t\\f\\x41\\X7e\\x00\\xff\";",
	    "\"\\\n\r\t\fA~\0\xff", 10);
	key_is("pre_shared_key = \"\xc3\xbc\xe2\x82\xac\";", "\xc3\xbc\xe2\x82\xac", 5);
	key_is(
	    "remote_id = \"keyid:pre_shared_key\"; pre_shared_key = \"pre_shared_key = \\\"x\\\"\";",
	    "pre_shared_key = \"x\"", 20);
	key_is("pre_shared_key = \"\\x01key 0\"; peer = \"10.0.0.0/8\";", "\001key 0", 6);
}

/* The longest key there may be, and one octet more. */
static void
key_length(void)
{
	char assignment[1100], key[1025];

	memset(key, 'k', sizeof(key));
	snprintf(assignment, sizeof(assignment), "pre_shared_key = \"%.1024s\";", key);
	key_is(assignment, key, 1024);
	snprintf(assignment, sizeof(assignment),
	    "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"%.1025s\"; } );", key);
	T_TRUE(parse(assignment) == NULL);
	T_TRUE(
	    strstr(got.text, "F:1: pre_shared_key has 1025 octets, expected 1 to 1024\n") != NULL);
}

/* Each group gets its own, in the order of the file. */
static void
several_keys(void)
{
	struct policy *p = parse(REST
	    "tunnel_groups = ( { name = \"a\"; peer = \"::1\"; pre_shared_key = \"1\"; },\n"
	    "{ pre_shared_key = \"22\"; name = \"b\"; peer = \"::2\"; }, { name = \"c\"; pre_shared_key = \"333\"; } );");

	if (!T_TRUE(p != NULL))
		return;
	for (size_t i = 0; i < 3; i++)
		T_EQ(p->groups[i].psk_len, i + 1);
	T_MEM(p->groups[1].psk, 2, "22", 2);
	policy_unref(p);
}

/* Nothing that a file can say passes for the marker of a key. */
static void
no_marker_from_outside(void)
{
	T_TRUE(parse(REST "tunnel_groups = ( { name = \"a\"; pre_shared_key = \"1\"; },"
			  "{ name = \"b\"; workers = 1.5e5pre_shared_key = \"2\"; } );") == NULL);
	T_TRUE(
	    strstr(got.text,
		"F:1: pre_shared_key is not understood, expected pre_shared_key = \"...\"; on a line of its "
		"own\n") != NULL);
	T_TRUE(strstr(got.text, "\"2\"") == NULL);
}

/* Keys elsewhere than in a tunnel group neither shift the others nor are lost in memory. */
static void
keys_out_of_place(void)
{
	T_TRUE(parse("pre_shared_key = \"x\";" REST
		     "tunnel_groups = ( { name = \"a\"; pre_shared_key = \"1\"; } );") == NULL);
	T_STR(got.text,
	    "F:1: unknown key pre_shared_key in the policy file, expected it in tunnel_groups\n");
}

/* The clean text has every line where it was. */
static void
clean_text(void)
{
	struct conf c = { .file = "F", .report = collect_line, .ctx = &got, .section = "" };
	const char *text =
	    "\xef\xbb\xbf"
	    "a = 1; # x\n/* y\nz */ b = [ \"s\"\n, \"t\" // u\n];\r\npre_shared_key = \"\\\"k\\\\\";\nc = 0x1f;";
	char *clean;

	got.n = 0;
	clean = conf_scan(&c, text, strlen(text));
	T_STR(clean,
	    "a = 1;  \n \n b = [ \"s\",\n \"t\"]  \n;\r\npre_shared_key = \"\001key 0\";\nc = 0x1f;");
	T_EQ(c.key_count, 1);
	if (clean != NULL && T_TRUE(conf_scan_key(&c, "\001key 0") != NULL))
		T_MEM(c.keys[0].octets, c.keys[0].n, "\"k\\", 3);
	T_TRUE(conf_scan_key(&c, "\001key 1") == NULL);
	T_TRUE(conf_scan_key(&c, "\001key 0x") == NULL);
	T_TRUE(conf_scan_key(&c, "key 0") == NULL);
	free(c.keys[0].octets);
	free(c.keys);
	free(clean);
}

static void
zero_octet(void)
{
	static const char text[] = "workers = 1;\n\0workers = 2;";

	got.n = 0;
	T_TRUE(conf_load(text, sizeof(text) - 1, "F", 0, collect_line, &got) == NULL);
	T_STR(got.text, "F:2: octet zero in the text, expected a text file\n");
}

/* What would cost libconfig its stack or its time. */
static void
bounded(void)
{
	static char text[200000];
	size_t n = 0;

	memcpy(text, "a = ", 4);
	memset(text + 4, '(', sizeof(text) - 5);
	T_TRUE(parse(text) == NULL);
	T_STR(got.text, "F:1: too many brackets within brackets, expected at most 32\n");

	for (unsigned i = 0; n < sizeof(text) - 20; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "k%u = 1;\n", i);
	T_TRUE(parse(text) == NULL);
	T_STR(got.text, "F:257: too many keys in one group, expected at most 256\n");
}

int
main(void)
{
	T_RUN(keys);
	T_RUN(key_length);
	T_RUN(several_keys);
	T_RUN(no_marker_from_outside);
	T_RUN(keys_out_of_place);
	T_RUN(clean_text);
	T_RUN(zero_octet);
	T_RUN(bounded);
	return T_DONE();
}
