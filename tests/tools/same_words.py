#!/usr/bin/env python3
"""Checks that each line of the first C++ program of a paper stands, in order, in a source file, so that what the paper
shows is what the tests build.

    same_words.py PAPER SOURCE"""
import re
import sys


def main():
    paper, source = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
    program = re.search(r"```cpp\n(.*?)```", paper, re.DOTALL)
    if not program:
        sys.exit(f"{sys.argv[1]}: no C++ program in it")
    wanted = [line.strip().removeprefix("//   ").strip() for line in program[1].splitlines()]
    wanted = [line for line in wanted if line and not line.startswith(("//", "..."))]
    lines = iter(line.strip() for line in source.splitlines())
    for line in wanted:
        if line not in lines:
            sys.exit(f"{sys.argv[2]} lacks this line of the paper, or has it in another place:\n    {line}")
    print(f"{len(wanted)} lines in their places")


main()
