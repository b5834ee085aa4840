#!/usr/bin/env python3
"""Checks with valgrind that no branch and no index depends on a secret.

    constant_time.py PROGRAM

PROGRAM is tests/constant_time/constant_time.cpp, built without sanitizers. The library's code must pass memcheck with
the token marked as undefined. The program also has controls that are wrong on purpose: memcheck must report each of
them, otherwise this test would prove nothing. Prints a line for each part. The exit status is 0 if all behave as
expected, 1 if not, and 77 ("skipped" to meson) if valgrind is not installed."""
import shutil
import subprocess
import sys

CAUGHT = 99  # an exit status that the program itself does not use
MODES = {"ours": 0, "verify": 0, "memcmp": CAUGHT, "branch": CAUGHT, "index": CAUGHT}


def run(program, mode):
    # In `verify`, reports are expected: the program counts them, and its exit status is the verdict.
    on_error = 0 if mode == "verify" else CAUGHT
    command = ["valgrind", "--tool=memcheck", "--quiet", "--leak-check=no", f"--error-exitcode={on_error}", program,
               mode]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        sys.exit(77)
    failed = 0
    for mode, expected in MODES.items():
        done = run(sys.argv[1], mode)
        result = {0: "passed", CAUGHT: "reported by memcheck"}.get(done.returncode, f"exit status {done.returncode}")
        print(f"{'ok' if done.returncode == expected else 'FAILED'}: {mode}: {result}")
        if done.returncode != expected:
            failed += 1
            print(done.stdout.decode(errors="replace"))
    sys.exit(failed != 0)


main()
