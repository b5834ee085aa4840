#pragma once

#include <optional>
#include <string>
#include <utility>

#include <sidecall/callback_url.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/resource.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/http.hpp>
#include <sidecall/idempotency_key.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>

namespace sidecall {

/// A User Defined Message Subscription, as the answer to its creation describes it. Twilio's OpenAPI document has every
/// property nullable; one without a `sid` is of no use, so that one is always there.
struct user_defined_message_subscription {
    subscription_sid sid;                               ///< Its name: what `delete_…` needs.
    std::optional<sidecall::account_sid> account_sid{}; ///< The account that created it.
    std::optional<sidecall::call_sid> call_sid{};       ///< The call whose messages it gets.
    std::optional<date_time> date_created{};            ///< When, to the second.
    std::optional<std::string> uri{};                   ///< Its own path, relative to `https://api.twilio.com`.

    friend bool operator==(user_defined_message_subscription const&,
                           user_defined_message_subscription const&) = default;
};

/// Subscribes to the messages of a call: from then on Twilio calls `callback` once for each message that the Voice SDK
/// client sends. The call must be `in-progress` or `ringing`; if the SDK user placed it, name the parent call, if they
/// accepted it, the child call.
///
/// All members are values that cannot be invalid, so `request` cannot fail. Source: Twilio's API page
/// CreateUserDefinedMessageSubscription.
struct create_user_defined_message_subscription {
    sidecall::account_sid account_sid;
    sidecall::call_sid call_sid;
    callback_url callback;                                         ///< Where Twilio is to send the messages.
    std::optional<sidecall::idempotency_key> idempotency_key = {}; ///< With one, a repetition creates nothing twice.
    std::optional<http_method> method = {}; ///< How Twilio calls: "Either GET or POST. Default is POST" when absent.

    /// What the answer is read as.
    using resource = user_defined_message_subscription;

    /// `POST …/UserDefinedMessageSubscriptions.json`. One allocation.
    http_request request(endpoint const& where = {}) const
    {
        return {http_method::post,
                where,
                {"/2010-04-01/Accounts/", account_sid.view(), "/Calls/", call_sid.view(),
                 "/UserDefinedMessageSubscriptions.json"},
                {{"Callback", callback.view()},
                 {"IdempotencyKey", idempotency_key ? std::optional(idempotency_key->view()) : std::nullopt},
                 {"Method", method ? std::optional(to_string_view(*method)) : std::nullopt}}};
    }

    /// Reads the answer. Documented is 201 with the resource; any other status is `api_error` or `unexpected_status`,
    /// any other body `malformed_response` with the member and the byte. Allocates for `uri`, and for a failure.
    result<resource> parse(http_response_view const& response) const
    {
        if (response.status != 201) return failure_of(response);
        std::optional<subscription_sid> sid;
        std::optional<sidecall::account_sid> account;
        std::optional<sidecall::call_sid> call;
        std::optional<date_time> created;
        std::optional<std::string> uri;
        if (auto fault = detail::read_resource(response, detail::member{"account_sid", account},
                                               detail::member{"call_sid", call}, detail::member{"sid", sid},
                                               detail::member{"date_created", created}, detail::member{"uri", uri}))
            return *std::move(fault);
        if (!sid) return detail::malformed(response, "sid", {"missing or null", response.body.size()});
        return resource{*sid, account, call, created, std::move(uri)};
    }
};

/// Ends a subscription: Twilio calls its callback no more. Source: Twilio's page "UserDefinedMessageSubscriptions
/// subresource".
struct delete_user_defined_message_subscription {
    sidecall::account_sid account_sid;
    sidecall::call_sid call_sid;
    subscription_sid sid; ///< Which one.

    /// There is nothing in the answer.
    using resource = void;

    /// `DELETE …/UserDefinedMessageSubscriptions/{Sid}.json`. One allocation.
    http_request request(endpoint const& where = {}) const
    {
        return {http_method::delete_,
                where,
                {"/2010-04-01/Accounts/", account_sid.view(), "/Calls/", call_sid.view(),
                 "/UserDefinedMessageSubscriptions/", sid.view(), ".json"}};
    }

    /// Reads the answer. Documented is 204; any other status is `api_error` (404 if it is gone already) or
    /// `unexpected_status`.
    result<void> parse(http_response_view const& response) const
    {
        if (response.status != 204) return failure_of(response);
        return {};
    }
};

} // namespace sidecall
