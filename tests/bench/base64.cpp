#include "harness.hpp"

void bench::add_base64s()
{
    add_base64([](auto&&... arguments) { add(arguments...); });
}
