#pragma once

// How `send` and `send_with_retry` find out whether a transport is an `observed_transport`.
namespace sidecall::detail {

/// Observes nothing: costs no instruction and no byte.
struct unobserved {
    static constexpr bool observes = false;
};

/// A transport that is not observed. `observer.hpp` specializes this for `observed_transport`.
template <class Transport>
struct observing {
    using observation = unobserved;

    /// The transport that does the work.
    static constexpr Transport& inner(Transport& transport) noexcept { return transport; }

    /// Begins to observe the sending of an operation.
    template <class Operation>
    static constexpr observation observe(Transport&) noexcept
    {
        return {};
    }
};

} // namespace sidecall::detail
