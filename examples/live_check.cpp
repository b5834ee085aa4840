// Checks what sidecall and its stand-in assume about Twilio, with a real account and a call in progress, and writes a
// report without secrets that can be published. Each question is asked by requests of its own, which carry its name:
// in the query of the callback, or in the content of the message.
//
// It deletes every subscription that it made, also after a failure or a signal. A second signal ends it at once.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "call_control.hpp"
#include "live_check/listener.hpp"
#include "live_check/report.hpp"
#include "live_check/session.hpp"
#include "program.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/sidecall.hpp>

namespace live_check {

struct arguments {
    std::string call;
    std::string callback;
    std::string ended_call;
    std::string other_leg;
    std::string edge_endpoint;
    std::string address = "127.0.0.1";
    std::string report;
    int port = -1;
    int wait = 120;
    int grace = 5000;
    bool provoke_429 = false;
    bool json = false;
    bool full_sids = false;
    bool dry_run = false;
    bool yes = false;
    server_arguments server;
};

/// A key that no other request has.
std::string new_key()
{
    auto const key = sidecall::idempotency_key::random();
    return std::string(key.view());
}

/// A SID of this kind that belongs to nothing.
template <class Sid>
Sid unknown_sid(std::string_view prefix)
{
    std::string digits = new_key() + new_key();
    digits.erase(std::remove(digits.begin(), digits.end(), '-'), digits.end());
    return value_or_stop(Sid::parse(std::string(prefix) + digits.substr(0, 32)));
}

/// The content of a message that says which question it belongs to, of this size if one is given.
std::string content_for(std::string_view id, std::size_t size = 0)
{
    std::string content = "{\"live_check\":\"" + std::string(id) + "\",\"padding\":\"";
    if (size > content.size() + 2) content.append(size - content.size() - 2, 'x');
    return content + "\"}";
}

std::string join(std::vector<std::string> const& texts)
{
    std::string joined;
    for (std::string const& text : texts) joined += (joined.empty() ? "" : ", ") + text;
    return joined.empty() ? "none" : joined;
}

/// The names of the header fields, without those of the connection.
std::string header_names(answer const& seen)
{
    std::set<std::string> names;
    if (seen.response)
        for (auto const& field : seen.response->headers) {
            std::string name(field.name);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
            if (name != "connection" && name != "keep-alive" && name != "transfer-encoding") names.insert(name);
        }
    return join({names.begin(), names.end()});
}

/// The names of the members of a response, each with what is unusual about it.
std::vector<std::string> member_names(answer const& seen)
{
    std::vector<std::string> names;
    if (!seen.response) return names;
    auto const object = sidecall::json_object::parse(seen.response->body);
    if (!object) return names;
    for (sidecall::json_member const member : *object)
        names.push_back(member.name.to_string() + (member.value.is_null() ? " (null)"
                                                   : member.value.type() == sidecall::json_type::string
                                                       ? ""
                                                       : " (no string)"));
    std::sort(names.begin(), names.end());
    return names;
}

verdict agrees_if(bool condition)
{
    return condition ? verdict::agrees : verdict::differs;
}

/// Asks the questions, one after the other.
class check {
public:
    check(arguments const& options, std::string const& token, sidecall::call_sid const& call, callback_pieces callback,
          session& twilio, findings& answers)
        : options_(options), token_(token), call_(call), callback_(std::move(callback)), twilio_(twilio),
          answers_(answers)
    {
    }

    /// False if no subscription could be created, so that there is nothing else to ask.
    bool run()
    {
        std::optional<listener> server; // first, so that nothing is sent if the port is taken
        if (options_.port >= 0) server.emplace(options_.address, options_.port);
        mark_what_is_not_asked();
        if (!ask_about_resources()) return false;
        ask_about_keys();
        ask_about_values();
        ask_about_other_calls();
        ask_about_messages();
        ask_about_credentials();
        ask_about_sids();
        if (options_.provoke_429) provoke_429();
        twilio_.remove_all(); // so that only the subscriptions of the next questions get messages
        if (server) ask_about_webhooks(*server);
        return true;
    }

private:
    using texts = std::vector<std::string>;

    void say(std::string_view text) const { std::cerr << "live_check: " << text << std::endl; }

    /// Gives the verdict, unless one of the responses says nothing about the question.
    void conclude(std::string_view id, std::vector<answer> const& responses, bool agrees, std::string seen)
    {
        bool const is_told =
            std::all_of(responses.begin(), responses.end(), [](answer const& one) { return one.is_telling(); });
        finding found{is_told ? agrees_if(agrees) : verdict::unknown, std::move(seen), {}};
        for (answer const& one : responses) found.evidence.push_back(one.in_detail());
        answers_.add(id, std::move(found));
    }

    /// A question about one response with this status and, unless it is 0, this code of Twilio's.
    answer const& conclude(std::string_view id, answer const& response, int status, int code = 0)
    {
        conclude(id, {response}, response.status() == status && (code == 0 || response.code() == code),
                 response.to_string());
        return response;
    }

    void not_asked(std::string_view id, std::string reason)
    {
        answers_.add(id, {verdict::not_asked, std::move(reason), {}});
    }

    answer subscribe(std::string_view id, std::string const& key, std::string const& method = "",
                     std::string_view more = "")
    {
        return twilio_.subscribe(call_, callback_.marked(id, more), key, method);
    }
    answer message(std::string_view id, std::string const& key) { return twilio_.message(call_, content_for(id), key); }

    void mark_what_is_not_asked()
    {
        if (options_.other_leg.empty()) not_asked("other_leg", "needs --other-leg");
        if (!options_.provoke_429) not_asked("too_many_requests", "needs --provoke-429");
        if (options_.port < 0)
            answers_.add_to_rest({verdict::not_asked, "needs --listen, and a message from the client", {}}, true);
    }

    /// The first subscription and the first message, by the library's own operations.
    bool ask_about_resources()
    {
        say("creating a subscription");
        auto const callback = value_or_stop(sidecall::callback_url::parse(callback_.marked("created")));
        std::string const key = new_key();
        answer const made =
            twilio_.subscribe({.account_sid = twilio_.account,
                               .call_sid = call_,
                               .callback = callback,
                               .idempotency_key = value_or_stop(sidecall::idempotency_key::parse(key))});
        auto const sid = made.sid<sidecall::subscription_sid>();
        conclude("created", {made}, made.status() == 201 && sid, made.to_string());
        if (!sid) return false;

        std::string const names = header_names(made);
        conclude("created_headers", {made}, made.header("Twilio-Request-Id").has_value() && !made.header("Retry-After"),
                 names);
        auto const members = member_names(made);
        conclude("created_members", {made}, members == texts{"account_sid", "call_sid", "date_created", "sid", "uri"},
                 join(members));
        std::string const path = "/2010-04-01/Accounts/" + std::string(twilio_.account.view()) + "/Calls/" +
                                 std::string(call_.view()) + "/UserDefinedMessageSubscriptions/" +
                                 std::string(sid->view()) + ".json";
        conclude("created_uri", {made}, made.member("uri") == path, made.member("uri"));
        bool const has_date = sidecall::detail::parse_rfc2822(made.member("date_created")).has_value();
        std::string const date = made.member("date_created");
        conclude("created_date", {made}, has_date, date);

        answer const sent = message("message_created", new_key());
        conclude("message_created", {sent}, sent.status() == 201 && sent.sid<sidecall::message_sid>(),
                 sent.to_string());
        auto const message_members = member_names(sent);
        conclude("message_members", {sent}, message_members == texts{"account_sid", "call_sid", "date_created", "sid"},
                 join(message_members));
        return true;
    }

    void ask_about_keys()
    {
        say("repeating idempotency keys");
        auto const same_sid = [this](std::string_view id, answer const& first, answer const& second) {
            std::string const sid = second.member("sid");
            bool const is_same = !sid.empty() && sid == first.member("sid");
            std::string seen = second.to_string();
            if (!sid.empty()) seen += is_same ? ", the same" : ", another one";
            conclude(id, {first, second}, second.status() == 201 && is_same, std::move(seen));
        };
        auto const refused = [this](std::string_view id, answer const& first, answer const& second) {
            std::string seen = second.to_string();
            if (auto const sid = second.member("sid"); !sid.empty())
                seen += sid == first.member("sid") ? ", that of the first" : ", another one";
            conclude(id, {first, second}, second.status() == 409 && second.code() == 20409, std::move(seen));
        };
        std::string key = new_key();
        answer first = subscribe("key_subscription", key);
        same_sid("key_subscription", first, subscribe("key_subscription", key));

        key = new_key();
        first = message("key_message", key);
        same_sid("key_message", first, message("key_message", key));

        key = new_key();
        first = subscribe("key_other_callback", key);
        refused("key_other_callback", first, subscribe("key_other_callback", key, "", "&other=1"));

        key = new_key();
        first = message("key_other_content", key);
        refused("key_other_content", first, twilio_.message(call_, content_for("key_other_content", 200), key));

        key = new_key();
        first = subscribe("key_other_endpoint", key);
        answer const other = message("key_other_endpoint", key);
        conclude("key_other_endpoint", {first, other}, other.status() == 201 && other.sid<sidecall::message_sid>(),
                 other.to_string());

        key = new_key();
        first = subscribe("key_deleted", key);
        if (auto const sid = first.sid<sidecall::subscription_sid>()) {
            answer const deleted = twilio_.remove(call_, *sid);
            conclude("deleted", {deleted}, deleted.status() == 204 && deleted.response->body.empty(),
                     deleted.to_string() +
                         (deleted.response && deleted.response->body.empty() ? " without a body" : ""));
            conclude("deleted_twice", twilio_.remove(call_, *sid), 404, 20404);
            same_sid("key_deleted", first, subscribe("key_deleted", key));
        } else {
            for (std::string_view const id : {"deleted", "deleted_twice", "key_deleted"})
                answers_.add(id, {verdict::unknown, "no subscription to delete: " + first.to_string(), {}});
        }

        // The key with a space is sent with "+", the key with a plus sign with "%2B". The key with a space is also
        // repeated, because without idempotency two SIDs would say nothing.
        auto const space = [this](std::string_view id, answer const& blank, answer const& repeated,
                                  answer const& plus) {
            if (blank.member("sid").empty() || blank.member("sid") != repeated.member("sid")) {
                answers_.add(id, {verdict::unknown,
                                  "the same key twice does not return the same SID",
                                  {blank.in_detail(), repeated.in_detail()}});
                return;
            }
            bool const is_same = blank.member("sid") == plus.member("sid");
            conclude(id, {blank, repeated, plus}, !is_same && plus.status() == 201,
                     is_same ? "both keys return the same SID" : plus.to_string() + ", another one");
        };
        key = new_key();
        first = subscribe("space_as_plus", key + " x");
        answer again = subscribe("space_as_plus", key + " x");
        space("space_as_plus", first, again, subscribe("space_as_plus", key + "+x"));
        first = message("space_as_plus_in_message", key + " x");
        again = message("space_as_plus_in_message", key + " x");
        space("space_as_plus_in_message", first, again, message("space_as_plus_in_message", key + "+x"));
    }

    /// Values of Callback and Method.
    void ask_about_values()
    {
        say("trying callbacks and methods");
        ask_about_methods("documented_methods", {"GET", "POST"});
        ask_about_methods("undocumented_methods", {"HEAD", "PUT", "PATCH", "DELETE"});

        callback_pieces other = callback_;
        other.scheme = "http://";
        conclude("http_callback", twilio_.subscribe(call_, other.marked("http_callback"), new_key()), 201);
        other = with_user_info();
        conclude("user_info_callback", twilio_.subscribe(call_, other.marked("user_info_callback"), new_key()), 201);
        other = callback_;
        other.host = "under_score.example.com";
        conclude("underscore_callback", twilio_.subscribe(call_, other.marked("underscore_callback"), new_key()), 400,
                 21205);
    }

    void ask_about_methods(std::string_view id, texts const& methods)
    {
        std::vector<answer> responses;
        texts seen;
        for (std::string const& method : methods) {
            responses.push_back(subscribe(id, new_key(), method));
            answer const& last = responses.back();
            seen.push_back(method + ": HTTP " + std::to_string(last.status()) +
                           (last.code() ? " (" + std::to_string(*last.code()) + ")" : ""));
        }
        conclude(id, responses,
                 std::all_of(responses.begin(), responses.end(), [](answer const& one) { return one.status() == 201; }),
                 join(seen));
    }

    callback_pieces with_user_info() const
    {
        callback_pieces other = callback_;
        other.user_info = "live:check@"; // the redactor hides the user-info of every URL
        return other;
    }

    void ask_about_other_calls()
    {
        say("asking for calls that do not exist or have finished");
        auto const unknown = [] { return unknown_sid<sidecall::call_sid>("CA"); };
        conclude("unknown_call", twilio_.subscribe(unknown(), callback_.marked("unknown_call"), new_key()), 404, 20404);
        conclude("unknown_call_message", twilio_.message(unknown(), content_for("unknown_call_message"), new_key()),
                 404, 20404);
        if (auto const finished = finished_call()) {
            conclude("finished_call", twilio_.subscribe(*finished, callback_.marked("finished_call"), new_key()), 404,
                     20404);
            conclude("finished_call_message",
                     twilio_.message(*finished, content_for("finished_call_message"), new_key()), 404, 20404);
        } else {
            for (std::string_view const id : {"finished_call", "finished_call_message"})
                not_asked(id, "no finished call was found; needs --ended-call");
        }
        if (!options_.other_leg.empty()) {
            auto const leg = value_or_stop(sidecall::call_sid::parse(options_.other_leg));
            conclude("other_leg", twilio_.subscribe(leg, callback_.marked("other_leg"), new_key()), 201);
        }
    }

    /// The call of --ended-call, or else the last one that has finished.
    std::optional<sidecall::call_sid> finished_call()
    {
        if (!options_.ended_call.empty()) return value_or_stop(sidecall::call_sid::parse(options_.ended_call));
        answer const listed = twilio_.ask(
            call_control::list_calls{.account = twilio_.account, .status = "completed", .page_size = std::uint16_t{1}});
        if (listed.status() != 200) return std::nullopt;
        auto const calls = call_control::list_calls::parse(*listed.response);
        if (!calls || calls->empty()) return std::nullopt;
        return calls->front().sid;
    }

    void ask_about_messages()
    {
        say("sending messages at the limits");
        auto const send = [this](std::string content) { return twilio_.message(call_, std::move(content), new_key()); };
        conclude("longest_message", send(content_for("longest_message", 10'240)), 201);
        conclude("too_long_message", send(content_for("too_long_message", 10'241)), 400, 20001);
        conclude("not_json", send("live_check: not_json"), 400, 20001);
    }

    void ask_about_credentials()
    {
        std::string const key_sid = environment("TWILIO_API_KEY");
        std::string const key_secret = environment("TWILIO_API_SECRET");
        if (key_sid.empty() || key_secret.empty()) {
            not_asked("api_key", "TWILIO_API_KEY and TWILIO_API_SECRET are not set");
        } else {
            say("using the API key");
            auto const key = sidecall::credentials::api_key(value_or_stop(sidecall::api_key_sid::parse(key_sid)),
                                                            sidecall::secret(key_secret));
            answer const made = twilio_.subscribe(call_, callback_.marked("api_key"), new_key(), "", &key);
            // Here a 401 is the answer.
            answers_.add("api_key", {made.is_telling() || made.status() == 401 ? agrees_if(made.status() == 201)
                                                                               : verdict::unknown,
                                     made.to_string(),
                                     {made.in_detail()}});
        }

        bool const is_default = twilio_.endpoint() == sidecall::endpoint::twilio();
        if (!is_default && options_.edge_endpoint.empty()) {
            not_asked("edge", "the whole check uses the server that was chosen");
            return;
        }
        say("using the edge ashburn");
        auto const edge =
            value_or_stop(options_.edge_endpoint.empty() ? sidecall::endpoint::edge("ashburn")
                                                         : sidecall::endpoint::parse(options_.edge_endpoint));
        conclude("edge", twilio_.subscribe(call_, callback_.marked("edge"), new_key(), "", nullptr, &edge), 201);
    }

    void ask_about_sids()
    {
        texts upper;
        for (std::string const& sid : twilio_.sids())
            if (std::any_of(sid.begin() + 2, sid.end(), [](char c) { return c >= 'A' && c <= 'F'; }))
                upper.push_back(sid);
        std::size_t const all = twilio_.sids().size();
        answers_.add("sid_case", {all == 0 ? verdict::unknown : agrees_if(upper.empty()),
                                  upper.empty() ? "all in lower case" : "some in upper case",
                                  upper.empty() ? texts{} : texts{upper.front()}});
    }

    /// Deletes a subscription that does not exist until Twilio refuses that: this has no effect.
    void provoke_429()
    {
        say("provoking a 429");
        sidecall::delete_user_defined_message_subscription const deletion{
            twilio_.account, call_, unknown_sid<sidecall::subscription_sid>("ZY")};
        sidecall::curl_multi_transport transport({}, {.max_connections = 60, .max_in_flight = 60});
        answer refused;
        std::size_t sent = 0;
        auto const on_response = [&](sidecall::result<sidecall::http_response> response) {
            if (response && response->status == 429 && !refused.response) refused.response = *std::move(response);
        };
        for (; sent != 1'000; ++sent)
            transport(value_or_stop(sidecall::authorize(deletion, twilio_.credentials(), twilio_.endpoint())),
                      on_response);
        while (transport.poll() != 0 && !refused.response && !interrupted)
            transport.wait(std::chrono::milliseconds(100));
        transport.cancel_all();
        stop_if_interrupted();
        if (!refused.response) {
            answers_.add("too_many_requests",
                         {verdict::unknown, "no 429 after " + std::to_string(sent) + " requests", {}});
            return;
        }
        std::string seen = refused.to_string() + "; Retry-After: " + refused.header("Retry-After").value_or("none");
        answers_.add("too_many_requests", {agrees_if(refused.code() == 20429 && refused.header("Twilio-Request-Id")),
                                           std::move(seen),
                                           {refused.in_detail(), "header fields: " + header_names(refused)}});
    }

    // Webhooks.

    using arrivals = std::map<std::string, std::vector<delivery>>;

    /// A subscription that waits for messages.
    struct subscriber {
        std::string mark;
        callback_pieces callback;
        std::string method = {};
        std::string more = {};
        bool exists = false;
    };

    static std::set<std::string> message_sids(std::vector<delivery> const& requests)
    {
        std::set<std::string> sids;
        for (delivery const& one : requests)
            if (auto sid = one.parameter("Sid"); !sid.empty()) sids.insert(std::move(sid));
        return sids;
    }

    void ask_about_webhooks(listener const& server)
    {
        std::vector<subscriber> subscribers{{"default", callback_, "", "&x=a+b%20c%2bd~%7e"},
                                            {"post", callback_, "POST"},
                                            {"get", callback_, "GET"},
                                            {"user_info", with_user_info()},
                                            {"refused", callback_}};
        if (callback_.port.empty()) {
            subscribers.push_back({"port", callback_});
            subscribers.back().callback.port = callback_.default_port();
        }
        texts missing;
        for (subscriber& one : subscribers) {
            answer const made =
                twilio_.subscribe(call_, one.callback.marked(one.mark, one.more), new_key(), one.method);
            one.exists = made.sid<sidecall::subscription_sid>().has_value();
            if (!one.exists) missing.push_back(one.mark + " was not created: " + made.in_detail());
        }

        say("listening on port " + std::to_string(server.port()) + " for at most " + std::to_string(options_.wait) +
            " seconds");
        say("send two different messages from your client now, one after the other");
        auto const has_all = [&](arrivals const& seen) {
            return std::all_of(subscribers.begin(), subscribers.end(), [&](subscriber const& one) {
                auto const found = seen.find(one.mark);
                return !one.exists || (found != seen.end() && message_sids(found->second).size() >= 2);
            });
        };
        if (server.wait(std::chrono::seconds(options_.wait), has_all)) say("both messages have arrived");
        server.wait(std::chrono::milliseconds(options_.grace), [](arrivals const&) { return false; });
        arrivals const seen = server.deliveries();
        if (seen.empty()) {
            answers_.add_to_rest(
                {verdict::unknown, "no callback arrived within " + std::to_string(options_.wait) + " seconds", missing},
                true);
            return;
        }
        ask_about_arrival(seen, subscribers, std::move(missing));
        ask_about_parameters(seen);
        ask_about_signatures(seen, subscribers);
        ask_about_refusals(seen);
        answers_.add_to_rest({verdict::unknown, "the callback that would show it did not arrive", {}}, true);
    }

    static std::vector<delivery> find(arrivals const& seen, std::string const& mark)
    {
        auto const found = seen.find(mark);
        return found == seen.end() ? std::vector<delivery>{} : found->second;
    }

    static std::string describe(delivery const& one)
    {
        return one.method + ' ' + one.mark() + ", " + (one.content_type.empty() ? "no body" : one.content_type) +
               ", SequenceNumber " + one.parameter("SequenceNumber");
    }

    void ask_about_arrival(arrivals const& seen, std::vector<subscriber> const& subscribers, texts missing)
    {
        std::set<std::string> all;
        for (auto const& [mark, requests] : seen) all.merge(message_sids(requests));
        texts without;
        for (subscriber const& one : subscribers)
            if (one.exists && message_sids(find(seen, one.mark)).size() < all.size()) without.push_back(one.mark);
        texts evidence = std::move(missing);
        for (auto const& [mark, requests] : seen)
            for (delivery const& one : requests) evidence.push_back(describe(one));
        answers_.add("each_subscription",
                     {agrees_if(without.empty()),
                      without.empty() ? "each of them got each message" : "without a message: " + join(without),
                      evidence});

        auto const method = [&](std::string_view id, std::string const& mark, std::string_view expected) {
            auto const requests = find(seen, mark);
            if (requests.empty()) return;
            delivery const& one = requests.front();
            bool const in_query = one.body.empty() && !one.parameter("Content").empty();
            answers_.add(id, {agrees_if(one.method == expected && in_query == (expected == "GET")),
                              one.method + (in_query ? " with the parameters in the query" : ""),
                              {describe(one)}});
        };
        method("default_method", "default", "POST");
        method("post_method", "post", "POST");
        method("get_method", "get", "GET");

        for (auto const& [mark, requests] : seen)
            for (delivery const& one : requests)
                if (one.method == "POST") {
                    std::string kind = one.is_form() ? "a form" : one.is_json() ? "JSON" : "neither form nor JSON";
                    if (std::string(one.query()).find("bodySHA256=") != std::string::npos) kind += ", with bodySHA256";
                    answers_.add("body_format", {agrees_if(one.is_form()), kind, {describe(one)}});
                }

        for (subscriber const& one : subscribers) {
            auto const requests = find(seen, one.mark);
            if (one.mark != "default" || requests.empty()) continue;
            std::string const sent =
                callback_pieces(value_or_stop(sidecall::callback_url::parse(one.callback.marked(one.mark, one.more))))
                    .query;
            std::string const arrived(requests.front().query().substr(0, sent.size()));
            answers_.add("query_kept", {agrees_if(arrived == sent),
                                        arrived == sent ? "yes" : "it was changed",
                                        {"sent: ..." + one.more, "arrived: ..." + part_of(arrived, "&x=")}});
        }
    }

    static std::string part_of(std::string const& text, std::string_view from)
    {
        std::size_t const at = text.find(from);
        return at == text.npos ? "(without x)" : text.substr(at);
    }

    void ask_about_parameters(arrivals const& seen)
    {
        for (std::string const mark : {"default", "post", "refused", "user_info"}) {
            auto const requests = find(seen, mark);
            if (requests.empty() || requests.front().body.empty()) continue;
            texts names;
            for (auto const& [name, value] : requests.front().parameters()) names.push_back(name);
            std::sort(names.begin(), names.end());
            answers_.add("parameters", {agrees_if(names == texts{"AccountSid", "CallSid", "Content", "ContentType",
                                                                 "SequenceNumber", "Sid", "Timestamp"}),
                                        join(names),
                                        {"ContentType: " + requests.front().parameter("ContentType")}});
            std::string const time = requests.front().parameter("Timestamp");
            answers_.add("timestamp", {agrees_if(sidecall::detail::parse_rfc2822(time).has_value()), time, {}});
        }

        // Messages may arrive out of order, so take their numbers, not their order.
        std::map<std::string, std::set<std::string>> numbers_of;
        std::set<std::uint64_t> numbers;
        std::set<std::string> subscribers_seen;
        for (auto const& [mark, requests] : seen)
            for (delivery const& one : requests) {
                std::string const text = one.parameter("SequenceNumber");
                numbers_of[one.parameter("Sid")].insert(text);
                subscribers_seen.insert(mark);
                if (!text.empty() && text.size() < 18 && text.find_first_not_of("0123456789") == text.npos)
                    numbers.insert(std::stoull(text));
            }
        bool const is_unique =
            std::all_of(numbers_of.begin(), numbers_of.end(), [](auto const& one) { return one.second.size() == 1; });
        if (subscribers_seen.size() > 1) {
            // A message that each subscription gets under another Sid shows as more messages than one of them got.
            std::size_t most = 0;
            for (auto const& [mark, requests] : seen) most = std::max(most, message_sids(requests).size());
            bool const is_same = is_unique && numbers_of.size() == most;
            answers_.add("same_message", {agrees_if(is_same), is_same ? "yes" : "no", {}});
        }
        if (numbers.empty()) return;
        std::uint64_t const first = *numbers.begin();
        answers_.add("sequence_start",
                     {first > 1 ? verdict::unknown : agrees_if(first == 0), std::to_string(first),
                      first == 0 ? texts{} : texts{"unless the client had sent messages of this call before"}});
        if (numbers.size() > 1) {
            std::uint64_t const second = *std::next(numbers.begin());
            answers_.add(
                "sequence_step",
                {agrees_if(second == first + 1), std::to_string(first) + ", then " + std::to_string(second), {}});
        }
    }

    void ask_about_signatures(arrivals const& seen, std::vector<subscriber> const& subscribers)
    {
        texts invalid;
        std::size_t valid = 0;
        for (subscriber const& one : subscribers) {
            for (delivery const& request : find(seen, one.mark)) {
                signed_form const form = find_signed_form(request, one.callback, token_);
                if (!form.is_valid) {
                    invalid.push_back(describe(request) +
                                      (request.signature.empty() ? ": no signature" : ": another signature"));
                    continue;
                }
                ++valid;
                bool const has_port = !one.callback.port.empty();
                answers_.add(has_port ? "port_present" : "port_absent",
                             {agrees_if(form.port == has_port),
                              form.port ? "signed with a port" : "signed without a port",
                              {describe(request)}});
                if (one.mark == "user_info")
                    answers_.add("user_info_signed", {agrees_if(!form.user_info),
                                                      form.user_info ? "they are signed" : "they are not signed",
                                                      {describe(request)}});
            }
        }
        answers_.add("signature",
                     {agrees_if(invalid.empty()),
                      std::to_string(valid) + " valid, " + std::to_string(invalid.size()) + " not valid", invalid});
        if (!callback_.port.empty()) not_asked("port_absent", "the callback has a port");
    }

    void ask_about_refusals(arrivals const& seen)
    {
        if (auto const requests = find(seen, "user_info"); !requests.empty()) {
            texts order;
            for (delivery const& one : requests)
                if (one.parameter("Sid") == requests.front().parameter("Sid"))
                    order.push_back(one.authorization.empty() ? "without Authorization" : one.authorization);
            answers_.add("user_info_sent", {agrees_if(order == texts{"without Authorization", "Basic"}),
                                            join(order),
                                            {"the first request without Authorization was answered with 401"}});
        }
        if (auto const requests = find(seen, "refused"); !requests.empty()) {
            bool const repeats = requests.size() > message_sids(requests).size();
            answers_.add("refused_once",
                         {agrees_if(!repeats),
                          repeats ? "it was repeated" : "it was not repeated within the time of this check",
                          {std::to_string(requests.size()) + " callbacks for " +
                           std::to_string(message_sids(requests).size()) + " messages"}});
        }
    }

    arguments const& options_;
    std::string const& token_;
    sidecall::call_sid const& call_;
    callback_pieces callback_;
    session& twilio_;
    findings& answers_;
};

std::string now_in_utc()
{
    std::time_t const now = std::time(nullptr);
    char text[32]{};
    if (std::tm parts{}; gmtime_r(&now, &parts)) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
    return text;
}

/// The host, if it is one of Twilio's; another server is not named.
std::string server_name(sidecall::endpoint const& endpoint)
{
    constexpr std::string_view end = ".twilio.com";
    std::string_view const host = endpoint.host();
    bool const is_twilios = host.size() > end.size() && host.substr(host.size() - end.size()) == end;
    return is_twilios ? std::string(host) : "not Twilio's";
}

/// The account, its auth token and the server. The token is needed even with an API key: callbacks are signed with it.
struct account_settings {
    sidecall::account_sid account;
    std::string token;
    sidecall::endpoint endpoint;
};

account_settings read_account(server_arguments const& server)
{
    auto const settings = server.read();
    if (!settings.signing_token) throw stop{"TWILIO_AUTH_TOKEN is not set; callbacks are signed with it", wrong_usage};
    return {settings.account_sid, std::string(settings.signing_token->reveal()), settings.endpoint};
}

/// Says what will happen, and asks for consent unless --yes is given.
void ask_for_consent(arguments const& options)
{
    std::cerr << "live_check: This check will\n"
              << "  - create about 25 subscriptions to messages of the call, and delete them all;\n"
              << "  - send about 10 messages to the client of the call, one of them of 10,240 bytes;\n"
              << "  - send some requests that Twilio should refuse, which its debugger may log;\n";
    if (options.provoke_429)
        std::cerr << "  - send up to 1,000 requests at once, until Twilio refuses one. Other programs of the account\n"
                  << "    may be refused meanwhile;\n";
    if (options.port >= 0)
        std::cerr << "  - listen on port " << options.port << " and ask you to send two messages from your client;\n";
    std::cerr << "  - write a report without credentials, user-info" << (options.full_sids ? "" : ", whole SIDs")
              << " or the host of the callback.\n";
    if (options.yes) return;
    std::cerr << "live_check: Continue? [y/N] " << std::flush;
    std::string reply;
    if (!std::getline(std::cin, reply) || (reply != "y" && reply != "yes"))
        throw stop{"nothing was sent: answer y, or pass --yes", wrong_usage};
}

void run(arguments const& options)
{
    if (options.dry_run) {
        write_questions(std::cout, options.json);
        return;
    }
    auto const user = read_account(options.server);
    if (options.call.empty()) throw stop{"--call is required: the SID of a call in progress, CA…", wrong_usage};
    if (options.callback.empty())
        throw stop{"--callback is required: a public URL; with --listen, one that leads to this program", wrong_usage};
    auto const call = value_or_stop(sidecall::call_sid::parse(options.call));
    auto const callback = value_or_stop(sidecall::callback_url::parse(options.callback));
    callback_pieces const pieces(callback);
    if (!pieces.user_info.empty() || options.callback.find('#') != std::string::npos)
        throw stop{"--callback: pass a URL without user name, password and fragment", wrong_usage};
    for (std::string const* const other : {&options.ended_call, &options.other_leg})
        if (!other->empty()) value_or_stop(sidecall::call_sid::parse(*other));
    if (!environment("TWILIO_API_KEY").empty())
        value_or_stop(sidecall::api_key_sid::parse(environment("TWILIO_API_KEY")));
    std::ofstream file;
    if (!options.report.empty()) {
        file.open(options.report);
        if (!file) throw stop{"cannot write " + options.report, wrong_usage};
    }
    redactor clean(options.full_sids);
    for (std::string const& secret : {user.token, environment("TWILIO_API_SECRET"), pieces.host}) clean.hide(secret);
    ask_for_consent(options);

    for (int const signal : {SIGINT, SIGTERM, SIGHUP})
        std::signal(signal, [](int number) {
            interrupted = true;
            std::signal(number, SIG_DFL);
        });
    session twilio(user.account, sidecall::credentials::auth_token(user.account, sidecall::secret(user.token)),
                   user.endpoint);
    findings answers;
    std::string failure;
    try {
        if (!check(options, user.token, call, pieces, twilio, answers).run())
            failure = "no subscription could be created";
    } catch (interruption const&) {
        failure = "interrupted";
    } catch (stop const& reason) {
        failure = reason.reason;
    } catch (std::exception const& reason) {
        failure = reason.what();
    }
    if (!failure.empty()) answers.add_to_rest({verdict::not_asked, failure, {}});
    interrupted = false; // the deletions may wait and retry; a second signal ends the program
    twilio.remove_all();

    auto const left_over = twilio.left_over();
    std::string left = left_over.empty() ? "none" : join(left_over);
    if (auto const unknown = twilio.unknown_subscriptions(); unknown != 0)
        left += "; and at most " + std::to_string(unknown) + " whose SID is not known";
    facts const about{
        {"sidecall", std::string(sidecall::version)},
        {"libcurl", curl_version_info(CURLVERSION_NOW)->version},
        {"date", now_in_utc()},
        {"server", server_name(user.endpoint)},
        {"account", std::string(user.account.view())},
        {"call", std::string(call.view())},
        {"callback", std::string(callback.scheme()) + (pieces.port.empty() ? ", no port" : ", with a port")},
        {"subscriptions left over", left}};
    std::ostream& out = options.report.empty() ? std::cout : file;
    if (options.json)
        write_json(out, about, answers, clean);
    else
        write_markdown(out, about, answers, clean);
    out.flush();
    if (!out) throw stop{"cannot write the report", 1};
    if (!failure.empty()) throw stop{clean(failure) + "; the report is not complete", 1};
    if (left != "none") throw stop{"subscriptions are left over; they end with the call: " + clean(left), 1};
}

} // namespace live_check

int main(int argc, char** argv)
{
    live_check::arguments options;
    CLI::App app(
        "Asks Twilio what sidecall assumes about it, and writes a report that can be published. Needs an account\n"
        "(TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN) and a call in progress of a Voice SDK client. Also uses\n"
        "TWILIO_API_KEY and TWILIO_API_SECRET if they are set. Exit status: 0 if the report is complete, whatever\n"
        "it says; 1 if it is not, or if a subscription is left over; 2 for wrong usage.",
        "live_check");
    app.add_option("--call", options.call, "SID of a call in progress, CA…: the client's leg");
    app.add_option("--callback", options.callback, "public URL; with --listen, it must lead to this program");
    app.add_option("--listen", options.port, "port to receive callbacks on; 0 selects a free port")
        ->check(CLI::Range(0, 65535));
    app.add_option("--address", options.address, "address to listen on")->capture_default_str();
    app.add_option("--wait", options.wait, "seconds to wait for the messages of the client")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    app.add_option("--grace", options.grace, "milliseconds to wait for repetitions after that")
        ->check(CLI::Range(0, 600'000))
        ->capture_default_str();
    app.add_option("--ended-call", options.ended_call, "SID of a finished call; default: the account's last one");
    app.add_option("--other-leg", options.other_leg, "SID of the parent or child of the call");
    app.add_option("--edge-endpoint", options.edge_endpoint,
                   "server to ask in place of api.ashburn.us1.twilio.com; for tests");
    app.add_flag("--provoke-429", options.provoke_429, "send up to 1,000 requests at once, to see a 429");
    app.add_option("--report", options.report, "file for the report; default: standard output");
    app.add_flag("--json", options.json, "write JSON, one object a line, in place of Markdown");
    app.add_flag("--full-sids", options.full_sids, "do not shorten SIDs in the report");
    app.add_flag("--dry-run", options.dry_run, "print the questions and send nothing");
    app.add_flag("--yes", options.yes, "do not ask before the first request");
    options.server.add_to(app);
    return run_program(app, argc, argv, [&] { live_check::run(options); });
}
