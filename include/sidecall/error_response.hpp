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

namespace sidecall {

namespace detail {

inline std::string to_string(json_value const& value)
{
    std::string text;
    text.reserve(value.raw.size());
    json_append(text, value);
    return text;
}

/// Adds the numbers of an answer.
constexpr void add_numbers(http_response_view const& response, failure& reason) noexcept
{
    reason.with_http_status(response.status);
    auto const text = response.headers.find("Retry-After");
    if (!text) return;
    if (auto const when = parse_retry_after(*text)) reason.with_retry_after(*when);
}

/// The words of its headers.
inline answer_details words_of(http_response_view const& response)
{
    answer_details details;
    if (auto const id = response.headers.find("Twilio-Request-Id")) details.request_id = *id;
    return details;
}

/// What an answer says of an error in words, where it stands in the body: Twilio's own object (`code`, `message`,
/// `more_info`) or RFC 9457's (`title`, `detail`, `type`). What is not there, or no string, is null.
struct api_error {
    json_value code{}, message{}, more_info{}, title{}, detail{}, type{};
};

/// False if the body is neither of these.
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

/// The failure that an answer is, with its numbers; its words are in `error`.
constexpr failure numbers_of(http_response_view const& response, api_error& error) noexcept
{
    bool const understood = response.status >= 400 && response.status <= 599 && read_api_error(response.body, error);
    failure reason(understood ? errc::api_error : errc::unexpected_status);
    int code = 0;
    if (understood && json_int(error.code, code)) reason.with_twilio_code(code);
    add_numbers(response, reason);
    return reason;
}

} // namespace detail

/// The failure that an answer is whose status is not the documented one: `api_error` if it is a 4xx or 5xx with a body
/// in Twilio's or RFC 9457's format, else `unexpected_status`. With whatever the answer says: Twilio's code and
/// message, `Retry-After`, `Twilio-Request-Id`. For operations of your own. Allocates.
inline failure failure_of(http_response_view const& response)
{
    detail::api_error error;
    failure reason = detail::numbers_of(response, error);
    answer_details details = detail::words_of(response);
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
        else if (error.type.is_string() && !json_equal(error.type, "about:blank")) // that type says nothing
            details.more_info = to_string(error.type);
    }
    return std::move(reason).with(std::move(details));
}

namespace detail {

/// `failure_of`, for an operation that keeps its texts in `Text`: one that owns nothing gets the numbers alone.
template <class Text>
constexpr failure refusal(http_response_view const& response)
{
    if constexpr (std::is_same_v<Text, std::string_view>) {
        api_error error;
        return numbers_of(response, error);
    } else {
        return failure_of(response);
    }
}

} // namespace detail

} // namespace sidecall
