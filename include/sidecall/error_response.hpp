#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/json.hpp>
#include <sidecall/detail/text/retry_after.hpp>
#include <sidecall/failure.hpp>
#include <sidecall/http_response.hpp>

// Makes a `failure` of a response that is not the documented one: `failure_of`, and the functions that read error
// bodies.
namespace sidecall {

namespace detail {

inline std::string to_string(json_value const& value)
{
    std::string text;
    text.reserve(value.raw.size());
    json_append(text, value);
    return text;
}

/// Adds the status and the `Retry-After` of a response to a failure. Does not allocate.
constexpr void add_status_and_retry_after(http_response_view const& response, failure& reason) noexcept
{
    reason.with_http_status(response.status);
    auto const text = response.headers.find("Retry-After");
    if (!text) return;
    if (auto const when = parse_retry_after(*text)) reason.with_retry_after(*when);
}

/// The texts in the header fields of a response: its `Twilio-Request-Id`.
inline answer_details details_in_headers(http_response_view const& response)
{
    answer_details details;
    if (auto const id = response.headers.find("Twilio-Request-Id")) details.request_id = *id;
    return details;
}

/// The members of an error body: those of Twilio's format (`code`, `message`, `more_info`) or those of RFC 9457
/// (`title`, `detail`, `type`). A member that is missing, or should be a string and is not, is null.
struct api_error {
    json_value code{}, message{}, more_info{}, title{}, detail{}, type{};
};

/// Reads an error body. False if it is in neither format.
constexpr bool read_api_error(std::string_view body, api_error& error) noexcept
{
    json_reader reader(body);
    json_value name, value;
    bool done = false;
    if (!reader.open_object()) return false;
    while (reader.read_member(name, value, done)) {
        if (json_equal(name, "code")) error.code = value;
        if (!value.is_string()) continue;
        if (json_equal(name, "message")) error.message = value;
        if (json_equal(name, "more_info")) error.more_info = value;
        if (json_equal(name, "title")) error.title = value;
        if (json_equal(name, "detail")) error.detail = value;
        if (json_equal(name, "type")) error.type = value;
    }
    int code = 0;
    return done && reader.read_end() &&
           (json_int(error.code, code) || error.message.is_string() || error.title.is_string() ||
            error.detail.is_string());
}

/// Makes the failure of a response: its code and its numbers. Puts the members of an error body into `error`. Does not
/// allocate.
constexpr failure failure_without_texts(http_response_view const& response, api_error& error) noexcept
{
    bool const understood = response.status >= 400 && response.status <= 599 && read_api_error(response.body, error);
    failure reason(understood ? errc::api_error : errc::unexpected_status);
    int code = 0;
    if (understood && json_int(error.code, code)) reason.with_twilio_code(code);
    add_status_and_retry_after(response, reason);
    return reason;
}

} // namespace detail

/// The failure for a response whose status is not the documented one, for operations that you write yourself. It is
/// `api_error` for a 4xx or 5xx with a body in Twilio's format or that of RFC 9457; otherwise it is
/// `unexpected_status`. It includes what the response says: Twilio's code and message, `Retry-After`,
/// `Twilio-Request-Id`. Allocates.
///
/// @code
/// if (response.status != 200) return sidecall::failure_of(response);
/// @endcode
inline failure failure_of(http_response_view const& response)
{
    detail::api_error error;
    failure reason = detail::failure_without_texts(response, error);
    answer_details details = detail::details_in_headers(response);
    if (reason.code() == errc::api_error) {
        using detail::to_string;
        if (error.message.is_string())
            details.message = to_string(error.message);
        else if (error.title.is_string() && error.detail.is_string())
            details.message = to_string(error.title) + ": " + to_string(error.detail);
        else if (error.title.is_string() || error.detail.is_string())
            details.message = to_string(error.title.is_string() ? error.title : error.detail);
        if (error.more_info.is_string())
            details.more_info = to_string(error.more_info);
        else if (error.type.is_string() && !json_equal(error.type, "about:blank")) // the default, which is not a page
            details.more_info = to_string(error.type);
    }
    return std::move(reason).with(std::move(details));
}

/// `failure_of` without the texts of the response: Twilio's message, `more_info` and `Twilio-Request-Id`. Does not
/// allocate, so an operation can use it without a heap.
constexpr failure failure_without_texts(http_response_view const& response) noexcept
{
    detail::api_error error;
    return detail::failure_without_texts(response, error);
}

namespace detail {

/// `failure_of` for an operation whose texts are `Text`. For views, the failure has no texts, so this does not
/// allocate.
template <class Text>
constexpr failure failure_for(http_response_view const& response)
{
    if constexpr (std::is_same_v<Text, std::string_view>) {
        return sidecall::failure_without_texts(response);
    } else {
        return failure_of(response);
    }
}

} // namespace detail

} // namespace sidecall
