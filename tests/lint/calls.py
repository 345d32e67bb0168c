#!/usr/bin/env python3
"""Calls and assignments that have no place in our sources, or exactly one."""
# SPDX-License-Identifier: BSD-2-Clause
import re
import sys

import tree

BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atoll|gets|alloca)"
                    r"\s*\(")
# memcmp() on something whose name says secret; a comment "not secret" on its line or the line above
# tells why it is none.
MEMCMP = re.compile(r"(?<!\w)memcmp\s*\(([^;]*)")
SECRET = re.compile(r"secret|skeyid|psk|password|passw|key_|_key\b|\bkey\b|keymat|\bmac\b|icv|hash"
                    r"|digest|hmac")
STATE = re.compile(r"(?:->|\.)state\s*=(?!=)")
STATE_MAY = {"src/ike/fsm.c"}
FAULT = re.compile(r"(?<!\w)fault_tap\s*\(")
FAULT_MAY = {"src/ike/fsm.c", "src/ike/tx.c", "src/esp/esp_in.c", "src/esp/esp_out.c",
             "src/daemon/fault_ports.c"}


def banned(name, text):
    for m in BANNED.finditer(text):
        yield m.start(1), f"{m.group(1)}() is banned"


def secrets(name, text, full):
    lines = full.splitlines()
    for m in MEMCMP.finditer(text):
        at = tree.line_of(text, m.start())
        near = " ".join(lines[max(0, at - 2):at])
        if SECRET.search(m.group(1)) and "not secret" not in near:
            yield m.start(), "memcmp() on a secret: compare in constant time, or say \"not secret\""


def state(name, text):
    """Assignments; a designated initialiser of a table or of a new struct is none."""
    if name in STATE_MAY:
        return
    for m in STATE.finditer(text):
        if m.group().startswith(".") and not re.search(r"[\w\])]$", text[:m.start()]):
            continue
        yield m.start(), "only src/ike/fsm.c moves a state"


def taps(name, text):
    if name in FAULT_MAY or name.startswith(("src/fault/", "include/fault/")):
        return
    for m in FAULT.finditer(text):
        yield m.start(), "fault_tap() has its five files"


def main():
    t, tap = tree.Tree(), tree.Tap()
    laws = {"banned calls": banned, "memcmp on secrets": secrets, "state moves in one file": state,
            "fault taps": taps}
    names = t.c_files("src", "include")
    bad = {law: [] for law in laws}
    for name in names:
        full = t.read(name)
        text = tree.code_only(full)
        for law, find in laws.items():
            args = (name, text, full) if find is secrets else (name, text)
            bad[law] += [f"{name}:{tree.line_of(text, at)}: {what}" for at, what in find(*args)]
    # The tests obey the first law too.
    for name in t.c_files("tests"):
        text = tree.code_only(t.read(name))
        bad["banned calls"] += [f"{name}:{tree.line_of(text, at)}: {what}"
                                for at, what in banned(name, text)]
    for law, complaints in bad.items():
        tap.check(law, complaints)
    return tap.done("")


if __name__ == "__main__":
    sys.exit(main())
