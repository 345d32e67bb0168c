/*
 * src/ike/diagnose.c - which key does the peer have?  Other keys, and the usual slips of the one we
 * hold, tried on a message 5 that our key did not fit.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET 200 /* keys tried for one message 5 */
#define STEPS 20 /* keys looked at in one tick */
#define TICK_MS 2 /* from tick to tick: what has arrived goes first */
#define MESSAGE_MAX 4096 /* octets of a message 5 that is looked into */
#define KEY_MAX 1024 /* octets of a key in a policy */
#define WORDS_MAX sizeof(((struct record *)0)->key_found)

struct candidate {
	uint8_t b[2 * KEY_MAX + 8];
	size_t n;
};

enum stage { OWN, WELL_KNOWN, OTHERS, OTHERS_CHANGED, THE_END };

struct diagnosis { /* all that HASH_I needs but the key, in one block that is wiped in the end */
	struct ike *ike;
	struct timer timer;
	struct log_who who;
	const struct policy *policy; /* reference */
	const struct tunnel_group *group;
	const struct alg_cipher *cipher;
	const struct alg_hash *hash;
	const struct alg_group *dh_group;
	struct isakmp_hdr hdr;
	uint8_t ni[NONCE_MAX], nr[NONCE_LEN];
	size_t ni_len, sai_len, message_len;
	uint8_t *gxi, *gxr, *sai_b; /* owned */
	struct dh *dh;
	uint8_t gxy[ALG_MAX_PUBLIC];
	uint8_t iv[ALG_MAX_BLOCK];
	uint8_t message[MESSAGE_MAX], plain[MESSAGE_MAX];
	struct candidate candidate;
	uint64_t seen[BUDGET]; /* hashes of the keys tried: none is tried twice */
	unsigned tried;
	enum stage stage;
	size_t other; /* index of the group, in OTHERS and OTHERS_CHANGED */
	unsigned variant; /* the next one */
};

/* ---- the slips people make ---- */

struct variant {
	bool (*make)(const struct variant *, struct chunk key, struct candidate *);
	const char *before, *after;
	unsigned n;
	const char *words; /* "the peer's key is yours ..." */
};

static bool
put(struct candidate *c, struct chunk part)
{
	if (part.n > sizeof(c->b) - c->n)
		return false;
	if (part.n != 0)
		memcpy(c->b + c->n, part.p, part.n);
	c->n += part.n;
	return true;
}

static struct chunk
text(const char *s)
{
	return CHUNK((const uint8_t *)s, strlen(s));
}

static bool
wrap(const struct variant *v, struct chunk key, struct candidate *c)
{
	return put(c, text(v->before)) && put(c, key) && put(c, text(v->after));
}

static bool
trim(const struct variant *v, struct chunk key, struct candidate *c)
{
	(void)v;
	while (key.n > 0 && isspace(key.p[key.n - 1]))
		key.n--;
	while (key.n > 0 && isspace(key.p[0]))
		key = CHUNK(key.p + 1, key.n - 1);
	return put(c, key);
}

static bool
unquote(const struct variant *v, struct chunk key, struct candidate *c)
{
	const uint8_t quote = (uint8_t)v->before[0];

	return key.n >= 2 && key.p[0] == quote && key.p[key.n - 1] == quote &&
	    put(c, CHUNK(key.p + 1, key.n - 2));
}

static bool
upper(const struct variant *v, struct chunk key, struct candidate *c)
{
	(void)v;
	(void)put(c, key);
	for (size_t i = 0; i < c->n; i++)
		c->b[i] = (uint8_t)toupper(c->b[i]);
	return true;
}

static bool
lower(const struct variant *v, struct chunk key, struct candidate *c)
{
	(void)v;
	(void)put(c, key);
	for (size_t i = 0; i < c->n; i++)
		c->b[i] = (uint8_t)tolower(c->b[i]);
	return true;
}

static bool
first_letter(const struct variant *v, struct chunk key, struct candidate *c)
{
	(void)v;
	if (!put(c, key) || c->n == 0)
		return false;
	c->b[0] = (uint8_t)(islower(c->b[0]) ? toupper(c->b[0]) : tolower(c->b[0]));
	return true;
}

static bool
cut(const struct variant *v, struct chunk key, struct candidate *c)
{
	return key.n > v->n && put(c, CHUNK(key.p, v->n));
}

static int
digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* Our key is hex text, the peer took it for what it stands for. */
static bool
octets(const struct variant *v, struct chunk key, struct candidate *c)
{
	(void)v;
	if (key.n >= 2 && key.p[0] == '0' && (key.p[1] == 'x' || key.p[1] == 'X'))
		key = CHUNK(key.p + 2, key.n - 2);
	for (size_t i = 0; i + 1 < key.n; i += 2) {
		int high = digit(key.p[i]), low = digit(key.p[i + 1]);

		if (high < 0 || low < 0)
			return false;
		c->b[c->n++] = (uint8_t)(high << 4 | low);
	}
	return key.n >= 2 && key.n % 2 == 0;
}

/* The peer holds our key's octets as hex text; n: in capitals. */
static bool
hex(const struct variant *v, struct chunk key, struct candidate *c)
{
	const char *digits = v->n != 0 ? "0123456789ABCDEF" : "0123456789abcdef";

	if (!put(c, text(v->before)) || 2 * key.n > sizeof(c->b) - c->n)
		return false;
	for (size_t i = 0; i < key.n; i++) {
		c->b[c->n++] = (uint8_t)digits[key.p[i] >> 4];
		c->b[c->n++] = (uint8_t)digits[key.p[i] & 15];
	}
	return true;
}

static const struct variant variants[] = {
    {wrap, "", "", 0, ""}, /* the first: as it is */
    {wrap, "", " ", 0, " plus a trailing space"},
    {wrap, "", "\n", 0, " plus a trailing newline"},
    {wrap, "", "\r\n", 0, " plus a trailing CR LF"},
    {wrap, "", "\r", 0, " plus a trailing CR"},
    {wrap, "", "\t", 0, " plus a trailing tab"},
    {wrap, "", "  ", 0, " plus two trailing spaces"},
    {wrap, " ", "", 0, " plus a leading space"},
    {wrap, "\t", "", 0, " plus a leading tab"},
    {wrap, "\n", "", 0, " plus a leading newline"},
    {wrap, "\r\n", "", 0, " plus a leading CR LF"},
    {wrap, " ", " ", 0, " plus a leading and a trailing space"},
    {trim, "", "", 0, " without the white space at its ends"},
    {wrap, "\"", "\"", 0, " in double quotes"},
    {wrap, "'", "'", 0, " in single quotes"},
    {wrap, "\"", "", 0, " plus a leading double quote"},
    {wrap, "", "\"", 0, " plus a trailing double quote"},
    {wrap, "'", "", 0, " plus a leading single quote"},
    {wrap, "", "'", 0, " plus a trailing single quote"},
    {unquote, "\"", "", 0, " without its double quotes"},
    {unquote, "'", "", 0, " without its single quotes"},
    {upper, "", "", 0, " in upper case"},
    {lower, "", "", 0, " in lower case"},
    {first_letter, "", "", 0, " with the case of the first letter changed"},
    {cut, "", "", 64, " cut after 64 characters"},
    {cut, "", "", 128, " cut after 128 characters"},
    {octets, "", "", 0, ", hex text read as octets"},
    {hex, "", "", 0, " written as hex text"},
    {hex, "0x", "", 0, " written as hex text with 0x"},
    {hex, "", "", 1, " written as hex text in capitals"},
    {hex, "0x", "", 1, " written as hex text in capitals with 0x"},
};

/* What stands where a key should: nothing, and what a display shows in place of one. */
static const struct {
	const char *key, *words;
} well_known[] = {
    {"", "empty"},
    {"*****", "the text \"*****\", which an ASA shows in place of a key"},
    {"********", "the text \"********\", which \"ikev1ctl show policy\" shows in place of a key"},
};

/* ---- one after the other ---- */

static struct chunk
psk_of(const struct tunnel_group *g)
{
	return CHUNK(g->psk, g->psk_len);
}

/* The next candidate and what it is, or false: this one cannot be made.  THE_END is a stage. */
static bool
next(struct diagnosis *d, char *words, size_t n)
{
	const struct tunnel_group *g = &d->policy->groups[d->other];
	const struct variant *v = &variants[d->variant];
	unsigned i = d->variant++;

	d->candidate.n = 0;
	switch (d->stage) {
	case OWN:
		if (d->variant == ARRAY_LEN(variants))
			d->stage = WELL_KNOWN, d->variant = 0;
		snprintf(words, n, "yours%s",
		    i == 0 ?
			" as it stands here: something else was wrong, perhaps a fault is set" :
			v->words);
		return v->make(v, psk_of(d->group), &d->candidate);
	case WELL_KNOWN:
		if (d->variant == ARRAY_LEN(well_known))
			d->stage = OTHERS, d->variant = 0;
		snprintf(words, n, "%s", well_known[i].words);
		return put(&d->candidate, text(well_known[i].key));
	case OTHERS:
		d->variant = 0;
		if (++d->other == d->policy->group_count)
			d->stage = OTHERS_CHANGED, d->other = 0, d->variant = 1;
		snprintf(words, n, "that of tunnel group %s", g->name);
		return put(&d->candidate, psk_of(g));
	case OTHERS_CHANGED:
		if (d->variant == ARRAY_LEN(variants)) {
			d->variant = 1;
			if (++d->other == d->policy->group_count)
				d->stage = THE_END;
		}
		snprintf(words, n, "that of tunnel group %s%s", g->name, v->words);
		return v->make(v, psk_of(g), &d->candidate);
	case THE_END:
		break;
	}
	return false;
}

/* FNV-1a, for want of nothing better: a key that only looks tried costs one chance in 2^56. */
static bool
new_to_us(struct diagnosis *d)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < d->candidate.n; i++)
		h = (h ^ d->candidate.b[i]) * UINT64_C(1099511628211);
	for (unsigned i = 0; i < d->tried; i++)
		if (d->seen[i] == h)
			return false;
	d->seen[d->tried] = h;
	return true;
}

/* ---- does it fit ---- */

static enum ike_err
make_keys(struct diagnosis *d, struct skeyids *keys, struct secret *key)
{
	struct crypto *c = d->ike->crypto;
	enum ike_err e = keymat_skeyid_psk(c, d->hash, CHUNK(d->candidate.b, d->candidate.n),
	    CHUNK(d->ni, d->ni_len), CHUNK(d->nr, NONCE_LEN), &keys->skeyid);

	if (e == IKE_OK)
		e = keymat_skeyid_dae(c, d->hash, CHUNK(d->gxy, d->dh_group->secret_len),
		    d->hdr.cky_i, d->hdr.cky_r, keys);
	if (e == IKE_OK)
		e = keymat_cipher_key(c, d->hash, d->cipher, secret_view(&keys->e), key);
	return e;
}

/* Payloads may come about by chance, HASH_I does not. */
static bool
hash_verifies(struct diagnosis *d, const struct skeyids *keys)
{
	size_t n = d->dh_group->public_len;
	const struct pl *id, *hash;
	uint8_t ours[ALG_MAX_HASH];
	struct why w = {0};
	struct msg m;

	msg_init(&m, &d->hdr);
	if (msg_decode(&m, CHUNK(d->plain, d->message_len), d->ike->mem, &w) != IKE_OK)
		return false;
	id = msg_find(&m, ISAKMP_PL_ID, NULL);
	hash = msg_find(&m, ISAKMP_PL_HASH, NULL);
	return id != NULL && hash != NULL &&
	    keymat_auth_hash(d->ike->crypto, d->hash, secret_view(&keys->skeyid), CHUNK(d->gxi, n),
		CHUNK(d->gxr, n), d->hdr.cky_i, d->hdr.cky_r, CHUNK(d->sai_b, d->sai_len), id->raw,
		ours) == IKE_OK &&
	    crypto_equal(hash->u.raw, CHUNK(ours, d->hash->len));
}

static bool
fits(struct diagnosis *d)
{
	struct skeyids keys = {0};
	struct secret key = {0};
	bool found = make_keys(d, &keys, &key) == IKE_OK &&
	    crypto_decrypt(d->ike->crypto, d->cipher, secret_view(&key), d->iv, d->message,
		d->plain, d->message_len) == IKE_OK &&
	    hash_verifies(d, &keys);

	secret_wipe_mem(&keys, sizeof(keys));
	secret_wipe(&key);
	return found;
}

/* ---- its life ---- */

static void
diagnosis_free(struct diagnosis *d)
{
	if (d == NULL)
		return;
	timer_fini(d->ike, &d->timer);
	dh_free(d->dh);
	free(d->gxi);
	free(d->gxr);
	free(d->sai_b);
	policy_unref(d->policy);
	secret_free(d, sizeof(*d));
}

void
diagnose_stop(struct ike *ike)
{
	diagnosis_free(ike->diagnosis);
	ike->diagnosis = NULL;
}

static void
tell(struct diagnosis *d, const char *words, bool found)
{
	struct ike *ike = d->ike;
	char line[WORDS_MAX + 40];

	if (found) {
		COUNT(ike, psk_found);
		snprintf(line, sizeof(line), "the peer's key is %s", words);
		record_key_found(ike, d->hdr.cky_i, d->hdr.cky_r, line);
	} else {
		snprintf(line, sizeof(line), "the peer's key is none of the %u that were tried%s",
		    d->tried, d->stage == THE_END ? "" : ", and more are not tried");
	}
	LOG_LIMITED(ike->limiter, ike_now(ike), PSK_DIAGNOSED, &d->who, "key diagnosis: %s", line);
}

/* The secret is made anew: on the packet path that would have cost every honest negotiation. */
static bool
secret_made(struct diagnosis *d)
{
	struct chunk gxi = CHUNK(d->gxi, d->dh_group->public_len),
		     gxr = CHUNK(d->gxr, d->dh_group->public_len);
	struct why w = {0};
	enum ike_err e;

	if (d->dh == NULL)
		return true;
	e = dh_derive(d->ike->crypto, d->dh, gxi, d->gxy, &w);
	if (e == IKE_OK)
		e = keymat_iv_phase1(d->ike->crypto, d->hash, d->cipher, gxi, gxr, d->iv);
	COUNT(d->ike, dh_derived);
	dh_free(d->dh);
	d->dh = NULL;
	return e == IKE_OK;
}

static void
on_tick(void *owner)
{
	struct diagnosis *d = owner;
	struct ike *ike = d->ike;
	char words[WORDS_MAX];
	bool found = false, going = secret_made(d);

	for (unsigned i = 0; i < STEPS && going && !found; i++) {
		if (d->stage == THE_END || d->tried == BUDGET) {
			tell(d, "", false);
			going = false;
		} else if (next(d, words, sizeof(words)) && new_to_us(d)) {
			d->tried++;
			COUNT(ike, psk_candidates);
			found = fits(d);
		}
	}
	if (found)
		tell(d, words, true);
	if (found || !going)
		diagnose_stop(ike);
	else
		timer_set(ike, &d->timer, TICK_MS);
}

/* What nobody will need again after the negotiation's end moves over. */
static void
take(struct diagnosis *d, struct handshake *hs)
{
	memcpy(d->ni, hs->ni, hs->ni_len);
	memcpy(d->nr, hs->nr, sizeof(d->nr));
	d->ni_len = hs->ni_len;
	d->gxi = hs->gxi;
	d->gxr = hs->gxr;
	d->sai_b = hs->sai_b;
	d->sai_len = hs->sai_len;
	d->dh = hs->dh;
	hs->gxi = hs->gxr = hs->sai_b = NULL;
	hs->dh = NULL;
}

void
diagnose_begin(struct sa *sa, const struct isakmp_hdr *hdr, struct chunk ciphertext)
{
	struct ike *ike = sa->ike;
	struct diagnosis *d;

	if (!sa->policy->diagnose_psk || sa->hs == NULL || sa->hs->dh == NULL ||
	    ciphertext.n == 0 || ciphertext.n > MESSAGE_MAX ||
	    ciphertext.n % sa->cipher->block != 0)
		return;
	if (ike->diagnosis != NULL || (d = calloc(1, sizeof(*d))) == NULL) {
		COUNT(ike, psk_diagnoses_skipped);
		return;
	}
	COUNT(ike, psk_diagnoses);
	d->ike = ike;
	d->policy = policy_ref(sa->policy);
	d->group = sa->group;
	d->who = sa->who;
	d->cipher = sa->cipher;
	d->hash = sa->hash;
	d->dh_group = sa->dh_group;
	d->hdr = *hdr;
	memcpy(d->message, ciphertext.p, ciphertext.n);
	d->message_len = ciphertext.n;
	take(d, sa->hs);
	ike->diagnosis = d;
	if (timer_init(ike, &d->timer, on_tick, d))
		timer_set(ike, &d->timer, TICK_MS);
	else
		diagnose_stop(ike);
}
