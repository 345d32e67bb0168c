/*
 * What nobody should send: nothing unauthenticated changes or ends an established SA, nothing
 * crashes.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

/* An engine with an established SA, a child, and a half-open SA of somebody else beside it. */
struct scene {
	struct lab	*l;
	struct initiator i, half;
	struct ini_qm	 q;
	char		 before[4096];
};

static bool
scene_set(struct scene *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->l = lab_new_with(&(struct lab_policy){.top = "limits = { half_open_timeout = 3000; };"},
	    seed);
	lab_t_peer(&s->i);
	ini_init(&s->half, peer_crypto, "203.0.113.50", LAB_US, LAB_PSK, alg_group_id(31));
	if (!T_STEP(lab_phase1, s->l, &s->i))
		return false;
	ini_qm_init(&s->q, &s->i);
	if (!T_STEP(lab_quick, s->l, &s->q) || !T_STEP(lab_mm12, s->l, &s->half))
		return false;
	lab_snapshot(s->l, s->before, sizeof(s->before));
	return true;
}

static bool
scene_same(struct scene *s, const char *what)
{
	char after[4096];

	lab_snapshot(s->l, after, sizeof(after));
	return T_STR(after, s->before) || T_FAIL("%s", what);
}

static void
scene_end(struct scene *s)
{
	if (s->q.ini != NULL)
		ini_qm_fini(&s->q);
	ini_fini(&s->half);
	ini_fini(&s->i);
	lab_free(s->l);
}

static struct chunk
copy(struct chunk c, uint8_t *room)
{
	memcpy(room, c.p, c.n);
	return CHUNK(room, c.n);
}

static void
put_hdr(uint8_t *m, const struct initiator *i, uint8_t next, uint8_t version, uint8_t exchange,
    uint8_t flags, uint32_t msgid, size_t n)
{
	struct wbuf	  w;
	struct isakmp_hdr h = {.next = next,
	    .version = version,
	    .exchange = exchange,
	    .flags = flags,
	    .msgid = msgid,
	    .length = (uint32_t)n};

	memcpy(h.cky_i, i->cky_i, 8);
	memcpy(h.cky_r, i->cky_r, 8);
	wb_init(&w, m, ISAKMP_HDR_LEN);
	hdr_put(&w, &h);
}

/* ---- single bits, single octets ---- */

/* Flip every bit of a message and send it; the scene must stay as it is. */
static void
every_bit_of(struct scene *s, struct chunk m, uint8_t *room, const char *what)
{
	for (size_t bit = 0; bit < 8 * m.n; bit++) {
		/* The header is under no HASH: minor version, commit and authentication-only. */
		if ((bit >= 17 * 8 && bit < 17 * 8 + 4) || bit == 19 * 8 + 1 || bit == 19 * 8 + 2)
			continue;
		room[bit / 8] ^= (uint8_t)(1u << bit % 8);
		lab_rx(s->l, &s->i, m);
		room[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (!scene_same(s, what)) {
			T_FAIL("bit %zu of %s", bit, what);
			return;
		}
		lab_drop(s->l);
	}
}

static void
flipped_bits(void)
{
	static uint8_t room[INI_OUT];
	struct scene   s;
	struct ini_qm  q;
	struct chunk   m;

	if (scene_set(&s, 1)) {
		m = copy(ini_delete_isakmp(&s.i), room);
		every_bit_of(&s, m, room, "the delete of the ISAKMP SA");
		m = copy(ini_delete_child(&s.q), room);
		every_bit_of(&s, m, room, "the delete of the IPsec SA");
		ini_qm_init(&q, &s.i);
		m = copy(ini_qm1(&q), room);
		every_bit_of(&s, m, room, "QM1");
		ini_qm_fini(&q);
		/* Unflipped they work: the test above tested something. */
		lab_rx(s.l, &s.i, ini_delete_child(&s.q));
		T_EQ(ike_totals(s.l->ike).children, 0);
		lab_rx(s.l, &s.i, ini_delete_isakmp(&s.i));
		T_EQ(ike_totals(s.l->ike).established, 0);
	}
	scene_end(&s);
}

static void
flipped_bits_in_qm3(void)
{
	static uint8_t room[INI_OUT];
	struct scene   s;
	struct ini_qm  q;
	struct chunk   m;

	if (scene_set(&s, 2)) {
		ini_qm_init(&q, &s.i);
		T_STEP(lab_qm12, s.l, &q);
		lab_snapshot(s.l, s.before, sizeof(s.before));
		m = copy(ini_qm3(&q), room);
		every_bit_of(&s, m, room, "QM3");
		lab_rx(s.l, &s.i, m);
		T_EQ(ike_totals(s.l->ike).children, 2);
		ini_qm_fini(&q);
	}
	scene_end(&s);
}

/* Every message cut at every octet: header length as it was, and header length made to fit. */
static void
truncated(struct lab *l, const struct initiator *i, struct chunk m)
{
	uint8_t room[INI_OUT];

	for (size_t n = 0; n < m.n; n++) {
		memcpy(room, m.p, n);
		lab_rx(l, i, CHUNK(room, n));
		if (n >= ISAKMP_HDR_LEN) {
			room[24] = room[25] = 0;
			room[26] = (uint8_t)(n >> 8);
			room[27] = (uint8_t)n;
			lab_rx(l, i, CHUNK(room, n));
		}
		lab_drop(l);
	}
}

static void
truncated_messages(void)
{
	static uint8_t	 room[INI_OUT];
	struct lab	*l = lab_new(NULL, 3);
	struct initiator i;
	struct ini_qm	 q;
	struct chunk	 m, d;
	struct why	 w = {0};

	lab_t_peer(&i);
	i.vids |= VID_NATT_ANY;
	truncated(l, &i, copy(ini_mm1(&i), room));
	T_EQ(ike_totals(l->ike).half_open, 0);
	T_STEP(lab_mm12, l, &i);
	truncated(l, &i, copy(ini_mm3(&i), room));
	T_STR(lab_state(l, &i), "MM_WAIT_MSG3");
	T_STEP(lab_mm34, l, &i);
	m = copy(ini_mm5(&i), room);
	/*
	 * Message 5 cut to whole blocks is a key mismatch and ends the negotiation: only what is no
	 * whole number of blocks.
	 */
	for (size_t n = 0; n < m.n; n++)
		if (n < ISAKMP_HDR_LEN)
			lab_rx(l, &i, CHUNK(room, n));
	T_STR(lab_state(l, &i), "MM_WAIT_MSG5");
	lab_rx(l, &i, m);
	T_TRUE(lab_take(l, &d));
	T_OK(ini_mm6(&i, d, &w));
	ini_qm_init(&q, &i);
	truncated(l, &i, copy(ini_qm1(&q), room));
	T_EQ(ike_totals(l->ike).exchanges, 0);
	T_STEP(lab_qm12, l, &q);
	m = copy(ini_qm3(&q), room);
	truncated(l, &i, m);
	T_EQ(ike_totals(l->ike).children, 0);
	lab_rx(l, &i, m);
	T_EQ(ike_totals(l->ike).children, 1);
	truncated(l, &i, copy(ini_delete_isakmp(&i), room));
	T_STR(lab_state(l, &i), "MM_ACTIVE");
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

/* ---- headers ---- */

static void
foreign_headers(void)
{
	static uint8_t	m[512];
	struct scene	s;
	struct initiator z; /* cookies of nobody */
	static const struct {
		uint8_t	 version, exchange, flags, next;
		uint32_t msgid;
		const char *what;
	} rows[] = {
	    {0x20, 34, 0x08, 33, 0, "IKEv2 IKE_SA_INIT"},
	    {0x20, 35, 0x08, 46, 1, "IKEv2 IKE_AUTH"},
	    {0x20, 37, 0x20, 46, 0, "IKEv2 INFORMATIONAL response"},
	    {0x11, ISAKMP_XCHG_MAIN, 0, ISAKMP_PL_SA, 0, "minor version 1"},
	    {0x00, ISAKMP_XCHG_MAIN, 0, ISAKMP_PL_SA, 0, "version 0"},
	    {0xff, 0xff, 0xff, 0xff, 0xffffffff, "all ones"},
	    {0x10, ISAKMP_XCHG_AGGRESSIVE, 0, ISAKMP_PL_SA, 0, "Aggressive Mode"},
	    {0x10, ISAKMP_XCHG_BASE, 0, ISAKMP_PL_SA, 0, "Base"},
	    {0x10, ISAKMP_XCHG_AUTH_ONLY, 0, ISAKMP_PL_SA, 0, "Authentication Only"},
	    {0x10, ISAKMP_XCHG_TRANSACTION, 1, ISAKMP_PL_HASH, 7, "Transaction"},
	    {0x10, ISAKMP_XCHG_NEW_GROUP, 1, ISAKMP_PL_HASH, 7, "New Group"},
	    {0x10, 240, 0, ISAKMP_PL_SA, 0, "private exchange"},
	    {0x10, 0, 0, ISAKMP_PL_NONE, 0, "exchange 0"},
	    {0x10, ISAKMP_XCHG_MAIN, 0, ISAKMP_PL_SA, 5, "Main Mode with a message id"},
	    {0x10, ISAKMP_XCHG_MAIN, 1, ISAKMP_PL_ID, 0, "encrypted Main Mode"},
	    {0x10, ISAKMP_XCHG_QUICK, 0, ISAKMP_PL_HASH, 9, "clear Quick Mode"},
	    {0x10, ISAKMP_XCHG_QUICK, 1, ISAKMP_PL_HASH, 0, "Quick Mode with message id 0"},
	    {0x10, ISAKMP_XCHG_INFO, 1, ISAKMP_PL_HASH, 0, "INFO with message id 0"},
	    {0x10, ISAKMP_XCHG_QUICK, 1, ISAKMP_PL_HASH, 0x1234, "Quick Mode"},
	    {0x10, ISAKMP_XCHG_INFO, 1, ISAKMP_PL_HASH, 0x1234, "INFO"},
	    {0x10, ISAKMP_XCHG_INFO, 5, ISAKMP_PL_HASH, 0x1234, "INFO, authentication only"},
	    {0x10, ISAKMP_XCHG_INFO, 0xfe, ISAKMP_PL_N, 0x1234, "INFO, odd flags"},
	};
	static const size_t sizes[] = {28, 29, 32, 44, 60, 92, 300};

	lab_t_peer(&z);
	crypto_random(peer_crypto, z.cky_r, 8);
	if (scene_set(&s, 4)) {
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			for (size_t n = 0; n < ARRAY_LEN(sizes); n++)
				for (int who = 0; who < 4; who++) {
					const struct initiator *i = who == 0 ? &s.i :
					    who == 1			     ? &s.half :
									       &z;
					struct initiator	first = *i;

					crypto_random(peer_crypto, m, sizeof(m));
					if (who == 3)
						memset(first.cky_r, 0, 8);
					put_hdr(m, &first, rows[k].next, rows[k].version,
					    rows[k].exchange, rows[k].flags, rows[k].msgid,
					    sizes[n]);
					lab_rx(s.l, i, CHUNK(m, sizes[n]));
					if (!scene_same(&s, rows[k].what))
						goto out;
					/* At most one clear answer, no larger than the question. */
					T_TRUE(s.l->count <= 1);
					if (s.l->count == 1)
						T_TRUE(s.l->queue[s.l->head].n <= sizes[n]);
					lab_drop(s.l);
					s.l->now_ms += 50;
				}
	}
out:
	ini_fini(&z);
	scene_end(&s);
}

static void
lengths_that_lie(void)
{
	static uint8_t room[INI_OUT];
	struct scene   s;
	struct chunk   m;
	static const int32_t wrong[] = {-1, 1, -28, 4, 1000, 0x7fffff00};

	if (scene_set(&s, 5)) {
		m = copy(ini_delete_isakmp(&s.i), room);
		for (size_t k = 0; k < ARRAY_LEN(wrong); k++) {
			uint32_t n = (uint32_t)((int64_t)m.n + wrong[k]);

			for (int b = 0; b < 4; b++)
				room[24 + b] = (uint8_t)(n >> (24 - 8 * b));
			lab_rx(s.l, &s.i, m);
			scene_same(&s, "header length");
		}
		memset(room + 24, 0, 4);
		lab_rx(s.l, &s.i, m);
		scene_same(&s, "header length 0");
		/* Octets behind the message are not ours to read. */
		m = copy(ini_delete_isakmp(&s.i), room);
		memset(room + m.n, 0xaa, 40);
		lab_rx(s.l, &s.i, CHUNK(room, m.n + 40));
		scene_same(&s, "trailing octets");
	}
	scene_end(&s);
}

static void
source_port_0(void)
{
	struct lab	*l = lab_new(NULL, 6);
	struct initiator i;

	lab_t_peer(&i);
	i.local.port = 0;
	i.outer = (struct endpoint){.addr = i.local.addr, .port = 0};
	lab_rx(l, &i, ini_mm1(&i));
	T_SILENT(l);
	T_EQ(ike_totals(l->ike).half_open, 0);
	ini_fini(&i);
	lab_free(l);
}

/* ---- unknown cookies ---- */

static void
unknown_cookies(void)
{
	for (int notify = 0; notify < 2; notify++) {
		static uint8_t	 room[INI_OUT];
		struct lab *l = lab_new_with(&(struct lab_policy){.top = notify ?
						     "invalid_cookie_notify = true;" :
						     "invalid_cookie_notify = false;"},
		    7);
		struct lab	*other = lab_new(NULL, 8);
		struct initiator i;
		struct ini_qm	 q;

		/* An SA that the other engine has and this one does not: we were restarted. */
		lab_t_peer(&i);
		T_STEP(lab_phase1, other, &i);
		ini_qm_init(&q, &i);
		struct chunk qm1 = copy(ini_qm1(&q), room);

		lab_rx(l, &i, qm1);
		if (notify)
			T_NOTIFY(l, &i, N_INVALID_COOKIE, true);
		T_SILENT(l);
		T_EQ(lab_counter(l, CNT_unknown_cookies), 1);
		/* Never an answer to an informational message. */
		lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, 1));
		T_SILENT(l);
		lab_rx(l, &i, ini_delete_isakmp(&i));
		T_SILENT(l);
		T_EQ(ike_totals(l->ike).half_open + ike_totals(l->ike).established, 0);
		ini_qm_fini(&q);
		ini_fini(&i);
		lab_free(other);
		/* lab_free() took the log's hook away. */
		lab_free(l);
	}
}

/* The late MM3 of a dead negotiation: ASA's words for it. */
static void
message_3_of_the_dead(void)
{
	struct lab	*l = lab_new(NULL, 9);
	struct initiator i;

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	crypto_random(peer_crypto, i.cky_r, 8);
	lab_rx(l, &i, ini_mm3(&i));
	T_TRUE(lab_logged(l, "Header invalid, missing SA payload! (next payload = 4)"));
	T_EQ(ike_totals(l->ike).half_open, 1);
	ini_fini(&i);
	lab_free(l);
}

/* ---- unprotected informational messages ---- */

static void
clear_info(struct scene *s, const struct initiator *as, uint16_t notify, bool delete)
{
	struct initiator *i = &s->i;
	struct msg	  m;
	uint8_t		  spi[16];

	memcpy(spi, as->cky_i, 8);
	memcpy(spi + 8, as->cky_r, 8);
	ini_info_begin(i, &m);
	memcpy(m.hdr.cky_i, as->cky_i, 8);
	memcpy(m.hdr.cky_r, as->cky_r, 8);
	if (delete) {
		ini_add_delete(i, &m, PROTO_ISAKMP, 16, CHUNK(spi, 16));
		ini_add_delete(i, &m, PROTO_ESP, 4, CHUNK(s->q.spi_i, 4));
	} else {
		ini_add_notify(i, &m, PROTO_ISAKMP, notify, CHUNK(spi, 16), CHUNK_NONE);
	}
	lab_rx(s->l, as, ini_info_end_clear(i, &m));
}

static void
unprotected_notifies_and_deletes(void)
{
	static const uint16_t notifies[] = {N_NO_PROPOSAL_CHOSEN, N_PAYLOAD_MALFORMED,
	    N_INVALID_COOKIE, N_AUTHENTICATION_FAILED, N_INITIAL_CONTACT, N_R_U_THERE,
	    N_R_U_THERE_ACK, N_RESPONDER_LIFETIME, N_CONNECTED, 40001};
	struct scene	      s;

	if (scene_set(&s, 10)) {
		for (size_t k = 0; k < ARRAY_LEN(notifies); k++)
			for (int who = 0; who < 2; who++) {
				clear_info(&s, who ? &s.half : &s.i, notifies[k], false);
				scene_same(&s, "clear notify");
				T_SILENT(s.l);
			}
		clear_info(&s, &s.i, 0, true);
		clear_info(&s, &s.half, 0, true);
		scene_same(&s, "clear delete");
		T_SILENT(s.l);
		T_EQ(lab_counter(s.l, CNT_unprotected_ignored), 2 * ARRAY_LEN(notifies) + 2);
		T_EQ(lab_counter(s.l, CNT_deletes_in), 0);
		/* A delete with a HASH that is not encrypted is no better. */
		T_TRUE(s.l->events[EVT_NOTIFY_UNPROTECTED] > 0);
	}
	scene_end(&s);
}

/* ---- encrypted rubbish ---- */

static void
encrypted_garbage(void)
{
	static uint8_t m[2048];
	struct scene   s;
	static const uint8_t exchanges[] = {ISAKMP_XCHG_MAIN, ISAKMP_XCHG_QUICK, ISAKMP_XCHG_INFO,
	    ISAKMP_XCHG_TRANSACTION};

	if (scene_set(&s, 11)) {
		for (int k = 0; k < 400; k++) {
			size_t n = 28 + 16 * (size_t)(1 + k % 60);

			crypto_random(peer_crypto, m, n);
			put_hdr(m, &s.i, ISAKMP_PL_HASH, ISAKMP_VERSION, exchanges[k % 4],
			    ISAKMP_FLAG_ENCRYPT, k % 4 == 0 ? 0 : 0x1000u + (uint32_t)k, n);
			lab_rx(s.l, &s.i, CHUNK(m, n));
			T_SILENT(s.l);
		}
		scene_same(&s, "encrypted garbage");
		T_TRUE(lab_counter(s.l, CNT_undecryptable) >= 150);
		/* It still answers. */
		lab_rx(s.l, &s.i, ini_dpd(&s.i, N_R_U_THERE, 3));
		T_NOTIFY(s.l, &s.i, N_R_U_THERE_ACK, false);
	}
	scene_end(&s);
}

/*
 * Plaintext of the peer's own making, under the right keys and with a right HASH: it may be
 * refused, it may not
 * do what only a complete message can, and nothing may break.  Chains are made from random pieces.
 */
static void
protected_nonsense(void)
{
	static uint8_t plain[1024];
	struct scene   s;
	uint8_t	       hash[64], iv[16], r[8];

	if (scene_set(&s, 12)) {
		for (int k = 0; k < 600; k++) {
			uint32_t    id = 0x2000u + (uint32_t)k;
			struct wbuf w;
			uint8_t	    first;

			wb_init(&w, plain, sizeof(plain));
			wb_zero(&w, 24);
			crypto_random(peer_crypto, r, sizeof(r));
			first = r[0] % 22;
			for (int p = 0; p < 1 + r[1] % 4; p++) {
				uint8_t body[64], more[2];

				crypto_random(peer_crypto, body, sizeof(body));
				crypto_random(peer_crypto, more, 2);
				wb_u8(&w, p == r[1] % 4 ? 0 : more[0] % 22);
				wb_u8(&w, 0);
				wb_u16(&w, (uint16_t)(4 + more[1] % 60));
				wb_put(&w, CHUNK(body, more[1] % 60));
			}
			T_OK(keymat_hash1(peer_crypto, s.i.chosen->hash, secret_view(&s.i.keys.a),
			    id, CHUNK(plain + 24, w.n - 24), hash));
			plain[0] = first;
			plain[1] = 0;
			plain[2] = 0;
			plain[3] = 24;
			memcpy(plain + 4, hash, 20);
			ini_iv(&s.i, id, iv);
			lab_rx(s.l, &s.i,
			    ini_seal(&s.i, k % 2 ? ISAKMP_XCHG_QUICK : ISAKMP_XCHG_INFO,
				ISAKMP_FLAG_ENCRYPT, id, ISAKMP_PL_HASH, wb_view(&w), iv));
			lab_drop(s.l);
		}
		T_EQ(ike_totals(s.l->ike).established, 1);
		T_EQ(ike_totals(s.l->ike).children, 1);
		lab_advance(s.l, 120000);
		T_EQ(ike_totals(s.l->ike).exchanges, 0);
	}
	scene_end(&s);
}

/* Random datagrams, all lengths. */
static void
noise(void)
{
	static uint8_t m[1500];
	struct scene   s;

	if (scene_set(&s, 13)) {
		for (size_t n = 0; n < sizeof(m); n++) {
			crypto_random(peer_crypto, m, n);
			lab_rx(s.l, &s.i, CHUNK(m, n));
			lab_drop(s.l);
		}
		scene_same(&s, "noise");
	}
	scene_end(&s);
}

/* A big SA payload: many proposals and transforms, at and over the limits. */
static void
many_transforms(void)
{
	struct lab	*l = lab_new(NULL, 14);
	struct initiator i;
	static uint8_t	 m[65000];

	for (unsigned count = 100; count <= 140; count += 10) {
		struct wbuf  w;
		struct wmark sa, prop;
		size_t	     at_sa, at_prop;

		lab_t_peer(&i);
		wb_init(&w, m, sizeof(m));
		wb_zero(&w, ISAKMP_HDR_LEN);
		at_sa = w.n;
		wb_u16(&w, 0);
		sa = wb_open16(&w);
		wb_u32(&w, IPSEC_DOI);
		wb_u32(&w, IPSEC_SIT_IDENTITY);
		at_prop = w.n;
		wb_u16(&w, 0);
		prop = wb_open16(&w);
		wb_u8(&w, 1);
		wb_u8(&w, PROTO_ISAKMP);
		wb_u8(&w, 0);
		wb_u8(&w, (uint8_t)count);
		for (unsigned k = 0; k < count; k++) {
			bool last = k + 1 == count;

			wb_u16(&w, last ? 0 : 0x0300);
			wb_u16(&w, 8 + 4 * 5);
			wb_u8(&w, (uint8_t)k);
			wb_u8(&w, IKE_TRANSFORM_KEY_IKE);
			wb_u16(&w, 0);
			wb_u32(&w, 0x80010007);
			wb_u32(&w, 0x800e0080);
			wb_u32(&w, 0x80020002);
			wb_u32(&w, last ? 0x8004001f : 0x80040063);
			wb_u32(&w, 0x80030001);
		}
		wb_close16(&w, prop, at_prop);
		wb_close16(&w, sa, at_sa);
		put_hdr(m, &i, ISAKMP_PL_SA, ISAKMP_VERSION, ISAKMP_XCHG_MAIN, 0, 0, w.n);
		lab_rx(l, &i, wb_view(&w));
		T_EQ(ike_totals(l->ike).half_open > 0, 1);
		if (count <= 128)
			T_STR(lab_state(l, &i), "MM_WAIT_MSG3");
		else
			T_STR(lab_state(l, &i), "");
		lab_drop(l);
		ini_fini(&i);
	}
	lab_free(l);
}

/* Unauthenticated lines cannot flood the log (DESIGN 5). */
static void
the_log_is_not_flooded(void)
{
	static uint8_t m[64];
	struct lab    *l = lab_new(NULL, 15);
	struct initiator i;
	unsigned       lines = 0;

	lab_t_peer(&i);
	for (int k = 0; k < 2000; k++) {
		crypto_random(peer_crypto, m, sizeof(m));
		if (k % 2 == 0) {
			crypto_random(peer_crypto, i.cky_r, 8);
			put_hdr(m, &i, ISAKMP_PL_HASH, ISAKMP_VERSION, ISAKMP_XCHG_QUICK,
			    ISAKMP_FLAG_ENCRYPT, 7, sizeof(m));
		}
		lab_rx(l, &i, CHUNK(m, sizeof(m)));
		lab_drop(l);
	}
	for (const char *p = l->log; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	T_TRUE(lines > 0);
	/* A handful of sorts of lines, of each no more than the limiter lets through. */
	if (!T_TRUE(lines <= 6 * LOG_BURST))
		T_FAIL("%u lines\n%.4000s", lines, l->log);
	T_TRUE(lab_counter(l, CNT_log_suppressed) >= 1900);
	lab_advance(l, 30000);
	T_TRUE(l->events[EVT_LOG_SUPPRESSED] >= 1);
	ini_fini(&i);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(flipped_bits);
	T_RUN(flipped_bits_in_qm3);
	T_RUN(truncated_messages);
	T_RUN(foreign_headers);
	T_RUN(lengths_that_lie);
	T_RUN(source_port_0);
	T_RUN(unknown_cookies);
	T_RUN(message_3_of_the_dead);
	T_RUN(unprotected_notifies_and_deletes);
	T_RUN(encrypted_garbage);
	T_RUN(protected_nonsense);
	T_RUN(noise);
	T_RUN(many_transforms);
	T_RUN(the_log_is_not_flooded);
	return lab_t_end();
}
