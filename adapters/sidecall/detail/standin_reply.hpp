#pragma once

// The responses of the stand-in, before they are sent.

#include <sidecall/detail/standin_body.hpp>
#include <sidecall/detail/standin_text.hpp>
#include <sidecall/standin_types.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace sidecall::standin_detail {

/// A response, without the header fields that the server adds.
struct reply {
    int status = 500;
    std::string body = {};
    named_values headers = {};
    bool replay = false;
};

inline reply error_reply(int status, std::string const& message, int code)
{
    return {.status = status, .body = error_body(status, code, message)};
}

inline reply error_reply(int status, std::string const& message)
{
    return error_reply(status, message, default_error_code(status));
}

inline reply error_reply(int status)
{
    return error_reply(status, default_error_message(status));
}

inline reply bad_request(std::string const& message)
{
    return error_reply(400, message);
}

inline reply not_found(std::string const& path)
{
    return error_reply(404, "The requested resource " + path + " was not found");
}

/// Changes an error in the format of Twilio into one in that of RFC 9457.
inline reply as_problem(reply answer)
{
    auto const error = nlohmann::json::parse(answer.body);
    answer.body = to_text({{"type", error.at("more_info")},
                           {"title", default_error_message(answer.status)},
                           {"status", answer.status},
                           {"code", error.at("code")},
                           {"detail", error.at("message")}});
    answer.headers.emplace_back("Content-Type", "application/problem+json");
    return answer;
}

/// A 201 with this resource. Members that the options name are null or left out.
inline reply created(nlohmann::ordered_json resource, standin_options const& options)
{
    for (std::string const& name : options.null_members)
        if (resource.contains(name)) resource[name] = nullptr;
    for (std::string const& name : options.absent_members) resource.erase(name);
    return {.status = 201, .body = to_text(resource)};
}

/// A 200 with this resource.
inline reply found(nlohmann::ordered_json const& resource)
{
    return {.status = 200, .body = to_text(resource)};
}

} // namespace sidecall::standin_detail
