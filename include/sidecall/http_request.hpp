#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/wire/request.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/header.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/request_writer.hpp>
#include <sidecall/result.hpp>

namespace sidecall {

namespace detail {

/// The product of an operation, or empty if it is "api" or absent.
template <class Operation>
constexpr std::string_view other_product() noexcept
{
    if constexpr (requires { &Operation::product; }) {
        static_assert(
            requires { std::string_view(*&Operation::product); },
            "the product of an operation is a 'static constexpr std::string_view product'");
        constexpr std::string_view product = Operation::product;
        static_assert(is_dns_label(product), "the product of an operation is a DNS label, such as \"voice\"");
        return product == twilio_product ? std::string_view() : product;
    } else {
        return {};
    }
}

} // namespace detail

/// A request as a value: method, URL, header fields and body, without a credential. It can be logged, compared, stored,
/// and checked against a golden file. It is written once, into one buffer whose size is known in advance:
///
///     https://api.twilio.com/2010-04-01/Accounts/…  Callback=https%3A%2F%2F…  Accept: application/json…
///     |                     |                      |                         |
///     0                     target_                body_                     lines_
///
/// The header lines come last, so that `authorize` can append its own.
///
/// @code
/// sidecall::http_request request = operation.request();
/// std::string_view url = request.url();
/// for (sidecall::header field : request.headers()) log(field.name, field.value);
/// @endcode
class http_request {
public:
    /// Copies the request. One allocation.
    constexpr http_request(http_request const& other) = default;
    /// Moves the request. `other` is then empty; authorizing it aborts the program.
    constexpr http_request(http_request&& other) noexcept
        : bytes_(std::move(other.bytes_)), target_(std::exchange(other.target_, 0)),
          body_(std::exchange(other.body_, 0)), lines_(std::exchange(other.lines_, 0)), method_(other.method_)
    {
    }
    /// Copy- or move-assigns.
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

    constexpr http_method method() const noexcept { return method_; } ///< The method.

    /// The whole URL. All views are valid as long as this object, until it is assigned to. They are not available on a
    /// temporary, since they would dangle.
    constexpr std::string_view url() const& noexcept { return cut(0, body_); }
    std::string_view url() const&& = delete;

    /// The path and query of the URL: the request target of HTTP/1.1 (RFC 9112, section 3.2.1).
    constexpr std::string_view target() const& noexcept { return cut(target_, body_); }
    std::string_view target() const&& = delete;

    /// `host[:port]`, as in the `Host` header field.
    constexpr std::string_view host() const& noexcept { return cut(https() ? 8 : 7, target_); }
    std::string_view host() const&& = delete;

    /// The host for name resolution and certificate checks: without the port, and without the brackets of an IPv6
    /// address.
    constexpr std::string_view hostname() const& noexcept
    {
        std::string_view const authority = host();
        return authority.substr(0, 1) == "[" ? authority.substr(1, authority.find(']') - 1)
                                             : authority.substr(0, authority.find(':'));
    }
    std::string_view hostname() const&& = delete;

    /// The port to connect to: that of the endpoint, or else the default of the scheme, 80 or 443.
    constexpr std::uint16_t port() const noexcept
    {
        std::string_view const authority = host();
        std::size_t const colon = authority.rfind(':'); // a colon in an IPv6 address is followed by a bracket
        std::uint64_t number = 0;
        if (colon != authority.npos && detail::parse_decimal(authority.substr(colon + 1), 65535, number))
            return static_cast<std::uint16_t>(number);
        return https() ? 443 : 80;
    }

    /// Whether to use TLS. Plain HTTP is used only for a loopback host.
    constexpr bool https() const noexcept { return cut(4, 5) != ":"; }

    /// The header fields that your client cannot know: those that the operation adds, then `Accept`, `Accept-Charset`,
    /// `Content-Type` and `User-Agent`. `Host` and `Content-Length` are not included, since every client adds them;
    /// `to_http1` adds them too.
    constexpr header_lines headers() const& noexcept { return header_lines(cut(lines_, bytes_.size())); }
    header_lines headers() const&& = delete;

    /// The form or the JSON text; empty if there is none.
    constexpr std::string_view body() const& noexcept { return cut(body_, lines_); }
    std::string_view body() const&& = delete;

    /// The request as HTTP/1.1 bytes (RFC 9112), to write to a socket directly. One allocation. Aborts the program if
    /// the request is moved-from.
    std::string to_http1() const
    {
        expect_usable();
        std::string wire(http1_size(), '\0');
        write_http1(wire.data());
        return wire;
    }

    /// Compares byte for byte.
    friend constexpr bool operator==(http_request const& a, http_request const& b) noexcept
    {
        return a.method_ == b.method_ && a.target_ == b.target_ && a.body_ == b.body_ && a.lines_ == b.lines_ &&
               a.bytes_.view() == b.bytes_.view();
    }

private:
    friend class authorized_request;
    friend class result<http_request>;
    template <class Operation>
    friend constexpr result<http_request> make_request(Operation const& operation, endpoint const& endpoint);

    constexpr bool is_moved_from() const noexcept { return bytes_.size() == 0; }
    constexpr void expect_usable() const noexcept { detail::expect(!is_moved_from(), "the request was moved from"); }

    static constexpr std::size_t authorization_capacity = 128; // Basic with a token of 32 characters takes 115 bytes

    /// Checks and measures the parts of an operation's request.
    template <class Operation>
    static constexpr detail::measuring_sink measure(Operation const& operation, endpoint const& endpoint, bool exact)
    {
        detail::measuring_sink sink(endpoint, detail::other_product<Operation>(), exact);
        request_writer<Operation::request_method, detail::measuring_sink> writer(sink);
        (operation.write)(writer);
        return sink;
    }

    /// Writes the request of an operation to `buffer`, which is at least as large as `measured` says.
    template <class Operation>
    constexpr http_request(Operation const& operation, endpoint const& endpoint, detail::measuring_sink const& measured,
                           detail::buffer buffer)
        : bytes_(std::move(buffer)), method_(Operation::request_method)
    {
        detail::writing_sink sink(bytes_.data(), bytes_.capacity(), endpoint, detail::other_product<Operation>());
        request_writer<Operation::request_method, detail::writing_sink> writer(sink);
        for (unsigned parts = measured.first_parts(); parts <= detail::part::all; parts *= 2) {
            sink.set_parts(parts);
            (operation.write)(writer);
        }
        sink.finish();
        target_ = sink.target();
        body_ = sink.body();
        lines_ = sink.lines();
        bytes_.resize(sink.size());
    }

    constexpr std::string_view cut(std::size_t begin, std::size_t end) const noexcept
    {
        return detail::slice(bytes_.view(), begin, end);
    }

    /// A method that defines a meaning for a body sends its length even if it is zero (RFC 9110, section 8.6).
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
            size += std::string_view("Content-Length: \r\n").size() +
                    std::string_view(detail::decimal(body().size())).size();
        return size;
    }
    void write_http1(char* out) const noexcept
    {
        using detail::put;
        out = put(put(put(out, to_string_view(method_)), " "), target());
        out = put(put(put(out, " HTTP/1.1\r\nHost: "), host()), "\r\n");
        out = put(out, headers().text());
        if (has_length()) out = put(put(put(out, "Content-Length: "), detail::decimal(body().size())), "\r\n");
        put(put(out, "\r\n"), body());
    }

    detail::buffer bytes_;
    std::size_t target_ = 0;
    std::size_t body_ = 0;
    std::size_t lines_ = 0;
    http_method method_;
};

/// Makes the request of an operation, that is, of any struct that has `request_method` and `write`. Fails with
/// `invalid_argument` if a part of the request breaks a rule of `request_writer`. One allocation; none if it fails.
///
/// @code
/// auto request = sidecall::make_request(fetch_call{account, call});
/// if (!request) return request.error(); // names the parameter and the byte
/// @endcode
template <class Operation>
constexpr result<http_request> make_request(Operation const& operation, endpoint const& endpoint)
{
    auto const measured = http_request::measure(operation, endpoint, false);
    if (auto const wrong = measured.fault())
        return failure(errc::invalid_argument, wrong.field, wrong.cause.rule, wrong.cause.offset);
    return result<http_request>(std::in_place, operation, endpoint, measured,
                                detail::buffer(measured.size() + http_request::authorization_capacity));
}
/// The same, for Twilio itself.
template <class Operation>
constexpr result<http_request> make_request(Operation const& operation)
{
    return sidecall::make_request(operation, endpoint::twilio());
}

} // namespace sidecall
