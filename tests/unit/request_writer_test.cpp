#include <sidecall/request_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <sidecall/sidecall.hpp>

#include "ends_program.hpp"
#include "lasting.hpp"

namespace request_writer_test {

namespace {

using namespace sidecall::literals;
using sidecall::endpoint;
using sidecall::errc;
using sidecall::http_method;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
std::string const user_agent = "User-Agent: sidecall/" + std::string(sidecall::version) + "\r\n";

/// An operation whose request is what a function writes.
template <http_method Method, class Write>
struct written {
    Write parts;

    using resource = int;
    static constexpr http_method request_method = Method;

    template <class Request>
    constexpr void write(Request& request) const
    {
        parts(request);
    }
    static sidecall::result<int> parse(sidecall::http_response_view const& response) { return response.status; }
};
template <class Write>
written<http_method::get, Write> get(Write write)
{
    return {write};
}
template <class Write>
written<http_method::post, Write> post(Write write)
{
    return {write};
}

/// The target of a GET request.
template <class Write>
std::string target(Write write)
{
    auto const request = sidecall::make_request(get(write));
    REQUIRE(request);
    return std::string(request->target());
}
template <class Write>
std::string body(Write write)
{
    auto const request = sidecall::make_request(post(write));
    REQUIRE(request);
    return std::string(request->body());
}

sidecall::credentials some_credentials()
{
    return sidecall::credentials::auth_token(account, sidecall::secret("t0ken"));
}

/// Makes the request on the heap and in a buffer of exactly the needed size. Returns the failure, which both must have.
template <class Operation>
sidecall::failure failure_of_both(Operation const& operation)
{
    auto const request = sidecall::make_request(operation);
    REQUIRE(!request);
    char buffer[1000];
    auto const in_place = authorize(operation, some_credentials(), endpoint(), buffer);
    REQUIRE(!in_place);
    CHECK(in_place.error() == request.error());
    int calls = 0;
    auto const sent = sidecall::send(operation, some_credentials(), [&](sidecall::authorized_request const&) {
        ++calls;
        return sidecall::http_response{.status = 200};
    });
    CHECK(sent == request.error());
    CHECK(calls == 0);
    return request.error();
}

struct violation {
    std::string_view field;
    std::size_t offset;
};
bool operator==(sidecall::failure const& failure, violation const& wanted)
{
    return failure.code() == errc::invalid_argument && failure.field() == wanted.field &&
           failure.offset() == wanted.offset;
}

} // namespace

TEST_CASE("a path is written as it is, and a segment is percent-encoded")
{
    CHECK(target([](auto& request) { request.path("/2010-04-01/Accounts/").segment(account).path(".json"); }) ==
          "/2010-04-01/Accounts/AC00000000000000000000000000000001.json");
    CHECK(target([](auto& request) { request.path("/v2/PhoneNumbers/").segment("+1 415/555?a#b%2F"); }) ==
          "/v2/PhoneNumbers/%2B1%20415%2F555%3Fa%23b%252F");
    CHECK(target([](auto& request) { request.path("/a/").segment("...").path("/").segment(".x").segment(42); }) ==
          "/a/.../.x42");
    CHECK(target([](auto& request) { request.path("/a/").segment(std::string("\xC3\xA9\0", 3)); }) == "/a/%C3%A9%00");
}

TEST_CASE("a segment that would change the path fails, and the failure has its name")
{
    for (std::string_view text : {"", ".", ".."}) {
        CAPTURE(text);
        auto const named = [&](auto& request) { request.path("/a/").segment(text, "Sid"); };
        auto const unnamed = [&](auto& request) { request.path("/a/").segment(text).path(".json"); };
        CHECK(failure_of_both(get(named)) == violation{"Sid", 0});
        CHECK(failure_of_both(get(unnamed)) == violation{"segment", 0});
    }
}

TEST_CASE("a path begins with '/', so no part can become a part of the host")
{
    CHECK(failure_of_both(get([](auto&) {})) == violation{"path", 0});
    CHECK(failure_of_both(get([](auto& request) { request.path(".evil.example/"); })) == violation{"path", 0});
    CHECK(failure_of_both(get([](auto& request) { request.path(":8443"); })) == violation{"path", 0});
    CHECK(failure_of_both(get([](auto& request) { request.segment("@evil.example"); })) == violation{"path", 0});
    CHECK(failure_of_both(get([](auto& request) { request.segment(account).path("/x"); })) == violation{"path", 0});
    CHECK(failure_of_both(get([](auto& request) { request.query("a", "b"); })) == violation{"path", 0});
}

TEST_CASE("a query has any number of parameters, in order, encoded like a form")
{
    CHECK(target([](auto& request) { request.path("/a").query("Status", "in-progress").query("PageSize", 50); }) ==
          "/a?Status=in-progress&PageSize=50");
    CHECK(target([](auto& request) { request.path("/a").query("StartTime<", "x y&z=\xC3\xA9"); }) ==
          "/a?StartTime%3C=x+y%26z%3D%C3%A9");
    std::vector<std::pair<std::string, std::string>> const chosen{{"a b", "1"}, {"c", ""}, {"a b", "2"}};
    CHECK(target([&](auto& request) {
              request.path("/a");
              for (auto const& [name, value] : chosen) request.query(name, value);
          }) == "/a?a+b=1&c=&a+b=2");
}

TEST_CASE("a form has any number of fields, in order")
{
    std::vector<std::string> const events{"initiated", "ringing", "answered", "completed"};
    CHECK(body([&](auto& request) {
              request.path("/a");
              for (auto const& event : events) request.field("StatusCallbackEvent", event);
              request.field(std::string("Parameter.x y"), "z&");
          }) == "StatusCallbackEvent=initiated&StatusCallbackEvent=ringing&StatusCallbackEvent=answered&"
                "StatusCallbackEvent=completed&Parameter.x+y=z%26");
    CHECK(body([](auto& request) { request.path("/a"); }) == "");
}

TEST_CASE("a value is text, an integer, a bool, a value of this library, or absent")
{
    auto const callback = *sidecall::callback_url::parse("https://example.com/?a=b");
    auto const text_of = [](auto const& value) {
        std::string const query = target([&](auto& request) { request.path("/a").query("x", value); });
        return query.size() > 2 ? query.substr(5) : "absent";
    };
    CHECK(text_of("text") == "text");
    CHECK(text_of(std::string("text")) == "text");
    CHECK(text_of(std::string_view("text")) == "text");
    CHECK(text_of(sidecall::text_view("text")) == "text");
    CHECK(text_of(static_cast<char const*>(nullptr)) == "");
    char array[8] = "ab";
    CHECK(text_of(array) == "ab");
    CHECK(text_of(0) == "0");
    CHECK(text_of(-1) == "-1");
    CHECK(text_of(9U) == "9");
    CHECK(text_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(text_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(text_of(std::int8_t{-128}) == "-128");
    CHECK(text_of(true) == "true");
    CHECK(text_of(false) == "false");
    CHECK(text_of(account) == account.view());
    CHECK(text_of(callback) == "https%3A%2F%2Fexample.com%2F%3Fa%3Db");
    CHECK(text_of(*sidecall::idempotency_key::parse("a key")) == "a+key");
    CHECK(text_of(*sidecall::message_content::parse("[1]")) == "%5B1%5D");
    CHECK(text_of(http_method::get) == "GET");
    CHECK(text_of(std::optional<int>(3)) == "3");
    CHECK(text_of(std::optional<std::string>("x")) == "x");
    CHECK(text_of(std::optional<sidecall::account_sid>(account)) == account.view());
    CHECK(text_of(std::optional<int>()) == "absent");
    CHECK(text_of(std::optional<bool>()) == "absent");
    CHECK(text_of(std::optional<std::optional<int>>(std::optional<int>())) == "absent");
}

TEST_CASE("a volatile value is sent like any other")
{
    bool volatile is_set = true;
    CHECK(target([&](auto& request) { request.path("/x").query("A", is_set); }) == "/x?A=true");
}

TEST_CASE("a name that is a null pointer is an empty text")
{
    char const* const name = nullptr;
    CHECK(target([&](auto& request) { request.path("/x").query(name, "v"); }) == "/x?=v");
    CHECK(failure_of_both(get([&](auto& request) { request.path("/x").header(name, "v"); })) ==
          violation{"a header field", 0});
}

TEST_CASE("a moved-from value fails, and so does an invalid method")
{
    auto callback = *sidecall::callback_url::parse("https://example.com/a-callback-that-is-not-short");
    auto const taken = std::move(callback);
    CHECK(failure_of_both(post([&](auto& request) { request.path("/a").field("Callback", callback); })) ==
          violation{"Callback", 0});
    CHECK(failure_of_both(post([&](auto& request) { request.path("/a").header("X-Callback", callback); })) ==
          violation{"X-Callback", 0});
    auto const none = static_cast<http_method>(99);
    CHECK(failure_of_both(get([&](auto& request) { request.path("/a").query("Method", none); })) ==
          violation{"Method", 0});
}

TEST_CASE("a JSON body is sent as it is, with its type")
{
    std::string const text = " {\"a\": [1, \"\xC3\xA9\"]}\n";
    auto const request = sidecall::make_request(post([&](auto& writer) { writer.path("/a").json_body(text); }));
    REQUIRE(request);
    CHECK(request->body() == text);
    CHECK(request->headers().text() ==
          "Accept: application/json\r\nAccept-Charset: utf-8\r\nContent-Type: application/json\r\n" + user_agent);
}

TEST_CASE("a body that is not JSON fails at its first wrong byte, and so does a second body")
{
    CHECK(failure_of_both(post([](auto& request) { request.path("/a").json_body(R"({"a":01})"); })) ==
          violation{"json_body", 6});
    CHECK(failure_of_both(post([](auto& request) { request.path("/a").json_body(""); })) == violation{"json_body", 0});
    CHECK(failure_of_both(post([](auto& request) { request.path("/a").json_body("{}").json_body("{}"); })) ==
          violation{"json_body", 0});
    CHECK(failure_of_both(post([](auto& request) { request.path("/a").json_body("{}").field("B", "c"); })) ==
          violation{"B", 0});
    CHECK(failure_of_both(post([](auto& request) { request.path("/a").field("B", "c").json_body("{}"); })) ==
          violation{"json_body", 0});
}

TEST_CASE("header fields come before those of the library, and Accept replaces the default")
{
    auto const lines = [](auto write) {
        auto const request = sidecall::make_request(get(write));
        REQUIRE(request);
        return std::string(request->headers().text());
    };
    CHECK(lines([](auto& request) { request.path("/a").header("If-Match", "\"1\"").header("X-Number", 7); }) ==
          "If-Match: \"1\"\r\nX-Number: 7\r\nAccept: application/json\r\nAccept-Charset: utf-8\r\n" + user_agent);
    CHECK(lines([](auto& request) { request.path("/a").header("ACCEPT", "text/csv"); }) ==
          "ACCEPT: text/csv\r\n" + user_agent);
    CHECK(lines([](auto& request) {
              request.path("/a").header(std::string("x-a"), "b\tc\xC3\xA9").header("X-None", std::optional<int>());
          }) == "x-a: b\tc\xC3\xA9\r\nAccept: application/json\r\nAccept-Charset: utf-8\r\n" + user_agent);
}

TEST_CASE("no header field can end a line, replace one of the library, or set the credential")
{
    struct row {
        std::string value;
        std::size_t offset;
    };
    for (row const& one : {row{"", 0},
                           {"a\r\nX-Forged: 1", 1},
                           {"a\n", 1},
                           {"\r", 0},
                           {std::string("ab\0", 3), 2},
                           {"a\x7F", 1},
                           {"a\x1B[0m", 1},
                           {" a", 0},
                           {"a\t", 1},
                           {" ", 0}}) {
        CAPTURE(one.value);
        std::string const& text = one.value;
        CHECK(failure_of_both(get([&](auto& request) { request.path("/a").header("If-Match", text); })) ==
              violation{"If-Match", one.offset});
    }
    for (row const& one : {row{"", 0},
                           {"a b", 1},
                           {"a:", 1},
                           {"a\r\nb", 1},
                           {"\xC3\xA9", 0},
                           {"Authorization", 0},
                           {"AUTHORIZATION", 0},
                           {"Host", 0},
                           {"content-length", 0},
                           {"Content-Type", 0},
                           {"Transfer-Encoding", 0},
                           {"User-Agent", 0},
                           {"Connection", 0},
                           {"Proxy-Authorization", 0},
                           {"Accept-Encoding", 0},
                           {"Expect", 0},
                           {"TE", 0},
                           {"Trailer", 0},
                           {"Upgrade", 0},
                           {"Keep-Alive", 0},
                           {"Proxy-Connection", 0},
                           {"Accept-Charset", 0},
                           {"Content-Encoding", 0}}) {
        CAPTURE(one.value);
        CHECK(failure_of_both(get([&](auto& request) { request.path("/a").header(one.value, "x"); })) ==
              violation{"a header field", one.offset});
    }
}

TEST_CASE("a URI that Twilio returned is sent unchanged, and a query can follow")
{
    std::string const uri = "/2010-04-01/Accounts/AC1/Calls.json?Status=a%20b&PageSize=2&Page=1&PageToken=PAx";
    CHECK(target([&](auto& request) { request.uri(uri); }) == uri);
    CHECK(target([&](auto& request) { request.uri(uri).query("x", 1); }) == uri + "&x=1");
    CHECK(target([&](auto& request) { request.uri("/a").query("x", 1); }) == "/a?x=1");
    CHECK(target([&](auto& request) { request.uri("/a?..//?").query("x", 1); }) == "/a?..//?&x=1");
}

TEST_CASE("a URI cannot name another host, leave its path or begin another line")
{
    struct row {
        std::string uri;
        std::size_t offset;
    };
    for (row const& one : {row{"", 0},
                           {"x", 0},
                           {"?a", 0},
                           {"//evil.example/", 0},
                           {"https://evil.example/", 0},
                           {"@evil.example", 0},
                           {"/a#b", 2},
                           {"/a b", 2},
                           {"/a\r\nHost: x", 2},
                           {"/a\\b", 2},
                           {"/a%2", 2},
                           {"/\xC3\xA9", 1},
                           {"/a/../b", 3},
                           {"/..", 1},
                           {"/.", 1},
                           {"/a/%2E%2e", 3},
                           {"/a/.%2e/", 3},
                           {"/./a", 1}}) {
        CAPTURE(one.uri);
        CHECK(failure_of_both(get([&](auto& request) { request.uri(one.uri); })) == violation{"uri", one.offset});
    }
    CHECK(failure_of_both(get([](auto& request) { request.path("/a").uri("/b"); })) == violation{"uri", 0});
    CHECK(failure_of_both(get([](auto& request) { request.uri("/a").uri("/b"); })) == violation{"uri", 0});
    CHECK(failure_of_both(get([](auto& request) { request.uri("/a?b=c").path("/b"); })) == violation{"path", 0});
    CHECK(failure_of_both(get([](auto& request) { request.uri("/a?b=c").segment("d"); })) == violation{"path", 0});
}

TEST_CASE("the kinds of parts may come in any order")
{
    auto const in_order = sidecall::make_request(post([](auto& request) {
        request.path("/a/").segment("b c").query("q", "1").query("r", "2").field("f", "3").header("X-H", "4");
    }));
    auto const disordered = sidecall::make_request(post([](auto& request) {
        request.header("X-H", "4").field("f", "3").query("q", "1").path("/a/").query("r", "2").segment("b c");
    }));
    auto const json = sidecall::make_request(post([](auto& request) { request.json_body("{}").path("/a"); }));
    REQUIRE(in_order);
    REQUIRE(disordered);
    CHECK(*in_order == *disordered);
    CHECK(in_order->target() == "/a/b%20c?q=1&r=2");
    CHECK(json->target() == "/a");
    CHECK(json->body() == "{}");
}

TEST_CASE("the caller's buffer needs exactly the size that the failure says")
{
    std::string const text(300, '+');
    auto const operation = post([&](auto& request) {
        request.header("X-Text", text).path("/a/").segment(text).query(text, text).field(text, text).field("a", "+");
    });
    auto const credentials = some_credentials();
    char none[1];
    auto const refused = authorize(operation, credentials, endpoint(), sidecall::storage(none, 0));
    REQUIRE(refused.error().field() == "storage");
    std::string buffer(*refused.error().offset(), '?');
    auto const made = authorize(operation, credentials, endpoint(), buffer);
    REQUIRE(made);
    auto const on_heap = authorize(*sidecall::make_request(operation), credentials);
    CHECK(made->url() == on_heap.url());
    CHECK(made->body() == on_heap.body());
    CHECK(made->headers().text() == on_heap.headers().text());
    buffer.pop_back();
    CHECK(!authorize(operation, credentials, endpoint(), buffer));
}

namespace {

template <class Base>
struct of_voice : Base {
    static constexpr std::string_view product = "voice";
};
template <class Base>
struct of_api : Base {
    static constexpr std::string_view product = "api";
};

} // namespace

TEST_CASE("a product has its own host at Twilio, with the edge and the region; any other endpoint keeps its host")
{
    auto const parts = [](auto& request) { request.path("/v1/x"); };
    using plain = decltype(get(parts));
    auto const origins = [&](endpoint const& server) {
        auto const voice = of_voice<plain>{{parts}};
        auto const url = std::string(lasting(*sidecall::make_request(voice, server)).url());
        auto const authorized = authorize(voice, some_credentials(), server);
        CHECK(authorized->url() == url);
        CHECK(std::string_view(url).substr(url.size() - 5) == "/v1/x");
        CHECK(authorized->target() == "/v1/x");
        CHECK(lasting(*sidecall::make_request(of_api<plain>{{parts}}, server)).url() ==
              lasting(*sidecall::make_request(plain{parts}, server)).url());
        return url.substr(0, url.size() - 5);
    };
    CHECK(origins(endpoint()) == "https://voice.twilio.com");
    CHECK(origins(*endpoint::region("ie1")) == "https://voice.ie1.twilio.com");
    CHECK(origins(*endpoint::edge("dublin", "ie1")) == "https://voice.dublin.ie1.twilio.com");
    CHECK(origins(*endpoint::edge("dublin")) == "https://voice.dublin.us1.twilio.com");
    CHECK(origins(*endpoint::parse("https://api.twilio.com")) == "https://voice.twilio.com");
    for (std::string_view url :
         {"http://127.0.0.1:8080", "https://proxy.example", "https://api.twilio.com:8443", "https://api.example",
          "https://apixtwilio.com", "https://lookups.twilio.com", "https://api.twilio.com.example", "http://localhost"})
        CHECK(origins(*endpoint::parse(url)) == url);
}

TEST_CASE("an asynchronous send of an invalid request calls the handler once and sends nothing")
{
    int sent = 0, handled = 0;
    auto const transport = [&](sidecall::authorized_request, auto) {
        ++sent;
        return 7;
    };
    auto const invalid = get([](auto& request) { request.path("/a/").segment("..", "Sid"); });
    auto const handler = [&](sidecall::result<int> outcome) {
        ++handled;
        CHECK(outcome.error().field() == "Sid");
    };
    CHECK(sidecall::send(invalid, some_credentials(), transport, handler) == 0);
    CHECK(handled == 1);
    auto const timer = [](sidecall::milliseconds, auto) {};
    sidecall::send_with_retry(invalid, some_credentials(), transport, {}, timer, handler);
    CHECK(handled == 2);
    auto const blocking = sidecall::send_with_retry(
        invalid, some_credentials(),
        [&](sidecall::authorized_request const&) {
            ++sent;
            return sidecall::http_response{.status = 200};
        },
        {}, [](sidecall::milliseconds) {});
    CHECK(blocking.error().field() == "Sid");
    CHECK(sent == 0);
}

#ifdef CAN_FORK
TEST_CASE("parts that change while the request is written never change the host or add a header line")
{
    // The second call passes parts that the first one, which checks them, has not seen.
    auto const changes = [](auto write) {
        return message_at_abort([&] {
            int calls = 0;
            auto const made = sidecall::make_request(post([&](auto& request) { write(request, calls++ != 0); }));
            static_cast<void>(made);
        });
    };
    std::string const prefix = "sidecall: ";
    CHECK(changes([](auto& request, bool again) {
              if (again)
                  request.segment(".evil.example");
              else
                  request.path("/a/path/that/is/long/enough");
          }).starts_with(prefix));
    CHECK(changes([](auto& request, bool again) {
              request.uri(again ? "@evil.example/x" : "/a/path/that/is/long/enough");
          }).starts_with(prefix));
    CHECK(changes([](auto& request, bool again) {
              request.path("/x").header("X-A", again ? "b\r\nHost: evil" : "a value that is long enough");
          }).starts_with(prefix));
}

TEST_CASE("parts that become longer while the request is written abort the program")
{
    auto const grows = [](auto write) {
        return message_at_abort([&] {
            int calls = 0;
            auto const made =
                sidecall::make_request(post([&](auto& request) { write(request, calls++ == 0 ? 1 : 500); }));
            static_cast<void>(made);
        });
    };
    std::string const expected = "sidecall: the parts of a request have changed while it was written\n";
    CHECK(grows([](auto& request, int count) {
              for (int i = 0; i != count; ++i) request.path("/a");
          }) == expected);
    CHECK(grows([](auto& request, int count) {
              request.path("/");
              for (int i = 0; i != count; ++i) request.segment("+");
          }) == expected);
    CHECK(grows([](auto& request, int count) { request.path("/").query("q", std::string(std::size_t(count), '+')); }) ==
          expected);
    CHECK(grows([](auto& request, int count) { request.path("/").field("f", std::string(std::size_t(count), '+')); }) ==
          expected);
    CHECK(grows([](auto& request, int count) {
              request.path("/").header("h", std::string(std::size_t(count), '+'));
          }) == expected);
    CHECK(grows([](auto& request, int count) { request.path("/").json_body(std::string(std::size_t(count), '1')); }) ==
          expected);
}
#endif

} // namespace request_writer_test
