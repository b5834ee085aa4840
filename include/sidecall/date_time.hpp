#pragma once

#include <cstdint>

namespace sidecall {

/// A point in time as Twilio wrote it: when, and with which offset from UTC. It drags in no <chrono>; give the type
/// that you keep time in to `to`.
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

    friend constexpr bool operator==(date_time const&, date_time const&) = default;
};

} // namespace sidecall
