/*
 * After a key mismatch: every slip is recognised, none is claimed that was not made, the budget is
 * kept, no secret is left behind.
 *
 * The linker puts the function below in front of free() (--wrap, see Makefile).
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <malloc.h>

#include "ike/record.h"
#include "peer/lab_t.h"

void __real_free(void *);
void __wrap_free(void *);

static struct { /* octets that no freed memory may hold */
	uint8_t b[4][ALG_MAX_PUBLIC];
	size_t n[4];
	unsigned count, freed, left;
} secrets;

void
__wrap_free(void *p)
{
	size_t n = p != NULL ? malloc_usable_size(p) : 0;

	secrets.freed += p != NULL;
	for (unsigned i = 0; i < secrets.count; i++)
		if (n >= secrets.n[i] && memmem(p, n, secrets.b[i], secrets.n[i]) != NULL)
			secrets.left++;
	__real_free(p);
}

static void
watch(struct chunk c)
{
	memcpy(secrets.b[secrets.count], c.p, c.n);
	secrets.n[secrets.count++] = c.n;
}

/* ---- policies ---- */

#define OLD "asa-old-key"

/* The tunnel group of the lab with that key, and others of other peers. */
static char *
policy_text(const char *key, unsigned others, bool on)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	fprintf(f,
	    "log = { target = \"none\"; };\ncontrol = { socket = \"/nonexistent/control.sock\"; };\n"
	    "diagnose_psk = %s;\n"
	    "isakmp_policies = ( { name = \"p1\"; encryption = \"aes-128\"; hash = \"sha1\"; group = 31; } );\n"
	    "transform_sets = ( { name = \"esp\"; encryption = \"aes-128\"; integrity = \"sha1\"; } );\n"
	    "tunnel_groups = ( { name = \"lab\"; peer = \"" LAB_HIM
	    "\"; pre_shared_key = \"%s\"; },\n"
	    "  { name = \"asa-old\"; peer = \"203.0.113.1\"; pre_shared_key = \"" OLD "\"; }",
	    on ? "true" : "false", key);
	for (unsigned i = 0; i < others; i++)
		fprintf(f,
		    ",\n  { name = \"g%u\"; peer = \"10.%u.%u.1\"; pre_shared_key = \"key number %u\"; }",
		    i, i / 200, i % 200, i);
	fprintf(f, " );\n");
	fclose(f);
	return text;
}

static struct lab *
bench(const char *key, unsigned others, bool on, uint64_t seed)
{
	char *text = policy_text(key, others, on);
	struct lab *l = lab_new(text, seed);

	free(text);
	return l;
}

static void
peer(struct initiator *i, struct chunk key)
{
	lab_t_peer(i);
	memcpy(i->psk, key.p, key.n);
	i->psk_n = key.n;
}

/* Up to message 5, which our key does not fit. */
static bool
fail_with(struct lab *l, struct initiator *i, struct chunk key)
{
	peer(i, key);
	if (!T_STEP(lab_mm12, l, i) || !T_STEP(lab_mm34, l, i))
		return false;
	lab_rx(l, i, ini_mm5(i));
	return T_EQ(lab_counter(l, CNT_phase1_key_mismatch), 1);
}

static void
first_record(void *ctx, const struct record *rec)
{
	char *buf = ctx;

	if (buf[0] == '\0')
		snprintf(buf, 200, "(%s)", rec->key_found);
}

/* What the record of the last negotiation says, in brackets. */
static const char *
recorded(struct lab *l)
{
	static char buf[200];

	buf[0] = '\0';
	ike_each_record(l->ike, &(struct ike_match){0}, first_record, buf);
	return buf;
}

/* ---- the slips ---- */

#define SIXTY "123456789.123456789.123456789.123456789.123456789.123456789."
#define LONG SIXTY "1234" SIXTY "1234" /* 128 */

/* clang-format off */
static const struct slip {
	const char *ours, *theirs, *words;
} slips[] = {
	{ "key", "key ", "yours plus a trailing space" },
	{ "key", "key  ", "yours plus two trailing spaces" },
	{ "key", "key\n", "yours plus a trailing newline" },
	{ "key", "key\r\n", "yours plus a trailing CR LF" },
	{ "key", "key\r", "yours plus a trailing CR" },
	{ "key", "key\t", "yours plus a trailing tab" },
	{ "key", " key", "yours plus a leading space" },
	{ "key", "\tkey", "yours plus a leading tab" },
	{ "key", "\nkey", "yours plus a leading newline" },
	{ "key", "\r\nkey", "yours plus a leading CR LF" },
	{ "key", " key ", "yours plus a leading and a trailing space" },
	{ " key ", "key", "yours without the white space at its ends" },
	{ "key ", "key", "yours without the white space at its ends" },
	{ "key", "\"key\"", "yours in double quotes" },
	{ "key", "'key'", "yours in single quotes" },
	{ "key", "\"key", "yours plus a leading double quote" },
	{ "key", "key\"", "yours plus a trailing double quote" },
	{ "key", "'key", "yours plus a leading single quote" },
	{ "key", "key'", "yours plus a trailing single quote" },
	{ "\\\"key\\\"", "key", "yours without its double quotes" },
	{ "'key'", "key", "yours without its single quotes" },
	{ "Lab-Key 1", "LAB-KEY 1", "yours in upper case" },
	{ "Lab-Key 1", "lab-key 1", "yours in lower case" },
	{ "lab-Key", "Lab-Key", "yours with the case of the first letter changed" },
	{ "Lab-KEY", "lab-KEY", "yours with the case of the first letter changed" },
	{ SIXTY "12345", SIXTY "1234", "yours cut after 64 characters" },
	{ LONG "5", LONG, "yours cut after 128 characters" },
	{ "", "", NULL },
	{ "0x4c6f62", "Lob", "yours, hex text read as octets" },
	{ "4C6f62", "Lob", "yours, hex text read as octets" },
	{ "Lob", "4c6f62", "yours written as hex text" },
	{ "Lob", "0x4c6f62", "yours written as hex text with 0x" },
	{ "Lob", "4C6F62", "yours written as hex text in capitals" },
	{ "Lob", "0x4C6F62", "yours written as hex text in capitals with 0x" },
	{ "key", "", "empty" },
	{ "key", "*****", "the text \"*****\", which an ASA shows in place of a key" },
	{ "key", "********",
	  "the text \"********\", which \"ikev1ctl show policy\" shows in place of a key" },
	{ "key", OLD, "that of tunnel group asa-old" },
	{ "key", OLD " ", "that of tunnel group asa-old plus a trailing space" },
	{ "key", "ASA-OLD-KEY", "that of tunnel group asa-old in upper case" },
	{ "key", "\"" OLD "\"", "that of tunnel group asa-old in double quotes" },
};
/* clang-format on */

static void
one_slip(const struct slip *s, uint64_t seed)
{
	struct lab *l = bench(s->ours, 3, true, seed);
	struct initiator i;
	char line[240];

	if (fail_with(l, &i, CHUNK((const uint8_t *)s->theirs, strlen(s->theirs)))) {
		T_STR(recorded(l), "()");
		T_EQ(lab_counter(l, CNT_psk_candidates), 0); /* nothing on the packet path */
		lab_advance(l, 200);
		snprintf(line, sizeof(line), "key diagnosis: the peer's key is %s", s->words);
		T_TRUE(lab_logged(l, line));
		snprintf(line, sizeof(line), "(the peer's key is %s)", s->words);
		T_STR(recorded(l), line);
		T_EQ(l->events[EVT_PSK_DIAGNOSED], 1);
		T_EQ(lab_counter(l, CNT_psk_found), 1);
	}
	ini_fini(&i);
	lab_free(l);
}

static void
every_slip_is_found(void)
{
	for (size_t k = 0; k < ARRAY_LEN(slips); k++)
		if (slips[k].words != NULL)
			one_slip(&slips[k], 100 + k);
}

static void
nothing_else_is_claimed(void)
{
	static const char *const keys[] = {"completely different", "ke", "keyy", "yek", " key  ",
	    "kEy", "asa-old-ke", "****", "(not tried)"};

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		struct lab *l = bench("key", 3, true, 200 + k);
		struct initiator i;

		if (fail_with(l, &i, CHUNK((const uint8_t *)keys[k], strlen(keys[k])))) {
			char line[100];

			lab_advance(l, 1000);
			T_STR(recorded(l), "()");
			T_EQ(lab_counter(l, CNT_psk_found), 0);
			T_EQ(l->events[EVT_PSK_DIAGNOSED], 1);
			snprintf(line, sizeof(line),
			    "key diagnosis: the peer's key is none of the %u that were tried",
			    (unsigned)lab_counter(l, CNT_psk_candidates));
			T_TRUE(lab_logged(l, line));
			T_TRUE(!lab_logged(l, "more are not tried"));
		}
		ini_fini(&i);
		lab_free(l);
	}
}

/* The keys decrypt, HASH_I is a lie: no candidate may be taken for right because it decrypts. */
static void
spoil_hash(void *ctx, const char *label, struct msg *m, struct arena *mem)
{
	struct pl *pl = msg_find(m, ISAKMP_PL_HASH, NULL);

	(void)ctx, (void)mem;
	if (strcmp(label, "MM5") == 0 && pl != NULL)
		((uint8_t *)(uintptr_t)pl->u.raw.p)[0] ^= 1;
}

static void
decrypting_is_not_enough(void)
{
	struct lab *l = bench("key", 3, true, 300);
	struct initiator i;

	peer(&i, CHUNK((const uint8_t *)OLD, strlen(OLD)));
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	i.hooks.edit = spoil_hash;
	lab_rx(l, &i, ini_mm5(&i));
	lab_advance(l, 1000);
	T_EQ(lab_counter(l, CNT_psk_diagnoses), 1);
	T_EQ(lab_counter(l, CNT_psk_found), 0);
	T_STR(recorded(l), "()");
	ini_fini(&i);
	lab_free(l);
}

/* With our own key as well: HASH_I fails, and no other key is blamed for it. */
static void
hash_i_of_the_right_key(void)
{
	struct lab *l = bench("key", 3, true, 301);
	struct initiator i;

	peer(&i, CHUNK((const uint8_t *)"key", 3));
	T_STEP(lab_mm12, l, &i);
	T_STEP(lab_mm34, l, &i);
	i.hooks.edit = spoil_hash;
	lab_rx(l, &i, ini_mm5(&i));
	T_TRUE(lab_logged(l, "HASH_I of message 5 does not verify"));
	lab_advance(l, 1000);
	T_EQ(lab_counter(l, CNT_psk_diagnoses), 1);
	T_EQ(lab_counter(l, CNT_psk_found), 0);
	ini_fini(&i);
	lab_free(l);
}

/* ---- bounds ---- */

static void
the_budget_is_kept(void)
{
	struct lab *l = bench("key", 1000, true, 400);
	struct initiator i;
	uint64_t before = 0;

	if (fail_with(l, &i, CHUNK((const uint8_t *)"nobody's", 8))) {
		for (unsigned ms = 0; ms < 400; ms++) {
			lab_advance(l, 1);
			T_TRUE(lab_counter(l, CNT_psk_candidates) - before <= 20);
			before = lab_counter(l, CNT_psk_candidates);
		}
		T_EQ(lab_counter(l, CNT_psk_candidates), 200);
		T_TRUE(lab_logged(l,
		    "key diagnosis: the peer's key is none of the 200 that were tried, and more are not tried"));
		T_STR(recorded(l), "()");
	}
	ini_fini(&i);
	lab_free(l);
	/* A key within the budget is found among a thousand. */
	l = bench("key", 1000, true, 401);
	if (fail_with(l, &i, CHUNK((const uint8_t *)"key number 99", 13))) {
		lab_advance(l, 400);
		T_STR(recorded(l), "(the peer's key is that of tunnel group g99)");
	}
	ini_fini(&i);
	lab_free(l);
}

static void
one_at_a_time(void)
{
	struct lab *l = bench("key", 1000, true, 500);
	struct initiator a, b;

	peer(&a, CHUNK((const uint8_t *)"key ", 4));
	peer(&b, CHUNK((const uint8_t *)"key\n", 4));
	T_STEP(lab_mm12, l, &a);
	T_STEP(lab_mm34, l, &a);
	T_STEP(lab_mm12, l, &b);
	T_STEP(lab_mm34, l, &b);
	lab_rx(l, &a, ini_mm5(&a));
	lab_rx(l, &b, ini_mm5(&b));
	lab_advance(l, 400);
	T_EQ(lab_counter(l, CNT_phase1_key_mismatch), 2);
	T_EQ(lab_counter(l, CNT_psk_diagnoses), 1);
	T_EQ(lab_counter(l, CNT_psk_diagnoses_skipped), 1);
	T_EQ(lab_counter(l, CNT_psk_found), 1);
	T_TRUE(lab_logged(l, "yours plus a trailing space"));
	ini_fini(&a);
	ini_fini(&b);
	/* And the next one has its turn again. */
	lab_drop(l);
	peer(&a, CHUNK((const uint8_t *)"KEY", 3));
	T_STEP(lab_mm12, l, &a);
	T_STEP(lab_mm34, l, &a);
	lab_rx(l, &a, ini_mm5(&a));
	lab_advance(l, 400);
	T_EQ(lab_counter(l, CNT_psk_found), 2);
	ini_fini(&a);
	lab_free(l);
}

static void
off_means_off(void)
{
	struct lab *l = bench("key", 0, false, 600);
	struct initiator i;

	if (fail_with(l, &i, CHUNK((const uint8_t *)"key ", 4))) {
		lab_advance(l, 1000);
		T_EQ(lab_counter(l, CNT_psk_diagnoses), 0);
		T_EQ(lab_counter(l, CNT_psk_candidates), 0);
		T_EQ(l->events[EVT_PSK_DIAGNOSED], 0);
	}
	ini_fini(&i);
	lab_free(l);
}

/* Nobody's negotiation is slowed down or spoilt by it. */
static void
others_go_on(void)
{
	struct lab *l = bench("key", 1000, true, 700);
	struct initiator bad, good;

	if (fail_with(l, &bad, CHUNK((const uint8_t *)"nobody's", 8))) {
		lab_drop(l);
		lab_advance(l, 3);
		peer(&good, CHUNK((const uint8_t *)"key", 3));
		T_STEP(lab_phase1, l, &good);
		T_TRUE(lab_counter(l, CNT_psk_candidates) < 200);
		ini_fini(&good);
	}
	ini_fini(&bad);
	lab_free(l);
}

/* ---- secrets ---- */

/* g^xy and the key that was recognised. */
static void
watch_conversation(const struct initiator *i, struct chunk key)
{
	uint8_t gxy[ALG_MAX_PUBLIC];
	struct why w = {0};

	secrets.count = secrets.left = secrets.freed = 0;
	if (T_OK(dh_derive(peer_crypto, i->dh, CHUNK(i->gxr, 32), gxy, &w)))
		watch(CHUNK(gxy, 32));
	watch(key);
}

static void
secrets_are_wiped(void)
{
	static const uint8_t key[] = "a-key-that-nobody-else-has\n";
	struct chunk theirs = CHUNK(key, sizeof(key) - 1);
	struct lab *l = bench("a-key-that-nobody-else-has", 3, true, 800);
	struct initiator i;
	void *p;

	/* The test can fail. */
	secrets.count = secrets.left = 0;
	watch(theirs);
	p = calloc(1, 100);
	memcpy((uint8_t *)p + 10, key, sizeof(key));
	__asm__ volatile(""
			 :
			 : "r"(p)
			 : "memory"); /* what is freed next was written nevertheless */
	free(p);
	T_EQ(secrets.left, 1);
	secrets.count = 0;

	if (fail_with(l, &i, theirs)) {
		watch_conversation(&i, theirs);
		lab_advance(l, 400);
		T_EQ(lab_counter(l, CNT_psk_found), 1);
		T_TRUE(secrets.freed > 0);
		T_EQ(secrets.left, 0);
		secrets.count = 0;
	}
	ini_fini(&i);
	lab_free(l);
}

/* The engine ends in the middle of it. */
static void
secrets_are_wiped_at_the_end(void)
{
	static const uint8_t key[] = "a-key-that-nobody-has";
	struct lab *l = bench("key", 1000, true, 801);
	struct initiator i;

	if (fail_with(l, &i, CHUNK(key, sizeof(key) - 1))) {
		watch_conversation(&i, CHUNK(key, sizeof(key) - 1));
		lab_advance(l, 3);
		T_TRUE(lab_counter(l, CNT_psk_candidates) > 0);
	}
	lab_free(l);
	T_EQ(secrets.left, 0);
	secrets.count = 0;
	ini_fini(&i);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(every_slip_is_found);
	T_RUN(nothing_else_is_claimed);
	T_RUN(decrypting_is_not_enough);
	T_RUN(hash_i_of_the_right_key);
	T_RUN(the_budget_is_kept);
	T_RUN(one_at_a_time);
	T_RUN(off_means_off);
	T_RUN(others_go_on);
	T_RUN(secrets_are_wiped);
	T_RUN(secrets_are_wiped_at_the_end);
	return lab_t_end();
}
