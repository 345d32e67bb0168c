/* tests/unit/crypto/test_dh.c - every group: published answers, agreement, and what is refused. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/err.h>

#include "inject.h"
#include "vec.h"

static uint32_t seen; /* groups of the vectors, a bit for each row */
static int leading_zeros;

static void
one_answer(struct vec *v)
{
	const struct alg_group *g = alg_group_id((unsigned)vec_number(v, "group"));
	struct chunk private = vec_hex(v, "private"), public = vec_hex(v, "public");
	struct chunk peer = vec_hex(v, "peer"), secret = vec_hex(v, "secret");
	uint8_t out[ALG_MAX_PUBLIC], base[ALG_MAX_PUBLIC];
	struct why w = { 0 };
	struct dh *dh = inject(v->c, g, private, public);

	if (!T_TRUE(dh != NULL))
		return;
	seen |= 1U << (g - alg_groups);
	leading_zeros += secret.p[0] == 0;
	T_EQ(secret.n, g->secret_len);
	T_OK(dh_public(dh, out));
	T_MEM(out, g->public_len, public.p, public.n);
	/* The published value is really that of the private one: g^x (of a point, its X). */
	T_OK(dh_derive(v->c, dh, generator(v->c, g, base), out, &w));
	T_MEM(out, g->secret_len, public.p, g->kind == GROUP_ECP ? public.n / 2 : public.n);
	T_OK(dh_check_public(v->c, g, public, &w));
	T_OK(dh_check_public(v->c, g, peer, &w));
	T_OK(dh_derive(v->c, dh, peer, out, &w));
	T_MEM(out, g->secret_len, secret.p, secret.n);
	T_STR(w.text, "");
	T_EQ(ERR_peek_error(), 0);
	dh_free(dh);
}

static void
known_answers(void)
{
	seen = 0;
	leading_zeros = 0;
	vec_each("tests/vectors/dh.txt", "dh", 46, one_answer);
	for (const struct alg_group *g = alg_groups; g->id != 0; g++)
		if ((seen & 1U << (g - alg_groups)) == 0)
			T_FAIL("no vector for group %u", g->id);
	T_TRUE(leading_zeros >= 6);
}

static void
two_sides_agree(void)
{
	struct crypto *ci = crypto_new(NULL), *cr = crypto_new(NULL);
	struct why w = { 0 };

	for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
		struct dh *i = dh_generate(ci, g, &w), *r = dh_generate(cr, g, &w);
		uint8_t gi[ALG_MAX_PUBLIC], gr[ALG_MAX_PUBLIC], zi[ALG_MAX_PUBLIC],
		    zr[ALG_MAX_PUBLIC];

		T_TRUE(dh_group(i) == g);
		T_OK(dh_public(i, gi));
		T_OK(dh_public(r, gr));
		T_TRUE(memcmp(gi, gr, g->public_len) != 0);
		T_OK(dh_check_public(cr, g, CHUNK(gi, g->public_len), &w));
		T_OK(dh_check_public(ci, g, CHUNK(gr, g->public_len), &w));
		T_OK(dh_derive(cr, r, CHUNK(gi, g->public_len), zr, &w));
		T_OK(dh_derive(ci, i, CHUNK(gr, g->public_len), zi, &w));
		T_MEM(zi, g->secret_len, zr, g->secret_len);
		dh_free(i);
		dh_free(r);
	}
	dh_free(NULL);
	crypto_free(ci);
	crypto_free(cr);
}

/* Values that begin with 00, once in 128 public ones and once in 256 secrets, stay aligned. */
static void
leading_zeros_are_kept(void)
{
	const struct alg_group *g = alg_group_id(19);
	struct crypto *c = crypto_new(NULL);
	uint8_t gi[64], gr[64], zi[32], zr[32];
	int short_public = 0, short_secret = 0;

	for (int n = 0; n < 20000 && (short_public == 0 || short_secret == 0); n++) {
		struct dh *i = dh_generate(c, g, NULL), *r = dh_generate(c, g, NULL);

		T_OK(dh_public(i, gi));
		T_OK(dh_public(r, gr));
		T_OK(dh_derive(c, i, CHUNK(gr, 64), zi, NULL));
		T_OK(dh_derive(c, r, CHUNK(gi, 64), zr, NULL));
		T_MEM(zi, 32, zr, 32);
		short_public += gi[0] == 0 || gi[32] == 0;
		short_secret += zi[0] == 0;
		dh_free(i);
		dh_free(r);
	}
	T_TRUE(short_public > 0 && short_secret > 0);
	crypto_free(c);
}

/* Whatever lies in the slot from another peer does not matter. */
static void
exchanges_interleave(void)
{
	const struct alg_group *g = alg_group_id(14);
	struct crypto *c = crypto_new(NULL);
	struct dh *dh[4];
	uint8_t pub[4][256], one[256], two[256];

	for (int i = 0; i < 4; i++) {
		dh[i] = dh_generate(c, g, NULL);
		T_OK(dh_public(dh[i], pub[i]));
		T_OK(dh_check_public(c, g, CHUNK(pub[i], 256), NULL));
	}
	T_OK(dh_derive(c, dh[0], CHUNK(pub[1], 256), one, NULL));
	T_OK(dh_derive(c, dh[2], CHUNK(pub[3], 256), two, NULL));
	T_TRUE(memcmp(one, two, 256) != 0);
	T_OK(dh_derive(c, dh[3], CHUNK(pub[2], 256), pub[3], NULL));
	T_MEM(pub[3], 256, two, 256);
	T_OK(dh_derive(c, dh[1], CHUNK(pub[0], 256), two, NULL));
	T_MEM(two, 256, one, 256);
	for (int i = 0; i < 4; i++)
		dh_free(dh[i]);
	crypto_free(c);
}

/* A private value as long as the group would cost four times as much and give nothing. */
static void
private_values_are_short(void)
{
	static const struct {
		unsigned id;
		int	 least, most;
	} want[] = {{1, 150, 160}, {2, 150, 160}, {5, 150, 240}, {14, 200, 256}, {15, 240, 300},
	    {16, 290, 350}, {17, 340, 400}, {18, 370, 400}, {22, 140, 160}, {23, 200, 224},
	    {24, 200, 256}};
	struct crypto *c = crypto_new(NULL);

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct dh *dh = dh_generate(c, alg_group_id(want[i].id), NULL);
		BIGNUM *x = NULL;

		T_EQ(EVP_PKEY_get_bn_param(dh->key, OSSL_PKEY_PARAM_PRIV_KEY, &x), 1);
		if (BN_num_bits(x) < want[i].least || BN_num_bits(x) > want[i].most)
			T_FAIL("group %u: private value of %d bits", want[i].id, BN_num_bits(x));
		BN_clear_free(x);
		dh_free(dh);
	}
	crypto_free(c);
}

static void
refused(struct crypto *c, const struct alg_group *g, struct chunk peer, const char *text)
{
	struct why w = { 0 };

	T_ERR(dh_check_public(c, g, peer, &w), IKE_E_BAD_KE);
	T_ERR(w.code, IKE_E_BAD_KE);
	if (strstr(w.text, text) == NULL)
		T_FAIL("group %u: \"%s\" does not say \"%s\"", g->id, w.text, text);
	T_ERR(dh_check_public(c, g, peer, NULL), IKE_E_BAD_KE);
	T_EQ(ERR_peek_error(), 0);
}

static void
wrong_lengths(void)
{
	struct crypto *c = crypto_new(NULL);
	uint8_t out[ALG_MAX_PUBLIC], peer[ALG_MAX_PUBLIC + 1] = { 0 };

	for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
		struct dh *dh = dh_generate(c, g, NULL);
		struct why w = { 0 };
		char text[80];

		T_OK(dh_public(dh, peer));
		(void)snprintf(text, sizeof(text), "public value of %u octets, group %u wants %u",
		    g->public_len - 1U, g->id, g->public_len);
		refused(c, g, CHUNK(peer, g->public_len - 1U), text);
		refused(c, g, CHUNK(peer, g->public_len + 1U), "octets, group");
		refused(c, g, CHUNK_NONE, "public value of 0 octets");
		T_ERR(dh_derive(c, dh, CHUNK(peer, g->public_len - 1U), out, &w), IKE_E_BAD_KE);
		T_STR(w.text, text);
		T_ERR(dh_derive(c, dh, CHUNK_NONE, out, NULL), IKE_E_BAD_KE);
		dh_free(dh);
	}
	crypto_free(c);
}

/* p + add as KE carries it, p asked of OpenSSL. */
static struct chunk
near_p(struct crypto *c, const struct alg_group *g, int add, uint8_t *y)
{
	BIGNUM *p = NULL;

	T_EQ(EVP_PKEY_get_bn_param(dh_slot(c, g, NULL)->peer, OSSL_PKEY_PARAM_FFC_P, &p), 1);
	T_EQ(add < 0 ? BN_sub_word(p, (BN_ULONG)-add) : BN_add_word(p, (BN_ULONG)add), 1);
	T_EQ(BN_bn2binpad(p, y, g->public_len), g->public_len);
	BN_free(p);
	return CHUNK(y, g->public_len);
}

/* RFC 6989 2.1: 0, 1, p - 1, p, p + 1 and all ones; 2 and p - 2 are good in safe-prime groups. */
static void
out_of_range(void)
{
	struct crypto *c = crypto_new(NULL);
	uint8_t y[ALG_MAX_PUBLIC];

	for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
		size_t n = g->public_len;

		if (g->kind != GROUP_MODP && g->kind != GROUP_MODP_SUBGROUP)
			continue;
		memset(y, 0, n);
		refused(c, g, CHUNK(y, n), "public value is 0");
		y[n - 1] = 1;
		refused(c, g, CHUNK(y, n), "public value is 1");
		for (int add = -1; add <= 1; add++)
			refused(c, g, near_p(c, g, add, y), "not below p - 1");
		memset(y, 0xff, n);
		refused(c, g, CHUNK(y, n), "not below p - 1");
		if (g->kind != GROUP_MODP)
			continue;
		memset(y, 0, n);
		y[n - 1] = 2;
		T_OK(dh_check_public(c, g, CHUNK(y, n), NULL));
		T_OK(dh_check_public(c, g, near_p(c, g, -2, y), NULL));
	}
	crypto_free(c);
}

/* RFC 6989 2.2: 2 and p - 2 generate far more than the subgroup; p - y is outside of it too. */
static void
not_in_the_subgroup(void)
{
	struct crypto *c = crypto_new(NULL);
	uint8_t y[ALG_MAX_PUBLIC];

	for (unsigned id = 22; id <= 24; id++) {
		const struct alg_group *g = alg_group_id(id);
		struct crypto_group *slot = dh_slot(c, g, NULL);
		struct dh *dh = dh_generate(c, g, NULL);
		size_t n = g->public_len;
		BIGNUM *b = BN_new();
		char text[80];

		(void)snprintf(text, sizeof(text),
		    "public value is not in the subgroup of group %u", id);
		memset(y, 0, n);
		y[n - 1] = 2;
		refused(c, g, CHUNK(y, n), text);
		refused(c, g, near_p(c, g, -2, y), text);
		T_OK(dh_public(dh, y));
		T_OK(dh_check_public(c, g, CHUNK(y, n), NULL));
		BN_bin2bn(y, (int)n, b);
		BN_sub(b, slot->p, b);
		BN_bn2binpad(b, y, (int)n);
		refused(c, g, CHUNK(y, n), text);
		BN_free(b);
		dh_free(dh);
	}
	crypto_free(c);
}

/* RFC 6989 2.3: a bit flipped, the origin, coordinates not below the field's prime. */
static void
off_the_curve(void)
{
	struct crypto *c = crypto_new(NULL);

	for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
		uint8_t y[ALG_MAX_PUBLIC], out[ALG_MAX_PUBLIC];
		struct dh *dh;
		struct why w = { 0 };
		size_t n = g->public_len;
		char text[80];

		if (g->kind != GROUP_ECP)
			continue;
		dh = dh_generate(c, g, NULL);
		(void)snprintf(text, sizeof(text),
		    "public value is not a point of the curve of group %u", g->id);
		T_OK(dh_public(dh, y));
		for (size_t i = n / 2; i < n; i++) {
			y[i] ^= 0x10;
			refused(c, g, CHUNK(y, n), text);
			y[i] ^= 0x10;
		}
		T_OK(dh_check_public(c, g, CHUNK(y, n), NULL));
		memset(y, 0, n);
		refused(c, g, CHUNK(y, n), text);
		T_ERR(dh_derive(c, dh, CHUNK(y, n), out, &w), IKE_E_BAD_KE);
		T_ERR(w.code, IKE_E_BAD_KE);
		memset(y, 0xff, n);
		refused(c, g, CHUNK(y, n), text);
		dh_free(dh);
	}
	crypto_free(c);
}

/* RFC 7748 6.1: the secret of a value of low order is zero, and refused. */
static void
low_order(void)
{
	static const uint8_t eight[32] = {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16,
	    0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1,
	    0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00};
	struct crypto *c = crypto_new(NULL);
	uint8_t y[56], out[56];

	for (unsigned id = 31; id <= 32; id++) {
		const struct alg_group *g = alg_group_id(id);
		struct dh *dh = dh_generate(c, g, NULL);

		for (int i = 0; i < (id == 31 ? 3 : 2); i++) {
			struct why w = { 0 };

			memset(y, 0, sizeof(y));
			if (i == 2)
				memcpy(y, eight, 32);
			else
				y[0] = (uint8_t)i;
			T_OK(dh_check_public(c, g, CHUNK(y, g->public_len), &w));
			T_ERR(dh_derive(c, dh, CHUNK(y, g->public_len), out, &w), IKE_E_BAD_KE);
			T_STR(w.text, "public value of low order, the secret would be zero");
			T_EQ(ERR_peek_error(), 0);
		}
		dh_free(dh);
	}
	crypto_free(c);
}

/* A refusal leaves the group usable. */
static void
after_a_refusal(void)
{
	struct crypto *c = crypto_new(NULL);

	for (const struct alg_group *g = alg_groups; g->id != 0; g++) {
		uint8_t bad[ALG_MAX_PUBLIC] = { 0 }, good[ALG_MAX_PUBLIC], z[ALG_MAX_PUBLIC];
		struct dh *dh = dh_generate(c, g, NULL);

		T_OK(dh_public(dh, good));
		if (g->kind == GROUP_X)
			T_ERR(dh_derive(c, dh, CHUNK(bad, g->public_len), z, NULL), IKE_E_BAD_KE);
		else
			T_ERR(dh_check_public(c, g, CHUNK(bad, g->public_len), NULL), IKE_E_BAD_KE);
		T_OK(dh_check_public(c, g, CHUNK(good, g->public_len), NULL));
		T_OK(dh_derive(c, dh, CHUNK(good, g->public_len), z, NULL));
		dh_free(dh);
	}
	crypto_free(c);
}

/* Another OpenSSL may lack a group: said in words, and nothing is left half made. */
static void
a_group_that_openssl_lacks(void)
{
	struct crypto *c = crypto_new(NULL);
	uint8_t y[256] = { 0 };

	T_TRUE(crypto_has_group(c, alg_group_id(19), NULL));
	T_EQ(OSSL_PROVIDER_unload(c->standard), 1);
	c->standard = NULL;
	for (unsigned id = 1; id <= 32; id++) {
		const struct alg_group *g = alg_group_id(id);
		struct why w = { 0 };

		if (g == NULL || id == 19)
			continue;
		T_TRUE(!crypto_has_group(c, g, &w));
		T_ERR(w.code, IKE_E_CRYPTO);
		T_TRUE(
		    strncmp(w.text, "this OpenSSL cannot make the Diffie-Hellman group", 49) == 0);
		T_TRUE(!crypto_has_group(c, g, NULL));
		T_TRUE(dh_generate(c, g, &w) == NULL);
		T_EQ(ERR_peek_error(), 0);
	}
	T_ERR(dh_check_public(c, alg_group_id(14), CHUNK(y, 256), NULL), IKE_E_CRYPTO);
	crypto_free(c);
}

int
main(void)
{
	T_RUN(known_answers);
	T_RUN(two_sides_agree);
	T_RUN(leading_zeros_are_kept);
	T_RUN(exchanges_interleave);
	T_RUN(private_values_are_short);
	T_RUN(wrong_lengths);
	T_RUN(out_of_range);
	T_RUN(not_in_the_subgroup);
	T_RUN(off_the_curve);
	T_RUN(low_order);
	T_RUN(after_a_refusal);
	T_RUN(a_group_that_openssl_lacks);
	return T_DONE();
}
