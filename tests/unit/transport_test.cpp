#include <sidecall/json.hpp>
#include <sidecall/sidecall.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace transport_test {

namespace {

using namespace sidecall::literals;
using sidecall::authorized_request;
using sidecall::credentials;
using sidecall::endpoint;
using sidecall::errc;
using sidecall::failure;
using sidecall::http_request;
using sidecall::http_response;
using sidecall::http_response_view;
using sidecall::result;
using sidecall::secret;
using sidecall::transport;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
std::string const created = R"({"sid":"ZY00000000000000000000000000000003"})";

credentials some_credentials()
{
    return credentials::auth_token(account, secret("token"));
}

sidecall::create_user_defined_message_subscription subscription()
{
    return {.account_sid = account, .call_sid = call, .callback = "https://example.com/udm"_callback_url};
}

/// A transport that always returns the same response.
auto canned(int status, std::string body = {})
{
    return [status, body = std::move(body)](authorized_request const&) -> result<http_response> {
        return http_response{.status = status, .body = body};
    };
}

result<http_response> answer_201(authorized_request const&)
{
    return http_response{.status = 201, .body = created};
}

/// A caller's own operation, which reads an account's friendly name.
struct fetch_account {
    sidecall::account_sid account_sid;

    using resource = std::string;

    static constexpr auto request_method = sidecall::http_method::get;

    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account_sid).path(".json");
    }
    result<std::string> parse(http_response_view const& response) const
    {
        if (response.status != 200) return failure_of(response);
        return std::string(response.body);
    }
};

// Types that are operations, and types that almost are.
struct written {
    static constexpr auto request_method = sidecall::http_method::get;
    template <class Request>
    void write(Request&) const;
};
struct without_resource : written {
    static result<void> parse(http_response_view const&);
};
struct with_another_resource : written {
    using resource = int;
    static result<void> parse(http_response_view const&);
};
struct with_a_bare_resource : written {
    using resource = int;
    static int parse(http_response_view const&);
};
struct without_parse : written {
    using resource = void;
};
struct parsed {
    using resource = void;
    static result<void> parse(http_response_view const&);
};
struct without_method : parsed {
    template <class Request>
    void write(Request&) const;
};
struct with_a_variable_method : without_method {
    sidecall::http_method request_method;
};
struct without_write : parsed {
    static constexpr auto request_method = sidecall::http_method::get;
};
struct with_a_write_that_changes_it : without_write {
    template <class Request>
    void write(Request&);
};
struct with_a_parse_that_changes_it : written {
    using resource = void;
    result<void> parse(http_response_view const&);
};
struct complete : written, parsed {};
static_assert(sidecall::operation<complete>);
static_assert(!sidecall::operation<without_parse> && !sidecall::operation<without_method>);
static_assert(!sidecall::operation<with_a_variable_method> && !sidecall::operation<without_write>);
static_assert(!sidecall::operation<with_a_write_that_changes_it> && !sidecall::operation<with_a_parse_that_changes_it>);
static_assert(sidecall::operation<fetch_account>);
static_assert(sidecall::operation<sidecall::create_user_defined_message>);
static_assert(!sidecall::operation<without_resource> && !sidecall::operation<with_another_resource>);
static_assert(!sidecall::operation<with_a_bare_resource> && !sidecall::operation<int>);
static_assert(!sidecall::operation<http_request>);

// Types that are transports, and types that are not.
template <class Answer, class... Arguments>
using function = Answer (*)(Arguments...);
static_assert(transport<function<result<http_response>, authorized_request const&>>);
static_assert(transport<function<http_response, authorized_request const&>>); // always gets a response
static_assert(transport<function<failure, authorized_request const&>>);       // never gets one
static_assert(transport<decltype(canned(201))> && transport<decltype(canned(201)) const>);
static_assert(transport<decltype(answer_201)>);
static_assert(transport<std::function<result<http_response>(authorized_request const&)>>);
static_assert(!transport<int> && !transport<void*>);
static_assert(!transport<function<void, authorized_request const&>>);
static_assert(!transport<function<int, authorized_request const&>>);
static_assert(!transport<function<std::string, authorized_request const&>>);
static_assert(!transport<function<http_response_view, authorized_request const&>>); // nothing would own the bytes
static_assert(!transport<function<result<std::string>, authorized_request const&>>);
static_assert(!transport<function<result<http_response>>>);
static_assert(!transport<function<result<http_response>, authorized_request const&, int>>);
static_assert(!transport<function<result<http_response>, authorized_request&>>);
static_assert(!transport<function<result<http_response>, authorized_request&&>>);
static_assert(!transport<function<result<http_response>, authorized_request>>);  // would need a copy of the request
static_assert(!transport<function<result<http_response>, http_request const&>>); // would lose the credential
static_assert(!transport<function<result<http_response>, std::string_view>>);

struct counting {
    int calls = 0;
    result<http_response> operator()(authorized_request const&)
    {
        ++calls;
        return http_response{.status = 201, .body = created};
    }
};
static_assert(transport<counting> && !transport<counting const>);

template <class Operation, class Transport>
concept can_send = requires(Operation const& what, credentials const& who, Transport&& sender) {
    send(what, who, std::forward<Transport>(sender));
};
static_assert(can_send<fetch_account, counting&> && can_send<fetch_account, counting>);
static_assert(!can_send<fetch_account, counting const&> && !can_send<int, counting&> && !can_send<fetch_account, int>);

} // namespace

TEST_CASE("a failure of an operation's own parse has the status and the request id of the response")
{
    struct own : fetch_account {
        static result<std::string> parse(http_response_view const& response)
        {
            auto const object = sidecall::json_object::parse(response.body);
            return object ? (*object)["sid"].to_string() : object.error();
        }
    };
    auto const transport = [](authorized_request const&) -> result<http_response> {
        return http_response{.status = 200, .headers = {{"Twilio-Request-Id", "RQ1"}}, .body = R"({"sid":1})"};
    };
    own const operation{{account}};
    auto const outcome = send(operation, some_credentials(), transport);
    CHECK(outcome.error().to_string() == "malformed_response: HTTP 200: sid: not a string (byte 7, request RQ1)");
    auto const as_view = [](authorized_request const&) -> result<http_response_view> {
        return http_response_view{.status = 200, .body = R"({"sid":1})"};
    };
    CHECK(send(operation, some_credentials(), as_view).error().to_string() ==
          "malformed_response: HTTP 200: sid: not a string (byte 7)");
    auto const fails = [](authorized_request const&) -> result<http_response> { return failure(errc::timed_out); };
    CHECK(!send(operation, some_credentials(), fails).error().http_status());
}

TEST_CASE("send makes the request, authorizes it, calls the transport and parses the response")
{
    auto const operation = subscription();
    auto const who = some_credentials();
    auto const where = *endpoint::parse("http://localhost:8080");
    int calls = 0;
    auto const made = send(
        operation, who,
        [&](authorized_request const& request) -> result<http_response> {
            ++calls;
            auto const expected = authorize(operation.request(where), who);
            CHECK(request.method() == expected.method());
            CHECK(request.url() == expected.url());
            CHECK(request.body() == expected.body());
            CHECK(request.headers().text() == expected.headers().text());
            return http_response{.status = 201, .body = created};
        },
        where);
    CHECK(calls == 1);
    REQUIRE(made.has_value());
    CHECK(made->sid.view() == "ZY00000000000000000000000000000003");

    send(operation, who, [&](authorized_request const& request) {
        CHECK(request.url() == lasting(operation.request()).url()); // Twilio by default
        return http_response{.status = 201, .body = created};
    }).value();
}

TEST_CASE("a transport can be any kind of callable")
{
    auto const operation = subscription();
    auto const who = some_credentials();

    auto lvalue = canned(201, created);
    CHECK(send(operation, who, lvalue).has_value());
    auto const constant = canned(201, created);
    CHECK(send(operation, who, constant).has_value());
    CHECK(send(operation, who, canned(201, created)).has_value());
    CHECK(send(operation, who, answer_201).has_value());
    CHECK(send(operation, who, &answer_201).has_value());
    std::function<result<http_response>(authorized_request const&)> const erased = answer_201;
    CHECK(send(operation, who, erased).has_value());
    CHECK(send(operation, who, std::cref(constant)).has_value());

    counting counter;
    CHECK(send(operation, who, counter).has_value());
    CHECK(send(operation, who, counter).has_value());
    CHECK(send(operation, who, std::ref(counter)).has_value());
    CHECK(counter.calls == 3); // not a copy of the transport
    CHECK(send(operation, who, counting()).has_value());

    auto move_only = [body = std::make_unique<std::string>(created)](authorized_request const&) {
        return http_response{.status = 201, .body = *body};
    };
    CHECK(send(operation, who, move_only).has_value());
    CHECK(send(operation, who, std::move(move_only)).has_value());

    int calls = 0;
    auto generic = [calls](auto const& request) mutable -> result<http_response> {
        CHECK(!request.url().empty());
        return http_response{.status = ++calls == 1 ? 201 : 500, .body = created};
    };
    CHECK(send(operation, who, generic).has_value());
    CHECK(send(operation, who, generic).error().http_status() == 500);
}

TEST_CASE("send returns the transport's failure")
{
    auto const who = some_credentials();
    for (errc code : {errc::transport_failure, errc::not_connected, errc::tls_failure, errc::timed_out,
                      errc::answer_lost, errc::answer_too_large}) {
        auto const made = send(subscription(), who, [code](authorized_request const&) -> result<http_response> {
            return failure(code, "the wire broke", 7);
        });
        REQUIRE(!made);
        CHECK(made.error().code() == code);
        CHECK(made.error().message() == "the wire broke");
        CHECK(made.error().native_code() == 7);
        CHECK(!made.error().http_status());
    }
    CHECK(
        send(subscription(), who, [](authorized_request const&) { return failure(errc::timed_out); }).error().code() ==
        errc::timed_out);
}

TEST_CASE("header fields of the response appear in the failure")
{
    auto const made = send(subscription(), some_credentials(), [](authorized_request const&) {
        return http_response{.status = 429,
                             .headers = {{"Twilio-Request-Id", "RQ1"}, {"Retry-After", "2"}},
                             .body = R"({"code":20429,"message":"Too Many Requests"})"};
    });
    REQUIRE(!made);
    CHECK(made.error().to_string() ==
          "api_error: HTTP 429: Too Many Requests (Twilio 20429, request RQ1, retry after seconds 2)");
}

TEST_CASE("a caller's own operation is sent like any other")
{
    fetch_account const operation{account};
    std::string seen;
    auto const name = send(operation, some_credentials(), [&](authorized_request const& request) {
        seen = std::string(to_string_view(request.method())) + " " + std::string(request.url());
        return http_response{.status = 200, .body = "a name"};
    });
    CHECK(seen == "GET https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001.json");
    CHECK(*name == "a name");
    CHECK(send(operation, some_credentials(), canned(302)).error().code() == errc::unexpected_status);
}

TEST_CASE("an operation without a resource returns success or a failure")
{
    sidecall::delete_user_defined_message_subscription const operation{
        account, call, "ZY00000000000000000000000000000003"_subscription_sid};
    result<void> const done = send(operation, some_credentials(), canned(204));
    CHECK(done.has_value());
    CHECK(send(operation, some_credentials(), canned(200)).error().code() == errc::unexpected_status);
    CHECK(send(operation, some_credentials(), canned(404, R"({"code":20404,"message":"m"})")).error().twilio_code() ==
          20404);
}

namespace {

/// A beginner's program: takes three texts, and returns a subscription or a failure.
template <class Transport>
result<sidecall::user_defined_message_subscription> subscribe(std::string_view account_text, std::string_view url,
                                                              Transport&& sender)
{
    auto who_asks = sidecall::account_sid::parse(account_text);
    if (!who_asks) return who_asks.error();
    auto callback = sidecall::callback_url::parse(url);
    if (!callback) return callback.error();
    sidecall::create_user_defined_message_subscription const operation{
        .account_sid = *who_asks, .call_sid = call, .callback = *callback};
    return send(operation, some_credentials(), sender);
}

} // namespace

TEST_CASE("six different mistakes give six different, clear failures")
{
    constexpr std::string_view url = "https://example.com/udm";
    auto const good = canned(201, created);
    auto const no_transport = [](authorized_request const&) -> result<http_response> {
        FAIL("an invalid argument must not reach the transport");
        return failure(errc::transport_failure);
    };
    REQUIRE(subscribe(account.view(), url, good).has_value());

    std::vector<std::string> const failures = {
        subscribe("AC0000000000000000000000000000000", url, no_transport).error().to_string(),
        subscribe(account.view(), "https://my_host.example.com/udm", no_transport).error().to_string(),
        subscribe(account.view(), "https://example.com/udm?q=100%", no_transport).error().to_string(),
        subscribe(account.view(), url, canned(302)).error().to_string(),
        subscribe(account.view(), url, canned(502, "<html><h1>Bad Gateway</h1></html>")).error().to_string(),
        subscribe(account.view(), url, canned(201, created.substr(0, 20))).error().to_string(),
    };
    CHECK(failures[0] == "invalid_argument: AccountSid: shorter than 34 characters (byte 33)");
    CHECK(failures[1] == "invalid_argument: Callback: '_' is not allowed in a hostname (byte 10)");
    CHECK(failures[2] == "invalid_argument: Callback: '%' without two hexadecimal digits (byte 29)");
    CHECK(failures[3] == "unexpected_status: HTTP 302: the status is not the documented one");
    CHECK(failures[4] == "unexpected_status: HTTP 502: the status is not the documented one");
    CHECK(failures[5] == "malformed_response: HTTP 201: the text ends too early (byte 20)");
    CHECK(std::set<std::string>(failures.begin(), failures.end()).size() == failures.size());
}

TEST_CASE("no failure contains the credential or an argument")
{
    auto const who = credentials::auth_token(account, secret("SECRET-TOKEN"));
    auto const all = [&](auto const& sender) { return send(subscription(), who, sender).error().to_string(); };
    for (std::string const& text :
         {all(canned(401, R"({"code":20003,"message":"Authenticate"})")), all(canned(500)), all(canned(201, "{}")),
          subscribe("SECRET-TOKEN", "x", canned(201)).error().to_string(),
          subscribe(account.view(), "https://user:SECRET-TOKEN@bad_host/", canned(201)).error().to_string(),
          credentials::bearer(secret("SECRET-TOKEN!")).error().to_string()}) {
        CAPTURE(text);
        CHECK(text.find("SECRET") == std::string::npos);
        CHECK(text.find("Basic") == std::string::npos);
    }
}

TEST_CASE("a transport may take its request as auto&")
{
    auto const who = credentials::auth_token(account, secret("token"));
    auto const sender = [](auto& request) -> result<http_response> {
        return http_response{.status = request.body().empty() ? 500 : 201,
                             .body = R"({"sid":"ZY00000000000000000000000000000003"})"};
    };
    CHECK(send(subscription(), who, sender));
}

namespace {

/// Keeps the requests until it is told to respond.
class patient {
public:
    template <class Handler>
    int operator()(authorized_request request, Handler handler)
    {
        static_assert(!std::is_copy_constructible_v<Handler>);
        auto kept = std::make_shared<std::pair<authorized_request, Handler>>(std::move(request), std::move(handler));
        work_.push_back([kept](result<http_response> answer) { kept->second(std::move(answer)); });
        seen.emplace_back(kept->first.url());
        return static_cast<int>(work_.size());
    }
    void answer(std::size_t which, result<http_response> with) { work_[which](std::move(with)); }

    std::vector<std::string> seen;

private:
    std::vector<std::function<void(result<http_response>)>> work_;
};
static_assert(sidecall::async_transport<patient>);
static_assert(!transport<patient>);
static_assert(!sidecall::async_transport<decltype(&answer_201)>);

} // namespace

TEST_CASE("with callbacks, each response reaches its own handler once, in any order")
{
    patient sender;
    std::string failures;
    int const first = send(
        subscription(), some_credentials(), sender,
        [&, only_moves = std::make_unique<int>(1)](result<sidecall::user_defined_message_subscription> made) mutable {
            failures += "made " + std::string(made->sid.view().substr(31)) + '\n';
        });
    int const second = send(
        fetch_account{account}, some_credentials(), sender,
        [&](result<std::string> const& name) { failures += name ? *name + '\n' : name.error().to_string() + '\n'; },
        *endpoint::parse("https://twilio.example"));
    send(sidecall::delete_user_defined_message_subscription{account, call,
                                                            "ZY00000000000000000000000000000003"_subscription_sid},
         some_credentials(), sender, [&](auto done) { failures += done.error().to_string() + '\n'; });
    CHECK(first == 1);
    CHECK(second == 2);
    CHECK(failures.empty());
    CHECK(sender.seen[1] == "https://twilio.example/2010-04-01/Accounts/AC00000000000000000000000000000001.json");

    sender.answer(1, http_response{.status = 200, .body = "a name"});
    sender.answer(2, failure(errc::cancelled));
    sender.answer(0, http_response{.status = 201, .body = created});
    CHECK(failures == "a name\ncancelled: cancelled before the response; Twilio may have carried out the request\n"
                      "made 003\n");
}

// A transport can keep the completion of an operation in a container.
using completion =
    sidecall::detail::completion<sidecall::create_user_defined_message, sidecall::detail::handler_archetype>;
static_assert(std::is_nothrow_move_constructible_v<completion> && std::is_nothrow_move_assignable_v<completion>);

static_assert(sidecall::detail::refers_to_answer<sidecall::create_user_defined_message_subscription_view>);
static_assert(!sidecall::detail::refers_to_answer<sidecall::create_user_defined_message_subscription>);
static_assert(!sidecall::detail::refers_to_answer<sidecall::create_user_defined_message_view>);

TEST_CASE("the result of a view operation refers to the response, which stays valid until the handler returns")
{
    sidecall::create_user_defined_message_subscription_view const operation{
        .account_sid = account, .call_sid = call, .callback = "https://example.com/udm"_callback_url};
    int calls = 0;
    auto const handler = [&](result<sidecall::user_defined_message_subscription_view> made) {
        ++calls;
        CHECK(made->uri == "/here");
    };
    std::string const body = R"({"sid":"ZY00000000000000000000000000000003","uri":"/here"})";
    send(
        operation, some_credentials(),
        [&](authorized_request, auto complete) {
            complete(result<http_response>(http_response{.status = 201, .body = body}));
        },
        handler);
    send(
        operation, some_credentials(),
        [&](authorized_request, auto complete) {
            complete(result<http_response_view>({.status = 201, .headers = {}, .body = body}));
        },
        handler);
    CHECK(calls == 2);
}

TEST_CASE("a clone is the same request, and its credential is wiped, too")
{
    auto request = std::make_unique<authorized_request>(authorize(subscription().request(), some_credentials()));
    std::string const wire(lasting(request->to_http1()).reveal());
    auto const clone = request->clone();
    request.reset();
    CHECK(lasting(clone.to_http1()).reveal() == wire);
}

} // namespace transport_test
