#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace sidecall::detail {

/// How many characters `base64_encode` writes for `size` bytes.
constexpr std::size_t base64_size(std::size_t size) noexcept
{
    return (size + 2) / 3 * 4;
}

/// Writes `bytes` in the standard alphabet with padding (RFC 4648, section 4); returns where the text ends. The source
/// may be in two pieces, since a credential is, and no third place should ever hold it whole.
constexpr char* base64_encode(std::string_view first, std::string_view second, char* out) noexcept
{
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::size_t const size = first.size() + second.size();
    auto const byte = [&](std::size_t i) -> unsigned {
        if (i >= size) return 0;
        return static_cast<unsigned char>(i < first.size() ? first[i] : second[i - first.size()]);
    };
    for (std::size_t i = 0; i < size; i += 3) {
        unsigned const three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        *out++ = alphabet[three >> 18];
        *out++ = alphabet[three >> 12 & 63];
        *out++ = i + 1 < size ? alphabet[three >> 6 & 63] : '=';
        *out++ = i + 2 < size ? alphabet[three & 63] : '=';
    }
    return out;
}

/// Reads exactly `N` bytes from a text that is what `base64_encode` writes for them, to the letter: false for any other
/// spelling, length or padding, and for unused bits that are not nought.
template <std::size_t N>
constexpr bool base64_decode(std::string_view text, std::array<unsigned char, N>& bytes) noexcept
{
    constexpr std::size_t padding = (3 - N % 3) % 3;
    if (text.size() != base64_size(N) || text.substr(text.size() - padding) != std::string_view("==", padding))
        return false;
    unsigned bits = 0;
    unsigned held = 0;
    std::size_t at = 0;
    for (char c : text.substr(0, text.size() - padding)) {
        int const digit = c >= 'A' && c <= 'Z'   ? c - 'A'
                          : c >= 'a' && c <= 'z' ? c - 'a' + 26
                          : c >= '0' && c <= '9' ? c - '0' + 52
                          : c == '+'             ? 62
                          : c == '/'             ? 63
                                                 : -1;
        if (digit < 0) return false;
        bits = bits << 6 | static_cast<unsigned>(digit);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes[at++] = static_cast<unsigned char>(bits >> held & 0xFF);
    }
    return (bits & ((1u << held) - 1)) == 0;
}

} // namespace sidecall::detail
