/* src/ike/dpd.c - dead peer detection, RFC 3706. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <arpa/inet.h>
#include <string.h>

#include "wire/vid.h"

#define SEQ_LEN 4

static bool
read_seq(const struct pl_notify *n, uint32_t *seq)
{
	if (n->data.n != SEQ_LEN)
		return false;
	memcpy(seq, n->data.p, SEQ_LEN);
	*seq = ntohl(*seq);
	return true;
}

/* Answered also without the vendor id, as other daemons do: the question is authenticated. */
enum ike_err
dpd_request(struct step *s, const struct pl_notify *n)
{
	struct sa *sa = s->sa;
	uint32_t seq;

	if (!read_seq(n, &seq))
		return why(&s->why, IKE_E_SYNTAX,
		    "R-U-THERE with %zu octets of data, 4 are expected", n->data.n);
	s->numbered = true;
	COUNT(s->ike, dpd_in);
	/* Some repeat a question with its number, none goes back: that is a replay (RFC 3706 7). */
	if (sa->dpd_peer_seen && seq < sa->dpd_peer_seq) {
		LOG_LIMITED(s->ike->limiter, ike_now(s->ike), DPD_BAD_SEQUENCE, &sa->who,
		    "Received DPD sequence number 0x%x in DPD R-U-THERE, expected 0x%x or more",
		    seq, sa->dpd_peer_seq);
		return IKE_OK;
	}
	LOG(DPD_RECEIVED, &sa->who, "Received keep-alive of type DPD R-U-THERE (seq number 0x%x)",
	    seq);
	if (!sa->dpd_peer_seen || seq > sa->dpd_peer_seq) {
		sa->dpd_peer_seen = true;
		sa->dpd_peer_seq = seq;
		s->fresh = true;
	}
	kept_set(&sa->info_kept, s->request, CHUNK_NONE);
	tx_notify(sa, &s->path, PROTO_ISAKMP, CHUNK_NONE, N_R_U_THERE_ACK, n->data, &sa->info_kept);
	return IKE_OK;
}

void
dpd_acknowledged(struct step *s, const struct pl_notify *n)
{
	struct sa *sa = s->sa;
	uint32_t seq;

	s->numbered = true;
	if (!read_seq(n, &seq) || seq != sa->dpd_seq || sa->dpd_seq == 0) {
		LOG_LIMITED(s->ike->limiter, ike_now(s->ike), DPD_BAD_SEQUENCE, &sa->who,
		    "Received DPD sequence number 0x%x in DPD R-U-THERE-ACK, expected 0x%x",
		    read_seq(n, &seq) ? seq : 0, sa->dpd_seq);
		return;
	}
	LOG(DPD_RECEIVED, &sa->who,
	    "Received keep-alive of type DPD R-U-THERE-ACK (seq number 0x%x)", seq);
	/* Something else of the peer's was faster, or this is a copy: no news. */
	if (sa->dpd_unanswered > 0)
		s->fresh = true;
}

static uint64_t
interval_ms(const struct sa *sa)
{
	return sa->group->dpd_interval_s * UINT64_C(1000);
}

/* An unanswered question is repeated soon, and never later than the next one would be due. */
static uint64_t
retry_ms(const struct sa *sa)
{
	uint64_t interval = interval_ms(sa);

	return interval != 0 && interval < DPD_RETRY_MS ? interval : DPD_RETRY_MS;
}

void
dpd_probe(struct sa *sa)
{
	uint32_t seq;

	if (sa->dpd_seq == 0) { /* RFC 3706 6.1: random, the top bit clear */
		sa->ike->ports.random(sa->ike->ports.ctx, (uint8_t *)&sa->dpd_seq,
		    sizeof(sa->dpd_seq));
		sa->dpd_seq &= 0x7fffffff;
	}
	/* A repeated question keeps its number: any of the answers proves life. */
	if (sa->dpd_unanswered == 0)
		sa->dpd_seq++;
	sa->dpd_unanswered++;
	seq = htonl(sa->dpd_seq);
	COUNT(sa->ike, dpd_out);
	LOG(DPD_SENT, &sa->who, "Sending keep-alive of type DPD R-U-THERE (seq number 0x%x)",
	    sa->dpd_seq);
	tx_notify(sa, &sa->path, PROTO_ISAKMP, CHUNK_NONE, N_R_U_THERE,
	    CHUNK((uint8_t *)&seq, sizeof(seq)), NULL);
	timer_set(sa->ike, &sa->dpd, retry_ms(sa));
}

void
dpd_start(struct sa *sa)
{
	if (interval_ms(sa) != 0 && (sa->caps & VID_DPD) != 0)
		timer_set(sa->ike, &sa->dpd, interval_ms(sa));
}

static void
dead(struct sa *sa)
{
	LOG(DPD_PEER_DEAD, &sa->who,
	    "IKE lost contact with remote peer, deleting connection (keepalive type: DPD)");
	COUNT(sa->ike, dpd_dead);
	ike_end_with_deletes(sa);
}

/*
 * Ask when nothing was heard for the interval (RFC 3706 5.5); a probe that `ikev1ctl dpd` asked for
 * runs the same way.
 */
void
dpd_timer(void *owner)
{
	struct sa *sa = owner;
	uint64_t silent = ike_now(sa->ike) - sa->heard_ms;
	uint32_t retries = sa->group->dpd_retries != 0 ? sa->group->dpd_retries : 3;

	if (sa->dpd_unanswered > retries)
		dead(sa);
	else if (sa->dpd_unanswered > 0 || (interval_ms(sa) != 0 && silent >= interval_ms(sa)))
		dpd_probe(sa);
	else if (interval_ms(sa) != 0)
		timer_set(sa->ike, &sa->dpd, interval_ms(sa) - silent);
}
