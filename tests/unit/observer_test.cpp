#include <sidecall/observer.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/testing.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace {

using namespace sidecall::literals;
using sidecall::attempt_report;
using sidecall::authorized_request;
using sidecall::errc;
using sidecall::fake_outcome;
using sidecall::http_response;
using sidecall::observed_transport;
using sidecall::result;
using sidecall::send_report;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr std::string_view token = "the token that must not be seen";

std::string number(auto const& optional)
{
    return optional ? std::to_string(static_cast<long>(*optional)) : "-";
}

/// Writes each report as a line.
struct journal {
    std::vector<std::string> lines{};

    void operator()(attempt_report const& one)
    {
        lines.push_back(common(one) + " #" + std::to_string(one.number) + " after " +
                        std::to_string(one.delay_before.count) + ", next " +
                        (one.delay_after ? std::to_string(one.delay_after->count) : "-") +
                        (one.stop ? ", " + std::string(to_string_view(*one.stop)) : ""));
    }
    void operator()(send_report const& one)
    {
        lines.push_back("end: " + common(one) + " in " + std::to_string(one.attempts) +
                        (one.may_have_taken_effect ? ", may have taken effect" : ""));
    }

    static std::string common(sidecall::observed_outcome const& one)
    {
        return std::string(one.operation) + ' ' + std::string(one.product) + ' ' +
               std::string(to_string_view(one.method)) + ' ' + std::string(one.outcome()) + ' ' +
               number(one.http_status) + ' ' + number(one.twilio_code) + " [" + std::string(one.request_id) + "] " +
               std::to_string(one.duration.count) + " ms";
    }
    std::string text() const
    {
        std::string all;
        for (auto const& line : lines) all += line + '\n';
        return all;
    }
};

/// A fake Twilio whose every answer takes 7 ms and has a request id.
struct slow_twilio {
    sidecall::fake_twilio twilio{account, sidecall::secret(token)};

    slow_twilio() { twilio.start_call(call); }

    result<http_response> operator()(authorized_request const& request) { return answer(twilio(request)); }
    template <class Handler>
    void operator()(authorized_request request, Handler handler)
    {
        handler(answer(twilio(request)));
    }
    result<http_response> answer(result<http_response> response)
    {
        twilio.advance(std::chrono::milliseconds(7));
        if (response && !response->headers.find("Twilio-Request-Id")) // a success already has one
            response->headers.add("Twilio-Request-Id", "RQ" + std::to_string(++count));
        return response;
    }
    int count = 0;
};

sidecall::credentials who()
{
    return sidecall::credentials::auth_token(account, sidecall::secret(token));
}

sidecall::create_user_defined_message_subscription subscription()
{
    return {.account_sid = account,
            .call_sid = call,
            .callback = "https://user:password@example.com/udm"_callback_url,
            .idempotency_key = *sidecall::idempotency_key::parse("key-of-the-caller")};
}

/// Without base delay, so that only a Retry-After waits.
constexpr sidecall::retry_policy at_once{.base_delay = sidecall::milliseconds(0)};

/// An operation without a name.
struct unnamed {
    using resource = void;
    static constexpr auto request_method = sidecall::http_method::get;
    static constexpr std::string_view product = "voice";

    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
    }
    static result<void> parse(sidecall::http_response_view const&) { return {}; }
};

void script(sidecall::fake_twilio& twilio)
{
    twilio.next(fake_outcome::error(429, {{"Retry-After", "5"}}));
    twilio.next(fake_outcome::error(503));
    twilio.next(fake_outcome::lose_answer());
}

std::vector<std::string> const retried = {
    "create_user_defined_message_subscription api POST api_error 429 20429 [RQ1] 7 ms #1 after 0, next 5000",
    "create_user_defined_message_subscription api POST api_error 503 20503 [RQ2] 7 ms #2 after 5000, next 0",
    "create_user_defined_message_subscription api POST answer_lost - - [] 7 ms #3 after 0, next 0",
    "create_user_defined_message_subscription api POST success 201 - [RQ00000000000000000000000000000004] 7 ms #4 "
    "after 0, next -",
    "end: create_user_defined_message_subscription api POST success 201 - [RQ00000000000000000000000000000004] 5028 ms "
    "in 4, may have taken effect"};

std::string joined(std::vector<std::string> const& lines)
{
    return journal{lines}.text();
}

void check_secrets(journal const& seen)
{
    for (std::string_view const secret : {token, std::string_view("password"), std::string_view("key-of-the-caller"),
                                          std::string_view("example.com"), std::string_view("Basic")})
        CHECK(seen.text().find(secret) == std::string::npos);
}

} // namespace

TEST_CASE("an observer sees each attempt of a blocking send, and its end")
{
    slow_twilio twilio;
    script(twilio.twilio);
    journal seen;
    auto clock = twilio.twilio.machine();
    observed_transport transport(twilio, seen, clock);
    CHECK(send_with_retry(subscription(), who(), transport, at_once, clock, sidecall::endpoint::twilio(), clock));
    CHECK(seen.text() == joined(retried));
    check_secrets(seen);
}

TEST_CASE("an observer sees each attempt of an asynchronous send, and its end before the handler is called")
{
    slow_twilio twilio;
    script(twilio.twilio);
    journal seen;
    auto clock = twilio.twilio.machine();
    observed_transport transport(twilio, seen, clock);
    std::size_t lines_before_handler = 0;
    send_with_retry(
        subscription(), who(), transport, at_once, clock,
        [&](auto const& outcome) {
            CHECK(outcome);
            lines_before_handler = seen.lines.size();
        },
        sidecall::endpoint::twilio(), clock);
    CHECK(seen.text() == joined(retried));
    CHECK(lines_before_handler == retried.size());
    check_secrets(seen);
}

TEST_CASE("exceptions of an observer are dropped, and a name is not needed")
{
    journal seen;
    auto const observer = [&](attempt_report const& attempt) {
        seen(attempt);
        throw std::runtime_error("the disk is full");
    };
    auto const answer = [](authorized_request const&) -> result<http_response> {
        return http_response{.status = 200, .headers = {{"Twilio-Request-Id", "\"},{\""}}};
    };
    observed_transport transport(answer, observer);
    CHECK(sidecall::send(unnamed(), who(), transport));
    REQUIRE(seen.lines.size() == 1);
    CHECK(seen.lines[0].starts_with(" voice GET success 200 - [] "));
}
