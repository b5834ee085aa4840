// The request of a temporary reader would dangle.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/http1.hpp>

auto url(sidecall::callback_url const& callback)
{
#ifdef MISTAKE
    return sidecall::http1_request_reader(callback).request().url;
#else
    sidecall::http1_request_reader const reader(callback);
    return reader.request().url.size();
#endif
}
