#!/usr/bin/env python3
"""Shows with valgrind that no branch and no index depends on a secret.

    constant_time.py PROGRAM

PROGRAM is tests/constant_time/constant_time.cpp, built without sanitizers. Our code must pass memcheck with the token
marked as undefined; each control, which does what must not be done, must be caught by it, or the test shows nothing.
Prints a line for each. Status 0 if all is as it should be, 1 if not, 77 (to meson: skipped) if there is no valgrind."""
import shutil
import subprocess
import sys

CAUGHT = 99  # no status of the program's own
MODES = {"ours": 0, "verify": 0, "memcmp": CAUGHT, "branch": CAUGHT, "index": CAUGHT}


def run(program, mode):
    # Of `verify` reports are expected, so the program counts them and its own status is the verdict.
    on_error = 0 if mode == "verify" else CAUGHT
    command = ["valgrind", "--tool=memcheck", "--quiet", "--leak-check=no", f"--error-exitcode={on_error}", program, mode]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which("valgrind"):
        print("skipped: there is no valgrind")
        sys.exit(77)
    failed = 0
    for mode, expected in MODES.items():
        done = run(sys.argv[1], mode)
        said = {0: "as it should be", CAUGHT: "caught"}.get(done.returncode, f"status {done.returncode}")
        print(f"{'ok' if done.returncode == expected else 'FAILED'}: {mode}: {said}")
        if done.returncode != expected:
            failed += 1
            print(done.stdout.decode(errors="replace"))
    sys.exit(failed != 0)


main()
