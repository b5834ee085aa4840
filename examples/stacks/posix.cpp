// Subscribes over a POSIX socket, by the bytes of HTTP/1.1. It has no TLS, so it asks servers on this machine alone.
// For TLS, hand the connected socket to OpenSSL (SSL_set_fd, SSL_set1_host, SSL_connect), and send and receive by that.

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http1.hpp"
#include "stack.hpp"

namespace {

using sidecall::errc;
using sidecall::failure;

/// A connection to the first of a host's addresses that takes one.
struct connection {
    int socket = -1;

    connection(std::string const& host, std::string const& port)
    {
        addrinfo hints{}, *found = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return;
        timeval const limit{time_limit.count(), 0};
        for (auto const* next = found; next && socket < 0; next = next->ai_next) {
            socket = ::socket(next->ai_family, SOCK_STREAM | SOCK_CLOEXEC, next->ai_protocol);
            ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); // on Linux for connect, too
            ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            if (::connect(socket, next->ai_addr, next->ai_addrlen) == 0) break;
            ::close(socket);
            socket = -1;
        }
        ::freeaddrinfo(found);
    }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection() { ::close(socket); }
};

sidecall::result<sidecall::http_response> posix_transport(sidecall::authorized_request const& request)
{
    if (request.https()) return failure(errc::tls_failure, "this program has no TLS; nothing was sent");
    connection const to(std::string(request.hostname()), std::to_string(request.port()));
    if (to.socket < 0) return failure(errc::not_connected);
    auto const lost = [] { return failure(errno == EAGAIN ? errc::timed_out : errc::answer_lost); };

    sidecall::secret const wire = request.to_http1(); // with the credential, hence a secret
    for (std::string_view rest = wire.reveal(); !rest.empty();) {
        auto const size = ::send(to.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (size < 0) return lost();
        rest.remove_prefix(static_cast<std::size_t>(size));
    }
    auto const until = std::chrono::steady_clock::now() + time_limit;
    for (std::string bytes; std::chrono::steady_clock::now() < until;) {
        char part[4096];
        auto const size = ::recv(to.socket, part, sizeof part, 0);
        if (size < 0) return lost();
        bytes.append(part, static_cast<std::size_t>(size));
        if (auto answer = read_http1(bytes, size == 0)) return *std::move(answer);
    }
    return failure(errc::timed_out);
}

} // namespace

int main(int count, char** arguments)
{
    auto const job = read_job(count, arguments);
    if (!job) return tell(job.error());
    return tell(sidecall::send(job->subscription, job->who, posix_transport, job->where));
}
