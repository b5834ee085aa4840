#!/usr/bin/env python3
"""Checks that includes run one way: a public header includes only public headers above it in this list and headers of
detail/, a header of detail/ never includes itself in a circle, nothing in include/ includes an adapter, and the core
keeps away from what would cost each user's translation unit dear.

    include_order.py INCLUDE_FOLDER"""
import pathlib
import re
import sys

ORDER = ["version", "text_view", "storage", "result", "date_time", "unreadable_members", "sid", "callback_url", "idempotency_key", "credentials",
         "endpoint", "http", "subscription", "message", "webhook", "sequencer", "transport", "retry", "sidecall"]
TOO_DEAR = {"functional", "span", "regex", "iostream", "ostream", "sstream", "memory", "format", "expected",
            "source_location", "algorithm", "ranges", "chrono", "locale", "map", "vector",
            "unordered_map", "thread", "iterator"}


def main():
    root = pathlib.Path(sys.argv[1])
    faults = []
    graph = {}
    for path in sorted(root.glob("sidecall/**/*.hpp")):
        name = str(path.relative_to(root))
        text = path.read_text(encoding="utf-8")
        graph[name] = re.findall(r"#include <(sidecall/[^>]+)>", text)
        for dear in TOO_DEAR & set(re.findall(r"#include <([a-z_]+)>", text)):
            faults.append(f"{name} includes <{dear}>")
        if re.search(r'#include "', text):
            faults.append(f'{name} includes with "…": <sidecall/…> is found from everywhere')
        if "__OPTIMIZE" in text:
            faults.append(f"{name} asks how it is optimised, which may differ between the translation units of a program")
        if not text.startswith("#pragma once\n"):
            faults.append(f"{name} does not begin with #pragma once")
    for name, included in graph.items():
        for other in included:
            if other not in graph:
                faults.append(f"{name} includes <{other}>, which is not part of the core")
            elif "/detail/" not in name and "/detail/" not in other:
                mine, its = (pathlib.Path(n).stem for n in (name, other))
                if mine not in ORDER or its not in ORDER or ORDER.index(its) >= ORDER.index(mine):
                    faults.append(f"{name} includes <{other}>, which does not stand above it")

    def reach(name, seen):
        for other in graph.get(name, []):
            if other not in seen:
                seen.add(other)
                reach(other, seen)
        return seen

    faults += [f"{name} includes itself in a circle" for name in graph if name in reach(name, set())]
    missing = {f"sidecall/{n}.hpp" for n in ORDER if f"sidecall/{n}.hpp" in graph} - {"sidecall/sidecall.hpp"}
    missing -= set(graph["sidecall/sidecall.hpp"])
    faults += [f"sidecall/sidecall.hpp leaves out {name}" for name in sorted(missing)]
    print("\n".join(faults) or f"{len(graph)} headers in order")
    sys.exit(bool(faults))


main()
