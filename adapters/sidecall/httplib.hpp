#pragma once

/// A transport and a webhook over cpp-httplib (`libcpp-httplib-dev`, `pkg-config cpp-httplib`), on POSIX systems. Run
/// with versions 0.11.0 to 0.53.1; it does not compile with an older one, or with 0.12.1. For https, cpp-httplib must
/// have its `CPPHTTPLIB_OPENSSL_SUPPORT`, which pkg-config's flags define.

#include <httplib.h>

#ifdef _WIN32
#error "sidecall/httplib.hpp is for POSIX systems; sidecall/curl.hpp is for all"
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

/// Carries requests by cpp-httplib: blocking, on a connection that it keeps for the next one to the same host. A model
/// of `transport`.
///
/// The peer is verified, certificate and host name, with TLS 1.2 or later. No redirect is followed, no compression
/// asked for, and SIGPIPE, which cpp-httplib's writing can raise, is kept from the program.
///
/// **A request is sent once.** Versions of cpp-httplib from 0.12.1 on send a request again by themselves, on a new
/// connection, if a TLS connection ends just after it was sent, though the server may have acted on it. This transport
/// prevents that without help from cpp-httplib: each attempt has one address and one connection. If cpp-httplib wants a
/// second connection, it gets a socket that cannot connect, and the failure is `answer_lost`. A connection whose end is
/// seen before anything is sent is replaced silently. Another address of the host is tried only if there was no
/// connection to the one before.
///
/// cpp-httplib's timeouts are for single reads and writes, so a watching thread, which lives as long as the request,
/// cuts the connection at `total_timeout`. Name look-up (`getaddrinfo`) is bounded by neither timeout.
///
/// What cpp-httplib cannot do: it gives the header fields out of order (0.11 sorts them by name, and leaves out those
/// without a value); it knows no interim answer but a bare `100 Continue`, so any other fails; of an answer that is no
/// HTTP it says no more than that reading failed, so that is `answer_lost`. 0.11 reads headers without a limit: on
/// Linux the watching thread stops that soon after `max_answer`, elsewhere at `total_timeout`. Today's versions have
/// limits of their own (100 fields, 8 KiB each), and what is beyond them is `answer_lost`, too.
/// Some versions fail with `answer_lost` where others succeed: 0.17.1 to 0.18.0 at a header field without a value,
/// 0.19.0 at a body without a length, some from 0.31 on at such a body over TLS. The others cannot tell whether such a
/// body over TLS is whole if the server ends the connection without TLS's `close_notify`. All but the newest decode
/// `%41` in header values.
///
/// The credential's line is wiped after use; the copies that cpp-httplib, TLS and the kernel make of it are not within
/// reach.
///
/// One transport per thread: it may be moved to another one, but not used by two at once. It has no global state.
///
/// Allocates for the request, the answer and cpp-httplib's needs. Throws `std::bad_alloc`, and `std::system_error` if
/// no thread can be started.
class httplib_transport {
public:
    /// The type of its options. The connect timeout bounds each address of the host, and each step of TLS after it; the
    /// total timeout leaves name look-up out; the system's certificate authorities are those that OpenSSL finds.
    using options = transport_options;

    /// Makes a transport; it connects when the first request is made.
    explicit httplib_transport(transport_options settings = {})
        : connection_(std::make_unique<detail::httplib_connection>(std::move(settings)))
    {
    }

    /// Sends the request and waits for the whole answer, whatever its status. `native_code()` of a failure is the
    /// number of the `httplib::Error`:
    /// - `not_connected`: no address, refused, no proxy, or not connected in time;
    /// - `tls_failure`: no TLS, or the certificate does not hold, or `ca_file` cannot be read;
    /// - `timed_out`: connected, but no whole answer within `total_timeout`;
    /// - `answer_lost`: the connection ended before the whole answer had come, or what came is no HTTP;
    /// - `answer_too_large`: more than `max_answer`;
    /// - `invalid_argument`: a proxy that is not as described, a transport that was moved from;
    /// - `transport_failure`: anything else.
    result<http_response> operator()(authorized_request const& request)
    {
        return (*this)(request, (std::chrono::milliseconds::max)());
    }

    /// The same in no more than this time, where `total_timeout` is longer: what `send_with_retry` has left.
    result<http_response> operator()(authorized_request const& request, std::chrono::milliseconds at_most)
    {
        if (!connection_) return failure(errc::invalid_argument, "the transport was moved from");
        return connection_->carry(request, at_most);
    }

private:
    std::unique_ptr<detail::httplib_connection> connection_;
};

} // namespace sidecall

#include <sidecall/httplib_webhook.hpp> // one include for both
