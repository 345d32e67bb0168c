/*
 * The tests' own initiator against recorded conversations of other people's products, octet for
 * octet.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "base/hexdump.h"
#include "peer/initiator.h"

struct trace {
	uint8_t psk[32], gxy[256], keymat_r[64], keymat_i[64];
	size_t	psk_n, gxy_n, keymat_n;
	uint8_t m[16][1024]; /* datagrams */
	size_t	n[16];
	unsigned count;
};

static struct crypto *crypto;

static bool
load(const char *file, struct trace *t)
{
	static char line[4096];
	FILE	   *f = fopen(file, "r");
	char	    word[16];
	int	    at;

	memset(t, 0, sizeof(*t));
	if (f == NULL)
		return T_FAIL("%s is missing", file);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '#' || sscanf(line, "%15s %n", word, &at) != 1)
			continue;
		if (strcmp(word, "psk") == 0)
			t->psk_n = (size_t)hexdump_parse(line + at, t->psk, sizeof(t->psk));
		else if (strcmp(word, "gxy") == 0)
			t->gxy_n = (size_t)hexdump_parse(line + at, t->gxy, sizeof(t->gxy));
		else if (strcmp(word, "keymat_r") == 0)
			t->keymat_n = (size_t)hexdump_parse(line + at, t->keymat_r,
			    sizeof(t->keymat_r));
		else if (strcmp(word, "keymat_i") == 0)
			hexdump_parse(line + at, t->keymat_i, sizeof(t->keymat_i));
		else if (t->count < 16)
			t->n[t->count] = (size_t)hexdump_parse(line + at, t->m[t->count],
			    sizeof(t->m[0])),
			t->count++;
	}
	fclose(f);
	return true;
}

/* Numbers of proposals and transforms began at 0 in the recorded messages. */
static void
number_from_zero(void *ctx, const char *label, struct msg *m, struct arena *mem)
{
	struct pl *sa = msg_find(m, ISAKMP_PL_SA, NULL);

	(void)ctx, (void)label, (void)mem;
	for (struct pl_proposal *p = sa != NULL ? sa->u.sa.proposals : NULL; p != NULL;
	     p = p->next) {
		p->number--;
		for (struct pl_transform *t = p->transforms; t != NULL; t = t->next)
			t->number--;
	}
}

/* Everything up to message 6, with the recorded cookie, nonce and public value. */
static bool
replay_phase1(struct initiator *i, const struct trace *t)
{
	struct chunk d;
	struct why   w = {0};

	ini_init(i, crypto, "10.0.3.1", "10.0.3.10", "", alg_group_id(2));
	memcpy(i->psk, t->psk, t->psk_n);
	i->psk_n = t->psk_n;
	i->gxy = CHUNK(t->gxy, t->gxy_n);
	i->vids = 0;
	i->offers[0].life_s = 28800;
	i->hooks.edit = number_from_zero;
	i->lax = true;
	memcpy(i->cky_i, t->m[0], 8);

	d = ini_mm1(i);
	T_MEM(d.p, d.n, t->m[0], t->n[0]);
	if (!T_OK(ini_mm2(i, CHUNK(t->m[1], t->n[1]), &w)))
		return T_FAIL("%s", w.text);
	/* KE of 128 octets follows the header; the nonce follows that. */
	i->dh = dh_generate(crypto, i->chosen->group, &w);
	memcpy(i->gxi, t->m[2] + 32, 128);
	i->ni_n = (size_t)(t->m[2][162] << 8 | t->m[2][163]) - 4;
	memcpy(i->ni, t->m[2] + 164, i->ni_n);
	d = ini_mm3(i);
	T_MEM(d.p, d.n, t->m[2], t->n[2]);
	if (!T_OK(ini_mm4(i, CHUNK(t->m[3], t->n[3]), &w)))
		return T_FAIL("%s", w.text);
	d = ini_mm5(i);
	T_MEM(d.p, d.n, t->m[4], t->n[4]);
	if (!T_OK(ini_mm6(i, CHUNK(t->m[5], t->n[5]), &w)))
		return T_FAIL("%s", w.text);
	return true;
}

static void
strongswan_main_and_quick_mode(void)
{
	static struct trace	t;
	static struct initiator i;
	static struct ini_qm	q;
	struct why		w = {0};
	struct chunk		d;
	/* From the recorded plaintext of message 7. */
	static const uint8_t spi[] = {0xb7, 0x5a, 0xd1, 0x6c};
	static const uint8_t nonce[] = {0x69, 0x53, 0x46, 0xeb, 0xcf, 0x35, 0xab, 0x90};

	if (!load("tests/tape/main-psk.trace", &t) || !replay_phase1(&i, &t))
		return;
	ini_qm_init(&q, &i);
	q.msgid = 0x259cf133;
	memcpy(q.spi_i, spi, sizeof(spi));
	memcpy(q.ni, nonce, sizeof(nonce));
	q.ni_n = sizeof(nonce);
	q.idci = ini_id(ID_IPV4_ADDR_SUBNET, "0.0.0.0/0");
	q.idcr = ini_id(ID_IPV4_ADDR_SUBNET, "0.0.0.0/0");
	d = ini_qm1(&q);
	T_MEM(d.p, d.n, t.m[6], t.n[6]);
	if (!T_OK(ini_qm2(&q, CHUNK(t.m[7], t.n[7]), &w))) {
		T_FAIL("%s", w.text);
		return;
	}
	d = ini_qm3(&q);
	T_MEM(d.p, d.n, t.m[8], t.n[8]);
	T_MEM(q.keymat_r, q.keymat_n, t.keymat_r, t.keymat_n);
	T_MEM(q.keymat_i, q.keymat_n, t.keymat_i, t.keymat_n);
	ini_qm_fini(&q);
	ini_fini(&i);
}

static void
ios_responder_lifetime(void)
{
	static struct trace	t;
	static struct initiator i;
	const struct pl_notify *n;
	struct why		w = {0};
	bool			clear = true;
	static const uint8_t	attrs[] = {0x80, 0x0b, 0, 1, 0x80, 0x0c, 0x01, 0x2c};

	if (!load("tests/tape/main-psk-cisco-responder-lifetime.trace", &t) ||
	    !replay_phase1(&i, &t))
		return;
	T_EQ(i.idr.proto, 17);
	T_EQ(i.idr.port, 500);
	if (!T_OK(ini_info(&i, CHUNK(t.m[6], t.n[6]), &clear, &w))) {
		T_FAIL("%s", w.text);
		return;
	}
	T_TRUE(!clear);
	n = ini_notify_in(&i);
	if (!T_TRUE(n != NULL))
		return;
	T_EQ(n->type, N_RESPONDER_LIFETIME);
	T_EQ(n->spi.n, 16);
	T_MEM(n->data.p, n->data.n, attrs, sizeof(attrs));
	ini_fini(&i);
}

/* What the initiator must notice: a flipped bit anywhere in a message that a HASH covers. */
static void
notices_every_flipped_bit(void)
{
	static struct trace	t;
	static struct initiator i;
	struct why		w = {0};
	bool			clear;

	if (!load("tests/tape/main-psk-cisco-responder-lifetime.trace", &t) ||
	    !replay_phase1(&i, &t))
		return;
	for (size_t bit = 0; bit < 8 * t.n[6]; bit++) {
		t.m[6][bit / 8] ^= (uint8_t)(1 << bit % 8);
		/*
		 * The flags beside the encryption bit mean nothing, and a clear message has no
		 * HASH.
		 */
		if (bit / 8 != 19 && ini_info(&i, CHUNK(t.m[6], t.n[6]), &clear, &w) == IKE_OK &&
		    !clear)
			T_FAIL("bit %zu flipped and accepted", bit);
		t.m[6][bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	T_OK(ini_info(&i, CHUNK(t.m[6], t.n[6]), &clear, &w));
	ini_fini(&i);
}

int
main(void)
{
	struct why w = {0};

	crypto = crypto_new(&w);
	if (crypto == NULL) {
		printf("Bail out! %s\n", w.text);
		return 1;
	}
	T_RUN(strongswan_main_and_quick_mode);
	T_RUN(ios_responder_lifetime);
	T_RUN(notices_every_flipped_bit);
	crypto_free(crypto);
	return T_DONE();
}
