#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How the stand-in reads what came, and writes what it sends: SIDs, base64, UTF-8, forms, URLs. A header of its own,
// since the fuzzers read the library's requests by it, too.
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

inline char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower(std::string_view text)
{
    std::string result{text};
    for (char& c : result) c = lower(c);
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
    return is_digit(c) ? c - '0' : lower(c) - 'a' + 10;
}

/// RFC 4648, section 4, with its padding and without loose bits at the end.
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

/// The well-formed byte sequences of the Unicode standard, table 3-7.
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

struct form {
    named_values parameters = {};
    /// What is wrong with it; empty where nothing is.
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

inline form decode_form(std::string const& body)
{
    form result;
    if (body.empty()) return result;
    for (std::string const& pair : split(body, '&')) {
        auto const equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) {
            result.fault = "The body has a part that is not name=value";
            return result;
        }
        auto const name = decode_form_text(std::string_view{pair}.substr(0, equals));
        auto const value = decode_form_text(std::string_view{pair}.substr(equals + 1));
        if (!name || !value) {
            result.fault = "The body has a malformed escape, or a byte that must be escaped, in " +
                           (name ? "parameter '" + *name + "'" : std::string{"a parameter's name"});
            return result;
        }
        if (!is_utf8(*name) || !is_utf8(*value)) {
            result.fault = "The body is not UTF-8";
            return result;
        }
        result.parameters.emplace_back(*name, *value);
    }
    return result;
}

/// A form's media type; of parameters, only a charset of UTF-8 changes nothing.
inline bool is_form_type(std::string_view content_type)
{
    auto const semicolon = content_type.find(';');
    if (lower(trim(content_type.substr(0, semicolon))) != "application/x-www-form-urlencoded") return false;
    if (semicolon == std::string_view::npos) return true;
    std::string const parameter = lower(trim(content_type.substr(semicolon + 1)));
    return parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"";
}

/// RFC 3986: `extra` besides the unreserved characters, the sub-delimiters and escapes.
inline bool is_uri_part(std::string_view text, std::string_view extra)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '%') {
            if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
        } else if (!is_alpha(c) && !is_digit(c) &&
                   std::string_view{"-._~!$&'()*+,;="}.find(c) == std::string_view::npos &&
                   extra.find(c) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

inline bool is_number(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

inline bool is_ipv4(std::string_view text)
{
    auto const parts = split(text, '.');
    return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string const& part) {
               return is_number(part) && part.size() <= 3 && (part.size() == 1 || part[0] != '0') &&
                      std::stoi(part) <= 255;
           });
}

inline bool is_ipv6(std::string const& text)
{
    in6_addr address{};
    return text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos &&
           inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

/// RFC 1123, section 2.1, and RFC 3986, section 3.2.2: the fault of a host, or nothing.
inline std::string host_fault(std::string host)
{
    if (host.empty()) return "the host is empty";
    if (host.front() == '[')
        return host.back() == ']' && is_ipv6(host.substr(1, host.size() - 2)) ? "" : "the IPv6 address is malformed";
    if (is_ipv4(host)) return "";
    if (host.back() == '.') host.pop_back();
    if (host.size() > 253) return "the hostname is longer than 253 characters";
    auto const labels = split(host, '.');
    for (std::string const& label : labels) {
        if (label.find('_') != std::string::npos) return "underscores are not permitted in the hostname";
        if (label.empty() || label.size() > 63) return "a label of the hostname is not of 1 to 63 characters";
        if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; }))
            return "the hostname has a character that is not permitted";
        if (label.front() == '-' || label.back() == '-') return "a label of the hostname begins or ends with a hyphen";
    }
    if (is_number(labels.back())) return "the host is neither a hostname nor an IPv4 address";
    return "";
}

/// "URLs must contain a valid hostname (underscores are not permitted)": the fault of a callback URL, or nothing.
inline std::string callback_fault(std::string const& url)
{
    auto const colon = url.find("://");
    if (colon == std::string::npos) return "it is not an absolute URL";
    std::string const scheme = lower(std::string_view{url}.substr(0, colon));
    if (scheme != "http" && scheme != "https") return "its scheme is neither http nor https";

    std::string const rest = url.substr(colon + 3);
    auto const authority_end = (std::min)(rest.find_first_of("/?#"), rest.size());
    std::string host = rest.substr(0, authority_end);
    if (auto const at = host.rfind('@'); at != std::string::npos) {
        if (!is_uri_part(std::string_view{host}.substr(0, at), ":")) return "its user information is malformed";
        host.erase(0, at + 1);
    }
    auto const bracket = host.rfind(']');
    auto const port_at = host.find(':', bracket == std::string::npos ? 0 : bracket);
    if (port_at != std::string::npos) {
        std::string port = host.substr(port_at + 1);
        if (!is_number(port)) return "its port is not a number";
        port.erase(0, port.find_first_not_of('0'));
        if (port.empty() || port.size() > 5 || std::stol(port) > 65535) return "its port is not of 1 to 65535";
        host.erase(port_at);
    }
    if (std::string fault = host_fault(host); !fault.empty()) return fault;

    std::string const tail = rest.substr(authority_end);
    auto const fragment = (std::min)(tail.find('#'), tail.size());
    if (!is_uri_part(std::string_view{tail}.substr(0, fragment), ":@/?") ||
        !is_uri_part(std::string_view{tail}.substr(std::min(fragment + 1, tail.size())), ":@/?"))
        return "it has a malformed escape, or a character that must be escaped";
    return "";
}

} // namespace sidecall::standin_detail
