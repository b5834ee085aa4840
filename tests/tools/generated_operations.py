#!/usr/bin/env python3
"""Tests operation_from_openapi.py without a server.

    generated_operations.py COMPILER [ARGUMENT...]

Generates all operations of the documents in tests/contract. The headers must compile, together and some alone, without
warnings, and have the project's format if clang-format-19 is installed. A program that is made of them checks what a
response with unexpected members becomes. Wrong arguments must be explained. The last line is 'N passed, N failed'."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import usage
from operation_from_openapi import Document, header_of

TESTS = Path(__file__).resolve().parent.parent
GENERATOR = TESTS / "tools" / "operation_from_openapi.py"
DOCUMENTS = [TESTS / "contract" / "operations.json", TESTS / "contract" / "odd_operations.json"]
ALONE = ["CreateCall", "ListCall", "DeleteCall", "FetchPhoneNumber", "odd_names"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]

PROGRAM = r"""
#include <cstdio>

#define CHECK(condition) if (!(condition)) return std::puts("FAILED: " #condition), 1

int main()
{
    using sidecall::http_method;
    auto const account = sidecall::account_sid::parse("AC00000000000000000000000000000001").value();
    auto const request = [](auto const& operation) { return sidecall::make_request(operation).value(); };
    auto const url = [&](auto const& operation) {
        auto const made = request(operation);
        return std::string(made.url());
    };

    // A member of another type is empty, and the others are kept.
    sidecall::http_response response;
    response.status = 200;
    response.body = R"({"sid":"CA00000000000000000000000000000002","price":-1,"status":"a\u0062","to":null,"uri":{},
        "account_sid":"CA00000000000000000000000000000002","subresource_uris":"a\"b","duration":[],
        "from":"+1","from":2})";
    auto const call = twilio::fetch_call::parse(response);
    CHECK(call && call->sid && call->sid->view() == "CA00000000000000000000000000000002");
    CHECK(call->status == "ab" && call->subresource_uris == R"("a\"b")");
    CHECK(!call->price && !call->to && !call->uri && !call->account_sid && !call->duration && !call->from);

    // An item of a list with another type is empty, too, and so is a list that is not an array.
    response.body = R"({"calls":[{"sid":1,"status":"busy"},null,{}],"page":"0","end":2,"next_page_uri":"/x"})";
    auto calls = twilio::list_call::parse(response);
    CHECK(calls && calls->calls.size() == 3 && calls->calls[0].status == "busy" && !calls->calls[0].sid);
    CHECK(!calls->page && calls->end == 2 && calls->next_page_uri == "/x");
    response.body = R"({"calls":{}})";
    calls = twilio::list_call::parse(response);
    CHECK(calls && calls->calls.empty());

    // A body that is not an object is a failure, and so is another status.
    response.body = "[]";
    CHECK(twilio::fetch_call::parse(response).error().code() == sidecall::errc::malformed_response);
    response.status = 404;
    CHECK(twilio::fetch_call::parse(response).error().http_status() == 404);
    response.status = 204;
    CHECK(twilio::delete_call::parse(response));
    response.body.clear();
    CHECK(odd::delete_::parse(response));

    // An optional parameter that is not set is not sent. One that is set is sent unchanged.
    twilio::list_call list{.account_sid = account};
    CHECK(url(list) == "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json");
    list.to = "";
    list.status = twilio::list_call::status_value::in_progress;
    list.start_time_before = "2026-11-30";
    CHECK(url(list).substr(88) == "?To=&Status=in-progress&StartTime%3C=2026-11-30");
    twilio::create_stream stream{account, sidecall::call_sid::parse("CA00000000000000000000000000000002").value(), "u"};
    stream.parameters = {{"a", "1"}, {"b", ""}};
    auto const streaming = request(stream);
    CHECK(streaming.body() ==
          "Url=u&Parameter1.Name=a&Parameter1.Value=1&Parameter2.Name=b&Parameter2.Value=");
    twilio::fetch_schema_version const version{.id = "..", .schema_version = 1};
    CHECK(sidecall::make_request(version).error().field() == "Id");

    // A product has its own host, and a key makes a request that can be repeated.
    CHECK(url(twilio::create_byoc_trunk{}) == "https://voice.twilio.com/v1/ByocTrunks");
    CHECK(url(odd::delete_{}) == "https://odd-names.twilio.com/base/delete");
    twilio::create_user_defined_message message{account, *call->sid, "{}"};
    CHECK(!message.is_idempotent());
    message.idempotency_key = sidecall::idempotency_key::parse("k").value();
    CHECK(message.is_idempotent());
}
"""

COMMANDS = [  # arguments, exit status, text that the output must contain
    (["--help"], 0, "operation_from_openapi.py DOCUMENT OPERATION_ID"),
    (["--list", "operations.json"], 0, "\nFetchCall\n"),
    (["operations.json", "DeleteCall", "--namespace", "a::b"], 0, "} // namespace a::b\n"),
    (["operations.json", "FetchCal"], 2, "has no operation 'FetchCal'; similar: FetchCall"),
    (["operations.json", "fetchcall"], 2, "similar: FetchCall"),
    (["operations.json", "zzz"], 2, "--list prints all operations"),
    (["operations.json"], 2, "give the id of an operation, or --list"),
    ([], 2, "document"),
    (["no.json", "X"], 2, "cannot read 'no.json'"),
    (["operations.py", "X"], 2, "'operations.py' is not JSON"),
    (["package.json", "X"], 2, "'package.json' is not an OpenAPI 3 document"),
    (["operations.json", "FetchCall", "--namespace", "a b"], 2, "'a b' is not the name of a namespace"),
    (["operations.json", "FetchCall", "--namespace", "class"], 2, "'class' is not the name of a namespace"),
]


class Results:
    passed = failed = 0

    def check(self, description, problem):
        if problem:
            self.failed += 1
            print(f"FAILED: {description}: {problem}")
        else:
            self.passed += 1


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def main():
    compiler = sys.argv[1:] + WARNINGS
    results = Results()
    for arguments, status, expected in COMMANDS:
        outcome = run([sys.executable, GENERATOR, *arguments], cwd=TESTS / "contract")
        wrong = outcome.returncode != status or expected not in outcome.stdout or "Traceback" in outcome.stdout
        results.check(" ".join(arguments), wrong and f"status {outcome.returncode}, {outcome.stdout[:500]}")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines, headers = [], []
        for path in DOCUMENTS:
            document = Document(path)
            namespace = "odd" if path.name.startswith("odd") else "twilio"
            for operation_id in document.found:
                operation = document.operation(operation_id)
                header = f"{namespace}_{operation.name}.hpp"
                (folder / header).write_text(header_of(document, operation, namespace), encoding="utf-8")
                lines.append(f'#include "{header}"\nstatic_assert(sidecall::operation<{namespace}::{operation.name}>);')
                headers.append(header)
                if operation_id in ALONE:
                    source = folder / "alone.cpp"
                    source.write_text(f'#include "{header}"\n', encoding="utf-8")
                    outcome = run([*compiler, "-fsyntax-only", source])
                    results.check(f"{header} alone", outcome.returncode != 0 and outcome.stdout[:3000])
        (folder / "program.cpp").write_text("\n".join(lines) + PROGRAM, encoding="utf-8")
        outcome = run([*compiler, folder / "program.cpp", "-o", folder / "program"])
        if outcome.returncode == 0:
            outcome = run([folder / "program"])
        results.check(f"a program of {len(headers)} headers", outcome.returncode != 0 and outcome.stdout[:3000])

        if shutil.which("clang-format-19"):
            shutil.copy(TESTS.parent / ".clang-format", folder)
            outcome = run(["clang-format-19", "--dry-run", "--Werror", *headers], cwd=folder)
            results.check("the format", outcome.returncode != 0 and outcome.stdout[:2000])

    print(f"{results.passed} passed, {results.failed} failed")
    sys.exit(results.failed != 0)


usage.check_arguments(__doc__, 1)
main()
