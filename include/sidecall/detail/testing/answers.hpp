#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/testing/text.hpp>
#include <sidecall/http_response.hpp>

// The responses of `fake_twilio`.
namespace sidecall::detail {

inline std::string_view default_error_message(int status) noexcept
{
    switch (status) {
    case 400: return "Bad request";
    case 401: return "Authenticate";
    case 403: return "Forbidden";
    case 404: return "The requested resource was not found";
    case 405: return "Method not allowed";
    case 409: return "Conflict";
    case 413: return "Payload too large";
    case 414: return "URI too long";
    case 415: return "Unsupported media type";
    case 429: return "Too Many Requests";
    case 500: return "Internal server error";
    case 502: return "Bad gateway";
    case 503: return "Service unavailable";
    case 504: return "Gateway timeout";
    default: return "Error";
    }
}

/// Twilio's error codes begin with 2; these three do not contain the status.
constexpr int default_error_code(int status) noexcept
{
    return status == 400 ? 20001 : status == 401 ? 20003 : status == 405 ? 20004 : 20000 + status;
}

inline http_response json_answer(int status, std::string body)
{
    return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

/// An error in Twilio's format.
inline http_response error_answer(int status, std::string_view message, int code)
{
    std::string const number = std::to_string(code);
    std::string body = R"({"code":)" + number + R"(,"message":)";
    append_json_string(body, message);
    body += R"(,"more_info":"https://www.twilio.com/docs/errors/)" + number + R"(","status":)" +
            std::to_string(status) + '}';
    return json_answer(status, std::move(body));
}
inline http_response error_answer(int status, std::string_view message)
{
    return error_answer(status, message, default_error_code(status));
}
inline http_response error_answer(int status)
{
    return error_answer(status, default_error_message(status));
}

/// The 404 that names the path.
inline http_response not_found(std::string_view path)
{
    return error_answer(404, "The requested resource " + std::string(path) + " was not found");
}

} // namespace sidecall::detail
