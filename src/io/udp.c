/* udp.c - the daemon's UDP sockets: binding, steering, batches in, datagrams out. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/udp.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/deadline.h"
#include "io_local.h"

#define DATAGRAM_MAX   65536
#define RECEIVE_BUFFER (4 << 20)
#define COMPLAIN_MS    10000
#define PATIENCE_MS    20

union control { /* room for the address a datagram was sent to */
	struct cmsghdr align;
	uint8_t	       v4[CMSG_SPACE(sizeof(struct in_pktinfo))];
	uint8_t	       v6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp_sockets {
	size_t		 count; /* groups */
	unsigned	 workers;
	struct udp_bind *binds;
	int		*fds; /* [group * workers + worker] */
};

struct door { /* one socket of a worker */
	struct udp     *udp;
	struct udp_bind bind;
	int		fd; /* of struct udp_sockets */
	struct event   *ev;
};

struct udp {
	struct udp_receiver receiver;
	struct udp_stats    stats;
	uint64_t	    complained_ms;
	bool		    patient;
	struct mmsghdr	    msgs[UDP_BATCH];
	struct iovec	    iov[UDP_BATCH];
	union control	    control[UDP_BATCH];
	struct sockaddr_storage from[UDP_BATCH];
	uint8_t		   *buffer; /* UDP_BATCH * DATAGRAM_MAX; pages nobody wrote cost nothing */
	size_t		    count;
	struct door	    doors[];
};

/* ---- binding ---- */

static int
option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int
prepare(int fd, int family, bool group)
{
	if (family == AF_INET6 && option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
		return -1;
	if (!group)
		return 0;
	if (option(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	if (option(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER) != 0)
		(void)option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	/* Big messages (certificates, group 18) are fragmented by IP rather than refused. */
	if (family == AF_INET6)
		return option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT) != 0 ||
			option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) != 0 ?
		    -1 :
		    0;
	return option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT) != 0 ||
		option(fd, IPPROTO_IP, IP_PKTINFO, 1) != 0 ?
	    -1 :
	    0;
}

/* A bound socket, or -1 with errno. */
static int
bound_socket(const struct endpoint *ep, bool group)
{
	struct sockaddr_storage ss;
	socklen_t n = endpoint_to_sockaddr(ep, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), saved;

	if (fd < 0)
		return -1;
	if (prepare(fd, ss.ss_family, group) == 0 && bind(fd, (struct sockaddr *)&ss, n) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static enum ike_err
cannot_bind(struct why *w, const struct endpoint *ep)
{
	char text[ENDPOINT_TEXT];
	int e = errno;

	(void)endpoint_print(ep, text, sizeof(text));
	switch (e) {
	case EADDRINUSE:
		return why(w, IKE_E_SYS,
		    "UDP %s: in use by another program; \"ss -ulpn sport = :%u\" names it, "
		    "stop it (strongSwan: systemctl stop strongswan-starter)",
		    text, ep->port);
	case EACCES:
		return why(w, IKE_E_SYS,
		    "UDP %s: not permitted to use a port below 1024; start as root, "
		    "or set listen.port and listen.nat_t_port to high ports",
		    text);
	case EADDRNOTAVAIL:
		return why(w, IKE_E_SYS,
		    "UDP %s: no interface has this address; add it (ip address add), "
		    "or correct listen.addresses",
		    text);
	default:
		return why(w, IKE_E_SYS, "UDP %s: %s", text, strerror(e));
	}
}

/*
 * SO_REUSEPORT would let us join the group of another ikev1d of the same user and take half of its
 * datagrams, so see first whether an ordinary socket could be bound.  All of them before the first
 * group exists: ours may overlap (0.0.0.0 and 127.0.0.1).
 */
static enum ike_err
probe(const struct udp_bind *binds, size_t count, struct why *w)
{
	for (size_t i = 0; i < count; i++) {
		int fd = bound_socket(&binds[i].local, false);

		if (fd < 0)
			return cannot_bind(w, &binds[i].local);
		close(fd);
	}
	return IKE_OK;
}

/* The sockets of one group; the order of binding is the order the program's numbers mean. */
static enum ike_err
bind_group(const struct udp_bind *b, int *fds, unsigned workers, struct why *w)
{
	char text[ENDPOINT_TEXT];

	for (unsigned i = 0; i < workers; i++) {
		fds[i] = bound_socket(&b->local, true);
		if (fds[i] < 0)
			return cannot_bind(w, &b->local);
		if (i == 0 &&
		    steer_attach(fds[0], b->nat_t, b->local.addr.family == ADDR_V6, workers) != 0)
			return why(w, IKE_E_SYS, "UDP %s: SO_ATTACH_REUSEPORT_CBPF: %s",
			    endpoint_print(&b->local, text, sizeof(text)), strerror(errno));
	}
	return IKE_OK;
}

struct udp_sockets *
udp_open(const struct udp_bind *binds, size_t count, unsigned workers, struct why *w)
{
	struct udp_sockets *s = calloc(1, sizeof(*s));
	enum ike_err e;

	if (s == NULL) {
		(void)why(w, IKE_E_NOMEM, "sockets");
		return NULL;
	}
	s->workers = workers;
	s->binds = calloc(count, sizeof(*binds));
	s->fds = calloc(count * workers, sizeof(*s->fds));
	if (s->binds == NULL || s->fds == NULL) {
		(void)why(w, IKE_E_NOMEM, "sockets");
		udp_close(s);
		return NULL;
	}
	s->count = count;
	memcpy(s->binds, binds, count * sizeof(*binds));
	memset(s->fds, 0xff, count * workers * sizeof(*s->fds)); /* -1 */
	e = probe(binds, count, w);
	for (size_t i = 0; i < count && e == IKE_OK; i++)
		e = bind_group(&binds[i], s->fds + i * workers, workers, w);
	if (e != IKE_OK) {
		udp_close(s);
		return NULL;
	}
	return s;
}

void
udp_close(struct udp_sockets *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count * s->workers; i++) {
		if (s->fds[i] >= 0)
			close(s->fds[i]);
	}
	free(s->fds);
	free(s->binds);
	free(s);
}

/* ---- receiving ---- */

/* The address a datagram was sent to, as the kernel tells it. */
static struct addr
dialled(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return addr_from_octets(CHUNK((const uint8_t *)&info.ipi_spec_dst, 4));
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return addr_from_octets(CHUNK((const uint8_t *)&info.ipi6_addr, 16));
		}
	}
	return (struct addr){.family = ADDR_NONE};
}

static void
deliver(struct door *d, struct mmsghdr *m, const struct sockaddr_storage *from, const uint8_t *data)
{
	struct udp *u = d->udp;
	struct path path = {.local = d->bind.local, .marker = d->bind.nat_t};

	path.local.addr = dialled(&m->msg_hdr);
	path.remote = endpoint_from_sockaddr((const struct sockaddr *)from);
	/* The kernel gives a scope with link-local addresses only. */
	if (from->ss_family == AF_INET6)
		path.link = ((const struct sockaddr_in6 *)from)->sin6_scope_id;
	if ((m->msg_hdr.msg_flags & MSG_TRUNC) != 0 || path.local.addr.family == ADDR_NONE ||
	    path.remote.addr.family == ADDR_NONE || path.remote.port == 0) {
		u->stats.recv_errors++;
		return;
	}
	u->receiver.datagram(u->receiver.ctx, &path, CHUNK(data, m->msg_len));
}

/* One bounded batch; what is left wakes us again, after the other sockets had their turn. */
static void
readable(evutil_socket_t fd, short what, void *arg)
{
	struct door *d = arg;
	struct udp *u = d->udp;
	int n;

	(void)what;
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		u->iov[i].iov_base = u->buffer + (size_t)i * DATAGRAM_MAX;
		u->iov[i].iov_len = DATAGRAM_MAX;
		u->msgs[i].msg_hdr = (struct msghdr){
		    .msg_name = &u->from[i],
		    .msg_namelen = sizeof(u->from[i]),
		    .msg_iov = &u->iov[i],
		    .msg_iovlen = 1,
		    .msg_control = &u->control[i],
		    .msg_controllen = sizeof(u->control[i]),
		};
	}
	n = recvmmsg(fd, u->msgs, UDP_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			u->stats.recv_errors++;
		return;
	}
	for (int i = 0; i < n; i++)
		deliver(d, &u->msgs[i], &u->from[i], u->iov[i].iov_base);
	u->receiver.batch_end(u->receiver.ctx);
}

struct udp *
udp_attach(struct udp_sockets *s, unsigned worker, struct loop *loop, const struct udp_receiver *r)
{
	struct udp *u = calloc(1, sizeof(*u) + s->count * sizeof(u->doors[0]));

	if (u == NULL)
		return NULL;
	u->receiver = *r;
	u->buffer = malloc((size_t)UDP_BATCH * DATAGRAM_MAX);
	for (size_t i = 0; i < s->count && u->buffer != NULL; i++) {
		struct door *d = &u->doors[i];

		d->udp = u;
		d->bind = s->binds[i];
		d->fd = s->fds[i * s->workers + worker];
		d->ev = event_new(loop_base(loop), d->fd, EV_READ | EV_PERSIST, readable, d);
		if (d->ev == NULL || event_add(d->ev, NULL) != 0)
			break;
		u->count++;
	}
	if (u->count < s->count) {
		udp_detach(u);
		return NULL;
	}
	return u;
}

void
udp_detach(struct udp *u)
{
	if (u == NULL)
		return;
	for (size_t i = 0; i < u->count; i++)
		event_free(u->doors[i].ev);
	free(u->buffer);
	free(u);
}

/* ---- sending ---- */

/* The socket bound to exactly this address, else the one bound to all addresses of the family. */
static const struct door *
door_for(const struct udp *u, const struct endpoint *local)
{
	const struct door *any = NULL;

	for (size_t i = 0; i < u->count; i++) {
		const struct endpoint *b = &u->doors[i].bind.local;

		if (b->port != local->port || b->addr.family != local->addr.family)
			continue;
		if (addr_eq(&b->addr, &local->addr))
			return &u->doors[i];
		if (addr_is_any(&b->addr))
			any = &u->doors[i];
	}
	return any;
}

/* Have the datagram leave from this address. */
static void
set_source(struct msghdr *m, union control *room, const struct addr *from, unsigned link)
{
	struct cmsghdr *c = &room->align;
	struct chunk octets = addr_octets(from);

	memset(room, 0, sizeof(*room));
	m->msg_control = room;
	if (from->family == ADDR_V6) {
		struct in6_pktinfo info = {.ipi6_ifindex = link};

		m->msg_controllen = sizeof(room->v6);
		memcpy(&info.ipi6_addr, octets.p, octets.n);
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in_pktinfo info = {.ipi_ifindex = 0};

		m->msg_controllen = sizeof(room->v4);
		memcpy(&info.ipi_spec_dst, octets.p, octets.n);
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

static void
send_failed(struct udp *u, const struct path *path, int e)
{
	struct log_who who = {.peer = path->remote.addr};
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];
	uint64_t now = deadline_now_ms();

	u->stats.send_errors++;
	if (u->complained_ms != 0 && now - u->complained_ms < COMPLAIN_MS)
		return;
	u->complained_ms = now;
	LOG(DAEMON_ERROR, &who, "cannot send from %s to %s: %s",
	    endpoint_print(&path->local, local, sizeof(local)),
	    endpoint_print(&path->remote, remote, sizeof(remote)), strerror(e));
}

void
udp_send(struct udp *u, const struct path *path, struct chunk datagram)
{
	const struct door *d = door_for(u, &path->local);
	struct iovec iov = {.iov_base = (uint8_t *)(uintptr_t)datagram.p, .iov_len = datagram.n};
	struct sockaddr_storage to;
	struct msghdr m = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1};
	struct pollfd wait = {.events = POLLOUT};
	union control room;
	ssize_t sent;

	if (d == NULL) {
		send_failed(u, path, EADDRNOTAVAIL);
		return;
	}
	m.msg_namelen = endpoint_to_sockaddr(&path->remote, &to);
	if (!addr_is_any(&path->local.addr))
		set_source(&m, &room, &path->local.addr, path->link);
	sent = sendmsg(d->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno == EAGAIN && u->patient) {
		wait.fd = d->fd;
		(void)poll(&wait, 1, PATIENCE_MS);
		sent = sendmsg(d->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (sent < 0)
		send_failed(u, path, errno);
}

void
udp_send_ttl(struct udp *u, const struct path *path, struct chunk datagram, uint8_t ttl)
{
	const struct door *d = door_for(u, &path->local);
	bool v6 = path->local.addr.family == ADDR_V6;
	int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP, name = v6 ? IPV6_UNICAST_HOPS : IP_TTL;
	int hops = ttl, usual = -1; /* -1: the system's default */

	if (d != NULL)
		(void)setsockopt(d->fd, level, name, &hops, sizeof(hops));
	udp_send(u, path, datagram);
	if (d != NULL)
		(void)setsockopt(d->fd, level, name, &usual, sizeof(usual));
}

void
udp_be_patient(struct udp *u)
{
	u->patient = true;
}

struct udp_stats
udp_stats(const struct udp *u)
{
	return u->stats;
}
