#!/usr/bin/env python3
"""Floors: a file includes headers of its own room and of lower floors, written from include/."""
# SPDX-License-Identifier: BSD-2-Clause
import re
import sys

import tree

FLOORS = {"base": 0, "wire": 1, "crypto": 1, "pki": 2, "policy": 2, "fault": 3, "ike": 4, "esp": 4,
          "io": 5, "ctl": 6, "web": 6, "daemon": 7}
CLI_MAY = re.compile(r"base/|ctl/proto\.h$")
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*\"([^\"]*)\"", re.M)


def verdict(t, name, room, header):
    """What is wrong with this include line, or None."""
    if header.startswith((".", "/")) or header.count("/") > 1:
        return "write it from include/, as \"room/file.h\""
    if "/" not in header:
        if name.startswith("include/"):
            return "a public header includes public headers only"
        if t.exists(f"src/{room}/{header}"):
            return None
        return f"no such header in src/{room}/, which is where a bare name is looked for"
    other = header.split("/")[0]
    if not t.exists(f"include/{header}"):
        return "no such header in include/"
    if room == "cli":
        return None if CLI_MAY.match(header) else "cli sees base and ctl/proto.h only"
    if other not in FLOORS:
        return f"{other} has no floor: add it to floors.py"
    if other != room and FLOORS[other] >= FLOORS[room]:
        return f"{room} is on floor {FLOORS[room]}, {other} on {FLOORS[other]}"
    return None


def main():
    t, tap = tree.Tree(), tree.Tap()
    found = {}
    for name in t.c_files("src", "include"):
        room = tree.room(name)
        bad = found.setdefault(room, [])
        if room is None:
            bad.append(f"{name}: not in a room")
            continue
        if room not in FLOORS and room != "cli":
            bad.append(f"{name}: {room} has no floor: add it to floors.py")
            continue
        text = tree.code_only(t.read(name), strings=True)
        for m in INCLUDE.finditer(text):
            if wrong := verdict(t, name, room, m.group(1)):
                bad.append(f"{name}:{tree.line_of(text, m.start(1))}: \"{m.group(1)}\": {wrong}")
    for room in sorted(found, key=str):
        tap.check(f"includes of {room}", found[room])
    return tap.done("rooms include lower floors only")


if __name__ == "__main__":
    sys.exit(main())
