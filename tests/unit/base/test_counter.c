/* tests/unit/base/test_counter.c - names of counters, and their sum. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/counter.h"
#include "t.h"

static void
names(void)
{
	T_STR(counter_name(CNT_datagrams_in), "datagrams_in");
	T_STR(counter_name(CNT_log_suppressed), "log_suppressed");
	T_STR(counter_help(CNT_phase1_up), "phase 1 negotiations completed");
	T_STR(counter_name(CNT_COUNT), "unknown");
	T_STR(counter_help(CNT_COUNT), "");
}

static void
sums(void)
{
	struct counters a = {0}, b = {0};

	for (int i = 0; i < CNT_COUNT; i++) {
		a.n[i] = (uint64_t)i;
		b.n[i] = UINT64_C(1) << 40;
	}
	counter_add(&a, &b);
	for (int i = 0; i < CNT_COUNT; i++)
		T_EQ(a.n[i], (INT64_C(1) << 40) + i);
}

int
main(void)
{
	T_RUN(names);
	T_RUN(sums);
	return T_DONE();
}
