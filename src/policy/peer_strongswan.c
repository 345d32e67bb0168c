/* policy/peer_strongswan.c - a peer's configuration for strongSwan: swanctl.conf, or ipsec.conf. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "peer_local.h"

/* charon takes one algorithm of each kind from a proposal of IKEv1: each combination is one. */
static const struct peer_word ike_ciphers[] = { { "des", "des" }, { "3des", "3des" },
	{ "aes-128", "aes128" }, { "aes-192", "aes192" }, { "aes-256", "aes256" },
	{ "blowfish", "blowfish128" }, { "cast", "cast128" }, { "camellia-128", "camellia128" },
	{ "camellia-192", "camellia192" }, { "camellia-256", "camellia256" }, { NULL, NULL } };
static const struct peer_word hashes[] = { { "md5", "md5" }, { "sha1", "sha1" },
	{ "sha256", "sha256" }, { "sha384", "sha384" }, { "sha512", "sha512" }, { NULL, NULL } };
static const struct peer_word esp_ciphers[] = { { "des", "des" }, { "3des", "3des" },
	{ "aes-128", "aes128" }, { "aes-192", "aes192" }, { "aes-256", "aes256" },
	{ "blowfish", "blowfish128" }, { "cast", "cast128" }, { "camellia-128", "camellia128" },
	{ "camellia-192", "camellia192" }, { "camellia-256", "camellia256" },
	{ "aes-128-ctr", "aes128ctr" }, { "aes-192-ctr", "aes192ctr" },
	{ "aes-256-ctr", "aes256ctr" }, { "aes-128-gcm-8", "aes128gcm64" },
	{ "aes-192-gcm-8", "aes192gcm64" }, { "aes-256-gcm-8", "aes256gcm64" },
	{ "aes-128-gcm-12", "aes128gcm96" }, { "aes-192-gcm-12", "aes192gcm96" },
	{ "aes-256-gcm-12", "aes256gcm96" }, { "aes-128-gcm-16", "aes128gcm128" },
	{ "aes-192-gcm-16", "aes192gcm128" }, { "aes-256-gcm-16", "aes256gcm128" },
	{ "null", "null" }, { NULL, NULL } };
static const struct peer_word integs[] = { { "md5", "md5" }, { "sha1", "sha1" },
	{ "sha256", "sha256" }, { "sha384", "sha384" }, { "sha512", "sha512" },
	{ "aes-xcbc", "aesxcbc" }, { NULL, NULL } };
static const struct name groups[] = { { 1, "modp768" }, { 2, "modp1024" }, { 5, "modp1536" },
	{ 14, "modp2048" }, { 15, "modp3072" }, { 16, "modp4096" }, { 17, "modp6144" },
	{ 18, "modp8192" }, { 19, "ecp256" }, { 20, "ecp384" }, { 21, "ecp521" },
	{ 22, "modp1024s160" }, { 23, "modp2048s224" }, { 24, "modp2048s256" }, { 25, "ecp192" },
	{ 26, "ecp224" }, { 27, "ecp224bp" }, { 28, "ecp256bp" }, { 29, "ecp384bp" },
	{ 30, "ecp512bp" }, { 31, "curve25519" }, { 32, "curve448" }, { 0, NULL } };

/* ---- both forms ---- */

static void
write_phase1(struct peer *p)
{
	for (unsigned i = 0; i < p->n1; i++)
		fprintf(p->f, "%s%s-%s-%s", i > 0 ? "," : "", p->p1[i].cipher, p->p1[i].hash,
		    p->p1[i].group);
}

static void
write_phase2(struct peer *p, const struct peer_entry *e)
{
	for (unsigned i = 0; i < e->n2; i++)
		fprintf(p->f, "%s%s%s%s%s%s", i > 0 ? "," : "",
		    e->p2[i].cipher != NULL ? e->p2[i].cipher : "",
		    e->p2[i].cipher != NULL && e->p2[i].integ != NULL ? "-" : "",
		    e->p2[i].integ != NULL ? e->p2[i].integ : "", e->pfs != NULL ? "-" : "",
		    e->pfs != NULL ? e->pfs : "");
}

/* An identity with its kind; what stands for itself is left to charon. */
static bool
write_ident(struct peer *p, const char *before, const struct ident *id, const char *text)
{
	char buf[ADDR_TEXT];

	switch (id->kind) {
	case IDENT_FQDN:
		fprintf(p->f, "%sfqdn:%s\n", before, text);
		return true;
	case IDENT_USER_FQDN:
		fprintf(p->f, "%srfc822:%s\n", before, text);
		return true;
	case IDENT_KEY_ID:
		fprintf(p->f, "%s\"keyid:%s\"\n", before, text);
		return true;
	case IDENT_IPV4:
	case IDENT_IPV6:
		fprintf(p->f, "%s%s\n", before, addr_print(&id->addr, buf, sizeof(buf)));
		return true;
	default:
		return false;
	}
}

/*
 * One side's network with its protocol and port, as "172.16.1.0/24[udp/1701]".  What may be any is
 * the peer itself on its side, and an example on ours, so that nothing is lost into the tunnel.
 */
static void
write_side(struct peer *p, const struct peer_entry *e, bool ours, const char *self)
{
	const struct prefix *n = ours ? &e->e->local : &e->e->remote;
	uint16_t port = ours ? e->e->local_port : e->e->remote_port;
	struct prefix example = peer_example(p, peer_entry_family(p, e->e));
	char text[PREFIX_TEXT];

	if (n->addr.family != ADDR_NONE)
		fputs(prefix_print(n, text, sizeof(text)), p->f);
	else if (!ours || e->transport)
		fputs(self, p->f);
	else
		fputs(prefix_print(&example, text, sizeof(text)), p->f);
	if (e->e->ip_proto != 0 && port != 0)
		fprintf(p->f, "[%u/%u]", e->e->ip_proto, port);
	else if (e->e->ip_proto != 0)
		fprintf(p->f, "[%u]", e->e->ip_proto);
}

static void
remark_sides(struct peer *p, const struct peer_entry *e)
{
	if (e->e->remote.addr.family == ADDR_NONE && !e->transport)
		peer_remark(p,
		    "%s: any network on the peer's side is accepted; here it is the peer alone.",
		    e->name);
}

static unsigned
dpd_timeout(const struct tunnel_group *g)
{
	return g->dpd_interval_s * (g->dpd_retries + 1);
}

/* ---- swanctl.conf ---- */

static void
swan_child(struct peer *p, const struct peer_entry *e)
{
	uint32_t s = e->e->lifetime_s, kb = e->e->lifetime_kilobytes;

	fprintf(p->f, "      %s {\n        local_ts = ", e->name);
	write_side(p, e, false, "dynamic");
	fputs("\n        remote_ts = ", p->f);
	write_side(p, e, true, "dynamic");
	fprintf(p->f, "\n        %s_proposals = ", e->ah ? "ah" : "esp");
	write_phase2(p, e);
	fprintf(p->f, "\n        mode = %s\n", e->transport ? "transport" : "tunnel");
	if (s != 0)
		fprintf(p->f, "        life_time = %us\n        rekey_time = %us\n", s, s - s / 10);
	if (kb != 0)
		fprintf(p->f, "        life_bytes = %llu\n        rekey_bytes = %llu\n",
		    kb * 1000ull, kb * 900ull);
	fputs("      }\n", p->f);
}

/* The peer's address, or the network that it comes from: charon finds the secret by either. */
static const char *
peer_addresses(const struct tunnel_group *g, char *buf, size_t n)
{
	if (g->peer.bits == addr_bits(&g->peer.addr))
		return addr_print(&g->peer.addr, buf, n);
	return prefix_print(&g->peer, buf, n);
}

static void
swan_secret(struct peer *p)
{
	const struct tunnel_group *g = p->group;
	char text[PREFIX_TEXT];

	fprintf(p->f, "secrets {\n  ike-%s {\n", p->name);
	if (!write_ident(p, "    id-1 = ", &g->local_id, g->local_id.text))
		fprintf(p->f, "    id-1 = %s\n", p->ours);
	if (!write_ident(p, "    id-2 = ", &g->remote_id, p->id) &&
	    g->peer.addr.family != ADDR_NONE)
		fprintf(p->f, "    id-2 = %s\n", peer_addresses(g, text, sizeof(text)));
	fputs("    secret = ", p->f);
	peer_key_quoted(p);
	fputs("  }\n}\n", p->f);
}

static void
swan_group(struct peer *p)
{
	const struct tunnel_group *g = p->group;
	uint32_t life = p->p1[0].from->lifetime_s;

	for (unsigned i = 0; i < p->entry_count; i++)
		remark_sides(p, &p->entries[i]);
	peer_remark(p, "swanctl --load-all, then swanctl --initiate --child %s",
	    p->entries[0].name);
	fprintf(p->f, "connections {\n  %s {\n    version = 1\n", p->name);
	if (p->theirs != NULL)
		fprintf(p->f, "    local_addrs = %s\n", p->theirs);
	fprintf(p->f, "    remote_addrs = %s\n", p->ours);
	if (p->policy->listen.port != 500)
		fprintf(p->f, "    remote_port = %u\n", p->policy->listen.port);
	fputs("    proposals = ", p->f);
	write_phase1(p);
	fputc('\n', p->f);
	if (life != 0)
		fprintf(p->f, "    rekey_time = %us\n    over_time = %us\n", life - life / 10,
		    life / 10);
	if (g->dpd_interval_s != 0)
		fprintf(p->f, "    dpd_delay = %us\n    dpd_timeout = %us\n", g->dpd_interval_s,
		    dpd_timeout(g));
	fputs("    local {\n      auth = psk\n", p->f);
	(void)write_ident(p, "      id = ", &g->remote_id, p->id);
	fputs("    }\n    remote {\n      auth = psk\n", p->f);
	(void)write_ident(p, "      id = ", &g->local_id, g->local_id.text);
	fputs("    }\n    children {\n", p->f);
	for (unsigned i = 0; i < p->entry_count; i++)
		swan_child(p, &p->entries[i]);
	fputs("    }\n  }\n}\n", p->f);
	swan_secret(p);
}

const struct peer_def peer_swanctl = {
	.name = "strongSwan",
	.comment = "#",
	.ike_ciphers = ike_ciphers,
	.hashes = hashes,
	.esp_ciphers = esp_ciphers,
	.esp_integs = integs,
	.ah_integs = integs,
	.ike_groups = groups,
	.pfs_groups = groups,
	.sets_max = PEER_COMBOS_MAX,
	.always_nat_t = true,
	.group = swan_group,
};

/* ---- ipsec.conf and ipsec.secrets ---- */

static void
conf_begin(struct peer *p)
{
	peer_remark(p, "--- /etc/ipsec.conf ---");
	peer_secrets_begin(p);
}

/* The secret's line goes to the file of its own. */
static void
conf_secret(struct peer *p)
{
	const struct tunnel_group *g = p->group;
	FILE *conf = p->f;
	char buf[ADDR_TEXT], text[PREFIX_TEXT];
	bool name = g->local_id.text != NULL;

	if (p->secrets == NULL)
		return;
	p->f = p->secrets;
	fprintf(p->f, "%s",
	    name ? g->local_id.text :
		g->local_id.addr.family != ADDR_NONE ?
		   addr_print(&g->local_id.addr, buf, sizeof(buf)) :
		   p->ours);
	if (p->id[0] != '\0')
		fprintf(p->f, " %s", p->id);
	else if (g->peer.addr.family != ADDR_NONE)
		fprintf(p->f, " %s", peer_addresses(g, text, sizeof(text)));
	fputs(" : PSK ", p->f);
	peer_key_quoted(p);
	p->f = conf;
}

static void
conf_lifetimes(struct peer *p, const struct peer_entry *e)
{
	uint32_t ike = p->p1[0].from->lifetime_s, s = e->e->lifetime_s;
	uint32_t least = s == 0 || (ike != 0 && ike < s) ? ike : s;

	if (ike != 0)
		fprintf(p->f, "\tikelifetime=%us\n", ike);
	if (s != 0)
		fprintf(p->f, "\tlifetime=%us\n", s);
	if (e->e->lifetime_kilobytes != 0)
		fprintf(p->f, "\tlifebytes=%llu\n\tmarginbytes=%llu\n",
		    e->e->lifetime_kilobytes * 1000ull, e->e->lifetime_kilobytes * 100ull);
	if (least != 0)
		fprintf(p->f, "\tmargintime=%us\n\trekeyfuzz=0%%\n", least / 10);
}

static void
conf_conn(struct peer *p, const struct peer_entry *e)
{
	const struct tunnel_group *g = p->group;

	remark_sides(p, e);
	fprintf(p->f, "conn %s\n\tkeyexchange=ikev1\n\tauthby=secret\n", e->name);
	if (p->theirs != NULL)
		fprintf(p->f, "\tleft=%s\n", p->theirs);
	(void)write_ident(p, "\tleftid=", &g->remote_id, p->id);
	fprintf(p->f, "\tright=%s\n", p->ours);
	(void)write_ident(p, "\trightid=", &g->local_id, g->local_id.text);
	if (p->policy->listen.port != 500)
		fprintf(p->f, "\trightikeport=%u\n", p->policy->listen.port);
	fputs("\tleftsubnet=", p->f);
	write_side(p, e, false, "%dynamic");
	fputs("\n\trightsubnet=", p->f);
	write_side(p, e, true, "%dynamic");
	fputs("\n\tike=", p->f);
	write_phase1(p);
	fprintf(p->f, "!\n\t%s=", e->ah ? "ah" : "esp");
	write_phase2(p, e);
	fprintf(p->f, "!\n\ttype=%s\n", e->transport ? "transport" : "tunnel");
	conf_lifetimes(p, e);
	if (g->dpd_interval_s != 0)
		fprintf(p->f, "\tdpdaction=clear\n\tdpddelay=%us\n\tdpdtimeout=%us\n",
		    g->dpd_interval_s, dpd_timeout(g));
	fputs("\tauto=add\n", p->f);
}

static void
conf_group(struct peer *p)
{
	peer_remark(p, "ipsec reload and ipsec rereadsecrets, then ipsec up %s",
	    p->entries[0].name);
	for (unsigned i = 0; i < p->entry_count; i++)
		conf_conn(p, &p->entries[i]);
	conf_secret(p);
}

const struct peer_def peer_ipsec_conf = {
	.name = "strongSwan",
	.comment = "#",
	.ike_ciphers = ike_ciphers,
	.hashes = hashes,
	.esp_ciphers = esp_ciphers,
	.esp_integs = integs,
	.ah_integs = integs,
	.ike_groups = groups,
	.pfs_groups = groups,
	.sets_max = PEER_COMBOS_MAX,
	.always_nat_t = true,
	.begin = conf_begin,
	.group = conf_group,
	.end = peer_secrets_end,
};
