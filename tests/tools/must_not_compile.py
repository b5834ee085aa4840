#!/usr/bin/env python3
"""Checks that a mistake does not compile, and for the right reason.

    must_not_compile.py SOURCE COMPILER [ARGUMENT...]

Compiles SOURCE twice. Without MISTAKE defined, it must compile. With MISTAKE defined, it must fail with an error that
matches its comment `// expect: REGEX`."""
import re
import subprocess
import sys

import usage


def main():
    source, *compiler = sys.argv[1:]
    promised = re.search(r"// expect: (.*)", open(source, encoding="utf-8").read())
    if not promised:
        sys.exit(f"{source} has no comment '// expect: REGEX'")

    def build(*more):
        return subprocess.run([*compiler, "-fsyntax-only", *more, source], capture_output=True, text=True)

    good = build()
    if good.returncode != 0:
        sys.exit(f"{source} does not compile without -DMISTAKE:\n{good.stderr}")
    bad = build("-DMISTAKE")
    if bad.returncode == 0:
        sys.exit(f"{source} compiles with -DMISTAKE")
    if not re.search(promised[1], bad.stderr):
        sys.exit(f"{source} fails with -DMISTAKE, but no error matches {promised[1]!r}:\n{bad.stderr}")


usage.check_arguments(__doc__, 2)
main()
