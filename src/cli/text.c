/* text.c - replies as text, the SAs in ASA's layout. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/counter.h"
#include "cli_local.h"

#define LEFT_COLUMN 32 /* of the list of commands */

/* ---- members, with something to print where there is none ---- */

static const char *
str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static const char *
str_or(const json_t *o, const char *key, const char *otherwise)
{
	const char *s = str(o, key);

	return s[0] != '\0' ? s : otherwise;
}

static long long
num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool
yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static const char *
yes_no(const json_t *o, const char *key)
{
	return yes(o, key) ? "yes" : "no";
}

/* ---- ASA's words ---- */

/* "SHA", "SHA256", "MD5" */
static const char *
asa_hash(const char *name, char *buf, size_t n)
{
	size_t i;

	if (strcmp(name, "sha1") == 0)
		name = "sha";
	for (i = 0; name[i] != '\0' && i + 1 < n; i++)
		buf[i] = (char)toupper((unsigned char)name[i]);
	buf[i] = '\0';
	return buf;
}

/* "esp-aes-256 esp-sha-hmac", "ah-sha256-hmac", "esp-aes-gcm-256" */
static const char *
asa_transform(const json_t *sa, char *buf, size_t n)
{
	const char *protocol = str(sa, "protocol"), *enc = str(sa, "encryption");
	const char *integ = str(sa, "integrity");
	size_t k = 0;

	if (strcmp(enc, "aes-128") == 0)
		enc = "aes";
	if (strcmp(integ, "sha1") == 0)
		integ = "sha";
	buf[0] = '\0';
	if (enc[0] != '\0')
		k = (size_t)snprintf(buf, n, "%s-%s", protocol, enc);
	if (integ[0] != '\0' && strcmp(integ, "none") != 0 && k < n)
		snprintf(buf + k, n - k, "%s%s-%s-hmac", k > 0 ? " " : "", protocol, integ);
	return buf;
}

/* ---- show isakmp sa ---- */

static void
nat_words(const json_t *sa, char *buf, size_t n)
{
	const char *who = yes(sa, "nat_local") ? yes(sa, "nat_remote") ? "both ends" : "this end" :
	    yes(sa, "nat_remote")	       ? "the peer" :
						 NULL;

	if (!yes(sa, "nat_t"))
		snprintf(buf, n, "not negotiated");
	else if (who == NULL)
		snprintf(buf, n, "%s, no NAT between", str(sa, "nat_t_dialect"));
	else
		snprintf(buf, n, "%s, %s behind NAT", str(sa, "nat_t_dialect"), who);
}

static void
print_isakmp_detail(FILE *out, const json_t *sa)
{
	const char *auth = str_or(sa, "authentication", "-");
	char hash[32], nat[80];

	nat_words(sa, nat, sizeof(nat));
	fprintf(out, "    Encrypt : %-15s Hash    : %s\n", str_or(sa, "encryption", "-"),
	    asa_hash(str_or(sa, "hash", "-"), hash, sizeof(hash)));
	fprintf(out, "    Auth    : %-15s Lifetime: %lld\n",
	    strcmp(auth, "pre-share") == 0 ? "preshared" : auth, num(sa, "lifetime_s"));
	fprintf(out, "    Lifetime Remaining: %lld\n", num(sa, "remaining_s"));
	fprintf(out, "    D-H Grp : %-15lld Group   : %s\n", num(sa, "dh_group"),
	    str_or(sa, "group", "-"));
	fprintf(out, "    Local   : %s:%lld\n", str(sa, "local"), num(sa, "local_port"));
	fprintf(out, "    Remote  : %s:%lld\n", str(sa, "peer"), num(sa, "peer_port"));
	fprintf(out, "    Peer ID : %s\n", str_or(sa, "remote_id", "-"));
	fprintf(out, "    Own ID  : %s\n", str_or(sa, "local_id", "-"));
	fprintf(out, "    Cookies : I %s R %s\n", str(sa, "cookie_i"), str(sa, "cookie_r"));
	fprintf(out, "    NAT-T   : %s\n", nat);
	fprintf(out, "    DPD     : %-15s IPsec   : %lld\n", yes(sa, "dpd") ? "peer has it" : "no",
	    num(sa, "ipsec_sas"));
	if (str(sa, "last_error")[0] != '\0')
		fprintf(out, "    Error   : %s\n", str(sa, "last_error"));
}

static void
print_isakmp(FILE *out, const json_t *reply)
{
	const json_t *totals = json_object_get(reply, "totals"),
		     *sas = json_object_get(reply, "sas");
	const bool detail = yes(reply, "detail");
	unsigned rekeyed = 0;
	size_t i;
	json_t *sa;

	if (json_array_size(sas) == 0) {
		fprintf(out, "There are no IKEv1 SAs%s%s\n",
		    str(reply, "peer")[0] != '\0' ? " of " : "", str(reply, "peer"));
		return;
	}
	json_array_foreach(sas, i, sa) rekeyed += yes(sa, "rekeyed");
	fprintf(out, "IKEv1 SAs:\n\n");
	fprintf(out, "   Active SA: %lld\n", num(totals, "established"));
	fprintf(out, "    Rekey SA: %u (a tunnel has 1 Active and 1 Rekey SA during rekey)\n",
	    rekeyed);
	fprintf(out, "Total IKE SA: %lld\n", num(totals, "established") + num(totals, "half_open"));
	json_array_foreach(sas, i, sa)
	{
		fprintf(out, "\n%-3zu IKE Peer: %s\n", i + 1, str(sa, "peer"));
		fprintf(out, "    Type    : %-15s Role    : %s\n", str_or(sa, "type", "-"),
		    str(sa, "role"));
		fprintf(out, "    Rekey   : %-15s State   : %s\n", yes_no(sa, "rekeyed"),
		    str(sa, "state"));
		if (detail)
			print_isakmp_detail(out, sa);
	}
}

/* ---- show ipsec sa ---- */

static void
print_direction(FILE *out, const json_t *sa, const char *word, const char *key)
{
	const long long pfs = num(sa, "pfs_group"), spi = num(sa, key);
	char transform[128];

	fprintf(out, "\n    %s %s sas:\n", word, str(sa, "protocol"));
	fprintf(out, "      spi: 0x%08llX (%lld)\n", spi, spi);
	fprintf(out, "         transform: %s no compression\n",
	    asa_transform(sa, transform, sizeof(transform)));
	fprintf(out, "         in use settings ={L2L, %s, %sIKEv1, ",
	    strcmp(str(sa, "mode"), "tunnel") == 0 ? "Tunnel" : "Transport",
	    yes(sa, "udp") ? "NAT-T-Encaps, " : "");
	if (pfs != 0)
		fprintf(out, "PFS Group %lld, ", pfs);
	fprintf(out, "}\n");
	if (num(sa, "lifetime_kilobytes") != 0)
		fprintf(out, "         sa timing: remaining key lifetime (kB/sec): (%lld/%lld)\n",
		    num(sa, "lifetime_kilobytes"), num(sa, "remaining_s"));
	else
		fprintf(out, "         sa timing: remaining key lifetime (sec): %lld\n",
		    num(sa, "remaining_s"));
}

static void
print_packets(FILE *out, const json_t *p)
{
	fprintf(out, "      #pkts encaps: %lld, #pkts encrypt: %lld, #pkts digest: %lld\n",
	    num(p, "encaps"), num(p, "encrypt"), num(p, "digest"));
	fprintf(out, "      #pkts decaps: %lld, #pkts decrypt: %lld, #pkts verify: %lld\n",
	    num(p, "decaps"), num(p, "decrypt"), num(p, "verify"));
}

static void
print_pair(FILE *out, const json_t *sa)
{
	fprintf(out, "    Tunnel group: %s, local addr: %s%s\n\n", str(sa, "group"),
	    str(sa, "local"), yes(sa, "rekeyed") ? " (rekeyed)" : "");
	fprintf(out, "      local ident (addr/mask/prot/port): (%s)\n", str(sa, "local_proxy"));
	fprintf(out, "      remote ident (addr/mask/prot/port): (%s)\n", str(sa, "remote_proxy"));
	fprintf(out, "      current_peer: %s\n\n", str(sa, "peer"));
	print_packets(out, json_object_get(sa, "packets"));
	if (strcmp(str(sa, "data_plane"), "none") == 0)
		fprintf(out,
		    "      data plane: none (the SA is kept and rekeyed; packets are not)\n");
	fprintf(out, "\n      local crypto endpt.: %s/%lld, remote crypto endpt.: %s/%lld\n",
	    str(sa, "local"), num(sa, "local_port"), str(sa, "peer"), num(sa, "peer_port"));
	fprintf(out, "      current outbound spi: %08llX\n", num(sa, "spi_out"));
	fprintf(out, "      current inbound spi : %08llX\n", num(sa, "spi_in"));
	print_direction(out, sa, "inbound", "spi_in");
	print_direction(out, sa, "outbound", "spi_out");
}

static void
print_ipsec(FILE *out, const json_t *reply)
{
	const json_t *sas = json_object_get(reply, "sas");
	size_t i;
	json_t *sa;

	if (json_array_size(sas) == 0)
		fprintf(out, "There are no ipsec sas%s%s\n",
		    str(reply, "peer")[0] != '\0' ? " of " : "", str(reply, "peer"));
	json_array_foreach(sas, i, sa)
	{
		if (i > 0)
			putc('\n', out);
		print_pair(out, sa);
	}
}

/* ---- status ---- */

/* "3 d 4 h", "12 min 5 s" */
static const char *
duration(long long s, char *buf, size_t n)
{
	if (s >= 86400)
		snprintf(buf, n, "%lld d %lld h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(buf, n, "%lld h %lld min", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(buf, n, "%lld min %lld s", s / 60, s % 60);
	else
		snprintf(buf, n, "%lld s", s);
	return buf;
}

static const char *
help_of(const char *counter)
{
	for (int i = 0; i < CNT_COUNT; i++) {
		if (strcmp(counter_name((enum counter)i), counter) == 0)
			return counter_help((enum counter)i);
	}
	return "";
}

static void
print_sockets(FILE *out, const json_t *sockets)
{
	size_t i;
	json_t *s;

	json_array_foreach(sockets, i, s)
	{
		const char *a = str(s, "address");
		const bool v6 = strchr(a, ':') != NULL;

		fprintf(out, "%s: UDP %s%s%s:%lld%s\n", i == 0 ? "Sockets   " : "          ",
		    v6 ? "[" : "", a, v6 ? "]" : "", num(s, "port"),
		    yes(s, "nat_t") ? " (NAT-T)" : "");
	}
}

static void
print_capture(FILE *out, const json_t *c)
{
	fprintf(out, "%s, peer %s, since %s: %lld packets, %lld octets", str(c, "file"),
	    str(c, "peer"), str(c, "since"), num(c, "packets"), num(c, "octets"));
	if (num(c, "rotated") > 0)
		fprintf(out, ", %lld times a new file", num(c, "rotated"));
	if (num(c, "lost") > 0)
		fprintf(out, ", %lld LOST", num(c, "lost"));
	if (str(c, "failed")[0] != '\0')
		fprintf(out, ", STOPPED: %s", str(c, "failed"));
	putc('\n', out);
}

static void
print_status(FILE *out, const json_t *reply)
{
	const json_t *sa = json_object_get(reply, "sa");
	char up[48], age[48];
	const char *name;
	json_t *value;

	fprintf(out, "ikev1d %s, pid %lld, user %s, up %s (since %s)\n", str(reply, "version"),
	    num(reply, "pid"), str(reply, "user"), duration(num(reply, "uptime_s"), up, sizeof(up)),
	    str(reply, "started"));
	fprintf(out, "Policy    : %s, loaded %s ago\n", str(reply, "policy"),
	    duration(num(reply, "policy_age_s"), age, sizeof(age)));
	fprintf(out, "Log level : %s\n", str(reply, "log_level"));
	fprintf(out, "Workers   : %lld\n", num(reply, "workers"));
	print_sockets(out, json_object_get(reply, "sockets"));
	fprintf(out, "ISAKMP SAs: %lld established, %lld half-open\n", num(sa, "established"),
	    num(sa, "half_open"));
	fprintf(out, "IPsec SAs : %lld, exchanges: %lld\n", num(sa, "ipsec_sas"),
	    num(sa, "exchanges"));
	fault_print_armed(out, json_object_get(reply, "faults"));
	if (json_object_get(reply, "capture") != NULL) {
		fprintf(out, "Capture   : ");
		print_capture(out, json_object_get(reply, "capture"));
	}
	fprintf(out, "Errors    : %lld receiving, %lld sending\n\nCounters:\n",
	    num(reply, "recv_errors"), num(reply, "send_errors"));
	json_object_foreach(json_object_get(reply, "counters"), name, value) fprintf(out,
	    "  %-22s %12lld  %s\n", name, (long long)json_integer_value(value), help_of(name));
}

/* ---- the rest ---- */

/* "Group = asa-hq, IP = 203.0.113.10, " as the log has it. */
static void
print_who(FILE *out, const json_t *o)
{
	if (str(o, "group")[0] != '\0')
		fprintf(out, "Group = %s, ", str(o, "group"));
	if (str(o, "ip")[0] != '\0')
		fprintf(out, "IP = %s, ", str(o, "ip"));
}

static void
print_policy(FILE *out, const json_t *reply)
{
	fputs(str(reply, "policy"), out);
}

static void
print_monitor(FILE *out, const json_t *reply)
{
	(void)out;
	(void)reply;
}

static void
print_count(FILE *out, const json_t *reply)
{
	const char *command = str(reply, "command"), *peer = str(reply, "peer");
	const long long n = num(reply, "count");
	const char *s = n == 1 ? "" : "s", *of = " of ";

	if (strcmp(peer, "all") == 0)
		peer = of = "";
	if (strcmp(command, "delete") == 0)
		fprintf(out, "%lld SA%s%s%s deleted\n", n, s, of, peer);
	else if (strcmp(command, "dpd") == 0)
		fprintf(out, "R-U-THERE sent on %lld SA%s%s%s\n", n, s, of, peer);
	else
		fprintf(out, "Quick Mode started for %lld IPsec SA%s%s%s\n", n, s, of, peer);
}

static void
print_lines(FILE *out, const json_t *lines)
{
	size_t i;
	json_t *l;

	json_array_foreach(lines, i, l) fprintf(out, "%s\n", json_string_value(l));
}

/* Our own words, and then the line of the log that decided. */
static void
print_wait(FILE *out, const json_t *reply)
{
	fprintf(out, "%s%s", str(reply, "outcome"), yes(reply, "already") ? ", already" : "");
	if (str(reply, "message")[0] != '\0') {
		fprintf(out, ": ");
		print_who(out, reply);
		fprintf(out, "%s", str(reply, "message"));
	}
	putc('\n', out);
}

static void
print_peer_config(FILE *out, const json_t *reply)
{
	fputs(str(reply, "text"), out);
}

static void
print_reload(FILE *out, const json_t *reply)
{
	fprintf(out, "policy reloaded\n");
	print_lines(out, json_object_get(reply, "notes"));
}

static void
print_capture_start(FILE *out, const json_t *reply)
{
	const json_t *c = json_object_get(reply, "capture");

	fprintf(out, "capturing into %s (peer %s); the keys go beside it\n", str(c, "file"),
	    str(c, "peer"));
}

static void
print_capture_stop(FILE *out, const json_t *reply)
{
	fprintf(out, "capture ended: ");
	print_capture(out, json_object_get(reply, "capture"));
}

static void
print_level(FILE *out, const json_t *reply)
{
	fprintf(out, "log level %s, was %s\n", str(reply, "level"), str(reply, "was"));
}

static void
print_help(FILE *out, const json_t *reply)
{
	(void)reply;
	text_commands(out);
}

static void (*const printers[PROTO_C_COUNT])(FILE *, const json_t *) = {
    [PROTO_C_STATUS] = print_status,
    [PROTO_C_SHOW_ISAKMP] = print_isakmp,
    [PROTO_C_SHOW_IPSEC] = print_ipsec,
    [PROTO_C_EXPLAIN] = explain_print,
    [PROTO_C_LADDER] = ladder_print,
    [PROTO_C_SHOW_POLICY] = print_policy,
    [PROTO_C_MONITOR] = print_monitor,
    [PROTO_C_DELETE] = print_count,
    [PROTO_C_DPD] = print_count,
    [PROTO_C_REKEY] = print_count,
    [PROTO_C_WAIT] = print_wait,
    [PROTO_C_PEER_CONFIG] = print_peer_config,
    [PROTO_C_FAULT_LIST] = fault_print,
    [PROTO_C_FAULT_SET] = fault_print,
    [PROTO_C_FAULT_CLEAR] = fault_print,
    [PROTO_C_CAPTURE_START] = print_capture_start,
    [PROTO_C_CAPTURE_STOP] = print_capture_stop,
    [PROTO_C_RELOAD] = print_reload,
    [PROTO_C_LOG_LEVEL] = print_level,
    [PROTO_C_HELP] = print_help,
};

void
text_commands(FILE *out)
{
	for (int i = 0; i < PROTO_C_COUNT; i++) {
		const struct proto_row *row = &proto_table[i];
		char left[128];
		int n = snprintf(left, sizeof(left), "%s %s", row->words, row->shown);

		if (n > LEFT_COLUMN)
			fprintf(out, "  %s\n  %*s %s\n", left, LEFT_COLUMN, "", row->help);
		else
			fprintf(out, "  %-*s %s\n", LEFT_COLUMN, left, row->help);
	}
}

void
text_event(FILE *out, const json_t *e)
{
	if (json_object_get(e, "dropped") != NULL) {
		fprintf(out, "(%lld lines left out: they came faster than they could be sent)\n",
		    num(e, "dropped"));
		return;
	}
	fprintf(out, "%s ", str(e, "time"));
	print_who(out, e);
	fprintf(out, "%s\n", str(e, "message"));
}

/* A named peer without an SA is a failure, for scripts that wait for one. */
enum cli_exit
text_status(const json_t *reply)
{
	const json_t *sas = json_object_get(reply, "sas");

	if (!yes(reply, "ok"))
		return yes(reply, "usage") ? CLI_USAGE : CLI_REFUSED;
	if (sas != NULL && json_array_size(sas) == 0 && str(reply, "peer")[0] != '\0' &&
	    strcmp(str(reply, "peer"), "all") != 0)
		return CLI_REFUSED;
	return CLI_OK;
}

enum cli_exit
text_print(FILE *out, FILE *err, const json_t *reply)
{
	enum proto_command c;

	if (!yes(reply, "ok")) {
		fprintf(err, "ikev1ctl: %s\n", str_or(reply, "error", "refused without a reason"));
		print_lines(err, json_object_get(reply, "mistakes"));
		return text_status(reply);
	}
	c = proto_find(str(reply, "command"));
	if (c != PROTO_C_COUNT)
		printers[c](out, reply);
	if (num(reply, "left_out") > 0)
		fprintf(out, "(%lld more SAs are not shown)\n", num(reply, "left_out"));
	return text_status(reply);
}
