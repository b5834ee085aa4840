#!/usr/bin/env python3
"""Tests examples/conversation as a user would run it: alone, and against a stand-in in another process whose call is
never answered.

    conversation.py STANDIN_SERVER PROGRAM

Prints nothing if everything passes. An AssertionError says what is wrong."""
import json
import os
import re
import subprocess
import sys

import usage
from run_example import Example, Standin

IN_ORDER = [
    r"POST http://127\.0\.0\.1:\d+/2010-04-01/Accounts/AC\w{32}/Calls\.json",
    r"CA\w{32} is queued",
    r"\(CA\w{32} is ringing\)",
    r"\(CA\w{32} is in-progress\)",
    r"GET \S+/Calls/CA\w{32}\.json",
    r"POST \S+/UserDefinedMessageSubscriptions\.json",
    r'CA\w{32} #0: \{"text":"Hello from the client"\}',
    r"\(#2 waits for an earlier message\)",
    r"POST \S+/UserDefinedMessages\.json",
    r'The client received \{"text":"Hello from the server"\}',
    r"DELETE \S+/UserDefinedMessageSubscriptions/ZY\w{32}\.json",
    r"POST \S+/Calls/CA\w{32}\.json",
    r"\(CA\w{32} is completed\)",
    r"\(1 missing before the next message\)",
    r'CA\w{32} #2: \{"text":"Are you there\?"\}',
    r"== Done",
]

# With --json: the first object of each event has these members, among others.
JSON = {
    "request": {"method": "POST"},
    "call_placed": {"call_status": "queued"},
    "call_status": {"call_status": "ringing"},
    "call_in_progress": {"from": "+15005550006", "to": "client:alice"},
    "message": {"sequence_number": 0, "missing": 0, "late": False},
    "waiting": {"sequence_number": 2},
    "client_received": {"content": '{"text":"Hello from the server"}'},
}


def main():
    server, program = sys.argv[1:]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
    done = subprocess.run([program, "--standin"], env=clean, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done
    at = 0
    for pattern in IN_ORDER:
        found = re.compile(pattern).search(done.stdout, at)
        assert found, f"{pattern!r} is missing, or too early, in {done.stdout}"
        at = found.end()

    done = subprocess.run([program, "--standin", "--json"], env=clean, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr.endswith("== Done\n"), done
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    for event, members in JSON.items():
        first = next(one for one in objects if one["event"] == event)
        assert members.items() <= first.items(), (event, first)
    contents = [one["content"] for one in objects if one["event"] == "message"]
    assert contents == ['{"text":"Hello from the client"}', '{"text":"Are you there?"}'], objects

    # The call is placed, but nobody answers it: the program gives up and hangs up.
    standin = Standin(server)
    example = Example(program, "--endpoint", standin.url, "--to", "client:alice", "--from", "+15005550006",
                      "--callback", "https://example.com/udm", "--port", "0", "--wait", "1",
                      account=standin.account, token=standin.token)
    example.expect(1, "timed out after 1 seconds: waited for the call to be in-progress")
    ledger = standin.ledger().splitlines()
    calls = f"/2010-04-01/Accounts/{standin.account}/Calls"
    assert len(ledger) == 2 and ledger[0] == f"POST {calls}.json 201 1", ledger
    assert re.fullmatch(rf"POST {calls}/CA\w{{32}}\.json 200 1", ledger[1]), ledger


usage.check_arguments(__doc__, 2)
main()
