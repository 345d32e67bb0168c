/* explain.c - why negotiations failed, as text. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cli_local.h"

#define ROWS_SHOWN 12
#define WIDTH	   100

/* "label: text", wrapped at blanks, the later lines indented. */
static void
wrapped(FILE *out, const char *label, const char *text)
{
	int indent = 14, column = indent;

	if (text[0] == '\0')
		return;
	fprintf(out, "  %-*s", indent - 2, label);
	while (*text != '\0') {
		int word = (int)strcspn(text, " ");

		if (column > indent && column + 1 + word > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		}
		if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", word, text);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void
print_row(FILE *out, const json_t *row)
{
	const json_t *cells = json_object_get(row, "attributes"), *c;
	size_t i;

	if (text_str(row, "skipped")[0] != '\0') {
		fprintf(out, "    proposal %lld, transform %lld: cannot be compared: %s\n",
		    text_num(row, "proposal"), text_num(row, "transform"),
		    text_str(row, "skipped"));
		return;
	}
	fprintf(out, "    proposal %lld, transform %lld against \"%s\" (line %lld)%s\n",
	    text_num(row, "proposal"), text_num(row, "transform"), text_str(row, "against"),
	    text_num(row, "line"),
	    json_is_true(json_object_get(row, "nearest")) ? "   <- nearest" : "");
	json_array_foreach(cells, i, c) fprintf(out, "      %s %-24s offered %-22s wanted %s\n",
	    json_is_true(json_object_get(c, "match")) ? " " : "X", text_str(c, "attribute"),
	    text_str(c, "offered"), text_str(c, "wanted"));
}

static void
print_failure(FILE *out, const json_t *f)
{
	const json_t *table = json_object_get(f, "table"), *mend = json_object_get(f, "mend"),
		     *shows = json_object_get(f, "peer_shows"), *row;
	size_t i;

	fprintf(out, "%s  %s  Group = %s  IP = %s\n", text_str(f, "time"), text_str(f, "exchange"),
	    text_str(f, "group")[0] != '\0' ? text_str(f, "group") : "(none)", text_str(f, "peer"));
	wrapped(out, "Stopped:", text_str(f, "stopped"));
	wrapped(out, "Why:", text_str(f, "verdict"));
	wrapped(out, "Side:", text_str(f, "side"));
	wrapped(out, "Mend here:", text_str(mend, "ikev1d"));
	wrapped(out, "on an ASA:", text_str(mend, "asa"));
	wrapped(out, "strongSwan:", text_str(mend, "strongswan"));
	wrapped(out, "ASA shows:", text_str(shows, "asa"));
	wrapped(out, "strongSwan:", text_str(shows, "strongswan"));
	if (json_array_size(table) == 0)
		return;
	fprintf(out, "  Offered against wanted (X: differs)\n");
	json_array_foreach(table, i, row)
	{
		if (i == ROWS_SHOWN) {
			fprintf(out, "    ... and %zu rows more: --json has them\n",
			    json_array_size(table) - i);
			break;
		}
		print_row(out, row);
	}
}

void
explain_print(FILE *out, const json_t *reply)
{
	const json_t *all = json_object_get(reply, "failures"), *f;
	size_t i;

	if (json_array_size(all) == 0) {
		fprintf(out, "No failed negotiation is remembered\n");
		return;
	}
	print_failure(out, json_array_get(all, 0));
	if (json_array_size(all) > 1)
		fprintf(out, "\nBefore that:\n");
	json_array_foreach(all, i, f) if (i > 0) fprintf(out, "  %s  %-15s  %s: %s\n",
	    text_str(f, "time"), text_str(f, "peer"), text_str(f, "stopped"), text_str(f, "kind"));
}
