#!/usr/bin/env python3
"""Functions: none over 120 lines, unless a comment in or right above it says why ("Long: ...")."""
# SPDX-License-Identifier: BSD-2-Clause
import re
import statistics
import sys

import tree

LIMIT = 120
REASON = re.compile(r"/\*[^*]*\bLong: \w")


def functions(text):
    """(name, first line, last line) of each: a name in column 0, a brace in column 0, its end."""
    lines = tree.code_only(text).splitlines()
    start = name = None
    for i, line in enumerate(lines):
        if m := re.match(r"(\w+)\s*\(", line):
            start, name = i, m.group(1)
        elif m := re.match(r"[A-Za-z_][\w\s*]*?\b(\w+)\s*\([^;=]*$", line):
            start, name = i, m.group(1)
        elif line.startswith("}"):
            if start is not None:
                yield name, start + 1, i + 1
            start = None
        elif line and not line[0].isspace() and line[0] not in "{#" and line.rstrip().endswith(";"):
            start = None


def main():
    t, tap = tree.Tree(), tree.Tap()
    lengths, bad = [], []
    for name in t.c_files():
        text = t.read(name)
        lines = text.splitlines()
        for function, first, last in functions(text):
            n = last - first + 1
            lengths.append(n)
            above = first - 2
            while above >= 0 and lines[above].strip() and not lines[above].startswith("}"):
                above -= 1
            if n > LIMIT and not REASON.search("\n".join(lines[above + 1:last])):
                bad.append(f"{name}:{first}: {function} has {n} lines; split it, or say /* Long: why */")
    if lengths:
        tap.note(f"{len(lengths)} functions, median {statistics.median(lengths):g} lines, "
                 f"longest {max(lengths)}")
    tap.check(f"no function over {LIMIT} lines without a reason", bad)
    return tap.done("")


if __name__ == "__main__":
    sys.exit(main())
