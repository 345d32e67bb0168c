/* policy/policy.c - a snapshot of the policy: loading, sharing, freeing. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "policy_local.h"

struct policy *
policy_new(const char *file)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	atomic_init(&p->refs, 1);
	p->file = strdup(file);
	if (p->file != NULL)
		return p;
	free(p);
	return NULL;
}

struct policy *
policy_load(const char *file, policy_report_fn *report, void *ctx)
{
	struct conf reader = { .file = file, .report = report, .ctx = ctx };
	struct policy *p;
	unsigned mode;
	char *text;
	size_t n;

	text = conf_read(&reader, 0, file, CONF_FILE_MAX, &n, &mode);
	if (text == NULL)
		return NULL;
	p = conf_load(text, n, file, mode, report, ctx);
	secret_free(text, n + 1);
	return p;
}

struct policy *
policy_parse(const char *text, const char *name, policy_report_fn *report, void *ctx)
{
	return conf_load(text, strlen(text), name, 0, report, ctx);
}

struct policy *
policy_ref(const struct policy *policy)
{
	/* the count is all that ever changes */
	struct policy *p = (struct policy *)(uintptr_t)policy;

	if (p != NULL)
		(void)atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

static void
group_fini(struct tunnel_group *g)
{
	for (size_t i = 0; i < g->crypto_map_count; i++)
		free(g->crypto_map[i].sets);
	free(g->crypto_map);
	for (size_t i = 0; i < g->fault_count; i++)
		free(g->faults[i].text);
	free(g->faults);
	free(g->policies);
	free(g->name);
	free(g->remote_id.text);
	free(g->local_id.text);
	secret_free(g->psk, g->psk_len);
}

static void
policy_free(struct policy *p)
{
	for (size_t i = 0; i < p->group_count; i++)
		group_fini(&p->groups[i]);
	for (size_t i = 0; i < p->isakmp_policy_count; i++)
		free(p->isakmp_policies[i].name);
	for (size_t i = 0; i < p->transform_set_count; i++)
		free(p->transform_sets[i].name);
	free(p->groups);
	free(p->isakmp_policies);
	free(p->transform_sets);
	free(p->listen.addresses);
	free((char *)(uintptr_t)p->log.file);
	free(p->control_socket);
	free(p->key_export);
	free(p->user);
	free(p->file);
	free(p);
}

void
policy_unref(const struct policy *policy)
{
	struct policy *p = (struct policy *)(uintptr_t)policy;

	if (p != NULL && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
		policy_free(p);
}
