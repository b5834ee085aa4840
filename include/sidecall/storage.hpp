#pragma once

#include <cstddef>

namespace sidecall {

/// The caller's buffer that the library writes into: a fixed array on a controller without a heap, or memory that is
/// reused. It is non-owning, so the buffer must outlive what is made in it, and it can be used for one object at a
/// time. A function that takes a `storage` does not allocate. If the buffer is too small, it fails with
/// `invalid_argument` in `"storage"`; the offset of the failure is the size needed.
///
/// @code
/// char buffer[1024];
/// auto message = verifier.receive(request, buffer);
/// @endcode
class storage {
public:
    /// A buffer of `size` bytes that begins at `data`.
    constexpr storage(char* data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// A whole array.
    template <std::size_t N>
    constexpr storage(char (&array)[N]) noexcept : data_(array), size_(N)
    {
    }

    /// A `std::array`, a `std::span`, or a `std::string` (up to its size, not its capacity).
    template <class Range>
        requires requires(Range& range, char*& data, std::size_t& size) {
            data = range.data();
            size = range.size();
        }
    constexpr storage(Range& range) noexcept : data_(range.data()), size_(range.size())
    {
    }

    constexpr char* data() const noexcept { return data_; }       ///< The first byte.
    constexpr std::size_t size() const noexcept { return size_; } ///< The size in bytes.

private:
    char* data_;
    std::size_t size_;
};

} // namespace sidecall
