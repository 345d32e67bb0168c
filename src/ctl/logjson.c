/* logjson.c - log lines for machines. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/logjson.h"

#include <jansson.h>
#include <stdio.h>

#include "ctl_local.h"

char *
logjson_time(const struct timespec *when, char *buf, size_t n)
{
	struct tm tm;
	char date[32];

	gmtime_r(&when->tv_sec, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, n, "%s.%03ldZ", date, when->tv_nsec / 1000000);
	return buf;
}

/* Text from a policy file may be of any encoding; JSON is UTF-8. */
static json_t *
text(const char *s)
{
	json_t *j = json_string(s);

	return j != NULL ? j : json_string("(not UTF-8)");
}

char *
logjson_format(const struct log_line *l)
{
	char when[LOGJSON_TIME], ip[ADDR_TEXT];
	unsigned asa = event_asa_id(l->event);
	json_t *o = json_object();
	char *out;

	(void)json_object_set_new(o, "time",
	    json_string(logjson_time(&l->when, when, sizeof(when))));
	(void)json_object_set_new(o, "level", json_string(event_level_name(l->level)));
	(void)json_object_set_new(o, "event", json_string(event_name(l->event)));
	if (asa != 0)
		(void)json_object_set_new(o, "asa_id", json_integer(asa));
	if (l->who != NULL && l->who->group != NULL)
		(void)json_object_set_new(o, "group", text(l->who->group));
	if (l->who != NULL && l->who->peer.family != ADDR_NONE)
		(void)json_object_set_new(o, "ip",
		    json_string(addr_print(&l->who->peer, ip, sizeof(ip))));
	(void)json_object_set_new(o, "message", text(l->text));
	out = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return out;
}
