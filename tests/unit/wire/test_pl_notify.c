/* tests/unit/wire/test_pl_notify.c - notifications, RFC 2408 3.14. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/payload.h"
#include "wire_t.h"

/* RESPONDER-LIFETIME as IOS sends it: both cookies as the SPI, seconds 300. */
static const char LIFETIME[] =
    "00000001 01 10 6000 0102030405060708 1112131415161718 800b0001 800c012c";

static void
fields(void)
{
	struct pl *pl;
	struct pl_attr *a = NULL;
	struct cur c;

	if (!T_OK(body_get(ISAKMP_PL_N, hex(LIFETIME), &pl, NULL)))
		return;
	T_EQ(pl->u.notify.doi, 1);
	T_EQ(pl->u.notify.protocol, PROTO_ISAKMP);
	T_EQ(pl->u.notify.type, N_RESPONDER_LIFETIME);
	T_EQ(pl->u.notify.spi.n, 16);
	T_EQ(pl->u.notify.data.n, 8);
	c = cur_from(pl->u.notify.data);
	T_OK(attr_list_get(&c, &a, mem));
	T_EQ(attr_find(a, P1A_LIFE_DURATION)->value, 300);
	arena_reset(mem);
}

static void
runs(void)
{
	body_run(ISAKMP_PL_N, LIFETIME, 24);
	body_run(ISAKMP_PL_N, "00000001 03 04 000e aabbccdd", 12);
	body_run(ISAKMP_PL_N, "00000001 01 00 000e", 0);
}

static void
spi_must_fit(void)
{
	body_why(ISAKMP_PL_N, "00000001 03 04 000e aabbcc", IKE_E_SHORT,
	    "payload 1, N (11): SPI at octet 12: ends too early");
	T_ERR(body_err(ISAKMP_PL_N, "00000001 03 ff 000e"), IKE_E_SHORT);
	T_ERR(body_err(ISAKMP_PL_N, "00000001 03 00 00"), IKE_E_SHORT);
}

static void
long_spi_does_not_encode(void)
{
	static const uint8_t spi[256];
	struct pl pl = {.type = ISAKMP_PL_N, .def = payload_def(ISAKMP_PL_N)};
	uint8_t buf[512];
	struct wbuf w;

	pl.u.notify.spi = CHUNK(spi, 256);
	wb_init(&w, buf, sizeof(buf));
	payload_body_put(&w, &pl);
	T_ERR(w.err, IKE_E_NOMEM);
}

int
main(void)
{
	wire_setup();
	T_RUN(fields);
	T_RUN(runs);
	T_RUN(spi_must_fit);
	T_RUN(long_spi_does_not_encode);
	wire_teardown();
	return T_DONE();
}
