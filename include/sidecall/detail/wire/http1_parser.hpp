#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/header_field.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/text/uri.hpp>
#include <sidecall/storage.hpp>

// Reads one HTTP/1.1 message (RFC 9112) in pieces of any size. A line is scanned sixteen bytes at a time while it
// arrives, and interpreted when it is complete. A line that lies within one piece is interpreted where it is; otherwise
// its bytes are collected at the end of the output. So each byte takes constant work, however the message is cut, and
// the first fault is the same.
namespace sidecall::detail {

/// `http1_limits`, which is defined on a higher floor.
struct http1_bounds {
    std::size_t line;
    std::size_t header_block;
    std::size_t fields;
    std::size_t body;
};

/// Why a message cannot be read.
struct http1_fault {
    int status = 0; // what a server answers; 413, 414 and 431 mean that a limit was exceeded
    literal field = "";
    literal rule = "";
    std::size_t offset = 0;

    constexpr bool is_limit() const noexcept { return status == 413 || status == 414 || status == 431; }
};

constexpr std::size_t smaller(std::size_t a, std::size_t b) noexcept
{
    return a < b ? a : b;
}

/// The sum, or SIZE_MAX if that is smaller.
constexpr std::size_t saturating_sum(std::size_t a, std::size_t b) noexcept
{
    return b > SIZE_MAX - a ? SIZE_MAX : a + b;
}

/// Reads the `HTTP-version` of RFC 9112, section 2.3. Returns whether it has that form. `minor_version` is that of
/// HTTP/1, or -1 for any version other than 1.0 and 1.1.
constexpr bool parse_http_version(std::string_view text, int& minor_version) noexcept
{
    if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !is_digit(text[5]) || text[6] != '.' || !is_digit(text[7]))
        return false;
    minor_version = text[5] == '1' && text[7] <= '1' ? text[7] - '0' : -1;
    return true;
}

/// Bytes of the authority in `Host` (RFC 3986, section 3.2), with the brackets of an IPv6 address.
struct is_host_field_byte : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_userinfo_byte()(c) | is(c, '[') | is(c, ']') | is(c, '%');
    }
};

/// A part of the output.
struct http1_range {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// A header field, and the offset of its value in the message.
struct http1_field {
    std::string_view name;
    std::string_view value;
    std::size_t offset;
};

/// Reads one message. Writes what is kept of it to the output: the field lines of a response, or the URL, the content
/// type and the signature of a request; then the body. Fails at the first byte that breaks a rule, and stays so.
class http1_parser {
    /// What only a response or only a request needs. These are pointers, so that a program links only what it uses.
    struct role {
        literal message;
        literal start_line;
        void (http1_parser::*read_start_line)(std::string_view line, std::size_t offset, std::size_t rest);
        void (http1_parser::*keep_field)(http1_field const& field, std::size_t rest); // null: keep every field line
        void (http1_parser::*end_head)(std::size_t offset);
    };

public:
    static role const response;
    static role const request;

    /// Puts the output on the heap.
    constexpr http1_parser(role const& kind, http1_bounds const& limits) noexcept : role_(&kind), limits_(limits)
    {
        facts_.enlarge = &enlarge;
    }
    /// Puts the output into the caller's buffer.
    constexpr http1_parser(role const& kind, http1_bounds const& limits, storage memory) noexcept
        : role_(&kind), limits_(limits), out_(memory)
    {
    }
    constexpr http1_parser(http1_parser&& other) noexcept
        : role_(other.role_), limits_(other.limits_), facts_(other.facts_), out_(std::move(other.out_))
    {
        other.leave();
    }
    constexpr http1_parser& operator=(http1_parser&& other) noexcept
    {
        if (this == &other) return *this;
        role_ = other.role_;
        limits_ = other.limits_;
        facts_ = other.facts_;
        out_ = std::move(other.out_);
        other.leave();
        return *this;
    }
    constexpr ~http1_parser() = default;

    /// For a response: the request was a HEAD.
    constexpr void expect_no_body() noexcept { facts_.is_head = true; }

    /// For a request: the URL that is called, without its query. `path` is where its path begins.
    constexpr void expect_url(std::string_view url, std::size_t path)
    {
        if (url.size() > capacity_left()) return fail(500, "storage", "too small for the callback", 0);
        append(url, 0);
        facts_.url.end = url.size();
        facts_.path = path;
    }

    /// Reads the next bytes. Returns how many belong to this message.
    constexpr std::size_t feed(std::string_view text)
    {
        std::size_t at = 0;
        while (at != text.size() && facts_.next < element::done) {
            if (facts_.next == element::content)
                take_content(text, at);
            else if (facts_.next == element::content_until_end)
                take_content_until_end(text, at);
            else if (facts_.next == element::chunk_end)
                take_chunk_end(text, at);
            else if (std::string_view line; collect_line(text, at, line))
                interpret(line, text, at);
        }
        facts_.offset += at;
        return at;
    }

    /// The connection ended.
    constexpr void end() noexcept
    {
        if (facts_.next == element::content_until_end) facts_.next = element::done;
        if (facts_.next >= element::done) return;
        if (facts_.offset == 0)
            fail(400, role_->message, "the connection ended before it", 0);
        else
            fail(400, role_->message, "the connection ended within it", facts_.offset);
    }

    constexpr bool is_done() const noexcept { return facts_.next == element::done; }
    constexpr bool has_failed() const noexcept { return facts_.next == element::failed; }
    constexpr http1_fault const& fault() const noexcept { return facts_.fault; }
    constexpr int status() const noexcept { return facts_.status; }
    constexpr std::string_view method() const noexcept { return facts_.method.view(); }
    constexpr std::string_view url() const noexcept { return cut(facts_.url); }
    constexpr std::string_view content_type() const noexcept { return cut(facts_.content_type); }
    constexpr std::string_view signature() const noexcept { return cut(facts_.signature); }
    constexpr std::string_view lines() const noexcept { return cut({0, facts_.body}); }
    constexpr std::string_view body() const noexcept { return cut({facts_.body, out_.size()}); }

    /// Whether the connection can be used for another message (RFC 9112, section 9.3).
    constexpr bool keep_alive() const noexcept
    {
        return is_done() && !facts_.closes && (facts_.minor_version == 1 || facts_.has_keep_alive);
    }

    /// Whether the sender waits for "100 Continue": it asked for it, and its body has not begun.
    constexpr bool waits_for_continue() const noexcept
    {
        return facts_.expects_continue && facts_.offset == facts_.head_end &&
               (facts_.next == element::content || facts_.next == element::chunk_line);
    }

private:
    enum class element : unsigned char {
        start_line,
        fields,
        content,           // of a known length, or of one chunk
        content_until_end, // until the connection ends
        chunk_line,        // the size and the extensions
        chunk_end,         // CR LF
        trailers,
        done,
        failed,
    };

    /// Everything except the limits and the output.
    struct facts {
        http1_fault fault{};
        std::size_t offset = 0;        // bytes read by previous calls of feed
        std::size_t line = 0;          // bytes of the current line at the end of the output
        std::size_t block = 0;         // bytes of the field lines, and of the status lines of interim responses
        std::size_t extensions = 0;    // bytes of the chunk extensions
        std::size_t fields = 0;        // number of field lines
        std::size_t length = 0;        // Content-Length
        std::size_t length_offset = 0; // where its value is
        std::size_t left = 0;          // bytes of the content or of the chunk that are still to come
        std::size_t head_end = 0;      // offset of the byte after the head
        std::size_t body = 0;          // where the body begins in the output
        std::size_t path = 0;          // where the path begins in the URL
        http1_range url{};
        http1_range content_type{};
        http1_range signature{};
        inline_text<32> method{};
        // Moves the output to a larger allocation. Null for the caller's buffer: a program that only uses such buffers
        // does not link the heap.
        void (*enlarge)(buffer&, std::size_t) = nullptr;
        int status = 0;
        int minor_version = 1;
        element next = element::start_line;
        bool is_head = false;
        bool has_cr = false; // the last byte was the CR of the current line
        bool skipped_line = false;
        bool has_length = false;
        bool is_chunked = false;
        bool closes = false;
        bool has_keep_alive = false;
        bool has_host = false;
        bool has_content_type = false;
        bool has_signature = false;
        bool expects_continue = false;
    };

    constexpr literal line_name() const noexcept
    {
        if (facts_.next == element::fields) return "header field";
        if (facts_.next == element::trailers) return "trailer field";
        if (facts_.next == element::chunk_line) return "chunk size";
        return role_->start_line;
    }
    /// The status for a line that is too long.
    constexpr int too_long() const noexcept
    {
        return facts_.next == element::start_line ? 414 : facts_.next == element::chunk_line ? 413 : 431;
    }

    SIDECALL_DETAIL_COLD constexpr void fail(int status, literal field, literal rule, std::size_t offset) noexcept
    {
        facts_.fault = {status, field, rule, offset};
        facts_.next = element::failed;
    }
    constexpr void leave() noexcept
    {
        facts_ = facts();
        fail(400, role_->message, "the reader was moved from", 0);
    }

    constexpr std::string_view cut(http1_range range) const noexcept
    {
        return is_done() ? slice(out_.view(), range.begin, range.end) : std::string_view();
    }

    /// How many bytes the output can still take.
    constexpr std::size_t capacity_left() const noexcept
    {
        return facts_.enlarge != nullptr ? SIZE_MAX : out_.capacity() - out_.size();
    }

    /// Appends to the output. The text must not be in it. `rest` is how many more bytes have arrived, for which memory
    /// is reserved at the same time.
    constexpr void append(std::string_view text, std::size_t rest)
    {
        std::size_t const size = out_.size() + text.size();
        if (size > out_.capacity()) grow(size, rest);
        put(out_.data() + out_.size(), text);
        out_.resize(size);
    }
    /// Doubles the capacity, but not beyond what the message can need.
    constexpr void grow(std::size_t size, std::size_t rest)
    {
        std::size_t capacity = 2 * out_.capacity();
        if (capacity < size + rest) capacity = size + rest;
        bool const is_length_known = facts_.next == element::content && !facts_.is_chunked;
        std::size_t const limit = is_length_known ? saturating_sum(out_.size(), facts_.left)
                                                  : saturating_sum(saturating_sum(facts_.url.end + 2, limits_.body),
                                                                   saturating_sum(limits_.header_block, limits_.line));
        if (capacity > limit && limit >= size) capacity = limit;
        facts_.enlarge(out_, capacity);
    }
    static constexpr void enlarge(buffer& output, std::size_t capacity)
    {
        buffer larger(capacity);
        put(larger.data(), output.view());
        larger.resize(output.size());
        output = std::move(larger);
    }

    /// Keeps a part of the current line in the output. The part may lie behind the end of the output.
    constexpr http1_range keep(std::string_view part, std::size_t rest)
    {
        std::size_t const begin = out_.size();
        if (facts_.line == 0) {
            append(part, rest);
        } else {
            char* out = out_.data() + begin;
            for (char c : part) *out++ = c; // may overlap
            out_.resize(begin + part.size());
        }
        return {begin, out_.size()};
    }

    /// How long the current line may be, and the rule for a longer one.
    constexpr std::size_t line_limit(literal& rule) const noexcept
    {
        std::size_t limit = limits_.line;
        rule = "longer than the limit of a line";
        if (facts_.next == element::fields || facts_.next == element::trailers) {
            std::size_t const left = limits_.header_block - facts_.block;
            if (left < 2 || left - 2 < limit) {
                limit = left < 2 ? 0 : left - 2;
                rule = "the header fields are longer than their limit";
            }
        }
        std::size_t const left = saturating_sum(capacity_left(), facts_.line);
        if (left < 2 || left - 2 < limit) {
            limit = left < 2 ? 0 : left - 2;
            rule = "the caller's buffer is too small for it";
        }
        return limit;
    }

    /// Reads bytes of the current line. Returns true at its end; `line` is then the line without CR LF.
    constexpr bool collect_line(std::string_view text, std::size_t& at, std::string_view& line)
    {
        if (!facts_.has_cr) {
            literal rule = "";
            std::size_t const limit = line_limit(rule) - facts_.line;
            std::size_t const stop = detail::find_first_not_in(is_field_value_byte(), text, at);
            if (stop - at > limit) {
                fail(too_long(), line_name(), rule, facts_.offset + at + limit);
                return false;
            }
            if (stop != text.size() && text[stop] != '\r') {
                fail(400, line_name(), text[stop] == '\n' ? literal("LF without CR") : literal("a control character"),
                     facts_.offset + stop);
                return false;
            }
            line = slice(text, at, stop);
            bool const is_cut = stop == text.size() || stop + 1 == text.size();
            if (facts_.line != 0 || is_cut) {
                append(line, 0);
                facts_.line += line.size();
            }
            at = stop;
            if (stop == text.size()) return false;
            facts_.has_cr = true;
            if (++at == text.size()) return false;
        }
        if (text[at] != '\n') {
            fail(400, line_name(), "CR without LF", facts_.offset + at - 1);
            return false;
        }
        ++at;
        facts_.has_cr = false;
        if (facts_.line != 0) {
            out_.resize(out_.size() - facts_.line); // leaves the bytes there
            line = {out_.data() + out_.size(), facts_.line};
        }
        return true;
    }

    /// Interprets a line that ends at `at`.
    constexpr void interpret(std::string_view line, std::string_view text, std::size_t at)
    {
        std::size_t const offset = facts_.offset + at - 2 - line.size();
        std::size_t const rest = text.size() - at;
        if (facts_.next == element::start_line) {
            (this->*role_->read_start_line)(line, offset, rest);
        } else if (facts_.next == element::chunk_line) {
            read_chunk_size(line, offset);
        } else if (!line.empty()) {
            read_field(line, offset, rest);
        } else if (facts_.next == element::trailers) {
            facts_.next = element::done;
        } else {
            (this->*role_->end_head)(offset + 2);
        }
        facts_.line = 0;
    }

    constexpr void read_status_line(std::string_view line, std::size_t offset, std::size_t) noexcept
    {
        constexpr literal name = "status line";
        if (line.empty()) return fail(400, name, "an empty line before it", offset);
        if (!detail::parse_http_version(line.substr(0, 8), facts_.minor_version) || facts_.minor_version < 0)
            return fail(400, name, "does not begin with HTTP/1.1 or HTTP/1.0", offset);
        if (line.size() == 8 || line[8] != ' ') return fail(400, name, "no space after the version", offset + 8);
        std::string_view const code = slice(line, 9, 12);
        std::uint64_t status = 0;
        if (code.size() != 3 || !parse_decimal(code, 999, status) || (line.size() > 12 && line[12] != ' '))
            return fail(400, name, "no status code of three digits", offset + 9);
        if (status < 100) return fail(400, name, "the status code is less than 100", offset + 9);
        if (status == 101) return fail(400, name, "switches to a protocol that was not asked for", offset + 9);
        facts_.status = static_cast<int>(status);
        if (status < 200) { // counts as a header field, which limits the number of interim responses
            if (line.size() + 2 > limits_.header_block - facts_.block)
                return fail(431, name, "the interim responses are longer than the limit of the header fields", offset);
            facts_.block += line.size() + 2;
        }
        facts_.next = element::fields;
    }

    constexpr void read_request_line(std::string_view line, std::size_t offset, std::size_t rest)
    {
        constexpr literal name = "request line";
        if (line.empty()) {
            if (facts_.skipped_line) return fail(400, name, "more than one empty line before it", offset);
            facts_.skipped_line = true; // RFC 9112, section 2.2
            return;
        }
        std::size_t const method_end = detail::find_first_not_in(is_token_byte(), line, 0);
        if (method_end == 0 || method_end == line.size() || line[method_end] != ' ')
            return fail(400, name, "does not begin with a method and one space", offset + method_end);
        std::size_t const begin = method_end + 1;
        std::size_t const end = find_or_end(line, " ", begin);
        if (end == begin) return fail(400, name, "more than one space", offset + end);
        if (end == line.size()) return fail(400, name, "no version", offset + end);
        if (!detail::parse_http_version(line.substr(end + 1), facts_.minor_version))
            return fail(400, name, "does not end with one space and a version", offset + end + 1);
        if (facts_.minor_version < 0)
            return fail(505, name, "the version is not HTTP/1.1 or HTTP/1.0", offset + end + 1);
        if (method_end > 32) return fail(501, name, "the method is longer than 32 characters", offset);

        std::string_view target = slice(line, begin, end);
        offset += begin;
        if (target[0] != '/') { // the absolute form, whose authority may be any
            std::size_t const authority = equal_ignoring_case(target.substr(0, 7), "http://")    ? 7
                                          : equal_ignoring_case(target.substr(0, 8), "https://") ? 8
                                                                                                 : 0;
            std::size_t const stop = detail::find_first_not_in(is_host_field_byte(), target, authority);
            if (authority == 0 || stop == authority || find_or_end(target, "/?#", stop) != stop)
                return fail(400, name, "the target is neither a path nor an http URL", offset);
            target.remove_prefix(stop);
            offset += stop;
        }
        std::size_t const stop = detail::skip_uri_bytes(is_target_byte(), target, 0);
        if (stop != target.size() && target[stop] == '#')
            return fail(400, name, "a fragment in the target", offset + stop);
        if (stop != target.size()) return fail(400, name, explain_uri_stop(target, stop).rule, offset + stop);
        std::size_t const path_end = find_or_end(target, "?", 0);
        std::string_view const path = target.substr(0, path_end);
        std::string_view const expected = out_.view().substr(facts_.path);
        if (out_.size() == 0 || (path.empty() ? "/" : path) != (expected.empty() ? "/" : expected))
            return fail(404, name, "not the path of the callback", offset);
        facts_.method.append(line.substr(0, method_end));
        facts_.url.end = keep(target.substr(path_end), rest).end;
        facts_.next = element::fields;
    }

    /// Reads a header field or a trailer field.
    constexpr void read_field(std::string_view line, std::size_t offset, std::size_t rest)
    {
        if (line[0] == ' ' || line[0] == '\t') return fail(400, line_name(), "begins with whitespace", offset);
        std::size_t const colon = detail::find_first_not_in(is_token_byte(), line, 0);
        if (colon == line.size()) return fail(400, line_name(), "no colon", offset + colon);
        if (line[colon] != ':') {
            bool const is_blank = line[colon] == ' ' || line[colon] == '\t';
            return fail(400, line_name(),
                        is_blank ? literal("whitespace before the colon") : literal("not a character of a name"),
                        offset + colon);
        }
        if (colon == 0) return fail(400, line_name(), "the name is empty", offset);
        if (facts_.fields == limits_.fields) return fail(431, line_name(), "more than the limit", offset);
        ++facts_.fields;
        facts_.block += line.size() + 2;
        std::string_view const name = line.substr(0, colon);
        std::string_view const value = trim(line.substr(colon + 1));
        std::size_t const value_offset = offset + static_cast<std::size_t>(value.data() - line.data());
        if (facts_.next == element::trailers) {
            for (std::string_view framing : {"Content-Length", "Transfer-Encoding", "Host"})
                if (equal_ignoring_case(name, framing))
                    return fail(400, line_name(), "must not be in the trailer", offset);
            return;
        }

        if (name.size() == 14 && equal_ignoring_case(name, "Content-Length"))
            read_content_length(value, value_offset);
        else if (name.size() == 17 && equal_ignoring_case(name, "Transfer-Encoding"))
            read_transfer_encoding(value, value_offset);
        else if (name.size() == 10 && equal_ignoring_case(name, "Connection"))
            read_connection(value);
        if (has_failed()) return;
        if (role_->keep_field != nullptr) return (this->*role_->keep_field)({name, value, value_offset}, rest);
        if (facts_.line == 0) return static_cast<void>(keep({line.data(), line.size() + 2}, rest));
        keep(line, rest);
        append("\r\n", rest);
    }

    constexpr void read_content_length(std::string_view value, std::size_t offset) noexcept
    {
        constexpr literal name = "Content-Length";
        if (facts_.has_length) return fail(400, name, "present twice", offset);
        if (facts_.is_chunked) return fail(400, name, "present together with Transfer-Encoding", offset);
        std::size_t number = 0;
        std::size_t digits = 0;
        for (; digits != value.size() && is_digit(value[digits]); ++digits) {
            if (number > (SIZE_MAX - 9) / 10) return fail(413, name, "does not fit a number of bytes", offset);
            number = 10 * number + static_cast<std::size_t>(value[digits] - '0');
        }
        if (digits == 0 || digits != value.size()) return fail(400, name, "not a number of bytes", offset + digits);
        facts_.has_length = true;
        facts_.length = number;
        facts_.length_offset = offset;
    }

    constexpr void read_transfer_encoding(std::string_view value, std::size_t offset) noexcept
    {
        constexpr literal name = "Transfer-Encoding";
        if (facts_.is_chunked) return fail(400, name, "present twice", offset);
        if (facts_.has_length) return fail(400, name, "present together with Content-Length", offset);
        if (facts_.minor_version == 0) return fail(400, name, "not allowed in HTTP/1.0", offset);
        if (!equal_ignoring_case(value, "chunked")) return fail(501, name, "not exactly \"chunked\"", offset);
        facts_.is_chunked = true;
    }

    constexpr void read_connection(std::string_view value) noexcept
    {
        for (std::size_t begin = 0; begin < value.size();) {
            std::size_t const end = find_or_end(value, ",", begin);
            std::string_view const option = trim(slice(value, begin, end));
            if (equal_ignoring_case(option, "close")) facts_.closes = true;
            if (equal_ignoring_case(option, "keep-alive")) facts_.has_keep_alive = true;
            begin = end + 1;
        }
    }

    /// Keeps what a `webhook_request` has.
    constexpr void keep_request_field(http1_field const& field, std::size_t rest)
    {
        auto const& [name, value, offset] = field;
        if (equal_ignoring_case(name, "Host")) {
            if (facts_.has_host) return fail(400, "Host", "present twice", offset);
            std::size_t const stop = detail::find_first_not_in(is_host_field_byte(), value, 0);
            if (stop != value.size()) return fail(400, "Host", "not a host and port", offset + stop);
            facts_.has_host = true;
        } else if (equal_ignoring_case(name, "Expect")) {
            if (!equal_ignoring_case(value, "100-continue")) return fail(417, "Expect", "not \"100-continue\"", offset);
            facts_.expects_continue = facts_.minor_version == 1; // RFC 9110, section 10.1.1
        } else if (equal_ignoring_case(name, "Content-Type")) {
            if (facts_.has_content_type) return fail(400, "Content-Type", "present twice", offset);
            facts_.has_content_type = true;
            facts_.content_type = keep(value, rest);
        } else if (equal_ignoring_case(name, "X-Twilio-Signature")) {
            if (facts_.has_signature) return fail(400, "X-Twilio-Signature", "present twice", offset);
            facts_.has_signature = true;
            facts_.signature = keep(value, rest);
        }
    }

    /// The length of the body, by RFC 9112, section 6.3.
    constexpr void end_response_head(std::size_t offset) noexcept
    {
        bool const has_content = facts_.is_chunked || facts_.length != 0;
        if (facts_.status < 200) {
            if (has_content) return fail(400, "status line", "an interim response with a body", offset);
            facts_.has_length = false;
            facts_.closes = facts_.has_keep_alive = false;
            out_.resize(0);
            facts_.next = element::start_line;
            return;
        }
        if (facts_.is_head || facts_.status == 204 || facts_.status == 304) {
            facts_.body = out_.size();
            facts_.next = element::done;
            // Servers should send no length with a 204. If there is one, they may send the content, too.
            if (facts_.status == 204 && has_content) facts_.closes = true;
            return;
        }
        if (facts_.is_chunked || facts_.has_length) return begin_content(offset);
        facts_.body = out_.size();
        facts_.closes = true;
        facts_.next = element::content_until_end;
    }

    constexpr void end_request_head(std::size_t offset) noexcept
    {
        if (!facts_.has_host && facts_.minor_version == 1) return fail(400, "Host", "missing", offset - 2);
        begin_content(offset);
    }

    constexpr void begin_content(std::size_t offset) noexcept
    {
        facts_.body = out_.size();
        facts_.head_end = offset;
        if (facts_.is_chunked) {
            facts_.next = element::chunk_line;
            return;
        }
        reserve_content(facts_.length, "Content-Length", facts_.length_offset);
        if (!has_failed() && facts_.length == 0) facts_.next = element::done;
    }

    /// Prepares to read `size` more bytes of the body.
    constexpr void reserve_content(std::size_t size, literal field, std::size_t offset) noexcept
    {
        if (size > limits_.body - (out_.size() - facts_.body))
            return fail(413, field, "the body is longer than its limit", offset);
        if (size > capacity_left()) return fail(413, field, "the caller's buffer is too small for the body", offset);
        facts_.left = size;
        facts_.next = element::content;
    }

    constexpr void take_content(std::string_view text, std::size_t& at)
    {
        std::size_t const size = smaller(facts_.left, text.size() - at);
        append(slice(text, at, at + size), 0);
        at += size;
        facts_.left -= size;
        if (facts_.left == 0) facts_.next = facts_.is_chunked ? element::chunk_end : element::done;
    }

    constexpr void take_content_until_end(std::string_view text, std::size_t& at)
    {
        std::size_t const size = text.size() - at;
        std::size_t const room = smaller(limits_.body - (out_.size() - facts_.body), capacity_left());
        if (size > room)
            return fail(413, "body",
                        room == capacity_left() ? literal("the caller's buffer is too small for the body")
                                                : literal("the body is longer than its limit"),
                        facts_.offset + at + room);
        append(text.substr(at), 0);
        at += size;
    }

    constexpr void read_chunk_size(std::string_view line, std::size_t offset) noexcept
    {
        constexpr literal name = "chunk size";
        std::size_t digits = 0;
        std::size_t size = 0;
        for (; digits != line.size() && is_hex(line[digits]); ++digits) {
            if (size > SIZE_MAX >> 4) return fail(413, name, "does not fit a number of bytes", offset);
            size = size << 4 | static_cast<std::size_t>(hex_value(line[digits]));
        }
        if (digits == 0 || (digits != line.size() && line[digits] != ';'))
            return fail(400, name, "not a hexadecimal digit", offset + digits);
        if (digits > 16) return fail(400, name, "more than 16 digits", offset + 16);
        std::size_t const extension = line.size() - digits;
        if (extension > limits_.header_block - facts_.extensions)
            return fail(413, name, "the chunk extensions are longer than the limit of the header fields",
                        offset + digits);
        facts_.extensions += extension;
        if (size == 0)
            facts_.next = element::trailers;
        else
            reserve_content(size, name, offset);
    }

    /// Reads the CR LF behind a chunk.
    constexpr void take_chunk_end(std::string_view text, std::size_t& at) noexcept
    {
        if (text[at] != (facts_.has_cr ? '\n' : '\r'))
            return fail(400, "chunk", "no CR LF behind it", facts_.offset + at);
        ++at;
        facts_.has_cr = !facts_.has_cr;
        if (!facts_.has_cr) facts_.next = element::chunk_line;
    }

    role const* role_;
    http1_bounds limits_;
    facts facts_{};
    buffer out_{};
};

inline constexpr http1_parser::role http1_parser::response = {
    "response", "status line", &http1_parser::read_status_line, nullptr, &http1_parser::end_response_head};

inline constexpr http1_parser::role http1_parser::request = {
    "request", "request line", &http1_parser::read_request_line, &http1_parser::keep_request_field,
    &http1_parser::end_request_head};

} // namespace sidecall::detail
