#pragma once

/// Memory that runs out at an allocation that a test picks: operator new in all its forms, and what libcurl and OpenSSL
/// allocate by. It does so for the thread that asks for it alone, so that a server in another thread goes on.

#include <cstddef>
#include <cstdint>

namespace faulty_memory {

/// Who allocates.
enum source : unsigned { cpp = 1, libcurl = 2, openssl = 4 };

/// What this thread's allocations meet.
struct plan {
    unsigned sources = 0;            ///< Whose allocations are counted; 0: nobody's.
    std::uint64_t count = 0;         ///< How many there were.
    std::uint64_t first_failing = 0; ///< The first that fails, from 1; 0: none.
    bool goes_on = false;            ///< Whether all that come after it fail, too.
};

/// Makes this thread's allocations follow a plan, for as long as it lives.
class trial {
public:
    explicit trial(plan const& wanted) noexcept;
    trial(trial const&) = delete;
    trial& operator=(trial const&) = delete;
    ~trial();

    /// How many allocations there were so far.
    static std::uint64_t count() noexcept;
};

/// Takes the present plan out of force for as long as it lives: for what a test does in between.
class pause {
public:
    pause() noexcept;
    pause(pause const&) = delete;
    pause& operator=(pause const&) = delete;
    ~pause();

private:
    unsigned sources_;
};

/// How many blocks that were allocated in trials have not been given back. Those of OpenSSL are left out: it keeps what
/// it has looked up once for the rest of the program.
std::size_t live() noexcept;

/// Whether libcurl and OpenSSL allocate here; false if one of them had allocated before it could be told to.
bool has_libcurl() noexcept;
bool has_openssl() noexcept;

} // namespace faulty_memory
