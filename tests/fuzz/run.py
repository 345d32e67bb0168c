#!/usr/bin/env python3
"""Fuzz for a while: one TAP line for the seeds, one for the run.

usage: run.py SECONDS PROGRAM ...

PROGRAM is a libFuzzer binary, build/fuzz/fuzz_<what>.  Its seeds are tests/fuzz/corpus_<what>/; what the
run adds stays in the build folder (found_<what>/), so that the next run starts from there.  An input
that ends the program is kept as <what>-crash-..., and the command to repeat it is printed.
"""
# SPDX-License-Identifier: BSD-2-Clause
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def files(folder):
    return sorted(os.path.join(folder, f) for f in os.listdir(folder)) if os.path.isdir(folder) else []


def say(text):
    for line in text.splitlines():
        print("#", line)


def call(argv):
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, check=False)
    return p.returncode, p.stdout.decode(errors="replace")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    seconds, n, failed = int(sys.argv[1]), 0, 0
    for prog in sys.argv[2:]:
        what = os.path.basename(prog).removeprefix("fuzz_")
        build = os.path.dirname(os.path.abspath(prog))
        seeds = os.path.join(HERE, f"corpus_{what}")
        found = os.path.join(build, f"found_{what}")
        os.makedirs(found, exist_ok=True)
        crash = os.path.join(build, f"{what}-")
        words = os.path.join(HERE, f"{what}.dict")
        options = ["-timeout=10", "-rss_limit_mb=1024", f"-artifact_prefix={crash}",
                   "-print_final_stats=1"]
        if os.path.exists(words):
            options.append(f"-dict={words}")

        # Every seed must pass on its own, also when the time below is too short to reach it.
        n += 1
        inputs = files(seeds)
        status, text = call([prog, *options, *inputs]) if inputs else (1, f"no seed in {seeds}")
        print(f"{'not ok' if status else 'ok'} {n} - {what}: {len(inputs)} seeds", flush=True)
        if status:
            failed += 1
            say(text)

        n += 1
        status, text = call([prog, *options, f"-max_total_time={seconds}", found, seeds])
        runs = re.search(r"number_of_executed_units: (\d+)", text)
        runs = int(runs.group(1)) if runs else 0
        bad = status != 0 or runs == 0
        print(f"{'not ok' if bad else 'ok'} {n} - {what}: {runs} runs in {seconds} s", flush=True)
        if bad:
            failed += 1
            say(text)
            say("\n".join(f"repeat: {prog} {f}" for f in files(build)
                          if f.startswith(crash)))
    print(f"1..{n}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
