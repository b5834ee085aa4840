#pragma once

// The rules of the form and query parameters that several resources of the stand-in have in common. Each function
// returns the response to a request that breaks its rule, or nothing.

#include <sidecall/detail/standin_reply.hpp>
#include <sidecall/detail/standin_text.hpp>
#include <sidecall/detail/standin_url.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace sidecall::standin_detail {

using names = std::set<std::string, std::less<>>;

/// Every name must be known, and only a repeatable one may occur twice.
inline std::optional<reply> check_names(named_values const& parameters, names const& known,
                                        names const& repeatable = {})
{
    names seen;
    for (auto const& [name, value] : parameters) {
        if (!known.contains(name)) return bad_request("Parameter '" + name + "' is not known");
        if (!seen.insert(name).second && !repeatable.contains(name))
            return bad_request("Parameter '" + name + "' is given twice");
    }
    return std::nullopt;
}

/// The value must be a URL that Twilio can call.
inline std::optional<reply> check_url(named_values const& parameters, std::string const& name, int code = 21205)
{
    auto const value = find_field(parameters, name);
    if (!value) return std::nullopt;
    auto const fault = callback_fault(*value);
    if (fault.empty()) return std::nullopt;
    return error_reply(400, "Parameter '" + name + "' is not a valid URL: " + fault, code);
}

/// The value must be GET or POST.
inline std::optional<reply> check_method(named_values const& parameters, std::string const& name)
{
    auto const value = find_field(parameters, name);
    if (!value || *value == "GET" || *value == "POST") return std::nullopt;
    return error_reply(400, "Parameter '" + name + "' is neither GET nor POST", 21209);
}

inline std::optional<reply> check_boolean(named_values const& parameters, std::string const& name)
{
    auto const value = find_field(parameters, name);
    if (!value || *value == "true" || *value == "false") return std::nullopt;
    return bad_request("Parameter '" + name + "' is neither true nor false");
}

inline std::optional<reply> check_sid(named_values const& parameters, std::string const& name,
                                      std::string const& prefix, int code)
{
    auto const value = find_field(parameters, name);
    if (!value || is_sid(*value, prefix)) return std::nullopt;
    return error_reply(400, "Parameter '" + name + "' is not " + prefix + " and 32 hexadecimal digits", code);
}

/// Parses a number of decimal digits. Returns nothing if the text is not one, or if the number is above `highest`.
inline std::optional<std::size_t> parse_number(std::string_view digits, std::size_t highest)
{
    if (digits.empty()) return std::nullopt;
    std::size_t number = 0;
    for (char c : digits) {
        if (!is_digit(c)) return std::nullopt;
        number = number * 10 + static_cast<std::size_t>(c - '0');
        if (number > highest) return std::nullopt;
    }
    return number;
}

inline std::optional<reply> check_number(named_values const& parameters, std::string const& name, std::size_t highest)
{
    auto const value = find_field(parameters, name);
    if (!value || parse_number(*value, highest)) return std::nullopt;
    return bad_request("Parameter '" + name + "' is not a number in the range 0 to " + std::to_string(highest));
}

/// Returns the first argument that is a response, or nothing.
template <class... Checks>
std::optional<reply> first_of(Checks... checks)
{
    std::optional<reply> fault;
    static_cast<void>(((fault = checks).has_value() || ...));
    return fault;
}

} // namespace sidecall::standin_detail
