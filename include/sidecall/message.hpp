#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include <sidecall/date_time.hpp>
#include <sidecall/detail/json.hpp>
#include <sidecall/detail/resource.hpp>
#include <sidecall/detail/storage.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/http.hpp>
#include <sidecall/idempotency_key.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>

namespace sidecall {

/// What a message says: a JSON text (RFC 8259, UTF-8) of at most 10,240 bytes, the 10 KB that the Voice SDKs allow. Any
/// JSON value will do. Sent byte for byte; "not to be used for personal data" (Twilio's page "UserDefinedMessages
/// subresource"). Owns its text: an allocation if it is long.
class message_content {
public:
    /// The most bytes that a message may have.
    static constexpr std::size_t max_size = 10'240;

    /// Checks a whole text. A failure is `invalid_argument` in `"Content"`: too long, or no JSON at that byte.
    static constexpr result<message_content> parse(std::string_view json)
    {
        if (json.size() > max_size)
            return failure(errc::invalid_argument, "Content", "longer than 10,240 bytes", std::size_t{max_size});
        detail::json_reader reader(json);
        detail::json_value value;
        if (!reader.read_text(value))
            return failure(errc::invalid_argument, "Content", reader.fault()->rule, reader.fault()->offset);
        return message_content(detail::buffer(json));
    }

    /// The text, as it was given; valid as long as this object is.
    constexpr std::string_view view() const noexcept { return text_; }

    friend constexpr bool operator==(message_content const& a, message_content const& b) noexcept
    {
        return a.view() == b.view();
    }

private:
    constexpr explicit message_content(detail::buffer text) noexcept : text_(std::move(text)) {}

    detail::buffer text_;
};

/// A User Defined Message, as the answer to its creation describes it. Twilio's OpenAPI document has every property
/// nullable; one without a `sid` is of no use, so that one is always there.
struct user_defined_message {
    message_sid sid;                                    ///< Its name.
    std::optional<sidecall::account_sid> account_sid{}; ///< The account that created it.
    std::optional<sidecall::call_sid> call_sid{};       ///< The call whose client gets it.
    std::optional<date_time> date_created{};            ///< When, to the second.

    friend bool operator==(user_defined_message const&, user_defined_message const&) = default;
};

/// Sends a message to the Voice SDK client of a call. Source: Twilio's page "UserDefinedMessages subresource".
struct create_user_defined_message {
    sidecall::account_sid account_sid;
    sidecall::call_sid call_sid;
    message_content content;                                       ///< What it says.
    std::optional<sidecall::idempotency_key> idempotency_key = {}; ///< With one, a repetition sends nothing twice.

    /// What the answer is read as.
    using resource = user_defined_message;

    /// `POST …/UserDefinedMessages.json`. One allocation.
    http_request request(endpoint const& where = {}) const
    {
        return {http_method::post,
                where,
                {"/2010-04-01/Accounts/", account_sid.view(), "/Calls/", call_sid.view(), "/UserDefinedMessages.json"},
                {{"Content", content.view()},
                 {"IdempotencyKey", idempotency_key ? std::optional(idempotency_key->view()) : std::nullopt}}};
    }

    /// Reads the answer. Documented is 201 with the resource; any other status is `api_error` or `unexpected_status`,
    /// any other body `malformed_response` with the member and the byte. Allocates for a failure alone.
    result<resource> parse(http_response_view const& response) const
    {
        if (response.status != 201) return failure_of(response);
        std::optional<message_sid> sid;
        std::optional<sidecall::account_sid> account;
        std::optional<sidecall::call_sid> call;
        std::optional<date_time> created;
        if (auto fault = detail::read_resource(response, detail::member{"account_sid", account},
                                               detail::member{"call_sid", call}, detail::member{"sid", sid},
                                               detail::member{"date_created", created}))
            return *std::move(fault);
        if (!sid) return detail::malformed(response, "sid", {"missing or null", response.body.size()});
        return resource{*sid, account, call, created};
    }
};

} // namespace sidecall
