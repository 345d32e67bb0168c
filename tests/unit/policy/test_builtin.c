/*
 * tests/unit/policy/test_builtin.c - the built-in policy and the example files are what they say.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>

#include "collect.h"
#include "policy_local.h"
#include "t.h"
#include "wire/isakmp.h"

#define MINIMAL                                                                                     \
	"isakmp_policies = ( { name = \"aes256\"; encryption = \"aes-256\"; hash = \"sha256\"; group = 14; } );\n" \
	"transform_sets = ( { name = \"esp-aes256\"; encryption = \"aes-256\"; integrity = \"sha1\"; } );\n"   \
	"tunnel_groups = ( { name = \"asa-hq\"; peer = \"203.0.113.10\"; pre_shared_key = \"cisco123\";\n"     \
	"  crypto_map = ( { local = \"172.16.1.0/24\"; remote = \"192.168.1.0/24\"; } );\n"                   \
	"  dpd = { interval = 10; }; } );\n"

static struct collect got;
static struct folder dir;

static void
offers(const struct isakmp_policy *p, const char *cipher, const char *hash, unsigned group,
    bool want)
{
	bool c = false, h = false, g = false;

	for (size_t i = 0; p->encryption[i] != NULL; i++)
		c |= strcmp(p->encryption[i]->name, cipher) == 0;
	for (size_t i = 0; p->hash[i] != NULL; i++)
		h |= strcmp(p->hash[i]->name, hash) == 0;
	for (size_t i = 0; p->group[i] != NULL; i++)
		g |= p->group[i]->id == group;
	if ((c && h && g) != want)
		T_FAIL("%s %s %u: accepted is %d", cipher, hash, group, !want);
}

static void
builtin(void)
{
	static const char *const ciphers[] = { "aes-256", "aes-192", "aes-128" };
	static const char *const hashes[] = { "sha1", "sha256", "sha384", "sha512" };
	static const unsigned groups[] = { 14, 15, 16, 19, 20, 21, 31 };
	struct policy *p;
	const struct isakmp_policy *i;

	got.n = 0;
	got.text[0] = '\0';
	p = policy_builtin(collect_line, &got);
	T_STR(got.text, "");
	if (!T_TRUE(p != NULL) || !T_EQ(p->group_count, 1) || !T_EQ(p->isakmp_policy_count, 1))
		return;
	T_TRUE(p->diagnose_psk);
	i = p->isakmp_policies;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++)
		for (size_t h = 0; h < ARRAY_LEN(hashes); h++)
			for (size_t g = 0; g < ARRAY_LEN(groups); g++)
				offers(i, ciphers[c], hashes[h], groups[g], true);
	offers(i, "3des", "sha1", 14, false);
	offers(i, "des", "sha1", 14, false);
	offers(i, "aes-256", "md5", 14, false);
	offers(i, "aes-256", "sha1", 2, false);
	offers(i, "aes-256", "sha1", 5, false);
	T_EQ(p->needs_legacy, false);
	T_EQ(p->groups[0].peer.addr.family, ADDR_NONE);
	T_EQ(p->groups[0].remote_id.kind, IDENT_ANY);
	T_MEM(p->groups[0].psk, p->groups[0].psk_len, policy_builtin_key(),
	    strlen(policy_builtin_key()));
	T_EQ(p->groups[0].crypto_map[0].pfs, PFS_ANY);
	T_EQ(p->groups[0].crypto_map[0].local.addr.family, ADDR_NONE);
	for (size_t s = 0; s < p->transform_set_count; s++)
		T_EQ(p->transform_sets[s].mode, MODE_ANY);
	T_EQ(p->listen.port, 500);
	T_STR(p->control_socket, "/run/ikev1d/control.sock");
	T_STR(p->file, "built-in policy");
	policy_unref(p);
}

/* The comment names one line that adds what is old: take its "# ," away and it does. */
static void
builtin_old_algorithms(void)
{
	static char text[8192];
	const char *from = policy_builtin_text(), *comment;
	struct policy *p;

	got.n = 0;
	got.text[0] = '\0';
	text[0] = '\0';
	while ((comment = strstr(from, "# , {")) != NULL) {
		strncat(text, from, (size_t)(comment - from));
		from = comment + 1;
	}
	strncat(text, from, sizeof(text) - strlen(text) - 1);
	p = policy_parse(text, "built-in policy", collect_line, &got);
	T_STR(got.text, "");
	if (!T_TRUE(p != NULL) || !T_EQ(p->isakmp_policy_count, 2))
		return;
	offers(&p->isakmp_policies[1], "3des", "md5", 2, true);
	offers(&p->isakmp_policies[1], "des", "sha1", 5, true);
	T_EQ(p->transform_set_count, 3);
	T_EQ(p->needs_legacy, true);
	policy_unref(p);
}

/* ---- conf/ ---- */

static size_t
slurp(const char *file, char *buf, size_t n)
{
	FILE *f = fopen(file, "re");
	size_t got_n = f != NULL ? fread(buf, 1, n - 1, f) : 0;

	buf[got_n] = '\0';
	if (f != NULL)
		fclose(f);
	return got_n;
}

/* A checkout has the examples readable by all, so load a copy that is not. */
static struct policy *
load_example(const char *name)
{
	static char text[65536];
	char path[300];
	struct policy *p;
	size_t n;

	snprintf(path, sizeof(path), "conf/%s", name);
	n = slurp(path, text, sizeof(text));
	T_TRUE(n > 0);
	T_TRUE(folder_write(&dir, "a.conf", text, n, 0600));
	got.n = 0;
	got.text[0] = '\0';
	p = policy_load(folder_file(&dir, "a.conf"), collect_line, &got);
	T_STR(got.text, "");
	if (!T_TRUE(p != NULL))
		T_FAIL("that was %s", path);
	return p;
}

static void
examples(void)
{
	DIR *d = opendir("conf");
	const struct dirent *e;
	unsigned count = 0;

	if (d == NULL) {
		T_FAIL("no folder conf here: run from the top of the project");
		return;
	}
	while ((e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n < 6 || strcmp(e->d_name + n - 5, ".conf") != 0)
			continue;
		policy_unref(load_example(e->d_name));
		count++;
	}
	closedir(d);
	T_TRUE(count >= 6);
}

/* Every key stands in ikev1d.conf, live or in a comment that begins with it. */
static void
named_in(const char *text, const struct conf_item *items)
{
	char want[64];

	for (; items->key != NULL; items++) {
		bool found = false;

		snprintf(want, sizeof(want), "%s = ", items->key);
		for (const char *p = text; !found && (p = strstr(p, want)) != NULL; p++)
			found = p == text || p[-1] == ' ' || p[-1] == '\n';
		if (!found)
			T_FAIL("conf/ikev1d.conf does not show %s", items->key);
		if (items->sub != NULL)
			named_in(text, items->sub);
	}
}

static void
example_has_every_key(void)
{
	static char text[65536];

	T_TRUE(slurp("conf/ikev1d.conf", text, sizeof(text)) > 0);
	named_in(text, conf_top);
}

/*
 * What ikev1d.conf shows as defaults are the defaults: without those keys the policy is the same.
 */
static void
example_shows_defaults(void)
{
	struct policy *shown = load_example("ikev1d.conf"), *minimal;
	static struct collect a, b;

	minimal = policy_parse(MINIMAL, "F", collect_line, &got);
	if (T_TRUE(shown != NULL) && T_TRUE(minimal != NULL)) {
		policy_dump(shown, collect_line, &a);
		policy_dump(minimal, collect_line, &b);
		T_STR(a.text, b.text);
	}
	policy_unref(shown);
	policy_unref(minimal);
}

static void
legacy_example(void)
{
	struct policy *p = load_example("lab-legacy.conf");

	if (p == NULL)
		return;
	T_EQ(p->needs_legacy, true);
	offers(&p->isakmp_policies[0], "3des", "sha1", 2, true);
	offers(&p->isakmp_policies[1], "des", "md5", 1, true);
	policy_unref(p);
}

static void
many_groups_example(void)
{
	static const struct {
		const char *peer, *local, *group;
	} rows[] = {
	    {"203.0.113.10", "192.0.2.1", "partner"},
	    {"198.51.100.77", "192.0.2.1", "branches"},
	    {"10.0.0.1", "192.0.2.2", "rekey-test"},
	    {"10.0.0.1", "192.0.2.3", "l2tp"},
	    {"10.0.0.1", "192.0.2.9", "any"},
	    {"2001:db8::1", "2001:db8::2", "any"},
	};
	struct policy *p = load_example("lab-many-groups.conf");
	const struct tunnel_group *g;
	struct addr peer, local;

	for (size_t i = 0; p != NULL && i < ARRAY_LEN(rows); i++) {
		T_TRUE(addr_parse(rows[i].peer, &peer) && addr_parse(rows[i].local, &local));
		g = policy_match(p, &peer, &local, 0);
		T_STR(g != NULL ? g->name : NULL, rows[i].group);
	}
	policy_unref(p);
}

int
main(void)
{
	static const char *const files[] = { "a.conf", NULL };

	if (!folder_make(&dir)) {
		printf("Bail out! no folder under /tmp\n");
		return EXIT_FAILURE;
	}
	T_RUN(builtin);
	T_RUN(builtin_old_algorithms);
	T_RUN(examples);
	T_RUN(example_has_every_key);
	T_RUN(example_shows_defaults);
	T_RUN(legacy_example);
	T_RUN(many_groups_example);
	folder_remove(&dir, files);
	return T_DONE();
}
