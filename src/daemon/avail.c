/*
 * avail.c - whether there is what a policy names: its algorithms in the installed OpenSSL, its
 * faults in the catalogue.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "daemon_local.h"

struct check {
	const struct policy *policy;
	struct crypto	    *crypto;
	struct lines	    *mistakes;
	size_t		     found;
};

static void
missing(struct check *c, int line, const char *key, const char *name, const struct why *w)
{
	lines_printf(c->mistakes, "%s:%d: %s \"%s\": not available: %s", c->policy->file, line, key,
	    name, w->text);
	c->found++;
}

static void
check_ciphers(struct check *c, int line, const struct alg_cipher *const *list)
{
	struct why w = {0};

	for (; *list != NULL; list++) {
		if (!crypto_has_cipher(c->crypto, *list, &w))
			missing(c, line, "encryption", (*list)->name, &w);
	}
}

static void
check_hashes(struct check *c, int line, const struct alg_hash *const *list)
{
	struct why w = {0};

	for (; *list != NULL; list++) {
		if (!crypto_has_hash(c->crypto, *list, &w))
			missing(c, line, "hash", (*list)->name, &w);
	}
}

static void
check_groups(struct check *c, int line, const char *key, const struct alg_group *const *list)
{
	char number[8];
	struct why w = {0};

	for (; *list != NULL; list++) {
		snprintf(number, sizeof(number), "%u", (*list)->id);
		if (!crypto_has_group(c->crypto, *list, &w))
			missing(c, line, key, number, &w);
	}
}

static void
check_all(struct check *c)
{
	const struct policy *p = c->policy;

	for (size_t i = 0; i < p->isakmp_policy_count; i++) {
		const struct isakmp_policy *ip = &p->isakmp_policies[i];

		check_ciphers(c, ip->line, ip->encryption);
		check_hashes(c, ip->line, ip->hash);
		check_groups(c, ip->line, "group", ip->group);
	}
	for (size_t i = 0; i < p->transform_set_count; i++)
		check_ciphers(c, p->transform_sets[i].line, p->transform_sets[i].encryption);
	for (size_t i = 0; i < p->group_count; i++) {
		for (size_t k = 0; k < p->groups[i].crypto_map_count; k++) {
			const struct crypto_map_entry *e = &p->groups[i].crypto_map[k];

			check_groups(c, e->line, "pfs", e->pfs_groups);
		}
	}
}

bool
avail_check(const struct policy *p, struct lines *mistakes)
{
	struct check c = {.policy = p, .mistakes = mistakes};
	struct why w = {0};

	if ((c.crypto = crypto_new(&w)) == NULL) {
		lines_printf(mistakes, "OpenSSL: %s", w.text);
		return false;
	}
	if (p->needs_legacy && crypto_use_legacy(c.crypto, &w) != IKE_OK) {
		lines_printf(mistakes, "%s: a legacy cipher is named: %s", p->file, w.text);
		c.found++;
	} else {
		check_all(&c);
	}
	crypto_free(c.crypto);
	return fault_check_policy(p, lines_add, mistakes) && c.found == 0;
}
