#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/platform/bits.hpp>
#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/detail/platform/processor.hpp>
#include <sidecall/detail/text/chunk.hpp>

namespace sidecall::detail {

/// Returns how many characters `base64_encode` writes for `size` bytes.
constexpr std::size_t base64_size(std::size_t size) noexcept
{
    return (size + 2) / 3 * 4;
}

/// Encodes three bytes, the upper ones of `three`, as four characters; the first is the lowest byte of the result.
/// Computes all four at once instead of using a table, because the index of a table lookup would depend on bits of a
/// secret.
constexpr std::uint32_t base64_encode_triple(std::uint32_t three) noexcept
{
    constexpr std::uint32_t ones = 0x01010101;
    std::uint32_t const digits =
        three >> 26 | (three >> 12 & 0x3F00) | (three << 2 & 0x3F0000) | (three << 16 & 0x3F000000);
    auto const at_least = [digits](std::uint32_t limit) { return (digits + ones * (0x80 - limit)) >> 7 & ones; };
    // Each range of the alphabet starts at an offset from where the previous range would continue.
    std::uint32_t const signs = at_least(62);
    return digits + ones * 'A' + at_least(26) * ('a' - 'Z' - 1) - at_least(52) * ('z' + 1 - '0') -
           signs * ('9' + 1 - '+') + (signs & digits) * ('/' - '+' - 1);
}

constexpr void base64_write_triple(char first, char second, char third, char* out) noexcept
{
    auto const byte = [](char c) { return std::uint32_t{static_cast<unsigned char>(c)}; };
    std::uint32_t const four = base64_encode_triple(byte(first) << 24 | byte(second) << 16 | byte(third) << 8);
    out[0] = static_cast<char>(four & 0xFF);
    out[1] = static_cast<char>(four >> 8 & 0xFF);
    out[2] = static_cast<char>(four >> 16 & 0xFF);
    out[3] = static_cast<char>(four >> 24 & 0xFF);
}

/// Writes the last group of a text, or one that spans two pieces: one or two bytes in `first`, the others, if any, in
/// `second`. Pads it if there are fewer than three.
constexpr char* base64_write_split_group(std::string_view first, std::string_view second, char* out) noexcept
{
    std::size_t const size = first.size() + second.size();
    char const middle = first.size() == 2 ? first[1] : second.empty() ? '\0' : second[0];
    char const last = size != 3 || second.empty() ? '\0' : second.back();
    base64_write_triple(first[0], middle, last, out);
    if (size < 3) out[3] = '=';
    if (size < 2) out[2] = '=';
    return out + 4;
}

#ifdef SIDECALL_SHA_INSTRUCTIONS
/// Does the work of `base64_encode_triple` for 12 bytes at a time. Reads 12 bytes and writes 16 characters.
[[gnu::target("ssse3")]] inline void base64_write_vector(char const* bytes, char* out) noexcept
{
    using pair [[gnu::vector_size(16)]] = long long;
    using words [[gnu::vector_size(16)]] = unsigned;
    using chars [[gnu::vector_size(16)]] = char;
    using values [[gnu::vector_size(16)]] = signed char;

    long long eight = 0;
    unsigned four = 0;
    __builtin_memcpy(&eight, bytes, sizeof eight);
    __builtin_memcpy(&four, bytes + 8, sizeof four);
    auto const read = reinterpret_cast<chars>(pair{eight, four});
    auto const three =
        reinterpret_cast<words>(__builtin_shufflevector(read, read, 2, 2, 1, 0, 5, 5, 4, 3, 8, 8, 7, 6, 11, 11, 10, 9));
    auto const digits = reinterpret_cast<values>(three >> 26 | (three >> 12 & 0x3F00) | (three << 2 & 0x3F0000) |
                                                 (three << 16 & 0x3F000000));

    // Looks up the offset from a digit to its character in a register. The index is 0 for digits from 26 to 51, 1 to 12
    // for higher digits, and 13 for lower digits. The result of a comparison has the type `values` in g++, but not in
    // clang++.
    auto const number =
        (detail::bit_cast<values>(digits > 51) & (digits - 51)) | (detail::bit_cast<values>(digits < 26) & 13);
    constexpr values step{'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                          '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A'};
    auto const text = reinterpret_cast<chars>(digits) +
                      __builtin_ia32_pshufb128(reinterpret_cast<chars>(step), reinterpret_cast<chars>(number));
    __builtin_memcpy(out, &text, sizeof text);
}

/// Writes the characters of `groups` groups of three bytes. There must be at least four.
[[gnu::target("ssse3")]] inline void base64_write_vectors(char const* bytes, std::size_t groups, char* out) noexcept
{
    char const* const last = bytes + 3 * groups - 12;
    char* const last_out = out + 4 * groups - 16;
    for (; bytes < last; bytes += 12, out += 16) base64_write_vector(bytes, out);
    base64_write_vector(last, last_out); // may overlap the previous vector and then writes the same characters again
}
#endif

/// Writes the whole groups of three bytes in `bytes` and removes them from its front.
constexpr char* base64_write_whole_groups(std::string_view& bytes, char* out) noexcept
{
    std::size_t const groups = bytes.size() / 3;
    char const* from = bytes.data();
    bytes.remove_prefix(3 * groups);
#ifdef SIDECALL_SHA_INSTRUCTIONS
    if constexpr (!prefers_size) {
        // unreached: every x86-64 processor since 2006 has SSSE3
        if (!std::is_constant_evaluated() && groups >= 4 && processor_supports(processor::ssse3)) {
            base64_write_vectors(from, groups, out);
            return out + 4 * groups;
        }
    }
#endif
    for (std::size_t i = 0; i != groups; ++i, from += 3, out += 4) base64_write_triple(from[0], from[1], from[2], out);
    return out;
}

/// Encodes `first` and `second`, as if joined, in the standard alphabet with padding (RFC 4648, section 4). Returns the
/// end of the text. The input may be in two pieces because a credential is, so that no third buffer ever contains all
/// of it. No branch and no index depends on the bytes.
constexpr char* base64_encode(std::string_view first, std::string_view second, char* out) noexcept
{
    out = base64_write_whole_groups(first, out);
    if (!first.empty()) {
        std::string_view const rest = second.substr(0, 3 - first.size());
        out = base64_write_split_group(first, rest, out);
        second.remove_prefix(rest.size());
    }
    out = base64_write_whole_groups(second, out);
    return second.empty() ? out : base64_write_split_group(second, {}, out);
}

/// Returns the value of a character, or -1 if it is not in the alphabet.
constexpr std::int8_t base64_value(char c) noexcept
{
    int const value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '+'             ? 62
                      : c == '/'             ? 63
                                             : -1;
    return static_cast<std::int8_t>(value);
}

inline constexpr array<std::int8_t, 256> base64_values = [] {
    array<std::int8_t, 256> values{};
    for (std::size_t c = 0; c != 256; ++c) values[c] = base64_value(static_cast<char>(c));
    return values;
}();

/// Decodes exactly `N` bytes. Accepts only the text that `base64_encode` writes for them: returns false for any other
/// character, length or padding, and for unused bits that are not zero. Not for secrets: it uses a lookup table.
template <std::size_t N>
constexpr bool base64_decode(std::string_view text, array<unsigned char, N>& bytes) noexcept
{
    constexpr std::size_t padding = (3 - N % 3) % 3;
    if (text.size() != base64_size(N) || text.substr(text.size() - padding) != std::string_view("==", padding))
        return false;
    if constexpr (prefers_size) {
        std::uint32_t bits = 0;
        int count = 0; // how many of the low bits are not written yet
        std::size_t at = 0;
        for (char c : text.substr(0, text.size() - padding)) {
            auto const value = base64_value(c);
            if (value < 0) return false;
            bits = bits << 6 | static_cast<std::uint32_t>(value);
            count += 6;
            if (count < 8) continue;
            count -= 8;
            bytes[at++] = static_cast<unsigned char>(bits >> count & 0xFF);
        }
        return (bits & ((1u << count) - 1)) == 0;
    }
    // The bits of a -1 reach above the 24 bits of a group.
    auto const digit = [text](std::size_t i) {
        auto const value = base64_values[static_cast<unsigned char>(text[i])];
        return static_cast<std::uint32_t>(value) << (18 - 6 * (i % 4));
    };
    std::uint32_t invalid = 0;
    std::size_t from = 0;
    std::size_t at = 0;
    for (; at != N / 3 * 3; at += 3, from += 4) {
        std::uint32_t const three = digit(from) | digit(from + 1) | digit(from + 2) | digit(from + 3);
        bytes[at] = static_cast<unsigned char>(three >> 16 & 0xFF);
        bytes[at + 1] = static_cast<unsigned char>(three >> 8 & 0xFF);
        bytes[at + 2] = static_cast<unsigned char>(three & 0xFF);
        invalid |= three >> 24;
    }
    if constexpr (N % 3 != 0) {
        std::uint32_t const rest = digit(from) | digit(from + 1) | (N % 3 == 2 ? digit(from + 2) : 0);
        bytes[at] = static_cast<unsigned char>(rest >> 16 & 0xFF);
        if constexpr (N % 3 == 2) bytes[at + 1] = static_cast<unsigned char>(rest >> 8 & 0xFF);
        invalid |= rest >> 24 | (rest & 0xFFFFFFu >> 8 * (N % 3));
    }
    return invalid == 0;
}

} // namespace sidecall::detail
