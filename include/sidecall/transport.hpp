#pragma once

#include <concepts>
#include <type_traits>

#include <sidecall/credentials.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/storage.hpp>

namespace sidecall {

/// Something that Twilio can be asked: it makes its request, and reads the answer as its own `resource` (or `void`).
/// Any struct with these three is one; `send` and every adapter work with it.
template <class T>
concept operation = requires(T const& t, endpoint const& where, http_response_view const& response)
{
    typename T::resource;
    {
        t.request(where)
        } -> std::same_as<http_request>;
    {
        t.parse(response)
        } -> std::same_as<result<typename T::resource>>;
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

/// Asks a transport. An answer of the transport's own ends with `send`, so nothing may refer to it.
template <class Operation, class Transport>
auto answer_to(Transport& carrier, authorized_request const& request)
{
    using answer = answer_from<decltype(carrier(request))>;
    static_assert(
        !refers_to_answer<Operation> || std::is_same_v<answer, result<http_response_view>>,
        "this operation's resource refers to the answer: the transport must give a view of one that it keeps");
    return answer(carrier(request));
}

} // namespace detail

/// Whatever can carry a request to Twilio and bring the answer back: any callable, a lambda in a test, an adapter, your
/// own stack. It gives back every answer, whatever its status, and a failure only if none came. It must not follow
/// redirects, and send the request to the host of its URL alone, since the credential is in it. An answer that stays in
/// the transport's own memory can be a `result<http_response_view>`; it must be good until the next request.
template <class T>
concept transport = requires(T& t, authorized_request const& request)
{
    {
        t(request)
        } -> std::convertible_to<detail::answer_from<decltype(t(request))>>;
};

/// Asks Twilio and reads the answer: `parse(transport(authorize(request())))`, no more. Blocks for as long as the
/// transport does; throws only what that throws. Fails with what the transport or `parse` fails with.
template <operation Operation, class Transport>
    requires transport<std::remove_reference_t<Transport>> result<typename Operation::resource>
    send(Operation const& what, credentials const& who, Transport&& carrier, endpoint const& where = endpoint::twilio())
    {
        authorized_request const request = authorize(what.request(where), who);
        auto const response = detail::answer_to<Operation>(carrier, request);
        if (!response) return response.error();
        return what.parse(*response);
    }

/// The same with the request in storage of yours: allocates nothing, if transport and operation do not. Fails, too, if
/// the storage is too small; see `authorize`.
template <operation Operation, class Transport>
    requires transport<std::remove_reference_t<Transport>> result<typename Operation::resource>
    send(Operation const& what, credentials const& who, Transport&& carrier, endpoint const& where, storage memory)
    {
        auto const request = authorize(what, who, where, memory);
        if (!request) return request.error();
        auto const response = detail::answer_to<Operation>(carrier, *request);
        if (!response) return response.error();
        return what.parse(*response);
    }

} // namespace sidecall
