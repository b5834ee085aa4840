#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <sidecall/detail/crypto/digest.hpp>
#include <sidecall/detail/crypto/sha_instructions.hpp>
#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/platform/compiler.hpp>

namespace sidecall::detail {

/// FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
inline constexpr std::uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// One round without the rotation of the variables; the caller permutes the arguments instead. Choice and majority
/// (FIPS 180-4, section 4.1.2) are written to take three and four operations.
[[gnu::always_inline]] constexpr void sha256_round(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t& d,
                                                   std::uint32_t e, std::uint32_t f, std::uint32_t g, std::uint32_t& h,
                                                   std::uint32_t sum) noexcept
{
    h += sum + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + (((f ^ g) & e) ^ g);
    d += h;
    h += (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) + ((a & b) | ((a | b) & c));
}

/// FIPS 180-4, section 6.2.2, in portable C++. Too long to inline.
[[gnu::noinline]] constexpr void sha256_portable(array<std::uint32_t, 8>& state, char const* blocks,
                                                 std::size_t count) noexcept
{
    array<std::uint32_t, 64> w{}; // not wiped: this library computes SHA-256 of public data only
    for (; count != 0; --count, blocks += 64) {
        for (std::size_t t = 0; t != 16; ++t) w[t] = read_word(blocks + 4 * t);
        for (std::size_t t = 16; t != 64; ++t) {
            std::uint32_t const s0 = rotate_right(w[t - 15], 7) ^ rotate_right(w[t - 15], 18) ^ w[t - 15] >> 3;
            std::uint32_t const s1 = rotate_right(w[t - 2], 17) ^ rotate_right(w[t - 2], 19) ^ w[t - 2] >> 10;
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }
        auto [a, b, c, d, e, f, g, h] = state.elements;
        // The loop for small code: a quarter slower and two fifths of the size.
        for (std::size_t t = 0; prefers_size && t != 64; ++t) {
            sha256_round(a, b, c, d, e, f, g, h, w[t] + sha256_constants[t]);
            std::uint32_t const next = h;
            h = g;
            g = f;
            f = e;
            e = d;
            d = c;
            c = b;
            b = a;
            a = next;
        }
        for (std::size_t t = 0; !prefers_size && t != 64; t += 8) {
            auto const sum = [&w, t](std::size_t i) { return w[t + i] + sha256_constants[t + i]; };
            sha256_round(a, b, c, d, e, f, g, h, sum(0));
            sha256_round(h, a, b, c, d, e, f, g, sum(1));
            sha256_round(g, h, a, b, c, d, e, f, sum(2));
            sha256_round(f, g, h, a, b, c, d, e, sum(3));
            sha256_round(e, f, g, h, a, b, c, d, sum(4));
            sha256_round(d, e, f, g, h, a, b, c, sum(5));
            sha256_round(c, d, e, f, g, h, a, b, sum(6));
            sha256_round(b, c, d, e, f, g, h, a, sum(7));
        }
        state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d,
                 state[4] + e, state[5] + f, state[6] + g, state[7] + h};
    }
}

/// Updates the state with `count` blocks.
constexpr void sha256_compress(array<std::uint32_t, 8>& state, char const* blocks, std::size_t count) noexcept
{
    if (std::is_constant_evaluated() || !try_sha256_instructions(state, blocks, count, sha256_constants))
        sha256_portable(state, blocks, count);
}

using sha256 = digest<8,
                      array<std::uint32_t, 8>{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                                              0x1f83d9ab, 0x5be0cd19},
                      &sha256_compress>;

} // namespace sidecall::detail
