/* test_text.c - replies as people see them. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "base/compiler.h"
#include "cli_local.h"

/* Print a reply; what went out and what went to stderr, in static memory. */
static struct printed {
	enum cli_exit status;
	char	     *out, *err;
} printed;

static void
print(const char *json)
{
	json_error_t e;
	json_t *o = json_loads(json, 0, &e);
	size_t n, m;
	FILE *out, *err;

	if (!T_TRUE(o != NULL)) {
		T_FAIL("%s in %s", e.text, json);
		return;
	}
	free(printed.out);
	free(printed.err);
	out = open_memstream(&printed.out, &n);
	err = open_memstream(&printed.err, &m);
	printed.status = text_print(out, err, o);
	fclose(out);
	fclose(err);
	T_EQ(text_status(o), printed.status); /* --json ends with the same status */
	json_decref(o);
}

#define SA_HEAD                                                                                    \
	"\"peer\":\"10.0.0.1\",\"peer_port\":500,\"local\":\"10.0.0.2\",\"local_port\":500,"       \
	"\"group\":\"asa-hq\",\"type\":\"L2L\",\"role\":\"responder\","
#define SA_ALG                                                                                     \
	"\"encryption\":\"aes-256\",\"hash\":\"sha1\",\"dh_group\":14,"                            \
	"\"authentication\":\"pre-share\",\"lifetime_s\":86400,\"lifetime_kilobytes\":0,"          \
	"\"age_s\":400,\"remaining_s\":86000,\"octets\":1234,"
#define SA_TAIL                                                                                    \
	"\"cookie_i\":\"0011223344556677\",\"cookie_r\":\"00aabbccddeeff11\",\"worker\":0,"        \
	"\"nat_t\":true,\"nat_t_dialect\":\"RFC 3947\",\"nat_local\":false,\"nat_remote\":true,"   \
	"\"dpd\":true,\"remote_id\":\"10.0.0.1\",\"local_id\":\"10.0.0.2\",\"ipsec_sas\":1,"       \
	"\"exchanges\":0,\"last_error\":\"\""

static void
isakmp_as_asa_has_it(void)
{
	print("{\"ok\":true,\"command\":\"show isakmp sa\",\"detail\":false,\"left_out\":0,"
	      "\"totals\":{\"half_open\":0,\"established\":1,\"exchanges\":0,\"ipsec_sas\":1},"
	      "\"sas\":[{" SA_HEAD SA_ALG
	      "\"state\":\"MM_ACTIVE\",\"established\":true,\"rekeyed\":false," SA_TAIL "}]}");
	T_EQ(printed.status, CLI_OK);
	T_STR(printed.err, "");
	T_STR(printed.out,
	    "IKEv1 SAs:\n"
	    "\n"
	    "   Active SA: 1\n"
	    "    Rekey SA: 0 (a tunnel has 1 Active and 1 Rekey SA during rekey)\n"
	    "Total IKE SA: 1\n"
	    "\n"
	    "1   IKE Peer: 10.0.0.1\n"
	    "    Type    : L2L             Role    : responder\n"
	    "    Rekey   : no              State   : MM_ACTIVE\n");
}

static void
isakmp_detail(void)
{
	print("{\"ok\":true,\"command\":\"show isakmp sa\",\"detail\":true,\"left_out\":0,"
	      "\"totals\":{\"half_open\":0,\"established\":1,\"exchanges\":0,\"ipsec_sas\":1},"
	      "\"sas\":[{" SA_HEAD SA_ALG
	      "\"state\":\"MM_ACTIVE\",\"established\":true,\"rekeyed\":true," SA_TAIL "}]}");
	T_STR(strstr(printed.out, "1   IKE Peer"),
	    "1   IKE Peer: 10.0.0.1\n"
	    "    Type    : L2L             Role    : responder\n"
	    "    Rekey   : yes             State   : MM_ACTIVE\n"
	    "    Encrypt : aes-256         Hash    : SHA\n"
	    "    Auth    : preshared       Lifetime: 86400\n"
	    "    Lifetime Remaining: 86000\n"
	    "    D-H Grp : 14              Group   : asa-hq\n"
	    "    Local   : 10.0.0.2:500\n"
	    "    Remote  : 10.0.0.1:500\n"
	    "    Peer ID : 10.0.0.1\n"
	    "    Own ID  : 10.0.0.2\n"
	    "    Cookies : I 0011223344556677 R 00aabbccddeeff11\n"
	    "    NAT-T   : RFC 3947, the peer behind NAT\n"
	    "    DPD     : peer has it     IPsec   : 1\n");
	T_TRUE(strstr(printed.out, "    Rekey SA: 1 ") != NULL);
}

static void
isakmp_before_a_proposal(void)
{
	print("{\"ok\":true,\"command\":\"show isakmp sa\",\"detail\":true,\"left_out\":3,"
	      "\"totals\":{\"half_open\":1,\"established\":0,\"exchanges\":1,\"ipsec_sas\":0},"
	      "\"sas\":[{\"peer\":\"2001:db8::1\",\"peer_port\":500,\"local\":\"2001:db8::2\","
	      "\"local_port\":500,\"group\":\"\",\"type\":\"\",\"role\":\"responder\","
	      "\"state\":\"MM_START\",\"encryption\":null,\"hash\":null,\"dh_group\":null,"
	      "\"authentication\":null,\"last_error\":\"no proposal matches the policy\"}]}");
	T_EQ(printed.status, CLI_OK);
	T_TRUE(strstr(printed.out, "    Encrypt : -               Hash    : -\n") != NULL);
	T_TRUE(strstr(printed.out, "    Error   : no proposal matches the policy\n") != NULL);
	T_TRUE(strstr(printed.out, "(3 more SAs are not shown)\n") != NULL);
}

static void
nothing_there(void)
{
	print("{\"ok\":true,\"command\":\"show isakmp sa\",\"detail\":false,\"sas\":[]}");
	T_STR(printed.out, "There are no IKEv1 SAs\n");
	T_EQ(printed.status, CLI_OK);
	print("{\"ok\":true,\"command\":\"show isakmp sa\",\"peer\":\"10.0.0.9\",\"sas\":[]}");
	T_STR(printed.out, "There are no IKEv1 SAs of 10.0.0.9\n");
	T_EQ(printed.status, CLI_REFUSED);
	print("{\"ok\":true,\"command\":\"show ipsec sa\",\"peer\":\"all\",\"sas\":[]}");
	T_EQ(printed.status, CLI_OK);
}

#define PAIR                                                                                       \
	"\"peer\":\"10.0.0.1\",\"peer_port\":4500,\"local\":\"10.0.0.2\",\"local_port\":4500,"     \
	"\"group\":\"asa-hq\",\"local_proxy\":\"172.16.1.0/255.255.255.0/0/0\","                   \
	"\"remote_proxy\":\"192.168.1.0/255.255.255.0/0/0\",\"spi_in\":27440068,"                  \
	"\"spi_out\":3221225473,\"rekeyed\":false,\"initiator\":false,"                            \
	"\"data_plane\":\"none\",\"packets\":{\"encaps\":0,\"encrypt\":0,\"digest\":0,"            \
	"\"decaps\":0,\"decrypt\":0,\"verify\":0},"

static void
ipsec_as_asa_has_it(void)
{
	print("{\"ok\":true,\"command\":\"show ipsec sa\",\"left_out\":0,\"sas\":[{" PAIR
	      "\"protocol\":\"esp\",\"encryption\":\"aes-256\",\"integrity\":\"sha1\","
	      "\"pfs_group\":14,\"mode\":\"tunnel\",\"udp\":true,"
	      "\"lifetime_kilobytes\":4373999,\"remaining_s\":28698}]}");
	T_STR(printed.out,
	    "    Tunnel group: asa-hq, local addr: 10.0.0.2\n"
	    "\n"
	    "      local ident (addr/mask/prot/port): (172.16.1.0/255.255.255.0/0/0)\n"
	    "      remote ident (addr/mask/prot/port): (192.168.1.0/255.255.255.0/0/0)\n"
	    "      current_peer: 10.0.0.1\n"
	    "\n"
	    "      #pkts encaps: 0, #pkts encrypt: 0, #pkts digest: 0\n"
	    "      #pkts decaps: 0, #pkts decrypt: 0, #pkts verify: 0\n"
	    "      data plane: none (the SA is kept and rekeyed; packets are not)\n"
	    "\n"
	    "      local crypto endpt.: 10.0.0.2/4500, remote crypto endpt.: 10.0.0.1/4500\n"
	    "      current outbound spi: C0000001\n"
	    "      current inbound spi : 01A2B3C4\n"
	    "\n"
	    "    inbound esp sas:\n"
	    "      spi: 0x01A2B3C4 (27440068)\n"
	    "         transform: esp-aes-256 esp-sha-hmac no compression\n"
	    "         in use settings ={L2L, Tunnel, NAT-T-Encaps, IKEv1, PFS Group 14, }\n"
	    "         sa timing: remaining key lifetime (kB/sec): (4373999/28698)\n"
	    "\n"
	    "    outbound esp sas:\n"
	    "      spi: 0xC0000001 (3221225473)\n"
	    "         transform: esp-aes-256 esp-sha-hmac no compression\n"
	    "         in use settings ={L2L, Tunnel, NAT-T-Encaps, IKEv1, PFS Group 14, }\n"
	    "         sa timing: remaining key lifetime (kB/sec): (4373999/28698)\n");
}

static void
transforms_in_asas_words(void)
{
	static const char *const rows[][2] = {
	    {"\"protocol\":\"esp\",\"encryption\":\"aes-128\",\"integrity\":\"sha256\"",
		"transform: esp-aes esp-sha256-hmac no compression\n"},
	    {"\"protocol\":\"esp\",\"encryption\":\"3des\",\"integrity\":\"md5\"",
		"transform: esp-3des esp-md5-hmac no compression\n"},
	    {"\"protocol\":\"esp\",\"encryption\":\"aes-256-gcm\",\"integrity\":null",
		"transform: esp-aes-256-gcm no compression\n"},
	    {"\"protocol\":\"ah\",\"encryption\":null,\"integrity\":\"sha1\"",
		"transform: ah-sha-hmac no compression\n"},
	};
	char json[1024];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(json, sizeof(json),
		    "{\"ok\":true,\"command\":\"show ipsec sa\",\"sas\":[{" PAIR
		    "\"pfs_group\":null,\"mode\":\"transport\",\"udp\":false,"
		    "\"lifetime_kilobytes\":0,\"remaining_s\":5,%s}]}",
		    rows[i][0]);
		print(json);
		T_TRUE(strstr(printed.out, rows[i][1]) != NULL);
		T_TRUE(strstr(printed.out, "settings ={L2L, Transport, IKEv1, }\n") != NULL);
		T_TRUE(strstr(printed.out, "remaining key lifetime (sec): 5\n") != NULL);
		T_EQ(strstr(printed.out, "inbound ah sas:") != NULL, i == 3);
	}
}

static void
refusals(void)
{
	print("{\"ok\":false,\"error\":\"there is no SA of peer 10.0.0.9\",\"count\":0}");
	T_EQ(printed.status, CLI_REFUSED);
	T_STR(printed.out, "");
	T_STR(printed.err, "ikev1ctl: there is no SA of peer 10.0.0.9\n");
	print("{\"ok\":false,\"error\":\"the new policy is refused\","
	      "\"mistakes\":[\"a.conf:3: one\",\"a.conf:4: two\"],\"notes\":[]}");
	T_STR(printed.err, "ikev1ctl: the new policy is refused\na.conf:3: one\na.conf:4: two\n");
	print("{\"ok\":false,\"error\":\"no such command\",\"usage\":true}");
	T_EQ(printed.status, CLI_USAGE);
	print("{}");
	T_EQ(printed.status, CLI_REFUSED);
}

static void
short_answers(void)
{
	print("{\"ok\":true,\"command\":\"delete\",\"peer\":\"asa-hq\",\"count\":2}");
	T_STR(printed.out, "2 SAs of asa-hq deleted\n");
	print("{\"ok\":true,\"command\":\"dpd\",\"peer\":\"10.0.0.1\",\"count\":1}");
	T_STR(printed.out, "R-U-THERE sent on 1 SA of 10.0.0.1\n");
	print("{\"ok\":true,\"command\":\"rekey\",\"peer\":\"all\",\"count\":3}");
	T_STR(printed.out, "Quick Mode started for 3 IPsec SAs\n");
	print(
	    "{\"ok\":true,\"command\":\"fault set\",\"armed\":[{\"group\":\"asa-hq\",\"fault\":\"mm4.drop "
	    "p=0.5\",\"from\":\"control\",\"count\":3,\"left\":2,\"probability\":0.5,\"seed\":7,\"seen\":4,"
	    "\"fired\":2}]}");
	T_STR(printed.out,
	    "Faults armed:\n"
	    "  asa-hq: mm4.drop p=0.5, 2 of 3 negotiations left, seed=7, acted 2 of 4 times\n");
	print("{\"ok\":true,\"command\":\"fault clear\",\"count\":1,\"armed\":[]}");
	T_STR(printed.out, "1 fault cleared\nNo fault is armed.\n");
	print(
	    "{\"ok\":true,\"command\":\"fault list\",\"armed\":[],\"faults\":[{\"name\":\"mm4.bad-ke\","
	    "\"arguments\":\"omit|zero\",\"wire\":\"w\",\"asa\":\"a\",\"strongswan\":\"s\",\"how\":\"h\"}]}");
	T_STR(printed.out,
	    "mm4.bad-ke=omit|zero\n    wire        w\n    ASA         a\n    strongSwan  s\n"
	    "    as if       h\nNo fault is armed.\n");
	print("{\"ok\":true,\"command\":\"reload\",\"notes\":[\"workers has changed\"]}");
	T_STR(printed.out, "policy reloaded\nworkers has changed\n");
	print(
	    "{\"ok\":true,\"command\":\"capture start\",\"capture\":{\"file\":\"/c\",\"peer\":\"all\"}}");
	T_STR(printed.out, "capturing into /c (peer all); the keys go beside it\n");
	print(
	    "{\"ok\":true,\"command\":\"capture stop\",\"capture\":{\"file\":\"/c\",\"peer\":\"asa-hq\","
	    "\"since\":\"T\",\"packets\":3,\"octets\":400,\"lost\":0,\"rotated\":0,\"failed\":\"\"}}");
	T_STR(printed.out, "capture ended: /c, peer asa-hq, since T: 3 packets, 400 octets\n");
	print(
	    "{\"ok\":true,\"command\":\"capture stop\",\"capture\":{\"file\":\"/c\",\"peer\":\"all\","
	    "\"since\":\"T\",\"packets\":3,\"octets\":400,\"lost\":1,\"rotated\":2,\"failed\":\"No space\"}}");
	T_STR(printed.out,
	    "capture ended: /c, peer all, since T: 3 packets, 400 octets, 2 times a new file, 1 LOST, "
	    "STOPPED: No space\n");
	print("{\"ok\":true,\"command\":\"log level\",\"level\":\"debug\",\"was\":\"info\"}");
	T_STR(printed.out, "log level debug, was info\n");
	print("{\"ok\":true,\"command\":\"show policy\",\"policy\":\"workers = 1;\\n\"}");
	T_STR(printed.out, "workers = 1;\n");
	print("{\"ok\":true,\"command\":\"wait\",\"outcome\":\"phase1-up\",\"already\":true}");
	T_STR(printed.out, "phase1-up, already\n");
	print("{\"ok\":true,\"command\":\"wait\",\"outcome\":\"failed\",\"already\":false,"
	      "\"group\":\"hq\",\"ip\":\"10.0.0.1\",\"message\":\"no proposal\"}");
	T_STR(printed.out, "failed: Group = hq, IP = 10.0.0.1, no proposal\n");
	T_EQ(printed.status, CLI_OK);
	print("{\"ok\":false,\"command\":\"wait\",\"outcome\":\"timeout\",\"error\":\"late\"}");
	T_EQ(printed.status, CLI_REFUSED);
	T_STR(printed.err, "ikev1ctl: late\n");
	print("{\"ok\":true,\"command\":\"peer-config\",\"text\":\"crypto\\n\"}");
	T_STR(printed.out, "crypto\n");
	print("{\"ok\":true,\"command\":\"monitor\",\"level\":\"info\"}");
	T_STR(printed.out, "");
}

static void
status(void)
{
	print("{\"ok\":true,\"command\":\"status\",\"version\":\"0.1.0\",\"pid\":7,"
	      "\"started\":\"2026-01-02T03:04:05.678Z\",\"uptime_s\":3725,\"user\":\"ikev1d\","
	      "\"policy\":\"/etc/ikev1d/ikev1d.conf\",\"policy_age_s\":65,\"log_level\":\"info\","
	      "\"workers\":2,\"sockets\":["
	      "{\"address\":\"0.0.0.0\",\"port\":500,\"nat_t\":false},"
	      "{\"address\":\"::\",\"port\":4500,\"nat_t\":true}],"
	      "\"sa\":{\"half_open\":1,\"established\":2,\"exchanges\":3,\"ipsec_sas\":4},"
	      "\"recv_errors\":0,\"send_errors\":5,\"counters\":{\"datagrams_in\":99}}");
	T_EQ(printed.status, CLI_OK);
	T_STR(printed.out,
	    "ikev1d 0.1.0, pid 7, user ikev1d, up 1 h 2 min (since 2026-01-02T03:04:05.678Z)\n"
	    "Policy    : /etc/ikev1d/ikev1d.conf, loaded 1 min 5 s ago\n"
	    "Log level : info\n"
	    "Workers   : 2\n"
	    "Sockets   : UDP 0.0.0.0:500\n"
	    "          : UDP [::]:4500 (NAT-T)\n"
	    "ISAKMP SAs: 2 established, 1 half-open\n"
	    "IPsec SAs : 4, exchanges: 3\n"
	    "Errors    : 0 receiving, 5 sending\n"
	    "\n"
	    "Counters:\n"
	    "  datagrams_in                     99  datagrams received\n");
}

static void
event(const char *json, const char *want)
{
	json_t *o = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	text_event(f, o);
	fclose(f);
	T_STR(text, want);
	free(text);
	json_decref(o);
}

static void
events(void)
{
	event("{\"time\":\"2026-01-02T03:04:05.067Z\",\"level\":\"notice\","
	      "\"event\":\"P1_COMPLETED\",\"asa_id\":713119,\"group\":\"asa-hq\","
	      "\"ip\":\"203.0.113.10\",\"message\":\"PHASE 1 COMPLETED\"}",
	    "2026-01-02T03:04:05.067Z Group = asa-hq, IP = 203.0.113.10, PHASE 1 COMPLETED\n");
	event("{\"time\":\"2026-01-02T03:04:05.067Z\",\"message\":\"started\"}",
	    "2026-01-02T03:04:05.067Z started\n");
	event("{\"dropped\":12}",
	    "(12 lines left out: they came faster than they could be sent)\n");
}

static void
every_command_is_listed(void)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	text_commands(f);
	fclose(f);
	for (int i = 0; i < PROTO_C_COUNT; i++)
		T_TRUE(strstr(text, proto_table[i].words) != NULL);
	free(text);
}

int
main(void)
{
	T_RUN(isakmp_as_asa_has_it);
	T_RUN(isakmp_detail);
	T_RUN(isakmp_before_a_proposal);
	T_RUN(nothing_there);
	T_RUN(ipsec_as_asa_has_it);
	T_RUN(transforms_in_asas_words);
	T_RUN(refusals);
	T_RUN(short_answers);
	T_RUN(status);
	T_RUN(events);
	T_RUN(every_command_is_listed);
	free(printed.out);
	free(printed.err);
	return T_DONE();
}
