#pragma once

/// A transport over libcurl, 7.85 or later (`libcurl4-openssl-dev`, `pkg-config libcurl`). The system must have the
/// certificates of the public authorities (`ca-certificates`), or every https request is a `tls_failure`.

#include <curl/curl.h>

#include <chrono>
#include <utility>

#include <sidecall/detail/curl_exchange.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/transport_options.hpp>

namespace sidecall {

/// Carries requests by libcurl: blocking, over HTTP/1.1, on a connection that it keeps for the next one. A model of
/// `transport`.
///
/// The peer is verified, certificate and host name, with TLS 1.2 or later. No redirect is followed, no cookie kept, no
/// .netrc read, no compression asked for, no signal raised or handled.
///
/// **A request is sent once.** If a kept connection turns out to be dead, libcurl by itself would send a request again
/// on a new one, though the server may have acted on the first: that is prevented (`CURLOPT_PREREQFUNCTION`), and the
/// failure is `answer_lost`. A connection whose end is seen before anything is sent is replaced silently.
///
/// The line with the credential is wiped after use; the copies that libcurl, TLS and the kernel make of it in between
/// are not within reach.
///
/// **libcurl obeys the environment variable `SSLKEYLOGFILE`.** If it is set when libcurl is initialised, libcurl over
/// OpenSSL appends the session keys of each TLS connection to that file, and whoever can read the file can decrypt the
/// traffic, credential included. libcurl has no option against this. Where the environment is not trusted, start the
/// program without the variable, or call `unsetenv("SSLKEYLOGFILE")` in `main` before the first transport is made.
///
/// One transport per thread: it may be moved to another one, but not used by two at once. It has no global state of
/// its own; libcurl initialises itself when the first transport is made, which is safe from any thread where
/// `curl_version_info` reports `CURL_VERSION_THREADSAFE` (Debian does). Where it does not, call `curl_global_init`
/// yourself before you start a thread.
///
/// Its sockets are closed in programs that this one starts (close-on-exec). What libcurl opens besides, to look up a
/// name, say, is its own affair; nothing of a request passes there.
///
/// Allocates for the answer and for libcurl's needs. Where there is no memory, a request ends with `transport_failure`
/// ("out of memory"), and the transport can be used again; only making one throws, `std::bad_alloc`, if libcurl cannot
/// be initialised. (In a program without exceptions a missing answer's memory ends the program, and each request of a
/// transport that could not be made is `invalid_argument`.)
class curl_transport {
public:
    /// The type of its options. The connect timeout bounds name look-up, TCP and TLS together; headers may take 256 KiB
    /// of the largest answer.
    using options = transport_options;

    /// Makes a transport; it connects when the first request is made.
    explicit curl_transport(transport_options settings = {})
        : settings_(std::move(settings)), handle_(detail::made_or_throws(curl_easy_init()))
    {
    }

    /// Sends the request and waits for the whole answer, whatever its status. `native_code()` of a failure is the
    /// `CURLcode`:
    /// - `not_connected`: no address, refused, no proxy, or not connected in time;
    /// - `tls_failure`: no TLS, or the certificate does not hold, or `ca_file` cannot be read;
    /// - `timed_out`: connected, but no whole answer within `total_timeout`;
    /// - `answer_lost`: the connection ended before the whole answer had come;
    /// - `answer_too_large`: more than `max_answer`;
    /// - `invalid_argument`: a HEAD with a body, which libcurl cannot send; a transport that was moved from;
    /// - `transport_failure`: anything else: an answer that is no HTTP, say, or no memory, which then has no number.
    ///
    /// A `HEAD` with a body and a transport that was moved from have no number, either.
    result<http_response> operator()(authorized_request const& request)
    {
        return (*this)(request, settings_.total_timeout);
    }

    /// The same, but the request may take no longer than `at_most`, which is at least a millisecond, nor longer than
    /// the options say.
    result<http_response> operator()(authorized_request const& request, std::chrono::milliseconds at_most)
    {
        if (!handle_) return failure(errc::invalid_argument, "", "no libcurl: the transport was moved from");
        if (auto why = detail::why_not_sent(request)) return *std::move(why);
        return detail::unless_out_of_memory([&] { return carry(request, at_most); },
                                            []() -> result<http_response> { return detail::out_of_memory(); });
    }

private:
    result<http_response> carry(authorized_request const& request, std::chrono::milliseconds at_most)
    {
        detail::curl_exchange current(handle_.get(), request, settings_, at_most);
        current.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        current.set(CURLOPT_MAXCONNECTS, 1L);
        current.set(CURLOPT_FRESH_CONNECT, std::exchange(is_good_, false) && is_kept_quiet() ? 0L : 1L);
        if (had_tls_failure_) current.read_authorities();
        CURLcode const code = current.code() == CURLE_OK ? curl_easy_perform(handle_.get()) : current.code();
        auto answer = current.outcome(code);
        is_good_ = answer.has_value();
        had_tls_failure_ = had_tls_failure_ || (!answer && answer.error().code() == errc::tls_failure);
        return answer;
    }

    bool is_kept_quiet() const noexcept
    {
        curl_socket_t socket = CURL_SOCKET_BAD;
        return curl_easy_getinfo(handle_.get(), CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK &&
               socket != CURL_SOCKET_BAD && detail::is_quiet(socket);
    }

    transport_options settings_;
    detail::curl_handle handle_;
    bool is_good_ = false;         // the last request left a connection behind that may be used again
    bool had_tls_failure_ = false; // what libcurl remembers of the authorities may be at fault
};

} // namespace sidecall

#include <sidecall/curl_multi.hpp> // one include for both transports over libcurl
