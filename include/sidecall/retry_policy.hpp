#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sidecall/date_time.hpp>
#include <sidecall/failure.hpp>

namespace sidecall {

/// Whether Twilio may have carried out the request that ended so: true of every lost answer, of 5xx, of a 2xx or 3xx
/// that is not the documented answer, and of a status below 100, which HTTP does not know; false of what was never
/// sent, and of what was refused, 429 among it ("never processed and always safe to retry", Twilio's page on error
/// 20429).
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
    refused = 1,           ///< Another attempt would be answered the same, or was not wanted.
    may_have_taken_effect, ///< Another attempt could do it twice: the operation is not idempotent.
    asked_to_wait_longer,  ///< `Retry-After` asks for more patience than `max_retry_after`.
    no_attempts_left,      ///< It was the last of `max_attempts`.
    no_time_left,          ///< The next attempt would begin after the `deadline`.
};

/// The enumerator's own name, `"no_time_left"`: stable, for logs and metrics. Empty for a value that is none.
constexpr std::string_view to_string_view(retry_stop why) noexcept
{
    constexpr std::string_view names[] = {"refused", "may_have_taken_effect", "asked_to_wait_longer",
                                          "no_attempts_left", "no_time_left"};
    auto const index = static_cast<std::size_t>(why) - 1;
    return index < sizeof names / sizeof *names ? names[index] : std::string_view();
}

/// What a `retry_policy` must know besides the outcome of an attempt. It asks nobody for it: with the same facts it
/// decides the same.
struct retry_facts {
    bool is_idempotent = false; ///< Whether a repetition has no further effect: a DELETE, or a create with a key.
    unsigned attempt = 1;       ///< Which attempt it was that failed; the first is 1.
    unsigned in_a_row = 0;      ///< How many attempts up to this one failed with the same code; 0: all of them.
    milliseconds elapsed{};     ///< Since the first attempt began.
    milliseconds unix_time{};   ///< What time it is, since 1970-01-01T00:00:00Z: for a `Retry-After` that is a date.
    std::uint64_t random = 0;   ///< 64 random bits.
};

/// To wait and try again, or to stop.
struct retry_decision {
    std::optional<retry_stop> stop = {}; ///< Why there is no further attempt; empty if there is one.
    milliseconds delay{};                ///< How long to wait before it.

    /// Whether there is a further attempt.
    constexpr explicit operator bool() const noexcept { return !stop; }

    /// Member by member.
    friend constexpr bool operator==(retry_decision const&, retry_decision const&) = default;
};

/// When to try again. Pure: a value that decides from facts, and does not wait, ask for the time, or allocate.
///
/// | outcome of an attempt                              | retried if idempotent | else                  |
/// |----------------------------------------------------|-----------------------|-----------------------|
/// | 429: Twilio has not processed it                   | yes                   | yes                   |
/// | `not_connected`: nothing was sent                  | yes                   | yes                   |
/// | `tls_failure`: nothing was sent, but a certificate | twice in a row        | twice in a row        |
/// |   that is refused stays so                         |                       |                       |
/// | 5xx, `timed_out`, `answer_lost`,                   | yes                   | `may_have_taken_effect` |
/// |   `transport_failure`                              |                       |                       |
/// | `malformed_response`: cut by something in between, | twice in a row        | `may_have_taken_effect` |
/// |   or what Twilio answers every time                |                       |                       |
/// | `answer_too_large`, `cancelled`, 2xx that is not   | no                    | no                    |
/// |   documented, 3xx, any other 4xx, everything else  |                       |                       |
///
/// A delay is random, from 0 to `base_delay`, doubled with each attempt up to `max_delay` ("full jitter", so that those
/// who failed together do not come back together). A `Retry-After` (RFC 9110, section 10.2.3) is a lower bound for it,
/// to the millisecond: one of 0, or a date in the past, leaves the random delay as it is.
///
/// A negative span counts as 0. With a `base_delay` or `max_delay` of 0 there is no back-off: attempts follow each
/// other at once or, with no limit of attempts, after a millisecond.
struct retry_policy {
    milliseconds base_delay{500};         ///< The most that is waited after the first attempt.
    milliseconds max_delay{30'000};       ///< The most that is waited after any attempt, where the answer does not say.
    milliseconds max_retry_after{60'000}; ///< A `Retry-After` of more than this ends it: earlier is not wanted.
    milliseconds deadline{300'000};       ///< For all of it, from when the first attempt begins.
    unsigned max_attempts = 10;           ///< The first one counts, too. 0: as many as there is time for.

    /// What is left until the deadline; never less than nothing.
    constexpr milliseconds time_left(milliseconds elapsed) const noexcept
    {
        std::int64_t const gone = elapsed.count < 0 ? 0 : elapsed.count;
        return milliseconds(deadline.count > gone ? deadline.count - gone : 0);
    }

    /// Whether to try again after this outcome, and when.
    constexpr retry_decision decide(failure const& outcome, retry_facts const& known) const noexcept
    {
        if (auto const why = refuses(outcome, known)) return {.stop = why};
        std::int64_t const longest = longest_after(known.attempt);
        milliseconds delay(draw(known.random, longest));
        if (longest == 0 && max_attempts == 0) delay = milliseconds(1); // or it would keep a processor busy
        if (auto const asked = outcome.retry_after()) {
            std::int64_t const least = wait_for(*asked, known.unix_time);
            if (least > 0 && least > max_retry_after.count) return {.stop = retry_stop::asked_to_wait_longer};
            if (delay.count < least) delay = milliseconds(least);
        }
        if (max_attempts != 0 && known.attempt >= max_attempts) return {.stop = retry_stop::no_attempts_left};
        if (delay.count >= time_left(known.elapsed).count) return {.stop = retry_stop::no_time_left};
        return {.delay = delay};
    }

private:
    static constexpr std::optional<retry_stop> refuses(failure const& outcome, retry_facts const& known) noexcept
    {
        int const status = outcome.http_status().value_or(0);
        bool const is_answer = outcome.code() == errc::api_error || outcome.code() == errc::unexpected_status;
        if (is_answer && status == 429) return {};
        if (outcome.code() == errc::not_connected) return {};
        unsigned const in_a_row = known.in_a_row != 0 ? known.in_a_row : known.attempt;
        bool const rarely_changes = outcome.code() == errc::tls_failure || outcome.code() == errc::malformed_response;
        bool const is_final = outcome.code() == errc::cancelled || outcome.code() == errc::answer_too_large ||
                              (rarely_changes && in_a_row > 2) || (is_answer && status < 500);
        if (is_final) return retry_stop::refused;
        if (outcome.code() == errc::tls_failure) return {};
        if (!may_have_taken_effect(outcome)) return retry_stop::refused;
        if (!known.is_idempotent) return retry_stop::may_have_taken_effect;
        return {};
    }

    /// The longest wait after an attempt where the answer does not say.
    constexpr std::int64_t longest_after(unsigned attempt) const noexcept
    {
        std::int64_t const cap = max_delay.count < 0 ? 0 : max_delay.count;
        std::int64_t longest = base_delay.count < 0 ? 0 : base_delay.count;
        for (; attempt > 1 && longest != 0 && longest < cap; --attempt)
            longest = longest > INT64_MAX / 2 ? INT64_MAX : longest * 2;
        return longest < cap ? longest : cap;
    }

    /// A number from 0 to `last`; it is no more uneven than by `last` / 2^64.
    static constexpr std::int64_t draw(std::uint64_t random, std::int64_t last) noexcept
    {
        return static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(last) + 1));
    }

    static constexpr std::int64_t wait_for(retry_time const& asked, milliseconds unix_time) noexcept
    {
        std::int64_t const seconds = asked.seconds < 0 ? 0 : asked.seconds;
        std::int64_t const when = seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
        std::int64_t const now = asked.is_unix_time && unix_time.count > 0 ? unix_time.count : 0;
        return when > now ? when - now : 0;
    }
};

} // namespace sidecall
