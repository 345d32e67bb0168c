/* base/secret.c - keys that are wiped when they go. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

enum ike_err
secret_set(struct secret *s, struct chunk c)
{
	if (c.n > SECRET_MAX)
		return IKE_E_LIMIT;
	if (c.n > 0)
		memmove(s->b, c.p, c.n); /* c may be a view of s */
	secret_wipe_mem(s->b + c.n, SECRET_MAX - c.n);
	s->n = (uint8_t)c.n;
	return IKE_OK;
}

struct chunk
secret_view(const struct secret *s)
{
	return CHUNK(s->b, s->n);
}

void
secret_wipe(struct secret *s)
{
	secret_wipe_mem(s, sizeof(*s));
}

void
secret_wipe_mem(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

bool
secret_eq(struct chunk a, struct chunk b)
{
	volatile uint8_t diff = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		diff = (uint8_t)(diff | (a.p[i] ^ b.p[i]));
	return diff == 0;
}

void
secret_free(void *p, size_t n)
{
	if (p == NULL)
		return;
	secret_wipe_mem(p, n);
	free(p);
}
