/* src/ike/ike_local.h - what the files of the engine share among themselves. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IKE_LOCAL_H
#define IKE_LOCAL_H

#include <sys/queue.h>

/*
 * A table that cannot grow loses no entry: uthash then only gets slower, or reports the failed
 * insert.
 */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = table_hash((keyptr), (keylen)))
#include <uthash.h>

#include "base/hexdump.h"
#include "base/log.h"
#include "base/secret.h"
#include "crypto/keymat.h"
#include "fsm.h"
#include "ike/ike.h"
#include "ike/record.h"

#define DIGEST_LEN 16 /* octets kept of a datagram's hash to know it again */
#define NONCE_LEN 32 /* ours, octets; RFC 2409 5 allows 8 to 256 */
#define NONCE_MIN 8
#define NONCE_MAX 256
#define LINGER_MS 30000 /* how long an ended negotiation answers duplicates */
#define RESEND_FIRST_MS 2000 /* then doubled */
#define RESEND_TRIES 5
#define DPD_RETRY_MS 2000
#define REKEYED_KEEP_MS 10000 /* an ISAKMP SA whose children moved on; as strongSwan's responder */
#define NOTIFY_SPI_LEN 16 /* both cookies */
#define SPI_LEN 4
#define SPI_MIN 256u /* RFC 2407 4.6.1, RFC 4303 2.1 */
#define INFO_KEPT 64 /* informational messages known again, besides DPD's, which are numbered */
#define QUICK_KEPT 512 /* first messages of Quick Modes known again, at most */
#define UNPROVEN_LINES 8 /* received messages logged between two that prove the peer */

/* ---- timers (timer.c): one heap for each engine ---- */

struct timer {
	uint64_t due_ms;
	unsigned slot; /* place in the heap + 1; 0: not running */
	void (*fire)(void *owner);
	void *owner;
};
struct timers {
	struct timer **heap;
	unsigned n, cap, reserved; /* running, room for, made */
};

/*
 * Make a timer, with room in the heap for it: false when memory is out. timer_fini() gives it back.
 */
bool timer_init(struct ike *, struct timer *, void (*fire)(void *owner), void *owner) MUST_USE;
void timer_fini(struct ike *, struct timer *);
/* (Re)start. */
void timer_set(struct ike *, struct timer *, uint64_t after_ms);
void timer_stop(struct ike *, struct timer *);
uint64_t timer_next(const struct timers *);
void timers_run(struct ike *);
void timers_fini(struct timers *);

/* ---- objects ---- */

struct proxy { /* an identity of Quick Mode, RFC 2407 4.6.2; n == 0: none was sent */
	uint8_t body[4 + 32]; /* as on the wire: kind, protocol, port, data */
	uint8_t n;
	uint8_t ip_proto;
	uint16_t port;
	struct addr low, high; /* the range of addresses it stands for */
};

struct choice1;
struct choice2;

struct handshake { /* what phase 1 needs until it is done */
	uint8_t *sai_b; /* body of the initiator's SA payload */
	size_t sai_len;
	uint8_t ni[NONCE_MAX], nr[NONCE_LEN];
	size_t ni_len;
	uint8_t *gxi, *gxr; /* public values, group->public_len octets each */
	struct dh *dh;
	struct secret skeyid; /* once keyed */
	bool keyed;
	bool initial_contact; /* the peer said so in message 5 */
	uint8_t *idr_b; /* our identity as hashed */
	size_t idr_len;
	struct choice1 *choice; /* in the step's arena, between reading message 1 and building 2 */
};

struct kept { /* the last request and what it was answered with; sent again octet for octet */
	uint8_t request[DIGEST_LEN];
	bool known; /* request is valid */
	uint8_t *message; /* ISAKMP message without marker, owned; NULL: nothing is said */
	size_t n;
	const char *label; /* of the message: "MM2" */
};

struct source { /* an address with half-open SAs */
	uint8_t key[DIGEST_LEN];
	unsigned half_open;
	TAILQ_HEAD(, sa) list; /* oldest first */
	UT_hash_handle hh;
};

struct peer { /* established SAs of one identity at one address */
	uint8_t key[DIGEST_LEN];
	LIST_HEAD(, sa) list; /* newest first */
	UT_hash_handle hh;
};

struct sa { /* an ISAKMP SA, from its first message on */
	struct ike *ike;
	enum ike_state state; /* written by fsm.c alone */
	uint8_t cky_i[ISAKMP_COOKIE_LEN], cky_r[ISAKMP_COOKIE_LEN];
	struct path path;
	struct log_who who;
	const struct policy *policy; /* reference */
	const struct tunnel_group *group;
	const struct isakmp_policy *chosen;
	const struct alg_cipher *cipher;
	const struct alg_hash *hash;
	const struct alg_group *dh_group;
	uint16_t auth;
	uint32_t offered_s, offered_kb, life_s, life_kb;
	unsigned caps; /* vendor ids seen: enum vid_cap */
	unsigned natt; /* the dialect in use, 0: none */
	bool nat_local, nat_remote;
	bool rekeyed; /* a newer SA took its children */
	uint64_t born_ms, heard_ms; /* first message; last fresh one */
	struct handshake *hs; /* NULL once established */
	struct secret skeyid_d, skeyid_a, key;
	uint8_t iv[ALG_MAX_BLOCK]; /* last phase 1 block */
	struct kept kept;
	/* beginnings of digests: some peers' message ids are small and come again */
	uint64_t info_seen[INFO_KEPT];
	unsigned info_next;
	struct kept info_kept; /* the last DPD request and its acknowledgement */
	uint8_t *id_body; /* the peer's identity as sent, owned */
	size_t id_len;
	uint32_t dpd_seq; /* of the last probe sent */
	uint32_t dpd_peer_seq; /* the highest one received */
	bool dpd_peer_seen;
	unsigned dpd_unanswered;
	uint64_t octets; /* protected, both ways */
	struct timer life, dpd, keepalive;
	struct history history;
	uint64_t *quick_seen; /* of authenticated first messages, the same; owned */
	unsigned quick_count, quick_next;
	unsigned unproven; /* received messages logged since one that proved the peer */
	char *last_error; /* owned, NULL: none */
	struct record *rec; /* of phase 1 while it runs; NULL: over, or no memory */
	struct source *source; /* while half-open */
	struct peer *peer; /* while established */
	TAILQ_ENTRY(sa) of_source, half_open;
	LIST_ENTRY(sa) of_peer;
	LIST_HEAD(, xchg) xchgs;
	LIST_HEAD(, child) children;
	LIST_HEAD(, late) lates; /* asked for by faults */
	unsigned xchg_count, child_count;
	struct {
		uint8_t digest[DIGEST_LEN];
	} first_key; /* finds the SA of a repeated first message */
	UT_hash_handle hh_cookie, hh_first;
};

struct offer2 { /* the phase 2 transform agreed upon */
	uint8_t proposal_number, transform_number, transform_id, protocol;
	const struct alg_cipher *cipher;
	const struct alg_integ *integ;
	const struct alg_group *pfs;
	uint16_t encap;
	uint32_t offered_s, offered_kb, life_s, life_kb;
};

struct child { /* an IPsec SA pair */
	struct ike *ike;
	struct sa *sa; /* NULL until it stands */
	LIST_ENTRY(child) of_sa;
	const struct policy *policy; /* reference, keeps entry alive */
	const struct crypto_map_entry *entry;
	struct offer2 offer;
	uint32_t spi_in, spi_out;
	struct proxy local, remote;
	struct addr oa_local, oa_remote; /* NAT-OA of the peers, RFC 3947 5.2 */
	uint32_t msgid;
	bool initiator, rekeyed;
	bool rekey_wanted; /* by us, as soon as the one before is through */
	uint64_t born_ms;
	struct timer life;
	UT_hash_handle hh_spi;
};

struct quick { /* what a Quick Mode needs until it is done */
	uint8_t ni[NONCE_MAX], nr[NONCE_MAX];
	size_t ni_len, nr_len;
	struct dh *dh; /* ours, with PFS */
	uint8_t *peer_ke; /* the peer's public value */
	size_t peer_ke_len;
	struct child *child; /* under construction, owned */
	uint8_t protocol; /* of the offer, for the refusal: its SPI in network order beside it */
	uint32_t peer_spi;
	struct choice2 *choice; /* in the step's arena, between reading message 1 and building 2 */
};

struct xchg { /* a Quick Mode on an SA */
	struct sa *sa;
	LIST_ENTRY(xchg) of_sa;
	enum ike_state state; /* written by fsm.c alone */
	uint32_t msgid;
	bool initiator;
	struct path path; /* of its last message */
	uint8_t iv[ALG_MAX_BLOCK];
	struct kept kept;
	struct timer timer;
	unsigned tries;
	struct quick *qm; /* NULL once done */
	struct history history;
	struct record *rec; /* while it runs */
};

struct step { /* everything a handler may touch */
	struct ike *ike;
	struct sa *sa;
	struct xchg *x; /* NULL in phase 1 and informational steps */
	struct path path; /* where the message came from and the answer goes */
	const struct msg *in; /* NULL for KICK and TIMEOUT */
	struct msg *out; /* NULL in an "in" handler */
	struct arena *mem; /* dies with this step */
	struct why why;
	uint8_t request[DIGEST_LEN]; /* of the datagram */
	uint8_t last_block[ALG_MAX_BLOCK]; /* of its ciphertext */
	bool authenticated; /* the HASH verified */
	bool numbered; /* a sequence number tells copies of it */
	bool fresh; /* and it can be no replay: it answers something new of ours, or counts on */
	bool told; /* the handler has logged the reason in words of its own */
	bool end_sa; /* a handler's wish: the SA is over once the step is */
};

struct diagnosis;

struct ike {
	uint8_t worker;
	struct crypto *crypto;
	struct ike_ports ports;
	const struct policy *policy;
	struct fault_room *faults; /* NULL: none */
	struct counters counters;
	struct log_limiter *limiter;
	struct arena *mem;
	struct timers timers;
	struct timer housekeeping; /* limiter's sums */
	uint8_t seed[DIGEST_LEN]; /* of the keys that peers have a say in */
	struct sa *by_cookie, *by_first;
	struct source *sources;
	struct peer *peers;
	struct child *by_spi; /* ours, inbound */
	struct ring *rings; /* records of finished negotiations, by tunnel group */
	struct record *now; /* of the negotiation that the step at hand belongs to */
	TAILQ_HEAD(, sa) half_open; /* oldest first */
	unsigned half_open_count, established_count, xchg_count, child_count;
	struct diagnosis *diagnosis; /* of a key mismatch, under way */
	uint64_t notify_window_ms; /* unprotected notifies: tokens of this second */
	uint32_t notify_sent;
	uint8_t tx[ISAKMP_NON_ESP_LEN + ISAKMP_DATAGRAM_MAX + ALG_MAX_BLOCK];
};

#define COUNT(ike, name) ((ike)->counters.n[CNT_##name]++)

unsigned table_hash(const void *key, size_t n);

uint64_t ike_now(const struct ike *);
/* Tell the peer of every SA that ends, then end them. */
void ike_end_with_deletes(struct sa *);

/* The HASH of an answer that the row asks for, over the payloads after it (fsm.c). */
enum ike_err fsm_hash_out(struct step *, const struct fsm_row *, struct chunk rest,
    uint8_t *out) MUST_USE;

/* What phase 1 is made from: the policy's, unless a fault is set (fsm.c). */
enum ike_err fsm_psk(struct sa *, struct chunk *) MUST_USE;
enum ike_err fsm_local_id(struct sa *, struct ident *) MUST_USE;

/* ---- taps.c ---- */

/* The same number for all messages of a negotiation; msgid 0: phase 1. */
uint64_t taps_negotiation(const uint8_t *cky_i, uint32_t msgid);
struct fault_key taps_key(struct sa *, const struct xchg *, const struct path *, const char *label);
void taps_fired(struct record *, const struct fault_hit *);
void taps_later(struct step *, const struct fault_asks *); /* do it FAULT_LATER_MS from now */
void taps_forget(struct sa *); /* what was to be done */

/* ---- sa.c ---- */

/*
 * A half-open SA for a first message; NULL when memory is out. Limits are kept by dropping the
 * oldest.
 */
struct sa *sa_new(struct ike *, const struct path *, const uint8_t *cky_i);
void sa_free(struct sa *); /* with exchanges and children; no message is sent */
struct sa *sa_find(struct ike *, const uint8_t *cky_i, const uint8_t *cky_r);
struct sa *sa_find_first(struct ike *, const uint8_t *cky_i, const struct addr *);
void sa_set_group(struct sa *, const struct tunnel_group *);
/* Phase 1 is done: leave the half-open tables, join the peer's SAs; hs is freed. */
enum ike_err sa_establish(struct sa *) MUST_USE;
/* The newest other established SA of the same identity and address, NULL: none. */
struct sa *sa_sibling(struct sa *);
void sa_handshake_free(struct sa *);
/* The authenticated message came from here: follow the peer. */
void sa_moved(struct sa *, const struct path *);
bool sa_established(const struct sa *);
/* A Quick Mode began with a datagram of this digest; is it one of those? */
void sa_quick_note(struct sa *, const uint8_t *digest);
bool sa_quick_seen(const struct sa *, const uint8_t *digest);
/* Protected octets went by; an SA whose lifetime in kilobytes is over expires at the next tick. */
void sa_count_octets(struct sa *, size_t n);
/* Remember the last refusal in words. */
void sa_error(struct sa *, const struct why *);

/* ---- xchg.c ---- */
struct xchg *xchg_new(struct sa *, const struct path *, uint32_t msgid, bool initiator);
void xchg_free(struct xchg *);
struct xchg *xchg_find(struct sa *, uint32_t msgid);
void xchg_quick_free(struct xchg *);
/* Remember a request (NULL: none) with its answer; or replace the answer alone. */
void kept_set(struct kept *, const uint8_t *request, struct chunk message);
void kept_answer(struct kept *, const char *label, struct chunk message);
void kept_free(struct kept *);

/* ---- child.c ---- */
struct child *child_new(struct ike *, const struct policy *, const struct crypto_map_entry *);
void child_free(struct child *); /* quietly; also one not yet attached */
void child_attach(struct child *, struct sa *); /* it stands: counted, its lifetime runs */
void child_move(struct child *, struct sa *to);
/* KEYMAT of one direction: cipher key, salt, integrity key. */
size_t child_key_octets(const struct offer2 *);
struct child *child_find_spi(struct sa *, uint8_t protocol, uint32_t spi);

/* ---- record.c ---- */
/*
 * A record of a negotiation; NULL when memory is out: then it has none, and all calls below do
 * nothing.
 */
struct record *record_begin(struct ike *, const struct path *, const uint8_t *cky_i,
    const uint8_t *cky_r);
/* A message (m: its payloads, NULL: unreadable) of so many octets; state: ours when it happened. */
void record_message(struct ike *, struct record *, enum record_kind, const char *label,
    const struct msg *m, size_t octets, const char *state);
void record_state(struct ike *, struct record *, const char *state);
/* The tunnel group, a row of that policy. */
void record_group(struct record *, const struct policy *, const struct tunnel_group *);
/* Keep the offer that was refused: the body of an SA payload. */
void record_offer(struct record *, struct chunk body);
/* The first failure stays. label: the message at which it stopped, NULL: none came. */
void record_failed(struct record *, const struct why *, const char *label, const char *state);
/* The negotiation is over: the record moves to its group's ring. */
void record_end(struct ike *, struct record **);
/* Which key the peer has, in words, into the record of a phase 1 that is over. */
void record_key_found(struct ike *, const uint8_t *cky_i, const uint8_t *cky_r, const char *words);
void record_drop(struct record **);
/*
 * A first message that no negotiation comes of: another version or exchange (its name in
 * words), or malformed.
 */
void record_knock(struct ike *, const struct path *, const struct isakmp_hdr *,
    const char *exchange, const struct why *);
void records_free(struct ike *);

/* ---- mend.c: what to write where, into an explanation ---- */
struct name2 { /* an attribute and its key in the policy file */
	const char *attribute, *key;
};
const char *mend_file(const struct record *);
bool mend_only_peer(const struct explain_row *);
void mend_phase1(const struct record *, const struct explain_row *, const struct isakmp_policy *,
    struct explanation *);
/* pfs_alone: nothing else differs */
void mend_phase2(const struct record *, const struct explain_row *, const struct transform_set *,
    bool pfs_alone, struct explanation *);
void mend_proxies(const struct record *, const struct crypto_map_entry *, bool wider,
    struct explanation *);
void mend_identity(const struct record *, struct explanation *);

/* ---- tx.c ---- */
/* Build the row's answer from s->out, encrypt, send, keep for duplicates. */
enum ike_err tx_reply(struct step *, const struct fsm_row *) MUST_USE;
/* Send again what was kept. */
void tx_resend(struct sa *, const struct path *, const struct kept *, bool loud);
/* A message id that is not in use on the SA. */
uint32_t tx_msgid(struct sa *);
/* Begin, then send, a protected informational message; keep (may be NULL) receives it. */
void tx_info_init(struct sa *, struct msg *);
enum ike_err tx_info(struct sa *, const struct path *, struct msg *m, struct arena *,
    struct kept *keep) MUST_USE;
/*
 * An unprotected notify, within the rate: message id random, protocol ISAKMP, SPI both cookies, as
 * ASA sends it. keep may be NULL.
 */
void tx_notify_clear(struct ike *, const struct path *, const uint8_t *cky_i, const uint8_t *cky_r,
    uint16_t type, size_t request_octets, struct kept *keep, const struct log_who *);
/* A protected notify about phase 1 (spi CHUNK_NONE: both cookies) or phase 2. */
void tx_notify(struct sa *, const struct path *, uint8_t protocol, struct chunk spi, uint16_t type,
    struct chunk data, struct kept *keep);
/* How a notify of this group about a message that nothing protects is to look. */
enum notify_dialect tx_dialect(struct ike *, const struct tunnel_group *, const uint8_t *cky_i,
    const struct log_who *);
void tx_delete_sa(struct sa *);
void tx_delete_clear(struct sa *); /* a lie: without protection */
void tx_delete_child(struct child *);

/* ---- negotiate.c ---- */
struct choice1 {
	const struct isakmp_policy *policy;
	const struct pl_proposal *proposal;
	const struct pl_transform *transform;
	const struct alg_cipher *cipher;
	const struct alg_hash *hash;
	const struct alg_group *group;
	uint16_t auth;
	uint32_t life_s, life_kb; /* as offered, 0: not offered */
};
enum ike_err negotiate_phase1(const struct pl_sa *, const struct tunnel_group *,
    const struct log_who *, struct choice1 *, struct why *) MUST_USE;

struct negotiate2 { /* the question */
	const struct pl_sa *sa;
	const struct crypto_map_entry *entry;
	const struct alg_group *phase1_group; /* stands in for a KE without Group Description */
	bool nat; /* UDP encapsulation is called for */
	bool ke; /* a KE payload came */
	const struct log_who *who;
};
struct choice2 {
	const struct pl_proposal *proposal;
	const struct pl_transform *transform;
	struct offer2 offer;
};
enum ike_err negotiate_phase2(const struct negotiate2 *, struct choice2 *, struct why *) MUST_USE;

/* One attribute of a transform beside what a policy or set wants. */
#define CELL_TEXT 256
#define CELLS_MAX 7
struct cell {
	const char *attribute; /* ASA's class name */
	bool match;
	char received[64], configured[CELL_TEXT];
	char word[24]; /* what is received as the policy file has it, "": it has no word for it */
};

/*
 * A transform against a policy or set, attribute by attribute; 0 and why: it can be compared with
 * none.
 */
unsigned negotiate_row1(const struct pl_transform *, const struct isakmp_policy *, struct cell *,
    struct why *);
unsigned negotiate_row2(const struct negotiate2 *, const struct pl_proposal *,
    const struct pl_transform *, const struct transform_set *, struct cell *, struct why *);

/* The shorter of two lifetimes, 0 standing for none. */
uint32_t negotiate_lifetime(uint32_t offered, uint32_t configured);

/*
 * Lifetimes out of an attribute list; type_attr: the phase's Life Type, Life Duration is the number
 * after it. 0: not there.
 */
void negotiate_read_life(const struct pl_attr *, uint16_t type_attr, uint32_t *seconds,
    uint32_t *kilobytes);

/* Read one phase 2 transform's attributes; false and why if it can't be one. */
bool negotiate_read2(uint8_t protocol, const struct pl_transform *, struct offer2 *, struct why *);

/* ---- proxy.c ---- */
enum ike_err proxy_from_id(const struct pl *, struct proxy *, struct why *) MUST_USE;
void proxy_from_addr(const struct addr *,
    struct proxy *); /* no identity was sent: the host itself, n == 0 */
bool proxy_eq(const struct proxy *, const struct proxy *);
/* ASA's words: "192.168.1.0/255.255.255.0/0/0". */
#define PROXY_TEXT 128
const char *proxy_print(const struct proxy *, char *buf, size_t n);
/*
 * The crypto map entry for a pair of identities, NULL: none. With narrow entries the pair is
 * replaced by the entry's own.
 */
const struct crypto_map_entry *proxy_match(const struct tunnel_group *, struct proxy *local,
    struct proxy *remote);

/* ---- p1.c: parts shared by the modes of phase 1 ---- */
void p1_vendor_ids(struct step *);
enum ike_err p1_keys(struct sa *, struct why *) MUST_USE;
enum ike_err p1_local_id(struct sa *, struct why *) MUST_USE;
bool p1_ident_accepts(const struct ident *, const struct pl_id *, const struct addr *from);
void p1_established(struct sa *, const struct path *);
/* INITIAL-CONTACT: SAs of the same peer that are older than this one end without a word. */
void p1_initial_contact(struct sa *);

/*
 * RESPONDER-LIFETIME's attributes for what differs from the offer, CHUNK_NONE if nothing does;
 * type_attr: the phase's Life Type.
 */
struct chunk lifetime_data(struct arena *, uint16_t type_attr, uint32_t offered_s,
    uint32_t offered_kb, uint32_t life_s, uint32_t life_kb);

/* ---- diagnose.c ---- */
/*
 * Message 5 (its header and ciphertext) did not fit our key: if the policy says so, find out by and
 * by whose it does fit.  Takes what it needs out of sa->hs, which must be on its way out.
 */
void diagnose_begin(struct sa *, const struct isakmp_hdr *, struct chunk ciphertext);
void diagnose_stop(struct ike *);

/* ---- natt.c ---- */
void natt_choose(struct sa *);
void natt_detect(struct step *);
enum ike_err natt_add_payloads(struct step *) MUST_USE;
uint8_t natt_natd_type(const struct sa *);
uint8_t natt_natoa_type(const struct sa *);
void natt_keepalive_start(struct sa *);
void natt_keepalive_timer(void *sa);
const char *natt_dialect(unsigned cap);

/* ---- info.c, dpd.c ---- */
/* Say what an unprotected informational message claims. */
void info_unprotected(const struct log_who *, const struct msg *);
enum ike_err dpd_request(struct step *, const struct pl_notify *) MUST_USE;
void dpd_acknowledged(struct step *, const struct pl_notify *);
void dpd_start(struct sa *);
void dpd_probe(struct sa *);
void dpd_timer(void *sa);

/* ---- quick_mode.c ---- */
/* Take from message 1 what a refusal will refer to; false: it has nothing of the kind. */
bool quick_refers(struct step *);
/* Start one on our side, for proxy identities and a transform like these. */
enum ike_err quick_start(struct sa *, const struct child *like, struct why *) MUST_USE;
/*
 * Start our Quick Mode for the next child that wants one, unless one is under way: strongSwan keeps
 * state for three message ids at a time.
 */
void quick_next(struct sa *);

/* ---- rx.c ---- */
void rx_digest(struct ike *, struct chunk datagram, uint8_t *digest);
/* Timers of SAs and exchanges. */
void rx_sa_timeout(void *sa);
void rx_xchg_timeout(void *xchg);
void rx_child_timeout(void *child);

/* ---- handlers, named after the message ---- */
fsm_fn mm_in1, mm_out2, mm_in3, mm_out4, mm_in5, mm_out6, mm_done6;
fsm_fn p1_give_up, p1_expired;
fsm_fn qm_in1, qm_out2, qm_in3, qm_out1, qm_in2, qm_out3, qm_in4, qm_done, qm_give_up;
fsm_fn info_in, info_note;

#endif
