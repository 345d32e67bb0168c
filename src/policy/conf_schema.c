/* policy/conf_schema.c - the policy language: one row per key. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_local.h"
#include "wire/isakmp.h"

#define FIELD(s, f)	.off = offsetof(struct s, f), .size = sizeof(((struct s *)0)->f)
#define LIST_OF(s, o, f) FIELD(o, f), .each = sizeof(struct s), .line_off = offsetof(struct s, line)
#define LIFE_MAX	2147483647

const char *const conf_facilities[] = { "user", "mail", "daemon", "auth", "syslog", "lpr",
	"news", "uucp", "cron", "authpriv", "ftp", "local0", "local1", "local2", "local3", "local4",
	"local5", "local6", "local7", NULL };

static const struct name target_words[] = { { LOG_T_SYSLOG, "syslog" }, { LOG_T_STDERR, "stderr" },
	{ LOG_T_FILE, "file" }, { LOG_T_NONE, "none" }, { 0, NULL } };

static const struct name format_words[] = { { LOG_F_ASA, "asa" }, { LOG_F_JSON, "json" },
	{ 0, NULL } };

static const struct name level_words[] = { { LOG_L_ERR, "err" }, { LOG_L_WARNING, "warning" },
	{ LOG_L_NOTICE, "notice" }, { LOG_L_INFO, "info" }, { LOG_L_DEBUG, "debug" }, { 0, NULL } };

static const struct name auth_words[] = { { AUTH_PSK, "pre-share" }, { 0, NULL } };

static const struct name protocol_words[] = { { PROTO_ESP, "esp" }, { PROTO_AH, "ah" },
	{ 0, NULL } };

static const struct name mode_words[] = { { MODE_TUNNEL, "tunnel" }, { MODE_TRANSPORT, "transport" },
	{ MODE_ANY, "any" }, { 0, NULL } };

static const struct name ip_words[] = { { 0, "any" }, { 1, "icmp" }, { 6, "tcp" }, { 17, "udp" },
	{ 47, "gre" }, { 58, "icmpv6" }, { 89, "ospf" }, { 132, "sctp" }, { 0, NULL } };

static const struct name port_words[] = { { 0, "any" }, { 0, NULL } };

static const struct name dialect_words[] = { { DIALECT_ASA, "asa" }, { DIALECT_SHORT, "short" },
	{ DIALECT_PROTECTED, "protected" }, { 0, NULL } };

static const struct name plane_words[] = { { DATA_PLANE_NONE, "none" }, { 0, NULL } };

/* clang-format off */
static const struct conf_item listen_items[] = {
	{ "addresses", CONF_ADDRESSES, FIELD(policy_listen, addresses), .max = 64,
	  .help = "addresses to listen on, \"0.0.0.0\" and \"::\" for all" },
	{ "port", CONF_NUMBER, FIELD(policy_listen, port), .min = 1, .max = 65535, .def = ISAKMP_PORT,
	  .help = "UDP port of IKE" },
	{ "nat_t_port", CONF_NUMBER, FIELD(policy_listen, nat_t_port), .min = 1, .max = 65535,
	  .def = ISAKMP_PORT_NAT_T, .help = "UDP port of IKE and ESP behind a NAT" },
	{ .key = NULL }
};

static const struct conf_item log_items[] = {
	{ "target", CONF_WORD, FIELD(log_conf, target), .words = target_words, .def = LOG_T_SYSLOG,
	  .help = "where log lines go" },
	{ "file", CONF_TEXT, FIELD(log_conf, file), .max = 4095,
	  .help = "the file that log lines are appended to" },
	{ "facility", CONF_FACILITY, FIELD(log_conf, facility), .text = "daemon",
	  .help = "syslog facility" },
	{ "level", CONF_WORD, FIELD(log_conf, level), .words = level_words, .def = LOG_L_INFO,
	  .help = "the least important lines that are written" },
	{ "format", CONF_WORD, FIELD(log_conf, format), .words = format_words, .def = LOG_F_ASA,
	  .help = "lines as ASA prints them, or a JSON object each" },
	{ .key = NULL }
};

static const struct conf_item control_items[] = {
	{ "socket", CONF_TEXT, FIELD(policy, control_socket), .min = 1, .max = 107,
	  .text = "/run/ikev1d/control.sock", .help = "path of the socket that ikev1ctl talks to" },
	{ .key = NULL }
};

static const struct conf_item capture_items[] = {
	{ "size", CONF_NUMBER, FIELD(policy_capture, kilobytes), .max = 1073741824, .def = 65536,
	  .help = "kilobytes after which a new file is begun, 0: never" },
	{ "files", CONF_NUMBER, FIELD(policy_capture, files), .min = 1, .max = 1000, .def = 4,
	  .help = "files kept, the one that is written included" },
	{ .key = NULL }
};

static const struct conf_item limits_items[] = {
	{ "half_open", CONF_NUMBER, FIELD(policy_limits, half_open), .min = 1, .max = 1000000, .def = 10000,
	  .help = "phase 1 negotiations under way, per worker" },
	{ "half_open_per_source", CONF_NUMBER, FIELD(policy_limits, half_open_per_source), .min = 1,
	  .max = 1000000, .def = 1000, .help = "phase 1 negotiations under way from one address, per worker" },
	{ "half_open_timeout", CONF_NUMBER, FIELD(policy_limits, half_open_timeout_s), .min = 1, .max = 3600,
	  .def = 30, .help = "seconds that a phase 1 negotiation may take" },
	{ "phase2_per_sa", CONF_NUMBER, FIELD(policy_limits, phase2_per_sa), .min = 1, .max = 100000,
	  .def = 256, .help = "IPsec SA pairs and Quick Modes under way of one ISAKMP SA" },
	{ "notify_rate", CONF_NUMBER, FIELD(policy_limits, notify_rate), .max = 1000000, .def = 100,
	  .help = "unprotected notifies sent a second, per worker" },
	{ .key = NULL }
};

static const struct conf_item isakmp_items[] = {
	{ "name", CONF_NAME, FIELD(isakmp_policy, name), .max = 64, .need = true,
	  .help = "name of this isakmp policy" },
	{ "authentication", CONF_WORD, FIELD(isakmp_policy, auth), .words = auth_words, .def = AUTH_PSK,
	  .help = "how the peers prove who they are" },
	{ "encryption", CONF_IKE_CIPHERS, FIELD(isakmp_policy, encryption), .need = true,
	  .help = "ciphers accepted in phase 1" },
	{ "hash", CONF_HASHES, FIELD(isakmp_policy, hash), .need = true,
	  .help = "hashes accepted in phase 1" },
	{ "group", CONF_GROUPS, FIELD(isakmp_policy, group), .need = true,
	  .help = "Diffie-Hellman groups accepted in phase 1" },
	{ "lifetime", CONF_NUMBER, FIELD(isakmp_policy, lifetime_s), .max = LIFE_MAX, .def = 86400,
	  .help = "seconds that an ISAKMP SA lives, 0: no limit" },
	{ "lifetime_kilobytes", CONF_NUMBER, FIELD(isakmp_policy, lifetime_kilobytes), .max = LIFE_MAX,
	  .help = "kilobytes that an ISAKMP SA may protect, 0: no limit" },
	{ .key = NULL }
};

static const struct conf_item set_items[] = {
	{ "name", CONF_NAME, FIELD(transform_set, name), .max = 64, .need = true,
	  .help = "name of this transform set" },
	{ "protocol", CONF_WORD, FIELD(transform_set, protocol), .words = protocol_words, .def = PROTO_ESP,
	  .help = "ESP or AH" },
	{ "encryption", CONF_ESP_CIPHERS, FIELD(transform_set, encryption),
	  .help = "ciphers accepted in phase 2" },
	{ "integrity", CONF_INTEGS, FIELD(transform_set, integrity),
	  .help = "integrity algorithms accepted in phase 2" },
	{ "mode", CONF_WORD, FIELD(transform_set, mode), .words = mode_words, .def = MODE_TUNNEL,
	  .help = "encapsulation modes accepted" },
	{ .key = NULL }
};

static const struct conf_item map_items[] = {
	{ "local", CONF_PREFIX, FIELD(crypto_map_entry, local), .text = "any",
	  .help = "proxy identity on our side" },
	{ "remote", CONF_PREFIX, FIELD(crypto_map_entry, remote), .text = "any",
	  .help = "proxy identity on the peer's side" },
	{ "protocol", CONF_NUMBER, FIELD(crypto_map_entry, ip_proto), .max = 255, .words = ip_words,
	  .help = "IP protocol of the proxy identities" },
	{ "local_port", CONF_NUMBER, FIELD(crypto_map_entry, local_port), .max = 65535, .words = port_words,
	  .help = "port of our proxy identity" },
	{ "remote_port", CONF_NUMBER, FIELD(crypto_map_entry, remote_port), .max = 65535,
	  .words = port_words, .help = "port of the peer's proxy identity" },
	{ "transform_sets", CONF_SETS, FIELD(crypto_map_entry, sets),
	  .help = "transform sets accepted, most preferred first; all without this key" },
	{ "pfs", CONF_PFS, FIELD(crypto_map_entry, pfs), .text = "any",
	  .help = "Diffie-Hellman groups of Quick Mode" },
	{ "lifetime", CONF_NUMBER, FIELD(crypto_map_entry, lifetime_s), .max = LIFE_MAX, .def = 28800,
	  .help = "seconds that an IPsec SA lives, 0: no limit" },
	{ "lifetime_kilobytes", CONF_NUMBER, FIELD(crypto_map_entry, lifetime_kilobytes), .max = LIFE_MAX,
	  .def = 4608000, .help = "kilobytes that an IPsec SA may protect, 0: no limit" },
	{ "narrow", CONF_BOOL, FIELD(crypto_map_entry, narrow),
	  .help = "answer wider proxy identities with ours" },
	{ "data_plane", CONF_WORD, FIELD(crypto_map_entry, data_plane), .words = plane_words,
	  .def = DATA_PLANE_NONE, .help = "what stands behind the tunnel" },
	{ .key = NULL }
};

static const struct conf_item dpd_items[] = {
	{ "interval", CONF_NUMBER, FIELD(tunnel_group, dpd_interval_s), .max = 86400, .need = true,
	  .help = "seconds of silence before a probe, 0: none is sent" },
	{ "retries", CONF_NUMBER, FIELD(tunnel_group, dpd_retries), .min = 1, .max = 100, .def = 3,
	  .help = "times that a probe is repeated before the peer is taken for dead" },
	{ .key = NULL }
};

static const struct conf_item group_items[] = {
	{ "name", CONF_NAME, FIELD(tunnel_group, name), .max = 64, .need = true,
	  .help = "name of this tunnel group" },
	{ "peer", CONF_PREFIX, FIELD(tunnel_group, peer), .text = "any",
	  .help = "addresses that the peer may come from" },
	{ "local", CONF_PREFIX, FIELD(tunnel_group, local), .text = "any",
	  .help = "addresses of ours that the peer may have dialled" },
	{ "remote_id", CONF_IDENT, FIELD(tunnel_group, remote_id), .text = "any",
	  .help = "the identity that the peer must show" },
	{ "local_id", CONF_IDENT, FIELD(tunnel_group, local_id), .text = "address", .min = 1,
	  .help = "the identity that we show" },
	{ "pre_shared_key", CONF_SECRET, FIELD(tunnel_group, psk), .max = CONF_KEY_MAX,
	  .help = "the key shared with the peer" },
	{ "pre_shared_key_file", CONF_SECRET_FILE, FIELD(tunnel_group, psk_len), .min = 1, .max = 4095,
	  .help = "a file that holds the key" },
	{ "isakmp_policies", CONF_POLICIES, FIELD(tunnel_group, policies),
	  .help = "isakmp policies accepted, most preferred first; all without this key" },
	{ "crypto_map", CONF_LIST, LIST_OF(crypto_map_entry, tunnel_group, crypto_map), .min = 1, .max = 1000,
	  .count_off = offsetof(struct tunnel_group, crypto_map_count), .sub = map_items,
	  .help = "proxy identities accepted, first match wins; any without this key" },
	{ "dpd", CONF_SECTION, .off = 0, .sub = dpd_items, .help = "dead peer detection" },
	{ "nat_t", CONF_BOOL, FIELD(tunnel_group, nat_t), .def = true, .help = "NAT traversal" },
	{ "notify_dialect", CONF_WORD, FIELD(tunnel_group, notify_dialect), .words = dialect_words,
	  .def = DIALECT_ASA, .help = "how unprotected notifies look" },
	{ "faults", CONF_FAULTS, FIELD(tunnel_group, faults), .max = 64, .help = "faults on demand" },
	{ .key = NULL }
};

const struct conf_item conf_top[] = {
	{ "listen", CONF_SECTION, FIELD(policy, listen), .sub = listen_items, .help = "sockets" },
	{ "workers", CONF_NUMBER, FIELD(policy, workers), .max = 256,
	  .help = "worker threads, 0: one for each CPU" },
	{ "user", CONF_TEXT, FIELD(policy, user), .max = 32, .def = true, .text = "ikev1d",
	  .help = "the user to become once the sockets are open, \"\": stay" },
	{ "log", CONF_SECTION, FIELD(policy, log), .sub = log_items, .help = "log lines" },
	{ "control", CONF_SECTION, .off = 0, .sub = control_items, .help = "the control socket" },
	{ "key_export", CONF_TEXT, FIELD(policy, key_export), .max = 4000,
	  .help = "the folder that keys are written to for Wireshark, \"\": none" },
	{ "capture", CONF_SECTION, FIELD(policy, capture), .sub = capture_items,
	  .help = "the files that \"ikev1ctl capture\" writes" },
	{ "invalid_cookie_notify", CONF_BOOL, FIELD(policy, invalid_cookie_notify), .def = true,
	  .help = "answer messages of unknown cookies" },
	{ "diagnose_psk", CONF_BOOL, FIELD(policy, diagnose_psk),
	  .help = "after a key mismatch find out which key the peer has" },
	{ "nat_keepalive", CONF_NUMBER, FIELD(policy, nat_keepalive_s), .max = 3600, .def = 20,
	  .help = "seconds between NAT keepalives, 0: none is sent" },
	{ "limits", CONF_SECTION, FIELD(policy, limits), .sub = limits_items, .help = "bounds" },
	{ "isakmp_policies", CONF_LIST, LIST_OF(isakmp_policy, policy, isakmp_policies), .min = 1, .max = 100,
	  .count_off = offsetof(struct policy, isakmp_policy_count), .sub = isakmp_items, .need = true,
	  .help = "what phase 1 accepts, most preferred first" },
	{ "transform_sets", CONF_LIST, LIST_OF(transform_set, policy, transform_sets), .min = 1, .max = 100,
	  .count_off = offsetof(struct policy, transform_set_count), .sub = set_items, .need = true,
	  .help = "what phase 2 accepts, most preferred first" },
	{ "tunnel_groups", CONF_LIST, LIST_OF(tunnel_group, policy, groups), .min = 1, .max = 10000,
	  .count_off = offsetof(struct policy, group_count), .sub = group_items, .need = true,
	  .help = "who may connect, first match wins" },
	{ .key = NULL }
};
/* clang-format on */
