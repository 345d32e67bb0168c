/* policy/match.c - which tunnel group a peer lands on before it has shown an identity. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_local.h"

const struct tunnel_group *
policy_match(const struct policy *p, const struct addr *peer, const struct addr *local, size_t from)
{
	for (size_t i = from; i < p->group_count; i++) {
		const struct tunnel_group *g = &p->groups[i];

		if (prefix_has(&g->peer, peer) && prefix_has(&g->local, local))
			return g;
	}
	return NULL;
}
