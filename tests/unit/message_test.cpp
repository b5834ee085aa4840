#include <sidecall/message.hpp>
#include <sidecall/transport.hpp>

#include <concepts>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace message_test {

namespace {

using namespace sidecall::literals;
using sidecall::errc;
using sidecall::message_content;
using sidecall::user_defined_message;
using create = sidecall::create_user_defined_message;

static_assert(sidecall::operation<create> && std::same_as<create::resource, user_defined_message>);
static_assert(!std::default_initializable<message_content> && !std::constructible_from<message_content, std::string>);
static_assert(std::copyable<message_content> && std::equality_comparable<message_content>);

create message(std::string_view json)
{
    return {.account_sid = "AC00000000000000000000000000000001"_account_sid,
            .call_sid = "CA00000000000000000000000000000002"_call_sid,
            .content = *message_content::parse(json)};
}

/// The offset of the first mistake, or -1.
int mistake(std::string_view text)
{
    auto const content = message_content::parse(text);
    if (content) return -1;
    CHECK(content.error().code() == errc::invalid_argument);
    CHECK(content.error().field() == "Content");
    return static_cast<int>(content.error().offset().value_or(99999));
}

std::string const documented =
    R"({"account_sid":"ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","call_sid":"CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)"
    R"("sid":"KXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","date_created":"Wed, 18 Dec 2019 20:02:01 +0000"})";

} // namespace

TEST_CASE("accepts any JSON text as a message and keeps it byte for byte")
{
    for (std::string text : {R"({"a":1})", " [ 1 ]\n", "\"text\"", "0", "null", R"("\u00fc\ud83d\ude00")",
                             "\"\xF0\x9F\x98\x80\"", R"({"a":1,"a":2})"}) {
        std::string const before = text;
        auto const content = message_content::parse(text);
        REQUIRE(content.has_value());
        text.assign(text.size(), '!');
        CHECK(content->view() == before);
        CHECK(*content == *message_content::parse(before));
    }
    CHECK(*message_content::parse("[1]") != *message_content::parse("[ 1]"));
    CHECK(mistake("") == 0);
    CHECK(mistake("{'a':1}") == 1);
    CHECK(mistake("hello") == 0);
    CHECK(mistake("{\"a\":1") == 6);
    CHECK(mistake("\"\xFF\"") == 1);
    CHECK(mistake("{} {}") == 3);
}

TEST_CASE("accepts a message of at most 10,240 bytes")
{
    static_assert(message_content::max_size == 10'240);
    auto const of_size = [](std::size_t size) { return '"' + std::string(size - 2, 'x') + '"'; };
    CHECK(mistake(of_size(10'239)) == -1);
    CHECK(mistake(of_size(10'240)) == -1);
    CHECK(mistake(of_size(10'241)) == 10'240);
    CHECK(mistake(of_size(1'000'000)) == 10'240);
    CHECK(lasting(message_content::parse(of_size(10'241)).error()).message() == "longer than 10,240 bytes");
    // The limit counts bytes, not characters, and includes whitespace.
    CHECK(mistake("\"" + std::string(10'238, 'x') + "\" ") == 10'240);

    // The JSON depth limit cannot reject a message within the size limit.
    CHECK(mistake(std::string(5120, '[') + std::string(5120, ']')) == -1);
}

TEST_CASE("writes the documented request to send a message")
{
    create operation = message(R"({"a": "b+c&d"})");
    CHECK(operation.request().to_http1() ==
          "POST /2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002/"
          "UserDefinedMessages.json HTTP/1.1\r\nHost: api.twilio.com\r\nAccept: application/json\r\n"
          "Accept-Charset: utf-8\r\nContent-Type: application/x-www-form-urlencoded\r\nUser-Agent: sidecall/" +
              std::string(sidecall::version) +
              "\r\nContent-Length: 40\r\n\r\nContent=%7B%22a%22%3A+%22b%2Bc%26d%22%7D");
    operation.idempotency_key = *sidecall::idempotency_key::parse("k 1");
    CHECK(lasting(operation.request()).body() == "Content=%7B%22a%22%3A+%22b%2Bc%26d%22%7D&IdempotencyKey=k+1");
    auto const local = *sidecall::endpoint::parse("http://127.0.0.1:99");
    CHECK(lasting(operation.request(local)).host() == "127.0.0.1:99");
    CHECK(lasting(operation.request(local)).target() == lasting(operation.request()).target());
}

TEST_CASE("parses the response to a message, or reports it as malformed")
{
    auto const made = message("1").parse({.status = 201, .body = documented});
    REQUIRE(made.has_value());
    CHECK(made->sid == "KXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"_message_sid);
    CHECK(made->account_sid == "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"_account_sid);
    CHECK(made->call_sid == "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"_call_sid);
    CHECK(made->date_created == sidecall::date_time{1576699321, 0});
    CHECK(*made == *message("2").parse({.status = 201, .body = documented}));

    for (std::size_t size = 0; size != documented.size(); ++size) {
        auto const cut = message("1").parse({.status = 201, .body = std::string_view(documented).substr(0, size)});
        REQUIRE(!cut);
        CHECK(cut.error().code() == errc::malformed_response);
        CHECK(cut.error().offset() == size);
    }
    auto const parse = [](std::string_view body) { return message("1").parse({.status = 201, .body = body}); };
    CHECK(*parse(R"({"sid":"KXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","uri":7})") ==
          user_defined_message{.sid = made->sid}); // the resource has no member of that name, so the name is ignored
    CHECK(parse("{}").error().field() == "sid");
    CHECK(lasting(parse(R"({"sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})").error()).message() ==
          "not a SID of this kind");
    for (int status : {0, 200, 202, 204, 302, 400, 500})
        CHECK(message("1").parse({.status = status, .body = documented}).error().http_status() == status);
}

TEST_CASE("messages are equal if all their members are")
{
    auto const one = sidecall::user_defined_message{.sid = "KX00000000000000000000000000000003"_message_sid};
    auto other = one;
    CHECK(one == other);
    other.date_created = sidecall::date_time{1, 0};
    CHECK(one != other);
}

} // namespace message_test
