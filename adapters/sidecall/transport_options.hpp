#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace sidecall {

/// How a `curl_transport` or an `httplib_transport` works. Every member has a default.
struct transport_options {
    /// The most that it may take to connect. At least a millisecond.
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    /// The most that a request may take from its first step to the last byte of its answer. At least a millisecond.
    std::chrono::milliseconds total_timeout = std::chrono::seconds(30);
    /// A kept connection that was idle for longer is not used again: less than a server's own limit, since a request
    /// that meets the server's closing is lost. 0: no connection is kept.
    std::chrono::seconds max_idle = std::chrono::seconds(30);
    /// The largest answer, headers and body together, in bytes.
    std::size_t max_answer = std::size_t{1} << 20;
    /// The certificate authorities to trust, a PEM file; they replace the system's. Empty: the system's.
    std::string ca_file = {};
    /// The proxy for https, `"http://host:port"`: a tunnel (`CONNECT`), which sees no more than the name of the host.
    /// Empty: none. The environment (`https_proxy` and its like) is not asked: whoever can set it should not decide
    /// where a credential goes. Plain http, which only ever goes to a loopback host, never goes through a proxy.
    std::string proxy = {};
};

} // namespace sidecall
