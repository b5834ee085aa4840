#pragma once

// Reads an HTTP/1.1 response (RFC 9112), for programs that use a bare socket. Use one connection per request, and call
// read_http1 whenever bytes arrive.

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "stack.hpp"

/// Parses a text that consists of one number only.
inline std::optional<std::size_t> parse_number(std::string_view text, int base)
{
    std::size_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

/// Decodes a chunked body (section 7.1). Returns whether the body is complete, or nothing if the chunks are malformed.
inline std::optional<bool> decode_chunks(std::string_view bytes, std::string& body)
{
    for (;;) {
        std::size_t const line_end = bytes.find("\r\n");
        if (line_end == bytes.npos) return false;
        std::size_t const size_end = bytes.find_first_of("; \t\r");
        auto const size = parse_number(bytes.substr(0, size_end), 16);
        if (!size || *size > response_limit) return {};
        bytes.remove_prefix(line_end);
        if (*size == 0) return bytes.find("\r\n\r\n") != bytes.npos; // trailer fields may come first
        if (bytes.size() < *size + 4) return false;
        if (bytes.substr(*size + 2, 2) != "\r\n") return {};
        body += bytes.substr(2, *size);
        bytes.remove_prefix(*size + 4);
    }
}

/// Reads the response to a request other than HEAD. `bytes` is everything received so far. If the response is not yet
/// complete, returns nothing while the connection is open, and a failure if it `has_ended`.
inline std::optional<sidecall::result<sidecall::http_response>> read_http1(std::string_view bytes, bool has_ended)
{
    using sidecall::errc;
    using sidecall::failure;
    auto const incomplete = [&] { return has_ended ? std::optional(failure(errc::answer_lost)) : std::nullopt; };
    auto const malformed = [] { return failure(errc::answer_lost, "not a valid HTTP/1.1 response"); };
    if (bytes.size() > response_limit) return failure(errc::answer_too_large);

    sidecall::http_response response;
    std::string_view lines;
    while (response.status < 200) { // interim responses may come first, for example "103 Early Hints"
        std::size_t const end = bytes.find("\r\n\r\n");
        if (end == bytes.npos) return incomplete();
        lines = bytes.substr(0, end + 2);
        bytes.remove_prefix(end + 4);
        auto const status = lines.starts_with("HTTP/1.") ? parse_number(lines.substr(9, 3), 10) : std::nullopt;
        if (!status || *status < 100) return malformed();
        response.status = static_cast<int>(*status);
    }
    for (;;) {
        lines.remove_prefix(lines.find("\r\n") + 2);
        if (lines.empty()) break;
        std::size_t const colon = lines.find(':');
        if (colon > lines.find("\r\n")) return malformed();
        response.headers.add(lines.substr(0, colon), lines.substr(colon + 1, lines.find("\r\n") - colon - 1));
    }

    sidecall::headers_view const fields = response.headers;
    bool is_complete = has_ended; // unless a header field tells where the body ends (section 6.3)
    if (response.status == 204 || response.status == 304) return response;
    if (auto const coding = fields.find("Transfer-Encoding")) {
        if (*coding != "chunked")
            return failure(errc::transport_failure, "the response has an unknown transfer coding");
        auto const complete = decode_chunks(bytes, response.body);
        if (!complete) return malformed();
        is_complete = *complete;
    } else if (auto const text = fields.find("Content-Length")) {
        auto const length = parse_number(*text, 10);
        if (!length) return malformed();
        if (*length > response_limit) return failure(errc::answer_too_large);
        is_complete = bytes.size() >= *length;
        response.body = bytes.substr(0, *length);
    } else {
        response.body = bytes;
    }
    if (!is_complete) return incomplete();
    return response;
}
