/* fault.c - faults on demand as text: what is armed, and the catalogue. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cli_local.h"

#define WIDTH 96

static const char *
str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static long long
num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

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

	fprintf(out, "  %s: %s", str(a, "group"), str(a, "fault"));
	if (num(a, "count") > 0)
		fprintf(out, ", %lld of %lld negotiations left", num(a, "left"), num(a, "count"));
	if (p < 1)
		fprintf(out, ", seed=%lld", num(a, "seed"));
	fprintf(out, ", acted %lld of %lld times%s\n", num(a, "fired"), num(a, "seen"),
	    strcmp(str(a, "from"), "policy") == 0 ? " (policy)" : "");
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
		fprintf(out, "%s%s%s\n", str(f, "name"), str(f, "arguments")[0] != '\0' ? "=" : "",
		    str(f, "arguments"));
		print_wrapped(out, "wire", str(f, "wire"));
		print_wrapped(out, "ASA", str(f, "asa"));
		print_wrapped(out, "strongSwan", str(f, "strongswan"));
		print_wrapped(out, "as if", str(f, "how"));
	}
	if (json_object_get(reply, "count") != NULL)
		fprintf(out, "%lld fault%s cleared\n", num(reply, "count"),
		    num(reply, "count") == 1 ? "" : "s");
	if (json_array_size(armed) > 0)
		fault_print_armed(out, armed);
	else
		fprintf(out, "No fault is armed.\n");
}
