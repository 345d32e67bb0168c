/* capture.c - packets of all workers into one file by one thread, and the place where it stands. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "io/keyexport.h"
#include "io/pcapng.h"
#include "io_local.h"

#define WAITING_MAX (16u << 20) /* octets handed over and not yet written */
#define NAME_OCTETS 240

struct packet {
	STAILQ_ENTRY(packet) link;
	size_t n;
	uint8_t b[];
};
STAILQ_HEAD(packets, packet);

struct capture {
	struct capture_conf conf;
	char *file, *whom; /* conf's texts */
	char real[PATH_MAX]; /* of the folder */
	char name[NAME_OCTETS]; /* of the file in it */
	int folder, fd;
	uint64_t at; /* octets in the file at hand */
	struct keyexport *keys;
	pthread_t thread;
	bool joined;
	pthread_mutex_t lock;
	pthread_cond_t more;
	/* From here on under the lock. */
	struct packets waiting;
	size_t waiting_octets;
	bool end;
	int failed; /* errno */
	struct capture_info info;
};

/* ---- the place ---- */

static const char *
our_name(char *buf, size_t n)
{
	const struct passwd *pw = getpwuid(geteuid());

	if (pw != NULL)
		snprintf(buf, n, "%s", pw->pw_name);
	else
		snprintf(buf, n, "%u", (unsigned)geteuid());
	return buf;
}

/* Where the mistake is that whoever runs the daemon may not write there, say who that is. */
static enum ike_err
no_place(struct why *w, const char *file, const char *reason)
{
	char user[40], folder[160];
	const char *slash = strrchr(file, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash > file ? (int)(slash - file) : 1, file);
	(void)our_name(user, sizeof(user));
	return why(w, IKE_E_CONF,
	    "capture: %s; the daemon runs as user %s: install -d -m 0700 -o %s %s", reason, user,
	    user, folder);
}

/* Nobody else can put another directory, or another file, in its place. */
static bool
ours_alone(const struct stat *st, bool last)
{
	bool others_write = (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;

	return S_ISDIR(st->st_mode) && (st->st_uid == geteuid() || st->st_uid == 0) &&
	    (!others_write || (!last && (st->st_mode & S_ISVTX) != 0));
}

static bool
way_is_safe(const char *real)
{
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 1; real[i] != '\0'; i++) {
		if (real[i] != '/')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)i, real);
		if (stat(path, &st) != 0 || !ours_alone(&st, false))
			return false;
	}
	return stat("/", &st) == 0 && ours_alone(&st, false);
}

static enum ike_err
open_folder(struct capture *c, struct why *w)
{
	const char *slash = strrchr(c->file, '/');
	char path[PATH_MAX];
	struct stat st;

	if (c->file[0] != '/')
		return why(w, IKE_E_CONF, "capture %.100s: an absolute path is wanted", c->file);
	if (slash[1] == '\0' || strlen(slash + 1) + 12 > sizeof(c->name) ||
	    slash - c->file >= PATH_MAX)
		return why(w, IKE_E_CONF, "capture %.100s: a file's name is wanted", c->file);
	snprintf(c->name, sizeof(c->name), "%s", slash + 1);
	snprintf(path, sizeof(path), "%.*s", (int)(slash - c->file + 1), c->file);
	if (realpath(path, c->real) == NULL)
		return no_place(w, c->file, strerror(errno));
	c->folder = open(c->real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->folder < 0 || fstat(c->folder, &st) != 0)
		return no_place(w, c->file, strerror(errno));
	if (!ours_alone(&st, true))
		return no_place(w, c->file, "others can write into that folder");
	if (!way_is_safe(c->real))
		return no_place(w, c->file, "others can put another folder in its place");
	return IKE_OK;
}

static const char *
older_name(const struct capture *c, unsigned i, char *buf, size_t n)
{
	if (i == 0)
		snprintf(buf, n, "%s", c->name);
	else
		snprintf(buf, n, "%s.%u", c->name, i);
	return buf;
}

/* What an earlier capture left is not written over. */
static enum ike_err
names_are_free(const struct capture *c, struct why *w)
{
	static const char *const taken[] = {"ikev1_decryption_table", "esp_sa", "preferences"};
	char name[NAME_OCTETS + 12];
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		if (strcmp(c->name, taken[i]) == 0)
			return why(w, IKE_E_CONF, "capture %.100s: %s is Wireshark's", c->file,
			    taken[i]);
	}
	for (unsigned i = 0; i < c->conf.files; i++) {
		if (fstatat(c->folder, older_name(c, i, name, sizeof(name)), &st,
			AT_SYMLINK_NOFOLLOW) == 0)
			return why(w, IKE_E_CONF,
			    "capture %.100s: %s is there already; remove it, or take another name",
			    c->file, name);
	}
	return IKE_OK;
}

/* ---- the file ---- */

static int
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno != EINTR)
			return errno;
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

/* 0, or errno */
static int
begin_file(struct capture *c)
{
	uint8_t head[PCAPNG_HEAD_MAX];
	size_t n = pcapng_head(head, sizeof(head), "ikev1d " IKEV1D_VERSION);

	c->fd = openat(c->folder, c->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600);
	c->at = n;
	if (c->fd < 0 || fchmod(c->fd, 0600) != 0)
		return errno;
	return write_all(c->fd, head, n);
}

/* FILE becomes FILE.1, FILE.1 becomes FILE.2 ...; the oldest goes. */
static int
rotate(struct capture *c)
{
	char from[NAME_OCTETS + 12], to[NAME_OCTETS + 12];

	close(c->fd);
	c->fd = -1;
	if (c->conf.files == 1 && unlinkat(c->folder, c->name, 0) != 0)
		return errno;
	for (unsigned i = c->conf.files - 1; i > 0; i--) {
		if (renameat(c->folder, older_name(c, i - 1, from, sizeof(from)), c->folder,
			older_name(c, i, to, sizeof(to))) != 0 &&
		    (errno != ENOENT || i == 1))
			return errno;
	}
	return begin_file(c);
}

static int
write_packet(struct capture *c, const struct packet *p, bool *rotated)
{
	uint64_t limit = c->conf.kilobytes * UINT64_C(1024);
	int e = 0;

	*rotated = limit != 0 && c->at + p->n > limit && c->at > PCAPNG_HEAD_MAX;
	if (*rotated)
		e = rotate(c);
	if (e == 0)
		e = write_all(c->fd, p->b, p->n);
	c->at += p->n;
	return e;
}

/* ---- the writer ---- */

static void
failed(struct capture *c, int e)
{
	c->failed = e;
	LOG(DAEMON_ERROR, NULL, "capture %s: %s; nothing more is written", c->file, strerror(e));
}

static void
account(struct capture *c, const struct packet *p, int e, bool rotated)
{
	pthread_mutex_lock(&c->lock);
	if (e != 0 && c->failed == 0)
		failed(c, e);
	c->info.lost += e != 0;
	c->info.packets += e == 0;
	c->info.octets += e == 0 ? p->n : 0;
	c->info.rotated += rotated && e == 0;
	pthread_mutex_unlock(&c->lock);
}

static void
write_packets(struct capture *c, struct packets *list)
{
	struct packet *p;

	while ((p = STAILQ_FIRST(list)) != NULL) {
		bool rotated = false;
		int e = c->failed != 0 ? c->failed : write_packet(c, p, &rotated);

		STAILQ_REMOVE_HEAD(list, link);
		account(c, p, e, rotated);
		free(p);
	}
}

static void *
writer(void *arg)
{
	struct capture *c = arg;
	struct packets list;
	bool end = false;

	(void)pthread_setname_np(pthread_self(), "capture");
	while (!end) {
		STAILQ_INIT(&list);
		pthread_mutex_lock(&c->lock);
		while (STAILQ_EMPTY(&c->waiting) && !c->end)
			pthread_cond_wait(&c->more, &c->lock);
		STAILQ_CONCAT(&list, &c->waiting);
		c->waiting_octets = 0;
		end = c->end;
		pthread_mutex_unlock(&c->lock);
		write_packets(c, &list);
	}
	return NULL;
}

/* Signals are the main thread's. */
static int
start_writer(struct capture *c)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	e = pthread_create(&c->thread, NULL, writer, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}

/* ---- from the workers ---- */

bool
capture_wants(const struct capture *c, const struct path *path)
{
	return (c->conf.peer.addr.family == ADDR_NONE ||
		   prefix_has(&c->conf.peer, &path->remote.addr)) &&
	    (c->conf.local.addr.family == ADDR_NONE ||
		prefix_has(&c->conf.local, &path->local.addr));
}

static void
hand_over(struct capture *c, struct packet *p)
{
	bool room;

	pthread_mutex_lock(&c->lock);
	room = p != NULL && p->n != 0 && c->waiting_octets + p->n <= WAITING_MAX;
	if (room) {
		STAILQ_INSERT_TAIL(&c->waiting, p, link);
		c->waiting_octets += p->n;
		pthread_cond_signal(&c->more);
	} else {
		c->info.lost++;
	}
	pthread_mutex_unlock(&c->lock);
	if (!room)
		free(p);
}

static void
packet(struct capture *c, const struct path *path, bool sent, struct chunk datagram,
    const char *comment)
{
	size_t cap = datagram.n + PCAPNG_PACKET_MORE + (comment != NULL ? strlen(comment) + 8 : 0);
	struct timespec now;
	struct packet *p = malloc(sizeof(*p) + cap);

	clock_gettime(CLOCK_REALTIME, &now);
	if (p != NULL)
		p->n = pcapng_packet(p->b, cap, path, sent, datagram, &now, comment);
	hand_over(c, p);
}

void
capture_packet(struct capture *c, const struct path *path, bool sent, struct chunk datagram)
{
	if (capture_wants(c, path))
		packet(c, path, sent, datagram, NULL);
}

void
capture_isakmp_sa(struct capture *c, const struct ike_key_info *k)
{
	uint8_t room[PROLOGUE_MAX];

	if (!capture_wants(c, &k->path))
		return;
	keyexport_isakmp(c->keys, k->cky_i, k->key);
	for (unsigned i = 1; i <= PROLOGUE_MESSAGES; i++)
		packet(c, &k->path, i % 2 == 0 || i == PROLOGUE_MESSAGES,
		    prologue_message(k, i, room),
		    "Made up by ikev1d: this SA is older than the capture; from this Wireshark "
		    "learns what it needs to decrypt what follows.");
}

struct keyexport *
capture_keys(struct capture *c)
{
	return c->keys;
}

struct capture_info
capture_info(struct capture *c)
{
	struct capture_info info;

	pthread_mutex_lock(&c->lock);
	info = c->info;
	info.failed = c->failed != 0 ? strerrordesc_np(c->failed) : NULL;
	pthread_mutex_unlock(&c->lock);
	return info;
}

/* ---- its life ---- */

/* ESP is decrypted only when Wireshark is told to; preferences that stand there are the user's. */
static void
write_preferences(const struct capture *c)
{
	static const char text[] = "# Written by ikev1d beside a capture.\n"
				   "esp.enable_encryption_decode: TRUE\n"
				   "esp.enable_authentication_check: TRUE\n";
	int fd = openat(c->folder, "preferences",
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)write_all(fd, (const uint8_t *)text, sizeof(text) - 1);
	close(fd);
}

static enum ike_err
open_keys(struct capture *c, struct why *w)
{
	struct why inner = {0};

	c->keys = keyexport_open(c->real, &inner);
	return c->keys != NULL ? IKE_OK :
				 why(w, IKE_E_SYS, "capture %.100s: %.200s", c->file, inner.text);
}

static void
release(struct capture *c)
{
	keyexport_close(c->keys);
	if (c->fd >= 0)
		close(c->fd);
	if (c->folder >= 0)
		close(c->folder);
	pthread_cond_destroy(&c->more);
	pthread_mutex_destroy(&c->lock);
	free(c->file);
	free(c->whom);
	free(c);
}

static enum ike_err
open_files(struct capture *c, struct why *w)
{
	int e;

	if (open_folder(c, w) != IKE_OK || names_are_free(c, w) != IKE_OK)
		return w->code;
	if ((e = begin_file(c)) != 0)
		return no_place(w, c->file, strerror(e));
	if (open_keys(c, w) == IKE_OK && (e = start_writer(c)) == 0) {
		write_preferences(c);
		return IKE_OK;
	}
	(void)unlinkat(c->folder, c->name, 0);
	return c->keys == NULL ? w->code : why(w, IKE_E_SYS, "capture: %s", strerror(e));
}

struct capture *
capture_open(const struct capture_conf *conf, struct why *w)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		(void)why(w, IKE_E_NOMEM, "capture");
		return NULL;
	}
	c->conf = *conf;
	c->folder = c->fd = -1;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->more, NULL);
	STAILQ_INIT(&c->waiting);
	c->conf.file = c->info.file = c->file = strdup(conf->file);
	c->conf.whom = c->info.whom = c->whom = strdup(conf->whom);
	clock_gettime(CLOCK_REALTIME, &c->info.since);
	if (c->file == NULL || c->whom == NULL)
		(void)why(w, IKE_E_NOMEM, "capture");
	else if (open_files(c, w) == IKE_OK)
		return c;
	release(c);
	return NULL;
}

void
capture_flush(struct capture *c)
{
	if (c->joined)
		return;
	pthread_mutex_lock(&c->lock);
	c->end = true;
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	c->joined = true;
}

void
capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	capture_flush(c);
	release(c);
}
