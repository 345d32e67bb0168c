/* NAT traversal: dialects, detection, floating, moving ports, keepalives, NAT-OA. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

static const struct lab_policy any_proxy = {.entry = "local = \"any\"; remote = \"any\"; pfs = \"any\";"};

static struct endpoint
endpoint(const char *address, uint16_t port)
{
	struct endpoint e = {.port = port};

	if (!addr_parse(address, &e.addr))
		abort();
	return e;
}

/* Where the last datagram taken went to. */
static void
went_to(const struct lab *l, const char *address, uint16_t port, bool marker)
{
	char got[ENDPOINT_TEXT], want[ENDPOINT_TEXT];
	struct endpoint e = endpoint(address, port);

	T_STR(endpoint_print(&l->last.path.remote, got, sizeof(got)),
	    endpoint_print(&e, want, sizeof(want)));
	T_EQ(l->last.path.marker, marker);
}

static void
no_nat(void)
{
	struct lab	*l = lab_new_with(&any_proxy, 1);
	struct initiator i;
	struct ini_qm	 q;
	struct lab_sa	 s;

	lab_t_peer(&i);
	i.vids |= VID_NATT_ANY;
	T_STEP(lab_phase1, l, &i);
	T_EQ(i.natd_type, ISAKMP_PL_NATD); /* of all dialects the RFC */
	T_TRUE(!i.nat_local && !i.nat_remote && !i.marker);
	went_to(l, LAB_HIM, 500, false);
	if (lab_sa(l, &i, &s)) {
		T_TRUE(s.info.nat_t && !s.info.nat_local && !s.info.nat_remote);
		T_STR(s.dialect, "RFC 3947");
	}
	/* RFC 3947 5.1: UDP encapsulation is for NATs. */
	ini_qm_init(&q, &i);
	q.offers[0].encap = ENCAP_UDP_TUNNEL;
	lab_rx(l, &i, ini_qm1(&q));
	T_NOTIFY(l, &i, N_NO_PROPOSAL_CHOSEN, false);
	ini_qm_fini(&q);
	lab_advance(l, 120000);
	T_SILENT(l);
	ini_fini(&i);
	lab_free(l);
}

/* charon with kernel-libipsec: our NAT-D of the peer never fits. */
static void
every_dialect_with_a_faked_nat(void)
{
	static const struct {
		unsigned vid;
		uint8_t	 natd;
		uint16_t encap;
	} rows[] = {{VID_NATT_RFC, ISAKMP_PL_NATD, ENCAP_UDP_TUNNEL},
	    {VID_NATT_RFC | VID_NATT_02N | VID_NATT_03, ISAKMP_PL_NATD, ENCAP_UDP_TUNNEL},
	    {VID_NATT_03, ISAKMP_PL_NATD_DRAFT, ENCAP_UDP_TUNNEL_DRAFT},
	    {VID_NATT_02N, ISAKMP_PL_NATD_DRAFT, ENCAP_UDP_TUNNEL_DRAFT},
	    {VID_NATT_02, ISAKMP_PL_NATD_DRAFT, ENCAP_UDP_TUNNEL_DRAFT},
	    {VID_NATT_02, ISAKMP_PL_NATD_DRAFT, ENCAP_UDP_TRANSPORT_DRAFT},
	    {VID_NATT_RFC, ISAKMP_PL_NATD, ENCAP_UDP_TRANSPORT}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct lab	*l = lab_new_with(&any_proxy, 2);
		struct initiator i;
		struct ini_qm	 q;
		struct lab_sa	 s;
		struct lab_child kid;

		lab_t_peer(&i);
		i.vids = VID_DPD | rows[k].vid;
		i.fake_nat = true;
		ini_qm_init(&q, &i);
		q.offers[0].encap = rows[k].encap;
		if (T_STEP(lab_phase1, l, &i)) {
			went_to(l, LAB_HIM, 4500, true);
			T_EQ(i.natd_type, rows[k].natd);
			if (lab_sa(l, &i, &s)) {
				T_TRUE(s.info.nat_t && s.info.nat_remote && !s.info.nat_local);
				T_EQ(s.info.remote.port, 4500);
			}
			T_STEP(lab_quick, l, &q);
			T_TRUE(lab_same_keys(l, &q));
			if (T_EQ(lab_children(l, &kid, 1), 1))
				T_EQ(kid.info.encap, rows[k].encap);
			T_TRUE(l->keys[0].k.udp);
			T_SILENT(l);
		} else {
			T_FAIL("row %zu", k);
		}
		ini_qm_fini(&q);
		ini_fini(&i);
		lab_free(l);
	}
}

/* Behind a NAT plain ESP will not pass; the peer must offer UDP encapsulation. */
static void
plain_esp_behind_a_nat_is_refused(void)
{
	struct lab	*l = lab_new_with(&any_proxy, 3);
	struct initiator i;
	struct ini_qm	 q;

	lab_t_peer(&i);
	i.vids |= VID_NATT_RFC;
	i.fake_nat = true;
	T_STEP(lab_phase1, l, &i);
	ini_qm_init(&q, &i);
	lab_rx(l, &i, ini_qm1(&q));
	T_NOTIFY(l, &i, N_NO_PROPOSAL_CHOSEN, false);
	T_STR(lab_state(l, &i), "MM_ACTIVE");
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

static void
switched_off(void)
{
	struct lab	*l = lab_new_with(&(struct lab_policy){.group = "nat_t = false;"}, 4);
	struct initiator i;
	struct lab_sa	 s;

	lab_t_peer(&i);
	i.vids |= VID_NATT_ANY;
	T_STEP(lab_phase1, l, &i);
	T_EQ(i.natd_type, 0);
	T_EQ(i.peer_vids & VID_NATT_ANY, 0);
	if (lab_sa(l, &i, &s))
		T_TRUE(!s.info.nat_t);
	ini_fini(&i);
	lab_free(l);
}

/* A peer behind a real NAT: inner 10.0.0.5:500 is seen as the NAT's address and port. */
static void
natted(struct initiator *i, uint16_t port, const char *inner)
{
	ini_init(i, peer_crypto, inner, LAB_US, LAB_PSK, alg_group_id(31));
	i->vids |= VID_NATT_RFC;
	i->outer = endpoint(LAB_HIM, port);
}

static void
peer_behind_a_nat(void)
{
	struct lab	*l = lab_new_with(&any_proxy, 5);
	struct initiator i;
	struct lab_sa	 s;

	natted(&i, 1024, "10.0.0.5");
	T_STEP(lab_phase1, l, &i);
	T_TRUE(i.nat_local && !i.nat_remote && i.marker);
	went_to(l, LAB_HIM, 1025, true);
	if (lab_sa(l, &i, &s)) {
		T_TRUE(s.info.nat_remote && !s.info.nat_local);
		T_EQ(s.info.remote.port, 1025);
		T_EQ(s.info.local.port, 4500);
		T_STR(s.remote_id, "10.0.0.5");
	}
	T_TRUE(l->events[EVT_NAT_DETECTED] > 0);
	/* It is the peer that keeps its mapping alive. */
	lab_drop(l);
	lab_advance(l, 120000);
	T_SILENT(l);
	ini_fini(&i);
	lab_free(l);
}

/* We are the ones behind a NAT: the mapping is kept alive by us (RFC 3948 4). */
static void
we_are_behind_a_nat(void)
{
	struct lab *l = lab_new_with(&(struct lab_policy){.top = "nat_keepalive = 20;",
					 .entry = "local = \"any\"; remote = \"any\";"},
	    6);
	struct initiator i;
	struct lab_sa	 s;
	struct chunk	 d;
	unsigned	 n = 0;

	lab_t_peer(&i);
	i.vids |= VID_NATT_RFC;
	i.server = endpoint("172.16.0.2", 500);
	T_STEP(lab_phase1, l, &i);
	T_TRUE(i.nat_remote && !i.nat_local && i.marker);
	if (lab_sa(l, &i, &s))
		T_TRUE(s.info.nat_local && !s.info.nat_remote);
	lab_drop(l);
	lab_advance(l, 100500);
	for (; lab_take(l, &d); n++) {
		T_MEM(d.p, d.n, "\xff", 1);
		T_EQ(l->last.path.remote.port, 4500);
	}
	T_EQ(n, 5);
	T_EQ(lab_counter(l, CNT_keepalives_out), 5);
	ini_fini(&i);
	lab_free(l);
}

static void
two_peers_behind_one_nat(void)
{
	struct lab	*l = lab_new_with(&any_proxy, 7);
	struct initiator a, b;
	struct ini_qm	 qa, qb;

	natted(&a, 20000, "10.0.0.5");
	natted(&b, 30000, "10.0.0.6");
	a.initial_contact = b.initial_contact = true;
	T_STEP(lab_mm12, l, &a);
	T_STEP(lab_mm12, l, &b);
	T_STEP(lab_mm34, l, &b);
	T_STEP(lab_mm34, l, &a);
	ini_float(&a, 4500, 4500);
	ini_float(&b, 4500, 4500);
	T_STEP(lab_mm56, l, &a);
	T_STEP(lab_mm56, l, &b);
	T_STR(lab_state(l, &a), "MM_ACTIVE");
	T_STR(lab_state(l, &b), "MM_ACTIVE");
	ini_qm_init(&qa, &a);
	ini_qm_init(&qb, &b);
	qa.offers[0].encap = qb.offers[0].encap = ENCAP_UDP_TRANSPORT;
	qa.idci = ini_id(ID_IPV4_ADDR, "10.0.0.5");
	qb.idci = ini_id(ID_IPV4_ADDR, "10.0.0.6");
	qa.idcr = qb.idcr = ini_id(ID_IPV4_ADDR, LAB_US);
	qa.natoa = qb.natoa = true;
	qa.natoa_i = a.local.addr;
	qb.natoa_i = b.local.addr;
	qa.natoa_r = qb.natoa_r = a.remote.addr;
	T_STEP(lab_quick, l, &qa);
	went_to(l, LAB_HIM, 20001, true);
	T_STEP(lab_quick, l, &qb);
	went_to(l, LAB_HIM, 30001, true);
	T_TRUE(lab_same_keys(l, &qa) && lab_same_keys(l, &qb));
	T_EQ(ike_totals(l->ike).children, 2);
	lab_rx(l, &a, ini_delete_isakmp(&a));
	T_STR(lab_state(l, &b), "MM_ACTIVE");
	T_EQ(ike_totals(l->ike).children, 1);
	ini_qm_fini(&qa);
	ini_qm_fini(&qb);
	ini_fini(&a);
	ini_fini(&b);
	lab_free(l);
}

/* The answers go where the last message that proved itself came from, and nowhere else. */
static void
port_changes_are_followed_once_authenticated(void)
{
	static uint8_t	 old[INI_OUT];
	struct lab	*l = lab_new_with(&any_proxy, 8);
	struct initiator i;
	struct chunk	 d;
	struct path	 evil;
	char		 before[2048], after[2048];

	natted(&i, 1024, "10.0.0.5");
	if (!T_STEP(lab_phase1, l, &i))
		goto out;
	d = ini_dpd(&i, N_R_U_THERE, 1);
	memcpy(old, d.p, d.n);
	d = CHUNK(old, d.n);
	lab_rx(l, &i, d);
	T_NOTIFY(l, &i, N_R_U_THERE_ACK, false);
	went_to(l, LAB_HIM, 1025, true);
	lab_snapshot(l, before, sizeof(before));
	evil = (struct path){.local = i.remote,
	    .remote = endpoint("203.0.113.200", 4500),
	    .marker = true};
	/* A repeated message from elsewhere: it proves nothing. */
	lab_rx_from(l, &evil, d);
	/* A damaged fresh one, garbage, and a clear notify. */
	d = ini_dpd(&i, N_R_U_THERE, 2);
	memcpy(old, d.p, d.n);
	old[d.n - 1] ^= 1;
	lab_rx_from(l, &evil, CHUNK(old, d.n));
	memset(old + 28, 0x5a, d.n - 28);
	lab_rx_from(l, &evil, CHUNK(old, d.n));
	lab_snapshot(l, after, sizeof(after));
	T_STR(after, before);
	lab_drop(l);
	/* The NAT gives a new port (and, why not, a new address). */
	i.outer = endpoint("198.51.100.99", 7777);
	lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, 3));
	T_NOTIFY(l, &i, N_R_U_THERE_ACK, false);
	went_to(l, "198.51.100.99", 7777, true);
	T_EQ(l->events[EVT_PEER_MOVED], 1);
	T_EQ(ike_dpd(l->ike, &(struct ike_match){0}), 1);
	T_NOTIFY(l, &i, N_R_U_THERE, false);
	went_to(l, "198.51.100.99", 7777, true);
out:
	ini_fini(&i);
	lab_free(l);
}

/*
 * Old messages, long forgotten by the duplicate check, still prove nothing: IKEv1 has no replay
 * protection of its own.
 */
static void
replayed_messages_do_not_move_the_peer(void)
{
	static uint8_t	 dpd[INI_OUT], qm1[INI_OUT], del[INI_OUT];
	struct lab	*l = lab_new_with(&any_proxy, 15);
	struct initiator i;
	struct ini_qm	 q;
	struct chunk	 d, old[3];
	struct path	 evil;
	char		 before[2048], after[2048];

	natted(&i, 1024, "10.0.0.5");
	ini_qm_init(&q, &i);
	q.offers[0].encap = ENCAP_UDP_TUNNEL;
	if (!T_STEP(lab_phase1, l, &i))
		goto out;
	d = ini_dpd(&i, N_R_U_THERE, 1);
	old[0] = CHUNK(memcpy(dpd, d.p, d.n), d.n);
	lab_rx(l, &i, d);
	lab_drop(l);
	q.msgid = ini_fresh_msgid(&i);
	d = ini_qm1(&q);
	old[1] = CHUNK(memcpy(qm1, d.p, d.n), d.n);
	lab_rx(l, &i, d);
	if (T_TRUE(lab_take(l, &d)) && T_OK(ini_qm2(&q, d, NULL)))
		lab_rx(l, &i, ini_qm3(&q));
	d = ini_delete_child(&q);
	old[2] = CHUNK(memcpy(del, d.p, d.n), d.n);
	lab_rx(l, &i, d);
	T_EQ(ike_totals(l->ike).children, 0);
	for (uint32_t k = 2; k < 20; k++)
		lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, k));
	lab_advance(l, 120000);
	lab_drop(l);
	lab_snapshot(l, before, sizeof(before));
	evil = (struct path){.local = i.remote,
	    .remote = endpoint("203.0.113.200", 4500),
	    .marker = true};
	for (int k = 0; k < 3; k++) {
		lab_rx_from(l, &evil, old[k]);
		lab_advance(l, 200000); /* a Quick Mode begun by it ends without a trace */
		lab_snapshot(l, after, sizeof(after));
		if (!T_STR(after, before))
			T_FAIL("message %d", k);
	}
	T_EQ(l->events[EVT_PEER_MOVED], 0);
out:
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

/* Message 5 that does not verify does not move a half-open SA either. */
static void
message_5_moves_only_when_it_verifies(void)
{
	struct lab	*l = lab_new_with(&any_proxy, 9);
	struct initiator i;
	struct lab_sa	 s;
	uint8_t		 junk[76] = {0};

	natted(&i, 1024, "10.0.0.5");
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	memcpy(junk, i.cky_i, 8);
	memcpy(junk + 8, i.cky_r, 8);
	junk[16] = ISAKMP_PL_ID;
	junk[17] = ISAKMP_VERSION;
	junk[18] = ISAKMP_XCHG_MAIN;
	junk[27] = sizeof(junk);
	/* Clear, and so no message 5. */
	lab_rx_from(l,
	    &(struct path){.local = i.remote,
		.remote = endpoint("203.0.113.200", 4500),
		.marker = true},
	    CHUNK(junk, sizeof(junk)));
	T_STR(lab_state(l, &i), "MM_WAIT_MSG5");
	if (lab_sa(l, &i, &s))
		T_EQ(s.info.remote.port, 1024);
	lab_drop(l);
	ini_float(&i, 4500, 4500);
	T_STEP(lab_mm56, l, &i);
	ini_fini(&i);
	lab_free(l);
}

/* A NAT was seen and the peer stays on port 500 all the same: it may. */
static void
not_floating(void)
{
	struct lab	*l = lab_new_with(&any_proxy, 10);
	struct initiator i;

	lab_t_peer(&i);
	i.vids |= VID_NATT_RFC;
	i.fake_nat = true;
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	T_STEP(lab_mm56, l, &i);
	went_to(l, LAB_HIM, 500, false);
	ini_fini(&i);
	lab_free(l);
}

/* charon's reauthentication starts on port 4500 when the old SA was there. */
static void
beginning_on_the_nat_t_port(void)
{
	struct lab	*l = lab_new_with(&any_proxy, 11);
	struct initiator i, b;
	struct ini_qm	 q;

	natted(&i, 1024, "10.0.0.5");
	T_STEP(lab_phase1, l, &i);
	ini_qm_init(&q, &i);
	q.offers[0].encap = ENCAP_UDP_TUNNEL;
	T_STEP(lab_quick, l, &q);
	natted(&b, 1025, "10.0.0.5");
	b.local.port = b.remote.port = 4500;
	b.marker = true;
	T_STEP(lab_mm12, l, &b);
	went_to(l, LAB_HIM, 1025, true);
	T_STEP(lab_mm34, l, &b);
	T_STEP(lab_mm56, l, &b);
	T_EQ(ike_totals(l->ike).children, 1);
	T_EQ(l->events[EVT_P1_REKEYED], 1);
	ini_qm_fini(&q);
	ini_fini(&i);
	ini_fini(&b);
	lab_free(l);
}

static void
rx_raw(struct lab *l, bool marker, const char *octets, size_t n)
{
	struct path p = {.local = endpoint(LAB_US, marker ? 4500 : 500),
	    .remote = endpoint(LAB_HIM, 4500),
	    .marker = marker};
	/* Of exact size, so that a sanitizer sees what is read behind it. */
	uint8_t *m = malloc(n != 0 ? n : 1);

	if (m == NULL)
		abort();
	memcpy(m, octets, n);
	ike_rx(l->ike, &p, CHUNK(m, n));
	free(m);
}

static void
keepalives_and_esp_are_swallowed(void)
{
	struct lab *l = lab_new(NULL, 12);
	char	    before[512], after[512];

	lab_snapshot(l, before, sizeof(before));
	rx_raw(l, true, "\xff", 1);
	T_EQ(lab_counter(l, CNT_keepalives_in), 1);
	rx_raw(l, true,
	    "\x01\x02\x03\x04"
	    "anything at all, encrypted",
	    30);
	T_EQ(lab_counter(l, CNT_esp_in), 1);
	rx_raw(l, true, "", 0);
	rx_raw(l, true, "\0", 1);
	rx_raw(l, true, "\0\0\0", 3);
	rx_raw(l, true, "\0\0\0\0", 4);
	rx_raw(l, true, "\0\0\0\0\xff", 5);
	rx_raw(l, false, "\xff", 1);
	rx_raw(l, false, "", 0);
	T_SILENT(l);
	T_EQ(lab_counter(l, CNT_keepalives_in), 1);
	lab_snapshot(l, after, sizeof(after));
	T_STR(after, before);
	lab_free(l);
}

static void
transport_mode_with_nat_oa(void)
{
	static const unsigned vids[] = {VID_NATT_RFC, VID_NATT_02N};

	for (size_t k = 0; k < ARRAY_LEN(vids); k++) {
		struct lab	*l = lab_new_with(&any_proxy, 13);
		struct initiator i;
		struct ini_qm	 q;
		struct lab_child kid;

		natted(&i, 1024, "10.0.0.5");
		i.vids = VID_DPD | vids[k];
		if (!T_STEP(lab_phase1, l, &i)) {
			ini_fini(&i);
			lab_free(l);
			return;
		}
		ini_qm_init(&q, &i);
		q.offers[0].encap = k == 0 ? ENCAP_UDP_TRANSPORT : ENCAP_UDP_TRANSPORT_DRAFT;
		q.natoa = true;
		q.natoa_i = i.local.addr;
		q.natoa_r = i.remote.addr;
		q.idci = ini_id(ID_IPV4_ADDR, "10.0.0.5");
		q.idci.proto = 17;
		q.idci.port = 1701;
		q.idcr = ini_id(ID_IPV4_ADDR, LAB_US);
		q.idcr.proto = 17;
		q.idcr.port = 1701;
		T_STEP(lab_quick, l, &q);
		T_TRUE(lab_same_keys(l, &q));
		T_TRUE(q.natoa_r_seen);
		T_EQ(lab_children(l, &kid, 1), 1);
		ini_qm_fini(&q);
		ini_fini(&i);
		lab_free(l);
	}
}

static void
odd_nat_d_payloads(void)
{
	struct lab	*l = lab_new_with(&any_proxy, 14);
	struct initiator i;
	struct chunk	 d;

	/* Announced and not done. */
	lab_t_peer(&i);
	i.vids |= VID_NATT_RFC;
	T_STEP(lab_mm12, l, &i);
	i.natd_type = 0;
	T_STEP(lab_mm34, l, &i);
	T_STEP(lab_mm56, l, &i);
	ini_fini(&i);
	/*
	 * Done in the other dialect's numbers: message 3 is refused or NAT-T is left out, the
	 * engine stays whole.
	 */
	lab_t_peer(&i);
	i.vids |= VID_NATT_RFC;
	T_STEP(lab_mm12, l, &i);
	i.natd_type = ISAKMP_PL_NATD_DRAFT;
	lab_rx(l, &i, ini_mm3(&i));
	T_TRUE(lab_take(l, &d));
	ini_fini(&i);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(no_nat);
	T_RUN(every_dialect_with_a_faked_nat);
	T_RUN(plain_esp_behind_a_nat_is_refused);
	T_RUN(switched_off);
	T_RUN(peer_behind_a_nat);
	T_RUN(we_are_behind_a_nat);
	T_RUN(two_peers_behind_one_nat);
	T_RUN(port_changes_are_followed_once_authenticated);
	T_RUN(replayed_messages_do_not_move_the_peer);
	T_RUN(message_5_moves_only_when_it_verifies);
	T_RUN(not_floating);
	T_RUN(beginning_on_the_nat_t_port);
	T_RUN(keepalives_and_esp_are_swallowed);
	T_RUN(transport_mode_with_nat_oa);
	T_RUN(odd_nat_d_payloads);
	return lab_t_end();
}
