/* policy/peer_libreswan.c - a peer's configuration for libreswan: ipsec.conf and ipsec.secrets. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "peer_local.h"

#define LIFE_MAX 86400 /* seconds, of both phases */

/* Its builds have neither DES nor the groups 1 and 2 any more. */
static const struct peer_word ike_ciphers[] = { { "3des", "3des" }, { "aes-128", "aes128" },
	{ "aes-192", "aes192" }, { "aes-256", "aes256" }, { "camellia-128", "camellia128" },
	{ "camellia-192", "camellia192" }, { "camellia-256", "camellia256" }, { NULL, NULL } };
static const struct peer_word hashes[] = { { "md5", "md5" }, { "sha1", "sha1" },
	{ "sha256", "sha2_256" }, { "sha384", "sha2_384" }, { "sha512", "sha2_512" },
	{ NULL, NULL } };
static const struct peer_word esp_ciphers[] = { { "3des", "3des" }, { "aes-128", "aes128" },
	{ "aes-192", "aes192" }, { "aes-256", "aes256" }, { "camellia-128", "camellia128" },
	{ "camellia-192", "camellia192" }, { "camellia-256", "camellia256" },
	{ "aes-128-ctr", "aes_ctr128" }, { "aes-192-ctr", "aes_ctr192" },
	{ "aes-256-ctr", "aes_ctr256" }, { "aes-128-gcm-8", "aes_gcm_a128" },
	{ "aes-192-gcm-8", "aes_gcm_a192" }, { "aes-256-gcm-8", "aes_gcm_a256" },
	{ "aes-128-gcm-12", "aes_gcm_b128" }, { "aes-192-gcm-12", "aes_gcm_b192" },
	{ "aes-256-gcm-12", "aes_gcm_b256" }, { "aes-128-gcm-16", "aes_gcm_c128" },
	{ "aes-192-gcm-16", "aes_gcm_c192" }, { "aes-256-gcm-16", "aes_gcm_c256" },
	{ "null", "null" }, { NULL, NULL } };
static const struct peer_word integs[] = { { "md5", "md5" }, { "sha1", "sha1" },
	{ "sha256", "sha2_256" }, { "sha384", "sha2_384" }, { "sha512", "sha2_512" },
	{ "aes-xcbc", "aes_xcbc" }, { NULL, NULL } };
static const struct name groups[] = { { 5, "dh5" }, { 14, "dh14" }, { 15, "dh15" }, { 16, "dh16" },
	{ 17, "dh17" }, { 18, "dh18" }, { 19, "dh19" }, { 20, "dh20" }, { 21, "dh21" },
	{ 31, "dh31" }, { 0, NULL } };
/* Its IKEv1 knows no curves in Quick Mode. */
static const struct name pfs_groups[] = { { 5, "dh5" }, { 14, "dh14" }, { 15, "dh15" },
	{ 16, "dh16" }, { 17, "dh17" }, { 18, "dh18" }, { 0, NULL } };

static void
begin(struct peer *p)
{
	peer_remark(p, "--- /etc/ipsec.conf ---");
	fputs("config setup\n\tikev1-policy=accept\n\n", p->f);
	peer_secrets_begin(p);
}

/* "@gw.example" for a name, "user@example", "@[key id]", an address as it is. */
static bool
write_ident(FILE *f, const char *before, const struct ident *id, const char *text,
    const char *after)
{
	char buf[ADDR_TEXT];

	switch (id->kind) {
	case IDENT_FQDN:
		fprintf(f, "%s@%s%s", before, text, after);
		return true;
	case IDENT_USER_FQDN:
		fprintf(f, "%s%s%s", before, text, after);
		return true;
	case IDENT_KEY_ID:
		fprintf(f, "%s@[%s]%s", before, text, after);
		return true;
	case IDENT_IPV4:
	case IDENT_IPV6:
		fprintf(f, "%s%s%s", before, addr_print(&id->addr, buf, sizeof(buf)), after);
		return true;
	default:
		return false;
	}
}

static void
write_secret(struct peer *p)
{
	const struct tunnel_group *g = p->group;
	FILE *conf = p->f;

	if (p->secrets == NULL)
		return;
	if (!write_ident(p->secrets, "", &g->local_id, g->local_id.text, ""))
		fputs(p->ours, p->secrets);
	if (!write_ident(p->secrets, " ", &g->remote_id, p->id, ""))
		fprintf(p->secrets, " %s", p->theirs != NULL ? p->theirs : "%any");
	fputs(" : PSK ", p->secrets);
	p->f = p->secrets;
	peer_key_quoted(p);
	p->f = conf;
}

static void
write_phase2(struct peer *p, const struct peer_entry *e)
{
	fprintf(p->f, "\tphase2=%s\n\tphase2alg=", e->ah ? "ah" : "esp");
	for (unsigned i = 0; i < e->n2; i++)
		fprintf(p->f, "%s%s%s%s%s%s", i > 0 ? "," : "",
		    e->p2[i].cipher != NULL ? e->p2[i].cipher : "",
		    e->p2[i].cipher != NULL && e->p2[i].integ != NULL ? "-" : "",
		    e->p2[i].integ != NULL ? e->p2[i].integ : "", e->pfs != NULL ? ";" : "",
		    e->pfs != NULL ? e->pfs : "");
	fprintf(p->f, "\n\tpfs=%s\n", e->pfs != NULL ? "yes" : "no");
}

/* What may be any is the peer itself on its side, and an example on ours. */
static void
write_side(struct peer *p, const struct peer_entry *e, bool ours)
{
	const struct prefix *n = ours ? &e->e->local : &e->e->remote;
	struct prefix example = peer_example(p, peer_entry_family(p, e->e));
	const char *side = ours ? "right" : "left";
	uint16_t port = ours ? e->e->local_port : e->e->remote_port;
	char text[PREFIX_TEXT];

	if (n->addr.family == ADDR_NONE && ours && !e->transport)
		n = &example;
	if (n->addr.family != ADDR_NONE)
		fprintf(p->f, "\t%ssubnet=%s\n", side, prefix_print(n, text, sizeof(text)));
	if (e->e->ip_proto != 0)
		fprintf(p->f, "\t%sprotoport=%u/%u\n", side, e->e->ip_proto, port);
}

static void
write_lifetime(struct peer *p, const char *key, uint32_t s)
{
	if (s != 0)
		fprintf(p->f, "\t%s=%us\n", key, s > LIFE_MAX ? LIFE_MAX : s);
}

static void
write_conn(struct peer *p, const struct peer_entry *e)
{
	const struct tunnel_group *g = p->group;

	fprintf(p->f, "conn %s\n\tikev2=no\n\tauthby=secret\n\tleft=%s\n", e->name,
	    p->theirs != NULL ? p->theirs : "%defaultroute");
	(void)write_ident(p->f, "\tleftid=", &g->remote_id, p->id, "\n");
	fprintf(p->f, "\tright=%s\n", p->ours);
	if (p->policy->listen.port != 500)
		fprintf(p->f, "\trightikeport=%u\n", p->policy->listen.port);
	(void)write_ident(p->f, "\trightid=", &g->local_id, g->local_id.text, "\n");
	write_side(p, e, false);
	write_side(p, e, true);
	fputs("\tike=", p->f);
	for (unsigned i = 0; i < p->n1; i++)
		fprintf(p->f, "%s%s-%s-%s", i > 0 ? "," : "", p->p1[i].cipher, p->p1[i].hash,
		    p->p1[i].group);
	fputc('\n', p->f);
	write_phase2(p, e);
	fprintf(p->f, "\ttype=%s\n", e->transport ? "transport" : "tunnel");
	write_lifetime(p, "ikelifetime", p->p1[0].from->lifetime_s);
	write_lifetime(p, "salifetime", e->e->lifetime_s);
	if (g->dpd_interval_s != 0)
		fprintf(p->f, "\tdpdaction=clear\n\tdpddelay=%u\n\tdpdtimeout=%u\n",
		    g->dpd_interval_s, g->dpd_interval_s * (g->dpd_retries + 1));
	if (!g->nat_t)
		fputs("\tencapsulation=no\n", p->f);
	fputs("\tauto=add\n\n", p->f);
}

static void
group(struct peer *p)
{
	peer_remark(p, "ipsec auto --add %s, then ipsec auto --up %s", p->entries[0].name,
	    p->entries[0].name);
	for (unsigned i = 0; i < p->entry_count; i++)
		write_conn(p, &p->entries[i]);
	write_secret(p);
}

const struct peer_def peer_libreswan = {
	.name = "libreswan",
	.comment = "#",
	.ike_ciphers = ike_ciphers,
	.hashes = hashes,
	.esp_ciphers = esp_ciphers,
	.esp_integs = integs,
	.ah_integs = integs,
	.ike_groups = groups,
	.pfs_groups = pfs_groups,
	.sets_max = PEER_COMBOS_MAX,
	.begin = begin,
	.group = group,
	.end = peer_secrets_end,
};
