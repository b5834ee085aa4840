// A transport that gives back a view alone may have lost what it refers to; one that has not says so by a result.
// expect: (constraint|transport)
#include <sidecall/subscription.hpp>
#include <sidecall/transport.hpp>
auto remove(sidecall::delete_user_defined_message_subscription_view const& operation, sidecall::credentials const& who)
{
#ifdef MISTAKE
    using answer = sidecall::http_response_view;
#else
    using answer = sidecall::result<sidecall::http_response_view>;
#endif
    return sidecall::send(
        operation, who, [](sidecall::authorized_request const&) { return answer(sidecall::http_response_view{204}); });
}
