/*
 * wire/payload.h - payloads as data: one row each, both directions.
 *
 * struct pl keeps raw, the exact octets received, beside the decoded form: IKEv1 hashes cover
 * bodies as they were sent (SAi_b, IDii_b; RFC 2409 5), so re-encoding a decoded payload is never a
 * substitute.  Decoded structs and lists live in the arena of the step; chunks point into the
 * datagram (or its decrypted copy).
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_PAYLOAD_H
#define WIRE_PAYLOAD_H

#include "base/arena.h"
#include "base/cur.h"
#include "base/wbuf.h"
#include "wire/isakmp.h"

#define PL_MAX_PAYLOADS	  64 /* in one message */
#define PL_MAX_PROPOSALS  32 /* in one SA payload */
#define PL_MAX_TRANSFORMS 128 /* in one SA payload, over all proposals */
#define PL_MAX_ATTRIBUTES 32 /* in one transform or attribute list */
#define PL_MAX_SPIS	  64 /* in one delete payload */

struct pl_attr { /* RFC 2408 3.3 */
	uint16_t	type; /* without the AF bit */
	bool		tv;   /* sent in the short form */
	bool		numeric; /* value holds it: TV, or TLV of 1 to 8 octets */
	uint64_t	value;
	struct chunk	data; /* the value's octets: 2 for TV */
	struct pl_attr *next;
};

struct pl_transform {	      /* RFC 2408 3.6 */
	uint8_t		     number, id; /* Transform #, Transform-Id */
	struct pl_attr	    *attrs;
	struct pl_transform *next;
};

struct pl_proposal {	     /* RFC 2408 3.5 */
	uint8_t		     number, protocol;
	struct chunk	     spi;
	struct pl_transform *transforms;
	struct pl_proposal  *next;
};

/*
 * RFC 2408 3.4, RFC 2407 4.6.1.  What follows the situation depends on DOI and situation, so
 * unless doi is IPSEC_DOI and situation is IPSEC_SIT_IDENTITY alone, proposals is NULL and the
 * octets
 * stand in rest.
 */
struct pl_sa {
	uint32_t	    doi, situation;
	struct pl_proposal *proposals;
	struct chunk	    rest; /* written behind the proposals; empty in every SA we can read */
};

struct pl_id { /* RFC 2407 4.6.2 */
	uint8_t	     kind, proto;
	uint16_t     port;
	struct chunk data;
};

struct pl_cert { /* CERT and CR, RFC 2408 3.9, 3.10 */
	uint8_t	     encoding;
	struct chunk data;
};

struct pl_notify { /* RFC 2408 3.14 */
	uint32_t     doi;
	uint8_t	     protocol;
	uint16_t     type;
	struct chunk spi, data;
};

struct pl_delete { /* RFC 2408 3.15 */
	uint32_t     doi;
	uint8_t	     protocol, spi_size;
	uint16_t     count;
	struct chunk spis; /* count * spi_size octets */
};

struct pl_natoa { /* RFC 3947 5.2 */
	uint8_t	     kind; /* an ID type: IPv4 or IPv6 address */
	struct chunk data;
};

struct pl_cfg { /* attributes payload of the transaction exchange, type 14 */
	uint8_t		type; /* request, reply, set, ack */
	uint16_t	identifier;
	struct pl_attr *attrs;
};

struct pl_frag { /* vendor fragment, type 132 */
	uint16_t     id;
	uint8_t	     index, flags;
	struct chunk data;
};

struct pl_forge { /* all zero unless a fault asks for a lie */
	unsigned set_len : 1, set_next : 1, set_reserved : 1;
	uint16_t len;
	uint8_t	 next, reserved;
};

struct pl {
	const struct pl_def *def; /* NULL: unknown type, kept in raw only */
	uint8_t		     type; /* as on the wire: RFC and draft numbers of NAT-D differ */
	struct chunk	     raw;  /* body without the generic header */
	union {
		struct chunk	 raw; /* KE, NONCE, HASH, SIG, VID, NAT-D: just octets */
		struct pl_sa	 sa;
		struct pl_id	 id;
		struct pl_cert	 cert;
		struct pl_notify notify;
		struct pl_delete del;
		struct pl_natoa	 natoa;
		struct pl_cfg	 cfg;
		struct pl_frag	 frag;
	} u;
	struct pl_forge forge;
	struct pl      *next;
};

struct pl_def {
	uint8_t	    type; /* RFC 2408 3.1 */
	const char *name; /* "KE" - as logs, faults and the manual say it */
	uint16_t    min, max; /* body length in octets; max 0: no bound but the box */
	enum ike_err (*get)(struct cur *body, struct pl *out, struct arena *);
	void (*put)(struct wbuf *, const struct pl *);
};

/*
 * The row of a type, NULL if unknown (P and T too: they stand inside SA only). Draft NAT-D (130)
 * and NAT-OA (131) have rows of their own with the RFC names.
 */
const struct pl_def *payload_def(uint8_t type);

/* "KE (4)" style name pieces: name of a type, "UNKNOWN" if there is none. */
const char *payload_name(uint8_t type);

/*
 * A bit for sets of payloads (fsm rows).  NAT-D and NAT-OA of the drafts share the bit of the RFC
 * type; the vendor fragment has bit 62, P(FRAG_BIT); all unknown types share bit 63,
 * P(UNKNOWN_BIT).
 */
uint64_t payload_bit(uint8_t type);
#define P(name) (UINT64_C(1) << ISAKMP_PL_##name)

/*
 * Walk a chain of payloads, the first of type first, decode each in a box of its own and append it
 * to *list.  *end becomes the number of octets the chain covers; octets after it (padding of an
 * encrypted message) are left to the caller.  Unknown types are kept undecoded.
 * *list must be initialised (NULL: empty); on failure it and *end are as before.
 * Errors: IKE_E_SHORT, IKE_E_TRAIL, IKE_E_SYNTAX (RFC 2408 3.2, 5.3); IKE_E_BAD_PROPOSAL (chains
 * and
 * counts of proposals and transforms, 5.5, 5.6); IKE_E_SPI (over 16 octets for ISAKMP, 3.5);
 * IKE_E_LIMIT (PL_MAX_*), IKE_E_NOMEM.  why says which payload, field and offset.
 */
enum ike_err payload_chain_get(struct chunk octets, uint8_t first, struct pl **list, size_t *end,
    struct arena *, struct why *) MUST_USE;

/*
 * Append the chain with its generic headers; next payload fields are filled, forge obeyed. Overflow
 * latches in w.
 */
void payload_chain_put(struct wbuf *w, const struct pl *list);

/* Append one body without generic header (SAi_b of our own messages, tests). */
void payload_body_put(struct wbuf *, const struct pl *);

/* The type with draft numbers of NAT-D and NAT-OA turned into those of RFC 3947. */
uint8_t payload_canon(uint8_t type);

/*
 * Attribute lists stand in transforms, notifies (RESPONDER-LIFETIME) and config payloads. RFC 2408
 * 3.3.
 */
/*
 * Reads to the cursor's end; *list is written on success only. Errors: IKE_E_SHORT, IKE_E_LIMIT,
 * IKE_E_NOMEM.
 */
enum ike_err attr_list_get(struct cur *, struct pl_attr **list, struct arena *) MUST_USE;
void	     attr_list_put(struct wbuf *, const struct pl_attr *list);

/* First attribute of a type, NULL if there is none. */
const struct pl_attr *attr_find(const struct pl_attr *list, uint16_t type);

/*
 * Build attributes in the arena; NULL if memory is out. attr_new_long uses TLV of 4 octets where 2
 * do not hold the value.
 */
struct pl_attr *attr_new(struct arena *, uint16_t type, uint16_t value);
struct pl_attr *attr_new_long(struct arena *, uint16_t type, uint32_t value);

/* TLV with any octets; data is not copied. */
struct pl_attr *attr_new_data(struct arena *, uint16_t type, struct chunk data);

/* Append to a list. */
void attr_append(struct pl_attr **list, struct pl_attr *);

#endif
