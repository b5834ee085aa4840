#pragma once

#if !defined(__GNUC__)
#include <atomic>
#endif

namespace sidecall::detail {

/// Decides which of two parties frees an object that they share. Each party arrives once, in any order and on any
/// thread. The second one to arrive is the sole owner of the object. Uses a builtin instead of `std::atomic`, because
/// <atomic> is expensive to include.
class handshake {
public:
    /// Prepares for two new arrivals. During the call only one party may have access to the object.
    void reset() noexcept { arrived_ = false; }

    /// Records that one party is done. Returns true for the second one, which then sees everything that the first one
    /// did before it arrived.
    bool arrive() noexcept
    {
#if defined(__GNUC__)
        return __atomic_exchange_n(&arrived_, true, __ATOMIC_ACQ_REL);
#else
        // unreached: the tested compilers are g++ and clang++
        return arrived_.exchange(true, std::memory_order_acq_rel);
#endif
    }

private:
#if defined(__GNUC__)
    bool arrived_ = false;
#else
    std::atomic<bool> arrived_ = false;
#endif
};

} // namespace sidecall::detail
