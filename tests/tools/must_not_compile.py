#!/usr/bin/env python3
"""Builds a program twice: as it is, which must work, and with MISTAKE defined, which must fail with the text that its
comment `// expect: REGEX` promises. A mistake that fails for another reason proves nothing.

    must_not_compile.py SOURCE COMPILER [ARGUMENT...]"""
import re
import subprocess
import sys


def main():
    source, *compiler = sys.argv[1:]
    promised = re.search(r"// expect: (.*)", open(source, encoding="utf-8").read())
    if not promised:
        sys.exit(f"{source}: no '// expect: REGEX' in it")

    def build(*more):
        return subprocess.run([*compiler, "-fsyntax-only", *more, source], capture_output=True, text=True)

    good = build()
    if good.returncode != 0:
        sys.exit(f"{source} does not compile without its mistake:\n{good.stderr}")
    bad = build("-DMISTAKE")
    if bad.returncode == 0:
        sys.exit(f"{source} compiles with its mistake")
    if not re.search(promised[1], bad.stderr):
        sys.exit(f"{source} fails, but nothing in the message fits {promised[1]!r}:\n{bad.stderr}")


main()
