#!/usr/bin/env python3
"""Tests examples/live_check as a user would run it.

    live_check.py STANDIN_SERVER PROGRAM             against the stand-in for Twilio, with the report that is expected in
                                                     live_check_report.md; then against servers that answer one question
                                                     the other way (BENT), of which the report must say exactly that;
                                                     then with lost responses, with a signal, and with wrong arguments
    live_check.py STANDIN_SERVER PROGRAM --update    write live_check_report.md
    live_check.py --prism URL PROGRAM                against Prism, with the verdicts that are expected of its examples.
                                                     The last line is 'N passed, N failed'

No report contains a secret, a whole SID or the host of the callback, and no subscription is left over. Otherwise prints
nothing if everything passes. An AssertionError says what is wrong."""
import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import usage
from run_example import ACCOUNT, CALL, TOKEN

REPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "live_check_report.md")
OTHER_LEG = "CA" + "3" * 32
KEY, KEY_SECRET = "SK" + "0" * 31 + "1", "stand-in-key-secret"
HOST = "tunnel.example.net"
CALLBACK = f"https://{HOST}/udm?tenant=1"
FORM = "application/x-www-form-urlencoded"


# A message that repeats everything that the report must not contain.
ECHO = f"no: stand-in-auth-token `{KEY_SECRET}` <b> https://live:check@{HOST}/udm {KEY}"


def error(status, code):
    return status, [("Content-Type", "application/json")], json.dumps({"code": code, "message": ECHO, "status": status})


def edited(response, **members):
    """The response with other members; None removes one."""
    status, headers, body = response
    body = {name: value for name, value in (json.loads(body) | members).items() if value is not None}
    return status, headers, json.dumps(body)


class Request:
    """A request to the server, with the question that it belongs to and how many with the same mark came before."""

    def __init__(self, method, path, body):
        self.method, self.path, self.form = method, path, dict(urllib.parse.parse_qsl(body, strict_parsing=bool(body)))
        self.mark, self.number = "", 0


# What the server does with the requests of a question: a function of the server, the request, and a function that
# forwards the request to the stand-in. Only requests that carry the name of the question get there.
def status(number):
    return lambda server, request, forward: (number, *forward()[1:])


def refuse(number, code):
    return lambda server, request, forward: error(number, code)


def refuse_method(name):
    return lambda server, request, forward: error(400, 21209) if request.form.get("Method") == name else forward()


def edit(**members):
    return lambda server, request, forward: edited(forward(), **members)


def forward_with(**fields):
    def bend(server, request, forward):
        request.form |= fields
        return forward()
    return bend


def ignore_key(server, request, forward):
    request.form["IdempotencyKey"] += str(request.number)
    return forward()


def repeat_first(server, request, forward):
    if request.number == 0:
        server.first = forward()
    return server.first


def refuse_message(server, request, forward):
    return error(409, 20409) if "Content" in request.form else forward()


def forget_key(server, request, forward):
    if request.number == 1:
        request.form["IdempotencyKey"] += "2"
    return forward()


def with_retry_after(server, request, forward):
    number, headers, body = forward()
    return number, [*headers, ("Retry-After", "5")], body


def without_json(server, request, forward):
    response = forward()
    return edited(response, uri=json.loads(response[2])["uri"].removesuffix(".json"))


def upper_case(server, request, forward):
    response = forward()
    sid = json.loads(response[2])["sid"]
    server.other_sids[sid[:2] + sid[2:].upper()] = sid
    return edited(response, sid=sid[:2] + sid[2:].upper())


def accept_call(server, request, forward):
    unknown = re.search(r"CA\w{32}", request.path)[0]
    server.other_sids[unknown] = CALL
    request.path = request.path.replace(unknown, CALL)
    return forward()


def on_deletion(number, answer):
    return lambda server, request, forward: answer(forward()) if request.number == number else forward()


# A delivery of a webhook: the mark of its subscription, the number of the message, and what is sent. A bend changes it.
class Delivery:
    def __init__(self, mark, number, method, url):
        self.mark, self.number, self.method, self.url, self.kind = mark, number, method, url, "form"
        self.times, self.token, self.signed, self.authorization = 1, "stand-in-auth-token", lambda url: url, None
        self.parameters = {"ContentType": "application/json", "Content": f'{{"n":{number}}}',
                           "SequenceNumber": str(number), "CallSid": CALL,
                           "Timestamp": "Wed, 18 Dec 2019 20:02:01 +0000", "AccountSid": ACCOUNT,
                           "Sid": f"KX{number:032x}"}


def delivered(mark=None, number=None, parameters=None, **members):
    """Changes these members of the deliveries to one subscription, or of one message."""
    def bend(delivery):
        if mark in (None, delivery.mark) and number in (None, delivery.number):
            vars(delivery).update(members)
            delivery.parameters |= parameters or {}
    return bend


def numbered(numbers):
    def bend(delivery):
        delivery.parameters["SequenceNumber"] = str(numbers[delivery.number])
    return bend


def escape_otherwise(delivery):
    delivery.url = delivery.url.replace("%7e", "%7E")


# Each question, and a server that answers it the other way. The question under which the requests come is that of the
# entry, unless a pair names another one.
BENT = {
    "created": status(200),
    "created_headers": ("created", with_retry_after),
    "created_members": ("created", edit(account_sid=None, more="1")),
    "created_uri": ("created", without_json),
    "created_date": ("created", edit(date_created="2026-11-24T08:09:10Z")),
    "message_created": status(202),
    "message_members": ("message_created", edit(date_created=None)),
    "sid_case": ("documented_methods", upper_case),
    "key_subscription": ignore_key,
    "key_message": ignore_key,
    "key_other_callback": repeat_first,
    "key_other_content": repeat_first,
    "key_other_endpoint": refuse_message,
    "key_deleted": forget_key,
    "space_as_plus": repeat_first,
    "space_as_plus_in_message": repeat_first,
    "documented_methods": refuse_method("GET"),
    "undocumented_methods": refuse_method("PATCH"),
    "http_callback": refuse(400, 21205),
    "user_info_callback": refuse(400, 21205),
    "underscore_callback": forward_with(Callback="https://example.com/"),
    "unknown_call": accept_call,
    "unknown_call_message": accept_call,
    "finished_call": refuse(404, 20001),
    "finished_call_message": refuse(410, 20404),
    "other_leg": refuse(404, 20404),
    "longest_message": refuse(400, 20001),
    "too_long_message": forward_with(Content="{}"),
    "not_json": forward_with(Content="{}"),
    "deleted": ("DELETE key_deleted", on_deletion(0, lambda done: (200, [], "{}"))),
    "deleted_twice": ("DELETE key_deleted", on_deletion(1, lambda done: (204, [], ""))),
    "api_key": refuse(401, 20003),
    "edge": refuse(404, 20404),
    "too_many_requests": ("DELETE ", refuse(429, 1)),
    "each_subscription": delivered("post", 1, times=0),
    "default_method": delivered("default", method="GET"),
    "post_method": delivered("post", method="GET"),
    "get_method": delivered("get", method="POST"),
    "body_format": delivered("default", kind="JSON"),
    "query_kept": escape_otherwise,
    "parameters": delivered("default", parameters={"More": "1"}),
    "timestamp": delivered("default", parameters={"Timestamp": "2019-12-18T20:02:01Z"}),
    "sequence_start": numbered([1, 2]),
    "sequence_step": numbered([0, 2]),
    "same_message": delivered("post", 1, {"SequenceNumber": "5"}),
    "signature": delivered("get", token="another token"),
    "port_absent": delivered("default", signed=lambda url: url.replace(HOST, HOST + ":443")),
    "port_present": delivered("port", signed=lambda url: url.replace(":443", "")),
    "user_info_signed": delivered("user_info", signed=lambda url: url.replace(HOST, "live:check@" + HOST)),
    "user_info_sent": delivered("user_info", authorization="Basic " + base64.b64encode(b"live:check").decode()),
    "refused_once": delivered("refused", 0, times=2),
}


class Twilio(http.server.ThreadingHTTPServer):
    """Forwards each request to the stand-in, and plays the client and the tunnel: it delivers the messages of the client
    to the program. A question may be bent; `on_request` sees every request first."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, standin, bent=None, on_request=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.standin, self.on_request, self.lock = standin, on_request, threading.Lock()
        self.marked, self.bend = bent, BENT.get(bent)
        if isinstance(self.bend, tuple):
            self.marked, self.bend = self.bend
        self.is_delivery = bent is not None and list(BENT).index(bent) >= list(BENT).index("each_subscription")
        self.counts, self.other_sids, self.marks, self.subscriptions = {}, {}, {}, {}
        self.first = None
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    def answer(self, method, path, body, headers):
        request = Request(method, path, body)
        for other, own in self.other_sids.items():
            request.path = request.path.replace(other, own)
        request.mark = self.mark_of(request)
        with self.lock:
            request.number = self.counts.get(request.mark, 0)
            self.counts[request.mark] = request.number + 1
        if self.on_request and self.on_request(request):
            return None
        if method == "DELETE" and request.mark == "DELETE " and request.number >= 20 and self.marked != request.mark:
            number, headers, body = error(429, 20429)
            return number, [*headers, ("Twilio-Request-Id", "RQ" + "0" * 32), ("Retry-After", "1")], body
        callback, used = request.form.get("Callback"), request.form.get("Method", "POST")
        bends = self.bend and not self.is_delivery and self.marked == request.mark
        response = self.bend(self, request, lambda: self.forward(request, headers)) if bends else self.forward(
            request, headers)
        if response[0] < 300 and "Callback" in request.form:
            sid = json.loads(response[2])["sid"]
            sid = self.other_sids.get(sid, sid)
            self.marks[sid], self.subscriptions[sid] = request.mark, (callback, used)
        if request.method == "DELETE":
            self.subscriptions.pop(request.path[-39:-5], None)
        return response

    def mark_of(self, request):
        if request.method == "DELETE":
            return "DELETE " + self.marks.get(request.path[-39:-5], "")
        callback = re.search(r"live_check=(\w+)", request.form.get("Callback", ""))
        content = re.search(r'live_check"?: ?"?(\w+)', request.form.get("Content", ""))
        return callback[1] if callback else content[1] if content else ""

    def forward(self, request, headers):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.standin.url).netloc, timeout=20)
        body = urllib.parse.urlencode(request.form)
        sent = {name: headers[name] for name in ("Authorization", "Accept", "Content-Type") if headers[name]}
        connection.request(request.method, request.path, body or None, sent | {"Connection": "close"})
        response = connection.getresponse()
        kept = [(name, value) for name, value in response.getheaders()
                if name.lower() not in ("connection", "keep-alive", "content-length")]
        result = response.status, kept, response.read().decode()
        connection.close()
        return result

    def handle_error(self, request, client_address):
        pass  # the program closes its connections when it has seen a 429

    def client_sends(self, port, number):
        for callback, method in list(self.subscriptions.values()):
            mark = re.search(r"live_check=(\w+)", callback)[1]
            delivery = Delivery(mark, number, method, callback.replace("live:check@", ""))
            if self.is_delivery:
                self.bend(delivery)
            for _ in range(delivery.times):
                if deliver(port, delivery) == 401:
                    delivery.authorization = "Basic " + base64.b64encode(b"live:check").decode()
                    deliver(port, delivery)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        response = self.server.answer(self.command, self.path, body, self.headers)
        if response is None:
            self.close_connection = True
            return
        self.send_response_only(response[0])
        for name, value in response[1]:
            self.send_header(name, value)
        if response[0] != 204:
            self.send_header("Content-Length", str(len(response[2].encode())))
        self.end_headers()
        self.wfile.write(response[2].encode())

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *arguments):
        pass


def deliver(port, delivery):
    url, headers, body, appended = delivery.url, {}, None, ""
    form = urllib.parse.urlencode(delivery.parameters)
    if delivery.method == "GET":
        url += "&" + form
    elif delivery.kind == "JSON":
        body, headers["Content-Type"] = json.dumps(delivery.parameters), "application/json"
        url += "&bodySHA256=" + hashlib.sha256(body.encode()).hexdigest()
    else:
        body, headers["Content-Type"] = form, FORM + "; charset=UTF-8"
        appended = "".join(name + delivery.parameters[name] for name in sorted(delivery.parameters))
    code = hmac.new(delivery.token.encode(), (delivery.signed(url) + appended).encode(), hashlib.sha1).digest()
    headers["X-Twilio-Signature"] = base64.b64encode(code).decode()
    if delivery.authorization:
        headers["Authorization"] = delivery.authorization
    target = re.sub(r"^https?://[^/]*", "", url)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(delivery.method, target, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body or "")))
    connection.endheaders((body or "").encode() or None)
    answered = connection.getresponse().status
    connection.close()
    return answered


class Standin:
    def __init__(self, server):
        self.running = subprocess.Popen([server, "--call=" + CALL, "--call=" + OTHER_LEG], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.url, self.account, self.token = self.running.stdout.readline().split()

    def command(self, line):
        self.running.stdin.write(line + "\n")
        self.running.stdin.flush()
        return int(self.running.stdout.readline())

    def finished_call(self):
        """Creates a call and ends it."""
        sid = None
        for path, form in (".json", "To=client:a&From=client:b&Twiml=x"), ("/{}.json", "Status=completed"):
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc)
            login = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
            connection.request("POST", f"/2010-04-01/Accounts/{self.account}/Calls" + path.format(sid), form,
                               {"Content-Type": FORM, "Authorization": "Basic " + login})
            sid = json.loads(connection.getresponse().read())["sid"]
            connection.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Check:
    """A running live_check."""

    def __init__(self, program, url, account, token, *arguments, call=CALL, consent=None,
                 **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
        self.secrets = [token, KEY_SECRET, "live:check", base64.b64encode(b"live:check").decode(), HOST]
        self.running = subprocess.Popen(
            [program, "--call", call, "--endpoint", url, *([] if consent else ["--yes"]), *arguments],
            env=clean | {"TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": token} | environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.consent, self.said = consent, ""

    def wait_for(self, text):
        for line in self.running.stderr:
            self.said += line
            if text in line:
                return
        raise AssertionError(f"the program never said {text!r}, but {self.said}")

    def end(self, status=0, full_sids=False):
        """Waits for the end. Returns the report."""
        report, said = self.running.communicate(self.consent, timeout=60)
        self.said += said
        assert self.running.returncode == status, (self.running.returncode, report, self.said)
        for secret in self.secrets:
            assert secret not in report + self.said, f"the program prints {secret}: {report}"
        if not full_sids:
            whole = re.search(r"[A-Z]{2}[0-9a-fA-F]{32}", report + self.said)
            assert not whole, f"the program prints {whole[0]}: {report}"
        return report


def verdicts(report):
    """The verdict of each question in a report, JSON or Markdown."""
    if report.startswith("{"):
        lines = [json.loads(line) for line in report.splitlines()]
        return {line["id"]: line["verdict"] for line in lines[1:]}
    found, verdict = {}, None
    for line in report.splitlines():
        if line.startswith("## "):
            verdict = line[3:].lower()
        if question := re.match(r"- \*\*(\w+)\*\*", line):
            found[question[1]] = verdict
    return found


def with_standin(server, program, update):
    """The whole report, byte for byte, but for dates and versions."""
    standin = Standin(server)
    standin.finished_call()
    port = free_port()
    arguments = ["--callback", f"http://127.0.0.1:{port}/udm?tenant=1", "--listen", str(port), "--grace", "200",
                 "--other-leg", OTHER_LEG]
    reports = []
    for more in [], ["--json"]:
        check = Check(program, standin.url, standin.account, standin.token, *arguments, *more, TWILIO_API_KEY=KEY,
                      TWILIO_API_SECRET=KEY_SECRET)
        check.wait_for("send two different messages")
        for number in 1, 2:
            assert standin.command(f'send {CALL} {{"n":{number}}}') == 5
        report = check.end()
        assert "127.0.0.1" not in report, report
        assert standin.command("subscriptions") == 0
        reports.append(report)
    dated = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000"
    report = re.sub(r"\w\w…\w{4}", "SID", re.sub(dated, "DATE", reports[0]))
    report = re.sub(r"(?m)^- (sidecall|libcurl|date): .*", r"- \1: …", report)
    if update:
        with open(REPORT, "w", encoding="utf-8") as file:
            file.write(report)
    with open(REPORT, encoding="utf-8") as file:
        expected = file.read()
    assert report == expected, f"expected the report in {REPORT}, got {report}"
    changed = verdicts(reports[0]).items() ^ verdicts(reports[1]).items()
    # The second run is not the beginning of the call.
    assert {name for name, _ in changed} == {"sequence_start"}, changed


def run_bent(program, standin, bent, *more):
    twilio = Twilio(standin, bent)
    port = free_port()
    is_delivery = bent is None or twilio.is_delivery
    arguments = ["--callback", CALLBACK, "--json", "--other-leg", OTHER_LEG,
                 "--edge-endpoint", f"http://localhost:{twilio.server_port}"]
    if is_delivery:
        arguments += ["--listen", str(port), "--grace", "100", "--wait", "1" if bent == "each_subscription" else "20"]
    if bent in (None, "too_many_requests"):
        arguments.append("--provoke-429")
    check = Check(program, f"http://127.0.0.1:{twilio.server_port}", standin.account, standin.token, *arguments, *more,
                  TWILIO_API_KEY=KEY, TWILIO_API_SECRET=KEY_SECRET)
    if is_delivery:
        check.wait_for("send two different messages")
        for number in 0, 1:
            twilio.client_sends(port, number)
    report = check.end(full_sids="--full-sids" in more)
    twilio.shutdown()
    assert not twilio.subscriptions, twilio.subscriptions
    found = verdicts(report)
    assert list(found) == list(BENT), found
    asked = {name: verdict for name, verdict in found.items() if verdict != "not asked"}
    expected = {name: "differs" if name == bent else "agrees" for name in asked}
    assert asked == expected and (bent or len(asked) == len(BENT)) and (bent is None or bent in asked), \
        f"bent: {bent}; wrong: {asked.items() - expected.items()}; {report}"
    return report


def with_bent_answers(standin, program):
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(run_bent, program, standin, bent) for bent in (None, *BENT)]
        wrong = [str(run.exception()) for run in runs if run.exception()]
    assert not wrong, "\n".join(wrong)
    assert re.search(r"ZY[0-9a-f]{32}", run_bent(program, standin, "key_deleted", "--full-sids"))


def with_trouble(standin, program):
    def run(on_request, status, *more):
        twilio = Twilio(standin, on_request=on_request)
        check = Check(program, f"http://127.0.0.1:{twilio.server_port}", standin.account, standin.token, "--callback",
                      CALLBACK, *more)
        check_of.append(check)
        report = check.end(status)
        assert not twilio.subscriptions, twilio.subscriptions
        return verdicts(report), report, check.said

    check_of = []

    # Responses that are lost: the request is repeated with the same key. If all are lost, the report says so.
    def lose(request):
        if request.mark == "http_callback":
            twilio_of_lost.append(request)
        return request.mark == "http_callback" and request.number < 2
    twilio_of_lost = []
    found, report, _ = run(lose, 0)
    assert found["http_callback"] == "agrees" and len(twilio_of_lost) == 3, report
    assert len({request.form["IdempotencyKey"] for request in twilio_of_lost}) == 1
    found, report, said = run(lambda request: request.mark == "http_callback", 1)
    assert found["http_callback"] == "could not be told" and found["underscore_callback"] == "agrees", report
    assert "at most 1 whose SID is not known" in report and "left over" in said, (report, said)

    # A signal in the middle of the check.
    for number in signal.SIGINT, signal.SIGTERM:
        def interrupt(request):
            if request.mark == "key_other_callback" and request.number == 0:
                while not check_of:
                    time.sleep(0.01)
                check_of[-1].running.send_signal(number)
        check_of.clear()

        def run_interrupted():
            twilio = Twilio(standin, on_request=interrupt)
            check_of.append(Check(program, f"http://127.0.0.1:{twilio.server_port}", standin.account, standin.token,
                                  "--callback", CALLBACK))
            report = check_of[-1].end(1)
            assert not twilio.subscriptions, twilio.subscriptions
            return verdicts(report), report
        found, report = run_interrupted()
        assert found["key_subscription"] == "agrees" and found["unknown_call"] == "not asked", report
        assert "not asked: interrupted" in report and "left over: none" in report, report

    # A call that is not in progress: nothing else is asked. The report goes to a file, and the user must consent.
    with tempfile.NamedTemporaryFile() as file:
        check = Check(program, standin.url, standin.account, standin.token, "--callback", CALLBACK, "--report", file.name,
                      call="CA" + "9" * 32, consent="y\n")
        report = check.end(1) + file.read().decode()
    assert verdicts(report)["created"] == "differs" and "no subscription could be created" in check.said, report
    assert report.startswith("# sidecall live check\n") and "Continue? [y/N]" in check.said, check.said
    # A port that is in use: nothing is sent.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        check = Check(program, "http://127.0.0.1:1", standin.account, standin.token, "--callback", CALLBACK, "--listen",
                      port)
        assert set(verdicts(check.end(1)).values()) == {"not asked"} and "cannot listen on" in check.said, check.said
    # A wrong token.
    found = verdicts(Check(program, standin.url, standin.account, TOKEN, "--callback", CALLBACK).end(1))
    assert found["created"] == "could not be told" and found["deleted"] == "not asked", found


def with_wrong_input(program):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
    twilio = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    good = ["--call", CALL, "--callback", CALLBACK, "--endpoint", "http://127.0.0.1:1"]
    for environment, arguments, text in [
            ({}, good, "TWILIO_ACCOUNT_SID"),
            (twilio, good[2:], "--call is required"),
            (twilio, good[:2], "--callback is required"),
            (twilio, ["--call", "CA1", *good[2:]], "CallSid: shorter"),
            (twilio, [*good, "--listen", "65536"], "--listen"),
            (twilio, ["--call", CALL, "--callback", "https://live:check@e.com"], "without user name"),
            (twilio, [*good, "--report", "/nowhere/report.md"], "cannot write /nowhere/report.md"),
            (twilio, [*good, "--ended-call", "CA1"], "CallSid: shorter"),
            (twilio | {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": KEY_SECRET}, good, "shorter than 34"),
            (twilio, good, "nothing was sent: answer y, or pass --yes")]:
        done = subprocess.run([program, *arguments], env=clean | environment, capture_output=True, text=True,
                              timeout=20, stdin=subprocess.DEVNULL)
        last = done.stderr.splitlines()[-1]
        assert done.returncode == 2 and text in last and not done.stdout, (arguments, done)
        assert TOKEN not in done.stderr and "live:check" not in done.stderr, done.stderr
    for more in [], ["--json"]:
        done = subprocess.run([program, "--dry-run", *more], env=clean, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 and all(name in done.stdout for name in BENT) and not done.stderr, done


# Prism checks each request against the OpenAPI document and responds with the document's example, always the same one.
PRISM = {
    "differs": ["sid_case", "created_uri", "key_other_callback", "key_other_content", "space_as_plus",
                "space_as_plus_in_message", "undocumented_methods", "underscore_callback", "unknown_call",
                "unknown_call_message", "too_long_message", "not_json", "deleted_twice", "created_headers"],
    "not asked": ["finished_call", "finished_call_message", "other_leg", "edge", "too_many_requests",
                  *list(BENT)[list(BENT).index("each_subscription"):]],
}


def with_prism(url, program):
    check = Check(program, url, ACCOUNT, TOKEN, "--callback", CALLBACK, "--json", TWILIO_API_KEY=KEY,
                  TWILIO_API_SECRET=KEY_SECRET)
    report = check.end()
    failed = 0
    found = verdicts(report)
    for name, verdict in found.items():
        expected = next((kind for kind, names in PRISM.items() if name in names), "agrees")
        if verdict != expected:
            failed += 1
            print(f"FAILED: {name}: {verdict}, expected {expected}: "
                  + next(line for line in report.splitlines() if f'"id":"{name}"' in line))
    print(f"{len(found) - failed} passed, {failed} failed")
    sys.exit(failed != 0)


def main():
    if sys.argv[1] == "--prism":
        with_prism(*sys.argv[2:])
    server, program = sys.argv[1:3]
    with_standin(server, program, sys.argv[3:] == ["--update"])
    standin = Standin(server)
    standin.finished_call()
    with_bent_answers(standin, program)
    with_trouble(standin, program)
    assert standin.command("subscriptions") == 0
    with_wrong_input(program)


usage.check_arguments(__doc__, 2)
main()
