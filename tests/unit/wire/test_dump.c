/* tests/unit/wire/test_dump.c - messages in words. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/dump.h"

#include "wire_t.h"

static char text[8192];

static void
keep(void *ctx, const char *line)
{
	size_t n = strlen(text);

	(void)ctx;
	(void)snprintf(text + n, sizeof(text) - n, "%s\n", line);
}

static void
decode(struct msg *m, const char *chain, uint8_t first, uint32_t msgid)
{
	struct isakmp_hdr h = {.next = first, .version = 0x10, .exchange = 2, .msgid = msgid};

	h.length = ISAKMP_HDR_LEN;
	msg_init(m, &h);
	T_OK(msg_decode(m, hex(chain), mem, NULL));
}

/* The line that DESIGN and every ASA reader know. */
static void
asa_line(void)
{
	char buf[256];
	struct msg m;

	decode(&m,
	    "0d000034 00000001 00000001 00000028 01010001 00000020 01010000 80010007 800e0080"
	    "80020002 80040002 80030001 800b0001 00000005 01",
	    ISAKMP_PL_SA, 0);
	T_STR(dump_line(&m, 168, buf, sizeof(buf)),
	    "(msgid=0) with payloads : HDR + SA (1) + VENDOR (13) + NONE (0) total length : 168");
	T_STR(dump_line(&m, 168, buf, 20), "(msgid=0) with payl");
	T_STR(dump_line(&m, 168, buf, 1), "");
	T_TRUE(dump_line(&m, 168, buf, 0) == buf);
	decode(&m,
	    "0b000005 01 0c00000c 00000001 0100000e 0700000c 00000001 01000000 0600000504"
	    "0900000504 0a00000501 1400000c 0102030405060708 82000005 01 0f000005 01 0e000004"
	    "84000008 01000001 83000009 0001010101 0000000c 01000000 0a000001",
	    ISAKMP_PL_HASH, 0x26f952ae);
	T_STR(dump_line(&m, 64, buf, sizeof(buf)),
	    "(msgid=26f952ae) with payloads : HDR + HASH (8) + NOTIFY (11) + DELETE (12) + "
	    "CERT_REQ (7) + CERT (6) + SIG (9) + NONCE (10) + NAT-D (20) + NAT-D (130) + "
	    "UNKNOWN (15) + ATTR (14) + FRAG (132) + NAT-OA (131) + NONE (0) total length : 64");
	arena_reset(mem);
}

static void
id(const char *octets, const char *want)
{
	char buf[300];
	struct pl *pl;

	if (T_OK(body_get(ISAKMP_PL_ID, hex(octets), &pl, NULL)))
		T_STR(dump_id(&pl->u.id, buf, sizeof(buf)), want);
}

static void
identities(void)
{
	struct pl_id fqdn = {.kind = ID_FQDN, .data = CHUNK((const uint8_t *)"abcdef", 6)},
		     lie = {.kind = ID_IPV4_ADDR, .data = CHUNK((const uint8_t *)"\1\2", 2)};
	char buf[8];

	id("01 00 0000 c0a80107", "192.168.1.7");
	id("04 00 0000 c0a80100 ffffff00", "192.168.1.0/255.255.255.0");
	id("04 00 0000 c0a80100 ff00ff00", "192.168.1.0/255.0.255.0");
	id("04 00 0000 00000000 00000000", "0.0.0.0/0.0.0.0");
	id("07 00 0000 c0a80101 c0a80109", "192.168.1.1-192.168.1.9");
	id("05 00 0000 20010db8000000000000000000000001", "2001:db8::1");
	id("06 00 0000 20010db8000000000000000000000000 ffffffff000000000000000000000000",
	    "2001:db8::/32");
	id("06 00 0000 20010db8000000000000000000000000 ff00ff00000000000000000000000000",
	    "2001:db8::/ff00:ff00::");
	id("08 00 0000 20010db8000000000000000000000001 20010db8000000000000000000000002",
	    "2001:db8::1-2001:db8::2");
	id("02 00 0000 76706e0a", "vpn\\x0a");
	id("03 00 0000 754068", "u@h");
	id("0b 00 0000 67726f7570", "67726f7570");
	id("09 00 0000 3000", "3000");
	id("02 00 0000", "");
	T_STR(dump_id(&fqdn, buf, 4), "abc");
	T_STR(dump_id(&lie, buf, sizeof(buf)), "0102");
	arena_reset(mem);
}

static void
attributes(void)
{
	static const struct {
		uint8_t protocol;
		uint16_t type, value;
		const char *want;
	} rows[] = {{1, 1, 7, "Encryption Algorithm: AES-CBC"}, {1, 14, 256, "Key Length: 256"},
	    {1, 4, 5, "Group Description: Group 5"}, {1, 3, 1, "Auth Method: Preshared Key"},
	    {1, 2, 77, "Hash Algorithm: #77"}, {1, 999, 3, "Attribute 999: 3"},
	    {3, 4, 1, "Encapsulation Mode: Tunnel"},
	    {3, 5, 2, "Authentication Algorithm: HMAC-SHA1"}, {2, 1, 2, "SA Life Type: kilobytes"},
	    {3, 6, 256, "Key Length: 256"}};
	struct pl_attr *a;
	char buf[200];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		a = attr_new(mem, rows[i].type, rows[i].value);
		T_STR(dump_attr(rows[i].protocol, a, buf, sizeof(buf)), rows[i].want);
	}
	a = attr_new_data(mem, 1, hex("ffffffffffffffff"));
	T_STR(dump_attr(1, a, buf, sizeof(buf)), "Encryption Algorithm: #18446744073709551615");
	a = attr_new_data(mem, 6, hex("ffffffffffffffff01"));
	T_STR(dump_attr(1, a, buf, sizeof(buf)),
	    "Group Prime/Irreducible Polynomial: ffffffffffffffff01");
	a = attr_new_long(mem, 12, 86400);
	T_STR(dump_attr(1, a, buf, sizeof(buf)), "Life Duration: 86400");
	T_STR(dump_attr(1, a, buf, 5), "Life");
	arena_reset(mem);
}

/* Each payload type in one message, word for word. */
static void
full_message(void)
{
	struct msg m;

	text[0] = '\0';
	decode(&m,
	    "0d000034 00000001 00000001 00000028 01010001 00000020 01010000 80010007 800e0080"
	    "80020002 80040002 80030001 800b0001"
	    "0a000014 4a131c81070358455c5728f20e95452f"
	    "0500000c 0102030405060708"
	    "0b00000c 01 11 01f4 c0a80107"
	    "0c000010 00000001 03 04 000e aabbccdd"
	    "0e000014 00000001 03 04 0002 11223344 55667788"
	    "0700000d 02 00 0007 408a0001 78"
	    "0f000005 04"
	    "15000006 0102"
	    "8400000c 01 000000 0a000001"
	    "0000000a 0001 02 01 aabb",
	    ISAKMP_PL_SA, 0xabc);
	dump_full(&m, keep, NULL);
	T_STR(text,
	    "HDR: cookies 0000000000000000 0000000000000000, Main Mode, version 1.0, flags 0x00, "
	    "msgid abc, length 28\n"
	    "SA (1): DOI 1, situation 1\n"
	    "  proposal 1: ISAKMP\n"
	    "    transform 1: KEY_IKE\n"
	    "      Encryption Algorithm: AES-CBC\n"
	    "      Key Length: 128\n"
	    "      Hash Algorithm: SHA1\n"
	    "      Group Description: Group 2\n"
	    "      Auth Method: Preshared Key\n"
	    "      Life Type: seconds\n"
	    "VID (13): NAT-Traversal RFC, 16 octets\n"
	    "NONCE (10): 8 octets\n"
	    "ID (5): ID_IPV4_ADDR 192.168.1.7, protocol 17, port 500\n"
	    "N (11): DOI 1, ESP, NO_PROPOSAL_CHOSEN, SPI aabbccdd, data 0 octets\n"
	    "D (12): DOI 1, ESP, 2 SPIs of 4 octets\n"
	    "  SPI 11223344\n"
	    "  SPI 55667788\n"
	    "CFG (14): REPLY, identifier 7\n"
	    "  attribute 16522: 1 octets\n"
	    "CR (7): X.509 Signature, 0 octets\n"
	    "UNKNOWN (15): 2 octets\n"
	    "NAT-OA (21): 10.0.0.1\n"
	    "FRAG (132): id 1, number 2, flags 1, 2 octets\n");
	arena_reset(mem);
}

int
main(void)
{
	wire_setup();
	T_RUN(asa_line);
	T_RUN(identities);
	T_RUN(attributes);
	T_RUN(full_message);
	wire_teardown();
	return T_DONE();
}
