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

/// What nlohmann-json reads from a text.
struct other_json {
    bool is_json = false;
    bool is_unsure = false; ///< nlohmann-json stopped at a number that is out of its range.
    bool is_object = false;
    std::vector<other_member> members{}; ///< In the order of the text, including repeated ones.
};

/// Reads a text with nlohmann-json. Defined in another file, since its header is expensive to include. nlohmann-json
/// stops at a NUL and skips a byte order mark. RFC 8259 allows neither, so a text with one is not JSON here.
other_json read_by_nlohmann(std::string_view text);

/// The value of the string with this raw text. Aborts the program if it is not a string.
std::string string_by_nlohmann(std::string_view raw);

} // namespace fuzz
