/* Quick Mode beyond the straight way: choice, proxy identities, PFS, interleaving, refusals. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

/* An engine and phase 1. */
static bool
up(struct lab **l, struct initiator *i, const struct lab_policy *policy, uint64_t seed)
{
	*l = policy != NULL ? lab_new_with(policy, seed) : lab_new(NULL, seed);
	lab_t_peer(i);
	return T_STEP(lab_phase1, *l, i);
}

static void
down(struct lab *l, struct initiator *i)
{
	ini_fini(i);
	lab_free(l);
}

/* A Quick Mode that must be refused by a protected notify; phase 1 lives on, no SA stands. */
static bool
refused(struct lab *l, struct ini_qm *q, uint16_t notify, const char *what)
{
	const struct pl_notify *n;
	unsigned		children = ike_totals(l->ike).children;
	bool			ok = true;

	lab_rx(l, q->ini, ini_qm1(q));
	n = T_NOTIFY(l, q->ini, notify, false);
	if (n != NULL) {
		ok = T_EQ(n->protocol,
			 q->offers[0].protocol != 0 ? q->offers[0].protocol : PROTO_ESP) &&
		    T_MEM(n->spi.p, n->spi.n, q->spi_i, 4);
	}
	if (n == NULL || !ok)
		T_FAIL("%s", what);
	T_SILENT(l);
	T_STR(lab_state(l, q->ini), "MM_ACTIVE");
	return T_EQ(ike_totals(l->ike).children, children) && n != NULL;
}

/* ---- choice ---- */

static void
several_proposals(void)
{
	struct lab	 *l;
	struct initiator  i;
	struct ini_qm	  q;
	struct lab_policy pol =
	    {.sets = "{ name = \"first\"; encryption = \"aes-256\"; integrity = \"sha512\"; },\n"
		     "{ name = \"second\"; encryption = \"3des\"; integrity = \"md5\"; }",
		.entry = "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; "
			 "transform_sets = [ \"first\", \"second\" ];"};

	if (up(&l, &i, &pol, 1)) {
		ini_qm_init(&q, &i);
		q.offers[0].cipher = alg_cipher_named("aes-128");
		q.offers[1] = (struct ini_p2_offer){.cipher = alg_cipher_named("3des"),
		    .integ = alg_integ_named("md5"),
		    .encap = ENCAP_TUNNEL,
		    .life_s = 1800};
		q.offers[2] = (struct ini_p2_offer){.protocol = PROTO_AH,
		    .integ = alg_integ_named("sha1"),
		    .encap = ENCAP_TUNNEL};
		q.offers[3] = (struct ini_p2_offer){.cipher = alg_cipher_named("aes-256"),
		    .integ = alg_integ_named("sha512"),
		    .encap = ENCAP_TUNNEL,
		    .life_s = 900,
		    .life_tlv = true,
		    .life_kb = 100000};
		q.offer_count = 4;
		T_STEP(lab_quick, l, &q);
		T_TRUE(q.chosen == &q.offers[3]); /* our preference, not the peer's order */
		T_TRUE(lab_same_keys(l, &q));
		ini_qm_fini(&q);
	}
	down(l, &i);
}

static void
several_transforms_of_one_proposal(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	static const char *const ciphers[] = {"aes-256", "aes-192", "aes-128", "3des"};

	if (up(&l, &i,
		&(struct lab_policy){
		    .sets = "{ name = \"s\"; encryption = \"aes-128\"; integrity = \"sha1\"; }",
		    .entry = "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\";"},
		2)) {
		ini_qm_init(&q, &i);
		for (unsigned k = 0; k < 12; k++)
			q.offers[k] = (struct ini_p2_offer){.cipher = alg_cipher_named(
								ciphers[k / 3]),
			    .integ = alg_integ_named(k % 3 == 0 ? "md5" :
				    k % 3 == 1			? "sha1" :
								  "sha256"),
			    .encap = ENCAP_TUNNEL,
			    .life_s = 1000 + k,
			    .same_proposal = k != 0};
		q.offer_count = 12;
		T_STEP(lab_quick, l, &q);
		T_TRUE(q.chosen == &q.offers[7]);
		T_TRUE(lab_same_keys(l, &q));
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* INTEROP 8: strongSwan's ESP beside IPCOMP is content with plain ESP. */
static void
bundle_with_ipcomp(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, NULL, 3)) {
		ini_qm_init(&q, &i);
		q.offers[1] = (struct ini_p2_offer){.protocol = PROTO_IPCOMP,
		    .transform_id = 2,
		    .encap = ENCAP_TUNNEL,
		    .bundle = true};
		q.offer_count = 2;
		T_STEP(lab_quick, l, &q);
		T_TRUE(q.chosen == &q.offers[0]);
		T_TRUE(lab_same_keys(l, &q));
		ini_qm_fini(&q);
		/* The other order. */
		ini_qm_init(&q, &i);
		q.offers[1] = q.offers[0];
		q.offers[1].bundle = true;
		q.offers[0] = (struct ini_p2_offer){.protocol = PROTO_IPCOMP,
		    .transform_id = 2,
		    .encap = ENCAP_TUNNEL};
		q.offer_count = 2;
		T_STEP(lab_quick, l, &q);
		T_TRUE(q.chosen == &q.offers[1]);
		T_TRUE(lab_same_keys(l, &q));
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* ESP and AH together are not done; with a plain ESP alternative that one is taken. */
static void
bundle_of_esp_and_ah(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, NULL, 4)) {
		ini_qm_init(&q, &i);
		q.offers[1] = (struct ini_p2_offer){.protocol = PROTO_AH,
		    .integ = alg_integ_named("sha1"),
		    .encap = ENCAP_TUNNEL,
		    .bundle = true};
		q.offer_count = 2;
		refused(l, &q, N_NO_PROPOSAL_CHOSEN, "ESP and AH");
		ini_qm_fini(&q);
		ini_qm_init(&q, &i);
		q.offers[1] = (struct ini_p2_offer){.protocol = PROTO_AH,
		    .integ = alg_integ_named("sha1"),
		    .encap = ENCAP_TUNNEL,
		    .bundle = true};
		q.offers[2] = q.offers[0];
		q.offer_count = 3;
		T_STEP(lab_quick, l, &q);
		T_TRUE(q.chosen == &q.offers[2]);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

static void
no_proposal_chosen(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i,
		&(struct lab_policy){
		    .sets =
			"{ name = \"only\"; encryption = \"aes-256\"; integrity = \"sha256\"; mode = \"tunnel\"; }",
		    .entry = "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\";"},
		5)) {
		static const struct {
			const char *cipher, *integ;
			uint16_t    encap;
		} rows[] = {{"aes-128", "sha256", ENCAP_TUNNEL}, {"aes-256", "sha1", ENCAP_TUNNEL},
		    {"aes-256", "sha256", ENCAP_TRANSPORT}, {"aes-256", "sha256", ENCAP_UDP_TUNNEL},
		    {"aes-256", "sha256", 17}, {"aes-gcm-128", NULL, ENCAP_TUNNEL},
		    {"aes-256", NULL, ENCAP_TUNNEL}};

		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			ini_qm_init(&q, &i);
			q.offers[0].cipher = alg_cipher_named(rows[k].cipher);
			q.offers[0].integ = rows[k].integ != NULL ? alg_integ_named(rows[k].integ) :
								    NULL;
			q.offers[0].encap = rows[k].encap;
			refused(l, &q, N_NO_PROPOSAL_CHOSEN, rows[k].cipher);
			ini_qm_fini(&q);
		}
		T_EQ(lab_counter(l, CNT_phase2_no_proposal), ARRAY_LEN(rows));
		T_EQ(lab_counter(l, CNT_phase2_failed), ARRAY_LEN(rows));
		T_TRUE(lab_logged(l, "All IPSec SA proposals found unacceptable!"));
		T_TRUE(lab_logged(l, "QM FSM error (P2 struct &0x"));
		/* And the SA is as good as before. */
		ini_qm_init(&q, &i);
		q.offers[0].cipher = alg_cipher_named("aes-256");
		q.offers[0].integ = alg_integ_named("sha256");
		T_STEP(lab_quick, l, &q);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* AH's transform names its algorithm twice; both must say the same (RFC 2407 4.4.3). */
static void
ah_transform_against_its_attribute(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, NULL, 7)) {
		ini_qm_init(&q, &i);
		q.offers[0] = (struct ini_p2_offer){.protocol = PROTO_AH,
		    .integ = alg_integ_named("sha1"),
		    .transform_id = alg_integ_named("sha256")->ah_id,
		    .encap = ENCAP_TUNNEL};
		refused(l, &q, N_NO_PROPOSAL_CHOSEN, "AH SHA2-256 with HMAC-SHA1");
		q.msgid++;
		q.offers[0].transform_id = 0;
		T_STEP(lab_quick, l, &q);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* libreswan repeats QM1 after a refusal: it hears the same again. */
static void
refusal_is_repeated_for_a_duplicate(void)
{
	static uint8_t	 room[INI_OUT], first[INI_OUT];
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	struct chunk	 d, a;
	size_t		 n;

	if (up(&l, &i, NULL, 6)) {
		ini_qm_init(&q, &i);
		q.idcr = ini_id(ID_IPV4_ADDR_SUBNET, "172.31.0.0/16");
		d = ini_qm1(&q);
		memcpy(room, d.p, d.n);
		d = CHUNK(room, d.n);
		lab_rx(l, &i, d);
		T_TRUE(lab_take(l, &a));
		memcpy(first, a.p, n = a.n);
		for (int k = 0; k < 3; k++) {
			lab_advance(l, 2000);
			lab_rx(l, &i, d);
			if (T_TRUE(lab_take(l, &a)))
				T_MEM(a.p, a.n, first, n);
			T_SILENT(l);
		}
		T_EQ(lab_counter(l, CNT_phase2_failed), 1);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* ---- proxy identities ---- */

static void
identities_of_every_kind(void)
{
	static const struct {
		const char *local, *remote; /* of the entry */
		const char *more;
		uint8_t	    kind_i;
		const char *idci;
		uint8_t	    kind_r;
		const char *idcr;
		uint8_t	    proto;
		uint16_t    port_i, port_r;
		bool	    fits;
	} rows[] = {
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR, "10.9.0.7", ID_IPV4_ADDR, "10.1.0.1",
		0, 0, 0, true},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR_SUBNET, "10.9.0.128/25",
		ID_IPV4_ADDR_SUBNET, "10.1.0.0/24", 0, 0, 0, true},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR_RANGE, "10.9.0.3-10.9.0.9",
		ID_IPV4_ADDR_SUBNET, "10.1.0.0/24", 0, 0, 0, true},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR_RANGE, "10.9.0.3-10.9.1.9",
		ID_IPV4_ADDR_SUBNET, "10.1.0.0/24", 0, 0, 0, false},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR_RANGE, "10.9.0.9-10.9.0.3",
		ID_IPV4_ADDR_SUBNET, "10.1.0.0/24", 0, 0, 0, false},
	    {"any", "any", "", ID_IPV4_ADDR_SUBNET, "0.0.0.0/0", ID_IPV4_ADDR_SUBNET, "0.0.0.0/0",
		0, 0, 0, true},
	    {"any", "any", "", ID_IPV6_ADDR, "2001:db8::1", ID_IPV6_ADDR_SUBNET, "2001:db8:9::/48",
		0, 0, 0, true},
	    {"any", "any", "", ID_IPV6_ADDR_RANGE, "2001:db8::1-2001:db8::9", ID_IPV6_ADDR,
		"2001:db8::a", 0, 0, 0, true},
	    {"any", "any", "", ID_FQDN, "a.example", ID_IPV4_ADDR, "10.1.0.1", 0, 0, 0,
		false}, /* CVE-2023-38711 */
	    {"any", "any", "", ID_IPV4_ADDR, "10.1.0.1", ID_FQDN, "a.example", 0, 0, 0, false},
	    {"any", "any", "", ID_KEY_ID, "", ID_KEY_ID, "", 0, 0, 0, false},
	    {"any", "any", "", ID_DER_ASN1_DN,
		"junk that is longer than any address could ever be in here", ID_IPV4_ADDR,
		"10.1.0.1", 0, 0, 0, false},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR_SUBNET, "10.9.0.0/23",
		ID_IPV4_ADDR_SUBNET, "10.1.0.0/24", 0, 0, 0, false},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR_SUBNET, "10.9.0.0/24",
		ID_IPV4_ADDR_SUBNET, "10.2.0.0/24", 0, 0, 0, false},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR_SUBNET, "10.1.0.0/24",
		ID_IPV4_ADDR_SUBNET, "10.9.0.0/24", 0, 0, 0, false},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV6_ADDR, "2001:db8::1", ID_IPV4_ADDR_SUBNET,
		"10.1.0.0/24", 0, 0, 0, false},
	    {"10.1.0.0/24", "10.9.0.0/24", "protocol = \"udp\"; local_port = 1701;", ID_IPV4_ADDR,
		"10.9.0.1", ID_IPV4_ADDR, "10.1.0.1", 17, 0, 1701, true},
	    {"10.1.0.0/24", "10.9.0.0/24", "protocol = \"udp\"; local_port = 1701;", ID_IPV4_ADDR,
		"10.9.0.1", ID_IPV4_ADDR, "10.1.0.1", 17, 4711, 1701, true},
	    {"10.1.0.0/24", "10.9.0.0/24", "protocol = \"udp\"; local_port = 1701;", ID_IPV4_ADDR,
		"10.9.0.1", ID_IPV4_ADDR, "10.1.0.1", 17, 0, 0, false},
	    {"10.1.0.0/24", "10.9.0.0/24", "protocol = \"udp\"; local_port = 1701;", ID_IPV4_ADDR,
		"10.9.0.1", ID_IPV4_ADDR, "10.1.0.1", 6, 0, 1701, false},
	    {"10.1.0.0/24", "10.9.0.0/24", "", ID_IPV4_ADDR, "10.9.0.1", ID_IPV4_ADDR, "10.1.0.1",
		17, 1701, 1701, true},
	};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		char		 entry[256];
		struct lab	*l;
		struct initiator i;
		struct ini_qm	 q;

		snprintf(entry, sizeof(entry), "local = \"%s\"; remote = \"%s\"; %s", rows[k].local,
		    rows[k].remote, rows[k].more);
		if (up(&l, &i, &(struct lab_policy){.entry = entry}, 10)) {
			ini_qm_init(&q, &i);
			q.idci = ini_id(rows[k].kind_i, rows[k].idci);
			q.idcr = ini_id(rows[k].kind_r, rows[k].idcr);
			q.idci.proto = q.idcr.proto = rows[k].proto;
			q.idci.port = rows[k].port_i;
			q.idcr.port = rows[k].port_r;
			if (rows[k].fits) {
				if (!T_STEP(lab_quick, l, &q))
					T_FAIL("row %zu", k);
				/* Returned as they came: charon compares. */
				T_MEM(q.idci_r.data, q.idci_r.n, q.idci.data, q.idci.n);
				T_MEM(q.idcr_r.data, q.idcr_r.n, q.idcr.data, q.idcr.n);
				T_EQ(q.idci_r.kind, q.idci.kind);
				T_EQ(q.idcr_r.port, q.idcr.port);
				T_EQ(q.idcr_r.proto, q.idcr.proto);
				T_TRUE(lab_same_keys(l, &q));
			} else if (!refused(l, &q, N_INVALID_ID_INFORMATION, rows[k].idci)) {
				T_FAIL("row %zu", k);
			}
			ini_qm_fini(&q);
		}
		down(l, &i);
	}
}

/* ASA's three lines, and its counter. */
static void
proxy_mismatch_is_logged_as_asa_does(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, NULL, 11)) {
		ini_qm_init(&q, &i);
		q.idcr = ini_id(ID_IPV4_ADDR_SUBNET, "172.16.1.0/24");
		refused(l, &q, N_INVALID_ID_INFORMATION, "proxy mismatch");
		T_TRUE(lab_logged(l,
		    "Rejecting IPSec tunnel: no matching crypto map entry for remote proxy "
		    "10.9.0.0/255.255.255.0/0/0 local proxy 172.16.1.0/255.255.255.0/0/0"));
		T_TRUE(lab_logged(l, "QM FSM error (P2 struct &0x"));
		T_TRUE(lab_logged(l, "Removing peer from correlator table failed, no match!"));
		T_TRUE(lab_logged(l,
		    "Session is being torn down. Reason: crypto map policy not found"));
		T_EQ(lab_counter(l, CNT_phase2_proxy_mismatch), 1);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* Without identities the two hosts themselves are meant (RFC 2409 5.5). */
static void
no_identities(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	struct lab_child kid;

	if (up(&l, &i, &(struct lab_policy){.entry = "local = \"any\"; remote = \"any\";"}, 12)) {
		ini_qm_init(&q, &i);
		q.ids = false;
		T_STEP(lab_quick, l, &q);
		T_TRUE(!q.ids_r);
		T_TRUE(lab_same_keys(l, &q));
		if (T_EQ(lab_children(l, &kid, 1), 1)) {
			T_STR(kid.local, LAB_US "/255.255.255.255/0/0");
			T_STR(kid.remote, LAB_HIM "/255.255.255.255/0/0");
		}
		ini_qm_fini(&q);
	}
	down(l, &i);
	if (up(&l, &i, NULL, 12)) {
		ini_qm_init(&q, &i);
		q.ids = false;
		refused(l, &q, N_INVALID_ID_INFORMATION, "hosts outside the entry");
		ini_qm_fini(&q);
	}
	down(l, &i);
}

static void
narrowing(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	struct ini_id	 want;

	if (up(&l, &i,
		&(struct lab_policy){
		    .entry = "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; narrow = true;"},
		13)) {
		ini_qm_init(&q, &i);
		q.idcr = ini_id(ID_IPV4_ADDR_SUBNET, "0.0.0.0/0");
		T_STEP(lab_quick, l, &q);
		want = ini_id(ID_IPV4_ADDR_SUBNET, "10.1.0.0/24");
		T_EQ(q.idcr_r.kind, want.kind);
		T_MEM(q.idcr_r.data, q.idcr_r.n, want.data, want.n);
		T_MEM(q.idci_r.data, q.idci_r.n, q.idci.data, q.idci.n);
		T_TRUE(lab_same_keys(l, &q));
		ini_qm_fini(&q);
		/* Beside the entry, not around it: refused all the same. */
		ini_qm_init(&q, &i);
		q.idcr = ini_id(ID_IPV4_ADDR_SUBNET, "10.2.0.0/16");
		refused(l, &q, N_INVALID_ID_INFORMATION, "disjoint");
		ini_qm_fini(&q);
	}
	down(l, &i);
	/* Without narrow a wider offer is refused, as ASA does. */
	if (up(&l, &i, NULL, 13)) {
		ini_qm_init(&q, &i);
		q.idcr = ini_id(ID_IPV4_ADDR_SUBNET, "0.0.0.0/0");
		refused(l, &q, N_INVALID_ID_INFORMATION, "wider");
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* ---- PFS ---- */

static void
pfs_rules(void)
{
	static const struct {
		const char *pfs;
		unsigned    group; /* offered, 0: none */
		bool	    taken;
	} rows[] = {{"\"none\"", 0, true}, {"\"none\"", 31, false}, {"19", 19, true},
	    {"19", 31, false}, {"19", 0, false}, {"\"any\"", 0, true}, {"\"any\"", 31, true},
	    {"[ 14, 31 ]", 31, true}, {"[ 14, 19 ]", 31, false}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		char		 entry[128];
		struct lab	*l;
		struct initiator i;
		struct ini_qm	 q;

		snprintf(entry, sizeof(entry),
		    "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; pfs = %s;", rows[k].pfs);
		if (up(&l, &i, &(struct lab_policy){.entry = entry}, 20)) {
			ini_qm_init(&q, &i);
			q.pfs = q.offers[0].pfs = rows[k].group != 0 ? alg_group_id(rows[k].group) :
								       NULL;
			if (rows[k].taken) {
				if (!T_STEP(lab_quick, l, &q) || !T_TRUE(lab_same_keys(l, &q)))
					T_FAIL("pfs = %s, offered %u", rows[k].pfs, rows[k].group);
			} else {
				if (!refused(l, &q, N_NO_PROPOSAL_CHOSEN, rows[k].pfs))
					T_FAIL("pfs = %s, offered %u", rows[k].pfs, rows[k].group);
				T_EQ(l->events[EVT_P2_PFS_MISMATCH], 1);
			}
			ini_qm_fini(&q);
		}
		down(l, &i);
	}
}

/* ---- lies ---- */

struct lie {
	uint8_t	     drop, twice, add; /* payload types */
	uint8_t	     replace;
	struct chunk data;
	bool	     hash_last, sa_last;
};

static void
lie_edit(void *ctx, const char *label, struct msg *m, struct arena *mem)
{
	const struct lie *l = ctx;
	struct pl	**at = &m->first;

	if (strcmp(label, "QM1") != 0)
		return;
	while (*at != NULL)
		if (l->drop != 0 && (*at)->type == l->drop)
			*at = (*at)->next;
		else
			at = &(*at)->next;
	m->tail = at;
	if (l->twice != 0) {
		const struct pl *pl = msg_find(m, l->twice, NULL);
		struct pl	*copy = msg_add(m, l->twice, mem);

		copy->u = pl->u;
	}
	if (l->add != 0)
		msg_add_raw(m, l->add, l->data, mem);
	if (l->replace != 0)
		msg_find(m, l->replace, NULL)->u.raw = l->data;
	if (l->hash_last || l->sa_last) {
		struct pl **from = l->hash_last ? &m->first : &m->first->next, *moved = *from;

		*from = moved->next;
		for (at = from; *at != NULL; at = &(*at)->next)
			;
		*at = moved;
		moved->next = NULL;
		m->tail = &moved->next;
	}
}

/*
 * QM1 with something wrong in it: no SA comes of it, phase 1 lives, the next Quick Mode goes
 * through.
 */
static void
malformed_first_messages(void)
{
	static const uint8_t	zeros[64];
	static const struct lie lies[] = {
	    {.drop = ISAKMP_PL_HASH},
	    {.drop = ISAKMP_PL_SA},
	    {.drop = ISAKMP_PL_NONCE},
	    {.twice = ISAKMP_PL_SA},
	    {.twice = ISAKMP_PL_NONCE},
	    {.twice = ISAKMP_PL_ID}, /* three identities */
	    {.add = ISAKMP_PL_SIG, .data = {zeros, 20}},
	    {.add = ISAKMP_PL_KE, .data = {zeros, 31}}, /* too short for the group */
	    {.replace = ISAKMP_PL_NONCE, .data = {zeros, 7}},
	    {.replace = ISAKMP_PL_NONCE, .data = {zeros, 0}},
	    {.hash_last = true},
	    {.sa_last = true},
	};

	for (size_t k = 0; k < ARRAY_LEN(lies); k++) {
		struct lab	*l;
		struct initiator i;
		struct ini_qm	 q;

		if (up(&l, &i, NULL, 30)) {
			ini_qm_init(&q, &i);
			i.hooks.edit = lie_edit;
			i.hooks.ctx = (void *)(uintptr_t)&lies[k];
			lab_rx(l, &i, ini_qm1(&q));
			if (!T_EQ(ike_totals(l->ike).children, 0) || !T_TRUE(l->count <= 1))
				T_FAIL("row %zu", k);
			/* If anything came, it is a notify and no message 2. */
			if (l->count > 0 && !T_EQ(l->queue[l->head].p[18], ISAKMP_XCHG_INFO))
				T_FAIL("row %zu was answered", k);
			T_STR(lab_state(l, &i), "MM_ACTIVE");
			lab_drop(l);
			ini_qm_fini(&q);
			i.hooks.edit = NULL;
			ini_qm_init(&q, &i);
			if (!T_STEP(lab_quick, l, &q))
				T_FAIL("after row %zu", k);
			ini_qm_fini(&q);
		}
		down(l, &i);
	}
}

/* One identity only, or identities that do not stand side by side, mean nothing. */
static void
one_identity(void *ctx, const char *label, struct msg *m, struct arena *mem)
{
	(void)ctx, (void)label, (void)mem;
	for (struct pl **at = &m->first; *at != NULL; at = &(*at)->next)
		if ((*at)->type == ISAKMP_PL_ID) {
			*at = (*at)->next;
			return;
		}
}

static void
a_single_identity(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, NULL, 31)) {
		ini_qm_init(&q, &i);
		i.hooks.edit = one_identity;
		refused(l, &q, N_INVALID_ID_INFORMATION, "one ID");
		ini_qm_fini(&q);
	}
	down(l, &i);
}

static void
bad_public_value_for_pfs(void)
{
	static const uint8_t	zeros[64];
	static const struct lie lie = {.replace = ISAKMP_PL_KE, .data = {zeros, 64}};
	struct lab	       *l;
	struct initiator	i;
	struct ini_qm		q;

	if (up(&l, &i, NULL, 32)) {
		ini_qm_init(&q, &i);
		q.pfs = q.offers[0].pfs = alg_group_id(19);
		i.hooks.edit = lie_edit;
		i.hooks.ctx = (void *)(uintptr_t)&lie;
		refused(l, &q, N_INVALID_KEY_INFORMATION, "zero point");
		T_TRUE(l->events[EVT_P2_BAD_PUBLIC_VALUE] >= 1);
		ini_qm_fini(&q);
	}
	down(l, &i);
	/* Group Description without KE. */
	if (up(&l, &i, NULL, 33)) {
		ini_qm_init(&q, &i);
		q.offers[0].pfs = alg_group_id(19);
		lab_rx(l, &i, ini_qm1(&q));
		T_EQ(ike_totals(l->ike).children, 0);
		T_STR(lab_state(l, &i), "MM_ACTIVE");
		T_EQ(l->count, 1);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* KE without Group Description is phase 1's group (ASA 713133). */
static void
ke_without_group_description(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, NULL, 34)) {
		ini_qm_init(&q, &i);
		q.pfs = alg_group_id(31);
		T_STEP(lab_quick, l, &q);
		T_TRUE(lab_same_keys(l, &q));
		ini_qm_fini(&q);
	}
	down(l, &i);
}

static void
flip_hash(void *ctx, const char *label, struct wbuf *w)
{
	if (strcmp(label, ctx) == 0)
		w->base[8] ^= 1;
}

/* An unauthenticated message draws nothing and changes nothing. */
static void
wrong_hashes(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	char		 before[2048], after[2048];

	if (up(&l, &i, NULL, 35)) {
		ini_qm_init(&q, &i);
		lab_snapshot(l, before, sizeof(before));
		i.hooks.plain = flip_hash;
		i.hooks.ctx = (void *)(uintptr_t) "QM1";
		lab_rx(l, &i, ini_qm1(&q));
		T_SILENT(l);
		lab_snapshot(l, after, sizeof(after));
		T_STR(after, before);
		T_EQ(lab_counter(l, CNT_bad_hash), 1);
		i.hooks.ctx = (void *)(uintptr_t) "QM3";
		T_STEP(lab_qm12, l, &q);
		lab_snapshot(l, before, sizeof(before));
		uint8_t iv[16];

		memcpy(iv, q.iv, 16);
		lab_rx(l, &i, ini_qm3(&q));
		T_SILENT(l);
		lab_snapshot(l, after, sizeof(after));
		T_STR(after, before);
		T_EQ(lab_counter(l, CNT_bad_hash), 2);
		/* The right one still completes it. */
		memcpy(q.iv, iv, 16);
		i.hooks.plain = NULL;
		lab_rx(l, &i, ini_qm3(&q));
		T_EQ(ike_totals(l->ike).children, 1);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* ---- message ids, interleaving ---- */

static void
interleaved(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q[4];
	struct chunk	 d;
	struct why	 w = {0};
	static uint8_t	 answers[4][INI_OUT];
	size_t		 n[4];
	static const int order[] = {2, 0, 3, 1};

	if (up(&l, &i, NULL, 40)) {
		for (int k = 0; k < 4; k++) {
			ini_qm_init(&q[k], &i);
			q[k].pfs = q[k].offers[0].pfs = k % 2 != 0 ? alg_group_id(31) : NULL;
			lab_rx(l, &i, ini_qm1(&q[k]));
			if (!T_TRUE(lab_take(l, &d)))
				goto out;
			memcpy(answers[k], d.p, n[k] = d.n);
		}
		T_EQ(ike_totals(l->ike).exchanges, 4);
		lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, 4));
		T_NOTIFY(l, &i, N_R_U_THERE_ACK, false);
		for (int k = 0; k < 4; k++) {
			struct ini_qm *p = &q[order[k]];

			T_OK(ini_qm2(p, CHUNK(answers[order[k]], n[order[k]]), &w));
			lab_rx(l, &i, ini_qm3(p));
			T_EQ(ike_totals(l->ike).children, k + 1);
			T_TRUE(lab_same_keys(l, p));
		}
		T_EQ(lab_counter(l, CNT_phase2_up), 4);
	}
out:
	for (int k = 0; k < 4; k++)
		ini_qm_fini(&q[k]);
	down(l, &i);
}

static void
ten_children_on_one_sa(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	struct lab_child kids[12];
	char		 net[32];

	if (up(&l, &i,
		&(struct lab_policy){.entry = "local = \"10.1.0.0/16\"; remote = \"10.9.0.0/16\";"},
		41)) {
		for (int k = 0; k < 10; k++) {
			ini_qm_init(&q, &i);
			snprintf(net, sizeof(net), "10.9.%d.0/24", k);
			q.idci = ini_id(ID_IPV4_ADDR_SUBNET, net);
			T_STEP(lab_quick, l, &q);
			T_TRUE(lab_same_keys(l, &q));
			ini_qm_fini(&q);
		}
		T_EQ(lab_children(l, kids, 12), 10);
		for (int a = 0; a < 10; a++) {
			T_TRUE(!kids[a].info.rekeyed);
			for (int b = 0; b < a; b++)
				T_TRUE(kids[a].info.spi_in != kids[b].info.spi_in);
		}
		T_EQ(ike_delete(l->ike, &(struct ike_match){0}), 1);
		T_EQ(l->count, 11);
	}
	down(l, &i);
}

static void
message_id_used_again(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q, r;
	char		 before[2048], after[2048];

	if (up(&l, &i, NULL, 42)) {
		ini_qm_init(&q, &i);
		T_STEP(lab_quick, l, &q);
		lab_snapshot(l, before, sizeof(before));
		/*
		 * RFC 2409 5.5: message ids are unique on an SA. A new Quick Mode with the old
		 * number is refused.
		 */
		ini_qm_init(&r, &i);
		r.msgid = q.msgid;
		lab_rx(l, &i, ini_qm1(&r));
		lab_snapshot(l, after, sizeof(after));
		T_STR(after, before);
		lab_drop(l);
		r.msgid = 0;
		lab_rx(l, &i, ini_qm1(&r));
		lab_snapshot(l, after, sizeof(after));
		T_STR(after, before);
		T_SILENT(l);
		/* Small numbers are fine: vpnc counts. */
		r.msgid = 1;
		T_STEP(lab_quick, l, &r);
		T_EQ(ike_totals(l->ike).children, 2);
		ini_qm_fini(&q);
		ini_qm_fini(&r);
	}
	down(l, &i);
}

static void
quick_mode_before_phase_1_is_done(void)
{
	struct lab	*l = lab_new(NULL, 43);
	struct initiator i;
	struct ini_qm	 q;

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	ini_qm_init(&q, &i);
	i.established = true; /* AM3 or MM5 was lost, and the peer goes on */
	memcpy(i.last, i.iv, 16);
	lab_rx(l, &i, ini_qm1(&q));
	T_SILENT(l);
	T_STR(lab_state(l, &i), "MM_WAIT_MSG5");
	i.established = false;
	T_STEP(lab_mm56, l, &i);
	ini_qm_fini(&q);
	ini_qm_init(&q, &i);
	T_STEP(lab_quick, l, &q);
	ini_qm_fini(&q);
	down(l, &i);
}

/* ---- commit bit, fourth messages ---- */

static void
fourth_message(struct initiator *i, struct ini_qm *q, struct lab *l, uint16_t type)
{
	/*
	 * HASH, then N; the HASH of a fourth message is nowhere defined, so HASH(1)'s form is used
	 * by those who send one.
	 */
	struct msg	  m;
	struct isakmp_hdr h = {.version = ISAKMP_VERSION,
	    .exchange = ISAKMP_XCHG_QUICK,
	    .msgid = q->msgid};
	uint8_t		  plain[256], hash[64];
	struct wbuf	  w;

	memcpy(h.cky_i, i->cky_i, 8);
	memcpy(h.cky_r, i->cky_r, 8);
	arena_reset(i->mem);
	msg_init(&m, &h);
	ini_add_notify(i, &m, PROTO_ESP, type, CHUNK(q->spi_i, 4), CHUNK_NONE);
	wb_init(&w, plain, sizeof(plain));
	payload_chain_put(&w, m.first);
	T_OK(keymat_hash1(peer_crypto, i->chosen->hash, secret_view(&i->keys.a), q->msgid,
	    wb_view(&w), hash));
	wb_init(&w, plain, sizeof(plain));
	wb_u8(&w, ISAKMP_PL_N);
	wb_u8(&w, 0);
	wb_u16(&w, (uint16_t)(4 + i->chosen->hash->len));
	wb_put(&w, CHUNK(hash, i->chosen->hash->len));
	payload_chain_put(&w, m.first);
	lab_rx(l, i,
	    ini_seal(i, ISAKMP_XCHG_QUICK, ISAKMP_FLAG_ENCRYPT, q->msgid, ISAKMP_PL_HASH,
		wb_view(&w), q->iv));
}

static void
commit_bit_and_fourth_messages(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, NULL, 50)) {
		ini_qm_init(&q, &i);
		q.commit = true;
		T_STEP(lab_quick, l, &q);
		T_TRUE(lab_same_keys(l, &q));
		lab_drop(l);
		fourth_message(&i, &q, l, N_CONNECTED);
		T_STR(lab_state(l, &i), "MM_ACTIVE");
		T_EQ(ike_totals(l->ike).children, 1);
		T_SILENT(l);
		ini_qm_fini(&q);
		/* Windows says INITIAL-CONTACT there: too late to mean anything. */
		ini_qm_init(&q, &i);
		T_STEP(lab_quick, l, &q);
		fourth_message(&i, &q, l, N_INITIAL_CONTACT);
		T_STR(lab_state(l, &i), "MM_ACTIVE");
		T_EQ(ike_totals(l->ike).children, 2);
		T_SILENT(l);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* ---- lifetimes ---- */

static void
responder_lifetime(void)
{
	static const struct {
		uint32_t s, kb; /* offered */
		uint32_t told_s, told_kb;
		uint32_t in_force_s, in_force_kb;
	} rows[] = {{3600, 0, 600, 1000, 600, 1000}, {600, 1000, 0, 0, 600, 1000},
	    {300, 500, 0, 0, 300, 500}, {300, 5000, 0, 1000, 300, 1000},
	    {0, 0, 600, 1000, 600, 1000}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct lab	*l;
		struct initiator i;
		struct ini_qm	 q;
		struct lab_child kid;

		if (up(&l, &i,
			&(struct lab_policy){
			    .entry =
				"local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; lifetime = 600;"
				" lifetime_kilobytes = 1000;"},
			60)) {
			ini_qm_init(&q, &i);
			q.offers[0].life_s = rows[k].s;
			q.offers[0].life_kb = rows[k].kb;
			T_STEP(lab_quick, l, &q);
			T_EQ(q.responder_life_s, rows[k].told_s);
			T_EQ(q.responder_life_kb, rows[k].told_kb);
			if (T_EQ(lab_children(l, &kid, 1), 1)) {
				T_EQ(kid.info.lifetime_s, rows[k].in_force_s);
				T_EQ(kid.info.lifetime_kilobytes, rows[k].in_force_kb);
			}
			ini_qm_fini(&q);
		}
		down(l, &i);
	}
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(several_proposals);
	T_RUN(several_transforms_of_one_proposal);
	T_RUN(bundle_with_ipcomp);
	T_RUN(bundle_of_esp_and_ah);
	T_RUN(no_proposal_chosen);
	T_RUN(ah_transform_against_its_attribute);
	T_RUN(refusal_is_repeated_for_a_duplicate);
	T_RUN(identities_of_every_kind);
	T_RUN(proxy_mismatch_is_logged_as_asa_does);
	T_RUN(no_identities);
	T_RUN(narrowing);
	T_RUN(pfs_rules);
	T_RUN(malformed_first_messages);
	T_RUN(a_single_identity);
	T_RUN(bad_public_value_for_pfs);
	T_RUN(ke_without_group_description);
	T_RUN(wrong_hashes);
	T_RUN(interleaved);
	T_RUN(ten_children_on_one_sa);
	T_RUN(message_id_used_again);
	T_RUN(quick_mode_before_phase_1_is_done);
	T_RUN(commit_bit_and_fourth_messages);
	T_RUN(responder_lifetime);
	return lab_t_end();
}
