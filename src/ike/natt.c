/*
 * src/ike/natt.c - NAT traversal, RFC 3947 and its drafts: which dialect, who is behind a NAT,
 * keepalives.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <string.h>

#include "wire/vid.h"

static const struct {
	unsigned cap;
	const char *name;
} dialects[] = {/* best first */
    {VID_NATT_RFC, "RFC 3947"}, {VID_NATT_03, "draft-ietf-ipsec-nat-t-ike-03"},
    {VID_NATT_02N, "draft-ietf-ipsec-nat-t-ike-02\\n"},
    {VID_NATT_02, "draft-ietf-ipsec-nat-t-ike-02"}};

const char *
natt_dialect(unsigned cap)
{
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		if (dialects[i].cap == cap)
			return dialects[i].name;
	return "";
}

void
natt_choose(struct sa *sa)
{
	sa->natt = 0;
	for (size_t i = 0; sa->group->nat_t && sa->natt == 0 && i < ARRAY_LEN(dialects); i++)
		sa->natt = sa->caps & dialects[i].cap;
}

uint8_t
natt_natd_type(const struct sa *sa)
{
	return sa->natt == VID_NATT_RFC ? ISAKMP_PL_NATD : ISAKMP_PL_NATD_DRAFT;
}

uint8_t
natt_natoa_type(const struct sa *sa)
{
	return sa->natt == VID_NATT_RFC ? ISAKMP_PL_NATOA : ISAKMP_PL_NATOA_DRAFT;
}

static bool
natd_is(struct sa *sa, const struct pl *pl, const struct endpoint *e)
{
	uint8_t ours[ALG_MAX_HASH];

	return keymat_natd(sa->ike->crypto, sa->hash, sa->cky_i, sa->cky_r, addr_octets(&e->addr),
		   e->port, ours) == IKE_OK &&
	    chunk_eq(pl->u.raw, CHUNK(ours, sa->hash->len));
}

/* The first NAT-D is our address as the peer sees it, the others are its own (RFC 3947 3.2). */
void
natt_detect(struct step *s)
{
	struct sa *sa = s->sa;
	const struct pl *pl = msg_find(s->in, ISAKMP_PL_NATD, NULL);

	if (sa->natt == 0 || pl == NULL || pl->next == NULL ||
	    msg_count(s->in, ISAKMP_PL_NATD) < 2) {
		sa->natt = 0; /* announced, but not done */
		return;
	}
	sa->nat_local = !natd_is(sa, pl, &s->path.local);
	sa->nat_remote = true;
	while ((pl = msg_next(pl)) != NULL)
		if (natd_is(sa, pl, &s->path.remote))
			sa->nat_remote = false;
	LOG(NAT_DETECTED, &sa->who,
	    "Automatic NAT Detection Status:     Remote end %s behind a NAT device     This   end %s behind a NAT device  (%s)",
	    sa->nat_remote ? "IS" : "is NOT", sa->nat_local ? "IS" : "is NOT",
	    natt_dialect(sa->natt));
}

static enum ike_err
add_natd(struct step *s, const struct endpoint *e)
{
	struct sa *sa = s->sa;
	uint8_t *hash = arena_alloc(s->mem, sa->hash->len);
	enum ike_err err;

	if (hash == NULL)
		return IKE_E_NOMEM;
	err = keymat_natd(s->ike->crypto, sa->hash, sa->cky_i, sa->cky_r, addr_octets(&e->addr),
	    e->port, hash);
	if (err == IKE_OK &&
	    msg_add_raw(s->out, natt_natd_type(sa), CHUNK(hash, sa->hash->len), s->mem) == NULL)
		err = IKE_E_NOMEM;
	return err;
}

enum ike_err
natt_add_payloads(struct step *s)
{
	enum ike_err e;

	if (s->sa->natt == 0)
		return IKE_OK;
	e = add_natd(s, &s->path.remote);
	return e == IKE_OK ? add_natd(s, &s->path.local) : e;
}

/* RFC 3948 4: the side behind the NAT keeps the mapping alive. */
void
natt_keepalive_start(struct sa *sa)
{
	if (sa->nat_local && sa->path.marker && sa->policy->nat_keepalive_s != 0)
		timer_set(sa->ike, &sa->keepalive, sa->policy->nat_keepalive_s * UINT64_C(1000));
}

void
natt_keepalive_timer(void *owner)
{
	static const uint8_t octet = 0xff;
	struct sa *sa = owner;

	sa->ike->ports.send(sa->ike->ports.ctx, &sa->path, CHUNK(&octet, 1));
	COUNT(sa->ike, keepalives_out);
	LOG(KEEPALIVE, &sa->who, "NAT-T keepalive sent");
	natt_keepalive_start(sa);
}
