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

// Messages to a client: their content, the resource that Twilio returns, and the operation that sends one.
namespace sidecall {

/// The content of a message: a JSON text (RFC 8259, UTF-8) of at most 10,240 bytes, the 10 KB that the Voice SDKs
/// allow. Any JSON value is allowed, not only an object. It is sent byte for byte. Twilio: "not to be used for personal
/// data" (page "UserDefinedMessages subresource").
///
/// `message_content` owns its text and allocates if the text is long. `message_content_view` is a non-owning view of a
/// text that must outlive it; temporaries are rejected at compile time. A moved-from content is empty; making a request
/// from it aborts the program.
///
/// @code
/// auto content = sidecall::message_content::parse(R"({"greeting":"hello"})");
/// if (!content) return content.error(); // names the rule and the byte
/// @endcode
template <class Text>
class basic_message_content {
    static constexpr bool is_view = std::is_same_v<Text, std::string_view>;

public:
    /// The maximum size of a content, in bytes.
    static constexpr std::size_t max_size = 10'240;

    /// Checks that the whole text is JSON and short enough. Fails with `invalid_argument` in `"Content"`: too long (the
    /// offset is then `max_size`), or not JSON (the offset is the first wrong byte).
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

    /// The text, unchanged. The view is valid as long as this object; that of a `message_content_view`, as long as the
    /// text it refers to. Not available on a temporary that owns its text, since the view would dangle.
    constexpr std::string_view view() const& noexcept { return text_; }
    std::string_view view() const&&
        requires(!is_view)
    = delete;

    /// Compares byte for byte: `1` and `1.0` are different.
    friend constexpr bool operator==(basic_message_content const& a, basic_message_content const& b) noexcept
    {
        return a.view() == b.view();
    }

private:
    constexpr explicit basic_message_content(Text text) noexcept : text_(std::move(text)) {}

    Text text_;
};

using message_content = basic_message_content<std::string>; ///< A `basic_message_content` that owns its text.
/// A `basic_message_content` that is a view of a text that must outlive it.
using message_content_view = basic_message_content<std::string_view>;

/// A User Defined Message, as described by the response that created it. In Twilio's OpenAPI document every property is
/// nullable. A response without a `sid` is useless and fails to parse, so `sid` is always present.
struct user_defined_message {
    message_sid sid;                                    ///< Identifies the message.
    std::optional<sidecall::account_sid> account_sid{}; ///< The account that created it.
    std::optional<sidecall::call_sid> call_sid{};       ///< The call whose client receives it.
    std::optional<date_time> date_created{};            ///< When it was created, to the second.
    unreadable_members unreadable{}; ///< The optional members that were present but could not be read.

    /// Compares member by member.
    friend constexpr bool operator==(user_defined_message const&, user_defined_message const&) = default;
};

/// Sends a message to the Voice SDK client of a call. Source: Twilio's page "UserDefinedMessages subresource".
///
/// `create_user_defined_message` owns its texts. `create_user_defined_message_view` refers to texts that must outlive
/// it, and its `parse` never allocates, not even for a failure: Twilio's error message is then only in the response.
///
/// @code
/// sidecall::create_user_defined_message operation{
///     .account_sid = account, .call_sid = call, .content = *content,
///     .idempotency_key = sidecall::idempotency_key::random()};
/// auto message = sidecall::send(operation, credentials, transport);
/// @endcode
template <class Text>
struct basic_create_user_defined_message {
    sidecall::account_sid account_sid;                               ///< The account that owns the call.
    sidecall::call_sid call_sid;                                     ///< The call whose client receives the message.
    basic_message_content<Text> content;                             ///< What to send.
    std::optional<basic_idempotency_key<Text>> idempotency_key = {}; ///< With a key, a retry does not send twice.

    /// The type that `parse` makes from the response.
    using resource = user_defined_message;

    /// The request: `POST …/UserDefinedMessages.json`. One allocation. Aborts the program if a member
    /// is moved-from.
    constexpr http_request request(endpoint const& endpoint = endpoint::twilio()) const
    {
        return *make_request(*this, endpoint);
    }

    /// Whether a retry is safe: true if there is an idempotency key.
    constexpr bool is_idempotent() const noexcept { return idempotency_key.has_value(); }

    /// The method of the request.
    static constexpr http_method request_method = http_method::post;

    /// The name that an observer gets.
    static constexpr std::string_view operation_name = "create_user_defined_message";

    /// Passes the parts of the path and the fields of the form to `request`, a `request_writer`.
    template <class Request>
    constexpr void(write)(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account_sid).path("/Calls/").segment(call_sid);
        request.path("/UserDefinedMessages.json");
        request.field("Content", content).field("IdempotencyKey", idempotency_key);
    }

    /// Reads the response. The documented response is 201 with the resource.
    ///
    /// Any other status fails with `api_error` or `unexpected_status`. A body that is not a JSON object, has one of the
    /// known members twice, or has no valid `sid` fails with `malformed_response`, which names the member and the byte.
    /// An optional member that cannot be read does not fail: it is empty and listed in `unreadable`, except a date
    /// after the year 9999, which is also `malformed_response`. Allocates only for a failure.
    static constexpr result<resource> parse(http_response_view const& response)
    {
        if (response.status != 201) return detail::failure_for<Text>(response);
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

/// A `basic_create_user_defined_message` that owns its texts.
using create_user_defined_message = basic_create_user_defined_message<std::string>;
/// A `basic_create_user_defined_message` that refers to texts that must outlive it.
using create_user_defined_message_view = basic_create_user_defined_message<std::string_view>;

} // namespace sidecall
