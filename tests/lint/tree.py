"""What the lints share: the files of a tree, C text without comments, TAP.

Every lint takes the top folder to look at as its argument; the default is this project.
"""
# SPDX-License-Identifier: BSD-2-Clause
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SKIP = {".git", "build", "__pycache__"}


def blank(match):
    """As many lines, no text."""
    return re.sub(r"[^\n]", " ", match.group(0))


TOKENS = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def code_only(text, strings=False):
    """C text with comments blanked, and string contents too unless they are wanted."""
    def one(m):
        s = m.group(0)
        if s.startswith("/"):
            return blank(m)
        if strings:
            return s
        return s[0] + " " * (len(s) - 2) + s[-1]
    return TOKENS.sub(one, text)


class Tree:
    def __init__(self, root=None):
        if root is None:
            root = sys.argv[1] if len(sys.argv) > 1 else TOP
        self.root = os.path.abspath(root)

    def path(self, name):
        return os.path.join(self.root, name)

    def exists(self, name):
        return os.path.exists(self.path(name))

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def files(self, under=".", ends=""):
        """Names below a folder, relative to the root, sorted."""
        found = []
        for folder, dirs, names in os.walk(self.path(under)):
            dirs[:] = [d for d in dirs if d not in SKIP]
            found += [os.path.relpath(os.path.join(folder, n), self.root) for n in names
                      if n.endswith(ends)]
        return sorted(found)

    def c_files(self, *under):
        return [n for u in under or ("src", "include", "tests")
                for n in self.files(u, (".c", ".h"))]


def room(name):
    """The room of src/ROOM/x.c and include/ROOM/x.h, else None."""
    parts = name.split("/")
    return parts[1] if len(parts) > 2 and parts[0] in ("src", "include") else None


def line_of(text, at):
    return text.count("\n", 0, at) + 1


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def note(self, text):
        print("#", text)

    def check(self, name, complaints):
        """One test: fails when there are complaints, and prints them."""
        self.n += 1
        complaints = list(complaints)
        self.bad += bool(complaints)
        for c in complaints:
            print("#", c)
        print(f"{'not ok' if complaints else 'ok'} {self.n} - {name}", flush=True)

    def skip(self, name, why):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {why}", flush=True)

    def done(self, law):
        """The plan and the exit status; a tree with nothing to look at obeys the law."""
        if self.n == 0:
            self.check(f"{law} (nothing to look at)", [])
        print(f"1..{self.n}")
        return 1 if self.bad else 0
