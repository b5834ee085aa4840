#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <sidecall/detail/sha1.hpp>
#include <sidecall/detail/storage.hpp>

namespace sidecall::detail {

/// HMAC (RFC 2104) with SHA-1. The key is hashed once, when it is given; it cannot be had back, and what is kept of it
/// is wiped in the end.
class hmac_sha1 {
public:
    using value = sha1::value;

    explicit hmac_sha1(std::string_view key) noexcept
    {
        std::array<char, sha1::block_size> padded{};
        if (key.size() > padded.size()) {
            sha1 hash;
            hash.update(key);
            auto hashed = hash.finish();
            for (std::size_t i = 0; i != hashed.size(); ++i) padded[i] = static_cast<char>(hashed[i]);
            wipe_object(hashed);
        } else {
            key.copy(padded.data(), key.size());
        }
        absorb(inner_, padded, 0x36);
        absorb(outer_, padded, 0x5C);
        wipe_object(padded);
    }

    /// Takes the pieces of a text one after the other; gives its code in the end. `pieces` is called with a function
    /// that takes a `string_view`.
    template <class Pieces>
    value code(Pieces&& pieces) const noexcept
    {
        sha1 inner = inner_;
        pieces([&inner](std::string_view piece) { inner.update(piece); });
        value const hashed = inner.finish();
        sha1 outer = outer_;
        outer.update({reinterpret_cast<char const*>(hashed.data()), hashed.size()});
        return outer.finish();
    }

private:
    static void absorb(sha1& hash, std::array<char, sha1::block_size> const& key, unsigned char mask) noexcept
    {
        for (char byte : key) {
            char const masked = static_cast<char>(static_cast<unsigned char>(byte) ^ mask);
            hash.update({&masked, 1});
        }
        hash.forget_block(); // the key itself, but for the mask
    }

    sha1 inner_;
    sha1 outer_;
};

/// Whether two byte strings of one length are the same, in a time that depends on the length alone: no branch and no
/// index on a byte of either.
template <std::size_t N>
bool equal_in_constant_time(std::array<unsigned char, N> const& a, std::array<unsigned char, N> const& b) noexcept
{
    unsigned char volatile difference = 0; // volatile, so that no compiler finds a reason to stop early
    for (std::size_t i = 0; i != N; ++i) difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
    return difference == 0;
}

} // namespace sidecall::detail
