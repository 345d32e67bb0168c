/* wire/pl_cert.c - certificates and requests for them, RFC 2408 3.9, 3.10. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

enum ike_err
pl_cert_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	(void)mem;
	pl->u.cert.encoding = cur_u8(c, "certificate encoding");
	pl->u.cert.data = cur_rest(c);
	return cur_close(c);
}

void
pl_cert_put(struct wbuf *w, const struct pl *pl)
{
	wb_u8(w, pl->u.cert.encoding);
	wb_put(w, pl->u.cert.data);
}
