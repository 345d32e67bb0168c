/* wire/pl_notify.c - notifications, RFC 2408 3.14. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

enum ike_err
pl_notify_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	struct pl_notify *n = &pl->u.notify;
	uint8_t spi_size;

	(void)mem;
	n->doi = cur_u32(c, "DOI");
	n->protocol = cur_u8(c, "protocol id");
	spi_size = cur_u8(c, "SPI size");
	n->type = cur_u16(c, "notify type");
	n->spi = cur_bytes(c, spi_size, "SPI");
	n->data = cur_rest(c);
	return cur_close(c);
}

void
pl_notify_put(struct wbuf *w, const struct pl *pl)
{
	const struct pl_notify *n = &pl->u.notify;

	if (n->spi.n > UINT8_MAX)
		w->err = IKE_E_NOMEM;
	wb_u32(w, n->doi);
	wb_u8(w, n->protocol);
	wb_u8(w, (uint8_t)n->spi.n);
	wb_u16(w, n->type);
	wb_put(w, n->spi);
	wb_put(w, n->data);
}
