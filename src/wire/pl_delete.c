/* wire/pl_delete.c - deletes, RFC 2408 3.15. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_local.h"

enum ike_err
pl_delete_get(struct cur *c, struct pl *pl, struct arena *mem)
{
	struct pl_delete *d = &pl->u.del;

	(void)mem;
	d->doi = cur_u32(c, "DOI");
	d->protocol = cur_u8(c, "protocol id");
	d->spi_size = cur_u8(c, "SPI size");
	d->count = cur_u16(c, "number of SPIs");
	if (d->count > PL_MAX_SPIS)
		cur_fail(c, IKE_E_LIMIT, "number of SPIs");
	if (d->count > 0 && d->spi_size == 0)
		cur_fail(c, IKE_E_SYNTAX, "SPI size");
	d->spis = cur_bytes(c, (size_t)d->count * d->spi_size, "SPIs");
	return cur_close(c);
}

/* count and spi_size are written as they stand, so that they can lie. */
void
pl_delete_put(struct wbuf *w, const struct pl *pl)
{
	const struct pl_delete *d = &pl->u.del;

	wb_u32(w, d->doi);
	wb_u8(w, d->protocol);
	wb_u8(w, d->spi_size);
	wb_u16(w, d->count);
	wb_put(w, d->spis);
}
