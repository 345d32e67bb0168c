/*
 * wire/vid.c - vendor ids we know: most are MD5 sums of a text, some carry a version behind it.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/vid.h"

#include <string.h>

#define ANY_LENGTH 0xff

struct row {
	const char *octets;
	uint8_t	    n, match; /* octets we send; how many of them count */
	uint8_t	    least, most; /* octets the peer's may have */
	uint16_t    caps;
	const char *name;
};

#define EXACT(caps, name, o) \
	{ \
		o, sizeof(o) - 1, sizeof(o) - 1, sizeof(o) - 1, sizeof(o) - 1, caps, name \
	}
#define PREFIX(caps, name, least, o) \
	{ \
		o, sizeof(o) - 1, sizeof(o) - 1, least, ANY_LENGTH, caps, name \
	}
#define VERSION(caps, name, match, o) \
	{ \
		o, sizeof(o) - 1, match, match, ANY_LENGTH, caps, name \
	}

/*
 * First match wins.  The names of ids with a capability are those of ASA's "Received ... VID"
 * lines.
 */
static const struct row rows[] = {
    EXACT(VID_NATT_RFC, "NAT-Traversal RFC",
	"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f"),
    EXACT(VID_NATT_03, "NAT-Traversal ver 03",
	"\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56"),
    EXACT(VID_NATT_02N, "NAT-Traversal ver 02",
	"\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f"),
    EXACT(VID_NATT_02, "NAT-Traversal ver 02 (without newline)",
	"\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48"),
    /* RFC 3706 5.1: the last two octets are a version; IOS sends others than 1.0 */
    VERSION(VID_DPD, "DPD", 14,
	"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00"),
    /* MD5("FRAGMENTATION"), four octets of capabilities may follow */
    VERSION(VID_FRAGMENTATION, "Fragmentation", 16,
	"\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3\x80\x00\x00\x00"),
    EXACT(VID_XAUTH, "xauth V6", "\x09\x00\x26\x89\xdf\xd6\xb7\x12"),
    VERSION(VID_UNITY, "Cisco Unity client", 14,
	"\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc\x01\x00"),
    VERSION(VID_ALTIGA, "Altiga/Cisco VPN3000/Cisco ASA GW", 14,
	"\x1f\x07\xf7\x0e\xaa\x65\x14\xd3\xb0\xfa\x96\x54\x2a\x50\x01\x00"),

    PREFIX(VID_OTHER, "strongSwan", 16,
	"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb"),
    EXACT(VID_OTHER, "KAME/racoon",
	"\x70\x03\xcb\xc1\x09\x7d\xbe\x9c\x26\x00\xba\x69\x83\xbc\x8b\x35"),
    PREFIX(VID_OTHER, "Check Point", 20,
	"\xf4\xed\x19\xe0\xc1\x14\xeb\x51\x6f\xaa\xac\x0e\xe3\x7d\xaf\x28\x07\xb4\x38\x1f"),
    PREFIX(VID_OTHER, "FortiGate", 12, "\x82\x99\x03\x17\x57\xa3\x60\x82\xc6\xa6\x21\xde"),
    PREFIX(VID_OTHER, "SonicWall", 8, "\x5b\x36\x2b\xc8\x20\xf6\x00"),
    PREFIX(VID_OTHER, "HeartBeat Notify", 16, "HeartBeat_Notify"),
    EXACT(VID_OTHER, "Cisco VPN 3000 client",
	"\xf6\xf7\xef\xc7\xf5\xae\xb8\xcb\x15\x8c\xb9\xd0\x94\xba\x69\xe7"),
    EXACT(VID_OTHER, "OpenPGP", "OpenPGP10171"),

    PREFIX(VID_OTHER, "Windows 2000", 20,
	"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61\x00\x00\x00\x02"),
    PREFIX(VID_OTHER, "Windows XP", 20,
	"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61\x00\x00\x00\x03"),
    PREFIX(VID_OTHER, "Windows 2003 or XP SP2", 20,
	"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61\x00\x00\x00\x04"),
    PREFIX(VID_OTHER, "Windows Vista", 20,
	"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61\x00\x00\x00\x05"),
    PREFIX(VID_OTHER, "Windows (ISAKMPOAKLEY)", 16,
	"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61"),
    EXACT(VID_OTHER, "Microsoft Initial-Contact",
	"\x26\x24\x4d\x38\xed\xdb\x61\xb3\x17\x2a\x36\xe3\xd0\xcf\xb8\x19"),
    EXACT(VID_OTHER, "Microsoft Negotiation Discovery Capable",
	"\xfb\x1d\xe3\xcd\xf3\x41\xb7\xea\x16\xb7\xe5\xbe\x08\x55\xf1\x20"),
    EXACT(VID_OTHER, "IKE CGA version 1",
	"\xe3\xa5\x96\x6a\x76\x37\x9f\xe7\x07\x22\x82\x31\xe5\xce\x86\x52"),
    EXACT(VID_OTHER, "GSSAPI",
	"\x62\x1b\x04\xbb\x09\x88\x2a\xc1\xe1\x59\x35\xfe\xfa\x24\xae\xee"),

    EXACT(VID_OTHER, "NAT-Traversal ver 00",
	"\x44\x85\x15\x2d\x18\xb6\xbb\xcd\x0b\xe8\xa8\x46\x95\x79\xdd\xcc"),
    EXACT(VID_OTHER, "NAT-Traversal ver 01",
	"\x16\xf6\xca\x16\xe4\xa4\x06\x6d\x83\x82\x1a\x0f\x0a\xea\xa8\x62"),
    EXACT(VID_OTHER, "NAT-Traversal ver 04",
	"\x99\x09\xb6\x4e\xed\x93\x7c\x65\x73\xde\x52\xac\xe9\x52\xfa\x6b"),
    EXACT(VID_OTHER, "NAT-Traversal ver 05",
	"\x80\xd0\xbb\x3d\xef\x54\x56\x5e\xe8\x46\x45\xd4\xc8\x5c\xe3\xee"),
    EXACT(VID_OTHER, "NAT-Traversal ver 06",
	"\x4d\x1e\x0e\x13\x6d\xea\xfa\x34\xc4\xf3\xea\x9f\x02\xec\x72\x85"),
    EXACT(VID_OTHER, "NAT-Traversal ver 07",
	"\x43\x9b\x59\xf8\xba\x67\x6c\x4c\x77\x37\xae\x22\xea\xb8\xf5\x82"),
    EXACT(VID_OTHER, "NAT-Traversal ver 08",
	"\x8f\x8d\x83\x82\x6d\x24\x6b\x6f\xc7\xa8\xa6\xa4\x28\xc1\x1d\xe8"),
    /* MD5 of the draft's bare name, as Mac OS X sends it */
    EXACT(VID_OTHER, "NAT-Traversal (Mac OS X)",
	"\x4d\xf3\x79\x28\xe9\xfc\x4f\xd1\xb3\x26\x21\x70\xd5\x15\xc6\x62"),

    /* Twelve letters made of a hash: "OE" from FreeS/WAN and early Openswan, "OSW", "OEN" */
    {"OEN", 3, 3, 12, 12, VID_OTHER, "Libreswan"},
    {"OSW", 3, 3, 12, 12, VID_OTHER, "Openswan"},
    {"OE", 2, 2, 12, 12, VID_OTHER, "FreeS/WAN, Openswan or Libreswan"},
};

static bool
matches(const struct row *r, struct chunk c)
{
	return c.n >= r->least && (r->most == ANY_LENGTH || c.n <= r->most) &&
	    memcmp(c.p, r->octets, r->match) == 0;
}

unsigned
vid_lookup(struct chunk c, const char **name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!matches(&rows[i], c))
			continue;
		if (name != NULL)
			*name = rows[i].name;
		return rows[i].caps;
	}
	if (name != NULL)
		*name = "unknown";
	return 0;
}

struct chunk
vid_octets(enum vid_cap cap)
{
	for (size_t i = 0; cap != VID_OTHER && i < ARRAY_LEN(rows); i++)
		if (rows[i].caps == (unsigned)cap)
			return CHUNK((const uint8_t *)rows[i].octets, rows[i].n);
	return CHUNK_NONE;
}
