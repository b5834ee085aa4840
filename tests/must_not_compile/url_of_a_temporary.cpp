// The URL of a temporary request would dangle.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

auto url(sidecall::create_user_defined_message const& operation)
{
#ifdef MISTAKE
    return operation.request().url();
#else
    auto const request = operation.request();
    return request.url().size();
#endif
}
