#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sidecall/date_time.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>

// Parses the dates of Twilio (RFC 2822) and of HTTP (RFC 9110).
namespace sidecall::detail {

inline constexpr char day_names[] = "MonTueWedThuFriSatSun";
inline constexpr char day_endings[][7] = {"day", "sday", "nesday", "rsday", "day", "urday", "day"};
inline constexpr char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// The fields of a date while it is read.
struct calendar_time {
    unsigned weekday = 7; // 0 is Monday; 7 if absent
    unsigned year = 0;
    unsigned month = 0; // 0 is January
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    int offset_minutes = 0;
};

/// Returns the days from 1970-01-01 to a day of the Gregorian calendar, for years from 1 on. Month 0 is January.
constexpr int days_from_civil(unsigned year, unsigned month, unsigned day) noexcept
{
    // Counting years from March puts the leap day last, and every five months then have 153 days.
    unsigned const march_month = month < 2 ? month + 10 : month - 2;
    year -= month < 2 ? 1 : 0;
    unsigned const century = year / 100;
    return static_cast<int>(1461 * year / 4 - century + century / 4 + (153 * march_month + 2) / 5 + day) - 719469;
}

constexpr unsigned days_in_month(unsigned year, unsigned month) noexcept
{
    if (month == 1) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return 30 + (0b1010'1101'0101u >> month & 1);
}

/// Returns the instant, or nothing if there is no such day or time, if the weekday is not that of the day, or if the
/// year is not from 1900 to 9999. A second of 60 is the leap second at the end of a UTC day; it counts as the next
/// second.
constexpr std::optional<date_time> to_date_time(calendar_time const& t) noexcept
{
    if (t.year < 1900 || t.year > 9999 || t.hour > 23 || t.minute > 59 || t.second > 60) return {};
    if (t.day < 1 || (t.day > 28 && t.day > days_in_month(t.year, t.month))) return {};
    int const days = days_from_civil(t.year, t.month, t.day);
    unsigned const weekday = static_cast<unsigned>(days + 25570 * 7 + 3) % 7; // 1970-01-01 was a Thursday
    if (t.weekday != 7 && t.weekday != weekday) return {};
    int const minutes =
        static_cast<int>(60 * t.hour + t.minute) - t.offset_minutes; // since the start of that day in UTC
    int const seconds = 60 * minutes + static_cast<int>(t.second);
    if (t.second == 60 && seconds % 86400 != 0) return {};
    return date_time{std::int64_t{days} * 86400 + seconds, t.offset_minutes};
}

/// Reads a date from left to right. Mail syntax ignores the case of letters, allows folded whitespace, and allows days
/// of one digit; HTTP syntax is exact. A function that finds a mismatch returns false, and the text is then not a date.
class date_reader {
public:
    enum class rules : bool { http, mail };

    constexpr date_reader(std::string_view text, rules syntax, calendar_time& time) noexcept
        : rest_(text), time_(time), mail_(syntax == rules::mail)
    {
    }

    constexpr bool done() const noexcept { return rest_.empty(); }
    constexpr bool next_is(char c) const noexcept { return !rest_.empty() && equal_chars(rest_.front(), c); }

    /// Matches a format as in `strptime`: "%" and a letter is a field to read, any other character stands for itself.
    constexpr bool match(char const* format) noexcept
    {
        for (; *format != '\0'; ++format)
            if (!(*format == '%' ? read_conversion(*++format) : read_literal(*format))) return false;
        return true;
    }

    /// Reads `+hhmm` or `-hhmm`.
    constexpr bool read_offset() noexcept
    {
        bool const west = next_is('-');
        unsigned hours = 0;
        unsigned minutes = 0;
        rest_.remove_prefix(1);
        if (!read_number(2, 2, hours) || !read_number(2, 2, minutes) || minutes > 59) return false;
        time_.offset_minutes = static_cast<int>(60 * hours + minutes);
        if (west) time_.offset_minutes = -time_.offset_minutes;
        return true;
    }

    /// Skips comments in parentheses, which may nest, and folding whitespace, in any order (`CFWS` of RFC 2822, section
    /// 3.2.3, and the obsolete `obs-FWS`). Returns true if there was any. Does not skip a comment that is not closed or
    /// contains a byte that is not allowed there, so the next read fails.
    constexpr bool skip_comments() noexcept
    {
        std::string_view const before = rest_;
        for (skip_whitespace(); next_is('('); skip_whitespace()) {
            std::string_view const comment = rest_;
            if (skip_comment()) continue;
            rest_ = comment;
            break;
        }
        return rest_.size() != before.size();
    }

    /// Reads the name of a time zone: one letter, three to five letters, or "UT". RFC 2822, section 4.3, defines the
    /// North American zones. All other names mean -0000, because their senders did not agree on a meaning. "AM" and
    /// "PM" are not zones.
    constexpr bool read_zone() noexcept
    {
        std::size_t size = 0;
        while (size != rest_.size() && is_alpha(rest_[size])) ++size;
        bool const known_size =
            size == 1 || (size >= 3 && size <= 5) || equal_ignoring_case(rest_.substr(0, size), "UT");
        if (!known_size) return false;
        constexpr std::string_view zones = "EDTESTCDTCSTMDTMSTPDTPST"; // from -0400 to -0800
        for (std::size_t i = 0; size == 3 && i != zones.size(); i += 3)
            if (equal_ignoring_case(rest_.substr(0, 3), zones.substr(i, 3)))
                time_.offset_minutes = -60 * static_cast<int>(4 + (i / 3 + 1) / 2);
        rest_.remove_prefix(size);
        return true;
    }

private:
    constexpr bool equal_chars(char a, char b) const noexcept
    {
        return a == b || (mail_ && to_lower(a) == to_lower(b));
    }

    /// Skips spaces and tabs, and line breaks that a space or a tab follows.
    constexpr void skip_whitespace() noexcept
    {
        auto const whitespace_at = [this](std::size_t i) {
            return i < rest_.size() && (rest_[i] == ' ' || rest_[i] == '\t');
        };
        while (whitespace_at(0) || (rest_.substr(0, 2) == "\r\n" && whitespace_at(2)))
            rest_.remove_prefix(whitespace_at(0) ? 1 : 3);
    }

    constexpr bool skip_comment() noexcept
    {
        std::size_t depth = 0;
        do {
            if (next_is('(')) ++depth;
            if (next_is(')')) --depth;
            if (next_is('\\')) rest_.remove_prefix(1); // an escaped character
            if (rest_.empty()) return false;
            char const c = rest_.front();
            if (c == '\0' || c == '\r' || c == '\n' || static_cast<unsigned char>(c) > 0x7F) return false;
            rest_.remove_prefix(1);
            if (depth != 0) skip_whitespace();
        } while (depth != 0);
        return true;
    }

    constexpr bool read_literal(char c) noexcept
    {
        if (mail_ && c == ' ') return skip_comments();
        if (mail_) skip_comments();
        if (!next_is(c)) return false;
        rest_.remove_prefix(1);
        if (mail_) skip_comments();
        return true;
    }

    /// Reads the field for "%" and a letter. "%e" is a day whose first digit may be a space; "%y" is a year from 1970
    /// to 2069.
    constexpr bool read_conversion(char conversion) noexcept
    {
        if (conversion == 'a') return read_name(day_names, 7, time_.weekday);
        if (conversion == 'b') return read_name(month_names, 12, time_.month);
        bool const is_day = conversion == 'd' || conversion == 'e';
        unsigned& number = is_day              ? time_.day
                           : conversion == 'H' ? time_.hour
                           : conversion == 'M' ? time_.minute
                           : conversion == 'S' ? time_.second
                                               : time_.year;
        if (mail_ && conversion == 'Y') return read_mail_year();
        std::size_t const max_digits = conversion == 'Y' ? 4 : conversion == 'e' && read_literal(' ') ? 1 : 2;
        if (!read_number(mail_ && is_day ? 1 : max_digits, max_digits, number)) return false;
        if (conversion == 'y') number += number < 70 ? 2000 : 1900;
        return true;
    }

    /// Reads "4*DIGIT", or the obsolete two or three digits (RFC 2822, section 4.3). All years after 9999 become 10000.
    constexpr bool read_mail_year() noexcept
    {
        std::size_t digits = 0;
        unsigned year = 0;
        for (; digits != rest_.size() && is_digit(rest_[digits]); ++digits)
            if (year < 10000) year = 10 * year + static_cast<unsigned>(rest_[digits] - '0');
        rest_.remove_prefix(digits);
        time_.year = year > 9999 ? 10000 : digits > 3 ? year : digits == 2 && year < 50 ? year + 2000 : year + 1900;
        return digits > 1;
    }

    /// Reads a number of `min_digits` to `max_digits` digits.
    constexpr bool read_number(std::size_t min_digits, std::size_t max_digits, unsigned& number) noexcept
    {
        std::size_t digits = 0;
        number = 0;
        for (; digits != rest_.size() && digits != max_digits && is_digit(rest_[digits]); ++digits)
            number = 10 * number + static_cast<unsigned>(rest_[digits] - '0');
        rest_.remove_prefix(digits);
        return digits >= min_digits;
    }

    /// Reads one of `count` names of three letters. Sets `index` to `count` if none matches.
    constexpr bool read_name(char const* names, unsigned count, unsigned& index) noexcept
    {
        for (index = 0; index != count; ++index, names += 3) {
            if (rest_.size() < 3 || !equal_chars(rest_[0], names[0]) || !equal_chars(rest_[1], names[1]) ||
                !equal_chars(rest_[2], names[2]))
                continue;
            rest_.remove_prefix(3);
            return true;
        }
        return false;
    }

    std::string_view rest_;
    calendar_time& time_;
    bool mail_;
};

/// Loads eight characters as a little-endian number. Compilers turn this into one instruction.
constexpr std::uint64_t load_eight_bytes(char const* text) noexcept
{
    auto const byte = [text](int i) { return std::uint64_t{static_cast<octet>(text[i])} << 8 * i; };
    return byte(0) | byte(1) | byte(2) | byte(3) | byte(4) | byte(5) | byte(6) | byte(7);
}

/// A pattern for eight characters: `0` is any digit, `?` is any character, any other character stands for itself.
class eight_byte_pattern {
public:
    consteval explicit eight_byte_pattern(char const (&format)[9])
    {
        for (int i = 0; i != 8; ++i) {
            if (format[i] == '?') continue;
            expected_ |= std::uint64_t{static_cast<octet>(format[i])} << 8 * i;
            mask_ |= std::uint64_t{0xFF} << 8 * i;
            to_high_bit_ |= (format[i] == '0' ? std::uint64_t{0x80 - 10} : std::uint64_t{0x80 - 1}) << 8 * i;
        }
    }

    /// Returns, in the byte of each digit, the number that it forms with the next digit. Sets bits in `mismatch` if a
    /// character does not match the pattern.
    constexpr std::uint64_t read_numbers(std::uint64_t eight, std::uint64_t& mismatch) const noexcept
    {
        std::uint64_t const digits = (eight ^ expected_) & mask_; // 0 where a fixed character matches
        mismatch |= ((digits + to_high_bit_) | digits) & 0x8080808080808080;
        return 10 * digits + (digits >> 8);
    }

private:
    std::uint64_t expected_ = 0;
    std::uint64_t mask_ = 0;
    std::uint64_t to_high_bit_ = 0;
};

/// A table of names of three letters, looked up by a number whose low bytes are the letters. Ignores case.
class name_table {
public:
    template <std::size_t Size>
    consteval explicit name_table(char const (&names)[Size])
    {
        for (std::uint32_t i = 0; i != Size / 3; ++i) {
            char const* const name = names + 3 * i;
            std::uint32_t letters = 0;
            for (int j = 2; j >= 0; --j) letters = letters << 8 | static_cast<octet>(to_lower(name[j]));
            entries_[slot(letters)] = i << 24 | letters;
        }
    }

    constexpr bool find(std::uint64_t text, unsigned& index) const noexcept
    {
        std::uint32_t const letters = (text & 0xFFFFFF) | 0x202020;
        std::uint32_t const entry = entries_[slot(letters)];
        index = entry >> 24;
        return (entry & 0xFFFFFF) == letters;
    }

private:
    /// A perfect hash of the names. The factor was found by trial.
    static constexpr std::uint32_t slot(std::uint32_t letters) noexcept { return letters * 0xA671 >> 28; }

    std::uint32_t entries_[16]{};
};

inline constexpr name_table days_by_name(day_names);
inline constexpr name_table months_by_name(month_names);
inline constexpr eight_byte_pattern day_pattern("???, 00 "), year_pattern("??? 0000"), time_pattern(" 00:00:0"),
    end_pattern("00 ?0000");

/// Reads the form that Twilio writes, in which every field has a fixed position: `Wed, 18 Dec 2019 20:02:01 +0000`.
/// Returns false for any other text, even if it is a date. Eight times as fast as reading from left to right.
constexpr bool read_twilio_date(std::string_view text, calendar_time& t) noexcept
{
    if (text.size() != 31 || (text[26] != '+' && text[26] != '-')) return false;
    auto const byte = [](std::uint64_t eight, int i) { return static_cast<unsigned>(eight >> 8 * i & 0xFF); };
    std::uint64_t const first = load_eight_bytes(text.data());
    std::uint64_t const second = load_eight_bytes(text.data() + 8);
    std::uint64_t mismatch = 0;
    std::uint64_t const day = day_pattern.read_numbers(first, mismatch);
    std::uint64_t const year = year_pattern.read_numbers(second, mismatch);
    std::uint64_t const time = time_pattern.read_numbers(load_eight_bytes(text.data() + 16), mismatch);
    std::uint64_t const end = end_pattern.read_numbers(load_eight_bytes(text.data() + 23), mismatch);
    if (mismatch != 0 || !days_by_name.find(first, t.weekday) || !months_by_name.find(second, t.month)) return false;
    t.day = byte(day, 5);
    t.year = 100 * byte(year, 4) + byte(year, 6);
    t.hour = byte(time, 1);
    t.minute = byte(time, 4);
    t.second = byte(end, 0);
    int const minutes = static_cast<int>(byte(end, 6));
    int const offset = 60 * static_cast<int>(byte(end, 4)) + minutes;
    t.offset_minutes = text[26] == '-' ? -offset : offset;
    return minutes <= 59;
}

constexpr bool read_mail_date(std::string_view text, calendar_time& t) noexcept
{
    date_reader reader(text, date_reader::rules::mail, t);
    reader.skip_comments();
    if (reader.match("%a") && !reader.match(",")) return false;
    if (!reader.match("%d %b %Y %H:%M")) return false;
    bool space = reader.skip_comments();
    if (reader.next_is(':')) {
        if (!reader.match(":%S")) return false;
        space = reader.skip_comments();
    }
    if (!space) return false;
    bool const numeric = reader.next_is('+') || reader.next_is('-');
    if (!(numeric ? reader.read_offset() : reader.read_zone())) return false;
    reader.skip_comments();
    return reader.done();
}

/// Parses a `date-time` of RFC 2822, section 3.3. Twilio writes `Wed, 18 Dec 2019 20:02:01 +0000`. The obsolete forms
/// (section 4.3) are accepted too, as the RFC requires of a reader.
constexpr std::optional<date_time> parse_rfc2822(std::string_view text) noexcept
{
    calendar_time t;
    bool is_twilio_format = false;
    if constexpr (!prefers_size) is_twilio_format = read_twilio_date(text, t);
    if (!is_twilio_format && !read_mail_date(text, t)) return {};
    return to_date_time(t);
}

/// Whether a text is an RFC 2822 date with a year after 9999, which `date_time` cannot represent.
constexpr bool is_after_year_9999(std::string_view text) noexcept
{
    calendar_time t;
    return read_mail_date(text, t) && t.year > 9999;
}

/// Parses an `HTTP-date` (RFC 9110, section 5.6.7) in any of its three forms, as seconds since 1970. The two-digit year
/// of the obsolete second form is read as 1970 to 2069. The RFC defines it relative to the current time, but there is
/// no clock here.
constexpr bool parse_http_date(std::string_view text, std::int64_t& unix_seconds) noexcept
{
    calendar_time t;
    date_reader reader(text, date_reader::rules::http, t);
    char const* format = ", %d-%b-%y %H:%M:%S GMT";
    if (!reader.match("%a")) return false;
    if (reader.next_is(','))
        format = ", %d %b %Y %H:%M:%S GMT";
    else if (reader.next_is(' '))
        format = " %b %e %H:%M:%S %Y";
    else if (!reader.match(day_endings[t.weekday]))
        return false;
    if (!reader.match(format) || !reader.done()) return false;
    auto const when = to_date_time(t);
    if (!when) return false;
    unix_seconds = when->unix_seconds;
    return true;
}

} // namespace sidecall::detail
