#!/usr/bin/env python3
"""The layout of our C files, by clang-format with tests/lint/clang-format.

usage: format.py [--fix] [ROOT | FILE ...]

A line is taken over only where it differs in more than the spaces inside it, so columns that an
author aligned stay.  Not touched at all: macros (the X lists), types at file level,
and initialised tables at file level, from "= {" at the end of a line to "}" in column 0.
"""
# SPDX-License-Identifier: BSD-2-Clause
import difflib
import os
import re
import subprocess
import sys
import textwrap

import tree

STYLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clang-format")
OFF, ON = "// clang-format off\n", "// clang-format on\n"
TABLE = re.compile(r"(((typedef|static|const)\s+)*(struct|union|enum)\b[^(=;]*|[A-Za-z_][^;]*=\s*)\{")
COLUMNS, TABLE_COLUMNS = 100, 120      # a row of a table reads better whole
WHOLE_TEXT = re.compile(r'"([^"\\]|\\.)*"[ ,;:?)}]*')  # a line of text alone stays whole, so that grep finds it


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


def blocks(lines):
    """What is left to the author: (first, last, is it a table or a macro)."""
    code = tree.code_only("".join(lines)).splitlines()
    i = 0
    while i < len(lines):
        end = i
        if re.match(r"#\s*define\b", lines[i]):
            while end < len(lines) - 1 and lines[end].endswith("\\\n"):
                end += 1
            yield i, end, True
        elif m := TABLE.match(code[i]):
            depth = code[i].count("{") - code[i].count("}")
            while depth > 0 and end < len(lines) - 1:
                end += 1
                depth += code[end].count("{") - code[end].count("}")
            yield i, end, "=" in m.group(0)
        i = end + 1


def protect(lines):
    """Put the marks of clang-format around it."""
    out, done = [], 0
    for first, last, _table in blocks(lines):
        out += [*lines[done:first], OFF, *lines[first:last + 1], ON]
        done = last + 1
    return out + lines[done:]


def wrap_comment(line):
    """A comment alone on a line that is too long becomes several lines, one behind code goes above."""
    m = re.match(r"(\t*)([^\s/#*].*\S)\s*(/\* .* \*/)$", line.rstrip())
    if len(line.rstrip().expandtabs(8)) > COLUMNS and m and m.group(2).count('"') % 2 == 0:
        return [*wrap_comment(m.group(1) + m.group(3) + "\n"), m.group(1) + m.group(2) + "\n"]
    m = re.match(r"(\t*)(/\* | \* )(.*?)( \*/)?$", line.rstrip())
    if len(line.rstrip().expandtabs(8)) <= COLUMNS or not m or "*/" in m.group(3):
        return [line]
    indent, opening, words, closing = m.groups()
    star = indent + " * "
    width = COLUMNS - len(star.expandtabs(8))
    out = [star + w + "\n" for w in textwrap.wrap(words, width, break_long_words=False)]
    if opening[0] == "/":
        out.insert(0, indent + "/*\n")
    if closing:
        out.append(indent + " */\n")
    return out


def formatted(path, text):
    """What the file should look like."""
    lines = [w for line in text.splitlines(keepends=True) for w in wrap_comment(line)]
    done = subprocess.run(["clang-format", f"--style=file:{STYLE}", f"--assume-filename={path}"],
                          input="".join(protect(lines)), stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    want = [line for line in done.splitlines(keepends=True) if line.strip() + "\n" not in (OFF, ON)]
    out = []
    match = difflib.SequenceMatcher(None, [key(x) for x in lines], [key(x) for x in want], False)
    for tag, a, b, c, d in match.get_opcodes():
        out += [x.rstrip() + "\n" for x in lines[a:b]] if tag == "equal" else want[c:d]
    return "".join(out)


def complaints(name, text, want):
    lines = text.splitlines(keepends=True)
    wide = {i for first, last, table in blocks(lines) if table for i in range(first, last + 1)}
    out = []
    for i, line in enumerate(lines):
        columns = len(line.rstrip().expandtabs(8))
        if WHOLE_TEXT.fullmatch(line.strip()):
            continue
        if columns > (TABLE_COLUMNS if i in wide else COLUMNS):
            out.append(f"{name}:{i + 1}: {columns} columns")
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
    t = tree.Tree(tree.TOP if named or not args else args[0])
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
