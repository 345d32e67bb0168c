/*
 * shim.c - preloaded into charon on kernels without ESP and AH.
 *
 * charon's kernel-netlink plugin negotiates AH, transport mode and plain port 500, which kernel-
 * libipsec
 * cannot; but without ESP in the kernel each SA that it adds is refused ("protocol not supported",
 * or "not
 * implemented" for an algorithm), and charon withdraws the CHILD_SA.  Here these two refusals
 * become a success.  No packet is protected by such an
 * SA: only the negotiation is under test.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

static int
is_xfrm_socket(int fd)
{
	int       protocol = -1, domain = -1;
	socklen_t n = sizeof protocol, m = sizeof domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &m) != 0 || domain != AF_NETLINK)
		return 0;
	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &n) == 0 &&
	    protocol == NETLINK_XFRM;
}

static void
forgive(void *buf, size_t len)
{
	struct nlmsghdr *h = buf;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		struct nlmsgerr *e = NLMSG_DATA(h);

		if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof *e) &&
		    (e->error == -EPROTONOSUPPORT || e->error == -ENOSYS))
			e->error = 0;
	}
}

ssize_t recv(int fd, void *buf, size_t size, int flags);

ssize_t
recv(int fd, void *buf, size_t size, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);
	ssize_t        n;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "recv");
	n = real(fd, buf, size, flags);
	if (n > 0 && is_xfrm_socket(fd) && (flags & MSG_PEEK) == 0)
		forgive(buf, (size_t)n);
	return n;
}
