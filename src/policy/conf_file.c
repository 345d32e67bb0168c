/* policy/conf_file.c - files of a policy: reading them whole, and who else may. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "policy_local.h"

/* All of fd, *n octets and a terminator; NULL and errno, EFBIG if there is more than max. */
static char *
read_all(int fd, size_t max, size_t *n)
{
	char *buf = malloc(max + 2);
	ssize_t got = 1;

	if (buf == NULL)
		return NULL;
	*n = 0;
	while (*n <= max && (got = read(fd, buf + *n, max + 1 - *n)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		*n += (size_t)got;
	}
	if (got >= 0 && *n <= max) {
		buf[*n] = '\0';
		return buf;
	}
	if (got >= 0)
		errno = EFBIG;
	secret_free(buf, max + 2);
	return NULL;
}

/* What is wrong with an open file that shall hold at most max octets; NULL: nothing. */
static const char *
misfit(const struct stat *st, size_t max, char *buf, size_t n)
{
	if (S_ISDIR(st->st_mode))
		return "is a directory, expected a file";
	if (!S_ISREG(st->st_mode))
		return "is not a regular file, expected one";
	if (st->st_size <= (off_t)max)
		return NULL;
	(void)snprintf(buf, n, "has %lld octets, expected at most %zu", (long long)st->st_size,
	    max);
	return buf;
}

char *
conf_read(struct conf *c, int line, const char *file, size_t max, size_t *n, unsigned *mode)
{
	/* The name of the policy file itself stands before its mistakes anyway. */
	const char *what = line != 0 ? "key file " : "", *name = line != 0 ? file : "", *wrong;
	const char *sep = line != 0 ? " " : "";
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL, buf[80];
	int why = fd < 0 ? errno : 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		conf_mistake(c, line, "%s%s%scannot be opened: %s, expected a readable file", what,
		    name, sep, strerror(errno));
	} else if ((wrong = misfit(&st, max, buf, sizeof(buf))) != NULL) {
		conf_mistake(c, line, "%s%s%s%s", what, name, sep, wrong);
	} else if ((text = read_all(fd, (size_t)st.st_size, n)) == NULL) {
		conf_mistake(c, line, "%s%s%scannot be read: %s, expected a readable file", what,
		    name, sep, strerror(errno));
	} else {
		*mode = (unsigned)st.st_mode & 07777;
	}
	if (fd >= 0)
		(void)close(fd);
	else
		errno = why;
	return text;
}

char *
conf_path(const char *policy_file, const char *name)
{
	const char *slash = strrchr(policy_file, '/');
	char *path = NULL;

	if (name[0] == '/' || slash == NULL)
		return strdup(name);
	if (asprintf(&path, "%.*s/%s", (int)(slash - policy_file), policy_file, name) < 0)
		return NULL;
	return path;
}

const char *
conf_chmod(const char *file, char *buf, size_t n)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@";
	const char *quote = file[strspn(file, plain)] == '\0' ? "" : "'";
	const char *dashes = file[0] == '-' ? "-- " : "";

	(void)snprintf(buf, n, "chmod o-r %s%s%s%s", dashes, quote, file, quote);
	return buf;
}
