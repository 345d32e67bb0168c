/* Duplicates, retransmission, half-open negotiations and their limits. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

/* Send the same octets again; the answer must be the same octets again. */
static void
same_again(struct lab *l, const struct initiator *i, struct chunk request, struct chunk answer,
    const char *what)
{
	struct chunk d;
	char	     before[2048], after[2048];

	lab_snapshot(l, before, sizeof(before));
	for (int k = 0; k < 3; k++) {
		lab_advance(l, 100);
		lab_rx(l, i, request);
		if (!lab_take(l, &d)) {
			T_FAIL("%s repeated: no answer", what);
			return;
		}
		if (!T_MEM(d.p, d.n, answer.p, answer.n))
			T_FAIL("%s repeated", what);
		T_SILENT(l);
	}
	lab_snapshot(l, after, sizeof(after));
	T_STR(after, before);
}

static struct chunk
copy(struct chunk c, uint8_t *room)
{
	memcpy(room, c.p, c.n);
	return CHUNK(room, c.n);
}

static void
identical_request_identical_reply(void)
{
	static uint8_t	 a[INI_OUT], b[INI_OUT];
	struct lab	*l = lab_new(NULL, 1);
	struct initiator i;
	struct ini_qm	 q;
	struct chunk	 in, out;
	struct why	 w = {0};

	lab_t_peer(&i);
	in = copy(ini_mm1(&i), a);
	lab_rx(l, &i, in);
	T_TRUE(lab_take(l, &out));
	out = copy(out, b);
	T_OK(ini_mm2(&i, out, &w));
	same_again(l, &i, in, out, "MM1");
	T_EQ(ike_totals(l->ike).half_open, 1);

	in = copy(ini_mm3(&i), a);
	lab_rx(l, &i, in);
	T_TRUE(lab_take(l, &out));
	out = copy(out, b);
	T_OK(ini_mm4(&i, out, &w));
	same_again(l, &i, in, out, "MM3");
	T_EQ(lab_counter(l, CNT_dh_generated), 1);

	in = copy(ini_mm5(&i), a);
	lab_rx(l, &i, in);
	T_TRUE(lab_take(l, &out));
	out = copy(out, b);
	if (!T_OK(ini_mm6(&i, out, &w)))
		goto out;
	same_again(l, &i, in, out, "MM5");
	T_EQ(lab_counter(l, CNT_phase1_up), 1);

	ini_qm_init(&q, &i);
	in = copy(ini_qm1(&q), a);
	lab_rx(l, &i, in);
	T_TRUE(lab_take(l, &out));
	out = copy(out, b);
	T_OK(ini_qm2(&q, out, &w));
	same_again(l, &i, in, out, "QM1");
	T_EQ(ike_totals(l->ike).exchanges, 1);
	T_EQ(ike_totals(l->ike).children, 0);

	lab_rx(l, &i, copy(ini_qm3(&q), b));
	T_EQ(ike_totals(l->ike).children, 1);
	T_SILENT(l);
	lab_rx(l, &i, CHUNK(b, 28 + 48 - 16)); /* cut short on the way: no harm */
	T_EQ(ike_totals(l->ike).children, 1);
	lab_drop(l);
	ini_qm_fini(&q);
out:
	T_TRUE(lab_counter(l, CNT_duplicates) >= 12);
	ini_fini(&i);
	lab_free(l);
}

/* Late repetitions of messages whose answers have been overtaken change nothing. */
static void
late_duplicates(void)
{
	static uint8_t	 m1[INI_OUT], m3[INI_OUT], m5[INI_OUT], q1[INI_OUT], q3[INI_OUT];
	struct lab	*l = lab_new(NULL, 2);
	struct initiator i;
	struct ini_qm	 q;
	struct chunk	 c1, c3, c5, d1, d3, d;
	struct why	 w = {0};
	char		 before[2048], after[2048];

	lab_t_peer(&i);
	ini_qm_init(&q, &i);
	lab_rx(l, &i, c1 = copy(ini_mm1(&i), m1));
	if (!T_TRUE(lab_take(l, &d)) || !T_OK(ini_mm2(&i, d, &w)))
		goto out;
	lab_rx(l, &i, c3 = copy(ini_mm3(&i), m3));
	if (!T_TRUE(lab_take(l, &d)) || !T_OK(ini_mm4(&i, d, &w)))
		goto out;
	lab_rx(l, &i, c5 = copy(ini_mm5(&i), m5));
	if (!T_TRUE(lab_take(l, &d)) || !T_OK(ini_mm6(&i, d, &w)))
		goto out;
	lab_rx(l, &i, d1 = copy(ini_qm1(&q), q1));
	if (!T_TRUE(lab_take(l, &d)) || !T_OK(ini_qm2(&q, d, &w)))
		goto out;
	lab_rx(l, &i, d3 = copy(ini_qm3(&q), q3));
	lab_snapshot(l, before, sizeof(before));
	T_EQ(ike_totals(l->ike).children, 1);
	for (int k = 0; k < 2; k++) {
		lab_rx(l, &i, c1);
		lab_rx(l, &i, c3);
		lab_rx(l, &i, d1);
		lab_rx(l, &i, d3);
		lab_snapshot(l, after, sizeof(after));
		T_STR(after, before);
	}
	lab_drop(l);
	lab_rx(l, &i, c5); /* the peer may have missed MM6 until now */
	T_EQ(l->count, 1);
	lab_drop(l);
	/* The same octets from somewhere else. */
	i.local.port = 40000;
	lab_rx(l, &i, d1);
	lab_rx(l, &i, d3);
	i.local.port = 500;
	lab_snapshot(l, after, sizeof(after));
	T_STR(after, before);
out:
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

/*
 * An informational message is heard once, also when others came between (its last few are
 * remembered).
 */
static void
informational_messages_are_heard_once(void)
{
	static uint8_t	 room[3][INI_OUT];
	struct lab	*l = lab_new(NULL, 12);
	struct initiator i;
	struct chunk	 d[3];
	struct msg	 m;

	lab_t_peer(&i);
	if (T_STEP(lab_phase1, l, &i)) {
		for (int k = 0; k < 3; k++) {
			ini_info_begin(&i, &m);
			ini_add_notify(&i, &m, PROTO_ISAKMP, (uint16_t)(40001 + k), CHUNK_NONE,
			    CHUNK_NONE);
			d[k] = copy(ini_info_end(&i, &m), room[k]);
			lab_rx(l, &i, d[k]);
		}
		T_EQ(lab_counter(l, CNT_notifies_in), 3);
		for (int k = 0; k < 3; k++)
			lab_rx(l, &i, d[k]);
		T_EQ(lab_counter(l, CNT_notifies_in), 3);
		T_EQ(lab_counter(l, CNT_duplicates), 3);
		T_SILENT(l);
	}
	ini_fini(&i);
	lab_free(l);
}

/* CVE-2016-5361: nothing is sent to an unproven address but answers. */
static void
messages_2_and_4_have_no_timer(void)
{
	struct lab *l =
	    lab_new_with(&(struct lab_policy){.top = "limits = { half_open_timeout = 30; };"}, 3);
	struct initiator i;

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	lab_advance(l, 29000);
	T_SILENT(l);
	T_EQ(ike_totals(l->ike).half_open, 1);
	T_STEP(lab_mm34, l, &i);
	T_STR(lab_state(l, &i), "MM_WAIT_MSG5");
	lab_advance(l, 60000);
	T_SILENT(l);
	T_EQ(lab_counter(l, CNT_retransmits), 0);
	ini_fini(&i);
	lab_free(l);
}

static void
half_open_times_out(void)
{
	struct lab *l =
	    lab_new_with(&(struct lab_policy){.top = "limits = { half_open_timeout = 30; };"}, 4);
	struct initiator i;
	struct why	 w = {0};

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	lab_advance(l, 29999);
	T_STR(lab_state(l, &i), "MM_WAIT_MSG3");
	lab_advance(l, 2);
	T_EQ(ike_totals(l->ike).half_open, 0);
	T_EQ(lab_counter(l, CNT_sa_half_open_expired), 1);
	T_TRUE(l->events[EVT_P1_TIMEOUT] == 1);
	lab_advance(l, 60000);
	T_STR(lab_state(l, &i), "");
	T_EQ(ike_deadline_ms(l->ike) == UINT64_MAX || ike_deadline_ms(l->ike) > l->now_ms, 1);
	/* Message 3 now belongs to nothing. */
	lab_rx(l, &i, ini_mm3(&i));
	T_EQ(lab_counter(l, CNT_unknown_cookies), 1);
	lab_drop(l);
	/* And the peer may begin anew, with the same cookie too. */
	memset(i.cky_r, 0, 8);
	T_TRUE(lab_mm12(l, &i, &w));
	ini_fini(&i);
	lab_free(l);
}

/*
 * Only the responder can notice that QM3 was lost: it repeats QM2 (INTEROP: charon then repeats
 * QM3).
 */
static void
qm2_is_repeated_until_qm3(void)
{
	static uint8_t	 first[INI_OUT];
	struct lab	*l = lab_new(NULL, 5);
	struct initiator i;
	struct ini_qm	 q;
	struct chunk	 d, qm2;
	struct why	 w = {0};
	unsigned	 n = 0;

	lab_t_peer(&i);
	if (!T_STEP(lab_phase1, l, &i))
		goto out;
	ini_qm_init(&q, &i);
	lab_rx(l, &i, ini_qm1(&q));
	T_TRUE(lab_take(l, &d));
	qm2 = copy(d, first);
	T_OK(ini_qm2(&q, qm2, &w));
	lab_advance(l, 20000);
	while (lab_take(l, &d)) {
		T_MEM(d.p, d.n, qm2.p, qm2.n);
		n++;
	}
	T_TRUE(n >= 2 && n <= 10);
	T_EQ(lab_counter(l, CNT_retransmits), n);
	lab_rx(l, &i, ini_qm3(&q));
	T_EQ(ike_totals(l->ike).children, 1);
	T_TRUE(lab_same_keys(l, &q));
	lab_advance(l, 30000);
	T_EQ(lab_counter(l, CNT_retransmits), n);
	T_SILENT(l);
	ini_qm_fini(&q);
out:
	ini_fini(&i);
	lab_free(l);
}

static void
quick_mode_without_qm3_ends(void)
{
	struct lab	*l = lab_new(NULL, 6);
	struct initiator i;
	struct ini_qm	 q;

	lab_t_peer(&i);
	if (!T_STEP(lab_phase1, l, &i))
		goto out;
	ini_qm_init(&q, &i);
	T_STEP(lab_qm12, l, &q);
	lab_advance(l, 600000);
	T_TRUE(l->count > 0 && l->count < 12);
	T_EQ(ike_totals(l->ike).exchanges, 0);
	T_EQ(ike_totals(l->ike).children, 0);
	T_EQ(lab_counter(l, CNT_phase2_failed), 1);
	T_EQ(l->events[EVT_P2_TIMEOUT], 1);
	T_STR(lab_state(l, &i), "MM_ACTIVE");
	ini_qm_fini(&q);
out:
	ini_fini(&i);
	lab_free(l);
}

/* An encrypted message that fails must not spoil the IV for the right one that follows. */
static void
damaged_then_right(void)
{
	static uint8_t	 m[INI_OUT];
	struct lab	*l = lab_new(NULL, 7);
	struct initiator i;
	struct ini_qm	 q;
	struct chunk	 d, qm3;
	struct why	 w = {0};

	lab_t_peer(&i);
	if (!T_STEP(lab_phase1, l, &i))
		goto out;
	ini_qm_init(&q, &i);
	d = copy(ini_qm1(&q), m);
	m[40] ^= 1;
	lab_rx(l, &i, d);
	T_EQ(ike_totals(l->ike).exchanges, 0);
	m[40] ^= 1;
	lab_drop(l);
	lab_rx(l, &i, d);
	if (!T_TRUE(lab_take(l, &d)) || !T_OK(ini_qm2(&q, d, &w)))
		goto out_q;
	qm3 = copy(ini_qm3(&q), m);
	m[qm3.n - 1] ^= 1;
	lab_rx(l, &i, qm3);
	T_EQ(ike_totals(l->ike).children, 0);
	m[qm3.n - 1] ^= 1;
	lab_rx(l, &i, qm3);
	T_EQ(ike_totals(l->ike).children, 1);
	T_TRUE(lab_same_keys(l, &q));
out_q:
	ini_qm_fini(&q);
out:
	ini_fini(&i);
	lab_free(l);
}

/* ---- limits ---- */

static void
begin_from(struct lab *l, const char *address)
{
	struct initiator i;

	ini_init(&i, peer_crypto, address, LAB_US, LAB_PSK, alg_group_id(31));
	lab_rx(l, &i, ini_mm1(&i));
	ini_fini(&i);
}

static void
limit_per_source(void)
{
	struct lab *l = lab_new_with(
	    &(struct lab_policy){.top = "limits = { half_open = 100; half_open_per_source = 5; "
					"half_open_timeout = 30; };"},
	    8);
	struct initiator up, good;

	lab_t_peer(&up);
	T_STEP(lab_phase1, l, &up);
	for (int k = 0; k < 50; k++) {
		begin_from(l, "203.0.113.66");
		T_TRUE(ike_totals(l->ike).half_open <= 5);
	}
	T_EQ(ike_totals(l->ike).half_open, 5);
	T_EQ(lab_counter(l, CNT_sa_half_open_evicted), 45);
	T_STR(lab_state(l, &up), "MM_ACTIVE");
	lab_drop(l);
	/* A good negotiation from the same address still gets in. */
	ini_init(&good, peer_crypto, "203.0.113.66", LAB_US, LAB_PSK, alg_group_id(31));
	T_STEP(lab_phase1, l, &good);
	T_EQ(ike_totals(l->ike).established, 2);
	T_TRUE(ike_totals(l->ike).half_open <= 5);
	ini_fini(&good);
	ini_fini(&up);
	lab_free(l);
}

static void
limit_of_all(void)
{
	struct lab *l =
	    lab_new_with(&(struct
			     lab_policy){.top =
					     "limits = { half_open = 20; half_open_per_source = 5; "
					     "half_open_timeout = 30; };"},
		9);
	struct initiator good;
	char		 address[32];

	for (int k = 0; k < 200; k++) {
		snprintf(address, sizeof(address), "203.0.113.%d", k + 1);
		begin_from(l, address);
		T_TRUE(ike_totals(l->ike).half_open <= 20);
	}
	T_EQ(lab_counter(l, CNT_sa_half_open_evicted), 180);
	T_TRUE(l->events[EVT_LIMIT_REACHED] > 0);
	lab_drop(l);
	lab_t_peer(&good);
	T_STEP(lab_phase1, l, &good);
	ini_fini(&good);
	lab_advance(l, 31000);
	T_EQ(ike_totals(l->ike).half_open, 0);
	T_EQ(ike_totals(l->ike).established, 1);
	lab_free(l);
}

static void
limit_of_quick_modes(void)
{
	struct lab *l =
	    lab_new_with(&(struct lab_policy){.top = "limits = { phase2_per_sa = 4; };"}, 10);
	struct initiator i;
	struct ini_qm	 q[6];

	lab_t_peer(&i);
	if (!T_STEP(lab_phase1, l, &i))
		goto out;
	for (int k = 0; k < 6; k++) {
		ini_qm_init(&q[k], &i);
		lab_rx(l, &i, ini_qm1(&q[k]));
	}
	T_EQ(ike_totals(l->ike).exchanges, 4);
	T_EQ(l->count, 4);
	T_STR(lab_state(l, &i), "MM_ACTIVE");
	for (int k = 0; k < 6; k++)
		ini_qm_fini(&q[k]);
out:
	ini_fini(&i);
	lab_free(l);
}

/* Unprotected notifies are what a spoofed source could draw from us: their rate is bounded. */
static void
notify_rate(void)
{
	struct lab *l = lab_new_with(&(struct lab_policy){.top = "limits = { notify_rate = 10; };"},
	    11);
	struct initiator i;
	char		 address[32];

	for (int k = 0; k < 200; k++) {
		snprintf(address, sizeof(address), "203.0.113.%d", k % 250 + 1);
		ini_init(&i, peer_crypto, address, LAB_US, LAB_PSK, alg_group_id(31));
		i.offers[0].cipher = alg_cipher_named("camellia-256");
		lab_rx(l, &i, ini_mm1(&i));
		ini_fini(&i);
	}
	T_EQ(l->count, 10);
	T_EQ(lab_counter(l, CNT_notifies_suppressed), 190);
	T_EQ(ike_totals(l->ike).half_open, 0);
	lab_drop(l);
	lab_advance(l, 1000);
	ini_init(&i, peer_crypto, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(31));
	i.offers[0].cipher = alg_cipher_named("camellia-256");
	lab_rx(l, &i, ini_mm1(&i));
	T_EQ(l->count, 1);
	ini_fini(&i);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(identical_request_identical_reply);
	T_RUN(late_duplicates);
	T_RUN(informational_messages_are_heard_once);
	T_RUN(messages_2_and_4_have_no_timer);
	T_RUN(half_open_times_out);
	T_RUN(qm2_is_repeated_until_qm3);
	T_RUN(quick_mode_without_qm3_ends);
	T_RUN(damaged_then_right);
	T_RUN(limit_per_source);
	T_RUN(limit_of_all);
	T_RUN(limit_of_quick_modes);
	T_RUN(notify_rate);
	return lab_t_end();
}
