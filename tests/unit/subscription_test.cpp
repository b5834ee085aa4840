#include <sidecall/subscription.hpp>
#include <sidecall/transport.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace subscription_test {

namespace {

using namespace sidecall::literals;
using sidecall::errc;
using sidecall::header_list;
using sidecall::http_method;
using sidecall::http_request;
using sidecall::user_defined_message_subscription;
using create = sidecall::create_user_defined_message_subscription;
using cancel = sidecall::delete_user_defined_message_subscription;

static_assert(sidecall::operation<create> && sidecall::operation<cancel>);
static_assert(std::same_as<create::resource, user_defined_message_subscription>);
static_assert(std::same_as<cancel::resource, void>);
static_assert(std::copyable<create> && std::copyable<cancel> &&
              std::regular_invocable<decltype(&create::request), create, sidecall::endpoint>);

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;

create subscription(std::string_view url = "https://example.com/udm")
{
    return {.account_sid = account, .call_sid = call, .callback = *sidecall::callback_url::parse(url)};
}

// The example of Twilio's documentation, with placeholders for account, call and subscription.
std::string const documented =
    R"({"account_sid":"ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","call_sid":"CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)"
    R"("sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","date_created":"Wed, 18 Dec 2019 20:02:01 +0000",)"
    R"("uri":"/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Calls/CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)"
    R"(/UserDefinedMessageSubscriptions/ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json"})";

sidecall::result<user_defined_message_subscription> parse(std::string_view body)
{
    return subscription().parse({.status = 201, .body = body});
}

/// `field@offset: message` of a malformed response.
std::string mistake_in(std::string_view body)
{
    auto const read = parse(body);
    if (read) return "";
    auto const& f = read.error();
    CHECK(f.code() == errc::malformed_response);
    CHECK(f.http_status() == 201);
    return std::string(f.field()) + "@" + std::to_string(f.offset().value_or(99999)) + ": " + std::string(f.message());
}

/// The names of the members that were present but unreadable, separated by spaces.
std::string unreadable_of(std::string_view body)
{
    auto const read = parse(body);
    if (!read) return read.error().to_string();
    CHECK(read->account_sid.has_value() + read->unreadable.contains("account_sid") < 2);
    CHECK(read->date_created.has_value() + read->unreadable.contains("date_created") < 2);
    std::string names;
    for (std::string_view name : read->unreadable) names.append(names.empty() ? "" : " ").append(name);
    return names;
}

} // namespace

TEST_CASE("writes the documented request to subscribe")
{
    http_request const request = subscription().request();
    CHECK(request.method() == http_method::post);
    CHECK(request.url() == "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/"
                           "CA00000000000000000000000000000002/UserDefinedMessageSubscriptions.json");
    CHECK(request.body() == "Callback=https%3A%2F%2Fexample.com%2Fudm");
    CHECK(request.headers().text() == "Accept: application/json\r\nAccept-Charset: utf-8\r\n"
                                      "Content-Type: application/x-www-form-urlencoded\r\nUser-Agent: sidecall/" +
                                          std::string(sidecall::version) + "\r\n");
    CHECK(request.to_http1() ==
          "POST /2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002/"
          "UserDefinedMessageSubscriptions.json HTTP/1.1\r\nHost: api.twilio.com\r\nAccept: application/json\r\n"
          "Accept-Charset: utf-8\r\nContent-Type: application/x-www-form-urlencoded\r\nUser-Agent: sidecall/" +
              std::string(sidecall::version) +
              "\r\nContent-Length: 40\r\n\r\nCallback=https%3A%2F%2Fexample.com%2Fudm");
}

TEST_CASE("optional parameters follow the callback, in the order of the API documentation")
{
    create operation = subscription("https://e.com/?a=b&c=%20#d");
    operation.method = http_method::get;
    CHECK(lasting(operation.request()).body() == "Callback=https%3A%2F%2Fe.com%2F%3Fa%3Db%26c%3D%2520%23d&Method=GET");
    operation.idempotency_key = *sidecall::idempotency_key::parse("a key+\xC3\xBC&Method=PUT");
    CHECK(lasting(operation.request()).body() == "Callback=https%3A%2F%2Fe.com%2F%3Fa%3Db%26c%3D%2520%23d&"
                                                 "IdempotencyKey=a+key%2B%C3%BC%26Method%3DPUT&Method=GET");
    operation.method.reset();
    CHECK(lasting(operation.request()).body() == "Callback=https%3A%2F%2Fe.com%2F%3Fa%3Db%26c%3D%2520%23d&"
                                                 "IdempotencyKey=a+key%2B%C3%BC%26Method%3DPUT");
    for (auto method : {http_method::head, http_method::get, http_method::post, http_method::patch, http_method::put,
                        http_method::delete_}) {
        create each = subscription();
        each.method = method;
        CHECK(each.request().method() == http_method::post); // the method of the API request, not of the callback
        CHECK(lasting(each.request()).body() ==
              "Callback=https%3A%2F%2Fexample.com%2Fudm&Method=" + std::string(to_string_view(method)));
    }
}

TEST_CASE("writes the documented request to delete a subscription")
{
    cancel const operation{
        .account_sid = account, .call_sid = call, .sid = "ZY00000000000000000000000000000003"_subscription_sid};
    CHECK(operation.request().to_http1() ==
          "DELETE /2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002/"
          "UserDefinedMessageSubscriptions/ZY00000000000000000000000000000003.json HTTP/1.1\r\n"
          "Host: api.twilio.com\r\nAccept: application/json\r\nAccept-Charset: utf-8\r\nUser-Agent: sidecall/" +
              std::string(sidecall::version) + "\r\n\r\n");
}

TEST_CASE("another endpoint changes only where a request goes")
{
    auto const local = *sidecall::endpoint::parse("http://localhost:8080");
    create const making = subscription();
    CHECK(lasting(making.request(local)).url().substr(0, 22) == "http://localhost:8080/");
    CHECK(lasting(making.request(local)).target() == lasting(making.request()).target());
    CHECK(lasting(making.request(local)).body() == lasting(making.request()).body());
    CHECK(making.request() == making.request({}));
    cancel const ending{account, call, "ZY00000000000000000000000000000003"_subscription_sid};
    CHECK(lasting(ending.request(local)).host() == "localhost:8080");
    CHECK(lasting(ending.request(local)).target() == lasting(ending.request()).target());
}

TEST_CASE("parses the documented response, each member with its type")
{
    auto const made = parse(documented);
    REQUIRE(made.has_value());
    CHECK(made->sid == "ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"_subscription_sid);
    CHECK(made->account_sid == "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"_account_sid);
    CHECK(made->call_sid == "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"_call_sid);
    CHECK(made->date_created == sidecall::date_time{1576699321, 0});
    CHECK(made->uri->substr(0, 43) == "/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaa");
    CHECK(made->uri->size() == 21 + 34 + 7 + 34 + 33 + 34 + 5);
    CHECK(*made == *parse(documented));

    auto copy = *made;
    CHECK(copy == *made);
    copy.uri.reset();
    CHECK(copy != *made);
}

TEST_CASE("every truncation of the documented response is malformed at its end")
{
    for (std::size_t size = 0; size != documented.size(); ++size) {
        CAPTURE(size);
        CHECK(mistake_in(documented.substr(0, size)) == "@" + std::to_string(size) + ": the text ends too early");
    }
    CHECK(mistake_in(documented + " ") == "");
    CHECK(mistake_in(documented + "x") ==
          "@" + std::to_string(documented.size()) + ": more text after the end of the value");
}

TEST_CASE("each member except the sid may be null, absent or unreadable, and none may occur twice")
{
    std::string const sid = R"("sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")";
    for (std::string const& name :
         {std::string("account_sid"), std::string("call_sid"), std::string("date_created"), std::string("uri")}) {
        CAPTURE(name);
        std::string const begin = "{\"" + name + "\":";
        auto const read = parse(begin + "null," + sid + "}");
        REQUIRE(read.has_value());
        CHECK(*read == user_defined_message_subscription{.sid = read->sid});
        for (std::string const& value : {std::string("1"), std::string("true"), std::string("[]"), std::string("{}"),
                                         std::string("[\"a\"]"), std::string("-0.5e1")})
            CHECK(unreadable_of(begin + value + "," + sid + "}") == name);
        CHECK(mistake_in(begin + "null," + sid + ",\"" + name + "\":null}") ==
              name + "@" + std::to_string(begin.size() + 5 + sid.size() + 2) + ": comes twice");
    }
    CHECK(*parse("{" + sid + "}") == user_defined_message_subscription{.sid = lasting(parse(documented))->sid});
    CHECK(mistake_in("{}") == "sid@2: missing or null");
    CHECK(mistake_in("{\"sid\":null}") == "sid@12: missing or null");
    CHECK(mistake_in("{\"sid\":7}") == "sid@7: not a string");
    CHECK(mistake_in("{" + sid + "," + sid + "}") == "sid@45: comes twice");
    CHECK(mistake_in("{" + sid + ",\"s\\u0069d\":null}") == "sid@45: comes twice"); // the same name
    CHECK(mistake_in("[]") == "@0: not a JSON object");
    CHECK(mistake_in("null") == "@0: not a JSON object");
}

TEST_CASE("a sid of the wrong kind is malformed at its first byte")
{
    CHECK(mistake_in(R"({"sid":"KXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})") == "sid@8: not a SID of this kind");
    CHECK(mistake_in(R"({"sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})") == "sid@8: not a SID of this kind");
    CHECK(mistake_in(R"({"sid":""})") == "sid@8: not a SID of this kind");
}

TEST_CASE("an unreadable optional member is listed, and the sid and the others are still read")
{
    std::string const sid = R"("sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")";
    CHECK(unreadable_of(R"({"account_sid":"CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)" + sid + "}") == "account_sid");
    CHECK(unreadable_of(R"({"call_sid":"ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)" + sid + "}") == "call_sid");
    CHECK(unreadable_of(R"({"date_created":"2019-12-18",)" + sid + "}") == "date_created");
    CHECK(unreadable_of(R"({"date_created":"",)" + sid + "}") == "date_created");
    CHECK(unreadable_of(R"({"uri":1,"date_created":2,"call_sid":3,"account_sid":4,)" + sid + "}") ==
          "account_sid call_sid date_created uri");
    CHECK(unreadable_of("{" + sid + "}") == "");

    auto const made = parse(R"({"date_created":7,"uri":"/x",)" + sid + "}");
    REQUIRE(made.has_value());
    CHECK(made->uri == "/x");
    CHECK(made->unreadable.contains("date_created"));
    CHECK_FALSE(made->unreadable.contains("uri"));
    CHECK_FALSE(made->unreadable.contains("sid"));
    CHECK_FALSE(made->unreadable.empty());
    CHECK(*made != *parse(R"({"uri":"/x",)" + sid + "}"));

    // A valid date that cannot be represented makes the whole body malformed.
    CHECK(mistake_in(R"({"date_created":"1 Jan 10000 00:00:00 +0000",)" + sid + "}") ==
          "date_created@17: a date after the year 9999");
}

TEST_CASE("names of unreadable members are kept in the order of the resource, once each")
{
    sidecall::unreadable_members members;
    CHECK(members.empty());
    for (auto name : {"uri", "account_sid", "uri", "sid", ""}) members.insert(name);
    std::vector<std::string_view> names(members.begin(), members.end());
    CHECK(names == std::vector<std::string_view>{"account_sid", "uri"});
    auto at = members.begin();
    CHECK(*at++ == "account_sid");
    CHECK(*at == "uri");
    CHECK(++at == members.end());
    static_assert(std::forward_iterator<sidecall::unreadable_members::iterator>);
}

TEST_CASE("escapes in values are decoded, and unknown members are checked and skipped")
{
    auto const made = parse(R"({"sid":"\u005a\u0059aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","uri":"\/x\u00fc",)"
                            R"("date_created":"Wed, 18 Dec 2019\u002020:02:01 +0100","new":{"sid":[1,{"sid":2}]}})");
    REQUIRE(made.has_value());
    CHECK(made->sid.view() == "ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    CHECK(made->uri == "/x\xC3\xBC");
    CHECK(made->date_created == sidecall::date_time{1576695721, 60});
    CHECK(mistake_in(R"({"sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","new":{"x":01}})") != "");
    CHECK(lasting(parse(R"({"sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","uri":""})"))->uri == "");
}

TEST_CASE("only 201 creates and only 204 deletes, whatever the body contains")
{
    cancel const ending{account, call, "ZY00000000000000000000000000000003"_subscription_sid};
    for (int status = 0; status != 1000; ++status) {
        CAPTURE(status);
        auto const made = subscription().parse({.status = status, .body = documented});
        auto const ended = ending.parse({.status = status, .body = documented});
        CHECK(made.has_value() == (status == 201));
        CHECK(ended.has_value() == (status == 204));
        if (!made) CHECK(made.error().http_status() == status);
        if (!ended) CHECK(ended.error().http_status() == status);
        if (!ended) CHECK(ended.error().code() == errc::unexpected_status);
    }
    auto const gone = ending.parse({.status = 404, .body = R"({"code":20404,"message":"gone","status":404})"});
    CHECK(gone.error().code() == errc::api_error);
    CHECK(gone.error().twilio_code() == 20404);
}

TEST_CASE("the failure of a malformed response keeps the details from the header fields")
{
    header_list const headers{{"Twilio-Request-Id", "RQ7"}, {"Retry-After", "1"}};
    auto const read = subscription().parse({.status = 201, .headers = headers, .body = "{"});
    REQUIRE(!read);
    CHECK(read.error().request_id() == "RQ7");
    CHECK(read.error().retry_after()->seconds == 1);
    CHECK(read.error().to_string() == "malformed_response: HTTP 201: the text ends too early (byte 1, request RQ7, "
                                      "retry after seconds 1)");
    CHECK(lasting(subscription().parse({.status = 201, .headers = headers, .body = "{}"}).error()).request_id() ==
          "RQ7");
    CHECK(lasting(subscription().parse({.status = 302, .headers = headers}).error()).request_id() == "RQ7");
}

TEST_CASE("an operation owns its arguments")
{
    create operation = [] {
        std::string url = "https://example.com/a/path/that/is/long/enough/to/be/on/the/heap";
        std::string key = "a key that is long enough to be on the heap, too";
        create made = subscription(url);
        made.idempotency_key = *sidecall::idempotency_key::parse(key);
        url.assign(url.size(), '!');
        key.assign(key.size(), '!');
        return made;
    }();
    create const copy = operation;
    http_request const request = operation.request();
    CHECK(request == copy.request());
    operation = subscription();
    CHECK(request == copy.request());
    CHECK(request.body().find('!') == std::string_view::npos);
    CHECK(request.body().find("long%2Fenough") != std::string_view::npos);
    create const from_a_constant{
        .account_sid = account, .call_sid = call, .callback = "https://example.com/udm"_callback_url};
    CHECK(from_a_constant.request() == subscription().request());
}

TEST_CASE("reads a SID written entirely in escapes, and rejects a longer one at its offset")
{
    auto const read = [](std::string const& sid) {
        return sidecall::create_user_defined_message_subscription::parse(
            {.status = 201, .headers = {}, .body = R"({"sid":")" + sid + "\"}"});
    };
    std::string const rest = "00000000000000000000000000000003";
    CHECK(lasting(read("\\u005a\\u0059" + rest))->sid == "ZY00000000000000000000000000000003"_subscription_sid);
    std::string endless;
    for (int i = 0; i != 60; ++i) endless += "\\u0030";
    auto const made = read(endless);
    REQUIRE(!made);
    CHECK(made.error().code() == sidecall::errc::malformed_response);
    CHECK(made.error().field() == "sid");
    CHECK(made.error().offset() == std::optional<std::size_t>(8));
}

TEST_CASE("subscriptions are equal if all their members are")
{
    auto const one = sidecall::user_defined_message_subscription{
        .sid = "ZY00000000000000000000000000000003"_subscription_sid, .uri = "/a"};
    auto other = one;
    CHECK(one == other);
    other.uri = "/b";
    CHECK(one != other);
    other = one;
    other.date_created = sidecall::date_time{1, 0};
    CHECK(one != other);
}

} // namespace subscription_test
