/* src/ike/tx.c - messages out: encode, HASH, pad, encrypt, send, keep. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "wire/dump.h"
#include "wire/names.h"

#define LENGTH_AT 24 /* of the length field in the header */

uint32_t
tx_msgid(struct sa *sa)
{
	uint32_t id;

	do
		sa->ike->ports.random(sa->ike->ports.ctx, (uint8_t *)&id, sizeof(id));
	while (id == 0 || xchg_find(sa, id) != NULL);
	return id;
}

static struct isakmp_hdr
header(const struct sa *sa, uint8_t exchange, uint32_t msgid, bool encrypted)
{
	struct isakmp_hdr h = {.version = ISAKMP_VERSION,
	    .exchange = exchange,
	    .flags = encrypted ? ISAKMP_FLAG_ENCRYPT : 0,
	    .msgid = msgid};

	memcpy(h.cky_i, sa->cky_i, sizeof(h.cky_i));
	memcpy(h.cky_r, sa->cky_r, sizeof(h.cky_r));
	return h;
}

/* The ISAKMP message of n octets that stands behind the marker's room in ike->tx, as it leaves. */
static struct chunk
wire_of(struct ike *ike, const struct path *path, size_t n)
{
	size_t room = path->marker ? 0 : ISAKMP_NON_ESP_LEN;
	struct chunk wire = CHUNK(ike->tx + room, n + ISAKMP_NON_ESP_LEN - room);

	memset(ike->tx, 0, ISAKMP_NON_ESP_LEN);
	COUNT(ike, datagrams_out);
	ike->counters.n[CNT_octets_out] += wire.n;
	return wire;
}

static void
transmit(struct ike *ike, const struct path *path, size_t n)
{
	ike->ports.send(ike->ports.ctx, path, wire_of(ike, path, n));
}

/* The same under the eyes of the armed faults; key: whose message it is. */
static void
transmit_tapped(struct ike *ike, const struct path *path, size_t n, const struct fault_key *key)
{
	struct fault_plan plan = {0};
	struct fault_hit hit = {.plan = &plan};

	if (fault_tap(FAULT_TX_WIRE, key, &hit) == IKE_OK)
		taps_fired(ike->now, &hit);
	if (plan.drop && (plan.replay_ms == 0 || ike->ports.send_so == NULL))
		return;
	if (hit.fired_n > 0 && ike->ports.send_so != NULL)
		ike->ports.send_so(ike->ports.ctx, path, wire_of(ike, path, n), &plan);
	else
		transmit(ike, path, n);
}

static void
transmit_of(struct sa *sa, const struct xchg *x, const struct path *path, size_t n,
    const char *label)
{
	struct fault_key key;

	if (!fault_any(sa->ike->faults)) {
		transmit(sa->ike, path, n);
		return;
	}
	key = taps_key(sa, x, path, label);
	transmit_tapped(sa->ike, path, n, &key);
}

static void
log_message(const struct log_who *who, const struct msg *m, size_t total)
{
	char line[512];

	LOG(MESSAGE_SENT, who, "IKE_DECODE SENDING Message %s",
	    dump_line(m, total, line, sizeof(line)));
}

static void
dump_one(void *ctx, const char *line)
{
	LOG(PAYLOAD_CONSTRUCTING, (const struct log_who *)ctx, "constructing %s", line);
}

static void
log_payloads(const struct log_who *who, const struct msg *m)
{
	if (atomic_load_explicit(&log_gate, memory_order_relaxed) >= LOG_L_DEBUG)
		dump_full(m, dump_one, (void *)(uintptr_t)who);
}

/* Put an empty HASH payload in front; its octets are filled in by seal(). */
static enum ike_err
prepend_hash(struct step *s, struct msg *m)
{
	struct pl *hash = ARENA_NEW(s->mem, struct pl);
	const struct chunk room = {arena_alloc(s->mem, s->sa->hash->len), s->sa->hash->len};

	if (hash == NULL || room.p == NULL)
		return IKE_E_NOMEM;
	hash->def = payload_def(ISAKMP_PL_HASH);
	hash->type = ISAKMP_PL_HASH;
	hash->raw = hash->u.raw = room;
	hash->next = m->first;
	if (m->first == NULL)
		m->tail = &hash->next;
	m->first = hash;
	m->count++;
	return IKE_OK;
}

static enum ike_err
encrypt(struct sa *sa, struct wbuf *w, uint8_t *iv)
{
	size_t block = sa->cipher->block;
	uint32_t length;
	enum ike_err e;

	wb_zero(w, (block - (w->n - ISAKMP_HDR_LEN) % block) % block);
	length = htonl((uint32_t)w->n);
	wb_poke(w, LENGTH_AT, CHUNK((uint8_t *)&length, sizeof(length)));
	if (w->err != IKE_OK)
		return w->err;
	e = crypto_encrypt(sa->ike->crypto, sa->cipher, secret_view(&sa->key), iv,
	    w->base + ISAKMP_HDR_LEN, w->base + ISAKMP_HDR_LEN, w->n - ISAKMP_HDR_LEN);
	if (e != IKE_OK)
		return e;
	memcpy(iv, w->base + w->n - block, block);
	sa_count_octets(sa, w->n);
	return IKE_OK;
}

/* The armed faults look at a message of ours on its way. */
static enum ike_err
tap(struct step *s, const struct fsm_row *r, enum fault_at at, struct wbuf *w, uint8_t *iv,
    bool *no_hash)
{
	const struct dh *dh = s->x != NULL && s->x->qm != NULL ? s->x->qm->dh : NULL;
	struct fault_key key = taps_key(s->sa, s->x, &s->path, r->out_label);
	struct fault_hit hit = {.in = s->in,
	    .out = s->out,
	    .mem = s->mem,
	    .crypto = s->ike->crypto,
	    .dh = dh != NULL ? dh_group(dh) : s->sa->dh_group,
	    .bytes = w,
	    .iv = iv,
	    .iv_len = (r->flags & F_OUT_ENC) != 0 ? s->sa->cipher->block : 0,
	    .no_hash = no_hash};
	enum ike_err e = fault_tap(at, &key, &hit);

	taps_fired(s->x != NULL ? s->x->rec : s->sa->rec, &hit);
	return e;
}

/*
 * Encode, compute the HASH the row asks for, encrypt under iv (which moves on). *n: octets of the
 * message in ike->tx.
 */
static enum ike_err
seal(struct step *s, const struct fsm_row *r, uint8_t *iv, size_t *n)
{
	struct ike *ike = s->ike;
	struct wbuf w;
	enum ike_err e;
	size_t rest_at;
	uint8_t hash[ALG_MAX_HASH];
	bool no_hash = r->hash_out == HASH_NONE;
	bool tapped = fault_any(ike->faults);

	if (tapped && (e = tap(s, r, FAULT_TX_MSG, &w, iv, &no_hash)) != IKE_OK)
		return e;
	if (!no_hash && (e = prepend_hash(s, s->out)) != IKE_OK)
		return e;
	wb_init(&w, ike->tx + ISAKMP_NON_ESP_LEN, ISAKMP_DATAGRAM_MAX - ISAKMP_NON_ESP_LEN);
	msg_encode(&w, s->out);
	if (w.err != IKE_OK)
		return why(&s->why, w.err, "the message is too long");
	if (!no_hash) {
		rest_at = ISAKMP_HDR_LEN + ISAKMP_GENERIC_LEN + s->sa->hash->len;
		e = fsm_hash_out(s, r, CHUNK(w.base + rest_at, w.n - rest_at), hash);
		if (e != IKE_OK)
			return e;
		wb_poke(&w, ISAKMP_HDR_LEN + ISAKMP_GENERIC_LEN, CHUNK(hash, s->sa->hash->len));
	}
	s->out->hdr.length = (uint32_t)w.n;
	log_message(&s->sa->who, s->out, w.n);
	log_payloads(&s->sa->who, s->out);
	if (tapped && (e = tap(s, r, FAULT_TX_PLAIN, &w, iv, &no_hash)) != IKE_OK)
		return e;
	if ((r->flags & F_OUT_ENC) != 0 && (e = encrypt(s->sa, &w, iv)) != IKE_OK)
		return e;
	if (tapped && (e = tap(s, r, FAULT_TX_SEALED, &w, iv, &no_hash)) != IKE_OK)
		return e;
	*n = w.n;
	return w.err;
}

enum ike_err
tx_reply(struct step *s, const struct fsm_row *r)
{
	struct isakmp_hdr h = header(s->sa, s->x != NULL ? ISAKMP_XCHG_QUICK : ISAKMP_XCHG_MAIN,
	    s->x != NULL ? s->x->msgid : 0, (r->flags & F_OUT_ENC) != 0);
	uint8_t iv[ALG_MAX_BLOCK], *chain = s->x != NULL ? s->x->iv : s->sa->iv;
	struct kept *kept = s->x != NULL ? &s->x->kept : &s->sa->kept;
	struct msg m;
	enum ike_err e;
	size_t n;

	msg_init(&m, &h);
	s->out = &m;
	/*
	 * The answer is chained to the request's last block (RFC 2409 B); it is committed once both
	 * stand.
	 */
	memcpy(iv, s->in != NULL && (r->flags & F_ENC) != 0 ? s->last_block : chain, sizeof(iv));
	e = r->out(s);
	if (e == IKE_OK)
		e = seal(s, r, iv, &n);
	s->out = NULL;
	if (e != IKE_OK)
		return e;
	if ((r->flags & F_OUT_ENC) != 0)
		memcpy(chain, iv, sizeof(iv));
	record_message(s->ike, s->x != NULL ? s->x->rec : s->sa->rec, RECORD_TX, r->out_label, &m,
	    n, fsm_state_name(r->next));
	kept_set(kept, s->in != NULL ? s->request : NULL,
	    CHUNK(s->ike->tx + ISAKMP_NON_ESP_LEN, n));
	kept->label = r->out_label;
	transmit_of(s->sa, s->x, &s->path, n, r->out_label);
	return IKE_OK;
}

void
tx_resend(struct sa *sa, const struct path *path, const struct kept *kept, bool loud)
{
	const struct xchg *x;

	if (kept->message == NULL)
		return;
	if (loud)
		LOG(MESSAGE_RESENT, &sa->who, "IKE_DECODE RESENDING Message %s, %zu octets",
		    kept->label, kept->n);
	record_message(sa->ike, sa->ike->now, RECORD_RESENT, kept->label, NULL, kept->n, NULL);
	memcpy(sa->ike->tx + ISAKMP_NON_ESP_LEN, kept->message, kept->n);
	LIST_FOREACH(x, &sa->xchgs, of_sa)
		if (&x->kept == kept)
			break;
	transmit_of(sa, x, path, kept->n, kept->label != NULL ? kept->label : "INFO");
}

enum ike_err
tx_info(struct sa *sa, const struct path *path, struct msg *m, struct arena *mem, struct kept *keep)
{
	static const struct fsm_row info = {.hash_out = HASH_1,
	    .flags = F_OUT_ENC,
	    .out_label = "INFO"};
	struct step s = {.ike = sa->ike, .sa = sa, .path = *path, .out = m, .mem = mem};
	uint8_t iv[ALG_MAX_BLOCK];
	enum ike_err e;
	size_t n;

	e = keymat_iv_phase2(sa->ike->crypto, sa->hash, sa->cipher, sa->iv, m->hdr.msgid, iv);
	if (e == IKE_OK)
		e = seal(&s, &info, iv, &n);
	if (e != IKE_OK)
		return e;
	record_message(sa->ike, sa->ike->now, RECORD_TX, "INFO", m, n, NULL);
	if (keep != NULL)
		kept_answer(keep, "INFO", CHUNK(sa->ike->tx + ISAKMP_NON_ESP_LEN, n));
	transmit_of(sa, NULL, path, n, "INFO");
	return IKE_OK;
}

void
tx_info_init(struct sa *sa, struct msg *m)
{
	struct isakmp_hdr h = header(sa, ISAKMP_XCHG_INFO, tx_msgid(sa), true);

	msg_init(m, &h);
}

/* ---- notifies ---- */

static struct pl *
add_notify(struct msg *m, uint8_t protocol, struct chunk spi, uint16_t type, struct chunk data,
    struct arena *mem)
{
	struct pl *n = msg_add(m, ISAKMP_PL_N, mem);

	if (n != NULL)
		n->u.notify = (struct pl_notify){.doi = IPSEC_DOI,
		    .protocol = protocol,
		    .type = type,
		    .spi = spi,
		    .data = data};
	return n;
}

static bool
notify_allowed(struct ike *ike, size_t request_octets, size_t answer_octets)
{
	uint64_t now = ike_now(ike);

	if (now - ike->notify_window_ms >= 1000) {
		ike->notify_window_ms = now;
		ike->notify_sent = 0;
	}
	/* Never more octets than came in: nobody is amplified. */
	if (answer_octets > request_octets || ike->notify_sent >= ike->policy->limits.notify_rate) {
		COUNT(ike, notifies_suppressed);
		return false;
	}
	ike->notify_sent++;
	return true;
}

static struct fault_key
clear_key(struct ike *ike, const struct tunnel_group *group, const struct path *path,
    const uint8_t *cky_i, const struct log_who *who)
{
	return (struct fault_key){.room = ike->faults,
	    .group = group,
	    .label = "INFO",
	    .negotiation = taps_negotiation(cky_i, 0),
	    .marker = path != NULL && path->marker,
	    .who = *who,
	    .counters = &ike->counters};
}

enum notify_dialect
tx_dialect(struct ike *ike, const struct tunnel_group *group, const uint8_t *cky_i,
    const struct log_who *who)
{
	enum notify_dialect d = group != NULL ? group->notify_dialect : DIALECT_ASA;
	struct fault_hit hit = {.dialect = &d};
	struct fault_key key;

	if (fault_any(ike->faults)) {
		key = clear_key(ike, group, NULL, cky_i, who);
		if (fault_tap(FAULT_NOTIFY, &key, &hit) != IKE_OK)
			return DIALECT_ASA;
	}
	return d;
}

void
tx_notify_clear(struct ike *ike, const struct path *path, const uint8_t *cky_i,
    const uint8_t *cky_r, uint16_t type, size_t request_octets, struct kept *keep,
    const struct log_who *who)
{
	struct isakmp_hdr h = {.version = ISAKMP_VERSION, .exchange = ISAKMP_XCHG_INFO};
	const struct tunnel_group *group = policy_match(ike->policy, &path->remote.addr,
	    &path->local.addr, 0);
	bool brief = tx_dialect(ike, group, cky_i, who) == DIALECT_SHORT;
	struct fault_key key = clear_key(ike, group, path, cky_i, who);
	uint8_t spi[NOTIFY_SPI_LEN];
	char num[16];
	struct msg m;
	struct wbuf w;

	memcpy(h.cky_i, cky_i, sizeof(h.cky_i));
	memcpy(h.cky_r, cky_r, sizeof(h.cky_r));
	memcpy(spi, cky_i, ISAKMP_COOKIE_LEN);
	memcpy(spi + ISAKMP_COOKIE_LEN, cky_r, ISAKMP_COOKIE_LEN);
	if (!brief)
		ike->ports.random(ike->ports.ctx, (uint8_t *)&h.msgid, sizeof(h.msgid));
	msg_init(&m, &h);
	if (add_notify(&m, PROTO_ISAKMP, CHUNK(spi, brief ? 0 : sizeof(spi)), type, CHUNK_NONE,
		ike->mem) == NULL)
		return;
	wb_init(&w, ike->tx + ISAKMP_NON_ESP_LEN, ISAKMP_DATAGRAM_MAX - ISAKMP_NON_ESP_LEN);
	msg_encode(&w, &m);
	if (w.err != IKE_OK || !notify_allowed(ike, request_octets, w.n))
		return;
	if (log_limiter_pass(ike->limiter, ike_now(ike), EVT_NOTIFY_SENT, &who->peer)) {
		LOG(NOTIFY_SENT, who, "sending un-encrypted notify %s (%u)",
		    names_print(wire_notifies, type, num, sizeof(num)), type);
		log_message(who, &m, w.n);
	}
	COUNT(ike, notifies_out);
	record_message(ike, ike->now, RECORD_TX, "INFO", &m, w.n, NULL);
	if (keep != NULL)
		kept_answer(keep, "INFO", wb_view(&w));
	if (fault_any(ike->faults))
		transmit_tapped(ike, path, w.n, &key);
	else
		transmit(ike, path, w.n);
}

void
tx_notify(struct sa *sa, const struct path *path, uint8_t protocol, struct chunk spi, uint16_t type,
    struct chunk data, struct kept *keep)
{
	uint8_t cookies[NOTIFY_SPI_LEN];
	char num[16];
	struct msg m;

	if (spi.n == 0) {
		memcpy(cookies, sa->cky_i, ISAKMP_COOKIE_LEN);
		memcpy(cookies + ISAKMP_COOKIE_LEN, sa->cky_r, ISAKMP_COOKIE_LEN);
		spi = CHUNK(cookies, sizeof(cookies));
	}
	tx_info_init(sa, &m);
	if (add_notify(&m, protocol, spi, type, data, sa->ike->mem) == NULL ||
	    tx_info(sa, path, &m, sa->ike->mem, keep) != IKE_OK) {
		LOG(DAEMON_ERROR, &sa->who, "notify %u could not be sent: %s", type,
		    err_text(IKE_E_NOMEM));
		return;
	}
	COUNT(sa->ike, notifies_out);
	LOG(NOTIFY_SENT, &sa->who, "sending notify %s (%u), protocol %u",
	    names_print(wire_notifies, type, num, sizeof(num)), type, protocol);
}

/* ---- deletes, RFC 2408 3.15 ---- */

static void
send_delete(struct sa *sa, uint8_t protocol, struct chunk spi)
{
	char hex[2 * NOTIFY_SPI_LEN + 1];
	struct msg m;
	struct pl *d;

	tx_info_init(sa, &m);
	d = msg_add(&m, ISAKMP_PL_D, sa->ike->mem);
	if (d == NULL)
		return;
	d->u.del = (struct pl_delete){.doi = IPSEC_DOI,
	    .protocol = protocol,
	    .spi_size = (uint8_t)spi.n,
	    .count = 1,
	    .spis = spi};
	if (tx_info(sa, &sa->path, &m, sa->ike->mem, NULL) != IKE_OK)
		return;
	COUNT(sa->ike, deletes_out);
	LOG(DELETE_SENT, &sa->who, "sending delete/delete with reason message for %s SA, SPI %s",
	    protocol == PROTO_ISAKMP ? "ISAKMP" : "IPsec", hexdump_line(spi, hex, sizeof(hex)));
}

void
tx_delete_sa(struct sa *sa)
{
	uint8_t spi[NOTIFY_SPI_LEN];

	memcpy(spi, sa->cky_i, ISAKMP_COOKIE_LEN);
	memcpy(spi + ISAKMP_COOKIE_LEN, sa->cky_r, ISAKMP_COOKIE_LEN);
	send_delete(sa, PROTO_ISAKMP, CHUNK(spi, sizeof(spi)));
}

void
tx_delete_clear(struct sa *sa)
{
	struct isakmp_hdr h = header(sa, ISAKMP_XCHG_INFO, tx_msgid(sa), false);
	uint8_t spi[NOTIFY_SPI_LEN];
	struct msg m;
	struct wbuf w;
	struct pl *d;

	memcpy(spi, sa->cky_i, ISAKMP_COOKIE_LEN);
	memcpy(spi + ISAKMP_COOKIE_LEN, sa->cky_r, ISAKMP_COOKIE_LEN);
	msg_init(&m, &h);
	d = msg_add(&m, ISAKMP_PL_D, sa->ike->mem);
	if (d == NULL)
		return;
	d->u.del = (struct pl_delete){.doi = IPSEC_DOI,
	    .protocol = PROTO_ISAKMP,
	    .spi_size = sizeof(spi),
	    .count = 1,
	    .spis = CHUNK(spi, sizeof(spi))};
	wb_init(&w, sa->ike->tx + ISAKMP_NON_ESP_LEN, ISAKMP_DATAGRAM_MAX - ISAKMP_NON_ESP_LEN);
	msg_encode(&w, &m);
	if (w.err != IKE_OK)
		return;
	log_message(&sa->who, &m, w.n);
	COUNT(sa->ike, deletes_out);
	transmit_of(sa, NULL, &sa->path, w.n, "INFO");
}

void
tx_delete_child(struct child *child)
{
	uint32_t spi = htonl(child->spi_in);

	send_delete(child->sa, child->offer.protocol, CHUNK((uint8_t *)&spi, sizeof(spi)));
}
