#pragma once

#include <concepts>
#include <new>
#include <type_traits>
#include <utility>

#include <sidecall/authorized_request.hpp>
#include <sidecall/credentials.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/http_request.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/result.hpp>
#include <sidecall/storage.hpp>

namespace sidecall {

/// Something that Twilio can be asked: it makes its request, and reads the answer as its own `resource` (or `void`).
/// Any struct with these three is one; `send` and every adapter work with it.
template <class T>
concept operation = requires(T const& t, endpoint const& where, http_response_view const& response) {
    typename T::resource;
    { t.request(where) } -> std::same_as<http_request>;
    { t.parse(response) } -> std::same_as<result<typename T::resource>>;
};

namespace detail {

/// What a transport's answer is taken as: the one that it owns, but for a view that says so.
template <class T>
using answer_from = std::conditional_t<std::is_same_v<T, result<http_response_view>>, T, result<http_response>>;

/// Whether what an operation makes of an answer still needs the answer's bytes: it says so by a member of this name.
template <class Operation>
inline constexpr bool refers_to_answer = false;
template <class Operation>
    requires(Operation::refers_to_answer)
inline constexpr bool refers_to_answer<Operation> = true;

/// What became of an operation: its resource, as `what` parses it, or why there was no answer.
template <class Operation, class What, class Answer>
result<typename Operation::resource> outcome_of(What const& what, Answer& answer)
{
    if (!answer) return std::move(answer).error();
    return what.parse(*answer);
}

/// Asks a transport. An answer of the transport's own ends here, so nothing may refer to it.
template <class Operation, class Transport>
result<typename Operation::resource> ask(Operation const& what, Transport& carrier, authorized_request const& request)
{
    using answer = answer_from<decltype(carrier(request))>;
    static_assert(
        !refers_to_answer<Operation> || std::is_same_v<answer, result<http_response_view>>,
        "this operation's resource refers to the answer: the transport must give a view of one that it keeps");
    answer response(carrier(request));
    return detail::outcome_of<Operation>(what, response);
}

/// Parses an answer as an operation does. Of an operation nothing is kept that its `parse` does not need.
template <class Operation>
class answer_reader {
public:
    template <class T>
    explicit answer_reader(T&& what) : what_(std::forward<T>(what))
    {
    }

    result<typename Operation::resource> parse(http_response_view const& response) const
    {
        return what_.parse(response);
    }

private:
    Operation what_;
};
template <class Operation>
    requires requires(http_response_view const& response) { Operation::parse(response); }
class answer_reader<Operation> {
public:
    explicit answer_reader(Operation const&) noexcept {}

    static result<typename Operation::resource> parse(http_response_view const& response)
    {
        return Operation::parse(response);
    }
};

/// `function()`; or, if there is no memory for it, a failure that needs none.
template <class Result, class F>
Result or_out_of_memory(F&& function)
{
#ifdef __cpp_exceptions
    try {
        return std::forward<F>(function)();
    } catch (std::bad_alloc const&) {
        return failure(errc::transport_failure, "", "out of memory");
    }
#else
    return std::forward<F>(function)();
#endif
}

/// What `send` hands to an asynchronous transport: from the answer it makes what the caller's handler takes.
template <class Operation, class Handler>
class completion {
public:
    template <class T>
    completion(T&& what, Handler handler) : reader_(std::forward<T>(what)), handler_(std::move(handler))
    {
    }
    completion(completion&&) noexcept = default; // and no copy, so that no transport relies on one
    completion& operator=(completion&&) noexcept = default;

    void operator()(result<http_response> answer) { complete(answer); }
    void operator()(result<http_response_view> answer) { complete(answer); }

private:
    template <class Answer>
    void complete(Answer& answer)
    {
        handler_(detail::or_out_of_memory<result<typename Operation::resource>>(
            [&] { return detail::outcome_of<Operation>(reader_, answer); }));
    }

    answer_reader<Operation> reader_;
    Handler handler_;
};

/// A handler as narrow as any: it can be moved, and called with an answer.
struct some_handler {
    some_handler(some_handler&&) = default;
    some_handler& operator=(some_handler&&) = default;
    void operator()(result<http_response>);
    void operator()(result<http_response_view>);
};

} // namespace detail

/// Whatever can carry a request to Twilio and bring the answer back: any callable, a lambda in a test, an adapter, your
/// own stack. It gives back every answer, whatever its status, and a failure only if none came. It must not follow
/// redirects, and send the request to the host of its URL alone, since the credential is in it. An answer that stays in
/// the transport's own memory can be a `result<http_response_view>`; it must be good until the next request.
template <class T>
concept transport = requires(T& t, authorized_request const& request) {
    { t(request) } -> std::convertible_to<detail::answer_from<decltype(t(request))>>;
};

/// Asks Twilio and reads the answer: `parse(transport(authorize(request())))`, no more. Blocks for as long as the
/// transport does; throws only what that throws. Fails with what the transport or `parse` fails with.
template <operation Operation, class Transport>
    requires transport<std::remove_reference_t<Transport>>
auto(send)(Operation const& what, credentials const& who, Transport&& carrier,
           endpoint const& where = endpoint::twilio()) -> result<typename Operation::resource>
{
    authorized_request const request = sidecall::authorize(what.request(where), who);
    return detail::ask(what, carrier, request);
}

/// The same with the request in storage of yours: allocates nothing, if transport and operation do not. Fails, too, if
/// the storage is too small; see `authorize`.
template <operation Operation, class Transport>
    requires transport<std::remove_reference_t<Transport>>
auto(send)(Operation const& what, credentials const& who, Transport&& carrier, endpoint const& where, storage memory)
    -> result<typename Operation::resource>
{
    auto const request = sidecall::authorize(what, who, where, memory);
    if (!request) return request.error();
    return detail::ask(what, carrier, *request);
}

/// Whatever carries many requests at a time: it takes a request and a handler, both to keep, and calls the handler
/// **exactly once**, with what a `transport` would give back, on whatever thread it likes, before it returns or later,
/// and also if it gives the request up. The handler can be moved but not copied. What else is said of a `transport`
/// holds here, too; a view must be good until the handler returns. What the call returns, `send` returns.
template <class T>
concept async_transport = requires(T& t, authorized_request request, detail::some_handler handler) {
    t(std::move(request), std::move(handler));
};

/// Asks Twilio, and calls `handler(result<resource>)` exactly once, as soon and on the thread that the transport does;
/// of a view operation, what the result refers to is good until the handler returns. The handler may be move-only and
/// must not throw. Nothing is referred to after the return but the transport. Allocates for the request alone; for an
/// operation of yours whose `parse` is not static, what it costs to copy or move that, too.
template <class Operation, class Transport, class Handler>
    requires operation<std::remove_cvref_t<Operation>> && async_transport<std::remove_reference_t<Transport>> &&
             std::invocable<Handler&, result<typename std::remove_cvref_t<Operation>::resource>>
decltype(auto)(send)(Operation&& what, credentials const& who, Transport&& carrier, Handler handler,
                     endpoint const& where = endpoint::twilio())
{
    authorized_request request = sidecall::authorize(what.request(where), who);
    using completion = detail::completion<std::remove_cvref_t<Operation>, Handler>;
    return carrier(std::move(request), completion(std::forward<Operation>(what), std::move(handler)));
}

} // namespace sidecall
