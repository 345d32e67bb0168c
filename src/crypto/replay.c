/*
 * crypto/replay.c - randomness that is none: a provider whose generator yields a fixed stream, for
 * tests, fuzzing and replayed conversations.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "crypto_local.h"

#define REPLAY_RAND "IKEV1D-REPLAY"

struct stream { /* the provider's context, shared by all generators of its library context */
	uint64_t at;
};

/* splitmix64: well mixed from any seed, zero included. */
static uint64_t
next(struct stream *s)
{
	uint64_t z = s->at += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static int
generate(void *stream, unsigned char *out, size_t n, unsigned strength, int resist,
    const unsigned char *more, size_t more_n)
{
	(void)strength, (void)resist, (void)more, (void)more_n;
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)(next(stream) >> 56);
	return 1;
}

static void *
generator_new(void *stream, void *parent, const OSSL_DISPATCH *parent_calls)
{
	(void)parent, (void)parent_calls;
	return stream;
}

static void
generator_free(void *stream)
{
	(void)stream;
}

static int
instantiate(void *stream, unsigned strength, int resist, const unsigned char *pers, size_t pers_n,
    const OSSL_PARAM params[])
{
	(void)stream, (void)strength, (void)resist, (void)pers, (void)pers_n, (void)params;
	return 1;
}

static int
uninstantiate(void *stream)
{
	(void)stream;
	return 1;
}

static int
enable_locking(void *stream)
{
	(void)stream;
	return 1;
}

static int
get_params(void *stream, OSSL_PARAM params[])
{
	OSSL_PARAM *p;

	(void)stream;
	if ((p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE)) != NULL &&
	    OSSL_PARAM_set_int(p, EVP_RAND_STATE_READY) != 1)
		return 0;
	if ((p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH)) != NULL &&
	    OSSL_PARAM_set_uint(p, 256) != 1)
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
	return p == NULL || OSSL_PARAM_set_size_t(p, 65536) == 1;
}

#define CALL(id, fn) { id, (void (*)(void))fn }

static const OSSL_ALGORITHM *
query(void *stream, int operation, int *no_cache)
{
	static const OSSL_DISPATCH calls[] = {
	    CALL(OSSL_FUNC_RAND_NEWCTX, generator_new),
	    CALL(OSSL_FUNC_RAND_FREECTX, generator_free),
	    CALL(OSSL_FUNC_RAND_INSTANTIATE, instantiate),
	    CALL(OSSL_FUNC_RAND_UNINSTANTIATE, uninstantiate),
	    CALL(OSSL_FUNC_RAND_GENERATE, generate),
	    CALL(OSSL_FUNC_RAND_ENABLE_LOCKING, enable_locking),
	    CALL(OSSL_FUNC_RAND_GET_CTX_PARAMS, get_params),
	    {0, NULL},
	};
	static const OSSL_ALGORITHM algorithms[] = {
	    {REPLAY_RAND, "provider=" REPLAY_RAND, calls, NULL},
	    {NULL, NULL, NULL, NULL},
	};

	(void)stream;
	*no_cache = 0;
	return operation == OSSL_OP_RAND ? algorithms : NULL;
}

static int
provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
    void **stream)
{
	static const OSSL_DISPATCH calls[] = {
	    CALL(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
	    CALL(OSSL_FUNC_PROVIDER_TEARDOWN, free),
	    {0, NULL},
	};

	(void)core, (void)in;
	*out = calls;
	*stream = calloc(1, sizeof(struct stream));
	return *stream != NULL;
}

OSSL_LIB_CTX *
replay_lib_new(uint64_t seed, OSSL_PROVIDER **provider)
{
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();

	if (lib != NULL && OSSL_PROVIDER_add_builtin(lib, REPLAY_RAND, provider_init) == 1 &&
	    (*provider = OSSL_PROVIDER_load(lib, REPLAY_RAND)) != NULL) {
		((struct stream *)OSSL_PROVIDER_get0_provider_ctx(*provider))->at = seed;
		if (RAND_set_DRBG_type(lib, REPLAY_RAND, NULL, NULL, NULL) == 1)
			return lib;
		OSSL_PROVIDER_unload(*provider);
	}
	OSSL_LIB_CTX_free(lib);
	return NULL;
}
