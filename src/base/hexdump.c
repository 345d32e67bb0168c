/* base/hexdump.c - octets as hex and as harmless text. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hexdump.h"

static const char digits[] = "0123456789abcdef";

static bool
printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

const char *
hexdump_line(struct chunk c, char *buf, size_t n)
{
	size_t k = 0;

	if (n == 0)
		return buf;
	for (size_t i = 0; i < c.n && k + 2 < n; i++) {
		buf[k++] = digits[c.p[i] >> 4];
		buf[k++] = digits[c.p[i] & 15];
	}
	buf[k] = '\0';
	return buf;
}

size_t
hexdump_text(struct chunk c, char *buf, size_t n)
{
	size_t k = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < c.n; i++) {
		uint8_t o = c.p[i];

		if (n - k <= (printable(o) ? 1 : 4))
			break;
		if (printable(o)) {
			buf[k++] = (char)o;
			continue;
		}
		buf[k++] = '\\';
		buf[k++] = 'x';
		buf[k++] = digits[o >> 4];
		buf[k++] = digits[o & 15];
	}
	buf[k] = '\0';
	return k;
}

void
hexdump_file(FILE *f, struct chunk c)
{
	for (size_t at = 0; at < c.n; at += 16) {
		fprintf(f, "%04zx ", at);
		for (size_t i = at; i < at + 16; i++) {
			if (i < c.n)
				fprintf(f, " %02x", c.p[i]);
			else
				fputs("   ", f);
		}
		fputs("  ", f);
		for (size_t i = at; i < at + 16 && i < c.n; i++)
			fputc(printable(c.p[i]) ? c.p[i] : '.', f);
		fputc('\n', f);
	}
}

/* The digit's value, -1 if it is none. */
static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

long
hexdump_parse(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;
	int high = -1, d;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ' || (*hex >= '\t' && *hex <= '\r'))
			continue;
		if ((d = digit(*hex)) < 0)
			return -1;
		if (high < 0) {
			high = d;
			continue;
		}
		if (n == cap)
			return -1;
		out[n++] = (uint8_t)(high << 4 | d);
		high = -1;
	}
	return high < 0 ? (long)n : -1;
}
