/* crypto/rand.c - randomness, and the comparison that takes the same time whatever it finds. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto_local.h"

void
crypto_random(struct crypto *c, uint8_t *out, size_t n)
{
	struct why w;

	if (RAND_bytes_ex(c->lib, out, n, 0) == 1)
		return;
	/* A cookie, a nonce or a key that can be foretold is worse than no daemon. */
	(void)ossl_why(&w, IKE_E_CRYPTO, "no random numbers");
	(void)fprintf(stderr, "ikev1d: %s\n", w.text);
	abort();
}

bool
crypto_equal(struct chunk a, struct chunk b)
{
	return a.n == b.n && CRYPTO_memcmp(a.p, b.p, a.n) == 0;
}
