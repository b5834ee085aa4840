// A request with a credential cannot be copied.
// expect: (use of deleted function|call to deleted constructor)
#include <sidecall/http.hpp>
sidecall::authorized_request twice(sidecall::authorized_request& request)
{
#ifdef MISTAKE
    return request;
#else
    return std::move(request);
#endif
}
