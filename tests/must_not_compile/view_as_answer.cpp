// A transport that returns a plain view may return a dangling one. It must return a result with the view instead.
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
