#!/usr/bin/env python3
"""Manuals: clean for mandoc, and complete: each row of a table that users see is explained in one.

To add a table, add a row to TABLES: the file it stands in, what marks the place, what a name looks
like there, and the manual that must have an entry for each name: a line .It or .Ss that holds it.
"""
# SPDX-License-Identifier: BSD-2-Clause
import re
import subprocess
import sys

import tree

# { "name", ... or { .key = "name", ...
ROW = re.compile(r"\{\s*(?:\.(?:key|name|word|words|command)\s*=\s*)?\"([^\"]+)\"\s*,")
X_ROW = re.compile(r"\bX\(\s*(\w+)")                     # X(NAME, ...
X_WORDS = re.compile(r"\bX\(\s*\w+\s*,\s*\"([^\"]+)\"")  # X(ID, "words", ...
TABLES = [
    # what            file                      from                  names  manual
    ("log event",     "include/base/event.h",   r"define IKE_EVENTS",   X_ROW, "ikev1d-messages.7"),
    ("counter",       "include/base/counter.h", r"define IKE_COUNTERS", X_ROW, "ikev1ctl.8"),
    ("policy key",    "src/policy/conf_schema.c", r"struct conf_item",  ROW,   "ikev1d.conf.5"),
    ("command",       "include/ctl/proto.h",    r"define PROTO_COMMANDS", X_WORDS, "ikev1ctl.8"),
    ("fault",         "src/fault/fault_table.c", r"struct fault_def",   ROW,   "ikev1d-faults.7"),
]


def table_names(text, start, pattern):
    """The names in every table that begins where start matches: a macro, or an initialiser."""
    names = []
    for m in re.finditer(start, text):
        rest = text[m.start():]
        if rest.startswith("define"):
            end = re.search(r"[^\\]\n", rest).end()
        else:
            opening = re.match(r"[^;{]*=\s*\{", rest)
            if not opening:
                continue
            end = rest.find("\n};")
            end = len(rest) if end < 0 else end
            rest = rest[:end]
            rest, end = rest[opening.end():], end
        names += [n.group(1) for n in pattern.finditer(rest[:end])]
    return names


def plain(mdoc):
    """The manual's words: macros stay, escapes go."""
    text = re.sub(r"^\.\\\".*$", "", mdoc, flags=re.M)
    return text.replace("\\-", "-").replace("\\&", "").replace("\\(ha", "^").replace("\\_", "_")


def entries(mdoc):
    """The lines that begin an entry."""
    return "\n".join(re.findall(r"^\.(?:It|Ss)\b.*$", mdoc, flags=re.M))


def mentions(text, name):
    # "show isakmp sa" may be set as ".Cm show isakmp sa" or ".Ic show Cm isakmp sa"; words are words.
    words = [re.escape(w) for w in name.split()]
    between = r"(?:\s+(?:[A-Z][a-z]\s+)*)"
    return re.search(r"(?<![\w.-])" + between.join(words) + r"(?![\w-])", text) is not None


def main():
    t, tap = tree.Tree(), tree.Tap()
    pages = [n for n in t.files("man") if re.search(r"\.[1-9]$", n)]
    for page in pages:
        p = subprocess.run(["mandoc", "-Tlint", "-Wwarning", t.path(page)], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
        tap.check(f"mandoc -Tlint {page}", p.stdout.splitlines())
    for what, source, start, pattern, manual in TABLES:
        if not t.exists(source):
            continue
        names = table_names(tree.code_only(t.read(source), strings=True), start, pattern)
        title = f"each {what} of {source} is in {manual}"
        if not names:
            tap.check(title, [f"no name found in {source}: does tests/lint/manuals.py still read it?"])
        elif f"man/{manual}" not in pages:
            tap.check(title, [f"man/{manual} is missing"])
        else:
            text = entries(plain(t.read(f"man/{manual}")))
            tap.check(title, [f"man/{manual} does not explain the {what} {n}"
                              for n in dict.fromkeys(names) if not mentions(text, n)])
    return tap.done("manuals are clean and complete")


if __name__ == "__main__":
    sys.exit(main())
