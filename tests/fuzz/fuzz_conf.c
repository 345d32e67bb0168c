/*
 * tests/fuzz/fuzz_conf.c - a policy file of any octets: refused in single lines, or loaded and then
 * printed as a file that loads again and prints the same.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/policy/policy_local.h"

#define FUZZ_LAW(cond)                                                                              \
	do {                                                                                        \
		if (!(cond)) {                                                                      \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #cond);    \
			abort();                                                                    \
		}                                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct report {
	unsigned mistakes, warnings;
};

static void
judge(void *ctx, const char *line)
{
	struct report *r = ctx;

	FUZZ_LAW(strncmp(line, "F:", 2) == 0);
	for (const char *p = line; *p != '\0'; p++)
		FUZZ_LAW((unsigned char)*p >= ' ' && *p != 0x7f);
	FUZZ_LAW(strstr(line, "\001key") == NULL);
	/* behind the place; what is quoted may say anything */
	line += 2 + strspn(line + 2, "0123456789:");
	if (strncmp(line, " warning: ", 10) == 0)
		r->warnings++;
	else
		r->mistakes++;
}

static void
keep(void *ctx, const char *line)
{
	FILE *f = ctx;

	fprintf(f, "%s\n", line);
}

/* The dump as one text, to be freed. */
static char *
dump(const struct policy *p)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	FUZZ_LAW(f != NULL);
	policy_dump(p, keep, f);
	FUZZ_LAW(fclose(f) == 0);
	return text;
}

/* What a policy promises to those who read it without looking twice. */
static void
sound(const struct policy *p)
{
	FUZZ_LAW(p->group_count > 0 && p->isakmp_policy_count > 0 && p->transform_set_count > 0);
	FUZZ_LAW(p->listen.count > 0 && p->listen.port != 0 && p->listen.nat_t_port != 0);
	FUZZ_LAW(p->user != NULL && p->control_socket != NULL);
	for (size_t i = 0; i < p->isakmp_policy_count; i++) {
		const struct isakmp_policy *ip = &p->isakmp_policies[i];

		FUZZ_LAW(ip->name != NULL && ip->encryption[0] != NULL && ip->hash[0] != NULL);
		FUZZ_LAW(ip->group[0] != NULL);
	}
	for (size_t i = 0; i < p->transform_set_count; i++) {
		const struct transform_set *s = &p->transform_sets[i];

		FUZZ_LAW(s->name != NULL && (s->encryption[0] != NULL || s->integrity[0] != NULL));
		FUZZ_LAW(s->encryption[0] == NULL || s->encryption[0]->icv != 0 ||
		    s->integrity[0] != NULL);
	}
	for (size_t i = 0; i < p->group_count; i++) {
		const struct tunnel_group *g = &p->groups[i];

		FUZZ_LAW(g->name != NULL && g->psk_len > 0 && g->policies[0] != NULL);
		FUZZ_LAW(g->crypto_map_count > 0 && g->local_id.kind != IDENT_ANY);
		for (size_t j = 0; j < g->crypto_map_count; j++) {
			FUZZ_LAW(g->crypto_map[j].sets[0] != NULL);
			FUZZ_LAW((g->crypto_map[j].pfs == PFS_GROUP) ==
			    (g->crypto_map[j].pfs_groups[0] != NULL));
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct report r = { 0, 0 }, again = { 0, 0 };
	char *text = malloc(n + 1), *first, *second;
	struct policy *p, *q;

	FUZZ_LAW(text != NULL);
	if (n > 0)
		memcpy(text, data, n);
	text[n] = '\0';
	p = conf_load(text, n, "F", 0, judge, &r);
	free(text);
	FUZZ_LAW((p == NULL) == (r.mistakes > 0));
	if (p == NULL)
		return 0;
	sound(p);
	first = dump(p);
	q = policy_parse(first, "F", judge, &again);
	FUZZ_LAW(q != NULL);
	second = dump(q);
	FUZZ_LAW(strcmp(first, second) == 0);
	free(first);
	free(second);
	policy_unref(p);
	policy_unref(q);
	return 0;
}
