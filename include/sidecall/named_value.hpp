#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sidecall/text_view.hpp>

namespace sidecall {

/// A parameter of a webhook or a form that a test makes or reads, decoded. Owns its texts.
struct named_value {
    std::string name;  ///< The name; case-sensitive.
    std::string value; ///< The value; any bytes.

    /// Compares byte for byte.
    friend bool operator==(named_value const&, named_value const&) = default;
};

/// The value of the first element with exactly this name, or nothing. The view is valid as long as the list is not
/// changed; not available for a temporary list.
inline std::optional<std::string_view> find_value(std::vector<named_value> const& values, text_view name) noexcept
{
    for (auto const& one : values)
        if (one.name == name) return one.value;
    return {};
}
std::optional<std::string_view> find_value(std::vector<named_value> const&&, text_view) = delete;

} // namespace sidecall
