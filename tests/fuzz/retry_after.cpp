// `Retry-After`: a number of seconds, or one of HTTP's three date formats. libcurl reads each date as the same instant.

#include "calendar.hpp"
#include "fuzz.hpp"

#include <curl/curl.h>

#include <sidecall/http.hpp>

using fuzz::require;
using sidecall::detail::parse_retry_after;

namespace {

void try_as_it_is(std::string_view input)
{
    auto const when = parse_retry_after(input);
    std::string number(input);
    number.erase(0, number.find_first_not_of('0'));
    std::string_view const most = "9223372036854775807";
    bool const fits = number.size() < most.size() || (number.size() == most.size() && number <= most);
    bool const is_number = !input.empty() && input.find_first_not_of("0123456789") == input.npos;
    require(is_number == (when && !when->is_unix_time), "a value is seconds if it consists of digits");
    std::string const expected = !fits ? std::string(most) : number.empty() ? "0" : number;
    if (is_number) require(std::to_string(when->seconds) == expected, "the number is read, or reported as too long");
    if (!when || is_number) return;

    std::string const text(input);
    bool const asctime = text.find(',') == text.npos;
    bool const two_digits = text.find('-') != text.npos;
    require(asctime      ? text.size() == 24
            : two_digits ? text.size() >= 30 && text.size() <= 33
                         : text.size() == 29,
            "a date has the length of its format");
    fuzz::calendar const t(when->seconds);
    require(t.year >= 1900 && t.year <= 10000, "a year has four digits");
    auto const again = parse_retry_after(fuzz::print(t) + "GMT");
    if (t.year < 10000) require(again && *again == *when, "the printed date is read as the same"); // else a leap second
    // libcurl reads the year 70 as 2070, and has no calendar before 1583.
    if (!two_digits || (t.year != 1970 && t.year != 1971))
        require(curl_getdate(text.c_str(), nullptr) == when->seconds, "libcurl reads the same instant");
}

void try_instant(std::int64_t seconds)
{
    fuzz::calendar const t(seconds);
    sidecall::retry_time const when{.seconds = seconds, .is_unix_time = true};
    require(parse_retry_after(fuzz::print(t) + "GMT") == when, "an IMF-fixdate is read");
    char text[64];
    std::snprintf(text, sizeof text, "%.3s %s %2u %02d:%02d:%02d %04d", fuzz::days[t.weekday],
                  fuzz::months[t.month - 1], t.day, t.hour, t.minute, t.second, t.year);
    require(parse_retry_after(text) == when, "asctime's date is read");
    if (t.year < 1970 || t.year > 2069) return;
    std::snprintf(text, sizeof text, "%s, %02u-%s-%02d %02d:%02d:%02d GMT", fuzz::days[t.weekday], t.day,
                  fuzz::months[t.month - 1], t.year % 100, t.hour, t.minute, t.second);
    require(parse_retry_after(text) == when, "RFC 850's date is read");
}

} // namespace

FUZZ_TARGET(retry_after)
{
    try_as_it_is(input);
    fuzz::pieces bytes(input);
    std::int64_t bits = 0;
    for (int i = 0; i != 5; ++i) bits = bits << 8 | bytes.byte();
    std::int64_t const begin = -2208988800, end = 253402300800; // of 1900 and of 10000
    try_instant(begin + bits % (end - begin));
    try_instant(bits % 3155760000); // 1970 to 2069, the range of two-digit years
}
