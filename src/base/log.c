/*
 * base/log.c - sinks, escaping, and the brake for lines that anybody can provoke.
 *
 * A line is formatted on the caller's stack without the lock and written with one system call
 * under it.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/hexdump.h"
#include "base/names.h"

#define TEXT_MAX   2048 /* octets of a text before escaping; longer ones are cut */
#define PREFIX_MAX 320
#define FULL_MAX   (PREFIX_MAX + 4096)
#define IDENT	   "ikev1d"

static struct {
	pthread_mutex_t	lock;
	struct log_conf conf; /* conf.file is ours */
	int		fd;   /* of LOG_T_FILE, -1 otherwise */
	bool		syslog_open;
	log_json_fn    *json;
	log_hook_fn    *hook;
	void	       *hook_ctx;
	enum log_level	hook_level;
	time_t		second; /* what clock[] holds */
	char		clock[32], zone[8];
} state = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .conf = {.target = LOG_T_STDERR, .level = LOG_L_NOTICE, .facility = LOG_DAEMON},
    .fd = -1,
};

atomic_int log_gate = LOG_L_NOTICE;

static const int priorities[LOG_L_COUNT] = {LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG};

static const struct name facilities[] = {
    {LOG_AUTH, "auth"},	    {LOG_AUTHPRIV, "authpriv"}, {LOG_CRON, "cron"},
    {LOG_DAEMON, "daemon"}, {LOG_FTP, "ftp"},		{LOG_LPR, "lpr"},
    {LOG_MAIL, "mail"},	    {LOG_NEWS, "news"},		{LOG_SYSLOG, "syslog"},
    {LOG_USER, "user"},	    {LOG_UUCP, "uucp"},		{LOG_LOCAL0, "local0"},
    {LOG_LOCAL1, "local1"}, {LOG_LOCAL2, "local2"},	{LOG_LOCAL3, "local3"},
    {LOG_LOCAL4, "local4"}, {LOG_LOCAL5, "local5"},	{LOG_LOCAL6, "local6"},
    {LOG_LOCAL7, "local7"}, {0, NULL},
};

int
log_facility(const char *word)
{
	long v;

	return names_value(facilities, word, &v) ? (int)v : -1;
}

bool
log_level_parse(const char *word, enum log_level *out)
{
	for (int l = 0; l < LOG_L_COUNT; l++) {
		if (strcmp(event_level_name((enum log_level)l), word) == 0) {
			*out = (enum log_level)l;
			return true;
		}
	}
	return false;
}

/* The gate is as wide as the wider of sink and hook; call with the lock held. */
static void
gate_set(void)
{
	int gate = state.conf.target == LOG_T_NONE ? -1 : (int)state.conf.level;

	if (state.hook != NULL && (int)state.hook_level > gate)
		gate = (int)state.hook_level;
	atomic_store_explicit(&log_gate, gate, memory_order_relaxed);
}

static int
file_open(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

/* Replace the sink; call with the lock held. fd and file become ours. */
static void
sink_set(const struct log_conf *c, int fd, char *file)
{
	if (state.fd >= 0)
		close(state.fd);
	free((char *)(uintptr_t)state.conf.file);
	state.conf = *c;
	state.conf.file = file;
	state.fd = fd;
	if (c->target == LOG_T_SYSLOG && !state.syslog_open) {
		openlog(IDENT, LOG_PID | LOG_NDELAY, LOG_DAEMON);
		state.syslog_open = true;
	}
	gate_set();
}

enum ike_err
log_open(const struct log_conf *c, struct why *w)
{
	char *file = NULL;
	int fd = -1;

	if (c->target == LOG_T_FILE) {
		if (c->file == NULL)
			return why(w, IKE_E_CONF, "log target \"file\" wants a file name");
		if ((file = strdup(c->file)) == NULL)
			return why(w, IKE_E_NOMEM, "log file name");
		if ((fd = file_open(file)) < 0) {
			free(file);
			return why(w, IKE_E_SYS, "%s: %s", c->file, strerror(errno));
		}
	}
	pthread_mutex_lock(&state.lock);
	sink_set(c, fd, file);
	pthread_mutex_unlock(&state.lock);
	return IKE_OK;
}

void
log_close(void)
{
	struct log_conf c = {.target = LOG_T_STDERR, .level = LOG_L_NOTICE, .facility = LOG_DAEMON};

	pthread_mutex_lock(&state.lock);
	sink_set(&c, -1, NULL);
	if (state.syslog_open)
		closelog();
	state.syslog_open = false;
	state.second = 0;
	pthread_mutex_unlock(&state.lock);
}

void
log_reopen(void)
{
	int fd;

	pthread_mutex_lock(&state.lock);
	if (state.conf.target == LOG_T_FILE && (fd = file_open(state.conf.file)) >= 0) {
		close(state.fd);
		state.fd = fd;
	}
	pthread_mutex_unlock(&state.lock);
}

void
log_set_level(enum log_level l)
{
	pthread_mutex_lock(&state.lock);
	state.conf.level = l;
	gate_set();
	pthread_mutex_unlock(&state.lock);
}

enum log_level
log_get_level(void)
{
	enum log_level l;

	pthread_mutex_lock(&state.lock);
	l = state.conf.level;
	pthread_mutex_unlock(&state.lock);
	return l;
}

void
log_set_json(log_json_fn *fn)
{
	pthread_mutex_lock(&state.lock);
	state.json = fn;
	pthread_mutex_unlock(&state.lock);
}

void
log_set_hook(log_hook_fn *fn, void *ctx, enum log_level l)
{
	pthread_mutex_lock(&state.lock);
	state.hook = fn;
	state.hook_ctx = ctx;
	state.hook_level = l;
	gate_set();
	pthread_mutex_unlock(&state.lock);
}

/* ISO 8601 local time; the calendar is asked once a second. Call with the lock held. */
static int
clock_text(const struct timespec *when, char *buf, size_t n)
{
	struct tm tm;

	if (state.second != when->tv_sec || state.clock[0] == '\0') {
		if (localtime_r(&when->tv_sec, &tm) == NULL)
			return 0;
		(void)strftime(state.clock, sizeof(state.clock), "%Y-%m-%dT%H:%M:%S", &tm);
		(void)strftime(state.zone, sizeof(state.zone), "%z", &tm);
		state.second = when->tv_sec;
	}
	return snprintf(buf, n, "%s.%03ld%s ", state.clock, when->tv_nsec / 1000000, state.zone);
}

/* A log has nowhere to complain to: a failed write is lost. */
static void
write_line(int fd, const char *head, size_t head_n, const char *text)
{
	struct iovec iov[3] = {
	    {.iov_base = (char *)(uintptr_t)head, .iov_len = head_n},
	    {.iov_base = (char *)(uintptr_t)text, .iov_len = strlen(text)},
	    {.iov_base = (char[]){'\n'}, .iov_len = 1},
	};
	ssize_t r;

	do
		r = writev(fd, iov, 3);
	while (r < 0 && errno == EINTR);
}

/* Call with the lock held. */
static void
sink_write(const struct log_line *l)
{
	bool as_json = state.conf.format == LOG_F_JSON && state.json != NULL;
	char *json = as_json ? state.json(l) : NULL;
	const char *text = json != NULL ? json : l->full;
	int fd = state.conf.target == LOG_T_FILE ? state.fd : STDERR_FILENO, n = 0;
	char head[64];

	if (state.conf.target == LOG_T_SYSLOG) {
		syslog(priorities[l->level] | state.conf.facility, "%s", text);
	} else {
		if (json == NULL) /* a JSON line carries its time inside */
			n = clock_text(&l->when, head, sizeof(head));
		write_line(fd, head, n > 0 ? (size_t)n : 0, text);
	}
	free(json);
}

/* "Group = asa-hq, IP = 203.0.113.10, " or what is known of it; its length. */
static size_t
prefix_text(const struct log_who *who, char *buf, size_t n)
{
	char ip[ADDR_TEXT];
	size_t k = 0;

	if (who == NULL)
		return 0;
	if (who->group != NULL) {
		k = (size_t)snprintf(buf, n, "Group = ");
		k += hexdump_text(CHUNK((const uint8_t *)who->group, strlen(who->group)), buf + k,
		    n - k - ADDR_TEXT - sizeof(", IP = , "));
		k += (size_t)snprintf(buf + k, n - k, ", ");
	}
	if (who->peer.family != ADDR_NONE)
		k += (size_t)snprintf(buf + k, n - k, "IP = %s, ",
		    addr_print(&who->peer, ip, sizeof(ip)));
	return k;
}

void
log_emit(enum log_event event, const struct log_who *who, const char *fmt, ...)
{
	struct log_line l = {.event = event, .level = event_level(event), .who = who};
	char text[TEXT_MAX], full[FULL_MAX];
	size_t k;
	va_list ap;
	int n;

	if (who != NULL && who->quiet)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	k = prefix_text(who, full, PREFIX_MAX);
	(void)hexdump_text(CHUNK((const uint8_t *)text, strlen(text)), full + k, sizeof(full) - k);
	l.full = full;
	l.text = full + k;
	(void)clock_gettime(CLOCK_REALTIME, &l.when);

	pthread_mutex_lock(&state.lock);
	if (l.level <= state.conf.level && state.conf.target != LOG_T_NONE)
		sink_write(&l);
	if (state.hook != NULL && l.level <= state.hook_level)
		state.hook(state.hook_ctx, &l);
	pthread_mutex_unlock(&state.lock);
}

/*
 * The limiter.  A slot belongs to one (source, event) for one window.  When the places a key may
 * take are all in use the line goes to the event's shared slot, so that a flood from forged sources
 * writes no more than all slots together allow.
 */
#define SLOTS 256 /* a power of two */
#define TRIES 8

struct slot {
	uint64_t	begin_ms;
	struct addr	source; /* ADDR_NONE in a shared slot */
	enum log_event	event;
	uint32_t	count; /* lines in this window, 0: free */
};

struct log_limiter {
	struct counters *counters; /* may be NULL */
	uint64_t	 seed;
	struct slot	 slot[SLOTS], shared[EVT_COUNT];
};

struct log_limiter *
log_limiter_new(struct counters *c)
{
	struct log_limiter *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->counters = c;
	if (getrandom(&l->seed, sizeof(l->seed), GRND_NONBLOCK) != (ssize_t)sizeof(l->seed))
		l->seed = (uint64_t)(uintptr_t)l ^ (uint64_t)time(NULL) << 32;
	return l;
}

void
log_limiter_free(struct log_limiter *l)
{
	free(l);
}

/* Sum up a window and free its slot. */
static void
window_end(struct slot *s)
{
	struct log_who who = {.peer = s->source};
	unsigned more = s->count > LOG_BURST ? s->count - LOG_BURST : 0;

	s->count = 0;
	if (more > 0)
		LOG(LOG_SUPPRESSED, &who, "%u more %s line%s within %d s not written%s", more,
		    event_name(s->event), more == 1 ? "" : "s", LOG_WINDOW_MS / 1000,
		    s->source.family == ADDR_NONE ? " (many sources)" : "");
}

static bool
window_over(const struct slot *s, uint64_t now_ms)
{
	return s->count > 0 && now_ms - s->begin_ms >= LOG_WINDOW_MS;
}

/* Seeded FNV-1a with a final mix: who does not know the seed cannot aim at one slot. */
static uint64_t
key_hash(const struct log_limiter *l, enum log_event event, const struct addr *source)
{
	uint64_t h = l->seed ^ UINT64_C(0xcbf29ce484222325) ^ (uint64_t)event << 8 ^ source->family;

	for (size_t i = 0; i < sizeof(source->b); i++)
		h = (h ^ source->b[i]) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 32 ^ l->seed) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static struct slot *
slot_of(struct log_limiter *l, uint64_t now_ms, enum log_event event, const struct addr *source)
{
	uint64_t h = key_hash(l, event, source);
	struct slot *unused = NULL;

	for (unsigned i = 0; i < TRIES; i++) {
		struct slot *s = &l->slot[(h + i) % SLOTS];

		if (window_over(s, now_ms))
			window_end(s);
		if (s->count == 0)
			unused = unused != NULL ? unused : s;
		else if (s->event == event && addr_eq(&s->source, source))
			return s;
	}
	if (unused != NULL) {
		*unused = (struct slot){.begin_ms = now_ms, .source = *source, .event = event};
		return unused;
	}
	if (window_over(&l->shared[event], now_ms))
		window_end(&l->shared[event]);
	if (l->shared[event].count == 0)
		l->shared[event] = (struct slot){.begin_ms = now_ms, .event = event};
	return &l->shared[event];
}

bool
log_limiter_pass(struct log_limiter *l, uint64_t now_ms, enum log_event event,
    const struct addr *source)
{
	struct slot *s;

	if ((int)event_level(event) > atomic_load_explicit(&log_gate, memory_order_relaxed))
		return false;
	s = slot_of(l, now_ms, event, source);
	if (s->count < UINT32_MAX)
		s->count++;
	if (s->count <= LOG_BURST)
		return true;
	if (l->counters != NULL)
		l->counters->n[CNT_log_suppressed]++;
	return false;
}

void
log_limiter_flush(struct log_limiter *l, uint64_t now_ms)
{
	for (size_t i = 0; i < ARRAY_LEN(l->slot); i++)
		if (window_over(&l->slot[i], now_ms))
			window_end(&l->slot[i]);
	for (size_t i = 0; i < ARRAY_LEN(l->shared); i++)
		if (window_over(&l->shared[i], now_ms))
			window_end(&l->shared[i]);
}
