/*
 * tests/t.h - checks for unit tests, speaking TAP (tests/run.py reads it).
 *
 *	static void
 *	reads_u16(void)
 *	{
 *		T_EQ(cur_u16(&c, "port"), 500);
 *	}
 *
 *	int
 *	main(void)
 *	{
 *		T_RUN(reads_u16);
 *		return T_DONE();
 *	}
 *
 * One T_RUN is one TAP line.  A check that does not hold prints where and what, marks the running
 * test as failed and goes on; it returns false, so "if (!T_OK(...)) return;" stops where going on
 * makes no sense.  Include base/err.h first to see names of errors instead of numbers.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef TESTS_T_H
#define TESTS_T_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct t_state {
	int         run, failed;
	bool        bad;        /* the running test has failed */
	const char *skip;       /* ... or was skipped, and why */
};

static struct t_state t_;

#define T_RUN(fn)    t_run(#fn, fn)
#define T_DONE()     t_done()
#define T_SKIP(why)  ((void)(t_.skip = (why)))          /* then return */
#define T_FAIL(...)  t_fail(__FILE__, __LINE__, __VA_ARGS__)
#define T_TRUE(cond) t_true(__FILE__, __LINE__, #cond, (cond))

/* Integers of any kind: got, wanted. */
#define T_EQ(got, want) t_eq(__FILE__, __LINE__, #got, (intmax_t)(got), (intmax_t)(want))
/* Strings; NULL equals NULL only. */
#define T_STR(got, want) t_str(__FILE__, __LINE__, #got, (got), (want))
/* Octets: got, its length, wanted, its length; rows that differ are shown. */
#define T_MEM(got, n, want, m) t_mem(__FILE__, __LINE__, #got, (got), (n), (want), (m))
/* A call that returns enum ike_err: succeeds, or fails with exactly this error. */
#define T_OK(call)       T_ERR(call, 0)
#define T_ERR(call, err) t_err(__FILE__, __LINE__, #call, (int)(call), (int)(err))

__attribute__((format(printf, 3, 4))) static inline bool
t_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	t_.bad = true;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return false;
}

static inline bool
t_true(const char *file, int line, const char *what, bool holds)
{
	return holds || t_fail(file, line, "%s does not hold", what);
}

static inline bool
t_eq(const char *file, int line, const char *what, intmax_t got, intmax_t want)
{
	if (got == want)
		return true;
	return t_fail(file, line,
	    "%s: got %" PRIdMAX " (0x%" PRIxMAX "), want %" PRIdMAX " (0x%" PRIxMAX ")", what, got,
	    (uintmax_t)got, want, (uintmax_t)want);
}

static inline bool
t_str(const char *file, int line, const char *what, const char *got, const char *want)
{
	if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
		return true;
	return t_fail(file, line, "%s: got \"%s\"\n#   want \"%s\"", what,
	    got != NULL ? got : "(NULL)", want != NULL ? want : "(NULL)");
}

static inline void
t_row(const char *name, const uint8_t *p, size_t n, size_t at)
{
	printf("#   %-4s %04zx ", name, at);
	for (size_t i = at; i < at + 16 && i < n; i++)
		printf(" %02x", p[i]);
	putchar('\n');
}

static inline bool
t_mem(const char *file, int line, const char *what, const void *got, size_t n, const void *want,
    size_t m)
{
	const uint8_t *g = got, *w = want;

	if (n == m && (n == 0 || memcmp(g, w, n) == 0))
		return true;
	t_fail(file, line, "%s: got %zu octets, want %zu; rows that differ:", what, n, m);
	for (size_t at = 0; at < (n > m ? n : m); at += 16) {
		if (at + 16 <= n && at + 16 <= m && memcmp(g + at, w + at, 16) == 0)
			continue;
		if (n == m && n - at < 16 && memcmp(g + at, w + at, n - at) == 0)
			continue;
		t_row("got", g, n, at);
		t_row("want", w, m, at);
	}
	return false;
}

static inline const char *
t_err_name(int e, char *buf, size_t n)
{
#ifdef IKE_ERRS
#define T_X(code, ...) case code: return #code;
	switch (e) {
		IKE_ERRS(T_X)
	}
#undef T_X
#endif
	snprintf(buf, n, "error %d", e);
	return buf;
}

static inline bool
t_err(const char *file, int line, const char *what, int got, int want)
{
	char a[32], b[32];

	if (got == want)
		return true;
	return t_fail(file, line, "%s: got %s, want %s", what, t_err_name(got, a, sizeof(a)),
	    t_err_name(want, b, sizeof(b)));
}

static inline void
t_run(const char *name, void (*fn)(void))
{
	t_.bad = false;
	t_.skip = NULL;
	t_.run++;
	fn();
	t_.failed += t_.bad;
	printf("%sok %d - %s%s%s\n", t_.bad ? "not " : "", t_.run, name,
	    t_.skip != NULL && !t_.bad ? " # SKIP " : "",
	    t_.skip != NULL && !t_.bad ? t_.skip : "");
	fflush(stdout);
}

/* Print the plan; the exit status of main(). */
static inline int
t_done(void)
{
	printf("1..%d\n", t_.run);
	return t_.failed != 0 || t_.run == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
