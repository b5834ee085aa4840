#!/usr/bin/env python3
"""Compiles each C++ program of a paper, word for word. A block that begins with an #include, or with the command that builds
it, '// c++ … NAME.cpp …', is a program by itself; any other goes on where the one before it ended. One that has a 'main' is
built, with what the command has behind NAME.cpp, and run: it must end with 0.

    readme_programs.py PAPER COMPILER [ARGUMENT...]"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile


def main():
    paper, *compiler = sys.argv[1:]
    blocks = re.findall(r"```cpp\n(.*?)```", pathlib.Path(paper).read_text(encoding="utf-8"), re.DOTALL)
    programs = []
    for block in blocks:
        if block.startswith(("#include", "// c++ ", "// clang++ ")) or not programs:
            programs.append(block)
        else:
            programs[-1] += block
    if not programs:
        sys.exit(f"{paper}: no C++ program in it")
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
            sys.exit(f"program {number} of {paper} ends with {done.returncode}:\n{command}\n{program}\n{done.stderr}")
    print(f"{len(programs)} programs of {len(blocks)} blocks compiled, {run} of them run")


main()
