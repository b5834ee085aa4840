#!/usr/bin/env python3
"""Tests examples/webhook_server as a user would run it: starts it, sends it messages with right and wrong signatures, and
status callbacks, stops it with SIGINT (Ctrl-C), and checks what it printed.

    webhook_server.py PROGRAM

Prints nothing if everything passes. An AssertionError says what is wrong."""
import base64
import hashlib
import hmac
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import usage

TOKEN = "12345678901234567890123456789012"
CALLBACK = "https://example.com/udm?tenant=1"


CALL = "CA" + "2" * 32


def deliver(port, number, token=TOKEN, call=CALL):
    return post(port, {"ContentType": "application/json", "Content": f'{{"n":{number}}}',
                       "SequenceNumber": str(number), "CallSid": call,
                       "Timestamp": "Wed, 18 Dec 2019 20:02:01 +0000", "AccountSid": "AC" + "1" * 32,
                       "Sid": f"KX{number:032x}"}, token)


def report(port, status, token=TOKEN, call=CALL):
    return post(port, {"CallSid": call, "AccountSid": "AC" + "1" * 32, "CallStatus": status, "From": "+15550001",
                       "To": "+15550002", "CallbackSource": "call-progress-events", "SequenceNumber": "0"}, token)


def post(port, parameters, token):
    signed = CALLBACK + "".join(name + parameters[name] for name in sorted(parameters))
    code = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/udm?tenant=1",
                                     urllib.parse.urlencode(parameters).encode(), {"X-Twilio-Signature": code})
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as refused:
        return refused.code


def main():
    program = sys.argv[1]
    without_token = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
    refused = subprocess.run([program, "--callback", CALLBACK], env=without_token, capture_output=True, text=True,
                             timeout=10)
    assert refused.returncode == 2 and "TWILIO_AUTH_TOKEN" in refused.stderr, refused

    server = subprocess.Popen([program, "--callback", CALLBACK, "--port", "0"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env={**without_token, "TWILIO_AUTH_TOKEN": TOKEN})
    try:
        port = re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())[1]
        answers = [deliver(port, 0), deliver(port, 2), deliver(port, 1, "another token"), deliver(port, 1),
                   deliver(port, 1)]
        # A message that waits is printed when its call ends, and only then. Messages 3 and 4 never arrive.
        answers += [deliver(port, 5), report(port, "in-progress"), report(port, "completed", call="CA" + "3" * 32),
                    report(port, "completed", "another token"), report(port, "busy")]
        # The ended call is forgotten: its numbers begin anew.
        answers += [deliver(port, 9)]
    finally:
        server.send_signal(signal.SIGINT)
    printed, complaints = server.communicate(timeout=20)
    assert answers == [204, 204, 403, 204, 204, 204, 204, 204, 403, 204, 204], answers
    assert re.findall(r'\{"n":(\d)\}|is ([a-z-]+)\)', printed) == [
        ("0", ""), ("1", ""), ("2", ""), ("", "in-progress"), ("", "completed"), ("", "busy"), ("5", ""),
        ("9", "")], printed
    assert printed.count("missing before the next message") == 1, printed
    assert "(#2 waits for an earlier message)" in printed and "(#1 is a duplicate)" in printed, printed
    assert "invalid_signature" in complaints and TOKEN not in complaints, complaints
    assert server.returncode == 0, server.returncode


usage.check_arguments(__doc__, 1)
main()
