/*
 * ike/ports.h - all the engine wants from the world.
 *
 * The daemon fills this from src/io; a test fills it with a tape.  A fault that acts on
 * randomness, secrets or datagrams is a wrapper of the same struct, so the engine cannot tell and
 * holds no code for it.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IKE_PORTS_H
#define IKE_PORTS_H

#include "base/addr.h"
#include "base/cur.h"
#include "crypto/alg.h"
#include "fault/fault.h"

struct path { /* where a datagram came from, or goes */
	struct endpoint local, remote;
	bool marker; /* on the NAT-T port: IKE carries the non-ESP marker (RFC 3948 2.2) */
	unsigned link; /* interface of a link-local peer, 0: the routes know */
};

struct child_keys { /* an IPsec SA pair's keys, for the time of the call only */
	uint8_t protocol; /* PROTO_ESP or PROTO_AH */
	bool udp; /* UDP-encapsulated */
	struct endpoint local, remote;
	const struct alg_cipher *cipher; /* NULL for AH */
	const struct alg_integ *integ; /* NULL beside AEAD ciphers */
	uint32_t spi_in, spi_out; /* host order; in: ours */
	/* KEYMAT in the order of RFC 2409 5.5: cipher key, salt, integrity key. */
	struct chunk enc_in, auth_in, enc_out, auth_out;
};

struct ike_ports {
	void *ctx;

	/* Milliseconds of a clock that never goes back. */
	uint64_t (*now_ms)(void *ctx);

	/* n unguessable octets: cookies, nonces, SPIs, message ids. */
	void (*random)(void *ctx, uint8_t *out, size_t n);

	/*
	 * Send one datagram in the way that the plan says; NULL: it is dropped or sent, no more
	 * than
	 * that.
	 */
	void (*send_so)(void *ctx, const struct path *, struct chunk datagram,
	    const struct fault_plan *);

	/* Send one datagram, the marker included where path says so.  Losing it is no error. */
	void (*send)(void *ctx, const struct path *, struct chunk datagram);

	/*
	 * Keys came to be: for the key export and captures.  NULL: nobody asked for it.  key: the
	 * phase 1 cipher key, as soon as a message of the peer was decrypted with it.
	 */
	void (*isakmp_keys)(void *ctx, const struct path *, const uint8_t *cky_i, struct chunk key);
	void (*child_keys)(void *ctx, const struct child_keys *);
};

#endif
