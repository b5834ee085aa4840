#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <sidecall/detail/ascii.hpp>

// Percent-encoding (RFC 3986, section 2.1), as paths and as form bodies use it.
namespace sidecall::detail {

/// The byte that stands at `text[at]`, an escape resolved; `at` moves behind it. A "%" that begins no escape is itself,
/// as in the WHATWG's URL standard.
constexpr char decode_next(std::string_view text, std::size_t& at) noexcept
{
    char const c = text[at++];
    if (c != '%' || text.size() - at < 2 || !is_hex(text[at]) || !is_hex(text[at + 1])) return c;
    at += 2;
    return static_cast<char>(hex_value(text[at - 2]) << 4 | hex_value(text[at - 1]));
}

/// Takes the next `name=value` of a form or a query off its front, with the "&" behind it.
constexpr std::string_view take_pair(std::string_view& form) noexcept
{
    std::string_view const pair = form.substr(0, form.find('&'));
    form.remove_prefix(pair.size() == form.size() ? pair.size() : pair.size() + 1);
    return pair;
}

/// For each byte, whether it stands for itself.
using byte_set = std::array<bool, 256>;

consteval byte_set letters_digits_and(std::string_view others)
{
    byte_set set{};
    for (std::size_t c = 0; c != 128; ++c) set[c] = is_alnum(static_cast<char>(c));
    for (char c : others) set[static_cast<unsigned char>(c)] = true;
    return set;
}

/// `unreserved` of RFC 3986: what every form encoder agrees to leave as it is.
inline constexpr byte_set raw_in_form = letters_digits_and("-._~");

/// `pchar` and "/": what may stand in a path (RFC 3986, section 3.3).
inline constexpr byte_set raw_in_path = letters_digits_and("-._~!$&'()*+,;=:@/");

constexpr bool stays(byte_set const& raw, char c) noexcept
{
    return raw[static_cast<unsigned char>(c)];
}

/// How many bytes `write_form` writes.
constexpr std::size_t form_size(std::string_view text) noexcept
{
    std::size_t size = text.size();
    for (char c : text) size += stays(raw_in_form, c) || c == ' ' ? 0u : 2u;
    return size;
}

/// How many bytes `write_path` writes.
constexpr std::size_t path_size(std::string_view text) noexcept
{
    std::size_t size = text.size();
    for (char c : text) size += stays(raw_in_path, c) ? 0u : 2u;
    return size;
}

/// Appends "%XX", upper-case as RFC 3986, section 2.1, prefers.
template <class Buffer>
constexpr void write_escape(Buffer& out, char c)
{
    constexpr char digits[] = "0123456789ABCDEF";
    auto const byte = static_cast<unsigned char>(c);
    char const escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
    out.append(escape, 3);
}

/// Appends `text` as `application/x-www-form-urlencoded` (HTML 4.01, section 17.13.4.1): a blank becomes "+".
template <class Buffer>
constexpr void write_form(Buffer& out, std::string_view text)
{
    for (std::size_t at = 0; at != text.size();) {
        std::size_t run = at; // what stays is copied in runs
        while (run != text.size() && stays(raw_in_form, text[run])) ++run;
        out.append(text.data() + at, run - at);
        if (run == text.size()) return;
        if (text[run] == ' ')
            out.append("+", 1);
        else
            write_escape(out, text[run]);
        at = run + 1;
    }
}

/// Appends `text` as a path, with an escape for each byte that may not stand there.
template <class Buffer>
constexpr void write_path(Buffer& out, std::string_view text)
{
    for (char c : text) {
        if (stays(raw_in_path, c))
            out.append(&c, 1);
        else
            write_escape(out, c);
    }
}

} // namespace sidecall::detail
