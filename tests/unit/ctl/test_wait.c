/*
 * test_wait.c - the command "wait", by lines of the log alone: no worker stands behind the socket.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

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
	pthread_t	     thread;
	struct loop_job	     end, later, stop;
	struct server_job   *job; /* asked and not yet done */
	bool		     hold_jobs;
	atomic_uint	     asked;
} house;

static void
do_later(struct loop_job *j)
{
	struct server_job *job = house.job;

	(void)j;
	house.job = NULL;
	if (job != NULL)
		job->done(job);
}

/* The workers know of nothing; their answer comes from another turn of the loop. */
static void
ask(void *ctx, struct server_job *job)
{
	(void)ctx;
	T_TRUE(house.job == NULL);
	house.job = job;
	atomic_fetch_add(&house.asked, 1);
	if (!house.hold_jobs)
		loop_post(house.loop, &house.later);
}

static void
facts(void *ctx, struct server_facts *f)
{
	(void)ctx;
	*f = (struct server_facts){.policy = house.policy, .user = "tester", .socket = path};
}

static void *
run(void *arg)
{
	(void)arg;
	loop_run(house.loop);
	return NULL;
}

static void
do_end(struct loop_job *j)
{
	(void)j;
	loop_stop(house.loop);
}

static void
do_stop(struct loop_job *j)
{
	(void)j;
	server_stop(house.server);
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
	struct log_conf conf = {.target = LOG_T_NONE, .level = LOG_L_ERR};
	struct server_ports ports = {.ask = ask, .facts = facts, .workers = 2};
	struct why w = {0};

	house = (struct house){.end = {.fn = do_end},
	    .later = {.fn = do_later},
	    .stop = {.fn = do_stop}};
	T_OK(log_open(&conf, NULL));
	house.policy = policy_builtin(complain, NULL);
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
	T_EQ(atomic_load(&log_gate), -1);
	loop_free(house.loop);
	policy_unref(house.policy);
	(void)unlink(path);
	log_close();
}

struct caller {
	int		   fd;
	struct proto_lines lines;
};

/* Ask, and come back when the server listens to the log for it. */
static struct caller
call(const char *request)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct caller c = {.fd = socket(AF_UNIX, SOCK_STREAM, 0)};
	unsigned before = atomic_load(&house.asked);

	proto_lines_init(&c.lines, 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	T_EQ(connect(c.fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	T_EQ(send(c.fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	for (int i = 0; i < 500 && atomic_load(&house.asked) == before; i++)
		usleep(10000);
	return c;
}

/* The next answer within so many milliseconds; NULL: none, or the end. */
static json_t *
answer(struct caller *c, int patience_ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	char piece[4096], *line;
	ssize_t n;

	while ((line = proto_lines_next(&c->lines)) == NULL) {
		if (poll(&p, 1, patience_ms) <= 0 ||
		    (n = recv(c->fd, piece, sizeof(piece), 0)) <= 0)
			return NULL;
		(void)proto_lines_put(&c->lines, piece, (size_t)n);
	}
	return json_loads(line, 0, NULL);
}

static void
hang_up(struct caller *c)
{
	proto_lines_fini(&c->lines);
	close(c->fd);
}

static struct log_who
who(const char *group, const char *address)
{
	struct log_who w = {.group = group};

	(void)addr_parse(address, &w.peer);
	return w;
}

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

#define WAIT(peer, what) \
	"{\"command\":\"wait\",\"peer\":\"" peer "\",\"state\":\"" what "\"}\n"
#define WAIT_S(peer, what, s) \
	"{\"command\":\"wait\",\"peer\":\"" peer "\",\"state\":\"" what "\",\"timeout_s\":" s "}\n"

static void
it_comes_to_be(void)
{
	struct log_who other = who("any", "10.0.0.2"), mine = who("any", "10.0.0.1");
	struct caller c;
	json_t *o;

	if (!house_open())
		return;
	c = call(WAIT("10.0.0.1", "phase2-up"));
	LOG(P2_COMPLETED, &other, "PHASE 2 COMPLETED (msgid=1)");
	LOG(P1_NO_PROPOSAL, &other, "no");
	LOG(P1_COMPLETED, &mine, "PHASE 1 COMPLETED");
	T_TRUE(answer(&c, 200) == NULL);
	LOG(P2_COMPLETED, &mine, "PHASE 2 COMPLETED (msgid=2)");
	o = answer(&c, 5000);
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	T_STR(text_of(o, "peer"), "10.0.0.1");
	T_STR(text_of(o, "state"), "phase2-up");
	T_STR(text_of(o, "outcome"), "phase2-up");
	T_TRUE(json_is_false(json_object_get(o, "already")));
	T_STR(text_of(o, "event"), "P2_COMPLETED");
	T_STR(text_of(o, "group"), "any");
	T_STR(text_of(o, "ip"), "10.0.0.1");
	T_STR(text_of(o, "message"), "PHASE 2 COMPLETED (msgid=2)");
	json_decref(o);
	hang_up(&c);
	house_close();
}

static void
groups_and_anybody(void)
{
	struct log_who mine = who("any", "10.0.0.1"), nobody = {.group = NULL};
	struct caller group, all;
	json_t *o;

	if (!house_open())
		return;
	group = call(WAIT("any", "phase1-up"));
	all = call(WAIT("all", "failed"));
	LOG(P1_COMPLETED, &nobody, "of no group");
	T_TRUE(answer(&group, 200) == NULL);
	LOG(P1_COMPLETED, &mine, "PHASE 1 COMPLETED");
	o = answer(&group, 5000);
	T_STR(text_of(o, "outcome"), "phase1-up");
	json_decref(o);
	LOG(GROUP_NONE, &(struct log_who){.peer = mine.peer}, "no group for this peer");
	o = answer(&all, 5000);
	T_TRUE(json_is_true(json_object_get(o, "ok")));
	T_STR(text_of(o, "message"), "no group for this peer");
	T_TRUE(json_object_get(o, "group") == NULL);
	json_decref(o);
	hang_up(&group);
	hang_up(&all);
	house_close();
}

static void
the_opposite_ends_it(void)
{
	struct log_who mine = who("any", "10.0.0.1");
	struct caller up, failed;
	json_t *o;

	if (!house_open())
		return;
	up = call(WAIT("any", "phase1-up"));
	LOG(P1_KEY_MISMATCH, &mine, "ERROR, had problems decrypting packet");
	o = answer(&up, 5000);
	T_TRUE(json_is_false(json_object_get(o, "ok")));
	T_STR(text_of(o, "outcome"), "failed");
	T_STR(text_of(o, "error"),
	    "any: not phase1-up, but failed: ERROR, had problems decrypting packet");
	json_decref(o);
	failed = call(WAIT("any", "failed"));
	LOG(P1_COMPLETED, &mine, "PHASE 1 COMPLETED"); /* it may fail yet */
	T_TRUE(answer(&failed, 200) == NULL);
	LOG(P2_COMPLETED, &mine, "PHASE 2 COMPLETED (msgid=1)");
	o = answer(&failed, 5000);
	T_TRUE(json_is_false(json_object_get(o, "ok")));
	T_STR(text_of(o, "outcome"), "phase2-up");
	json_decref(o);
	hang_up(&up);
	hang_up(&failed);
	house_close();
}

static void
time_is_up(void)
{
	struct caller c;
	json_t *o;

	if (!house_open())
		return;
	c = call(WAIT_S("10.0.0.1", "phase1-up", "0"));
	o = answer(&c, 5000);
	T_STR(text_of(o, "outcome"), "timeout");
	T_STR(text_of(o, "error"), "10.0.0.1: not phase1-up within 0 s");
	json_decref(o);
	hang_up(&c);
	c = call(WAIT_S("10.0.0.1", "failed", "1") "{\"command\":\"help\"}\n");
	o = answer(&c, 5000);
	T_STR(text_of(o, "error"), "10.0.0.1: not failed within 1 s");
	json_decref(o);
	o = answer(&c, 5000); /* what was asked meanwhile comes after it */
	T_STR(text_of(o, "command"), "help");
	json_decref(o);
	hang_up(&c);
	house_close();
}

/* Who goes away leaves nothing behind: nobody listens to the log any more. */
static void
a_client_may_leave(void)
{
	struct caller c;
	int i;

	if (!house_open())
		return;
	c = call(WAIT("10.0.0.1", "phase1-up"));
	T_EQ(atomic_load(&log_gate), LOG_L_NOTICE);
	hang_up(&c);
	for (i = 0; i < 500 && atomic_load(&log_gate) != -1; i++)
		usleep(10000);
	T_EQ(atomic_load(&log_gate), -1);
	c = call(WAIT("10.0.0.1", "phase1-up"));
	shutdown(c.fd, SHUT_WR);
	T_TRUE(answer(&c, 5000) == NULL);
	T_EQ(recv(c.fd, &i, 1, 0), 0);
	hang_up(&c);
	house_close();
}

/* The line comes before the workers' answer; or the client goes before it. */
static void
workers_may_be_slow(void)
{
	struct log_who mine = who("any", "10.0.0.1");
	struct caller c;
	json_t *o;

	if (!house_open())
		return;
	house.hold_jobs = true;
	c = call(WAIT("any", "phase1-up"));
	LOG(P1_COMPLETED, &mine, "PHASE 1 COMPLETED");
	o = answer(&c, 5000);
	T_STR(text_of(o, "outcome"), "phase1-up");
	json_decref(o);
	loop_post(house.loop, &house.later);
	usleep(50000);
	hang_up(&c);
	c = call(WAIT("any", "phase1-up"));
	hang_up(&c);
	usleep(50000);
	loop_post(house.loop, &house.later);
	usleep(50000);
	house_close();
}

static void
the_end_of_the_daemon_is_an_answer(void)
{
	struct caller c, left;
	json_t *o;

	if (!house_open())
		return;
	c = call(WAIT("any", "phase1-up"));
	loop_post(house.loop, &house.stop);
	o = answer(&c, 5000);
	T_STR(text_of(o, "outcome"), "stopped");
	T_STR(text_of(o, "error"), "the daemon ends");
	json_decref(o);
	hang_up(&c);
	house_close();
	if (!house_open())
		return;
	left = call(WAIT("any", "phase1-up")); /* still there when all is freed */
	house_close();
	hang_up(&left);
}

static void
a_mistyped_group_is_refused(void)
{
	struct caller c;
	json_t *o;

	if (!house_open())
		return;
	c = call(WAIT_S("ony", "phase1-up", "1") WAIT_S("any", "phase1-up", "1"));
	o = answer(&c, 5000);
	T_STR(text_of(o, "error"), "there is no tunnel group \"ony\"; did you mean \"any\"?");
	json_decref(o);
	o = answer(&c, 5000);
	T_STR(text_of(o, "outcome"), "timeout");
	json_decref(o);
	hang_up(&c);
	house_close();
}

int
main(void)
{
	if (!loop_setup() || mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/control.sock", folder);
	T_RUN(it_comes_to_be);
	T_RUN(groups_and_anybody);
	T_RUN(the_opposite_ends_it);
	T_RUN(time_is_up);
	T_RUN(a_client_may_leave);
	T_RUN(workers_may_be_slow);
	T_RUN(the_end_of_the_daemon_is_an_answer);
	T_RUN(a_mistyped_group_is_refused);
	rmdir(folder);
	loop_teardown();
	return T_DONE();
}
