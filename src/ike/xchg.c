/* src/ike/xchg.c - Quick Mode exchanges, and what is kept to answer a repeated request. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdlib.h>
#include <string.h>

struct xchg *
xchg_new(struct sa *sa, const struct path *path, uint32_t msgid, bool initiator)
{
	struct xchg *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->qm = calloc(1, sizeof(*x->qm));
	if (x->qm == NULL ||
	    keymat_iv_phase2(sa->ike->crypto, sa->hash, sa->cipher, sa->iv, msgid, x->iv) !=
		IKE_OK ||
	    !timer_init(sa->ike, &x->timer, rx_xchg_timeout, x)) {
		free(x->qm);
		free(x);
		return NULL;
	}
	x->sa = sa;
	fsm_begin_xchg(x);
	x->msgid = msgid;
	x->initiator = initiator;
	x->path = *path;
	x->rec = record_begin(sa->ike, path, sa->cky_i, sa->cky_r);
	if (x->rec != NULL) {
		x->rec->phase2 = true;
		x->rec->initiator = initiator;
		x->rec->msgid = msgid;
		record_group(x->rec, sa->policy, sa->group);
	}
	LIST_INSERT_HEAD(&sa->xchgs, x, of_sa);
	sa->xchg_count++;
	sa->ike->xchg_count++;
	return x;
}

void
xchg_quick_free(struct xchg *x)
{
	struct quick *qm = x->qm;

	if (qm == NULL)
		return;
	dh_free(qm->dh);
	free(qm->peer_ke);
	child_free(qm->child);
	secret_free(qm, sizeof(*qm));
	x->qm = NULL;
}

void
xchg_free(struct xchg *x)
{
	if (x->state == QM_START || (x->rec != NULL && x->rec->step_count == 0))
		record_drop(&x->rec); /* somebody's noise */
	record_failed(x->rec,
	    &(struct why){.code = IKE_E_LIMIT, .text = "ended before it was complete"}, NULL,
	    fsm_state_name(x->state));
	record_end(x->sa->ike, &x->rec);
	timer_fini(x->sa->ike, &x->timer);
	LIST_REMOVE(x, of_sa);
	x->sa->xchg_count--;
	x->sa->ike->xchg_count--;
	xchg_quick_free(x);
	kept_free(&x->kept);
	free(x);
}

struct xchg *
xchg_find(struct sa *sa, uint32_t msgid)
{
	struct xchg *x;

	LIST_FOREACH(x, &sa->xchgs, of_sa)
		if (x->msgid == msgid)
			return x;
	return NULL;
}

void
kept_set(struct kept *k, const uint8_t *request, struct chunk message)
{
	kept_free(k);
	if (request != NULL) {
		memcpy(k->request, request, DIGEST_LEN);
		k->known = true;
	}
	kept_answer(k, NULL, message);
}

void
kept_answer(struct kept *k, const char *label, struct chunk message)
{
	free(k->message);
	k->message = NULL;
	k->label = label;
	k->n = 0;
	if (message.n == 0)
		return;
	k->message = malloc(message.n);
	if (k->message == NULL)
		return; /* the duplicate then stays unanswered */
	memcpy(k->message, message.p, message.n);
	k->n = message.n;
}

void
kept_free(struct kept *k)
{
	free(k->message);
	*k = (struct kept){0};
}
