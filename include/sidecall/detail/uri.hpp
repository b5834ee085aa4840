#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sidecall/detail/ascii.hpp>
#include <sidecall/detail/literal.hpp>

// http and https URIs by RFC 3986, with the hosts of RFC 1123 (section 2.1) and RFC 1034 (section 3.1): stricter than
// the generic `reg-name`, because Twilio has to resolve the name ("URLs must contain a valid hostname, underscores are
// not permitted"). Left out on purpose: IPvFuture and zone identifiers, which name nothing that Twilio could reach, and
// the empty port, which is a forgotten one.
namespace sidecall::detail {

/// Where the parts of a URI begin and end:
///
///     https://user:pass@example.com:8443/udm?tenant=1#rc=2
///     |       |         |          | |  |            |
///     0       |      host   host_end |  target       target_end
///             authority         port |
///                                (a number)
struct uri {
    std::size_t authority = 0;
    std::size_t host = 0; // an IPv6 address has its brackets
    std::size_t host_end = 0;
    std::size_t target = 0; // path and query, both as given: possibly empty
    std::size_t target_end = 0;
    std::uint16_t port = 0; // 0 if none is given
    bool https = false;
};

enum uri_class : unsigned char {
    in_host = 1,     // letters, digits and the hyphen
    in_userinfo = 2, // unreserved, sub-delims and ":"
    in_target = 4,   // pchar, "/" and "?"
};

inline constexpr auto uri_classes = [] {
    std::array<unsigned char, 256> table{};
    auto const add = [&table](std::string_view characters, int classes) {
        for (char c : characters) {
            auto& entry = table[static_cast<unsigned char>(c)];
            entry = static_cast<unsigned char>(entry | classes);
        }
    };
    add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", in_host | in_userinfo | in_target);
    add("._~", in_userinfo | in_target);         // the rest of unreserved
    add("!$&'()*+,;=", in_userinfo | in_target); // sub-delims
    add(":", in_userinfo | in_target);
    add("@/?", in_target);
    return table;
}();

constexpr bool is_in(uri_class which, char c) noexcept
{
    return (uri_classes[static_cast<unsigned char>(c)] & which) != 0;
}

/// Why a byte may stand nowhere in a URI, or at least not where it does.
constexpr literal explain_uri_byte(char c) noexcept
{
    auto const byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return "not ASCII: percent-encode it (in a host: use its xn-- form)";
    if (byte == ' ' || byte == '\t') return "a blank: percent-encode it";
    if (byte < 0x20 || byte == 0x7F) return "a control character";
    if (byte == '\\') return "a backslash";
    if (byte == '#') return "a second '#'";
    return "not a character that RFC 3986 allows here: percent-encode it";
}

/// The first byte of `text` from `at` on that is neither of this class nor part of a percent-escape.
constexpr std::optional<violation> check_uri_bytes(std::string_view text, std::size_t at, std::size_t end,
                                                   uri_class allowed) noexcept
{
    for (; at != end; ++at) {
        if (is_in(allowed, text[at])) continue;
        if (text[at] != '%') return violation{explain_uri_byte(text[at]), at};
        if (end - at < 3 || !is_hex(text[at + 1]) || !is_hex(text[at + 2]))
            return violation{"'%' without two hexadecimal digits", at};
        at += 2;
    }
    return {};
}

/// Four decimal numbers of 0 to 255 without leading zeros: RFC 3986, `IPv4address`.
constexpr bool is_ipv4(std::string_view text) noexcept
{
    for (int number = 0; number != 4; ++number) {
        if (number != 0) {
            if (text.empty() || text.front() != '.') return false;
            text.remove_prefix(1);
        }
        std::size_t digits = 0;
        int value = 0;
        for (; digits != text.size() && digits != 3 && is_digit(text[digits]); ++digits)
            value = 10 * value + (text[digits] - '0');
        if (digits == 0 || value > 255 || (digits > 1 && text.front() == '0')) return false;
        text.remove_prefix(digits);
    }
    return text.empty();
}

/// RFC 3986, `IPv6address`: eight groups of up to four hexadecimal digits, the last two of them possibly written as an
/// IPv4 address, one run of groups possibly left out as "::".
constexpr bool is_ipv6(std::string_view text) noexcept
{
    int groups = 0;
    bool elided = false;
    if (text.substr(0, 2) == "::") {
        elided = true;
        text.remove_prefix(2);
        if (text.empty()) return true;
    }
    for (;;) {
        std::size_t digits = 0;
        while (digits != text.size() && is_hex(text[digits])) ++digits;
        if (digits != text.size() && text[digits] == '.') {
            groups += 2;
            if (!is_ipv4(text)) return false;
            break;
        }
        if (digits == 0 || digits > 4) return false;
        ++groups;
        text.remove_prefix(digits);
        if (text.empty()) break;
        if (text.front() != ':') return false;
        text.remove_prefix(1);
        if (!text.empty() && text.front() == ':') {
            if (elided) return false;
            elided = true;
            text.remove_prefix(1);
            if (text.empty()) break;
        }
    }
    return elided ? groups < 8 : groups == 8;
}

/// All digits, or "0x" and hexadecimal digits: what software takes for a part of an IPv4 address, so that `127.1` and
/// `0x7f000001` are addresses in disguise (WHATWG URL, "ends in a number").
constexpr bool is_numeric_label(std::string_view label) noexcept
{
    if (label.size() > 1 && label[0] == '0' && to_lower(label[1]) == 'x') {
        label.remove_prefix(2);
        for (char c : label)
            if (!is_hex(c)) return false;
        return true;
    }
    for (char c : label)
        if (!is_digit(c)) return false;
    return true;
}

/// The rules of a hostname: labels of 1 to 63 letters, digits and hyphens, no hyphen at an end (RFC 1123, section 2.1),
/// 253 characters in all without the one dot that may end it (RFC 1034, section 3.1). Or an IPv4 address.
constexpr std::optional<violation> check_hostname(std::string_view host) noexcept
{
    if (host.empty()) return violation{"no host", 0};
    std::size_t label = 0;
    for (std::size_t at = 0;; ++at) {
        bool const end = at == host.size();
        if (!end && host[at] != '.') {
            char const c = host[at];
            if (c == '_') return violation{"'_' is not allowed in a hostname", at};
            if (c == '%') return violation{"'%' is not allowed in a hostname", at};
            if (!is_in(in_host, c)) return violation{"not a letter, a digit or a hyphen, as a hostname needs", at};
            if (c == '-' && at == label) return violation{"a label of the hostname begins with a hyphen", at};
            if (at - label == 63) return violation{"a label of the hostname is longer than 63 characters", at};
            continue;
        }
        if (at == label) return violation{"a label of the hostname is empty", at};
        if (host[at - 1] == '-') return violation{"a label of the hostname ends with a hyphen", at - 1};
        if (!end && at + 1 != host.size()) {
            label = at + 1;
            continue;
        }
        if (at > 253) return violation{"the hostname is longer than 253 characters", 253};
        if (is_numeric_label(host.substr(label, at - label)) && !is_ipv4(host))
            return violation{"the last label is a number, but the host is no IPv4 address", label};
        return {};
    }
}

/// Splits an absolute http or https URI and checks every byte of it; nothing is decoded, changed or left out. On
/// failure the parts are of no use.
constexpr std::optional<violation> parse_uri(std::string_view text, uri& parts) noexcept
{
    std::size_t const colon = find_or_end(text, ":", 0);
    parts.https = equal_ignoring_case(text.substr(0, colon), "https");
    if (colon == text.size() || !(parts.https || equal_ignoring_case(text.substr(0, colon), "http")))
        return violation{"not an absolute http or https URI", 0};
    if (text.substr(colon + 1, 2) != "//") return violation{"no \"//\" after the scheme", colon + 1};

    parts.authority = colon + 3;
    parts.target = find_or_end(text, "/?#", parts.authority);
    parts.target_end = find_or_end(text, "#", parts.target);

    parts.host = parts.authority;
    if (auto const at = text.substr(0, parts.target).find('@', parts.authority); at != text.npos) {
        parts.host = at + 1;
        if (auto const wrong = check_uri_bytes(text, parts.authority, at, in_userinfo)) return wrong;
    }

    if (text.substr(parts.host, 1) == "[") {
        parts.host_end = find_or_end(text.substr(0, parts.target), "]", parts.host);
        if (parts.host_end == parts.target) return violation{"'[' without ']'", parts.host};
        if (!is_ipv6(cut(text, parts.host + 1, parts.host_end)))
            return violation{"not an IPv6 address", parts.host + 1};
        ++parts.host_end;
        if (parts.host_end != parts.target && text[parts.host_end] != ':')
            return violation{"only a port may follow the ']'", parts.host_end};
    } else {
        parts.host_end = find_or_end(text.substr(0, parts.target), ":", parts.host);
        std::string_view const host = cut(text, parts.host, parts.host_end);
        for (std::size_t i = 0; i != host.size(); ++i)
            if (!is_in(in_target, host[i]) && host[i] != '%')
                return violation{explain_uri_byte(host[i]), parts.host + i};
        if (auto const wrong = check_hostname(host)) return violation{wrong->rule, parts.host + wrong->offset};
    }

    if (parts.host_end != parts.target) {
        std::size_t const first = parts.host_end + 1;
        if (first == parts.target) return violation{"no port after the ':'", first};
        std::uint32_t port = 0;
        for (std::size_t i = first; i != parts.target; ++i) {
            if (!is_digit(text[i])) return violation{"not a digit, as a port needs", i};
            if (port <= 65535) port = 10 * port + static_cast<std::uint32_t>(text[i] - '0');
        }
        if (port == 0 || port > 65535) return violation{"the port is not within 1 to 65535", first};
        parts.port = static_cast<std::uint16_t>(port);
    }

    if (auto const wrong = check_uri_bytes(text, parts.target, parts.target_end, in_target)) return wrong;
    if (parts.target_end == text.size()) return {};
    return check_uri_bytes(text, parts.target_end + 1, text.size(), in_target);
}

} // namespace sidecall::detail
