#include <sidecall/sid.hpp>

#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace sid_test {

namespace {

using namespace sidecall::literals;
using sidecall::account_sid;
using sidecall::api_key_sid;
using sidecall::call_sid;
using sidecall::errc;
using sidecall::message_sid;
using sidecall::subscription_sid;

std::string const good = "AC0123456789abcdefABCDEF0123456789";

/// The offset of the first mistake that `parse` reports, or -1.
template <class Sid = account_sid>
int mistake(std::string_view text)
{
    auto const sid = Sid::parse(text);
    if (sid) return -1;
    CHECK(sid.error().code() == errc::invalid_argument);
    return static_cast<int>(sid.error().offset().value_or(999));
}

template <class Sid>
constexpr bool is_a_plain_value =
    sizeof(Sid) == 34 && alignof(Sid) == 1 && std::is_trivially_copyable_v<Sid> && !std::default_initializable<Sid> &&
    std::three_way_comparable<Sid> && std::copyable<Sid> && !std::constructible_from<Sid, char const*> &&
    !std::constructible_from<Sid, std::string_view> && !std::convertible_to<Sid, std::string_view>;
static_assert(is_a_plain_value<account_sid> && is_a_plain_value<call_sid> && is_a_plain_value<subscription_sid> &&
              is_a_plain_value<message_sid> && is_a_plain_value<api_key_sid>);

template <class A, class B>
concept related = std::constructible_from<A, B> || std::assignable_from<A&, B> || std::equality_comparable_with<A, B> ||
                  requires(A a, B b) { a == b; } || requires(A a, B b) { a < b; };

/// The number of SID types that a SID type converts to or compares with. It must be one: itself.
template <class Sid>
constexpr int relatives = related<Sid, account_sid> + related<Sid, call_sid> + related<Sid, subscription_sid> +
                          related<Sid, message_sid> + related<Sid, api_key_sid>;
static_assert(relatives<account_sid> == 1 && relatives<call_sid> == 1 && relatives<subscription_sid> == 1 &&
              relatives<message_sid> == 1 && relatives<api_key_sid> == 1);

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
static_assert(std::same_as<decltype(account), account_sid const>);
static_assert(account.view() == "AC00000000000000000000000000000001");
static_assert("CA0000000000000000000000000000000a"_call_sid < "CA0000000000000000000000000000000b"_call_sid);
static_assert(lasting("ZY00000000000000000000000000000001"_subscription_sid).view().substr(0, 2) == "ZY");
static_assert(lasting("KX00000000000000000000000000000001"_message_sid).view().substr(0, 2) == "KX");
static_assert(lasting("SK00000000000000000000000000000001"_api_key_sid).view().size() == api_key_sid::size);
static_assert(*account_sid::parse("AC00000000000000000000000000000001") == account);
static_assert(!account_sid::parse("AC0000000000000000000000000000000g"));

} // namespace

TEST_CASE("rejects a SID that is one digit short, at its end")
{
    CHECK(mistake(std::string_view(good).substr(0, 33)) == 33);
}

TEST_CASE("rejects a SID of any other length, where it ends or should have ended")
{
    std::string const longer = good + good.substr(2) + "00";
    for (std::size_t size = 0; size <= longer.size(); ++size) {
        CAPTURE(size);
        int const expected = size == 34 ? -1 : size < 34 ? static_cast<int>(size) : 34;
        CHECK(mistake(std::string_view(longer).substr(0, size)) == expected);
    }
}

TEST_CASE("rejects a wrong byte at its position")
{
    constexpr std::string_view digits = "0123456789abcdefABCDEF";
    int wrong = 0;
    for (std::size_t at = 0; at != 34; ++at) {
        for (int c = 0; c != 256; ++c) {
            std::string text = good;
            text[at] = static_cast<char>(c);
            bool const fits = at < 2 ? text[at] == good[at] : digits.find(text[at]) != digits.npos;
            if (mistake(text) != (fits ? -1 : static_cast<int>(at))) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("reports the first of two mistakes")
{
    CHECK(mistake("XX") == 0);
    CHECK(mistake("AX0") == 1);
    CHECK(mistake("ACg") == 2);
    CHECK(mistake("ACgg") == 2);
    CHECK(mistake("AC" + std::string(40, 'g')) == 2);
    CHECK(mistake(good + "\n") == 34);
    CHECK(mistake(good + std::string(1, '\0')) == 34);
    CHECK(mistake(" " + good) == 0);
    CHECK(mistake("ac" + good.substr(2)) == 0);
}

TEST_CASE("rejects a SID of another kind, and names the field after the expected kind")
{
    std::string const digits(32, '0');
    std::array<std::string, 5> const texts = {"AC" + digits, "CA" + digits, "ZY" + digits, "KX" + digits,
                                              "SK" + digits};
    for (std::size_t i = 0; i != texts.size(); ++i) {
        CAPTURE(texts[i]);
        CHECK(account_sid::parse(texts[i]).has_value() == (i == 0));
        CHECK(call_sid::parse(texts[i]).has_value() == (i == 1));
        CHECK(subscription_sid::parse(texts[i]).has_value() == (i == 2));
        CHECK(message_sid::parse(texts[i]).has_value() == (i == 3));
        CHECK(api_key_sid::parse(texts[i]).has_value() == (i == 4));
    }
    CHECK(account_sid::parse("").error().field() == "AccountSid");
    CHECK(call_sid::parse("").error().field() == "CallSid");
    CHECK(subscription_sid::parse("").error().field() == "Sid");
    CHECK(message_sid::parse("").error().field() == "Sid");
    CHECK(api_key_sid::parse("").error().field() == "ApiKeySid");
    CHECK(lasting(account_sid::parse("AC1").error()).message() == "shorter than 34 characters");
    CHECK(lasting(account_sid::parse(good + "0").error()).message() == "longer than 34 characters");
    CHECK(lasting(account_sid::parse("CA").error()).message() == "wrong prefix for this kind of SID");
    CHECK(lasting(account_sid::parse("AC-").error()).message() == "not a hexadecimal digit");
}

TEST_CASE("a failure does not contain the argument")
{
    std::string const text = "AC0123456789secret";
    CHECK(account_sid::parse(text).error().to_string().find("secret") == std::string::npos);
}

TEST_CASE("a SID keeps its own copy of the text, unchanged in case")
{
    std::string text = good;
    auto const sid = account_sid::parse(text);
    REQUIRE(sid.has_value());
    text.assign(text.size(), 'x');
    CHECK(sid->view() == good);
    auto const copy = *sid;
    CHECK(copy == *sid);
    CHECK(copy.view().data() != sid->view().data());
}

TEST_CASE("SIDs are ordered, compared and hashed like their texts")
{
    std::vector<std::string> texts;
    for (std::size_t at = 2; at != 34; ++at) {
        for (char c : {'0', '9', 'A', 'F', 'a', 'f'}) {
            std::string text = "AC" + std::string(32, '5');
            text[at] = c;
            texts.push_back(text);
        }
    }
    std::vector<account_sid> sids;
    for (auto const& text : texts) sids.push_back(*account_sid::parse(text));

    std::unordered_set<account_sid> set(sids.begin(), sids.end());
    CHECK(set.size() == texts.size());
    CHECK(set.count(sids.front()) == 1);
    CHECK(set.count(*account_sid::parse("AC" + std::string(32, '5'))) == 0);
    CHECK(set.count(*account_sid::parse(texts.back())) == 1); // equal SIDs have equal hashes

    bool agree = true;
    for (std::size_t i = 0; i != texts.size(); ++i)
        for (std::size_t k = 0; k != texts.size(); ++k)
            agree = agree && (sids[i] <=> sids[k]) == (texts[i] <=> texts[k]) &&
                    (sids[i] == sids[k]) == (texts[i] == texts[k]);
    CHECK(agree);
    CHECK(*account_sid::parse("AC" + std::string(32, 'a')) != *account_sid::parse("AC" + std::string(32, 'A')));
}

} // namespace sid_test
