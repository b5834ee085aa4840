// RFC 2822 dates. The fast path and the general path agree, <chrono>'s calendar and libcurl agree, and a date that is
// invalid in RFC 2822 is rejected.

#include "calendar.hpp"
#include "fuzz.hpp"

#include <curl/curl.h>

#include <sidecall/detail/text/rfc2822.hpp>

using fuzz::hold;
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
    calendar_time usual, general;
    bool const is_usual = read_usual_date(input, usual);
    auto const by_long_way = read_mail_date(input, general) ? to_date_time(general) : std::nullopt;
    if (is_usual) hold(to_date_time(usual) == by_long_way, "the short way and the long way read the same");
    hold(when == by_long_way, "which is the date");
    hold(parse_rfc2822(in_case(input, 'a', 'A')) == when, "capitals are the same");
    hold(parse_rfc2822(in_case(input, 'A', 'a')) == when, "so are small letters");
    hold(parse_rfc2822(" \t" + std::string(input)) == when, "blanks before it say nothing");
    if (!when) return;
    hold(parse_rfc2822("\r\n " + std::string(input)) == when || input.front() == '\r' || input.front() == ' ' ||
             input.front() == '\t',
         "nor does a line break");
    hold(parse_rfc2822(std::string(input) + " (a (com\\)ment) \x01)") == when, "nor does a comment behind it");
    hold(!parse_rfc2822(std::string(input) + "("), "a comment must end");
    hold(when->offset_minutes > -6000 && when->offset_minutes < 6000, "an offset has four digits");

    fuzz::calendar const t(when->unix_seconds, when->offset_minutes);
    if (t.year > 9999) return; // the leap second at the end of the year 9999
    std::string const text = fuzz::print(t) + zone(when->offset_minutes);
    hold(parse_rfc2822(text) == when, "printed, it is read as the same");
    if (when->offset_minutes >= -14 * 60 && when->offset_minutes <= 14 * 60) // the range of libcurl's offsets
        hold(curl_getdate(text.c_str(), nullptr) == when->unix_seconds, "libcurl reads the same instant");
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
    hold(when && when->unix_seconds == there - offset * 60 && when->offset_minutes == offset, "a date is read");
    // A one-digit day, other whitespace, no weekday and no seconds: the same minute.
    char text[64];
    std::snprintf(text, sizeof text, "%u\t%s  %04d\r\n %02d:%02d ", t.day, fuzz::months[t.month - 1], t.year, t.hour,
                  t.minute);
    auto const minute = parse_rfc2822(text + zone(offset));
    hold(minute && minute->unix_seconds == when->unix_seconds - t.second, "what may be left out says nothing");
    unsigned const wrong_day = (t.weekday + 1 + bytes.byte() % 6) % 7;
    hold(!parse_rfc2822(std::string(fuzz::days[wrong_day]).substr(0, 3) + ", " + text + zone(offset)),
         "another day of the week is wrong");
}

} // namespace

FUZZ_TARGET(date)
{
    try_as_it_is(input);
    try_as_built(input);
}
