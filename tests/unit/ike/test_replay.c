/*
 * Same seed, same conversation: the same octets, to the last one.  Faults and fuzzing lean on this.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

/* A whole life with everything that draws random numbers in it; what the engine sent, as text. */
static char *
conversation(uint64_t seed, uint64_t peer_seed, unsigned group)
{
	struct why	 w = {0};
	struct crypto	*c = crypto_new_replay(peer_seed, &w);
	struct lab *l = lab_new_with(
	    &(struct lab_policy){.group = "dpd = { interval = 10; retries = 3; };",
		.entry = "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; lifetime = 900;"},
	    seed);
	struct initiator i, odd;
	struct ini_qm	 q, r = {0};
	struct chunk	 d;
	char		*text;

	if (c == NULL)
		abort();
	lab_record(l);
	ini_init(&i, c, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(group));
	i.vids |= VID_NATT_RFC;
	ini_init(&odd, c, "203.0.113.4", LAB_US, LAB_PSK, alg_group_id(18));
	lab_rx(l, &odd, ini_mm1(&odd));
	lab_drop(l);
	T_STEP(lab_phase1, l, &i);
	ini_qm_init(&q, &i);
	q.pfs = q.offers[0].pfs = alg_group_id(group);
	T_STEP(lab_quick, l, &q);
	lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, 12));
	lab_drop(l);
	lab_advance(l, 10500);
	lab_drop(l);
	T_EQ(ike_rekey(l->ike, &(struct ike_match){0}), 1);
	r.ini = &i;
	r.nonce_len = 16;
	if (T_TRUE(lab_take(l, &d)) && T_OK(ini_qm1_in(&r, d, &w)))
		lab_rx(l, &i, ini_qm2_out(&r));
	lab_drop(l);
	lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, 13));
	ike_shutdown(l->ike);
	text = strdup(l->record);
	ini_qm_fini(&q);
	ini_qm_fini(&r);
	ini_fini(&odd);
	ini_fini(&i);
	lab_free(l);
	crypto_free(c);
	if (text == NULL)
		abort();
	return text;
}

static void
same_seed_same_octets(void)
{
	static const unsigned groups[] = {31, 19, 14, 2};

	for (size_t k = 0; k < ARRAY_LEN(groups); k++) {
		char *a = conversation(1, 2, groups[k]), *b = conversation(1, 2, groups[k]);
		char *c = conversation(3, 2, groups[k]);
		unsigned lines = 0;

		for (const char *p = a; (p = strchr(p, '\n')) != NULL; p++)
			lines++;
		T_TRUE(lines >= 10);
		if (!T_STR(b, a))
			T_FAIL("group %u", groups[k]);
		T_TRUE(strcmp(a, c) != 0);
		free(a);
		free(b);
		free(c);
	}
}

/* Two engines in one process know nothing of each other. */
static void
two_engines_side_by_side(void)
{
	struct lab	*l = lab_new_worker(NULL, 1, 3), *m = lab_new_worker(NULL, 1, 4);
	struct initiator i, k;
	char		 before[1024], after[1024];

	lab_t_peer(&i);
	lab_t_peer(&k);
	T_STEP(lab_phase1, l, &i);
	lab_snapshot(l, before, sizeof(before));
	T_STEP(lab_phase1, m, &k);
	T_EQ(i.cky_r[0], 3);
	T_EQ(k.cky_r[0], 4);
	lab_rx(m, &i, ini_delete_isakmp(&i));
	T_STR(lab_state(l, &i), "MM_ACTIVE");
	lab_snapshot(l, after, sizeof(after));
	T_STR(after, before);
	ini_fini(&i);
	ini_fini(&k);
	lab_free(m);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(same_seed_same_octets);
	T_RUN(two_engines_side_by_side);
	return lab_t_end();
}
