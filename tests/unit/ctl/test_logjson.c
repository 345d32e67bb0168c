/* test_logjson.c - log lines as JSON. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <jansson.h>

#include "ctl/logjson.h"

static void
full_line(void)
{
	struct log_who who = {.group = "asa-hq"};
	struct log_line l = {
	    .when = {.tv_sec = 1767323045, .tv_nsec = 67800000},
	    .event = EVT_P1_COMPLETED,
	    .level = LOG_L_NOTICE,
	    .who = &who,
	    .text = "PHASE 1 COMPLETED",
	    .full = "Group = asa-hq, IP = 203.0.113.10, PHASE 1 COMPLETED",
	};
	char *text;

	(void)addr_parse("203.0.113.10", &who.peer);
	text = logjson_format(&l);
	T_STR(text,
	    "{\"time\":\"2026-01-02T03:04:05.067Z\",\"level\":\"notice\","
	    "\"event\":\"P1_COMPLETED\",\"asa_id\":713119,\"group\":\"asa-hq\","
	    "\"ip\":\"203.0.113.10\",\"message\":\"PHASE 1 COMPLETED\"}");
	free(text);
}

static void
members_only_where_there_is_something(void)
{
	struct log_line l = {
	    .event = EVT_DAEMON_STARTED,
	    .level = LOG_L_NOTICE,
	    .text = "started",
	    .full = "started",
	};
	char *text = logjson_format(&l);

	T_STR(text,
	    "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"notice\","
	    "\"event\":\"DAEMON_STARTED\",\"message\":\"started\"}");
	free(text);
}

static void
one_line_of_valid_json_whatever_the_text(void)
{
	struct log_who who = {.group = "q\"\\\n\x01\xff"};
	struct log_line l = {
	    .event = EVT_VENDOR_ID,
	    .level = LOG_L_DEBUG,
	    .who = &who,
	    .text = "a \"quote\", a \\ and\na line",
	    .full = "",
	};
	char *text = logjson_format(&l);
	json_t *o = json_loads(text, 0, NULL);

	T_TRUE(strchr(text, '\n') == NULL);
	T_TRUE(json_is_object(o));
	T_STR(json_string_value(json_object_get(o, "message")), l.text);
	T_STR(json_string_value(json_object_get(o, "group")), "(not UTF-8)");
	json_decref(o);
	free(text);
}

int
main(void)
{
	T_RUN(full_line);
	T_RUN(members_only_where_there_is_something);
	T_RUN(one_line_of_valid_json_whatever_the_text);
	return T_DONE();
}
