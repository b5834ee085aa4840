#!/usr/bin/env python3
"""Compares the project's OpenAPI document with Twilio's own document of the same operations.

    same_document.py OURS TWILIOS

Everything that decides which requests and responses are valid must be the same: paths, methods, parameters, required
fields, patterns, enumerations, responses and their members. MEANT lists the intended differences with their reasons.
Any other difference is a failure, and so is an entry of MEANT that does not occur. The last line is
'N passed, N failed'."""
import fnmatch
import json
import sys

from meant import not_needed

# Members that do not affect which requests and responses are valid.
DESCRIPTIVE = {"description", "summary", "tags", "title", "examples", "servers", "externalDocs"}

# The intended differences, as fnmatch patterns of 'place: ours | Twilio's', and their reasons.
MEANT = {
    '*/security/bearer: "http" | nothing': "Twilio's documentation also has tokens of OAuth grants",
    "*/requestBody/required: true | nothing": "a form with a required parameter is required; Prism needs this to know",
    "*/requestBody/*/additionalProperties: false | nothing": "a misspelt parameter must be rejected",
    "*/properties/IdempotencyKey/minLength: 1 | nothing": "an empty key is no key",
    "*/properties/Callback/pattern: * | nothing": "Twilio's description says it: no underscore in the hostname",
    '*/properties/Method/format: nothing | "http-method"': "not a known format; the values are listed",
    "*/properties/Content/minLength: 1 | nothing": "an empty text is not JSON",
    "*/properties/Content/maxLength: 10240 | nothing": "the Voice SDKs allow 10 KB",
    "*/m??Length: nothing | 34": "the pattern of each SID already requires this length",
    "*/responses/404/*: * | nothing": "in Twilio's documentation of errors",
    "*/responses/201/headers/*: nothing | *": "only for browsers",
}


def resolved(node, document):
    """The node with its references replaced by their targets, and each oneOf that has one element by that element."""
    if isinstance(node, list):
        return [resolved(one, document) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return resolved(target, document)
    if list(node) == ["oneOf"] and len(node["oneOf"]) == 1:
        return resolved(node["oneOf"][0], document)
    return {name: resolved(one, document) for name, one in node.items()}


def leaves(node, place):
    """Every value with its place, without the members in DESCRIPTIVE and the extensions (x-…)."""
    if isinstance(node, dict) and node:
        for name, one in node.items():
            if name not in DESCRIPTIVE and not name.startswith("x-"):
                yield from leaves(one, f"{place}/{name.replace('/', '|')}")
    elif isinstance(node, list):
        yield place, sorted(node)
    else:
        yield place, node


def facts(document):
    """The document as a flat map from place to value. Parameters and security schemes have their names as places."""
    schemes = document["components"]["securitySchemes"]
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "put", "post", "delete", "options", "head", "patch", "trace"):
                continue
            operation = resolved(operation, document)
            ways = [schemes[name] for one in operation.pop("security", document["security"]) for name in one]
            operation["security"] = {way["scheme"]: way["type"] for way in ways}
            parameters = operation.pop("parameters", []) + resolved(item.get("parameters", []), document)
            operation["parameters"] = {f"{one['in']} {one['name']}": one for one in parameters}
            found.update(leaves(operation, f"{method} {path.rsplit('/Calls/')[-1]}"))
            found[f"{method} {path}"] = "is there"
    return found


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    ours, theirs = (facts(json.load(open(path, encoding="utf-8"))) for path in sys.argv[1:])
    same = failed = 0
    needed = dict.fromkeys(MEANT, 0)
    for place in sorted(ours.keys() | theirs.keys()):
        mine, other = (json.dumps(one[place]) if place in one else "nothing" for one in (ours, theirs))
        difference = f"{place}: {mine} | {other}"
        reason = next((one for one in MEANT if fnmatch.fnmatchcase(difference, one)), None)
        if mine == other:
            same += 1
        elif reason:
            needed[reason] += 1
        else:
            failed += 1
            print(f"FAILED: {difference}")
    failed += not_needed({f"{place} ({MEANT[place]})": times for place, times in needed.items()})
    print(f"{same} values are the same in both documents")
    print(f"{same + len(needed)} passed, {failed} failed")
    sys.exit(failed != 0)


main()
