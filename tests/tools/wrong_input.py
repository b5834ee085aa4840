#!/usr/bin/env python3
"""Tests the error messages of examples/subscribe, bulk_subscribe, unsubscribe and conversation.

    wrong_input.py PROGRAM

Runs the program with many kinds of wrong input. For each it must exit with status 2 (1 if the network fails), print
one line on standard error that contains the expected text, and never print the token. The last line is
'N passed, N failed'."""
import os
import subprocess
import sys

import usage

TOKEN = "a-token-nobody-may-see"
TWILIO = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": TOKEN}
CALL = ["--call", "CA" + "2" * 32]
WHOLE = [*CALL, "--callback", "https://example.com"]

SUBSCRIBE = [  # environment, arguments, exit status, text that the line must contain
    ({}, ["--call", "CA12"], 2, "CallSid: shorter than 34 characters (byte 4)"),
    ({}, ["--call", "AC" + "2" * 32], 2, "CallSid"),
    ({}, ["--call", ""], 2, "--call is empty"),
    ({}, ["--call"], 2, "--call"),
    ({}, ["--callback", "https://a_b.example/"], 2, "'_' is not allowed in a hostname (byte 9)"),
    ({}, ["--callback", "https://e.com/%2"], 2, "'%' without two hexadecimal digits (byte 14)"),
    ({}, ["--callback", "https://e.com/a b"], 2, "whitespace"),
    ({}, ["--callback", "e.com"], 2, "not an absolute http or https URI"),
    ({}, ["--callback", "https://e.com", "--callback", "https://f.com"], 2, "--callback"),
    ({}, ["--method", "OPTIONS"], 2, "Method"),
    ({}, ["--method", "post"], 2, "Method"),
    ({}, ["--idempotency-key", ""], 2, "--idempotency-key is empty"),
    ({}, ["--idempotency-key", b"\xff"], 2, "IdempotencyKey: not UTF-8 (byte 0)"),
    ({}, ["--transport", "ftp"], 2, "--transport"),
    ({}, ["--bogus"], 2, "--bogus"),
    ({}, ["surplus"], 2, "surplus"),
    ({}, ["--edge", "dublin"], 2, "TWILIO_ACCOUNT_SID"),
    ({"TWILIO_AUTH_TOKEN": TOKEN}, WHOLE, 2, "TWILIO_ACCOUNT_SID: not set, but TWILIO_AUTH_TOKEN is"),
    ({"TWILIO_ACCOUNT_SID": TWILIO["TWILIO_ACCOUNT_SID"]}, WHOLE, 2, "TWILIO_AUTH_TOKEN: not set"),
    ({"TWILIO_REGION": "ie1"}, WHOLE, 2, "TWILIO_ACCOUNT_SID: not set"),
    ({**TWILIO, "TWILIO_API_KEY": "SK" + "3" * 32}, WHOLE, 2, "TWILIO_API_SECRET: not set, but TWILIO_API_KEY is"),
    ({}, ["--standin", "--edge", "dublin"], 2, "--standin cannot be combined"),
    ({**TWILIO, "TWILIO_ACCOUNT_SID": "AC1"}, WHOLE, 2, "TWILIO_ACCOUNT_SID: "),
    ({**TWILIO, "TWILIO_AUTH_TOKEN": TOKEN + "\n"}, WHOLE, 2, "line break"),
    (TWILIO, [], 2, "--call is required"),
    (TWILIO, CALL, 2, "--callback is required"),
    (TWILIO, [*WHOLE, "--edge", "a b"], 2, "edge"),
    (TWILIO, [*WHOLE, "--region", "a.b"], 2, "region"),
    ({**TWILIO, "TWILIO_REGION": "IE_1"}, WHOLE, 2, "TWILIO_REGION: "),
    (TWILIO, [*WHOLE, "--endpoint", "http://example.com"], 2, "loopback"),
    (TWILIO, [*WHOLE, "--endpoint", "https://example.com/x"], 2, "nothing may follow"),
    (TWILIO, [*WHOLE, "--endpoint", "https://localhost", "--region", "ie1"], 2, "--endpoint"),
    (TWILIO, [*WHOLE, "--endpoint", "http://127.0.0.1:1"], 1, "not_connected"),
    (TWILIO, [*WHOLE, "--endpoint", "http://127.0.0.1:1", "--transport", "httplib"], 1, "not_connected"),
]

URL = ["--callback", "https://example.com"]
EMPTY = ["/dev/null", *URL]

BULK_SUBSCRIBE = [
    ({}, URL, 2, "file"),
    ({}, ["/dev/null"], 2, "--callback"),
    ({}, ["", *URL], 2, "file is empty"),
    ({}, EMPTY, 2, "TWILIO_ACCOUNT_SID is not set"),
    ({"TWILIO_EDGE": "dublin"}, EMPTY, 2, "TWILIO_ACCOUNT_SID: not set"),
    ({}, [*EMPTY, "--standin", "--edge", "dublin"], 2, "--standin cannot be combined"),
    ({}, ["/dev/null", "--standin", "--callback", "https://a_b.example/"], 2, "'_' is not allowed in a hostname (byte 9)"),
    ({}, [*EMPTY, "--standin", "--method", "OPTIONS"], 2, "Method"),
    ({}, [*EMPTY, "--connections", "0"], 2, "--connections"),
    ({}, [*EMPTY, "--in-flight", "many"], 2, "--in-flight"),
    ({}, [*EMPTY, "--deadline", "0"], 2, "--deadline"),
    ({}, [*EMPTY, "--deadline", "-1"], 2, "--deadline"),
    ({}, [*EMPTY, "--bogus"], 2, "--bogus"),
    ({}, [*EMPTY, "surplus"], 2, "surplus"),
    ({}, [*EMPTY, "--edge", "dublin"], 2, "TWILIO_ACCOUNT_SID"),
    (TWILIO, ["/nowhere/calls", *URL], 2, "cannot read /nowhere/calls"),
    (TWILIO, ["/", *URL], 2, "cannot read /"),
    (TWILIO, [__file__, *URL], 2, "wrong_input.py:2: invalid_argument: CallSid: "),
    ({"TWILIO_AUTH_TOKEN": TOKEN}, EMPTY, 2, "TWILIO_ACCOUNT_SID: not set, but TWILIO_AUTH_TOKEN is"),
    ({**TWILIO, "TWILIO_ACCOUNT_SID": "AC1"}, EMPTY, 2, "TWILIO_ACCOUNT_SID: "),
    ({**TWILIO, "TWILIO_AUTH_TOKEN": TOKEN + "\n"}, EMPTY, 2, "line break"),
    (TWILIO, [*EMPTY, "--endpoint", "http://example.com"], 2, "loopback"),
    (TWILIO, [*EMPTY, "--endpoint", "https://localhost", "--region", "ie1"], 2, "--endpoint"),
]

SID = "ZY" + "3" * 32

UNSUBSCRIBE = [
    ({}, [], 2, "subscriptions"),
    ({}, [""], 2, "subscriptions is empty"),
    ({}, ["/dev/null"], 2, "TWILIO_ACCOUNT_SID: not set"),
    ({}, ["/dev/null", "--standin"], 2, "--standin"),
    ({}, ["/dev/null", "--deadline", "0"], 2, "--deadline"),
    (TWILIO, ["/nowhere/results"], 2, "cannot read /nowhere/results"),
    (TWILIO, ["/"], 2, "cannot read /"),
    (TWILIO, [__file__], 2, "wrong_input.py:2: not a line of bulk_subscribe"),
    (TWILIO, [*CALL, ""], 2, "subscriptions is empty"),
    (TWILIO, ["--call", "", SID], 2, "--call is empty"),
    (TWILIO, ["--call", "CA12", SID], 2, "CallSid: shorter than 34 characters (byte 4)"),
    (TWILIO, [*CALL, "ZY12"], 2, "shorter than 34 characters (byte 4)"),
    (TWILIO, [*CALL, "/dev/null"], 2, "invalid_argument"),
    (TWILIO, ["/dev/null", "--endpoint", "http://example.com"], 2, "loopback"),
]

PARTIES = ["--to", "client:alice", "--from", "+15005550006"]

CONVERSATION = [
    ({}, ["--to", ""], 2, "--to is empty"),
    ({}, ["--port", "65536"], 2, "--port"),
    ({}, ["--wait", "0"], 2, "--wait"),
    ({}, ["--bogus"], 2, "--bogus"),
    ({}, ["surplus"], 2, "surplus"),
    ({}, ["--edge", "dublin"], 2, "TWILIO_ACCOUNT_SID"),
    ({}, [], 2, "TWILIO_ACCOUNT_SID is not set"),
    ({}, [*PARTIES, *URL], 2, "TWILIO_ACCOUNT_SID is not set"),
    ({"TWILIO_ACCOUNT_SID": TWILIO["TWILIO_ACCOUNT_SID"], "TWILIO_API_KEY": "SK" + "3" * 32,
      "TWILIO_API_SECRET": TOKEN}, [*PARTIES, *URL], 2, "TWILIO_AUTH_TOKEN is not set"),
    (TWILIO, [], 2, "--to is required"),
    (TWILIO, PARTIES[:2], 2, "--from is required"),
    (TWILIO, PARTIES, 2, "--callback is required"),
    (TWILIO, [*PARTIES, "--port", "0", "--callback", "https://a_b.example/"], 2,
     "'_' is not allowed in a hostname (byte 9)"),
    (TWILIO, [*PARTIES, *URL, "--address", "192.0.2.1"], 1, "cannot listen on 192.0.2.1"),
    (TWILIO, [*PARTIES, *URL, "--port", "0", "--endpoint", "http://127.0.0.1:1"], 1, "not_connected"),
    ({"TWILIO_AUTH_TOKEN": TOKEN}, [*PARTIES, *URL], 2, "TWILIO_ACCOUNT_SID: not set, but TWILIO_AUTH_TOKEN is"),
]


def fails_without_output(clean):
    """Whether bulk_subscribe stops early if it cannot print: the lines that it prints are needed to unsubscribe."""
    calls = "".join(f"CA{number:032x}\n" for number in range(5000))
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([sys.argv[1], "-", "--standin", *URL], env=clean, input=calls, stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60)
    return done.returncode == 1 and "cannot write to standard output" in done.stderr and ", 0 left" not in done.stderr


def main():
    cases = {"bulk_subscribe": BULK_SUBSCRIBE, "unsubscribe": UNSUBSCRIBE,
             "conversation": CONVERSATION}.get(os.path.basename(sys.argv[1]), SUBSCRIBE)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
    failed = 0
    for environment, arguments, status, text in cases:
        done = subprocess.run([sys.argv[1], *arguments], env={**clean, **environment}, capture_output=True, timeout=20)
        errors = done.stderr.decode(errors="replace")
        leaked = TOKEN in errors or TOKEN in done.stdout.decode(errors="replace")
        if done.returncode != status or text not in errors or errors.count("\n") != 1 or leaked:
            failed += 1
            print(f"FAILED: {arguments}: expected status {status} and one line with {text!r}; got status "
                  f"{done.returncode} and {errors!r}{'; the program prints the token' if leaked else ''}")
    if cases is BULK_SUBSCRIBE and not fails_without_output(clean):
        failed += 1
        print("FAILED: it does not stop early if it cannot print")
    print(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(failed != 0)


usage.check_arguments(__doc__, 1)
main()
