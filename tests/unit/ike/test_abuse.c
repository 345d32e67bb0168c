/*
 * Abuse of what is known: replays, floods, forged addresses; each was answered once, and is no
 * more.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"
#include "t.h"

#include "peer/lab_t.h"

static const struct ike_match everybody;

static uint8_t store[64][2048];
static struct chunk
keep(unsigned i, struct chunk c)
{
	memcpy(store[i], c.p, c.n);
	return CHUNK(store[i], c.n);
}

static unsigned
lines_of(const struct lab *l, const char *text)
{
	unsigned n = 0;
	for (const char *p = l->log; p != NULL && (p = strstr(p, text)) != NULL; p += strlen(text))
		n++;
	return n;
}

static void
shutdown_tells_every_peer(void)
{
	unsigned N = 9600, up = 0;
	struct lab *l = lab_new(NULL, 7);
	for (unsigned k = 0; k < N; k++) {
		struct initiator i;
		char a[32];
		snprintf(a, sizeof(a), "10.77.%u.%u", k >> 8, k & 255);
		ini_init(&i, peer_crypto, a, LAB_US, LAB_PSK, alg_group_id(31));
		up += lab_phase1(l, &i, lab_t_why());
		lab_drop(l);
		ini_fini(&i);
	}
	uint64_t before = l->sends;
	T_EQ(up, N);
	ike_shutdown(l->ike);
	T_EQ(l->sends - before, N);
	T_EQ(lab_counter(l, CNT_deletes_out), N);
	lab_drop(l);
	lab_free(l);
}

static void
replayed_quick_mode(void)
{
	struct lab *l = lab_new(NULL, 8);
	struct initiator i;
	struct ini_qm q;
	struct chunk d, m1;
	struct path evil = {0};

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	ini_qm_init(&q, &i);
	d = ini_qm1(&q);
	m1 = keep(0, d);
	lab_rx(l, &i, d);
	T_TRUE(lab_take(l, &d));
	T_EQ(ini_qm2(&q, d, lab_t_why()), IKE_OK);
	lab_rx(l, &i, ini_qm3(&q));
	T_EQ(ike_totals(l->ike).children, 1);
	lab_advance(l, 31000);
	lab_drop(l);
	evil.remote = i.local;
	evil.local = i.remote;
	evil.remote.addr.b[3] ^= 1;
	evil.remote.port = 53;
	uint64_t before = l->sends;
	lab_rx_from(l, &evil, m1);
	lab_advance(l, 200000);
	T_EQ(l->sends - before, 0); /* wants: nothing */
	while (lab_take(l, &d))
		ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

static void
replayed_notify(void)
{
	struct lab *l = lab_new(NULL, 9);
	struct initiator i;
	struct ini_qm q;
	struct chunk n;
	struct msg m;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	ini_qm_init(&q, &i);
	T_STEP(lab_quick, l, &q);
	ini_info_begin(&i, &m);
	ini_add_notify(&i, &m, PROTO_ESP, 14, CHUNK_NONE, CHUNK_NONE);
	n = keep(1, ini_info_end(&i, &m));
	lab_rx(l, &i, n);
	for (int k = 0; k < 4; k++)
		lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, 100 + (unsigned)k));
	lab_drop(l);
	T_EQ(ike_rekey(l->ike, &everybody), 1);
	T_EQ(lab_counter(l, CNT_phase2_failed), 0);
	lab_rx(l, &i, n);
	T_EQ(lab_counter(l, CNT_phase2_failed), 0);
	lab_drop(l);
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

static void
clear_messages_write_few_lines(void)
{
	struct lab *l = lab_new(NULL, 10);
	struct initiator i;
	struct chunk d;
	uint8_t b[64] = {0};

	lab_t_peer(&i);
	T_STEP(lab_mm12, l, &i);
	lab_log_clear(l);
	memcpy(b, i.cky_i, 8);
	memcpy(b + 8, i.cky_r, 8);
	b[16] = ISAKMP_PL_VID;
	b[17] = 0x10;
	b[18] = 2;
	b[27] = 28 + 8;
	b[31] = 8;
	for (unsigned k = 0; k < 500; k++) {
		b[33] = (uint8_t)k;
		b[34] = (uint8_t)(k >> 8);
		d = CHUNK(b, 36);
		lab_rx(l, &i, d);
		lab_drop(l);
	}
	T_TRUE(lines_of(l, "RECEIVED Message") < 60);
	ini_fini(&i);
	lab_free(l);
}

static void
rubbish_under_an_sa_writes_few_lines(void)
{
	struct lab *l = lab_new(NULL, 11);
	struct initiator i;
	uint8_t b[64] = {0};

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	lab_log_clear(l);
	memcpy(b, i.cky_i, 8);
	memcpy(b + 8, i.cky_r, 8);
	b[16] = 0;
	b[17] = 0x10;
	b[18] = 5;
	b[19] = 1;
	b[27] = 28 + 32;
	for (unsigned k = 0; k < 500; k++) {
		b[23] = (uint8_t)(k + 1);
		b[22] = (uint8_t)((k + 1) >> 8);
		lab_rx(l, &i, CHUNK(b, 60));
		lab_drop(l);
	}
	T_TRUE(lines_of(l, "RECEIVED Message") < 60);
	ini_fini(&i);
	lab_free(l);
}

static void
replayed_dpd(void)
{
	struct lab *l = lab_new(NULL, 12);
	struct initiator i;
	struct path evil = {0};
	struct chunk d[6], got;
	struct lab_sa a, b;
	unsigned elsewhere = 0;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	for (unsigned k = 0; k < 6; k++) {
		d[k] = keep(10 + k, ini_dpd(&i, N_R_U_THERE, 100 + k));
		lab_rx(l, &i, d[k]);
		lab_drop(l);
	}
	evil.remote = i.local;
	evil.local = i.remote;
	evil.remote.addr.b[3] ^= 1;
	T_TRUE(lab_sa(l, &i, &a));
	lab_log_clear(l);
	for (unsigned n = 0; n < 600; n++) {
		lab_rx_from(l, &evil, d[n % 6]);
		while (lab_take(l, &got))
			elsewhere++;
	}
	T_TRUE(lab_sa(l, &i, &b));
	T_EQ(b.info.octets, a.info.octets);
	ini_fini(&i);
	lab_free(l);
}

/* Quick Mode on the older ISAKMP SA ends after the newer one stands */
static void
quick_mode_across_a_phase1_rekey(void)
{
	struct lab *l = lab_new(NULL, 13);
	struct initiator i, j;
	struct ini_qm q;
	struct chunk d;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	ini_qm_init(&q, &i);
	lab_rx(l, &i, ini_qm1(&q));
	T_TRUE(lab_take(l, &d));
	T_EQ(ini_qm2(&q, d, lab_t_why()), IKE_OK);
	lab_t_peer(&j);
	T_STEP(lab_phase1, l, &j); /* rekey of phase 1 between QM2 and QM3 */
	lab_drop(l);
	lab_rx(l, &i, ini_qm3(&q));
	T_EQ(ike_totals(l->ike).children, 1);
	lab_advance(l, 12000);
	T_EQ(ike_totals(l->ike).established, 1);
	T_EQ(ike_totals(l->ike).children, 1); /* the pair lives on under the newer SA */
	lab_drop(l);
	ini_qm_fini(&q);
	ini_fini(&i);
	ini_fini(&j);
	lab_free(l);
}

static void
delete_beside_rubbish(void)
{
	struct lab *l = lab_new(NULL, 16);
	struct initiator i;
	struct msg m;
	uint8_t spi[16];

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	memcpy(spi, i.cky_i, 8);
	memcpy(spi + 8, i.cky_r, 8);
	ini_info_begin(&i, &m);
	ini_add_delete(&i, &m, PROTO_ISAKMP, 16, CHUNK(spi, 16));
	ini_add_delete(&i, &m, 9, 4, CHUNK(spi, 4));
	lab_rx(l, &i, ini_info_end(&i, &m));
	T_EQ(ike_totals(l->ike).established, 0);
	lab_drop(l);
	ini_fini(&i);
	lab_free(l);
}

static void
our_question_follows_the_peer(void)
{
	struct lab *l = lab_new(NULL, 17);
	struct initiator i;
	struct ini_qm q;
	struct chunk d;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	ini_qm_init(&q, &i);
	T_STEP(lab_quick, l, &q);
	lab_drop(l);
	T_EQ(ike_rekey(l->ike, &everybody), 1);
	lab_drop(l); /* QM1 is lost: the mapping is gone */
	i.local.port = 40000;
	lab_rx(l, &i, ini_dpd(&i, N_R_U_THERE, 5000));
	lab_drop(l);
	lab_advance(l, 2500);
	T_TRUE(lab_take(l, &d));
	T_EQ(l->last.path.remote.port, 40000);
	lab_drop(l);
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
}

static void
delete_under_the_older_sa(void)
{
	struct lab *l = lab_new(NULL, 18);
	struct initiator i, j;
	struct ini_qm q;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	ini_qm_init(&q, &i);
	T_STEP(lab_quick, l, &q);
	lab_t_peer(&j);
	T_STEP(lab_phase1, l, &j);
	lab_rx(l, &i, ini_delete_child(&q)); /* under the old ISAKMP SA, which still stands */
	T_EQ(ike_totals(l->ike).children, 0);
	lab_drop(l);
	ini_qm_fini(&q);
	ini_fini(&i);
	ini_fini(&j);
	lab_free(l);
}

static void
keepalives_write_few_lines(void)
{
	struct lab *l = lab_new(NULL, 19);
	struct path p = {.marker = true,
	    .local = {addr_from_octets(CHUNK((const uint8_t *)"\300\0\2\1", 4)), 4500},
	    .remote = {addr_from_octets(CHUNK((const uint8_t *)"\306\63\144\7", 4)), 4500}};
	lab_log_clear(l);
	log_set_level(LOG_L_DEBUG);
	for (int k = 0; k < 500; k++)
		lab_rx_from(l, &p, CHUNK((const uint8_t *)"\377", 1));
	T_TRUE(lines_of(l, "keepalive") < 60);
	lab_free(l);
}

static void
message_ids_that_come_again(void)
{
	struct lab *l = lab_new(NULL, 21);
	struct initiator i;
	struct msg m;

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	for (uint32_t k = 0; k < 2; k++) {
		uint32_t seq = htonl(50 + k);
		uint8_t spi[16];
		memcpy(spi, i.cky_i, 8);
		memcpy(spi + 8, i.cky_r, 8);
		ini_info_begin(&i, &m);
		m.hdr.msgid = 105;
		ini_add_notify(&i, &m, PROTO_ISAKMP, N_R_U_THERE, CHUNK(spi, 16),
		    CHUNK((uint8_t *)&seq, 4));
		lab_rx(l, &i, ini_info_end(&i, &m));
		T_EQ(l->count, 1);
		lab_drop(l);
	}
	ini_fini(&i);
	lab_free(l);
}

static void
honest_messages_keep_their_lines(void)
{
	struct lab *l = lab_new(NULL, 22);
	struct initiator i;
	struct ini_qm q[12];

	lab_t_peer(&i);
	T_STEP(lab_phase1, l, &i);
	lab_drop(l);
	lab_log_clear(l);
	for (int k = 0; k < 12; k++) {
		ini_qm_init(&q[k], &i);
		lab_rx(l, &i, ini_qm1(&q[k]));
	}
	T_EQ(lines_of(l, "RECEIVED Message"), 12);
	lab_drop(l);
	for (int k = 0; k < 12; k++)
		ini_qm_fini(&q[k]);
	ini_fini(&i);
	lab_free(l);
}

int
main(void)
{
	if (!lab_t_begin())
		return 1;
	T_RUN(shutdown_tells_every_peer);
	T_RUN(replayed_quick_mode);
	T_RUN(replayed_notify);
	T_RUN(clear_messages_write_few_lines);
	T_RUN(rubbish_under_an_sa_writes_few_lines);
	T_RUN(replayed_dpd);
	T_RUN(quick_mode_across_a_phase1_rekey);
	T_RUN(delete_beside_rubbish);
	T_RUN(our_question_follows_the_peer);
	T_RUN(delete_under_the_older_sa);
	T_RUN(keepalives_write_few_lines);
	T_RUN(message_ids_that_come_again);
	T_RUN(honest_messages_keep_their_lines);
	return lab_t_end();
}
