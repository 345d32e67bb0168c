"""A laboratory of network namespaces: hosts, wires, a NAT, charon and ikev1d on them.

Everything lives in a world of its own (enter()): private mount, network and process namespaces with a
private /run.  When the run ends, however it ends, the kernel takes namespaces, processes, routes and
files away.  Inside, each Lab has hosts of its own names, so that several run side by side.

Nothing here sleeps and hopes: until() waits for a condition with a deadline, Log.wait() for a line.
"""
# SPDX-License-Identifier: BSD-2-Clause
import csv
import ctypes
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("IKEV1D_BUILD", "build/asan"))
IKEV1D = os.environ.get("IKEV1D", os.path.join(BUILD, "ikev1d"))
IKEV1CTL = os.environ.get("IKEV1CTL", os.path.join(BUILD, "ikev1ctl"))
CHARON = "/usr/sbin/charon-systemd"
SCRATCH = "/run/lab"
WORLD = "IKEV1D_TEST_WORLD"
PATIENCE = float(os.environ.get("IKEV1D_TEST_PATIENCE", "20"))
TOOLS = ["ip", "nft", "unshare", "mount", "swanctl", CHARON]


class Failure(Exception):
    """What a case found wrong."""


# --- the world ---

def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def unable():
    """Why there can be no world here; "" if there can."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for tool in TOOLS:
        if not shutil.which(tool, path=path):
            return f"{os.path.basename(tool)} is not installed"
    p = subprocess.run(["unshare", "-mnp", "--fork", "true"], capture_output=True, text=True, check=False)
    if p.returncode:
        return "no namespaces here: " + p.stderr.strip()
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun for strongSwan's kernel-libipsec"
    return ""


def enter():
    """Run this program again inside a world of its own, and end as it ends.  Returns inside."""
    if os.environ.get(WORLD):
        run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
        os.makedirs(SCRATCH)
        run("ip", "link", "set", "lo", "up")
        return
    argv = ["unshare", "-mnp", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
            sys.executable, *sys.argv]
    path = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    p = subprocess.Popen(argv, env={**os.environ, WORLD: "1", "PATH": path}, preexec_fn=die_with_parent)

    def stop(signum, _frame):
        os.kill(p.pid, signal.SIGKILL)      # and with it, by --kill-child, all of the world
        os._exit(128 + signum)

    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, stop)
    sys.exit(abs(p.wait()))


def run(*argv, check=True, timeout=60, **kw):
    """Run a command to its end; its CompletedProcess, output as text."""
    p = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False, **kw)
    if check and p.returncode:
        raise Failure(f"{' '.join(argv)}: {p.stderr.strip() or p.stdout.strip() or p.returncode}")
    return p


def until(what, test, timeout=PATIENCE, every=0.02):
    """Wait until test() is true and return what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        if got := test():
            return got
        if time.monotonic() > deadline:
            raise Failure(f"waited {timeout:g} s in vain: {what}")
        time.sleep(every)


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as f:
        os.fchmod(f.fileno(), mode)
        f.write(text)
    return path


class Log:
    """A growing text file, read from a mark on."""

    def __init__(self, path):
        self.path = path
        self.start = 0

    def text(self, since=None):
        try:
            with open(self.path, "rb") as f:
                f.seek(self.start if since is None else since)
                return f.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def mark(self):
        """Now: later calls with since=this look only at what comes after."""
        try:
            return os.path.getsize(self.path)
        except FileNotFoundError:
            return 0

    def find(self, pattern, since=None):
        return re.search(pattern, self.text(since), re.M)

    def count(self, pattern, since=None):
        return len(re.findall(pattern, self.text(since), re.M))

    def wait(self, pattern, since=None, timeout=PATIENCE, alive=None):
        """Wait for a line; its match.  `alive`: a Process that has to live meanwhile."""
        def look():
            if m := self.find(pattern, since):
                return m
            if alive and alive.ended():
                raise Failure(f"{alive.name} ended with {alive.status()} before: {pattern}")
            return None
        try:
            return until(pattern, look, timeout)
        except Failure as e:
            raise Failure(f"{os.path.basename(self.path)}: {e}") from None

    def tail(self, lines=40):
        return self.text(0).splitlines()[-lines:]


# --- hosts and wires ---

class Host:
    """A network namespace."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.ns = f"{lab.name}-{name}"
        run("ip", "netns", "add", self.ns)
        self.ip("link", "set", "lo", "up")

    def ip(self, *args):
        return run("ip", "-n", self.ns, *args).stdout

    def run(self, *argv, **kw):
        return run("ip", "netns", "exec", self.ns, *argv, **kw)

    def nft(self, rules):
        """Add nftables rules (a text in nft's own language; } needs a line of its own)."""
        return self.run("nft", "-f", "-", input=rules.replace("}", "\n}\n"))

    def drop_once(self, *matches):
        """Lose the first datagram that comes in and fits, once for each match.

        A match is an nft expression on a UDP datagram; the quota lets exactly one packet be dropped.
        """
        lines = "".join(f"udp length > 0 {m} limit rate 1/day burst 1 packets counter drop\n"
                        for m in matches)
        self.nft("table inet lossy { chain in { type filter hook prerouting priority -300;\n"
                 f"{lines} }} }}")

    def dropped(self):
        """How many packets each rule of drop_once() has taken."""
        out = self.run("nft", "-j", "list", "table", "inet", "lossy").stdout
        return [e["counter"]["packets"] for r in json.loads(out)["nftables"] if "rule" in r
                for e in r["rule"]["expr"] if "counter" in e]


class Process:
    """A program on a host; stdout and stderr in a file."""

    def __init__(self, host, name, argv, env=None, before=""):
        self.name, self.host = name, host
        self.path = os.path.join(host.lab.dir, name + ".out")
        self.out = Log(self.path)
        shell = ["sh", "-c", f'{before}\nexec "$@"', "sh"] if before else []
        with open(self.path, "ab") as f:
            self.out.start = f.tell()
            self.p = subprocess.Popen(["ip", "netns", "exec", host.ns, *shell, *argv], stdout=f, stderr=f,
                                      stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        host.lab.processes.append(self)

    def ended(self):
        return self.p.poll() is not None

    def status(self):
        return self.p.returncode

    def send(self, number):
        if not self.ended():
            self.p.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=PATIENCE):
        """Ask it to end and wait; its exit status."""
        self.send(number)
        try:
            return self.p.wait(timeout)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            raise Failure(f"{self.name} did not end within {timeout:g} s of signal {number}") from None

    def kill(self):
        self.send(signal.SIGKILL)
        self.p.wait()


class Lab:
    """One experiment: hosts, wires and programs with a name of their own."""

    count = itertools.count(1)

    def __init__(self, name):
        self.name = f"{next(Lab.count)}-" + re.sub(r"[^a-z0-9]+", "-", name.lower())[:40]
        self.dir = os.path.join(SCRATCH, self.name)
        self.hosts, self.processes, self.logs, self.daemons = {}, [], [], []
        self.wires = 0
        os.makedirs(self.dir, mode=0o755)

    def close(self):
        """End everything.  What the daemons of the lab did wrong on their way out, one line each."""
        problems = [x for d in self.daemons for x in d.end()]
        for p in self.processes:
            p.kill()
        for h in self.hosts.values():
            run("ip", "netns", "del", h.ns, check=False)
        return problems

    def host(self, name):
        self.hosts[name] = Host(self, name)
        return self.hosts[name]

    def wire(self, a, addresses_a, b, addresses_b):
        """A veth pair between two hosts, with addresses ("10.0.0.1/24", "fd00::1/64")."""
        n, self.wires = self.wires, self.wires + 1
        run("ip", "link", "add", f"w{n}", "netns", a.ns, "type", "veth", "peer", "name", f"w{n}", "netns", b.ns)
        for host, addresses in ((a, addresses_a), (b, addresses_b)):
            for address in addresses.split():
                host.ip("address", "add", address, "dev", f"w{n}", *(["nodad"] if ":" in address else []))
            host.ip("link", "set", f"w{n}", "up")
        return f"w{n}"

    def line(self):
        """The usual pair on one wire: initiator 10.9.0.1 / fd09::1, responder 10.9.0.2 / fd09::2."""
        i, r = self.host("init"), self.host("resp")
        self.wire(i, "10.9.0.1/24 fd09::1/64", r, "10.9.0.2/24 fd09::2/64")
        return i, r

    def mark(self):
        """Now, in every log: for tails()."""
        return {log.path: log.mark() for log in self.logs + [p.out for p in self.processes]}

    def tails(self, marks=None):
        """The last lines of every log of the lab since mark(), without charon's dumps of keys."""
        out = []
        for log in self.logs + [p.out for p in self.processes]:
            lines = log.text((marks or {}).get(log.path, 0)).splitlines()
            if lines := [x for x in lines if not re.search(r"\[CHD\] +\d+: |^\s*$", x)][-50:]:
                out += [f"--- {os.path.basename(log.path)}"] + lines
        return out


# --- texts for configuration files ---

def block(items, indent="  "):
    """swanctl.conf: nested dicts; a value of None leaves the key out."""
    out = []
    for key, value in items.items():
        if isinstance(value, dict):
            out.append(f"{indent}{key} {{\n{block(value, indent + '  ')}{indent}}}\n")
        elif value is not None:
            out.append(f"{indent}{key} = {value}\n")
    return "".join(out)


def libconfig(value):
    """The policy file: dicts are groups, lists of dicts are lists, other lists are arrays."""
    if isinstance(value, dict):
        return "{ " + " ".join(f"{k} = {libconfig(v)};" for k, v in value.items()) + " }"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "(\n  " + ",\n  ".join(libconfig(v) for v in value) + " )"
    if isinstance(value, list):
        return "[ " + ", ".join(libconfig(v) for v in value) + " ]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else json.dumps(value)


# --- charon ---

PLUGINS = ("random nonce openssl aes rc2 sha2 sha1 md5 hmac xcbc cmac ctr ccm gcm gmp curve25519 kdf pem "
           "pkcs1 pubkey x509 constraints socket-default {kernel} kernel-netlink updown vici")

STRONGSWAN_CONF = """
charon-systemd {{
  load = {plugins}
  threads = 40
  retransmit_timeout = {retransmit}
  retransmit_base = 1.2
  retransmit_tries = 4
  half_open_timeout = 20
  delete_rekeyed = yes
  keep_alive = {keep_alive}
  plugins {{ vici {{ socket = unix://{dir}/vici }} }}
  filelog {{ main {{
    path = {log}
    ike_name = {ike_name}
    flush_line = yes
    time_format = %H:%M:%S
    time_add_ms = yes
    default = 1
    ike = 2
    knl = 2
    chd = 4
  }} }}
}}
swanctl {{ load = }}
"""

KEY = re.compile(r"(encryption|integrity) (initiator|responder) key => (\d+) bytes")
HEX = re.compile(r"^ +\d+: ((?:[0-9A-F]{2} ){1,15}(?:[0-9A-F]{2})|[0-9A-F]{2})(?:  |$)")
LINE = re.compile(r"^\S+ (\d+)\[(\w+)\] ?(.*)$")


def parse_keys(text):
    """The keys of each CHILD_SA in a charon log: SPI -> (cipher key, integrity key), in hex.

    The initiator's key of a Quick Mode protects what its initiator sends.  Worker threads log at the
    same time: each line is read with its thread's number.
    """
    out, threads = {}, {}
    for line in text.splitlines():
        m = LINE.match(line)
        if not m:
            continue
        t = threads.setdefault(m[1], {"keys": {}, "filling": None, "we": "initiator", "spi": None})
        body = m[3]
        if q := re.match(r"parsed QUICK_MODE (request|response)", body):
            t.update(keys={}, filling=None, we="initiator" if q[1] == "response" else "responder")
        elif k := KEY.match(body):
            t["filling"] = (k[1], k[2])
            t["keys"][t["filling"]] = ""
        elif t["filling"] and (h := HEX.match(body)):
            t["keys"][t["filling"]] += h[1].replace(" ", "").lower()
        elif a := re.match(r"adding (inbound|outbound) (?:ESP|AH) SA", body):
            t["filling"], t["spi"] = None, a[1]
        elif t["spi"] and (s := re.match(r" *SPI 0x([0-9a-f]+),", body)):
            sender = t["we"] if t["spi"] == "outbound" else {"initiator": "responder",
                                                             "responder": "initiator"}[t["we"]]
            out[int(s[1], 16)] = tuple(t["keys"].get((kind, sender), "") for kind in ("encryption", "integrity"))
            t["spi"] = None
        else:
            t["filling"] = None
    return out


def connection(ike, children, local="10.9.0.1", remote="10.9.0.2", ids=(None, None), **options):
    """One connection of swanctl.conf.  children: name -> dict; options: keys of the connection."""
    return {"version": 1, "local_addrs": local, "remote_addrs": remote, "proposals": ike, "encap": "yes",
            **options, "local": {"auth": "psk", "id": ids[0]}, "remote": {"auth": "psk", "id": ids[1]},
            "children": children}


def child(n=0, proposals="aes128-sha1", **options):
    """One CHILD_SA: 10.1.n.0/24 behind the initiator, 10.2.n.0/24 behind the responder."""
    return {"local_ts": f"10.1.{n}.0/24", "remote_ts": f"10.2.{n}.0/24", "esp_proposals": proposals,
            "policies": "no", **options}


class Charon(Process):
    """strongSwan's daemon on a host, with swanctl beside it.

    esp=True: SAs go to kernel-libipsec, which speaks ESP in UDP only: charon claims a NAT and floats to
    port 4500.  esp=False: SAs go to the kernel, where shim.c stands in for ESP and AH: plain port 500,
    transport mode and AH can be negotiated.
    """

    def __init__(self, host, connections=None, key="lab-key", name="charon", esp=True, retransmit=2.0,
                 keep_alive=20, ike_name=False):
        lab = host.lab
        self.dir = os.path.join(lab.dir, name)
        os.makedirs(self.dir, exist_ok=True)
        self.log = Log(os.path.join(self.dir, f"{name}.log"))
        self.log.start = self.log.mark()
        if self.log.path not in [x.path for x in lab.logs]:
            lab.logs.append(self.log)
        self.vici = os.path.join(self.dir, "vici")
        if os.path.exists(self.vici):
            os.unlink(self.vici)
        write(os.path.join(self.dir, "strongswan.conf"), STRONGSWAN_CONF.format(
            plugins=PLUGINS.format(kernel="kernel-libipsec" if esp else ""), dir=self.dir, log=self.log.path,
            retransmit=retransmit, keep_alive=keep_alive, ike_name="yes" if ike_name else "no"))
        for folder in ("x509 x509ca x509ocsp x509aa x509ac x509crl pubkey private rsa ecdsa bliss pkcs8 "
                       "pkcs12").split():
            os.makedirs(os.path.join(self.dir, folder), exist_ok=True)
        self.env = {"STRONGSWAN_CONF": os.path.join(self.dir, "strongswan.conf"), "SWANCTL_DIR": self.dir}
        super().__init__(host, name, [CHARON], self.env if esp else {**self.env, "LD_PRELOAD": shim()})
        until(f"{name}'s vici socket", lambda: connectable(self.vici) or self.ended())
        if not esp:
            # The kernel holds but the reserved SPI of such an SA, and would take it for forgotten soon.
            host.run("sh", "-c", "echo 3600 >/proc/sys/net/core/xfrm_acq_expires")
        if connections:
            self.load(connections, key)

    def load(self, connections, key="lab-key"):
        secrets = key if isinstance(key, dict) else {"ike-1": {"secret": json.dumps(key)}}
        write(os.path.join(self.dir, "swanctl.conf"), block({"connections": connections, "secrets": secrets}, ""))
        self.swanctl("--load-all", "--noprompt")

    def swanctl(self, *args, check=True, timeout=60):
        return run("swanctl", *args, "--uri", f"unix://{self.vici}", check=check, timeout=timeout,
                   env={**os.environ, **self.env})

    def try_to_initiate(self, child=None, ike=None, timeout=20):
        """Try to bring a CHILD_SA (or only an IKE_SA) up; True if swanctl says that it is."""
        what = (["--child", child] if child else []) + (["--ike", ike] if ike else [])
        p = self.swanctl("--initiate", *what, "--timeout", str(timeout), "--loglevel", "-1", check=False,
                         timeout=timeout + 15)
        return p.returncode == 0

    def initiate(self, child=None, ike=None, timeout=20):
        if not self.try_to_initiate(child, ike, timeout):
            raise Failure(f"{self.name}: {child or ike} did not come up")

    def command(self, verb, **what):
        """command("terminate", ike="gw"): swanctl --terminate --ike gw; waits until it is done."""
        args = [x for k, v in what.items() for x in ("--" + k.replace("_", "-"), str(v))]
        more = ["--timeout", "20", "--loglevel", "-1"] if verb == "terminate" else []
        return self.swanctl("--" + verb, *args, *more)

    def sas(self):
        """What swanctl --list-sas prints."""
        return self.swanctl("--list-sas").stdout

    def children(self):
        """The CHILD_SAs that are up: a list of (name, SPI in, SPI out)."""
        found = re.findall(r"^  (\S+): #\d+, .*?INSTALLED.*?\n(?:.*\n)*?    in  ([0-9a-f]{8}).*\n    out ([0-9a-f]{8})",
                           self.sas(), re.M)
        return [(name, int(a, 16), int(b, 16)) for name, a, b in found]

    def keys(self):
        return parse_keys(self.log.text())


def connectable(path):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
        except OSError:
            return False
        return True


def shim():
    """shim.c as a shared object, compiled once."""
    so = os.path.join(SCRATCH, "shim.so")
    with SHIM_LOCK:
        if not os.path.exists(so):
            run(os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o",
                so, os.path.join(os.path.dirname(os.path.abspath(__file__)), "shim.c"))
    return so


SHIM_LOCK = threading.Lock()


# --- ikev1d ---

BUILTIN = threading.Lock()      # there is one socket that the built-in policy names

SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer|^==\d+== ERROR SUMMARY: [1-9]",
                       re.M)


def policy(crypto_map=None, *, isakmp=None, sets=None, group=None, groups=None, **top):
    """A policy: one tunnel group "lab" for everyone, unless told otherwise.  A dict, see Ikev1d."""
    isakmp = isakmp or [{"name": "p1", "encryption": "aes-128", "hash": "sha256", "group": 14}]
    sets = sets or [{"name": "esp", "encryption": "aes-128", "integrity": "sha1"}]
    one = {"name": "lab", "peer": "any", "pre_shared_key": "lab-key", **(group or {}),
           "crypto_map": crypto_map or [entry()]}
    return {**top, "isakmp_policies": isakmp, "transform_sets": sets, "tunnel_groups": groups or [one]}


def entry(n=0, **options):
    """A crypto map entry that mirrors child(n)."""
    return {"local": f"10.2.{n}.0/24", "remote": f"10.1.{n}.0/24", "transform_sets": ["esp"], "pfs": "none",
            **options}


class Ikev1d(Process):
    """The daemon under test on a host, with its control program beside it.

    policy None: the built-in one, which there can be only one of in this world, for its socket's sake.
    """

    def __init__(self, host, policy, name="ikev1d", wrap=(), program=IKEV1D, log=None, env=None, before="",
                 owner=0):
        self.owner = owner
        self.dir = os.path.join(host.lab.dir, name)
        os.makedirs(self.dir, exist_ok=True)
        self.keys_dir = os.path.join(self.dir, "keys")
        os.makedirs(self.keys_dir, mode=0o700, exist_ok=True)
        for folder in (self.dir, self.keys_dir):
            os.chown(folder, owner, -1)
        self.socket = os.path.join(self.dir, "control.sock")
        self.log = Log(os.path.join(self.dir, f"{name}.log"))
        self.log.start = self.log.mark()
        if self.log.path not in [x.path for x in host.lab.logs]:
            host.lab.logs.insert(0, self.log)
        self.log_conf = log or {"target": "file", "file": self.log.path, "level": "info"}
        self.conf = os.path.join(self.dir, "ikev1d.conf")
        if policy:
            self.write_policy(policy)
        else:
            self.socket = "/run/ikev1d/control.sock"
        self.crashed_on_purpose = self.checked = False
        sanitizers = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=99:abort_on_error=0",
                      "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", "LSAN_OPTIONS": "exitcode=98"}
        super().__init__(host, name, [*wrap, program, *(["-c", self.conf] if policy else ["--builtin"])], {**sanitizers, **(env or {})}, before)
        host.lab.daemons.append(self)
        until(f"{name}'s control socket", lambda: connectable(self.socket) or self.ended(), timeout=PATIENCE * 3)
        if self.ended():
            said = " / ".join(self.log.tail(5) + self.out.tail(5))
            raise Failure(f"{name} ended with {self.status()} at its start: {said}")

    def write_policy(self, policy):
        """Write the policy file; the lab's own folders are filled in where the policy names none."""
        p = {"workers": 1, "user": "", "log": self.log_conf, "control": {"socket": self.socket},
             "key_export": self.keys_dir, **policy}
        write(self.conf, "".join(f"{k} = {libconfig(v)};\n" for k, v in p.items()))
        os.chown(self.conf, self.owner, -1)

    def ctl(self, *args, check=True, timeout=30):
        """ikev1ctl ARGS: its CompletedProcess."""
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:exitcode=99"}
        return run(IKEV1CTL, "-s", self.socket, *args, check=check, timeout=timeout, env=env)

    def ask(self, *args):
        """ikev1ctl --json ARGS: what it printed, parsed."""
        text = self.ctl("--json", *args).stdout
        try:
            return json.loads(text)
        except ValueError:
            raise Failure(f"ikev1ctl --json {' '.join(args)} printed no JSON: {text[:200]}") from None

    def end(self):
        """SIGTERM, unless it has ended before; what was wrong with its end, one line each."""
        if self.checked:
            return []
        self.checked = True
        problems = []
        try:
            status = self.stop()
            if status != 0 and not self.crashed_on_purpose:
                problems.append(f"{self.name} ended with status {status} instead of 0")
        except Failure as e:
            problems.append(str(e))
        if m := SANITIZER.search(self.out.text()):
            line = self.out.text()[m.start():].splitlines()[0]
            problems.append(f"{self.name}: {line}")
        return problems

    def crash(self):
        """kill -9."""
        self.crashed_on_purpose = True
        self.kill()

    def reload(self):
        self.send(signal.SIGHUP)

    def isakmp_sas(self):
        """The ISAKMP SAs, half-open ones included: ikev1ctl(8) names the members."""
        return self.ask("show", "isakmp", "sa", "detail")["sas"]

    def ipsec_sas(self):
        return self.ask("show", "ipsec", "sa")["sas"]

    def keys(self):
        """The exported keys: SPI -> (cipher key, integrity key), in hex.

        What Wireshark has no name for (Camellia, AH) stands there in comments.
        """
        out = {}
        with open(os.path.join(self.keys_dir, "esp_sa"), encoding="ascii") as f:
            for row in csv.reader(line.lstrip("# ") for line in f):
                out[int(row[3], 16)] = tuple(k.removeprefix("0x").lower() for k in (row[5], row[7]))
        return out


def algorithms(sa):
    """Cipher, hash and group of an ISAKMP SA as ikev1ctl shows it."""
    return sa["encryption"], sa["hash"], sa["dh_group"]


def same_keys(charon, daemon, spi_in, spi_out):
    """Both sides hold the same keys, in both directions, octet for octet."""
    theirs, ours = charon.keys(), daemon.keys()
    for spi in (spi_in, spi_out):
        if spi not in theirs or not any(theirs[spi]):
            raise Failure(f"charon logged no key of SPI {spi:08x}")
        if ours.get(spi) != theirs[spi]:
            raise Failure(f"SPI {spi:08x}: charon has {theirs[spi]}, the daemon {ours.get(spi)}")
