/*
 * src/ike/explain.c - why a negotiation failed, on which side, and which line mends it: made from
 * its record.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike_local.h"
#include "policy/peer_config.h"

#define ROWS_MAX    256
#define EXPLAIN_MEM (1u << 20)

#define SAY(field, ...) snprintf((field), sizeof(field), __VA_ARGS__)

struct table { /* rows of a comparison, with the texts they point to */
	struct explain_row rows[ROWS_MAX];
	unsigned count;
	struct arena *mem;
};

static const char *
keep(struct arena *mem, const char *s)
{
	return arena_printf(mem, "%s", s);
}

static struct explain_row *
add_row(struct table *t, const struct pl_proposal *p, const struct pl_transform *tr,
    const char *against, int line)
{
	struct explain_row *r;

	if (t->count == ROWS_MAX)
		return NULL;
	r = &t->rows[t->count++];
	*r = (struct explain_row){.proposal = p->number,
	    .transform = tr->number,
	    .against = against,
	    .line = line};
	return r;
}

static void
fill_row(struct table *t, struct explain_row *r, const struct cell *cells, unsigned count,
    const struct why *w)
{
	if (r == NULL)
		return;
	if (count == 0) {
		r->against = NULL;
		r->skipped = keep(t->mem, w->text);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		r->cells[i] = (struct explain_cell){.attribute = cells[i].attribute,
		    .match = cells[i].match,
		    .offered = keep(t->mem, cells[i].received),
		    .wanted = keep(t->mem, cells[i].configured)};
		r->mismatches += !cells[i].match;
	}
	r->cell_count = count;
}

static void
compare_phase1(const struct record *rec, const struct pl_sa *sa, struct table *t)
{
	struct cell cells[CELLS_MAX];

	for (const struct pl_proposal *p = sa->proposals; p != NULL; p = p->next)
		for (const struct pl_transform *tr = p->transforms; tr != NULL; tr = tr->next)
			for (size_t i = 0; rec->group->policies[i] != NULL; i++) {
				const struct isakmp_policy *policy = rec->group->policies[i];
				struct why w = {0};
				unsigned n = negotiate_row1(tr, policy, cells, &w);

				fill_row(t, add_row(t, p, tr, policy->name, policy->line), cells, n,
				    &w);
				if (n == 0)
					break; /* it is as wrong for the next policy */
			}
}

static void
compare_phase2(const struct record *rec, const struct pl_sa *sa, struct table *t)
{
	struct negotiate2 q = {.sa = sa,
	    .entry = rec->p2.entry,
	    .phase1_group = rec->p2.phase1_group,
	    .nat = rec->p2.nat,
	    .ke = rec->p2.ke};
	struct cell cells[CELLS_MAX];

	for (const struct pl_proposal *p = sa->proposals; p != NULL && q.entry != NULL; p = p->next)
		for (const struct pl_transform *tr = p->transforms; tr != NULL; tr = tr->next)
			for (size_t i = 0; q.entry->sets[i] != NULL; i++) {
				const struct transform_set *set = q.entry->sets[i];
				struct why w = {0};
				unsigned n = negotiate_row2(&q, p, tr, set, cells, &w);

				fill_row(t, add_row(t, p, tr, set->name, set->line), cells, n, &w);
				if (n == 0)
					break;
			}
}

static int
nearest_first(const void *a, const void *b)
{
	const struct explain_row *x = a, *y = b;
	unsigned mx = x->against != NULL ? x->mismatches : UINT32_MAX,
		 my = y->against != NULL ? y->mismatches : UINT32_MAX;

	if (mx != my)
		return mx < my ? -1 : 1;
	if (x->proposal != y->proposal)
		return x->proposal < y->proposal ? -1 : 1;
	return x->transform < y->transform ? -1 : x->transform > y->transform;
}

static void
compare(const struct record *rec, struct table *t)
{
	const struct pl_def *def = payload_def(ISAKMP_PL_SA);
	struct pl pl = {.def = def, .type = ISAKMP_PL_SA, .raw = CHUNK(rec->offer, rec->offer_len)};
	struct cur c = cur_from(pl.raw);

	if (rec->offer == NULL || rec->group == NULL || def->get(&c, &pl, t->mem) != IKE_OK)
		return;
	if (rec->phase2)
		compare_phase2(rec, &pl.u.sa, t);
	else
		compare_phase1(rec, &pl.u.sa, t);
	if (t->count > 1)
		qsort(t->rows, t->count, sizeof(t->rows[0]), nearest_first);
	if (t->count > 0 && t->rows[0].against != NULL)
		t->rows[0].nearest = true;
}

/* ---- the peer's words for our algorithms ---- */

/* "aes-256-gcm-16" is strongSwan's "aes256gcm16". */
static const char *
undashed(const char *name, char *buf, size_t n)
{
	size_t at = 0;

	for (; *name != '\0' && at + 1 < n; name++)
		if (*name != '-')
			buf[at++] = *name;
	buf[at] = '\0';
	return buf;
}

static void
swan_phase1(const struct isakmp_policy *p, char *buf, size_t n)
{
	char enc[32];

	snprintf(buf, n, "%s-%s-%s", undashed(p->encryption[0]->name, enc, sizeof(enc)),
	    p->hash[0]->name, peer_config_swan_group(p->group[0]->id));
}

static void
swan_phase2(const struct crypto_map_entry *e, const struct transform_set *s, char *buf, size_t n)
{
	const struct alg_group *pfs = e->pfs == PFS_GROUP ? e->pfs_groups[0] : NULL;
	char enc[32] = "", integ[32] = "";

	if (s->encryption[0] != NULL)
		undashed(s->encryption[0]->name, enc, sizeof(enc));
	if (s->integrity[0] != NULL && s->integrity[0]->auth_id != 0)
		undashed(s->integrity[0]->name, integ, sizeof(integ));
	snprintf(buf, n, "%s%s%s%s%s", enc, enc[0] != '\0' && integ[0] != '\0' ? "-" : "", integ,
	    pfs != NULL ? "-" : "", pfs != NULL ? peer_config_swan_group(pfs->id) : "");
}

/* ASA says "aes", "sha" and "group14". */
static const char *
asa_word(const char *name)
{
	if (strcmp(name, "aes-128") == 0)
		return "aes";
	return strcmp(name, "sha1") == 0 ? "sha" : name;
}

/* "192.168.1.0 255.255.255.0", "any" */
static const char *
asa_network(const struct prefix *p, char *buf, size_t n)
{
	char *slash;

	prefix_print_mask(p, buf, n);
	slash = strchr(buf, '/');
	if (slash != NULL && p->addr.family == ADDR_V4)
		*slash = ' ';
	return buf;
}

/* ---- one function for each kind of failure ---- */

static void
mismatched(const struct explain_row *r, char *buf, size_t n)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < r->cell_count && at < n; i++)
		if (!r->cells[i].match)
			at += (size_t)snprintf(buf + at, n - at,
			    "%s%s: the peer offers %s, we want %s", at == 0 ? "" : "; ",
			    r->cells[i].attribute, r->cells[i].offered, r->cells[i].wanted);
}

static const char *
file_of(const struct record *rec)
{
	return rec->policy != NULL ? rec->policy->file : "policy";
}

static const struct isakmp_policy *
policy_named(const struct record *rec, const char *name)
{
	for (size_t i = 0; rec->group->policies[i] != NULL; i++)
		if (strcmp(rec->group->policies[i]->name, name) == 0)
			return rec->group->policies[i];
	return NULL;
}

static const struct transform_set *
set_named(const struct crypto_map_entry *e, const char *name)
{
	for (size_t i = 0; e->sets[i] != NULL; i++)
		if (strcmp(e->sets[i]->name, name) == 0)
			return e->sets[i];
	return NULL;
}

/* "add what the peer offers to the lists of this row": the keys of the policy file. */
static void
mend_ours(const struct record *rec, const struct explain_row *r, bool phase2, struct explanation *x)
{
	static const struct {
		const char *attribute, *key1, *key2;
	} keys[] = {{"Encryption Algorithm", "encryption", "encryption"},
	    {"Hash Algorithm", "hash", NULL}, {"Group Description", "group", NULL},
	    {"Auth Method", "authentication", NULL},
	    {"Authentication Algorithm", NULL, "integrity"}, {"Encapsulation Mode", NULL, "mode"},
	    {"Protocol", NULL, "protocol"},
	    {"Group Description (PFS)", NULL, "pfs (of the crypto map entry)"},
	    {"Key Exchange payload", NULL, "pfs (of the crypto map entry)"}};
	size_t at = (size_t)SAY(x->mend_ours, "%s:%d: %s \"%s\":", file_of(rec), r->line,
	    phase2 ? "transform set" : "isakmp policy", r->against);

	for (unsigned i = 0; i < r->cell_count; i++)
		for (size_t k = 0; k < ARRAY_LEN(keys) && at < sizeof(x->mend_ours); k++) {
			const char *key = phase2 ? keys[k].key2 : keys[k].key1;

			if (!r->cells[i].match && key != NULL &&
			    strcmp(keys[k].attribute, r->cells[i].attribute) == 0)
				at += (size_t)snprintf(x->mend_ours + at, sizeof(x->mend_ours) - at,
				    " %s takes %s;", key, r->cells[i].offered);
		}
}

static void
explain_proposal1(const struct record *rec, const struct table *t, struct explanation *x)
{
	const struct explain_row *r = t->count > 0 && t->rows[0].nearest ? &t->rows[0] : NULL;
	const struct isakmp_policy *p = r != NULL ? policy_named(rec, r->against) : NULL;
	char text[300], swan[96];

	x->kind = "proposal";
	x->side = "either";
	x->asa_shows =
	    "MM_WAIT_MSG2; \"Received an un-encrypted NO_PROPOSAL_CHOSEN notify message, "
	    "dropping\"";
	x->strongswan_shows = "\"received NO_PROPOSAL_CHOSEN error notify\"";
	if (p == NULL) {
		SAY(x->verdict, "%s",
		    t->count > 0 ?
			"no transform of the peer can be compared with a policy of ours: see the table" :
			"the tunnel group has no isakmp policy, or the offer is empty");
		return;
	}
	mismatched(r, text, sizeof(text));
	SAY(x->verdict,
	    "no phase 1 transform fits; nearest is transform %u against isakmp policy \"%s\": %s",
	    r->transform, r->against, text);
	mend_ours(rec, r, false, x);
	swan_phase1(p, swan, sizeof(swan));
	SAY(x->mend_strongswan, "connections.<name>.proposals = %s", swan);
	SAY(x->mend_asa, "crypto ikev1 policy <n>: encryption %s, hash %s, group %u",
	    asa_word(p->encryption[0]->name), asa_word(p->hash[0]->name), p->group[0]->id);
}

static bool
only_pfs(const struct explain_row *r)
{
	for (unsigned i = 0; i < r->cell_count; i++)
		if (!r->cells[i].match &&
		    strcmp(r->cells[i].attribute, "Group Description (PFS)") != 0 &&
		    strcmp(r->cells[i].attribute, "Key Exchange payload") != 0)
			return false;
	return r->mismatches > 0;
}

static void
explain_pfs(const struct record *rec, struct explanation *x)
{
	const struct crypto_map_entry *e = rec->p2.entry;

	x->kind = "pfs";
	SAY(x->mend_ours, "%s:%d: crypto map entry: pfs = \"any\" accepts what the peer does",
	    file_of(rec), e->line);
	if (e->pfs == PFS_NONE)
		SAY(x->mend_asa, "no crypto map <map> <n> set pfs");
	else
		SAY(x->mend_asa, "crypto map <map> <n> set pfs group%u", e->pfs_groups[0]->id);
}

static void
explain_proposal2(const struct record *rec, const struct table *t, struct explanation *x)
{
	const struct explain_row *r = t->count > 0 && t->rows[0].nearest ? &t->rows[0] : NULL;
	const struct transform_set *set = r != NULL ? set_named(rec->p2.entry, r->against) : NULL;
	char text[300], swan[96];

	x->kind = "proposal";
	x->side = "either";
	x->asa_shows =
	    "\"Received non-routine Notify message: No proposal chosen (14)\" (unverified), "
	    "\"QM FSM error\"";
	x->strongswan_shows = "\"received NO_PROPOSAL_CHOSEN error notify\"; the IKE_SA stays";
	if (set == NULL) {
		SAY(x->verdict,
		    "no phase 2 transform of the peer can be compared with a transform set: %s",
		    t->count > 0 && t->rows[0].skipped != NULL ? t->rows[0].skipped :
								 rec->why.text);
		return;
	}
	mismatched(r, text, sizeof(text));
	SAY(x->verdict,
	    "no phase 2 transform fits; nearest is transform %u against transform set \"%s\": %s",
	    r->transform, r->against, text);
	swan_phase2(rec->p2.entry, set, swan, sizeof(swan));
	SAY(x->mend_strongswan, "connections.<name>.children.<name>.%s_proposals = %s",
	    set->protocol == PROTO_AH ? "ah" : "esp", swan);
	if (only_pfs(r)) {
		explain_pfs(rec, x);
		return;
	}
	mend_ours(rec, r, true, x);
	SAY(x->mend_asa, "crypto ipsec ikev1 transform-set <name> esp-%s esp-%s-hmac",
	    set->encryption[0] != NULL ? asa_word(set->encryption[0]->name) : "null",
	    set->integrity[0] != NULL ? asa_word(set->integrity[0]->name) : "none");
}

static void
explain_key(const struct record *rec, struct explanation *x)
{
	x->kind = "key";
	x->side = "either";
	if (rec->key_found[0] != '\0')
		SAY(x->verdict, "the pre-shared keys differ: %s", rec->key_found);
	else
		SAY(x->verdict, "%s",
		    rec->why.code == IKE_E_AUTH ?
			"the peer's HASH_I does not verify: it is not authenticated, or it hashes something else than it sends" :
			"message 5 decrypts to rubbish: the pre-shared keys differ");
	SAY(x->mend_ours, "%s:%d: tunnel group \"%s\": pre_shared_key", file_of(rec),
	    rec->group->line, rec->group->name);
	SAY(x->mend_asa, "tunnel-group <our address> ipsec-attributes: ikev1 pre-shared-key <key>");
	SAY(x->mend_strongswan, "secrets.ike-<name>.secret = \"<key>\"");
	x->asa_shows = "\"Received an un-encrypted PAYLOAD_MALFORMED notify message, dropping\", "
		       "MM_WAIT_MSG6";
	x->strongswan_shows =
	    "\"ignoring unprotected INFORMATIONAL\", then retransmits of message 3 and "
	    "\"giving up after n retransmits\"";
}

static void
explain_identity(const struct record *rec, struct explanation *x)
{
	x->kind = "identity";
	x->side = "either";
	SAY(x->verdict, "%s", rec->why.text);
	SAY(x->mend_ours, "%s:%d: tunnel group \"%s\": remote_id = \"%s\" or \"any\"", file_of(rec),
	    rec->group->line, rec->group->name, rec->remote_id);
	SAY(x->mend_asa, "crypto isakmp identity address|hostname|key-id <id>");
	SAY(x->mend_strongswan, "connections.<name>.local.id = <what remote_id asks for>");
	x->asa_shows = "MM_WAIT_MSG6, then the SA is torn down";
	x->strongswan_shows = "\"received INVALID_ID_INFORMATION error notify\"";
}

static bool
same_range(const struct prefix *p, const struct addr *low, const struct addr *high)
{
	return p->addr.family == low->family && prefix_has(p, low) && prefix_has(p, high) &&
	    addr_eq(&p->addr, low);
}

static bool
inside_range(const struct prefix *p, const struct addr *low, const struct addr *high)
{
	return p->addr.family == ADDR_NONE || (prefix_has(p, low) && prefix_has(p, high));
}

static bool
around(const struct prefix *p, const struct addr *low, const struct addr *high)
{
	return p->addr.family == low->family && memcmp(low->b, p->addr.b, sizeof(low->b)) <= 0 &&
	    memcmp(high->b, p->addr.b, sizeof(high->b)) >= 0;
}

/* How the offered pair relates to an entry; NULL: it has nothing to do with it. */
static const char *
relation(const struct record_phase2 *p2, const struct crypto_map_entry *e)
{
	bool local_in = inside_range(&e->local, &p2->local_low, &p2->local_high),
	     remote_in = inside_range(&e->remote, &p2->remote_low, &p2->remote_high);

	if (same_range(&e->remote, &p2->local_low, &p2->local_high) &&
	    same_range(&e->local, &p2->remote_low, &p2->remote_high))
		return "are swapped: local and remote are the wrong way round (a mirror error)";
	if (local_in && remote_in)
		return "fit in their addresses, but not in protocol or port";
	if ((local_in || around(&e->local, &p2->local_low, &p2->local_high)) &&
	    (remote_in || around(&e->remote, &p2->remote_low, &p2->remote_high)))
		return "are wider than the entry";
	if (local_in)
		return "differ in the remote (the peer's own) network";
	if (remote_in)
		return "differ in the local (our) network";
	return NULL;
}

static void
explain_proxies(const struct record *rec, struct explanation *x)
{
	const struct crypto_map_entry *entry = NULL;
	const char *how = NULL;
	char local[PREFIX_TEXT], remote[PREFIX_TEXT];

	x->kind = "proxy-identity";
	x->side = "either";
	x->asa_shows =
	    "\"Received non-routine Notify message: Invalid ID info (18)\" (unverified), "
	    "\"QM FSM error\"";
	x->strongswan_shows = "\"received INVALID_ID_INFORMATION error notify\"; the IKE_SA stays";
	for (size_t i = 0; i < rec->group->crypto_map_count && rec->p2.local_proxy[0] != '\0';
	     i++) {
		const char *h = relation(&rec->p2, &rec->group->crypto_map[i]);

		if (entry == NULL || (how == NULL && h != NULL)) {
			entry = &rec->group->crypto_map[i];
			how = h;
		}
	}
	if (entry == NULL) {
		SAY(x->verdict, "%s", rec->why.text);
		return;
	}
	prefix_print_mask(&entry->local, local, sizeof(local));
	prefix_print_mask(&entry->remote, remote, sizeof(remote));
	SAY(x->verdict,
	    "the proxy identities %s: offered remote %s, local %s; configured remote %s, local %s",
	    how != NULL ? how : "match no crypto map entry", rec->p2.remote_proxy,
	    rec->p2.local_proxy, remote, local);
	SAY(x->mend_ours, "%s:%d: crypto map entry: local and remote as the peer offers them%s",
	    file_of(rec), entry->line,
	    how != NULL && strstr(how, "wider") != NULL ? ", or narrow = true" : "");
	SAY(x->mend_asa, "access-list <name> extended permit ip %s %s",
	    asa_network(&entry->remote, remote, sizeof(remote)),
	    asa_network(&entry->local, local, sizeof(local)));
	prefix_print(&entry->local, local, sizeof(local));
	prefix_print(&entry->remote, remote, sizeof(remote));
	SAY(x->mend_strongswan, "connections.<name>.children.<name>: local_ts = %s, remote_ts = %s",
	    remote, local);
}

static void
explain_silence(const struct record *rec, struct explanation *x)
{
	bool wait3 = rec->failed_state != NULL && strcmp(rec->failed_state, "MM_WAIT_MSG3") == 0;

	x->kind = "no-answer";
	x->side = "network";
	if (rec->phase2) {
		SAY(x->verdict,
		    "the peer did not answer our Quick Mode message %s: lost on the way, or refused without a word: %s",
		    rec->initiator ? "1" : "2", rec->why.text);
		x->asa_shows = "QM FSM error, if it refused";
		x->strongswan_shows = "its own reason, if it refused";
		return;
	}
	SAY(x->verdict, "%s: %s",
	    wait3 ?
		"the peer never sent message 3: our message 2 was lost, or it refused the transform we chose" :
		"the peer never sent message 5: our message 4 was lost, it refused our public value, or UDP 4500 is closed on the way (NAT-T)",
	    rec->why.text);
	x->asa_shows = wait3 ? "MM_WAIT_MSG2" :
			       "MM_WAIT_MSG4, or MM_WAIT_MSG6 if its message 5 is lost";
	x->strongswan_shows = "\"sending retransmit n of request message\"";
}

static void
explain_no_group(const struct record *rec, struct explanation *x)
{
	char peer[ADDR_TEXT], local[ADDR_TEXT];

	x->kind = "tunnel-group";
	x->side = "ours";
	addr_print(&rec->remote.addr, peer, sizeof(peer));
	SAY(x->verdict, "no tunnel group takes a peer at %s that dialled %s", peer,
	    addr_print(&rec->local.addr, local, sizeof(local)));
	SAY(x->mend_ours, "%s: tunnel_groups: a group with peer = \"%s\"", file_of(rec), peer);
	x->asa_shows =
	    "MM_WAIT_MSG2; \"Received an un-encrypted NO_PROPOSAL_CHOSEN notify message, "
	    "dropping\"";
	x->strongswan_shows = "\"received NO_PROPOSAL_CHOSEN error notify\"";
}

/* The rest: the peer sent something that cannot be right; our reason says what. */
static void
explain_message(const struct record *rec, struct explanation *x)
{
	x->kind = rec->why.code == IKE_E_BAD_KE ? "key-exchange" : "message";
	x->side = "peer";
	SAY(x->verdict, "%s (%s)",
	    rec->why.text[0] != '\0' ? rec->why.text : "the message was refused",
	    err_text(rec->why.code));
	x->asa_shows = "a retransmission or its own error";
	x->strongswan_shows = "a retransmission, or the error notify that we sent";
}

static void
choose(const struct record *rec, const struct table *t, struct explanation *x)
{
	if (rec->group == NULL)
		explain_no_group(rec, x);
	else if (rec->failed_label == NULL)
		explain_silence(rec, x);
	else if (rec->why.code == IKE_E_NO_PROPOSAL || rec->why.code == IKE_E_ATTRIBUTES)
		(rec->phase2 && rec->p2.entry != NULL ? explain_proposal2 : explain_proposal1)(rec,
		    t, x);
	else if (rec->why.code == IKE_E_DECRYPT || rec->why.code == IKE_E_AUTH)
		explain_key(rec, x);
	else if (rec->why.code == IKE_E_BAD_ID)
		(rec->phase2 ? explain_proxies : explain_identity)(rec, x);
	else
		explain_message(rec, x);
}

static void
asked_for(const struct record *rec, struct explanation *x)
{
	char text[EXPLAIN_TEXT];

	if (rec->faults[0] == NULL)
		return;
	SAY(text, "asked for: fault %s%s%s fired in it", rec->faults[0],
	    rec->faults[1] != NULL ? ", " : "", rec->faults[1] != NULL ? rec->faults[1] : "");
	snprintf(text + strlen(text), sizeof(text) - strlen(text), ". %.250s", x->verdict);
	SAY(x->verdict, "%s", text);
	x->kind = "fault";
	x->side = "ours";
	SAY(x->mend_ours, "ikev1ctl fault clear %s", rec->group != NULL ? rec->group->name : "all");
}

void
ike_explain(const struct record *rec, struct explanation *x, explain_row_fn *fn, void *ctx)
{
	struct table *t;

	*x = (struct explanation){.kind = "none",
	    .side = "",
	    .asa_shows = "",
	    .strongswan_shows = ""};
	if (rec->outcome != RECORD_FAILED) {
		SAY(x->stopped, "%s", rec->outcome == RECORD_UP ? "completed" : "under way");
		return;
	}
	x->failed = true;
	SAY(x->stopped, "%s at %s in %s", rec->phase2 ? "Quick Mode" : "Main Mode",
	    rec->failed_label != NULL ? rec->failed_label : "a time-out", rec->failed_state);
	t = calloc(1, sizeof(*t));
	if (t == NULL || (t->mem = arena_new(EXPLAIN_MEM)) == NULL) {
		free(t);
		SAY(x->verdict, "%s", rec->why.text);
		return;
	}
	compare(rec, t);
	choose(rec, t, x);
	asked_for(rec, x);
	for (unsigned i = 0; i < t->count && fn != NULL; i++)
		fn(ctx, &t->rows[i]);
	arena_free(t->mem);
	free(t);
}
