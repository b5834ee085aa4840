#pragma once

/// For what is small, hot, and left out of line by compilers that do not know that: with the call go the registers.
#if defined(__GNUC__) && !defined(SIDECALL_PREFER_SIZE)
#define SIDECALL_DETAIL_INLINE __attribute__((always_inline)) inline
#else
#define SIDECALL_DETAIL_INLINE inline
#endif

/// For what is done when something is wrong: kept out of line, and out of the way of what goes well.
#if defined(__GNUC__)
#define SIDECALL_DETAIL_COLD __attribute__((cold, noinline))
#else
#define SIDECALL_DETAIL_COLD
#endif

/// For what a program and its shared libraries must have one of, whatever -fvisibility says.
#if defined(__GNUC__) && !defined(_WIN32)
#define SIDECALL_DETAIL_SHARED __attribute__((visibility("default")))
#else
#define SIDECALL_DETAIL_SHARED
#endif

namespace sidecall::detail {

/// Whether small code is asked for, by SIDECALL_PREFER_SIZE, which must be defined in the whole program or not at all:
/// then shortcuts are left out, and all goes the general way behind them. Not by -Os itself, which may differ between
/// the translation units of a program that share these inline functions.
#if defined(SIDECALL_PREFER_SIZE)
inline constexpr bool prefers_size = true;
#else
inline constexpr bool prefers_size = false;
#endif

} // namespace sidecall::detail
