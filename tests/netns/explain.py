"""`explain` and `ladder` on mistakes made on the peer's side: the kind, the attribute, the side, the mend."""
# SPDX-License-Identifier: BSD-2-Clause
import re

from lab import Charon, Failure, Ikev1d, child, connection, policy, until
from life import IKE, PEER
from run import case

# One daemon, many personas: the address that the peer dials chooses the tunnel group.
GROUPS = {
    "10.9.0.2": {"name": "lab", "isakmp_policies": ["p1"]},
    "10.9.0.3": {"name": "sets", "isakmp_policies": ["p1"]},
    "10.9.0.4": {"name": "two", "isakmp_policies": ["p1", "p2"]},
    "10.9.0.5": {"name": "fqdn", "remote_id": "branch.example"},
    "10.9.0.6": {"name": "host", "remote_id": "10.9.9.9"},
    "10.9.0.7": {"name": "user", "remote_id": "kim@branch.example"},
    "10.9.0.8": {"name": "keyid", "remote_id": "keyid:remote-access"},
    "10.9.0.9": {"name": "key", "pre_shared_key": "its own key"},
    "10.9.0.13": {"name": "hosts"},
    "10.9.0.11": {"name": "silent"},
    "10.9.0.12": {"name": "blocked"},
}
NOBODY = "10.9.0.10"            # an address of ours that no tunnel group has

ENTRIES = [                     # of every group; n is the third octet of both networks
    {"n": 0, "transform_sets": ["esp"], "pfs": "none"},
    {"n": 1, "transform_sets": ["esp"], "pfs": 14},
    {"n": 2, "transform_sets": ["gcm"], "pfs": "none"},
    {"n": 3, "transform_sets": ["ah"], "pfs": "none"},
    {"n": 5, "transform_sets": ["esp"], "pfs": "none", "protocol": "tcp", "local_port": 443},
    {"n": 6, "transform_sets": ["esp", "gcm"], "pfs": "none"},
    {"n": 7, "transform_sets": ["esp"], "pfs": [14, 19]},
]

POLICY = {
    "isakmp": [{"name": "p1", "encryption": "aes-128", "hash": "sha256", "group": 14},
               {"name": "p2", "encryption": ["aes-256", "aes-192"], "hash": "sha384", "group": [19, 20]}],
    "sets": [{"name": "esp", "encryption": "aes-128", "integrity": "sha1"},
             {"name": "gcm", "encryption": "aes-128-gcm-16"},
             {"name": "ah", "protocol": "ah", "integrity": "sha1"},
             {"name": "transport", "encryption": "aes-128", "integrity": "sha1", "mode": "transport"}],
}

CIPHER, HASH, GROUP = "Encryption Algorithm", "Hash Algorithm", "Group Description"
INTEGRITY, MODE, PROTOCOL, PFS = ("Authentication Algorithm", "Encapsulation Mode", "Protocol",
                                  "Group Description (PFS)")


# The two hosts themselves, since charon asks for transport mode for nothing else.
HOSTS = {"10.9.0.3": "esp", "10.9.0.13": "transport"}


def crypto_map(us):
    hosts = [{"local": us, "remote": PEER, "transform_sets": [HOSTS[us]], "pfs": "none"}] if us in HOSTS else []
    return [{"local": f"10.2.{e['n']}.0/24", "remote": f"10.1.{e['n']}.0/24",
             **{k: v for k, v in e.items() if k != "n"}} for e in ENTRIES] + hosts


def the_policy():
    groups = [{"pre_shared_key": "lab-key", **g, "peer": "10.9.0.1", "local": local, "crypto_map": crypto_map(local)}
              for local, g in GROUPS.items()]
    return {**policy(isakmp=POLICY["isakmp"], sets=POLICY["sets"], groups=groups),
            "limits": {"half_open_timeout": 3}}


class Mistake:
    """One wrong thing in swanctl.conf, and what `explain` has to say about it."""

    def __init__(self, what, kind, *, ike=IKE, kid=None, at="10.9.0.2", side="either", differs=None, against=None,
                 verdict="", ours="", ours_line="", swan="", asa="", mended=False, ids=(None, None), **options):
        self.what, self.kind, self.side, self.at = what, kind, side, at
        self.differs, self.against = differs or {}, against
        self.verdict, self.ours, self.ours_line, self.swan, self.asa = verdict, ours, ours_line, swan, asa
        self.mended = mended
        self.connection = connection(ike, {}, remote=at, ids=ids, **{"encap": "no", **options})
        self.child = kid or child()


def phase1(what, ike, differs, **more):
    return Mistake(what, "proposal", ike=ike, differs=differs, against=more.pop("against", "p1"),
                   verdict=r"no phase 1 transform fits; nearest is transform \d+ against isakmp policy",
                   ours_line=f'name = "{more.get("named", "p1")}"', **{k: v for k, v in more.items() if k != "named"})


PHASE1 = [
    phase1("cipher 3DES", "3des-sha256-modp2048", {CIPHER: ("3DES-CBC", "AES-CBC-128")}, mended=True,
           ours='add "3des" to encryption', swan=r"^connections\.<name>\.proposals = aes128-sha256-modp2048$",
           asa=r"encryption aes"),
    phase1("key length", "aes256-sha256-modp2048", {CIPHER: ("AES-CBC-256", "AES-CBC-128")}, mended=True,
           ours='add "aes-256" to encryption'),
    phase1("key length 192", "aes192-sha256-modp2048", {CIPHER: ("AES-CBC-192", "AES-CBC-128")}),
    phase1("cipher Camellia", "camellia128-sha256-modp2048", {CIPHER: ("Camellia", "AES-CBC-128")}),
    phase1("hash SHA-1", "aes128-sha1-modp2048", {HASH: ("SHA", "SHA2-256")}, mended=True, ours='add "sha1" to hash',
           asa=r"hash sha, .*has no sha256"),
    phase1("hash MD5", "aes128-md5-modp2048", {HASH: ("MD5", "SHA2-256")}),
    phase1("hash SHA-512", "aes128-sha512-modp2048", {HASH: ("SHA2-512", "SHA2-256")}),
    phase1("group 5", "aes128-sha256-modp1536", {GROUP: ("Group 5$", "Group 14")}, mended=True, ours="add 5 to group",
           asa=r"group 14"),
    phase1("group 2", "aes128-sha256-modp1024", {GROUP: ("Group 2$", "Group 14")}),
    phase1("group 19", "aes128-sha256-ecp256", {GROUP: ("Group 19", "Group 14")}),
    phase1("group 31", "aes128-sha256-curve25519", {GROUP: ("Group 31", "Group 14")}),
    phase1("cipher and hash", "aes256-sha1-modp2048", {CIPHER: ("256", "128"), HASH: ("SHA", "SHA2-256")}, mended=True),
    phase1("hash and group", "aes128-md5-modp1024", {HASH: ("MD5", "SHA2-256"), GROUP: ("Group 2", "Group 14")}),
    phase1("cipher and group", "3des-sha256-modp1024", {CIPHER: ("3DES", "128"), GROUP: ("Group 2", "Group 14")}),
    phase1("everything", "3des-md5-modp1024",
           {CIPHER: ("3DES", "128"), HASH: ("MD5", "SHA2-256"), GROUP: ("Group 2", "Group 14")}, mended=True),
    phase1("several transforms, the second is the nearest", "3des-md5-modp1024,aes256-sha256-modp2048",
           {CIPHER: ("AES-CBC-256", "AES-CBC-128")}),
    phase1("several transforms, the last is the nearest",
           "aes256-sha512-modp4096,3des-sha1-modp3072,aes128-sha256-modp1536", {GROUP: ("Group 5", "Group 14")}),
    phase1("two policies, the second is the nearer", "aes256-sha256-ecp256", {HASH: ("SHA2-256", "SHA2-384")}, at="10.9.0.4",
           against="p2", named="p2", mended=True),
    phase1("a list in the policy", "aes256-sha384-modp2048", {GROUP: ("Group 14", "Group 19, 20")}, at="10.9.0.4",
           against="p2", named="p2"),
]


def phase2(what, kid, differs, against="esp", **more):
    return Mistake(what, "proposal", kid=kid, differs=differs, against=against, at=more.pop("at", "10.9.0.3"),
                   verdict=r"no phase 2 transform fits; nearest is transform \d+ against transform set", **more)


def pfs(what, kid, differs, **more):
    return Mistake(what, "pfs", kid=kid, differs=differs, at="10.9.0.3", against="esp", verdict="(?i)pfs|perfect",
                   **more)


def hosts(**more):
    return {"esp_proposals": "aes128-sha1", "policies": "no", **more}


def ah(n, proposals, **more):
    return child(n, None, ah_proposals=proposals, **more)


PHASE2 = [
    phase2("cipher key length", child(0, "aes256-sha1"), {CIPHER: ("256", "128")}, mended=True,
           ours='add "aes-256" to encryption', ours_line='name = "esp"', asa="esp-aes esp-sha-hmac",
           swan=r"\.esp_proposals = aes128-sha1$"),
    phase2("cipher 3DES", child(0, "3des-sha1"), {CIPHER: ("3DES", "AES")}),
    phase2("no cipher", child(0, "null-sha1"), {CIPHER: ("NULL", "AES")}),
    phase2("integrity SHA-256", child(0, "aes128-sha256"), {INTEGRITY: ("SHA2?-?256", "SHA")}, mended=True,
           ours='add "sha256" to integrity'),
    phase2("integrity MD5", child(0, "aes128-md5"), {INTEGRITY: ("MD5", "SHA")}),
    phase2("cipher and integrity", child(0, "aes256-sha512"), {CIPHER: ("256", "128"), INTEGRITY: ("512", "SHA")},
           mended=True),
    phase2("AEAD where CBC is wanted", child(0, "aes128gcm16"), {CIPHER: ("GCM", "CBC")}, mended=True),
    phase2("CBC where AEAD is wanted", child(2, "aes128-sha1"), {CIPHER: ("CBC", "GCM"), INTEGRITY: ("SHA1", "none")}, against="gcm", mended=True,
           swan=r"esp_proposals = aes128gcm16$", asa="no AES-GCM"),
    phase2("AEAD with another key length", child(2, "aes256gcm16"), {CIPHER: ("256", "128")}, against="gcm"),
    phase2("AEAD with another ICV", child(2, "aes128gcm8"), {CIPHER: ("8", "16")}, against="gcm"),
    phase2("AH where ESP is wanted", ah(0, "sha1"), {PROTOCOL: ("AH", "ESP"), CIPHER: ("none", "AES")}, ours='further one with protocol = "ah", integrity = "sha1"',
           swan=r"esp_proposals = aes128-sha1"),
    phase2("ESP where AH is wanted", child(3, "aes128-sha1"), {PROTOCOL: ("ESP", "AH")}, against="ah",
           swan=r"ah_proposals = sha1$"),
    phase2("AH with another integrity", ah(3, "sha256"), {INTEGRITY: ("256", "SHA")}, against="ah", mended=True),
    phase2("transport where tunnel is wanted", hosts(mode="transport"), {MODE: ("Transport", "Tunnel")}, mended=True,
           ours='mode = "any"', swan=r"\.mode = tunnel", asa="; no crypto ipsec ikev1 transform-set <name> mode transport"),
    phase2("tunnel where transport is wanted", hosts(), {MODE: ("Tunnel", "Transport")}, against="transport",
           at="10.9.0.13", mended=True, swan=r"\.mode = transport", asa="mode transport"),
    phase2("several proposals, the second is the nearest", child(0, "3des-md5,aes128-sha512"), {INTEGRITY: ("512", "SHA")}),
    phase2("two sets, the second is the nearer", child(6, "aes256gcm16"), {CIPHER: ("256", "128")}, against="gcm"),
    phase2("cipher and PFS", child(0, "aes256-sha1-modp2048"), {CIPHER: ("256", "128"), PFS: ("14", "none")}, mended=True,
           asa="esp-aes esp-sha-hmac.*no crypto map <map> <n> set pfs"),
    pfs("PFS where none is configured", child(0, "aes128-sha1-modp2048"), {PFS: ("Group 14", "none")}, mended=True,
        ours=r"pfs = \"any\"", ours_line='local = "10.2.0.0/24"', asa="no crypto map <map> <n> set pfs",
        swan=r"esp_proposals = aes128-sha1$"),
    pfs("no PFS where it is required", child(1), {PFS: ("none", "Group 14")}, mended=True,
        asa="crypto map <map> <n> set pfs group14", ours_line='local = "10.2.1.0/24"',
        swan=r"esp_proposals = aes128-sha1-modp2048$"),
    pfs("PFS with another group", child(1, "aes128-sha1-modp1536"), {PFS: ("Group 5$", "Group 14")}, mended=True),
    pfs("PFS with none of two groups", child(7, "aes128-sha1-ecp384"), {PFS: ("Group 20", "Group 14, 19")}, mended=True),
]


def proxies(what, verdict, *, ours_line='local = "10.2.0.0/24"', **more):
    kid = {**child(), **more.pop("kid")}
    return Mistake(what, "proxy-identity", kid=kid, at="10.9.0.3", verdict=verdict, ours_line=ours_line, **more)


PROXIES = [
    proxies("swapped", "swapped", kid={"local_ts": "10.2.0.0/24", "remote_ts": "10.1.0.0/24"}, side="either",
            mended=True, swan="local_ts = 10.1.0.0/24, remote_ts = 10.2.0.0/24",
            asa=r"extended permit ip 10\.1\.0\.0 255\.255\.255\.0 10\.2\.0\.0 255\.255\.255\.0"),
    proxies("swapped, in a later entry", "swapped", kid={"local_ts": "10.2.2.0/24", "remote_ts": "10.1.2.0/24"},
            ours_line='local = "10.2.2.0/24"'),
    proxies("the peer's network is wider", "wider", kid={"local_ts": "10.1.0.0/16"}, mended=True, ours="narrow = true"),
    proxies("our network is wider", "wider", kid={"remote_ts": "10.2.0.0/16"}, ours="narrow = true"),
    proxies("both are wider", "wider", kid={"local_ts": "10.1.0.0/16", "remote_ts": "10.2.0.0/16"}),
    proxies("any to any", "wider", kid={"local_ts": "0.0.0.0/0", "remote_ts": "0.0.0.0/0"}),
    proxies("another network at the peer", r"differ in the remote \(the peer's own\) network",
            kid={"local_ts": "10.77.0.0/24"}, mended=True),
    proxies("another network here", r"differ in the local \(our\) network", kid={"remote_ts": "10.77.0.0/24"}),
    proxies("both are others", "match no crypto map entry",
            kid={"local_ts": "10.77.0.0/24", "remote_ts": "10.78.0.0/24"}),
    proxies("a host outside the network", r"differ in the remote", kid={"local_ts": "10.77.0.9/32"}),
    proxies("another protocol", "protocol or port", ours_line='local = "10.2.5.0/24"', mended=True,
            kid={"local_ts": "10.1.5.0/24[udp]", "remote_ts": "10.2.5.0/24[udp/443]"}),
    proxies("another port", "protocol or port", ours_line='local = "10.2.5.0/24"',
            kid={"local_ts": "10.1.5.0/24[tcp]", "remote_ts": "10.2.5.0/24[tcp/80]"}, swan=r"10\.2\.5\.0/24\[tcp/443\]",
            asa=r"permit tcp 10\.1\.5\.0 255\.255\.255\.0 10\.2\.5\.0 255\.255\.255\.0 eq 443"),
    proxies("no protocol where one is wanted", "protocol or port", ours_line='local = "10.2.5.0/24"',
            kid={"local_ts": "10.1.5.0/24", "remote_ts": "10.2.5.0/24"}),
    proxies("IPv6 where IPv4 is wanted", "IPv6", kid={"local_ts": "fd01::/64", "remote_ts": "fd02::/64"}),
]

IDENTITIES = [
    Mistake("FQDN", "identity", at="10.9.0.5", ids=("other.example", "%any"), verdict="other.example", mended=True,
            ours=r'remote_id = "other.example"', ours_line='name = "fqdn"', swan="id = branch.example"),
    Mistake("an address where a name is wanted", "identity", at="10.9.0.5", ids=("10.9.0.1", "%any"), verdict="10.9.0.1",
            ours_line='name = "fqdn"'),
    Mistake("address", "identity", at="10.9.0.6", ids=("10.9.9.8", "%any"), verdict="10.9.9.8",
            ours_line='name = "host"', ours=r'remote_id = "10.9.9.8"', mended=True),
    Mistake("user FQDN", "identity", at="10.9.0.7", ids=("lee@branch.example", "%any"), verdict="lee@branch.example",
            ours_line='name = "user"', mended=True),
    Mistake("key id", "identity", at="10.9.0.8", ids=("keyid:some-group", "%any"), verdict="some-group",
            ours='remote_id = "keyid:some-group"', ours_line='name = "keyid"', mended=True),
]

NO_GROUP = [
    Mistake("no tunnel group for the address", "tunnel-group", at=NOBODY, side="ours",
            verdict=r"no tunnel group takes a peer at 10\.9\.0\.1 that dialled 10\.9\.0\.10",
            ours=r'peer = "10\.9\.0\.1"'),
]


def network(t):
    init, resp = t.host("init"), t.host("resp")
    t.wire(init, "10.9.0.1/24", resp, " ".join(f"{a}/24" for a in [*GROUPS, NOBODY]))
    return init, resp


def failures(d):
    return d.ask("explain", PEER)["failures"]


def known(d):
    return {(f["cookie_i"], f["msgid"]) for f in failures(d)}


def fresh(d, before, timeout=20):
    """The failure that came since."""
    def look():
        return [f for f in failures(d) if (f["cookie_i"], f["msgid"]) not in before]
    return until("a new failure in explain", look, timeout)[0]


def is_like(pattern, text, what):
    if not re.search(pattern, text):
        raise Failure(f"{what} is \"{text}\", expected: {pattern}")


def check(d, m, f):
    """Everything that the mistake asks of its explanation."""
    assert f["kind"] == m.kind, f"kind {f['kind']}: {f['verdict']}"
    assert f["side"] == m.side, f"side {f['side']}: {f['verdict']}"
    assert f["stopped"] and f["verdict"] and f["peer_shows"]["asa"] and f["peer_shows"]["strongswan"], f
    assert not f["faults"], f["faults"]
    is_like(m.verdict, f["verdict"], "the verdict")
    for key, pattern in (("ikev1d", m.ours), ("asa", m.asa), ("strongswan", m.swan)):
        is_like(pattern, f["mend"][key], f"mend, {key}")
    if m.ours_line:
        path, line = re.match(r"(.*?):(\d+): ", f["mend"]["ikev1d"]).groups()
        assert path == d.conf, path
        with open(path, encoding="utf-8") as conf:
            text = conf.read().splitlines()[int(line) - 1]
        assert m.ours_line in text, f"line {line} of the policy is {text}"
    if not m.differs:
        return
    [row] = [r for r in f["table"] if r["nearest"]]
    assert row == f["table"][0] and row["against"] == m.against, row
    found = {c["attribute"]: (c["offered"], c["wanted"]) for c in row["attributes"] if not c["match"]}
    assert set(found) == set(m.differs), f"differs: {found}"
    assert row["mismatches"] == len(found), row
    for attribute, wanted in m.differs.items():
        for got, pattern in zip(found[attribute], wanted):
            is_like(pattern, got, attribute)
    for attribute in found:
        assert attribute in f["verdict"], f"the verdict does not name {attribute}: {f['verdict']}"


def mend(connections, name, text):
    """Write into swanctl.conf what the mend for strongSwan says, to the letter."""
    for part in re.split(r"; ", text):
        m = re.match(r"connections\.<name>\.(?:(children)\.<name>|(local))?[.:]? ?(.*)$", part)
        assert m, f"a mend that nobody can type: {part}"
        where = connections[f"c{name}"]
        where = where["children"][f"k{name}"] if m[1] else where["local"] if m[2] else where
        for key, value in re.findall(r"(\w+) = (.*?)(?:, (?=\w+ = )|$)", m[3]):
            if key in ("esp_proposals", "ah_proposals"):
                where["esp_proposals"] = where["ah_proposals"] = None
            where[key] = value


def matrix(t, mistakes, retransmit=0.5):
    with t.new_lab() as net:
        init, resp = network(net)
        d = Ikev1d(resp, the_policy())
        connections = {f"c{n}": {**m.connection, "children": {f"k{n}": m.child}} for n, m in enumerate(mistakes)}
        charon = Charon(init, connections, esp=False, retransmit=retransmit)
        for n, m in enumerate(mistakes):
            f = None
            with t.step(f"{m.what}: {m.kind}, and what differs"):
                before = known(d)
                assert not charon.try_to_initiate(f"k{n}", timeout=12), f"{m.what} came up"
                f = fresh(d, before)
                check(d, m, f)
            with t.step(f"{m.what}: as text, within 100 columns"):
                text = d.ctl("explain", PEER).stdout
                assert max(map(len, text.splitlines())) <= 100, text
                assert f and "Why:" in text and f["stopped"] in text, text
            if m.mended and f:
                with t.step(f"{m.what}: what the mend says mends it: {f['mend']['strongswan']}"):
                    charon.command("terminate", ike=f"c{n}") if f"c{n}:" in charon.sas() else None
                    mend(connections, n, f["mend"]["strongswan"])
                    charon.load(connections)
                    charon.initiate(f"k{n}")


@case("explain phase 1 proposals")
def explain_phase1(t):
    matrix(t, PHASE1)


@case("explain phase 2 proposals")
def explain_phase2(t):
    matrix(t, PHASE2)


@case("explain proxy identities")
def explain_proxies(t):
    matrix(t, PROXIES)


@case("explain identities and groups")
def explain_identities(t):
    matrix(t, IDENTITIES + NO_GROUP)


@case("explain key, silence and losses")
def explain_silence(t):
    with t.new_lab() as net:
        init, resp = network(net)
        d = Ikev1d(resp, the_policy())
        two = {**connection(IKE, {"v2": child()}), "version": 2}
        charon = Charon(init, {
            "key": connection(IKE, {"key": child()}, remote="10.9.0.9", encap="no"),
            "silent": connection(IKE, {"silent": child()}, remote="10.9.0.11", encap="no"),
            "blocked": connection(IKE, {"blocked": child()}, remote="10.9.0.12"),
            "ok": connection(IKE, {"ok": child()}, encap="no"), "two": two}, esp=False, retransmit=0.3)
        # The answer to message 3, 4 or 5 gets lost: the first block of a Main Mode on 500 passes, the rest not.
        init.nft("table inet lossy { chain in { type filter hook input priority 0;\n"
                 "ip saddr 10.9.0.11 udp sport 500 @th,192,8 4 drop\n} }")
        init.nft("table inet closed { chain out { type filter hook output priority 0;\n"
                 "udp dport 4500 drop\n} }")

        def failing(name, at, what, kind, side, verdict, mend=""):
            with t.step(what):
                before = known(d)
                assert not charon.try_to_initiate(name, timeout=15), f"{name} came up"
                f = fresh(d, before)
                assert f["local"] == at, f
                assert (f["kind"], f["side"]) == (kind, side), (f["kind"], f["side"], f["verdict"])
                is_like(verdict, f["verdict"], "the verdict")
                is_like(mend, f["mend"]["ikev1d"], "the mend")

        failing("key", "10.9.0.9", "a wrong key", "key", "either", "pre-shared keys differ", "pre_shared_key")
        failing("silent", "10.9.0.11", "message 4 lost", "no-answer", "network", "never sent message 5.*message 4 was lost")
        failing("blocked", "10.9.0.12", "message 5 lost, since UDP 4500 is closed", "no-answer", "network", "UDP 4500")
        with t.step("an IKEv2 peer"):
            before = known(d)
            assert not charon.try_to_initiate("v2", timeout=8)
            f = fresh(d, before)
            assert f["kind"] == "version" and f["side"] == "peer", f
            is_like(r"version = 1", f["mend"]["strongswan"], "the mend")
        with t.step("an honest one comes up beside all that, and leaves no failure"):
            before = known(d)
            charon.initiate("ok")
            assert known(d) == before


# What is narrower than the policy is taken, as ASA and IOS do: it is no mistake.
NARROWER = [("both networks", {"local_ts": "10.1.0.0/25", "remote_ts": "10.2.0.128/25"}),
            ("hosts", {"local_ts": "10.1.0.7/32", "remote_ts": "10.2.0.9/32"}),
            ("a protocol where all are allowed", {"local_ts": "10.1.0.0/24[tcp]", "remote_ts": "10.2.0.0/24[tcp/22]"})]


@case("explain has nothing to say of what is narrower")
def narrower(t):
    with t.new_lab() as net:
        init, resp = network(net)
        d = Ikev1d(resp, the_policy())
        charon = Charon(init, {f"c{n}": connection(IKE, {f"k{n}": {**child(), **kid}}, encap="no")
                               for n, (_, kid) in enumerate(NARROWER)}, esp=False)
        for n, (what, _) in enumerate(NARROWER):
            with t.step(f"{what}: comes up"):
                charon.initiate(f"k{n}")
                assert not failures(d)
        with t.step("as text"):
            assert d.ctl("explain").stdout == "No failed negotiation is remembered\n"


def labels(exchange):
    return [(s["what"], s["label"]) for s in exchange["steps"] if s["what"] != "state"]


@case("ladder of a real exchange")
def ladder(t):
    with t.new_lab() as net:
        init, resp = network(net)
        d = Ikev1d(resp, the_policy())
        charon = Charon(init, {"gw": connection(IKE, {"k0": child(), "k1": child(0, "aes256-sha1")}, encap="no")}, esp=False)
        charon.initiate("k0")
        d.log.wait("PHASE 2 COMPLETED")
        with t.step("each message of Main Mode and Quick Mode, in order"):
            one, two = d.ask("ladder", PEER)["exchanges"]
            assert (one["exchange"], two["exchange"]) == ("Main Mode", "Quick Mode")
            assert labels(one) == [("received", "MM1"), ("sent", "MM2"), ("received", "MM3"), ("sent", "MM4"),
                                   ("received", "MM5"), ("sent", "MM6")], labels(one)
            assert labels(two) == [("received", "QM1"), ("sent", "QM2"), ("received", "QM3")], labels(two)
            assert (one["outcome"], two["outcome"]) == ("up", "up")
        with t.step("payloads and sizes are those of charon's log"):
            steps = {s["label"]: s for x in (one, two) for s in x["steps"] if s["label"]}
            assert steps["MM1"]["payloads"][0] == "SA" and steps["MM3"]["payloads"][:2] == ["KE", "NONCE"], steps["MM3"]
            assert steps["MM5"]["payloads"][:2] == ["ID", "HASH"] and steps["QM1"]["payloads"][:2] == ["HASH", "SA"]
            for label, pattern in (("MM1", r"sending packet: .* \((\d+) bytes\)"),
                                   ("MM2", r"received packet: .* \((\d+) bytes\)")):
                octets = int(charon.log.find(pattern)[1])
                assert steps[label]["octets"] == octets, (label, steps[label]["octets"], octets)
        with t.step("states follow, times never go back"):
            states = [s["state"] for s in one["steps"] if s["state"]]
            for a, b in (("MM_WAIT_MSG3", "MM_WAIT_MSG5"), ("MM_WAIT_MSG5", "MM_ACTIVE")):
                assert states.index(a) < states.index(b), states
            times = [s["at_ms"] for s in one["steps"]]
            assert times == sorted(times)
        with t.step("as text: arrows both ways, 100 columns, with and without Unicode"):
            text = d.ctl("ladder", PEER, "--ascii").stdout
            assert text.isascii() and max(map(len, text.splitlines())) <= 100, text
            assert re.search(r"- MM1: SA.*->", text) and re.search(r"<- MM2: SA", text), text
        with t.step("the failure is marked where it was"):
            assert not charon.try_to_initiate("k1", timeout=12)
            last = until("the failed one", lambda: [x for x in d.ask("ladder", PEER)["exchanges"]
                                                    if x["outcome"] == "failed"])[-1]
            assert last["failed_label"] == "QM1" and last["reason"], last
            assert labels(last) == [("received", "QM1"), ("sent", "INFO")], labels(last)
            assert re.search(r"^X FAILED at QM1 in QM_START: ", d.ctl("ladder", PEER, "--ascii").stdout, re.M)
