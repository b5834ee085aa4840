#include <sidecall/idempotency_key.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace idempotency_key_test {

namespace {

using sidecall::idempotency_key;
using sidecall::detail::find_invalid_utf8;

constexpr auto npos = std::string_view::npos;

/// `xxxxxxxx-xxxx-4xxx-[89ab]xxx-xxxxxxxxxxxx` in lower case: RFC 9562, version 4.
bool is_uuid_v4(std::string_view text)
{
    constexpr std::string_view pattern = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
    if (text.size() != pattern.size()) return false;
    for (std::size_t i = 0; i != text.size(); ++i) {
        bool fits = text[i] == pattern[i];
        if (pattern[i] == 'x') fits = std::string_view("0123456789abcdef").find(text[i]) != npos;
        if (pattern[i] == 'v') fits = std::string_view("89ab").find(text[i]) != npos;
        if (!fits) return false;
    }
    return true;
}

/// Checks UTF-8 by decoding each code point and asking whether the encoding was the shortest, unlike the core's method.
std::size_t reference_invalid_utf8(std::string_view text)
{
    for (std::size_t at = 0; at != text.size();) {
        auto const byte = [&](std::size_t i) -> std::uint32_t { return static_cast<unsigned char>(text[i]); };
        std::uint32_t const lead = byte(at);
        std::size_t size = 0;
        std::uint32_t point = lead;
        if ((lead & 0x80) == 0) size = 1;
        if ((lead & 0xE0) == 0xC0) size = 2, point = lead & 0x1F;
        if ((lead & 0xF0) == 0xE0) size = 3, point = lead & 0x0F;
        if ((lead & 0xF8) == 0xF0) size = 4, point = lead & 0x07;
        if (size == 0 || text.size() - at < size) return at;
        for (std::size_t i = 1; i != size; ++i) {
            if ((byte(at + i) & 0xC0) != 0x80) return at;
            point = point << 6 | (byte(at + i) & 0x3F);
        }
        constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (point < least[size] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return at;
        at += size;
    }
    return npos;
}

/// A generator of a chosen range that returns all its values in turn.
template <class T, T Min, T Max>
struct counter {
    using result_type = T;
    static constexpr T min() { return Min; }
    static constexpr T max() { return Max; }
    constexpr T operator()()
    {
        T const now = next;
        next = now == Max ? Min : static_cast<T>(now + 1);
        return now;
    }
    T next = Min;
};

/// A generator of 261 values. Without rejection, five bytes would come twice as often as the others.
struct die {
    using result_type = std::uint32_t;
    static constexpr result_type min() { return 1; }
    static constexpr result_type max() { return 261; }
    result_type operator()() { return std::uniform_int_distribution<result_type>(min(), max())(source); }
    std::mt19937 source{1};
};

template <class Generator>
std::string key_of(Generator generator)
{
    return std::string(lasting(idempotency_key::random(generator)).view());
}

/// How far the most and the least frequent byte value are from the mean, as a fraction of it. Counts only the bytes of
/// a UUID that are fully random.
template <class Generator>
double imbalance(Generator generator, int keys)
{
    std::array<int, 256> count{};
    int bytes = 0;
    for (int i = 0; i != keys; ++i) {
        auto const key = idempotency_key::random(generator);
        std::string digits;
        for (char c : key.view())
            if (c != '-') digits += c;
        for (std::size_t k = 0; k != 16; ++k) {
            if (k == 6 || k == 8) continue;
            ++count[static_cast<std::size_t>(std::stoi(digits.substr(2 * k, 2), nullptr, 16))];
            ++bytes;
        }
    }
    double const mean = bytes / 256.0;
    double worst = 0;
    for (int n : count) worst = std::max(worst, n > mean ? n - mean : mean - n);
    return worst / mean;
}

static_assert(!std::default_initializable<idempotency_key>);
static_assert(!std::constructible_from<idempotency_key, std::string>);
static_assert(!std::constructible_from<idempotency_key, char const*>);
static_assert(std::copyable<idempotency_key> && std::equality_comparable<idempotency_key>);

} // namespace

TEST_CASE("a random key is a version 4 UUID, and no two are equal")
{
    std::unordered_set<std::string> seen;
    bool all = true;
    for (int i = 0; i != 10'000; ++i) {
        auto const key = idempotency_key::random();
        all = all && is_uuid_v4(key.view());
        seen.emplace(key.view());
    }
    CHECK(all);
    CHECK(seen.size() == 10'000);
}

TEST_CASE("a key from the caller's generator is a UUID, and equal for equal seeds")
{
    std::mt19937 a(1), b(1), c(2);
    auto const first = idempotency_key::random(a);
    CHECK(is_uuid_v4(first.view()));
    CHECK(first == idempotency_key::random(b));
    CHECK(first != idempotency_key::random(c));
    CHECK(first != idempotency_key::random(a)); // the generator has advanced
    CHECK(is_uuid_v4(key_of(std::mt19937_64(1))));
    CHECK(is_uuid_v4(key_of(std::minstd_rand(1))));
    CHECK(is_uuid_v4(key_of(std::ranlux24_base(1))));
    CHECK(is_uuid_v4(key_of(std::knuth_b(1))));
    std::random_device device;
    CHECK(is_uuid_v4(lasting(idempotency_key::random(device)).view()));
    CHECK(key_of(std::mt19937_64(9)) == key_of(std::mt19937_64(9)));
}

TEST_CASE("each byte comes from one generator value, after rejecting values that would cause bias")
{
    // One value per byte, in order. Version and variant bits turn two bytes into 0x40 and 0x80 plus their low bits.
    CHECK(key_of(counter<std::uint8_t, 0, 255>()) == "00010203-0405-4607-8809-0a0b0c0d0e0f");
    CHECK(key_of(counter<std::uint16_t, 0, 65535>()) == "00010203-0405-4607-8809-0a0b0c0d0e0f");
    CHECK(key_of(counter<std::uint64_t, 0, ~std::uint64_t{0}>()) == "00010203-0405-4607-8809-0a0b0c0d0e0f");
    CHECK(key_of(counter<std::uint32_t, 1000, 1255>()) == "00010203-0405-4607-8809-0a0b0c0d0e0f");
    CHECK(key_of(counter<int, -128, 127>()) == "00010203-0405-4607-8809-0a0b0c0d0e0f");

    // 257 values: the last is rejected, and the counter wraps around.
    counter<std::uint32_t, 5, 5 + 256> odd;
    odd.next = 5 + 254;
    CHECK(key_of(odd) == "feff0001-0203-4405-8607-08090a0b0c0d");
    // 511 values: only the first 256 are used.
    counter<std::uint32_t, 0, 510> half;
    half.next = 255;
    CHECK(key_of(half) == "ff000102-0304-4506-8708-090a0b0c0d0e");
    // 513 values: the last, 512, is rejected. 511 is used, since the other 512 values divide evenly.
    counter<std::uint32_t, 0, 512> one_more;
    one_more.next = 511;
    CHECK(key_of(one_more) == "ff000102-0304-4506-8708-090a0b0c0d0e");
    counter<std::uint32_t, 1, 513> from_one;
    from_one.next = 512;
    CHECK(key_of(from_one) == "ff000102-0304-4506-8708-090a0b0c0d0e");
    // 512 values: all are used.
    counter<std::uint32_t, 0, 511> even;
    even.next = 255;
    CHECK(key_of(even) == "ff000102-0304-4506-8708-090a0b0c0d0e");
}

TEST_CASE("the bytes are uniformly distributed, whatever the generator's range")
{
    // 2000 keys have 28,000 such bytes, about 109 of each value. The standard deviation is 10, so 0.6 is six of them.
    CHECK(imbalance(std::mt19937(1), 2000) < 0.6);
    CHECK(imbalance(std::minstd_rand(1), 2000) < 0.6);
    CHECK(imbalance(std::ranlux24_base(1), 2000) < 0.6);
    CHECK(imbalance(die(), 2000) < 0.6);
}

TEST_CASE("a constexpr generator makes a key at compile time")
{
    static_assert([] {
        counter<std::uint8_t, 0, 255> generator;
        static_cast<void>(generator());
        return generator() == 1;
    }());
    CHECK(key_of(counter<std::uint8_t, 0, 255>{7}) == "0708090a-0b0c-4d0e-8f10-111213141516");
}

TEST_CASE("a key is any non-empty UTF-8 text, kept unchanged")
{
    for (std::string text : {std::string("k"), std::string(" "), std::string("a\0b", 3), std::string("a&b=c%20+\r\n"),
                             std::string("\xF0\x9F\x98\x80"), std::string(100'000, 'x')}) {
        std::string const before = text;
        auto const key = idempotency_key::parse(text);
        REQUIRE(key.has_value());
        text.assign(text.size(), '!');
        CHECK(key->view() == before);
        auto const copy = *key;
        CHECK(copy == *key);
        CHECK(copy.view().data() != key->view().data());
    }
    auto const empty = idempotency_key::parse("");
    REQUIRE(!empty);
    CHECK(empty.error().code() == sidecall::errc::invalid_argument);
    CHECK(empty.error().field() == "IdempotencyKey");
    CHECK(empty.error().offset() == 0u);
    CHECK(empty.error().message() == "empty");
}

TEST_CASE("rejects a key that is not UTF-8 at the first byte of the ill-formed sequence")
{
    struct row {
        std::string_view why;
        std::string text;
    };
    for (auto const& [why, text] : std::vector<row>{
             {"a single continuation byte", "\x80"},
             {"a single continuation byte", "\xBF"},
             {"overlong, two bytes", "\xC0\x80"},
             {"overlong, two bytes", "\xC1\xBF"},
             {"overlong, three bytes", "\xE0\x80\x80"},
             {"overlong, three bytes", "\xE0\x9F\xBF"},
             {"overlong, four bytes", "\xF0\x80\x80\x80"},
             {"overlong, four bytes", "\xF0\x8F\xBF\xBF"},
             {"a surrogate", "\xED\xA0\x80"},
             {"a surrogate", "\xED\xBF\xBF"},
             {"above U+10FFFF", "\xF4\x90\x80\x80"},
             {"above U+10FFFF", "\xF5\x80\x80\x80"},
             {"a byte that never occurs", "\xFE"},
             {"a byte that never occurs", "\xFF"},
             {"cut short", "\xC3"},
             {"cut short", "\xE2\x82"},
             {"cut short", "\xF0\x9F\x98"},
             {"an invalid second byte", "\xC3\x28"},
             {"an invalid third byte", "\xE2\x82\x28"},
             {"an invalid fourth byte", "\xF0\x9F\x98\x28"},
         }) {
        auto const shown = why; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        for (std::string before : {"", "abc", "\xC3\xBC", "\xF0\x9F\x98\x80"}) {
            for (std::string after : {"", "abc", "\x80", "\xE2\x82\xAC"}) {
                if (after == "\x80" && why == "cut short") continue; // this byte may complete the sequence
                auto const key = idempotency_key::parse(before + text + after);
                REQUIRE(!key);
                CHECK(key.error().offset() == before.size());
                CHECK(key.error().message() == "not UTF-8");
                CHECK(key.error().field() == "IdempotencyKey");
            }
        }
    }
    CHECK(idempotency_key::parse("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\xEF\xBF\xBF\xC2\x80").has_value());
}

TEST_CASE("the UTF-8 check agrees with a simple decoder on every short sequence")
{
    int wrong = 0;
    int checked = 0;
    auto const check = [&](std::string const& text) {
        ++checked;
        if (find_invalid_utf8(text) != reference_invalid_utf8(text)) ++wrong;
    };
    for (int a = 0; a != 256; ++a) {
        check({static_cast<char>(a)});
        for (int b = 0; b != 256; ++b) check({static_cast<char>(a), static_cast<char>(b)});
    }
    CHECK(wrong == 0);

    // Three and four bytes: the limits of each byte class of RFC 3629.
    std::string edges;
    for (int c : {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                  0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF})
        edges += static_cast<char>(c);
    for (char a : edges)
        for (char b : edges)
            for (char c : edges) {
                check({a, b, c});
                for (char d : edges) check({a, b, c, d});
            }
    CHECK(wrong == 0);
    CHECK(checked > 400'000);

    std::mt19937 random(3);
    for (int i = 0; i != 20'000; ++i) {
        std::string text;
        for (std::size_t size = 1 + random() % 12; text.size() != size;) text += edges[random() % edges.size()];
        check(text);
    }
    CHECK(wrong == 0);
    static_assert(find_invalid_utf8("gr\xC3\xBC\xC3") == 4);
}

} // namespace idempotency_key_test
