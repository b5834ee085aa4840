#pragma once

// How an answer of HTTP/1.1 (RFC 9112) is read, for those whose stack is a socket and nothing else: one connection for
// each request, and a call of read_http1 whenever bytes have come.

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "stack.hpp"

/// The number that a text is, and nothing else.
inline std::optional<std::size_t> parse_number(std::string_view text, int base)
{
    std::size_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

/// Takes the chunks of a body apart: whether all have come, or nothing if they are none (section 7.1).
inline std::optional<bool> take_chunks(std::string_view bytes, std::string& body)
{
    for (;;) {
        std::size_t const line = bytes.find("\r\n");
        if (line == bytes.npos) return false;
        std::size_t const digits = bytes.find_first_of("; \t\r");
        auto const size = parse_number(bytes.substr(0, digits), 16);
        if (!size || *size > answer_limit) return {};
        bytes.remove_prefix(line);
        if (*size == 0) return bytes.find("\r\n\r\n") != bytes.npos; // there may be header fields in between
        if (bytes.size() < *size + 4) return false;
        if (bytes.substr(*size + 2, 2) != "\r\n") return {};
        body += bytes.substr(2, *size);
        bytes.remove_prefix(*size + 4);
    }
}

/// Reads the answer to a request other than HEAD from all the bytes that have come since. Nothing if more must come;
/// but a failure if the connection `has_ended`.
inline std::optional<sidecall::result<sidecall::http_response>> read_http1(std::string_view bytes, bool has_ended)
{
    using sidecall::errc;
    using sidecall::failure;
    auto const more = [&] { return has_ended ? std::optional(failure(errc::answer_lost)) : std::nullopt; };
    auto const garbled = [] { return failure(errc::answer_lost, "what came is no answer of HTTP/1.1"); };
    if (bytes.size() > answer_limit) return failure(errc::answer_too_large);

    sidecall::http_response answer;
    std::string_view lines;
    while (answer.status < 200) { // before the answer there may be others, "103 Early Hints" say
        std::size_t const end = bytes.find("\r\n\r\n");
        if (end == bytes.npos) return more();
        lines = bytes.substr(0, end + 2);
        bytes.remove_prefix(end + 4);
        auto const status = lines.starts_with("HTTP/1.") ? parse_number(lines.substr(9, 3), 10) : std::nullopt;
        if (!status || *status < 100) return garbled();
        answer.status = static_cast<int>(*status);
    }
    for (;;) {
        lines.remove_prefix(lines.find("\r\n") + 2);
        if (lines.empty()) break;
        std::size_t const colon = lines.find(':');
        if (colon > lines.find("\r\n")) return garbled();
        answer.headers.add(lines.substr(0, colon), lines.substr(colon + 1, lines.find("\r\n") - colon - 1));
    }

    sidecall::headers_view const fields = answer.headers;
    bool is_whole = has_ended; // if nothing else says where the body ends (section 6.3)
    if (answer.status == 204 || answer.status == 304) return answer;
    if (auto const coding = fields.find("Transfer-Encoding")) {
        if (*coding != "chunked") return failure(errc::transport_failure, "the answer is coded in an unknown way");
        auto const done = take_chunks(bytes, answer.body);
        if (!done) return garbled();
        is_whole = *done;
    } else if (auto const text = fields.find("Content-Length")) {
        auto const length = parse_number(*text, 10);
        if (!length) return garbled();
        if (*length > answer_limit) return failure(errc::answer_too_large);
        is_whole = bytes.size() >= *length;
        answer.body = bytes.substr(0, *length);
    } else {
        answer.body = bytes;
    }
    if (!is_whole) return more();
    return answer;
}
