// The program behind tests/chaos and tests/soak. They are compiled together, because what they include takes long.

#include "chaos.hpp"
#include "soak.hpp"

#include <cstdio>
#include <string_view>

int main(int argc, char** argv)
{
    std::string_view const name = argc > 1 ? argv[1] : "";
    if (name == "chaos") return chaos_test::main(argc - 1, argv + 1);
    if (name == "soak") return soak_test::main(argc - 1, argv + 1);
    if (name == "soak-application") return soak_test::application_main(argc - 1, argv + 1);
    std::fprintf(stderr, "usage: load chaos|soak ARGUMENT...\n");
    return 2;
}
