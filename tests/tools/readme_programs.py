#!/usr/bin/env python3
"""Compiles and runs the C++ programs in a Markdown document, unchanged.

    readme_programs.py DOCUMENT COMPILER [ARGUMENT...]

A code block that begins with an #include, or with a command such as '// c++ … NAME.cpp …', begins a program. Any other
block continues the program before it. A program with a 'main' is built, with the arguments that follow NAME.cpp in its
command, and run; it must exit with status 0. Other programs are only compiled."""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import usage


def main():
    document, *compiler = sys.argv[1:]
    blocks = re.findall(r"```cpp\n(.*?)```", pathlib.Path(document).read_text(encoding="utf-8"), re.DOTALL)
    programs = []
    for block in blocks:
        if block.startswith(("#include", "// c++ ", "// clang++ ")) or not programs:
            programs.append(block)
        else:
            programs[-1] += block
    if not programs:
        sys.exit(f"{document} has no C++ code blocks")
    run = 0
    for number, program in enumerate(programs, 1):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "program.cpp"
            source.write_text(program, encoding="utf-8")
            if re.search(r"^int main\(", program, re.MULTILINE):
                command = re.search(r"^// c\+\+ .*?\.cpp(.*)", program, re.MULTILINE)
                words = [*compiler, str(source), "-o", f"{folder}/program"]
                command = shlex.join(words) + (command[1] if command else "") + f" && {folder}/program"
                run += 1
            else:
                command = shlex.join([*compiler, "-fsyntax-only", str(source)])
            done = subprocess.run(command, shell=True, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"program {number} of {document} fails with status {done.returncode}:\n"
                     f"{command}\n{program}\n{done.stderr}")
    print(f"{len(programs)} programs from {len(blocks)} code blocks compiled, {run} of them run")


usage.check_arguments(__doc__, 2)
main()
