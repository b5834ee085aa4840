#pragma once

#include <string_view>

#include <sidecall/sid.hpp>

// Which resource of Twilio a path names.
namespace sidecall::detail {

/// A resource, and the SIDs in its path.
struct route {
    enum class kind : unsigned char { unknown, subscriptions, subscription, messages };

    kind resource = kind::unknown;
    std::string_view call{};
    std::string_view sid{}; // only of a subscription
};

/// Removes the path's next segment, with the "/" before it.
inline std::string_view pop_segment(std::string_view& path) noexcept
{
    if (path.substr(0, 1) != "/") return {};
    path.remove_prefix(1);
    std::string_view const segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

/// Finds the resource of a path of this account. Compares byte for byte, without decoding.
inline route find_route(std::string_view path, account_sid const& account) noexcept
{
    if (pop_segment(path) != "2010-04-01" || pop_segment(path) != "Accounts" || pop_segment(path) != account.view() ||
        pop_segment(path) != "Calls")
        return {};
    std::string_view const call = pop_segment(path);
    if (check_sid(call, 'C', 'A')) return {};
    if (path == "/UserDefinedMessageSubscriptions.json") return {route::kind::subscriptions, call};
    if (path == "/UserDefinedMessages.json") return {route::kind::messages, call};
    if (pop_segment(path) != "UserDefinedMessageSubscriptions") return {};
    std::string_view const file = pop_segment(path);
    std::string_view const sid = file.substr(0, subscription_sid::size);
    if (!path.empty() || check_sid(sid, 'Z', 'Y') || file.substr(sid.size()) != ".json") return {};
    return {route::kind::subscription, call, sid};
}

} // namespace sidecall::detail
