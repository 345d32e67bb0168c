#!/usr/bin/env python3
"""Faults: each row of the catalogue is explained in ikev1d-faults(7), word for word, and tested."""
# SPDX-License-Identifier: BSD-2-Clause
import re
import sys

import tree

TABLE = "src/fault/fault_table.c"
PAGE = "man/ikev1d-faults.7"
DEFINE = re.compile(r"#define (\w+)\s+((?:\\\n\s*)?\"(?:[^\"\\]|\\.)*\")")
ROW = re.compile(r"^\t\{ \"([^\"]+)\",(.*?)(?=^\t\{ |\Z)", re.M | re.S)
TEXT = re.compile(r"\.(wire|asa|swan|how) = ((?:\"[^\"]*\"|ASA_\w+|SWAN_\w+|\s)+)")


def text_of(value, macros):
    """A text from its pieces: strings, and macros that stand for one."""
    pieces = re.findall(r"\"([^\"]*)\"|(\w+)", value)
    return "".join(macros[m] if m else s for s, m in pieces)


def plain(mdoc):
    """The page's words with single spaces, without macros and escapes."""
    lines = [re.sub(r"\\&|\\e", "", line) for line in mdoc.splitlines() if not line.startswith(".br")]
    return " ".join(" ".join(lines).split())


def rows(source):
    macros = {name: re.sub(r"^.*?\"|\"$", "", value, flags=re.S)
              for name, value in DEFINE.findall(source)}
    for name, rest in ROW.findall(source):
        yield name, {k: text_of(v, macros) for k, v in TEXT.findall(rest)}


def main():
    t, tap = tree.Tree(), tree.Tap()
    if not t.exists(TABLE):
        return tap.done("")
    table = list(rows(t.read(TABLE)))
    page = plain(t.read(PAGE)) if t.exists(PAGE) else ""
    tests = "".join(t.read(n) for n in t.c_files("tests") if n.startswith("tests/unit/fault/"))
    tap.check("the catalogue can be read",
              [f"{name} has {len(texts)} texts, not 4: does tests/lint/faults.py still read {TABLE}?"
               for name, texts in table if len(texts) != 4] + ([] if table else ["no row found"]))
    missing = []
    for name, texts in table:
        if not re.search(r"^\.It Ic " + re.escape(name) + r"(?: |$)", t.read(PAGE), flags=re.M):
            missing.append(f"{PAGE} has no entry for {name}")
        for key, text in texts.items():
            if " ".join(text.split()).lower() not in page.lower():
                missing.append(f"{PAGE}: {name}: .{key} reads otherwise: {text}")
    tap.check(f"each fault is explained in {PAGE}", missing)
    tap.check("each fault has a test in tests/unit/fault",
              [f"no test names {name}" for name, _ in table
               if not re.search("\"" + re.escape(name) + "[\"=@ ]", tests)])
    return tap.done("faults are explained and tested")


if __name__ == "__main__":
    sys.exit(main())
