/* src/fault/f_sa.c - lies in the SA payload of our answer: what we choose, and how. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_local.h"

#include <string.h>

#define PHASE1(c) ((c)->how == 1) /* hooks say which phase's numbers count */

/* ---- reading and changing ---- */

static struct pl_proposal *
proposal(struct fault_call *c)
{
	struct pl *pl = msg_find(c->hit->out, ISAKMP_PL_SA, NULL);

	return pl != NULL && pl->def != NULL ? pl->u.sa.proposals : NULL;
}

static const struct pl_sa *
offered(struct fault_call *c)
{
	const struct pl *pl = c->hit->in != NULL ? msg_find(c->hit->in, ISAKMP_PL_SA, NULL) : NULL;

	return pl != NULL ? &pl->u.sa : NULL;
}

/* The chosen transform shares its attributes with the message that it came in: change a copy. */
static bool
own_attrs(struct fault_call *c, struct pl_transform *t)
{
	struct pl_attr *list = NULL;

	for (const struct pl_attr *a = t->attrs; a != NULL; a = a->next) {
		struct pl_attr *copy = ARENA_NEW(c->hit->mem, struct pl_attr);

		if (copy == NULL)
			return false;
		*copy = *a;
		copy->next = NULL;
		attr_append(&list, copy);
	}
	t->attrs = list;
	return true;
}

static bool
set_attr(struct fault_call *c, struct pl_attr *a, uint32_t value)
{
	struct pl_attr *new = attr_new_long(c->hit->mem, a->type, value);
	struct pl_attr *next = a->next;

	if (new == NULL)
		return false;
	*a = *new;
	a->next = next;
	return true;
}

static struct pl_attr *
own_attr(struct pl_transform *t, uint16_t type)
{
	return (struct pl_attr *)(uintptr_t)attr_find(t->attrs, type);
}

/* ---- one transform more, all of them ---- */

static const struct pl_transform *
another_offered(const struct pl_sa *sa, const struct pl_proposal *of,
    const struct pl_transform *than)
{
	for (const struct pl_proposal *p = sa->proposals; p != NULL; p = p->next)
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next)
			if (p->number == of->number && t->number != than->number)
				return t;
	return NULL;
}

enum ike_err
f_two_transforms(struct fault_call *c)
{
	struct pl_proposal *p = proposal(c);
	const struct pl_transform *other = another_offered(offered(c), p, p->transforms);
	struct pl_transform *t = ARENA_NEW(c->hit->mem, struct pl_transform);

	if (t == NULL)
		return IKE_E_NOMEM;
	*t = other != NULL ? *other : *p->transforms;
	if (other == NULL)
		t->number++;
	t->next = NULL;
	p->transforms->next = t;
	fault_say(c, "%s chooses transforms %u and %u", c->key->label, p->transforms->number,
	    t->number);
	return IKE_OK;
}

enum ike_err
f_all(struct fault_call *c)
{
	struct pl *pl = msg_find(c->hit->out, ISAKMP_PL_SA, NULL);

	pl->def = NULL;
	pl->raw = msg_find(c->hit->in, ISAKMP_PL_SA, NULL)->raw;
	fault_say(c, "%s returns the whole SA payload of the offer", c->key->label);
	return IKE_OK;
}

/* ---- a transform that was not offered ---- */

struct foreign { /* an attribute that can be lied about, with values to choose from */
	uint16_t type;
	const char *name;
	uint16_t values[8];
};

static const struct foreign foreign1[] = {/* in the order of the row's words */
    {P1A_GROUP, "group", {5, 2, 14, 1, 15, 16, 19, 20}},
    {P1A_HASH, "hash", {1, 2, 4, 5, 6, 3}},
    {P1A_ENCRYPTION, "encryption", {5, 1, 7, 3, 6}},
    {P1A_KEY_LENGTH, "key length", {192, 256, 128, 64}},
    {P1A_AUTH, "authentication", {AUTH_RSA_SIG, AUTH_DSS, AUTH_PSK}}};

#define TRANSFORM_ID 0 /* stands for the Transform-Id, which is no attribute */
static const struct foreign foreign2[] = {{TRANSFORM_ID, "transform id", {3, 12, 2, 7, 11}},
    {P2A_AUTH, "integrity", {1, 2, 5, 6, 7}}, {P2A_KEY_LENGTH, "key length", {192, 256, 128, 64}},
    {P2A_GROUP, "group", {5, 2, 14, 1, 15, 16, 19, 20}}};

static bool
in_transform(const struct pl_transform *t, uint16_t type, uint16_t value)
{
	const struct pl_attr *a = attr_find(t->attrs, type);

	return type == TRANSFORM_ID ? t->id == value : a != NULL && a->value == value;
}

static bool
in_offer(const struct pl_sa *sa, uint16_t type, uint16_t value)
{
	for (const struct pl_proposal *p = sa->proposals; p != NULL; p = p->next)
		for (const struct pl_transform *t = p->transforms; t != NULL; t = t->next)
			if (in_transform(t, type, value))
				return true;
	return false;
}

/* A value that no transform of the offer has, 0: all are there. */
static uint16_t
not_offered(struct fault_call *c, const struct foreign *f)
{
	for (size_t i = 0; i < ARRAY_LEN(f->values) && f->values[i] != 0; i++)
		if (!in_offer(offered(c), f->type, f->values[i]))
			return f->values[i];
	return 0;
}

static bool
can_be_foreign(struct fault_call *c, const struct foreign *f)
{
	const struct pl_proposal *p = proposal(c);

	return p != NULL && offered(c) != NULL &&
	    (f->type == TRANSFORM_ID || attr_find(p->transforms->attrs, f->type) != NULL) &&
	    not_offered(c, f) != 0;
}

bool
w_foreign1(struct fault_call *c)
{
	return can_be_foreign(c, &foreign1[c->v[0].choice]);
}

bool
w_foreign2(struct fault_call *c)
{
	return can_be_foreign(c, &foreign2[c->v[0].choice]);
}

static enum ike_err
make_foreign(struct fault_call *c, const struct foreign *f)
{
	struct pl_transform *t = proposal(c)->transforms;
	uint16_t value = not_offered(c, f);

	if (f->type == TRANSFORM_ID)
		t->id = (uint8_t)value;
	else if (!own_attrs(c, t) || !set_attr(c, own_attr(t, f->type), value))
		return IKE_E_NOMEM;
	fault_say(c, "%s chooses %s %u, which was not offered", c->key->label, f->name, value);
	return IKE_OK;
}

enum ike_err
f_foreign1(struct fault_call *c)
{
	return make_foreign(c, &foreign1[c->v[0].choice]);
}

enum ike_err
f_foreign2(struct fault_call *c)
{
	return make_foreign(c, &foreign2[c->v[0].choice]);
}

/* ---- lifetime, mode, SPI ---- */

static struct pl_attr *
lifetime_of(struct pl_transform *t, bool phase1)
{
	struct pl_attr *a = own_attr(t, phase1 ? P1A_LIFE_TYPE : P2A_LIFE_TYPE);

	while (a != NULL && a->value != LIFE_SECONDS)
		a = (struct pl_attr *)(uintptr_t)attr_find(a->next, a->type);
	return a != NULL && a->next != NULL && a->next->type == a->type + 1 && a->next->numeric &&
		a->next->value <= UINT32_MAX / 2 ?
	    a->next :
	    NULL;
}

bool
w_lifetime(struct fault_call *c)
{
	struct pl_proposal *p = proposal(c);

	return p != NULL && lifetime_of(p->transforms, PHASE1(c)) != NULL;
}

enum ike_err
f_lifetime(struct fault_call *c)
{
	struct pl_transform *t = proposal(c)->transforms;
	struct pl_attr *a;
	uint32_t was;

	if (!own_attrs(c, t))
		return IKE_E_NOMEM;
	a = lifetime_of(t, PHASE1(c));
	was = (uint32_t)a->value;
	if (!set_attr(c, a, 2 * was))
		return IKE_E_NOMEM;
	fault_say(c, "%s answers a lifetime of %u seconds with %u", c->key->label, was, 2 * was);
	return IKE_OK;
}

static uint16_t
other_mode(uint64_t mode)
{
	switch (mode) {
	case ENCAP_TUNNEL:
	case ENCAP_UDP_TUNNEL:
	case ENCAP_UDP_TUNNEL_DRAFT:
		return (uint16_t)(mode + 1);
	case ENCAP_TRANSPORT:
	case ENCAP_UDP_TRANSPORT:
	case ENCAP_UDP_TRANSPORT_DRAFT:
		return (uint16_t)(mode - 1);
	default:
		return 0;
	}
}

bool
w_mode(struct fault_call *c)
{
	struct pl_proposal *p = proposal(c);
	const struct pl_attr *a = p != NULL ? attr_find(p->transforms->attrs, P2A_ENCAPSULATION) :
					      NULL;

	return a != NULL && other_mode(a->value) != 0;
}

enum ike_err
f_mode(struct fault_call *c)
{
	struct pl_transform *t = proposal(c)->transforms;
	struct pl_attr *a;
	unsigned was;

	if (!own_attrs(c, t))
		return IKE_E_NOMEM;
	a = own_attr(t, P2A_ENCAPSULATION);
	was = (unsigned)a->value;
	if (!set_attr(c, a, other_mode(was)))
		return IKE_E_NOMEM;
	fault_say(c, "%s answers encapsulation mode %u with %u", c->key->label, was,
	    other_mode(was));
	return IKE_OK;
}

enum ike_err
f_spi0(struct fault_call *c)
{
	static const uint8_t zero[4];

	proposal(c)->spi = CHUNK(zero, sizeof(zero));
	fault_say(c, "the SPI of %s is 0", c->key->label);
	return IKE_OK;
}
