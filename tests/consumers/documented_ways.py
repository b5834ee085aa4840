#!/usr/bin/env python3
"""Checks that each way to install sidecall in the README is tested with the same lines, and that the packages and the
README have the project's version.

    documented_ways.py PROJECT VERSION"""
import json
import pathlib
import re
import sys


def main():
    project, version = pathlib.Path(sys.argv[1]), sys.argv[2]
    consumers = project / "tests/consumers"
    # Without indentation, because the lines are indented in the branches of 'run'.
    def unindented(text):
        return re.sub(r"^ +", "", text, flags=re.M)

    tested = [unindented(path.read_text(encoding="utf-8"))
              for path in [consumers / "run", *consumers.glob("*/CMakeLists.txt"), *consumers.glob("*/meson.build")]]
    section = re.search(r"^## Install\n(.*?)^## ", (project / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    shown = re.findall(r"```\w+\n(.*?)```", section[1], re.S) if section else []
    faults = [f"README: no test in tests/consumers has these lines:\n{block}"
              for block in shown if not any(unindented(block) in text for text in tested)]
    if len(shown) < 5:
        faults.append(f"README: expected at least 5 code blocks in the section 'Install', found {len(shown)}")

    packages = project / "adapters/packages"
    wrap = (packages / "sidecall.wrap").read_text(encoding="utf-8")
    data = (packages / "conan/conandata.yml").read_text(encoding="utf-8")
    versions = {"vcpkg.json": json.loads((packages / "vcpkg/vcpkg.json").read_text(encoding="utf-8"))["version"],
                "conandata.yml": re.search(r'\n  "(.*)":', data)[1],
                "sidecall.wrap": re.search(r"revision = v(.*)", wrap)[1],
                "README": re.search(r"GIT_TAG v([\d.]+)", section[1] if section else "GIT_TAG v0")[1]}
    faults += [f"{name} has version {found}, but meson.build has {version}"
               for name, found in versions.items() if found != version]
    print("\n".join(faults) or f"{len(shown)} code blocks and {len(versions)} versions are right")
    sys.exit(bool(faults))


if len(sys.argv) <= 2 or sys.argv[1] in ("--help", "-h"):
    sys.exit(__doc__)
main()
