/* tests/unit/wire/test_msg.c - whole messages: decode, look up, build, encode. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/msg.h"

#include <dirent.h>

#include "wire/dump.h"
#include "wire_t.h"

#define CORPUS "tests/fuzz/corpus_msg"

static const struct isakmp_hdr MM = {
    .cky_i = {1, 2, 3, 4, 5, 6, 7, 8}, .version = ISAKMP_VERSION, .exchange = ISAKMP_XCHG_MAIN};

static enum ike_err
decode(struct msg *m, const char *chain, uint8_t first)
{
	struct isakmp_hdr h = MM;

	h.next = first;
	msg_init(m, &h);
	return msg_decode(m, hex(chain), mem, NULL);
}

static void
decoding(void)
{
	struct msg m;

	T_OK(decode(&m, "0d000008 01020304 00000006 eeff 000003", ISAKMP_PL_KE));
	T_EQ(m.count, 2);
	T_EQ(m.plain.n, 14);
	T_EQ(m.first->type, ISAKMP_PL_KE);
	T_TRUE(m.tail == &m.first->next->next);
	T_OK(decode(&m, "", 0));
	T_EQ(m.count, 0);
	T_TRUE(m.first == NULL && m.tail == &m.first);
	arena_reset(mem);
}

static void
failure_changes_nothing(void)
{
	struct msg m;
	struct why w = {0};

	T_ERR(decode(&m, "0d000008 01020304 00ff0006 eeff", ISAKMP_PL_KE), IKE_E_SYNTAX);
	T_TRUE(m.first == NULL && m.tail == &m.first && m.count == 0 && m.plain.n == 0);
	m.hdr.next = ISAKMP_PL_NONCE;
	T_ERR(msg_decode(&m, hex("00000005 01"), mem, &w), IKE_E_SHORT);
	T_STR(w.text, "payload 1, NONCE (10): payload length at octet 4: ends too early");
	arena_reset(mem);
}

static void
looking_up(void)
{
	struct msg m;
	struct pl *p;

	/* NAT-D in both numberings, unknown 15, VID twice */
	T_OK(decode(&m, "82000005 01  0f000005 02  0d000005 03  0d000005 04  00000005 05",
	    ISAKMP_PL_NATD));
	T_EQ(msg_count(&m, ISAKMP_PL_NATD), 2);
	T_EQ(msg_count(&m, ISAKMP_PL_NATD_DRAFT), 2);
	T_EQ(msg_count(&m, ISAKMP_PL_VID), 2);
	T_EQ(msg_count(&m, 15), 1);
	T_EQ(msg_count(&m, ISAKMP_PL_SA), 0);
	T_TRUE(msg_set(&m) == (P(NATD) | P(VID) | P(UNKNOWN_BIT)));
	p = msg_find(&m, ISAKMP_PL_NATD, NULL);
	T_EQ(p->u.raw.p[0], 1);
	T_TRUE(msg_find(&m, ISAKMP_PL_NATD, p) == p); /* at or after */
	p = msg_next(p);
	T_EQ(p->u.raw.p[0], 2);
	T_EQ(p->type, ISAKMP_PL_NATD_DRAFT);
	T_TRUE(msg_next(p) == NULL);
	T_TRUE(msg_find(&m, ISAKMP_PL_NATD, p->next) == NULL);
	p = msg_find(&m, ISAKMP_PL_VID, NULL);
	T_EQ(msg_next(p)->u.raw.p[0], 5);
	T_TRUE(msg_find(&m, ISAKMP_PL_SA, NULL) == NULL);
	arena_reset(mem);
}

static void
building(void)
{
	struct chunk want = hex("0102030405060708 0000000000000000 0110 0200 00000000 00000068"
				"0d000034 00000001 00000001 00000028 01010001 00000020 01010000"
				"80010007 800e0080 80020002 80040002 80030001 800b0001"
				"0b000008 01020304 00000010 00000001 03 04 000e aabbccdd");
	struct pl_transform t = {.number = 1, .id = IKE_TRANSFORM_KEY_IKE};
	struct pl_proposal prop = {.number = 1, .protocol = PROTO_ISAKMP, .transforms = &t};
	static const uint16_t attrs[] = {1, 7, 14, 128, 2, 2, 4, 2, 3, 1, 11, 1};
	uint8_t out[128];
	struct msg m;
	struct pl *p;
	struct wbuf w;

	msg_init(&m, &MM);
	for (size_t i = 0; i < ARRAY_LEN(attrs); i += 2)
		attr_append(&t.attrs, attr_new(mem, attrs[i], attrs[i + 1]));
	p = msg_add(&m, ISAKMP_PL_SA, mem);
	p->u.sa = (struct pl_sa){.doi = 1, .situation = 1, .proposals = &prop};
	msg_add_raw(&m, ISAKMP_PL_VID, CHUNK((const uint8_t *)"\1\2\3\4", 4), mem);
	p = msg_add(&m, ISAKMP_PL_N, mem);
	p->u.notify = (struct pl_notify){.doi = 1,
	    .protocol = 3,
	    .type = N_NO_PROPOSAL_CHOSEN,
	    .spi = hex("aabbccdd")};
	T_EQ(m.count, 3);
	wb_init(&w, out, sizeof(out));
	msg_encode(&w, &m);
	T_OK(w.err);
	T_MEM(out, w.n, want.p, want.n);
	for (size_t cap = 0; cap < w.n; cap++) {
		struct wbuf v;

		wb_init(&v, out, cap);
		msg_encode(&v, &m);
		T_ERR(v.err, IKE_E_NOMEM);
	}
	arena_reset(mem);
}

/* The message may stand behind something else, a non-ESP marker for instance. */
static void
encoding_behind_a_marker(void)
{
	uint8_t out[64];
	struct msg m;
	struct wbuf w;

	msg_init(&m, &MM);
	msg_add_raw(&m, ISAKMP_PL_VID, CHUNK((const uint8_t *)"\1\2", 2), mem);
	wb_init(&w, out, sizeof(out));
	wb_u32(&w, 0);
	msg_encode(&w, &m);
	T_EQ(w.n, 4 + ISAKMP_HDR_LEN + 6);
	T_MEM(out + 4 + 24, 4, "\0\0\0\x22", 4);
	T_EQ(out[4 + 16], ISAKMP_PL_VID);
	arena_reset(mem);
}

/* Whole bodies and unknown types go out as they are given. */
static void
raw_bodies(void)
{
	struct chunk body = hex("00000001 00000001 deadbeef");
	uint8_t out[64];
	struct msg m;
	struct pl *p;
	struct wbuf w;

	msg_init(&m, &MM);
	p = msg_add_raw(&m, ISAKMP_PL_SA, body, mem);
	T_TRUE(p->def == NULL);
	T_TRUE(msg_find(&m, ISAKMP_PL_SA, NULL) == p);
	msg_add_raw(&m, 99, CHUNK((const uint8_t *)"x", 1), mem);
	p = msg_add_raw(&m, ISAKMP_PL_KE, CHUNK((const uint8_t *)"yz", 2), mem);
	T_TRUE(chunk_eq(p->raw, p->u.raw));
	wb_init(&w, out, sizeof(out));
	payload_chain_put(&w, m.first);
	T_MEM(out, w.n, "\x63\0\0\x10\0\0\0\1\0\0\0\1\xde\xad\xbe\xef\4\0\0\5x\0\0\0\6yz", 27);
	arena_reset(mem);
}

static void
no_memory(void)
{
	struct arena *none = arena_new(0);
	struct msg m;

	msg_init(&m, &MM);
	T_TRUE(msg_add(&m, ISAKMP_PL_SA, none) == NULL);
	T_TRUE(msg_add_raw(&m, ISAKMP_PL_KE, CHUNK_NONE, none) == NULL);
	T_TRUE(m.first == NULL && m.count == 0);
	arena_free(none);
}

static void
ignore_line(void *ctx, const char *line)
{
	T_TRUE(line[0] != '\0');
	++*(unsigned *)ctx;
}

/* One recorded or hand-made message: what decodes is written back as it came. */
static void
one_file(const char *name)
{
	char path[512], line[1024];
	uint8_t buf[BODY_MAX], out[BODY_MAX];
	struct isakmp_hdr h;
	struct msg m;
	struct wbuf w;
	struct cur c;
	size_t n = 0;
	unsigned lines = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), CORPUS "/%s", name);
	f = fopen(path, "rb");
	if (!T_TRUE(f != NULL))
		return;
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	c = cur_from(CHUNK(buf, n));
	if (!T_OK(hdr_get(&c, &h)))
		return;
	if (!T_EQ(h.length, n))
		T_FAIL("%s", name);
	msg_init(&m, &h);
	if (!T_OK(msg_decode(&m, cur_rest(&c), mem, NULL))) {
		T_FAIL("%s", name);
		return;
	}
	wb_init(&w, out, sizeof(out));
	msg_encode(&w, &m);
	T_MEM(out + ISAKMP_HDR_LEN, w.n - ISAKMP_HDR_LEN, m.plain.p, m.plain.n);
	(void)dump_line(&m, n, line, sizeof(line));
	dump_full(&m, ignore_line, &lines);
	T_TRUE(lines > m.count);
	arena_reset(mem);
}

/* Seeds named "bad-..." are there to be refused. */
static void
corpus(void)
{
	unsigned n = 0;
	struct dirent *e;
	DIR *d = opendir(CORPUS);

	if (!T_TRUE(d != NULL))
		return;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || strncmp(e->d_name, "bad-", 4) == 0)
			continue;
		one_file(e->d_name);
		n++;
	}
	closedir(d);
	T_TRUE(n >= 20);
}

int
main(void)
{
	wire_setup();
	T_RUN(decoding);
	T_RUN(failure_changes_nothing);
	T_RUN(looking_up);
	T_RUN(building);
	T_RUN(encoding_behind_a_marker);
	T_RUN(raw_bodies);
	T_RUN(no_memory);
	T_RUN(corpus);
	wire_teardown();
	return T_DONE();
}
