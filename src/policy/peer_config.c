/*
 * policy/peer_config.c - what a tunnel group and a peer's product have in common; peer_asa.c and
 * its
 * neighbours write it down.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/peer_config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "peer_local.h"
#include "wire/isakmp.h"

static const struct {
	const char	      *word, *text;
	const struct peer_def *def;
} products[PEER_PRODUCT_COUNT] = {
#define X(id, word, text) [PEER_##id] = { word, text, NULL },
	PEER_CONFIG_PRODUCTS(X)
#undef X
};

static const struct peer_def *const defs[PEER_PRODUCT_COUNT] = {
	[PEER_ASA] = &peer_asa,
	[PEER_ASA_LEGACY] = &peer_asa_legacy,
	[PEER_IOS] = &peer_ios,
	[PEER_STRONGSWAN] = &peer_swanctl,
	[PEER_STRONGSWAN_IPSEC] = &peer_ipsec_conf,
	[PEER_LIBRESWAN] = &peer_libreswan,
	[PEER_VPNC] = NULL, /* Aggressive Mode only */
};

enum peer_product
peer_config_product(const char *word)
{
	int i = 0;

	while (i < PEER_PRODUCT_COUNT && strcmp(products[i].word, word) != 0)
		i++;
	return (enum peer_product)i;
}

const char *
peer_config_word(enum peer_product p)
{
	return products[p].word;
}

/* ---- words ---- */

void
peer_remark(struct peer *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(p->f, "%s ", p->def->comment);
	va_start(ap, fmt);
	vfprintf(p->f, fmt, ap);
	va_end(ap);
	fputc('\n', p->f);
}

const char *
peer_placeholder(struct peer *p, const char *word, const char *meaning)
{
	struct peer_config *c = p->out;
	size_t n = strlen(word);
	char **list, *line;

	for (size_t i = 0; i < c->placeholder_count; i++)
		if (strncmp(c->placeholders[i], word, n) == 0 && c->placeholders[i][n] == ':')
			return word;
	list = realloc(c->placeholders, (c->placeholder_count + 1) * sizeof(*list));
	if (list == NULL) {
		p->nomem = true;
		return word;
	}
	c->placeholders = list;
	if (asprintf(&line, "%s: %s", word, meaning) < 0)
		p->nomem = true;
	else
		list[c->placeholder_count++] = line;
	return word;
}

static bool
example_free(const struct peer *p, const struct prefix *example)
{
	struct addr ours;

	for (size_t i = 0; i < p->address_count; i++)
		if (prefix_has(example, &p->addresses[i]))
			return false;
	if (addr_parse(p->ours, &ours) && prefix_has(example, &ours))
		return false;
	return !prefix_has_prefix(example, &p->group->peer);
}

/* Networks for documentation, RFC 5737 and 3849; the first that nobody here is in. */
struct prefix
peer_example(const struct peer *p, uint8_t family)
{
	static const char *const v4[] = { "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24" };
	static const char *const v6[] = { "2001:db8:ffff::/48", "2001:db8:fffe::/48",
	    "2001:db8:fffd::/48"};
	struct prefix example = { .bits = 0 };

	for (size_t i = 0; i < ARRAY_LEN(v4); i++) {
		(void)prefix_parse(family == ADDR_V6 ? v6[i] : v4[i], &example);
		if (example_free(p, &example))
			break;
	}
	return example;
}

uint8_t
peer_entry_family(const struct peer *p, const struct crypto_map_entry *e)
{
	if (e->local.addr.family != ADDR_NONE)
		return e->local.addr.family;
	return e->remote.addr.family != ADDR_NONE ? e->remote.addr.family : p->family;
}

bool
peer_key_plain(const struct tunnel_group *g)
{
	/* A key that looks like a number in hexadecimal or base64 would be taken for one. */
	if (g->psk_len >= 2 && g->psk[0] == '0' && strchr("xXsS", g->psk[1]) != NULL)
		return false;
	for (size_t i = 0; i < g->psk_len; i++)
		if (g->psk[i] < ' ' || g->psk[i] > '~' || strchr("\"\\", g->psk[i]) != NULL)
			return false;
	return true;
}

void
peer_key_quoted(struct peer *p)
{
	const struct tunnel_group *g = p->group;

	if (peer_key_plain(g)) {
		fprintf(p->f, "\"%.*s\"\n", (int)g->psk_len, (const char *)g->psk);
		return;
	}
	fputs("0x", p->f);
	for (size_t i = 0; i < g->psk_len; i++)
		fprintf(p->f, "%02x", g->psk[i]);
	fputc('\n', p->f);
}

static const char *
word_of(const struct peer_word *t, const char *ours)
{
	for (; t != NULL && t->ours != NULL; t++)
		if (strcmp(t->ours, ours) == 0)
			return t->theirs;
	return NULL;
}

/* A list of what is left out, each once: "hash sha256, group 31". */
struct missing {
	char   text[PEER_TEXT];
	size_t n;
};

static void
miss(struct missing *m, const char *kind, const char *name)
{
	char item[80];
	const char *at;
	size_t n;

	n = (size_t)snprintf(item, sizeof(item), "%s %s", kind, name);
	for (at = m->text; (at = strstr(at, item)) != NULL; at++)
		if (at[n] == '\0' || at[n] == ',')
			return;
	if (m->n + n + 3 < sizeof(m->text))
		m->n += (size_t)snprintf(m->text + m->n, sizeof(m->text) - m->n, "%s%s",
		    m->n > 0 ? ", " : "", item);
}

static void
miss_group(struct missing *m, unsigned id)
{
	char text[12];

	(void)snprintf(text, sizeof(text), "%u", id);
	miss(m, "group", text);
}

static void
remark_missing(struct peer *p, unsigned phase, const struct missing *m)
{
	size_t n = strlen(p->lacking);

	if (m->n == 0)
		return;
	peer_remark(p, "Left out of phase %u, %s has it not: %s", phase, p->def->name, m->text);
	(void)snprintf(p->lacking + n, sizeof(p->lacking) - n, "%sit has not, of phase %u: %s",
	    n > 0 ? "; " : "", phase, m->text);
}

/* ---- phase 1 ---- */

static bool
known_p1(const struct peer *p, const struct peer_p1 *new)
{
	for (unsigned i = 0; i < p->n1; i++)
		if (p->p1[i].cipher == new->cipher && p->p1[i].hash == new->hash &&
		    p->p1[i].group == new->group)
			return true;
	return false;
}

/* How many more there would be. */
static unsigned
add_p1(struct peer *p, const struct peer_p1 *new)
{
	if (new->cipher == NULL || new->hash == NULL || new->group == NULL || known_p1(p, new))
		return 0;
	if (p->n1 == PEER_COMBOS_MAX)
		return 1;
	p->p1[p->n1++] = *new;
	return 0;
}

static void
miss_p1(const struct peer_def *d, const struct isakmp_policy *i, struct missing *m)
{
	for (const struct alg_cipher *const *c = i->encryption; *c != NULL; c++)
		if (word_of(d->ike_ciphers, (*c)->name) == NULL)
			miss(m, "encryption", (*c)->name);
	for (const struct alg_hash *const *h = i->hash; *h != NULL; h++)
		if (word_of(d->hashes, (*h)->name) == NULL)
			miss(m, "hash", (*h)->name);
	for (const struct alg_group *const *g = i->group; *g != NULL; g++)
		if (names_word(d->ike_groups, (*g)->id) == NULL)
			miss_group(m, (*g)->id);
}

static unsigned
policy_p1(struct peer *p, const struct isakmp_policy *i)
{
	const struct peer_def *d = p->def;
	unsigned more = 0;

	for (const struct alg_cipher *const *c = i->encryption; *c != NULL; c++)
		for (const struct alg_hash *const *h = i->hash; *h != NULL; h++)
			for (const struct alg_group *const *g = i->group; *g != NULL; g++)
				more += add_p1(p,
				    &(struct peer_p1){.from = i,
					.cipher = word_of(d->ike_ciphers, (*c)->name),
					.hash = word_of(d->hashes, (*h)->name),
					.group = names_word(d->ike_groups, (*g)->id)});
	return more;
}

static void
phase1(struct peer *p, struct missing *m)
{
	unsigned more = 0;

	p->n1 = 0;
	for (const struct isakmp_policy **i = p->group->policies; *i != NULL; i++) {
		miss_p1(p->def, *i, m);
		more += policy_p1(p, *i);
	}
	if (more > 0)
		peer_remark(p, "Phase 1: the first %u; %u more combinations are accepted.",
		    PEER_COMBOS_MAX, more);
}

/* ---- phase 2 ---- */

static unsigned
add_p2(struct peer *p, struct peer_entry *pe, const struct peer_p2 *new)
{
	for (unsigned i = 0; i < pe->n2; i++)
		if (pe->p2[i].cipher == new->cipher && pe->p2[i].integ == new->integ)
			return 0;
	if (pe->n2 == PEER_COMBOS_MAX || pe->n2 == p->def->sets_max)
		return 1;
	pe->p2[pe->n2++] = *new;
	return 0;
}

static unsigned
set_ah(struct peer *p, struct peer_entry *pe, const struct transform_set *s, struct missing *m)
{
	unsigned more = 0;

	for (const struct alg_integ *const *i = s->integrity; *i != NULL; i++) {
		const char *word = word_of(p->def->ah_integs, (*i)->name);

		if (word == NULL)
			miss(m, "AH", (*i)->name);
		else
			more += add_p2(p, pe, &(struct peer_p2){ .from = s, .integ = word });
	}
	return more;
}

static unsigned
set_integs(struct peer *p, struct peer_entry *pe, const struct transform_set *s, const char *cipher,
    struct missing *m)
{
	unsigned more = 0;

	for (const struct alg_integ *const *i = s->integrity; *i != NULL; i++) {
		const char *word = word_of(p->def->esp_integs, (*i)->name);

		if (word == NULL)
			miss(m, "integrity", (*i)->name);
		else
			more += add_p2(p, pe,
			    &(struct peer_p2){ .from = s, .cipher = cipher, .integ = word });
	}
	return more;
}

static unsigned
set_esp(struct peer *p, struct peer_entry *pe, const struct transform_set *s, struct missing *m)
{
	unsigned more = 0;

	for (const struct alg_cipher *const *c = s->encryption; *c != NULL; c++) {
		const char *word = word_of(p->def->esp_ciphers, (*c)->name);

		if (word == NULL)
			miss(m, "encryption", (*c)->name);
		else if ((*c)->icv != 0)
			more += add_p2(p, pe, &(struct peer_p2){ .from = s, .cipher = word });
		else
			more += set_integs(p, pe, s, word, m);
	}
	return more;
}

/* The product wants one protocol and one mode for an entry: those of the first set that works. */
static void
entry_sets(struct peer *p, struct peer_entry *pe, struct missing *m)
{
	unsigned more = 0, other = 0;

	for (const struct transform_set **s = pe->e->sets; *s != NULL; s++) {
		bool ah = (*s)->protocol == PROTO_AH;
		bool transport = (*s)->mode == MODE_TRANSPORT;

		if (pe->n2 > 0 &&
		    (ah != pe->ah || (transport != pe->transport && (*s)->mode != MODE_ANY))) {
			other++;
			continue;
		}
		if (pe->n2 == 0) {
			pe->ah = ah;
			pe->transport = transport;
		}
		more += ah ? set_ah(p, pe, *s, m) : set_esp(p, pe, *s, m);
	}
	if (more > 0)
		peer_remark(p, "%s: the first %u; %u more combinations are accepted.", pe->name,
		    pe->n2, more);
	if (other > 0)
		peer_remark(p, "%s: %u transform set%s of another protocol or mode left out.",
		    pe->name, other, other == 1 ? "" : "s");
}

/* False: the entry wants PFS with groups that the product has not. */
static bool
entry_pfs(struct peer *p, struct peer_entry *pe, struct missing *m)
{
	pe->pfs = NULL;
	if (pe->e->pfs == PFS_ANY)
		peer_remark(p, "%s: PFS is accepted with any group, and is not asked for here.",
		    pe->name);
	if (pe->e->pfs != PFS_GROUP)
		return true;
	for (const struct alg_group *const *g = pe->e->pfs_groups; *g != NULL; g++) {
		const char *word = names_word(p->def->pfs_groups, (*g)->id);

		if (word == NULL)
			miss_group(m, (*g)->id);
		else if (pe->pfs == NULL)
			pe->pfs = word;
	}
	return pe->pfs != NULL;
}

static void
entry(struct peer *p, const struct crypto_map_entry *e, unsigned number, struct missing *m)
{
	struct peer_entry *pe = &p->entries[p->entry_count];

	*pe = (struct peer_entry){ .e = e, .number = number };
	if (p->group->crypto_map_count == 1)
		(void)snprintf(pe->name, sizeof(pe->name), "%s", p->name);
	else
		(void)snprintf(pe->name, sizeof(pe->name), "%s-%u", p->name, number);
	if (p->def->only_v4 && peer_entry_family(p, e) == ADDR_V6) {
		peer_remark(p, "%s: left out, IPv6 is not written for %s", pe->name, p->def->name);
		return;
	}
	entry_sets(p, pe, m);
	if (pe->n2 > 0 && !pe->transport && e->local.addr.family == ADDR_NONE)
		peer_remark(p,
		    "%s: any network behind ikev1d is accepted; the one here is an example.",
		    pe->name);
	if (entry_pfs(p, pe, m) && pe->n2 > 0)
		p->entry_count++;
	else
		peer_remark(p,
		    "%s: left out, %s can do nothing of what this crypto map entry wants", pe->name,
		    p->def->name);
}

/* ---- who with whom ---- */

static uint8_t
outer_family(const struct tunnel_group *g)
{
	return g->peer.addr.family != ADDR_NONE ? g->peer.addr.family : g->local.addr.family;
}

static bool
usable(const struct peer *p, const struct addr *a)
{
	return (p->family == ADDR_NONE || a->family == p->family) &&
	    prefix_has(&p->group->local, a);
}

static bool
listens_on_any(const struct policy *p, uint8_t family)
{
	for (size_t i = 0; i < p->listen.count; i++)
		if (addr_is_any(&p->listen.addresses[i]) && p->listen.addresses[i].family == family)
			return true;
	return false;
}

/* The address that the peer is to dial; others that would do are remarked on. */
static void
find_ours(struct peer *p)
{
	const struct policy_listen *l = &p->policy->listen;
	const struct prefix *local = &p->group->local;
	struct addr best = { .family = ADDR_NONE };
	char others[PEER_TEXT] = "", text[ADDR_TEXT];
	size_t n = 0;

	if (local->addr.family != ADDR_NONE && local->bits == addr_bits(&local->addr))
		best = local->addr;
	for (size_t i = 0; i < l->count && best.family == ADDR_NONE; i++)
		if (!addr_is_any(&l->addresses[i]) && usable(p, &l->addresses[i]))
			best = l->addresses[i];
	for (size_t i = 0; i < p->address_count && best.family == ADDR_NONE; i++)
		if (listens_on_any(p->policy, p->addresses[i].family) &&
		    usable(p, &p->addresses[i]))
			best = p->addresses[i];
	for (size_t i = 0; i < p->address_count && n < sizeof(others); i++)
		if (!addr_eq(&p->addresses[i], &best) && usable(p, &p->addresses[i]) &&
		    listens_on_any(p->policy, p->addresses[i].family))
			n += (size_t)snprintf(others + n, sizeof(others) - n, "%s%s",
			    n > 0 ? ", " : "", addr_print(&p->addresses[i], text, sizeof(text)));
	if (best.family != ADDR_NONE)
		(void)addr_print(&best, p->ours, sizeof(p->ours));
	else
		(void)snprintf(p->ours, sizeof(p->ours), "%s",
		    peer_placeholder(p, "<ikev1d-address>",
			"the address at which the peer finds ikev1d"));
	if (p->family == ADDR_NONE)
		p->family = best.family == ADDR_V6 ? ADDR_V6 : ADDR_V4;
	if (n > 0)
		peer_remark(p, "ikev1d is at %s here; it also answers at %s", p->ours, others);
}

static void
find_theirs(struct peer *p)
{
	const struct prefix *peer = &p->group->peer;
	const struct ident *id = &p->group->remote_id;
	bool host = peer->addr.family != ADDR_NONE && peer->bits == addr_bits(&peer->addr);

	p->theirs = host ? addr_print(&peer->addr, p->theirs_buf, sizeof(p->theirs_buf)) : NULL;
	p->id[0] = '\0';
	if (id->kind == IDENT_FQDN || id->kind == IDENT_USER_FQDN || id->kind == IDENT_KEY_ID)
		(void)snprintf(p->id, sizeof(p->id), "%s%s",
		    strncmp(id->text, "*.", 2) == 0 ? "peer" : "",
		    strncmp(id->text, "*.", 2) == 0 ? id->text + 1 : id->text);
}

/* ---- the whole ---- */

static void
set_name(struct peer *p)
{
	size_t i;

	for (i = 0; p->group->name[i] != '\0' && i + 1 < sizeof(p->name); i++) {
		unsigned char c = (unsigned char)p->group->name[i];

		p->name[i] = (char)(isalnum(c) || c == '_' ? c : '-');
	}
	p->name[i] = '\0';
}

/* False: the product can do nothing of what this group wants. */
static bool
write_group(struct peer *p, const struct tunnel_group *g)
{
	struct missing m1 = { .n = 0 }, m2 = { .n = 0 };

	p->lacking[0] = '\0';
	p->group = g;
	set_name(p);
	p->family = outer_family(g);
	peer_remark(p, "Tunnel group \"%s\" of ikev1d, %s", g->name, p->policy->file);
	find_ours(p);
	find_theirs(p);
	if (p->policy->listen.port != 500 && p->def->port_500)
		peer_remark(p, "ikev1d listens on UDP port %u, and %s dials 500 only.",
		    p->policy->listen.port, p->def->name);
	if (!g->nat_t && p->def->always_nat_t)
		peer_remark(p, "nat_t is off in the policy; %s offers NAT-T all the same.",
		    p->def->name);
	phase1(p, &m1);
	remark_missing(p, 1, &m1);
	p->entry_count = 0;
	p->entries = calloc(g->crypto_map_count + 1, sizeof(*p->entries));
	if (p->entries == NULL) {
		p->nomem = true;
		return false;
	}
	for (size_t i = 0; i < g->crypto_map_count; i++)
		entry(p, &g->crypto_map[i], (unsigned)i + 1, &m2);
	remark_missing(p, 2, &m2);
	if (p->n1 == 0)
		peer_remark(p, "%s can do nothing of what phase 1 wants.", p->def->name);
	else if (p->entry_count > 0 && !(p->def->only_v4 && p->family == ADDR_V6))
		p->def->group(p);
	free(p->entries);
	return p->n1 > 0 && p->entry_count > 0 && !(p->def->only_v4 && p->family == ADDR_V6);
}

static bool refuse(struct peer_config *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool
refuse(struct peer_config *out, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (out->text != NULL)
		secret_free(out->text, strlen(out->text));
	out->text = NULL;
	va_start(ap, fmt);
	n = vasprintf(&out->error, fmt, ap);
	va_end(ap);
	if (n < 0)
		out->error = NULL;
	return n >= 0;
}

static bool
refuse_many(const struct policy *policy, const char *product, struct peer_config *out)
{
	char names[PEER_TEXT] = "";
	size_t n = 0;

	for (size_t i = 0; i < policy->group_count && n < sizeof(names); i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n > 0 ? ", " : "",
		    policy->groups[i].name);
	return refuse(out, "the policy has %zu tunnel groups; name the one that %s is to match: %s",
	    policy->group_count, product, names);
}

static unsigned
write_groups(struct peer *p, const struct tunnel_group *only)
{
	const struct policy *policy = p->policy;
	unsigned written = 0;

	if (p->def->begin != NULL)
		p->def->begin(p);
	for (size_t i = 0; i < policy->group_count; i++)
		if (only == NULL || only == &policy->groups[i])
			written += write_group(p, &policy->groups[i]);
	if (p->def->end != NULL)
		p->def->end(p);
	return written;
}

bool
peer_config_make(const struct policy *policy, enum peer_product product,
    const struct tunnel_group *group, const struct addr *addresses, size_t count,
    struct peer_config *out)
{
	struct peer p = {.def = defs[product],
	    .policy = policy,
	    .addresses = addresses,
	    .address_count = count,
	    .out = out};
	unsigned written;
	size_t n;

	*out = (struct peer_config){ .text = NULL };
	if (p.def == NULL)
		return refuse(out,
		    "%s speaks Aggressive Mode only, which this version of ikev1d does not",
		    products[product].text);
	if (p.def->one_group && group == NULL && policy->group_count > 1)
		return refuse_many(policy, products[product].text, out);
	p.f = open_memstream(&out->text, &n);
	if (p.f == NULL)
		return false;
	written = write_groups(&p, group);
	if (fclose(p.f) != 0 || p.nomem) {
		peer_config_fini(out);
		return false;
	}
	if (written == 0)
		return refuse(out, "%s cannot do what %s%s wants: %s", products[product].text,
		    group != NULL ? "tunnel group " : "the policy",
		    group != NULL ? group->name : "",
		    p.lacking[0] != '\0' ? p.lacking : "IPv6 is not written for it");
	return true;
}

void
peer_config_fini(struct peer_config *c)
{
	if (c->text != NULL)
		secret_free(c->text, strlen(c->text));
	for (size_t i = 0; i < c->placeholder_count; i++)
		free(c->placeholders[i]);
	free(c->placeholders);
	free(c->error);
	*c = (struct peer_config){ .text = NULL };
}

void
peer_secrets_begin(struct peer *p)
{
	p->secrets = open_memstream(&p->secrets_text, &p->secrets_n);
	p->nomem |= p->secrets == NULL;
}

void
peer_secrets_end(struct peer *p)
{
	if (p->secrets == NULL || fclose(p->secrets) != 0) {
		p->nomem = true;
	} else {
		peer_remark(p, "--- /etc/ipsec.secrets ---");
		fwrite(p->secrets_text, 1, p->secrets_n, p->f);
	}
	secret_free(p->secrets_text, p->secrets_n);
}

const char *
peer_config_swan_group(unsigned id)
{
	const char *word = names_word(peer_swanctl.ike_groups, (long)id);

	return word != NULL ? word : "?";
}
