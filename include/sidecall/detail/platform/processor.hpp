#pragma once

// Detects at run time what the processor can do beyond the x86-64 baseline: the SHA instructions, several times as fast
// as any other code, and the byte shuffle of SSSE3. Define SIDECALL_NO_SHA_INSTRUCTIONS, in the whole program, to leave
// this out. That saves about two kilobytes of code and <cpuid.h>.
//
// The code that uses these instructions is written with the compiler's vector types and builtins, because <immintrin.h>
// alone takes longer to compile than all of this library.
#if defined(__x86_64__) && defined(__has_builtin) && !defined(SIDECALL_NO_SHA_INSTRUCTIONS)
#if __has_builtin(__builtin_shufflevector)
#define SIDECALL_SHA_INSTRUCTIONS
#include <cpuid.h>

namespace sidecall::detail {

enum class processor { unknown, baseline, ssse3, sha }; // each includes those before it

/// Every thread detects the same value, so the threads need no ordering.
inline processor cached_processor = processor::unknown;

[[gnu::noinline, gnu::cold]] inline processor detect_processor() noexcept
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    // unreached: other processors; SIDECALL_NO_SHA_INSTRUCTIONS removes all of it
    bool const sse41 = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 9 & c >> 19 & 1) != 0; // and SSSE3
    // unreached: as above
    bool const sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0;
    // unreached: as above
    return !sse41 ? processor::baseline : sha ? processor::sha : processor::ssse3;
}

/// Whether the processor can do what `required` names. Detects it once: CPUID takes a hundred cycles, and in a virtual
/// machine it traps, which takes microseconds.
inline bool processor_supports(processor required) noexcept
{
    processor known{};
    __atomic_load(&cached_processor, &known, __ATOMIC_RELAXED);
    if (known == processor::unknown) {
        known = detect_processor();
        __atomic_store(&cached_processor, &known, __ATOMIC_RELAXED);
    }
    return known >= required;
}

} // namespace sidecall::detail

#endif
#endif
