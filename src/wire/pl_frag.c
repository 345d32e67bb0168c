/* wire/pl_frag.c - one piece of a message cut by the vendor fragmentation of IKEv1. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

enum ike_err
pl_frag_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	struct pl_frag *f = &pl->u.frag;

	(void)mem;
	f->id = cur_u16(c, "fragment id");
	f->index = cur_u8(c, "fragment number");
	f->flags = cur_u8(c, "fragment flags");
	f->data = cur_rest(c);
	return cur_close(c);
}

void
pl_frag_put(struct wbuf *w, const struct pl *pl)
{
	wb_u16(w, pl->u.frag.id);
	wb_u8(w, pl->u.frag.index);
	wb_u8(w, pl->u.frag.flags);
	wb_put(w, pl->u.frag.data);
}
