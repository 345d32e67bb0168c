/* wire/msg.c - a message: header and ordered payloads. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/msg.h"

#include "wire_local.h"

void
msg_init(struct msg *m, const struct isakmp_hdr *h)
{
	*m = (struct msg){.hdr = *h};
	m->tail = &m->first;
}

enum ike_err
msg_decode(struct msg *m, struct chunk chain, struct arena *mem, struct why *w)
{
	struct pl *list = NULL;
	size_t end;
	enum ike_err e;

	e = payload_chain_get(chain, m->hdr.next, &list, &end, mem, w);
	if (e != IKE_OK)
		return e;
	*m->tail = list;
	for (; list != NULL; list = list->next) {
		m->tail = &list->next;
		m->count++;
	}
	m->plain = CHUNK(chain.p, end);
	return IKE_OK;
}

struct pl *
msg_add(struct msg *m, uint8_t type, struct arena *mem)
{
	struct pl *pl = ARENA_NEW(mem, struct pl);

	if (pl == NULL)
		return NULL;
	pl->type = type;
	pl->def = payload_def(type);
	*m->tail = pl;
	m->tail = &pl->next;
	m->count++;
	return pl;
}

struct pl *
msg_add_raw(struct msg *m, uint8_t type, struct chunk data, struct arena *mem)
{
	struct pl *pl = msg_add(m, type, mem);

	if (pl == NULL)
		return NULL;
	pl->raw = data;
	if (pl->def != NULL && pl->def->put == pl_raw_put)
		pl->u.raw = data;
	else
		pl->def = NULL; /* written from raw */
	return pl;
}

static struct pl *
find(struct pl *from, uint8_t type)
{
	while (from != NULL && payload_canon(from->type) != payload_canon(type))
		from = from->next;
	return from;
}

struct pl *
msg_find(const struct msg *m, uint8_t type, const struct pl *from)
{
	return find(from != NULL ? (struct pl *)(uintptr_t)from : m->first, type);
}

struct pl *
msg_next(const struct pl *p)
{
	return find(p->next, p->type);
}

unsigned
msg_count(const struct msg *m, uint8_t type)
{
	unsigned n = 0;

	for (struct pl *p = find(m->first, type); p != NULL; p = msg_next(p))
		n++;
	return n;
}

uint64_t
msg_set(const struct msg *m)
{
	uint64_t set = 0;

	for (const struct pl *p = m->first; p != NULL; p = p->next)
		set |= payload_bit(p->type);
	return set;
}

void
msg_encode(struct wbuf *w, const struct msg *m)
{
	struct isakmp_hdr h = m->hdr;
	struct wmark len = {.at = w->n + ISAKMP_HDR_LEN - 4};
	size_t at = w->n;

	h.next = m->first != NULL ? m->first->type : ISAKMP_PL_NONE;
	h.length = 0;
	hdr_put(w, &h);
	payload_chain_put(w, m->first);
	wb_close32(w, len, at);
}
