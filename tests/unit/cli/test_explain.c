/* test_explain.c - an explanation as people see it: whole outputs, within 100 columns. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include "cli_local.h"

static char *printed;

static void
print(const char *json)
{
	json_error_t e;
	json_t *o = json_loads(json, 0, &e);
	size_t n;
	FILE *out;

	if (!T_TRUE(o != NULL)) {
		T_FAIL("%s", e.text);
		return;
	}
	free(printed);
	out = open_memstream(&printed, &n);
	explain_print(out, o);
	fclose(out);
	json_decref(o);
}

#define PROPOSAL                                                                                   \
	"{\"time\":\"2026-11-23T18:14:30.437Z\",\"exchange\":\"Quick Mode\",\"group\":\"lab\","    \
	"\"peer\":\"10.9.0.1\",\"stopped\":\"Quick Mode at QM1 in QM_START\","                     \
	"\"kind\":\"proposal\",\"side\":\"either\","                                               \
	"\"verdict\":\"no phase 2 transform fits; nearest is transform 1 against transform se" \
	"t \\\"esp\\\": Encryption Algorithm: the peer offers AES-CBC-256, we want AES-CBC-12" \
	"8\"," \
	"\"mend\":{\"ikev1d\":\"ikev1d.conf:10: transform set \\\"esp\\\": add \\\"aes-256\\" \
	"\" to encryption\"," \
	"\"asa\":\"crypto ipsec ikev1 transform-set <name> esp-aes esp-sha-hmac\",\"strongswa" \
	"n\":\"\"}," \
	"\"peer_shows\":{\"asa\":\"\\\"QM FSM error\\\"\",\"strongswan\":\"\\\"received NO_PR" \
	"OPOSAL_CHOSEN error notify\\\"\"}," \
	"\"table\":[{\"proposal\":1,\"transform\":1,\"against\":\"esp\",\"line\":10,\"nearest" \
	"\":true,\"skipped\":\"\",\"attributes\":[" \
	"{\"attribute\":\"Protocol\",\"match\":true,\"offered\":\"ESP\",\"wanted\":\"ESP\"},"      \
	"{\"attribute\":\"Encryption Algorithm\",\"match\":false,\"offered\":\"AES-CBC-256\"," \
	"\"wanted\":\"AES-CBC-128\"}]}," \
	"{\"proposal\":1,\"transform\":2,\"against\":\"\",\"line\":0,\"nearest\":false,\"skip" \
	"ped\":\"attribute 77 is not supported\",\"attributes\":[]}]}"
#define KNOCK                                                                                      \
	"{\"time\":\"2026-11-23T18:14:01.000Z\",\"exchange\":\"IKEv2\",\"group\":\"\","            \
	"\"peer\":\"10.9.0.1\",\"stopped\":\"IKEv2 at its first message\",\"kind\":\"version\","   \
	"\"side\":\"peer\",\"verdict\":\"v\",\"mend\":{},\"peer_shows\":{},\"table\":[]}"

#define PROPOSAL_TEXT                                                                              \
	"2026-11-23T18:14:30.437Z  Quick Mode  Group = lab  IP = 10.9.0.1\n"                       \
	"  Stopped:    Quick Mode at QM1 in QM_START\n"                                            \
	"  Why:        no phase 2 transform fits; nearest is transform 1 against transform se" \
	"t \"esp\":\n" \
	"              Encryption Algorithm: the peer offers AES-CBC-256, we want AES-CBC-128\n"   \
	"  Side:       either\n"                                                                   \
	"  Mend here:  ikev1d.conf:10: transform set \"esp\": add \"aes-256\" to encryption\n"     \
	"  on an ASA:  crypto ipsec ikev1 transform-set <name> esp-aes esp-sha-hmac\n"             \
	"  ASA shows:  \"QM FSM error\"\n"                                                         \
	"  strongSwan: \"received NO_PROPOSAL_CHOSEN error notify\"\n"                             \
	"  Offered against wanted (X: differs)\n"                                                  \
	"    proposal 1, transform 1 against \"esp\" (line 10)   <- nearest\n"                     \
	"        Protocol                 offered ESP                    wanted ESP\n"             \
	"      X Encryption Algorithm     offered AES-CBC-256            wanted AES-CBC-128\n"     \
	"    proposal 1, transform 2: cannot be compared: attribute 77 is not supported\n"

static void
one_failure(void)
{
	print("{\"failures\":[" PROPOSAL "]}");
	T_STR(printed, PROPOSAL_TEXT);
}

static void
and_those_before_it(void)
{
	print("{\"failures\":[" PROPOSAL "," KNOCK "]}");
	T_STR(printed,
	    PROPOSAL_TEXT
	    "\nBefore that:\n"
	    "  2026-11-23T18:14:01.000Z  10.9.0.1         IKEv2 at its first message: version\n");
}

static void
of_no_group(void)
{
	print("{\"failures\":[" KNOCK "]}");
	T_STR(printed,
	    "2026-11-23T18:14:01.000Z  IKEv2  Group = (none)  IP = 10.9.0.1\n"
	    "  Stopped:    IKEv2 at its first message\n"
	    "  Why:        v\n"
	    "  Side:       peer\n");
}

static void
nothing(void)
{
	print("{\"failures\":[]}");
	T_STR(printed, "No failed negotiation is remembered\n");
}

int
main(void)
{
	T_RUN(one_failure);
	T_RUN(and_those_before_it);
	T_RUN(of_no_group);
	T_RUN(nothing);
	free(printed);
	return T_DONE();
}
