/* test_explain.c - why it failed, from the records of negotiations that go wrong on purpose. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "ike/record.h"
#include "peer/lab_t.h"

#define ROWS 64

static struct { /* the newest failure, explained; texts of rows are copied */
	bool any;
	struct explanation x;
	unsigned rows;
	struct explain_row nearest;
	char against[64], differs[400];
} got;

static void
keep_row(void *ctx, const struct explain_row *r)
{
	(void)ctx;
	got.rows++;
	if (!r->nearest)
		return;
	got.nearest = *r;
	snprintf(got.against, sizeof(got.against), "%s", r->against);
	got.differs[0] = '\0';
	for (unsigned i = 0; i < r->cell_count; i++)
		if (!r->cells[i].match)
			snprintf(got.differs + strlen(got.differs),
			    sizeof(got.differs) - strlen(got.differs), "%s%s=%s",
			    got.differs[0] != '\0' ? ", " : "", r->cells[i].attribute,
			    r->cells[i].offered);
}

static void
newest_failure(void *ctx, const struct record *rec)
{
	(void)ctx;
	if (got.any || rec->outcome != RECORD_FAILED)
		return;
	got.any = true;
	ike_explain(rec, &got.x, keep_row, NULL);
}

static bool
explained(struct lab *l, const char *kind, const char *side)
{
	struct ike_match all = {.group = NULL};

	memset(&got, 0, sizeof(got));
	ike_each_record(l->ike, &all, newest_failure, NULL);
	if (!T_TRUE(got.any) || !T_TRUE(got.x.failed))
		return false;
	T_TRUE(got.x.asa_shows[0] != '\0' && got.x.strongswan_shows[0] != '\0');
	return T_STR(got.x.kind, kind) && T_STR(got.x.side, side);
}

static bool
holds(const char *text, const char *part)
{
	return strstr(text, part) != NULL || T_FAIL("\"%s\" does not say \"%s\"", text, part);
}

/* ---- phase 1 ---- */

static void
phase1(const struct ini_offer *offers, unsigned count, const struct lab_policy *p)
{
	struct lab *l = lab_new_with(p, 7);
	struct initiator i;

	lab_t_peer(&i);
	memcpy(i.offers, offers, count * sizeof(*offers));
	i.offer_count = count;
	lab_rx(l, &i, ini_mm1(&i));
	explained(l, "proposal", offers[0].auth > 1 ? "peer" : "either");
	T_STR(got.x.stopped, "Main Mode at MM1 in MM_START");
	ini_fini(&i);
	lab_free(l);
}

static const struct lab_policy p1_policy = {
    .p1 = "encryption = [ \"aes-256\", \"aes-128\" ]; hash = \"sha256\"; group = [ 14, 31 ];"};

static struct ini_offer
offer1(const char *cipher, const char *hash, unsigned group, uint16_t auth)
{
	return (struct ini_offer){.cipher = alg_cipher_named(cipher),
	    .hash = alg_hash_named(hash),
	    .group = alg_group_id(group),
	    .auth = auth};
}

static void
each_attribute_of_phase1(void)
{
	struct ini_offer o[2];

	o[0] = offer1("3des", "sha256", 14, 0);
	phase1(o, 1, &p1_policy);
	T_STR(got.differs, "Encryption Algorithm=3DES-CBC");
	holds(got.x.mend_ours, "add \"3des\" to encryption");
	holds(got.x.mend_strongswan, "proposals = aes256-sha256-modp2048");
	o[0] = offer1("aes-128", "md5", 14, 0);
	phase1(o, 1, &p1_policy);
	T_STR(got.differs, "Hash Algorithm=MD5");
	holds(got.x.mend_ours, "add \"md5\" to hash");
	holds(got.x.mend_asa, "no sha256");
	o[0] = offer1("aes-128", "sha256", 2, 0);
	phase1(o, 1, &p1_policy);
	T_STR(got.differs, "Group Description=Group 2");
	holds(got.x.mend_ours, "add 2 to group");
	o[0] = offer1("aes-128", "sha256", 14, AUTH_RSA_SIG);
	phase1(o, 1, &p1_policy);
	T_STR(got.differs, "Auth Method=RSA Signature");
	T_STR(got.x.mend_ours, ""); /* no line of ours takes signatures */
	holds(got.x.mend_asa, "authentication pre-share");
	o[0] = offer1("3des", "md5", 2, 0);
	o[1] = offer1("aes-128", "sha256", 5, 0);
	phase1(o, 2, &p1_policy);
	T_EQ(got.rows, 2);
	T_EQ(got.nearest.transform, 2);
	T_STR(got.differs, "Group Description=Group 5");
}

static void
wrong_key(void)
{
	struct lab *l = lab_new(NULL, 8);
	struct initiator i;

	lab_t_peer(&i);
	i.psk[0] ^= 1;
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	lab_rx(l, &i, ini_mm5(&i));
	lab_advance(l, 3600 * 1000);
	explained(l, "key", "either");
	holds(got.x.stopped, "MM5 in MM_WAIT_MSG5");
	holds(got.x.verdict, "pre-shared keys differ");
	holds(got.x.mend_ours, "pre_shared_key");
	T_TRUE(strstr(got.x.mend_ours, LAB_PSK) == NULL);
	ini_fini(&i);
	lab_free(l);
}

static void
wrong_identity(void)
{
	struct lab *l = lab_new_with(&(struct lab_policy){.group = "remote_id = \"a.example\";"},
	    9);
	struct initiator i;

	lab_t_peer(&i);
	i.id = ini_id(ID_KEY_ID, "branch");
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	lab_rx(l, &i, ini_mm5(&i));
	explained(l, "identity", "either");
	holds(got.x.verdict, "keyid:branch");
	holds(got.x.verdict, "wants a.example");
	holds(got.x.mend_ours, "remote_id = \"keyid:branch\"");
	holds(got.x.mend_strongswan, "local.id = a.example");
	ini_fini(&i);
	lab_free(l);
}

static void
no_tunnel_group(void)
{
	struct initiator i;
	const char *policy_text =
	    "isakmp_policies = ( { name = \"p\"; encryption = \"aes-128\"; hash = \"sha1\"; group = 31; } );\n"
	    "transform_sets = ( { name = \"s\"; encryption = \"aes-128\"; integrity = \"sha1\"; } );\n"
	    "tunnel_groups = ( { name = \"g\"; peer = \"203.0.113.9\"; pre_shared_key = \"k\"; } );";
	struct lab *strict = lab_new(policy_text, 10);

	if (!T_TRUE(strict != NULL))
		return;
	lab_t_peer(&i);
	lab_rx(strict, &i, ini_mm1(&i));
	explained(strict, "tunnel-group", "ours");
	holds(got.x.verdict, "no tunnel group takes a peer at " LAB_HIM);
	holds(got.x.mend_ours, "peer = \"" LAB_HIM "\"");
	ini_fini(&i);
	lab_free(strict);
}

static void
silence(void)
{
	struct lab *l = lab_new(NULL, 11);
	struct initiator i;

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	lab_advance(l, 3600 * 1000);
	explained(l, "no-answer", "network");
	holds(got.x.verdict, "never sent message 3");
	T_STR(got.x.stopped, "Main Mode at a time-out in MM_WAIT_MSG3");
	ini_fini(&i);
	lab_free(l);
}

static void
knocks(void)
{
	struct lab *l = lab_new(NULL, 12);
	struct initiator i;
	uint8_t copy[2048];
	struct chunk m1;

	lab_t_peer(&i);
	m1 = ini_mm1(&i);
	memcpy(copy, m1.p, m1.n);
	copy[18] = 4; /* Aggressive Mode */
	lab_rx(l, &i, CHUNK(copy, m1.n));
	explained(l, "exchange", "peer");
	holds(got.x.mend_strongswan, "aggressive = no");
	copy[17] = 0x20;
	copy[0] ^= 1;
	lab_advance(l, 60000);
	lab_rx(l, &i, CHUNK(copy, m1.n));
	explained(l, "version", "peer");
	T_STR(got.x.stopped, "IKEv2 at its first message");
	T_STR(got.x.mend_strongswan, "connections.<name>.version = 1");
	ini_fini(&i);
	lab_free(l);
}

/* ---- phase 2 ---- */

static const struct lab_policy p2_policy = {
    .sets = "{ name = \"esp\"; encryption = \"aes-128\"; integrity = \"sha1\"; }",
    .entry = "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; pfs = 14;"};

static void
phase2(void (*edit)(struct ini_qm *), const char *kind, const char *side)
{
	struct lab *l = lab_new_with(&p2_policy, 13);
	struct initiator i;
	struct ini_qm q;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	ini_qm_init(&q, &i);
	q.pfs = q.offers[0].pfs = alg_group_id(14);
	edit(&q);
	lab_rx(l, &i, ini_qm1(&q));
	explained(l, kind, side);
	T_STR(got.x.stopped, "Quick Mode at QM1 in QM_START");
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

static void
other_cipher(struct ini_qm *q)
{
	q->offers[0].cipher = alg_cipher_named("aes-256");
}

static void
no_pfs(struct ini_qm *q)
{
	q->pfs = q->offers[0].pfs = NULL;
}

static void
transport(struct ini_qm *q)
{
	q->offers[0].encap = 2;
}

static void
udp_without_nat(struct ini_qm *q)
{
	q->offers[0].encap = 3;
}

static void
swapped(struct ini_qm *q)
{
	struct ini_id id = q->idci;

	q->idci = q->idcr;
	q->idcr = id;
}

static void
wider(struct ini_qm *q)
{
	q->idci = ini_id(ID_IPV4_ADDR_SUBNET, "10.0.0.0/8");
}

static void
each_mistake_of_phase2(void)
{
	phase2(other_cipher, "proposal", "either");
	T_STR(got.differs, "Encryption Algorithm=AES-CBC-256");
	holds(got.x.mend_ours, "transform set \"esp\": add \"aes-256\" to encryption");
	holds(got.x.mend_asa, "transform-set <name> esp-aes esp-sha-hmac");
	phase2(no_pfs, "pfs", "either");
	T_STR(got.differs, "Group Description (PFS)=none");
	holds(got.x.mend_asa, "set pfs group14");
	holds(got.x.mend_ours, "pfs = \"any\"");
	phase2(transport, "proposal", "either");
	T_STR(got.differs, "Encapsulation Mode=Transport");
	holds(got.x.mend_strongswan, "mode = tunnel");
	phase2(udp_without_nat, "proposal", "peer");
	T_STR(got.x.mend_ours, "");
	phase2(swapped, "proxy-identity", "either");
	holds(got.x.verdict, "mirror error");
	holds(got.x.mend_asa, "permit ip 10.9.0.0 255.255.255.0 10.1.0.0 255.255.255.0");
	phase2(wider, "proxy-identity", "either");
	holds(got.x.verdict, "wider than the entry");
	holds(got.x.mend_ours, "narrow = true");
}

static void
refused_by_the_peer(void)
{
	struct lab *l = lab_new(NULL, 14);
	struct initiator i;
	struct ini_qm q;
	struct msg m;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	ini_qm_init(&q, &i);
	T_STEP(lab_qm12, l, &q);
	ini_info_begin(&i, &m);
	ini_add_notify(&i, &m, PROTO_ESP, 18, CHUNK(q.spi_i, 4), CHUNK_NONE);
	lab_rx(l, &i, ini_info_end(&i, &m));
	explained(l, "refused", "either");
	holds(got.x.verdict, "the peer refused Quick Mode");
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(each_attribute_of_phase1);
	T_RUN(wrong_key);
	T_RUN(wrong_identity);
	T_RUN(no_tunnel_group);
	T_RUN(silence);
	T_RUN(knocks);
	T_RUN(each_mistake_of_phase2);
	T_RUN(refused_by_the_peer);
	return lab_t_end();
}
