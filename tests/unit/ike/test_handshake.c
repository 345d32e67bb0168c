/* Main Mode and Quick Mode with every algorithm: both ends must come to the same keys. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

/* A libconfig list of names. */
struct list {
	char   text[1024];
	size_t n;
};

static void
list_add(struct list *l, const char *name)
{
	l->n += (size_t)snprintf(l->text + l->n, sizeof(l->text) - l->n, "%s\"%s\"",
	    l->n == 0 ? "" : ", ", name);
}

/* Which rows does the OpenSSL at hand have?  The legacy provider is loaded where there is one. */
static bool
have_cipher(const struct alg_cipher *c)
{
	return crypto_has_cipher(peer_crypto, c, NULL);
}

static struct lab *
lab_for_phase1(const char *ciphers, const char *hashes, unsigned group)
{
	char p1[2048];

	snprintf(p1, sizeof(p1),
	    "encryption = [ %s ]; hash = [ %s ]; group = %u; lifetime = 86400;", ciphers, hashes,
	    group);
	return lab_new_with(&(struct lab_policy){.p1 = p1}, 1);
}

static void
check_sa_info(struct lab *l, const struct initiator *i)
{
	struct lab_sa s;

	if (!T_TRUE(lab_sa(l, i, &s)))
		return;
	T_STR(s.state, "MM_ACTIVE");
	T_STR(s.group, "lab");
	T_TRUE(s.info.established && s.info.responder && !s.info.rekeyed);
	T_STR(s.info.cipher != NULL ? s.info.cipher->name : NULL, i->chosen->cipher->name);
	T_STR(s.info.hash != NULL ? s.info.hash->name : NULL, i->chosen->hash->name);
	T_EQ(s.info.dh != NULL ? s.info.dh->id : 0, i->chosen->group->id);
	T_EQ(s.info.auth, AUTH_PSK);
	T_EQ(s.info.lifetime_s, 86400);
	T_STR(s.remote_id, LAB_HIM);
	T_STR(s.local_id, LAB_US);
	T_TRUE(s.info.dpd);
}

/* Phase 1 with this transform, then a Quick Mode that proves the keys. */
static void
one_handshake(struct lab *l, const struct alg_cipher *c, const struct alg_hash *h,
    const struct alg_group *g)
{
	struct initiator i;
	struct ini_qm	 q;

	ini_init(&i, peer_crypto, LAB_HIM, LAB_US, LAB_PSK, g);
	i.offers[0].cipher = c;
	i.offers[0].hash = h;
	if (!T_STEP(lab_phase1, l, &i)) {
		T_FAIL("%s %s group %u", c->name, h->name, g->id);
		goto out;
	}
	check_sa_info(l, &i);
	T_MEM(l->isakmp_key, l->isakmp_key_n, i.key.b, i.key.n);
	T_SILENT(l);
	ini_qm_init(&q, &i);
	if (!T_STEP(lab_quick, l, &q) || !T_TRUE(lab_same_keys(l, &q)))
		T_FAIL("%s %s group %u", c->name, h->name, g->id);
	T_SILENT(l);
	ini_qm_fini(&q);
out:
	ini_fini(&i);
}

static void
every_phase1_cipher_and_hash(void)
{
	struct list hashes = {.n = 0}, ciphers = {.n = 0};
	struct lab *l;
	unsigned    rows = 0;

	for (const struct alg_hash *h = alg_hashes; h->name != NULL; h++)
		if (h->ike_id != 0)
			list_add(&hashes, h->name);
	for (const struct alg_cipher *c = alg_ciphers; c->name != NULL; c++)
		if (c->ike_id != 0 && have_cipher(c))
			list_add(&ciphers, c->name);
	l = lab_for_phase1(ciphers.text, hashes.text, 31);
	for (const struct alg_cipher *c = alg_ciphers; c->name != NULL; c++) {
		if (c->ike_id == 0 || !have_cipher(c))
			continue;
		for (const struct alg_hash *h = alg_hashes; h->name != NULL; h++)
			if (h->ike_id != 0) {
				one_handshake(l, c, h, alg_group_id(31));
				rows++;
			}
	}
	T_TRUE(rows >= 25);
	T_EQ(lab_counter(l, CNT_phase1_up), rows);
	T_EQ(lab_counter(l, CNT_phase2_up), rows);
	T_EQ(lab_counter(l, CNT_phase1_failed) + lab_counter(l, CNT_phase2_failed), 0);
	lab_free(l);
}

static void
every_group(void)
{
	unsigned rows = 0;

	for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
		struct lab *l;

		if (!crypto_has_group(peer_crypto, g, NULL))
			continue;
		l = lab_for_phase1("\"aes-256\"", "\"sha256\"", g->id);
		one_handshake(l, alg_cipher_named("aes-256"), alg_hash_named("sha256"), g);
		lab_free(l);
		rows++;
	}
	T_TRUE(rows >= 15);
}

/*
 * g^xy with a leading zero octet comes about once in 256 times: both ends must keep it (RFC 2409
 * 5).
 */
static void
leading_zeros_of_the_secret(void)
{
	struct lab *l = lab_for_phase1("\"aes-128\"", "\"sha1\"", 1);

	for (int k = 0; k < 600; k++) {
		struct initiator i;

		ini_init(&i, peer_crypto, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(1));
		i.offers[0].cipher = alg_cipher_named("aes-128");
		if (!T_STEP(lab_phase1, l, &i)) {
			ini_fini(&i);
			break;
		}
		lab_rx(l, &i, ini_delete_isakmp(&i));
		ini_fini(&i);
		lab_drop(l);
	}
	T_EQ(ike_totals(l->ike).established, 0);
	lab_free(l);
}

/* ---- phase 2 ---- */

static struct lab *
lab_for_phase2(const char *set, const char *pfs)
{
	char sets[2048], entry[512];

	snprintf(sets, sizeof(sets), "{ name = \"s\"; mode = \"any\"; %s }", set);
	snprintf(entry, sizeof(entry),
	    "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; transform_sets = [ \"s\" ]; pfs = %s;",
	    pfs);
	return lab_new_with(&(struct lab_policy){.sets = sets, .entry = entry}, 2);
}

static bool
one_quick(struct lab *l, struct initiator *i, const struct ini_p2_offer *o,
    const struct alg_group *pfs)
{
	struct ini_qm	 q;
	struct lab_child kids[2];
	bool		 ok;

	ini_qm_init(&q, i);
	q.offers[0] = *o;
	q.offers[0].life_s = 3600;
	q.offers[0].pfs = q.pfs = pfs;
	ok = T_STEP(lab_quick, l, &q) && T_TRUE(lab_same_keys(l, &q)) &&
	    T_EQ(lab_children(l, kids, 2), 1);
	if (ok) {
		T_TRUE(kids[0].info.cipher == o->cipher);
		T_TRUE(kids[0].info.integ == o->integ);
		T_TRUE(kids[0].info.pfs == pfs);
		T_EQ(kids[0].info.encap, o->encap);
		T_EQ(kids[0].info.protocol, o->protocol != 0 ? o->protocol : PROTO_ESP);
		T_EQ(kids[0].info.spi_out, lab_t_spi(q.spi_i));
		T_EQ(kids[0].info.spi_in, lab_t_spi(q.spi_r));
		T_EQ(kids[0].info.msgid, q.msgid);
		T_EQ(kids[0].info.lifetime_s, 3600);
		T_TRUE(!kids[0].info.initiator);
		T_STR(kids[0].local, "10.1.0.0/255.255.255.0/0/0");
		T_STR(kids[0].remote, "10.9.0.0/255.255.255.0/0/0");
		lab_rx(l, i, ini_delete_child(&q));
		T_EQ(ike_totals(l->ike).children, 0);
	}
	lab_drop(l);
	ini_qm_fini(&q);
	return ok;
}

static void
every_esp_cipher(void)
{
	struct list integs = {.n = 0};
	unsigned    rows = 0;

	for (const struct alg_integ *a = alg_integs; a->name != NULL; a++)
		if (a->auth_id != 0)
			list_add(&integs, a->name);
	for (const struct alg_cipher *c = alg_ciphers; c->name != NULL; c++) {
		char		    set[1600];
		struct lab	   *l;
		struct initiator    i;
		struct ini_p2_offer o = {.cipher = c, .encap = ENCAP_TUNNEL};

		if (c->esp_id == 0 || !have_cipher(c))
			continue;
		snprintf(set, sizeof(set), "encryption = \"%s\"; %s%s%s", c->name,
		    c->icv == 0 ? "integrity = [ " : "", c->icv == 0 ? integs.text : "",
		    c->icv == 0 ? " ];" : "");
		l = lab_for_phase2(set, "\"any\"");
		lab_t_peer(&i);
		if (T_STEP(lab_phase1, l, &i)) {
			for (const struct alg_integ *a = alg_integs; a->name != NULL; a++) {
				if (c->icv == 0 && a->auth_id == 0)
					continue;
				o.integ = c->icv == 0 ? a : NULL;
				if (!one_quick(l, &i, &o, NULL))
					T_FAIL("%s with %s", c->name,
					    o.integ != NULL ? a->name : "its own ICV");
				rows++;
				if (c->icv != 0)
					break;
			}
		}
		ini_fini(&i);
		lab_free(l);
	}
	T_TRUE(rows >= 50);
}

static void
every_ah_algorithm(void)
{
	struct list	 integs = {.n = 0};
	char		 set[1600];
	struct lab	*l;
	struct initiator i;
	unsigned	 rows = 0;

	for (const struct alg_integ *a = alg_integs; a->name != NULL; a++)
		if (a->ah_id != 0)
			list_add(&integs, a->name);
	snprintf(set, sizeof(set), "protocol = \"ah\"; integrity = [ %s ];", integs.text);
	l = lab_for_phase2(set, "\"any\"");
	lab_t_peer(&i);
	if (T_STEP(lab_phase1, l, &i))
		for (const struct alg_integ *a = alg_integs; a->name != NULL; a++) {
			struct ini_p2_offer o = {.protocol = PROTO_AH,
			    .integ = a,
			    .encap = ENCAP_TRANSPORT};

			if (a->ah_id == 0)
				continue;
			if (!one_quick(l, &i, &o, NULL))
				T_FAIL("AH with %s", a->name);
			rows++;
		}
	T_TRUE(rows >= 5);
	ini_fini(&i);
	lab_free(l);
}

static void
every_pfs_group(void)
{
	struct lab *l = lab_for_phase2("encryption = \"aes-256\"; integrity = \"sha256\";",
	    "\"any\"");
	struct initiator    i;
	unsigned	    rows = 0;
	struct ini_p2_offer o = {.cipher = alg_cipher_named("aes-256"),
	    .integ = alg_integ_named("sha256"),
	    .encap = ENCAP_TUNNEL};

	lab_t_peer(&i);
	if (T_STEP(lab_phase1, l, &i))
		for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
			if (!crypto_has_group(peer_crypto, g, NULL))
				continue;
			if (!one_quick(l, &i, &o, g))
				T_FAIL("PFS with group %u", g->id);
			rows++;
		}
	T_TRUE(rows >= 15);
	ini_fini(&i);
	lab_free(l);
}

/* Lengths at the edges of RFC 2409 5: nonces of 8 to 256 octets. */
static void
nonce_lengths(void)
{
	static const size_t good[] = {8, 9, 16, 20, 32, 64, 255, 256};

	for (size_t k = 0; k < ARRAY_LEN(good); k++) {
		struct lab	*l = lab_new(NULL, 3);
		struct initiator i;
		struct ini_qm	 q;

		lab_t_peer(&i);
		i.nonce_len = good[k];
		if (T_STEP(lab_phase1, l, &i)) {
			ini_qm_init(&q, &i);
			q.nonce_len = good[k];
			if (!T_STEP(lab_quick, l, &q) || !T_TRUE(lab_same_keys(l, &q)))
				T_FAIL("nonce of %zu octets", good[k]);
			ini_qm_fini(&q);
		}
		ini_fini(&i);
		lab_free(l);
	}
}

static void
over_ipv6(void)
{
	struct lab	*l = lab_new_with(
	    &(struct lab_policy){
		.entry = "local = \"2001:db8:1::/48\"; remote = \"2001:db8:9::/48\";"},
	    4);
	struct initiator i;
	struct ini_qm	 q;
	struct lab_child kid;

	ini_init(&i, peer_crypto, "2001:db8::7", "2001:db8::1", LAB_PSK, alg_group_id(31));
	i.vids |= VID_NATT_RFC;
	if (T_STEP(lab_phase1, l, &i)) {
		T_EQ(i.idr.kind, ID_IPV6_ADDR);
		T_MEM(i.idr.data, i.idr.n, i.remote.addr.b, 16);
		T_TRUE(!i.nat_local && !i.nat_remote);
		ini_qm_init(&q, &i);
		q.idci = ini_id(ID_IPV6_ADDR_SUBNET, "2001:db8:9::/48");
		q.idcr = ini_id(ID_IPV6_ADDR_SUBNET, "2001:db8:1::/48");
		T_STEP(lab_quick, l, &q);
		T_TRUE(lab_same_keys(l, &q));
		T_EQ(lab_children(l, &kid, 1), 1);
		ini_qm_fini(&q);
	}
	ini_fini(&i);
	lab_free(l);
}

/*
 * What the responder shows of itself: vendor ids only where they mean something, fresh cookies and
 * nonces.
 */
static void
fresh_values(void)
{
	struct lab	*l = lab_new(NULL, 5);
	struct initiator a, b;

	lab_t_peer(&a);
	lab_t_peer(&b);
	if (T_STEP(lab_phase1, l, &a) && T_STEP(lab_phase1, l, &b)) {
		T_TRUE(memcmp(a.cky_r, b.cky_r, 8) != 0);
		T_TRUE(memcmp(a.nr, b.nr, 8) != 0);
		T_TRUE(memcmp(a.gxr, b.gxr, 32) != 0);
		T_EQ(a.cky_r[0], 7); /* the worker's number: DESIGN 10 */
		T_TRUE((a.peer_vids & VID_DPD) != 0);
	}
	ini_fini(&a);
	ini_fini(&b);
	lab_free(l);
}

int
main(void)
{
	struct why w = {0};

	if (!lab_t_begin())
		return 1;
	if (crypto_use_legacy(peer_crypto, &w) != IKE_OK)
		printf("# %s\n", w.text);
	T_RUN(every_phase1_cipher_and_hash);
	T_RUN(every_group);
	T_RUN(leading_zeros_of_the_secret);
	T_RUN(every_esp_cipher);
	T_RUN(every_ah_algorithm);
	T_RUN(every_pfs_group);
	T_RUN(nonce_lengths);
	T_RUN(over_ipv6);
	T_RUN(fresh_values);
	return lab_t_end();
}
