#pragma once

// How `send` and `send_with_retry` find out whether a transport is an `observed_transport`.
namespace sidecall::detail {

/// Observes nothing.
struct unobserved {
    static constexpr bool observes = false;
};

/// A transport that is not observed. What is compiled for it is exactly what it was without observers: everything else
/// is behind `if constexpr`. `observer.hpp` specializes this for `observed_transport`.
template <class Transport>
struct observing {
    static constexpr bool is_observed = false;
    using observation = unobserved;

    /// The transport that does the work.
    static constexpr Transport& inner(Transport& transport) noexcept { return transport; }
};

} // namespace sidecall::detail
