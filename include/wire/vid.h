/* wire/vid.h - vendor ids: octets, name, capability. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_VID_H
#define WIRE_VID_H

#include "base/cur.h"

enum vid_cap { /* bits */
	VID_NATT_RFC = 1 << 0,	 /* RFC 3947 */
	VID_NATT_03 = 1 << 1,	 /* draft-ietf-ipsec-nat-t-ike-03 */
	VID_NATT_02N = 1 << 2,	 /* -02 with its famous newline */
	VID_NATT_02 = 1 << 3,	 /* -02 */
	VID_DPD = 1 << 4,	 /* RFC 3706, first 14 octets count */
	VID_FRAGMENTATION = 1 << 5,
	VID_XAUTH = 1 << 6,
	VID_UNITY = 1 << 7,	 /* Cisco Unity */
	/* Cisco IOS/PIX version: its octets differ by device, no table row yet */
	VID_IOS = 1 << 8,
	VID_ALTIGA = 1 << 9,	 /* VPN 3000 */
	/* known by name, no capability: Windows, strongSwan, Openswan, racoon, CheckPoint ... */
	VID_OTHER = 1 << 10
};
#define VID_NATT_ANY (VID_NATT_RFC | VID_NATT_03 | VID_NATT_02N | VID_NATT_02)

/*
 * Capability bits of a vendor id, 0 if unknown; *name (may be NULL) becomes its name as ASA logs it
 * or "unknown".
 */
unsigned vid_lookup(struct chunk octets, const char **name);

/*
 * The octets we send for one capability bit; CHUNK_NONE for VID_IOS, VID_OTHER and unions of bits.
 */
struct chunk vid_octets(enum vid_cap);

#endif
