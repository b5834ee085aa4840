// A callable that does not return a result is not a transport, and the message names the concept.
// expect: (constraint|transport)
#include <sidecall/subscription.hpp>
#include <sidecall/transport.hpp>
auto remove(sidecall::delete_user_defined_message_subscription const& operation, sidecall::credentials const& who)
{
    return sidecall::send(operation, who, [](sidecall::authorized_request const&) {
#ifdef MISTAKE
        return 204;
#else
        return sidecall::result<sidecall::http_response>(sidecall::http_response{.status = 204});
#endif
    });
}
