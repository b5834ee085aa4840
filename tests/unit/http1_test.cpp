#include <sidecall/http1.hpp>

#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

using namespace sidecall::literals;
using sidecall::http_method;

} // namespace

TEST_CASE("reads a response")
{
    sidecall::http1_response_reader reader(http_method::post);
    std::string_view const bytes = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nRetry-After: 5\r\n\r\n{}HTTP/1.1";
    auto const progress = reader.feed(bytes);
    REQUIRE(progress);
    CHECK(progress->done);
    CHECK(bytes.substr(progress->consumed) == "HTTP/1.1");
    CHECK(reader.view().status == 201);
    CHECK(reader.view().body == "{}");
    CHECK(reader.view().headers.find("retry-after") == "5");
    CHECK(reader.keep_alive());
    sidecall::http_response const response = reader.response();
    CHECK(response.status == 201);
    CHECK(response.body == "{}");
    CHECK(sidecall::http_response_view(response).headers.find("Retry-After") == "5");
}

TEST_CASE("reads a request for the callback")
{
    sidecall::http1_request_reader reader("https://example.com/udm?tenant=1#rc=2"_callback_url);
    auto const progress = reader.feed("POST /udm?tenant=1 HTTP/1.1\r\nHost: 10.0.0.1:80\r\nContent-Length: 3\r\n"
                                      "Content-Type: application/x-www-form-urlencoded\r\n"
                                      "X-Twilio-Signature: abc=\r\n\r\na=b");
    REQUIRE(progress);
    CHECK(progress->done);
    auto const request = reader.request();
    CHECK(request.method == "POST");
    CHECK(request.url == "https://example.com/udm?tenant=1");
    CHECK(request.content_type == "application/x-www-form-urlencoded");
    CHECK(request.signature == "abc=");
    CHECK(request.body == "a=b");
}

TEST_CASE("writes a response")
{
    CHECK(sidecall::http1_response(204) == "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(sidecall::http1_response(403, "no", {.close = true}) ==
          "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nContent-Type: text/plain; charset=utf-8\r\n"
          "Connection: close\r\n\r\nno");
}
