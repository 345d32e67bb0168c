/* test_ladder.c - the ladder as people see it: whole outputs, within 100 columns. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "t.h"

#include <locale.h>

#include "cli_local.h"

static char *printed;

static void
print(const char *json, bool ascii)
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
	ladder_ascii(ascii);
	ladder_print(out, o);
	fclose(out);
	json_decref(o);
}

#define HEAD                                                                                       \
	"\"time\":\"2026-11-23T18:14:30.437Z\",\"group\":\"lab\",\"peer\":\"10.9.0.1\","           \
	"\"role\":\"responder\",\"lost_steps\":0,"
#define FAILED                                                                                     \
	"{\"exchanges\":[{" HEAD "\"exchange\":\"Quick Mode\",\"msgid\":2154019658,"               \
	"\"outcome\":\"failed\",\"failed_label\":\"QM1\",\"failed_state\":\"QM_START\","           \
	"\"reason\":\"no transform of the peer matches a transform set of the crypto map entry on line 16\"," \
	"\"steps\":["                                                                              \
	"{\"at_ms\":0,\"what\":\"received\",\"label\":\"QM1\",\"octets\":188,"                     \
	"\"payloads\":[\"HASH\",\"SA\",\"NONCE\",\"ID\",\"ID\"],\"state\":\"QM_START\"},"          \
	"{\"at_ms\":1500,\"what\":\"sent\",\"label\":\"INFO\",\"octets\":92,"                      \
	"\"payloads\":[\"HASH\",\"N\"],\"state\":\"\"},"                                           \
	"{\"at_ms\":1500,\"what\":\"state\",\"label\":\"\",\"octets\":0,\"payloads\":[],"          \
	"\"state\":\"QM_DONE\"}]}]}"

static void
a_failure_in_ascii(void)
{
	print(FAILED, true);
	T_STR(printed,
	    "2026-11-23T18:14:30.437Z  Quick Mode (msgid=8063bb4a), group lab\n"
	    "10.9.0.1                                                                   ikev1d\n"
	    "QM_WAIT_MSG2  - QM1: HASH SA NONCE ID*2, 188 octets -----------------> QM_START           +0 ms\n"
	    "QM_WAIT_MSG2  <- INFO: HASH N, 92 octets ----------------------------- QM_START        +1500 ms\n"
	    "X FAILED at QM1 in QM_START: no transform of the peer matches a transform set of the crypto map\n"
	    "    entry on line 16\n");
}

static void
a_failure_in_unicode(void)
{
	if (setenv("LC_ALL", "C.UTF-8", 1) != 0 || setlocale(LC_CTYPE, "") == NULL) {
		T_SKIP("no locale C.UTF-8");
		return;
	}
	print(FAILED, false);
	T_TRUE(strstr(printed, "QM_WAIT_MSG2  ─ QM1: HASH SA NONCE ID*2, 188 octets ─") != NULL);
	T_TRUE(strstr(printed, "─▶ QM_START") != NULL);
	T_TRUE(strstr(printed, "◀─ INFO: HASH N, 92 octets ─") != NULL);
	T_TRUE(strstr(printed, "✘ FAILED at QM1") != NULL);
	/* another locale has no such letters */
	(void)setenv("LC_ALL", "C", 1);
	print(FAILED, false);
	for (const char *p = printed; *p != '\0'; p++)
		T_TRUE((unsigned char)*p < 128);
}

static void
up_and_repeated(void)
{
	print(
	    "{\"exchanges\":[{" HEAD
	    "\"exchange\":\"Main Mode\",\"msgid\":0,\"outcome\":\"up\",\"failed_label\":\"\",\"failed_state\":\"\",\"reason\":\"\","
	    "\"steps\":["
	    "{\"at_ms\":0,\"what\":\"received\",\"label\":\"MM1\",\"octets\":180,\"payloads\":[\"SA\",\"VID\",\"VID\"],\"state\":\"MM_START\"},"
	    "{\"at_ms\":2,\"what\":\"sent\",\"label\":\"MM2\",\"octets\":124,\"payloads\":[\"SA\"],\"state\":\"MM_WAIT_MSG3\"},"
	    "{\"at_ms\":90,\"what\":\"duplicate\",\"label\":\"\",\"octets\":180,\"payloads\":[],\"state\":\"\"},"
	    "{\"at_ms\":91,\"what\":\"resent\",\"label\":\"MM2\",\"octets\":124,\"payloads\":[],\"state\":\"\"}"
	    "]}]}",
	    true);
	T_STR(printed,
	    "2026-11-23T18:14:30.437Z  Main Mode, group lab\n"
	    "10.9.0.1                                                                   ikev1d\n"
	    "MM_WAIT_MSG2  - MM1: SA VID*2, 180 octets ---------------------------> MM_START           +0 ms\n"
	    "MM_WAIT_MSG2  <- MM2: SA, 124 octets --------------------------------- MM_WAIT_MSG3       +2 ms\n"
	    "MM_WAIT_MSG2  - repeated, 180 octets --------------------------------> MM_WAIT_MSG3      +88 ms\n"
	    "MM_WAIT_MSG2  <- MM2, 124 octets (again) ----------------------------- MM_WAIT_MSG3       +1 ms\n"
	    "= MM_WAIT_MSG3\n");
}

static void
nothing(void)
{
	print("{\"exchanges\":[]}", true);
	T_STR(printed, "No negotiation is remembered\n");
}

int
main(void)
{
	T_RUN(a_failure_in_ascii);
	T_RUN(a_failure_in_unicode);
	T_RUN(up_and_repeated);
	T_RUN(nothing);
	free(printed);
	return T_DONE();
}
