/* The rare branches: forms that few peers use, and refusals that few provoke. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

static const struct ike_match everybody;

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

/* ---- informational ---- */

static void
send_notify(struct lab *l, struct initiator *i, uint16_t type, struct chunk data)
{
	struct msg m;

	ini_info_begin(i, &m);
	ini_add_notify(i, &m, PROTO_ISAKMP, type, CHUNK_NONE, data);
	lab_rx(l, i, ini_info_end(i, &m));
}

static void
dpd_without_a_number(void)
{
	static const uint8_t zeros[8];
	struct lab	    *l;
	struct initiator     i;

	if (up(&l, &i, NULL, 1)) {
		send_notify(l, &i, N_R_U_THERE, CHUNK_NONE);
		send_notify(l, &i, N_R_U_THERE, CHUNK(zeros, 3));
		send_notify(l, &i, N_R_U_THERE, CHUNK(zeros, 8));
		T_SILENT(l);
		T_EQ(lab_counter(l, CNT_dpd_in), 0);
		T_EQ(ike_dpd(l->ike, &everybody), 1);
		lab_drop(l);
		send_notify(l, &i, N_R_U_THERE_ACK, CHUNK(zeros, 3));
		T_EQ(l->events[EVT_DPD_BAD_SEQUENCE], 1);
		T_STR(lab_state(l, &i), "MM_ACTIVE");
	}
	down(l, &i);
}

/* Some peers say INITIAL-CONTACT after phase 1 (during XAUTH, in an INFO of its own). */
static void
initial_contact_by_itself(void)
{
	struct lab	*l;
	struct initiator a, b;

	if (up(&l, &a, NULL, 2)) {
		lab_advance(l, 1000);
		lab_t_peer(&b);
		T_STEP(lab_phase1, l, &b);
		send_notify(l, &b, N_INITIAL_CONTACT, CHUNK_NONE);
		T_STR(lab_state(l, &a), "");
		T_STR(lab_state(l, &b), "MM_ACTIVE");
		ini_fini(&b);
	}
	down(l, &a);
}

/* The delete of the old SA comes under the new one. */
static void
delete_of_a_sibling(void)
{
	struct lab	*l;
	struct initiator a, b;
	struct msg	 m;
	uint8_t		 spi[16];

	if (up(&l, &a, NULL, 3)) {
		lab_t_peer(&b);
		T_STEP(lab_phase1, l, &b);
		memcpy(spi, a.cky_i, 8);
		memcpy(spi + 8, a.cky_r, 8);
		ini_info_begin(&b, &m);
		ini_add_delete(&b, &m, PROTO_ISAKMP, 16, CHUNK(spi, 16));
		lab_rx(l, &b, ini_info_end(&b, &m));
		T_STR(lab_state(l, &a), "");
		T_STR(lab_state(l, &b), "MM_ACTIVE");
		ini_fini(&b);
	}
	down(l, &a);
}

static void
delete_of_an_odd_protocol(void)
{
	struct lab	    *l;
	struct initiator     i;
	struct msg	     m;
	static const uint8_t spi[4] = {1, 2, 3, 4};

	if (up(&l, &i, NULL, 4)) {
		ini_info_begin(&i, &m);
		ini_add_delete(&i, &m, 9, 4, CHUNK(spi, 4));
		lab_rx(l, &i, ini_info_end(&i, &m));
		T_STR(lab_state(l, &i), "MM_ACTIVE");
		/* Hundreds of messages: the history of steps has a bound. */
		for (uint32_t k = 1; k < 600; k++) {
			lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, k));
			lab_drop(l);
		}
		T_EQ(lab_counter(l, CNT_dpd_in), 599);
		lab_rx(l, &i, ini_delete_isakmp(&i));
		T_STR(lab_state(l, &i), "");
	}
	down(l, &i);
}

/* ---- identities ---- */

static void
remote_id_of_every_kind(void)
{
	static const struct {
		const char *remote_id;
		uint8_t	    kind;
		const char *text;
	} rows[] = {{"a.example", ID_FQDN, "a.example"}, {"a.example", ID_FQDN, "A.Example"},
	    {"*.example", ID_FQDN, "branch.a.example"},
	    {"joe@a.example", ID_USER_FQDN, "joe@a.example"}, {"keyid:branch", ID_KEY_ID, "branch"},
	    {"address", ID_IPV4_ADDR, LAB_HIM}, {"10.0.0.5", ID_IPV4_ADDR, "10.0.0.5"},
	    {"2001:db8::5", ID_IPV6_ADDR, "2001:db8::5"}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		char		  group[96];
		struct lab_policy pol = {.group = group};
		struct lab	 *l;
		struct initiator  i;

		snprintf(group, sizeof(group), "remote_id = \"%s\"; local_id = \"keyid:lab\";",
		    rows[k].remote_id);
		l = lab_new_with(&pol, 10);
		lab_t_peer(&i);
		i.id = ini_id(rows[k].kind, rows[k].text);
		if (!T_STEP(lab_phase1, l, &i))
			T_FAIL("row %zu", k);
		T_EQ(i.idr.kind, ID_KEY_ID);
		T_MEM(i.idr.data, i.idr.n, "lab", 3);
		down(l, &i);
	}
}

/* A proxy identity of the wrong size, and a mask with holes. */
static void
crippled_proxy_identities(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, &(struct lab_policy){.entry = "local = \"any\"; remote = \"any\";"}, 11)) {
		ini_qm_init(&q, &i);
		q.idci.n = 7; /* no payload at all: taken for a message that does not decrypt */
		lab_rx(l, &i, ini_qm1(&q));
		T_SILENT(l);
		T_EQ(lab_counter(l, CNT_undecryptable), 1);
		ini_qm_fini(&q);
		ini_qm_init(&q, &i);
		q.idci.data[6] = 0; /* 255.255.0.255 */
		q.idci.data[7] = 255;
		lab_rx(l, &i, ini_qm1(&q));
		T_NOTIFY(l, &i, N_INVALID_ID_INFORMATION, false);
		ini_qm_fini(&q);
		T_EQ(ike_totals(l->ike).children, 0);
	}
	down(l, &i);
}

/* ---- odd transforms ---- */

struct odd { /* a change to the SA payload's first transform */
	const char *label;
	enum { ID, ADD, ADD_LONG, ADD_EMPTY, DURATION_FIRST, SPI_8, DOI } what;
	uint16_t type, value;
};

static void
odd_edit(void *ctx, const char *label, struct msg *m, struct arena *mem)
{
	static const uint8_t twelve[12] = {1};
	const struct odd    *o = ctx;
	struct pl	    *sa = msg_find(m, ISAKMP_PL_SA, NULL);
	struct pl_transform *t;
	struct pl_attr	   **at, *a;

	if (strcmp(label, o->label) != 0 || sa == NULL)
		return;
	t = sa->u.sa.proposals->transforms;
	for (at = &t->attrs; *at != NULL; at = &(*at)->next)
		;
	switch (o->what) {
	case ID:
		t->id = (uint8_t)o->value;
		break;
	case ADD:
		*at = attr_new(mem, o->type, o->value);
		break;
	case ADD_LONG:
	case ADD_EMPTY:
		*at = attr_new_long(mem, o->type, 0x12345678);
		(*at)->data = CHUNK(twelve, o->what == ADD_LONG ? 12 : 0);
		break;
	case DURATION_FIRST: /* the last two change places */
		for (at = &t->attrs; (*at)->next->next != NULL; at = &(*at)->next)
			;
		a = (*at)->next;
		(*at)->next = NULL;
		a->next = *at;
		*at = a;
		break;
	case SPI_8:
		sa->u.sa.proposals->spi = CHUNK(twelve, 8);
		break;
	case DOI:
		sa->u.sa.doi = 7;
	}
}

static void
odd_phase1_transforms(void)
{
	static const struct {
		struct odd odd;
		uint16_t   notify; /* 0: accepted */
	} rows[] = {{{"MM1", ID, 0, 2}, N_NO_PROPOSAL_CHOSEN},
	    {{"MM1", ADD_LONG, P1A_GROUP_PRIME, 0}, N_ATTRIBUTES_NOT_SUPPORTED},
	    {{"MM1", ADD_EMPTY, P1A_PRF, 0}, N_ATTRIBUTES_NOT_SUPPORTED},
	    {{"MM1", ADD, P1A_GROUP_TYPE, 1}, 0}, {{"MM1", DURATION_FIRST, 0, 0}, 0}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct lab	*l = lab_new(NULL, 20);
		struct initiator i;
		struct lab_sa	 s;

		lab_t_peer(&i);
		i.offers[0].life_s = 1234;
		i.hooks.edit = odd_edit;
		i.hooks.ctx = (void *)(uintptr_t)&rows[k].odd;
		if (rows[k].notify == 0) {
			T_STEP(lab_phase1, l, &i);
			if (lab_sa(l, &i, &s) && !T_EQ(s.info.lifetime_s, 1234))
				T_FAIL("row %zu", k);
		} else {
			lab_rx(l, &i, ini_mm1(&i));
			if (T_NOTIFY(l, &i, rows[k].notify, true) == NULL)
				T_FAIL("row %zu", k);
			T_EQ(ike_totals(l->ike).half_open, 0);
		}
		down(l, &i);
	}
}

static void
odd_phase2_transforms(void)
{
	static const struct {
		struct odd odd;
		uint16_t   notify; /* 0: accepted */
	} rows[] = {{{"QM1", ID, 0, 77}, N_NO_PROPOSAL_CHOSEN},
	    {{"QM1", ADD, P2A_AUTH, 77}, N_NO_PROPOSAL_CHOSEN},
	    {{"QM1", ADD, P2A_GROUP, 77}, N_NO_PROPOSAL_CHOSEN},
	    {{"QM1", ADD, 99, 1}, N_ATTRIBUTES_NOT_SUPPORTED},
	    {{"QM1", ADD_LONG, P2A_COMPRESS_PRIVATE, 0}, N_ATTRIBUTES_NOT_SUPPORTED},
	    {{"QM1", ADD, P2A_ECN_TUNNEL, 1}, 0}, {{"QM1", SPI_8, 0, 0}, N_NO_PROPOSAL_CHOSEN},
	    {{"QM1", DOI, 0, 0}, N_DOI_NOT_SUPPORTED}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct lab	*l;
		struct initiator i;
		struct ini_qm	 q;

		if (up(&l, &i, NULL, 21)) {
			ini_qm_init(&q, &i);
			i.hooks.edit = odd_edit;
			i.hooks.ctx = (void *)(uintptr_t)&rows[k].odd;
			if (rows[k].notify == 0) {
				T_STEP(lab_quick, l, &q);
				T_TRUE(lab_same_keys(l, &q));
			} else {
				lab_rx(l, &i, ini_qm1(&q));
				if (T_NOTIFY(l, &i, rows[k].notify, false) == NULL)
					T_FAIL("row %zu", k);
				T_STR(lab_state(l, &i), "MM_ACTIVE");
			}
			ini_qm_fini(&q);
		}
		down(l, &i);
	}
}

/* RFC 2407 4.5: without the attribute the mode is the host's choice; everybody means tunnel. */
static void
no_encapsulation_mode(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	struct lab_child kid;

	if (up(&l, &i, NULL, 22)) {
		ini_qm_init(&q, &i);
		q.offers[0].encap = 0;
		T_STEP(lab_quick, l, &q);
		if (T_EQ(lab_children(l, &kid, 1), 1))
			T_EQ(kid.info.encap, ENCAP_TUNNEL);
		ini_qm_fini(&q);
	}
	down(l, &i);
}

static void
too_many_nat_oa(void *ctx, const char *label, struct msg *m, struct arena *mem)
{
	static const uint8_t address[] = {10, 0, 0, 5};

	(void)ctx;
	for (int k = 0; strcmp(label, "QM1") == 0 && k < 3; k++) {
		struct pl *pl = msg_add(m, ISAKMP_PL_NATOA, mem);

		pl->u.natoa = (struct pl_natoa){.kind = ID_IPV4_ADDR, .data = CHUNK(address, 4)};
	}
}

static void
three_nat_oa_payloads(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, NULL, 23)) {
		ini_qm_init(&q, &i);
		i.hooks.edit = too_many_nat_oa;
		lab_rx(l, &i, ini_qm1(&q));
		T_NOTIFY(l, &i, N_PAYLOAD_MALFORMED, false);
		T_STR(lab_state(l, &i), "MM_ACTIVE");
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* ---- our own Quick Mode ---- */

/* The peer answers with RESPONDER-LIFETIME: the shorter one counts. */
static void
tell_lifetime(void *ctx, const char *label, struct msg *m, struct arena *mem)
{
	static const uint8_t data[] = {0x80, 1, 0, 1, 0x80, 2, 0x01, 0x2c};
	struct pl	    *n;

	(void)ctx;
	if (strcmp(label, "QM2") != 0)
		return;
	n = msg_add(m, ISAKMP_PL_N, mem);
	n->u.notify = (struct pl_notify){.doi = IPSEC_DOI,
	    .protocol = PROTO_ESP,
	    .type = N_RESPONDER_LIFETIME,
	    .data = CHUNK(data, sizeof(data))};
}

static void
the_peer_tells_its_lifetime(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q, r = {.nonce_len = 20};
	struct lab_child kids[2];
	struct chunk	 d;
	struct why	 w = {0};

	if (up(&l, &i, NULL, 30)) {
		ini_qm_init(&q, &i);
		T_STEP(lab_quick, l, &q);
		T_EQ(ike_rekey(l->ike, &everybody), 1);
		r.ini = &i;
		i.hooks.edit = tell_lifetime;
		if (T_TRUE(lab_take(l, &d)) && T_OK(ini_qm1_in(&r, d, &w)))
			lab_rx(l, &i, ini_qm2_out(&r));
		if (T_EQ(lab_children(l, kids, 2), 2))
			for (int k = 0; k < 2; k++)
				if (kids[k].info.initiator)
					T_EQ(kids[k].info.lifetime_s, 300);
		ini_qm_fini(&q);
		ini_qm_fini(&r);
	}
	down(l, &i);
}

static void
no_room_for_a_rekey(void)
{
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;

	if (up(&l, &i, &(struct lab_policy){.top = "limits = { phase2_per_sa = 2; };"}, 31)) {
		ini_qm_init(&q, &i);
		T_STEP(lab_quick, l, &q);
		ike_rekey(l->ike, &everybody);
		T_SILENT(l); /* the pair and its lingering exchange fill the limit */
		T_EQ(ike_totals(l->ike).children, 1);
		T_STR(lab_state(l, &i), "MM_ACTIVE");
		ini_qm_fini(&q);
	}
	down(l, &i);
}

/* ---- headers ---- */

static void
zero_cookie_and_trailing_octets(void)
{
	struct lab	*l = lab_new(NULL, 40);
	struct initiator i;
	struct chunk	 d;
	uint8_t		 m[512];

	lab_t_peer(&i);
	d = ini_mm1(&i);
	memcpy(m, d.p, d.n);
	memset(m, 0, 8);
	lab_rx(l, &i, CHUNK(m, d.n));
	T_SILENT(l);
	memcpy(m, d.p, d.n);
	memset(m + d.n, 0, 4);
	m[27] = (uint8_t)(m[27] + 4);
	lab_rx(l, &i, CHUNK(m, d.n + 4));
	T_NOTIFY(l, &i, N_PAYLOAD_MALFORMED, true);
	T_EQ(ike_totals(l->ike).half_open, 0);
	T_EQ(lab_counter(l, CNT_malformed), 2);
	down(l, &i);
}

/* No lifetime on either side: the SA lives until it is deleted. */
static void
no_lifetime_at_all(void)
{
	struct lab	*l;
	struct initiator i;
	struct lab_sa	 s;

	l = lab_new_with(
	    &(struct lab_policy){
		.p1 = "encryption = \"aes-128\"; hash = \"sha1\"; group = 31; lifetime = 0;"},
	    41);
	lab_t_peer(&i);
	i.offers[0].life_s = 0;
	T_STEP(lab_phase1, l, &i);
	if (lab_sa(l, &i, &s))
		T_EQ(s.info.lifetime_s + s.info.remaining_s, 0);
	lab_advance(l, UINT64_C(1000) * 86400 * 30);
	T_STR(lab_state(l, &i), "MM_ACTIVE");
	T_SILENT(l);
	down(l, &i);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(dpd_without_a_number);
	T_RUN(initial_contact_by_itself);
	T_RUN(delete_of_a_sibling);
	T_RUN(delete_of_an_odd_protocol);
	T_RUN(remote_id_of_every_kind);
	T_RUN(crippled_proxy_identities);
	T_RUN(odd_phase1_transforms);
	T_RUN(odd_phase2_transforms);
	T_RUN(no_encapsulation_mode);
	T_RUN(three_nat_oa_payloads);
	T_RUN(the_peer_tells_its_lifetime);
	T_RUN(no_room_for_a_rekey);
	T_RUN(zero_cookie_and_trailing_octets);
	T_RUN(no_lifetime_at_all);
	return lab_t_end();
}
