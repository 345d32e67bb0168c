/*
 * base/err.h - the one error space.
 *
 * A call that can fail returns enum ike_err: IKE_OK (0) or a reason.  The reason is also what the
 * peer is told: column three is the notify type of RFC 2408 3.14.1 (24576 and up: RFC 2407 4.6.3),
 * 0 where nothing is ever said on the wire.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdint.h>

#include "base/compiler.h"

/* clang-format off */
#define IKE_ERRS(X)                                                              \
	/* code                text                                     notify */  \
	X(IKE_OK,              "success",                                    0)    \
	X(IKE_E_NOMEM,         "out of memory",                              0)    \
	X(IKE_E_CRYPTO,        "crypto library failure",                     0)    \
	X(IKE_E_SYS,           "system call failed",                         0)    \
	X(IKE_E_CONF,          "mistake in the policy file",                 0)    \
	X(IKE_E_LIMIT,         "limit reached",                              0)    \
	X(IKE_E_UNEXPECTED,    "no transition for this message",             0)    \
	X(IKE_E_SILENT,        "dropped",                                    0)    \
	X(IKE_E_DOI,           "unknown DOI",                                2)    \
	X(IKE_E_SITUATION,     "unsupported situation",                      3)    \
	X(IKE_E_COOKIE,        "unknown cookies",                            4)    \
	X(IKE_E_VERSION,       "unsupported major version",                  5)    \
	X(IKE_E_EXCHANGE,      "unsupported exchange type",                  7)    \
	X(IKE_E_FLAGS,         "invalid flags",                              8)    \
	X(IKE_E_MSGID,         "invalid message id",                         9)    \
	X(IKE_E_PROTOCOL,      "invalid protocol id",                       10)    \
	X(IKE_E_SPI,           "invalid SPI",                               11)    \
	X(IKE_E_ATTRIBUTES,    "attributes not supported",                  13)    \
	X(IKE_E_NO_PROPOSAL,   "no proposal matches the policy",            14)    \
	X(IKE_E_BAD_PROPOSAL,  "bad proposal syntax",                       15)    \
	X(IKE_E_SHORT,         "ends too early",                            16)    \
	X(IKE_E_TRAIL,         "octets left over",                          16)    \
	X(IKE_E_SYNTAX,        "malformed payload",                         16)    \
	X(IKE_E_MISSING,       "required payload absent",                   16)    \
	X(IKE_E_DECRYPT,       "does not decrypt to payloads",              16)    \
	X(IKE_E_BAD_KE,        "unusable public value",                     17)    \
	X(IKE_E_BAD_ID,        "identity not accepted",                     18)    \
	X(IKE_E_BAD_HASH,      "HASH does not verify",                      23)    \
	X(IKE_E_AUTH,          "peer not authenticated",                    24)    \
	X(IKE_E_LENGTH,        "header length and datagram differ",         30)
/* clang-format on */

enum ike_err {
#define X(code, text, notify) code,
	IKE_ERRS(X)
#undef X
};

/* The last failure, in words; text is always terminated, empty when code is IKE_OK. */
struct why {
	enum ike_err code;
	char         text[200];
};

/* The text of column two; never NULL. */
const char *err_text(enum ike_err);

/* The code's own name, "IKE_E_SHORT"; never NULL. */
const char *err_name(enum ike_err);

/* The notify type a peer is told (RFC 2408 3.14.1), 0: nothing is said. */
uint16_t err_notify(enum ike_err);

/*
 * Record a failure and return it, in one statement, at the place that knows the numbers:
 *     return why(w, IKE_E_BAD_KE, "%zu octets, group wants %zu", n, m);
 * w may be NULL.  Over-long text is cut.
 */
enum ike_err why(struct why *w, enum ike_err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
