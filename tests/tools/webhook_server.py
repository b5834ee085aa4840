#!/usr/bin/env python3
"""Tests examples/webhook_server as a user would run it: starts it, sends it requests with right and wrong signatures,
stops it with SIGINT (Ctrl-C), and checks what it printed.

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


def deliver(port, number, token=TOKEN):
    parameters = {"ContentType": "application/json", "Content": f'{{"n":{number}}}', "SequenceNumber": str(number),
                  "CallSid": "CA" + "2" * 32, "Timestamp": "Wed, 18 Dec 2019 20:02:01 +0000",
                  "AccountSid": "AC" + "1" * 32, "Sid": f"KX{number:032x}"}
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
    finally:
        server.send_signal(signal.SIGINT)
    printed, complaints = server.communicate(timeout=20)
    assert answers == [204, 204, 403, 204, 204], answers
    assert re.findall(r'\{"n":(\d)\}', printed) == ["0", "1", "2"], printed
    assert "(#2 waits for an earlier message)" in printed and "(#1 is a duplicate)" in printed, printed
    assert "invalid_signature" in complaints and TOKEN not in complaints, complaints
    assert server.returncode == 0, server.returncode


usage.check_arguments(__doc__, 1)
main()
