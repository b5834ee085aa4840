#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <time.h> // NOLINT(modernize-deprecated-headers): POSIX has its clocks there

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

namespace sidecall {

/// What `send_with_retry` asks of the machine that it runs on. A struct of yours with these three takes its place where
/// time is simulated, or where a board has clocks of its own.
struct this_machine {
#ifdef TIME_UTC // else the C library has no clock
    /// The time since some fixed moment, by a clock that nobody sets.
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

    /// 64 bits from the operating system's random source.
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

/// Whether an operation may be repeated: it says so itself by `is_idempotent`, or its method does (RFC 9110, section
/// 9.2.2).
template <class Operation>
bool is_idempotent(Operation const& what, http_method method)
{
    if constexpr (requires { what.is_idempotent(); })
        return what.is_idempotent();
    else
        return method != http_method::post && method != http_method::patch;
}

/// The attempts of one operation: counts them, and remembers the failure that its caller must know of.
template <class Machine>
class attempts {
public:
    attempts(retry_policy const& policy, Machine machine, http_method method, bool is_idempotent)
        : policy_(policy), machine_(std::move(machine)), start_(machine_.uptime()),
          deletes_(method == http_method::delete_), is_idempotent_(is_idempotent)
    {
    }

    /// What is left until the deadline.
    milliseconds time_left() const { return policy_.time_left(elapsed()); }

    /// Whether no other attempt may follow the next one.
    bool next_is_last() const noexcept { return policy_.max_attempts != 0 && count_ + 1 >= policy_.max_attempts; }

    /// How long to wait after this outcome; or nothing if it is the last, with which then the operation ends.
    template <class T>
    std::optional<milliseconds> wait_after(result<T>& outcome)
    {
        if (outcome) return {};
        if constexpr (std::is_void_v<T>) {
            // It is gone, and an attempt whose answer was lost is what it went by.
            if (deletes_ && worst_ && may_have_taken_effect(*worst_) && outcome.error().http_status() == 404) {
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
        if (!worst_ || !sidecall::may_have_taken_effect(*worst_) || sidecall::may_have_taken_effect(outcome.error()))
            worst_ = std::move(outcome).error();
        if (decision) return decision.delay;
        outcome = reason();
        return {};
    }

    /// Why the operation failed, after `wait_after`.
    failure reason() noexcept { return *std::move(worst_); }

private:
    /// Wraps around instead of overflowing, whatever the clock says.
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
    std::optional<failure> worst_{}; // the last one; but not one that leaves no doubt after one that does
};

/// Calls `sleep`; false if it says that there is to be no further attempt.
template <class Sleep>
bool goes_on_after(Sleep& sleep, milliseconds delay)
{
    if constexpr (std::is_void_v<decltype(sleep(delay))>) {
        sleep(delay);
        return true;
    } else {
        return static_cast<bool>(sleep(delay));
    }
}

template <class Operation, class Transport, class Sleep, class Machine>
result<typename Operation::resource> send_until_done(Operation const& what, authorized_request const& request,
                                                     Transport& carrier, retry_policy const& policy, Sleep& sleep,
                                                     Machine machine)
{
    attempts<Machine> made(policy, std::move(machine), request.method(), detail::is_idempotent(what, request.method()));
    auto const carry = [&](authorized_request const& wanted) -> decltype(carrier(wanted)) {
        if constexpr (std::invocable<Transport&, authorized_request const&, milliseconds>)
            return carrier(wanted, made.time_left());
        else
            return carrier(wanted);
    };
    for (;;) {
        auto outcome = detail::ask(what, carry, request);
        auto const delay = made.wait_after(outcome);
        if (!delay) return outcome;
        if (!detail::goes_on_after(sleep, *delay) || made.time_left().count == 0) return made.reason();
    }
}

/// An operation on its way through an asynchronous transport and a timer. It lies on the heap, and what transport and
/// timer get is a `ticket` for it.
///
/// A call of the transport and the completion that it was given both end once, on any thread. The second to end goes on
/// with the operation: so a completion that is called at once returns at once, and the stack does not grow with the
/// number of attempts.
template <class Operation, class Transport, class Timer, class Handler, class Machine>
class retried_send {
    using outcome = result<typename Operation::resource>;

public:
    template <class T>
    retried_send(T&& operation, authorized_request request, Transport& transport, retry_policy const& policy,
                 Timer timer, Handler handler, Machine machine)
        : request_(std::move(request)),
          made_(policy, std::move(machine), request_.method(), detail::is_idempotent(operation, request_.method())),
          transport_(&transport), timer_(std::move(timer)), handler_(std::move(handler)),
          reader_(std::forward<T>(operation))
    {
    }
    retried_send(retried_send const&) = delete;
    retried_send& operator=(retried_send const&) = delete;

    /// Goes on with an operation that nobody else has. Ends it if the transport or the timer has let its ticket go.
    static void run(retried_send* one)
    {
        do {
            call current(one);
            if (std::exchange(one->next_, step::none) == step::attempt)
                one->call_transport();
            else
                one->call_timer();
            if (!current.end()) return; // the completion is yet to come, or goes on by itself
        } while (one->next_ != step::none);
        delete one;
    }

private:
    enum class step : unsigned char { none, attempt, wait };

    /// A call of the transport or the timer, which may throw.
    class call {
    public:
        explicit call(retried_send* one) noexcept : one_(one) { one->handshake_.reset(); }
        call(call const&) = delete;
        call& operator=(call const&) = delete;
        ~call()
        {
            retried_send* const one = one_;
            if (one != nullptr && end()) delete one;
        }
        bool end() noexcept { return std::exchange(one_, nullptr)->handshake_.arrive(); }

    private:
        retried_send* one_;
    };

    /// The right to complete a call, once.
    class ticket {
    public:
        explicit ticket(retried_send* one) noexcept : one_(one) {}
        ticket(ticket&& other) noexcept : one_(std::exchange(other.one_, nullptr)) {}
        ticket& operator=(ticket&&) = delete;
        ~ticket()
        {
            if (one_ != nullptr && one_->handshake_.arrive()) delete one_;
        }

        retried_send& operator*() const noexcept { return *one_; }

        /// Ends the completion. The operation goes on here if the call has ended.
        void end() &&
        {
            retried_send* const one = std::exchange(one_, nullptr);
            if (!one->handshake_.arrive()) return;
            if (one->next_ != step::none)
                run(one);
            else
                delete one;
        }

    private:
        retried_send* one_;
    };

    void call_transport()
    {
        auto request = detail::or_out_of_memory<result<authorized_request>>(
            [&] { return result<authorized_request>(made_.next_is_last() ? std::move(request_) : request_.clone()); });
        ticket right(this);
        if (!request) {
            handler_(outcome(std::move(request).error()));
            return std::move(right).end();
        }
        milliseconds const left = made_.time_left();
        auto take = [mine = std::move(right)](auto answer) mutable {
            (*mine).take(answer);
            std::move(mine).end();
        };
        if constexpr (std::invocable<Transport&, authorized_request, decltype(take), milliseconds>)
            (*transport_)(*std::move(request), std::move(take), left);
        else
            (*transport_)(*std::move(request), std::move(take));
    }

    void call_timer()
    {
        timer_(delay_, [right = ticket(this)](bool goes_on = true) mutable {
            (*right).wake(goes_on);
            std::move(right).end();
        });
    }

    template <class Answer>
    void take(Answer& answer)
    {
        auto ended = detail::or_out_of_memory<outcome>([&] { return detail::outcome_of<Operation>(reader_, answer); });
        auto const delay = made_.wait_after(ended);
        if (!delay) return handler_(std::move(ended));
        delay_ = *delay;
        next_ = step::wait;
    }

    void wake(bool goes_on)
    {
        if (goes_on && made_.time_left().count != 0)
            next_ = step::attempt;
        else
            handler_(outcome(made_.reason()));
    }

    authorized_request request_;
    attempts<Machine> made_;
    Transport* transport_;
    Timer timer_;
    Handler handler_;
    answer_reader<Operation> reader_;
    milliseconds delay_{};
    step next_ = step::attempt;
    handshake handshake_{};
};

/// What a `send_with_retry` without callbacks waits by.
template <class T>
concept sleeper = std::invocable<std::remove_reference_t<T>&, milliseconds>;

/// `this_machine`, or what takes its place.
template <class T>
concept machine = requires(T& t) {
    { t.uptime() } -> std::same_as<milliseconds>;
    { t.unix_time() } -> std::same_as<milliseconds>;
    { t.random() } -> std::same_as<std::uint64_t>;
};

/// A timer's continuation as narrow as any.
struct some_continuation {
    some_continuation(some_continuation&&) = default;
    some_continuation& operator=(some_continuation&&) = default;
    void operator()(bool goes_on = true);
};

} // namespace detail

/// `send`, again and again as the policy says, until it succeeds or the policy stops. Blocks for as long as that takes;
/// the request is made once, and each attempt sends the same bytes.
///
/// `sleep(delay)` waits: `[](std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); }`. It may return
/// false to end it, when the program does, say. The transport is told how much time is left, if it can be called with
/// that (a `milliseconds`, or `std::chrono::milliseconds`) as a second argument; one that cannot may outlast the
/// deadline by its own timeout.
///
/// A DELETE that meets 404 after an attempt that may have taken effect has succeeded. A failure is that of the last
/// attempt; but if an earlier one may have taken effect and the last one certainly has not, that earlier one's, so that
/// `may_have_taken_effect` is true of it whenever it is true of any. Allocates for the request, and for failures.
template <operation Operation, class Transport, detail::sleeper Sleep, detail::machine Machine = this_machine>
    requires transport<std::remove_reference_t<Transport>>
result<typename Operation::resource> send_with_retry(Operation const& what, credentials const& who, Transport&& carrier,
                                                     retry_policy const& policy, Sleep&& sleep,
                                                     endpoint const& where = endpoint::twilio(), Machine machine = {})
{
    authorized_request const request = sidecall::authorize(what.request(where), who);
    return detail::send_until_done(what, request, carrier, policy, sleep, std::move(machine));
}

/// The same with the request in storage of yours; see `send`.
template <operation Operation, class Transport, detail::sleeper Sleep, detail::machine Machine = this_machine>
    requires transport<std::remove_reference_t<Transport>>
result<typename Operation::resource> send_with_retry(Operation const& what, credentials const& who, Transport&& carrier,
                                                     retry_policy const& policy, Sleep&& sleep, endpoint const& where,
                                                     storage memory, Machine machine = {})
{
    auto const request = sidecall::authorize(what, who, where, memory);
    if (!request) return request.error();
    return detail::send_until_done(what, *request, carrier, policy, sleep, std::move(machine));
}

/// The same through an asynchronous transport: calls `handler(result<resource>)` exactly once, if transport and timer
/// do what they must.
///
/// `timer(delay, next)` arranges for `next()` to be called once after `delay`, or `next(false)` to end it early. `next`
/// can be moved but not copied, and called on any thread, at once too: the stack does not grow with the number of
/// attempts. What comes next runs on the thread that calls `next` or the transport's handler; if it calls while timer
/// or transport are still being called, on the thread that these were called on. The transport must outlive the
/// operation; it is told how much time is left, if it can be called with that as a third argument. Allocates for the
/// operation, its request, and a request for each attempt but the last of `max_attempts`; if there is no memory for one
/// of these later, the handler is called with a `transport_failure`.
template <class Operation, class Transport, class Timer, class Handler, detail::machine Machine = this_machine>
    requires operation<std::remove_cvref_t<Operation>> && async_transport<Transport> &&
             std::invocable<Timer&, milliseconds, detail::some_continuation> &&
             std::invocable<Handler&, result<typename std::remove_cvref_t<Operation>::resource>>
void send_with_retry(Operation&& what, credentials const& who, Transport& carrier, retry_policy const& policy,
                     Timer timer, Handler handler, endpoint const& where = endpoint::twilio(), Machine machine = {})
{
    authorized_request request = sidecall::authorize(what.request(where), who);
    using retried = detail::retried_send<std::remove_cvref_t<Operation>, Transport, Timer, Handler, Machine>;
    retried::run(new retried(std::forward<Operation>(what), std::move(request), carrier, policy, std::move(timer),
                             std::move(handler), std::move(machine)));
}

} // namespace sidecall
