/* base/hexdump.h - octets for test failures, cookies and message ids in logs. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_HEXDUMP_H
#define BASE_HEXDUMP_H

#include <stdio.h>

#include "base/cur.h"

/* "a1b2c3" into buf (2n + 1 octets needed, cut if smaller); returns buf. */
const char *hexdump_line(struct chunk, char *buf, size_t n);

/*
 * Text of a peer made harmless: printable ASCII stays, every other octet becomes "\xNN".  Cut to
 * whole characters where n octets do not hold it (4n + 1 always do), always terminated unless n is
 * 0.  Returns the length of the text.
 */
size_t hexdump_text(struct chunk, char *buf, size_t n);

/* Offsets, hex and ASCII, 16 octets a line. */
void hexdump_file(FILE *, struct chunk);

/*
 * Octets of a hex string into out (cap octets); number of octets, -1 if it is no hex or too long.
 * White space is skipped.
 */
long hexdump_parse(const char *hex, uint8_t *out, size_t cap);

#endif
