/* unixsock.c - the control socket's file: made, replaced when stale, refused when alive. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/unixsock.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

static enum ike_err
make_folder(const char *path, uid_t uid, gid_t gid, struct why *w)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *folder;

	(void)memcpy(copy, path, strlen(path) + 1);
	folder = dirname(copy);
	if (mkdir(folder, 0755) != 0) {
		if (errno == EEXIST)
			return IKE_OK;
		return why(w, IKE_E_SYS,
		    "control socket %s: cannot make %s: %s; give control.socket a place that may "
		    "be written to",
		    path, folder, strerror(errno));
	}
	/* Without the owner the socket still works; it only cannot be removed at the end. */
	if (uid != (uid_t)-1 && chown(folder, uid, gid) != 0)
		return why(w, IKE_E_SYS, "control socket %s: chown %s: %s", path, folder,
		    strerror(errno));
	return IKE_OK;
}

/* Remove a socket that nobody answers on; refuse anything else in its place. */
static enum ike_err
clear_way(const struct sockaddr_un *sun, struct why *w)
{
	const char *path = sun->sun_path;
	struct stat st;
	int fd, r;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ?
		    IKE_OK :
		    why(w, IKE_E_SYS, "control socket %s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return why(w, IKE_E_SYS,
		    "control socket %s: a file that is no socket is in its place", path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return why(w, IKE_E_SYS, "control socket: %s", strerror(errno));
	r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	close(fd);
	if (r == 0 || errno == EAGAIN)
		return why(w, IKE_E_SYS,
		    "another ikev1d answers on %s; stop it, or give control.socket another name",
		    path);
	if (errno != ECONNREFUSED)
		return why(w, IKE_E_SYS, "control socket %s: somebody else's: %s", path,
		    strerror(errno));
	if (unlink(path) != 0)
		return why(w, IKE_E_SYS, "control socket %s: cannot remove the stale one: %s", path,
		    strerror(errno));
	return IKE_OK;
}

static enum ike_err
bind_here(int fd, const struct sockaddr_un *sun, uid_t uid, gid_t gid, struct why *w)
{
	const char *path = sun->sun_path;
	mode_t before = umask(0177); /* never open to others, not even for a moment */
	int r = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));

	umask(before);
	if (r != 0)
		return why(w, IKE_E_SYS,
		    "control socket %s: %s; give control.socket a place that may be written to",
		    path, strerror(errno));
	if ((uid != (uid_t)-1 && chown(path, uid, gid) != 0) || chmod(path, 0660) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		(void)why(w, IKE_E_SYS, "control socket %s: %s", path, strerror(errno));
		unlink(path);
		return IKE_E_SYS;
	}
	return IKE_OK;
}

int
unixsock_listen(const char *path, uid_t uid, gid_t gid, struct why *w)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		(void)why(w, IKE_E_CONF, "control socket: name longer than %zu octets: %s",
		    sizeof(sun.sun_path) - 1, path);
		return -1;
	}
	(void)memcpy(sun.sun_path, path, strlen(path) + 1);
	if (make_folder(path, uid, gid, w) != IKE_OK || clear_way(&sun, w) != IKE_OK)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		(void)why(w, IKE_E_SYS, "control socket: %s", strerror(errno));
		return -1;
	}
	if (bind_here(fd, &sun, uid, gid, w) != IKE_OK) {
		close(fd);
		return -1;
	}
	return fd;
}

uid_t
unixsock_peer_uid(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
		return (uid_t)-1;
	return who.uid;
}
