/* src/ike/fsm_table.c - every legal step of every exchange. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#define IN(fn, lbl, ev) .in = (fn), .in_label = (lbl), .in_event = (ev)
#define OUT(fn, lbl, ev) .out = (fn), .out_label = (lbl), .out_event = (ev)

/*
 * Vendor ids and notifies arrive anywhere in phase 1; so do certificate requests, which pre-shared
 * keys leave unanswered.
 */
#define UNTIDY (P(VID) | P(N) | P(CR))

/* clang-format off */
const struct fsm_row fsm_rows[] = {
	/* ---- Main Mode with a pre-shared key, RFC 2409 5.4 ---- */

	/* HDR, SA  -->  HDR, SA */
	{ MM_START, HAP_RX_MM, .need = P(SA), .may = UNTIDY,
	  IN(mm_in1, "MM1", EV_RCV_MSG1), OUT(mm_out2, "MM2", EV_SND_MSG2),
	  .next = MM_WAIT_MSG3, .spec = "RFC 2409 5.4" },

	/* HDR, KE, Ni [, NAT-D, NAT-D]  -->  HDR, KE, Nr [, NAT-D, NAT-D] */
	{ MM_WAIT_MSG3, HAP_RX_MM, .need = P(KE) | P(NONCE), .may = UNTIDY | P(NATD),
	  IN(mm_in3, "MM3", EV_RCV_MSG3), OUT(mm_out4, "MM4", EV_SND_MSG4),
	  .next = MM_WAIT_MSG5, .spec = "RFC 2409 5.4, RFC 3947 3.2" },

	/* HDR*, IDii, HASH_I  -->  HDR*, IDir, HASH_R */
	{ MM_WAIT_MSG5, HAP_RX_MM, .need = P(ID) | P(HASH), .may = UNTIDY, .flags = F_ENC | F_OUT_ENC,
	  IN(mm_in5, "MM5", EV_RCV_MSG5), OUT(mm_out6, "MM6", EV_SND_MSG6), .done = mm_done6,
	  .next = MM_ACTIVE, .spec = "RFC 2409 5.4" },

	{ MM_WAIT_MSG3, HAP_TIMEOUT, IN(p1_give_up, NULL, EV_TIMEOUT), .next = MM_DONE, .spec = "local" },
	{ MM_WAIT_MSG5, HAP_TIMEOUT, IN(p1_give_up, NULL, EV_TIMEOUT), .next = MM_DONE, .spec = "local" },

	/* Lifetime over, or the SA was replaced by a newer one. */
	{ MM_ACTIVE, HAP_TIMEOUT, IN(p1_expired, NULL, EV_TIMEOUT), .next = MM_DONE, .spec = "RFC 2409 5" },

	/* ---- Informational, RFC 2409 5.7 ---- */

	/* HDR*, HASH(1), N/D */
	{ MM_ACTIVE, HAP_RX_INFO, .need = P(HASH), .may = P(N) | P(D) | P(VID), .flags = F_ENC, .hash_in = HASH_1,
	  IN(info_in, "INFO", EV_RCV_INFO), .next = IKE_STATE_SAME, .spec = "RFC 2409 5.7" },

	/* HDR, N/D without protection: heard, believed never */
	{ MM_WAIT_MSG3, HAP_RX_NOTE, .may = P(N) | P(D) | P(HASH) | P(VID),
	  IN(info_note, "INFO", EV_RCV_INFO), .next = IKE_STATE_SAME, .spec = "RFC 2408 4.8" },
	{ MM_WAIT_MSG5, HAP_RX_NOTE, .may = P(N) | P(D) | P(HASH) | P(VID),
	  IN(info_note, "INFO", EV_RCV_INFO), .next = IKE_STATE_SAME, .spec = "RFC 2408 4.8" },
	{ MM_ACTIVE, HAP_RX_NOTE, .may = P(N) | P(D) | P(HASH) | P(VID),
	  IN(info_note, "INFO", EV_RCV_INFO), .next = IKE_STATE_SAME, .spec = "RFC 2408 4.8" },
	{ MM_DONE, HAP_RX_NOTE, .may = P(N) | P(D) | P(HASH) | P(VID),
	  IN(info_note, "INFO", EV_RCV_INFO), .next = IKE_STATE_SAME, .spec = "RFC 2408 4.8" },

	/* ---- Quick Mode answered, RFC 2409 5.5 ---- */

	/*
	 * HDR*, HASH(1), SA, Ni [, KE] [, IDci, IDcr] [, NAT-OA]  -->  HDR*, HASH(2), SA, Nr, ...
	 */
	{ QM_START, HAP_RX_QM, .need = P(HASH) | P(SA) | P(NONCE), .may = P(KE) | P(ID) | P(NATOA) | P(N) | P(VID),
	  .flags = F_ENC | F_OUT_ENC | F_RESEND, .hash_in = HASH_1, .hash_out = HASH_2,
	  IN(qm_in1, "QM1", EV_RCV_MSG1), OUT(qm_out2, "QM2", EV_SND_MSG2),
	  .next = QM_WAIT_MSG3, .spec = "RFC 2409 5.5" },

	/* HDR*, HASH(3) */
	{ QM_WAIT_MSG3, HAP_RX_QM, .need = P(HASH), .may = P(N) | P(VID), .flags = F_ENC, .hash_in = HASH_3,
	  IN(qm_in3, "QM3", EV_RCV_MSG3), .out_event = EV_ACTIVATE_NEW_SA, .done = qm_done,
	  .next = QM_ACTIVE, .spec = "RFC 2409 5.5" },

	{ QM_WAIT_MSG3, HAP_TIMEOUT, IN(qm_give_up, NULL, EV_TIMEOUT), .next = QM_DONE, .spec = "local" },

	/*
	 * A fourth message: CONNECTED of a peer that set the commit bit, INITIAL-CONTACT of
	 * Windows.
	 */
	{ QM_ACTIVE, HAP_RX_QM, .need = P(HASH), .may = P(N) | P(VID), .flags = F_ENC,
	  IN(qm_in4, "QM4", EV_RCV_MSG4), .next = IKE_STATE_SAME, .spec = "RFC 2408 3.1 (commit bit)" },

	/* ---- Quick Mode that we start on the SA we answered ---- */

	{ QM_START, HAP_KICK, .flags = F_OUT_ENC | F_RESEND, .hash_out = HASH_1,
	  .in_event = EV_INITIATE, OUT(qm_out1, "QM1", EV_SND_MSG1), .next = QM_WAIT_MSG2, .spec = "RFC 2409 5.5" },

	{ QM_WAIT_MSG2, HAP_RX_QM, .need = P(HASH) | P(SA) | P(NONCE), .may = P(KE) | P(ID) | P(NATOA) | P(N) | P(VID),
	  .flags = F_ENC | F_OUT_ENC, .hash_in = HASH_2, .hash_out = HASH_3,
	  IN(qm_in2, "QM2", EV_RCV_MSG2), OUT(qm_out3, "QM3", EV_SND_MSG3), .done = qm_done,
	  .next = QM_ACTIVE, .spec = "RFC 2409 5.5" },

	{ QM_WAIT_MSG2, HAP_TIMEOUT, IN(qm_give_up, NULL, EV_TIMEOUT), .next = QM_DONE, .spec = "local" },
};
/* clang-format on */
const size_t fsm_row_count = ARRAY_LEN(fsm_rows);
