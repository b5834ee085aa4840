#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/credentials.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/header.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_request.hpp>
#include <sidecall/result.hpp>
#include <sidecall/storage.hpp>

namespace sidecall {

/// A request with its `Authorization` header field: the one object that contains the credential. It is move-only, and
/// cannot be compared or printed. `clone` makes an explicit copy. The credential is wiped on destruction. Only
/// `authorize` makes one. To inspect what will be sent, use the `http_request`.
///
/// @code
/// sidecall::authorized_request authorized = sidecall::authorize(operation.request(), credentials);
/// // send authorized.method(), .url(), .headers() and .body() with your client, then:
/// auto resource = operation.parse({.status = status, .headers = fields, .body = body});
/// @endcode
class authorized_request {
public:
    /// Moves the request. `other` is then empty: its URL, header fields and body are empty, and no transport of this
    /// library sends it.
    constexpr authorized_request(authorized_request&& other) noexcept : request_(std::move(other.request_)) {}
    /// Moves the request and wipes the previous credential.
    constexpr authorized_request& operator=(authorized_request&& other) noexcept
    {
        if (this != &other) {
            wipe();
            request_ = std::move(other.request_);
        }
        return *this;
    }
    authorized_request(authorized_request const&) = delete;
    authorized_request& operator=(authorized_request const&) = delete;
    constexpr ~authorized_request() { wipe(); }

    /// An explicit copy, for a transport that takes ownership of the request. One allocation.
    constexpr authorized_request clone() const { return authorized_request(request_); }

    constexpr http_method method() const noexcept { return request_.method(); }       ///< See `http_request::method`.
    constexpr std::string_view url() const& noexcept { return request_.url(); }       ///< See `http_request::url`.
    constexpr std::string_view target() const& noexcept { return request_.target(); } ///< See `http_request::target`.
    constexpr std::string_view host() const& noexcept { return request_.host(); }     ///< See `http_request::host`.
    /// See `http_request::hostname`.
    constexpr std::string_view hostname() const& noexcept { return request_.hostname(); }
    constexpr std::uint16_t port() const noexcept { return request_.port(); }     ///< See `http_request::port`.
    constexpr bool https() const noexcept { return request_.https(); }            ///< See `http_request::https`.
    constexpr std::string_view body() const& noexcept { return request_.body(); } ///< See `http_request::body`.

    /// The header fields of the `http_request`, followed by `Authorization`. Pass them to your client; do not log them.
    constexpr header_lines headers() const& noexcept { return request_.headers(); }

    // Not available on a temporary: the view would dangle.
    std::string_view url() const&& = delete;
    std::string_view target() const&& = delete;
    std::string_view host() const&& = delete;
    std::string_view hostname() const&& = delete;
    std::string_view body() const&& = delete;
    header_lines headers() const&& = delete;

    /// The request as HTTP/1.1 bytes, including the credential; hence a `secret`. One allocation. Aborts the program if
    /// the request is moved-from.
    secret to_http1() const
    {
        request_.expect_usable();
        secret wire(request_.http1_size());
        request_.write_http1(wire.text_.data());
        return wire;
    }

    /// The same in the caller's buffer, which must outlive the secret. Does not allocate. Fails with `invalid_argument`
    /// in `"storage"` if the buffer is too small; the offset of the failure is the size needed.
    ///
    /// @code
    /// char buffer[1024];
    /// auto const bytes = authorized.to_http1(buffer);
    /// if (!bytes) return bytes.error();
    /// transmit(bytes->reveal()); // your socket, or your modem
    /// @endcode
    result<secret> to_http1(storage buffer) const noexcept
    {
        request_.expect_usable();
        auto wire = secret::with_capacity(buffer, request_.http1_size());
        if (wire) request_.write_http1(wire->text_.data());
        return wire;
    }

private:
    friend class result<authorized_request>;
    friend constexpr authorized_request authorize(http_request request, credentials const& credentials);
    template <class Operation>
    friend constexpr result<authorized_request> authorize(Operation const& operation, credentials const& credentials,
                                                          endpoint const& endpoint);
    template <class Operation>
    friend constexpr result<authorized_request> authorize(Operation const& operation, credentials const& credentials,
                                                          endpoint const& endpoint, storage buffer);

    static constexpr std::string_view name = "Authorization: ";

    static constexpr std::size_t line_size(credentials const& credentials) noexcept
    {
        return name.size() + credentials.authorization().reveal().size() + 2;
    }

    // NOLINTNEXTLINE(modernize-pass-by-value): an intermediate copy would leave the credential behind.
    constexpr explicit authorized_request(http_request const& authorized) : request_(authorized) {}

    /// Appends the header line to a request whose buffer has enough capacity.
    constexpr authorized_request(http_request&& request, credentials const& credentials) noexcept
        : request_(std::move(request))
    {
        using detail::put;
        auto& bytes = request_.bytes_;
        char* const end = bytes.data() + bytes.size();
        std::size_t const size = line_size(credentials);
        bytes.resize(bytes.size() + size); // aborts if the capacity is too small
        put(put(put(end, name), credentials.authorization().reveal()), "\r\n");
    }

    static constexpr void reserve_line(http_request& request, credentials const& credentials)
    {
        request.expect_usable();
        detail::expect(!credentials.authorization().empty(), "the credentials were moved from");
        auto& bytes = request.bytes_;
        std::size_t const size = bytes.size() + line_size(credentials);
        if (size <= bytes.capacity()) return;
        detail::buffer longer(size);
        detail::put(longer.data(), bytes.view());
        longer.resize(bytes.size());
        bytes = std::move(longer);
    }

    /// Makes the request of an operation in the buffer that `make_buffer(size)` returns. Fails if that is smaller than
    /// `size`. If `exact`, `size` is exactly what the request needs; otherwise it may be larger.
    template <class Operation, class MakeBuffer>
    static constexpr result<authorized_request> make(Operation const& operation, credentials const& credentials,
                                                     endpoint const& endpoint, bool exact, MakeBuffer make_buffer)
    {
        if (credentials.authorization().empty())
            return failure(errc::invalid_argument, "Authorization", "the credentials were moved from");
        auto const measured = http_request::measure(operation, endpoint, exact);
        if (auto const wrong = measured.fault())
            return failure(errc::invalid_argument, wrong.field, wrong.cause.rule, wrong.cause.offset);
        std::size_t const size = measured.size() + line_size(credentials);
        detail::buffer buffer = make_buffer(size);
        if (buffer.capacity() < size) return failure(errc::invalid_argument, "storage", detail::too_small, size);
        return result<authorized_request>(std::in_place, http_request(operation, endpoint, measured, std::move(buffer)),
                                          credentials);
    }

    /// Wipes all header lines. That takes only a few bytes more than the credential, and its position among the
    /// lines does not matter.
    constexpr void wipe() noexcept
    {
        auto const lines = request_.headers().text();
        detail::wipe(const_cast<char*>(lines.data()), lines.size());
    }

    http_request request_;
};

/// Adds the `Authorization` header field. Takes the request by value: move it in if you no longer need it. Allocates
/// only for a copy of the request, or for an unusually long credential. Aborts the program if the request or the
/// credentials are moved-from, since nothing could be sent.
constexpr authorized_request authorize(http_request request, credentials const& credentials)
{
    authorized_request::reserve_line(request, credentials);
    return authorized_request(std::move(request), credentials);
}

/// Makes the request of an operation with its `Authorization` header field. One allocation; none if it fails.
///
/// Fails with `invalid_argument` if a part of the request breaks a rule of `request_writer`, and with
/// `invalid_argument` in `"Authorization"` if the credentials are moved-from.
template <class Operation>
constexpr result<authorized_request> authorize(Operation const& operation, credentials const& credentials,
                                               endpoint const& endpoint)
{
    return authorized_request::make(operation, credentials, endpoint, false,
                                    [](std::size_t size) { return detail::buffer(size); });
}

/// The same, for Twilio itself.
template <class Operation>
    requires(!std::is_convertible_v<Operation const&, http_request>)
constexpr result<authorized_request> authorize(Operation const& operation, credentials const& credentials)
{
    return sidecall::authorize(operation, credentials, endpoint::twilio());
}

/// Like `authorize` above, with the request in the caller's buffer. Does not allocate. The buffer must outlive the
/// request and must not be used for anything else during that time. Also fails with `invalid_argument` in `"storage"`
/// if the buffer is too small; the offset of the failure is the size needed.
///
/// @code
/// char buffer[1024];
/// auto request = sidecall::authorize(operation, credentials, sidecall::endpoint::twilio(), buffer);
/// @endcode
template <class Operation>
constexpr result<authorized_request> authorize(Operation const& operation, credentials const& credentials,
                                               endpoint const& endpoint, storage buffer)
{
    return authorized_request::make(operation, credentials, endpoint, true,
                                    [buffer](std::size_t) { return detail::buffer(buffer); });
}

} // namespace sidecall
