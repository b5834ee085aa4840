#pragma once

#include <cstdint>

namespace sidecall {

/// When to come back, as `Retry-After` says it (RFC 9110, section 10.2.3).
struct retry_time {
    std::int64_t seconds = 0;  ///< After the answer came; or, of a date, since 1970-01-01T00:00:00Z.
    bool is_unix_time = false; ///< Whether it was a date.

    /// What `seconds` is if the number that came does not fit it.
    static constexpr std::int64_t too_long = INT64_MAX;

    /// Member by member.
    friend constexpr bool operator==(retry_time const&, retry_time const&) = default;
};

} // namespace sidecall
