#include "harness.hpp"

void bench::add_digest_works(char const* suffix)
{
    add_digests([](auto&&... arguments) { add(arguments...); }, suffix);
}
