#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/literal.hpp>

// Parses http and https URIs by RFC 3986, with hosts by RFC 1123 (section 2.1) and RFC 1034 (section 3.1). That is
// stricter than the generic `reg-name`, because Twilio has to resolve the name ("URLs must contain a valid hostname,
// underscores are not permitted"). Rejected on purpose: IPvFuture and zone identifiers, because Twilio could not reach
// such an address, and an empty port, because it is probably a mistake.
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
    std::size_t host = 0; // includes the brackets of an IPv6 address
    std::size_t host_end = 0;
    std::size_t target = 0; // path and query, unchanged; may be empty
    std::size_t target_end = 0;
    std::uint16_t port = 0; // 0 if absent
    bool https = false;
};

/// Bytes of a hostname label: letters, digits and the hyphen.
constexpr bool compute_is_label_byte(char c) noexcept
{
    return is_alnum(c) || c == '-';
}

/// `compute_is_label_byte` for every byte, as a table.
inline constexpr auto label_bytes = [] {
    struct table {
        bool of[256];
    } set{};
    for (int c = 0; c != 256; ++c) set.of[c] = compute_is_label_byte(static_cast<char>(c));
    return set;
}();

constexpr bool is_label_byte(char c) noexcept
{
    if constexpr (prefers_size) return compute_is_label_byte(c);
    return label_bytes.of[static_cast<octet>(c)];
}

/// Bytes of user-info, except the "%" of an escape: unreserved, sub-delims and ":".
struct is_userinfo_byte : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_between(lower(c), 'a', 'z') | is_between(c, '&', '.') | is_between(c, '0', ';') | is(c, '!') |
               is(c, '$') | is(c, '=') | is(c, '_') | is(c, '~');
    }
};

/// Bytes of a path, a query or a fragment, except the "%" of an escape: `pchar`, "/" and "?".
struct is_target_byte : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_userinfo_byte()(c) | is(c, '/') | is_between(c, '?', '@');
    }
};

/// Says why a byte is not allowed in a URI, or not in this place.
constexpr literal explain_uri_byte(char c) noexcept
{
    auto const code = static_cast<octet>(c);
    if (code >= 0x80) return "not ASCII: percent-encode it (in a host: use its xn-- form)";
    if (c == ' ' || c == '\t') return "whitespace: percent-encode it";
    if (code < 0x20 || code == 0x7F) return "a control character";
    if (c == '\\') return "a backslash";
    if (c == '#') return "a second '#'";
    return "not a character that RFC 3986 allows here: percent-encode it";
}

/// Skips bytes of a class and percent-escapes from `at` on. Returns the offset of the first byte that is neither, or
/// the size of the text.
template <class Class>
constexpr std::size_t skip_uri_bytes(Class in_class, std::string_view text, std::size_t at) noexcept
{
    for (;; at += 3) {
        at = detail::find_first_not_in(in_class, text, at);
        if (text.size() - at < 3 || text[at] != '%' || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return at;
    }
}

/// Says why `skip_uri_bytes` stopped at `at`.
constexpr violation explain_uri_stop(std::string_view text, std::size_t at) noexcept
{
    if (text[at] == '%') return {"'%' without two hexadecimal digits", at};
    return {explain_uri_byte(text[at]), at};
}

/// Whether a text is an `IPv4address` of RFC 3986: four decimal numbers from 0 to 255 without leading zeros.
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

/// Whether a text is an `IPv6address` of RFC 3986: eight groups of up to four hexadecimal digits. The last two groups
/// may be written as an IPv4 address, and one run of groups may be replaced by "::".
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

/// Whether the last label of a hostname is all digits, or "0x" and hexadecimal digits. Software parses such a host as
/// an IPv4 address, for example `127.1` and `0x7f000001` (WHATWG URL, "ends in a number").
constexpr bool ends_in_number(std::string_view host, std::size_t last_label) noexcept
{
    std::string_view label = slice(host, last_label, find_or_end(host, ".", last_label));
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

/// Whether a host may end at `at`: at the end of the text, or where a port, path, query or fragment begins.
constexpr bool is_host_end(std::string_view text, std::size_t at) noexcept
{
    return at == text.size() || text[at] == ':' || text[at] == '/' || text[at] == '?' || text[at] == '#';
}

/// The end of a hostname, and the first rule that it breaks.
struct hostname {
    std::size_t end = 0;
    std::size_t last_label = 0; // where the last non-empty label begins
    violation fault{};
};

/// Reads the hostname or IPv4 address that begins at `begin`, up to the first byte that cannot be part of one. The
/// labels must have 1 to 63 letters, digits and hyphens, and no hyphen at either end (RFC 1123, section 2.1). The name
/// may have at most 253 characters, not counting one trailing dot (RFC 1034, section 3.1). Does not report the byte
/// after the name; if no host may end there, the caller must.
constexpr hostname read_hostname(std::string_view text, std::size_t const begin) noexcept
{
    hostname host;
    auto const report = [&host](literal rule, std::size_t at) {
        if (!host.fault) host.fault = violation{rule, at};
    };
    std::size_t label = begin;
    for (std::size_t at = begin;; label = ++at) {
        while (at != text.size() && is_label_byte(text[at])) ++at;
        host.end = at;
        bool const dot = at != text.size() && text[at] == '.';
        if (at != label) {
            host.last_label = label;
            if (text[label] == '-') report("a label of the hostname begins with a hyphen", label);
            if (at - label > 63) report("a label of the hostname is longer than 63 characters", label + 63);
            if (text[at - 1] == '-' && (dot || is_host_end(text, at)))
                report("a label of the hostname ends with a hyphen", at - 1);
        } else if (dot || (at == begin && is_host_end(text, at))) {
            report(dot ? literal("a label of the hostname is empty") : literal("no host"), at);
        }
        if (!dot) break;
    }
    if (host.fault || !is_host_end(text, host.end)) return host;
    std::size_t const end = label == host.end ? label - 1 : host.end; // without a trailing dot
    if (end - begin > 253) report("the hostname is longer than 253 characters", begin + 253);
    return host;
}

/// Whether a text is one label of a hostname, without a dot.
constexpr bool is_dns_label(std::string_view text) noexcept
{
    auto const host = read_hostname(text, 0);
    return !host.fault && host.end == text.size() && text.find('.') == text.npos;
}

/// Says why a byte is not allowed in a hostname.
constexpr violation explain_host_byte(std::string_view text, std::size_t at) noexcept
{
    if (text[at] == '_') return {"'_' is not allowed in a hostname", at};
    if (text[at] == '%') return {"'%' is not allowed in a hostname", at};
    return {"not a letter, a digit or a hyphen, as a hostname needs", at};
}

/// Returns what is wrong with a host. A byte that is not allowed anywhere in a URI takes precedence over the rules for
/// hostnames.
constexpr violation explain_hostname(std::string_view text, std::size_t begin, hostname const& host) noexcept
{
    std::size_t const end = find_or_end(text, ":/?#", begin);
    for (std::size_t at = begin; at != end; ++at)
        if (!is_target_byte()(static_cast<octet>(text[at])) && text[at] != '%') return {explain_uri_byte(text[at]), at};
    return host.fault ? host.fault : explain_host_byte(text, host.end);
}

/// Splits an absolute http or https URI into its parts and checks every byte. Decodes and changes nothing. If it
/// returns a violation, `parts` must not be used.
constexpr violation parse_uri(std::string_view text, uri& parts) noexcept
{
    parts.https = equal_ignoring_case(text.substr(0, 6), "https:");
    if (!parts.https && !equal_ignoring_case(text.substr(0, 5), "http:"))
        return violation{"not an absolute http or https URI", 0};
    std::size_t const colon = parts.https ? 5 : 4;
    if (text.substr(colon + 1, 2) != "//") return violation{"no \"//\" after the scheme", colon + 1};

    parts.authority = parts.host = colon + 3;
    hostname host = read_hostname(text, parts.host);
    parts.target = find_or_end(text, "/?#", host.end);
    if (auto const at = slice(text, host.end, parts.target).find('@'); at != std::string_view::npos) {
        parts.host = host.end + at + 1;
        std::string_view const userinfo = text.substr(0, parts.host - 1);
        std::size_t const stop = skip_uri_bytes(is_userinfo_byte(), userinfo, parts.authority);
        if (stop != userinfo.size()) return explain_uri_stop(text, stop);
        host = read_hostname(text, parts.host);
    }

    if (text.substr(parts.host, 1) == "[") {
        parts.host_end = find_or_end(text.substr(0, parts.target), "]", parts.host);
        if (parts.host_end == parts.target) return violation{"'[' without ']'", parts.host};
        if (!is_ipv6(slice(text, parts.host + 1, parts.host_end)))
            return violation{"not an IPv6 address", parts.host + 1};
        ++parts.host_end;
        if (parts.host_end != parts.target && text[parts.host_end] != ':')
            return violation{"only a port may follow the ']'", parts.host_end};
    } else {
        parts.host_end = host.end;
        if (host.fault || !is_host_end(text, host.end)) return explain_hostname(text, parts.host, host);
        std::string_view const name = slice(text, parts.host, host.end);
        if (is_digit(text[host.last_label]) && ends_in_number(name, host.last_label - parts.host) && !is_ipv4(name))
            return violation{"the last label is a number, but the host is no IPv4 address", host.last_label};
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

    parts.target_end = skip_uri_bytes(is_target_byte(), text, parts.target);
    if (parts.target_end == text.size()) return {};
    if (text[parts.target_end] != '#') return explain_uri_stop(text, parts.target_end);
    std::size_t const stop = skip_uri_bytes(is_target_byte(), text, parts.target_end + 1);
    if (stop == text.size()) return {};
    return explain_uri_stop(text, stop);
}

/// Whether a segment of a path is "." or "..", which may also be percent-encoded (RFC 3986, sections 3.3 and 6.2.2.2).
/// Clients remove such a segment, so the path would name another resource.
constexpr bool is_dot_segment(std::string_view segment) noexcept
{
    std::size_t dots = 0;
    while (!segment.empty()) {
        std::size_t const size = segment[0] == '.' ? 1 : 3;
        if (size == 3 && !equal_ignoring_case(segment.substr(0, 3), "%2e")) return false;
        segment.remove_prefix(size);
        ++dots;
    }
    return dots == 1 || dots == 2;
}

/// Returns what is wrong with a path. Every byte must be a `pchar` or "/" (RFC 3986, section 3.3), and no segment may
/// be a dot segment. If `may_have_query`, a "?" and a query (section 3.4) may follow.
constexpr violation check_path(std::string_view text, bool may_have_query) noexcept
{
    std::size_t const end = find_or_end(text, "?", 0);
    if (end != text.size() && !may_have_query) return {"a query does not belong in a path: use query()", end};
    std::size_t const stop = skip_uri_bytes(is_target_byte(), text, 0);
    if (stop != text.size() && text[stop] == '#') return {"a fragment is not sent", stop};
    if (stop != text.size()) return explain_uri_stop(text, stop);
    for (std::size_t begin = 0; begin < end;) {
        std::size_t const next = find_or_end(text.substr(0, end), "/", begin);
        if (is_dot_segment(slice(text, begin, next))) return {"a dot segment", begin};
        begin = next + 1;
    }
    return {};
}

/// Returns what is wrong with a path and query that a server returned: a `relative-ref` (RFC 3986, section 4.2) that
/// begins with one "/".
constexpr violation check_path_and_query(std::string_view text) noexcept
{
    if (text.substr(0, 1) != "/") return {"does not begin with '/'", 0};
    if (text.substr(1, 1) == "/") return {"names a host", 0};
    return check_path(text, true);
}

} // namespace sidecall::detail
