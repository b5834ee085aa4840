#pragma once

#include <cstdint>

namespace sidecall {

/// The value of `Retry-After` (RFC 9110, section 10.2.3): a delay or a date.
struct retry_time {
    /// The delay in seconds, counted from the arrival of the response; for a date, seconds since 1970-01-01T00:00:00Z.
    std::int64_t seconds = 0;
    bool is_unix_time = false; ///< Whether it is a date.

    /// The value of `seconds` if the number received does not fit.
    static constexpr std::int64_t too_long = INT64_MAX;

    /// Compares member by member.
    friend constexpr bool operator==(retry_time const&, retry_time const&) = default;
};

} // namespace sidecall
