// RFC 2822 dates. The fast path and the general path agree, <chrono>'s calendar and libcurl agree, and a date that is
// invalid in RFC 2822 is rejected.

#include "calendar.hpp"
#include "fuzz.hpp"

#include <curl/curl.h>

#include <sidecall/detail/text/rfc2822.hpp>

using fuzz::require;
using namespace sidecall::detail;

namespace {

std::string zone(int offset_minutes)
{
    char text[16];
    int const minutes = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    std::snprintf(text, sizeof text, "%c%02d%02d", offset_minutes < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return text;
}

std::string in_case(std::string_view text, char from, char to)
{
    std::string result(text);
    for (char& c : result)
        if (c >= from && c <= from + 25) c = static_cast<char>(c - from + to);
    return result;
}

void try_as_it_is(std::string_view input)
{
    auto const when = parse_rfc2822(input);
    calendar_time fast, general;
    bool const is_twilio_form = read_twilio_date(input, fast);
    auto const by_long_way = read_mail_date(input, general) ? to_date_time(general) : std::nullopt;
    if (is_twilio_form) require(to_date_time(fast) == by_long_way, "the fast path and the general path agree");
    require(when == by_long_way, "the result is that of the general path");
    require(parse_rfc2822(in_case(input, 'a', 'A')) == when, "upper case does not change the date");
    require(parse_rfc2822(in_case(input, 'A', 'a')) == when, "lower case does not change the date");
    require(parse_rfc2822(" \t" + std::string(input)) == when, "whitespace before the date does not change it");
    if (!when) return;
    require(parse_rfc2822("\r\n " + std::string(input)) == when || input.front() == '\r' || input.front() == ' ' ||
                input.front() == '\t',
            "a folded line before the date does not change it");
    require(parse_rfc2822(std::string(input) + " (a (com\\)ment) \x01)") == when,
            "a comment after the date does not change it");
    require(!parse_rfc2822(std::string(input) + "("), "an unterminated comment is rejected");
    require(when->offset_minutes > -6000 && when->offset_minutes < 6000, "an offset has at most four digits");

    fuzz::calendar const t(when->unix_seconds, when->offset_minutes);
    if (t.year > 9999) return; // the leap second at the end of the year 9999
    std::string const text = fuzz::print(t) + zone(when->offset_minutes);
    require(parse_rfc2822(text) == when, "the printed date is read as the same");
    if (when->offset_minutes >= -14 * 60 && when->offset_minutes <= 14 * 60) // the range of libcurl's offsets
        require(curl_getdate(text.c_str(), nullptr) == when->unix_seconds, "libcurl reads the same instant");
}

void try_as_built(std::string_view input)
{
    fuzz::pieces bytes(input);
    std::uint64_t bits = 0;
    for (int i = 0; i != 5; ++i) bits = bits << 8 | bytes.byte();
    std::int64_t const first = -2208988800, end = 253402300800; // local times from 1900 to 9999
    std::int64_t const there = first + static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(end - first));
    int const offset = static_cast<int>(bytes.byte() % 100 * 60 + bytes.byte() % 60) * (bytes.byte() % 2 ? -1 : 1);
    fuzz::calendar const t(there);
    auto const when = parse_rfc2822(fuzz::print(t) + zone(offset));
    require(when && when->unix_seconds == there - offset * 60 && when->offset_minutes == offset,
            "a generated date is read");
    // A one-digit day, other whitespace, no weekday and no seconds: the same minute.
    char text[64];
    std::snprintf(text, sizeof text, "%u\t%s  %04d\r\n %02d:%02d ", t.day, fuzz::months[t.month - 1], t.year, t.hour,
                  t.minute);
    auto const minute = parse_rfc2822(text + zone(offset));
    require(minute && minute->unix_seconds == when->unix_seconds - t.second, "optional parts do not change the date");
    unsigned const wrong_day = (t.weekday + 1 + bytes.byte() % 6) % 7;
    require(!parse_rfc2822(std::string(fuzz::days[wrong_day]).substr(0, 3) + ", " + text + zone(offset)),
            "the wrong weekday is rejected");
}

} // namespace

FUZZ_TARGET(date)
{
    try_as_it_is(input);
    try_as_built(input);
}
