#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/credentials.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/memory/callable.hpp>
#include <sidecall/detail/sending/ordered_queues.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/result.hpp>
#include <sidecall/retry.hpp>
#include <sidecall/retry_policy.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/text_view.hpp>
#include <sidecall/transport.hpp>

// Sends the operations of each key, for example of each call, one after another: `ordered_sender`.
namespace sidecall {

/// What an `ordered_sender` does with the operations that follow one that failed.
enum class after_failure {
    /// None of them is sent until `resume`. Each one fails with `not_connected`.
    stop = 1,
    /// They are sent, as if it had succeeded.
    proceed,
};

/// The name of the enumerator, such as `"proceed"`: stable, for logs and metrics. Empty for an invalid value.
constexpr std::string_view to_string_view(after_failure choice) noexcept
{
    return choice == after_failure::stop      ? std::string_view("stop")
           : choice == after_failure::proceed ? std::string_view("proceed")
                                              : std::string_view();
}

/// Options of an `ordered_sender`. Every member has a default.
struct ordered_options {
    retry_policy policy = {}; ///< When an operation is sent again, and when it has failed.

    /// What happens to the operations that follow one that failed. Every failure counts, after its retries: also a
    /// request that could not be made, and a lost response. Any value other than `proceed` means `stop`.
    sidecall::after_failure after_failure = sidecall::after_failure::stop;

    /// How many operations with the same key may wait behind the one that is being sent. A further one is refused.
    std::size_t max_waiting = SIZE_MAX;
};

/// The key of an operation for an `ordered_sender`: a SID, usually that of the call, or any text, also an empty one.
/// Keys are compared byte for byte, so SIDs that differ only in case are different keys.
///
/// Owns its text. Allocates if that is longer than 34 bytes. Moved-from, it is the empty key.
///
/// @code
/// sender.send(operation.call_sid, operation, handler);
/// sender.send("conversation " + std::to_string(number), operation, handler);
/// @endcode
class order_key {
public:
    /// The key with the text of a SID. The key of the SID and that of its text are equal. Does not allocate.
    template <char A, char B>
    constexpr order_key(basic_sid<A, B> const& sid) noexcept : text_(sid.view())
    {
    }
    /// Any text.
    template <class Text>
        requires std::is_convertible_v<Text const&, text_view>
    constexpr order_key(Text const& text) : text_(text_view(text))
    {
    }

    /// The bytes of the key. The view is valid as long as this object; it is not available on a temporary.
    constexpr std::string_view view() const& noexcept { return text_; }
    std::string_view view() const&& = delete;

    /// Compares byte for byte.
    friend constexpr bool operator==(order_key const& a, order_key const& b) noexcept { return a.view() == b.view(); }

private:
    template <class Transport, class Timer, class Machine>
    friend class ordered_sender;

    detail::key_text text_;
};

namespace detail {

/// Whether an operation is one of this library that refers to texts instead of owning them.
template <class Operation>
inline constexpr bool is_operation_of_views = false;
template <template <class> class Operation>
inline constexpr bool is_operation_of_views<Operation<std::string_view>> = true;

/// What an `ordered_sender` needs to send an operation. It is on the heap, since a handler may destroy the sender.
template <class Transport, class Timer, class Machine>
struct ordered_core final : ordered_queues {
    ordered_core(sidecall::credentials const& credentials_of_all, Transport& transport_of_all, Timer&& timer_of_all,
                 ordered_options const& options, sidecall::endpoint const& destination, Machine&& machine_of_all)
        : ordered_queues(options.after_failure != after_failure::proceed, options.max_waiting),
          credentials(&credentials_of_all), transport(&transport_of_all), timer(std::move(timer_of_all)),
          policy(options.policy), endpoint(destination), machine(std::move(machine_of_all))
    {
    }

    sidecall::credentials const* credentials;
    Transport* transport;
    Timer timer;
    retry_policy policy;
    sidecall::endpoint endpoint;
    Machine machine;
};

/// An operation with its handler, from `send` until the handler has been called.
template <class Core, class Operation, class Handler>
class ordered_send final : public ordered_operation {
    using outcome = result<typename Operation::resource>;

public:
    template <class T>
    ordered_send(owner<Core> core, T&& operation, Handler&& handler)
        : core_(std::move(core)), operation_(std::forward<T>(operation)), handler_(std::move(handler))
    {
    }

    void start(ordered_lane& lane) override
    {
        lane_ = &lane;
        // Whatever is thrown, the destructor of `completion` has called the handler.
#ifdef __cpp_exceptions
        try {
            call_send();
        } catch (...) {
        }
#else
        call_send();
#endif
    }

    void refuse() override { handler_(outcome(failure(errc::not_connected, "", refusal))); }

    void abandon() override
    {
        if (auto const proceed = std::move(next_attempt_))
            proceed(false); // calls the handler with the failure of the last attempt
        else
            complete(failure(errc::cancelled));
    }

private:
    /// The handler of `send_with_retry`. If it is dropped, the operation fails, so that its key goes on.
    class completion {
    public:
        explicit completion(ordered_send* operation) noexcept : operation_(operation) {}
        completion(completion&&) noexcept = default;
        completion& operator=(completion&&) = delete;
        ~completion()
        {
            if (operation_)
                operation_->complete(failure(errc::transport_failure, "", "the transport dropped the request"));
        }

        void operator()(outcome received)
        {
            auto const operation = std::move(operation_);
            operation->complete(std::move(received));
        }

    private:
        owner<ordered_send> operation_;
    };

    /// What the caller's timer calls. If it is dropped, there is no further attempt.
    class continuation {
    public:
        explicit continuation(ordered_send* operation) noexcept : operation_(operation) {}
        continuation(continuation&&) noexcept = default;
        continuation& operator=(continuation other) noexcept
        {
            std::swap(operation_, other.operation_); // `other` drops the previous one
            return *this;
        }
        ~continuation()
        {
            if (operation_) (*this)(false);
        }

        void operator()(bool proceed = true)
        {
            auto const operation = std::move(operation_);
            if (auto const next = std::move(operation->next_attempt_)) next(proceed);
        }

    private:
        owner<ordered_send> operation_;
    };

    /// The timer of `send_with_retry`. The continuation stays here, so that `abandon` can call it.
    struct retry_timer {
        ordered_send* operation; // lives longer, since `completion` keeps it alive

        template <class Next>
        void operator()(milliseconds delay, Next next) const
        {
            if (operation->core_->is_closed()) return next(false);
            operation->next_attempt_ = callable<void, bool>(std::move(next));
            operation->core_->timer(delay, continuation(operation));
        }
    };

    void call_send()
    {
        completion on_completion(this);
        Operation operation(std::move(operation_)); // not kept: the request has its own copy of everything
        sidecall::send_with_retry(std::move(operation), *core_->credentials, *core_->transport, core_->policy,
                                  retry_timer{this}, std::move(on_completion), core_->endpoint,
                                  Machine(core_->machine));
    }

    void complete(outcome received)
    {
        if (std::exchange(is_complete_, true)) return; // the sender was destroyed, and the handler has been called
        if (core_->is_closed()) return handler_(std::move(received));
        {
            errc const code = received ? errc() : received.error().code();
            ordered_queues::handler_call const call(*core_, *lane_, received ? nullptr : &code);
            handler_(std::move(received));
        }
        core_->run();
    }

    using Machine = decltype(Core::machine);

    owner<Core> core_;
    ordered_lane* lane_ = nullptr;
    Operation operation_;
    Handler handler_;
    callable<void, bool> next_attempt_{}; // while it waits for the timer
    bool is_complete_ = false;
};

} // namespace detail

/// Sends operations with the same key one after another, and those of different keys in parallel, through an
/// asynchronous transport. So the messages of one call arrive in the order in which you send them. Sent at once through
/// a transport alone, they overtake each other, since each one has its own connection or stream.
///
/// An operation is sent when the handler of the one before it with the same key has returned. It is sent with
/// `send_with_retry`; its request is made at its turn, with the credentials of that moment. Keys that have no operation
/// take no memory, unless they are stopped. With n keys, a call takes a time proportional to log n on average.
///
/// **After a failure** the options decide. With `after_failure::stop`, the operations that wait behind the failed one
/// fail after its handler has returned, and later ones fail at once, until `resume`. Such a failure is `not_connected`;
/// nothing was sent, and its message names the code of the failure that caused it. With `after_failure::proceed`, the
/// next one is sent.
///
/// After a lost response or a time-out without an idempotency key, nobody knows whether the message has arrived. That
/// is a failure too: `stop` stops there. With `proceed`, a request that timed out may even arrive after its successor.
/// With a key, the retries usually find out. A stopped key takes memory until `resume`: call that when its call ends.
///
/// **Each handler is called exactly once**: when its operation has succeeded or failed, or by the destructor. It may
/// send, cancel, resume, and destroy or move the sender. It must not throw. The stack does not grow with the number of
/// operations, whatever handlers do. If a transport throws or drops its handler, the operation fails with
/// `transport_failure`; if a timer does, with the failure of the last attempt. Its key goes on as after any failure.
///
/// **The destructor** calls the handlers of all operations: of those that wait, with `not_connected` (nothing was
/// sent); of those that wait for their next attempt, with the failure of the last one; of those that are being sent,
/// with `cancelled` (Twilio may have acted). Nothing is sent afterwards, also not by a timer that is still running, and
/// late responses are ignored. If handlers answer by sending more, that fails as well; if each one does, it never ends.
///
/// **One thread at a time** may use a sender, and that includes the calls of handlers by its transport and of
/// continuations by its timer. `curl_multi_transport` and `fake_twilio` comply if the same thread uses them. If a
/// transport completes on other threads, pass a transport that hands each completion over to one thread:
///
/// @code
/// auto on_one_thread = [&](sidecall::authorized_request request, auto handler) {
///     transport(std::move(request), [&, next = std::move(handler)](auto response) mutable {
///         post([next = std::move(next), response = std::move(response)]() mutable { next(std::move(response)); });
///     });
/// };
/// @endcode
///
/// The credentials and the transport must outlive the sender; the transport also must outlive its own requests.
/// Allocates once for itself, for each operation and for each key in use, and as `send_with_retry` does; once more for
/// each retry, and for each operation with a key longer than 34 bytes. A moved-from sender may be assigned
/// to; its `send` fails with `invalid_argument`.
///
/// @code
/// auto timer = [&](std::chrono::milliseconds delay, auto next) { transport.after(delay, std::move(next)); };
/// sidecall::ordered_sender sender(credentials, transport, timer);
/// for (auto& message : messages) sender.send(message.call_sid, std::move(message), on_sent);
/// while (transport.poll() != 0) transport.wait(std::chrono::milliseconds(100));
/// @endcode
template <class Transport, class Timer, class Machine = this_machine>
class ordered_sender {
    static_assert(async_transport<Transport>, "an ordered_sender needs an asynchronous transport");
    static_assert(std::invocable<Timer&, milliseconds, detail::continuation_archetype>,
                  "the timer of an ordered_sender is called with a delay and a continuation, as by send_with_retry");
    static_assert(detail::machine<Machine>, "the machine needs uptime(), unix_time() and random()");

public:
    /// A sender that has nothing to send yet. `timer(delay, next)` and `machine` are those of `send_with_retry`.
    ordered_sender(credentials const& credentials, Transport& transport, Timer timer,
                   ordered_options const& options = {}, endpoint const& endpoint = endpoint::twilio(),
                   Machine machine = {})
        : core_(new core(credentials, transport, std::move(timer), options, endpoint, std::move(machine)))
    {
    }
    ordered_sender(credentials const&&, Transport&, Timer, ordered_options const& = {},
                   endpoint const& = endpoint::twilio(),
                   Machine = {}) = delete; ///< Temporary credentials would dangle.

    /// Moves the operations, also those that are being sent. `other` is moved-from. Does not allocate.
    ordered_sender(ordered_sender&& other) noexcept = default;
    /// Does what the destructor does, then moves.
    ordered_sender& operator=(ordered_sender&& other) noexcept
    {
        if (this == &other) return *this;
        auto const previous = std::exchange(core_, std::move(other.core_));
        if (previous) previous->shut_down();
        return *this;
    }
    /// Calls the handlers of all operations that are not complete, see above.
    ~ordered_sender()
    {
        if (core_) core_->shut_down();
    }

    /// Sends an operation after all earlier ones with the same key. `handler(result<resource>)` is called exactly once;
    /// before `send` returns only if the operation is refused, cannot be made into a request, or is completed at once
    /// by the transport. Called from a handler, `send` calls no other handler before that one has returned.
    ///
    /// The operation is copied or moved, and so must own its texts: the view forms of this library's operations do not
    /// compile. If memory runs out, throws `std::bad_alloc`, takes nothing and does not call the handler; if that
    /// happens when it is its turn, the handler gets a `transport_failure`.
    ///
    /// The failures are those of `send_with_retry`, and `not_connected` if it was refused: an earlier one has failed,
    /// or `max_waiting` operations were already waiting. With `after_failure::stop`, an operation that was refused
    /// stops its key for later ones, but not for those before it.
    ///
    /// @code
    /// sender.send(call, message, [](sidecall::result<sidecall::user_defined_message> sent) { … });
    /// @endcode
    template <class Operation, class Handler>
        requires operation<std::remove_cvref_t<Operation>> &&
                 std::invocable<Handler&, result<typename std::remove_cvref_t<Operation>::resource>>
    void(send)(order_key key, Operation&& operation, Handler handler)
    {
        using stored = std::remove_cvref_t<Operation>;
        static_assert(!detail::is_operation_of_views<stored>,
                      "an ordered_sender stores the operation: use the form that owns its texts");
        if (!core_)
            return static_cast<void>(handler(result<typename stored::resource>(
                failure(errc::invalid_argument, "", "the ordered_sender was moved from"))));
        using sending = detail::ordered_send<core, stored, Handler>;
        auto const alive = core_; // the handler may destroy this sender
        alive->add(std::move(key.text_), detail::owner<detail::ordered_operation>(new sending(
                                             alive, std::forward<Operation>(operation), std::move(handler))));
    }

    /// Accepts operations with this key again after a failure. Returns false if the key was not stopped. If the handler
    /// of the failed operation calls this, those that wait behind it are sent, also those that the handler has added.
    bool resume(order_key const& key)
    {
        auto const alive = core_;
        return alive && alive->resume(key.view());
    }

    /// Whether operations with this key are refused because an earlier one failed, or was refused.
    bool is_stopped(order_key const& key) const noexcept { return core_ && core_->is_stopped(key.view()); }

    /// Refuses the operations with this key that wait: their handlers get `not_connected`, before this returns or, if a
    /// handler calls this, after that handler returns. The one being sent goes on. Returns how many waited.
    std::size_t cancel(order_key const& key)
    {
        auto const alive = core_;
        return alive ? alive->cancel(key.view()) : 0;
    }

    /// How many operations with this key wait for an earlier one.
    std::size_t waiting(order_key const& key) const noexcept { return core_ ? core_->waiting(key.view()) : 0; }
    /// How many operations wait for an earlier one, with any key.
    std::size_t waiting() const noexcept { return core_ ? core_->waiting() : 0; }
    /// How many keys have an operation that waits or is being sent, or are stopped.
    std::size_t keys() const noexcept { return core_ ? core_->keys() : 0; }

private:
    using core = detail::ordered_core<Transport, Timer, Machine>;

    detail::owner<core> core_;
};

/// Deduces the types of `ordered_sender sender(credentials, transport, timer)`.
template <class Transport, class Timer>
ordered_sender(credentials const&, Transport&, Timer) -> ordered_sender<Transport, Timer>;

} // namespace sidecall
