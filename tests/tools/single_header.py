#!/usr/bin/env python3
"""Prints the library as one header, with the same words in the same order as the preprocessor reads them: each of the project's
own headers stands where it is included first, and every other include stays where it is.

    single_header.py [-o FILE] [ADAPTER...]     the core, and adapters behind it: sidecall/curl.hpp, say

A program includes this one or the headers themselves, not both."""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = [ROOT / "include", ROOT / "adapters"]


def inline(name, seen):
    """The lines of a header with those that it includes in it; nothing if they stand further up."""
    if name in seen:
        return []
    seen.add(name)
    path = next((folder / name for folder in FOLDERS if (folder / name).is_file()), None)
    if path is None:
        sys.exit(f"single_header.py: there is no {name}")
    lines = ["", f"// {name}"]
    depth = 0  # of #if
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line == "#pragma once":
            continue
        directive = re.match(r"\s*#\s*(\w+)", line)
        if directive and directive[1].startswith("if"):
            depth += 1
        elif directive and directive[1] == "endif":
            depth -= 1
        own = re.match(r"\s*#\s*include\s*[<\"](sidecall/[^>\"]+)[>\"]", line)
        if not own:
            lines.append(line)
        elif depth:
            # Where the condition does not hold it would be missing from all headers that include it later.
            sys.exit(f"single_header.py: {path}:{number}: a header of our own is included under a condition")
        else:
            lines += inline(own[1], seen)
    return lines


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("-o", dest="output", type=pathlib.Path)
    options.add_argument("--depfile", type=pathlib.Path)
    options.add_argument("adapters", nargs="*")
    told = options.parse_args()

    seen = set()
    lines = [line for header in ["sidecall/sidecall.hpp", *told.adapters] for line in inline(header, seen)]
    licence = ["// " + line if line else "//" for line in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()]
    # Named guards and not '#pragma once': projects that bring a copy each end up with two files of the same.
    text = "\n".join(["// sidecall in one header, made by tests/tools/single_header.py: change it there.", "//", *licence, "",
                      "#ifndef SIDECALL_SINGLE_HEADER", "#define SIDECALL_SINGLE_HEADER", "", *lines, "", "#endif", ""])
    text = re.sub(r"\n{3,}", "\n\n", text)
    if told.output:
        told.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    if told.depfile:
        read = [str(folder / name) for name in sorted(seen) for folder in FOLDERS if (folder / name).is_file()]
        told.depfile.write_text(f"{told.output}: {' '.join(read)}\n", encoding="utf-8")


main()
