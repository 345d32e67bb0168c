/*
 * policy/peer_asa.c - a peer's configuration for Cisco ASA, in the words of 8.4 and of older ones.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/compiler.h"
#include "peer_local.h"

#define LIFE_MIN  120 /* seconds, of both phases */
#define KEY_MAX	  128

/* ASA's IKEv1 has neither SHA-2 nor GCM nor AH, and group 14 since 9.13. */
static const struct peer_word ike_ciphers[] = { { "des", "des" }, { "3des", "3des" },
	{ "aes-128", "aes" }, { "aes-192", "aes-192" }, { "aes-256", "aes-256" }, { NULL, NULL } };
static const struct peer_word hashes[] = { { "md5", "md5" }, { "sha1", "sha" }, { NULL, NULL } };
static const struct peer_word esp_ciphers[] = { { "des", "esp-des" }, { "3des", "esp-3des" },
	{ "aes-128", "esp-aes" }, { "aes-192", "esp-aes-192" }, { "aes-256", "esp-aes-256" },
	{ "null", "esp-null" }, { NULL, NULL } };
static const struct peer_word esp_integs[] = { { "md5", "esp-md5-hmac" },
	{ "sha1", "esp-sha-hmac" }, { "none", "esp-none" }, { NULL, NULL } };
static const struct name groups[] = { { 1, "1" }, { 2, "2" }, { 5, "5" }, { 14, "14" },
	{ 0, NULL } };
static const struct name groups_legacy[] = { { 1, "1" }, { 2, "2" }, { 5, "5" }, { 0, NULL } };
static const struct name pfs_groups[] = { { 1, "group1" }, { 2, "group2" }, { 5, "group5" },
	{ 14, "group14" }, { 0, NULL } };
static const struct name pfs_groups_legacy[] = { { 1, "group1" }, { 2, "group2" },
	{ 5, "group5" }, { 0, NULL } };

static bool
legacy(const struct peer *p)
{
	return p->def == &peer_asa_legacy;
}

/* "ikev1 " in the words of 8.4 that older ones have without it. */
static const char *
v1(const struct peer *p)
{
	return legacy(p) ? "" : "ikev1 ";
}

static bool
has_group14(const struct peer *p)
{
	for (unsigned i = 0; i < p->n1; i++)
		if (strcmp(p->p1[i].group, "14") == 0)
			return true;
	return false;
}

static void
write_phase1(struct peer *p)
{
	const char *word = legacy(p) ? "isakmp" : "ikev1";

	for (unsigned i = 0; i < p->n1; i++) {
		const struct peer_p1 *t = &p->p1[i];
		uint32_t life = t->from->lifetime_s;

		fprintf(p->f, "crypto %s policy %u\n", word, 10 * (i + 1));
		fprintf(p->f, " authentication pre-share\n encryption %s\n hash %s\n group %s\n",
		    t->cipher, t->hash, t->group);
		if (life == 0)
			fputs(" lifetime none\n", p->f);
		else
			fprintf(p->f, " lifetime %u\n", life < LIFE_MIN ? LIFE_MIN : life);
	}
	fprintf(p->f, "crypto %s enable outside\n", word);
}

static void
write_identity(struct peer *p)
{
	char host[300];
	const char *dot;

	switch (p->group->remote_id.kind) {
	case IDENT_FQDN:
		dot = strchr(p->id, '.');
		(void)snprintf(host, sizeof(host), "%.*s",
		    (int)(dot != NULL ? (size_t)(dot - p->id) : strlen(p->id)), p->id);
		peer_remark(p, "These two make up the identity that the policy wants: %s", p->id);
		fprintf(p->f, "hostname %s\n", host);
		if (dot != NULL)
			fprintf(p->f, "domain-name %s\n", dot + 1);
		fputs("crypto isakmp identity hostname\n", p->f);
		break;
	case IDENT_KEY_ID:
		fprintf(p->f, "crypto isakmp identity key-id %s\n", p->id);
		break;
	case IDENT_USER_FQDN:
		peer_remark(p, "%s cannot show the identity %s, which the policy wants.",
		    p->def->name, p->id);
		break;
	default:
		fputs("crypto isakmp identity address\n", p->f);
		break;
	}
	fputs(p->group->nat_t ? "crypto isakmp nat-traversal 20\n" :
				"no crypto isakmp nat-traversal\n",
	    p->f);
}

/* "host 192.0.2.1", "192.0.2.0 255.255.255.0", "2001:db8::/32" */
static void
write_network(struct peer *p, const struct prefix *n)
{
	char text[PREFIX_TEXT], *slash;

	fputc(' ', p->f);
	if (n->bits == addr_bits(&n->addr)) {
		fprintf(p->f, "host %s", addr_print(&n->addr, text, sizeof(text)));
		return;
	}
	(void)prefix_print_mask(n, text, sizeof(text));
	slash = n->addr.family == ADDR_V4 ? strchr(text, '/') : NULL;
	if (slash != NULL)
		*slash = ' ';
	fputs(text, p->f);
}

static void
write_side(struct peer *p, const struct peer_entry *e, bool ours)
{
	const struct prefix *n = ours ? &e->e->local : &e->e->remote;
	uint8_t family = peer_entry_family(p, e->e);
	uint16_t port = ours ? e->e->local_port : e->e->remote_port;
	struct prefix example = peer_example(p, family);

	if (n->addr.family != ADDR_NONE)
		write_network(p, n);
	else if (e->transport)
		fprintf(p->f, " host %s",
		    ours ? p->ours :
			p->theirs != NULL ?
			   p->theirs :
			   peer_placeholder(p, "<asa-address>", "the ASA's own address"));
	else if (ours)
		write_network(p, &example);
	else
		fprintf(p->f, " %s",
		    peer_placeholder(p, family == ADDR_V6 ? "<network/length>" : "<network> <mask>",
			"the network behind the ASA"));
	if (port != 0)
		fprintf(p->f, " eq %u", port);
}

static void
write_acl(struct peer *p, const struct peer_entry *e)
{
	static const struct name protocols[] = {{0, "ip"}, {1, "icmp"}, {6, "tcp"}, {17, "udp"},
	    {0, NULL}};
	char text[16];

	fprintf(p->f, "access-list IKEV1D-%s extended permit ", e->name);
	(void)snprintf(text, sizeof(text), "%u", e->e->ip_proto);
	fputs(names_word(protocols, e->e->ip_proto) != NULL ?
		names_word(protocols, e->e->ip_proto) :
		text,
	    p->f);
	write_side(p, e, false);
	write_side(p, e, true);
	fputc('\n', p->f);
}

static void
write_sets(struct peer *p, const struct peer_entry *e)
{
	for (unsigned i = 0; i < e->n2; i++) {
		fprintf(p->f, "crypto ipsec %stransform-set IKEV1D-%s-%u %s %s\n", v1(p), e->name,
		    i + 1, e->p2[i].cipher, e->p2[i].integ != NULL ? e->p2[i].integ : "esp-none");
		if (e->transport)
			fprintf(p->f, "crypto ipsec %stransform-set IKEV1D-%s-%u mode transport\n",
			    v1(p), e->name, i + 1);
	}
}

static void
write_map(struct peer *p, const struct peer_entry *e)
{
	char map[32];

	(void)snprintf(map, sizeof(map), "crypto map IKEV1D %u", 10 * e->number);
	fprintf(p->f, "%s match address IKEV1D-%s\n", map, e->name);
	if (e->pfs != NULL)
		fprintf(p->f, "%s set pfs %s\n", map, e->pfs);
	fprintf(p->f, "%s set peer %s\n%s set %stransform-set", map, p->ours, map, v1(p));
	for (unsigned i = 0; i < e->n2; i++)
		fprintf(p->f, " IKEV1D-%s-%u", e->name, i + 1);
	fputc('\n', p->f);
	if (e->e->lifetime_s != 0)
		fprintf(p->f, "%s set security-association lifetime seconds %u\n", map,
		    e->e->lifetime_s < LIFE_MIN ? LIFE_MIN : e->e->lifetime_s);
	if (e->e->lifetime_kilobytes != 0)
		fprintf(p->f, "%s set security-association lifetime kilobytes %u\n", map,
		    e->e->lifetime_kilobytes);
	if (!p->group->nat_t)
		fprintf(p->f, "%s set nat-t-disable\n", map);
}

static bool
key_fits(const struct tunnel_group *g)
{
	if (!peer_key_plain(g) || g->psk_len > KEY_MAX || memchr(g->psk, ' ', g->psk_len) != NULL)
		return false;
	return memchr(g->psk, '?', g->psk_len) == NULL;
}

static uint32_t
within(uint32_t n, uint32_t low, uint32_t high)
{
	return n < low ? low : n > high ? high : n;
}

static void
write_tunnel_group(struct peer *p)
{
	const struct tunnel_group *g = p->group;

	fprintf(p->f, "tunnel-group %s type ipsec-l2l\ntunnel-group %s ipsec-attributes\n", p->ours,
	    p->ours);
	if (key_fits(g))
		fprintf(p->f, " %spre-shared-key %.*s\n", v1(p), (int)g->psk_len,
		    (const char *)g->psk);
	else
		fprintf(p->f, " %spre-shared-key %s\n", v1(p),
		    peer_placeholder(p, "<pre-shared-key>",
			"this tunnel group's has characters or a length that cannot be pasted into "
			"ASA; choose another"));
	if (g->dpd_interval_s != 0)
		fprintf(p->f, " isakmp keepalive threshold %u retry %u\n",
		    within(g->dpd_interval_s, 10, 3600), within(g->dpd_retries, 2, 10));
}

static void
group(struct peer *p)
{
	peer_remark(p, "outside is the interface that faces ikev1d.");
	if (has_group14(p))
		peer_remark(p, "group 14 needs ASA 9.13 or later.");
	write_phase1(p);
	write_identity(p);
	for (unsigned i = 0; i < p->entry_count; i++)
		write_acl(p, &p->entries[i]);
	for (unsigned i = 0; i < p->entry_count; i++)
		write_sets(p, &p->entries[i]);
	for (unsigned i = 0; i < p->entry_count; i++)
		write_map(p, &p->entries[i]);
	fputs("crypto map IKEV1D interface outside\n", p->f);
	write_tunnel_group(p);
}

const struct peer_def peer_asa = {
	.name = "ASA's IKEv1",
	.comment = "!",
	.ike_ciphers = ike_ciphers,
	.hashes = hashes,
	.esp_ciphers = esp_ciphers,
	.esp_integs = esp_integs,
	.ike_groups = groups,
	.pfs_groups = pfs_groups,
	.sets_max = 11,
	.one_group = true,
	.port_500 = true,
	.group = group,
};

const struct peer_def peer_asa_legacy = {
	.name = "ASA before 8.4",
	.comment = "!",
	.ike_ciphers = ike_ciphers,
	.hashes = hashes,
	.esp_ciphers = esp_ciphers,
	.esp_integs = esp_integs,
	.ike_groups = groups_legacy,
	.pfs_groups = pfs_groups_legacy,
	.sets_max = 11,
	.one_group = true,
	.port_500 = true,
	.only_v4 = true,
	.group = group,
};
