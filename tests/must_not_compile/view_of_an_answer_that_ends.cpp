// The resource of a view operation refers to the response, so a response that is destroyed when `send` returns is
// rejected.
// expect: the transport must return result<http_response_view>
#include <sidecall/subscription.hpp>
#include <sidecall/transport.hpp>
auto subscribe(sidecall::create_user_defined_message_subscription_view const& operation,
               sidecall::credentials const& who)
{
#ifdef MISTAKE
    using answer = sidecall::http_response;
#else
    using answer = sidecall::http_response_view;
#endif
    return sidecall::send(operation, who,
                          [](sidecall::authorized_request const&) { return sidecall::result<answer>(answer{201}); });
}
