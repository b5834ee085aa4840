// The parameters of a webhook are sorted, found and signed as by a simple reader that uses a multimap.

#include "tally.hpp"

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/wire/parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace parameters_test {

namespace {

namespace detail = sidecall::detail;
using detail::parameters;

/// Reads a form into a block of exactly the size that `parameters::room` gives, at an odd address.
struct read_form {
    explicit read_form(std::string const& form)
        : text(form),
          room(std::string(parameters::required_size(text.view(), parameters::count_form(text.view())) + 1, '\xA5')),
          read(parameters::from_form(text.view(), detail::buffer(sidecall::storage(room.data() + 1, room.size() - 1))))
    {
    }
    exact_block text;
    exact_block room;
    parameters read;
};

/// A slow decoder that follows section 5.1 of the WHATWG URL standard.
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
    std::sort(sorted.begin(), sorted.end()); // `multimap` keeps the values of a name in their order of arrival
    return sorted;
}

std::string compare_parameters(parameters const& read, expected_parameters const& expected)
{
    if (read.size() != expected.size()) return "the number";
    for (std::size_t i = 0; i != expected.size(); ++i)
        if (read.name(i) != expected[i].first || read.value(i) != expected[i].second) return "order or text";
    if (!read.name(expected.size()).empty() || !read.value(expected.size()).empty()) return "after the last";
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

TEST_CASE("parameters are sorted and found as in a multimap, whatever their number")
{
    // Names with the same first four bytes, names that are equal as numbers but not as texts, and names with NUL, high
    // bytes, escapes, or no bytes.
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
            auto const few = 1 + random() % std::size(names); // with few names, many are equal
            for (std::size_t i = 0; i != count; ++i) {
                if (i != 0) form += '&';
                form += names[(random() % few + static_cast<unsigned>(round)) % std::size(names)];
                if (random() % 8 != 0) form.append("=").append(values[random() % std::size(values)]);
                if (random() % 16 == 0) form += '&';
            }
            read_form const got(form);
            all.add(compare_parameters(got.read, parameters_of(form)), form);
            if (got.room.view()[0] != '\xA5') all.add("before the buffer", form);
        }
    all.check_all(41 * 60);
}

TEST_CASE("parameters are sorted if they come in order, reversed, all equal, or with one out of place")
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

TEST_CASE("a form of any bytes is decoded as by a slow decoder, within the computed size")
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

TEST_CASE("a moved-from message has no parameters, and neither does its copy")
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

} // namespace parameters_test
