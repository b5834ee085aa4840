#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sidecall/detail/platform/compiler.hpp>

// ASCII functions that do not depend on the locale.
namespace sidecall::detail {

constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

constexpr char to_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool is_alpha(char c) noexcept
{
    return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

constexpr bool is_alnum(char c) noexcept
{
    return is_digit(c) || is_alpha(c);
}

/// Returns the value of a hexadecimal digit of either case, or -1.
constexpr int compute_hex_value(char c) noexcept
{
    if (is_digit(c)) return c - '0';
    c = to_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// `compute_hex_value` for every byte, as a table.
inline constexpr auto hex_values = [] {
    struct table {
        signed char of[256];
    } values{};
    for (int c = 0; c != 256; ++c) values.of[c] = static_cast<signed char>(compute_hex_value(static_cast<char>(c)));
    return values;
}();

constexpr int hex_value(char c) noexcept
{
    if constexpr (prefers_size) return compute_hex_value(c);
    return hex_values.of[static_cast<unsigned char>(c)];
}

constexpr bool is_hex(char c) noexcept
{
    return hex_value(c) >= 0;
}

/// Reads a text of decimal digits only. Returns false for any other text and for a number above `max`.
constexpr bool parse_decimal(std::string_view text, std::uint64_t max, std::uint64_t& number) noexcept
{
    number = 0;
    for (char c : text) {
        if (!is_digit(c)) return false;
        auto const digit = static_cast<std::uint64_t>(c - '0');
        if (number > UINT64_MAX / 10) return false; // a constant: dividing by `max` may need a library function
        number *= 10;
        if (digit > max || number > max - digit) return false;
        number += digit;
    }
    return !text.empty();
}

/// Compilers inline comparisons whose length is constant.
constexpr bool equal_bytes(char const* a, char const* b, std::size_t size) noexcept
{
    return std::char_traits<char>::compare(a, b, size) == 0;
}

/// Compares without regard to the case of ASCII letters, as HTTP compares field names and schemes (RFC 9110, section
/// 5.1).
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    if (a == b) return true; // the common case
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i != a.size(); ++i)
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    return true;
}

/// Returns the text without spaces and tabs at either end: OWS of RFC 9110, section 5.6.3.
constexpr std::string_view trim(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Returns the bytes from `begin` to `end`, both clamped to the size of the text.
constexpr std::string_view slice(std::string_view text, std::size_t begin, std::size_t end) noexcept
{
    if (end > text.size()) end = text.size();
    if (begin > end) begin = end;
    return {text.data() + begin, end - begin};
}

/// Returns the offset of the first of these characters from `from` on, or the size of the text.
template <std::size_t N>
constexpr std::size_t find_or_end(std::string_view text, char const (&any_of)[N], std::size_t from) noexcept
{
    for (; from < text.size(); ++from)
        for (std::size_t i = 0; i != N - 1; ++i)
            if (text[from] == any_of[i]) return from;
    return text.size();
}

} // namespace sidecall::detail
