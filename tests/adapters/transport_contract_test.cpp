// Tests one contract for every transport, against the same servers.

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>

#include <sidecall/sidecall.hpp>

#include <doctest/doctest.h>

#include "../unit/request_of.hpp"
#include "loopback_server.hpp"
#include "transport_names.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>

#define TRANSPORTS sidecall::curl_transport, sidecall::httplib_transport

static_assert(sidecall::transport<sidecall::curl_transport>);
static_assert(sidecall::transport<sidecall::httplib_transport>);
static_assert(std::is_nothrow_move_constructible_v<sidecall::curl_transport>);
static_assert(std::is_nothrow_move_constructible_v<sidecall::httplib_transport>);
static_assert(!std::is_copy_constructible_v<sidecall::curl_transport>);
static_assert(!std::is_copy_constructible_v<sidecall::httplib_transport>);

namespace {

/// Sets the addresses of "localhost", which libcurl never looks up, and of "host.test", during its lifetime.
struct addresses_of_a_host {
    explicit addresses_of_a_host(std::vector<std::string> addresses) { all = std::move(addresses); }
    addresses_of_a_host(addresses_of_a_host const&) = delete;
    addresses_of_a_host& operator=(addresses_of_a_host const&) = delete;
    ~addresses_of_a_host() { all.clear(); }

    static inline std::vector<std::string> all;
};

} // namespace

/// Replaces the C library's function, which it calls. Both transports look up hosts with it.
extern "C" int getaddrinfo(char const* host, char const* service, addrinfo const* hints, addrinfo** found)
{
    static auto const real = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    std::string_view const name(host ? host : "");
    if (addresses_of_a_host::all.empty() || (name != "localhost" && name != "host.test"))
        return real(host, service, hints, found);
    addrinfo** last = found;
    for (auto const& address : addresses_of_a_host::all) {
        if (int const fault = real(address.c_str(), service, hints, last)) return fault;
        while (*last) last = &(*last)->ai_next;
    }
    return 0;
}

namespace {

using namespace sidecall::literals;
using namespace std::chrono_literals;
using namespace std::string_literals;
using loopback::always;
using loopback::connection;
using loopback::gate;
using loopback::record;
using sidecall::errc;
using sidecall::http_method;
using clock_type = std::chrono::steady_clock;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr auto subscription = "ZY00000000000000000000000000000003"_subscription_sid;
std::string const token = "a-token-that-nobody-may-see";
std::string const authorization =
    "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTphLXRva2VuLXRoYXQtbm9ib2R5LW1heS1zZWU=";
std::string const created = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 44\r\n\r\n"
                            "{\"sid\":\"ZY00000000000000000000000000000003\"}";
static_assert(sizeof "{\"sid\":\"ZY00000000000000000000000000000003\"}" == 45);

sidecall::credentials who()
{
    return sidecall::credentials::auth_token(account, sidecall::secret(token));
}

sidecall::endpoint at(std::string const& url)
{
    return sidecall::endpoint::parse(url).value();
}

sidecall::authorized_request post(std::string const& url, std::string_view value = "a b")
{
    return authorize(request_of(http_method::post, "/path", {{"Name", value}}, at(url)), who());
}

sidecall::authorized_request without_body(http_method method, std::string const& url)
{
    return authorize(request_of(method, "/path", {}, at(url)), who());
}

/// Answers one request with these bytes and closes the connection.
loopback::server::script once(std::string answer)
{
    return [answer = std::move(answer)](connection& peer) {
        peer.read_request();
        peer.write(answer);
    };
}

template <class Transport>
typename Transport::options quick()
{
    return {.connect_timeout = 10s, .total_timeout = 20s};
}

template <class Transport>
typename Transport::options trusting(loopback::tls_identity const& identity)
{
    auto options = quick<Transport>();
    options.ca_file = identity.ca_file();
    return options;
}

/// The outcome as text for a message. doctest may evaluate the message in any case.
template <class T>
std::string text_of(sidecall::result<T> const& outcome)
{
    return outcome ? std::string() : outcome.error().to_string();
}

/// The failure's code. Checks that the failure has a message and reveals no secret.
template <class T>
errc code_of(sidecall::result<T> const& outcome)
{
    CHECK_FALSE(outcome.has_value());
    if (outcome) return {};
    std::string const text = outcome.error().to_string();
    CAPTURE(text);
    CHECK(text.find(token) == text.npos);
    CHECK(text.find(authorization.substr(6, 12)) == text.npos);
    CHECK(text.find("Authorization") == text.npos);
    CHECK_FALSE(outcome.error().message().empty());
    return outcome.error().code();
}

/// The lines of a request's header section. The first one comes first. The others are sorted, with their names in lower
/// case.
std::vector<std::string> head_of(std::string const& request)
{
    std::vector<std::string> lines;
    for (std::size_t begin = 0, end = 0; (end = request.find("\r\n", begin)) != begin && end != request.npos;
         begin = end + 2) {
        std::string line = request.substr(begin, end - begin);
        if (begin != 0)
            for (auto& c : line) {
                if (c == ':') break;
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            }
        lines.push_back(line);
    }
    if (!lines.empty()) std::sort(lines.begin() + 1, lines.end());
    return lines;
}

std::string body_of(std::string const& request)
{
    return request.substr(request.find("\r\n\r\n") + 4);
}

template <class Call>
std::chrono::milliseconds time_of(Call&& what)
{
    auto const start = clock_type::now();
    what();
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_type::now() - start);
}

} // namespace

TEST_CASE_TEMPLATE("a request arrives byte for byte as it was made", T, TRANSPORTS)
{
    record seen;
    loopback::server const server(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &seen));
    T transport(quick<T>());
    std::string const agent = "user-agent: sidecall/" + std::string(sidecall::version) + " acme/1.0 (a b)";
    auto const where = at(server.url()).with_product("acme/1.0 (a b)").value();

    for (auto method : {http_method::post, http_method::put, http_method::patch, http_method::delete_, http_method::get,
                        http_method::head}) {
        bool const has_length =
            method == http_method::post || method == http_method::put || method == http_method::patch;
        std::string const name(to_string_view(method));
        for (bool const with_body : {true, false}) {
            if (with_body && !has_length) continue;
            CAPTURE(name);
            CAPTURE(with_body);
            std::string_view const path = "/2010//a%2Fb;c=~,/%C3%A9%20.json?a=b&c=%26%2F?+'";
            auto const request = authorize(
                with_body ? request_of(method, path, {{"Callback", "https://a.b/?c=d e&f"}, {"Empty", ""}}, where)
                          : request_of(method, path, {}, where),
                who());
            auto const answer = transport(request);
            REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
            CHECK(answer->status == 200);

            std::vector<std::string> expected{name + ' ' + std::string(request.target()) + " HTTP/1.1",
                                              "accept-charset: utf-8",
                                              "accept: application/json",
                                              "authorization: " + authorization,
                                              "host: " + server.host(),
                                              agent};
            if (with_body) expected.emplace_back("content-type: application/x-www-form-urlencoded");
            if (with_body || has_length) expected.push_back("content-length: " + std::to_string(request.body().size()));
            std::sort(expected.begin() + 1, expected.end());
            CHECK(head_of(seen.all().back()) == expected);
            CHECK(body_of(seen.all().back()) == request.body());
        }
    }
    CHECK(seen.all().size() == 9);
    CHECK(server.accepted() == 1);
}

TEST_CASE_TEMPLATE("a large body is sent at once, without Expect: 100-continue", T, TRANSPORTS)
{
    record seen;
    loopback::server const server(always(created, &seen));
    T transport(quick<T>());
    for (std::size_t size : {1023u, 5000u, 1500000u}) {
        std::string const value(size, 'x');
        auto const request = post(server.url(), value);
        sidecall::result<sidecall::http_response> answer = sidecall::failure(errc::transport_failure);
        auto const time = time_of([&] { answer = transport(request); });
        REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
        CHECK(body_of(seen.all().back()) == request.body());
        for (auto const& line : head_of(seen.all().back())) CHECK(line.substr(0, 6) != "expect");
        CHECK(time < 900ms);
    }
}

TEST_CASE_TEMPLATE("a response is returned completely", T, TRANSPORTS)
{
    SUBCASE("with a Content-Length")
    {
        loopback::server const server(always("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
                                             "x-two: 1\r\nX-Blank: \t a b \t\r\nX-Two: 2\r\nX-Empty:\r\n"
                                             "Content-Length: 5\r\n\r\na\0b\r\n"s));
        T transport(quick<T>());
        auto const answer = transport(post(server.url()));
        REQUIRE(answer.has_value());
        CHECK(answer->status == 404);
        CHECK(answer->body == "a\0b\r\n"s);
        sidecall::headers_view const headers = answer->headers;
        CHECK(headers.find("content-type") == "application/json");
        CHECK(headers.find("X-Blank") == "a b");
        CHECK(headers.find("X-Empty").value_or("") == ""); // cpp-httplib 0.11 leaves it out
        std::multiset<std::string> twice;
        for (auto const& field : answer->headers)
            if (field.name == "x-two" || field.name == "X-Two") twice.emplace(field.value);
        CHECK(twice == std::multiset<std::string>{"1", "2"});
    }
    SUBCASE("in chunks")
    {
        loopback::server const server([](connection& peer) {
            peer.read_request();
            for (auto piece : {"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nabcd\r\n",
                               "1;ext=1\r\ne", "\r\nA\r\n0123456789\r\n", "0\r\n\r\n"}) {
                peer.write(piece);
                std::this_thread::sleep_for(2ms);
            }
            peer.read_some();
        });
        T transport(quick<T>());
        auto const answer = transport(post(server.url()));
        REQUIRE(answer.has_value());
        CHECK(answer->status == 201);
        CHECK(answer->body == "abcde0123456789");
    }
    SUBCASE("up to the end of the connection")
    {
        loopback::server const server(once("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>"));
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) {
            auto const answer = transport(post(server.url()));
            REQUIRE(answer.has_value());
            CHECK(answer->status == 502);
            CHECK(answer->body == "<html>");
        }
    }
    SUBCASE("up to the end of TLS")
    {
        loopback::tls_identity const identity;
        for (auto fields : {"", "Connection: close\r\n"}) {
            loopback::server const server(once("HTTP/1.1 502 Bad Gateway\r\n"s + fields + "\r\n<html>"), &identity);
            T transport(trusting<T>(identity));
            for (int i = 0; i != 2; ++i) {
                auto const answer = transport(post(server.url()));
                if (!answer && std::is_same_v<T, sidecall::httplib_transport>) { // some versions miss the end of TLS
                    CHECK(code_of(answer) == errc::answer_lost);
                    continue;
                }
                REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
                CHECK(answer->body == "<html>");
            }
        }
    }
    SUBCASE("of HTTP/1.0")
    {
        loopback::server const server(once("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) CHECK(transport(post(server.url())).value().body == "ok");
    }
    SUBCASE("204 without a body")
    {
        loopback::server const server(always("HTTP/1.1 204 No Content\r\nTwilio-Request-Id: RQ1\r\n\r\n"));
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) {
            auto const answer = transport(without_body(http_method::delete_, server.url()));
            REQUIRE(answer.has_value());
            CHECK(answer->status == 204);
            CHECK(answer->body.empty());
            CHECK(sidecall::headers_view(answer->headers).find("twilio-request-id") == "RQ1");
        }
        CHECK(server.accepted() == 1);
    }
    SUBCASE("to a HEAD")
    {
        loopback::server const server(always("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"));
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) {
            auto const answer = transport(without_body(http_method::head, server.url()));
            REQUIRE(answer.has_value());
            CHECK(answer->status == 200);
            CHECK(answer->body.empty());
        }
        CHECK(server.accepted() == 1);
    }
    SUBCASE("without a body, whatever its Content-Length")
    {
        for (auto const& one : {std::pair(http_method::head, "200 OK"),
                                {http_method::head, "404 Not Found"},
                                {http_method::delete_, "204 No Content"},
                                {http_method::post, "304 Not Modified"},
                                {http_method::get, "304 Not Modified"},
                                {http_method::head, "304 Not Modified"}})
            for (auto field :
                 {"Content-Length: 99999999", "Content-Length: 5", "Transfer-Encoding: chunked", "X-A: b"}) {
                std::string const status = one.second;
                CAPTURE(status);
                CAPTURE(std::string(field));
                std::string const head = "HTTP/1.1 " + status + "\r\n" + field + "\r\nTwilio-Request-Id: RQ1\r\n\r\n";
                loopback::server const server(always(head));
                T transport({.connect_timeout = 10s, .total_timeout = 2s});
                for (int i = 0; i != 2; ++i) {
                    auto const answer = transport(without_body(one.first, server.url()));
                    REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
                    CHECK(std::to_string(answer->status) == status.substr(0, 3));
                    CHECK(answer->body.empty());
                    CHECK(std::distance(answer->headers.begin(), answer->headers.end()) == 2);
                    std::string_view const line(field);
                    sidecall::headers_view const headers = answer->headers;
                    CHECK(headers.find(line.substr(0, line.find(':'))) == line.substr(line.find(':') + 2));
                    CHECK(headers.find("Twilio-Request-Id") == "RQ1");
                }
                CHECK(server.accepted() == 1);
            }
    }
    SUBCASE("after a 100")
    {
        loopback::server const server(always("HTTP/1.1 100 Continue\r\n\r\n" + created));
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) CHECK(transport(post(server.url())).value().status == 201);
    }
    SUBCASE("after a 103")
    {
        loopback::server const server(always("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + created));
        T transport(quick<T>());
        auto const answer = transport(post(server.url()));
        if (std::is_same_v<T, sidecall::curl_transport>) {
            REQUIRE(answer.has_value());
            CHECK(answer->status == 201);
            CHECK_FALSE(sidecall::headers_view(answer->headers).find("Link").has_value());
        } else {
            CHECK(code_of(answer) == errc::transport_failure);
        }
    }
    SUBCASE("compressed although the request did not ask for it")
    {
        loopback::server const server(
            always("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1F\x8B\x08\x01"));
        T transport(quick<T>());
        CHECK(transport(post(server.url())).value().body == "\x1F\x8B\x08\x01");
    }
}

TEST_CASE("libcurl: a folded header field is one field, and a trailer is not a header field")
{
    loopback::server const server(always("HTTP/1.1 200 OK\r\nX-Folded: a\r\n  b\r\nTransfer-Encoding: chunked\r\n\r\n"
                                         "1\r\nx\r\n0\r\nX-Trailer: t\r\n\r\n"));
    sidecall::curl_transport transport(quick<sidecall::curl_transport>());
    auto const answer = transport(post(server.url()));
    REQUIRE(answer.has_value());
    CHECK(answer->body == "x");
    CHECK(sidecall::headers_view(answer->headers).find("X-Folded") == "a  b");
    CHECK_FALSE(sidecall::headers_view(answer->headers).find("X-Trailer").has_value());
}

TEST_CASE_TEMPLATE("an operation succeeds", T, TRANSPORTS)
{
    record seen;
    loopback::server const server([&](connection& peer) {
        seen.add(peer.read_request());
        peer.write(created);
        seen.add(peer.read_request());
        peer.write("HTTP/1.1 204 No Content\r\n\r\n");
        seen.add(peer.read_request());
        peer.write("HTTP/1.1 404 Not Found\r\nContent-Length: 34\r\n\r\n{\"code\":20404,\"message\":\"no such\"}");
        peer.read_some();
    });
    T transport(quick<T>());

    sidecall::create_user_defined_message_subscription const create{
        .account_sid = account, .call_sid = call, .callback = "https://example.com/udm"_callback_url};
    auto const made = send(create, who(), transport, at(server.url()));
    REQUIRE(made.has_value());
    CHECK(made->sid == subscription);

    sidecall::delete_user_defined_message_subscription const end{
        .account_sid = account, .call_sid = call, .sid = made->sid};
    CHECK(send(end, who(), transport, at(server.url())).has_value());
    auto const gone = send(end, who(), transport, at(server.url()));
    REQUIRE(code_of(gone) == errc::api_error);
    CHECK(gone.error().twilio_code() == 20404);

    REQUIRE(seen.all().size() == 3);
    CHECK(seen.all()[0].substr(0, 5) == "POST ");
    CHECK(seen.all()[1].substr(0, 7) == "DELETE ");
    CHECK(server.accepted() == 1);
}

TEST_CASE_TEMPLATE("TLS certificates are verified", T, TRANSPORTS)
{
    loopback::tls_identity const identity;
    record seen;
    std::size_t allowed = 0; // requests that may have arrived

    SUBCASE("an unknown authority is rejected")
    {
        loopback::server const server(always(created, &seen), &identity);
        T transport(quick<T>());
        CHECK(code_of(transport(post(server.url()))) == errc::tls_failure);
        loopback::tls_identity const other;
        T trusts_another(trusting<T>(other));
        CHECK(code_of(trusts_another(post(server.url()))) == errc::tls_failure);
    }
    SUBCASE("the authority of the options is accepted, and the connection kept")
    {
        loopback::server const server(always(created, &seen), &identity);
        T transport(trusting<T>(identity));
        for (int i = 0; i != 3; ++i) {
            auto const answer = transport(post(server.url()));
            REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
            CHECK(answer->status == 201);
        }
        CHECK(server.accepted() == 1);
        allowed = 3;
    }
    SUBCASE("the case of the host does not matter, and the Host field keeps it")
    {
        for (auto host : {"LOCALHOST", "LocalHost", "localhost"}) {
            CAPTURE(std::string(host));
            loopback::tls_identity const named("DNS:localhost");
            loopback::server const server(always(created, &seen), &named);
            std::string const authority = host + server.host().substr(server.host().find(':'));
            T transport(trusting<T>(named));
            for (int i = 0; i != 2; ++i) {
                auto const answer = transport(post("https://" + authority));
                REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
                CHECK(seen.all().back().find("Host: " + authority + "\r\n") != std::string::npos);
            }
            CHECK(server.accepted() == 1);
        }
        allowed = 6;
    }
    SUBCASE("another host's certificate is rejected")
    {
        for (auto names : {"DNS:example.com", "IP:127.0.0.2", "DNS:127.0.0.1", "DNS:localhost"}) {
            CAPTURE(std::string(names));
            loopback::tls_identity const wrong(names);
            loopback::server const server(always(created, &seen), &wrong);
            T transport(trusting<T>(wrong));
            CHECK(code_of(transport(post(server.url()))) == errc::tls_failure);
        }
    }
    SUBCASE("TLS 1.1 is rejected")
    {
        loopback::tls_identity const old("IP:127.0.0.1", TLS1_1_VERSION);
        loopback::server const server(always(created, &seen), &old);
        T transport(trusting<T>(old));
        CHECK(code_of(transport(post(server.url()))) == errc::tls_failure);
    }
    SUBCASE("an unreadable authority file is a failure")
    {
        loopback::server const server(always(created, &seen), &identity);
        auto options = quick<T>();
        options.ca_file = "/nonexistent/ca.pem";
        T transport(options);
        for (int i = 0; i != 2; ++i) CHECK(code_of(transport(post(server.url()))) == errc::tls_failure);
    }
    SUBCASE("a server without TLS is rejected")
    {
        loopback::server const server([&](connection& peer) {
            peer.read_some();
            peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        T transport(quick<T>());
        CHECK(code_of(transport(post("https://" + server.host()))) == errc::tls_failure);
    }
    CHECK(seen.all().size() == allowed);
}

TEST_CASE_TEMPLATE("without a connection, the failure says that nothing was sent", T, TRANSPORTS)
{
    SUBCASE("connection refused")
    {
        int port = 0;
        {
            loopback::listener const closed;
            port = closed.port();
        }
        T transport(quick<T>());
        CHECK(code_of(transport(post("http://127.0.0.1:" + std::to_string(port)))) == errc::not_connected);
    }
    SUBCASE("connection not accepted")
    {
        loopback::full_listener const full;
        T transport({.connect_timeout = 200ms, .total_timeout = 4s});
        auto const time = time_of([&] {
            auto const answer = transport(post("http://127.0.0.1:" + std::to_string(full.port())));
            REQUIRE(code_of(answer) == errc::not_connected);
            CHECK(answer.error().message().substr(0, 20) == "connecting timed out");
        });
        CHECK(time > 150ms);
        CHECK(time < 3s);
    }
    SUBCASE("the total timeout includes connecting")
    {
        loopback::full_listener const full;
        T transport({.connect_timeout = 4s, .total_timeout = 200ms});
        auto const time = time_of([&] {
            auto const answer = transport(post("http://127.0.0.1:" + std::to_string(full.port())));
            CHECK(code_of(answer) == errc::not_connected);
        });
        CHECK(time < 3s);
    }
    SUBCASE("accepted without a TLS handshake")
    {
        loopback::server const silent(loopback::stall);
        T transport({.connect_timeout = 200ms, .total_timeout = 4s});
        auto const time = time_of([&] {
            auto const answer = transport(post("https://" + silent.host()));
            REQUIRE(code_of(answer) == errc::not_connected);
            CHECK(answer.error().message().substr(0, 20) == "connecting timed out");
        });
        CHECK(time < 3s);
    }
}

TEST_CASE_TEMPLATE("another address of the host is tried only if nothing was sent to the first one", T, TRANSPORTS)
{
    record seen;
    loopback::tls_identity const identity("DNS:host.test");
    for (auto const* tls : {static_cast<loopback::tls_identity const*>(nullptr), &identity}) {
        if (!tls && std::is_same_v<T, sidecall::curl_transport>) continue;
        CAPTURE(tls != nullptr);
        loopback::server const server(
            [&](connection& peer) {
                seen.add(peer.read_request());
                if (peer.number() != 0) peer.write(created);
            },
            tls);
        std::string const url = (tls ? "https://host.test:" : "http://localhost:") + std::to_string(server.port());
        std::size_t const before = seen.all().size();
        T transport(trusting<T>(identity));
        {
            addresses_of_a_host const one({"127.0.0.1", "127.0.0.1"});
            CHECK(code_of(transport(post(url))) == errc::answer_lost);
        }
        CHECK(seen.all().size() == before + 1);
        CHECK(server.accepted() == 1);
        {
            addresses_of_a_host const other({"127.0.0.2", "127.0.0.1"}); // no server listens at the first
            auto const answer = transport(post(url));
            REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
            CHECK(answer->status == 201);
        }
        CHECK(seen.all().size() == before + 2);
        addresses_of_a_host const none({"127.0.0.2", "127.0.0.3"});
        T another(trusting<T>(identity));
        CHECK(code_of(another(post(url))) == errc::not_connected);
    }
}

TEST_CASE_TEMPLATE("the total timeout applies, however slowly the response arrives", T, TRANSPORTS)
{
    auto const drip = [](std::string const& before, std::string const& each) {
        return [=](connection& peer) {
            peer.read_request();
            peer.write(before);
            while (peer.write(each)) std::this_thread::sleep_for(20ms);
        };
    };
    loopback::server::script script;
    SUBCASE("nothing arrives")
    {
        script = [](connection& peer) {
            peer.read_request();
            peer.read_some();
        };
    }
    SUBCASE("a slow status line")
    {
        script = drip("HTTP/1.1 200 ", "x");
    }
    SUBCASE("a slow header field")
    {
        script = drip("HTTP/1.1 200 OK\r\nX: ", "x");
    }
    SUBCASE("slow header fields")
    {
        script = drip("HTTP/1.1 200 OK\r\n", "X: y\r\n");
    }
    SUBCASE("a slow body with a Content-Length")
    {
        script = drip("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", "x");
    }
    SUBCASE("slow chunks")
    {
        script = drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n");
    }
    SUBCASE("a slow body without a Content-Length")
    {
        script = drip("HTTP/1.1 200 OK\r\n\r\n", "x");
    }
    SUBCASE("slow interim responses")
    {
        script = drip("", "HTTP/1.1 100 Continue\r\n\r\n");
    }

    loopback::server const server(script);
    T transport({.connect_timeout = 4s, .total_timeout = 150ms});
    auto const time = time_of([&] { CHECK(code_of(transport(post(server.url()))) == errc::timed_out); });
    CHECK(time > 100ms);
    CHECK(time < 3s);
}

TEST_CASE_TEMPLATE("the total timeout applies over TLS", T, TRANSPORTS)
{
    loopback::tls_identity const identity;
    loopback::server const server(
        [](connection& peer) {
            peer.read_request();
            peer.write("HTTP/1.1 200 OK\r\n\r\n");
            while (peer.write("x")) std::this_thread::sleep_for(20ms);
        },
        &identity);
    auto options = trusting<T>(identity);
    options.total_timeout = 300ms;
    T transport(options);
    auto const time = time_of([&] { CHECK(code_of(transport(post(server.url()))) == errc::timed_out); });
    CHECK(time < 3s);
}

TEST_CASE_TEMPLATE("an incomplete response is reported as lost", T, TRANSPORTS)
{
    loopback::server::script script;
    SUBCASE("closed before the response")
    {
        script = [](connection& peer) { peer.read_request(); };
    }
    SUBCASE("reset before the response")
    {
        script = [](connection& peer) {
            peer.read_request();
            peer.reset();
        };
    }
    SUBCASE("closed in the status line")
    {
        script = once("HTTP/1.1 20");
    }
    SUBCASE("closed in the header fields")
    {
        script = once("HTTP/1.1 201 Created\r\nContent-Le");
    }
    SUBCASE("closed in the body")
    {
        script = once(created.substr(0, created.size() - 1));
    }
    SUBCASE("closed in a chunk")
    {
        script = once("HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
    }
    SUBCASE("closed before the last chunk")
    {
        script = once("HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    }
    SUBCASE("closed after an interim response")
    {
        script = once("HTTP/1.1 100 Continue\r\n\r\n");
    }
    SUBCASE("closed in the header fields after an interim response")
    {
        script = once("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nX: y\r\n");
    }
    SUBCASE("reset in the body")
    {
        script = [](connection& peer) {
            peer.read_request();
            peer.write(created.substr(0, created.size() - 1));
            std::this_thread::sleep_for(20ms); // an RST discards data that was not read yet
            peer.reset();
        };
    }
    SUBCASE("reset in a body without a Content-Length")
    {
        script = [](connection& peer) {
            peer.read_request();
            peer.write("HTTP/1.1 201 Created\r\n\r\n{\"sid\":");
            std::this_thread::sleep_for(20ms);
            peer.reset();
        };
    }
    loopback::tls_identity const identity;
    for (auto const* tls : {static_cast<loopback::tls_identity const*>(nullptr), &identity}) {
        CAPTURE(tls != nullptr);
        loopback::server const server(script, tls);
        T transport(trusting<T>(identity));
        auto const answer = transport(post(server.url()));
        REQUIRE(code_of(answer) == errc::answer_lost);
        CHECK(answer.error().native_code().has_value());
        CHECK(server.accepted() == 1);
    }
}

TEST_CASE_TEMPLATE("a response that is not HTTP is a failure", T, TRANSPORTS)
{
    loopback::server::script script;
    SUBCASE("text")
    {
        script = once("hello\r\nworld\r\n\r\n");
    }
    SUBCASE("bytes")
    {
        script = once("\0\xFF\xFE\r\n\r\n"s);
    }
    SUBCASE("a status that is not a number")
    {
        script = once("HTTP/1.1 abc OK\r\n\r\n");
    }
    SUBCASE("a chunk size that is not a number")
    {
        script = once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
    }
    SUBCASE("another protocol")
    {
        script = once("SSH-2.0-OpenSSH_9.2\r\n");
    }
    loopback::server const server(script);
    T transport(quick<T>());
    errc const code = code_of(transport(post(server.url())));
    CHECK((code == errc::transport_failure || code == errc::answer_lost));
    CHECK(server.accepted() == 1);
}

TEST_CASE_TEMPLATE("the size of a response is limited", T, TRANSPORTS)
{
    auto const flood = [](std::string const& before, std::string const& each) {
        return [=](connection& peer) {
            peer.read_request();
            std::string many;
            while (many.size() < 4096) many += each;
            if (peer.write(before))
                while (peer.write(many)) {
                }
        };
    };
    loopback::server::script script;
    SUBCASE("a Content-Length that is too large")
    {
        script = once("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx");
    }
    SUBCASE("one byte too many")
    {
        script = once("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n" + std::string(65537, 'x'));
    }
    SUBCASE("endless chunks")
    {
        script = flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n");
    }
    SUBCASE("a huge chunk")
    {
        script = flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", "x");
    }
    SUBCASE("an endless body")
    {
        script = flood("HTTP/1.1 200 OK\r\n\r\n", "x");
    }
    bool in_headers = false; // cpp-httplib may apply its own limit here, and not report it
    SUBCASE("endless header fields")
    {
        in_headers = true;
        script = flood("HTTP/1.1 200 OK\r\n", "X-Header: value\r\n");
    }
    SUBCASE("an endless header field")
    {
        in_headers = true;
        script = flood("HTTP/1.1 200 OK\r\nX: ", "x");
    }
    SUBCASE("endless interim responses")
    {
        script = flood("", "HTTP/1.1 100 Continue\r\n\r\n");
    }

    loopback::server const server(script);
    auto options = quick<T>();
    options.max_answer = 65536;
    T transport(options);
    auto const time = time_of([&] {
        errc const code = code_of(transport(post(server.url())));
        if (in_headers && code == errc::answer_lost)
            CHECK(std::is_same_v<T, sidecall::httplib_transport>);
        else
            CHECK(code == errc::answer_too_large);
    });
    CHECK(time < 2s);
}

TEST_CASE_TEMPLATE("a response may be as large as the limit", T, TRANSPORTS)
{
    loopback::server const server(always("HTTP/1.1 200 OK\r\nContent-Length: 65000\r\n\r\n" + std::string(65000, 'x')));
    auto options = quick<T>();
    options.max_answer = 65536;
    T transport(options);
    CHECK(transport(post(server.url())).value().body.size() == 65000);
    options.max_answer = 0;
    T nothing(options);
    CHECK(code_of(nothing(post(server.url()))) == errc::answer_too_large);
}

TEST_CASE_TEMPLATE("a redirect is returned, and no other server gets the credential", T, TRANSPORTS)
{
    loopback::server const target(always(created));
    for (int status : {301, 302, 303, 307, 308}) {
        loopback::server const server(always("HTTP/1.1 " + std::to_string(status) + " Moved\r\nLocation: " +
                                             target.url() + "/there\r\nContent-Length: 0\r\n\r\n"));
        T transport(quick<T>());
        auto const answer = transport(post(server.url()));
        REQUIRE(answer.has_value());
        CHECK(answer->status == status);
        CHECK(sidecall::headers_view(answer->headers).find("Location") == target.url() + "/there");
    }
    CHECK(target.accepted() == 0);
}

TEST_CASE_TEMPLATE("an authentication challenge is not answered", T, TRANSPORTS)
{
    record seen;
    loopback::server const server(
        always("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\", qop=\"auth\"\r\n"
               "WWW-Authenticate: Basic realm=\"a\"\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
               &seen));
    T transport(quick<T>());
    for (int i = 0; i != 2; ++i) CHECK(transport(post(server.url())).value().status == 401);
    REQUIRE(seen.all().size() == 2);
    CHECK(seen.all()[0] == seen.all()[1]); // no cookie either
}

TEST_CASE_TEMPLATE("a connection is kept as long as it is usable", T, TRANSPORTS)
{
    SUBCASE("two requests share one connection")
    {
        loopback::server const server(always(created));
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) CHECK(transport(post(server.url())).value().status == 201);
        CHECK(server.accepted() == 1);
    }
    SUBCASE("also after the transport was moved")
    {
        loopback::server const server(always(created));
        T first(quick<T>());
        CHECK(first(post(server.url())).value().status == 201);
        T second(std::move(first));
        CHECK(second(post(server.url())).value().status == 201);
        CHECK(server.accepted() == 1);
        CHECK(code_of(first(post(server.url()))) == errc::invalid_argument); // NOLINT(bugprone-use-after-move)
        first = std::move(second);
        CHECK(first(post(server.url())).value().status == 201);
        CHECK(server.accepted() == 1);
    }
    SUBCASE("not if the options disable it")
    {
        loopback::server const server(always(created));
        auto options = quick<T>();
        options.max_idle = 0s;
        T transport(options);
        for (int i = 0; i != 2; ++i) CHECK(transport(post(server.url())).value().status == 201);
        CHECK(server.accepted() == 2);
    }
    SUBCASE("closed after Connection: close")
    {
        loopback::server const server(once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) CHECK(transport(post(server.url())).value().status == 200);
        CHECK(server.accepted() == 2);
    }
    SUBCASE("closed by the server without notice")
    {
        loopback::server const server(once(created));
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) {
            CHECK(transport(post(server.url())).value().status == 201);
            std::this_thread::sleep_for(20ms);
        }
        CHECK(server.accepted() == 2);
    }
    SUBCASE("TLS closed by the server without notice")
    {
        loopback::tls_identity const identity;
        loopback::server const server(once(created), &identity);
        T transport(trusting<T>(identity));
        for (int i = 0; i != 2; ++i) {
            auto const answer = transport(post(server.url()));
            REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
            std::this_thread::sleep_for(20ms);
        }
        CHECK(server.accepted() == 2);
    }
    SUBCASE("closed after an unsolicited response, which is not taken for the next one")
    {
        std::atomic<int> unsolicited{0};
        loopback::server const server([&](connection& peer) {
            peer.read_request();
            peer.write(created);
            std::this_thread::sleep_for(5ms);
            peer.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
            ++unsolicited;
            peer.read_some();
        });
        T transport(quick<T>());
        for (int i = 0; i != 2; ++i) {
            CHECK(transport(post(server.url())).value().status == 201);
            while (unsolicited != i + 1) std::this_thread::sleep_for(1ms);
        }
    }
    SUBCASE("another host gets another connection")
    {
        loopback::server const one(always(created)), two(always(created));
        T transport(quick<T>());
        for (auto const& server : {one.url(), two.url(), two.url()}) {
            CHECK(transport(post(server)).value().status == 201);
            std::this_thread::sleep_for(5ms); // libcurl compares the ages of connections in milliseconds
        }
        CHECK(one.accepted() == 1);
        CHECK(two.accepted() == 1);
    }
    SUBCASE("a new connection is made after a failure")
    {
        loopback::server const server([](connection& peer) {
            peer.read_request();
            if (peer.number() == 0) return peer.reset();
            peer.write(created);
        });
        T transport(quick<T>());
        CHECK(code_of(transport(post(server.url()))) == errc::answer_lost);
        CHECK(transport(post(server.url())).value().status == 201);
    }
}

TEST_CASE_TEMPLATE("a request that may have arrived is not sent twice", T, TRANSPORTS)
{
    loopback::tls_identity const identity;
    record seen;
    bool reset = false, early = false;
    auto const script = [&](connection& peer) {
        seen.add(peer.read_request());
        peer.write(created);
        if (peer.number() != 0) return;
        seen.add(early ? peer.read_some() : peer.read_request());
        if (reset) peer.reset();
    };
    auto const second_is_lost = [&](loopback::tls_identity const* tls, auto const& make) {
        loopback::server const server(script, tls);
        T transport(trusting<T>(identity));
        CHECK(transport(post(server.url())).value().status == 201);
        CHECK(code_of(transport(make(server.url()))) == errc::answer_lost);
        CHECK(seen.all().size() == 2);
        CHECK(transport(post(server.url())).value().status == 201); // later requests succeed again
    };
    auto const large = [](std::string const& url) { return post(url, std::string(6000000, 'x')); };
    auto const end = [](std::string const& url) { return without_body(http_method::delete_, url); };

    SUBCASE("closed")
    {
        second_is_lost(nullptr, end);
    }
    SUBCASE("reset")
    {
        reset = true;
        second_is_lost(nullptr, end);
    }
    SUBCASE("closed, over TLS")
    {
        second_is_lost(&identity, end);
    }
    SUBCASE("closed before all of it was sent")
    {
        early = true;
        second_is_lost(nullptr, large);
    }
    SUBCASE("closed before all of it was sent, over TLS")
    {
        early = true;
        second_is_lost(&identity, large);
    }
    SUBCASE("reset before all of it was sent, over TLS")
    {
        early = reset = true;
        second_is_lost(&identity, large);
    }
}

TEST_CASE_TEMPLATE("nothing is sent on a second connection once the first one was established", T, TRANSPORTS)
{
    loopback::tls_identity const identity;
    std::size_t const rounds = 12; // several rounds, since the outcome depends on timing
    record seen;
    loopback::server::script script;
    std::size_t before = 0; // requests that are answered before the end
    SUBCASE("closed at once")
    {
        script = [](connection&) {};
    }
    bool before_any = false; // the reset may come before the transport sees the connection
    SUBCASE("reset at once")
    {
        before_any = true;
        script = [](connection& peer) { peer.reset(); };
    }
    SUBCASE("closed while the request is sent")
    {
        script = [&](connection& peer) { seen.add(peer.read_some()); };
    }
    SUBCASE("closed after the request")
    {
        script = [&](connection& peer) { seen.add(peer.read_request()); };
    }
    SUBCASE("closed after the second request")
    {
        before = 1;
        script = [&](connection& peer) {
            seen.add(peer.read_request());
            peer.write(created);
            seen.add(peer.read_request());
        };
    }
    for (auto const* tls : {static_cast<loopback::tls_identity const*>(nullptr), &identity})
        for (std::size_t const size : {1u, 300000u}) {
            CAPTURE(tls != nullptr);
            CAPTURE(size);
            std::string const value(size, 'x');
            std::size_t const sent = seen.all().size() + rounds * (before + 1);
            loopback::server const server(script, tls);
            for (std::size_t i = 0; i != rounds; ++i) {
                T transport(trusting<T>(identity));
                for (std::size_t n = 0; n != before; ++n) CHECK(transport(post(server.url())).value().status == 201);
                errc const code = code_of(transport(post(server.url(), value)));
                CHECK((code == errc::answer_lost || (code == errc::tls_failure && tls) ||
                       (code == errc::not_connected && before_any)));
            }
            CHECK(seen.all().size() <= sent);
            // libcurl may open one, on which nothing is sent.
            if (before == 0 || std::is_same_v<T, sidecall::httplib_transport>) CHECK(server.accepted() == rounds);
        }
}

TEST_CASE_TEMPLATE("a write to a closed connection raises no signal", T, TRANSPORTS)
{
    auto const before = ::signal(SIGPIPE, SIG_DFL);
    loopback::tls_identity const identity;
    for (auto const* tls : {static_cast<loopback::tls_identity const*>(nullptr), &identity}) {
        std::string const body(6000000, 'x');
        {
            loopback::server const server(
                [](connection& peer) {
                    peer.read_some();
                    peer.reset();
                },
                tls);
            T transport(trusting<T>(identity));
            CHECK(code_of(transport(post(server.url(), body))) == errc::answer_lost);
        }
        {
            gate stuck;
            loopback::server const server([&](connection&) { stuck.wait(); }, tls);
            auto options = trusting<T>(identity);
            options.total_timeout = 300ms;
            T transport(options);
            auto const time = time_of([&] { CHECK(code_of(transport(post(server.url(), body))) == errc::timed_out); });
            CHECK(time < 3s);
            stuck.open();
        }
    }
    ::signal(SIGPIPE, before);
}

namespace {

/// A proxy that tunnels to `port`, whatever host is requested.
loopback::server::script tunnel(int port, record& seen)
{
    return [port, &seen](connection& peer) {
        seen.add(peer.read_request());
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int const there = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        static_cast<void>(::connect(there, reinterpret_cast<sockaddr*>(&address), sizeof address));
        peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
        for (bool open = true; open;) {
            pollfd ends[2]{{peer.socket(), POLLIN, 0}, {there, POLLIN, 0}};
            ::poll(ends, 2, -1);
            for (int i = 0; i != 2; ++i) {
                char buffer[4096];
                if (ends[i].revents == 0) continue;
                auto const size = ::recv(ends[i].fd, buffer, sizeof buffer, 0);
                open = open && size > 0;
                if (size > 0) ::send(ends[1 - i].fd, buffer, static_cast<std::size_t>(size), MSG_NOSIGNAL);
            }
        }
        ::close(there);
    };
}

} // namespace

TEST_CASE_TEMPLATE("only the proxy of the options is used, and only for https", T, TRANSPORTS)
{
    loopback::tls_identity const identity;
    record asked, seen;
    loopback::server const server(always(created, &seen), &identity);

    SUBCASE("the proxy of the environment is ignored")
    {
        loopback::server const plain(always(created));
        loopback::server const trap(always(created, &asked));
        char const* const names[] = {"http_proxy", "https_proxy", "all_proxy",
                                     "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"};
        for (auto name : names) ::setenv(name, trap.url().c_str(), 1);
        T transport(trusting<T>(identity));
        CHECK(transport(post(plain.url())).value().status == 201);
        CHECK(transport(post(server.url())).value().status == 201);
        for (auto name : names) ::unsetenv(name);
        CHECK(trap.accepted() == 0);
    }
    SUBCASE("plain http bypasses the proxy of the options")
    {
        loopback::server const plain(always(created));
        loopback::server const trap(always(created, &asked));
        auto options = quick<T>();
        options.proxy = trap.url();
        T transport(options);
        CHECK(transport(post(plain.url())).value().status == 201);
        CHECK(trap.accepted() == 0);
    }
    SUBCASE("https goes through it, and it sees no credential")
    {
        loopback::server const proxy(tunnel(server.port(), asked));
        ::setenv("no_proxy", "127.0.0.1", 1);
        auto options = trusting<T>(identity);
        options.proxy = proxy.url();
        T transport(options);
        for (int i = 0; i != 2; ++i) {
            auto const answer = transport(post(server.url()));
            REQUIRE_MESSAGE(answer.has_value(), text_of(answer));
            CHECK(answer->status == 201);
        }
        ::unsetenv("no_proxy");
        REQUIRE(asked.all().size() == 1);
        CHECK(asked.all()[0].substr(0, 8) == "CONNECT ");
        CHECK(asked.all()[0].find("uthorization") == std::string::npos);
        CHECK(asked.all()[0].find("/path") == std::string::npos);
        CHECK(seen.all().size() == 2);
    }
    SUBCASE("the proxy may refuse")
    {
        loopback::server const proxy(once("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"));
        auto options = trusting<T>(identity);
        options.proxy = proxy.url();
        T transport(options);
        CHECK(code_of(transport(post(server.url()))) == errc::not_connected);
    }
    SUBCASE("the proxy may be absent")
    {
        auto options = trusting<T>(identity);
        {
            loopback::listener const closed;
            options.proxy = "http://127.0.0.1:" + std::to_string(closed.port());
        }
        T transport(options);
        CHECK(code_of(transport(post(server.url()))) == errc::not_connected);
        CHECK(server.accepted() == 0);
    }
}

TEST_CASE_TEMPLATE("each thread can use its own transport", T, TRANSPORTS)
{
    loopback::server const server(always(created));
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int i = 0; i != 4; ++i)
        threads.emplace_back([&] {
            T transport(quick<T>());
            for (int n = 0; n != 10; ++n) {
                auto const answer = transport(post(server.url()));
                good += answer && answer->status == 201;
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(good == 40);
    CHECK(server.accepted() == 4);
}

TEST_CASE_TEMPLATE("an invalid proxy gives a failure, which does not contain its password", T, TRANSPORTS)
{
    for (std::string proxy : {"http://alice:sEcret@[bad", "junk://alice:sEcret@x", "http://alice:sEcret@127.0.0.1:1"}) {
        CAPTURE(proxy);
        T transport({.connect_timeout = 200ms, .total_timeout = 2s, .proxy = proxy});
        auto const answer = transport(post("https://127.0.0.1:1"));
        REQUIRE_FALSE(answer.has_value());
        CHECK(answer.error().to_string().find("sEcret") == std::string::npos);
    }
}

TEST_CASE_TEMPLATE("a child process inherits no connection", T, TRANSPORTS)
{
    loopback::tls_identity const identity;
    for (auto const* tls : {static_cast<loopback::tls_identity const*>(nullptr), &identity}) {
        std::vector<loopback::open_socket> open;
        loopback::server const server(
            [&](connection& peer) {
                peer.read_request();
                open = loopback::internet_sockets();
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            },
            tls);
        T transport(tls ? trusting<T>(*tls) : quick<T>());
        auto const answer = transport(post(server.url()));
        CHECK_MESSAGE(answer.has_value(), text_of(answer));
        CHECK(open.size() >= 3); // two of the server, and the client's
        for (auto const& one : open) CHECK_MESSAGE(one.closes_on_exec, one.descriptor);
    }
}

TEST_CASE_TEMPLATE("nothing of a request is left for the next one", T, TRANSPORTS)
{
    record seen;
    loopback::server const server(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &seen));
    constexpr http_method methods[] = {http_method::post,    http_method::put, http_method::patch,
                                       http_method::delete_, http_method::get, http_method::head};
    for (auto second : methods)
        for (bool const with_body : {true, false}) {
            if (with_body && second != http_method::post && second != http_method::put && second != http_method::patch)
                continue;
            auto const request =
                with_body ? authorize(request_of(second, "/path", {{"Name", "a b"}}, at(server.url())), who())
                          : without_body(second, server.url());
            T fresh(quick<T>());
            CHECK(fresh(request).has_value());
            std::string const expected = seen.all().back();
            for (auto first : methods) {
                T transport(quick<T>());
                CHECK(transport(without_body(first, server.url())).has_value());
                if (first != http_method::head) CHECK(transport(post(server.url())).has_value());
                CHECK(transport(request).has_value());
                CHECK(seen.all().back() == expected);
            }
        }
}
