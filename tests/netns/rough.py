"""Rough networks: NAT, moving peers, IPv6, transport mode, lost datagrams, other ports."""
# SPDX-License-Identifier: BSD-2-Clause
import time

from lab import Charon, Ikev1d, child, connection, entry, policy, same_keys, until
from life import DPD_ACK, DPD_PROBE, IKE, both_agree, up
from run import case


def behind_nat(net, n_initiators, masquerade="masquerade"):
    """Initiators 192.168.7.11, .12 ... behind a NAT at 10.9.0.1; the responder is 10.9.0.2."""
    nat, resp = net.host("nat"), net.host("resp")
    outside = net.wire(nat, "10.9.0.1/24", resp, "10.9.0.2/24")
    inits = []
    for n in range(n_initiators):
        h = net.host(f"init{n}")
        net.wire(h, f"192.168.{70 + n}.{11 + n}/24", nat, f"192.168.{70 + n}.1/24")
        h.ip("route", "add", "default", "via", f"192.168.{70 + n}.1")
        inits.append(h)
    nat.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    nat.nft(f"table ip nat {{ chain post {{ type nat hook postrouting priority 100; oifname {outside} {masquerade}; }} }}")
    return nat, resp, inits


@case("NAT-T")
def nat_t(t):
    with t.new_lab() as net:
        _, resp, [init] = behind_nat(net, 1)
        d = Ikev1d(resp, {**policy(), "nat_keepalive": 1})
        # Without kernel-libipsec charon tells the truth about NAT: only the real one is seen.
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()}, local="192.168.70.11", encap="no",
                                                dpd_delay="1s")}, esp=False, keep_alive=1)
        with t.step("both sides see the NAT and float to port 4500"):
            up(d, charon, "k0")
            assert charon.log.find("local host is behind NAT, sending keep alives")
            assert charon.log.find(r"sending packet: from 192.168.70.11\[4500\] to 10.9.0.2\[4500\]")
            [sa] = d.isakmp_sas()
            assert sa["nat_t"] and sa["nat_remote"] and not sa["nat_local"], sa
            assert "TUNNEL-in-UDP" in charon.sas(), charon.sas()
            both_agree(d, charon)
        with t.step("DPD both ways through the NAT"):
            until("answers", lambda: charon.log.count(DPD_ACK) >= 2)
            d.ctl("dpd", "10.9.0.1")
            charon.log.wait(DPD_PROBE)
            d.log.wait(r"R-U-THERE-ACK")
        with t.step("rekey of both phases through the NAT"):
            charon.command("rekey", child="k0")
            until("one pair", lambda: len(d.ipsec_sas()) == 1)
            charon.command("rekey", ike="gw")
            charon.log.wait(r"IKE_SA gw\[2\] established")
            both_agree(d, charon)
        with t.step("our delete passes the NAT"):
            d.ctl("delete", "10.9.0.1")
            charon.log.wait(r"received DELETE for ESP CHILD_SA")
            until("charon has nothing", lambda: "INSTALLED" not in charon.sas())


@case("NAT keepalives")
def keepalives(t):
    with t.new_lab() as net:
        _, resp, [init] = behind_nat(net, 1)
        d = Ikev1d(resp, {**policy(), "nat_keepalive": 1, "log": {"target": "file", "level": "debug",
                                                                  "file": f"{net.dir}/ikev1d/ikev1d.log"}})
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()}, local="192.168.70.11", encap="no")}, esp=False,
                        keep_alive=1)
        # One octet 0xff behind the UDP header (RFC 3948 2.3), counted at both ends.
        for host in (init, resp):
            host.nft("table inet seen { chain in { type filter hook prerouting priority -300;"
                     " udp dport 4500 udp length 9 @th,64,8 255 counter } }")
        up(d, charon, "k0")
        for host, what in ((resp, "the peer's are swallowed without harm"),):
            with t.step(what):
                until("three keepalives", lambda h=host: seen(h) >= 3)
                assert len(d.ipsec_sas()) == 1
        with t.step("we send none to a peer while we are not behind a NAT ourselves"):
            assert seen(init) == 0, f"{seen(init)} keepalives from a host that is not behind a NAT"


def seen(host):
    """Packets that the counter of table seen has counted."""
    import json
    out = host.run("nft", "-j", "list", "table", "inet", "seen").stdout
    return sum(e["counter"]["packets"] for r in json.loads(out)["nftables"] if "rule" in r
               for e in r["rule"]["expr"] if "counter" in e)


@case("responder behind a NAT")
def nat_responder(t):
    with t.new_lab() as net:
        init, nat, resp = net.host("init"), net.host("nat"), net.host("resp")
        net.wire(init, "10.9.0.1/24", nat, "10.9.0.2/24")
        net.wire(nat, "192.168.7.1/24", resp, "192.168.7.2/24")
        resp.ip("route", "add", "default", "via", "192.168.7.1")
        nat.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        nat.nft("table ip nat { chain pre { type nat hook prerouting priority -100; iifname w0 dnat to 192.168.7.2; } }")
        d = Ikev1d(resp, {**policy(), "nat_keepalive": 1})
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()}, encap="no", ids=(None, "%any"))}, esp=False)
        init.nft("table inet seen { chain in { type filter hook prerouting priority -300;"
                 " udp sport 4500 udp length 9 @th,64,8 255 counter } }")
        with t.step("comes up on port 4500"):
            up(d, charon, "k0")
            assert charon.log.find("remote host is behind NAT")
            [sa] = d.isakmp_sas()
            assert sa["nat_t"] and sa["nat_local"] and not sa["nat_remote"], sa
            both_agree(d, charon)
        with t.step("our keepalives keep the NAT open"):
            until("two keepalives", lambda: seen(init) >= 2)


@case("two peers behind one NAT")
def two_behind_nat(t):
    with t.new_lab() as net:
        _, resp, inits = behind_nat(net, 2)
        d = Ikev1d(resp, policy([entry(0), entry(1)]))
        charons = []
        for n, h in enumerate(inits):
            gw = connection(IKE, {f"k{n}": child(n)}, local=f"192.168.{70 + n}.{11 + n}", encap="no", dpd_delay="1s")
            charons.append(Charon(h, {"gw": gw}, esp=False, name=f"charon{n}"))
        with t.step("both come up, told apart by their ports"):
            for n, charon in enumerate(charons):
                up(d, charon, f"k{n}")
            sas = d.isakmp_sas()
            assert len(sas) == 2 and len({sa["peer_port"] for sa in sas}) == 2, sas
            assert {sa["peer"] for sa in sas} == {"10.9.0.1"}, sas
        with t.step("both stay alive"):
            for charon in charons:
                until("answers", lambda c=charon: c.log.count(DPD_ACK) >= 2)
        with t.step("one goes, the other stays"):
            charons[0].command("terminate", ike="gw")
            until("one SA", lambda: len(d.isakmp_sas()) == 1)
            mark = charons[1].log.mark()
            charons[1].log.wait(DPD_ACK, mark)
            charons[1].command("rekey", child="k1")
            until("one pair", lambda: len(d.ipsec_sas()) == 1)
            both_agree(d, charons[1])


@case("a NAT that forgets")
def nat_moves(t):
    with t.new_lab() as net:
        nat, resp, [init] = behind_nat(net, 1, "meta l4proto udp masquerade to :5000-5999")
        nat.run("sh", "-c", "cd /proc/sys/net/netfilter && echo 1 >nf_conntrack_udp_timeout && echo 1 >nf_conntrack_udp_timeout_stream")
        d = Ikev1d(resp, {**policy(), "nat_keepalive": 0})
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()}, local="192.168.70.11", encap="no")}, esp=False,
                        keep_alive=0)
        up(d, charon, "k0")
        with t.step("the peer appears from a new port: followed once its message is authenticated"):
            old = d.isakmp_sas()[0]["peer_port"]
            assert 5000 <= old <= 5999, old
            nat.nft("flush chain ip nat post\nadd rule ip nat post meta l4proto udp masquerade to :6000-6999")
            time.sleep(2.5)     # the mapping's own time-out; there is nothing to wait for
            mark = d.log.mark()
            charon.command("rekey", child="k0")
            d.log.wait("PHASE 2 COMPLETED", mark)
            [sa] = d.isakmp_sas()
            assert 6000 <= sa["peer_port"] <= 6999, sa["peer_port"]
        with t.step("what we send goes there"):
            d.ctl("delete", "10.9.0.1")
            charon.log.wait(r"received DELETE for IKE_SA")


@case("IPv6")
def ipv6(t):
    for esp, how in ((True, "in UDP"), (False, "on port 500")):
        with t.new_lab() as net:
            init, resp = net.line()
            maps = [entry(0), {**entry(0), "local": "fd02::/64", "remote": "fd01::/64"}]
            d = Ikev1d(resp, policy(maps, group={"peer": "fd09::/64"}))
            charon = Charon(init, {"gw": connection(IKE, {
                "k0": child(), "k6": child(local_ts="fd01::/64", remote_ts="fd02::/64")},
                local="fd09::1", remote="fd09::2", encap="yes" if esp else "no")}, esp=esp)
            with t.step(f"comes up {how}, with IPv4 and IPv6 proxy identities"):
                up(d, charon, "k0", "k6")
                assert d.log.find(r"Group = lab, IP = fd09::1, PHASE 1 COMPLETED")
                both_agree(d, charon)
            with t.step(f"rekey and delete {how}"):
                charon.command("rekey", child="k6")
                until("two pairs", lambda: len(d.ipsec_sas()) == 2)
                d.ctl("delete", "fd09::1")
                charon.log.wait(r"received DELETE for IKE_SA")


@case("transport mode")
def transport(t):
    sets = [{"name": "esp", "encryption": "aes-128", "integrity": "sha1", "mode": "transport"}]
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([{"transform_sets": ["esp"], "pfs": "none"}], sets=sets))
        kid = {"mode": "transport", "esp_proposals": "aes128-sha1", "policies": "no"}
        charon = Charon(init, {"gw": connection(IKE, {"k0": kid}, encap="no")}, esp=False)
        with t.step("host to host, on port 500"):
            up(d, charon, "k0")
            assert "INSTALLED, TRANSPORT, ESP" in charon.sas(), charon.sas()
            both_agree(d, charon)
    with t.new_lab() as net:
        _, resp, [init] = behind_nat(net, 1)
        d = Ikev1d(resp, policy([{"transform_sets": ["esp"], "pfs": "none"}], sets=sets))
        charon = Charon(init, {"gw": connection(IKE, {"k0": kid}, local="192.168.70.11", encap="no")}, esp=False)
        with t.step("through a NAT, with NAT-OA payloads"):
            up(d, charon, "k0")
            assert charon.log.find(r"generating QUICK_MODE request \d+ \[ HASH SA No ID ID NAT-OA NAT-OA \]")
            assert charon.log.find(r"parsed QUICK_MODE response \d+ \[ HASH SA No ID ID NAT-OA NAT-OA "), "no NAT-OA from us"
            assert "INSTALLED, TRANSPORT-in-UDP, ESP" in charon.sas(), charon.sas()
            both_agree(d, charon)


@case("protocol and port in the proxy identities")
def ports(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([{**entry(0), "protocol": "udp", "local_port": 1701},
                                 {**entry(1), "protocol": "tcp", "remote_port": 179}]))
        charon = Charon(init, {"gw": connection(IKE, {
            "k0": child(0, remote_ts="10.2.0.0/24[udp/1701]", local_ts="10.1.0.0/24[udp]"),
            "k1": child(1, remote_ts="10.2.1.0/24[tcp]", local_ts="10.1.1.0/24[tcp/179]"),
            "bad": child(0, remote_ts="10.2.0.0/24[udp/1702]", local_ts="10.1.0.0/24[udp]")})})
        with t.step("match"):
            up(d, charon, "k0", "k1")
            both_agree(d, charon)
        with t.step("another port is refused"):
            assert not charon.try_to_initiate("bad", timeout=5)
            charon.log.wait("received INVALID_ID_INFORMATION error notify")


# One datagram of each kind, lost once.  Octets of the ISAKMP header behind the UDP header: exchange type at
# 18 (2 Main Mode, 32 Quick Mode), next payload at 16 (1 SA, 4 KE, 5 ID), flags at 19.  Quick Mode's third
# message is told from the first by its length.
MAIN, QUICK = "@th,208,8 2", "@th,208,8 32"
LOSSES = [("MM1", "resp", f"{MAIN} @th,192,8 1"), ("MM2", "init", f"{MAIN} @th,192,8 1"),
          ("MM3", "resp", f"{MAIN} @th,192,8 4"), ("MM4", "init", f"{MAIN} @th,192,8 4"),
          ("MM5", "resp", f"{MAIN} @th,192,8 5"), ("MM6", "init", f"{MAIN} @th,192,8 5"),
          ("QM1", "resp", f"{QUICK} udp length > 110"), ("QM2", "init", QUICK),
          ("QM3", "resp", f"{QUICK} udp length < 110")]


def lose(t, which):
    for name, where, match in which:
        with t.new_lab() as net:
            init, resp = net.line()
            d = Ikev1d(resp, policy())
            charon = Charon(init, {"gw": connection(IKE, {"k0": child()}, encap="no")}, esp=False, retransmit=0.5)
            net.hosts[where].drop_once(match)
            with t.step(f"{name} is lost once: healed"):
                charon.initiate("k0")
                d.log.wait("PHASE 2 COMPLETED")
                assert net.hosts[where].dropped() == [1], f"dropped {net.hosts[where].dropped()}"
                assert len(d.isakmp_sas()) == 1 and len(d.ipsec_sas()) == 1, (d.isakmp_sas(), d.ipsec_sas())
                both_agree(d, charon)


@case("lost messages of phase 1")
def lost_phase1(t):
    lose(t, LOSSES[:6])


@case("lost messages of phase 2")
def lost_phase2(t):
    lose(t, LOSSES[6:])


@case("lost messages of our own Quick Mode")
def lost_ours(t):
    # The same three, of a Quick Mode that we start: message 2 comes from charon, 1 and 3 from us.  ikev1d's
    # third message is answered by nobody; charon repeats its second until it has come.
    for name, where, match in (("QM1", "init", f"{QUICK} udp length > 110"), ("QM2", "resp", f"{QUICK} udp length > 110"),
                               ("QM3", "init", f"{QUICK} udp length < 110")):
        with t.new_lab() as net:
            init, resp = net.line()
            d = Ikev1d(resp, policy())
            charon = Charon(init, {"gw": connection(IKE, {"k0": child()}, encap="no")}, esp=False, retransmit=0.5)
            up(d, charon, "k0")
            net.hosts[where].drop_once(match)
            with t.step(f"{name} is lost once: healed"):
                mark = charon.log.mark()
                d.ctl("rekey", "10.9.0.1")
                charon.log.wait(r"CHILD_SA k0\{2\} established", mark)
                until("the new pair", lambda d=d: any(s["initiator"] for s in d.ipsec_sas()))
                assert net.hosts[where].dropped() == [1], f"dropped {net.hosts[where].dropped()}"
                [new] = [s for s in d.ipsec_sas() if s["initiator"]]
                same_keys(charon, d, new["spi_out"], new["spi_in"])


@case("high ports, unprivileged")
def unprivileged(t):
    # With a remote port other than 500 charon speaks with the non-ESP marker from its first message on.
    with t.new_lab() as net:
        init, resp = net.line()
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs"]
        d = Ikev1d(resp, {**policy(), "listen": {"addresses": ["0.0.0.0", "::"], "port": 10500, "nat_t_port": 14500}},
                   wrap=nobody, owner=65534)
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()}, remote_port=14500, local_port=4500)})
        with t.step("comes up, rekeys and is deleted"):
            up(d, charon, "k0")
            both_agree(d, charon)
            charon.command("rekey", child="k0")
            until("one pair", lambda: len(d.ipsec_sas()) == 1)
            charon.command("terminate", ike="gw")
            until("nothing left", lambda: not d.isakmp_sas())


@case("privileges dropped")
def dropped(t):
    with t.new_lab() as net:
        init, resp = net.line()
        # LeakSanitizer traces its process, which the kernel denies after a change of user.
        d = Ikev1d(resp, {**policy(), "user": "nobody"}, owner=65534, env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"})
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()})})
        with t.step("it serves as nobody, without capabilities"):
            up(d, charon, "k0")
            both_agree(d, charon)
            with open(f"/proc/{d.p.pid}/status", encoding="ascii") as f:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
            assert status["Uid"].split() == ["65534"] * 4 and status["Gid"].split() == ["65534"] * 4, status
            assert int(status["CapEff"], 16) == 0 == int(status["CapPrm"], 16), status
            assert not status["Groups"].replace("65534", "").strip(), status["Groups"]
        with t.step("a reload still works"):
            mark = d.log.mark()
            d.ctl("reload")
            assert d.log.find("(?i)policy", mark)
            up(d, charon, "k0") if not charon.children() else None
