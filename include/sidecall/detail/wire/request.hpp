#pragma once

#include <cstddef>
#include <string_view>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/header_field.hpp>
#include <sidecall/detail/text/json.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/text/uri.hpp>
#include <sidecall/detail/wire/names.hpp>
#include <sidecall/endpoint.hpp>

// The two sinks of a `request_writer`. The library calls the `write` of an operation first with a `measuring_sink`,
// which checks the parts and adds up their size, so that the buffer is allocated once; then, once or once for each
// part, with a `writing_sink`, which writes them to the buffer.
namespace sidecall::detail {

/// The header fields that every request has, in their order.
inline constexpr std::string_view accept_lines = "Accept: application/json\r\nAccept-Charset: utf-8\r\n";
inline constexpr std::string_view form_type_line = "Content-Type: application/x-www-form-urlencoded\r\n";
inline constexpr std::string_view json_type_line = "Content-Type: application/json\r\n";
inline constexpr std::string_view user_agent_name = "User-Agent: ";

/// What the body of a request is.
enum class body_type : unsigned char { none, form, json };

/// The header line of a body.
constexpr std::string_view type_line(body_type type) noexcept
{
    return type == body_type::form ? form_type_line : type == body_type::json ? json_type_line : std::string_view();
}

/// The parts of a request in the order of the buffer, as bits. If an operation writes them in another order, the
/// library calls its `write` once for each part.
namespace part {
inline constexpr unsigned path = 1;
inline constexpr unsigned query = 2;
inline constexpr unsigned body = 4;
inline constexpr unsigned headers = 8;
inline constexpr unsigned all = 15;
} // namespace part

/// Returns the size of what `put_origin` writes.
constexpr std::size_t origin_size(endpoint const& destination, std::string_view other_product) noexcept
{
    std::size_t const size = destination.origin().size();
    return other_product.empty() || !destination.is_twilio() ? size
                                                             : size - twilio_product.size() + other_product.size();
}

/// Writes the origin of a request: that of the endpoint. If the endpoint is Twilio, the operation's product, if other
/// than "api", replaces the first label of the host. Returns the end.
constexpr char* put_origin(char* out, endpoint const& destination, std::string_view other_product) noexcept
{
    std::string_view const origin = destination.origin();
    if (other_product.empty() || !destination.is_twilio()) return put(out, origin);
    out = put(put(out, twilio_scheme), other_product);
    return put(out, origin.substr(twilio_scheme.size() + twilio_product.size()));
}

/// Checks the parts of a request and adds up its size. If `exact`, which is for the caller's buffer, it counts every
/// byte. Otherwise the size may be too large: for a short text, counting the bytes to escape takes longer than the
/// extra space is worth.
class measuring_sink {
public:
    constexpr measuring_sink(endpoint const& destination, std::string_view product, bool exact) noexcept
        : exact_(exact), size_(origin_size(destination, product)),
          user_agent_size_(user_agent_name.size() + destination.user_agent().size() + 2)
    {
    }

    constexpr void path(std::string_view piece) noexcept
    {
        begin(part::path);
        if (is_empty_path_ && piece.substr(0, 1) != "/") fail("path", "does not begin with '/'", 0);
        add_to_path(piece.size());
    }
    /// A segment that needs neither a check nor an encoding.
    constexpr void plain_segment(std::string_view text) noexcept
    {
        begin(part::path);
        if (is_empty_path_) fail("path", "does not begin with '/'", 0);
        add_to_path(text.size());
    }
    constexpr void segment(std::string_view text, literal name) noexcept
    {
        if (text.empty()) fail(name, "empty: the path would be that of another resource", 0);
        if (text == "." || text == "..") fail(name, "a dot segment: the path would be that of another resource", 0);
        plain_segment({});
        add_encoded(text, encoded_segment_size);
    }
    constexpr void uri(std::string_view text) noexcept
    {
        begin(part::path);
        if (!is_empty_path_) fail("uri", "a request has a path or a URI", 0);
        is_empty_path_ = false;
        has_uri_ = true;
        if (auto const wrong = check_path_and_query(text)) fail("uri", wrong.rule, wrong.offset);
        size_ += text.size();
    }
    constexpr void query(parameter_name const& name, std::string_view value) noexcept
    {
        begin(part::query);
        add_parameter(name, value);
    }
    SIDECALL_DETAIL_INLINE constexpr void field(parameter_name const& name, std::string_view value) noexcept
    {
        begin(part::body);
        if (body_ == body_type::json) fail(name.field(), "after a JSON body: a request has one body", 0);
        body_ = body_type::form;
        add_parameter(name, value);
    }
    constexpr void json_body(std::string_view text) noexcept
    {
        begin(part::body);
        if (body_ != body_type::none) fail("json_body", "after another body: a request has one body", 0);
        body_ = body_type::json;
        json_reader reader(text);
        json_value value;
        if (!reader.read_text(value)) fail("json_body", reader.fault().rule, reader.fault().offset);
        size_ += text.size();
    }
    constexpr void header(header_name const& name, std::string_view value) noexcept
    {
        begin(part::headers);
        if (auto const wrong = name.fault()) fail(name.field(), wrong.rule, wrong.offset);
        if (auto const wrong = check_header_value(value)) fail(name.field(), wrong.rule, wrong.offset);
        has_accept_ |= name.is_accept();
        size_ += name.view().size() + value.size() + 4; // ": " and CR LF
    }

    /// Records a fault, unless there is one already.
    constexpr void fail(literal field, literal rule, std::size_t offset) noexcept
    {
        if (!fault_) fault_ = {field, {rule, offset}};
    }

    /// What is wrong with the request. Call this after `write`.
    constexpr named_violation fault() const noexcept
    {
        return is_empty_path_ && !fault_ ? named_violation{"path", {"missing", 0}} : fault_;
    }

    /// The size of the request, including the header lines that `writing_sink::finish` adds.
    constexpr std::size_t size() const noexcept
    {
        return size_ + (has_accept_ ? 0 : accept_lines.size()) + type_line(body_).size() + user_agent_size_;
    }

    /// The parts to write with the first call of `write`: all of them, or if they are not in order, only the first.
    constexpr unsigned first_parts() const noexcept { return is_in_order_ ? part::all : part::path; }

private:
    constexpr void add_to_path(std::size_t size) noexcept
    {
        if (has_uri_) fail("path", "a request has a path or a URI", 0);
        is_empty_path_ = false;
        size_ += size;
    }
    constexpr void begin(unsigned part) noexcept
    {
        if (part < part_) is_in_order_ = false;
        part_ = part;
    }
    template <class Size>
    constexpr void add_encoded(std::string_view text, Size encoded_size) noexcept
    {
        size_ += exact_ || text.size() > 256 ? encoded_size(text) : 3 * text.size();
    }
    SIDECALL_DETAIL_INLINE constexpr void add_parameter(parameter_name const& name, std::string_view value) noexcept
    {
        size_ += name.encoded_size();
        add_encoded(value, encoded_form_size);
        size_ += 2; // "=", and "?" or "&"
    }

    bool exact_;
    bool is_empty_path_ = true;
    bool has_uri_ = false;
    bool is_in_order_ = true;
    bool has_accept_ = false;
    body_type body_ = body_type::none;
    unsigned part_ = 0;
    std::size_t size_;
    std::size_t user_agent_size_;
    named_violation fault_{};
};

/// Writes a request to a buffer: the URL, the body, then the header fields. Takes the calls that a `measuring_sink` has
/// accepted, then `finish`. Ends the program if `write` now passes different parts that could overrun the buffer,
/// change the host or add a header line.
class writing_sink {
public:
    /// Writes to `out`, which has room for `size` bytes. Begins with the origin.
    constexpr writing_sink(char* out, std::size_t size, endpoint const& destination, std::string_view product) noexcept
        : begin_(out), out_(put_origin(out, destination, product)), end_(out + size), target_(written()),
          destination_(destination)
    {
    }

    /// Selects the parts that the next call of `write` writes.
    constexpr void set_parts(unsigned parts) noexcept { parts_ = parts; }

    SIDECALL_DETAIL_INLINE constexpr void path(std::string_view piece) noexcept
    {
        if (!begin(part::path)) return;
        if (written() == target_) expect_unchanged(piece.substr(0, 1) == "/"); // it would name another host
        copy(piece);
    }
    SIDECALL_DETAIL_INLINE constexpr void plain_segment(std::string_view text) noexcept { path(text); }
    constexpr void segment(std::string_view text, literal) noexcept
    {
        if (!begin(part::path)) return;
        expect_unchanged(written() != target_ && !text.empty() && text != "." && text != "..");
        if (3 * text.size() + copy_slack > room()) expect_room(encoded_segment_size(text) + copy_slack);
        out_ = percent_encode_segment(out_, text);
    }
    constexpr void uri(std::string_view text) noexcept
    {
        expect_unchanged(!check_path_and_query(text));
        path(text);
        if (text.find('?') != text.npos) has_query_ = true;
    }
    constexpr void query(parameter_name const& name, std::string_view value) noexcept
    {
        if (!begin(part::query)) return;
        expect_room_for(name, value);
        *out_++ = has_query_ ? '&' : '?';
        has_query_ = true;
        put_parameter(name, value);
    }
    SIDECALL_DETAIL_INLINE constexpr void field(parameter_name const& name, std::string_view value) noexcept
    {
        if (!begin(part::body)) return;
        expect_unchanged(type_ != body_type::json);
        if (body_ == 0) body_ = written();
        type_ = body_type::form;
        expect_room_for(name, value);
        put_parameter(name, value);
        *out_++ = '&'; // `begin_headers` removes the last one
    }
    constexpr void json_body(std::string_view text) noexcept
    {
        if (!begin(part::body)) return;
        expect_unchanged(body_ == 0);
        body_ = written();
        type_ = body_type::json;
        copy(text);
    }
    constexpr void header(header_name const& name, std::string_view value) noexcept
    {
        if (!begin(part::headers)) return;
        expect_unchanged(!name.fault() && !check_header_value(value));
        begin_headers();
        has_accept_ |= name.is_accept();
        copy(name.view());
        copy(": ");
        copy(value);
        copy("\r\n");
    }
    constexpr void fail(literal, literal, std::size_t) noexcept {}

    constexpr void finish() noexcept
    {
        begin_headers();
        std::string_view const user_agent = destination_.user_agent();
        expect_room((has_accept_ ? 0 : accept_lines.size()) + type_line(type_).size() + user_agent_name.size() +
                    user_agent.size() + 2);
        if (!has_accept_) out_ = put(out_, accept_lines);
        if (type_ == body_type::form) out_ = put(out_, form_type_line);
        if (type_ == body_type::json) out_ = put(out_, json_type_line);
        out_ = put(put(put(out_, user_agent_name), user_agent), "\r\n");
    }

    // The size of what has been written, and the offsets of its parts.
    constexpr std::size_t target() const noexcept { return target_; }
    constexpr std::size_t body() const noexcept { return body_; }
    constexpr std::size_t lines() const noexcept { return lines_; }
    constexpr std::size_t size() const noexcept { return written(); }

private:
    constexpr std::size_t written() const noexcept { return static_cast<std::size_t>(out_ - begin_); }
    constexpr std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - out_); }

    /// Ends the program if `write` passes parts that the `measuring_sink` has not checked.
    static constexpr void expect_unchanged(bool condition) noexcept
    {
        expect(condition, "the parts of a request have changed while it was written");
    }
    constexpr void expect_room(std::size_t size) const noexcept { expect_unchanged(size <= room()); }

    /// Whether this part is to be written now.
    SIDECALL_DETAIL_INLINE constexpr bool begin(unsigned part) noexcept
    {
        if (!(parts_ & part)) return false;
        expect_unchanged(part >= part_);
        part_ = part;
        return true;
    }
    /// Counts only if the upper bound does not fit.
    SIDECALL_DETAIL_INLINE constexpr void expect_room_for(parameter_name const& name,
                                                          std::string_view value) const noexcept
    {
        if (3 * (name.view().size() + value.size()) + 2 + copy_slack > room())
            expect_room(name.encoded_size() + encoded_form_size(value) + 2 + copy_slack);
    }

    SIDECALL_DETAIL_INLINE constexpr void copy(std::string_view text) noexcept
    {
        expect_room(text.size());
        out_ = put(out_, text);
    }
    SIDECALL_DETAIL_INLINE constexpr void put_parameter(parameter_name const& name, std::string_view value) noexcept
    {
        out_ = name.needs_encoding() ? percent_encode_form(out_, name.view()) : put(out_, name.view());
        *out_++ = '=';
        out_ = percent_encode_form(out_, value);
    }
    constexpr void begin_headers() noexcept
    {
        if (lines_ != 0) return;
        if (type_ == body_type::form) --out_;
        lines_ = written();
        if (body_ == 0) body_ = lines_;
    }

    char* begin_;
    char* out_;
    char* end_;
    std::size_t target_;
    std::size_t body_ = 0;
    std::size_t lines_ = 0;
    unsigned parts_ = part::all;
    unsigned part_ = 0;
    body_type type_ = body_type::none;
    bool has_query_ = false;
    bool has_accept_ = false;
    endpoint const& destination_;
};

} // namespace sidecall::detail
