#!/usr/bin/env python3
"""Tests the --help of a program of examples/: it lists the exit statuses and --json, and its first line is a sentence
that says what the program does. examples/man makes the man page from it.

    help_text.py PROGRAM

Prints nothing if everything passes. An AssertionError says what is wrong."""
import re
import subprocess
import sys

import usage


def main():
    done = subprocess.run([sys.argv[1], "--help"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and not done.stderr, done
    assert re.match(r"[A-Z][^\n]+\.\n", done.stdout), done.stdout
    assert "\n  --json " in done.stdout, done.stdout
    _, found, statuses = done.stdout.partition("\nExit status:\n")
    assert found, done.stdout
    listed = re.findall(r"^  (\d+) +\w", statuses, re.M)
    assert listed[:3] == ["0", "1", "2"] and listed == sorted(listed, key=int), statuses


usage.check_arguments(__doc__, 1)
main()
