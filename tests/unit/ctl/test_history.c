/*
 * test_history.c - records as JSON: the members that ikev1ctl(8) names, order, one SA's exchanges.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "ctl_local.h"

static struct record
a_record(void)
{
	struct record rec = {.phase2 = true,
	    .cky_i = {1, 2, 3, 4, 5, 6, 7, 8},
	    .cky_r = {0xa1},
	    .msgid = 77,
	    .began_ms = 5000,
	    .outcome = RECORD_FAILED,
	    .failed_label = "QM2",
	    .failed_state = "QM_WAIT_MSG3",
	    .step_count = 2,
	    .lost = 3};

	(void)addr_parse("10.9.0.1", &rec.remote.addr);
	(void)addr_parse("10.9.0.2", &rec.local.addr);
	rec.remote.port = 4500;
	rec.why.code = IKE_E_SYNTAX;
	snprintf(rec.why.text, sizeof(rec.why.text), "octets that are none");
	rec.steps[0] = (struct record_step){.kind = RECORD_RX,
	    .label = "QM1",
	    .state = "QM_START",
	    .octets = 188,
	    .payload_count = 2,
	    .payloads = {8, 1}};
	rec.steps[1] = (struct record_step){.at_ms = 12, .kind = RECORD_STATE, .state = "QM_DONE"};
	return rec;
}

static void
same(json_t *got, const char *want)
{
	json_t *w = json_loads(want, 0, NULL);
	char *a, *b;

	json_object_del(got, "time"); /* of the wall */
	a = json_dumps(got, JSON_SORT_KEYS);
	b = json_dumps(w, JSON_SORT_KEYS);
	T_STR(a, b);
	free(a);
	free(b);
	json_decref(got);
	json_decref(w);
}

#define HEAD                                                                                       \
	"\"began_ms\":5000,\"exchange\":\"Quick Mode\",\"group\":\"\",\"peer\":\"10.9.0.1\","      \
	"\"peer_port\":4500,\"local\":\"10.9.0.2\",\"cookie_i\":\"0102030405060708\","             \
	"\"cookie_r\":\"a100000000000000\",\"msgid\":77,\"role\":\"responder\","                   \
	"\"outcome\":\"failed\",\"worker\":4,"

static void
ladder(void)
{
	struct record rec = a_record();

	same(history_ladder(&rec, 4),
	    "{" HEAD
	    "\"steps\":[{\"at_ms\":0,\"what\":\"received\",\"label\":\"QM1\",\"octets\":188,"
	    "\"payloads\":[\"HASH\",\"SA\"],\"state\":\"QM_START\"},"
	    "{\"at_ms\":12,\"what\":\"state\",\"label\":\"\",\"octets\":0,\"payloads\":[],\"state\":\"QM_DONE\"}],"
	    "\"lost_steps\":3,\"failed_label\":\"QM2\",\"failed_state\":\"QM_WAIT_MSG3\","
	    "\"reason\":\"octets that are none\"}");
}

static void
explain(void)
{
	struct record rec = a_record();
	json_t *o = history_explain(&rec, 4);

	T_STR(json_string_value(json_object_get(o, "kind")), "message");
	T_STR(json_string_value(json_object_get(o, "side")), "peer");
	T_STR(json_string_value(json_object_get(o, "stopped")),
	    "Quick Mode at QM2 in QM_WAIT_MSG3");
	T_TRUE(strstr(json_string_value(json_object_get(o, "verdict")), "octets that are none") !=
	    NULL);
	T_TRUE(json_is_array(json_object_get(o, "table")));
	T_TRUE(json_is_array(json_object_get(o, "faults")));
	T_EQ(json_object_size(json_object_get(o, "mend")), 3);
	T_EQ(json_object_size(json_object_get(o, "peer_shows")), 2);
	json_decref(o);
}

/* One SA's exchanges out of several, the oldest first; of all the newest SA's. */
static void
the_last_sa(void)
{
	json_t *all = json_array();
	static const struct {
		uint64_t began;
		uint8_t cookie;
	} rows[] = {{100, 1}, {300, 2}, {200, 1}, {250, 2}};
	static const int sorted[] = {300, 250, 200, 100};

	for (size_t i = 0; i < 4; i++) {
		struct record rec = a_record();

		rec.began_ms = rows[i].began;
		rec.cky_i[0] = rows[i].cookie;
		(void)json_array_append_new(all, history_ladder(&rec, 0));
	}
	history_sort(all);
	for (size_t i = 0; i < 4; i++)
		T_EQ(json_integer_value(json_object_get(json_array_get(all, i), "began_ms")),
		    sorted[i]);
	history_last_sa(all);
	T_EQ(json_array_size(all), 2);
	T_EQ(json_integer_value(json_object_get(json_array_get(all, 0), "began_ms")), 250);
	T_EQ(json_integer_value(json_object_get(json_array_get(all, 1), "began_ms")), 300);
	json_decref(all);
	all = json_array();
	history_sort(all);
	history_last_sa(all);
	T_EQ(json_array_size(all), 0);
	json_decref(all);
}

int
main(void)
{
	T_RUN(ladder);
	T_RUN(explain);
	T_RUN(the_last_sa);
	return T_DONE();
}
