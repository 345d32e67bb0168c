/*
 * tests/fuzz/wire_body.h - what every fuzz target of a payload does with its input.
 *
 * Beside not crashing: an input that is accepted is written back octet for octet, in a buffer that
 * fits exactly and in none that is smaller.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_WIRE_BODY_H
#define FUZZ_WIRE_BODY_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "wire/msg.h"

#define FUZZ_CAP (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A law that does not hold ends the run. */
#define FUZZ_LAW(cond)           \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

/* One arena for the whole run: that it is clean after a reset is tried on the way. */
static inline struct arena *
fuzz_arena(void)
{
	static struct arena *mem;

	if (mem == NULL)
		mem = arena_new(FUZZ_CAP);
	FUZZ_LAW(mem != NULL);
	arena_reset(mem);
	return mem;
}

static inline void
fuzz_written_back(const struct pl *pl, const uint8_t *data, size_t n)
{
	uint8_t *out = malloc(n + 1);
	struct wbuf w;

	FUZZ_LAW(out != NULL);
	wb_init(&w, out, n);
	payload_body_put(&w, pl);
	FUZZ_LAW(w.err == IKE_OK && w.n == n && (n == 0 || memcmp(out, data, n) == 0));
	if (n > 0) {
		wb_init(&w, out, n - 1);
		payload_body_put(&w, pl);
		FUZZ_LAW(w.err == IKE_E_NOMEM && w.n < n);
	}
	free(out);
}

/* Decode a body of the type; true if it was accepted. */
static inline bool
fuzz_body(uint8_t type, const uint8_t *data, size_t n, struct pl *pl)
{
	struct cur c = cur_from(CHUNK(data, n));

	*pl = (struct pl){.type = type, .def = payload_def(type), .raw = CHUNK(data, n)};
	if (pl->def->get(&c, pl, fuzz_arena()) != IKE_OK) {
		FUZZ_LAW(c.err == IKE_OK || (c.field != NULL && c.at <= n));
		return false;
	}
	fuzz_written_back(pl, data, n);
	return true;
}

/* The words about a payload: into buffers of any size, always terminated. */
static inline void
fuzz_line(void *ctx, const char *line)
{
	*(size_t *)ctx += strlen(line);
}

#endif
