/*
 * io/pcapng.h - datagrams as blocks of a pcapng file (draft-ietf-opsawg-pcapng), in memory.
 *
 * What the daemon has are UDP payloads: each gets an IP and a UDP header made up for it, with right
 * lengths and checksums, so that every reader of captures understands them.  Link type is raw IP,
 * time is in nanoseconds, and each packet says which way it went.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IO_PCAPNG_H
#define IO_PCAPNG_H

#include <time.h>

#include "ike/ports.h"

#define PCAPNG_HEAD_MAX 256 /* octets of what stands at the beginning of a file */
#define PCAPNG_PACKET_MORE 112 /* octets of a block beyond those of its datagram, at most */

/* Section header and interface description into out; octets written. */
size_t pcapng_head(uint8_t *out, size_t cap, const char *program);

/*
 * An enhanced packet block with the datagram as path says it travelled, and a comment (may be NULL)
 * into out: octets written, 0: it is too long for an IP packet or for cap.
 */
size_t pcapng_packet(uint8_t *out, size_t cap, const struct path *, bool sent,
    struct chunk datagram, const struct timespec *when, const char *comment);

#endif
