#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sidecall/date_time.hpp>
#include <sidecall/failure.hpp>

namespace sidecall {

/// Whether Twilio may have carried out a request that failed like this.
///
/// True for every lost response, 5xx, a 2xx or 3xx that is not the documented response, and a status below 100, which
/// HTTP does not define. False if the request was never sent, or if Twilio refused it. 429 counts as refused: "never
/// processed and always safe to retry" (Twilio's page on error 20429).
constexpr bool may_have_taken_effect(failure const& outcome) noexcept
{
    errc const code = outcome.code();
    if (code == errc::api_error || code == errc::unexpected_status) {
        int const status = outcome.http_status().value_or(0);
        return status >= 500 || (status >= 200 && status < 400) || status < 100;
    }
    return code == errc::transport_failure || code == errc::timed_out || code == errc::answer_lost ||
           code == errc::answer_too_large || code == errc::cancelled || code == errc::malformed_response;
}

/// Why there is no further attempt.
enum class retry_stop {
    refused = 1,           ///< Another attempt would get the same response, or the request was cancelled.
    may_have_taken_effect, ///< Another attempt could have a second effect: the operation is not idempotent.
    asked_to_wait_longer,  ///< `Retry-After` asks for a longer wait than `max_retry_after`.
    no_attempts_left,      ///< The attempt was the last of `max_attempts`.
    no_time_left,          ///< The next attempt would begin after the `deadline`.
};

/// The name of the enumerator, such as `"no_time_left"`: stable, for logs and metrics. Empty for an invalid value.
constexpr std::string_view to_string_view(retry_stop reason) noexcept
{
    constexpr std::string_view names[] = {"refused", "may_have_taken_effect", "asked_to_wait_longer",
                                          "no_attempts_left", "no_time_left"};
    auto const index = static_cast<std::size_t>(reason) - 1;
    return index < sizeof names / sizeof *names ? names[index] : std::string_view();
}

/// The facts that a `retry_policy` needs besides the failure of an attempt. The same facts always give the same
/// decision.
struct retry_facts {
    bool is_idempotent = false; ///< Whether a retry has no further effect: a DELETE, or a create with a key.
    unsigned attempt = 1;       ///< The number of the attempt that failed; the first is 1.
    unsigned in_a_row = 0;      ///< How many attempts up to this one failed with the same code; 0: all of them.
    milliseconds elapsed{};     ///< The time since the first attempt began.
    milliseconds unix_time{};   ///< The time since 1970-01-01T00:00:00Z, for a `Retry-After` that is a date.
    std::uint64_t random = 0;   ///< 64 random bits.
};

/// The decision to retry after a delay, or to stop.
struct retry_decision {
    std::optional<retry_stop> stop = {}; ///< Why there is no further attempt; empty if there is one.
    milliseconds delay{};                ///< How long to wait before the next attempt.

    /// Whether there is a further attempt.
    constexpr explicit operator bool() const noexcept { return !stop; }

    /// Compares member by member.
    friend constexpr bool operator==(retry_decision const&, retry_decision const&) = default;
};

/// Decides whether and when to retry. A pure value: it does not wait, read a clock, or allocate.
///
/// | Failure of an attempt                                        | If idempotent        | Otherwise               |
/// |--------------------------------------------------------------|----------------------|-------------------------|
/// | 429: Twilio has not processed it                             | retry                | retry                   |
/// | `not_connected`: nothing was sent                            | retry                | retry                   |
/// | `tls_failure`: nothing was sent; a bad certificate stays bad | retry twice in a row | retry twice in a row    |
/// | 5xx, `timed_out`, `answer_lost`, `transport_failure`         | retry                | `may_have_taken_effect` |
/// | `malformed_response`: damaged on the way, or permanent       | retry twice in a row | `may_have_taken_effect` |
/// | `answer_too_large`, `cancelled`                              | stop                 | stop                    |
/// | undocumented 2xx, 3xx, other 4xx, everything else            | stop                 | stop                    |
///
/// Delays are random, from 0 to a limit. The limit is `base_delay` after the first attempt and doubles with each
/// attempt up to `max_delay` ("full jitter": clients that failed together do not retry together). A `Retry-After` (RFC
/// 9110, section 10.2.3) is a lower bound for the delay, to the millisecond. A `Retry-After` of 0 or a date in the past
/// does not change the random delay.
///
/// A negative duration counts as 0. With a `base_delay` or `max_delay` of 0 there is no back-off: attempts follow each
/// other at once or, with no limit of attempts, after one millisecond.
///
/// @code
/// sidecall::retry_policy policy{.deadline = std::chrono::seconds(30), .max_attempts = 4};
/// @endcode
struct retry_policy {
    milliseconds base_delay{500};         ///< The limit of the delay after the first attempt.
    milliseconds max_delay{30'000};       ///< The limit of the delay after any attempt, without a `Retry-After`.
    milliseconds max_retry_after{60'000}; ///< Stop if `Retry-After` asks for more than this.
    milliseconds deadline{300'000};       ///< The time for all attempts, from the beginning of the first.
    unsigned max_attempts = 10;           ///< The number of attempts, including the first. 0: no limit.

    /// The time left until the deadline; never negative.
    constexpr milliseconds time_left(milliseconds elapsed) const noexcept
    {
        std::int64_t const passed = elapsed.count < 0 ? 0 : elapsed.count;
        return milliseconds(deadline.count > passed ? deadline.count - passed : 0);
    }

    /// Decides whether to retry after this failure, and after which delay.
    constexpr retry_decision decide(failure const& outcome, retry_facts const& facts) const noexcept
    {
        if (auto const stop = stop_reason(outcome, facts)) return {.stop = stop};
        std::int64_t const limit = delay_limit_after(facts.attempt);
        milliseconds delay(random_up_to(facts.random, limit));
        if (limit == 0 && max_attempts == 0) delay = milliseconds(1); // avoids a busy loop
        if (auto const requested = outcome.retry_after()) {
            std::int64_t const requested_delay = delay_requested_by(*requested, facts.unix_time);
            if (requested_delay > 0 && requested_delay > max_retry_after.count)
                return {.stop = retry_stop::asked_to_wait_longer};
            if (delay.count < requested_delay) delay = milliseconds(requested_delay);
        }
        if (max_attempts != 0 && facts.attempt >= max_attempts) return {.stop = retry_stop::no_attempts_left};
        if (delay.count >= time_left(facts.elapsed).count) return {.stop = retry_stop::no_time_left};
        return {.delay = delay};
    }

private:
    static constexpr std::optional<retry_stop> stop_reason(failure const& outcome, retry_facts const& facts) noexcept
    {
        int const status = outcome.http_status().value_or(0);
        bool const is_answer = outcome.code() == errc::api_error || outcome.code() == errc::unexpected_status;
        if (is_answer && status == 429) return {};
        if (outcome.code() == errc::not_connected) return {};
        unsigned const in_a_row = facts.in_a_row != 0 ? facts.in_a_row : facts.attempt;
        bool const rarely_changes = outcome.code() == errc::tls_failure || outcome.code() == errc::malformed_response;
        bool const is_final = outcome.code() == errc::cancelled || outcome.code() == errc::answer_too_large ||
                              (rarely_changes && in_a_row > 2) || (is_answer && status < 500);
        if (is_final) return retry_stop::refused;
        if (outcome.code() == errc::tls_failure) return {};
        if (!may_have_taken_effect(outcome)) return retry_stop::refused;
        if (!facts.is_idempotent) return retry_stop::may_have_taken_effect;
        return {};
    }

    /// The limit of the delay after an attempt, without a `Retry-After`.
    constexpr std::int64_t delay_limit_after(unsigned attempt) const noexcept
    {
        std::int64_t const cap = max_delay.count < 0 ? 0 : max_delay.count;
        std::int64_t limit = base_delay.count < 0 ? 0 : base_delay.count;
        for (; attempt > 1 && limit != 0 && limit < cap; --attempt)
            limit = limit > INT64_MAX / 2 ? INT64_MAX : limit * 2;
        return limit < cap ? limit : cap;
    }

    /// A random number from 0 to `last`. Its bias is at most `last` / 2^64.
    static constexpr std::int64_t random_up_to(std::uint64_t random, std::int64_t last) noexcept
    {
        return static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(last) + 1));
    }

    static constexpr std::int64_t delay_requested_by(retry_time const& requested, milliseconds unix_time) noexcept
    {
        std::int64_t const seconds = requested.seconds < 0 ? 0 : requested.seconds;
        std::int64_t const when = seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
        std::int64_t const now = requested.is_unix_time && unix_time.count > 0 ? unix_time.count : 0;
        return when > now ? when - now : 0;
    }
};

} // namespace sidecall
