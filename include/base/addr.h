/*
 * base/addr.h - addresses, ports and prefixes of both families, small and comparable.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cur.h"

enum addr_family { ADDR_NONE = 0, ADDR_V4 = 4, ADDR_V6 = 6 };

struct addr { /* unused octets are zero, so memcmp of two addr is their comparison */
	uint8_t family; /* enum addr_family */
	uint8_t b[16];	/* network order; 4 or 16 octets in use */
};

struct endpoint {
	struct addr addr;
	uint16_t    port; /* host order */
};

struct prefix { /* "any" of a family: bits 0; any at all: family ADDR_NONE */
	struct addr addr;
	uint8_t	    bits;
};

#define ADDR_TEXT     48 /* "2001:db8::1" with terminator */
#define ENDPOINT_TEXT 56 /* "[2001:db8::1]:4500" */
#define PREFIX_TEXT   56

/* Octets of the address: 4 or 16; CHUNK_NONE for ADDR_NONE. */
struct chunk addr_octets(const struct addr *);

/* From 4 or 16 octets in network order; ADDR_NONE for other lengths. */
struct addr addr_from_octets(struct chunk);

bool addr_eq(const struct addr *, const struct addr *);
bool addr_is_any(const struct addr *); /* 0.0.0.0 or :: or ADDR_NONE */
bool endpoint_eq(const struct endpoint *, const struct endpoint *);

/*
 * To and from the socket world; IPv4-mapped IPv6 becomes IPv4. Return of _to_: length of ss in use.
 */
struct endpoint endpoint_from_sockaddr(const struct sockaddr *);
socklen_t	endpoint_to_sockaddr(const struct endpoint *, struct sockaddr_storage *);

/* Text into buf (sizes above); return buf. addr_print of ADDR_NONE prints "any". */
const char *addr_print(const struct addr *, char *buf, size_t n);
const char *endpoint_print(const struct endpoint *, char *buf, size_t n);
const char *prefix_print(const struct prefix *, char *buf, size_t n);

/* ASA's way: "192.168.1.0/255.255.255.0"; IPv6 as "2001:db8::/32". */
const char *prefix_print_mask(const struct prefix *, char *buf, size_t n);

/* Parse "203.0.113.10", "10.0.0.0/8", "2001:db8::/32", "any"; false if it is none of these.
 * prefix_parse also takes a plain address (all bits). Host bits set beyond the prefix: false. */
bool addr_parse(const char *, struct addr *);
bool prefix_parse(const char *, struct prefix *);

bool	 prefix_has(const struct prefix *, const struct addr *);	   /* address inside */
bool	 prefix_has_prefix(const struct prefix *outer, const struct prefix *inner);
bool	 prefix_eq(const struct prefix *, const struct prefix *);
unsigned addr_bits(const struct addr *); /* 32, 128, 0 for ADDR_NONE */

/* Prefix length of a netmask, -1 if its ones are not contiguous or the family is none. */
int addr_mask_bits(const struct addr *mask);

#endif
