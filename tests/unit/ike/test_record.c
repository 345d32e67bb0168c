/* test_record.c - the history of negotiations: what is kept, for how long, and what it costs. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "ike/record.h"
#include "peer/lab_t.h"

static struct {
	unsigned count, failed, pending, up;
	struct record newest; /* its pointers good while the lab lives unchanged */
	struct record first_of_phase2;
} seen;

static void
see(void *ctx, const struct record *rec)
{
	(void)ctx;
	if (seen.count++ == 0)
		seen.newest = *rec;
	if (rec->phase2 && seen.first_of_phase2.step_count == 0)
		seen.first_of_phase2 = *rec;
	seen.failed += rec->outcome == RECORD_FAILED;
	seen.pending += rec->outcome == RECORD_PENDING;
	seen.up += rec->outcome == RECORD_UP;
}

static void
look(struct lab *l, const char *group)
{
	struct ike_match m = {.group = group};

	memset(&seen, 0, sizeof(seen));
	ike_each_record(l->ike, &m, see, NULL);
}

static void
messages(const struct record *rec, char *buf, size_t n)
{
	static const char *const marks[] = {[RECORD_RX] = "<",
	    [RECORD_TX] = ">",
	    [RECORD_RESENT] = ">>",
	    [RECORD_DUPLICATE] = "<<"};
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < rec->step_count && at < n; i++)
		if (rec->steps[i].kind != RECORD_STATE)
			at += (size_t)snprintf(buf + at, n - at, "%s%s%s", at > 0 ? " " : "",
			    marks[rec->steps[i].kind],
			    rec->steps[i].label != NULL ? rec->steps[i].label : "");
}

static void
of_an_honest_tunnel(void)
{
	struct lab *l = lab_new(NULL, 1);
	struct initiator i;
	struct ini_qm q;
	char text[256];

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	look(l, NULL);
	T_EQ(seen.pending, 1);
	T_STEP(lab_mm34, l, &i);
	lab_advance(l, 250);
	T_STEP(lab_mm56, l, &i);
	look(l, NULL);
	T_EQ(seen.count, 1);
	T_EQ(seen.newest.outcome, RECORD_UP);
	messages(&seen.newest, text, sizeof(text));
	T_STR(text, "<MM1 >MM2 <MM3 >MM4 <MM5 >MM6");
	T_STR(seen.newest.group->name, "lab");
	T_MEM(seen.newest.cky_i, 8, i.cky_i, 8);
	T_STR(seen.newest.remote_id, LAB_HIM);
	T_EQ(seen.newest.steps[0].at_ms, 0);
	T_EQ(seen.newest.steps[0].payloads[0], ISAKMP_PL_SA);
	T_EQ(seen.newest.steps[seen.newest.step_count - 1].at_ms, 250);
	T_STR(seen.newest.steps[seen.newest.step_count - 1].state, "MM_ACTIVE");

	ini_qm_init(&q, &i);
	T_STEP(lab_quick, l, &q);
	look(l, NULL);
	T_EQ(seen.up, 2);
	T_EQ(seen.first_of_phase2.msgid, q.msgid);
	messages(&seen.first_of_phase2, text, sizeof(text));
	T_STR(text, "<QM1 >QM2 <QM3");
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

static void
of_another_group(void)
{
	struct lab *l = lab_new(NULL, 2);
	struct initiator i;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	look(l, "lab");
	T_EQ(seen.count, 1);
	look(l, "asa-hq");
	T_EQ(seen.count, 0);
	ini_fini(&i);
	lab_free(l);
}

static void
the_ring_holds_64(void)
{
	struct lab *l = lab_new(NULL, 3);
	struct initiator i;
	struct ini_qm q;
	uint32_t last = 0;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	ini_qm_init(&q, &i);
	q.idcr = ini_id(ID_IPV4_ADDR_SUBNET, "10.77.0.0/16"); /* no crypto map entry has it */
	for (unsigned n = 0; n < RECORD_RING + 9; n++) {
		lab_advance(l, 10);
		q.msgid = last = ini_fresh_msgid(&i);
		lab_rx(l, &i, ini_qm1(&q));
		lab_drop(l);
	}
	look(l, NULL);
	T_EQ(seen.count, RECORD_RING); /* phase 1's own is long gone */
	T_EQ(seen.failed, RECORD_RING);
	T_EQ(seen.newest.msgid, last);
	T_STR(seen.newest.failed_label, "QM1");
	T_STR(seen.newest.failed_state, "QM_START");
	T_EQ(seen.newest.why.code, IKE_E_BAD_ID);
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

static void
a_long_one_loses_its_middle(void)
{
	struct lab *l = lab_new(NULL, 4);
	struct initiator i;
	struct chunk m1;
	unsigned duplicates = RECORD_STEPS + 7;

	lab_t_peer(&i);
	m1 = ini_mm1(&i);
	for (unsigned n = 0; n <= duplicates; n++) {
		lab_rx(l, &i, m1);
		lab_drop(l);
		lab_advance(l, 1);
	}
	look(l, NULL);
	T_EQ(seen.count, 1);
	T_EQ(seen.newest.step_count, RECORD_STEPS);
	T_TRUE(seen.newest.lost >= duplicates - RECORD_STEPS);
	T_STR(seen.newest.steps[0].label, "MM1");
	T_TRUE(seen.newest.steps[RECORD_STEPS - 1].at_ms >= duplicates - 1);
	for (unsigned n = 1; n < RECORD_STEPS; n++)
		T_TRUE(seen.newest.steps[n - 1].at_ms <= seen.newest.steps[n].at_ms);
	ini_fini(&i);
	lab_free(l);
}

static void
silence_is_a_failure(void)
{
	struct lab *l = lab_new(NULL, 5);
	struct initiator i;

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	lab_advance(l, 3600 * 1000);
	look(l, NULL);
	T_EQ(seen.count, 1);
	T_EQ(seen.failed, 1);
	T_TRUE(seen.newest.failed_label == NULL);
	T_STR(seen.newest.failed_state, "MM_WAIT_MSG3");
	ini_fini(&i);
	lab_free(l);
}

/* The packet that is no negotiation leaves one record, however often it comes. */
static void
who_knocks(void)
{
	struct lab *l = lab_new(NULL, 6);
	struct initiator i;
	uint8_t copy[2048];
	struct chunk m1;

	lab_t_peer(&i);
	m1 = ini_mm1(&i);
	memcpy(copy, m1.p, m1.n);
	copy[17] = 0x20; /* version 2.0 */
	for (unsigned n = 0; n < 5; n++)
		lab_rx(l, &i, CHUNK(copy, m1.n));
	look(l, NULL);
	T_EQ(seen.count, 1);
	T_EQ(seen.failed, 1);
	T_STR(seen.newest.knock, "IKEv2");
	T_EQ(seen.newest.why.code, IKE_E_VERSION);
	T_TRUE(seen.newest.group == NULL);
	ini_fini(&i);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(of_an_honest_tunnel);
	T_RUN(of_another_group);
	T_RUN(the_ring_holds_64);
	T_RUN(a_long_one_loses_its_middle);
	T_RUN(silence_is_a_failure);
	T_RUN(who_knocks);
	return lab_t_end();
}
