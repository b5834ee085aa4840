#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <time.h> // NOLINT(modernize-deprecated-headers): POSIX declares its clocks there

#include <sidecall/authorized_request.hpp>
#include <sidecall/credentials.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/crypto/entropy.hpp>
#include <sidecall/detail/sending/handshake.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/result.hpp>
#include <sidecall/retry_policy.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/transport.hpp>

// Sends an operation repeatedly: `send_with_retry`, blocking or asynchronous. `retry_policy.hpp` decides when.
namespace sidecall {

/// The clocks and the random source that `send_with_retry` uses. To simulate time, or on a board with other clocks,
/// pass your own struct with these three functions instead.
struct this_machine {
#ifdef TIME_UTC // otherwise the C library has no clock
    /// The time since an arbitrary fixed moment, from a monotonic clock where there is one, else `unix_time()`.
    milliseconds uptime() const noexcept
    {
#ifdef CLOCK_MONOTONIC
        ::timespec now{};
        detail::expect(::clock_gettime(CLOCK_MONOTONIC, &now) == 0, "no monotonic clock");
        return in_milliseconds(now);
#else
        return unix_time();
#endif
    }

    /// The time since 1970-01-01T00:00:00Z.
    milliseconds unix_time() const noexcept
    {
        ::timespec now{};
        detail::expect(::timespec_get(&now, TIME_UTC) == TIME_UTC, "no clock");
        return in_milliseconds(now);
    }

    /// 64 random bits from the operating system.
    std::uint64_t random() const
    {
        unsigned char bytes[8];
        detail::fill_with_entropy(bytes, sizeof bytes);
        std::uint64_t number = 0;
        for (auto byte : bytes) number = number << 8 | byte;
        return number;
    }

private:
    static milliseconds in_milliseconds(::timespec const& time) noexcept
    {
        return milliseconds(std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000);
    }
#endif
};

namespace detail {

/// The attempts of one operation: counts them and keeps the failure to report.
template <class Machine, class Observation = unobserved>
class attempts {
public:
    attempts(retry_policy const& policy, Machine machine, http_method method, bool is_idempotent)
        : policy_(policy), machine_(std::move(machine)), start_(machine_.uptime()),
          deletes_(method == http_method::delete_), is_idempotent_(is_idempotent)
    {
    }

    // The next four only for an observer.

    /// Call this before the first attempt.
    void observe(Observation const& observation) { observation_ = observation; }

    /// Call this before each attempt.
    void begin_observed() { observation_.begin_attempt(); }

    /// `delay_after`, reported. `response` is that from which `outcome` was made.
    template <class Response, class T>
    std::optional<milliseconds> end_observed(Response const& response, result<T>& outcome)
    {
        observation_.end_attempt(response, outcome);
        auto const delay = delay_after(outcome);
        observation_.report_attempt();
        if (!delay) observation_.end(outcome ? nullptr : &outcome.error());
        return delay;
    }

    /// The operation ends with this failure, between two attempts.
    void give_up_observed(failure const& reason) { observation_.end(&reason); }

    /// The time left until the deadline.
    milliseconds time_left() const { return policy_.time_left(elapsed()); }

    /// Whether the next attempt is the last one allowed.
    bool next_is_last() const noexcept { return policy_.max_attempts != 0 && count_ + 1 >= policy_.max_attempts; }

    /// How long to wait after this outcome before the next attempt; nothing if there is no next attempt. In that case
    /// `outcome` is what the operation ends with.
    template <class T>
    std::optional<milliseconds> delay_after(result<T>& outcome)
    {
        if (outcome) return {};
        if constexpr (std::is_void_v<T>) {
            // The subscription is gone: an earlier attempt, whose response was lost, has deleted it.
            if (deletes_ && reported_ && may_have_taken_effect(*reported_) && outcome.error().http_status() == 404) {
                outcome = {};
                return {};
            }
        }
        auto const decision = policy_.decide(outcome.error(), {.is_idempotent = is_idempotent_,
                                                               .attempt = ++count_,
                                                               .in_a_row = in_a_row(outcome.error().code()),
                                                               .elapsed = elapsed(),
                                                               .unix_time = machine_.unix_time(),
                                                               .random = machine_.random()});
        if constexpr (Observation::observes) observation_.decide(decision);
        if (!reported_ || !sidecall::may_have_taken_effect(*reported_) ||
            sidecall::may_have_taken_effect(outcome.error()))
            reported_ = std::move(outcome).error();
        if (decision) return decision.delay;
        outcome = reason();
        return {};
    }

    /// The failure to report, after `delay_after`.
    failure reason() noexcept { return *std::move(reported_); }

private:
    /// Wraps around instead of overflowing, whatever the clock returns.
    milliseconds elapsed() const
    {
        auto const now = static_cast<std::uint64_t>(machine_.uptime().count);
        return milliseconds(static_cast<std::int64_t>(now - static_cast<std::uint64_t>(start_.count)));
    }

    unsigned in_a_row(errc code) noexcept
    {
        in_a_row_ = code == last_code_ ? in_a_row_ + 1 : 1;
        last_code_ = code;
        return in_a_row_;
    }

    retry_policy policy_;
    Machine machine_;
    milliseconds start_;
    unsigned count_ = 0;
    unsigned in_a_row_ = 0;
    errc last_code_{};
    bool deletes_;
    bool is_idempotent_;
    // The last failure; but one after which Twilio has certainly not acted does not replace one after which it may
    // have.
    std::optional<failure> reported_{};
    [[no_unique_address]] Observation observation_{};
};

/// Calls `sleep`. False if it asks to stop.
template <class Sleep>
bool sleep_and_continue(Sleep& sleep, milliseconds delay)
{
    if constexpr (std::is_void_v<decltype(sleep(delay))>) {
        sleep(delay);
        return true;
    } else {
        return static_cast<bool>(sleep(delay));
    }
}

/// Call this with the transport that does the work. `observation` is either absent or that of an observer.
template <class Operation, class Transport, class Sleep, class Machine, class... Observation>
result<typename Operation::resource> send_until_done(Operation const& operation, authorized_request const& request,
                                                     Transport& transport, retry_policy const& policy, Sleep& sleep,
                                                     Machine machine, Observation const&... observation)
{
    attempts<Machine, Observation...> attempts(policy, std::move(machine), request.method(),
                                               sidecall::is_idempotent(operation));
    auto const call_transport = [&](authorized_request const& authorized) -> decltype(transport(authorized)) {
        if constexpr (std::invocable<Transport&, authorized_request const&, milliseconds>)
            return transport(authorized, attempts.time_left());
        else
            return transport(authorized);
    };
    if constexpr (sizeof...(Observation) != 0) {
        attempts.observe(observation...);
        for (;;) {
            std::optional<milliseconds> delay;
            attempts.begin_observed();
            auto outcome = detail::send_once(operation, call_transport, request, [&](auto& response, auto& parsed) {
                delay = attempts.end_observed(response, parsed);
            });
            if (!delay) return outcome;
            if (detail::sleep_and_continue(sleep, *delay) && attempts.time_left().count != 0) continue;
            failure reason = attempts.reason();
            attempts.give_up_observed(reason);
            return reason;
        }
    } else {
        for (;;) {
            auto outcome = detail::send_once(operation, call_transport, request);
            auto const delay = attempts.delay_after(outcome);
            if (!delay) return outcome;
            if (!detail::sleep_and_continue(sleep, *delay) || attempts.time_left().count == 0) return attempts.reason();
        }
    }
}

/// An operation that is being sent through an asynchronous transport, with a timer between the attempts. It is on the
/// heap; the transport and the timer hold a `ticket` for it.
///
/// A call of the transport (or timer) and its completion each end once, on any thread. The second to end continues the
/// operation. So a completion that is called during the call returns at once, and the stack does not grow with the
/// number of attempts.
template <class Operation, class Transport, class Timer, class Handler, class Machine, class Observation>
class retried_send {
    using outcome = result<typename Operation::resource>;

public:
    template <class T>
    retried_send(T&& operation, authorized_request request, Transport& transport, retry_policy const& policy,
                 Timer timer, Handler handler, Machine machine)
        : request_(std::move(request)),
          attempts_(policy, std::move(machine), request_.method(), sidecall::is_idempotent(operation)),
          transport_(&transport), timer_(std::move(timer)), handler_(std::move(handler)),
          parser_(std::forward<T>(operation))
    {
    }
    retried_send(retried_send const&) = delete;
    retried_send& operator=(retried_send const&) = delete;

    /// Call this before `run`.
    void observe(Observation const& observation) { attempts_.observe(observation); }

    /// Continues an operation that is not in use elsewhere. Deletes it if the transport or the timer has dropped its
    /// ticket.
    static void run(retried_send* self)
    {
        do {
            call current(self);
            if (std::exchange(self->next_, step::none) == step::attempt)
                self->call_transport();
            else
                self->call_timer();
            if (!current.end()) return; // the completion is still to come and will continue
        } while (self->next_ != step::none);
        delete self;
    }

private:
    enum class step : unsigned char { none, attempt, wait };

    /// A call of the transport or the timer; ends also if it throws.
    class call {
    public:
        explicit call(retried_send* self) noexcept : self_(self) { self->handshake_.reset(); }
        call(call const&) = delete;
        call& operator=(call const&) = delete;
        ~call()
        {
            retried_send* const self = self_;
            if (self != nullptr && end()) delete self;
        }
        bool end() noexcept { return std::exchange(self_, nullptr)->handshake_.arrive(); }

    private:
        retried_send* self_;
    };

    /// The right to complete a call, once.
    class ticket {
    public:
        explicit ticket(retried_send* self) noexcept : self_(self) {}
        ticket(ticket&& other) noexcept : self_(std::exchange(other.self_, nullptr)) {}
        ticket& operator=(ticket&&) = delete;
        ~ticket()
        {
            if (self_ != nullptr && self_->handshake_.arrive()) delete self_;
        }

        retried_send& operator*() const noexcept { return *self_; }

        /// Ends the completion. Continues the operation if the call has already ended.
        void end() &&
        {
            retried_send* const self = std::exchange(self_, nullptr);
            if (!self->handshake_.arrive()) return;
            if (self->next_ != step::none)
                run(self);
            else
                delete self;
        }

    private:
        retried_send* self_;
    };

    void call_transport()
    {
        auto request = detail::or_failure<result<authorized_request>>([&] {
            return result<authorized_request>(attempts_.next_is_last() ? std::move(request_) : request_.clone());
        });
        ticket pending(this);
        if (!request) {
            if constexpr (Observation::observes) attempts_.give_up_observed(request.error());
            handler_(outcome(std::move(request).error()));
            return std::move(pending).end();
        }
        milliseconds const left = attempts_.time_left();
        if constexpr (Observation::observes) attempts_.begin_observed();
        auto on_completion = [captured = std::move(pending)](auto response) mutable {
            (*captured).on_response(response);
            std::move(captured).end();
        };
        if constexpr (std::invocable<Transport&, authorized_request, decltype(on_completion), milliseconds>)
            (*transport_)(*std::move(request), std::move(on_completion), left);
        else
            (*transport_)(*std::move(request), std::move(on_completion));
    }

    void call_timer()
    {
        timer_(delay_, [pending = ticket(this)](bool proceed = true) mutable {
            (*pending).on_timer(proceed);
            std::move(pending).end();
        });
    }

    template <class Response>
    void on_response(Response& response)
    {
        auto parsed = detail::or_failure<outcome>([&] { return detail::outcome_of<Operation>(parser_, response); });
        if constexpr (Observation::observes) {
            auto const delay = attempts_.end_observed(response, parsed);
            if (!delay) return handler_(std::move(parsed));
            delay_ = *delay;
        } else {
            auto const delay = attempts_.delay_after(parsed);
            if (!delay) return handler_(std::move(parsed));
            delay_ = *delay;
        }
        next_ = step::wait;
    }

    void on_timer(bool proceed)
    {
        if (proceed && attempts_.time_left().count != 0) {
            next_ = step::attempt;
        } else if constexpr (Observation::observes) {
            failure reason = attempts_.reason();
            attempts_.give_up_observed(reason);
            handler_(outcome(std::move(reason)));
        } else {
            handler_(outcome(attempts_.reason()));
        }
    }

    authorized_request request_;
    attempts<Machine, Observation> attempts_;
    Transport* transport_;
    Timer timer_;
    Handler handler_;
    response_parser<Operation> parser_;
    milliseconds delay_{};
    step next_ = step::attempt;
    handshake handshake_{};
};

/// What the blocking `send_with_retry` uses to wait.
template <class T>
concept sleeper = std::invocable<std::remove_reference_t<T>&, milliseconds>;

/// `this_machine` or a replacement.
template <class T>
concept machine = requires(T& t) {
    { t.uptime() } -> std::same_as<milliseconds>;
    { t.unix_time() } -> std::same_as<milliseconds>;
    { t.random() } -> std::same_as<std::uint64_t>;
};

/// The least that the continuation of a timer supports. Never called, but defined, as `handler_archetype`.
struct continuation_archetype {
    continuation_archetype(continuation_archetype&&) = default;
    continuation_archetype& operator=(continuation_archetype&&) = default;
    void operator()(bool proceed = true) { static_cast<void>(proceed); } // unreached: see above
};

} // namespace detail

/// Sends an operation repeatedly, as `policy` says, until it succeeds or the policy stops. Blocks until then. The
/// request is made once; each attempt sends the same bytes. If `authorize` fails, nothing is sent.
///
/// `sleep(delay)` waits. It may return false to stop, for example when the program exits.
///
/// If the transport also takes the remaining time (`milliseconds` or `std::chrono::milliseconds`) as an optional second
/// argument, the deadline holds within an attempt too. Otherwise the last attempt may exceed the deadline by the
/// transport's own timeout.
///
/// A DELETE without a resource that gets a 404 after an attempt that may have taken effect counts as success. The
/// failure returned is that of the last attempt; but if an earlier attempt may have taken effect and the last one
/// certainly has not, it is the failure of the earlier attempt. So `may_have_taken_effect` is true of the returned
/// failure whenever it is true of any attempt. Allocates for the request and for failures.
///
/// @code
/// auto sleep = [](std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); };
/// auto subscription = sidecall::send_with_retry(operation, credentials, transport, sidecall::retry_policy{}, sleep);
/// @endcode
template <operation Operation, class Transport, detail::sleeper Sleep, detail::machine Machine = this_machine>
    requires transport<std::remove_reference_t<Transport>>
result<typename Operation::resource> send_with_retry(Operation const& operation, credentials const& credentials,
                                                     Transport&& transport, retry_policy const& policy, Sleep&& sleep,
                                                     endpoint const& endpoint = endpoint::twilio(),
                                                     Machine machine = {})
{
    using observing = detail::observing<std::remove_reference_t<Transport>>;
    auto const request = sidecall::authorize(operation, credentials, endpoint);
    if constexpr (observing::is_observed) {
        return observing::retry_observed(operation, request, transport, policy, sleep, std::move(machine));
    } else {
        if (!request) return request.error();
        return detail::send_until_done(operation, *request, transport, policy, sleep, std::move(machine));
    }
}

/// Like `send_with_retry` above, with the request in the caller's buffer; see `send`.
template <operation Operation, class Transport, detail::sleeper Sleep, detail::machine Machine = this_machine>
    requires transport<std::remove_reference_t<Transport>>
result<typename Operation::resource> send_with_retry(Operation const& operation, credentials const& credentials,
                                                     Transport&& transport, retry_policy const& policy, Sleep&& sleep,
                                                     endpoint const& endpoint, storage buffer, Machine machine = {})
{
    using observing = detail::observing<std::remove_reference_t<Transport>>;
    auto const request = sidecall::authorize(operation, credentials, endpoint, buffer);
    if constexpr (observing::is_observed) {
        return observing::retry_observed(operation, request, transport, policy, sleep, std::move(machine));
    } else {
        if (!request) return request.error();
        return detail::send_until_done(operation, *request, transport, policy, sleep, std::move(machine));
    }
}

/// Like `send_with_retry` above, through an asynchronous transport. `handler(result<resource>)` is called exactly once,
/// provided that the transport and the timer follow their rules. If `authorize` fails, nothing is sent and the handler
/// is called at once.
///
/// `timer(delay, next)` must arrange for one call of `next()` after `delay`, or of `next(false)` to stop early. `next`
/// is move-only. It may be called on any thread and also at once: the stack does not grow with the number of attempts.
///
/// The next step runs on the thread that calls `next` or the transport's handler. If that happens while the timer or
/// the transport is still being called, the next step runs on the thread of that call.
///
/// The transport must outlive the operation. If the transport also takes the remaining time as an optional third
/// argument, the deadline holds within an attempt too. Allocates for the operation, for its request, and for a copy of
/// the request for each attempt except the last of `max_attempts`. If memory runs out later, the handler gets a
/// `transport_failure`.
template <class Operation, class Transport, class Timer, class Handler, detail::machine Machine = this_machine>
    requires operation<std::remove_cvref_t<Operation>> && async_transport<Transport> &&
             std::invocable<Timer&, milliseconds, detail::continuation_archetype> &&
             std::invocable<Handler&, result<typename std::remove_cvref_t<Operation>::resource>>
void send_with_retry(Operation&& operation, credentials const& credentials, Transport& transport,
                     retry_policy const& policy, Timer timer, Handler handler,
                     endpoint const& endpoint = endpoint::twilio(), Machine machine = {})
{
    using sent = std::remove_cvref_t<Operation>;
    using observing = detail::observing<Transport>;
    auto request = sidecall::authorize(operation, credentials, endpoint);
    if (!request) {
        if constexpr (observing::is_observed) observing::template observe<sent>(transport).end(&request.error());
        handler(result<typename sent::resource>(std::move(request).error()));
        return;
    }
    using inner = std::remove_reference_t<decltype(observing::inner(transport))>;
    using retried = detail::retried_send<sent, inner, Timer, Handler, Machine, typename observing::observation>;
    if constexpr (observing::is_observed) {
        auto* const started =
            new retried(std::forward<Operation>(operation), *std::move(request), observing::inner(transport), policy,
                        std::move(timer), std::move(handler), std::move(machine));
        started->observe(observing::template observe<sent>(transport));
        retried::run(started);
    } else {
        retried::run(new retried(std::forward<Operation>(operation), *std::move(request), transport, policy,
                                 std::move(timer), std::move(handler), std::move(machine)));
    }
}

/// For a type that is not an `operation`: does not compile, and names the missing members.
template <class NotAnOperation, class... Arguments>
    requires(std::is_class_v<NotAnOperation> && !operation<NotAnOperation>)
auto send_with_retry(NotAnOperation const&, credentials const&, Arguments&&...)
{
    return typename detail::missing_members<NotAnOperation>::type(failure(errc::invalid_argument));
}

} // namespace sidecall
