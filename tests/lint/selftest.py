#!/usr/bin/env python3
"""The lints themselves: each passes an empty tree and a good one, and refuses each bad sample."""
# SPDX-License-Identifier: BSD-2-Clause
import os
import shutil
import subprocess
import sys
import tempfile

import tree

SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"
PAGE = """.Dd January 1, 2026
.Dt {0} {1}
.Os
.Sh NAME
.Nm {2}
.Nd a page
.Sh DESCRIPTION
{3}
"""
GOOD = {
    "include/base/cur.h": SPDX + "#include <stddef.h>\nint cur_left(void);\n",
    "include/base/event.h": SPDX + "#define IKE_EVENTS(X)         \\\n\tX(SA_UP,   1)  \\\n\t"
                                   "X(SA_DOWN, 2)\nint event_no(void);\n",
    "include/base/counter.h": SPDX + "#define IKE_COUNTERS(X) X(datagrams_in, \"help\")\nint c;\n",
    "include/wire/hdr.h": SPDX + "#include \"base/cur.h\"\nint hdr_get(void);\n",
    "include/ctl/proto.h": SPDX + "#define PROTO_COMMANDS(X) \\\n\tX(SHOW, \"show isakmp sa\", 1)\n"
                                  "int proto(void);\n",
    "src/base/log.c": SPDX + "#include <syslog.h>\n#include \"base/cur.h\"\n",
    "src/wire/hdr.c": SPDX + """#include "wire/hdr.h"
#include "base/cur.h"

/* A sprintf( in a comment, "strcpy(" in a string: neither is a call. */
static const char *const words[] = { "strcpy(", "b" };

int
hdr_get(void)
{
	switch (words[0][0]) {
	case 'a':
		return cur_left();
	default:
		return 0;
	}
}
""",
    "src/ike/ike_local.h": SPDX + "struct sa {\n\tint    state;\n\tchar  *name; /* lent */\n};\n",
    "src/ike/fsm.c": SPDX + "#include \"ike_local.h\"\n\nint\nfsm_to(struct sa *sa, int to)\n{\n"
                            "\tsa->state = to;\n\treturn sa->state == 3;\n}\n",
    "src/policy/conf_schema.c": SPDX + "#include <libconfig.h>\n\nstatic const struct conf_item "
                                       "items[] = {\n\t{ \"nat_t_port\", 1 },\n\t{ NULL, 0 }\n};\n",
    "src/ctl/cmds.c": SPDX + "#include <jansson.h>\n",
    "src/cli/main.c": SPDX + "#include \"base/cur.h\"\n#include \"ctl/proto.h\"\n",
    "src/io/loop.c": SPDX + "#include <event2/event.h>\n#include <systemd/sd-daemon.h>\n",
    "src/crypto/hash.c": SPDX + "#include <openssl/evp.h>\n",
    "src/README.md": "# Map\n\n" + "".join(f"- `{n}` a file about things\n" for n in (
        "base/log.c", "wire/hdr.c", "ike/ike_local.h", "ike/fsm.c", "policy/conf_schema.c",
        "ctl/cmds.c", "cli/main.c", "io/loop.c", "crypto/hash.c")),
    "man/ikev1d-messages.7": PAGE.format("IKEV1D-MESSAGES", 7, "ikev1d-messages",
                                         ".Bl -tag -width Ds\n.It SA_UP\nUp.\n.It SA_DOWN\nDown.\n.El"),
    "man/ikev1ctl.8": PAGE.format("IKEV1CTL", 8, "ikev1ctl",
                                  ".Bl -tag -width Ds\n.It Va datagrams_in\nCounts.\n"
                                  ".It Ic show isakmp sa Op Cm detail\nShows.\n.El"),
    "man/ikev1d.conf.5": PAGE.format("IKEV1D.CONF", 5, "ikev1d.conf", "Not lifetime.\n"
                                       ".Bl -tag -width Ds\n.It Ic nat_t_port\nThe port.\n.El"),
    "tests/a.sh": "#!/bin/sh\n# SPDX-License-Identifier: BSD-2-Clause\necho a\n",
    "tests/b.py": "# SPDX-License-Identifier: BSD-2-Clause\nprint(1)\n",
}
LONG = "int\nlong_one(void)\n{\n" + "\t(void)0;\n" * 130 + "\treturn 0;\n}\n"

# lint, what is bad, file (its text replaces the good one), text, what the lint must say.
BAD = [
    ("floors", "higher floor", "src/base/log.c", "#include \"wire/hdr.h\"\n", "base is on floor 0"),
    ("floors", "same floor", "src/crypto/hash.c", "#include \"wire/hdr.h\"\n", "wire on 1"),
    ("floors", "public header looks up", "include/base/cur.h", "#include \"wire/hdr.h\"\n", "floor"),
    ("floors", "private header of another room", "src/wire/hdr.c", "#include \"ike_local.h\"\n",
     "no such header"),
    ("floors", "relative path", "src/wire/hdr.c", "#include \"../ike/ike_local.h\"\n",
     "from include/"),
    ("floors", "cli looks inside", "src/cli/main.c", "#include \"wire/hdr.h\"\n", "cli sees"),
    ("floors", "missing header", "src/wire/hdr.c", "#include \"base/none.h\"\n", "no such header"),
    ("floors", "unknown room", "src/cellar/x.c", "int x;\n", "no floor"),
    ("doors", "OpenSSL in ike", "src/ike/fsm.c", "#include <openssl/evp.h>\n", "belongs to crypto"),
    ("doors", "libconfig in base", "src/base/log.c", "#include <libconfig.h>\n", "policy"),
    ("doors", "libevent in ike", "src/ike/fsm.c", "#  include <event2/event.h>\n", "io"),
    ("doors", "systemd in daemon", "src/daemon/main.c", "#include <systemd/sd-daemon.h>\n", "io"),
    ("doors", "jansson in ike", "src/ike/fsm.c", "#include <jansson.h>\n", "ctl"),
    ("doors", "syslog elsewhere in base", "src/base/cur.c", "#include <syslog.h>\n", "log.c"),
    ("doors", "unknown library", "src/io/loop.c", "#include <pcap.h>\n", "without a door"),
    ("calls", "strcpy", "src/base/log.c", "void f(void) { strcpy(a, b); }\n", "strcpy"),
    ("calls", "sprintf", "src/base/log.c", "void f(void) { sprintf (a, b); }\n", "sprintf"),
    ("calls", "atoi in a test", "tests/t.c", "int f(void) { return atoi(a); }\n", "atoi"),
    ("calls", "memcmp on a secret", "src/base/log.c",
     "int f(void) { return memcmp(sa->skeyid, b, 3); }\n", "constant time"),
    ("calls", "state in a handler", "src/ike/mm.c", "void f(void) { sa->state = 3; }\n", "fsm.c"),
    ("calls", "state by value", "src/ike/mm.c", "void f(void) { sa.state = 3; }\n", "fsm.c"),
    ("calls", "fault tap in a handler", "src/ike/mm.c", "void f(void) { fault_tap(1); }\n", "five"),
    ("functions", "long function", "src/ike/mm.c", LONG, "long_one has 134 lines"),
    ("map", "file not on the map", "src/ike/new.c", "int x;\n", "ike/new.c is not on the map"),
    ("map", "listed, not there", "src/README.md", GOOD["src/README.md"] + "- `base/gone.c` a file\n",
     "not in src/"),
    ("map", "listed twice", "src/README.md", GOOD["src/README.md"] + "- `ike/fsm.c` more on it\n",
     "2 times"),
    ("map", "no description", "src/README.md",
     GOOD["src/README.md"].replace("`ike/fsm.c` a file about things", "`ike/fsm.c`"), "description"),
    ("map", "no map", "src/README.md", None, "missing"),
    ("format", "spaces for a tab", "src/ike/mm.c", "int\nf(void)\n{\n        return 0;\n}\n", "mm.c"),
    ("format", "brace", "src/ike/mm.c", "int f(void) {\n\treturn 0;\n}\n", "+f(void)"),
    ("format", "long line", "src/ike/mm.c", "/* " + "word " * 25 + "*/\n", "130 columns"),
    ("format", "long row", "src/ike/mm.c", "int a[] = {\n\t{ \"" + "x" * 120 + "\" },\n};\n",
     "columns"),
    ("manuals", "mandoc", "man/ikev1d.conf.5", GOOD["man/ikev1d.conf.5"] + ".Xx what\n", "unknown"),
    ("manuals", "event missing", "man/ikev1d-messages.7",
     GOOD["man/ikev1d-messages.7"].replace("SA_DOWN", "SA_DOWNED"), "log event SA_DOWN"),
    ("manuals", "counter missing", "man/ikev1ctl.8",
     GOOD["man/ikev1ctl.8"].replace("datagrams_in", "datagrams"), "counter datagrams_in"),
    ("manuals", "key missing", "man/ikev1d.conf.5",
     GOOD["man/ikev1d.conf.5"].replace("nat_t_port", "port"), "policy key nat_t_port"),
    ("manuals", "key mentioned, not explained", "man/ikev1d.conf.5",
     GOOD["man/ikev1d.conf.5"].replace("It Ic nat_t_port\n", "It Ic port\nAs nat_t_port.\n"),
     "policy key nat_t_port"),
    ("manuals", "command missing", "man/ikev1ctl.8",
     GOOD["man/ikev1ctl.8"].replace("isakmp sa", "ipsec sa"), "command show isakmp sa"),
    ("manuals", "manual missing", "man/ikev1ctl.8", None, "ikev1ctl.8 is missing"),
    ("manuals", "table unreadable", "include/ctl/proto.h", "int x;\n", "no name found"),
    ("text", "mark", "src/ike/mm.c", SPDX + "/* TO" "DO: all */\n", "mm.c:2"),
    ("text", "machine path", "man/x.5", "/home/joe" "/src/ikev1d\n", "x.5:1"),
    ("text", "no licence", "src/ike/mm.c", "int x;\n", "no \"SPDX"),
    ("text", "blanks", "tests/x.sh", "# " + SPDX.strip() + " \n", "blanks"),
    ("text", "no newline", "README.md", "text", "newline"),
    ("scripts", "sh", "tests/x.sh", "if true; then\n", "x.sh"),
    ("scripts", "sh without a suffix", "tests/run-all", "#!/bin/sh\nif true; then\n", "run-all"),
    ("scripts", "python", "tests/x.py", "def f(:\n", "x.py:1"),
]
LINTS = sorted({b[0] for b in BAD})


def run(lint, files):
    """(status, output) of a lint on a tree of these files."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            if text is None:
                continue
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        p = subprocess.run([sys.executable, os.path.join(tree.HERE, lint + ".py"), root],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return p.returncode, p.stdout


def passes(result):
    status, out = result
    bad = [] if status == 0 else [f"exit status {status}"]
    if "not ok" in out or "\n1.." not in out:
        bad.append("not a pass")
    return bad + out.splitlines() if bad else []


def refuses(result, word):
    status, out = result
    bad = [] if status == 1 else [f"exit status {status}"]
    if "not ok" not in out:
        bad.append("nothing refused")
    if word not in out:
        bad.append(f"\"{word}\" was not said")
    return bad + out.splitlines() if bad else []


def formats():
    """format.py --fix mends what it complains about, and keeps columns and tables."""
    table = "static const struct row rows[] = {\n\t{ A,    B,  1 },\n\t{ LONG, CC, 2 },\n};\n"
    text = SPDX + table + "\n" + "int f(int a,int b) {\n#define Z(a) case a: b\n  int   x = a;\n" \
        "  return x+b;\n}\n" + \
        "/* " + "word " * 25 + "*/\n"
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, "src/ike"))
        path = os.path.join(root, "src/ike/x.c")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        prog = [sys.executable, os.path.join(tree.HERE, "format.py")]
        subprocess.run([*prog, "--fix", root], check=True, stdout=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as f:
            after = f.read()
        again = subprocess.run([*prog, root], stdout=subprocess.PIPE, text=True, check=False)
    bad = []
    if table not in after:
        bad.append("the table was touched")
    if "int\nf(int a, int b)\n{\n#define Z(a) case a: b\n\tint x = a;\n\treturn x + b;\n}\n" \
            not in after:
        bad.append("the function was not laid out")
    if again.returncode != 0:
        bad.append("not clean after --fix")
    return bad + after.splitlines() + again.stdout.splitlines() if bad else []


def main():
    tap = tree.Tap()
    missing = {prog for prog in ("clang-format", "mandoc") if shutil.which(prog) is None}
    need = {"format": "clang-format", "manuals": "mandoc"}
    for lint in LINTS:
        if need.get(lint) in missing:
            tap.skip(lint, f"no {need[lint]}")
            continue
        tap.check(f"{lint} passes an empty tree", passes(run(lint, {})))
        tap.check(f"{lint} passes a good tree", passes(run(lint, GOOD)))
        for what, name, text, word in [b[1:] for b in BAD if b[0] == lint]:
            tap.check(f"{lint} refuses: {what}", refuses(run(lint, GOOD | {name: text}), word))
    reason = LONG.replace("int\nlong_one", "/* Long: one case per word. */\nint\nlong_one")
    tap.check("functions takes a reason", passes(run("functions", {"src/ike/mm.c": reason})))
    told = "int f(void)\n{\n\t/* not secret: both are on the wire */\n\treturn memcmp(hash, b, 3);\n}\n"
    tap.check("calls takes \"not secret\"", passes(run("calls", {"src/ike/mm.c": told})))
    if "clang-format" not in missing:
        tap.check("format mends", formats())
    return tap.done("")


if __name__ == "__main__":
    sys.exit(main())
