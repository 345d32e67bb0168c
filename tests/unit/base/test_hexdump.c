/* tests/unit/base/test_hexdump.c - octets as hex, as text, and back. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hexdump.h"
#include "t.h"

static struct chunk
text(const char *s)
{
	return CHUNK((const uint8_t *)s, strlen(s));
}

static void
lines(void)
{
	const struct chunk c = CHUNK((const uint8_t *)"\xa1\x02\xff", 3);
	char buf[16];

	T_STR(hexdump_line(c, buf, sizeof(buf)), "a102ff");
	T_STR(hexdump_line(c, buf, 7), "a102ff");
	T_STR(hexdump_line(c, buf, 6), "a102");
	T_STR(hexdump_line(c, buf, 2), "");
	T_STR(hexdump_line(c, buf, 1), "");
	T_STR(hexdump_line(CHUNK_NONE, buf, sizeof(buf)), "");
	buf[0] = 'x';
	T_TRUE(hexdump_line(c, buf, 0) == buf && buf[0] == 'x');
}

static void
harmless_text(void)
{
	const struct chunk c = CHUNK((const uint8_t *)"a\n\x1b[\x7f\xc3\xa4\0 ~", 10);
	char buf[64];

	T_EQ(hexdump_text(c, buf, sizeof(buf)), 28);
	T_STR(buf, "a\\x0a\\x1b[\\x7f\\xc3\\xa4\\x00 ~");
	T_EQ(hexdump_text(text("abc"), buf, 4), 3);
	T_STR(buf, "abc");
	T_EQ(hexdump_text(text("abc"), buf, 3), 2);
	T_STR(buf, "ab");
	T_EQ(hexdump_text(text("a\n"), buf, 5), 1); /* no half escapes */
	T_STR(buf, "a");
	T_EQ(hexdump_text(text("a\n"), buf, 6), 5);
	T_STR(buf, "a\\x0a");
	T_EQ(hexdump_text(text("a"), buf, 1), 0);
	T_STR(buf, "");
	T_EQ(hexdump_text(text("a"), buf, 0), 0);
}

static void
files(void)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	hexdump_file(f, text("0123456789abcdef\n!"));
	fclose(f);
	T_STR(out,
	    "0000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
	    "0010  0a 21                                            .!\n");
	free(out);
}

static void
parsing(void)
{
	uint8_t out[4];

	T_EQ(hexdump_parse("a1 B2\n\tc3", out, sizeof(out)), 3);
	T_MEM(out, 3, "\xa1\xb2\xc3", 3);
	T_EQ(hexdump_parse("", out, sizeof(out)), 0);
	T_EQ(hexdump_parse("0011223344", out, sizeof(out)), -1);
	T_EQ(hexdump_parse("00112233", out, sizeof(out)), 4);
	T_EQ(hexdump_parse("001", out, sizeof(out)), -1);
	T_EQ(hexdump_parse("0g", out, sizeof(out)), -1);
	T_EQ(hexdump_parse("00", out, 0), -1);
}

int
main(void)
{
	T_RUN(lines);
	T_RUN(harmless_text);
	T_RUN(files);
	T_RUN(parsing);
	return T_DONE();
}
