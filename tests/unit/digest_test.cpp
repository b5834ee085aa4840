#include "secrecy.hpp"

#include <sidecall/detail/crypto/hmac.hpp>
#include <sidecall/detail/crypto/sha1.hpp>
#include <sidecall/detail/crypto/sha256.hpp>
#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/text/base64.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace digest_test {

namespace {

using namespace sidecall::detail;

template <std::size_t N>
std::string hex(array<unsigned char, N> const& bytes)
{
    std::string text;
    for (unsigned char byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

template <class Hash>
constexpr typename Hash::value digest_of(std::string_view text)
{
    Hash hash;
    hash.update(text);
    return hash.finish();
}

std::string hmac(std::string_view key, std::string_view text)
{
    return hex(hmac_sha1(key).code([&](auto put) { put(text); }));
}

std::string times(std::size_t count, std::string_view text)
{
    std::string all;
    for (; count != 0; --count) all += text;
    return all;
}

std::string const two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
std::string const four_blocks = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                                "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

std::string some_bytes(std::size_t size, unsigned seed)
{
    std::minstd_rand random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random() >> 8 & 0xFF);
    return text;
}

/// SHA-1 and SHA-256 that never use the processor's SHA instructions.
using portable_sha1 = digest<5, sha1::initial, &sha1_portable>;
using portable_sha256 = digest<8, sha256::initial, &sha256_portable>;

/// Checks that two block functions reach the same state, with all `count` blocks at once and with one block at a time.
template <std::size_t Words, class One, class Other>
void check_agreement(One one, Other other)
{
    for (unsigned seed = 0; seed != 200; ++seed) {
        std::size_t const count = seed % 9;
        std::string const blocks = some_bytes(64 * count, seed + 1);
        array<std::uint32_t, Words> start{};
        std::mt19937 random(seed);
        for (std::uint32_t& word : start)
            word = seed == 0 ? 0 : seed == 1 ? 0xFFFFFFFF : static_cast<std::uint32_t>(random());
        auto at_once = start;
        one(at_once, blocks.data(), count);
        auto by_other = start;
        other(by_other, blocks.data(), count);
        auto one_by_one = start;
        for (std::size_t i = 0; i != count; ++i) one(one_by_one, blocks.data() + 64 * i, 1);
        CAPTURE(seed);
        REQUIRE(at_once == by_other);
        REQUIRE(at_once == one_by_one);
        REQUIRE((at_once == start) == (count == 0));
    }
}

/// Checks that a text of each length up to 300 gives the same digest in one piece, in two pieces with every split, and
/// in many pieces.
template <class One, class Other>
void check_pieces()
{
    for (std::size_t size = 0; size <= 300; ++size) {
        CAPTURE(size);
        std::string const text = some_bytes(size, static_cast<unsigned>(size) + 1);
        auto const expected = digest_of<Other>(text);
        for (std::size_t split = 0; split <= size; ++split) {
            One hash;
            hash.update(std::string_view(text).substr(0, split));
            hash.update(std::string_view(text).substr(split));
            REQUIRE(hash.finish() == expected);
        }
        for (std::size_t piece : {1u, 5u, 37u, 63u, 64u, 65u, 130u}) {
            One hash;
            for (std::size_t at = 0; at < size; at += piece) hash.update(std::string_view(text).substr(at, piece));
            REQUIRE(hash.finish() == expected);
        }
    }
}

// They also work at compile time.
static_assert(digest_of<sha1>("abc")[0] == 0xa9 && digest_of<sha1>("abc")[19] == 0x9d);
static_assert(digest_of<sha256>("abc")[0] == 0xba && digest_of<sha256>("abc")[31] == 0xad);
static_assert([] {
    char text[20]{};
    base64_encode("Many hands", "make", text);
    return std::string_view(text, 20) == "TWFueSBoYW5kc21ha2U=";
}());

} // namespace

TEST_CASE("SHA-1 gives the digests of FIPS 180-4, RFC 3174 and RFC 6234")
{
    CHECK(hex(digest_of<sha1>("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hex(digest_of<sha1>("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(digest_of<sha1>(two_blocks)) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(hex(digest_of<sha1>(four_blocks)) == "a49b2446a02c645bf419f995b67091253a04a259");
    CHECK(hex(digest_of<sha1>(std::string(1000000, 'a'))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    CHECK(hex(digest_of<sha1>(times(80, "01234567"))) == "dea356a2cddd90c7a7ecedc5ebb563934f460452");
    CHECK(hex(digest_of<sha1>("\x5e")) == "5e6f80a34a9798cafc6a5db96cc57ba4c4db59c2");
    CHECK(hex(digest_of<sha1>("\x9a\x7d\xfd\xf1\xec\xea\xd0\x6e\xd6\x46\xaa\x55\xfe\x75\x71\x46")) ==
          "82abff6605dbe1c17def12a394fa22a82b544a35");
}

TEST_CASE("SHA-256 gives the digests of FIPS 180-4 and RFC 6234")
{
    CHECK(hex(digest_of<sha256>("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex(digest_of<sha256>("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(digest_of<sha256>(two_blocks)) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hex(digest_of<sha256>(four_blocks)) == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    CHECK(hex(digest_of<sha256>(std::string(1000000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK(hex(digest_of<sha256>(times(80, "01234567"))) ==
          "594847328451bdfa85056225462cc1d867d877fb388df0ce35f25ab5562bfbb5");
    CHECK(hex(digest_of<sha256>("\x19")) == "68aa2e2ee5dff96e3355e6c7ee373e3d6a4e17f75f9518d843709c0c9bc3e3d4");
    CHECK(hex(digest_of<sha256>("\xe3\xd7\x25\x70\xdc\xdd\x78\x7c\xe3\x88\x7a\xb2\xcd\x68\x46\x52")) ==
          "175ee69b02ba9b58e2b0a5fd13819cea573f3940a94f825128cf4209beabb4e8");
}

TEST_CASE("the portable SHA-1 and SHA-256 give the same digests")
{
    CHECK(hex(digest_of<portable_sha1>("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(digest_of<portable_sha1>(four_blocks)) == "a49b2446a02c645bf419f995b67091253a04a259");
    CHECK(hex(digest_of<portable_sha1>(std::string(1000000, 'a'))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    CHECK(hex(digest_of<portable_sha256>("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(digest_of<portable_sha256>(four_blocks)) ==
          "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    CHECK(hex(digest_of<portable_sha256>(std::string(1000000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("the SHA instructions and the portable code agree on any block and any state")
{
    sha1::state one = sha1::initial;
    if (!try_sha1_instructions(one, nullptr, 0)) {
        MESSAGE("skipped: this processor or build has no SHA instructions");
        return;
    }
    check_agreement<5>(&sha1_portable, [](auto& state, char const* blocks, std::size_t count) {
        REQUIRE(try_sha1_instructions(state, blocks, count));
    });
    check_agreement<8>(&sha256_portable, [](auto& state, char const* blocks, std::size_t count) {
        REQUIRE(try_sha256_instructions(state, blocks, count, sha256_constants));
    });
}

TEST_CASE("a text has one digest, however it is split and whichever implementation computes it")
{
    check_pieces<sha1, portable_sha1>();
    check_pieces<portable_sha1, sha1>();
    check_pieces<sha256, portable_sha256>();
    check_pieces<portable_sha256, sha256>();
}

TEST_CASE("a copied digest continues independently of the original")
{
    sha1 first;
    first.update(four_blocks.substr(0, 70));
    sha1 second = first;
    second.update("something else");
    first.update(four_blocks.substr(70));
    CHECK(hex(first.finish()) == "a49b2446a02c645bf419f995b67091253a04a259");
    CHECK(second.finish() == digest_of<sha1>(four_blocks.substr(0, 70) + "something else"));
}

TEST_CASE("HMAC-SHA1 gives the codes of RFC 2202")
{
    std::string counting;
    for (char c = 1; c != 26; ++c) counting += c;

    CHECK(hmac(std::string(20, '\x0b'), "Hi There") == "b617318655057264e28bc0b6fb378c8ef146be00");
    CHECK(hmac("Jefe", "what do ya want for nothing?") == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK(hmac(std::string(20, '\xaa'), std::string(50, '\xdd')) == "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
    CHECK(hmac(counting, std::string(50, '\xcd')) == "4c9007f4026250c6bc8414f9bf50c86c2d7235da");
    CHECK(hmac(std::string(20, '\x0c'), "Test With Truncation") == "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04");
    CHECK(hmac(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    CHECK(hmac(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data") ==
          "e8e99d0f45237d786d6bbaa7965c7808bbff1a91");
}

TEST_CASE("a key of up to one block is used unchanged, a longer one is hashed")
{
    // Expected values: `printf text | openssl dgst -sha1 -mac HMAC -macopt hexkey:6b…`.
    CHECK(hmac(std::string(63, 'k'), "text") == "b8bf0e297d91a1fd1a2c6bb62a2bed9a69cf70bd");
    CHECK(hmac(std::string(64, 'k'), "text") == "79ff55fa698f97a703bb0ad426871006ee745343");
    CHECK(hmac(std::string(65, 'k'), "text") == "23cdc442dba98c8865255f4fce14aca27f4444ba");

    // RFC 2104 pads a key with zeros, so these two keys are equivalent.
    CHECK(hmac("key", "text") == hmac(std::string("key\0", 4), "text"));
}

TEST_CASE("a key computes any number of codes, for texts in any pieces")
{
    hmac_sha1 const key("Jefe");
    std::string const text = "what do ya want for nothing?";
    for (std::size_t i = 0; i <= text.size(); ++i) {
        for (std::size_t k = i; k <= text.size(); ++k) {
            auto const code = key.code([&](auto put) {
                put(std::string_view(text).substr(0, i));
                put(std::string_view(text).substr(i, k - i));
                put(std::string_view(text).substr(k));
            });
            REQUIRE(hex(code) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        }
    }
    auto const none = key.code([](auto) {});
    CHECK(hex(none) == hmac("Jefe", ""));
    hmac_sha1 const copy = key;
    CHECK(copy.code([](auto) {}) == none);
}

TEST_CASE("codes are equal only if all their bytes are")
{
    array<unsigned char, 20> a{};
    for (std::size_t i = 0; i != a.size(); ++i) a[i] = static_cast<unsigned char>(37 * i + 5);
    CHECK(equal_in_constant_time(a, a));
    for (std::size_t bit = 0; bit != 8 * a.size(); ++bit) {
        auto b = a;
        b[bit / 8] = static_cast<unsigned char>(b[bit / 8] ^ 1u << bit % 8);
        REQUIRE_FALSE(equal_in_constant_time(a, b));
        REQUIRE_FALSE(equal_in_constant_time(b, a));
        // Two differences must not cancel each other out.
        b[(bit / 8 + 1) % a.size()] = static_cast<unsigned char>(b[(bit / 8 + 1) % a.size()] ^ 1u << bit % 8);
        REQUIRE_FALSE(equal_in_constant_time(a, b));
    }
}

TEST_CASE("the HMAC key state is wiped on destruction")
{
    glass_box<hmac_sha1> box;
    hmac_sha1& key = box.make("auth token");
    CHECK(box.used() != 0);
    box.end(key);
    CHECK(box.used() == 0);
}

TEST_CASE_TEMPLATE("a digest wipes its state and buffered text on destruction", T, sidecall::detail::sha1,
                   sidecall::detail::sha256)
{
    glass_box<T> box;
    T& hash = box.make();
    hash.update(std::string(T::block_size + 50, 'x'));
    CHECK(box.used() > 50);
    box.end(hash);
    CHECK(box.used() <= sizeof(std::uint64_t)); // only the length remains
}

TEST_CASE("the length of a text is counted in 64 bits")
{
    // When a text ends after so many bytes, its last block contains only the padding and the length.
    for (std::uint64_t const length : {std::uint64_t{1} << 29, std::uint64_t{1} << 40, std::uint64_t{1} << 60}) {
        array<char, sidecall::detail::sha1::block_size> block{'\x80'};
        for (unsigned i = 0; i != 8; ++i) block[56 + i] = static_cast<char>(8 * length >> (56 - 8 * i) & 0xFF);
        auto state = sidecall::detail::sha1::initial;
        sidecall::detail::sha1_compress(state, block.data(), 1);
        auto const digest = sidecall::detail::sha1(sidecall::detail::sha1::initial, length).finish();
        for (unsigned i = 0; i != digest.size(); ++i)
            CHECK(digest[i] == static_cast<unsigned char>(state[i / 4] >> (24 - 8 * (i % 4)) & 0xFF));
    }
}

TEST_CASE("base64 gives the same result in one piece, in two pieces and group by group")
{
    // All digits in all places, and all lengths around the size that is written at once.
    std::string every;
    for (unsigned digit = 0; digit != 64; ++digit)
        for (unsigned three : {digit << 18, digit << 12, digit << 6, digit, digit * 0x41041})
            for (unsigned shift : {16u, 8u, 0u}) every += static_cast<char>(three >> shift & 0xFF);
    auto const encode = [](std::string_view first, std::string_view second) {
        std::string text(base64_size(first.size() + second.size()) + 1, '?');
        REQUIRE(base64_encode(first, second, text.data()) == text.data() + text.size() - 1);
        REQUIRE(text.back() == '?');
        text.pop_back();
        return text;
    };
    auto const check = [&](std::string const& bytes) {
        std::string by_group;
        for (std::size_t at = 0; at < bytes.size(); at += 3) by_group += encode(bytes.substr(at, 3), {});
        for (std::size_t split = 0; split <= bytes.size(); ++split) {
            // Each part in its own allocation, so that a sanitizer sees an out-of-bounds read.
            std::string const first = bytes.substr(0, split);
            std::string const second = bytes.substr(split);
            REQUIRE(encode(first, second) == by_group);
        }
    };
    check(every);
    for (std::size_t size = 0; size <= 80; ++size) check(some_bytes(size, static_cast<unsigned>(size) + 1));

    std::string alphabet;
    for (unsigned digit = 0; digit != 64; ++digit) {
        char const byte = static_cast<char>(digit << 2);
        alphabet += encode({&byte, 1}, {})[0];
    }
    CHECK(alphabet == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}

TEST_CASE("base64 of a known length is decoded, and only from its canonical spelling")
{
    auto const round_trip = [](auto bytes) {
        for (unsigned seed = 0; seed != 64; ++seed) {
            std::mt19937 random(seed);
            for (auto& byte : bytes)
                byte = static_cast<unsigned char>(seed == 0 ? 0 : seed == 1 ? 0xFF : random() >> 24);
            std::string text(base64_size(bytes.size()), '?');
            std::string_view const raw(reinterpret_cast<char const*>(bytes.data()), bytes.size());
            REQUIRE(base64_encode(raw, {}, text.data()) == text.data() + text.size());
            decltype(bytes) read{};
            REQUIRE(base64_decode(text, read));
            REQUIRE(read == bytes);

            // Any other character at any position decodes to other bytes or is rejected.
            if (seed > 3) continue;
            for (std::size_t i = 0; i != text.size(); ++i) {
                std::string other = text;
                for (int c = 0; c != 256; ++c) {
                    other[i] = static_cast<char>(c);
                    decltype(bytes) found{};
                    if (!base64_decode(other, found)) continue;
                    std::string again(text.size(), '?');
                    base64_encode({reinterpret_cast<char const*>(found.data()), found.size()}, {}, again.data());
                    REQUIRE(again == other);
                }
            }
        }
    };
    round_trip(array<unsigned char, 1>{});
    round_trip(array<unsigned char, 2>{});
    round_trip(array<unsigned char, 3>{});
    round_trip(array<unsigned char, 19>{});
    round_trip(array<unsigned char, 20>{});
    round_trip(array<unsigned char, 21>{});
}

TEST_CASE("rejects base64 that is not canonical")
{
    auto const reads = [](std::string_view text) {
        array<unsigned char, 4> bytes{};
        return base64_decode(text, bytes);
    };
    CHECK(reads("AAAAAA=="));
    CHECK(reads("+/+/+w=="));
    char const* const wrong[] = {
        "",             // empty
        "AAAAAA",       // no padding
        "AAAAAA=",      // half the padding
        "AAAAAA===",    // too much padding
        "AAAAAAA=",     // five bytes
        "AAAAAAAA",     // six bytes
        "AAAA",         // three bytes
        "AAAAAAAAAA==", // seven bytes
        "AAAAAB==",     // unused bits set
        "AAAAAP==",     //
        "-_-_-w==",     // the URL-safe alphabet
        "AAAAA===",     // padding in place of a digit
        "=AAAAA==",     //
        "AA==AA==",     // two texts
        "AAAA AA==",    // whitespace
        " AAAAA==",     //
        "AAAAA\n==",    //
        "AAAAAA=\n",    //
        "AAAAA\xC3==",  // not ASCII
    };
    for (char const* text : wrong) {
        CAPTURE(text);
        CHECK_FALSE(reads(text));
    }
    CHECK_FALSE(reads(std::string_view("AAAAA\0==", 8)));
    CHECK_FALSE(reads(std::string_view("AAAAAA==\0", 9)));

    // The 20 bytes of an HMAC-SHA1 leave two unused bits in the last digit.
    array<unsigned char, 20> code{};
    CHECK(base64_decode("AAAAAAAAAAAAAAAAAAAAAAAAAAA=", code));
    for (char const* last : {"B", "C", "D", "P"})
        CHECK_FALSE(base64_decode("AAAAAAAAAAAAAAAAAAAAAAAAAA" + std::string(last) + "=", code));
}

} // namespace digest_test
