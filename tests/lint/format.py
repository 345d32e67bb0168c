#!/usr/bin/env python3
"""The layout of our C files, by clang-format with tests/lint/clang-format.

usage: format.py [--fix] [ROOT | FILE ...]

A line is taken over only where it differs in more than the spaces inside it, so columns that an
author aligned stay.  Not touched at all: macros of several lines (the X lists), types at file level,
and initialised tables at file level, from "= {" at the end of a line to "}" in column 0.
"""
# SPDX-License-Identifier: BSD-2-Clause
import difflib
import os
import re
import subprocess
import sys

import tree

STYLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clang-format")
OFF, ON = "// clang-format off\n", "// clang-format on\n"
TABLE = re.compile(r"(((typedef|static|const)\s+)*(struct|union|enum)\b[^(=;]*|[A-Za-z_][^;]*=\s*)\{")
COLUMNS = 100


def key(line):
    """A line without regard to the spaces inside it, and inside the braces of a list."""
    body = line.strip()
    indent = line[:len(line) - len(line.lstrip("\t "))]
    if body.startswith("#"):
        return re.sub(r"\s+", "", body)
    body = re.sub(r"[ \t]+", " ", body)
    if "{" in body[:-1]:
        body = re.sub(r" ?([{}]) ?", r"\1", body)
    return indent + body


def protect(lines):
    """Put the marks around what is left to the author."""
    code = tree.code_only("".join(lines)).splitlines()
    out, i = [], 0
    while i < len(lines):
        end = i
        if re.match(r"#\s*define\b.*\\$", lines[i]):
            while end < len(lines) - 1 and lines[end].endswith("\\\n"):
                end += 1
            out += [OFF, *lines[i:end + 1], ON]
        elif TABLE.match(code[i]):
            depth = code[i].count("{") - code[i].count("}")
            while depth > 0 and end < len(lines) - 1:
                end += 1
                depth += code[end].count("{") - code[end].count("}")
            out += [OFF, *lines[i:end + 1], ON]
        else:
            out.append(lines[i])
        i = end + 1
    return out


def formatted(path, text):
    """What the file should look like."""
    lines = text.splitlines(keepends=True)
    done = subprocess.run(["clang-format", f"--style=file:{STYLE}", f"--assume-filename={path}"],
                          input="".join(protect(lines)), stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    want = [line for line in done.splitlines(keepends=True) if line not in (OFF, ON)]
    out = []
    match = difflib.SequenceMatcher(None, [key(x) for x in lines], [key(x) for x in want], False)
    for tag, a, b, c, d in match.get_opcodes():
        out += [x.rstrip() + "\n" for x in lines[a:b]] if tag == "equal" else want[c:d]
    return "".join(out)


def complaints(name, text, want):
    out = [f"{name}:{i}: {len(line.expandtabs(8))} columns"
           for i, line in enumerate(text.splitlines(), 1) if len(line.expandtabs(8)) > COLUMNS]
    if text != want:
        out += [x.rstrip("\n") for x in difflib.unified_diff(
            text.splitlines(), want.splitlines(), name, "as tests/lint/clang-format has it",
            lineterm="", n=1)]
    return out


def main():
    args = sys.argv[1:]
    fix = "--fix" in args
    args = [a for a in args if a != "--fix"]
    named = [a for a in args if os.path.isfile(a)]
    t = tree.Tree(None if named or not args else args[0])
    tap = tree.Tap()
    for path in named or [t.path(n) for n in t.c_files()]:
        name = os.path.relpath(path, t.root)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        want = formatted(path, text)
        if fix:
            if want != text:
                with open(path, "w", encoding="utf-8") as f:
                    f.write(want)
                print("formatted", name)
            continue
        tap.check(name, complaints(name, text, want))
    return 0 if fix else tap.done("C files are laid out alike")


if __name__ == "__main__":
    sys.exit(main())
