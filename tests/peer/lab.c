/* tests/peer/lab.c - an engine on a bench. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hexdump.h"
#include "peer/lab.h"
#include "peer/peer_local.h"

int lab_inside;

static void *
must(void *p, const char *what)
{
	if (p == NULL) {
		fprintf(stderr, "lab: %s\n", what);
		abort();
	}
	return p;
}

/* ---- ports ---- */

static uint64_t
port_now(void *ctx)
{
	return ((struct lab *)ctx)->now_ms;
}

/* splitmix64: any fixed stream will do. */
static void
port_random(void *ctx, uint8_t *out, size_t n)
{
	struct lab *l = ctx;

	for (size_t i = 0; i < n; i++) {
		if (l->given_at < l->given_n) {
			out[i] = l->given[l->given_at++];
			continue;
		}
		uint64_t z = l->rng += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		out[i] = (uint8_t)(z >> 56);
	}
}

static void
record(struct lab *l, const struct path *path, struct chunk d)
{
	char   from[ENDPOINT_TEXT];
	size_t want = l->record_n + 2 * d.n + ENDPOINT_TEXT + 32;

	if (want > l->record_cap) {
		l->record_cap = 2 * want;
		l->record = must(realloc(l->record, l->record_cap), "memory");
	}
	l->record_n += (size_t)snprintf(l->record + l->record_n, l->record_cap - l->record_n,
	    "%llu %s%s ", (unsigned long long)l->now_ms,
	    endpoint_print(&path->remote, from, sizeof(from)), path->marker ? " marked" : "");
	hexdump_line(d, l->record + l->record_n, 2 * d.n + 1);
	l->record_n += 2 * d.n;
	l->record[l->record_n++] = '\n';
	l->record[l->record_n] = '\0';
}

static void
port_send(void *ctx, const struct path *path, struct chunk d)
{
	struct lab	*l = ctx;
	struct lab_sent *s;

	l->sends++;
	lab_inside++;
	if (l->recording)
		record(l, path, d);
	if (l->count == LAB_QUEUE) {
		l->lost++;
		lab_inside--;
		return;
	}
	s = &l->queue[(l->head + l->count++) % LAB_QUEUE];
	s->path = *path;
	s->n = d.n;
	s->p = must(malloc(d.n + 1), "memory");
	memcpy(s->p, d.p, d.n);
	lab_inside--;
}

static void
port_send_ttl(void *ctx, const struct path *path, struct chunk d, uint8_t ttl)
{
	((struct lab *)ctx)->last_ttl = ttl;
	port_send(ctx, path, d);
}

static bool
port_unreachable(void *ctx, const struct path *path, struct chunk d)
{
	(void)path;
	(void)d;
	((struct lab *)ctx)->unreachables++;
	return true;
}

static void
port_isakmp_keys(void *ctx, const struct path *path, const uint8_t *cky_i, struct chunk key)
{
	struct lab *l = ctx;

	(void)path, (void)cky_i;
	l->isakmp_key_n = key.n;
	memcpy(l->isakmp_key, key.p, key.n);
}

static struct chunk
keep(uint8_t *m, struct chunk c)
{
	if (c.n > ALG_MAX_KEY)
		must(NULL, "key too long");
	if (c.n > 0)
		memcpy(m, c.p, c.n);
	return CHUNK(m, c.n);
}

static void
port_child_keys(void *ctx, const struct child_keys *k)
{
	struct lab	*l = ctx;
	struct lab_keys *s = &l->keys[l->key_count++ % LAB_KEYS];

	s->k = *k;
	s->k.enc_in = keep(s->m[0], k->enc_in);
	s->k.auth_in = keep(s->m[1], k->auth_in);
	s->k.enc_out = keep(s->m[2], k->enc_out);
	s->k.auth_out = keep(s->m[3], k->auth_out);
}

static void
log_hook(void *ctx, const struct log_line *line)
{
	struct lab *l = ctx;
	int	    n;

	l->events[line->event]++;
	if (l->log_n + 2 >= LAB_LOG)
		return;
	n = snprintf(l->log + l->log_n, LAB_LOG - l->log_n - 1, "%s: %s\n", event_name(line->event),
	    line->full);
	l->log_n += (size_t)n < LAB_LOG - l->log_n - 1 ? (size_t)n : LAB_LOG - l->log_n - 2;
}

/* ---- policy ---- */

static const char sets_default[] =
    "  { name = \"any-esp\"; protocol = \"esp\"; mode = \"any\";\n"
    "    encryption = [ \"aes-128\", \"aes-192\", \"aes-256\", \"3des\" ];\n"
    "    integrity = [ \"sha1\", \"sha256\", \"sha384\", \"sha512\", \"md5\" ]; },\n"
    "  { name = \"any-gcm\"; protocol = \"esp\"; mode = \"any\"; encryption = [ \"aes-gcm-128\", \"aes-gcm-256\" ]; },\n"
    "  { name = \"any-ah\"; protocol = \"ah\"; mode = \"any\"; integrity = [ \"sha1\", \"sha256\" ]; }\n";

static const char p1_default[] =
    "encryption = [ \"aes-128\", \"aes-192\", \"aes-256\", \"3des\" ];\n"
    "    hash = [ \"sha1\", \"sha256\", \"sha384\", \"sha512\", \"md5\" ];\n"
    "    group = [ 1, 2, 5, 14, 19, 20, 21, 31 ]; lifetime = 86400;";

static const char entry_default[] =
    "local = \"10.1.0.0/24\"; remote = \"10.9.0.0/24\"; transform_sets = [ \"any-esp\", \"any-gcm\", \"any-ah\" ];\n"
    "      pfs = \"any\"; lifetime = 28800;";

char *
lab_policy_text(const struct lab_policy *p)
{
	char *text = NULL;
	int   n;

	n = asprintf(&text,
	    "log = { target = \"none\"; };\n"
	    "control = { socket = \"/nonexistent/control.sock\"; };\n"
	    "%s\n"
	    "isakmp_policies = (\n  { name = \"p1\"; authentication = \"pre-share\"; %s } );\n"
	    "transform_sets = (\n%s );\n"
	    "tunnel_groups = (\n  { name = \"lab\"; peer = \"any\"; pre_shared_key = \"secret-of-the-lab\";\n"
	    "    isakmp_policies = [ \"p1\" ]; %s\n"
	    "    crypto_map = ( { %s } ); } );\n",
	    p->top != NULL ? p->top : "", p->p1 != NULL ? p->p1 : p1_default,
	    p->sets != NULL ? p->sets : sets_default, p->group != NULL ? p->group : "",
	    p->entry != NULL ? p->entry : entry_default);
	return n < 0 ? must(NULL, "memory") : text;
}

static void
report(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "# %s\n", line);
}

struct policy *
lab_load(const char *text)
{
	char	       name[] = "/tmp/ikev1d-lab-XXXXXX";
	int	       fd = mkstemp(name); /* mode 0600, as a file with a key must have */
	struct policy *p;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		must(NULL, "temporary policy file");
	close(fd);
	p = policy_load(name, report, NULL);
	unlink(name);
	return p;
}

struct lab *
lab_new(const char *policy_text, uint64_t seed)
{
	return lab_new_worker(policy_text, seed, 7);
}

static void
start(struct lab *l, uint64_t seed, uint8_t worker)
{
	struct ike_conf conf = {.worker = worker, .crypto = l->crypto, .policy = l->policy};
	struct fault_ports_conf around = {.port = 500, .nat_t_port = 4500};

	l->now_ms = 1000000;
	l->rng = seed;
	conf.ports = (struct ike_ports){.ctx = l,
	    .now_ms = port_now,
	    .random = port_random,
	    .send = port_send,
	    .isakmp_keys = port_isakmp_keys,
	    .child_keys = port_child_keys};
	if (!l->shared) {
		around.room = l->faults = must(fault_room_new(), "faults");
		around.ports = conf.ports;
		around.send_ttl = port_send_ttl;
		around.unreachable = port_unreachable;
		l->around = must(fault_ports_new(&around), "faults");
		conf.ports = fault_ports_wrap(l->around);
		conf.faults = l->faults;
		fault_set_policy(l->faults, l->policy);
	}
	l->ike = must(ike_new(&conf), "ike_new");
}

struct lab *
lab_new_worker(const char *policy_text, uint64_t seed, uint8_t worker)
{
	struct lab     *l = must(calloc(1, sizeof(*l)), "memory");
	struct log_conf quiet = {.target = LOG_T_NONE, .level = LOG_L_ERR};
	struct why	w = {0};
	char *text = policy_text == NULL ? lab_policy_text(&(struct lab_policy){0}) : NULL;

	l->log = must(calloc(1, LAB_LOG), "memory");
	if (log_open(&quiet, &w) != IKE_OK)
		must(NULL, w.text);
	log_set_hook(log_hook, l, LOG_L_DEBUG);
	l->policy = must(lab_load(policy_text != NULL ? policy_text : text), "policy refused");
	free(text);
	l->crypto = must(crypto_new_replay(seed, &w), "crypto");
	if (l->policy->needs_legacy && crypto_use_legacy(l->crypto, &w) != IKE_OK)
		must(NULL, w.text);
	start(l, seed, worker);
	return l;
}

struct lab *
lab_new_shared(struct policy *policy, struct crypto *crypto, uint64_t seed, uint8_t worker)
{
	struct lab *l = must(calloc(1, sizeof(*l)), "memory");

	l->shared = true;
	l->policy = policy;
	l->crypto = crypto;
	start(l, seed, worker);
	return l;
}

struct lab *
lab_new_with(const struct lab_policy *p, uint64_t seed)
{
	char	   *text = lab_policy_text(p);
	struct lab *l = lab_new(text, seed);

	free(text);
	return l;
}

void
lab_free(struct lab *l)
{
	if (l == NULL)
		return;
	ike_free(l->ike);
	fault_ports_free(l->around);
	fault_room_free(l->faults);
	lab_drop(l);
	if (!l->shared) {
		crypto_free(l->crypto);
		policy_unref(l->policy);
		log_set_hook(NULL, NULL, LOG_L_ERR);
		log_close();
	}
	free(l->last.p);
	free(l->log);
	free(l->record);
	free(l);
}

/* ---- datagrams and time ---- */

void
lab_rx_from(struct lab *l, const struct path *path, struct chunk d)
{
	/* A copy of exact size: a sanitizer then sees every octet read behind the end. */
	size_t	 skip = path->marker ? ISAKMP_NON_ESP_LEN : 0;
	uint8_t *p = must(malloc(d.n + skip + 1), "memory");
	uint8_t *exact = must(realloc(p, d.n + skip > 0 ? d.n + skip : 1), "memory");

	memset(exact, 0, skip);
	if (d.n > 0)
		memcpy(exact + skip, d.p, d.n);
	if (l->around == NULL || fault_ports_rx(l->around, l->ike, path, CHUNK(exact, d.n + skip)))
		ike_rx(l->ike, path, CHUNK(exact, d.n + skip));
	free(exact);
}

void
lab_rx(struct lab *l, const struct initiator *i, struct chunk d)
{
	struct path path = {.local = i->server.port != 0 ? i->server : i->remote,
	    .remote = i->outer.port != 0 ? i->outer : i->local,
	    .marker = i->marker};

	lab_rx_from(l, &path, d);
}

bool
lab_take(struct lab *l, struct chunk *d)
{
	size_t skip;

	*d = CHUNK_NONE;
	if (l->count == 0)
		return false;
	free(l->last.p);
	l->last = l->queue[l->head];
	l->head = (l->head + 1) % LAB_QUEUE;
	l->count--;
	skip = l->last.path.marker ? ISAKMP_NON_ESP_LEN : 0;
	/* A keepalive is one octet and carries no marker. */
	if (l->last.n == 1)
		skip = 0;
	if (l->last.n < skip || (skip != 0 && memcmp(l->last.p, "\0\0\0\0", skip) != 0)) {
		fprintf(stderr, "# marker missing on the NAT-T port\n");
		return false;
	}
	*d = CHUNK(l->last.p + skip, l->last.n - skip);
	return true;
}

void
lab_drop(struct lab *l)
{
	for (; l->count > 0; l->count--) {
		free(l->queue[l->head].p);
		l->head = (l->head + 1) % LAB_QUEUE;
	}
}

static uint64_t
deadline(const struct lab *l)
{
	uint64_t engine = ike_deadline_ms(l->ike);
	uint64_t around = l->around != NULL ? fault_ports_deadline(l->around) : UINT64_MAX;

	return engine < around ? engine : around;
}

static void
tick(struct lab *l)
{
	if (l->around != NULL)
		fault_ports_tick(l->around);
	ike_tick(l->ike);
}

void
lab_advance(struct lab *l, uint64_t ms)
{
	uint64_t end = l->now_ms + ms, next;

	while ((next = deadline(l)) <= end) {
		if (next > l->now_ms)
			l->now_ms = next;
		tick(l);
		/* A deadline that stays in the past is a defect, and would hang us. */
		if (deadline(l) <= l->now_ms && deadline(l) == next) {
			tick(l);
			if (deadline(l) <= l->now_ms)
				must(NULL, "deadline does not move on");
		}
	}
	l->now_ms = end;
}

/* ---- conversations ---- */

static bool
fail(struct why *w, const char *text)
{
	why(w, IKE_E_SILENT, "%s", text);
	return false;
}

bool
lab_mm12(struct lab *l, struct initiator *i, struct why *w)
{
	struct chunk d;

	lab_rx(l, i, ini_mm1(i));
	if (!lab_take(l, &d))
		return fail(w, "no answer to MM1");
	return ini_mm2(i, d, w) == IKE_OK;
}

bool
lab_mm34(struct lab *l, struct initiator *i, struct why *w)
{
	struct chunk d;

	lab_rx(l, i, ini_mm3(i));
	if (!lab_take(l, &d))
		return fail(w, "no answer to MM3");
	return ini_mm4(i, d, w) == IKE_OK;
}

bool
lab_mm56(struct lab *l, struct initiator *i, struct why *w)
{
	struct chunk d;

	lab_rx(l, i, ini_mm5(i));
	if (!lab_take(l, &d))
		return fail(w, "no answer to MM5");
	return ini_mm6(i, d, w) == IKE_OK;
}

bool
lab_phase1(struct lab *l, struct initiator *i, struct why *w)
{
	if (!lab_mm12(l, i, w) || !lab_mm34(l, i, w))
		return false;
	if ((i->nat_local || i->nat_remote || i->fake_nat) && i->natd_type != 0 && !i->marker)
		ini_float(i,
		    i->local.port == ISAKMP_PORT ? ISAKMP_PORT_NAT_T :
						   (uint16_t)(i->local.port + 1),
		    ISAKMP_PORT_NAT_T);
	return lab_mm56(l, i, w);
}

bool
lab_qm12(struct lab *l, struct ini_qm *q, struct why *w)
{
	struct chunk d;

	lab_rx(l, q->ini, ini_qm1(q));
	if (!lab_take(l, &d))
		return fail(w, "no answer to QM1");
	return ini_qm2(q, d, w) == IKE_OK;
}

bool
lab_quick(struct lab *l, struct ini_qm *q, struct why *w)
{
	if (!lab_qm12(l, q, w))
		return false;
	lab_rx(l, q->ini, ini_qm3(q));
	return true;
}

static uint32_t
spi(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool
same_halves(struct chunk a, struct chunk b, const uint8_t *keymat, size_t n)
{
	return a.n + b.n == n && (a.n == 0 || memcmp(a.p, keymat, a.n) == 0) &&
	    (b.n == 0 || memcmp(b.p, keymat + a.n, b.n) == 0);
}

bool
lab_same_keys(const struct lab *l, const struct ini_qm *q)
{
	unsigned n = l->key_count < LAB_KEYS ? l->key_count : LAB_KEYS;

	for (unsigned k = 0; k < n; k++) {
		const struct child_keys *c = &l->keys[k].k;

		/* The engine answered (in = SPI r), or began the quick mode (in = SPI i). */
		if (c->spi_in == spi(q->spi_r) && c->spi_out == spi(q->spi_i))
			return same_halves(c->enc_in, c->auth_in, q->keymat_r, q->keymat_n) &&
			    same_halves(c->enc_out, c->auth_out, q->keymat_i, q->keymat_n);
		if (c->spi_in == spi(q->spi_i) && c->spi_out == spi(q->spi_r))
			return same_halves(c->enc_in, c->auth_in, q->keymat_i, q->keymat_n) &&
			    same_halves(c->enc_out, c->auth_out, q->keymat_r, q->keymat_n);
	}
	return false;
}

const struct pl_notify *
lab_take_notify(struct lab *l, struct initiator *i, bool *clear)
{
	struct chunk d;
	struct why   w = {0};

	*clear = false;
	if (!lab_take(l, &d))
		return NULL;
	if (ini_info(i, d, clear, &w) != IKE_OK) {
		fprintf(stderr, "# informational message refused: %s\n", w.text);
		return NULL;
	}
	return ini_notify_in(i);
}

/* ---- looking at the engine ---- */

uint64_t
lab_counter(const struct lab *l, enum counter c)
{
	return ike_counters(l->ike)->n[c];
}

struct find_sa {
	const struct initiator *i;
	struct lab_sa	       *out;
	bool			found;
};

static void
find_sa(void *ctx, const struct ike_sa_info *s)
{
	struct find_sa *f = ctx;
	struct lab_sa  *o = f->out;

	if (memcmp(s->cky_i, f->i->cky_i, 8) != 0)
		return;
	f->found = true;
	o->info = *s;
	snprintf(o->group, sizeof(o->group), "%s", s->group);
	snprintf(o->state, sizeof(o->state), "%s", s->state);
	snprintf(o->remote_id, sizeof(o->remote_id), "%s", s->remote_id);
	snprintf(o->local_id, sizeof(o->local_id), "%s", s->local_id);
	snprintf(o->last_error, sizeof(o->last_error), "%s", s->last_error);
	snprintf(o->dialect, sizeof(o->dialect), "%s", s->natt_dialect);
	o->info.group = o->group;
	o->info.state = o->state;
	o->info.remote_id = o->remote_id;
	o->info.local_id = o->local_id;
	o->info.last_error = o->last_error;
	o->info.natt_dialect = o->dialect;
}

bool
lab_sa(struct lab *l, const struct initiator *i, struct lab_sa *out)
{
	struct find_sa	 f = {.i = i, .out = out};
	struct ike_match all = {0};

	memset(out, 0, sizeof(*out));
	ike_each_sa(l->ike, &all, find_sa, &f);
	return f.found;
}

const char *
lab_state(struct lab *l, const struct initiator *i)
{
	static struct lab_sa s;

	return lab_sa(l, i, &s) ? s.state : "";
}

struct take_children {
	struct lab_child *out;
	unsigned	  max, n;
};

static void
take_child(void *ctx, const struct ike_child_info *c)
{
	struct take_children *t = ctx;
	struct lab_child     *o;

	if (t->n++ >= t->max)
		return;
	o = &t->out[t->n - 1];
	o->info = *c;
	snprintf(o->local, sizeof(o->local), "%s", c->local_proxy);
	snprintf(o->remote, sizeof(o->remote), "%s", c->remote_proxy);
	o->info.group = NULL;
	o->info.local_proxy = o->local;
	o->info.remote_proxy = o->remote;
}

unsigned
lab_children(struct lab *l, struct lab_child *out, unsigned max)
{
	struct take_children t = {.out = out, .max = max};
	struct ike_match     all = {0};

	ike_each_child(l->ike, &all, take_child, &t);
	return t.n;
}

struct text {
	char  *p;
	size_t n, cap;
};

static void PRINTF_LIKE(2, 3) text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, t->cap - t->n, fmt, ap);
	va_end(ap);
	t->n += (size_t)n < t->cap - t->n ? (size_t)n : t->cap - t->n - 1;
}

static void
snapshot_sa(void *ctx, const struct ike_sa_info *s)
{
	struct text *t = ctx;
	char	     i[17], r[17], ep[ENDPOINT_TEXT];

	text_add(t,
	    "sa %s %s %s %s%s%s at %s, natt %d%d%d %s, id %s, life %u/%u, %u children, %u exchanges\n",
	    hexdump_line(CHUNK(s->cky_i, 8), i, sizeof(i)),
	    hexdump_line(CHUNK(s->cky_r, 8), r, sizeof(r)), s->group, s->state,
	    s->established ? " up" : "", s->rekeyed ? " rekeyed" : "",
	    endpoint_print(&s->remote, ep, sizeof(ep)), s->nat_t, s->nat_local, s->nat_remote,
	    s->natt_dialect, s->remote_id, s->lifetime_s, s->lifetime_kilobytes, s->children,
	    s->exchanges);
}

static void
snapshot_child(void *ctx, const struct ike_child_info *c)
{
	text_add(ctx, "child %08x/%08x %s %s protocol %u encap %u life %u/%u%s\n", c->spi_in,
	    c->spi_out, c->local_proxy, c->remote_proxy, c->protocol, c->encap, c->lifetime_s,
	    c->lifetime_kilobytes, c->rekeyed ? " rekeyed" : "");
}

void
lab_snapshot(struct lab *l, char *buf, size_t n)
{
	struct text	  t = {.p = buf, .cap = n};
	struct ike_match  all = {0};
	struct ike_totals k = ike_totals(l->ike);

	text_add(&t, "half open %u, established %u, exchanges %u, children %u\n", k.half_open,
	    k.established, k.exchanges, k.children);
	ike_each_sa(l->ike, &all, snapshot_sa, &t);
	ike_each_child(l->ike, &all, snapshot_child, &t);
}

bool
lab_logged(const struct lab *l, const char *text)
{
	return l->log != NULL && strstr(l->log, text) != NULL;
}

void
lab_log_clear(struct lab *l)
{
	l->log_n = 0;
	l->log[0] = '\0';
	memset(l->events, 0, sizeof(l->events));
}

void
lab_record(struct lab *l)
{
	l->recording = true;
	l->record_n = 0;
}
