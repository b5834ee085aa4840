#pragma once

// How live_check sends requests: once, or again where that is safe. It knows every subscription that it made and
// deletes them all.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../program.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/json.hpp>
#include <sidecall/sidecall.hpp>

namespace live_check {

/// Set by the signal handler. The check then ends early, and deletes what it made.
inline std::atomic<bool> interrupted = false;

/// Thrown at the next step after a signal.
struct interruption {};

inline void stop_if_interrupted()
{
    if (interrupted) throw interruption();
}

/// Waits, but not longer than until a signal. False after a signal.
inline bool sleep(std::chrono::milliseconds delay)
{
    auto const end = std::chrono::steady_clock::now() + delay;
    while (!interrupted && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::min(delay, std::chrono::milliseconds(50)));
    return !interrupted;
}

/// Names and values of a form, in order.
using fields = std::vector<std::pair<std::string, std::string>>;

/// A POST to a resource of a call with any form. The library's own operations send no invalid value.
struct post_form {
    sidecall::account_sid account;
    sidecall::call_sid call;
    std::string_view collection; ///< "UserDefinedMessageSubscriptions" or "UserDefinedMessages"
    fields form;

    using resource = int; ///< The status.
    static constexpr auto request_method = sidecall::http_method::post;
    static constexpr bool is_idempotent() { return true; } // each form here has an IdempotencyKey

    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account).path("/Calls/").segment(call);
        request.path("/").segment(collection).path(".json");
        for (auto const& [name, value] : form) request.field(name, value);
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        if (response.status < 200 || response.status > 299) return sidecall::failure_of(response);
        return response.status;
    }
};

/// What a request led to.
struct answer {
    std::optional<sidecall::http_response> response = {};
    std::string failure = {}; ///< Why there is no response.

    int status() const { return response ? response->status : 0; }

    /// A header field of the response.
    std::optional<std::string> header(std::string_view name) const
    {
        if (!response) return std::nullopt;
        auto const value = sidecall::headers_view(response->headers).find(name);
        return value ? std::optional(std::string(*value)) : std::nullopt;
    }

    /// Twilio's error code.
    std::optional<int> code() const { return response ? sidecall::failure_of(*response).twilio_code() : std::nullopt; }

    /// A member of the response, if it is a string.
    std::string member(std::string_view name) const
    {
        if (!response) return "";
        auto const object = sidecall::json_object::parse(response->body);
        return object ? object->find(name).optional_string().value_or("") : "";
    }

    /// `sid`, if it is one of this kind.
    template <class Sid>
    std::optional<Sid> sid() const
    {
        auto const parsed = Sid::parse(member("sid"));
        return parsed ? std::optional(*parsed) : std::nullopt;
    }

    /// Whether the response says something about the request. A server that is overloaded or unavailable says nothing.
    bool is_telling() const
    {
        return response && status() != 401 && status() != 429 && status() != 502 && status() != 503 && status() != 504;
    }

    /// Status, code and SID, such as "HTTP 404, code 20404".
    std::string to_string() const
    {
        if (!response) return "no response: " + failure;
        std::string text = "HTTP " + std::to_string(status());
        if (auto const number = code()) text += ", code " + std::to_string(*number);
        if (auto const found = member("sid"); !found.empty()) text += ", sid " + found;
        return text;
    }

    /// The same with Twilio's message.
    std::string in_detail() const
    {
        std::string text = to_string();
        if (auto const message = member("message"); !message.empty()) text += ", \"" + message.substr(0, 300) + '"';
        return text;
    }
};

/// The account, its server, and what was made there.
class session {
public:
    session(sidecall::account_sid const& user, sidecall::credentials credentials, sidecall::endpoint endpoint)
        : account(user), credentials_(std::move(credentials)), endpoint_(std::move(endpoint))
    {
    }

    /// Sends an operation. A failed attempt is repeated only where it cannot take effect twice.
    template <sidecall::operation Operation>
    answer ask(Operation const& operation, sidecall::credentials const* credentials = nullptr,
               sidecall::endpoint const* endpoint = nullptr)
    {
        stop_if_interrupted();
        return send(operation, {.max_attempts = 3}, credentials, endpoint);
    }

    /// Creates a subscription, and remembers it.
    answer subscribe(sidecall::call_sid const& call, std::string callback, std::string key, std::string method = "",
                     sidecall::credentials const* credentials = nullptr, sidecall::endpoint const* endpoint = nullptr)
    {
        post_form operation{account, call, "UserDefinedMessageSubscriptions", {{"Callback", std::move(callback)}}};
        operation.form.emplace_back("IdempotencyKey", std::move(key));
        if (!method.empty()) operation.form.emplace_back("Method", std::move(method));
        return remember(call, ask(operation, credentials, endpoint));
    }

    /// The same by the library's own operation.
    answer subscribe(sidecall::create_user_defined_message_subscription const& operation)
    {
        return remember(operation.call_sid, ask(operation));
    }

    /// Sends a message to the client.
    answer message(sidecall::call_sid const& call, std::string content, std::string key)
    {
        return ask(post_form{account,
                             call,
                             "UserDefinedMessages",
                             {{"Content", std::move(content)}, {"IdempotencyKey", std::move(key)}}});
    }

    /// Deletes a subscription. A lost response is not repeated, because a second deletion has another response.
    answer remove(sidecall::call_sid const& call, sidecall::subscription_sid const& sid)
    {
        stop_if_interrupted();
        answer const deleted =
            send(sidecall::delete_user_defined_message_subscription{account, call, sid}, {.max_attempts = 1});
        if (deleted.status() == 204) forget(call, sid);
        return deleted;
    }

    /// Deletes every subscription that was made, also after a signal.
    void remove_all()
    {
        auto const all = made_;
        for (auto const& [call, sid] : all) {
            answer const deleted = send(sidecall::delete_user_defined_message_subscription{account, call, sid},
                                        {.deadline = std::chrono::seconds(20), .max_attempts = 4});
            if ((deleted.status() >= 200 && deleted.status() < 300) || deleted.status() == 404) forget(call, sid);
        }
    }

    /// The subscriptions that exist, as far as is known.
    std::vector<std::string> left_over() const
    {
        std::vector<std::string> sids;
        for (auto const& one : made_) sids.emplace_back(one.second.view());
        return sids;
    }
    /// The number of requests that may have made a subscription whose SID is not known.
    std::size_t unknown_subscriptions() const { return unknown_; }

    /// Every SID that a response had.
    std::set<std::string> const& sids() const { return sids_; }

    sidecall::credentials const& credentials() const { return credentials_; }
    sidecall::endpoint const& endpoint() const { return endpoint_; }

    sidecall::account_sid const account;

private:
    template <class Operation>
    answer send(Operation const& operation, sidecall::retry_policy const& policy,
                sidecall::credentials const* credentials = nullptr, sidecall::endpoint const* endpoint = nullptr)
    {
        answer seen;
        auto const recording = [&](sidecall::authorized_request const& request) {
            seen.response.reset();
            auto response = transport_(request);
            if (response) seen.response = *response;
            return response;
        };
        auto const outcome = sidecall::send_with_retry(operation, credentials ? *credentials : credentials_, recording,
                                                       policy, sleep, endpoint ? *endpoint : endpoint_);
        if (!outcome) seen.failure = outcome.error().to_string();
        lost_ = !outcome && sidecall::may_have_taken_effect(outcome.error());
        if (auto const sid = seen.member("sid"); !sid.empty()) sids_.insert(sid);
        return seen;
    }

    answer remember(sidecall::call_sid const& call, answer created)
    {
        auto const sid = created.sid<sidecall::subscription_sid>();
        if (sid) {
            if (std::find(made_.begin(), made_.end(), std::pair(call, *sid)) == made_.end())
                made_.emplace_back(call, *sid);
        } else if (lost_) {
            ++unknown_;
        }
        return created;
    }

    void forget(sidecall::call_sid const& call, sidecall::subscription_sid const& sid)
    {
        made_.erase(std::remove(made_.begin(), made_.end(), std::pair(call, sid)), made_.end());
    }

    sidecall::credentials credentials_;
    sidecall::endpoint endpoint_;
    sidecall::curl_transport transport_;
    std::vector<std::pair<sidecall::call_sid, sidecall::subscription_sid>> made_;
    std::set<std::string> sids_;
    std::size_t unknown_ = 0;
    bool lost_ = false;
};

} // namespace live_check
