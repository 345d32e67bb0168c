/*
 * tests/bench/bench_daemon.c - the real daemon over loopback UDP, under load of many initiators.
 *
 *	bench_daemon DAEMON [HANDSHAKES [CONCURRENT [WORKERS]]]
 *
 * It starts DAEMON with a policy of its own on high ports, log level warning, and drives Main Mode
 * and
 * Quick Mode from sockets of its own.  CPU is the daemon's, of all its threads, from
 * /proc/PID/task/TID/schedstat (nanoseconds) or, where that is missing, /proc/PID/stat (ticks).
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "floor.h"
#include "peer/initiator.h"

#define PSK	     "secret-of-the-lab"
#define PORT	     15500
#define CONCURRENT   256
#define RETRY_MS     500.0
#define HANDSHAKES   1000000

struct load { /* one initiator at a time on a socket of its own */
	int		 fd;
	struct initiator i;
	struct ini_qm	 q;
	int		 step; /* 0: idle; 1, 2, 3: waits for MM2, 4, 6; 4: for QM2 */
	uint8_t		 m[2048]; /* the last message, to be repeated */
	size_t		 n;
	double		 begun_ms, sent_ms;
};

struct run {
	const struct alg_group *group;
	unsigned		wanted, begun, done, repeats;
	struct crypto	       *crypto;
	double		       *latency_ms;
};

static char folder[] = "/tmp/ikev1d-bench-XXXXXX";
static pid_t daemon_pid;

static void
die(const char *what)
{
	fprintf(stderr, "bench_daemon: %s\n", what);
	if (daemon_pid > 0)
		kill(daemon_pid, SIGKILL);
	exit(1);
}

static double
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- the daemon ---- */

static void
write_policy(const char *file, unsigned workers)
{
	int   fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (f == NULL)
		die("policy file");
	fprintf(f,
	    "listen = { addresses = [ \"127.0.0.1\" ]; port = %d; nat_t_port = %d; };\n"
	    "workers = %u;\nuser = \"\";\n"
	    "log = { target = \"stderr\"; level = \"warning\"; };\n"
	    "control = { socket = \"%s/control.sock\"; };\n"
	    "isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = [ 2, 14, 19, 31 ]; } );\n"
	    "transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha256\"; } );\n"
	    "tunnel_groups = ( { name = \"bench\"; pre_shared_key = \"" PSK "\";\n"
	    "  crypto_map = ( { local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; } ); } );\n",
	    PORT, PORT + 1, workers, folder);
	if (fclose(f) != 0)
		die("policy file");
}

static void
start_daemon(const char *program, unsigned workers)
{
	char policy[64], errors[64];

	if (mkdtemp(folder) == NULL)
		die("folder");
	snprintf(policy, sizeof(policy), "%s/policy.conf", folder);
	snprintf(errors, sizeof(errors), "%s/stderr", folder);
	write_policy(policy, workers);
	daemon_pid = fork();
	if (daemon_pid < 0)
		die("fork");
	if (daemon_pid == 0) {
		int fd = open(errors, O_WRONLY | O_CREAT, 0600);

		if (fd >= 0)
			dup2(fd, 2);
		execl(program, program, "-c", policy, (char *)NULL);
		_exit(127);
	}
}

static int
stop_daemon(void)
{
	char name[64];
	int  status = -1;

	kill(daemon_pid, SIGTERM);
	if (waitpid(daemon_pid, &status, 0) != daemon_pid)
		status = -1;
	snprintf(name, sizeof(name), "%s/policy.conf", folder);
	unlink(name);
	snprintf(name, sizeof(name), "%s/stderr", folder);
	unlink(name);
	snprintf(name, sizeof(name), "%s/control.sock", folder);
	unlink(name);
	rmdir(folder);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static bool
schedstat_ms(double *ms)
{
	char	       path[64], one[400];
	DIR	      *d;
	struct dirent *e;
	bool	       any = false;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)daemon_pid);
	if ((d = opendir(path)) == NULL)
		return false;
	*ms = 0;
	while ((e = readdir(d)) != NULL) {
		unsigned long long ns;
		FILE		  *f;

		snprintf(one, sizeof(one), "%s/%s/schedstat", path, e->d_name);
		if (e->d_name[0] == '.' || (f = fopen(one, "r")) == NULL)
			continue;
		if (fscanf(f, "%llu", &ns) == 1) {
			*ms += (double)ns / 1e6;
			any = true;
		}
		fclose(f);
	}
	closedir(d);
	return any && *ms > 0;
}

static double
daemon_cpu_ms(void)
{
	char	      path[64];
	unsigned long user = 0, system = 0;
	double	      ms;
	FILE	     *f;

	if (schedstat_ms(&ms))
		return ms;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)daemon_pid);
	f = fopen(path, "r");
	if (f == NULL ||
	    fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		&system) != 2)
		die("/proc/PID/stat: the daemon has ended");
	fclose(f);
	return (double)(user + system) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

static size_t
daemon_resident(void)
{
	char	      path[64];
	unsigned long pages = 0;
	FILE	     *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)daemon_pid);
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
		die("/proc/PID/statm: the daemon has ended");
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- the load ---- */

static void
open_socket(struct load *l)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	l->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		die("socket");
	a.sin_port = htons(PORT);
	if (connect(l->fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		die("connect");
}

static void
transmit(struct load *l, struct chunk d)
{
	if (d.p != l->m)
		memcpy(l->m, d.p, d.n);
	l->n = d.n;
	l->sent_ms = clock_ms();
	/* A refused connection: the daemon is not up yet. It will be sent again. */
	if (send(l->fd, l->m, l->n, 0) < 0 && errno != ECONNREFUSED && errno != EAGAIN)
		die(strerror(errno));
}

static void
begin(struct run *r, struct load *l)
{
	char id[32];

	ini_init(&l->i, r->crypto, "127.0.0.1", "127.0.0.1", PSK, r->group);
	/* An identity of its own, so that no peer is taken for the rekeying of another. */
	snprintf(id, sizeof(id), "peer-%u.example", r->begun);
	l->i.id = ini_id(ID_FQDN, id);
	l->i.offers[0].cipher = alg_cipher_named("aes-256");
	l->i.offers[0].hash = alg_hash_named("sha256");
	l->step = 1;
	l->begun_ms = clock_ms();
	r->begun++;
	transmit(l, ini_mm1(&l->i));
}

static void
finish(struct run *r, struct load *l)
{
	struct chunk d = ini_qm3(&l->q);

	transmit(l, d);
	r->latency_ms[r->done++] = clock_ms() - l->begun_ms;
	/* Deleted at once: it is the handshake that is measured. */
	transmit(l, ini_delete_isakmp(&l->i));
	ini_qm_fini(&l->q);
	ini_fini(&l->i);
	l->step = 0;
}

/* False: not the message waited for; it changes nothing. */
static bool
receive(struct run *r, struct load *l, struct chunk d)
{
	struct why w;

	switch (l->step) {
	case 1:
		if (ini_mm2(&l->i, d, &w) != IKE_OK)
			return false;
		transmit(l, ini_mm3(&l->i));
		break;
	case 2:
		if (ini_mm4(&l->i, d, &w) != IKE_OK)
			return false;
		transmit(l, ini_mm5(&l->i));
		break;
	case 3:
		if (ini_mm6(&l->i, d, &w) != IKE_OK)
			return false;
		ini_qm_init(&l->q, &l->i);
		l->q.offers[0].cipher = alg_cipher_named("aes-256");
		l->q.offers[0].integ = alg_integ_named("sha256");
		transmit(l, ini_qm1(&l->q));
		break;
	case 4:
		if (ini_qm2(&l->q, d, &w) != IKE_OK)
			return false;
		finish(r, l);
		return true;
	default:
		return false;
	}
	l->step++;
	return true;
}

static void
drive(struct run *r, struct load *loads, unsigned concurrent)
{
	struct pollfd fds[CONCURRENT];
	uint8_t	      m[4096];
	double	      last = clock_ms();
	unsigned      done = r->done;

	while (r->done < r->wanted) {
		for (unsigned k = 0; k < concurrent; k++) {
			if (loads[k].step == 0 && r->begun < r->wanted)
				begin(r, &loads[k]);
			else if (loads[k].step != 0 && clock_ms() - loads[k].sent_ms > RETRY_MS) {
				transmit(&loads[k], CHUNK(loads[k].m, loads[k].n));
				r->repeats++;
			}
			fds[k] = (struct pollfd){.fd = loads[k].fd, .events = POLLIN};
		}
		if (poll(fds, concurrent, 100) < 0)
			die("poll");
		for (unsigned k = 0; k < concurrent; k++) {
			ssize_t n;

			if (fds[k].revents != 0 && (n = recv(loads[k].fd, m, sizeof(m), 0)) > 0)
				receive(r, &loads[k], CHUNK(m, (size_t)n));
		}
		if (r->done != done) {
			done = r->done;
			last = clock_ms();
		}
		if (clock_ms() - last > 20000)
			die("no handshake was completed for 20 seconds");
	}
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
floor_cost_ms(const struct alg_group *g)
{
	struct floor   *f = floor_new(g);
	struct timespec a, b;

	if (f == NULL || !floor_run(f, 50))
		die("floor");
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	if (!floor_run(f, 300))
		die("floor");
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	floor_free(f);
	return ((double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6) / 300;
}

static void
measure(struct crypto *crypto, struct load *loads, unsigned concurrent, unsigned count,
    unsigned group)
{
	struct run r = {.group = alg_group_id(group), .wanted = count, .crypto = crypto};
	double	   cpu, wall, base[2];

	r.latency_ms = calloc(count, sizeof(*r.latency_ms));
	if (r.latency_ms == NULL)
		die("memory");
	base[0] = floor_cost_ms(r.group);
	cpu = daemon_cpu_ms();
	wall = clock_ms();
	drive(&r, loads, concurrent);
	wall = clock_ms() - wall;
	cpu = (daemon_cpu_ms() - cpu) / count;
	base[1] = floor_cost_ms(r.group);
	qsort(r.latency_ms, count, sizeof(*r.latency_ms), by_size);
	printf("%5u  %-14s %9.4f %9.4f %6.2f %8.0f %9.2f %9.2f %9.2f %7u\n", group, r.group->label,
	    (base[0] + base[1]) / 2, cpu, cpu / ((base[0] + base[1]) / 2), 1000.0 * count / wall,
	    r.latency_ms[count / 2], r.latency_ms[count * 9 / 10], r.latency_ms[count * 99 / 100],
	    r.repeats);
	fflush(stdout);
	free(r.latency_ms);
}

int
main(int argc, char **argv)
{
	static struct load   loads[CONCURRENT];
	static const unsigned groups[] = {14, 2, 19, 31};
	unsigned	     count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1500;
	unsigned	     concurrent = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 16;
	unsigned	     workers = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1;
	struct why	     w = {0};
	struct crypto	    *crypto = crypto_new(&w);
	struct run	     warm = {.wanted = concurrent, .crypto = crypto};
	double		     latency[CONCURRENT];
	size_t		     resident;
	int		     status;

	if (argc < 2 || count == 0 || count > HANDSHAKES || concurrent == 0 ||
	    concurrent > CONCURRENT) {
		fprintf(stderr, "usage: bench_daemon DAEMON [HANDSHAKES [CONCURRENT [WORKERS]]]\n");
		return 2;
	}
	if (crypto == NULL)
		die(w.text);
	start_daemon(argv[1], workers);
	for (unsigned k = 0; k < concurrent; k++)
		open_socket(&loads[k]);
	warm.latency_ms = latency;
	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		warm.group = alg_group_id(groups[g]);
		warm.begun = warm.done = 0;
		drive(&warm, loads, concurrent);
	}
	printf(
	    "The daemon (%u worker%s, log level warning) over loopback UDP: Main Mode and Quick Mode of %u initiators at a time,\n"
	    "%u handshakes a group, each deleted afterwards.  CPU of the daemon's threads, system calls included; the floor is\n"
	    "measured before and after.  Rate and latency (milliseconds, from message 1 to Quick Mode's message 2) share the\n"
	    "machine with the initiators, which cost as much as the daemon.\n\n"
	    "group  %-14s  floor ms    CPU ms  ratio      1/s  lat. 50%%      90%%      99%%  repeats\n",
	    workers, workers == 1 ? "" : "s", concurrent, count, "");
	resident = daemon_resident();
	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		measure(crypto, loads, concurrent, count, groups[g]);
	printf("\nresident memory of the daemon: %.1f MiB before, %.1f MiB after\n",
	    (double)resident / 1048576, (double)daemon_resident() / 1048576);
	for (unsigned k = 0; k < concurrent; k++)
		close(loads[k].fd);
	status = stop_daemon();
	if (status != 0)
		printf("the daemon ended with status %d\n", status);
	crypto_free(crypto);
	return status != 0;
}
