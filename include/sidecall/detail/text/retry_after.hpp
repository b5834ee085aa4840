#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/rfc2822.hpp>
#include <sidecall/retry_time.hpp>

namespace sidecall::detail {

/// Parses `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). Returns nothing for any other value. A number
/// that needs more than 63 bits becomes `retry_time::too_long`.
constexpr std::optional<retry_time> parse_retry_after(std::string_view text) noexcept
{
    std::uint64_t seconds = 0;
    std::int64_t date = 0;
    if (parse_decimal(text, INT64_MAX, seconds)) return retry_time{.seconds = static_cast<std::int64_t>(seconds)};
    if (!text.empty() && text.find_first_not_of("0123456789") == text.npos)
        return retry_time{.seconds = retry_time::too_long};
    if (parse_http_date(text, date)) return retry_time{.seconds = date, .is_unix_time = true};
    return {};
}

} // namespace sidecall::detail
