#pragma once

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

} // namespace sidecall::detail
