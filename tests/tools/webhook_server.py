#!/usr/bin/env python3
"""Tests examples/webhook_server as a user would run it: starts it, sends it messages with right and wrong signatures, and
status callbacks, stops it with SIGINT (Ctrl-C) and SIGTERM, and checks what it printed. Then each of its options.

    webhook_server.py PROGRAM

Prints nothing if everything passes. An AssertionError says what is wrong."""
import base64
import email.utils
import hashlib
import hmac
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import usage

TOKEN = "12345678901234567890123456789012"
CALLBACK = "https://example.com/udm?tenant=1"


CALL = "CA" + "2" * 32


def deliver(port, number, token=TOKEN, call=CALL, path="/udm", sent="Wed, 18 Dec 2019 20:02:01 +0000"):
    return post(port, {"ContentType": "application/json", "Content": f'{{"n":{number}}}',
                       "SequenceNumber": str(number), "CallSid": call,
                       "Timestamp": sent, "AccountSid": "AC" + "1" * 32,
                       "Sid": f"KX{int(call[2:], 16) % 1000:08x}{number:024x}"}, token, path)


def report(port, status, token=TOKEN, call=CALL):
    return post(port, {"CallSid": call, "AccountSid": "AC" + "1" * 32, "CallStatus": status, "From": "+15550001",
                       "To": "+15550002", "CallbackSource": "call-progress-events", "SequenceNumber": "0"}, token)


def post(port, parameters, token, path="/udm"):
    signed = CALLBACK + "".join(name + parameters[name] for name in sorted(parameters))
    code = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return status_of(urllib.request.Request(f"http://127.0.0.1:{port}{path}?tenant=1",
                                            urllib.parse.urlencode(parameters).encode(), {"X-Twilio-Signature": code}))


def status_of(request):
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as refused:
        return refused.code


class Server:
    """A running webhook_server."""

    def __init__(self, *arguments, json_port=False):
        self.running = subprocess.Popen([sys.argv[1], "--callback", CALLBACK, "--port", "0", *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**WITHOUT_TOKEN, "TWILIO_AUTH_TOKEN": TOKEN})
        line = self.running.stdout.readline()
        self.port = json.loads(line)["port"] if json_port else int(re.search(r"127\.0\.0\.1:(\d+)", line)[1])

    def end(self, number=signal.SIGTERM, status=0):
        """Sends the signal and returns what the server printed. It must exit with this status. Every line must end."""
        self.running.send_signal(number)
        printed, complaints = self.running.communicate(timeout=20)
        assert self.running.returncode == status, (self.running.returncode, complaints)
        for text in (printed, complaints):
            assert text == "" or text.endswith("\n"), text
        assert TOKEN not in printed + complaints, complaints
        return printed, complaints


WITHOUT_TOKEN = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}


def test_messages():
    server = Server()
    port = server.port
    try:
        answers = [deliver(port, 0), deliver(port, 2), deliver(port, 1, "another token"), deliver(port, 1),
                   deliver(port, 1)]
        # A message that waits is printed when its call ends, and only then. Messages 3 and 4 never arrive.
        answers += [deliver(port, 5), report(port, "in-progress"), report(port, "completed", call="CA" + "3" * 32),
                    report(port, "completed", "another token"), report(port, "busy")]
        # The ended call is forgotten: its numbers begin anew.
        answers += [deliver(port, 9)]
        # cpp-httplib refuses this one by itself, without a body.
        answers += [deliver(port, 0, path="/other")]
    finally:
        printed, complaints = server.end(signal.SIGINT)
    assert answers == [204, 204, 403, 204, 204, 204, 204, 204, 403, 204, 204, 404], answers
    assert re.findall(r'\{"n":(\d)\}|is ([a-z-]+)\)', printed) == [
        ("0", ""), ("1", ""), ("2", ""), ("", "in-progress"), ("", "completed"), ("", "busy"), ("5", ""),
        ("9", "")], printed
    assert printed.count("missing before the next message") == 1, printed
    assert "(#2 waits for an earlier message)" in printed and "(#1 is a duplicate)" in printed, printed
    # The log of a request may come after that of the next one.
    reasons = sorted(re.sub("^refused a request from 127.0.0.1 with ", "", line) for line in complaints.splitlines())
    assert len(reasons) == 3 and reasons[2] == "404", complaints
    assert all(reason.startswith("403: invalid_signature: ") for reason in reasons[:2]), complaints


def test_end_during_deliveries():
    """Four clients deliver messages with gaps, without a pause, until the server has ended. It must print every message
    that it acknowledged, also those that wait for a message that never arrived."""
    server = Server()
    acknowledged = [set() for _ in range(4)]

    def client(index):
        call = f"CA{index:032x}"
        try:
            for number in itertools.count():
                # Message 5 of every ten never arrives, so those after it wait.
                if number % 10 != 5 and deliver(server.port, number, call=call) == 204:
                    acknowledged[index].add((call, str(number)))
        except OSError:
            pass  # the server has ended

    clients = [threading.Thread(target=client, args=(index,)) for index in range(4)]
    for one in clients:
        one.start()
    deadline = time.monotonic() + 20
    while min(map(len, acknowledged)) < 30 and time.monotonic() < deadline:
        time.sleep(0.01)
    printed, _ = server.end()
    for one in clients:
        one.join()
    every = set().union(*acknowledged)
    seen = re.findall(r"^(CA\w{32}) #(\d+):", printed, re.M)
    assert min(map(len, acknowledged)) >= 30, len(every)
    assert every <= set(seen), f"acknowledged, but not printed: {sorted(every - set(seen))[:5]}"
    assert len(seen) == len(set(seen)), "printed twice"
    for index in range(4):
        numbers = [int(number) for call, number in seen if call == f"CA{index:032x}"]
        assert numbers == sorted(numbers), numbers


def test_signals():
    for _ in range(10):
        Server().end()  # at once: the signal may come before the server accepts connections
    # A request that never ends keeps the server from ending; a second signal does not wait for it.
    server = Server()
    stuck = urllib.request.socket.create_connection(("127.0.0.1", server.port))
    stuck.sendall(b"POST /udm HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    time.sleep(0.1)
    server.running.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    assert server.running.poll() is None
    server.end(status=128 + signal.SIGTERM)
    stuck.close()


def test_failing_output():
    server = Server()
    server.running.stdout.close()
    assert deliver(server.port, 0) == 500
    complaints = server.running.stderr.read()
    assert server.running.wait(20) == 1 and "cannot write to standard output" in complaints, complaints


def test_options():
    server = Server("--path", "/behind/proxy", "--health", "/healthy", "--max-age", "300")
    health = f"http://127.0.0.1:{server.port}/healthy"
    answers = [deliver(server.port, 0, path="/behind/proxy", sent=email.utils.formatdate()),
               deliver(server.port, 1, path="/behind/proxy", sent=email.utils.formatdate(time.time() - 400)),
               deliver(server.port, 2, sent=email.utils.formatdate()), status_of(health),
               status_of(urllib.request.Request(health, b"x")), status_of(health + "/no")]
    assert answers == [204, 403, 404, 200, 404, 404], answers
    printed, complaints = server.end()
    assert '#0: {"n":0}' in printed and "#1" not in printed and "replay window" in complaints, (printed, complaints)

    for arguments, text in ((["--path", "udm"], "--path"), (["--path", ""], "--path"), (["--health", "/h?x"], "--health"),
                            (["--health", "/udm"], "--health"), (["--max-age", "0"], "--max-age")):
        refused = subprocess.run([sys.argv[1], "--callback", CALLBACK, *arguments], capture_output=True, text=True,
                                 env={**WITHOUT_TOKEN, "TWILIO_AUTH_TOKEN": TOKEN}, timeout=10)
        assert refused.returncode == 2 and text in refused.stderr, (arguments, refused)


def test_json():
    server = Server("--json", json_port=True)
    for number in (0, 2, 2):
        assert deliver(server.port, number) == 204
    assert report(server.port, "in-progress") == 204
    printed, complaints = server.end()
    sid = [f"KX{int(CALL[2:], 16) % 1000:08x}{number:024x}" for number in range(3)]
    message = {"event": "message", "call_sid": CALL, "sequence_number": 0, "sid": sid[0],
               "content_type": "application/json", "content": '{"n":0}', "missing": 0, "late": False}
    short = {"call_sid": CALL, "sequence_number": 2, "sid": sid[2]}
    assert [json.loads(line) for line in printed.splitlines()] == [
        message, {"event": "waiting", **short}, {"event": "duplicate", **short},
        {"event": "call_status", "call_sid": CALL, "call_status": "in-progress"},
        {**message, "sequence_number": 2, "sid": sid[2], "content": '{"n":2}', "missing": 1}], printed
    assert complaints == "", complaints


def main():
    refused = subprocess.run([sys.argv[1], "--callback", CALLBACK], env=WITHOUT_TOKEN, capture_output=True, text=True,
                             timeout=10)
    assert refused.returncode == 2 and "TWILIO_AUTH_TOKEN" in refused.stderr, refused
    test_messages()
    test_end_during_deliveries()
    test_signals()
    test_failing_output()
    test_options()
    test_json()


usage.check_arguments(__doc__, 1)
main()
