#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
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

/// A request together with its `Authorization` header: the one object that holds the credential. It can be moved and
/// nothing else: not compared or printed, nor copied but by the name of `clone`; the credential is wiped when it ends.
/// Only `authorize` makes one. To see what will be sent, look at the `http_request`.
class authorized_request {
public:
    /// Takes the request over. `other` is then empty: its URL, header fields and body are, and no transport of this
    /// library sends it.
    constexpr authorized_request(authorized_request&& other) noexcept : request_(std::move(other.request_)) {}
    /// The same, and wipes the credential that was there.
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

    /// Another one like this, for a transport that takes the request with it. One allocation.
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

    /// Those of the `http_request`, and `Authorization` as the last: hand it to your client, and log none of it.
    constexpr header_lines headers() const& noexcept { return request_.headers(); }

    // None of a temporary: the view would dangle.
    std::string_view url() const&& = delete;
    std::string_view target() const&& = delete;
    std::string_view host() const&& = delete;
    std::string_view hostname() const&& = delete;
    std::string_view body() const&& = delete;
    header_lines headers() const&& = delete;

    /// The bytes of HTTP/1.1 with the credential in them; hence a `secret`. One allocation. Of a moved-from request it
    /// ends the program.
    secret to_http1() const
    {
        request_.expect_usable();
        secret wire(request_.http1_size());
        request_.write_http1(wire.text_.data());
        return wire;
    }

private:
    friend constexpr authorized_request authorize(http_request request, credentials const& who);
    template <class Operation>
    friend constexpr result<authorized_request> authorize(Operation const& what, credentials const& who,
                                                          endpoint const& where, storage memory);

    static constexpr std::string_view name = "Authorization: ";

    static constexpr std::size_t line_size(credentials const& who) noexcept
    {
        return name.size() + who.authorization().reveal().size() + 2;
    }

    // NOLINTNEXTLINE(modernize-pass-by-value): a copy on the way would leave the credential behind.
    constexpr explicit authorized_request(http_request const& authorized) : request_(authorized) {}

    /// Of a request that has room for it.
    constexpr authorized_request(http_request&& request, credentials const& who) noexcept : request_(std::move(request))
    {
        using detail::put;
        auto& bytes = request_.bytes_;
        char* const end = bytes.data() + bytes.size();
        std::size_t const size = line_size(who);
        bytes.resize(bytes.size() + size); // or it ends the program
        put(put(put(end, name), who.authorization().reveal()), "\r\n");
    }

    static constexpr void make_room(http_request& request, credentials const& who)
    {
        request.expect_usable();
        detail::expect(!who.authorization().empty(), "the credentials were moved from");
        auto& bytes = request.bytes_;
        std::size_t const size = bytes.size() + line_size(who);
        if (size <= bytes.capacity()) return;
        detail::buffer longer(size);
        detail::put(longer.data(), bytes.view());
        longer.resize(bytes.size());
        bytes = std::move(longer);
    }

    template <class Operation>
    static constexpr result<authorized_request> make_in(storage memory, Operation const& what, credentials const& who,
                                                        endpoint const& where)
    {
        if (who.authorization().empty())
            return failure(errc::invalid_argument, "Authorization", "the credentials were moved from");
        std::size_t const size = http_request::size_of(what, where, true) + line_size(who);
        if (size > memory.size()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
        return authorized_request(http_request(Operation::request_method, where, what, detail::buffer(memory)), who);
    }

    /// The lines from the first on: few bytes more than the credential, wherever it stands among them.
    constexpr void wipe() noexcept
    {
        auto const lines = request_.headers().text();
        detail::wipe(const_cast<char*>(lines.data()), lines.size());
    }

    http_request request_;
};

/// Adds the `Authorization` header. Takes the request by value: move it in if you do not need it any more. Allocates
/// only for a copy, or for a credential of unusual length. Ends the program if the request or the credentials were
/// moved from: there is nothing that could be sent.
constexpr authorized_request authorize(http_request request, credentials const& who)
{
    authorized_request::make_room(request, who);
    return authorized_request(std::move(request), who);
}

/// Writes an operation's request and its `Authorization` header into storage of yours, and allocates nothing. For an
/// operation that says what its request consists of, by `request_method` and `write`, as the library's do. The storage
/// must outlive the request, and belongs to nothing else as long as that lives. A failure is `invalid_argument`
/// in `"storage"`: too small; its offset is how many bytes it takes; or in `"Authorization"`: the credentials were
/// moved from.
template <class Operation>
constexpr result<authorized_request> authorize(Operation const& what, credentials const& who, endpoint const& where,
                                               storage memory)
{
    return authorized_request::make_in(memory, what, who, where);
}

} // namespace sidecall
