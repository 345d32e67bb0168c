/* wire/pl_id.c - identification, RFC 2407 4.6.2. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

size_t
wire_id_octets(uint8_t kind)
{
	switch (kind) {
	case ID_IPV4_ADDR:
		return 4;
	case ID_IPV4_ADDR_SUBNET:
	case ID_IPV4_ADDR_RANGE:
		return 8;
	case ID_IPV6_ADDR:
		return 16;
	case ID_IPV6_ADDR_SUBNET:
	case ID_IPV6_ADDR_RANGE:
		return 32;
	default:
		return 0;
	}
}

/* An address of the wrong size is refused here, so nobody behind has to look again. */
enum ike_err
pl_id_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	struct pl_id *id = &pl->u.id;
	size_t want;

	(void)mem;
	id->kind = cur_u8(c, "ID type");
	id->proto = cur_u8(c, "protocol");
	id->port = cur_u16(c, "port");
	want = wire_id_octets(id->kind);
	if (want != 0 && cur_ok(c) && cur_left(c) != want)
		cur_fail(c, IKE_E_SYNTAX, "identification data");
	id->data = cur_rest(c);
	return cur_close(c);
}

void
pl_id_put(struct wbuf *w, const struct pl *pl)
{
	wb_u8(w, pl->u.id.kind);
	wb_u8(w, pl->u.id.proto);
	wb_u16(w, pl->u.id.port);
	wb_put(w, pl->u.id.data);
}
