#!/usr/bin/env python3
"""The test runner itself: tests/run.py must call every kind of failure by its name."""
# SPDX-License-Identifier: BSD-2-Clause
import os
import subprocess
import sys
import tempfile
import time

import tree

# What a program does (sh), what the runner must count, what it must say.
SAMPLES = [
    ("all well", "echo ok 1 - a; echo ok 2 - b; echo 1..2", (2, 0, 0), "2 passed"),
    ("a skip shows its reason", "echo 'ok 1 - a # SKIP no root'; echo 1..1", (0, 0, 1), "a: no root"),
    ("all skipped", "echo '1..0 # SKIP no root'", (0, 0, 1), "all: no root"),
    ("not ok", "echo ok 1 - a; echo not ok 2 - b; echo '# why'; echo 1..2; exit 1", (1, 1, 0),
     "# why"),
    ("not ok, status 0", "echo not ok 1 - b; echo 1..1", (0, 1, 0), "not ok: b"),
    ("no test", ":", (0, 1, 0), "no test"),
    ("no plan", "echo ok 1 - a", (1, 1, 0), "no plan"),
    ("plan too long", "echo 1..2; echo ok 1 - a", (1, 1, 0), "plan says 2, 1 tests"),
    ("plan too short", "echo ok 1 - a; echo ok 2 - b; echo 1..1", (2, 1, 0), "plan says 1, 2 tests"),
    ("numbers out of order", "echo ok 1 - a; echo ok 3 - b; echo 1..2", (2, 1, 0), "number 3"),
    ("a crash", "echo ok 1 - a; echo 1..1; kill -SEGV $$", (1, 1, 0), "SIGSEGV"),
    ("a bad status", "echo ok 1 - a; echo 1..1; exit 3", (1, 1, 0), "exit status 3"),
    ("address sanitizer", "echo ok 1 - a; echo 1..1; echo '==9==ERROR: AddressSanitizer: x' >&2",
     (1, 1, 0), "sanitizer: ERROR"),
    ("undefined sanitizer", "echo ok 1 - a; echo 1..1; echo 'a.c:1:2: runtime error: shift' >&2",
     (1, 1, 0), "sanitizer: a.c"),
    ("leak sanitizer", "echo ok 1 - a; echo 1..1; echo '==9==ERROR: LeakSanitizer: x'", (1, 1, 0),
     "sanitizer: ERROR"),
    ("stderr is no TAP", "echo ok 1 - a; echo 1..1; echo not ok 2 - b >&2", (1, 0, 0), "1 passed"),
    ("bail out", "echo ok 1 - a; echo 'Bail out! no room'; echo 1..1", (1, 1, 0), "no room"),
]


def run(*args):
    p = subprocess.run([sys.executable, os.path.join(tree.TOP, "tests/run.py"), *args],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return p.returncode, p.stdout


def differs(result, counts, words):
    status, out = result
    closing = "{} passed, {} failed, {} skipped".format(*counts)
    bad = []
    if not out or out.splitlines()[-1] != closing:
        bad.append(f"closing line is not \"{closing}\"")
    if status != (1 if counts[1] else 0):
        bad.append(f"exit status {status}")
    if words not in out:
        bad.append(f"\"{words}\" was not said")
    return bad + out.splitlines() if bad else []


def alive(pid_file):
    with open(pid_file, encoding="ascii") as f:
        pid = int(f.read())
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def main():
    tap = tree.Tap()
    with tempfile.TemporaryDirectory() as d:
        for i, (what, script, counts, words) in enumerate(SAMPLES):
            with open(f"{d}/{i}.sh", "w", encoding="utf-8") as f:
                f.write(script + "\n")
            tap.check(what, differs(run(f"{d}/{i}.sh"), counts, words))

        for name, script in (("hang", "echo ok 1 - a; sleep 300 & echo $! >$1; wait"),
                             ("leave", "echo ok 1 - a; echo 1..1; sleep 300 & echo $! >$1")):
            with open(f"{d}/{name}.sh", "w", encoding="utf-8") as f:
                f.write(script + "\n")
        started = time.monotonic()
        tap.check("the limit ends a program",
                  differs(run("--limit", "1", f"{d}/hang.sh {d}/pid1"), (1, 2, 0), "still running"))
        tap.check("what a program leaves behind holds nobody up",
                  differs(run(f"{d}/leave.sh {d}/pid2"), (1, 0, 0), "1 passed"))
        late = time.monotonic() - started
        tap.check("both at once", [] if late < 20 else [f"took {late:.0f} s"])
        tap.check("children end with their program",
                  [p for p in ("pid1", "pid2") if alive(f"{d}/{p}")])
        tap.check("a program that is not there",
                  differs(run(f"{d}/none"), (0, 1, 0), "cannot be started"))
        tap.check("several programs", differs(run("--jobs", "2", f"{d}/0.sh", "--limit", "9",
                                                  f"{d}/1.sh", f"{d}/3.sh"), (3, 1, 1), "failed:"))
    status, _out = run()
    tap.check("no program at all is no success", [] if status == 1 else [f"exit status {status}"])
    return tap.done("")


if __name__ == "__main__":
    sys.exit(main())
