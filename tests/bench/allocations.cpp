// Replaces malloc for the whole program, shared libraries included, because other libraries are written in C.
// libstdc++'s `operator new` calls malloc, so each allocation is counted once.

#include "allocations.hpp"

#include <cerrno>
#include <cstdlib>

namespace bench {

constinit thread_local std::size_t allocation_count = 0;

} // namespace bench

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* data, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size)
{
    ++bench::allocation_count;
    return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size)
{
    ++bench::allocation_count;
    return __libc_calloc(count, size);
}

void* realloc(void* data, std::size_t size)
{
    ++bench::allocation_count;
    return __libc_realloc(data, size);
}

void* memalign(std::size_t alignment, std::size_t size)
{
    ++bench::allocation_count;
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    ++bench::allocation_count;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** data, std::size_t alignment, std::size_t size)
{
    ++bench::allocation_count;
    *data = __libc_memalign(alignment, size);
    return *data ? 0 : ENOMEM;
}
}
