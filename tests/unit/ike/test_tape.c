/*
 * Recorded conversations, tests/tape/NAME.tape, played against the engine.
 *
 * One line is one event; what follows # is a comment.
 *	policy FILE		the policy, beside the tape
 *	worker N, seed N	of the engine; random HEX: what its random port yields first
 *	from ADDR PORT to ADDR PORT [marker]	where the next datagrams come from
 *	rx HEX			a datagram arrives; rx FILE.trace N: the N-th (from 0) of a trace
 *	tx PATTERN		the engine has sent this; ".." is any octet, "*N" any N octets
 *	silent			it has sent nothing more
 *	at +N			N milliseconds go by
 *	state WORD		of the SA of the last rx's initiator cookie; "none"
 *	children N		IPsec SAs that stand
 *	count NAME N		a counter
 *	log TEXT		some line holds it
 *
 * "test_tape --record" prints the tape of a whole life, recorded now (tests/tape/psk-life.tape).
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>

#include "base/err.h"
#include "t.h"

#include "base/hexdump.h"
#include "peer/lab_t.h"

#define TAPES "tests/tape"

struct player {
	struct lab *l;
	uint64_t    seed;
	unsigned    worker;
	uint8_t	    given[256];
	size_t	    given_n;
	char	    policy[64];
	struct path path;
	uint8_t	    cky_i[8];
	const char *file;
	int	    line;
	unsigned    checks;
};

static bool
bad(const struct player *p, const char *what)
{
	return T_FAIL("%s:%d: %s", p->file, p->line, what);
}

static char *
slurp(const char *name)
{
	char	path[256], *text = calloc(1, 65536);
	FILE   *f;
	size_t	n;

	snprintf(path, sizeof(path), "%s/%s", TAPES, name);
	f = fopen(path, "r");
	if (f == NULL || text == NULL) {
		free(text);
		if (f != NULL)
			fclose(f);
		return NULL;
	}
	n = fread(text, 1, 65535, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static bool
begin(struct player *p)
{
	char *text;

	if (p->l != NULL)
		return true;
	text = slurp(p->policy);
	if (text == NULL)
		return bad(p, "no policy");
	p->l = lab_new_worker(text, p->seed, (uint8_t)p->worker);
	free(text);
	memcpy(p->l->given, p->given, p->given_n);
	p->l->given_n = p->given_n;
	return true;
}

static bool
play_rx(struct player *p, const char *arg)
{
	static uint8_t octets[INI_OUT];
	char	       name[64];
	unsigned       want, n = 0;
	long	       len = -1;
	char	      *trace, *save = NULL;

	if (sscanf(arg, "%60[a-z0-9.-].trace %u", name, &want) >= 1 &&
	    strstr(arg, ".trace ") != NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)(strchr(arg, ' ') - arg), arg);
		want = (unsigned)strtoul(strchr(arg, ' '), NULL, 10);
		trace = slurp(name);
		if (trace == NULL)
			return bad(p, "no such trace");
		for (char *line = strtok_r(trace, "\n", &save); line != NULL;
		     line = strtok_r(NULL, "\n", &save))
			if ((line[0] == 'i' || line[0] == 'r') && line[1] == ' ' && n++ == want)
				len = hexdump_parse(line + 2, octets, sizeof(octets));
		free(trace);
	} else {
		len = hexdump_parse(arg, octets, sizeof(octets));
	}
	if (len < 8)
		return bad(p, "rx what?");
	memcpy(p->cky_i, octets, 8);
	lab_rx_from(p->l, &p->path, CHUNK(octets, (size_t)len));
	return true;
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

static bool
play_tx(struct player *p, const char *pattern)
{
	struct chunk d;
	size_t	     at = 0;
	char	    *end;
	char	     hex[2 * 2048];

	if (!lab_take(p->l, &d))
		return bad(p, "nothing was sent");
	for (const char *c = pattern; *c != '\0';) {
		if (*c == ' ') {
			c++;
		} else if (*c == '*') {
			at += strtoul(c + 1, &end, 10);
			c = end;
		} else if (c[0] == '.' && c[1] == '.') {
			at++;
			c += 2;
		} else if (hex_digit(c[0]) >= 0 && hex_digit(c[1]) >= 0) {
			if (at >= d.n || d.p[at] != hex_digit(c[0]) * 16 + hex_digit(c[1]))
				return T_FAIL("%s:%d: octet %zu differs in %s", p->file, p->line,
				    at, hexdump_line(d, hex, sizeof(hex)));
			at++;
			c += 2;
		} else {
			return bad(p, "no pattern");
		}
	}
	if (at != d.n)
		return T_FAIL("%s:%d: %zu octets sent, %zu on the tape: %s", p->file, p->line, d.n,
		    at, hexdump_line(d, hex, sizeof(hex)));
	/* It goes back where the question came from. */
	return T_TRUE(endpoint_eq(&p->l->last.path.remote, &p->path.remote) &&
	    p->l->last.path.marker == p->path.marker);
}

static bool
play_from(struct player *p, const char *arg)
{
	char	 a[64], b[64], marker[16] = "";
	unsigned pa, pb;

	if (sscanf(arg, "%63s %u to %63s %u %15s", a, &pa, b, &pb, marker) < 4 ||
	    !addr_parse(a, &p->path.remote.addr) || !addr_parse(b, &p->path.local.addr))
		return bad(p, "from whom?");
	p->path.remote.port = (uint16_t)pa;
	p->path.local.port = (uint16_t)pb;
	p->path.marker = strcmp(marker, "marker") == 0;
	return true;
}

static bool
play_count(struct player *p, const char *arg)
{
	char	 name[64];
	unsigned want;

	if (sscanf(arg, "%63s %u", name, &want) == 2)
		for (enum counter c = 0; c < CNT_COUNT; c++)
			if (strcmp(counter_name(c), name) == 0)
				return T_EQ(lab_counter(p->l, c), want) || bad(p, name);
	return bad(p, "no such counter");
}

static bool
play_event(struct player *p, const char *word, const char *arg)
{
	struct initiator who;

	p->checks += strcmp(word, "tx") == 0 || strcmp(word, "silent") == 0 ||
	    strcmp(word, "state") == 0;
	if (strcmp(word, "rx") == 0)
		return play_rx(p, arg);
	if (strcmp(word, "tx") == 0)
		return play_tx(p, arg);
	if (strcmp(word, "silent") == 0)
		return T_SILENT(p->l) || bad(p, "silent");
	if (strcmp(word, "at") == 0)
		return lab_advance(p->l, strtoul(arg + 1, NULL, 10)), true;
	if (strcmp(word, "state") == 0) {
		memcpy(who.cky_i, p->cky_i, 8);
		return T_STR(lab_state(p->l, &who), strcmp(arg, "none") == 0 ? "" : arg) ||
		    bad(p, "state");
	}
	if (strcmp(word, "children") == 0)
		return T_EQ(ike_totals(p->l->ike).children, strtoul(arg, NULL, 10)) ||
		    bad(p, "children");
	if (strcmp(word, "count") == 0)
		return play_count(p, arg);
	if (strcmp(word, "log") == 0)
		return lab_logged(p->l, arg) || bad(p, arg);
	return bad(p, "no such word");
}

static bool
play_line(struct player *p, char *line)
{
	char  word[16], *hash = strchr(line, '#'), *arg;
	int   at = 0;

	if (hash != NULL)
		*hash = '\0';
	for (size_t n = strlen(line);
	     n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\n'); n--)
		line[n - 1] = '\0';
	if (sscanf(line, " %15s %n", word, &at) != 1)
		return true;
	arg = line + at;
	if (at == 0)
		arg = line + strlen(line);
	if (strcmp(word, "policy") == 0)
		snprintf(p->policy, sizeof(p->policy), "%s", arg);
	else if (strcmp(word, "worker") == 0)
		p->worker = (unsigned)strtoul(arg, NULL, 10);
	else if (strcmp(word, "seed") == 0)
		p->seed = strtoul(arg, NULL, 10);
	else if (strcmp(word, "random") == 0)
		p->given_n = (size_t)hexdump_parse(arg, p->given, sizeof(p->given));
	else if (strcmp(word, "from") == 0)
		return play_from(p, arg);
	else
		return begin(p) && play_event(p, word, arg);
	return true;
}

static const char *tape_name;

static void
play(void)
{
	struct player p = {.seed = 1, .worker = 7, .file = tape_name};
	char	      path[512];
	static char   line[8192];
	FILE	     *f;

	snprintf(path, sizeof(path), "%s/%s", TAPES, tape_name);
	f = fopen(path, "r");
	if (!T_TRUE(f != NULL))
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		p.line++;
		if (!play_line(&p, line))
			break;
	}
	fclose(f);
	T_TRUE(p.checks > 0);
	lab_free(p.l);
}

/* ---- recording ---- */

static void
hook_print(struct lab *l, const struct initiator *i, struct chunk d, const char *what)
{
	static char hex[2 * INI_OUT + 1];
	char	    a[ADDR_TEXT], b[ADDR_TEXT];

	printf("from %s %u to %s %u%s\n", addr_print(&i->local.addr, a, sizeof(a)), i->local.port,
	    addr_print(&i->remote.addr, b, sizeof(b)), i->remote.port, i->marker ? " marker" : "");
	printf("rx %s # %s\n", hexdump_line(d, hex, sizeof(hex)), what);
	lab_rx(l, i, d);
}

static struct chunk
answer_print(struct lab *l, const struct initiator *i)
{
	static uint8_t room[INI_OUT];
	static char    hex[2 * INI_OUT + 1];
	struct chunk   d;

	if (!lab_take(l, &d)) {
		printf("silent\nstate %s\n", lab_state(l, i)[0] != '\0' ? lab_state(l, i) : "none");
		return CHUNK_NONE;
	}
	memcpy(room, d.p, d.n);
	printf("tx %s\nstate %s\n", hexdump_line(d, hex, sizeof(hex)),
	    lab_state(l, i)[0] != '\0' ? lab_state(l, i) : "none");
	return CHUNK(room, d.n);
}

static int
record_life(void)
{
	char		*text = slurp("lab.conf");
	struct lab	*l;
	struct initiator i;
	struct ini_qm	 q;
	struct why	 w = {0};

	if (text == NULL)
		return 1;
	l = lab_new(text, 1);
	free(text);
	printf(
	    "# A whole life: Main Mode through a NAT, Quick Mode with PFS, DPD, both deletes.  Made by test_tape --record.\n"
	    "policy lab.conf\nseed 1\nworker 7\n");
	lab_t_peer(&i);
	i.vids |= VID_NATT_RFC;
	i.fake_nat = true;
	hook_print(l, &i, ini_mm1(&i), "MM1");
	if (ini_mm2(&i, answer_print(l, &i), &w) != IKE_OK)
		return 1;
	hook_print(l, &i, ini_mm3(&i), "MM3");
	if (ini_mm4(&i, answer_print(l, &i), &w) != IKE_OK)
		return 1;
	ini_float(&i, 4500, 4500);
	hook_print(l, &i, ini_mm5(&i), "MM5");
	if (ini_mm6(&i, answer_print(l, &i), &w) != IKE_OK)
		return 1;
	ini_qm_init(&q, &i);
	q.pfs = q.offers[0].pfs = alg_group_id(31);
	q.offers[0].encap = ENCAP_UDP_TUNNEL;
	hook_print(l, &i, ini_qm1(&q), "QM1");
	if (ini_qm2(&q, answer_print(l, &i), &w) != IKE_OK)
		return 1;
	hook_print(l, &i, ini_qm3(&q), "QM3");
	answer_print(l, &i);
	printf("children 1\n");
	hook_print(l, &i, ini_dpd(&i, N_R_U_THERE, 7), "R-U-THERE");
	answer_print(l, &i);
	hook_print(l, &i, ini_delete_child(&q), "DELETE of the IPsec SA");
	answer_print(l, &i);
	printf("children 0\n");
	hook_print(l, &i, ini_delete_isakmp(&i), "DELETE of the ISAKMP SA");
	answer_print(l, &i);
	ini_qm_fini(&q);
	ini_fini(&i);
	lab_free(l);
	return 0;
}

static int
is_tape(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && strcmp(e->d_name + n - 5, ".tape") == 0;
}

int
main(int argc, char **argv)
{
	struct dirent **tapes = NULL;
	int		n, status;

	if (!lab_t_begin())
		return 1;
	if (argc > 1 && strcmp(argv[1], "--record") == 0) {
		status = record_life();
		crypto_free(peer_crypto);
		return status;
	}
	n = scandir(TAPES, &tapes, is_tape, alphasort);
	for (int k = 0; k < n; k++) {
		tape_name = tapes[k]->d_name;
		t_run(tape_name, play);
		free(tapes[k]);
	}
	free(tapes);
	return lab_t_end();
}
