// cpp-httplib reads what http1.hpp reads: its server every generated request, and its client every generated response.
// tests/fuzz/http1_agrees.cpp compares with more implementations, but these have sockets and other users.

#include <sidecall/http1.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <httplib.h>

#include "loopback_server.hpp"

namespace {

using namespace sidecall::literals;
constexpr auto callback = "https://example.com/udm"_callback_url;

/// A body and its framing.
struct framed {
    std::string field;
    std::string bytes;
    std::string body;
};

std::vector<framed> framed_bodies()
{
    std::vector<framed> made;
    for (std::string const& body : {std::string(), std::string("a=1&b=%20"), std::string("\r\n\r\n0\r\n\r\n\0\xff", 11),
                                    std::string(3000, 'x')}) {
        made.push_back({"Content-Length: " + std::to_string(body.size()) + "\r\n", body, body});
        made.push_back({"content-length:\t000" + std::to_string(body.size()) + " \r\n", body, body});
        for (std::size_t const size : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
            std::string chunks;
            for (std::size_t at = 0; at < body.size(); at += size) {
                std::string const part = body.substr(at, size);
                char digits[32];
                std::snprintf(digits, sizeof digits, at % 2 == 0 ? "%zx" : "%04zX", part.size());
                chunks.append(digits).append("\r\n").append(part).append("\r\n");
            }
            made.push_back({"Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n", body});
        }
    }
    return made;
}

std::vector<std::string> const field_lines = {
    "",
    "Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: c2lnbmVk\r\n",
    "X-A: 1\r\nx-b:2\r\nX-C: \t3 \t\r\nX-D:\r\nX-E: a: b, c;d=\"e\"\r\n",
    "X-A: 1\r\nX-A: 2\r\nx-a: 3\r\n",
    "X-A: caf\xc3\xa9\r\nConnection: keep-alive\r\n",
    "Connection: close\r\n",
};

/// The values of the fields with this name, in order.
std::vector<std::string> values(sidecall::header_lines headers, std::string_view name)
{
    std::vector<std::string> found;
    for (auto const& field : headers)
        if (sidecall::detail::equal_ignoring_case(field.name, name)) found.emplace_back(field.value);
    return found;
}
std::vector<std::string> values(httplib::Headers const& headers, std::string const& name)
{
    std::vector<std::string> found;
    auto const [first, last] = headers.equal_range(name);
    for (auto one = first; one != last; ++one) found.push_back(one->second);
    return found;
}

/// Sends bytes over a connection of its own, and waits for the response and the end.
void send_alone(int port, std::string_view bytes)
{
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
    REQUIRE(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    ::shutdown(socket, SHUT_WR);
    char buffer[4096];
    while (::recv(socket, buffer, sizeof buffer, 0) > 0) {
    }
    ::close(socket);
}

} // namespace

TEST_CASE("cpp-httplib's server reads a request as http1_request_reader does")
{
    httplib::Server server;
    std::mutex mutex;
    std::optional<httplib::Request> last;
    auto const store = [&](httplib::Request const& request, httplib::Response&) {
        std::lock_guard const lock(mutex);
        last = request;
    };
    server.Post("/udm", store).Get("/udm", store).Put("/udm", store);
    int const port = server.bind_to_any_port("127.0.0.1");
    std::thread thread([&] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::yield();

    for (std::string const line : {"POST /udm HTTP/1.1", "PUT /udm?a=1&b=%20c HTTP/1.1", "POST /udm? HTTP/1.0"})
        for (auto const& fields : field_lines)
            for (auto const& framed : framed_bodies()) {
                if (line.ends_with("0") && framed.field.starts_with("Transfer")) continue;
                std::string const message = line + "\r\nHost: example.com\r\n" + fields + framed.field + "\r\n";
                CAPTURE(message);
                sidecall::http1_request_reader reader(callback);
                auto const progress = reader.feed(message + framed.bytes + "GET /next HTTP/1.1\r\n");
                REQUIRE(progress);
                REQUIRE(progress->done);
                CHECK(progress->consumed == message.size() + framed.bytes.size());
                send_alone(port, message + framed.bytes);
                std::lock_guard const lock(mutex);
                auto const received = std::exchange(last, std::nullopt);
                REQUIRE(received);
                auto const request = reader.request();
                CHECK(request.method == received->method);
                CHECK(request.url == "https://example.com" + received->target);
                CHECK(std::string_view(request.body) == framed.body);
                CHECK(received->body == framed.body);
                CHECK(request.content_type == received->get_header_value("Content-Type"));
                CHECK(request.signature == received->get_header_value("X-Twilio-Signature"));
            }
    server.stop();
    thread.join();
}

TEST_CASE("cpp-httplib's client reads a response as http1_response_reader does")
{
    std::mutex mutex;
    std::string next;
    loopback::server const server([&](loopback::connection& connection) {
        connection.read_request();
        std::lock_guard const lock(mutex);
        connection.write(next);
        connection.close();
    });
    auto bodies = framed_bodies();
    bodies.push_back({"", "until the end", "until the end"});
    bodies.push_back({"", "", ""});
    for (std::string const line : {"HTTP/1.1 200 OK", "HTTP/1.1 201 Created", "HTTP/1.0 404 Not Found", "HTTP/1.1 599 ",
                                   "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Internal Server Error"})
        for (auto const& fields : field_lines)
            for (auto const& framed : bodies) {
                if (line.starts_with("HTTP/1.0") && framed.field.starts_with("Transfer")) continue;
                std::string const message = line + "\r\n" + fields + framed.field + "\r\n" + framed.bytes;
                CAPTURE(message);
                sidecall::http1_response_reader reader(sidecall::http_method::post);
                auto progress = reader.feed(message);
                REQUIRE(progress);
                if (!progress->done) progress = reader.end();
                REQUIRE(progress);
                REQUIRE(progress->done);
                {
                    std::lock_guard const lock(mutex);
                    next = message;
                }
                httplib::Client client("127.0.0.1", server.port());
                auto const received = client.Post("/", "", "text/plain");
                REQUIRE(received);
                auto const response = reader.view();
                CHECK(response.status == received->status);
                CHECK(std::string_view(response.body) == framed.body);
                CHECK(received->body == framed.body);
                std::vector<std::string> names; // of the fields that are not empty; cpp-httplib drops those that are
                for (auto const& field : reader.headers())
                    if (!field.value.empty()) names.emplace_back(field.name);
                for (auto const& name : names) CHECK(values(reader.headers(), name) == values(received->headers, name));
                CHECK(std::ranges::count_if(received->headers, [](auto const& one) { return !one.second.empty(); }) ==
                      static_cast<std::ptrdiff_t>(names.size()));
            }
}
