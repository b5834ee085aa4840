#include <sidecall/sidecall.hpp>

#include <array>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace retry_test {

namespace {

using namespace sidecall::literals;
using namespace std::chrono_literals;
using sidecall::authorized_request;
using sidecall::credentials;
using sidecall::errc;
using sidecall::failure;
using sidecall::http_response;
using sidecall::may_have_taken_effect;
using sidecall::milliseconds;
using sidecall::result;
using sidecall::retry_decision;
using sidecall::retry_policy;
using sidecall::retry_stop;
using sidecall::send_with_retry;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
std::string const created = R"({"sid":"ZY00000000000000000000000000000003"})";
sidecall::delete_user_defined_message_subscription const deletion{
    account, call, "ZY00000000000000000000000000000003"_subscription_sid};

credentials some_credentials()
{
    return credentials::auth_token(account, sidecall::secret("token"));
}

sidecall::create_user_defined_message_subscription subscription(bool with_key)
{
    return {.account_sid = account,
            .call_sid = call,
            .callback = "https://example.com/udm"_callback_url,
            .idempotency_key = with_key ? std::optional(*sidecall::idempotency_key::parse("key")) : std::nullopt};
}

failure status(int number)
{
    return sidecall::failure_of({.status = number});
}
failure retry_after(int number, std::string_view when)
{
    sidecall::header const fields[] = {{"Retry-After", when}};
    return sidecall::failure_of({.status = number, .headers = fields});
}

/// How an attempt can end, and what that means, listed independently of the library.
struct outcome {
    failure reason;
    bool may_have_effect;
    bool is_retried; // when repeating the operation has no further effect
};
std::vector<outcome> outcomes()
{
    std::vector<outcome> all = {
        {failure(errc::invalid_argument), false, false},
        {failure(errc::not_connected), false, true},
        {failure(errc::tls_failure), false, true},
        {failure(errc::transport_failure), true, true},
        {failure(errc::timed_out), true, true},
        {failure(errc::answer_lost), true, true},
        {failure(errc::answer_too_large), true, false},
        {failure(errc::malformed_response).with_http_status(201), true, true},
        {failure(errc::malformed_response).with_http_status(429), true, true}, // a caller's own operation
        {failure(errc::cancelled), true, false},
    };
    for (int number : {200, 202, 204, 299}) all.push_back({status(number), true, false});
    for (int number : {300, 301, 302, 307, 399}) all.push_back({status(number), true, false});
    for (int number : {400, 401, 403, 404, 405, 408, 409, 415, 421, 422, 425, 428, 430, 499})
        all.push_back({status(number), false, false});
    for (int number : {500, 501, 502, 503, 504, 599}) all.push_back({status(number), true, true});
    all.push_back({status(429), false, true});
    // The same, with a body in Twilio's error format.
    for (auto& [reason, may_have_effect, is_retried] : std::vector<outcome>(all))
        if (auto const number = reason.http_status(); reason.code() == errc::unexpected_status && *number >= 400)
            all.push_back({sidecall::failure_of({.status = *number, .body = R"({"code":20000,"message":"m"})"}),
                           may_have_effect, is_retried});
    return all;
}

/// A machine whose time advances only when a test sets it, and whose random bits are chosen by the test.
class simulation {
public:
    struct view {
        simulation* of;
        milliseconds uptime() const { return milliseconds(of->now); }
        milliseconds unix_time() const { return milliseconds(1'000'000'000'000 + of->now); }
        std::uint64_t random() { return of->engine_(); }
    };

    view machine() { return {this}; }
    std::int64_t now = 0;

private:
    std::mt19937_64 engine_{1};
};

/// Returns these responses one after the other, and records what it was asked.
class script {
public:
    using answer = result<http_response>;

    explicit script(std::vector<answer> answers) : answers_(std::move(answers)) {}

    result<http_response> operator()(authorized_request const& request, milliseconds left = {})
    {
        wires.emplace_back(lasting(request.to_http1()).reveal());
        times_left.push_back(left.count);
        REQUIRE(wires.size() <= answers_.size());
        return answers_[wires.size() - 1];
    }

    std::vector<std::string> wires;
    std::vector<std::int64_t> times_left;

private:
    std::vector<answer> answers_;
};

http_response answer(int number, std::string body = {})
{
    return {.status = number, .body = std::move(body)};
}

} // namespace

TEST_CASE("a default policy has the documented values")
{
    constexpr sidecall::retry_policy policy;
    CHECK(policy.base_delay.count == 500);
    CHECK(policy.max_delay.count == 30'000);
    CHECK(policy.max_retry_after.count == 60'000);
    CHECK(policy.deadline.count == 300'000);
    CHECK(policy.max_attempts == 10);
}

TEST_CASE("only a success, a redirect or a server error may have taken effect")
{
    for (auto const& [status, may] :
         {std::pair(199, false), std::pair(200, true), std::pair(299, true), std::pair(300, true), std::pair(399, true),
          std::pair(400, false), std::pair(499, false), std::pair(500, true), std::pair(599, true)}) {
        sidecall::failure const reason = sidecall::failure_of({.status = status});
        CHECK(may_have_taken_effect(reason) == may);
    }
}

TEST_CASE("the outcome and the idempotency of the operation decide whether it is retried")
{
    retry_policy const policy;
    for (auto const& [reason, may_have_effect, is_retried] : outcomes()) {
        std::string const text = reason.to_string();
        CAPTURE(text);
        CHECK(may_have_taken_effect(reason) == may_have_effect);
        CHECK(!policy.decide(reason, {.is_idempotent = true}).stop == is_retried);
        auto const careful = policy.decide(reason, {.is_idempotent = false});
        CHECK(!careful.stop == (is_retried && !may_have_effect));
        if (careful.stop)
            CHECK(*careful.stop == (is_retried ? retry_stop::may_have_taken_effect : retry_stop::refused));
    }
}

TEST_CASE("a policy decides in a constant expression")
{
    constexpr retry_policy policy{.base_delay = 100ms, .deadline = 10s, .max_attempts = 3};
    static_assert(policy.decide(failure(errc::not_connected), {.attempt = 1, .random = 100}).delay ==
                  milliseconds(100));
    static_assert(policy.decide(failure(errc::not_connected), {.attempt = 1, .random = 101}).delay == milliseconds(0));
    static_assert(policy.decide(failure(errc::not_connected), {.attempt = 2, .random = 101}).delay ==
                  milliseconds(101));
    static_assert(policy.decide(failure(errc::not_connected), {.attempt = 3}).stop == retry_stop::no_attempts_left);
    static_assert(!policy.decide(failure(errc::timed_out), {}));
}

TEST_CASE("the delay is uniform between 0 and a limit that doubles up to the cap")
{
    retry_policy const policy{.base_delay = 101ms, .max_delay = 1001ms, .deadline = 24h, .max_attempts = 0};
    std::mt19937_64 engine(7);
    unsigned attempt = 0;
    for (std::int64_t const end : {101, 202, 404, 808, 1001, 1001, 1001}) {
        ++attempt;
        CAPTURE(attempt);
        std::array<int, 4> quarters{};
        std::int64_t longest = 0;
        for (int i = 0; i != 20'000; ++i) {
            sidecall::retry_facts const known{.attempt = attempt, .random = engine()};
            auto const wait = policy.decide(failure(errc::not_connected), known);
            REQUIRE(wait);
            CHECK(wait == policy.decide(failure(errc::not_connected), known));
            REQUIRE(wait.delay.count >= 0);
            REQUIRE(wait.delay.count <= end);
            longest = wait.delay.count > longest ? wait.delay.count : longest;
            ++quarters[static_cast<std::size_t>(wait.delay.count * 4 / (end + 1))];
        }
        CHECK(longest == end);
        for (int const each : quarters) CHECK(each > 4500);
        for (int const each : quarters) CHECK(each < 5500);
    }
}

TEST_CASE("failures that rarely go away are retried twice, whatever the other limits")
{
    retry_policy const policy{.max_attempts = 0};
    for (auto const& reason : {failure(errc::tls_failure), failure(errc::malformed_response).with_http_status(201)})
        for (unsigned in_a_row : {1u, 2u, 3u, 4u, 1000u}) {
            CAPTURE(in_a_row);
            auto const decision = policy.decide(reason, {.is_idempotent = true, .attempt = 1000, .in_a_row = in_a_row});
            CHECK(!decision.stop == (in_a_row < 3));
            if (decision.stop) CHECK(*decision.stop == retry_stop::refused);
        }
    CHECK(policy.decide(failure(errc::not_connected), {.attempt = 1000, .in_a_row = 1000}));

    // The same in the retry loop: two retries after the first attempt. A different failure restarts the count.
    auto const refused = failure(errc::tls_failure);
    script three({refused, refused, refused});
    CHECK_FALSE(
        send_with_retry(subscription(true), some_credentials(), three, {.base_delay = 1ms}, [](milliseconds) {}));
    CHECK(three.wires.size() == 3);
    script five({refused, refused, failure(errc::not_connected), refused, refused, refused});
    CHECK_FALSE(
        send_with_retry(subscription(true), some_credentials(), five, {.base_delay = 1ms}, [](milliseconds) {}));
    CHECK(five.wires.size() == 6);
}

TEST_CASE("failures that rarely go away are not retried by a loop that does not count failures in a row")
{
    retry_policy const policy{.max_attempts = 0};
    for (auto const& reason : {failure(errc::tls_failure), failure(errc::malformed_response).with_http_status(201)})
        for (unsigned attempt : {1u, 2u, 3u, 4u, 1000u}) {
            CAPTURE(attempt);
            CHECK(!policy.decide(reason, {.is_idempotent = true, .attempt = attempt}).stop == (attempt < 3));
        }
}

TEST_CASE("a response without a valid HTTP status may have taken effect")
{
    for (int const number : {INT_MIN, -1, 0, 99}) {
        CAPTURE(number);
        CHECK(may_have_taken_effect(status(number)));
        CHECK(retry_policy{}.decide(status(number), {.is_idempotent = true}).stop == retry_stop::refused);
    }
    CHECK(may_have_taken_effect(failure(errc::unexpected_status)));
    CHECK(!may_have_taken_effect(failure(errc::invalid_argument)));
    CHECK(!may_have_taken_effect(failure(errc::not_connected)));
}

TEST_CASE("a negative max_retry_after counts as zero, and allows a Retry-After of 0")
{
    retry_policy const policy{.max_retry_after = milliseconds(-1)};
    CHECK(policy.decide(retry_after(429, "0"), {.random = 7}) == retry_decision{.delay = milliseconds(7)});
    CHECK(policy.decide(retry_after(429, "1"), {.random = 7}).stop == retry_stop::asked_to_wait_longer);
}

TEST_CASE("without back-off and without an attempt limit, attempts are one millisecond apart")
{
    failure const reason(errc::not_connected);
    for (auto const& nothing : {milliseconds(0), milliseconds(-1), milliseconds(INT64_MIN)})
        for (std::uint64_t const random : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
            sidecall::retry_facts const known{.attempt = 3, .random = random};
            retry_policy const endless{.base_delay = nothing, .max_attempts = 0};
            CHECK(endless.decide(reason, known).delay.count == 1);
            CHECK(endless.decide(retry_after(429, "0"), known).delay.count == 1);
            CHECK(retry_policy{.max_delay = nothing, .max_attempts = 0}.decide(reason, known).delay.count == 1);
            CHECK(retry_policy{.base_delay = nothing}.decide(reason, known).delay.count == 0);
        }
}

TEST_CASE("Retry-After is a lower bound and does not replace the random delay")
{
    retry_policy const policy{.max_attempts = 0};
    for (char const* text : {"0", "Thu, 01 Jan 1970 00:00:00 GMT"}) {
        CAPTURE(text);
        auto const decision =
            policy.decide(retry_after(429, text), {.unix_time = milliseconds(1'000'000'000'000), .random = 499});
        CHECK(decision == retry_decision{.delay = milliseconds(499)});
    }
    CHECK(policy.decide(retry_after(429, "1"), {.attempt = 4, .random = 3'999}) ==
          retry_decision{.delay = milliseconds(3'999)});
    CHECK(policy.decide(retry_after(429, "5"), {.attempt = 4, .random = 3'999}) ==
          retry_decision{.delay = milliseconds(5'000)});
}

TEST_CASE("a Retry-After that does not fit into 64 bits exceeds any cap")
{
    retry_policy const policy{.max_retry_after = std::chrono::hours(24 * 365'000)};
    for (char const* text : {"9223372036854775808", "18446744073709551616", "99999999999999999999999999999999"}) {
        CAPTURE(text);
        auto const reason = retry_after(429, text);
        REQUIRE(reason.retry_after());
        CHECK(reason.retry_after()->seconds == sidecall::retry_time::too_long);
        CHECK(policy.decide(reason, {}).stop == retry_stop::asked_to_wait_longer);
    }
}

TEST_CASE("Retry-After overrides the delay, in both forms, up to the cap")
{
    retry_policy const policy{.base_delay = 10ms, .max_retry_after = 30s};
    // 2001-09-09T01:46:40Z is second 1,000,000,000.
    sidecall::retry_facts const known{.is_idempotent = true, .unix_time = milliseconds(999'999'999'250)};
    struct {
        char const* text;
        std::int64_t delay; // -1: too long
    } const rows[] = {
        {"0", 0},
        {"1", 1000},
        {"30", 30'000},
        {"31", -1},
        {"9223372036854775807", -1},
        {"Sun, 09 Sep 2001 01:46:40 GMT", 750},
        {"Sun, 09 Sep 2001 01:46:39 GMT", 0},
        {"Sunday, 09-Sep-01 01:46:41 GMT", 1750},
        {"Sun Sep  9 01:47:09 2001", 29'750},
        {"Sun, 09 Sep 2001 01:47:10 GMT", -1},
        {"Fri, 31 Dec 9999 23:59:59 GMT", -1},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    };
    for (auto const& row : rows)
        for (int number : {429, 503}) {
            CAPTURE(row.text);
            auto const reason = retry_after(number, row.text);
            REQUIRE(reason.retry_after());
            auto const decision = policy.decide(reason, known);
            if (row.delay < 0)
                CHECK(decision.stop == retry_stop::asked_to_wait_longer);
            else
                CHECK(decision == retry_decision{.delay = milliseconds(row.delay)});
        }
    // In the past, which only a failure made by the caller can say.
    auto const past = failure(errc::unexpected_status).with_http_status(429).with_retry_after({.seconds = -5});
    CHECK(policy.decide(past, known) == retry_decision{});
    CHECK(policy.decide(past, known) != retry_decision{.delay = milliseconds(1)});
    CHECK(policy.decide(past, known) != retry_decision{.stop = retry_stop::refused});
    // A value in neither form is ignored.
    for (char const* text : {"soon", "-1", "1.5", "1s", ""}) {
        auto const decision = policy.decide(retry_after(429, text), {.random = 7});
        CHECK(decision == retry_decision{.delay = milliseconds(7)});
    }
    // Retry-After does not make an unsafe retry safe.
    CHECK(policy.decide(retry_after(503, "1"), {}).stop == retry_stop::may_have_taken_effect);
    CHECK(policy.decide(retry_after(404, "1"), known).stop == retry_stop::refused);
}

TEST_CASE("no attempt starts at or after the deadline, or beyond the attempt limit")
{
    failure const reason(errc::not_connected);
    retry_policy const policy{.base_delay = 100ms, .deadline = 1s, .max_attempts = 0};
    auto const decide = [&](std::int64_t elapsed, std::uint64_t random, unsigned attempt = 1) {
        return policy.decide(reason, {.attempt = attempt, .elapsed = milliseconds(elapsed), .random = random}).stop;
    };
    CHECK(decide(900, 99) == std::nullopt);
    CHECK(decide(900, 100) == retry_stop::no_time_left);
    CHECK(decide(1000, 0) == retry_stop::no_time_left);
    CHECK(decide(999, 0) == std::nullopt);
    CHECK(decide(5000, 0) == retry_stop::no_time_left);
    CHECK(decide(0, 0, 4'000'000'000) == std::nullopt);
    CHECK(policy.decide(retry_after(429, "2"), {}).stop == retry_stop::no_time_left);

    retry_policy const few{.max_attempts = 3};
    CHECK(!few.decide(reason, {.attempt = 2}).stop);
    CHECK(few.decide(reason, {.attempt = 3}).stop == retry_stop::no_attempts_left);
    CHECK(few.decide(reason, {.attempt = 4}).stop == retry_stop::no_attempts_left);
    static_assert(retry_policy{.deadline = milliseconds(INT64_MIN)}
                      .decide(failure(errc::not_connected), {.elapsed = milliseconds(INT64_MAX)})
                      .stop == retry_stop::no_time_left);
    CHECK(retry_policy{.max_attempts = 1}.decide(reason, {}).stop == retry_stop::no_attempts_left);
}

TEST_CASE("extreme numbers neither overflow nor give a negative delay")
{
    for (std::int64_t const extreme :
         {INT64_MIN, INT64_MIN + 1, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, INT64_MAX - 1, INT64_MAX})
        for (std::uint64_t const random : {std::uint64_t{0}, std::uint64_t{1} << 63, UINT64_MAX})
            for (unsigned const attempt : {0u, 1u, 64u, UINT_MAX}) {
                milliseconds const span(extreme);
                retry_policy const policy{.base_delay = span,
                                          .max_delay = span,
                                          .max_retry_after = span,
                                          .deadline = milliseconds(INT64_MAX),
                                          .max_attempts = 0};
                for (auto const& reason : {failure(errc::not_connected), retry_after(429, "9223372036854775807"),
                                           retry_after(429, "Fri, 31 Dec 9999 23:59:59 GMT")})
                    for (auto const& elapsed : {milliseconds(INT64_MIN), milliseconds(0), milliseconds(INT64_MAX)}) {
                        auto const decision = policy.decide(
                            reason, {.attempt = attempt, .elapsed = elapsed, .unix_time = span, .random = random});
                        CHECK(decision.delay.count >= 0);
                    }
            }
}

TEST_CASE("a doubling delay saturates at the largest number")
{
    retry_policy const policy{.base_delay = milliseconds(INT64_MAX / 2 + 1),
                              .max_delay = milliseconds(INT64_MAX),
                              .deadline = milliseconds(INT64_MAX),
                              .max_attempts = 0};
    auto const last = static_cast<std::uint64_t>(INT64_MAX);
    CHECK(policy.decide(failure(errc::not_connected), {.attempt = 2, .random = last - 1}).delay.count == INT64_MAX - 1);
    CHECK(policy.decide(failure(errc::not_connected), {.attempt = 2, .random = last + 1}).delay.count == 0);
}

TEST_CASE("negative durations count as zero, and delays near the limits are exact")
{
    auto const never = static_cast<std::uint64_t>(INT64_MAX);
    retry_policy const patient{.max_delay = milliseconds(INT64_MAX),
                               .max_retry_after = milliseconds(INT64_MAX),
                               .deadline = milliseconds(INT64_MAX)};
    auto const decide = [](retry_policy const& policy, sidecall::retry_facts const& known) {
        return policy.decide(failure(errc::not_connected), known);
    };
    CHECK(patient.time_left(milliseconds(-5)).count == INT64_MAX);

    retry_policy changed = patient;
    changed.max_delay = milliseconds(-1);
    CHECK(decide(changed, {.random = 1}) == retry_decision{});
    changed = patient;
    changed.base_delay = milliseconds(-1);
    CHECK(decide(changed, {.random = 1}) == retry_decision{});

    changed.base_delay = milliseconds(1);
    CHECK(decide(changed, {.attempt = 3, .random = 4}).delay.count == 4);
    changed.base_delay = milliseconds(INT64_MAX / 2);
    CHECK(decide(changed, {.attempt = 2, .random = never}) == retry_decision{});

    changed = patient;
    changed.max_retry_after = milliseconds(INT64_MAX / 1000 * 1000);
    auto const longest = retry_after(429, std::to_string(INT64_MAX / 1000));
    CHECK(changed.decide(longest, {}).delay == changed.max_retry_after);
    auto const date = retry_after(429, "Thu, 01 Jan 1970 00:00:01 GMT");
    CHECK(patient.decide(date, {.unix_time = milliseconds(1)}).delay.count == 999);

    CHECK(sidecall::retry_facts{}.attempt == 1);
    CHECK(sidecall::retry_facts{}.random == 0);
}

TEST_CASE("each reason to stop has its own name")
{
    CHECK(to_string_view(retry_stop::refused) == "refused");
    CHECK(to_string_view(retry_stop::may_have_taken_effect) == "may_have_taken_effect");
    CHECK(to_string_view(retry_stop::asked_to_wait_longer) == "asked_to_wait_longer");
    CHECK(to_string_view(retry_stop::no_attempts_left) == "no_attempts_left");
    CHECK(to_string_view(retry_stop::no_time_left) == "no_time_left");
    CHECK(to_string_view(retry_stop{}).empty());
}

TEST_CASE("an operation is sent again with the same bytes until it succeeds")
{
    script transport({failure(errc::not_connected), answer(503), answer(429), failure(errc::answer_lost),
                      answer(201, "{"), answer(201, created)});
    std::vector<std::int64_t> waits;
    auto const made = send_with_retry(subscription(true), some_credentials(), transport, {.base_delay = 10ms},
                                      [&](std::chrono::milliseconds delay) { waits.push_back(delay.count()); });
    REQUIRE(made);
    CHECK(made->sid == "ZY00000000000000000000000000000003"_subscription_sid);
    REQUIRE(transport.wires.size() == 6);
    for (auto const& wire : transport.wires) CHECK(wire == transport.wires[0]);
    CHECK(transport.wires[0].find("IdempotencyKey=key") != std::string::npos);
    CHECK(waits.size() == 5);
}

TEST_CASE("an operation without a key is never sent again once Twilio may have acted on it")
{
    std::mt19937 engine(3);
    auto const all = outcomes();
    for (int round = 0; round != 2000; ++round) {
        // Attempts end in random ways, and the last one with a 201.
        std::vector<bool> may_have_effect;
        unsigned sent = 0;
        auto const transport = [&](authorized_request const&) -> result<http_response> {
            if (++sent == 50) return answer(201, created);
            auto const& one = all[engine() % all.size()];
            may_have_effect.push_back(one.may_have_effect);
            if (one.reason.code() == errc::malformed_response) return answer(201, "[]");
            if (auto const number = one.reason.http_status()) return answer(*number);
            return one.reason;
        };
        auto const made = send_with_retry(subscription(false), some_credentials(), transport,
                                          {.base_delay = 0ms, .max_attempts = 0}, [](milliseconds) {});
        for (std::size_t i = 0; i + 1 < may_have_effect.size(); ++i) REQUIRE(!may_have_effect[i]);
        if (!made) REQUIRE(may_have_taken_effect(made.error()) == may_have_effect.back());
    }
}

TEST_CASE("a DELETE succeeds with 404 only after an attempt that may have deleted the subscription")
{
    auto const deleted = [](std::vector<script::answer> answers) {
        script transport(std::move(answers));
        return send_with_retry(deletion, some_credentials(), transport, {.base_delay = 0ms}, [](milliseconds) {});
    };
    CHECK(deleted({answer(204)}));
    CHECK(deleted({failure(errc::answer_lost), answer(404)}));
    CHECK(deleted({failure(errc::timed_out), answer(429), answer(404)}));
    CHECK(deleted({answer(503), answer(404)}));
    CHECK(deleted({answer(404)}).error().http_status() == 404);
    CHECK(deleted({answer(429), answer(404)}).error().http_status() == 404);
    CHECK(deleted({failure(errc::not_connected), answer(404)}).error().http_status() == 404);
    CHECK(deleted({answer(503), answer(401)}).error().http_status() == 503); // the subscription may be deleted

    script transport({failure(errc::answer_lost), answer(404)});
    CHECK(send_with_retry(subscription(true), some_credentials(), transport, {.base_delay = 0ms}, [](milliseconds) {})
              .error()
              .code() == errc::answer_lost);
}

TEST_CASE("a failure says that nothing took effect only if no attempt may have")
{
    auto const fails = [](std::vector<script::answer> answers) {
        auto const size = static_cast<unsigned>(answers.size());
        script transport(std::move(answers));
        auto const made = send_with_retry(subscription(true), some_credentials(), transport,
                                          {.base_delay = 0ms, .max_attempts = size}, [](milliseconds) {});
        CHECK(transport.wires.size() == size);
        return made.error().code();
    };
    CHECK(fails({failure(errc::timed_out), failure(errc::not_connected)}) == errc::timed_out);
    CHECK(fails({failure(errc::timed_out), failure(errc::answer_lost), answer(429)}) == errc::answer_lost);
    CHECK(fails({failure(errc::timed_out), failure(errc::not_connected), failure(errc::answer_lost)}) ==
          errc::answer_lost);
    CHECK(fails({failure(errc::not_connected), answer(429)}) == errc::unexpected_status);
    CHECK(fails({answer(429), failure(errc::not_connected)}) == errc::not_connected);
    CHECK(fails({answer(429), failure(errc::timed_out)}) == errc::timed_out);
}

TEST_CASE("without any response it stops by the deadline, and passes the remaining time to each attempt")
{
    for (std::int64_t const timeout : {50, 700, 5000, 100'000}) {
        CAPTURE(timeout);
        simulation world;
        std::vector<std::int64_t> left_to_each;
        auto const silent = [&](authorized_request const&, milliseconds left = {}) -> result<http_response> {
            CHECK(left.count == 20'000 - world.now);
            left_to_each.push_back(left.count);
            world.now += left.count < timeout ? left.count : timeout;
            return failure(errc::timed_out);
        };
        auto const made = send_with_retry(
            subscription(true), some_credentials(), silent, {.deadline = 20s, .max_attempts = 0},
            [&](milliseconds delay) { world.now += delay.count; }, sidecall::endpoint::twilio(), world.machine());
        CHECK(made.error().code() == errc::timed_out);
        CHECK(world.now <= 20'000);
        CHECK(left_to_each.front() == 20'000);
        CHECK(left_to_each.back() > 0);
    }
}

TEST_CASE("no attempt follows a sleep that takes too long or returns false")
{
    simulation world;
    script transport({failure(errc::not_connected)});
    auto const late = send_with_retry(
        subscription(false), some_credentials(), transport, {.deadline = 1s}, [&](milliseconds) { world.now = 1000; },
        sidecall::endpoint::twilio(), world.machine());
    CHECK(late.error().code() == errc::not_connected);

    script another({answer(429)});
    auto const ended =
        send_with_retry(subscription(false), some_credentials(), another, {}, [](milliseconds) { return false; });
    CHECK(ended.error().http_status() == 429);
}

namespace {

template <sidecall::http_method Method>
struct own_operation {
    using resource = void;
    static constexpr sidecall::http_method request_method = Method;

    template <class Request>
    void write(Request& request) const
    {
        request.path("/own");
    }
    static result<void> parse(sidecall::http_response_view const& response)
    {
        if (response.status != 200) return failure_of(response);
        return {};
    }
};
template <sidecall::http_method Method>
struct own_operation_that_says : own_operation<Method> {
    bool is_idempotent() const { return Method == sidecall::http_method::post; }
};

} // namespace

TEST_CASE("a caller's own operation is idempotent by its method, unless it says so itself")
{
    auto const attempts_of = [](auto const& operation) {
        script transport({answer(500), answer(200)});
        static_cast<void>(
            send_with_retry(operation, some_credentials(), transport, {.base_delay = 0ms}, [](milliseconds) {}));
        return transport.wires.size();
    };
    using enum sidecall::http_method;
    CHECK(attempts_of(own_operation<get>()) == 2);
    CHECK(attempts_of(own_operation<head>()) == 2);
    CHECK(attempts_of(own_operation<put>()) == 2);
    CHECK(attempts_of(own_operation<delete_>()) == 2);
    CHECK(attempts_of(own_operation<post>()) == 1);
    CHECK(attempts_of(own_operation<patch>()) == 1);
    script transport({failure(errc::answer_lost), answer(404)});
    CHECK(!send_with_retry(own_operation<put>(), some_credentials(), transport, {.base_delay = 0ms},
                           [](milliseconds) {})); // not a DELETE
    CHECK(attempts_of(own_operation_that_says<post>()) == 2);
    CHECK(attempts_of(own_operation_that_says<get>()) == 1);
}

TEST_CASE("no failure contains the credential, the key or the callback")
{
    script transport({failure(errc::timed_out), answer(500)});
    auto const made = send_with_retry(subscription(true), some_credentials(), transport,
                                      {.base_delay = 0ms, .max_attempts = 2}, [](milliseconds) {});
    for (char const* text : {"token", "Basic", "key", "example"})
        CHECK(made.error().to_string().find(text) == std::string::npos);
}

namespace {

/// An asynchronous transport and a timer whose pending work runs in `run`, in any order.
class event_loop {
public:
    explicit event_loop(script& answers) : answers_(answers) {}

    template <class Handler>
    void operator()(authorized_request request, Handler handler, milliseconds left = {})
    {
        static_assert(!std::is_copy_constructible_v<Handler>);
        later([this, left, request = std::move(request), handler = std::move(handler)]() mutable {
            handler(answers_(request, left));
        });
    }

    template <class Job>
    void later(Job job)
    {
        auto shared = std::make_shared<Job>(std::move(job)); // since a std::function must be copyable
        jobs_.push_back([shared] { (*shared)(); });
    }

    void run()
    {
        while (!jobs_.empty()) {
            auto const job = std::move(jobs_.front());
            jobs_.pop_front();
            job();
        }
    }

private:
    script& answers_;
    std::deque<std::function<void()>> jobs_;
};
static_assert(sidecall::async_transport<event_loop>);

using subscribed = result<sidecall::user_defined_message_subscription>;

} // namespace

TEST_CASE("the callback interface makes the same requests and waits and has the same outcome as the blocking one")
{
    std::mt19937 engine(5);
    auto const all = outcomes();
    for (int round = 0; round != 1000; ++round) {
        std::vector<script::answer> answers;
        for (int i = 0; i != 12; ++i) {
            auto const& one = all[engine() % all.size()];
            if (one.reason.code() == errc::malformed_response)
                answers.emplace_back(answer(201, "[]"));
            else if (auto const number = one.reason.http_status())
                answers.emplace_back(answer(*number));
            else
                answers.emplace_back(one.reason);
        }
        answers.emplace_back(answer(201, created));
        bool const with_key = round % 2 == 0;
        retry_policy const policy{.deadline = 30s, .max_attempts = 12};

        simulation world;
        script transport(answers);
        std::vector<std::int64_t> waits;
        auto const expected = send_with_retry(
            subscription(with_key), some_credentials(), transport, policy,
            [&](milliseconds delay) {
                waits.push_back(delay.count);
                world.now += delay.count;
            },
            sidecall::endpoint::twilio(), world.machine());

        simulation same_world;
        script same_carrier(answers);
        event_loop loop(same_carrier);
        std::vector<std::int64_t> same_waits;
        int calls = 0;
        send_with_retry(
            subscription(with_key), some_credentials(), loop, policy,
            [&](std::chrono::milliseconds delay, auto next) {
                static_assert(!std::is_copy_constructible_v<decltype(next)>);
                same_waits.push_back(delay.count());
                same_world.now += delay.count();
                loop.later(std::move(next));
            },
            [&, only_moves = std::make_unique<int>()](subscribed made) {
                ++calls;
                REQUIRE(made.has_value() == expected.has_value());
                if (!made) CHECK(made.error().to_string() == expected.error().to_string());
            },
            sidecall::endpoint::twilio(), same_world.machine());
        CHECK(calls == 0);
        loop.run();
        CHECK(calls == 1);
        CHECK(same_waits == waits);
        CHECK(same_carrier.wires == transport.wires);
        CHECK(same_carrier.times_left == transport.times_left);
    }
}

TEST_CASE("a transport and a timer that complete at once do not grow the stack")
{
    constexpr unsigned attempts = 1'000'000;
    unsigned sent = 0;
    unsigned handled = 0;
    auto transport = [&](authorized_request, auto completion) {
        ++sent;
        completion(result<http_response>(failure(errc::not_connected)));
    };
    auto timer = [&](milliseconds, auto next) { next(true); };
    send_with_retry(subscription(true), some_credentials(), transport,
                    {.base_delay = milliseconds(0), .deadline = milliseconds(INT64_MAX), .max_attempts = attempts},
                    timer, [&](auto made) {
                        ++handled;
                        CHECK(made.error().code() == errc::not_connected);
                    });
    CHECK(sent == attempts);
    CHECK(handled == 1);
}

TEST_CASE("a transport and a timer that complete at once do not grow the stack, without an attempt limit")
{
    unsigned sent = 0;
    int handled = 0;
    auto transport = [&](authorized_request, auto completion) {
        if (++sent == 1'000'000)
            completion(result<http_response>(answer(201, created)));
        else
            completion(result<http_response>(failure(errc::not_connected)));
    };
    auto timer = [&](milliseconds, auto next) { next(); };
    send_with_retry(subscription(true), some_credentials(), transport,
                    {.deadline = milliseconds(INT64_MAX), .max_attempts = 0}, timer, [&](auto made) {
                        ++handled;
                        CHECK(made);
                    });
    CHECK(sent == 1'000'000);
    CHECK(handled == 1);
}

TEST_CASE("the last allowed attempt sends the same bytes as the others")
{
    for (unsigned const most : {1u, 2u, 5u}) {
        std::vector<std::string> wires;
        int handled = 0;
        auto transport = [&](authorized_request request, auto completion) {
            wires.emplace_back(lasting(request.to_http1()).reveal());
            completion(result<http_response>(answer(429)));
        };
        send_with_retry(
            subscription(true), some_credentials(), transport, {.base_delay = 1ms, .max_attempts = most},
            [](milliseconds, auto next) { next(); },
            [&](auto made) {
                ++handled;
                CHECK(made.error().http_status() == 429);
            });
        REQUIRE(wires.size() == most);
        for (auto const& wire : wires) CHECK(wire == wires[0]);
        CHECK(wires[0].find("IdempotencyKey=key") != std::string::npos);
        CHECK(handled == 1);
    }
}

TEST_CASE("a transport that drops its completion ends the operation without a leak")
{
    auto transport = [&](authorized_request, auto completion) {
        auto dropped = std::move(completion);
        static_cast<void>(dropped);
    };
    send_with_retry(
        subscription(true), some_credentials(), transport, {}, [](milliseconds, auto) {}, [](auto) { CHECK(false); });
    auto refusing = [&](authorized_request, auto completion) {
        completion(result<http_response>(failure(errc::not_connected)));
    };
    send_with_retry(
        subscription(true), some_credentials(), refusing, {}, [](milliseconds, auto) {}, [](auto) { CHECK(false); });
}

#ifdef __cpp_exceptions
TEST_CASE("an exception of the transport leaves send_with_retry, whether the handler was called or not")
{
    for (bool const completes : {false, true}) {
        int handled = 0;
        auto transport = [&](authorized_request, auto completion) {
            if (completes) completion(result<http_response>(failure(errc::cancelled)));
            throw 1;
        };
        CHECK_THROWS_AS(send_with_retry(
                            subscription(true), some_credentials(), transport, {}, [](milliseconds, auto) {},
                            [&](auto) { ++handled; }),
                        int);
        CHECK(handled == completes);
    }
}
#endif

TEST_CASE("a timer that is cancelled ends the operation with its last failure")
{
    script transport({answer(429)});
    event_loop loop(transport);
    int calls = 0;
    send_with_retry(
        subscription(true), some_credentials(), loop, {}, [](milliseconds, auto next) { next(false); },
        [&](subscribed made) {
            ++calls;
            CHECK(made.error().http_status() == 429);
        });
    loop.run();
    CHECK(calls == 1);
}

TEST_CASE("a timer that fires too late starts no further attempt")
{
    simulation world;
    script transport({failure(errc::not_connected)});
    event_loop loop(transport);
    int calls = 0;
    send_with_retry(
        deletion, some_credentials(), loop, {.deadline = 1s},
        [&](milliseconds, auto next) {
            world.now = 1000;
            next();
        },
        [&](result<void> done) {
            ++calls;
            CHECK(done.error().code() == errc::not_connected);
        },
        sidecall::endpoint::twilio(), world.machine());
    loop.run();
    CHECK(calls == 1);
}

TEST_CASE("the system clocks advance, and the random bits vary")
{
    sidecall::this_machine machine;
    auto const now_by = [](auto clock) {
        return std::chrono::floor<std::chrono::milliseconds>(decltype(clock)::now().time_since_epoch()).count();
    };
    for (int i = 0; i != 5; ++i) {
        // One statement each, so that the clocks are read one after the other.
        auto const check = [&](auto clock, auto ask) {
            auto const before = now_by(clock);
            auto const asked = ask().count;
            auto const after = now_by(clock);
            CHECK(before <= asked);
            CHECK(asked <= after);
        };
        check(std::chrono::steady_clock(), [&] { return machine.uptime(); });
        check(std::chrono::system_clock(), [&] { return machine.unix_time(); });
        std::this_thread::sleep_for(std::chrono::milliseconds(7)); // at a different fraction of a second
    }
    std::uint64_t set = 0, unset = 0; // each bit takes both values
    for (int i = 0; i != 100; ++i) {
        std::uint64_t const bits = machine.random();
        set |= bits;
        unset |= ~bits;
    }
    CHECK(set == ~std::uint64_t{0});
    CHECK(unset == ~std::uint64_t{0});
}

} // namespace retry_test
