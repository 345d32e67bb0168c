/* wire/pl_cfg.c - the attributes payload of transactions, draft-ietf-ipsec-isakmp-mode-cfg. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

enum ike_err
pl_cfg_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	struct pl_cfg *f = &pl->u.cfg;
	enum ike_err e;

	f->type = cur_u8(c, "type");
	wire_zero(c, 1, "RESERVED");
	f->identifier = cur_u16(c, "identifier");
	e = attr_list_get(c, &f->attrs, mem);
	return e != IKE_OK ? e : cur_close(c);
}

void
pl_cfg_put(struct wbuf *w, const struct pl *pl)
{
	wb_u8(w, pl->u.cfg.type);
	wb_u8(w, 0);
	wb_u16(w, pl->u.cfg.identifier);
	attr_list_put(w, pl->u.cfg.attrs);
}
