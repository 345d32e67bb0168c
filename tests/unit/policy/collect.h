/* tests/unit/policy/collect.h - a report that keeps its lines, and a policy file of one's own. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_POLICY_COLLECT_H
#define TESTS_POLICY_COLLECT_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/policy.h"

struct collect { /* lines, each with its newline */
	char   text[65536];
	size_t n;
};

static inline void
collect_line(void *ctx, const char *line)
{
	struct collect *c = ctx;
	int n = snprintf(c->text + c->n, sizeof(c->text) - c->n, "%s\n", line);

	c->n += n > 0 && (size_t)n < sizeof(c->text) - c->n ? (size_t)n : 0;
}

/* A folder that goes with its files; the names in it are few and known. */
struct folder {
	char path[64];
};

static inline bool
folder_make(struct folder *f)
{
	snprintf(f->path, sizeof(f->path), "%s", "/tmp/ikev1d-test-XXXXXX");
	return mkdtemp(f->path) != NULL;
}

/* The name of a file in it; valid until the next call but three. */
static inline const char *
folder_file(const struct folder *f, const char *name)
{
	static char path[4][256];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", f->path, name);
	return path[i];
}

static inline bool
folder_write(const struct folder *f, const char *name, const void *data, size_t n, mode_t mode)
{
	bool ok;
	int fd;

	/* The file of before may be one that only root may write. */
	unlink(folder_file(f, name));
	fd = open(folder_file(f, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = fd >= 0 && write(fd, data, n) == (ssize_t)n && fchmod(fd, mode) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static inline void
folder_remove(const struct folder *f, const char *const *names)
{
	for (; *names != NULL; names++)
		unlink(folder_file(f, *names));
	rmdir(f->path);
}

#endif
