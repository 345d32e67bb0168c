/*
 * src/ike/mend.c - the lines that mend a mismatch: in our policy file, on an ASA, in swanctl.conf.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ike_local.h"
#include "policy/peer_config.h"

#define SAY(field, ...) snprintf((field), sizeof(field), __VA_ARGS__)

static void PRINTF_LIKE(2, 3) add(char *text, const char *fmt, ...)
{
	size_t at = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text + at, EXPLAIN_TEXT - at, fmt, ap);
	va_end(ap);
}

const char *
mend_file(const struct record *rec)
{
	return rec->policy != NULL && rec->policy->file != NULL ? rec->policy->file : "policy";
}

static const struct explain_cell *
differing(const struct explain_row *r, const char *attribute)
{
	for (unsigned i = 0; i < r->cell_count; i++)
		if (!r->cells[i].match && strcmp(r->cells[i].attribute, attribute) == 0)
			return &r->cells[i];
	return NULL;
}

/* Something is offered for which the policy file has no word: only the peer can mend it. */
bool
mend_only_peer(const struct explain_row *r)
{
	for (unsigned i = 0; i < r->cell_count; i++)
		if (!r->cells[i].match && r->cells[i].word[0] == '\0')
			return true;
	return false;
}

/* `add "aes-256" to encryption, 5 to group` */
static void
add_words(const struct explain_row *r, const struct name2 *keys, char *text)
{
	const char *between = "";

	for (; keys->attribute != NULL; keys++) {
		const struct explain_cell *c = differing(r, keys->attribute);

		if (c == NULL)
			continue;
		if (strcmp(keys->key, "mode") == 0)
			add(text, "%s mode = \"any\"", between);
		else if (strcmp(keys->key, "group") == 0)
			add(text, "%s add %s to group", between, c->word);
		else
			add(text, "%s add \"%s\" to %s", between, c->word, keys->key);
		between = ",";
	}
}

/* ---- phase 1 ---- */

/* "aes-128-gcm-16" is strongSwan's "aes128gcm16". */
static const char *
swan_word(const char *name, char *buf, size_t n)
{
	size_t at = 0;

	if (strcmp(name, "blowfish") == 0 || strcmp(name, "cast") == 0) {
		snprintf(buf, n, "%s128", name);
		return buf;
	}
	for (; *name != '\0' && at + 1 < n; name++)
		if (*name != '-')
			buf[at++] = *name;
	buf[at] = '\0';
	return buf;
}

static const char *
asa_cipher(const char *name)
{
	return strcmp(name, "aes-128") == 0 ? "aes" : name;
}

/* ASA's word for a phase 1 hash or an ESP integrity; NULL: its IKEv1 has none. */
static const char *
asa_hash(const char *name)
{
	if (strcmp(name, "sha1") == 0)
		return "sha";
	return strcmp(name, "md5") == 0 ? name : NULL;
}

static void
asa_phase1(const struct isakmp_policy *p, char *text)
{
	const char *hash = NULL;

	for (size_t i = 0; p->hash[i] != NULL && hash == NULL; i++)
		hash = asa_hash(p->hash[i]->name);
	add(text,
	    "crypto ikev1 policy <n>: authentication pre-share, encryption %s, hash %s, group %u",
	    asa_cipher(p->encryption[0]->name), hash != NULL ? hash : "sha", p->group[0]->id);
	if (hash == NULL)
		add(text, " (an ASA's IKEv1 has no %s: the policy here must take sha1)",
		    p->hash[0]->name);
}

void
mend_phase1(const struct record *rec, const struct explain_row *r, const struct isakmp_policy *p,
    struct explanation *x)
{
	static const struct name2 keys[] = {{"Encryption Algorithm", "encryption"},
	    {"Hash Algorithm", "hash"}, {"Group Description", "group"}, {NULL, NULL}};
	char cipher[32];

	if (!mend_only_peer(r)) {
		SAY(x->mend_ours, "%s:%d: isakmp policy \"%s\":", mend_file(rec), r->line,
		    r->against);
		add_words(r, keys, x->mend_ours);
	}
	SAY(x->mend_strongswan, "connections.<name>.proposals = %s-%s-%s",
	    swan_word(p->encryption[0]->name, cipher, sizeof(cipher)), p->hash[0]->name,
	    peer_config_swan_group(p->group[0]->id));
	if (differing(r, "Auth Method") != NULL)
		add(x->mend_strongswan,
		    "; connections.<name>.local.auth = psk, with no second round");
	asa_phase1(p, x->mend_asa);
}

/* ---- phase 2 ---- */

static void
swan_phase2(const struct crypto_map_entry *e, const struct transform_set *s,
    const struct explain_row *r, char *text)
{
	const struct alg_group *pfs = e->pfs == PFS_GROUP ? e->pfs_groups[0] : NULL;
	bool aead = s->encryption[0] != NULL && s->encryption[0]->icv != 0;
	const char *between = "";
	char word[32];

	add(text, "connections.<name>.children.<name>.%s_proposals = ",
	    s->protocol == PROTO_AH ? "ah" : "esp");
	if (s->encryption[0] != NULL) {
		add(text, "%s", swan_word(s->encryption[0]->name, word, sizeof(word)));
		between = "-";
	}
	if (!aead && s->integrity[0] != NULL && s->integrity[0]->auth_id != 0) {
		add(text, "%s%s", between, swan_word(s->integrity[0]->name, word, sizeof(word)));
		between = "-";
	}
	if (pfs != NULL)
		add(text, "%s%s", between, peer_config_swan_group(pfs->id));
	if (differing(r, "Encapsulation Mode") != NULL)
		add(text, "; connections.<name>.children.<name>.mode = %s",
		    s->mode == MODE_TRANSPORT ? "transport" : "tunnel");
}

static void
asa_set(const struct transform_set *s, const struct explain_row *r, char *text)
{
	const struct alg_cipher *cipher = s->encryption[0];
	const char *integ = s->integrity[0] != NULL ? asa_hash(s->integrity[0]->name) : NULL;

	if (s->protocol == PROTO_AH) {
		add(text, "an ASA has no AH: the entry here must take ESP");
		return;
	}
	if (cipher->icv != 0 || cipher->kind == ALG_CTR) {
		add(text, "an ASA's IKEv1 has no %s: a transform set with CBC is needed here",
		    cipher->label);
		return;
	}
	add(text, "crypto ipsec ikev1 transform-set <name> esp-%s esp-%s-hmac",
	    asa_cipher(cipher->name), integ != NULL ? integ : "sha");
	if (integ == NULL && s->integrity[0] != NULL && s->integrity[0]->auth_id != 0)
		add(text, " (an ASA's IKEv1 has no %s: the set here must take sha1)",
		    s->integrity[0]->name);
	if (differing(r, "Encapsulation Mode") != NULL)
		add(text, "; %scrypto ipsec ikev1 transform-set <name> mode transport",
		    s->mode == MODE_TRANSPORT ? "" : "no ");
}

/* Another sort of protection cannot stand in the same set: a further one is needed. */
static bool
other_sort(const struct explain_row *r, const struct transform_set *set)
{
	const struct explain_cell *c = differing(r, "Encryption Algorithm");
	const struct alg_cipher *theirs = c != NULL ? alg_cipher_named(c->word) : NULL;

	return differing(r, "Protocol") != NULL ||
	    (theirs != NULL && (theirs->icv != 0) != (set->encryption[0]->icv != 0));
}

static void
further_set(const struct record *rec, const struct explain_row *r, char *text)
{
	static const struct name2 keys[] = {{"Protocol", "protocol"},
	    {"Encryption Algorithm", "encryption"}, {"Authentication Algorithm", "integrity"},
	    {NULL, NULL}};
	const char *between = "";

	add(text, "%s:%d: crypto map entry: transform_sets takes a further one with",
	    mend_file(rec), rec->p2.entry->line);
	for (const struct name2 *k = keys; k->attribute != NULL; k++)
		for (unsigned i = 0; i < r->cell_count; i++)
			if (strcmp(r->cells[i].attribute, k->attribute) == 0 &&
			    strcmp(r->cells[i].word, "none") != 0) {
				add(text, "%s %s = \"%s\"", between, k->key, r->cells[i].word);
				between = ",";
			}
}

static void
asa_pfs(const struct crypto_map_entry *e, const char *between, char *text)
{
	if (e->pfs == PFS_NONE)
		add(text, "%sno crypto map <map> <n> set pfs", between);
	else
		add(text, "%scrypto map <map> <n> set pfs group%u", between, e->pfs_groups[0]->id);
}

void
mend_phase2(const struct record *rec, const struct explain_row *r, const struct transform_set *set,
    bool pfs_alone, struct explanation *x)
{
	static const struct name2 keys[] = {{"Encryption Algorithm", "encryption"},
	    {"Authentication Algorithm", "integrity"}, {"Encapsulation Mode", "mode"},
	    {NULL, NULL}};
	const struct crypto_map_entry *e = rec->p2.entry;
	bool pfs = differing(r, "Group Description (PFS)") != NULL && e->pfs != PFS_ANY;

	swan_phase2(e, set, r, x->mend_strongswan);
	if (!pfs_alone)
		asa_set(set, r, x->mend_asa);
	if (pfs)
		asa_pfs(e, pfs_alone ? "" : "; ", x->mend_asa);
	if (mend_only_peer(r))
		return;
	if (other_sort(r, set)) {
		further_set(rec, r, x->mend_ours);
	} else if (!pfs_alone) {
		SAY(x->mend_ours, "%s:%d: transform set \"%s\":", mend_file(rec), r->line,
		    r->against);
		add_words(r, keys, x->mend_ours);
	}
	if (pfs && pfs_alone)
		SAY(x->mend_ours, "%s:%d: crypto map entry: pfs = \"any\" takes what the peer does",
		    mend_file(rec), e->line);
	else if (pfs)
		add(x->mend_ours, "; line %d: crypto map entry: pfs = \"any\"", e->line);
}

/* ---- who talks to whom ---- */

/* "192.168.1.0 255.255.255.0 eq 443", "host 192.0.2.1", "any" */
static void
asa_side(const struct prefix *p, uint16_t port, char *text)
{
	char buf[PREFIX_TEXT], *slash;

	if (p->addr.family == ADDR_NONE) {
		add(text, " any");
	} else if (p->bits == addr_bits(&p->addr)) {
		add(text, " host %s", addr_print(&p->addr, buf, sizeof(buf)));
	} else {
		prefix_print_mask(p, buf, sizeof(buf));
		slash = strchr(buf, '/');
		if (slash != NULL && p->addr.family == ADDR_V4)
			*slash = ' ';
		add(text, " %s", buf);
	}
	if (port != 0)
		add(text, " eq %u", port);
}

static const char *
protocol_word(uint8_t proto, char *buf, size_t n)
{
	switch (proto) {
	case 0:
		return "ip";
	case 1:
		return "icmp";
	case 6:
		return "tcp";
	case 17:
		return "udp";
	default:
		snprintf(buf, n, "%u", proto);
		return buf;
	}
}

static void
swan_side(const struct prefix *p, uint8_t proto, uint16_t port, char *text)
{
	char buf[PREFIX_TEXT], word[8];

	add(text, "%s",
	    p->addr.family == ADDR_NONE ? "0.0.0.0/0" : prefix_print(p, buf, sizeof(buf)));
	if (proto != 0)
		add(text, "[%s", protocol_word(proto, word, sizeof(word)));
	if (proto != 0 && port != 0)
		add(text, "/%u", port);
	if (proto != 0)
		add(text, "]");
}

void
mend_proxies(const struct record *rec, const struct crypto_map_entry *e, bool wider,
    struct explanation *x)
{
	char word[8];

	SAY(x->mend_ours, "%s:%d: crypto map entry: %s as the peer offers them%s", mend_file(rec),
	    e->line, e->ip_proto != 0 ? "local, remote, protocol and ports" : "local and remote",
	    wider ? ", or narrow = true" : "");
	add(x->mend_asa, "access-list <name> extended permit %s",
	    protocol_word(e->ip_proto, word, sizeof(word)));
	asa_side(&e->remote, e->remote_port, x->mend_asa);
	asa_side(&e->local, e->local_port, x->mend_asa);
	add(x->mend_strongswan, "connections.<name>.children.<name>: local_ts = ");
	swan_side(&e->remote, e->ip_proto, e->remote_port, x->mend_strongswan);
	add(x->mend_strongswan, ", remote_ts = ");
	swan_side(&e->local, e->ip_proto, e->local_port, x->mend_strongswan);
}

/* ---- identity ---- */

/* The identity that the group wants, as the policy file writes it. */
static const char *
wanted_id(const struct record *rec, char *buf, size_t n)
{
	const struct ident *id = &rec->group->remote_id;

	switch (id->kind) {
	case IDENT_FQDN:
	case IDENT_USER_FQDN:
		return id->text;
	case IDENT_KEY_ID:
		snprintf(buf, n, "keyid:%s", id->text);
		return buf;
	default:
		return addr_print(id->kind == IDENT_ADDRESS ? &rec->remote.addr : &id->addr, buf,
		    n);
	}
}

void
mend_identity(const struct record *rec, struct explanation *x)
{
	const struct ident *id = &rec->group->remote_id;
	char wanted[300];

	SAY(x->verdict, "the peer shows the identity %s, tunnel group \"%s\" wants %s",
	    rec->remote_id, rec->group->name, wanted_id(rec, wanted, sizeof(wanted)));
	SAY(x->mend_strongswan, "connections.<name>.local.id = %s",
	    wanted_id(rec, wanted, sizeof(wanted)));
	SAY(x->mend_ours, "%s:%d: tunnel group \"%s\": remote_id = \"%s\" or \"any\"",
	    mend_file(rec), rec->group->line, rec->group->name, rec->remote_id);
	switch (id->kind) {
	case IDENT_FQDN:
		SAY(x->mend_asa, "crypto isakmp identity hostname (hostname and domain-name: %s)",
		    id->text);
		break;
	case IDENT_USER_FQDN:
		SAY(x->mend_asa, "an ASA cannot show %s: another remote_id is needed here",
		    id->text);
		break;
	case IDENT_KEY_ID:
		SAY(x->mend_asa, "crypto isakmp identity key-id %s", id->text);
		break;
	default:
		SAY(x->mend_asa, "crypto isakmp identity address (its address is to be %s)",
		    wanted_id(rec, wanted, sizeof(wanted)));
	}
}
