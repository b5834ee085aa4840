// A loop over the header fields of a temporary would read freed memory.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

std::size_t size(sidecall::create_user_defined_message const& operation)
{
    std::size_t size = 0;
#ifdef MISTAKE
    for (auto field : operation.request().headers()) size += field.value.size();
#else
    auto const request = operation.request();
    for (auto field : request.headers()) size += field.value.size();
#endif
    return size;
}
