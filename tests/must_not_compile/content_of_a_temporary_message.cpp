// A temporary message owns its text, so a view of it would dangle.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

std::size_t size(sidecall::webhook_verifier const& verifier, sidecall::webhook_request const& request)
{
#ifdef MISTAKE
    return verifier.receive(request)->content().size();
#else
    auto const message = verifier.receive(request);
    return message->content().size();
#endif
}
