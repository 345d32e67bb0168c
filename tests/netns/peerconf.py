"""peer-config: what ikev1d prints for a peer is loaded unedited, and the tunnel comes up; wait."""
# SPDX-License-Identifier: BSD-2-Clause
import os
import re
import subprocess
import threading

import lab
from lab import Charon, Ikev1d, Process, child, connection, entry, policy, until
from life import IKE, both_agree
from run import Skip, case

STARTER, STROKE = "/usr/lib/ipsec/starter", "/usr/lib/ipsec/stroke"
STARTERS = threading.Lock()     # there is one stroke socket


class FromFile(Ikev1d):
    """The daemon with a policy file as it stands in conf/, but for log, user and the control socket."""

    def write_policy(self, policy):
        with open(os.path.join(lab.TOP, "conf", policy["file"]), encoding="utf-8") as f:
            text = re.sub(r"^log = .*$", "", f.read(), flags=re.M)
        own = {"workers": 1, "user": "", "log": self.log_conf, "control": {"socket": self.socket},
               "key_export": self.keys_dir}
        lab.write(self.conf, "".join(f"{k} = {lab.libconfig(v)};\n" for k, v in own.items()) + text)


class Starter(Charon):
    """strongSwan as its starter runs it, from an ipsec.conf and an ipsec.secrets."""

    def __init__(self, host, text, name="charon"):
        conf, secrets = text.split("# --- /etc/ipsec.secrets ---\n")
        self.dir = os.path.join(host.lab.dir, name)
        os.makedirs(self.dir)
        self.log = lab.Log(os.path.join(self.dir, f"{name}.log"))
        host.lab.logs.append(self.log)
        self.vici = os.path.join(self.dir, "vici")
        plugins = lab.PLUGINS.format(kernel="kernel-libipsec") + " stroke"
        strongswan = lab.STRONGSWAN_CONF.format(plugins=plugins, dir=self.dir, log=self.log.path,
                                                retransmit=2.0, keep_alive=20, ike_name="no")
        lab.write(f"{self.dir}/strongswan.conf", strongswan.replace("charon-systemd {", "charon {").replace(
            "vici {", f"stroke {{ secrets_file = {self.dir}/ipsec.secrets }} vici {{"))
        lab.write(f"{self.dir}/ipsec.conf", conf)
        lab.write(f"{self.dir}/ipsec.secrets", secrets)
        self.env = {"STRONGSWAN_CONF": f"{self.dir}/strongswan.conf", "SWANCTL_DIR": self.dir}
        Process.__init__(self, host, name, [STARTER, "--nofork", "--conf", f"{self.dir}/ipsec.conf"], self.env)
        until(f"{name}'s vici socket", lambda: lab.connectable(self.vici) or self.ended())

    def kill(self):
        """The starter ends its charon only when it is asked to end."""
        self.stop()

    def try_to_initiate(self, child=None, ike=None, timeout=20):
        until(f"the connection {child}", lambda: self.log.find(
            rf"add connection '{child}'(.*\n)*.*added (configuration '{child}'|child to existing)"))
        self.host.run(STROKE, "up", child, env={**os.environ, **self.env}, timeout=timeout + 15)
        return child in [name for name, _, _ in self.children()]


def swanctl(host, text, name="charon", **kw):
    """A charon that has loaded this swanctl.conf, and nothing else."""
    charon = Charon(host, name=name, **kw)
    lab.write(f"{charon.dir}/swanctl.conf", text)
    charon.swanctl("--load-all", "--noprompt")
    return charon


def inside(host, *addresses):
    """Give a gateway its addresses in the networks behind it, which charon looks for."""
    for address in addresses:
        host.ip("address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))


def printed(d, *args):
    return d.ctl("peer-config", *args).stdout


def children_of(text):
    """The children of a swanctl.conf, in order."""
    return re.findall(r"^      (\S+) \{\n        local_ts", text, re.M)


def comes_up(d, charon, children):
    for name in children:
        mark = d.log.mark()
        charon.initiate(name)
        d.log.wait("PHASE 2 COMPLETED", mark)
    both_agree(d, charon)


@case("peer-config: built-in policy")
def builtin(t):
    with lab.BUILTIN, t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, None, env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"})
        d.log = d.out
        with t.step("the greeting names the command"):
            d.out.wait(r"ikev1ctl peer-config PRODUCT")
        with t.step("strongSwan comes up with the swanctl.conf printed"):
            text = printed(d, "strongswan")
            charon = swanctl(init, text)
            charon.initiate("any")
            until("the daemon's IPsec SA", d.ipsec_sas)
        with t.step("the key is printed, and not logged"):
            assert 'secret = "ikev1d"' in text, text
            d.out.wait(r"control: peer-config strongswan, which prints the pre-shared key$")
            assert "secret" not in d.out.text()
        with t.step("--json has the text and the placeholders"):
            answer = d.ask("peer-config", "asa")
            assert "ikev1 pre-shared-key ikev1d\n" in answer["text"], answer
            assert [p.split(":")[0] for p in answer["placeholders"]] == ["<network> <mask>"], answer
        with t.step("vpnc is refused in words"):
            p = d.ctl("peer-config", "vpnc", check=False)
            assert p.returncode == 1 and "Aggressive Mode" in p.stderr, p


@case("peer-config: lab-psk.conf")
def lab_psk(t):
    with t.new_lab() as net:
        init, resp = net.host("init"), net.host("resp")
        net.wire(init, "203.0.113.10/24", resp, "203.0.113.1/24")
        inside(init, "192.168.1.1/24")
        d = FromFile(resp, {"file": "lab-psk.conf"})
        with t.step("strongSwan comes up with the swanctl.conf printed"):
            charon = swanctl(init, printed(d, "strongswan", "asa-hq"))
            comes_up(d, charon, ["asa-hq"])
        with t.step("algorithms, PFS, networks and lifetimes are those of the policy"):
            [sa], [pair] = d.isakmp_sas(), d.ipsec_sas()
            assert lab.algorithms(sa) == ("aes-256", "sha256", 14), sa
            assert sa["lifetime_s"] == 86400, sa
            assert (pair["encryption"], pair["integrity"], pair["pfs_group"]) == ("aes-256", "sha256", 14), pair
            assert pair["local_proxy"] == "172.16.1.0/255.255.255.0/0/0", pair
            assert (pair["lifetime_s"], pair["lifetime_kilobytes"]) == (28800, 4608000), pair
        with t.step("so is the peer's DPD"):
            conns = charon.swanctl("--list-conns").stdout
            assert "dpd delay 10s" in conns, conns


@case("peer-config: several tunnel groups")
def many_groups(t):
    with t.new_lab() as net:
        resp = net.host("resp")
        hosts, charons = {}, {}
        wires = {"partner": ("203.0.113.10", "203.0.113.1"), "branches": ("198.51.100.5", "198.51.100.1"),
                 "rekey-test": ("10.8.0.1", "10.8.0.2"), "l2tp": ("10.7.0.1", "10.7.0.2")}
        for group, (theirs, ours) in wires.items():
            hosts[group] = net.host(group)
            net.wire(hosts[group], f"{theirs}/24", resp, f"{ours}/24")
            hosts[group].ip("route", "add", "default", "via", ours)
        inside(resp, "192.0.2.2/32", "192.0.2.3/32")
        inside(hosts["partner"], "192.168.1.1/24")
        inside(hosts["branches"], "10.1.1.1/24")
        d = FromFile(resp, {"file": "lab-many-groups.conf"})
        for group in wires:
            with t.step(f"{group} comes up with the swanctl.conf printed"):
                text = printed(d, "strongswan", group)
                charon = charons[group] = swanctl(hosts[group], text, f"charon-{group}", esp=group != "l2tp")
                comes = children_of(text)
                assert len(comes) == (2 if group == "partner" else 1), text
                for name in comes:
                    charon.initiate(name)
                until("its SAs", lambda c=comes: len([s for s in d.ipsec_sas() if s["group"] == group]) == len(c))
        with t.step("identities, PFS, mode and lifetimes arrived"):
            sas = {s["group"]: s for s in d.isakmp_sas()}
            pairs = {s["group"]: s for s in d.ipsec_sas()}
            assert "gw.partner.example" in sas["partner"]["remote_id"], sas["partner"]
            assert pairs["partner"]["encryption"] == "aes-256-gcm-16" and pairs["partner"]["pfs_group"] == 19, pairs
            assert pairs["l2tp"]["mode"] == "transport" and pairs["l2tp"]["local_proxy"].endswith("/17/1701"), pairs
            assert sas["rekey-test"]["lifetime_s"] == 300 and pairs["rekey-test"]["lifetime_s"] == 120, pairs
            assert pairs["branches"]["pfs_group"] is None, pairs
        with t.step("all groups in one file: it is loaded, and a group comes up"):
            text = printed(d, "strongswan")
            assert len(children_of(text)) == 6, text
            charons["branches"].stop()
            charon = swanctl(hosts["branches"], text, name="charon-all")
            charon.initiate("branches")
        with t.step("an ASA holds one: the groups are named"):
            p = d.ctl("peer-config", "asa", check=False)
            assert p.returncode == 1 and "partner, branches, rekey-test" in p.stderr, p


@case("peer-config: PFS, lifetimes, names and keys")
def odd(t):
    keys = ["two words", 'a"quote\\and more', "0xcafe", "0sYWJj", "p#a;s{s}w=o,rd", "Schl\u00fcssel \x01", " x "]
    for n, key in enumerate(keys):
        with t.new_lab() as net:
            init, resp = net.line()
            inside(init, "10.1.0.1/24", "10.1.1.1/24")
            rules = [entry(0, pfs=20, lifetime=3600, lifetime_kilobytes=200000),
                     entry(1, pfs=20, lifetime=3600, lifetime_kilobytes=0, protocol="tcp", local_port=443)]
            isakmp = [{"name": "p1", "encryption": "aes-192", "hash": "sha512", "group": 21, "lifetime": 7200}]
            with open(f"{net.dir}/key", "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
                f.write(key)
            d = Ikev1d(resp, policy(isakmp=isakmp, groups=[{
                "name": "hq@x:1", "peer": "10.9.0.1", "pre_shared_key_file": f"{net.dir}/key", "crypto_map": rules,
                "remote_id": "fqdn:gw.example.com" if n % 2 else "me@example.com",
                "local_id": "fqdn:hub.example.com" if n % 2 else "keyid:the hub",
                "dpd": {"interval": 20, "retries": 2}}]))
            with t.step(f"key {key!r}: both children come up"):
                text = printed(d, "strongswan")
                comes_up(d, swanctl(init, text), children_of(text))
            with t.step(f"key {key!r}: PFS, lifetimes and networks are the policy's"):
                pairs = sorted(d.ipsec_sas(), key=lambda s: s["local_proxy"])
                assert [(p["pfs_group"], p["lifetime_s"], p["lifetime_kilobytes"]) for p in pairs] == [
                    (20, 3600, 200000), (20, 3600, 0)], pairs
                assert pairs[1]["local_proxy"] == "10.2.1.0/255.255.255.0/6/443", pairs
                assert d.isakmp_sas()[0]["lifetime_s"] == 7200


@case("peer-config: IPv6")
def ipv6(t):
    with t.new_lab() as net:
        init, resp = net.host("init"), net.host("resp")
        net.wire(init, "2001:db8:1::1/64", resp, "2001:db8:1::2/64")
        inside(init, "2001:db8:b::1/64", "192.168.1.1/24")
        d = FromFile(resp, {"file": "lab-ipv6.conf"})
        with t.step("strongSwan comes up with the swanctl.conf printed, IPv6 and IPv4 inside"):
            text = printed(d, "strongswan")
            comes_up(d, swanctl(init, text), children_of(text))
            assert len(d.ipsec_sas()) == 2


@case("peer-config: old algorithms")
def legacy(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = FromFile(resp, {"file": "lab-legacy.conf"})
        with t.step("lab-legacy.conf: strongSwan comes up with the swanctl.conf printed"):
            comes_up(d, swanctl(init, printed(d, "strongswan")), ["old"])
            assert d.isakmp_sas()[0]["encryption"] == "3des"
    with t.new_lab() as net:
        init, resp = net.line()
        inside(init, "10.1.0.1/24")
        d = Ikev1d(resp, policy([entry(pfs=2)], sets=[{"name": "esp", "encryption": "3des", "integrity": "md5"}],
                                isakmp=[{"name": "p1", "encryption": "3des", "hash": "md5", "group": 2}]))
        with t.step("3DES and MD5 alone"):
            comes_up(d, swanctl(init, printed(d, "strongswan")), ["lab"])
            [sa], [pair] = d.isakmp_sas(), d.ipsec_sas()
            assert lab.algorithms(sa) == ("3des", "md5", 2), sa
            assert (pair["encryption"], pair["integrity"], pair["pfs_group"]) == ("3des", "md5", 2), pair


@case("peer-config: ipsec.conf")
def ipsec_conf(t):
    if not os.access(STARTER, os.X_OK) or not os.access("/usr/lib/ipsec/charon", os.X_OK):
        raise Skip("strongswan-starter is not installed")
    groups = [{"name": "hq", "pre_shared_key": "a key", "peer": "10.9.0.1",
               "crypto_map": [entry(0, pfs=14, lifetime=3600), entry(1, pfs="none", lifetime_kilobytes=0)],
               "dpd": {"interval": 20, "retries": 2}, "remote_id": "fqdn:gw.example.com",
               "local_id": "hub@example.com"}]
    with STARTERS, t.new_lab() as net:
        init, resp = net.line()
        inside(init, "10.1.0.1/24", "10.1.1.1/24")
        d = Ikev1d(resp, policy(groups=groups))
        charon = Starter(init, printed(d, "strongswan", "--ipsec-conf"))
        with t.step("strongSwan's starter loads it unedited, and both children come up"):
            comes_up(d, charon, ["hq-1", "hq-2"])
        with t.step("lifetimes and PFS are the policy's"):
            pairs = sorted(d.ipsec_sas(), key=lambda s: s["local_proxy"])
            assert [(p["pfs_group"], p["lifetime_s"], p["lifetime_kilobytes"]) for p in pairs] == [
                (14, 3600, 4608000), (None, 28800, 0)], pairs
            assert d.isakmp_sas()[0]["lifetime_s"] == 86400


@case("peer-config: ipsec.conf of the examples")
def ipsec_conf_examples(t):
    if not os.access(STARTER, os.X_OK) or not os.access("/usr/lib/ipsec/charon", os.X_OK):
        raise Skip("strongswan-starter is not installed")
    for conf, theirs, ours, behind in [
            ("lab-psk.conf", "203.0.113.10/24", "203.0.113.1/24", ["192.168.1.1/24"]),
            ("lab-legacy.conf", "10.9.0.1/24", "10.9.0.2/24", []),
            ("lab-ipv6.conf", "2001:db8:1::1/64", "2001:db8:1::2/64", ["2001:db8:b::1/64", "192.168.1.1/24"])]:
        with STARTERS, t.new_lab() as net:
            init, resp = net.host("init"), net.host("resp")
            net.wire(init, theirs, resp, ours)
            inside(init, *behind)
            d = FromFile(resp, {"file": conf})
            with t.step(f"{conf}: strongSwan's starter loads it unedited, and it comes up"):
                text = printed(d, "strongswan", "--ipsec-conf")
                comes_up(d, Starter(init, text), re.findall(r"^conn (\S+)$", text, re.M))


@case("peer-config: libreswan")
def libreswan(t):
    # Its package cannot be installed beside strongSwan's; LIBRESWAN names a folder that it is unpacked in.
    tools = os.environ.get("LIBRESWAN", "") + "/usr/libexec/ipsec"
    if not os.access(f"{tools}/addconn", os.X_OK):
        raise Skip("no libreswan in the folder that LIBRESWAN names")
    for conf in sorted(os.listdir(os.path.join(lab.TOP, "conf"))):
        if not conf.startswith("lab-"):
            continue
        with t.new_lab() as net:
            _, resp = net.line()
            d = FromFile(resp, {"file": conf})
            if conf == "lab-ipv6.conf":
                with t.step(f"{conf}: PFS with group 19 is beyond its IKEv1, and is said to be"):
                    p = d.ctl("peer-config", "libreswan", check=False)
                    assert p.returncode == 1 and p.stderr.endswith("phase 2: group 19\n"), p
                continue
            with t.step(f"{conf}: its parser takes what is printed"):
                text = printed(d, "libreswan").split("# --- /etc/ipsec.secrets ---\n")[0]
                path = lab.write(f"{net.dir}/ipsec.conf", text)
                p = resp.run(f"{tools}/addconn", "--config", path, "--checkconfig", check=False)
                assert p.returncode == 0 and not p.stderr, p
            with t.step(f"{conf}: its IKEv1 has the algorithms"):
                found = re.findall(r"\tike=(.*)\n\tphase2=(.*)\n\tphase2alg=(.*)\n\tpfs=(.*)", text)
                assert found, text
                for ike, protocol, algorithms, pfs in found:
                    lab.run(f"{tools}/algparse", "-v1", f"ike={ike}")
                    lab.run(f"{tools}/algparse", "-v1", f"-pfs={pfs}", f"{protocol}={algorithms}")


# --- wait ---

class Waiting:
    """ikev1ctl wait in the background."""

    def __init__(self, d, *args):
        self.p = subprocess.Popen([lab.IKEV1CTL, "-s", d.socket, "wait", *args], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True,
                                  env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1:exitcode=99"})

    def end(self):
        """Its exit status and what it said."""
        out, err = self.p.communicate(timeout=lab.PATIENCE)
        return self.p.returncode, (out + err).strip()


@case("wait")
def wait(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy())
        charon = Charon(init, {"gw": connection(IKE, {"k0": child(), "k9": child(9)}),
                               "bad": connection("aes256-sha1-modp1024", {"b0": child()})})
        with t.step("a time-out is status 1, in time"):
            p = d.ctl("wait", "lab", "phase1-up", "--timeout", "1", check=False)
            assert p.returncode == 1 and "within 1 s" in p.stderr, p
        with t.step("nothing has failed yet"):
            assert d.ctl("wait", "lab", "failed", "--timeout", "0", check=False).returncode == 1
        with t.step("an unknown group is refused at once"):
            assert d.ctl("wait", "lba", "failed", check=False).returncode == 1
        with t.step("phase1-up and phase2-up, by group, by address and for anybody"):
            waits = [Waiting(d, who, what, "--timeout", "20") for who in ("lab", "10.9.0.1", "all")
                     for what in ("phase1-up", "phase2-up")]
            other = Waiting(d, "10.9.0.77", "phase1-up", "--timeout", "4")
            until("all are there", lambda: connected(d) >= 7)
            charon.initiate("k0")
            for w in waits:
                status, said = w.end()
                assert status == 0 and re.search(r"^phase[12]-up.*Group = lab, IP = 10.9.0.1, ", said), said
            assert other.end()[0] == 1
        with t.step("what is so already is said at once"):
            for what in ("phase1-up", "phase2-up"):
                answer = d.ask("wait", "10.9.0.1", what, "--timeout", "0")
                assert answer["outcome"] == what and answer["already"] is True, answer
        with t.step("failed: with the reason"):
            w = Waiting(d, "lab", "failed", "--timeout", "20")
            until("it is there", lambda: connected(d) >= 1)
            charon.try_to_initiate("k9", timeout=5)
            status, said = w.end()
            assert status == 0 and "no matching crypto map entry" in said, said
        with t.step("failed already: the last negotiation did"):
            answer = d.ask("wait", "lab", "failed", "--timeout", "0")
            assert answer["already"] is True and answer["message"], answer
        with t.step("phase2-up ends with status 1 when a negotiation fails"):
            d.ctl("delete", "all")
            until("the SAs are gone", lambda: not d.isakmp_sas())
            w = Waiting(d, "10.9.0.1", "phase2-up", "--timeout", "20")
            until("it is there", lambda: connected(d) >= 1)
            charon.try_to_initiate("b0", timeout=5)
            status, said = w.end()
            assert status == 1 and "not phase2-up, but failed: " in said, said
        with t.step("failed ends with status 1 when phase 2 comes up"):
            charon.initiate("k0")
            w = Waiting(d, "lab", "failed", "--timeout", "20")
            until("it is there", lambda: connected(d) >= 1)
            charon.command("terminate", child="k0")
            charon.initiate("k0")
            status, said = w.end()
            assert status == 1 and "not failed, but phase2-up: " in said, said
        with t.step("the daemon's end is the wait's"):
            w = Waiting(d, "lab", "failed")
            until("it is there", lambda: connected(d) >= 1)
            assert d.stop() == 0
            status, said = w.end()
            assert status in (1, 3) and said, said


def connected(d):
    """How many clients the control socket has."""
    with open("/proc/net/unix", encoding="ascii") as f:
        return sum(line.split()[5] == "03" for line in f if line.rstrip().endswith(d.socket))
