#pragma once

#include <cstddef>
#include <string_view>

#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/literal.hpp>

// The names and values of header fields (RFC 9110, sections 5.1 and 5.5) that an operation may add to its request.
namespace sidecall::detail {

/// Bytes of a name: `tchar` (RFC 9110, section 5.6.2).
struct is_token_byte : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_between(lower(c), 'a', 'z') | is_between(c, '0', '9') | is_between(c, '#', '\'') |
               is_between(c, '^', '`') | is(c, '!') | is(c, '*') | is(c, '+') | is(c, '-') | is(c, '.') | is(c, '|') |
               is(c, '~');
    }
};

/// Bytes of a value (RFC 9110, section 5.5): visible ASCII, space, tab and `obs-text`. No other control character.
struct is_field_value_byte : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_between(c, ' ', '~') | is_between(c, 0x80, 0xFF) | is(c, '\t');
    }
};

/// The fields that the library or the HTTP client sets. A second one could change where the request goes, who sends it,
/// where it ends, or whether the response can be read.
inline constexpr std::string_view reserved_header_names[] = {
    "accept-charset",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "user-agent",
    "proxy-authorization",
    "upgrade",
    "transfer-encoding",
};

/// Returns what is wrong with the name of a header field of an operation.
constexpr violation check_header_name(std::string_view name) noexcept
{
    if (name.empty()) return {"the name of a header field is empty", 0};
    std::size_t const stop = find_first_not_in(is_token_byte(), name, 0);
    if (stop != name.size()) return {"not a character of the name of a header field", stop};
    for (auto reserved : reserved_header_names)
        if (equal_ignoring_case(name, reserved)) return {"the library or the HTTP client sets this header field", 0};
    return {};
}

/// Returns what is wrong with the value of a header field.
constexpr violation check_header_value(std::string_view value) noexcept
{
    if (value.empty()) return {"empty: leave the header field out", 0};
    std::size_t const stop = find_first_not_in(is_field_value_byte(), value, 0);
    if (stop != value.size()) return {"a control character", stop};
    if (trim(value).size() == value.size()) return {};
    bool const is_leading = value.front() == ' ' || value.front() == '\t';
    return {"leading or trailing whitespace, which HTTP removes", is_leading ? 0 : value.size() - 1};
}

} // namespace sidecall::detail
