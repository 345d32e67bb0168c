"""What must not come up, and what each side then says."""
# SPDX-License-Identifier: BSD-2-Clause
from lab import Charon, Ikev1d, child, connection, entry, policy, until
from life import IKE, both_agree, up
from run import case

WHO = r"Group = lab, IP = 10.9.0.1, "


def refused(charon, name):
    assert not charon.try_to_initiate(name, timeout=12), f"{name} came up"


@case("phase 1 proposal mismatch")
def phase1_proposal(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy())
        charon = Charon(init, {f"gw{n}": connection(ike, {f"k{n}": child()}) for n, ike in enumerate(
            ["aes128-sha256-modp1536", "aes256-sha256-modp2048", "aes128-sha1-modp2048", "3des-md5-modp1024",
             f"3des-md5-modp1024,{IKE}"])})
        # charon stops at once at an unprotected NO_PROPOSAL_CHOSEN, since it has no keys yet.
        for n, (what, line) in enumerate([
                ("group", r"Mismatched attribute types for class Group Description:\s+Rcv'd: Group 5\s+Cfg'd: Group 14"),
                ("key length", r"Mismatched attribute types for class .*Rcv'd: .*256.*Cfg'd: .*128"),
                ("hash", r"Mismatched attribute types for class Hash Alg.*Rcv'd: SHA.*Cfg'd: SHA"),
                ("everything", r"Mismatched attribute types for class ")]):
            with t.step(f"another {what}: refused on both sides, with the attribute that differs"):
                mark, theirs = d.log.mark(), charon.log.mark()
                refused(charon, f"k{n}")
                charon.log.wait(r"received NO_PROPOSAL_CHOSEN error notify", theirs)
                d.log.wait(line, mark)
                d.log.wait(r"IP = 10.9.0.1, All SA proposals found unacceptable", mark)
                assert not d.isakmp_sas()
        with t.step("one acceptable transform among others is enough"):
            up(d, charon, "k4")
            both_agree(d, charon)


@case("key mismatch")
def key(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, {**policy(), "limits": {"half_open_timeout": 6}})
        # Message 5 decrypts to rubbish.  charon has derived its (other) keys by then and ignores what comes
        # unprotected; it sends message 5 again until it gives up.
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()})}, key="another key", retransmit=0.3)
        with t.step("seen as such, in ASA's words"):
            refused(charon, "k0")
            d.log.wait(WHO + r"Received encrypted Oakley Main Mode packet with invalid payloads, MessID = 0")
            d.log.wait(WHO + r"ERROR, had problems decrypting packet, probably due to mismatched pre-shared key\.  Aborting")
        with t.step("the FSM history follows on one line"):
            d.log.wait(r"IKE MM Responder FSM error history \(struct &0x[0-9a-f]+\)  <state>, <event>:  \w+, EV_\w+-->.*MM_START, EV_\w+")
        with t.step("the peer is told, and shows it"):
            charon.log.wait(r"ignoring unprotected INFORMATIONAL from 10.9.0.2")
            charon.log.wait(r"giving up after \d+ retransmits")
        with t.step("the key is not in the log"):
            assert "lab-key" not in d.log.text() and "another key" not in d.log.text()
        with t.step("nothing is left, and the right key gets in"):
            until("no SA", lambda: not d.isakmp_sas(), timeout=45, every=0.2)
            charon.load({"gw": connection(IKE, {"k0": child()})})
            up(d, charon, "k0")


@case("identity mismatch")
def identity(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy(group={"remote_id": "branch.example"}))
        charon = Charon(init, {"bad": connection(IKE, {"k0": child()}, ids=("other.example", "%any")),
                               "good": connection(IKE, {"k1": child()}, ids=("branch.example", "%any"))}, retransmit=0.3)
        with t.step("another identity with the right key is refused"):
            refused(charon, "k0")
            until("no SA", lambda: not [s for s in d.isakmp_sas() if s["established"]])
            assert d.log.find("other.example"), "the log does not name the identity"
            # The refusal is protected, so charon believes it.
            charon.log.wait(r"received AUTHENTICATION_FAILED error notify|received INVALID_ID_INFORMATION error notify")
        with t.step("the right one comes up"):
            up(d, charon, "k1")


@case("unknown peer")
def unknown(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy(group={"peer": "10.99.0.0/16"}))
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()})}, retransmit=0.2)
        with t.step("no tunnel group for its address: refused and logged"):
            refused(charon, "k0")
            assert d.log.find(r"^\S+ IP = 10.9.0.1, .*(?i:group)"), "no word about the group"
            assert not [s for s in d.isakmp_sas() if s["established"]]


@case("IKEv2 knocks")
def ikev2(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy())
        two = connection(IKE, {"k2": child()})
        two["version"] = 2
        charon = Charon(init, {"v2": two, "gw": connection(IKE, {"k0": child()})}, retransmit=0.2)
        with t.step("one line in the log that says so, and no harm"):
            refused(charon, "k2")
            d.log.wait(r"IP = 10.9.0.1, ISAKMP version 2\.0 is not spoken here")
            up(d, charon, "k0")


@case("phase 2 refusals")
def phase2(t):
    sets = [{"name": "esp", "encryption": "aes-128", "integrity": "sha1"}]
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([entry(0), entry(1, pfs=14), entry(2)], sets=sets))
        kids = {"ok": child(0), "cipher": child(0, "aes256-sha1"), "integrity": child(0, "aes128-sha256"),
                "unwanted": child(0, "aes128-sha1-modp2048"), "missing": child(1), "other": child(1, "aes128-sha1-modp1536"),
                "right": child(1, "aes128-sha1-modp2048"), "proxy": child(9), "wider": child(2, local_ts="10.1.0.0/16"),
                "transport": {**child(2), "mode": "transport"}}
        charon = Charon(init, {"gw": connection(IKE, kids)}, retransmit=0.4)
        up(d, charon, "ok")

        def step(what, name, theirs, *ours):
            with t.step(what):
                mark, its_mark = d.log.mark(), charon.log.mark()
                refused(charon, name)
                charon.log.wait(theirs, its_mark)
                for line in ours:
                    d.log.wait(line, mark)
                # The ISAKMP SA and the other pair live on.
                assert len(d.isakmp_sas()) == 1 and "ok" in [c[0] for c in charon.children()]

        no_proposal = r"received NO_PROPOSAL_CHOSEN error notify"
        unacceptable = WHO + r"All IPSec SA proposals found unacceptable!"
        step("another cipher", "cipher", no_proposal, unacceptable, r"Phase 2 failure:  .*Rcv'd: .*256.*Cfg'd: .*128")
        step("another integrity", "integrity", no_proposal, unacceptable, r"Phase 2 failure:  .*SHA")
        step("PFS where none is configured", "unwanted", no_proposal, r"PFS mismatch: ")
        step("no PFS where it is required", "missing", no_proposal, r"PFS mismatch: ")
        step("PFS with another group", "other", no_proposal, r"Group 5.*Group 14|PFS mismatch: ")
        step("other proxy identities", "proxy", r"received INVALID_ID_INFORMATION error notify",
             WHO + r"Rejecting IPSec tunnel: no matching crypto map entry for remote proxy 10.1.9.0/255.255.255.0/0/0 "
             r"local proxy 10.2.9.0/255.255.255.0/0/0",
             WHO + r"QM FSM error \(P2 struct &0x[0-9a-f]+, mess id 0x[0-9a-f]+\)!",
             WHO + r"Removing peer from correlator table failed, no match!",
             WHO + r"Session is being torn down\. Reason: crypto map policy not found")
        step("a wider proxy identity", "wider", r"received INVALID_ID_INFORMATION error notify",
             r"Rejecting IPSec tunnel: no matching crypto map entry for remote proxy 10.1.0.0/255.255.0.0/0/0")
        with t.step("what is right comes up on the same ISAKMP SA"):
            up(d, charon, "right")
            both_agree(d, charon)
            assert len(d.isakmp_sas()) == 1


@case("encapsulation mode mismatch")
def mode(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([{"transform_sets": ["esp"], "pfs": "none"}]))
        charon = Charon(init, {"gw": connection(IKE, {"k0": {"mode": "transport", "esp_proposals": "aes128-sha1",
                                                             "policies": "no"}}, encap="no")}, esp=False)
        with t.step("transport where tunnel is configured"):
            refused(charon, "k0")
            charon.log.wait(r"received NO_PROPOSAL_CHOSEN error notify")
            d.log.wait(r"Phase 2 failure:  .*(?i:transport)")


@case("narrowing")
def narrow(t):
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([entry(0, narrow=True)]))
        charon = Charon(init, {"gw": connection(IKE, {"k0": child(0, local_ts="10.1.0.0/16", remote_ts="10.2.0.0/16")})})
        with t.step("a wider offer is answered with ours where the entry says narrow"):
            up(d, charon, "k0")
            charon.log.wait(r"TS 10.1.0.0/24 === 10.2.0.0/24")
            both_agree(d, charon)
