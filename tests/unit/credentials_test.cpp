#include <sidecall/credentials.hpp>

#include <array>
#include <concepts>
#include <cstring>
#include <new>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

#include "lasting.hpp"

#include "secrecy.hpp"

namespace credentials_test {

namespace {

using namespace sidecall::literals;
using sidecall::credentials;
using sidecall::errc;
using sidecall::secret;

std::string encode(std::string_view first, std::string_view second = {})
{
    std::string text(sidecall::detail::base64_size(first.size() + second.size()), '!');
    char const* const end = sidecall::detail::base64_encode(first, second, text.data());
    CHECK(end == text.data() + text.size());
    return text;
}

/// A slow base64 encoder that works bit by bit, independent of the core's.
std::string reference_encode(std::string_view bytes)
{
    std::string bits;
    for (char c : bytes)
        for (int i = 7; i >= 0; --i) bits += static_cast<unsigned char>(c) >> i & 1 ? '1' : '0';
    while (bits.size() % 6 != 0) bits += '0';
    std::string text;
    for (std::size_t at = 0; at != bits.size(); at += 6) {
        int const n = std::stoi(bits.substr(at, 6), nullptr, 2);
        text += n < 26   ? static_cast<char>('A' + n)
                : n < 52 ? static_cast<char>('a' + n - 26)
                : n < 62 ? static_cast<char>('0' + n - 52)
                : n < 63 ? '+'
                         : '/';
    }
    while (text.size() % 4 != 0) text += '=';
    return text;
}

std::string reference_decode(std::string_view text)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0;
    unsigned have = 0;
    for (char c : text) {
        if (c == '=') break;
        bits = (bits & 0xFF) << 6 | static_cast<unsigned>(alphabet.find(c));
        have += 6;
        if (have < 8) continue;
        have -= 8;
        bytes += static_cast<char>(bits >> have & 0xFF);
    }
    return bytes;
}

template <class T>
concept comparable = requires(T const& a, T const& b) { a == b; } || requires(T const& a, T const& b) { a < b; };

template <class T>
constexpr bool stays_inside =
    !std::copy_constructible<T> && !std::is_copy_assignable_v<T> && std::is_nothrow_move_constructible_v<T> &&
    std::is_nothrow_move_assignable_v<T> && !comparable<T> && !streamable<T> &&
    !std::convertible_to<T, std::string_view> && !std::convertible_to<T, std::string> &&
    !std::convertible_to<T, char const*> && !std::convertible_to<T, bool> && !std::default_initializable<T>;
static_assert(stays_inside<secret> && stays_inside<credentials>);
static_assert(streamable<std::string> && comparable<std::string>); // checks the concepts themselves

// A secret is made explicitly, and credentials are made only from a secret.
static_assert(!std::convertible_to<char const*, secret> && std::constructible_from<secret, char const*>);
static_assert(!std::convertible_to<std::string, secret> && std::constructible_from<secret, std::string>);
static_assert(!std::convertible_to<std::string_view, secret>);
static_assert(!std::constructible_from<credentials, secret>);

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto key = "SK00000000000000000000000000000009"_api_key_sid;

int bearer_mistake(std::string_view token)
{
    auto const made = credentials::bearer(secret(token));
    if (made) {
        CHECK(made->authorization().reveal() == "Bearer " + std::string(token));
        return -1;
    }
    CHECK(made.error().code() == errc::invalid_argument);
    CHECK(made.error().field() == "Authorization");
    return static_cast<int>(made.error().offset().value_or(9999));
}

} // namespace

TEST_CASE("base64 encodes the examples of RFC 4648, section 10")
{
    CHECK(encode("") == "");
    CHECK(encode("f") == "Zg==");
    CHECK(encode("fo") == "Zm8=");
    CHECK(encode("foo") == "Zm9v");
    CHECK(encode("foob") == "Zm9vYg==");
    CHECK(encode("fooba") == "Zm9vYmE=");
    CHECK(encode("foobar") == "Zm9vYmFy");
    CHECK(encode("\xFB\xEF\xBE\xFF\xFF\xFF") == "++++////");
}

TEST_CASE("base64 agrees with a slow encoder and decoder, wherever the source is split")
{
    std::mt19937 random(64);
    for (std::size_t size = 0; size <= 20; ++size) {
        for (int round = 0; round != 20; ++round) {
            std::string bytes;
            while (bytes.size() != size) bytes += static_cast<char>(random());
            std::string const expected = reference_encode(bytes);
            CHECK(reference_decode(expected) == bytes);
            for (std::size_t cut = 0; cut <= size; ++cut)
                CHECK(encode(std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)) == expected);
        }
    }
    std::string every;
    for (int c = 0; c != 256; ++c) every += static_cast<char>(c);
    CHECK(encode(every) == reference_encode(every));
}

TEST_CASE("a Basic credential is the scheme, a space, and base64 of user, colon and password (RFC 7617)")
{
    CHECK(encode("Aladdin", ":open sesame") == "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    CHECK(encode("test:", "123\xC2\xA3") == "dGVzdDoxMjPCow==");

    for (std::string const token :
         {"", "t", "12345678901234567890123456789012", "with:colon", "gr\xC3\xBC\xC3\x9F", "a\r\nb"}) {
        auto const by_token = credentials::auth_token(account, secret(token));
        CHECK(by_token.authorization().reveal() ==
              "Basic " + reference_encode(std::string(account.view()) + ":" + token));
        auto const by_key = credentials::api_key(key, secret(token));
        CHECK(by_key.authorization().reveal() == "Basic " + reference_encode(std::string(key.view()) + ":" + token));
    }
    auto const one = credentials::auth_token(account, secret("12345678901234567890123456789012"));
    CHECK(one.authorization().reveal() ==
          "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMToxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMg==");
}

TEST_CASE("a bearer token is sent unchanged if it has only characters that RFC 6750 allows")
{
    CHECK(bearer_mistake("mF_9.B5f-4.1JqM") == -1);
    CHECK(bearer_mistake("a") == -1);
    CHECK(bearer_mistake("abc=") == -1);
    CHECK(bearer_mistake("abc====") == -1);
    CHECK(bearer_mistake("-._~+/") == -1);
    CHECK(bearer_mistake(std::string(5000, 'x')) == -1);

    CHECK(bearer_mistake("") == 0);
    CHECK(bearer_mistake("=") == 0);
    CHECK(bearer_mistake("==") == 0);
    CHECK(bearer_mistake("a=b") == 1);
    CHECK(bearer_mistake("=a") == 0);
    CHECK(bearer_mistake("token\r\nX: y") == 5);
    CHECK(bearer_mistake(std::string_view("a\0", 2)) == 1);

    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    for (int c = 0; c != 256; ++c) {
        CAPTURE(c);
        std::string const text{'a', static_cast<char>(c), 'b'};
        CHECK(bearer_mistake(text) == (allowed.find(text[1]) != allowed.npos ? -1 : 1));
    }
    for (auto text : {"", "=", "=="})
        CHECK(lasting(credentials::bearer(secret(text)).error()).message() == "the bearer token is empty");
    auto const refused = credentials::bearer(secret("very-secret-token!"));
    CHECK(refused.error().to_string().find("very") == std::string::npos);
}

TEST_CASE("a secret reveals the text it was made from")
{
    std::string text = "a token that is too long to lie within the string";
    CHECK(lasting(secret(std::string_view(text))).reveal() == text);
    CHECK(lasting(secret(text.c_str())).reveal() == text);
    CHECK(lasting(secret(std::string(text))).reveal() == text);
    CHECK(secret("").empty());
    CHECK(!secret(text.c_str()).empty());
    CHECK(lasting(secret(std::string_view("a\0b", 3))).reveal().size() == 3);
}

TEST_CASE("a moved-from secret is empty and keeps no bytes")
{
    constexpr char token[] = "short-token!"; // fits into the small-string buffer, where a move leaves the bytes behind
    glass_box<secret> box;
    secret& from = box.make(token);
    REQUIRE(box.shows(token));

    secret to(std::move(from));
    CHECK(to.reveal() == token);
    CHECK(from.empty());
    CHECK(from.reveal().empty());
    CHECK_FALSE(box.shows("short"));
    CHECK_FALSE(box.shows("token"));

    glass_box<secret> other_box;
    secret& other = other_box.make(std::move(to));
    REQUIRE(other_box.shows(token));
    from = std::move(other);
    CHECK(from.reveal() == token);
    CHECK(other.empty());
    CHECK_FALSE(other_box.shows("token"));
    other_box.end(other);
    REQUIRE(box.shows(token));
    from = secret("brief"); // shorter than the old text, whose end must be wiped, too
    CHECK(from.reveal() == "brief");
    CHECK_FALSE(box.shows("token"));

    secret& same = from;
    from = std::move(same);
    CHECK(from.reveal() == "brief");
    box.end(from);
}

TEST_CASE("a destroyed secret leaves no bytes behind")
{
    constexpr char token[] = "short-token!";
    glass_box<secret> box;
    secret& value = box.make(token);
    REQUIRE(box.shows(token));
    box.end(value);
    CHECK_FALSE(box.shows("short"));
    CHECK_FALSE(box.shows("token"));
}

TEST_CASE("making a secret from a string wipes the string")
{
    constexpr std::string_view token = "short-token!";
    glass_box<std::string> box;
    std::string& text = box.make(token);
    REQUIRE(box.shows(token));
    secret const taken(std::move(text));
    CHECK(taken.reveal() == token);
    CHECK(text.empty());
    CHECK_FALSE(box.shows("token"));
    box.end(text);
}

TEST_CASE("a short bearer token leaves no bytes in moved-from or destroyed credentials")
{
    constexpr char header[] = "Bearer tok3n.x";
    glass_box<credentials> box;
    credentials& from = box.make(*credentials::bearer(secret("tok3n.x")));
    REQUIRE(box.shows(header));
    credentials to(std::move(from));
    CHECK(to.authorization().reveal() == header);
    CHECK(from.authorization().empty());
    CHECK_FALSE(box.shows("tok3n"));
    from = std::move(to);
    REQUIRE(box.shows(header));
    box.end(from);
    CHECK_FALSE(box.shows("tok3n"));
}

TEST_CASE("wiping covers the whole capacity of a string")
{
    std::string text;
    text.reserve(100);
    text = std::string(80, 'x');
    text.resize(10); // the bytes after the new end are still in memory
    char const volatile* const data = text.data();
    std::size_t const capacity = text.capacity();
    char const* const before = text.data();
    sidecall::detail::wipe(text);
    CHECK(text.empty());
    REQUIRE(text.data() == before); // no reallocation
    std::size_t left = 0;
    for (std::size_t i = 0; i != capacity; ++i) left += data[i] == 'x';
    CHECK(left == 0);
}

TEST_CASE("inline_text accepts text up to its capacity")
{
    constexpr auto full = [] {
        sidecall::detail::inline_text<8> text;
        text.append("1234");
        text.append("");
        text.append("5678");
        return text;
    }();
    static_assert(full.view() == "12345678");
    auto text = full;
    text.clear();
    CHECK(text.view().empty());
    text.append("ab");
    CHECK(text.view() == "ab");
    CHECK(full.view() == "12345678");
}

TEST_CASE("a null pointer, as from an unset environment variable, makes an empty secret")
{
    CHECK(secret(static_cast<char const*>(nullptr)).empty());
}

} // namespace credentials_test
