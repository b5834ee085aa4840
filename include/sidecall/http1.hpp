#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/callback_url.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/detail/text/header_field.hpp>
#include <sidecall/detail/wire/http1_parser.hpp>
#include <sidecall/header.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/result.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/text_view.hpp>
#include <sidecall/webhook.hpp>

// HTTP/1.1 (RFC 9112) without I/O, for programs that use a bare socket: bytes in, a complete message out. Not included
// by sidecall.hpp.
namespace sidecall {

/// How large a message may be. A reader refuses what is larger when it sees that, before it allocates memory for it.
struct http1_limits {
    std::size_t line = 8 * 1024;          ///< Bytes of the start line, of a field line, or of the line of a chunk size.
    std::size_t header_block = 64 * 1024; ///< Bytes of all field lines, with those of the trailer and each CR LF.
    std::size_t fields = 128;             ///< Number of field lines, with those of the trailer.
    std::size_t body = 1024 * 1024;       ///< Bytes of the body, decoded.
};

/// What a reader did with the bytes that it was given.
struct http1_progress {
    /// How many of the bytes belong to this message. Unless it is `done`, all of them. What follows belongs to the next
    /// message on this connection.
    std::size_t consumed = 0;
    bool done = false; ///< Whether the message is complete.
    /// Only for requests: the client waits for `http1_response(100)` before it sends the body (RFC 9110, section
    /// 10.1.1). True once, after the header fields, if no byte of the body came with them.
    bool wants_continue = false;

    /// Compares all members.
    friend constexpr bool operator==(http1_progress const&, http1_progress const&) = default;
};

namespace detail {

constexpr http1_bounds to_bounds(http1_limits const& limits) noexcept
{
    return {limits.line, limits.header_block, limits.fields, limits.body};
}

} // namespace detail

/// Reads one response, in pieces of any size. Interim responses (1xx) are skipped; they count towards the limits
/// of the header fields. The body ends as RFC 9112, section 6.3, says: after `Content-Length` bytes, after the last
/// chunk, or with the connection. Chunk extensions and trailer fields are discarded. All chunk extensions together may
/// be as long as `http1_limits::header_block`.
///
/// Strict: what two programs could read differently is refused, such as a second `Content-Length`, or one beside
/// `Transfer-Encoding`; a transfer coding other than `chunked`; a bare CR or LF; control characters; a folded field. A
/// status of 600 to 999 is accepted, because clients should treat it as a 5xx (RFC 9110, section 15). 101 is refused.
///
/// Takes linear time. Copies the header fields and the body to the heap or to the caller's buffer. On the heap, memory
/// grows with the bytes that arrive, whatever `Content-Length` announces. With a buffer, nothing allocates. The buffer
/// must outlive the reader, and have room for the field lines, the body, and one more line with its CR LF.
///
/// For the next response, make another reader. A moved-from reader fails.
///
/// @code
/// sidecall::http1_response_reader reader(request.method());
/// for (;;) {
///     std::string_view const bytes = receive(); // from your socket
///     auto const progress = bytes.empty() ? reader.end() : reader.feed(bytes);
///     if (!progress) return progress.error();
///     if (progress->done) return reader.response();
/// }
/// @endcode
class http1_response_reader {
public:
    /// Reads the response to a request with this method onto the heap. The response to a HEAD has no body.
    constexpr explicit http1_response_reader(http_method method, http1_limits const& limits = {}) noexcept
        : parser_(detail::http1_parser::response, detail::to_bounds(limits))
    {
        if (method == http_method::head) parser_.expect_no_body();
    }
    /// The same into the caller's buffer.
    constexpr http1_response_reader(http_method method, storage buffer, http1_limits const& limits = {}) noexcept
        : parser_(detail::http1_parser::response, detail::to_bounds(limits), buffer)
    {
        if (method == http_method::head) parser_.expect_no_body();
    }

    /// Moves the reader. `other` then fails, and its views are empty.
    constexpr http1_response_reader(http1_response_reader&& other) noexcept
        : parser_(std::move(other.parser_)), lines_(std::exchange(other.lines_, {}))
    {
    }
    /// Moves the reader. `other` then fails, and its views are empty.
    constexpr http1_response_reader& operator=(http1_response_reader&& other) noexcept
    {
        parser_ = std::move(other.parser_);
        lines_ = std::exchange(other.lines_, {});
        return *this;
    }
    constexpr ~http1_response_reader() = default;

    /// Reads the next bytes of the connection. No bytes, and bytes after the end of the response, change nothing.
    ///
    /// Fails with `answer_lost` if they are not a valid response, and with `answer_too_large` if it exceeds a limit or
    /// the caller's buffer. The failure has the part of the response ("status line", "Content-Length"), the rule, and
    /// the offset in the bytes of this reader; never a byte of the response. Every further call then fails the same
    /// way.
    constexpr result<http1_progress> feed(text_view bytes)
    {
        std::size_t const consumed = parser_.feed(bytes);
        if (parser_.has_failed()) return fault();
        if (parser_.is_done()) lines_ = header_lines(parser_.lines());
        return http1_progress{.consumed = consumed, .done = parser_.is_done()};
    }

    /// The connection ended. That completes a body without `Content-Length` and chunks. Any other incomplete response
    /// is an `answer_lost` in `"response"`, whose offset is the number of bytes that came: 0 if none did.
    constexpr result<http1_progress> end()
    {
        parser_.end();
        return feed({});
    }

    /// Whether the response is complete and the connection can be used for another request (RFC 9112, section 9.3).
    constexpr bool keep_alive() const noexcept { return parser_.keep_alive(); }

    /// The header fields, in the order received; empty until the response is complete. Valid as long as the reader.
    constexpr header_lines headers() const& noexcept { return lines_; }
    header_lines headers() const&& = delete;

    /// The complete response; until then, one with the status 0. Valid as long as the reader, until it is moved or
    /// assigned to.
    constexpr http_response_view view() const& noexcept
    {
        return {parser_.is_done() ? parser_.status() : 0, lines_, parser_.body()};
    }
    http_response_view view() const&& = delete;

    /// A copy of the complete response; until then, one with the status 0. Allocates.
    http_response response() const
    {
        return {parser_.is_done() ? parser_.status() : 0, header_list(lines_), std::string(parser_.body())};
    }

private:
    constexpr failure fault() const noexcept
    {
        auto const& cause = parser_.fault();
        return failure(cause.is_limit() ? errc::answer_too_large : errc::answer_lost, cause.field, cause.rule,
                       cause.offset);
    }

    detail::http1_parser parser_;
    header_lines lines_{};
};

/// Reads one request to your webhook, in pieces of any size, for a server that works on a bare socket. The target must
/// have the path of the callback, in the origin form or in the absolute form (RFC 9112, section 3.2); its query may be
/// anything, since Twilio appends parameters to it.
///
/// As strict as `http1_response_reader`. It also refuses a request without exactly one `Host` (HTTP/1.0 may have none),
/// and one with two values for `Content-Type` or `X-Twilio-Signature`. One empty line before the request is skipped.
///
/// Takes linear time. Keeps the URL, the content type, the signature and the body, on the heap or in the caller's
/// buffer; see `http1_response_reader`.
///
/// @code
/// sidecall::http1_request_reader reader(callback);
/// while (!done) {
///     auto const progress = reader.feed(receive()); // from your socket
///     if (!progress) return reply_and_close(sidecall::http1_response(reader.status()));
///     if (progress->wants_continue) reply(sidecall::http1_response(100));
///     done = progress->done;
/// }
/// auto const message = verifier.receive(reader.request());
/// @endcode
class http1_request_reader {
public:
    /// Reads a request for this callback onto the heap. Copies the callback. Allocates.
    template <class Text>
    constexpr explicit http1_request_reader(basic_callback_url<Text> const& callback, http1_limits const& limits = {})
        : parser_(detail::http1_parser::request, detail::to_bounds(limits))
    {
        expect_callback(callback.view(), callback.target());
    }
    /// The same into the caller's buffer, which also has room for the callback.
    template <class Text>
    constexpr http1_request_reader(basic_callback_url<Text> const& callback, storage buffer,
                                   http1_limits const& limits = {})
        : parser_(detail::http1_parser::request, detail::to_bounds(limits), buffer)
    {
        expect_callback(callback.view(), callback.target());
    }

    /// Moves the reader. The other one then fails, and its request is empty.
    constexpr http1_request_reader(http1_request_reader&&) noexcept = default;
    /// Moves the reader. The other one then fails, and its request is empty.
    constexpr http1_request_reader& operator=(http1_request_reader&&) noexcept = default;
    constexpr ~http1_request_reader() = default;

    /// Reads the next bytes of the connection. No bytes, and bytes after the end of the request, change nothing.
    ///
    /// Fails with `malformed_webhook` if they are not a valid request for the callback, or if it exceeds a limit or the
    /// caller's buffer. `status()` is then the status to answer with, before you close the connection. The failure has
    /// the part of the request ("request line", "Host"), the rule, and the offset in the bytes of this reader; never a
    /// byte of the request. Every further call then fails the same way.
    constexpr result<http1_progress> feed(text_view bytes)
    {
        std::size_t const consumed = parser_.feed(bytes);
        if (parser_.has_failed()) {
            auto const& cause = parser_.fault();
            return failure(errc::malformed_webhook, cause.field, cause.rule, cause.offset);
        }
        return http1_progress{.consumed = consumed,
                              .done = parser_.is_done(),
                              .wants_continue = consumed != 0 && parser_.waits_for_continue()};
    }

    /// The status to answer with after a failure: 400, 404 (not the path of the callback), 413, 414 or 431 (too large),
    /// 417 (another expectation than `100-continue`), 501 (another transfer coding than `chunked`), 505 (a version
    /// other than HTTP/1.1 and HTTP/1.0), 500 (the caller's buffer cannot even hold the callback). 0 without a failure.
    constexpr int status() const noexcept { return parser_.fault().status; }

    /// Whether the request is complete and the client will send another one (RFC 9112, section 9.3).
    constexpr bool keep_alive() const noexcept { return parser_.keep_alive(); }

    /// The complete request; until then, one whose members are empty. The URL is that of the callback with the query of
    /// the request, and without a fragment. Valid as long as the reader. Not available on a temporary.
    constexpr webhook_request request() const& noexcept
    {
        return {.method = parser_.is_done() ? parser_.method() : std::string_view(),
                .url = parser_.url(),
                .content_type = parser_.content_type(),
                .signature = parser_.signature(),
                .body = parser_.body()};
    }
    webhook_request request() const&& = delete;

private:
    constexpr void expect_callback(std::string_view url, std::string_view target)
    {
        std::size_t const path = static_cast<std::size_t>(target.data() - url.data());
        parser_.expect_url(detail::slice(url, 0, detail::find_or_end(url, "?#", 0)), path);
    }

    detail::http1_parser parser_;
};

/// The rest of what `http1_response` writes.
struct http1_response_options {
    /// `Content-Type`. Left out if it is empty, or if the response has no text. A control character becomes a space.
    text_view content_type = "text/plain; charset=utf-8";
    bool close = false; ///< Whether to write `Connection: close`.
};

namespace detail {

/// The reason phrases of the statuses that a webhook needs. They are for people only (RFC 9112, section 4), so small
/// code does without.
constexpr std::string_view reason_phrase(int status) noexcept
{
    if constexpr (prefers_size) return "";
    switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
    }
}

/// Passes the pieces of a response to `put`, in order.
template <class Put>
constexpr void write_http1_response(int status, std::string_view text, http1_response_options const& options, Put put)
{
    if (status < 100 || status > 599) status = 500;
    char const code[] = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                         static_cast<char>('0' + status % 10)};
    put("HTTP/1.1 ");
    put({code, sizeof code});
    put(" ");
    put(detail::reason_phrase(status));
    if (status >= 200 && status != 204 && status != 304) {
        char digits[20]{};
        std::size_t first = sizeof digits;
        std::size_t rest = text.size();
        do {
            digits[--first] = static_cast<char>('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        put("\r\nContent-Length: ");
        put({digits + first, sizeof digits - first});
        if (!text.empty() && !options.content_type.empty()) {
            put("\r\nContent-Type: ");
            std::string_view type = options.content_type;
            while (!type.empty()) {
                std::size_t const stop = detail::find_first_not_in(is_field_value_byte(), type, 0);
                put(type.substr(0, stop));
                if (stop == type.size()) break;
                put(" ");
                type.remove_prefix(stop + 1);
            }
        }
    } else {
        text = {};
    }
    if (options.close && status >= 200) put("\r\nConnection: close");
    put("\r\n\r\n");
    put(text);
}

} // namespace detail

/// A response as HTTP/1.1 bytes (RFC 9112): the status line, `Content-Length`, `Content-Type` if there is a text, and
/// the text. 1xx, 204 and 304 have no text and no length. A status outside of 100 to 599 becomes 500. One allocation.
///
/// @code
/// reply(sidecall::http1_response(message ? 204 : 403));
/// @endcode
inline std::string http1_response(int status, text_view text = {}, http1_response_options const& options = {})
{
    std::size_t size = 0;
    detail::write_http1_response(status, text, options, [&size](std::string_view piece) { size += piece.size(); });
    std::string bytes;
    bytes.reserve(size);
    detail::write_http1_response(status, text, options, [&bytes](std::string_view piece) { bytes += piece; });
    return bytes;
}

/// The same in the caller's buffer. Does not allocate. Fails with `invalid_argument` in `"storage"` if the buffer is
/// too small; the offset of the failure is the size needed.
constexpr result<std::string_view> http1_response(int status, text_view text, http1_response_options const& options,
                                                  storage buffer) noexcept
{
    std::size_t size = 0;
    detail::write_http1_response(status, text, options, [&size](std::string_view piece) { size += piece.size(); });
    if (size > buffer.size()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
    char* out = buffer.data();
    detail::write_http1_response(status, text, options,
                                 [&out](std::string_view piece) { out = detail::put(out, piece); });
    return std::string_view(buffer.data(), size);
}

} // namespace sidecall
