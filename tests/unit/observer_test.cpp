#include <sidecall/observer.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/testing.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace observer_test {

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

/// An operation whose request breaks a rule.
struct invalid : unnamed {
    static constexpr std::string_view product = "api";
    static constexpr std::string_view operation_name = "invalid";

    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things/").segment("..", "Sid");
    }
};

/// An operation that returns a view into the response.
struct read_body : unnamed {
    using resource = std::string_view;

    static result<std::string_view> parse(sidecall::http_response_view const& response) { return response.body; }
};

/// A clock that stands still, a sleep and a timer that do not wait.
struct fake_machine {
    sidecall::milliseconds uptime() const { return {}; }
    sidecall::milliseconds unix_time() const { return {}; }
    std::uint64_t random() const { return 0; }
    void operator()(sidecall::milliseconds) const {}
    void operator()(sidecall::milliseconds, auto next) const { next(); }
};

struct throwing_journal {
    journal inner{};

    void operator()(auto const& report)
    {
        inner(report);
        throw std::runtime_error("the disk is full");
    }
};

/// Takes the remaining time.
struct timed_transport {
    std::vector<std::int64_t>* left;

    result<http_response> operator()(authorized_request const&, sidecall::milliseconds time_left)
    {
        left->push_back(time_left.count);
        return http_response{.status = 200};
    }
    result<http_response> operator()(authorized_request const& request)
    {
        return (*this)(request, sidecall::milliseconds(-1));
    }
    template <class Handler>
    void operator()(authorized_request request, Handler handler, sidecall::milliseconds time_left)
    {
        handler((*this)(request, time_left));
    }
    template <class Handler>
    void operator()(authorized_request request, Handler handler)
    {
        handler((*this)(request));
    }
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
    auto const complete = [&](authorized_request request, auto handler) { handler(answer(request)); };
    observed_transport transport(answer, observer);
    observed_transport async(complete, observer);
    int handled = 0;
    auto const handler = [&](result<void> const& outcome) { handled += outcome.has_value(); };
    fake_machine clock;
    CHECK(sidecall::send(unnamed(), who(), transport));
    CHECK(send_with_retry(unnamed(), who(), transport, at_once, clock));
    sidecall::send(unnamed(), who(), async, handler);
    send_with_retry(unnamed(), who(), async, at_once, clock, handler);
    CHECK(handled == 2);
    REQUIRE(seen.lines.size() == 4);
    for (auto const& line : seen.lines) CHECK(line.starts_with(" voice GET success 200 - [] "));
}

TEST_CASE("exceptions of an observer are dropped at the end of a send, too")
{
    slow_twilio twilio;
    throwing_journal seen;
    auto clock = twilio.twilio.machine();
    observed_transport transport(twilio, seen, clock);
    CHECK(sidecall::send(subscription(), who(), transport));
    int handled = 0;
    sidecall::send(subscription(), who(), transport, [&](auto const& outcome) { handled += outcome.has_value(); });
    CHECK(handled == 1);
    CHECK(seen.inner.lines.size() == 4);
}

TEST_CASE("an observer sees one attempt and the end of a send without retries")
{
    slow_twilio twilio;
    journal seen;
    auto clock = twilio.twilio.machine();
    observed_transport transport(twilio, seen, clock);
    std::vector<std::string> const failed = {
        "create_user_defined_message_subscription api POST api_error 429 20429 [RQ1] 7 ms #1 after 0, next -",
        "end: create_user_defined_message_subscription api POST api_error 429 20429 [RQ1] 7 ms in 1"};
    SUBCASE("blocking")
    {
        twilio.twilio.next(fake_outcome::error(429));
        CHECK(!sidecall::send(subscription(), who(), transport));
        CHECK(seen.text() == joined(failed));
        char bytes[1000];
        seen.lines.clear();
        CHECK(sidecall::send(subscription(), who(), transport, sidecall::endpoint::twilio(),
                             sidecall::storage(bytes, sizeof bytes)));
        CHECK(seen.lines.size() == 2);
    }
    SUBCASE("with a handler, which comes after the reports")
    {
        twilio.twilio.next(fake_outcome::error(429));
        sidecall::send(subscription(), who(), transport, [&](auto const& outcome) {
            CHECK(!outcome);
            CHECK(seen.text() == joined(failed));
        });
        CHECK(seen.lines.size() == 2);
    }
}

TEST_CASE("an invalid request is reported as an end without an attempt")
{
    journal seen;
    slow_twilio twilio;
    auto clock = twilio.twilio.machine();
    observed_transport transport(twilio, seen, clock);
    invalid const operation;
    auto const handler = [](auto const& outcome) { CHECK(!outcome); };
    SUBCASE("send")
    {
        CHECK(!sidecall::send(operation, who(), transport));
    }
    SUBCASE("send with a handler")
    {
        sidecall::send(operation, who(), transport, handler);
    }
    SUBCASE("send_with_retry")
    {
        CHECK(!send_with_retry(operation, who(), transport, at_once, clock));
    }
    SUBCASE("send_with_retry with a handler")
    {
        send_with_retry(operation, who(), transport, at_once, clock, handler);
    }
    CHECK(seen.text() == "end: invalid api GET invalid_argument - - [] 0 ms in 0\n");
}

TEST_CASE("a sleep or a timer that stops, and the deadline, end what an observer sees")
{
    journal seen;
    slow_twilio twilio;
    twilio.twilio.next(fake_outcome::error(429, {{"Retry-After", "5"}}), 2);
    auto clock = twilio.twilio.machine();
    observed_transport transport(twilio, seen, clock);
    std::string const attempt = "create_user_defined_message_subscription api POST api_error 429 20429 [RQ1] 7 ms #1 "
                                "after 0, next 5000\n";
    std::string const end = "end: create_user_defined_message_subscription api POST api_error 429 20429 [RQ1] ";
    auto const handler = [&](auto const& outcome) {
        CHECK(!outcome);
        CHECK(seen.lines.size() == 2);
    };
    sidecall::retry_policy short_time = at_once;
    short_time.deadline = sidecall::milliseconds(5'010);
    auto const oversleep = [&](sidecall::milliseconds) { twilio.twilio.advance(std::chrono::seconds(6)); };
    auto const& twilio_endpoint = sidecall::endpoint::twilio();
    SUBCASE("a stopped sleep")
    {
        auto const sleep = [](sidecall::milliseconds) { return false; };
        CHECK(!send_with_retry(subscription(), who(), transport, at_once, sleep, twilio_endpoint, clock));
        CHECK(seen.text() == attempt + end + "7 ms in 1\n");
    }
    SUBCASE("a stopped timer")
    {
        auto const timer = [](sidecall::milliseconds, auto next) { next(false); };
        send_with_retry(subscription(), who(), transport, at_once, timer, handler, twilio_endpoint, clock);
        CHECK(seen.text() == attempt + end + "7 ms in 1\n");
    }
    SUBCASE("a sleep beyond the deadline")
    {
        CHECK(!send_with_retry(subscription(), who(), transport, short_time, oversleep, twilio_endpoint, clock));
        CHECK(seen.text() == attempt + end + "6007 ms in 1\n");
    }
    SUBCASE("a timer beyond the deadline")
    {
        auto const timer = [&](sidecall::milliseconds delay, auto next) {
            oversleep(delay);
            next();
        };
        send_with_retry(subscription(), who(), transport, short_time, timer, handler, twilio_endpoint, clock);
        CHECK(seen.text() == attempt + end + "6007 ms in 1\n");
    }
    SUBCASE("a delay that does not fit the deadline, with the reason")
    {
        short_time.deadline = sidecall::milliseconds(1'000);
        CHECK(!send_with_retry(subscription(), who(), transport, short_time, clock, twilio_endpoint, clock));
        REQUIRE(seen.lines.size() == 2);
        CHECK(seen.lines[0].ends_with("#1 after 0, next -, " +
                                      std::string(sidecall::to_string_view(sidecall::retry_stop::no_time_left))));
    }
}

TEST_CASE("a deletion whose 404 counts as success is an attempt that failed and an end that succeeded")
{
    journal seen;
    slow_twilio twilio;
    auto clock = twilio.twilio.machine();
    auto const created = sidecall::send(subscription(), who(), twilio);
    REQUIRE(created);
    twilio.count = 0;
    twilio.twilio.next(fake_outcome::lose_answer());
    observed_transport transport(twilio, seen, clock);
    sidecall::delete_user_defined_message_subscription const deletion{account, call, created->sid};
    CHECK(send_with_retry(deletion, who(), transport, at_once, clock, sidecall::endpoint::twilio(), clock));
    REQUIRE(seen.lines.size() == 3);
    CHECK(seen.lines[0] == "delete_user_defined_message_subscription api DELETE answer_lost - - [] 7 ms #1 after 0, "
                           "next 0");
    CHECK(seen.lines[1].starts_with("delete_user_defined_message_subscription api DELETE api_error 404 20404 ["));
    CHECK(seen.lines[1].ends_with("7 ms #2 after 0, next -"));
    CHECK(seen.lines[2].starts_with("end: delete_user_defined_message_subscription api DELETE success 404 - ["));
    CHECK(seen.lines[2].ends_with("in 2, may have taken effect"));
}

TEST_CASE("a handler that is dropped is not reported, and leaks nothing")
{
    journal seen;
    auto const drop = [](authorized_request, auto handler) {
        [[maybe_unused]] auto const dropped = std::move(handler);
    };
    observed_transport transport(drop, seen);
    auto const handler = [](auto const&) { FAIL("called"); };
    fake_machine clock;
    sidecall::send(unnamed(), who(), transport, handler);
    send_with_retry(unnamed(), who(), transport, at_once, clock, handler);
    CHECK(seen.lines.empty());
}

TEST_CASE("a call of the transport without an operation is an attempt with the number 0")
{
    journal seen;
    slow_twilio twilio;
    auto clock = twilio.twilio.machine();
    twilio.twilio.next(fake_outcome::error(503));
    twilio.twilio.next(fake_outcome::lose_answer());
    observed_transport transport(twilio, seen, clock);
    auto const request = sidecall::authorize(subscription(), who());
    REQUIRE(request);
    auto const answer = transport(*request);
    REQUIRE(answer);
    CHECK(answer->status == 503);
    transport(request->clone(), [](result<http_response> const& lost) { CHECK(!lost); });
    auto const wrapper = [&](authorized_request const& one) { return transport(one); };
    CHECK(sidecall::send(subscription(), who(), wrapper));
    CHECK(seen.text() == "  POST success 503 - [RQ1] 7 ms #0 after 0, next -\n"
                         "  POST answer_lost - - [] 7 ms #0 after 0, next -\n"
                         "  POST success 201 - [RQ00000000000000000000000000000003] 7 ms #0 after 0, next -\n");
    check_secrets(seen);
}

TEST_CASE("an observed transport passes the remaining time on, and takes it only if the wrapped one does")
{
    using sidecall::milliseconds;
    std::vector<std::int64_t> left;
    timed_transport timed{&left};
    journal seen;
    observed_transport transport(timed, seen);
    static_assert(std::invocable<decltype(transport)&, authorized_request const&, milliseconds>);
    observed_transport untimed([](authorized_request const&) -> result<http_response> { return http_response{}; },
                               seen);
    static_assert(sidecall::transport<decltype(untimed)> && !sidecall::async_transport<decltype(untimed)>);
    static_assert(!std::invocable<decltype(untimed)&, authorized_request const&, milliseconds>);
    fake_machine clock;
    sidecall::retry_policy policy = at_once;
    policy.deadline = milliseconds(1'234);
    auto const& twilio = sidecall::endpoint::twilio();
    CHECK(send_with_retry(unnamed(), who(), transport, policy, clock, twilio, clock));
    send_with_retry(unnamed(), who(), transport, policy, clock, [](auto const&) {}, twilio, clock);
    auto const request = sidecall::authorize(unnamed(), who());
    CHECK(transport(*request, milliseconds(5)));
    transport(request->clone(), [](auto const&) {}, milliseconds(6));
    CHECK(left == std::vector<std::int64_t>{1'234, 1'234, 5, 6});
    CHECK(seen.lines.size() == 6);
}

TEST_CASE("an observed transport may return a view of the response")
{
    journal seen;
    auto const view = [](authorized_request const&) -> result<sidecall::http_response_view> {
        static constexpr sidecall::header fields[] = {{"Twilio-Request-Id", "RQ_1-a"}};
        return sidecall::http_response_view{.status = 200, .headers = fields, .body = "text"};
    };
    auto const async = [&](authorized_request request, auto handler) { handler(view(request)); };
    observed_transport transport(view, seen);
    observed_transport completing(async, seen);
    fake_machine clock;
    auto const body = sidecall::send(read_body(), who(), transport);
    REQUIRE(body);
    CHECK(*body == "text");
    CHECK(send_with_retry(read_body(), who(), transport, at_once, clock) == "text");
    sidecall::send(read_body(), who(), completing, [](auto const& read) { CHECK(read == "text"); });
    send_with_retry(read_body(), who(), completing, at_once, clock, [](auto const& read) { CHECK(read == "text"); });
    auto const request = sidecall::authorize(read_body(), who());
    REQUIRE(request);
    CHECK(transport(*request));
    REQUIRE(seen.lines.size() == 9);
    for (auto const& line : seen.lines) CHECK(line.find("success 200 - [RQ_1-a]") != std::string::npos);
}

} // namespace observer_test
