#pragma once

#include <concepts>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/authorized_request.hpp>
#include <sidecall/credentials.hpp>
#include <sidecall/detail/sending/observing.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/error_response.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_request.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/request_writer.hpp>
#include <sidecall/result.hpp>
#include <sidecall/storage.hpp>

// Sends an operation once: the concepts `operation`, `transport` and `async_transport`, and `send`.
namespace sidecall {

namespace detail {

template <class T>
concept has_resource = requires { typename T::resource; };
template <class T>
concept has_request_method = requires {
    { &T::request_method } -> std::same_as<http_method const*>;
} && requires {
    typename std::integral_constant<http_method, T::request_method>;
} && !sidecall::to_string_view(T::request_method).empty();
template <class T>
concept has_write = requires(T const& candidate, request_writer<T::request_method, measuring_sink>& request) {
    (candidate.write)(request);
};
template <class T>
concept has_parse = requires(T const& candidate, http_response_view const& response) {
    { candidate.parse(response) } -> std::same_as<result<typename T::resource>>;
};

} // namespace detail

/// An operation describes one request to Twilio and how to read the response. Any struct with these members is an
/// operation, and `send`, `send_with_retry` and every adapter work with it:
///
/// - `resource`, the type that `parse` returns on success; it may be `void`;
/// - `static constexpr http_method request_method`;
/// - a member template `write(Request& request) const`, which passes the parts of the request to a `request_writer`;
/// - `parse(http_response_view const&)`, usually static, which returns `result<resource>`.
///
/// Optional members:
///
/// - `static constexpr std::string_view product`, the first label of the product's host name at Twilio (`"voice"` for
///   `voice.twilio.com`); `"api"` if absent;
/// - `bool is_idempotent() const`, see the function `is_idempotent`;
/// - `static constexpr std::string_view operation_name`, for an observer, see `observed_transport`;
/// - `static constexpr bool refers_to_answer = true`, if the resource is a struct with views into the response. `send`
///   then accepts only a transport that keeps the response. A resource that is itself a `std::string_view` or a type of
///   json.hpp does not need it.
///
/// @code
/// struct fetch_call_status {
///     sidecall::account_sid account;
///     sidecall::call_sid call;
///
///     using resource = std::string;
///     static constexpr auto request_method = sidecall::http_method::get;
///
///     template <class Request>
///     void write(Request& request) const
///     {
///         request.path("/2010-04-01/Accounts/").segment(account).path("/Calls/").segment(call).path(".json");
///     }
///     static sidecall::result<resource> parse(sidecall::http_response_view const& response);
/// };
/// static_assert(sidecall::operation<fetch_call_status>);
/// @endcode
template <class T>
concept operation =
    detail::has_resource<T> && detail::has_request_method<T> && detail::has_write<T> && detail::has_parse<T>;

namespace detail {

/// Whether an operation has a member named `is_idempotent`, of any kind.
template <class T>
concept names_is_idempotent = requires { &T::is_idempotent; } || requires(T& operation) { operation.is_idempotent(); };

} // namespace detail

/// Whether repeating an operation has no further effect: what its member `is_idempotent` returns, if it has one.
/// Otherwise it depends on the method: GET, HEAD, PUT and DELETE are idempotent, POST and PATCH are not (RFC 9110,
/// section 9.2.2).
///
/// @code
/// policy.decide(failure, {.is_idempotent = sidecall::is_idempotent(operation), .attempt = attempt});
/// @endcode
template <operation Operation>
constexpr bool is_idempotent(Operation const& operation)
{
    if constexpr (requires { operation.is_idempotent(); }) {
        return operation.is_idempotent();
    } else {
        static_assert(!detail::names_is_idempotent<Operation>,
                      "the member is_idempotent of an operation is a function: 'bool is_idempotent() const'");
        return Operation::request_method != http_method::post && Operation::request_method != http_method::patch;
    }
}

namespace detail {

/// Reports each member that a type needs to be an operation, in one line of the compiler's output. Has a `type` so that
/// no other errors follow.
template <class T>
struct missing_members {
    using type = result<int>;

    static_assert(has_resource<T>, "an operation needs a member type 'resource', which may be void");
    static_assert(has_request_method<T>, "an operation needs a member 'static constexpr http_method request_method'");
    static_assert(!has_request_method<T> || has_write<T>,
                  "an operation needs a member 'template <class Request> void write(Request&) const'");
    static_assert(!has_resource<T> || has_parse<T>,
                  "an operation needs a member 'result<resource> parse(http_response_view const&)' that is const or "
                  "static");
};

/// The type to which the return value of a transport is converted: `result<http_response>`, or
/// `result<http_response_view>` if the transport returns exactly that.
template <class T>
using transport_result = std::conditional_t<std::is_same_v<T, result<http_response_view>>, T, result<http_response>>;

/// Whether a type is a view of a text: one of the standard library or of this library.
template <class T>
inline constexpr bool is_view_of_text = std::is_convertible_v<T*, std::string_view*>;
template <class T>
    requires(T::refers_to_answer)
inline constexpr bool is_view_of_text<T> = true;
template <class T>
inline constexpr bool is_view_of_text<std::optional<T>> = is_view_of_text<T>;

/// Whether the resource of an operation is a view into the response. The operation may say so with a member of this
/// name.
template <class Operation>
inline constexpr bool refers_to_answer = is_view_of_text<typename Operation::resource>;
template <class Operation>
    requires requires { Operation::refers_to_answer; }
inline constexpr bool refers_to_answer<Operation> = Operation::refers_to_answer;

/// The outcome of an operation: the resource that `parser` reads from the response, or the failure of the transport.
template <class Operation, class Parser, class Response>
result<typename Operation::resource> outcome_of(Parser const& parser, Response& response)
{
    if (!response) return std::move(response).error();
    result<typename Operation::resource> outcome = parser.parse(*response);
    if (outcome || outcome.error().http_status()) return outcome;
    // `parse` has made this failure itself, without the status and the header fields of the response.
    failure reason = std::move(outcome).error();
    http_response_view const& answer = *response;
    reason.with_http_status(answer.status);
    if constexpr (std::is_same_v<Response, result<http_response>>) reason.with(details_in_headers(answer));
    return reason;
}

/// What a transport returns, converted. It must keep the response if the resource is a view into it.
template <class Operation, class T>
struct answer_for {
    using type = transport_result<T>;
    static_assert(!refers_to_answer<Operation> || std::is_same_v<type, result<http_response_view>>,
                  "the resource of this operation is a view into the response: the transport must return "
                  "result<http_response_view>");
};

/// Calls the transport once and reads the response. A response that the transport hands over is destroyed here, so the
/// resource must not refer to it.
template <class Operation, class Transport>
result<typename Operation::resource> send_once(Operation const& operation, Transport& transport,
                                               authorized_request const& request)
{
    typename answer_for<Operation, decltype(transport(request))>::type response(transport(request));
    return detail::outcome_of<Operation>(operation, response);
}

/// The same, for an observer: calls `finish(response, outcome)` before the response is destroyed.
template <class Operation, class Transport, class Finish>
result<typename Operation::resource> send_once(Operation const& operation, Transport& transport,
                                               authorized_request const& request, Finish finish)
{
    typename answer_for<Operation, decltype(transport(request))>::type response(transport(request));
    auto outcome = detail::outcome_of<Operation>(operation, response);
    finish(response, outcome);
    return outcome;
}

/// Parses a response as an operation does. Keeps the operation only if its `parse` is not static.
template <class Operation>
class response_parser {
public:
    template <class T>
    explicit response_parser(T&& operation) : operation_(std::forward<T>(operation))
    {
    }

    result<typename Operation::resource> parse(http_response_view const& response) const
    {
        return operation_.parse(response);
    }

private:
    Operation operation_;
};
template <class Operation>
    requires requires(http_response_view const& response) { Operation::parse(response); }
class response_parser<Operation> {
public:
    explicit response_parser(Operation const&) noexcept {}

    static result<typename Operation::resource> parse(http_response_view const& response)
    {
        return Operation::parse(response);
    }
};

/// Returns `function()`, or a failure if that throws. The failure for lack of memory does not allocate.
template <class Result, class F>
Result or_failure(F&& function)
{
#ifdef __cpp_exceptions
    try {
        return std::forward<F>(function)();
    } catch (std::bad_alloc const&) {
        return failure(errc::transport_failure, "", "out of memory");
    } catch (...) {
        return failure(errc::transport_failure, "", "the operation threw an exception");
    }
#else
    return std::forward<F>(function)();
#endif
}

/// The handler that `send` passes to an asynchronous transport: it parses the response and calls the caller's handler.
template <class Operation, class Handler, class Observation = unobserved>
class completion {
public:
    template <class T>
    completion(T&& operation, Handler handler) : parser_(std::forward<T>(operation)), handler_(std::move(handler))
    {
    }
    template <class T>
    completion(T&& operation, Handler handler, Observation observation)
        : parser_(std::forward<T>(operation)), handler_(std::move(handler)), observation_(observation)
    {
    }
    completion(completion&&) noexcept = default; // not copyable, so that no transport relies on copies
    completion& operator=(completion&&) noexcept = default;

    void operator()(result<http_response> answer) { complete(answer); }
    void operator()(result<http_response_view> answer) { complete(answer); }

private:
    template <class Response>
    void complete(Response& response)
    {
        if constexpr (Observation::observes) {
            auto outcome = detail::or_failure<result<typename Operation::resource>>(
                [&] { return detail::outcome_of<Operation>(parser_, response); });
            observation_.end_single(response, outcome);
            handler_(std::move(outcome));
        } else {
            handler_(detail::or_failure<result<typename Operation::resource>>(
                [&] { return detail::outcome_of<Operation>(parser_, response); }));
        }
    }

    response_parser<Operation> parser_;
    Handler handler_;
    [[no_unique_address]] Observation observation_{};
};

/// The least that a handler supports: it can be moved, and called with a response. Never called, but defined, since a
/// transport that is a generic lambda may put it into a type-erased function, which refers to it.
struct handler_archetype {
    handler_archetype(handler_archetype&&) = default;
    handler_archetype& operator=(handler_archetype&&) = default;
    void operator()(result<http_response>) {}      // unreached: see above
    void operator()(result<http_response_view>) {} // unreached: see above
};

} // namespace detail

/// Something that sends a request to Twilio and returns the response: any callable, such as a lambda in a test, an
/// adapter, or your own HTTP client. A transport must
///
/// - return every response, whatever its status, and a failure only if there is no response;
/// - not follow redirects, and send the request only to the host of its URL, since the request contains the credential;
/// - if it returns `result<http_response_view>`, a view of a response in its own memory, keep that response valid until
///   the next request.
///
/// @code
/// auto canned = [](sidecall::authorized_request const&) -> sidecall::result<sidecall::http_response> {
///     return sidecall::http_response{.status = 201, .body = R"({"sid":"ZY00000000000000000000000000000003"})"};
/// };
/// static_assert(sidecall::transport<decltype(canned)>);
/// @endcode
template <class T>
concept transport = requires(T& t, authorized_request const& request) {
    { t(request) } -> std::convertible_to<detail::transport_result<decltype(t(request))>>;
};

/// Sends an operation through a transport and reads the response: the same as
/// `operation.parse(transport(authorize(operation, credentials, endpoint)))`. Blocks as long as the transport does.
/// Fails if `authorize`, the transport or `parse` fails; throws only if the transport or the operation does. Allocates
/// for the request, apart from what the transport and `parse` allocate.
///
/// @code
/// auto subscription = sidecall::send(operation, credentials, transport);
/// if (!subscription) std::puts(subscription.error().to_string().c_str());
/// @endcode
template <operation Operation, class Transport>
    requires transport<std::remove_reference_t<Transport>>
auto(send)(Operation const& operation, credentials const& credentials, Transport&& transport,
           endpoint const& endpoint = endpoint::twilio()) -> result<typename Operation::resource>
{
    using observing = detail::observing<std::remove_reference_t<Transport>>;
    auto const request = sidecall::authorize(operation, credentials, endpoint);
    if constexpr (observing::is_observed) {
        return observing::send_observed(operation, request, transport);
    } else {
        if (!request) return request.error();
        return detail::send_once(operation, transport, *request);
    }
}

/// Like `send` above, with the request in the caller's buffer: does not allocate, unless the transport or the operation
/// does. Also fails if the buffer is too small, see `authorize`.
template <operation Operation, class Transport>
    requires transport<std::remove_reference_t<Transport>>
auto(send)(Operation const& operation, credentials const& credentials, Transport&& transport, endpoint const& endpoint,
           storage buffer) -> result<typename Operation::resource>
{
    using observing = detail::observing<std::remove_reference_t<Transport>>;
    auto const request = sidecall::authorize(operation, credentials, endpoint, buffer);
    if constexpr (observing::is_observed) {
        return observing::send_observed(operation, request, transport);
    } else {
        if (!request) return request.error();
        return detail::send_once(operation, transport, *request);
    }
}

/// Something that sends many requests at a time. It takes ownership of a request and a handler, and calls the handler
/// **exactly once** with what a `transport` would return, also if it gives up the request. It may call the handler on
/// any thread, before or after it returns. The handler is move-only. The other rules for a `transport` also apply; a
/// view must be valid until the handler returns. `send` returns what the call of the transport returns.
template <class T>
concept async_transport = requires(T& t, authorized_request request, detail::handler_archetype handler) {
    t(std::move(request), std::move(handler));
};

/// Sends an operation through an asynchronous transport. `handler(result<resource>)` is called exactly once, when and
/// on the thread on which the transport completes the request. If the resource is a view, it is valid until the handler
/// returns. If `authorize` fails, nothing is sent: the handler is called at once, and `send` returns a
/// default-constructed object of the type that the transport returns.
///
/// The handler may be move-only and must not throw. After `send` returns, only the transport must stay alive. Allocates
/// for the request. An operation whose `parse` is not static is also copied or moved, which may allocate.
///
/// @code
/// sidecall::send(operation, credentials, transport, [](sidecall::result<sidecall::user_defined_message> message) {
///     if (!message) std::puts(message.error().to_string().c_str());
/// });
/// @endcode
template <class Operation, class Transport, class Handler>
    requires operation<std::remove_cvref_t<Operation>> && async_transport<std::remove_reference_t<Transport>> &&
             std::invocable<Handler&, result<typename std::remove_cvref_t<Operation>::resource>>
decltype(auto)(send)(Operation&& operation, credentials const& credentials, Transport&& transport, Handler handler,
                     endpoint const& endpoint = endpoint::twilio())
{
    using sent = std::remove_cvref_t<Operation>;
    using observing = detail::observing<std::remove_reference_t<Transport>>;
    auto request = sidecall::authorize(operation, credentials, endpoint);
    using completion = detail::completion<sent, Handler, typename observing::observation>;
    using returned = decltype(observing::inner(transport)(*std::move(request), std::declval<completion>()));
    static_assert(std::is_void_v<returned> || std::is_default_constructible_v<returned>,
                  "what an asynchronous transport returns must be void or default-constructible");
    if (!request) {
        if constexpr (observing::is_observed) observing::template observe<sent>(transport).end(&request.error());
        handler(result<typename sent::resource>(std::move(request).error()));
        return returned();
    }
    if constexpr (observing::is_observed) {
        auto observation = observing::template observe<sent>(transport);
        observation.begin_attempt();
        return observing::inner(transport)(
            *std::move(request), completion(std::forward<Operation>(operation), std::move(handler), observation));
    } else {
        return transport(*std::move(request), completion(std::forward<Operation>(operation), std::move(handler)));
    }
}

/// For a type that is not an `operation`: does not compile, and names the missing members.
template <class NotAnOperation, class... Arguments>
    requires(std::is_class_v<NotAnOperation> && !operation<NotAnOperation>)
auto(send)(NotAnOperation const&, credentials const&, Arguments&&...)
{
    return typename detail::missing_members<NotAnOperation>::type(failure(errc::invalid_argument));
}

} // namespace sidecall
