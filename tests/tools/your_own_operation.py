#!/usr/bin/env python3
"""Runs examples/your_own_operation against the stand-in, which gives the answers that are written here, and then its own.

    your_own_operation.py STANDIN_SERVER PROGRAM"""
import sys

from run_example import CALL, TOKEN, Example, Standin

ANSWERS = [  # the body of a 200, the program's status, what it says
    ('{"sid":"' + CALL + '","status":"in-progress"}', 0, "in-progress"),
    ('{"status":7}', 1, "malformed_response: status: missing or not a string"),
    ("[]", 1, "malformed_response"),
    ("<html>", 1, "malformed_response"),
]


def main():
    server, program = sys.argv[1:]
    standin = Standin(server, *(body for body, _, _ in ANSWERS))

    def expect(status, text, token=standin.token):
        Example(program, "--call", CALL, "--endpoint", standin.url, account=standin.account, token=token).expect(status, text)

    for _, status, text in ANSWERS:
        expect(status, text)
    expect(1, "api_error: HTTP 404")  # the stand-in does not know calls
    expect(1, "api_error: HTTP 401", TOKEN)
    asked = f"GET /2010-04-01/Accounts/{standin.account}/Calls/{CALL}.json "
    ledger = standin.ledger()
    assert ledger == (asked + "200 1\n") * len(ANSWERS) + asked + "404 1\n" + asked + "401 0\n", ledger
    expect(1, "not_connected")


main()
