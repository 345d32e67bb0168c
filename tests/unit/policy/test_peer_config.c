/* test_peer_config.c - the configurations printed for peers, whole, for a few policies. */
/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/peer_config.h"

#include "base/err.h"
#include "t.h"

#define PHASES                                                                                     \
	"isakmp_policies = ("                                                                      \
	"  { name = \"new\"; encryption = \"aes-256\"; hash = [ \"sha256\", \"sha1\" ];"           \
	"    group = [ 31, 14 ]; lifetime = 28800; },"                                             \
	"  { name = \"old\"; encryption = \"3des\"; hash = \"md5\"; group = [ 2, 5 ]; } );"        \
	"transform_sets = ("                                                                       \
	"  { name = \"gcm\"; encryption = \"aes-256-gcm-16\"; },"                                  \
	"  { name = \"aes\"; encryption = [ \"aes-256\", \"aes-128\" ]; integrity = \"sha1\"; },"  \
	"  { name = \"3des\"; encryption = \"3des\"; integrity = \"md5\"; mode = \"any\"; },"      \
	"  { name = \"host\"; encryption = \"aes-128\"; integrity = \"sha1\"; mode = \"transport\"; },"  \
	"  { name = \"ah\"; protocol = \"ah\"; integrity = \"sha256\"; } );"

/* A site with two crypto map entries, names for identities, DPD and PFS. */
static const char site[] = PHASES
    "tunnel_groups = ( { name = \"hq@lab\"; peer = \"203.0.113.10\"; local = \"198.51.100.1\";"
    "  remote_id = \"fqdn:gw.example.com\"; local_id = \"fqdn:hub.example.com\";"
    "  pre_shared_key = \"cisco123\"; dpd = { interval = 30; retries = 5; };"
    "  crypto_map = ("
    "    { local = \"172.16.1.0/24\"; remote = \"192.168.1.0/24\"; pfs = [ 31, 14 ];"
    "      transform_sets = [ \"gcm\", \"aes\", \"ah\" ]; lifetime = 3600; lifetime_kilobytes = 0; },"
    "    { local = \"172.16.2.7\"; remote = \"192.168.0.0/20\"; protocol = \"tcp\"; local_port = 443;"
    "      transform_sets = [ \"3des\" ]; pfs = \"none\"; } ); } );";

/* Anybody, with algorithms of another age, and a host to host entry. */
static const char old[] = PHASES
    "tunnel_groups = ( { name = \"old\"; pre_shared_key = \"k\"; nat_t = false;"
    "  isakmp_policies = [ \"old\" ];"
    "  crypto_map = ("
    "    { protocol = \"udp\"; local_port = 1701; remote_port = 1701; transform_sets = [ \"host\" ];"
    "      pfs = 2; },"
    "    { transform_sets = [ \"3des\" ]; } ); } );";

static const char six[] = PHASES
    "listen = { addresses = [ \"::\" ]; port = 5500; };"
    "tunnel_groups = ( { name = \"six\"; peer = \"2001:db8:1::/48\"; pre_shared_key = \"k\";"
    "  crypto_map = ( { transform_sets = [ \"aes\" ]; } ); } );";

static struct addr here[2];

static void
complain(void *ctx, const char *line)
{
	(void)ctx;
	if (strstr(line, ": warning: ") == NULL)
		T_FAIL("%s", line);
}

static struct policy *
parse(const char *text)
{
	struct policy *p = policy_parse(text, "lab.conf", complain, NULL);

	if (p == NULL)
		exit(EXIT_FAILURE);
	return p;
}

static struct peer_config
make(const char *text, enum peer_product product)
{
	struct policy *p = parse(text);
	struct peer_config c;

	T_TRUE(peer_config_make(p, product, NULL, here, 2, &c));
	policy_unref(p);
	return c;
}

static void
prints(const char *text, enum peer_product product, const char *want)
{
	struct peer_config c = make(text, product);

	T_STR(c.error, NULL);
	T_STR(c.text, want);
	peer_config_fini(&c);
}

static void
refuses(const char *text, enum peer_product product, const char *want)
{
	struct peer_config c = make(text, product);

	T_STR(c.text, NULL);
	T_STR(c.error, want);
	peer_config_fini(&c);
}

static void
asa(void)
{
	prints(site, PEER_ASA,
	    "! Tunnel group \"hq@lab\" of ikev1d, lab.conf\n"
	    "! Left out of phase 1, ASA's IKEv1 has it not: hash sha256, group 31\n"
	    "! hq-lab-1: 1 transform set of another protocol or mode left out.\n"
	    "! Left out of phase 2, ASA's IKEv1 has it not: encryption aes-256-gcm-16, group 31\n"
	    "! outside is the interface that faces ikev1d.\n"
	    "! group 14 needs ASA 9.13 or later.\n"
	    "crypto ikev1 policy 10\n"
	    " authentication pre-share\n"
	    " encryption aes-256\n"
	    " hash sha\n"
	    " group 14\n"
	    " lifetime 28800\n"
	    "crypto ikev1 policy 20\n"
	    " authentication pre-share\n"
	    " encryption 3des\n"
	    " hash md5\n"
	    " group 2\n"
	    " lifetime 86400\n"
	    "crypto ikev1 policy 30\n"
	    " authentication pre-share\n"
	    " encryption 3des\n"
	    " hash md5\n"
	    " group 5\n"
	    " lifetime 86400\n"
	    "crypto ikev1 enable outside\n"
	    "! These two make up the identity that the policy wants: gw.example.com\n"
	    "hostname gw\n"
	    "domain-name example.com\n"
	    "crypto isakmp identity hostname\n"
	    "crypto isakmp nat-traversal 20\n"
	    "access-list IKEV1D-hq-lab-1 extended permit ip 192.168.1.0 255.255.255.0 172.16.1.0 255.255.255.0\n"
	    "access-list IKEV1D-hq-lab-2 extended permit tcp 192.168.0.0 255.255.240.0 host 172.16.2.7 eq 443\n"
	    "crypto ipsec ikev1 transform-set IKEV1D-hq-lab-1-1 esp-aes-256 esp-sha-hmac\n"
	    "crypto ipsec ikev1 transform-set IKEV1D-hq-lab-1-2 esp-aes esp-sha-hmac\n"
	    "crypto ipsec ikev1 transform-set IKEV1D-hq-lab-2-1 esp-3des esp-md5-hmac\n"
	    "crypto map IKEV1D 10 match address IKEV1D-hq-lab-1\n"
	    "crypto map IKEV1D 10 set pfs group14\n"
	    "crypto map IKEV1D 10 set peer 198.51.100.1\n"
	    "crypto map IKEV1D 10 set ikev1 transform-set IKEV1D-hq-lab-1-1 IKEV1D-hq-lab-1-2\n"
	    "crypto map IKEV1D 10 set security-association lifetime seconds 3600\n"
	    "crypto map IKEV1D 20 match address IKEV1D-hq-lab-2\n"
	    "crypto map IKEV1D 20 set peer 198.51.100.1\n"
	    "crypto map IKEV1D 20 set ikev1 transform-set IKEV1D-hq-lab-2-1\n"
	    "crypto map IKEV1D 20 set security-association lifetime seconds 28800\n"
	    "crypto map IKEV1D 20 set security-association lifetime kilobytes 4608000\n"
	    "crypto map IKEV1D interface outside\n"
	    "tunnel-group 198.51.100.1 type ipsec-l2l\n"
	    "tunnel-group 198.51.100.1 ipsec-attributes\n"
	    " ikev1 pre-shared-key cisco123\n"
	    " isakmp keepalive threshold 30 retry 5\n");
}

static void
asa_before_84(void)
{
	prints(old, PEER_ASA_LEGACY,
	    "! Tunnel group \"old\" of ikev1d, lab.conf\n"
	    "! ikev1d is at 192.0.2.5 here; it also answers at 2001:db8:ffff::5\n"
	    "! old-2: any network behind ikev1d is accepted; the one here is an example.\n"
	    "! old-2: PFS is accepted with any group, and is not asked for here.\n"
	    "! outside is the interface that faces ikev1d.\n"
	    "crypto isakmp policy 10\n"
	    " authentication pre-share\n"
	    " encryption 3des\n"
	    " hash md5\n"
	    " group 2\n"
	    " lifetime 86400\n"
	    "crypto isakmp policy 20\n"
	    " authentication pre-share\n"
	    " encryption 3des\n"
	    " hash md5\n"
	    " group 5\n"
	    " lifetime 86400\n"
	    "crypto isakmp enable outside\n"
	    "crypto isakmp identity address\n"
	    "no crypto isakmp nat-traversal\n"
	    "access-list IKEV1D-old-1 extended permit udp host <asa-address> eq 1701 host 192.0.2.5 eq 1701\n"
	    "access-list IKEV1D-old-2 extended permit ip <network> <mask> 198.51.100.0 255.255.255.0\n"
	    "crypto ipsec transform-set IKEV1D-old-1-1 esp-aes esp-sha-hmac\n"
	    "crypto ipsec transform-set IKEV1D-old-1-1 mode transport\n"
	    "crypto ipsec transform-set IKEV1D-old-2-1 esp-3des esp-md5-hmac\n"
	    "crypto map IKEV1D 10 match address IKEV1D-old-1\n"
	    "crypto map IKEV1D 10 set pfs group2\n"
	    "crypto map IKEV1D 10 set peer 192.0.2.5\n"
	    "crypto map IKEV1D 10 set transform-set IKEV1D-old-1-1\n"
	    "crypto map IKEV1D 10 set security-association lifetime seconds 28800\n"
	    "crypto map IKEV1D 10 set security-association lifetime kilobytes 4608000\n"
	    "crypto map IKEV1D 10 set nat-t-disable\n"
	    "crypto map IKEV1D 20 match address IKEV1D-old-2\n"
	    "crypto map IKEV1D 20 set peer 192.0.2.5\n"
	    "crypto map IKEV1D 20 set transform-set IKEV1D-old-2-1\n"
	    "crypto map IKEV1D 20 set security-association lifetime seconds 28800\n"
	    "crypto map IKEV1D 20 set security-association lifetime kilobytes 4608000\n"
	    "crypto map IKEV1D 20 set nat-t-disable\n"
	    "crypto map IKEV1D interface outside\n"
	    "tunnel-group 192.0.2.5 type ipsec-l2l\n"
	    "tunnel-group 192.0.2.5 ipsec-attributes\n"
	    " pre-shared-key k\n");
}

static void
ios(void)
{
	prints(site, PEER_IOS,
	    "! Tunnel group \"hq@lab\" of ikev1d, lab.conf\n"
	    "! Left out of phase 1, IOS has it not: group 31\n"
	    "! hq-lab-1: 1 transform set of another protocol or mode left out.\n"
	    "! Left out of phase 2, IOS has it not: group 31\n"
	    "crypto isakmp policy 10\n"
	    " authentication pre-share\n"
	    " encryption aes 256\n"
	    " hash sha256\n"
	    " group 14\n"
	    " lifetime 28800\n"
	    "crypto isakmp policy 20\n"
	    " authentication pre-share\n"
	    " encryption aes 256\n"
	    " hash sha\n"
	    " group 14\n"
	    " lifetime 28800\n"
	    "crypto isakmp policy 30\n"
	    " authentication pre-share\n"
	    " encryption 3des\n"
	    " hash md5\n"
	    " group 2\n"
	    " lifetime 86400\n"
	    "crypto isakmp policy 40\n"
	    " authentication pre-share\n"
	    " encryption 3des\n"
	    " hash md5\n"
	    " group 5\n"
	    " lifetime 86400\n"
	    "crypto isakmp key cisco123 address 198.51.100.1\n"
	    "! These two make up the identity that the policy wants: gw.example.com\n"
	    "hostname gw\n"
	    "ip domain name example.com\n"
	    "crypto isakmp identity hostname\n"
	    "crypto isakmp keepalive 30 2 periodic\n"
	    "ip access-list extended IKEV1D-hq-lab-1\n"
	    " permit ip 192.168.1.0 0.0.0.255 172.16.1.0 0.0.0.255\n"
	    "ip access-list extended IKEV1D-hq-lab-2\n"
	    " permit tcp 192.168.0.0 0.0.15.255 host 172.16.2.7 eq 443\n"
	    "crypto ipsec transform-set IKEV1D-hq-lab-1-1 esp-gcm 256\n"
	    " mode tunnel\n"
	    "crypto ipsec transform-set IKEV1D-hq-lab-1-2 esp-aes 256 esp-sha-hmac\n"
	    " mode tunnel\n"
	    "crypto ipsec transform-set IKEV1D-hq-lab-1-3 esp-aes esp-sha-hmac\n"
	    " mode tunnel\n"
	    "crypto ipsec transform-set IKEV1D-hq-lab-2-1 esp-3des esp-md5-hmac\n"
	    " mode tunnel\n"
	    "crypto map IKEV1D 10 ipsec-isakmp\n"
	    " set peer 198.51.100.1\n"
	    " set transform-set IKEV1D-hq-lab-1-1 IKEV1D-hq-lab-1-2 IKEV1D-hq-lab-1-3\n"
	    " set pfs group14\n"
	    " set security-association lifetime seconds 3600\n"
	    " match address IKEV1D-hq-lab-1\n"
	    "crypto map IKEV1D 20 ipsec-isakmp\n"
	    " set peer 198.51.100.1\n"
	    " set transform-set IKEV1D-hq-lab-2-1\n"
	    " set security-association lifetime seconds 28800\n"
	    " set security-association lifetime kilobytes 4608000\n"
	    " match address IKEV1D-hq-lab-2\n"
	    "interface <interface>\n"
	    " crypto map IKEV1D\n");
}

static void
strongswan(void)
{
	prints(site, PEER_STRONGSWAN,
	    "# Tunnel group \"hq@lab\" of ikev1d, lab.conf\n"
	    "# hq-lab-1: 1 transform set of another protocol or mode left out.\n"
	    "# swanctl --load-all, then swanctl --initiate --child hq-lab-1\n"
	    "connections {\n"
	    "  hq-lab {\n"
	    "    version = 1\n"
	    "    local_addrs = 203.0.113.10\n"
	    "    remote_addrs = 198.51.100.1\n"
	    "    proposals = aes256-sha256-curve25519,aes256-sha256-modp2048,aes256-sha1-curve25519,aes256-sha1-modp2048,3des-md5-modp1024,3des-md5-modp1536\n"
	    "    rekey_time = 25920s\n"
	    "    over_time = 2880s\n"
	    "    dpd_delay = 30s\n"
	    "    dpd_timeout = 180s\n"
	    "    local {\n"
	    "      auth = psk\n"
	    "      id = fqdn:gw.example.com\n"
	    "    }\n"
	    "    remote {\n"
	    "      auth = psk\n"
	    "      id = fqdn:hub.example.com\n"
	    "    }\n"
	    "    children {\n"
	    "      hq-lab-1 {\n"
	    "        local_ts = 192.168.1.0/24\n"
	    "        remote_ts = 172.16.1.0/24\n"
	    "        esp_proposals = aes256gcm128-curve25519,aes256-sha1-curve25519,aes128-sha1-curve25519\n"
	    "        mode = tunnel\n"
	    "        life_time = 3600s\n"
	    "        rekey_time = 3240s\n"
	    "      }\n"
	    "      hq-lab-2 {\n"
	    "        local_ts = 192.168.0.0/20[6]\n"
	    "        remote_ts = 172.16.2.7/32[6/443]\n"
	    "        esp_proposals = 3des-md5\n"
	    "        mode = tunnel\n"
	    "        life_time = 28800s\n"
	    "        rekey_time = 25920s\n"
	    "        life_bytes = 4608000000\n"
	    "        rekey_bytes = 4147200000\n"
	    "      }\n"
	    "    }\n"
	    "  }\n"
	    "}\n"
	    "secrets {\n"
	    "  ike-hq-lab {\n"
	    "    id-1 = fqdn:hub.example.com\n"
	    "    id-2 = fqdn:gw.example.com\n"
	    "    secret = \"cisco123\"\n"
	    "  }\n"
	    "}\n");
}

static void
strongswan_ipsec_conf(void)
{
	prints(old, PEER_STRONGSWAN_IPSEC,
	    "# --- /etc/ipsec.conf ---\n"
	    "# Tunnel group \"old\" of ikev1d, lab.conf\n"
	    "# ikev1d is at 192.0.2.5 here; it also answers at 2001:db8:ffff::5\n"
	    "# nat_t is off in the policy; strongSwan offers NAT-T all the same.\n"
	    "# old-2: any network behind ikev1d is accepted; the one here is an example.\n"
	    "# old-2: PFS is accepted with any group, and is not asked for here.\n"
	    "# ipsec reload and ipsec rereadsecrets, then ipsec up old-1\n"
	    "conn old-1\n"
	    "\tkeyexchange=ikev1\n"
	    "\tauthby=secret\n"
	    "\tright=192.0.2.5\n"
	    "\tleftsubnet=%dynamic[17/1701]\n"
	    "\trightsubnet=%dynamic[17/1701]\n"
	    "\tike=3des-md5-modp1024,3des-md5-modp1536!\n"
	    "\tesp=aes128-sha1-modp1024!\n"
	    "\ttype=transport\n"
	    "\tikelifetime=86400s\n"
	    "\tlifetime=28800s\n"
	    "\tlifebytes=4608000000\n"
	    "\tmarginbytes=460800000\n"
	    "\tmargintime=2880s\n"
	    "\trekeyfuzz=0%\n"
	    "\tauto=add\n"
	    "# old-2: any network on the peer's side is accepted; here it is the peer alone.\n"
	    "conn old-2\n"
	    "\tkeyexchange=ikev1\n"
	    "\tauthby=secret\n"
	    "\tright=192.0.2.5\n"
	    "\tleftsubnet=%dynamic\n"
	    "\trightsubnet=198.51.100.0/24\n"
	    "\tike=3des-md5-modp1024,3des-md5-modp1536!\n"
	    "\tesp=3des-md5!\n"
	    "\ttype=tunnel\n"
	    "\tikelifetime=86400s\n"
	    "\tlifetime=28800s\n"
	    "\tlifebytes=4608000000\n"
	    "\tmarginbytes=460800000\n"
	    "\tmargintime=2880s\n"
	    "\trekeyfuzz=0%\n"
	    "\tauto=add\n"
	    "# --- /etc/ipsec.secrets ---\n"
	    "192.0.2.5 : PSK \"k\"\n");
}

static void
libreswan(void)
{
	prints(site, PEER_LIBRESWAN,
	    "# --- /etc/ipsec.conf ---\n"
	    "config setup\n"
	    "\tikev1-policy=accept\n"
	    "\n"
	    "# Tunnel group \"hq@lab\" of ikev1d, lab.conf\n"
	    "# Left out of phase 1, libreswan has it not: group 2\n"
	    "# hq-lab-1: 1 transform set of another protocol or mode left out.\n"
	    "# Left out of phase 2, libreswan has it not: group 31\n"
	    "# ipsec auto --add hq-lab-1, then ipsec auto --up hq-lab-1\n"
	    "conn hq-lab-1\n"
	    "\tikev2=no\n"
	    "\tauthby=secret\n"
	    "\tleft=203.0.113.10\n"
	    "\tleftid=@gw.example.com\n"
	    "\tright=198.51.100.1\n"
	    "\trightid=@hub.example.com\n"
	    "\tleftsubnet=192.168.1.0/24\n"
	    "\trightsubnet=172.16.1.0/24\n"
	    "\tike=aes256-sha2_256-dh31,aes256-sha2_256-dh14,aes256-sha1-dh31,aes256-sha1-dh14,3des-md5-dh5\n"
	    "\tphase2=esp\n"
	    "\tphase2alg=aes_gcm_c256;dh14,aes256-sha1;dh14,aes128-sha1;dh14\n"
	    "\tpfs=yes\n"
	    "\ttype=tunnel\n"
	    "\tikelifetime=28800s\n"
	    "\tsalifetime=3600s\n"
	    "\tdpdaction=clear\n"
	    "\tdpddelay=30\n"
	    "\tdpdtimeout=180\n"
	    "\tauto=add\n"
	    "\n"
	    "conn hq-lab-2\n"
	    "\tikev2=no\n"
	    "\tauthby=secret\n"
	    "\tleft=203.0.113.10\n"
	    "\tleftid=@gw.example.com\n"
	    "\tright=198.51.100.1\n"
	    "\trightid=@hub.example.com\n"
	    "\tleftsubnet=192.168.0.0/20\n"
	    "\tleftprotoport=6/0\n"
	    "\trightsubnet=172.16.2.7/32\n"
	    "\trightprotoport=6/443\n"
	    "\tike=aes256-sha2_256-dh31,aes256-sha2_256-dh14,aes256-sha1-dh31,aes256-sha1-dh14,3des-md5-dh5\n"
	    "\tphase2=esp\n"
	    "\tphase2alg=3des-md5\n"
	    "\tpfs=no\n"
	    "\ttype=tunnel\n"
	    "\tikelifetime=28800s\n"
	    "\tsalifetime=28800s\n"
	    "\tdpdaction=clear\n"
	    "\tdpddelay=30\n"
	    "\tdpdtimeout=180\n"
	    "\tauto=add\n"
	    "\n"
	    "# --- /etc/ipsec.secrets ---\n"
	    "@hub.example.com @gw.example.com : PSK \"cisco123\"\n");
}

static void
ipv6(void)
{
	prints(six, PEER_STRONGSWAN,
	    "# Tunnel group \"six\" of ikev1d, lab.conf\n"
	    "# six: any network behind ikev1d is accepted; the one here is an example.\n"
	    "# six: PFS is accepted with any group, and is not asked for here.\n"
	    "# six: any network on the peer's side is accepted; here it is the peer alone.\n"
	    "# swanctl --load-all, then swanctl --initiate --child six\n"
	    "connections {\n"
	    "  six {\n"
	    "    version = 1\n"
	    "    remote_addrs = 2001:db8:ffff::5\n"
	    "    remote_port = 5500\n"
	    "    proposals = aes256-sha256-curve25519,aes256-sha256-modp2048,aes256-sha1-curve25519,aes256-sha1-modp2048,3des-md5-modp1024,3des-md5-modp1536\n"
	    "    rekey_time = 25920s\n"
	    "    over_time = 2880s\n"
	    "    local {\n"
	    "      auth = psk\n"
	    "    }\n"
	    "    remote {\n"
	    "      auth = psk\n"
	    "    }\n"
	    "    children {\n"
	    "      six {\n"
	    "        local_ts = dynamic\n"
	    "        remote_ts = 2001:db8:fffe::/48\n"
	    "        esp_proposals = aes256-sha1,aes128-sha1\n"
	    "        mode = tunnel\n"
	    "        life_time = 28800s\n"
	    "        rekey_time = 25920s\n"
	    "        life_bytes = 4608000000\n"
	    "        rekey_bytes = 4147200000\n"
	    "      }\n"
	    "    }\n"
	    "  }\n"
	    "}\n"
	    "secrets {\n"
	    "  ike-six {\n"
	    "    id-1 = 2001:db8:ffff::5\n"
	    "    id-2 = 2001:db8:1::/48\n"
	    "    secret = \"k\"\n"
	    "  }\n"
	    "}\n");
	refuses(six, PEER_IOS,
	    "Cisco IOS cannot do what the policy wants: it has not, of phase 1: "
	    "group 31");
}

static void
what_must_be_put_in_is_listed(void)
{
	struct peer_config c = make(old, PEER_ASA);

	T_EQ(c.placeholder_count, 2);
	T_STR(c.placeholders[0], "<asa-address>: the ASA's own address");
	T_STR(c.placeholders[1], "<network> <mask>: the network behind the ASA");
	T_TRUE(strstr(c.text, " host <asa-address> eq 1701 host ") != NULL);
	peer_config_fini(&c);
}

/* Where nobody knows our address, it is a placeholder. */
static void
no_address_is_known(void)
{
	struct policy *p = parse(old);
	struct peer_config c;

	T_TRUE(peer_config_make(p, PEER_LIBRESWAN, NULL, NULL, 0, &c));
	T_TRUE(c.text != NULL && strstr(c.text, "\tright=<ikev1d-address>\n") != NULL);
	peer_config_fini(&c);
	T_TRUE(peer_config_make(p, PEER_STRONGSWAN, &p->groups[0], NULL, 0, &c));
	T_TRUE(c.text != NULL && strstr(c.text, "    remote_addrs = <ikev1d-address>\n") != NULL);
	T_EQ(c.placeholder_count, 1);
	T_STR(c.placeholders[0], "<ikev1d-address>: the address at which the peer finds ikev1d");
	peer_config_fini(&c);
	policy_unref(p);
}

static void
refusals(void)
{
	static const char two[] = PHASES
	    "tunnel_groups = ( "
	    "{ name = \"a\"; peer = \"10.0.0.1\"; pre_shared_key = \"k\"; },"
	    "{ name = \"b\"; pre_shared_key = \"k\"; } );";
	static const char none[] = PHASES
	    "tunnel_groups = ( { name = \"a\"; pre_shared_key = \"k\";"
	    "  crypto_map = ( { transform_sets = [ \"gcm\" ]; pfs = 31; } ); } );";

	refuses(site, PEER_VPNC,
	    "vpnc speaks Aggressive Mode only, which this version of ikev1d does not");
	refuses(two, PEER_ASA,
	    "the policy has 2 tunnel groups; name the one that Cisco ASA 8.4 and later is to match: "
	    "a, b");
	refuses(none, PEER_ASA,
	    "Cisco ASA 8.4 and later cannot do what the policy wants: it has not, of phase 1: hash "
	    "sha256, group 31; it has not, of phase 2: encryption aes-256-gcm-16, group 31");
}

/* The secret of a swanctl.conf for a key of n octets. */
static void
secret(const char *key, size_t n, const char *want)
{
	struct policy *p = parse(old);
	struct peer_config c;
	const char *at;

	free(p->groups[0].psk);
	p->groups[0].psk = malloc(n);
	memcpy(p->groups[0].psk, key, n);
	p->groups[0].psk_len = n;
	T_TRUE(peer_config_make(p, PEER_STRONGSWAN, NULL, here, 2, &c));
	at = strstr(c.text, "secret = ");
	T_TRUE(at != NULL);
	if (at != NULL && strncmp(at + 9, want, strlen(want)) != 0)
		T_FAIL("key %s: %s", key, at);
	peer_config_fini(&c);
	T_TRUE(peer_config_make(p, PEER_ASA, NULL, here, 2, &c));
	T_EQ(strstr(c.text, "<pre-shared-key>") == NULL,
	    want[0] == '"' && memchr(key, ' ', n) == NULL && memchr(key, '?', n) == NULL);
	peer_config_fini(&c);
	policy_unref(p);
}

/* Quotes hold what is plain; all else goes in hexadecimal, and an ASA cannot have it pasted. */
static void
keys(void)
{
	secret("cisco123", 8, "\"cisco123\"\n");
	secret("two words", 9, "\"two words\"\n");
	secret("what?", 5, "\"what?\"\n");
	secret("a\"b", 3, "0x612262\n");
	secret("a\\", 2, "0x615c\n");
	secret("0x12", 4, "0x30783132\n");
	secret("0sQQ", 4, "0x30735151\n");
	secret("a\0b\n", 4, "0x6100620a\n");
	secret("\xc3\xbc", 2, "0xc3bc\n");
}

/* No product is asked for more than twenty transforms, and what is left out is said. */
static void
at_most_twenty(void)
{
	struct policy *p = policy_builtin(complain, NULL);
	struct peer_config c;
	unsigned commas = 0;
	const char *at;

	T_TRUE(peer_config_make(p, PEER_STRONGSWAN, NULL, here, 2, &c));
	T_TRUE(strstr(c.text, "# Phase 1: the first 20; 64 more combinations are accepted.\n") !=
	    NULL);
	at = strstr(c.text, "    proposals = aes256-sha256-modp2048,");
	T_TRUE(at != NULL);
	for (; at != NULL && *at != '\n'; at++)
		commas += *at == ',';
	T_EQ(commas, 19);
	T_TRUE(strstr(c.text, "secret = \"ikev1d\"\n") != NULL);
	peer_config_fini(&c);
	policy_unref(p);
}

static void
words(void)
{
	for (int i = 0; i < PEER_PRODUCT_COUNT; i++)
		T_EQ(peer_config_product(peer_config_word((enum peer_product)i)), i);
	T_EQ(peer_config_product("pix"), PEER_PRODUCT_COUNT);
}

int
main(void)
{
	(void)addr_parse("192.0.2.5", &here[0]);
	(void)addr_parse("2001:db8:ffff::5", &here[1]);
	T_RUN(asa);
	T_RUN(asa_before_84);
	T_RUN(ios);
	T_RUN(strongswan);
	T_RUN(strongswan_ipsec_conf);
	T_RUN(libreswan);
	T_RUN(ipv6);
	T_RUN(what_must_be_put_in_is_listed);
	T_RUN(no_address_is_known);
	T_RUN(refusals);
	T_RUN(keys);
	T_RUN(at_most_twenty);
	T_RUN(words);
	return T_DONE();
}
