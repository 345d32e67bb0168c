/*
 * base/event.h - every line the log can hold, by its stable name.
 *
 * ikev1d-messages(7) has an entry for each.  The number is that of the ASA message which says the
 * same (0: ASA has none); 713906 and its neighbours are ASA's free texts.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include <stdint.h>

enum log_level { LOG_L_ERR, LOG_L_WARNING, LOG_L_NOTICE, LOG_L_INFO, LOG_L_DEBUG, LOG_L_COUNT };

/* clang-format off */
#define IKE_EVENTS(X)                                                       \
	/* name                   level           ASA    */                     \
	/* the daemon */                                                        \
	X(DAEMON_STARTED,         LOG_L_NOTICE,        0)                       \
	X(DAEMON_LISTENING,       LOG_L_NOTICE,        0)                       \
	X(DAEMON_STOPPING,        LOG_L_NOTICE,        0)                       \
	X(DAEMON_ERROR,           LOG_L_ERR,           0)                       \
	X(DAEMON_PRIVILEGES,      LOG_L_NOTICE,        0)                       \
	X(POLICY_LOADED,          LOG_L_NOTICE,        0)                       \
	X(POLICY_REFUSED,         LOG_L_ERR,           0)                       \
	X(KEY_EXPORT_ON,          LOG_L_WARNING,       0)                       \
	X(CAPTURE_ON,             LOG_L_WARNING,       0)                       \
	X(CAPTURE_OFF,            LOG_L_NOTICE,        0)                       \
	X(LOG_LEVEL_CHANGED,      LOG_L_NOTICE,        0)                       \
	X(LOG_SUPPRESSED,         LOG_L_WARNING,       0)                       \
	X(CONTROL_COMMAND,        LOG_L_INFO,          0)                       \
	/* faults on demand */                                                  \
	X(FAULT_ARMED,            LOG_L_NOTICE,        0)                       \
	X(FAULT_CLEARED,          LOG_L_NOTICE,        0)                       \
	X(FAULT_FIRED,            LOG_L_NOTICE,        0)                       \
	/* messages and steps */                                                \
	X(MESSAGE_RECEIVED,       LOG_L_INFO,     713236)                       \
	X(MESSAGE_SENT,           LOG_L_INFO,     713236)                       \
	X(MESSAGE_RESENT,         LOG_L_INFO,     713236)                       \
	X(FSM_TRANSITION,         LOG_L_INFO,     0)                       \
	X(FSM_ERROR_HISTORY,      LOG_L_WARNING,  715065)                       \
	X(SA_TERMINATING,         LOG_L_WARNING,  713906)                       \
	X(PAYLOAD_PROCESSING,     LOG_L_DEBUG,    715047)                       \
	X(PAYLOAD_CONSTRUCTING,   LOG_L_DEBUG,    715046)                       \
	X(PAYLOAD_UNKNOWN,        LOG_L_INFO,          0)                       \
	X(VENDOR_ID,              LOG_L_DEBUG,    715049)                       \
	X(DUPLICATE_MESSAGE,      LOG_L_INFO,     713201)                       \
	X(KEEPALIVE,              LOG_L_DEBUG,         0)                       \
	/* refused input */                                                     \
	X(MALFORMED_MESSAGE,      LOG_L_WARNING,  713048)                       \
	X(MISSING_SA_PAYLOAD,     LOG_L_WARNING,  713902)                       \
	X(UNKNOWN_COOKIES,        LOG_L_WARNING,       0)                       \
	X(UNSUPPORTED_VERSION,    LOG_L_WARNING,       0)                       \
	X(UNSUPPORTED_EXCHANGE,   LOG_L_WARNING,       0)                       \
	X(UNEXPECTED_MESSAGE,     LOG_L_WARNING,       0)                       \
	X(MISSING_PAYLOAD,        LOG_L_WARNING,  713193)                       \
	X(MESSAGE_REFUSED,        LOG_L_WARNING,  713902)                       \
	X(BAD_HASH,               LOG_L_WARNING,       0)                       \
	X(UNDECRYPTABLE,          LOG_L_WARNING,       0)                       \
	X(LIMIT_REACHED,          LOG_L_WARNING,  713191)                       \
	/* phase 1 */                                                           \
	X(GROUP_LOOKUP,           LOG_L_INFO,     713906)                       \
	X(GROUP_LANDED,           LOG_L_INFO,     713906)                       \
	X(GROUP_NONE,             LOG_L_WARNING,  713022)                       \
	X(P1_TRANSFORM_SKIPPED,   LOG_L_INFO,         0)                       \
	X(P1_MISMATCH,            LOG_L_INFO,     713257)                       \
	X(P1_PROPOSAL_ACCEPTED,   LOG_L_INFO,     713906)                       \
	X(P1_PROPOSAL_MATCHED,    LOG_L_INFO,     715028)                       \
	X(P1_NO_PROPOSAL,         LOG_L_WARNING,  713902)                       \
	X(P1_LIFETIME,            LOG_L_INFO,          713075)                       \
	X(P1_BAD_PUBLIC_VALUE,    LOG_L_WARNING,  713048)                       \
	X(P1_UNDECRYPTABLE,       LOG_L_WARNING,  713902)                       \
	X(P1_KEY_MISMATCH,        LOG_L_ERR,      713902)                       \
	X(PSK_DIAGNOSED,          LOG_L_WARNING,       0)                       \
	X(P1_AUTH_FAILED,         LOG_L_WARNING,  713902)                       \
	X(P1_IDENTITY,            LOG_L_INFO,     713906)                       \
	X(P1_IDENTITY_REFUSED,    LOG_L_WARNING,  713902)                       \
	X(P1_COMPLETED,           LOG_L_NOTICE,   713119)                       \
	X(P1_REKEYED,             LOG_L_NOTICE,        0)                       \
	X(P1_EXPIRED,             LOG_L_NOTICE,        0)                       \
	X(P1_TIMEOUT,             LOG_L_WARNING,       713136)                       \
	X(P1_DELETED,             LOG_L_NOTICE,   713050)                       \
	X(NAT_DETECTED,           LOG_L_INFO,     713172)                       \
	X(PEER_MOVED,             LOG_L_NOTICE,        0)                       \
	X(INITIAL_CONTACT,        LOG_L_NOTICE,        0)                       \
	/* phase 2 */                                                           \
	X(P2_PROXY_ID,            LOG_L_INFO,     713035)                       \
	X(P2_NO_CRYPTO_MAP,       LOG_L_WARNING,  713061)                       \
	X(P2_MISMATCH,            LOG_L_INFO,     713257)                       \
	X(P2_PROPOSAL_ACCEPTED,   LOG_L_INFO,     715027)                       \
	X(P2_NO_PROPOSAL,         LOG_L_WARNING,  713902)                       \
	X(P2_PFS_MISMATCH,        LOG_L_WARNING,  713902)                       \
	X(P2_BAD_PUBLIC_VALUE,    LOG_L_WARNING,  713048)                       \
	X(P2_LIFETIME,            LOG_L_INFO,     713075)                       \
	X(P2_FSM_ERROR,           LOG_L_WARNING,  713902)                       \
	X(P2_TORN_DOWN,           LOG_L_WARNING,  713259)                       \
	X(P2_NEGOTIATED,          LOG_L_NOTICE,   713049)                       \
	X(P2_COMPLETED,           LOG_L_NOTICE,   713120)                       \
	X(P2_REKEYED,             LOG_L_NOTICE,        0)                       \
	X(P2_EXPIRED,             LOG_L_NOTICE,        0)                       \
	X(P2_TIMEOUT,             LOG_L_WARNING,       0)                       \
	X(P2_DELETED,             LOG_L_NOTICE,        0)                       \
	X(P2_ADOPTED,             LOG_L_INFO,          0)                       \
	/* informational */                                                     \
	X(NOTIFY_RECEIVED,        LOG_L_INFO,     713068)                       \
	X(NOTIFY_UNPROTECTED,     LOG_L_WARNING,  713904)                       \
	X(NOTIFY_SENT,            LOG_L_INFO,     713906)                       \
	X(INFO_FAILED,            LOG_L_WARNING,  713903)                       \
	X(DELETE_SENT,            LOG_L_INFO,     713194)                       \
	X(DELETE_RECEIVED,        LOG_L_INFO,          0)                       \
	X(DPD_SENT,               LOG_L_INFO,     715036)                       \
	X(DPD_RECEIVED,           LOG_L_INFO,     715075)                       \
	X(DPD_BAD_SEQUENCE,       LOG_L_WARNING,  713124)                       \
	X(DPD_PEER_DEAD,          LOG_L_WARNING,  713123)
/* clang-format on */

enum log_event {
#define X(name, level, asa) EVT_##name,
	IKE_EVENTS(X)
#undef X
	EVT_COUNT
};

const char    *event_name(enum log_event); /* "MESSAGE_RECEIVED" */
enum log_level event_level(enum log_event);
unsigned       event_asa_id(enum log_event); /* 0: none */
const char    *event_level_name(enum log_level); /* "warning" */

#endif
