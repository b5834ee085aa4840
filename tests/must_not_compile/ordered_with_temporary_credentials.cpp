// The credentials must outlive the sender.
// expect: (deleted|temporary)
#include <sidecall/ordered.hpp>

#include <utility>

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
    sidecall::ordered_sender<transport, timer> sender(std::move(credentials), callable, timer());
#else
    sidecall::ordered_sender<transport, timer> sender(credentials, callable, timer());
#endif
    static_cast<void>(sender.keys());
}
