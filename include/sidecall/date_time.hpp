#pragma once

#include <cstdint>

namespace sidecall::detail {

/// An integer type of the language, those of 128 bits among them, and `bool` not.
template <class T>
concept plain_integer =
    !__is_class(T) && !__is_union(T) && !__is_enum(T) && requires { requires static_cast<T>(0.5) == 0; };

template <plain_integer Integer>
inline constexpr bool has_sign = static_cast<Integer>(-1) < static_cast<Integer>(1);

/// `number * factor`; the largest or the smallest of 64 bits if it does not fit. A factor of 0 stands for one that does
/// not fit itself.
template <plain_integer Integer>
constexpr std::int64_t multiply_or_cut_off(Integer number, std::int64_t factor) noexcept
{
    std::int64_t const most = factor == 0 ? 0 : INT64_MAX / factor;
    std::int64_t const least = factor == 0 ? 0 : INT64_MIN / factor;
    if constexpr (has_sign<Integer>) {
        if (number > most) return INT64_MAX;
        if (number < least) return INT64_MIN;
    } else {
        if (number > static_cast<std::uint64_t>(most)) return INT64_MAX;
    }
    return static_cast<std::int64_t>(number) * factor;
}

/// The number as another type; the largest or the smallest of that type if it does not fit. A floating-point type takes
/// every number.
template <class Number>
constexpr Number convert_or_cut_off(std::int64_t number) noexcept
{
    if constexpr (plain_integer<Number>) {
        constexpr int lost_bits = sizeof(Number) < 8 ? 64 - 8 * static_cast<int>(sizeof(Number)) : 0;
        if constexpr (!has_sign<Number>) {
            if (number < 0) return 0;
            if (static_cast<std::uint64_t>(number) > UINT64_MAX >> lost_bits) return static_cast<Number>(-1);
        } else {
            if (number > INT64_MAX >> lost_bits) return static_cast<Number>(INT64_MAX >> lost_bits);
            if (number < INT64_MIN >> lost_bits) return static_cast<Number>(INT64_MIN >> lost_bits);
        }
    }
    return static_cast<Number>(number);
}

} // namespace sidecall::detail

namespace sidecall {

/// A point in time as Twilio wrote it: when, and with which offset from UTC. It drags in no `<chrono>`; give the
/// type that you keep time in to `to`.
struct date_time {
    std::int64_t unix_seconds = 0;   ///< Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    std::int32_t offset_minutes = 0; ///< How far the clock that was written down is ahead of UTC: 60 for `+0100`.

    /// The same instant as a time point of `<chrono>`'s: `created.to<std::chrono::sys_seconds>()`. It must count
    /// seconds, from 1970 in UTC, in 64 bits with a sign, so that nothing is lost and nothing can overflow (in
    /// nanoseconds the year 2262 does).
    template <class TimePoint>
    constexpr TimePoint to() const
    {
        using duration = typename TimePoint::duration;
        using rep = typename duration::rep;
        static_assert(duration::period::num == 1 && duration::period::den == 1 && sizeof(rep) >= 8);
        static_assert(static_cast<rep>(-1) < static_cast<rep>(0), "an instant before 1970 is negative");
        return TimePoint(duration(unix_seconds));
    }

    /// The same instant, and the same offset.
    friend constexpr bool operator==(date_time const&, date_time const&) = default;
};

/// A span of time. It converts from the durations of `<chrono>` that are whole milliseconds, and to
/// `std::chrono::milliseconds`, without dragging that in: where the library gives or takes one of these, your code may
/// say the other. What does not fit becomes the largest, or the smallest, that does; nothing wraps around.
struct milliseconds {
    std::int64_t count = 0; ///< How many; may be negative.

    constexpr milliseconds() noexcept = default;
    /// So many, of any integer type. What does not fit into 64 bits becomes the largest, or the smallest, that does.
    template <detail::plain_integer Integer>
    constexpr explicit milliseconds(Integer number) noexcept : count(detail::multiply_or_cut_off(number, 1))
    {
    }

    /// From a duration of `<chrono>`'s, whatever integer type it counts with. What does not fit into 64 bits becomes
    /// the largest, or the smallest, that does.
    template <class Duration>
        requires(1000 % Duration::period::den == 0 && detail::plain_integer<typename Duration::rep>)
    constexpr milliseconds(Duration const& span) noexcept
    {
        constexpr std::int64_t each = 1000 / Duration::period::den;
        constexpr std::int64_t factor = Duration::period::num > INT64_MAX / each ? 0 : Duration::period::num * each;
        count = detail::multiply_or_cut_off(span.count(), factor);
    }

    /// As a duration of `<chrono>`'s, which must count milliseconds, too. What does not fit into its numbers becomes
    /// the largest, or the smallest, that does: without a sign, a negative span is 0.
    template <class Duration>
        requires(Duration::period::num == 1 && Duration::period::den == 1000)
    constexpr operator Duration() const noexcept
    {
        return Duration(detail::convert_or_cut_off<typename Duration::rep>(count));
    }

    /// The same number.
    friend constexpr bool operator==(milliseconds const&, milliseconds const&) = default;
};

} // namespace sidecall
