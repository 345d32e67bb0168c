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

const char *
text_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static const char *
str_or(const json_t *o, const char *key, const char *otherwise)
{
	const char *s = text_str(o, key);

	return s[0] != '\0' ? s : otherwise;
}

long long
text_num(const json_t *o, const char *key)
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
	const char *protocol = text_str(sa, "protocol"), *enc = text_str(sa, "encryption");
	const char *integ = text_str(sa, "integrity");
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
		snprintf(buf, n, "%s, no NAT between", text_str(sa, "nat_t_dialect"));
	else
		snprintf(buf, n, "%s, %s behind NAT", text_str(sa, "nat_t_dialect"), who);
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
	    strcmp(auth, "pre-share") == 0 ? "preshared" : auth, text_num(sa, "lifetime_s"));
	fprintf(out, "    Lifetime Remaining: %lld\n", text_num(sa, "remaining_s"));
	fprintf(out, "    D-H Grp : %-15lld Group   : %s\n", text_num(sa, "dh_group"),
	    str_or(sa, "group", "-"));
	fprintf(out, "    Local   : %s:%lld\n", text_str(sa, "local"), text_num(sa, "local_port"));
	fprintf(out, "    Remote  : %s:%lld\n", text_str(sa, "peer"), text_num(sa, "peer_port"));
	fprintf(out, "    Peer ID : %s\n", str_or(sa, "remote_id", "-"));
	fprintf(out, "    Own ID  : %s\n", str_or(sa, "local_id", "-"));
	fprintf(out, "    Cookies : I %s R %s\n", text_str(sa, "cookie_i"),
	    text_str(sa, "cookie_r"));
	fprintf(out, "    NAT-T   : %s\n", nat);
	fprintf(out, "    DPD     : %-15s IPsec   : %lld\n", yes(sa, "dpd") ? "peer has it" : "no",
	    text_num(sa, "ipsec_sas"));
	if (text_str(sa, "last_error")[0] != '\0')
		fprintf(out, "    Error   : %s\n", text_str(sa, "last_error"));
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
		    text_str(reply, "peer")[0] != '\0' ? " of " : "", text_str(reply, "peer"));
		return;
	}
	json_array_foreach(sas, i, sa) rekeyed += yes(sa, "rekeyed");
	fprintf(out, "IKEv1 SAs:\n\n");
	fprintf(out, "   Active SA: %lld\n", text_num(totals, "established"));
	fprintf(out, "    Rekey SA: %u (a tunnel has 1 Active and 1 Rekey SA during rekey)\n",
	    rekeyed);
	fprintf(out, "Total IKE SA: %lld\n",
	    text_num(totals, "established") + text_num(totals, "half_open"));
	json_array_foreach(sas, i, sa)
	{
		fprintf(out, "\n%-3zu IKE Peer: %s\n", i + 1, text_str(sa, "peer"));
		fprintf(out, "    Type    : %-15s Role    : %s\n", str_or(sa, "type", "-"),
		    text_str(sa, "role"));
		fprintf(out, "    Rekey   : %-15s State   : %s\n", yes_no(sa, "rekeyed"),
		    text_str(sa, "state"));
		if (detail)
			print_isakmp_detail(out, sa);
	}
}

/* ---- show ipsec sa ---- */

static void
print_direction(FILE *out, const json_t *sa, const char *word, const char *key)
{
	const long long pfs = text_num(sa, "pfs_group"), spi = text_num(sa, key);
	char transform[128];

	fprintf(out, "\n    %s %s sas:\n", word, text_str(sa, "protocol"));
	fprintf(out, "      spi: 0x%08llX (%lld)\n", spi, spi);
	fprintf(out, "         transform: %s no compression\n",
	    asa_transform(sa, transform, sizeof(transform)));
	fprintf(out, "         in use settings ={L2L, %s, %sIKEv1, ",
	    strcmp(text_str(sa, "mode"), "tunnel") == 0 ? "Tunnel" : "Transport",
	    yes(sa, "udp") ? "NAT-T-Encaps, " : "");
	if (pfs != 0)
		fprintf(out, "PFS Group %lld, ", pfs);
	fprintf(out, "}\n");
	if (text_num(sa, "lifetime_kilobytes") != 0)
		fprintf(out, "         sa timing: remaining key lifetime (kB/sec): (%lld/%lld)\n",
		    text_num(sa, "lifetime_kilobytes"), text_num(sa, "remaining_s"));
	else
		fprintf(out, "         sa timing: remaining key lifetime (sec): %lld\n",
		    text_num(sa, "remaining_s"));
}

static void
print_packets(FILE *out, const json_t *p)
{
	fprintf(out, "      #pkts encaps: %lld, #pkts encrypt: %lld, #pkts digest: %lld\n",
	    text_num(p, "encaps"), text_num(p, "encrypt"), text_num(p, "digest"));
	fprintf(out, "      #pkts decaps: %lld, #pkts decrypt: %lld, #pkts verify: %lld\n",
	    text_num(p, "decaps"), text_num(p, "decrypt"), text_num(p, "verify"));
}

static void
print_pair(FILE *out, const json_t *sa)
{
	fprintf(out, "    Tunnel group: %s, local addr: %s%s\n\n", text_str(sa, "group"),
	    text_str(sa, "local"), yes(sa, "rekeyed") ? " (rekeyed)" : "");
	fprintf(out, "      local ident (addr/mask/prot/port): (%s)\n",
	    text_str(sa, "local_proxy"));
	fprintf(out, "      remote ident (addr/mask/prot/port): (%s)\n",
	    text_str(sa, "remote_proxy"));
	fprintf(out, "      current_peer: %s\n\n", text_str(sa, "peer"));
	print_packets(out, json_object_get(sa, "packets"));
	if (strcmp(text_str(sa, "data_plane"), "none") == 0)
		fprintf(out,
		    "      data plane: none (the SA is kept and rekeyed; packets are not)\n");
	fprintf(out, "\n      local crypto endpt.: %s/%lld, remote crypto endpt.: %s/%lld\n",
	    text_str(sa, "local"), text_num(sa, "local_port"), text_str(sa, "peer"),
	    text_num(sa, "peer_port"));
	fprintf(out, "      current outbound spi: %08llX\n", text_num(sa, "spi_out"));
	fprintf(out, "      current inbound spi : %08llX\n", text_num(sa, "spi_in"));
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
		    text_str(reply, "peer")[0] != '\0' ? " of " : "", text_str(reply, "peer"));
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
		const char *a = text_str(s, "address");
		const bool v6 = strchr(a, ':') != NULL;

		fprintf(out, "%s: UDP %s%s%s:%lld%s\n", i == 0 ? "Sockets   " : "          ",
		    v6 ? "[" : "", a, v6 ? "]" : "", text_num(s, "port"),
		    yes(s, "nat_t") ? " (NAT-T)" : "");
	}
}

static void
print_capture(FILE *out, const json_t *c)
{
	fprintf(out, "%s, peer %s, since %s: %lld packets, %lld octets", text_str(c, "file"),
	    text_str(c, "peer"), text_str(c, "since"), text_num(c, "packets"),
	    text_num(c, "octets"));
	if (text_num(c, "rotated") > 0)
		fprintf(out, ", %lld times a new file", text_num(c, "rotated"));
	if (text_num(c, "lost") > 0)
		fprintf(out, ", %lld LOST", text_num(c, "lost"));
	if (text_str(c, "failed")[0] != '\0')
		fprintf(out, ", STOPPED: %s", text_str(c, "failed"));
	putc('\n', out);
}

static void
print_status(FILE *out, const json_t *reply)
{
	const json_t *sa = json_object_get(reply, "sa");
	char up[48], age[48];
	const char *name;
	json_t *value;

	fprintf(out, "ikev1d %s, pid %lld, user %s, up %s (since %s)\n", text_str(reply, "version"),
	    text_num(reply, "pid"), text_str(reply, "user"),
	    duration(text_num(reply, "uptime_s"), up, sizeof(up)), text_str(reply, "started"));
	fprintf(out, "Policy    : %s, loaded %s ago\n", text_str(reply, "policy"),
	    duration(text_num(reply, "policy_age_s"), age, sizeof(age)));
	fprintf(out, "Log level : %s\n", text_str(reply, "log_level"));
	fprintf(out, "Workers   : %lld\n", text_num(reply, "workers"));
	print_sockets(out, json_object_get(reply, "sockets"));
	fprintf(out, "ISAKMP SAs: %lld established, %lld half-open\n", text_num(sa, "established"),
	    text_num(sa, "half_open"));
	fprintf(out, "IPsec SAs : %lld, exchanges: %lld\n", text_num(sa, "ipsec_sas"),
	    text_num(sa, "exchanges"));
	fault_print_armed(out, json_object_get(reply, "faults"));
	if (json_object_get(reply, "capture") != NULL) {
		fprintf(out, "Capture   : ");
		print_capture(out, json_object_get(reply, "capture"));
	}
	fprintf(out, "Errors    : %lld receiving, %lld sending\n\nCounters:\n",
	    text_num(reply, "recv_errors"), text_num(reply, "send_errors"));
	json_object_foreach(json_object_get(reply, "counters"), name, value) fprintf(out,
	    "  %-22s %12lld  %s\n", name, (long long)json_integer_value(value), help_of(name));
}

/* ---- the rest ---- */

/* "Group = asa-hq, IP = 203.0.113.10, " as the log has it. */
static void
print_who(FILE *out, const json_t *o)
{
	if (text_str(o, "group")[0] != '\0')
		fprintf(out, "Group = %s, ", text_str(o, "group"));
	if (text_str(o, "ip")[0] != '\0')
		fprintf(out, "IP = %s, ", text_str(o, "ip"));
}

static void
print_policy(FILE *out, const json_t *reply)
{
	fputs(text_str(reply, "policy"), out);
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
	const char *command = text_str(reply, "command"), *peer = text_str(reply, "peer");
	const long long n = text_num(reply, "count");
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
	fprintf(out, "%s%s", text_str(reply, "outcome"), yes(reply, "already") ? ", already" : "");
	if (text_str(reply, "message")[0] != '\0') {
		fprintf(out, ": ");
		print_who(out, reply);
		fprintf(out, "%s", text_str(reply, "message"));
	}
	putc('\n', out);
}

static void
print_peer_config(FILE *out, const json_t *reply)
{
	fputs(text_str(reply, "text"), out);
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

	fprintf(out, "capturing into %s (peer %s); the keys go beside it\n", text_str(c, "file"),
	    text_str(c, "peer"));
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
	fprintf(out, "log level %s, was %s\n", text_str(reply, "level"), text_str(reply, "was"));
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
		    text_num(e, "dropped"));
		return;
	}
	fprintf(out, "%s ", text_str(e, "time"));
	print_who(out, e);
	fprintf(out, "%s\n", text_str(e, "message"));
}

/* A named peer without an SA is a failure, for scripts that wait for one. */
enum cli_exit
text_status(const json_t *reply)
{
	const json_t *sas = json_object_get(reply, "sas");

	if (!yes(reply, "ok"))
		return yes(reply, "usage") ? CLI_USAGE : CLI_REFUSED;
	if (sas != NULL && json_array_size(sas) == 0 && text_str(reply, "peer")[0] != '\0' &&
	    strcmp(text_str(reply, "peer"), "all") != 0)
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
	c = proto_find(text_str(reply, "command"));
	if (c != PROTO_C_COUNT)
		printers[c](out, reply);
	if (text_num(reply, "left_out") > 0)
		fprintf(out, "(%lld more SAs are not shown)\n", text_num(reply, "left_out"));
	return text_status(reply);
}
