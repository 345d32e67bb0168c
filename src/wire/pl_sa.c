/* wire/pl_sa.c - SA, proposals and transforms: RFC 2408 3.4 to 3.6, RFC 2407 4.6.1. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

#define PHASE1_SPI_MAX 16 /* RFC 2408 3.5: for ISAKMP 0 to 16 octets, content ignored */

/* Chains inside an SA know one type: another of it follows, or nothing. */
static bool
more(struct cur *c, uint8_t next, uint8_t type, const char *field)
{
	if (!cur_ok(c))
		return false;
	if (next != type && next != ISAKMP_PL_NONE)
		cur_fail(c, IKE_E_BAD_PROPOSAL, field);
	return next == type;
}

static struct pl_transform *
transform_get(struct cur *c, uint8_t *next, struct arena *mem)
{
	struct pl_transform *t = ARENA_NEW(mem, struct pl_transform);
	struct cur box = wire_box(c, next);
	enum ike_err e;

	if (t == NULL) {
		cur_fail(c, IKE_E_NOMEM, "transform");
		return NULL;
	}
	t->number = cur_u8(&box, "transform number");
	t->id = cur_u8(&box, "transform id");
	wire_zero(&box, 2, "RESERVED2");
	if ((e = attr_list_get(&box, &t->attrs, mem)) != IKE_OK)
		cur_fail(&box, e, "attributes"); /* keeps the place it latched */
	cur_close_sub(c, &box);
	return t;
}

/* *left: transforms the whole SA payload may still hold. */
static void
transforms_get(struct cur *c, struct pl_proposal *p, unsigned announced, unsigned *left,
    struct arena *mem)
{
	struct pl_transform **tail = &p->transforms;
	uint8_t next = ISAKMP_PL_T;
	unsigned n;

	for (n = 0; more(c, next, ISAKMP_PL_T, "transform's next payload"); n++) {
		if (n == announced) {
			cur_fail(c, IKE_E_BAD_PROPOSAL, "number of transforms");
			return;
		}
		if ((*left)-- == 0) {
			cur_fail(c, IKE_E_LIMIT, "transforms");
			return;
		}
		*tail = transform_get(c, &next, mem);
		if (!cur_ok(c))
			return;
		tail = &(*tail)->next;
	}
	if (cur_ok(c) && n < announced)
		cur_fail(c, IKE_E_BAD_PROPOSAL, "number of transforms");
}

static struct pl_proposal *
proposal_get(struct cur *c, uint8_t *next, unsigned *left, struct arena *mem)
{
	struct pl_proposal *p = ARENA_NEW(mem, struct pl_proposal);
	struct cur box = wire_box(c, next);
	uint8_t spi_size, announced;

	if (p == NULL) {
		cur_fail(c, IKE_E_NOMEM, "proposal");
		return NULL;
	}
	p->number = cur_u8(&box, "proposal number");
	p->protocol = cur_u8(&box, "protocol id");
	spi_size = cur_u8(&box, "SPI size");
	if (p->protocol == PROTO_ISAKMP && spi_size > PHASE1_SPI_MAX)
		cur_fail(&box, IKE_E_SPI, "SPI size");
	announced = cur_u8(&box, "number of transforms");
	p->spi = cur_bytes(&box, spi_size, "SPI");
	transforms_get(&box, p, announced, left, mem);
	cur_close_sub(c, &box);
	return p;
}

enum ike_err
pl_sa_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	struct pl_sa *sa = &pl->u.sa;
	struct pl_proposal **tail = &sa->proposals;
	unsigned left = PL_MAX_TRANSFORMS;
	uint8_t next = ISAKMP_PL_P;

	sa->doi = cur_u32(c, "DOI");
	sa->situation = cur_u32(c, "situation");
	if (cur_ok(c) && (sa->doi != IPSEC_DOI || sa->situation != IPSEC_SIT_IDENTITY))
		sa->rest = cur_rest(c);
	else
		for (unsigned n = 0; more(c, next, ISAKMP_PL_P, "proposal's next payload"); n++) {
			if (n == PL_MAX_PROPOSALS) {
				cur_fail(c, IKE_E_LIMIT, "proposals");
				break;
			}
			*tail = proposal_get(c, &next, &left, mem);
			if (!cur_ok(c))
				break;
			tail = &(*tail)->next;
		}
	return cur_close(c);
}

static void
transform_put(struct wbuf *w, const struct pl_transform *t)
{
	size_t at = w->n;
	struct wmark len;

	wb_u8(w, t->next != NULL ? ISAKMP_PL_T : ISAKMP_PL_NONE);
	wb_u8(w, 0);
	len = wb_open16(w);
	wb_u8(w, t->number);
	wb_u8(w, t->id);
	wb_u16(w, 0);
	attr_list_put(w, t->attrs);
	wb_close16(w, len, at);
}

static void
proposal_put(struct wbuf *w, const struct pl_proposal *p)
{
	const struct pl_transform *t;
	unsigned count = 0;
	size_t at = w->n;
	struct wmark len;

	for (t = p->transforms; t != NULL; t = t->next)
		count++;
	if (count > UINT8_MAX || p->spi.n > UINT8_MAX)
		w->err = IKE_E_NOMEM;
	wb_u8(w, p->next != NULL ? ISAKMP_PL_P : ISAKMP_PL_NONE);
	wb_u8(w, 0);
	len = wb_open16(w);
	wb_u8(w, p->number);
	wb_u8(w, p->protocol);
	wb_u8(w, (uint8_t)p->spi.n);
	wb_u8(w, (uint8_t)count);
	wb_put(w, p->spi);
	for (t = p->transforms; t != NULL; t = t->next)
		transform_put(w, t);
	wb_close16(w, len, at);
}

void
pl_sa_put(struct wbuf *w, const struct pl *pl)
{
	wb_u32(w, pl->u.sa.doi);
	wb_u32(w, pl->u.sa.situation);
	for (const struct pl_proposal *p = pl->u.sa.proposals; p != NULL; p = p->next)
		proposal_put(w, p);
	wb_put(w, pl->u.sa.rest);
}
