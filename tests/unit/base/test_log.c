/* tests/unit/base/test_log.c - lines, escaping, sinks, hook and the brake. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/compiler.h"
#include "t.h"

#define LINE_RE                                                                         \
	"^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}" \
	"[+-][0-9]{4} "

static char folder[] = "/tmp/ikev1d-log-XXXXXX";
static char path[64], got[400000];

/* syslog(3) as this program sees it: what log.c hands over is kept. */
static char sys_text[8192], sys_ident[32];
static int sys_priority, sys_option, sys_opens;

__attribute__((format(printf, 2, 0))) static void
sys_keep(int priority, const char *fmt, va_list ap)
{
	sys_priority = priority;
	(void)vsnprintf(sys_text, sizeof(sys_text), fmt, ap);
}

__attribute__((format(printf, 2, 3))) void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sys_keep(priority, fmt, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void
__syslog_chk(int priority, int flag, const char *fmt, ...) /* the same with _FORTIFY_SOURCE */
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	sys_keep(priority, fmt, ap);
	va_end(ap);
}

void
openlog(const char *ident, int option, int facility)
{
	(void)facility;
	(void)snprintf(sys_ident, sizeof(sys_ident), "%s", ident);
	sys_option = option;
	sys_opens++;
}

void
closelog(void)
{
}

static struct log_who
who(const char *group, const char *ip)
{
	struct log_who w = {.group = group};

	if (ip != NULL && !addr_parse(ip, &w.peer))
		T_FAIL("%s", ip);
	return w;
}

/* A fresh file as the target. */
static void
to_file(enum log_level level, enum log_format format)
{
	struct log_conf c = {.target = LOG_T_FILE, .level = level, .format = format, .file = path};

	(void)unlink(path);
	T_OK(log_open(&c, NULL));
}

/* What the file holds, line by line: the time is checked and cut off. */
static const char *
lines(void)
{
	static char text[sizeof(got)];
	FILE *f = fopen(path, "r");
	char row[8192];
	regex_t re;
	size_t n = 0;

	got[0] = '\0';
	if (f == NULL || regcomp(&re, LINE_RE, REG_EXTENDED | REG_NOSUB) != 0)
		abort();
	while (fgets(row, sizeof(row), f) != NULL) {
		if (regexec(&re, row, 0, NULL, 0) != 0)
			T_FAIL("no time in front: %s", row);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", strchr(row, ' ') + 1);
	}
	regfree(&re);
	fclose(f);
	memcpy(got, text, n);
	got[n] = '\0';
	return got;
}

static void
asa_prefix(void)
{
	struct log_who both = who("asa-hq", "203.0.113.10"), ip = who(NULL, "2001:db8::7"),
		       group = who("asa-hq", NULL), none = who(NULL, NULL);

	to_file(LOG_L_INFO, LOG_F_ASA);
	LOG(FSM_TRANSITION, &both, "%s, %s --> %s, %s", "MM_WAIT_MSG3", "EV_RCV_MSG3",
	    "MM_WAIT_MSG5", "EV_SND_MSG4");
	LOG(P1_COMPLETED, &ip, "PHASE 1 COMPLETED");
	LOG(P1_COMPLETED, &group, "x");
	LOG(DAEMON_STARTED, &none, "y");
	LOG(DAEMON_STARTED, NULL, "z %d", 7);
	T_STR(lines(),
	    "Group = asa-hq, IP = 203.0.113.10, MM_WAIT_MSG3, EV_RCV_MSG3 --> MM_WAIT_MSG5, "
	    "EV_SND_MSG4\n"
	    "IP = 2001:db8::7, PHASE 1 COMPLETED\n"
	    "Group = asa-hq, x\n"
	    "y\n"
	    "z 7\n");
}

static void
nobody_forges_lines(void)
{
	struct log_who w = who("a\nb", "10.0.0.1");

	to_file(LOG_L_INFO, LOG_F_ASA);
	LOG(P1_IDENTITY, &w, "id \"%s\"", "x\n2031-01-01 Group = y\r\x1b[31m\x7f\xff");
	T_STR(lines(),
	    "Group = a\\x0ab, IP = 10.0.0.1, id "
	    "\"x\\x0a2031-01-01 Group = y\\x0d\\x1b[31m\\x7f\\xff\"\n");
}

static void
long_text_is_cut(void)
{
	static char big[10000], name[2000];
	struct log_who w = who(name, "10.0.0.1");
	const char *s;

	memset(big, '\n', sizeof(big) - 1);
	memset(name, 'n', sizeof(name) - 1);
	to_file(LOG_L_INFO, LOG_F_ASA);
	LOG(P1_IDENTITY, &w, "%s", big);
	LOG(DAEMON_STARTED, NULL, "next");
	s = lines();
	T_TRUE(strncmp(s, "Group = nnnn", 12) == 0);
	T_TRUE(strstr(s, "n, IP = 10.0.0.1, \\x0a\\x0a") != NULL);
	T_TRUE(strlen(s) > 4000 && strlen(s) < 5000);
	T_STR(strrchr(s, 'a') + 1, "\nnext\n"); /* whole escapes to the end */
}

static int evaluated;

static int
costly(void)
{
	return ++evaluated;
}

static void
gate(void)
{
	enum log_level l;

	evaluated = 0;
	to_file(LOG_L_NOTICE, LOG_F_ASA);
	LOG(PAYLOAD_PROCESSING, NULL, "debug %d", costly());
	LOG(FSM_TRANSITION, NULL, "info %d", costly());
	T_EQ(evaluated, 0);
	LOG(P1_COMPLETED, NULL, "notice %d", costly());
	LOG(DAEMON_ERROR, NULL, "err %d", costly());
	T_EQ(log_get_level(), LOG_L_NOTICE);
	log_set_level(LOG_L_DEBUG);
	LOG(PAYLOAD_PROCESSING, NULL, "debug %d", costly());
	log_set_level(LOG_L_ERR);
	LOG(P1_NO_PROPOSAL, NULL, "warning %d", costly());
	T_STR(lines(), "notice 1\nerr 2\ndebug 3\n");
	T_TRUE(log_level_parse("warning", &l) && l == LOG_L_WARNING);
	T_TRUE(!log_level_parse("trace", &l) && !log_level_parse("", &l));
}

static void
file_mode_and_reopen(void)
{
	char moved[80];
	struct stat st;

	(void)umask(0);
	to_file(LOG_L_INFO, LOG_F_ASA);
	LOG(DAEMON_STARTED, NULL, "one");
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_mode & 07777, 0640);
	(void)snprintf(moved, sizeof(moved), "%s.1", path);
	T_EQ(rename(path, moved), 0);
	LOG(DAEMON_STARTED, NULL, "two");
	log_reopen();
	LOG(DAEMON_STARTED, NULL, "three");
	T_STR(lines(), "three\n");
	T_EQ(rename(moved, path), 0);
	T_STR(lines(), "one\ntwo\n");
}

static void
bad_file_keeps_the_old_sink(void)
{
	struct log_conf c = {.target = LOG_T_FILE, .level = LOG_L_INFO, .file = "/nonexistent/log"};
	struct why w = {0};

	to_file(LOG_L_INFO, LOG_F_ASA);
	T_ERR(log_open(&c, &w), IKE_E_SYS);
	T_STR(w.text, "/nonexistent/log: No such file or directory");
	c.file = NULL;
	T_ERR(log_open(&c, &w), IKE_E_CONF);
	LOG(DAEMON_STARTED, NULL, "still here");
	T_STR(lines(), "still here\n");
}

static void
stderr_carries_the_time(void)
{
	struct log_conf c = {.target = LOG_T_STDERR, .level = LOG_L_INFO};
	int saved = dup(2), fd;

	(void)unlink(path);
	T_OK(log_open(&c, NULL));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)fflush(stderr);
	(void)dup2(fd, 2);
	LOG(DAEMON_STARTED, NULL, "hello");
	(void)dup2(saved, 2);
	close(saved);
	close(fd);
	T_STR(lines(), "hello\n");
}

static void
syslog_target(void)
{
	struct log_conf c = {.target = LOG_T_SYSLOG, .level = LOG_L_INFO, .facility = LOG_LOCAL3};
	struct log_who w = who("g", "10.0.0.1");

	sys_opens = 0;
	T_OK(log_open(&c, NULL));
	T_OK(log_open(&c, NULL));
	T_EQ(sys_opens, 1);
	T_STR(sys_ident, "ikev1d");
	T_EQ(sys_option, LOG_PID | LOG_NDELAY);
	LOG(P1_NO_PROPOSAL, &w, "100%% %s", "%n");
	T_EQ(sys_priority, LOG_LOCAL3 | LOG_WARNING);
	T_STR(sys_text, "Group = g, IP = 10.0.0.1, 100% %n");
	LOG(FSM_TRANSITION, NULL, "i");
	T_EQ(sys_priority, LOG_LOCAL3 | LOG_INFO);
	LOG(DAEMON_ERROR, NULL, "e");
	T_EQ(sys_priority, LOG_LOCAL3 | LOG_ERR);
	T_EQ(log_facility("daemon"), LOG_DAEMON);
	T_EQ(log_facility("local7"), LOG_LOCAL7);
	T_EQ(log_facility("local8"), -1);
}

static char *
as_json(const struct log_line *l)
{
	char *s = NULL;

	if (strcmp(l->text, "fail") == 0)
		return NULL;
	if (asprintf(&s, "{\"event\":\"%s\",\"level\":\"%s\",\"text\":\"%s\",\"full\":\"%s\"}",
		event_name(l->event), event_level_name(l->level), l->text, l->full) < 0)
		return NULL;
	return s;
}

static void
json(void)
{
	struct log_who w = who("g", "10.0.0.1");
	FILE *f;
	char row[1024] = "";

	log_set_json(as_json);
	to_file(LOG_L_INFO, LOG_F_JSON);
	LOG(P1_COMPLETED, &w, "PHASE 1\nCOMPLETED");
	f = fopen(path, "r");
	T_TRUE(fgets(row, sizeof(row), f) != NULL);
	fclose(f);
	T_STR(row,
	    "{\"event\":\"P1_COMPLETED\",\"level\":\"notice\",\"text\":\"PHASE 1\\x0aCOMPLETED\","
	    "\"full\":\"Group = g, IP = 10.0.0.1, PHASE 1\\x0aCOMPLETED\"}\n");
	to_file(LOG_L_INFO, LOG_F_JSON);
	LOG(P1_COMPLETED, &w, "fail"); /* a formatter without memory must not lose the line */
	T_STR(lines(), "Group = g, IP = 10.0.0.1, fail\n");
	log_set_json(NULL);
}

static char hooked[1024];

static void
hook(void *ctx, const struct log_line *l)
{
	size_t n = strlen(hooked);

	T_TRUE(ctx == &evaluated);
	T_TRUE(l->when.tv_sec > 1600000000);
	(void)snprintf(hooked + n, sizeof(hooked) - n, "%s %s|", event_level_name(l->level),
	    l->text);
}

/* A hook hears more than the sink writes, and nothing once it is gone. */
static void
hook_has_its_own_level(void)
{
	struct log_who w = who("g", NULL);

	to_file(LOG_L_NOTICE, LOG_F_ASA);
	log_set_hook(hook, &evaluated, LOG_L_DEBUG);
	LOG(PAYLOAD_PROCESSING, &w, "a");
	LOG(P1_COMPLETED, &w, "b");
	log_set_hook(hook, &evaluated, LOG_L_ERR);
	LOG(P1_COMPLETED, &w, "c");
	log_set_hook(NULL, NULL, LOG_L_DEBUG);
	LOG(PAYLOAD_PROCESSING, &w, "d");
	T_STR(hooked, "debug a|notice b|");
	T_STR(lines(), "Group = g, b\nGroup = g, c\n");
}

static void
no_target(void)
{
	struct log_conf c = {.target = LOG_T_NONE, .level = LOG_L_DEBUG};

	hooked[0] = '\0';
	evaluated = 0;
	T_OK(log_open(&c, NULL));
	LOG(DAEMON_ERROR, NULL, "%d", costly());
	T_EQ(evaluated, 0);
	log_set_hook(hook, &evaluated, LOG_L_NOTICE);
	LOG(DAEMON_ERROR, NULL, "%d", costly());
	T_STR(hooked, "err 1|");
	log_set_hook(NULL, NULL, LOG_L_ERR);
}

#define THREADS 4
#define EACH	500

static void *
talk(void *arg)
{
	for (int i = 0; i < EACH; i++)
		LOG(FSM_TRANSITION, NULL, "thread %d line %d end", (int)(intptr_t)arg, i);
	return NULL;
}

static void
threads(void)
{
	pthread_t t[THREADS];
	int next[THREADS] = {0}, k, i, used;

	to_file(LOG_L_INFO, LOG_F_ASA);
	for (intptr_t n = 0; n < THREADS; n++)
		T_EQ(pthread_create(&t[n], NULL, talk, (void *)n), 0);
	for (int n = 0; n < THREADS; n++)
		(void)pthread_join(t[n], NULL);
	for (const char *s = lines(); *s != '\0'; s += used) {
		if (sscanf(s, "thread %d line %d end\n%n", &k, &i, &used) != 2 || k >= THREADS ||
		    i != next[k]++) {
			T_FAIL("torn or lost: %.60s", s);
			return;
		}
	}
	for (int n = 0; n < THREADS; n++)
		T_EQ(next[n], EACH);
}

static void
brake(void)
{
	struct counters cnt = {0};
	struct log_limiter *l = log_limiter_new(&cnt);
	struct log_who a = who(NULL, "10.0.0.1"), b = who(NULL, "10.0.0.2");
	char want[64 * LOG_BURST] = "";
	size_t at = 0;

	to_file(LOG_L_INFO, LOG_F_ASA);
	for (int i = 0; i < LOG_BURST; i++)
		at += (size_t)snprintf(want + at, sizeof(want) - at, "IP = 10.0.0.1, m%d\n", i);
	(void)snprintf(want + at, sizeof(want) - at,
	    "IP = 10.0.0.1, another event\nIP = 10.0.0.2, another source\n");
	for (int i = 0; i < LOG_BURST + 15; i++)
		LOG_LIMITED(l, 1000 + (uint64_t)i, MALFORMED_MESSAGE, &a, "m%d", i);
	LOG_LIMITED(l, 1100, BAD_HASH, &a, "another event");
	LOG_LIMITED(l, 1100, MALFORMED_MESSAGE, &b, "another source");
	T_EQ(cnt.n[CNT_log_suppressed], 15);
	log_limiter_flush(l, 1000 + LOG_WINDOW_MS - 1); /* the window is not over */
	T_STR(lines(), want);
	to_file(LOG_L_INFO, LOG_F_ASA);
	log_limiter_flush(l, 1000 + LOG_WINDOW_MS);
	log_limiter_flush(l, 1000 + 5 * LOG_WINDOW_MS);
	LOG_LIMITED(l, 1000 + LOG_WINDOW_MS, MALFORMED_MESSAGE, &a, "again");
	T_STR(lines(),
	    "IP = 10.0.0.1, 15 more MALFORMED_MESSAGE lines within 10 s not written\n"
	    "IP = 10.0.0.1, again\n");
	log_limiter_free(l);
}

/* Without a flush the next line itself ends the window. */
static void
brake_ends_by_itself(void)
{
	struct log_limiter *l = log_limiter_new(NULL);
	struct log_who a = who(NULL, "10.0.0.1");

	to_file(LOG_L_INFO, LOG_F_ASA);
	for (int i = LOG_BURST; i >= 0; i--)
		LOG_LIMITED(l, 5, BAD_HASH, &a, "%d", i);
	LOG_LIMITED(l, 5 + LOG_WINDOW_MS, BAD_HASH, &a, "later");
	T_TRUE(strstr(lines(),
		   "1\nIP = 10.0.0.1, 1 more BAD_HASH line within 10 s not written\n"
		   "IP = 10.0.0.1, later\n") != NULL);
	log_limiter_free(l);
}

/* A flood from a million forged sources writes no more than the slots allow, and is summed up. */
static void
brake_holds_forged_sources(void)
{
	struct counters cnt = {0};
	struct log_limiter *l = log_limiter_new(&cnt);
	struct log_who w = {.peer = {.family = ADDR_V4}};
	uint64_t passed = 0, n = 200000;

	to_file(LOG_L_INFO, LOG_F_ASA);
	for (uint64_t i = 0; i < n; i++) {
		memcpy(w.peer.b, &i, 4);
		passed += log_limiter_pass(l, 7, EVT_UNKNOWN_COOKIES, &w.peer);
	}
	T_TRUE(passed >= 200 && passed <= 256 + LOG_BURST);
	T_EQ(passed + cnt.n[CNT_log_suppressed], n);
	log_limiter_flush(l, 7 + LOG_WINDOW_MS);
	T_TRUE(strstr(lines(),
		   " more UNKNOWN_COOKIES lines within 10 s not written (many sources)\n") != NULL);
	log_limiter_free(l);
}

static void
brake_behind_a_shut_gate(void)
{
	struct counters cnt = {0};
	struct log_limiter *l = log_limiter_new(&cnt);
	struct log_who a = who(NULL, "10.0.0.1");

	to_file(LOG_L_ERR, LOG_F_ASA);
	for (int i = 0; i < 20; i++)
		LOG_LIMITED(l, 1, BAD_HASH, &a, "%d", i);
	log_limiter_flush(l, 1 + LOG_WINDOW_MS);
	T_EQ(cnt.n[CNT_log_suppressed], 0);
	T_STR(lines(), "");
	log_limiter_free(l);
	log_limiter_free(NULL);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return EXIT_FAILURE;
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	T_RUN(asa_prefix);
	T_RUN(nobody_forges_lines);
	T_RUN(long_text_is_cut);
	T_RUN(gate);
	T_RUN(file_mode_and_reopen);
	T_RUN(bad_file_keeps_the_old_sink);
	T_RUN(stderr_carries_the_time);
	T_RUN(syslog_target);
	T_RUN(json);
	T_RUN(hook_has_its_own_level);
	T_RUN(no_target);
	T_RUN(threads);
	T_RUN(brake);
	T_RUN(brake_ends_by_itself);
	T_RUN(brake_holds_forged_sources);
	T_RUN(brake_behind_a_shut_gate);
	log_close();
	(void)unlink(path);
	(void)rmdir(folder);
	return T_DONE();
}
