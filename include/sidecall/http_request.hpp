#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/wire/request.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/header.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// A parameter of a form: left out if it has no value.
struct form_field {
    text_view name;                 ///< Not encoded.
    std::optional<text_view> value; ///< Not encoded, either.
};

/// A request as a value: what is to be sent, and no credential in it, so that it can be logged, compared, stored and
/// held against a golden file. Written once, into one buffer, whose size is known before the first byte:
///
///     https://api.twilio.com/2010-04-01/Accounts/…  Callback=https%3A%2F%2F…  Accept: application/json…
///     |                     |                      |                         |
///     0                     target_                body_                     lines_
///
/// The header lines come last, because that is where `authorize` adds its own.
class http_request {
public:
    /// Makes a request to `where`: the pieces of the path put together, and the form as its body. Bytes that may not
    /// stand in a path or a form are percent-encoded, so nothing given here can end a line. A "/" or ".." in a piece is
    /// kept, so check a piece that comes from outside: it could name another resource. This is what an operation of
    /// your own calls. A path that does not begin with "/" is given one. One allocation.
    constexpr http_request(http_method method, endpoint const& where, std::initializer_list<std::string_view> path,
                           std::initializer_list<form_field> form = {});

    /// The request of one of the library's operations. One allocation.
    template <class Operation>
    constexpr http_request(Operation const& what, endpoint const& where)
        : http_request(Operation::request_method, where, what)
    {
    }

    /// A copy. One allocation.
    constexpr http_request(http_request const& other) = default;
    /// Takes the request over. `other` is then empty, and to authorize it ends the program.
    constexpr http_request(http_request&& other) noexcept
        : bytes_(std::move(other.bytes_)), target_(std::exchange(other.target_, 0)),
          body_(std::exchange(other.body_, 0)), lines_(std::exchange(other.lines_, 0)), method_(other.method_)
    {
    }
    /// Becomes `other`, copied or moved.
    constexpr http_request& operator=(http_request other) noexcept
    {
        bytes_ = std::move(other.bytes_);
        target_ = other.target_;
        body_ = other.body_;
        lines_ = other.lines_;
        method_ = other.method_;
        return *this;
    }
    constexpr ~http_request() = default;

    constexpr http_method method() const noexcept { return method_; } ///< How to ask.

    /// The whole URL. Every view is valid as long as this object is and not assigned to, so there are none of a
    /// temporary.
    constexpr std::string_view url() const& noexcept { return cut(0, body_); }
    std::string_view url() const&& = delete;

    /// The URL's path and query: what follows the method on HTTP's first line (RFC 9112, section 3.2.1).
    constexpr std::string_view target() const& noexcept { return cut(target_, body_); }
    std::string_view target() const&& = delete;

    /// `host[:port]`, as the `Host` header has it.
    constexpr std::string_view host() const& noexcept { return cut(https() ? 8 : 7, target_); }
    std::string_view host() const&& = delete;

    /// The host as a resolver and a certificate have it: without a port, and an IPv6 address without its brackets.
    constexpr std::string_view hostname() const& noexcept
    {
        std::string_view const all = host();
        return all.substr(0, 1) == "[" ? all.substr(1, all.find(']') - 1) : all.substr(0, all.find(':'));
    }
    std::string_view hostname() const&& = delete;

    /// The port to connect to: the endpoint's, else the scheme's, 80 or 443.
    constexpr std::uint16_t port() const noexcept
    {
        std::string_view const all = host();
        std::size_t const colon = all.rfind(':'); // one in an IPv6 address has a bracket behind it
        std::uint64_t given = 0;
        if (colon != all.npos && detail::parse_decimal(all.substr(colon + 1), 65535, given))
            return static_cast<std::uint16_t>(given);
        return https() ? 443 : 80;
    }

    /// Whether TLS is to be spoken; plain http only ever goes to a loopback host.
    constexpr bool https() const noexcept { return cut(4, 5) != ":"; }

    /// The header fields that your client cannot know by itself: `Accept`, `Accept-Charset`, `Content-Type`,
    /// `User-Agent`. `Host` and `Content-Length` are not among them, since every client adds those; `to_http1` does.
    constexpr header_lines headers() const& noexcept { return header_lines(cut(lines_, bytes_.size())); }
    header_lines headers() const&& = delete;

    /// The form, encoded; empty if there is none.
    constexpr std::string_view body() const& noexcept { return cut(body_, lines_); }
    std::string_view body() const&& = delete;

    /// The request as the bytes of HTTP/1.1 (RFC 9112), for those who have a socket and nothing else. One allocation.
    /// Of a moved-from request it ends the program.
    std::string to_http1() const
    {
        expect_usable();
        std::string wire(http1_size(), '\0');
        write_http1(wire.data());
        return wire;
    }

    /// Byte for byte.
    friend constexpr bool operator==(http_request const& a, http_request const& b) noexcept
    {
        return a.method_ == b.method_ && a.target_ == b.target_ && a.body_ == b.body_ && a.lines_ == b.lines_ &&
               a.bytes_.view() == b.bytes_.view();
    }

private:
    friend class authorized_request;

    /// A request of somebody else's operation.
    struct lists {
        std::initializer_list<std::string_view> path;
        std::initializer_list<form_field> form;

        template <class Request>
        constexpr void(write)(Request& to) const
        {
            bool const begins_with_slash = path.size() != 0 && path.begin()->substr(0, 1) == "/";
            if (!begins_with_slash) to.path("/"); // or what follows could be read as part of the host
            for (auto piece : path) to.encoded_path(piece);
            for (auto const& field : form)
                if (field.value) to.encoded_field(field.name, *field.value);
        }
    };

    constexpr bool is_moved_from() const noexcept { return bytes_.size() == 0; }
    constexpr void expect_usable() const noexcept { detail::expect(!is_moved_from(), "the request was moved from"); }

    static constexpr std::size_t room_to_authorize = 128; // a Basic credential with a token of 32 characters takes 115

    template <class Parts>
    constexpr http_request(http_method method, endpoint const& where, Parts const& parts)
        : http_request(method, where, parts, detail::buffer(size_of(parts, where, false) + room_to_authorize))
    {
    }
    template <class Parts>
    constexpr http_request(http_method method, endpoint const& where, Parts const& parts, detail::buffer room)
        : bytes_(std::move(room)), method_(method)
    {
        detail::request_writer writer(bytes_.data(), where);
        (parts.write)(writer);
        writer.finish();
        target_ = writer.target();
        body_ = writer.body();
        lines_ = writer.lines();
        bytes_.resize(writer.size());
    }

    template <class Parts>
    static constexpr std::size_t size_of(Parts const& parts, endpoint const& where, bool exact) noexcept
    {
        detail::request_measure measure(where, exact);
        (parts.write)(measure);
        return measure.size();
    }

    constexpr std::string_view cut(std::size_t begin, std::size_t end) const noexcept
    {
        return detail::slice(bytes_.view(), begin, end);
    }

    /// A method that defines a meaning for a body says its length even if there is none (RFC 9110, section 8.6).
    bool has_length() const noexcept
    {
        return method_ == http_method::post || method_ == http_method::put || method_ == http_method::patch ||
               !body().empty();
    }

    std::size_t http1_size() const noexcept
    {
        std::size_t size = to_string_view(method_).size() + target().size() + host().size() + headers().text().size() +
                           body().size() + std::string_view("  HTTP/1.1\r\nHost: \r\n\r\n").size();
        if (has_length())
            size += std::string_view("Content-Length: \r\n").size() + std::to_string(body().size()).size();
        return size;
    }
    void write_http1(char* out) const noexcept
    {
        using detail::put;
        out = put(put(put(out, to_string_view(method_)), " "), target());
        out = put(put(put(out, " HTTP/1.1\r\nHost: "), host()), "\r\n");
        out = put(out, headers().text());
        if (has_length()) out = put(put(put(out, "Content-Length: "), std::to_string(body().size())), "\r\n");
        put(put(out, "\r\n"), body());
    }

    detail::buffer bytes_;
    std::size_t target_ = 0;
    std::size_t body_ = 0;
    std::size_t lines_ = 0;
    http_method method_;
};

// Out of its class, since in it clang would take this for no constant: it calls a template that stands further below.
constexpr http_request::http_request(http_method method, endpoint const& where,
                                     std::initializer_list<std::string_view> path,
                                     std::initializer_list<form_field> form)
    : http_request(method, where, lists{path, form})
{
}

} // namespace sidecall
