#pragma once

/// A transport over libcurl 7.85 or later (`libcurl4-openssl-dev`, `pkg-config libcurl`). The system must have the
/// certificates of the public authorities (`ca-certificates`). Without them every https request fails with
/// `tls_failure`.

#include <curl/curl.h>

#include <chrono>
#include <utility>

#include <sidecall/detail/curl_exchange.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/transport_options.hpp>

namespace sidecall {

/// A blocking transport over libcurl. It uses HTTP/1.1 and keeps its connection for the next request. It models
/// `transport`.
///
/// It verifies the certificate and the host name of the server and requires TLS 1.2 or later. It follows no redirect,
/// keeps no cookies, does not read `.netrc`, does not ask for compression, and neither raises nor handles signals.
///
/// **Each request is sent once.** When a kept connection turns out to be dead, libcurl by default sends the request
/// again on a new one, although the server may have acted on the first. This transport prevents that
/// (`CURLOPT_PREREQFUNCTION`) and fails with `answer_lost`. A connection that closes before anything is sent is
/// replaced silently.
///
/// The header line with the credential is wiped after use. Copies that libcurl, the TLS library and the kernel make
/// cannot be wiped.
///
/// **libcurl obeys the environment variable `SSLKEYLOGFILE`.** If it is set when libcurl is initialised, libcurl with
/// OpenSSL appends the session keys of every TLS connection to that file. Anyone who can read the file can decrypt the
/// traffic, including the credential. libcurl has no option to disable this. If you do not trust the environment, start
/// the program without the variable, or call `unsetenv("SSLKEYLOGFILE")` in `main` before you construct the first
/// transport.
///
/// Use one transport per thread. You can move it to another thread, but two threads must not use it at once. It has no
/// global state of its own. libcurl initialises itself when the first transport is constructed; that is safe from any
/// thread if `curl_version_info` reports `CURL_VERSION_THREADSAFE`, as it does on Debian. Otherwise call
/// `curl_global_init` before you start a thread.
///
/// Its sockets are close-on-exec, so programs that this one starts do not inherit them. This does not cover descriptors
/// that libcurl opens for other purposes, such as name resolution. No part of a request passes through those.
///
/// Allocates for the response and inside libcurl. If memory runs out, a request fails with `transport_failure` ("out of
/// memory") and the transport stays usable. Only the constructor throws: `std::bad_alloc` if libcurl cannot be
/// initialised. In a program without exceptions, running out of memory for a response ends the program, and every
/// request on a transport that could not be constructed fails with `invalid_argument`.
class curl_transport {
public:
    /// The options type. The connect timeout covers name resolution, TCP and TLS together. At most 256 KiB of
    /// `max_answer` can be header fields.
    using options = transport_options;

    /// Constructs a transport. It connects on the first request.
    explicit curl_transport(transport_options settings = {})
        : settings_(std::move(settings)), handle_(detail::throw_if_null(curl_easy_init()))
    {
    }

    /// Sends the request and waits for the whole response, whatever its status. For a failure, `native_code()` is the
    /// `CURLcode`:
    /// - `not_connected`: the host or the proxy could not be resolved, refused the connection, or did not connect in
    ///   time;
    /// - `tls_failure`: no TLS connection, an invalid certificate, or an unreadable `ca_file`;
    /// - `timed_out`: connected, but no complete response within `total_timeout`;
    /// - `answer_lost`: the connection ended before the response was complete;
    /// - `answer_too_large`: the response exceeds `max_answer`, or its header fields the limit above;
    /// - `invalid_argument`: a moved-from request or transport;
    /// - `transport_failure`: anything else, such as a response that is not HTTP, or no memory.
    ///
    /// Running out of memory, and a moved-from request or transport, have no native code.
    result<http_response> operator()(authorized_request const& request)
    {
        return (*this)(request, settings_.total_timeout);
    }

    /// Also limits the request to `time_limit`, at least one millisecond, if that is less than `total_timeout`.
    result<http_response> operator()(authorized_request const& request, std::chrono::milliseconds time_limit)
    {
        if (!handle_)
            return failure(errc::invalid_argument, "", "moved-from transport, or libcurl could not be initialised");
        if (auto error = detail::check_request(request)) return *std::move(error);
        return detail::unless_out_of_memory([&] { return perform(request, time_limit); },
                                            []() -> result<http_response> { return detail::out_of_memory(); });
    }

private:
    result<http_response> perform(authorized_request const& request, std::chrono::milliseconds time_limit)
    {
        detail::curl_exchange exchange(handle_.get(), request, settings_, time_limit);
        exchange.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        exchange.set(CURLOPT_MAXCONNECTS, 1L);
        exchange.set(CURLOPT_FRESH_CONNECT, std::exchange(is_reusable_, false) && is_idle() ? 0L : 1L);
        if (had_tls_failure_) exchange.reload_authorities();
        CURLcode const code = exchange.code() == CURLE_OK ? curl_easy_perform(handle_.get()) : exchange.code();
        auto response = exchange.outcome(code);
        is_reusable_ = response.has_value();
        had_tls_failure_ = had_tls_failure_ || (!response && response.error().code() == errc::tls_failure);
        return response;
    }

    bool is_idle() const noexcept
    {
        curl_socket_t socket = CURL_SOCKET_BAD;
        return curl_easy_getinfo(handle_.get(), CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK &&
               socket != CURL_SOCKET_BAD && detail::has_no_input(socket);
    }

    transport_options settings_;
    detail::curl_handle handle_;
    bool is_reusable_ = false;     // the last request left a connection that can be used again
    bool had_tls_failure_ = false; // the certificate authorities that libcurl caches may be incomplete
};

} // namespace sidecall

#include <sidecall/curl_multi.hpp> // so that one include provides both transports over libcurl
