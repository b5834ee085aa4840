#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/authorized_request.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/sending/observing.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/errc.hpp>
#include <sidecall/failure.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_request.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/result.hpp>
#include <sidecall/retry.hpp>
#include <sidecall/retry_policy.hpp>
#include <sidecall/transport.hpp>

// Observes what is sent, for logs, metrics and traces: `observed_transport`.
namespace sidecall {

/// What `attempt_report` and `send_report` have in common. Contains nothing secret and no text of the caller: no
/// credential, URL, header field, parameter or body, and no message of Twilio, which could quote one.
///
/// `operation` and `product` are constants of your program. `request_id` has only letters, digits, `-` and `_`. So a
/// line of a log, a JSON string or a label may contain these texts as they are.
struct observed_outcome {
    /// The member `operation_name` of the operation; empty if it has none.
    std::string_view operation{};
    /// The product that the operation is for, such as `"api"`. Empty if the transport was called without an operation.
    std::string_view product{};
    http_method method{};             ///< The method of the request.
    std::optional<errc> error{};      ///< The kind of failure; empty on success.
    std::optional<int> http_status{}; ///< The status of the response; empty if there was none.
    std::optional<int> twilio_code{}; ///< Twilio's error code, for example 20404.
    std::optional<int> native_code{}; ///< The error number of the transport's library.
    /// `Twilio-Request-Id`, also of a success. Empty if the response has none, if it has other characters, or more than
    /// 64. Valid during the call of the observer.
    std::string_view request_id{};
    /// How long it took.
    milliseconds duration{};

    /// `"success"`, or the name of the `errc`: stable, for logs and metrics.
    constexpr std::string_view outcome() const noexcept
    {
        return error ? sidecall::to_string_view(*error) : std::string_view("success");
    }
};

/// One attempt to send an operation.
struct attempt_report : observed_outcome {
    /// The number of the attempt; the first is 1. 0 if the transport was called without an operation: then `error` is
    /// set only if there was no response, and no other attempt is known.
    unsigned number = 0;
    /// How long `send_with_retry` decided to wait before this attempt; 0 before the first.
    milliseconds delay_before{};
    /// How long it will wait before the next attempt; empty if there is none.
    std::optional<milliseconds> delay_after{};
    /// Why `send_with_retry` makes no further attempt; empty if it makes one, and after a success. A deletion whose
    /// 404 counts as success has neither a delay nor a reason.
    std::optional<retry_stop> stop{};
};

/// The end of `send` or `send_with_retry`. Its outcome is what the caller gets; `duration` is the time from the call,
/// and includes the waits.
struct send_report : observed_outcome {
    unsigned attempts = 0; ///< The number of attempts; 0 if the request was invalid, so that nothing was sent.
    /// Whether Twilio may have carried out the operation: true on success, otherwise what
    /// `sidecall::may_have_taken_effect` says of the failure.
    bool may_have_taken_effect = false;
};

/// What an `observed_transport` reports to: any callable that takes an `attempt_report const&`. If it can also be
/// called with a `send_report const&`, it is. A generic lambda must accept both.
template <class T>
concept attempt_observer = std::invocable<T&, attempt_report const&>;

template <class Transport, class Observer, class Clock>
class observed_transport;

namespace detail {

template <class T>
concept has_operation_name =
    requires { typename std::integral_constant<std::size_t, std::string_view(T::operation_name).size()>; };

/// The name of an operation; empty if it has none.
template <class Operation>
constexpr std::string_view operation_name() noexcept
{
    if constexpr (has_operation_name<Operation>)
        return Operation::operation_name;
    else
        static_assert(
            !requires { &Operation::operation_name; },
            "the name of an operation is a 'static constexpr std::string_view operation_name'");
    return {};
}

/// Whether a text can be part of a log line, a JSON string or a label as it is.
constexpr bool is_plain_id(std::string_view text) noexcept
{
    if (text.size() > 64) return false;
    for (char const c : text)
        if (!is_alnum(c) && c != '-' && c != '_') return false;
    return true;
}

/// Whether a blocking transport takes the remaining time. Clang 14 would evaluate both operands of `&&`, which is an
/// error for an asynchronous transport that takes any type as its handler.
template <class T>
inline constexpr bool takes_time_left = false;
template <transport T>
inline constexpr bool takes_time_left<T> = std::invocable<T&, authorized_request const&, milliseconds>;

/// Reports the attempts of one operation to the observer of a transport.
template <class Observed>
class observation {
public:
    static constexpr bool observes = true;

    observation() = default;
    observation(Observed& observed, std::string_view operation, std::string_view product, http_method method)
        : observed_(&observed), begin_(observed.clock_.uptime())
    {
        attempt_.operation = operation;
        attempt_.product = product;
        attempt_.method = method;
    }

    /// Begins an attempt of an operation.
    void begin_attempt()
    {
        ++attempt_.number;
        begin_call();
    }

    /// Begins a call of the transport.
    void begin_call() { attempt_begin_ = observed_->clock_.uptime(); }

    /// Ends it. Call this before the response or the failure is moved; it refers to the response.
    template <class Response, class T>
    void end_attempt(Response const& response, result<T> const& outcome)
    {
        attempt_.duration = since(attempt_begin_);
        set_outcome(attempt_, outcome ? nullptr : &outcome.error());
        attempt_.request_id = {};
        if (!response) return;
        http_response_view const& answer = *response;
        attempt_.http_status = answer.status;
        auto const id = answer.headers.find("Twilio-Request-Id");
        if (id && detail::is_plain_id(*id)) attempt_.request_id = *id;
    }

    /// What follows the attempt.
    void decide(retry_decision const& decision) noexcept
    {
        attempt_.stop = decision.stop;
        attempt_.delay_after = decision ? std::optional(decision.delay) : std::nullopt;
    }

    /// Reports the attempt.
    void report_attempt()
    {
        observed_->report(attempt_);
        attempt_.delay_before = attempt_.delay_after.value_or(milliseconds());
        attempt_.delay_after.reset();
        attempt_.stop.reset();
    }

    /// Reports the end of the operation: its failure, or a null pointer. The response of the last attempt must still
    /// exist on success.
    void end(failure const* reason)
    {
        if constexpr (std::invocable<decltype((observed_->observer_)), send_report const&>) {
            send_report report;
            report.operation = attempt_.operation;
            report.product = attempt_.product;
            report.method = attempt_.method;
            report.duration = since(begin_);
            report.attempts = attempt_.number;
            set_outcome(report, reason);
            if (reason == nullptr) {
                report.http_status = attempt_.http_status;
                report.request_id = attempt_.request_id;
            } else if (detail::is_plain_id(reason->request_id())) {
                report.request_id = reason->request_id();
            }
            report.may_have_taken_effect = reason == nullptr || sidecall::may_have_taken_effect(*reason);
            observed_->report(report);
        }
    }

    /// The whole end of an operation that is sent once.
    template <class Response, class T>
    void end_single(Response const& response, result<T> const& outcome)
    {
        end_attempt(response, outcome);
        report_attempt();
        end(outcome ? nullptr : &outcome.error());
    }

private:
    static void set_outcome(observed_outcome& report, failure const* reason)
    {
        report.error.reset();
        report.http_status.reset();
        report.twilio_code.reset();
        report.native_code.reset();
        if (reason == nullptr) return;
        report.error = reason->code();
        report.http_status = reason->http_status();
        report.twilio_code = reason->twilio_code();
        report.native_code = reason->native_code();
    }

    /// Never negative, whatever the clock returns.
    milliseconds since(milliseconds begin) const
    {
        milliseconds const now = observed_->clock_.uptime();
        auto const passed = static_cast<std::uint64_t>(now.count) - static_cast<std::uint64_t>(begin.count);
        return now.count < begin.count ? milliseconds() : milliseconds(passed);
    }

    Observed* observed_ = nullptr;
    milliseconds begin_{};
    milliseconds attempt_begin_{};
    attempt_report attempt_{};
};

template <class Transport, class Observer, class Clock>
struct observing<observed_transport<Transport, Observer, Clock>> {
    static constexpr bool is_observed = true;
    using observed = observed_transport<Transport, Observer, Clock>;
    using observation = detail::observation<observed>;

    static constexpr std::remove_reference_t<Transport>& inner(observed& transport) noexcept
    {
        return transport.transport_;
    }

    template <class Operation>
    static observation observe(observed& transport)
    {
        constexpr std::string_view other = detail::other_product<Operation>();
        return observation(transport, detail::operation_name<Operation>(), other.empty() ? twilio_product : other,
                           Operation::request_method);
    }

    /// The blocking `send`.
    template <class Operation>
    static result<typename Operation::resource>
    send_observed(Operation const& operation, result<authorized_request> const& request, observed& transport)
    {
        auto observation = observe<Operation>(transport);
        if (!request) {
            observation.end(&request.error());
            return request.error();
        }
        observation.begin_attempt();
        return detail::send_once(operation, inner(transport), *request,
                                 [&](auto& response, auto& outcome) { observation.end_single(response, outcome); });
    }

    /// The blocking `send_with_retry`.
    template <class Operation, class Sleep, class Machine>
    static result<typename Operation::resource>
    retry_observed(Operation const& operation, result<authorized_request> const& request, observed& transport,
                   retry_policy const& policy, Sleep& sleep, Machine machine)
    {
        auto observation = observe<Operation>(transport);
        if (!request) {
            observation.end(&request.error());
            return request.error();
        }
        return detail::send_until_done(operation, *request, inner(transport), policy, sleep, std::move(machine),
                                       observation);
    }
};

} // namespace detail

/// Reports what is sent through a transport to an observer: to a log, to metrics, to a tracer. It is a `transport` or
/// an `async_transport`, or both, if the wrapped one is, and takes the remaining time if that does. Works with every
/// transport. A transport that is not wrapped costs nothing.
///
/// `send` and `send_with_retry` recognize it. They report each attempt as an `attempt_report`, as soon as it is decided
/// whether there is a next one, and their end as a `send_report`, before the caller gets the outcome. A call without an
/// operation, by your own code or by another wrapper, is reported as an attempt with the number 0. So this must be the
/// outermost wrapper.
///
/// It refers to a transport, an observer and a clock that are lvalues, which must outlive it, and owns those that are
/// temporaries. The observer is called on the thread that completes the request: if the transport completes requests on
/// several threads, from several at once. Exceptions of the observer are dropped: it cannot stop what is sent, nor cost
/// the caller the outcome. An attempt whose transport throws, or never calls its handler, is not reported. Does not
/// allocate.
///
/// `clock.uptime()` measures the durations. Without a clock, it is that of `this_machine`. Until a request has ended,
/// this object must not be moved or destroyed.
///
/// @code
/// sidecall::observed_transport transport(curl, [](sidecall::attempt_report const& attempt) {
///     std::clog << attempt.operation << ' ' << attempt.number << ' ' << attempt.outcome() << '\n';
/// });
/// auto message = sidecall::send_with_retry(operation, credentials, transport, {}, sleep);
/// @endcode
template <class Transport, class Observer, class Clock = this_machine>
class observed_transport {
    static_assert(attempt_observer<std::remove_reference_t<Observer>>,
                  "an observer is a callable that takes a 'sidecall::attempt_report const&'");

    using wrapped = std::remove_reference_t<Transport>;

public:
    /// Reports what is sent through this transport to this observer.
    explicit observed_transport(Transport&& transport, Observer&& observer)
        : transport_(std::forward<Transport>(transport)), observer_(std::forward<Observer>(observer))
    {
    }
    /// The same with a clock: an object with `milliseconds uptime()`, such as `fake_twilio::machine` in a test.
    explicit observed_transport(Transport&& transport, Observer&& observer, Clock&& clock)
        : transport_(std::forward<Transport>(transport)), observer_(std::forward<Observer>(observer)),
          clock_(std::forward<Clock>(clock))
    {
    }

    /// Forwards a request: the blocking transport.
    auto operator()(authorized_request const& request)
        requires transport<wrapped>
    {
        return call(request);
    }
    /// The same for a wrapped transport that takes the remaining time.
    auto operator()(authorized_request const& request, milliseconds time_left)
        requires detail::takes_time_left<wrapped>
    {
        return call(request, time_left);
    }

    /// Forwards a request: the asynchronous transport.
    template <class Handler>
        requires async_transport<wrapped>
    decltype(auto) operator()(authorized_request request, Handler handler)
    {
        http_method const method = request.method();
        return transport_(std::move(request), completion(method, std::move(handler)));
    }
    /// The same for a wrapped transport that takes the remaining time.
    template <class Handler>
        requires std::invocable<wrapped&, authorized_request, detail::handler_archetype, milliseconds>
    decltype(auto) operator()(authorized_request request, Handler handler, milliseconds time_left)
    {
        http_method const method = request.method();
        return transport_(std::move(request), completion(method, std::move(handler)), time_left);
    }

private:
    friend detail::observing<observed_transport>;
    using observation = detail::observation<observed_transport>;
    friend observation;

    template <class Report>
    void report(Report const& report) noexcept
    {
#ifdef __cpp_exceptions
        try {
            observer_(report);
        } catch (...) { // as documented
        }
#else
        observer_(report);
#endif
    }

    template <class... TimeLeft>
    auto call(authorized_request const& request, TimeLeft... time_left)
    {
        observation begun(*this, {}, {}, request.method());
        begun.begin_call();
        detail::transport_result<decltype(transport_(request, time_left...))> response(
            transport_(request, time_left...));
        begun.end_attempt(response, response);
        begun.report_attempt();
        return response;
    }

    template <class Handler>
    auto completion(http_method method, Handler handler)
    {
        observation begun(*this, {}, {}, method);
        begun.begin_call();
        return [begun, handler = std::move(handler)](auto response) mutable {
            begun.end_attempt(response, response);
            begun.report_attempt();
            handler(std::move(response));
        };
    }

    Transport transport_;
    Observer observer_;
    [[no_unique_address]] Clock clock_{};
};

/// Refers to lvalues, owns temporaries.
template <class Transport, class Observer>
observed_transport(Transport&&, Observer&&) -> observed_transport<Transport, Observer>;
/// Refers to lvalues, owns temporaries.
template <class Transport, class Observer, class Clock>
observed_transport(Transport&&, Observer&&, Clock&&) -> observed_transport<Transport, Observer, Clock>;

} // namespace sidecall
