#pragma once

// Text functions of the stand-in: characters, SIDs, base64 and UTF-8.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidecall::standin_detail {

using named_values = std::vector<std::pair<std::string, std::string>>;

inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
inline bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
inline bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

inline char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string to_lower(std::string_view text)
{
    std::string result{text};
    for (char& c : result) c = to_lower(c);
    return result;
}

inline std::string_view trim(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

inline std::vector<std::string> split(std::string_view text, char separator)
{
    std::vector<std::string> parts(1);
    for (char c : text) {
        if (c == separator)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

inline bool is_sid(std::string_view text, std::string_view prefix)
{
    return text.size() == 34 && text.substr(0, 2) == prefix && std::all_of(text.begin() + 2, text.end(), is_hex);
}

inline int hex_value(char c)
{
    return is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10;
}

/// Decodes base64 (RFC 4648, section 4). Requires padding, and zero bits after the last byte.
inline std::optional<std::string> decode_base64(std::string_view text)
{
    static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text.back() == '=') {
        text.remove_suffix(1);
        ++padding;
    }
    std::string bytes;
    unsigned buffer = 0;
    int bits = 0;
    for (char c : text) {
        auto const value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        buffer = (buffer << 6 | static_cast<unsigned>(value)) & 0xfffu;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(buffer >> bits & 0xffu);
        }
    }
    if ((buffer & ((1u << bits) - 1u)) != 0) return std::nullopt;
    return bytes;
}

/// Accepts the well-formed byte sequences of the Unicode standard, table 3-7.
inline bool is_utf8(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();) {
        auto const lead = static_cast<unsigned char>(text[i++]);
        if (lead < 0x80) continue;
        int const more = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
        if (more == 0) return false;
        unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        for (int n = 0; n < more; ++n, ++i) {
            if (i == text.size()) return false;
            auto const byte = static_cast<unsigned char>(text[i]);
            if (byte < low || byte > high) return false;
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}

/// A random SID: the prefix and 32 hexadecimal digits.
inline std::string random_sid(std::string_view prefix, std::mt19937_64& engine)
{
    std::string sid{prefix};
    for (int half = 0; half < 2; ++half) {
        std::uint64_t const bits = engine();
        for (int shift = 60; shift >= 0; shift -= 4) sid += "0123456789abcdef"[bits >> shift & 0xfu];
    }
    return sid;
}

/// The value of the first field with exactly that name, or nothing.
inline std::optional<std::string> find_field(named_values const& fields, std::string_view name)
{
    for (auto const& [key, value] : fields)
        if (key == name) return value;
    return std::nullopt;
}

} // namespace sidecall::standin_detail
