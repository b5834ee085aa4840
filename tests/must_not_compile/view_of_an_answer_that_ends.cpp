// The resource of a view operation lies in the answer, so an answer that ends with `send` is no use.
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
