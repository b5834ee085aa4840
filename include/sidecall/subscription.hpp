#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/callback_url.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/wire/resource.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/error_response.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_request.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/idempotency_key.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/unreadable_members.hpp>

// Subscriptions: the resource that Twilio returns, and the operations that create and delete one.
namespace sidecall {

/// A User Defined Message Subscription, as described by the response that created it. In Twilio's OpenAPI document
/// every property is nullable. A response without a `sid` is useless and fails to parse, so `sid` is always present.
template <class Text>
struct basic_user_defined_message_subscription {
    subscription_sid sid;                               ///< Identifies the subscription; needed to delete it.
    std::optional<sidecall::account_sid> account_sid{}; ///< The account that created it.
    std::optional<sidecall::call_sid> call_sid{};       ///< The call whose messages are delivered.
    std::optional<date_time> date_created{};            ///< When it was created, to the second.

    /// The path of the subscription, relative to `https://api.twilio.com`. In a `…_view` it is a view into the response
    /// body, with any JSON escapes not decoded.
    std::optional<Text> uri{};

    unreadable_members unreadable{}; ///< The optional members that were present but could not be read.

    /// Compares member by member.
    friend constexpr bool operator==(basic_user_defined_message_subscription const&,
                                     basic_user_defined_message_subscription const&) = default;
};

/// A `basic_user_defined_message_subscription` that owns its `uri`.
using user_defined_message_subscription = basic_user_defined_message_subscription<std::string>;
/// A `basic_user_defined_message_subscription` whose `uri` is a view into the response body.
using user_defined_message_subscription_view = basic_user_defined_message_subscription<std::string_view>;

/// Subscribes to the messages of a call: Twilio then calls `callback` for every message that the Voice SDK client
/// sends. The call must be `in-progress` or `ringing`. If the SDK user placed the call, give the parent call; if the
/// SDK user accepted it, the child call. Source: Twilio's API page CreateUserDefinedMessageSubscription.
///
/// No member can have an invalid value, so `request` cannot fail.
///
/// `create_user_defined_message_subscription` owns its texts. `create_user_defined_message_subscription_view` refers to
/// texts that must outlive it, and its `parse` never allocates, not even for a failure: Twilio's error message is then
/// only in the response.
///
/// @code
/// sidecall::create_user_defined_message_subscription operation{
///     .account_sid = account, .call_sid = call, .callback = *callback,
///     .idempotency_key = sidecall::idempotency_key::random()};
/// auto subscription = sidecall::send(operation, credentials, transport);
/// @endcode
template <class Text>
struct basic_create_user_defined_message_subscription {
    sidecall::account_sid account_sid;                               ///< The account that owns the call.
    sidecall::call_sid call_sid;                                     ///< The parent or the child call, see above.
    basic_callback_url<Text> callback;                               ///< The URL that Twilio sends the messages to.
    std::optional<basic_idempotency_key<Text>> idempotency_key = {}; ///< With a key, a retry does not create twice.
    /// The method with which Twilio calls `callback`: "Either GET or POST. Default is POST" when absent.
    std::optional<http_method> method = {};

    /// The type that `parse` makes from the response.
    using resource = basic_user_defined_message_subscription<Text>;

    /// Whether the `uri` of the resource is a view into the response body, which must then outlive the resource. The
    /// blocking `send` checks this: it accepts only a transport that keeps the response.
    static constexpr bool refers_to_answer = std::is_same_v<Text, std::string_view>;

    /// The request: `POST …/UserDefinedMessageSubscriptions.json`. One allocation. Aborts the program if
    /// a member is moved-from.
    constexpr http_request request(endpoint const& endpoint = endpoint::twilio()) const
    {
        return *make_request(*this, endpoint);
    }

    /// Whether a retry is safe: true if there is an idempotency key.
    constexpr bool is_idempotent() const noexcept { return idempotency_key.has_value(); }

    /// The method of the request.
    static constexpr http_method request_method = http_method::post;

    /// The name that an observer gets.
    static constexpr std::string_view operation_name = "create_user_defined_message_subscription";

    /// Passes the parts of the path and the fields of the form to `request`, a `request_writer`.
    template <class Request>
    constexpr void(write)(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account_sid).path("/Calls/").segment(call_sid);
        request.path("/UserDefinedMessageSubscriptions.json");
        request.field("Callback", callback).field("IdempotencyKey", idempotency_key).field("Method", method);
    }

    /// Reads the response. The documented response is 201 with the resource.
    ///
    /// Any other status fails with `api_error` or `unexpected_status`. A body that is not a JSON object, has one of the
    /// known members twice, or has no valid `sid` fails with `malformed_response`, which names the member and the byte.
    /// An optional member that cannot be read does not fail: it is empty and listed in `unreadable`, except a date
    /// after the year 9999, which is also `malformed_response`. Allocates for `uri` and for a failure; the `…_view`
    /// never allocates.
    static constexpr result<resource> parse(http_response_view const& response)
    {
        if (response.status != 201) return detail::failure_for<Text>(response);
        detail::resource_reader object(response.body, detail::expected_member{"account_sid", 34},
                                       detail::expected_member{"call_sid", 34}, detail::expected_member{"sid", 34},
                                       detail::expected_member{"date_created", 31},
                                       detail::expected_member{"uri", 168});
        auto const account = object.template optional_member<sidecall::account_sid>(0);
        auto const call = object.template optional_member<sidecall::call_sid>(1);
        auto const sid = object.template required_member<subscription_sid>(2);
        auto const created = object.template optional_member<date_time>(3);
        auto uri = object.template optional_member<Text>(4);
        if (object.fault()) return detail::malformed<Text>(response, object.fault());
        return resource{*sid, account, call, created, std::move(uri), object.unreadable()};
    }
};

/// A `basic_create_user_defined_message_subscription` that owns its texts.
using create_user_defined_message_subscription = basic_create_user_defined_message_subscription<std::string>;
/// A `basic_create_user_defined_message_subscription` that refers to texts that must outlive it.
using create_user_defined_message_subscription_view = basic_create_user_defined_message_subscription<std::string_view>;

/// Deletes a subscription: Twilio stops calling its callback. Source: Twilio's page "UserDefinedMessageSubscriptions
/// subresource". The `…_view` differs only in `parse`, which never allocates.
///
/// @code
/// sidecall::delete_user_defined_message_subscription operation{account, call, subscription->sid};
/// auto deleted = sidecall::send(operation, credentials, transport); // a result<void>
/// @endcode
template <class Text>
struct basic_delete_user_defined_message_subscription {
    sidecall::account_sid account_sid; ///< The account that owns the subscription.
    sidecall::call_sid call_sid;       ///< The call that it belongs to.
    subscription_sid sid;              ///< The subscription to delete.

    /// The response has no content to read.
    using resource = void;

    /// The request: `DELETE …/UserDefinedMessageSubscriptions/{Sid}.json`. Cannot fail. One allocation.
    constexpr http_request request(endpoint const& endpoint = endpoint::twilio()) const
    {
        return *make_request(*this, endpoint);
    }

    /// The method of the request.
    static constexpr http_method request_method = http_method::delete_;

    /// The name that an observer gets.
    static constexpr std::string_view operation_name = "delete_user_defined_message_subscription";

    /// Passes the parts of the path to `request`, a `request_writer`.
    template <class Request>
    constexpr void(write)(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account_sid).path("/Calls/").segment(call_sid);
        request.path("/UserDefinedMessageSubscriptions/").segment(sid).path(".json");
    }

    /// Reads the response. The documented response is 204. Any other status fails with `api_error` (404 if the
    /// subscription no longer exists) or `unexpected_status`. Allocates only for a failure; the `…_view` never
    /// allocates.
    static constexpr result<void> parse(http_response_view const& response)
    {
        if (response.status != 204) return detail::failure_for<Text>(response);
        return {};
    }
};

/// A `basic_delete_user_defined_message_subscription` whose failures include Twilio's error message.
using delete_user_defined_message_subscription = basic_delete_user_defined_message_subscription<std::string>;
/// A `basic_delete_user_defined_message_subscription` whose failures do not include Twilio's error message.
using delete_user_defined_message_subscription_view = basic_delete_user_defined_message_subscription<std::string_view>;

} // namespace sidecall
