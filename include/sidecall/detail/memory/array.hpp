#pragma once

#include <cstddef>

namespace sidecall::detail {

/// Replaces `std::array`, because <array> is expensive to include. Has only the members that the library uses. It can
/// be copied, returned, compared and used as a template argument. Structured bindings need `elements`.
template <class T, std::size_t Size>
struct array {
    T elements[Size];

    static constexpr std::size_t size() noexcept { return Size; }
    constexpr T* data() noexcept { return elements; }
    constexpr T const* data() const noexcept { return elements; }
    constexpr T* begin() noexcept { return elements; }
    constexpr T const* begin() const noexcept { return elements; }
    constexpr T* end() noexcept { return elements + Size; }
    constexpr T const* end() const noexcept { return elements + Size; }
    constexpr T& operator[](std::size_t i) noexcept { return elements[i]; }
    constexpr T const& operator[](std::size_t i) const noexcept { return elements[i]; }

    /// Stops at the first difference. To compare secret codes, use `equal_in_constant_time`.
    friend constexpr bool operator==(array const&, array const&) noexcept = default;
};

} // namespace sidecall::detail
