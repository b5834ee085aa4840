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

namespace sidecall {

/// A User Defined Message Subscription, as the answer to its creation describes it. Twilio's OpenAPI document has every
/// property nullable; one without a `sid` is of no use, so that one is always there.
template <class Text>
struct basic_user_defined_message_subscription {
    subscription_sid sid;                               ///< Its name: what `delete_…` needs.
    std::optional<sidecall::account_sid> account_sid{}; ///< The account that created it.
    std::optional<sidecall::call_sid> call_sid{};       ///< The call whose messages it gets.
    std::optional<date_time> date_created{};            ///< When, to the second.

    /// Its own path, relative to `https://api.twilio.com`. In a `…_view` it lies in the answer's body, as it is written
    /// there: should it have backslashes, they are still in it.
    std::optional<Text> uri{};

    unreadable_members unreadable{}; ///< Which of the optional members were present but could not be read.

    /// Member by member.
    friend constexpr bool operator==(basic_user_defined_message_subscription const&,
                                     basic_user_defined_message_subscription const&) = default;
};

using user_defined_message_subscription = basic_user_defined_message_subscription<std::string>; ///< Owns its `uri`.
/// Its `uri` lies in the answer's body.
using user_defined_message_subscription_view = basic_user_defined_message_subscription<std::string_view>;

/// Subscribes to the messages of a call: from then on Twilio calls `callback` once for each message that the Voice SDK
/// client sends. The call must be `in-progress` or `ringing`; if the SDK user placed it, name the parent call, if they
/// accepted it, the child call.
///
/// All members are values that cannot be invalid, so `request` cannot fail. Source: Twilio's API page
/// CreateUserDefinedMessageSubscription.
///
/// `create_user_defined_message_subscription` owns its texts; `create_user_defined_message_subscription_view` refers to
/// somebody else's and its `parse` never allocates, not for a failure either: what Twilio says in words is then in the
/// answer alone.
template <class Text>
struct basic_create_user_defined_message_subscription {
    sidecall::account_sid account_sid;                               ///< Whose call it is.
    sidecall::call_sid call_sid;                                     ///< The call: parent or child, see above.
    basic_callback_url<Text> callback;                               ///< Where Twilio is to send the messages.
    std::optional<basic_idempotency_key<Text>> idempotency_key = {}; ///< With one, a repetition creates nothing twice.
    std::optional<http_method> method = {}; ///< How Twilio calls: "Either GET or POST. Default is POST" when absent.

    /// What the answer is read as.
    using resource = basic_user_defined_message_subscription<Text>;

    /// Whether its `uri` lies in the answer's body, which then must outlive it. `send` sees to that.
    static constexpr bool refers_to_answer = std::is_same_v<Text, std::string_view>;

    /// `POST …/UserDefinedMessageSubscriptions.json`. One allocation.
    constexpr http_request request(endpoint const& where = endpoint::twilio()) const
    {
        return http_request(*this, where);
    }

    /// Whether a repetition has no further effect: it has a key.
    constexpr bool is_idempotent() const noexcept { return idempotency_key.has_value(); }

    /// How the request asks.
    static constexpr http_method request_method = http_method::post;

    /// Gives the pieces of the path and the fields of the form to whatever measures or writes the request.
    template <class Request>
    constexpr void(write)(Request& to) const
    {
        to.path("/2010-04-01/Accounts/").path(account_sid).path("/Calls/").path(call_sid);
        to.path("/UserDefinedMessageSubscriptions.json");
        to.field("Callback", detail::not_moved_from(callback.view(), "the callback was moved from"));
        if (idempotency_key)
            to.field("IdempotencyKey",
                     detail::not_moved_from(idempotency_key->view(), "the idempotency key was moved from"));
        if (method) to.field("Method", to_string_view(*method));
    }

    /// Reads the response. Documented is 201 with the resource; any other status is `api_error` or `unexpected_status`.
    /// A body that is no JSON object, has a member twice or no valid `sid` is `malformed_response`, with the member and
    /// the byte; any other member that cannot be read is empty and listed in `unreadable`. Allocates for `uri`, and for
    /// a failure.
    static constexpr result<resource> parse(http_response_view const& response)
    {
        if (response.status != 201) return detail::refusal<Text>(response);
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

/// Owns its texts.
using create_user_defined_message_subscription = basic_create_user_defined_message_subscription<std::string>;
/// Refers to texts that outlive it.
using create_user_defined_message_subscription_view = basic_create_user_defined_message_subscription<std::string_view>;

/// Ends a subscription: Twilio calls its callback no more. Source: Twilio's page "UserDefinedMessageSubscriptions
/// subresource". The `…_view` differs in `parse` alone, which never allocates.
template <class Text>
struct basic_delete_user_defined_message_subscription {
    sidecall::account_sid account_sid; ///< Whose it is.
    sidecall::call_sid call_sid;       ///< The call that it is of.
    subscription_sid sid;              ///< Which one.

    /// There is nothing in the answer.
    using resource = void;

    /// `DELETE …/UserDefinedMessageSubscriptions/{Sid}.json`. One allocation.
    constexpr http_request request(endpoint const& where = endpoint::twilio()) const
    {
        return http_request(*this, where);
    }

    /// How the request asks.
    static constexpr http_method request_method = http_method::delete_;

    /// Gives the pieces of the path to whatever measures or writes the request.
    template <class Request>
    constexpr void(write)(Request& to) const
    {
        to.path("/2010-04-01/Accounts/").path(account_sid).path("/Calls/").path(call_sid);
        to.path("/UserDefinedMessageSubscriptions/").path(sid).path(".json");
    }

    /// Reads the answer. Documented is 204; any other status is `api_error` (404 if it is gone already) or
    /// `unexpected_status`.
    static constexpr result<void> parse(http_response_view const& response)
    {
        if (response.status != 204) return detail::refusal<Text>(response);
        return {};
    }
};

/// Its failures have Twilio's words.
using delete_user_defined_message_subscription = basic_delete_user_defined_message_subscription<std::string>;
/// Its failures have none of Twilio's words.
using delete_user_defined_message_subscription_view = basic_delete_user_defined_message_subscription<std::string_view>;

} // namespace sidecall
