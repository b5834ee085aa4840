#pragma once

#include <string>

#include <sidecall/detail/text/printable.hpp>
#include <sidecall/text_view.hpp>

// Makes untrusted text safe for a line of a log.
namespace sidecall {

/// Untrusted text in one line, safe for a log or a terminal: the content of a message, a header field, a message of
/// Twilio. Each of these becomes a space:
///
/// - a control character: U+0000 to U+001F, U+007F to U+009F. So the text can neither begin a new line nor contain an
///   escape sequence of a terminal.
/// - a line or paragraph separator (U+2028, U+2029), and a character that changes the writing direction (U+202A to
///   U+202E, U+2066 to U+2069; Unicode Technical Report 36, section 2.5);
/// - a byte that is not part of valid UTF-8 (RFC 3629).
///
/// Everything else is unchanged, also quotation marks, backslashes and spaces. So the result is not yet a JSON string,
/// nor an argument for a shell. It is never longer than the text. Allocates once, or not at all if the text is short.
///
/// @code
/// std::cout << "the client says: " << sidecall::printable(message.content()) << '\n';
/// @endcode
inline std::string printable(text_view text)
{
    std::string shown;
    shown.reserve(text.size());
    detail::append_printable(shown, text);
    return shown;
}

} // namespace sidecall
