#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace fuzz {

/// The parts of an instant on a clock that is this many minutes ahead of UTC. Computed by <chrono>'s calendar, which
/// the library does not use.
struct calendar {
    calendar(std::int64_t unix_seconds, int offset_minutes = 0)
    {
        std::chrono::sys_seconds const there{std::chrono::seconds(unix_seconds) + std::chrono::minutes(offset_minutes)};
        auto const midnight = std::chrono::floor<std::chrono::days>(there);
        std::chrono::year_month_day const date(midnight);
        std::chrono::hh_mm_ss const time(there - midnight);
        year = static_cast<int>(date.year());
        month = static_cast<unsigned>(date.month());
        day = static_cast<unsigned>(date.day());
        weekday = std::chrono::weekday(midnight).c_encoding();
        hour = static_cast<int>(time.hours().count());
        minute = static_cast<int>(time.minutes().count());
        second = static_cast<int>(time.seconds().count());
    }

    int year;
    unsigned month;
    unsigned day;
    unsigned weekday; // 0 is Sunday
    int hour;
    int minute;
    int second;
};

inline constexpr char const* days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
inline constexpr char const* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// `Wed, 18 Dec 2019 20:02:01 `, without the zone, which the caller appends.
inline std::string print(calendar const& t)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.3s, %02u %s %04d %02d:%02d:%02d ", days[t.weekday], t.day, months[t.month - 1],
                  t.year, t.hour, t.minute, t.second);
    return text;
}

} // namespace fuzz
