#!/usr/bin/env python3
"""Run the measurements and print their tables.

usage: run.py [--full]

--full takes a million handshakes for the memory's growth instead of 10,000 and more rounds elsewhere.
IKEV1D_BUILD names the build folder ("build").  The exit status is 1 if an aim was missed or a
measurement failed.
"""
# SPDX-License-Identifier: BSD-2-Clause
import os
import platform
import subprocess
import sys


def cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
            for line in f:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main():
    if sys.argv[1:] not in ([], ["--full"]):
        sys.exit(__doc__)
    full = sys.argv[1:] == ["--full"] or bool(os.environ.get("BENCH_FULL"))
    build = os.environ.get("IKEV1D_BUILD", "build")
    engine, load = os.path.join(build, "bench_engine"), os.path.join(build, "bench_daemon")
    commands = [
        [engine, "cpu", *(["25", "200"] if full else [])],
        [engine, "memory"],
        [engine, "growth", *(["1000000"] if full else [])],
        [load, os.path.join(build, "ikev1d"), *(["10000"] if full else [])],
    ]
    version = subprocess.run(["openssl", "version"], stdout=subprocess.PIPE, check=False).stdout
    print(f"{cpu_model()}, {os.cpu_count()} CPUs, {version.decode().strip()}")
    missed = 0
    for argv in commands:
        print("\n$ " + " ".join(argv) + "\n", flush=True)
        missed += subprocess.run(argv, check=False).returncode != 0
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
