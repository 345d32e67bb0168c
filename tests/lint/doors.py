#!/usr/bin/env python3
"""Doors: each foreign library has the rooms that may include it, the C library has all."""
# SPDX-License-Identifier: BSD-2-Clause
import re
import sys

import tree

# Pattern of the header -> rooms or single files that may include it.
DOORS = [
    (r"openssl/", {"crypto", "pki"}),
    (r"libconfig\.h", {"policy"}),
    (r"event2/|event\.h|evhttp\.h", {"io", "web"}),
    (r"systemd/", {"io"}),
    (r"jansson\.h", {"ctl", "cli"}),
    (r"syslog\.h", {"src/base/log.c"}),
    (r"ut(hash|list|array|string)\.h", None),           # macros only: anywhere
    (r"sanitizer/", None),
    # C, POSIX and Linux.
    (r"(arpa|asm|linux|net|netinet|netpacket|sys)/[\w/]+\.h", None),
    (r"(assert|byteswap|complex|ctype|dirent|dlfcn|endian|err|errno|fcntl|fenv|float|fnmatch|getopt"
     r"|glob|grp|ifaddrs|inttypes|langinfo|libgen|limits|locale|malloc|math|netdb|poll|pthread|pwd|sched"
     r"|search|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio"
     r"|stdlib|stdnoreturn|string|strings|termios|threads|time|uchar|ucontext|unistd|utime|wchar"
     r"|wctype)\.h", None),
]
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>]*)>", re.M)


def verdict(name, header):
    for pattern, may in DOORS:
        if re.match(pattern, header):
            if may is None or name in may or tree.room(name) in may:
                return None
            return f"belongs to {', '.join(sorted(may))}"
    return "a library without a door: add it to doors.py"


def main():
    t, tap = tree.Tree(), tree.Tap()
    found = {}
    for name in t.c_files("src", "include"):
        bad = found.setdefault(tree.room(name), [])
        text = tree.code_only(t.read(name))
        for m in INCLUDE.finditer(text):
            if wrong := verdict(name, m.group(1)):
                bad.append(f"{name}:{tree.line_of(text, m.start(1))}: <{m.group(1)}> {wrong}")
    for room in sorted(found, key=str):
        tap.check(f"foreign headers of {room}", found[room])
    return tap.done("each library has its door")


if __name__ == "__main__":
    sys.exit(main())
