// A temporary secret would be wiped before its bytes are read.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

std::size_t size(char const* text)
{
#ifdef MISTAKE
    return sidecall::secret(text).reveal().size();
#else
    sidecall::secret const secret(text);
    return secret.reveal().size();
#endif
}
