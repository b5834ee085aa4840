#!/usr/bin/env python3
"""Checks that the reference documents every public name in namespace sidecall, and no internal one.

    documented_names.py XML_FOLDER LIBCLANG HEADER... -- COMPILER_ARGUMENT...

The public names come from clang, because Doxygen silently skips code that it cannot parse. The documentation comes
from Doxygen's XML in XML_FOLDER. These need no comment: destructors, functions that are deleted or defaulted, and
enumerators that the comment of their enum names. Prints the number of public names."""
import collections
import ctypes
import pathlib
import re
import sys
from xml.etree import ElementTree

import usage

# Values of libclang's C interface, clang-c/Index.h. The Python package for it is not used, because it would install
# 240 MB of headers.
DESTRUCTOR, FRIEND, TEMPLATE_PARAMETERS = 25, 603, (27, 28, 29)
SCOPES = STRUCT, CLASS, ENUM, NAMESPACE, CLASS_TEMPLATE = 2, 4, 5, 22, 31
PROTECTED, PRIVATE = 2, 3
NOT_AVAILABLE = 2
SKIP_BODIES = 0x40
ERROR = 3


class Cursor(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("more", ctypes.c_int), ("data", ctypes.c_void_p * 3)]


class String(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("flags", ctypes.c_uint)]


VISITOR = ctypes.CFUNCTYPE(ctypes.c_int, Cursor, Cursor, ctypes.c_void_p)


class Headers:
    """The headers as clang parses them, all in one translation unit."""

    def __init__(self, library, headers, arguments):
        self.seen = set()
        self.clang = ctypes.CDLL(library)
        for name, kind in {"createIndex": ctypes.c_void_p, "parseTranslationUnit": ctypes.c_void_p,
                           "getTranslationUnitCursor": Cursor, "getDiagnostic": ctypes.c_void_p,
                           "formatDiagnostic": String, "getCursorSpelling": String, "getCursorUSR": String,
                           "getCString": ctypes.c_char_p}.items():
            getattr(self.clang, "clang_" + name).restype = kind
        words = arguments + [word for header in headers for word in ("-include", header)]
        words = (ctypes.c_char_p * len(words))(*map(str.encode, words))
        index = ctypes.c_void_p(self.clang.clang_createIndex(0, 0))
        self.unit = ctypes.c_void_p(self.clang.clang_parseTranslationUnit(index, b"/dev/null", words, len(words), None,
                                                                          0, SKIP_BODIES))
        for number in range(self.clang.clang_getNumDiagnostics(self.unit)):
            diagnostic = ctypes.c_void_p(self.clang.clang_getDiagnostic(self.unit, number))
            if self.clang.clang_getDiagnosticSeverity(diagnostic) >= ERROR:
                sys.exit("documented_names.py: " + self.text(self.clang.clang_formatDiagnostic(diagnostic, 3)))

    def text(self, string):
        return self.clang.clang_getCString(string).decode()

    def children(self, cursor):
        found = []

        def visit(child, _parent, _data):
            found.append(Cursor.from_buffer_copy(child))
            return 1

        self.clang.clang_visitChildren(cursor, VISITOR(visit), None)
        return found

    def public_names(self):
        """For each public name, the set of its declarations (overloads are separate declarations)."""
        found = collections.defaultdict(set)
        for cursor in self.children(self.clang.clang_getTranslationUnitCursor(self.unit)):
            if cursor.kind == NAMESPACE and self.text(self.clang.clang_getCursorSpelling(cursor)) == "sidecall":
                self.add_public_names(cursor, "sidecall", found)
        return found

    def add_public_names(self, scope, name, found):
        for cursor in self.children(scope):
            if cursor.kind == FRIEND:  # may be a function that is defined in the class
                for child in self.children(cursor):
                    if self.clang.clang_isCursorDefinition(child):
                        cursor = child
            own = plain(self.text(self.clang.clang_getCursorSpelling(cursor)))
            if (not own or own.endswith("detail") or not self.clang.clang_isDeclaration(cursor.kind)
                    or cursor.kind == DESTRUCTOR or cursor.kind in TEMPLATE_PARAMETERS
                    or self.clang.clang_getCXXAccessSpecifier(cursor) in (PROTECTED, PRIVATE)
                    or self.clang.clang_CXXMethod_isDefaulted(cursor)
                    or self.clang.clang_getCursorAvailability(cursor) == NOT_AVAILABLE):
                continue
            declared = self.text(self.clang.clang_getCursorUSR(cursor))
            if cursor.kind in SCOPES:
                self.add_public_names(cursor, f"{name}::{own}", found)
            elif declared in self.seen:  # the definition of something declared before
                continue
            self.seen.add(declared)
            found[f"{name}::{own}"].add(declared)


def plain(name):
    """The name without template arguments. All conversion operators get the same name."""
    if name.startswith("operator"):
        return re.sub(r"^operator [\w-]+$", "operator conversion", name)
    return re.sub(r"\s*<.*", "", name)


def description_of(element):
    return "".join(text for part in element if part.tag in ("briefdescription", "detaileddescription")
                   for text in part.itertext()).strip()


def documented_names(folder):
    """How many descriptions each name has in Doxygen's XML."""
    found = collections.Counter()
    for path in pathlib.Path(folder).glob("*.xml"):
        for compound in ElementTree.parse(path).getroot().iter("compounddef"):
            if compound.get("prot", "public") != "public":
                continue
            scope = plain(compound.findtext("compoundname"))
            found[scope] += bool(description_of(compound))
            for member in compound.iter("memberdef"):
                if member.get("prot") != "public":
                    continue
                name = f"{scope}::{plain(member.findtext('name'))}"
                found[name] += bool(description_of(member))
                for enumerator in member.iter("enumvalue"):
                    own = enumerator.findtext("name")
                    named = own in re.findall(r"\w+", description_of(member))
                    found[f"{name}::{own}"] += bool(description_of(enumerator)) or named
    return found


def main():
    folder, library, *rest = sys.argv[1:]
    end = rest.index("--")
    public = Headers(library, rest[:end], rest[end + 1:]).public_names()
    documented = documented_names(folder)
    total = sum(map(len, public.values()))
    bad = [f"{name}: {documented[name]} of {len(declared)} declarations have a comment"
           for name, declared in public.items() if documented[name] < len(declared)]
    bad += [f"{name}: is internal, but is in the reference" for name in documented if re.search(r"detail\b", name)]
    if bad or not total:
        sys.exit("\n".join(bad) or "documented_names.py: the headers have no public names")
    print(f"{total} public names, all documented")


usage.check_arguments(__doc__, 3)
main()
