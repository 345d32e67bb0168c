/* crypto/hash.c - hashes over parts. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/err.h>

#include "crypto_local.h"

enum ike_err
crypto_hash(struct crypto *c, const struct alg_hash *a, const struct chunk *parts, size_t count,
    uint8_t *out)
{
	struct crypto_hash *slot = ossl_hash(c, a);
	bool ok = slot != NULL && slot->ctx != NULL &&
	    EVP_DigestInit_ex2(slot->ctx, NULL, NULL) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(slot->ctx, parts[i].p, parts[i].n) == 1;
	if (ok && EVP_DigestFinal_ex(slot->ctx, out, NULL) == 1)
		return IKE_OK;
	ERR_clear_error();
	return IKE_E_CRYPTO;
}
