#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/date_time.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/json.hpp>
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

/// What a message says: a JSON text (RFC 8259, UTF-8) of at most 10,240 bytes, the 10 KB that the Voice SDKs allow. Any
/// JSON value will do. Sent byte for byte; "not to be used for personal data" (Twilio's page "UserDefinedMessages
/// subresource").
///
/// `Text` is what holds it: `message_content` owns its text (an allocation if it is long), `message_content_view`
/// refers to a text that outlives it; temporaries are rejected. A moved-from content is empty, and to make a request of
/// it ends the program.
template <class Text>
class basic_message_content {
    static constexpr bool is_view = std::is_same_v<Text, std::string_view>;

public:
    /// The most bytes that a message may have.
    static constexpr std::size_t max_size = 10'240;

    /// Checks a whole text. A failure is `invalid_argument` in `"Content"`: too long, or no JSON at that byte.
    static constexpr result<basic_message_content> parse(detail::text_parameter<Text> json)
    {
        if (json.size() > max_size)
            return failure(errc::invalid_argument, "Content", "longer than 10,240 bytes", std::size_t{max_size});
        detail::json_reader reader(json);
        detail::json_value value;
        if (!reader.read_text(value))
            return failure(errc::invalid_argument, "Content", reader.fault().rule, reader.fault().offset);
        return basic_message_content(Text(json));
    }

    /// The text, as it was given; valid as long as this object is (of a `message_content_view`: its text), so there is
    /// none of a temporary that owns its text.
    constexpr std::string_view view() const& noexcept { return text_; }
    std::string_view view() const&&
        requires(!is_view)
    = delete;

    /// Byte for byte: `1` and `1.0` are two.
    friend constexpr bool operator==(basic_message_content const& a, basic_message_content const& b) noexcept
    {
        return a.view() == b.view();
    }

private:
    constexpr explicit basic_message_content(Text text) noexcept : text_(std::move(text)) {}

    Text text_;
};

using message_content = basic_message_content<std::string>;           ///< Owns its text.
using message_content_view = basic_message_content<std::string_view>; ///< For a text that outlives it.

/// A User Defined Message, as the answer to its creation describes it. Twilio's OpenAPI document has every property
/// nullable; one without a `sid` is of no use, so that one is always there.
struct user_defined_message {
    message_sid sid;                                    ///< Its name.
    std::optional<sidecall::account_sid> account_sid{}; ///< The account that created it.
    std::optional<sidecall::call_sid> call_sid{};       ///< The call whose client gets it.
    std::optional<date_time> date_created{};            ///< When, to the second.
    unreadable_members unreadable{}; ///< Which of the optional members were present but could not be read.

    /// Member by member.
    friend constexpr bool operator==(user_defined_message const&, user_defined_message const&) = default;
};

/// Sends a message to the Voice SDK client of a call. Source: Twilio's page "UserDefinedMessages subresource".
///
/// `create_user_defined_message` owns its texts; `create_user_defined_message_view` refers to somebody else's and its
/// `parse` never allocates, not for a failure either: what Twilio says in words is then in the answer alone.
template <class Text>
struct basic_create_user_defined_message {
    sidecall::account_sid account_sid;                               ///< Whose call it is.
    sidecall::call_sid call_sid;                                     ///< The call whose client is to get it.
    basic_message_content<Text> content;                             ///< What it says.
    std::optional<basic_idempotency_key<Text>> idempotency_key = {}; ///< With one, a repetition sends nothing twice.

    /// What the answer is read as.
    using resource = user_defined_message;

    /// `POST …/UserDefinedMessages.json`. One allocation.
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
        to.path("/UserDefinedMessages.json");
        to.field("Content", detail::not_moved_from(content.view(), "the content of the message was moved from"));
        if (idempotency_key)
            to.field("IdempotencyKey",
                     detail::not_moved_from(idempotency_key->view(), "the idempotency key was moved from"));
    }

    /// Reads the response. Documented is 201 with the resource; any other status is `api_error` or `unexpected_status`.
    /// A body that is no JSON object, has a member twice or no valid `sid` is `malformed_response`, with the member and
    /// the byte; any other member that cannot be read is empty and listed in `unreadable`. Allocates for a failure
    /// alone.
    static constexpr result<resource> parse(http_response_view const& response)
    {
        if (response.status != 201) return detail::refusal<Text>(response);
        detail::resource_reader object(response.body, detail::expected_member{"account_sid", 34},
                                       detail::expected_member{"call_sid", 34}, detail::expected_member{"sid", 34},
                                       detail::expected_member{"date_created", 31});
        auto const account = object.template optional_member<sidecall::account_sid>(0);
        auto const call = object.template optional_member<sidecall::call_sid>(1);
        auto const sid = object.template required_member<message_sid>(2);
        auto const created = object.template optional_member<date_time>(3);
        if (object.fault()) return detail::malformed<Text>(response, object.fault());
        return resource{*sid, account, call, created, object.unreadable()};
    }
};

using create_user_defined_message = basic_create_user_defined_message<std::string>; ///< Owns its texts.
/// Refers to texts that outlive it.
using create_user_defined_message_view = basic_create_user_defined_message<std::string_view>;

} // namespace sidecall
