#!/usr/bin/env python3
"""What the papers and packages say fits: each way in that the README shows is tested with the same words, and every package is of
the project's version.

    papers.py PROJECT VERSION"""
import json
import pathlib
import re
import sys


def main():
    project, version = pathlib.Path(sys.argv[1]), sys.argv[2]
    consumers = project / "tests/consumers"
    # As a program has it, without the blanks of a shell's branches.
    def unindented(text):
        return re.sub(r"^ +", "", text, flags=re.M)

    tested = [unindented(path.read_text(encoding="utf-8"))
              for path in [consumers / "run", *consumers.glob("*/CMakeLists.txt"), *consumers.glob("*/meson.build")]]
    section = re.search(r"^## Install\n(.*?)^## ", (project / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    shown = re.findall(r"```\w+\n(.*?)```", section[1], re.S) if section else []
    faults = [f"README: no test has these lines:\n{block}" for block in shown if not any(unindented(block) in text for text in tested)]
    if len(shown) < 5:
        faults.append(f"README: {len(shown)} ways in")

    packages = project / "adapters/packages"
    said = {"vcpkg.json": json.loads((packages / "vcpkg/vcpkg.json").read_text(encoding="utf-8"))["version"],
            "sidecall.wrap": re.search(r"revision = v(.*)", (packages / "sidecall.wrap").read_text(encoding="utf-8"))[1],
            "README": re.search(r"GIT_TAG v([\d.]+)", section[1] if section else "GIT_TAG v0")[1]}
    faults += [f"{name} says {what}, meson.build {version}" for name, what in said.items() if what != version]
    print("\n".join(faults) or f"{len(shown)} ways in, {len(said)} versions")
    sys.exit(bool(faults))


main()
