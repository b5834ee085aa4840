#!/usr/bin/env python3
"""Compares the library's requests with those of Twilio's own package for Node.js, byte by byte.

    same_bytes.py DRIVER COMMAND...

DRIVER is the conformance driver; COMMAND runs twilio.js. Both get the same 200 sets of parameters, as cases of the
driver: one JSON object per line. Method, target, form, and the header fields that the library sets must be the same,
except for the intended differences SPACE and ACCEPT. Each of these must occur. The last line is 'N passed, N
failed'."""
import base64
import collections
import json
import random
import subprocess
import sys

from meant import not_needed

SPACE = ("a space is '+' in the library, '%20' in the package; parsers accept both, and Twilio's other packages write "
         "'+'")
ACCEPT = ("a DELETE accepts 'application/json' in the library, and anything in the package, the default of its HTTP "
          "client, axios")

SEED = 1
ASCII = "".join(map(chr, range(128)))
# The first and the last character of each UTF-8 length, and those next to the surrogates.
BORDERS = "\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff"
PIECES = [*ASCII, *BORDERS, *10 * " ", "+", "%", "%20", "%2B", "%zz", "&", "=", "&Method=GET", "~", "*", "'", "(", ")",
          "!", "\r\n", "\u00e9", "e\u0301", "\u6f22\u5b57", "\u05e9\u05dc\u05d5\u05dd", "\ufeff", "\u2028", "\U0001f600",
          "\U0001f468\u200d\U0001f469\u200d\U0001f467", "https://example.com/?a=b&c"]


def b64(text):
    return base64.b64encode(text.encode()).decode()


def sets():
    """200 sets of parameters, the same on every run: some written by hand, with text that encoders treat differently,
    the rest at random."""
    draw = random.Random(SEED)

    def text(longest):
        return "".join(draw.choices(PIECES, k=draw.randint(1, longest)))

    def sid(prefix):
        return prefix + "".join(draw.choices("0123456789abcdefABCDEF", k=32))

    def host():
        labels = ["".join(draw.choices("abcXYZ019", k=draw.randint(1, 9))) + draw.choice(["", "-a"]) for _ in range(3)]
        return draw.choice([".".join([*labels, "example"]), "example.com.", "192.0.2.1", "[2001:db8::1]", "localhost"])

    def uri(more):
        return "".join(draw.choices([*"aZ09-._~!$&'()*+,;=:@", "%20", "%2b", "%C3%A9", *more], k=draw.randint(0, 40)))

    def callback():
        return (draw.choice(["http://", "https://", "HTTPS://"]) + draw.choice(["", "user_name:p%20w+d@"]) + host() +
                draw.choice(["", ":1", ":8443", ":65535"]) + draw.choice(["", "/" + uri("/")]) +
                draw.choice(["", "?" + uri("/?")]) + draw.choice(["", "#" + uri("/?")]))

    def value(depth=3):
        kind = draw.randint(0, 6 if depth else 4)
        if kind == 5:
            return [value(depth - 1) for _ in range(draw.randint(0, 4))]
        if kind == 6:
            return {text(3): value(depth - 1) for _ in range(draw.randint(0, 4))}
        return [None, True, draw.randint(-10**6, 10**6), draw.random() * 1e9, text(12)][kind]

    def content():
        while True:
            encoded = json.dumps(value(), ensure_ascii=draw.random() < 0.3, indent=draw.choice([None, None, 1, "\t"]))
            if len(encoded.encode()) <= 10240:
                return encoded

    callbacks = ["https://example.com/udm", "http://example.com", "https://example.com/" + 8000 * "a",
                 "https://a:b@example.com:8443/%2F/(x)*~!'?q=a+b%20c&d=%25#f"]
    keys = [ASCII, BORDERS, " ", "+", "0", "a" + 3000 * "\U0001f600", 1024 * " " + "%"]
    contents = ["{}", "null", '"%20+%2B"', '"' + 10238 * "x" + '"', '"' + 10238 * " " + '"',
                '"x' + 2559 * "\U0001f600" + '"', '\r\n\t [1 , "\\u0000\\ud83d\\ude00" ] ',
                json.dumps(BORDERS, ensure_ascii=False), json.dumps(ASCII)]
    for number in range(200):
        kind = ("create_subscription", "create_message", "create_subscription", "create_message",
                "delete_subscription")[number % 5]
        case = {"op": kind, "account_sid": sid("AC"), "call_sid": sid("CA")}
        if kind == "delete_subscription":
            case["sid"] = sid("ZY")
        elif kind == "create_subscription":
            case["callback_b64"] = b64(callbacks.pop() if callbacks else callback())
            if draw.random() < 0.6:
                case["method"] = draw.choice(["GET", "POST"])
        else:
            case["content_b64"] = b64(contents.pop() if contents else content())
        if kind != "delete_subscription" and draw.random() < 0.7:
            case["idempotency_key_b64"] = b64(keys.pop() if keys else text(20))
        yield case


def answers(command, lines):
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, timeout=300, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if len(found) != len(lines.splitlines()):
        sys.exit(f"{command[0]} printed {len(found)} lines for {len(lines.splitlines())} sets")
    return found


def ours(answer):
    """The library's request, as the driver prints it, in parts that can be compared."""
    if not answer["ok"]:
        return {"refused": f"{answer['field']}: {answer['message']}"}
    headers = {name.lower(): value for name, value in answer["headers"]}
    del headers["user-agent"]  # differs on purpose
    return {"method": answer["method"], "target": answer["url"].removeprefix("https://api.twilio.com"),
            "form": base64.b64decode(answer["body_b64"]), **headers}


def theirs(answer, differs):
    """The package's request in the same parts. Counts the intended differences and removes them."""
    form = base64.b64decode(answer["body_b64"])
    headers = {name: answer["headers"][name] for name in ("accept", "accept-charset", "content-type")
               if name in answer["headers"]}
    if b"%20" in form:
        differs[SPACE] += 1
        form = form.replace(b"%20", b"+")  # a raw '+' would be noticed: the library writes '+' only for a space
    if answer["method"] == "DELETE" and headers["accept"] == "application/json, text/plain, */*":
        differs[ACCEPT] += 1
        headers["accept"] = "application/json"
    return {"method": answer["method"], "target": answer["target"], "form": form, **headers}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cases = list(sets())
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    differs = collections.Counter({SPACE: 0, ACCEPT: 0})
    passed = failed = size = 0
    for case, own, other in zip(cases, answers(sys.argv[1:2], lines), answers(sys.argv[2:], lines)):
        here, there = ours(own), theirs(other, differs)
        size += len(there["form"])
        if here == there:
            passed += 1
            continue
        failed += 1
        print(f"FAILED: {json.dumps(case)[:400]}")
        for part in sorted(here.keys() | there.keys()):
            if here.get(part) != there.get(part):
                print(f"    {part} of the library: {str(here.get(part))[:400]}")
                print(f"    {part} of the package: {str(there.get(part))[:400]}")
    failed += not_needed(differs)
    kinds = collections.Counter(case["op"] for case in cases)
    print(f"{len(cases)} sets ({', '.join(f'{times} {kind}' for kind, times in kinds.items())}), "
          f"{size} bytes in request bodies")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
