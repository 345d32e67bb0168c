/*
 * tests/unit/policy/test_conf_value.c - identities, prefixes, words and numbers: all that is
 * accepted, and what becomes of it.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect.h"
#include "policy_local.h"
#include "t.h"

#define REST                                                                                                   \
	"isakmp_policies = ( { name = \"p\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; } );\n" \
	"transform_sets = ( { name = \"s\"; encryption = \"aes-256\"; integrity = \"sha1\"; } );\n"

static struct policy *
parse(const char *fmt, const char *value)
{
	static struct collect got;
	char keys[1024], text[2048];
	struct policy *p;

	got.n = 0;
	got.text[0] = '\0';
	snprintf(keys, sizeof(keys), "%s\"%s\"", fmt, value);
	snprintf(text, sizeof(text),
	    "%stunnel_groups = ( { name = \"g\"; pre_shared_key = \"k\"; %s; } );", REST, keys);
	p = policy_parse(text, "F", collect_line, &got);
	if (p == NULL)
		T_FAIL("%s: %s", keys, got.text);
	return p;
}

static void
identities(void)
{
	static const struct {
		const char     *word;
		enum ident_kind kind;
		const char     *text;
	} rows[] = {
	    {"any", IDENT_ANY, NULL},
	    {"ANY", IDENT_ANY, NULL},
	    {"address", IDENT_ADDRESS, NULL},
	    {"192.0.2.1", IDENT_IPV4, NULL},
	    {"2001:db8::1", IDENT_IPV6, NULL},
	    {"::1", IDENT_IPV6, NULL},
	    {"gw.example.com", IDENT_FQDN, "gw.example.com"},
	    {"*.example.com", IDENT_FQDN, "*.example.com"},
	    {"1.2.3.x", IDENT_FQDN, "1.2.3.x"},
	    {"fqdn:gateway", IDENT_FQDN, "gateway"},
	    {"fqdn:192.0.2.1", IDENT_FQDN, "192.0.2.1"},
	    {"fqdn:*.a", IDENT_FQDN, "*.a"},
	    {"me@example.com", IDENT_USER_FQDN, "me@example.com"},
	    {"@", IDENT_USER_FQDN, "@"},
	    {"keyid:a b", IDENT_KEY_ID, "a b"},
	    {"keyid:any", IDENT_KEY_ID, "any"},
	    {"keyid:*.x", IDENT_KEY_ID, "*.x"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy *p = parse("remote_id = ", rows[i].word);

		if (p != NULL) {
			T_EQ(p->groups[0].remote_id.kind, rows[i].kind);
			T_STR(p->groups[0].remote_id.text, rows[i].text);
			T_EQ(p->groups[0].remote_id.addr.family,
			    rows[i].kind == IDENT_IPV4	   ? ADDR_V4 :
				rows[i].kind == IDENT_IPV6 ? ADDR_V6 :
							     ADDR_NONE);
		}
		policy_unref(p);
	}
}

static void
prefixes(void)
{
	static const struct {
		const char *word;
		unsigned    family, bits;
	} rows[] = {
	    {"any", ADDR_NONE, 0},
	    {"0.0.0.0/0", ADDR_V4, 0},
	    {"10.0.0.0/8", ADDR_V4, 8},
	    {"10.1.2.3", ADDR_V4, 32},
	    {"10.1.2.3/32", ADDR_V4, 32},
	    {"::/0", ADDR_V6, 0},
	    {"2001:db8::/32", ADDR_V6, 32},
	    {"2001:db8::1", ADDR_V6, 128},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy *p = parse("peer = ", rows[i].word);

		if (p != NULL) {
			T_EQ(p->groups[0].peer.addr.family, rows[i].family);
			T_EQ(p->groups[0].peer.bits, rows[i].bits);
		}
		policy_unref(p);
	}
}

/* A number may be written as one of its words; words know no case. */
static void
numbers_and_words(void)
{
	static const struct {
		const char *word;
		uint8_t	    proto;
	} rows[] = {{"any", 0}, {"icmp", 1}, {"TCP", 6}, {"udp", 17}, {"gre", 47}, {"icmpv6", 58},
	    {"ospf", 89}, {"sctp", 132}};
	struct policy *p;
	char value[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(value, sizeof(value), "%s\"; } ); dpd = { interval = 1; }; local = \"any",
		    rows[i].word);
		p = parse("crypto_map = ( { protocol = ", value);
		if (p != NULL) {
			T_EQ(p->groups[0].crypto_map[0].ip_proto, rows[i].proto);
			T_EQ(p->groups[0].dpd_interval_s, 1);
			T_EQ(p->groups[0].dpd_retries, 3);
		}
		policy_unref(p);
	}
}

/* A list of one and a word are the same; the order is kept. */
static void
lists(void)
{
	static struct collect got;
	struct policy *p = policy_parse(
	    "isakmp_policies = ( { name = \"p\"; encryption = [ \"3des\", \"AES-256\", \"des\" ]; hash = ( \"md5\" );"
	    " group = ( 5, 2, 1 ); } );"
	    "transform_sets = ( { name = \"s\"; encryption = ( \"aes-256\" ); integrity = [ \"sha\" ]; } );"
	    "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"k\"; isakmp_policies = \"p\";"
	    " crypto_map = ( { pfs = 14; transform_sets = ( \"s\" ); }, { protocol = 6; pfs = [ 15 ]; } ); } );",
	    "F", collect_line, &got);
	const struct isakmp_policy *i;

	if (!T_TRUE(p != NULL)) {
		T_STR(got.text, "");
		return;
	}
	i = p->isakmp_policies;
	T_STR(i->encryption[0]->name, "3des");
	T_STR(i->encryption[1]->name, "aes-256");
	T_STR(i->encryption[2]->name, "des");
	T_TRUE(i->encryption[3] == NULL);
	T_STR(i->hash[0]->name, "md5");
	T_EQ(i->group[0]->id, 5);
	T_EQ(i->group[2]->id, 1);
	T_STR(p->transform_sets[0].integrity[0]->name, "sha1");
	T_EQ(p->groups[0].crypto_map[0].pfs, PFS_GROUP);
	T_EQ(p->groups[0].crypto_map[0].pfs_groups[0]->id, 14);
	T_EQ(p->groups[0].crypto_map[1].pfs_groups[0]->id, 15);
	policy_unref(p);
}

/* Sixteen algorithms fit, one more is a mistake. */
static void
list_is_full(void)
{
	static struct collect got;
	char groups[256] = "", text[2048];
	struct policy *p;
	size_t n = 0;

	for (const struct alg_group *g = alg_groups; g < alg_groups + 17; g++) {
		if (!T_TRUE(g->id != 0))
			return;
		snprintf(text, sizeof(text),
		    "isakmp_policies = ( { name = \"p\"; encryption = \"des\"; hash = \"md5\"; group = [ %s ]; } );"
		    "transform_sets = ( { name = \"s\"; protocol = \"ah\"; integrity = \"md5\"; } );"
		    "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"k\"; } );",
		    groups);
		n += (size_t)snprintf(groups + n, sizeof(groups) - n, "%s%u", n > 0 ? ", " : "",
		    g->id);
	}
	p = policy_parse(text, "F", collect_line, &got);
	if (T_TRUE(p != NULL))
		T_TRUE(p->isakmp_policies[0].group[15] != NULL &&
		    p->isakmp_policies[0].group[16] == NULL);
	policy_unref(p);
	snprintf(text, sizeof(text),
	    "isakmp_policies = ( { name = \"p\"; encryption = \"des\"; hash = \"md5\"; group = [ %s ]; } );"
	    "transform_sets = ( { name = \"s\"; protocol = \"ah\"; integrity = \"md5\"; } );"
	    "tunnel_groups = ( { name = \"g\"; pre_shared_key = \"k\"; } );",
	    groups);
	T_TRUE(policy_parse(text, "F", collect_line, &got) == NULL);
	T_STR(got.text, "F:1: group has too many elements, expected at most 16\n");
}

int
main(void)
{
	T_RUN(identities);
	T_RUN(prefixes);
	T_RUN(numbers_and_words);
	T_RUN(lists);
	T_RUN(list_is_full);
	return T_DONE();
}
