#!/usr/bin/env python3
"""Run TAP-speaking test programs and sum up.

usage: run.py [--limit SECONDS] [--jobs N] COMMAND ...

Each COMMAND is one program with its arguments in one word ("tests/fuzz.py 4 build/fuzz/fuzz_msg").
An option holds for the commands behind it.  Programs run from the top folder of the project, each in
a process group of its own, which is killed when the limit is over or the program ends.

Beside every "not ok", these are failures: no test at all, no plan, a plan that does not fit, test
numbers out of order, a signal, an exit status that contradicts the results, a sanitizer's report, and
the time limit.  The last line is "N passed, N failed, N skipped"; the exit status is 1 after a failure.
"""
# SPDX-License-Identifier: BSD-2-Clause
import concurrent.futures
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEST = re.compile(r"(not )?ok\b(?:\s+(\d+))?(?:\s*-)?\s*(.*)$")
PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*(?:SKIP\S*\s*)?(.*))?$", re.I)
SKIP = re.compile(r"#\s*SKIP\S*\s*(.*)$", re.I)
SANITIZER = re.compile(
    r"(ERROR: (?:Address|Leak|HWAddress|Memory)Sanitizer.*|WARNING: ThreadSanitizer.*"
    r"|\S+:\d+:\d+: runtime error: .*|SUMMARY: \w+Sanitizer.*|==\d+== ERROR SUMMARY: [1-9].*)")


class Result:
    """What one program said and how it ended."""

    def __init__(self, command):
        self.command = command
        self.passed = 0
        self.failures = []      # what is wrong, one line each
        self.skips = []         # name and reason
        self.output = ""
        self.seconds = 0.0

    def read_tap(self, text):
        plan, seen = None, 0
        for line in text.splitlines():
            if m := PLAN.match(line):
                if plan is not None:
                    self.failures.append("two plans")
                plan = int(m.group(1))
                if plan == 0 and seen == 0:
                    self.skips.append(f"all: {m.group(2) or 'no reason given'}")
            elif m := TEST.match(line):
                seen += 1
                name = m.group(3)
                if m.group(2) and int(m.group(2)) != seen:
                    self.failures.append(f"test number {m.group(2)} where {seen} is due")
                if m.group(1):
                    self.failures.append(f"not ok: {name}")
                elif s := SKIP.search(name):
                    reason = s.group(1) or "no reason given"
                    self.skips.append(f"{name[:s.start()].strip()}: {reason}")
                else:
                    self.passed += 1
            elif line.startswith("Bail out!"):
                self.failures.append(line)
        if plan is None:
            self.failures.append(f"no plan (\"1..N\") after {seen} tests" if seen else "no test")
        elif plan != seen:
            self.failures.append(f"plan says {plan}, {seen} tests were seen")

    def judge(self, status, late, limit):
        if m := SANITIZER.search(self.output):
            self.failures.append(f"sanitizer: {m.group(1)}")
        if late:
            self.failures.append(f"still running after {limit:g} s, killed")
        elif status < 0:
            self.failures.append(f"ended by {signal.Signals(-status).name}")
        elif status != 0 and not self.failures:
            self.failures.append(f"exit status {status} although every test passed")

    def show(self):
        words = [f"{self.passed} passed"]
        if self.failures:
            words.append(f"{len(self.failures)} failed")
        if self.skips:
            words.append(f"{len(self.skips)} skipped")
        verdict = "FAIL" if self.failures else "ok" if self.passed else "skip"
        out = [f"{verdict:4} {self.command}: {', '.join(words)} ({self.seconds:.1f} s)"]
        out += [f"     skipped {s}" for s in self.skips]
        if self.failures:
            out += [f"   | {line}" for line in self.output.splitlines()]
            out += [f"   ! {f}" for f in self.failures]
        print("\n".join(out), flush=True)


RUNNING = {}                    # process group -> command
LOCK = threading.Lock()


def kill_group(pgid):
    try:
        os.killpg(pgid, signal.SIGKILL)
    except OSError:
        pass


def collect(pipe, *lists):
    for chunk in iter(lambda: pipe.read1(65536), b""):
        for to in lists:
            to.append(chunk)


def run(command, limit):
    """Run one program to its end, or to the limit's."""
    res, started = Result(command), time.monotonic()
    argv = shlex.split(command)
    if argv[0].endswith(".py"):
        argv.insert(0, sys.executable)
    elif argv[0].endswith(".sh"):
        argv.insert(0, "sh")
    try:
        p = subprocess.Popen(argv, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
    except OSError as e:
        res.failures.append(f"cannot be started: {e.strerror}")
        return res
    with LOCK:
        RUNNING[p.pid] = command

    # A grandchild may keep a pipe open: read beside the wait, and end the group in any case.
    everything, tap = [], []    # stdout and stderr as they come; TAP is on stdout only
    readers = [threading.Thread(target=collect, args=a, daemon=True)
               for a in ((p.stdout, everything, tap), (p.stderr, everything))]
    for r in readers:
        r.start()
    late = False
    try:
        p.wait(limit)
    except subprocess.TimeoutExpired:
        late = True
    kill_group(p.pid)
    p.wait()
    for r in readers:
        r.join(5)
    with LOCK:
        del RUNNING[p.pid]
    res.seconds = time.monotonic() - started
    res.output = b"".join(everything).decode(errors="replace")
    res.read_tap(b"".join(tap).decode(errors="replace"))
    res.judge(p.returncode, late, limit)
    return res


def parse(args):
    """Options and commands, in order: a list of (limit, jobs, [commands])."""
    limit, jobs, groups = 60.0, 1, []
    it = iter(args)
    try:
        for a in it:
            if a == "--limit":
                limit = float(next(it))
            elif a == "--jobs":
                jobs = max(1, int(next(it)))
            elif a.startswith("-"):
                raise ValueError
            elif groups and groups[-1][:2] == (limit, jobs):
                groups[-1][2].append(a)
            else:
                groups.append((limit, jobs, [a]))
    except (ValueError, StopIteration):
        sys.exit(__doc__)
    return groups


def stop(_sig, _frame):
    with LOCK:
        for pgid in RUNNING:
            kill_group(pgid)
    print("interrupted", flush=True)
    os._exit(130)


def main():
    groups = parse(sys.argv[1:])
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, stop)
    results = []
    for limit, jobs, commands in groups:
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for res in pool.map(lambda c, n=limit: run(c, n), commands):
                res.show()
                results.append(res)
    bad = [r for r in results if r.failures]
    if bad:
        print("\nfailed:")
        for r in bad:
            for f in r.failures:
                print(f"  {r.command}: {f}")
    failed = sum(len(r.failures) for r in results)
    print(f"{sum(r.passed for r in results)} passed, {failed} failed, "
          f"{sum(len(r.skips) for r in results)} skipped")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
