// A secret cannot be printed.
// expect: (no match for .operator<<|invalid operands)
#include <ostream>
#include <sidecall/credentials.hpp>
void print(std::ostream& out, sidecall::secret const& token)
{
#ifdef MISTAKE
    out << token;
#else
    out << token.empty();
#endif
}
