#!/usr/bin/env python3
"""Tests examples/your_own_operation against the stand-in for Twilio: first with the responses in ANSWERS, then with the
stand-in's own responses.

    your_own_operation.py STANDIN_SERVER PROGRAM

Prints nothing if everything passes. An AssertionError says what is wrong."""
import sys

import usage
from run_example import CALL, TOKEN, Example, Standin

ANSWERS = [  # the body of a response with status 200, the program's exit status, text that it must print
    ('{"sid":"' + CALL + '","status":"in-progress"}', 0, "in-progress"),
    ('{"status":7}', 1, "malformed_response: HTTP 200: status: not a string (byte 10"),
    ("[]", 1, "malformed_response"),
    ("<html>", 1, "malformed_response"),
]


def main():
    server, program = sys.argv[1:]
    standin = Standin(server, *(body for body, _, _ in ANSWERS), '{"status":"busy"}')

    def expect(status, text, *options, token=standin.token):
        Example(program, "--call", CALL, "--endpoint", standin.url, *options, account=standin.account,
                token=token).expect(status, text)

    for _, status, text in ANSWERS:
        expect(status, text)
    expect(0, f'{{"call_sid":"{CALL}","result":"busy"}}\n', "--json")
    expect(1, "api_error: HTTP 404")  # the stand-in does not know this call
    expect(1, "api_error: HTTP 401", token=TOKEN)
    request = f"GET /2010-04-01/Accounts/{standin.account}/Calls/{CALL}.json "
    ledger = standin.ledger()
    assert ledger == (request + "200 1\n") * (len(ANSWERS) + 1) + request + "404 1\n" + request + "401 0\n", ledger
    expect(1, "not_connected")


usage.check_arguments(__doc__, 2)
main()
