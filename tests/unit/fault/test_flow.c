/*
 * tests/unit/fault/test_flow.c - messages taken for lost, refused, late, twice; other keys; what is
 * done beside the way.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hexdump.h"
#include "fault_t.h"
#include "ike/record.h"

static struct talk t;
static struct shot s;

static unsigned
events(enum log_event e)
{
	return t.l->events[e];
}

/* ---- taken for lost ---- */

static void
nothing_comes(const char *fault, const char *label, const char *state)
{
	talk_begin(&t, fault, PLAIN);
	T_TRUE(talk_to(&t, label));
	T_SILENT(t.l);
	T_STR(lab_state(t.l, &t.i), state);
	T_FIRED(&t, fault, 1);
}

/* The same message again meets the same fate, and the one after the fault is cleared does not. */
static void
again(const char *fault, struct chunk message, bool answered)
{
	lab_rx(t.l, &t.i, message);
	T_SILENT(t.l);
	T_FIRED(&t, fault, 2);
	T_EQ(fault_clear(t.l->faults, "lab", fault), 1);
	lab_rx(t.l, &t.i, message);
	T_EQ(t.l->count > 0, answered);
	T_FIRED(&t, fault, 2);
}

static void
ignored(void)
{
	struct chunk m;

	nothing_comes("mm1.ignore", "MM2", "");
	T_EQ(events(EVT_FSM_ERROR_HISTORY), 0);
	m = ini_mm1(&t.i);
	again("mm1.ignore", m, true);
	talk_end(&t);

	nothing_comes("mm3.ignore", "MM4", "MM_WAIT_MSG3");
	T_EQ(events(EVT_MESSAGE_REFUSED), 0);
	talk_end(&t);

	nothing_comes("mm5.ignore", "MM6", "MM_WAIT_MSG5");
	T_EQ(events(EVT_MESSAGE_REFUSED), 0);
	talk_end(&t);

	nothing_comes("qm1.ignore", "QM2", "MM_ACTIVE");
	T_EQ(events(EVT_P2_FSM_ERROR), 0);
	talk_end(&t);

	talk_begin(&t, "qm3.ignore", PLAIN);
	T_TRUE(talk_to(&t, "QM_UP"));
	T_SILENT(t.l);
	T_EQ(ike_totals(t.l->ike).children, 0);
	T_FIRED(&t, "qm3.ignore", 1);
	lab_advance(t.l, 2000); /* QM2 again: it waits for its answer */
	T_EQ(t.l->count, 1);
	talk_end(&t);
}

/* A lost message that comes again finds the engine as if nothing had been. */
static void
lost_once(void)
{
	static const char *const faults[] = {"mm1.ignore@1", "mm3.ignore@1", "mm4.drop@1",
	    "mm5.ignore@1", "mm6.drop@1", "qm1.ignore@1"};
	static const char *const labels[] = {"MM2", "MM4", "MM4", "MM6", "MM6", "QM2"};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		static uint8_t copy[INI_OUT];
		size_t	       n;
		struct chunk   m;

		talk_begin(&t, faults[i], PLAIN);
		/* Everything before the message, then the message twice. */
		struct why w = {0};
		bool	   ok = true;

		if (strcmp(labels[i], "MM2") != 0)
			ok = lab_mm12(t.l, &t.i, &w);
		if (ok && (labels[i][0] == 'Q' || strcmp(labels[i], "MM6") == 0))
			ok = lab_mm34(t.l, &t.i, &w);
		if (ok && labels[i][0] == 'Q')
			ok = lab_mm56(t.l, &t.i, &w);
		T_TRUE(ok);
		if (labels[i][0] == 'Q') {
			talk_quick(&t);
			m = ini_qm1(&t.q);
		} else {
			m = labels[i][2] == '2' ? ini_mm1(&t.i) :
			    labels[i][2] == '4' ? ini_mm3(&t.i) :
						  ini_mm5(&t.i);
		}
		n = m.n;
		memcpy(copy, m.p, n);
		lab_rx(t.l, &t.i, CHUNK(copy, n));
		T_SILENT(t.l);
		lab_rx(t.l, &t.i, CHUNK(copy, n));
		T_EQ(t.l->count, 1);
		T_EQ(t.l->events[EVT_FAULT_FIRED], 1);
		talk_end(&t);
	}
}

/* ---- lost on the way out ---- */

static void
dropped(void)
{
	static uint8_t copy[INI_OUT];
	struct chunk   m;
	struct why     w = {0};

	talk_begin(&t, "mm4.drop", PLAIN);
	T_TRUE(lab_mm12(t.l, &t.i, &w));
	m = ini_mm3(&t.i);
	memcpy(copy, m.p, m.n);
	lab_rx(t.l, &t.i, m);
	T_SILENT(t.l);
	T_STR(lab_state(t.l, &t.i), "MM_WAIT_MSG5");
	lab_rx(t.l, &t.i, CHUNK(copy, m.n)); /* resent from store, and lost as well */
	T_SILENT(t.l);
	T_FIRED(&t, "mm4.drop", 2);
	T_EQ(fault_clear(t.l->faults, NULL, NULL), 1);
	lab_rx(t.l, &t.i, CHUNK(copy, m.n));
	T_TRUE(talk_shot(&t, &s));
	T_OK(ini_mm4(&t.i, CHUNK(s.wire, s.wire_n), &w)); /* honest after all */
	talk_end(&t);

	talk_begin(&t, "mm6.drop", PLAIN);
	T_TRUE(talk_to(&t, "MM6"));
	T_SILENT(t.l);
	T_STR(lab_state(t.l, &t.i), "MM_ACTIVE");
	T_FIRED(&t, "mm6.drop", 1);
	talk_end(&t);
}

/* ---- refused ---- */

static void
refused(void)
{
	const struct pl_notify *n;

	talk_begin(&t, "mm1.no-proposal", PLAIN);
	T_TRUE(talk_to(&t, "MM2"));
	n = T_NOTIFY(t.l, &t.i, N_NO_PROPOSAL_CHOSEN, true);
	if (n != NULL) {
		T_EQ(n->spi.n, 16);
		T_EQ(n->protocol, PROTO_ISAKMP);
	}
	T_EQ(t.l->last.n, 56);
	T_FIRED(&t, "mm1.no-proposal", 1);
	talk_end(&t);

	for (int k = 0; k < 2; k++) {
		talk_begin(&t, k == 0 ? "qm1.no-proposal" : "qm1.invalid-id", PLAIN);
		T_TRUE(talk_to(&t, "QM2"));
		n = T_NOTIFY(t.l, &t.i, k == 0 ? N_NO_PROPOSAL_CHOSEN : N_INVALID_ID_INFORMATION,
		    false);
		if (n != NULL) {
			T_EQ(n->protocol, PROTO_ESP);
			T_MEM(n->spi.p, n->spi.n, t.q.spi_i, 4);
		}
		T_SILENT(t.l);
		T_STR(lab_state(t.l, &t.i), "MM_ACTIVE");
		T_EQ(t.l->events[EVT_FAULT_FIRED], 1);
		talk_end(&t);
	}
}

static void
pfs(void)
{
	static const struct {
		const char *fault;
		enum how    how;
		unsigned    notify, fired;
	} rows[] = {{"qm1.pfs=need", PLAIN, N_NO_PROPOSAL_CHOSEN, 1},
	    {"qm1.pfs=need,13", PLAIN, N_ATTRIBUTES_NOT_SUPPORTED, 1},
	    {"qm1.pfs=need", WITH_PFS, 0, 0},
	    {"qm1.pfs=forbid,17", WITH_PFS, N_INVALID_KEY_INFORMATION, 1},
	    {"qm1.pfs=group,14", WITH_PFS, N_NO_PROPOSAL_CHOSEN, 1},
	    {"qm1.pfs=forbid,silence", WITH_PFS, 0, 1}, {"qm1.pfs=group", PLAIN, 0, 0}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		talk_begin(&t, rows[i].fault, rows[i].how);
		T_TRUE(talk_to(&t, "QM2"));
		if (rows[i].notify != 0)
			(void)T_NOTIFY(t.l, &t.i, (uint16_t)rows[i].notify, false);
		else if (rows[i].fired == 0)
			T_EQ(t.l->count, 1); /* an honest QM2 */
		else
			T_SILENT(t.l);
		T_FIRED(&t, "qm1.pfs", rows[i].fired);
		talk_end(&t);
	}
}

/* ---- keys ---- */

static void
key_mismatch(void)
{
	static const uint8_t asa[] = {0, 0, 0, 28, 0, 0, 0, 1, 1, 16, 0, 16};
	uint32_t	     msgid;
	struct why	     w = {0};
	bool		     clear;

	talk_begin(&t, "psk.mismatch", PLAIN);
	T_TRUE(talk_to(&t, "MM6"));
	T_TRUE(talk_shot(&t, &s));
	T_EQ(s.wire_n, 56);
	T_EQ(s.wire[19], 0);
	T_MEM(s.plain, sizeof(asa), asa, sizeof(asa));
	T_MEM(s.plain + 12, 8, t.i.cky_i, 8);
	T_MEM(s.plain + 20, 8, t.i.cky_r, 8);
	msgid = lab_t_spi(s.wire + 20);
	T_TRUE(msgid != 0);
	T_FIRED(&t, "psk.mismatch", 1);
	T_TRUE(lab_logged(t.l,
	    "had problems decrypting packet, probably due to mismatched pre-shared key"));
	T_EQ(lab_counter(t.l, CNT_phase1_key_mismatch), 1);
	talk_end(&t);

	talk_group_keys = "notify_dialect = \"short\";";
	talk_begin(&t, "psk.mismatch", PLAIN);
	T_TRUE(talk_to(&t, "MM6"));
	T_TRUE(talk_shot(&t, &s));
	T_EQ(s.wire_n, 40);
	T_EQ(lab_t_spi(s.wire + 20), 0);
	T_EQ(s.plain[9], 0); /* SPI size */
	talk_end(&t);

	talk_group_keys = "notify_dialect = \"protected\";";
	for (int k = 0; k < 2; k++) {
		talk_begin(&t, k == 0 ? "psk.mismatch" : "psk.mismatch:protected", PLAIN);
		T_TRUE(talk_to(&t, "MM6"));
		T_TRUE(talk_shot(&t, &s));
		T_EQ(s.wire[18], ISAKMP_XCHG_INFO);
		T_EQ(s.wire[19], ISAKMP_FLAG_ENCRYPT);
		/* Under keys that the initiator does not have. */
		T_TRUE(ini_info(&t.i, CHUNK(s.wire, s.wire_n), &clear, &w) != IKE_OK);
		T_FIRED(&t, k == 0 ? "psk.mismatch" : "psk.mismatch:protected", 1);
		talk_end(&t);
		talk_group_keys = NULL; /* the second needs no dialect */
	}
}

/* What the protected notify says, for one who has the wrong key as well. */
static void
key_mismatch_protected(void)
{
	struct why w = {0};
	bool	   clear = true;

	talk_begin(&t, "psk.mismatch:protected", PLAIN);
	/* neither ours nor the fault's: message 5 is rubbish for both */
	t.i.psk[t.i.psk_n++] = 'y';
	T_TRUE(talk_to(&t, "MM6"));
	T_TRUE(talk_shot(&t, &s));
	T_TRUE(ini_info(&t.i, CHUNK(s.wire, s.wire_n), &clear, &w) != IKE_OK);
	talk_end(&t);

	/* With the fault's key everything fits: nothing else is wrong. */
	talk_begin(&t, "psk.mismatch", PLAIN);
	t.i.psk[t.i.psk_n++] = 'x';
	T_TRUE(talk_to(&t, "MM6"));
	T_TRUE(talk_shot(&t, &s));
	T_OK(ini_mm6(&t.i, CHUNK(s.wire, s.wire_n), &w));
	talk_end(&t);
}

/* ---- on the way ---- */

static void
delayed(void)
{
	struct why w = {0};

	talk_begin(&t, "delay mm4 500", PLAIN);
	T_TRUE(lab_mm12(t.l, &t.i, &w));
	lab_rx(t.l, &t.i, ini_mm3(&t.i));
	T_SILENT(t.l);
	lab_advance(t.l, 499);
	T_SILENT(t.l);
	lab_advance(t.l, 1);
	T_TRUE(talk_shot(&t, &s));
	T_OK(ini_mm4(&t.i, CHUNK(s.wire, s.wire_n), &w));
	T_FIRED(&t, "delay", 1);
	talk_end(&t);
}

static void
copied(void)
{
	static struct shot first, more;

	talk_begin(&t, "dup=MM2,2", PLAIN);
	T_TRUE(talk_to(&t, "MM2"));
	T_EQ(t.l->count, 3);
	T_TRUE(talk_shot(&t, &first));
	for (int i = 0; i < 2; i++) {
		T_TRUE(talk_shot(&t, &more));
		T_MEM(more.wire, more.wire_n, first.wire, first.wire_n);
	}
	T_FIRED(&t, "dup", 1);
	talk_end(&t);

	talk_begin(&t, "mm4.late-replay=30000", PLAIN);
	T_TRUE(talk_to(&t, "MM4"));
	T_EQ(t.l->count, 1);
	T_TRUE(talk_shot(&t, &first));
	lab_advance(t.l, 29999);
	T_SILENT(t.l);
	lab_advance(t.l, 1);
	T_TRUE(talk_shot(&t, &more));
	T_MEM(more.wire, more.wire_n, first.wire, first.wire_n);
	T_EQ(more.wire[16], ISAKMP_PL_KE);
	T_FIRED(&t, "mm4.late-replay", 1);
	talk_end(&t);
}

/* MM6 waits for the notify that follows it; alone it leaves after two seconds. */
static void
reordered(void)
{
	struct why w = {0};

	talk_begin(&t, "reorder=MM6", PLAIN);
	T_OK(fault_set(t.l->faults, "lab", "notify.unknown-40001", 0, &w));
	T_TRUE(talk_to(&t, "MM6"));
	T_SILENT(t.l);
	lab_advance(t.l, FAULT_LATER_MS);
	T_EQ(t.l->count, 2);
	T_TRUE(talk_shot(&t, &s));
	T_EQ(s.wire[18], ISAKMP_XCHG_INFO);
	T_TRUE(talk_shot(&t, &s));
	T_EQ(s.wire[18], ISAKMP_XCHG_MAIN);
	T_EQ(events(EVT_FAULT_FIRED), 2);
	talk_end(&t);

	talk_begin(&t, "reorder=MM6", PLAIN);
	T_TRUE(talk_to(&t, "MM6"));
	T_SILENT(t.l);
	lab_advance(t.l, 2000);
	T_EQ(t.l->count, 1);
	T_FIRED(&t, "reorder", 1);
	talk_end(&t);
}

static void
other_ways(void)
{
	talk_begin(&t, "ttl=MM2,3", PLAIN);
	T_TRUE(talk_to(&t, "MM2"));
	T_EQ(t.l->last_ttl, 3);
	T_FIRED(&t, "ttl", 1);
	talk_end(&t);

	talk_begin(&t, "port-change=MM4", PLAIN);
	T_TRUE(talk_to(&t, "MM4"));
	T_TRUE(talk_shot(&t, &s));
	T_EQ(t.l->last.path.local.port, 4500);
	T_TRUE(!t.l->last.path.marker);
	T_EQ(s.wire[16], ISAKMP_PL_KE);
	T_FIRED(&t, "port-change", 1);
	talk_end(&t);

	talk_begin(&t, "mm1.unreach", PLAIN);
	T_TRUE(talk_to(&t, "MM2"));
	T_SILENT(t.l);
	T_EQ(t.l->unreachables, 1);
	T_EQ(events(EVT_MESSAGE_RECEIVED), 0);
	T_FIRED(&t, "mm1.unreach", 1);
	talk_end(&t);
}

/* ---- what `explain' will say ---- */

struct named {
	const char *name;
	unsigned    with, grouped;
};

static void
look(void *ctx, const struct record *r)
{
	struct named *n = ctx;

	for (unsigned i = 0; i < RECORD_FAULTS; i++)
		if (r->faults[i] != NULL && strcmp(r->faults[i], n->name) == 0) {
			n->with++;
			n->grouped += r->group != NULL && strcmp(r->group->name, "lab") == 0;
		}
}

static void
port_4500(void)
{
	struct named n = {.name = "port4500.block"};
	struct why   w = {0};
	struct chunk m;

	talk_begin(&t, "port4500.block", WITH_NATT);
	t.i.fake_nat = true;
	T_TRUE(lab_mm12(t.l, &t.i, &w) && lab_mm34(t.l, &t.i, &w));
	T_FIRED(&t, "port4500.block", 0); /* port 500 is open */
	ini_float(&t.i, 4500, 4500);
	m = ini_mm5(&t.i);
	lab_rx(t.l, &t.i, m);
	T_SILENT(t.l);
	T_STR(lab_state(t.l, &t.i), "MM_WAIT_MSG5");
	T_FIRED(&t, "port4500.block", 1);
	T_EQ(fault_clear(t.l->faults, "lab", "port4500.block"), 1);
	lab_rx(t.l, &t.i, m);
	T_EQ(t.l->count, 1);
	T_STR(lab_state(t.l, &t.i), "MM_ACTIVE");
	ike_each_record(t.l->ike, &(struct ike_match){0}, look, &n);
	T_EQ(n.with, 1);
	/* Armed once more: what leaves from 4500 is held back too. */
	lab_drop(t.l);
	T_OK(fault_set(t.l->faults, "lab", "port4500.block", 0, &w));
	T_EQ(ike_delete(t.l->ike, &(struct ike_match){0}), 1);
	T_SILENT(t.l);
	T_TRUE(lab_logged(t.l, "INFO does not leave"));
	talk_end(&t);
}

/* ---- beside the way ---- */

/* What is done beside the way waits until the peer has read our last message. */
static void
later(void)
{
	T_SILENT(t.l);
	lab_advance(t.l, FAULT_LATER_MS - 1);
	T_SILENT(t.l);
	lab_advance(t.l, 1);
}

static void
notified(const char *fault, uint16_t type, const char *stage)
{
	const struct pl_notify *n;
	struct ike_totals	k;

	talk_begin(&t, fault, PLAIN);
	T_TRUE(talk_to(&t, stage));
	later();
	n = T_NOTIFY(t.l, &t.i, type, false);
	T_SILENT(t.l);
	T_FIRED(&t, fault, 1);
	if (n != NULL && type == N_INVALID_SPI)
		T_MEM(n->data.p, n->data.n, "\xde\xad\xbe\xef", 4);
	if (n != NULL && type == N_RESPONDER_LIFETIME)
		T_MEM(n->data.p, n->data.n, "\x80\x0b\x00\x01\x80\x0c\xa8\xc0", 8);
	if (n != NULL && type == N_CONNECTED) {
		T_EQ(n->protocol, PROTO_ESP);
		T_MEM(n->spi.p, n->spi.n, t.q.spi_r, 4);
	}
	k = ike_totals(t.l->ike);
	T_EQ(k.established, 1);
	talk_end(&t);
}

static void
notifies(void)
{
	notified("notify.initial-contact", N_INITIAL_CONTACT, "UP");
	notified("notify.responder-lifetime", N_RESPONDER_LIFETIME, "UP");
	notified("notify.connected", N_CONNECTED, "QM_UP");
	notified("notify.invalid-spi", N_INVALID_SPI, "UP");
	notified("notify.invalid-cookie", N_INVALID_COOKIE, "UP");
	notified("notify.unknown-40001", 40001, "UP");
}

static void
child_deleted(const struct pl_delete *d)
{
	T_EQ(d->protocol, PROTO_ESP);
	T_EQ(d->count, 1);
	T_MEM(d->spis.p, d->spis.n, t.q.spi_r, 4);
}

static void
sa_deleted(const struct pl_delete *d)
{
	T_EQ(d->protocol, PROTO_ISAKMP);
	T_EQ(d->spis.n, 16);
	if (d->spis.n == 16) {
		T_MEM(d->spis.p, 8, t.i.cky_i, 8);
		T_MEM(d->spis.p + 8, 8, t.i.cky_r, 8);
	}
}

static void
deletes(void)
{
	static const struct {
		const char *fault, *stage;
		unsigned    isakmp, ipsec, left_sas, left_children;
	} rows[] = {{"p1.ok-then-delete", "UP", 1, 0, 0, 0}, {"delete.p2", "QM_UP", 0, 1, 1, 0},
	    {"delete.p1-while-p2", "QM_UP", 1, 0, 0, 0}, {"delete.double", "QM_UP", 0, 2, 1, 0}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct pl_delete *d;

		talk_begin(&t, rows[i].fault, PLAIN);
		T_TRUE(talk_to(&t, rows[i].stage));
		T_EQ(ike_totals(t.l->ike).established, 1);
		later();
		T_EQ(t.l->count, rows[i].isakmp + rows[i].ipsec);
		for (unsigned k = 0; k < rows[i].isakmp; k++)
			if ((d = lab_t_delete(t.l, &t.i)) != NULL)
				sa_deleted(d);
		for (unsigned k = 0; k < rows[i].ipsec; k++)
			if ((d = lab_t_delete(t.l, &t.i)) != NULL)
				child_deleted(d);
		T_EQ(ike_totals(t.l->ike).established, rows[i].left_sas);
		T_EQ(ike_totals(t.l->ike).children, rows[i].left_children);
		T_FIRED(&t, rows[i].fault, 1);
		talk_end(&t);
	}
}

static void
clear_delete(void)
{
	struct why w = {0};
	const struct pl *pl;
	bool	   clear = false;

	talk_begin(&t, "delete.clear", PLAIN);
	T_TRUE(talk_to(&t, "UP"));
	later();
	T_TRUE(talk_shot(&t, &s));
	T_OK(ini_info(&t.i, CHUNK(s.wire, s.wire_n), &clear, &w));
	T_TRUE(clear);
	pl = msg_find(&t.i.in, ISAKMP_PL_D, NULL);
	T_TRUE(pl != NULL);
	if (pl != NULL)
		sa_deleted(&pl->u.del);
	T_EQ(ike_totals(t.l->ike).established, 1);
	T_FIRED(&t, "delete.clear", 1);
	talk_end(&t);
}

static void
dpd(void)
{
	const struct pl_notify *n;

	talk_begin(&t, "dpd.mute", PLAIN);
	T_TRUE(talk_to(&t, "UP"));
	lab_rx(t.l, &t.i, ini_dpd(&t.i, N_R_U_THERE, 5));
	T_SILENT(t.l);
	T_FIRED(&t, "dpd.mute", 1);
	talk_end(&t);

	talk_begin(&t, "dpd.wrong-seq", PLAIN);
	T_TRUE(talk_to(&t, "UP"));
	lab_rx(t.l, &t.i, ini_dpd(&t.i, N_R_U_THERE, 5));
	n = T_NOTIFY(t.l, &t.i, N_R_U_THERE_ACK, false);
	T_TRUE(n != NULL && lab_t_seq(n) == 1005);
	T_FIRED(&t, "dpd.wrong-seq", 1);
	talk_end(&t);

	talk_begin(&t, "dpd.flood=7", PLAIN);
	T_TRUE(talk_to(&t, "UP"));
	later();
	T_EQ(t.l->count, 7);
	for (unsigned i = 0; i < 7; i++)
		(void)T_NOTIFY(t.l, &t.i, N_R_U_THERE, false);
	T_FIRED(&t, "dpd.flood", 1);
	talk_end(&t);
}

/* Our own Quick Mode, read by a peer that has no wish of its own. */
static void
reverse(void)
{
	static const char *const faults[] = {"qm.reverse=bad-proxy", "qm.reverse=bad-transform",
	    "qm.reverse=pfs"};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct why   w = {0};
		struct chunk d;

		talk_begin(&t, faults[i], PLAIN);
		T_TRUE(talk_to(&t, "UP"));
		later();
		T_EQ(t.l->count, 1);
		T_TRUE(lab_take(t.l, &d));
		ini_qm_init(&t.q, &t.i);
		t.qm = true;
		T_EQ(d.p[18], ISAKMP_XCHG_QUICK);
		T_OK(ini_qm1_in(&t.q, d, &w));
		if (i == 0)
			T_MEM(msg_find(&t.i.in, ISAKMP_PL_ID, NULL)->u.id.data.p, 8,
			    "\xcb\x00\x71\x00\xff\xff\xff\x00", 8);
		if (i == 1)
			T_TRUE(
			    msg_find(&t.i.in, ISAKMP_PL_SA, NULL)->u.sa.proposals->transforms->id !=
				12 &&
			    msg_find(&t.i.in, ISAKMP_PL_SA, NULL)->u.sa.proposals->transforms->id !=
				3);
		T_EQ(msg_find(&t.i.in, ISAKMP_PL_KE, NULL) != NULL, i == 2);
		T_FIRED(&t, "qm.reverse", 1);
		talk_end(&t);
	}
}

/* Each negotiation that a fault acted in says so in its record, under its tunnel group. */
static void
recorded(void)
{
	static const struct {
		const char *fault, *name, *upto;
		unsigned    after_ms;
	} rows[] = {{"mm1.ignore", "mm1.ignore", "MM2", 0},
	    {"mm1.unreach", "mm1.unreach", "MM2", 0},
	    {"mm1.no-proposal", "mm1.no-proposal", "MM2", 0}, {"mm4.drop", "mm4.drop", "MM4", 0},
	    {"psk.mismatch", "psk.mismatch", "MM6", 0}, {"mm6.wrong-id", "mm6.wrong-id", "MM6", 0},
	    {"p1.ok-then-delete", "p1.ok-then-delete", "UP", 200},
	    {"qm.reverse=pfs", "qm.reverse", "UP", 200}, {"delete.p2", "delete.p2", "QM_UP", 200},
	    {"qm2.spi0", "qm2.spi0", "QM2", 0},
	    {"notify.connected", "notify.connected", "QM_UP", 200}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct named n = {.name = rows[i].name};

		talk_begin(&t, rows[i].fault, PLAIN);
		T_TRUE(talk_to(&t, rows[i].upto));
		lab_advance(t.l, rows[i].after_ms);
		ike_each_record(t.l->ike, &(struct ike_match){0}, look, &n);
		if (n.with == 0 || n.grouped != n.with)
			T_FAIL("%s: %u records name it, %u of them under the group", rows[i].fault,
			    n.with, n.grouped);
		if (!lab_logged(t.l, "Group = lab, IP = 198.51.100.7, FAULT "))
			T_FAIL("%s: the line does not name the group", rows[i].fault);
		talk_end(&t);
	}
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(ignored);
	T_RUN(lost_once);
	T_RUN(dropped);
	T_RUN(refused);
	T_RUN(pfs);
	T_RUN(key_mismatch);
	T_RUN(key_mismatch_protected);
	T_RUN(delayed);
	T_RUN(copied);
	T_RUN(reordered);
	T_RUN(other_ways);
	T_RUN(port_4500);
	T_RUN(notifies);
	T_RUN(deletes);
	T_RUN(clear_delete);
	T_RUN(dpd);
	T_RUN(reverse);
	T_RUN(recorded);
	return lab_t_end();
}
