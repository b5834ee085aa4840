#pragma once

// Form bodies: how the stand-in decodes and encodes them. The fuzzers check the requests of the library with it too.

#include <sidecall/detail/standin_text.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sidecall::standin_detail {

/// A decoded form.
struct form {
    named_values parameters = {};
    /// The error; empty if there is none.
    std::string fault = {};
};

inline std::optional<std::string> decode_form_text(std::string_view text, char plus = ' ')
{
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '+') {
            decoded += plus;
        } else if (c == '%') {
            if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return std::nullopt;
            decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else if (c > ' ' && c < '\x7f') {
            decoded += c;
        } else {
            return std::nullopt;
        }
    }
    return decoded;
}

inline std::string encode_form(named_values const& parameters)
{
    std::string encoded;
    auto const append = [&](std::string const& text) {
        for (char c : text) {
            auto const byte = static_cast<unsigned char>(c);
            if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_')
                encoded += c;
            else if (c == ' ')
                encoded += '+';
            else
                encoded += {'%', "0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15]};
        }
    };
    for (auto const& [name, value] : parameters) {
        if (!encoded.empty()) encoded += '&';
        append(name);
        encoded += '=';
        append(value);
    }
    return encoded;
}

/// Decodes a form or a query. The text of an error begins with `place`.
inline form decode_form(std::string const& body, std::string const& place = "The body")
{
    form result;
    if (body.empty()) return result;
    for (std::string const& pair : split(body, '&')) {
        auto const equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) {
            result.fault = place + " has a part that is not name=value";
            return result;
        }
        auto const name = decode_form_text(std::string_view{pair}.substr(0, equals));
        auto const value = decode_form_text(std::string_view{pair}.substr(equals + 1));
        if (!name || !value) {
            result.fault = place + " has a malformed escape, or a byte that must be escaped, in " +
                           (name ? "parameter '" + *name + "'" : std::string{"a parameter's name"});
            return result;
        }
        if (!is_utf8(*name) || !is_utf8(*value)) {
            result.fault = place + " is not UTF-8";
            return result;
        }
        result.parameters.emplace_back(*name, *value);
    }
    return result;
}

/// Whether this is the media type of a form. The only parameter it accepts is a charset of UTF-8.
inline bool is_form_type(std::string_view content_type)
{
    auto const semicolon = content_type.find(';');
    if (to_lower(trim(content_type.substr(0, semicolon))) != "application/x-www-form-urlencoded") return false;
    if (semicolon == std::string_view::npos) return true;
    std::string const parameter = to_lower(trim(content_type.substr(semicolon + 1)));
    return parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"";
}

} // namespace sidecall::standin_detail
