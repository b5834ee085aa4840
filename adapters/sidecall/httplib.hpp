#pragma once

/// A transport and a webhook over cpp-httplib (`libcpp-httplib-dev`, `pkg-config cpp-httplib`), on POSIX systems.
/// Tested with versions 0.11.0 to 0.53.1. It does not compile with older versions or with 0.12.1. https needs
/// cpp-httplib with `CPPHTTPLIB_OPENSSL_SUPPORT`, which the flags of pkg-config define.

#include <httplib.h>

#ifdef _WIN32
#error "sidecall/httplib.hpp needs a POSIX system; use sidecall/curl.hpp instead"
#endif

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include <sidecall/detail/httplib_connection.hpp>
#include <sidecall/detail/httplib_version.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/transport_options.hpp>

namespace sidecall {

/// A blocking transport over cpp-httplib. It keeps its connection for the next request to the same host. It models
/// `transport`.
///
/// It verifies the certificate and the host name of the server and requires TLS 1.2 or later. It follows no redirect
/// and does not ask for compression. It hides the SIGPIPE that a write of cpp-httplib can raise from the program.
///
/// **Each request is sent once.** cpp-httplib 0.12.1 and later send a request again on a new connection if a TLS
/// connection ends just after the request was sent, although the server may have acted on it. This transport prevents
/// that without support from cpp-httplib: every attempt has one address and one connection. If cpp-httplib opens a
/// second connection, it gets a socket that cannot connect, and the request fails with `answer_lost`. A connection that
/// closes before anything is sent is replaced silently. The next address of the host is tried only if there was no
/// connection to the previous one.
///
/// The timeouts of cpp-httplib apply to single reads and writes. So a watchdog thread, which lives as long as the
/// request, cuts the connection at `total_timeout`. Neither timeout limits name resolution (`getaddrinfo`).
///
/// Limitations of cpp-httplib:
/// - It does not keep the order of header fields. 0.11 sorts them by name and drops those without a value.
/// - It handles only a bare `100 Continue`; any other interim response is a failure.
/// - For a response that is not HTTP it only reports a read error, so that is `answer_lost`.
/// - 0.11 reads a header section without a limit. On Linux the watchdog stops it soon after twice `max_answer` plus 64
///   KiB, elsewhere at `total_timeout`. Recent versions have limits of their own (100 fields of 8 KiB each), and a
///   response beyond them is `answer_lost` too.
/// - Some versions fail with `answer_lost` where others succeed: 0.17.1 to 0.18.0 for a header field without a value,
///   0.19.0 for a body without a length, and some from 0.31 on for such a body over TLS. The others cannot tell whether
///   such a body over TLS is complete if the server ends the connection without the `close_notify` of TLS.
/// - All but the newest versions decode `%41` in header values.
///
/// The header line with the credential is wiped after use. Copies that cpp-httplib, the TLS library and the kernel make
/// cannot be wiped.
///
/// Use one transport per thread. You can move it to another thread, but two threads must not use it at once. It has no
/// global state.
///
/// Allocates for the request, the response and inside cpp-httplib. Throws `std::bad_alloc`, and `std::system_error` if
/// no thread can be started.
class httplib_transport {
public:
    /// The options type. The connect timeout applies to each address of the host, and to each step of TLS after that.
    /// The total timeout does not include name resolution. The system certificate authorities are those that OpenSSL
    /// finds.
    using options = transport_options;

    /// Constructs a transport. It connects on the first request.
    explicit httplib_transport(transport_options settings = {})
        : connection_(std::make_unique<detail::httplib_connection>(std::move(settings)))
    {
    }

    /// Sends the request and waits for the whole response, whatever its status. For a failure, `native_code()` is the
    /// number of the `httplib::Error`:
    /// - `not_connected`: the host or the proxy could not be resolved, refused the connection, or did not connect in
    ///   time;
    /// - `tls_failure`: no TLS connection, an invalid certificate, or an unreadable `ca_file`;
    /// - `timed_out`: connected, but no complete response within `total_timeout`;
    /// - `answer_lost`: the connection ended before the response was complete, or the response is not HTTP;
    /// - `answer_too_large`: the response exceeds `max_answer`;
    /// - `invalid_argument`: a proxy that is not of the documented form, or a moved-from transport;
    /// - `transport_failure`: anything else.
    result<http_response> operator()(authorized_request const& request)
    {
        return (*this)(request, (std::chrono::milliseconds::max)());
    }

    /// Also limits the request to `time_limit`, if that is less than `total_timeout`. `send_with_retry` passes the time
    /// that remains.
    result<http_response> operator()(authorized_request const& request, std::chrono::milliseconds time_limit)
    {
        if (!connection_) return failure(errc::invalid_argument, "moved-from transport");
        return connection_->perform(request, time_limit);
    }

private:
    std::unique_ptr<detail::httplib_connection> connection_;
};

} // namespace sidecall

#include <sidecall/httplib_webhook.hpp> // so that one include provides the transport and the webhook
