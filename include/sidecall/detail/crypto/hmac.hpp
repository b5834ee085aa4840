#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/crypto/sha1.hpp>
#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/platform/bits.hpp>
#include <sidecall/detail/platform/compiler.hpp>

namespace sidecall::detail {

/// Overwrites the stack below the frame of its caller. Functions that have returned may have left a secret there, in
/// spilled registers that no compiler can be told to wipe. The functions that handled the secret must not be inlined
/// into the caller.
[[gnu::noinline]] inline void wipe_stack() noexcept
{
    char below[prefers_size ? 640 : 1024]; // portable SHA-1 uses 500 to 700 bytes, less when built for size
    wipe(below, sizeof below);
}

/// HMAC (RFC 2104) with SHA-1. Hashes the key once, in the constructor, and keeps the SHA-1 states after the inner and
/// the outer pad. The key cannot be recovered from these states. The destructor wipes them.
class hmac_sha1 {
public:
    using value = sha1::value;

    constexpr explicit hmac_sha1(std::string_view key) noexcept
    {
        set_key(key);
        if (!std::is_constant_evaluated()) wipe_stack();
    }
    constexpr hmac_sha1(hmac_sha1 const&) noexcept = default;
    constexpr hmac_sha1& operator=(hmac_sha1 const&) noexcept = default;
    constexpr ~hmac_sha1()
    {
        wipe_object(inner_);
        wipe_object(outer_);
    }

    /// Returns the authentication code of a text that is passed in pieces. Calls `pieces` with a function that takes a
    /// `string_view`.
    template <class Pieces>
    constexpr value code(Pieces&& pieces) const noexcept
    {
        value const computed = compute(pieces);
        if (!std::is_constant_evaluated()) wipe_stack();
        return computed;
    }

private:
    [[gnu::noinline]] constexpr void set_key(std::string_view key) noexcept
    {
        array<char, sha1::block_size> pad{};
        if (key.size() > pad.size()) {
            sha1 hash;
            hash.update(key);
            hash.finish(pad.data());
        } else {
            key.copy(pad.data(), key.size());
        }
        for (char& byte : pad) byte = static_cast<char>(byte ^ 0x36);
        sha1_compress(inner_, pad.data(), 1);
        for (char& byte : pad) byte = static_cast<char>(byte ^ 0x36 ^ 0x5C);
        sha1_compress(outer_, pad.data(), 1);
        wipe_object(pad);
    }

    template <class Pieces>
    [[gnu::noinline]] constexpr value compute(Pieces& pieces) const noexcept
    {
        sha1 inner(inner_, sha1::block_size);
        pieces([&inner](std::string_view piece) { inner.update(piece); });
        // Not a secret: it reveals nothing about the key, and without the key nobody can compute a code from it.
        auto const text = detail::bit_cast<array<char, sha1::size>>(inner.finish());
        sha1 outer(outer_, sha1::block_size);
        outer.update({text.data(), text.size()});
        return outer.finish();
    }

    sha1::state inner_ = sha1::initial;
    sha1::state outer_ = sha1::initial;
};

/// Returns its argument, but hides the value from the optimizer, which then cannot add an early exit to the
/// computation.
constexpr unsigned hide_from_optimizer(unsigned number) noexcept
{
    if (std::is_constant_evaluated()) return number;
#if defined(__GNUC__)
    __asm__("" : "+r"(number));
    return number;
#else
    unsigned volatile hidden = number;
    return hidden;
#endif
}

/// Whether two byte strings of the same length are equal, in a time that depends only on the length: no branch and no
/// index depends on the bytes.
template <std::size_t N>
constexpr bool equal_in_constant_time(array<unsigned char, N> const& a, array<unsigned char, N> const& b) noexcept
{
    unsigned difference = 0;
    for (std::size_t i = 0; i != N; ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
    return hide_from_optimizer(difference) == 0;
}

} // namespace sidecall::detail
