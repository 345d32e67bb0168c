/* fault.c - faults on demand as text: what is armed, and the catalogue. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cli_local.h"

#define WIDTH 96

/* A text under a heading, its lines broken between words. */
static void
print_wrapped(FILE *out, const char *heading, const char *text)
{
	int at = fprintf(out, "    %-11s ", heading), left = at;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (at > left && at + 1 + (int)n > WIDTH) {
			fprintf(out, "\n%*s", left, "");
			at = left;
		}
		at += fprintf(out, "%s%.*s", at > left ? " " : "", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void
print_armed(FILE *out, const json_t *a)
{
	double p = json_real_value(json_object_get(a, "probability"));

	fprintf(out, "  %s: %s", text_str(a, "group"), text_str(a, "fault"));
	if (text_num(a, "count") > 0)
		fprintf(out, ", %lld of %lld negotiations left", text_num(a, "left"),
		    text_num(a, "count"));
	if (p < 1)
		fprintf(out, ", seed=%lld", text_num(a, "seed"));
	fprintf(out, ", acted %lld of %lld times%s\n", text_num(a, "fired"), text_num(a, "seen"),
	    strcmp(text_str(a, "from"), "policy") == 0 ? " (policy)" : "");
}

void
fault_print_armed(FILE *out, const json_t *armed)
{
	const json_t *a;
	size_t i;

	if (json_array_size(armed) == 0)
		return;
	fprintf(out, "Faults armed:\n");
	json_array_foreach(armed, i, a) print_armed(out, a);
}

void
fault_print(FILE *out, const json_t *reply)
{
	const json_t *armed = json_object_get(reply, "armed");
	const json_t *faults = json_object_get(reply, "faults"), *f;
	size_t i;

	json_array_foreach(faults, i, f)
	{
		fprintf(out, "%s%s%s\n", text_str(f, "name"),
		    text_str(f, "arguments")[0] != '\0' ? "=" : "", text_str(f, "arguments"));
		print_wrapped(out, "wire", text_str(f, "wire"));
		print_wrapped(out, "ASA", text_str(f, "asa"));
		print_wrapped(out, "strongSwan", text_str(f, "strongswan"));
		print_wrapped(out, "as if", text_str(f, "how"));
	}
	if (json_object_get(reply, "count") != NULL)
		fprintf(out, "%lld fault%s cleared\n", text_num(reply, "count"),
		    text_num(reply, "count") == 1 ? "" : "s");
	if (json_array_size(armed) > 0)
		fault_print_armed(out, armed);
	else
		fprintf(out, "No fault is armed.\n");
}
