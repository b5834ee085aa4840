#pragma once

#include <cstdint>

namespace sidecall {

/// The value of `Retry-After` (RFC 9110, section 10.2.3): a delay or a date.
struct retry_time {
    std::int64_t seconds =
        0; ///< The delay in seconds after the response; for a date, seconds since 1970-01-01T00:00:00Z.
    bool is_unix_time = false; ///< Whether it is a date.

    /// The value of `seconds` for a number that is too large for it.
    static constexpr std::int64_t too_long = INT64_MAX;

    /// Compares member by member.
    friend constexpr bool operator==(retry_time const&, retry_time const&) = default;
};

} // namespace sidecall
