/* src/fault/f_flow.c - verdicts in place of handlers, other keys, what becomes of datagrams. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_local.h"

#include <string.h>

#include "wire/names.h"

/* ---- messages that came ---- */

enum ike_err
f_ignore(struct fault_call *c)
{
	*c->hit->verdict = IKE_E_SILENT;
	fault_say(c, "%s is taken for lost", c->key->label);
	return IKE_OK;
}

enum ike_err
f_refuse(struct fault_call *c)
{
	uint16_t notify = err_notify((enum ike_err)c->how);
	char num[16];

	*c->hit->verdict = (enum ike_err)c->how;
	fault_say(c, "%s is refused with %s (%u), whatever it says", c->key->label,
	    names_print(wire_notifies, notify, num, sizeof(num)), notify);
	return IKE_OK;
}

/* need: none is offered; forbid, group: some is. */
bool
w_pfs(struct fault_call *c)
{
	bool ke = msg_find(c->hit->in, ISAKMP_PL_KE, NULL) != NULL;

	return (c->v[0].choice == 0) != ke;
}

enum ike_err
f_pfs(struct fault_call *c)
{
	static const enum ike_err answers[] = {IKE_E_NO_PROPOSAL, IKE_E_ATTRIBUTES, IKE_E_BAD_KE,
	    IKE_E_SILENT};
	static const char *const reasons[] = {"has no PFS, as if we needed it",
	    "has PFS, as if we forbade it", "has PFS with a group, as if we needed another one"};

	*c->hit->verdict = answers[c->v[1].choice];
	fault_say(c, "QM1 %s; answer: %s", reasons[c->v[0].choice], c->v[1].text);
	return IKE_OK;
}

bool
w_r_u_there(struct fault_call *c)
{
	for (const struct pl *n = msg_find(c->hit->in, ISAKMP_PL_N, NULL); n != NULL;
	     n = msg_next(n))
		if (n->u.notify.type == N_R_U_THERE)
			return true;
	return false;
}

/* ---- what we are ---- */

enum ike_err
f_psk(struct fault_call *c)
{
	uint8_t *other = arena_alloc(c->hit->mem, c->hit->psk->n + 1);

	if (other == NULL)
		return IKE_E_NOMEM;
	memcpy(other, c->hit->psk->p, c->hit->psk->n);
	other[c->hit->psk->n] = 'x';
	*c->hit->psk = CHUNK(other, c->hit->psk->n + 1);
	fault_say(c, "phase 1 is derived from another pre-shared key than the configured one");
	return IKE_OK;
}

enum ike_err
f_wrong_id(struct fault_call *c)
{
	struct ident *id = c->hit->id;
	char *text = arena_alloc(c->hit->mem, FAULT_VALUE_MAX);

	if (text == NULL)
		return IKE_E_NOMEM;
	memcpy(text, c->v[0].text, FAULT_VALUE_MAX);
	*id = (struct ident){.kind = strchr(text, '@') != NULL ? IDENT_USER_FQDN : IDENT_FQDN,
	    .text = text};
	if (addr_parse(text, &id->addr) && id->addr.family != ADDR_NONE)
		id->kind = id->addr.family == ADDR_V4 ? IDENT_IPV4 : IDENT_IPV6;
	fault_say(c, "IDir of MM6 says %s, HASH_R is right for it", text);
	return IKE_OK;
}

enum ike_err
f_dialect(struct fault_call *c)
{
	*c->hit->dialect = (enum notify_dialect)c->how;
	return IKE_OK;
}

/* ---- datagrams that leave ---- */

enum ike_err
f_drop(struct fault_call *c)
{
	c->hit->plan->drop = true;
	fault_say(c, "%s does not leave", c->key->label);
	return IKE_OK;
}

enum ike_err
f_delay(struct fault_call *c)
{
	c->hit->plan->delay_ms = (uint32_t)c->v[1].number;
	fault_say(c, "%s leaves %ld ms later", c->key->label, c->v[1].number);
	return IKE_OK;
}

enum ike_err
f_dup(struct fault_call *c)
{
	c->hit->plan->copies = (uint32_t)c->v[1].number;
	fault_say(c, "%s leaves %ld times", c->key->label, c->v[1].number + 1);
	return IKE_OK;
}

enum ike_err
f_hold(struct fault_call *c)
{
	c->hit->plan->hold = true;
	fault_say(c, "%s waits until the next message has left", c->key->label);
	return IKE_OK;
}

enum ike_err
f_replay(struct fault_call *c)
{
	c->hit->plan->replay_ms = (uint32_t)c->v[0].number;
	fault_say(c, "%s will be sent once more in %ld ms", c->key->label, c->v[0].number);
	return IKE_OK;
}

enum ike_err
f_ttl(struct fault_call *c)
{
	c->hit->plan->ttl = (uint8_t)c->v[1].number;
	fault_say(c, "%s leaves with time to live %ld", c->key->label, c->v[1].number);
	return IKE_OK;
}

enum ike_err
f_other_port(struct fault_call *c)
{
	c->hit->plan->other_port = true;
	fault_say(c, "%s leaves from the other one of our ports", c->key->label);
	return IKE_OK;
}

/* ---- around the engine ---- */

bool
w_marker(struct fault_call *c)
{
	return c->key->marker;
}

enum ike_err
f_rx_drop(struct fault_call *c)
{
	*c->hit->drop = true;
	fault_say(c, "a datagram on the NAT-T port is not looked at");
	return IKE_OK;
}

enum ike_err
f_unreach(struct fault_call *c)
{
	*c->hit->drop = *c->hit->unreachable = true;
	fault_say(c, "MM1 is answered by ICMP: port unreachable");
	return IKE_OK;
}
