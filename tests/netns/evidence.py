"""What is left for others to read: syslog, captures, leak checkers."""
# SPDX-License-Identifier: BSD-2-Clause
import json
import os
import shutil
import socket

import lab
from lab import Charon, Ikev1d, Log, Process, child, connection, entry, policy, until
from life import IKE, both_agree, up
from run import Skip, case

RSYSLOG = """
module(load="imuxsock" SysSock.Name="{dir}/log" SysSock.Use="on" SysSock.RateLimit.Interval="0" SysSock.Unlink="on")
template(name="line" type="string" string="%syslogfacility-text% %syslogseverity-text% %programname%:%msg%\\n")
local0.* action(type="omfile" file="{dir}/messages" template="line")
"""

# A /dev of its own for one program, in which "log" is rsyslog's socket.
PRIVATE_DEV = """
mount -t tmpfs -o mode=0755 tmpfs {dir}/dev &&
for n in null zero full random urandom tty; do cp -a /dev/$n {dir}/dev/; done &&
ln -s {dir}/log {dir}/dev/log && mount --move {dir}/dev /dev || exit 1
"""


def need(tool):
    path = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Skip(f"{tool} is not installed")
    return path


@case("syslog")
def syslog(t):
    rsyslogd = need("rsyslogd")
    with t.new_lab() as net:
        init, resp = net.line()
        os.makedirs(f"{net.dir}/dev")
        conf = lab.write(f"{net.dir}/rsyslog.conf", RSYSLOG.format(dir=net.dir))
        rsyslog = Process(resp, "rsyslog", [rsyslogd, "-n", "-f", conf, "-i", f"{net.dir}/rsyslog.pid"])
        until("rsyslog's socket", lambda: os.path.exists(f"{net.dir}/log") or rsyslog.ended())
        assert not rsyslog.ended(), rsyslog.out.text()
        messages = Log(f"{net.dir}/messages")
        d = Ikev1d(resp, policy(), log={"target": "syslog", "facility": "local0", "level": "info"},
                   before=PRIVATE_DEV.format(dir=net.dir))
        charon = Charon(init, {"gw": connection(IKE, {"k0": child(), "k9": child(9)})})
        with t.step("Debian's rsyslog holds our lines, with facility, severity and name"):
            charon.initiate("k0")
            for line in (r"^local0 notice ikev1d: Group = lab, IP = 10.9.0.1, PHASE 1 COMPLETED$",
                         r"^local0 notice ikev1d: Group = lab, IP = 10.9.0.1, PHASE 2 COMPLETED \(msgid=[0-9a-f]{8}\)$",
                         r"^local0 info ikev1d: .*IKE_DECODE RECEIVED Message \(msgid=0\) with payloads : HDR \+ SA \(1\)",
                         r"^local0 info ikev1d: .*MM_WAIT_MSG3, EV_RCV_MSG3 --> MM_WAIT_MSG5, EV_SND_MSG4$"):
                messages.wait(line)
        with t.step("a refusal is a warning there"):
            charon.try_to_initiate("k9", timeout=5)
            messages.wait(r"^local0 warning ikev1d: Group = lab, IP = 10.9.0.1, Rejecting IPSec tunnel: no matching crypto map entry")
        with t.step("the end is there, too"):
            assert d.stop() == 0
            messages.wait(r"^local0 notice ikev1d: .*(?i:stop|shut|terminat)")


@case("log for machines")
def json_log(t):
    with t.new_lab() as net:
        init, resp = net.line()
        path = f"{net.dir}/ikev1d/ikev1d.log"
        d = Ikev1d(resp, policy(), log={"target": "file", "file": path, "level": "debug", "format": "json"})
        charon = Charon(init, {"gw": connection(IKE, {"k0": child()})})
        with t.step("every line is an object with the members that the manual names"):
            charon.initiate("k0")
            d.log.wait('"P2_COMPLETED"')
            lines = [json.loads(line) for line in d.log.text().splitlines()]
            for line in lines:
                assert {"time", "level", "event", "message"} <= line.keys(), line
            [done] = [x for x in lines if x["event"] == "P1_COMPLETED"]
            assert (done["group"], done["ip"], done["asa_id"]) == ("lab", "10.9.0.1", 713119), done
            assert {"MESSAGE_RECEIVED", "MESSAGE_SENT", "FSM_TRANSITION"} <= {x["event"] for x in lines}
        with t.step("debug shows no secret either"):
            text = d.log.text().lower()
            assert "lab-key" not in text
            for keys in d.keys().values():
                assert not any(k and k in text for k in keys), "a key"


class Capture(Process):
    """tcpdump on a host's wire."""

    def __init__(self, host, interface="w0"):
        self.file = os.path.join(host.lab.dir, "wire.pcap")
        super().__init__(host, "tcpdump", [need("tcpdump"), "-i", interface, "-U", "--immediate-mode", "-w", self.file, "-Z", "root",
                                           "udp port 500 or udp port 4500"])
        self.out.wait("listening on")

    def packets(self, host, keys, *args):
        """What tshark makes of it with these keys: one line a packet."""
        env = {**os.environ, "WIRESHARK_CONFIG_DIR": keys, "LC_ALL": "C.UTF-8"}
        return host.run(need("tshark"), "-n", "-r", self.file, *args, env=env).stdout


# Exchange type, message label, payload types (SA 1, KE 4, ID 5, HASH 8, NONCE 10, NOTIFY 11, DELETE 12, VID 13,
# NAT-D 20) that have to be seen in each message of a tunnel's life, once decrypted.
LIFE = [("MM1", 2, {1, 13}), ("MM2", 2, {1, 13}), ("MM3", 2, {4, 10, 20}), ("MM4", 2, {4, 10, 20}),
        ("MM5", 2, {5, 8}), ("MM6", 2, {5, 8}), ("QM1", 32, {1, 5, 8, 10}), ("QM2", 32, {1, 5, 8, 10}), ("QM3", 32, {8}),
        ("DPD", 5, {8, 11}), ("DPD", 5, {8, 11}), ("QM1", 32, {1, 5, 8, 10, 4}), ("QM2", 32, {1, 5, 8, 10, 4}),
        ("QM3", 32, {8})]


@case("capture read by tshark")
def tshark(t):
    need("tshark")
    for esp, port in ((False, 500), (True, 4500)):
        with t.new_lab() as net:
            init, resp = net.line()
            d = Ikev1d(resp, policy([entry(0), entry(1, pfs=19)]))
            charon = Charon(init, {"gw": connection(IKE, {"k0": child(0), "k1": child(1, "aes128-sha1-ecp256")},
                                                    encap="yes" if esp else "no")}, esp=esp)
            wire = Capture(resp)
            up(d, charon, "k0")
            mark = charon.log.mark()
            d.ctl("dpd", "10.9.0.1")
            charon.log.wait(r"generating INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD_ACK\) \]", mark)
            up(d, charon, "k1")
            charon.command("terminate", ike="gw")
            until("no SA", lambda: not d.isakmp_sas())
            # The last packet on the wire is charon's delete; it is written unbuffered.
            until("the whole capture", lambda: wire.packets(resp, d.keys_dir).count("\n") >= len(LIFE) + 2)
            wire.stop()
            with t.step(f"port {port}: every message is decrypted with the exported key, payload for payload"):
                rows = [r.split("\t") for r in wire.packets(
                    resp, d.keys_dir, "-Y", "isakmp", "-T", "fields", "-e", "isakmp.exchangetype",
                    "-e", "isakmp.typepayload", "-e", "udp.dstport").splitlines()]
                assert len(rows) >= len(LIFE), rows
                for (label, exchange, payloads), row in zip(LIFE, rows):
                    got = {int(x) for x in row[1].split(",") if x}
                    assert int(row[0]) == exchange and payloads <= got, f"{label}: {row}"
                for row in rows[len(LIFE):]:
                    assert {8, 12} <= {int(x) for x in row[1].split(",")}, f"a delete: {row}"
                assert str(port) in rows[-1][2], rows[-1]
            with t.step(f"port {port}: message for message well-formed, no expert warnings"):
                odd = wire.packets(resp, d.keys_dir, "-Y", "_ws.malformed || _ws.expert.severity >= 0x00400000 || data")
                assert not odd.strip(), odd
                assert "alformed" not in wire.packets(resp, d.keys_dir, "-V")


@case("valgrind")
def valgrind(t):
    tool = need("valgrind")
    program = os.environ.get("IKEV1D_PLAIN", os.path.join(os.path.dirname(lab.BUILD), "ikev1d"))
    if not os.access(program, os.X_OK):
        raise Skip(f"no build without sanitizers at {os.path.relpath(program, lab.TOP)}: make")
    with t.new_lab() as net:
        init, resp = net.line()
        d = Ikev1d(resp, policy([entry(0), entry(1, pfs=19)]), program=program,
                   wrap=[tool, "--quiet", "--error-exitcode=97", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
                         "--errors-for-leak-kinds=definite,indirect,possible"])
        charon = Charon(init, {"gw": connection(IKE, {"k0": child(0), "k1": child(1, "aes128-sha1-ecp256"), "k9": child(9)}),
                               "bad": connection("3des-md5-modp1024", {"k3": child(0)})}, retransmit=4)
        with t.step("a tunnel's life, refusals included, under valgrind"):
            up(d, charon, "k0", "k1")
            both_agree(d, charon)
            assert not charon.try_to_initiate("k9")
            assert not charon.try_to_initiate("k3")
            d.ctl("rekey", "10.9.0.1")
            until("two pairs", lambda: len(d.ipsec_sas()) == 2 and charon.log.count("CHILD_SA .* established") == 4, timeout=60)
            d.ctl("dpd", "10.9.0.1")
            d.reload()
            charon.command("terminate", child="k0")
            until("one pair", lambda: len(d.ipsec_sas()) == 1)
        with t.step("no error and no leak at its end"):
            status = d.stop(timeout=60)
            assert status == 0, f"status {status}: {d.out.tail(30)}"


@case("systemd's words")
def systemd(t):
    # What a unit of Type=notify-reload would hear; systemd itself is not here.
    with t.new_lab() as net:
        _, resp = net.line()
        path = f"{net.dir}/notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind(path)
            ear.settimeout(lab.PATIENCE)
            heard = lambda: dict(x.split("=", 1) for x in ear.recv(4096).decode().splitlines())  # noqa: E731

            def next_with(key):
                return next(said for said in iter(heard, None) if key in said)

            d = Ikev1d(resp, policy(), env={"NOTIFY_SOCKET": path})
            with t.step("ready once it serves"):
                assert next_with("READY")["READY"] == "1"
            with t.step("reloading, with the time, and ready again"):
                d.reload()
                assert next_with("RELOADING")["MONOTONIC_USEC"].isdigit()
                assert next_with("READY")["READY"] == "1"
            with t.step("stopping"):
                d.stop()
                assert next_with("STOPPING")["STOPPING"] == "1"
