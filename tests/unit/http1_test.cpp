#include <sidecall/http1.hpp>
#include <sidecall/sidecall.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

#include "http1_cases.hpp"

namespace http1_test {

namespace {

using namespace http1_cases;
using sidecall::http1_limits;
using sidecall::http1_request_reader;
using sidecall::http1_response;
using sidecall::http1_response_reader;

/// Checks a row with the readers that `make()` makes: whole, cut at every byte, and in pieces of one and three bytes.
template <class Make>
void check_cuts(auto const& row, Make make)
{
    CAPTURE(std::string(row.bytes));
    CHECK(holds(make(), row, {}));
    CHECK(holds(make(), row, {1, 1}));
    CHECK(holds(make(), row, {2, 3}));
    for (std::size_t first = 1; first < row.bytes.size(); ++first) CHECK(holds(make(), row, {first, row.bytes.size()}));
}

/// Checks the rows on the heap and in a buffer.
template <class Reader>
void check_rows(auto const& rows)
{
    char buffer[512];
    for (auto const& row : rows) {
        check_cuts(row, [&] { return reader_for<Reader>(row); });
        check_cuts(row, [&] { return reader_for<Reader>(row, buffer); });
    }
}

/// The text `times` times.
std::string repeat(std::string_view text, std::size_t times)
{
    std::string all;
    while (times-- != 0) all += text;
    return all;
}

/// The failure of reading bytes with these limits, which must be the same in one piece and byte by byte.
template <class Reader>
std::optional<sidecall::failure> failure_of(std::string_view bytes, http1_limits const& limits, bool ends = false)
{
    auto whole = reader_for<Reader>(good_response{}, limits);
    auto const found = http1_cases::feed(whole, bytes, {}, ends);
    auto one_by_one = reader_for<Reader>(good_response{}, limits);
    auto const same = http1_cases::feed(one_by_one, bytes, {1, 1}, ends);
    REQUIRE(same.last.has_value() == found.last.has_value());
    if (found.last) return {};
    CHECK(same.last == found.last);
    return found.last.error();
}

/// Checks that `bytes` are within the limits, and that `too_many` exceed one at `offset`.
template <class Reader = http1_response_reader>
void check_limit(http1_limits const& limits, std::string_view bytes, std::string_view too_many, std::string_view field,
                 std::string_view rule, std::size_t offset, int status = 0)
{
    CAPTURE(std::string(too_many));
    CHECK(!failure_of<Reader>(bytes, limits));
    auto const failure = failure_of<Reader>(too_many, limits);
    REQUIRE(failure);
    CHECK(failure->code() == (status == 0 ? errc::answer_too_large : errc::malformed_webhook));
    CHECK(failure->field() == field);
    CHECK(failure->message() == rule);
    CHECK(failure->offset() == offset);
    if constexpr (std::is_same_v<Reader, http1_request_reader>) {
        http1_request_reader reader(callback, limits);
        CHECK(!reader.feed(too_many));
        CHECK(reader.status() == status);
    }
}

} // namespace

TEST_CASE("reads responses, however they are cut")
{
    check_rows<http1_response_reader>(good_responses);
}

TEST_CASE("refuses responses that are malformed or that can be read in two ways, however they are cut")
{
    check_rows<http1_response_reader>(bad_responses);
}

TEST_CASE("reads requests, however they are cut")
{
    check_rows<http1_request_reader>(good_requests);
}

TEST_CASE("refuses requests that are malformed or that can be read in two ways, however they are cut")
{
    check_rows<http1_request_reader>(bad_requests);
}

TEST_CASE("an incomplete message is neither done nor a failure")
{
    for (auto const& row : good_responses) {
        if (row.ends) continue;
        std::string_view const bytes = row.bytes.substr(0, row.bytes.size() - row.rest.size());
        for (std::size_t size = 0; size != bytes.size(); ++size) {
            http1_response_reader reader(row.method);
            auto const progress = reader.feed(bytes.substr(0, size));
            REQUIRE(progress);
            CHECK(*progress == sidecall::http1_progress{.consumed = size});
            CHECK(reader.view().status == 0);
            CHECK(reader.view().body.empty());
            CHECK(reader.headers().empty());
            CHECK(!reader.keep_alive());
            CHECK(reader.response().status == 0);
            CHECK(reader.end().error().code() == errc::answer_lost);
        }
    }
    for (auto const& row : good_requests) {
        std::string_view const bytes = row.bytes.substr(0, row.bytes.size() - row.rest.size());
        for (std::size_t size = 0; size != bytes.size(); ++size) {
            http1_request_reader reader(callback);
            auto const progress = reader.feed(bytes.substr(0, size));
            REQUIRE(progress);
            CHECK(progress->consumed == size);
            CHECK(!progress->done);
            auto const request = reader.request();
            CHECK((request.method.empty() && request.url.empty() && request.content_type.empty() &&
                   request.signature.empty() && request.body.empty()));
        }
    }
}

TEST_CASE("gives the header fields and the body of a response, as a view and as a copy")
{
    http1_response_reader reader(http_method::post);
    REQUIRE(reader.feed("HTTP/1.1 429 Too Many Requests\r\nRetry-After:  5 \r\nTwilio-Request-Id:RQ1\r\n"
                        "Content-Length: 2\r\n\r\n{}"));
    auto const check = [](sidecall::http_response_view const& view) {
        CHECK(view.status == 429);
        CHECK(view.headers.find("retry-after") == "5");
        CHECK(view.headers.find("Twilio-Request-Id") == "RQ1");
        CHECK(!view.headers.find("Date"));
        CHECK(view.body == "{}");
    };
    check(reader.view());
    auto const response = reader.response();
    check(response);
    http1_response_reader const moved = std::move(reader);
    check(moved.view());
}

TEST_CASE("a limit is exact")
{
    std::string const head = "HTTP/1.1 200 OK\r\n";
    std::string const chunked = head + "Transfer-Encoding: chunked\r\n\r\n"; // a head of 47 bytes, a field line of 28
    std::string const request = "POST /udm HTTP/1.1\r\nHost: a\r\n";         // 29 bytes, a field line of 9
    constexpr char line[] = "longer than the limit of a line";
    constexpr char block[] = "the header fields are longer than their limit";
    constexpr char body[] = "the body is longer than its limit";
    constexpr char storage[] = "the caller's buffer is too small for it";

    check_limit({.line = 18}, "HTTP/1.1 200 12345\r\n", "HTTP/1.1 200 123456", "status line", line, 18);
    check_limit({.line = 15}, head + "A: " + repeat("b", 12) + "\r\n", head + "A: " + repeat("b", 13), "header field",
                line, 32);
    check_limit({.line = 26}, chunked + "1;" + repeat("b", 24) + "\r\n", chunked + "1;" + repeat("b", 25), "chunk size",
                line, 73);
    check_limit({.line = 26}, chunked + "0\r\nA: " + repeat("b", 23) + "\r\n", chunked + "0\r\nA: " + repeat("b", 24),
                "trailer field", line, 76);

    check_limit({.header_block = 12}, head + "A: b\r\nC:d\r\n\r\n", head + "A: b\r\nC: de\r\n", "header field", block,
                27);
    check_limit({.line = 15, .header_block = 16}, head + "A: " + repeat("b", 11) + "\r\n\r\n",
                head + "A: " + repeat("b", 12), "header field", block, 31);
    check_limit({.header_block = 6}, head + "A: b\r\n\r\n", head + "A: b\r\nC", "header field", block, 23);
    check_limit({.header_block = 7}, head + "A: b\r\n\r\n", head + "A: b\r\nC", "header field", block, 23);
    check_limit({.header_block = 34}, chunked + "0\r\nA: b\r\n\r\n", chunked + "0\r\nA: bc\r\n", "trailer field", block,
                54);
    check_limit({.header_block = 30}, chunked + "1;a\r\na\r\n1;" + repeat("b", 27) + "\r\nb\r\n0\r\n\r\n",
                chunked + "1;a\r\na\r\n1;" + repeat("b", 28) + "\r\nb\r\n", "chunk size",
                "the chunk extensions are longer than the limit of the header fields", 56);
    std::string const interim = "HTTP/1.1 100 \r\n\r\n"; // counts 15 bytes
    check_limit({.header_block = 45}, repeat(interim, 3) + head, repeat(interim, 4), "status line",
                "the interim responses are longer than the limit of the header fields", 51);

    check_limit({.fields = 2}, head + "A: b\r\nC: d\r\n\r\n", head + "A: b\r\nC: d\r\nE: f\r\n", "header field",
                "more than the limit", 29);
    check_limit({.fields = 2}, chunked + "0\r\nA: b\r\n\r\n", chunked + "0\r\nA: b\r\nC: d\r\n", "trailer field",
                "more than the limit", 56);
    check_limit({.fields = 0}, head + "\r\n", head + "A: b\r\n", "header field", "more than the limit", 17);

    check_limit({.body = 3}, head + "Content-Length: 3\r\n\r\nabc", head + "Content-Length: 4\r\n\r\n",
                "Content-Length", body, 33);
    check_limit({.body = 0}, head + "Content-Length: 0\r\n\r\n", head + "Content-Length: 1\r\n\r\n", "Content-Length",
                body, 33);
    check_limit({.body = 3}, chunked + "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", chunked + "1\r\na\r\n3\r\n", "chunk size",
                body, 53);
    check_limit({.body = 3}, head + "\r\nabc", head + "\r\nabcd", "body", body, 22);

    using reader = http1_request_reader;
    check_limit<reader>({.line = 18}, request, "POST /udm?a HTTP/1.", "request line", line, 18, 414);
    check_limit<reader>({.line = 18}, request, request + "Accept: " + repeat("b", 11), "header field", line, 47, 431);
    check_limit<reader>({.header_block = 15}, request + "A: b\r\n\r\n", request + "A: bc\r\n", "header field", block,
                        33, 431);
    check_limit<reader>({.fields = 1}, request + "\r\n", request + "A: b\r\n", "header field", "more than the limit",
                        29, 431);
    check_limit<reader>({.body = 1}, request + "Content-Length: 1\r\n\r\na", request + "Content-Length: 2\r\n\r\n",
                        "Content-Length", body, 45, 413);

    // The buffer must have room for the callback, and for each line while it is read.
    char buffer[23 + 18 + 2];
    http1_request_reader fits(callback, buffer);
    CHECK(fits.feed(request + "\r\n"));
    http1_request_reader longer(callback, buffer);
    auto const failed = longer.feed("POST /udm?a HTTP/1.1\r\n");
    REQUIRE(!failed);
    CHECK(failed.error().message() == storage);
    CHECK(longer.status() == 414);
    http1_request_reader tiny(callback, sidecall::storage(buffer, 22));
    CHECK(!tiny.feed({}));
    CHECK(tiny.status() == 500);
    CHECK(tiny.feed({}).error().field() == "storage");
}

TEST_CASE("limits may be as large as any number")
{
    constexpr std::size_t any = static_cast<std::size_t>(-1);
    http1_limits const limits{.line = any, .header_block = any, .fields = any, .body = any};
    for (auto const& row : good_responses)
        check_cuts(row, [&] { return reader_for<http1_response_reader>(row, limits); });
    for (auto const& row : good_requests)
        check_cuts(row, [&] { return reader_for<http1_request_reader>(row, limits); });
    http1_response_reader reader(http_method::post, limits);
    auto const progress = reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\na");
    REQUIRE(progress);
    CHECK(!progress->done);
}

TEST_CASE("a buffer of a certain size holds a message, however it is cut, and a smaller one is a failure")
{
    auto const is_held = [](auto const& row, std::size_t size, cuts const& pieces, auto make) {
        std::unique_ptr<char[]> const memory(new char[size]); // a sanitizer sees an access beyond it
        auto reader = make(row, sidecall::storage(memory.get(), size));
        bool const is_good = holds(make(row, sidecall::storage(memory.get(), size)), row, pieces);
        if (is_good) return true;
        auto const found = http1_cases::feed(reader, row.bytes, pieces, false);
        REQUIRE(!found.last);
        std::string_view const rule = found.last.error().message();
        bool const is_too_small = rule.find("too small") != rule.npos;
        CHECK(is_too_small);
        return false;
    };
    auto const check = [&](auto const& row, auto make) {
        CAPTURE(std::string(row.why));
        std::size_t size = 0;
        while (!is_held(row, size, {}, make)) ++size;
        CHECK(size <= row.bytes.size() + 40);
        CHECK(is_held(row, size, {1, 1}, make));
        CHECK(is_held(row, size, {2, 3}, make));
        if (size == 0) return;
        CHECK(!is_held(row, size - 1, {1, 1}, make));
        CHECK(!is_held(row, size - 1, {2, 3}, make));
        CHECK(!is_held(row, size / 2, {1, 1}, make));
    };
    for (auto const& row : good_responses)
        check(row, [](auto const& its, sidecall::storage memory) { return http1_response_reader(its.method, memory); });
    for (auto const& row : good_requests)
        check(row, [](auto const&, sidecall::storage memory) { return http1_request_reader(callback, memory); });
}

TEST_CASE("a body does not exceed the caller's buffer")
{
    struct {
        std::string_view bytes;
        std::string_view field;
        std::size_t offset;
        std::size_t room; // one byte less than is needed
    } const rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "Content-Length", 33, 19 + 3},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\n", "chunk size", 55, 28 + 3 + 4},
    };
    for (auto const& row : rows) {
        char memory[64];
        http1_response_reader too_small(http_method::get, sidecall::storage(memory, row.room));
        auto const failed = too_small.feed(row.bytes);
        REQUIRE(!failed);
        CHECK(failed.error().code() == errc::answer_too_large);
        CHECK(failed.error().field() == row.field);
        CHECK(failed.error().message() == "the caller's buffer is too small for the body");
        CHECK(failed.error().offset() == row.offset);
        http1_response_reader fits(http_method::get, sidecall::storage(memory, row.room + 1));
        CHECK(fits.feed(row.bytes));
    }

    char buffer[40];
    http1_response_reader reader(http_method::get, buffer);
    REQUIRE(reader.feed("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"));
    REQUIRE(reader.feed(repeat("a", 34)));
    auto const failed = reader.feed("b");
    REQUIRE(!failed);
    CHECK(failed.error().code() == errc::answer_too_large);
    CHECK(failed.error().message() == "the caller's buffer is too small for the body");
    CHECK(failed.error().offset() == 25 + 34);
}

TEST_CASE("says once that the client waits for 100 Continue")
{
    std::string const head = "POST /udm HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
    auto const wants = [](http1_request_reader& reader, std::string_view bytes) {
        auto const progress = reader.feed(bytes);
        REQUIRE(progress);
        return progress->wants_continue;
    };
    for (std::string const length : {"Content-Length: 1\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"}) {
        http1_request_reader reader(callback);
        CHECK(wants(reader, head + length));
        CHECK(!wants(reader, ""));
        http1_request_reader in_pieces(callback);
        CHECK(!wants(in_pieces, head + length.substr(0, length.size() - 1)));
        CHECK(wants(in_pieces, "\n"));
        CHECK(!wants(in_pieces, "1"));
        http1_request_reader with_body(callback);
        CHECK(!wants(with_body, head + length + "1"));
    }
    http1_request_reader without_body(callback);
    CHECK(!wants(without_body, head + "\r\n"));
    http1_request_reader not_expected(callback);
    CHECK(!wants(not_expected, "POST /udm HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"));
    http1_request_reader old(callback);
    CHECK(!wants(old, "POST /udm HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"));
}

TEST_CASE("a callback without a path is called at /")
{
    auto const url_of = [](std::string_view url, std::string_view target) -> std::string {
        http1_request_reader reader(*sidecall::callback_url::parse(url));
        auto const progress = reader.feed("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        if (!progress) return std::to_string(reader.status());
        return std::string(reader.request().url);
    };
    CHECK(url_of("https://example.com", "/") == "https://example.com");
    CHECK(url_of("https://example.com", "/?a=b") == "https://example.com?a=b");
    CHECK(url_of("https://example.com?c=d", "/?a=b") == "https://example.com?a=b");
    CHECK(url_of("https://example.com/", "/?a=b") == "https://example.com/?a=b");
    CHECK(url_of("https://example.com/", "http://example.com?a=b") == "https://example.com/?a=b");
    CHECK(url_of("https://example.com#a/b", "/") == "https://example.com");
    CHECK(url_of("https://u:p@example.com:8443/a%20b", "/a%20b?c") == "https://u:p@example.com:8443/a%20b?c");
    CHECK(url_of("https://example.com", "/a") == "404");

    auto moved = *sidecall::callback_url::parse("https://example.com/a-path-that-is-not-stored-inline");
    auto const taken = std::move(moved);
    http1_request_reader reader(moved); // NOLINT(bugprone-use-after-move): that is what is tested
    CHECK(!reader.feed("GET / HTTP/1.1\r\n"));
    CHECK(reader.status() == 404);
}

TEST_CASE("a moved-from reader fails and has no message")
{
    std::string_view const bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    http1_response_reader first(http_method::post);
    REQUIRE(first.feed(bytes.substr(0, 30)));
    http1_response_reader second(std::move(first));
    REQUIRE(second.feed(bytes.substr(30)));
    http1_response_reader third(http_method::get);
    third = std::move(second);
    CHECK(third.view().body == "{}");
    CHECK(third.headers().text() == "Content-Length: 2\r\n");
    for (auto* reader : {&first, &second}) { // NOLINT(bugprone-use-after-move)
        auto const failed = reader->feed(bytes);
        REQUIRE(!failed);
        CHECK(failed.error().message() == "the reader was moved from");
        CHECK(!reader->end());
        CHECK(reader->view().status == 0);
        CHECK(reader->view().body.empty());
        CHECK(reader->headers().empty());
    }
    auto& same = third;
    third = std::move(same);
    CHECK(third.view().body == "{}");
    http1_response_reader const fourth(std::move(third));
    CHECK(fourth.headers().text() == "Content-Length: 2\r\n");
    CHECK(third.headers().empty()); // NOLINT(bugprone-use-after-move)

    http1_request_reader request(callback);
    http1_request_reader other(std::move(request));
    REQUIRE(other.feed("GET /udm HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(!request.feed("G")); // NOLINT(bugprone-use-after-move)
    CHECK(request.request().url.empty());
    CHECK(other.request().url == "https://example.com/udm");
    request = std::move(other);
    CHECK(request.request().url == "https://example.com/udm");
    CHECK(request.status() == 0);
}

TEST_CASE("reads the requests that the library writes")
{
    using namespace sidecall::literals;
    sidecall::create_user_defined_message_subscription const operation{
        .account_sid = "AC00000000000000000000000000000001"_account_sid,
        .call_sid = "CA00000000000000000000000000000002"_call_sid,
        .callback = callback};
    auto const request = operation.request();
    auto const credentials = sidecall::credentials::auth_token(operation.account_sid, sidecall::secret("token"));
    auto const authorized = sidecall::authorize(request, credentials);
    auto const url = sidecall::callback_url::parse(request.url());
    REQUIRE(url);
    std::string const wire = request.to_http1();
    sidecall::secret const authorized_wire = authorized.to_http1();
    for (std::string_view const bytes : {std::string_view(wire), authorized_wire.reveal()}) {
        http1_request_reader reader(*url);
        auto const progress = reader.feed(bytes);
        REQUIRE(progress);
        CHECK(progress->done);
        CHECK(progress->consumed == bytes.size());
        CHECK(reader.request().method == "POST");
        CHECK(reader.request().url == request.url());
        CHECK(reader.request().content_type == "application/x-www-form-urlencoded");
        CHECK(reader.request().body == request.body());
        CHECK(reader.keep_alive());
    }
}

TEST_CASE("a webhook that was read is verified")
{
    sidecall::webhook_verifier const verifier{sidecall::secret("12345")};
    std::string const body = "CallSid=CA1";
    auto const code = sidecall::detail::hmac_sha1("12345").code([](auto put) {
        put("https://example.com/udm?tenant=1");
        put("CallSidCA1");
    });
    std::string signature(28, '\0');
    sidecall::detail::base64_encode({reinterpret_cast<char const*>(code.data()), code.size()}, {}, signature.data());
    http1_request_reader reader(callback);
    REQUIRE(reader.feed("POST /udm?tenant=1 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 11\r\n"
                        "Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: " +
                        signature + "\r\n\r\n" + body));
    auto const parameters = verifier.parameters(reader.request());
    REQUIRE(parameters);
    CHECK(parameters->find("CallSid") == "CA1");
}

TEST_CASE("writes responses")
{
    CHECK(http1_response(200) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(http1_response(204, "text") == "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(http1_response(304, "text") == "HTTP/1.1 304 \r\n\r\n");
    CHECK(http1_response(100, "text", {.close = true}) == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(http1_response(299) == "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
    CHECK(http1_response(403, "no", {.close = true}) ==
          "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nContent-Type: text/plain; charset=utf-8\r\n"
          "Connection: close\r\n\r\nno");
    CHECK(http1_response(200, "{}", {.content_type = "application/json"}) ==
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}");
    CHECK(http1_response(200, "{}", {.content_type = ""}) == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    CHECK(http1_response(200, "", {.content_type = "a"}) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(http1_response(200, "x", {.content_type = "\r\na: b\n\0c\x7f"sv}) ==
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Type:   a: b  c \r\n\r\nx");
    for (int status : {99, 600, 0, -1, 2'000'000'000})
        CHECK(http1_response(status) == "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    CHECK(http1_response(200, repeat("a", 12'345)).find("\r\nContent-Length: 12345\r\n") != std::string::npos);
}

TEST_CASE("reads the responses that it writes, and writes the same into the caller's buffer")
{
    for (int status = 200; status != 600; ++status) {
        for (std::string_view const text : {"", "text"}) {
            for (bool const close : {false, true}) {
                sidecall::http1_response_options const options{.content_type = "a/b;\tc\n", .close = close};
                std::string const bytes = http1_response(status, text, options);
                http1_response_reader reader(http_method::post);
                auto const progress = reader.feed(bytes + "x");
                REQUIRE(progress);
                CHECK(progress->consumed == bytes.size());
                CHECK(progress->done);
                CHECK(reader.keep_alive() == !close);
                auto const view = reader.view();
                bool const has_text = status != 204 && status != 304;
                CHECK(view.status == status);
                CHECK(view.body == (has_text ? text : ""));
                CHECK(view.headers.find("Content-Type").has_value() == (has_text && !text.empty()));

                std::unique_ptr<char[]> const memory(new char[bytes.size()]);
                auto const written =
                    http1_response(status, text, options, sidecall::storage(memory.get(), bytes.size()));
                REQUIRE(written);
                CHECK(*written == bytes);
                auto const failed =
                    http1_response(status, text, options, sidecall::storage(memory.get(), bytes.size() - 1));
                REQUIRE(!failed);
                CHECK(failed.error().code() == errc::invalid_argument);
                CHECK(failed.error().field() == "storage");
                CHECK(failed.error().offset() == bytes.size());
            }
        }
    }
}

} // namespace http1_test
