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

    /// From a duration of `<chrono>`'s. What does not fit into 64 bits becomes the largest, or the smallest, that does.
    template <class Duration>
        requires(Duration::period::num * 1000 % Duration::period::den == 0 &&
                 static_cast<typename Duration::rep>(0.5) == 0)
    constexpr milliseconds(Duration const& span) noexcept
    {
        constexpr std::int64_t factor = Duration::period::num * 1000 / Duration::period::den;
        std::int64_t const number = span.count();
        count = number > INT64_MAX / factor ? INT64_MAX : number < INT64_MIN / factor ? INT64_MIN : number * factor;
    }

    /// As a duration of `<chrono>`'s, which must count milliseconds, too.
    template <class Duration>
        requires(Duration::period::num == 1 && Duration::period::den == 1000)
    constexpr operator Duration() const noexcept { return Duration(count); }

    /// The same number.
    friend constexpr bool operator==(milliseconds const&, milliseconds const&) = default;
};

} // namespace sidecall
