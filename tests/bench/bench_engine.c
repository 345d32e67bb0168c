/*
 * tests/bench/bench_engine.c - what the engine itself costs, in one thread, without sockets.
 *
 *	bench_engine cpu [ROUNDS [COUNT]]	CPU per handshake beside the floor, group by group
 *	bench_engine memory [COUNT]		octets per ISAKMP SA with one IPsec SA pair
 *	bench_engine growth [COUNT]		memory over many handshakes, good and bad ones
 *
 * CPU is the thread's own (CLOCK_THREAD_CPUTIME_ID), taken around blocks of ike_rx() calls: the
 * work
 * of the initiators, which runs in the same process, is not in it.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "floor.h"
#include "peer/lab.h"

#define PSK   "secret-of-the-lab"
#define BLOCK 20 /* handshakes in step with each other */

static const char policy_text[] =
    "log = { target = \"none\"; level = \"warning\"; };\n"
    "limits = { half_open = 100000; half_open_per_source = 100000; };\n"
    "isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = [ 2, 14, 19, 31 ]; } );\n"
    "transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha256\"; } );\n"
    "tunnel_groups = ( { name = \"bench\"; pre_shared_key = \"" PSK "\";\n"
    "  crypto_map = ( { local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; lifetime = 28800; } ); } );\n";

/* What the engine sends lands here; nothing is allocated. */
struct sink {
	struct ike     *ike;
	struct crypto  *crypto, *peer_crypto;
	struct policy  *policy;
	uint64_t	now_ms;
	uint8_t		m[BLOCK][2048];
	size_t		n[BLOCK];
	unsigned	at; /* whose answer comes now */
};

static void
die(const char *what)
{
	fprintf(stderr, "bench_engine: %s\n", what);
	exit(1);
}

static uint64_t
port_now(void *ctx)
{
	return ((struct sink *)ctx)->now_ms;
}

static void
port_random(void *ctx, uint8_t *out, size_t n)
{
	crypto_random(((struct sink *)ctx)->crypto, out, n);
}

static void
port_send(void *ctx, const struct path *path, struct chunk d)
{
	struct sink *s = ctx;

	(void)path;
	if (d.n > sizeof(s->m[0]))
		die("a datagram too large");
	memcpy(s->m[s->at], d.p, d.n);
	s->n[s->at] = d.n;
}

static void
sink_new(struct sink *s)
{
	struct why	w = {0};
	struct log_conf quiet = {.target = LOG_T_NONE, .level = LOG_L_WARNING};
	struct ike_conf conf = {
	    .ports = {.ctx = s, .now_ms = port_now, .random = port_random, .send = port_send}};

	memset(s, 0, sizeof(*s));
	s->now_ms = 1000;
	if (log_open(&quiet, &w) != IKE_OK)
		die(w.text);
	s->policy = lab_load(policy_text);
	s->crypto = crypto_new(&w);
	s->peer_crypto = crypto_new(&w);
	if (s->policy == NULL || s->crypto == NULL || s->peer_crypto == NULL)
		die("policy or crypto");
	conf.policy = s->policy;
	conf.crypto = s->crypto;
	s->ike = ike_new(&conf);
	if (s->ike == NULL)
		die("engine");
}

static void
sink_free(struct sink *s)
{
	ike_free(s->ike);
	crypto_free(s->crypto);
	crypto_free(s->peer_crypto);
	policy_unref(s->policy);
}

static double
thread_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- handshakes in step ---- */

struct flock {
	struct sink	*s;
	struct initiator i[BLOCK];
	struct ini_qm	 q[BLOCK];
	uint8_t		 m[BLOCK][2048];
	size_t		 n[BLOCK];
	double		 ms; /* of the responder */
};

static void
peer_init(struct flock *f, unsigned k, const struct alg_group *g, uint32_t number)
{
	struct initiator *i = &f->i[k];
	char		  address[32];

	snprintf(address, sizeof(address), "10.%u.%u.%u", 64 + (number >> 16 & 63),
	    number >> 8 & 255, number & 255);
	ini_init(i, f->s->peer_crypto, address, "192.0.2.1", PSK, g);
	i->offers[0].cipher = alg_cipher_named("aes-256");
	i->offers[0].hash = alg_hash_named("sha256");
	i->local.port = (uint16_t)(500 + (number >> 22));
}

static void
prepared(struct flock *f, unsigned k, struct chunk d)
{
	memcpy(f->m[k], d.p, d.n);
	f->n[k] = d.n;
	f->s->n[k] = 0;
}

/* The measured part: the responder takes one message of each. */
static void
respond(struct flock *f)
{
	double begin = thread_ms();

	for (unsigned k = 0; k < BLOCK; k++) {
		struct path p = {.local = f->i[k].remote, .remote = f->i[k].local};

		f->s->at = k;
		ike_rx(f->s->ike, &p, CHUNK(f->m[k], f->n[k]));
	}
	f->ms += thread_ms() - begin;
}

static void
must(enum ike_err e, const struct why *w)
{
	if (e != IKE_OK)
		die(w->text);
}

/* Main Mode and Quick Mode of a whole block; the responder's CPU is added up in f->ms. */
static void
block_up(struct flock *f, const struct alg_group *g, uint32_t number)
{
	struct why w = {0};

	for (unsigned k = 0; k < BLOCK; k++) {
		peer_init(f, k, g, number + k);
		prepared(f, k, ini_mm1(&f->i[k]));
	}
	respond(f);
	for (unsigned k = 0; k < BLOCK; k++) {
		must(ini_mm2(&f->i[k], CHUNK(f->s->m[k], f->s->n[k]), &w), &w);
		prepared(f, k, ini_mm3(&f->i[k]));
	}
	respond(f);
	for (unsigned k = 0; k < BLOCK; k++) {
		must(ini_mm4(&f->i[k], CHUNK(f->s->m[k], f->s->n[k]), &w), &w);
		prepared(f, k, ini_mm5(&f->i[k]));
	}
	respond(f);
	for (unsigned k = 0; k < BLOCK; k++) {
		must(ini_mm6(&f->i[k], CHUNK(f->s->m[k], f->s->n[k]), &w), &w);
		ini_qm_init(&f->q[k], &f->i[k]);
		f->q[k].offers[0].cipher = alg_cipher_named("aes-256");
		f->q[k].offers[0].integ = alg_integ_named("sha256");
		prepared(f, k, ini_qm1(&f->q[k]));
	}
	respond(f);
	for (unsigned k = 0; k < BLOCK; k++) {
		must(ini_qm2(&f->q[k], CHUNK(f->s->m[k], f->s->n[k]), &w), &w);
		prepared(f, k, ini_qm3(&f->q[k]));
	}
	respond(f);
}

static void
block_end(struct flock *f, bool delete)
{
	for (unsigned k = 0; k < BLOCK; k++) {
		struct path p = {.local = f->i[k].remote, .remote = f->i[k].local};

		if (delete)
			ike_rx(f->s->ike, &p, ini_delete_isakmp(&f->i[k]));
		ini_qm_fini(&f->q[k]);
		ini_fini(&f->i[k]);
	}
}

/* ---- cpu ---- */

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_size);
	return n % 2 != 0 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

#define ROUNDS_MAX 200

static bool
cpu_group(struct sink *s, unsigned id, double aim, unsigned rounds, unsigned count)
{
	static struct flock	f;
	static double		floor_ms[ROUNDS_MAX], engine_ms[ROUNDS_MAX], ratio[ROUNDS_MAX];
	const struct alg_group *g = alg_group_id(id);
	struct floor	       *fl = floor_new(g);
	uint32_t		number = 0;
	double			a, b, r;

	if (fl == NULL)
		die("floor");
	f.s = s;
	for (unsigned k = 0; k < rounds + 1; k++) {
		double	 begin = thread_ms();
		unsigned done = 0;

		if (!floor_run(fl, count))
			die("floor");
		a = (thread_ms() - begin) / count;
		f.ms = 0;
		for (; done < count; done += BLOCK, number += BLOCK) {
			block_up(&f, g, number);
			block_end(&f, true);
		}
		b = f.ms / done;
		if (k == 0)
			continue; /* warming up */
		floor_ms[k - 1] = a;
		engine_ms[k - 1] = b;
		ratio[k - 1] = b / a;
		s->now_ms += 60000;
		ike_tick(s->ike);
	}
	floor_free(fl);
	a = median(floor_ms, rounds);
	b = median(engine_ms, rounds);
	r = median(ratio, rounds);
	printf("%5u  %-14s %10.4f %10.4f %10.0f %8.2f", id, g->label, a, b, 1000.0 / b, r);
	if (aim > 0)
		printf("   at most %.1f: %s\n", aim, r <= aim ? "met" : "MISSED");
	else
		printf("   none\n");
	fflush(stdout);
	return aim <= 0 || r <= aim;
}

static int
cpu(unsigned rounds, unsigned count)
{
	static struct sink s;
	bool		   met = true;

	if (rounds == 0 || rounds > ROUNDS_MAX || count == 0)
		die("rounds: 1 to 200");
	sink_new(&s);
	printf(
	    "CPU of the responder for one Main Mode (AES-256, SHA2-256) and one Quick Mode (ESP AES-256, HMAC-SHA2-256, no PFS).\n"
	    "Median of %u rounds of %u handshakes; floor (key generation, range check and derivation alone, through OpenSSL) and\n"
	    "engine in turn within one thread; the ratio is the median of the rounds' ratios.\n\n"
	    "group  %-14s   floor ms  engine ms       1/s     ratio   aim\n",
	    rounds, count, "");
	met &= cpu_group(&s, 14, 1.3, rounds, count);
	met &= cpu_group(&s, 2, 2, rounds, count);
	met &= cpu_group(&s, 19, 3, rounds, count);
	met &= cpu_group(&s, 31, 0, rounds, count);
	sink_free(&s);
	return met ? 0 : 1;
}

/* ---- memory ---- */

static size_t
heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static size_t
resident(void)
{
	unsigned long pages = 0;
	FILE	     *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
		die("/proc/self/statm");
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int
memory(unsigned count)
{
	static struct sink  s;
	static struct flock f;
	size_t		    before, fresh, later;
	unsigned	    done = 0;

	sink_new(&s);
	f.s = &s;
	block_up(&f, alg_group_id(31), 0xffff00); /* tables and contexts come to be */
	block_end(&f, true);
	s.now_ms += 120000;
	ike_tick(s.ike);
	malloc_trim(0);
	before = heap();
	for (; done < count; done += BLOCK) {
		block_up(&f, alg_group_id(31), done);
		block_end(&f, false);
	}
	fresh = heap();
	for (int k = 0; k < 120; k++) {
		s.now_ms += 1000;
		ike_tick(s.ike);
	}
	later = heap();
	if (ike_totals(s.ike).established != done || ike_totals(s.ike).children != done)
		die("SAs are missing");
	printf(
	    "Heap for an ISAKMP SA with one IPsec SA pair, history and kept replies included: mallinfo2() over %u of them held.\n\n"
	    "  just up                  %6.0f octets\n"
	    "  two minutes later        %6.0f octets   at most 4096: %s\n",
	    done, (double)(fresh - before) / done, (double)(later - before) / done,
	    (later - before) / done <= 4096 ? "met" : "MISSED");
	sink_free(&s);
	return (later - before) / done <= 4096 ? 0 : 1;
}

/* ---- growth ---- */

/* Negotiations that fail, each in its way, beside the good ones. */
static void
bad_ones(struct flock *f, uint32_t number)
{
	struct initiator i;
	struct path	 p;
	struct why	 w = {0};
	uint8_t		 kind = number / BLOCK % 4;

	peer_init(f, 0, alg_group_id(kind == 0 ? 5 : 31), number);
	i = f->i[0];
	p = (struct path){.local = i.remote, .remote = i.local};
	f->s->at = 0;
	if (kind == 1)
		i.psk_n--; /* a key mismatch */
	ike_rx(f->s->ike, &p, ini_mm1(&i));
	/*
	 * kind 0: no proposal is chosen; kind 2: half-open for ever; kind 3: half-open after
	 * message 3.
	 */
	if ((kind == 1 || kind == 3) && ini_mm2(&i, CHUNK(f->s->m[0], f->s->n[0]), &w) == IKE_OK) {
		ike_rx(f->s->ike, &p, ini_mm3(&i));
		if (kind == 1 && ini_mm4(&i, CHUNK(f->s->m[0], f->s->n[0]), &w) == IKE_OK)
			ike_rx(f->s->ike, &p, ini_mm5(&i));
	}
	ini_fini(&i);
}

static int
growth(unsigned count)
{
	static struct sink  s;
	static struct flock f;
	size_t		    h0 = 0, r0 = 0, h = 0, r = 0;
	unsigned	    done = 0, next = 0;

	sink_new(&s);
	f.s = &s;
	printf(
	    "Memory over %u handshakes (group 31; beside every %d good ones a bad one), each deleted afterwards.\n\n"
	    "handshakes      heap KiB   resident KiB\n",
	    count, BLOCK);
	for (; done < count; done += BLOCK) {
		block_up(&f, alg_group_id(31), done & 0x3fffff);
		block_end(&f, true);
		bad_ones(&f, done & 0x3fffff);
		s.now_ms += 5000;
		ike_tick(s.ike);
		if (done + BLOCK >= next) {
			/* What lingers to answer duplicates is let go before looking. */
			for (int k = 0; k < 200; k++) {
				s.now_ms += 1000;
				ike_tick(s.ike);
			}
			h = heap();
			r = resident();
			printf("%10u  %12.1f %14.1f\n", done + BLOCK, (double)h / 1024,
			    (double)r / 1024);
			fflush(stdout);
			if (next != 0 && h0 == 0)
				h0 = h, r0 = r;
			next += count / 10 > BLOCK ? count / 10 : BLOCK;
		}
	}
	printf("\ngrowth from the second row on: heap %ld octets, resident %ld octets\n",
	    (long)(h - h0), (long)(r - r0));
	sink_free(&s);
	return h > h0 + 65536 ? 1 : 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned    a = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	unsigned    b = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

	if (strcmp(what, "cpu") == 0)
		return cpu(a != 0 ? a : 15, b != 0 ? b : 100);
	if (strcmp(what, "memory") == 0)
		return memory(a != 0 ? a : 20000);
	if (strcmp(what, "growth") == 0)
		return growth(a != 0 ? a : 10000);
	fprintf(stderr,
	    "usage: bench_engine cpu [ROUNDS [COUNT]] | memory [COUNT] | growth [COUNT]\n");
	return 2;
}
