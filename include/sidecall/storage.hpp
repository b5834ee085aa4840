#pragma once

#include <cstddef>

namespace sidecall {

/// Memory of yours that something is written into: a fixed array on a controller without a heap, or one that is used
/// again and again. It is referred to and never freed, so it must outlive what is made in it; it holds one thing at a
/// time. Whatever takes a `storage` allocates nothing, and says by a failure in `"storage"` when the room is too small.
class storage {
public:
    /// So many bytes from there on.
    constexpr storage(char* data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// All of an array.
    template <std::size_t N>
    constexpr storage(char (&array)[N]) noexcept : data_(array), size_(N)
    {
    }

    /// A `std::array`, a `std::span`, a `std::string` (as much of it as its size says).
    template <class Range>
        requires requires(Range& range, char*& data, std::size_t& size) {
            data = range.data();
            size = range.size();
        }
    constexpr storage(Range& range) noexcept : data_(range.data()), size_(range.size())
    {
    }

    constexpr char* data() const noexcept { return data_; }       ///< Its first byte.
    constexpr std::size_t size() const noexcept { return size_; } ///< How many bytes there are.

private:
    char* data_;
    std::size_t size_;
};

} // namespace sidecall
