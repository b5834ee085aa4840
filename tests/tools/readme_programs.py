#!/usr/bin/env python3
"""Compiles each C++ program of a paper, word for word: a block that begins with an #include is a program by itself, any
other goes on where the one before it ended.

    readme_programs.py PAPER COMPILER [ARGUMENT...]"""
import re
import subprocess
import sys
import tempfile


def main():
    paper, *compiler = sys.argv[1:]
    blocks = re.findall(r"```cpp\n(.*?)```", open(paper, encoding="utf-8").read(), re.DOTALL)
    programs = []
    for block in blocks:
        if block.startswith("#include") or not programs:
            programs.append(block)
        else:
            programs[-1] += block
    if not programs:
        sys.exit(f"{paper}: no C++ program in it")
    for number, program in enumerate(programs, 1):
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
            source.write(program)
            source.flush()
            done = subprocess.run([*compiler, "-fsyntax-only", source.name], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"program {number} of {paper} does not compile:\n{program}\n{done.stderr}")
    print(f"{len(programs)} programs, {len(blocks)} blocks compiled")


main()
