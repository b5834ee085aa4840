#!/usr/bin/env python3
"""Runs the recipe for Conan as 'conan create' does, with stand-ins for what it uses of Conan, which Debian and its like do not
have in a version that could.

    conan.py RECIPE FOLDER VERSION     leaves the package in FOLDER/package"""
import fnmatch
import pathlib
import runpy
import shutil
import sys
import types


class Anything:
    """Takes any call, and knows any member."""
    def __getattr__(self, name):
        return Anything()

    def __call__(self, *arguments, **named):
        return None


class Values(dict):
    __getattr__ = dict.__getitem__
    get_safe = dict.get


class ConanFile:
    pass


def copy(recipe, pattern, src, dst):
    copied = [path for path in pathlib.Path(src).rglob("*")
              if path.is_file() and fnmatch.fnmatch(str(path.relative_to(src)), pattern)]
    for path in copied:
        target = pathlib.Path(dst) / path.relative_to(src)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    if not copied:
        sys.exit(f"conan.py: nothing to copy: {pattern}")


class Info:
    """What package_info says, to be compared."""
    def __init__(self):
        self.components = {name: types.SimpleNamespace(said={}) for name in ("sidecall", "curl", "httplib")}
        for part in self.components.values():
            part.set_property = part.said.__setitem__

    def set_property(self, name, value):
        pass


def main():
    recipe, folder, version = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    for name, members in {"conan": {"ConanFile": ConanFile}, "conan.tools": {},
                          "conan.tools.build": {"check_min_cppstd": lambda recipe, version: None},
                          "conan.tools.files": {"copy": copy, "load": lambda recipe, path: open(path).read()}}.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(members)
    made = runpy.run_path(recipe)["Sidecall"]()
    made.recipe_folder = str(pathlib.Path(recipe).parent)
    made.set_version()
    if made.version != version:
        sys.exit(f"conan.py: the recipe says {made.version}, meson.build {version}")
    made.export_sources_folder = made.source_folder = str(folder / "sources")
    made.package_folder = str(folder / "package")
    made.options = Values(curl=True, httplib=True)
    made.info = Anything()
    made.cpp_info = Info()
    required = []
    made.requires = lambda reference, **options: required.append(reference.split("/")[0])
    for step in (made.export_sources, made.requirements, made.validate, made.package_id, made.package, made.package_info):
        step()
    targets = [part.said["cmake_target_name"] for part in made.cpp_info.components.values()]
    if targets != ["sidecall::sidecall", "sidecall::curl", "sidecall::httplib"] or required != ["libcurl", "cpp-httplib"]:
        sys.exit(f"conan.py: targets {targets}, requirements {required}")


main()
