/*
 * tests/unit/fault/fault_t.h - one conversation, twice: honest and with a fault, from the same
 * seeds,
 * so that every octet that differs is the fault's doing.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FAULT_T_H
#define FAULT_T_H

#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

#define SEED	 77
#define SHOT_MAX 8192

enum how { PLAIN = 0, WITH_PFS = 1, WITH_NATT = 2, NO_IDS = 4, HOST_IDS = 8 }; /* bits */

struct talk { /* an engine, an initiator, and how far they are */
	struct lab	*l;
	struct crypto	*crypto;
	struct initiator i;
	struct ini_qm	 q;
	bool		 qm;
	enum how	 how;
};

struct shot { /* a message of the engine */
	uint8_t wire[SHOT_MAX], plain[SHOT_MAX]; /* plain: behind the header, decrypted */
	size_t	wire_n, plain_n;
	bool	taken;
};

/* The lab's group has this in addition, e.g. notify_dialect. */
static const char *talk_group_keys;

static inline void
talk_begin(struct talk *t, const char *fault, enum how how)
{
	struct lab_policy p = {.group = talk_group_keys};
	struct why	  w = {0};
	struct ini_offer *o;

	memset(t, 0, sizeof(*t));
	t->how = how;
	t->l = lab_new_with(&p, SEED);
	t->crypto = crypto_new_replay(SEED, &w);
	ini_init(&t->i, t->crypto, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(2));
	o = &t->i.offers[0];
	o->life_s = 3600;
	t->i.offers[1] = *o;
	t->i.offers[1].cipher = alg_cipher_named("aes-256");
	t->i.offer_count = 2;
	if ((how & WITH_NATT) != 0)
		t->i.vids |= VID_NATT_RFC;
	if (fault != NULL && fault_set(t->l->faults, "lab", fault, 0, &w) != IKE_OK)
		T_FAIL("%s: %s", fault, w.text);
	lab_log_clear(t->l);
}

static inline void
talk_end(struct talk *t)
{
	if (t->qm)
		ini_qm_fini(&t->q);
	ini_fini(&t->i);
	lab_free(t->l);
	crypto_free(t->crypto);
}

static inline void
talk_quick(struct talk *t)
{
	struct ini_p2_offer *o = &t->q.offers[0];

	if (t->qm)
		ini_qm_fini(&t->q);
	ini_qm_init(&t->q, &t->i);
	t->qm = true;
	o->life_s = 3600;
	if (o->encap == 0)
		o->encap = ENCAP_TUNNEL;
	if ((t->how & WITH_PFS) != 0)
		t->q.pfs = o->pfs = alg_group_id(2);
	if ((t->how & NO_IDS) != 0)
		t->q.ids = false;
	if ((t->how & HOST_IDS) != 0) {
		t->q.idci = ini_id(ID_IPV4_ADDR, "10.9.0.1");
		t->q.idcr = ini_id(ID_IPV4_ADDR, "10.1.0.1");
	}
	t->q.offers[1] = *o;
	t->q.offers[1].same_proposal = true;
	t->q.offers[1].cipher = alg_cipher_named("aes-256");
	t->q.offer_count = 2;
}

/*
 * Feed the initiator's next message of this label; what it reads may be a lie, then it stops there.
 */
static inline bool
talk_to(struct talk *t, const char *label)
{
	struct why w = {0};
	struct chunk d;

	if (strcmp(label, "MM2") == 0) {
		lab_rx(t->l, &t->i, ini_mm1(&t->i));
		return true;
	}
	if (!lab_mm12(t->l, &t->i, &w))
		return false;
	if (strcmp(label, "MM4") == 0) {
		lab_rx(t->l, &t->i, ini_mm3(&t->i));
		return true;
	}
	if (!lab_mm34(t->l, &t->i, &w))
		return false;
	if (strcmp(label, "MM6") == 0) {
		lab_rx(t->l, &t->i, ini_mm5(&t->i));
		return true;
	}
	lab_rx(t->l, &t->i, ini_mm5(&t->i));
	if (!lab_take(t->l, &d) || ini_mm6(&t->i, d, &w) != IKE_OK)
		return false;
	if (strcmp(label, "UP") == 0)
		return true;
	talk_quick(t);
	if (strcmp(label, "QM2") == 0) {
		lab_rx(t->l, &t->i, ini_qm1(&t->q));
		return true;
	}
	if (!lab_qm12(t->l, &t->q, &w))
		return false;
	lab_rx(t->l, &t->i, ini_qm3(&t->q));
	return true;
}

/* The next datagram of the engine, decrypted with what the initiator knows, whatever it is. */
static inline bool
talk_shot(struct talk *t, struct shot *s)
{
	struct why   w = {0};
	struct chunk d;
	uint8_t	     iv[16], exchange, flags;
	uint32_t     msgid;

	memset(s, 0, sizeof(*s));
	if (!lab_take(t->l, &d) || d.n > SHOT_MAX || d.n < ISAKMP_HDR_LEN)
		return false;
	s->taken = true;
	s->wire_n = d.n;
	memcpy(s->wire, d.p, d.n);
	exchange = d.p[18];
	flags = d.p[19];
	msgid = lab_t_spi(d.p + 20);
	s->plain_n = d.n - ISAKMP_HDR_LEN;
	memcpy(s->plain, d.p + ISAKMP_HDR_LEN, s->plain_n);
	if ((flags & ISAKMP_FLAG_ENCRYPT) == 0 || !t->i.keyed)
		return true;
	if (exchange == ISAKMP_XCHG_MAIN)
		memcpy(iv, t->i.iv, sizeof(iv));
	else if (exchange == ISAKMP_XCHG_QUICK && t->qm && t->q.msgid == msgid)
		memcpy(iv, t->q.iv, sizeof(iv));
	else
		ini_iv(&t->i, msgid, iv);
	if (ini_open(&t->i, d, iv, &w) != IKE_OK)
		w.code = IKE_OK; /* a lie need not decode */
	memcpy(s->plain, t->i.plain_in, s->plain_n);
	return true;
}

/*
 * The message of that label in a conversation with the fault (NULL: honest); the engine stays in
 * *t.
 */
static inline bool
shoot(struct talk *t, const char *fault, const char *label, enum how how, struct shot *s)
{
	talk_begin(t, fault, how);
	return talk_to(t, label) && talk_shot(t, s);
}

/* ---- looking at plain octets ---- */

/* Offset of the body of the n-th (from 0) payload of a type, *len octets; 0: there is none. */
static inline size_t
body_at(const struct shot *s, uint8_t type, unsigned nth, size_t *len)
{
	uint8_t now = s->wire[16];
	size_t	at = 0, n;

	while (now != 0 && at + 4 <= s->plain_n) {
		n = (size_t)s->plain[at + 2] << 8 | s->plain[at + 3];
		if (n < 4 || at + n > s->plain_n)
			return 0;
		if (now == type && nth-- == 0) {
			*len = n - 4;
			return at + 4;
		}
		now = s->plain[at];
		at += n;
	}
	return 0;
}

static inline unsigned
bodies(const struct shot *s, uint8_t type)
{
	unsigned n = 0;
	size_t	 len;

	while (body_at(s, type, n, &len) != 0)
		n++;
	return n;
}

/* How many octets of two runs differ, and the first and the last that do. */
struct span {
	size_t count, first, last;
};

static inline struct span
differ(const uint8_t *a, size_t an, const uint8_t *b, size_t bn)
{
	struct span s = {0};

	for (size_t i = 0; i < an || i < bn; i++) {
		if (i < an && i < bn && a[i] == b[i])
			continue;
		if (s.count++ == 0)
			s.first = i;
		s.last = i;
	}
	return s;
}

/* The fault acted n times, each with a line that begins with its name, and is counted. */
#define T_FIRED(t, name, n) t_fired(__FILE__, __LINE__, (t), (name), (n))

static inline void
t_fired(const char *file, int line, struct talk *t, const char *name, unsigned n)
{
	char text[80];

	snprintf(text, sizeof(text), ", FAULT %s: ", name);
	t_eq(file, line, "lines FAULT_FIRED", t->l->events[EVT_FAULT_FIRED], n);
	t_eq(file, line, "faults_fired", lab_counter(t->l, CNT_faults_fired), n);
	if (n > 0 && !lab_logged(t->l, text))
		t_fail(file, line, "no line begins \"FAULT %s: \"", name);
}

#endif
