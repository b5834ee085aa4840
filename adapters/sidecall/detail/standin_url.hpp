#pragma once

// Callback URLs: which ones the stand-in accepts, and where it sends their requests.

#include <sidecall/detail/standin_text.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace sidecall::standin_detail {

/// Whether the text has only unreserved characters, sub-delimiters and escapes (RFC 3986), or characters of `extra`.
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

/// Returns the error of a host (RFC 1123, section 2.1, and RFC 3986, section 3.2.2), or an empty string.
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
        if (label.empty() || label.size() > 63) return "a label of the hostname does not have 1 to 63 characters";
        if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; }))
            return "the hostname has a character that is not permitted";
        if (label.front() == '-' || label.back() == '-') return "a label of the hostname begins or ends with a hyphen";
    }
    if (is_number(labels.back())) return "the host is neither a hostname nor an IPv4 address";
    return "";
}

/// Returns the error of a callback URL, or an empty string. Twilio: "URLs must contain a valid hostname (underscores
/// are not permitted)".
inline std::string callback_fault(std::string const& url)
{
    auto const colon = url.find("://");
    if (colon == std::string::npos) return "it is not an absolute URL";
    std::string const scheme = to_lower(std::string_view{url}.substr(0, colon));
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
        if (port.empty() || port.size() > 5 || std::stol(port) > 65535)
            return "its port is not in the range 1 to 65535";
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

inline std::string add_to_query(std::string url, std::string const& parameters)
{
    if (url.find('?') == std::string::npos)
        url += '?';
    else if (url.back() != '?' && url.back() != '&')
        url += '&';
    return url + parameters;
}

/// The parts of a URL that are needed to send a request to it.
struct url_parts {
    bool https = false;
    std::string user_info = {};
    std::string host = {};
    int port = 0;
    std::string target = {};
};

/// Splits a URL for which `callback_fault` is empty.
inline url_parts split_url(std::string const& url)
{
    url_parts parts;
    auto const colon = url.find("://");
    parts.https = to_lower(std::string_view{url}.substr(0, colon)) == "https";
    parts.port = parts.https ? 443 : 80;
    std::string const rest = url.substr(colon + 3, url.find('#') - colon - 3);
    auto const end = (std::min)(rest.find_first_of("/?"), rest.size());
    parts.host = rest.substr(0, end);
    parts.target = rest.substr(end);
    if (parts.target.empty() || parts.target.front() != '/') parts.target.insert(0, "/");

    if (auto const at = parts.host.rfind('@'); at != std::string::npos) {
        parts.user_info = parts.host.substr(0, at);
        parts.host.erase(0, at + 1);
    }
    auto const bracket = parts.host.rfind(']');
    if (auto const port = parts.host.find(':', bracket == std::string::npos ? 0 : bracket); port != std::string::npos) {
        parts.port = std::stoi(parts.host.substr(port + 1));
        parts.host.erase(port);
    }
    if (parts.host.front() == '[') parts.host = parts.host.substr(1, parts.host.size() - 2);
    return parts;
}

} // namespace sidecall::standin_detail
