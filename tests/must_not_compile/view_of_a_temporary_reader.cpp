// The view of a temporary reader would dangle.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/http1.hpp>

auto body()
{
#ifdef MISTAKE
    return sidecall::http1_response_reader(sidecall::http_method::post).view().body;
#else
    sidecall::http1_response_reader const reader(sidecall::http_method::post);
    return reader.view().body.size();
#endif
}
