#!/usr/bin/env python3
"""The unit test header itself: each check of tests/t.h holds where it should and fails elsewhere."""
# SPDX-License-Identifier: BSD-2-Clause
import os
import shutil
import subprocess
import sys
import tempfile

import tree

PROGRAM = """
#define IKE_ERRS(X) X(IKE_OK, "success", 0) X(IKE_E_SHORT, "ends too early", 16)
#define ENUM(code, text, notify) code,
enum ike_err { IKE_ERRS(ENUM) };
#include "t.h"

const char octets[40] = "";

static void
case_1(void)
{
	%s;
}

int
main(void)
{
	T_RUN(case_1);
	return T_DONE();
}
"""
HOLD = ["T_EQ(3, 3)", "T_EQ(-1, -1)", "T_EQ(UINT64_MAX, UINT64_MAX)", "T_STR(\"a\", \"a\")",
        "T_STR(NULL, NULL)", "T_MEM(octets, 40, octets, 40)", "T_MEM(NULL, 0, octets, 0)",
        "T_OK(IKE_OK)", "T_ERR(IKE_E_SHORT, IKE_E_SHORT)", "T_TRUE(1 == 1)"]
FAIL = [("T_EQ(3, 4)", "got 3 (0x3), want 4 (0x4)"),
        ("T_EQ((uint32_t)-1, -1)", "want -1"),
        ("T_STR(\"a\", \"b\")", "got \"a\""), ("T_STR(NULL, \"b\")", "(NULL)"),
        ("T_MEM(octets, 40, \"x\", 1)", "got 40 octets, want 1"),
        ("T_MEM(octets, 3, \"\\0\\0\\1\", 3)", "want 0000  00 00 01"),
        ("T_OK(IKE_E_SHORT)", "got IKE_E_SHORT, want IKE_OK"),
        ("T_ERR(IKE_OK, IKE_E_SHORT)", "got IKE_OK, want IKE_E_SHORT"),
        ("T_TRUE(1 == 2)", "1 == 2 does not hold"), ("T_FAIL(\"no %d\", 7)", "no 7"),
        ("T_EQ(1, 2); T_EQ(1, 1)", "not ok 1")]


def outcome(d, check):
    """(exit status, output) of a program that makes this check; compiler errors raise."""
    with open(f"{d}/t.c", "w", encoding="utf-8") as f:
        f.write(PROGRAM % check)
    done = subprocess.run(["gcc", "-Wall", "-Wextra", "-Wshadow", "-Wstrict-prototypes", "-Werror",
                           f"-I{tree.TOP}/tests", "-o", f"{d}/t", f"{d}/t.c"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        return None, done.stdout
    p = subprocess.run([f"{d}/t"], stdout=subprocess.PIPE, text=True, check=False)
    return p.returncode, p.stdout


def differs(result, status, *words):
    bad = [] if result[0] == status else [f"exit status {result[0]}, wants {status}"]
    bad += [f"\"{w}\" was not said" for w in words if w not in result[1]]
    return bad + result[1].splitlines() if bad else []


def main():
    tap = tree.Tap()
    if shutil.which("gcc") is None or not os.path.exists(os.path.join(tree.TOP, "tests/t.h")):
        tap.skip("tests/t.h", "no gcc")
        return tap.done("")
    with tempfile.TemporaryDirectory() as d:
        holds = "; ".join(HOLD)
        tap.check("what holds", differs(outcome(d, holds), 0, "ok 1 - case_1\n1..1\n"))
        for check, words in FAIL:
            tap.check(f"fails: {check}", differs(outcome(d, check), 1, "not ok 1 - case_1", words))
        tap.check("skips", differs(outcome(d, "T_SKIP(\"no key\")"), 0,
                                   "ok 1 - case_1 # SKIP no key\n1..1"))
        tap.check("a failure is not skipped",
                  differs(outcome(d, "T_SKIP(\"no\"); T_EQ(1, 2)"), 1, "not ok 1 - case_1\n"))
    return tap.done("")


if __name__ == "__main__":
    sys.exit(main())
