#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sidecall/detail/text/utf8.hpp>

namespace sidecall::detail {

/// Appends untrusted text to a line. Replaces with a space what could forge a line or control a terminal: control
/// characters, line and paragraph separators, characters that change the writing direction (U+2028 to U+202E, U+2066 to
/// U+2069), and bytes that are not UTF-8.
inline void append_printable(std::string& line, std::string_view text)
{
    while (!text.empty()) {
        std::size_t const size = utf8_sequence_size(text, 0);
        std::string_view const sequence = text.substr(0, size);
        bool const control = size == 0 ||
                             (size == 1 && (static_cast<unsigned char>(sequence[0]) < 0x20 || sequence[0] == 0x7F)) ||
                             (size == 2 && sequence < "\xC2\xA0");
        bool const formatting = size == 3 && ((sequence > "\xE2\x80\xA7" && sequence < "\xE2\x80\xAF") ||
                                              (sequence > "\xE2\x81\xA5" && sequence < "\xE2\x81\xAA"));
        line.append(control || formatting ? std::string_view(" ") : sequence);
        text.remove_prefix(size == 0 ? 1 : size);
    }
}

} // namespace sidecall::detail
