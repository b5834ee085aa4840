#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sidecall/date_time.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/printable.hpp>
#include <sidecall/detail/text/rfc2822.hpp>
#include <sidecall/detail/text/utf8.hpp>

// How the test doubles write texts: forms, JSON strings, dates, SIDs, and what a person reads.
namespace sidecall::detail {

/// Appends `name=value`, encoded, to a form or a query, with an "&" before it unless it is the first.
inline void append_to_form(std::string& form, std::string_view name, std::string_view value)
{
    auto const append = [&form](std::string_view text) {
        std::size_t const begin = form.size();
        std::size_t const size = encoded_form_size(text);
        form.resize(begin + size + copy_slack);
        percent_encode_form(form.data() + begin, text);
        form.resize(begin + size);
    };
    if (!form.empty()) form += '&';
    append(name);
    form += '=';
    append(value);
}

/// The text of a form or a query, decoded: "+" is a space.
inline std::string decode_form(std::string_view text)
{
    std::string decoded;
    for (std::size_t at = 0; at != text.size();) {
        bool const is_plus = text[at] == '+';
        char const c = decode_next_byte(text, at);
        decoded += is_plus ? ' ' : c;
    }
    return decoded;
}

/// A URL with more in its query. The URL must have no fragment.
inline std::string add_to_query(std::string url, std::string_view parameters)
{
    if (url.find('?') == url.npos)
        url += '?';
    else if (url.back() != '?' && url.back() != '&')
        url += '&';
    return url.append(parameters);
}

/// Appends a JSON string (RFC 8259, section 7). A byte that is not UTF-8 becomes U+FFFD, since JSON cannot contain it.
inline void append_json_string(std::string& json, std::string_view text)
{
    constexpr char digits[] = "0123456789abcdef";
    json += '"';
    while (!text.empty()) {
        std::size_t const size = utf8_sequence_size(text, 0);
        char const c = text[0];
        constexpr std::string_view escaped = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
        if (std::size_t const at = escaped.find(c); at != escaped.npos)
            (json += '\\') += letters[at];
        else if (static_cast<unsigned char>(c) < 0x20)
            ((json += "\\u00") += digits[c >> 4]) += digits[c & 15];
        else
            json += size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
    }
    json += '"';
}

/// Appends text for a person to read. Escapes what `append_printable` does not show and backslashes, as C does.
inline void append_escaped(std::string& line, std::string_view text)
{
    constexpr char digits[] = "0123456789abcdef";
    while (!text.empty()) {
        std::size_t const found = utf8_sequence_size(text, 0);
        std::string_view const sequence = text.substr(0, found == 0 ? 1 : found);
        std::string shown;
        append_printable(shown, sequence);
        if (sequence == "\\")
            line += "\\\\";
        else if (shown == sequence)
            line += sequence;
        else
            for (char c : sequence) ((line += "\\x") += digits[static_cast<unsigned char>(c) >> 4]) += digits[c & 15];
        text.remove_prefix(sequence.size());
    }
}

/// A date as Twilio writes it (RFC 2822, section 3.3): `Wed, 18 Dec 2019 20:02:01 +0000`. A time before the year 1900
/// becomes its beginning, one after the year 9999 its end.
inline std::string to_rfc2822(date_time const& time)
{
    constexpr std::int64_t first = -2'208'988'800, last = 253'402'300'799, day = 86'400;
    std::int64_t local = time.unix_seconds < first ? first : time.unix_seconds > last ? last : time.unix_seconds;
    local += std::int64_t{60} * time.offset_minutes;
    if (local < first || local > last) return detail::to_rfc2822({.unix_seconds = time.unix_seconds});

    std::int64_t const seconds = (local % day + day) % day;
    auto const days = static_cast<int>((local - seconds) / day);
    unsigned year = static_cast<unsigned>(1970 + days / 366 - (days < 0 ? 2 : 0)); // not later than the right one
    while (days_from_civil(year + 1, 0, 1) <= days) ++year;
    unsigned month = 0;
    while (month < 11 && days_from_civil(year, month + 1, 1) <= days) ++month;

    auto const two_digits = [](auto number) {
        return std::string{static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
    };
    auto const name = [](char const* names, std::size_t index) { return std::string(names + 3 * index, 3); };
    int const offset = time.offset_minutes < 0 ? -time.offset_minutes : time.offset_minutes;
    auto const weekday = static_cast<std::size_t>((days % 7 + 7 + 3) % 7); // 1970-01-01 was a Thursday
    return name(day_names, weekday) + ", " + two_digits(days - days_from_civil(year, month, 1) + 1) + ' ' +
           name(month_names, month) + ' ' + std::to_string(year) + ' ' + two_digits(seconds / 3600) + ':' +
           two_digits(seconds / 60 % 60) + ':' + two_digits(seconds % 60) + (time.offset_minutes < 0 ? " -" : " +") +
           two_digits(offset / 60) + two_digits(offset % 60);
}

/// A SID whose digits are a decimal number with leading zeros.
inline std::string numbered_sid(std::string_view prefix, std::uint64_t number)
{
    std::string const digits = std::to_string(number);
    return std::string(prefix).append(32 - digits.size(), '0') + digits;
}

} // namespace sidecall::detail
