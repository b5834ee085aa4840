#pragma once

// What depends on the compiler and on its options: attributes as macros, and whether small code is preferred.

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

} // namespace sidecall::detail
