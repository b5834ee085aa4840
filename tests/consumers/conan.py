#!/usr/bin/env python3
"""Runs the Conan recipe like 'conan create', with minimal replacements for Conan's modules, because Debian has no
version of Conan that can run it.

    conan.py RECIPE FOLDER VERSION             write the package to FOLDER/package
    conan.py RECIPE FOLDER VERSION ARCHIVE     the same; ARCHIVE takes the place of the one that the recipe downloads"""
import fnmatch
import hashlib
import pathlib
import re
import runpy
import shutil
import sys
import tarfile
import types


NAMES = ["sidecall", "curl", "curl_multi", "httplib", "standin"]


class Anything:
    """An object that has every member, and accepts every call."""
    def __getattr__(self, name):
        return Anything()

    def __call__(self, *arguments, **named):
        return None


class Values(dict):
    __getattr__ = dict.__getitem__
    get_safe = dict.get


class ConanFile:
    version = None


def copy(recipe, pattern, src, dst):
    copied = [path for path in pathlib.Path(src).rglob("*")
              if path.is_file() and fnmatch.fnmatch(str(path.relative_to(src)), pattern)]
    for path in copied:
        target = pathlib.Path(dst) / path.relative_to(src)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    if not copied:
        sys.exit(f"conan.py: no file in {src} matches '{pattern}'")


def get(recipe, url, sha256, strip_root):
    """Unpacks the archive of the command line if it has the expected name and hash."""
    if len(sys.argv) <= 4 or not url.endswith(f"/archive/v{recipe.version}.tar.gz") or not strip_root:
        sys.exit(f"conan.py: the recipe downloads {url}")
    found = hashlib.sha256(pathlib.Path(sys.argv[4]).read_bytes()).hexdigest()
    if found != sha256:
        sys.exit(f"conan.py: the archive has SHA256 {found}, but the recipe has {sha256}")
    with tarfile.open(sys.argv[4]) as archive:
        for member in archive.getmembers():
            member.name = member.name.partition("/")[2]
            if member.name:
                archive.extract(member, recipe.source_folder)


class Info:
    """Records what package_info sets."""
    def __init__(self):
        self.components = {name: types.SimpleNamespace(properties={}) for name in NAMES}
        for part in self.components.values():
            part.set_property = part.properties.__setitem__

    def set_property(self, name, value):
        pass


def main():
    recipe, folder, version = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    for name, members in {"conan": {"ConanFile": ConanFile}, "conan.tools": {},
                          "conan.tools.build": {"check_min_cppstd": lambda recipe, version: None},
                          "conan.tools.files": {"copy": copy, "load": lambda recipe, path: open(path).read(),
                                                    "get": get}}.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(members)
    package = runpy.run_path(recipe)["Sidecall"]()
    package.recipe_folder = str(pathlib.Path(recipe).parent)
    # Conan reads conandata.yml with a YAML library, which Python does not have.
    data = pathlib.Path(recipe).with_name("conandata.yml").read_text(encoding="utf-8")
    package.conan_data = {"sources": {found: {"url": url, "sha256": sha256} for found, url, sha256 in
                                      re.findall(r'\n  "(.*)":\n    url: (.*)\n    sha256: "(.*)"\n', data)}}
    package.set_version()
    if package.version != version:
        sys.exit(f"conan.py: the recipe has version {package.version}, but meson.build has {version}")
    package.export_sources_folder = package.source_folder = str(folder / "sources")
    package.package_folder = str(folder / "package")
    package.options = Values(curl=True, httplib=True, standin=True)
    package.info = Anything()
    package.cpp_info = Info()
    required = []
    package.requires = lambda reference, **options: required.append(reference.split("/")[0])
    for step in (package.export_sources, package.source, package.requirements, package.validate, package.package_id,
                 package.package, package.package_info):
        step()
    targets = [part.properties["cmake_target_name"] for part in package.cpp_info.components.values()]
    if targets != [f"sidecall::{name}" for name in NAMES] or required != ["libcurl", "cpp-httplib", "nlohmann_json",
                                                                          "openssl"]:
        sys.exit(f"conan.py: unexpected targets {targets} or requirements {required}")


if len(sys.argv) <= 3 or sys.argv[1] in ("--help", "-h"):
    sys.exit(__doc__)
main()
