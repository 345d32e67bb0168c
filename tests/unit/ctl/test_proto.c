/* test_proto.c - the table of commands, requests, and lines out of pieces. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "base/compiler.h"
#include "ctl/proto.h"

/* A command line as it would be sent, or "! why not". */
static const char *
asked(const char *line, char *buf, size_t n)
{
	char copy[256], error[300] = "", *argv[16], *save = NULL, *text;
	int argc = 0;
	json_t *o;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	o = proto_request(argc, argv, error, sizeof(error));
	if (o == NULL) {
		snprintf(buf, n, "! %s", error);
		return buf;
	}
	text = json_dumps(o, JSON_COMPACT);
	snprintf(buf, n, "%s", text);
	free(text);
	json_decref(o);
	return buf;
}

static void
command_lines_become_requests(void)
{
	static const char *const rows[][2] = {
	    {"status", "{\"command\":\"status\"}"},
	    {"show isakmp sa", "{\"command\":\"show isakmp sa\"}"},
	    {"show crypto isakmp sa", "{\"command\":\"show isakmp sa\"}"},
	    {"show isakmp sa detail", "{\"command\":\"show isakmp sa\",\"detail\":true}"},
	    {"show isakmp sa detail 10.0.0.1",
		"{\"command\":\"show isakmp sa\",\"peer\":\"10.0.0.1\",\"detail\":true}"},
	    {"show isakmp sa asa-hq", "{\"command\":\"show isakmp sa\",\"peer\":\"asa-hq\"}"},
	    {"show ipsec sa 2001:db8::1",
		"{\"command\":\"show ipsec sa\",\"peer\":\"2001:db8::1\"}"},
	    {"monitor", "{\"command\":\"monitor\"}"},
	    {"monitor debug", "{\"command\":\"monitor\",\"level\":\"debug\"}"},
	    {"delete all", "{\"command\":\"delete\",\"peer\":\"all\"}"},
	    {"wait lab phase1-up",
		"{\"command\":\"wait\",\"peer\":\"lab\",\"state\":\"phase1-up\"}"},
	    {"wait --timeout 5 lab failed",
		"{\"command\":\"wait\",\"peer\":\"lab\",\"state\":\"failed\",\"timeout_s\":5}"},
	    {"wait all phase2-up --timeout=0",
		"{\"command\":\"wait\",\"peer\":\"all\",\"state\":\"phase2-up\",\"timeout_s\":0}"},
	    {"peer-config asa", "{\"command\":\"peer-config\",\"product\":\"asa\"}"},
	    {"peer-config asa hq --legacy",
		"{\"command\":\"peer-config\",\"product\":\"asa-legacy\",\"group\":\"hq\"}"},
	    {"peer-config strongswan --ipsec-conf",
		"{\"command\":\"peer-config\",\"product\":\"strongswan-ipsec\"}"},
	    {"fault list", "{\"command\":\"fault list\"}"},
	    {"fault set asa-hq mm4.drop@2 p=0.5 --count 3",
		"{\"command\":\"fault set\",\"peer\":\"asa-hq\",\"fault\":\"mm4.drop@2 p=0.5\","
		"\"count\":3}"},
	    {"fault set all delay mm4 500 --count=1",
		"{\"command\":\"fault set\",\"peer\":\"all\",\"fault\":\"delay mm4 500\",\"count\":1}"},
	    {"fault clear asa-hq", "{\"command\":\"fault clear\",\"peer\":\"asa-hq\"}"},
	    {"log level warning", "{\"command\":\"log level\",\"level\":\"warning\"}"},
	};
	char buf[400];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		T_STR(asked(rows[i][0], buf, sizeof(buf)), rows[i][1]);
}

static void
mistakes_are_named(void)
{
	static const char *const rows[][2] = {
	    {"staus", "! there is no command \"staus\"; did you mean \"status\"?"},
	    {"shw isakmp sa",
		"! there is no command \"shw isakmp sa\"; did you mean "
		"\"show isakmp sa\"?"},
	    {"show ipsec as 10.0.0.1",
		"! there is no command \"show ipsec as 10.0.0.1\"; did you "
		"mean \"show ipsec sa\"?"},
	    {"show isakmp", "! \"show isakmp\" is not complete; it begins \"show isakmp sa\""},
	    {"log", "! \"log\" is not complete; it begins \"log level\""},
	    {"frobnicate", "! there is no command \"frobnicate\"; \"help\" lists them"},
	    {"delete",
		"! \"delete\" wants a peer: an address, the name of a tunnel group, or "
		"\"all\""},
	    {"log level", "! \"log level\" wants a level: err, warning, notice, info or debug"},
	    {"log level loud",
		"! \"loud\" is no level; they are err, warning, notice, info and "
		"debug"},
	    {"wait lab", "! \"wait\" wants to know for what: phase1-up, phase2-up or failed"},
	    {"wait lab up", "! \"up\" is none of phase1-up, phase2-up and failed"},
	    {"wait lab failed --timeout soon",
		"! \"--timeout\" is wrong here; usage: wait PEER phase1-up|phase2-up|failed "
		"[--timeout S]"},
	    {"status --timeout 5", "! \"--timeout\" is wrong here; usage: status"},
	    {"peer-config",
		"! \"peer-config\" wants a product: asa, ios, strongswan, libreswan or vpnc"},
	    {"peer-config pix",
		"! \"pix\" is no product; they are asa, asa-legacy, ios, strongswan, "
		"strongswan-ipsec, libreswan and vpnc"},
	    {"peer-config ios --legacy",
		"! \"--legacy\" is wrong here; usage: peer-config PRODUCT [GROUP] "
		"[--legacy|--ipsec-conf]"},
	    {"fault set asa-hq", "! \"fault set\" wants a fault; \"fault list\" shows them"},
	    {"fault set asa-hq mm4.drop --count 0",
		"! \"--count\" is wrong here; usage: fault set PEER FAULT [--count N]"},
	    {"fault clear --count 1",
		"! \"--count\" is wrong here; usage: fault clear [PEER] [FAULT]"},
	    {"fault",
		"! \"fault\" is not complete; it begins \"fault list\", \"fault set\", "
		"\"fault clear\""},
	    {"status now", "! \"now\" is too much; usage: status"},
	    {"show isakmp sa detail a b",
		"! \"b\" is too much; usage: show isakmp sa [detail] "
		"[PEER]"},
	};
	char buf[400];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		T_STR(asked(rows[i][0], buf, sizeof(buf)), rows[i][1]);
}

static bool
parse(const char *text, struct proto_call *call, char *error, size_t n)
{
	static json_t *keep; /* call borrows from it */
	bool ok;

	json_decref(keep);
	keep = json_loads(text, 0, NULL);
	error[0] = '\0';
	ok = proto_parse(keep, call, error, n);
	if (!ok) {
		json_decref(keep);
		keep = NULL;
	}
	return ok;
}

static void
requests_are_checked(void)
{
	static const char *const bad[][2] = {
	    {"{}", "a request is an object with a \"command\" in words"},
	    {"{\"command\":7}", "a request is an object with a \"command\" in words"},
	    {"{\"command\":\"reboot\"}", "there is no command \"reboot\"; \"help\" lists them"},
	    {"{\"command\":\"status\",\"peer\":\"x\"}", "\"status\" takes no peer"},
	    {"{\"command\":\"status\",\"detail\":true}", "\"status\" takes no \"detail\""},
	    {"{\"command\":\"dpd\",\"peer\":\"x\",\"level\":\"info\"}", "\"dpd\" takes no level"},
	    {"{\"command\":\"delete\",\"peer\":5}",
		"\"peer\" is not known, or not of the right type"},
	    {"{\"command\":\"delete\",\"pear\":\"x\"}",
		"\"pear\" is not known, or not of the right type"},
	    {"{\"command\":\"wait\",\"peer\":\"x\",\"state\":\"up\"}",
		"\"state\" is not known, or not of the right type"},
	    {"{\"command\":\"wait\",\"peer\":\"x\",\"state\":\"failed\",\"timeout_s\":-1}",
		"\"timeout_s\" is not known, or not of the right type"},
	    {"{\"command\":\"wait\",\"peer\":\"x\",\"state\":\"failed\",\"group\":\"g\"}",
		"\"wait\" takes no group"},
	    {"{\"command\":\"status\",\"state\":\"failed\"}", "\"status\" takes no state"},
	    {"{\"command\":\"status\",\"timeout_s\":1}", "\"status\" takes no time-out"},
	    {"{\"command\":\"status\",\"product\":\"asa\"}", "\"status\" takes no product"},
	    {"{\"command\":\"rekey\"}",
		"\"rekey\" wants a peer: an address, the name of a tunnel group, or \"all\""},
	};
	struct proto_call call;
	char error[300];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_TRUE(!parse(bad[i][0], &call, error, sizeof(error)));
		T_STR(error, bad[i][1]);
	}
	T_TRUE(parse("{\"command\":\"show isakmp sa\",\"peer\":\"a\",\"detail\":true}", &call,
	    error, sizeof(error)));
	T_EQ(call.command, PROTO_C_SHOW_ISAKMP);
	T_STR(call.peer, "a");
	T_TRUE(call.detail);
	T_TRUE(parse("{\"command\":\"monitor\",\"level\":\"debug\"}", &call, error, sizeof(error)));
	T_EQ(call.command, PROTO_C_MONITOR);
	T_STR(call.level, "debug");
	(void)parse("{}", &call, error, sizeof(error));
}

static void
the_table_is_sound(void)
{
	for (int i = 0; i < PROTO_C_COUNT; i++) {
		const struct proto_row *row = &proto_table[i];

		T_EQ(proto_find(row->words), i);
		T_TRUE(row->help[0] != '\0');
		T_EQ(row->args == 0, row->shown[0] == '\0');
		for (int k = 0; k < i; k++) /* no command hides another's argument */
			T_TRUE(strncmp(row->words, proto_table[k].words,
				   strlen(proto_table[k].words)) != 0);
	}
	T_EQ(proto_find("show"), PROTO_C_COUNT);
	T_EQ(proto_find(""), PROTO_C_COUNT);
}

static void
lines_come_out_of_any_pieces(void)
{
	static const char text[] = "one\ntwo\r\n\nfour and more\nunfinished";
	static const char *const want[] = {"one", "two", "", "four and more"};

	for (size_t size = 1; size <= sizeof(text); size++) {
		struct proto_lines l;
		size_t found = 0;

		proto_lines_init(&l, 20);
		for (size_t at = 0; at < sizeof(text) - 1; at += size) {
			size_t left = sizeof(text) - 1 - at;
			char *line;

			T_TRUE(proto_lines_put(&l, text + at, size < left ? size : left));
			while ((line = proto_lines_next(&l)) != NULL) {
				if (T_TRUE(found < ARRAY_LEN(want)))
					T_STR(line, want[found]);
				found++;
			}
		}
		T_EQ(found, ARRAY_LEN(want));
		proto_lines_fini(&l);
	}
}

static void
lines_may_wait(void)
{
	struct proto_lines l;

	proto_lines_init(&l, 3);
	T_TRUE(proto_lines_put(&l, "a\nbb\nccc\n", 9));
	T_STR(proto_lines_next(&l), "a");
	T_TRUE(proto_lines_put(&l, "d\n", 2));
	T_STR(proto_lines_next(&l), "bb");
	T_STR(proto_lines_next(&l), "ccc");
	T_STR(proto_lines_next(&l), "d");
	T_TRUE(proto_lines_next(&l) == NULL);
	proto_lines_fini(&l);
}

static void
long_lines_are_refused(void)
{
	static char big[PROTO_REQUEST_MAX + 2];
	struct proto_lines l;

	memset(big, 'x', sizeof(big));
	/* As long as allowed, then one more; with and without an end; whole and in pieces. */
	proto_lines_init(&l, PROTO_REQUEST_MAX);
	T_TRUE(proto_lines_put(&l, big, PROTO_REQUEST_MAX));
	T_TRUE(proto_lines_put(&l, "\n", 1));
	T_EQ(strlen(proto_lines_next(&l)), PROTO_REQUEST_MAX);
	T_TRUE(!proto_lines_put(&l, big, PROTO_REQUEST_MAX + 1));
	proto_lines_fini(&l);

	proto_lines_init(&l, PROTO_REQUEST_MAX);
	big[PROTO_REQUEST_MAX + 1] = '\n';
	T_TRUE(!proto_lines_put(&l, big, PROTO_REQUEST_MAX + 2));
	proto_lines_fini(&l);

	proto_lines_init(&l, 10);
	for (int i = 0; i < 10; i++)
		T_TRUE(proto_lines_put(&l, "y", 1));
	T_TRUE(!proto_lines_put(&l, "y", 1));
	proto_lines_fini(&l);
}

int
main(void)
{
	T_RUN(command_lines_become_requests);
	T_RUN(mistakes_are_named);
	T_RUN(requests_are_checked);
	T_RUN(the_table_is_sound);
	T_RUN(lines_come_out_of_any_pieces);
	T_RUN(lines_may_wait);
	T_RUN(long_lines_are_refused);
	return T_DONE();
}
