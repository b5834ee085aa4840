// Dates and the documented response are parsed by a fast path for their usual form. It gives the same results as a
// simple reader.

#include "tally.hpp"

#include <sidecall/detail/text/json.hpp>
#include <sidecall/detail/text/rfc2822.hpp>
#include <sidecall/subscription.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#if __has_include(<nlohmann/json.hpp>)
#include <nlohmann/json.hpp>
#define HAS_NLOHMANN 1
#else
#define HAS_NLOHMANN 0
#endif

namespace usual_form_test {

namespace {

using sidecall::date_time;
namespace detail = sidecall::detail;

/// What a date with a weekday and without comments means: RFC 2822, sections 3.3 and 4.3. This reader splits it into
/// columns at spaces and uses the standard library's calendar.
std::optional<date_time> meaning(std::string text)
{
    using namespace std::chrono;
    constexpr char days[] = "sunmontuewedthufrisat";
    constexpr char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    auto const name_in = [](std::string name, std::string_view names) {
        for (auto& c : name)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
        auto const at = name.size() == 3 ? names.find(name) : names.npos;
        return at == names.npos || at % 3 != 0 ? -1 : static_cast<int>(at / 3);
    };
    auto const number = [](std::string_view digits, std::size_t least, std::size_t most) {
        if (digits.size() < least || digits.size() > most) return -1;
        int value = 0;
        for (char c : digits) {
            if (c < '0' || c > '9') return -1;
            value = 10 * value + (c - '0');
        }
        return value;
    };

    std::size_t const comma = text.find(',');
    if (comma == text.npos) return {};
    std::size_t const begin = text.find_first_not_of(" \t");
    std::string weekday_name = text.substr(begin, comma - begin);
    weekday_name.erase(weekday_name.find_last_not_of(" \t") + 1);
    int const weekday_given = name_in(weekday_name, days);

    std::string rest = text.substr(comma + 1);
    for (std::size_t at = 0; (at = rest.find(':', at)) != rest.npos; ++at) { // obsolete form: spaces around a colon
        while (rest.size() > at + 1 && (rest[at + 1] == ' ' || rest[at + 1] == '\t')) rest.erase(at + 1, 1);
        while (at != 0 && (rest[at - 1] == ' ' || rest[at - 1] == '\t')) rest.erase(--at, 1);
    }
    std::vector<std::string> columns(1);
    for (char c : rest) {
        if (c != ' ' && c != '\t')
            columns.back() += c;
        else if (!columns.back().empty())
            columns.emplace_back();
    }
    while (!columns.empty() && columns.back().empty()) columns.pop_back();
    if (weekday_given < 0 || columns.size() != 5) return {};

    int const day = number(columns[0], 1, 2);
    int const month = name_in(columns[1], months);
    int year = number(columns[2], 2, 3); // obsolete form
    if (year >= 0) {
        year += columns[2].size() == 2 && year < 50 ? 2000 : 1900;
    } else if (columns[2].size() > 3) {
        columns[2].erase(0, std::min(columns[2].find_first_not_of('0'), columns[2].size())); // "4*DIGIT"
        year = number(columns[2], 4, 4);
    }
    if (day < 1 || month < 0 || year < 1900) return {};
    year_month_day const date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month) + 1),
                              std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || weekday(sys_days(date)).c_encoding() != static_cast<unsigned>(weekday_given)) return {};

    std::string const& time = columns[3];
    if ((time.size() != 8 && time.size() != 5) || time[2] != ':' || (time.size() == 8 && time[5] != ':')) return {};
    int const hour = number(time.substr(0, 2), 2, 2);
    int const minute = number(time.substr(3, 2), 2, 2);
    int const second = time.size() == 8 ? number(time.substr(6), 2, 2) : 0;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return {};

    std::string const& zone = columns[4];
    int east = 0;
    if (std::all_of(zone.begin(), zone.end(), [](char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; })) {
        // One to four changed bytes cannot turn `+0000` into a zone name of three letters.
        if (zone.size() != 1 && zone.size() != 5) return {};
    } else {
        if (zone.size() != 5 || (zone[0] != '+' && zone[0] != '-')) return {};
        int const zone_hours = number(zone.substr(1, 2), 2, 2);
        int const zone_minutes = number(zone.substr(3), 2, 2);
        if (zone_hours < 0 || zone_minutes < 0 || zone_minutes > 59) return {};
        east = (zone[0] == '-' ? -1 : 1) * (60 * zone_hours + zone_minutes);
    }

    std::int64_t const since = duration_cast<seconds>(sys_days(date).time_since_epoch()).count() + 3600 * hour +
                               60 * minute + second - 60 * east;
    if (second == 60 && since % 86400 != 0) return {};
    return date_time{since, east};
}

constexpr char const* twilio_dates[] = {
    "Wed, 18 Dec 2019 20:02:01 +0000",
    "Sun, 08 Dec 2019 20:02:01 -0000", // the zero may be a space
    "Sun, 15 Dec 2019 00:00:00 +1400", // and so may the 5, since the 1st was a Sunday, too
    "Thu, 29 Feb 2024 23:59:59 -1159",
    "Sat, 31 Dec 2016 23:59:60 +0000", // a leap second
    "Sat, 31 Dec 2016 18:59:60 -0500", "Mon, 01 Jan 1900 00:00:00 +9959", "Fri, 31 Dec 9999 09:09:09 -9900",
};

std::optional<sidecall::date_time> parse_twilio_date(std::string_view text)
{
    detail::calendar_time t;
    if (!detail::read_twilio_date(text, t)) return {};
    return detail::to_date_time(t);
}

std::string compare_date(std::string const& text)
{
    exact_block const block(text);
    auto const expected = meaning(text);
    auto const fast = parse_twilio_date(block.view());
    if (detail::parse_rfc2822(block.view()) != expected) return "parse_rfc2822";
    return fast && fast != expected ? "read_twilio_date" : "";
}

} // namespace

TEST_CASE("a date with one changed byte has the meaning that RFC 2822 gives it, or is rejected")
{
    tally all;
    int valid = 0;
    for (std::string text : twilio_dates) {
        REQUIRE(parse_twilio_date(text).has_value());
        REQUIRE(parse_twilio_date(text) == meaning(text));
        for (std::size_t at = 0; at != text.size(); ++at) {
            char const kept = text[at];
            for (int c = 0; c != 256; ++c) {
                text[at] = static_cast<char>(c);
                all.add(compare_date(text), text, at);
                valid += meaning(text) ? 1 : 0;
            }
            text[at] = kept;
        }
        for (std::size_t at = 0; at <= text.size(); ++at) { // truncated, one byte removed, one byte added
            all.add(compare_date(text.substr(0, at)), text, at);
            if (at != text.size()) all.add(compare_date(std::string(text).erase(at, 1)), text, at);
            for (char c : {' ', '\t', '0', '1', ':', ',', '+', 'x', '\0'})
                all.add(compare_date(std::string(text).insert(at, 1, c)), text, at);
        }
    }
    all.check_all(8 * 31 * 256);
    CHECK(valid > 800); // the reader does not reject everything
}

TEST_CASE("a date with several changed bytes has the meaning that RFC 2822 gives it, or is rejected")
{
    constexpr std::string_view stuff = "0123456789 \t:,+-JanFebMarDecjuLSunMonTueWedThuFriSat";
    std::mt19937 random(2);
    tally all;
    int valid = 0;
    for (int i = 0; i != 60'000; ++i) {
        std::string text = twilio_dates[random() % std::size(twilio_dates)];
        for (auto changes = 1 + random() % 4; changes != 0; --changes)
            text[random() % text.size()] = stuff[random() % stuff.size()];
        all.add(compare_date(text), text);
        valid += meaning(text) ? 1 : 0;
    }
    for (int month = 0; month != 12; ++month) // every month and weekday name, in three spellings
        for (int day = 0; day != 7; ++day)
            for (int how = 0; how != 3; ++how) {
                std::string text = "xxx, 1" + std::to_string(day) + " yyy 2021 01:02:03 +0130";
                text.replace(0, 3, std::string("MonTueWedThuFriSatSun").substr(3 * static_cast<std::size_t>(day), 3));
                text.replace(
                    8, 3,
                    std::string("JanFebMarAprMayJunJulAugSepOctNovDec").substr(3 * static_cast<std::size_t>(month), 3));
                for (std::size_t at : {0u, 1u, 2u, 8u, 9u, 10u})
                    if (how != 0) text[at] = static_cast<char>(how == 1 ? text[at] | 0x20 : text[at] & ~0x20);
                all.add(compare_date(text), text);
                valid += meaning(text) ? 1 : 0;
            }
    all.check_all(60'000);
    CHECK(valid > 500);
}

#if HAS_NLOHMANN
namespace {

constexpr sidecall::create_user_defined_message_subscription_view asking() noexcept
{
    using namespace sidecall::literals;
    return {"AC00000000000000000000000000000001"_account_sid, "CA00000000000000000000000000000002"_call_sid,
            "https://example.com"_callback_url};
}

sidecall::create_user_defined_message_subscription asking_and_owning()
{
    return {asking().account_sid, asking().call_sid, asking().callback};
}

/// A member's name and its raw value.
using member = std::pair<std::string, std::string>;

std::vector<member> twilio_members()
{
    return {{"account_sid", R"("AC0123456789abcdef0123456789ABCDEF")"},
            {"call_sid", R"("CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")"},
            {"sid", R"("ZYbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")"},
            {"date_created", R"("Wed, 18 Dec 2019 20:02:01 +0000")"},
            {"uri",
             R"("/2010-04-01/Accounts/AC0123456789abcdef0123456789ABCDEF/Calls/CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)"
             R"(/UserDefinedMessageSubscriptions/ZYbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.json")"}};
}

enum class spacing { none, blanks, lines, tabs };

std::string object_of(std::vector<member> const& members, spacing how = spacing::none)
{
    constexpr std::string_view spaces[] = {"", " ", "\n  ", "\r\n\t"};
    std::string_view const space = spaces[static_cast<int>(how)];
    std::string text(space);
    text.append("{").append(space);
    for (auto const& [name, value] : members) {
        if (text.back() != '{' && &name != &members.front().first) text.append(",").append(space);
        text.append("\"").append(name).append("\"").append(space).append(":").append(space).append(value).append(space);
    }
    return text.append("}").append(space);
}

/// The same resource, read by nlohmann-json. Empty if the text is not an object, a known member occurs twice, or the
/// sid is invalid.
std::optional<sidecall::user_defined_message_subscription> read_by_nlohmann(std::string const& text)
{
    std::map<std::string, int> times;
    auto const object = nlohmann::json::parse(
        text,
        [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
            if (depth == 1 && event == nlohmann::json::parse_event_t::key) ++times[parsed.get<std::string>()];
            return true;
        },
        false);
    if (!object.is_object()) return {};
    bool good = true;
    sidecall::unreadable_members unreadable;
    auto const string = [&](char const* name) -> std::optional<std::string> {
        good = good && times[name] < 2;
        if (!object.contains(name) || object[name].is_null()) return {};
        if (object[name].is_string()) return object[name].get<std::string>();
        unreadable.insert(name);
        return {};
    };
    auto const sid = string("sid");
    if (!sid || !sidecall::subscription_sid::parse(*sid)) return {};
    sidecall::user_defined_message_subscription made{*sidecall::subscription_sid::parse(*sid)};
    if (auto const text_of = string("account_sid")) {
        auto const parsed = sidecall::account_sid::parse(*text_of);
        parsed ? void(made.account_sid = *parsed) : unreadable.insert("account_sid");
    }
    if (auto const text_of = string("call_sid")) {
        auto const parsed = sidecall::call_sid::parse(*text_of);
        parsed ? void(made.call_sid = *parsed) : unreadable.insert("call_sid");
    }
    if (auto const text_of = string("date_created")) {
        made.date_created = meaning(*text_of);
        if (!made.date_created) unreadable.insert("date_created");
        good = good && !detail::is_after_year_9999(*text_of);
    }
    made.uri = string("uri");
    made.unreadable = unreadable;
    if (!good) return {};
    return made;
}

/// How the library's result differs from it, for the owning type and for the view, whose uri is raw.
std::string compare_answer(std::string const& text)
{
    exact_block const block(text);
    auto const expected = read_by_nlohmann(text);
    auto const owned = asking_and_owning().parse({.status = 201, .body = block.view()});
    auto const view = asking().parse({.status = 201, .body = block.view()});
    if (owned.has_value() != expected.has_value()) return expected ? "refused" : "accepted";
    if (view.has_value() != owned.has_value()) return "view";
    if (!owned) {
        auto const &a = owned.error(), &b = view.error();
        return a.code() == b.code() && a.field() == b.field() && a.offset() == b.offset() &&
                       a.http_status() == b.http_status() && a.message() == b.message()
                   ? ""
                   : "failure of the view";
    }
    if (*owned != *expected) return "another resource";
    if (view->sid != owned->sid || view->account_sid != owned->account_sid || view->call_sid != owned->call_sid ||
        view->date_created != owned->date_created || view->uri.has_value() != owned->uri.has_value())
        return "a different resource as a view";
    if (!view->uri) return "";
    if (view->uri->data() < block.view().data() ||
        view->uri->data() + view->uri->size() > block.view().data() + block.size())
        return "uri outside the response";
    return nlohmann::json::parse("\"" + std::string(*view->uri) + "\"").get<std::string>() == *owned->uri ? "" : "uri";
}

/// The string with its byte at `at` escaped.
std::string escaped(std::string value, std::size_t at)
{
    char hex[] = "\\u00xx";
    hex[4] = "0123456789abcdef"[static_cast<unsigned char>(value[at]) >> 4];
    hex[5] = "0123456789ABCDEF"[static_cast<unsigned char>(value[at]) & 15];
    return value.replace(at, 1, hex);
}

} // namespace

TEST_CASE("the documented response is parsed the same with its members in any order and with anything between them")
{
    std::vector<std::size_t> order{0, 1, 2, 3, 4};
    auto const typical = twilio_members();
    tally all;
    int accepted = 0;
    auto const check = [&](std::vector<member> const& members, spacing how = spacing::none) {
        std::string const text = object_of(members, how);
        all.add(compare_answer(text), text);
        accepted += read_by_nlohmann(text) ? 1 : 0;
    };
    std::vector<member> const unknown{{"links", R"({"sid":"x,}","a":[1,{"sid":null}]})"},
                                      {"s", R"("ZYcccccccccccccccccccccccccccccccc")"},
                                      {"sid2", "1e5"},
                                      {"", R"("")"}};
    do {
        std::vector<member> members;
        for (auto i : order) members.push_back(typical[i]);
        for (auto how : {spacing::none, spacing::blanks, spacing::lines, spacing::tabs}) check(members, how);
        for (std::size_t i = 0; i != 5; ++i) {
            auto changed = members;
            changed[i].second = "null";
            check(changed);
            changed = members;
            changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
            check(changed);
            changed = members;
            changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), unknown[order[i] % unknown.size()]);
            check(changed);
            changed = members;
            changed[i].second = escaped(changed[i].second, 1 + order[0] * 5);
            check(changed);
            changed = members;
            changed[i].first = escaped(changed[i].first, order[1] % changed[i].first.size());
            check(changed);
            changed = members;
            changed.push_back(members[i]); // repeated
            check(changed);
            changed.back().second = "null";
            check(changed);
            changed.back().first = escaped(changed.back().first, 1);
            check(changed);
        }
    } while (std::next_permutation(order.begin(), order.end()));
    all.check_all(120 * 44);
    CHECK(accepted >= 120 * (4 + 4 + 4 + 5 + 5 + 5));
}

TEST_CASE("members of unusual length and kind are read as written, or rejected")
{
    tally all;
    auto const check = [&](std::vector<member> const& members) {
        for (auto how : {spacing::none, spacing::blanks, spacing::tabs}) {
            std::string const text = object_of(members, how);
            all.add(compare_answer(text), text);
        }
    };
    auto const typical = twilio_members();
    for (std::size_t i = 0; i != typical.size(); ++i) {
        for (char const* value : {"null",
                                  "true",
                                  "1",
                                  "-0.5e3",
                                  "[]",
                                  "{}",
                                  R"("")",
                                  R"("x")",
                                  R"(["ZYbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"])",
                                  R"("Wed, 18 Dec 2019 20:02 +0000")",
                                  R"("18 Dec 2019 20:02:01 +0000")",
                                  R"("Wed, 18 Dec 2019 20:02:01 GMT")",
                                  R"("AC0123456789abcdef0123456789ABCDEF ")",
                                  R"("AC0123456789abcdef0123456789ABCDEg")",
                                  R"("\u0041C0123456789abcdef0123456789ABCDEF")",
                                  "\"\\ud83d\\ude00\\\\\\/\\\"\xC3\xBC\"",
                                  "\"\t\"",
                                  "\"\xFF\"",
                                  R"("\x")",
                                  R"("\ud83d")",
                                  "nul",
                                  "\"",
                                  ""}) {
            auto members = typical;
            members[i].second = value;
            // These two are valid dates that `meaning` does not cover: without weekday, and without a numeric offset.
            if (i == 3 && (std::string_view(value).substr(0, 3) == "\"18" ||
                           std::string_view(value).find("GMT") != std::string_view::npos))
                continue;
            check(members);
        }
        for (std::size_t size = 0; size != 200; ++size) { // as long as any usual value, and longer
            auto members = typical;
            members[i].second = "\"" + std::string(size, 'x') + "\"";
            check(members);
            members[i].second = "\"" + std::string(size, 'x') + "\",\"a\":\"" + std::string(200 - size, 'y') + "\"";
            check(members);
        }
        auto unnamed = typical;
        unnamed[i].first = "";
        check(unnamed);
        std::string const value = typical[i].second;
        for (std::size_t at = 1; at + 1 != value.size(); ++at) { // each byte escaped, or an invalid byte
            auto members = typical;
            members[i].second = escaped(value, at);
            check(members);
            for (char c : {'"', '\\', '\n', '\x7F', '\xC3', '\0'}) {
                members[i].second = value;
                members[i].second[at] = c;
                check(members);
            }
        }
    }
    // A value one byte longer than usual, with its opening quotation mark at any offset.
    auto longer = typical;
    longer.back().second.insert(1, "x");
    std::string const text = object_of(longer);
    for (std::size_t blanks = 0; blanks != 200; ++blanks)
        all.add(compare_answer(std::string(text).insert(text.find("\"uri\""), blanks, ' ')), text, blanks);
    all.check_all(5000);
}

TEST_CASE("a date of up to 256 characters may contain escapes, and a longer one is unreadable")
{
    sidecall::create_user_defined_message_subscription_view const operation{
        *sidecall::account_sid::parse("AC0123456789abcdef0123456789ABCDEF"),
        *sidecall::call_sid::parse("CA0123456789abcdef0123456789ABCDEF"),
        *sidecall::callback_url_view::parse("https://example.com/")};
    for (std::size_t const size : {std::size_t{250}, std::size_t{256}, std::size_t{257}, std::size_t{300}}) {
        std::string date = "Wed, 18 Dec 2019 20:02:01 +0000 (\\u0041";
        date.append(size - date.size() - 1, 'x').append(")");
        std::string const body = R"({"sid":"ZY0123456789abcdef0123456789abcdef","date_created":")" + date + "\"}";
        auto const made = operation.parse({.status = 201, .body = body});
        CAPTURE(size);
        REQUIRE(made.has_value());
        CHECK(made->unreadable.contains("date_created") == (size > 256));
        CHECK(made->date_created == (size <= 256 ? std::optional(date_time{1576699321, 0}) : std::nullopt));
    }
}

TEST_CASE("a truncated response, or one with an extra byte, is parsed as JSON requires")
{
    auto const whole = object_of(twilio_members(), spacing::blanks);
    tally all;
    for (std::size_t at = 0; at <= whole.size(); ++at) {
        all.add(compare_answer(whole.substr(0, at)), whole, at);
        all.add(compare_answer(whole.substr(at)), whole, at);                          // also without its opening brace
        for (char c : {' ', '\t', ',', '"', '{', '}', ':', 'x', '\\', '\x01', '\xFF'}) // nlohmann-json stops at a NUL
            all.add(compare_answer(std::string(whole).insert(at, 1, c)), whole, at);
        if (at != whole.size()) all.add(compare_answer(std::string(whole).erase(at, 1)), whole, at);
    }
    all.check_all(4000);
}
#endif

} // namespace usual_form_test
