/* wire/pl_natd.c - original addresses, RFC 3947 5.2 (NAT-D itself is plain octets: pl_raw.c). */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

enum ike_err
pl_natoa_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	struct pl_natoa *o = &pl->u.natoa;

	(void)mem;
	o->kind = cur_u8(c, "ID type");
	if (cur_ok(c) && o->kind != ID_IPV4_ADDR && o->kind != ID_IPV6_ADDR)
		cur_fail(c, IKE_E_SYNTAX, "ID type");
	wire_zero(c, 3, "RESERVED");
	o->data = cur_bytes(c, wire_id_octets(o->kind), "address");
	return cur_close(c);
}

void
pl_natoa_put(struct wbuf *w, const struct pl *pl)
{
	wb_u8(w, pl->u.natoa.kind);
	wb_zero(w, 3);
	wb_put(w, pl->u.natoa.data);
}
