"""How a test runs a program of examples/ as its user would: with an identity in the environment, and nothing else of Twilio's."""
import os
import subprocess

ACCOUNT, TOKEN, CALL = "AC" + "1" * 32, "a-token-nobody-may-see", "CA" + "2" * 32


class Example:
    """A program that was started, and is to end by itself."""

    def __init__(self, program, *arguments, account=ACCOUNT, token=TOKEN, **more):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
        environment |= {"TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": token, **more}
        self.token = token
        self.running = subprocess.Popen([program, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)

    def expect(self, status, text):
        """It ends with this status, and one line that has this text in it: of output for 0, else of complaint."""
        printed, complaint = self.running.communicate(timeout=30)
        said = printed if status == 0 else complaint
        assert self.running.returncode == status and text in said and said.count("\n") == 1, \
            f"status {self.running.returncode} for {status}, no {text!r} in {printed!r} and {complaint!r}"
        assert not any(secret in printed + complaint for secret in (self.token, "Basic ")), "the credential is printed"


class Standin:
    """tests/tools/standin_server.cpp, which answers its first requests with these bodies."""

    def __init__(self, server, *bodies):
        self.running = subprocess.Popen([server, *bodies], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url, self.account, self.token = self.running.stdout.readline().split()

    def ledger(self):
        """Ends it, and gives a line for each request."""
        return self.running.communicate(timeout=30)[0]
