#!/usr/bin/env python3
"""Tests examples/subscribe with --json: standard output has one JSON object a line, and no credential.

    subscribe_json.py PROGRAM

Prints nothing if everything passes. An AssertionError says what is wrong."""
import json
import os
import subprocess
import sys

import usage

EVENTS = ["request", "response", "subscription", "webhook", "message", "request", "response", "client_received",
          "request", "response"]


def main():
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}

    def run(*arguments):
        done = subprocess.run([sys.argv[1], "--json", *arguments], env=clean, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "Basic " not in done.stdout + done.stderr, done
        assert done.stderr.startswith("== "), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    objects = run()
    assert [one["event"] for one in objects] == EVENTS, objects
    statuses = [one["status"] for one in objects if "status" in one]
    assert statuses == [201, 204, 201, 204], statuses
    created, message = objects[2], objects[4]
    assert created["sid"].startswith("ZY") and isinstance(created["date_created"], int), created
    assert message["content"] == '{"text":"Hello from the client"}', message
    assert objects[-2]["method"] == "DELETE" and objects[-2]["url"].endswith(created["sid"] + ".json"), objects[-2]

    request, = run("--dry-run", "--callback", "https://example.com/udm")
    assert request["method"] == "POST" and request["body"].startswith("Callback=https%3A%2F%2Fexample.com"), request
    assert ["Content-Type", "application/x-www-form-urlencoded"] in request["headers"], request


usage.check_arguments(__doc__, 1)
main()
