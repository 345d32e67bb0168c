/*
 * tests/unit/fault/test_room.c - arming: how faults are written, which contradict, when they act.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_local.h"
#include "fault_t.h"

static struct talk t;
static struct shot s;

/* ---- how they are written ---- */

static void
written(void)
{
	struct fault_spec spec;
	struct why	  w = {0};

	T_OK(fault_parse("mm4.drop", &spec, &w));
	T_STR(spec.def->name, "mm4.drop");
	T_EQ(spec.count, 0);
	T_EQ(spec.occurrence, 0);
	T_TRUE(spec.probability == 1);
	T_OK(fault_parse("MM4.Bad-KE=P-1@2 p=0.25 seed=0x10 count=3", &spec, &w));
	T_EQ(spec.v[0].choice, 4);
	T_EQ(spec.occurrence, 2);
	T_EQ(spec.count, 3);
	T_EQ(spec.seed, 16);
	T_TRUE(spec.probability == 0.25);
	T_OK(fault_parse("delay=mm4,500", &spec, &w));
	T_STR(spec.v[0].text, "MM4");
	T_EQ(spec.v[1].number, 500);
	T_OK(fault_parse("delay mm4 500", &spec, &w));
	T_STR(spec.v[0].text, "MM4");
	T_EQ(spec.v[1].number, 500);
	T_OK(fault_parse("mm6.wrong-id=user@example", &spec, &w));
	T_STR(spec.v[0].text, "user@example");
	T_EQ(spec.occurrence, 0);
	T_OK(fault_parse("hdr.length=-4", &spec, &w));
	T_EQ(spec.v[0].number, -4);
	T_STR(spec.v[1].text, "MM2");
	T_OK(fault_parse("mm4.bad-ke", &spec, &w));
	T_EQ(spec.v[0].choice, 5); /* short */
}

static void
miswritten(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {{"mm4.dorp", "there is no fault \"mm4.dorp\"; did you mean \"mm4.drop\"?"},
	    {"something-else-entirely",
		"there is no fault \"something-else-entirely\"; `ikev1ctl fault list' shows them"},
	    {"", "an empty fault, expected a name"}, {"   ", "an empty fault, expected a name"},
	    {"mm4.drop=x", "mm4.drop: argument \"x\" is too many, expected none"},
	    {"mm4.bad-ke=shrt",
		"mm4.bad-ke: \"shrt\" is none of omit|empty|zero|one|p-1|short|long"},
	    {"mm4.bad-ke=short,long",
		"mm4.bad-ke: argument \"long\" is too many, expected "
		"omit|empty|zero|one|p-1|short|long"},
	    {"qm2.ids", "qm2.ids: argument swap|narrow|widen|omit|one|three is missing"},
	    {"delay=mm4", "delay: argument MILLISECONDS is missing"},
	    {"delay=mm9,1", "delay: \"mm9\" is none of MM2|MM4|MM6|QM1|QM2|QM3|INFO"},
	    {"delay=mm4,0", "delay: MILLISECONDS is \"0\", expected 1 to 3600000"},
	    {"delay=mm4,5x", "delay: MILLISECONDS is \"5x\", expected 1 to 3600000"},
	    {"mm4.drop@0", "occurrence @0, expected @1 to @1000000"},
	    {"mm4.drop p=0", "p is \"0\", expected more than 0, at most 1"},
	    {"mm4.drop p=1.5", "p is \"1.5\", expected more than 0, at most 1"},
	    {"mm4.drop p=nan", "p is \"nan\", expected more than 0, at most 1"},
	    {"mm4.drop seed=-1", "seed is \"-1\", expected a number"},
	    {"mm4.drop count=0", "count is \"0\", expected 1 to 1000000"},
	    {"mm4.drop colour=red", "\"colour\" is none of p, seed, count"}};
	static char long_text[FAULT_SPEC_MAX + 1];
	struct why  w;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		w = (struct why){0};
		T_ERR(fault_check(rows[i].text, &w), IKE_E_CONF);
		T_STR(w.text, rows[i].why);
	}
	memset(long_text, 'x', FAULT_SPEC_MAX);
	T_ERR(fault_check(long_text, &w), IKE_E_CONF);
	T_STR(w.text, "fault of 160 octets, 159 are the most");
}

/* ---- contradictions ---- */

static void
contradictions(void)
{
	static const struct {
		const char *first, *second;
		bool	    ok;
	} rows[] = {{"mm4.drop", "mm4.drop", false}, {"mm4.drop@1", "mm4.drop@3", true},
	    {"mm4.drop@1", "mm4.drop@1", false}, {"mm4.bad-ke=zero", "mm4.bad-ke=one", false},
	    {"mm2.all", "mm2.foreign-transform", false},
	    {"mm2.lifetime-up", "mm2.foreign-transform", true}, {"mm1.ignore", "mm4.drop", false},
	    {"mm4.drop", "mm1.ignore", false}, {"mm1.ignore@1", "mm4.drop", true},
	    {"mm1.ignore count=2", "mm4.drop", true}, {"mm1.ignore p=0.5", "mm4.drop", true},
	    {"psk.mismatch", "qm1.ignore", false},
	    {"psk.mismatch", "psk.mismatch:protected", false},
	    {"psk.mismatch", "mm4.natd-lie", true}, {"mm4.drop", "mm4.late-replay", true},
	    {"delay=MM4,5", "delay=MM2,5", true}, {"delay=MM4,5", "reorder=MM4", false},
	    {"delay=MM4,5", "delay=MM4,6", false}, {"mm3.ignore", "delay=MM4,5", false},
	    {"mm3.ignore", "delay=MM2,5", true}, {"hdr.flags=MM2", "hdr.version=MM2", false},
	    {"hdr.flags=MM2", "hdr.version=MM4", true}, {"dpd.mute", "notify.invalid-spi", true},
	    {"qm2.ids=swap", "qm2.spi0", true}, {"delete.p2", "delete.double", false},
	    {"mm6.drop", "p1.ok-then-delete", false}, {"qm3.ignore", "qm2.lifetime", true}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault_room *room = fault_room_new();
		struct why	   w = {0};

		T_OK(fault_set(room, "g", rows[i].first, 0, &w));
		if ((fault_set(room, "g", rows[i].second, 0, &w) == IKE_OK) != rows[i].ok)
			T_FAIL("%s and %s: %s", rows[i].first, rows[i].second,
			    rows[i].ok ? w.text : "both are armed");
		/* Another group is another matter. */
		w = (struct why){0};
		T_OK(fault_set(room, "h", rows[i].second, 0, &w));
		fault_room_free(room);
	}
}

static void
limit(void)
{
	struct fault_room *room = fault_room_new();
	struct why	   w = {0};
	char		   group[16];

	T_TRUE(!fault_any(room));
	for (unsigned i = 0; i < FAULT_ARMED_MAX; i++) {
		snprintf(group, sizeof(group), "g%u", i);
		T_OK(fault_set(room, group, "mm4.drop", 0, &w));
	}
	T_ERR(fault_set(room, "one-more", "mm4.drop", 0, &w), IKE_E_LIMIT);
	T_TRUE(fault_any(room));
	T_EQ(fault_clear(room, "g3", NULL), 1);
	T_EQ(fault_clear(room, "g3", NULL), 0);
	T_EQ(fault_clear(room, NULL, "mm6.drop"), 0);
	T_EQ(fault_clear(room, NULL, "mm4.drop"), FAULT_ARMED_MAX - 1);
	T_TRUE(!fault_any(room));
	fault_room_free(room);
}

/* ---- when they act ---- */

/* A negotiation up to MM4; did it come? */
static bool
mm4_comes(struct lab *l, struct initiator *i, bool *twice)
{
	static uint8_t copy[INI_OUT];
	struct why     w = {0};
	struct chunk   m;
	bool	       came;

	ini_init(i, peer_crypto, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(31));
	T_TRUE(lab_mm12(l, i, &w));
	m = ini_mm3(i);
	memcpy(copy, m.p, m.n);
	lab_rx(l, i, CHUNK(copy, m.n));
	came = l->count > 0;
	lab_drop(l);
	lab_rx(l, i, CHUNK(copy, m.n));
	*twice = l->count > 0;
	lab_drop(l);
	ini_fini(i);
	return came;
}

static void
negotiations(const char *fault, const char *want)
{
	static struct initiator i;
	struct lab	       *l = lab_new(NULL, 5);
	char			got[64] = "";
	struct why		w = {0};
	bool			again;

	T_OK(fault_set(l->faults, "lab", fault, 0, &w));
	for (size_t k = 0; k < strlen(want); k += 2) {
		got[k] = mm4_comes(l, &i, &again) ? '+' : '-';
		got[k + 1] = again ? '+' : '-';
	}
	T_STR(got, want);
	lab_free(l);
}

/* Two signs a negotiation: MM4 and the same again after a resent MM3; "-" was lost. */
static void
counted(void)
{
	negotiations("mm4.drop", "------");
	negotiations("mm4.drop count=1", "--++++");
	negotiations("mm4.drop count=2", "----++");
	negotiations("mm4.drop@1", "-+++++");
	negotiations("mm4.drop@2", "+-++++");
	negotiations("mm4.drop@3", "++-+++");
	negotiations("mm4.drop@3 count=1", "++-+++");
}

static void
chance(void)
{
	static struct initiator i;
	char		        runs[3][41];
	struct why		w = {0};
	unsigned		lost = 0;

	for (int r = 0; r < 3; r++) {
		struct lab *l = lab_new(NULL, 5);
		bool	    again;

		T_OK(fault_set(l->faults, "lab",
		    r < 2 ? "mm4.drop p=0.3 seed=42" : "mm4.drop p=0.3 seed=43", 0, &w));
		T_TRUE(lab_logged(l, r < 2 ? "p=0.3 seed=42" : "p=0.3 seed=43"));
		for (int k = 0; k < 40; k += 2) {
			runs[r][k] = mm4_comes(l, &i, &again) ? '+' : '-';
			runs[r][k + 1] = again ? '+' : '-';
		}
		runs[r][40] = '\0';
		lab_free(l);
	}
	T_STR(runs[1], runs[0]); /* the seed repeats it */
	T_TRUE(strcmp(runs[2], runs[0]) != 0);
	for (int k = 0; k < 40; k++)
		lost += runs[0][k] == '-';
	T_TRUE(lost >= 4 && lost <= 20); /* 12 on average */
}

struct states {
	unsigned n;
	struct fault_state last;
	char text[80], group[32];
};

static void
state(void *ctx, const struct fault_state *f)
{
	struct states *all = ctx;

	all->n++;
	all->last = *f;
	snprintf(all->text, sizeof(all->text), "%s", f->text);
	snprintf(all->group, sizeof(all->group), "%s", f->group);
}

static void
shown(void)
{
	struct states all = {0};
	char	      names[FAULT_NAMES];
	uint64_t      id;

	talk_begin(&t, "mm4.bad-ke=zero count=2", PLAIN);
	T_TRUE(talk_to(&t, "MM4"));
	T_TRUE(talk_shot(&t, &s));
	fault_each(t.l->faults, state, &all);
	T_EQ(all.n, 1);
	T_STR(all.text, "mm4.bad-ke=zero count=2");
	T_STR(all.group, "lab");
	T_EQ(all.last.count, 2);
	T_EQ(all.last.left, 1);
	T_EQ(all.last.seen, 1);
	T_EQ(all.last.fired, 1);
	T_TRUE(!all.last.from_policy);
	memcpy(&id, t.i.cky_i, sizeof(id));
	T_STR(fault_of(t.l->faults, id, names, sizeof(names)), "mm4.bad-ke");
	T_STR(fault_of(t.l->faults, id + 1, names, sizeof(names)), "");
	talk_end(&t);
}

/* ---- the policy's ---- */

struct lines {
	char text[2000];
};

static void
line(void *ctx, const char *text)
{
	struct lines *l = ctx;
	size_t	      n = strlen(l->text);

	snprintf(l->text + n, sizeof(l->text) - n, "%s\n", strchr(text, ':'));
}

static void
policies(void)
{
	struct lab_policy  good = {.group = "faults = [ \"psk.mismatch\", \"mm4.drop@2\" ];"};
	struct lab_policy bad = {
	    .group = "\nfaults = [ \"psk.mismatch\",\n \"mm4.dorp\", \"mm6.drop\" ];"};
	char		  *text = lab_policy_text(&good), *wrong = lab_policy_text(&bad);
	struct policy	  *p = lab_load(text), *q = lab_load(wrong);
	struct fault_room *room = fault_room_new();
	struct states	   all = {0};
	struct lines	   said = {""};
	struct why	   w = {0};
	int		   at = q->groups[0].faults[1].line;
	char		   want[400];

	T_TRUE(fault_check_policy(p, line, &said));
	T_STR(said.text, "");
	fault_set_policy(room, p);
	fault_each(room, state, &all);
	T_EQ(all.n, 2);
	T_STR(all.text, "mm4.drop@2");
	T_TRUE(all.last.from_policy);
	/* Armed at run time: stays over a reload, which arms the policy's anew. */
	/* no negotiation gets that far */
	T_ERR(fault_set(room, "lab", "dpd.mute", 0, &w), IKE_E_CONF);
	T_OK(fault_set(room, "lab", "mm2.lifetime-up", 0, &w));
	fault_set_policy(room, p);
	all = (struct states){0};
	fault_each(room, state, &all);
	T_EQ(all.n, 3);

	T_TRUE(!fault_check_policy(q, line, &said));
	snprintf(want, sizeof(want),
	    ":%d: faults: there is no fault \"mm4.dorp\"; did you mean \"mm4.drop\"?\n"
	    ":%d: faults: \"mm6.drop\" contradicts \"psk.mismatch\": no negotiation gets that far with it\n",
	    at, at);
	T_STR(said.text, want);
	policy_unref(p);
	policy_unref(q);
	free(text);
	free(wrong);
	fault_room_free(room);
}

/* ---- the table ---- */

static void
table(void)
{
	T_TRUE(fault_count() > 60);
	for (const struct fault_def *d = fault_table; d->name != NULL; d++) {
		struct why w = {0};

		if (d->wire == NULL || d->asa == NULL || d->swan == NULL || d->how == NULL)
			T_FAIL("%s: a text is missing", d->name);
		if (d->hooks[0].fn == NULL || d->stage == 0)
			T_FAIL("%s: does nothing, or nowhere", d->name);
		for (const struct fault_def *e = d + 1; e->name != NULL; e++)
			T_TRUE(strcmp(d->name, e->name) != 0);
		for (size_t i = 0; i < FAULT_ARGS && d->args[i].kind != ARG_NONE; i++) {
			struct fault_spec spec;

			if (d->args[i].def != NULL)
				continue;
			T_ERR(fault_parse(d->name, &spec, &w), IKE_E_CONF);
		}
	}
}

/* ---- honest by default ---- */

/* Everything that the engine sends in a whole conversation, as text. */
static char *
conversation(const char *fault_of_other_group, bool roomless)
{
	struct lab    *with = NULL;
	struct crypto *crypto = NULL;
	char	      *all;
	struct why     w = {0};

	talk_begin(&t, NULL, WITH_PFS | WITH_NATT);
	if (roomless) { /* an engine without room and without ports around it */
		with = t.l;
		crypto = crypto_new_replay(SEED, &w);
		t.l = lab_new_shared(with->policy, crypto, SEED, 7);
		T_TRUE(t.l->faults == NULL && t.l->around == NULL);
	}
	if (fault_of_other_group != NULL)
		T_OK(fault_set(t.l->faults, "somebody-else", fault_of_other_group, 0, &w));
	lab_record(t.l);
	T_TRUE(talk_to(&t, "QM_UP"));
	lab_rx(t.l, &t.i, ini_dpd(&t.i, N_R_U_THERE, 1));
	T_EQ(ike_delete(t.l->ike, &(struct ike_match){0}), 1);
	T_TRUE(t.l->record_n > 1000);
	all = strdup(t.l->record);
	if (roomless) {
		lab_free(t.l);
		crypto_free(crypto);
		t.l = with;
	}
	talk_end(&t);
	return all;
}

static void
honest(void)
{
	char	*unarmed = conversation(NULL, false), *alone = conversation(NULL, true);
	unsigned n = 0;

	T_STR(unarmed, alone);
	free(alone);
	for (const struct fault_def *d = fault_table; d->name != NULL; d++) {
		char  text[120];
		char *armed;

		snprintf(text, sizeof(text), "%s", d->name);
		for (size_t i = 0; i < FAULT_ARGS && d->args[i].kind != ARG_NONE; i++) {
			size_t k = strlen(text);

			snprintf(text + k, sizeof(text) - k, " %.*s",
			    (int)strcspn(d->args[i].kind == ARG_STEP ? "MM4" :
				    d->args[i].kind == ARG_NUMBER    ? "100" :
								       d->args[i].words,
				"|"),
			    d->args[i].kind == ARG_STEP	      ? "MM4" :
				d->args[i].kind == ARG_NUMBER ? "100" :
								d->args[i].words);
		}
		armed = conversation(text, false);
		if (strcmp(armed, unarmed) != 0)
			T_FAIL("%s, armed for another group, changes something", text);
		free(armed);
		n++;
	}
	T_EQ(n, fault_count());
	free(unarmed);
}

int
main(void)
{
	struct log_conf quiet = {.target = LOG_T_NONE, .level = LOG_L_ERR};
	struct why	w = {0};

	if (!lab_t_begin() || log_open(&quiet, &w) != IKE_OK)
		return 1;
	T_RUN(written);
	T_RUN(miswritten);
	T_RUN(contradictions);
	T_RUN(limit);
	T_RUN(counted);
	T_RUN(chance);
	T_RUN(shown);
	T_RUN(policies);
	T_RUN(table);
	T_RUN(honest);
	return lab_t_end();
}
