#!/usr/bin/env python3
"""Checks that Prism detects errors: sends requests with one error each, which Prism must reject and name.

    wrong_requests.py URL

URL is Prism's. First sends the same requests without the error, which Prism must accept; so the error alone is the
reason of a rejection. The last line is 'N passed, N failed'."""
import base64
import http.client
import json
import sys
import urllib.parse

ACCOUNT, CALL, SUBSCRIPTION = "AC" + 32 * "1", "CA" + 32 * "2", "ZY" + 32 * "3"
FORM = "application/x-www-form-urlencoded"
RIGHT = {
    "subscribe": {"method": "POST",
                  "form": {"Callback": "https://example.com/udm", "Method": "GET", "IdempotencyKey": "1"}},
    "unsubscribe": {"method": "DELETE"},
    "send": {"method": "POST", "form": {"Content": "{}", "IdempotencyKey": "1"}},
}


def path_of(operation, account, call, sid):
    last = {"subscribe": "UserDefinedMessageSubscriptions", "send": "UserDefinedMessages",
            "unsubscribe": f"UserDefinedMessageSubscriptions/{sid}"}[operation]
    return f"/2010-04-01/Accounts/{account}/Calls/{call}/{last}.json"


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


def ask(url, operation, form={}, account=ACCOUNT, call=CALL, sid=SUBSCRIPTION, method=None, path=None, body=None,
        content_type=FORM, authorization=basic(f"{ACCOUNT}:token")):
    """Sends a request, without the form fields, header fields and body that are None. Returns the status and the
    violations that Prism names."""
    right = RIGHT[operation]
    if body is None and "form" in right:
        fields = {**right["form"], **form}
        body = urllib.parse.urlencode({name: value for name, value in fields.items() if value is not None})
    headers = {"Accept": "application/json", "Authorization": authorization,
               "Content-Type": content_type if body is not None else None}
    server = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
    server.request(method or right["method"], path or path_of(operation, account, call, sid), body,
                   {name: value for name, value in headers.items() if value is not None})
    response = server.getresponse()
    content = response.read()
    server.close()
    if response.status < 300:
        return response.status, []
    violations = json.loads(content).get("validation", [])
    return response.status, [" ".join([*one.get("location", ["body"]), one["code"]]) for one in violations]


def wrong():
    """For each wrong request: a description, the arguments of `ask`, and the expected status and violation."""
    sids = {"account": ACCOUNT, "call": CALL, "sid": SUBSCRIPTION}
    for operation in RIGHT:
        for name, sid in sids.items():
            if name == "sid" and operation != "unsubscribe":
                continue
            # Prism's names for them.
            place = {"account": "path accountsid pattern", "call": "path callsid pattern",
                     "sid": "path sid pattern"}[name]
            for error, changed in (("another prefix", "XX" + sid[2:]), ("33 digits", sid + "0"),
                                   ("31 digits", sid[:-1]), ("a digit that is not hexadecimal", sid[:-1] + "g")):
                yield f"{operation}: {name} with {error}", operation, {name: changed}, 422, place
        yield f"{operation}: no credentials", operation, {"authorization": None}, 401, None
        yield f"{operation}: credentials without a colon", operation, {"authorization": basic("token")}, 401, None
        yield f"{operation}: unsupported scheme", operation, {"authorization": "Digest username=\"x\""}, 401, None
        yield f"{operation}: PUT", operation, {"method": "PUT"}, 405, None
        yield (f"{operation}: without .json", operation,
               {"path": path_of(operation, **sids).removesuffix(".json")}, 404, None)

        required = {"subscribe": "Callback", "send": "Content"}.get(operation)
        if not required:
            continue
        yield f"{operation}: no {required}", operation, {"form": {required: None}}, 422, "body required"
        yield f"{operation}: empty body", operation, {"body": ""}, 422, "body required"
        yield (f"{operation}: misspelt parameter", operation, {"form": {"Idempotencykey": "1"}}, 422,
               "body additionalProperties")
        yield (f"{operation}: empty key", operation, {"form": {"IdempotencyKey": ""}}, 422,
               "body IdempotencyKey minLength")
        yield f"{operation}: JSON", operation, {"body": "{}", "content_type": "application/json"}, 415, None
        yield f"{operation}: no content type", operation, {"content_type": None}, 422, "body type"

    for url, rule in (("example.com/udm", "format"), ("/udm", "format"), ("https://example.com/a b", "format"),
                      ("https://exam_ple.com/udm", "pattern"), ("https://user@a_b:1?c", "pattern")):
        yield f"subscribe: callback {url}", "subscribe", {"form": {"Callback": url}}, 422, f"body Callback {rule}"
    for method in ("PUT", "post", ""):
        yield f"subscribe: method '{method}'", "subscribe", {"form": {"Method": method}}, 422, "body Method enum"
    for content, rule in (("", "minLength"), (10241 * "1", "maxLength")):
        yield f"send: {len(content)} bytes", "send", {"form": {"Content": content}}, 422, f"body Content {rule}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    url = sys.argv[1]
    passed = failed = 0
    cases = [(f"{operation}: without an error", operation, {}, 204 if operation == "unsubscribe" else 201, None)
             for operation in RIGHT]
    for description, operation, change, status, violation in [*cases, *wrong()]:
        found, violations = ask(url, operation, **change)
        if found == status and (violation is None or violation in violations):
            passed += 1
        else:
            failed += 1
            print(f"FAILED: {description}: expected status {status}{' and ' + violation if violation else ''}; "
                  f"got {found} and {violations}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if len(sys.argv) <= 1 or sys.argv[1] in ("--help", "-h"):
    sys.exit(__doc__)
main()
