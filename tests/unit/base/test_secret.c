/* tests/unit/base/test_secret.c - keys are copied, compared and wiped. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/secret.h"
#include "t.h"

static const uint8_t KEY[SECRET_MAX + 1] = {1, 2, 3, [SECRET_MAX - 1] = 64, [SECRET_MAX] = 65};

static void
set_and_view(void)
{
	struct secret s;

	T_OK(secret_set(&s, CHUNK(KEY, SECRET_MAX)));
	T_MEM(secret_view(&s).p, secret_view(&s).n, KEY, SECRET_MAX);
	T_OK(secret_set(&s, CHUNK(KEY, 2)));
	T_MEM(secret_view(&s).p, secret_view(&s).n, KEY, 2);
	T_EQ(s.b[2], 0); /* nothing of the longer one is left */
	T_EQ(s.b[SECRET_MAX - 1], 0);
	T_OK(secret_set(&s, CHUNK_NONE));
	T_EQ(secret_view(&s).n, 0);
}

static void
part_of_itself(void)
{
	struct secret s;

	T_OK(secret_set(&s, CHUNK(KEY, 3)));
	T_OK(secret_set(&s, CHUNK(s.b + 1, 2)));
	T_MEM(secret_view(&s).p, secret_view(&s).n, "\2\3", 2);
}

static void
too_long(void)
{
	struct secret s;

	T_OK(secret_set(&s, CHUNK(KEY, 3)));
	T_ERR(secret_set(&s, CHUNK(KEY, SECRET_MAX + 1)), IKE_E_LIMIT);
	T_EQ(secret_view(&s).n, 3);
}

static void
wiping(void)
{
	static const uint8_t zero[SECRET_MAX];
	struct secret s;

	T_OK(secret_set(&s, CHUNK(KEY, SECRET_MAX)));
	secret_wipe(&s);
	T_EQ(s.n, 0);
	T_MEM(s.b, SECRET_MAX, zero, SECRET_MAX);
	secret_wipe_mem(NULL, 0);
	secret_free(NULL, 10);
	secret_free(calloc(1, 10), 10);
}

static void
equality(void)
{
	uint8_t other[3] = {1, 2, 3};

	T_TRUE(secret_eq(CHUNK(KEY, 3), CHUNK(other, 3)));
	T_TRUE(!secret_eq(CHUNK(KEY, 2), CHUNK(other, 3)));
	T_TRUE(secret_eq(CHUNK_NONE, CHUNK(other, 0)));
	for (int bit = 0; bit < 24; bit++) {
		other[bit / 8] ^= (uint8_t)(1 << bit % 8);
		T_TRUE(!secret_eq(CHUNK(KEY, 3), CHUNK(other, 3)));
		other[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int
main(void)
{
	T_RUN(set_and_view);
	T_RUN(part_of_itself);
	T_RUN(too_long);
	T_RUN(wiping);
	T_RUN(equality);
	return T_DONE();
}
