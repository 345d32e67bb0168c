/* wire/pl_raw.c - KE, NONCE, HASH, SIG, VID, NAT-D: bodies that are just octets. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

enum ike_err
pl_raw_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	(void)mem;
	pl->u.raw = cur_rest(c);
	return cur_close(c);
}

void
pl_raw_put(struct wbuf *w, const struct pl *pl)
{
	wb_put(w, pl->u.raw);
}
