#pragma once

/// Memory that runs out at a chosen allocation. Covers all forms of operator new, and the allocation functions of
/// libcurl and OpenSSL. Affects only the thread that asks for it, so that a server in another thread continues.

#include <cstddef>
#include <cstdint>

namespace faulty_memory {

/// The code that allocates.
enum source : unsigned { cpp = 1, libcurl = 2, openssl = 4 };

/// What happens to this thread's allocations.
struct plan {
    unsigned sources = 0;            ///< The sources whose allocations are counted; 0 for none.
    std::uint64_t count = 0;         ///< The number of allocations so far.
    std::uint64_t first_failing = 0; ///< The first allocation that fails, from 1; 0 for none.
    bool goes_on = false;            ///< Whether all later ones fail, too.
};

/// Applies a plan to this thread's allocations during its lifetime.
class trial {
public:
    explicit trial(plan const& wanted) noexcept;
    trial(trial const&) = delete;
    trial& operator=(trial const&) = delete;
    ~trial();

    /// The number of allocations so far.
    static std::uint64_t count() noexcept;
};

/// Suspends the current plan during its lifetime, for code of the test itself.
class pause {
public:
    pause() noexcept;
    pause(pause const&) = delete;
    pause& operator=(pause const&) = delete;
    ~pause();

private:
    unsigned sources_;
};

/// The number of blocks that were allocated in trials and not freed. OpenSSL's blocks are not counted, since it keeps
/// what it has looked up until the program ends.
std::size_t live() noexcept;

/// Whether the allocations of libcurl and OpenSSL can fail. False if the library had allocated before its allocator
/// could be replaced.
bool has_libcurl() noexcept;
bool has_openssl() noexcept;

} // namespace faulty_memory
