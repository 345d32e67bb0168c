/* talk.c - ikev1ctl's connection to the daemon. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli_local.h"

/* Connected, or -1 with errno. */
static int
try_path(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd, saved;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void
explain(const char *path, int e)
{
	fprintf(stderr, "ikev1ctl: %s: %s\n", path, strerror(e));
	switch (e) {
	case ENOENT:
	case ECONNREFUSED:
		fprintf(stderr,
		    "ikev1ctl: no ikev1d listens there; start it (systemctl start ikev1d, "
		    "or ikev1d --builtin), or name its control.socket with -s\n");
		break;
	case EACCES:
	case EPERM:
		fprintf(stderr,
		    "ikev1ctl: the socket belongs to the daemon's user and group; use "
		    "sudo, or join that group\n");
		break;
	default:
		break;
	}
}

bool
talk_open(struct talk *t, const char *path)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int e;

	proto_lines_init(&t->lines, 0);
	t->path = path != NULL ? path : getenv("IKEV1CTL_SOCKET");
	if (t->path != NULL) {
		t->fd = try_path(t->path);
		e = errno;
	} else {
		t->path = PROTO_SOCKET;
		t->fd = try_path(t->path);
		e = errno;
		if (t->fd < 0 && (e == ENOENT || e == ECONNREFUSED) && runtime != NULL &&
		    snprintf(t->path_buf, sizeof(t->path_buf), "%s/" PROTO_SOCKET_USER, runtime) <
			(int)sizeof(t->path_buf) &&
		    (t->fd = try_path(t->path_buf)) >= 0)
			t->path = t->path_buf;
	}
	if (t->fd < 0)
		explain(t->path, e);
	return t->fd >= 0;
}

void
talk_close(struct talk *t)
{
	close(t->fd);
	proto_lines_fini(&t->lines);
}

bool
talk_send(struct talk *t, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT), *line;
	size_t n, sent = 0;

	if (text == NULL)
		return false;
	n = strlen(text);
	if ((line = realloc(text, n + 1)) == NULL) {
		free(text);
		return false;
	}
	line[n++] = '\n';
	while (sent < n) {
		ssize_t r = send(t->fd, line + sent, n - sent, MSG_NOSIGNAL);

		if (r < 0 && errno != EINTR)
			break;
		if (r > 0)
			sent += (size_t)r;
	}
	free(line);
	return sent == n;
}

json_t *
talk_receive(struct talk *t)
{
	char piece[16384], *line;

	while ((line = proto_lines_next(&t->lines)) == NULL) {
		ssize_t r = recv(t->fd, piece, sizeof(piece), 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0 || !proto_lines_put(&t->lines, piece, (size_t)r))
			return NULL;
	}
	return json_loads(line, 0, NULL);
}
