// The readers of HTTP/1.1 come to the same result however the bytes are cut, on the heap and in a buffer. What they
// accept is what a simple decoder of the whole text finds. Written in a canonical form, it is read as the same again.

#include "fuzz.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

#include <sidecall/http1.hpp>

using fuzz::require;
using sidecall::errc;

namespace {

using namespace sidecall::literals;

constexpr auto callback = "https://example.com/udm?tenant=1#rc=2"_callback_url;

/// What reading some bytes came to.
struct outcome {
    sidecall::result<sidecall::http1_progress> last = sidecall::http1_progress{};
    std::size_t consumed = 0;
    bool wanted_continue = false;
};

/// Feeds pieces of `size` bytes, each in a block of its own, so that a sanitizer sees an access beyond it.
template <class Reader>
outcome feed(Reader& reader, std::string_view bytes, std::size_t size, bool ends)
{
    outcome found{reader.feed({})};
    while (found.last && found.consumed != bytes.size()) {
        std::string_view const piece = bytes.substr(found.consumed, size);
        std::unique_ptr<char[]> const copy(new char[piece.size()]);
        std::copy(piece.begin(), piece.end(), copy.get());
        found.last = reader.feed({copy.get(), piece.size()});
        if (!found.last) break;
        require(found.last->consumed <= piece.size(), "no more is consumed than is there");
        require(found.last->done || found.last->consumed == piece.size(), "an incomplete message consumes everything");
        require(!found.last->wants_continue || !found.wanted_continue, "100 Continue is wanted once");
        found.wanted_continue |= found.last->wants_continue;
        found.consumed += found.last->consumed;
        if (found.last->done) break;
    }
    if constexpr (requires { reader.end(); }) {
        if (ends) found.last = reader.end(); // changes nothing after the end of a message and after a failure
    }
    return found;
}

template <class Reader>
void require_same(Reader const& a, outcome const& of_a, Reader const& b, outcome const& of_b)
{
    require(of_a.last.has_value() == of_b.last.has_value(), "both accept the same bytes");
    if (!of_a.last) {
        require(of_a.last.error() == of_b.last.error(), "both give the same failure");
        return;
    }
    require(of_a.last->done == of_b.last->done && of_a.consumed == of_b.consumed, "both end at the same byte");
    require(a.keep_alive() == b.keep_alive(), "both agree about the connection");
    if constexpr (requires { a.view(); })
        require(a.view().status == b.view().status && a.view().body == b.view().body &&
                    a.headers().text() == b.headers().text(),
                "both give the same response");
    else
        require(a.request().method == b.request().method && a.request().url == b.request().url &&
                    a.request().content_type == b.request().content_type &&
                    a.request().signature == b.request().signature && a.request().body == b.request().body &&
                    a.status() == b.status(),
                "both give the same request");
}

/// Reads the bytes in several ways and requires the same result of each. Returns the reader and that result.
template <class Reader, class... Arguments>
std::pair<Reader, outcome> read_in_all_ways(std::string_view bytes, std::size_t size, bool ends,
                                            sidecall::http1_limits const& limits, Arguments const&... arguments)
{
    Reader whole(arguments..., limits);
    auto const found = feed(whole, bytes, bytes.size(), ends);
    auto const check = [&](Reader reader, std::size_t piece) {
        auto const other = feed(reader, bytes, piece, ends);
        require_same(whole, found, reader, other);
        if (found.last) return;
        require(reader.feed("x") == found.last, "a failure is repeated");
        require(*found.last.error().offset() <= bytes.size(), "the offset is within the bytes");
        require(!reader.keep_alive(), "the connection is not used after a failure");
    };
    check(Reader(arguments..., limits), size);
    check(Reader(arguments..., limits), 1);
    for (std::size_t room : {bytes.size() + 100, bytes.size() / 2, bytes.size() / 4}) {
        std::unique_ptr<char[]> const memory(new char[room]);
        Reader first(arguments..., sidecall::storage(memory.get(), room), limits);
        auto const of_first = feed(first, bytes, bytes.size(), ends);
        std::unique_ptr<char[]> const same(new char[room]);
        Reader second(arguments..., sidecall::storage(same.get(), room), limits);
        require_same(first, of_first, second, feed(second, bytes, size, ends));
        bool const is_too_small =
            !of_first.last && of_first.last.error().message().find("too small") != std::string_view::npos;
        if (!is_too_small) require_same(whole, found, first, of_first);
    }
    return {std::move(whole), found};
}

/// Decodes the body after the head, or nothing for bytes that are no chunks. Moves `rest` to the end of the message.
std::optional<std::string> decode_chunks(std::string_view& rest)
{
    std::string body;
    for (;;) {
        std::size_t size = 0;
        std::size_t const end = rest.find("\r\n");
        if (end == rest.npos) return {};
        auto const read = std::from_chars(rest.data(), rest.data() + end, size, 16);
        if (read.ec != std::errc()) return {};
        rest.remove_prefix(end + 2);
        if (size == 0) break;
        if (rest.size() < size + 2) return {};
        body += rest.substr(0, size);
        rest.remove_prefix(size + 2);
    }
    while (rest.substr(0, 2) != "\r\n") {
        if (rest.find("\r\n") == rest.npos) return {};
        rest.remove_prefix(rest.find("\r\n") + 2);
    }
    rest.remove_prefix(2);
    return body;
}

bool is_framing(std::string_view name)
{
    for (std::string_view known : {"content-length", "transfer-encoding"})
        if (sidecall::detail::equal_ignoring_case(name, known)) return true;
    return false;
}

/// The end of the head whose first line begins at `begin`.
std::size_t end_of_head(std::string_view bytes, std::size_t begin)
{
    return bytes.find("\r\n\r\n", begin) + 4;
}

/// Requires that the body is the one that a simple decoder finds in the bytes after the head.
void check_body(std::string_view bytes, std::size_t head, std::size_t consumed, std::string_view body, bool is_chunked)
{
    require(head <= consumed, "the head is complete");
    std::string_view rest = bytes.substr(head);
    if (is_chunked) {
        require(decode_chunks(rest) == body, "the chunks give the body");
        require(bytes.size() - rest.size() == consumed, "the message ends with its chunks");
    } else {
        require(rest.substr(0, body.size()) == body && head + body.size() == consumed, "the body follows the head");
    }
}

void check_response(std::string_view bytes, std::size_t size, bool is_head, bool ends,
                    sidecall::http1_limits const& limits)
{
    auto const method = is_head ? sidecall::http_method::head : sidecall::http_method::post;
    auto const [reader, found] = read_in_all_ways<sidecall::http1_response_reader>(bytes, size, ends, limits, method);
    auto const view = reader.view();
    require(!found.wanted_continue, "a response does not want 100 Continue");
    if (!found.last) {
        auto const code = found.last.error().code();
        require(code == errc::answer_lost || code == errc::answer_too_large, "the failure is one of a response");
    }
    if (!found.last || !found.last->done) {
        require(view.status == 0 && view.body.empty() && reader.headers().empty(), "there is no response yet");
        return;
    }
    require(view.status >= 200 && view.status <= 999, "the status is one of a final response");
    require(view.body.size() <= limits.body && reader.headers().text().size() <= limits.header_block,
            "the limits hold");

    std::size_t begin = 0; // of the head that is not interim
    while (bytes.substr(begin + 9, 1) == "1") begin = end_of_head(bytes, begin);
    bool is_chunked = false;
    std::string lines;
    for (auto const& field : reader.headers()) {
        require(!field.name.empty() && field.name.find_first_of(" \t\r\n:") == field.name.npos, "a name is a token");
        require(field.value.find_first_of("\r\n\0") == field.value.npos, "a value is one line");
        is_chunked |= sidecall::detail::equal_ignoring_case(field.name, "transfer-encoding");
        if (!is_framing(field.name)) lines += std::string(field.name) + ": " + std::string(field.value) + "\r\n";
    }
    bool const has_body = !is_head && view.status != 204 && view.status != 304;
    require(has_body || view.body.empty(), "there is no body where there cannot be one");
    std::size_t const head = end_of_head(bytes, begin);
    require(bytes.substr(bytes.find("\r\n", begin) + 2, reader.headers().text().size()) == reader.headers().text(),
            "the header fields are those of the final response");
    check_body(bytes, head, found.consumed, view.body, is_chunked && has_body);

    std::string canonical = "HTTP/1.1 " + std::to_string(view.status) + " \r\n" + lines;
    if (has_body) canonical += "Content-Length: " + std::to_string(view.body.size()) + "\r\n";
    canonical += "\r\n" + std::string(view.body);
    sidecall::http1_response_reader again(method, {.line = limits.line + 100,
                                                   .header_block = limits.header_block + 200,
                                                   .fields = limits.fields + 1,
                                                   .body = limits.body});
    auto const second = feed(again, canonical + "HTTP", canonical.size() + 4, false);
    require(second.last && second.last->done && second.consumed == canonical.size(), "the canonical form is accepted");
    require(again.view().status == view.status && again.view().body == view.body, "it is the same response");
    require(again.headers().text().substr(0, lines.size()) == lines, "it has the same header fields");
}

void check_request(std::string_view bytes, std::size_t size, sidecall::http1_limits const& limits)
{
    auto const [reader, found] = read_in_all_ways<sidecall::http1_request_reader>(bytes, size, false, limits, callback);
    auto const request = reader.request();
    if (!found.last) {
        require(found.last.error().code() == errc::malformed_webhook, "the failure is one of a webhook");
        int const known[] = {400, 404, 413, 414, 417, 431, 501, 505};
        require(std::find(std::begin(known), std::end(known), reader.status()) != std::end(known),
                "there is a status to answer with");
    } else {
        require(reader.status() == 0, "there is no status without a failure");
    }
    if (!found.last || !found.last->done) {
        require(request.method.empty() && request.url.empty() && request.body.empty(), "there is no request yet");
        return;
    }
    require(request.body.size() <= limits.body, "the limits hold");
    require(sidecall::callback_url::parse(request.url).has_value() &&
                request.url.substr(0, 23) == "https://example.com/udm" &&
                (request.url.size() == 23 || request.url[23] == '?'),
            "the URL is that of the callback with another query");

    std::size_t const begin = bytes.substr(0, 2) == "\r\n" ? 2 : 0;
    std::size_t const head = end_of_head(bytes, begin);
    std::string_view const lines = bytes.substr(begin, head - begin);
    require(lines.substr(0, request.method.size()) == request.method, "the method comes first");
    std::string in_lower_case(lines);
    for (char& c : in_lower_case) c = sidecall::detail::to_lower(c);
    check_body(bytes, head, found.consumed, request.body,
               in_lower_case.find("\r\ntransfer-encoding:") != std::string::npos);

    std::string const canonical = std::string(request.method) + " /udm" + std::string(request.url.substr(23)) +
                                  " HTTP/1.1\r\nHost: a\r\nContent-Type: " + std::string(request.content_type) +
                                  "\r\nX-Twilio-Signature: " + std::string(request.signature) +
                                  "\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" +
                                  std::string(request.body);
    sidecall::http1_request_reader again(
        callback, {.line = limits.line + 100, .header_block = limits.header_block + 200, .body = limits.body});
    auto const second = feed(again, canonical + "POST", canonical.size() + 4, false);
    require(second.last && second.last->done && second.consumed == canonical.size(), "the canonical form is accepted");
    auto const same = again.request();
    require(same.method == request.method && same.url == request.url && same.content_type == request.content_type &&
                same.signature == request.signature && same.body == request.body,
            "it is the same request");
}

} // namespace

FUZZ_TARGET(http1)
{
    fuzz::pieces bytes(input);
    std::string_view const first = bytes.line(); // what to read, how large the pieces are
    auto const letter = [&](std::size_t at) { return at < first.size() ? static_cast<unsigned char>(first[at]) : 0u; };
    bool const has_small_limits = (letter(0) & 8) != 0;
    sidecall::http1_limits const limits =
        has_small_limits ? sidecall::http1_limits{.line = 40, .header_block = 80, .fields = 3, .body = 20}
                         : sidecall::http1_limits{};
    std::size_t const size = 2 + letter(1) % 64;
    if ((letter(0) & 1) != 0)
        check_request(bytes.rest(), size, limits);
    else
        check_response(bytes.rest(), size, (letter(0) & 2) != 0, (letter(0) & 4) != 0, limits);
}
