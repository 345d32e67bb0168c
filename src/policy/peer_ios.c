/* policy/peer_ios.c - a peer's configuration for Cisco IOS. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/compiler.h"
#include "peer_local.h"

static const struct peer_word ike_ciphers[] = { { "des", "des" }, { "3des", "3des" },
	{ "aes-128", "aes" }, { "aes-192", "aes 192" }, { "aes-256", "aes 256" }, { NULL, NULL } };
static const struct peer_word hashes[] = { { "md5", "md5" }, { "sha1", "sha" },
	{ "sha256", "sha256" }, { "sha384", "sha384" }, { "sha512", "sha512" }, { NULL, NULL } };
static const struct peer_word esp_ciphers[] = { { "des", "esp-des" }, { "3des", "esp-3des" },
	{ "aes-128", "esp-aes" }, { "aes-192", "esp-aes 192" }, { "aes-256", "esp-aes 256" },
	{ "aes-128-gcm-16", "esp-gcm" }, { "aes-192-gcm-16", "esp-gcm 192" },
	{ "aes-256-gcm-16", "esp-gcm 256" }, { "null", "esp-null" }, { NULL, NULL } };
static const struct peer_word esp_integs[] = { { "md5", "esp-md5-hmac" },
	{ "sha1", "esp-sha-hmac" }, { "sha256", "esp-sha256-hmac" }, { "sha384", "esp-sha384-hmac" },
	{ "sha512", "esp-sha512-hmac" }, { NULL, NULL } };
static const struct peer_word ah_integs[] = { { "md5", "ah-md5-hmac" }, { "sha1", "ah-sha-hmac" },
	{ "sha256", "ah-sha256-hmac" }, { "sha384", "ah-sha384-hmac" },
	{ "sha512", "ah-sha512-hmac" }, { NULL, NULL } };
static const struct name groups[] = { { 1, "1" }, { 2, "2" }, { 5, "5" }, { 14, "14" },
	{ 15, "15" }, { 16, "16" }, { 19, "19" }, { 20, "20" }, { 21, "21" }, { 24, "24" },
	{ 0, NULL } };
static const struct name pfs_groups[] = { { 1, "group1" }, { 2, "group2" }, { 5, "group5" },
	{ 14, "group14" }, { 15, "group15" }, { 16, "group16" }, { 19, "group19" },
	{ 20, "group20" }, { 21, "group21" }, { 24, "group24" }, { 0, NULL } };

static uint32_t
within(uint32_t n, uint32_t low, uint32_t high)
{
	return n < low ? low : n > high ? high : n;
}

static void
write_phase1(struct peer *p)
{
	for (unsigned i = 0; i < p->n1; i++) {
		const struct peer_p1 *t = &p->p1[i];
		uint32_t life = t->from->lifetime_s;

		fprintf(p->f, "crypto isakmp policy %u\n", 10 * (i + 1));
		fprintf(p->f, " authentication pre-share\n encryption %s\n hash %s\n group %s\n",
		    t->cipher, t->hash, t->group);
		fprintf(p->f, " lifetime %u\n", life == 0 ? 86400 : within(life, 60, 86400));
	}
}

static void
write_key(struct peer *p)
{
	const struct tunnel_group *g = p->group;
	bool fits = peer_key_plain(g) && g->psk_len <= 128 &&
	    memchr(g->psk, ' ', g->psk_len) == NULL && memchr(g->psk, '?', g->psk_len) == NULL;

	if (fits)
		fprintf(p->f, "%.*s", (int)g->psk_len, (const char *)g->psk);
	else
		fputs(peer_placeholder(p, "<pre-shared-key>",
			  "this tunnel group's has characters or a length that cannot be pasted "
			  "into IOS; choose another"),
		    p->f);
}

static void
write_global(struct peer *p)
{
	const struct tunnel_group *g = p->group;
	const char *dot = strchr(p->id, '.');

	fputs("crypto isakmp key ", p->f);
	write_key(p);
	fprintf(p->f, " address %s\n", p->ours);
	if (g->remote_id.kind == IDENT_FQDN) {
		peer_remark(p, "These two make up the identity that the policy wants: %s", p->id);
		fprintf(p->f, "hostname %.*s\n",
		    (int)(dot != NULL ? (size_t)(dot - p->id) : strlen(p->id)), p->id);
		if (dot != NULL)
			fprintf(p->f, "ip domain name %s\n", dot + 1);
		fputs("crypto isakmp identity hostname\n", p->f);
	} else if (p->id[0] != '\0') {
		peer_remark(p, "%s cannot show the identity %s here, which the policy wants.",
		    p->def->name, p->id);
	} else {
		fputs("crypto isakmp identity address\n", p->f);
	}
	if (g->dpd_interval_s != 0)
		fprintf(p->f, "crypto isakmp keepalive %u %u periodic\n",
		    within(g->dpd_interval_s, 10, 3600), 2u);
	if (!g->nat_t)
		fputs("no crypto ipsec nat-transparency udp-encapsulation\n", p->f);
}

/* "host 192.0.2.1", "192.0.2.0 0.0.0.255" */
static void
write_network(struct peer *p, const struct prefix *n)
{
	char text[ADDR_TEXT], wild[ADDR_TEXT];
	struct addr a = n->addr;

	if (n->bits == addr_bits(&n->addr)) {
		fprintf(p->f, " host %s", addr_print(&n->addr, text, sizeof(text)));
		return;
	}
	for (unsigned i = 0; i < 32; i++) {
		uint8_t bit = (uint8_t)(0x80u >> (i % 8));

		a.b[i / 8] = (uint8_t)(i < n->bits ? a.b[i / 8] & ~bit : a.b[i / 8] | bit);
	}
	fprintf(p->f, " %s %s", addr_print(&n->addr, text, sizeof(text)),
	    addr_print(&a, wild, sizeof(wild)));
}

static void
write_side(struct peer *p, const struct peer_entry *e, bool ours)
{
	const struct prefix *n = ours ? &e->e->local : &e->e->remote;
	uint16_t port = ours ? e->e->local_port : e->e->remote_port;
	struct prefix example = peer_example(p, ADDR_V4);

	if (n->addr.family != ADDR_NONE)
		write_network(p, n);
	else if (e->transport)
		fprintf(p->f, " host %s",
		    ours ? p->ours :
			p->theirs != NULL ?
			   p->theirs :
			   peer_placeholder(p, "<router-address>", "the router's own address"));
	else if (ours)
		write_network(p, &example);
	else
		fprintf(p->f, " %s",
		    peer_placeholder(p, "<network> <wildcard>", "the network behind the router"));
	if (port != 0)
		fprintf(p->f, " eq %u", port);
}

static void
write_acl(struct peer *p, const struct peer_entry *e)
{
	static const struct name protocols[] = {{0, "ip"}, {1, "icmp"}, {6, "tcp"}, {17, "udp"},
	    {0, NULL}};
	const char *word = names_word(protocols, e->e->ip_proto);

	fprintf(p->f, "ip access-list extended IKEV1D-%s\n permit ", e->name);
	if (word != NULL)
		fputs(word, p->f);
	else
		fprintf(p->f, "%u", e->e->ip_proto);
	write_side(p, e, false);
	write_side(p, e, true);
	fputc('\n', p->f);
}

static void
write_sets(struct peer *p, const struct peer_entry *e)
{
	for (unsigned i = 0; i < e->n2; i++)
		fprintf(p->f, "crypto ipsec transform-set IKEV1D-%s-%u%s%s%s%s\n mode %s\n",
		    e->name, i + 1, e->p2[i].cipher != NULL ? " " : "",
		    e->p2[i].cipher != NULL ? e->p2[i].cipher : "",
		    e->p2[i].integ != NULL ? " " : "", e->p2[i].integ != NULL ? e->p2[i].integ : "",
		    e->transport ? "transport" : "tunnel");
}

static void
write_map(struct peer *p, const struct peer_entry *e)
{
	fprintf(p->f, "crypto map IKEV1D %u ipsec-isakmp\n", 10 * e->number);
	fprintf(p->f, " set peer %s\n set transform-set", p->ours);
	for (unsigned i = 0; i < e->n2; i++)
		fprintf(p->f, " IKEV1D-%s-%u", e->name, i + 1);
	fputc('\n', p->f);
	if (e->pfs != NULL)
		fprintf(p->f, " set pfs %s\n", e->pfs);
	if (e->e->lifetime_s != 0)
		fprintf(p->f, " set security-association lifetime seconds %u\n",
		    within(e->e->lifetime_s, 120, 86400));
	if (e->e->lifetime_kilobytes != 0)
		fprintf(p->f, " set security-association lifetime kilobytes %u\n",
		    e->e->lifetime_kilobytes < 2560 ? 2560 : e->e->lifetime_kilobytes);
	fprintf(p->f, " match address IKEV1D-%s\n", e->name);
}

static void
group(struct peer *p)
{
	write_phase1(p);
	write_global(p);
	for (unsigned i = 0; i < p->entry_count; i++)
		write_acl(p, &p->entries[i]);
	for (unsigned i = 0; i < p->entry_count; i++)
		write_sets(p, &p->entries[i]);
	for (unsigned i = 0; i < p->entry_count; i++)
		write_map(p, &p->entries[i]);
	fprintf(p->f, "interface %s\n crypto map IKEV1D\n",
	    peer_placeholder(p, "<interface>", "the interface that faces ikev1d"));
}

const struct peer_def peer_ios = {
	.name = "IOS",
	.comment = "!",
	.ike_ciphers = ike_ciphers,
	.hashes = hashes,
	.esp_ciphers = esp_ciphers,
	.esp_integs = esp_integs,
	.ah_integs = ah_integs,
	.ike_groups = groups,
	.pfs_groups = pfs_groups,
	.sets_max = 6,
	.one_group = true,
	.port_500 = true,
	.only_v4 = true,
	.group = group,
};
