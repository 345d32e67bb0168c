/* src/ike/info.c - informational messages, RFC 2409 5.7: notifies and deletes. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike_local.h"

#include <arpa/inet.h>
#include <string.h>

#include "wire/names.h"

#define NOTIFY_STATUS 16384 /* RFC 2408 3.14.1: below are errors */

/* ---- notifies ---- */

/*
 * Is the notify about this exchange: one of its SPIs is named, or none is and it is our question.
 */
static bool
about(const struct xchg *x, const struct pl_notify *n)
{
	uint32_t spi = 0;

	if (x->state != QM_WAIT_MSG2 && x->state != QM_WAIT_MSG3)
		return false;
	if (n->spi.n == SPI_LEN)
		memcpy(&spi, n->spi.p, SPI_LEN);
	if (spi != 0)
		return x->qm->child->spi_in == ntohl(spi) || x->qm->peer_spi == spi;
	return x->state == QM_WAIT_MSG2;
}

/* An error notify under our keys ends the Quick Mode that it is about. */
static void
peer_refused(struct step *s, const struct pl_notify *n)
{
	struct xchg *x, *next;
	char num[16];

	for (x = LIST_FIRST(&s->sa->xchgs); x != NULL; x = next) {
		next = LIST_NEXT(x, of_sa);
		if (!about(x, n))
			continue;
		why(&s->why, IKE_E_NO_PROPOSAL, "the peer refused Quick Mode %08x: %s", x->msgid,
		    names_print(wire_notifies, n->type, num, sizeof(num)));
		sa_error(s->sa, &s->why);
		LOG(INFO_FAILED, &s->sa->who, "%s", s->why.text);
		record_message(s->ike, x->rec, RECORD_RX, "INFO", s->in, s->in->hdr.length, NULL);
		record_failed(x->rec, &s->why, "INFO", fsm_state_name(x->state));
		fsm_abort_xchg(x);
	}
	s->why = (struct why){0};
}

static enum ike_err
notify(struct step *s, const struct pl_notify *n)
{
	char num[16];

	COUNT(s->ike, notifies_in);
	if (n->type == N_R_U_THERE)
		return dpd_request(s, n);
	if (n->type == N_R_U_THERE_ACK) {
		dpd_acknowledged(s, n);
		return IKE_OK;
	}
	LOG(NOTIFY_RECEIVED, &s->sa->who, "Received %s Notify message: %s (%u)",
	    n->type < NOTIFY_STATUS ? "non-routine" : "status",
	    names_print(wire_notifies, n->type, num, sizeof(num)), n->type);
	if (n->type == N_INITIAL_CONTACT)
		p1_initial_contact(s->sa);
	else if (n->type < NOTIFY_STATUS)
		peer_refused(s, n);
	return IKE_OK;
}

/* ---- deletes ---- */

static void
delete_isakmp(struct step *s, const uint8_t *cookies)
{
	struct sa *victim = sa_find(s->ike, cookies, cookies + ISAKMP_COOKIE_LEN), *heir;
	struct child *child;

	if (victim == NULL ||
	    (victim != s->sa && (victim->peer == NULL || victim->peer != s->sa->peer))) {
		LOG(DELETE_RECEIVED, &s->sa->who,
		    "delete for an ISAKMP SA that is not this peer's, ignored");
		return;
	}
	heir = sa_sibling(victim);
	while (heir != NULL && (child = LIST_FIRST(&victim->children)) != NULL) {
		child_move(child, heir);
		LOG(P2_ADOPTED, &s->sa->who,
		    "IPsec SA (SPI 0x%08x) lives on under the peer's other ISAKMP SA",
		    child->spi_in);
	}
	LOG(P1_DELETED, &s->sa->who,
	    "Connection terminated for peer.  Reason: Peer Terminate  (ISAKMP SA with %u IPsec SAs)",
	    victim->child_count);
	if (victim == s->sa)
		s->end_sa = true; /* not while its own message is read */
	else
		fsm_end_sa(victim);
}

static void
delete_ipsec(struct step *s, uint8_t protocol, const uint8_t *spi_octets)
{
	struct child *child;
	uint32_t spi;

	memcpy(&spi, spi_octets, sizeof(spi));
	spi = ntohl(spi);
	child = child_find_spi(s->sa, protocol, spi);
	if (child == NULL) {
		LOG(DELETE_RECEIVED, &s->sa->who,
		    "delete for %s SPI 0x%08x, which is none of this SA's",
		    names_word(wire_protocols, protocol), spi);
		return;
	}
	LOG(P2_DELETED, &s->sa->who,
	    "IPsec SA (inbound SPI 0x%08x, outbound SPI 0x%08x) deleted by the peer", child->spi_in,
	    child->spi_out);
	child_free(child);
}

static enum ike_err
deletes(struct step *s, const struct pl_delete *d)
{
	bool isakmp = d->protocol == PROTO_ISAKMP;
	size_t size = isakmp ? NOTIFY_SPI_LEN : SPI_LEN;
	char num[16];

	COUNT(s->ike, deletes_in);
	LOG(DELETE_RECEIVED, &s->sa->who, "Received delete for %u %s SA%s", d->count,
	    names_print(wire_protocols, d->protocol, num, sizeof(num)), d->count == 1 ? "" : "s");
	if (!isakmp && d->protocol != PROTO_ESP && d->protocol != PROTO_AH)
		return why(&s->why, IKE_E_PROTOCOL, "delete for protocol %u", d->protocol);
	if (d->spi_size != size)
		return why(&s->why, IKE_E_SYNTAX, "delete with SPIs of %u octets, %zu are expected",
		    d->spi_size, size);
	for (unsigned i = 0; i < d->count; i++) {
		if (isakmp)
			delete_isakmp(s, d->spis.p + i * size);
		else
			delete_ipsec(s, d->protocol, d->spis.p + i * size);
	}
	return IKE_OK;
}

enum ike_err
info_in(struct step *s)
{
	enum ike_err e = IKE_OK;

	for (const struct pl *pl = s->in->first; pl != NULL && e == IKE_OK; pl = pl->next) {
		if (pl->type == ISAKMP_PL_N)
			e = notify(s, &pl->u.notify);
		else if (pl->type == ISAKMP_PL_D)
			e = deletes(s, &pl->u.del);
	}
	return e;
}

/* ---- without protection ---- */

void
info_unprotected(const struct log_who *who, const struct msg *m)
{
	char num[16];

	for (const struct pl *pl = m->first; pl != NULL; pl = pl->next) {
		if (pl->type == ISAKMP_PL_N)
			LOG(NOTIFY_UNPROTECTED, who,
			    "Received an un-encrypted %s notify message, dropping",
			    names_print(wire_notifies, pl->u.notify.type, num, sizeof(num)));
		else if (pl->type == ISAKMP_PL_D)
			LOG(NOTIFY_UNPROTECTED, who,
			    "Received an un-encrypted delete message, dropping");
	}
	LOG(INFO_FAILED, who, "Information Exchange processing failed");
}

enum ike_err
info_note(struct step *s)
{
	info_unprotected(&s->sa->who, s->in);
	return IKE_OK;
}
