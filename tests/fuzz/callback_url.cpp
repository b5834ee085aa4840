// The parts of a callback are those that libcurl finds, and joined they give the text. A URL assembled by the grammar
// is a valid callback.

#include "fuzz.hpp"

#include <memory>

#include <arpa/inet.h>
#include <curl/curl.h>

#include <sidecall/callback_url.hpp>

using fuzz::inside;
using fuzz::require;

namespace {

std::string lower(std::string_view text)
{
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

/// A part as libcurl sees it; empty if there is none.
std::string part_of(CURLU* url, CURLUPart which, unsigned flags = 0)
{
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
    std::string part(text);
    curl_free(text);
    return part;
}

void compare_with_curl(sidecall::callback_url const& url)
{
    std::unique_ptr<CURLU, void (*)(CURLU*)> const other(curl_url(), &curl_url_cleanup);
    std::string const text(url.view());
    require(curl_url_set(other.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS) == CURLUE_OK,
            "libcurl accepts the URL");
    require(part_of(other.get(), CURLUPART_SCHEME) == lower(url.scheme()), "libcurl finds the same scheme");
    if (url.host().front() != '[') // libcurl normalizes IPv6 addresses
        require(lower(part_of(other.get(), CURLUPART_HOST)) == lower(url.host()), "libcurl finds the same host");
    require(part_of(other.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT) == std::to_string(url.port()),
            "libcurl finds the same port");
    std::string path(url.target().substr(0, url.target().find('?')));
    std::string const query(url.target().substr(path.size()));
    if (path.empty()) path = "/";
    require(part_of(other.get(), CURLUPART_PATH) == path, "libcurl finds the same path");
    require(part_of(other.get(), CURLUPART_QUERY) == (query.empty() ? query : query.substr(1)),
            "libcurl finds the same query");
}

/// RFC 1123, section 2.1, and RFC 1034, section 3.1.
bool is_hostname(std::string_view host)
{
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    if (host.size() > 253) return false;
    for (;;) {
        std::string_view const label = host.substr(0, host.find('.'));
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
        for (char c : label)
            if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-') return false;
        if (label.size() == host.size()) return true;
        host.remove_prefix(label.size() + 1);
    }
}

void check_parts(sidecall::callback_url const& url)
{
    std::string_view const text = url.view();
    require(inside(url.scheme(), text) && inside(url.host(), text) && inside(url.target(), text),
            "the parts lie within the text");
    require(lower(url.scheme()) == "http" || lower(url.scheme()) == "https", "the scheme is http or https");
    auto const offset = [&](std::string_view part) { return static_cast<std::size_t>(part.data() - text.data()); };
    std::size_t const begin = url.scheme().size() + 3;
    std::size_t const host_end = offset(url.host()) + url.host().size();
    std::size_t const target_end = offset(url.target()) + url.target().size();
    require(text.substr(0, begin) == std::string(url.scheme()) + "://", "the text begins with the scheme");
    require(offset(url.host()) == begin || text[offset(url.host()) - 1] == '@',
            "the host follows the user information");
    std::string_view const port = text.substr(host_end, offset(url.target()) - host_end);
    if (port.empty())
        require(url.port() == (lower(url.scheme()) == "https" ? 443 : 80), "without a port, the default port applies");
    else
        require(port.front() == ':' && std::stoul("0" + std::string(port.substr(1))) == url.port(),
                "the port is the one in the text");
    require(url.host().front() == '[' || is_hostname(url.host()), "the host is a hostname or an address");
    require(target_end == text.size() || text[target_end] == '#', "only a fragment follows the target");
    for (char c : text)
        require(c > ' ' && c <= '~' && std::string_view("\"<>\\^`{|}").find(c) == text.npos,
                "all characters are allowed in a URI");
}

void try_as_it_is(std::string_view input)
{
    auto const url = sidecall::callback_url::parse(input);
    auto const view = sidecall::callback_url_view::parse(input);
    require(url.has_value() == view.has_value(), "the owning type and the view accept the same texts");
    if (!url) {
        require(url.error().code() == sidecall::errc::invalid_argument && url.error().field() == "Callback",
                "the failure names the argument");
        require(url.error().offset() && *url.error().offset() <= input.size(), "the offset is within the text");
        require(url.error().to_string() == view.error().to_string(),
                "the owning type and the view give the same failure");
        return;
    }
    require(url->view() == input && view->view() == input, "the text is unchanged");
    require(inside(view->view(), input) && inside(view->host(), input) && inside(view->target(), input),
            "the parts of a view lie within its source");
    check_parts(*url);
    sidecall::callback_url const converted = *view;
    require(converted == *url && converted.host() == url->host() && converted.target() == url->target() &&
                converted.port() == url->port(),
            "a view converts to an equal owning URL");
    compare_with_curl(*url);
}

void try_as_built(std::string_view input)
{
    constexpr std::string_view label_bytes = "abcxyzABCXYZ0189";
    constexpr std::string_view user_bytes = "abZ09-._~!$&'()*+,;=:";
    constexpr std::string_view target_bytes = "abZ09-._~!$&'()*+,;=:@/?";
    fuzz::pieces bytes(input);
    unsigned const flags = bytes.byte();
    bool const https = flags & 1;
    std::string const scheme = flags & 2 ? (https ? "HTTPS" : "hTTp") : (https ? "https" : "http");
    std::string const user = flags & 4 ? bytes.word(user_bytes, 20) + "%4a@" : "";
    std::string host;
    for (unsigned labels = bytes.byte() % 4 + 1; labels != 0; --labels) {
        std::string const label = bytes.word(label_bytes, 60);
        host += (host.empty() ? "" : ".") + ("h" + label + (label.size() > 2 ? "-9" : "")); // no label is a number
    }
    if (flags & 8) host += '.';
    if (flags & 16) host = std::to_string(bytes.byte()) + '.' + std::to_string(bytes.byte()) + ".0.255";
    if (flags & 32) host = '[' + bytes.word("0123456789abcdefABCDEF", 3) + "1::2:ffff:" + bytes.word("12345", 3) + "0]";
    unsigned const port = 1 + (bytes.byte() << 8 | bytes.byte()) % 65535;
    std::string const given_port = flags & 64 ? ":" + std::to_string(port) : "";
    std::string target = bytes.word("/?", 1);
    if (!target.empty()) target += bytes.word(target_bytes, 40) + (flags & 128 ? "%aF" : "");
    std::string const fragment = bytes.byte() % 2 ? "#" + bytes.word(target_bytes, 10) : "";

    auto const url = sidecall::callback_url::parse(scheme + "://" + user + host + given_port + target + fragment);
    if (host.size() > 253 + (host.back() == '.' ? 1u : 0u)) {
        require(!url, "a host of more than 253 characters is rejected");
        return;
    }
    require(url.has_value(), "a URL assembled by the grammar is accepted");
    require(url->scheme() == scheme && url->host() == host && url->target() == target,
            "the parts are those of the assembled URL");
    require(url->port() == (given_port.empty() ? (https ? 443u : 80u) : port), "the port is that of the assembled URL");
}

/// A host in brackets is valid if the C library accepts it as an IPv6 address.
void try_ipv6(std::string const& text)
{
    unsigned char bytes[16];
    bool const is_address = inet_pton(AF_INET6, text.c_str(), bytes) == 1;
    require(sidecall::callback_url::parse("http://[" + text + "]").has_value() == is_address, "inet_pton agrees");
}

} // namespace

FUZZ_TARGET(callback_url)
{
    std::string_view const line = input.substr(0, input.find('\0')); // the C library stops there
    if (line.find_first_of("[]/?#@") == line.npos) try_ipv6(std::string(line));
    try_ipv6(fuzz::pieces(input).word("0:1:2.5:fF:", 45));
    try_as_it_is(input);
    try_as_built(input);
}
