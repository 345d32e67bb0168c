/* tests/fuzz/fuzz_ctl.c - what a client sends over the control socket: lines, JSON, requests */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/proto.h"

#define LAW(x)                                                                                     \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define LINE_LIMIT 512

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A line is answered: a call within the table's bounds, or a reason. */
static void
request(const char *line)
{
	json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	struct proto_call call;
	char error[400] = "";

	if (json_is_object(o)) {
		if (proto_parse(o, &call, error, sizeof(error)))
			LAW(call.command < PROTO_C_COUNT && error[0] == '\0');
		else
			LAW(error[0] != '\0');
	}
	json_decref(o);
}

/* The lines of a stream in pieces of this size; their number and a sum over their octets. */
static void
stream(const uint8_t *data, size_t n, size_t piece, unsigned *lines, uint64_t *sum)
{
	struct proto_lines l;
	char *line;

	*lines = 0;
	*sum = 0;
	proto_lines_init(&l, LINE_LIMIT);
	for (size_t at = 0; at < n; at += piece) {
		if (!proto_lines_put(&l, data + at, n - at < piece ? n - at : piece))
			break;
		while ((line = proto_lines_next(&l)) != NULL) {
			LAW(strlen(line) <= LINE_LIMIT && strchr(line, '\n') == NULL);
			for (const char *p = line; *p != '\0'; p++)
				*sum = *sum * 31 + (uint8_t)*p;
			(*lines)++;
			if (piece > 1)
				request(line);
		}
		LAW(l.n - l.taken <= LINE_LIMIT);
	}
	proto_lines_fini(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned one, many;
	uint64_t a, b;

	if (n < 1)
		return 0;
	stream(data + 1, n - 1, (size_t)data[0] + 2, &many, &a);
	stream(data + 1, n - 1, 1, &one, &b);
	/* A refusal comes with the piece that is too much, so pieces may only lose whole lines. */
	LAW(many <= one && (many != one || a == b));
	return 0;
}
