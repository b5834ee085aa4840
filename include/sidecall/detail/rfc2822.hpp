#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sidecall/date_time.hpp>
#include <sidecall/detail/ascii.hpp>
#include <sidecall/detail/chunk.hpp>

namespace sidecall::detail {

/// Days from 1970-01-01 to a day of the Gregorian calendar, for years from 1 on. Months are counted from 1.
constexpr int days_from_civil(int year, int month, int day) noexcept
{
    // Years that begin in March put the leap day last, and 153 days fill each five months of them.
    int const march_month = (month + 9) % 12;
    year -= march_month >= 10 ? 1 : 0;
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * march_month + 2) / 5 + day - 719469;
}

constexpr int days_in_month(int year, int month) noexcept
{
    if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

inline constexpr std::string_view day_names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
inline constexpr std::string_view month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// The numbers of a date while it is being read.
struct calendar_time {
    int weekday = -1; // 0 is Monday; -1 if none was given
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int offset_minutes = 0;
};

/// The instant, if there is such a day, such a time, and the weekday is that day's. A second of 60 is the leap second
/// at the end of a UTC day, which counts as the next second.
constexpr std::optional<date_time> to_date_time(calendar_time const& t) noexcept
{
    if (t.year < 1900 || t.year > 9999 || t.month < 1 || t.month > 12) return {};
    if (t.day < 1 || t.day > days_in_month(t.year, t.month)) return {};
    if (t.hour > 23 || t.minute > 59 || t.second > 60) return {};
    int const days = days_from_civil(t.year, t.month, t.day);
    if (t.weekday >= 0 && (days + 25570 * 7 + 3) % 7 != t.weekday) return {}; // 1970-01-01 was a Thursday
    std::int64_t const minutes = (std::int64_t{days} * 24 + t.hour) * 60 + t.minute - t.offset_minutes;
    std::int64_t const seconds = minutes * 60 + t.second;
    if (t.second == 60 && seconds % 86400 != 0) return {};
    return date_time{seconds, t.offset_minutes};
}

/// Reads a date from left to right. Each `read_` gives false, and the text is given up, where it does not fit.
class date_reader {
public:
    constexpr explicit date_reader(std::string_view text) noexcept : rest_(text) {}

    constexpr bool done() const noexcept { return rest_.empty(); }
    constexpr bool next_is(char c) const noexcept { return !rest_.empty() && rest_.front() == c; }

    constexpr bool read(std::string_view text) noexcept
    {
        if (rest_.substr(0, text.size()) != text) return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    /// A number of `least` to `most` digits.
    template <class Number>
    constexpr bool read_number(std::size_t least, std::size_t most, Number& number) noexcept
    {
        std::size_t digits = 0;
        number = 0;
        for (; digits != rest_.size() && digits != most && is_digit(rest_[digits]); ++digits)
            number = static_cast<Number>(10 * number + (rest_[digits] - '0'));
        rest_.remove_prefix(digits);
        return digits >= least;
    }

    /// One of some names, counted from 0.
    template <std::size_t N>
    constexpr bool read_name(std::string_view const (&names)[N], bool ignoring_case, int& index) noexcept
    {
        for (index = 0; index != static_cast<int>(N); ++index) {
            std::string_view const name = names[static_cast<std::size_t>(index)];
            std::string_view const here = rest_.substr(0, name.size());
            if (here != name && !(ignoring_case && equal_ignoring_case(here, name))) continue;
            rest_.remove_prefix(name.size());
            return true;
        }
        return false;
    }

    /// `hh:mm`, and `:ss`, which mail may leave out and HTTP may not.
    constexpr bool read_time(calendar_time& t, bool seconds_needed) noexcept
    {
        if (!read_number(2, 2, t.hour) || !read(":") || !read_number(2, 2, t.minute)) return false;
        if (!seconds_needed && !next_is(':')) return true;
        return read(":") && read_number(2, 2, t.second);
    }

    /// Folding white space (RFC 2822, section 3.2.3): blanks and tabs, with at most one line break before the last of
    /// them. True if there was any.
    constexpr bool read_space() noexcept
    {
        bool any = skip_blanks();
        if (rest_.substr(0, 2) == "\r\n" && rest_.size() > 2 && (rest_[2] == ' ' || rest_[2] == '\t')) {
            rest_.remove_prefix(2);
            any = skip_blanks();
        }
        return any;
    }

    /// Comments in parentheses, which nest, and the space around them (RFC 2822, section 3.2.3). False if one does not
    /// end, or holds a byte that is none of its characters.
    constexpr bool read_comments() noexcept
    {
        std::size_t depth = 0;
        for (read_space(); depth != 0 || next_is('('); read_space()) {
            if (rest_.empty()) return false;
            if (next_is('(')) ++depth;
            if (next_is(')')) --depth;
            if (next_is('\\')) rest_.remove_prefix(1); // the next one stands for itself
            if (rest_.empty()) return false;
            char const c = rest_.front();
            if (c == '\0' || c == '\r' || c == '\n' || static_cast<unsigned char>(c) > 0x7F) return false;
            rest_.remove_prefix(1);
        }
        return true;
    }

private:
    constexpr bool skip_blanks() noexcept
    {
        std::size_t const before = rest_.size();
        while (next_is(' ') || next_is('\t')) rest_.remove_prefix(1);
        return rest_.size() != before;
    }

    std::string_view rest_;
};

/// Three letters, of whatever case, as one number.
constexpr std::uint32_t fold_letters(std::string_view text) noexcept
{
    auto const letter = [&](std::size_t i) -> std::uint32_t { return lower(static_cast<octet>(text[i])); };
    return letter(0) << 16 | letter(1) << 8 | letter(2);
}

template <std::size_t N>
struct folded_names {
    std::uint32_t folded[N]{};

    consteval explicit folded_names(std::string_view const (&names)[N])
    {
        for (std::size_t i = 0; i != N; ++i) folded[i] = fold_letters(names[i]);
    }
    /// Which of them it is, or -1.
    constexpr int find(std::string_view text) const noexcept
    {
        std::uint32_t const wanted = fold_letters(text);
        for (std::size_t i = 0; i != N; ++i)
            if (folded[i] == wanted) return static_cast<int>(i);
        return -1;
    }
};
inline constexpr folded_names folded_days(day_names);
inline constexpr folded_names folded_months(month_names);

/// The form that Twilio writes, where all has its fixed place: `Wed, 18 Dec 2019 20:02:01 +0000`. Nothing for any other
/// text, whether it is a date or not. Takes a tenth of the time that reading from left to right takes.
constexpr std::optional<date_time> parse_usual_date(std::string_view text) noexcept
{
    if (text.size() != 31 || text[3] != ',' || text[4] != ' ' || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' ||
        text[19] != ':' || text[22] != ':' || text[25] != ' ')
        return {};
    unsigned wrong = text[26] == '+' || text[26] == '-' ? 0 : 1;
    auto const two_digits = [&](std::size_t at) {
        auto const tens = static_cast<unsigned>(text[at] - '0'); // beyond 9 for what is no digit
        auto const ones = static_cast<unsigned>(text[at + 1] - '0');
        wrong |= static_cast<unsigned>(tens > 9) | static_cast<unsigned>(ones > 9);
        return static_cast<int>(10 * tens + ones);
    };
    calendar_time t;
    t.weekday = folded_days.find(text);
    t.day = two_digits(5);
    t.month = 1 + folded_months.find(text.substr(8));
    t.year = 100 * two_digits(12) + two_digits(14);
    t.hour = two_digits(17);
    t.minute = two_digits(20);
    t.second = two_digits(23);
    int const minutes = two_digits(29);
    t.offset_minutes = 60 * two_digits(27) + minutes;
    if (text[26] == '-') t.offset_minutes = -t.offset_minutes;
    if (wrong || t.weekday < 0 || minutes > 59) return {};
    return to_date_time(t);
}

/// A `date-time` of RFC 2822, section 3.3, as Twilio writes them: `Wed, 18 Dec 2019 20:02:01 +0000`. Of the obsolete
/// forms (section 4.3) only the zones "UT" and "GMT" are known, which nobody can misread; the others are refused.
constexpr std::optional<date_time> parse_rfc2822(std::string_view text) noexcept
{
    if (auto const usual = parse_usual_date(text)) return usual;
    date_reader reader(text);
    calendar_time t;

    reader.read_space();
    if (reader.read_name(day_names, true, t.weekday)) {
        if (!reader.read(",")) return {};
        reader.read_space();
    } else {
        t.weekday = -1;
    }
    if (!reader.read_number(1, 2, t.day) || !reader.read_space()) return {};
    if (!reader.read_name(month_names, true, t.month) || !reader.read_space()) return {};
    ++t.month;
    while (reader.next_is('0') && reader.read("0")) {
    } // "4*DIGIT": 02019 is a year, too
    if (!reader.read_number(4, 4, t.year) || !reader.read_space()) return {};
    if (!reader.read_time(t, false) || !reader.read_space()) return {};

    bool const east = reader.next_is('+');
    if (east || reader.next_is('-')) {
        int hours = 0;
        int minutes = 0;
        reader.read(east ? "+" : "-");
        if (!reader.read_number(2, 2, hours) || !reader.read_number(2, 2, minutes) || minutes > 59) return {};
        t.offset_minutes = (east ? 1 : -1) * (60 * hours + minutes);
    } else {
        constexpr std::string_view universal[] = {"UT", "GMT"};
        int which = 0;
        if (!reader.read_name(universal, true, which)) return {};
    }
    if (!reader.read_comments() || !reader.done()) return {};
    return to_date_time(t);
}

/// An `HTTP-date` (RFC 9110, section 5.6.7) in any of its three forms, as seconds since 1970. The two digits of the
/// obsolete second one are a year of 1970 to 2069: the rule there wants a clock, and there is none here.
constexpr std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept
{
    constexpr std::string_view long_day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
    date_reader reader(text);
    calendar_time t;
    bool fits = false;

    if (reader.read_name(long_day_names, false, t.weekday)) { // Wednesday, 18-Dec-19 20:02:31 GMT
        fits = reader.read(", ") && reader.read_number(2, 2, t.day) && reader.read("-") &&
               reader.read_name(month_names, false, t.month) && reader.read("-") && reader.read_number(2, 2, t.year) &&
               reader.read(" ") && reader.read_time(t, true) && reader.read(" GMT");
        t.year += t.year < 70 ? 2000 : 1900;
    } else if (!reader.read_name(day_names, false, t.weekday)) {
        return {};
    } else if (reader.read(", ")) { // Wed, 18 Dec 2019 20:02:31 GMT
        fits = reader.read_number(2, 2, t.day) && reader.read(" ") && reader.read_name(month_names, false, t.month) &&
               reader.read(" ") && reader.read_number(4, 4, t.year) && reader.read(" ") && reader.read_time(t, true) &&
               reader.read(" GMT");
    } else { // Wed Dec 18 20:02:31 2019
        fits = reader.read(" ") && reader.read_name(month_names, false, t.month) && reader.read(" ") &&
               (reader.read(" ") ? reader.read_number(1, 1, t.day) : reader.read_number(2, 2, t.day)) &&
               reader.read(" ") && reader.read_time(t, true) && reader.read(" ") && reader.read_number(4, 4, t.year);
    }
    ++t.month;
    if (!fits || !reader.done()) return {};
    auto const when = to_date_time(t);
    if (!when) return {};
    return when->unix_seconds;
}

} // namespace sidecall::detail
