#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/platform/bits.hpp>

// What SHA-1 and SHA-256 share: operations on words, and blocks and padding.
namespace sidecall::detail {

constexpr std::uint32_t rotate_left(std::uint32_t bits, int count) noexcept
{
    return bits << count | bits >> (32 - count);
}
constexpr std::uint32_t rotate_right(std::uint32_t bits, int count) noexcept
{
    return bits >> count | bits << (32 - count);
}

/// Words in blocks and digests are big-endian on every machine. Compilers turn each of these functions into one
/// instruction.
constexpr std::uint32_t read_word(char const* from) noexcept
{
    auto const byte = [from](int i) { return std::uint32_t{static_cast<unsigned char>(from[i])}; };
    return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

template <class Byte>
constexpr void write_word(Byte* to, std::uint32_t bits) noexcept
{
    to[0] = static_cast<Byte>(bits >> 24 & 0xFF);
    to[1] = static_cast<Byte>(bits >> 16 & 0xFF);
    to[2] = static_cast<Byte>(bits >> 8 & 0xFF);
    to[3] = static_cast<Byte>(bits & 0xFF);
}

/// The common part of SHA-1 and SHA-256 (FIPS 180-4, sections 5.1.1 and 6): blocks of 64 bytes, padded with a one bit,
/// zeros and the length. The state has `Words` words; `Compress` updates it with a number of blocks. No branch and no
/// index depends on the bytes, only on their number. The destructor wipes the object, because it also hashes keys.
template <std::size_t Words, array<std::uint32_t, Words> Initial,
          void (*Compress)(array<std::uint32_t, Words>&, char const*, std::size_t) noexcept>
class digest {
public:
    static constexpr std::size_t block_size = 64;
    static constexpr std::size_t size = 4 * Words;
    using state = array<std::uint32_t, Words>;
    using value = array<unsigned char, size>;
    static constexpr state initial = Initial;

    constexpr digest() noexcept = default;
    /// Continues from the state of another hash after `length` bytes, a multiple of the block size.
    constexpr digest(state const& midstate, std::uint64_t length) noexcept : state_(midstate), length_(length) {}
    constexpr digest(digest const&) noexcept = default;
    constexpr digest& operator=(digest const&) noexcept = default;
    constexpr ~digest()
    {
        detail::wipe_object(state_);
        detail::wipe_object(block_);
    }

    constexpr void update(std::string_view bytes) noexcept
    {
        auto const filled = static_cast<unsigned>(length_ % block_size);
        length_ += bytes.size();
        if (filled != 0) {
            std::size_t const taken = bytes.copy(block_.data() + filled, block_size - filled);
            if (filled + taken != block_size) return;
            Compress(state_, block_.data(), 1);
            bytes.remove_prefix(taken);
        }
        if (std::size_t const blocks = bytes.size() / block_size; blocks != 0) {
            Compress(state_, bytes.data(), blocks);
            bytes.remove_prefix(blocks * block_size);
        }
        bytes.copy(block_.data(), bytes.size());
    }

    /// Returns the digest of all bytes passed to `update`. After this the object must not be updated again.
    constexpr value finish() noexcept
    {
        finish_block();
        if constexpr (is_little_endian)
            for (std::uint32_t& bits : state_) bits = __builtin_bswap32(bits);
        return detail::bit_cast<value>(state_);
    }

    /// Writes the digest to `out`, which must have room for `size` bytes. For digests that are secret: a returned value
    /// may leave a copy on the stack.
    constexpr void finish(char* out) noexcept
    {
        finish_block();
        for (std::size_t i = 0; i != Words; ++i) detail::write_word(out + 4 * i, state_[i]);
    }

private:
    /// Pads the last block and compresses it.
    constexpr void finish_block() noexcept
    {
        constexpr std::size_t length_at = block_size - sizeof length_;
        auto filled = static_cast<unsigned>(length_ % block_size);
        block_[filled++] = static_cast<char>(0x80);
        if (filled > length_at) {
            while (filled != block_size) block_[filled++] = 0;
            Compress(state_, block_.data(), 1);
            filled = 0;
        }
        while (filled != length_at) block_[filled++] = 0;
        std::uint64_t const bits = 8 * length_;
        write_word(block_.data() + length_at, static_cast<std::uint32_t>(bits >> 32));
        write_word(block_.data() + length_at + 4, static_cast<std::uint32_t>(bits & 0xFFFFFFFF));
        Compress(state_, block_.data(), 1);
    }

    state state_ = Initial;
    array<char, block_size> block_{};
    std::uint64_t length_ = 0;
};

} // namespace sidecall::detail
