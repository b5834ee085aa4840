// What is done sixteen bytes at once, or in the way that what usually comes allows, agrees with what is done plainly:
// the classes of bytes, the usual date, the usual answer, the parameters of a webhook.

#include <sidecall/detail/chunk.hpp>
#include <sidecall/detail/form.hpp>
#include <sidecall/detail/json.hpp>
#include <sidecall/detail/parameters.hpp>
#include <sidecall/detail/rfc2822.hpp>
#include <sidecall/detail/uri.hpp>
#include <sidecall/detail/utf8.hpp>
#include <sidecall/message.hpp>
#include <sidecall/subscription.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
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

namespace {

using sidecall::date_time;
namespace detail = sidecall::detail;

/// A block of exactly so many bytes, so that a sanitizer sees a read on either side; not by `operator new`, which
/// another test replaces by one that puts something before the block.
class exact_block {
public:
    explicit exact_block(std::string_view text) : size_(text.size()), data_(static_cast<char*>(std::malloc(size_)))
    {
        if (size_ != 0) std::memcpy(data_, text.data(), size_);
    }
    exact_block(exact_block const&) = delete;
    exact_block& operator=(exact_block const&) = delete;
    ~exact_block() { std::free(data_); }

    char& operator[](std::size_t i) { return data_[i]; }
    char* data() { return data_; }
    std::size_t size() const { return size_; }
    std::string_view view() const { return {data_, size_}; }

private:
    std::size_t size_;
    char* data_;
};

constexpr char digits_and_letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string all_bytes_but(std::string_view others)
{
    std::string bytes;
    for (int c = 0; c != 256; ++c)
        if (others.find(static_cast<char>(c)) == others.npos) bytes += static_cast<char>(c);
    return bytes;
}

std::string bytes_from_to(int first, int last)
{
    std::string bytes;
    for (int c = first; c <= last; ++c) bytes += static_cast<char>(c);
    return bytes;
}

/// A class and, written down a second time, the bytes that are in it.
template <class Class>
struct classified {
    Class in_class;
    std::string members;

    bool has(char c) const { return members.find(c) != members.npos; }
    /// A member, and a byte that is none: `~` is in some, NUL in others.
    char inside() const { return members[members.size() / 2]; }
    char outside() const
    {
        for (int c = 255; c >= 0; --c)
            if (!has(static_cast<char>(c))) return static_cast<char>(c);
        return 0;
    }
};

/// Calls `check` with every class that is in use.
template <class Check>
void for_each_class(Check check)
{
    std::string const alnum = digits_and_letters;
    auto const named = [&](char const* name, auto in_class, std::string members) {
        SUBCASE(name)
        {
            check(classified<decltype(in_class)>{in_class, std::move(members)});
        }
    };
    named("in_target", detail::in_target(), alnum + "-._~!$&'()*+,;=:@/?");    // RFC 3986: pchar, "/" and "?"
    named("in_userinfo", detail::in_userinfo(), alnum + "-._~!$&'()*+,;=:");   // unreserved, sub-delims, ":"
    named("raw_in_form", detail::raw_in_form(), alnum + "-._~");               // unreserved
    named("one_in_form", detail::one_in_form(), alnum + "-._~ ");              // and what becomes "+"
    named("raw_in_path", detail::raw_in_path(), alnum + "-._~!$&'()*+,;=:@/"); // pchar and "/"
    named("in_ascii", detail::in_ascii(), bytes_from_to(0, 0x7F));
    named("in_plain", detail::in_plain(),
          bytes_from_to(' ', '!') + bytes_from_to('#', '[') + bytes_from_to(']', 0x7F)); // RFC 8259, section 7
    named("in_run", detail::in_run(), all_bytes_but("%+&="));
    named("in_one", detail::in_one<'&'>(), "&");
}

/// The four questions, asked byte by byte of a text from `at` on; what is wrong with the answers, or nothing.
template <class Class>
std::string disagreement(classified<Class> const& what, std::string_view text, std::size_t at)
{
    std::size_t expected = at;
    while (expected < text.size() && what.has(text[expected])) ++expected;
    if (detail::find_not(what.in_class, text, at) != expected) return "find_not";

    exact_block copy(std::string(text.size() - at + detail::copy_spills, '\xA5'));
    char* out = copy.data();
    if (detail::copy_while(what.in_class, text, at, out) != expected) return "copy_while: where it stops";
    if (out != copy.data() + (expected - at)) return "copy_while: where it goes on";
    if (std::string_view(copy.data(), expected - at) != text.substr(at, expected - at)) return "copy_while: the copy";
    if (copy.view().find_first_not_of('\xA5', std::min(expected - at + detail::copy_spills, copy.size())) !=
        std::string_view::npos)
        return "copy_while: it spills too much";

    if (at != 0) return {};
    std::size_t count = 0;
    std::size_t next = 0;
    auto const seek = [&] {
        while (next < text.size() && what.has(text[next])) ++next;
    };
    for (char c : text) count += what.has(c) ? 1u : 0u;
    if (detail::count_in(what.in_class, text) != count) return "count_in";
    bool same = true;
    seek();
    detail::for_each_not(what.in_class, text, [&](std::size_t where) {
        same = same && where == next;
        ++next;
        seek();
    });
    return same && next == text.size() ? "" : "for_each_not";
}

std::string shown(std::string_view text)
{
    std::string hex;
    for (char c : text) {
        hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        hex += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return hex;
}

/// Counts how often something went wrong, and remembers the first time.
struct tally {
    int checked = 0;
    int wrong = 0;
    std::string first;

    void add(std::string_view what, std::string_view text, std::size_t at = 0)
    {
        ++checked;
        if (what.empty() || ++wrong != 1) return;
        first = std::string(what) + " from " + std::to_string(at) + " in " + shown(text);
    }
    void check_all(int least) const
    {
        INFO(first);
        CHECK(wrong == 0);
        CHECK(checked >= least);
    }
};

} // namespace

TEST_CASE("A class has the bytes that its grammar names, one by one and sixteen at once")
{
    for_each_class([](auto const& what) {
        tally all;
        for (int c = 0; c != 256; ++c) {
            char const byte = static_cast<char>(c);
            bool const in = what.in_class(static_cast<detail::octet>(byte)) != 0;
            all.add(in == what.has(byte) ? "" : "one by one", {&byte, 1});
        }
        // At each place of a chunk, and behind it: among others, and among its like.
        for (std::size_t size : {1u, 15u, 16u, 17u, 31u, 32u, 33u, 48u})
            for (char filling : {what.inside(), what.outside()}) {
                exact_block block(std::string(size, filling));
                for (std::size_t at = 0; at != size; ++at) {
                    for (int c = 0; c != 256; ++c) {
                        block[at] = static_cast<char>(c);
                        all.add(disagreement(what, block.view(), 0), block.view());
                    }
                    block[at] = filling;
                }
            }
        all.check_all(256 + 2 * 193 * 256);
    });
}

TEST_CASE("A byte that is not of its class is found wherever it stands, in a text of whatever length")
{
    for_each_class([](auto const& what) {
        tally all;
        for (std::size_t size = 0; size <= 70; ++size) {
            exact_block block(std::string(size, what.inside()));
            for (std::size_t start = 0; start <= size; ++start)
                all.add(disagreement(what, block.view(), start), block.view(), start);
            for (std::size_t odd = 0; odd != size; ++odd) {
                block[odd] = what.outside();
                for (std::size_t start = 0; start <= size; ++start)
                    all.add(disagreement(what, block.view(), start), block.view(), start);
                block[odd] = what.inside();
            }
        }
        all.check_all(100'000);
    });
}

TEST_CASE("Among any others, too, and in texts so long that sixteen sums of one byte overflow")
{
    std::mt19937 random(1);
    for_each_class([&](auto const& what) {
        tally all;
        for (int i = 0; i != 3000; ++i) {
            std::string text(random() % 71, what.inside());
            auto const odd_in = 1 + random() % 40;
            for (auto& c : text)
                if (random() % odd_in == 0) c = static_cast<char>(random() % 256);
            exact_block const block(text);
            for (std::size_t start : {std::size_t{0}, text.size() / 3, text.size()})
                all.add(disagreement(what, block.view(), start), text, start);
        }
        for (std::size_t size : {4079u, 4080u, 4081u, 4095u, 4096u, 4097u, 4112u, 8160u, 8176u, 8191u, 10240u})
            for (bool odd : {false, true}) {
                exact_block block(std::string(size, what.inside()));
                if (odd) block[size - 2] = what.outside();
                std::size_t const expected = size - (odd ? 1 : 0);
                all.add(detail::count_in(what.in_class, block.view()) == expected ? "" : "count_in", {}, size);
                std::size_t const stop = odd ? size - 2 : size;
                all.add(detail::find_not(what.in_class, block.view(), 0) == stop ? "" : "find_not", {}, size);
            }
        all.check_all(9000);
    });
}

TEST_CASE("A constant is looked through with the same answers")
{
    static_assert(detail::find_not(detail::in_target(), "/a/path/of/more/than/sixteen/bytes?x=1#y", 0) == 38);
    static_assert(detail::find_not(detail::in_target(), "#/a/path/of/more/than/sixteen/bytes", 1) == 35);
    static_assert(detail::find_not(detail::in_plain(), "", 0) == 0);
    static_assert(detail::count_in(detail::one_in_form(), "0123456789abcdef 0123456789abcdef&%") == 33);
    static_assert(detail::form_size("0123456789abcdef 0123456789abcdef&%") == 39);
    static_assert(detail::find_invalid_utf8("0123456789abcdef0123456789abcdef\xC3") == 32);
    constexpr auto sum = [] {
        std::size_t found = 0;
        detail::for_each_not(detail::raw_in_path(), "%23456789abcdef0 234567890%%",
                             [&](std::size_t at) { found = 100 * found + at; });
        return found;
    }();
    CHECK(sum == 162627); // 0, 16, 26, 27
}

// ---------------------------------------------------------------------------------------------------------- dates

namespace {

/// What a date means that begins with its weekday and has its seconds and an offset in numbers: RFC 2822, section 3.3,
/// read here as columns between blanks, with the standard library's calendar.
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
    int const weekday_given = name_in(text.substr(begin, comma - begin), days);

    std::vector<std::string> columns(1);
    for (char c : text.substr(comma + 1)) {
        if (c != ' ' && c != '\t')
            columns.back() += c;
        else if (!columns.back().empty())
            columns.emplace_back();
    }
    while (!columns.empty() && columns.back().empty()) columns.pop_back();
    if (weekday_given < 0 || columns.size() != 5) return {};

    int const day = number(columns[0], 1, 2);
    int const month = name_in(columns[1], months);
    columns[2].erase(0, std::min(columns[2].find_first_not_of('0'), columns[2].size())); // "4*DIGIT"
    int const year = number(columns[2], 4, 4);
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
    if (zone.size() != 5 || (zone[0] != '+' && zone[0] != '-')) return {};
    int const zone_hours = number(zone.substr(1, 2), 2, 2);
    int const zone_minutes = number(zone.substr(3), 2, 2);
    if (zone_hours < 0 || zone_minutes < 0 || zone_minutes > 59) return {};
    int const east = (zone[0] == '-' ? -1 : 1) * (60 * zone_hours + zone_minutes);

    std::int64_t const since = duration_cast<seconds>(sys_days(date).time_since_epoch()).count() + 3600 * hour +
                               60 * minute + second - 60 * east;
    if (second == 60 && since % 86400 != 0) return {};
    return date_time{since, east};
}

constexpr char const* usual_dates[] = {
    "Wed, 18 Dec 2019 20:02:01 +0000",
    "Sun, 08 Dec 2019 20:02:01 -0000", // the nought may be a blank
    "Sun, 15 Dec 2019 00:00:00 +1400", // and so may the 5, since the 1st was a Sunday, too
    "Thu, 29 Feb 2024 23:59:59 -1159",
    "Sat, 31 Dec 2016 23:59:60 +0000", // a leap second
    "Sat, 31 Dec 2016 18:59:60 -0500", "Mon, 01 Jan 1900 00:00:00 +9959", "Fri, 31 Dec 9999 09:09:09 -9900",
};

std::optional<sidecall::date_time> usual_date(std::string_view text)
{
    detail::calendar_time t;
    if (!detail::read_usual_date(text, t)) return {};
    return detail::to_date_time(t);
}

std::string compare_date(std::string const& text)
{
    exact_block const block(text);
    auto const expected = meaning(text);
    auto const usual = usual_date(block.view());
    if (detail::parse_rfc2822(block.view()) != expected) return "parse_rfc2822";
    return usual && usual != expected ? "read_usual_date" : "";
}

} // namespace

TEST_CASE("A date with any one byte of it changed to any other means what the standard says, or nothing")
{
    tally all;
    int valid = 0;
    for (std::string text : usual_dates) {
        REQUIRE(usual_date(text).has_value());
        REQUIRE(usual_date(text) == meaning(text));
        for (std::size_t at = 0; at != text.size(); ++at) {
            char const kept = text[at];
            for (int c = 0; c != 256; ++c) {
                text[at] = static_cast<char>(c);
                all.add(compare_date(text), text, at);
                valid += meaning(text) ? 1 : 0;
            }
            text[at] = kept;
        }
        for (std::size_t at = 0; at <= text.size(); ++at) { // cut short, one less, one more
            all.add(compare_date(text.substr(0, at)), text, at);
            if (at != text.size()) all.add(compare_date(std::string(text).erase(at, 1)), text, at);
            for (char c : {' ', '\t', '0', '1', ':', ',', '+', 'x', '\0'})
                all.add(compare_date(std::string(text).insert(at, 1, c)), text, at);
        }
    }
    all.check_all(8 * 31 * 256);
    CHECK(valid > 800); // not one that refuses everything
}

TEST_CASE("So does one with several bytes changed to others that dates are made of")
{
    constexpr std::string_view stuff = "0123456789 \t:,+-JanFebMarDecjuLSunMonTueWedThuFriSat";
    std::mt19937 random(2);
    tally all;
    int valid = 0;
    for (int i = 0; i != 60'000; ++i) {
        std::string text = usual_dates[random() % std::size(usual_dates)];
        for (auto changes = 1 + random() % 4; changes != 0; --changes)
            text[random() % text.size()] = stuff[random() % stuff.size()];
        all.add(compare_date(text), text);
        valid += meaning(text) ? 1 : 0;
    }
    for (int month = 0; month != 12; ++month) // every name of a month and a day, in three cases
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

// -------------------------------------------------------------------------------------------------- the documented 201

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

/// A member's name, and its value as it is written.
using member = std::pair<std::string, std::string>;

std::vector<member> usual_members()
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

/// The same resource, read by somebody else; nothing if the text is no object, or a known member is not what it must
/// be.
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
    auto const string = [&](char const* name) -> std::optional<std::string> {
        good = good && times[name] < 2;
        if (!object.contains(name) || object[name].is_null()) return {};
        if (object[name].is_string()) return object[name].get<std::string>();
        good = false;
        return {};
    };
    auto const sid = string("sid");
    if (!sid || !sidecall::subscription_sid::parse(*sid)) return {};
    sidecall::user_defined_message_subscription made{*sidecall::subscription_sid::parse(*sid)};
    if (auto const text_of = string("account_sid")) {
        auto const parsed = sidecall::account_sid::parse(*text_of);
        parsed ? void(made.account_sid = *parsed) : void(good = false);
    }
    if (auto const text_of = string("call_sid")) {
        auto const parsed = sidecall::call_sid::parse(*text_of);
        parsed ? void(made.call_sid = *parsed) : void(good = false);
    }
    if (auto const text_of = string("date_created")) {
        made.date_created = meaning(*text_of);
        good = good && made.date_created;
    }
    made.uri = string("uri");
    if (!good) return {};
    return made;
}

/// What is not the same: owned, or as a view, whose uri is as it is written.
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
        return "another resource as a view";
    if (!view->uri) return "";
    if (view->uri->data() < block.view().data() ||
        view->uri->data() + view->uri->size() > block.view().data() + block.size())
        return "uri that lies elsewhere";
    return nlohmann::json::parse("\"" + std::string(*view->uri) + "\"").get<std::string>() == *owned->uri ? "" : "uri";
}

/// The string with its byte at `at` as an escape.
std::string escaped(std::string value, std::size_t at)
{
    char hex[] = "\\u00xx";
    hex[4] = "0123456789abcdef"[static_cast<unsigned char>(value[at]) >> 4];
    hex[5] = "0123456789ABCDEF"[static_cast<unsigned char>(value[at]) & 15];
    return value.replace(at, 1, hex);
}

} // namespace

TEST_CASE("The documented answer is read the same in whatever order its members come, with whatever lies between them")
{
    std::vector<std::size_t> order{0, 1, 2, 3, 4};
    auto const usual = usual_members();
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
        for (auto i : order) members.push_back(usual[i]);
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
            changed.push_back(members[i]); // twice
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

TEST_CASE("Members of unusual length and kind are read as they are, or refused")
{
    tally all;
    auto const check = [&](std::vector<member> const& members) {
        for (auto how : {spacing::none, spacing::blanks, spacing::tabs}) {
            std::string const text = object_of(members, how);
            all.add(compare_answer(text), text);
        }
    };
    auto const usual = usual_members();
    for (std::size_t i = 0; i != usual.size(); ++i) {
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
            auto members = usual;
            members[i].second = value;
            // That these two are dates without weekday and offset in numbers is what `meaning` leaves out.
            if (i == 3 && (std::string_view(value).substr(0, 3) == "\"18" ||
                           std::string_view(value).find("GMT") != std::string_view::npos))
                continue;
            check(members);
        }
        for (std::size_t size = 0; size != 200; ++size) { // as long as any usual one, and longer
            auto members = usual;
            members[i].second = "\"" + std::string(size, 'x') + "\"";
            check(members);
            members[i].second = "\"" + std::string(size, 'x') + "\",\"a\":\"" + std::string(200 - size, 'y') + "\"";
            check(members);
        }
        std::string const value = usual[i].second;
        for (std::size_t at = 1; at + 1 != value.size();
             ++at) { // each byte as an escape, or as one that is not allowed
            auto members = usual;
            members[i].second = escaped(value, at);
            check(members);
            for (char c : {'"', '\\', '\n', '\x7F', '\xC3', '\0'}) {
                members[i].second = value;
                members[i].second[at] = c;
                check(members);
            }
        }
    }
    all.check_all(5000);
}

TEST_CASE("An answer that is cut or has a byte too many is read as JSON has it")
{
    auto const whole = object_of(usual_members(), spacing::blanks);
    tally all;
    for (std::size_t at = 0; at <= whole.size(); ++at) {
        all.add(compare_answer(whole.substr(0, at)), whole, at);
        all.add(compare_answer(whole.substr(at)), whole, at);                    // also without its brace
        for (char c : {' ', ',', '"', '{', '}', ':', 'x', '\\', '\x01', '\xFF'}) // nlohmann-json ends at a NUL
            all.add(compare_answer(std::string(whole).insert(at, 1, c)), whole, at);
        if (at != whole.size()) all.add(compare_answer(std::string(whole).erase(at, 1)), whole, at);
    }
    all.check_all(4000);
}
#endif

// ------------------------------------------------------------------------------------------- parameters of a webhook

namespace {

using detail::parameters;

/// Reads a form in a block of exactly the size that it says, which lies at an odd address.
struct read_form {
    explicit read_form(std::string const& form)
        : text(form), room(std::string(parameters::room_for_form(text.view()) + 1, '\xA5')),
          read(parameters::from_form(text.view(), detail::buffer(sidecall::storage(room.data() + 1, room.size() - 1))))
    {
    }
    exact_block text;
    exact_block room;
    parameters read;
};

/// Decodes by the WHATWG's URL standard (section 5.1), slowly.
std::string decoded(std::string_view text)
{
    std::string bytes;
    auto const digit = [&](std::size_t at) {
        constexpr std::string_view lower = "0123456789abcdef", upper = "0123456789ABCDEF";
        if (at >= text.size()) return lower.npos;
        return std::min(lower.find(text[at]), upper.find(text[at]));
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && digit(i + 1) != text.npos && digit(i + 2) != text.npos) {
            bytes += static_cast<char>(16 * digit(i + 1) + digit(i + 2));
            i += 2;
        } else {
            bytes += text[i] == '+' ? ' ' : text[i];
        }
    }
    return bytes;
}

using expected_parameters = std::vector<std::pair<std::string, std::string>>;

expected_parameters parameters_of(std::string const& form)
{
    std::multimap<std::string, std::string> found;
    for (std::size_t begin = 0; begin <= form.size();) {
        std::size_t const end = std::min(form.find('&', begin), form.size());
        std::string const piece = form.substr(begin, end - begin);
        std::size_t const equals = piece.find('=');
        if (!piece.empty())
            found.emplace(decoded(piece.substr(0, equals)),
                          equals == piece.npos ? std::string() : decoded(piece.substr(equals + 1)));
        begin = end + 1;
    }
    expected_parameters sorted(found.begin(), found.end());
    std::sort(sorted.begin(), sorted.end()); // `multimap` leaves the values of a name as they came
    return sorted;
}

std::string compare_parameters(parameters const& read, expected_parameters const& expected)
{
    if (read.size() != expected.size()) return "the number";
    for (std::size_t i = 0; i != expected.size(); ++i)
        if (read.name(i) != expected[i].first || read.value(i) != expected[i].second) return "order or text";
    if (!read.name(expected.size()).empty() || !read.value(expected.size()).empty()) return "behind the last";
    auto const index_of = [&](std::string const& name) {
        for (std::size_t i = 0; i != expected.size(); ++i)
            if (expected[i].first == name) return i;
        return expected.size();
    };
    std::vector<std::string> wanted{
        "", "a", "zzzzz", std::string(1, '\0'), std::string(5, '\0'), "\xFF\xFF\xFF\xFF\xFF"};
    for (auto const& [name, value] : expected) {
        wanted.push_back(name);
        wanted.push_back(name + '\0');
        wanted.push_back(name + "a");
        wanted.push_back(name.substr(0, name.empty() ? 0 : name.size() - 1));
    }
    for (auto const& name : wanted)
        if (read.find(name) != index_of(name)) return "find";

    std::string signed_text;
    read.for_each_text([&](std::string_view text) { signed_text += text; });
    std::string expected_text;
    for (std::size_t i = 0; i != expected.size(); ++i)
        if (i == 0 || expected[i] != expected[i - 1]) expected_text += expected[i].first + expected[i].second;
    return signed_text == expected_text ? "" : "what is signed";
}

} // namespace

TEST_CASE("A form of any number of parameters is sorted and found like a multimap's")
{
    // Alike in their first four bytes, or as numbers but not as texts; with NUL, high bytes, escapes, and nothing.
    constexpr char const* names[] = {"",        "a",       "aa",         "aaaa",       "aaaab",   "aaaaa",   "aaaaaa",
                                     "aaaac",   "%00",     "%00%00",     "a%00",       "a%00b",   "aaaa%00", "aaaa%00b",
                                     "%FF",     "%ff%FE",  "aaa%FF",     "aaaa%FFa",   "%61aaa",  "aaa%6",   "%",
                                     "%%41",    "a+b",     "a%20b",      "AccountSid", "Account", "Accou",   "Call",
                                     "CallSid", "Content", "ContentType"};
    constexpr char const* values[] = {"",
                                      "=",
                                      "==a",
                                      "1",
                                      "2",
                                      "10",
                                      "%00",
                                      "a%26b",
                                      "+",
                                      "%2B",
                                      "%C3%BC",
                                      "\xFF",
                                      "%zz",
                                      "a-value-that-is-longer-than-sixteen-bytes",
                                      "%41%42%43%44%45%46%47%48+%26+%3D+%"};
    std::mt19937 random(3);
    tally all;
    for (std::size_t count = 0; count <= 40; ++count)
        for (int round = 0; round != 60; ++round) {
            std::string form;
            auto const few = 1 + random() % std::size(names); // of few names, many are equal
            for (std::size_t i = 0; i != count; ++i) {
                if (i != 0) form += '&';
                form += names[(random() % few + static_cast<unsigned>(round)) % std::size(names)];
                if (random() % 8 != 0) form.append("=").append(values[random() % std::size(values)]);
                if (random() % 16 == 0) form += '&';
            }
            read_form const got(form);
            all.add(compare_parameters(got.read, parameters_of(form)), form);
            if (got.room.view()[0] != '\xA5') all.add("before the room", form);
        }
    all.check_all(41 * 60);
}

TEST_CASE("It is whether they come in order, backwards, all alike, or with one out of its place")
{
    tally all;
    for (std::size_t count = 0; count <= 40; ++count)
        for (std::string_view prefix : {"", "p", "pref", "prefix"}) {
            std::vector<std::string> pieces;
            for (std::size_t i = 0; i != count; ++i)
                pieces.push_back(std::string(prefix) + static_cast<char>('A' + i) + "=v");
            auto const check = [&](std::vector<std::string> const& in) {
                std::string form;
                for (auto const& piece : in) form.append(form.empty() ? "" : "&").append(piece);
                all.add(compare_parameters(read_form(form).read, parameters_of(form)), form);
            };
            check(pieces);
            for (std::size_t i = 0; i < count; ++i) {
                auto moved = pieces;
                std::rotate(moved.begin(), moved.begin() + static_cast<std::ptrdiff_t>(i), moved.end());
                check(moved);
                std::swap(moved[0], moved[i]);
                check(moved);
            }
            check({pieces.rbegin(), pieces.rend()});
            check(std::vector<std::string>(count, std::string(prefix) + "=v"));
        }
    all.check_all(41 * 4 * 3);
}

TEST_CASE("A form of any bytes is decoded like a slow reader does, in no more room than it says")
{
    constexpr std::string_view pieces[] = {"&",         "=",
                                           "+",         "%",
                                           "%4",        "%41",
                                           "%00",       "a",
                                           "bcdefghij", "0123456789abcdef",
                                           "\xFF",      std::string_view("\0", 1),
                                           "%zz",       "&&",
                                           "a=b&"};
    std::mt19937 random(4);
    tally all;
    for (int i = 0; i != 20'000; ++i) {
        std::string form;
        for (auto count = random() % 24; count != 0; --count) form += pieces[random() % std::size(pieces)];
        read_form const got(form);
        all.add(compare_parameters(got.read, parameters_of(form)), form);
    }
    all.check_all(20'000);
}

TEST_CASE("The parameters of a moved-from message are none, and neither are those of its copy")
{
    read_form from("b=2&a=1");
    parameters const to = std::move(from.read);
    CHECK(to.size() == 2);
    CHECK(from.read.size() == 0);
    CHECK(from.read.name(0).empty());
    parameters const copy = from.read;
    CHECK(copy.size() == 0);
    parameters const copy_of_whole = to;
    CHECK(compare_parameters(copy_of_whole, parameters_of("b=2&a=1")).empty());
}
