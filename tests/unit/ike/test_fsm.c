/* The protocol's table: its own sense, every row walked, and every state against every message. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "fsm.h"
#include "peer/lab_t.h"

/* ---- the table itself ---- */

static bool
is_quick(enum ike_state st)
{
	return st >= QM_START;
}

static void
rows_make_sense(void)
{
	for (size_t k = 0; k < fsm_row_count; k++) {
		const struct fsm_row *r = &fsm_rows[k];
		bool		      message = r->ev != HAP_KICK && r->ev != HAP_TIMEOUT;
		char		      what[96];
		bool		      ok = true;

		snprintf(what, sizeof(what), "row %zu: %s", k, fsm_state_name(r->st));
		ok &= T_TRUE(fsm_row_for(r->st, r->ev) == r); /* no second row for the same */
		ok &= T_TRUE(r->spec != NULL && r->spec[0] != '\0');
		ok &= T_TRUE((r->need & r->may) == 0);
		ok &= T_TRUE(r->next == IKE_STATE_SAME || r->next < IKE_STATE_COUNT);
		ok &= T_TRUE(r->in != NULL || r->out != NULL);
		if (message)
			ok &= T_TRUE(r->in != NULL && r->in_label != NULL);
		else
			ok &= T_TRUE(r->need == 0 && r->may == 0 && r->hash_in == HASH_NONE);
		if (r->out != NULL)
			ok &= T_TRUE(r->out_label != NULL);
		/* A HASH is only verified in an encrypted message, and must be there then. */
		if (r->hash_in != HASH_NONE)
			ok &= T_TRUE((r->flags & F_ENC) != 0 && (r->need & P(HASH)) != 0);
		if (r->hash_out != HASH_NONE)
			ok &= T_TRUE((r->flags & F_OUT_ENC) != 0);
		/* Quick Mode and its states keep to themselves, and are encrypted. */
		ok &= T_TRUE(r->next == IKE_STATE_SAME || is_quick(r->next) == is_quick(r->st));
		if (r->ev == HAP_RX_QM || r->ev == HAP_RX_INFO)
			ok &= T_TRUE((r->flags & F_ENC) != 0);
		if (r->ev == HAP_RX_QM)
			ok &= T_TRUE(is_quick(r->st));
		if (r->ev == HAP_RX_MM)
			ok &= T_TRUE(!is_quick(r->st));
		/* CVE-2016-5361: phase 1 is never repeated by a timer. */
		if (!is_quick(r->st))
			ok &= T_TRUE((r->flags & F_RESEND) == 0);
		if (!ok)
			T_FAIL("%s", what);
	}
}

/*
 * Every state but the first ones is the end of some row, or of an error; every waiting state can
 * time out.
 */
static void
states_can_be_reached_and_left(void)
{
	for (enum ike_state st = 0; st < IKE_STATE_COUNT; st++) {
		bool reached = st == MM_START || st == QM_START || st == MM_DONE || st == QM_DONE;
		bool waits = false;

		for (size_t k = 0; k < fsm_row_count; k++) {
			reached |= fsm_rows[k].next == st;
			waits |= fsm_rows[k].st == st && fsm_rows[k].next != IKE_STATE_SAME &&
			    fsm_rows[k].ev != HAP_TIMEOUT && st != MM_START && st != QM_START;
		}
		if (!T_TRUE(reached) || (waits && !T_TRUE(fsm_row_for(st, HAP_TIMEOUT) != NULL)))
			T_FAIL("%s", fsm_state_name(st));
	}
}

/* ---- every row walked ---- */

static struct chunk
clear_notify(struct initiator *i)
{
	struct msg m;

	ini_info_begin(i, &m);
	ini_add_notify(i, &m, PROTO_ISAKMP, N_NO_PROPOSAL_CHOSEN, CHUNK_NONE, CHUNK_NONE);
	return ini_info_end_clear(i, &m);
}

static struct chunk
fourth(struct initiator *i, struct ini_qm *q)
{
	uint8_t plain[64] = {0, 0, 0, 24};

	return ini_seal(i, ISAKMP_XCHG_QUICK, ISAKMP_FLAG_ENCRYPT, q->msgid, ISAKMP_PL_HASH,
	    CHUNK(plain, 24), q->iv);
}

/* One engine that goes every way there is; its log tells which steps it took. */
static void
every_row_is_walked(void)
{
	struct lab *l = lab_new_with(
	    &(struct lab_policy){
		.p1 = "encryption = \"aes-128\"; hash = \"sha1\"; group = 31; lifetime = 5000;"},
	    1);
	struct initiator a, b, c;
	struct ini_qm	 q, r, ours = {0};
	struct chunk	 d;
	struct why	 w = {0};

	lab_t_peer(&a);
	ini_init(&b, peer_crypto, "203.0.113.2", LAB_US, LAB_PSK, alg_group_id(31));
	ini_init(&c, peer_crypto, "203.0.113.3", LAB_US, LAB_PSK, alg_group_id(31));
	T_STEP(lab_mm12, l, &b);
	T_STEP(lab_mm12, l, &c);
	T_STEP(lab_mm34, l, &c);
	T_STEP(lab_mm12, l, &a);
	lab_rx(l, &a, clear_notify(&a));
	T_STEP(lab_mm34, l, &a);
	lab_rx(l, &a, clear_notify(&a));
	T_STEP(lab_mm56, l, &a);
	lab_rx(l, &a, clear_notify(&a));
	lab_rx(l, &a, ini_dpd(&a, N_R_U_THERE, 1));
	lab_drop(l);
	ini_qm_init(&q, &a);
	T_STEP(lab_quick, l, &q);
	lab_rx(l, &a, fourth(&a, &q));
	ini_qm_init(&r, &a);
	T_STEP(lab_qm12, l, &r); /* never ended */
	lab_drop(l);
	T_EQ(ike_rekey(l->ike, &(struct ike_match){0}), 1);
	ours.ini = &a;
	ours.nonce_len = 16;
	if (T_TRUE(lab_take(l, &d)) && T_OK(ini_qm1_in(&ours, d, &w))) {
		lab_rx(l, &a, ini_qm2_out(&ours));
		T_TRUE(lab_take(l, &d));
		T_OK(ini_qm3_in(&ours, d, &w));
	}
	T_TRUE(ike_rekey(l->ike, &(struct ike_match){0}) >= 1); /* never answered */
	lab_advance(l, 300000);
	/* Phase 1 that failed lingers, and hears a note. */
	ini_fini(&b);
	ini_init(&b, peer_crypto, "203.0.113.2", LAB_US, "another key", alg_group_id(31));
	lab_drop(l);
	T_STEP(lab_mm12, l, &b);
	T_STEP(lab_mm34, l, &b);
	lab_rx(l, &b, ini_mm5(&b));
	T_EQ(lab_counter(l, CNT_phase1_key_mismatch), 1);
	lab_rx(l, &b, clear_notify(&b));
	lab_advance(l, 5000000);
	T_EQ(ike_totals(l->ike).established, 0);

	for (size_t k = 0; k < fsm_row_count; k++) {
		const struct fsm_row *row = &fsm_rows[k];
		char		      line[128];

		if (row->next == IKE_STATE_SAME)
			continue;
		snprintf(line, sizeof(line), "%s, %s --> %s, %s", fsm_state_name(row->st),
		    fsm_event_name(row->in_event), fsm_state_name(row->next),
		    fsm_event_name(row->out_event));
		if (!lab_logged(l, line))
			T_FAIL("never seen: %s (%s)", line, row->spec);
	}
	/*
	 * Rows that stay where they are: a clear notify in four states, INFO, the fourth message of
	 * Quick Mode.
	 */
	T_EQ(lab_counter(l, CNT_unprotected_ignored), 4);
	T_EQ(l->events[EVT_NOTIFY_UNPROTECTED], 4);
	T_EQ(lab_counter(l, CNT_dpd_in), 1);
	T_TRUE(lab_logged(l, "fourth message of Quick Mode"));
	ini_qm_fini(&q);
	ini_qm_fini(&r);
	ini_qm_fini(&ours);
	ini_fini(&a);
	ini_fini(&b);
	ini_fini(&c);
	lab_free(l);
}

/* ---- every state against every message ---- */

/* A place to stand: an SA in some state, perhaps with a Quick Mode in some state. */
struct place {
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	enum ike_state	 sa, xchg; /* xchg: of the Quick Mode q; QM_START: there is none */
};

static bool
place_at(struct place *p, enum ike_state sa, enum ike_state xchg)
{
	struct chunk d;
	struct why   w = {0};

	memset(p, 0, sizeof(*p));
	p->sa = sa;
	p->xchg = xchg;
	p->l = lab_new_with(&(struct lab_policy){.top = "limits = { half_open_timeout = 3000; };"},
	    7);
	lab_t_peer(&p->i);
	if (sa == MM_DONE)
		p->i.psk_n--;
	if (sa != MM_START && !T_STEP(lab_mm12, p->l, &p->i))
		return false;
	if (sa > MM_WAIT_MSG3 && !T_STEP(lab_mm34, p->l, &p->i))
		return false;
	if (sa == MM_ACTIVE && !T_STEP(lab_mm56, p->l, &p->i))
		return false;
	if (sa == MM_DONE)
		lab_rx(p->l, &p->i, ini_mm5(&p->i));
	/* What the initiator lacks to build later messages too early, it invents. */
	p->i.chosen = &p->i.offers[0];
	if (!p->i.keyed) {
		p->i.key.n = 16;
		p->i.keys.a.n = p->i.keys.skeyid.n = 20;
		p->i.keyed = true;
	}
	ini_qm_init(&p->q, &p->i);
	if (xchg == QM_DONE) {
		p->q.offers[0].encap = 99;
		lab_rx(p->l, &p->i, ini_qm1(&p->q));
	} else if (xchg == QM_WAIT_MSG3 || xchg == QM_ACTIVE) {
		if (!T_STEP(lab_qm12, p->l, &p->q))
			return false;
		if (xchg == QM_ACTIVE)
			lab_rx(p->l, &p->i, ini_qm3(&p->q));
	} else if (xchg == QM_WAIT_MSG2) {
		if (!T_STEP(lab_quick, p->l, &p->q))
			return false;
		ini_qm_fini(&p->q);
		p->q.ini = &p->i;
		p->q.nonce_len = 20;
		T_EQ(ike_rekey(p->l->ike, &(struct ike_match){0}), 1);
		if (!T_TRUE(lab_take(p->l, &d)) || !T_OK(ini_qm1_in(&p->q, d, &w)))
			return false;
	}
	lab_drop(p->l);
	/* A negotiation that failed is not shown any more, it only answers repetitions. */
	return T_STR(lab_state(p->l, &p->i),
	    sa == MM_START || sa == MM_DONE ? "" : fsm_state_name(sa));
}

static void
place_leave(struct place *p)
{
	if (p->q.ini != NULL)
		ini_qm_fini(&p->q);
	ini_fini(&p->i);
	lab_free(p->l);
}

/* A clear Main Mode message of these payloads. */
static struct chunk
main_clear(struct initiator *i, const uint8_t *types, size_t count, bool cookie)
{
	static const uint8_t zeros[8];
	struct isakmp_hdr    h = {.version = ISAKMP_VERSION, .exchange = ISAKMP_XCHG_MAIN};
	struct msg	     m;
	struct wbuf	     w;
	uint8_t		     ke[32];

	memcpy(h.cky_i, i->cky_i, 8);
	memcpy(h.cky_r, cookie ? i->cky_r : zeros, 8);
	crypto_random(i->crypto, ke, sizeof(ke));
	arena_reset(i->mem);
	msg_init(&m, &h);
	for (size_t k = 0; k < count; k++) {
		if (types[k] == ISAKMP_PL_ID)
			msg_add(&m, ISAKMP_PL_ID, i->mem)->u.id =
			    (struct pl_id){.kind = ID_IPV4_ADDR, .data = CHUNK(i->local.addr.b, 4)};
		else if (types[k] == ISAKMP_PL_SA)
			msg_add(&m, ISAKMP_PL_SA, i->mem)->u.sa = (struct pl_sa){.doi = 1,
			    .situation = 1};
		else
			msg_add_raw(&m, types[k], CHUNK(ke, 32), i->mem);
	}
	wb_init(&w, i->out, sizeof(i->out));
	msg_encode(&w, &m);
	return wb_view(&w);
}

/* An encrypted message of zeroed bodies: HASH, then these. */
static struct chunk
sealed(struct initiator *i, uint8_t exchange, uint32_t msgid, const uint8_t *types, size_t count)
{
	uint8_t	    plain[512], iv[16];
	struct wbuf w;

	wb_init(&w, plain, sizeof(plain));
	for (size_t k = 0; k < count; k++) {
		wb_u8(&w, k + 1 < count ? types[k + 1] : 0);
		wb_u8(&w, 0);
		wb_u16(&w, 24);
		wb_zero(&w, 20);
	}
	memcpy(iv, i->iv, 16);
	if (exchange != ISAKMP_XCHG_MAIN)
		ini_iv(i, msgid, iv);
	return ini_seal(i, exchange, ISAKMP_FLAG_ENCRYPT, msgid, types[0], wb_view(&w), iv);
}

#define KINDS(X)                                                                       \
	X(MM1_SAME_COOKIE) X(MM_SA) X(MM3) X(MM3_WITH_HASH) X(MM3_NO_NONCE)            \
	X(MM5_CLEAR) X(MM5) X(MM5_GARBAGE) X(MM5_NONCE) X(MM_EMPTY) X(QM1_FRESH)       \
	X(QM1_FRESH_BAD_HASH) X(QM1_SAME_ID) X(QM2_SAME_ID) X(QM3_FRESH)               \
	X(QM3_SAME_ID) X(QM3_BAD_HASH) X(QM_CLEAR) X(QM_GARBAGE) X(INFO_DPD)           \
	X(INFO_BAD_HASH) X(INFO_GARBAGE) X(INFO_NO_HASH) X(NOTE) X(NOTE_DELETE)        \
	X(NOTE_EMPTY) X(TRANSACTION) X(AGGRESSIVE)

enum kind {
#define X(k) K_##k,
	KINDS(X)
#undef X
	K_COUNT
};

static const char *const kind_names[] = {
#define X(k) #k,
    KINDS(X)
#undef X
};

static struct chunk
note_delete(struct initiator *i)
{
	struct msg m;
	uint8_t	   spi[16];

	memcpy(spi, i->cky_i, 8);
	memcpy(spi + 8, i->cky_r, 8);
	ini_info_begin(i, &m);
	ini_add_delete(i, &m, PROTO_ISAKMP, 16, CHUNK(spi, 16));
	return ini_info_end_clear(i, &m);
}

static struct chunk
in_exchange(struct chunk d, uint8_t exchange)
{
	((uint8_t *)(uintptr_t)d.p)[18] = exchange;
	return d;
}

static struct chunk
build(struct place *p, enum kind k)
{
	static const uint8_t sa[] = {ISAKMP_PL_SA}, ke_nonce[] = {ISAKMP_PL_KE, ISAKMP_PL_NONCE},
			     ke_nonce_hash[] = {ISAKMP_PL_KE, ISAKMP_PL_NONCE, ISAKMP_PL_HASH},
			     ke[] = {ISAKMP_PL_KE}, id_hash[] = {ISAKMP_PL_ID, ISAKMP_PL_HASH},
			     hash[] = {ISAKMP_PL_HASH}, hash_n[] = {ISAKMP_PL_HASH, ISAKMP_PL_N},
			     nonce[] = {ISAKMP_PL_NONCE},
			     hash_sa[] = {ISAKMP_PL_HASH, ISAKMP_PL_SA, ISAKMP_PL_NONCE};
	struct initiator *i = &p->i;
	struct ini_qm	  fresh;
	struct chunk	  d;

	switch (k) {
	case K_MM1_SAME_COOKIE: {
		uint8_t cky_r[8];

		memcpy(cky_r, i->cky_r, 8);
		memset(i->cky_r, 0, 8);
		i->vids ^= VID_UNITY; /* no exact repetition */
		d = ini_mm1(i);
		memcpy(i->cky_r, cky_r, 8);
		return d;
	}
	case K_MM_SA:
		return main_clear(i, sa, 1, true);
	case K_MM3:
		return main_clear(i, ke_nonce, 2, true);
	case K_MM3_WITH_HASH:
		return main_clear(i, ke_nonce_hash, 3, true);
	case K_MM3_NO_NONCE:
		return main_clear(i, ke, 1, true);
	case K_MM5_CLEAR:
		return main_clear(i, id_hash, 2, true);
	case K_MM5: {
		uint8_t iv[16];

		memcpy(iv, i->iv, 16);
		d = ini_mm5(i);
		memcpy(i->iv, iv, 16);
		return d;
	}
	case K_MM5_GARBAGE:
		d = sealed(i, ISAKMP_XCHG_MAIN, 0, nonce, 1);
		memset((uint8_t *)(uintptr_t)d.p + 28, 0x5a, d.n - 28);
		return d;
	case K_MM5_NONCE:
		return sealed(i, ISAKMP_XCHG_MAIN, 0, nonce, 1);
	case K_MM_EMPTY:
		return main_clear(i, sa, 0, true);
	case K_QM1_FRESH:
	case K_QM1_FRESH_BAD_HASH:
	case K_QM1_SAME_ID:
		ini_qm_init(&fresh, i);
		if (k == K_QM1_SAME_ID)
			fresh.msgid = p->q.msgid;
		d = ini_qm1(&fresh);
		ini_qm_fini(&fresh);
		if (k == K_QM1_FRESH_BAD_HASH)
			((uint8_t *)(uintptr_t)d.p)[30] ^= 1;
		return d;
	case K_QM2_SAME_ID:
		return sealed(i, ISAKMP_XCHG_QUICK, p->q.msgid, hash_sa, 3);
	case K_QM3_FRESH:
		return sealed(i, ISAKMP_XCHG_QUICK, 0x5555, hash, 1);
	case K_QM3_SAME_ID: {
		uint8_t iv[16];

		memcpy(iv, p->q.iv, 16);
		d = ini_qm3(&p->q);
		memcpy(p->q.iv, iv, 16);
		return d;
	}
	case K_QM3_BAD_HASH:
		return sealed(i, ISAKMP_XCHG_QUICK, p->q.msgid, hash, 1);
	case K_QM_CLEAR:
		d = main_clear(i, hash_sa, 3, true);
		((uint8_t *)(uintptr_t)d.p)[23] = 9; /* a message id */
		return in_exchange(d, ISAKMP_XCHG_QUICK);
	case K_QM_GARBAGE:
		return sealed(i, ISAKMP_XCHG_QUICK, 0x7777, nonce, 1);
	case K_INFO_DPD:
		return ini_dpd(i, N_R_U_THERE, 3);
	case K_INFO_BAD_HASH:
		return sealed(i, ISAKMP_XCHG_INFO, 0x8888, hash_n, 2);
	case K_INFO_GARBAGE:
		d = ini_dpd(i, N_R_U_THERE, 3);
		memset((uint8_t *)(uintptr_t)d.p + 28, 0x5a, d.n - 28);
		return d;
	case K_INFO_NO_HASH:
		return sealed(i, ISAKMP_XCHG_INFO, 0x9999, nonce, 1);
	case K_NOTE:
		return clear_notify(i);
	case K_NOTE_DELETE:
		return note_delete(i);
	case K_NOTE_EMPTY:
		return in_exchange(main_clear(i, sa, 0, true), ISAKMP_XCHG_INFO);
	case K_TRANSACTION:
		return sealed(i, ISAKMP_XCHG_TRANSACTION, 0xaaaa, hash, 1);
	case K_AGGRESSIVE:
		return in_exchange(main_clear(i, ke_nonce, 2, true), ISAKMP_XCHG_AGGRESSIVE);
	case K_COUNT:
		break;
	}
	return CHUNK_NONE;
}

/*
 * May this message, right in itself, do something at this place?  Only where the table has a row
 * for it; and of
 * those that have a row, the damaged ones still may not.
 */
static bool
may_act(const struct place *p, enum kind k)
{
	bool established = p->sa == MM_ACTIVE;

	switch (k) {
	case K_MM1_SAME_COOKIE: /* a first message, if there is nothing yet */
		return p->sa == MM_START && fsm_row_for(MM_START, HAP_RX_MM) != NULL;
	case K_MM3:
		return p->sa == MM_WAIT_MSG3 && fsm_row_for(p->sa, HAP_RX_MM) != NULL;
	case K_MM5:
	case K_MM5_GARBAGE: /* ends it: a key mismatch looks like that */
		return p->sa == MM_WAIT_MSG5 && fsm_row_for(p->sa, HAP_RX_MM) != NULL;
	case K_QM1_FRESH:
		return established && fsm_row_for(QM_START, HAP_RX_QM) != NULL;
	case K_QM1_SAME_ID:
		return established && p->xchg == QM_START &&
		    fsm_row_for(QM_START, HAP_RX_QM) != NULL;
	case K_QM3_SAME_ID:
		return established && p->xchg == QM_WAIT_MSG3 &&
		    fsm_row_for(p->xchg, HAP_RX_QM) != NULL;
	default: /* INFO and notes have rows, and change nothing of what is shown */
		return false;
	}
}

static void
every_state_and_every_message(void)
{
	static const struct {
		enum ike_state sa, xchg;
	} places[] = {{MM_START, QM_START}, {MM_WAIT_MSG3, QM_START}, {MM_WAIT_MSG5, QM_START},
	    {MM_DONE, QM_START}, {MM_ACTIVE, QM_START}, {MM_ACTIVE, QM_WAIT_MSG2},
	    {MM_ACTIVE, QM_WAIT_MSG3}, {MM_ACTIVE, QM_ACTIVE}, {MM_ACTIVE, QM_DONE}};
	unsigned acted = 0, refused = 0;

	for (size_t at = 0; at < ARRAY_LEN(places); at++)
		for (enum kind k = 0; k < K_COUNT; k++) {
			struct place p;
			char	     before[4096], after[4096];
			uint64_t     up[2];

			if (!place_at(&p, places[at].sa, places[at].xchg)) {
				T_FAIL("cannot get to %s, %s", fsm_state_name(places[at].sa),
				    fsm_state_name(places[at].xchg));
				place_leave(&p);
				return;
			}
			up[0] = lab_counter(p.l, CNT_phase1_up);
			up[1] = lab_counter(p.l, CNT_phase2_up);
			lab_snapshot(p.l, before, sizeof(before));
			lab_rx(p.l, &p.i, build(&p, k));
			lab_snapshot(p.l, after, sizeof(after));
			if (may_act(&p, k)) {
				acted++;
				if (strcmp(before, after) == 0)
					T_FAIL("%s in %s, %s was refused", kind_names[k],
					    fsm_state_name(p.sa), fsm_state_name(p.xchg));
			} else {
				refused++;
				if (!T_STR(after, before) ||
				    !T_EQ(lab_counter(p.l, CNT_phase1_up), up[0]) ||
				    !T_EQ(lab_counter(p.l, CNT_phase2_up), up[1]) ||
				    !T_TRUE(p.l->count <= 1))
					T_FAIL("%s in %s, %s", kind_names[k], fsm_state_name(p.sa),
					    fsm_state_name(p.xchg));
			}
			place_leave(&p);
		}
	T_EQ(acted, 1 + 1 + 2 + 5 + 1 + 1);
	T_EQ(acted + refused, ARRAY_LEN(places) * K_COUNT);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(rows_make_sense);
	T_RUN(states_can_be_reached_and_left);
	T_RUN(every_row_is_walked);
	T_RUN(every_state_and_every_message);
	return lab_t_end();
}
