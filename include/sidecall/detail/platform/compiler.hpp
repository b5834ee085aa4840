#pragma once

// What depends on the compiler and on its options: attributes as macros, whether small code is preferred, and what of
// <bit> the library uses, because <bit> is expensive to include.

/// Forces inlining of small, hot functions that compilers would otherwise keep out of line, so that values stay in
/// registers.
#if defined(__GNUC__) && !defined(SIDECALL_PREFER_SIZE)
#define SIDECALL_DETAIL_INLINE __attribute__((always_inline)) inline
#else
#define SIDECALL_DETAIL_INLINE inline
#endif

/// Keeps error paths out of line and away from the hot path.
#if defined(__GNUC__)
#define SIDECALL_DETAIL_COLD __attribute__((cold, noinline))
#else
#define SIDECALL_DETAIL_COLD
#endif

/// For an object that a program and its shared libraries must share, whatever -fvisibility says.
#if defined(__GNUC__) && !defined(_WIN32)
#define SIDECALL_DETAIL_SHARED __attribute__((visibility("default")))
#else
#define SIDECALL_DETAIL_SHARED
#endif

namespace sidecall::detail {

/// Whether small code is preferred. SIDECALL_PREFER_SIZE selects it and must be defined in the whole program or not at
/// all. The fast paths are then left out, and everything takes the general path. -Os does not select it, because it may
/// differ between the translation units of a program, which share these inline functions.
#if defined(SIDECALL_PREFER_SIZE)
inline constexpr bool prefers_size = true;
#else
inline constexpr bool prefers_size = false;
#endif

/// Whether the first byte of a number is its lowest. Compilers that do not define the byte order are those of Windows,
/// which is always little-endian.
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
