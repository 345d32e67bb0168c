/*
 * tests/fuzz/fuzz_engine.c - the whole engine: a list of events at one of several points of a
 * conversation.
 *
 * Octet 0 chooses the point (below).  Then events: kind, length (2 octets), that many octets.  Some
 * events are plain datagrams; others hand the octets to the peer that has the right keys, who puts
 * a
 * right HASH before them and encrypts: so the parsers and handlers behind the encryption are
 * reached.
 *
 * Beyond memory errors it checks that nothing unauthenticated ends what is established, and that
 * everything sent is a well-formed ISAKMP message.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "peer/lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define PSK "secret-of-the-lab"

enum point { AT_START, AT_MM2, AT_MM4, AT_UP, AT_QM2, AT_CHILD, AT_REKEY, AT_NATT, POINTS };

enum event {
	EV_TIME,     /* first two octets: tenths of a second */
	EV_RAW,	     /* a datagram */
	EV_COOKIES,  /* a datagram whose cookies become those of the SA */
	EV_INFO,     /* first payload's type, then its chain: HASH(1), encrypted, INFO */
	EV_QUICK,    /* the same in a fresh Quick Mode */
	EV_QUICK_ON, /* the same in the Quick Mode under way, with the HASH that is due there */
	/* exchange, message id's last octet, first type, plaintext: encrypted as it is */
	EV_SEALED,
	EV_MAIN,     /* first type, chain: a clear Main Mode message with the SA's cookies */
	EV_MM5,	     /* first type, chain: encrypted as message 5 */
	EV_ADMIN,    /* rekey, dpd, delete, shutdown */
	EV_AGAIN,    /* the last datagram once more */
	EV_PORT,     /* the peer's source port changes */
	EVENTS
};

static struct crypto *crypto;
static struct policy *policy;

struct play {
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	bool		 responder; /* the engine began q */
	uint8_t		 last[INI_OUT];
	size_t		 last_n;
};

/* A line of every sort is formatted, and forgotten. */
static void
swallow(void *ctx, const struct log_line *line)
{
	(void)ctx;
	if (strlen(line->full) < strlen(line->text))
		abort();
}

static void
begin(void)
{
	struct log_conf quiet = {.target = LOG_T_NONE, .level = LOG_L_ERR};
	struct why	w = {0};
	char	       *text;

	if (policy != NULL)
		return;
	text = lab_policy_text(&(
	    struct lab_policy){.group = "dpd = { interval = 10; retries = 2; };",
	    .entry =
		"local = \"any\"; remote = \"any\"; pfs = \"any\"; narrow = true; lifetime = 600;",
	    .top = "limits = { half_open = 8; half_open_per_source = 6; phase2_per_sa = 8; };"});
	policy = lab_load(text);
	free(text);
	crypto = crypto_new_replay(1, &w);
	if (policy == NULL || crypto == NULL || log_open(&quiet, &w) != IKE_OK)
		abort();
	log_set_hook(swallow, NULL, LOG_L_DEBUG);
}

/* What was sent is a message: its header is right and its length that of the datagram. */
static void
check_sent(struct lab *l)
{
	struct isakmp_hdr h;
	struct chunk	  d;
	struct cur	  c;

	while (l->count > 0) {
		if (!lab_take(l, &d))
			abort();
		if (d.n == 1 && d.p[0] == 0xff)
			continue;
		c = cur_from(d);
		if (hdr_get(&c, &h) != IKE_OK || h.length != d.n || h.version != ISAKMP_VERSION)
			abort();
	}
}

static void
go_to(struct play *p, enum point at)
{
	struct chunk d;

	ini_init(&p->i, crypto, "198.51.100.7", "192.0.2.1", PSK, alg_group_id(31));
	if (at == AT_NATT) {
		p->i.vids |= VID_NATT_RFC;
		p->i.fake_nat = true;
	}
	if (at >= AT_MM2 && !lab_mm12(p->l, &p->i, NULL))
		abort();
	if (at >= AT_MM4 && !lab_mm34(p->l, &p->i, NULL))
		abort();
	if (at == AT_NATT)
		ini_float(&p->i, 4500, 4500);
	if (at >= AT_UP && !lab_mm56(p->l, &p->i, NULL))
		abort();
	if (at < AT_UP)
		return;
	ini_qm_init(&p->q, &p->i);
	if (at == AT_QM2 && !lab_qm12(p->l, &p->q, NULL))
		abort();
	if ((at == AT_CHILD || at == AT_REKEY) && !lab_quick(p->l, &p->q, NULL))
		abort();
	if (at == AT_REKEY) {
		ini_qm_fini(&p->q);
		p->q.ini = &p->i;
		p->q.nonce_len = 20;
		p->responder = true;
		if (ike_rekey(p->l->ike, &(struct ike_match){0}) != 1 || !lab_take(p->l, &d) ||
		    ini_qm1_in(&p->q, d, NULL) != IKE_OK)
			abort();
	}
}

static void
give(struct play *p, struct chunk d)
{
	if (d.n <= sizeof(p->last)) {
		if (d.n > 0)
			memmove(p->last, d.p, d.n);
		p->last_n = d.n;
	}
	lab_rx(p->l, &p->i, d);
	check_sent(p->l);
}

/* Nothing without a key may end what stands. */
static void
send_unauthenticated(struct play *p, struct chunk d)
{
	struct ike_totals before = ike_totals(p->l->ike), after;

	give(p, d);
	after = ike_totals(p->l->ike);
	if (after.established != before.established || after.children != before.children)
		abort();
}

/* HASH(kind) before the octets, encrypted. */
static void
send_hashed(struct play *p, uint8_t exchange, uint32_t msgid, uint8_t *iv, int kind,
    struct chunk in)
{
	struct initiator      *i = &p->i;
	const struct alg_hash *h;
	uint8_t		       plain[INI_OUT], hash[ALG_MAX_HASH], own[16];
	struct chunk	       rest, ni, nr;
	struct wbuf	       w;

	if (!i->established || in.n < 1 || in.n > INI_OUT / 2)
		return;
	h = i->chosen->hash;
	rest = CHUNK(in.p + 1, in.n - 1);
	ni = CHUNK(p->q.ni, p->q.ni_n);
	nr = CHUNK(p->q.nr, p->q.nr_n);
	if (kind == 1 &&
	    keymat_hash1(crypto, h, secret_view(&i->keys.a), msgid, rest, hash) != IKE_OK)
		abort();
	if (kind == 2 &&
	    keymat_hash2(crypto, h, secret_view(&i->keys.a), msgid, ni, rest, hash) != IKE_OK)
		abort();
	if (kind == 3 &&
	    keymat_hash3(crypto, h, secret_view(&i->keys.a), msgid, ni, nr, hash) != IKE_OK)
		abort();
	wb_init(&w, plain, sizeof(plain));
	wb_u8(&w, in.p[0]);
	wb_u8(&w, 0);
	wb_u16(&w, (uint16_t)(4 + h->len));
	wb_put(&w, CHUNK(hash, h->len));
	wb_put(&w, rest);
	if (iv == NULL) {
		ini_iv(i, msgid, own);
		iv = own;
	}
	give(p, ini_seal(i, exchange, ISAKMP_FLAG_ENCRYPT, msgid, ISAKMP_PL_HASH, wb_view(&w), iv));
}

static void
send_sealed(struct play *p, struct chunk in)
{
	uint8_t iv[16];

	if (!p->i.established || in.n < 3 || in.n > INI_OUT / 2)
		return;
	ini_iv(&p->i, in.p[1], iv);
	give(p,
	    ini_seal(&p->i, in.p[0], ISAKMP_FLAG_ENCRYPT, in.p[1], in.p[2],
		CHUNK(in.p + 3, in.n - 3), iv));
}

static void
send_main(struct play *p, struct chunk in)
{
	struct isakmp_hdr h = {.version = ISAKMP_VERSION, .exchange = ISAKMP_XCHG_MAIN};
	uint8_t		  m[INI_OUT];
	struct wbuf	  w;

	if (in.n < 1 || in.n > INI_OUT / 2)
		return;
	memcpy(h.cky_i, p->i.cky_i, 8);
	memcpy(h.cky_r, p->i.cky_r, 8);
	h.next = in.p[0];
	h.length = (uint32_t)(ISAKMP_HDR_LEN + in.n - 1);
	wb_init(&w, m, sizeof(m));
	hdr_put(&w, &h);
	wb_put(&w, CHUNK(in.p + 1, in.n - 1));
	send_unauthenticated(p, wb_view(&w));
}

static void
send_mm5(struct play *p, struct chunk in)
{
	uint8_t iv[16];

	if (!p->i.keyed || p->i.established || in.n < 1 || in.n > INI_OUT / 2)
		return;
	memcpy(iv, p->i.iv, sizeof(iv));
	give(p,
	    ini_seal(&p->i, ISAKMP_XCHG_MAIN, ISAKMP_FLAG_ENCRYPT, 0, in.p[0],
		CHUNK(in.p + 1, in.n - 1), iv));
}

static void
admin(struct play *p, uint8_t what)
{
	struct ike_match all = {0};

	switch (what % 5) {
	case 0:
		ike_rekey(p->l->ike, &all);
		break;
	case 1:
		ike_dpd(p->l->ike, &all);
		break;
	case 2:
		ike_delete(p->l->ike, &all);
		break;
	case 3:
		ike_set_policy(p->l->ike, policy);
		break;
	default:
		ike_shutdown(p->l->ike);
	}
	check_sent(p->l);
}

static void
happen(struct play *p, enum event ev, struct chunk in)
{
	uint8_t	 m[INI_OUT];
	uint32_t tenths = in.n >= 2 ? (uint32_t)in.p[0] << 8 | in.p[1] : 1;

	switch (ev) {
	case EV_TIME:
		lab_advance(p->l, tenths * 100);
		check_sent(p->l);
		break;
	case EV_RAW:
		send_unauthenticated(p, in);
		break;
	case EV_COOKIES:
		if (in.n < 16 || in.n > sizeof(m))
			break;
		memcpy(m, in.p, in.n);
		memcpy(m, p->i.cky_i, 8);
		memcpy(m + 8, p->i.cky_r, 8);
		send_unauthenticated(p, CHUNK(m, in.n));
		break;
	case EV_INFO:
		send_hashed(p, ISAKMP_XCHG_INFO, 1000 + (uint32_t)p->l->sends, NULL, 1, in);
		break;
	case EV_QUICK:
		send_hashed(p, ISAKMP_XCHG_QUICK, 2000 + (uint32_t)p->l->sends, NULL, 1, in);
		break;
	case EV_QUICK_ON:
		if (p->q.ini != NULL)
			send_hashed(p, ISAKMP_XCHG_QUICK, p->q.msgid, p->q.iv, p->responder ? 2 : 3,
			    in);
		break;
	case EV_SEALED:
		send_sealed(p, in);
		break;
	case EV_MAIN:
		send_main(p, in);
		break;
	case EV_MM5:
		send_mm5(p, in);
		break;
	case EV_ADMIN:
		admin(p, in.n > 0 ? in.p[0] : 0);
		break;
	case EV_AGAIN:
		memcpy(m, p->last, p->last_n);
		give(p, CHUNK(m, p->last_n));
		break;
	case EV_PORT:
		p->i.local.port = (uint16_t)(1 + tenths);
		break;
	case EVENTS:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play p = {.last_n = 0};
	struct cur  c = cur_from(CHUNK(data, size));

	begin();
	p.l = lab_new_shared(policy, crypto, 1, 7);
	go_to(&p, cur_u8(&c, "point") % POINTS);
	for (int n = 0; n < 64 && cur_left(&c) >= 3; n++) {
		enum event ev = cur_u8(&c, "event") % EVENTS;
		size_t	   len = cur_u16(&c, "length");

		happen(&p, ev, cur_bytes(&c, len < cur_left(&c) ? len : cur_left(&c), "octets"));
	}
	if (p.q.ini != NULL)
		ini_qm_fini(&p.q);
	ini_fini(&p.i);
	lab_free(p.l);
	return 0;
}
