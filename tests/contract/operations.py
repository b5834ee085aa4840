#!/usr/bin/env python3
"""Prepares the check 'operations' of tests/contract/run.

    operations.py DOCUMENT FOLDER

Generates every operation of an OpenAPI document with tests/tools/operation_from_openapi.py, and writes to FOLDER:

    NAME.hpp         one operation
    part_N.cpp       calls that send operations with example values, some 30 in each file
    part_all.cpp     contract::send_all, which makes all these calls
    required.json    the document, changed for Prism
    all.json         the same, with every parameter required

The examples have all parameters, or the required ones only. So 'all.json' shows whether each parameter is sent under
its right name and in its right place. A document without examples of responses gets some. The last line of the output
is 'N passed, N failed': the operations that could and could not be generated."""
import copy
import json
import re
import sys
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from operation_from_openapi import (FORM, METHODS, Document, Unsupported, header_of, map_prefix, quoted)
from usage import check_arguments

CHECKABLE = "[A-Za-z0-9_.-]*"  # Prism does not decode the names of parameters
MAP_NAME = "a_name.b"
TEXTS = {
    "uri": "https://example.com/a%20b?c=d&e=f#g",
    "date": "2026-11-30",
    "date-time": "2026-11-30T12:34:56Z",
    "date-time-rfc-2822": "Mon, 30 Nov 2026 12:34:56 +0000",
    "phone-number": "+15005550006",
    "iso-country-code": "US",
    "currency": "usd",
    "email": "user@example.com",
    "http-method": "POST",
}


def matching(pattern):
    """A text that matches a simple pattern: classes, groups, alternatives and counts."""
    position = 0

    def alternatives():
        nonlocal position
        first = sequence()
        while position < len(pattern) and pattern[position] == "|":
            position += 1
            sequence()
        return first

    def sequence():
        nonlocal position
        text = ""
        while position < len(pattern) and pattern[position] not in "|)":
            text += repeated(atom())
        return text

    def atom():
        nonlocal position
        one = pattern[position]
        position += 1
        if one == "(":
            if pattern.startswith("?:", position):
                position += 2
            text = alternatives()
            position += 1
            return text
        if one == "[":
            end = pattern.index("]", position + 1)
            text = pattern[position].replace("\\", "") or pattern[position + 1]
            position = end + 1
            return {"d": "1", "w": "a"}.get(text, text)
        if one == "\\":
            position += 1
            return {"d": "1", "w": "a", "s": " "}.get(pattern[position - 1], pattern[position - 1])
        return {"^": "", "$": "", ".": "a"}.get(one, one)

    def repeated(text):
        nonlocal position
        found = re.compile(r"\{(\d+)(?:,\d*)?\}|([*?])|(\+)").match(pattern, position)
        if not found:
            return text
        position = found.end()
        return text * (int(found[1]) if found[1] else 0 if found[2] else 1)

    text = alternatives()
    if not re.search(pattern, text):
        raise Unsupported(f"no example for the pattern {pattern}")
    return text


def example_text(schema, place):
    """A text that the schema allows. If the schema has no form for it, it has characters that must be encoded."""
    if schema.get("enum"):
        return str(schema["enum"][-1])
    if "pattern" in schema:
        return matching(schema["pattern"])
    text = TEXTS.get(schema.get("format"))
    if text is None:
        text = "plain text" if place == "header" else "a b&c=d/é+%2F;?#" if place != "path" else "a b/c?d=é#%2F"
    text += "x" * max(0, schema.get("minLength", 0) - len(text))
    return text[:schema.get("maxLength")]


def example_number(schema):
    number = min(2, schema.get("maximum", 2))
    return max(number, schema.get("minimum", number))


def example_json(document, schema, every, depth=0):
    """A JSON value that the schema allows, with the required members or with all."""
    alternatives = [one for kind in ("oneOf", "anyOf") for one in document.resolved(schema).get(kind, ())]
    schema = document.schema(alternatives[0] if alternatives else schema)
    for key in ("example", "default"):
        if key in schema and depth > 3:
            return schema[key]
    kind = schema.get("type") or ("object" if "properties" in schema else None)
    if kind == "object":
        required = schema.get("required", ())
        members = {name: example_json(document, one, every, depth + 1)
                   for name, one in schema.get("properties", {}).items()
                   if name in required or (every and depth < 6)}
        if isinstance(schema.get("additionalProperties"), dict) and every:
            members["name"] = example_json(document, schema["additionalProperties"], every, depth + 1)
        return members
    if kind == "array":
        element = example_json(document, schema.get("items", {}), every, depth + 1)
        return [element] * max(1, schema.get("minItems", 1))
    if kind == "integer":
        return example_number(schema)
    if kind == "number":
        return example_number({"maximum": 0.5} | schema)
    if kind == "boolean":
        return True
    return example_text(schema, "body")


def sid(type_):
    found = re.search(r"<'(.)', '(.)'>", type_)
    prefix = (found[1] + found[2]) if found else {
        "account_sid": "AC", "call_sid": "CA", "subscription_sid": "ZY", "message_sid": "KX", "api_key_sid": "SK",
    }[type_.rpartition(":")[2]]
    return f"contract::sid<'{prefix[0]}', '{prefix[1]}'>()"


def one_value(document, operation, one, every):
    """The C++ expression for one value of a parameter."""
    match one.kind:
        case "sid":
            return sid(one.type)
        case "integer":
            return str(example_number(one.schema))
        case "boolean":
            return "true"
        case "method":
            name = (one.schema.get("enum") or ["POST"])[-1].lower()
            return "sidecall::http_method::" + name.replace("delete", "delete_")
        case "key":
            return "contract::key()"
        case "enum":
            return f"twilio::{operation.name}::{one.type}::{list(one.values)[-1 if every else 0]}"
        case "number":
            return quoted("0.0075")
        case "json":
            return quoted(json.dumps(example_json(document, one.schema, every), ensure_ascii=False))
        case "map":
            return f'{{{quoted(MAP_NAME)}, "a value & more"}}'
        case "series":
            return ", ".join("{" + ", ".join(one_value(document, operation, part, every) for part in one.series) + "}"
                             for _ in range(one.schema["maxItems"]))
    return quoted(example_text(one.schema, one.place))


def example(document, operation, every):
    """The C++ expression for an operation with example values."""
    members = []
    for one in operation.ordered:
        if not every and not one.is_required:
            continue
        value = one_value(document, operation, one, every)
        if one.is_array or one.kind in ("map", "series"):
            # Two elements, if they may be equal: the array must come as two fields.
            several = one.is_array and one.kind != "enum" and every and not one.schema.get("uniqueItems")
            value = f"{{{value}, {value}}}" if several else f"{{{value}}}"
        members.append(f"            .{one.member} = {value},")
    return "\n".join([f"twilio::{operation.name}{{", *members, "        }"])


def comparison(operation):
    """The C++ function that compares the resource with the response."""
    if operation.resource != "struct":
        return ["[](auto const&...) {}"]

    def calls(members, made, expected):
        for one in members:
            if one.kind == "items":
                yield f'{expected}.check_size({quoted(one.name)}, {made}.{one.member}.size());'
                yield f"for (std::size_t i = 0; i != {made}.{one.member}.size(); ++i) {{"
                yield f"    auto element = {expected}.element({quoted(one.name)}, i);"
                for line in calls(operation.item_members, f"{made}.{one.member}[i]", "element"):
                    yield "    " + line
                yield "}"
                continue
            check = {"number": "check_number", "json": "check_json"}.get(one.kind, "check")
            yield f"{expected}.{check}({quoted(one.name)}, {made}.{one.member});"

    lines = list(calls(operation.members, "made", "expected"))
    return [f"[](twilio::{operation.name}::resource const& made, contract::expected_object expected) {{",
            *("        " + line for line in lines), "    }"]


def names_of(one):
    """The names of the fields or query parameters in which a parameter is sent, encoded."""
    if one.place not in ("query", "field"):
        return []
    if one.kind == "series":
        return [quote_plus(f"{one.name}{number + 1}{part.name}")
                for number in range(one.schema["maxItems"]) for part in one.series]
    return [quote_plus(map_prefix(one.name, one.schema) + MAP_NAME if one.kind == "map" else one.name)]


def sending(document, operation):
    compare = comparison(operation)
    required, optional = ([quoted(name) for one in operation.parameters if one.is_required == is_required
                           for name in names_of(one)] for is_required in (True, False))
    can_lack = any(not one.is_required and one.place != "body" and one.kind != "map" and
                   re.fullmatch(CHECKABLE, one.name) for one in operation.parameters)
    node, item = document.found[operation.id][1][operation.method], document.found[operation.id][1]
    servers = node.get("servers") or item.get("servers") or document.root.get("servers") or [{"url": ""}]
    url = servers[0]["url"] if ".twilio.com" in servers[0]["url"] else "https://api.twilio.com"
    start = url.rstrip("/") + document.found[operation.id][0].partition("{")[0]
    return "\n".join([
        f"    checks.send({quoted(operation.id)},",
        f"        {{.url = {quoted(start)},",
        f"         .required = {{{', '.join(required)}}},",
        f"         .optional = {{{', '.join(optional)}}},",
        f"         .can_lack = {str(can_lack).lower()}}},",
        f"        checks.is_complete() ? {example(document, operation, True)} : {example(document, operation, False)},",
        "        " + "\n".join(compare) + ");"])


def is_checkable(one):
    """Whether Prism can tell that the parameter is there."""
    return re.fullmatch(CHECKABLE, one["name"]) and one["name"].lower() != "authorization" and not map_prefix(
        one["name"], one.get("schema", {}))


def form_property(schema):
    """A field of a form, as Prism understands it: an object as text, and an array that is not nullable."""
    if schema.get("type") == "object":
        return {"type": "string"}
    return schema | {"nullable": False} if schema.get("type") == "array" else schema


def prepared(document, every):
    """The document, changed for Prism. If `every`, each parameter is required."""
    strict = copy.copy(document)
    strict.root = root = copy.deepcopy(document.root)
    root.pop("servers", None)  # all paths are at Prism
    root.pop("security", None)  # the check named requests has it
    prefix = urlsplit(document.root.get("servers", [{"url": ""}])[0]["url"]).path.rstrip("/")
    root["paths"] = {prefix + path: item for path, item in root["paths"].items()}
    for item in root["paths"].values():
        nodes = [item[method] for method in METHODS if method in item]
        for node in [item, *nodes]:
            node.pop("servers", None)
            node.pop("security", None)
            for number, one in enumerate(node.get("parameters", ())):
                one = node["parameters"][number] = copy.deepcopy(strict.resolved(one))
                if every and is_checkable(one):
                    one["required"] = True
        for node in nodes:
            body = strict.resolved(node.get("requestBody", {}))
            if FORM in body.get("content", {}):
                form = body["content"][FORM]
                schema = form["schema"] = copy.deepcopy(strict.schema(form.get("schema", {})))
                properties = schema["properties"] = {name: form_property(strict.schema(one))
                                                     for name, one in schema.get("properties", {}).items()}
                if every:
                    schema["required"] = list(properties)
                body["required"] = bool(schema.get("required"))
                # Prism does not know OpenAPI's default for arrays, and looks for reserved characters in decoded text.
                form["encoding"] = {name: {"style": "form", "explode": True, "allowReserved": True}
                                    for name, one in properties.items() if one.get("type") == "array"}
            for code, response in node.get("responses", {}).items():
                for kind, media in strict.resolved(response).get("content", {}).items():
                    if code >= "4" or "json" not in kind:
                        continue
                    if not media.get("examples") and "example" not in media:
                        media["example"] = example_json(strict, media.get("schema", {}), True)
                    media["schema"] = {}  # the examples in Twilio's documents break their own schemas
    return root


def main():
    check_arguments(__doc__, 2)
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.hpp"), *folder.glob("part_*.cpp")]:
        old.unlink()
    try:
        document = Document(sys.argv[1])
    except Unsupported as error:
        sys.exit(f"operations.py: {error}")
    calls = []
    passed = failed = 0
    for operation_id in document.found:
        try:
            operation = document.operation(operation_id)
            text = header_of(document, operation)
            call = sending(document, operation)
        except Unsupported as error:
            failed += 1
            print(f"FAILED: {error}")
            continue
        (folder / f"{operation.name}.hpp").write_text(text, encoding="utf-8")
        calls.append((operation.name, call))
        passed += 1
    parts = [calls[begin:begin + 30] for begin in range(0, len(calls), 30)]
    for number, part in enumerate(parts):
        lines = [*(f'#include "{name}.hpp"' for name, _ in part), '#include "operations.hpp"', "",
                 "namespace contract {", "", f"void part_{number}(checks& checks);", f"void part_{number}(checks& checks)",
                 "{", *(call for _, call in part), "}", "", "} // namespace contract", ""]
        (folder / f"part_{number}.cpp").write_text("\n".join(lines), encoding="utf-8")
    names = [f"part_{number}" for number in range(len(parts))]
    (folder / "part_all.cpp").write_text("\n".join([
        '#include "operations.hpp"', "", "namespace contract {", "", *(f"void {name}(checks& checks);" for name in names), "",
        "void send_all(checks& checks)", "{", *(f"    {name}(checks);" for name in names), "}", "",
        "} // namespace contract", ""]), encoding="utf-8")
    for name, every in (("required", False), ("all", True)):
        (folder / f"{name}.json").write_text(json.dumps(prepared(document, every)), encoding="utf-8")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
