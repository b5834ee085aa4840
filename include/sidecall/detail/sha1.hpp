#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sidecall/detail/digest.hpp>

namespace sidecall::detail {

/// FIPS 180-4, section 6.1.2. SHA-1 is broken as a hash; within HMAC, where Twilio has it, it still holds.
constexpr void sha1_compress(std::array<std::uint32_t, 5>& state, unsigned char const* block) noexcept
{
    std::array<std::uint32_t, 80> w{};
    for (std::size_t t = 0; t != 16; ++t) w[t] = block_word(block, t);
    for (std::size_t t = 16; t != 80; ++t) w[t] = rotate_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

    std::uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    auto const step = [&](std::uint32_t f, std::uint32_t k, std::uint32_t word) {
        std::uint32_t const next = rotate_left(a, 5) + f + e + k + word;
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    };
    for (std::size_t t = 0; t != 20; ++t) step((b & c) ^ (~b & d), 0x5A827999, w[t]);
    for (std::size_t t = 20; t != 40; ++t) step(b ^ c ^ d, 0x6ED9EBA1, w[t]);
    for (std::size_t t = 40; t != 60; ++t) step((b & c) ^ (b & d) ^ (c & d), 0x8F1BBCDC, w[t]);
    for (std::size_t t = 60; t != 80; ++t) step(b ^ c ^ d, 0xCA62C1D6, w[t]);

    state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

using sha1 =
    digest<5, std::array<std::uint32_t, 5>{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, &sha1_compress>;

} // namespace sidecall::detail
