#!/usr/bin/env python3
"""Tests a program of examples/stacks as a user would run it.

    stacks.py STANDIN_SERVER PROGRAM    test the program against the stand-in for Twilio, against servers that send
                                        valid and invalid HTTP/1.1 responses, over IPv6, with TLS, with a server that
                                        is not running, and with wrong arguments
    stacks.py --hang PROGRAM...         test the programs against servers that never finish a response, all at the same
                                        time, because each waits for its time-out

Prints nothing if everything passes. An AssertionError says what is wrong."""
import contextlib
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import usage
from run_example import CALL, Example, Standin

CALLBACK = "https://example.com/udm"
SID = "ZY" + "3" * 32
BODY = f'{{"sid":"{SID}"}}'.encode()


def answer(*fields, status="201 Created", body=b""):
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode() + body


def chunks(*parts):
    return b"".join(b"%X;why=not\r\n%s\r\n" % (len(part), part) for part in parts)


LENGTH = f"content-length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
PARTS = BODY[:1], BODY[1:20], BODY[20:]
SUBSCRIBED = answer("Content-Type: application/json", LENGTH, body=BODY)
# What the server sends, whether it then closes the connection, what the program must print, and, if it differs, what
# the program over Qt must print.
ANSWERS = [
    (SUBSCRIBED, False, SID),
    (answer(CHUNKED, body=chunks(*PARTS, b"")), False, SID),
    (answer(CHUNKED, body=chunks(*PARTS) + b"0\r\nX-Trailer: 1\r\n\r\n"), False, SID),
    (answer("Connection: close", body=BODY), True, SID),
    (answer(status="103 Early Hints") + SUBSCRIBED, False, SID, "answer_lost"),
    (answer(status="204 No Content"), False, "unexpected_status: HTTP 204"),
    (answer("Location: /elsewhere", "Content-Length: 0", status="307 Temporary Redirect"), False, "HTTP 307"),
    (answer(LENGTH, body=BODY[:-1]), True, "answer_lost"),
    (answer(CHUNKED, body=chunks(*PARTS)), True, "answer_lost"),
    (answer(CHUNKED, body=b"no size\r\n\r\n"), True, "answer_lost", "malformed_response"),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", True, "answer_lost"),
    (b"", True, "answer_lost"),
    (answer("Content-Length: 2000000", body=b" " * 2_000_000), True, "answer_too_large"),
    (answer("Connection: close", body=b" " * 2_000_000), True, "answer_too_large"),
]


class Server:
    """A server that sends the same bytes in response to every request, possibly none, and stores the requests."""

    def __init__(self, sent, ends, tls=None, pause=0, address="127.0.0.1"):
        self.sent, self.ends, self.tls, self.pause, self.requests = sent, ends, tls, pause, []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, 0), family=family)
        self.port = listener.getsockname()[1]
        threading.Thread(target=self.serve, args=[listener], daemon=True).start()

    def serve(self, listener):
        while True:
            threading.Thread(target=self.converse, args=[listener.accept()[0]], daemon=True).start()

    def converse(self, peer):
        with contextlib.suppress(OSError), self.tls.wrap_socket(peer, server_side=True) if self.tls else peer as stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            came = b""
            while not (request := re.search(rb"(?is)\r\nContent-Length: (\d+)\r\n(?:.*?\r\n)?\r\n(.*)", came)) \
                    or len(request[2]) < int(request[1]):
                if not (part := stream.recv(4096)):
                    return
                came += part
            self.requests.append(came)
            size = 1 if len(self.sent) < 1000 else 65536
            for at in range(0, len(self.sent), size):
                stream.sendall(self.sent[at:at + size])
                time.sleep(self.pause)
            while not self.ends and stream.recv(4096):
                pass


def with_standin(server, program):
    standin = Standin(server)
    Example(program, CALL, CALLBACK, standin.url, account=standin.account, token=standin.token).expect(0, "ZY")
    Example(program, CALL, CALLBACK, standin.url.replace("127.0.0.1", "localhost"), account=standin.account).expect(
        1, "api_error: HTTP 401: Authenticate (Twilio 20003")
    target = f"/2010-04-01/Accounts/{standin.account}/Calls/{CALL}/UserDefinedMessageSubscriptions.json"
    ledger = standin.ledger()
    assert ledger == f"POST {target} 201 1\nPOST {target} 401 0\n", ledger
    Example(program, CALL, CALLBACK, standin.url).expect(1, "not_connected")


def with_answers(program):
    is_qt = os.path.basename(program) == "qt"
    for sent, ends, text, *text_of_qt in ANSWERS:
        if is_qt and text_of_qt:
            text = text_of_qt[0]
        server = Server(sent, ends)
        Example(program, CALL, CALLBACK, f"http://127.0.0.1:{server.port}").expect(0 if text == SID else 1, text)
        keys = {re.search(rb"IdempotencyKey=[0-9a-f-]{36}", request)[0] for request in server.requests}
        repeats = is_qt and not sent.startswith(b"HTTP/")
        assert len(keys) == 1 and (repeats or len(server.requests) == 1), \
            f"expected one request with one IdempotencyKey, got {len(server.requests)} with {len(keys)}; " \
            f"the server sent {sent[:99]}"


def with_ipv6(program):
    try:
        server = Server(SUBSCRIBED, False, address="::1")
    except OSError:
        return  # this machine has no IPv6
    Example(program, CALL, CALLBACK, f"http://[::1]:{server.port}").expect(0, SID)


def with_tls(program):
    """Three cases: a trusted certificate, an untrusted one, and one for another host. The program over Qt cannot be
    told to trust a certificate, and the program 'posix' has no TLS: they must fail in all cases."""
    can_trust = os.path.basename(program) not in ("posix", "qt")
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-subj", "/CN=test",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        server = Server(SUBSCRIBED, False, tls)
        for host, trusted in ("localhost", certificate), ("localhost", "/dev/null"), ("127.0.0.1", certificate):
            is_good = can_trust and host == "localhost" and trusted == certificate
            Example(program, CALL, CALLBACK, f"https://{host}:{server.port}", SSL_CERT_FILE=trusted).expect(
                0 if is_good else 1, SID if is_good else "tls_failure")
        assert len(server.requests) == can_trust, server.requests
        if can_trust:  # Python closes the connection without close_notify, like an attacker who truncates a response
            server = Server(answer("Connection: close", body=BODY), True, tls)
            Example(program, CALL, CALLBACK, f"https://localhost:{server.port}", SSL_CERT_FILE=certificate).expect(
                1, "answer_lost")


def with_wrong_input(program):
    Example(program).expect(2, "CALL_SID CALLBACK")
    Example(program, CALL[:-1], CALLBACK).expect(2, "CallSid: shorter than 34 characters (byte 33)")
    Example(program, CALL, "https://a_b.example").expect(2, "Callback: '_' is not allowed in a hostname (byte 9)")
    Example(program, CALL, CALLBACK, "http://example.com").expect(2, "endpoint: http is allowed only for a loopback host")
    Example(program, CALL, CALLBACK, account="AC1").expect(2, "TWILIO_ACCOUNT_SID: ")


def hang(programs):
    servers = Server(b"", False), Server(SUBSCRIBED, False, pause=1)
    examples = [Example(program, CALL, CALLBACK, f"http://127.0.0.1:{server.port}")
                for program in programs for server in servers]
    for example in examples:
        example.expect(1, "timed_out")


def main():
    if sys.argv[1] == "--hang":
        hang(sys.argv[2:])
        return
    standin, program = sys.argv[1:]
    with_standin(standin, program)
    with_answers(program)
    with_ipv6(program)
    with_tls(program)
    with_wrong_input(program)


usage.check_arguments(__doc__, 2)
main()
