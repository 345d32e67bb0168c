/* src/fault/f_done.c - what is done beside the protocol's way, once a state is reached. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_local.h"

#include <arpa/inet.h>
#include <string.h>

#include "wire/names.h"

static struct fault_ask *
ask(struct fault_call *c, enum fault_verb verb)
{
	struct fault_asks *asks = c->hit->asks;
	struct fault_ask *a;

	if (asks->n == FAULT_ASKS)
		return NULL;
	a = &asks->a[asks->n++];
	*a = (struct fault_ask){.verb = verb, .times = 1, .fault = c->armed->spec.def->name};
	return a;
}

enum ike_err
f_delete(struct fault_call *c)
{
	bool sa = (c->how & DELETE_ISAKMP) != 0;
	struct fault_ask *a = ask(c, sa ? VERB_DELETE_SA : VERB_DELETE_CHILD);

	if (a == NULL)
		return IKE_E_NOMEM;
	a->clear = (c->how & DELETE_CLEAR) != 0;
	a->keep = (c->how & DELETE_KEEP) != 0;
	a->times = (c->how & DELETE_TWICE) != 0 ? 2 : 1;
	fault_say(c, "%s delete for the %s SA%s%s", a->clear ? "an unprotected" : "a",
	    sa ? "ISAKMP" : "IPsec", a->times == 2 ? ", twice" : "",
	    a->keep ? "; it lives on here" : "");
	return IKE_OK;
}

/* RFC 2407 4.6.3.1: half of the day that peers usually ask for. */
static const uint8_t seconds[] = {0x80, P1A_LIFE_TYPE, 0, LIFE_SECONDS, 0x80, P1A_LIFE_DURATION,
    43200 >> 8, 43200 & 255};
static const uint8_t some_spi[] = {0xde, 0xad, 0xbe, 0xef};

static void
set_data(struct fault_ask *a, const uint8_t *data, size_t n)
{
	memcpy(a->data, data, n);
	a->data_n = n;
}

enum ike_err
f_notify(struct fault_call *c)
{
	struct fault_ask *a = ask(c, VERB_NOTIFY);
	char num[16];

	if (a == NULL)
		return IKE_E_NOMEM;
	a->type = (uint16_t)c->how;
	a->child_spi = a->type == N_CONNECTED;
	if (a->type == N_RESPONDER_LIFETIME)
		set_data(a, seconds, sizeof(seconds));
	else if (a->type == N_INVALID_SPI)
		set_data(a, some_spi, sizeof(some_spi));
	fault_say(c, "a notify that nobody asked for: %s (%u)",
	    names_print(wire_notifies, a->type, num, sizeof(num)), a->type);
	return IKE_OK;
}

enum ike_err
f_flood(struct fault_call *c)
{
	struct fault_ask *a = ask(c, VERB_DPD);

	if (a == NULL)
		return IKE_E_NOMEM;
	a->times = (unsigned)c->v[0].number;
	fault_say(c, "%u R-U-THERE at once", a->times);
	return IKE_OK;
}

/* ---- Quick Mode the other way ---- */

enum { REVERSE_PROXY, REVERSE_TRANSFORM, REVERSE_PFS }; /* the row's words */

bool
w_reverse(struct fault_call *c)
{
	return c->key->group->crypto_map_count > 0;
}

/* A cipher of ESP that no set of the entry has. */
static const struct alg_cipher *
foreign_cipher(const struct crypto_map_entry *e)
{
	for (const struct alg_cipher *c = alg_ciphers; c->name != NULL; c++) {
		bool known = c->esp_id == 0 || c->icv != 0 || c->kind != ALG_CBC;

		for (size_t i = 0; !known && e->sets[i] != NULL; i++)
			for (size_t k = 0; e->sets[i]->encryption[k] != NULL; k++)
				known |= e->sets[i]->encryption[k] == c;
		if (!known)
			return c;
	}
	return NULL;
}

enum ike_err
f_reverse(struct fault_call *c)
{
	const struct crypto_map_entry *e = &c->key->group->crypto_map[0];
	struct fault_ask *a = ask(c, VERB_QUICK);

	if (a == NULL)
		return IKE_E_NOMEM;
	a->entry = e;
	a->wish = *e;
	switch (c->v[0].choice) {
	case REVERSE_PROXY: /* documentation addresses, RFC 5737: nobody's network */
		(void)prefix_parse("203.0.113.0/24", &a->wish.local);
		(void)prefix_parse("198.51.100.0/24", &a->wish.remote);
		break;
	case REVERSE_TRANSFORM:
		a->cipher = foreign_cipher(e);
		break;
	default:
		if (e->pfs == PFS_GROUP) {
			a->wish.pfs = PFS_NONE;
		} else {
			a->wish.pfs = PFS_GROUP;
			a->wish.pfs_groups[0] = alg_group_id(2);
			a->wish.pfs_groups[1] = NULL;
		}
	}
	fault_say(c, "we start Quick Mode, with %s",
	    c->v[0].choice == REVERSE_PROXY		  ? "proxy identities of no crypto map" :
		c->v[0].choice == REVERSE_TRANSFORM	  ? "a transform of no transform set" :
		a->wish.pfs == PFS_NONE			  ? "no PFS where it is configured" :
						      "PFS where none is configured");
	return IKE_OK;
}
