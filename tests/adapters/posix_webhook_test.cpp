// Runs examples/stacks/posix_webhook as a user would, and lets the stand-in deliver messages to it. POSIX_WEBHOOK is
// the path of the program.

#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/standin.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace posix_webhook_test {

using namespace sidecall::literals;

constexpr auto call = "CA00000000000000000000000000000002"_call_sid;

/// A connection to a port of this machine. Each wait lasts at most 20 seconds.
class client {
public:
    explicit client(int port)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        timeval const limit{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        is_connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    client(client const&) = delete;
    client& operator=(client const&) = delete;
    ~client() { ::close(socket_); }

    bool is_connected() const { return is_connected_; }

    void send(std::string_view bytes) const
    {
        CHECK(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }

    /// Receives this many bytes, or fewer if the connection ends.
    std::string receive(std::size_t size) const
    {
        std::string bytes(size, '\0');
        auto const received = ::recv(socket_, bytes.data(), size, MSG_WAITALL);
        bytes.resize(received < 0 ? 0 : static_cast<std::size_t>(received));
        return bytes;
    }

    /// Whether these bytes come next.
    bool receives(std::string_view bytes) const { return receive(bytes.size()) == bytes; }
    /// Whether the connection ends.
    bool ends() const { return receive(1).empty(); }

private:
    int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    bool is_connected_ = false;
};

/// The running program. Its output is read when it is stopped.
class program {
public:
    explicit program(std::string const& token, std::string callback = "")
        : callback_(callback.empty() ? "http://127.0.0.1:" + std::to_string(port_) + "/udm?tenant=1" : callback)
    {
        int output[2]{};
        REQUIRE(::pipe(output) == 0);
        ::setenv("TWILIO_AUTH_TOKEN", token.c_str(), 1);
        std::string const port = std::to_string(port_);
        char const* const path = std::getenv("POSIX_WEBHOOK");
        id_ = ::fork();
        if (id_ == 0) {
            ::dup2(output[1], 1);
            ::dup2(output[1], 2);
            ::close(output[0]);
            ::execl(path, path, callback_.c_str(), port.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(output[1]);
        output_ = ::fdopen(output[0], "r");
        char line[64]{};
        CHECK(std::fgets(line, sizeof line, output_) != nullptr);
        CHECK(std::string(line) == "Listening on 127.0.0.1:" + port + "\n");
    }
    program(program const&) = delete;
    program& operator=(program const&) = delete;
    ~program() { stop(); }

    int port() const { return port_; }
    std::string const& callback() const { return callback_; }

    /// Ends the program. Returns what it printed, without the first line.
    std::string stop()
    {
        std::string printed;
        if (output_ == nullptr) return printed;
        ::kill(id_, SIGTERM);
        for (int c = std::fgetc(output_); c != EOF; c = std::fgetc(output_)) printed += static_cast<char>(c);
        std::fclose(output_);
        output_ = nullptr;
        int status = 0;
        CHECK(::waitpid(id_, &status, 0) == id_);
        CHECK(WIFSIGNALED(status)); // and did not crash before
        return printed;
    }

private:
    /// A port that was free a moment ago.
    static int free_port()
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
        REQUIRE(::bind(socket, any, size) == 0);
        REQUIRE(::getsockname(socket, any, &size) == 0);
        ::close(socket);
        return ntohs(address.sin_port);
    }

    int port_ = free_port();
    std::string callback_;
    ::pid_t id_ = -1;
    std::FILE* output_ = nullptr;
};

constexpr std::string_view accepted = "HTTP/1.1 204 No Content\r\n\r\n";

/// The program, and a stand-in whose call has a subscription to it with this method.
struct subscribed {
    program webhook{"a-token-for-this-test"};
    sidecall::twilio_standin twilio{{.auth_token = "a-token-for-this-test"}};

    explicit subscribed(sidecall::http_method method)
    {
        auto const account = sidecall::account_sid::parse(twilio.account_sid());
        auto const callback = sidecall::callback_url::parse(webhook.callback());
        sidecall::create_user_defined_message_subscription const operation{
            .account_sid = *account, .call_sid = call, .callback = *callback, .method = method};
        auto const credentials = sidecall::credentials::auth_token(*account, sidecall::secret(twilio.auth_token()));
        sidecall::httplib_transport transport;
        REQUIRE(sidecall::send(operation, credentials, transport, *sidecall::endpoint::parse(twilio.base_url())));
    }

    /// The status of the response to a message from the client.
    int status_of(std::string const& content, sidecall::standin_delivery const& delivery = {})
    {
        return twilio.client_sends(std::string(call.view()), content, delivery).at(0).status;
    }

    /// The last request of the stand-in, as bytes.
    std::string last_request(std::string_view fields = "") const
    {
        auto const request = twilio.callbacks().back();
        std::string bytes =
            request.method + " " + request.url.substr(request.url.find("/udm")) + " HTTP/1.1\r\nHost: a\r\n";
        if (!request.body.empty())
            bytes += "Content-Type: " + request.content_type +
                     "\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
        return bytes + "X-Twilio-Signature: " + request.signature + "\r\n" + std::string(fields) + "\r\n" +
               request.body;
    }
};

std::string line_of(int number, std::string const& content)
{
    return std::string(call.view()) + " #" + std::to_string(number) + ": " + content + "\n";
}

TEST_CASE("prints the messages that the stand-in delivers, and refuses forged ones")
{
    auto const forge = [](sidecall::standin_callback& request) {
        request.signature[0] = request.signature[0] == 'A' ? 'B' : 'A';
    };
    std::string const longest = '"' + std::string(10'000, '&') + '"'; // three times as long in the URL of a GET
    SUBCASE("by POST")
    {
        subscribed it(sidecall::http_method::post);
        CHECK(it.status_of(R"({"form":1})") == 204);
        CHECK(it.status_of(R"({"json":2})", {.json_body = true}) == 204);
        CHECK(it.status_of(R"({"hash":3})", {.hash_of_form = true}) == 204);
        CHECK(it.status_of("4", {.tamper = forge}) == 403);
        CHECK(it.status_of("5", {.json_body = true, .tamper = forge}) == 403);
        CHECK(it.status_of(longest) == 204);
        std::string const refused = "invalid_signature: X-Twilio-Signature: the signature does not match this URL";
        CHECK(it.webhook.stop() == line_of(0, R"({"form":1})") + line_of(1, R"({"json":2})") +
                                       line_of(2, R"({"hash":3})") + refused + ", these parameters and this token\n" +
                                       refused + " and this token\n" + line_of(5, longest));
    }
    SUBCASE("by GET")
    {
        subscribed it(sidecall::http_method::get);
        CHECK(it.status_of("1") == 204);
        CHECK(it.status_of("2", {.tamper = forge}) == 403);
        CHECK(it.status_of(longest) == 204);
        std::string const printed = it.webhook.stop();
        CHECK(printed.find(line_of(0, "1")) == 0);
        CHECK(printed.find(line_of(2, longest)) != printed.npos);
    }
}

TEST_CASE("refuses a signed request that is no message")
{
    program webhook{"new", "https://example.com/udm"};
    client const peer(webhook.port());
    peer.send("GET /udm HTTP/1.1\r\nHost: a\r\nX-Twilio-Signature: sLORGJKd2UsFG2OasTfjU+z2UQ4=\r\n\r\n");
    CHECK(peer.receives("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
    CHECK(webhook.stop() == "malformed_webhook: Sid: missing\n");
}

TEST_CASE("answers several requests on one connection, however they are cut")
{
    subscribed it(sidecall::http_method::post);
    REQUIRE(it.status_of("1") == 204);
    std::string const request = it.last_request();
    std::string const both = std::string(accepted) + std::string(accepted);
    client const peer(it.webhook.port());
    REQUIRE(peer.is_connected());
    peer.send(request + request);
    CHECK(peer.receives(both));
    for (std::size_t const cut : {std::size_t{1}, request.size() - 1, request.size() + 1, request.size() + 100}) {
        peer.send((request + request).substr(0, cut));
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
        peer.send((request + request).substr(cut));
        CHECK(peer.receives(both));
    }
    peer.send(it.last_request("Connection: close\r\n") + request);
    CHECK(peer.receives("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
    CHECK(peer.ends());
}

TEST_CASE("lets a client go on that waits for 100 Continue")
{
    subscribed it(sidecall::http_method::post);
    REQUIRE(it.status_of("1") == 204);
    std::string const request = it.last_request("Expect: 100-continue\r\n");
    std::size_t const head = request.find("\r\n\r\n") + 4;
    client const peer(it.webhook.port());
    peer.send(request.substr(0, head));
    CHECK(peer.receives("HTTP/1.1 100 Continue\r\n\r\n"));
    peer.send(request.substr(head));
    CHECK(peer.receives(accepted));
}

TEST_CASE("answers a request that cannot be read, and closes the connection")
{
    subscribed it(sidecall::http_method::post);
    std::string const end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    struct {
        std::string request;
        std::string status;
    } const rows[] = {
        {"garbage\r\n\r\n", "400 Bad Request"},
        {"POST /other HTTP/1.1\r\nHost: a\r\n\r\n", "404 Not Found"},
        {"POST /udm HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" + std::string(65537, 'x'),
         "413 Content Too Large"},
        {"GET /udm?" + std::string(70'000, 'x') + " HTTP/1.1\r\n", "414 URI Too Long"},
        {"POST /udm HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "501 Not Implemented"},
    };
    for (auto const& row : rows) {
        CAPTURE(row.status);
        client const peer(it.webhook.port());
        peer.send(row.request);
        CHECK(peer.receives("HTTP/1.1 " + row.status + "\r\n" + end));
        CHECK(peer.ends());
    }
    CHECK(it.status_of("1") == 204); // and goes on
}

TEST_CASE("a silent client delays the next one for a few seconds only")
{
    subscribed it(sidecall::http_method::post);
    client const silent(it.webhook.port());
    silent.send("POST /udm");
    CHECK(it.status_of("1") == 204);
    CHECK(silent.ends());
}

TEST_CASE("names what is wrong with its arguments")
{
    auto const run = [](std::string const& arguments) {
        std::string const line =
            "timeout 20 '" + std::string(std::getenv("POSIX_WEBHOOK")) + "' " + arguments + " 2>&1";
        std::FILE* const output = ::popen(line.c_str(), "r");
        std::string printed;
        for (int c = std::fgetc(output); c != EOF; c = std::fgetc(output)) printed += static_cast<char>(c);
        CHECK(WEXITSTATUS(::pclose(output)) == 2);
        return printed;
    };
    program const other{"a-token"};
    CHECK(run("") == "usage: CALLBACK PORT\n");
    CHECK(run("https://a_b.example 8080") == "invalid_argument: Callback: '_' is not allowed in a hostname (byte 9)\n");
    CHECK(run("https://example.com eighty") == "PORT is not a port\n");
    CHECK(run("https://example.com " + std::to_string(other.port())) == "cannot listen on PORT\n");
    ::unsetenv("TWILIO_AUTH_TOKEN");
    CHECK(run("https://example.com 8080") == "invalid_argument: TWILIO_AUTH_TOKEN: not set\n");
}

} // namespace posix_webhook_test
