#pragma once

#include <cstddef>
#include <string_view>

#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/uri.hpp>

// Percent-encoding (RFC 3986, section 2.1) for segments of a path, queries and form bodies.
namespace sidecall::detail {

/// Decodes the escape in the three bytes at `from`, the first of which must be "%". Returns a negative number if they
/// are not a valid escape.
constexpr int decode_escape(char const* from) noexcept
{
    return hex_value(from[1]) << 4 | hex_value(from[2]);
}

/// Returns the byte at `text[at]`, decoded if it begins an escape, and moves `at` after it. A "%" that begins no escape
/// stands for itself, as in the WHATWG URL standard.
constexpr char decode_next_byte(std::string_view text, std::size_t& at) noexcept
{
    char const c = text[at++];
    if (c != '%' || text.size() - at < 2) return c;
    int const escaped = decode_escape(text.data() + at - 1);
    if (escaped < 0) return c;
    at += 2;
    return static_cast<char>(escaped);
}

/// Removes the next `name=value` and the "&" after it from the front of a form or a query. Returns it without the "&".
constexpr std::string_view pop_pair(std::string_view& form) noexcept
{
    std::string_view const pair = form.substr(0, form.find('&'));
    form.remove_prefix(pair.size() == form.size() ? pair.size() : pair.size() + 1);
    return pair;
}

/// `unreserved` of RFC 3986: the bytes that no form encoder escapes.
struct is_unreserved : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_between(lower(c), 'a', 'z') | is_between(c, '0', '9') | is_between(c, '-', '.') | is(c, '_') |
               is(c, '~');
    }
};

/// Bytes that take one byte in a form: `unreserved`, and the space, which becomes "+".
struct is_unreserved_or_space : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_unreserved()(c) | is(c, ' ');
    }
};

/// Returns how many bytes `percent_encode_form` writes for a text. Rarely needed, so not inlined.
[[gnu::noinline]] constexpr std::size_t encoded_form_size(std::string_view text) noexcept
{
    return 3 * text.size() - 2 * count_in(is_unreserved_or_space(), text);
}

/// Returns how many bytes `percent_encode_segment` writes for a text. Rarely needed, so not inlined.
[[gnu::noinline]] constexpr std::size_t encoded_segment_size(std::string_view text) noexcept
{
    return 3 * text.size() - 2 * count_in(is_unreserved(), text);
}

/// Writes "%XX" with upper-case digits, as RFC 3986, section 2.1, recommends. Returns the end.
constexpr char* percent_encode_byte(char* out, char c) noexcept
{
    constexpr char digits[] = "0123456789ABCDEF";
    auto const code = static_cast<octet>(c);
    out[0] = '%';
    out[1] = digits[code >> 4];
    out[2] = digits[code & 15];
    return out + 3;
}

/// Writes a text and percent-encodes each byte that is not in the class `unescaped`. Writes a space as "+" if
/// `space_as_plus`. Returns the end. May overwrite `copy_slack` bytes after it.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr char* percent_encode(Class unescaped, char* out, std::string_view text,
                                                      bool space_as_plus) noexcept
{
    std::size_t run = 0; // where the bytes that are not copied yet begin
    detail::for_each_not_in(unescaped, text, [&](std::size_t at) {
        out = copy_range(out, text, run, at);
        run = at + 1;
        if (space_as_plus && text[at] == ' ')
            *out++ = '+';
        else
            out = percent_encode_byte(out, text[at]);
    });
    return copy_range(out, text, run, text.size());
}

/// Writes `text` as `application/x-www-form-urlencoded` (HTML 4.01, section 17.13.4.1): a space becomes "+". Returns
/// the end. May overwrite `copy_slack` bytes after it.
constexpr char* percent_encode_form(char* out, std::string_view text) noexcept
{
    return percent_encode(is_unreserved(), out, text, true);
}

/// Writes `text` as one segment of a path. Percent-encodes all bytes but `unreserved`: the others may have a meaning in
/// a path (RFC 3986, section 3.3). Returns the end. May overwrite `copy_slack` bytes after it.
constexpr char* percent_encode_segment(char* out, std::string_view text) noexcept
{
    return percent_encode(is_unreserved(), out, text, false);
}

} // namespace sidecall::detail
