/* crypto/cipher.c - CBC without padding. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <openssl/err.h>

#include "crypto_local.h"

static enum ike_err
cbc(struct crypto *c, const struct alg_cipher *a, struct chunk key, const uint8_t *iv,
    const uint8_t *in, uint8_t *out, size_t n, int encrypt)
{
	struct crypto_cipher *slot = ossl_cipher(c, a);
	int done = 0;

	if (slot == NULL || slot->ctx == NULL || key.n != a->key_bits / 8 || n % a->block != 0 ||
	    n > INT_MAX)
		return IKE_E_CRYPTO;
	if (n == 0)
		return IKE_OK;
	if (EVP_CipherInit_ex2(slot->ctx, NULL, key.p, iv, encrypt, NULL) == 1 &&
	    EVP_CipherUpdate(slot->ctx, out, &done, in, (int)n) == 1 && (size_t)done == n)
		return IKE_OK;
	ERR_clear_error();
	return IKE_E_CRYPTO;
}

enum ike_err
crypto_encrypt(struct crypto *c, const struct alg_cipher *a, struct chunk key, const uint8_t *iv,
    const uint8_t *in, uint8_t *out, size_t n)
{
	return cbc(c, a, key, iv, in, out, n, 1);
}

enum ike_err
crypto_decrypt(struct crypto *c, const struct alg_cipher *a, struct chunk key, const uint8_t *iv,
    const uint8_t *in, uint8_t *out, size_t n)
{
	return cbc(c, a, key, iv, in, out, n, 0);
}
