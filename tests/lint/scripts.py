#!/usr/bin/env python3
"""Scripts: every shell script parses, every Python file compiles."""
# SPDX-License-Identifier: BSD-2-Clause
import subprocess
import sys

import tree


def shell(t, name):
    p = subprocess.run([interpreter(t.read(name)), "-n", t.path(name)], stderr=subprocess.PIPE,
                       text=True, check=False)
    return [] if p.returncode == 0 else (p.stderr.splitlines() or ["does not parse"])


def interpreter(text):
    first = text.split("\n", 1)[0]
    return "bash" if "bash" in first else "sh"


def python(t, name):
    try:
        compile(t.read(name), name, "exec")
    except SyntaxError as e:
        return [f"{name}:{e.lineno}: {e.msg}"]
    return []


def is_shell(t, name):
    if name.endswith(".sh"):
        return True
    with open(t.path(name), "rb") as f:
        first = f.readline(80)
    return first.startswith(b"#!") and b"sh" in first.split(b"/")[-1].split()[-1:][0]


def main():
    t, tap = tree.Tree(), tree.Tap()
    for name in t.files():
        if name.endswith(".py"):
            tap.check(name, python(t, name))
        elif "/corpus_" not in name and is_shell(t, name):
            tap.check(name, shell(t, name))
    return tap.done("scripts parse")


if __name__ == "__main__":
    sys.exit(main())
