/* crypto/prf.c - the pseudo-random function of RFC 2409 4: HMAC of the negotiated hash. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/err.h>

#include "crypto_local.h"

enum ike_err
crypto_prf(struct crypto *c, const struct alg_hash *a, struct chunk key, const struct chunk *parts,
    size_t count, uint8_t *out)
{
	struct crypto_hash *slot = ossl_hash(c, a);
	/* A NULL key would mean "the key of last time". */
	const uint8_t *k = key.p != NULL ? key.p : (const uint8_t *)"";
	bool ok = slot != NULL && slot->hmac != NULL &&
	    EVP_MAC_init(slot->hmac, k, key.n, NULL) == 1;
	size_t n;

	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_MAC_update(slot->hmac, parts[i].p, parts[i].n) == 1;
	if (ok && EVP_MAC_final(slot->hmac, out, &n, a->len) == 1 && n == a->len)
		return IKE_OK;
	ERR_clear_error();
	return IKE_E_CRYPTO;
}
