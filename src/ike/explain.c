/*
 * src/ike/explain.c - why a negotiation failed, on which side, and which line mends it: made from
 * its record.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike_local.h"

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

/* "AES-GCM-16-256" is nearer to "AES-CBC-128, AES-GCM-16-128" than to "AES-CBC-256". */
static unsigned
likeness(const char *offered, const char *wanted)
{
	unsigned best = 0;

	for (; wanted != NULL; wanted = strchr(wanted, ' ')) {
		unsigned n = 0;

		wanted += strspn(wanted, " ");
		while (offered[n] != '\0' && offered[n] == wanted[n])
			n++;
		best = n > best ? n : best;
	}
	return best;
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
		    .wanted = keep(t->mem, cells[i].configured),
		    .word = keep(t->mem, cells[i].word)};
		r->mismatches += !cells[i].match;
		if (!cells[i].match)
			r->likeness += likeness(cells[i].received, cells[i].configured);
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
	if (x->likeness != y->likeness)
		return x->likeness > y->likeness ? -1 : 1;
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

static void
explain_proposal1(const struct record *rec, const struct table *t, struct explanation *x)
{
	const struct explain_row *r = t->count > 0 && t->rows[0].nearest ? &t->rows[0] : NULL;
	const struct isakmp_policy *p = r != NULL ? policy_named(rec, r->against) : NULL;
	char text[300];

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
	if (mend_only_peer(r))
		x->side = "peer";
	mend_phase1(rec, r, p, x);
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
explain_proposal2(const struct record *rec, const struct table *t, struct explanation *x)
{
	const struct explain_row *r = t->count > 0 && t->rows[0].nearest ? &t->rows[0] : NULL;
	const struct transform_set *set = r != NULL ? set_named(rec->p2.entry, r->against) : NULL;
	char text[300];

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
	if (mend_only_peer(r))
		x->side = "peer";
	mend_phase2(rec, r, set, only_pfs(r), x);
	if (only_pfs(r)) {
		x->kind = "pfs";
		SAY(x->verdict, "perfect forward secrecy differs, all else fits: %s", text);
	}
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
	SAY(x->mend_ours, "%s:%d: tunnel group \"%s\": pre_shared_key", mend_file(rec),
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
	if (rec->remote_id[0] != '\0' && rec->group->remote_id.kind != IDENT_ANY)
		mend_identity(rec, x);
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

/* How the offered pair relates to an entry, from the nearest to what has nothing to do with it. */
enum relation { FAR, FAMILY, LOCAL_ONLY, REMOTE_ONLY, WIDER, ADDRESSES, SWAPPED };

static const char *const relation_words[] = {[FAR] = "match no crypto map entry",
    [FAMILY] = "are of another address family (IPv4, IPv6) than every crypto map entry",
    [LOCAL_ONLY] = "differ in the remote (the peer's own) network",
    [REMOTE_ONLY] = "differ in the local (our) network",
    [WIDER] = "are wider than the entry",
    [ADDRESSES] = "fit in their addresses, but not in protocol or port",
    [SWAPPED] = "are swapped: local and remote are the wrong way round (a mirror error)"};

static enum relation
relation(const struct record_phase2 *p2, const struct crypto_map_entry *e)
{
	bool local_in = inside_range(&e->local, &p2->local_low, &p2->local_high),
	     remote_in = inside_range(&e->remote, &p2->remote_low, &p2->remote_high);
	uint8_t family = e->local.addr.family != ADDR_NONE ? e->local.addr.family :
							     e->remote.addr.family;

	if (local_in && remote_in)
		return ADDRESSES;
	if (same_range(&e->remote, &p2->local_low, &p2->local_high) &&
	    same_range(&e->local, &p2->remote_low, &p2->remote_high))
		return SWAPPED;
	if ((local_in || around(&e->local, &p2->local_low, &p2->local_high)) &&
	    (remote_in || around(&e->remote, &p2->remote_low, &p2->remote_high)))
		return WIDER;
	if (local_in)
		return LOCAL_ONLY;
	if (remote_in)
		return REMOTE_ONLY;
	return family != ADDR_NONE && family != p2->local_low.family ? FAMILY : FAR;
}

/* The entry that the offer comes nearest to. */
static const struct crypto_map_entry *
nearest_entry(const struct record *rec, enum relation *how)
{
	const struct tunnel_group *g = rec->group;
	const struct crypto_map_entry *best = NULL;
	bool other_family = true;

	*how = FAR;
	for (size_t i = 0; i < g->crypto_map_count; i++) {
		enum relation r = relation(&rec->p2, &g->crypto_map[i]);

		other_family = other_family && r == FAMILY;
		if (best == NULL || (r != FAMILY && r > *how)) {
			best = &g->crypto_map[i];
			*how = r == FAMILY ? FAR : r;
		}
	}
	if (best != NULL && other_family)
		*how = FAMILY;
	return best;
}

static void
explain_proxies(const struct record *rec, struct explanation *x)
{
	const struct crypto_map_entry *entry = NULL;
	char local[PREFIX_TEXT], remote[PREFIX_TEXT], ports[64] = "";
	char offered_local[PROXY_TEXT], offered_remote[PROXY_TEXT];
	struct proxy ours = {.low = rec->p2.local_low,
	    .high = rec->p2.local_high,
	    .ip_proto = rec->p2.ip_proto,
	    .port = rec->p2.local_port};
	struct proxy theirs = {.low = rec->p2.remote_low,
	    .high = rec->p2.remote_high,
	    .ip_proto = rec->p2.ip_proto,
	    .port = rec->p2.remote_port};
	enum relation how;

	x->kind = "proxy-identity";
	x->side = "either";
	x->asa_shows =
	    "\"Received non-routine Notify message: Invalid ID info (18)\" (unverified), "
	    "\"QM FSM error\"";
	x->strongswan_shows = "\"received INVALID_ID_INFORMATION error notify\"; the IKE_SA stays";
	if (rec->p2.proxies)
		entry = nearest_entry(rec, &how);
	if (entry == NULL) {
		SAY(x->verdict, "%s", rec->why.text);
		x->side = "peer";
		return;
	}
	prefix_print_mask(&entry->local, local, sizeof(local));
	prefix_print_mask(&entry->remote, remote, sizeof(remote));
	if (entry->ip_proto != 0)
		SAY(ports, " (protocol %u, ports %u and %u)", entry->ip_proto, entry->remote_port,
		    entry->local_port);
	SAY(x->verdict,
	    "the proxy identities %s: offered remote %s, local %s; configured remote %s, local %s%s",
	    relation_words[how], proxy_print(&theirs, offered_remote, sizeof(offered_remote)),
	    proxy_print(&ours, offered_local, sizeof(offered_local)), remote, local, ports);
	mend_proxies(rec, entry, how == WIDER, x);
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
	SAY(x->mend_ours, "%s: tunnel_groups: a group with peer = \"%s\"", mend_file(rec), peer);
	x->asa_shows =
	    "MM_WAIT_MSG2; \"Received an un-encrypted NO_PROPOSAL_CHOSEN notify message, "
	    "dropping\"";
	x->strongswan_shows = "\"received NO_PROPOSAL_CHOSEN error notify\"";
}

/* An error notify of the peer, which we can believe, ended it. */
static void
explain_refused(const struct record *rec, struct explanation *x)
{
	x->kind = "refused";
	x->side = "either";
	SAY(x->verdict, "%s; its own log has the reason", rec->why.text);
	x->asa_shows = "QM FSM error, and the reason before it";
	x->strongswan_shows = "what it found wrong, then the error notify that it sent";
}

/* Deleted, pushed out by a limit, or its ISAKMP SA went away. */
static void
explain_ended(const struct record *rec, struct explanation *x)
{
	x->kind = "ended";
	x->side = "either";
	SAY(x->verdict,
	    "it was ended before it was complete: deleted by either side, or pushed out by a limit (%s)",
	    rec->why.text);
	x->asa_shows = "the SA is gone; it tries again";
	x->strongswan_shows = "the SA is gone; it tries again";
}

/* A first message that is none of Main Mode. */
static void
explain_knock(const struct record *rec, struct explanation *x)
{
	x->side = "peer";
	SAY(x->verdict, "%s", rec->why.text);
	if (rec->why.code == IKE_E_VERSION) {
		x->kind = "version";
		SAY(x->mend_asa,
		    "crypto map <map> <n> set ikev1 transform-set <name>, and no set ikev2 ...");
		SAY(x->mend_strongswan, "connections.<name>.version = 1");
		x->asa_shows = "retransmits of IKE_SA_INIT (unverified)";
		x->strongswan_shows = "\"sending retransmit n of request message ID 0\"";
	} else if (rec->why.code == IKE_E_EXCHANGE) {
		x->kind = "exchange";
		SAY(x->mend_asa, "crypto map <map> <n> set ikev1 phase1-mode main");
		SAY(x->mend_strongswan, "connections.<name>.aggressive = no");
		x->asa_shows = "AM_WAIT_MSG2";
		x->strongswan_shows = "\"received INVALID_EXCHANGE_TYPE error notify\"";
	} else {
		x->kind = "message";
		x->asa_shows = "MM_WAIT_MSG2";
		x->strongswan_shows = "the error notify that we sent, or a retransmission";
	}
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
	if (rec->knock != NULL)
		explain_knock(rec, x);
	else if (rec->why.code == IKE_E_LIMIT)
		explain_ended(rec, x);
	else if (rec->group == NULL && rec->why.code == IKE_E_NO_PROPOSAL)
		explain_no_group(rec, x);
	else if (rec->failed_label != NULL && strcmp(rec->failed_label, "INFO") == 0)
		explain_refused(rec, x);
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

static struct fault_show
catalogued(const char *name)
{
	for (size_t i = 0; i < fault_count(); i++)
		if (strcmp(fault_show(fault_row(i)).name, name) == 0)
			return fault_show(fault_row(i));
	return (struct fault_show){.wire = "", .asa = "", .strongswan = ""};
}

/* A fault is at work, whatever became of the negotiation here: the peer may have failed alone. */
static void
asked_for(const struct record *rec, struct explanation *x)
{
	struct fault_show show;
	char text[EXPLAIN_TEXT];

	if (rec->faults[0] == NULL)
		return;
	show = catalogued(rec->faults[0]);
	SAY(text, "asked for: fault %s%s%s fired in it: %s", rec->faults[0],
	    rec->faults[1] != NULL ? ", " : "", rec->faults[1] != NULL ? rec->faults[1] : "",
	    show.wire);
	if (x->verdict[0] != '\0' && strstr(rec->why.text, "on demand") == NULL)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ". %.250s", x->verdict);
	SAY(x->verdict, "%s", text);
	x->kind = "fault";
	x->side = "ours";
	x->asa_shows = show.asa;
	x->strongswan_shows = show.strongswan;
	x->mend_asa[0] = x->mend_strongswan[0] = '\0';
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
		asked_for(rec, x);
		return;
	}
	x->failed = true;
	if (rec->knock != NULL)
		SAY(x->stopped, "%s at its first message", rec->knock);
	else
		SAY(x->stopped, "%s at %s in %s", rec->phase2 ? "Quick Mode" : "Main Mode",
		    rec->failed_label != NULL ? rec->failed_label : "a time-out",
		    rec->failed_state);
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
