#pragma once

#include <cstddef>
#include <cstdint>

#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/platform/processor.hpp>

namespace sidecall::detail {

#ifdef SIDECALL_SHA_INSTRUCTIONS

using sha_words [[gnu::vector_size(16)]] = int; // signed, as the builtins require
using sha_unsigned_words [[gnu::vector_size(16)]] = unsigned;
using sha_bytes [[gnu::vector_size(16)]] = char;

inline sha_words sha_load(void const* from) noexcept
{
    sha_words loaded;
    __builtin_memcpy(&loaded, from, sizeof loaded);
    return loaded;
}

inline void sha_store(void* to, sha_words words) noexcept
{
    __builtin_memcpy(to, &words, sizeof words);
}

/// Adds as unsigned words, because the sums wrap around.
inline sha_words sha_add(sha_words a, sha_words b) noexcept
{
    return reinterpret_cast<sha_words>(reinterpret_cast<sha_unsigned_words>(a) +
                                       reinterpret_cast<sha_unsigned_words>(b));
}

/// Loads 16 bytes of a block as four big-endian words. In the vectors of SHA-1 the first word is the highest.
[[gnu::target("sha,sse4.1")]] inline sha_words sha1_load(char const* block) noexcept
{
    auto const bytes = reinterpret_cast<sha_bytes>(sha_load(block));
    return reinterpret_cast<sha_words>(
        __builtin_shufflevector(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

[[gnu::target("sha,sse4.1")]] inline sha_words sha256_load(char const* block) noexcept
{
    auto const bytes = reinterpret_cast<sha_bytes>(sha_load(block));
    return reinterpret_cast<sha_words>(
        __builtin_shufflevector(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/// The working variables of SHA-1, for four rounds at a time: `abcd`; its value four rounds ago, because its `a`,
/// rotated, is the current `e`; and the next 16 words.
struct sha1_vectors {
    sha_words abcd, previous, w0, w1, w2, w3;

    /// Computes 20 rounds. Each stage of 20 has its own function and constant.
    template <int Stage>
    [[gnu::target("sha,sse4.1"), gnu::always_inline]] void run() noexcept
    {
        for (int i = 0; i != 5; ++i) {
            sha_words const e = __builtin_ia32_sha1nexte(previous, w0);
            previous = abcd;
            abcd = __builtin_ia32_sha1rnds4(abcd, e, Stage);
            sha_words const next = __builtin_ia32_sha1msg2(__builtin_ia32_sha1msg1(w0, w1) ^ w2, w3);
            w0 = w1;
            w1 = w2;
            w2 = w3;
            w3 = next;
        }
    }
};

/// FIPS 180-4, section 6.1.2. A vector for `e` has it in the highest word, where the instructions expect it.
[[gnu::target("sha,sse4.1")]] inline void sha1_with_instructions(array<std::uint32_t, 5>& state, char const* blocks,
                                                                 std::size_t count) noexcept
{
    sha_words const read = sha_load(state.data());
    sha_words abcd = __builtin_shufflevector(read, read, 3, 2, 1, 0);
    sha_words e{0, 0, 0, static_cast<int>(state[4])};
    for (; count != 0; --count, blocks += 64) {
        auto const bits = reinterpret_cast<sha_unsigned_words>(e); // undoes the rotation that SHA1NEXTE applies
        sha1_vectors rounds{abcd,
                            reinterpret_cast<sha_words>(bits << 2 | bits >> 30),
                            sha1_load(blocks),
                            sha1_load(blocks + 16),
                            sha1_load(blocks + 32),
                            sha1_load(blocks + 48)};
        rounds.run<0>();
        rounds.run<1>();
        rounds.run<2>();
        rounds.run<3>();
        e = __builtin_ia32_sha1nexte(rounds.previous, e);
        abcd = sha_add(abcd, rounds.abcd);
    }
    sha_store(state.data(), __builtin_shufflevector(abcd, abcd, 3, 2, 1, 0));
    state[4] = static_cast<std::uint32_t>(e[3]);
}

/// FIPS 180-4, section 6.2.2. The instructions expect the state in these two vectors, named from the lowest word up.
[[gnu::target("sha,sse4.1")]] inline void sha256_with_instructions(array<std::uint32_t, 8>& state, char const* blocks,
                                                                   std::size_t count,
                                                                   std::uint32_t const* constants) noexcept
{
    sha_words const abcd = sha_load(state.data());
    sha_words const efgh = sha_load(state.data() + 4);
    sha_words feba = __builtin_shufflevector(abcd, efgh, 5, 4, 1, 0);
    sha_words hgdc = __builtin_shufflevector(abcd, efgh, 7, 6, 3, 2);
    for (; count != 0; --count, blocks += 64) {
        sha_words const feba_before = feba;
        sha_words const hgdc_before = hgdc;
        sha_words w0 = sha256_load(blocks);
        sha_words w1 = sha256_load(blocks + 16);
        sha_words w2 = sha256_load(blocks + 32);
        sha_words w3 = sha256_load(blocks + 48);
        for (std::size_t t = 0; t != 64; t += 4) {
            sha_words const sum = sha_add(w0, sha_load(constants + t));
            hgdc = __builtin_ia32_sha256rnds2(hgdc, feba, sum);
            feba = __builtin_ia32_sha256rnds2(feba, hgdc, __builtin_shufflevector(sum, sum, 2, 3, 2, 3));
            sha_words const middle = __builtin_shufflevector(w2, w3, 1, 2, 3, 4);
            sha_words const next = __builtin_ia32_sha256msg2(sha_add(__builtin_ia32_sha256msg1(w0, w1), middle), w3);
            w0 = w1;
            w1 = w2;
            w2 = w3;
            w3 = next;
        }
        feba = sha_add(feba, feba_before);
        hgdc = sha_add(hgdc, hgdc_before);
    }
    sha_store(state.data(), __builtin_shufflevector(feba, hgdc, 3, 2, 7, 6));
    sha_store(state.data() + 4, __builtin_shufflevector(feba, hgdc, 1, 0, 5, 4));
}

/// Updates the state with `count` blocks. Returns false and does nothing if the processor has no SHA instructions.
inline bool try_sha1_instructions(array<std::uint32_t, 5>& state, char const* blocks, std::size_t count) noexcept
{
    // unreached: a processor without them
    if (!processor_supports(processor::sha)) return false;
    sha1_with_instructions(state, blocks, count);
    return true;
}

inline bool try_sha256_instructions(array<std::uint32_t, 8>& state, char const* blocks, std::size_t count,
                                    std::uint32_t const* constants) noexcept
{
    // unreached: a processor without them
    if (!processor_supports(processor::sha)) return false;
    sha256_with_instructions(state, blocks, count, constants);
    return true;
}

#else

constexpr bool try_sha1_instructions(array<std::uint32_t, 5>&, char const*, std::size_t) noexcept
{
    return false;
}

constexpr bool try_sha256_instructions(array<std::uint32_t, 8>&, char const*, std::size_t,
                                       std::uint32_t const*) noexcept
{
    return false;
}

#endif

} // namespace sidecall::detail
