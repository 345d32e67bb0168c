"""Faults on demand: what strongSwan shows of each, what our log and `explain` say, and that nobody else notices.

FAULTS is the one table: a row is one fault with its argument, what both sides then say, and how it ends.  Each
row has a tunnel group and a peer's address of its own, and beside it an honest twin: a peer of the group
"honest" that negotiates while the fault is at work.  A fault of the catalogue without a row is a failure.
"""
# SPDX-License-Identifier: BSD-2-Clause
import collections
import concurrent.futures
import dataclasses
import os
import re
import sys
import threading

from lab import PATIENCE, TOP, Charon, Failure, Ikev1d, Process, child, connection, entry, policy, run, until
from run import case

IKE = "aes128-sha256-modp2048"
TWO = "aes256-sha256-modp2048," + IKE       # charon prefers the first, the policy has the second
US = "10.9.0.2"

# How it ends, as the peer sees it.
REFUSED, NO_CHILD, UP = "no IKE_SA", "an IKE_SA without a CHILD_SA", "a CHILD_SA"
A_MOMENT = "an IKE_SA that goes at once"        # with or without a CHILD_SA by then


@dataclasses.dataclass
class Row:
    spec: str                   # the fault, as the policy file takes it
    end: str
    theirs: tuple = ()          # regular expressions on charon's lines
    ours: tuple = ()            # on our own, beside "FAULT name:"
    wire: tuple = ()            # on the datagrams, as SNIFF prints them
    explained: bool = True      # `explain` names the fault; it does not remember what came after a negotiation
    stopped: str = ""           # where it says that it stopped
    faults: tuple = ()          # armed beside it
    group: dict = dataclasses.field(default_factory=dict)       # more keys of the tunnel group,
    entry: dict = dataclasses.field(default_factory=dict)       # its crypto map entry,
    conn: dict = dataclasses.field(default_factory=dict)        # swanctl.conf's connection,
    child: dict = dataclasses.field(default_factory=dict)       # and its CHILD_SA
    ike: str = IKE
    then: object = None         # then(stage, n): more to do once it has been tried
    octets: bool = False        # charon shows nothing of it: tests/unit/fault/test_lies.c asserts the octets

    @property
    def name(self):
        return re.match(r"[^ =@]+", self.spec)[0]


# Datagrams from us: header from the next payload on; each group is an octet.
def sent(header, port=500, ttl=r"\d+", size=r"\d+"):
    return rf"^10\.9\.0\.2:{port} > \S+ ttl={ttl} len={size} (?:0{{8}})?\w{{32}}{header}"


def again(seq):
    return rf"sending retransmit 1 of request message ID \d+, seq {seq}", r"giving up after 4 retransmits"


NO_PROP = (r"no proposal found", r"generating INFORMATIONAL_V1 request \d+ \[ N\(NO_PROP\) \]")
REFUSED_US = (r"Received an un-encrypted NO_PROPOSAL_CHOSEN notify message, dropping",
              r"Information Exchange processing failed")
MISMATCH = (r"Received encrypted Oakley Main Mode packet with invalid payloads, MessID = 0",
            r"ERROR, had problems decrypting packet, probably due to mismatched pre-shared key\.  Aborting")
UNDECRYPTED = (r"could not decrypt payloads", r"message parsing failed")
QM_ERROR = (r"QM FSM error \(P2 struct &0x[0-9a-f]+, mess id 0x[0-9a-f]+\)!",
            r"Removing peer from correlator table failed, no match!")
MM2, MM3, MM4, MM5, MM6 = "MM_WAIT_MSG3", "MM_WAIT_MSG3", "MM_WAIT_MSG5", "MM_WAIT_MSG5", "MM_ACTIVE"
PFS_CHILD = {"esp_proposals": "aes128-sha1-modp2048"}
CHILD_UP = r"CHILD_SA f\d+\{\d+\} established"


def foreign(what, theirs):
    return Row(f"mm2.foreign-transform={what}", REFUSED, (rf"received proposals: IKE:{theirs}", *NO_PROP),
               (r"FAULT mm2.foreign-transform: MM2 chooses .*, which was not offered", *REFUSED_US), stopped=MM2)


def bad_ke(how, *theirs, next_payload="04", size=r"\d+"):
    return Row(f"mm4.bad-ke={how}", REFUSED, (*theirs, r"generating INFORMATIONAL_V1 request \d+ \[ N\(CRIT\) \]"),
               wire=(sent(rf"{next_payload}100200", size=size),), stopped=MM4)


def pfs(why, answer, *theirs, end=NO_CHILD, **more):
    wanted = {"entry": {"pfs": 14}, "child": PFS_CHILD} if why != "need" else {}
    return Row(f"qm1.pfs={why},{answer}", end, theirs, **wanted, **more)


def foreign2(what, **more):
    return Row(f"qm2.foreign-transform={what}", NO_CHILD,
               (r"no matching proposal found", r"generating INFORMATIONAL_V1 request \d+ \[ HASH N\(NO_PROP\) \]"),
               (r"MM?\w+ chooses .*, which was not offered", r"Received non-routine Notify message: NO_PROPOSAL_CHOSEN \(14\)"),
               stopped="QM_WAIT_MSG3", **more)


def notify(which, theirs, ours=None):
    return Row(f"notify.{which}", UP, (CHILD_UP, theirs), (ours,) if ours else ())


FIRST = [
    Row("mm1.ignore", REFUSED, again(1), stopped="MM1"),
    Row("mm1.unreach", REFUSED, again(1), wire=(r"^icmp 3/3 10\.9\.0\.2 > 10\.9\.3\.\d+ of 10\.9\.3\.\d+:500 > 10\.9\.0\.2:500",)),
    Row("mm1.no-proposal", REFUSED, (r"parsed INFORMATIONAL_V1 request \d+ \[ N\(NO_PROP\) \]",
                                     r"received NO_PROPOSAL_CHOSEN error notify"), stopped="MM1"),
    foreign("group", r".*/MODP_1536"), foreign("hash", r".*HMAC_MD5"), foreign("encryption", r"3DES_CBC"),
    foreign("key-length", r"AES_CBC_192"),
    Row("mm2.foreign-transform=auth", UP, (r"received RSA signature authentication, but configured pre-shared key, "
                                           r"continue with configured",)),
    # charon takes the first of them, we have keyed for the other one: message 5 does not decrypt.
    *(Row(spec, REFUSED, (r"ignoring unprotected INFORMATIONAL from 10\.9\.0\.2", *again(3)), MISMATCH, stopped=MM5, ike=TWO)
      for spec in ("mm2.two-transforms", "mm2.all")),
    Row("mm2.lifetime-up", UP, (r"received lifetime (\d+)s does not match configured lifetime \d+s", CHILD_UP)),
    Row("mm3.ignore", REFUSED, again(2), stopped=MM3),
    Row("mm4.drop", REFUSED, again(2), (r"Duplicate Phase 1 packet detected\.  Retransmitting last packet\.",), stopped=MM4),
    bad_ke("omit", r"KE payload missing in message", next_payload="0a"),
    bad_ke("empty", r"invalid DH public value size \(0 bytes\) for MODP_2048", r"unable to apply received KE value"),
    bad_ke("zero", r"DH public value is malformed", r"unable to apply received KE value"),
    bad_ke("one", r"DH public value is malformed", r"unable to apply received KE value"),
    bad_ke("p-1", r"DH public value is malformed", r"unable to apply received KE value"),
    bad_ke("short", r"invalid DH public value size \(255 bytes\)", r"unable to apply received KE value"),
    bad_ke("long", r"invalid DH public value size \(257 bytes\)", r"unable to apply received KE value"),
    # Nobody told us of a NAT: we refuse the encapsulation in UDP that charon then asks for.
    Row("mm4.natd-lie", NO_CHILD, (r"local host is behind NAT, sending keep alives", r"remote host is behind NAT",
                                   r"IKE_SA f\d+\[\d+\] established"),
        (r"NAT-T: the peer floated to UDP port 4500",), wire=(sent("05100201", port=4500),)),
    Row("mm4.late-replay=400", UP, (r"ignoring ID_PROT in established IKE_SA state",),
        wire=(rf"{sent('04100200')}(\w+)\n(?:.*\n)*?.*{sent('04100200')[1:]}\1$",)),
    # charon has given up by then, and says nothing of a message for cookies that it has forgotten.
    Row("mm4.late-replay=3500", REFUSED, again(3), wire=(rf"{sent('04100200')}(\w+)\n(?:.*\n)*?.*{sent('04100200')[1:]}\1$",),
        faults=("mm5.ignore",)),
]
LAST = [
    Row("mm5.ignore", REFUSED, again(3), stopped=MM5),
    Row("port4500.block", REFUSED, (r"sending packet: from 10\.9\.3\.\d+\[4500\] to 10\.9\.0\.2\[4500\]", *again(3)),
        conn={"encap": "yes"}, stopped=MM5),
    Row("psk.mismatch", REFUSED,
        (r"parsed INFORMATIONAL_V1 request \d+ \[ N\(PLD_MAL\) \]", r"ignoring unprotected INFORMATIONAL from 10\.9\.0\.2",
         r"message verification failed", r"ignore malformed INFORMATIONAL request", *again(3)), MISMATCH, stopped=MM5),
    Row("psk.mismatch:protected", REFUSED, (r"invalid HASH_V1 payload length, decryption failed\?", *UNDECRYPTED, *again(3)),
        MISMATCH, wire=(sent("08100501"),), stopped=MM5),
    Row("mm6.garble", REFUSED, (r"invalid ID_V1 payload length, decryption failed\?", *UNDECRYPTED,
                                r"generating INFORMATIONAL_V1 request \d+ \[ HASH N\(PLD_MAL\) \]")),
    Row("mm6.drop", REFUSED, again(3), (r"Duplicate Phase 1 packet detected\.  Retransmitting last packet\.",)),
    Row("mm6.bad-hash", REFUSED, (r"calculated HASH does not match HASH payload", r"sending DELETE for IKE_SA"),
        (r"Received delete for 1 ISAKMP SA",)),
    Row("mm6.wrong-id", REFUSED, (r"IDir 'wrong\.example' does not match to '10\.9\.0\.2'", r"sending DELETE for IKE_SA"),
        (r"Received delete for 1 ISAKMP SA",), conn={"ids": (None, US)}),
    Row("mm6.wrong-id=10.9.77.7", REFUSED, (r"IDir '10\.9\.77\.7' does not match to '10\.9\.0\.2'",), conn={"ids": (None, US)}),
    Row("p1.ok-then-delete", A_MOMENT, (r"IKE_SA f\d+\[\d+\] established", r"received DELETE for IKE_SA f\d+"),
        (r"sending delete/delete with reason message for ISAKMP SA",)),
]
QUICK = [
    Row("qm1.no-proposal", NO_CHILD, (r"received NO_PROPOSAL_CHOSEN error notify",), QM_ERROR, stopped="QM1"),
    Row("qm1.invalid-id", NO_CHILD, (r"received INVALID_ID_INFORMATION error notify",),
        (*QM_ERROR, r"Session is being torn down\. Reason: crypto map policy not found"), stopped="QM1"),
    pfs("need", "14", r"received NO_PROPOSAL_CHOSEN error notify"),
    pfs("forbid", "14", r"received NO_PROPOSAL_CHOSEN error notify"),
    pfs("group", "14", r"received NO_PROPOSAL_CHOSEN error notify"),
    pfs("forbid", "13", r"received ATTRIBUTES_NOT_SUPPORTED error notify", *again(4)),
    pfs("group", "17", r"received INVALID_KE_PAYLOAD error notify", *again(4)),
    pfs("need", "silence", *again(4)),
    Row("qm1.ignore", NO_CHILD, again(4)),
    Row("qm2.bad-hash", NO_CHILD, (r"received HASH payload does not match", r"integrity check failed",
                                   r"generating INFORMATIONAL_V1 request \d+ \[ HASH N\(INVAL_HASH\) \]"),
        (r"Received non-routine Notify message: INVALID_HASH_INFORMATION \(23\)",)),
    Row("qm2.no-hash", NO_CHILD, (r"expected HASH payload as first payload", r"message verification failed"),
        (r"Received non-routine Notify message: PAYLOAD_MALFORMED \(16\)",)),
    Row("qm2.no-nonce", NO_CHILD, (r"NONCE payload missing in message",),
        (r"Received non-routine Notify message: INVALID_PAYLOAD_TYPE \(1\)",), stopped="QM_WAIT_MSG3"),
    Row("qm2.no-sa", NO_CHILD, (r"sa payload missing",),
        (r"Received non-routine Notify message: NO_PROPOSAL_CHOSEN \(14\)",), stopped="QM_WAIT_MSG3"),
    # charon takes the second transform, its own favourite, we have keyed for ours: a tunnel that carries nothing.
    Row("qm2.two-transforms", UP, (r"selected proposal: ESP:AES_CBC_\d+/", CHILD_UP), (r"QM2 chooses transforms 2 and 1",),
        octets=True, child={"esp_proposals": "aes256-sha1,aes128-sha1"}),
    foreign2("encryption"), foreign2("integrity"), foreign2("key-length"),
    foreign2("group", entry={"pfs": 14}, child=PFS_CHILD),
    Row("qm2.spi0", UP, (r"CHILD_SA f\d+\{\d+\} established with SPIs \w{8}_i 0{8}_o",)),
    Row("qm2.lifetime", UP, (r"received (\d+)s lifetime, configured \d+s", CHILD_UP)),
    Row("qm2.mode", UP, (CHILD_UP,), (r"QM2 answers encapsulation mode 1 with 2",), octets=True),
    Row("qm2.ids=swap", NO_CHILD, (r"peer selected invalid traffic selectors: ", r"HASH N\(CRIT\)"), stopped="QM_WAIT_MSG3"),
    Row("qm2.ids=narrow", UP, (r"established with SPIs .* TS 10\.1\.\d+\.0/25 === 10\.2\.\d+\.0/25",)),
    # strongSwan takes only the part that it asked for.
    Row("qm2.ids=widen", UP, (r"established with SPIs .* TS 10\.1\.\d+\.0/24 === 10\.2\.\d+\.0/24",), octets=True),
    Row("qm2.ids=omit", NO_CHILD, (r"parsed QUICK_MODE response \d+ \[ HASH SA No N",
                                    r"peer selected invalid traffic selectors: "), stopped="QM_WAIT_MSG3"),
    Row("qm2.ids=one", NO_CHILD, (r"parsed QUICK_MODE response \d+ \[ HASH SA No ID N", r"HASH N\(CRIT\)"),
        stopped="QM_WAIT_MSG3"),
    Row("qm2.ids=three", NO_CHILD, (r"payload of type ID_V1 more than 2 times \(3\) occurred in current message",
                                    r"message verification failed")),
    Row("qm2.extra-ke", UP, (r"parsed QUICK_MODE response \d+ \[ HASH SA No KE ID ID", CHILD_UP), octets=True),
    Row("qm2.missing-ke", NO_CHILD, (r"KE payload missing", r"HASH N\(INVAL_KE\)"),
        (r"Received non-routine Notify message: INVALID_KEY_INFORMATION \(17\)",), stopped="QM_WAIT_MSG3",
        entry={"pfs": 14}, child=PFS_CHILD),
    Row("qm3.ignore", UP, (CHILD_UP, r"received retransmit of response with ID \d+, resending last request"),
        then=lambda stage, n: stage.has_no_pair(n)),
    Row("qm.reverse=bad-proxy", UP, (r"no matching CHILD_SA config found for 198\.51\.100\.0/24 === 203\.0\.113\.0/24|"
                                     r"no matching CHILD_SA config found for 203\.0\.113\.0/24 === 198\.51\.100\.0/24",
                                     r"HASH N\(INVAL_ID\)"),
        (r"Received non-routine Notify message: INVALID_ID_INFORMATION \(18\)",)),
    Row("qm.reverse=bad-transform", UP, (r"no matching proposal found", r"HASH N\(NO_PROP\)"),
        (r"Received non-routine Notify message: NO_PROPOSAL_CHOSEN \(14\)",)),
    Row("qm.reverse=pfs", UP, (r"no matching proposal found", r"HASH N\(NO_PROP\)"),
        (r"Received non-routine Notify message: NO_PROPOSAL_CHOSEN \(14\)",)),
]
AFTER = [
    Row("delete.p2", UP, (CHILD_UP, r"received DELETE for ESP CHILD_SA with SPI \w{8}", r"closing CHILD_SA f\d+"),
        (r"sending delete/delete with reason message for IPsec SA, SPI \w{8}",), then=lambda stage, n: stage.has_no_pair(n)),
    Row("delete.p1-while-p2", UP, (CHILD_UP, r"received DELETE for IKE_SA f\d+"),
        (r"sending delete/delete with reason message for ISAKMP SA, SPI \w{32}",)),
    Row("delete.clear", UP, (r"payload type DELETE_V1 was not encrypted|ignoring unprotected INFORMATIONAL",
                             r"ignore malformed INFORMATIONAL request", CHILD_UP), wire=(sent("0c100500"),),
        then=lambda stage, n: stage.still_up(n)),
    Row("delete.double", UP, (CHILD_UP, r"received DELETE for ESP CHILD_SA", r"CHILD_SA not found, ignored"),
        then=lambda stage, n: stage.has_no_pair(n)),
    Row("dpd.mute", UP, (r"sending DPD request", r"DPD check timed out, enforcing DPD action"),
        conn={"dpd_delay": "1s", "dpd_timeout": "3s"}, explained=False),
    Row("dpd.wrong-seq", UP, (r"received invalid DPD sequence number \d+ \(expected \d+\), ignored",),
        conn={"dpd_delay": "1s", "dpd_timeout": "30s"}, explained=False),
    Row("dpd.flood=7", UP, (r"(?:parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD\) \](?:.|\n)*){7}", CHILD_UP)),
    notify("initial-contact", r"parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(INITIAL_CONTACT\) \]"),
    notify("responder-lifetime", r"parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(\(24576\)\) \]"),
    # 16384 is INITIAL-CONTACT in IKEv2, whose words charon uses here.
    notify("connected", r"parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(INIT_CONTACT\) \]"),
    notify("invalid-spi", r"received INVALID_SPI error notify"),
    notify("invalid-cookie", r"received INVALID_(?:COOKIE|IKE_SPI) error notify"),
    notify("unknown-40001", r"parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(\(40001\)\) \]"),
]
HEADER = [
    Row("hdr.cookie-zero", REFUSED, again(1),
        wire=(r"^10\.9\.0\.2:500 > \S+ ttl=\d+ len=\d+ \w{16}0{16}01100200",), stopped=MM2),
    Row("hdr.cookie-swap", REFUSED, again(1),
        wire=(r"> 10\.9\.0\.2:500 ttl=\d+ len=\d+ (\w{16})0{16}0110(?:.|\n)*"
              r"^10\.9\.0\.2:500 > \S+ ttl=\d+ len=\d+ \w{16}\1",), stopped=MM2),
    Row("hdr.mid-zero", NO_CHILD, (*UNDECRYPTED, *again(4)), wire=(sent("0810200100000000"),)),
    Row("hdr.mid-reuse", UP, (CHILD_UP, r"sending retransmit 1 of request message ID \d+"),
        then=lambda stage, n: stage.second_fails(n)),
    Row("hdr.flags", REFUSED, (r"found encrypted payload, but no transform set", r"could not decrypt payloads", *again(1)),
        wire=(sent("01100201"),), stopped=MM2),
    Row("hdr.version", REFUSED, again(1), wire=(sent("01200200"),), stopped=MM2),
    # charon takes the datagram's length and does not look at the header's.
    Row("hdr.length", UP, (CHILD_UP,), wire=(sent("011002000000000000000080", size="124"),)),
    Row("hdr.length=-4", UP, (CHILD_UP,), wire=(sent("011002000000000000000078", size="124"),)),
    Row("hdr.next-payload", REFUSED, (r"parsed ID_PROT response 0 \[ UNKN\(255\) V V \]", r"SA payload missing"),
        wire=(sent("ff100200"),), stopped=MM2),
    Row("delay=MM4,500", UP, (r"sending retransmit 1 of request message ID 0, seq 2", CHILD_UP)),
    Row("dup=MM4", UP, (CHILD_UP,), wire=(rf"{sent('04100200')}(\w+)\n(?:.*\n)*?.*{sent('04100200')[1:]}\1$",)),
    Row("dup=MM2,3", UP, (CHILD_UP,), wire=(rf"(?:{sent('01100200')}\w+\n(?:.*\n)*?){{4}}",)),
    Row("reorder=MM4", UP, (r"sending retransmit 1 of request message ID 0, seq 2", CHILD_UP)),
    Row("reorder=QM2", UP, (r"sending retransmit 1 of request message ID \d+, seq 4", CHILD_UP)),
    Row("ttl=MM4", UP, (CHILD_UP,), wire=(sent("04100200", ttl="1"), sent("01100200", ttl="64"))),
    Row("ttl=MM6,3", UP, (CHILD_UP,), wire=(sent("05100201", ttl="3"),)),
    Row("port-change=MM4", NO_CHILD, (r"remote endpoint changed from 10\.9\.0\.2\[500\] to 10\.9\.0\.2\[4500\]",),
        wire=(sent("04100200", port=4500),)),
]
FAULTS = FIRST + LAST + QUICK + AFTER + HEADER

# Every datagram of the responder's wire: from, to, time to live, UDP payload; ICMP errors with what they are about.
SNIFF = """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.bind(("w0", 3))
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
def ends(p):
    u = p[(p[0] & 15) * 4:]
    return "%s:%d > %s:%d" % (socket.inet_ntoa(p[12:16]), u[0] << 8 | u[1], socket.inet_ntoa(p[16:20]), u[2] << 8 | u[3])
print("ready", flush=True)
while True:
    p, (_, _, kind, *_) = s.recvfrom(65536)
    h = (p[0] & 15) * 4
    if p[0] >> 4 != 4:
        continue
    if p[9] == 17:
        u = p[h:h + (p[h + 4] << 8 | p[h + 5])]
        print("%s ttl=%d len=%d %s" % (ends(p), p[8], len(u) - 8, u[8:].hex()), flush=True)
    elif p[9] == 1:
        print("icmp %d/%d %s > %s of %s" % (p[h], p[h + 1], socket.inet_ntoa(p[12:16]), socket.inet_ntoa(p[16:20]),
                                            ends(p[h + 8:])), flush=True)
"""


def sniff(host):
    p = Process(host, "wire", [sys.executable, "-c", SNIFF])
    p.out.wait("^ready")
    return p


class Lines:
    """A log of many negotiations at once: its new lines, sorted by whom they are about."""

    def __init__(self, log, key):
        self.log, self.key, self.lock = log, re.compile(key), threading.Lock()
        self.at, self.of = 0, collections.defaultdict(list)

    def __call__(self, name):
        with self.lock:
            try:
                with open(self.log.path, "rb") as f:
                    f.seek(self.at)
                    text = f.read()
            except FileNotFoundError:
                text = b""
            text = text[:text.rfind(b"\n") + 1]
            self.at += len(text)
            for line in text.decode(errors="replace").splitlines():
                if m := self.key.search(line):
                    self.of[m[1]].append(line)
            return "".join(x + "\n" for x in self.of[name])

    def wait(self, name, *patterns, timeout=PATIENCE):
        """Wait for all of them; those that did not come."""
        left = list(patterns)

        def look():
            text = self(name)
            left[:] = [p for p in left if not re.search(p, text, re.M)]
            return not left

        try:
            until("lines", look, timeout, every=0.1)
        except Failure:
            pass
        return left


class Stage:
    """A daemon with a tunnel group, and one charon with two connections, for each row."""

    def __init__(self, net, rows):
        init, resp = net.host("init"), net.host("resp")
        net.wire(init, "10.9.0.1/16", resp, f"{US}/16")
        run("ip", "-n", init.ns, "-batch", "-", input="".join(
            f"address add 10.9.{x}.{n}/16 dev w0\n" for x in (3, 4) for n in range(1, len(rows) + 1)))
        sniffer = sniff(init)
        self.rows = dict(enumerate(rows, 1))
        key = {"pre_shared_key": "lab-key"}
        groups = [{"name": f"f{n}", "peer": f"10.9.3.{n}", **key, "faults": [r.spec, *r.faults], **r.group,
                   "crypto_map": [{**entry(n), **r.entry}, entry(100 + n)]} for n, r in self.rows.items()] + [
                  {"name": "honest", "peer": "10.9.4.0/24", **key, "crypto_map": [entry(n) for n in self.rows]}]
        self.d = Ikev1d(resp, {**policy(groups=groups), "limits": {"half_open_timeout": 3}})
        conns = {}
        for n, r in self.rows.items():
            kids = {f"f{n}": {**child(n), **r.child}, f"g{n}": child(100 + n)}
            conns[f"f{n}"] = connection(r.ike, kids, local=f"10.9.3.{n}", **{"encap": "no", **r.conn})
            conns[f"h{n}"] = connection(IKE, {f"h{n}": child(n)}, local=f"10.9.4.{n}", encap="no")
        self.charon = Charon(init, conns, esp=False, retransmit=0.3, ike_name=True)
        self.theirs = Lines(self.charon.log, r"<(\w+)\|\d+>")
        self.ours = Lines(self.d.log, r"IP = (10\.9\.[34]\.\d+)[, ]")
        self.wire = Lines(sniffer.out, r"(10\.9\.[34]\.\d+)")

    # What a row may ask for when it has been tried.

    def pairs(self, n):
        return [s for s in self.d.ipsec_sas() if s["peer"] == f"10.9.3.{n}"]

    def has_no_pair(self, n):
        until("no IPsec SA here", lambda: not self.pairs(n))

    def still_up(self, n):
        if not self.pairs(n):
            raise Failure("our IPsec SAs are gone")

    def second_fails(self, n):
        if self.charon.try_to_initiate(f"g{n}", timeout=4):
            raise Failure("the second CHILD_SA came up")

    # The play.

    def play(self, n):
        """One row; what was wrong, one line each."""
        r, problems = self.rows[n], []
        try:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                faulty = pool.submit(self.charon.try_to_initiate, f"f{n}", timeout=6)
                until("it has begun", lambda: self.wire(f"10.9.3.{n}"))
                if r.end != UP and self.ours.wait(f"10.9.3.{n}", rf"FAULT {re.escape(r.name)}: "):
                    problems.append("no FAULT line")
                problems += self.honest(n)
                up = faulty.result()
            if r.then:
                r.then(self, n)
            problems += self.judge(n, up)
        except (Failure, OSError, KeyError, ValueError) as e:
            problems.append(f"{type(e).__name__}: {e}")
        if r.end != UP:
            self.charon.swanctl("--terminate", "--ike", f"f{n}", "--force", "--timeout", "1", check=False)
        return problems

    def honest(self, n):
        """The twin: its negotiation succeeds, and none of its lines speaks of a fault."""
        who = f"10.9.4.{n}"
        if not self.charon.try_to_initiate(f"h{n}", timeout=10):
            return ["the honest peer did not come up"]
        left = self.ours.wait(who, rf"Group = honest, IP = {re.escape(who)}, PHASE 2 COMPLETED")
        return [f"not in our log of the honest peer: {p}" for p in left] + [
            f"of the honest peer: {line}" for line in self.ours(who).splitlines() if "FAULT" in line]

    def judge(self, n, up):
        r, who, problems = self.rows[n], f"10.9.3.{n}", []
        problems += [f"not in charon's log: {p}" for p in self.theirs.wait(f"f{n}", *r.theirs, timeout=8)]
        fault = rf"Group = f{n}, IP = {re.escape(who)}, FAULT {re.escape(r.name)}: "
        problems += [f"not in our log: {p}" for p in self.ours.wait(who, fault, *r.ours, timeout=4)]
        problems += [f"not on the wire: {p}" for p in self.wire.wait(who, *r.wire, timeout=4)]
        end = UP if up else NO_CHILD if re.search(r"IKE_SA f\d+\[\d+\] established", self.theirs(f"f{n}")) else REFUSED
        if end != r.end and not (r.end == A_MOMENT and end != REFUSED):
            problems.append(f"ended with {end}, not with {r.end}")
        return problems + self.explained(n)

    def explained(self, n):
        """`explain` names the fault, wherever the negotiation ended, and says that it was asked for."""
        r, who = self.rows[n], f"10.9.3.{n}"
        if not r.explained:
            return []

        def look():
            return [x for x in self.d.ask("explain", who)["failures"]
                    if r.name in x["faults"] and r.stopped in x["stopped"]]

        try:
            found = until("explain", look, timeout=8, every=0.3)
        except Failure:
            return [f"explain does not name it: {self.d.ctl('explain', who, check=False).stdout.strip()[:300]}"]
        x = found[0]
        problems = [] if x["kind"] == "fault" else [f"explain: kind {x['kind']}"]
        if not re.search(rf"asked for: .*{re.escape(r.name)}", x["verdict"]):
            problems.append(f"explain: {x['verdict']}")
        if x["group"] != f"f{n}":
            problems.append(f"explain: group \"{x['group']}\"")
        return problems

    def lines(self, n):
        """What was said and sent, to explain a failure of the test."""
        theirs = [x for x in self.theirs(f"f{n}").splitlines()
                  if not re.search(r"\[CHD\] <[^>]*>\s+(\d+:|0x)|queueing|activating|  using|vendor ID", x)]
        ours = [x for x in self.ours(f"10.9.3.{n}").splitlines() if "IKE_DECODE" not in x]
        return ["--- charon"] + theirs[:45] + ["--- ikev1d"] + ours[:30] + ["--- wire"] + [
            x[:160] for x in self.wire(f"10.9.3.{n}").splitlines()[:12]]


def act(t, rows):
    with t.new_lab() as net:
        stage = Stage(net, rows)
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            results = list(pool.map(stage.play, stage.rows))
        for (n, row), problems in zip(stage.rows.items(), results):
            t.tap.result(not problems, f"{t.name}: {row.spec}: {row.end}, with an honest peer beside it",
                         lines=problems + stage.lines(n) if problems else [])
        with t.step("the counter counts, status tells"):
            def counted():
                fired = stage.d.ask("status")["counters"]["faults_fired"]
                return fired, stage.d.log.count(r", FAULT \S+: (?!armed as)")
            try:
                until("as many as lines of the log", lambda: len(set(counted())) == 1, timeout=4, every=0.2)
            except Failure:
                raise Failure("fired, logged: %d, %d" % counted()) from None
            assert {x["fault"] for x in stage.d.ask("status")["faults"]} >= {r.spec for r in rows}


for title, part in (("first", FIRST), ("last", LAST), ("Quick Mode", QUICK), ("afterwards", AFTER),
                    ("header and transport", HEADER)):
    case(f"faults: {title}")(lambda t, part=part: act(t, part))


def catalogue():
    """Name -> choices of its first argument, from the one table in the code."""
    with open(os.path.join(TOP, "src/fault/fault_table.c"), encoding="utf-8") as f:
        text = f.read()
    rows = re.findall(r'^\t\{ "([^"]+)",(.*?)\.hooks', text, re.M | re.S)
    return {name: (re.findall(r'CHOICE\("([^"]+)"', body) or [""])[0].split("|") for name, body in rows}


@case("faults: every one has a test")
def complete(t):
    rows = catalogue()
    with t.step(f"the catalogue's {len(rows)} names are those of this table"):
        tested = {r.name for r in FAULTS}
        assert len(rows) > 50 and tested == set(rows), f"without a test: {set(rows) - tested}; unknown: {tested - set(rows)}"
    with t.step("so is each choice of an argument"):
        missing = [f"{name}={word}" for name, words in rows.items() for word in words
                   if word and not any(re.match(rf"{re.escape(name)}={re.escape(word)}(,|$)", r.spec) for r in FAULTS)]
        assert not missing, missing
    with t.step("what no peer shows has its octets asserted among the unit tests"):
        with open(os.path.join(TOP, "tests/unit/fault/test_lies.c"), encoding="utf-8") as f:
            lies = re.findall(r'^\t\{"([^"]+)"', f.read(), re.M)
        silent = {r.spec for r in FAULTS if r.octets}
        assert silent <= set(lies), silent - set(lies)


# --- armed at run time ---

def small(net):
    """One peer of group lab, one of group other; (daemon, charon)."""
    init, resp = net.line()
    init.ip("address", "add", "10.9.0.7/24", "dev", "w0")
    maps = [entry(n) for n in range(20)]
    groups = [{"name": name, "peer": peer, "pre_shared_key": "lab-key", "crypto_map": maps}
              for name, peer in (("lab", "10.9.0.1"), ("other", "10.9.0.7"))]
    d = Ikev1d(resp, {**policy(groups=groups), "limits": {"half_open_timeout": 3}})
    conns = {"gw": connection(IKE, {f"k{n}": child(n) for n in range(20)}, encap="no"),
             "other": connection(IKE, {"o0": child()}, local="10.9.0.7", encap="no")}
    return d, Charon(init, conns, esp=False, retransmit=0.3)


def is_armed(d):
    """Fault -> what is left, in the words of status."""
    return {x["fault"]: x["left"] for x in d.ask("status")["faults"]}


@case("faults: list, set and clear")
def runtime(t):
    with t.new_lab() as net:
        d, charon = small(net)
        with t.step("the list has each row of the catalogue, with both sides' symptoms"):
            listed = {x["name"]: x for x in d.ask("fault", "list")["faults"]}
            assert set(listed) == set(catalogue()), set(listed) ^ set(catalogue())
            for x in listed.values():
                assert x["wire"] and x["asa"] and x["strongswan"] and x["how"], x
            text = d.ctl("fault", "list").stdout
            assert all(name in text for name in listed)
        with t.step("nothing is armed, and it comes up"):
            assert is_armed(d) == {}
            charon.initiate("k0")
            charon.command("terminate", ike="gw")
        with t.step("set --count 2: two negotiations of that group fail, the third does not"):
            d.ctl("fault", "set", "lab", "mm1.no-proposal", "--count", "2")
            assert is_armed(d) == {"mm1.no-proposal": 2}
            d.log.wait(r"Group = lab, FAULT mm1\.no-proposal: armed as ")
            assert "mm1.no-proposal" in d.ctl("status").stdout
            for left in (1, 0):
                assert not charon.try_to_initiate("k0", timeout=4)
                until(f"{left} left", lambda n=left: list(is_armed(d).values()) in ([n], []))
                charon.initiate("o0")
                charon.command("terminate", ike="other")
            charon.initiate("k0")
        with t.step("by the peer's address, and for all groups"):
            d.ctl("fault", "set", "10.9.0.7", "qm1.invalid-id", "--count", "1")
            [x] = [x for x in d.ask("status")["faults"] if x["fault"].startswith("qm1.invalid-id")]
            assert x["group"] == "other" and x["from"] == "control", x
            assert not charon.try_to_initiate("o0", timeout=4)
            d.ctl("fault", "clear")
            d.ctl("fault", "set", "all", "qm1.no-proposal")
            assert sorted(x["group"] for x in d.ask("status")["faults"]) == ["lab", "other"]
            assert not charon.try_to_initiate("k1", timeout=4) and not charon.try_to_initiate("o0", timeout=4)
        with t.step("clear, and both come up"):
            mark = d.log.mark()
            assert d.ask("fault", "clear", "lab", "qm1.no-proposal")["count"] == 1
            d.log.wait(r"Group = lab, FAULT qm1\.no-proposal: cleared, it acted 1 time", mark)
            charon.initiate("k1")
            assert not charon.try_to_initiate("o0", timeout=4)
            d.ctl("fault", "clear", "all")
            assert is_armed(d) == {}
            charon.initiate("o0")
        with t.step("what contradicts, and what does not exist, is refused with the reason"):
            d.ctl("fault", "set", "lab", "qm1.ignore")
            for spec, words in (("qm2.bad-hash", "contradicts"), ("mm4.dorp", r"did you mean \"mm4\.drop\""),
                                ("mm4.bad-ke=blue", r"none of omit\|empty"), ("delay=MM4", "is missing"),
                                ("mm4.drop p=2", "p is")):
                p = d.ctl("fault", "set", "lab", spec, check=False)
                assert p.returncode != 0 and re.search(words, p.stdout + p.stderr), (spec, p.stdout, p.stderr)
            assert d.ctl("fault", "set", "nobody", "mm4.drop", check=False).returncode != 0
            assert list(is_armed(d)) == ["qm1.ignore"]
        with t.step("what was set at run time outlives a reload"):
            d.ctl("reload")
            assert list(is_armed(d)) == ["qm1.ignore"]
            d.ctl("fault", "clear", "lab")
            charon.initiate("k2")


@case("faults: occurrences and chances")
def chances(t):
    with t.new_lab() as net:
        d, charon = small(net)
        charon.initiate("k0")

        def outcomes(numbers):
            up = [charon.try_to_initiate(f"k{n}", timeout=4) for n in numbers]
            for n, ok in zip(numbers, up):
                if ok:
                    charon.command("terminate", child=f"k{n}")
            return up

        with t.step("@2: the second Quick Mode since it was armed, and no other"):
            d.ctl("fault", "set", "lab", "qm1.no-proposal@2")
            assert outcomes([1, 2, 3]) == [True, False, True]
            d.ctl("fault", "clear")
        with t.step("p=0.5 with a seed: some, and the same ones again with the same seed"):
            runs = []
            for _ in range(2):
                mark = d.log.mark()
                d.ctl("fault", "set", "lab", "qm1.no-proposal p=0.5 seed=7")
                d.log.wait(r"FAULT qm1\.no-proposal: armed as .*p=0\.5 seed=7", mark)
                runs.append(outcomes(range(1, 11)))
                d.ctl("fault", "clear")
            assert runs[0] == runs[1], runs
            assert 0 < sum(runs[0]) < 10, runs[0]
        with t.step("without a seed one is chosen and printed, and makes the same again"):
            mark = d.log.mark()
            d.ctl("fault", "set", "lab", "qm1.no-proposal", "p=0.5")
            seed = d.log.wait(r"FAULT qm1\.no-proposal: armed as .*p=0\.5 seed=(\d+)", mark)[1]
            first = outcomes(range(1, 11))
            d.ctl("fault", "clear")
            d.ctl("fault", "set", "lab", "qm1.no-proposal", "p=0.5", f"seed={seed}")
            assert outcomes(range(1, 11)) == first
            d.ctl("fault", "clear")
        with t.step("from the policy file: two together, one of them for the first negotiation alone"):
            charon.command("terminate", ike="gw")
            d.write_policy({**policy(groups=[{"name": "lab", "peer": "10.9.0.1", "pre_shared_key": "lab-key",
                                              "faults": ["mm4.drop count=1", "qm2.lifetime"],
                                              "crypto_map": [entry(n) for n in range(4)]}])})
            d.ctl("reload")
            assert not charon.try_to_initiate("k0", timeout=4)
            mark = charon.log.mark()
            charon.initiate("k0")
            charon.log.wait(r"received \d+s lifetime, configured \d+s", mark)
            assert d.log.find(r"FAULT mm4\.drop: MM4") and d.log.find(r"FAULT qm2\.lifetime: QM2")


# --- the three dialects ---

@case("notify dialects")
def dialects(t):
    names = ["asa", "short", "protected"]
    rows = [Row("mm1.no-proposal", REFUSED, group={"notify_dialect": name}) for name in names] + [
            Row("psk.mismatch", REFUSED, group={"notify_dialect": name}) for name in names] + [
            Row("mm1.no-proposal", REFUSED)]
    with t.new_lab() as net:
        stage = Stage(net, rows)
        with concurrent.futures.ThreadPoolExecutor(7) as pool:
            list(pool.map(lambda n: stage.charon.try_to_initiate(f"f{n}", timeout=5), stage.rows))

        def seen(n, *patterns):
            left = stage.wire.wait(f"10.9.3.{n}", *patterns, timeout=4)
            assert not left, "\n".join(left + [stage.wire(f"10.9.3.{n}")])

        # Header: next payload 11, version 1.0, Informational, flags, message id, length; then the notify: IPsec
        # DOI, protocol 1, size of the SPI, type, SPI.
        asa = (r"^10\.9\.0\.2:500 > \S+ ttl=\d+ len=56 (\w{16})(\w{16})0b100500(?!0{8})\w{8}00000038"
               r"0000001c000000010110000e\1\2$")
        with t.step("asa: 56 octets, in the clear, a random message id, both cookies as SPI"):
            seen(1, asa)
            seen(4, asa.replace("000e", "0010"))
        with t.step("asa is the default"):
            seen(7, asa)
        with t.step("short: 40 octets, in the clear, message id 0, no SPI"):
            seen(2, sent("0b10050000000000000000280000000c000000010100000e$", size="40"))
            seen(5, sent("0b10050000000000000000280000000c0000000101000010$", size="40"))
        with t.step("protected: encrypted, HASH first; without keys it has to be in the clear"):
            seen(6, sent(r"08100501(?!0{8})\w{8}"))
            assert not re.search(sent("0b100500"), stage.wire("10.9.3.6"), re.M), "in the clear, too"
            seen(3, sent("0b100500"))
        with t.step("charon understands what came in the clear before it had keys"):
            for n in (1, 2, 3, 7):
                assert not stage.theirs.wait(f"f{n}", r"received NO_PROPOSAL_CHOSEN error notify")
        with t.step("and later ignores it, or cannot read what comes under wrong keys"):
            for n, words in ((4, r"ignoring unprotected INFORMATIONAL"), (5, r"ignoring unprotected INFORMATIONAL"),
                             (6, r"invalid HASH_V1 payload length, decryption failed\?")):
                assert not stage.theirs.wait(f"f{n}", words), n


# --- ASA's words, without any fault ---

PROXY = (r"Rejecting IPSec tunnel: no matching crypto map entry for remote proxy 10\.1\.99\.0/255\.255\.255\.0/0/0 local proxy "
         r"10\.2\.99\.0/255\.255\.255\.0/0/0")
WRONG = r"Mismatched attribute types for class "
ALL_BAD = r"All SA proposals found unacceptable"
TERMINATING = r"IKE SA MM:[0-9a-f]{8} terminating:  flags 0x[0-9a-f]{8}, refcnt 0, tuncnt 0"

# The mistake at the peer -> what its connection, its CHILD_SA or our group has; the lines of ours, in this order.
MISTAKES = {
    "no mistake": ({}, {}, {}, (
        r"IKE_DECODE RECEIVED Message \(msgid=0\) with payloads : HDR \+ SA \(1\) \+ VENDOR \(13\).* \+ "
        r"NONE \(0\) total length : \d+",
        r"Trying to find group via IP ADDR\.\.\.", r"Connection landed on tunnel_group \S+", r"Oakley proposal is acceptable",
        r"IKE_DECODE SENDING Message \(msgid=0\) with payloads : HDR \+ SA \(1\).* \+ NONE \(0\) total length : \d+",
        r"IKE_DECODE RECEIVED Message \(msgid=0\) with payloads : HDR \+ KE \(4\) \+ NONCE \(10\)", r"PHASE 1 COMPLETED",
        r"IKE_DECODE RECEIVED Message \(msgid=[0-9a-f]+\) with payloads : HDR \+ HASH \(8\) \+ SA \(1\)",
        r"PHASE 2 COMPLETED \(msgid=[0-9a-f]{8}\)")),
    "another group": ({"proposals": "aes128-sha256-modp1536"}, {}, {}, (
        WRONG + r"Group Description:\s+Rcv'd: Group 5\s+Cfg'd: Group 14", ALL_BAD, TERMINATING)),
    "another hash": ({"proposals": "aes128-sha1-modp2048"}, {}, {}, (
        WRONG + r"Hash Algorithm:\s+Rcv'd: SHA1\s+Cfg'd: SHA2-256", ALL_BAD)),
    "another cipher": ({"proposals": "3des-sha256-modp2048"}, {}, {}, (
        WRONG + r"Encryption Algorithm:\s+Rcv'd: 3DES-CBC\s+Cfg'd: AES-CBC-128", ALL_BAD)),
    "another key length": ({"proposals": "aes256-sha256-modp2048"}, {}, {}, (
        WRONG + r"Encryption Algorithm:\s+Rcv'd: AES-CBC-256\s+Cfg'd: AES-CBC-128", ALL_BAD)),
    "all attributes": ({"proposals": "3des-md5-modp1024,aes256-sha1-modp1536"}, {}, {}, (
        WRONG + r"Encryption .*; class Hash .*MD5.*; class Group Description: .*proposal 1, transform 1",
        WRONG + r"Encryption .*; class Hash .*; class Group Description: .*proposal 1, transform 2", ALL_BAD)),
    "another key": ({}, {}, {"pre_shared_key": "another"}, (
        *MISMATCH, r"IKE MM Responder FSM error history \(struct &0x[0-9a-f]+\)  <state>, <event>:  MM_DONE, EV_ERROR-->MM_WAIT_MSG5, "
        r"EV_PROB_AUTH_FAIL-->MM_WAIT_MSG5, EV_RCV_MSG5-->MM_WAIT_MSG5, EV_SND_MSG4-->"
        r"MM_WAIT_MSG3, EV_RCV_MSG3-->MM_WAIT_MSG3, EV_SND_MSG2-->MM_START, EV_RCV_MSG1",
        TERMINATING)),
    "another identity": ({"ids": ("wrong.example", None)}, {}, {"remote_id": "right.example"}, (r"wrong\.example", TERMINATING)),
    "other networks": ({}, {"local_ts": "10.1.99.0/24", "remote_ts": "10.2.99.0/24"}, {}, (
        PROXY, *QM_ERROR, r"Session is being torn down\. Reason: crypto map policy not found")),
    "another transform set": ({}, {"esp_proposals": "aes256-sha1"}, {}, (
        r"Phase 2 failure:  Mismatched attribute types for class .*Rcv'd: .*256.*Cfg'd: .*128",
        r"All IPSec SA proposals found unacceptable!", *QM_ERROR)),
    "PFS": ({}, PFS_CHILD, {}, (r"PFS mismatch", *QM_ERROR)),
}


@case("ASA's words as the responder")
def words(t):
    with t.new_lab() as net:
        init, resp = net.host("init"), net.host("resp")
        net.wire(init, "10.9.0.1/16", resp, f"{US}/16")
        sniffer = sniff(init)
        groups, conns = [], {}
        for n, (conn, kid, group, _) in enumerate(MISTAKES.values(), 1):
            init.ip("address", "add", f"10.9.3.{n}/16", "dev", "w0")
            groups.append({"name": f"g{n}", "peer": f"10.9.3.{n}", "pre_shared_key": "lab-key",
                           "crypto_map": [entry(n)], **group})
            conns[f"f{n}"] = connection(conn.get("proposals", IKE), {f"f{n}": {**child(n), **kid}}, local=f"10.9.3.{n}",
                                        encap="no", ids=conn.get("ids", (None, None)))
        d = Ikev1d(resp, {**policy(groups=groups), "limits": {"half_open_timeout": 4}})
        charon = Charon(init, conns, esp=False, retransmit=0.2, ike_name=True)
        ours = Lines(d.log, r"IP = (10\.9\.3\.\d+)[, ]")
        for n, (what, (*_, lines)) in enumerate(MISTAKES.items(), 1):
            with t.step(what):
                up = charon.try_to_initiate(f"f{n}", timeout=5)
                assert up == (n == 1), "came up" if up else "did not come up"
                in_order = "".join(rf"(?:.|\n)*?^\S+ (?:Group = \S+, )?IP = 10\.9\.3\.{n}, .*(?:{x})" for x in lines)
                if ours.wait(f"10.9.3.{n}", in_order, timeout=8):
                    missing = [x for x in lines if not re.search(x, ours(f"10.9.3.{n}"))]
                    raise Failure(f"not there: {missing}" if missing else "not in this order:\n" + ours(f"10.9.3.{n}"))
        with t.step("a third message of nobody's negotiation"):
            # charon's own, again, for cookies that were never given out.
            [octets] = re.findall(r"^10\.9\.3\.1:500 > \S+ ttl=\d+ len=\d+ \w{32}(04100200\w+)$", sniffer.out.text(), re.M)[:1]
            script = ("import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.9.3.1', 5555));"
                      "s.sendto(bytes.fromhex(sys.argv[1]), ('10.9.0.2', 500))")
            init.run(sys.executable, "-c", script, "1122334455667788" "99aabbccddeeff00" + octets)
            d.log.wait(r"IP = 10\.9\.3\.1, Header invalid, missing SA payload! \(next payload = 4\)")
        with t.step("nothing of this was a fault"):
            assert not d.log.find("FAULT ") and d.ask("status")["counters"]["faults_fired"] == 0
