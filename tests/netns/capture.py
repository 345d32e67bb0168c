"""What the daemon writes for a reader with Wireshark; what it finds out about a wrong key."""
# SPDX-License-Identifier: BSD-2-Clause
import os
import pwd
import stat


from evidence import LIFE, need
from lab import Charon, Ikev1d, child, connection, entry, policy, until
from life import IKE, up
from run import case

PEER = "10.9.0.1"
ICMP = "esp && icmp.type == 8"
# Expert severity is a warning or worse; ESP into nowhere has no answers, and that is all that may be said of it.
ODD = "_ws.malformed || (_ws.expert.severity >= 0x00600000 && !icmp.resp_not_found) || data && isakmp"


def tshark(host, folder, name, *args):
    """What tshark makes of the capture when it is pointed at the folder, and at nothing else: one line a packet."""
    env = {**os.environ, "WIRESHARK_CONFIG_DIR": folder, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    return host.run(need("tshark"), "-n", "-r", f"{folder}/{name}", "-o", "ip.check_checksum:TRUE", "-o",
                    "udp.check_checksum:TRUE", *args, env=env).stdout


def folder_for(d, name="cap"):
    path = os.path.join(d.dir, name)
    os.makedirs(path, mode=0o700)
    return path


def gateway(net, kernel_esp=True, **pol):
    init, resp = net.line()
    init.ip("address", "add", "10.1.0.1/24", "dev", "lo")
    d = Ikev1d(resp, policy([entry(0), entry(1, pfs=19)], key_export="", **pol))
    kids = {"k0": {**child(0), "policies": "yes"}, "k1": child(1, "aes128-sha1-ecp256")}
    return init, resp, d, Charon(init, {"gw": connection(IKE, kids)}, esp=kernel_esp)


def ping(init, count=3):
    """Into the tunnel; nobody answers there."""
    init.run("ping", "-n", "-c", str(count), "-i", "0.2", "-W", "1", "-I", "10.1.0.1", "10.2.0.1", check=False)


def rows(resp, folder, name, filter_, *fields):
    out = tshark(resp, folder, name, "-Y", filter_, "-T", "fields", *[x for f in fields for x in ("-e", f)])
    return [line.split("\t") for line in out.splitlines()]


def private(folder):
    """Each file in it is for its owner alone."""
    for name in os.listdir(folder):
        mode = stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode)
        assert mode == 0o600, f"{name} has mode {mode:o}"
    return sorted(os.listdir(folder))


@case("capture: pointed at the folder")
def pointed(t):
    with t.new_lab() as net:
        init, resp, d, charon = gateway(net)
        folder = folder_for(d)
        with t.step("started and stopped at run time, said in the log and in status"):
            assert "capture" not in d.ask("status")
            d.ctl("capture", "start", f"{folder}/c.pcapng")
            d.log.wait(rf"capture: packets of all, and the keys that decrypt them, are written to {folder}/c.pcapng")
            up(d, charon, "k0")
            mark = charon.log.mark()
            d.ctl("dpd", PEER)
            charon.log.wait(r"generating INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD_ACK\) \]", mark)
            up(d, charon, "k1")
            ping(init)
            until("ESP at the daemon", lambda: d.ask("status")["counters"]["esp_in"] >= 3)
            assert d.ask("status")["capture"]["packets"] >= len(LIFE)
            assert f"Capture   : {folder}/c.pcapng, peer all" in d.ctl("status").stdout
            charon.command("terminate", ike="gw")
            until("no SA", lambda: not d.isakmp_sas())
            said = d.ask("capture", "stop")["capture"]
            assert said["lost"] == 0 and not said["failed"], said
            d.log.wait(r"capture: .* ended: \d+ packets")
            assert "capture" not in d.ask("status")
        with t.step("four files, none for others"):
            got = private(folder)
            assert got == ["c.pcapng", "esp_sa", "ikev1_decryption_table", "preferences"], got
        with t.step("tshark decrypts every message, payload for payload"):
            seen = rows(resp, folder, "c.pcapng", "isakmp && !udpencap.nat_keepalive", "isakmp.exchangetype",
                        "isakmp.typepayload")
            assert len(seen) > len(LIFE), seen
            for (label, exchange, payloads), row in zip(LIFE, seen):
                assert int(row[0]) == exchange and payloads <= {int(x) for x in row[1].split(",") if x}, f"{label}: {row}"
            for row in seen[len(LIFE):]:
                assert {8, 12} <= {int(x) for x in row[1].split(",")}, f"a delete: {row}"
        with t.step("and the ESP that the peer sent, each ICV right"):
            pings = rows(resp, folder, "c.pcapng", ICMP, "ip.src", "ip.dst", "esp.icv_good", "esp.icv_bad")
            assert len(pings) == 3, pings
            for row in pings:
                assert row[0] == f"{PEER},10.1.0.1" and row[1] == "10.9.0.2,10.2.0.1", row
                assert row[2].lower() in ("1", "true") and row[3].lower() not in ("1", "true"), row
            assert len(rows(resp, folder, "c.pcapng", "esp", "esp.spi")) == 3, "ESP that is not decrypted"
        with t.step("headers, checksums and directions are right"):
            for path, mine in (("ip.src == 10.9.0.2", "2"), ("ip.dst == 10.9.0.2", "1")):
                for row in rows(resp, folder, "c.pcapng", path, "ip.checksum.status", "udp.checksum.status",
                                "frame.packet_flags_direction"):
                    first = [x.split(",")[0] for x in row]
                    assert first[:2] == ["1", "1"] and int(first[2], 0) == int(mine), row
            odd = tshark(resp, folder, "c.pcapng", "-Y", ODD)
            assert not odd.strip(), odd


@case("capture: what stood before it")
def before(t):
    with t.new_lab() as net:
        init, resp, d, charon = gateway(net)
        folder = folder_for(d)
        up(d, charon, "k0")
        d.ctl("capture", "start", f"{folder}/c.pcapng", "lab")
        with t.step("the ISAKMP SA's key is there: Quick Mode on it is read, and what the new IPsec SA carries"):
            mark = d.log.mark()
            d.ctl("rekey", PEER)
            d.log.wait("PHASE 2 COMPLETED", mark)
            until("charon uses the new pair", lambda: len([c for c in charon.children() if c[0] == "k0"]) >= 1)
            ping(init)
            until("ESP at the daemon", lambda: d.ask("status")["counters"]["esp_in"] >= 3)
            d.ctl("capture", "stop")
            seen = [{int(x) for x in row[1].split(",") if x} for row in
                    rows(resp, folder, "c.pcapng", "isakmp.exchangetype == 32", "isakmp.exchangetype", "isakmp.typepayload")]
            assert len(seen) == 3 and {1, 5, 8, 10} <= seen[0] and {1, 5, 8, 10} <= seen[1] and 8 in seen[2], seen
            assert len(rows(resp, folder, "c.pcapng", ICMP + " && esp.icv_good == 1", "esp.spi")) == 3
        with t.step("the next one is written beside it, appended keys and all"):
            assert "is there already" in d.ctl("capture", "start", f"{folder}/c.pcapng", check=False).stderr
            d.ctl("capture", "start", f"{folder}/d.pcapng")
            charon.command("terminate", ike="gw")
            until("no SA", lambda: not d.isakmp_sas())
            up(d, charon, "k0")
            d.ctl("capture", "stop")
            deletes = rows(resp, folder, "d.pcapng", "isakmp.typepayload == 12", "isakmp.messageid")
            assert deletes, "no delete was decrypted"
            assert len(rows(resp, folder, "d.pcapng", "isakmp.exchangetype == 32 && isakmp.typepayload == 5", "frame.number")) == 2


@case("capture: refusals, one peer, rotation")
def refusals(t):
    with t.new_lab() as net:
        _init, _resp, d, charon = gateway(net, capture={"size": 2, "files": 3})
        folder = folder_for(d)
        with t.step("a place that others can write to is refused, with what would do"):
            for path, words in (("/tmp/c.pcapng", "others can write into that folder"),
                                ("c.pcapng", "absolute path"),
                                (f"{d.dir}/nowhere/c.pcapng", "No such file or directory")):
                p = d.ctl("capture", "start", path, check=False)
                assert p.returncode != 0 and words in p.stderr, f"{path}: {p.stderr}"
            p = d.ctl("capture", "start", "/tmp/c.pcapng", check=False)
            assert "the daemon runs as user root: install -d -m 0700 -o root /tmp" in p.stderr, p.stderr
            p = d.ctl("capture", "stop", check=False)
            assert p.returncode == 1 and "no capture runs" in p.stderr, p.stderr
            p = d.ctl("capture", "start", f"{folder}/c", "asa-hq", check=False)
            assert "neither an address nor the name of a tunnel group" in p.stderr, p.stderr
            assert not os.listdir(folder)
        with t.step("packets and keys of another peer are not in it"):
            d.ctl("capture", "start", f"{folder}/c", "192.0.2.99")
            p = d.ctl("capture", "start", f"{folder}/d", check=False)
            assert "runs already" in p.stderr, p.stderr
            up(d, charon, "k0")
            said = d.ask("capture", "stop")["capture"]
            assert said["packets"] == 0 and said["peer"] == "192.0.2.99", said
            assert os.path.getsize(f"{folder}/esp_sa") == 0 == os.path.getsize(f"{folder}/ikev1_decryption_table")
        with t.step("rotated by size, three files kept, each to be read alone"):
            d.ctl("capture", "start", f"{folder}/r", PEER)
            for _ in range(12):     # refused as long as the answer to the last one is out
                until("a probe", lambda: d.ctl("dpd", PEER, check=False).returncode == 0)
            for _ in range(3):
                mark = d.log.mark()
                d.ctl("rekey", PEER)
                d.log.wait("PHASE 2 COMPLETED", mark)
            said = d.ask("capture", "stop")["capture"]
            assert said["rotated"] >= 3 and said["lost"] == 0, said
            got = [n for n in private(folder) if n.startswith("r")]
            assert got == ["r", "r.1", "r.2"], got
            for name in got:
                assert os.path.getsize(f"{folder}/{name}") <= 2048 + 512
                assert tshark(_resp, folder, name).strip(), name


@case("capture: as nobody, to the daemon's end")
def nobody(t):
    uid = pwd.getpwnam("nobody").pw_uid
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy(key_export="", user="nobody"), owner=uid)
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()})})
        folder = folder_for(d)
        with t.step("root's folder is none for it: it says who it is, and what would do"):
            p = d.ctl("capture", "start", f"{folder}/c.pcapng", check=False)
            for words in ("Permission denied", "runs as user nobody", f"install -d -m 0700 -o nobody {folder}"):
                assert words in p.stderr, p.stderr
        with t.step("in a folder of its own it captures, the last delete included"):
            os.chown(folder, uid, -1)
            d.ctl("capture", "start", f"{folder}/c.pcapng")
            up(d, charon, "k0")
            assert d.stop() == 0
            d.log.wait(r"capture: .* ended: \d+ packets, \d+ octets, 0 lost")
            assert {os.stat(f"{folder}/{n}").st_uid for n in private(folder)} == {uid}
            sent = rows(resp, folder, "c.pcapng", "ip.src == 10.9.0.2 && isakmp.typepayload == 12", "isakmp.exchangetype")
            assert len(sent) == 2, sent


@case("key diagnosis")
def diagnosis(t):
    groups = [{"name": "lab", "peer": PEER, "pre_shared_key": "lab-key", "crypto_map": [entry()]},
              {"name": "asa-old", "peer": "192.0.2.77", "pre_shared_key": "the key of long ago", "crypto_map": [entry()]}]
    for key, found in (("lab-key ", "yours plus a trailing space"), ("the key of long ago", "that of tunnel group asa-old"),
                       ("LAB-KEY", "yours in upper case"), ("something else", None)):
        with t.new_lab() as net:
            init, resp = net.line()
            d = Ikev1d(resp, policy(groups=groups, diagnose_psk=True))
            charon = Charon(init, {"gw": connection(IKE, {"k0": child()})}, key=key)
            with t.step(f"a charon with {found or 'a key that nobody has'}"):
                assert not charon.try_to_initiate("k0", timeout=4)
                if found:
                    d.log.wait(rf"Group = lab, IP = {PEER}, key diagnosis: the peer's key is {found}$")
                else:
                    d.log.wait(r"key diagnosis: the peer's key is none of the \d+ that were tried$")
                counters = d.ask("status")["counters"]
                assert counters["psk_found"] == (1 if found else 0), counters
                assert counters["psk_candidates"] <= 200
                text = d.log.text()
                assert "lab-key" not in text and "the key of long ago" not in text, "a key in the log"
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy(group={"faults": ["psk.mismatch"]}, diagnose_psk=True))
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()})})
        with t.step("a fault is no wrong key of the peer"):
            assert not charon.try_to_initiate("k0", timeout=4)
            d.log.wait("key diagnosis: the peer's key is yours as it stands here: something else was wrong, perhaps a fault is set")
