#pragma once

#include <cstdint>

// Points in time and durations, which convert to and from `<chrono>` without including it.
namespace sidecall::detail {

/// A built-in integer type, including those of 128 bits, but not `bool`.
template <class T>
concept plain_integer =
    !__is_class(T) && !__is_union(T) && !__is_enum(T) && requires { requires static_cast<T>(0.5) == 0; };

template <plain_integer Integer>
inline constexpr bool is_signed_integer = static_cast<Integer>(-1) < static_cast<Integer>(1);

/// `number * factor`, saturated to 64 bits. A factor of 0 stands for one that does not fit into 64 bits.
template <plain_integer Integer>
constexpr std::int64_t saturating_multiply(Integer number, std::int64_t factor) noexcept
{
    std::int64_t const largest = factor == 0 ? 0 : INT64_MAX / factor;
    std::int64_t const smallest = factor == 0 ? 0 : INT64_MIN / factor;
    if constexpr (is_signed_integer<Integer>) {
        if (number > largest) return INT64_MAX;
        if (number < smallest) return INT64_MIN;
    } else {
        if (number > static_cast<std::uint64_t>(largest)) return INT64_MAX;
    }
    return static_cast<std::int64_t>(number) * factor;
}

/// `number` converted to another type, saturated to that type. A floating-point type can represent every number.
template <class Number>
constexpr Number saturating_cast(std::int64_t number) noexcept
{
    if constexpr (plain_integer<Number>) {
        constexpr int lost_bits = sizeof(Number) < 8 ? 64 - 8 * static_cast<int>(sizeof(Number)) : 0;
        if constexpr (!is_signed_integer<Number>) {
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

/// A point in time with the offset from UTC that Twilio gave. It does not include `<chrono>`: `to` converts to the type
/// that you use.
struct date_time {
    std::int64_t unix_seconds = 0;   ///< Seconds since 1970-01-01T00:00:00Z, not counting leap seconds.
    std::int32_t offset_minutes = 0; ///< The offset from UTC in minutes: 60 for `+0100`.

    /// The same instant as a time point of `<chrono>`: `created.to<std::chrono::sys_seconds>()`. The time point must
    /// count seconds since 1970 in UTC, in a signed type of at least 64 bits, so that nothing is lost or overflows
    /// (nanoseconds overflow in the year 2262).
    template <class TimePoint>
    constexpr TimePoint to() const
    {
        using duration = typename TimePoint::duration;
        using rep = typename duration::rep;
        static_assert(duration::period::num == 1 && duration::period::den == 1 && sizeof(rep) >= 8);
        static_assert(static_cast<rep>(-1) < static_cast<rep>(0), "an instant before 1970 is negative");
        return TimePoint(duration(unix_seconds));
    }

    /// Compares instant and offset.
    friend constexpr bool operator==(date_time const&, date_time const&) = default;
};

/// A duration in milliseconds. It converts from those durations of `<chrono>` that are a multiple of a millisecond, and
/// to `std::chrono::milliseconds`, without including `<chrono>`. So your code can use `<chrono>` wherever the library
/// takes or returns this type. Values that do not fit are saturated: they become the largest or the smallest value that
/// does.
struct milliseconds {
    std::int64_t count = 0; ///< The number of milliseconds; may be negative.

    constexpr milliseconds() noexcept = default;
    /// From any integer, saturated to 64 bits.
    template <detail::plain_integer Integer>
    constexpr explicit milliseconds(Integer number) noexcept : count(detail::saturating_multiply(number, 1))
    {
    }

    /// From a duration of `<chrono>` that counts with any integer type, saturated to 64 bits.
    template <class Duration>
        requires(1000 % Duration::period::den == 0 && detail::plain_integer<typename Duration::rep>)
    constexpr milliseconds(Duration const& span) noexcept
    {
        constexpr std::int64_t per_unit = 1000 / Duration::period::den;
        constexpr std::int64_t factor =
            Duration::period::num > INT64_MAX / per_unit ? 0 : Duration::period::num * per_unit;
        count = detail::saturating_multiply(span.count(), factor);
    }

    /// To a duration of `<chrono>` that counts milliseconds, saturated to its number type. If that is unsigned, a
    /// negative duration becomes 0.
    template <class Duration>
        requires(Duration::period::num == 1 && Duration::period::den == 1000)
    constexpr operator Duration() const noexcept
    {
        return Duration(detail::saturating_cast<typename Duration::rep>(count));
    }

    /// Compares the counts.
    friend constexpr bool operator==(milliseconds const&, milliseconds const&) = default;
};

} // namespace sidecall
