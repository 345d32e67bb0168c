/*
 * Memory runs out: the n-th allocation of the engine fails, for every n of a whole conversation.
 * The
 * engine must neither crash nor leak, and serve the next peer as if nothing had happened.
 *
 * The linker puts the functions below in front of malloc() and its kin (--wrap, see Makefile).
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
char *__real_strdup(const char *);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
char *__wrap_strdup(const char *);

static struct {
	bool	      on;    /* the engine is at work */
	bool	      stays; /* all allocations fail from the n-th on */
	unsigned long n;     /* 0: none fails */
	unsigned long seen, failed;
} alloc;

static bool
fails(void)
{
	if (!alloc.on || lab_inside > 0)
		return false;
	alloc.seen++;
	if (alloc.n == 0 || (alloc.stays ? alloc.seen < alloc.n : alloc.seen != alloc.n))
		return false;
	alloc.failed++;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

static void
feed(struct lab *l, const struct initiator *i, struct chunk d)
{
	struct path path = {.local = i->remote, .remote = i->local, .marker = i->marker};

	alloc.on = true;
	ike_rx(l->ike, &path, d);
	alloc.on = false;
}

static void
wait_ms(struct lab *l, uint64_t ms)
{
	alloc.on = true;
	lab_advance(l, ms);
	alloc.on = false;
}

/*
 * Feed and read; a step that got no answer, or none to use, is sent again as a peer would, then all
 * is given up.
 */
static bool
phase1(struct lab *l, struct initiator *i)
{
	static uint8_t room[INI_OUT];
	struct chunk   d, out;
	struct why     w = {0};

	for (int step = 1; step <= 3; step++) {
		bool ok = false;

		out = step == 1 ? ini_mm1(i) : step == 2 ? ini_mm3(i) : ini_mm5(i);
		memcpy(room, out.p, out.n);
		for (int turn = 0; turn < 2 && !ok; turn++) {
			feed(l, i, CHUNK(room, out.n));
			while (!ok && lab_take(l, &d))
				ok = (step == 1	       ? ini_mm2(i, d, &w) :
					     step == 2 ? ini_mm4(i, d, &w) :
							 ini_mm6(i, d, &w)) == IKE_OK;
		}
		if (!ok)
			return false;
	}
	return true;
}

static void
quick(struct lab *l, struct initiator *i, struct ini_qm *q)
{
	static uint8_t room[INI_OUT];
	struct chunk   d, out = ini_qm1(q);
	struct why     w = {0};
	bool	       ok = false;

	memcpy(room, out.p, out.n);
	for (int turn = 0; turn < 2 && !ok; turn++) {
		feed(l, i, CHUNK(room, out.n));
		while (!ok && lab_take(l, &d))
			ok = ini_qm2(q, d, &w) == IKE_OK;
	}
	if (!ok)
		return;
	out = ini_qm3(q);
	memcpy(room, out.p, out.n);
	for (int turn = 0; turn < 2; turn++)
		feed(l, i, CHUNK(room, out.n));
	lab_drop(l);
}

/* The peer answers a rekeying of ours, if one comes. */
static void
rekey(struct lab *l, struct initiator *i)
{
	struct ini_qm r = {.ini = i, .nonce_len = 20};
	struct chunk  d;
	struct why    w = {0};

	alloc.on = true;
	ike_rekey(l->ike, &(struct ike_match){0});
	alloc.on = false;
	if (lab_take(l, &d) && ini_qm1_in(&r, d, &w) == IKE_OK)
		feed(l, i, ini_qm2_out(&r));
	lab_drop(l);
	ini_qm_fini(&r);
}

static void
life(struct lab *l)
{
	struct initiator i, b, odd;
	struct ini_qm	 q, bad;

	lab_t_peer(&i);
	i.vids |= VID_NATT_RFC;
	i.initial_contact = true;
	ini_init(&odd, peer_crypto, "203.0.113.9", LAB_US, "not the key", alg_group_id(31));
	phase1(l, &odd);
	ini_fini(&odd);
	ini_init(&odd, peer_crypto, "203.0.113.9", LAB_US, LAB_PSK, alg_group_id(18));
	phase1(l, &odd);
	ini_fini(&odd);
	lab_drop(l);
	if (phase1(l, &i)) {
		lab_drop(l);
		ini_qm_init(&q, &i);
		q.pfs = q.offers[0].pfs = alg_group_id(31);
		quick(l, &i, &q);
		ini_qm_init(&bad, &i);
		bad.idcr = ini_id(ID_IPV4_ADDR_SUBNET, "172.31.0.0/16");
		quick(l, &i, &bad);
		ini_qm_fini(&bad);
		lab_drop(l);
		feed(l, &i, ini_dpd(&i, N_R_U_THERE, 5));
		wait_ms(l, 11000);
		rekey(l, &i);
		lab_t_peer(&b);
		if (phase1(l, &b)) { /* adopts */
			feed(l, &b, ini_dpd(&b, N_R_U_THERE, 6));
			if (q.chosen != NULL) {
				q.ini = &b;
				feed(l, &b, ini_delete_child(&q));
			}
			feed(l, &b, ini_delete_isakmp(&b));
		}
		ini_fini(&b);
		feed(l, &i, ini_delete_isakmp(&i));
		q.ini = &i;
		ini_qm_fini(&q);
	}
	ini_fini(&i);
	wait_ms(l, 200000);
	lab_drop(l);
}

static const struct lab_policy policy = {.group = "dpd = { interval = 10; retries = 2; };",
    .top = "diagnose_psk = true;"};

/* With enough memory again: everything works, and nothing of before is left. */
static bool
all_is_well(struct lab *l)
{
	struct initiator i;
	struct ini_qm	 q;
	bool		 ok;

	lab_advance(l, UINT64_C(100000000)); /* past every lifetime */
	lab_drop(l);
	ok = T_EQ(ike_totals(l->ike).half_open + ike_totals(l->ike).established +
		ike_totals(l->ike).exchanges + ike_totals(l->ike).children,
	    0);
	lab_t_peer(&i);
	ini_qm_init(&q, &i);
	ok = ok && T_STEP(lab_phase1, l, &i) && T_STEP(lab_quick, l, &q) &&
	    T_TRUE(lab_same_keys(l, &q));
	ini_qm_fini(&q);
	ini_fini(&i);
	return ok;
}

/*
 * Tables are about to grow when the failure comes: as many half-open SAs stand as the timers' heap
 * has room for.  Whatever has no timer must not come to be, or it would stay for ever.
 */
static void
tables_cannot_grow(void)
{
	unsigned long total = 0;

	for (unsigned long n = 0; n == 0 || n <= total; n++) {
		struct lab	*l = lab_new_with(&policy, 4);
		struct initiator i;
		char		 address[32];

		for (unsigned k = 0; k < 62; k++) {
			snprintf(address, sizeof(address), "203.0.113.%u", k + 1);
			ini_init(&i, peer_crypto, address, LAB_US, LAB_PSK, alg_group_id(31));
			lab_rx(l, &i, ini_mm1(&i));
			ini_fini(&i);
		}
		lab_drop(l);
		alloc.n = n;
		alloc.stays = false;
		alloc.seen = alloc.failed = 0;
		for (unsigned k = 0; k < 3; k++) {
			snprintf(address, sizeof(address), "198.51.100.%u", k + 1);
			ini_init(&i, peer_crypto, address, LAB_US, LAB_PSK, alg_group_id(31));
			feed(l, &i, ini_mm1(&i));
			ini_fini(&i);
		}
		if (n == 0)
			total = alloc.seen;
		alloc.n = 0;
		if (!all_is_well(l)) {
			T_FAIL("after the failure of allocation %lu of %lu", n, total);
			n = total;
		}
		lab_free(l);
	}
	T_TRUE(total > 10);
}

static void
fail_each(bool stays)
{
	unsigned long total;
	struct lab   *l = lab_new_with(&policy, 1);

	alloc.n = 0;
	alloc.seen = 0;
	life(l);
	total = alloc.seen;
	T_TRUE(all_is_well(l));
	lab_free(l);
	if (!T_TRUE(total > 50))
		return;
	printf("# %lu allocations\n", total);
	l = lab_new_with(&policy, 2);
	for (unsigned long n = 1; n <= total; n++) {
		alloc.n = n;
		alloc.stays = stays;
		alloc.seen = alloc.failed = 0;
		life(l);
		alloc.n = 0;
		/*
		 * With a failure the conversation takes another way, and may need fewer allocations
		 * than n.
		 */
		if (alloc.failed == 0 && n < total / 4)
			T_FAIL("allocation %lu of %lu was not reached", n, total);
		if (!all_is_well(l)) {
			T_FAIL("after the failure of allocation %lu%s", n,
			    stays ? " and all that follow" : "");
			break;
		}
	}
	lab_free(l);
}

static void
one_allocation_fails(void)
{
	fail_each(false);
}

static void
memory_stays_out_for_a_while(void)
{
	fail_each(true);
}

static uint64_t
standing_clock(void *ctx)
{
	(void)ctx;
	return 1;
}

static void
no_random(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	memset(out, 0, n);
}

/* Even the engine itself can fail to come to be. */
static void
no_engine_without_memory(void)
{
	struct lab     *l = lab_new_with(&policy, 3);
	struct ike_conf conf = {.worker = 1,
	    .crypto = l->crypto,
	    .policy = l->policy,
	    .ports.now_ms = standing_clock,
	    .ports.random = no_random};
	struct ike     *ike = NULL;
	unsigned	tries = 0;

	for (unsigned long n = 1; ike == NULL && n < 100; n++, tries++) {
		alloc.n = n;
		alloc.stays = false;
		alloc.seen = 0;
		alloc.on = true;
		ike = ike_new(&conf);
		alloc.on = false;
	}
	alloc.n = 0;
	T_TRUE(ike != NULL && tries >= 2);
	ike_free(ike);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(no_engine_without_memory);
	T_RUN(tables_cannot_grow);
	T_RUN(one_allocation_fails);
	T_RUN(memory_stays_out_for_a_while);
	return lab_t_end();
}
