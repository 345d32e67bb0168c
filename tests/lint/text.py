#!/usr/bin/env python3
"""Text: no mark of unfinished work, no path of somebody's machine, a licence line, clean lines."""
# SPDX-License-Identifier: BSD-2-Clause
import os
import re
import sys

import tree

MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE = re.compile(r"(?<![\w.$}/-])/(home|root|work|Users|tmp/(?!ikev1d))/?[\w-]+" r"/[\w./-]+")
LICENCE = "SPDX-License-Identifier: BSD-2-Clause"
TEXT = (".c", ".h", ".py", ".sh", ".md", ".conf", ".1", ".5", ".7", ".8", ".service", ".sysusers",
        "Makefile", "README", ".tape", "clang-format")
LICENSED = (".c", ".h", ".py", ".sh", "Makefile")


def main():
    t, tap = tree.Tree(), tree.Tap()
    bad = {"no marks of unfinished work": [], "no machine's paths": [], "licence lines": [],
           "clean lines": []}
    for name in t.files():
        if not name.endswith(TEXT) or "/corpus_" in name:
            continue
        text = t.read(name)
        lines = text.splitlines()
        for i, line in enumerate(lines, 1):
            if m := MARKS.search(line):
                bad["no marks of unfinished work"].append(f"{name}:{i}: {m.group()}")
            if m := MACHINE.search(line):
                bad["no machine's paths"].append(f"{name}:{i}: {m.group()}")
            if line != line.rstrip():
                bad["clean lines"].append(f"{name}:{i}: blanks at the end")
        if text and not text.endswith("\n"):
            bad["clean lines"].append(f"{name}: no newline at the end")
        if name.endswith(LICENSED) and os.path.getsize(t.path(name)) and \
                LICENCE not in "\n".join(lines[:40]):
            bad["licence lines"].append(f"{name}: no \"{LICENCE}\" in its head")
    for law, complaints in bad.items():
        tap.check(law, complaints)
    return tap.done("")


if __name__ == "__main__":
    sys.exit(main())
