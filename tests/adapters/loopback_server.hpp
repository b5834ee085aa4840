#pragma once

/// Servers for the tests of transports: raw sockets on the loopback interface. A script of the test runs each
/// connection, so that it can send responses that no correct server would. Supports TLS with generated certificates.

#include <algorithm>
#include <atomic>
#include <cctype>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace loopback {

inline void require(bool condition, char const* what)
{
    if (!condition) throw std::runtime_error(what);
}

/// A certificate authority with its PEM file, and a certificate of it for 127.0.0.1 or for other names.
class tls_identity {
public:
    /// `names` is a subjectAltName in OpenSSL's format: "IP:127.0.0.1".
    explicit tls_identity(char const* names = "IP:127.0.0.1,DNS:localhost", int max_version = 0)
    {
        key_.reset(EVP_EC_gen("P-256"));
        EVP_PKEY* const authority_key = EVP_EC_gen("P-256");
        auto authority = make(authority_key, "test authority", "critical,CA:TRUE", nullptr, nullptr, authority_key);
        auto own = make(key_.get(), "test server", "critical,CA:FALSE", names, authority.get(), authority_key);
        EVP_PKEY_free(authority_key);

        char path[] = "/tmp/sidecall-test-ca-XXXXXX";
        int const file = ::mkstemp(path);
        require(file >= 0, "mkstemp");
        ca_file_ = path;
        FILE* const stream = ::fdopen(file, "w");
        PEM_write_X509(stream, authority.get());
        std::fclose(stream);

        context_.reset(SSL_CTX_new(TLS_server_method()));
        if (max_version != 0) {
            SSL_CTX_set_security_level(context_.get(), 0); // needed to offer only an old TLS version
            SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
            SSL_CTX_set_max_proto_version(context_.get(), max_version);
        }
        require(SSL_CTX_use_certificate(context_.get(), own.get()) == 1, "certificate");
        require(SSL_CTX_use_PrivateKey(context_.get(), key_.get()) == 1, "key");
    }
    ~tls_identity() { ::unlink(ca_file_.c_str()); }
    tls_identity(tls_identity const&) = delete;
    tls_identity& operator=(tls_identity const&) = delete;

    std::string const& ca_file() const { return ca_file_; }
    SSL_CTX* context() const { return context_.get(); }

    /// Writes the key and the certificate as PEM files, for a server in another program.
    void write(std::string const& key_file, std::string const& certificate_file) const
    {
        FILE* const one = std::fopen(key_file.c_str(), "w");
        FILE* const other = std::fopen(certificate_file.c_str(), "w");
        require(one && other, "fopen");
        PEM_write_PrivateKey(one, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
        PEM_write_X509(other, SSL_CTX_get0_certificate(context_.get()));
        std::fclose(one);
        std::fclose(other);
    }

private:
    template <auto Free>
    struct deleter {
        void operator()(auto* object) const { Free(object); }
    };
    using certificate = std::unique_ptr<X509, deleter<X509_free>>;

    static certificate make(EVP_PKEY* key, char const* name, char const* constraints, char const* names, X509* issuer,
                            EVP_PKEY* issuer_key)
    {
        certificate made(X509_new());
        static std::atomic<long> serial{1};
        X509_set_version(made.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
        X509_set_pubkey(made.get(), key);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                   reinterpret_cast<unsigned char const*>(name), -1, -1, 0);
        X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer : made.get()));
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer ? issuer : made.get(), made.get(), nullptr, nullptr, 0);
        auto const extend = [&](int kind, char const* value) {
            X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
            require(extension != nullptr, "extension");
            X509_add_ext(made.get(), extension, -1);
            X509_EXTENSION_free(extension);
        };
        extend(NID_basic_constraints, constraints);
        extend(NID_subject_key_identifier, "hash");
        if (names) extend(NID_subject_alt_name, names);
        require(X509_sign(made.get(), issuer_key, EVP_sha256()) > 0, "sign");
        return made;
    }

    std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>> key_;
    std::unique_ptr<SSL_CTX, deleter<SSL_CTX_free>> context_;
    std::string ca_file_;
};

/// One accepted connection, as a server's script sees it.
class connection {
public:
    connection(int socket, std::size_t number) : socket_(socket), number_(number) {}
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection()
    {
        close();
        ::close(socket_);
    }

    /// 0 for the first connection of a server.
    std::size_t number() const { return number_; }

    bool accept_tls(SSL_CTX* context)
    {
        ssl_ = SSL_new(context);
        SSL_set_fd(ssl_, socket_);
        return SSL_accept(ssl_) == 1;
    }

    /// The next bytes, or empty at the end.
    std::string read_some()
    {
        char buffer[16384];
        auto const size =
            ssl_ ? SSL_read(ssl_, buffer, sizeof buffer) : static_cast<int>(::recv(socket_, buffer, sizeof buffer, 0));
        return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
    }

    /// The next complete request, or what arrived of it before the end.
    std::string read_request()
    {
        std::size_t end = 0, size = 0;
        for (;;) {
            end = read_.find("\r\n\r\n");
            if (end != read_.npos) {
                std::string head = read_.substr(0, end);
                std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
                std::size_t const length = head.find("\r\ncontent-length:");
                size = end + 4;
                if (length != head.npos) size += std::strtoull(head.c_str() + length + 17, nullptr, 10);
                if (read_.size() >= size) break;
            }
            std::string const more = read_some();
            if (more.empty()) {
                size = read_.size();
                break;
            }
            read_ += more;
        }
        std::string const request = read_.substr(0, size);
        read_.erase(0, size);
        return request;
    }

    /// Returns false if the connection was closed.
    bool write(std::string_view bytes)
    {
        while (!bytes.empty()) {
            auto const size = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                   : static_cast<int>(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
            if (size <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }

    /// Closes the connection: with a FIN if everything received was read.
    void close()
    {
        if (ssl_) SSL_shutdown(ssl_);
        release();
    }

    /// Closes the direction to the client. What the client sends can still be read.
    void finish_writing()
    {
        if (ssl_) SSL_shutdown(ssl_);
        ::shutdown(socket_, SHUT_WR);
    }

    /// Closes the connection with an RST.
    void reset()
    {
        linger const at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        release();
    }

    /// Can be called from any thread.
    void cut() { ::shutdown(socket_, SHUT_RDWR); }

    int socket() const { return socket_; }

private:
    /// Closes the socket but keeps its descriptor number, which `cut` may be about to use.
    void release()
    {
        SSL_free(ssl_);
        ssl_ = nullptr;
        int const nothing = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ::dup2(nothing, socket_);
        ::close(nothing);
    }

    int socket_;
    std::size_t number_;
    SSL* ssl_ = nullptr;
    std::string read_;
};

/// A listening socket on a free port of 127.0.0.1.
class listener {
public:
    explicit listener(int backlog = 16) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        require(::bind(socket_, raw, size) == 0 && ::listen(socket_, backlog) == 0 &&
                    ::getsockname(socket_, raw, &size) == 0,
                "listen");
        port_ = ntohs(address.sin_port);
    }
    listener(listener const&) = delete;
    listener& operator=(listener const&) = delete;
    ~listener() { ::close(socket_); }

    int socket() const { return socket_; }
    int port() const { return port_; }

private:
    int socket_;
    int port_ = 0;
};

/// A port that nothing can connect to: its queue is full, and nothing accepts.
class full_listener {
public:
    full_listener() : listener_(0)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(listener_.port()));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        for (int& socket : waiting_) {
            socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
        }
    }
    full_listener(full_listener const&) = delete;
    full_listener& operator=(full_listener const&) = delete;
    ~full_listener()
    {
        for (int socket : waiting_) ::close(socket);
    }
    int port() const { return listener_.port(); }

private:
    listener listener_;
    int waiting_[4]{};
};

/// Runs a script for each connection in a separate thread. The destructor stops them.
class server {
public:
    using script = std::function<void(connection&)>;

    explicit server(script run, tls_identity const* tls = nullptr)
        : run_(std::move(run)), tls_(tls), thread_([this] { accept(); })
    {
    }
    server(server const&) = delete;
    server& operator=(server const&) = delete;
    ~server()
    {
        stopping_ = true;
        ::shutdown(listener_.socket(), SHUT_RDWR);
        thread_.join();
        {
            std::lock_guard const lock(mutex_);
            for (auto& one : connections_) one.cut();
        }
        for (auto& thread : threads_) thread.join();
    }

    int port() const { return listener_.port(); }
    std::string url() const { return (tls_ ? "https://" : "http://") + host(); }
    std::string host() const { return "127.0.0.1:" + std::to_string(port()); }

    std::size_t accepted() const
    {
        std::lock_guard const lock(mutex_);
        return connections_.size();
    }

private:
    void accept()
    {
        for (;;) {
            int const socket = ::accept4(listener_.socket(), nullptr, nullptr, SOCK_CLOEXEC);
            if (stopping_ || socket < 0) {
                if (socket >= 0) ::close(socket);
                return;
            }
            std::lock_guard const lock(mutex_);
            auto& made = connections_.emplace_back(socket, connections_.size());
            threads_.emplace_back([this, &made] {
                sigset_t pipe; // SSL_write may raise SIGPIPE
                sigemptyset(&pipe);
                sigaddset(&pipe, SIGPIPE);
                pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
                if (!tls_ || made.accept_tls(tls_->context())) run_(made);
                made.close();
            });
        }
    }

    script run_;
    tls_identity const* tls_;
    listener listener_{};
    std::atomic<bool> stopping_ = false;
    mutable std::mutex mutex_;
    std::deque<connection> connections_;
    std::vector<std::thread> threads_;
    std::thread thread_;
};

/// The requests that server scripts have read.
class record {
public:
    void add(std::string request)
    {
        std::lock_guard const lock(mutex_);
        if (!request.empty()) requests_.push_back(std::move(request));
    }
    std::vector<std::string> all() const
    {
        std::lock_guard const lock(mutex_);
        return requests_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
};

/// Blocks server scripts until it is opened.
class gate {
public:
    void wait()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return open_; });
    }
    void open()
    {
        {
            std::lock_guard const lock(mutex_);
            open_ = true;
        }
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// Answers every request of a connection with the same bytes, until the client closes it.
inline server::script always(std::string bytes, record* seen = nullptr)
{
    return [bytes = std::move(bytes), seen](connection& peer) {
        for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
            if (seen) seen->add(request);
            if (!peer.write(bytes)) return;
        }
    };
}

/// A socket of this process.
struct open_socket {
    int descriptor;
    bool closes_on_exec;
};

/// All IPv4 and IPv6 sockets of this process. The socket pairs that libcurl uses internally are not among them.
inline std::vector<open_socket> internet_sockets()
{
    std::vector<open_socket> all;
    DIR* const directory = ::opendir("/proc/self/fd");
    require(directory != nullptr, "/proc/self/fd");
    while (dirent const* const entry = ::readdir(directory)) {
        int const descriptor = std::atoi(entry->d_name);
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
        if (address.ss_family != AF_INET && address.ss_family != AF_INET6) continue;
        all.push_back({descriptor, (::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0});
    }
    ::closedir(directory);
    return all;
}

/// Reads and never responds.
inline void stall(connection& peer)
{
    while (!peer.read_some().empty()) {
    }
}

} // namespace loopback
