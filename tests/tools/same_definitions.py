#!/usr/bin/env python3
"""Checks that the headers define the same things with every compiler option, so that translation units built with
different options can be linked (one definition rule). Compares the preprocessor's output for the headers.

    same_definitions.py INCLUDE_FOLDER COMPILER [ARGUMENT...]

SIDECALL_NO_SHA_INSTRUCTIONS, SIDECALL_NO_STDIO and SIDECALL_PREFER_SIZE must be the same in the whole program, so they
must change the output. -fno-exceptions is not checked: it must also be the same in the whole program, because it
changes the standard library's templates."""
import pathlib
import re
import subprocess
import sys

import usage

OPTIONS = ["-O0", "-O1", "-O2", "-O3", "-Os", "-Ofast", "-O2 -DNDEBUG", "-g", "-fno-rtti", "-fno-builtin", "-fPIC",
           "-funsigned-char", "-fsigned-char", "-fshort-enums", "-fno-inline", "-fstack-protector-all", "-ftrapv",
           "-std=gnu++20", "-std=c++2b", "-O2 -D_FORTIFY_SOURCE=2", "-D_GLIBCXX_ASSERTIONS", "-D_DEFAULT_SOURCE",
           "-fsanitize=address", "-fsanitize=undefined", "-fvisibility=hidden", "-pthread"]
X86 = ["-msse4.2", "-mavx2", "-msha", "-march=native", "-mno-sse3"]
MEANT = ["SIDECALL_NO_SHA_INSTRUCTIONS", "SIDECALL_NO_STDIO", "SIDECALL_PREFER_SIZE"]


def lines_of_headers(folder, output):
    """The lines of the preprocessor's output that come from the folder, without line markers."""
    kept, ours = [], False
    for line in output.splitlines():
        if place := re.match(r'# \d+ "([^"]*)"', line):
            ours = place[1].startswith(folder)
        elif ours and line.strip():
            kept.append(line)
    return kept


def main():
    folder, *compiler = sys.argv[1:]
    headers = sorted(str(path) for path in pathlib.Path(folder).rglob("*.hpp"))
    source = "".join(f'#include "{header}"\n' for header in headers)

    def preprocess(options):
        done = subprocess.run([*compiler, "-I", folder, *options.split(), "-E", "-xc++", "-"], input=source,
                              capture_output=True, text=True)
        return None if done.returncode else lines_of_headers(folder, done.stdout)

    usual = preprocess("")
    if not usual:
        sys.exit(f"{compiler[0]} cannot preprocess the headers in {folder}, or there are none")
    bad = []
    macros = subprocess.run([*compiler, "-dM", "-E", "-xc++", "-"], input="", capture_output=True, text=True).stdout
    is_x86 = "__x86_64__ 1" in macros
    compared = 0
    for options in OPTIONS + (X86 if is_x86 else []):
        other = preprocess(options)
        if other is None:  # the compiler does not know the option
            continue
        compared += 1
        differing = next((pair for pair in zip(usual, other) if pair[0] != pair[1]), None)
        if differing or len(usual) != len(other):
            bad.append(f"{options} changes the headers: {differing and differing[1] or 'lines are added or missing'}")
    for name in MEANT:
        if preprocess(f"-D{name}") == usual and (is_x86 or "SHA" not in name):
            bad.append(f"-D{name} changes nothing")
    if bad:
        sys.exit("The definitions in the headers depend on compiler options in the wrong way:\n" + "\n".join(bad))
    print(f"{compared} options compared")


usage.check_arguments(__doc__, 2)
main()
