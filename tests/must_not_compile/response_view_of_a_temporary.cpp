// A non-owning view of a response needs a response that outlives it.
// expect: (deleted|no viable conversion)
#include <sidecall/sidecall.hpp>

sidecall::http_response receive();

int status()
{
#ifdef MISTAKE
    sidecall::http_response_view const view = receive();
#else
    auto const response = receive();
    sidecall::http_response_view const view = response;
#endif
    return view.status;
}
