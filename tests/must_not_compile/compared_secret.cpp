// Secrets cannot be compared, since an ordinary comparison does not take constant time.
// expect: (no match for .operator==|invalid operands)
#include <sidecall/credentials.hpp>
bool same(sidecall::secret const& a, sidecall::secret const& b)
{
#ifdef MISTAKE
    return a == b;
#else
    return &a == &b;
#endif
}
