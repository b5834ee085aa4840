#!/usr/bin/env python3
"""Runs examples/your_own_operation against the stand-in, which gives the answers that are written here, and then its own.

    your_own_operation.py STANDIN_SERVER PROGRAM"""
import os
import subprocess
import sys

CALL = "CA" + "2" * 32
ANSWERS = [  # the body of a 200, the program's status, what it says
    ('{"sid":"' + CALL + '","status":"in-progress"}', 0, "in-progress"),
    ('{"status":7}', 1, "malformed_response: status: not there, or no string"),
    ("[]", 1, "malformed_response"),
    ("<html>", 1, "malformed_response"),
]


def main():
    standin, program = sys.argv[1:]
    server = subprocess.Popen([standin, *(body for body, _, _ in ANSWERS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    url, account, token = server.stdout.readline().split()

    def expect(status, text, token=token):
        environment = {**os.environ, "TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": token}
        done = subprocess.run([program, "--call", CALL, "--endpoint", url], env=environment, capture_output=True, text=True,
                              timeout=30)
        said = done.stderr if status else done.stdout
        assert done.returncode == status and text in said and said.count("\n") == 1 and token not in said, done

    for _, status, text in ANSWERS:
        expect(status, text)
    expect(1, "api_error: HTTP 404")  # the stand-in does not know calls
    expect(1, "api_error: HTTP 401", "a-token-nobody-may-see")
    ledger = server.communicate()[0]
    asked = f"GET /2010-04-01/Accounts/{account}/Calls/{CALL}.json "
    assert ledger == (asked + "200 1\n") * len(ANSWERS) + asked + "404 1\n" + asked + "401 0\n", ledger
    expect(1, "not_connected")


main()
