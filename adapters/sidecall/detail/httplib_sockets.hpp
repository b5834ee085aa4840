#pragma once

/// Sockets.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <thread>

namespace sidecall::detail {

/// Keeps the SIGPIPE of a write to a closed connection from the program, for as long as it lives, in this thread.
class no_sigpipe {
public:
    no_sigpipe() noexcept : was_pending_(is_pending())
    {
        sigset_t const pipe = only_pipe();
        pthread_sigmask(SIG_BLOCK, &pipe, &before_);
    }
    no_sigpipe(no_sigpipe const&) = delete;
    no_sigpipe& operator=(no_sigpipe const&) = delete;
    ~no_sigpipe()
    {
        sigset_t const pipe = only_pipe();
        int signal = 0;
        if (!was_pending_ && is_pending()) sigwait(&pipe, &signal);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    static sigset_t only_pipe() noexcept
    {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        return set;
    }
    static bool is_pending() noexcept
    {
        sigset_t set;
        sigemptyset(&set);
        sigpending(&set);
        return sigismember(&set, SIGPIPE) == 1;
    }

    sigset_t before_{};
    bool was_pending_;
};

/// A second descriptor of cpp-httplib's socket: it stays valid whenever cpp-httplib closes its own, so that another
/// thread can cut the connection without a race.
class socket_handle {
public:
    socket_handle() noexcept = default;
    socket_handle(socket_handle const&) = delete;
    socket_handle& operator=(socket_handle const&) = delete;
    ~socket_handle() { close(); }

    /// False if there is no descriptor left.
    bool open(int socket) noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        if (socket_ >= 0) ::close(socket_);
        socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
        earlier_ = 0;
        return socket_ >= 0;
    }
    void close() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    void cut() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    }

    /// Nothing has come since the last answer: no end, and nothing that would be taken for the next answer.
    bool is_quiet() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        pollfd what{socket_, POLLIN, 0};
        return socket_ >= 0 && ::poll(&what, 1, 0) == 0;
    }

    /// Not reset; true, too, when the peer has ended its side.
    bool is_connected() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        return socket_ >= 0 && ::getpeername(socket_, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
    }

    void start_counting() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        earlier_ = total_received();
    }
    /// The bytes that have come since; 0 where the system does not say.
    std::uint64_t received() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        return total_received() - earlier_;
    }

private:
    std::uint64_t total_received() const noexcept
    {
        std::uint64_t count = 0;
#ifdef __linux__
        // tcpi_bytes_received of Linux' struct tcp_info, behind the end of the C library's, which httplib.h takes.
        constexpr std::size_t offset = 128;
        char info[offset + sizeof count]{};
        socklen_t size = sizeof info;
        if (socket_ >= 0 && ::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, info, &size) == 0 && size == sizeof info)
            std::memcpy(&count, info + offset, sizeof count);
#endif
        return count;
    }

    std::mutex mutex_;
    int socket_ = -1;
    std::uint64_t earlier_ = 0;
};

/// A socket that no connection can be made with: of another family, and bound to nothing.
class dead_socket {
public:
    dead_socket() noexcept : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0))
    {
        if (socket_ >= 0) ::fcntl(socket_, F_SETFD, FD_CLOEXEC);
    }
    dead_socket(dead_socket const&) = delete;
    dead_socket& operator=(dead_socket const&) = delete;
    ~dead_socket()
    {
        if (socket_ >= 0) ::close(socket_);
    }

    bool is_open() const noexcept { return socket_ >= 0; }

    /// Makes `other` one, which closes what it was; its number stays its owner's.
    void take_the_place_of(int other) const noexcept
    {
        while (::dup2(socket_, other) < 0 && (errno == EINTR || errno == EBUSY)) {
        }
        ::fcntl(other, F_SETFD, FD_CLOEXEC);
    }

private:
    int socket_;
};

/// Cuts the connection at the deadline, and when more has come than `limit` while the headers are being read.
class connection_watch {
    using clock = std::chrono::steady_clock;

public:
    connection_watch(socket_handle& socket, clock::time_point deadline, std::uint64_t limit)
        : socket_(socket), deadline_(deadline), limit_(limit), thread_([this] { run(); })
    {
    }
    connection_watch(connection_watch const&) = delete;
    connection_watch& operator=(connection_watch const&) = delete;
    ~connection_watch() { end(); }

    void headers_are_complete() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        in_headers_ = false;
    }
    void end() noexcept
    {
        {
            std::lock_guard<std::mutex> const lock(mutex_);
            ended_ = true;
        }
        changed_.notify_one();
        if (thread_.joinable()) thread_.join();
    }

    bool expired() const noexcept { return expired_; } ///< Only after `end`, like the next one.
    bool flooded() const noexcept { return flooded_; }

private:
    void run() noexcept
    {
        constexpr auto interval = std::chrono::milliseconds(20);
        std::unique_lock<std::mutex> lock(mutex_);
        // Goes on after the deadline: cpp-httplib may try the host's next address.
        while (!ended_) {
            auto const now = clock::now();
            expired_ = expired_ || now >= deadline_;
            flooded_ = flooded_ || (in_headers_ && socket_.received() > limit_);
            if (expired_ || flooded_) socket_.cut();
            changed_.wait_until(lock, expired_ ? now + interval : (std::min)(now + interval, deadline_));
        }
    }

    socket_handle& socket_;
    clock::time_point deadline_;
    std::uint64_t limit_;
    std::mutex mutex_{};
    std::condition_variable changed_{};
    bool in_headers_ = true;
    bool ended_ = false;
    bool expired_ = false;
    bool flooded_ = false;
    std::thread thread_; // last, since it uses all of the others
};

} // namespace sidecall::detail
