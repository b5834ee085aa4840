#include "harness.hpp"
#include "peers.hpp"

void bench::add_own_operations()
{
    add_own_operation([](auto&&... arguments) { add(arguments...); });
}
