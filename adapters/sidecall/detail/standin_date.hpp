#pragma once

// Dates as Twilio and HTTP write them.

#include <array>
#include <chrono>
#include <string>

namespace sidecall::standin_detail {

inline std::string two_digits(unsigned value)
{
    return {static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
}

/// Formats a time in UTC (RFC 2822, section 3.3). With the zone "GMT" this is an HTTP date (RFC 9110, section 5.6.7).
/// Does not depend on the locale.
inline std::string format_date(std::chrono::system_clock::time_point time, std::string const& zone)
{
    static constexpr std::array<char const*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<char const*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const second = std::chrono::floor<std::chrono::seconds>(time);
    auto const day = std::chrono::floor<std::chrono::days>(second);
    std::chrono::year_month_day const date{day};
    auto const seconds = static_cast<unsigned>((second - day).count());
    return std::string{weekdays[std::chrono::weekday{day}.c_encoding()]} + ", " +
           two_digits(static_cast<unsigned>(date.day())) + ' ' + months[static_cast<unsigned>(date.month()) - 1] + ' ' +
           std::to_string(static_cast<int>(date.year())) + ' ' + two_digits(seconds / 3600) + ':' +
           two_digits(seconds / 60 % 60) + ':' + two_digits(seconds % 60) + ' ' + zone;
}

/// Formats a time in UTC as the newer services of Twilio do (RFC 3339).
inline std::string format_iso_date(std::chrono::system_clock::time_point time)
{
    auto const second = std::chrono::floor<std::chrono::seconds>(time);
    auto const day = std::chrono::floor<std::chrono::days>(second);
    std::chrono::year_month_day const date{day};
    auto const seconds = static_cast<unsigned>((second - day).count());
    return std::to_string(static_cast<int>(date.year())) + '-' + two_digits(static_cast<unsigned>(date.month())) + '-' +
           two_digits(static_cast<unsigned>(date.day())) + 'T' + two_digits(seconds / 3600) + ':' +
           two_digits(seconds / 60 % 60) + ':' + two_digits(seconds % 60) + 'Z';
}

inline std::string date_now()
{
    return format_date(std::chrono::system_clock::now(), "+0000");
}

} // namespace sidecall::standin_detail
