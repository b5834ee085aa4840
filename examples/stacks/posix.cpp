// Subscribes over a POSIX socket, with http1.hpp. It has no TLS, so it only works with servers on this machine. To add
// TLS, pass the connected socket to OpenSSL (SSL_set_fd, SSL_set1_host, SSL_connect), and send and receive through
// OpenSSL.

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <sidecall/http1.hpp>

#include "stack.hpp"

namespace {

using sidecall::errc;
using sidecall::failure;

/// A connection to the first address of a host that accepts one. `socket` is negative if none does.
struct connection {
    int socket = -1;

    connection(std::string const& host, std::string const& port)
    {
        addrinfo hints{}, *addresses = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &addresses) != 0) return;
        timeval const limit{time_limit.count(), 0};
        for (auto const* next = addresses; next && socket < 0; next = next->ai_next) {
            socket = ::socket(next->ai_family, SOCK_STREAM | SOCK_CLOEXEC, next->ai_protocol);
            ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); // on Linux, connect obeys it too
            ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            if (::connect(socket, next->ai_addr, next->ai_addrlen) == 0) break;
            ::close(socket);
            socket = -1;
        }
        ::freeaddrinfo(addresses);
    }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection() { ::close(socket); }
};

sidecall::result<sidecall::http_response> posix_transport(sidecall::authorized_request const& request)
{
    if (request.https()) return failure(errc::tls_failure, "this program has no TLS; nothing was sent");
    connection const peer(std::string(request.hostname()), std::to_string(request.port()));
    if (peer.socket < 0) return failure(errc::not_connected);
    auto const lost = [] { return failure(errno == EAGAIN ? errc::timed_out : errc::answer_lost); };

    sidecall::secret const wire = request.to_http1(); // a secret, because it contains the credential
    for (std::string_view rest = wire.reveal(); !rest.empty();) {
        auto const size = ::send(peer.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (size < 0) return lost();
        rest.remove_prefix(static_cast<std::size_t>(size));
    }
    sidecall::http1_response_reader reader(request.method(), {.body = response_limit});
    auto const deadline = std::chrono::steady_clock::now() + time_limit;
    while (std::chrono::steady_clock::now() < deadline) {
        char buffer[4096];
        auto const size = ::recv(peer.socket, buffer, sizeof buffer, 0);
        if (size < 0) return lost();
        auto const progress = size == 0 ? reader.end() : reader.feed({buffer, static_cast<std::size_t>(size)});
        if (!progress) return progress.error();
        if (progress->done) return reader.response();
    }
    return failure(errc::timed_out);
}

} // namespace

int main(int count, char** arguments)
{
    auto const job = read_job(count, arguments);
    if (!job) return print_result(job.error());
    return print_result(sidecall::send(job->subscription, job->credentials, posix_transport, job->endpoint));
}
