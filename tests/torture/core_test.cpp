// Lets each allocation of each operation of the core fail once. The call then throws std::bad_alloc or succeeds,
// nothing leaks, and the same call succeeds afterwards.

#include "torture.hpp"

#include <sidecall/ordered.hpp>
#include <sidecall/sidecall.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace sidecall::literals;
using sidecall::errc;
using sidecall::http_response;
using torture::run_call;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr auto subscription = "ZY00000000000000000000000000000003"_subscription_sid;
std::string const token = "a-token-that-nobody-may-see";
std::string const long_text(300, 'x');
std::string const long_url = "https://example.com/" + long_text;
std::string const long_json = '"' + long_text + '"';

sidecall::credentials who()
{
    return sidecall::credentials::auth_token(account, sidecall::secret(token));
}

sidecall::create_user_defined_message_subscription subscribe()
{
    return {.account_sid = account,
            .call_sid = call,
            .callback = sidecall::callback_url::parse(long_url).value(),
            .idempotency_key = sidecall::idempotency_key::parse(long_text).value()};
}

sidecall::create_user_defined_message message()
{
    return {.account_sid = account,
            .call_sid = call,
            .content = sidecall::message_content::parse(long_json).value(),
            .idempotency_key = sidecall::idempotency_key::parse(long_text).value()};
}

http_response created()
{
    return {
        .status = 201,
        .headers = {{"Content-Type", "application/json"}},
        .body =
            R"({"account_sid":"AC00000000000000000000000000000001","call_sid":"CA00000000000000000000000000000002",)"
            R"("sid":"ZY00000000000000000000000000000003","date_created":"Wed, 18 Dec 2019 20:02:01 +0000",)"
            R"("uri":"/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/)" +
            long_text + R"("})"};
}

http_response message_created()
{
    return {.status = 201,
            .body = R"({"sid":"KX00000000000000000000000000000004","date_created":"Wed, 18 Dec 2019 20:02:01 +0000"})"};
}

http_response error(int status)
{
    return {.status = status,
            .headers = {{"Twilio-Request-Id", "RQ00000000000000000000000000000005"}, {"Retry-After", "1"}},
            .body = R"({"code":20404,"message":")" + long_text + R"(","more_info":"https://www.twilio.com/)" +
                    long_text + R"(","status":404})"};
}

std::string base64(unsigned char const* bytes, int size)
{
    std::string text(static_cast<std::size_t>((size + 2) / 3 * 4) + 1, '\0');
    text.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, size)));
    return text;
}

std::string sign(std::string const& text)
{
    unsigned char code[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha1(), token.data(), static_cast<int>(token.size()), reinterpret_cast<unsigned char const*>(text.data()),
         text.size(), code, &size);
    return base64(code, static_cast<int>(size));
}

/// A webhook request that owns its texts.
struct webhook {
    std::string method = "POST", url = "https://example.com/udm", type = {}, body = {}, signature = {};

    sidecall::webhook_request view() const
    {
        return {.method = method, .url = url, .content_type = type, .signature = signature, .body = body};
    }
};

std::vector<std::pair<std::string, std::string>> parameters(int number)
{
    std::string const digits = std::to_string(1000 + number);
    return {{"AccountSid", "AC00000000000000000000000000000001"},
            {"CallSid", "CA00000000000000000000000000000002"},
            {"Content", "{}"},
            {"ContentType", "application/json"},
            {"SequenceNumber", std::to_string(number)},
            {"Sid", "KX0000000000000000000000000000" + digits},
            {"Timestamp", "Wed%2C+18+Dec+2019+20%3A02%3A01+%2B0000"}};
}

webhook form(int number = 0)
{
    webhook made{.type = "application/x-www-form-urlencoded"};
    std::string text = made.url;
    for (auto const& [name, value] : parameters(number)) {
        made.body += (made.body.empty() ? "" : "&") + name + '=' + value;
        text += name + (name == "Timestamp" ? "Wed, 18 Dec 2019 20:02:01 +0000" : value);
    }
    made.signature = sign(text);
    return made;
}

webhook get()
{
    webhook made{.method = "GET"};
    made.url += '?' + form().body;
    made.signature = sign(made.url);
    return made;
}

webhook json()
{
    webhook made{.type = "application/json"};
    for (auto const& [name, value] : parameters(0))
        made.body += (made.body.empty() ? "{\"" : ",\"") + name + "\":\"" +
                     (name == "Timestamp" ? "Wed, 18 Dec 2019 20:02:01 +0000" : value) + '"';
    made.body += '}';
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(made.body.data(), made.body.size(), hash, &size, EVP_sha256(), nullptr);
    made.url += "?bodySHA256=";
    for (unsigned i = 0; i != size; ++i)
        for (int digit : {hash[i] >> 4, hash[i] & 15}) made.url += "0123456789abcdef"[digit];
    made.signature = sign(made.url);
    return made;
}

sidecall::incoming_message incoming(int number)
{
    webhook const request = form(number);
    return sidecall::webhook_verifier(sidecall::secret(token)).receive(request.view()).value();
}

} // namespace

TEST_CASE("values are parsed, copied and created when memory runs out")
{
    run_call([] { return [] { return sidecall::callback_url::parse(long_url).has_value(); }; });
    run_call([] { return [] { return sidecall::idempotency_key::parse(long_text).has_value(); }; });
    run_call([] { return [] { return sidecall::message_content::parse(long_json).has_value(); }; });
    run_call([] {
        return [] {
            sidecall::secret const made(long_text);
            return made.reveal() == long_text;
        };
    });
    run_call([] {
        return [secret = sidecall::secret(long_text)] {
            auto const made = sidecall::credentials::auth_token(account, secret);
            return !made.authorization().empty();
        };
    });
    run_call([] {
        return [secret = sidecall::secret(long_text)] { return sidecall::credentials::bearer(secret).has_value(); };
    });
    run_call([] {
        return [made = subscribe()] {
            auto copy = made;
            copy = made;
            return copy.callback == made.callback;
        };
    });
}

TEST_CASE("requests are created, copied, authorized and written when memory runs out")
{
    run_call([] { return [what = subscribe()] { return what.request().to_http1().size() > 100; }; });
    run_call([] {
        return [what = message()] {
            auto const request = what.request();
            auto const copy = request; // NOLINT(performance-unnecessary-copy-initialization)
            return copy == request;
        };
    });
    run_call([] {
        return [what = sidecall::delete_user_defined_message_subscription{account, call, subscription}] {
            auto const request = what.request();
            return request.url().find("Subscriptions") != std::string_view::npos; // reads it, so it must be allocated
        };
    });
    run_call([] {
        return [request = message().request(), by = who()] {
            auto const authorized = authorize(request, by);
            auto const clone = authorized.clone();
            return clone.body() == request.body();
        };
    });
    run_call([] { // a credential that does not fit into the reserved space
        return
            [request = message().request(), by = sidecall::credentials::bearer(sidecall::secret(long_text)).value()] {
                auto const authorized = authorize(request, by);
                return authorized.body() == request.body();
            };
    });
    run_call([] { return [request = message().request()] { return !request.to_http1().empty(); }; });
    run_call([] {
        return [request = std::make_shared<sidecall::authorized_request>(authorize(message().request(), who()))] {
            return !request->to_http1().empty();
        };
    });
}

TEST_CASE("responses and failures are parsed, copied and printed when memory runs out")
{
    run_call([] {
        return [answer = created()] {
            auto const made = sidecall::create_user_defined_message_subscription::parse(answer);
            auto const copy = made; // NOLINT(performance-unnecessary-copy-initialization)
            return copy.has_value() && copy->uri.has_value();
        };
    });
    for (int status : {404, 302, 201})
        run_call([status] {
            return [answer = error(status), status] {
                auto const refused = sidecall::create_user_defined_message::parse(answer);
                auto const copy = refused.error(); // NOLINT(performance-unnecessary-copy-initialization)
                auto other = copy;
                other = refused.error();
                return !refused.has_value() && other.http_status() == status && !copy.to_string().empty();
            };
        });
    run_call([] {
        return
            [answer = http_response{.status = 400,
                                    .body = R"({"type":"https://example.com/long/enough/to/be/on/the/heap","title":")" +
                                            long_text + R"(","detail":"a detail that is long enough, too"})"}] {
                auto const refused = sidecall::create_user_defined_message::parse(answer);
                return refused.error().code() == errc::api_error;
            };
    });
    run_call([] {
        return [] {
            sidecall::header_list list{{"A", long_text}, {"B", long_text}};
            list.add("C", long_text);
            return !list.empty();
        };
    });
}

TEST_CASE("webhooks are received when memory runs out")
{
    for (auto const& request : {form(), get(), json()})
        run_call([&request] {
            return [&request, verifier = sidecall::webhook_verifier(sidecall::secret(token))] {
                auto const got = verifier.receive(request.view());
                if (!got) return false;
                auto const copy = *got; // NOLINT(performance-unnecessary-copy-initialization)
                return verifier.verify(request.view()).has_value() && copy.content() == "{}";
            };
        });
}

namespace {

/// Passes messages through a sequencer. Each must be delivered once, whatever fails in between.
struct sequenced {
    std::vector<int> numbers;
    sidecall::message_sequencer sequencer{{.max_waiting = 2, .max_remembered = 4}};
    std::vector<sidecall::incoming_message> messages{};
    int handed_out[8]{};

    explicit sequenced(std::vector<int> order) : numbers(std::move(order))
    {
        for (int number : numbers) messages.push_back(incoming(number));
    }
    auto take()
    {
        return [this](sidecall::sequenced_message one) { ++handed_out[one.message.sequence_number()]; };
    }
    void attempt()
    {
        for (auto const& one : messages) sequencer.accept(one, take());
    }
    void check(torture::report const&) const
    {
        for (int count : handed_out) CHECK(count <= 1);
    }
    void again()
    {
        attempt(); // as Twilio does when it was told that a message did not arrive
        while (sequencer.waiting() != 0) sequencer.give_up(take());
        for (int number : numbers) CHECK(handed_out[number] == 1);
    }
};

} // namespace

TEST_CASE("a sequencer delivers each message once when memory runs out")
{
    torture::run([] { return std::make_unique<sequenced>(std::vector{0, 1, 2}); });
    torture::run([] { return std::make_unique<sequenced>(std::vector{0, 2, 1, 3}); });
}

namespace {

/// Responds at once, the first times with a failure.
struct canned {
    int refusals = 0;
    int asked = 0;
    http_response answer{};

    sidecall::result<http_response> operator()(sidecall::authorized_request const&)
    {
        if (asked++ < refusals) return error(503);
        return answer;
    }
    template <class Handler>
    void operator()(sidecall::authorized_request request, Handler handler)
    {
        handler((*this)(request));
    }
};

constexpr sidecall::retry_policy at_once{.base_delay = sidecall::milliseconds(0),
                                         .max_delay = sidecall::milliseconds(0)};

} // namespace

TEST_CASE("operations are sent and retried when memory runs out")
{
    run_call([] {
        return [what = subscribe(), by = who(), transport = canned{.answer = created()}]() mutable {
            return send(what, by, transport).has_value();
        };
    });
    run_call([] {
        return [what = message(), by = who(), answer = message_created()] {
            canned transport{.refusals = 2, .answer = answer};
            return send_with_retry(what, by, transport, at_once, [](sidecall::milliseconds) {}).has_value();
        };
    });
}

namespace {

/// The overloads with a handler: the handler is called once, or the call throws.
struct asynchronous {
    bool with_retries;
    sidecall::create_user_defined_message_subscription what = subscribe(); // its response allocates when parsed
    sidecall::credentials by = who();
    canned transport{.refusals = with_retries ? 2 : 0, .answer = created()};
    int called = 0;
    bool succeeded = false;

    void attempt()
    {
        // Move-only and with heap memory, so that a lost handler shows up as a leak.
        auto handler =
            [this, one = std::make_unique<int>(1)](sidecall::result<sidecall::user_defined_message_subscription> got) {
                called += *one;
                succeeded = got.has_value();
            };
        if (with_retries)
            send_with_retry(
                what, by, transport, at_once, [](sidecall::milliseconds, auto next) { next(); }, std::move(handler));
        else
            send(what, by, transport, std::move(handler));
    }
    void check(torture::report const& is) const
    {
        CHECK(called <= 1);
        CHECK((called == 1) != is.has_thrown);
        CHECK((called == 1 || !succeeded));
    }
    void again()
    {
        called = 0;
        attempt();
        CHECK(called == 1);
        CHECK(succeeded);
    }
};

} // namespace

TEST_CASE("a handler is called once, or the call throws, when memory runs out")
{
    for (bool const with_retries : {false, true})
        torture::run([&] { return std::make_unique<asynchronous>(asynchronous{.with_retries = with_retries}); });
}

namespace {

/// Sends three messages with the same key: each handler is called once, or its `send` throws. The second waits behind
/// the first, and the first is retried.
struct in_order {
    static constexpr auto call_again = [](sidecall::milliseconds, auto next) { next(); };

    sidecall::credentials by = who();
    sidecall::create_user_defined_message what = message();
    canned transport{.refusals = 1, .answer = message_created()};
    sidecall::ordered_sender<canned, decltype(call_again)> sender{by, transport, call_again, {.policy = at_once}};
    std::string key = std::string(40, 'k');
    int accepted = 0;
    int called = 0;
    int succeeded = 0;

    void attempt()
    {
        transport.asked = 0;
        sender.send(key, what, [&, one = std::make_unique<int>(1)](auto const& got) {
            called += *one;
            succeeded += got ? 1 : 0;
            try {
                send_one();
            } catch (std::bad_alloc const&) { // a handler must not throw
            }
        });
        ++accepted;
        send_one();
    }
    void send_one()
    {
        sender.send(key, what, [this, one = std::make_unique<int>(1)](auto const& got) {
            called += *one;
            succeeded += got ? 1 : 0;
        });
        ++accepted;
    }
    void check(torture::report const& is) const
    {
        CHECK(called == accepted);
        CHECK(sender.waiting() == 0);
        if (is.number == 0) CHECK(succeeded == 3);
    }
    void again()
    {
        sender.resume(key);
        accepted = called = succeeded = 0;
        attempt();
        check({});
        CHECK(sender.keys() == 0);
    }
};

} // namespace

TEST_CASE("an ordered sender calls each handler once, or throws, when memory runs out")
{
    torture::run([] { return std::make_unique<in_order>(); });
}
