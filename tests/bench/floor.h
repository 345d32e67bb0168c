/*
 * tests/bench/floor.h - the Diffie-Hellman work of one handshake and nothing else, straight through
 * OpenSSL: what a responder cannot do without.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "crypto/alg.h"

struct floor;

/*
 * Parameters, a key generation context and some peers' public values are made ready beforehand.
 * NULL: OpenSSL has no such group.
 */
struct floor *floor_new(const struct alg_group *);
void	      floor_free(struct floor *);

/*
 * n times: generate a pair, put the public value into octets, check the range of a peer's value
 * (RFC 6989 2.1; curves: the point is on the curve), derive the secret.  False if OpenSSL fails.
 */
bool floor_run(struct floor *, unsigned n);

#endif
