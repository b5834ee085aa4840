#!/usr/bin/env python3
"""Writes a C++ header with one operation of an OpenAPI document, for sidecall.

    operation_from_openapi.py DOCUMENT OPERATION_ID [--namespace NAME] >create_call.hpp
    operation_from_openapi.py --list DOCUMENT
    operation_from_openapi.py --help

DOCUMENT is an OpenAPI 3 document in JSON, such as those that Twilio publishes. The header is written to standard
output. It includes only the standard library and sidecall, and it is yours: change it as you like. Then:

    twilio::create_call operation{.account_sid = account, .to = "+15005550006", .from = "+15005550001"};
    auto call = sidecall::send(operation, credentials, transport);

The operation is a struct in the namespace 'twilio', or NAME:

    - Its members are the parameters in snake_case: first the required ones, then the optional ones.
    - SIDs, integers, booleans and HTTP methods have their own types. An enumeration of up to 24 values is an 'enum
      class'. Everything else is text: dates, URLs, decimal numbers, JSON.
    - An array is a vector; each element is sent as one parameter. A numbered series, such as Parameter1.Name to
      Parameter99.Value, is a vector of structs.
    - A JSON body is one text, 'body'.
    - 'resource' has the members of the response, each of them optional. Enumerations are text there, so that a new
      value is not lost. Nested objects and arrays are JSON text. The items of a list are a vector of structs;
      sidecall::pages fetches all pages.
    - A parameter named Authorization is left out, because sidecall writes that header field.

The exit status is 2 for wrong arguments, for an unknown operation, and for one that sidecall cannot send."""
import argparse
import difflib
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import PurePath

METHODS = ("get", "head", "post", "put", "patch", "delete")
FORM = "application/x-www-form-urlencoded"
SID_PATTERN = re.compile(r"\^?([A-Z])([A-Z])\[0-9a-f(?:A-F)?\]\{32\}\$?")
SID_NAMES = {"AC": "account_sid", "CA": "call_sid", "ZY": "subscription_sid", "KX": "message_sid", "SK": "api_key_sid"}
MOST_ENUMERATORS = 24  # a longer enumeration is text
WIDTH = 120

# Words that cannot be identifiers, and lower-case macros of common system headers.
KEYWORDS = set(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl
    concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete
    do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast
    requires return short signed sizeof static static_assert static_cast struct switch template this thread_local throw
    true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
    assert errno stdin stdout stderr linux unix major minor min max near far small interface""".split())
# The names in an operation that its members and types must not have.
OPERATION_NAMES = {"resource", "item", "product", "request_method", "operation_name", "is_idempotent", "write", "parse",
                   "read", "read_number", "read_json", "read_item", "request", "response", "object", "made", "one", "i",
                   "prefix", "enumerator", "to_string_view", "sidecall", "std"}

FORMAT_COMMENTS = {
    "uri": "A URL.",
    "date": "A date: YYYY-MM-DD.",
    "date-time": "A date and time: YYYY-MM-DDThh:mm:ssZ.",
    "date-time-rfc-2822": "A date and time as in RFC 2822.",
    "phone-number": "A phone number, such as +15005550006.",
    "endpoint": "A phone number, a SIP address or a client.",
    "twiml": "TwiML.",
    "currency": "A currency code of ISO 4217.",
    "iso-country-code": "A country code of ISO 3166-1.",
}


class Unsupported(Exception):
    """The document or the operation cannot be used. The text says why."""


def snake_case(name):
    """The name as a C++ identifier in snake_case; it may be a keyword."""
    name = name.replace("<", " Before").replace(">", " After")
    name = re.sub(r"(O|I)(Auth|Pv[46])", lambda found: found[1] + found[2].lower(), name)
    name = re.sub(r"(?<=[A-Z])([A-Z]+)s(?![a-z])", lambda found: found[1].lower() + "s", name)  # URLs, SIDs
    name = re.sub(r"[^0-9A-Za-z]+", "_", name)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    name = re.sub("_+", "_", name).strip("_").lower()
    return "value_" + name if name[:1].isdigit() else name or "value"


class Names:
    """Gives each name an identifier that no other has."""

    def __init__(self, *taken):
        self.reserved = KEYWORDS.union(*taken)
        self.taken = set(self.reserved)

    def add(self, name):
        identifier = base = snake_case(name)
        number = 1
        while identifier in self.taken:
            number += 1
            identifier = base + "_" if number == 2 else f"{base}_{number - 1}"
        self.taken.add(identifier)
        return identifier

    def is_obvious(self, identifier, name):
        """Whether the identifier is the plain snake_case form of the name, so that no comment is needed."""
        plain = snake_case(name)
        return bool(re.fullmatch("[A-Za-z0-9_]+", name)) and identifier == plain + "_" * (plain in self.reserved)


def quoted(text):
    """The text as a C++ string literal."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("??", '?" "?')):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def one_line(text):
    """The text for use in a comment."""
    return " ".join(str(text).split())


@dataclass
class Parameter:
    """A parameter of an operation, or a member of a response."""
    name: str  # as in the document
    place: str  # "path", "query", "header", "field", "body", or "response"
    schema: dict
    kind: str  # "text", "sid", "integer", "boolean", "method", "key", "enum", "map", "number", "json", "series"
    type: str  # of one value, in C++
    is_required: bool = False
    is_array: bool = False
    member: str = ""
    comment: str = ""
    values: dict = field(default_factory=dict)  # of an enumeration: enumerator to text
    series: list = field(default_factory=list)  # of a series: the parameters of one element

    @property
    def declaration(self):
        if self.kind in ("series", "map") or self.is_array:
            return f"std::vector<{self.type}> {self.member}" + ("" if self.is_required else " = {}") + ";"
        if self.place == "response":
            return f"std::optional<{self.type}> {self.member};"
        if self.is_required:
            return f"{self.type} {self.member};"
        return f"std::optional<{self.type}> {self.member} = {{}};"


@dataclass
class Operation:
    """The content of the header for one operation."""
    id: str
    method: str
    path: str
    product: str
    statuses: list
    parameters: list  # all of them, in the order of the document
    resource: str = "void"  # or "struct" or "text"
    members: list = field(default_factory=list)  # of the resource
    items: "Parameter | None" = None  # the member that is the list of items
    item_members: list = field(default_factory=list)
    may_be_empty: bool = False  # one of the documented responses has no content
    accept: str = ""  # the type of the response if it is not application/json
    name: str = ""

    @property
    def ordered(self):
        """The parameters in the order of the struct's members."""
        return sorted(self.parameters, key=lambda one: not one.is_required)


class Document:
    """An OpenAPI document."""

    def __init__(self, path):
        self.name = PurePath(path).name
        try:
            with open(path, encoding="utf-8") as file:
                self.root = json.load(file)
        except (OSError, UnicodeDecodeError) as error:
            raise Unsupported(f"cannot read '{path}': {error}") from error
        except json.JSONDecodeError as error:
            raise Unsupported(f"'{path}' is not JSON: {error}") from error
        if not isinstance(self.root, dict) or not str(self.root.get("openapi", "")).startswith("3."):
            raise Unsupported(f"'{path}' is not an OpenAPI 3 document")
        self.found = {}
        for path_template, item in self.root.get("paths", {}).items():
            item = self.resolved(item)
            for method in METHODS:
                if method in item:
                    fallback = snake_case(f"{method} {path_template}")
                    self.found[item[method].get("operationId", fallback)] = (path_template, item, method)

    def resolved(self, node):
        """The node, or what it refers to."""
        for _ in range(100):
            if "$ref" not in node:
                return node
            target = self.root
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target.get(step.replace("~1", "/").replace("~0", "~"), {})
            node = target
        raise Unsupported("a reference refers to itself")

    def schema(self, node):
        """The schema with the members of its allOf, oneOf and anyOf. A member of one alternative is not required."""
        node = self.resolved(node)
        parts = [(part, "allOf" in node) for kind in ("allOf", "oneOf", "anyOf") for part in node.get(kind, ())]
        if not parts:
            return node
        merged = {key: value for key, value in node.items() if key not in ("allOf", "oneOf", "anyOf")}
        merged["properties"] = dict(node.get("properties", {}))
        merged["required"] = list(node.get("required", ()))
        for part, is_certain in parts:
            part = self.schema(part)
            for key, value in part.items():
                if key == "properties":
                    merged[key] = value | merged[key]
                elif key != "required":
                    merged.setdefault(key, value)
                elif is_certain or len(parts) == 1:
                    merged[key] += value
        return merged

    def operation(self, operation_id):
        """Reads an operation. Fails if there is none of this name."""
        if operation_id not in self.found:
            lower = {name.lower(): name for name in self.found}
            close = [lower[one] for one in difflib.get_close_matches(operation_id.lower(), lower, 5, 0.6)]
            close = close or [name for name in self.found if operation_id.lower() in name.lower()][:5]
            hint = f"; similar: {', '.join(close)}" if close else "; --list prints all operations"
            raise Unsupported(f"'{self.name}' has no operation '{operation_id}'{hint}")
        path, item, method = self.found[operation_id]
        node = item[method]
        name = Names().add(operation_id)
        names = Names(OPERATION_NAMES, {name})
        base, product = self.server(node, item)
        parameters = []
        for one in list(item.get("parameters", ())) + list(node.get("parameters", ())):
            one = self.resolved(one)
            if one["in"] == "cookie" or (one["in"] == "header" and one["name"].lower() == "authorization"):
                continue
            media = next(iter(one.get("content", {}).values()), {})
            schema = one.get("schema", media.get("schema", {}))
            is_required = one["in"] == "path" or one.get("required", False)
            parameter = self.parameter(one["name"], one["in"], schema, is_required)
            parameters = [old for old in parameters if (old.name, old.place) != (one["name"], one["in"])]
            parameters.append(parameter)
        # The path decides the order of its parameters, and may have some that are not described.
        in_path = {one.name: one for one in parameters if one.place == "path"}
        order = re.findall(r"\{([^{}]*)\}", path)
        parameters = [in_path.get(one) or self.parameter(one, "path", {}, True) for one in dict.fromkeys(order)] + [
            one for one in parameters if one.place != "path"]
        parameters += with_series(self.body(operation_id, method, node))
        for one in sorted(parameters, key=lambda one: not one.is_required):
            name_parameter(one, names)
            if sum(one.name == other.name for other in parameters) > 1 and one.place != "path":
                place = {"field": "form", "query": "query string"}.get(one.place, one.place)
                one.comment = f"In the {place}. {one.comment}".strip()
        operation = Operation(operation_id, method, base + path, product, [], parameters, name=name)
        self.responses(operation, node)
        return operation

    def server(self, *nodes):
        """The path of the server's URL, and the product in its host name."""
        servers = next((one["servers"] for one in (*nodes, self.root) if one.get("servers")), [{"url": ""}])
        found = re.fullmatch(r"(?:https?://([^/]*))?(/.*)?", servers[0]["url"]) or ("", "", "")
        product = re.fullmatch(r"([a-z0-9-]+)\.twilio\.com", found[1] or "")
        return (found[2] or "").rstrip("/"), product[1] if product else "api"

    def parameter(self, name, place, schema, is_required):
        """Chooses the C++ type of a parameter or of a member of a response."""
        schema = self.schema(schema)
        comments = []
        is_array = schema.get("type") == "array" and place != "response"
        if is_array:
            schema = self.schema(schema.get("items", {}))
        kind, type_ = self.kind(name, place, schema)
        values = schema.get("enum", [])
        if kind == "text":
            if len(values) > MOST_ENUMERATORS and place != "response":
                comments.append(f"One of {len(values)} values, such as {quoted(str(values[0]))}.")
            elif schema.get("format") in FORMAT_COMMENTS:
                comments.append(FORMAT_COMMENTS[schema["format"]])
            elif "pattern" in schema and place != "response":
                comments.append(f"Matches `{one_line(schema['pattern'])}`.")
        elif kind in ("number", "json") and place != "body":
            comments.append({"number": "A decimal number.", "json": "JSON text."}[kind])
        elif kind == "map":
            comments.append(f"Names, without the prefix {map_prefix(name, schema)}, and values.")
        elif kind == "integer" and ("minimum" in schema or "maximum" in schema) and place != "response":
            least, most = schema.get("minimum"), schema.get("maximum")
            comments.append(f"At least {least}." if most is None else f"At most {most}." if least is None else
                            f"{least} to {most}.")
        if schema.get("deprecated"):
            comments.append("Deprecated.")
        return Parameter(name, place, schema, kind, type_, is_required, is_array, comment=" ".join(comments))

    def kind(self, name, place, schema):
        sid = SID_PATTERN.fullmatch(schema.get("pattern", ""))
        if sid:
            prefix = sid[1] + sid[2]
            return "sid", "sidecall::" + SID_NAMES.get(prefix, f"basic_sid<'{sid[1]}', '{sid[2]}'>")
        type_ = schema.get("type")
        if isinstance(type_, list):  # OpenAPI 3.1
            type_ = next((one for one in type_ if one != "null"), None)
        if type_ == "integer":
            return "integer", "std::int64_t"
        if type_ == "boolean":
            return "boolean", "bool"
        if type_ == "number":
            return "number", "std::string"
        if type_ == "object" and place != "response" and map_prefix(name, schema):
            return "map", "std::pair<std::string, std::string>"
        if type_ in ("object", "array") or (type_ is None and "enum" not in schema and place in ("response", "field")):
            return "json", "std::string"
        if place == "response":
            return "text", "std::string"
        values = [str(one) for one in schema.get("enum", ()) if one is not None]
        if schema.get("format") == "http-method" or (values and {"GET", "POST"} <= set(values) <= HTTP_METHODS):
            return "method", "sidecall::http_method"
        if name == "IdempotencyKey" or name.lower() == "i-twilio-idempotency-token":
            return "key", "sidecall::idempotency_key"
        if sorted(values) == ["false", "true"]:
            return "boolean", "bool"
        if 0 < len(values) <= MOST_ENUMERATORS:
            return "enum", ""
        return "text", "std::string"

    def body(self, operation_id, method, node):
        """The parameters in the body of the request."""
        body = self.resolved(node.get("requestBody", {}))
        contents = body.get("content", {})
        if not contents:
            return []
        if method in ("get", "head", "delete"):
            raise Unsupported(f"'{operation_id}' is a {method.upper()} with a body, which sidecall does not send")
        if FORM in contents:
            schema = self.schema(contents[FORM].get("schema", {}))
            required = schema.get("required", ())
            found = [self.parameter(name, "field", one, name in required)
                     for name, one in schema.get("properties", {}).items()]
            more = schema.get("additionalProperties")
            if more is True or isinstance(more, dict):
                found.append(Parameter("", "field", {}, "map", "std::pair<std::string, std::string>",
                                       comment="Names and values."))
            return found
        media = next((one for one in contents if one.split(";")[0].strip() == "application/json"), None)
        if media is None:
            raise Unsupported(f"'{operation_id}' has a body of the type {', '.join(contents)}; "
                              "sidecall sends forms and application/json")
        schema = self.schema(contents[media].get("schema", {}))
        required = [one for one in schema.get("required", ()) if one in schema.get("properties", {})]
        shape = {"array": "A JSON array", "object": "A JSON object"}.get(schema.get("type", "object"), "JSON text")
        comment = shape + (f" with at least {', '.join(required)}." if required else ".")
        # Without `required` a body is optional in OpenAPI, but not if it must have members.
        return [Parameter("body", "body", contents[media].get("schema", {}), "json", "std::string",
                          body.get("required", bool(required)), comment=comment)]

    def responses(self, operation, node):
        """Reads which responses are a success, and what they hold."""
        responses = {code: self.resolved(one) for code, one in node.get("responses", {}).items()}
        good = {code: one for code, one in sorted(responses.items()) if re.fullmatch("2..", code)}
        good = good or {code: one for code, one in sorted(responses.items()) if re.fullmatch("3..", code)}
        operation.statuses = [int(code) for code in good if code.isdigit()]
        media = [pair for one in good.values() for pair in one.get("content", {}).items() if "json" in pair[0]]
        schemas = [self.schema(one["schema"]) for _, one in media if "schema" in one]
        if not schemas:
            return
        types = {kind.split(";")[0].strip() for kind, _ in media}
        operation.accept = "" if "application/json" in types else min(types)
        operation.may_be_empty = len(schemas) < len(good)
        properties = {}
        for schema in schemas:
            for name, one in schema.get("properties", {}).items():
                properties.setdefault(name, one)
        if not properties:
            operation.resource = "text"
            return
        operation.resource = "struct"
        names = Names({"item", "resource"})
        list_name = self.list_member(operation, properties)
        for name, one in properties.items():
            if name != list_name:
                operation.members.append(self.member(name, one, names))
                continue
            items = self.schema(self.schema(one).get("items", {}))
            operation.items = Parameter(name, "response", items, "items", "item", True, True, names.add(name))
            operation.members.append(operation.items)
            item_names = Names({"item"})
            operation.item_members = [self.member(*each, item_names) for each in items.get("properties", {}).items()]

    def list_member(self, operation, properties):
        """The name of the member that has the items of a list, if there is one."""
        if operation.method != "get":
            return None
        schemas = {name: self.schema(one) for name, one in properties.items()}
        is_paged = "next_page_uri" in schemas or "next_page_url" in schemas.get("meta", {}).get("properties", {})
        if not is_paged and not operation.name.startswith("list"):
            return None
        lists = [name for name, one in schemas.items()
                 if one.get("type") == "array" and self.schema(one.get("items", {})).get("properties")]
        return lists[0] if len(lists) == 1 else None

    def member(self, name, schema, names):
        one = self.parameter(name, "response", schema, False)
        one.member = names.add(name)
        if not names.is_obvious(one.member, name):
            one.comment = f"`{one_line(name)}`. {one.comment}".strip()
        return one


HTTP_METHODS = {one.upper() for one in METHODS}


def map_prefix(name, schema):
    """The prefix of the parameters that a free-form object stands for; empty if it is sent as JSON."""
    found = re.fullmatch(r"prefixed-collapsible-map-?(.*)", schema.get("format", ""))
    return (found[1] or name) + "." if found else ""


def with_series(parameters):
    """Replaces each numbered series, such as Parameter1.Name to Parameter99.Value, by one parameter."""
    numbered = {}
    for one in parameters:
        found = re.fullmatch(r"(.*?[A-Za-z])([0-9]+)((?:[._][A-Za-z].*)?)", one.name)
        if found and not one.is_required and not one.is_array and one.kind != "enum":
            numbered.setdefault(found[1], {}).setdefault(int(found[2]), []).append((found[3], one))
    result = list(parameters)
    for prefix, elements in numbered.items():
        shapes = {tuple((suffix, one.type) for suffix, one in sorted(each, key=lambda pair: pair[0]))
                  for each in elements.values()}
        if len(elements) < 5 or sorted(elements) != list(range(1, len(elements) + 1)) or len(shapes) != 1:
            continue
        first = elements[1]
        series = Parameter(prefix, "field", {"maxItems": len(elements)}, "series", "", series=[
            Parameter(suffix, "field", one.schema, one.kind, one.type, True) for suffix, one in first])
        series.comment = f"At most {len(elements)}: {first[0][1].name} and so on."
        gone = {id(one) for each in elements.values() for _, one in each}
        place = result.index(first[0][1])
        result[place:place] = [series]
        result = [one for one in result if id(one) not in gone]
    return result


def name_parameter(one, names):
    """Gives a parameter its member name, and an enumeration or a series its type name."""
    if one.kind == "series":
        one.member = names.add(one.name if one.name.endswith("s") else one.name + "s")
        one.type = names.add(one.name + "_value")
        inner = Names()
        for part in one.series:
            part.member = inner.add(part.name or "value")
        return
    one.member = names.add(one.name or "other_fields")
    if one.kind == "enum":
        one.type = names.add(one.member + "_value")
        inner = Names()
        one.values = {inner.add(str(value) or "empty"): str(value)
                      for value in dict.fromkeys(one.schema["enum"]) if value is not None}
    if one.name and not names.is_obvious(one.member, one.name):
        one.comment = f"`{one_line(one.name)}`. {one.comment}".strip()


# The header.

READERS = {
    "integer": """    static void read(sidecall::json_value const& value, std::optional<std::int64_t>& member)
    {
        if (auto const number = value.integer()) member = *number;
    }""",
    "boolean": """    static void read(sidecall::json_value const& value, std::optional<bool>& member)
    {
        if (auto const truth = value.boolean()) member = *truth;
    }""",
    "sid": """    template <char A, char B>
    static void read(sidecall::json_value const& value, std::optional<sidecall::basic_sid<A, B>>& member)
    {
        if (auto const sid = value.sid<sidecall::basic_sid<A, B>>()) member = *sid;
    }""",
    "number": """    static void read_number(sidecall::json_value const& value, std::optional<std::string>& member)
    {
        if (auto const number = value.number()) member = std::string(*number);
    }""",
    "json": """    static void read_json(sidecall::json_value const& value, std::optional<std::string>& member)
    {
        if (value.is_null()) return;
        std::string const quote = value.type() == sidecall::json_type::string ? "\\"" : "";
        member = quote + std::string(value.raw()) + quote;
    }""",
}


def with_comments(lines, indent):
    """Lines of (code, comment), with the comments aligned; a comment that does not fit is put above its line."""
    result = []
    run = []

    def flush():
        width = max((len(code) for code, _ in run), default=0)
        if any(indent + width + 6 + len(comment) > WIDTH for _, comment in run):
            result.extend(line for code, comment in run for line in (f"/// {comment}", code))
        else:
            result.extend(f"{code.ljust(width)} ///< {comment}" for code, comment in run)
        run.clear()

    for code, comment in lines:
        if comment:
            run.append((code, comment))
        else:
            flush()
            result.append(code)
    flush()
    return [line for one in result for line in wrapped(" " * indent + one)]


def wrapped(line):
    """A line, or a comment that is too long as several lines."""
    found = re.fullmatch(r"( *(?:///?) )(.*)", line)
    if len(line) <= WIDTH or not found:
        return [line]
    lines, current = [], found[1]
    for word in found[2].split():
        if len(current) + len(word) + 1 > WIDTH and current != found[1]:
            lines.append(current.rstrip())
            current = found[1]
        current += word + " "
    return lines + [current.rstrip()]


def enumeration(one):
    """The type of an enumeration, and the function that makes it text."""
    values = ", ".join(one.values)
    lines = [f"    /// The values of `{one.name}`."]
    single = f"    enum class {one.type} : unsigned char {{ {values} }};"
    if len(single) <= WIDTH:
        lines.append(single)
    else:
        lines += [f"    enum class {one.type} : unsigned char {{",
                  *(f"        {value}," for value in one.values), "    };"]
    lines += ["    /// The text that is sent.",
              f"    friend constexpr std::string_view to_string_view({one.type} enumerator) noexcept",
              "    {", "        switch (enumerator) {"]
    lines += [f"        case {one.type}::{name}: return {quoted(text)};" for name, text in one.values.items()]
    return lines + ["        }", "        return {};", "    }"]


def statement(condition, code, indent):
    """A statement after `if (…)` or `for (…)`, on the same line if it fits."""
    single = " " * indent + f"{condition} {code}"
    return [single] if len(single) <= WIDTH else [" " * indent + condition, " " * (indent + 4) + code]


def chain(start, calls, indent):
    """A chain of calls on one line, or with one call on each line."""
    single = " " * indent + start + "".join(calls) + ";"
    if len(single) <= WIDTH:
        return [single]
    return [" " * indent + start + calls[0], *(" " * (indent + 4) + one for one in calls[1:-1]),
            " " * (indent + 4) + calls[-1] + ";"]


def path_calls(operation):
    by_name = {one.name: one for one in operation.parameters if one.place == "path"}
    calls = []
    for literal, name in re.findall(r"([^{}]+)|\{([^{}]*)\}", operation.path):
        if literal:
            calls.append(f".path({quoted(literal)})")
            continue
        one = by_name[name]
        value = f"to_string_view({one.member})" if one.kind == "enum" else one.member
        calls.append(f".segment({value})" if one.kind == "sid" else f".segment({value}, {quoted(name)})")
    return calls


def write_calls(one):
    """The statements that write one parameter."""
    call = {"query": "query", "header": "header", "field": "field"}.get(one.place)
    if one.place == "body":
        return [f"        request.json_body({one.member});" if one.is_required else
                f"        if ({one.member}) request.json_body(*{one.member});"]
    if one.kind == "series":
        return [f"        for (std::size_t i = 0; i != {one.member}.size(); ++i) {{",
                f"            auto const prefix = {quoted(one.name)} + std::to_string(i + 1);",
                *(f"            request.{call}(prefix{' + ' + quoted(part.name) if part.name else ''}, "
                  f"{one.member}[i].{part.member});" for part in one.series), "        }"]
    if one.kind == "map":
        prefix = map_prefix(one.name, one.schema)
        name = f"{quoted(prefix)} + one.first" if prefix else "one.first"
        return statement(f"for (auto const& one : {one.member})", f"request.{call}({name}, one.second);", 8)
    name = quoted(one.name)
    if one.is_array:
        value = "to_string_view(one)" if one.kind == "enum" else "one"
        element = "auto const" if one.kind in ("enum", "integer", "boolean", "method") else "auto const&"
        return statement(f"for ({element} one : {one.member})", f"request.{call}({name}, {value});", 8)
    if one.kind != "enum":
        return [f"        request.{call}({name}, {one.member});"]
    if one.is_required:
        return [f"        request.{call}({name}, to_string_view({one.member}));"]
    return statement(f"if ({one.member})", f"request.{call}({name}, to_string_view(*{one.member}));", 8)


def read_calls(members, indent):
    """The statements that read the members of a response."""
    lines = []
    for one in members:
        source = f"object->find({quoted(one.name)})"
        if one.kind == "items":
            lines += [f"if (auto const items = {source}.array())",
                      f"    for (auto const one : *items) made.{one.member}.push_back(read_item(one));"]
            continue
        if one.kind == "text":
            lines.append(f"made.{one.member} = {source}.optional_string();")
            if len(lines[-1]) > WIDTH - indent:
                lines[-1:] = [f"made.{one.member} =", f"    {source}.optional_string();"]
            continue
        reader = {"number": "read_number", "json": "read_json"}.get(one.kind, "read")
        lines.append(f"{reader}({source}, made.{one.member});")
        if len(lines[-1]) > WIDTH - indent:
            lines[-1:] = [f"{reader}({source},", " " * len(reader) + f" made.{one.member});"]
    return [" " * indent + line for line in lines]


def result_parts(operation):
    """The lines of the resource, of `parse`, and of the functions that `parse` uses."""
    good = operation.statuses
    wrong = " && ".join(f"response.status != {one}" for one in good) or "response.status / 100 != 2"
    check = f"        if ({wrong}) return sidecall::failure_of(response);"
    codes = " or ".join(str(one) for one in good) or "2xx"
    if operation.resource == "void":
        return (["    using resource = void; ///< The response has no documented content."],
                [f"    /// Succeeds with {codes}.",
                 "    static sidecall::result<void> parse(sidecall::http_response_view const& response)",
                 "    {", check, "        return {};", "    }"], [])
    head = ["    static sidecall::result<resource> parse(sidecall::http_response_view const& response)", "    {", check]
    if operation.resource == "text":
        return (["    using resource = std::string; ///< The body of the response: JSON text."],
                [f"    /// Succeeds with {codes}.", *head, "        return std::string(response.body);", "    }"], [])
    resource = []
    if operation.items:
        resource = ["    /// An element of the list. A member is empty if it is missing, null or of another type.",
                    "    struct item {",
                    *with_comments([(one.declaration, one.comment) for one in operation.item_members], 8), "    };", ""]
    resource += ["    /// What Twilio returns. A member is empty if it is missing, null or of another type.",
                 "    struct resource {",
                 *with_comments([(one.declaration, one.comment) for one in operation.members], 8), "    };"]
    parse = [f"    /// Succeeds with {codes}. Fails with `malformed_response` only if the body is not a JSON object.",
             *head]
    if operation.may_be_empty:
        parse.append("        if (response.body.empty()) return resource();")
    parse += ["        auto const object = sidecall::json_object::parse(response.body);",
              "        if (!object) return object.error();", "        resource made;",
              *read_calls(operation.members, 8), "        return made;", "    }"]
    used = {one.kind for one in operation.members + operation.item_members}
    readers = []
    for kind, text in READERS.items():
        if kind in used:
            readers += text.split("\n")
    if operation.items:
        readers += ["    static item read_item(sidecall::json_value const& value)", "    {", "        item made;",
                    "        auto const object = value.object();", "        if (!object) return made;",
                    *read_calls(operation.item_members, 8), "        return made;", "    }"]
    return resource, parse, ["", "private:", *readers] if readers else []


def header_of(document, operation, namespace="twilio"):
    """The text of the header."""
    parameters = operation.ordered
    request_line = f"{operation.method.upper()} {operation.path}"
    source = f"{one_line(operation.id)} of {document.name}"
    body = [f"/// {source}: `{request_line}`."]
    if len(body[0]) > WIDTH:
        body = wrapped(f"/// {source}: `{request_line}`.")
    body.append(f"struct {operation.name} {{")
    enums = [line for one in parameters if one.kind == "enum" for line in enumeration(one) + [""]]
    for one in parameters:
        if one.kind == "series":
            enums += [f"    /// An element of `{one.member}`.", f"    struct {one.type} {{",
                      *(f"        {part.type} {part.member};" for part in one.series), "    };", ""]
    members = with_comments([(one.declaration, one.comment) for one in parameters], 4)
    resource, parse, readers = result_parts(operation)
    body += enums + members + ([""] if members else []) + resource + [""]
    if operation.product != "api":
        body.append(f"    static constexpr std::string_view product = {quoted(operation.product)};")
    method = "delete_" if operation.method == "delete" else operation.method
    body += [f"    static constexpr auto request_method = sidecall::http_method::{method};",
             f"    static constexpr std::string_view operation_name = {quoted(operation.name)};", ""]
    key = next((one for one in parameters if one.kind == "key"), None)
    if key:
        value = "true" if key.is_required else f"{key.member}.has_value()"
        body += ["    /// A request with a key can be repeated.",
                 f"    bool is_idempotent() const noexcept {{ return {value}; }}", ""]
    body += ["    template <class Request>", "    void write(Request& request) const", "    {",
             *chain("request", path_calls(operation), 8)]
    if operation.accept:
        body.append(f"        request.header(\"Accept\", {quoted(operation.accept)});")
    for one in operation.parameters:
        if one.place != "path":
            body += write_calls(one)
    body += ["    }", "", *parse, *readers, "};"]
    text = "\n".join(body)
    standard = [name for name, pattern in (
        ("cstddef", r"std::size_t"), ("cstdint", r"std::int64_t"), ("optional", r"std::optional"),
        ("string", r"std::string\b|std::to_string"), ("string_view", r"std::string_view"), ("utility", r"std::pair"),
        ("vector", r"std::vector")) if re.search(pattern, text)]
    own = ["json", "sidecall"] if "json_object" in text else ["sidecall"]
    lines = ["#pragma once", "", *(f"#include <{one}>" for one in standard), *([""] if standard else []),
             *(f"#include <sidecall/{one}.hpp>" for one in own), "", f"namespace {namespace} {{", ""]
    return "\n".join(lines) + "\n" + text + f"\n\n}} // namespace {namespace}\n"


def main():
    parser = argparse.ArgumentParser(
        usage="operation_from_openapi.py [--namespace NAME] DOCUMENT OPERATION_ID, or --list DOCUMENT, or --help")
    parser.format_help = lambda: __doc__ + "\n"
    parser.add_argument("document")
    parser.add_argument("operation", nargs="?")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--namespace", default="twilio")
    arguments = parser.parse_args()
    if not arguments.list and not arguments.operation:
        parser.error("give the id of an operation, or --list")
    if not all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", one) and one not in KEYWORDS
               for one in arguments.namespace.split("::")):
        parser.error(f"'{arguments.namespace}' is not the name of a namespace")
    try:
        document = Document(arguments.document)
        if arguments.list:
            print("\n".join(document.found))
        else:
            operation = document.operation(arguments.operation)
            sys.stdout.write(header_of(document, operation, arguments.namespace))
    except Unsupported as error:
        print(f"operation_from_openapi.py: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
