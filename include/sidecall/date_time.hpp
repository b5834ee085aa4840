#pragma once

#include <cstdint>

namespace sidecall {

/// A point in time as Twilio wrote it: when, and with which offset from UTC. It drags in no <chrono>; give the type
/// that you keep time in to `to`.
struct date_time {
    std::int64_t unix_seconds = 0;   ///< Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    std::int32_t offset_minutes = 0; ///< How far the clock that was written down is ahead of UTC: 60 for `+0100`.

    /// The same instant as a time point of `<chrono>`'s whose clock counts from 1970 in UTC:
    /// `created.to<std::chrono::sys_seconds>()`, `to<std::chrono::system_clock::time_point>()`.
    template <class TimePoint>
    constexpr TimePoint to() const
    {
        using duration = typename TimePoint::duration;
        using period = typename duration::period;
        static_assert(period::num == 1, "a unit of a second or less: another would lose seconds");
        return TimePoint(duration(static_cast<typename duration::rep>(unix_seconds) * period::den));
    }

    friend constexpr bool operator==(date_time const&, date_time const&) = default;
};

} // namespace sidecall
