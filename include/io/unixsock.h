/* io/unixsock.h - the listening end of the control socket in the file system. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_UNIXSOCK_H
#define IO_UNIXSOCK_H

#include <sys/types.h>

#include "base/err.h"

/*
 * Listen on path with mode 0660, owner and group as given ((uid_t)-1: unchanged).  The last folder
 * of path is made if absent, with the same owner.  A socket nobody answers on is replaced; one that
 * answers, or a file of another kind, is refused.  The descriptor, or -1 and why.
 */
int unixsock_listen(const char *path, uid_t, gid_t, struct why *);

/* Who is at the other end, (uid_t)-1 if the system cannot tell. */
uid_t unixsock_peer_uid(int fd);

#endif
