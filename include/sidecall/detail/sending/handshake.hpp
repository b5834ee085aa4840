#pragma once

#if !defined(__GNUC__)
#include <atomic>
#endif

namespace sidecall::detail {

/// Two parties that share an object and end once each, in whatever order and on whatever threads: the second to end
/// knows that the object is its own. A builtin rather than `std::atomic`, since <atomic> is expensive to include.
class handshake {
public:
    /// Starts anew; only while one party has the object.
    void reset() noexcept { arrived_ = false; }

    /// Ends one party; true for the second. What the first did before its end, the second sees after its own.
    bool arrive() noexcept
    {
#if defined(__GNUC__)
        return __atomic_exchange_n(&arrived_, true, __ATOMIC_ACQ_REL);
#else
        // unreached: where we test there are g++ and clang++
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
