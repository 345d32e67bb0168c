/* tests/unit/wire/test_names.c - words for the wire's numbers. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/names.h"

#include "base/compiler.h"
#include "t.h"
#include "wire/isakmp.h"

static void
words(void)
{
	char b[16];

	T_STR(names_word(wire_exchanges, ISAKMP_XCHG_QUICK), "Quick Mode");
	T_STR(names_word(wire_notifies, 14), "NO_PROPOSAL_CHOSEN");
	T_STR(names_word(wire_notifies, 36137), "R_U_THERE_ACK");
	T_STR(names_word(wire_id_kinds, 4), "ID_IPV4_ADDR_SUBNET");
	T_STR(names_word(wire_protocols, 3), "ESP");
	T_STR(names_word(wire_encaps, 61443), "UDP Tunnel(NAT-T draft)");
	T_STR(names_word(wire_auth_methods, 65001),
	    "XAUTH with Preshared Key (Initiator authenticated)");
	T_STR(names_word(wire_p1_attrs, 14), "Key Length");
	T_STR(names_word(wire_p2_attrs, 4), "Encapsulation Mode");
	T_STR(names_word(wire_p1_ciphers, 7), "AES-CBC");
	T_STR(names_word(wire_p1_hashes, 4), "SHA2-256");
	T_STR(names_word(wire_groups, 14), "Group 14");
	T_STR(names_word(wire_esp_transforms, 12), "ESP_AES");
	T_STR(names_print(wire_groups, 99, b, sizeof(b)), "#99");
}

/* No value and no word stands twice in a table. */
static void
tables_are_unique(void)
{
	static const struct name *const all[] = {wire_exchanges, wire_notifies, wire_id_kinds,
	    wire_protocols, wire_encaps, wire_auth_methods, wire_p1_attrs, wire_p2_attrs,
	    wire_p1_ciphers, wire_p1_hashes, wire_groups, wire_life_types, wire_p2_auths,
	    wire_esp_transforms, wire_ah_transforms, wire_ipcomp_transforms, wire_cfg_types,
	    wire_cert_encodings};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (const struct name *a = all[i]; a->word != NULL; a++)
			for (const struct name *b = all[i]; b != a; b++)
				if (a->value == b->value || strcmp(a->word, b->word) == 0)
					T_FAIL("table %zu: %s and %s", i, a->word, b->word);
}

int
main(void)
{
	T_RUN(words);
	T_RUN(tables_are_unique);
	return T_DONE();
}
