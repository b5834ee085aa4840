#pragma once

// What the library uses of <bit>, which is expensive to include.
namespace sidecall::detail {

/// Whether the first byte of a number is its least significant one. Only compilers for Windows, which is always
/// little-endian, do not define the byte order.
#if defined(__BYTE_ORDER__)
inline constexpr bool is_little_endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
#else
inline constexpr bool is_little_endian = true; // unreached: g++ and clang++ define it
#endif

/// Returns the object whose bytes are those of `from`, as `std::bit_cast` does.
template <class To, class From>
constexpr To bit_cast(From const& from) noexcept
{
    return __builtin_bit_cast(To, from);
}

/// Returns how many zero bits are below the lowest one bit. There must be a one bit.
constexpr unsigned trailing_zeros(unsigned bits) noexcept
{
#if defined(__GNUC__)
    return static_cast<unsigned>(__builtin_ctz(bits));
#else
    unsigned count = 0;                          // unreached: the tested compilers are g++ and clang++
    for (; (bits & 1) == 0; bits >>= 1) ++count; // unreached: as above
    return count;
#endif
}

} // namespace sidecall::detail
