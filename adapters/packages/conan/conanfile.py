"""A recipe for Conan 2: conan create adapters/packages/conan

In a copy of the project, the recipe packages the files of that copy. Alone, with conandata.yml beside it, it downloads
the archive of the release. Each release sets OWNER and the hash in conandata.yml."""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, get, load

required_conan_version = ">=2.0"


class Sidecall(ConanFile):
    name = "sidecall"
    description = "Twilio User Defined Messages, header-only"
    license = "MIT"
    topics = ("twilio", "voice", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"curl": [True, False], "httplib": [True, False], "standin": [True, False]}
    default_options = {"curl": False, "httplib": False, "standin": False}
    no_copy_source = True

    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..", "..")

    def _is_in_project(self):
        return os.path.exists(os.path.join(self._root(), "include", "sidecall", "version.hpp"))

    def set_version(self):
        if self._is_in_project():
            text = load(self, os.path.join(self._root(), "include", "sidecall", "version.hpp"))
            self.version = ".".join(re.findall(r"#define SIDECALL_VERSION_\w+ (\d+)", text))
        elif not self.version:
            self.version = next(iter(self.conan_data["sources"]))

    def export_sources(self):
        if not self._is_in_project():
            return
        for pattern in ("include/sidecall/*", "adapters/sidecall/*", "LICENSE"):
            copy(self, pattern, self._root(), self.export_sources_folder)

    def source(self):
        if not os.path.exists(os.path.join(self.source_folder, "include")):
            get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def requirements(self):
        if self.options.curl:
            self.requires("libcurl/[>=7.85 <9]", transitive_headers=True)
        if self.options.httplib or self.options.standin:
            self.requires("cpp-httplib/[>=0.11 <1]", transitive_headers=True, options={"with_openssl": True})
        if self.options.standin:
            self.requires("nlohmann_json/[>=3.9 <4]", transitive_headers=True)
            self.requires("openssl/[>=1.1 <4]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.settings.clear()  # the files do not depend on the settings; the options select the dependencies

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        for folder in ("include", "adapters"):
            copy(self, "*.hpp", os.path.join(self.source_folder, folder), os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")  # until 1.0
        core = self.cpp_info.components["sidecall"]
        core.set_property("cmake_target_name", "sidecall::sidecall")
        core.set_property("pkg_config_name", "sidecall")
        core.libdirs = core.bindirs = []
        httplib = "cpp-httplib::cpp-httplib"
        for name, option, libraries in (
                ("curl", "curl", ["libcurl::libcurl"]),
                ("curl_multi", "curl", ["libcurl::libcurl"]),
                ("httplib", "httplib", [httplib]),
                ("standin", "standin", [httplib, "nlohmann_json::nlohmann_json", "openssl::crypto"])):
            if self.options.get_safe(option):
                adapter = self.cpp_info.components[name]
                adapter.set_property("cmake_target_name", f"sidecall::{name}")
                adapter.requires = ["sidecall", *libraries]
                adapter.libdirs = adapter.bindirs = []
