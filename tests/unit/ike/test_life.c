/* The life of SAs: DPD, deletes, INITIAL-CONTACT, rekeying both ways, expiry, shutdown, reload. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

static const struct ike_match everybody;

/* An engine, phase 1 and one Quick Mode. */
struct pair {
	struct lab	*lab;
	struct initiator i;
	struct ini_qm	 q;
};

static bool
pair_up(struct pair *p, const struct lab_policy *policy, uint64_t seed)
{
	p->lab = policy != NULL ? lab_new_with(policy, seed) : lab_new(NULL, seed);
	lab_t_peer(&p->i);
	if (!T_STEP(lab_phase1, p->lab, &p->i))
		return false;
	lab_drop(p->lab);
	ini_qm_init(&p->q, &p->i);
	return T_STEP(lab_quick, p->lab, &p->q) && T_EQ(ike_totals(p->lab->ike).children, 1);
}

static void
pair_down(struct pair *p)
{
	if (p->q.ini != NULL)
		ini_qm_fini(&p->q);
	ini_fini(&p->i);
	lab_free(p->lab);
	memset(p, 0, sizeof(*p));
}

/* ---- DPD, RFC 3706 ---- */

static void
dpd_is_answered(void)
{
	static uint8_t	 room[INI_OUT];
	struct pair	 p = {0};
	const struct pl_notify *n;
	struct chunk	 d, first;
	uint8_t		 spi[16];

	if (!pair_up(&p, NULL, 1))
		goto out;
	memcpy(spi, p.i.cky_i, 8);
	memcpy(spi + 8, p.i.cky_r, 8);
	for (uint32_t seq = 77; seq < 80; seq++) {
		lab_rx(p.lab, &p.i, ini_dpd(&p.i, N_R_U_THERE, seq));
		if ((n = T_NOTIFY(p.lab, &p.i, N_R_U_THERE_ACK, false)) != NULL) {
			T_EQ(lab_t_seq(n), seq);
			T_EQ(n->protocol, PROTO_ISAKMP);
			T_MEM(n->spi.p, n->spi.n, spi, 16);
		}
		T_SILENT(p.lab);
	}
	T_EQ(lab_counter(p.lab, CNT_dpd_in), 3);
	/*
	 * The same octets again: the same acknowledgement (charon knows retransmits by the whole
	 * packet).
	 */
	d = ini_dpd(&p.i, N_R_U_THERE, 81);
	memcpy(room, d.p, d.n);
	d = CHUNK(room, d.n);
	lab_rx(p.lab, &p.i, d);
	T_TRUE(lab_take(p.lab, &first));
	static uint8_t kept[512];
	size_t	       kept_n = first.n < sizeof(kept) ? first.n : 0;

	memcpy(kept, first.p, kept_n);
	lab_rx(p.lab, &p.i, d);
	T_TRUE(lab_take(p.lab, &first));
	T_MEM(first.p, first.n, kept, kept_n);
out:
	pair_down(&p);
}

/* Who did not announce DPD gets an answer all the same (INTEROP 6). */
static void
dpd_without_vendor_id(void)
{
	struct lab	*l = lab_new(NULL, 2);
	struct initiator i;

	lab_t_peer(&i);
	i.vids = 0;
	if (T_STEP(lab_phase1, l, &i)) {
		lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, 5));
		T_NOTIFY(l, &i, N_R_U_THERE_ACK, false);
	}
	ini_fini(&i);
	lab_free(l);
}

static void
dpd_is_sent_and_heard(void)
{
	struct pair		p = {0};
	const struct pl_notify *n;
	struct lab_policy	pol = {.group = "dpd = { interval = 10; retries = 3; };"};
	unsigned		probes = 0;
	uint32_t		last = 0;

	if (!pair_up(&p, &pol, 3))
		goto out;
	lab_advance(p.lab, 9000);
	T_SILENT(p.lab);
	for (int k = 0; k < 105; k++) {
		lab_advance(p.lab, 1000);
		if (p.lab->count == 0)
			continue;
		if ((n = T_NOTIFY(p.lab, &p.i, N_R_U_THERE, false)) == NULL)
			break;
		if (probes++ > 0)
			T_EQ(lab_t_seq(n), last + 1);
		last = lab_t_seq(n);
		T_SILENT(p.lab);
		lab_rx(p.lab, &p.i, ini_dpd(&p.i, N_R_U_THERE_ACK, last));
		T_SILENT(p.lab);
	}
	T_TRUE(probes >= 5 && probes <= 12);
	T_EQ(lab_counter(p.lab, CNT_dpd_out), probes);
	T_EQ(ike_totals(p.lab->ike).established, 1);
	T_EQ(ike_totals(p.lab->ike).children, 1);
	/* Traffic of the peer is a sign of life too: no probe while it talks. */
	for (int k = 0; k < 10; k++) {
		lab_advance(p.lab, 5000);
		lab_rx(p.lab, &p.i, ini_dpd(&p.i, N_R_U_THERE, 500 + (uint32_t)k));
		if ((n = T_NOTIFY(p.lab, &p.i, N_R_U_THERE_ACK, false)) == NULL)
			break;
	}
	T_EQ(lab_counter(p.lab, CNT_dpd_out), probes);
out:
	pair_down(&p);
}

static void
dpd_finds_the_dead(void)
{
	struct pair	  p = {0};
	struct lab_policy pol = {.group = "dpd = { interval = 10; retries = 3; };"};
	unsigned	  probes = 0;
	uint32_t	  seq = 0;
	struct chunk	  d;
	bool		  clear;
	struct why	  w = {0};

	if (!pair_up(&p, &pol, 4))
		goto out;
	/*
	 * Asked after 10 s of silence, asked again three times every two seconds with the same
	 * number, then given up.
	 */
	lab_advance(p.lab, 10000 + 3 * 2000 + 1);
	T_EQ(ike_totals(p.lab->ike).established, 1);
	lab_advance(p.lab, 2000);
	T_EQ(ike_totals(p.lab->ike).established, 0);
	T_EQ(ike_totals(p.lab->ike).children, 0);
	T_EQ(lab_counter(p.lab, CNT_dpd_dead), 1);
	T_EQ(p.lab->events[EVT_DPD_PEER_DEAD], 1);
	T_TRUE(lab_logged(p.lab,
	    "IKE lost contact with remote peer, deleting connection (keepalive type: DPD)"));
	while (lab_take(p.lab, &d))
		if (ini_info(&p.i, d, &clear, &w) == IKE_OK && ini_notify_in(&p.i) != NULL &&
		    ini_notify_in(&p.i)->type == N_R_U_THERE) {
			if (probes++ > 0)
				T_EQ(lab_t_seq(ini_notify_in(&p.i)), seq);
			seq = lab_t_seq(ini_notify_in(&p.i));
		}
	T_EQ(probes, 4);
out:
	pair_down(&p);
}

/*
 * An acknowledgement of another number is no sign that the probe arrived (RFC 3706 6.2), nor a
 * clear one.
 */
static void
dpd_wrong_acknowledgements(void)
{
	struct pair		p = {0};
	struct lab_policy	pol = {.group = "dpd = { interval = 10; retries = 2; };"};
	const struct pl_notify *n;

	if (!pair_up(&p, &pol, 5))
		goto out;
	lab_advance(p.lab, 10001);
	if ((n = T_NOTIFY(p.lab, &p.i, N_R_U_THERE, false)) == NULL)
		goto out;
	lab_rx(p.lab, &p.i, ini_dpd(&p.i, N_R_U_THERE_ACK, lab_t_seq(n) + 1000));
	T_EQ(p.lab->events[EVT_DPD_BAD_SEQUENCE], 1);
	T_EQ(ike_totals(p.lab->ike).established, 1);
	lab_advance(p.lab, 60000);
	T_EQ(ike_totals(p.lab->ike).established, 0);
out:
	pair_down(&p);
}

static void
dpd_on_demand(void)
{
	struct pair		p = {0};
	const struct pl_notify *n;
	struct ike_match	other = {.group = "nobody"};

	if (!pair_up(&p, NULL, 6))
		goto out;
	lab_advance(p.lab, 3600 * 1000 / 2);
	T_SILENT(p.lab); /* no dpd in the policy, none sent */
	T_EQ(ike_dpd(p.lab->ike, &other), 0);
	T_SILENT(p.lab);
	T_EQ(ike_dpd(p.lab->ike, &everybody), 1);
	if ((n = T_NOTIFY(p.lab, &p.i, N_R_U_THERE, false)) != NULL)
		lab_rx(p.lab, &p.i, ini_dpd(&p.i, N_R_U_THERE_ACK, lab_t_seq(n)));
	lab_advance(p.lab, 60000);
	T_EQ(ike_totals(p.lab->ike).established, 1);
out:
	pair_down(&p);
}

/* ---- deletes ---- */

static void
delete_of_a_child(void)
{
	struct pair p = {0};

	if (!pair_up(&p, NULL, 10))
		goto out;
	lab_rx(p.lab, &p.i, ini_delete_child(&p.q));
	T_EQ(ike_totals(p.lab->ike).children, 0);
	T_EQ(ike_totals(p.lab->ike).established, 1);
	T_EQ(lab_counter(p.lab, CNT_deletes_in), 1);
	T_EQ(p.lab->events[EVT_P2_DELETED], 1);
out:
	pair_down(&p);
}

/*
 * vpnc's disconnect: one DELETE payload with both SPIs, then one for the ISAKMP SA, with small
 * message ids.
 */
static void
delete_of_both_spis_at_once(void)
{
	struct pair p = {0};
	struct msg  m;
	uint8_t	    spis[8];

	if (!pair_up(&p, NULL, 11))
		goto out;
	memcpy(spis, p.q.spi_i, 4);
	memcpy(spis + 4, p.q.spi_r, 4);
	ini_info_begin(&p.i, &m);
	m.hdr.msgid = 105;
	ini_add_delete(&p.i, &m, PROTO_ESP, 4, CHUNK(spis, 8));
	lab_rx(p.lab, &p.i, ini_info_end(&p.i, &m));
	T_EQ(ike_totals(p.lab->ike).children, 0);
	T_EQ(ike_totals(p.lab->ike).established, 1);
	ini_info_begin(&p.i, &m);
	m.hdr.msgid = 70;
	memcpy(spis, p.i.cky_i, 8);
	uint8_t cookies[16];

	memcpy(cookies, p.i.cky_i, 8);
	memcpy(cookies + 8, p.i.cky_r, 8);
	ini_add_delete(&p.i, &m, PROTO_ISAKMP, 16, CHUNK(cookies, 16));
	lab_rx(p.lab, &p.i, ini_info_end(&p.i, &m));
	T_EQ(ike_totals(p.lab->ike).established, 0);
	T_STR(lab_state(p.lab, &p.i), "");
out:
	pair_down(&p);
}

static void
delete_of_the_isakmp_sa_takes_its_children(void)
{
	struct pair p = {0};

	if (!pair_up(&p, NULL, 12))
		goto out;
	lab_rx(p.lab, &p.i, ini_delete_isakmp(&p.i));
	T_EQ(ike_totals(p.lab->ike).established, 0);
	T_EQ(ike_totals(p.lab->ike).children, 0);
	T_EQ(p.lab->events[EVT_P1_DELETED], 1);
	T_EQ(ike_deadline_ms(p.lab->ike) < p.lab->now_ms, 0);
	lab_advance(p.lab, 100000);
out:
	pair_down(&p);
}

/* CVE-2023-38712: two deletes of the ISAKMP SA, and of the child beside it, in one message. */
static void
delete_twice_in_one_message(void)
{
	struct pair p = {0};
	struct msg  m;
	uint8_t	    spi[16];

	if (!pair_up(&p, NULL, 13))
		goto out;
	memcpy(spi, p.i.cky_i, 8);
	memcpy(spi + 8, p.i.cky_r, 8);
	ini_info_begin(&p.i, &m);
	ini_add_delete(&p.i, &m, PROTO_ESP, 4, CHUNK(p.q.spi_i, 4));
	ini_add_delete(&p.i, &m, PROTO_ISAKMP, 16, CHUNK(spi, 16));
	ini_add_delete(&p.i, &m, PROTO_ESP, 4, CHUNK(p.q.spi_i, 4));
	ini_add_delete(&p.i, &m, PROTO_ISAKMP, 16, CHUNK(spi, 16));
	lab_rx(p.lab, &p.i, ini_info_end(&p.i, &m));
	T_EQ(ike_totals(p.lab->ike).established, 0);
	T_EQ(ike_totals(p.lab->ike).children, 0);
out:
	pair_down(&p);
}

/*
 * Deletes of things that are not the peer's: other cookies, other SPIs, other protocols, wrong
 * sizes.
 */
static void
delete_of_what_is_not_his(void)
{
	struct pair	 p = {0};
	struct initiator b;
	struct ini_qm	 q;
	struct msg	 m;
	uint8_t		 spi[16];
	char		 before[4096], after[4096];

	if (!pair_up(&p, NULL, 14))
		goto out;
	ini_init(&b, peer_crypto, "203.0.113.9", LAB_US, LAB_PSK, alg_group_id(31));
	ini_qm_init(&q, &b);
	q.idci = ini_id(ID_IPV4_ADDR_SUBNET, "10.9.0.0/24");
	if (T_STEP(lab_phase1, p.lab, &b) && T_STEP(lab_quick, p.lab, &q)) {
		lab_snapshot(p.lab, before, sizeof(before));
		/* b names a's SAs. */
		memcpy(spi, p.i.cky_i, 8);
		memcpy(spi + 8, p.i.cky_r, 8);
		ini_info_begin(&b, &m);
		ini_add_delete(&b, &m, PROTO_ISAKMP, 16, CHUNK(spi, 16));
		ini_add_delete(&b, &m, PROTO_ESP, 4, CHUNK(p.q.spi_i, 4));
		ini_add_delete(&b, &m, PROTO_ESP, 4, CHUNK(p.q.spi_r, 4));
		ini_add_delete(&b, &m, PROTO_AH, 4, CHUNK(q.spi_i, 4));
		lab_rx(p.lab, &b, ini_info_end(&b, &m));
		lab_snapshot(p.lab, after, sizeof(after));
		T_STR(after, before);
		/* Sizes that do not fit their protocol. */
		ini_info_begin(&b, &m);
		ini_add_delete(&b, &m, PROTO_ESP, 8, CHUNK(spi, 16));
		ini_add_delete(&b, &m, PROTO_ISAKMP, 4, CHUNK(q.spi_i, 4));
		lab_rx(p.lab, &b, ini_info_end(&b, &m));
		lab_snapshot(p.lab, after, sizeof(after));
		T_STR(after, before);
	}
	ini_qm_fini(&q);
	ini_fini(&b);
out:
	pair_down(&p);
}

static void
we_delete(void)
{
	struct pair		p = {0};
	const struct pl_delete *del;
	uint8_t			spi[16];

	if (!pair_up(&p, NULL, 15))
		goto out;
	T_EQ(ike_delete(p.lab->ike, &everybody), 1);
	if ((del = lab_t_delete(p.lab, &p.i)) != NULL) {
		/* The SPI by which the sender of the delete receives (RFC 2408 3.15). */
		T_EQ(del->protocol, PROTO_ESP);
		T_MEM(del->spis.p, del->spis.n, p.q.spi_r, 4);
	}
	if ((del = lab_t_delete(p.lab, &p.i)) != NULL) {
		memcpy(spi, p.i.cky_i, 8);
		memcpy(spi + 8, p.i.cky_r, 8);
		T_EQ(del->protocol, PROTO_ISAKMP);
		T_MEM(del->spis.p, del->spis.n, spi, 16);
	}
	T_SILENT(p.lab);
	T_EQ(ike_totals(p.lab->ike).established, 0);
	T_EQ(ike_totals(p.lab->ike).children, 0);
out:
	pair_down(&p);
}

static void
shutdown_says_good_bye(void)
{
	struct pair	 p = {0};
	struct initiator half;

	if (!pair_up(&p, NULL, 16))
		goto out;
	ini_init(&half, peer_crypto, "203.0.113.9", LAB_US, LAB_PSK, alg_group_id(31));
	T_STEP(lab_mm12, p.lab, &half);
	ike_shutdown(p.lab->ike);
	T_TRUE(lab_t_delete(p.lab, &p.i) != NULL);
	T_TRUE(lab_t_delete(p.lab, &p.i) != NULL);
	T_SILENT(p.lab); /* nothing to an unproven address */
	T_EQ(ike_totals(p.lab->ike).established + ike_totals(p.lab->ike).half_open +
		ike_totals(p.lab->ike).children,
	    0);
	ini_fini(&half);
out:
	pair_down(&p);
}

static void
match_by_group_and_address(void)
{
	struct pair	 p = {0};
	struct initiator b;
	struct ike_match m = {0};

	if (!pair_up(&p, NULL, 17))
		goto out;
	ini_init(&b, peer_crypto, "203.0.113.9", LAB_US, LAB_PSK, alg_group_id(31));
	T_STEP(lab_phase1, p.lab, &b);
	m.addr = b.local.addr;
	T_EQ(ike_delete(p.lab->ike, &m), 1);
	T_STR(lab_state(p.lab, &b), "");
	T_STR(lab_state(p.lab, &p.i), "MM_ACTIVE");
	m = (struct ike_match){.group = "lab"};
	T_EQ(ike_delete(p.lab->ike, &m), 1);
	T_EQ(ike_totals(p.lab->ike).established, 0);
	ini_fini(&b);
out:
	pair_down(&p);
}

/* ---- INITIAL-CONTACT and rekeying of phase 1 ---- */

static void
initial_contact(void)
{
	struct pair	 p = {0};
	struct initiator b, other;

	if (!pair_up(&p, NULL, 20))
		goto out;
	ini_init(&other, peer_crypto, "203.0.113.9", LAB_US, LAB_PSK, alg_group_id(31));
	T_STEP(lab_phase1, p.lab, &other);
	lab_t_peer(&b);
	b.initial_contact = true;
	T_STEP(lab_phase1, p.lab, &b);
	T_STR(lab_state(p.lab, &p.i), "");
	T_STR(lab_state(p.lab, &b), "MM_ACTIVE");
	T_STR(lab_state(p.lab, &other), "MM_ACTIVE"); /* another peer's */
	T_EQ(ike_totals(p.lab->ike).children, 0);
	T_EQ(p.lab->events[EVT_INITIAL_CONTACT], 1);
	ini_fini(&b);
	ini_fini(&other);
out:
	pair_down(&p);
}

/* The same address with another identity is another peer: two hosts behind one NAT. */
static void
initial_contact_spares_other_identities(void)
{
	struct pair	 p = {0};
	struct initiator b;

	if (!pair_up(&p, NULL, 21))
		goto out;
	lab_t_peer(&b);
	b.id = ini_id(ID_FQDN, "b.example");
	b.initial_contact = true;
	b.local.port = 33333;
	T_STEP(lab_phase1, p.lab, &b);
	T_STR(lab_state(p.lab, &p.i), "MM_ACTIVE");
	T_EQ(ike_totals(p.lab->ike).children, 1);
	ini_fini(&b);
out:
	pair_down(&p);
}

/*
 * It speaks of what stood when its phase 1 began, not of an SA that began later and was done
 * earlier.
 */
static void
initial_contact_spares_younger_sas(void)
{
	struct lab	*l = lab_new(NULL, 24);
	struct initiator slow, quick, old;

	lab_t_peer(&old);
	lab_t_peer(&slow);
	lab_t_peer(&quick);
	slow.initial_contact = true;
	T_STEP(lab_phase1, l, &old);
	lab_advance(l, 1000);
	T_STEP(lab_mm12, l, &slow);
	T_STEP(lab_mm34, l, &slow);
	lab_advance(l, 1000);
	T_STEP(lab_phase1, l, &quick);
	lab_advance(l, 1000);
	T_STEP(lab_mm56, l, &slow);
	T_STR(lab_state(l, &old), "");
	T_STR(lab_state(l, &quick), "MM_ACTIVE");
	T_STR(lab_state(l, &slow), "MM_ACTIVE");
	ini_fini(&old);
	ini_fini(&slow);
	ini_fini(&quick);
	lab_free(l);
}

static void
phase1_rekey_adopts_the_children(void)
{
	struct pair	 p = {0};
	struct initiator b;
	struct lab_sa	 old, new;
	struct lab_child kid;
	struct ini_qm	 q;

	if (!pair_up(&p, NULL, 22))
		goto out;
	lab_t_peer(&b);
	if (!T_STEP(lab_phase1, p.lab, &b))
		goto out_b;
	lab_drop(p.lab);
	T_TRUE(lab_sa(p.lab, &b, &new));
	T_EQ(new.info.children, 1);
	if (lab_sa(p.lab, &p.i, &old)) {
		T_TRUE(old.info.rekeyed);
		T_EQ(old.info.children, 0);
	}
	T_EQ(lab_children(p.lab, &kid, 1), 1);
	T_MEM(kid.info.cky_i, 8, b.cky_i, 8);
	T_EQ(p.lab->events[EVT_P1_REKEYED], 1);
	/*
	 * The old one may still be used for a while, then goes, by delete or by itself; the child
	 * lives on.
	 */
	lab_rx(p.lab, &p.i, ini_dpd(&p.i, N_R_U_THERE, 9));
	T_NOTIFY(p.lab, &p.i, N_R_U_THERE_ACK, false);
	lab_advance(p.lab, 60000);
	T_STR(lab_state(p.lab, &p.i), "");
	T_EQ(ike_totals(p.lab->ike).established, 1);
	T_EQ(ike_totals(p.lab->ike).children, 1);
	lab_drop(p.lab);
	/* Phase 2 now runs under the new one; it also takes the delete of the adopted child. */
	ini_qm_init(&q, &b);
	T_STEP(lab_quick, p.lab, &q);
	T_TRUE(lab_same_keys(p.lab, &q));
	ini_qm_fini(&q);
	p.q.ini = &b;
	lab_rx(p.lab, &b, ini_delete_child(&p.q));
	T_EQ(ike_totals(p.lab->ike).children, 1);
out_b:
	ini_fini(&b);
out:
	pair_down(&p);
}

static void
delete_of_a_rekeyed_isakmp_sa_spares_the_children(void)
{
	struct pair	 p = {0};
	struct initiator b;

	if (!pair_up(&p, NULL, 23))
		goto out;
	lab_t_peer(&b);
	T_STEP(lab_phase1, p.lab, &b);
	lab_rx(p.lab, &p.i, ini_delete_isakmp(&p.i));
	T_STR(lab_state(p.lab, &p.i), "");
	T_STR(lab_state(p.lab, &b), "MM_ACTIVE");
	T_EQ(ike_totals(p.lab->ike).children, 1);
	ini_fini(&b);
out:
	pair_down(&p);
}

/* A Quick Mode on the old SA, after the new one came: its child has an heir as well. */
static void
a_child_of_the_old_sa_has_an_heir(void)
{
	struct pair	 p = {0};
	struct initiator b;
	struct ini_qm	 q;
	struct lab_child kids[3];

	if (!pair_up(&p, NULL, 25))
		goto out;
	lab_t_peer(&b);
	T_STEP(lab_phase1, p.lab, &b);
	ini_qm_init(&q, &p.i);
	q.idci = ini_id(ID_IPV4_ADDR, "10.9.0.77");
	T_STEP(lab_quick, p.lab, &q);
	T_EQ(ike_totals(p.lab->ike).children, 2);
	lab_rx(p.lab, &p.i, ini_delete_isakmp(&p.i));
	T_STR(lab_state(p.lab, &p.i), "");
	if (T_EQ(lab_children(p.lab, kids, 3), 2))
		for (int k = 0; k < 2; k++)
			T_MEM(kids[k].info.cky_i, 8, b.cky_i, 8);
	ini_qm_fini(&q);
	ini_fini(&b);
out:
	pair_down(&p);
}

/* A protected error notify ends the Quick Modes that wait, and leaves what stands alone. */
static void
error_notify_ends_quick_modes(void)
{
	struct pair   p = {0};
	struct ini_qm q;
	struct msg    m;

	if (!pair_up(&p, NULL, 26))
		goto out;
	ini_qm_init(&q, &p.i);
	T_STEP(lab_qm12, p.lab, &q);
	ini_info_begin(&p.i, &m);
	ini_add_notify(&p.i, &m, PROTO_ESP, N_NO_PROPOSAL_CHOSEN, CHUNK(q.spi_i, 4), CHUNK_NONE);
	lab_rx(p.lab, &p.i, ini_info_end(&p.i, &m));
	T_EQ(lab_counter(p.lab, CNT_phase2_failed), 1);
	T_EQ(ike_totals(p.lab->ike).children, 1);
	T_STR(lab_state(p.lab, &p.i), "MM_ACTIVE");
	lab_advance(p.lab, 60000);
	T_SILENT(p.lab); /* QM2 is not repeated any more */
	/* Too late, its third message: */
	lab_rx(p.lab, &p.i, ini_qm3(&q));
	T_EQ(ike_totals(p.lab->ike).children, 1);
	ini_qm_fini(&q);
out:
	pair_down(&p);
}

/* Some name the SPI that they send to, instead of the one they receive by. */
static void
delete_by_our_spi(void)
{
	struct pair p = {0};
	struct msg  m;

	if (!pair_up(&p, NULL, 27))
		goto out;
	ini_info_begin(&p.i, &m);
	ini_add_delete(&p.i, &m, PROTO_ESP, 4, CHUNK(p.q.spi_r, 4));
	lab_rx(p.lab, &p.i, ini_info_end(&p.i, &m));
	T_EQ(ike_totals(p.lab->ike).children, 0);
out:
	pair_down(&p);
}

/* ---- rekeying of phase 2 ---- */

static void
peer_rekeys_phase2(void)
{
	struct pair	 p = {0};
	struct ini_qm	 q;
	struct lab_child kids[3];

	if (!pair_up(&p, NULL, 30))
		goto out;
	ini_qm_init(&q, &p.i);
	T_STEP(lab_quick, p.lab, &q);
	/* Rekeying is not deleting: both stand, the older marked. */
	if (T_EQ(lab_children(p.lab, kids, 3), 2))
		for (int k = 0; k < 2; k++)
			T_EQ(kids[k].info.rekeyed, kids[k].info.spi_out == lab_t_spi(p.q.spi_i));
	T_EQ(p.lab->events[EVT_P2_REKEYED], 1);
	/* The one who rekeyed deletes; we wait for that. */
	lab_advance(p.lab, 300000);
	T_SILENT(p.lab);
	T_EQ(lab_children(p.lab, kids, 3), 2);
	lab_rx(p.lab, &p.i, ini_delete_child(&p.q));
	if (T_EQ(lab_children(p.lab, kids, 3), 1))
		T_EQ(kids[0].info.spi_out, lab_t_spi(q.spi_i));
	ini_qm_fini(&q);
out:
	pair_down(&p);
}

/* Answer a Quick Mode that the engine began; the queue must hold its first message next. */
static bool
answer_rekey(struct pair *p, struct ini_qm *q)
{
	struct chunk d;
	struct why   w = {0};

	memset(q, 0, sizeof(*q));
	q->ini = &p->i;
	q->nonce_len = 24;
	if (!T_TRUE(lab_take(p->lab, &d)))
		return false;
	if (ini_qm1_in(q, d, &w) != IKE_OK)
		return T_FAIL("QM1 of the engine: %s", w.text);
	lab_rx(p->lab, &p->i, ini_qm2_out(q));
	if (!lab_take(p->lab, &d))
		return T_FAIL("no QM3 came");
	if (ini_qm3_in(q, d, &w) != IKE_OK)
		return T_FAIL("QM3 of the engine: %s", w.text);
	return true;
}

static bool
same_id(const struct ini_id *a, const struct ini_id *b)
{
	return a->kind == b->kind && a->proto == b->proto && a->port == b->port && a->n == b->n &&
	    memcmp(a->data, b->data, a->n) == 0;
}

static void
we_rekey_phase2(void)
{
	struct pair	 p = {0};
	struct ini_qm	 q;
	const struct pl_delete *del;
	struct lab_child kids[3];

	if (!pair_up(&p, NULL, 31))
		goto out;
	T_EQ(ike_rekey(p.lab->ike, &everybody), 1);
	if (answer_rekey(&p, &q)) {
		T_TRUE(lab_same_keys(p.lab, &q));
		/* Its proxy identities are those of the old pair, seen from the other side. */
		T_TRUE(same_id(&q.idci_r, &p.q.idcr) && same_id(&q.idcr_r, &p.q.idci));
		T_TRUE(
		    q.chosen->cipher == p.q.chosen->cipher && q.chosen->integ == p.q.chosen->integ);
		if (T_EQ(lab_children(p.lab, kids, 3), 2))
			for (int k = 0; k < 2; k++) {
				T_EQ(kids[k].info.rekeyed,
				    kids[k].info.spi_out == lab_t_spi(p.q.spi_i));
				if (!kids[k].info.rekeyed) {
					T_TRUE(kids[k].info.initiator);
					/*
					 * Offered anew from the policy, not from what the peer
					 * wanted before.
					 */
					T_EQ(kids[k].info.lifetime_s, 28800);
					T_STR(kids[k].local, "10.1.0.0/255.255.255.0/0/0");
					T_STR(kids[k].remote, "10.9.0.0/255.255.255.0/0/0");
				}
			}
	}
	ini_qm_fini(&q);
	T_EQ(lab_counter(p.lab, CNT_phase2_up), 2);
	/* What we rekeyed, we delete, after a while. */
	lab_drop(p.lab);
	lab_advance(p.lab, 120000);
	if (T_EQ(lab_children(p.lab, kids, 3), 1))
		T_TRUE(kids[0].info.initiator);
	if ((del = lab_t_delete(p.lab, &p.i)) != NULL)
		T_MEM(del->spis.p, del->spis.n, p.q.spi_r, 4);
out:
	pair_down(&p);
}

static void
we_rekey_phase2_with_pfs(void)
{
	struct pair	  p = {0};
	struct ini_qm	  q;
	struct lab_policy pol = {
	    .entry = "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; pfs = 19;"};

	p.lab = lab_new_with(&pol, 32);
	lab_t_peer(&p.i);
	T_STEP(lab_phase1, p.lab, &p.i);
	ini_qm_init(&p.q, &p.i);
	p.q.pfs = p.q.offers[0].pfs = alg_group_id(19);
	if (T_STEP(lab_quick, p.lab, &p.q)) {
		T_EQ(ike_rekey(p.lab->ike, &everybody), 1);
		if (answer_rekey(&p, &q)) {
			T_TRUE(q.pfs == alg_group_id(19));
			T_TRUE(lab_same_keys(p.lab, &q));
		}
		ini_qm_fini(&q);
	}
	pair_down(&p);
}

static void
our_rekey_is_repeated_then_given_up(void)
{
	struct pair  p = {0};
	struct chunk d;
	uint8_t	     first[INI_OUT];
	size_t	     n;
	unsigned     count = 0;

	if (!pair_up(&p, NULL, 33))
		goto out;
	T_EQ(ike_rekey(p.lab->ike, &everybody), 1);
	if (!T_TRUE(lab_take(p.lab, &d)))
		goto out;
	memcpy(first, d.p, n = d.n);
	lab_advance(p.lab, 300000);
	for (; lab_take(p.lab, &d); count++)
		T_MEM(d.p, d.n, first, n);
	T_TRUE(count >= 2 && count <= 8);
	T_EQ(ike_totals(p.lab->ike).children, 1);
	T_EQ(ike_totals(p.lab->ike).established, 1);
	T_EQ(lab_counter(p.lab, CNT_phase2_failed), 1);
out:
	pair_down(&p);
}

/*
 * Three pairs are rekeyed, one after the other; an exchange that fails does not keep the others
 * waiting for ever.
 */
static void
three_up(struct pair *p, struct ini_qm q[3])
{
	static const char *const nets[] = {"10.9.0.0/26", "10.9.0.64/26", "10.9.0.128/26"};

	p->lab = lab_new(NULL, 35);
	lab_t_peer(&p->i);
	T_STEP(lab_phase1, p->lab, &p->i);
	for (int k = 0; k < 3; k++) {
		ini_qm_init(&q[k], &p->i);
		q[k].idci = ini_id(ID_IPV4_ADDR_SUBNET, nets[k]);
		T_STEP(lab_quick, p->lab, &q[k]);
	}
}

static void
we_rekey_several_pairs(void)
{
	struct pair	 p = {0};
	struct ini_qm	 q[3], r;
	struct lab_child kids[8];
	unsigned	 rekeyed = 0, n;

	three_up(&p, q);
	T_EQ(ike_rekey(p.lab->ike, &everybody), 3);
	for (int k = 0; k < 3; k++) {
		if (!answer_rekey(&p, &r))
			T_FAIL("rekey %d", k);
		T_TRUE(lab_same_keys(p.lab, &r));
		ini_qm_fini(&r);
	}
	T_SILENT(p.lab);
	n = lab_children(p.lab, kids, 8);
	T_EQ(n, 6);
	for (unsigned k = 0; k < n && k < 8; k++)
		rekeyed += kids[k].info.rekeyed;
	T_EQ(rekeyed, 3);
	for (int k = 0; k < 3; k++)
		ini_qm_fini(&q[k]);
	pair_down(&p);
}

static void
a_failed_rekey_does_not_block_the_others(void)
{
	struct pair  p = {0};
	struct ini_qm q[3];
	struct chunk d;
	uint32_t     seen[3] = {0};
	unsigned     n = 0;

	three_up(&p, q);
	T_EQ(ike_rekey(p.lab->ike, &everybody), 3);
	lab_advance(p.lab, 600000);
	while (lab_take(p.lab, &d)) {
		uint32_t id = lab_t_spi(d.p + 20);
		bool	 known = false;

		for (unsigned k = 0; k < n; k++)
			known |= seen[k] == id;
		if (!known && n < 3)
			seen[n++] = id;
	}
	T_EQ(n, 3);
	T_EQ(ike_totals(p.lab->ike).children, 3);
	T_EQ(ike_totals(p.lab->ike).exchanges, 0);
	for (int k = 0; k < 3; k++)
		ini_qm_fini(&q[k]);
	pair_down(&p);
}

/* An answer to our QM1 that is not what was offered: algorithm, mode, group, identities, SPI. */
static void
change_attribute(struct ini_qm *q, uint8_t type, uint16_t value)
{
	for (size_t k = 20; k + 4 <= q->sa_n; k++)
		if (q->sa_b[k] == 0x80 && q->sa_b[k + 1] == type) {
			q->sa_b[k + 2] = (uint8_t)(value >> 8);
			q->sa_b[k + 3] = (uint8_t)value;
			return;
		}
	T_FAIL("attribute %u is not in the offer", type);
}

static void
foreign_answers_to_our_rekey(void)
{
	for (int lie = 0; lie < 7; lie++) {
		struct pair   p = {0};
		struct ini_qm q = {.nonce_len = 20};
		struct chunk  d;
		struct why    w = {0};

		p.lab = lab_new(NULL, 34);
		lab_t_peer(&p.i);
		T_STEP(lab_phase1, p.lab, &p.i);
		ini_qm_init(&p.q, &p.i);
		p.q.pfs = p.q.offers[0].pfs = alg_group_id(31);
		q.ini = &p.i;
		if (!T_STEP(lab_quick, p.lab, &p.q) ||
		    !T_EQ(ike_rekey(p.lab->ike, &everybody), 1) || !T_TRUE(lab_take(p.lab, &d)) ||
		    !T_OK(ini_qm1_in(&q, d, &w))) {
			pair_down(&p);
			return;
		}
		if (lie == 0)
			change_attribute(&q, P2A_AUTH, 5);
		else if (lie == 1)
			change_attribute(&q, P2A_ENCAPSULATION, ENCAP_TRANSPORT);
		else if (lie == 2)
			change_attribute(&q, P2A_GROUP, 19);
		else if (lie == 3)
			change_attribute(&q, P2A_KEY_LENGTH, 256);
		else if (lie == 4)
			q.idcr_r.data[1] ^= 1;
		else if (lie == 5)
			q.ids_r = false;
		lab_rx(p.lab, &p.i, ini_qm2_out(&q));
		/* The last one is honest: what the others do to it is what is tested. */
		if (!T_EQ(ike_totals(p.lab->ike).children, lie == 6 ? 2 : 1))
			T_FAIL("lie %d", lie);
		T_EQ(ike_totals(p.lab->ike).established, 1);
		ini_qm_fini(&q);
		pair_down(&p);
	}
}

/* ---- expiry ---- */

static void
phase2_expires(void)
{
	struct pair		p = {0};
	const struct pl_delete *del;
	struct lab_policy	pol = {
	    .entry = "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; lifetime = 600; "
		     "lifetime_kilobytes = 0;"};

	if (!pair_up(&p, &pol, 40))
		goto out;
	lab_drop(p.lab);
	T_EQ(p.q.responder_life_s, 600); /* ours is shorter than the 3600 offered */
	lab_advance(p.lab, 599000);
	T_EQ(ike_totals(p.lab->ike).children, 1);
	T_SILENT(p.lab);
	lab_advance(p.lab, 1001);
	T_EQ(ike_totals(p.lab->ike).children, 0);
	T_EQ(p.lab->events[EVT_P2_EXPIRED], 1);
	if ((del = lab_t_delete(p.lab, &p.i)) != NULL) {
		T_EQ(del->protocol, PROTO_ESP);
		T_MEM(del->spis.p, del->spis.n, p.q.spi_r, 4);
	}
	T_EQ(ike_totals(p.lab->ike).established, 1);
out:
	pair_down(&p);
}

static void
phase1_expires(void)
{
	struct lab	       *l = lab_new_with(
	    &(struct lab_policy){
		.p1 = "encryption = \"aes-128\"; hash = \"sha1\"; group = 31; lifetime = 900;"},
	    41);
	struct initiator	i;
	struct ini_qm		q;
	struct lab_sa		s;
	const struct pl_delete *del = NULL;
	const struct pl_notify *n;

	lab_t_peer(&i);
	i.offers[0].life_s = 7200;
	T_STEP(lab_phase1, l, &i);
	/* RFC 2407 4.6.3.1, and what IOS does: the peer is told. */
	if ((n = T_NOTIFY(l, &i, N_RESPONDER_LIFETIME, false)) != NULL) {
		static const uint8_t want[] = {0x80, 0x0b, 0, 1, 0x80, 0x0c, 0x03, 0x84};

		T_EQ(n->protocol, PROTO_ISAKMP);
		T_EQ(n->spi.n, 16);
		T_MEM(n->data.p, n->data.n, want, sizeof(want));
	}
	if (lab_sa(l, &i, &s)) {
		T_EQ(s.info.lifetime_s, 900);
		T_EQ(s.info.remaining_s, 900);
	}
	ini_qm_init(&q, &i);
	T_STEP(lab_quick, l, &q);
	lab_advance(l, 890000);
	if (lab_sa(l, &i, &s)) {
		T_EQ(s.info.age_s, 890);
		T_EQ(s.info.remaining_s, 10);
	}
	lab_advance(l, 9998);
	T_STR(lab_state(l, &i), "MM_ACTIVE");
	lab_advance(l, 3);
	T_STR(lab_state(l, &i), "");
	T_EQ(ike_totals(l->ike).established, 0);
	T_EQ(l->events[EVT_P1_EXPIRED], 1);
	while (l->count > 0 && (del = lab_t_delete(l, &i)) != NULL && del->protocol == PROTO_ESP)
		;
	T_TRUE(del != NULL && del->protocol == PROTO_ISAKMP);
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

/*
 * A lifetime in kilobytes counts what the ISAKMP SA itself protected, and only what was authentic.
 */
static void
phase1_expires_by_volume(void)
{
	struct lab *l = lab_new_with(
	    &(struct lab_policy){.p1 = "encryption = \"aes-128\"; hash = \"sha1\"; group = 31; "
				       "lifetime = 0; lifetime_kilobytes = 2;"},
	    44);
	struct initiator i;
	struct lab_sa	 s;
	struct ini_qm q;
	uint64_t	 before;
	unsigned	 n = 0;
	struct chunk	 d;
	static uint8_t	 junk[INI_OUT];

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	T_TRUE(lab_sa(l, &i, &s));
	T_EQ(s.info.lifetime_kilobytes, 2);
	before = s.info.octets;
	for (int k = 0; k < 100; k++) {
		d = ini_dpd(&i, N_R_U_THERE, 1);
		memcpy(junk, d.p, d.n);
		junk[d.n - 1] ^= 1;
		lab_rx(l, &i, CHUNK(junk, d.n));
	}
	ini_qm_init(&q, &i);
	for (int k = 0; k < 100; k++) {
		d = ini_qm1(&q);
		memcpy(junk, d.p, d.n);
		junk[40] ^= 1;
		lab_rx(l, &i, CHUNK(junk, d.n));
	}
	ini_qm_fini(&q);
	T_TRUE(lab_sa(l, &i, &s));
	T_EQ(s.info.octets, before);
	for (; n < 100 && lab_sa(l, &i, &s); n++) {
		if (!T_TRUE(s.info.octets <= 2048 + 400))
			break;
		lab_drop(l);
		lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, n + 2));
		lab_advance(l, 10);
	}
	T_TRUE(n >= 5 && n <= 25);
	T_EQ(l->events[EVT_P1_EXPIRED], 1);
	ini_fini(&i);
	lab_free(l);
}

/* A shorter lifetime of the peer is in force, and nothing need be said. */
static void
shorter_lifetimes_of_the_peer(void)
{
	struct lab *l =
	    lab_new_with(&(struct
			     lab_policy){.entry =
					     "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\";"
					     " lifetime = 28800; lifetime_kilobytes = 0;"},
		42);
	struct initiator i;
	struct ini_qm	 q;
	struct lab_sa	 s;
	struct lab_child kid;

	lab_t_peer(&i);
	i.offers[0].life_s = 1200;
	T_STEP(lab_phase1, l, &i);
	T_SILENT(l);
	if (lab_sa(l, &i, &s))
		T_EQ(s.info.lifetime_s, 1200);
	ini_qm_init(&q, &i);
	q.offers[0].life_s = 300;
	T_STEP(lab_quick, l, &q);
	T_EQ(q.responder_life_s, 0);
	if (T_EQ(lab_children(l, &kid, 1), 1))
		T_EQ(kid.info.lifetime_s, 300);
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

/* Every way to write a lifetime down is understood and echoed as it came. */
static void
lifetime_encodings(void)
{
	static const struct {
		uint32_t s, kb;
		bool	 tlv;
	} rows[] = {{28800, 0, false},	{28800, 0, true},     {86400, 0, false}, {86400, 0, true},
	    {3600, 1000, false}, {3600, 4608000, true}, {0, 4608000, false}, {0, 0, false}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct lab	*l = lab_new(NULL, 43);
		struct initiator i;
		struct ini_qm	 q;
		struct lab_sa	 s;

		lab_t_peer(&i);
		i.offers[0].life_s = rows[k].s;
		i.offers[0].life_kb = rows[k].kb;
		i.offers[0].life_tlv = rows[k].tlv;
		ini_qm_init(&q, &i);
		q.offers[0].life_s = rows[k].s;
		q.offers[0].life_kb = rows[k].kb;
		q.offers[0].life_tlv = rows[k].tlv;
		if (T_STEP(lab_phase1, l, &i)) {
			lab_drop(l);
			T_STEP(lab_quick, l, &q);
			T_TRUE(lab_same_keys(l, &q));
			if (lab_sa(l, &i, &s)) {
				T_EQ(s.info.lifetime_s,
				    rows[k].s != 0 && rows[k].s < 86400 ? rows[k].s : 86400);
				T_EQ(s.info.lifetime_kilobytes, rows[k].kb);
			}
		} else {
			T_FAIL("row %zu", k);
		}
		ini_qm_fini(&q);
		ini_fini(&i);
		lab_free(l);
	}
}

/* ---- reload ---- */

static void
reload_keeps_what_stands(void)
{
	struct pair	 p = {0};
	struct policy	*strict;
	struct initiator b;
	struct ini_qm	 q;
	char		*text;
	char		 before[2048], after[2048];

	if (!pair_up(&p, NULL, 50))
		goto out;
	text = lab_policy_text(
	    &(struct lab_policy){.p1 = "encryption = \"aes-256\"; hash = \"sha512\"; group = 14;"});
	strict = lab_load(text);
	free(text);
	if (!T_TRUE(strict != NULL))
		goto out;
	lab_snapshot(p.lab, before, sizeof(before));
	ike_set_policy(p.lab->ike, strict);
	policy_unref(strict);
	lab_snapshot(p.lab, after, sizeof(after));
	T_STR(after, before);
	/* New negotiations use the new one, ... */
	ini_init(&b, peer_crypto, "203.0.113.9", LAB_US, LAB_PSK, alg_group_id(31));
	lab_rx(p.lab, &b, ini_mm1(&b));
	T_NOTIFY(p.lab, &b, N_NO_PROPOSAL_CHOSEN, true);
	/* ... the living SA goes on under its own. */
	ini_qm_init(&q, &p.i);
	T_STEP(lab_quick, p.lab, &q);
	T_TRUE(lab_same_keys(p.lab, &q));
	ini_qm_fini(&q);
	ini_fini(&b);
out:
	pair_down(&p);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(dpd_is_answered);
	T_RUN(dpd_without_vendor_id);
	T_RUN(dpd_is_sent_and_heard);
	T_RUN(dpd_finds_the_dead);
	T_RUN(dpd_wrong_acknowledgements);
	T_RUN(dpd_on_demand);
	T_RUN(delete_of_a_child);
	T_RUN(delete_of_both_spis_at_once);
	T_RUN(delete_of_the_isakmp_sa_takes_its_children);
	T_RUN(delete_twice_in_one_message);
	T_RUN(delete_of_what_is_not_his);
	T_RUN(we_delete);
	T_RUN(shutdown_says_good_bye);
	T_RUN(match_by_group_and_address);
	T_RUN(initial_contact);
	T_RUN(initial_contact_spares_other_identities);
	T_RUN(initial_contact_spares_younger_sas);
	T_RUN(phase1_rekey_adopts_the_children);
	T_RUN(delete_of_a_rekeyed_isakmp_sa_spares_the_children);
	T_RUN(a_child_of_the_old_sa_has_an_heir);
	T_RUN(error_notify_ends_quick_modes);
	T_RUN(delete_by_our_spi);
	T_RUN(peer_rekeys_phase2);
	T_RUN(we_rekey_phase2);
	T_RUN(we_rekey_phase2_with_pfs);
	T_RUN(we_rekey_several_pairs);
	T_RUN(a_failed_rekey_does_not_block_the_others);
	T_RUN(our_rekey_is_repeated_then_given_up);
	T_RUN(foreign_answers_to_our_rekey);
	T_RUN(phase2_expires);
	T_RUN(phase1_expires);
	T_RUN(phase1_expires_by_volume);
	T_RUN(shorter_lifetimes_of_the_peer);
	T_RUN(lifetime_encodings);
	T_RUN(reload_keeps_what_stands);
	return lab_t_end();
}
