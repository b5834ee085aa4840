#include <sidecall/date_time.hpp>
#include <sidecall/detail/text/rfc2822.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

namespace date_time_test {

namespace {

using sidecall::date_time;
using sidecall::detail::parse_rfc2822;

char const* const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
char const* const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
char const* const long_days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

constexpr std::optional<std::int64_t> parse_http_date(std::string_view text)
{
    std::int64_t seconds = 0;
    if (!sidecall::detail::parse_http_date(text, seconds)) return {};
    return seconds;
}

template <class... Args>
std::string format(char const* how, Args... args)
{
    char text[80];
    int const size = std::snprintf(text, sizeof text, how, args...);
    return std::string(text, static_cast<std::size_t>(size));
}

/// A calendar that only counts days, from Monday, 1 January 1900.
struct calendar {
    int year = 1900;
    int month = 0; // 0 is January
    int day = 1;
    int weekday = 0; // 0 is Monday
    std::int64_t unix_days = -25567;

    void next()
    {
        static constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        bool const leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        weekday = (weekday + 1) % 7;
        ++unix_days;
        if (++day <= lengths[month] + (month == 1 && leap ? 1 : 0)) return;
        day = 1;
        if (++month != 12) return;
        month = 0;
        ++year;
    }
};

/// What a date means by the standard library's calendar. Empty if the text is not in Twilio's form, `Www, dd Mmm yyyy
/// hh:mm:ss +hhmm`, or if there is no such day or time.
std::optional<date_time> canonical_meaning(std::string const& text)
{
    char weekday[4]{}, month[4]{}, sign = 0;
    unsigned day = 0, hour = 0, minute = 0, second = 0, hours = 0, minutes = 0;
    int year = 0;
    int const read = std::sscanf(text.c_str(), "%3[A-Za-z], %2u %3[A-Za-z] %4d %2u:%2u:%2u %c%2u%2u", weekday, &day,
                                 month, &year, &hour, &minute, &second, &sign, &hours, &minutes);
    if (read != 10 || (sign != '+' && sign != '-')) return {};
    if (format("%s, %02u %s %04d %02u:%02u:%02u %c%02u%02u", weekday, day, month, year, hour, minute, second, sign,
               hours, minutes) != text)
        return {};
    unsigned number = 0;
    while (number != 12 && std::string_view(months[number]) != month) ++number;
    std::chrono::year_month_day const date{std::chrono::year(year), std::chrono::month(number + 1),
                                           std::chrono::day(day)};
    if (!date.ok() || year < 1900 || hour > 23 || minute > 59 || second > 59 || minutes > 59) return {};
    std::chrono::sys_days const since(date);
    if (std::string_view(days[std::chrono::weekday(since).iso_encoding() - 1]) != weekday) return {};
    int const offset = (sign == '-' ? -1 : 1) * static_cast<int>(60 * hours + minutes);
    auto const local = (since + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second));
    return date_time{(local - std::chrono::minutes(offset)).time_since_epoch().count(), offset};
}

constexpr char twilio[] = "Wed, 18 Dec 2019 20:02:01 +0000";
static_assert(parse_rfc2822(twilio) == date_time{1576699321, 0});
static_assert(!parse_rfc2822("Thu, 18 Dec 2019 20:02:01 +0000"));
static_assert(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
static_assert(std::is_aggregate_v<date_time> && std::regular<date_time> && std::is_trivially_copyable_v<date_time>);

} // namespace

TEST_CASE("reads back every day from 1900 to 9999")
{
    calendar today;
    int read = 0;
    int wrong = 0;
    std::string first;
    auto const check = [&](bool is_right, std::string const& text) {
        if (!is_right && ++wrong == 1) first = text;
    };
    for (; today.year != 10000; today.next()) {
        // Check the days around the end of each February and of each year, and some of the days between.
        bool const edge = (today.month == 1 && today.day >= 28) || (today.month == 2 && today.day == 1) ||
                          (today.month == 11 && today.day == 31) || (today.month == 0 && today.day == 1);
        if (!edge && today.unix_days % 41 != 0) continue;
        ++read;
        int const hour = read % 24;
        int const minute = read * 7 % 60;
        int const second = read * 13 % 60;
        std::int64_t const expected = today.unix_days * 86400 + hour * 3600 + minute * 60 + second;
        auto text = format("%s, %02d %s %04d %02d:%02d:%02d +0000", days[today.weekday], today.day, months[today.month],
                           today.year, hour, minute, second);
        check(parse_rfc2822(text) == date_time{expected, 0}, text);
        if (read % 4 != 0) continue;

        text = format("%s, %02d %s %04d %02d:%02d:%02d GMT", days[today.weekday], today.day, months[today.month],
                      today.year, hour, minute, second);
        check(parse_http_date(text) == expected, text);
        check(parse_rfc2822(text) == date_time{expected, 0}, text); // an HTTP-date is also an RFC 2822 date
        text = format("%s %s %2d %02d:%02d:%02d %04d", days[today.weekday], months[today.month], today.day, hour,
                      minute, second, today.year);
        check(parse_http_date(text) == expected, text);
        check(!parse_rfc2822(text), text);
        if (today.year >= 1970 && today.year < 2070) {
            text = format("%s, %02d-%s-%02d %02d:%02d:%02d GMT", long_days[today.weekday], today.day,
                          months[today.month], today.year % 100, hour, minute, second);
            check(parse_http_date(text) == expected, text);
        }
        // With the name of another weekday, it is not a date.
        text = format("%s, %02d %s %04d %02d:%02d +0000", days[(today.weekday + 1 + read % 6) % 7], today.day,
                      months[today.month], today.year, hour, minute);
        check(!parse_rfc2822(text), text);
        text = format("%d %s %04d %02d:%02d +0000", today.day, months[today.month], today.year, hour, minute);
        check(parse_rfc2822(text) == date_time{expected - second, 0}, text);
    }
    CAPTURE(first);
    CHECK(wrong == 0);
    CHECK(read > 100'000);
    CHECK(today.unix_days == 2932897); // 1 January 10000: checks the counting calendar itself
    CHECK(today.weekday == 5);
}

TEST_CASE("an offset shifts the instant and is stored")
{
    int wrong = 0;
    for (int hours = 0; hours != 100; ++hours) {
        for (int minutes = 0; minutes != 100; ++minutes) {
            for (char sign : {'+', '-'}) {
                auto const read = parse_rfc2822(format("Wed, 18 Dec 2019 20:02:01 %c%02d%02d", sign, hours, minutes));
                int const offset = (sign == '+' ? 1 : -1) * (60 * hours + minutes);
                if (minutes > 59 ? read.has_value() : read != date_time{1576699321 - offset * 60, offset}) ++wrong;
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("rejects a day that the month does not have and a time that the day does not have")
{
    int wrong = 0;
    for (int year : {1900, 1904, 1999, 2000, 2019, 2020, 2100, 2400}) {
        for (int month = 0; month != 12; ++month) {
            for (int day = 0; day != 100; ++day) {
                std::chrono::year_month_day const date{std::chrono::year(year),
                                                       std::chrono::month(static_cast<unsigned>(month) + 1),
                                                       std::chrono::day(static_cast<unsigned>(day))};
                auto const read = parse_rfc2822(format("%02d %s %d 00:00 +0000", day, months[month], year));
                if (read.has_value() != date.ok()) ++wrong;
            }
        }
    }
    for (int n = 0; n != 100; ++n) {
        wrong += parse_rfc2822(format("18 Dec 2019 %02d:00:00 +0000", n)).has_value() != (n < 24);
        wrong += parse_rfc2822(format("18 Dec 2019 12:%02d:00 +0000", n)).has_value() != (n < 60);
        wrong += parse_rfc2822(format("18 Dec 2019 12:00:%02d +0000", n)).has_value() != (n < 60);
        wrong += parse_http_date(format("Wed, 18 Dec 2019 %02d:00:00 GMT", n)).has_value() != (n < 24);
        wrong += parse_http_date(format("Wed, 18 Dec 2019 12:%02d:00 GMT", n)).has_value() != (n < 60);
        wrong += parse_http_date(format("Wed, 18 Dec 2019 12:00:%02d GMT", n)).has_value() != (n < 60);
    }
    CHECK(wrong == 0);
}

TEST_CASE("a leap second becomes the next second, and is accepted only at the end of a UTC day")
{
    CHECK(parse_rfc2822("Sat, 31 Dec 2016 23:59:60 +0000")->unix_seconds == 1483228800);
    CHECK(parse_rfc2822("Sun, 01 Jan 2017 00:59:60 +0100")->unix_seconds == 1483228800);
    CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800);
    CHECK(!parse_rfc2822("Sat, 31 Dec 2016 23:59:60 +0100"));
    CHECK(!parse_rfc2822("Sat, 31 Dec 2016 22:59:60 +0000"));
    CHECK(!parse_rfc2822("Sat, 31 Dec 2016 23:58:60 +0000"));
    CHECK(parse_rfc2822("Sat, 31 Dec 1960 23:59:60 +0000").has_value()); // also before 1970
    CHECK(!parse_rfc2822("Sat, 31 Dec 1960 23:58:60 +0000"));
}

TEST_CASE("a date with one character changed, removed or added is rejected, or means what it says")
{
    std::string const alphabet = "0123456789 +-:,.ADFJMNOSWTabcdeghilnoprtuvwy()\\\t\r\n";
    int wrong = 0;
    int refused = 0;
    int another = 0;
    std::string first;
    auto const check = [&](std::string const& text) {
        auto const read = parse_rfc2822(text);
        refused += !read;
        auto const meant = canonical_meaning(text);
        bool good = true;
        if (meant) { // in the canonical form: the standard library must agree
            good = read == meant;
            ++another;
        } else if (read) { // in another form: writing it in the canonical form must not change its meaning
            auto const local = std::chrono::sys_seconds(std::chrono::seconds(read->unix_seconds)) +
                               std::chrono::minutes(read->offset_minutes);
            auto const day = std::chrono::floor<std::chrono::days>(local);
            std::chrono::year_month_day const date(day);
            auto const time = (local - day).count();
            int const offset = read->offset_minutes < 0 ? -read->offset_minutes : read->offset_minutes;
            auto const canonical =
                format("%s, %02u %s %04d %02d:%02d:%02d %c%02d%02d", days[std::chrono::weekday(day).iso_encoding() - 1],
                       static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), static_cast<int>(time / 3600), static_cast<int>(time / 60 % 60),
                       static_cast<int>(time % 60), read->offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
            good = parse_rfc2822(canonical) == read && canonical_meaning(canonical) == read;
            // All digits of the text appear in the result, in order, so none was skipped. The year, which is the second
            // number, may have the obsolete form of two or three digits.
            std::string given, number, kept;
            int numbers = 0;
            for (char c : text + ' ') {
                if (c >= '0' && c <= '9') {
                    number += c;
                } else if (!number.empty()) {
                    if (++numbers == 2 && number.size() < 4)
                        number =
                            std::to_string(std::stoi(number) + (number.size() == 2 && number < "50" ? 2000 : 1900));
                    given += std::exchange(number, "");
                }
            }
            for (char c : canonical)
                if (c >= '0' && c <= '9') kept += c;
            std::size_t at = 0;
            for (char c : kept)
                if (at != given.size() && given[at] == c) ++at;
            good = good && at == given.size();
        }
        if (!good && ++wrong == 1) first = text;
    };
    for (std::string const& date : {std::string(twilio), std::string("Sat, 29 Feb 2020 23:59:58 -0730")}) {
        REQUIRE(canonical_meaning(date) == parse_rfc2822(date));
        for (std::size_t at = 0; at <= date.size(); ++at) {
            if (at != date.size()) {
                std::string text = date;
                text.erase(at, 1);
                check(text);
            }
            for (char c : alphabet) {
                std::string text = date;
                if (c != '0' && c != '(' && c != ')') check(text.insert(at, 1, c)); // extra zeros are valid in a year
                text = date;
                if (at == date.size()) continue;
                text[at] = c;
                check(text);
            }
        }
    }
    CAPTURE(first);
    CHECK(wrong == 0);
    CHECK(refused > 4000);
    CHECK(another > 100); // some of the results are other dates in canonical form
}

TEST_CASE("case, spaces and comments follow RFC 2822")
{
    date_time const when{1576699321, 0};
    for (std::string_view text :
         {"wed, 18 dec 2019 20:02:01 +0000", "WED, 18 DEC 2019 20:02:01 -0000", "18 Dec 2019 20:02:01 +0000",
          " Wed,18 Dec 2019 20:02:01 +0000 ", "Wed,\t18\tDec\t2019\t20:02:01\t+0000",
          "Wed, 18\r\n Dec 2019 20:02:01 +0000", "Wed, 18 Dec 2019 20:02:01 +0000 (UTC)",
          "Wed, 18 Dec 2019 20:02:01 +0000 (\x7F)",
          "Wed, 18 Dec 2019 20:02:01 +0000(a (nested \\) \\( one) b) (and another)", "Wed, 18 Dec 2019 20:02:01 GMT",
          "Wed, 18 Dec 2019 20:02:01 ut", "Wed, 18 Dec 02019 20:02:01 +0000", "Wed, 18 Dec 00002019 20:02:01 GMT"}) {
        CAPTURE(text);
        CHECK(parse_rfc2822(text) == when);
    }
    for (std::string_view text : {"",
                                  " ",
                                  "Wed",
                                  "Wed 18 Dec 2019 20:02:01 +0000",
                                  "Wednesday, 18 Dec 2019 20:02:01 +0000",
                                  "Wed, 18 December 2019 20:02:01 +0000",
                                  "Thu, 18 Dec 19 20:02:01 +0000",
                                  "Wed, 18 Dec 019 20:02:01 +0000", // 1919, and that day is a Thursday
                                  "Wed, 18 Dec 9 20:02:01 +0000",
                                  "Wed, 18 Dec 12019 20:02:01 +0000",
                                  "Wed, 18 Dec 2019 20:02:01",
                                  "Wed, 18 Dec 2019 20:02:01 ",
                                  "Wed, 18 Dec 2019 20:02:01 0000",
                                  "Wed, 18 Dec 2019 20:02:01 +000",
                                  "Wed, 18 Dec 2019 20:02:01 +00:00",
                                  "Wed, 18 Dec 2019 20:02:01 +00000",
                                  "Wed, 18 Dec 2019 20:02:01 PM",
                                  "Wed, 18 Dec 2019 20:02:01 ABCDEF",
                                  "Wed, 18 Dec 2019 20:02:01 EST5",
                                  "Wed, 18 Dec 2019 8:02:01 +0000",
                                  "Wed, 18 Dec 2019 20:02:01.5 +0000",
                                  "Wed, 18Dec 2019 20:02:01 +0000",
                                  "Wed, 18 Dec2019 20:02:01 +0000",
                                  "Wed, 18 Dec 2019 20:02:01+0000",
                                  "Wed, 18 Dec 2019 20:02:01 +0000 (",
                                  "Wed, 18 Dec 2019 20:02:01 +0000 (\\)",
                                  "2019-12-18T20:02:01Z",
                                  "Wed, 18 Dec 2019 20:02:01 +0000 )",
                                  "Wed, 18 Dec 2019 20:02:01 +0000 x",
                                  "1576699321",
                                  "Wed, 18 Dec 2019 20:02:01 +0000\r\n",
                                  "Sat, 31 Dec 1899 00:00:00 +0000"}) {
        CAPTURE(text);
        CHECK(!parse_rfc2822(text));
    }
    CHECK(!parse_rfc2822(std::string_view("Wed, 18 Dec 2019 20:02:01 +0000\0", 32)));
    CHECK(!parse_rfc2822("Wed, 18 Dec 2019 20:02:01 +0000 (\xC3\xBC)"));
}

TEST_CASE("reads each of the three forms of an HTTP-date exactly")
{
    for (std::string_view text :
         {"Wed, 18 Dec 2019 20:02:01 GMT", "Wednesday, 18-Dec-19 20:02:01 GMT", "Wed Dec 18 20:02:01 2019"})
        CHECK(parse_http_date(text) == 1576699321);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == 784111777); // the example of RFC 9110
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
    CHECK(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT") == 0);
    CHECK(parse_http_date("Tuesday, 31-Dec-69 00:00:00 GMT") == 3155673600);
    for (std::string_view text : {"",
                                  "Wed",
                                  "wed, 18 Dec 2019 20:02:01 GMT",
                                  "Wed, 18 dec 2019 20:02:01 GMT",
                                  "Wed, 18 Dec 2019 20:02:01 gmt",
                                  "Wed, 18 Dec 2019 20:02:01 UTC",
                                  "Wed, 18 Dec 2019 20:02:01 +0000",
                                  "Wed,18 Dec 2019 20:02:01 GMT",
                                  "Wed, 18  Dec 2019 20:02:01 GMT",
                                  "Wed, 8 Dec 2019 20:02:01 GMT",
                                  "Sun, 8 Dec 2019 20:02:01 GMT",
                                  "Wed, 18 Dec 2019 20:02 GMT",
                                  "Wed, 18 Dec 2019 20:02:01 GMT ",
                                  " Wed, 18 Dec 2019 20:02:01 GMT",
                                  "Wed, 18-Dec-19 20:02:01 GMT",
                                  "Wednesday, 18 Dec 2019 20:02:01 GMT",
                                  "Wednesday, 18-Dec-2019 20:02:01 GMT",
                                  "Wed Dec 18 20:02:01 2019 GMT",
                                  "Sun Nov 6 08:49:37 1994",
                                  "Sun Nov   6 08:49:37 1994",
                                  "Thu Dec 18 20:02:01 2019",
                                  "Thursday, 18-Dec-19 20:02:01 GMT",
                                  "Sun Nov 06 08:49:37 19945"}) {
        CAPTURE(text);
        CHECK(!parse_http_date(text));
    }
}

TEST_CASE("an asctime date has a space or a digit before the last digit of the day, not both")
{
    CHECK(!parse_http_date("Wed Dec  18 20:02:01 2019"));
}

TEST_CASE("an instant converts to a <chrono> time point in seconds, and from there to any other")
{
    using namespace std::chrono;
    constexpr date_time created{1576699321, 0};
    static_assert(created.to<sys_seconds>() == sys_days(2019y / 12 / 18) + 20h + 2min + 1s);
    CHECK(system_clock::time_point(created.to<sys_seconds>()) == sys_days(2019y / 12 / 18) + 20h + 2min + 1s);
    CHECK(date_time{}.to<sys_seconds>() == sys_seconds());
    CHECK(date_time{-1, 0}.to<sys_seconds>() == sys_seconds() - 1s);
    CHECK(date_time{253402300799, 0}.to<sys_seconds>() == sys_days(9999y / 12 / 31) + 23h + 59min + 59s);
}

TEST_CASE("milliseconds converts from and to <chrono> durations where nothing is lost")
{
    using sidecall::milliseconds;
    static_assert(milliseconds(std::chrono::hours(1)) == milliseconds(3'600'000));
    static_assert(milliseconds(std::chrono::milliseconds(-5)).count == -5);
    static_assert(std::chrono::milliseconds(milliseconds(7)) == std::chrono::milliseconds(7));
    static_assert(milliseconds((std::chrono::hours::max)()).count == INT64_MAX);
    static_assert(milliseconds((std::chrono::hours::min)()).count == INT64_MIN);
    static_assert(std::is_convertible_v<std::chrono::seconds, milliseconds>);
    static_assert(std::is_convertible_v<milliseconds, std::chrono::milliseconds>);
    // From any integer type, signed or unsigned.
    using wide = std::chrono::duration<std::uint64_t, std::milli>;
    using wide_hours = std::chrono::duration<std::uint64_t, std::ratio<3600>>;
    using narrow = std::chrono::duration<std::int32_t, std::milli>;
    using tiny = std::chrono::duration<std::uint8_t>;
    static_assert(milliseconds((wide::max)()).count == INT64_MAX && milliseconds(wide(7)).count == 7);
    static_assert(milliseconds(wide(INT64_MAX)).count == INT64_MAX);
    static_assert(milliseconds((wide_hours::max)()).count == INT64_MAX &&
                  milliseconds(wide_hours(1)).count == 3'600'000);
    static_assert(milliseconds((narrow::min)()).count == INT32_MIN && milliseconds(tiny(255)).count == 255'000);
#ifdef __SIZEOF_INT128__
    __extension__ using huge = std::chrono::duration<__int128, std::milli>;
    __extension__ using huge_without_sign = std::chrono::duration<unsigned __int128, std::milli>;
    static_assert(milliseconds(huge(huge::rep(1) << 100)).count == INT64_MAX);
    static_assert(milliseconds(huge(-(huge::rep(1) << 100))).count == INT64_MIN);
    static_assert(milliseconds(huge(-3)).count == -3 && milliseconds(huge_without_sign(3)).count == 3);
    static_assert(milliseconds(huge_without_sign(~huge_without_sign::rep(0))).count == INT64_MAX);
#endif
    static_assert(narrow(milliseconds(INT64_MAX)) == (narrow::max)() &&
                  narrow(milliseconds(INT64_MIN)) == (narrow::min)());
    static_assert(narrow(milliseconds(-7)) == narrow(-7) && wide(milliseconds(-7)) == wide(0));
    static_assert(std::chrono::duration<double, std::milli>(milliseconds(7)).count() == 7.0);
    // A conversion that would lose precision or the unit is not implicit.
    static_assert(!std::is_convertible_v<std::chrono::microseconds, milliseconds>);
    static_assert(!std::is_convertible_v<std::chrono::duration<double>, milliseconds>);
    static_assert(!std::is_convertible_v<milliseconds, std::chrono::seconds>);
    static_assert(!std::is_convertible_v<milliseconds, std::int64_t>);
    static_assert(!std::is_convertible_v<std::int64_t, milliseconds>);
}

namespace {

/// A duration with this number type: a `<chrono>` duration, or one of the same shape where the standard library does
/// not accept 128 bits.
template <class Rep, class Period = std::milli>
struct span_of {
    using rep = Rep;
    using period = Period;
    Rep number{};

    constexpr span_of() = default;
    constexpr explicit span_of(Rep count) : number(count) {}
    constexpr Rep count() const { return number; }
};

template <class Rep, class Period = std::milli>
constexpr std::int64_t count_of(Rep number)
{
    return sidecall::milliseconds(span_of<Rep, Period>(number)).count;
}
template <class Rep>
constexpr Rep to_rep(std::int64_t number)
{
    return static_cast<span_of<Rep>>(sidecall::milliseconds(number)).number;
}

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;
constexpr uint128 two_to_the(unsigned exponent)
{
    return uint128{1} << exponent;
}

} // namespace

TEST_CASE("milliseconds converts from a duration of any integer type and saturates at 64 bits")
{
    using seconds = std::ratio<1>;
    using hours = std::ratio<3600>;
    // From unsigned 64-bit integers.
    static_assert(count_of<std::uint64_t>(0) == 0);
    static_assert(count_of<std::uint64_t>(7) == 7);
    static_assert(count_of<std::uint64_t>(INT64_MAX) == INT64_MAX);
    static_assert(count_of<std::uint64_t>(std::uint64_t{1} << 63) == INT64_MAX);
    static_assert(count_of<std::uint64_t>(UINT64_MAX) == INT64_MAX);
    static_assert(count_of<std::uint64_t, seconds>(INT64_MAX / 1000) == INT64_MAX / 1000 * 1000);
    static_assert(count_of<std::uint64_t, seconds>(INT64_MAX / 1000 + 1) == INT64_MAX);
    static_assert(count_of<std::uint64_t, hours>(UINT64_MAX) == INT64_MAX);
    static_assert(count_of<unsigned long long>(UINT64_MAX) == INT64_MAX);
    // From 128-bit integers.
    static_assert(count_of<int128>(-5) == -5);
    static_assert(count_of<int128>(INT64_MAX) == INT64_MAX);
    static_assert(count_of<int128>(INT64_MIN) == INT64_MIN);
    static_assert(count_of<int128>(int128{INT64_MAX} + 1) == INT64_MAX);
    static_assert(count_of<int128>(int128{INT64_MIN} - 1) == INT64_MIN);
    static_assert(count_of<int128>(static_cast<int128>(two_to_the(64))) == INT64_MAX);
    static_assert(count_of<int128>(-static_cast<int128>(two_to_the(64))) == INT64_MIN);
    static_assert(count_of<int128, seconds>(-static_cast<int128>(two_to_the(126))) == INT64_MIN);
    static_assert(count_of<uint128>(9) == 9);
    static_assert(count_of<uint128>(two_to_the(63)) == INT64_MAX);
    static_assert(count_of<uint128>(two_to_the(64)) == INT64_MAX);
    static_assert(count_of<uint128, hours>(~uint128{0}) == INT64_MAX);
    // From small integers.
    static_assert(count_of<std::int8_t, hours>(-128) == -460'800'000);
    static_assert(count_of<std::uint8_t, hours>(255) == 918'000'000);
    static_assert(count_of<std::int16_t>(-32768) == -32768);
    static_assert(count_of<std::uint16_t>(65535) == 65535);
    static_assert(count_of<std::int32_t, seconds>(INT32_MIN) == INT32_MIN * std::int64_t{1000});
    static_assert(count_of<std::uint32_t, seconds>(UINT32_MAX) == UINT32_MAX * std::int64_t{1000});
    static_assert(count_of<char>('\1') == 1);
    // From a unit so large that not even one fits, or only a few.
    static_assert(count_of<std::int64_t, std::exa>(0) == 0);
    static_assert(count_of<std::int64_t, std::exa>(1) == INT64_MAX);
    static_assert(count_of<std::int64_t, std::exa>(-1) == INT64_MIN);
    static_assert(count_of<std::uint64_t, std::exa>(2) == INT64_MAX);
    static_assert(count_of<std::int64_t, std::peta>(9) == 9'000'000'000'000'000'000);
    static_assert(count_of<std::int64_t, std::peta>(10) == INT64_MAX);
    static_assert(count_of<std::int64_t, std::peta>(-10) == INT64_MIN);
    static_assert(count_of<std::int64_t, std::ratio<1, 500>>(INT64_MIN) == INT64_MIN);
    // From real <chrono> durations.
    static_assert(sidecall::milliseconds(std::chrono::duration<std::uint64_t, std::milli>(UINT64_MAX)).count ==
                  INT64_MAX);
    static_assert(sidecall::milliseconds(std::chrono::duration<unsigned>(UINT32_MAX)).count ==
                  UINT32_MAX * std::int64_t{1000});
    // From a plain number.
    static_assert(sidecall::milliseconds(UINT64_MAX).count == INT64_MAX);
    static_assert(sidecall::milliseconds(5u).count == 5);
    static_assert(sidecall::milliseconds(static_cast<int128>(two_to_the(70))).count == INT64_MAX);
    static_assert(sidecall::milliseconds(-static_cast<int128>(two_to_the(70))).count == INT64_MIN);
    static_assert(sidecall::milliseconds(INT64_MIN).count == INT64_MIN);
    static_assert(!std::is_constructible_v<sidecall::milliseconds, double>);
    static_assert(!std::is_constructible_v<sidecall::milliseconds, bool>);
}

TEST_CASE("milliseconds converts to a duration of any integer type and saturates at its limits")
{
    static_assert(to_rep<std::int64_t>(INT64_MIN) == INT64_MIN);
    static_assert(to_rep<int128>(INT64_MIN) == INT64_MIN);
    static_assert(to_rep<uint128>(INT64_MAX) == static_cast<uint128>(INT64_MAX));
    static_assert(to_rep<uint128>(-1) == 0);
    static_assert(to_rep<std::uint64_t>(INT64_MAX) == static_cast<std::uint64_t>(INT64_MAX));
    static_assert(to_rep<std::uint64_t>(-1) == 0);
    static_assert(to_rep<std::uint64_t>(INT64_MIN) == 0);
    static_assert(to_rep<std::int32_t>(INT32_MAX) == INT32_MAX);
    static_assert(to_rep<std::int32_t>(std::int64_t{INT32_MAX} + 1) == INT32_MAX);
    static_assert(to_rep<std::int32_t>(std::int64_t{1} << 32) == INT32_MAX);
    static_assert(to_rep<std::int32_t>(std::int64_t{INT32_MIN} - 1) == INT32_MIN);
    static_assert(to_rep<std::uint32_t>(std::int64_t{1} << 32) == UINT32_MAX);
    static_assert(to_rep<std::uint32_t>(-7) == 0);
    static_assert(to_rep<std::int16_t>(40'000) == 32767);
    static_assert(to_rep<std::int16_t>(-40'000) == -32768);
    static_assert(to_rep<std::uint16_t>(-1) == 0);
    static_assert(to_rep<std::int8_t>(128) == 127);
    static_assert(to_rep<std::int8_t>(-129) == -128);
    static_assert(to_rep<std::int8_t>(-128) == -128);
    static_assert(to_rep<std::uint8_t>(256) == 255);
    static_assert(to_rep<double>(-5) == -5.0);
    constexpr std::chrono::duration<int, std::milli> narrow = sidecall::milliseconds(INT64_MAX);
    static_assert(narrow.count() == INT32_MAX);
}

TEST_CASE("durations of signed and unsigned numbers compare by their length")
{
    using sidecall::milliseconds;
    static_assert(milliseconds(span_of<std::uint64_t>(UINT64_MAX)) != milliseconds(-1));
    static_assert(milliseconds(span_of<std::uint64_t>(5)) == milliseconds(span_of<std::int8_t>(5)));
    static_assert(milliseconds(span_of<uint128>(~uint128{0})) != milliseconds(span_of<int128>(-1)));
    static_assert(milliseconds(3) == std::chrono::duration<unsigned, std::milli>(3));
}

TEST_CASE("date_times are equal if instant and offset are equal, and durations saturate at 64 bits")
{
    sidecall::date_time const noon{43200, 60};
    CHECK(noon == sidecall::date_time{43200, 60});
    CHECK(noon != sidecall::date_time{43200, 0});
    CHECK(noon != sidecall::date_time{43201, 60});
    CHECK(sidecall::milliseconds().count == 0);
    CHECK(sidecall::date_time() == sidecall::date_time{0, 0});
    for (std::int64_t const hours : {INT64_MAX / 3'600'000, INT64_MIN / 3'600'000})
        CHECK(sidecall::milliseconds(std::chrono::hours(hours)).count == hours * 3'600'000);
    for (std::int64_t const hours : {INT64_MAX, INT64_MAX / 3'600'000 + 1, std::int64_t{7}, INT64_MIN})
        CHECK(sidecall::milliseconds(std::chrono::hours(hours)).count == (hours == 7  ? 25'200'000
                                                                          : hours > 0 ? INT64_MAX
                                                                                      : INT64_MIN));
}

} // namespace date_time_test
