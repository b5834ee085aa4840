#pragma once

#include <cstddef>
#include <string_view>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/sid.hpp>

// An operation describes its request in its member template `write`: first the path, piece by piece, then the form
// fields. The library calls `write` twice: with a `request_measure`, which adds up the size, so that the buffer is
// allocated once; then with a `request_writer`, which writes the request to it.
namespace sidecall::detail {

/// The header fields that every request has, in their order.
inline constexpr std::string_view accept_lines = "Accept: application/json\r\nAccept-Charset: utf-8\r\n";
inline constexpr std::string_view form_type_line = "Content-Type: application/x-www-form-urlencoded\r\n";
inline constexpr std::string_view user_agent_name = "User-Agent: ";

/// Adds up the size of a request. If `exact`, which is for the caller's buffer, it counts every byte. Otherwise the
/// size may be too large: for a short text, counting the bytes to escape takes longer than the extra space is worth.
class request_measure {
public:
    constexpr request_measure(endpoint const& destination, bool exact) noexcept
        : exact_(exact), size_(destination.origin().size() + accept_lines.size() + user_agent_name.size() +
                               destination.user_agent().size() + 2)
    {
    }

    /// Adds a piece of the path that needs no encoding: a literal or a SID.
    constexpr request_measure& path(literal piece) noexcept { return add(piece.view().size()); }
    template <char A, char B>
    constexpr request_measure& path(basic_sid<A, B> const&) noexcept
    {
        return add(basic_sid<A, B>::size);
    }
    /// Adds any text to the path, percent-encoded where necessary.
    constexpr request_measure& encoded_path(std::string_view piece) noexcept { return add(encoded_path_size(piece)); }

    constexpr void field(literal name, std::string_view value) noexcept { add_field(name.view().size(), value); }
    constexpr void encoded_field(std::string_view name, std::string_view value) noexcept
    {
        add_field(encoded_form_size(name), value);
    }

    constexpr std::size_t size() const noexcept { return size_ + (has_form_ ? form_type_line.size() : 0); }

private:
    constexpr request_measure& add(std::size_t size) noexcept
    {
        size_ += size;
        return *this;
    }
    constexpr void add_field(std::size_t name, std::string_view value) noexcept
    {
        has_form_ = true;
        bool const count = exact_ || value.size() > 256;
        size_ += name + (count ? encoded_form_size(value) : 3 * value.size()) + 2; // "=" and "&"
    }

    bool exact_;
    bool has_form_ = false;
    std::size_t size_;
};

/// Writes a request to a buffer: the URL, the form, then the header fields. Takes the same calls as `request_measure`,
/// then `finish`.
class request_writer {
public:
    constexpr request_writer(char* out, endpoint const& destination) noexcept
        : begin_(out), out_(put(out, destination.origin())), target_(written()), destination_(destination)
    {
    }

    constexpr request_writer& path(literal piece) noexcept
    {
        out_ = put(out_, piece.view());
        return *this;
    }
    template <char A, char B>
    constexpr request_writer& path(basic_sid<A, B> const& sid) noexcept
    {
        out_ = detail::put(out_, sid.view());
        return *this;
    }
    constexpr request_writer& encoded_path(std::string_view piece) noexcept
    {
        out_ = percent_encode_path(out_, piece);
        return *this;
    }

    constexpr void field(literal name, std::string_view value) noexcept
    {
        begin_field();
        out_ = put(out_, name.view());
        end_field(value);
    }
    constexpr void encoded_field(std::string_view name, std::string_view value) noexcept
    {
        begin_field();
        out_ = percent_encode_form(out_, name);
        end_field(value);
    }

    constexpr void finish() noexcept
    {
        bool const has_form = body_ != 0;
        if (has_form)
            --out_; // remove the last "&"
        else
            body_ = written();
        lines_ = written();
        out_ = put(out_, accept_lines);
        if (has_form) out_ = put(out_, form_type_line);
        out_ = put(put(put(out_, user_agent_name), destination_.user_agent()), "\r\n");
    }

    // The size of what has been written, and the offsets of its parts.
    constexpr std::size_t target() const noexcept { return target_; }
    constexpr std::size_t body() const noexcept { return body_; }
    constexpr std::size_t lines() const noexcept { return lines_; }
    constexpr std::size_t size() const noexcept { return written(); }

private:
    constexpr std::size_t written() const noexcept { return static_cast<std::size_t>(out_ - begin_); }

    constexpr void begin_field() noexcept
    {
        if (body_ == 0) body_ = written();
    }
    constexpr void end_field(std::string_view value) noexcept
    {
        *out_++ = '=';
        out_ = percent_encode_form(out_, value);
        *out_++ = '&';
    }

    char* begin_;
    char* out_;
    std::size_t target_;
    std::size_t body_ = 0;
    std::size_t lines_ = 0;
    endpoint const& destination_;
};

} // namespace sidecall::detail
