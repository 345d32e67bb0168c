/* tests/unit/base/test_event.c - names, levels and ASA numbers of events. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/event.h"
#include "t.h"

static void
facts(void)
{
	T_STR(event_name(EVT_MESSAGE_RECEIVED), "MESSAGE_RECEIVED");
	T_EQ(event_level(EVT_MESSAGE_RECEIVED), LOG_L_INFO);
	T_EQ(event_asa_id(EVT_MESSAGE_RECEIVED), 713236);
	T_STR(event_name(EVT_DPD_PEER_DEAD), "DPD_PEER_DEAD");
	T_STR(event_level_name(LOG_L_ERR), "err");
	T_STR(event_level_name(LOG_L_DEBUG), "debug");
	T_STR(event_level_name(LOG_L_COUNT), "unknown");
	T_STR(event_name(EVT_COUNT), "UNKNOWN");
	T_EQ(event_asa_id(EVT_COUNT), 0);
}

static void
all_are_sane(void)
{
	for (int i = 0; i < EVT_COUNT; i++) {
		unsigned id = event_asa_id((enum log_event)i);

		T_TRUE(event_level((enum log_event)i) < LOG_L_COUNT);
		T_TRUE(id == 0 || (id >= 713000 && id < 716000)); /* ASA's IKEv1 messages */
		for (int k = 0; k < i; k++)
			if (strcmp(event_name((enum log_event)i), event_name((enum log_event)k)) ==
			    0)
				T_FAIL("%s twice", event_name((enum log_event)i));
	}
}

int
main(void)
{
	T_RUN(facts);
	T_RUN(all_are_sane);
	return T_DONE();
}
