/*
 * tests/peer/lab_t.h - what the engine's test programs share: checks on conversations.
 * Include base/err.h and t.h first.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PEER_LAB_T_H
#define PEER_LAB_T_H

#include "peer/lab.h"

#define LAB_PSK "secret-of-the-lab"
#define LAB_US	"192.0.2.1"	/* the responder */
#define LAB_HIM "198.51.100.7" /* the initiator */

static struct crypto *peer_crypto; /* the initiators' */

/* A step of a conversation that must succeed: bool fn(lab, initiator or quick mode, why). */
#define T_STEP(fn, lab, who) lab_t_step(__FILE__, __LINE__, #fn, fn((lab), (who), lab_t_why()))

static inline struct why *
lab_t_why(void)
{
	static struct why w;

	return &w;
}

static inline bool
lab_t_step(const char *file, int line, const char *what, bool ok)
{
	struct why *w = lab_t_why();

	if (!ok)
		t_fail(file, line, "%s: %s (%s)", what, w->text, err_name(w->code));
	w->code = IKE_OK;
	w->text[0] = '\0';
	return ok;
}

/* An initiator with our defaults and a cheap group. */
static inline void
lab_t_peer(struct initiator *i)
{
	ini_init(i, peer_crypto, LAB_HIM, LAB_US, LAB_PSK, alg_group_id(31));
}

/* Nothing was sent since the last look. */
#define T_SILENT(lab) t_eq(__FILE__, __LINE__, "datagrams sent", (lab)->count, 0)

/* The next datagram is a notify of this type, protected or not. */
#define T_NOTIFY(lab, ini, type, clear) lab_t_notify(__FILE__, __LINE__, (lab), (ini), (type), (clear))

static inline const struct pl_notify *
lab_t_notify(const char *file, int line, struct lab *l, struct initiator *i, uint16_t type,
    bool clear)
{
	bool			was_clear;
	const struct pl_notify *n;

	if (l->count == 0) {
		t_fail(file, line, "nothing was sent, want notify %u", type);
		return NULL;
	}
	n = lab_take_notify(l, i, &was_clear);
	if (n == NULL) {
		t_fail(file, line, "no notify came, want %u", type);
		return NULL;
	}
	t_eq(file, line, "notify", n->type, type);
	t_eq(file, line, "unprotected", was_clear, clear);
	return n;
}

/* The next datagram is a protected delete; NULL if not. */
static inline const struct pl_delete *
lab_t_delete(struct lab *l, struct initiator *i)
{
	struct chunk	 d;
	struct why	 w = {0};
	bool		 clear;
	const struct pl *pl;

	if (!lab_take(l, &d)) {
		T_FAIL("nothing was sent, want a delete");
		return NULL;
	}
	if (ini_info(i, d, &clear, &w) != IKE_OK || clear) {
		T_FAIL("no protected informational message: %s", w.text);
		return NULL;
	}
	pl = msg_find(&i->in, ISAKMP_PL_D, NULL);
	if (pl == NULL)
		T_FAIL("no delete payload");
	return pl != NULL ? &pl->u.del : NULL;
}

static inline uint32_t
lab_t_spi(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t
lab_t_seq(const struct pl_notify *n)
{
	return n->data.n == 4 ? lab_t_spi(n->data.p) : 0;
}

/* Run the tests of a program between these two. */
static inline bool
lab_t_begin(void)
{
	struct why w = {0};

	peer_crypto = crypto_new_replay(4242, &w);
	if (peer_crypto == NULL)
		printf("Bail out! %s\n", w.text);
	return peer_crypto != NULL;
}

static inline int
lab_t_end(void)
{
	crypto_free(peer_crypto);
	return T_DONE();
}

#endif
