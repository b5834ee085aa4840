// A secret that ends with the expression is wiped when its bytes are read.
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
