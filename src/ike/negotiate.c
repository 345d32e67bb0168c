/* src/ike/negotiate.c - offers x policy -> choice, with a reason for every transform refused. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/dump.h"
#include "wire/names.h"

#define MISMATCH_LINES_MAX 24 /* of one refused offer in the log */

/* ---- what differs ---- */

enum { /* bits: the attributes in which an offer and a policy differ */
	DIFF_PROTOCOL = 1,
	DIFF_ENCRYPTION = 2,
	DIFF_HASH = 4, /* phase 1's hash, phase 2's integrity */
	DIFF_GROUP = 8, /* phase 1's group, phase 2's PFS */
	DIFF_AUTH = 16,
	DIFF_ENCAP = 32,
	DIFF_KE = 64 /* a group is named, but the key exchange payload is missing */
};

static bool
listed(const void *const *list, const void *one)
{
	for (; *list != NULL; list++)
		if (*list == one)
			return true;
	return false;
}
#define LISTED(list, one) ((one) != NULL && listed((const void *const *)(list), (one)))

/* ---- and in ASA's words ---- */

struct words {
	char text[512];
	size_t n;
};

static void PRINTF_LIKE(2, 3) append(struct words *d, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(d->text + d->n, sizeof(d->text) - d->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		d->n = d->n + (size_t)n < sizeof(d->text) ? d->n + (size_t)n : sizeof(d->text) - 1;
}

/*
 * "Mismatched attribute types for class Group Description:  Rcv'd: Group 5  Cfg'd: Group 14" and
 * the next after it.
 */
static const char *
describe(const struct cell *cells, unsigned count, struct words *d)
{
	*d = (struct words){0};
	for (unsigned i = 0; i < count; i++)
		if (!cells[i].match)
			append(d, "%s class %s:  Rcv'd: %s  Cfg'd: %s",
			    d->n == 0 ? "Mismatched attribute types for" : ";", cells[i].attribute,
			    cells[i].received, cells[i].configured);
	return d->text;
}

static void
cell(struct cell **at, const char *attribute, bool match, const char *received, const char *word,
    const char *configured)
{
	struct cell *c = (*at)++;

	c->attribute = attribute;
	c->match = match;
	snprintf(c->received, sizeof(c->received), "%s", received);
	snprintf(c->word, sizeof(c->word), "%s", word);
	snprintf(c->configured, sizeof(c->configured), "%s", configured);
}

/* The labels of a policy's list: "AES-CBC-256, AES-CBC-128". */
#define LABELS(list, buf) \
	do { \
		size_t at_ = 0; \
		(buf)[0] = '\0'; \
		for (size_t i_ = 0; (list)[i_] != NULL && at_ < sizeof(buf); i_++) \
			at_ += (size_t)snprintf((buf) + at_, sizeof(buf) - at_, "%s%s", \
			    i_ == 0 ? "" : ", ", (list)[i_]->label); \
	} while (0)

static const char *
group_words(const struct alg_group *const *list, char *buf, size_t n)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; list[i] != NULL && at < n; i++)
		at += (size_t)snprintf(buf + at, n - at, "%s%u", i == 0 ? "Group " : ", ",
		    list[i]->id);
	return buf;
}

static unsigned
bits_set(unsigned mask)
{
	return (unsigned)__builtin_popcount(mask);
}

/* ---- lifetimes, the same in both phases ---- */

static uint32_t
clamp(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* A duration belongs to the type before it, or to the one after if none came yet. */
void
negotiate_read_life(const struct pl_attr *list, uint16_t type_attr, uint32_t *seconds,
    uint32_t *kilobytes)
{
	uint32_t *of_type[] = {[LIFE_SECONDS] = seconds, [LIFE_KILOBYTES] = kilobytes};
	uint32_t *at = NULL, early = 0;

	*seconds = *kilobytes = 0;
	for (const struct pl_attr *a = list; a != NULL; a = a->next) {
		if (a->type == type_attr) {
			at = a->numeric && a->value < ARRAY_LEN(of_type) ? of_type[a->value] : NULL;
			if (at != NULL && early != 0)
				*at = early;
			early = 0;
		} else if (a->type == type_attr + 1 && a->numeric) {
			if (at != NULL)
				*at = clamp(a->value);
			else
				early = clamp(a->value);
		}
	}
}

uint32_t
negotiate_lifetime(uint32_t offered, uint32_t configured)
{
	if (offered == 0 || configured == 0)
		return offered != 0 ? offered : configured;
	return offered < configured ? offered : configured;
}

/* ---- phase 1 ---- */

struct offer1 {
	uint16_t encryption, key_bits, hash, auth, group;
	uint32_t life_s, life_kb;
};

/* False and why: a transform of this shape cannot be accepted whatever the policy says. */
static bool
read1(const struct pl_transform *t, struct offer1 *o, struct why *w)
{
	*o = (struct offer1){0};
	if (t->id != IKE_TRANSFORM_KEY_IKE)
		return why(w, IKE_E_NO_PROPOSAL, "transform id %u is not KEY_IKE", t->id), false;
	for (const struct pl_attr *a = t->attrs; a != NULL; a = a->next) {
		uint16_t v = (uint16_t)a->value;

		if (!a->numeric || (a->value > UINT16_MAX && a->type != P1A_LIFE_DURATION))
			return why(w, IKE_E_ATTRIBUTES, "attribute %u has no usable value",
				   a->type),
			       false;
		switch (a->type) {
		case P1A_ENCRYPTION:
			o->encryption = v;
			break;
		case P1A_HASH:
			o->hash = v;
			break;
		case P1A_AUTH:
			o->auth = v;
			break;
		case P1A_GROUP:
			o->group = v;
			break;
		case P1A_KEY_LENGTH:
			o->key_bits = v;
			break;
		case P1A_GROUP_TYPE: /* says what the group's number says */
		case P1A_LIFE_TYPE:
		case P1A_LIFE_DURATION:
			break;
		default:
			return why(w, IKE_E_ATTRIBUTES, "attribute %u is not supported", a->type),
			       false;
		}
	}
	if (o->encryption == 0 || o->hash == 0 || o->auth == 0 || o->group == 0)
		return why(w, IKE_E_NO_PROPOSAL,
			   "encryption, hash, authentication method or group is missing"),
		       false;
	negotiate_read_life(t->attrs, P1A_LIFE_TYPE, &o->life_s, &o->life_kb);
	return true;
}

static unsigned
differs1(const struct offer1 *o, const struct isakmp_policy *p)
{
	return (LISTED(p->encryption, alg_cipher_ike(o->encryption, o->key_bits)) ?
		       0 :
		       DIFF_ENCRYPTION) |
	    (LISTED(p->hash, alg_hash_ike(o->hash)) ? 0 : DIFF_HASH) |
	    (LISTED(p->group, alg_group_id(o->group)) ? 0 : DIFF_GROUP) |
	    (o->auth == p->auth ? 0 : DIFF_AUTH);
}

/* A lifetime is no reason to refuse: the shorter one holds; shown, since the eye looks for it. */
static void
life_cell(struct cell **at, uint32_t offered_s, uint32_t offered_kb, uint32_t ours_s,
    uint32_t ours_kb)
{
	char rcv[48], cfg[48];

	snprintf(rcv, sizeof(rcv), "%u s, %u kB", offered_s, offered_kb);
	snprintf(cfg, sizeof(cfg), "%u s, %u kB", ours_s, ours_kb);
	cell(at, "Life Duration", true, rcv, "", cfg);
}

static unsigned
cells1(const struct offer1 *o, const struct isakmp_policy *p, struct cell *cells)
{
	const struct alg_cipher *cipher = alg_cipher_ike(o->encryption, o->key_bits);
	const struct alg_hash *hash = alg_hash_ike(o->hash);
	unsigned mask = differs1(o, p);
	struct cell *at = cells;
	char rcv[64], cfg[CELL_TEXT];

	LABELS(p->encryption, cfg);
	snprintf(rcv, sizeof(rcv), "#%u, %u bits", o->encryption, o->key_bits);
	cell(&at, "Encryption Algorithm", (mask & DIFF_ENCRYPTION) == 0,
	    cipher != NULL ? cipher->label : rcv, cipher != NULL ? cipher->name : "", cfg);
	LABELS(p->hash, cfg);
	snprintf(rcv, sizeof(rcv), "#%u", o->hash);
	cell(&at, "Hash Algorithm", (mask & DIFF_HASH) == 0, hash != NULL ? hash->label : rcv,
	    hash != NULL ? hash->name : "", cfg);
	snprintf(rcv, sizeof(rcv), "Group %u", o->group);
	cell(&at, "Group Description", (mask & DIFF_GROUP) == 0, rcv,
	    alg_group_id(o->group) != NULL ? rcv + strlen("Group ") : "",
	    group_words(p->group, cfg, sizeof(cfg)));
	cell(&at, "Auth Method", (mask & DIFF_AUTH) == 0,
	    names_print(wire_auth_methods, o->auth, rcv, sizeof(rcv)), "",
	    names_print(wire_auth_methods, p->auth, cfg, sizeof(cfg)));
	life_cell(&at, o->life_s, o->life_kb, p->lifetime_s, p->lifetime_kilobytes);
	return (unsigned)(at - cells);
}

unsigned
negotiate_row1(const struct pl_transform *t, const struct isakmp_policy *p, struct cell *cells,
    struct why *w)
{
	struct offer1 o;

	return read1(t, &o, w) ? cells1(&o, p, cells) : 0;
}

static const struct isakmp_policy *
nearest1(const struct offer1 *o, const struct tunnel_group *group, unsigned *mask)
{
	const struct isakmp_policy *best = NULL;

	for (size_t i = 0; group->policies[i] != NULL; i++) {
		unsigned m = differs1(o, group->policies[i]);

		if (best == NULL || bits_set(m) < bits_set(*mask)) {
			best = group->policies[i];
			*mask = m;
		}
	}
	return best;
}

/*
 * All refused: for every transform the policy that it comes nearest to.  True if none could even be
 * compared, for attributes that are not supported here (RFC 2407 4.5).
 */
static bool
explain1(const struct pl_sa *sa, const struct tunnel_group *group, const struct log_who *who)
{
	unsigned lines = 0, mask = 0, strange = 0, all = 0;
	const struct isakmp_policy *nearest;
	struct cell cells[CELLS_MAX];
	struct words words;
	struct offer1 o;

	for (const struct pl_proposal *p = sa->proposals; p != NULL; p = p->next) {
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next) {
			struct why w = {0};

			all++;
			if (!read1(t, &o, &w)) {
				strange += w.code == IKE_E_ATTRIBUTES;
				LOG(P1_TRANSFORM_SKIPPED, who,
				    "Proposal %u, transform %u skipped: %s", p->number, t->number,
				    w.text);
				continue;
			}
			nearest = nearest1(&o, group, &mask);
			if (nearest != NULL && !who->quiet && lines++ < MISMATCH_LINES_MAX)
				LOG(P1_MISMATCH, who,
				    "Phase 1 failure:  %s  (proposal %u, transform %u, isakmp policy %s)",
				    describe(cells, cells1(&o, nearest, cells), &words), p->number,
				    t->number, nearest->name);
		}
	}
	return strange > 0 && strange == all;
}

static bool
try1(const struct pl_sa *sa, const struct isakmp_policy *policy, struct choice1 *c)
{
	struct offer1 o;
	struct why w;

	for (const struct pl_proposal *p = sa->proposals; p != NULL; p = p->next) {
		if (p->protocol != PROTO_ISAKMP)
			continue;
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next) {
			if (!read1(t, &o, &w) || differs1(&o, policy) != 0)
				continue;
			*c = (struct choice1){.policy = policy,
			    .proposal = p,
			    .transform = t,
			    .cipher = alg_cipher_ike(o.encryption, o.key_bits),
			    .hash = alg_hash_ike(o.hash),
			    .group = alg_group_id(o.group),
			    .auth = o.auth,
			    .life_s = o.life_s,
			    .life_kb = o.life_kb};
			return true;
		}
	}
	return false;
}

static enum ike_err
check_sa(const struct pl_sa *sa, struct why *w)
{
	if (sa->doi != IPSEC_DOI)
		return why(w, IKE_E_DOI, "DOI %u in the SA payload", sa->doi);
	if (sa->situation != IPSEC_SIT_IDENTITY)
		return why(w, IKE_E_SITUATION,
		    "situation %u in the SA payload, only SIT_IDENTITY_ONLY is supported",
		    sa->situation);
	return IKE_OK;
}

enum ike_err
negotiate_phase1(const struct pl_sa *sa, const struct tunnel_group *group,
    const struct log_who *who, struct choice1 *c, struct why *w)
{
	enum ike_err e = check_sa(sa, w);

	if (e != IKE_OK)
		return e;
	for (size_t i = 0; group->policies[i] != NULL; i++) {
		if (!try1(sa, group->policies[i], c))
			continue;
		LOG(P1_PROPOSAL_ACCEPTED, who, "Oakley proposal is acceptable");
		LOG(P1_PROPOSAL_MATCHED, who,
		    "IKE SA Proposal # %u, Transform # %u acceptable  Matches isakmp policy %s",
		    c->proposal->number, c->transform->number, c->policy->name);
		return IKE_OK;
	}
	e = explain1(sa, group, who) ? IKE_E_ATTRIBUTES : IKE_E_NO_PROPOSAL;
	LOG(P1_NO_PROPOSAL, who, "All SA proposals found unacceptable");
	return why(w, e, "no transform of the peer matches an isakmp policy of tunnel group %s",
	    group->name);
}

/* ---- phase 2 ---- */

static void
read2_attr(const struct pl_attr *a, struct offer2 *o, uint16_t *key_bits, uint16_t *auth,
    uint16_t *group, struct why *w)
{
	uint16_t v = (uint16_t)a->value;

	switch (a->type) {
	case P2A_GROUP:
		*group = v;
		break;
	case P2A_ENCAPSULATION:
		o->encap = v;
		break;
	case P2A_AUTH:
		*auth = v;
		break;
	case P2A_KEY_LENGTH:
		*key_bits = v;
		break;
	case P2A_LIFE_TYPE:
	case P2A_LIFE_DURATION:
	case P2A_ECN_TUNNEL: /* RFC 3168 9.2: a wish about a header bit, nothing to agree on here */
		break;
	default:
		why(w, IKE_E_ATTRIBUTES, "attribute %u is not supported", a->type);
	}
}

/* The algorithms behind the numbers; false and why if a number stands for none of ours. */
static bool
read2_algorithms(uint8_t protocol, const struct pl_transform *t, uint16_t key_bits, uint16_t auth,
    struct offer2 *o, struct why *w)
{
	o->integ = auth != 0 ? alg_integ_auth(auth) : NULL;
	if (auth != 0 && o->integ == NULL)
		return why(w, IKE_E_NO_PROPOSAL, "authentication algorithm %u is unknown", auth),
		       false;
	if (protocol == PROTO_AH) {
		if (o->integ == NULL || o->integ->ah_id != t->id)
			return why(w, IKE_E_NO_PROPOSAL,
				   "AH transform %u and authentication algorithm %u do not agree",
				   t->id, auth),
			       false;
		return true;
	}
	o->cipher = alg_cipher_esp(t->id, key_bits);
	if (o->cipher == NULL)
		return why(w, IKE_E_NO_PROPOSAL, "ESP transform %u with %u bits is unknown", t->id,
			   key_bits),
		       false;
	if (o->cipher->icv != 0)
		o->integ = NULL; /* the cipher brings its own */
	return true;
}

bool
negotiate_read2(uint8_t protocol, const struct pl_transform *t, struct offer2 *o, struct why *w)
{
	uint16_t key_bits = 0, auth = 0, group = 0;

	*o = (struct offer2){.transform_number = t->number,
	    .transform_id = t->id,
	    .protocol = protocol};
	*w = (struct why){0};
	for (const struct pl_attr *a = t->attrs; a != NULL && w->code == IKE_OK; a = a->next) {
		if (!a->numeric || (a->value > UINT16_MAX && a->type != P2A_LIFE_DURATION))
			why(w, IKE_E_ATTRIBUTES, "attribute %u has no usable value", a->type);
		else
			read2_attr(a, o, &key_bits, &auth, &group, w);
	}
	if (w->code != IKE_OK || !read2_algorithms(protocol, t, key_bits, auth, o, w))
		return false;
	if (group != 0 && (o->pfs = alg_group_id(group)) == NULL)
		return why(w, IKE_E_NO_PROPOSAL, "group %u is unknown", group), false;
	if (o->encap == 0)
		o->encap = ENCAP_TUNNEL; /* RFC 2407 4.5: host-dependent; all mean tunnel */
	negotiate_read_life(t->attrs, P2A_LIFE_TYPE, &o->offered_s, &o->offered_kb);
	return true;
}

/*
 * Which encapsulation is right: UDP exactly when a NAT is there, in either dialect's numbers, and
 * the set's mode.
 */
static bool
encap_fits(const struct negotiate2 *q, const struct transform_set *set, uint16_t encap)
{
	bool udp = encap == ENCAP_UDP_TUNNEL || encap == ENCAP_UDP_TRANSPORT ||
	    encap == ENCAP_UDP_TUNNEL_DRAFT || encap == ENCAP_UDP_TRANSPORT_DRAFT;
	bool transport = encap == ENCAP_TRANSPORT || encap == ENCAP_UDP_TRANSPORT ||
	    encap == ENCAP_UDP_TRANSPORT_DRAFT;

	if (!udp && encap != ENCAP_TUNNEL && encap != ENCAP_TRANSPORT)
		return false;
	return udp == q->nat && (set->mode & (transport ? MODE_TRANSPORT : MODE_TUNNEL)) != 0;
}

/* Tunnel or transport; "": not what the NAT, or its absence, asks for, which no policy changes. */
static const char *
encap_word(const struct negotiate2 *q, uint16_t encap)
{
	if (encap_fits(q, &(struct transform_set){.mode = MODE_TUNNEL}, encap))
		return "tunnel";
	return encap_fits(q, &(struct transform_set){.mode = MODE_TRANSPORT}, encap) ? "transport" :
										       "";
}

static const char *
encap_wanted(const struct negotiate2 *q, const struct transform_set *set)
{
	if (set->mode == MODE_ANY)
		return q->nat ? "UDP Tunnel(NAT-T), UDP Transport(NAT-T)" : "Tunnel, Transport";
	if (set->mode == MODE_TRANSPORT)
		return q->nat ? "UDP Transport(NAT-T)" : "Transport";
	return q->nat ? "UDP Tunnel(NAT-T)" : "Tunnel";
}

/*
 * Proposals of one number are to be applied together (RFC 2408 4.2).  ESP stands alone or beside
 * IPCOMP, which peers do without when the answer leaves it out (strongSwan says so).
 */
static bool
stands_alone(const struct pl_sa *sa, const struct pl_proposal *p, struct why *w)
{
	for (const struct pl_proposal *o = sa->proposals; o != NULL; o = o->next)
		if (o != p && o->number == p->number && o->protocol != PROTO_IPCOMP)
			return why(w, IKE_E_NO_PROPOSAL,
				   "proposal %u bundles several protocols, which is not supported",
				   p->number),
			       false;
	if (p->spi.n != SPI_LEN)
		return why(w, IKE_E_NO_PROPOSAL, "proposal %u has an SPI of %zu octets", p->number,
			   p->spi.n),
		       false;
	return true;
}

/* ASA 713133: a KE without a group takes phase 1's. */
static const struct alg_group *
pfs_of(const struct negotiate2 *q, const struct offer2 *o)
{
	return q->ke && o->pfs == NULL ? q->phase1_group : o->pfs;
}

static unsigned
differs2_group(const struct negotiate2 *q, const struct offer2 *o)
{
	const struct alg_group *pfs = pfs_of(q, o);

	if (q->entry->pfs == PFS_NONE && pfs != NULL)
		return DIFF_GROUP;
	if (q->entry->pfs == PFS_GROUP && !LISTED(q->entry->pfs_groups, pfs))
		return DIFF_GROUP;
	return pfs != NULL && !q->ke ? DIFF_KE : 0;
}

static unsigned
differs2(const struct negotiate2 *q, const struct transform_set *set, const struct offer2 *o)
{
	const struct alg_integ *integ = o->integ != NULL ? o->integ : alg_integ_named("none");
	bool aead = o->cipher != NULL && o->cipher->icv != 0;

	return (set->protocol == o->protocol ? 0 : DIFF_PROTOCOL) |
	    (set->protocol != PROTO_ESP || LISTED(set->encryption, o->cipher) ? 0 :
										DIFF_ENCRYPTION) |
	    (aead || LISTED(set->integrity, integ) ? 0 : DIFF_HASH) |
	    (encap_fits(q, set, o->encap) ? 0 : DIFF_ENCAP) | differs2_group(q, o);
}

static const char *
pfs_wanted(const struct crypto_map_entry *e, char *buf, size_t n)
{
	if (e->pfs == PFS_GROUP)
		return group_words(e->pfs_groups, buf, n);
	return e->pfs == PFS_NONE ? "none" : "any or none";
}

static unsigned
cells2(const struct negotiate2 *q, const struct transform_set *set, const struct offer2 *o,
    struct cell *cells)
{
	const struct alg_group *pfs = pfs_of(q, o);
	unsigned mask = differs2(q, set, o);
	struct cell *at = cells;
	char rcv[64], cfg[CELL_TEXT];

	cell(&at, "Protocol", (mask & DIFF_PROTOCOL) == 0, names_word(wire_protocols, o->protocol),
	    o->protocol == PROTO_AH ? "ah" : "esp", names_word(wire_protocols, set->protocol));
	if (o->cipher != NULL || set->protocol == PROTO_ESP) {
		LABELS(set->encryption, cfg);
		cell(&at, "Encryption Algorithm", (mask & DIFF_ENCRYPTION) == 0,
		    o->cipher != NULL ? o->cipher->label : "none",
		    o->cipher != NULL ? o->cipher->name : "none", cfg[0] != '\0' ? cfg : "none");
	}
	LABELS(set->integrity, cfg);
	cell(&at, "Authentication Algorithm", (mask & DIFF_HASH) == 0,
	    o->integ != NULL ? o->integ->label : "none", o->integ != NULL ? o->integ->name : "none",
	    cfg[0] != '\0' ? cfg : "none");
	cell(&at, "Encapsulation Mode", (mask & DIFF_ENCAP) == 0,
	    names_print(wire_encaps, o->encap, rcv, sizeof(rcv)), encap_word(q, o->encap),
	    encap_wanted(q, set));
	snprintf(rcv, sizeof(rcv), "Group %u", pfs != NULL ? pfs->id : 0);
	cell(&at, "Group Description (PFS)", (mask & DIFF_GROUP) == 0, pfs != NULL ? rcv : "none",
	    pfs != NULL ? rcv + strlen("Group ") : "none", pfs_wanted(q->entry, cfg, sizeof(cfg)));
	if ((mask & DIFF_KE) != 0)
		cell(&at, "Key Exchange payload", false, "none", "", rcv);
	life_cell(&at, o->offered_s, o->offered_kb, q->entry->lifetime_s,
	    q->entry->lifetime_kilobytes);
	return (unsigned)(at - cells);
}

unsigned
negotiate_row2(const struct negotiate2 *q, const struct pl_proposal *p,
    const struct pl_transform *t, const struct transform_set *set, struct cell *cells,
    struct why *w)
{
	struct offer2 o;

	if (!stands_alone(q->sa, p, w) || !negotiate_read2(p->protocol, t, &o, w))
		return 0;
	return cells2(q, set, &o, cells);
}

static const struct transform_set *
nearest2(const struct negotiate2 *q, const struct offer2 *o, unsigned *mask)
{
	const struct transform_set *best = NULL;

	for (size_t i = 0; q->entry->sets[i] != NULL; i++) {
		unsigned m = differs2(q, q->entry->sets[i], o);

		if (best == NULL || bits_set(m) < bits_set(*mask)) {
			best = q->entry->sets[i];
			*mask = m;
		}
	}
	return best;
}

static bool
try2(const struct negotiate2 *q, const struct transform_set *set, struct choice2 *c)
{
	struct why w;

	for (const struct pl_proposal *p = q->sa->proposals; p != NULL; p = p->next) {
		if (p->protocol != set->protocol || !stands_alone(q->sa, p, &w))
			continue;
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next) {
			if (!negotiate_read2(p->protocol, t, &c->offer, &w) ||
			    differs2(q, set, &c->offer) != 0)
				continue;
			c->offer.pfs = pfs_of(q, &c->offer);
			c->offer.proposal_number = p->number;
			c->proposal = p;
			c->transform = t;
			return true;
		}
	}
	return false;
}

static void
log_pfs(const struct negotiate2 *q, const struct alg_group *offered)
{
	char has[64] = "no key exchange", wants[256] = "none";

	if (offered != NULL)
		snprintf(has, sizeof(has), "a key exchange with group %u", offered->id);
	if (q->entry->pfs == PFS_GROUP)
		group_words(q->entry->pfs_groups, wants, sizeof(wants));
	LOG(P2_PFS_MISMATCH, q->who,
	    "PFS mismatch: the peer's Quick Mode has %s, the crypto map entry on line %d wants %s",
	    has, q->entry->line, wants);
}

struct verdict2 { /* over all transforms of a refused offer */
	bool only_pfs; /* each fails on PFS alone against its nearest set */
	bool strange; /* none could be compared, for attributes that are not supported here */
	const struct alg_group *offered; /* the PFS group of the last one, NULL: none */
};

static struct verdict2
explain2(const struct negotiate2 *q)
{
	unsigned lines = 0, mask = 0, all = 0, strange = 0, pfs = 0;
	const struct transform_set *nearest;
	struct cell cells[CELLS_MAX];
	struct words words;
	struct offer2 o;

	for (const struct pl_proposal *p = q->sa->proposals; p != NULL; p = p->next) {
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next) {
			struct why w = {0};

			all++;
			if (!stands_alone(q->sa, p, &w) ||
			    !negotiate_read2(p->protocol, t, &o, &w)) {
				strange += w.code == IKE_E_ATTRIBUTES;
				LOG(P2_MISMATCH, q->who,
				    "Phase 2 failure:  proposal %u, transform %u skipped: %s",
				    p->number, t->number, w.text);
				continue;
			}
			nearest = nearest2(q, &o, &mask);
			if (nearest == NULL)
				continue;
			pfs += mask == DIFF_GROUP;
			if (lines++ < MISMATCH_LINES_MAX)
				LOG(P2_MISMATCH, q->who,
				    "Phase 2 failure:  %s  (proposal %u, transform %u, transform set %s)",
				    describe(cells, cells2(q, nearest, &o, cells), &words),
				    p->number, t->number, nearest->name);
		}
	}
	return (struct verdict2){.offered = pfs > 0 ? pfs_of(q, &o) : NULL,
	    .only_pfs = pfs > 0 && pfs + strange == all,
	    .strange = strange > 0 && strange == all};
}

enum ike_err
negotiate_phase2(const struct negotiate2 *q, struct choice2 *c, struct why *w)
{
	enum ike_err e = check_sa(q->sa, w);
	struct verdict2 v;

	if (e != IKE_OK)
		return e;
	for (size_t i = 0; q->entry->sets[i] != NULL; i++) {
		if (!try2(q, q->entry->sets[i], c))
			continue;
		c->offer.life_s = negotiate_lifetime(c->offer.offered_s, q->entry->lifetime_s);
		c->offer.life_kb = negotiate_lifetime(c->offer.offered_kb,
		    q->entry->lifetime_kilobytes);
		LOG(P2_PROPOSAL_ACCEPTED, q->who,
		    "IPSec SA Proposal # %u, Transform # %u acceptable  Matches transform set %s",
		    c->proposal->number, c->transform->number, q->entry->sets[i]->name);
		return IKE_OK;
	}
	v = explain2(q);
	if (v.only_pfs)
		log_pfs(q, v.offered);
	LOG(P2_NO_PROPOSAL, q->who, "All IPSec SA proposals found unacceptable!");
	return why(w, v.strange ? IKE_E_ATTRIBUTES : IKE_E_NO_PROPOSAL,
	    "no transform of the peer matches a transform set of the crypto map entry on line %d",
	    q->entry->line);
}
