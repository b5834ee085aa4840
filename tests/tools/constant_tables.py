#!/usr/bin/env python3
"""Writes the tables of test cases as C++ constants: each case becomes a static_assert, so the compiler runs it and
rejects undefined behaviour.

    constant_tables.py OUTPUT_FOLDER TABLE_FOLDER...

Reads the tables in each TABLE_FOLDER; a folder that does not exist is ignored. A case is used if its texts together
have at most LONGEST bytes. If an operation has more such cases than MOST allows, an evenly spaced selection is used,
the same on every run. Writes to OUTPUT_FOLDER:

    constant_<part>.cpp    the cases, one file for each of the PARTS
    constant_main.cpp      a program that prints how many cases there are
    constant.d             the dependencies: which tables were read

The cases call functions of tests/constant/cases.hpp."""
import base64
import json
import pathlib
import sys

PARTS = {
    "texts": ["sid", "callback_url", "date", "json", "form_encode"],
    "requests": ["create_subscription", "create_message", "delete_subscription", "request"],
    "answers": ["parse_create_subscription", "parse_create_message", "parse_delete_subscription"],
    "webhooks": ["verify", "receive"],
    "messages": ["http1_request", "http1_response"],
}
LONGEST = 1000  # bytes in all texts of a case; a compiler evaluates this in a few milliseconds
# The operations that take a compiler longest; the first two compute hashes.
MOST = {"verify": 60, "receive": 60, "parse_create_subscription": 450}
SIDS = {"AC": "account_sid", "CA": "call_sid", "ZY": "subscription_sid", "KX": "message_sid", "SK": "api_key_sid"}


def literal(text):
    """A string_view literal with these bytes. The escapes are octal with three digits, so a digit that follows is not
    taken for a part of them."""
    data = text.encode() if isinstance(text, str) else text
    plain = lambda c: 32 <= c < 127 and c not in b'"\\?'
    return '"' + "".join(chr(c) if plain(c) else f"\\{c:03o}" for c in data) + '"sv'


def name_of(table, index, why):
    """The message of a failed static_assert. It has no escapes, because newer compilers do not allow them there."""
    return f"{table}[{index}] " + "".join(c if " " <= c <= "~" and c not in '"\\?' else "." for c in why)[:100]


def bytes_of(case, name):
    return base64.b64decode(case[name + "_b64"])


def member(case, name):
    return literal(bytes_of(case, name) if name + "_b64" in case else case[name])


def optional(case, name):
    return member(case, name) if name + "_b64" in case or name in case else "{}"


def value(of):
    if of is None:
        return "none"
    return literal(of) if isinstance(of, (str, bytes)) else f"{of}"


TEXTS = {"message", "sid", "account_sid", "call_sid", "uri", "content", "content_type", "sequence_number"}


def designated(kind, values, order):
    """`kind{.member = …}`: a designated initialiser with these values, its members in this order."""
    unknown = set(values) - set(order)
    if unknown:
        sys.exit(f"constant_tables.py: a case has unknown members of '{kind}': {', '.join(sorted(unknown))}")
    members = []
    for name in order:
        if name in values:
            of = values[name]
            if name == "sequence_number":
                of = str(of)
            if name == "unreadable":
                of = " ".join(of)
            members.append(f".{name} = " + ("no_text" if of is None and name in TEXTS else value(of)))
    return f"{kind}{{{', '.join(members)}}}"


def refused(expect):
    return designated("refused", {k: v for k, v in expect.items() if k != "ok"}, [
        "error", "field", "offset", "http_status", "twilio_code", "message", "retry_after_seconds", "retry_after_unix"])


def text_case(operation, name):
    def row(case, expect):
        text = member(case, name)
        return f"{operation}({text})" if expect["ok"] else f"{operation}({text}, {refused(expect)})"
    return row


def sid(case, expect):
    return text_case(f"sid<{SIDS[case['prefix']]}>", "text")(case, expect)


def callback_url(case, expect):
    if expect["ok"] and "host" in expect:
        return f"callback_url({member(case, 'text')}, {literal(expect['host'])}, {expect['port']})"
    return text_case("callback_url", "text")(case, expect)


def date(case, expect):
    if expect["ok"]:
        return f"date({member(case, 'text')}, {expect.get('unix', 'any')})"
    return text_case("date", "text")(case, expect)


def form_encode(case, expect):
    return f"form_encode({member(case, 'text')}, {literal(expect['text'])})"


def request(operation, *arguments):
    def row(case, expect):
        given = [optional(case, a[:-1]) if a.endswith("?") else member(case, a) for a in arguments]
        if expect["ok"]:
            values = {k: v for k, v in expect.items() if k not in ("ok", "body_b64", "headers")}
            if "body_b64" in expect:
                values["body"] = base64.b64decode(expect["body_b64"]).decode()
            wanted = designated("request", values, ["method", "url", "body"])
        else:
            wanted = refused(expect)
        return f"{operation}({', '.join(given)}, {wanted})"
    return row


def own_request(case, expect):
    parts = []
    for kind, *texts in case["parts"]:
        name, text = ([""] + [base64.b64decode(one) for one in texts])[-2:]
        parts.append(f'{{{literal(kind)}, {literal(name)}, {literal(text)}}}')
    method = "post" if case["method"] == "POST" else "get"
    is_voice = "true" if case.get("product") == "voice" else "false"
    server = literal(case.get("endpoint", "https://api.twilio.com"))
    if expect["ok"]:
        values = {k: v for k, v in expect.items() if k not in ("ok", "body_b64", "headers")}
        if "body_b64" in expect:
            values["body"] = base64.b64decode(expect["body_b64"]).decode()
        wanted = designated("request", values, ["method", "url", "body"])
    else:
        wanted = refused(expect)
    return f"own_request<http_method::{method}, {is_voice}>({server}, {{{', '.join(parts)}}}, {wanted})"


def answer(operation):
    def row(case, expect):
        call = f"parse<{operation}>({case['status']}, {member(case, 'body')}"
        if expect["ok"]:
            if expect.get("value"):
                order = ["sid", "account_sid", "call_sid", "date_created", "uri", "unreadable"]
                return f"{call}, {designated('resource', expect['value'], order)})"
            return f"{call})"
        retry = [v for n, v in case.get("headers", []) if n.lower() == "retry-after"]
        return f"{call}, {refused(expect)}" + (f", {literal(retry[0])})" if retry else ")")
    return row


def webhook(operation):
    def row(case, expect):
        call = f"{operation}({{{', '.join(map(literal, case['tokens']))}}}, {{" + ", ".join(
            f".{n} = {member(case, n)}" for n in ("method", "url", "content_type", "signature", "body")) + "}"
        if not expect["ok"]:
            return f"{call}, {refused(expect)})"
        if operation == "verify":
            return f"{call})"
        return f"{call}, " + designated("received", expect.get("value", {}), [
            "content", "content_type", "sequence_number", "call_sid", "account_sid", "sid", "timestamp"]) + ")"
    return row


def message(expect):
    """What a reader of HTTP/1.1 makes of a message."""
    if not expect["ok"]:
        return designated("refused_message", {k: v for k, v in expect.items() if k != "ok"}, [
            "error", "field", "offset", "status"])
    values = {k: v for k, v in expect.items() if k not in ("ok", "complete", "keep_alive", "body_b64")}
    values["is_incomplete"] = int(not expect["complete"])
    values["is_kept"] = int(expect["keep_alive"])
    if "headers" in expect:
        values["headers"] = "".join(f"{text}\n" for field in expect["headers"] for text in field)
    if "body_b64" in expect:
        values["body"] = bytes_of(expect, "body")
    return designated("read_message", values, ["is_incomplete", "consumed", "is_kept", "status", "method", "url",
                                               "content_type", "signature", "headers", "body"])


def http1_request(case, expect):
    callback = literal(case.get("callback", "https://example.com/udm"))
    return f"http1_request({callback}, {member(case, 'message')}, {message(expect)})"


def http1_response(case, expect):
    method = "head" if case.get("method") == "HEAD" else "post"
    ends = "true" if case.get("ends") else "false"
    return f"http1_response(http_method::{method}, {member(case, 'message')}, {ends}, {message(expect)})"


ROWS = {
    "sid": sid, "callback_url": callback_url, "date": date, "json": text_case("json", "body"),
    "form_encode": form_encode,
    "create_subscription": request("create_subscription", "account_sid", "call_sid", "callback", "idempotency_key?",
                                   "method?"),
    "create_message": request("create_message", "account_sid", "call_sid", "content", "idempotency_key?"),
    "delete_subscription": request("delete_subscription", "account_sid", "call_sid", "sid"), "request": own_request,
    "parse_create_subscription": answer("subscription"), "parse_create_message": answer("message"),
    "parse_delete_subscription": answer("deletion"), "verify": webhook("verify"), "receive": webhook("receive"),
    "http1_request": http1_request, "http1_response": http1_response,
}


def size(case):
    return sum(len(bytes_of(case, k[:-4]) if k.endswith("_b64") else v) for k, v in case.items() if isinstance(v, str))


def row(operation, table, index, each):
    alternatives = each["expect"].get("any_of", [each["expect"]])
    condition = " || ".join(ROWS[operation](each["case"], one) for one in alternatives)
    return f'CASE("{name_of(table, index, each["why"])}", {condition});'


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    output, *folders = map(pathlib.Path, sys.argv[1:])
    read, counts, cases = [], {}, {operation: [] for operation in ROWS}
    for path in (path for folder in folders for path in sorted(folder.glob("*.json"))):
        table = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(table, list):
            read.append(path)
            for i, case in enumerate(table):
                cases[case["case"]["op"]].append((f"{path.parent.name}/{path.name}", i, case))
    for part, operations in PARTS.items():
        lines = ["// Written by tests/tools/constant_tables.py.", '#include "cases.hpp"', "", "namespace constant {"]
        for operation in operations:
            short = [case for case in cases[operation] if size(case[2]["case"]) <= LONGEST]
            most = min(MOST.get(operation, len(short)), len(short))
            taken = [short[k * len(short) // most] for k in range(most)]
            counts[operation] = (most, len(cases[operation]))
            lines += [row(operation, *case) for case in taken]
        lines += ["} // namespace constant", ""]
        (output / f"constant_{part}.cpp").write_text("\n".join(lines), encoding="utf-8")
    says = [f"{operation}: {taken} of {there}" for operation, (taken, there) in counts.items()]
    says.append(f"{sum(taken for taken, _ in counts.values())} cases are constants")
    text = "".join(f'    std::puts("{each}");\n' for each in says)
    (output / "constant_main.cpp").write_text(f"#include <cstdio>\nint main()\n{{\n{text}}}\n", encoding="utf-8")
    dependencies = " ".join(str(path).replace(" ", "\\ ") for path in read)
    (output / "constant.d").write_text(f"constant_main.cpp: {dependencies}\n", encoding="utf-8")


main()
