#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace sidecall {

/// Options of `curl_transport`, `curl_multi_transport` and `httplib_transport`. Every member has a default.
struct transport_options {
    /// The time limit for connecting: at least one millisecond.
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    /// The time limit for a whole request, from its first step to the last byte of the response: at least one
    /// millisecond.
    std::chrono::milliseconds total_timeout = std::chrono::seconds(30);
    /// How long an idle connection is kept for reuse. Choose less than the idle limit of the server: a request that is
    /// sent while the server closes the connection is lost. 0: no connection is kept.
    std::chrono::seconds max_idle = std::chrono::seconds(30);
    /// The maximum size of a response in bytes, header section and body together.
    std::size_t max_answer = std::size_t{1} << 20;
    /// A PEM file with the certificate authorities to trust instead of those of the system. Empty: trust those of the
    /// system.
    std::string ca_file = {};
    /// The proxy for https: `"http://host:port"`. Requests go through a tunnel (`CONNECT`), so the proxy sees the host
    /// name and port, but nothing of the request. Empty: no proxy. Environment variables such as `https_proxy` are
    /// ignored, so that the environment cannot decide where a credential goes. Plain http, which is only allowed to a
    /// loopback host, never uses a proxy.
    std::string proxy = {};
};

} // namespace sidecall
