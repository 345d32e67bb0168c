#!/usr/bin/env python3
"""Interop: strongSwan's charon as the initiator, ikev1d as the responder, in network namespaces.

usage: run.py [--list] [--jobs N] [--keep DIR] [NAME ...]

NAME is part of a case's name; without one all cases run.  --keep copies the logs of every lab to DIR.
TAP on stdout; a failed step is followed by the tails of the logs of its lab.  Needs root, otherwise
everything is skipped.  IKEV1D and IKEV1CTL name other programs than those of build/asan.
"""
# SPDX-License-Identifier: BSD-2-Clause
import concurrent.futures
import contextlib
import importlib
import os
import shutil
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402  (found through the line above)

MODULES = ["life", "rough", "refusals", "matrix", "evidence", "peerconf", "faults", "explain", "capture"]
CASES = []                      # (name, function)


def case(name):
    """Decorator: this function, given a Case, is a test case."""
    def register(function):
        CASES.append((name, function))
        return function
    return register


class Tap:
    """Numbered results from several threads."""

    def __init__(self):
        self.lock, self.n, self.failed = threading.Lock(), 0, 0

    def result(self, ok, name, note="", lines=()):
        with self.lock:
            self.n += 1
            self.failed += not ok
            text = [f"{'' if ok else 'not '}ok {self.n} - {name}{note}"] + [f"# {x}" for x in lines]
            print("\n".join(text), flush=True)


class Skip(Exception):
    """Why a case cannot run here."""


class Case:
    """What a case function works with: labs and steps."""

    def __init__(self, tap, name, keep):
        self.tap, self.name, self.keep, self.lab = tap, name, keep, None

    @contextlib.contextmanager
    def new_lab(self):
        """A Lab; when it closes, every daemon in it has to end with status 0 and without a leak."""
        self.lab = lab.Lab(self.name)
        try:
            yield self.lab
        except Exception:
            self.lab.close()
            raise
        else:
            tails = self.lab.tails
            problems = self.lab.close()
            if self.lab.daemons:
                self.tap.result(not problems, f"{self.name}: the daemon ends in order, nothing leaked",
                                lines=problems + tails() if problems else [])
        finally:
            if self.keep:
                shutil.copytree(self.lab.dir, os.path.join(self.keep, self.lab.name),
                                ignore=lambda d, names: [n for n in names if n in ("vici", "control.sock")])

    @contextlib.contextmanager
    def step(self, what):
        """One TAP line.  A failure is noted and the case goes on."""
        started, marks = time.monotonic(), self.lab.mark() if self.lab else {}
        try:
            yield
        except Skip as e:
            self.tap.result(True, f"{self.name}: {what}", f" # SKIP {e}")
        except (lab.Failure, AssertionError, OSError, KeyError, IndexError, TypeError, ValueError) as e:
            self.tap.result(False, f"{self.name}: {what}", lines=self.explain(e, marks))
        else:
            if (seconds := time.monotonic() - started) > 8:
                what += f" ({seconds:.0f} s)"
            self.tap.result(True, f"{self.name}: {what}")

    def explain(self, error, marks=None):
        where = traceback.extract_tb(error.__traceback__)
        lines = [f"{type(error).__name__}: {line}" for line in str(error).splitlines() or ["(no words)"]]
        lines += [f"  {os.path.basename(f.filename)}:{f.lineno}: {f.line}" for f in where[1:]]
        return lines + (self.lab.tails(marks) if self.lab else [])

    def run(self, function):
        try:
            function(self)
        except Skip as e:
            self.tap.result(True, self.name, f" # SKIP {e}")
        except Exception as e:  # noqa: B902  whatever it is, it is this case's failure, not the run's end
            self.tap.result(False, self.name, lines=self.explain(e))


def main():
    args, names, jobs, keep = sys.argv[1:], [], 3, None
    while args:
        a = args.pop(0)
        if a == "--jobs":
            jobs = int(args.pop(0))
        elif a == "--keep":
            keep = args.pop(0)
        elif a.startswith("--") and a != "--list":
            sys.exit(__doc__)
        else:
            names.append(a)
    sys.modules["run"] = sys.modules["__main__"]
    for m in MODULES:
        importlib.import_module(m)
    if "--list" in names:
        print("\n".join(name for name, _ in CASES))
        return 0
    if why := lab.unable():
        print(f"1..0 # SKIP {why}")
        return 0
    if not os.access(lab.IKEV1D, os.X_OK):
        print(f"Bail out! {lab.IKEV1D} is not there: make asan")
        return 1
    lab.enter()
    tap = Tap()
    chosen = [c for c in CASES if not names or any(n in c[0] for n in names)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda c: Case(tap, c[0], keep).run(c[1]), chosen))
    print(f"1..{tap.n}")
    return 1 if tap.failed or not tap.n else 0


if __name__ == "__main__":
    sys.exit(main())
