#pragma once

#include <cstddef>
#include <string_view>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/sid.hpp>

// An operation says what its request consists of once, in its member template `write`: first the path, piece by piece,
// then the fields of the form. It says so twice to two listeners: one adds up how long the request becomes, so that
// room is made once; the other writes it there.
namespace sidecall::detail {

/// The header fields that are the same in each request, in their order.
inline constexpr std::string_view accept_lines = "Accept: application/json\r\nAccept-Charset: utf-8\r\n";
inline constexpr std::string_view form_type_line = "Content-Type: application/x-www-form-urlencoded\r\n";
inline constexpr std::string_view user_agent_name = "User-Agent: ";

/// Adds up the size: to the byte where the room is somebody's storage; else it may be more, since to count what must be
/// escaped in a short text takes longer than the room for it is worth.
class request_measure {
public:
    constexpr request_measure(endpoint const& where, bool to_the_byte) noexcept
        : to_the_byte_(to_the_byte),
          size_(where.origin().size() + accept_lines.size() + user_agent_name.size() + where.user_agent().size() + 2)
    {
    }

    /// A piece that is a path as it is: a literal of the library's, or a SID.
    constexpr request_measure& path(literal piece) noexcept { return add(piece.view().size()); }
    template <char A, char B>
    constexpr request_measure& path(basic_sid<A, B> const&) noexcept
    {
        return add(basic_sid<A, B>::size);
    }
    /// Any text, percent-encoded where it must be.
    constexpr request_measure& encoded_path(std::string_view piece) noexcept { return add(path_size(piece)); }

    constexpr void field(literal name, std::string_view value) noexcept { add_field(name.view().size(), value); }
    constexpr void encoded_field(std::string_view name, std::string_view value) noexcept
    {
        add_field(form_size(name), value);
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
        bool const count = to_the_byte_ || value.size() > 256;
        size_ += name + (count ? form_size(value) : 3 * value.size()) + 2; // "=", and "&" behind it
    }

    bool to_the_byte_;
    bool has_form_ = false;
    std::size_t size_;
};

/// Writes it, with the header lines behind the form.
class request_writer {
public:
    constexpr request_writer(char* out, endpoint const& where) noexcept
        : begin_(out), at_(put(out, where.origin())), target_(here()), where_(where)
    {
    }

    constexpr request_writer& path(literal piece) noexcept
    {
        at_ = put(at_, piece.view());
        return *this;
    }
    template <char A, char B>
    constexpr request_writer& path(basic_sid<A, B> const& sid) noexcept
    {
        at_ = detail::put(at_, sid.view());
        return *this;
    }
    constexpr request_writer& encoded_path(std::string_view piece) noexcept
    {
        at_ = write_path(at_, piece);
        return *this;
    }

    constexpr void field(literal name, std::string_view value) noexcept
    {
        begin_field();
        at_ = put(at_, name.view());
        end_field(value);
    }
    constexpr void encoded_field(std::string_view name, std::string_view value) noexcept
    {
        begin_field();
        at_ = write_form(at_, name);
        end_field(value);
    }

    constexpr void finish() noexcept
    {
        bool const has_form = body_ != 0;
        if (has_form)
            --at_; // the last "&"
        else
            body_ = here();
        lines_ = here();
        at_ = put(at_, accept_lines);
        if (has_form) at_ = put(at_, form_type_line);
        at_ = put(put(put(at_, user_agent_name), where_.user_agent()), "\r\n");
    }

    // What has been written, and where in it the parts begin.
    constexpr std::size_t target() const noexcept { return target_; }
    constexpr std::size_t body() const noexcept { return body_; }
    constexpr std::size_t lines() const noexcept { return lines_; }
    constexpr std::size_t size() const noexcept { return here(); }

private:
    constexpr std::size_t here() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

    constexpr void begin_field() noexcept
    {
        if (body_ == 0) body_ = here();
    }
    constexpr void end_field(std::string_view value) noexcept
    {
        *at_++ = '=';
        at_ = write_form(at_, value);
        *at_++ = '&';
    }

    char* begin_;
    char* at_;
    std::size_t target_;
    std::size_t body_ = 0;
    std::size_t lines_ = 0;
    endpoint const& where_;
};

} // namespace sidecall::detail
