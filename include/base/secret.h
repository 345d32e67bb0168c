/*
 * base/secret.h - a key of at most SECRET_MAX octets, or a heap string of any length, that is
 * wiped when it goes; the one type that logs refuse.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/cur.h"

#define SECRET_MAX 64 /* SHA-512's output, the longest SKEYID */

struct secret {
	uint8_t n; /* octets in use */
	uint8_t b[SECRET_MAX];
};

/* Copy in (IKE_E_LIMIT if longer than SECRET_MAX), view, wipe. */
enum ike_err secret_set(struct secret *, struct chunk) MUST_USE;
struct chunk secret_view(const struct secret *);
void	     secret_wipe(struct secret *);

/* Wipe n octets in a way no compiler removes. */
void secret_wipe_mem(void *p, size_t n);

/* Constant time in the octets; lengths may leak. */
bool secret_eq(struct chunk a, struct chunk b);

/* Wipe n octets, then free(3); NULL is fine. */
void secret_free(void *p, size_t n);

#endif
