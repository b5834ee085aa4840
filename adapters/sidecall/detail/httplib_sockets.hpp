#pragma once

/// What `httplib_transport` does to the sockets of cpp-httplib: SIGPIPE, cutting a connection from another thread, and
/// refusing a second connection.

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

/// While it exists, blocks SIGPIPE in this thread. Its destructor discards the SIGPIPE of a write to a closed
/// connection.
class no_sigpipe {
public:
    no_sigpipe() noexcept : was_pending_(is_pending())
    {
        sigset_t const pipe = sigpipe_set();
        pthread_sigmask(SIG_BLOCK, &pipe, &before_);
    }
    no_sigpipe(no_sigpipe const&) = delete;
    no_sigpipe& operator=(no_sigpipe const&) = delete;
    ~no_sigpipe()
    {
        sigset_t const pipe = sigpipe_set();
        int signal = 0;
        if (!was_pending_ && is_pending()) sigwait(&pipe, &signal);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    static sigset_t sigpipe_set() noexcept
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

/// A second descriptor of the socket of cpp-httplib. It stays valid when cpp-httplib closes its own, so another thread
/// can cut the connection without a race.
class socket_handle {
public:
    socket_handle() noexcept = default;
    socket_handle(socket_handle const&) = delete;
    socket_handle& operator=(socket_handle const&) = delete;
    ~socket_handle() { close(); }

    /// Duplicates `socket`. Returns false if no descriptor is left.
    bool open(int socket) noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        if (socket_ >= 0) ::close(socket_);
        socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
        previously_received_ = 0;
        return socket_ >= 0;
    }
    void close() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    void shut_down() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    }

    /// Whether the socket has no input: neither the end of the connection nor bytes, which would be parsed as the next
    /// response.
    bool has_no_input() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        pollfd polled{socket_, POLLIN, 0};
        return socket_ >= 0 && ::poll(&polled, 1, 0) == 0;
    }

    /// Whether the connection was not reset. Also true if the peer has closed its side.
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
        previously_received_ = total_received();
    }
    /// The number of bytes received since `start_counting`; 0 if the system does not report it.
    std::uint64_t received() noexcept
    {
        std::lock_guard<std::mutex> const lock(mutex_);
        return total_received() - previously_received_;
    }

private:
    std::uint64_t total_received() const noexcept
    {
        std::uint64_t count = 0;
#ifdef __linux__
        // tcpi_bytes_received in the struct tcp_info of Linux. It lies beyond the end of the C library's struct, which
        // httplib.h includes.
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
    std::uint64_t previously_received_ = 0;
};

/// A socket that cannot connect: it belongs to another family and is not bound.
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

    /// Makes `descriptor` refer to this socket, which closes the socket it referred to. The number stays with its
    /// owner.
    void replace(int descriptor) const noexcept
    {
        while (::dup2(socket_, descriptor) < 0 && (errno == EINTR || errno == EBUSY)) {
        }
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }

private:
    int socket_;
};

/// Cuts the connection at the deadline, or when more than `limit` bytes arrive during the header section.
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

    bool expired() const noexcept { return expired_; } ///< Whether the deadline passed. Call it after `end`.
    bool flooded() const noexcept { return flooded_; } ///< Whether `limit` was exceeded. Call it after `end`.

private:
    void run() noexcept
    {
        constexpr auto interval = std::chrono::milliseconds(20);
        std::unique_lock<std::mutex> lock(mutex_);
        // Continues after the deadline, because cpp-httplib may try the next address of the host.
        while (!ended_) {
            auto const now = clock::now();
            expired_ = expired_ || now >= deadline_;
            flooded_ = flooded_ || (in_headers_ && socket_.received() > limit_);
            if (expired_ || flooded_) socket_.shut_down();
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
    std::thread thread_; // last, because it uses all the others
};

} // namespace sidecall::detail
