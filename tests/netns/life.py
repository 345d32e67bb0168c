"""The life of a tunnel: up, kept up, rekeyed, torn down, by either side."""
# SPDX-License-Identifier: BSD-2-Clause
import concurrent.futures
import os
import re
import signal

from lab import (BUILTIN, IKEV1CTL, Charon, Failure, Ikev1d, Process, algorithms, child, connection, entry, policy,
                 same_keys, until)
from run import case

IKE = "aes128-sha256-modp2048"
PEER = "10.9.0.1"

# charon's log: an answer to its probe, a probe of ours.
DPD_ACK = r"parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD_ACK\) \]"
DPD_PROBE = r"parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD\) \]"


def gateway(net, children=1, pol=None, esp=True, **options):
    """The usual pair with everything up to `children` CHILD_SAs configured; (daemon, charon)."""
    init, resp = net.line()
    d = Ikev1d(resp, policy([entry(n) for n in range(children)], **(pol or {})))
    kids = {f"k{n}": child(n) for n in range(children)}
    return d, Charon(init, {"gw": connection(IKE, kids, **options)}, esp=esp)


def up(d, charon, *children):
    """Bring CHILD_SAs up and wait until the daemon has them, too."""
    for name in children:
        mark = d.log.mark()
        charon.initiate(name)
        d.log.wait("PHASE 2 COMPLETED", mark)


def both_agree(d, charon):
    """The same SPIs on both sides, the same keys."""
    theirs = sorted((i, o) for _, i, o in charon.children())
    ours = sorted((s["spi_out"], s["spi_in"]) for s in d.ipsec_sas() if not s["rekeyed"])
    if theirs != ours:
        raise Failure(f"CHILD_SAs of charon: {theirs}, of the daemon: {ours}")
    for i, o in theirs:
        same_keys(charon, d, i, o)


def living(d):
    """The IPsec SA pairs that no newer one has replaced; those linger for a while."""
    return [s for s in d.ipsec_sas() if not s["rekeyed"]]


@case("tunnel")
def tunnel(t):
    with t.new_lab() as net:
        d, charon = gateway(net)
        with t.step("phase 1 and phase 2 come up"):
            charon.initiate("k0")
            d.log.wait("PHASE 2 COMPLETED")
            charon.log.wait(r"IKE_SA gw\[1\] established between 10.9.0.1\[10.9.0.1\]...10.9.0.2\[10.9.0.2\]")
            charon.log.wait(r"CHILD_SA k0\{1\} established with SPIs")
        with t.step("every message is in the log, in ASA's words"):
            who = r"IP = 10.9.0.1, "
            for direction, payloads in (("RECEIVED", r"SA \(1\)"), ("SENDING", r"SA \(1\)"),
                                        ("RECEIVED", r"KE \(4\)"), ("SENDING", r"KE \(4\)"),
                                        ("RECEIVED", r"ID \(5\)"), ("SENDING", r"ID \(5\)"),
                                        ("RECEIVED", r"HASH \(8\) \+ SA \(1\)"), ("SENDING", r"HASH \(8\) \+ SA \(1\)")):
                line = rf"{who}IKE_DECODE {direction} Message \(msgid=[0-9a-f]+\) with payloads : HDR \+ {payloads}"
                assert d.log.find(line + r".*NONE \(0\) total length : \d+"), line
        with t.step("every transition is in the log"):
            for line in (r"--> MM_WAIT_MSG3, EV_SND_MSG2", r"MM_WAIT_MSG3, EV_RCV_MSG3 --> MM_WAIT_MSG5, EV_SND_MSG4",
                         r"MM_WAIT_MSG5, EV_RCV_MSG5 .*--> MM_ACTIVE", r"--> QM_WAIT_MSG3, EV_SND_MSG2",
                         r"QM_WAIT_MSG3, EV_RCV_MSG3 .*--> QM_ACTIVE"):
                assert d.log.find(line), line
        with t.step("the results are in the log"):
            assert d.log.find(r"Group = lab, IP = 10.9.0.1, PHASE 1 COMPLETED")
            msgid = int(charon.log.find(r"generating QUICK_MODE request (\d+)")[1])
            assert d.log.find(rf"Group = lab, IP = 10.9.0.1, PHASE 2 COMPLETED \(msgid={msgid:08x}\)"), f"{msgid:08x}"
            assert d.log.find(r"Oakley proposal is acceptable")
            assert d.log.find(r"Connection landed on tunnel_group lab")
        with t.step("no key and no secret is in the log"):
            text = d.log.text()
            assert "lab-key" not in text
            for keys in d.keys().values():
                for key in keys:
                    assert not key or key not in text.lower(), "a key of phase 2"
        with t.step("both sides agree on SPIs and keys"):
            both_agree(d, charon)
        with t.step("show isakmp sa"):
            [sa] = d.isakmp_sas()
            assert sa["state"] == "MM_ACTIVE", sa
            text = d.ctl("show", "isakmp", "sa").stdout
            assert "10.9.0.1" in text and "MM_ACTIVE" in text, text
            assert re.search(r"Type\s*:\s*L2L", text) and re.search(r"Role\s*:\s*responder", text), text


@case("ten CHILD SAs on one IKE SA")
def ten(t):
    with t.new_lab() as net:
        d, charon = gateway(net, 10)
        with t.step("one after the other"):
            up(d, charon, *(f"k{n}" for n in range(10)))
            assert len(charon.children()) == 10
            assert len(d.isakmp_sas()) == 1
            both_agree(d, charon)
        with t.step("each is rekeyed, while the others live"):
            mark = d.log.mark()
            for n in range(10):
                charon.command("rekey", child=f"k{n}")
            until("ten more Quick Modes", lambda: d.log.count("PHASE 2 COMPLETED", mark) == 10)
            until("ten pairs", lambda: len(d.ipsec_sas()) == 10)
            both_agree(d, charon)
        with t.step("one delete of the IKE SA takes all with it"):
            charon.command("terminate", ike="gw")
            until("nothing left", lambda: not d.isakmp_sas() and not d.ipsec_sas())
        with t.step("ten asked for at the same moment"):
            with concurrent.futures.ThreadPoolExecutor(10) as pool:
                list(pool.map(charon.initiate, [f"k{n}" for n in range(10)]))
            until("ten pairs", lambda: len(living(d)) == 10)
            both_agree(d, charon)


@case("rekey phase 2 by the peer")
def rekey_child(t):
    with t.new_lab() as net:
        d, charon = gateway(net, 2)
        up(d, charon, "k0", "k1")
        with t.step("a new pair replaces the old one, the other child is untouched"):
            before = {name: spis for name, *spis in charon.children()}
            mark = d.log.mark()
            charon.command("rekey", child="k0")
            d.log.wait("PHASE 2 COMPLETED", mark)
            charon.log.wait(r"sending DELETE for ESP CHILD_SA with SPI")
            until("the old pair is gone", lambda: len(d.ipsec_sas()) == 2)
            after = {name: spis for name, *spis in charon.children()}
            assert after["k1"] == before["k1"] and after["k0"] != before["k0"], (before, after)
            both_agree(d, charon)


@case("rekey phase 1 by the peer")
def rekey_ike(t):
    # charon starts a whole new Main Mode, on port 4500 with the marker from its first message, without a
    # Quick Mode after it: both sides move the CHILD_SAs to the new IKE_SA.  With unique = replace charon
    # deletes the old IKE_SA 10 s later.
    with t.new_lab() as net:
        d, charon = gateway(net, 3, unique="replace")
        up(d, charon, "k0", "k1")
        with t.step("a second ISAKMP SA comes up beside the first"):
            mark = d.log.mark()
            charon.command("rekey", ike="gw")
            charon.log.wait(r"IKE_SA gw\[2\] established")
            d.log.wait("PHASE 1 COMPLETED", mark)
            assert not charon.log.find(r"received DELETE for ESP"), "the CHILD_SAs were deleted"
            both_agree(d, charon)
        with t.step("Quick Mode works on the new one"):
            up(d, charon, "k2")
            assert len(charon.children()) == 3
        with t.step("the old one is deleted, the CHILD_SAs live on"):
            until("one ISAKMP SA", lambda: len(d.isakmp_sas()) == 1, timeout=40, every=0.2)
            until("charon has one IKE_SA", lambda: charon.sas().count("ESTABLISHED") == 1, timeout=20)
            assert len(charon.children()) == 3
            both_agree(d, charon)
        with t.step("a CHILD_SA that was moved can be deleted"):
            charon.command("terminate", child="k0")
            until("two pairs", lambda: len(d.ipsec_sas()) == 2)


@case("rekey phase 2 by ikev1ctl")
def rekey_ctl(t):
    with t.new_lab() as net:
        d, charon = gateway(net, 2)
        up(d, charon, "k0", "k1")
        with t.step("we start Quick Mode for each pair on the SA that we answered"):
            before, mark = {c[1] for c in charon.children()}, charon.log.mark()
            d.ctl("rekey", PEER)
            until("charon has new pairs", lambda: charon.log.count(r"CHILD_SA k\d\{\d+\} established", mark) == 2)
            charon.log.wait(r"parsed QUICK_MODE request \d+ \[ HASH SA No (KE )?ID ID \]", mark)
            until("the old pairs are gone on both sides",
                  lambda: not before & {c[1] for c in charon.children()} and len(d.ipsec_sas()) == 2, timeout=40)
            both_agree(d, charon)
        with t.step("the transitions of an initiator are in the log"):
            assert d.log.find(r"QM_WAIT_MSG2, EV_RCV_MSG2"), "QM_WAIT_MSG2"


@case("rekey phase 2 by ikev1ctl with PFS")
def rekey_ctl_pfs(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([entry(0, pfs=19)]))
        charon = Charon(init, {"gw": connection(IKE, {"k0": child(0, "aes128-sha1-ecp256")})})
        up(d, charon, "k0")
        with t.step("with a new Diffie-Hellman exchange"):
            mark = charon.log.mark()
            d.ctl("rekey", PEER)
            charon.log.wait(r"parsed QUICK_MODE request \d+ \[ HASH SA No KE ID ID \]", mark)
            charon.log.wait(r"CHILD_SA k0\{2\} established", mark)
            until("one pair", lambda: len(d.ipsec_sas()) == 1 and len(charon.children()) == 1, timeout=40)
            both_agree(d, charon)


@case("rekey ten pairs by ikev1ctl")
def rekey_ctl_ten(t):
    # charon keeps the state of three Quick Modes of its peer (charon.max_ikev1_exchanges): what comes at the
    # same time beyond that cannot be decrypted, and the IKE_SA dies of it.
    with t.new_lab() as net:
        d, charon = gateway(net, 10)
        up(d, charon, *(f"k{n}" for n in range(10)))
        with t.step("every one is replaced, and the ISAKMP SA survives it"):
            old = {s["spi_in"] for s in d.ipsec_sas()}
            mark = charon.log.mark()
            d.ctl("rekey", PEER)
            until("ten new ones", lambda: charon.log.count(r"CHILD_SA k\d\{\d+\} established", mark) == 10)
            until("ten pairs, all new", lambda: len(living(d)) == 10 and not old & {s["spi_in"] for s in living(d)})
            both_agree(d, charon)


@case("DPD by the peer")
def dpd_peer(t):
    with t.new_lab() as net:
        d, charon = gateway(net, dpd_delay="1s")
        up(d, charon, "k0")
        with t.step("each R-U-THERE is answered"):
            until("three answers", lambda: charon.log.count(DPD_ACK) >= 3)
            assert not charon.log.find("invalid DPD sequence"), "wrong sequence number"
            assert len(charon.children()) == 1
        with t.step("the probes are in our log"):
            assert d.log.find(r"R-U-THERE"), "R-U-THERE"


@case("DPD by ikev1d")
def dpd_ours(t):
    with t.new_lab() as net:
        d, charon = gateway(net, pol={"group": {"dpd": {"interval": 1, "retries": 2}}}, unique="never")
        up(d, charon, "k0")
        with t.step("a silent peer is probed and answers"):
            until("two probes", lambda: charon.log.count(DPD_PROBE) >= 2)
            charon.log.wait(r"generating INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD_ACK\) \]")
        with t.step("ikev1ctl dpd sends one at once"):
            mark = charon.log.mark()
            d.ctl("dpd", PEER)
            charon.log.wait(DPD_PROBE, mark, timeout=2)
        with t.step("an answering peer stays"):
            assert len(d.isakmp_sas()) == 1 and len(charon.children()) == 1
        with t.step("a dead peer is noticed, logged and forgotten"):
            charon.kill()
            d.log.wait(r"Group = lab, IP = 10.9.0.1, IKE lost contact with remote peer, deleting connection "
                       r"\(keepalive type: DPD\)", timeout=30)
            until("nothing left", lambda: not d.isakmp_sas() and not d.ipsec_sas())


@case("DPD that crosses")
def dpd_crossing(t):
    # Both sides ask after the same second of silence: probes and answers pass each other on the wire.
    with t.new_lab() as net:
        d, charon = gateway(net, pol={"group": {"dpd": {"interval": 1}}}, dpd_delay="1s")
        up(d, charon, "k0")
        with t.step("each side's answer is the right one for the other"):
            until("our probes", lambda: d.log.count(r"Sending keep-alive of type DPD R-U-THERE ") >= 3, timeout=40)
            until("charon's probes", lambda: charon.log.count(DPD_ACK) >= 3)
            assert not charon.log.find("invalid DPD sequence")
            bad = d.log.find(r"Received DPD sequence number .*expected.*")
            assert not bad, bad[0]
        with t.step("nobody is taken for dead"):
            assert len(charon.children()) == 1 and len(d.ipsec_sas()) == 1


@case("delete by the peer")
def delete_peer(t):
    with t.new_lab() as net:
        d, charon = gateway(net, 2)
        up(d, charon, "k0", "k1")
        with t.step("of one CHILD_SA"):
            charon.command("terminate", child="k0")
            until("one pair", lambda: len(d.ipsec_sas()) == 1)
            assert len(d.isakmp_sas()) == 1
            both_agree(d, charon)
        with t.step("of the IKE_SA"):
            charon.command("terminate", ike="gw")
            until("nothing left", lambda: not d.isakmp_sas() and not d.ipsec_sas())
        with t.step("and it comes up again"):
            up(d, charon, "k0")
            both_agree(d, charon)


def deleted(d, charon):
    """Two CHILD_SAs and their IKE_SA were deleted by us, and charon has none of them any more.

    charon's threads may take our messages in any order: once the IKE_SA is gone it does not read the rest.
    """
    assert d.log.count(r"sending delete/delete with reason message for IPsec SA, SPI [0-9a-f]{8}") == 2
    assert d.log.count(r"sending delete/delete with reason message for ISAKMP SA, SPI [0-9a-f]{32}") == 1
    charon.log.wait(r"received DELETE for IKE_SA gw\[1\]")
    until("charon has nothing", lambda: not charon.sas().strip())


@case("delete by ikev1ctl")
def delete_ours(t):
    with t.new_lab() as net:
        d, charon = gateway(net, 2)
        up(d, charon, "k0", "k1")
        with t.step("the peer is told of each SA"):
            d.ctl("delete", PEER)
            deleted(d, charon)
            assert not d.isakmp_sas() and not d.ipsec_sas()
        with t.step("and it comes up again"):
            up(d, charon, "k1")
            both_agree(d, charon)


@case("two groups, two personas")
def personas(t):
    with t.new_lab() as net:
        init, resp = net.line()
        resp.ip("address", "add", "10.9.0.3/24", "dev", "w0")
        common = {"peer": "10.9.0.0/24", "crypto_map": [entry(0)]}
        d = Ikev1d(resp, policy(groups=[{"name": "first", "local": "10.9.0.2", "pre_shared_key": "one", **common},
                                        {"name": "second", "local": "10.9.0.3", "pre_shared_key": "two", **common}]))
        secrets = {"ike-1": {"id-a": "10.9.0.2", "secret": "one"}, "ike-2": {"id-a": "10.9.0.3", "secret": "two"}}
        charon = Charon(init, {f"gw{n}": connection(IKE, {f"k{n}": child()}, remote=f"10.9.0.{n}") for n in (2, 3)},
                        secrets)
        for n, name in ((2, "first"), (3, "second")):
            with t.step(f"10.9.0.{n} is group {name} with a key of its own"):
                up(d, charon, f"k{n}")
                d.log.wait(rf"Group = {name}, IP = 10.9.0.1, PHASE 2 COMPLETED")


@case("INITIAL-CONTACT")
def initial_contact(t):
    # charon sends it in message 5 if it knows the responder's identity, has a uniqueness policy, and no
    # other IKE_SA with this peer.
    with t.new_lab() as net:
        options = {"unique": "replace", "ids": ("10.9.0.1", "10.9.0.2")}
        d, charon = gateway(net, 1, **options)
        up(d, charon, "k0")
        with t.step("a peer that lost its memory: its old SAs are dropped"):
            old = d.isakmp_sas()[0]
            charon.kill()
            again = Charon(net.hosts["init"], {"gw": connection(IKE, {"k0": child()}, **options)})
            mark = d.log.mark()
            up(d, again, "k0")
            assert again.log.find(r"generating ID_PROT request 0 \[ ID HASH N\(INITIAL_CONTACT\) \]"), "not sent"
            assert d.log.find("INITIAL.CONTACT", mark), "no word about it in our log"
            until("one SA left", lambda: len(d.isakmp_sas()) == 1 and len(d.ipsec_sas()) == 1)
            assert d.isakmp_sas()[0]["cookie_r"] != old["cookie_r"]
            both_agree(d, again)


@case("initiator restart")
def restart(t):
    with t.new_lab() as net:
        d, charon = gateway(net)
        up(d, charon, "k0")
        with t.step("without INITIAL-CONTACT: the new tunnel works beside what is left of the old one"):
            charon.kill()
            again = Charon(net.hosts["init"], {"gw": connection(IKE, {"k0": child()})})
            up(d, again, "k0")
            [(_, i, o)] = again.children()
            same_keys(again, d, i, o)
            again.command("terminate", ike="gw")
            until("charon has nothing", lambda: not again.sas().strip())


@case("reload")
def reload(t):
    with t.new_lab() as net:
        d, charon = gateway(net, 2)
        up(d, charon, "k0")
        sa = d.isakmp_sas()[0]
        with t.step("SIGHUP with a good file: SAs live on, the new policy holds for what comes"):
            d.write_policy(policy([entry(0), entry(1, lifetime=600)]))
            mark = d.log.mark()
            d.reload()
            d.log.wait(r"(?i)policy", mark)
            up(d, charon, "k1")
            both_agree(d, charon)
            assert d.isakmp_sas()[0]["cookie_r"] == sa["cookie_r"]
        with t.step("a broken file changes nothing and says why, with file and line"):
            with open(d.conf, encoding="utf-8") as f:
                good = f.read()
            d.write_policy({**policy([entry(0), entry(1)]), "lifetimes": 3})
            mark = d.log.mark()
            d.reload()
            d.log.wait(rf"{re.escape(d.conf)}:\d+: .*lifetimes", mark)
            p = d.ctl("reload", check=False)
            assert p.returncode != 0 and f"{d.conf}:" in p.stdout + p.stderr, (p.returncode, p.stdout, p.stderr)
            assert len(d.ipsec_sas()) == 2
            charon.command("rekey", child="k1")
            until("the old pair is gone", lambda: len(d.ipsec_sas()) == 2)
            both_agree(d, charon)
            with open(d.conf, "w", encoding="utf-8") as f:
                f.write(good)
        with t.step("ikev1ctl reload with a good file: an entry that is gone is refused"):
            d.write_policy(policy([entry(0)]))
            d.ctl("reload")
            charon.command("terminate", ike="gw")
            up(d, charon, "k0")
            assert not charon.try_to_initiate("k1", timeout=5)
            charon.log.wait("received INVALID_ID_INFORMATION error notify")


@case("shutdown")
def shutdown(t):
    with t.new_lab() as net:
        d, charon = gateway(net, 2)
        up(d, charon, "k0", "k1")
        with t.step("SIGTERM: the peer is told of each SA, the status is 0"):
            status = d.stop(signal.SIGTERM)
            assert status == 0, f"status {status}"
            deleted(d, charon)


@case("expiry of phase 2")
def expiry2(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([entry(0, lifetime=4)]))
        charon = Charon(init, {"gw": connection(IKE, {"k0": child(life_time="600s", rekey_time="0")})})
        up(d, charon, "k0")
        with t.step("after the shorter of both lifetimes the pair is deleted, the ISAKMP SA stays"):
            until("no pair", lambda: not d.ipsec_sas(), timeout=15, every=0.1)
            until("charon has none", lambda: not charon.children(), timeout=15, every=0.1)
            assert len(d.isakmp_sas()) == 1
        with t.step("and a new Quick Mode follows"):
            up(d, charon, "k0")
            both_agree(d, charon)


@case("expiry of phase 1")
def expiry1(t):
    with t.new_lab() as net:
        init, resp = net.line()
        isakmp = [{"name": "p1", "encryption": "aes-128", "hash": "sha256", "group": 14, "lifetime": 5}]
        d = Ikev1d(resp, policy(isakmp=isakmp))
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()}, rekey_time="0", reauth_time="0")})
        up(d, charon, "k0")
        with t.step("after our lifetime the ISAKMP SA is deleted, and the peer knows"):
            until("no SA", lambda: not d.isakmp_sas(), timeout=20, every=0.1)
            charon.log.wait(r"received DELETE for IKE_SA gw\[1\]")
        with t.step("and it comes up again"):
            charon.command("terminate", ike="gw") if "gw" in charon.sas() else None
            up(d, charon, "k0")


@case("several workers")
def workers(t):
    with t.new_lab() as net:
        init, resp = net.line()
        for n in range(10, 18):
            init.ip("address", "add", f"10.9.0.{n}/24", "dev", "w0")
        d = Ikev1d(resp, {**policy([entry(n) for n in range(10, 18)]), "workers": 3})
        charon = Charon(init, {f"gw{n}": connection(IKE, {f"k{n}": child(n)}, local=f"10.9.0.{n}",
                                                    dpd_delay="1s") for n in range(10, 18)})
        with t.step("eight peers, three workers: every message finds its SA"):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(charon.initiate, [f"k{n}" for n in range(10, 18)]))
            until("eight pairs", lambda: len(d.isakmp_sas()) == 8 and len(d.ipsec_sas()) == 8)
            both_agree(d, charon)
            used = {sa["worker"] for sa in d.isakmp_sas()}
            assert len(used) > 1, f"one worker did it all: {used}"
        with t.step("DPD and rekey find theirs, too"):
            until("eight answers", lambda: charon.log.count(DPD_ACK) >= 8)
            for n in range(10, 18):
                charon.command("rekey", child=f"k{n}")
            until("eight pairs", lambda: len(d.ipsec_sas()) == 8)
            both_agree(d, charon)
        with t.step("a peer's next phase 1 meets the worker of its first"):
            for n in range(10, 18):
                charon.command("rekey", ike=f"gw{n}")
            until("eight adoptions", lambda: d.log.count(r"phase 1 rekeyed: the new ISAKMP SA adopts 1 IPsec SA") == 8)
            assert len(d.ipsec_sas()) == 8
            both_agree(d, charon)
        with t.step("deletes find theirs"):
            for n in range(10, 18):
                charon.command("terminate", ike=f"gw{n}")
            until("nothing left", lambda: not d.isakmp_sas() and not d.ipsec_sas())


@case("built-in policy")
def builtin(t):
    # What a newcomer has: --builtin here, a connection with charon's default proposals there.  The second
    # transform of charon's default phase 1 proposal has nothing but a group.
    with BUILTIN, t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, None, env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"})
        d.log = d.out
        kids = {"k0": child(0, "default"), "k1": child(1, "aes256gcm16-ecp256")}
        charon = Charon(init, {"gw": connection("default", kids)}, key="ikev1d")
        with t.step("charon's default proposals get in"):
            up(d, charon, "k0", "k1")
            assert len(charon.children()) == 2 and len(d.ipsec_sas()) == 2
        with t.step("it serves as nobody"):
            with open(f"/proc/{d.p.pid}/status", encoding="ascii") as f:
                assert "\nUid:\t65534\t65534\t65534\t65534\n" in f.read()
        with t.step("other proposals, 0.0.0.0/0"):
            charon.command("terminate", ike="gw")
            charon.load({"gw": connection("aes256-sha384-ecp384", {
                "k2": child(2, "aes256-sha512-modp3072", local_ts="0.0.0.0/0", remote_ts="10.0.0.0/8")})}, "ikev1d")
            up(d, charon, "k2")


@case("preference and identities")
def preference(t):
    isakmp = [{"name": "strong", "encryption": "aes-256", "hash": "sha512", "group": 19},
              {"name": "weak", "encryption": "3des", "hash": "md5", "group": 2}]
    sets = [{"name": "strong", "encryption": "aes-256-gcm-16"},
            {"name": "weak", "encryption": "3des", "integrity": "md5"}]
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([entry(0, transform_sets=["strong", "weak"])], isakmp=isakmp, sets=sets,
                                group={"remote_id": "*.example", "local_id": "hub.example"}))
        charon = Charon(init, {"gw": connection("3des-md5-modp1024,aes128-sha1-modp1536,aes256-sha512-ecp256", {
            "k0": child(0, "3des-md5,aes128-sha1,aes256gcm16")}, ids=("branch.example", "hub.example"))})
        with t.step("of several transforms ours counts: the most preferred isakmp policy and transform set"):
            up(d, charon, "k0")
            [sa], [pair] = d.isakmp_sas(), d.ipsec_sas()
            assert algorithms(sa) == ("aes-256", "sha512", 19), sa
            assert pair["encryption"] == "aes-256-gcm-16", pair
            assert charon.log.find(r"selected proposal: IKE:AES_CBC_256/.*ECP_256")
            assert charon.log.find(r"selected proposal: ESP:AES_GCM_16_256/")
            both_agree(d, charon)
        with t.step("each side shows a name and believes the other's"):
            charon.log.wait(r"established between 10.9.0.1\[branch.example\]...10.9.0.2\[hub.example\]")
            assert (sa["remote_id"], sa["local_id"]) == ("branch.example", "hub.example"), sa


@case("lifetimes")
def lifetimes(t):
    # charon offers its own: ours is shorter in one case, longer in the other.  charon shows what it then keeps.
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([entry(0, lifetime=1000), entry(1, lifetime=100000)]))
        charon = Charon(init, {"gw": connection(IKE, {
            "k0": child(0, life_time="2000s", rekey_time="0"), "k1": child(1, life_time="2000s", rekey_time="0")})})
        up(d, charon, "k0", "k1")
        with t.step("the shorter one is kept on both sides"):
            kept = sorted(s["lifetime_s"] for s in d.ipsec_sas())
            assert kept == [1000, 2000], kept
        with t.step("the peer learns of ours by RESPONDER-LIFETIME"):
            # N(24576); charon has no word for it and goes on.
            assert charon.log.find(r"parsed QUICK_MODE response \d+ \[ HASH SA No ID ID N\(.*24576")


@case("ikev1ctl")
def ctl(t):
    with t.new_lab() as net:
        d, charon = gateway(net)
        with t.step("monitor shows what happens while it happens"):
            monitor = Process(net.hosts["resp"], "monitor", [IKEV1CTL, "-s", d.socket, "monitor"])
            until("a line that we provoke", lambda: d.ctl("log", "level", "info") and monitor.out.text())
            up(d, charon, "k0")
            monitor.out.wait(r"PHASE 2 COMPLETED \(msgid=")
            monitor.kill()
        with t.step("show isakmp sa, show ipsec sa: as ASA shows them"):
            text = d.ctl("show", "isakmp", "sa", "detail").stdout
            for word in (r"IKE Peer\s*:\s*10.9.0.1", r"Type\s*:\s*L2L", r"Role\s*:\s*responder", r"State\s*:\s*MM_ACTIVE",
                         r"Encrypt\s*:\s*aes", r"Hash\s*:\s*(?i:sha)", r"Auth\s*:\s*pre"):
                assert re.search(word, text), f"{word}: {text}"
            text = d.ctl("show", "ipsec", "sa", PEER).stdout
            [(_, spi_in, spi_out)] = charon.children()
            for word in (r"local ident.*10.2.0.0/255.255.255.0/0/0", r"remote ident.*10.1.0.0/255.255.255.0/0/0",
                         f"(?i){spi_in:08x}", f"(?i){spi_out:08x}", r"#pkts encaps: 0"):
                assert re.search(word, text), f"{word}: {text}"
        with t.step("status counts"):
            status = d.ask("status")
            assert (status["sa"]["established"], status["sa"]["ipsec_sas"]) == (1, 1), status["sa"]
            assert re.search("(?i)workers", d.ctl("status").stdout)
        with t.step("show policy tells no key"):
            text = d.ctl("show", "policy").stdout
            assert "tunnel_groups" in text and "lab-key" not in text, text
        with t.step("log level changes what is logged"):
            mark = d.log.mark()
            d.ctl("log", "level", "debug")
            charon.command("rekey", child="k0")
            d.log.wait(r"processing (?i:nonce)", mark)
        with t.step("an unknown peer and an unknown command are errors"):
            assert d.ctl("delete", "192.0.2.1", check=False).returncode != 0
            assert d.ctl("shwo", check=False).returncode != 0
        with t.step("the socket and the exported keys are for their owner alone"):
            for path, mode in ((d.socket, 0o660), (f"{d.keys_dir}/esp_sa", 0o600),
                               (f"{d.keys_dir}/ikev1_decryption_table", 0o600)):
                assert os.stat(path).st_mode & 0o777 & ~mode == 0, f"{path}: {os.stat(path).st_mode & 0o777:o}"
