// Tests a whole conversation over HTTP: a user's server, made with the library, between the two sides of the stand-in.

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/standin.hpp>

#include "transport_names.hpp"

#include <sidecall/ordered.hpp>
#include <sidecall/sequencer.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/webhook.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace round_trip_test {

using namespace sidecall::literals;
using sidecall::arrival;
using sidecall::errc;
using sidecall::http_method;
using sidecall::standin_callback;
using sidecall::standin_delivery;
using sidecall::standin_message;
using sidecall::standin_options;
using sidecall::twilio_standin;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
std::string const call_text{call.view()};
std::string const token = "the auth token";
std::string const old_token = "the previous auth token";

/// What the sequencer delivered, in order.
struct handed_out {
    std::uint64_t number = 0;
    std::uint64_t missing = 0;
    bool late = false;
    std::string content = {};
    bool answered = false;
};

/// A user's server. It verifies and sequences the messages, and answers each with a message that contains it.
template <class Transport>
class user_server {
public:
    user_server(twilio_standin const& standin, sidecall::webhook_verifier verifier, sidecall::sequencer_options options)
        : endpoint_{*sidecall::endpoint::parse(standin.base_url())}, verifier_{std::move(verifier)}, sequencer_{options}
    {
        server_.Get("/udm", [this](httplib::Request const& request, httplib::Response& response) {
            serve(request, response, {});
        });
        // With a content reader, since cpp-httplib rejects forms of more than 8 KiB.
        server_.Post("/udm", [this](httplib::Request const& request, httplib::Response& response,
                                    httplib::ContentReader const& read) {
            std::string body;
            read([&](char const* data, std::size_t size) {
                body.append(data, size);
                return true;
            });
            serve(request, response, body);
        });
        server_.set_tcp_nodelay(true);
        port_ = server_.bind_to_any_port("127.0.0.1");
        REQUIRE(port_ > 0);
        thread_ = std::thread{[this] { server_.listen_after_bind(); }};
        while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    user_server(user_server const&) = delete;
    user_server& operator=(user_server const&) = delete;
    ~user_server()
    {
        server_.stop();
        thread_.join();
    }

    std::string callback() const { return origin() + "/udm?tenant=a%20b"; }

    sidecall::result<sidecall::user_defined_message_subscription> subscribe(http_method method)
    {
        return send(
            sidecall::create_user_defined_message_subscription{.account_sid = account,
                                                               .call_sid = call,
                                                               .callback = *sidecall::callback_url::parse(callback()),
                                                               .idempotency_key = sidecall::idempotency_key::random(),
                                                               .method = method});
    }

    template <sidecall::operation Operation>
    sidecall::result<typename Operation::resource> send(Operation const& what)
    {
        std::lock_guard const lock{mutex_};
        return send_unlocked(what);
    }

    void give_up()
    {
        std::lock_guard const lock{mutex_};
        sequencer_.give_up([this](auto&& next) { take(next); });
    }

    std::vector<handed_out> got() const
    {
        std::lock_guard const lock{mutex_};
        return got_;
    }
    std::size_t duplicates() const
    {
        std::lock_guard const lock{mutex_};
        return duplicates_;
    }
    std::size_t waiting() const
    {
        std::lock_guard const lock{mutex_};
        return sequencer_.waiting();
    }

private:
    std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }

    void serve(httplib::Request const& request, httplib::Response& response, std::string const& body)
    {
        std::string const url = origin() + request.target;
        std::string const content_type = request.get_header_value("Content-Type");
        std::string const signature = request.get_header_value("X-Twilio-Signature");
        auto message = verifier_.receive(
            {.method = request.method, .url = url, .content_type = content_type, .signature = signature, .body = body});
        response.status = message ? 204 : message.error().code() == errc::invalid_signature ? 403 : 400;
        if (!message) return;
        std::lock_guard const lock{mutex_};
        auto const what = sequencer_.accept(*std::move(message), [this](auto&& next) { take(next); });
        if (what == arrival::duplicate) ++duplicates_;
    }

    void take(sidecall::sequenced_message const& next)
    {
        std::string const content{next.message.content()};
        auto const answer = send_unlocked(sidecall::create_user_defined_message{
            .account_sid = next.message.account_sid(),
            .call_sid = next.message.call_sid(),
            .content = *sidecall::message_content::parse("[" + content + "]"),
            .idempotency_key = *sidecall::idempotency_key::parse(next.message.sid().view())});
        got_.push_back({.number = next.message.sequence_number(),
                        .missing = next.missing,
                        .late = next.late,
                        .content = content,
                        .answered = answer.has_value() && answer->call_sid == next.message.call_sid()});
    }

    template <sidecall::operation Operation>
    sidecall::result<typename Operation::resource> send_unlocked(Operation const& what)
    {
        return sidecall::send(what, credentials_, transport_, endpoint_);
    }

    sidecall::endpoint endpoint_;
    sidecall::credentials credentials_ = sidecall::credentials::auth_token(account, sidecall::secret{token});
    sidecall::webhook_verifier verifier_;

    mutable std::mutex mutex_; // guards the members from here to the server
    Transport transport_{};
    sidecall::message_sequencer sequencer_;
    std::vector<handed_out> got_;
    std::size_t duplicates_ = 0;

    httplib::Server server_;
    int port_ = -1;
    std::thread thread_;
};

/// The ways in which a message can be sent.
struct way {
    http_method method;
    bool json_body;
};
constexpr way ways[] = {{http_method::post, false}, {http_method::get, false}, {http_method::post, true}};

std::string name_of(way how)
{
    return how.json_body ? "JSON" : how.method == http_method::get ? "query" : "form";
}

sidecall::webhook_verifier verifier()
{
    return sidecall::webhook_verifier{sidecall::secret{token}};
}

sidecall::webhook_verifier verifier_during_a_rotation()
{
    return {sidecall::secret{token}, sidecall::secret{old_token}};
}

standin_options options(std::uint64_t first = 0)
{
    return {.auth_token = token, .old_auth_token = old_token, .first_sequence_number = first};
}

std::string content_of(int i)
{
    return R"({"n":)" + std::to_string(i) + R"(,"text":"=&+%25 \"\\ \u00e9 )" + "\xf0\x9f\x98\x80" +
           std::string(static_cast<std::size_t>(i % 97), 'x') + "\"}";
}

/// Replaces the message SID, in the query or in either kind of body.
void change_sid(standin_callback& callback)
{
    for (std::string* text : {&callback.url, &callback.body})
        if (auto const at = text->find(callback.message_sid); at != std::string::npos) {
            char& last = (*text)[at + callback.message_sid.size() - 1];
            last = last == '0' ? '1' : '0';
        }
}

int status_of(std::vector<standin_callback> const& made)
{
    REQUIRE(made.size() == 1);
    return made[0].status;
}

/// Checks that all messages arrived, in order, once each, and that each was answered.
template <class Transport>
void check_conversation(twilio_standin const& standin, user_server<Transport> const& server,
                        std::vector<standin_message> const& messages, std::uint64_t first)
{
    auto const got = server.got();
    auto const answers = standin.client_received(call_text);
    REQUIRE(got.size() == messages.size());
    REQUIRE(answers.size() == messages.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        bool const right = got[i].number == first + i && got[i].missing == 0 && !got[i].late && got[i].answered &&
                           got[i].content == messages[i].content &&
                           answers[i].content == "[" + messages[i].content + "]";
        wrong += right ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(server.waiting() == 0);
}

TEST_CASE_TEMPLATE("a whole conversation, from the subscription to the end of the call", Transport,
                   sidecall::curl_transport, sidecall::httplib_transport)
{
    for (way const how : ways) {
        CAPTURE(name_of(how));
        twilio_standin standin{options()};
        user_server<Transport> server{standin, verifier(), {}};

        auto const subscription = server.subscribe(how.method);
        REQUIRE(subscription.has_value());
        REQUIRE(standin.subscriptions().size() == 1);
        CHECK(standin.subscriptions()[0].sid == subscription->sid.view());
        CHECK(standin.subscriptions()[0].callback == server.callback());

        std::vector<standin_message> messages;
        for (int i = 0; i < 3; ++i) {
            messages.push_back(standin.client_message(call_text, content_of(i)));
            CHECK(status_of(standin.deliver(messages.back(), {.json_body = how.json_body})) == 204);
        }
        check_conversation(standin, server, messages, 0);

        auto const unsubscribed = server.send(sidecall::delete_user_defined_message_subscription{
            .account_sid = account, .call_sid = call, .sid = subscription->sid});
        CHECK(unsubscribed.has_value());
        CHECK(standin.client_sends(call_text, "1").empty());

        standin.end_call(call_text);
        auto const too_late = server.subscribe(how.method);
        REQUIRE_FALSE(too_late.has_value());
        CHECK(too_late.error().code() == errc::api_error);
        CHECK(too_late.error().http_status() == 404);
        CHECK(too_late.error().twilio_code() == 20404);
        CHECK(server.got().size() == 3);
        CHECK(standin.warnings().empty());
    }
}

TEST_CASE("of a thousand messages that are shuffled, repeated and forged, none is lost, doubled or out of order")
{
    for (way const how : ways) {
        CAPTURE(name_of(how));
        std::uint64_t const first = how.method == http_method::get ? 1 : 0;
        constexpr int count = 1000;
        constexpr std::ptrdiff_t window = 16;
        twilio_standin standin{options(first)};
        user_server<sidecall::httplib_transport> server{standin, verifier_during_a_rotation(), {.first = first}};
        REQUIRE(server.subscribe(how.method).has_value());

        std::vector<standin_message> messages;
        for (int i = 0; i < count; ++i) messages.push_back(standin.client_message(call_text, content_of(i)));

        std::mt19937 random{static_cast<std::mt19937::result_type>(4711 + first)};
        auto const one_in = [&](unsigned n) { return random() % n == 0; };
        std::vector<std::size_t> order(messages.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        for (auto from = order.begin(); from != order.end();) {
            auto const to = from + std::min(window, order.end() - from);
            std::shuffle(from, to, random);
            from = to;
        }

        std::size_t repeated = 0;
        std::size_t refused = 0;
        std::size_t wrong = 0;
        auto const deliver = [&](standin_message const& message, int status, standin_delivery delivery) {
            delivery.json_body = how.json_body;
            wrong += status_of(standin.deliver(message, delivery)) == status ? 0 : 1;
        };
        for (std::size_t at = 0; at < order.size(); ++at) {
            standin_message const& message = messages[order[at]];
            // The account's token changes halfway. Twilio signs some later messages with the old one.
            std::string const sign_with = at < order.size() / 2 || one_in(8) ? old_token : token;
            // Forgeries are sent first: an accepted one would take the place of the true message.
            if (one_in(10)) {
                deliver(message, 403, {.sign_with = "another account's token"});
                deliver(message, 403, {.sign_with = sign_with, .tamper = change_sid});
                deliver(message, 403, {.tamper = [](standin_callback& callback) { callback.signature.clear(); }});
                refused += 3;
            }
            deliver(message, 204, {.sign_with = sign_with});
            if (one_in(4)) {
                deliver(messages[order[at - random() % std::min(at + 1, std::size_t{100})]], 204, {});
                ++repeated;
            }
        }

        CHECK(wrong == 0);
        CHECK(repeated > 150);
        CHECK(server.duplicates() == repeated);
        CHECK(refused > 150);
        CHECK(standin.warnings().size() == refused);
        check_conversation(standin, server, messages, first);
    }
}

TEST_CASE("messages that arrive concurrently are delivered in order")
{
    twilio_standin standin{options()};
    user_server<sidecall::curl_transport> server{standin, verifier(), {.first = 0}};
    REQUIRE(server.subscribe(http_method::post).has_value());
    std::vector<standin_message> messages;
    for (int i = 0; i < 200; ++i) messages.push_back(standin.client_message(call_text, content_of(i)));

    // Within a batch, the threads run in any order. A batch has no more messages than may wait.
    constexpr std::size_t batch = 32;
    std::atomic<int> delivered{0};
    for (std::size_t from = 0; from < messages.size(); from += batch) {
        std::size_t const to = std::min(from + batch, messages.size());
        std::vector<std::thread> threads;
        for (std::size_t t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (std::size_t i = from + t; i < to; i += 4)
                    for (auto const& callback : standin.deliver(messages[i], {.times = 2}))
                        delivered += callback.status == 204;
            });
        for (auto& one : threads) one.join();
    }
    CHECK(delivered == 400);
    CHECK(server.duplicates() == 200);
    check_conversation(standin, server, messages, 0);
}

TEST_CASE("after a rotation, the old token is rejected")
{
    for (way const how : ways) {
        CAPTURE(name_of(how));
        twilio_standin standin{options()};
        user_server<sidecall::httplib_transport> server{standin, verifier(), {}};
        REQUIRE(server.subscribe(how.method).has_value());
        auto const message = standin.client_message(call_text, "1");
        CHECK(status_of(standin.deliver(message, {.sign_with = old_token, .json_body = how.json_body})) == 403);
        CHECK(server.got().empty());
        CHECK(status_of(standin.deliver(message, {.json_body = how.json_body})) == 204);
        CHECK(server.got().size() == 1);
    }
}

TEST_CASE("a gap is given up, and its message is delivered as late if it still arrives")
{
    twilio_standin standin{options()};
    user_server<sidecall::httplib_transport> server{standin, verifier(), {}};
    REQUIRE(server.subscribe(http_method::post).has_value());
    auto const send = [&](std::string const& json) { return status_of(standin.client_sends(call_text, json)); };
    CHECK(send("0") == 204);
    auto const late = standin.client_message(call_text, "1");
    CHECK(send("2") == 204);
    CHECK(send("3") == 204);
    CHECK(server.got().size() == 1);
    CHECK(server.waiting() == 2);
    server.give_up();
    CHECK(status_of(standin.deliver(late)) == 204);
    CHECK(status_of(standin.deliver(late)) == 204);

    auto const got = server.got();
    REQUIRE(got.size() == 4);
    CHECK(got[1].number == 2);
    CHECK(got[1].missing == 1);
    CHECK(got[2].number == 3);
    CHECK(got[2].missing == 0);
    CHECK(got[3].number == 1);
    CHECK(got[3].late);
    CHECK(server.duplicates() == 1);
}

TEST_CASE("a signed request that is not a message gets 400")
{
    twilio_standin standin{options()};
    user_server<sidecall::httplib_transport> server{standin, verifier(), {}};
    REQUIRE(server.subscribe(http_method::post).has_value());
    auto const message = standin.client_message(call_text, "1");
    for (std::size_t i = 0; i < message.parameters.size(); ++i)
        for (bool const json_body : {false, true}) {
            auto const& name = message.parameters[i].first;
            if (name == "ContentType" || name == "Timestamp") continue; // these two never reject a message
            CAPTURE(name);
            CAPTURE(json_body);
            auto missing = message;
            missing.parameters.erase(missing.parameters.begin() + static_cast<std::ptrdiff_t>(i));
            CHECK(status_of(standin.deliver(missing, {.json_body = json_body})) == 400);
            auto twice = message;
            twice.parameters.push_back(message.parameters[i]);
            CHECK(status_of(standin.deliver(twice, {.json_body = json_body})) == 400);
        }
    CHECK(server.got().empty());
    CHECK(status_of(standin.deliver(message)) == 204);
    CHECK(server.got().size() == 1);
}

TEST_CASE("a message of the maximum size arrives")
{
    twilio_standin standin{options()};
    user_server<sidecall::curl_transport> server{standin, verifier(), {}};
    REQUIRE(server.subscribe(http_method::post).has_value());
    std::vector<standin_message> messages;
    // The server's reply is two bytes longer.
    for (bool const json_body : {false, true}) {
        messages.push_back(standin.client_message(call_text, '"' + std::string(10'236, '&') + '"'));
        CHECK(status_of(standin.deliver(messages.back(), {.json_body = json_body})) == 204);
    }
    check_conversation(standin, server, messages, 0);
}

TEST_CASE("a message arrives in every way in which Twilio may sign and write it")
{
    using sidecall::standin_port;
    // Twilio's documentation leaves these open or contradicts itself.
    standin_delivery const signatures[] = {
        {},
        {.sign_user_info = true},
        {.signed_port = standin_port::without},
        {.sign_user_info = true, .signed_port = standin_port::without},
        {.signed_port = standin_port::with},
        {.sign_user_info = true, .signed_port = standin_port::with},
    };
    auto const change = [](standin_message message, auto edit) {
        edit(message.parameters);
        return message;
    };
    auto const remove = [](char const* name) {
        return [name](sidecall::standin_fields& all) {
            all.erase(std::find_if(all.begin(), all.end(), [&](auto const& one) { return one.first == name; }));
        };
    };
    auto const set = [](char const* name, char const* value) {
        return [name, value](sidecall::standin_fields& all) {
            std::find_if(all.begin(), all.end(), [&](auto const& one) { return one.first == name; })->second = value;
        };
    };
    for (std::string const registered :
         {"http://127.0.0.1:PORT/udm", "http://user:pw@127.0.0.1:PORT/udm?a=b", "https://example.com/udm",
          "https://user@example.com/udm?tenant=a%20b", "https://example.com:8443/udm", "http://[::1]/udm"})
        for (std::string const method : {"POST", "GET", "PUT"}) {
            CAPTURE(registered);
            CAPTURE(method);
            twilio_standin standin{options()};
            httplib::Server server;
            std::string const port = std::to_string(server.bind_to_any_port("127.0.0.1"));
            std::string url = registered;
            if (auto const at = url.find("PORT"); at != std::string::npos) url.replace(at, 4, port);
            std::atomic<int> received{0};
            auto const callback = *sidecall::callback_url::parse(url);
            sidecall::mount_webhook(server, callback, verifier(),
                                    [&](sidecall::incoming_message const&) { ++received; });
            std::thread serving{[&] { server.listen_after_bind(); }};
            while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{1});

            sidecall::curl_transport transport;
            REQUIRE(sidecall::send(
                sidecall::create_user_defined_message_subscription{.account_sid = account,
                                                                   .call_sid = call,
                                                                   .callback = callback,
                                                                   .method = *sidecall::parse_http_method(method)},
                sidecall::credentials::auth_token(account, sidecall::secret{token}), transport,
                *sidecall::endpoint::parse(standin.base_url())));
            auto const here = [&](standin_callback& sent) { // as a proxy does
                sent.url.replace(0, sent.url.find('/', 8), "http://127.0.0.1:" + port);
            };
            auto const first = standin.client_message(call_text, content_of(1));
            standin_message const messages[] = {
                first,
                change(first, remove("ContentType")),
                change(first, remove("Timestamp")),
                change(first, set("Timestamp", "2026-11-28T12:00:00Z")),
                change(first, set("ContentType", "")),
                change(first, set("SequenceNumber", "18446744073709551615")),
                change(first, [](auto& all) { all.emplace_back("ApiVersion", "2010-04-01"); }),
                change(first, [](auto& all) { all.emplace_back("Extra", "b"), all.emplace_back("Extra", "a"); }),
                change(first, [](auto& all) { all.insert(all.begin(), {"A", ""}); }),
                change(first, [](auto& all) { std::reverse(all.begin(), all.end()); }),
            };
            int expected = 0;
            for (standin_delivery how : signatures)
                for (standin_message const& message : messages)
                    for (int form = 0; form != 3; ++form) {
                        how.json_body = form == 1;
                        how.hash_of_form = form == 2;
                        how.tamper = here;
                        auto const made = standin.deliver(message, how);
                        CAPTURE(made.at(0).signed_url);
                        CAPTURE(made.at(0).answer);
                        CHECK(made.at(0).status == 204);
                        ++expected;
                    }
            CHECK(received == expected);
            server.stop();
            serving.join();
        }
}

TEST_CASE("a 201 whose optional members are null or absent still gives its SID")
{
    for (bool const absent : {false, true}) {
        std::set<std::string> const members{"account_sid", "call_sid", "date_created", "uri"};
        standin_options settings = options();
        (absent ? settings.absent_members : settings.null_members) = members;
        twilio_standin standin{settings};
        sidecall::httplib_transport transport;
        auto const credentials = sidecall::credentials::auth_token(account, sidecall::secret{token});
        auto const endpoint = *sidecall::endpoint::parse(standin.base_url());
        auto const subscribed = sidecall::send(
            sidecall::create_user_defined_message_subscription{.account_sid = account,
                                                               .call_sid = call,
                                                               .callback =
                                                                   *sidecall::callback_url::parse("https://a.example")},
            credentials, transport, endpoint);
        REQUIRE(subscribed.has_value());
        CHECK(subscribed->sid.view() == standin.subscriptions().at(0).sid);
        CHECK_FALSE(subscribed->uri.has_value());
        CHECK_FALSE(subscribed->date_created.has_value());
        auto const sent = sidecall::send(
            sidecall::create_user_defined_message{
                .account_sid = account, .call_sid = call, .content = *sidecall::message_content::parse("{}")},
            credentials, transport, endpoint);
        REQUIRE(sent.has_value());
        CHECK(sent->sid.view() == standin.client_received(call_text).at(0).sid);
    }
}

TEST_CASE("messages that are sent at once through an ordered_sender arrive in order")
{
    using std::chrono::milliseconds;
    constexpr int repetitions = 20;
    int shuffled[2] = {}; // without and with an ordered_sender
    for (bool const ordered : {false, true}) {
        twilio_standin standin{options()};
        auto const endpoint = *sidecall::endpoint::parse(standin.base_url());
        auto const credentials = sidecall::credentials::auth_token(account, sidecall::secret{token});
        sidecall::curl_multi_transport transport;
        auto timer = [&](milliseconds delay, auto next) { transport.after(delay, std::move(next)); };
        sidecall::ordered_sender sender(credentials, transport, timer, {}, endpoint);
        std::size_t received = 0;
        for (int repetition = 0; repetition != repetitions; ++repetition) {
            int sent = 0;
            auto const count = [&](auto const& outcome) { sent += outcome ? 1 : 0; };
            for (int i = 0; i != 10; ++i) {
                sidecall::create_user_defined_message const message{
                    .account_sid = account,
                    .call_sid = call,
                    .content = *sidecall::message_content::parse(std::to_string(i))};
                if (ordered)
                    sender.send(call, message, count);
                else
                    sidecall::send(message, credentials, transport, count, endpoint);
            }
            while (transport.poll() != 0) transport.wait(milliseconds{100});
            CHECK(sent == 10);
            std::string order;
            auto const messages = standin.client_received(call_text);
            for (; received != messages.size(); ++received) order += messages[received].content;
            if (order != "0123456789") ++shuffled[ordered];
        }
        CHECK(received == 10 * repetitions);
    }
    CHECK(shuffled[0] > 0); // otherwise this test shows nothing
    CHECK(shuffled[1] == 0);
    MESSAGE("without an ordered_sender, ", shuffled[0], " of ", repetitions, " times in another order");
}

} // namespace round_trip_test
