/* src/ike/rx.c - datagram -> SA -> exchange -> duplicate? -> decrypt -> message -> step. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <string.h>

#include "wire/dump.h"
#include "wire/names.h"

struct arrival { /* one datagram on its way in */
	struct ike *ike;
	const struct path *path;
	struct chunk octets; /* the ISAKMP message */
	struct isakmp_hdr hdr;
	struct chunk body; /* after the header */
	uint8_t digest[DIGEST_LEN];
	struct log_who nobody; /* the address alone, before an SA is known */
	struct why why;
};

void
rx_digest(struct ike *ike, struct chunk datagram, uint8_t *digest)
{
	uint8_t full[ALG_MAX_HASH];

	if (crypto_hash(ike->crypto, alg_hash_named("sha256"), &datagram, 1, full) != IKE_OK)
		memset(full, 0, sizeof(full));
	memcpy(digest, full, DIGEST_LEN);
}

/* ---- refusals ---- */

/* A message that cannot be read: one line, a counter, an unprotected notify where no keys stand. */
static void
malformed(struct arrival *a, const struct log_who *who, bool tell)
{
	LOG_LIMITED(a->ike->limiter, ike_now(a->ike), MALFORMED_MESSAGE, who,
	    "Error processing payload: %s%s%s", a->why.text, a->why.text[0] != '\0' ? ": " : "",
	    err_text(a->why.code));
	COUNT(a->ike, malformed);
	if (tell && err_notify(a->why.code) != 0)
		tx_notify_clear(a->ike, a->path, a->hdr.cky_i, a->hdr.cky_r,
		    err_notify(a->why.code), a->octets.n, NULL, who);
}

static void
unknown_cookies(struct arrival *a)
{
	char ci[17], cr[17];

	COUNT(a->ike, unknown_cookies);
	if (a->hdr.exchange == ISAKMP_XCHG_MAIN)
		LOG_LIMITED(a->ike->limiter, ike_now(a->ike), MISSING_SA_PAYLOAD, &a->nobody,
		    "Header invalid, missing SA payload! (next payload = %u)", a->hdr.next);
	else
		LOG_LIMITED(a->ike->limiter, ike_now(a->ike), UNKNOWN_COOKIES, &a->nobody,
		    "%s message for cookies %s:%s, which belong to no ISAKMP SA",
		    names_word(wire_exchanges, a->hdr.exchange),
		    hexdump_line(CHUNK(a->hdr.cky_i, 8), ci, sizeof(ci)),
		    hexdump_line(CHUNK(a->hdr.cky_r, 8), cr, sizeof(cr)));
	if (a->ike->policy->invalid_cookie_notify && a->hdr.exchange != ISAKMP_XCHG_INFO)
		tx_notify_clear(a->ike, a->path, a->hdr.cky_i, a->hdr.cky_r, N_INVALID_COOKIE,
		    a->octets.n, NULL, &a->nobody);
}

static void
log_step_error(struct step *s)
{
	const struct log_who *who = &s->sa->who;
	uint64_t now = ike_now(s->ike);

	switch (s->why.code) {
	case IKE_E_BAD_HASH:
		COUNT(s->ike, bad_hash);
		LOG_LIMITED(s->ike->limiter, now, BAD_HASH, who, "%s", s->why.text);
		break;
	case IKE_E_UNEXPECTED:
		COUNT(s->ike, unexpected);
		LOG_LIMITED(s->ike->limiter, now, UNEXPECTED_MESSAGE, who, "%s message refused: %s",
		    names_word(wire_exchanges, s->in->hdr.exchange), s->why.text);
		break;
	case IKE_E_MISSING:
		COUNT(s->ike, malformed);
		LOG_LIMITED(s->ike->limiter, now, MISSING_PAYLOAD, who,
		    "Received packet with missing payload: %s", s->why.text);
		break;
	case IKE_E_LIMIT:
		LOG_LIMITED(s->ike->limiter, now, LIMIT_REACHED, who, "%s", s->why.text);
		break;
	case IKE_E_SHORT:
	case IKE_E_TRAIL:
	case IKE_E_SYNTAX:
	case IKE_E_FLAGS:
	case IKE_E_BAD_PROPOSAL:
	case IKE_E_DOI:
	case IKE_E_SITUATION:
		COUNT(s->ike, malformed);
		LOG_LIMITED(s->ike->limiter, now, MALFORMED_MESSAGE, who,
		    "Error processing payload: %s", s->why.text);
		break;
	case IKE_E_NOMEM:
	case IKE_E_CRYPTO:
		LOG(DAEMON_ERROR, who, "%s%s%s", err_text(s->why.code),
		    s->why.text[0] != '\0' ? ": " : "", s->why.text);
		break;
	default:
		if (!s->told)
			LOG_LIMITED(s->ike->limiter, now, MESSAGE_REFUSED, who,
			    "%s message refused: %s",
			    names_word(wire_exchanges, s->in->hdr.exchange), s->why.text);
	}
}

/* ---- reading ---- */

static void
unsupported_version(struct arrival *a)
{
	bool v2 = a->hdr.version >> 4 == 2;

	COUNT(a->ike, malformed);
	if (!log_limiter_pass(a->ike->limiter, ike_now(a->ike), EVT_UNSUPPORTED_VERSION,
		&a->nobody.peer))
		return;
	why(&a->why, IKE_E_VERSION, "ISAKMP version %u.%u is not spoken here, only 1.0%s",
	    a->hdr.version >> 4, a->hdr.version & 15,
	    v2 ? ": the peer tries IKEv2, configure it for IKEv1" : "");
	LOG(UNSUPPORTED_VERSION, &a->nobody, "%s", a->why.text);
	record_knock(a->ike, a->path, &a->hdr, v2 ? "IKEv2" : "?", &a->why);
}

static bool
read_header(struct arrival *a)
{
	struct cur c = cur_from(a->octets);

	a->why.code = hdr_get(&c, &a->hdr);
	if (a->why.code != IKE_OK) {
		why(&a->why, IKE_E_SHORT, "%zu octets are no ISAKMP header", a->octets.n);
		malformed(a, &a->nobody, false);
		return false;
	}
	a->body = cur_rest(&c);
	if (a->hdr.version >> 4 != ISAKMP_VERSION >> 4) {
		unsupported_version(a);
		return false;
	}
	if (a->hdr.length != a->octets.n) {
		why(&a->why, IKE_E_LENGTH, "the header says %u octets, the datagram has %zu",
		    a->hdr.length, a->octets.n);
		malformed(a, &a->nobody, false);
		return false;
	}
	if ((a->hdr.flags & ~(ISAKMP_FLAG_ENCRYPT | ISAKMP_FLAG_COMMIT | ISAKMP_FLAG_AUTH)) != 0) {
		why(&a->why, IKE_E_FLAGS, "flags 0x%02x", a->hdr.flags);
		malformed(a, &a->nobody, false);
		return false;
	}
	if (hdr_cookie_zero(a->hdr.cky_i)) {
		why(&a->why, IKE_E_COOKIE, "the initiator's cookie is zero");
		malformed(a, &a->nobody, false);
		return false;
	}
	rx_digest(a->ike, a->octets, a->digest);
	return true;
}

static void
log_unknown_payloads(struct ike *ike, const struct log_who *who, const struct msg *m)
{
	for (const struct pl *pl = m->first; pl != NULL; pl = pl->next) {
		if (pl->def != NULL)
			continue;
		COUNT(ike, unknown_payloads);
		LOG_LIMITED(ike->limiter, ike_now(ike), PAYLOAD_UNKNOWN, who,
		    "payload of unknown type %u skipped, %zu octets", pl->type, pl->raw.n);
	}
}

static void
dump_one(void *ctx, const char *line)
{
	LOG(PAYLOAD_PROCESSING, (const struct log_who *)ctx, "processing %s", line);
}

static void
log_received(struct ike *ike, struct sa *sa, const struct log_who *who, const struct msg *m)
{
	char line[512];

	/* Somebody who holds no key, or repeats old messages, writes a few lines only. */
	if (sa != NULL && sa->unproven++ >= UNPROVEN_LINES) {
		COUNT(ike, log_suppressed);
		return;
	}
	LOG(MESSAGE_RECEIVED, who, "IKE_DECODE RECEIVED Message %s",
	    dump_line(m, ISAKMP_HDR_LEN + m->plain.n, line, sizeof(line)));
	if (atomic_load_explicit(&log_gate, memory_order_relaxed) >= LOG_L_DEBUG)
		dump_full(m, dump_one, (void *)(uintptr_t)who);
}

/* A clear message: the chain must fill it exactly. */
static bool
read_clear(struct arrival *a, struct sa *sa, struct msg *m, const struct log_who *who, bool tell)
{
	msg_init(m, &a->hdr);
	if (msg_decode(m, a->body, a->ike->mem, &a->why) == IKE_OK && m->plain.n != a->body.n)
		why(&a->why, IKE_E_TRAIL, "%zu octets after the last payload",
		    a->body.n - m->plain.n);
	if (a->why.code != IKE_OK) {
		malformed(a, who, tell);
		return false;
	}
	log_received(a->ike, sa, who, m);
	log_unknown_payloads(a->ike, who, m);
	return true;
}

/*
 * Decrypt under iv into the step's arena and decode; the last ciphertext block goes to
 * s->last_block.
 */
static enum ike_err
read_encrypted(struct arrival *a, struct step *s, const uint8_t *iv, struct msg *m)
{
	struct sa *sa = s->sa;
	size_t block = sa->cipher->block;
	uint8_t *plain;
	enum ike_err e;

	if (a->body.n == 0 || a->body.n % block != 0)
		return why(&a->why, IKE_E_DECRYPT,
		    "%zu octets are no whole number of cipher blocks", a->body.n);
	plain = arena_alloc(s->mem, a->body.n);
	if (plain == NULL)
		return why(&a->why, IKE_E_NOMEM, "%zu octets", a->body.n);
	e = crypto_decrypt(a->ike->crypto, sa->cipher, secret_view(&sa->key), iv, a->body.p, plain,
	    a->body.n);
	if (e != IKE_OK)
		return why(&a->why, e, "decryption");
	memcpy(s->last_block, a->body.p + a->body.n - block, block);
	msg_init(m, &a->hdr);
	if (msg_decode(m, CHUNK(plain, a->body.n), s->mem, &a->why) != IKE_OK)
		return a->why.code;
	log_received(a->ike, sa, &sa->who, m);
	log_unknown_payloads(a->ike, &sa->who, m);
	return IKE_OK;
}

static struct step
step_for(struct arrival *a, struct sa *sa, struct xchg *x, const struct msg *m)
{
	struct step s =
	    {.ike = a->ike, .sa = sa, .x = x, .path = *a->path, .in = m, .mem = a->ike->mem};

	memcpy(s.request, a->digest, DIGEST_LEN);
	return s;
}

/* An identical request gets the stored reply and nothing else. */
static bool
answered_before(struct arrival *a, struct sa *sa, const struct kept *kept, const char *what,
    struct record *rec)
{
	bool loud;

	if (!kept->known ||
	    !chunk_eq(CHUNK(kept->request, DIGEST_LEN), CHUNK(a->digest, DIGEST_LEN)))
		return false;
	COUNT(a->ike, duplicates);
	loud = log_limiter_pass(a->ike->limiter, ike_now(a->ike), EVT_DUPLICATE_MESSAGE,
	    &a->path->remote.addr);
	if (loud)
		LOG(DUPLICATE_MESSAGE, &sa->who, "Duplicate %s packet detected.  %s", what,
		    kept->message != NULL ? "Retransmitting last packet." :
					    "No last packet to retransmit.");
	a->ike->now = rec;
	record_message(a->ike, rec, RECORD_DUPLICATE, NULL, NULL, a->octets.n, NULL);
	tx_resend(sa, a->path, kept, loud);
	return true;
}

/* ---- phase 1 ---- */

/*
 * What makes a negotiation hopeless ends it; what may be somebody else's noise only costs a line.
 */
static bool
ends_phase1(enum ike_err e)
{
	return e == IKE_E_NO_PROPOSAL || e == IKE_E_BAD_KE || e == IKE_E_BAD_ID ||
	    e == IKE_E_AUTH || e == IKE_E_ATTRIBUTES;
}

/* The message that a state waits for. */
static const char *
label_at(enum ike_state st)
{
	const struct fsm_row *r = fsm_row_for(st, st < QM_START ? HAP_RX_MM : HAP_RX_QM);

	return r != NULL ? r->in_label : NULL;
}

static void
record_refused(struct step *s, struct record *rec, const char *label)
{
	const struct pl *sa = s->in != NULL ? msg_find(s->in, ISAKMP_PL_SA, NULL) : NULL;

	if (sa != NULL && (s->why.code == IKE_E_NO_PROPOSAL || s->why.code == IKE_E_ATTRIBUTES))
		record_offer(rec, sa->raw);
	record_failed(rec, &s->why, label,
	    fsm_state_name(s->x != NULL ? s->x->state : s->sa->state));
}

static void
phase1_failed(struct step *s, size_t request_octets)
{
	struct sa *sa = s->sa;
	uint16_t notify = err_notify(s->why.code);

	log_step_error(s);
	if (s->why.code == IKE_E_UNEXPECTED || s->why.code == IKE_E_SILENT)
		return;
	sa_error(sa, &s->why);
	if (!ends_phase1(s->why.code)) {
		if (notify != 0 && sa->state != MM_WAIT_MSG5)
			tx_notify_clear(s->ike, &s->path, sa->cky_i, sa->cky_r, notify,
			    request_octets, NULL, &sa->who);
		return;
	}
	kept_set(&sa->kept, s->request, CHUNK_NONE);
	if (sa->hs != NULL && sa->hs->keyed) {
		memcpy(sa->iv, s->last_block, sizeof(sa->iv));
		tx_notify(sa, &s->path, PROTO_ISAKMP, CHUNK_NONE, notify, CHUNK_NONE, &sa->kept);
	} else {
		tx_notify_clear(s->ike, &s->path, sa->cky_i, sa->cky_r, notify, request_octets,
		    &sa->kept, &sa->who);
	}
	record_refused(s, sa->rec, label_at(sa->state));
	fsm_abort_sa(sa);
}

/* Message 1: an SA comes to be only if the whole message is right and a proposal is chosen. */
static void
first_message(struct arrival *a)
{
	struct msg m;
	struct sa *sa = sa_find_first(a->ike, a->hdr.cky_i, &a->path->remote.addr);
	struct step s;

	if (sa != NULL) {
		if (!answered_before(a, sa, &sa->kept, "Phase 1", sa->rec)) {
			COUNT(a->ike, duplicates);
			LOG_LIMITED(a->ike->limiter, ike_now(a->ike), DUPLICATE_MESSAGE, &sa->who,
			    "first message again with the cookie of an SA in %s, ignored",
			    fsm_state_name(sa->state));
		}
		return;
	}
	if (a->hdr.next != ISAKMP_PL_SA) {
		COUNT(a->ike, malformed);
		LOG_LIMITED(a->ike->limiter, ike_now(a->ike), MISSING_SA_PAYLOAD, &a->nobody,
		    "Header invalid, missing SA payload! (next payload = %u)", a->hdr.next);
		return;
	}
	/*
	 * A flood of first messages is counted, not told line by line; what comes of them neither.
	 */
	a->nobody.quiet = !log_limiter_pass(a->ike->limiter, ike_now(a->ike), EVT_MESSAGE_RECEIVED,
	    &a->nobody.peer);
	if (!read_clear(a, NULL, &m, &a->nobody, true)) {
		if (!a->nobody.quiet)
			record_knock(a->ike, a->path, &a->hdr, "Main Mode", &a->why);
		return;
	}
	sa = sa_new(a->ike, a->path, a->hdr.cky_i);
	if (sa == NULL) {
		LOG_LIMITED(a->ike->limiter, ike_now(a->ike), DAEMON_ERROR, &a->nobody, "%s",
		    err_text(IKE_E_NOMEM));
		return;
	}
	sa->who.quiet = a->nobody.quiet;
	a->ike->now = sa->rec;
	s = step_for(a, sa, NULL, &m);
	if (fsm_step(&s, HAP_RX_MM) == IKE_OK) {
		COUNT(a->ike, sa_half_open);
		return;
	}
	log_step_error(&s);
	/* The refusal names no cookie of ours: nothing of it can be used again (CVE-2023-30570). */
	if (err_notify(s.why.code) != 0)
		tx_notify_clear(a->ike, a->path, a->hdr.cky_i, a->hdr.cky_r, err_notify(s.why.code),
		    a->octets.n, NULL, &sa->who);
	record_refused(&s, sa->rec, "MM1");
	if (s.why.code != IKE_E_SILENT)
		fsm_abort_sa(sa);
	fsm_end_sa(sa);
}

/* Message 5 that decrypts to rubbish: the classic face of a wrong pre-shared key. */
static void
key_mismatch(struct arrival *a, struct step *s)
{
	struct sa *sa = s->sa;

	LOG(P1_UNDECRYPTABLE, &sa->who,
	    "Received encrypted Oakley Main Mode packet with invalid payloads, MessID = 0");
	LOG(P1_KEY_MISMATCH, &sa->who,
	    "ERROR, had problems decrypting packet, probably due to mismatched pre-shared key.  Aborting");
	COUNT(a->ike, phase1_key_mismatch);
	COUNT(a->ike, undecryptable);
	why(&s->why, IKE_E_DECRYPT,
	    "message 5 does not decrypt: probably the pre-shared keys differ");
	sa_error(sa, &s->why);
	history_add(&sa->history, sa->state, EV_RCV_MSG5);
	history_add(&sa->history, sa->state, EV_PROB_AUTH_FAIL);
	record_message(a->ike, sa->rec, RECORD_RX, "MM5", NULL, a->octets.n, NULL);
	kept_set(&sa->kept, a->digest, CHUNK_NONE);
	if (tx_dialect(a->ike, sa->group, sa->cky_i, &sa->who) == DIALECT_PROTECTED) {
		memcpy(sa->iv, s->last_block, sizeof(sa->iv));
		tx_notify(sa, a->path, PROTO_ISAKMP, CHUNK_NONE, N_PAYLOAD_MALFORMED, CHUNK_NONE,
		    &sa->kept);
	} else {
		tx_notify_clear(a->ike, a->path, sa->cky_i, sa->cky_r, N_PAYLOAD_MALFORMED,
		    a->octets.n, &sa->kept, &sa->who);
	}
	record_refused(s, sa->rec, "MM5");
	diagnose_begin(sa, &a->hdr, a->body);
	fsm_abort_sa(sa);
}

static void
main_mode(struct arrival *a)
{
	struct sa *sa;
	struct msg m;
	struct step s;

	if (a->hdr.msgid != 0) {
		why(&a->why, IKE_E_MSGID, "message id %08x in Main Mode, must be 0", a->hdr.msgid);
		malformed(a, &a->nobody, true);
		return;
	}
	if (hdr_cookie_zero(a->hdr.cky_r)) {
		first_message(a);
		return;
	}
	sa = sa_find(a->ike, a->hdr.cky_i, a->hdr.cky_r);
	if (sa == NULL) {
		unknown_cookies(a);
		return;
	}
	if (answered_before(a, sa, &sa->kept, "Phase 1", sa->rec))
		return;
	a->ike->now = sa->rec;
	s = step_for(a, sa, NULL, &m);
	msg_init(&m, &a->hdr);
	if (fsm_row_for(sa->state, HAP_RX_MM) == NULL) {
		why(&s.why, IKE_E_UNEXPECTED, "not expected in %s", fsm_state_name(sa->state));
		log_step_error(&s);
		return;
	}
	if ((a->hdr.flags & ISAKMP_FLAG_ENCRYPT) == 0) {
		if (!read_clear(a, sa, &m, &sa->who, sa->state != MM_WAIT_MSG5))
			return;
	} else if (sa->state == MM_WAIT_MSG5) {
		if (p1_keys(sa, &s.why) != IKE_OK) {
			phase1_failed(&s, a->octets.n);
			return;
		}
		if (read_encrypted(a, &s, sa->iv, &m) != IKE_OK) {
			key_mismatch(a, &s);
			return;
		}
		history_add(&sa->history, sa->state, EV_DECRYPT_OK);
		if (a->ike->ports.isakmp_keys != NULL)
			a->ike->ports.isakmp_keys(a->ike->ports.ctx, a->path, sa->cky_i,
			    secret_view(&sa->key));
	} else {
		why(&a->why, IKE_E_FLAGS, "encrypted before there are keys, in %s",
		    fsm_state_name(sa->state));
		malformed(a, &sa->who, false);
		return;
	}
	if (fsm_step(&s, HAP_RX_MM) == IKE_OK) {
		if (s.end_sa)
			fsm_end_sa(sa);
		return;
	}
	if (s.why.code == IKE_E_AUTH)
		diagnose_begin(sa, &a->hdr, a->body);
	phase1_failed(&s, a->octets.n);
}

/* ---- under the protection of an SA ---- */

/*
 * Quick Mode's refusal is protected and kept: a peer that repeats QM1 hears the same again (RFC
 * 2408 3.14).
 */
static void
quick_failed(struct step *s)
{
	struct xchg *x = s->x;
	uint32_t spi = x->qm != NULL ? x->qm->peer_spi : 0;
	uint16_t notify = err_notify(s->why.code);

	log_step_error(s);
	if (!s->authenticated || s->why.code == IKE_E_SILENT) {
		if (x->state == QM_START)
			fsm_end_xchg(x);
		return;
	}
	if (x->qm != NULL && x->qm->protocol == 0 && quick_refers(s))
		spi = x->qm->peer_spi;
	sa_error(s->sa, &s->why);
	kept_set(&x->kept, s->request, CHUNK_NONE);
	if (notify != 0)
		tx_notify(s->sa, &s->path,
		    x->qm != NULL && x->qm->protocol != 0 ? x->qm->protocol : PROTO_ESP,
		    CHUNK((uint8_t *)&spi, sizeof(spi)), notify, CHUNK_NONE, &x->kept);
	LOG(P2_FSM_ERROR, &s->sa->who, "QM FSM error (P2 struct &0x%08x, mess id 0x%08x)!",
	    x->msgid ^ s->sa->cky_r[7], x->msgid);
	LOG(P2_FSM_ERROR, &s->sa->who, "Removing peer from correlator table failed, no match!");
	if (s->why.code == IKE_E_BAD_ID)
		LOG(P2_TORN_DOWN, &s->sa->who,
		    "Session is being torn down. Reason: crypto map policy not found");
	record_refused(s, x->rec, label_at(x->state));
	fsm_abort_xchg(x);
}

static bool
room_for_exchange(struct arrival *a, struct sa *sa)
{
	uint32_t limit = sa->policy->limits.phase2_per_sa;

	if (sa->xchg_count + sa->child_count < limit)
		return true;
	LOG_LIMITED(a->ike->limiter, ike_now(a->ike), LIMIT_REACHED, &sa->who,
	    "limits.phase2_per_sa: %u IPsec SAs and exchanges on this ISAKMP SA, Quick Mode %08x is not heard",
	    limit, a->hdr.msgid);
	return false;
}

/*
 * The peer lives, and is where this message came from: believed of a message that can be no replay,
 * since informational messages carry nothing that tells an old one from a new one.
 */
static void
heard(struct step *s, size_t octets)
{
	/* What is authenticated, and neither remembered nor an old number, is no replay. */
	if (s->authenticated && (s->fresh || !s->numbered)) {
		sa_count_octets(s->sa, octets);
		s->sa->unproven = 0;
	}
	if (!s->fresh)
		return;
	s->sa->heard_ms = ike_now(s->ike);
	s->sa->dpd_unanswered = 0;
	sa_moved(s->sa, &s->path);
}

static void
undecryptable(struct arrival *a, struct sa *sa)
{
	COUNT(a->ike, undecryptable);
	LOG_LIMITED(a->ike->limiter, ike_now(a->ike), UNDECRYPTABLE, &sa->who,
	    "%s message (msgid=%x) does not decrypt to payloads: %s",
	    names_word(wire_exchanges, a->hdr.exchange), a->hdr.msgid,
	    a->why.text[0] != '\0' ? a->why.text : err_text(a->why.code));
}

static void
quick_mode(struct arrival *a, struct sa *sa)
{
	struct xchg *x = xchg_find(sa, a->hdr.msgid);
	struct step s;
	struct msg m;
	enum ike_err e;
	bool first;

	if (x != NULL && answered_before(a, sa, &x->kept, "Phase 2", x->rec))
		return;
	if (x == NULL && sa_quick_seen(sa, a->digest)) {
		COUNT(a->ike, duplicates);
		LOG_LIMITED(a->ike->limiter, ike_now(a->ike), DUPLICATE_MESSAGE, &sa->who,
		    "Quick Mode %08x is long over: a replay, ignored", a->hdr.msgid);
		return;
	}
	if (x == NULL &&
	    (!room_for_exchange(a, sa) || (x = xchg_new(sa, a->path, a->hdr.msgid, false)) == NULL))
		return;
	a->ike->now = x->rec;
	s = step_for(a, sa, x, &m);
	if (read_encrypted(a, &s, x->iv, &m) != IKE_OK) {
		undecryptable(a, sa);
		if (x->state == QM_START)
			fsm_end_xchg(x);
		return;
	}
	first = x->state == QM_START;
	e = fsm_step(&s, HAP_RX_QM);
	if (first && s.authenticated && e != IKE_E_SILENT)
		sa_quick_note(sa, a->digest);
	heard(&s, a->octets.n);
	if (e != IKE_OK)
		quick_failed(&s);
	else if (s.end_sa)
		fsm_end_sa(sa);
	else
		x->path = *a->path;
}

/* Message ids should be used once (RFC 2409 5.7), but vpnc's have few bits: the octets tell. */
static bool
info_seen(struct arrival *a, struct sa *sa)
{
	uint64_t d;

	memcpy(&d, a->digest, sizeof(d));
	for (unsigned i = 0; i < INFO_KEPT; i++)
		if (sa->info_seen[i] == d)
			return true;
	return false;
}

static void
informational(struct arrival *a, struct sa *sa)
{
	uint8_t iv[ALG_MAX_BLOCK];
	struct msg m;
	struct step s = step_for(a, sa, NULL, &m);

	if (answered_before(a, sa, &sa->info_kept, "Informational", NULL))
		return;
	if (info_seen(a, sa)) {
		COUNT(a->ike, duplicates);
		return;
	}
	if (keymat_iv_phase2(a->ike->crypto, sa->hash, sa->cipher, sa->iv, a->hdr.msgid, iv) !=
	    IKE_OK)
		return;
	if (read_encrypted(a, &s, iv, &m) != IKE_OK) {
		undecryptable(a, sa);
		return;
	}
	if (fsm_step(&s, HAP_RX_INFO) != IKE_OK) {
		log_step_error(&s);
		if (s.end_sa)
			fsm_end_sa(sa);
		return;
	}
	if (!s.numbered)
		memcpy(&sa->info_seen[sa->info_next++ % INFO_KEPT], a->digest,
		    sizeof(*sa->info_seen));
	heard(&s, a->octets.n);
	if (s.end_sa)
		fsm_end_sa(sa);
}

/* A clear informational message, with or without an SA: heard, counted, never believed. */
static void
unprotected(struct arrival *a, struct sa *sa)
{
	const struct log_who *who = sa != NULL ? &sa->who : &a->nobody;
	struct msg m;
	struct step s;

	COUNT(a->ike, unprotected_ignored);
	if (!log_limiter_pass(a->ike->limiter, ike_now(a->ike), EVT_NOTIFY_UNPROTECTED, &who->peer))
		return;
	if (!read_clear(a, NULL, &m, who, false))
		return;
	if (sa == NULL) {
		info_unprotected(who, &m);
		return;
	}
	s = step_for(a, sa, NULL, &m);
	if (fsm_step(&s, HAP_RX_NOTE) != IKE_OK)
		log_step_error(&s);
}

static void
protected_or_note(struct arrival *a)
{
	struct sa *sa = sa_find(a->ike, a->hdr.cky_i, a->hdr.cky_r);
	bool encrypted = (a->hdr.flags & ISAKMP_FLAG_ENCRYPT) != 0;

	/* A peer that refuses our message 2 may answer without our cookie. */
	if (sa == NULL && !encrypted && hdr_cookie_zero(a->hdr.cky_r))
		sa = sa_find_first(a->ike, a->hdr.cky_i, &a->path->remote.addr);
	if (a->hdr.exchange == ISAKMP_XCHG_INFO && !encrypted) {
		unprotected(a, sa);
	} else if (sa == NULL) {
		unknown_cookies(a);
	} else if (!encrypted || a->hdr.msgid == 0) {
		why(&a->why, encrypted ? IKE_E_MSGID : IKE_E_FLAGS, "%s message %s",
		    names_word(wire_exchanges, a->hdr.exchange),
		    encrypted ? "with message id 0" : "without encryption");
		malformed(a, &sa->who, false);
	} else if (!sa_established(sa)) {
		COUNT(a->ike, unexpected);
		LOG_LIMITED(a->ike->limiter, ike_now(a->ike), UNEXPECTED_MESSAGE, &sa->who,
		    "%s message refused: not expected in %s",
		    names_word(wire_exchanges, a->hdr.exchange), fsm_state_name(sa->state));
	} else if (a->hdr.exchange == ISAKMP_XCHG_QUICK) {
		quick_mode(a, sa);
	} else {
		informational(a, sa);
	}
}

static void
unsupported_exchange(struct arrival *a)
{
	char num[16];

	COUNT(a->ike, malformed);
	if (log_limiter_pass(a->ike->limiter, ike_now(a->ike), EVT_UNSUPPORTED_EXCHANGE,
		&a->nobody.peer)) {
		why(&a->why, IKE_E_EXCHANGE, "exchange type %s is not supported",
		    names_print(wire_exchanges, a->hdr.exchange, num, sizeof(num)));
		LOG(UNSUPPORTED_EXCHANGE, &a->nobody, "%s", a->why.text);
		if (hdr_cookie_zero(a->hdr.cky_r))
			record_knock(a->ike, a->path, &a->hdr,
			    names_word(wire_exchanges, a->hdr.exchange), &a->why);
	}
	if ((a->hdr.flags & ISAKMP_FLAG_ENCRYPT) == 0)
		tx_notify_clear(a->ike, a->path, a->hdr.cky_i, a->hdr.cky_r,
		    err_notify(IKE_E_EXCHANGE), a->octets.n, NULL, &a->nobody);
}

/* RFC 3948 2.2, 2.3: what is not IKE on the NAT-T port ends here. */
static bool
behind_marker(struct ike *ike, const struct path *path, struct chunk *octets)
{
	static const uint8_t marker[ISAKMP_NON_ESP_LEN];
	struct log_who who = {.peer = path->remote.addr};

	if (octets->n == 1 && octets->p[0] == 0xff) {
		COUNT(ike, keepalives_in);
		LOG_LIMITED(ike->limiter, ike_now(ike), KEEPALIVE, &who,
		    "NAT-T keepalive received");
		return false;
	}
	if (octets->n < sizeof(marker) || memcmp(octets->p, marker, sizeof(marker)) != 0) {
		COUNT(ike, esp_in);
		return false;
	}
	*octets = CHUNK(octets->p + sizeof(marker), octets->n - sizeof(marker));
	return true;
}

void
ike_rx(struct ike *ike, const struct path *path, struct chunk datagram)
{
	struct arrival a = {.ike = ike,
	    .path = path,
	    .octets = datagram,
	    .nobody = {.peer = path->remote.addr}};

	COUNT(ike, datagrams_in);
	ike->counters.n[CNT_octets_in] += datagram.n;
	if (path->remote.port == 0 || (path->marker && !behind_marker(ike, path, &a.octets)) ||
	    !read_header(&a))
		return;
	switch (a.hdr.exchange) {
	case ISAKMP_XCHG_MAIN:
		main_mode(&a);
		break;
	case ISAKMP_XCHG_QUICK:
	case ISAKMP_XCHG_INFO:
		protected_or_note(&a);
		break;
	default:
		unsupported_exchange(&a);
	}
	ike->now = NULL;
	arena_reset(ike->mem);
}

/* ---- timers ---- */

static enum ike_err
timeout_step(struct sa *sa, struct xchg *x)
{
	struct step s = {.ike = sa->ike, .sa = sa, .x = x, .path = sa->path, .mem = sa->ike->mem};

	return fsm_step(&s, HAP_TIMEOUT);
}

void
rx_sa_timeout(void *owner)
{
	struct sa *sa = owner;

	sa->ike->now = sa->rec;
	if (sa->state != MM_DONE && timeout_step(sa, NULL) != IKE_OK)
		LOG(DAEMON_ERROR, &sa->who, "time-out in %s went wrong", fsm_state_name(sa->state));
	fsm_end_sa(sa);
}

void
rx_xchg_timeout(void *owner)
{
	struct xchg *x = owner;
	struct ike *ike = x->sa->ike;

	if (x->state == QM_ACTIVE || x->state == QM_DONE) {
		fsm_end_xchg(x);
		return;
	}
	if (x->tries < RESEND_TRIES) {
		history_add(&x->history, x->state, EV_RESEND_MSG);
		COUNT(ike, retransmits);
		ike->now = x->rec;
		tx_resend(x->sa, x->initiator ? &x->sa->path : &x->path, &x->kept, true);
		timer_set(ike, &x->timer, (uint64_t)RESEND_FIRST_MS << ++x->tries);
		return;
	}
	ike->now = x->rec;
	if (timeout_step(x->sa, x) != IKE_OK)
		fsm_end_xchg(x);
}

void
rx_child_timeout(void *owner)
{
	struct child *child = owner;

	if (child->rekeyed)
		LOG(P2_EXPIRED, &child->sa->who, "IPsec SA (SPI 0x%08x) was rekeyed, deleting it",
		    child->spi_in);
	else
		LOG(P2_EXPIRED, &child->sa->who,
		    "IPsec SA (SPI 0x%08x) has reached its lifetime of %u seconds, deleting it",
		    child->spi_in, child->offer.life_s);
	tx_delete_child(child);
	child_free(child);
}
