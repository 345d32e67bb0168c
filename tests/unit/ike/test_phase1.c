/*
 * Main Mode beyond the straight way: what is negotiated, what is tolerated, what is refused and
 * how.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

/* ---- hooks ---- */

struct lie { /* what a hook does to one message */
	const char *label;
	void (*edit)(const struct lie *, struct msg *, struct arena *);
	uint8_t	     type; /* a payload type it needs */
	struct chunk data;
	unsigned     n;
};

static void
lie_edit(void *ctx, const char *label, struct msg *m, struct arena *mem)
{
	const struct lie *l = ctx;

	if (strcmp(label, l->label) == 0)
		l->edit(l, m, mem);
}

static void
add_payload(const struct lie *l, struct msg *m, struct arena *mem)
{
	for (unsigned k = 0; k < (l->n != 0 ? l->n : 1); k++)
		if (msg_add_raw(m, l->type, l->data, mem) == NULL)
			abort();
}

static void
drop_payload(const struct lie *l, struct msg *m, struct arena *mem)
{
	(void)mem;
	for (struct pl **at = &m->first; *at != NULL;) {
		if ((*at)->type == l->type)
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	m->tail = &m->first;
	while (*m->tail != NULL)
		m->tail = &(*m->tail)->next;
}

static void
replace_raw(const struct lie *l, struct msg *m, struct arena *mem)
{
	struct pl *pl = msg_find(m, l->type, NULL);

	(void)mem;
	if (pl != NULL)
		pl->u.raw = l->data;
}

static void
reverse_payloads(const struct lie *l, struct msg *m, struct arena *mem)
{
	struct pl *out = NULL;

	(void)l, (void)mem;
	while (m->first != NULL) {
		struct pl *p = m->first;

		m->first = p->next;
		p->next = out;
		out = p;
	}
	m->first = out;
	m->tail = &m->first;
	while (*m->tail != NULL)
		m->tail = &(*m->tail)->next;
}

static void
double_payload(const struct lie *l, struct msg *m, struct arena *mem)
{
	const struct pl *pl = msg_find(m, l->type, NULL);
	struct pl	*copy = msg_add(m, l->type, mem);

	if (copy == NULL || pl == NULL)
		abort();
	copy->u = pl->u;
}

static void
reverse_attributes(const struct lie *l, struct msg *m, struct arena *mem)
{
	struct pl_transform *t = msg_find(m, ISAKMP_PL_SA, NULL)->u.sa.proposals->transforms;

	(void)l, (void)mem;
	/*
	 * LIFE_TYPE goes before its LIFE_DURATION; all else may stand anywhere (vpnc: KEY_LENGTH
	 * first).
	 */
	for (; t != NULL; t = t->next) {
		struct pl_attr *out = NULL, *a = t->attrs;

		while (a != NULL) {
			struct pl_attr *next = a->next, *last = a;

			if (a->type == P1A_LIFE_TYPE && next != NULL) {
				last = next;
				next = next->next;
			}
			last->next = out;
			out = a;
			a = next;
		}
		t->attrs = out;
	}
}

static void
set_doi(const struct lie *l, struct msg *m, struct arena *mem)
{
	(void)mem;
	msg_find(m, ISAKMP_PL_SA, NULL)->u.sa.doi = l->n;
}

static void
set_situation(const struct lie *l, struct msg *m, struct arena *mem)
{
	(void)mem;
	msg_find(m, ISAKMP_PL_SA, NULL)->u.sa.situation = l->n;
}

static void
drop_key_length(const struct lie *l, struct msg *m, struct arena *mem)
{
	struct pl_attr **at = &msg_find(m, ISAKMP_PL_SA, NULL)->u.sa.proposals->transforms->attrs;

	(void)l, (void)mem;
	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->type == P1A_KEY_LENGTH) {
			*at = (*at)->next;
			return;
		}
}

/*
 * strongSwan's "proposals = default" adds a transform of nothing but a group; here it comes first.
 */
static void
lone_group_first(const struct lie *l, struct msg *m, struct arena *mem)
{
	struct pl_proposal  *p = msg_find(m, ISAKMP_PL_SA, NULL)->u.sa.proposals;
	struct pl_transform *t = ARENA_NEW(mem, struct pl_transform);

	(void)l;
	t->id = IKE_TRANSFORM_KEY_IKE;
	t->attrs = attr_new(mem, P1A_GROUP, 31);
	t->next = p->transforms;
	p->transforms = t;
	for (uint8_t k = 1; t != NULL; t = t->next)
		t->number = k++;
}

static void
unknown_attribute(const struct lie *l, struct msg *m, struct arena *mem)
{
	struct pl_attr **at = &msg_find(m, ISAKMP_PL_SA, NULL)->u.sa.proposals->transforms->attrs;

	while (*at != NULL)
		at = &(*at)->next;
	*at = attr_new(mem, (uint16_t)l->n, 1);
}

static void
set_spi(const struct lie *l, struct msg *m, struct arena *mem)
{
	(void)mem;
	msg_find(m, ISAKMP_PL_SA, NULL)->u.sa.proposals->spi = l->data;
}

/* ---- a conversation with a lie in it ---- */

/* Main Mode succeeds in spite of it. */
static void
tolerated(const struct lab_policy *policy, const struct lie *lie, const char *what)
{
	struct lab	*l = policy != NULL ? lab_new_with(policy, 1) : lab_new(NULL, 1);
	struct initiator i;

	lab_t_peer(&i);
	i.hooks.edit = lie_edit;
	i.hooks.ctx = (void *)(uintptr_t)lie;
	if (!T_STEP(lab_phase1, l, &i))
		T_FAIL("%s", what);
	T_STR(lab_state(l, &i), "MM_ACTIVE");
	ini_fini(&i);
	lab_free(l);
}

/*
 * MM1 is refused: no state; an unprotected notify of this type (0: silence) without a cookie of
 * ours.
 */
static void
mm1_refused(const struct lab_policy *policy, const struct lie *lie, uint16_t notify,
    const char *what)
{
	struct lab	       *l = policy != NULL ? lab_new_with(policy, 1) : lab_new(NULL, 1);
	struct initiator	i;
	const struct pl_notify *n;

	lab_t_peer(&i);
	if (lie != NULL) {
		i.hooks.edit = lie_edit;
		i.hooks.ctx = (void *)(uintptr_t)lie;
	}
	lab_rx(l, &i, ini_mm1(&i));
	if (notify == 0) {
		if (!T_SILENT(l))
			T_FAIL("%s", what);
	} else if ((n = T_NOTIFY(l, &i, notify, true)) != NULL) {
		T_TRUE(hdr_cookie_zero(i.in.hdr.cky_r));
		T_SILENT(l);
	} else {
		T_FAIL("%s", what);
	}
	T_EQ(ike_totals(l->ike).half_open, 0);
	if (!T_STR(lab_state(l, &i), ""))
		T_FAIL("%s", what);
	ini_fini(&i);
	lab_free(l);
}

/* ---- message 1 ---- */

static void
untidy_but_right_offers(void)
{
	static const uint8_t junk[24] = {1, 2, 3};
	static const struct lie lies[] = {
	    {.label = "MM1", .edit = reverse_attributes},
	    {.label = "MM1", .edit = lone_group_first},
	    {.label = "MM1", .edit = drop_key_length},
	    {.label = "MM1",
		.edit = add_payload,
		.type = ISAKMP_PL_VID,
		.data = {junk, 24},
		.n = 20},
	    {.label = "MM3",
		.edit = add_payload,
		.type = ISAKMP_PL_VID,
		.data = {junk, 24},
		.n = 20},
	    {.label = "MM5",
		.edit = add_payload,
		.type = ISAKMP_PL_VID,
		.data = {junk, 16},
		.n = 3},
	    /* Old Cisco NAT drafts used type 15; 200 is nobody's. */
	    {.label = "MM1", .edit = add_payload, .type = 15, .data = {junk, 20}},
	    {.label = "MM3", .edit = add_payload, .type = 15, .data = {junk, 20}, .n = 2},
	    {.label = "MM3", .edit = add_payload, .type = 200, .data = {junk, 24}},
	    {.label = "MM5", .edit = add_payload, .type = 200, .data = {junk, 24}},
	    {.label = "MM3", .edit = reverse_payloads},
	    {.label = "MM5", .edit = reverse_payloads},
	    /* RFC 2408 5.4: the SPI of an ISAKMP proposal is to be ignored. */
	    {.label = "MM1", .edit = set_spi, .data = {junk, 8}},
	};

	for (size_t k = 0; k < ARRAY_LEN(lies); k++) {
		char what[64];

		snprintf(what, sizeof(what), "row %zu, %s", k, lies[k].label);
		tolerated(NULL, &lies[k], what);
	}
}

static void
offers_refused(void)
{
	static const struct lab_policy strict = {
	    .p1 = "encryption = \"aes-256\"; hash = \"sha256\"; group = 31;"};
	static const struct lie doi2 = {.label = "MM1", .edit = set_doi, .n = 2};
	static const struct lie sit2 = {.label = "MM1",
	    .edit = set_situation,
	    .n = IPSEC_SIT_SECRECY};
	static const struct lie two = {.label = "MM1",
	    .edit = double_payload,
	    .type = ISAKMP_PL_SA};
	static const struct lie attr = {.label = "MM1", .edit = unknown_attribute, .n = 99};
	static const uint8_t	zeros[32];
	static const struct lie ke = {.label = "MM1",
	    .edit = add_payload,
	    .type = ISAKMP_PL_KE,
	    .data = {zeros, 32}};

	mm1_refused(&strict, NULL, N_NO_PROPOSAL_CHOSEN, "another cipher and hash");
	mm1_refused(NULL, &doi2, N_DOI_NOT_SUPPORTED, "DOI 2");
	mm1_refused(NULL, &sit2, N_SITUATION_NOT_SUPPORTED, "SIT_SECRECY");
	mm1_refused(NULL, &two, N_PAYLOAD_MALFORMED, "two SA payloads");
	mm1_refused(NULL, &attr, N_ATTRIBUTES_NOT_SUPPORTED, "an attribute nobody knows");
	mm1_refused(NULL, &ke, N_PAYLOAD_MALFORMED, "KE in message 1");
}

static void
other_authentication_methods(void)
{
	static const uint16_t methods[] = {AUTH_RSA_SIG, AUTH_DSS, AUTH_HYBRID_RSA, AUTH_XAUTH_PSK,
	    7777};

	for (size_t k = 0; k < ARRAY_LEN(methods); k++) {
		struct lab	*l = lab_new(NULL, 2);
		struct initiator i;

		lab_t_peer(&i);
		i.offers[0].auth = methods[k];
		lab_rx(l, &i, ini_mm1(&i));
		T_NOTIFY(l, &i, N_NO_PROPOSAL_CHOSEN, true);
		T_TRUE(lab_logged(l, "All SA proposals found unacceptable"));
		T_TRUE(lab_logged(l, "Auth Method"));
		T_EQ(lab_counter(l, CNT_phase1_no_proposal), 1);
		ini_fini(&i);
		lab_free(l);
	}
}

/* The log says, attribute by attribute, what came and what was wanted, in ASA's words. */
static void
mismatch_is_explained(void)
{
	struct lab *l = lab_new_with(
	    &(struct lab_policy){.p1 = "encryption = \"aes-256\"; hash = \"sha256\"; group = 14;"},
	    3);
	struct initiator i;

	ini_init(&i, peer_crypto, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(5));
	i.offers[0].cipher = alg_cipher_named("aes-256");
	i.offers[0].hash = alg_hash_named("sha256");
	lab_rx(l, &i, ini_mm1(&i));
	T_TRUE(lab_logged(l,
	    "Mismatched attribute types for class Group Description:  Rcv'd: Group 5  Cfg'd: Group 14"));
	T_TRUE(lab_logged(l, "All SA proposals found unacceptable"));
	ini_fini(&i);
	lab_free(l);
}

/*
 * Several transforms: the choice is one of them, echoed as it came; ours is the order of
 * preference.
 */
static void
choice_among_transforms(void)
{
	struct lab *l = lab_new_with(
	    &(struct lab_policy){
		.p1 = "encryption = \"aes-256\"; hash = \"sha512\"; group = 31;"
		      " }, { name = \"second\"; encryption = \"3des\"; hash = \"md5\"; group = 2;",
		.group = ""},
	    4);
	struct initiator i;
	unsigned	 n = 0;

	/*
	 * The group of this lab names only "p1"; so 3des is no choice although a policy holds it.
	 */
	lab_t_peer(&i);
	for (const struct alg_hash *h = alg_hashes; h->name != NULL && n < 4; h++) {
		i.offers[n] = (struct ini_offer){.cipher = alg_cipher_named("3des"),
		    .hash = h,
		    .group = alg_group_id(2),
		    .life_s = 100 + n};
		n++;
	}
	i.offers[n++] = (struct ini_offer){.cipher = alg_cipher_named("aes-256"),
	    .hash = alg_hash_named("sha512"),
	    .group = alg_group_id(31),
	    .life_s = 70000,
	    .life_kb = 5000,
	    .life_tlv = true};
	i.offers[n++] = (struct ini_offer){.cipher = alg_cipher_named("aes-256"),
	    .hash = alg_hash_named("sha512"),
	    .group = alg_group_id(31),
	    .life_s = 60000};
	i.offer_count = n;
	T_STEP(lab_phase1, l, &i);
	T_TRUE(i.chosen == &i.offers[4]);
	ini_fini(&i);
	lab_free(l);
}

static void
policies_in_order_of_preference(void)
{
	struct lab *l = lab_new(
	    "log = { target = \"none\"; };\n"
	    "isakmp_policies = ( { name = \"a\"; encryption = \"aes-256\"; hash = \"sha512\"; group = 31; },\n"
	    "  { name = \"b\"; encryption = \"aes-128\"; hash = \"sha1\"; group = 31; } );\n"
	    "transform_sets = ( { name = \"s\"; encryption = \"aes-128\"; integrity = \"sha1\"; } );\n"
	    "tunnel_groups = ( { name = \"lab\"; pre_shared_key = \"secret-of-the-lab\"; } );\n",
	    5);
	struct initiator i;

	lab_t_peer(&i);
	i.offers[1] = i.offers[0];
	i.offers[1].cipher = alg_cipher_named("aes-256");
	i.offers[1].hash = alg_hash_named("sha512");
	i.offer_count = 2;
	T_STEP(lab_phase1, l, &i);
	T_TRUE(i.chosen == &i.offers[1]);
	ini_fini(&i);
	lab_free(l);
}

static void
missing_sa_payload(void)
{
	struct lab	*l = lab_new(NULL, 6);
	struct initiator i;
	static const struct lie no_sa = {.label = "MM1",
	    .edit = drop_payload,
	    .type = ISAKMP_PL_SA};

	lab_t_peer(&i);
	i.hooks.edit = lie_edit;
	i.hooks.ctx = (void *)(uintptr_t)&no_sa;
	lab_rx(l, &i, ini_mm1(&i));
	T_TRUE(lab_logged(l, "Header invalid, missing SA payload! (next payload = 13)"));
	T_SILENT(l);
	T_EQ(ike_totals(l->ike).half_open, 0);
	ini_fini(&i);
	lab_free(l);
}

/* ---- message 3 ---- */

/* MM3 is refused without a trace; the right one that follows goes through. */
static void
mm3_refused(const struct lie *lie, size_t nonce_len, const char *what)
{
	struct lab	*l = lab_new(NULL, 10);
	struct initiator i;
	char		 before[1024], after[1024];

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	lab_snapshot(l, before, sizeof(before));
	if (lie != NULL) {
		i.hooks.edit = lie_edit;
		i.hooks.ctx = (void *)(uintptr_t)lie;
	}
	if (nonce_len != 0)
		i.nonce_len = nonce_len;
	lab_rx(l, &i, ini_mm3(&i));
	lab_snapshot(l, after, sizeof(after));
	if (!T_STR(after, before))
		T_FAIL("%s", what);
	lab_drop(l);
	i.hooks.edit = NULL;
	i.ni_n = 20;
	if (!T_STEP(lab_mm34, l, &i) || !T_STEP(lab_mm56, l, &i))
		T_FAIL("after %s", what);
	ini_fini(&i);
	lab_free(l);
}

static void
message_3_incomplete(void)
{
	static const uint8_t	zeros[256];
	static const struct lie lies[] = {
	    {.label = "MM3", .edit = drop_payload, .type = ISAKMP_PL_KE},
	    {.label = "MM3", .edit = drop_payload, .type = ISAKMP_PL_NONCE},
	    {.label = "MM3", .edit = add_payload, .type = ISAKMP_PL_HASH, .data = {zeros, 20}},
	    {.label = "MM3", .edit = replace_raw, .type = ISAKMP_PL_NONCE, .data = {zeros, 0}},
	    {.label = "MM3", .edit = replace_raw, .type = ISAKMP_PL_NONCE, .data = {zeros, 7}},
	    {.label = "MM3", .edit = replace_raw, .type = ISAKMP_PL_KE, .data = {zeros, 0}},
	    {.label = "MM3", .edit = double_payload, .type = ISAKMP_PL_KE},
	    {.label = "MM3", .edit = double_payload, .type = ISAKMP_PL_NONCE},
	};

	for (size_t k = 0; k < ARRAY_LEN(lies); k++) {
		char what[32];

		snprintf(what, sizeof(what), "row %zu", k);
		mm3_refused(&lies[k], 0, what);
	}
}

/* Every public value that RFC 6989 forbids ends the negotiation, with INVALID-KEY-INFORMATION. */
static void
bad_ke(unsigned group, struct chunk value, const char *what)
{
	struct lab *l =
	    lab_new_with(&(struct lab_policy){.p1 = "encryption = \"aes-128\"; hash = \"sha1\";"
						    " group = [ 2, 14, 19, 20, 21, 31, 22 ];"},
		11);
	struct initiator i;
	struct lie lie = {.label = "MM3", .edit = replace_raw, .type = ISAKMP_PL_KE, .data = value};

	ini_init(&i, peer_crypto, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(group));
	T_STEP(lab_mm12, l, &i);
	i.hooks.edit = lie_edit;
	i.hooks.ctx = &lie;
	lab_rx(l, &i, ini_mm3(&i));
	if (T_NOTIFY(l, &i, N_INVALID_KEY_INFORMATION, true) == NULL)
		T_FAIL("group %u, %s", group, what);
	T_SILENT(l);
	T_TRUE(l->events[EVT_P1_BAD_PUBLIC_VALUE] >= 1);
	T_EQ(ike_totals(l->ike).established, 0);
	/* The same again is a duplicate: the same notify again. */
	lab_rx(l, &i, ini_mm3(&i));
	T_NOTIFY(l, &i, N_INVALID_KEY_INFORMATION, true);
	lab_advance(l, 100000);
	T_EQ(ike_totals(l->ike).half_open, 0);
	T_STR(lab_state(l, &i), "");
	ini_fini(&i);
	lab_free(l);
}

static void
unusable_public_values(void)
{
	static uint8_t one[1024], p_of[3][256], p[256];
	static const unsigned modp[] = {2, 14};

	memset(p, 0xff, sizeof(p));
	for (size_t k = 0; k < ARRAY_LEN(modp); k++) {
		const struct alg_group *g = alg_group_id(modp[k]);
		size_t			n = g->public_len;

		memset(one, 0, sizeof(one));
		bad_ke(g->id, CHUNK(one, n), "0");
		one[n - 1] = 1;
		bad_ke(g->id, CHUNK(one, n), "1");
		bad_ke(g->id, CHUNK(p, n), "all ones, above p");
		bad_ke(g->id, CHUNK(one, n - 1), "short");
		bad_ke(g->id, CHUNK(one, n + 1), "long");
	}
	/* RFC 2409 6.2: p of group 2, and its neighbours. */
	static const char p2[] =
	    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B"
	    "0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651"
	    "ECE65381FFFFFFFFFFFFFFFF";

	for (int k = 0; k < 3; k++) {
		for (int b = 0; b < 128; b++) {
			unsigned v = 0;

			sscanf(p2 + 2 * b, "%2x", &v);
			p_of[k][b] = (uint8_t)v;
		}
	}
	p_of[0][127] = 0xfe;			    /* p - 1 */
	memset(p_of[2] + 120, 0, 8), p_of[2][119]++; /* p + 1 */
	bad_ke(2, CHUNK(p_of[0], 128), "p - 1");
	bad_ke(2, CHUNK(p_of[1], 128), "p");
	bad_ke(2, CHUNK(p_of[2], 128), "p + 1");
	memset(one, 0, sizeof(one));
	one[0] = 2; /* a point on no curve, and the point at infinity */
	bad_ke(19, CHUNK(one, 64), "not on the curve");
	bad_ke(20, CHUNK(one, 96), "not on the curve");
	bad_ke(21, CHUNK(one, 132), "not on the curve");
	one[0] = 0;
	bad_ke(19, CHUNK(one, 64), "zero");
	bad_ke(19, CHUNK(one, 65), "with a prefix octet");
	bad_ke(31, CHUNK(one, 31), "short");
	one[255] = 2; /* 2 is in no subgroup of order q of group 22 */
	bad_ke(22, CHUNK(one + 128, 128), "outside the subgroup");
}

/*
 * X25519 has public values whose secret is zero for everybody (RFC 7748 6.1): noticed when the
 * secret is made.
 */
static void
zero_secret_of_group_31(void)
{
	static const uint8_t zeros[32];
	struct lab	*l = lab_new(NULL, 12);
	struct initiator i;
	struct lie lie = {.label = "MM3",
	    .edit = replace_raw,
	    .type = ISAKMP_PL_KE,
	    .data = {zeros, 32}};

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	i.hooks.edit = lie_edit;
	i.hooks.ctx = &lie;
	lab_rx(l, &i, ini_mm3(&i));
	lab_drop(l);
	i.hooks.edit = NULL;
	/* Whatever stands in message 5, the SA must not come up. */
	i.chosen = &i.offers[0];
	i.key.n = 16;
	i.keyed = true;
	lab_rx(l, &i, ini_mm5(&i));
	T_EQ(ike_totals(l->ike).established, 0);
	lab_advance(l, 100000);
	T_STR(lab_state(l, &i), "");
	ini_fini(&i);
	lab_free(l);
}

/* ---- message 5 ---- */

static void
key_mismatch(void)
{
	struct lab	*l = lab_new(NULL, 20);
	struct initiator i;
	struct lab_sa	 s;

	lab_t_peer(&i);
	i.psk[0] ^= 1;
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	lab_rx(l, &i, ini_mm5(&i));
	T_TRUE(lab_logged(l,
	    "Received encrypted Oakley Main Mode packet with invalid payloads, MessID = 0"));
	T_TRUE(lab_logged(l,
	    "ERROR, had problems decrypting packet, probably due to mismatched pre-shared key.  Aborting"));
	T_EQ(lab_counter(l, CNT_phase1_key_mismatch), 1);
	T_EQ(lab_counter(l, CNT_phase1_failed), 1);
	T_EQ(l->events[EVT_FSM_ERROR_HISTORY], 1);
	T_TRUE(lab_logged(l, "EV_PROB_AUTH_FAIL"));
	T_NOTIFY(l, &i, N_PAYLOAD_MALFORMED, true);
	T_EQ(ike_totals(l->ike).established, 0);
	if (lab_sa(l, &i, &s)) { /* it lingers to answer repetitions */
		T_STR(s.state, "MM_DONE");
		T_TRUE(strstr(s.last_error, "pre-shared") != NULL);
	}
	/* The peer repeats message 5: the stored answer, no second line. */
	lab_log_clear(l);
	lab_advance(l, 60000);
	T_STR(lab_state(l, &i), "");
	ini_fini(&i);
	lab_free(l);
}

static void
message_5_repeated_after_a_mismatch(void)
{
	static uint8_t	 room[INI_OUT];
	struct lab	*l = lab_new(NULL, 21);
	struct initiator i;
	struct chunk	 d;

	lab_t_peer(&i);
	i.psk_n--;
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	d = ini_mm5(&i);
	memcpy(room, d.p, d.n);
	d = CHUNK(room, d.n);
	lab_rx(l, &i, d);
	T_NOTIFY(l, &i, N_PAYLOAD_MALFORMED, true);
	for (int k = 0; k < 3; k++) {
		lab_advance(l, 4000);
		lab_rx(l, &i, d);
		T_NOTIFY(l, &i, N_PAYLOAD_MALFORMED, true);
		T_SILENT(l);
	}
	T_EQ(lab_counter(l, CNT_phase1_key_mismatch), 1);
	T_EQ(lab_counter(l, CNT_dh_derived), 1);
	ini_fini(&i);
	lab_free(l);
}

/* Right keys, wrong HASH_I: message 5 decrypts, the peer is not who it says. */
static void
wrong_hash_i(void)
{
	static const uint8_t zeros[64];
	struct lab	*l = lab_new(NULL, 22);
	struct initiator i;
	struct lie lie = {.label = "MM5",
	    .edit = replace_raw,
	    .type = ISAKMP_PL_HASH,
	    .data = {zeros, 20}};

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	i.hooks.edit = lie_edit;
	i.hooks.ctx = &lie;
	lab_rx(l, &i, ini_mm5(&i));
	T_NOTIFY(l, &i, N_AUTHENTICATION_FAILED, false);
	T_EQ(ike_totals(l->ike).established, 0);
	T_EQ(l->events[EVT_P1_AUTH_FAILED], 1);
	T_EQ(lab_counter(l, CNT_phase1_failed), 1);
	ini_fini(&i);
	lab_free(l);
}

static void
hash_i_of_odd_length(void)
{
	static const uint8_t zeros[64];
	static const size_t lengths[] = {0, 1, 16, 19, 21, 32, 64};

	for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
		struct lab	*l = lab_new(NULL, 23);
		struct initiator i;
		struct lie lie = {.label = "MM5",
		    .edit = replace_raw,
		    .type = ISAKMP_PL_HASH,
		    .data = {zeros, lengths[k]}};

		lab_t_peer(&i);
		T_STEP(lab_mm12, l, &i);
		T_STEP(lab_mm34, l, &i);
		i.hooks.edit = lie_edit;
		i.hooks.ctx = &lie;
		lab_rx(l, &i, ini_mm5(&i));
		T_EQ(ike_totals(l->ike).established, 0);
		ini_fini(&i);
		lab_free(l);
	}
}

static void
message_5_in_the_clear(void)
{
	struct lab	*l = lab_new(NULL, 24);
	struct initiator i;
	struct isakmp_hdr h;
	struct msg	 m;
	uint8_t		 hash[20] = {0}, out[256];
	struct wbuf	 w;

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	h = (struct isakmp_hdr){.version = ISAKMP_VERSION, .exchange = ISAKMP_XCHG_MAIN};
	memcpy(h.cky_i, i.cky_i, 8);
	memcpy(h.cky_r, i.cky_r, 8);
	msg_init(&m, &h);
	msg_add(&m, ISAKMP_PL_ID, i.mem)->u.id = (struct pl_id){.kind = ID_IPV4_ADDR,
	    .data = CHUNK(i.local.addr.b, 4)};
	msg_add_raw(&m, ISAKMP_PL_HASH, CHUNK(hash, 20), i.mem);
	wb_init(&w, out, sizeof(out));
	msg_encode(&w, &m);
	lab_rx(l, &i, wb_view(&w));
	T_STR(lab_state(l, &i), "MM_WAIT_MSG5");
	lab_drop(l);
	T_STEP(lab_mm56, l, &i);
	ini_fini(&i);
	lab_free(l);
}

static void
wrong_payloads_in_message_5(void)
{
	static const uint8_t	junk[32];
	static const struct lie lies[] = {
	    {.label = "MM5", .edit = drop_payload, .type = ISAKMP_PL_ID},
	    {.label = "MM5", .edit = drop_payload, .type = ISAKMP_PL_HASH},
	    {.label = "MM5", .edit = add_payload, .type = ISAKMP_PL_NONCE, .data = {junk, 20}},
	    {.label = "MM5", .edit = add_payload, .type = ISAKMP_PL_SIG, .data = {junk, 32}},
	};

	for (size_t k = 0; k < ARRAY_LEN(lies); k++) {
		struct lab	*l = lab_new(NULL, 25);
		struct initiator i;

		lab_t_peer(&i);
		T_STEP(lab_mm12, l, &i);
		T_STEP(lab_mm34, l, &i);
		i.hooks.edit = lie_edit;
		i.hooks.ctx = (void *)(uintptr_t)&lies[k];
		lab_rx(l, &i, ini_mm5(&i));
		if (!T_EQ(ike_totals(l->ike).established, 0))
			T_FAIL("row %zu", k);
		ini_fini(&i);
		lab_free(l);
	}
}

/* ---- identities and groups ---- */

static void
identities_accepted(void)
{
	static const struct {
		uint8_t	    kind, proto;
		uint16_t    port;
		const char *text;
		const char *shown;
	} rows[] = {{ID_IPV4_ADDR, 0, 0, LAB_HIM, LAB_HIM},
	    {ID_IPV4_ADDR, 17, 500, LAB_HIM, LAB_HIM}, {ID_IPV4_ADDR, 17, 4500, LAB_HIM, LAB_HIM},
	    {ID_IPV4_ADDR, 17, 0, "10.0.0.5", "10.0.0.5"},
	    {ID_FQDN, 0, 0, "branch.example", "branch.example"},
	    {ID_USER_FQDN, 17, 500, "joe@branch.example", "joe@branch.example"},
	    {ID_KEY_ID, 0, 0, "branch", NULL}, {ID_IPV6_ADDR, 0, 0, "2001:db8::5", "2001:db8::5"},
	    {ID_DER_ASN1_DN, 0, 0, "not really DER", NULL}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct lab	*l = lab_new(NULL, 30);
		struct initiator i;
		struct lab_sa	 s;

		lab_t_peer(&i);
		i.id = ini_id(rows[k].kind, rows[k].text);
		i.id.proto = rows[k].proto;
		i.id.port = rows[k].port;
		if (!T_STEP(lab_phase1, l, &i))
			T_FAIL("row %zu", k);
		else if (lab_sa(l, &i, &s) && rows[k].shown != NULL)
			T_STR(s.remote_id, rows[k].shown);
		ini_fini(&i);
		lab_free(l);
	}
}

static void
refused_identity(const char *remote_id, uint8_t kind, const char *text, uint8_t proto,
    uint16_t port)
{
	char		  group[128];
	struct lab_policy pol = {.group = group};
	struct lab	 *l;
	struct initiator  i;

	snprintf(group, sizeof(group), "remote_id = \"%s\";", remote_id);
	l = lab_new_with(&pol, 31);
	lab_t_peer(&i);
	i.id = ini_id(kind, text);
	i.id.proto = proto;
	i.id.port = port;
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	lab_rx(l, &i, ini_mm5(&i));
	if (T_NOTIFY(l, &i, N_INVALID_ID_INFORMATION, false) == NULL)
		T_FAIL("%s against %s", text, remote_id);
	T_EQ(ike_totals(l->ike).established, 0);
	ini_fini(&i);
	lab_free(l);
}

static void
identities_refused(void)
{
	refused_identity("a.example", ID_FQDN, "b.example", 0, 0);
	refused_identity("a.example", ID_FQDN, "a.example.org", 0, 0);
	refused_identity("a.example", ID_FQDN, "xa.example", 0, 0);
	refused_identity("a.example", ID_USER_FQDN, "joe@a.example", 0, 0);
	refused_identity("*.example", ID_FQDN, "example", 0, 0);
	refused_identity("address", ID_IPV4_ADDR, "10.0.0.5", 0, 0);
	refused_identity("10.0.0.6", ID_IPV4_ADDR, "10.0.0.5", 0, 0);
	refused_identity("any", ID_IPV4_ADDR, LAB_HIM, 6, 25);
	refused_identity("any", ID_IPV4_ADDR, LAB_HIM, 17, 1701);
}

/*
 * One daemon, many personas: the group is found by both addresses, then by identity among groups of
 * one key.
 */
static void
choice_of_the_tunnel_group(void)
{
	static const char policy[] =
	    "log = { target = \"none\"; };\n"
	    "isakmp_policies = ( { name = \"a\"; encryption = \"aes-128\"; hash = \"sha1\"; group = 31; } );\n"
	    "transform_sets = ( { name = \"s\"; encryption = \"aes-128\"; integrity = \"sha1\"; } );\n"
	    "tunnel_groups = (\n"
	    "  { name = \"net9\"; peer = \"203.0.113.0/24\"; pre_shared_key = \"nine\"; local_id = \"nine.example\"; },\n"
	    "  { name = \"dialled2\"; local = \"192.0.2.2\"; pre_shared_key = \"two\"; },\n"
	    "  { name = \"alice\"; remote_id = \"alice.example\"; pre_shared_key = \"secret-of-the-lab\"; },\n"
	    "  { name = \"other-key\"; remote_id = \"bob.example\"; pre_shared_key = \"another\"; },\n"
	    "  { name = \"bob\"; remote_id = \"bob.example\"; pre_shared_key = \"secret-of-the-lab\"; local_id = \"gw@bob.example\"; }\n"
	    ");\n";
	static const struct {
		const char *from, *to, *psk, *id, *group;
		uint8_t	    idr_kind;
		const char *idr;
	} rows[] = {{"203.0.113.7", LAB_US, "nine", NULL, "net9", ID_FQDN, "nine.example"},
	    {"203.0.113.7", "192.0.2.2", "nine", NULL, "net9", ID_FQDN, "nine.example"},
	    {LAB_HIM, "192.0.2.2", "two", NULL, "dialled2", ID_IPV4_ADDR, "192.0.2.2"},
	    {LAB_HIM, LAB_US, LAB_PSK, "alice.example", "alice", ID_IPV4_ADDR, LAB_US},
	    {LAB_HIM, LAB_US, LAB_PSK, "bob.example", "bob", ID_USER_FQDN, "gw@bob.example"}};
	struct lab	*l = lab_new(policy, 32);
	struct initiator i;
	struct lab_sa	 s;

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct ini_id want;

		ini_init(&i, peer_crypto, rows[k].from, rows[k].to, rows[k].psk, alg_group_id(31));
		if (rows[k].id != NULL)
			i.id = ini_id(ID_FQDN, rows[k].id);
		if (!T_STEP(lab_phase1, l, &i)) {
			T_FAIL("row %zu", k);
		} else {
			want = ini_id(rows[k].idr_kind, rows[k].idr);
			T_EQ(i.idr.kind, want.kind);
			T_MEM(i.idr.data, i.idr.n, want.data, want.n);
			if (lab_sa(l, &i, &s))
				T_STR(s.group, rows[k].group);
		}
		ini_fini(&i);
	}
	ini_init(&i, peer_crypto, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(31));
	i.id = ini_id(ID_FQDN, "carol.example");
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	lab_rx(l, &i, ini_mm5(&i));
	T_NOTIFY(l, &i, N_INVALID_ID_INFORMATION, false);
	ini_fini(&i);
	lab_free(l);
}

static void
no_group_for_the_address(void)
{
	struct lab *l = lab_new(
	    "log = { target = \"none\"; };\n"
	    "isakmp_policies = ( { name = \"a\"; encryption = \"aes-128\"; hash = \"sha1\"; group = 31; } );\n"
	    "transform_sets = ( { name = \"s\"; encryption = \"aes-128\"; integrity = \"sha1\"; } );\n"
	    "tunnel_groups = ( { name = \"g\"; peer = \"203.0.113.7\"; pre_shared_key = \"x1y2z3\"; } );\n",
	    33);
	struct initiator i;

	lab_t_peer(&i);
	lab_rx(l, &i, ini_mm1(&i));
	T_EQ(ike_totals(l->ike).half_open, 0);
	T_EQ(l->events[EVT_GROUP_NONE], 1);
	T_STR(lab_state(l, &i), "");
	ini_fini(&i);
	lab_free(l);
}

/* ASA sends DPD's vendor id encrypted, in message 5. */
static void
vendor_ids_in_every_message(void)
{
	for (int k = 0; k < 3; k++) {
		struct lab	*l = lab_new(NULL, 34);
		struct initiator i;
		struct lab_sa	 s;

		lab_t_peer(&i);
		i.vids = k == 0 ? VID_DPD : 0;
		i.vids_mm3 = k == 1 ? VID_DPD | VID_UNITY | VID_XAUTH | VID_IOS | VID_ALTIGA : 0;
		i.vids_mm5 = k == 2 ? VID_DPD : 0;
		T_STEP(lab_phase1, l, &i);
		if (T_TRUE(lab_sa(l, &i, &s)))
			T_TRUE(s.info.dpd);
		ini_fini(&i);
		lab_free(l);
	}
}

/*
 * Padding is of any length and content; what follows the payloads inside the ciphertext is padding.
 */
static void
extra_padding(void *ctx, const char *label, struct wbuf *w)
{
	const unsigned *n = ctx;

	(void)label;
	for (unsigned k = 0; k < *n; k++)
		wb_u8(w, 0xa5);
}

static void
odd_padding(void)
{
	static const unsigned lengths[] = {1, 3, 4, 7, 16, 28, 40, 200};

	for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
		struct lab	*l = lab_new(NULL, 35);
		struct initiator i;
		struct ini_qm	 q;

		lab_t_peer(&i);
		i.hooks.plain = extra_padding;
		i.hooks.ctx = (void *)(uintptr_t)&lengths[k];
		if (!T_STEP(lab_phase1, l, &i)) {
			T_FAIL("%u octets", lengths[k]);
		} else {
			ini_qm_init(&q, &i);
			T_STEP(lab_quick, l, &q);
			T_TRUE(lab_same_keys(l, &q));
			ini_qm_fini(&q);
		}
		ini_fini(&i);
		lab_free(l);
	}
}

/* The lines an ASA engineer looks for, in one straight negotiation. */
static void
log_of_a_good_negotiation(void)
{
	static const char *const lines[] = {
	    "IP = " LAB_HIM ", ",
	    "IKE_DECODE RECEIVED Message (msgid=0) with payloads : HDR + SA (1) + VENDOR (13) + NONE (0) total length : ",
	    "IKE_DECODE SENDING Message (msgid=0) with payloads : HDR + SA (1)",
	    "Connection landed on tunnel_group lab",
	    "Group = lab, IP = " LAB_HIM
	    ", MM_WAIT_MSG3, EV_RCV_MSG3 --> MM_WAIT_MSG5, EV_SND_MSG4",
	    "MM_WAIT_MSG5, EV_RCV_MSG5 --> MM_ACTIVE, EV_SND_MSG6",
	    "Group = lab, IP = " LAB_HIM ", PHASE 1 COMPLETED",
	    "QM_START, EV_RCV_MSG1 --> QM_WAIT_MSG3, EV_SND_MSG2",
	    "PHASE 2 COMPLETED (msgid=",
	};
	struct lab	*l = lab_new(NULL, 36);
	struct initiator i;
	struct ini_qm	 q;
	char		 psk_hex[64];

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	ini_qm_init(&q, &i);
	T_STEP(lab_quick, l, &q);
	for (size_t k = 0; k < ARRAY_LEN(lines); k++)
		if (!lab_logged(l, lines[k]))
			T_FAIL("the log lacks \"%s\"", lines[k]);
	T_EQ(l->events[EVT_FSM_ERROR_HISTORY] + l->events[EVT_DAEMON_ERROR], 0);
	/* Nothing secret in it: neither the key nor a SKEYID as text or hex. */
	T_TRUE(!lab_logged(l, LAB_PSK));
	snprintf(psk_hex, sizeof(psk_hex), "%02x%02x%02x%02x", i.keys.a.b[0], i.keys.a.b[1],
	    i.keys.a.b[2], i.keys.a.b[3]);
	T_TRUE(!lab_logged(l, psk_hex));
	snprintf(psk_hex, sizeof(psk_hex), "%02x%02x%02x%02x", i.key.b[0], i.key.b[1], i.key.b[2],
	    i.key.b[3]);
	T_TRUE(!lab_logged(l, psk_hex));
	snprintf(psk_hex, sizeof(psk_hex), "%02x%02x%02x%02x", q.keymat_r[0], q.keymat_r[1],
	    q.keymat_r[2], q.keymat_r[3]);
	T_TRUE(!lab_logged(l, psk_hex));
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(untidy_but_right_offers);
	T_RUN(offers_refused);
	T_RUN(other_authentication_methods);
	T_RUN(mismatch_is_explained);
	T_RUN(choice_among_transforms);
	T_RUN(policies_in_order_of_preference);
	T_RUN(missing_sa_payload);
	T_RUN(message_3_incomplete);
	T_RUN(unusable_public_values);
	T_RUN(zero_secret_of_group_31);
	T_RUN(key_mismatch);
	T_RUN(message_5_repeated_after_a_mismatch);
	T_RUN(wrong_hash_i);
	T_RUN(hash_i_of_odd_length);
	T_RUN(message_5_in_the_clear);
	T_RUN(wrong_payloads_in_message_5);
	T_RUN(identities_accepted);
	T_RUN(identities_refused);
	T_RUN(choice_of_the_tunnel_group);
	T_RUN(no_group_for_the_address);
	T_RUN(vendor_ids_in_every_message);
	T_RUN(odd_padding);
	T_RUN(log_of_a_good_negotiation);
	return lab_t_end();
}
