#!/usr/bin/env python3
"""Compares our OpenAPI document with Twilio's own of the same operations.

    same_document.py OURS TWILIOS

Everything that decides what may be sent or answered must be the same: paths, methods, parameters, what is required,
patterns, values, answers and their members. What differs on purpose is listed here with its reason; anything else, and a
reason that nothing needs any more, is a failure. The last line is 'N passed, N failed'."""
import fnmatch
import json
import sys

from meant import not_needed

# Members that decide nothing.
SAID = {"description", "summary", "tags", "title", "examples", "servers", "externalDocs"}

# Where both differ on purpose, as patterns of fnmatch for 'place: ours | Twilio's', and why.
MEANT = {
    '*/security/bearer: "http" | nothing': "Twilio's documentation names tokens of OAuth grants, too",
    "*/requestBody/required: true | nothing": "a form with a required parameter cannot be left out; this tells Prism so",
    "*/requestBody/*/additionalProperties: false | nothing": "a misspelt parameter must not pass",
    "*/properties/IdempotencyKey/minLength: 1 | nothing": "an empty key is none",
    "*/properties/Callback/pattern: * | nothing": "what Twilio's says in words: no underscore in the hostname",
    '*/properties/Method/format: nothing | "http-method"': "no format that anybody knows; the values are listed",
    "*/properties/Content/minLength: 1 | nothing": "an empty text is no JSON",
    "*/properties/Content/maxLength: 10240 | nothing": "the Voice SDKs allow 10 KB",
    "*/m??Length: nothing | 34": "each SID's pattern says that already",
    "*/responses/404/*: * | nothing": "Twilio's documentation of errors has it",
    "*/responses/201/headers/*: nothing | *": "for browsers alone",
}


def resolved(node, document):
    """The node with what its references name in their place, and a oneOf of one without it."""
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
    """Every value with its place, but for what is only said."""
    if isinstance(node, dict) and node:
        for name, one in node.items():
            if name not in SAID and not name.startswith("x-"):
                yield from leaves(one, f"{place}/{name.replace('/', '|')}")
    elif isinstance(node, list):
        yield place, sorted(node)
    else:
        yield place, node


def facts(document):
    """What a document decides, flat: place → value. Parameters and ways to authenticate by their names."""
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
    print(f"{same} facts are the same")
    print(f"{same + len(needed)} passed, {failed} failed")
    sys.exit(failed != 0)


main()
