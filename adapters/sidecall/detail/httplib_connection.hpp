#pragma once

/// The connection of an `httplib_transport`, and one request over it.

#include <httplib.h>

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/httplib_sockets.hpp>
#include <sidecall/detail/httplib_version.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/transport_options.hpp>

namespace sidecall::detail {

/// The state of one request.
struct httplib_exchange {
    httplib::Request request{};
    dead_socket dead{};
    bool may_connect = false; // allows cpp-httplib to open one connection
    bool sending = false;     // only known if cpp-httplib lets the transport write the headers
    bool replaying = false;   // cpp-httplib tried to send the request again
    bool too_large = false;
    bool until_end = false; // the body ends with the connection
    bool was_reset = false;
    bool interim = false;
    std::size_t remaining = 0; // bytes left for the body
    std::string body{};
};

/// The connection and its client. It cannot move, because cpp-httplib calls back into it.
class httplib_connection {
public:
    explicit httplib_connection(transport_options settings) : settings_(std::move(settings)) {}
    httplib_connection(httplib_connection const&) = delete;
    httplib_connection& operator=(httplib_connection const&) = delete;
    ~httplib_connection()
    {
        no_sigpipe const guard; // closing a TLS connection writes
        client_.reset();
    }

    /// Ends a request: wipes its header fields. If the request is not complete, for example because cpp-httplib threw,
    /// also drops the client, because more bytes may follow on its connection.
    class request_end {
    public:
        /// Both must outlive it.
        request_end(httplib_connection& connection, httplib_exchange& current) noexcept
            : connection_(connection), current_(current)
        {
        }
        request_end(request_end const&) = delete;
        request_end& operator=(request_end const&) = delete;
        ~request_end()
        {
            connection_.current_ = nullptr;
            for (auto& field : current_.request.headers) detail::wipe(field.second);
            if (is_complete) return;
            connection_.client_.reset();
            connection_.socket_.close();
        }

        bool is_complete = false; ///< Whether the connection has no unread bytes of this request.

    private:
        httplib_connection& connection_;
        httplib_exchange& current_;
    };

    result<http_response> perform(authorized_request const& request, std::chrono::milliseconds time_limit)
    {
        no_sigpipe const guard;
        auto const start = clock::now();
        auto const total = at_least_1ms((std::min)(settings_.total_timeout, time_limit));
        auto const to_connect = (std::min)(at_least_1ms(settings_.connect_timeout), total);
        httplib_exchange exchange;
        request_end end(*this, exchange);
        if (!exchange.dead.is_open()) return failure(errc::not_connected, "no file descriptor left");
        if (auto fault = prepare_client(request)) return *std::move(fault);
        client_->set_connection_timeout(to_connect);
        std::vector<std::string> addresses;
        if (!client_->is_socket_open()) {
            addresses = resolve(request);
            if (addresses.empty())
                return make_failure(errc::not_connected, "the name of the host or the proxy could not be resolved",
                                    httplib::Error::Connection);
        }

        current_ = &exchange;
        socket_.start_counting();
        // The watchdog counts the overhead of TLS and chunks too, so its limit is larger than max_answer.
        connection_watch watching(socket_, start + total, 2 * std::uint64_t{settings_.max_answer} + 65536);

        httplib::Request& sent = exchange.request;
        httplib::Response response;
        httplib::Headers fields_of_304;
        fill(sent, request);
        sent.response_handler = [&](httplib::Response const&) {
            watching.headers_are_complete();
            exchange.interim = response.status < 200;
            if (response.status == 304) { // has no body, but cpp-httplib 0.11 would wait for one
                fields_of_304 = response.headers;
                response.headers.erase("Content-Length");
                response.headers.erase("Transfer-Encoding");
                response.headers.emplace("Content-Length", "0");
            }
            exchange.until_end = !response.has_header("Content-Length") && !response.has_header("Transfer-Encoding");
            auto const length = std::strtoull(response.get_header_value("Content-Length").c_str(), nullptr, 10);
            std::size_t const headers = size_of(response.headers);
            exchange.too_large = headers > settings_.max_answer || length > settings_.max_answer - headers;
            exchange.remaining = exchange.too_large ? 0 : settings_.max_answer - headers;
            return !exchange.interim && !exchange.too_large;
        };
        sent.content_receiver = [&](char const* data, std::size_t size, auto, auto) {
            exchange.too_large = exchange.too_large || size > exchange.remaining - exchange.body.size();
            if (!exchange.too_large) exchange.body.append(data, size);
            return !exchange.too_large;
        };

        auto error = httplib::Error::Success;
        bool done = false;
        std::size_t next = 0;
        do {
            exchange.may_connect = !addresses.empty();
            if (exchange.may_connect) connect_to(addresses[next++], request);
            error = httplib::Error::Success;
            done = client_->send(sent, response, error);
        } while (!done && !exchange.sending && !exchange.replaying && next < addresses.size() && is_refused(error) &&
                 clock::now() - start < total);
        watching.end();
        end.is_complete = true;
        last_used_ = clock::now();
        if (!fields_of_304.empty()) response.headers = std::move(fields_of_304);
        if (!client_->is_socket_open()) socket_.close();

        if (exchange.replaying)
            return make_failure(errc::answer_lost,
                                "the connection closed before a response arrived; the request was not sent again",
                                error);
        if (exchange.too_large || watching.flooded())
            return make_failure(errc::answer_too_large, detail::explain(errc::answer_too_large), error);
        if (exchange.interim)
            return make_failure(errc::transport_failure, "an interim response that cpp-httplib does not support",
                                error);
        // Even a response that looks complete may be cut short by the watchdog.
        if (!done || watching.expired()) {
            bool const slow = watching.expired() || last_used_ - start >= to_connect;
            if (slow && was_connecting(error)) return make_failure(errc::not_connected, "connecting timed out", error);
            errc const kind = watching.expired() ? errc::timed_out : kind_of(error);
            return make_failure(kind, detail::explain(kind), error);
        }
        if (exchange.was_reset)
            return make_failure(errc::answer_lost, detail::explain(errc::answer_lost), httplib::Error::Read);
        // This is the response of the proxy, which cpp-httplib returns as if it came from the host.
        if (response.status == 407 && is_tunnelled(request))
            return make_failure(errc::not_connected, "the proxy requires authentication", error);
        if (size_of(response.headers) > settings_.max_answer) // of a response without a body
            return make_failure(errc::answer_too_large, detail::explain(errc::answer_too_large), error);

        http_response whole{.status = response.status, .headers = {}, .body = std::move(exchange.body)};
        for (auto const& field : response.headers) whole.headers.add(field.first, field.second);
        return whole;
    }

private:
    using clock = std::chrono::steady_clock;

    static std::chrono::milliseconds at_least_1ms(std::chrono::milliseconds time) noexcept
    {
        using std::chrono::milliseconds;
        return std::clamp<milliseconds>(time, milliseconds(1), std::chrono::hours(24 * 365));
    }

    bool is_tunnelled(authorized_request const& request) const noexcept
    {
        return request.https() && !settings_.proxy.empty();
    }

    static std::size_t size_of(httplib::Headers const& fields) noexcept
    {
        std::size_t size = 0;
        for (auto const& field : fields) size += field.first.size() + field.second.size() + 4;
        return size;
    }

    /// Splits `host:port`, for example "[::1]:80". The port is 0 if it is missing or invalid.
    static std::pair<std::string_view, int> split_host(std::string_view text) noexcept
    {
        std::size_t const bracket = text.find(']');
        std::size_t const colon = text.find(':', bracket == text.npos ? 0 : bracket);
        std::string_view const host = bracket == text.npos ? text.substr(0, colon) : text.substr(1, bracket - 1);
        std::uint64_t port = 0;
        if (colon == text.npos || !detail::parse_decimal(text.substr(colon + 1), 65535, port)) return {host, 0};
        return {host, static_cast<int>(port)};
    }

    /// The addresses of the host or the proxy, from the look-up that cpp-httplib would do.
    std::vector<std::string> resolve(authorized_request const& request) const
    {
        struct free_addresses {
            void operator()(addrinfo* first) const noexcept { ::freeaddrinfo(first); }
        };
        std::vector<std::string> addresses;
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* first = nullptr;
        std::string const host = is_tunnelled(request) ? proxy_.first : host_of(request);
        if (::getaddrinfo(host.c_str(), nullptr, &hints, &first) != 0) return addresses;
        std::unique_ptr<addrinfo, free_addresses> const all(first);
        for (auto const* one = first; one; one = one->ai_next) {
            char text[NI_MAXHOST];
            if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
                addresses.emplace_back(text);
        }
        return addresses;
    }

    void connect_to(std::string const& address, authorized_request const& request)
    {
        if (is_tunnelled(request))
            client_->set_proxy(address, proxy_.second);
        else
            client_->set_hostname_addr_map({{host_of(request), address}});
    }

    /// The host in lower case, because some versions of cpp-httplib compare it with the certificate byte by byte.
    static std::string host_of(authorized_request const& request)
    {
        std::string host(request.hostname());
        for (char& c : host) c = detail::to_lower(c);
        return host;
    }

    std::optional<failure> prepare_client(authorized_request const& request)
    {
        std::string_view const origin = request.url().substr(0, request.url().size() - request.target().size());
        if (client_ && origin == origin_) {
            bool const fresh = clock::now() - last_used_ <= settings_.max_idle;
            if (!fresh || !socket_.has_no_input()) client_->stop();
            return {};
        }

        client_.reset();
        socket_.close();
        std::string const host = host_of(request);
        if (request.https()) {
#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
            auto client = std::make_unique<httplib::SSLClient>(host, request.port());
            if (!client->is_valid()) return failure(errc::tls_failure, "OpenSSL could not be initialised");
            require_tls_1_2(*client);
            if (!settings_.ca_file.empty()) client->set_ca_cert_path(settings_.ca_file);
            client->enable_server_certificate_verification(true);
            client_ = std::move(client);
#else
            return failure(errc::tls_failure, "cpp-httplib was built without CPPHTTPLIB_OPENSSL_SUPPORT");
#endif
        } else {
            client_ = std::make_unique<httplib::ClientImpl>(host, request.port());
        }
        if (auto fault = set_up(*client_, request)) {
            client_.reset();
            return fault;
        }
        origin_ = origin;
        return {};
    }

    std::optional<failure> set_up(httplib::ClientImpl& client, authorized_request const& request)
    {
        if (is_tunnelled(request)) {
            std::string_view proxy = settings_.proxy;
            if (proxy.substr(0, 7) == "http://") proxy.remove_prefix(7);
            if (!proxy.empty() && proxy.back() == '/') proxy.remove_suffix(1);
            auto const [host, port] = split_host(proxy);
            if (host.empty() || port == 0 || host.find_first_of("/@") != host.npos)
                return failure(errc::invalid_argument, "the proxy is not of the form http://host:port");
            proxy_ = {std::string(host), port};
        }

        // The watchdog limits reading and writing. These timeouts only have to be later.
        auto const later = at_least_1ms(settings_.total_timeout) + std::chrono::seconds(1);
        client.set_read_timeout(later);
        client.set_write_timeout(later);
        client.set_keep_alive(settings_.max_idle.count() > 0);
        client.set_follow_location(false);
        client.set_decompress(false);
        client.set_compress(false);
        client.set_tcp_nodelay(true); // headers and body are written separately
        client.set_socket_options([this](auto socket) {
            httplib_exchange& current = *current_; // cpp-httplib connects only within `send`
            bool const allowed = std::exchange(current.may_connect, false);
            if (allowed && socket_.open(socket)) return;
            current.dead.replace(socket);
            current.request.path.clear(); // with an empty path cpp-httplib sends nothing
            current.replaying = !allowed;
        });
        if constexpr (treats_reset_as_end) // cpp-httplib calls this once the body has been read
            client.set_logger([this](httplib::Request const&, httplib::Response const&) {
                current_->was_reset = current_->until_end && !socket_.is_connected();
            });
        send_path_unchanged(client);
        write_headers_once(client);
        return {};
    }

    // Differences between the versions of cpp-httplib are detected on its types, in templates, because the preprocessor
    // cannot compare their version numbers.

#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
    template <class Client>
    static void require_tls_1_2(Client& client)
    {
        // Versions that have `tls_context`, and deprecate `ssl_context`, require TLS 1.2 by default.
        if constexpr (!requires { client.tls_context(); })
            SSL_CTX_set_min_proto_version(client.ssl_context(), TLS1_2_VERSION);
    }
#endif

    template <class Client>
    static void send_path_unchanged(Client& client)
    {
        if constexpr (requires { client.set_path_encode(false); })
            client.set_path_encode(false);
        else
            client.set_url_encode(false);
    }

    /// Whether cpp-httplib reads a body without a length up to any end of the connection, even a reset.
    static constexpr bool treats_reset_as_end = detail::httplib_version() >= detail::httplib_version("0.14.3") &&
                                                detail::httplib_version() < detail::httplib_version("0.19.0");

    template <class Client>
    static constexpr bool has_header_writer = requires(Client& client) {
        client.set_header_writer([](httplib::Stream&, httplib::Headers&) { return ssize_t{}; });
    };

    /// Stops the request if cpp-httplib writes it twice to one connection. No version is known to do so.
    template <class Client>
    void write_headers_once(Client& client)
    {
        if constexpr (has_header_writer<Client>)
            client.set_header_writer([this](httplib::Stream& stream, httplib::Headers& fields) -> ssize_t {
                bool const is_request =
                    fields.find("Authorization") != fields.end(); // not those of the CONNECT to the proxy
                if (is_request && current_) {
                    current_->replaying = current_->sending;
                    current_->sending = true;
                    if (current_->replaying) {
                        socket_.shut_down(); // some versions ignore the return value
                        return -1;
                    }
                    // cpp-httplib 0.23 to 0.51 encode the query again, whatever the setting for the path.
                    if (auto* const buffer = dynamic_cast<httplib::detail::BufferStream*>(&stream)) {
                        *buffer = httplib::detail::BufferStream();
                        std::string const request_line =
                            current_->request.method + ' ' + current_->request.path + " HTTP/1.1\r\n";
                        buffer->write(request_line.data(), request_line.size());
                    }
                }
                ssize_t size = 0;
                for (auto const& field : fields) {
                    if (detail::equal_ignoring_case(field.first, "Expect")) continue;
                    for (std::string_view piece : {std::string_view(field.first), std::string_view(": "),
                                                   std::string_view(field.second), std::string_view("\r\n")})
                        size += stream.write(piece.data(), piece.size());
                }
                return size + stream.write("\r\n", 2);
            });
    }

    static void fill(httplib::Request& sent, authorized_request const& request)
    {
        sent.method = to_string_view(request.method());
        sent.path = request.target();
        sent.body = request.body();
        sent.headers.emplace("Host", std::string(request.host()));
        for (header const field : request.headers())
            sent.headers.emplace(std::string(field.name), std::string(field.value));
        // cpp-httplib adds no `Expect` of its own if there already is one. The header writer above omits it.
        if (has_header_writer<httplib::ClientImpl>) sent.headers.emplace("Expect", "");
    }

    template <class Error>
    static constexpr bool was_connecting(Error error) noexcept
    {
        if constexpr (requires { Error::ProxyConnection; })
            if (error == Error::ProxyConnection) return true;
        return error == Error::Connection || error == Error::ConnectionTimeout || error == Error::BindIPAddress ||
               is_tls(error);
    }

    /// Whether there was no TCP connection, so that another address may work.
    template <class Error>
    static constexpr bool is_refused(Error error) noexcept
    {
        if constexpr (requires { Error::ProxyConnection; })
            if (error == Error::ProxyConnection) return false;
        return error == Error::Connection || error == Error::ConnectionTimeout;
    }

    template <class Error>
    static constexpr bool is_tls(Error error) noexcept
    {
        if constexpr (requires { Error::SSLServerHostnameVerification; })
            if (error == Error::SSLServerHostnameVerification) return true;
        return error == Error::SSLConnection || error == Error::SSLLoadingCerts ||
               error == Error::SSLServerVerification;
    }

    template <class Error>
    static constexpr errc kind_of(Error error) noexcept
    {
        if (is_tls(error)) return errc::tls_failure;
        if (was_connecting(error)) return errc::not_connected;
        if (error == Error::Read || error == Error::Write) return errc::answer_lost;
        if constexpr (requires { Error::ConnectionClosed; })
            if (error == Error::ConnectionClosed) return errc::answer_lost;
        if constexpr (requires { Error::Timeout; })
            if (error == Error::Timeout) return errc::timed_out;
        return errc::transport_failure;
    }

    static failure make_failure(errc kind, std::string_view text, httplib::Error error)
    {
        std::string message(text);
        message.append(" (cpp-httplib: ").append(httplib::to_string(error)).append(")");
        return failure(kind, message, static_cast<int>(error));
    }

    transport_options settings_;
    std::string origin_{};
    std::pair<std::string, int> proxy_{};
    socket_handle socket_{};
    clock::time_point last_used_{};
    httplib_exchange* current_ = nullptr;
    std::unique_ptr<httplib::ClientImpl> client_{};
};

} // namespace sidecall::detail
