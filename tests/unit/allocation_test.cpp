// Tests what the core promises about memory: how often it allocates, and that no freed block still contains a secret.
// To check that, this file replaces the global operator new and operator delete with versions that count and inspect.

#include "secrecy.hpp"

#include <sidecall/http1.hpp>
#include <sidecall/json.hpp>
#include <sidecall/ordered.hpp>
#include <sidecall/sidecall.hpp>

#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <new>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace allocation_test {

namespace {

struct {
    bool counting = false;
    int allocations = 0;
    int given_back = 0;
    std::size_t largest = 0;
    std::string_view needles[2]; // texts that no freed block may contain while counting is on
    int leaks = 0;
} heap;

struct alignas(std::max_align_t) block_head {
    std::size_t size;
};

void* take(std::size_t size) noexcept
{
    if (heap.counting) {
        ++heap.allocations;
        if (size > heap.largest) heap.largest = size;
    }
    auto* const head = static_cast<block_head*>(std::malloc(sizeof(block_head) + size));
    if (!head) return nullptr;
    head->size = size;
    return head + 1;
}

void give_back(void* data) noexcept
{
    if (!data) return;
    auto* const head = static_cast<block_head*>(data) - 1;
    if (heap.counting) {
        ++heap.given_back;
        look_at(data, head->size);
        std::string_view const bytes(static_cast<char const*>(data), head->size);
        for (auto needle : heap.needles)
            if (!needle.empty() && bytes.find(needle) != bytes.npos) ++heap.leaks;
    }
    std::free(head);
}

void* take_or_end(std::size_t size)
{
    void* const data = take(size);
    if (!data) std::abort();
    return data;
}

} // namespace

} // namespace allocation_test

// GCC inlines these and then warns that memory from `new` is passed to `free`.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

void* operator new(std::size_t size)
{
    return allocation_test::take_or_end(size);
}
void* operator new[](std::size_t size)
{
    return allocation_test::take_or_end(size);
}
void* operator new(std::size_t size, std::nothrow_t const&) noexcept
{
    return allocation_test::take(size);
}
void* operator new[](std::size_t size, std::nothrow_t const&) noexcept
{
    return allocation_test::take(size);
}
void operator delete(void* data) noexcept
{
    allocation_test::give_back(data);
}
void operator delete[](void* data) noexcept
{
    allocation_test::give_back(data);
}
void operator delete(void* data, std::size_t) noexcept
{
    allocation_test::give_back(data);
}
void operator delete[](void* data, std::size_t) noexcept
{
    allocation_test::give_back(data);
}
void operator delete(void* data, std::nothrow_t const&) noexcept
{
    allocation_test::give_back(data);
}
void operator delete[](void* data, std::nothrow_t const&) noexcept
{
    allocation_test::give_back(data);
}

namespace allocation_test {
namespace {

using namespace sidecall::literals;

/// The number of allocations that `what` makes.
template <class F>
int allocations_of(F const& what)
{
    heap.allocations = 0;
    heap.given_back = 0;
    heap.largest = 0;
    heap.counting = true;
    what();
    heap.counting = false;
    return heap.allocations;
}

/// The number of blocks that `what` freed without wiping although they contained one of these texts.
template <class F>
int leaks_of(std::string_view a, std::string_view b, F const& what)
{
    heap.leaks = 0;
    heap.needles[0] = a;
    heap.needles[1] = b;
    heap.counting = true;
    what();
    heap.counting = false;
    heap.needles[0] = heap.needles[1] = {};
    return heap.leaks;
}

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;

constexpr char long_url[] = "https://example.com/user-defined-messages?tenant=1";

sidecall::create_user_defined_message_subscription subscription()
{
    return {.account_sid = account,
            .call_sid = call,
            .callback = *sidecall::callback_url::parse(long_url),
            .idempotency_key = *sidecall::idempotency_key::parse("11111111-2222-4333-8444-555555555555"),
            .method = sidecall::http_method::post};
}

constexpr std::string_view documented =
    R"({"account_sid":"ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","call_sid":"CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)"
    R"("sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","date_created":"Wed, 18 Dec 2019 20:02:01 +0000",)"
    R"("uri":"/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Calls/CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)"
    R"(/UserDefinedMessageSubscriptions/ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json"})";

// 32 characters, like Twilio's tokens, and the end of the token in a Basic credential, where 35 characters precede it.
constexpr std::string_view token = "0123456789abcdef0123456789ABCDEF";
constexpr std::string_view token_in_base64 = "MTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OUFCQ0RFRg==";

} // namespace

TEST_CASE("the allocation counter counts, and the leak check finds a text that was not wiped")
{
    CHECK(allocations_of([] {}) == 0);
    CHECK(allocations_of([] { std::string const text(100, 'x'); }) == 1);
    CHECK(leaks_of(token, {}, [] { std::string const text("a copy of " + std::string(token) + " on the heap"); }) > 0);
    CHECK(leaks_of("not that", {}, [] { std::string const text(token); }) == 0);

    auto const who = sidecall::credentials::auth_token(account, sidecall::secret(token));
    CHECK(who.authorization().reveal().find(token_in_base64) != std::string_view::npos);
}

TEST_CASE("writing and authorizing a request takes one allocation")
{
    auto const operation = subscription();
    auto const who = sidecall::credentials::auth_token(account, sidecall::secret(token));
    std::optional<sidecall::authorized_request> authorized;
    CHECK(allocations_of([&] { authorized.emplace(authorize(operation.request(), who)); }) == 1);

    // The block is sized before the first byte is written. It is not much larger than the content, the space for the
    // credential, and the space that the short texts would need if every byte were escaped.
    std::size_t const size = authorized->url().size() + authorized->body().size() + authorized->headers().text().size();
    CHECK(heap.largest >= size);
    std::size_t const short_texts = operation.callback.view().size() + operation.idempotency_key->view().size();
    CHECK(heap.largest <= size + 64 + 2 * (short_texts + 4));

    sidecall::delete_user_defined_message_subscription const ending{
        account, call, "ZY00000000000000000000000000000003"_subscription_sid};
    CHECK(allocations_of([&] { authorized.emplace(authorize(ending.request(), who)); }) == 1);
    sidecall::create_user_defined_message const message{
        account, call, *sidecall::message_content::parse("\"" + std::string(10'000, '&') + "\"")};
    CHECK(allocations_of([&] { authorized.emplace(authorize(message.request(), who)); }) == 1);
    auto const by_key =
        sidecall::credentials::api_key("SK00000000000000000000000000000003"_api_key_sid, sidecall::secret(token));
    CHECK(allocations_of([&] { authorized.emplace(authorize(ending.request(), by_key)); }) == 1);

    auto const request = operation.request();
    std::string wire;
    CHECK(allocations_of([&] { wire = request.to_http1(); }) == 1);
    char buffer[2048];
    CHECK(allocations_of([&] { CHECK(authorized->to_http1(buffer)); }) == 0);
    CHECK(allocations_of([&] { auto const copy = request; }) == 1);
    CHECK(heap.given_back == 1);
}

namespace {

/// A user's operation with every kind of part.
struct own_operation {
    std::string text;
    std::string json;

    using resource = std::size_t; // the size of the member "name"
    static constexpr auto request_method = sidecall::http_method::post;
    static constexpr std::string_view product = "voice";

    void write(auto& request) const
    {
        request.header("X-Text", text).path("/v1/").segment(account).path("/").segment(text);
        request.query(text, text).query("Number", 12345).query("Callback", std::optional<std::string_view>(text));
        request.json_body(json);
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        auto const object = sidecall::json_object::parse(response.body);
        if (!object) return object.error();
        auto const name = (*object)["name"].string();
        if (!name) return name.error();
        return name->raw().size();
    }
};

} // namespace

TEST_CASE("a user's operation takes one allocation, or none in the caller's buffer, and none for a failure")
{
    auto const who = sidecall::credentials::auth_token(account, sidecall::secret(token));
    own_operation operation{std::string(200, '+'), R"({"a":[1,2,{"b":null}]})"};
    std::optional<sidecall::authorized_request> authorized;
    CHECK(allocations_of([&] { authorized.emplace(*authorize(operation, who, sidecall::endpoint::twilio())); }) == 1);
    CHECK(allocations_of([&] { static_cast<void>(sidecall::make_request(operation)); }) == 1);
    char buffer[8192];
    auto const transport = [](sidecall::authorized_request const&) -> sidecall::result<sidecall::http_response_view> {
        return sidecall::http_response_view{.status = 200, .body = R"({"id":"1","name":"a name that is long"})"};
    };
    CHECK(allocations_of([&] {
              auto const size = send(operation, who, transport, sidecall::endpoint::twilio(), buffer);
              REQUIRE(size);
          }) == 0);
    CHECK(allocations_of([&] { REQUIRE(send(operation, who, transport)); }) == 1);
    CHECK(allocations_of([&] {
              auto const reason = sidecall::failure_without_texts(
                  {.status = 429, .body = R"({"code":20429,"message":"Too many requests, of many kinds"})"});
              REQUIRE(reason.code() == sidecall::errc::api_error);
              REQUIRE(reason.twilio_code() == 20429);
              REQUIRE(reason.http_status() == 429);
          }) == 0);
    operation.json.pop_back();
    CHECK(allocations_of([&] { REQUIRE(!send(operation, who, transport)); }) == 0);
    CHECK(allocations_of([&] { REQUIRE(!sidecall::make_request(operation)); }) == 0);
}

TEST_CASE("parsing the documented 201 takes one allocation, for its uri")
{
    auto const operation = subscription();
    std::optional<sidecall::user_defined_message_subscription> made;
    CHECK(allocations_of([&] { made = *operation.parse({.status = 201, .body = documented}); }) == 1);
    REQUIRE(made.has_value());
    CHECK(made->uri->size() > 100);
    CHECK(allocations_of([&] {
              made = *operation.parse({.status = 201, .body = R"({"sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})"});
          }) == 0);
}

TEST_CASE("a failure allocates only for text from the response, and frees all of it")
{
    using sidecall::errc;
    using sidecall::failure;
    CHECK(allocations_of([] {
              failure a(errc::invalid_argument, "Callback", "a rule that is explained at quite some length", 7);
              failure b = a;
              a = b;
              failure const c = std::move(b);
              sidecall::result<std::string> const d = c;
              sidecall::result<std::string> const e = d;
          }) == 0);
    CHECK(allocations_of([] {
              failure a(errc::api_error, 404, {.message = std::string(100, 'x')});
              failure b = a;
              a = b;
              failure c = std::move(b);
              c = failure(errc::timed_out, "a text of a transport that is explained at quite some length");
              sidecall::result<std::string> d = a;
              d = std::string(100, 'y');
              sidecall::result<std::string> e = std::move(d);
              d = c;
              e = d;
          }) > 0);
    CHECK(heap.given_back == heap.allocations);
}

TEST_CASE("rejecting an argument allocates nothing, and accepting one allocates only to store it")
{
    bool refused = true;
    CHECK(allocations_of([&] {
              refused = refused && !sidecall::account_sid::parse("AC1");
              refused = refused && !sidecall::callback_url::parse("https://this_host_is_not_one.example.com/and/more");
              refused = refused && !sidecall::idempotency_key::parse("a key that is rather long, but not UTF-8: \xFF");
              refused = refused && !sidecall::endpoint::parse("https://example.com/user/defined/messages");
              refused = refused && !sidecall::endpoint::region("this.is.not.a.region.but.a.long.text.of.many.dots");
              refused = refused && !sidecall::message_content::parse("{\"this\": \"is not JSON, although it is long\"");
              refused = refused && !sidecall::parse_http_method("SOMETHING QUITE DIFFERENT AND RATHER LONG, TOO");
          }) == 0);
    CHECK(refused);

    bool accepted = true;
    CHECK(allocations_of([&] {
              accepted = accepted && sidecall::account_sid::parse(account.view());
              accepted = accepted && sidecall::callback_url_view::parse(long_url);
              accepted = accepted && sidecall::endpoint::parse("https://a-long-name.of-an-endpoint.example.com:8443/");
              accepted =
                  accepted && lasting(sidecall::endpoint::edge("dublin"))->with_product("a-rather-long-product/1.2.3");
          }) == 0);
    CHECK(allocations_of([&] { accepted = accepted && sidecall::callback_url::parse(long_url); }) == 1);
    CHECK(allocations_of(
              [&] { accepted = accepted && !lasting(sidecall::idempotency_key::random()).view().empty(); }) == 0);
    CHECK(accepted);
}

TEST_CASE("making text printable takes one allocation")
{
    std::string const text = std::string(1000, '\n') + std::string(1000, 'x');
    std::string shown;
    CHECK(allocations_of([&] { shown = sidecall::printable(text); }) == 1);
    CHECK(shown.size() == 2000);
}

TEST_CASE("no secret remains in freed heap memory")
{
    using sidecall::credentials;
    using sidecall::secret;
    auto const operation = subscription();
    SUBCASE("after using a secret")
    {
        CHECK(leaks_of(token, {}, [] {
                  secret a(token);
                  secret b(std::move(a));
                  secret c(std::string{token});
                  c = std::move(b);
                  c = secret("another one, and a longer one than the token was before it");
                  a = secret(token);
              }) == 0);
    }
    SUBCASE("after using credentials")
    {
        CHECK(leaks_of(token, token_in_base64, [] {
                  auto a = credentials::auth_token(account, secret(token));
                  auto b = std::move(a);
                  a = credentials::auth_token(account, secret(token));
                  b = *credentials::bearer(secret(token));
                  auto c = credentials::bearer(secret(token)).transform([](auto token_of) {
                      return credentials(std::move(token_of));
                  });
              }) == 0);
    }
    SUBCASE("after authorizing a request")
    {
        CHECK(leaks_of(token, token_in_base64, [&] {
                  auto const who = credentials::auth_token(account, secret(token));
                  auto a = authorize(operation.request(), who);
                  auto b = std::move(a);
                  a = authorize(operation.request(), who);
                  a = std::move(b);
                  auto const request = operation.request();
                  b = authorize(request, who); // a copy has no space for the credential
              }) == 0);
    }
    SUBCASE("after authorizing a request with a credential of unusual length")
    {
        CHECK(leaks_of(token, {}, [&] {
                  std::string text(1000, 'x');
                  text.append(token);
                  auto const who = credentials::bearer(secret(std::move(text)));
                  auto a = authorize(operation.request(), *who);
              }) == 0);
    }
    SUBCASE("after writing the request as HTTP/1.1")
    {
        CHECK(leaks_of(token, token_in_base64, [&] {
                  auto const who = credentials::auth_token(account, secret(token));
                  auto const wire = authorize(operation.request(), who).to_http1();
                  static_cast<void>(wire);
              }) == 0);
    }
    SUBCASE("after sending the request")
    {
        CHECK(leaks_of(token, token_in_base64, [&] {
                  auto const who = credentials::auth_token(account, secret(token));
                  auto const transport = [](sidecall::authorized_request const& request) {
                      return sidecall::http_response{.status = request.headers().empty() ? 500 : 201,
                                                     .body = std::string(documented)};
                  };
                  static_cast<void>(send(operation, who, transport));
                  static_cast<void>(send(operation, who, [](sidecall::authorized_request const&) {
                      return sidecall::http_response{.status = 401, .body = "{}"};
                  }));
              }) == 0);
    }
}

TEST_CASE(
    "receiving a signed message takes one allocation, from a form or a query, and rejecting a forged one takes no more")
{
    std::string_view const parameters =
        "ContentType=application%2Fjson&Content=%7B%22text%22%3A%22a+message+of+some+length%2C+so+that+no+small+string+"
        "can+hold+it%22%7D&SequenceNumber=7&CallSid=CA00000000000000000000000000000002&Timestamp=Wed%2C+18+Dec+2019+20%"
        "3A02%3A01+%2B0000&AccountSid=AC00000000000000000000000000000001&Sid=KX00000000000000000000000000000004";
    std::string const url = "https://example.com/udm?" + std::string(parameters);
    sidecall::webhook_verifier const verifier{sidecall::secret("12345")};
    sidecall::webhook_request form{.url = "https://example.com/udm",
                                   .content_type = "application/x-www-form-urlencoded",
                                   .signature = "844i88HsPoQUVWfXeHwQaWjU2E4=",
                                   .body = parameters};
    sidecall::webhook_request query{.method = "GET", .url = url, .signature = "XarmqHJpwOIYVx+n2dnNBep7KEc="};
    CHECK(allocations_of([&] { REQUIRE(verifier.receive(form)); }) == 1);
    CHECK(allocations_of([&] { REQUIRE(verifier.receive(query)); }) == 1);
    CHECK(allocations_of([&] { REQUIRE(verifier.verify(query)); }) == 0);
    form.signature = "XarmqHJpwOIYVx+n2dnNBep7KEc="; // the signature of the other request
    CHECK(allocations_of([&] { REQUIRE(!verifier.receive(form)); }) == 1);
    form.signature = "forged";
    CHECK(allocations_of([&] { REQUIRE(!verifier.receive(form)); }) == 0);
}

TEST_CASE("values made in the caller's buffer allocate nothing, and neither do rejected ones")
{
    using sidecall::credentials;
    using sidecall::secret;
    constexpr auto answer_of_mine =
        R"({"code":20404,"message":"a text of Twilio's that is kept nowhere else, and is not short"})";
    sidecall::header const fields[] = {{"Twilio-Request-Id", "RQ00000000000000000000000000000009"},
                                       {"Retry-After", "7"}};
    char for_secret[500];
    char for_credentials[800];
    char for_request[16'000];
    char small[40];
    auto const key = sidecall::idempotency_key::parse("a key that is longer than thirty-six bytes");
    std::string const text = "\"" + std::string(4000, '&') + "\"";
    std::string const long_secret(400, 's');
    auto const owning = subscription();
    auto const with_heap =
        sidecall::create_user_defined_message{account, call, *sidecall::message_content::parse(text)};

    std::string_view const parameters =
        "ContentType=application%2Fjson&Content=%7B%22text%22%3A%22a+message+of+some+length%2C+so+that+no+small+string+"
        "can+hold+it%22%7D&SequenceNumber=7&CallSid=CA00000000000000000000000000000002&Timestamp=Wed%2C+18+Dec+2019+20%"
        "3A02%3A01+%2B0000&AccountSid=AC00000000000000000000000000000001&Sid=KX00000000000000000000000000000004";
    std::string const url = "https://example.com/udm?" + std::string(parameters);
    sidecall::webhook_request form{.url = "https://example.com/udm",
                                   .content_type = "application/x-www-form-urlencoded",
                                   .signature = "844i88HsPoQUVWfXeHwQaWjU2E4=",
                                   .body = parameters};
    sidecall::webhook_request const query{.method = "GET", .url = url, .signature = "XarmqHJpwOIYVx+n2dnNBep7KEc="};

    int right = 0;
    int expected = 0;
    auto const check = [&](bool good) {
        ++expected;
        right += good ? 1 : 0;
    };
    CHECK(allocations_of([&] {
              auto const short_secret = secret::in(for_secret, token);
              auto const who = credentials::auth_token(account, *short_secret, for_credentials);
              check(who.has_value());
              check(!credentials::auth_token(account, *short_secret, small));
              auto const twilio = sidecall::endpoint::twilio();

              sidecall::create_user_defined_message_subscription_view const create{
                  account, call, *sidecall::callback_url_view::parse(long_url), sidecall::idempotency_key_view(*key)};
              sidecall::create_user_defined_message_view const message{
                  account, call, *sidecall::message_content_view::parse(text), sidecall::idempotency_key_view(*key)};
              sidecall::delete_user_defined_message_subscription_view const end{
                  account, call, "ZY00000000000000000000000000000003"_subscription_sid};
              auto const each = [&](auto const& operation) {
                  check(authorize(operation, *who, twilio, for_request).has_value());
                  check(!authorize(operation, *who, twilio, small));
                  for (int status : {201, 204, 302, 404, 500}) { // statuses that each operation handles, and others
                      static_cast<void>(operation.parse({status, {}, documented}));
                      static_cast<void>(operation.parse({status, fields, "{}"}));
                      check(status < 300 || !operation.parse({status, fields, answer_of_mine}));
                      check(status < 300 || operation.parse({status, fields, answer_of_mine}).error().retry_after());
                  }
                  auto const refusing = [&](sidecall::authorized_request const&) {
                      return sidecall::result<sidecall::http_response_view>({404, fields, answer_of_mine});
                  };
                  auto const got = send(operation, *who, refusing, twilio, for_request);
                  check(!got && got.error().twilio_code() == 20404);
              };
              each(create);
              each(message);
              each(end);
              check(lasting(create.parse({201, {}, documented}))->uri->size() > 100);
              check(authorize(owning, *who, twilio, for_request).has_value()); // operations that own their texts, too
              check(authorize(with_heap, *who, twilio, for_request).has_value());

              check(secret::in(for_secret, long_secret).has_value()); // the buffer is reused, one value at a time
              check(!secret::in(small, long_secret));
          }) == 0);
    CHECK(allocations_of([&] {
              auto const short_secret = secret::in(for_secret, token);
              auto const by_key = credentials::api_key("SK00000000000000000000000000000003"_api_key_sid, *short_secret,
                                                       for_credentials);
              check(by_key.has_value());

              sidecall::webhook_verifier const verifier{secret("12345")};
              check(verifier.receive(form, for_request).has_value());
              check(verifier.receive(query, for_request).has_value());
              check(!verifier.receive(form, small));
              check(!verifier.receive(query, small));
              form.signature = "XarmqHJpwOIYVx+n2dnNBep7KEc="; // the signature of the other request
              check(!verifier.receive(form, for_request));
              form.signature = "forged";
              check(!verifier.receive(form, for_request));
          }) == 0);
    CHECK(right == expected);
}

TEST_CASE("reading HTTP/1.1 allocates nothing in the caller's buffer, and on the heap no more than has arrived")
{
    using sidecall::http1_request_reader;
    using sidecall::http1_response_reader;
    auto const callback = *sidecall::callback_url::parse(long_url);
    std::string const body(3000, 'b');
    std::string const response =
        "HTTP/1.1 200 OK\r\nDate: Wed, 18 Dec 2019 20:02:01 GMT\r\nContent-Length: 3000\r\n\r\n" + body;
    std::string const request = "POST /user-defined-messages HTTP/1.1\r\nHost: example.com\r\nContent-Type: "
                                "text/plain\r\nTransfer-Encoding: chunked\r\n\r\nBB8\r\n" +
                                body + "\r\n0\r\nA: b\r\n\r\n";
    auto const feed = [](auto& reader, std::string_view bytes, std::size_t size) {
        for (; bytes.size() > size; bytes.remove_prefix(size)) static_cast<void>(reader.feed(bytes.substr(0, size)));
        auto const progress = reader.feed(bytes);
        return progress && progress->done;
    };
    char buffer[4096];
    char small[64];
    bool is_read = true;
    for (std::size_t size : {1u, 1000u, 10'000u}) {
        CHECK(allocations_of([&] {
                  http1_response_reader reader(sidecall::http_method::post, buffer);
                  is_read = feed(reader, response, size) && reader.view().body == body && is_read;
                  http1_request_reader other(callback, buffer);
                  is_read = feed(other, request, size) && other.request().body == body && is_read;
                  http1_response_reader too_large(sidecall::http_method::post, small);
                  is_read = !feed(too_large, response, size) && is_read;
                  is_read = sidecall::http1_response(200, body, {}, buffer) && is_read;
              }) == 0);
        CHECK(allocations_of([&] {
                  http1_response_reader reader(sidecall::http_method::post);
                  is_read = feed(reader, response, size) && is_read;
              }) <= (size == 1      ? 14
                     : size == 1000 ? 3
                                    : 1));
        CHECK(heap.largest <= response.size());
    }
    CHECK(is_read);

    // Nothing is reserved for what is only announced.
    sidecall::http1_limits const limits{.body = std::size_t{1} << 30};
    std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\na";
    CHECK(allocations_of([&] {
              http1_response_reader reader(sidecall::http_method::post, limits);
              is_read = reader.feed(head) && is_read;
          }) == 1);
    CHECK(heap.largest <= head.size());
    CHECK(allocations_of([&] {
              http1_response_reader reader(sidecall::http_method::post);
              is_read = !reader.feed(head) && is_read;
          }) == 1);
    CHECK(heap.largest <= head.size());
    CHECK(is_read);

    std::string written;
    CHECK(allocations_of([&] { written = sidecall::http1_response(200, body); }) == 1);
}

TEST_CASE("the list of remembered SIDs reallocates rarely, however many there are")
{
    sidecall::detail::remembered_sids seen;
    CHECK(allocations_of([&seen] {
              std::string text = "KX00000000000000000000000000000000";
              for (std::size_t i = 0; i != 10'000; ++i) {
                  for (std::size_t digits = i, at = text.size(); at != text.size() - 5; digits /= 10)
                      text[--at] = static_cast<char>('0' + digits % 10);
                  seen.insert(*sidecall::message_sid::parse(text), 100'000);
              }
          }) < 20);
    CHECK(seen.contains("KX00000000000000000000000000009999"_message_sid));
    CHECK(heap.largest <= std::size_t{2} * 10'000 * sidecall::message_sid::size);
}

TEST_CASE("a key of up to 36 bytes is stored inline, and copying a longer one takes one allocation")
{
    for (std::size_t size : {1u, 36u, 37u}) {
        CAPTURE(size);
        auto const key = sidecall::idempotency_key::parse(std::string(size, 'k'));
        std::optional<sidecall::idempotency_key> copy;
        CHECK(allocations_of([&] { copy = *key; }) == (size > 36 ? 1 : 0));
        std::optional<sidecall::idempotency_key> moved;
        CHECK(allocations_of([&] { moved = std::move(copy); }) == 0);
        CHECK(allocations_of([&] { static_cast<void>(sidecall::idempotency_key_view(*moved).view()); }) == 0);
    }
}

TEST_CASE("the callback interface allocates only the request, plus once per attempt when retrying, and leaks no secret")
{
    auto const who = sidecall::credentials::auth_token(account, sidecall::secret("SECRET-TOKEN-IN-CLEAR"));
    std::string const encoded(who.authorization().reveal());
    auto const operation = subscription();
    int calls = 0;
    auto const handler = [&](auto const&) { ++calls; };
    auto const absent = [](sidecall::authorized_request, auto complete) {
        complete(sidecall::result<sidecall::http_response>(sidecall::failure(sidecall::errc::not_connected)));
    };
    CHECK(leaks_of(encoded, "SECRET-TOKEN", [&] { send(operation, who, absent, handler); }) == 0);
    CHECK(allocations_of([&] { send(operation, who, absent, handler); }) == 1);

    auto const timer = [](sidecall::milliseconds, auto next) { next(); };
    sidecall::retry_policy const policy{.base_delay = {}, .max_attempts = 3};
    CHECK(leaks_of(encoded, "SECRET-TOKEN", [&] { send_with_retry(operation, who, absent, policy, timer, handler); }) ==
          0);
    CHECK(allocations_of([&] { send_with_retry(operation, who, absent, policy, timer, handler); }) == 4);

    auto const blocking = [](sidecall::authorized_request const&) -> sidecall::result<sidecall::http_response> {
        return sidecall::failure(sidecall::errc::not_connected);
    };
    auto const sleep = [](sidecall::milliseconds) {};
    CHECK(allocations_of([&] { static_cast<void>(send_with_retry(operation, who, blocking, policy, sleep)); }) == 1);
    char memory[2048];
    CHECK(allocations_of([&] {
              auto const made =
                  send_with_retry(operation, who, blocking, policy, sleep, sidecall::endpoint::twilio(), memory);
              calls += made.error().code() == sidecall::errc::not_connected;
          }) == 0);
    char too_little[16];
    CHECK(send_with_retry(operation, who, blocking, policy, sleep, sidecall::endpoint::twilio(), too_little)
              .error()
              .field() == "storage");
    CHECK(calls == 5);
}

TEST_CASE("a sequencer frees all waiting messages when it is destroyed")
{
    std::string url = "https://example.com/udm?AccountSid=AC00000000000000000000000000000001"
                      "&CallSid=CA00000000000000000000000000000002&Content=1&ContentType=application%2Fjson"
                      "&SequenceNumber=7&Sid=KX00000000000000000000000000000003"
                      "&Timestamp=Wed%2C+18+Dec+2019+20%3A02%3A01+%2B0000";
    auto const code = sidecall::detail::hmac_sha1("token").code([&](auto put) { put(url); });
    std::string signature(28, ' ');
    sidecall::detail::base64_encode({reinterpret_cast<char const*>(code.data()), code.size()}, {}, signature.data());
    sidecall::webhook_verifier const verifier{sidecall::secret("token")};
    std::size_t waiting = 0;
    int const taken = allocations_of([&] {
        sidecall::message_sequencer sequencer({.first = 0});
        auto message = verifier.receive({.method = "GET", .url = url, .signature = signature});
        if (message) sequencer.accept(std::move(*message), [](auto&&) {});
        waiting = sequencer.waiting();
    });
    CHECK(taken > 1);
    CHECK(heap.given_back == taken);
    CHECK(waiting == 1);
}

TEST_CASE("an ordered sender allocates once for an operation and for a key, and frees them when they are done")
{
    auto const who = sidecall::credentials::auth_token(account, sidecall::secret("token"));
    sidecall::create_user_defined_message const operation{account, call, *sidecall::message_content::parse("1")};
    using handler = sidecall::detail::callable<void, sidecall::result<sidecall::http_response>>;
    handler held; // one allocation, of the test
    auto transport = [&](sidecall::authorized_request, auto next) { held = handler(std::move(next)); };
    auto timer = [](sidecall::milliseconds, auto next) { next(false); };
    auto const complete = [&] { std::exchange(held, {})(sidecall::failure(sidecall::errc::cancelled)); };
    int handled = 0;
    auto const add = [&](auto const&) { ++handled; };

    int const all = allocations_of([&] {
        sidecall::ordered_sender sender(
            who, transport, timer, {.policy = {.max_attempts = 1}, .after_failure = sidecall::after_failure::proceed});
        int taken = heap.allocations;
        auto const more = [&] { return heap.allocations - std::exchange(taken, heap.allocations); };
        CHECK(taken == 1);
        sender.send(call, operation, add);
        CHECK(more() == 5); // operation, key, request, attempts, and the handler that the test holds
        sender.send(call, operation, add);
        CHECK(more() == 1);
        complete();
        CHECK(more() == 3);
        complete();
        CHECK(more() == 0);
        CHECK(heap.given_back == heap.allocations - 1); // nothing but the sender is left
        std::string const long_key(35, 'k');
        CHECK(more() == 1);
        sender.send(long_key, operation, add);
        CHECK(more() == 6);
        complete();
        CHECK(heap.given_back == heap.allocations - 2);
        sender.send(call, operation, add);
    });
    complete();
    CHECK(handled == 4);
    CHECK(heap.given_back == all - 4); // in the transport until it completes: sender, operation, attempts, handler

    std::string const secret(who.authorization().reveal());
    CHECK(leaks_of(secret, secret, [&] {
              sidecall::ordered_sender sender(who, transport, timer);
              sender.send(call, operation, add);
              sender.send(call, operation, add);
              complete();
          }) == 0);
}

} // namespace allocation_test
