// The header lines of a temporary authorized request would dangle.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

std::size_t size(sidecall::http_request const& request, sidecall::credentials const& credentials)
{
#ifdef MISTAKE
    return authorize(request, credentials).headers().text().size();
#else
    auto const authorized = authorize(request, credentials);
    return authorized.headers().text().size();
#endif
}
