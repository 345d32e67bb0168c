/* tests/unit/wire/test_vid.c - vendor ids. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/vid.h"

#include "wire_t.h"

static void
known(const char *octets, unsigned caps, const char *name)
{
	const char *got = NULL;

	T_EQ(vid_lookup(hex(octets), &got), caps);
	T_STR(got, name);
}

static void
well_known(void)
{
	known("4a131c81070358455c5728f20e95452f", VID_NATT_RFC, "NAT-Traversal RFC");
	known("7d9419a65310ca6f2c179d9215529d56", VID_NATT_03, "NAT-Traversal ver 03");
	known("90cb80913ebb696e086381b5ec427b1f", VID_NATT_02N, "NAT-Traversal ver 02");
	known("cd60464335df21f87cfdb2fc68b6a448", VID_NATT_02,
	    "NAT-Traversal ver 02 (without newline)");
	known("afcad71368a1f1c96b8696fc77570100", VID_DPD, "DPD");
	known("09002689dfd6b712", VID_XAUTH, "xauth V6");
	known("12f5f28c457168a9702d9fe274cc0100", VID_UNITY, "Cisco Unity client");
	known("1f07f70eaa6514d3b0fa96542a500100", VID_ALTIGA, "Altiga/Cisco VPN3000/Cisco ASA GW");
	known("882fe56d6fd20dbc2251613b2ebe5beb", VID_OTHER, "strongSwan");
	known("4f454e547444", 0, "unknown"); /* "OEN" but not twelve letters */
	known("4f454e574547444b6865684a", VID_OTHER, "Libreswan");
	known("4f4568794c64414365636661", VID_OTHER, "FreeS/WAN, Openswan or Libreswan");
	known("1e2b516905991c7d7c96fcbfb587e46100000009", VID_OTHER, "Windows (ISAKMPOAKLEY)");
	known("1e2b516905991c7d7c96fcbfb587e46100000004", VID_OTHER, "Windows 2003 or XP SP2");
	known("8299031757a36082c6a621de00050282", VID_OTHER, "FortiGate");
	arena_reset(mem);
}

/* Versions and capabilities behind an id do not change what it is; a shorter one is another. */
static void
tails(void)
{
	known("afcad71368a1f1c96b8696fc77570000", VID_DPD, "DPD");
	known("afcad71368a1f1c96b8696fc7757", VID_DPD, "DPD");
	known("afcad71368a1f1c96b8696fc77", 0, "unknown");
	known("4048b7d56ebce88525e7de7f00d6c2d3", VID_FRAGMENTATION, "Fragmentation");
	known("4048b7d56ebce88525e7de7f00d6c2d3c0000000", VID_FRAGMENTATION, "Fragmentation");
	known("4048b7d56ebce88525e7de7f00d6c2", 0, "unknown");
	known("4a131c81070358455c5728f20e95452f00", 0, "unknown");
	known("4a131c81070358455c5728f20e9545", 0, "unknown");
	known("09002689dfd6b71200", 0, "unknown");
	known("", 0, "unknown");
	T_EQ(vid_lookup(CHUNK_NONE, NULL), 0);
	arena_reset(mem);
}

/* What we send is what we recognise. */
static void
own_octets(void)
{
	for (unsigned cap = 1; cap <= VID_ALTIGA; cap <<= 1) {
		struct chunk c = vid_octets((enum vid_cap)cap);

		if (cap == VID_IOS) {
			T_EQ(c.n, 0);
			continue;
		}
		T_TRUE(c.n >= 8);
		T_EQ(vid_lookup(c, NULL), cap);
	}
	T_EQ(vid_octets(VID_OTHER).n, 0);
	T_EQ(vid_octets((enum vid_cap)VID_NATT_ANY).n, 0);
	T_EQ(vid_octets((enum vid_cap)0).n, 0);
	T_MEM(vid_octets(VID_DPD).p, 16,
	    "\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\1\0", 16);
}

/* From heap memory of every size: a table row is never compared with more than there is. */
static void
every_length(void)
{
	struct chunk full = hex("f4ed19e0c114eb516faaac0ee37daf2807b4381f00000001");

	for (size_t n = 0; n <= full.n; n++) {
		uint8_t *p = malloc(n > 0 ? n : 1);

		memcpy(p, full.p, n);
		T_EQ(vid_lookup(CHUNK(p, n), NULL), n >= 20 ? VID_OTHER : 0);
		free(p);
	}
	arena_reset(mem);
}

int
main(void)
{
	wire_setup();
	T_RUN(well_known);
	T_RUN(tails);
	T_RUN(own_octets);
	T_RUN(every_length);
	wire_teardown();
	return T_DONE();
}
