/*
 * policy/conf_check.c - what several keys say together.
 *
 * Runs also on a policy with mistakes, so that all of them are reported at once: an element whose
 * own keys were wrong is skipped where a rule would only repeat that.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "policy_local.h"
#include "wire/isakmp.h"

/* ---- names ---- */

struct named { /* an array of structs that have a name and a line */
	const char *what;
	const void *elements;
	size_t	    n, each, name_off, line_off;
};

#define NAMED(what_, array, count, type)                                                       \
	((struct named){ what_, array, count, sizeof(struct type), offsetof(struct type, name), \
	    offsetof(struct type, line) })

static const char *
name_of(const struct named *t, size_t i)
{
	const char *name;

	memcpy(&name, (const char *)t->elements + i * t->each + t->name_off, sizeof(name));
	return name;
}

static int
line_of(const struct named *t, size_t i)
{
	int line;

	memcpy(&line, (const char *)t->elements + i * t->each + t->line_off, sizeof(line));
	return line;
}

static const void *
find_named(const struct named *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (name_of(t, i) != NULL && strcmp(name_of(t, i), name) == 0)
			return (const char *)t->elements + i * t->each;
	return NULL;
}

static void
check_names(struct conf *c, const struct named *t)
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t j = 0; j < i && name_of(t, i) != NULL; j++) {
			if (name_of(t, j) == NULL || strcmp(name_of(t, i), name_of(t, j)) != 0)
				continue;
			conf_mistake(c, line_of(t, i),
			    "%s has the name \"%s\" twice, expected another than on line %d",
			    t->what, name_of(t, i), line_of(t, j));
			break;
		}
	}
}

/* The nearest name among the elements, NULL if none is near. */
static const char *
near_name(const struct named *t, const char *name)
{
	struct name one[2] = { { 0, NULL }, { 0, NULL } };
	const char *best = NULL;

	for (size_t i = 0; i < t->n; i++) {
		one[0].word = name_of(t, i);
		if (one[0].word != NULL && names_nearest(one, name) != NULL &&
		    (best == NULL ||
			names_distance(one[0].word, name) < names_distance(best, name)))
			best = one[0].word;
	}
	return best;
}

/* ---- references: arrays of pointers, ended by NULL ---- */

/* Append to the array that field points to; arrays are short. */
static bool
ref_append(struct conf *c, void *field, const void *element)
{
	const void **array;
	size_t n = 0;

	memcpy(&array, field, sizeof(array));
	while (array != NULL && array[n] != NULL)
		if (array[n++] == element)
			return false;
	array = realloc(array, (n + 2) * sizeof(*array));
	if (array == NULL) {
		conf_nomem(c);
		return true;
	}
	array[n] = element;
	array[n + 1] = NULL;
	memcpy(field, &array, sizeof(array));
	return true;
}

/* A key that is absent stands for all elements, in the order of the file. */
static void
ref_all(struct conf *c, void *field, const struct named *t)
{
	const void **array;

	if (conf_line(c, field) != 0)
		return;
	array = calloc(t->n + 1, sizeof(*array));
	if (array == NULL) {
		conf_nomem(c);
		return;
	}
	for (size_t i = 0; i < t->n; i++)
		array[i] = (const char *)t->elements + i * t->each;
	memcpy(field, &array, sizeof(array));
}

static void
resolve(struct conf *c, const struct conf_ref *r, const struct named *t)
{
	const void *element = find_named(t, r->name);
	const char *near = element == NULL ? near_name(t, r->name) : NULL;

	if (element != NULL) {
		if (!ref_append(c, r->field, element))
			conf_mistake(c, r->line, "%s has \"%s\" twice, expected it once", t->what,
			    r->name);
	} else if (near != NULL) {
		conf_mistake(c, r->line, "\"%.64s\" is no name of %s, expected \"%s\" perhaps",
		    r->name, t->what, near);
	} else if (t->n > 0) {
		conf_mistake(c, r->line,
		    "\"%.64s\" is no name of %s, expected one that is defined there", r->name,
		    t->what);
	}
}

static void
resolve_all(struct conf *c, const struct named *policies, const struct named *sets)
{
	struct policy *p = c->policy;

	for (size_t i = 0; i < c->ref_count; i++)
		resolve(c, &c->refs[i], c->refs[i].type == CONF_POLICIES ? policies : sets);
	for (size_t i = 0; i < p->group_count; i++) {
		ref_all(c, &p->groups[i].policies, policies);
		for (size_t j = 0; j < p->groups[i].crypto_map_count; j++)
			ref_all(c, &p->groups[i].crypto_map[j].sets, sets);
	}
}

/* ---- the daemon's own ---- */

static void
check_daemon(struct conf *c)
{
	const struct policy *p = c->policy;
	int line = conf_line(c, &p->log.target), port = conf_line(c, &p->listen.nat_t_port);

	if (p->listen.port == p->listen.nat_t_port && p->listen.port != 0)
		conf_mistake(c, port != 0 ? port : conf_line(c, &p->listen.port),
		    "listen.port and listen.nat_t_port are both %u, expected different ones",
		    p->listen.port);
	if (p->log.target == LOG_T_FILE && p->log.file == NULL && conf_line(c, &p->log.file) == 0)
		conf_mistake(c, line,
		    "log.target is \"file\" without log.file, expected log.file = \"/path\"");
	if (p->log.target != LOG_T_FILE && p->log.file != NULL && c->mistakes == 0)
		conf_mistake(c, conf_line(c, &p->log.file),
		    "log.file is given and log.target is not \"file\", expected log.target = \"file\"");
	if (p->key_export != NULL && p->key_export[0] != '/')
		conf_mistake(c, conf_line(c, &p->key_export),
		    "key_export is \"%.64s\", expected an absolute path", p->key_export);
}

/* ---- transform sets ---- */

static bool
none_of(const struct alg_integ *a)
{
	return a->auth_id == 0;
}

static void
check_ah(struct conf *c, const struct transform_set *s)
{
	if (conf_line(c, &s->encryption) != 0)
		conf_mistake(c, conf_line(c, &s->encryption),
		    "encryption is given and protocol is \"ah\", expected protocol = \"esp\" or no encryption");
	if (conf_line(c, &s->integrity) == 0)
		conf_mistake(c, s->line,
		    "no integrity in a transform set with protocol = \"ah\", expected one");
	for (size_t i = 0; s->integrity[i] != NULL; i++)
		if (s->integrity[i]->ah_id == 0)
			conf_mistake(c, conf_line(c, &s->integrity),
			    "integrity \"%s\" is not for protocol \"ah\", expected one that AH has",
			    s->integrity[i]->name);
}

/* An AEAD cipher brings its own integrity: it stands with its like, and with none beside it. */
static void
check_aead(struct conf *c, struct transform_set *s, size_t ciphers, size_t aead)
{
	bool none = s->integrity[0] != NULL && s->integrity[1] == NULL && none_of(s->integrity[0]);

	if (aead != ciphers) {
		conf_mistake(c, conf_line(c, &s->encryption),
		    "encryption mixes ciphers with integrity of their own and others, expected a transform "
		    "set for each kind");
	} else if (s->integrity[0] != NULL && !none) {
		conf_mistake(c, conf_line(c, &s->integrity),
		    "integrity is given and encryption \"%s\" has its own, expected no integrity",
		    s->encryption[0]->name);
	}
	s->integrity[0] = NULL; /* "none" says the same as nothing here */
}

/* RFC 4303 3.2: not both none. */
static void
check_unprotected(struct conf *c, const struct transform_set *s)
{
	bool no_cipher = false, none = false;

	for (size_t i = 0; s->encryption[i] != NULL; i++)
		no_cipher |= s->encryption[i]->kind == ALG_NULL;
	for (size_t i = 0; s->integrity[i] != NULL; i++)
		none |= none_of(s->integrity[i]);
	if (no_cipher && none)
		conf_mistake(c, conf_line(c, &s->integrity),
		    "integrity \"none\" with encryption \"null\" protects nothing, expected an integrity");
}

static void
check_esp(struct conf *c, struct transform_set *s)
{
	size_t n = 0, aead = 0;

	for (; s->encryption[n] != NULL; n++)
		aead += s->encryption[n]->icv != 0;
	if (conf_line(c, &s->encryption) == 0)
		conf_mistake(c, s->line,
		    "no encryption in a transform set with protocol = \"esp\", expected one");
	else if (n == 0)
		return; /* its mistake is reported */
	else if (aead > 0)
		check_aead(c, s, n, aead);
	else if (conf_line(c, &s->integrity) == 0)
		conf_mistake(c, s->line,
		    "no integrity beside encryption \"%s\", expected one, or \"none\" if that is meant",
		    s->encryption[0]->name);
	else
		check_unprotected(c, s);
}

static void
check_sets(struct conf *c)
{
	struct policy *p = c->policy;

	for (size_t i = 0; i < p->transform_set_count; i++) {
		struct transform_set *s = &p->transform_sets[i];

		if (s->name == NULL)
			continue;
		if (s->protocol == PROTO_AH)
			check_ah(c, s);
		else
			check_esp(c, s);
	}
}

static void
note_legacy(struct policy *p)
{
	for (size_t i = 0; i < p->isakmp_policy_count; i++)
		for (size_t j = 0; p->isakmp_policies[i].encryption[j] != NULL; j++)
			p->needs_legacy |= p->isakmp_policies[i].encryption[j]->legacy;
	for (size_t i = 0; i < p->transform_set_count; i++)
		for (size_t j = 0; p->transform_sets[i].encryption[j] != NULL; j++)
			p->needs_legacy |= p->transform_sets[i].encryption[j]->legacy;
}

/* ---- crypto maps ---- */

static bool
mixed(const struct prefix *a, const struct prefix *b)
{
	return a->addr.family != ADDR_NONE && b->addr.family != ADDR_NONE &&
	    a->addr.family != b->addr.family;
}

static void
check_entry(struct conf *c, const struct crypto_map_entry *e)
{
	const uint16_t *port = e->local_port != 0 ? &e->local_port : &e->remote_port;

	if (mixed(&e->local, &e->remote))
		conf_mistake(c, conf_line(c, &e->remote),
		    "local and remote are of different families, expected both IPv4 or both IPv6");
	if (*port != 0 && e->ip_proto == 0)
		conf_mistake(c, conf_line(c, port),
		    "%s is given without protocol, expected protocol = \"tcp\", \"udp\" ...",
		    port == &e->local_port ? "local_port" : "remote_port");
}

static bool
entry_covers(const struct crypto_map_entry *a, const struct crypto_map_entry *b)
{
	return prefix_has_prefix(&a->local, &b->local) &&
	    prefix_has_prefix(&a->remote, &b->remote) &&
	    (a->ip_proto == 0 || a->ip_proto == b->ip_proto) &&
	    (a->local_port == 0 || a->local_port == b->local_port) &&
	    (a->remote_port == 0 || a->remote_port == b->remote_port);
}

static void
warn_entries(struct conf *c, const struct tunnel_group *g)
{
	for (size_t i = 0; i < g->crypto_map_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!entry_covers(&g->crypto_map[j], &g->crypto_map[i]))
				continue;
			conf_warning(c, g->crypto_map[i].line,
			    "this crypto map entry is never reached, the one on line %d matches all of it; "
			    "expected the narrower one first",
			    g->crypto_map[j].line);
			break;
		}
	}
}

/* No crypto_map: any proxy identities, all transform sets, with PFS or without. */
static void
add_entry(struct conf *c, struct tunnel_group *g)
{
	const struct conf_item *map = conf_top;

	while (strcmp(map->key, "tunnel_groups") != 0)
		map++;
	for (map = map->sub; strcmp(map->key, "crypto_map") != 0;)
		map++;
	g->crypto_map = calloc(1, sizeof(*g->crypto_map));
	if (g->crypto_map == NULL) {
		conf_nomem(c);
		return;
	}
	g->crypto_map_count = 1;
	g->crypto_map->line = g->line;
	for (const struct conf_item *item = map->sub; item->key != NULL; item++)
		conf_put_default(c, item, g->crypto_map);
}

/* ---- tunnel groups ---- */

static void
check_key(struct conf *c, const struct tunnel_group *g)
{
	int text = conf_line(c, &g->psk), file = conf_line(c, &g->psk_len);

	if (text != 0 && file != 0)
		conf_mistake(c, text > file ? text : file,
		    "tunnel group \"%s\" has pre_shared_key and pre_shared_key_file, expected one of them",
		    g->name);
	else if (text == 0 && file == 0)
		conf_mistake(c, g->line,
		    "tunnel group \"%s\" has no key, expected pre_shared_key or pre_shared_key_file",
		    g->name);
}

static void
check_groups(struct conf *c)
{
	struct policy *p = c->policy;

	for (size_t i = 0; i < p->group_count; i++) {
		struct tunnel_group *g = &p->groups[i];

		if (g->name == NULL)
			continue;
		check_key(c, g);
		if (mixed(&g->peer, &g->local))
			conf_mistake(c, conf_line(c, &g->local),
			    "peer and local are of different families, expected both IPv4 or both IPv6");
		if (g->crypto_map == NULL && conf_line(c, &g->crypto_map) == 0)
			add_entry(c, g);
		for (size_t j = 0; j < g->crypto_map_count; j++)
			check_entry(c, &g->crypto_map[j]);
	}
}

static bool
ident_eq(const struct ident *a, const struct ident *b)
{
	if (a->kind != b->kind || !addr_eq(&a->addr, &b->addr))
		return false;
	return a->text == NULL || strcmp(a->text, b->text) == 0;
}

static bool
same_key(const struct tunnel_group *a, const struct tunnel_group *b)
{
	/* ours both: timing tells nobody */
	return secret_eq(CHUNK(a->psk, a->psk_len), CHUNK(b->psk, b->psk_len));
}

/*
 * A peer lands on the first group of its address, and may move on to one with the same key by its
 * identity: not if the first takes any identity, or the same, or has another key.
 */
static void
warn_group(struct conf *c, size_t i)
{
	const struct tunnel_group *g = &c->policy->groups[i];

	for (size_t j = 0; j < i; j++) {
		const struct tunnel_group *first = &c->policy->groups[j];

		if (!prefix_has_prefix(&first->peer, &g->peer) ||
		    !prefix_has_prefix(&first->local, &g->local))
			continue;
		if (first->remote_id.kind != IDENT_ANY &&
		    !ident_eq(&first->remote_id, &g->remote_id) && same_key(first, g))
			continue;
		conf_warning(c, g->line,
		    "tunnel group \"%s\" is never reached, \"%s\" on line %d matches all its peers; expected the "
		    "narrower one first%s",
		    g->name, first->name, first->line,
		    first->remote_id.kind == IDENT_ANY ? "" : ", or the same key in both");
		return;
	}
}

/* The peer dials an address of ours: one that we listen on. */
static void
warn_deaf(struct conf *c, const struct tunnel_group *g)
{
	const struct policy_listen *l = &c->policy->listen;
	const struct addr *a;

	if (g->local.addr.family == ADDR_NONE)
		return;
	for (a = l->addresses; a < l->addresses + l->count; a++)
		if (a->family == g->local.addr.family &&
		    (addr_is_any(a) || prefix_has(&g->local, a)))
			return;
	conf_warning(c, conf_line(c, &g->local),
	    "tunnel group \"%s\" is never reached, listen.addresses has none of its local addresses; "
	    "expected one there",
	    g->name);
}

void
conf_check(struct conf *c)
{
	struct policy *p = c->policy;
	struct named policies = NAMED("isakmp_policies", p->isakmp_policies, p->isakmp_policy_count,
	    isakmp_policy);
	struct named sets = NAMED("transform_sets", p->transform_sets, p->transform_set_count,
	    transform_set);
	struct named groups = NAMED("tunnel_groups", p->groups, p->group_count, tunnel_group);

	check_daemon(c);
	check_names(c, &policies);
	check_names(c, &sets);
	check_names(c, &groups);
	check_sets(c);
	note_legacy(p);
	check_groups(c);
	resolve_all(c, &policies, &sets);
	if (c->mistakes > 0)
		return;
	for (size_t i = 0; i < p->group_count; i++) {
		warn_group(c, i);
		warn_deaf(c, &p->groups[i]);
		warn_entries(c, &p->groups[i]);
	}
}
