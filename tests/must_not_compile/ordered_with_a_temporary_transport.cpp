// The transport must outlive the sender.
// expect: (cannot bind|no matching constructor|expects an lvalue)
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

void make(sidecall::credentials& credentials, transport& callable)
{
#ifdef MISTAKE
    sidecall::ordered_sender<transport, timer> sender(credentials, transport(), timer());
#else
    sidecall::ordered_sender<transport, timer> sender(credentials, callable, timer());
#endif
    static_cast<void>(sender.keys());
}
