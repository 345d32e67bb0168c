/* src/ike/negotiate.c - offers x policy -> choice, with a reason for every transform refused. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/dump.h"
#include "wire/names.h"

#define MISMATCH_LINES_MAX 24 /* of one refused offer in the log */

/* ---- what differs, in ASA's words ---- */

struct diff {
	char text[512];
	size_t n;
	unsigned count; /* attributes that differ */
};

static void PRINTF_LIKE(2, 3) append(struct diff *d, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(d->text + d->n, sizeof(d->text) - d->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		d->n = d->n + (size_t)n < sizeof(d->text) ? d->n + (size_t)n : sizeof(d->text) - 1;
}

/* "Mismatched attribute types for class Group Description:  Rcv'd: Group 5  Cfg'd: Group 14" and the next after it. */
static void
differ(struct diff *d, const char *class, const char *received, const char *configured)
{
	append(d, "%s class %s:  Rcv'd: %s  Cfg'd: %s",
	    d->count++ == 0 ? "Mismatched attribute types for" : ";", class, received, configured);
}

/* The words of a policy's list, through a name function for each element. */
#define WORDS(list, buf, name_of) \
	do { \
		size_t at_ = 0; \
		(buf)[0] = '\0'; \
		for (size_t i_ = 0; (list)[i_] != NULL && at_ < sizeof(buf); i_++) \
			at_ += (size_t)snprintf((buf) + at_, sizeof(buf) - at_, "%s%s", \
			    i_ == 0 ? "" : ", ", name_of((list)[i_])); \
	} while (0)

static bool
listed(const void *const *list, const void *one)
{
	for (; *list != NULL; list++)
		if (*list == one)
			return true;
	return false;
}
#define LISTED(list, one) listed((const void *const *)(list), (one))

#define LABEL(row) ((row)->label)

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
			return why(w, IKE_E_NO_PROPOSAL, "attribute %u has no usable value",
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
			return why(w, IKE_E_NO_PROPOSAL, "attribute %u is not supported", a->type),
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

static void
compare1(const struct offer1 *o, const struct isakmp_policy *p, struct diff *d)
{
	const struct alg_cipher *cipher = alg_cipher_ike(o->encryption, o->key_bits);
	const struct alg_hash *hash = alg_hash_ike(o->hash);
	const struct alg_group *group = alg_group_id(o->group);
	char rcv[64], cfg[256];

	*d = (struct diff){0};
	if (cipher == NULL || !LISTED(p->encryption, cipher)) {
		WORDS(p->encryption, cfg, LABEL);
		snprintf(rcv, sizeof(rcv), "#%u, %u bits", o->encryption, o->key_bits);
		differ(d, "Encryption Algorithm", cipher != NULL ? cipher->label : rcv, cfg);
	}
	if (hash == NULL || !LISTED(p->hash, hash)) {
		WORDS(p->hash, cfg, LABEL);
		snprintf(rcv, sizeof(rcv), "#%u", o->hash);
		differ(d, "Hash Algorithm", hash != NULL ? hash->label : rcv, cfg);
	}
	if (group == NULL || !LISTED(p->group, group)) {
		snprintf(rcv, sizeof(rcv), "Group %u", o->group);
		differ(d, "Group Description", rcv, group_words(p->group, cfg, sizeof(cfg)));
	}
	if (o->auth != p->auth)
		differ(d, "Auth Method", names_print(wire_auth_methods, o->auth, rcv, sizeof(rcv)),
		    names_print(wire_auth_methods, p->auth, cfg, sizeof(cfg)));
}

/* All refused: for every transform the policy that it comes nearest to. */
static void
explain1(const struct pl_sa *sa, const struct tunnel_group *group, const struct log_who *who)
{
	unsigned lines = 0;
	struct diff d, best;
	struct why w;
	struct offer1 o;

	for (const struct pl_proposal *p = sa->proposals; p != NULL; p = p->next) {
		for (const struct pl_transform *t = p->transforms;
		     t != NULL && lines < MISMATCH_LINES_MAX; t = t->next) {
			const char *nearest = "";

			lines++;
			if (!read1(t, &o, &w)) {
				LOG(P1_TRANSFORM_SKIPPED, who,
				    "Proposal %u, transform %u skipped: %s", p->number, t->number,
				    w.text);
				continue;
			}
			best.count = UINT32_MAX;
			for (size_t i = 0; group->policies[i] != NULL; i++) {
				compare1(&o, group->policies[i], &d);
				if (d.count < best.count) {
					best = d;
					nearest = group->policies[i]->name;
				}
			}
			if (best.count != UINT32_MAX)
				LOG(P1_MISMATCH, who,
				    "Phase 1 failure:  %s  (proposal %u, transform %u, isakmp policy %s)",
				    best.text, p->number, t->number, nearest);
		}
	}
}

static bool
try1(const struct pl_sa *sa, const struct isakmp_policy *policy, struct choice1 *c)
{
	struct offer1 o;
	struct why w;
	struct diff d;

	for (const struct pl_proposal *p = sa->proposals; p != NULL; p = p->next) {
		if (p->protocol != PROTO_ISAKMP)
			continue;
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next) {
			if (!read1(t, &o, &w))
				continue;
			compare1(&o, policy, &d);
			if (d.count != 0)
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
    const struct log_who *who, struct choice1 *c,
		 struct why *w)
{
	enum ike_err e = check_sa(sa, w);

	if (e != IKE_OK)
		return e;
	for (size_t i = 0; group->policies[i] != NULL; i++) {
		if (!try1(sa, group->policies[i], c))
			continue;
		LOG(P1_PROPOSAL_ACCEPTED, who, "Oakley proposal is acceptable");
		LOG(P1_PROPOSAL_ACCEPTED, who,
		    "IKE SA Proposal # %u, Transform # %u acceptable  Matches isakmp policy %s",
		    c->proposal->number, c->transform->number, c->policy->name);
		return IKE_OK;
	}
	explain1(sa, group, who);
	LOG(P1_NO_PROPOSAL, who, "All SA proposals found unacceptable");
	return why(w, IKE_E_NO_PROPOSAL,
	    "no transform of the peer matches an isakmp policy of tunnel group %s", group->name);
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
		why(w, IKE_E_NO_PROPOSAL, "attribute %u is not supported", a->type);
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
			why(w, IKE_E_NO_PROPOSAL, "attribute %u has no usable value", a->type);
		else
			read2_attr(a, o, &key_bits, &auth, &group, w);
	}
	if (w->code != IKE_OK || !read2_algorithms(protocol, t, key_bits, auth, o, w))
		return false;
	if (group != 0 && (o->pfs = alg_group_id(group)) == NULL)
		return why(w, IKE_E_NO_PROPOSAL, "group %u is unknown", group), false;
	if (o->encap == 0)
		o->encap =
		    ENCAP_TUNNEL; /* RFC 2407 4.5: unspecified is host-dependent; everybody means tunnel */
	negotiate_read_life(t->attrs, P2A_LIFE_TYPE, &o->offered_s, &o->offered_kb);
	return true;
}

/* Which encapsulation is right: UDP exactly when a NAT is there, in either dialect's numbers, and the set's mode. */
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

static const char *
encap_wanted(const struct negotiate2 *q, const struct transform_set *set)
{
	if (set->mode == MODE_ANY)
		return q->nat ? "UDP Tunnel(NAT-T), UDP Transport(NAT-T)" : "Tunnel, Transport";
	if (set->mode == MODE_TRANSPORT)
		return q->nat ? "UDP Transport(NAT-T)" : "Transport";
	return q->nat ? "UDP Tunnel(NAT-T)" : "Tunnel";
}

static void
compare2_group(const struct negotiate2 *q, const struct offer2 *o, struct diff *d)
{
	const struct crypto_map_entry *e = q->entry;
	char rcv[32], cfg[256];

	snprintf(rcv, sizeof(rcv), "Group %u", o->pfs != NULL ? o->pfs->id : 0);
	if (e->pfs == PFS_NONE && o->pfs != NULL)
		differ(d, "Group Description (PFS)", rcv, "none");
	else if (e->pfs == PFS_GROUP && (o->pfs == NULL || !LISTED(e->pfs_groups, o->pfs)))
		differ(d, "Group Description (PFS)", o->pfs != NULL ? rcv : "none",
		    group_words(e->pfs_groups, cfg, sizeof(cfg)));
	else if (o->pfs != NULL && !q->ke)
		differ(d, "Key Exchange payload", "none", rcv);
}

static void
compare2(const struct negotiate2 *q, const struct transform_set *set, struct offer2 *o,
    struct diff *d)
{
	char cfg[256];

	*d = (struct diff){0};
	if (q->ke && o->pfs == NULL)
		o->pfs = q->phase1_group; /* ASA 713133: KE without a group takes phase 1's */
	if (set->protocol != o->protocol)
		differ(d, "Protocol", names_word(wire_protocols, o->protocol),
		    names_word(wire_protocols, set->protocol));
	if (set->protocol == PROTO_ESP && o->cipher != NULL &&
	    !LISTED(set->encryption, o->cipher)) {
		WORDS(set->encryption, cfg, LABEL);
		differ(d, "Encryption Algorithm", o->cipher->label, cfg);
	}
	if (o->cipher == NULL || o->cipher->icv == 0) {
		const struct alg_integ *integ = o->integ != NULL ? o->integ :
								   alg_integ_named("none");

		if (!LISTED(set->integrity, integ)) {
			WORDS(set->integrity, cfg, LABEL);
			differ(d, "Authentication Algorithm",
			    o->integ != NULL ? o->integ->label : "none",
			    cfg[0] != '\0' ? cfg : "none");
		}
	}
	if (!encap_fits(q, set, o->encap)) {
		snprintf(cfg, sizeof(cfg), "%s", encap_wanted(q, set));
		differ(d, "Encapsulation Mode",
		    names_word(wire_encaps, o->encap) != NULL ? names_word(wire_encaps, o->encap) :
								"unknown",
		    cfg);
	}
	compare2_group(q, o, d);
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

static bool
try2(const struct negotiate2 *q, const struct transform_set *set, struct choice2 *c)
{
	struct diff d;
	struct why w;

	for (const struct pl_proposal *p = q->sa->proposals; p != NULL; p = p->next) {
		if (p->protocol != set->protocol || !stands_alone(q->sa, p, &w))
			continue;
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next) {
			if (!negotiate_read2(p->protocol, t, &c->offer, &w))
				continue;
			compare2(q, set, &c->offer, &d);
			if (d.count != 0)
				continue;
			c->offer.proposal_number = p->number;
			c->proposal = p;
			c->transform = t;
			return true;
		}
	}
	return false;
}

/* True if every transform that could be read fails on PFS alone against its nearest set. */
static bool
explain2(const struct negotiate2 *q)
{
	bool only_pfs = true;
	unsigned lines = 0;
	struct diff d, best;
	struct offer2 o;
	struct why w;

	for (const struct pl_proposal *p = q->sa->proposals; p != NULL; p = p->next) {
		for (const struct pl_transform *t = p->transforms;
		     t != NULL && lines < MISMATCH_LINES_MAX; t = t->next) {
			const char *nearest = "";

			lines++;
			if (!stands_alone(q->sa, p, &w) ||
			    !negotiate_read2(p->protocol, t, &o, &w)) {
				LOG(P2_MISMATCH, q->who,
				    "Phase 2 failure:  proposal %u, transform %u skipped: %s",
				    p->number, t->number, w.text);
				continue;
			}
			best.count = UINT32_MAX;
			for (size_t i = 0; q->entry->sets[i] != NULL; i++) {
				compare2(q, q->entry->sets[i], &o, &d);
				if (d.count < best.count) {
					best = d;
					nearest = q->entry->sets[i]->name;
				}
			}
			if (best.count == UINT32_MAX)
				continue;
			LOG(P2_MISMATCH, q->who,
			    "Phase 2 failure:  %s  (proposal %u, transform %u, transform set %s)",
			    best.text, p->number, t->number, nearest);
			only_pfs = only_pfs && best.count == 1 &&
			    strstr(best.text, "Group Description (PFS)") != NULL;
		}
	}
	return only_pfs && lines > 0;
}

enum ike_err
negotiate_phase2(const struct negotiate2 *q, struct choice2 *c, struct why *w)
{
	enum ike_err e = check_sa(q->sa, w);

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
	if (explain2(q))
		LOG(P2_PFS_MISMATCH, q->who,
		    "PFS mismatch: the peer's Quick Mode %s a key exchange, the crypto map entry on line %d %s",
		    q->ke ? "has" : "has no", q->entry->line,
		    q->entry->pfs == PFS_NONE ? "has pfs = \"none\"" :
						"wants another group or demands one");
	LOG(P2_NO_PROPOSAL, q->who, "All IPSec SA proposals found unacceptable!");
	return why(w, IKE_E_NO_PROPOSAL,
	    "no transform of the peer matches a transform set of the crypto map entry on line %d",
	    q->entry->line);
}
