#include <sidecall/testing.hpp>

#include <sidecall/sidecall.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "request_of.hpp"

namespace fake_twilio_test {

namespace {

using namespace sidecall::literals;
using sidecall::errc;
using sidecall::fake_outcome;
using sidecall::fake_twilio;
using sidecall::http_method;
using sidecall::recorded_request;
using sidecall::secret;
using sidecall::signed_webhook;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr auto other_call = "CA00000000000000000000000000000003"_call_sid;
constexpr auto callback = "https://example.com/udm"_callback_url;
constexpr char token[] = "the auth token";
constexpr char messages_path[] =
    "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002/"
    "UserDefinedMessages.json";

sidecall::credentials right()
{
    return sidecall::credentials::auth_token(account, secret(token));
}

fake_twilio twilio_with_call()
{
    fake_twilio twilio(account, secret(token));
    twilio.start_call(call);
    return twilio;
}

sidecall::create_user_defined_message_subscription subscription(std::optional<std::string_view> key = {})
{
    sidecall::create_user_defined_message_subscription operation{account, call, callback};
    if (key) operation.idempotency_key = *sidecall::idempotency_key::parse(*key);
    return operation;
}

sidecall::create_user_defined_message message(std::string_view content, std::optional<std::string_view> key = {})
{
    sidecall::create_user_defined_message operation{account, call, *sidecall::message_content::parse(content)};
    if (key) operation.idempotency_key = *sidecall::idempotency_key::parse(*key);
    return operation;
}

auto sent(fake_twilio& twilio, auto const& operation)
{
    return sidecall::send(operation, right(), twilio);
}

/// Sends a request whose parts the test chooses.
template <http_method Method = http_method::post>
sidecall::http_response answer_to(fake_twilio& twilio, std::string_view target,
                                  std::initializer_list<form_field> form = {})
{
    auto const request = sidecall::authorize(parts_of_request<Method>{target, form}, right());
    REQUIRE(request);
    auto const answer = twilio(*request);
    REQUIRE(answer);
    return *answer;
}

std::string field(sidecall::http_response const& response, char const* name)
{
    return std::string(sidecall::headers_view(response.headers).find(name).value_or("none"));
}

auto is_a(http_method method)
{
    return [method](recorded_request const& request) { return request.method == method; };
}

} // namespace

TEST_CASE("a fake is both kinds of transport, and a value")
{
    static_assert(sidecall::transport<fake_twilio>);
    static_assert(sidecall::async_transport<fake_twilio>);
    static_assert(std::is_copy_constructible_v<fake_twilio> && std::is_nothrow_move_constructible_v<fake_twilio>);
    static_assert(std::is_copy_assignable_v<fake_twilio> && std::is_move_assignable_v<fake_twilio>);
    static_assert(!std::is_invocable_v<fake_twilio&, sidecall::authorized_request, sidecall::milliseconds>);
}

TEST_CASE("creates numbered resources, with the date of its time, and deletes them")
{
    auto twilio = twilio_with_call();
    auto const created = sent(twilio, subscription());
    REQUIRE(created);
    CHECK(created->sid == "ZY00000000000000000000000000000001"_subscription_sid);
    CHECK(created->account_sid == account);
    CHECK(created->call_sid == call);
    CHECK(created->date_created == sidecall::date_time{.unix_seconds = 1'577'836'800});
    CHECK(created->uri == "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/"
                          "CA00000000000000000000000000000002/UserDefinedMessageSubscriptions/"
                          "ZY00000000000000000000000000000001.json");
    CHECK(created->unreadable == sidecall::unreadable_members{});
    CHECK((*sent(twilio, subscription())).sid == "ZY00000000000000000000000000000002"_subscription_sid);
    twilio.advance(sidecall::milliseconds(1500));
    auto const said = sent(twilio, message("[1]"));
    REQUIRE(said);
    CHECK(said->sid == "KX00000000000000000000000000000001"_message_sid);
    CHECK(said->date_created->unix_seconds == 1'577'836'801);

    REQUIRE(twilio.subscriptions().size() == 2);
    CHECK(twilio.subscriptions()[0].call_sid == call);
    CHECK(twilio.subscriptions()[0].callback == "https://example.com/udm");
    CHECK(twilio.subscriptions()[0].method == http_method::post);
    CHECK(!twilio.subscriptions()[0].idempotency_key);
    REQUIRE(twilio.messages(call).size() == 1);
    CHECK(twilio.messages(call)[0].content == "[1]");
    CHECK(twilio.messages(call)[0].sid == said->sid);
    CHECK(twilio.messages(other_call).empty());

    twilio.start_call(other_call);
    sidecall::delete_user_defined_message_subscription deletion{account, other_call, created->sid};
    CHECK(sent(twilio, deletion).error().http_status() == 404);
    REQUIRE(twilio.subscriptions().size() == 2);
    deletion.call_sid = call;
    CHECK(sent(twilio, deletion));
    REQUIRE(twilio.subscriptions().size() == 1);
    CHECK(twilio.subscriptions()[0].sid != created->sid);
    CHECK(sent(twilio, deletion).error().http_status() == 404);
}

TEST_CASE("numbers and time begin where the options say")
{
    fake_twilio twilio(account, secret(token),
                       {.first_number = 99, .first_sequence_number = 5, .unix_time = sidecall::milliseconds(-1)});
    twilio.start_call(call);
    auto const created = sent(twilio, subscription());
    REQUIRE(created);
    CHECK(created->sid == "ZY00000000000000000000000000000099"_subscription_sid);
    CHECK(created->date_created->unix_seconds == -1);
    auto const webhooks = twilio.client_sends(call, "1");
    REQUIRE(webhooks.size() == 1);
    auto const received = sidecall::webhook_verifier(secret(token)).receive(webhooks[0]);
    REQUIRE(received);
    CHECK(received->sequence_number() == 5);
    CHECK(received->sid() == "KX00000000000000000000000000000099"_message_sid);
    CHECK(received->timestamp()->unix_seconds == -1);
}

TEST_CASE("refuses in Twilio's format, checking one rule after another")
{
    struct example {
        std::string_view target;
        std::initializer_list<form_field> form;
        int status;
        int code;
        std::string_view message;
    };
    auto twilio = twilio_with_call();
    std::string const path = messages_path;
    std::string const subscriptions = path.substr(0, path.find("Messages")) + "MessageSubscriptions.json";
    std::string const unknown_call =
        path.substr(0, path.find("CA")) + "CA0000000000000000000000000000000a" + path.substr(path.find("CA") + 34);
    std::string const with_query = path + "?a=b", empty_query = path + '?',
                      long_target = path + '?' + std::string(8192, 'x');
    example const rows[] = {
        {"/", {}, 404, 20404, "The requested resource / was not found"},
        {"/2010-04-01/Accounts/AC00000000000000000000000000000001.json", {}, 404, 20404, ""},
        {with_query, {}, 400, 20001, "Query parameters are not supported"},
        {empty_query, {}, 400, 20001, "Query parameters are not supported"},
        {long_target, {}, 414, 20414, "URI too long"},
        {path, {}, 415, 20415, "Unsupported media type"},
        {path, {{"", "1"}}, 400, 20001, "The body has a part that is not name=value"},
        {path, {{"Content", "\xFF"}}, 400, 20001, "The body is not UTF-8"},
        {path, {{"\xFF", ""}}, 400, 20001, "The body is not UTF-8"},
        {unknown_call, {{"Content", "1"}}, 404, 20404, ""},
        {path, {{"Callback", "x"}}, 400, 20001, "Parameter 'Callback' is not known"},
        {path, {{"Content", "1"}, {"Content", "1"}}, 400, 20001, "Parameter 'Content' is given twice"},
        {path, {{"IdempotencyKey", "1"}}, 400, 20001, "Parameter 'Content' is missing"},
        {path, {{"Content", "{"}}, 400, 20001, "Parameter 'Content' is not JSON"},
        {path, {{"Content", "1"}, {"IdempotencyKey", ""}}, 400, 20001, "Parameter 'IdempotencyKey' is empty"},
        {subscriptions, {{"Method", "GET"}}, 400, 20001, "Parameter 'Callback' is missing"},
        {subscriptions, {{"Content", "1"}}, 400, 20001, "Parameter 'Content' is not known"},
        {subscriptions,
         {{"Callback", "ftp://x"}},
         400,
         21205,
         "Parameter 'Callback' is not a valid URL: not an absolute http or https URI"},
        {subscriptions,
         {{"Callback", "http://x"}, {"Method", "get"}},
         400,
         21209,
         "Parameter 'Method' is not an HTTP method"},
    };
    for (auto const& row : rows) {
        CAPTURE(row.target);
        auto const answer = answer_to(twilio, row.target, row.form);
        CHECK(answer.status == row.status);
        CHECK(field(answer, "Content-Type") == "application/json");
        CHECK(field(answer, "Twilio-Request-Id").size() == 34);
        auto const failure = sidecall::failure_of(answer);
        CHECK(failure.code() == errc::api_error);
        CHECK(failure.twilio_code() == row.code);
        CHECK(failure.more_info() == "https://www.twilio.com/docs/errors/" + std::to_string(row.code));
        if (!row.message.empty()) CHECK(failure.message() == row.message);
    }
    std::string const long_content = '"' + std::string(10'239, 'x') + '"';
    auto const too_long = answer_to(twilio, path, {{"Content", long_content}});
    CHECK(sidecall::failure_of(too_long).to_string().find("Parameter 'Content' is larger than 10240 bytes") !=
          std::string::npos);
    CHECK(answer_to(twilio, path, {{"Content", std::string(std::size_t{1} << 20, 'x')}}).status == 413);
    CHECK(twilio.subscriptions().empty());
    CHECK(twilio.messages(call).empty());
    for (auto const& request : twilio.requests()) CHECK(!request.took_effect);
}

TEST_CASE("refuses every path that is not exactly that of a resource")
{
    auto twilio = twilio_with_call();
    auto const created = sent(twilio, subscription());
    std::string const path(*created->uri);
    REQUIRE(answer_to(twilio, path, {}).status == 405);
    for (std::size_t at = 2; at != path.size(); ++at) {
        CAPTURE(at);
        for (char c : {'/', '~'}) {
            std::string edited = path;
            edited[at] = edited[at] == c ? '-' : c;
            CHECK(answer_to(twilio, edited).status == 404);
            edited = path;
            edited.insert(at, 1, c);
            CHECK(answer_to(twilio, edited).status == 404);
        }
        std::string const edited = path.substr(0, at);
        CHECK(answer_to(twilio, edited).status == 404);
    }
    CHECK(answer_to(twilio, path + '/').status == 404);
    CHECK(answer_to(twilio, path + "/x").status == 404);
}

TEST_CASE("refuses other methods and names those that are allowed; a HEAD has no body")
{
    auto twilio = twilio_with_call();
    auto const created = sent(twilio, subscription());
    auto const path = *created->uri;
    for (auto const& answer :
         {answer_to<http_method::get>(twilio, path), answer_to<http_method::put>(twilio, path, {{"a", "b"}}),
          answer_to<http_method::patch>(twilio, path, {{"a", "b"}}), answer_to<http_method::post>(twilio, path)}) {
        CHECK(answer.status == 405);
        CHECK(field(answer, "Allow") == "DELETE");
        CHECK(answer.body != "");
    }
    auto const head = answer_to<http_method::head>(twilio, messages_path);
    CHECK(head.status == 405);
    CHECK(field(head, "Allow") == "POST");
    CHECK(head.body == "");
    CHECK(answer_to<http_method::delete_>(twilio, messages_path).status == 405);
}

TEST_CASE("accepts its own credentials and those that are allowed, and no others")
{
    auto twilio = twilio_with_call();
    auto const key = "SK00000000000000000000000000000001"_api_key_sid;
    auto const another = "AC00000000000000000000000000000002"_account_sid;
    using sidecall::credentials;
    auto const status_with = [&](credentials const& credentials) {
        auto const outcome = sidecall::send(message("1"), credentials, twilio);
        return outcome ? 201 : *outcome.error().http_status();
    };
    CHECK(status_with(right()) == 201);
    CHECK(status_with(credentials::auth_token(account, secret("another token"))) == 401);
    CHECK(status_with(credentials::auth_token(account, secret(""))) == 401);
    CHECK(status_with(credentials::auth_token(another, secret(token))) == 401);
    CHECK(status_with(credentials::api_key(key, secret("key secret"))) == 401);
    CHECK(status_with(*credentials::bearer(secret("abc"))) == 401);
    twilio.allow(credentials::api_key(key, secret("key secret")));
    twilio.allow(*credentials::bearer(secret("abc")));
    CHECK(status_with(credentials::api_key(key, secret("key secret"))) == 201);
    CHECK(status_with(credentials::api_key(key, secret("key secre"))) == 401);
    CHECK(status_with(*credentials::bearer(secret("abc"))) == 201);
    CHECK(status_with(right()) == 201);

    auto const request = *sidecall::authorize(message("1"), credentials::auth_token(account, secret("wrong")));
    auto const refused = twilio(request);
    CHECK(field(*refused, "WWW-Authenticate") == "Basic realm=\"Twilio API\"");
    CHECK(sidecall::failure_of(*refused).twilio_code() == 20003);
}

TEST_CASE("only requests to its endpoint arrive")
{
    auto twilio = twilio_with_call();
    auto const operation = message("1");
    auto const sent_to = [&](sidecall::endpoint const& endpoint) {
        auto const outcome = sidecall::send(operation, right(), twilio, endpoint);
        return outcome ? std::string("arrived") : std::string(to_string_view(outcome.error().code()));
    };
    CHECK(sent_to(sidecall::endpoint::twilio()) == "arrived");
    CHECK(sent_to(*sidecall::endpoint::parse("https://api.twilio.com")) == "arrived");
    for (char const* url : {"https://api.twilio.co", "https://api.twilio.com.example.com", "https://api.twilio.com:444",
                            "https://example.com", "http://127.0.0.1"})
        CHECK(sent_to(*sidecall::endpoint::parse(url)) == "not_connected");
    CHECK(sent_to(*sidecall::endpoint::region("ie1")) == "not_connected");

    fake_twilio local(account, secret(token), {.endpoint = *sidecall::endpoint::parse("http://127.0.0.1:8080")});
    local.start_call(call);
    twilio = local;
    CHECK(sent_to(*sidecall::endpoint::parse("http://127.0.0.1:8080")) == "arrived");
    CHECK(sent_to(sidecall::endpoint::twilio()) == "not_connected");

    auto request = *sidecall::authorize(operation, right());
    auto const moved = std::move(request);
    CHECK(twilio(request).error().code() == errc::not_connected); // NOLINT(bugprone-use-after-move)
}

TEST_CASE("an idempotency key creates once for each call and endpoint")
{
    auto twilio = twilio_with_call();
    twilio.start_call(other_call);
    auto const first = sent(twilio, message("1", "key"));
    CHECK(first->sid == (*sent(twilio, message("1", "key"))).sid);
    CHECK(twilio.messages(call).size() == 1);
    CHECK(twilio.requests()[0].took_effect);
    CHECK(!twilio.requests()[1].took_effect);

    auto const other = sent(twilio, message("2", "key"));
    CHECK(other.error().http_status() == 409);
    CHECK(other.error().twilio_code() == 20409);
    CHECK(other.error().message() == "Parameter 'IdempotencyKey' was used before with other parameters");
    CHECK(answer_to(twilio, messages_path, {{"IdempotencyKey", "key"}, {"Content", "1"}}).status == 201);
    CHECK(twilio.messages(call).size() == 1);

    CHECK(sent(twilio, message("1", "another key")));
    CHECK(twilio.messages(call).size() == 2);
    auto elsewhere = message("1", "key");
    elsewhere.call_sid = other_call;
    CHECK((*sent(twilio, elsewhere)).sid != first->sid);
    auto const subscribed = sent(twilio, subscription("key"));
    CHECK(subscribed);
    CHECK(twilio.subscriptions()[0].idempotency_key == "key");

    // A key outlives the subscription that it created.
    CHECK(sent(twilio, sidecall::delete_user_defined_message_subscription{account, call, subscribed->sid}));
    CHECK((*sent(twilio, subscription("key"))).sid == subscribed->sid);
    CHECK(twilio.subscriptions().empty());
    auto with_method = subscription("key");
    with_method.method = http_method::post;
    CHECK(sent(twilio, with_method).error().http_status() == 409);
}

TEST_CASE("the client's messages reach every subscription of the call, signed and numbered")
{
    auto twilio = twilio_with_call();
    twilio.start_call(other_call);
    CHECK(twilio.client_sends(call, "0").empty()); // without a subscription, which uses number 0
    REQUIRE(sent(twilio, subscription()));
    auto by_get = subscription();
    by_get.callback = "https://example.com/other?x=1#rc=2"_callback_url;
    by_get.method = http_method::get;
    REQUIRE(sent(twilio, by_get));
    auto elsewhere = subscription();
    elsewhere.call_sid = other_call;
    REQUIRE(sent(twilio, elsewhere));
    twilio.advance(sidecall::milliseconds(61'000));

    sidecall::webhook_verifier const verifier{secret(token)};
    auto const webhooks = twilio.client_sends(call, R"({"n":1})");
    REQUIRE(webhooks.size() == 2);
    CHECK(webhooks[0].method == "POST");
    CHECK(webhooks[0].url == "https://example.com/udm");
    CHECK(webhooks[1].method == "GET");
    CHECK(webhooks[1].url.substr(0, 31) == "https://example.com/other?x=1&C");
    for (auto const& webhook : webhooks) {
        auto const received = verifier.receive(webhook);
        REQUIRE(received);
        CHECK(received->content() == R"({"n":1})");
        CHECK(received->sequence_number() == 1);
        CHECK(received->sid() == "KX00000000000000000000000000000002"_message_sid);
        CHECK(received->call_sid() == call);
        CHECK(received->account_sid() == account);
        CHECK(received->timestamp()->unix_seconds == 1'577'836'861);
    }
    auto const at_other = twilio.client_sends(other_call, "2");
    REQUIRE(at_other.size() == 1);
    CHECK((*verifier.receive(at_other[0])).sequence_number() == 0);

    auto const json = twilio.client_sends(call, "3", {.json_body = true});
    CHECK(json[0].content_type == "application/json");
    CHECK((*verifier.receive(json[0])).sequence_number() == 2);
    for (auto const& forged : twilio.client_sends(call, "4", {.forgery = sidecall::webhook_forgery::other_token}))
        CHECK(verifier.receive(forged).error().code() == errc::invalid_signature);

    for (std::string const& content : {std::string("{"), std::string(), '"' + std::string(10'239, 'x') + '"'})
        CHECK(twilio.client_sends(call, content).empty());
    CHECK(twilio.client_sends("CA0000000000000000000000000000000a"_call_sid, "5").empty());
    CHECK((*verifier.receive(twilio.client_sends(call, "6")[0])).sequence_number() == 4);
}

TEST_CASE("nothing works after the end of a call")
{
    auto twilio = twilio_with_call();
    twilio.start_call(other_call);
    auto elsewhere = subscription();
    elsewhere.call_sid = other_call;
    auto const created = sent(twilio, subscription("key"));
    REQUIRE(sent(twilio, elsewhere));
    REQUIRE(sent(twilio, subscription()));
    REQUIRE(sent(twilio, elsewhere));
    REQUIRE(sent(twilio, message("1")));
    twilio.end_call(call);
    REQUIRE(twilio.subscriptions().size() == 2);
    for (auto const& one : twilio.subscriptions()) CHECK(one.call_sid == other_call);
    CHECK(twilio.client_sends(call, "1").empty());
    CHECK(sent(twilio, message("1")).error().http_status() == 404);
    CHECK(sent(twilio, subscription("key")).error().http_status() == 404);
    CHECK(sent(twilio, sidecall::delete_user_defined_message_subscription{account, call, created->sid})
              .error()
              .http_status() == 404);
    CHECK(twilio.messages(call).size() == 1);
    twilio.start_call(call); // has no effect
    CHECK(sent(twilio, message("1")).error().http_status() == 404);

    auto const never_started = "CA0000000000000000000000000000000a"_call_sid;
    twilio.end_call(never_started);
    twilio.start_call(never_started);
    auto late = message("1");
    late.call_sid = never_started;
    CHECK(sent(twilio, late).error().http_status() == 404);
    CHECK(twilio.client_sends(other_call, "1").size() == 2);
}

TEST_CASE("each scripted outcome: what the server gets, and whether Twilio acts")
{
    struct example {
        fake_outcome outcome;
        std::string_view error; // empty: success
        bool acts;
    };
    auto const created =
        sidecall::http_response{.status = 201, .body = R"({"sid":"KXffffffffffffffffffffffffffffffff"})"};
    example const rows[] = {
        {fake_outcome::answer(created), "", false},
        {fake_outcome::answer(created).after_effect(), "", true},
        {fake_outcome::answer({.status = 302}), "unexpected_status: HTTP 302: the status is not the documented one",
         false},
        {fake_outcome::error(429, {{"Retry-After", "2"}}),
         "api_error: HTTP 429: Too Many Requests (Twilio 20429, https://www.twilio.com/docs/errors/20429, retry after "
         "seconds 2)",
         false},
        {fake_outcome::error(503).after_effect(),
         "api_error: HTTP 503: Service unavailable (Twilio 20503, https://www.twilio.com/docs/errors/20503)", true},
        {fake_outcome::fail(errc::not_connected), "not_connected: no connection; nothing was sent", false},
        {fake_outcome::fail(sidecall::failure(errc::tls_failure, "expired", 60)), "tls_failure: expired (code 60)",
         false},
        {fake_outcome::lose_answer(),
         "answer_lost: the connection ended before the complete response; Twilio may have carried out the request",
         true},
    };
    for (auto const& row : rows) {
        CAPTURE(row.error);
        auto twilio = twilio_with_call();
        twilio.next(row.outcome);
        auto const said = sent(twilio, message("1"));
        CHECK((said ? "" : said.error().to_string()) == row.error);
        CHECK(twilio.messages(call).size() == (row.acts ? 1 : 0));
        auto const& recorded = twilio.requests().back();
        CHECK(recorded.took_effect == row.acts);
        CHECK(recorded.status.has_value() != recorded.failure_code.has_value());
        if (said) CHECK(said->sid == "KXffffffffffffffffffffffffffffffff"_message_sid);
        REQUIRE(sent(twilio, message("2"))); // only the next request
        CHECK(twilio.messages(call).size() == (row.acts ? 2 : 1));
    }
}

TEST_CASE("scripted outcomes apply in order, count requests and select them")
{
    auto twilio = twilio_with_call();
    auto const status = [&](auto const& operation) {
        auto const outcome = sent(twilio, operation);
        return outcome ? 0 : *outcome.error().http_status();
    };
    sidecall::delete_user_defined_message_subscription const deletion{
        account, call, "ZY00000000000000000000000000000001"_subscription_sid};
    twilio.next_if(is_a(http_method::delete_), fake_outcome::error(500), 2);
    twilio.next(fake_outcome::error(501));
    twilio.next(fake_outcome::error(502), 0);
    twilio.next_if(
        [text = std::string("\"chosen\"")](recorded_request const& r) { return r.parameter("Content") == text; },
        fake_outcome::error(503));
    twilio.next(fake_outcome::error(504), 2);
    CHECK(status(deletion) == 500);
    CHECK(status(message("1")) == 501);
    CHECK(status(message("1")) == 504);
    CHECK(status(message("\"chosen\"")) == 503);
    CHECK(status(deletion) == 500);
    CHECK(status(deletion) == 504);
    CHECK(status(deletion) == 404);
    CHECK(status(message("\"chosen\"")) == 0);

    // Even with wrong credentials, but not for a request that does not arrive.
    twilio.next(fake_outcome::error(418));
    auto const wrong = sidecall::credentials::auth_token(account, secret("wrong"));
    CHECK(sidecall::send(message("1"), wrong, twilio, *sidecall::endpoint::region("ie1")).error().code() ==
          errc::not_connected);
    CHECK(sidecall::send(message("1"), wrong, twilio).error().http_status() == 418);
    CHECK(twilio.requests().back().is_authenticated == false);
}

TEST_CASE("the asynchronous transport answers at once, or in any order when told")
{
    auto twilio = twilio_with_call();
    std::vector<std::string> done;
    auto const say = [&](std::string content) {
        auto handler = [&done, content, owner = std::make_unique<int>()](auto outcome) {
            done.push_back(content + (outcome ? "" : ' ' + std::string(to_string_view(outcome.error().code()))));
        };
        sidecall::send(message(content), right(), twilio, std::move(handler));
    };
    using list = std::vector<std::string>;
    say("0");
    CHECK(done == list{"0"});
    CHECK(twilio.held_answers() == 0);

    twilio.hold_answers();
    for (char const* content : {"1", "2", "3", "4"}) say(content);
    CHECK(done == list{"0"});
    CHECK(twilio.held_answers() == 4);
    CHECK(twilio.messages(call).size() == 5); // they have taken effect
    CHECK(twilio.answer_held(1));
    CHECK(twilio.answer_held(1));
    CHECK(twilio.answer_held());
    CHECK(!twilio.answer_held(1));
    CHECK(done == list{"0", "2", "3", "1"});
    twilio.hold_answers(false);
    say("5");
    CHECK(twilio.held_answers() == 1);
    twilio.answer_all();
    CHECK(done == list{"0", "2", "3", "1", "5", "4"});
    CHECK(!twilio.answer_held());

    // Those that are left are cancelled, once.
    twilio.hold_answers();
    say("6");
    {
        auto const copy = twilio;
        CHECK(copy.held_answers() == 0);
        auto moved = std::move(twilio);
        CHECK(moved.held_answers() == 1);
        CHECK(done.size() == 6);
        twilio = std::move(moved);
    }
    CHECK(done.size() == 6);
    say("7");
    twilio = twilio_with_call();
    CHECK(list(done.begin() + 6, done.end()) == list{"6 cancelled", "7 cancelled"});
}

TEST_CASE("a handler may send further requests, which answer_all leaves")
{
    auto twilio = twilio_with_call();
    twilio.hold_answers();
    int done = 0;
    auto handler = [&](auto const&) {
        ++done;
        sidecall::send(message("2"), right(), twilio, [&](auto const&) { ++done; });
    };
    sidecall::send(message("1"), right(), twilio, handler);
    sidecall::send(message("1"), right(), twilio, handler);
    twilio.answer_all();
    CHECK(done == 2);
    CHECK(twilio.held_answers() == 2);
    twilio.answer_all();
    CHECK(done == 4);
}

TEST_CASE("a copy is independent")
{
    auto twilio = twilio_with_call();
    REQUIRE(sent(twilio, subscription()));
    std::string const chosen(40, '1');
    twilio.next_if([chosen](recorded_request const& r) { return r.parameter("Content") == chosen; },
                   fake_outcome::error(500));
    auto copy = std::make_unique<fake_twilio>(twilio);
    CHECK(sent(twilio, message(chosen)).error().http_status() == 500);
    CHECK(sent(twilio, message(chosen)));
    CHECK(sent(*copy, message(chosen)).error().http_status() == 500);
    copy->end_call(call);
    copy->advance(sidecall::milliseconds(1));
    CHECK(twilio.subscriptions().size() == 1);
    CHECK(twilio.unix_time() != copy->unix_time());
    CHECK(copy->messages(call).empty());
    CHECK(copy->requests().size() == 2);
    CHECK(twilio.requests().size() == 3);
    twilio = *copy;
    copy.reset();
    CHECK(sent(twilio, message("1")).error().http_status() == 404);
    auto moved = std::move(twilio);
    CHECK(sent(moved, message("1")).error().http_status() == 404);
    twilio = twilio_with_call();
    CHECK(sent(twilio, message("1")));
}

TEST_CASE("the same calls have the same results")
{
    auto const run = [] {
        auto twilio = twilio_with_call();
        REQUIRE(sent(twilio, subscription()));
        auto const webhooks = twilio.client_sends(call, "1");
        REQUIRE(sent(twilio, message("2")));
        return std::pair(webhooks, twilio.machine().random());
    };
    CHECK(run() == run());
}

TEST_CASE("its machine waits without real time and counts every wait")
{
    auto twilio = twilio_with_call();
    auto clock = twilio.machine();
    auto const start = clock.uptime();
    twilio.next(fake_outcome::error(503), 2);
    twilio.next(fake_outcome::lose_answer());
    twilio.next(fake_outcome::error(429, {{"Retry-After", "Wed, 01 Jan 2020 00:00:40 GMT"}}));
    auto const said =
        sidecall::send_with_retry(message("1", "key"), right(), twilio, {}, clock, sidecall::endpoint::twilio(), clock);
    REQUIRE(said);
    CHECK(twilio.messages(call).size() == 1);
    CHECK(twilio.requests().size() == 5);
    CHECK(twilio.unix_time().count == 1'577'836'840'000);
    CHECK(clock.uptime().count - start.count == 40'000);

    twilio.set_time(sidecall::milliseconds(5));
    CHECK(clock.unix_time().count == 5);
    CHECK(clock.uptime().count - start.count == 40'000);
    clock(sidecall::milliseconds(-7));
    CHECK(clock.unix_time().count == 5);
    twilio.advance(sidecall::milliseconds(INT64_MAX));
    CHECK(clock.unix_time().count == INT64_MAX);
    CHECK((*sent(twilio, message("1"))).date_created->unix_seconds == 253'402'300'799);

    // Until the deadline.
    auto later = twilio_with_call();
    later.next(fake_outcome::error(503), 1000);
    auto const late = later.machine();
    auto const failed = sidecall::send_with_retry(message("1", "key"), right(), later,
                                                  {.deadline = sidecall::milliseconds(60'000), .max_attempts = 0}, late,
                                                  sidecall::endpoint::twilio(), late);
    CHECK(failed.error().http_status() == 503);
    CHECK(late.uptime().count < 60'000);
    CHECK(late.uptime().count > 20'000);

    std::set<std::uint64_t> numbers;
    for (int i = 0; i != 1000; ++i) numbers.insert(late.random());
    CHECK(numbers.size() == 1000);
}

TEST_CASE("the asynchronous retries wait on its machine")
{
    auto twilio = twilio_with_call();
    auto clock = twilio.machine();
    twilio.next(fake_outcome::error(503), 3);
    int done = 0;
    sidecall::send_with_retry(
        message("1", "key"), right(), twilio, {}, clock, [&](auto const& outcome) { done += outcome ? 1 : 100; },
        sidecall::endpoint::twilio(), clock);
    CHECK(done == 1);
    CHECK(twilio.requests().size() == 4);
    CHECK(clock.uptime().count > 0);
}

TEST_CASE("a whole conversation, with lost answers, late and repeated messages")
{
    auto twilio = twilio_with_call();
    auto clock = twilio.machine();
    auto const retried = [&](auto const& operation) {
        return sidecall::send_with_retry(operation, right(), twilio, {}, clock, sidecall::endpoint::twilio(), clock);
    };
    twilio.next_if(is_a(http_method::post), fake_outcome::lose_answer());
    twilio.next_if(is_a(http_method::post), fake_outcome::fail(errc::not_connected));
    auto const subscribed = retried(subscription("subscribe"));
    REQUIRE(subscribed);
    REQUIRE(twilio.subscriptions().size() == 1);

    sidecall::webhook_verifier const verifier{secret(token)};
    for (std::uint64_t seed = 0; seed != 20; ++seed) {
        auto conversation = twilio;
        std::vector<signed_webhook> webhooks;
        for (int i = 0; i != 6; ++i)
            for (auto const& one : conversation.client_sends(call, std::to_string(i))) webhooks.push_back(one);
        auto const again = webhooks; // each one arrives twice
        webhooks.insert(webhooks.end(), again.begin(), again.end());
        sidecall::message_sequencer sequencer{{.first = 0}};
        conversation.next_if(is_a(http_method::post), fake_outcome::lose_answer(), 3);
        auto time = conversation.machine();
        for (auto const& webhook : shuffled(webhooks, seed)) {
            auto received = verifier.receive(webhook);
            REQUIRE(received);
            static_cast<void>((sequencer.accept)(*std::move(received), [&](sidecall::sequenced_message&& next) {
                std::string const content(next.message.content());
                REQUIRE(sidecall::send_with_retry(message(content, content), right(), conversation, {}, time,
                                                  sidecall::endpoint::twilio(), time));
            }));
        }
        std::string answered;
        for (auto const& one : conversation.messages(call)) answered += one.content;
        CHECK(answered == "012345");
    }

    twilio.next_if(is_a(http_method::delete_), fake_outcome::lose_answer());
    CHECK(retried(sidecall::delete_user_defined_message_subscription{account, call, subscribed->sid}));
    CHECK(twilio.client_sends(call, "1").empty());
}

TEST_CASE("shuffles every element to every place, by the seed alone")
{
    std::vector<signed_webhook> webhooks(4);
    for (std::size_t i = 0; i != 4; ++i) webhooks[i].url = std::to_string(i);
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed != 1000; ++seed) {
        std::string order;
        for (auto const& one : sidecall::shuffled(webhooks, seed)) order += one.url;
        orders.insert(order);
    }
    CHECK(orders.size() == 24);
    CHECK(sidecall::shuffled(webhooks, 7) == sidecall::shuffled(webhooks, 7));
    CHECK(sidecall::shuffled({}, 7).empty());
}

TEST_CASE("records each request without its credential, and prints it in lines")
{
    auto twilio = twilio_with_call();
    REQUIRE(sent(twilio, message(R"({"say":"a\\b"})", "key\n\xE2\x80\xAE")));
    REQUIRE(twilio.requests().size() == 1);
    recorded_request const& recorded = twilio.requests()[0];
    CHECK(recorded.method == http_method::post);
    CHECK(recorded.target() == messages_path);
    CHECK(recorded.find_header("user-agent") == "sidecall/0.1.0");
    CHECK(!recorded.find_header("Authorization"));
    CHECK(recorded.credential_scheme == "Basic");
    CHECK(recorded.is_authenticated);
    CHECK(recorded.parameter("Content") == R"({"say":"a\\b"})");
    CHECK(recorded.parameter("IdempotencyKey") == "key\n\xE2\x80\xAE");
    CHECK(!recorded.parameter("Callback"));
    CHECK(recorded.parameters().size() == 2);
    CHECK(recorded.status == 201);
    std::string const printed = to_string(recorded);
    CHECK(printed == "POST https://api.twilio.com" + std::string(messages_path) +
                         "\nAccept: application/json\nAccept-Charset: utf-8\n"
                         "Content-Type: application/x-www-form-urlencoded\nUser-Agent: sidecall/0.1.0\n"
                         "Authorization: Basic (right)\n\n"
                         "Content={\"say\":\"a\\\\\\\\b\"}\nIdempotencyKey=key\\x0a\\xe2\\x80\\xae\n\n"
                         "201 (took effect)\n");

    auto const wrong = *sidecall::credentials::bearer(secret("a.secret"));
    twilio.next(fake_outcome::fail(errc::timed_out));
    auto const request = *sidecall::authorize(parts_of_request<http_method::get>{"/a?b", {}}, wrong);
    CHECK(!twilio(request));
    CHECK(twilio.requests()[1].parameters().empty());
    std::string const other = to_string(twilio.requests()[1]);
    CHECK(other.find("secret") == other.npos);
    CHECK(other.substr(0, 31) == "GET https://api.twilio.com/a?b\n");
    CHECK(other.substr(other.find("Auth")) == "Authorization: Bearer (wrong)\n\ntimed_out\n");
    CHECK(printed.find(token) == printed.npos);
    twilio.clear_requests();
    CHECK(twilio.requests().empty());

    recorded_request const raw{.url = "https://a.b", .body = "\x7F\xFF x"};
    CHECK(raw.target() == "");
    CHECK(to_string(raw) == "GET https://a.b\n\n\\x7f\\xff x\n\n\n");
}

} // namespace fake_twilio_test
