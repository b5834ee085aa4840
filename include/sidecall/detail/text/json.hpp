#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/text/utf8.hpp>

// Strict JSON parser (RFC 8259) for UTF-8 text. Reads in one pass, without recursion and without allocating. Where the
// RFC leaves a choice: a byte order mark is an error (section 8.1); so is an unpaired surrogate (section 8.2); so is
// nesting deeper than `json_depth` (section 9). Numbers may have any size and precision.
namespace sidecall::detail {

/// Maximum nesting of arrays and objects. A text of 10,240 bytes, the limit for a message, cannot nest deeper.
inline constexpr std::size_t json_depth = 5120;

enum class json_kind : unsigned char { null, boolean, number, string, array, object };

/// A value as a view into the text.
struct json_value {
    json_kind kind = json_kind::null;
    bool escaped = false;   // for a string: whether it contains a backslash
    std::string_view raw{}; // the JSON text; for a string, the part between the quotation marks
    std::size_t offset = 0; // where `raw` begins in the text

    constexpr bool is_string() const noexcept { return kind == json_kind::string; }
};

/// Decodes the escapes of a string piece by piece. Call `next` until it returns an empty piece.
class json_characters {
public:
    constexpr explicit json_characters(std::string_view raw) noexcept : rest_(raw) {}

    /// Returns the next piece in UTF-8, valid until the next call. The string must come from `json_reader`.
    constexpr std::string_view next() noexcept
    {
        if (rest_.empty() || rest_[0] != '\\') return pop_piece(find_or_end(rest_, "\\", 0));
        char const letter = rest_[1];
        if (letter == 'u') {
            std::uint32_t code_point = hex4(2);
            std::size_t size = 6;
            if (code_point >= 0xD800 && code_point < 0xDC00) {
                code_point = 0x10000 + ((code_point - 0xD800) << 10) + (hex4(8) - 0xDC00);
                size = 12;
            }
            rest_.remove_prefix(size);
            return encode(code_point);
        }
        rest_.remove_prefix(2);
        constexpr std::string_view letters = "bfnrt", unescaped = "\b\f\n\r\t";
        auto const at = letters.find(letter);
        piece_[0] = at == letters.npos ? letter : unescaped[at];
        return {piece_, 1};
    }

private:
    constexpr std::string_view pop_piece(std::size_t size) noexcept
    {
        std::string_view const piece = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return piece;
    }

    constexpr std::uint32_t hex4(std::size_t at) const noexcept
    {
        std::uint32_t value = 0;
        for (std::size_t i = at; i != at + 4; ++i) value = value << 4 | static_cast<std::uint32_t>(hex_value(rest_[i]));
        return value;
    }

    constexpr std::string_view encode(std::uint32_t code_point) noexcept
    {
        std::size_t const size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
        for (std::size_t i = size; i-- > 1; code_point >>= 6) piece_[i] = static_cast<char>(0x80 | (code_point & 0x3F));
        constexpr std::uint32_t lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
        piece_[0] = static_cast<char>(lead[size] | code_point);
        return {piece_, size};
    }

    std::string_view rest_;
    char piece_[4]{};
};

/// Whether a string, with its escapes decoded, equals `text`.
constexpr bool json_equal(json_value const& string, std::string_view text) noexcept
{
    if (!string.escaped) return string.raw == text;
    json_characters characters(string.raw);
    for (;;) {
        std::string_view const piece = characters.next();
        if (piece.empty()) return text.empty();
        if (text.substr(0, piece.size()) != piece) return false;
        text.remove_prefix(piece.size());
    }
}

/// Appends a value to a buffer: for a string its characters, with escapes decoded; for any other value its JSON text.
template <class Buffer>
constexpr void json_append(Buffer& out, json_value const& value)
{
    if (!value.escaped) {
        out.append(value.raw);
        return;
    }
    json_characters characters(value.raw);
    for (auto piece = characters.next(); !piece.empty(); piece = characters.next()) out.append(piece);
}

/// Bytes of a string that need no check: printable ASCII and DEL, except the quotation mark and the backslash.
struct is_plain_string_byte : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_between(c, ' ', 0x7F) & ((is(c, '"') | is(c, '\\')) == 0);
    }
};

/// Reads a JSON text from the beginning: a whole text with `read_text`, or an object member by member. The first call
/// that finds an error returns false, and so does every later call. `fault()` then says what is wrong and where.
class json_reader {
public:
    constexpr explicit json_reader(std::string_view text) noexcept : text_(text) {}

    /// Reads one value that may have only whitespace around it.
    constexpr bool read_text(json_value& value) noexcept { return read_value(value) && read_end(); }

    /// Reads the opening brace of an object as the first token of the text.
    constexpr bool open_object() noexcept
    {
        skip_whitespace();
        if (peek() != '{') return fail("not a JSON object");
        ++at_;
        return true;
    }

    /// Reads the opening bracket of an array as the first token of the text.
    constexpr bool open_array() noexcept
    {
        skip_whitespace();
        if (peek() != '[') return fail("not a JSON array");
        ++at_;
        return true;
    }

    /// Reads the next element of the array. Returns true if there is one. At the closing bracket, sets `done` and
    /// returns false.
    constexpr bool read_element(json_value& value, bool& done) noexcept
    {
        return begin_item(']', "no ',' or ']' after a value", done) && read_value(value);
    }

    /// Reads the next member of the object. Returns true if there is one. At the closing brace, sets `done` and returns
    /// false.
    constexpr bool read_member(json_value& name, json_value& value, bool& done) noexcept
    {
        return begin_item('}', "no ',' or '}' after a member", done) && read_name(name) && read_value(value) &&
               expect_member_end();
    }

    /// Reads the next member of the object if it has this name and its value is a string of exactly `size` bytes
    /// without escapes and all ASCII. Otherwise returns false and changes nothing; `read_member` then reads the member.
    ///
    /// Checking for an expected member is three times as fast as parsing any member, because no step has to wait for
    /// the end of the previous token to be found.
    SIDECALL_DETAIL_INLINE constexpr bool try_read_string_member(std::string_view name, std::size_t size,
                                                                 json_value& value) noexcept
    {
        std::size_t at = skip_spaces_and_newlines(at_);
        if (in_members_ && !consume(",", at)) return false;
        at = skip_spaces_and_newlines(at);
        if (!consume("\"", at) || !consume(name, at) || !consume("\"", at)) return false;
        at = skip_spaces_and_newlines(at);
        if (!consume(":", at)) return false;
        at = skip_spaces_and_newlines(at);
        if (!consume("\"", at) || text_.size() - at <= size || text_[at + size] != '"') return false;
        std::string_view const string = text_.substr(at, size);
        if (find_first_not_in(is_plain_string_byte(), string, 0) != size) return false;
        value = {json_kind::string, false, string, at};
        at_ = at + size + 1;
        in_members_ = true;
        return true;
    }

    /// Reads the end of the text.
    constexpr bool read_end() noexcept
    {
        if (fault_) return false;
        skip_whitespace();
        return at_ == text_.size() ? true : fail("more text after the end of the value");
    }

    constexpr violation const& fault() const noexcept { return fault_; }

private:
    SIDECALL_DETAIL_INLINE constexpr std::size_t skip_spaces_and_newlines(std::size_t at) const noexcept
    {
        while (at != text_.size() && (text_[at] == ' ' || text_[at] == '\n')) ++at;
        return at;
    }

    SIDECALL_DETAIL_INLINE constexpr bool consume(std::string_view expected, std::size_t& at) const noexcept
    {
        if (text_.size() - at < expected.size() || !equal_bytes(text_.data() + at, expected.data(), expected.size()))
            return false;
        at += expected.size();
        return true;
    }

    constexpr bool fail(literal rule) noexcept
    {
        fault_ = violation{at_ >= text_.size() ? literal("the text ends too early") : rule, at_};
        return false;
    }

    /// Returns the next byte, or NUL at the end. No rule accepts a NUL.
    constexpr char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }

    constexpr void skip_whitespace() noexcept
    {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
            ++at_;
    }

    constexpr bool expect_byte(char byte, literal rule) noexcept
    {
        if (peek() != byte) return fail(rule);
        ++at_;
        return true;
    }

    /// Moves to the next member or element. At the closing bracket, sets `done` and returns false.
    SIDECALL_DETAIL_INLINE constexpr bool begin_item(char closing, literal rule, bool& done) noexcept
    {
        if (fault_) return false;
        skip_whitespace();
        bool const first = !in_members_;
        in_members_ = true;
        if (peek() == closing) {
            ++at_;
            done = true;
            return false;
        }
        return first || expect_byte(',', rule);
    }

    constexpr bool expect_member_end() noexcept
    {
        skip_whitespace();
        return peek() == ',' || peek() == '}' ? true : fail("no ',' or '}' after a member");
    }

    constexpr bool read_name(json_value& name) noexcept
    {
        skip_whitespace();
        if (peek() != '"') return fail("not a member's name");
        if (!read_string(name)) return false;
        skip_whitespace();
        return expect_byte(':', "no ':' after a member's name");
    }

    /// Reads any value. Checks and skips the contents of arrays and objects. For each open bracket, one bit says
    /// whether it is a "{", and so which bracket must close it.
    constexpr bool read_value(json_value& value) noexcept
    {
        skip_whitespace();
        char const first = peek();
        if (first != '{' && first != '[') return read_scalar(value);

        std::size_t const begin = at_;
        std::uint64_t is_object[json_depth / 64]{};
        std::size_t depth = 0;
        for (bool before_value = true; before_value || depth != 0;) {
            skip_whitespace();
            char const c = peek();
            if (before_value && (c == '{' || c == '[')) {
                if (depth + (in_members_ ? 1 : 0) == json_depth) return fail("nested too deeply");
                std::uint64_t const bit = std::uint64_t{1} << depth % 64;
                auto& word = is_object[depth / 64];
                word = c == '{' ? word | bit : word & ~bit;
                ++depth;
                ++at_;
                skip_whitespace();
                if (peek() == (c == '{' ? '}' : ']')) {
                    before_value = false;
                } else if (json_value name; c == '{' && !read_name(name)) {
                    return false;
                }
                continue;
            }
            if (before_value) {
                json_value inner;
                if (!read_scalar(inner)) return false;
                before_value = false;
                continue;
            }
            bool const object = is_object[(depth - 1) / 64] >> (depth - 1) % 64 & 1;
            if (c == ',') {
                ++at_;
                before_value = true;
                if (json_value name; object && !read_name(name)) return false;
            } else if (c == (object ? '}' : ']')) {
                ++at_;
                --depth;
            } else {
                return fail(object ? literal("no ',' or '}' after a member") : literal("no ',' or ']' after a value"));
            }
        }
        value = {first == '{' ? json_kind::object : json_kind::array, false, text_.substr(begin, at_ - begin), begin};
        return true;
    }

    constexpr bool read_scalar(json_value& value) noexcept
    {
        switch (peek()) {
        case '"': return read_string(value);
        case 't': return read_word("true", json_kind::boolean, value);
        case 'f': return read_word("false", json_kind::boolean, value);
        case 'n': return read_word("null", json_kind::null, value);
        default: return read_number(value);
        }
    }

    constexpr bool read_word(std::string_view word, json_kind kind, json_value& value) noexcept
    {
        std::size_t const begin = at_;
        for (char c : word) {
            if (peek() != c) return fail("not a JSON value");
            ++at_;
        }
        value = {kind, false, word, begin};
        return true;
    }

    constexpr bool read_digits() noexcept
    {
        if (!is_digit(peek())) return fail("not a digit, as a number needs");
        while (is_digit(peek())) ++at_;
        return true;
    }

    constexpr bool read_number(json_value& value) noexcept
    {
        std::size_t const begin = at_;
        if (peek() == '-')
            ++at_;
        else if (!is_digit(peek()))
            return fail("not a JSON value");
        if (peek() == '0')
            ++at_;
        else if (!read_digits())
            return false;
        if (peek() == '.') {
            ++at_;
            if (!read_digits()) return false;
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!read_digits()) return false;
        }
        value = {json_kind::number, false, text_.substr(begin, at_ - begin), begin};
        return true;
    }

    constexpr bool read_string(json_value& value) noexcept
    {
        std::size_t const begin = ++at_;
        bool escaped = false;
        for (;;) {
            at_ = find_first_not_in(is_plain_string_byte(), text_, at_);
            if (at_ == text_.size()) return fail("unterminated string");
            char const c = text_[at_];
            if (c == '"') break;
            if (c == '\\') {
                escaped = true;
                if (!read_escape()) return false;
            } else if (static_cast<unsigned char>(c) < 0x20) {
                return fail("a control character in a string");
            } else {
                std::size_t const size = utf8_sequence_size(text_, at_);
                if (size == 0) return fail("not UTF-8");
                at_ += size;
            }
        }
        value = {json_kind::string, escaped, text_.substr(begin, at_ - begin), begin};
        ++at_;
        return true;
    }

    constexpr bool read_escape() noexcept
    {
        std::size_t const begin = at_++;
        char const letter = peek();
        if (letter != 'u') {
            if (std::string_view("\"\\/bfnrt").find(letter) == std::string_view::npos) return fail("not a JSON escape");
            ++at_;
            return true;
        }
        ++at_;
        std::uint32_t unit = 0;
        if (!read_hex4(unit)) return false;
        if (unit < 0xD800 || unit > 0xDFFF) return true;
        std::string_view const next = text_.substr(at_, 2);
        if (unit < 0xDC00 &&
            next == std::string_view("\\u", next.size())) { // a low surrogate follows, or the text ends here
            at_ += next.size();
            if (!read_hex4(unit)) return false;
            if (unit >= 0xDC00 && unit <= 0xDFFF) return true;
        }
        at_ = begin;
        return fail("half of a surrogate pair");
    }

    constexpr bool read_hex4(std::uint32_t& unit) noexcept
    {
        unit = 0;
        for (int i = 0; i != 4; ++i, ++at_) {
            int const digit = hex_value(peek());
            if (digit < 0) return fail("not a hexadecimal digit, as \\u needs");
            unit = unit << 4 | static_cast<std::uint32_t>(digit);
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool in_members_ = false; // whether the reading of members has begun
    violation fault_{};
};

/// Reads a value as a non-negative integer that fits in an int. Returns false for anything else, including a sign, a
/// fraction or an exponent.
constexpr bool json_int(json_value const& value, int& number) noexcept
{
    std::uint64_t read = 0;
    if (value.kind != json_kind::number || !parse_decimal(value.raw, 2147483647, read)) return false;
    number = static_cast<int>(read);
    return true;
}

} // namespace sidecall::detail
