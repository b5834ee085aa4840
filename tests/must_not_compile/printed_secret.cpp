// A secret cannot be printed.
// expect: (no match for .operator<<|invalid operands)
#include <sidecall/credentials.hpp>
#include <ostream>
void print(std::ostream& out, sidecall::secret const& token)
{
#ifdef MISTAKE
    out << token;
#else
    out << token.empty();
#endif
}
