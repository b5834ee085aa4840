#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <sidecall/detail/crypto/digest.hpp>
#include <sidecall/detail/crypto/sha_instructions.hpp>
#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/platform/compiler.hpp>

namespace sidecall::detail {

/// The function of a round plus its constant (FIPS 180-4, sections 4.1.1 and 4.2.1). `Stage` counts the four groups of
/// 20 rounds from 0. Choice and majority are written to take three operations each, and the sum does not have to wait
/// for the second half of the majority.
template <int Stage>
constexpr std::uint32_t sha1_function(std::uint32_t b, std::uint32_t c, std::uint32_t d) noexcept
{
    if constexpr (Stage == 0)
        return (((c ^ d) & b) ^ d) + 0x5A827999;
    else if constexpr (Stage == 1)
        return (b ^ c ^ d) + 0x6ED9EBA1;
    else if constexpr (Stage == 2)
        return (b & c) + ((b ^ c) & d) + 0x8F1BBCDC;
    else
        return (b ^ c ^ d) + 0xCA62C1D6;
}

/// One round without the rotation of the variables; the caller permutes the arguments instead.
template <int Stage>
[[gnu::always_inline]] constexpr void sha1_round(std::uint32_t a, std::uint32_t& b, std::uint32_t c, std::uint32_t d,
                                                 std::uint32_t& e, std::uint32_t* w) noexcept
{
    if constexpr (Stage != 3) w[20] = rotate_left(w[17] ^ w[12] ^ w[6] ^ w[4], 1);
    e += w[0] + detail::sha1_function<Stage>(b, c, d) + rotate_left(a, 5);
    b = rotate_left(b, 30);
}

/// Computes 20 rounds, and in between the words of the next 20, so that the processor can do both in parallel.
template <int Stage>
[[gnu::always_inline]] constexpr void sha1_rounds(array<std::uint32_t, 5>& s, std::uint32_t* w) noexcept
{
    auto [a, b, c, d, e] = s.elements;
    for (std::uint32_t* const end = w + 20; w != end; w += 5) {
        detail::sha1_round<Stage>(a, b, c, d, e, w);
        detail::sha1_round<Stage>(e, a, b, c, d, w + 1);
        detail::sha1_round<Stage>(d, e, a, b, c, w + 2);
        detail::sha1_round<Stage>(c, d, e, a, b, w + 3);
        detail::sha1_round<Stage>(b, c, d, e, a, w + 4);
    }
    s = {a, b, c, d, e};
}

/// Computes all 80 rounds in one loop: a quarter slower and a quarter of the size.
constexpr void sha1_rounds_compact(array<std::uint32_t, 5>& s, std::uint32_t* w) noexcept
{
    auto [a, b, c, d, e] = s.elements;
    for (int t = 0; t != 80; ++t, ++w) {
        if (t < 60) w[20] = rotate_left(w[17] ^ w[12] ^ w[6] ^ w[4], 1);
        std::uint32_t const f = t < 20   ? sha1_function<0>(b, c, d)
                                : t < 40 ? sha1_function<1>(b, c, d)
                                : t < 60 ? sha1_function<2>(b, c, d)
                                         : sha1_function<3>(b, c, d);
        std::uint32_t const next = rotate_left(a, 5) + f + e + *w;
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    s = {a, b, c, d, e};
}

/// FIPS 180-4, section 6.1.2, in portable C++. Too long to inline.
[[gnu::noinline]] constexpr void sha1_portable(array<std::uint32_t, 5>& state, char const* blocks,
                                               std::size_t count) noexcept
{
    array<std::uint32_t, 80> w{};
    for (; count != 0; --count, blocks += 64) {
        for (std::size_t t = 0; t != 16; ++t) w[t] = read_word(blocks + 4 * t);
        for (std::size_t t = 16; t != 20; ++t) w[t] = rotate_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
        auto s = state;
        if constexpr (prefers_size) {
            sha1_rounds_compact(s, w.data());
        } else {
            sha1_rounds<0>(s, w.data());
            sha1_rounds<1>(s, w.data() + 20);
            sha1_rounds<2>(s, w.data() + 40);
            sha1_rounds<3>(s, w.data() + 60);
        }
        for (std::size_t i = 0; i != 5; ++i) state[i] += s[i];
    }
    if (!std::is_constant_evaluated()) wipe_object(w); // may contain a key
}

/// Updates the state with `count` blocks.
constexpr void sha1_compress(array<std::uint32_t, 5>& state, char const* blocks, std::size_t count) noexcept
{
    if (std::is_constant_evaluated() || !try_sha1_instructions(state, blocks, count))
        sha1_portable(state, blocks, count);
}

/// SHA-1 is broken as a hash but still secure within HMAC, which is how Twilio uses it.
using sha1 =
    digest<5, array<std::uint32_t, 5>{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, &sha1_compress>;

} // namespace sidecall::detail
