// The version stands in meson.build and in version.hpp; they agree.
#include <sidecall/version.hpp>

static_assert(sidecall::version == PROJECT_VERSION);

int main() {}
