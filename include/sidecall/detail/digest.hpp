#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/storage.hpp>

namespace sidecall::detail {

/// What SHA-1 and SHA-256 have in common (FIPS 180-4, sections 5.1.1 and 6): blocks of 64 bytes, padded with a bit,
/// noughts and the length. `Words` words of state, which `Compress` brings forward by one block. No branch and no index
/// depends on the bytes themselves, only on their number. Wipes itself, since it hashes keys, too.
template <std::size_t Words, std::array<std::uint32_t, Words> Initial,
          void (*Compress)(std::array<std::uint32_t, Words>&, unsigned char const*) noexcept>
class digest {
public:
    static constexpr std::size_t block_size = 64;
    static constexpr std::size_t size = 4 * Words;
    using value = std::array<unsigned char, size>;

    constexpr digest() noexcept = default;
    constexpr digest(digest const&) noexcept = default;
    constexpr digest& operator=(digest const&) noexcept = default;
    constexpr ~digest()
    {
        if (!std::is_constant_evaluated()) wipe_object(*this);
    }

    constexpr void update(std::string_view bytes) noexcept
    {
        std::size_t filled = static_cast<std::size_t>(length_ % block_size);
        length_ += bytes.size();
        for (char byte : bytes) {
            block_[filled++] = static_cast<unsigned char>(byte);
            if (filled != block_size) continue;
            Compress(state_, block_.data());
            filled = 0;
        }
    }

    /// Forgets the bytes of the last whole block, which a key is; what they did to the state stays.
    constexpr void forget_block() noexcept { block_ = {}; }

    /// The digest of all that was given. The object can be given nothing more.
    constexpr value finish() noexcept
    {
        std::uint64_t const bits = 8 * length_;
        constexpr char one_bit = static_cast<char>(0x80);
        constexpr char nought = 0;
        update({&one_bit, 1});
        while (length_ % block_size != block_size - 8) update({&nought, 1});
        for (int shift = 56; shift >= 0; shift -= 8) {
            char const byte = static_cast<char>(bits >> shift & 0xFF);
            update({&byte, 1});
        }
        value result{};
        for (std::size_t i = 0; i != size; ++i)
            result[i] = static_cast<unsigned char>(state_[i / 4] >> (24 - 8 * (i % 4)) & 0xFF);
        return result;
    }

private:
    std::array<std::uint32_t, Words> state_ = Initial;
    std::array<unsigned char, block_size> block_{};
    std::uint64_t length_ = 0;
};

constexpr std::uint32_t rotate_left(std::uint32_t word, int by) noexcept
{
    return word << by | word >> (32 - by);
}
constexpr std::uint32_t rotate_right(std::uint32_t word, int by) noexcept
{
    return word >> by | word << (32 - by);
}

/// The `i`th word of a block: big-endian, whatever the machine is.
constexpr std::uint32_t block_word(unsigned char const* block, std::size_t i) noexcept
{
    return std::uint32_t{block[4 * i]} << 24 | std::uint32_t{block[4 * i + 1]} << 16 |
           std::uint32_t{block[4 * i + 2]} << 8 | std::uint32_t{block[4 * i + 3]};
}

} // namespace sidecall::detail
