#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

/// A member of the outermost object, as nlohmann-json reads it.
struct other_member {
    enum kinds { null, string, whole_number, something_else };

    std::string name{};
    kinds kind = something_else;
    std::string string_value{};
    std::uint64_t number = 0;
};

/// What nlohmann-json makes of a text.
struct other_json {
    bool is_json = false;
    bool is_unsure = false; ///< A number that is too large for it, so that it went no further.
    bool is_object = false;
    std::vector<other_member> members{}; ///< In the order of the text, also those that come twice.
};

/// Reads a text by nlohmann-json, in a file of its own, since that is dear to include. It takes a NUL for the end, and
/// skips a byte order mark: RFC 8259 has neither, so a text with one is no JSON here.
other_json read_by_nlohmann(std::string_view text);

/// The string that stands between these quotation marks. Ends the program if it is none.
std::string string_by_nlohmann(std::string_view raw);

} // namespace fuzz
