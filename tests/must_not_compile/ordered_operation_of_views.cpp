// An ordered sender stores the operation, so its texts must not be views.
// expect: use the form that owns its texts
#include <sidecall/message.hpp>
#include <sidecall/ordered.hpp>

struct transport {
    void operator()(sidecall::authorized_request, auto handler)
    {
        handler(sidecall::result<sidecall::http_response>(sidecall::http_response{.status = 201}));
    }
};
struct timer {
    void operator()(sidecall::milliseconds, auto next) { next(); }
};

#ifdef MISTAKE
using operation = sidecall::create_user_defined_message_view;
#else
using operation = sidecall::create_user_defined_message;
#endif

void put(sidecall::ordered_sender<transport, timer>& sender, operation const& message)
{
    sender.send(message.call_sid, message, [](auto) {});
}
