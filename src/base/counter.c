/* base/counter.c - names of the counters. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/counter.h"

#include "base/compiler.h"

static const struct {
	const char *name, *help;
} list[] = {
#define X(name, help) {#name, help},
	IKE_COUNTERS(X)
#undef X
};

const char *
counter_name(enum counter c)
{
	return (size_t)c < ARRAY_LEN(list) ? list[c].name : "unknown";
}

const char *
counter_help(enum counter c)
{
	return (size_t)c < ARRAY_LEN(list) ? list[c].help : "";
}

void
counter_add(struct counters *a, const struct counters *b)
{
	for (size_t i = 0; i < CNT_COUNT; i++)
		a->n[i] += b->n[i];
}
