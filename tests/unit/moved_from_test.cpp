#include <sidecall/sidecall.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "ends_program.hpp"
#include "lasting.hpp"

namespace moved_from_test {

// Tests the moved-from state of each public type that owns something. Moving the other types copies them: SIDs, views,
// `endpoint`, `retry_policy`, `storage`, `date_time`, the options.

namespace {

using namespace sidecall::literals;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr char token[] =
    "a token that is longer than what is kept in place: 0123456789 0123456789 0123456789 0123456789";

sidecall::credentials credentials()
{
    return sidecall::credentials::auth_token(account, sidecall::secret(token));
}

sidecall::create_user_defined_message_subscription subscription()
{
    return {.account_sid = account,
            .call_sid = call,
            .callback = *sidecall::callback_url::parse("https://example.com/a-callback-that-is-not-short"),
            .idempotency_key =
                *sidecall::idempotency_key::parse("a key that is longer than a UUID, which is kept in place")};
}

sidecall::create_user_defined_message message(std::string_view content = R"({"a": "message that is not short"})")
{
    return {.account_sid = account,
            .call_sid = call,
            .content = *sidecall::message_content::parse(content),
            .idempotency_key = *sidecall::idempotency_key::parse("k")};
}

sidecall::incoming_message incoming()
{
    // Signed with an empty URL, so the code covers only the sorted parameters.
    std::string const names = "AccountSidAC00000000000000000000000000000001CallSidCA00000000000000000000000000000002"
                              "Content{}SequenceNumber7SidKX00000000000000000000000000000003";
    auto const code = sidecall::detail::hmac_sha1(token).code([&](auto put) { put(names); });
    std::string signature(28, '\0');
    sidecall::detail::base64_encode({reinterpret_cast<char const*>(code.data()), code.size()}, {}, signature.data());
    sidecall::webhook_verifier const verifier{sidecall::secret(token)};
    auto received = verifier.receive({.content_type = "application/x-www-form-urlencoded",
                                      .signature = signature,
                                      .body = "AccountSid=AC00000000000000000000000000000001"
                                              "&CallSid=CA00000000000000000000000000000002&Content={}&SequenceNumber=7"
                                              "&Sid=KX00000000000000000000000000000003"});
    REQUIRE(received);
    return *std::move(received);
}

/// Moves the content out of an object.
template <class T>
void move_from(T& object)
{
    T const taken = std::move(object);
    static_cast<void>(taken);
}

struct row {
    std::string_view name;
    std::function<bool()> is_harmless;
};

} // namespace

// NOLINTBEGIN(bugprone-use-after-move)
TEST_CASE("a moved-from object keeps nothing of its content")
{
    std::vector<row> const rows = {
        {"callback_url",
         [] {
             auto callback = subscription().callback;
             move_from(callback);
             return callback.view().empty() && callback.host().empty() && callback.scheme().empty() &&
                    callback.target().empty();
         }},
        {"idempotency_key",
         [] {
             auto key = *subscription().idempotency_key;
             auto short_key = *message().idempotency_key;
             move_from(key);
             move_from(short_key);
             return key.view().empty() && short_key.view().empty();
         }},
        {"message_content",
         [] {
             auto content = message().content;
             auto short_content = message("{}").content;
             move_from(content);
             move_from(short_content);
             return content.view().empty() && short_content.view().empty();
         }},
        {"secret",
         [] {
             sidecall::secret secret{token};
             move_from(secret);
             return secret.empty() && secret.reveal().empty();
         }},
        {"credentials",
         [] {
             auto moved = credentials();
             move_from(moved);
             return moved.authorization().empty();
         }},
        {"http_request",
         [] {
             auto request = subscription().request();
             move_from(request);
             return request.url().empty() && request.target().empty() && request.host().empty() &&
                    request.hostname().empty() && request.body().empty() && request.headers().empty() &&
                    request.https();
         }},
        {"http_request, assigned from",
         [] {
             auto request = subscription().request();
             auto other = message().request();
             other = std::move(request);
             return request.url().empty() && request.body().empty() && other == subscription().request();
         }},
        {"authorized_request",
         [] {
             auto request = authorize(subscription().request(), credentials());
             move_from(request);
             return request.url().empty() && request.body().empty() && request.headers().empty() && request.https() &&
                    lasting(request.clone()).url().empty();
         }},
        {"authorized_request, assigned from",
         [] {
             auto request = authorize(subscription().request(), credentials());
             auto other = authorize(message().request(), credentials());
             other = std::move(request);
             return request.url().empty() && request.headers().empty() && !other.headers().empty();
         }},
        {"header_list",
         [] {
             sidecall::header_list fields{{"Name", "a value that is not short, so that it is on the heap"}};
             move_from(fields);
             return fields.empty() && fields.begin() == fields.end();
         }},
        {"http_response",
         [] {
             sidecall::http_response response{.status = 201, .headers = {{"A", "b"}}, .body = std::string(100, 'x')};
             move_from(response);
             return response.headers.empty() && response.body.empty();
         }},
        {"failure",
         [] {
             sidecall::failure failure(sidecall::errc::api_error, "words", 7);
             move_from(failure);
             return !failure.native_code() && !failure.to_string().empty() && failure.field().empty();
         }},
        {"webhook_verifier",
         [] { // is copied, so it still verifies; its destructor wipes the key
             sidecall::webhook_verifier verifier{sidecall::secret(token)};
             move_from(verifier);
             return verifier.verify({.signature = "x"}).error().code() == sidecall::errc::invalid_signature;
         }},
        {"incoming_message",
         [] {
             auto moved = incoming();
             move_from(moved);
             return moved.content().empty() && moved.content_type().empty() && moved.parameters().size() == 0 &&
                    !moved.parameters().find("Sid") && moved.sequence_number() == 7 && moved.call_sid() == call;
         }},
        {"webhook_parameters",
         [] {
             auto parameters = lasting(incoming()).parameters();
             move_from(parameters);
             return parameters.size() == 0 && !parameters.find("Sid") && parameters[0].value.empty() &&
                    !sidecall::incoming_message::parse(parameters);
         }},
        {"message_sequencer",
         [] {
             sidecall::message_sequencer sequencer;
             move_from(sequencer);
             return sequencer.waiting() == 0;
         }},
    };
    for (auto const& [name, is_harmless] : rows) {
        std::string_view const shown = name; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        CHECK(is_harmless());
    }
}

#if CAN_FORK
TEST_CASE("sending a moved-from request aborts the program with a message")
{
    struct fatal_row {
        std::string message;
        void (*use)();
    };
    fatal_row const rows[] = {
        {"the value of a failed result was asked for: invalid_argument: Callback",
         [] {
             auto operation = subscription();
             move_from(operation.callback);
             static_cast<void>(operation.request());
         }},
        {"the value of a failed result was asked for: invalid_argument: Callback",
         [] {
             auto operation = subscription();
             move_from(operation);
             static_cast<void>(operation.request());
         }},
        {"the value of a failed result was asked for: invalid_argument: IdempotencyKey",
         [] {
             auto operation = subscription();
             move_from(*operation.idempotency_key);
             static_cast<void>(operation.request());
         }},
        {"the value of a failed result was asked for: invalid_argument: Content",
         [] {
             auto operation = message();
             move_from(operation.content);
             static_cast<void>(operation.request());
         }},
        {"the value of a failed result was asked for: invalid_argument: Content",
         [] {
             auto operation = message("{}");
             move_from(operation);
             static_cast<void>(operation.request());
         }},
        {"the request was moved from",
         [] {
             auto request = subscription().request();
             auto const first = authorize(std::move(request), credentials());
             static_cast<void>(authorize(std::move(request), credentials()));
         }},
        {"the request was moved from",
         [] {
             auto request = subscription().request();
             move_from(request);
             static_cast<void>(request.to_http1());
         }},
        {"the request was moved from",
         [] {
             auto request = authorize(subscription().request(), credentials());
             move_from(request);
             static_cast<void>(request.to_http1());
         }},
        {"the credentials were moved from",
         [] {
             auto moved = credentials();
             move_from(moved);
             static_cast<void>(authorize(subscription().request(), moved));
         }},
    };
    for (auto const& [message, use] : rows) {
        std::string const expected = "sidecall: " + message + "\n";
        CHECK(message_at_abort(use) == expected);
    }
}
#endif

TEST_CASE("sending an operation with a moved-from member is a failure, and nothing is sent")
{
    auto operation = message();
    move_from(*operation.idempotency_key);
    int sent = 0;
    auto const outcome = sidecall::send(operation, credentials(), [&](sidecall::authorized_request const&) {
        ++sent;
        return sidecall::result<sidecall::http_response>(sidecall::failure(sidecall::errc::timed_out));
    });
    CHECK(outcome.error().to_string() == "invalid_argument: IdempotencyKey: empty: it was moved from (byte 0)");
    CHECK(sent == 0);
}

TEST_CASE("moved-from credentials are a failure where an operation is authorized")
{
    auto moved = credentials();
    move_from(moved);
    char buffer[1024];
    constexpr std::string_view expected = "invalid_argument: Authorization: the credentials were moved from";
    auto const on_heap = authorize(subscription(), moved, sidecall::endpoint::twilio());
    CHECK(on_heap.error().to_string() == expected);
    auto const in_place = authorize(subscription(), moved, sidecall::endpoint::twilio(), buffer);
    CHECK(in_place.error().to_string() == expected);
}
// NOLINTEND(bugprone-use-after-move)

} // namespace moved_from_test
