#pragma once

// The sockets of the faulty server: descriptors, waiting, and one accepted connection. They need POSIX 2008
// (`MSG_NOSIGNAL`), as Linux and the BSDs have it.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace sidecall::standin_detail {

/// Owns a file descriptor.
class descriptor {
public:
    explicit descriptor(int number = -1) : number_{number} {}
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    ~descriptor() { reset(); }

    void reset(int number = -1)
    {
        if (number_ >= 0) ::close(number_);
        number_ = number;
    }
    int number() const { return number_; }

private:
    int number_;
};

using wait_clock = std::chrono::steady_clock;

/// Waits for events on a socket. Returns whether one occurred before `until`. Returns false at once when the other end
/// of the pipe `stop` is closed.
inline bool wait_for(int socket, short events, int stop, wait_clock::time_point until)
{
    using std::chrono::milliseconds;
    for (;;) {
        auto const left = std::chrono::ceil<milliseconds>(until - wait_clock::now());
        std::array<pollfd, 2> polled{{{socket, events, 0}, {stop, POLLIN, 0}}};
        auto const limit = std::clamp<milliseconds>(left, milliseconds{0}, std::chrono::hours{1});
        if (::poll(polled.data(), polled.size(), static_cast<int>(limit.count())) > 0) return polled[1].revents == 0;
        if (wait_clock::now() >= until) return false;
    }
}

/// An accepted connection. Its destructor closes it in order, with a FIN, unless it was reset.
class connection {
public:
    connection(int socket, int stop) : socket_{socket}, stop_{stop}
    {
        int const on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection()
    {
        if (socket_.number() < 0) return;
        ::shutdown(socket_.number(), SHUT_WR);
        // Closing with unread bytes would send an RST, which can overtake the response.
        discard(std::chrono::seconds{1});
    }

    /// Waits for bytes without reading them. Returns false if the connection ends or none arrive before `until`.
    bool has_more(wait_clock::time_point until) const
    {
        char byte = 0;
        return wait_for(socket_.number(), POLLIN, stop_, until) && ::recv(socket_.number(), &byte, 1, MSG_PEEK) > 0;
    }

    /// Appends the next bytes. Returns false if the connection ends or none arrive before `until`.
    bool receive(std::string& bytes, wait_clock::time_point until)
    {
        if (!has_more(until)) return false;
        std::array<char, 16384> buffer;
        auto const size = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
        if (size > 0) bytes.append(buffer.data(), static_cast<std::size_t>(size));
        return size > 0;
    }

    /// Reads and drops bytes for that time, or until the client closes the connection.
    void discard(std::chrono::milliseconds time)
    {
        auto const until = wait_clock::now() + time;
        for (std::string ignored; receive(ignored, until);) ignored.clear();
    }

    /// Sends all bytes. Returns false if the client does not accept them all.
    bool send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            auto const size = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size >= 0)
                bytes.remove_prefix(static_cast<std::size_t>(size));
            else if ((errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) ||
                     !wait_for(socket_.number(), POLLOUT, stop_, wait_clock::now() + std::chrono::seconds{5}))
                return false;
        }
        return true;
    }

    /// Waits for that time, or until the server stops.
    void pause(std::chrono::milliseconds time) const { wait_for(-1, 0, stop_, wait_clock::now() + time); }

    /// Closes the connection with an RST.
    void reset()
    {
        linger const at_once{1, 0};
        ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        socket_.reset();
    }

private:
    descriptor socket_;
    int stop_;
};

} // namespace sidecall::standin_detail
