// The resource of a view operation refers to the response, which must outlive it.
// expect: (deleted|no viable conversion|no matching function)
#include <sidecall/sidecall.hpp>

sidecall::http_response receive();

bool has_uri(sidecall::create_user_defined_message_subscription_view const& operation)
{
#ifdef MISTAKE
    auto const subscription = operation.parse(receive());
#else
    auto const response = receive();
    auto const subscription = operation.parse(response);
#endif
    return subscription && subscription->uri;
}
