/* show.c - SAs, counters and policy as JSON; ikev1ctl(8) documents the members. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/hexdump.h"
#include "ctl_local.h"
#include "wire/isakmp.h"

static void
put_text(json_t *o, const char *key, const char *s)
{
	json_t *j = json_string(s != NULL ? s : "");

	(void)json_object_set_new(o, key, j != NULL ? j : json_string("(not UTF-8)"));
}

static void
put_int(json_t *o, const char *key, uint64_t n)
{
	(void)json_object_set_new(o, key, json_integer((json_int_t)n));
}

static void
put_bool(json_t *o, const char *key, bool b)
{
	(void)json_object_set_new(o, key, json_boolean(b));
}

/* A member that is null where there is nothing to say. */
static void
put_name(json_t *o, const char *key, const char *s)
{
	(void)json_object_set_new(o, key, s != NULL ? json_string(s) : json_null());
}

static void
put_endpoints(json_t *o, const struct endpoint *local, const struct endpoint *remote)
{
	char text[ADDR_TEXT];

	put_text(o, "peer", addr_print(&remote->addr, text, sizeof(text)));
	put_int(o, "peer_port", remote->port);
	put_text(o, "local", addr_print(&local->addr, text, sizeof(text)));
	put_int(o, "local_port", local->port);
}

static void
put_cookies(json_t *o, const uint8_t *cky_i, const uint8_t *cky_r)
{
	char text[17];

	put_text(o, "cookie_i", hexdump_line(CHUNK(cky_i, 8), text, sizeof(text)));
	put_text(o, "cookie_r", hexdump_line(CHUNK(cky_r, 8), text, sizeof(text)));
}

/* The policy file's word for an authentication method. */
static const char *
auth_word(uint16_t auth)
{
	switch (auth) {
	case 0:
		return NULL;
	case AUTH_PSK:
		return "pre-share";
	default:
		return "other";
	}
}

json_t *
show_isakmp_sa(const struct ike_sa_info *i, unsigned worker)
{
	json_t *o = json_object();

	put_endpoints(o, &i->local, &i->remote);
	put_text(o, "group", i->group);
	put_text(o, "type", i->type);
	put_text(o, "role", i->responder ? "responder" : "initiator");
	put_text(o, "state", i->state);
	put_bool(o, "established", i->established);
	put_bool(o, "rekeyed", i->rekeyed);
	put_cookies(o, i->cky_i, i->cky_r);
	put_int(o, "worker", worker);
	put_name(o, "encryption", i->cipher != NULL ? i->cipher->name : NULL);
	put_name(o, "hash", i->hash != NULL ? i->hash->name : NULL);
	(void)json_object_set_new(o, "dh_group",
	    i->dh != NULL ? json_integer(i->dh->id) : json_null());
	put_name(o, "authentication", auth_word(i->auth));
	put_int(o, "lifetime_s", i->lifetime_s);
	put_int(o, "lifetime_kilobytes", i->lifetime_kilobytes);
	put_int(o, "age_s", i->age_s);
	put_int(o, "remaining_s", i->remaining_s);
	put_int(o, "octets", i->octets);
	put_bool(o, "nat_t", i->nat_t);
	put_text(o, "nat_t_dialect", i->natt_dialect);
	put_bool(o, "nat_local", i->nat_local);
	put_bool(o, "nat_remote", i->nat_remote);
	put_bool(o, "dpd", i->dpd);
	put_text(o, "remote_id", i->remote_id);
	put_text(o, "local_id", i->local_id);
	put_int(o, "ipsec_sas", i->children);
	put_int(o, "exchanges", i->exchanges);
	put_text(o, "last_error", i->last_error);
	return o;
}

static const char *
encap_word(uint16_t encap)
{
	switch (encap) {
	case ENCAP_TRANSPORT:
	case ENCAP_UDP_TRANSPORT:
	case ENCAP_UDP_TRANSPORT_DRAFT:
		return "transport";
	default:
		return "tunnel";
	}
}

/* All zero while no data plane stands behind the SAs. */
static json_t *
packets(void)
{
	static const char *const words[] = {"encaps", "encrypt", "digest", "decaps", "decrypt",
	    "verify"};
	json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		put_int(o, words[i], 0);
	return o;
}

json_t *
show_ipsec_sa(const struct ike_child_info *i, unsigned worker)
{
	json_t *o = json_object();

	put_endpoints(o, &i->local, &i->remote);
	put_text(o, "group", i->group);
	put_text(o, "local_proxy", i->local_proxy);
	put_text(o, "remote_proxy", i->remote_proxy);
	put_text(o, "protocol", i->protocol == PROTO_AH ? "ah" : "esp");
	put_int(o, "spi_in", i->spi_in);
	put_int(o, "spi_out", i->spi_out);
	put_name(o, "encryption", i->cipher != NULL ? i->cipher->name : NULL);
	put_name(o, "integrity", i->integ != NULL ? i->integ->name : NULL);
	(void)json_object_set_new(o, "pfs_group",
	    i->pfs != NULL ? json_integer(i->pfs->id) : json_null());
	put_text(o, "mode", encap_word(i->encap));
	put_bool(o, "udp", i->encap != ENCAP_TUNNEL && i->encap != ENCAP_TRANSPORT);
	put_int(o, "encapsulation", i->encap);
	put_int(o, "lifetime_s", i->lifetime_s);
	put_int(o, "lifetime_kilobytes", i->lifetime_kilobytes);
	put_int(o, "age_s", i->age_s);
	put_int(o, "remaining_s", i->remaining_s);
	put_int(o, "msgid", i->msgid);
	put_bool(o, "initiator", i->initiator);
	put_bool(o, "rekeyed", i->rekeyed);
	put_cookies(o, i->cky_i, i->cky_r);
	put_int(o, "worker", worker);
	put_text(o, "data_plane", "none");
	(void)json_object_set_new(o, "packets", packets());
	return o;
}

json_t *
show_totals(const struct ike_totals *t)
{
	json_t *o = json_object();

	put_int(o, "half_open", t->half_open);
	put_int(o, "established", t->established);
	put_int(o, "exchanges", t->exchanges);
	put_int(o, "ipsec_sas", t->children);
	return o;
}

json_t *
show_counters(const struct counters *c)
{
	json_t *o = json_object();

	for (int i = 0; i < CNT_COUNT; i++)
		put_int(o, counter_name((enum counter)i), c->n[i]);
	return o;
}

struct lines {
	char  *text;
	size_t n;
};

static void
add_line(void *ctx, const char *line)
{
	struct lines *l = ctx;
	size_t n = strlen(line);
	char *p = realloc(l->text, l->n + n + 2);

	if (p == NULL)
		return;
	l->text = p;
	memcpy(p + l->n, line, n);
	memcpy(p + l->n + n, "\n", 2);
	l->n += n + 1;
}

json_t *
show_policy_text(const struct policy *p)
{
	struct lines l = {.text = NULL};
	json_t *j;

	policy_dump(p, add_line, &l);
	j = json_string(l.text != NULL ? l.text : "");
	free(l.text);
	return j != NULL ? j : json_string("(the policy is not UTF-8)\n");
}

json_t *
show_sockets(const struct udp_bind *binds, size_t count)
{
	json_t *a = json_array();

	for (size_t i = 0; i < count; i++) {
		char text[ADDR_TEXT];
		json_t *o = json_object();

		put_text(o, "address", addr_print(&binds[i].local.addr, text, sizeof(text)));
		put_int(o, "port", binds[i].local.port);
		put_bool(o, "nat_t", binds[i].nat_t);
		(void)json_array_append_new(a, o);
	}
	return a;
}

json_t *
show_capture(const struct capture_info *c)
{
	char when[LOGJSON_TIME];
	json_t *o = json_object();

	put_text(o, "file", c->file);
	put_text(o, "peer", c->whom);
	put_text(o, "since", logjson_time(&c->since, when, sizeof(when)));
	put_int(o, "packets", (json_int_t)c->packets);
	put_int(o, "octets", (json_int_t)c->octets);
	put_int(o, "lost", (json_int_t)c->lost);
	put_int(o, "rotated", c->rotated);
	put_text(o, "failed", c->failed != NULL ? c->failed : "");
	return o;
}
