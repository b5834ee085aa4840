#!/usr/bin/env python3
"""Reduces OpenAPI documents to the facts that decide which requests are valid, as one document on standard output.

    facts.py DOCUMENT:OPERATION,OPERATION… DOCUMENT:OPERATION… >operations.json

What remains of each operation: its path, its method, its server, the names and types of its parameters and of the
members of its successful responses. Descriptions, summaries, examples, tags and extensions are left out, and so are the
members of nested objects in responses. operations.json was made in this way from Twilio's documents."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from operation_from_openapi import Document
from usage import check_arguments

FACTS = ("type", "format", "pattern", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
         "uniqueItems", "deprecated")


def reduced(document, schema, depth):
    """The schema with only its FACTS, and without members that are nested in more than `depth` objects."""
    schema = document.schema(schema)
    result = {key: schema[key] for key in FACTS if key in schema}
    if "pattern" in result and result["pattern"].endswith("{32}$"):
        result.pop("minLength", None)
        result.pop("maxLength", None)
    if "items" in schema and depth:
        result["items"] = reduced(document, schema["items"], depth)
    elif result.get("type") == "array":
        result["items"] = {}
    if schema.get("properties") and depth:
        result["properties"] = {name: reduced(document, one, depth - 1) for name, one in schema["properties"].items()}
        if schema.get("required"):
            result["required"] = schema["required"]
    if isinstance(schema.get("additionalProperties"), dict) and depth:
        result["additionalProperties"] = reduced(document, schema["additionalProperties"], depth - 1)
    return result


def parameter(document, one):
    one = document.resolved(one)
    result = {key: one[key] for key in ("name", "in", "style", "explode", "required") if key in one}
    return result | {"schema": reduced(document, one.get("schema", {}), 1)}


def content(document, node, depth):
    return {kind: {"schema": reduced(document, media.get("schema", {}), depth)}
            for kind, media in node.get("content", {}).items()}


def facts(document, operation_id):
    """The path, its servers, the method and the operation."""
    path, item, method = document.found[operation_id]
    node = item[method]
    result = {"operationId": operation_id}
    parameters = [parameter(document, one) for one in list(item.get("parameters", ())) + node.get("parameters", [])]
    if parameters:
        result["parameters"] = parameters
    if "requestBody" in node:
        body = document.resolved(node["requestBody"])
        result["requestBody"] = {"content": content(document, body, 3)}
        if body.get("required"):
            result["requestBody"]["required"] = True
    result["responses"] = {}
    for code, response in node["responses"].items():
        response = document.resolved(response)
        if code < "4":
            result["responses"][code] = {"description": ""}
            if "content" in response:
                result["responses"][code]["content"] = content(document, response, 2)
    servers = node.get("servers") or item.get("servers") or document.root.get("servers", [])
    return path, [{"url": one["url"]} for one in servers], method, result


def shared(paths):
    """Moves the schemas of responses that occur several times to the components."""
    places = {}
    for item in paths.values():
        for node in item.values():
            if not isinstance(node, dict):
                continue
            for response in node["responses"].values():
                for media in response.get("content", {}).values():
                    properties = media["schema"].get("properties", {})
                    for owner, key in [(media, "schema"), *((one, "items") for one in properties.values())]:
                        if "properties" in owner.get(key, {}):
                            places.setdefault(json.dumps(owner[key]), []).append((owner, key))
    components = {}
    for text, owners in places.items():
        if len(owners) > 1:
            name = f"shared_{len(components) + 1}"
            components[name] = json.loads(text)
            for owner, key in owners:
                owner[key] = {"$ref": f"#/components/schemas/{name}"}
    return components


def main():
    check_arguments(__doc__, 1)
    paths = {}
    for argument in sys.argv[1:]:
        name, _, operations = argument.rpartition(":")
        document = Document(name)
        for operation_id in operations.split(","):
            if operation_id not in document.found:
                sys.exit(f"facts.py: {name} has no operation {operation_id!r}")
            path, servers, method, node = facts(document, operation_id)
            paths.setdefault(path, {"servers": servers})[method] = node
    components = shared(paths)

    def compact(node):
        return json.dumps(node, ensure_ascii=False, separators=(",", ":"))

    # One line for each operation, so that a change of one is easy to see.
    print('{"openapi":"3.0.1","info":{"title":"Operations of different shapes","version":"1"},"paths":{')
    print(",\n".join(f"{compact(path)}:{{" + ",\n".join(f"{compact(key)}:{compact(one)}" for key, one in item.items()) +
                     "}" for path, item in paths.items()))
    print('},"components":{"schemas":{')
    print(",\n".join(f"{compact(name)}:{compact(one)}" for name, one in components.items()))
    print("}}}")


main()
