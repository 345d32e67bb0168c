/* src/ike/fsm.c - the walk over the table; the one place where a state changes. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {
#define X(name) #name,
    IKE_STATES(X)
#undef X
};

static const char *const event_names[] = {
#define X(name) #name,
    IKE_LOG_EVENTS(X)
#undef X
};

const char *
fsm_state_name(enum ike_state st)
{
	return (size_t)st < ARRAY_LEN(state_names) ? state_names[st] : "?";
}

const char *
fsm_event_name(enum fsm_event ev)
{
	return (size_t)ev < ARRAY_LEN(event_names) ? event_names[ev] : "?";
}

const struct fsm_row *
fsm_row_for(enum ike_state st, enum happening ev)
{
	for (size_t i = 0; i < fsm_row_count; i++)
		if (fsm_rows[i].st == st && fsm_rows[i].ev == ev)
			return &fsm_rows[i];
	return NULL;
}

void
history_add(struct history *h, enum ike_state st, enum fsm_event ev)
{
	h->state[h->n % HISTORY_MAX] = (uint8_t)st;
	h->event[h->n % HISTORY_MAX] = (uint8_t)ev;
	h->n++;
	if (h->n == 255)
		h->n = 255 - HISTORY_MAX; /* a multiple away: the ring's order stays */
}

/* "MM_DONE, EV_ERROR-->MM_WAIT_MSG5, EV_RCV_MSG5-->...", newest first. */
static const char *
history_print(const struct history *h, char *buf, size_t n)
{
	unsigned steps = h->n < HISTORY_MAX ? h->n : HISTORY_MAX;
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < steps && at < n; i++) {
		unsigned slot = (unsigned)(h->n - 1 - i) % HISTORY_MAX;

		at += (size_t)snprintf(buf + at, n - at, "%s%s, %s", i == 0 ? "" : "-->",
		    fsm_state_name(h->state[slot]), fsm_event_name(h->event[slot]));
	}
	return buf;
}

static struct history *
history_of(struct step *s)
{
	return s->x != NULL ? &s->x->history : &s->sa->history;
}

static struct record *
record_of(const struct step *s)
{
	return s->x != NULL ? s->x->rec : s->sa->rec;
}

static const char *
label_of(const struct fsm_row *r)
{
	return r->in_label != NULL ? r->in_label : fsm_event_name(r->in_event);
}

/* What a message holds once only: two KE payloads would leave open which of them counts. */
static uint64_t
once(const struct fsm_row *r)
{
	return P(SA) | P(KE) | P(HASH) | P(NONCE) | (r->ev == HAP_RX_MM ? P(ID) : 0);
}

/* RFC 2409 5.5: HASH follows the header, SA follows HASH; RFC 2409 5: SA is first in phase 1. */
static enum ike_err
check_order(struct step *s, const struct fsm_row *r)
{
	const struct pl *first = s->in->first;

	if (r->hash_in != HASH_NONE && first->type != ISAKMP_PL_HASH)
		return why(&s->why, IKE_E_SYNTAX, "%s does not begin with HASH", r->in_label);
	if ((r->need & P(SA)) == 0)
		return IKE_OK;
	if (r->hash_in != HASH_NONE)
		first = first->next;
	if (first == NULL || first->type != ISAKMP_PL_SA)
		return why(&s->why, IKE_E_SYNTAX, "the SA payload of %s is not in its place",
		    r->in_label);
	return IKE_OK;
}

static enum ike_err
check_payloads(struct step *s, const struct fsm_row *r)
{
	uint64_t got = msg_set(s->in) & ~(UINT64_C(1) << ISAKMP_PL_UNKNOWN_BIT);

	for (uint8_t type = 1; type < ISAKMP_PL_UNKNOWN_BIT; type++) {
		uint64_t bit = UINT64_C(1) << type;

		if ((r->need & bit) != 0 && (got & bit) == 0)
			return why(&s->why, IKE_E_MISSING, "%s without %s payload", label_of(r),
			    payload_name(type));
		if ((got & bit) != 0 && ((r->need | r->may) & bit) == 0)
			return why(&s->why, IKE_E_SYNTAX, "%s payload is not allowed in %s",
			    payload_name(type), label_of(r));
		if ((got & bit & once(r)) != 0 && msg_count(s->in, type) > 1)
			return why(&s->why, IKE_E_SYNTAX, "%u %s payloads in %s",
			    msg_count(s->in, type), payload_name(type), label_of(r));
	}
	return got == 0 ? IKE_OK : check_order(s, r);
}

static enum ike_err
hash_over(struct step *s, enum hash_kind kind, uint32_t msgid, struct chunk rest, uint8_t *out)
{
	struct chunk a = secret_view(&s->sa->skeyid_a), ni = CHUNK_NONE, nr = CHUNK_NONE;
	struct crypto *c = s->ike->crypto;
	const struct quick *qm = s->x != NULL ? s->x->qm : NULL;

	if (kind == HASH_1)
		return keymat_hash1(c, s->sa->hash, a, msgid, rest, out);
	if (qm == NULL)
		return why(&s->why, IKE_E_UNEXPECTED, "no Quick Mode under way");
	ni = CHUNK(qm->ni, qm->ni_len);
	nr = CHUNK(qm->nr, qm->nr_len);
	if (kind == HASH_2)
		return keymat_hash2(c, s->sa->hash, a, msgid, ni, rest, out);
	return keymat_hash3(c, s->sa->hash, a, msgid, ni, nr, out);
}

static enum ike_err
verify_hash(struct step *s, const struct fsm_row *r)
{
	struct chunk theirs = s->in->first->raw, rest;
	uint8_t ours[ALG_MAX_HASH];
	enum ike_err e;

	rest = CHUNK(s->in->plain.p + ISAKMP_GENERIC_LEN + theirs.n,
	    s->in->plain.n - ISAKMP_GENERIC_LEN - theirs.n);
	e = hash_over(s, r->hash_in, s->in->hdr.msgid, rest, ours);
	if (e != IKE_OK)
		return e;
	if (!crypto_equal(theirs, CHUNK(ours, s->sa->hash->len)))
		return why(&s->why, IKE_E_BAD_HASH, "HASH(%d) of %s does not verify",
		    (int)r->hash_in, r->in_label);
	s->authenticated = true;
	return IKE_OK;
}

enum ike_err
fsm_hash_out(struct step *s, const struct fsm_row *r, struct chunk rest, uint8_t *out)
{
	return hash_over(s, r->hash_out, s->out->hdr.msgid, rest, out);
}

static void
enter(struct step *s, enum ike_state next)
{
	if (next == IKE_STATE_SAME)
		return;
	if (s->x != NULL)
		s->x->state = next;
	else
		s->sa->state = next;
}

/*
 * What we sent is repeated until the next message; an exchange that is over answers duplicates for
 * a while.
 */
static void
timer_for(struct step *s, const struct fsm_row *r)
{
	if (s->x == NULL || r->next == IKE_STATE_SAME)
		return;
	s->x->tries = 0;
	timer_set(s->ike, &s->x->timer, (r->flags & F_RESEND) != 0 ? RESEND_FIRST_MS : LINGER_MS);
}

/* ---- taps: where faults on demand act; without one each costs a load ---- */

static enum ike_err
tap_step(struct step *s, const struct fsm_row *r)
{
	struct fault_key key = taps_key(s->sa, s->x, &s->path, label_of(r));
	enum ike_err verdict = IKE_OK, e;
	struct fault_hit hit = {.in = s->in, .mem = s->mem, .verdict = &verdict};

	e = fault_tap(FAULT_STEP, &key, &hit);
	if (hit.fired_n > 0 && s->sa->group == NULL)
		sa_set_group(s->sa, key.group); /* as message 1's handler would have */
	taps_fired(record_of(s), &hit);
	if (e != IKE_OK || verdict == IKE_OK)
		return e;
	s->told = verdict == IKE_E_SILENT;
	return why(&s->why, verdict, "refused on demand, fault %s", hit.fired[0]);
}

static void
tap_done(struct step *s, const struct fsm_row *r, struct fault_asks *asks)
{
	struct fault_key key = taps_key(s->sa, s->x, &s->path, fsm_state_name(r->next));
	struct fault_hit hit = {.in = s->in, .mem = s->mem, .asks = asks};

	if (fault_tap(FAULT_DONE, &key, &hit) != IKE_OK)
		asks->n = 0;
	taps_fired(record_of(s), &hit);
}

/*
 * What a fault wants done once the step is over, planned before the handler, which may end the
 * record.
 */
static enum ike_err
done_tapped(struct step *s, const struct fsm_row *r)
{
	struct fault_asks asks = {.n = 0};
	enum ike_err e;

	tap_done(s, r, &asks);
	e = r->done(s);
	if (e == IKE_OK)
		taps_later(s, &asks);
	return e;
}

enum ike_err
fsm_psk(struct sa *sa, struct chunk *psk)
{
	struct fault_hit hit = {.mem = sa->ike->mem, .psk = psk};
	struct fault_key key;
	enum ike_err e;

	*psk = CHUNK(sa->group->psk, sa->group->psk_len);
	if (!fault_any(sa->ike->faults))
		return IKE_OK;
	key = taps_key(sa, NULL, &sa->path, "PSK");
	e = fault_tap(FAULT_PSK, &key, &hit);
	taps_fired(sa->rec, &hit);
	return e;
}

enum ike_err
fsm_local_id(struct sa *sa, struct ident *id)
{
	struct fault_hit hit = {.mem = sa->ike->mem, .id = id};
	struct fault_key key;
	enum ike_err e;

	*id = sa->group->local_id;
	if (!fault_any(sa->ike->faults))
		return IKE_OK;
	key = taps_key(sa, NULL, &sa->path, "ID");
	e = fault_tap(FAULT_ID, &key, &hit);
	taps_fired(sa->rec, &hit);
	return e;
}

enum ike_err
fsm_step(struct step *s, enum happening ev)
{
	enum ike_state from = s->x != NULL ? s->x->state : s->sa->state;
	const struct fsm_row *r = fsm_row_for(from, ev);
	enum ike_err e;

	if (r == NULL)
		return why(&s->why, IKE_E_UNEXPECTED, "not expected in %s", fsm_state_name(from));
	if (s->in != NULL) {
		record_message(s->ike, record_of(s), RECORD_RX, label_of(r), s->in,
		    s->in->hdr.length, fsm_state_name(from));
		if ((r->flags & F_ENC) != 0 && (s->in->hdr.flags & ISAKMP_FLAG_ENCRYPT) == 0)
			return why(&s->why, IKE_E_FLAGS, "%s is not encrypted", label_of(r));
		if ((e = check_payloads(s, r)) != IKE_OK)
			return e;
		if (r->hash_in != HASH_NONE && (e = verify_hash(s, r)) != IKE_OK)
			return e;
		if (fault_any(s->ike->faults) && ev != HAP_RX_NOTE &&
		    (e = tap_step(s, r)) != IKE_OK)
			return e;
	}
	history_add(history_of(s), from, r->in_event);
	if (r->in != NULL && (e = r->in(s)) != IKE_OK)
		return e;
	if (r->out != NULL && (e = tx_reply(s, r)) != IKE_OK)
		return e;
	if (r->out == NULL && s->in != NULL && s->x != NULL) {
		kept_set(&s->x->kept, s->request, CHUNK_NONE);
		memcpy(s->x->iv, s->last_block, sizeof(s->x->iv));
	}

	enter(s, r->next);
	timer_for(s, r);
	if (r->next != IKE_STATE_SAME) {
		history_add(history_of(s), r->next, r->out_event);
		record_state(s->ike, record_of(s), fsm_state_name(r->next));
		LOG(FSM_TRANSITION, &s->sa->who, "%s, %s --> %s, %s", fsm_state_name(from),
		    fsm_event_name(r->in_event), fsm_state_name(r->next),
		    fsm_event_name(r->out_event));
	}
	return r->done != NULL ? fault_any(s->ike->faults) ? done_tapped(s, r) : r->done(s) :
				 IKE_OK;
}

/* ASA's line, the words "<state>, <event>" included; the newest step comes first. */
static void
log_history(const struct sa *sa, const char *mode, const char *role, const struct history *h)
{
	char text[HISTORY_MAX * 40];
	const uint8_t *c = sa->cky_r;

	LOG(FSM_ERROR_HISTORY, &sa->who,
	    "IKE %s %s FSM error history (struct &0x%02x%02x%02x%02x)  <state>, <event>:  %s", mode,
	    role, c[0], c[1], c[2], c[3], history_print(h, text, sizeof(text)));
}

void
fsm_begin_xchg(struct xchg *x)
{
	x->state = QM_START;
}

void
fsm_abort_sa(struct sa *sa)
{
	const uint8_t *c = sa->cky_r;

	history_add(&sa->history, MM_DONE, EV_ERROR);
	log_history(sa, "MM", "Responder", &sa->history);
	LOG(SA_TERMINATING, &sa->who,
	    "IKE SA MM:%02x%02x%02x%02x terminating:  flags 0x%08x, refcnt 0, tuncnt %u", c[0],
	    c[1], c[2], c[3], sa->caps, sa->child_count);
	COUNT(sa->ike, phase1_failed);
	sa->state = MM_DONE;
	record_state(sa->ike, sa->rec, fsm_state_name(MM_DONE));
	record_end(sa->ike, &sa->rec);
	sa_handshake_free(sa);
	timer_set(sa->ike, &sa->life, LINGER_MS);
}

void
fsm_end_sa(struct sa *sa)
{
	sa->state = MM_DONE;
	sa_free(sa);
}

void
fsm_abort_xchg(struct xchg *x)
{
	history_add(&x->history, QM_DONE, EV_ERROR);
	log_history(x->sa, "QM", x->initiator ? "Initiator" : "Responder", &x->history);
	COUNT(x->sa->ike, phase2_failed);
	x->state = QM_DONE;
	record_state(x->sa->ike, x->rec, fsm_state_name(QM_DONE));
	record_end(x->sa->ike, &x->rec);
	xchg_quick_free(x);
	timer_set(x->sa->ike, &x->timer, LINGER_MS);
	if (x->initiator)
		quick_next(x->sa);
}

void
fsm_end_xchg(struct xchg *x)
{
	x->state = QM_DONE;
	xchg_free(x);
}
