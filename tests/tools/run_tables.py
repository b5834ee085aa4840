#!/usr/bin/env python3
"""Runs tables of test cases through the conformance driver.

    run_tables.py DRIVER TABLE.json...

A table is a list of {"case": {…}, "expect": {…}, "why": "…"}. The driver reads each case as a line of JSON, and must
print a line that has every member of "expect" with the same value. If "expect" has "any_of", one of the alternatives
in it must match. If the environment variable MESON_EXE_WRAPPER is set, as meson does in a cross build, the driver is
run by that command.

Prints the first few differences and a count for each table. The last line is 'N passed, N failed'. The exit status is 0
if nothing failed."""
import json
import os
import shlex
import subprocess
import sys

SHOWN = 3


def agrees(expected, found):
    if isinstance(expected, dict):
        if "any_of" in expected:
            return any(agrees(one, found) for one in expected["any_of"])
        return isinstance(found, dict) and all(k in found and agrees(v, found[k]) for k, v in expected.items())
    return type(expected) is type(found) and expected == found


def answers(driver, cases):
    lines = "".join(json.dumps(case["case"]) + "\n" for case in cases)
    command = [*shlex.split(os.environ.get("MESON_EXE_WRAPPER", "")), driver]
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, timeout=300, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if len(found) != len(cases):
        sys.exit(f"{driver} printed {len(found)} lines for {len(cases)} cases")
    return found


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    driver, *tables = sys.argv[1:]
    passed = failed = 0
    for table in tables:
        cases = json.load(open(table, encoding="utf-8"))
        wrong = [(i, c, a) for i, (c, a) in enumerate(zip(cases, answers(driver, cases))) if not agrees(c["expect"], a)]
        for i, case, answer in wrong[:SHOWN]:
            print(f"{table}[{i}] {case['why']}")
            for what, value in (("case", case["case"]), ("expected", case["expect"]), ("answer", answer)):
                print(f"    {what:9}{json.dumps(value)[:400]}")
        print(f"{table}: {len(cases) - len(wrong)} of {len(cases)} passed")
        passed += len(cases) - len(wrong)
        failed += len(wrong)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
