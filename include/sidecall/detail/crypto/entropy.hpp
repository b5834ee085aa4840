#pragma once

#include <cstddef>

#include <sidecall/detail/memory/storage.hpp>

// The operating system's own source where it has one: `getentropy` cannot throw, as `std::random_device` may, and
// spares each user the 17,000 preprocessed lines of <random>.
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#define SIDECALL_DETAIL_GETENTROPY
#else
#include <random>
#endif

namespace sidecall::detail {

/// Fills at most 256 bytes with unpredictable ones. Without such a source there is nothing safe to go on with, so the
/// program ends.
inline void fill_with_entropy(unsigned char* data, std::size_t size)
{
#ifdef SIDECALL_DETAIL_GETENTROPY
    expect(::getentropy(data, size) == 0, "the operating system gives no random bytes");
#else
    std::random_device device;
    // unreached: where we test there is getentropy
    for (std::size_t i = 0; i != size; ++i) data[i] = static_cast<unsigned char>(device());
#endif
}

} // namespace sidecall::detail

#undef SIDECALL_DETAIL_GETENTROPY
