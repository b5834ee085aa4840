"""Helpers for tests that run a program of examples/ as a user would. The environment has an account and its token, and
no other variable that begins with TWILIO_."""
import os
import subprocess

ACCOUNT, TOKEN, CALL = "AC" + "1" * 32, "a-token-nobody-may-see", "CA" + "2" * 32


class Example:
    """A running program that ends by itself."""

    def __init__(self, program, *arguments, account=ACCOUNT, token=TOKEN, **more):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
        environment |= {"TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": token, **more}
        self.token = token
        self.running = subprocess.Popen([program, *arguments], env=environment, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def expect(self, status, text):
        """Waits for the program to end. It must exit with this status and print one line that contains this text: on
        standard output if the status is 0, otherwise on standard error. It must not print the token."""
        output, errors = self.running.communicate(timeout=30)
        printed = output if status == 0 else errors
        assert self.running.returncode == status and text in printed and printed.count("\n") == 1, \
            f"expected status {status} and one line with {text!r}; got status {self.running.returncode}, " \
            f"output {output!r} and errors {errors!r}"
        assert not any(secret in output + errors for secret in (self.token, "Basic ")), \
            "the program prints the credential"


class Standin:
    """A running tests/tools/standin_server.cpp. It responds to its first requests with these bodies."""

    def __init__(self, server, *bodies):
        self.running = subprocess.Popen([server, *bodies], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url, self.account, self.token = self.running.stdout.readline().split()

    def ledger(self):
        """Stops the server and returns its log: a line for each request."""
        return self.running.communicate(timeout=30)[0]
