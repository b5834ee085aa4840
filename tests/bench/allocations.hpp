#pragma once

#include <cstddef>

namespace bench {

/// How often this thread has asked for memory: `operator new`, `malloc` and its like, by whatever library.
extern constinit thread_local std::size_t allocation_count;

} // namespace bench
