#pragma once

// What the processor can do beyond what every one of its kind can, found out at run time: the SHA instructions of
// x86-64, several times as fast as anything else, and its shuffle of bytes. Define SIDECALL_NO_SHA_INSTRUCTIONS, in all
// of the program, to leave that out: it saves some two kilobytes of code and <cpuid.h>.
//
// Who uses it takes the compiler's own vectors and builtins, since <immintrin.h> alone takes longer to compile than all
// of this library.
#if defined(__x86_64__) && defined(__has_builtin) && !defined(SIDECALL_NO_SHA_INSTRUCTIONS)
#if __has_builtin(__builtin_shufflevector)
#define SIDECALL_SHA_INSTRUCTIONS
#include <cpuid.h>

namespace sidecall::detail {

enum class processor { unknown, baseline, ssse3, sha }; // each can do what those before it can

/// The same whichever thread finds it out, so threads need no order.
inline processor cached_processor = processor::unknown;

[[gnu::noinline, gnu::cold]] inline processor detect_processor() noexcept
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    // unreached: what other processors have; SIDECALL_NO_SHA_INSTRUCTIONS takes all of it out
    bool const sse41 = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 9 & c >> 19 & 1) != 0; // and SSSE3
    // unreached: as above
    bool const sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0;
    // unreached: as above
    return !sse41 ? processor::baseline : sha ? processor::sha : processor::ssse3;
}

/// Asks the processor once: CPUID takes a hundred cycles, and in a virtual machine it is a trap of microseconds.
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
