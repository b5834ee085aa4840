#pragma once

// JSON bodies that the stand-in sends: error responses and callback requests.

#include <sidecall/detail/standin_text.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace sidecall::standin_detail {

inline std::string to_text(nlohmann::ordered_json const& document)
{
    // Replaces invalid UTF-8: an error message repeats the path, which can contain any bytes.
    return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

inline int default_error_code(int status)
{
    return status == 400 ? 20001 : status == 401 ? 20003 : status == 405 ? 20004 : 20000 + status;
}

inline std::string default_error_message(int status)
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

inline std::string error_body(int status, int code, std::string const& message)
{
    return to_text({{"code", code},
                    {"message", message},
                    {"more_info", "https://www.twilio.com/docs/errors/" + std::to_string(code)},
                    {"status", status}});
}

inline std::string json_object(named_values const& members)
{
    std::string text;
    // Written by hand, because a name can occur twice.
    for (auto const& [name, value] : members) text += (text.empty() ? "{" : ",") + to_text(name) + ':' + to_text(value);
    return text.empty() ? "{}" : text + '}';
}

} // namespace sidecall::standin_detail
