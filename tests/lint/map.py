#!/usr/bin/env python3
"""The map: src/README.md lists each file of src/ once, as `room/file.c`, with a line about it."""
# SPDX-License-Identifier: BSD-2-Clause
import re
import sys

import tree

# A list item or a table row that begins with a path; what follows is the description.
ENTRY = re.compile(r"^\s*[|*-]\s*`([\w./-]+\.[a-z]+)`(.*)$", re.M)


def main():
    t, tap = tree.Tree(), tree.Tap()
    there = [n.removeprefix("src/") for n in t.files("src") if n != "src/README.md"]
    if not there:
        return tap.done("the map fits")
    if not t.exists("src/README.md"):
        tap.check("the map exists", ["src/README.md is missing"])
        return tap.done("")
    text = t.read("src/README.md")
    listed = [(m.group(1), m.group(2)) for m in ENTRY.finditer(text)]
    names = [n for n, _ in listed]
    tap.check("every file is on the map",
              [f"src/{n} is not on the map: a line \"- `{n}` what it is for\"" for n in there
               if n not in names])
    tap.check("everything on the map is there",
              [f"src/README.md lists {n}, which is not in src/" for n in sorted(set(names))
               if n not in there])
    tap.check("nothing is on the map twice",
              [f"src/README.md lists {n} {names.count(n)} times" for n in sorted(set(names))
               if names.count(n) > 1])
    tap.check("every entry says something",
              [f"src/README.md: {n} has no description" for n, what in listed
               if len(re.findall(r"\w\w+", what)) < 2])
    return tap.done("")


if __name__ == "__main__":
    sys.exit(main())
