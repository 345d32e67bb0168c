/* wire/dump.h - a message in words, for logs, ctl and test failures. */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_DUMP_H
#define WIRE_DUMP_H

#include "wire/msg.h"

/*
 * ASA's line: "(msgid=0) with payloads : HDR + SA (1) + VENDOR (13) + NONE (0) total length : 168".
 * msgid in hex without leading zeros, total: octets of header and payloads without padding.
 * Cut to n octets, always terminated; returns buf.
 */
const char *dump_line(const struct msg *, size_t total, char *buf, size_t n);

/*
 * An identity in words: "192.168.1.7", "192.168.1.0/255.255.255.0", "vpn.example.com",
 * "user@example.com", hex for key ids and DNs.
 */
const char *dump_id(const struct pl_id *, char *buf, size_t n);

/*
 * A phase 1 / phase 2 attribute: "Encryption Algorithm: AES-CBC"; protocol 1 chooses phase 1's
 * numbers.
 */
const char *dump_attr(uint8_t protocol, const struct pl_attr *, char *buf, size_t n);

/*
 * Every payload, proposal, transform and attribute, one per line, through the callback. Secrets
 * never stand in clear messages;
 * bodies of HASH, SIG, KE, NONCE are given as lengths only. */
typedef void dump_fn(void *ctx, const char *line);
void	     dump_full(const struct msg *, dump_fn *, void *ctx);

#endif
