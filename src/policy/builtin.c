/*
 * policy/builtin.c - the policy that is served when nobody has written one: a policy file like any
 * other, compiled in.
 */
/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "policy_local.h"

#define BUILTIN_KEY "ikev1d"

static const char builtin[] =
    "# Any peer with this key, current proposals, any subnets, with PFS or without.\n"
    "listen  = { addresses = [ \"0.0.0.0\", \"::\" ]; port = 500; nat_t_port = 4500; };\n"
    "user    = \"nobody\";\n"
    "log     = { target = \"stderr\"; level = \"info\"; };\n"
    "control = { socket = \"/run/ikev1d/control.sock\"; };\n"
    "diagnose_psk = true; # after a key mismatch say which key the peer has\n"
    "\n"
    "isakmp_policies = (\n"
    "  { name = \"current\";\n"
    "    authentication = \"pre-share\";\n"
    "    encryption = [ \"aes-256\", \"aes-192\", \"aes-128\" ];\n"
    "    hash = [ \"sha256\", \"sha384\", \"sha512\", \"sha1\" ];\n"
    "    group = [ 14, 15, 16, 19, 20, 21, 31 ];\n"
    "    lifetime = 86400; }\n"
    "  # Old peers: one line more.\n"
    "  # , { name = \"old\"; encryption = [ \"3des\", \"des\", \"aes-128\" ]; "
    "hash = [ \"sha1\", \"md5\" ]; group = [ 2, 5, 1 ]; }\n"
    ");\n"
    "\n"
    "transform_sets = (\n"
    "  { name = \"esp-aes\";\n"
    "    encryption = [ \"aes-256\", \"aes-192\", \"aes-128\" ];\n"
    "    integrity = [ \"sha256\", \"sha384\", \"sha512\", \"sha1\" ];\n"
    "    mode = \"any\"; },\n"
    "  { name = \"esp-aes-gcm\";\n"
    "    encryption = [ \"aes-256-gcm-16\", \"aes-192-gcm-16\", \"aes-128-gcm-16\" ];\n"
    "    mode = \"any\"; }\n"
    "  # , { name = \"esp-old\"; encryption = [ \"3des\", \"des\" ]; "
    "integrity = [ \"sha1\", \"md5\" ]; mode = \"any\"; }\n"
    ");\n"
    "\n"
    "tunnel_groups = (\n"
    "  { name = \"any\";\n"
    "    peer = \"any\";\n"
    "    pre_shared_key = \"" BUILTIN_KEY "\";\n"
    "    crypto_map = ( { local = \"any\"; remote = \"any\"; pfs = \"any\"; } ); }\n"
    ");\n";

const char *
policy_builtin_text(void)
{
	return builtin;
}

const char *
policy_builtin_key(void)
{
	return BUILTIN_KEY;
}

struct policy *
policy_builtin(policy_report_fn *report, void *ctx)
{
	return policy_parse(builtin, "built-in policy", report, ctx);
}
