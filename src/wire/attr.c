/* wire/attr.c - data attributes, RFC 2408 3.3: TV and TLV, in any order. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"

#define ATTR_TV 0x8000u /* the AF bit */

static uint64_t
number(struct chunk c)
{
	uint64_t v = 0;

	for (size_t i = 0; i < c.n; i++)
		v = v << 8 | c.p[i];
	return v;
}

static struct pl_attr *
one_get(struct cur *c, struct arena *mem)
{
	struct pl_attr *a = ARENA_NEW(mem, struct pl_attr);
	uint16_t type, len = 2;

	if (a == NULL) {
		cur_fail(c, IKE_E_NOMEM, "attribute");
		return NULL;
	}
	type = cur_u16(c, "attribute type");
	a->type = type & (uint16_t)~ATTR_TV;
	a->tv = (type & ATTR_TV) != 0;
	if (!a->tv)
		len = cur_u16(c, "attribute length");
	a->data = cur_bytes(c, len, "attribute value");
	a->numeric = a->data.n >= 1 && a->data.n <= 8;
	if (a->numeric)
		a->value = number(a->data);
	return a;
}

enum ike_err
attr_list_get(struct cur *c, struct pl_attr **list, struct arena *mem)
{
	struct pl_attr *got = NULL, **tail = &got;

	for (unsigned n = 0; cur_left(c) > 0; n++) {
		if (n == PL_MAX_ATTRIBUTES) {
			cur_fail(c, IKE_E_LIMIT, "attributes");
			break;
		}
		*tail = one_get(c, mem);
		if (!cur_ok(c))
			break;
		tail = &(*tail)->next;
	}
	if (cur_ok(c))
		*list = got;
	return c->err;
}

void
attr_list_put(struct wbuf *w, const struct pl_attr *a)
{
	for (; a != NULL; a = a->next) {
		if (a->tv) {
			wb_u16(w, (uint16_t)(a->type | ATTR_TV));
			wb_u16(w, (uint16_t)a->value);
			continue;
		}
		wb_u16(w, a->type);
		if (a->data.n > UINT16_MAX)
			w->err = IKE_E_NOMEM;
		wb_u16(w, (uint16_t)a->data.n);
		wb_put(w, a->data);
	}
}

const struct pl_attr *
attr_find(const struct pl_attr *list, uint16_t type)
{
	while (list != NULL && list->type != type)
		list = list->next;
	return list;
}

static struct pl_attr *
new_number(struct arena *mem, uint16_t type, uint32_t value, size_t octets)
{
	struct pl_attr *a = ARENA_NEW(mem, struct pl_attr);
	uint8_t b[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
	    (uint8_t)value};

	if (a == NULL)
		return NULL;
	a->type = type;
	a->tv = octets == 2;
	a->numeric = true;
	a->value = value;
	a->data = arena_copy(mem, CHUNK(b + 4 - octets, octets));
	return a->data.p != NULL ? a : NULL;
}

struct pl_attr *
attr_new(struct arena *mem, uint16_t type, uint16_t value)
{
	return new_number(mem, type, value, 2);
}

struct pl_attr *
attr_new_long(struct arena *mem, uint16_t type, uint32_t value)
{
	return new_number(mem, type, value, value > UINT16_MAX ? 4 : 2);
}

struct pl_attr *
attr_new_data(struct arena *mem, uint16_t type, struct chunk data)
{
	struct pl_attr *a = ARENA_NEW(mem, struct pl_attr);

	if (a == NULL)
		return NULL;
	a->type = type;
	a->data = data;
	a->numeric = data.n >= 1 && data.n <= 8;
	a->value = a->numeric ? number(data) : 0;
	return a;
}

void
attr_append(struct pl_attr **list, struct pl_attr *a)
{
	while (*list != NULL)
		list = &(*list)->next;
	*list = a;
}
