#!/usr/bin/env python3
"""Checks the #include lines of the core.

    include_order.py INCLUDE_FOLDER

FLOORS lists the headers from low to high. A header may only include headers that come before it in FLOORS. A folder
there means all headers in it; these may include each other, but not in a cycle. No header may include an adapter, a
standard header that is expensive to compile (TOO_EXPENSIVE), or a file by #include "…". Headers for unit tests
(FOR_TESTS) may include the standard headers in ALLOWED_FOR_TESTS, and no other header may include them. sidecall.hpp
must include every public header that is not in NOT_IN_UMBRELLA. Every header begins with '#pragma once', and none
depends on __OPTIMIZE__."""
import pathlib
import re
import sys

import usage

FLOORS = ["version", "text_view", "storage", "date_time", "retry_time", "unreadable_members", "detail/platform",
          "detail/memory", "detail/crypto", "detail/text", "printable", "errc", "failure", "result", "sid", "callback_url",
          "idempotency_key", "credentials", "endpoint", "http_method", "header", "json", "http_response", "error_response",
          "detail/wire", "request_writer", "http_request", "authorized_request", "http", "subscription", "message", "webhook",
          "http1", "sequencer", "detail/sending", "transport", "paging", "retry_policy", "retry", "observer", "ordered",
          "named_value", "detail/testing",
          "recorded_request", "webhook_signer", "fake_twilio", "recording_transport", "testing", "sidecall"]
# Only for unit tests, so their compile time matters less.
FOR_TESTS = {"named_value", "detail/testing", "recorded_request", "webhook_signer", "fake_twilio", "recording_transport",
             "testing"}
ALLOWED_FOR_TESTS = {"vector"}
NOT_IN_UMBRELLA = {"http1", "json", "observer", "ordered", "paging", *FOR_TESTS}
TOO_EXPENSIVE = {"functional", "span", "regex", "iostream", "ostream", "sstream", "memory", "format", "expected",
                 "source_location", "algorithm", "ranges", "chrono", "locale", "map", "vector",
                 "unordered_map", "thread", "iterator", "array", "bit", "cstring"}


def room(name):
    """The element of FLOORS that a header, or its folder, is."""
    path = pathlib.PurePath(name).relative_to("sidecall").with_suffix("")
    return str(path.parent if path.parts[0] == "detail" else path)


def floor(name):
    """The index in FLOORS of a header, or of its folder."""
    return FLOORS.index(room(name))


def main():
    root = pathlib.Path(sys.argv[1])
    faults = []
    graph = {}
    for path in sorted(root.glob("sidecall/**/*.hpp")):
        name = str(path.relative_to(root))
        text = path.read_text(encoding="utf-8")
        graph[name] = re.findall(r"#include <(sidecall/[^>]+)>", text)
        allowed = ALLOWED_FOR_TESTS if room(name) in FOR_TESTS else set()
        for header in (TOO_EXPENSIVE - allowed) & set(re.findall(r"#include <([a-z_]+)>", text)):
            faults.append(f"{name} includes <{header}>, which is expensive to compile")
        if re.search(r'#include "', text):
            faults.append(f'{name} has an #include "…"; use #include <sidecall/…>')
        if "__OPTIMIZE" in text:
            faults.append(f"{name} uses __OPTIMIZE__, which may differ between the translation units of a program")
        if not text.startswith("#pragma once\n"):
            faults.append(f"{name} does not begin with #pragma once")
    for name, included in graph.items():
        for other in included:
            if other not in graph:
                faults.append(f"{name} includes <{other}>, which is not part of the core")
            elif floor(other) > floor(name) or (floor(other) == floor(name) and "/detail/" not in name):
                faults.append(f"{name} includes <{other}>, which does not come before it in FLOORS")
            elif room(other) in FOR_TESTS and room(name) not in FOR_TESTS:
                faults.append(f"{name} includes <{other}>, which is only for unit tests")

    def reach(name, seen):
        for other in graph.get(name, []):
            if other not in seen:
                seen.add(other)
                reach(other, seen)
        return seen

    faults += [f"{name} includes itself in a cycle" for name in graph if name in reach(name, set())]
    missing = {f"sidecall/{n}.hpp" for n in FLOORS if f"sidecall/{n}.hpp" in graph}
    missing -= {f"sidecall/{n}.hpp" for n in ("sidecall", *NOT_IN_UMBRELLA)}
    missing -= set(graph["sidecall/sidecall.hpp"])
    faults += [f"sidecall/sidecall.hpp does not include {name}" for name in sorted(missing)]
    print("\n".join(faults) or f"{len(graph)} headers checked")
    sys.exit(bool(faults))


usage.check_arguments(__doc__, 1)
main()
