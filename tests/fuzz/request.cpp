// Makes the request of an operation with any parts. It must be made if, and only if, independent rules allow each part,
// and must then decode to the values that it was made from.

#include "fuzz.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sidecall/authorized_request.hpp>
#include <sidecall/credentials.hpp>

#include "other_json.hpp"

using fuzz::require;

namespace {

/// 's' a segment, 'u' a URI, 'q' a query parameter, 'f' a field, 'j' a JSON body, 'h' a header field.
struct part {
    char kind;
    std::string_view name;
    std::string_view value;
};

template <sidecall::http_method Method>
struct operation {
    std::vector<part> parts;

    static constexpr sidecall::http_method request_method = Method;
    static constexpr bool has_body = Method == sidecall::http_method::post;

    template <class Request>
    void write(Request& request) const
    {
        bool const has_uri = std::any_of(parts.begin(), parts.end(), [](part const& one) { return one.kind == 'u'; });
        if (!has_uri) request.path("/v1");
        for (auto const& [kind, name, value] : parts) {
            if (kind == 's') request.path("/").segment(value);
            if (kind == 'u') request.uri(value);
            if (kind == 'q') request.query(name, value);
            if (kind == 'h') request.header(name, value);
            if constexpr (has_body) {
                if (kind == 'f') request.field(name, value);
                if (kind == 'j') request.json_body(value);
            }
        }
    }
};

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool contains(std::string_view set, char c)
{
    return c != '\0' ? set.find(c) != set.npos : std::memchr(set.data(), 0, set.size()) != nullptr;
}

std::string lower(std::string_view text)
{
    std::string low(text);
    for (char& c : low)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return low;
}

bool is_header_name(std::string_view name)
{
    for (char c : name)
        if (!contains(letters, c) && !contains("!#$%&'*+-.^_`|~", c)) return false;
    std::vector<std::string> const reserved = {"accept-charset",
                                               "accept-encoding",
                                               "authorization",
                                               "connection",
                                               "content-encoding",
                                               "content-length",
                                               "content-type",
                                               "expect",
                                               "host",
                                               "keep-alive",
                                               "proxy-authorization",
                                               "proxy-connection",
                                               "te",
                                               "trailer",
                                               "transfer-encoding",
                                               "upgrade",
                                               "user-agent"};
    return !name.empty() && std::find(reserved.begin(), reserved.end(), lower(name)) == reserved.end();
}

bool is_header_value(std::string_view value)
{
    for (char c : value)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return false;
    auto const is_blank = [](char c) { return c == ' ' || c == '\t'; };
    return !value.empty() && !is_blank(value.front()) && !is_blank(value.back());
}

bool is_uri(std::string_view text)
{
    if (text.empty() || text[0] != '/' || text.substr(0, 2) == "//") return false;
    for (std::size_t at = 0; at != text.size(); ++at) {
        if (text[at] == '%') {
            if (text.size() - at < 3 || !std::isxdigit(static_cast<unsigned char>(text[at + 1])) ||
                !std::isxdigit(static_cast<unsigned char>(text[at + 2])))
                return false;
        } else if (!contains(letters, text[at]) && !contains("-._~!$&'()*+,;=:@/?", text[at])) {
            return false;
        }
    }
    std::string path = lower(text.substr(0, text.find('?'))) + '/';
    for (std::size_t at; (at = path.find("%2e")) != path.npos;) path.replace(at, 3, ".");
    return path.find("/./") == path.npos && path.find("/../") == path.npos;
}

/// Whether the request can be made: a second implementation of the writer's rules.
bool is_valid(std::vector<part> const& parts)
{
    std::size_t json = 0, fields = 0, uris = 0;
    bool valid = true, has_segment = false;
    for (auto const& [kind, name, value] : parts) {
        json += kind == 'j' ? 1 : 0;
        fields += kind == 'f' ? 1 : 0;
        uris += kind == 'u' ? 1 : 0;
        if (kind == 'u') valid = valid && is_uri(value);
        if (kind == 's') valid = valid && !value.empty() && value != "." && value != "..";
        if (kind == 'h') valid = valid && is_header_name(name) && is_header_value(value);
        if (kind == 'j') valid = valid && fuzz::read_by_nlohmann(value).is_json;
        has_segment |= kind == 's';
    }
    return valid && uris <= 1 && (uris == 0 || !has_segment) && json <= 1 && (json == 0 || fields == 0);
}

std::string decode(std::string_view text, bool plus_is_blank)
{
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        char c = text[at];
        if (c == '+' && plus_is_blank) {
            c = ' ';
        } else if (c == '%') {
            c = static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
            at += 2;
        } else {
            require(contains(letters, c) || contains("-._~", c), "every byte of data is unreserved or escaped");
        }
        decoded += c;
    }
    return decoded;
}

using pairs = std::vector<std::pair<std::string, std::string>>;

pairs decode_pairs(std::string_view text)
{
    pairs decoded;
    while (!text.empty()) {
        std::string_view const pair = text.substr(0, text.find('&'));
        std::size_t const equals = pair.find('=');
        require(equals != pair.npos, "each parameter has a '='");
        decoded.emplace_back(decode(pair.substr(0, equals), true), decode(pair.substr(equals + 1), true));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
    }
    return decoded;
}

void check_parts(sidecall::http_request const& request, std::vector<part> const& parts)
{
    std::string path;
    std::optional<std::string> uri, json;
    pairs query, form, headers;
    for (auto const& [kind, name, value] : parts) {
        if (kind == 's') path += '/' + std::string(value);
        if (kind == 'u') uri = value;
        if (kind == 'j') json = value;
        if (kind == 'q') query.emplace_back(name, value);
        if (kind == 'f') form.emplace_back(name, value);
        if (kind == 'h') headers.emplace_back(name, value);
    }
    std::string_view target = request.target();
    std::size_t slashes = 1;
    for (auto const& one : parts) slashes += one.kind == 's' ? 1 : 0;
    std::string_view const fixed = uri ? std::string_view(*uri) : std::string_view("/v1");
    require(target.substr(0, fixed.size()) == fixed, "the fixed part comes first, as written");
    target.remove_prefix(fixed.size());
    std::size_t const mark =
        query.empty() ? target.npos : target.find(uri && fixed.find('?') != fixed.npos && path.empty() ? '&' : '?');
    if (!uri) {
        std::string_view const variable = target.substr(0, mark);
        require(static_cast<std::size_t>(std::count(variable.begin(), variable.end(), '/')) + 1 == slashes,
                "a segment adds no '/'");
        std::string decoded;
        for (std::size_t at = 0; at < variable.size();) {
            std::size_t const next = std::min(variable.find('/', at + 1), variable.size());
            decoded += '/' + decode(variable.substr(at + 1, next - at - 1), false);
            at = next;
        }
        require(decoded == path, "the segments are decoded to their values");
        require(query.empty() || decode_pairs(target.substr(mark + 1)) == query,
                "the query is decoded to its parameters");
    }
    require(json ? request.body() == *json : decode_pairs(request.body()) == form, "the body decodes to its parts");
    pairs sent;
    for (auto const field : request.headers()) sent.emplace_back(field.name, field.value);
    require(sent.size() > headers.size() && std::equal(headers.begin(), headers.end(), sent.begin()),
            "the operation's header fields come first, unchanged");
    auto const accepts = static_cast<std::size_t>(
        std::count_if(sent.begin(), sent.end(), [](auto const& field) { return lower(field.first) == "accept"; }));
    auto const own = static_cast<std::size_t>(std::count_if(
        headers.begin(), headers.end(), [](auto const& field) { return lower(field.first) == "accept"; }));
    require(accepts == std::max<std::size_t>(own, 1), "an Accept of the operation replaces the default");
    std::string const wire = request.to_http1();
    auto const head = wire.substr(0, wire.find("\r\n\r\n") + 2);
    std::size_t const lines = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n'));
    bool const has_length = request.method() == sidecall::http_method::post;
    require(lines == sent.size() + 2 + (has_length ? 1 : 0), "no value adds a line");
    require(request.host() == "api.twilio.com" && request.url().substr(0, 23) == "https://api.twilio.com/",
            "no value changes the host");
}

template <class Operation>
void try_operation(Operation const& tried)
{
    auto const request = sidecall::make_request(tried);
    require(request.has_value() == is_valid(tried.parts), "a request is made if, and only if, each part is valid");
    auto const credentials = sidecall::credentials::auth_token(
        *sidecall::account_sid::parse("AC00000000000000000000000000000001"), sidecall::secret("a token"));
    if (!request) {
        require(request.error().code() == sidecall::errc::invalid_argument && !request.error().field().empty() &&
                    request.error().offset(),
                "a failure names the field and the byte");
        auto const other = authorize(tried, credentials, sidecall::endpoint::twilio());
        require(!other && other.error() == request.error(), "authorize fails in the same way");
        return;
    }
    check_parts(*request, tried.parts);

    char nothing[1];
    auto const none = authorize(tried, credentials, sidecall::endpoint(), sidecall::storage(nothing, 0));
    require(!none && none.error().field() == "storage" && none.error().offset(), "an empty storage is too small");
    std::size_t const size = *none.error().offset();
    std::unique_ptr<char[]> const room(new char[size]); // a sanitizer sees an access beyond it
    auto const smaller = authorize(tried, credentials, sidecall::endpoint(), sidecall::storage(room.get(), size - 1));
    require(!smaller && smaller.error().offset() == size, "a storage that is one byte smaller is too small");
    auto const in_place = authorize(tried, credentials, sidecall::endpoint(), sidecall::storage(room.get(), size));
    auto const on_heap = authorize(*request, credentials);
    require(in_place && in_place->url() == on_heap.url() && in_place->body() == on_heap.body() &&
                in_place->headers().text() == on_heap.headers().text(),
            "the request in a storage of the reported size equals the one on the heap");

    auto const rank = [](part const& one) { return std::string_view("suqqfjhh").find(one.kind) / 2; };
    Operation sorted = tried;
    std::stable_sort(sorted.parts.begin(), sorted.parts.end(),
                     [&](part const& a, part const& b) { return rank(a) < rank(b); });
    auto const same = sidecall::make_request(sorted);
    require(same && *same == *request, "the kinds of parts may come in any order");
}

} // namespace

FUZZ_TARGET(request)
{
    fuzz::pieces lines(input);
    bool const is_post = input.substr(0, 2) == "P\n";
    if (is_post) lines.line();
    std::vector<part> parts;
    while (!lines.empty() && parts.size() < 12) {
        std::string_view const line = lines.line();
        if (line.empty() || !contains(is_post ? "suqfjh" : "suqh", line[0])) continue;
        std::string_view const text = line.substr(1);
        if (line[0] == 'j' && fuzz::read_by_nlohmann(text).is_unsure) continue;
        bool const has_name = contains("qfh", line[0]);
        std::size_t const equals = has_name ? std::min(text.find('='), text.size()) : 0;
        parts.push_back(
            {line[0], text.substr(0, equals), has_name ? text.substr(std::min(equals + 1, text.size())) : text});
    }
    if (is_post)
        try_operation(operation<sidecall::http_method::post>{std::move(parts)});
    else
        try_operation(operation<sidecall::http_method::get>{std::move(parts)});
}
