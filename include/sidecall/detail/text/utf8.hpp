#pragma once

#include <cstddef>
#include <string_view>

#include <sidecall/detail/text/chunk.hpp>

namespace sidecall::detail {

/// Returns the length of the well-formed UTF-8 sequence (RFC 3629, section 4) that begins at `text[at]`, or 0 if there
/// is none. An overlong form, a surrogate, a code point above U+10FFFF and a truncated sequence are not well-formed.
/// `at` must be less than the size of the text.
constexpr std::size_t utf8_sequence_size(std::string_view text, std::size_t at) noexcept
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    auto const between = [&](std::size_t i, int low, int high) {
        return at + i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    auto const continuation = [&](std::size_t i) { return between(i, 0x80, 0xBF); };

    unsigned char const lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return continuation(1) ? 2 : 0;
    if (lead < 0xF0) // E0 and ED restrict the second byte: no overlong forms, no surrogates
        return between(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && continuation(2) ? 3 : 0;
    if (lead < 0xF5) // so do F0 and F4: no overlong forms, nothing above U+10FFFF
        return between(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && continuation(2) && continuation(3)
                   ? 4
                   : 0;
    return 0;
}

struct is_ascii : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_between(c, 0, 0x7F);
    }
};

/// Returns the offset of the first byte that is not part of well-formed UTF-8, or `npos`.
constexpr std::size_t find_invalid_utf8(std::string_view text) noexcept
{
    for (std::size_t at = 0;;) {
        at = find_first_not_in(is_ascii(), text, at);
        if (at == text.size()) return text.npos;
        std::size_t const size = utf8_sequence_size(text, at);
        if (size == 0) return at;
        at += size;
    }
}

} // namespace sidecall::detail
