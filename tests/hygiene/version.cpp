// The version in meson.build and in version.hpp must be the same.
#include <sidecall/version.hpp>

static_assert(sidecall::version == PROJECT_VERSION);

int main() {}
