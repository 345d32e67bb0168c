/* peerconf.c - the answer to "peer-config": a peer's configuration out of the policy in force. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "ctl_local.h"
#include "io/host.h"
#include "policy/peer_config.h"

#define ADDRESSES_MAX 64

static const struct tunnel_group *
find_group(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->group_count; i++) {
		if (strcmp(p->groups[i].name, name) == 0)
			return &p->groups[i];
	}
	return NULL;
}

static json_t *
no(const char *error)
{
	json_t *o = json_pack("{s:b, s:s}", "ok", 0, "error", error);

	return o != NULL ? o : json_pack("{s:b, s:s}", "ok", 0, "error", "not UTF-8");
}

static json_t *
placeholders(const struct peer_config *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->placeholder_count; i++)
		(void)json_array_append_new(a, json_string(c->placeholders[i]));
	return a;
}

static json_t *
yes(const struct peer_config *c, const char *product, const char *group)
{
	json_t *o = json_pack("{s:b, s:s, s:s, s:s*, s:s*}", "ok", 1, "command",
	    proto_table[PROTO_C_PEER_CONFIG].words, "product", product, "group", group, "text",
	    c->text);

	if (o == NULL || json_object_get(o, "text") == NULL) {
		json_decref(o);
		return no("the policy is not UTF-8");
	}
	(void)json_object_set_new(o, "placeholders", placeholders(c));
	return o;
}

json_t *
peerconf_answer(const struct server_facts *f, const char *product, const char *group)
{
	struct host_addr here[ADDRESSES_MAX];
	struct addr addresses[ADDRESSES_MAX];
	size_t n = host_addrs(here, ADDRESSES_MAX);
	const struct tunnel_group *g = NULL;
	struct peer_config c;
	char error[200];
	json_t *o;

	if (group != NULL && (g = find_group(f->policy, group)) == NULL) {
		snprintf(error, sizeof(error), "there is no tunnel group \"%.100s\"", group);
		return no(error);
	}
	for (size_t i = 0; i < n; i++)
		addresses[i] = here[i].addr;
	if (!peer_config_make(f->policy, peer_config_product(product), g, addresses, n, &c))
		return NULL;
	o = c.text != NULL ? yes(&c, product, group) : no(c.error);
	peer_config_fini(&c);
	return o;
}
