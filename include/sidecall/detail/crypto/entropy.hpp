#pragma once

#include <cstddef>

#include <sidecall/detail/memory/storage.hpp>

// Uses `getentropy` where the operating system has it: it cannot throw, as `std::random_device` may, and avoids the
// 17,000 preprocessed lines of <random>.
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#define SIDECALL_DETAIL_GETENTROPY
#else
#include <random>
#endif

namespace sidecall::detail {

/// Fills a buffer of at most 256 bytes with unpredictable bytes. Ends the program if the operating system provides
/// none, because there is no safe way to continue.
inline void fill_with_entropy(unsigned char* data, std::size_t size)
{
#ifdef SIDECALL_DETAIL_GETENTROPY
    expect(::getentropy(data, size) == 0, "the operating system gives no random bytes");
#else
    std::random_device device;
    // unreached: the tested systems have getentropy
    for (std::size_t i = 0; i != size; ++i) data[i] = static_cast<unsigned char>(device());
#endif
}

} // namespace sidecall::detail

#undef SIDECALL_DETAIL_GETENTROPY
