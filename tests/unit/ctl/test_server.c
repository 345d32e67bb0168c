/* test_server.c - the control socket from a client's side, without workers behind it. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/proto.h"
#include "ctl/server.h"
#include "io/loop.h"
#include "io/unixsock.h"

static char folder[] = "/tmp/ikev1d-test-XXXXXX";
static char path[96];

static struct house {
	struct loop	    *loop;
	struct server	    *server;
	const struct policy *policy;
	struct fault_room   *faults;
	pthread_t	     thread;
	struct loop_job	     end, later;
	struct server_job   *job; /* asked and not yet done */
	bool		     hold_jobs;
	unsigned	     reloads;
} house;

static void
do_later(struct loop_job *j)
{
	struct server_job *job = house.job;

	(void)j;
	house.job = NULL;
	job->done(job);
}

/* No workers: the answer comes from another turn of the loop. */
static void
ask(void *ctx, struct server_job *job)
{
	(void)ctx;
	T_TRUE(house.job == NULL); /* one client here, one request at a time */
	house.job = job;
	if (!house.hold_jobs)
		loop_post(house.loop, &house.later);
}

static void
reload(void *ctx, server_reloaded_fn *fn, void *arg)
{
	static const char *const mistakes[] = {"ikev1d.conf:7: unknown key \"grup\"", NULL};
	static const char *const notes[] = {"workers has changed: needs a restart", NULL};
	static const char *const none[] = {NULL};
	struct server_reloaded bad = {.ok = false, .mistakes = mistakes, .notes = none};
	struct server_reloaded good = {.ok = true, .mistakes = none, .notes = notes};

	(void)ctx;
	fn(arg, house.reloads++ == 0 ? &bad : &good);
}

static bool capturing;

static void
capture_start(void *ctx, const char *file, const char *peer, server_captured_fn *fn, void *arg)
{
	struct server_captured result = {.error = capturing ? "one runs already" : NULL,
	    .info = {.file = file, .whom = peer != NULL ? peer : "all"}};

	(void)ctx;
	capturing = true;
	fn(arg, &result);
}

static void
capture_stop(void *ctx, server_captured_fn *fn, void *arg)
{
	struct server_captured result = {.info = {.file = "/var/lib/c",
					     .whom = "all",
					     .packets = 3,
					     .octets = 400,
					     .lost = 1,
					     .rotated = 2,
					     .failed = "No space"}};

	(void)ctx;
	capturing = false;
	fn(arg, &result);
}

static void
facts(void *ctx, struct server_facts *f)
{
	(void)ctx;
	*f = (struct server_facts){.policy = house.policy,
	    .uptime_s = 5,
	    .user = "tester",
	    .socket = path,
	    .faults = house.faults,
	    .captures = capturing,
	    .capture = {.file = "/var/lib/c", .whom = "asa-hq", .packets = 7}};
}

static void *
run(void *arg)
{
	(void)arg;
	loop_run(house.loop);
	return NULL;
}

static void
end(struct loop_job *j)
{
	(void)j;
	loop_stop(house.loop);
}

static void
complain(void *ctx, const char *line)
{
	(void)ctx;
	T_FAIL("%s", line);
}

static bool
house_open(void)
{
	struct server_ports ports = {.ask = ask,
	    .reload = reload,
	    .facts = facts,
	    .capture_start = capture_start,
	    .capture_stop = capture_stop};
	struct why w = {0};

	house = (struct house){.end = {.fn = end}, .later = {.fn = do_later}};
	house.policy = policy_builtin(complain, NULL);
	house.faults = fault_room_new();
	house.loop = loop_new();
	house.server = server_new(house.loop, unixsock_listen(path, (uid_t)-1, (gid_t)-1, &w),
	    &ports);
	if (house.server == NULL)
		return T_FAIL("%s", w.text);
	pthread_create(&house.thread, NULL, run, NULL);
	return true;
}

static void
house_close(void)
{
	loop_post(house.loop, &house.end);
	pthread_join(house.thread, NULL);
	server_free(house.server);
	loop_free(house.loop);
	policy_unref(house.policy);
	fault_room_free(house.faults);
	(void)unlink(path);
}

static int
dial(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	T_EQ(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

/* The next line within a few seconds; "" when the other end has closed, NULL when nothing comes. */
static char *
next_line(int fd, struct proto_lines *l)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	static char nothing[1];
	char piece[4096], *line;

	while ((line = proto_lines_next(l)) == NULL) {
		ssize_t n;

		if (poll(&p, 1, 5000) <= 0)
			return NULL;
		n = recv(fd, piece, sizeof(piece), 0);
		if (n <= 0)
			return nothing;
		(void)proto_lines_put(l, piece, (size_t)n);
	}
	return line;
}

static void
say(int fd, const char *text)
{
	T_EQ(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The answer to one request on a connection of its own. */
static json_t *
answer(const char *request)
{
	struct proto_lines l;
	int fd = dial();
	json_t *o;

	proto_lines_init(&l, 0);
	say(fd, request);
	say(fd, "\n");
	o = json_loads(next_line(fd, &l), 0, NULL);
	T_TRUE(json_is_object(o));
	proto_lines_fini(&l);
	close(fd);
	return o;
}

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void
answers_and_refuses(void)
{
	json_t *o;

	if (!house_open())
		return;
	o = answer("{\"command\":\"status\"}");
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	T_STR(text_of(o, "version"), IKEV1D_VERSION);
	T_STR(text_of(o, "user"), "tester");
	T_EQ(json_object_size(json_object_get(o, "counters")), CNT_COUNT);
	json_decref(o);

	o = answer("{\"command\":\"delete\",\"peer\":\"builtin-typo\"}");
	T_TRUE(json_is_false(json_object_get(o, "ok")));
	T_EQ(json_integer_value(json_object_get(o, "count")), 0);
	json_decref(o);

	o = answer("{\"command\":\"delete\",\"peer\":\"192.0.2.9\"}");
	T_STR(text_of(o, "error"), "there is no SA of peer 192.0.2.9");
	json_decref(o);

	o = answer("{\"command\":\"show isakmp sa\"}");
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	T_EQ(json_array_size(json_object_get(o, "sas")), 0);
	json_decref(o);

	o = answer("{\"command\":\"show ipsec sa\",\"peer\":\"192.0.2.9\"}");
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	o = answer("{\"command\":\"show ipsec sa\",\"peer\":\"nobody-knows-it\"}");
	T_STR(text_of(o, "error"),
	    "\"nobody-knows-it\" is neither an address nor the name of a tunnel group");
	json_decref(o);

	o = answer("this is no JSON");
	T_TRUE(json_is_true(json_object_get(o, "usage")));
	json_decref(o);
	o = answer("[1]");
	T_TRUE(json_is_false(json_object_get(o, "ok")));
	json_decref(o);
	o = answer("{\"command\":\"help\"}");
	T_EQ(json_array_size(json_object_get(o, "commands")), PROTO_C_COUNT);
	json_decref(o);
	house_close();
}

static void
captures_start_and_stop(void)
{
	json_t *o, *c;

	capturing = false;
	if (!house_open())
		return;
	o = answer("{\"command\":\"status\"}");
	T_TRUE(json_object_get(o, "capture") == NULL);
	json_decref(o);
	o = answer("{\"command\":\"capture start\",\"file\":\"/var/lib/c\",\"peer\":\"asa-hq\"}");
	c = json_object_get(o, "capture");
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	T_STR(json_string_value(json_object_get(c, "file")), "/var/lib/c");
	T_STR(json_string_value(json_object_get(c, "peer")), "asa-hq");
	json_decref(o);
	o = answer("{\"command\":\"status\"}");
	c = json_object_get(o, "capture");
	T_EQ(json_integer_value(json_object_get(c, "packets")), 7);
	json_decref(o);
	o = answer("{\"command\":\"capture start\",\"file\":\"/var/lib/d\"}");
	T_TRUE(json_is_false(json_object_get(o, "ok")));
	T_STR(json_string_value(json_object_get(o, "error")), "one runs already");
	json_decref(o);
	o = answer("{\"command\":\"capture stop\"}");
	c = json_object_get(o, "capture");
	T_EQ(json_integer_value(json_object_get(c, "octets")), 400);
	T_EQ(json_integer_value(json_object_get(c, "lost")), 1);
	T_EQ(json_integer_value(json_object_get(c, "rotated")), 2);
	T_STR(json_string_value(json_object_get(c, "failed")), "No space");
	json_decref(o);
	house_close();
}

/* What is armed now, as "fault, fault". */
static const char *
armed(const json_t *o, const char *key)
{
	static char text[200];
	const json_t *a;
	size_t i, k = 0;

	text[0] = '\0';
	json_array_foreach(json_object_get(o, key), i, a) k += (size_t)snprintf(text + k,
	    sizeof(text) - k, "%s%s", i > 0 ? ", " : "", text_of(a, "fault"));
	return text;
}

static void
faults_are_set_and_cleared(void)
{
	static const char *const refused[][2] =
	    {{"{\"command\":\"fault set\",\"peer\":\"any\",\"fault\":\"mm6.drop\"}", NULL},
		{"{\"command\":\"fault set\",\"peer\":\"any\",\"fault\":\"mm4.dorp\"}",
		    "there is no fault \"mm4.dorp\"; did you mean \"mm4.drop\"?"},
		{"{\"command\":\"fault set\",\"peer\":\"other\",\"fault\":\"mm4.drop\"}",
		    "no tunnel group has the name \"other\" or that address"},
		{"{\"command\":\"fault clear\",\"peer\":\"any\",\"fault\":\"mm4.dorp\"}",
		    "there is no fault \"mm4.dorp\"; did you mean \"mm4.drop\"?"}};
	json_t *o;

	if (!house_open())
		return;
	o = answer(
	    "{\"command\":\"fault set\",\"peer\":\"any\",\"fault\":\"psk.mismatch count=2\"}");
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	T_STR(armed(o, "armed"), "psk.mismatch count=2");
	json_decref(o);
	/* Only what always acts hides what comes after it. */
	o = answer(refused[0][0]);
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	for (size_t i = 1; i < ARRAY_LEN(refused); i++) {
		o = answer(refused[i][0]);
		T_STR(text_of(o, "error"), refused[i][1]);
		json_decref(o);
	}
	o = answer(
	    "{\"command\":\"fault set\",\"peer\":\"192.0.2.1\",\"fault\":\"delay mm4 5\",\"count\":1}");
	T_STR(armed(o, "armed"), "psk.mismatch count=2, mm6.drop, delay mm4 5");
	json_decref(o);
	o = answer("{\"command\":\"status\"}");
	T_STR(armed(o, "faults"), "psk.mismatch count=2, mm6.drop, delay mm4 5");
	json_decref(o);
	o = answer("{\"command\":\"fault list\"}");
	T_EQ(json_array_size(json_object_get(o, "faults")), fault_count());
	T_EQ(json_array_size(json_object_get(o, "armed")), 3);
	json_decref(o);
	o = answer("{\"command\":\"fault list\",\"peer\":\"mm6.drop\"}");
	T_EQ(json_array_size(json_object_get(o, "faults")), 1);
	T_STR(armed(o, "armed"), "mm6.drop");
	json_decref(o);
	o = answer("{\"command\":\"fault clear\",\"peer\":\"all\",\"fault\":\"mm6.drop\"}");
	T_EQ(json_integer_value(json_object_get(o, "count")), 1);
	T_STR(armed(o, "armed"), "psk.mismatch count=2, delay mm4 5");
	json_decref(o);
	o = answer("{\"command\":\"fault clear\"}");
	T_EQ(json_integer_value(json_object_get(o, "count")), 2);
	json_decref(o);
	T_TRUE(!fault_any(house.faults));
	house_close();
}

static void
reload_brings_mistakes_and_notes(void)
{
	json_t *o;

	if (!house_open())
		return;
	o = answer("{\"command\":\"reload\"}");
	T_TRUE(json_is_false(json_object_get(o, "ok")));
	T_STR(json_string_value(json_array_get(json_object_get(o, "mistakes"), 0)),
	    "ikev1d.conf:7: unknown key \"grup\"");
	json_decref(o);
	o = answer("{\"command\":\"reload\"}");
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	T_STR(json_string_value(json_array_get(json_object_get(o, "notes"), 0)),
	    "workers has changed: needs a restart");
	json_decref(o);
	house_close();
}

static void
no_policy_key_is_shown(void)
{
	json_t *o;
	const char *text;

	if (!house_open())
		return;
	o = answer("{\"command\":\"show policy\"}");
	text = text_of(o, "policy");
	T_TRUE(text != NULL && strstr(text, "pre_shared_key = \"********\"") != NULL);
	json_decref(o);
	house_close();
}

/* In pieces, several at once, and with the sending side shut: each gets its answer, in order. */
static void
requests_in_pieces_and_in_a_row(void)
{
	static const char first[] = "{\"command\":\"status\"}\n";
	struct proto_lines l;
	char *line;
	int fd;

	if (!house_open())
		return;
	fd = dial();
	proto_lines_init(&l, 0);
	for (size_t i = 0; i < sizeof(first) - 1; i++)
		T_EQ(send(fd, first + i, 1, 0), 1);
	line = next_line(fd, &l);
	T_TRUE(line != NULL && strstr(line, "\"status\"") != NULL);
	say(fd,
	    "{\"command\":\"status\"}\n{\"command\":\"help\"}\n{\"command\":\"show policy\"}\n"
	    "{\"command\":\"show ipsec sa\"}\n");
	shutdown(fd, SHUT_WR);
	line = next_line(fd, &l);
	T_TRUE(line != NULL && strstr(line, "\"command\":\"status\"") != NULL);
	line = next_line(fd, &l);
	T_TRUE(line != NULL && strstr(line, "\"commands\"") != NULL);
	line = next_line(fd, &l);
	T_TRUE(line != NULL && strstr(line, "\"show policy\"") != NULL);
	line = next_line(fd, &l);
	T_TRUE(line != NULL && strstr(line, "\"show ipsec sa\"") != NULL);
	T_STR(next_line(fd, &l), "");
	proto_lines_fini(&l);
	close(fd);
	house_close();
}

static void
endless_lines_are_refused(void)
{
	static char big[PROTO_REQUEST_MAX + 8192];
	struct proto_lines l;
	char *line;
	int fd;

	if (!house_open())
		return;
	fd = dial();
	proto_lines_init(&l, 0);
	memset(big, 'z', sizeof(big));
	(void)send(fd, big, sizeof(big), MSG_NOSIGNAL);
	line = next_line(fd, &l);
	T_TRUE(line != NULL && strstr(line, "longer than 65536") != NULL);
	T_STR(next_line(fd, &l), "");
	proto_lines_fini(&l);
	close(fd);
	house_close();
}

/* Who goes away while his request is under way does no harm when the answer comes. */
static void
a_client_may_leave_early(void)
{
	json_t *o;
	int fd;

	if (!house_open())
		return;
	house.hold_jobs = true;
	fd = dial();
	say(fd, "{\"command\":\"status\"}\n");
	usleep(100000);
	close(fd);
	usleep(50000);
	house.hold_jobs = false;
	loop_post(house.loop, &house.later);
	usleep(50000);
	o = answer("{\"command\":\"status\"}");
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	json_decref(o);
	house_close();
}

static void
monitors_see_lines_of_their_level(void)
{
	struct log_conf conf = {.target = LOG_T_NONE, .level = LOG_L_ERR};
	struct log_who who = {.group = "asa-hq"};
	struct proto_lines l, m;
	int info, debug;
	char *line;

	if (!house_open())
		return;
	T_OK(log_open(&conf, NULL));
	proto_lines_init(&l, 0);
	proto_lines_init(&m, 0);
	info = dial();
	debug = dial();
	say(info, "{\"command\":\"monitor\"}\n");
	T_STR(next_line(info, &l), "{\"ok\":true,\"command\":\"monitor\",\"level\":\"info\"}");
	say(debug, "{\"command\":\"monitor\",\"level\":\"debug\"}\n");
	T_STR(next_line(debug, &m), "{\"ok\":true,\"command\":\"monitor\",\"level\":\"debug\"}");
	LOG(VENDOR_ID, &who, "only for debug");
	LOG(P1_COMPLETED, &who, "PHASE 1 COMPLETED");
	line = next_line(info, &l);
	T_TRUE(line != NULL && strstr(line, "\"PHASE 1 COMPLETED\"") != NULL);
	line = next_line(debug, &m);
	T_TRUE(line != NULL && strstr(line, "only for debug") != NULL);
	line = next_line(debug, &m);
	T_TRUE(line != NULL && strstr(line, "\"asa_id\":713119") != NULL);
	close(info);
	close(debug);
	usleep(100000);
	/* Nobody looks any more: the gate is shut again. */
	T_EQ(atomic_load(&log_gate), -1);
	proto_lines_fini(&l);
	proto_lines_fini(&m);
	log_close();
	house_close();
}

static void
slow_monitors_are_dropped(void)
{
	static const char filler[] =
	    "................................................................";
	struct log_conf conf = {.target = LOG_T_NONE, .level = LOG_L_ERR};
	struct proto_lines l;
	size_t lines = 0;
	char *line;
	int fd;

	if (!house_open())
		return;
	T_OK(log_open(&conf, NULL));
	proto_lines_init(&l, 0);
	fd = dial();
	say(fd, "{\"command\":\"monitor\"}\n");
	T_TRUE(next_line(fd, &l) != NULL);
	/* Some 8 MB that nobody reads, in portions that the queue between threads can hold. */
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < 1000; k++)
			LOG(P1_COMPLETED, NULL, "%s%s%s%s", filler, filler, filler, filler);
		usleep(20000);
	}
	while ((line = next_line(fd, &l)) != NULL && line[0] != '\0')
		lines++;
	T_TRUE(line != NULL); /* closed, not silent */
	T_TRUE(lines > 0 && lines < 20000);
	T_EQ(atomic_load(&log_gate), -1);
	proto_lines_fini(&l);
	close(fd);
	log_close();
	house_close();
}

static void
too_many_clients_are_turned_away(void)
{
	struct proto_lines l;
	unsigned refused = 0;
	int fds[70];

	if (!house_open())
		return;
	for (size_t i = 0; i < 70; i++)
		fds[i] = dial();
	for (size_t i = 0; i < 70; i++) {
		proto_lines_init(&l, 0);
		if (i < 64)
			say(fds[i], "{\"command\":\"help\"}\n");
		refused += strstr(next_line(fds[i], &l), "too many connections") != NULL;
		proto_lines_fini(&l);
	}
	T_EQ(refused, 70 - 64);
	for (size_t i = 0; i < 70; i++)
		close(fds[i]);
	house_close();
}

int
main(void)
{
	if (!loop_setup() || mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/control.sock", folder);
	T_RUN(answers_and_refuses);
	T_RUN(captures_start_and_stop);
	T_RUN(faults_are_set_and_cleared);
	T_RUN(reload_brings_mistakes_and_notes);
	T_RUN(no_policy_key_is_shown);
	T_RUN(requests_in_pieces_and_in_a_row);
	T_RUN(endless_lines_are_refused);
	T_RUN(a_client_may_leave_early);
	T_RUN(monitors_see_lines_of_their_level);
	T_RUN(slow_monitors_are_dropped);
	T_RUN(too_many_clients_are_turned_away);
	rmdir(folder);
	loop_teardown();
	return T_DONE();
}
