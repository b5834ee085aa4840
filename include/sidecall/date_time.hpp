#pragma once

#include <cstdint>

namespace sidecall {

/// A point in time as Twilio wrote it: when, and with which offset from UTC. It drags in no `<chrono>`; give the
/// type that you keep time in to `to`.
struct date_time {
    std::int64_t unix_seconds = 0;   ///< Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    std::int32_t offset_minutes = 0; ///< How far the clock that was written down is ahead of UTC: 60 for `+0100`.

    /// The same instant as a time point of `<chrono>`'s: `created.to<std::chrono::sys_seconds>()`. It must count
    /// seconds, from 1970 in UTC, in 64 bits, so that nothing is lost and nothing can overflow (in nanoseconds the year
    /// 2262 does).
    template <class TimePoint>
    constexpr TimePoint to() const
    {
        using duration = typename TimePoint::duration;
        static_assert(duration::period::num == 1 && duration::period::den == 1 && sizeof(typename duration::rep) >= 8);
        return TimePoint(duration(unix_seconds));
    }

    /// The same instant, and the same offset.
    friend constexpr bool operator==(date_time const&, date_time const&) = default;
};

/// A span of time. It converts from the durations of `<chrono>` that are whole milliseconds, and to
/// `std::chrono::milliseconds`, without dragging that in: where the library gives or takes one of these, your code may
/// say the other.
struct milliseconds {
    std::int64_t count = 0; ///< How many; may be negative.

    constexpr milliseconds() noexcept = default;
    /// So many.
    constexpr explicit milliseconds(std::int64_t number) noexcept : count(number) {}

    /// From a duration of `<chrono>`'s, of any integer type, without a sign and of 128 bits, too. What does not fit
    /// into 64 bits becomes the largest, or the smallest, that does.
    template <class Duration>
        requires(Duration::period::num * 1000 % Duration::period::den == 0 &&
                 static_cast<typename Duration::rep>(0.5) == 0)
    constexpr milliseconds(Duration const& span) noexcept
    {
        using rep = typename Duration::rep;
        constexpr std::int64_t factor = Duration::period::num * 1000 / Duration::period::den;
        rep const number = span.count();
        // Wider than this, or without a sign, it can hold the bound; narrower, it converts as it is.
        if constexpr (sizeof(rep) < sizeof count)
            count = times(static_cast<std::int64_t>(number), factor);
        else if (number > static_cast<rep>(INT64_MAX / factor))
            count = INT64_MAX;
        else if (is_negative(number) && number < static_cast<rep>(INT64_MIN / factor))
            count = INT64_MIN;
        else
            count = static_cast<std::int64_t>(number) * factor;
    }

    /// As a duration of `<chrono>`'s, which must count milliseconds, too. What does not fit its integer type becomes
    /// the largest, or the smallest, that does.
    template <class Duration>
        requires(Duration::period::num == 1 && Duration::period::den == 1000)
    constexpr operator Duration() const noexcept
    {
        using rep = typename Duration::rep;
        auto const number = static_cast<rep>(count);
        bool const is_integer = static_cast<rep>(0.5) == 0;
        bool const fits = static_cast<std::int64_t>(number) == count && is_negative(number) == (count < 0);
        if (!is_integer || fits) return Duration(number);
        return count < 0 ? (Duration::min)() : (Duration::max)();
    }

    /// The same number.
    friend constexpr bool operator==(milliseconds const&, milliseconds const&) = default;

private:
    /// For types without a sign, too, of which compilers warn that nothing is less than 0.
    template <class Number>
    static constexpr bool is_negative(Number number) noexcept
    {
        return number != 0 && !(number > 0);
    }

    static constexpr std::int64_t times(std::int64_t number, std::int64_t factor) noexcept
    {
        return number > INT64_MAX / factor ? INT64_MAX : number < INT64_MIN / factor ? INT64_MIN : number * factor;
    }
};

} // namespace sidecall
