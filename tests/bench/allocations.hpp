#pragma once

#include <cstddef>

namespace bench {

/// The number of allocations by this thread, from any library: `operator new`, `malloc`, `calloc`, `realloc` and so on.
extern constinit thread_local std::size_t allocation_count;

} // namespace bench
