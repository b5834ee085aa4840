#!/usr/bin/env python3
"""Checks that a source file has every line of the first C++ code block of a Markdown document, in the same order. So
the tests build the program that the document shows.

    same_words.py DOCUMENT SOURCE"""
import re
import sys

import usage


def main():
    document, source = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
    program = re.search(r"```cpp\n(.*?)```", document, re.DOTALL)
    if not program:
        sys.exit(f"{sys.argv[1]} has no C++ code block")
    wanted = [line.strip().removeprefix("//   ").strip() for line in program[1].splitlines()]
    wanted = [line for line in wanted if line and not line.startswith(("//", "..."))]
    lines = iter(line.strip() for line in source.splitlines())
    for line in wanted:
        if line not in lines:
            sys.exit(f"{sys.argv[2]} does not have this line of {sys.argv[1]}, or has it in another place:\n    {line}")
    print(f"{len(wanted)} lines are the same")


usage.check_arguments(__doc__, 2)
main()
