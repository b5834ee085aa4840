// Other implementations of HTTP/1.1 agree with http1.hpp. What it accepts, they accept, too, and read the same. What it
// refuses, they refuse, too, unless it is one of the leniencies below.
//
// The first byte of an input is the kind of the message: 'r' a response, 'h' the response to a HEAD, 'e' a response at
// whose end the connection ends, and any other a request. The message follows.

#include "fuzz.hpp"
#include "other_http1.hpp"

#include <sidecall/http1.hpp>

#include <algorithm>

using fuzz::other_http1;
using fuzz::other_http1_reader;
using fuzz::require;
using namespace std::string_view_literals;

namespace {

using namespace sidecall::literals;
constexpr auto callback = "https://example.com/udm"_callback_url;

constexpr other_http1_reader const* other_readers[] = {
#ifdef FUZZ_HTTP_PARSER
    &fuzz::http_parser_reader,
#endif
#ifdef FUZZ_LLHTTP
    &fuzz::llhttp_reader,
#endif
};

bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool equal(std::string_view a, std::string_view b)
{
    return sidecall::detail::equal_ignoring_case(a, b);
}

bool has_name(std::string_view line, std::string_view name)
{
    return equal(line.substr(0, line.find_first_of(": \t")), name);
}

/// Whether a text has only digits, so many that the number is beyond every limit.
bool is_large_number(std::string_view text)
{
    return text.size() >= 19 && text.find_first_not_of("0123456789") == text.npos;
}

/// Whether a line of these bytes has this name, or a longer one that begins with it. Debian's http-parser takes CR and
/// any other byte for the end of a line (RFC 9112, section 2.2).
bool has_line(std::string_view bytes, std::string_view name, bool is_longer = false)
{
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        if (bytes[at] != '\n' && (at == 0 || bytes[at - 1] != '\r')) continue;
        std::string_view const line = bytes.substr(at + 1);
        if (is_longer ? equal(line.substr(0, name.size()), name) && !has_name(line, name) : has_name(line, name))
            return true;
    }
    return false;
}

/// What http1.hpp refuses, and where.
struct refusal {
    std::string_view bytes{};
    std::string_view field{};
    std::size_t offset = 0;
    int status = 0; ///< Of `http1_request_reader`; otherwise 0.
    bool is_limit = false;
    other_http1_reader const* other = nullptr;

    bool is_of_http_parser() const { return other->name == "http-parser"sv; }
    bool is_of_coding() const
    {
        return field == "Transfer-Encoding" && !has_line(bytes.substr(0, offset), "content-length");
    }
    bool is_in_field() const { return field == "header field" || field == "trailer field"; }
    bool is_in_first_line() const { return field == "request line" || field == "status line"; }
    bool is_in_target() const
    {
        std::string_view const part = before();
        std::size_t const target = part.find_first_not_of(' ', std::min(part.find(' '), part.size()));
        bool const is_behind_method = part.find(' ') != part.npos;
        return field == "request line" && status == 400 && is_behind_method && part.find(' ', target) == part.npos;
    }
    /// The byte there, or NUL beyond the end.
    char byte() const { return offset < bytes.size() ? bytes[offset] : '\0'; }
    /// What is there up to the end of the line.
    std::string_view rest() const
    {
        std::string_view const from = bytes.substr(offset);
        return from.substr(0, from.find_first_of("\r\n"));
    }
    /// The line up to there.
    std::string_view before() const
    {
        std::size_t const begin = bytes.substr(0, offset).rfind('\n') + 1;
        return bytes.substr(begin, offset - begin);
    }
};

/// Messages that http1.hpp refuses and another implementation does not.
constexpr bool (*leniencies[])(refusal const&) = {
    // Both leave to their user: limits; which path there is, and which expectations are met; which fields must have
    // one value, among them Host (RFC 9112, section 3.2); that 101 was not asked for; that an interim response has no
    // body (RFC 9110, section 15.2); and what a target means.
    [](refusal const& at) { return at.is_limit || at.status == 404 || at.status == 417; },
    [](refusal const& at) { return at.field == "Content-Length" && is_large_number(at.rest()); },
    [](refusal const& at) { return at.field == "Host"; },
    [](refusal const& at) { return at.field == "Content-Type" || at.field == "X-Twilio-Signature"; },
    [](refusal const& at) { return at.field == "status line" && at.rest().starts_with("101"); },
    [](refusal const& at) { return at.field == "status line" && at.bytes.substr(0, at.offset).ends_with("\r\n\r\n"); },
    [](refusal const& at) { return at.is_in_target(); },

    // A line ends with LF alone, or with CR alone (RFC 9112, section 2.2).
    [](refusal const& at) { return at.byte() == '\n' || at.byte() == '\r'; },
    // Whitespace in the request line and the status line (RFC 9112, section 3).
    [](refusal const& at) { return at.is_in_first_line() && is_blank(at.byte()); },
    // A version other than 1.0 and 1.1 (RFC 9112, section 2.3).
    [](refusal const& at) { return at.status == 505; },
    [](refusal const& at) { return at.field == "status line" && at.before().empty(); },
    // Debian's http-parser compares only the first letter of "HTTP/" (RFC 9112, section 2.3).
    [](refusal const& at) {
        std::string_view version = at.before();
        if (at.field == "request line")
            for (int i = 0; i != 2; ++i) { // behind the method, and behind the target
                version.remove_prefix(std::min(version.find(' '), version.size()));
                version.remove_prefix(std::min(version.find_first_not_of(' '), version.size()));
            }
        return at.is_of_http_parser() && at.is_in_first_line() && version.size() < 5 &&
               (version.empty() ? at.byte() == 'H' : version[0] == 'H');
    },
    // A status of more or fewer digits (RFC 9112, section 4).
    [](refusal const& at) { return at.field == "status line" && at.byte() >= '0' && at.byte() <= '9'; },
    // Any byte in a reason phrase (RFC 9112, section 4).
    [](refusal const& at) { return at.field == "status line" && std::ranges::count(at.before(), ' ') >= 2; },

    // A folded line (RFC 9112, section 5.2), and whitespace in a name or behind it (section 5.1).
    [](refusal const& at) { return at.is_in_field() && is_blank(at.byte()); },
    // http-parser does not check the first byte of a value (RFC 9110, section 5.5).
    [](refusal const& at) {
        return at.is_of_http_parser() && at.is_in_field() && !at.before().empty() &&
               (at.before().back() == ':' || is_blank(at.before().back()));
    },
    // Transfer codings before the last one, in the same field or in several (RFC 9112, section 6.1).
    [](refusal const& at) { return at.is_of_coding() && at.rest().find(',') != std::string_view::npos; },
    [](refusal const& at) { return at.is_of_coding() && has_line(at.bytes.substr(at.offset), "transfer-encoding"); },
    [](refusal const& at) {
        return at.is_of_coding() && has_line(at.bytes.substr(0, at.offset - at.before().size()), "transfer-encoding");
    },
    // Transfer codings in HTTP/1.0 (RFC 9112, section 6.1).
    [](refusal const& at) { return at.is_of_coding() && at.bytes.find("HTTP/1.0") != std::string_view::npos; },
    // A response whose last transfer coding is not chunked goes on until the connection ends (RFC 9112, section 6.3).
    [](refusal const& at) { return at.is_of_coding() && at.status == 0; },
    // http-parser looks at no transfer coding if the protocol may change (RFC 9110, section 7.8).
    [](refusal const& at) { return at.is_of_http_parser() && at.is_of_coding() && has_line(at.bytes, "upgrade"); },

    // Whitespace behind the size of a chunk (RFC 9112, section 7.1).
    [](refusal const& at) { return at.field == "chunk size" && is_blank(at.byte()); },
    // http-parser reads a byte from 0x80 as the digit 0.
    [](refusal const& at) {
        return at.is_of_http_parser() && at.field == "chunk size" && static_cast<unsigned char>(at.byte()) >= 0x80;
    },
    // More than 16 digits (RFC 9112, section 7.1, leaves the number open).
    [](refusal const& at) { return at.field == "chunk size" && at.before().size() == 16; },
    // http-parser skips any byte of a chunk extension (RFC 9112, section 7.1.1).
    [](refusal const& at) {
        return at.is_of_http_parser() && at.field == "chunk size" &&
               at.before().find_first_of("; ") != std::string_view::npos;
    },
    // Debian's http-parser takes any two bytes behind a chunk (RFC 9112, section 7.1).
    [](refusal const& at) { return at.is_of_http_parser() && at.field == "chunk"; },
    // A trailer has fields that say where the message ends (RFC 9110, section 6.5.1).
    [](refusal const& at) { return at.field == "trailer field" && at.before().empty(); },
};

/// Whether this is a request with a method that RFC 9110 and RFC 5789 do not define.
bool has_unusual_method(std::string_view bytes)
{
    if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
    if (bytes.starts_with("HTTP/")) return false;
    std::string_view const method = bytes.substr(0, bytes.find(' '));
    auto const usual = {"GET"sv,     "HEAD"sv,    "POST"sv,  "PUT"sv,  "DELETE"sv,
                        "CONNECT"sv, "OPTIONS"sv, "TRACE"sv, "PATCH"sv};
    return std::ranges::find(usual, method) == usual.end();
}

/// Whether a length or a transfer coding has a tab behind it.
bool has_tab_behind_framing(std::string_view bytes)
{
    for (std::size_t at = bytes.find('\n'); at != bytes.npos; at = bytes.find('\n', at + 1)) {
        std::string_view line = bytes.substr(at + 1);
        line = line.substr(0, line.find_first_of("\r\n"));
        if (!has_name(line, "content-length") && !has_name(line, "transfer-encoding")) continue;
        if (line.find('\t', line.find_last_not_of(" \t")) != line.npos) return true;
    }
    return false;
}

/// Messages that another implementation refuses without a reason, or whose framing it does not see.
bool is_misread(std::string_view bytes, other_http1 const& other)
{
    // They know a list of methods, some for other protocols only (RFC 9110, section 9.1, leaves the list open).
    if (!other.error.empty() && has_unusual_method(bytes)) return true;
    // They know no tab behind a length or a transfer coding (RFC 9112, section 5.1).
    if (has_tab_behind_framing(bytes)) return true;
    // llhttp checks the grammar of chunk extensions, which RFC 9112, section 7.1.1, has recipients ignore.
    if (other.error == "HPE_STRICT" && bytes.find(';') != bytes.npos) return true;
    // http-parser takes a name that only begins with "Transfer-Encoding" for that name (RFC 9110, section 5.1).
    return has_line(bytes, "transfer-encoding", true);
}

struct reading {
    bool is_done = false;
    bool has_failed = false;
    refusal why{};
    std::size_t consumed = 0;
    bool keep_alive = false;
};

reading outcome(auto const& progress, bool keep_alive, std::string_view bytes, int status)
{
    reading made;
    made.has_failed = !progress;
    if (progress) {
        made.is_done = progress->done;
        made.consumed = progress->consumed;
        made.keep_alive = keep_alive;
    } else {
        auto const& fault = progress.error();
        bool const is_limit =
            fault.code() == sidecall::errc::answer_too_large || status == 413 || status == 414 || status == 431;
        made.why = {bytes, fault.field(), fault.offset().value_or(0), status, is_limit, nullptr};
    }
    return made;
}

reading read(sidecall::http1_request_reader& reader, std::string_view bytes)
{
    auto const progress = reader.feed(bytes);
    return outcome(progress, reader.keep_alive(), bytes, reader.status());
}

reading read(sidecall::http1_response_reader& reader, std::string_view bytes, bool ends)
{
    auto progress = reader.feed(bytes);
    if (progress && !progress->done && ends) {
        progress = reader.end();
        if (progress && progress->done) progress->consumed = bytes.size();
    }
    return outcome(progress, reader.keep_alive(), bytes, 0);
}

/// Checks that both accept the message or neither. `again` reads more bytes with the other implementation, and
/// `is_refused` with http1.hpp. Returns whether both accept the message.
template <class Again, class IsRefused>
bool agree(std::string_view bytes, reading ours, other_http1 other, other_http1_reader const& reader, Again again,
           IsRefused is_refused)
{
    if (!ours.is_done && !ours.has_failed) {
        require(!other.is_complete, "the message is incomplete for the other implementation");
        // It may refuse a line before its end.
        require(other.error.empty() || is_misread(bytes, other) || is_refused(std::string(bytes) + "\r\n"),
                "a line that the other implementation refuses is refused");
        return false;
    }
    if (ours.is_done) {
        if (!other.is_complete && is_misread(bytes, other)) return false;
        require(other.is_complete, "the other implementation accepts the message");
        require(ours.consumed == other.consumed, "the message has the same end");
        // They take Connection from the trailer, too (RFC 9110, section 6.5.1).
        bool const is_in_trailer =
            std::ranges::any_of(other.trailer, [](auto const& field) { return equal(field.first, "connection"); });
        require(!ours.keep_alive || other.keep_alive || is_in_trailer || is_misread(bytes, other),
                "a connection that is kept is kept by the other implementation");
        return true;
    }
    if (ours.why.field == "response") {
        require(!other.is_complete, "a response that is cut is incomplete");
        return false;
    }
    // It may refuse a line at the end of the head.
    if (!other.is_complete && other.error.empty()) other = again(std::string(bytes) + "\r\n\r\n");
    if (!other.error.empty() || is_misread(bytes, other)) return false;
    ours.why.other = &reader;
    bool const is_known = std::any_of(std::begin(leniencies), std::end(leniencies),
                                      [&](auto is_lenient) { return is_lenient(ours.why); });
    if (!is_known)
        std::fprintf(stderr, "'%.*s' is refused at byte %zu, where %s reads on\n",
                     static_cast<int>(ours.why.field.size()), ours.why.field.data(), ours.why.offset, reader.name);
    require(is_known, "the other implementation refuses the message");
    return false;
}

void try_response(std::string_view bytes, bool is_head, bool ends, other_http1_reader const& other_reader)
{
    auto const method = is_head ? sidecall::http_method::head : sidecall::http_method::post;
    sidecall::http1_response_reader reader(method);
    auto const ours = read(reader, bytes, ends);
    auto const again = [&](std::string_view more) { return other_reader.response(more, is_head, ends); };
    auto const is_refused = [&](std::string_view more) { return !sidecall::http1_response_reader(method).feed(more); };
    other_http1 const other = again(bytes);
    if (!agree(bytes, ours, other, other_reader, again, is_refused)) return;
    auto const response = reader.view();
    require(static_cast<unsigned>(response.status) == other.status, "the status is the same");
    require(std::string_view(response.body) == other.body, "the body is the same");
    std::size_t count = 0;
    for (auto const& field : reader.headers()) {
        require(count < other.fields.size(), "there are no extra fields");
        require(field.name == other.fields[count].first, "the names of fields are the same");
        require(field.value == other.fields[count].second, "the values of fields are the same");
        ++count;
    }
    require(count == other.fields.size(), "no field is missing");
}

void try_request(std::string_view bytes, other_http1_reader const& other_reader)
{
    sidecall::http1_request_reader reader(callback);
    auto const ours = read(reader, bytes);
    auto const is_refused = [&](std::string_view more) { return !sidecall::http1_request_reader(callback).feed(more); };
    other_http1 const other = other_reader.request(bytes);
    if (!agree(bytes, ours, other, other_reader, other_reader.request, is_refused)) return;
    auto const request = reader.request();
    require(request.method == other.method, "the method is the same");
    std::string_view target = other.target;
    if (target.front() != '/') target.remove_prefix(std::min(target.find_first_of("/?", 8), target.size()));
    std::string url = "https://example.com";
    if (target.substr(0, 1) != "/") url += '/';
    url += target;
    require(request.url == url, "the target is the same");
    require(std::string_view(request.body) == other.body, "the body is the same");
    auto const value = [&](std::string_view name) {
        for (auto const& field : other.fields)
            if (has_name(field.first, name)) return std::string_view(field.second);
        return ""sv;
    };
    require(request.content_type == value("content-type"), "the content type is the same");
    require(request.signature == value("x-twilio-signature"), "the signature is the same");
}

} // namespace

FUZZ_TARGET(http1_agrees)
{
    char const kind = input.empty() ? '\0' : input[0];
    if (!input.empty()) input.remove_prefix(1);
    for (auto const* other : other_readers) {
        if (kind == 'r' || kind == 'h' || kind == 'e')
            try_response(input, kind == 'h', kind == 'e', *other);
        else
            try_request(input, *other);
    }
}
